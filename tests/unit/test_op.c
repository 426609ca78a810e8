/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/op: what the ops refuse for safety: a device that may still write, and the tool's own mappings. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "core/op/op.h"
#include "core/session/priv.h"
#include "iommu/ledger.h"

#define AT UINT64_C(0x40000000)

static struct host host;
static struct failures found;

static struct session *open_mapped(void)
{
	struct session_params p = {.backend = "sim", .seed = 5};
	struct op_map map = {.buf = "pin", .size = KiB(8), .iova = AT, .prot = IOMMU_PROT_RW};
	struct session *s;
	struct fail f = {0};

	failures_init(&found);
	assert_int_equal(session_open(&s, &p, &host, &f), 0);
	assert_int_equal(op_map(s, &map, NULL, &found, &f), 0);
	assert_int_equal(session_dma_start(s, &f), 0);
	return s;
}

/* Every op that would touch, move or free memory of a device that would not stop. */
static void test_not_quiet(void **state)
{
	struct op_map map = {.buf = "b", .size = 4096, .iova = AT + MiB(1), .prot = IOMMU_PROT_RW};
	struct op_unmap unmaps[] = {{.buf = "pin"}, {.iova = AT, .size = KiB(8)}, {.all = true}};
	struct op_pattern fill = {.buf = "pin", .is_byte = true, .byte = 1};
	struct op_dma dma = {.dir = DEV_COPY, .src = "pin", .dst = "pin+0x1000", .size = 64};
	struct session *s = open_mapped();
	uint64_t bytes, before = ledger_bytes(iommu_ledger(s->iommu));
	struct fail f = {0};

	s->not_quiet = true;
	assert_int_equal(op_map(s, &map, NULL, &found, &f), -EBUSY);
	for (size_t i = 0; i < ARRAY_SIZE(unmaps); i++)
		assert_int_equal(op_unmap(s, &unmaps[i], &bytes, &found, &f), -EBUSY);
	assert_int_equal(op_free(s, "pin", &f), -EBUSY);
	assert_int_equal(op_fill(s, &fill, &f), -EBUSY);
	assert_int_equal(op_dma(s, &dma, &bytes, &found, &f), -EBUSY);
	assert_non_null(buffer_find(s, "pin"));
	assert_int_equal(ledger_bytes(iommu_ledger(s->iommu)), before);
	s->not_quiet = false;
	assert_int_equal(op_fill(s, &fill, &f), 0);
	assert_int_equal(op_dma(s, &dma, &bytes, &found, &f), 0);
	assert_int_equal(op_free(s, "pin", &f), 0);
	session_close(s, NULL);
}

static uint64_t own_bytes(struct session *s)
{
	return ledger_bytes(iommu_ledger(s->iommu)) - KiB(8);
}

/* By address nothing of the tool's goes, checked or not; a buffer of the user's goes, whatever its name. */
static void test_own_mappings(void **state)
{
	struct op_unmap op = {.size = UINT64_C(1) << 48}, mine = {.iova = AT, .size = KiB(8)};
	struct session *s = open_mapped();
	uint64_t bytes, own = own_bytes(s);
	struct fail f = {0};

	assert_true(own > 0);
	for (unsigned int unchecked = 0; unchecked < 2; unchecked++) {
		op.unchecked = unchecked;
		assert_int_equal(op_unmap(s, &op, &bytes, &found, &f), -EPERM);
		assert_true(f.usage);
		assert_int_equal(own_bytes(s), own);
	}
	/* each of their pages alone, too */
	for (unsigned int i = 0; i < s->nr_pages; i++) {
		op = (struct op_unmap){.iova = s->pages[i]->pin, .size = SESSION_PAGE};
		assert_int_equal(op_unmap(s, &op, &bytes, &found, &f), -EPERM);
	}
	assert_int_equal(session_pin_setup(s, KiB(8), 1, &f), 0);
	assert_int_equal(session_pin(s, 0, buffer_find(s, "pin")->mem.va, KiB(8), &f), 0);
	op = (struct op_unmap){.iova = s->slots_base, .size = KiB(8)};
	assert_int_equal(op_unmap(s, &op, &bytes, &found, &f), -EPERM);
	assert_int_equal(session_unpin(s, 0, KiB(8), &bytes, &f), 0);
	assert_int_equal(op_unmap(s, &mine, &bytes, &found, &f), 0);
	assert_int_equal(bytes, KiB(8));
	assert_int_equal(ledger_bytes(iommu_ledger(s->iommu)), own);
	assert_int_equal(failures_total(&found), 0);
	session_close(s, NULL);
}

/* Of a buffer that was cut only its own pieces go, whatever has come to lie between them; and all of them. */
static void cut(bool by_free)
{
	struct session_params p = {.backend = "sim,personality=compat-v1", .seed = 5};
	struct op_map a = {.buf = "a", .size = KiB(64), .iova = AT, .prot = IOMMU_PROT_RW};
	struct op_map c = {.buf = "c", .size = KiB(16), .iova = AT + KiB(16), .prot = IOMMU_PROT_RW};
	struct op_unmap holes[] = {{.iova = AT, .size = KiB(8)}, {.iova = AT + KiB(16), .size = KiB(16)}},
			all = {.buf = "a"};
	struct session *s;
	struct fail f = {0};
	uint64_t bytes;

	failures_init(&found);
	assert_int_equal(session_open(&s, &p, &host, &f), 0);
	assert_int_equal(op_map(s, &a, NULL, &found, &f), 0);
	for (size_t i = 0; i < ARRAY_SIZE(holes); i++)
		assert_int_equal(op_unmap(s, &holes[i], &bytes, &found, &f), 0);
	assert_int_equal(op_map(s, &c, NULL, &found, &f), 0);
	if (by_free) {
		assert_int_equal(op_free(s, "a", &f), 0);
	} else {
		assert_int_equal(op_unmap(s, &all, &bytes, &found, &f), 0);
		assert_int_equal(bytes, KiB(40));
		assert_int_equal(op_unmap(s, &all, &bytes, &found, &f), -ENOENT);
	}
	assert_int_equal(found.total, 0);
	assert_int_equal(ledger_bytes(iommu_ledger(s->iommu)), KiB(16));
	assert_true(buffer_is_mapped(buffer_find(s, "c")));
	session_close(s, NULL);
}

static void test_cut(void **state)
{
	cut(false);
	cut(true);
}

static const void *map_again(struct session *s, const char *name, uint64_t size)
{
	struct op_map op = {.buf = name, .size = size, .iova = AT, .prot = IOMMU_PROT_RW};
	struct buffer *b;
	struct fail f = {0};
	const void *va;

	assert_int_equal(op_map(s, &op, &b, &found, &f), 0);
	va = b->mem.va;
	assert_int_equal(op_free(s, name, &f), 0);
	assert_null(buffer_find(s, name));
	return va;
}

/* Simulated memory comes back last-in first-out: memory that is given back is what the next buffer gets. */
static void test_quarantine(void **state)
{
	struct session_params p = {.backend = "sim", .seed = 5};
	const void *at[QUARANTINE_MAX + 1];
	struct session *s;
	struct fail f = {0};

	failures_init(&found);
	assert_int_equal(session_open(&s, &p, &host, &f), 0);
	assert_false(s->quarantines);
	at[0] = map_again(s, "a", KiB(8));
	assert_ptr_equal(map_again(s, "a", KiB(8)), at[0]);
	assert_int_equal(s->quarantine.nr, 0);
	s->quarantines = true;
	for (unsigned int i = 0; i <= QUARANTINE_MAX; i++) {
		at[i] = map_again(s, "a", KiB(8));
		for (unsigned int j = 0; j < i; j++)
			assert_ptr_not_equal(at[i], at[j]);
	}
	assert_int_equal(s->quarantine.nr, QUARANTINE_MAX);
	assert_int_equal(s->quarantine.bytes, QUARANTINE_MAX * KiB(8));
	/* the 17th pushed out the first */
	assert_ptr_equal(map_again(s, "a", KiB(8)), at[0]);
	/* more than all of it may be: alone, until the next */
	map_again(s, "big", QUARANTINE_BYTES + MiB(2));
	assert_int_equal(s->quarantine.nr, 1);
	assert_int_equal(s->quarantine.bytes, QUARANTINE_BYTES + MiB(2));
	map_again(s, "a", KiB(8));
	assert_int_equal(s->quarantine.nr, 1);
	assert_int_equal(s->quarantine.bytes, KiB(8));
	assert_true(quarantine_drain(&s->quarantine, s->iommu));
	assert_false(quarantine_drain(&s->quarantine, s->iommu));
	session_close(s, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_quiet),
		cmocka_unit_test(test_own_mappings),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_quarantine),
	};

	return cmocka_run_group_tests_name("op", tests, NULL, NULL);
}
