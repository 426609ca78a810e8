/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PHY of Intel's gigabit controllers, by MDIO: looped back at 1 Gb/s, and as it was found again. */
#include <errno.h>

#include "base/clock.h"
#include "dev/intel_nic.h"
#include "dev/intel_regs.h"

#define PHY_MS 1000000ull
#define PHY_POLLS 2000u /* of 50 us, for one access */
#define PHY_LOCK_MS 200
#define PHY_SETTLE_MS 50 /* between the PHY and the MAC (igb_integrated_phy_loopback() of Linux) */

/* Control: IEEE 802.3, 22.2.4.1. */
#define PHY_CONTROL 0
#define PHY_CONTROL_LOOP 0x4140 /* loopback, 1 Gb/s, full duplex, nothing negotiated */
#define PHY_CONTROL_RESET 0x8000
#define PHY_CONTROL_NEGOTIATE 0x1000
#define PHY_CONTROL_RESTART 0x0200
#define PHY_PAGE 22 /* of the 82574's and the I210's */

/* What the PHY of the 82574 is told before it is looped back: Linux, e1000_integrated_phy_loopback(), e1000_phy_bm. */
static const struct {
	uint16_t page, reg, clear, set;
	bool reset; /* then, for it to take effect */
} phy_bm_steps[] = {
	{2, 21, 0x0007, 0x0006, true}, /* the MAC's side at 1 Gb/s */
	{769, 16, 0, 0x000c, false},   /* full duplex forced */
	{776, 16, 0, 0x0040, false},   /* link up when forced */
	{769, 16, 0, 0x0040, false},   /* link forced */
	{769, 20, 0, 0x0400, false},   /* link enabled early */
};

static int phy_access(const struct dev *dev, uint32_t mdic, uint16_t *value)
{
	mmio_write32(&dev->mmio, NIC_MDIC, mdic | NIC_MDIC_PHY_1);
	for (unsigned int i = 0; i < PHY_POLLS; i++) {
		mdic = mmio_read32(&dev->mmio, NIC_MDIC);
		if (mdic == UINT32_MAX)
			break;
		if (mdic & NIC_MDIC_READY) {
			*value = (uint16_t)mdic;
			return mdic & NIC_MDIC_ERROR ? -EIO : 0;
		}
		clock_sleep_ns(50000, NULL);
	}
	return -EIO;
}

static int phy_read(const struct dev *dev, unsigned int reg, uint16_t *value)
{
	return phy_access(dev, NIC_MDIC_READ | reg << NIC_MDIC_REG, value);
}

static int phy_write(const struct dev *dev, unsigned int reg, uint16_t value)
{
	return phy_access(dev, NIC_MDIC_WRITE | reg << NIC_MDIC_REG | value, &value);
}

/* The bit is ours once it is read back as set. */
static bool phy_claim(const struct dev *dev, uint64_t reg, uint32_t bit)
{
	for (unsigned int i = 0; i < PHY_LOCK_MS; i++) {
		mmio_write32(&dev->mmio, reg, mmio_read32(&dev->mmio, reg) | bit);
		if (mmio_read32(&dev->mmio, reg) & bit)
			return true;
		clock_sleep_ns(PHY_MS, NULL);
	}
	return false;
}

static void phy_clear(const struct dev *dev, uint64_t reg, uint32_t bit)
{
	mmio_write32(&dev->mmio, reg, mmio_read32(&dev->mmio, reg) & ~bit);
}

/* Among the drivers of all ports: had by who reads the bit as 0, which sets it, until 0 is written (igb_get_hw_semaphore() of Linux). */
static bool phy_claim_among_drivers(const struct dev *dev)
{
	for (unsigned int i = 0; i < PHY_LOCK_MS; i++) {
		if (!(mmio_read32(&dev->mmio, NIC_SWSM) & NIC_SWSM_SMBI))
			return true;
		clock_sleep_ns(PHY_MS, NULL);
	}
	return false;
}

static void phy_release_semaphore(const struct dev *dev)
{
	phy_clear(dev, NIC_SWSM, NIC_SWSM_SMBI | NIC_SWSM_SWESMBI);
}

/* One that nobody gives back for so long was left behind: Linux takes it then, too (igb_get_hw_semaphore_i210()). */
static bool phy_claim_semaphore(const struct dev *dev)
{
	if (!phy_claim_among_drivers(dev)) {
		phy_release_semaphore(dev);
		if (!phy_claim_among_drivers(dev))
			return false;
	}
	if (phy_claim(dev, NIC_SWSM, NIC_SWSM_SWESMBI))
		return true;
	phy_release_semaphore(dev);
	return false;
}

/* A bit for each port; software's are the lower 16, firmware's the upper (82576 data sheet, 8.6.5). */
static uint32_t phy_sync_bit(const struct dev *dev)
{
	static const uint32_t bits[] = {0x02, 0x04, 0x20, 0x40};

	return bits[mmio_read32(&dev->mmio, NIC_STATUS) >> NIC_STATUS_LAN_ID & 3];
}

/* Sets or takes back software's bit, under the semaphore. False: firmware has it. */
static bool phy_sync(const struct dev *dev, bool take)
{
	uint32_t bit = phy_sync_bit(dev), sync;
	bool taken = false;

	for (unsigned int i = 0; !taken && i < PHY_LOCK_MS / 5; i++) {
		if (!phy_claim_semaphore(dev))
			return false;
		sync = mmio_read32(&dev->mmio, NIC_SW_FW_SYNC);
		taken = !take || !(sync & bit << 16);
		if (taken)
			mmio_write32(&dev->mmio, NIC_SW_FW_SYNC, take ? sync | bit : sync & ~bit);
		phy_release_semaphore(dev);
		if (!taken)
			clock_sleep_ns(5 * PHY_MS, NULL);
	}
	return taken;
}

static bool phy_lock(const struct dev *dev)
{
	switch (nic_of(dev)->chip->lock) {
	case NIC_LOCK_MDIO:
		return phy_claim(dev, NIC_EXTCNF_CTRL, NIC_EXTCNF_MDIO_SW);
	case NIC_LOCK_SWSM:
		return phy_claim_semaphore(dev);
	default:
		return phy_sync(dev, true);
	}
}

static void phy_unlock(const struct dev *dev)
{
	switch (nic_of(dev)->chip->lock) {
	case NIC_LOCK_MDIO:
		phy_clear(dev, NIC_EXTCNF_CTRL, NIC_EXTCNF_MDIO_SW);
		break;
	case NIC_LOCK_SWSM:
		phy_release_semaphore(dev);
		break;
	default:
		phy_sync(dev, false);
		break;
	}
}

/* QEMU's PHY has none of these pages and refuses them; it needs none either. */
static void phy_prepare_bm(const struct dev *dev)
{
	uint16_t value, control;

	for (unsigned int i = 0; i < ARRAY_SIZE(phy_bm_steps); i++) {
		if (phy_write(dev, PHY_PAGE, phy_bm_steps[i].page) || phy_read(dev, phy_bm_steps[i].reg, &value))
			continue;
		value = (uint16_t)((value & ~phy_bm_steps[i].clear) | phy_bm_steps[i].set);
		if (phy_write(dev, phy_bm_steps[i].reg, value) || !phy_bm_steps[i].reset ||
		    phy_read(dev, PHY_CONTROL, &control))
			continue;
		phy_write(dev, PHY_CONTROL, control | PHY_CONTROL_RESET);
		clock_sleep_ns(2 * PHY_MS, NULL);
	}
	phy_write(dev, PHY_PAGE, 0);
}

static int phy_loop_locked(struct dev *dev)
{
	struct nic *nic = nic_of(dev);
	uint16_t control;
	int err = nic->chip->m88 ? phy_write(dev, PHY_PAGE, 0) : 0;

	if (!err)
		err = phy_read(dev, PHY_CONTROL, &control);
	if (err)
		return err;
	if (!nic->phy_saved)
		nic->phy_control = control;
	nic->phy_saved = true;
	if (nic->chip->bm)
		phy_prepare_bm(dev);
	/*
	 * QEMU's igb receives nothing without a link, and has one only from negotiation. A real PHY does not get far with that before
	 * the next write takes it back.
	 */
	if (!(mmio_read32(&dev->mmio, NIC_STATUS) & NIC_STATUS_LU))
		phy_write(dev, PHY_CONTROL, PHY_CONTROL_NEGOTIATE | PHY_CONTROL_RESTART);
	err = phy_write(dev, PHY_CONTROL, PHY_CONTROL_LOOP);
	clock_sleep_ns(PHY_SETTLE_MS * PHY_MS, NULL);
	return err;
}

int nic_phy_loop(struct dev *dev)
{
	int err;

	if (!phy_lock(dev))
		return -EBUSY;
	err = phy_loop_locked(dev);
	phy_unlock(dev);
	return err;
}

int nic_phy_restore(struct dev *dev)
{
	struct nic *nic = nic_of(dev);
	uint16_t control = nic->phy_control;
	int err;

	if (!nic->phy_saved)
		return 0;
	if (control & PHY_CONTROL_NEGOTIATE)
		control |= PHY_CONTROL_RESTART;
	if (!phy_lock(dev))
		return -EBUSY;
	err = phy_write(dev, PHY_CONTROL, control);
	phy_unlock(dev);
	nic->phy_saved = false;
	return err;
}
