/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to sim*.c: the simulated device's migration. What it keeps as its state are registers (a page, its BAR 0) and configuration
 * space; a stream carries both with a checksum. It stops its DMA where the header says that a device does.
 */
#ifndef IC_IOMMU_SIM_MIGRATION_H
#define IC_IOMMU_SIM_MIGRATION_H

#include "iommu/backend.h"
#include "iommu/sim/fault.h"
#include "iommu/sim/mem.h"

struct sim;
struct sim_device;
struct sim_engine;

#define SIM_MIG_REGS SIM_PAGE
#define SIM_MIG_CONFIG 256u
#define SIM_MIG_VECTORS 2u

/* "stop-copy", "p2p", "pre-copy" joined by + or |; "none"; "v1": a device that has only the region of the deprecated interface. */
struct sim_mig_choice {
	uint64_t flags;
	bool given, v1;
};
int sim_mig_parse(const char *text, struct sim_mig_choice *out, struct fail *f);

/* One transfer. It outlives its session while the user has it, and then only says that it has ended. */
struct sim_mig_stream {
	char *data;
	size_t len, room, pos;
	size_t initial; /* bytes at its start that are the pre-copy phase's initial ones */
	bool loading, final, ended;
	bool user, driver; /* who still has it */
	uint64_t told;	   /* mig-precopy-grows */
};

struct sim_mig {
	struct sim *sim;
	struct sim_engine *engine;
	uint64_t flags;
	bool v1;
	enum mig_state state;
	bool idle;		     /* mig-running-idle: its DMA does not go on */
	char *regs;		     /* SIM_MIG_REGS bytes, in @bar where that was mapped */
	struct sim_buf *bar;	     /* NULL: not mapped yet, regs is from malloc */
	char streamed[SIM_MIG_REGS]; /* registers as the pre-copy phase sent them last */
	uint8_t config[SIM_MIG_CONFIG];
	int vectors[SIM_MIG_VECTORS]; /* eventfds of MSI, -1 */
	uint64_t saves;
	struct sim_mig_stream *saving, *resuming;
	struct sim_mig_stream *begun; /* by the request that is being carried out */
};

/* NULL: no memory. */
struct sim_mig *sim_mig_new(struct sim *sim, struct sim_engine *engine, const struct sim_mig_choice *choice);
void sim_mig_free(struct sim_mig *m);
/* VFIO_DEVICE_RESET: RUNNING, sessions ended. */
void sim_mig_reset(struct sim_mig *m);

bool sim_mig_fires(struct sim_mig *m, enum sim_fault_id id);

/* migration_stream.c */
struct sim_mig_stream *sim_mig_stream_new(bool loading);
/* The session is over; freed when the user has closed it too. */
void sim_mig_stream_end(struct sim_mig_stream **at);
void sim_mig_stream_close(struct sim_mig_stream *s);
/* The pre-copy phase begins: what is there to be sent at first. -ENOMEM. */
int sim_mig_save_first(struct sim_mig *m, struct sim_mig_stream *s);
/* The rest, the checksum and the end. -ENOMEM. */
int sim_mig_save_rest(struct sim_mig *m, struct sim_mig_stream *s);
/* What was written becomes the device's state. -EINVAL: it is not whole, or not a stream. */
int sim_mig_load(struct sim_mig *m, struct sim_mig_stream *s);
/* How much sim_mig_save_rest() of a new stream makes. */
size_t sim_mig_size(void);
ssize_t sim_mig_stream_read(struct sim_mig *m, struct sim_mig_stream *s, void *buf, size_t len);
ssize_t sim_mig_stream_write(struct sim_mig_stream *s, const void *buf, size_t len);
int sim_mig_stream_info(struct sim_mig *m, struct sim_mig_stream *s, struct mig_precopy *out);

/* migration_device.c: config space, BAR and interrupts of the device. */
int sim_mig_config_read(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t *value);
int sim_mig_config_write(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t value);
int sim_mig_bar_map(struct iommu_device *idev, unsigned int n, struct idev_bar *out, struct fail *f);
int sim_mig_irq_enable(struct iommu_device *idev, enum idev_irq kind, unsigned int n, int *eventfd_out);
int sim_mig_irq_disable(struct iommu_device *idev, enum idev_irq kind);
int sim_mig_irq_trigger(struct iommu_device *idev, enum idev_irq kind, unsigned int n);
void sim_mig_device_init(struct sim_mig *m);
void sim_mig_device_exit(struct sim_mig *m);

extern const struct mig_ops sim_mig_ops;

static inline bool sim_mig_is_stopped(enum mig_state state)
{
	return state == MIG_STOP || state == MIG_STOP_COPY || state == MIG_RESUMING || state == MIG_ERROR;
}

#endif
