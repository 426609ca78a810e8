/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommu/vfio_caps: what kernels of several ages answer, and what none should. Buffers are exact, for AddressSanitizer. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "iommu/vfio_abi.h"
#include "iommu/vfio_caps.h"

struct answer {
	uint8_t bytes[512];
	size_t len;
	uint32_t *link; /* where the next header's offset goes */
};

static void answer_begin(struct answer *a, uint32_t flags)
{
	struct ic_vfio_type1_info *head = (void *)a->bytes;

	memset(a, 0, sizeof(*a));
	*head = (struct ic_vfio_type1_info){.flags = flags, .iova_pgsizes = 0x40201000};
	a->len = sizeof(*head);
	a->link = &head->cap_offset;
}

static void answer_cap(struct answer *a, uint16_t id, const void *body, size_t len)
{
	struct ic_vfio_cap_header *h = (void *)(a->bytes + a->len);

	*a->link = (uint32_t)a->len;
	*h = (struct ic_vfio_cap_header){.id = id, .version = 1};
	memcpy(h + 1, body, len);
	a->link = &h->next;
	a->len += sizeof(*h) + ALIGN_UP(len, 8);
}

static void answer_ranges(struct answer *a, uint32_t claimed, uint32_t n)
{
	uint64_t body[1 + 2 * 16] = {claimed};

	for (uint32_t i = 0; i < n; i++) {
		body[1 + 2 * i] = 0x10000 * (uint64_t)(n - i); /* falling, to see them sorted */
		body[2 + 2 * i] = body[1 + 2 * i] + 0xffff;
	}
	answer_cap(a, IC_VFIO_CAP_IOVA_RANGE, body, 8 + 16 * (size_t)n);
}

/* Parses a copy of exactly @len bytes, so that one byte too far is seen. */
static int parse(const void *bytes, size_t len, struct type1_info *out)
{
	void *copy = malloc(len ? len : 1);
	int ret;

	memcpy(copy, bytes, len);
	ret = type1_parse_info(copy, len, out);
	free(copy);
	return ret;
}

static void test_old_kernels(void **state)
{
	struct type1_info info;
	struct answer a;

	answer_begin(&a, IC_VFIO_INFO_PGSIZES);
	assert_int_equal(parse(a.bytes, 16, &info), 0); /* 4.18 */
	assert_int_equal(info.page_sizes, 0x40201000);
	assert_false(info.has_ranges || info.has_migration || info.has_dma_avail);
	assert_int_equal(parse(a.bytes, 24, &info), 0);
	assert_int_equal(parse(a.bytes, 15, &info), -EINVAL);
	answer_begin(&a, 0);
	assert_int_equal(parse(a.bytes, 24, &info), 0);
	assert_int_equal(info.page_sizes, 0);
	/* an offset without the flag is not followed */
	answer_begin(&a, IC_VFIO_INFO_PGSIZES);
	*a.link = 0xfff0;
	assert_int_equal(parse(a.bytes, 24, &info), 0);
}

static void test_chain(void **state)
{
	struct ic_vfio_cap_migration migration = {.pgsize_bitmap = 0x1000, .max_dirty_bitmap_size = 0x10000000};
	uint32_t avail = 65535;
	struct type1_info info;
	struct answer a;

	answer_begin(&a, IC_VFIO_INFO_PGSIZES | IC_VFIO_INFO_CAPS);
	answer_cap(&a, IC_VFIO_CAP_MIGRATION, &migration, sizeof(migration));
	answer_cap(&a, 77, "a newer kernel's", 16);
	answer_cap(&a, IC_VFIO_CAP_DMA_AVAIL, &avail, sizeof(avail));
	answer_ranges(&a, 3, 3);
	assert_int_equal(parse(a.bytes, a.len, &info), 0);
	assert_true(info.has_ranges && info.has_migration && info.has_dma_avail);
	assert_int_equal(info.dma_avail, 65535);
	assert_int_equal(info.dirty_page_sizes, 0x1000);
	assert_int_equal(info.max_dirty_bitmap, 0x10000000);
	assert_int_equal(info.nr_ranges, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(info.ranges[i].start, 0x10000 * (i + 1));
		assert_int_equal(info.ranges[i].last, 0x10000 * (i + 1) + 0xffff);
	}
}

static void test_many_ranges(void **state)
{
	static uint64_t body[1 + 2 * 100] = {100};
	uint8_t bytes[24 + 8 + sizeof(body)];
	struct ic_vfio_type1_info head = {.flags = IC_VFIO_INFO_CAPS, .cap_offset = 24};
	struct ic_vfio_cap_header h = {.id = IC_VFIO_CAP_IOVA_RANGE, .version = 1};
	struct type1_info info;

	for (unsigned int i = 0; i < 100; i++)
		body[1 + 2 * i] = body[2 + 2 * i] = i;
	memcpy(bytes, &head, 24);
	memcpy(bytes + 24, &h, 8);
	memcpy(bytes + 32, body, sizeof(body));
	assert_int_equal(parse(bytes, sizeof(bytes), &info), 0);
	assert_int_equal(info.nr_ranges, IOMMU_MAX_RANGES);
}

static void test_malformed(void **state)
{
	static const uint32_t offsets[] = {1, 8, 23, 0x10000, UINT32_MAX, UINT32_MAX - 7};
	struct type1_info info;
	struct answer a;

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		answer_begin(&a, IC_VFIO_INFO_CAPS);
		*a.link = offsets[i];
		assert_int_equal(parse(a.bytes, a.len, &info), -EBADMSG);
	}
	/* a circle of one, and of two */
	answer_begin(&a, IC_VFIO_INFO_CAPS);
	answer_cap(&a, 77, "12345678", 8);
	*a.link = 24;
	assert_int_equal(parse(a.bytes, a.len, &info), -EBADMSG);
	answer_cap(&a, 78, "12345678", 8);
	*a.link = 24;
	assert_int_equal(parse(a.bytes, a.len, &info), -EBADMSG);
	/* more ranges than there are, by one and by far */
	answer_begin(&a, IC_VFIO_INFO_CAPS);
	answer_ranges(&a, 3, 2);
	assert_int_equal(parse(a.bytes, a.len, &info), -EBADMSG);
	answer_begin(&a, IC_VFIO_INFO_CAPS);
	answer_ranges(&a, UINT32_MAX, 2);
	assert_int_equal(parse(a.bytes, a.len, &info), -EBADMSG);
	/* a header at the very end, its body missing; a range that runs backwards */
	answer_begin(&a, IC_VFIO_INFO_CAPS);
	answer_cap(&a, IC_VFIO_CAP_DMA_AVAIL, "", 0);
	assert_int_equal(parse(a.bytes, a.len, &info), -EBADMSG);
	answer_begin(&a, IC_VFIO_INFO_CAPS);
	answer_cap(&a, IC_VFIO_CAP_IOVA_RANGE, (uint64_t[]){1, 5, 4}, 24);
	assert_int_equal(parse(a.bytes, a.len, &info), -EBADMSG);
}

/* Any bytes: it must return, within the buffer, with ranges that make sense. */
static void test_hostile(void **state)
{
	unsigned int good = 0, bad = 0;
	struct type1_info info;
	struct answer a;

	for (uint64_t op = 0; op < 20000; op++) {
		answer_begin(&a, IC_VFIO_INFO_PGSIZES | IC_VFIO_INFO_CAPS);
		answer_ranges(&a, 4, 4);
		answer_cap(&a, IC_VFIO_CAP_DMA_AVAIL, "\1\2\3\4", 4);
		for (uint64_t i = 0; i < 1 + op % 5; i++)
			a.bytes[16 + rng_below(rng_draw(1, op, 2 * i), a.len - 16)] =
				(uint8_t)rng_draw(1, op, 2 * i + 1);
		if (op % 7 == 0)
			a.len = rng_below(rng_draw(1, op, 99), a.len + 1);
		if (parse(a.bytes, a.len, &info) == 0)
			good++;
		else
			bad++;
		assert_true(info.nr_ranges <= IOMMU_MAX_RANGES);
		for (unsigned int i = 0; i < info.nr_ranges; i++)
			assert_true(info.ranges[i].start <= info.ranges[i].last);
	}
	assert_true(good > 100 && bad > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old_kernels), cmocka_unit_test(test_chain),   cmocka_unit_test(test_many_ranges),
		cmocka_unit_test(test_malformed),   cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
