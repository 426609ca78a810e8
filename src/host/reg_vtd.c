/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of Intel VT-d, field by field (VT-d specification chapter 11; Linux drivers/iommu/intel/iommu.h). */
#include <inttypes.h>
#include <stdio.h>

#include "host/reg_tables.h"

#define CAP "VT-d 11.4.2, Linux intel/iommu.h"
#define ECAP "VT-d 11.4.3, Linux intel/iommu.h"

static void vtd_show_domains(uint64_t raw, char *buf, size_t len)
{
	if (raw > 6)
		snprintf(buf, len, "reserved value");
	else
		snprintf(buf, len, "%u domains", 1U << (4 + 2 * raw));
}

/* Bit n of SAGAW: an (n + 2)-level table, of 30 + 9n bits. */
static void vtd_show_sagaw(uint64_t raw, char *buf, size_t len)
{
	static const char *const widths[] = {NULL, "39-bit (3-level)", "48-bit (4-level)", "57-bit (5-level)", NULL};
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < ARRAY_SIZE(widths); i++)
		if (raw >> i & 1 && used < len)
			used += (size_t)snprintf(buf + used, len - used, "%s%s", used ? ", " : "",
						 widths[i] ? widths[i] : "a reserved bit");
	if (!used)
		snprintf(buf, len, "no second-stage tables");
}

static void vtd_show_mgaw(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "%" PRIu64 "-bit guest addresses at most", raw + 1);
}

static void vtd_show_sslps(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "%s%s%s%s", raw & 1 ? "2M" : "", (raw & 3) == 3 ? " and " : "", raw & 2 ? "1G" : "",
		 raw & 3 ? " second-stage pages" : "no large second-stage pages");
}

static void vtd_show_records(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "%" PRIu64 " fault records", raw + 1);
}

static const struct reg_field cap_fields[] = {
	REG_SHOW("ND", 2, 0, "domain ids", vtd_show_domains, CAP),
	REG_BIT("AFL", 3, "advanced fault logging", CAP),
	REG_BIT("RWBF", 4, "need to flush the write buffer", CAP),
	REG_BIT("PLMR", 5, "protected low-memory region", CAP),
	REG_BIT("PHMR", 6, "protected high-memory region", CAP),
	REG_BIT("CM", 7, "caching mode: also entries that are not present may be cached, as virtual IOMMUs do", CAP),
	REG_SHOW("SAGAW", 12, 8, "second-stage address widths", vtd_show_sagaw, CAP),
	REG_SHOW("MGAW", 21, 16, "maximum guest address width", vtd_show_mgaw, CAP),
	REG_BIT("ZLR", 22, "zero-length reads of write-only pages", CAP),
	REG_SHOW("FRO", 33, 24, "where the fault recording registers are", reg_show_offset, CAP),
	REG_SHOW("SSLPS", 37, 34, "second-stage large pages", vtd_show_sslps, CAP),
	REG_BIT("PSI", 39, "page-selective invalidation", CAP),
	REG_SHOW("NFR", 47, 40, "number of fault recording registers", vtd_show_records, CAP),
	REG_COUNT("MAMV", 53, 48, "address bits at most masked in one page-selective invalidation", CAP),
	REG_BIT("DWD", 54, "draining of writes at an IOTLB invalidation", CAP),
	REG_BIT("DRD", 55, "draining of reads at an IOTLB invalidation", CAP),
	REG_BIT("FS1GP", 56, "1G first-stage pages", CAP),
	REG_BIT("PI", 59, "posted interrupts", CAP),
	REG_BIT("FS5LP", 60, "5-level first-stage tables", CAP),
	REG_BIT("ECMDS", 61, "enhanced commands", CAP),
	REG_BIT("ESIRTPS", 62, "invalidation of all interrupt entries when their table pointer is set", CAP),
	REG_BIT("ESRTPS", 63, "invalidation of all translations when the root table pointer is set", CAP),
};
const struct reg reg_vtd_cap = {"vtd.cap",  "Intel VT-d capability register (offset 0x08)",
				64,	    "VT-d 11.4.2",
				cap_fields, ARRAY_SIZE(cap_fields)};

static const struct reg_field ecap_fields[] = {
	REG_BIT("C", 0, "page-walk coherency: legacy tables are read coherently with the CPU's caches", ECAP),
	REG_BIT("QI", 1, "queued invalidation", ECAP),
	REG_BIT("DT", 2, "device TLBs (ATS)", ECAP),
	REG_BIT("IR", 3, "interrupt remapping", ECAP),
	REG_BIT("EIM", 4, "extended interrupt mode (x2APIC)", ECAP),
	REG_BIT("PT", 6, "pass-through", ECAP),
	REG_BIT("SC", 7, "snoop control", ECAP),
	REG_SHOW("IRO", 17, 8, "where the IOTLB registers are", reg_show_offset, ECAP),
	REG_COUNT("MHMV", 23, 20, "bits at most masked in one invalidation of interrupt entries", ECAP),
	REG_BIT("MTS", 25, "memory types in first-stage and extended tables", ECAP),
	REG_BIT("NEST", 26, "nested translation", ECAP),
	REG_BIT("PRS", 29, "page requests (PRI)", ECAP),
	REG_BIT("ERS", 30, "execute requests", ECAP),
	REG_BIT("SRS", 31, "supervisor requests", ECAP),
	REG_BIT("NWFS", 33, "no-write flag in device-TLB requests", ECAP),
	REG_BIT("EAFS", 34, "extended accessed flag in first-stage entries", ECAP),
	REG_SHOW("PSS", 39, 35, "PASID size", reg_show_pasid_bits, ECAP),
	REG_BIT("PASID", 40, "PASIDs in requests", ECAP),
	REG_BIT("DIT", 41, "throttling of device-TLB invalidations", ECAP),
	REG_BIT("PDS", 42, "draining of page requests", ECAP),
	REG_BIT("SMTS", 43, "scalable mode", ECAP),
	REG_BIT("SSADS", 45, "accessed and dirty bits in second-stage entries", ECAP),
	REG_BIT("SSTS", 46, "second-stage translation in scalable mode", ECAP),
	REG_BIT("FSTS", 47, "first-stage translation in scalable mode", ECAP),
	REG_BIT("SMPWCS", 48, "page-walk coherency in scalable mode", ECAP),
	REG_BIT("RPS", 49, "a PASID for requests without one (RID_PASID)", ECAP),
	REG_BIT("PMS", 51, "performance monitoring", ECAP),
};
const struct reg reg_vtd_ecap = {"vtd.ecap",  "Intel VT-d extended capability register (offset 0x10)",
				 64,	      "VT-d 11.4.3",
				 ecap_fields, ARRAY_SIZE(ecap_fields)};

static const struct reg_field ver_fields[] = {
	REG_COUNT("MIN", 3, 0, "is the minor version", "VT-d 11.4.1, Linux intel/iommu.h"),
	REG_COUNT("MAX", 7, 4, "is the major version", "VT-d 11.4.1, Linux intel/iommu.h"),
};
const struct reg reg_vtd_ver = {
	"vtd.ver", "Intel VT-d version register (offset 0x00)", 32, "VT-d 11.4.1", ver_fields, ARRAY_SIZE(ver_fields)};

#define GSTS "VT-d 11.4.4, Linux intel/iommu.h"
static const struct reg_field gsts_fields[] = {
	REG_BIT("CFIS", 23, "passing of compatibility-format interrupts", GSTS),
	REG_BIT("IRTPS", 24, "interrupt remapping table pointer set", GSTS),
	REG_BIT("IRES", 25, "interrupt remapping enabled", GSTS),
	REG_BIT("QIES", 26, "queued invalidation enabled", GSTS),
	REG_BIT("WBFS", 27, "write buffer flush under way", GSTS),
	REG_BIT("AFLS", 28, "advanced fault logging enabled", GSTS),
	REG_BIT("FLS", 29, "fault log pointer set", GSTS),
	REG_BIT("RTPS", 30, "root table pointer set", GSTS),
	REG_BIT("TES", 31, "DMA translation enabled", GSTS),
};
const struct reg reg_vtd_gsts = {"vtd.gsts",  "Intel VT-d global status register (offset 0x1c)",
				 32,	      "VT-d 11.4.4",
				 gsts_fields, ARRAY_SIZE(gsts_fields)};

#define FSTS "VT-d 11.4.7, Linux intel/iommu.h"
static const struct reg_field fsts_fields[] = {
	REG_BIT("PFO", 0, "primary fault overflow", FSTS),
	REG_BIT("PPF", 1, "primary fault pending", FSTS),
	REG_BIT("IQE", 4, "invalidation queue error", FSTS),
	REG_BIT("ICE", 5, "invalidation completion error", FSTS),
	REG_BIT("ITE", 6, "invalidation time-out error", FSTS),
	REG_BIT("PRO", 7, "page request overflow", FSTS),
	REG_COUNT("FRI", 15, 8, "is the index of the first pending fault record", FSTS),
};
const struct reg reg_vtd_fsts = {"vtd.fsts",  "Intel VT-d fault status register (offset 0x34)",
				 32,	      "VT-d 11.4.7",
				 fsts_fields, ARRAY_SIZE(fsts_fields)};

static void vtd_show_root(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "root table at 0x%" PRIx64, raw << 12);
}

#define RTADDR "VT-d 11.4.5, Linux intel/iommu.h"
static const struct reg_field rtaddr_fields[] = {
	REG_BIT("SMT", 10, "scalable-mode root table", RTADDR),
	REG_SHOW("RTA", 63, 12, "address of the root table", vtd_show_root, RTADDR),
};
const struct reg reg_vtd_rtaddr = {"vtd.rtaddr",
				   "Intel VT-d root table address register (offset 0x20)",
				   64,
				   "VT-d 11.4.5",
				   rtaddr_fields,
				   ARRAY_SIZE(rtaddr_fields)};
