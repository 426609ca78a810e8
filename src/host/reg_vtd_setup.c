/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of Intel VT-d that only the kernel's debugfs shows: where remapped interrupts and protected memory are. */
#include <inttypes.h>
#include <stdio.h>

#include "host/reg_tables.h"

#define IRTA "Linux DMAR_IRTA_REG, irq_remapping.c"
#define PMEN "Linux DMAR_PMEN_REG, iommu.h"
#define PMR "Linux DMAR_PLMBASE_REG to DMAR_PHMLIMIT_REG, iommu.h"

static void irta_show_size(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "%u entries", 1u << (raw + 1));
}

static void irta_show_table(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "interrupt remapping table at 0x%" PRIx64, raw << 12);
}

static const struct reg_field irta_fields[] = {
	REG_SHOW("S", 3, 0, "size of the interrupt remapping table", irta_show_size, IRTA),
	REG_BIT("EIME", 11, "x2APIC destinations", IRTA),
	REG_SHOW("IRTA", 63, 12, "interrupt remapping table address", irta_show_table, IRTA),
};
const struct reg reg_vtd_irta = {"vtd.irta",  "Intel VT-d interrupt remapping table address register (offset 0xb8)",
				 64,	      IRTA,
				 irta_fields, ARRAY_SIZE(irta_fields)};

static const struct reg_field pmen_fields[] = {
	REG_BIT("PRS", 0, "protected memory regions in force: no DMA reaches them", PMEN),
	REG_BIT("EPM", 31, "protected memory regions enabled", PMEN),
};
const struct reg reg_vtd_pmen = {"vtd.pmen",  "Intel VT-d protected memory enable register (offset 0x64)",
				 32,	      PMEN,
				 pmen_fields, ARRAY_SIZE(pmen_fields)};

/* How many low bits are not implemented is the hardware's: shown as they are. */
static void pmr_show_base(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "from 0x%" PRIx64, raw);
}

static void pmr_show_limit(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "up to 0x%" PRIx64 " and the bits below that are not implemented", raw);
}

static const struct reg_field plmbase_fields[] = {
	REG_SHOW("PLMB", 31, 0, "protected low memory base", pmr_show_base, PMR)};
static const struct reg_field plmlimit_fields[] = {
	REG_SHOW("PLML", 31, 0, "protected low memory limit", pmr_show_limit, PMR)};
static const struct reg_field phmbase_fields[] = {
	REG_SHOW("PHMB", 63, 0, "protected high memory base", pmr_show_base, PMR)};
static const struct reg_field phmlimit_fields[] = {
	REG_SHOW("PHML", 63, 0, "protected high memory limit", pmr_show_limit, PMR)};
const struct reg reg_vtd_plmbase = {
	"vtd.plmbase", "Intel VT-d protected low memory base register (offset 0x68)", 32, PMR, plmbase_fields, 1};
const struct reg reg_vtd_plmlimit = {
	"vtd.plmlimit", "Intel VT-d protected low memory limit register (offset 0x6c)", 32, PMR, plmlimit_fields, 1};
const struct reg reg_vtd_phmbase = {
	"vtd.phmbase", "Intel VT-d protected high memory base register (offset 0x70)", 64, PMR, phmbase_fields, 1};
const struct reg reg_vtd_phmlimit = {
	"vtd.phmlimit", "Intel VT-d protected high memory limit register (offset 0x78)", 64, PMR, phmlimit_fields, 1};
