/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intel 82576, I210 and I211: queue 0 with advanced descriptors (82576 data sheet, 7.1.5 and 7.2.2.3). */
#include "dev/intel_nic.h"
#include "dev/intel_regs.h"

#define IGB_TX_DATA 0x00300000u /* the kind of descriptor */
#define IGB_TX_END 0x01000000u
#define IGB_TX_FCS 0x02000000u
#define IGB_TX_REPORT 0x08000000u
#define IGB_TX_ADVANCED 0x20000000u
#define IGB_TX_PACKET 46 /* its whole length, in the upper dword from bit 14 on */
#define IGB_RX_DONE 0x00000001u
#define IGB_RX_END 0x00000002u
#define IGB_RX_BAD 0x97000000u /* as Linux's E1000_RXDEXT_ERR_FRAME_ERR_MASK */
#define IGB_RX_LENGTH 32

#define IGB_SRRCTL 0x02000002u /* one buffer, advanced, of 2 KiB */
#define IGB_RXDCTL 0x00010000u /* each descriptor is written back at once */
#define IGB_GCR_RESEND 0x00010000u

static uint64_t igb_tx_word(unsigned int len, unsigned int packet, bool last)
{
	uint32_t command = IGB_TX_DATA | IGB_TX_ADVANCED | IGB_TX_FCS | (last ? IGB_TX_END | IGB_TX_REPORT : 0);

	return len | command | (uint64_t)packet << IGB_TX_PACKET;
}

static struct nic_rx igb_rx_read(uint64_t word)
{
	return (struct nic_rx){
		.done = word & IGB_RX_DONE,
		.end = word & IGB_RX_END,
		.bad = word & IGB_RX_BAD,
		.len = word >> IGB_RX_LENGTH & 0xffff,
	};
}

/*
 * A read that got no answer is not asked again and again (82576 data sheet, 8.6.1). The link is that of the PHY inside (8.2.3, LINK_MODE).
 */
static void igb_configure(const struct dev *dev)
{
	const struct mmio *m = &dev->mmio;

	mmio_write32(m, NIC_GCR, mmio_read32(m, NIC_GCR) & ~IGB_GCR_RESEND);
	mmio_write32(m, NIC_CTRL_EXT, mmio_read32(m, NIC_CTRL_EXT) & ~NIC_CTRL_EXT_LINK_MODE);
	mmio_write32(m, NIC_SRRCTL, IGB_SRRCTL);
}

static const struct nic_chip igb_82576 = {
	.tx_word = igb_tx_word,
	.rx_read = igb_rx_read,
	.configure = igb_configure,
	.queue_enable = true,
	.lock = NIC_LOCK_SYNC,
	.rxdctl = IGB_RXDCTL,
};

static const struct nic_chip igb_i210 = {
	.tx_word = igb_tx_word,
	.rx_read = igb_rx_read,
	.configure = igb_configure,
	.queue_enable = true,
	.m88 = true,
	.lock = NIC_LOCK_SYNC,
	.rxdctl = IGB_RXDCTL,
};

/* Copper only: others loop back by registers of their own. */
static const struct nic_id igb_ids[] = {
	{0x10c9, &igb_82576}, /* 82576 */
	{0x10e8, &igb_82576}, /* 82576, four ports */
	{0x1526, &igb_82576}, /* 82576 ET2, four ports */
	{0x150a, &igb_82576}, /* 82576NS */
	{0x1533, &igb_i210},  /* I210 */
	{0x157b, &igb_i210},  /* I210 without flash */
	{0x1539, &igb_i210},  /* I211 */
	{0},
};

static bool igb_match(const struct iommu_device_id *id)
{
	return nic_find(igb_ids, id);
}

static int igb_probe(struct dev *dev, struct fail *f)
{
	return nic_probe(dev, igb_ids, f);
}

/*
 * The lowest bit of a receive buffer's address is not one of the address unless a register says so (82576 data sheet, 7.1.5.1): even ones
 * are the same either way.
 */
const struct dev_ops dev_igb_ops = {
	.name = "igb",
	.help = "Intel 82576, I210 and I211 network controllers, packets looped back [loopback=both|mac|phy]",
	.limits =
		{
			.min_len = 1,
			.max_len = NIC_MAX_LEN,
			.align = 1,
			.addr_align = 2,
			.max_iova = UINT64_MAX,
			.depth = NIC_DEPTH,
			.queues = 1,
			.dirs = DEV_COPY,
		},
	.match = igb_match,
	.probe = igb_probe,
	.quiet = nic_quiet,
	.init = nic_init,
	.stop = nic_stop,
	.remove = nic_remove,
	.submit = nic_submit,
	.wait = nic_wait,
};
