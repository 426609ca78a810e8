/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Known bugs of kernels that a user of IOMMUs meets, and which releases had them: findings by version only. */
#include <stdio.h>
#include <string.h>

#include "core/audit/priv.h"

/* What must be in use for the bug to matter. */
enum bug_part { PART_VTD, PART_AMD, PART_RISCV, PART_TYPE1, PART_IOMMUFD, PART_PAGE_TABLE };

#define V(x, y)                        \
	{                              \
		.major = x, .minor = y \
	}
#define EVER               \
	{                  \
		.major = 0 \
	} /* nobody has said since when */
#define P(x, y, z)                                 \
	{                                          \
		.major = x, .minor = y, .patch = z \
	}
#define RC(x, y, n)                             \
	{                                       \
		.major = x, .minor = y, .rc = n \
	}

/* Affected are releases in [from, fixed), but for those of a stable series from its own fix on. */
struct bug {
	const char *name;
	enum bug_part part;
	const char *effect;
	const char *reference;
	struct audit_version from, fixed;
	struct audit_version stable[2]; /* first fixed of a series; major 0: none known */
};

/* Commit numbers are the fix's in the kernel's main tree. */
static const struct bug bugs[] = {
	{"vtd-unmap-leaves-entries",
	 PART_VTD,
	 "large unmaps without superpages leave entries behind: the device still reaches the memory",
	 "commit 86dc40c7ea9c",
	 V(5, 15),
	 V(5, 16),
	 {V(0, 0)}},
	{"vtd-flush-mask",
	 PART_VTD,
	 "the invalidation of ranges that are not aligned to their size is too short: old translations stay in use",
	 "commit 59bf3557cf2f",
	 EVER,
	 V(5, 18),
	 {V(0, 0)}},
	{"vtd-slow-map",
	 PART_VTD,
	 "maps of many pages take several times as long as they need",
	 "commit 9906b9352a35",
	 EVER,
	 V(5, 16),
	 {V(0, 0)}},
	{"type1-last-page",
	 PART_AMD,
	 "an unmap of the last page of a 64-bit address space does nothing, and its memory stays pinned",
	 "commit 6012379ede6a",
	 EVER,
	 RC(6, 18, 4),
	 {V(0, 0)}},
	{"type1-zero-page-pins",
	 PART_TYPE1,
	 "read-only maps of untouched memory leak references to the zero page",
	 "commit 873aefb376bb",
	 EVER,
	 V(6, 0),
	 {V(0, 0)}},
	{"type1-unlimited-maps",
	 PART_TYPE1,
	 "maps of device memory are not counted: a user can exhaust the kernel's memory",
	 "CVE-2019-3882",
	 EVER,
	 V(5, 1),
	 {V(0, 0)}},
	{"type1-locked-underflow",
	 PART_TYPE1,
	 "the count of locked memory underflows across exec: later maps fail with ENOMEM",
	 "commit 046eca5018f8",
	 EVER,
	 V(6, 3),
	 {V(0, 0)}},
	{"type1-pin-stall",
	 PART_TYPE1,
	 "pinning one huge range without large pages stalls a processor",
	 "commit b1779e4f209c",
	 EVER,
	 V(6, 17),
	 {V(0, 0)}},
	{"dirty-bitmap-set-ahead",
	 PART_IOMMUFD,
	 "dirty bits of a large page that straddles a 64 GiB border are lost, where more than that is tracked",
	 "commit 2780025e01e2",
	 V(6, 7),
	 V(6, 8),
	 {V(0, 0)}},
	{"dirty-bitmap-bounds",
	 PART_IOMMUFD,
	 "dirty bits are wrong for bitmaps that are not aligned, and memory beside the bitmap is accessed",
	 "commits a4ab7dedaee0, d18411ec3057, 4bbcbc6ea2fa",
	 V(6, 1),
	 V(6, 8),
	 {V(0, 0)}},
	{"dirty-page-size-overflow",
	 PART_IOMMUFD,
	 "a dirty bitmap asked for with page size 2^63 makes the kernel divide by zero",
	 "commit cb30dfa75d55",
	 V(6, 7),
	 V(6, 18),
	 {V(0, 0)}},
	{"vtd-nested-dirty",
	 PART_VTD,
	 "writes of devices in nested translation are missing from the dirty bitmap",
	 "commits f1e1610950ea, 821985301124",
	 V(6, 7),
	 V(6, 8),
	 {V(0, 0)}},
	{"iommufd-iova-wrap",
	 PART_IOMMUFD,
	 "an IOVA that the kernel chooses near the end of the address space wraps around",
	 "CVE-2025-38688",
	 V(6, 2),
	 V(6, 17),
	 {P(6, 16, 2)}},
	{"iommufd-unpin-overrun",
	 PART_IOMMUFD,
	 "pages are released twice when a domain goes while an access holds them",
	 "CVE-2023-53630",
	 V(6, 2),
	 V(6, 3),
	 {P(6, 2, 11)}},
	{"iommufd-batch-carry",
	 PART_IOMMUFD,
	 "pinned pages are miscounted for memory in pieces of different size",
	 "commit 13a0d1ae7ee6",
	 V(6, 2),
	 V(6, 3),
	 {V(0, 0)}},
	{"iommufd-area-split",
	 PART_IOMMUFD,
	 "an unmap that cuts a mapping in two leaves a dangling pointer",
	 "commit e7250ab7ca49",
	 V(6, 2),
	 V(6, 7),
	 {V(0, 0)}},
	{"iommufd-double-attach",
	 PART_IOMMUFD,
	 "attaching to a page table twice corrupts a list",
	 "CVE-2023-54043",
	 V(6, 2),
	 V(6, 3),
	 {P(6, 2, 3)}},
	{"iommufd-destroy-race",
	 PART_IOMMUFD,
	 "destroying an object that another thread uses frees it under its hands",
	 "CVE-2023-53795",
	 V(6, 2),
	 V(6, 5),
	 {P(6, 4, 8)}},
	{"amd-level-race",
	 PART_AMD,
	 "a map that grows the page table while another thread unmaps makes the unmap fail",
	 "CVE-2025-39961",
	 V(5, 3),
	 V(6, 17),
	 {P(6, 16, 9)}},
	{"amd-large-page-at-zero",
	 PART_AMD,
	 "a large page at IOVA 0 is mapped wrongly",
	 "commit e3a682eaf2af",
	 EVER,
	 V(6, 13),
	 {V(0, 0)}},
	{"page-table-empty-flush",
	 PART_AMD,
	 "unmaps in a guest with an AMD IOMMU flush a wrong range",
	 "commit b48ca9206138",
	 V(6, 19),
	 V(7, 0),
	 {V(0, 0)}},
	{"page-table-short-flush",
	 PART_PAGE_TABLE,
	 "an unmap into the middle of a large entry flushes too little",
	 "CVE-2026-31735",
	 V(6, 19),
	 V(7, 0),
	 {P(6, 19, 12)}},
	{"riscv-stale-context",
	 PART_RISCV,
	 "attaching a device to another domain leaves the old one in the IOMMU's cache",
	 "CVE-2026-53057",
	 V(6, 13),
	 V(7, 1),
	 {P(7, 0, 10)}},
	{"vtd-pasid-replace",
	 PART_VTD,
	 "replacing a PASID's page table during DMA shows the device a torn entry",
	 "CVE-2026-45945",
	 V(6, 13),
	 V(7, 0),
	 {P(6, 18, 39), P(6, 19, 4)}},
};

static bool bugs_node(const struct audit *a, const char *path)
{
	for (unsigned int i = 0; i < a->m->nr_nodes; i++)
		if (strcmp(a->m->nodes[i].path, path) == 0)
			return true;
	return false;
}

static bool bug_part_is_used(const struct audit *a, enum bug_part part)
{
	const struct kernel_settings *k = &a->m->kernel;

	switch (part) {
	case PART_VTD:
		return audit_has_unit(a, UNIT_VTD);
	case PART_AMD:
		return audit_has_unit(a, UNIT_AMD);
	case PART_RISCV:
		return audit_has_unit(a, UNIT_RISCV);
	case PART_TYPE1:
		return kernel_param(k, "vfio_iommu_type1", "allow_unsafe_interrupts") || bugs_node(a, "/dev/vfio/vfio");
	case PART_IOMMUFD:
		return kernel_param(k, "iommufd", "allow_unsafe_interrupts") || bugs_node(a, "/dev/iommu");
	case PART_PAGE_TABLE:
		return audit_has_unit(a, UNIT_VTD) || audit_has_unit(a, UNIT_AMD);
	}
	return false;
}

enum bug_verdict { BUG_FIXED, BUG_AFFECTED, BUG_PERHAPS_BACKPORTED };

static enum bug_verdict bug_judge(const struct bug *bug, const struct audit_version *here)
{
	if (audit_version_compare(here, &bug->from, false) < 0 ||
	    audit_version_compare(here, &bug->fixed, here->patch_unknown) >= 0)
		return BUG_FIXED;
	for (size_t i = 0; i < ARRAY_SIZE(bug->stable) && bug->stable[i].major; i++)
		if (audit_version_compare(here, &bug->stable[i], true) == 0) {
			if (here->patch_unknown)
				return BUG_PERHAPS_BACKPORTED;
			return audit_version_compare(here, &bug->stable[i], false) >= 0 ? BUG_FIXED : BUG_AFFECTED;
		}
	/* updates of a series, and distributions, bring fixes of later versions */
	return here->distribution || here->patch ? BUG_PERHAPS_BACKPORTED : BUG_AFFECTED;
}

static void bug_versions(const struct bug *bug, char *buf, size_t len)
{
	size_t at = 0;

	if (bug->from.major)
		at = (size_t)snprintf(buf, len, "affected from %u.%u, ", bug->from.major, bug->from.minor);
	at += (size_t)snprintf(buf + at, len - at, "fixed in %u.%u", bug->fixed.major, bug->fixed.minor);

	if (bug->fixed.rc && at < len)
		at += (size_t)snprintf(buf + at, len - at, "-rc%d", bug->fixed.rc);
	for (size_t i = 0; i < ARRAY_SIZE(bug->stable) && bug->stable[i].major && at < len; i++)
		at += (size_t)snprintf(buf + at, len - at, " and %u.%u.%u", bug->stable[i].major, bug->stable[i].minor,
				       bug->stable[i].patch);
}

static void kernel_bug_check(struct audit *a)
{
	const char *release = a->m->kernel.release;
	char banner[256], versions[128];
	struct audit_version here;

	if (host_read_line(a->m->host, banner, sizeof(banner), "/proc/version"))
		banner[0] = '\0';
	if (!audit_version_parse(release, banner, &here)) {
		audit_unseen(a, "", "the kernel's release is not known%s%.60s", release[0] ? ": " : "", release);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(bugs); i++) {
		enum bug_verdict verdict = bug_part_is_used(a, bugs[i].part) ? bug_judge(&bugs[i], &here) : BUG_FIXED;

		if (verdict == BUG_FIXED)
			continue;
		audit_add(a, verdict == BUG_AFFECTED ? AUDIT_LOW : AUDIT_INFO, bugs[i].name, "by version only%s: %s",
			  verdict == BUG_AFFECTED ? "" : ", and unless the fix was backported", bugs[i].effect);
		bug_versions(&bugs[i], versions, sizeof(versions));
		audit_show(a, "/proc/sys/kernel/osrelease", "%s", release);
		if (strstr(banner, " Debian "))
			audit_show(a, "/proc/version", "%s", strstr(banner, " Debian ") + 1);
		audit_show(a, bugs[i].reference, "%s", versions);
	}
}

const struct audit_rule audit_kernel_bug = {
	.id = "kernel-bug",
	.severity = AUDIT_LOW,
	.title = "a kernel of an affected version",
	.explain = "The release is in the range of versions that had a known bug in the IOMMU drivers, VFIO or "
		   "iommufd, and that part is in use here. That is all that was looked at: nothing was tried. "
		   "Updates of a stable series and distributions bring fixes of later versions without showing it "
		   "in the release; where that may be so the finding is for information and says so. Debian's own "
		   "version is read from /proc/version, because its releases do not change with updates. The "
		   "subject names the bug, the evidence the fix. That a bug is not listed means nothing.",
	.advice = "update the kernel; whether the fix is in is in the distribution's changelog, by commit or CVE",
	.check = kernel_bug_check,
};
