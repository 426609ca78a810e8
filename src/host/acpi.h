/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables that describe IOMMUs, read without trust: DMAR, IVRS, IORT, VIOT. */
#ifndef IC_HOST_ACPI_H
#define IC_HOST_ACPI_H

#include <stdbool.h>

#include "base/bytes.h"
#include "host/host.h"

/* What is wrong with a table. Parsing goes on behind it where that is possible. */
struct acpi_problem {
	uint32_t at; /* offset in the table */
	const char *
		kind; /* stable: "truncated", "length", "checksum", "signature", "loop", "overlap", "misaligned", "reserved",
			     "value", "duplicate", "reference", "too-many" */
	char text[160]; /* one phrase with the bytes that are wrong */
};
#define ACPI_PROBLEMS_MAX 32

/* One table as it was read. */
struct acpi_table {
	char signature[5]; /* "DMAR"; "" = the machine has none */
	int err;	   /* -EACCES, -EIO ...: it is there but could not be read; 0 otherwise */
	char path[96];	   /* where it was read, without the root */
	uint8_t *data;	   /* the caller's to free by acpi_*_free() of its parser */
	size_t len;	   /* bytes read: the header's length is compared with it */
	uint8_t revision;
	char oem_id[7], oem_table_id[9];
	unsigned int nr_problems, nr_problems_lost;
	struct acpi_problem problems[ACPI_PROBLEMS_MAX];
};

/* A device scope of DMAR (VT-d 8.3.1): where to start, then one (device, function) per bridge that is crossed. */
#define ACPI_PATH_MAX 16
struct acpi_scope {
	uint32_t at;
	uint8_t type; /* 1 endpoint, 2 bridge and what is below, 3 IOAPIC, 4 HPET, 5 namespace device */
	uint8_t flags, id, bus;
	uint16_t segment; /* the enclosing structure's */
	unsigned int nr_path;
	struct {
		uint8_t device, function;
	} path[ACPI_PATH_MAX];
};

enum dmar_type { DMAR_DRHD, DMAR_RMRR, DMAR_ATSR, DMAR_RHSA, DMAR_ANDD, DMAR_SATC, DMAR_SIDP };
/* One remapping structure; members that a type does not have are 0. */
struct dmar_entry {
	enum dmar_type type;
	uint32_t at, len;
	uint8_t flags; /* DRHD bit 0 INCLUDE_PCI_ALL; ATSR bit 0 ALL_PORTS; SATC bit 0 ATC_REQUIRED */
	uint16_t segment;
	uint64_t base;	 /* DRHD and RHSA: registers; RMRR: first byte */
	uint64_t last;	 /* RMRR: last byte; DRHD: last byte of the register set */
	uint32_t domain; /* RHSA: proximity domain; ANDD: device number */
	char name[64];	 /* ANDD: ACPI name */
	unsigned int nr_scopes;
	struct acpi_scope *scopes;
};
struct dmar {
	struct acpi_table table;
	unsigned int width; /* host address width in bits */
	uint8_t flags;	    /* bit 0 INTR_REMAP, 1 X2APIC_OPT_OUT, 2 DMA_CTRL_PLATFORM_OPT_IN, 3 DMA_REMAP_OPT_OUT */
	unsigned int nr_entries;
	struct dmar_entry *entries;
};

/* One device entry of an IVHD block (AMD IOMMU specification 5.2.2): a device ID or the range between two. */
struct ivhd_entry {
	uint32_t at;
	uint8_t type, settings;
	uint16_t first, last; /* requester IDs, inclusive */
	uint16_t alias;	      /* source device ID of alias entries, else == first */
	bool has_alias, all;
	uint8_t special;      /* type 72: 1 IOAPIC, 2 HPET */
	uint8_t handle;	      /* type 72: which I/O APIC or HPET */
	uint32_t extended;    /* types 70, 71: bit 31 ATS disabled */
	char hid[9], uid[64]; /* type 240: ACPI HID */
};
struct ivhd {
	uint32_t at, len;
	uint8_t type; /* 0x10, 0x11, 0x40 */
	uint8_t flags;
	uint16_t device_id, capability, segment, info;
	uint64_t base;	    /* registers */
	uint32_t features;  /* 0x10: feature reporting; else attributes */
	uint64_t efr, efr2; /* 0x11 and 0x40: images of the registers */
	unsigned int nr_entries;
	struct ivhd_entry *entries;
};
struct ivmd {
	uint32_t at;
	uint8_t type, flags; /* 0x20 all, 0x21 one device, 0x22 a range; bit 0 unity, 1 read, 2 write, 3 exclusion */
	uint16_t first, last, segment;
	uint64_t start, length;
};
struct ivrs {
	struct acpi_table table;
	uint32_t
		info; /* IVinfo: bit 0 EFRSup, 1 DMA guard opt-in, 7:5 GVASize, 14:8 PASize, 21:15 VASize, 22 HtAtsResv */
	unsigned int nr_blocks;
	struct ivhd *blocks;
	unsigned int nr_memory;
	struct ivmd *memory;
};

enum iort_type {
	IORT_ITS = 0,
	IORT_NAMED = 1,
	IORT_ROOT = 2,
	IORT_SMMU = 3,
	IORT_SMMUV3 = 4,
	IORT_PMCG = 5,
	IORT_RMR = 6,
	IORT_IWB = 7
};
struct iort_mapping {
	uint32_t at;
	uint32_t input, count, output, target,
		flags; /* @count is the number of ids; @target the offset of the output node */
};
struct iort_node {
	uint32_t at, len;
	uint8_t type; /* enum iort_type or unknown */
	uint8_t revision;
	uint32_t id;
	uint64_t base; /* SMMUs: registers */
	uint32_t
		flags; /* SMMUv3: bit 0 COHACC override, 2:1 HTTU override, 3 proximity valid; named, SMMU, RMR: theirs */
	uint32_t model;		/* SMMUs */
	uint64_t span;		/* SMMUv1/2: bytes of registers */
	uint16_t pasid;		/* root complex of revision 4: bits 4:0 PASID width */
	uint32_t reference;	/* PMCG: offset of the node it counts for */
	unsigned int nr_its;	/* ITS group: how many it names */
	uint32_t segment;	/* root complex */
	uint32_t ats;		/* root complex: bit 0 ATS supported, bit 1 PRI */
	uint64_t memory_access; /* root complex and named: CCA 31:0, AH 39:32, MAF 63:56 */
	uint8_t address_bits;	/* root complex, named: memory address size limit, 0 = none given */
	char name[64];		/* named component: device object */
	unsigned int nr_mappings;
	struct iort_mapping *mappings;
	unsigned int nr_memory; /* RMR: memory ranges */
	struct {
		uint64_t start, length;
	} memory[8];
};
struct iort {
	struct acpi_table table;
	unsigned int nr_nodes;
	struct iort_node *nodes;
};

struct viot_node {
	uint32_t at;
	uint8_t type; /* 1 PCI range, 2 MMIO endpoint, 3 virtio-iommu on PCI, 4 virtio-iommu on MMIO */
	uint32_t endpoint;
	uint16_t first_segment, last_segment, first, last,
		output; /* @first, @last: requester IDs; 3: segment and requester ID */
	uint64_t base;
};
struct viot {
	struct acpi_table table;
	unsigned int nr_nodes;
	struct viot_node *nodes;
};

/*
 * Read and parse /sys/firmware/acpi/tables/NAME. Always fills @out (all zero, signature "" when the machine has no such table).
 * 0 also for a broken table: what is wrong is in table.problems. -ENOMEM alone is an error.
 */
int dmar_read(const struct host *host, struct dmar *out);
int ivrs_read(const struct host *host, struct ivrs *out);
int iort_read(const struct host *host, struct iort *out);
int viot_read(const struct host *host, struct viot *out);
void dmar_free(struct dmar *dmar);
void ivrs_free(struct ivrs *ivrs);
void iort_free(struct iort *iort);
void viot_free(struct viot *viot);

/* The same from bytes in memory, for fuzzers and unit tests. Takes over @data (malloc'ed). */
int dmar_parse(uint8_t *data, size_t len, struct dmar *out);
int ivrs_parse(uint8_t *data, size_t len, struct ivrs *out);
int iort_parse(uint8_t *data, size_t len, struct iort *out);
int viot_parse(uint8_t *data, size_t len, struct viot *out);

/* "DRHD", "root complex" ...; for types that nobody knows "type N" cannot be said: NULL. */
const char *dmar_type_name(unsigned int type);
const char *acpi_scope_type_name(unsigned int type);
const char *ivrs_type_name(unsigned int type); /* of blocks, memory and device entries */
const char *iort_type_name(unsigned int type);
const char *viot_type_name(unsigned int type);

#endif
