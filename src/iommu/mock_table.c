/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mock's page tables: which there are, and what the kernel says they hold (iommufd_test_md_check_pa() and _refs()). */
#include <errno.h>

#include "iommu/mock.h"

#define MOCK_PAGE 4096u

int mock_table_note(struct mock *mock, uint32_t id, uint32_t ioas, bool nested, bool automatic)
{
	struct mock_table *t;

	/* the kernel gives ids again: what is known by this one may be an automatic table that has gone by itself */
	for (t = mock->tables; t; t = t->next) {
		if (t->id != id)
			continue;
		*t = (struct mock_table){id, ioas, nested, automatic, t->next};
		return 0;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	*t = (struct mock_table){id, ioas, nested, automatic, mock->tables};
	mock->tables = t;
	return 0;
}

void mock_table_forget(struct mock *mock, uint32_t id)
{
	struct mock_table *t;

	for (struct mock_table **at = &mock->tables; (t = *at); at = &t->next) {
		if (t->id != id)
			continue;
		*at = t->next;
		free(t);
		break;
	}
	if (mock->parent == id)
		mock->parent = 0;
}

void mock_tables_free(struct mock *mock)
{
	while (mock->tables)
		mock_table_forget(mock, mock->tables->id);
}

uint32_t mock_table_ioas(const struct mock *mock, uint32_t id)
{
	for (const struct mock_table *t = mock->tables; t; t = t->next)
		if (t->id == id)
			return t->ioas;
	return id;
}

static int mock_check_map(const struct mock *mock, uint32_t table, iova_t iova, uint64_t size, uintptr_t va)
{
	struct ic_mock_cmd cmd = {.id = table};

	cmd.check_map.iova = iova;
	cmd.check_map.length = size;
	cmd.check_map.uptr = va;
	return mock_cmd(mock, IC_MOCK_OP_CHECK_MAP, &cmd);
}

/* Of nothing at a place that is not aligned to it the kernel says EINVAL, before it looks at any memory. */
uint64_t mock_table_unit(const struct mock *mock, uint32_t id)
{
	uint64_t unit = 512;

	while (unit < MOCK_PAGE && mock_check_map(mock, id, unit, 0, 0))
		unit *= 2;
	return unit;
}

/* EINVAL is the kernel's answer for "no": the entry is absent or leads elsewhere. */
static int mock_check_there(const struct mock *mock, uint32_t table, uintptr_t va, iova_t iova, uint64_t size,
			    struct fail *f)
{
	int err = mock_check_map(mock, table, iova, size, va);
	uint64_t at = 0;

	if (!err)
		return 0;
	while (err == -EINVAL && at < size && !mock_check_map(mock, table, iova + at, mock->unit, va + at))
		at += mock->unit;
	if (err != -EINVAL)
		return fail_set(f, err, "cannot ask what page table %u holds at iova 0x%llx", table,
				(unsigned long long)iova);
	return fail_set(
		f, EILSEQ,
		"page table %u does not lead iova 0x%llx to the memory that is mapped there (0x%llx bytes from iova "
		"0x%llx)",
		table, (unsigned long long)(iova + at), (unsigned long long)size, (unsigned long long)iova);
}

/* Entry by entry: one answer for the whole would hide those that stayed behind the first that went. */
static int mock_check_gone(const struct mock *mock, uint32_t table, uintptr_t va, iova_t iova, uint64_t size,
			   struct fail *f)
{
	uint64_t left = 0, first = 0;
	int err;

	for (uint64_t at = 0; at < size; at += mock->unit) {
		err = mock_check_map(mock, table, iova + at, mock->unit, va + at);
		if (err && err != -EINVAL)
			return fail_set(f, err, "cannot ask what page table %u holds at iova 0x%llx", table,
					(unsigned long long)(iova + at));
		if (!err && !left++)
			first = at;
	}
	if (!left)
		return 0;
	return fail_set(f, EILSEQ,
			"page table %u still leads iova 0x%llx to memory that was unmapped (%llu of %llu entries from "
			"iova 0x%llx)",
			table, (unsigned long long)(iova + first), (unsigned long long)left,
			(unsigned long long)(size / mock->unit), (unsigned long long)iova);
}

static int mock_refs(const struct mock *mock, uintptr_t va, uint64_t size, unsigned int pins)
{
	struct ic_mock_cmd cmd = {0};

	cmd.check_refs.length = size;
	cmd.check_refs.uptr = va;
	cmd.check_refs.refs = pins;
	return mock_cmd(mock, IC_MOCK_OP_CHECK_REFS, &cmd);
}

/* EIO is "no". The kernel does not count pins page by page where pages are parts of larger ones: those always agree. */
static int mock_check_pins(const struct mock *mock, uintptr_t va, uint64_t size, unsigned int pins, struct fail *f)
{
	uint64_t at = 0;
	unsigned int real = 0;
	int err = mock_refs(mock, va, size, pins);

	if (!err)
		return 0;
	if (err != -EIO)
		return fail_set(f, err, "cannot ask how often memory is pinned");
	while (at < size && !mock_refs(mock, va + at, MOCK_PAGE, pins))
		at += MOCK_PAGE;
	while (real < 64 && mock_refs(mock, va + at, MOCK_PAGE, real))
		real++;
	return fail_set(f, EUCLEAN, "the pins of the page at offset 0x%llx of the memory are %u, not %u",
			(unsigned long long)at, real, pins);
}

/* All page tables of the space. -ENOENT: the kernel has taken an automatic one away. */
static int mock_check_tables(struct mock *mock, uint32_t ioas, uintptr_t va, iova_t iova, uint64_t size, bool mapped,
			     struct fail *f)
{
	struct mock_table *t, *next;
	unsigned int asked = 0;
	int err = 0;

	for (t = mock->tables; t && !err; t = next) {
		next = t->next;
		if (t->nested || t->ioas != ioas)
			continue;
		err = mapped ? mock_check_there(mock, t->id, va, iova, size, f)
			     : mock_check_gone(mock, t->id, va, iova, size, f);
		if (err == -ENOENT && t->automatic) {
			mock_table_forget(mock, t->id);
			err = 0;
			continue;
		}
		asked++;
	}
	if (!err && !asked)
		return fail_set(f, ENODATA, "I/O address space %u has no page table", ioas);
	return err;
}

int mock_check_table(struct iommu *iommu, const void *va, iova_t iova, uint64_t size, bool mapped, int pins,
		     struct fail *f)
{
	struct mock *mock = to_mock(iommu);
	int err;

	if (!size || !IS_ALIGNED((uintptr_t)va | iova | size, mock->unit))
		return fail_set(f, EDOM, "page tables are asked by whole entries of 0x%llx bytes",
				(unsigned long long)mock->unit);
	pthread_mutex_lock(&mock->lock);
	err = mock_check_tables(mock, to_iommufd(iommu)->ioas, (uintptr_t)va, iova, size, mapped, f);
	if (!err && pins >= 0 && IS_ALIGNED((uintptr_t)va | size, MOCK_PAGE))
		err = mock_check_pins(mock, (uintptr_t)va, size, (unsigned int)pins, f);
	if (!err)
		err = mock_iotlb_check(mock, !mapped, f);
	pthread_mutex_unlock(&mock->lock);
	return err;
}
