/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases of `dirty verify`: what must be refused, or survived. What each kernel interface answers:
 *   iommu   drivers/iommu/iommufd: iommufd_check_iova_range(), iommufd_hwpt_get_dirty_bitmap(), iommufd_hwpt_set_dirty_tracking()
 *   type1   vfio_iommu_type1.c: vfio_iommu_type1_dirty_pages(), verify_bitmap_size(), vfio_iova_dirty_bitmap()
 *   device  vfio_main.c: vfio_ioctl_device_feature_logging_start(), _report(); past its checks the device's driver is asked
 * A read that was refused has cleared no bit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/verify/some.h"
#include "iommu/objects.h"

#define LIE_GRAINS 16
#define LIE_WRITES 6
#define LIE_FLAG (1u << 30) /* none that any of the interfaces has */
#define LIE_ROOM KiB(64)    /* bytes of the bitmap, more than any of the lies may ask for */

/* Among the answers: no error, and no bit. */
#define LIE_FINE -1

struct lie {
	const char *what;
	void (*make)(const struct verify *v, const struct verify_area *area, struct dirty_read *req);
	int want[DIRTY_SOURCES][2]; /* positive errno or LIE_FINE; 0, 0: not asked there */
};

static void lie_zero_pages(const struct verify *v, const struct verify_area *area, struct dirty_read *req)
{
	req->page_size = 0;
}

static void lie_large_pages(const struct verify *v, const struct verify_area *area, struct dirty_read *req)
{
	req->page_size = req->length * 2;
}

static void lie_other_pages(const struct verify *v, const struct verify_area *area, struct dirty_read *req)
{
	req->page_size = v->unit * 2;
}

static void lie_odd_pages(const struct verify *v, const struct verify_area *area, struct dirty_read *req)
{
	req->page_size = 3000;
	/* what is taken for bits of other pages is not to be lost for those that were meant */
	req->keep = v->caps.can_keep;
}

static void lie_iova(const struct verify *v, const struct verify_area *area, struct dirty_read *req)
{
	req->iova += v->unit / 2;
	req->length -= v->unit;
}

static void lie_length(const struct verify *v, const struct verify_area *area, struct dirty_read *req)
{
	req->length -= v->unit / 2;
}

static void lie_empty(const struct verify *v, const struct verify_area *area, struct dirty_read *req)
{
	req->length = 0;
}

static void lie_wrap(const struct verify *v, const struct verify_area *area, struct dirty_read *req)
{
	uint64_t grain = verify_small(v);

	req->iova = -grain;
	req->length = 2 * grain;
}

static void lie_cut(const struct verify *v, const struct verify_area *area, struct dirty_read *req)
{
	req->length -= verify_small(v);
}

static void lie_short(const struct verify *v, const struct verify_area *area, struct dirty_read *req)
{
	req->bytes = 1;
}

static void lie_flag(const struct verify *v, const struct verify_area *area, struct dirty_read *req)
{
	req->flags = LIE_FLAG;
}

static const struct lie lie_page_sizes[] = {
	{"page size 0", lie_zero_pages, {{EINVAL}, {EINVAL}, {EINVAL}}},
	{"a page size larger than the range", lie_large_pages, {{EINVAL}, {EINVAL}, {0}}},
	{"a page size that is not the smallest", lie_other_pages, {{0}, {EINVAL}, {0}}},
	{0},
};

static const struct lie lie_ranges[] = {
	{"an iova in the middle of a page", lie_iova, {{EINVAL}, {EINVAL}, {0}}},
	{"a length of half a page too few", lie_length, {{EINVAL}, {EINVAL}, {0}}},
	{"length 0", lie_empty, {{EINVAL}, {EINVAL}, {0}}},
	/* type1 of older kernels, 6.1 and 6.12, answers EINVAL */
	{"a range that wraps around", lie_wrap, {{EOVERFLOW}, {EOVERFLOW, EINVAL}, {EOVERFLOW}}},
	{"a range that cuts a mapping", lie_cut, {{0}, {EINVAL}, {0}}},
	{"a bitmap of one byte for all of them", lie_short, {{0}, {EINVAL}, {0}}},
	{0},
};

static const struct lie lie_flags[] = {
	{"an unknown flag", lie_flag, {{EOPNOTSUPP}, {EINVAL}, {EINVAL}}},
	{0},
};

/* iova_bitmap_alloc() takes the lowest bit for a page size, and reads on. */
static const struct lie lie_odd[] = {
	{"a page size of 3000", lie_odd_pages, {{EINVAL}, {EINVAL}, {EINVAL}}},
	{0},
};

static const char *lie_word(int err)
{
	return err == LIE_FINE ? "no error and no bit" : err ? strerror(abs(err)) : "no error";
}

static bool lie_has_bits(const unsigned char *bits)
{
	return bits[0] || memcmp(bits, bits + 1, LIE_ROOM - 1) != 0;
}

static void lie_judge(struct verify *v, const struct lie *lie, int answer, const unsigned char *bits)
{
	const int *want = lie->want[v->at.source];
	bool fine = !answer && !lie_has_bits(bits);

	for (unsigned int i = 0; i < ARRAY_SIZE(lie->want[0]); i++)
		if (want[i] && (answer ? want[i] == -answer : want[i] == LIE_FINE && fine))
			return;
	verify_fail(v, "%s: answered with %s%s, where %s is due", lie->what, lie_word(answer),
		    !answer && !fine ? " and with bits" : "", lie_word(want[0]));
}

static int lie_tell(struct verify *v, const struct verify_area *area, const struct lie *lie, struct fail *f)
{
	unsigned char *bits = calloc(1, LIE_ROOM);
	struct dirty_read req = {
		.iova = area->iova, .length = area->size, .page_size = v->unit, .bits = bits, .bytes = LIE_ROOM};

	if (!bits)
		return fail_set(f, ENOMEM, "a bitmap");
	lie->make(v, area, &req);
	lie_judge(v, lie, iommu_dirty_read(&v->at, &req, NULL), bits);
	free(bits);
	return 0;
}

/* Writes, the lies, and then the bits of those writes. */
static int lie_all(struct verify *v, const struct lie *lie, struct fail *f)
{
	struct verify_area *area;
	int err = verify_some(v, LIE_GRAINS, &area, f);

	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = verify_scatter(v, area, LIE_WRITES, false, f);
	for (; lie->what && !err; lie++)
		if (lie->want[v->at.source][0])
			err = lie_tell(v, area, lie, f);
	return err ? err : verify_hold_all(v, area, false, "the read after others that had to be refused", f);
}

static int lie_run_page_sizes(struct verify *v, struct fail *f)
{
	return lie_all(v, lie_page_sizes, f);
}

static int lie_run_ranges(struct verify *v, struct fail *f)
{
	return lie_all(v, lie_ranges, f);
}

static int lie_run_odd(struct verify *v, struct fail *f)
{
	return lie_all(v, lie_odd, f);
}

static int lie_run_flags(struct verify *v, struct fail *f)
{
	int want = v->at.source == DIRTY_IOMMU ? -EOPNOTSUPP : -EINVAL, answer;
	struct dirty_start req = {.flags = LIE_FLAG, .page_size = v->unit};
	int err = lie_all(v, lie_flags, f);

	if (err)
		return err;
	answer = iommu_dirty_start(&v->at, &req, NULL);
	if (answer != want)
		verify_fail(v, "a start with an unknown flag: answered with %s, where %s is due", lie_word(answer),
			    lie_word(want));
	return 0;
}

/* Where nothing is mapped any more. Linux 7.3 drops the error that iopt_area_contig_done() leads to: no bit, and none is due. */
static int lie_run_unmapped(struct verify *v, struct fail *f)
{
	static const struct lie lie = {
		"a range outside of everything mapped",
		NULL,
		{{EINVAL, LIE_FINE}, {LIE_FINE}, {0}},
	};
	unsigned char bits[LIE_ROOM] = {0};
	struct dirty_read req = {.page_size = v->unit, .bits = bits, .bytes = sizeof(bits)};
	struct verify_area *area;
	int err = verify_some(v, LIE_GRAINS, &area, f), answer;

	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = verify_scatter(v, area, LIE_WRITES, false, f);
	if (err)
		return err;
	req.iova = area->iova;
	req.length = area->size;
	err = verify_unmap(v, area, f);
	if (err)
		return err;
	answer = iommu_dirty_read(&v->at, &req, NULL);
	lie_judge(v, &lie, answer, bits);
	verify_note(v, "a read where nothing is mapped answers %s", lie_word(answer));
	return 0;
}

static bool lie_can_table(struct verify *v, const char **why)
{
	if (!v->caps.needs_table)
		*why = "tracking is of the whole space here, not of a page table that was made for it";
	return v->caps.needs_table;
}

static int lie_run_table(struct verify *v, struct fail *f)
{
	const struct iommu_hwpt_req hwpt = {.idev = session_device(v->s), .parent = iommu_space_id(v->at.iommu)};
	struct dirty_at at = v->at;
	struct dirty_start start = {0};
	uint64_t bits = 0;
	struct dirty_read req = {.length = v->unit, .page_size = v->unit, .bits = &bits, .bytes = sizeof(bits)};
	int err = iommu_hwpt_new(v->at.iommu, &hwpt, &at.table, f), answer;

	if (err)
		return err;
	answer = iommu_dirty_start(&at, &start, NULL);
	if (answer != -EOPNOTSUPP)
		verify_fail(v, "starting on a page table that was not made for tracking answers %s", lie_word(answer));
	req.iova = iommu_caps(at.iommu)->nr_ranges ? iommu_caps(at.iommu)->ranges[0].start : 0;
	req.iova = ALIGN_UP(req.iova, v->unit);
	answer = iommu_dirty_read(&at, &req, NULL);
	if (answer != -EOPNOTSUPP)
		verify_fail(v, "reading from a page table that was not made for tracking answers %s", lie_word(answer));
	return iommu_object_destroy(v->at.iommu, at.table, f);
}

static bool lie_can_largest(struct verify *v, const char **why)
{
	bool can = v->caps.max_bitmap && v->at.source == DIRTY_TYPE1;

	if (!can)
		*why = "no limit to a bitmap is known here";
	return can;
}

/* DIRTY_BITMAP_SIZE_MAX. It is refused for its size, before anything is looked at. */
static int lie_run_largest(struct verify *v, struct fail *f)
{
	uint64_t bytes = v->caps.max_bitmap + 8;
	struct dirty_read req = {.length = bytes * 8 * v->unit, .page_size = v->unit, .bytes = bytes};
	struct verify_area *area;
	int err = verify_some(v, LIE_GRAINS, &area, f), answer;

	if (!err)
		err = verify_start(v, f);
	if (err)
		return err;
	req.bits = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (req.bits == MAP_FAILED)
		return fail_set(f, errno, "no room for a bitmap of 0x%llx bytes", (unsigned long long)bytes);
	answer = iommu_dirty_read(&v->at, &req, NULL);
	if (answer != -EINVAL)
		verify_fail(v, "a bitmap larger than the largest: answered with %s, where %s is due", lie_word(answer),
			    lie_word(EINVAL));
	munmap(req.bits, bytes);
	return 0;
}

/*
 * iova_bitmap_offset_to_index() divided by the bits of a byte, or of a word, times the page size, which is 0 in 64 bits for these: a divide error
 * (Linux from commit 58ccf0190d19 to cb30dfa75d55).
 */
static int lie_run_huge(struct verify *v, struct fail *f)
{
	static const unsigned int shifts[] = {63, 62, 61, 58};
	struct verify_area *area;
	int err = verify_some(v, LIE_GRAINS, &area, f);

	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = verify_scatter(v, area, LIE_WRITES, false, f);
	for (unsigned int i = 0; i < ARRAY_SIZE(shifts) && !err; i++) {
		uint64_t size = UINT64_C(1) << shifts[i], bits = 0;
		struct dirty_read req = {.length = size, .page_size = size, .bits = &bits, .bytes = sizeof(bits)};

		/* bits of what lies there by chance are neither lost nor wrong */
		if (area->iova < verify_small(v))
			break;
		req.keep = v->caps.can_keep;
		iommu_dirty_read(&v->at, &req, NULL);
	}
	return err ? err : verify_hold_all(v, area, false, "the read after some by pages that no IOMMU has", f);
}

const struct verify_case verify_lie_cases[] = {
	{.name = "lie-page-size",
	 .title = "page sizes that are none are refused",
	 .answers = true,
	 .run = lie_run_page_sizes},
	{.name = "lie-range", .title = "ranges that are none are refused", .answers = true, .run = lie_run_ranges},
	{.name = "lie-flags", .title = "unknown flags are refused", .answers = true, .run = lie_run_flags},
	{.name = "lie-unmapped",
	 .title = "where nothing is mapped there is no bit",
	 .can = verify_can_map,
	 .answers = true,
	 .run = lie_run_unmapped},
	{.name = "lie-table",
	 .title = "a page table that does not track says so",
	 .can = lie_can_table,
	 .answers = true,
	 .run = lie_run_table},
	{.name = "lie-bitmap-size",
	 .title = "a bitmap larger than the largest is refused",
	 .can = lie_can_largest,
	 .answers = true,
	 .run = lie_run_largest},
	{.name = "lie-page-size-huge",
	 .title = "page sizes up to 1<<63 do no harm",
	 .danger = VERIFY_CRASH,
	 .answers = true,
	 .run = lie_run_huge},
	{.name = "lie-page-size-odd",
	 .title = "a page size that is no power of two is refused",
	 .beyond = true,
	 .answers = true,
	 .run = lie_run_odd},
	{0},
};
