/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why the kernel refused a map or an unmap: one errno means many things, and the caps and the ledger tell which. */
#include "iommu/explain.h"

#include <errno.h>
#include <stdio.h>

#include "host/self.h"
#include "iommu/backend.h"
#include "iommu/ledger.h"

typedef unsigned long long ull;

/* "0x0-0xfedfffff, 0xfef00000-0x7fffffffff", as many as fit. */
static const char *explain_ranges(const struct iommu_caps *caps, char *buf, size_t len)
{
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < caps->nr_ranges; i++) {
		int n = snprintf(buf + at, len - at, "%s0x%llx-0x%llx", i ? ", " : "", (ull)caps->ranges[i].start,
				 (ull)caps->ranges[i].last);
		if (n < 0 || (size_t)n >= len - at) {
			buf[at] = '\0';
			break;
		}
		at += (size_t)n;
	}
	return buf;
}

static bool explain_in_aperture(const struct iommu_caps *caps, struct iova_range r)
{
	for (unsigned int i = 0; i < caps->nr_ranges; i++)
		if (iova_range_contains(caps->ranges[i], r))
			return true;
	return !caps->ranges_known;
}

/* The parts of EINVAL that map and unmap share. True when a hint was given. */
static bool explain_shape(const struct iommu_caps *caps, iova_t iova, uint64_t size, uint64_t other, struct fail *f)
{
	uint64_t granule = caps_granule(caps), last;

	if (size == 0) {
		fail_hint(f, "give a size of at least 0x%llx", (ull)granule);
		return true;
	}
	if (__builtin_add_overflow(iova, size - 1, &last)) {
		fail_hint(f, "iova + size goes past 2^64: choose a lower iova or a smaller size");
		return true;
	}
	if (!IS_ALIGNED(iova | size | other, granule)) {
		fail_hint(f, "iova, size and memory must be multiples of 0x%llx, the smallest page of this IOMMU",
			  (ull)granule);
		return true;
	}
	return false;
}

static void explain_map_einval(const struct iommu *iommu, const struct iommu_map_req *req, struct fail *f)
{
	const struct iommu_caps *caps = &iommu->caps;
	struct iova_range r = {req->iova, req->iova + req->size - 1};
	char text[256];

	if (explain_shape(caps, req->iova, req->size, (uintptr_t)req->va, f))
		return;
	for (unsigned int i = 0; i < caps->nr_reserved; i++) {
		if (!iova_range_overlaps(caps->reserved[i], r))
			continue;
		fail_hint(f,
			  "0x%llx-0x%llx is reserved on this IOMMU (MSI window, firmware or hardware): choose an iova "
			  "outside",
			  (ull)caps->reserved[i].start, (ull)caps->reserved[i].last);
		return;
	}
	if (!explain_in_aperture(caps, r))
		fail_hint(f, "this IOMMU takes iovas in %s", explain_ranges(caps, text, sizeof(text)));
	else if (!(req->prot & IOMMU_PROT_RW))
		fail_hint(f, "a mapping needs read, write or both");
	else if (!caps->ranges_known && iova_range_overlaps(r, (struct iova_range){0xfee00000, 0xfeefffff}))
		fail_hint(f, "0xfee00000-0xfeefffff is the MSI window of x86: choose an iova outside");
	else if (!caps->ranges_known)
		fail_hint(f, "this kernel does not tell the IOMMU's aperture: try an iova below 2^39");
}

/*
 * type1 holds the limit against what the process has locked, iommufd against what all processes of the user have pinned,
 * unless it was told otherwise.
 */
static bool explain_is_per_user(struct iommu *iommu)
{
	uint64_t mode = 0;

	if (iommu->personality == IOMMU_TYPE1_V2 || iommu->personality == IOMMU_TYPE1_V1)
		return false;
	return iommu_option_get(iommu, IOMMU_OPTION_RLIMIT_MODE, &mode, NULL) || mode == 0;
}

static void explain_map_enomem(struct iommu *iommu, const struct iommu_map_req *req, struct fail *f)
{
	struct fail limit = {0};

	if (self_memlock_is_lowered())
		fail_hint(f, "`limits memlock back` lifts the limit that was set");
	else if (self_memlock_raise(req->size, &limit))
		fail_hint(f, "%s", limit.hint);
	else if (explain_is_per_user(iommu) && self_memlock_is_limited())
		fail_hint(f,
			  "/dev/iommu counts what all processes of this user have pinned: end others, or as root: "
			  "prlimit "
			  "--memlock=unlimited --pid %d",
			  (int)getppid());
}

static void explain_map_eexist(const struct iommu *iommu, const struct iommu_map_req *req, struct fail *f)
{
	struct ledger_entry e;
	uint64_t last;

	if (req->size == 0 || __builtin_add_overflow(req->iova, req->size - 1, &last))
		return;
	if (ledger_find(iommu->ledger, (struct iova_range){req->iova, last}, &e))
		fail_hint(f, "0x%llx-0x%llx is mapped already%s%s: unmap it first or choose another iova",
			  (ull)e.range.start, (ull)e.range.last, e.tag[0] ? " as " : "", e.tag);
	else
		fail_hint(f, "the kernel says it is mapped already, this process did not map it");
}

static void explain_map_enospc(struct iommu *iommu, const struct iommu_map_req *req, struct fail *f)
{
	uint32_t left;

	if (req->kernel_iova)
		fail_hint(f, "no stretch of this size is free where the kernel may choose: unmap some, or map less");
	else if (iommu_avail(iommu, &left))
		fail_hint(f, "the number of mappings may be limited: unmap some");
	else if (left == 0)
		fail_hint(f,
			  "all %llu mappings that vfio_iommu_type1's dma_entry_limit allows are made: unmap some, or "
			  "raise it",
			  (ull)ledger_count(iommu->ledger));
	else
		fail_hint(f, "%u more mappings are allowed, so something else is full", left);
}

int explain_map(struct iommu *iommu, const struct iommu_map_req *req, int err, struct fail *f)
{
	if (!f)
		return err;
	if (req->kernel_iova)
		fail_set(f, err, "cannot map 0x%llx bytes at an iova of the kernel's choice", (ull)req->size);
	else
		fail_set(f, err, "cannot map 0x%llx bytes at iova 0x%llx", (ull)req->size, (ull)req->iova);
	switch (-err) {
	case EINVAL:
	case EOVERFLOW:
		explain_map_einval(iommu, req, f);
		break;
	case EEXIST:
		explain_map_eexist(iommu, req, f);
		break;
	case ENOMEM:
		if (!iommu->caps.simulated)
			explain_map_enomem(iommu, req, f);
		break;
	case ENOSPC:
		explain_map_enospc(iommu, req, f);
		break;
	case EFAULT:
		fail_hint(f, "the memory cannot be pinned with this access: it is not there, or not writable");
		break;
	case EOPNOTSUPP:
		if (req->kernel_iova)
			fail_hint(f, "this backend does not choose: name an iova");
		break;
	default:
		break;
	}
	return err;
}

/* True where something is mapped in the range that the interface does not take away in part. */
static bool explain_whole(const struct iommu *iommu, iova_t iova, uint64_t size, struct fail *f)
{
	struct ledger_entry e;

	if (!ledger_find(iommu->ledger, (struct iova_range){iova, iova + size - 1}, &e))
		return false;
	fail_hint(f, "a mapping is removed whole or not at all; here is 0x%llx-0x%llx", (ull)e.range.start,
		  (ull)e.range.last);
	return true;
}

int explain_unmap(const struct iommu *iommu, iova_t iova, uint64_t size, int err, struct fail *f)
{
	if (!f)
		return err;
	fail_set(f, err, "cannot unmap 0x%llx bytes at iova 0x%llx", (ull)size, (ull)iova);
	if (err == -EINVAL || err == -EOVERFLOW) {
		if (!explain_shape(&iommu->caps, iova, size, 0, f))
			explain_whole(iommu, iova, size, f);
	} else if (err == -ENOENT) {
		/* type1 does not call it an error, and says EINVAL for a part */
		if (!explain_whole(iommu, iova, size, f))
			fail_hint(f, "nothing is mapped there");
	} else if (err == -EBUSY) {
		fail_hint(f, "somebody else maps or unmaps there at this moment, or hardware holds it");
	}
	return err;
}
