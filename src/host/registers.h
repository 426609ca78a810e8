/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capability and state registers of IOMMUs and PCI capabilities: what each bit is, by const tables, and what follows from it. */
#ifndef IC_HOST_REGISTERS_H
#define IC_HOST_REGISTERS_H

#include <stdbool.h>

#include "base/util.h"

enum reg_kind {
	REG_FLAG,   /* one bit: @meaning holds when it is set */
	REG_NUMBER, /* @meaning names what is counted */
	REG_WORDS,  /* @values[raw] says it; beyond them or NULL there: "reserved value" */
	REG_TEXT,   /* @format says it; without one "no @meaning" or "@meaning (0x2)" */
};

struct reg_field {
	const char *name; /* the specification's: "SAGAW" */
	uint8_t high, low;
	enum reg_kind kind;
	const char *meaning;
	const char *spec; /* where the fact stands: "VT-d 11.4.2", "arm-smmu-v3.h" */
	const char *const *values;
	unsigned int nr_values;
	void (*format)(uint64_t raw, char *buf, size_t len);
};

struct reg {
	const char *name; /* "vtd.cap" */
	const char *title;
	unsigned int width; /* bits: 32 or 64 */
	const char *spec;
	const struct reg_field
		*fields; /* from low to high, none twice; bits without a field are reserved or not known */
	unsigned int nr_fields;
};

/* Every register there is a table for, NULL-terminated, in the order of the man page. */
extern const struct reg *const registers[];
/* By name; NULL when there is none. */
const struct reg *reg_find(const char *name);

/* A register as somebody read it. */
struct reg_value {
	const struct reg *reg;
	uint64_t raw;
	char source
		[96]; /* "/sys/class/iommu/dmar0/intel-iommu/cap", "IOMMU_GET_HW_INFO of 0000:00:04.0", "command line" */
};

/* @field's bits of @raw, moved down. The field must exist: a name that does not is a mistake in the program (abort). */
uint64_t reg_get(const struct reg *reg, const char *field, uint64_t raw);
/* The value of the register @name among @n; NULL when nobody read it. */
const struct reg_value *reg_value_find(const struct reg_value *values, unsigned int n, const char *name);

/* One field of a register, or a run of bits between fields; @field NULL then: reserved, shown raw. */
struct reg_part {
	const struct reg_field *field;
	uint8_t high, low;
	uint64_t raw;
};
/* The parts from bit 0 up, without gaps: *cursor starts at 0. False after the last bit. */
bool reg_next(const struct reg *reg, uint64_t raw, unsigned int *cursor, struct reg_part *out);
/* "21:16", "39". Returns buf. */
char *reg_bits_text(unsigned int high, unsigned int low, char *buf, size_t len);
/* "48-bit addresses" for one part; "reserved" for bits that nobody knows. Returns buf. */
char *reg_meaning(const struct reg *reg, const struct reg_part *part, char *buf, size_t len);

/*
 * What follows from the registers of one IOMMU, in words. Names are stable, and those of reg_fact_kinds[]. A fact that the
 * registers at hand cannot decide is not given.
 */
struct reg_fact {
	const char *name;
	bool has; /* yes or no, where the fact is one; else true */
	uint64_t
		value; /* the number in it, where it has one: bits of address width, PASID bits, a bit mask of page sizes */
	char text[160]; /* "possible", "no: SSADS (bit 45) is clear", "48 bits" */
};
#define REG_FACTS_MAX 24
/* Every fact there is, for the man page; ended by {NULL}. */
struct reg_fact_kind {
	const char *name, *help;
};
extern const struct reg_fact_kind reg_fact_kinds[];
/* At most REG_FACTS_MAX facts about the @n values of one IOMMU into @out. Returns how many. Pure. */
unsigned int reg_facts(const struct reg_value *values, unsigned int n, struct reg_fact *out);
/* By name; NULL. */
const struct reg_fact *reg_fact_find(const struct reg_fact *facts, unsigned int n, const char *name);
/* Its text without the "no: " that it may begin with. */
const char *reg_fact_reason(const struct reg_fact *fact);

/* What the specification forbids a register to hold: "SAGAW is 0", "HATS is 3". At most @max into @out; returns how many. Pure. */
struct reg_violation {
	const struct reg_value *value;
	const char *field;
	char text[160]; /* with the raw bits and the section that forbids them */
};
unsigned int reg_violations(const struct reg_value *values, unsigned int n, struct reg_violation *out,
			    unsigned int max);

#endif
