/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/op/table: what is asked about page tables and pins, on a simulation that notes down each mapping and who pins it. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "base/util.h"
#include "core/op/op.h"
#include "core/op/space.h"
#include "core/session/priv.h"
#include "iommu/backend.h"

#define AT UINT64_C(0x10000000)

/* Who maps what: a copy has the pins of the mapping that it was made of. */
struct noted {
	struct iommu *space;
	iova_t iova;
	uint64_t size, pin;
	uintptr_t va;
};

static struct noted noted[64];
static unsigned int nr_noted, nr_asked, nr_pins_asked;
static uint64_t next_pin;
static int extra_pins;
static bool misled;

static struct host host;
static struct failures found;
static struct fail why;
static struct iommu_ops ops;
static struct iommu_object_ops objects;
static const struct iommu_ops *real;

static void note(struct iommu *space, iova_t iova, uint64_t size, uintptr_t va, uint64_t pin)
{
	assert_in_range(nr_noted, 0, ARRAY_SIZE(noted) - 1);
	noted[nr_noted++] = (struct noted){space, iova, size, pin, va};
}

static int noting_map(struct iommu *iommu, struct iommu_map_req *req)
{
	int err = real->map(iommu, req);

	if (!err)
		note(iommu, req->iova, req->size, (uintptr_t)req->va, ++next_pin);
	return err;
}

static int noting_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped)
{
	int err = real->unmap(iommu, iova, size, unmapped);

	for (unsigned int i = 0; i < nr_noted && !err;)
		if (noted[i].space == iommu && noted[i].iova >= iova && noted[i].iova - iova < size)
			noted[i] = noted[--nr_noted];
		else
			i++;
	return err;
}

/* Piece by piece, as far as each mapping of the source goes. */
static int noting_copy(struct iommu *dst, struct iommu_copy_req *req)
{
	int err = real->objects->space_copy(dst, req);
	unsigned int n = nr_noted;

	for (unsigned int i = 0; i < n && !err; i++) {
		const struct noted *src = &noted[i];
		iova_t from = MAX(req->src_iova, src->iova);
		iova_t end = MIN(req->src_iova + req->size, src->iova + src->size);

		if (src->space == req->src && from < end)
			note(dst, req->iova + (from - req->src_iova), end - from, src->va + (from - src->iova),
			     src->pin);
	}
	return err;
}

static bool leads(const struct iommu *space, uintptr_t va, iova_t iova)
{
	for (unsigned int i = 0; i < nr_noted; i++)
		if (noted[i].space == space && iova >= noted[i].iova && iova - noted[i].iova < noted[i].size)
			return noted[i].va + (iova - noted[i].iova) == va;
	return false;
}

static int pins_of(uintptr_t va)
{
	bool seen[256] = {false};
	int pins = extra_pins;

	for (unsigned int i = 0; i < nr_noted; i++) {
		if (va < noted[i].va || va - noted[i].va >= noted[i].size || seen[noted[i].pin])
			continue;
		seen[noted[i].pin] = true;
		pins++;
	}
	return pins;
}

static int noting_check(struct iommu *iommu, const void *va, iova_t iova, uint64_t size, bool mapped, int pins,
			struct fail *f)
{
	nr_asked++;
	nr_pins_asked += pins >= 0;
	for (uint64_t at = 0; at < size; at += 4096) {
		if (leads(iommu, (uintptr_t)va + at, iova + at) != (mapped && !misled))
			return fail_set(f, EILSEQ, "page table");
		if (pins >= 0 && pins != pins_of((uintptr_t)va + at))
			return fail_set(f, EUCLEAN, "%d pins at 0x%llx, not %d", pins_of((uintptr_t)va + at),
					(unsigned long long)at, pins);
	}
	return 0;
}

static struct session *open_session(void)
{
	struct session_params p = {.backend = "sim,personality=iommufd", .seed = 5};
	struct session *s = NULL;

	nr_noted = nr_asked = nr_pins_asked = 0;
	next_pin = 0;
	extra_pins = 0;
	misled = false;
	why = (struct fail){0};
	failures_init(&found);
	if (session_open(&s, &p, &host, &why))
		fail_msg("%s", why.text);
	real = s->iommu->ops;
	ops = *real;
	objects = *ops.objects;
	objects.space_copy = noting_copy;
	ops.map = noting_map;
	ops.unmap = noting_unmap;
	ops.check_table = noting_check;
	ops.objects = &objects;
	s->iommu->ops = &ops;
	s->iommu->caps.checks_table = true;
	return s;
}

static void silent(const char *what)
{
	if (found.total)
		fail_msg("%s: %s", what, found.list[0].text);
}

static void map(struct session *s, struct op_map op)
{
	struct buffer *b = NULL;

	op.prot = IOMMU_PROT_RW;
	if (op_map(s, &op, &b, &found, &why))
		fail_msg("%s: %s", op.buf, why.text);
}

static void unmap(struct session *s, const char *buf)
{
	struct op_unmap op = {.buf = buf};
	uint64_t bytes;

	assert_int_equal(op_unmap(s, &op, &bytes, &found, &why), 0);
}

/* Memory of two buffers is pinned by each; where one maps only a part, nobody can say it in one number. */
static void test_shared(void **state)
{
	struct session *s = open_session();

	map(s, (struct op_map){.buf = "a", .size = 16384, .iova = AT});
	map(s, (struct op_map){.buf = "b", .size = 16384, .iova = AT + MiB(1), .of = "a"});
	silent("all of it twice");
	assert_int_equal(nr_pins_asked, 2);
	map(s, (struct op_map){.buf = "c", .size = 4096, .iova = AT + MiB(2), .of = "a+0x1000"});
	assert_int_equal(nr_pins_asked, 3);
	silent("one page of it three times");
	unmap(s, "b");
	assert_int_equal(nr_pins_asked, 3);
	unmap(s, "c");
	unmap(s, "a");
	assert_int_equal(nr_pins_asked, 5);
	silent("and unmapped");
	assert_int_equal(nr_asked, 6);
	assert_int_equal(session_close(s, &why), 0);
}

static void test_skip(void **state)
{
	struct session *s = open_session();

	map(s, (struct op_map){.buf = "a", .size = 8192, .iova = AT, .skip = 4096, .unchecked = true});
	unmap(s, "a");
	silent("behind the memory's start");
	assert_int_equal(nr_asked, 2);
	assert_int_equal(session_close(s, &why), 0);
}

static void copy(struct session *s, const char *src, uint64_t size, iova_t iova)
{
	struct op_copy op = {.src = src, .size = size, .iova = iova, .prot = IOMMU_PROT_RW};

	if (op_space_copy(s, &op, &found, &why))
		fail_msg("%s: %s", src, why.text);
}

/* Copies share pins, be they by name or by address; each piece leads to the memory of its own source. */
static void test_copies(void **state)
{
	struct session *s = open_session();

	map(s, (struct op_map){.buf = "b", .size = 8192, .iova = AT + 8192});
	map(s, (struct op_map){.buf = "a", .size = 8192, .iova = AT});
	copy(s, "a", 16384, AT + MiB(1));
	silent("a copy of two mappings");
	assert_int_equal(nr_asked, 4);
	copy(s, "0x10002000", 8192, AT + MiB(2));
	assert_int_equal(nr_asked, 5);
	unmap(s, "b");
	silent("its source unmapped");
	assert_true(buffer_find(s, "b")->copied);
	assert_int_equal(op_free(s, "b", &why), 0);
	assert_int_equal(nr_noted, 2); /* a, and its copy */
	assert_int_equal(session_close(s, &why), 0);
}

static void test_fires(void **state)
{
	struct session *s = open_session();

	map(s, (struct op_map){.buf = "a", .size = 8192, .iova = AT});
	assert_int_equal(found.total, 0);
	extra_pins = 1;
	map(s, (struct op_map){.buf = "b", .size = 8192, .iova = AT + MiB(1), .of = "a"});
	assert_int_equal(found.count[FAILURE_PIN_LEAK], 1);
	unmap(s, "b");
	assert_int_equal(found.count[FAILURE_PIN_LEAK], 2);
	extra_pins = 0;
	misled = true;
	map(s, (struct op_map){.buf = "c", .size = 8192, .iova = AT + MiB(2)});
	assert_int_equal(found.count[FAILURE_PAGE_TABLE], 1);
	assert_int_equal(session_close(s, &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_fires),
	};

	return cmocka_run_group_tests_name("op_table", tests, NULL, NULL);
}
