/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that list, caps and audit look at, read once: units, groups, devices, tables, settings, log. */
#ifndef IC_HOST_MACHINE_H
#define IC_HOST_MACHINE_H

#include "host/acpi.h"
#include "host/groups.h"
#include "host/ioctl_facts.h"
#include "host/pci.h"
#include "host/pci_config.h"

enum unit_kind { UNIT_VTD, UNIT_AMD, UNIT_SMMUV3, UNIT_SMMU, UNIT_VIRTIO, UNIT_RISCV, UNIT_OTHER };

#define UNIT_REGS_MAX 12
/* One entry of /sys/class/iommu. */
struct iommu_unit {
	char name[32];
	enum unit_kind kind;
	bool has_address;
	uint64_t address; /* of the registers: VT-d says it, SMMUv3 has it in its name */
	bool has_domains;
	uint64_t domains_supported, domains_used;
	unsigned int nr_devices;
	unsigned int nr_regs;
	struct reg_value
		regs[UNIT_REGS_MAX]; /* vtd.cap, vtd.ecap, vtd.ver; amd.cap, amd.efr, amd.efr2; virtio-iommu.features */
	bool order_unknown;	     /* amd.efr and amd.efr2 may be each other: nothing follows from them */
	char problem[160];	     /* a file of it that holds nonsense, with path and text; "" */
};

/* A word of the kernel's command line, "intel_iommu=on,sm_on" -> key, value; and a module's parameter. */
struct kernel_option {
	char key[48], value[256];
};
struct module_param {
	char module[32], name[40], value[64];
};

struct kernel_settings {
	char release[72];    /* "6.1.0-18-amd64" */
	char cpu_vendor[16]; /* "GenuineIntel", "" = unknown */
	char arch[16];	     /* "x86", "arm64", "riscv", "" = unknown */
	bool has_cmdline;
	unsigned int nr_options, nr_params;
	struct kernel_option *options;
	struct module_param *params; /* of vfio*, iommufd, vfio_iommu_type1 */
	uint64_t taint;
	bool has_memlock;
	uint64_t memlock; /* bytes, hard limit of this process; UINT64_MAX = unlimited. Not in a capture */
};

/* A device node, for audit's permissions. A capture has them as lines "PATH MODE UID GID", the mode in octal. */
struct machine_node {
	char path[48];
	uint32_t mode, uid, gid; /* @mode: permission bits only */
};

struct machine {
	const struct host *host;
	unsigned int nr_units, nr_groups, nr_devices, nr_nodes;
	struct iommu_unit *units;
	struct group_info *groups;  /* by id */
	struct pci_info *pci;	    /* by address */
	struct pci_config *configs; /* of pci[i]; NULL when nobody asked for them or there is no libpci */
	int configs_err;	    /* why configs is NULL: -EOPNOTSUPP without libpci */
	int *parents;		    /* of pci[i]: index of the bridge above, -1 at a root bus; never a loop */
	int *secondary;		    /* of pci[i]: number of the bus behind a bridge, -1 = none or not known */
	int *drhds;		    /* of pci[i]: index in dmar.entries, -1 = none; NULL without a DMAR */
	struct dmar dmar;
	struct ivrs ivrs;
	struct iort iort;
	struct viot viot;
	struct kernel_settings kernel;
	struct ioctl_facts ioctl;   /* of a capture; of the running machine where core/asked.c filled it */
	char ioctl_problem[256];    /* what is wrong with a capture's file of them; "" */
	struct machine_node *nodes; /* /dev/iommu, /dev/vfio/... */
	char *log; /* the kernel's log, a line each, without priorities; NULL when it could not be read */
	int log_err;
};

enum machine_parts {
	MACHINE_CONFIG = 1, /* config space */
	MACHINE_TABLES = 2, /* ACPI */
	MACHINE_LOG = 4,
	MACHINE_ALL = 7,
};

/*
 * Reads. What is not there or not readable is left out and said in the member's err; only out of memory and an unusable root
 * are errors. Time is linear in the number of devices.
 */
int machine_read(const struct host *host, unsigned int parts, struct machine *out, struct fail *f);
void machine_free(struct machine *m);

/* The pieces of it. machine_tree.c: parents and secondary. machine_scope.c: drhds. 0 or -ENOMEM. */
int machine_read_tree(struct machine *m);
int machine_read_drhds(struct machine *m);
/* kernel_settings.c. Always fills @out. 0 or -ENOMEM. */
int kernel_settings_read(const struct host *host, struct kernel_settings *out);
void kernel_settings_free(struct kernel_settings *k);
/* The words of @text, a command line as the kernel splits it, are added to k->options. 0 or -ENOMEM. */
int kernel_options_parse(const char *text, struct kernel_settings *k);
/* unit.c: @log, the kernel's, may be NULL. 0 or -errno with @f. */
int units_read(const struct host *host, const char *log, struct iommu_unit **out, unsigned int *count, struct fail *f);
/*
 * The text of amd-iommu/features: "EFR" up to Linux 5.19, "EFR2:EFR" from 6.0, "EFR:EFR2" from about 6.7. Two numbers are told
 * apart by their values, else by the kernel's log. 1 or 2 = how many, *known false when nothing tells the order (then as
 * the newest kernels have it); -EINVAL for anything else.
 */
int unit_parse_features(const char *text, const char *log, uint64_t *efr, uint64_t *efr2, bool *known);
/* machine_log.c: the whole log, a line each; malloc'ed. NULL and *err when it cannot be read. */
char *machine_read_log(const struct host *host, int *err);
/* Records as /dev/kmsg delivers them become lines of text; other lines are left as they are. In place. */
void machine_clean_log(char *text);
/* machine_nodes.c. 0 or -ENOMEM. */
int machine_read_nodes(const struct host *host, struct machine_node **out, unsigned int *count);

/* Index in pci[], -1. By binary search. */
int machine_device(const struct machine *m, const char *addr);
/* By id, NULL. By binary search. */
const struct group_info *machine_group(const struct machine *m, int id);
const struct iommu_unit *machine_unit(const struct machine *m, const char *name);
/* The value of the command line's last @key, "" for a key without one, NULL when it is not there. */
const char *kernel_option(const struct kernel_settings *k, const char *key);
/* Is @word one of the comma-separated words of any occurrence of @key ("intel_iommu", "sm_off")? */
bool kernel_option_has(const struct kernel_settings *k, const char *key, const char *word);
/* NULL when the module is not loaded or has no such parameter. */
const char *kernel_param(const struct kernel_settings *k, const char *module, const char *name);
/*
 * Which device a DMAR scope names: bridges are crossed by their secondary bus numbers (config space, or sysfs' tree where that
 * cannot be read). Index in pci[], -1 when there is none.
 */
int machine_scope(const struct machine *m, const struct acpi_scope *scope);
/* The DRHD (index in dmar.entries) whose scope covers pci[i], by the rules of VT-d 8.3; -1 = none. */
int machine_drhd(const struct machine *m, unsigned int i);

/* "KEY<blanks>: VALUE" in @text, /proc/cpuinfo, of the first processor that has it. */
bool cpuinfo_value(const char *text, const char *key, char *out, size_t len);

#endif
