/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of known differences, and how an entry is found. Read off Linux 7.3; seen in guests where the manual says so. */
#include "core/known.h"

#include <errno.h>
#include <stddef.h>

#define SIDE(p) (1u << IOMMU_##p)
#define T2 SIDE(TYPE1_V2)
#define T1 SIDE(TYPE1_V1)
#define FD SIDE(IOMMUFD)
#define C2 SIDE(COMPAT_V2)
#define C1 SIDE(COMPAT_V1)
#define TYPE1 (T2 | T1)
#define COMPAT (C2 | C1)

#define FIELD(f) (1u << FIELD_##f)
#define ANSWER FIELD(ERRNO)
/* an unmap or a map that is done on one side only, or by halves */
#define EFFECT (FIELD(ERRNO) | FIELD(MAPPED) | FIELD(UNMAPPED) | FIELD(LEFT) | FIELD(PINS))

#define CUTS (SHAPE_CUTS_FIRST | SHAPE_CUTS_LAST)
#define UNALIGNED (SHAPE_IOVA_UNALIGNED | SHAPE_SIZE_UNALIGNED)
#define NO_RANGE (SHAPE_EMPTY | SHAPE_WRAPS | SHAPE_MAX)
#define ON_MAP (1u << OP_MAP)
#define ON_UNMAP (1u << OP_UNMAP)

const struct known known_differences[] = {
	{
		.id = "unmap-partial",
		.a = T2,
		.b = FD | C2,
		.kinds = ON_UNMAP,
		.any = CUTS,
		.none = NO_RANGE | UNALIGNED,
		.err_a = EINVAL,
		.err_b = ENOENT,
		.fields = ANSWER,
		.what = "an unmap that would cut a mapping in two",
		.values = "EINVAL (type1 v2), ENOENT (iommufd, compat v2)",
		.why = "both refuse to split a mapping, with different names for it",
		.source = "drivers/vfio/vfio_iommu_type1.c vfio_dma_do_unmap(); drivers/iommu/iommufd/io_pagetable.c "
			  "iopt_unmap_iova_range()",
	},
	{
		.id = "unmap-partial-halfway",
		.a = T2,
		.b = FD | C2,
		.kinds = ON_UNMAP,
		.shape = SHAPE_WHOLE | SHAPE_CUTS_LAST,
		.none = NO_RANGE | UNALIGNED | SHAPE_CUTS_FIRST,
		.err_a = EINVAL,
		.err_b = ENOENT,
		.fields = EFFECT,
		.what = "the same, with whole mappings left of the one it would cut",
		.values = "nothing is removed (type1 v2), those on the left are gone (iommufd, compat v2)",
		.why = "type1 looks at both ends before it begins, iommufd removes from the left until it meets what "
		       "it "
		       "refuses, and tells no length",
		.source = "vfio_iommu_type1.c vfio_dma_do_unmap(); io_pagetable.c iopt_unmap_iova_range(); ioas.c "
			  "iommufd_ioas_unmap()",
	},
	{
		.id = "v1-unmap-partial",
		.a = T1,
		.b = T2,
		.kinds = ON_UNMAP,
		.any = CUTS,
		.none = NO_RANGE | UNALIGNED,
		.err_a = 0,
		.err_b = EINVAL,
		.fields = EFFECT,
		.what = "an unmap that would cut a mapping in two, under type1 v1",
		.values = "all of a mapping whose start it covers, nothing from one it begins inside of (v1), EINVAL "
			  "(v2)",
		.why = "v1 promises nothing about granularity: what it did long ago by accident it now does by rule",
		.source = "vfio_iommu_type1.c vfio_dma_do_unmap()",
	},
	{
		.id = "v1-unmap-partial-iommufd",
		.a = T1,
		.b = FD | C2,
		.kinds = ON_UNMAP,
		.any = CUTS,
		.none = NO_RANGE | UNALIGNED,
		.err_a = 0,
		.err_b = ENOENT,
		.fields = EFFECT,
		.what = "the same against iommufd and compat v2",
		.values = "success (v1), ENOENT (iommufd, compat v2)",
		.why = "v1 takes more or less than was asked for and says how much, iommufd refuses to split",
		.source = "vfio_iommu_type1.c vfio_dma_do_unmap(); io_pagetable.c iopt_unmap_iova_range()",
	},
	{
		.id = "v1-split",
		.a = T1,
		.b = C1,
		.kinds = ON_UNMAP,
		.any = CUTS,
		.none = NO_RANGE | UNALIGNED,
		.err_a = 0,
		.err_b = 0,
		.fields = EFFECT,
		.what = "v1 of type1 against v1 of compat, where an unmap cuts a mapping in two",
		.values = "the whole mapping or nothing (type1 v1), exactly the range (compat v1)",
		.why = "for v1 compat maps with the smallest pages only, so that it can cut areas at any page; type1 "
		       "no "
		       "longer leaves that to the IOMMU driver",
		.source = "drivers/iommu/iommufd/vfio_compat.c iommufd_vfio_unmap_dma(), iommufd_vfio_set_iommu(); "
			  "io_pagetable.c iopt_cut_iova(); vfio_iommu_type1.c vfio_dma_do_unmap()",
	},
	{
		.id = "v1-split-v2",
		.a = C1,
		.b = T2,
		.kinds = ON_UNMAP,
		.any = CUTS,
		.none = NO_RANGE | UNALIGNED,
		.err_a = 0,
		.err_b = EINVAL,
		.fields = EFFECT,
		.what = "compat v1 against type1 v2, where an unmap cuts a mapping in two",
		.values = "exactly the range (compat v1), EINVAL (type1 v2)",
		.why = "compat v1 cuts areas at any page, type1 v2 splits nothing",
		.source = "vfio_compat.c iommufd_vfio_unmap_dma(); vfio_iommu_type1.c vfio_dma_do_unmap()",
	},
	{
		.id = "v1-split-iommufd",
		.a = C1,
		.b = FD | C2,
		.kinds = ON_UNMAP,
		.any = CUTS,
		.none = NO_RANGE | UNALIGNED,
		.err_a = 0,
		.err_b = ENOENT,
		.fields = EFFECT,
		.what = "compat v1 against iommufd and compat v2, where an unmap cuts a mapping in two",
		.values = "exactly the range (compat v1), ENOENT (iommufd, compat v2)",
		.why = "only v1 has areas cut before the unmap",
		.source = "vfio_compat.c iommufd_vfio_unmap_dma(); io_pagetable.c iopt_cut_iova()",
	},
	{
		.id = "unmap-hole",
		.a = TYPE1 | COMPAT,
		.b = FD,
		.kinds = ON_UNMAP,
		.shape = SHAPE_NOTHING,
		.none = NO_RANGE,
		.err_a = 0,
		.err_b = ENOENT,
		.fields = ANSWER,
		.what = "an unmap of a range in which nothing is mapped",
		.values = "success with 0 bytes (type1, compat), ENOENT (iommufd)",
		.why = "only iommufd's own ioctl takes no byte removed for an error",
		.source = "drivers/iommu/iommufd/ioas.c iommufd_ioas_unmap(); vfio_compat.c iommufd_vfio_unmap_dma()",
	},
	{
		.id = "unmap-unaligned",
		.a = TYPE1,
		.b = FD | COMPAT,
		.kinds = ON_UNMAP,
		.any = UNALIGNED,
		.none = NO_RANGE,
		.err_a = EINVAL,
		.err_b = KNOWN_ANY,
		.fields = EFFECT,
		.what = "an unmap whose IOVA or size is no multiple of the smallest page",
		.values =
			"EINVAL (type1), as any range: success where it holds whole mappings or nothing, ENOENT where "
			"it cuts (iommufd, compat v2; v1 EINVAL)",
		.why = "type1 looks at the alignment, iommufd only at whether the range is a superset of mappings",
		.source = "vfio_iommu_type1.c vfio_dma_do_unmap(); io_pagetable.c iopt_unmap_iova(), "
			  "iopt_unmap_iova_range()",
	},
	{
		.id = "v1-split-unaligned",
		.a = C1,
		.b = FD | C2,
		.kinds = ON_UNMAP,
		.shape = 0,
		.any = UNALIGNED,
		.none = NO_RANGE,
		.err_a = EINVAL,
		.err_b = ENOENT,
		.fields = EFFECT,
		.what = "compat v1 against iommufd and compat v2, where an unaligned unmap cuts a mapping",
		.values = "EINVAL (compat v1), ENOENT (iommufd, compat v2)",
		.why = "v1 tries to cut the area first, and that must be at a page",
		.source = "io_pagetable.c iopt_area_split()",
	},
	{
		.id = "unmap-wrap-unaligned",
		.a = TYPE1,
		.b = FD | COMPAT,
		.kinds = ON_UNMAP,
		.shape = SHAPE_WRAPS,
		.any = UNALIGNED,
		.err_a = EINVAL,
		.err_b = EOVERFLOW,
		.fields = ANSWER,
		.what = "an unmap that wraps at 2^64 and is not aligned either",
		.values = "EINVAL (type1), EOVERFLOW (iommufd, compat)",
		.why = "type1 looks at the alignment first, iommufd not at all",
		.source = "vfio_iommu_type1.c vfio_dma_do_unmap(); io_pagetable.c iopt_unmap_iova()",
	},
	{
		.id = "unmap-max",
		.a = TYPE1 | COMPAT,
		.b = FD,
		.kinds = ON_UNMAP,
		.shape = SHAPE_MAX,
		.err_a = KNOWN_ANY,
		.err_b = EOVERFLOW,
		.fields = EFFECT,
		.what = "an unmap with an IOVA or size of 2^64 - 1",
		.values = "as any other number: EINVAL (type1), EOVERFLOW, EINVAL or success (compat); EOVERFLOW "
			  "(iommufd)",
		.why = "iommufd's own ioctls refuse the number itself; that it cannot be aligned is type1's reason",
		.source = "ioas.c iommufd_ioas_unmap()",
	},
	{
		.id = "unmap-max-compat",
		.a = TYPE1,
		.b = COMPAT,
		.kinds = ON_UNMAP,
		.shape = SHAPE_MAX,
		.err_a = EINVAL,
		.err_b = KNOWN_ANY,
		.fields = EFFECT,
		.what = "the same, type1 against compat",
		.values = "EINVAL (type1), as any range (compat)",
		.why = "the number is not aligned, which compat does not ask for",
		.source = "vfio_iommu_type1.c vfio_dma_do_unmap(); vfio_compat.c iommufd_vfio_unmap_dma()",
	},
	{
		.id = "unmap-max-all",
		.a = TYPE1,
		.b = FD,
		.kinds = ON_UNMAP,
		.shape = SHAPE_MAX,
		.err_a = EINVAL,
		.err_b = 0,
		.fields = EFFECT,
		.what = "an unmap of 2^64 - 1 bytes from IOVA 0",
		.values = "EINVAL (type1), everything (iommufd)",
		.why = "this range is how iommufd's ioctl is told to remove everything",
		.source = "ioas.c iommufd_ioas_unmap(); Documentation/userspace-api/iommufd.rst",
	},
	{
		.id = "map-max",
		.a = TYPE1 | COMPAT,
		.b = FD,
		.kinds = ON_MAP,
		.shape = SHAPE_MAX,
		.err_a = EINVAL,
		.err_b = EOVERFLOW,
		.fields = ANSWER,
		.what = "a map with an IOVA or size of 2^64 - 1",
		.values = "EINVAL for what else is wrong with it (compat; type1 with size 0), EOVERFLOW (iommufd)",
		.why = "iommufd's own ioctl refuses the number before it looks at anything else",
		.source = "ioas.c iommufd_ioas_map()",
	},
	{
		.id = "map-wrap-unaligned",
		.a = TYPE1,
		.b = FD | COMPAT,
		.kinds = ON_MAP,
		.any = UNALIGNED | SHAPE_EMPTY,
		.err_a = EOVERFLOW,
		.err_b = EINVAL,
		.fields = ANSWER,
		.what = "a map that wraps at 2^64 and is not aligned either",
		.values = "EOVERFLOW (type1), EINVAL (iommufd, compat)",
		.why = "type1 looks for the overflow first, iommufd for the alignment",
		.source = "vfio_iommu_type1.c vfio_dma_do_map(); io_pagetable.c iopt_alloc_area_pages(), "
			  "iopt_check_iova()",
	},
	{
		.id = "map-overlap-outside",
		.a = TYPE1,
		.b = FD | COMPAT,
		.kinds = ON_MAP,
		.shape = SHAPE_OUTSIDE,
		.any = CUTS | SHAPE_WHOLE,
		.err_a = EEXIST,
		.err_b = EINVAL,
		.fields = ANSWER,
		.what = "a map that overlaps a mapping and leaves the aperture",
		.values = "EEXIST (type1), EINVAL (iommufd, compat)",
		.why = "the two reasons are looked for in different order",
		.source = "vfio_iommu_type1.c vfio_dma_do_map(); io_pagetable.c iopt_check_iova()",
	},
	{
		.id = "map-overlap-va",
		.a = TYPE1,
		.b = FD | COMPAT,
		.kinds = ON_MAP,
		.shape = SHAPE_VA_UNALIGNED,
		.any = CUTS | SHAPE_WHOLE,
		.err_a = EINVAL,
		.err_b = EEXIST,
		.fields = ANSWER,
		.what = "a map that overlaps a mapping, of memory whose address is not aligned",
		.values = "EINVAL (type1), EEXIST (iommufd, compat)",
		.why = "type1 looks at the address of the memory first, iommufd last",
		.source = "vfio_iommu_type1.c vfio_dma_do_map(); io_pagetable.c iopt_check_iova(), iopt_insert_area()",
	},
	{
		.id = "map-no-prot",
		.a = TYPE1 | FD,
		.b = COMPAT,
		.kinds = ON_MAP,
		.shape = SHAPE_NO_PROT,
		.none = SHAPE_FLAGS,
		.err_a = EINVAL,
		.err_b = KNOWN_ANY,
		.fields = EFFECT,
		.what = "a map that lets the device neither read nor write",
		.values = "EINVAL before anything else (type1, iommufd); whatever else is wrong with it, and then what "
			  "the "
			  "page table says: EINVAL, on generic page tables with a WARNING (compat)",
		.why = "the compat ioctl does not ask that READ or WRITE be set",
		.source = "vfio_compat.c iommufd_vfio_map_dma(); drivers/iommu/generic_pt/iommu_pt.h map_range()",
	},
	{
		.id = "map-limit",
		.a = TYPE1,
		.b = FD | COMPAT,
		.kinds = ON_MAP,
		.shape = SHAPE_FULL,
		.err_a = ENOSPC,
		.err_b = KNOWN_ANY,
		.fields = EFFECT,
		.what = "a map beyond type1's limit on the number of mappings",
		.values = "ENOSPC (type1), none (iommufd, compat)",
		.why = "the module parameter dma_entry_limit is type1's, iommufd counts its memory against the cgroup",
		.source = "vfio_iommu_type1.c vfio_dma_do_map(); vfio_compat.c iommufd_fill_cap_dma_avail()",
	},
	{
		.id = "map-memlock",
		.a = TYPE1,
		.b = FD | COMPAT,
		.kinds = ON_MAP,
		.shape = SHAPE_LIMITED,
		.err_a = 0,
		.err_b = ENOMEM,
		.fields = EFFECT,
		.what = "a map by a process without CAP_IPC_LOCK whose user has pages pinned in other processes",
		.values = "success (type1), ENOMEM (iommufd, compat on /dev/iommu)",
		.why = "RLIMIT_MEMLOCK is held against what the process has locked (type1), or against what all "
		       "processes of the "
		       "user have pinned (/dev/iommu)",
		.source = "vfio_iommu_type1.c vfio_lock_acct(); drivers/iommu/iommufd/pages.c incr_user_locked_vm(); "
			  "main.c "
			  "iommufd_fops_open()",
	},
	{
		.id = "map-flags",
		.a = TYPE1 | COMPAT,
		.b = FD,
		.kinds = ON_MAP,
		.shape = SHAPE_FLAGS,
		.err_a = KNOWN_ANY,
		.err_b = KNOWN_ANY,
		.fields = EFFECT,
		.what = "a map with further bits in the flags",
		.values = "EINVAL where they mean nothing (type1, compat), EOPNOTSUPP (iommufd)",
		.why = "the two ioctls have flags of their own, and their own answer to those they do not know",
		.source = "vfio_iommu_type1.c vfio_iommu_type1_map_dma(); ioas.c iommufd_ioas_map(); "
			  "include/uapi/linux/vfio.h, "
			  "iommufd.h",
	},
	{
		.id = "map-flag-vaddr",
		.a = TYPE1,
		.b = COMPAT,
		.kinds = ON_MAP,
		.shape = SHAPE_FLAGS | SHAPE_NO_PROT,
		.err_a = ENOENT,
		.err_b = EINVAL,
		.fields = ANSWER,
		.what = "a map with VFIO_DMA_MAP_FLAG_VADDR where nothing is mapped",
		.values = "ENOENT (type1), EINVAL (compat)",
		.why = "compat cannot renew the address of a mapping's memory and does not know the flag",
		.source = "vfio_iommu_type1.c vfio_dma_do_map(); vfio_compat.c iommufd_vfio_check_extension()",
	},
	{.id = NULL},
};

const char *trace_field_name(enum trace_field field)
{
	static const char *const names[] = {
		[FIELD_RAN] = "ran",
		[FIELD_SUPPORT] = "support",
		[FIELD_ERRNO] = "errno",
		[FIELD_RESULT] = "result",
		[FIELD_CLASS] = "class",
		[FIELD_IOVA] = "iova",
		[FIELD_MAPPED] = "mapped_bytes",
		[FIELD_UNMAPPED] = "unmapped_bytes",
		[FIELD_MOVED] = "bytes",
		[FIELD_CHECKED] = "checked_bytes",
		[FIELD_DIRTY] = "dirty_bytes",
		[FIELD_LEFT] = "mapped",
		[FIELD_PINS] = "pins",
		[FIELD_MEMORY] = "memory",
	};

	return names[field];
}

static bool known_answer_is(int want, int got)
{
	return want == KNOWN_ANY || want == got;
}

/* The pair in one direction. */
static bool known_pair(const struct known *k, const struct trace *a, int err_a, const struct trace *b, int err_b)
{
	return k->a >> a->personality & 1 && k->b >> b->personality & 1 && known_answer_is(k->err_a, err_a) &&
	       known_answer_is(k->err_b, err_b);
}

const struct known *known_find(const struct trace *a, const struct trace_row *x, const struct trace *b,
			       const struct trace_row *y, enum trace_field field)
{
	uint32_t shape = x->facts.shape | y->facts.shape;

	for (const struct known *k = known_differences; k->id; k++) {
		if (!(k->fields >> field & 1) || !(k->kinds >> x->facts.kind & 1))
			continue;
		if ((shape & k->shape) != k->shape || (k->any && !(shape & k->any)) || shape & k->none)
			continue;
		if (known_pair(k, a, x->err, b, y->err) || known_pair(k, b, y->err, a, x->err))
			return k;
	}
	return NULL;
}
