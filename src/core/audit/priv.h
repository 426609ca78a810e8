/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of core/audit share: adding findings and evidence, and questions that several of them ask. */
#ifndef IC_CORE_AUDIT_PRIV_H
#define IC_CORE_AUDIT_PRIV_H

#include "core/audit/audit.h"
#include "host/remapping.h"

/*
 * A finding of the rule that runs. @fmt: one sentence with the subject in it, lower case, no full stop. Its advice is the rule's.
 * What follows goes to it. Out of memory is remembered; then nothing more is added.
 */
void audit_add(struct audit *a, enum audit_severity severity, const char *subject, const char *fmt, ...)
	IC_PRINTF(4, 5);
void audit_show(struct audit *a, const char *source, const char *fmt, ...) IC_PRINTF(3, 4);
void audit_advise(struct audit *a, const char *fmt, ...) IC_PRINTF(2, 3);
/* The rule that runs could not look at something. @advice: how it could, "" when there is no way. */
void audit_unseen(struct audit *a, const char *advice, const char *fmt, ...) IC_PRINTF(3, 4);

/* Fills what rules share: a->guest and the members below it. look.c, as is all up to audit_log_next(). */
void audit_look(struct audit *a);

/* Is the device, group or unit among those asked about? */
bool audit_wants_device(const struct audit *a, unsigned int i);
bool audit_wants_group(const struct audit *a, const struct group_info *g);
bool audit_wants_unit(const struct audit *a, const struct iommu_unit *unit);

/* On a VFIO driver: given, or about to be given, to a guest or a program. */
bool audit_is_assigned(const struct pci_info *dev);
/* The first device of the group that is; -1 = none. */
int audit_group_assigned(const struct audit *a, const struct group_info *g);
/* Holds a device that masters the bus for somebody: not only bridges and the machine's fabric. */
bool audit_group_matters(const struct audit *a, const struct group_info *g);

/* False, and the rule is told blind, where the table is there but could not be read, or was not captured. */
bool audit_sees_table(struct audit *a, const struct acpi_table *table, const char *name);
/* The same of the kernel's log, of the command line. */
bool audit_sees_log(struct audit *a);
bool audit_sees_cmdline(struct audit *a);
/* False when no config space at all was read. With @extended, devices cut off at 64 bytes (not root) are told as unseen too. */
bool audit_sees_configs(struct audit *a, bool extended);
/* configs[i] down to its extended capabilities; NULL when that much could not be read. */
const struct pci_config *audit_config(const struct audit *a, unsigned int i);

/* "y", "1", "on" as the kernel reads a bool. False for NULL. */
bool audit_is_yes(const char *value);
/* A register that debugfs showed; NULL without. */
const struct reg_value *audit_debugfs(const struct audit *a, const char *unit, const char *reg);
bool audit_has_unit(const struct audit *a, enum unit_kind kind);
/* The first line of the log that contains @needle, cut to @len; false when there is none or no log. */
bool audit_log_line(const struct audit *a, const char *needle, char *line, size_t len);
/* Lines of the log one after the other: *at starts as m->log. False at the end. */
bool audit_log_next(const char **at, char *line, size_t len);

/* Do the machine's interrupts go through the IOMMU? With @line, the line that says so. interrupts.c */
enum remapping audit_remapping(const struct audit *a, char *source, size_t source_len, char *line, size_t len);

/* Is this release in a range of versions? version.c */
struct audit_version {
	unsigned int major, minor, patch;
	int rc;		    /* 1.. of a release candidate; 0 = a release */
	bool patch_unknown; /* a distribution's kernel, whose third number says nothing of what was backported */
	bool distribution;  /* carries somebody's own patches */
};
/* "6.1.0-18-amd64". @banner: /proc/version or "", in which Debian names the version it is built from. False: no version. */
bool audit_version_parse(const char *release, const char *banner, struct audit_version *out);
/* As strcmp; @minor_only: the third number is not looked at. */
int audit_version_compare(const struct audit_version *a, const struct audit_version *b, bool minor_only);

/* the rules */
extern const struct audit_rule audit_acpi_malformed, audit_acpi_misaligned, audit_acpi_overlap, audit_acpi_reference,
	audit_acs_override, audit_ats_untrusted, audit_bridge_alias, audit_config_broken, audit_debugfs_hazard,
	audit_dirty_unmeasured, audit_dirty_unverified, audit_dma_mask, audit_drhd_uncovered, audit_firmware_bug,
	audit_group_host_bridge, audit_group_shared, audit_interrupt_remapping_off, audit_iommu_absent, audit_iommu_off,
	audit_iova_width, audit_kernel_bug, audit_kernel_complaint, audit_kernel_faults, audit_lazy_flush,
	audit_memlock_small, audit_msi_window, audit_no_snoop_control, audit_noiommu_mode, audit_not_readable,
	audit_open_permissions, audit_passthrough_default, audit_preboot_dma, audit_pri_untrusted,
	audit_pte_already_set, audit_register_forbidden, audit_reserved_direct, audit_reserved_relaxable,
	audit_source_broken, audit_source_mismatch, audit_superpages_off, audit_unsafe_interrupts;

#endif
