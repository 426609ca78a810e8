/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82574L and its relatives: legacy descriptors (82574 data sheet, 7.1.4 and 7.2.4), and what the errata ask for as Linux has it in
 * e1000_initialize_hw_bits_82571().
 */
#include "dev/intel_nic.h"
#include "dev/intel_regs.h"

#define E1000E_TX_END 0x01u /* commands */
#define E1000E_TX_FCS 0x02u
#define E1000E_TX_REPORT 0x08u
#define E1000E_TX_COMMAND 24
#define E1000E_RX_STATUS 32
#define E1000E_RX_DONE 0x01u
#define E1000E_RX_END 0x02u
#define E1000E_RX_ERRORS 40
#define E1000E_RX_BAD 0x97u /* CRC, symbol, sequence, carrier extension, data; not those of checksums, which are off */

#define E1000E_CTRL_BIT29 0x20000000u /* to be cleared on the 82574 */
#define E1000E_CTRL_EXT_BIT22 0x00400000u
#define E1000E_CTRL_EXT_BIT23 0x00800000u
#define E1000E_GCR_BIT22 0x00400000u
#define E1000E_GCR2_BIT0 0x00000001u
#define E1000E_TXDCTL 0x01410000u /* thresholds in descriptors; each is written back at once; bit 22 has to be set */
#define E1000E_RXDCTL 0x01010000u
#define E1000E_RFCTL_NO_NFS 0x000000c0u

static uint64_t e1000e_tx_word(unsigned int len, unsigned int packet, bool last)
{
	uint64_t command = E1000E_TX_FCS | (last ? E1000E_TX_END | E1000E_TX_REPORT : 0);

	return len | command << E1000E_TX_COMMAND;
}

static struct nic_rx e1000e_rx_read(uint64_t word)
{
	return (struct nic_rx){
		.done = word >> E1000E_RX_STATUS & E1000E_RX_DONE,
		.end = word >> E1000E_RX_STATUS & E1000E_RX_END,
		.bad = word >> E1000E_RX_ERRORS & E1000E_RX_BAD,
		.len = word & 0xffff,
	};
}

static void e1000e_change(const struct dev *dev, uint64_t reg, uint32_t clear, uint32_t set)
{
	mmio_write32(&dev->mmio, reg, (mmio_read32(&dev->mmio, reg) & ~clear) | set);
}

/* No extended descriptors: RFCTL without EXTEN. */
static void e1000e_configure_82571(const struct dev *dev)
{
	mmio_write32(&dev->mmio, NIC_RFCTL, E1000E_RFCTL_NO_NFS);
}

static void e1000e_configure_82574(const struct dev *dev)
{
	e1000e_configure_82571(dev);
	e1000e_change(dev, NIC_CTRL, E1000E_CTRL_BIT29, 0);
	e1000e_change(dev, NIC_CTRL_EXT, E1000E_CTRL_EXT_BIT23, E1000E_CTRL_EXT_BIT22);
	e1000e_change(dev, NIC_GCR, 0, E1000E_GCR_BIT22);
	e1000e_change(dev, NIC_GCR2, 0, E1000E_GCR2_BIT0);
}

static const struct nic_chip e1000e_82574 = {
	.tx_word = e1000e_tx_word,
	.rx_read = e1000e_rx_read,
	.configure = e1000e_configure_82574,
	.bm = true,
	.lock = NIC_LOCK_MDIO,
	.txdctl = E1000E_TXDCTL,
	.rxdctl = E1000E_RXDCTL,
	.settle_ms = 25,
};

static const struct nic_chip e1000e_82571 = {
	.tx_word = e1000e_tx_word,
	.rx_read = e1000e_rx_read,
	.configure = e1000e_configure_82571,
	.lock = NIC_LOCK_SWSM,
	.txdctl = E1000E_TXDCTL,
	.rxdctl = E1000E_RXDCTL,
	.settle_ms = 10,
};

/* Copper only: others loop back by registers of their own. The 82573 and 82583 take no long packets. */
static const struct nic_id e1000e_ids[] = {
	{0x10d3, &e1000e_82574}, /* 82574L */
	{0x10f6, &e1000e_82574}, /* 82574LA */
	{0x105e, &e1000e_82571}, /* 82571EB */
	{0x10a4, &e1000e_82571}, /* 82571EB, four ports */
	{0x10bc, &e1000e_82571}, /* the same at low profile */
	{0x10d5, &e1000e_82571}, /* 82571PT, four ports */
	{0x107d, &e1000e_82571}, /* 82572EI */
	{0x10b9, &e1000e_82571}, /* 82572EI */
	{0},
};

static bool e1000e_match(const struct iommu_device_id *id)
{
	return nic_find(e1000e_ids, id);
}

static int e1000e_probe(struct dev *dev, struct fail *f)
{
	return nic_probe(dev, e1000e_ids, f);
}

const struct dev_ops dev_e1000e_ops = {
	.name = "e1000e",
	.help = "Intel 82574L, 82571 and 82572 network controllers, packets looped back [loopback=both|mac|phy]",
	.limits =
		{
			.min_len = 1,
			.max_len = NIC_MAX_LEN,
			.align = 1,
			.max_iova = UINT64_MAX,
			.depth = NIC_DEPTH,
			.queues = 1,
			.dirs = DEV_COPY,
		},
	.match = e1000e_match,
	.probe = e1000e_probe,
	.quiet = nic_quiet,
	.init = nic_init,
	.stop = nic_stop,
	.remove = nic_remove,
	.submit = nic_submit,
	.wait = nic_wait,
};
