/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the drivers of Intel's gigabit controllers share: one transmit and one receive queue, packets that the controller loops back, and
 * the way out. A packet is a header of ours, which goes from and to a page of rings, and the bytes of one request.
 */
#ifndef IC_DEV_INTEL_NIC_H
#define IC_DEV_INTEL_NIC_H

#include "dev/driver.h"

#define NIC_DESCS 256u	 /* of a ring that fills a page */
#define NIC_BUFFER 2048u /* what one receive descriptor takes, and so how long the header is */
#define NIC_MAX_LEN \
	4096u /* of a request: with the header well below the 9018 bytes that the smallest of these controllers takes */
#define NIC_DEPTH 64u
#define NIC_BAR_SIZE 0x10000u /* at least: the highest register that is used lies below */

/* Both kinds of descriptor. The second word is written by both sides, its meaning differs: struct nic_chip. */
struct nic_desc {
	uint64_t address, word;
};

/* A receive descriptor that was written back. */
struct nic_rx {
	bool done, end; /* the packet's last */
	bool bad;	/* the controller's own error */
	unsigned int len;
};

enum nic_phy_lock { NIC_LOCK_MDIO, NIC_LOCK_SWSM, NIC_LOCK_SYNC };

/* What one family does in a way of its own. */
struct nic_chip {
	uint64_t (*tx_word)(unsigned int len, unsigned int packet,
			    bool last); /* the second word of a descriptor that is to be sent */
	struct nic_rx (*rx_read)(uint64_t word);
	void (*configure)(const struct dev *dev); /* after a reset, before the queues are on */
	bool queue_enable;			  /* bit 25 of TXDCTL and RXDCTL turns a queue on */
	bool m88; /* a PHY of Marvell's: paged by register 22, and its loss of signal counts the other way round (CTRL.ILOS) */
	bool bm; /* the PHY of the 82574, which is told more about its loopback */
	enum nic_phy_lock lock;
	uint32_t txdctl, rxdctl;
	unsigned int settle_ms; /* after a reset, while the PHY is configured from the NVM */
};

enum nic_loopback { NIC_LOOP_MAC = 1, NIC_LOOP_PHY = 2 };

struct nic {
	const struct nic_chip *chip;
	unsigned int loopback; /* of enum nic_loopback */
	volatile struct nic_desc *tx, *rx;
	iova_t tx_iova, rx_iova, frame_iova;
	uint8_t *frame; /* a page: the header that is sent, then where headers are received */
	unsigned int tx_next, rx_next;
	uint64_t kick; /* which is in flight: each header has it */
	bool touched;  /* the controller was told something, so that it has to be stopped */
	bool up;       /* packets come back */
	bool phy_saved;
	uint16_t phy_control; /* as it was found */
};

/* Intel's device ids of one family, ended by {0}. */
struct nic_id {
	uint16_t device;
	const struct nic_chip *chip;
};
/* NULL: none of them. */
const struct nic_chip *nic_find(const struct nic_id *ids, const struct iommu_device_id *id);
/* For drivers: options, BAR 0, dev->priv. The device is one of @ids. */
int nic_probe(struct dev *dev, const struct nic_id *ids, struct fail *f);
int nic_quiet(struct dev *dev, struct fail *f);
int nic_init(struct dev *dev, struct fail *f);
int nic_stop(struct dev *dev);
void nic_remove(struct dev *dev);
int nic_submit(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n);
int nic_wait(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n, unsigned int timeout_ms);

static inline struct nic *nic_of(const struct dev *dev)
{
	return dev->priv;
}

/* Reset, configure, loop back, turn on. 0; -ENODEV: no answer to a reset, or gone; -EIO the PHY does not answer; -EBUSY it is taken. */
int nic_mac_up(struct dev *dev, struct fail *f);
/*
 * The engines off, the bus left alone, reset. 0: no DMA is under way and none will begin. -ETIMEDOUT: that is not known, or the
 * controller is gone.
 */
int nic_mac_quiesce(struct dev *dev);
bool nic_is_gone(const struct dev *dev);

/* The PHY: loops packets back; as it was found again. 0, -EIO it does not answer, -EBUSY firmware has it. */
int nic_phy_loop(struct dev *dev);
int nic_phy_restore(struct dev *dev);

/* Fresh rings are empty: where the next descriptors go is where the controller looks. */
void nic_rings_clear(struct nic *nic);
/* One header without a request. 0 when it came back; else as nic_wait. */
int nic_self_test(struct dev *dev);

#endif
