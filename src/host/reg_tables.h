/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the register tables are written: one line per field, one file per family. For host/reg_*.c and registers.c only. */
#ifndef IC_HOST_REG_TABLES_H
#define IC_HOST_REG_TABLES_H

#include "host/registers.h"

/* A flag; clear it reads "no @meaning", without what follows a colon there. */
#define REG_BIT(name, bit, meaning, spec)                              \
	{                                                              \
		name, bit, bit, REG_FLAG, meaning, spec, NULL, 0, NULL \
	}
#define REG_COUNT(name, high, low, meaning, spec)                         \
	{                                                                 \
		name, high, low, REG_NUMBER, meaning, spec, NULL, 0, NULL \
	}
/* @meaning says what the field is about; the words say the rest. */
#define REG_CHOICE(name, high, low, meaning, words, spec)                                 \
	{                                                                                 \
		name, high, low, REG_WORDS, meaning, spec, words, ARRAY_SIZE(words), NULL \
	}
#define REG_SHOW(name, high, low, meaning, show, spec)                  \
	{                                                               \
		name, high, low, REG_TEXT, meaning, spec, NULL, 0, show \
	}
/* A code whose values this table does not know: 0 reads "no @meaning", others "@meaning (0x2)". */
#define REG_CODE(name, high, low, meaning, spec)                        \
	{                                                               \
		name, high, low, REG_TEXT, meaning, spec, NULL, 0, NULL \
	}

extern const struct reg reg_vtd_cap, reg_vtd_ecap, reg_vtd_ver, reg_vtd_gsts, reg_vtd_fsts, reg_vtd_rtaddr;
extern const struct reg reg_vtd_irta, reg_vtd_pmen, reg_vtd_plmbase, reg_vtd_plmlimit, reg_vtd_phmbase,
	reg_vtd_phmlimit;
extern const struct reg reg_amd_efr, reg_amd_efr2, reg_amd_cap, reg_amd_ctrl;
extern const struct reg reg_smmuv3_idr0, reg_smmuv3_idr1, reg_smmuv3_idr2, reg_smmuv3_idr3, reg_smmuv3_idr4,
	reg_smmuv3_idr5, reg_smmuv3_iidr, reg_smmuv3_aidr;
extern const struct reg reg_riscv_caps, reg_virtio_features;
extern const struct reg reg_pcie_ats, reg_pcie_pri, reg_pcie_pasid, reg_pcie_acs, reg_pcie_sriov;

/* By name; a name that does not exist is a mistake in the program (abort). */
const struct reg_field *reg_field_find(const struct reg *reg, const char *name);

/* Formats that several registers share. */
void reg_show_entries(uint64_t raw, char *buf, size_t len); /* "16 entries at most" for 4 */
void reg_show_offset(uint64_t raw, char *buf, size_t len);  /* units of 16 bytes: "at offset 0x220" */

#endif
