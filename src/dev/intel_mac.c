/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MAC of Intel's gigabit controllers: reset, a configuration in which nothing touches the packets, loopback, the way out. */
#include <errno.h>

#include "base/clock.h"
#include "dev/intel_nic.h"
#include "dev/intel_regs.h"

#define NIC_MS 1000000ull
#define NIC_MASTER_MS 80 /* as long as Linux waits for requests under way (MASTER_DISABLE_TIMEOUT) */
#define NIC_RESET_MS 100
#define NIC_AUTO_RD_MS 20
#define NIC_LINK_MS \
	1000 /* QEMU's igb has a link half a second after negotiation was begun, and receives nothing before */
#define NIC_ENABLE_MS 100

/* A station of our own, locally administered: nobody else's packets pass the filter, though all of them may come in. */
#define NIC_STATION_LOW 0x4d4f4902u
#define NIC_STATION_HIGH 0x00005555u

static uint32_t nic_read(const struct dev *dev, uint64_t reg)
{
	return mmio_read32(&dev->mmio, reg);
}

static void nic_write(const struct dev *dev, uint64_t reg, uint32_t value)
{
	mmio_write32(&dev->mmio, reg, value);
}

bool nic_is_gone(const struct dev *dev)
{
	return nic_read(dev, NIC_STATUS) == UINT32_MAX;
}

/* Until the bits of @mask in @reg are @want. False: they were not within @ms. */
static bool nic_poll(const struct dev *dev, uint64_t reg, uint32_t mask, uint32_t want, unsigned int ms)
{
	uint64_t end = clock_ns() + ms * NIC_MS;
	bool over = false;

	while ((nic_read(dev, reg) & mask) != want) {
		if (over)
			return false;
		over = clock_ns() >= end;
		clock_sleep_ns(NIC_MS / 10, NULL);
	}
	return true;
}

/* No new requests on the bus, and those under way have ended (82574 data sheet, 5.2.3.1.1 "Master Disable"). */
static bool nic_leave_bus(const struct dev *dev)
{
	nic_write(dev, NIC_CTRL, nic_read(dev, NIC_CTRL) | NIC_CTRL_MASTER_DISABLE);
	return nic_poll(dev, NIC_STATUS, NIC_STATUS_MASTER, 0, NIC_MASTER_MS);
}

static void nic_mask_interrupts(const struct dev *dev)
{
	nic_write(dev, NIC_IMC, UINT32_MAX);
	if (nic_of(dev)->chip->queue_enable)
		nic_write(dev, NIC_EIMC, UINT32_MAX);
	(void)nic_read(dev, NIC_ICR);
}

/*
 * The registers must be left alone for a while after the bit is set: at least 1 ms (82576 data sheet, 4.2.1.6.1), 3 ms on the I210. The
 * NVM is read after that; some have none, and QEMU's igb never says that it was.
 */
static bool nic_reset(const struct dev *dev)
{
	nic_write(dev, NIC_CTRL, nic_read(dev, NIC_CTRL) | NIC_CTRL_RST);
	clock_sleep_ns(5 * NIC_MS, NULL);
	if (!nic_poll(dev, NIC_CTRL, NIC_CTRL_RST, 0, NIC_RESET_MS) || nic_is_gone(dev))
		return false;
	nic_poll(dev, NIC_EECD, NIC_EECD_AUTO_RD, NIC_EECD_AUTO_RD, NIC_AUTO_RD_MS);
	clock_sleep_ns(nic_of(dev)->chip->settle_ms * NIC_MS, NULL);
	nic_mask_interrupts(dev);
	return true;
}

static void nic_engines_off(const struct dev *dev)
{
	nic_write(dev, NIC_RCTL, 0);
	nic_write(dev, NIC_TCTL, nic_read(dev, NIC_TCTL) & ~NIC_TCTL_EN);
	if (nic_of(dev)->chip->queue_enable) {
		nic_write(dev, NIC_RXDCTL, 0);
		nic_write(dev, NIC_TXDCTL, 0);
	}
	(void)nic_read(dev, NIC_STATUS);
	clock_sleep_ns(10 * NIC_MS, NULL); /* a packet that is on its way is stored before */
}

int nic_mac_quiesce(struct dev *dev)
{
	bool left;

	nic_of(dev)->up = false;
	if (nic_is_gone(dev))
		return -ETIMEDOUT;
	left = nic_leave_bus(dev);
	nic_mask_interrupts(dev);
	nic_engines_off(dev);
	if (!nic_reset(dev))
		return -ETIMEDOUT;
	/* what could not end before the reset may be waited for after it */
	if (!left && !nic_leave_bus(dev))
		return -ETIMEDOUT;
	return nic_read(dev, NIC_RCTL) & NIC_RCTL_EN || nic_is_gone(dev) ? -ETIMEDOUT : 0;
}

/* Only our own station, no others, no groups: the multicast table holds anything after power-on (82574 data sheet, 10.2.5.12). */
static void nic_filter(const struct dev *dev)
{
	for (unsigned int i = 1; i < NIC_RARS; i++) {
		nic_write(dev, NIC_RAH + 8 * i, 0);
		nic_write(dev, NIC_RAL + 8 * i, 0);
	}
	nic_write(dev, NIC_RAL, NIC_STATION_LOW);
	nic_write(dev, NIC_RAH, NIC_STATION_HIGH | NIC_RAH_VALID);
	for (unsigned int i = 0; i < NIC_MTA_WORDS; i++)
		nic_write(dev, NIC_MTA + 4 * i, 0);
}

/* No pause frames are sent or obeyed, no checksums, no hashing: a packet arrives as it was sent, on queue 0. */
static void nic_plain(const struct dev *dev)
{
	static const uint16_t zero[] = {NIC_FCAL,  NIC_FCAH,  NIC_FCT,	  NIC_FCTTV,
					NIC_FCRTL, NIC_FCRTH, NIC_RXCSUM, NIC_MRQC};

	for (unsigned int i = 0; i < ARRAY_SIZE(zero); i++)
		nic_write(dev, zero[i], 0);
}

static void nic_rings(const struct dev *dev)
{
	const struct nic *nic = nic_of(dev);
	uint32_t enable = nic->chip->queue_enable ? NIC_QUEUE_ENABLE : 0;

	nic_write(dev, NIC_TDBAL, (uint32_t)nic->tx_iova);
	nic_write(dev, NIC_TDBAH, (uint32_t)(nic->tx_iova >> 32));
	nic_write(dev, NIC_TDLEN, NIC_DESCS * sizeof(struct nic_desc));
	nic_write(dev, NIC_TDH, 0);
	nic_write(dev, NIC_TDT, 0);
	nic_write(dev, NIC_TXDCTL, nic->chip->txdctl | enable);
	nic_write(dev, NIC_RDBAL, (uint32_t)nic->rx_iova);
	nic_write(dev, NIC_RDBAH, (uint32_t)(nic->rx_iova >> 32));
	nic_write(dev, NIC_RDLEN, NIC_DESCS * sizeof(struct nic_desc));
	nic_write(dev, NIC_RDH, 0);
	nic_write(dev, NIC_RDT, 0);
	nic_write(dev, NIC_RXDCTL, nic->chip->rxdctl | enable);
}

/*
 * The MAC does not wait for a link that is negotiated, or its queues would not run while the PHY loops back (82576 data sheet, 3.5.6.3.1;
 * e1000_integrated_phy_loopback() of Linux).
 */
static void nic_force_link(const struct dev *dev)
{
	uint32_t ctrl = nic_read(dev, NIC_CTRL);

	ctrl &= ~(NIC_CTRL_MASTER_DISABLE | NIC_CTRL_LRST | NIC_CTRL_ASDE | NIC_CTRL_ILOS | NIC_CTRL_SPEED |
		  NIC_CTRL_RST | NIC_CTRL_RFCE | NIC_CTRL_TFCE | NIC_CTRL_VME | NIC_CTRL_PHY_RST);
	ctrl |= NIC_CTRL_FD | NIC_CTRL_SLU | NIC_CTRL_SPEED_1000 | NIC_CTRL_FRCSPD | NIC_CTRL_FRCDPX;
	if (nic_of(dev)->chip->m88)
		ctrl |= NIC_CTRL_ILOS;
	nic_write(dev, NIC_CTRL, ctrl);
}

static int nic_loop_back(struct dev *dev, struct fail *f)
{
	int err = 0;

	if (nic_of(dev)->loopback & NIC_LOOP_PHY)
		err = nic_phy_loop(dev);
	if (err)
		return fail_set(f, err, err == -EBUSY ? "%s's PHY is held by its firmware" : "%s's PHY does not answer",
				dev->ops->name);
	nic_force_link(dev);
	/* not all say so of a link that is forced: the test packet tells */
	nic_poll(dev, NIC_STATUS, NIC_STATUS_LU, NIC_STATUS_LU, NIC_LINK_MS);
	return 0;
}

/* Long packets, without their checksums, into buffers of 2048 bytes (all of RCTL's fields for that are zero). */
static bool nic_engines_on(const struct dev *dev)
{
	const struct nic *nic = nic_of(dev);
	uint32_t tctl = nic_read(dev, NIC_TCTL) & ~(NIC_TCTL_CT | NIC_TCTL_COLD);

	nic_write(dev, NIC_RCTL,
		  NIC_RCTL_EN | NIC_RCTL_LPE | NIC_RCTL_SECRC | (nic->loopback & NIC_LOOP_MAC ? NIC_RCTL_LBM_MAC : 0));
	nic_write(dev, NIC_TCTL, tctl | NIC_TCTL_PSP | NIC_TCTL_CT_15 | NIC_TCTL_COLD_63 | NIC_TCTL_EN);
	if (!nic->chip->queue_enable)
		return true;
	/* zero is read until the engine behind the queue is on (82576 data sheet, 8.10.10 and 8.12.13) */
	return nic_poll(dev, NIC_TXDCTL, NIC_QUEUE_ENABLE, NIC_QUEUE_ENABLE, NIC_ENABLE_MS) &&
	       nic_poll(dev, NIC_RXDCTL, NIC_QUEUE_ENABLE, NIC_QUEUE_ENABLE, NIC_ENABLE_MS);
}

int nic_mac_up(struct dev *dev, struct fail *f)
{
	struct nic *nic = nic_of(dev);
	int err;

	nic->touched = true;
	if (nic_mac_quiesce(dev))
		return fail_set(f, ENODEV, "%s does not answer to a reset", dev->ops->name);
	nic_write(dev, NIC_CTRL_EXT, nic_read(dev, NIC_CTRL_EXT) | NIC_CTRL_EXT_DRV_LOAD);
	nic->chip->configure(dev);
	nic_filter(dev);
	nic_plain(dev);
	err = nic_loop_back(dev, f);
	if (err)
		return err;
	nic_rings_clear(nic);
	nic_rings(dev);
	if (!nic_engines_on(dev))
		return fail_set(f, ENODEV, "%s's queues do not come on", dev->ops->name);
	return 0;
}
