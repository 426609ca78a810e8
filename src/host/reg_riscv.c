/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capabilities register of the RISC-V IOMMU, field by field (the capabilities section of its specification; Linux riscv/iommu-bits.h). */
#include <inttypes.h>
#include <stdio.h>

#include "host/reg_tables.h"

#define CAPS "RISC-V IOMMU 1.0, capabilities"

static void riscv_show_version(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "version %" PRIu64 ".%" PRIu64, raw >> 4, raw & 0xf);
}

static const char *const byte_order[] = {"one byte order", "either byte order"};
static const char *const igs[] = {"message-signalled interrupts only", "wired interrupts only",
				  "message-signalled and wired interrupts"};

static const struct reg_field caps_fields[] = {
	REG_SHOW("version", 7, 0, "version of the specification", riscv_show_version, CAPS),
	REG_BIT("Sv32", 8, "first-stage Sv32 (32-bit) tables", CAPS),
	REG_BIT("Sv39", 9, "first-stage Sv39 (39-bit) tables", CAPS),
	REG_BIT("Sv48", 10, "first-stage Sv48 (48-bit) tables", CAPS),
	REG_BIT("Sv57", 11, "first-stage Sv57 (57-bit) tables", CAPS),
	REG_BIT("Svrsw60t59b", 14, "two more bits of an entry for software", CAPS),
	REG_BIT("Svpbmt", 15, "page-based memory types", CAPS),
	REG_BIT("Sv32x4", 16, "second-stage Sv32x4 (34-bit) tables", CAPS),
	REG_BIT("Sv39x4", 17, "second-stage Sv39x4 (41-bit) tables", CAPS),
	REG_BIT("Sv48x4", 18, "second-stage Sv48x4 (50-bit) tables", CAPS),
	REG_BIT("Sv57x4", 19, "second-stage Sv57x4 (59-bit) tables", CAPS),
	REG_BIT("AMO_MRIF", 21, "atomic updates of memory-resident interrupt files", CAPS),
	REG_BIT("MSI_FLAT", 22, "flat MSI page tables", CAPS),
	REG_BIT("MSI_MRIF", 23, "memory-resident interrupt files", CAPS),
	REG_BIT("AMO_HWAD", 24, "atomic hardware update of accessed and dirty bits", CAPS),
	REG_BIT("ATS", 25, "ATS and page requests (PRI)", CAPS),
	REG_BIT("T2GPA", 26, "guest physical addresses in ATS translations", CAPS),
	REG_CHOICE("END", 27, 27, "byte order", byte_order, CAPS),
	REG_CHOICE("IGS", 29, 28, "interrupt generation", igs, CAPS),
	REG_BIT("HPM", 30, "performance monitor", CAPS),
	REG_BIT("DBG", 31, "debug registers for translation requests", CAPS),
	REG_COUNT("PAS", 37, 32, "bits of a physical address", CAPS),
	REG_BIT("PD8", 38, "1-level process directory (8-bit process ids)", CAPS),
	REG_BIT("PD17", 39, "2-level process directory (17-bit process ids)", CAPS),
	REG_BIT("PD20", 40, "3-level process directory (20-bit process ids)", CAPS),
	REG_BIT("QOSID", 41, "QoS ids", CAPS),
	REG_BIT("NL", 42, "non-leaf invalidation", CAPS),
	REG_BIT("S", 43, "address range invalidation", CAPS),
	REG_CODE("custom", 63, 56, "implementer's own bits", CAPS),
};
const struct reg reg_riscv_caps = {"riscv.caps", "RISC-V IOMMU capabilities register (offset 0x00)",
				   64,		 "RISC-V IOMMU capabilities",
				   caps_fields,	 ARRAY_SIZE(caps_fields)};
