/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of what `caps` shows, a file each. */
#ifndef IC_CMD_CAPS_H
#define IC_CMD_CAPS_H

#include "host/machine.h"
#include "out/report.h"

#define CAPS_REGS_MAX 32
#define CAPS_VIOLATIONS_MAX 16

/* A unit with its registers by every source: the same value twice is there once, values that differ are there each. */
struct caps_unit {
	unsigned int nr_regs, nr_facts, nr_violations;
	struct reg_value regs[CAPS_REGS_MAX];
	struct reg_fact facts[REG_FACTS_MAX];
	struct reg_violation violations[CAPS_VIOLATIONS_MAX];
};

/* What was read, and which of it was asked for. */
struct caps {
	struct machine machine;
	bool all;		  /* nothing was named: every part is shown */
	bool verbose;		  /* every field of every register */
	bool *units, *devices;	  /* shown, by index in the machine's */
	struct caps_unit *merged; /* of machine.units[i] */
	bool debugfs, dry_run;
	char debugfs_why[160]; /* why it gave nothing; "" */
};

/* caps_merge.c: registers of each unit from all sources, and what follows from them. 0 or -ENOMEM. */
int caps_merge(struct caps *c);
/* True when two sources give @reg different values. */
bool caps_disagree(const struct caps_unit *u, const struct reg *reg);
const char *caps_kind(enum unit_kind kind);
/* As it stands in JSON: "vt-d". */
const char *caps_kind_key(enum unit_kind kind);

/* caps_units.c: list iommus[], and lines for people. */
void caps_report_units(struct report *r, const struct caps *c);
void caps_text_units(struct report *r, const struct caps *c);

/* caps_devices.c: list devices[], and a table. */
void caps_report_devices(struct report *r, const struct caps *c);
void caps_text_devices(struct report *r, const struct caps *c);

/* caps_registers.c: list registers[]: each name and value once, with all it was read from. 0 or -ENOMEM. */
int caps_report_registers(struct report *r, const struct caps *c);

/* caps_ioctl.c: objects vfio{} and iommufd{}, and lines for people. What one device was answered: its objects vfio{}, hw_info{}. */
void caps_report_interfaces(struct report *r, const struct caps *c);
void caps_report_asked(struct report *r, const struct ioctl_device *d);
void caps_text_interfaces(struct report *r, const struct caps *c);

/* caps_kernel.c: object kernel{}, and a line for people. */
void caps_report_kernel(struct report *r, const struct caps *c);

/* The ACPI tables that describe IOMMUs: object acpi{}, and lines for people. */
void caps_report_acpi(struct report *r, const struct machine *m);

#endif
