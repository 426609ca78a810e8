/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI tables made byte by byte, with length and checksum put in at the end; and what tests ask of a parsed one. */
#ifndef IC_TESTS_ACPI_IMAGE_H
#define IC_TESTS_ACPI_IMAGE_H

#include <stdio.h>
#include <string.h>

#include "host/acpi.h"
#include "unit.h"

struct image {
	size_t len;
	uint8_t bytes[4096];
};

static inline void image_patch(struct image *m, size_t at, unsigned int width, uint64_t value)
{
	assert_true(at + width <= sizeof(m->bytes));
	for (unsigned int i = 0; i < width; i++)
		m->bytes[at + i] = value >> (8 * i);
}

/* Append @width bytes of @value; returns where. */
static inline size_t image_add(struct image *m, unsigned int width, uint64_t value)
{
	image_patch(m, m->len, width, value);
	m->len += width;
	return m->len - width;
}

static inline size_t image_text(struct image *m, const char *text, size_t len)
{
	char padded[64] = "";

	snprintf(padded, sizeof(padded), "%s", text);
	assert_true(m->len + len <= sizeof(m->bytes) && len <= sizeof(padded));
	memcpy(m->bytes + m->len, padded, len);
	m->len += len;
	return m->len - len;
}

static inline void image_begin(struct image *m, const char *signature, uint8_t revision)
{
	*m = (struct image){0};
	image_text(m, signature, 4);
	image_add(m, 4, 0);
	image_add(m, 1, revision);
	image_add(m, 1, 0);
	image_text(m, "TESTER", 6);
	image_text(m, "TABLE   ", 8); /* blanks, as firmware has them */
	image_add(m, 4, 1);
	image_text(m, "IOMM", 4);
	image_add(m, 4, 1);
}

static inline void image_checksum(struct image *m)
{
	uint8_t sum = 0;

	if (m->len < 36)
		return;
	m->bytes[9] = 0;
	for (size_t i = 0; i < m->len; i++)
		sum += m->bytes[i];
	m->bytes[9] = -sum;
}

static inline void image_end(struct image *m)
{
	image_patch(m, 4, 4, m->len);
	image_checksum(m);
}

/* A copy of exactly the first @len bytes, for a parser that takes it over; behind them nothing may be read. */
static inline uint8_t *image_copy(const struct image *m, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, m->bytes, len);
	return copy;
}

/* The first problem of this kind at this place; @at UINT32_MAX = anywhere. */
static inline const struct acpi_problem *table_problem(const struct acpi_table *t, const char *kind, uint32_t at)
{
	for (unsigned int i = 0; i < t->nr_problems; i++)
		if (!strcmp(t->problems[i].kind, kind) && (at == UINT32_MAX || t->problems[i].at == at))
			return &t->problems[i];
	return NULL;
}

static inline void table_print(const struct acpi_table *t)
{
	for (unsigned int i = 0; i < t->nr_problems; i++)
		print_message("# 0x%x %s: %s\n", t->problems[i].at, t->problems[i].kind, t->problems[i].text);
}

static inline void assert_in_order(const struct acpi_table *t)
{
	table_print(t);
	assert_int_equal(t->nr_problems, 0);
	assert_int_equal(t->nr_problems_lost, 0);
}

/* One way to break a good table, and what has to be said of it. */
struct image_damage {
	const char *what;
	size_t at;
	unsigned int width;
	uint64_t value;
	const char *kind;
	uint32_t problem_at;
};

static inline void assert_damage_is_told(const struct acpi_table *t, const struct image_damage *d)
{
	if (table_problem(t, d->kind, d->problem_at))
		return;
	table_print(t);
	fail_msg("%s: no problem '%s' at 0x%x", d->what, d->kind, d->problem_at);
}

#endif
