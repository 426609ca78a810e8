/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What only ioctls tell (VFIO, iommufd, devlink): asked by core/asked.c, kept in a capture as iommuctl/ioctl.json. */
#ifndef IC_HOST_IOCTL_FACTS_H
#define IC_HOST_IOCTL_FACTS_H

#include <stdbool.h>

#include "host/host.h"
#include "host/registers.h"

/* An answer of VFIO_CHECK_EXTENSION: some are 0 until an IOMMU is set (vfio_iommu_type1.c). */
struct vfio_extension {
	char name[32]; /* "VFIO_DMA_CC_IOMMU" */
	uint32_t nr;
	int before, after; /* as answered; -1: not asked */
};
struct vfio_range {
	uint64_t start, last;
};

/* One device, asked through whatever interface it is bound to. */
struct ioctl_device {
	char id[16];
	/* errno of what refused, by step; 0 and no_facts: nobody asked (not bound to VFIO, in use, --no-open) */
	int vfio_err, hw_err;
	char vfio_why[128], hw_why[128]; /* the step that refused, or why nobody asked */
	bool has_vfio;			 /* the type1 facts below hold */
	uint64_t page_sizes;
	unsigned int nr_ranges;
	struct vfio_range ranges[32];
	bool has_migration, has_dma_avail;
	uint64_t dirty_page_sizes, max_dirty_bitmap;
	uint32_t dma_avail;
	unsigned int nr_extensions;
	struct vfio_extension extensions[16];
	bool has_hw_info;
	uint32_t hw_type; /* IOMMU_HW_INFO_TYPE_* */
	char hw_type_name[24];
#define IOCTL_HW_DIRTY_TRACKING 0x1 /* IOMMU_HW_CAP_DIRTY_TRACKING */
	uint64_t capabilities;	    /* out_capabilities */
	uint8_t max_pasid_log2;
	bool has_features;	  /* the two below were asked, which takes opening the device by its own node */
	bool dma_logging;	  /* VFIO_DEVICE_FEATURE_DMA_LOGGING_START */
	uint32_t migration_flags; /* VFIO_DEVICE_FEATURE_MIGRATION: VFIO_MIGRATION_*; 0 = there is none */
	unsigned int nr_regs;
	struct reg_value regs[10]; /* what the type carries: vtd.cap, vtd.ecap, amd.efr, amd.efr2, smmuv3.* */
};
/* A devlink port with a function behind it (include/uapi/linux/devlink.h). */
struct devlink_port {
	char bus[16], device[32]; /* "pci", "0000:03:00.0" */
	uint32_t index;
	char flavour[24]; /* "pcivf", "pcisf", "physical" ... */
	uint32_t pf, vf;  /* @vf: of a pcisf its number */
	bool has_function, migratable_known, migratable;
	char state[12]; /* of the function: "active", "inactive"; "" when it has none */
};
struct ioctl_facts {
	bool asked;	  /* false: a capture without them, or nobody asked */
	bool has_iommufd; /* /dev/iommu answers */
	int iommufd_err;  /* errno of opening it */
	int vfio_api;	  /* VFIO_GET_API_VERSION; -1 = not answered */
	int vfio_err;
	unsigned int nr_extensions; /* of the container without a device; only @before is asked */
	struct vfio_extension extensions[16];
	unsigned int nr_devices;
	struct ioctl_device *devices;
	bool devlink_asked;
	int devlink_err;
	unsigned int nr_ports;
	struct devlink_port *ports;
};

/* From a capture's iommuctl/ioctl.json. 0 (asked = false when there is none), -EBADMSG with @f when it is not what was written. */
int ioctl_facts_load(const struct host *host, struct ioctl_facts *out, struct fail *f);
/* The same from text in memory. 0, -EBADMSG with @f, -ENOMEM. */
int ioctl_facts_parse(const char *text, size_t len, struct ioctl_facts *out, struct fail *f);
/* As the text of that file; malloc'ed. NULL: out of memory. */
char *ioctl_facts_text(const struct ioctl_facts *facts);
void ioctl_facts_free(struct ioctl_facts *facts);
const struct ioctl_device *ioctl_facts_device(const struct ioctl_facts *facts, const char *id);

#endif
