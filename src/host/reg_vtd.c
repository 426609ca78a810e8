/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of Intel VT-d, field by field: the specification's names and sections (D51397, revision 5.10). Bits that only
 * older revisions define are named with the source that still knows them.
 */
#include <inttypes.h>
#include <stdio.h>

#include "host/reg_tables.h"

#define VER "VT-d 11.4.1"
#define CAP "VT-d 11.4.2"
#define ECAP "VT-d 11.4.3"
#define GSTS "VT-d 11.4.4.2"
#define RTADDR "VT-d 11.4.5"
#define FSTS "VT-d 11.4.7.1"

static void vtd_show_domains(uint64_t raw, char *buf, size_t len)
{
	if (raw > 6)
		snprintf(buf, len, "reserved value");
	else
		snprintf(buf, len, "%u domains", 1U << (4 + 2 * raw));
}

/* Bit n of SAGAW: tables of n + 2 levels, for addresses of 30 + 9n bits. */
static void vtd_show_sagaw(uint64_t raw, char *buf, size_t len)
{
	static const char *const widths[] = {"a reserved bit", "39-bit (3-level)", "48-bit (4-level)",
					     "57-bit (5-level)", "a reserved bit"};
	size_t used = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(widths); i++)
		if (raw >> i & 1 && used < len)
			used += (size_t)snprintf(buf + used, len - used, "%s%s",
						 used ? ", " : "second-stage tables: ", widths[i]);
	if (!used)
		snprintf(buf, len, "no second-stage tables");
}

static void vtd_show_mgaw(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "%" PRIu64 "-bit guest addresses at most", raw + 1);
}

static void vtd_show_sslps(uint64_t raw, char *buf, size_t len)
{
	static const char *const sizes[] = {"no large second-stage pages", "2M second-stage pages",
					    "1G second-stage pages", "2M and 1G second-stage pages"};

	snprintf(buf, len, "%s%s", sizes[raw & 3], raw >> 2 ? ", and a reserved bit" : "");
}

static void vtd_show_records(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "%" PRIu64 " fault recording register%s", raw + 1, raw ? "s" : "");
}

static void vtd_show_mamv(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "2^%" PRIu64 " pages at most in one page-selective invalidation (where PSI is set)", raw);
}

static void vtd_show_mhmv(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "2^%" PRIu64 " entries at most in one interrupt entry cache invalidation", raw);
}

static const struct reg_field cap_fields[] = {
	REG_SHOW("ND", 2, 0, "domain ids", vtd_show_domains, CAP),
	REG_BIT("AFL", 3, "advanced fault logging (older revisions)", "Linux cap_afl"),
	REG_BIT("RWBF", 4, "need to flush the write buffer before the hardware sees changed tables", CAP),
	REG_BIT("PLMR", 5, "protected low-memory region", CAP),
	REG_BIT("PHMR", 6, "protected high-memory region", CAP),
	REG_BIT("CM", 7, "caching mode: entries that are not present may be cached too, as virtual IOMMUs do", CAP),
	REG_SHOW("SAGAW", 12, 8, "second-stage address widths", vtd_show_sagaw, CAP),
	REG_SHOW("MGAW", 21, 16, "maximum guest address width", vtd_show_mgaw, CAP),
	REG_BIT("ZLR", 22, "zero-length reads of write-only pages", CAP),
	REG_BIT("ISOCH", 23, "isochrony (older revisions)", "Linux cap_isoch"),
	REG_SHOW("FRO", 33, 24, "fault recording registers", reg_show_offset, CAP),
	REG_SHOW("SSLPS", 37, 34, "second-stage large pages", vtd_show_sslps, CAP),
	REG_BIT("PSI", 39, "page-selective IOTLB invalidation", CAP),
	REG_SHOW("NFR", 47, 40, "number of fault recording registers", vtd_show_records, CAP),
	REG_SHOW("MAMV", 53, 48, "maximum address mask value", vtd_show_mamv, CAP),
	REG_BIT("DWD", 54, "draining of writes at an IOTLB invalidation", CAP),
	REG_BIT("DRD", 55, "draining of reads at an IOTLB invalidation", CAP),
	REG_BIT("FS1GP", 56, "1G first-stage pages", CAP),
	REG_BIT("PI", 59, "posted interrupts", CAP),
	REG_BIT("FS5LP", 60, "5-level first-stage tables", CAP),
	REG_BIT("ECMDS", 61, "enhanced commands", CAP),
	REG_BIT("ESIRTPS", 62, "implied invalidation when the interrupt remapping table pointer is set", CAP),
	REG_BIT("ESRTPS", 63, "implied invalidation when the root table pointer is set", CAP),
};
const struct reg reg_vtd_cap = {
	"vtd.cap", "Intel VT-d capability register (offset 0x08)", 64, CAP, cap_fields, ARRAY_SIZE(cap_fields)};

static void vtd_show_pss(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "%" PRIu64 "-bit PASIDs (where PASID is set)", raw + 1);
}

static const struct reg_field ecap_fields[] = {
	REG_BIT("C", 0, "page-walk coherency: context tables and legacy second-stage tables are snooped", ECAP),
	REG_BIT("QI", 1, "queued invalidation", ECAP),
	REG_BIT("DT", 2, "device TLBs (ATS)", ECAP),
	REG_BIT("IR", 3, "interrupt remapping", ECAP),
	REG_BIT("EIM", 4, "extended interrupt mode (x2APIC)", ECAP),
	REG_BIT("CH", 5, "caching hints (older revisions)", "Xen ecap_cache_hints"),
	REG_BIT("PT", 6, "pass-through translation type", ECAP),
	REG_BIT("SC", 7, "snoop control", ECAP),
	REG_SHOW("IRO", 17, 8, "IOTLB registers", reg_show_offset, ECAP),
	REG_SHOW("MHMV", 23, 20, "maximum handle mask value", vtd_show_mhmv, ECAP),
	REG_BIT("ECS", 24, "extended context entries (older revisions; scalable mode replaced them)",
		"chipsec iommu.xml"),
	REG_BIT("MTS", 25, "memory types in first-stage translation", ECAP),
	REG_BIT("NEST", 26, "nested translation", ECAP),
	REG_BIT("DIS", 27, "deferred invalidation (older revisions)", "Linux ecap_dis"),
	REG_BIT("DEP", 28, "PASIDs in their pre-production form (older revisions)", "Linux ecap_broken_pasid"),
	REG_BIT("PRS", 29, "page requests (PRI)", ECAP),
	REG_BIT("ERS", 30, "execute requests", ECAP),
	REG_BIT("SRS", 31, "supervisor requests", ECAP),
	REG_BIT("NWFS", 33, "regard for the no-write flag of translation requests", ECAP),
	REG_BIT("EAFS", 34, "extended accessed flag in first-stage entries", ECAP),
	REG_SHOW("PSS", 39, 35, "PASID size", vtd_show_pss, ECAP),
	REG_BIT("PASID", 40, "requests with a PASID", ECAP),
	REG_BIT("DIT", 41, "throttling of device-TLB invalidations", ECAP),
	REG_BIT("PDS", 42, "draining of page requests", ECAP),
	REG_BIT("SMTS", 43, "scalable mode", ECAP),
	REG_BIT("VCS", 44, "virtual commands: an emulated IOMMU", ECAP),
	REG_BIT("SSADS", 45, "accessed and dirty bits in second-stage entries", ECAP),
	REG_BIT("SSTS", 46, "second-stage translation in scalable mode", ECAP),
	REG_BIT("FSTS", 47, "first-stage translation in scalable mode", ECAP),
	REG_BIT("SMPWCS", 48, "page-walk coherency in scalable mode", ECAP),
	REG_BIT("RPS", 49, "choice of the PASID of requests without one (RID_PASID)", ECAP),
	REG_BIT("TDXCS", 50, "TDX Connect", ECAP),
	REG_BIT("PMS", 51, "performance monitoring", ECAP),
	REG_BIT("ADMS", 52, "abort-DMA mode", ECAP),
	REG_BIT("RPRIVS", 53, "choice of the privilege of requests without a PASID (RID_PRIV)", ECAP),
	REG_BIT("HPTS", 55, "host permission tables for translated requests", ECAP),
	REG_BIT("PTRS", 56, "PASIDs in translated requests", ECAP),
	REG_BIT("SSIRWS", 57, "I/O read and write bits in second-stage entries", ECAP),
	REG_BIT("SMS", 58, "stop markers of the page request interface", ECAP),
	REG_BIT("HPT1GPS", 59, "1G pages in host permission tables", ECAP),
	REG_BIT("RDTS", 60, "RDT configuration (RMID and CLOS)", ECAP),
	REG_BIT("EIMER", 61, "need for extended interrupt mode: there is no other", ECAP),
	REG_BIT("IRREQ", 62, "need for interrupt remapping: without it MSIs are blocked", ECAP),
};
const struct reg reg_vtd_ecap = {"vtd.ecap",  "Intel VT-d extended capability register (offset 0x10)",
				 64,	      ECAP,
				 ecap_fields, ARRAY_SIZE(ecap_fields)};

static void vtd_show_major(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "major version %" PRIu64, raw);
}

static void vtd_show_minor(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "minor version %" PRIu64, raw);
}

static const struct reg_field ver_fields[] = {
	REG_SHOW("MIN", 3, 0, "minor version", vtd_show_minor, VER),
	REG_SHOW("MAX", 7, 4, "major version", vtd_show_major, VER),
};
const struct reg reg_vtd_ver = {
	"vtd.ver", "Intel VT-d version register (offset 0x00)", 32, VER, ver_fields, ARRAY_SIZE(ver_fields)};

static const struct reg_field gsts_fields[] = {
	REG_BIT("CFIS", 23, "pass-through of compatibility-format interrupts", GSTS),
	REG_BIT("IRTPS", 24, "interrupt remapping table pointer set", GSTS),
	REG_BIT("IRES", 25, "interrupt remapping enabled", GSTS),
	REG_BIT("QIES", 26, "queued invalidation enabled", GSTS),
	REG_BIT("WBFS", 27, "write buffer flush under way", GSTS),
	REG_BIT("AFLS", 28, "advanced fault logging enabled (older revisions)", "Linux DMA_GSTS_AFLS"),
	REG_BIT("FLS", 29, "fault log pointer set (older revisions)", "Linux DMA_GSTS_FLS"),
	REG_BIT("RTPS", 30, "root table pointer set", GSTS),
	REG_BIT("TES", 31, "DMA remapping enabled", GSTS),
};
const struct reg reg_vtd_gsts = {
	"vtd.gsts", "Intel VT-d global status register (offset 0x1c)", 32, GSTS, gsts_fields, ARRAY_SIZE(gsts_fields)};

static void vtd_show_fri(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "the first pending fault is in record %" PRIu64 " (where PPF is set)", raw);
}

static const struct reg_field fsts_fields[] = {
	REG_BIT("PFO", 0, "primary fault overflow: faults were lost", FSTS),
	REG_BIT("PPF", 1, "primary pending fault", FSTS),
	REG_BIT("AFO", 2, "advanced fault overflow (older revisions)", "chipsec iommu.xml"),
	REG_BIT("APF", 3, "advanced pending fault (older revisions)", "chipsec iommu.xml"),
	REG_BIT("IQE", 4, "invalidation queue error", FSTS),
	REG_BIT("ICE", 5, "invalidation completion error", FSTS),
	REG_BIT("ITE", 6, "invalidation time-out error", FSTS),
	REG_BIT("PRO", 7, "page request overflow (older revisions)", "Linux DMA_FSTS_PRO"),
	REG_SHOW("FRI", 15, 8, "fault record index", vtd_show_fri, FSTS),
};
const struct reg reg_vtd_fsts = {
	"vtd.fsts", "Intel VT-d fault status register (offset 0x34)", 32, FSTS, fsts_fields, ARRAY_SIZE(fsts_fields)};

static void vtd_show_root(uint64_t raw, char *buf, size_t len)
{
	snprintf(buf, len, "root table at 0x%" PRIx64, raw << 12);
}

static const char *const vtd_ttm[] = {"legacy mode", "scalable mode", NULL, "abort-DMA mode"};

static const struct reg_field rtaddr_fields[] = {
	REG_BIT("SSIRWE", 7, "use of the I/O read and write bits of second-stage entries", RTADDR),
	REG_CHOICE("TTM", 11, 10, "translation table mode", vtd_ttm, RTADDR),
	REG_SHOW("RTA", 63, 12, "root table address", vtd_show_root, RTADDR),
};
const struct reg reg_vtd_rtaddr = {"vtd.rtaddr",
				   "Intel VT-d root table address register (offset 0x20)",
				   64,
				   RTADDR,
				   rtaddr_fields,
				   ARRAY_SIZE(rtaddr_fields)};
