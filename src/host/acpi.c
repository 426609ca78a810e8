/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI tables as such: where they are read, the header they all have, how their problems are kept. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/acpi_table.h"
#include "host/text.h"

#define ACPI_DIR "/sys/firmware/acpi/tables/"

void acpi_problem(struct acpi_table *table, uint32_t at, const char *kind, const char *fmt, ...)
{
	struct acpi_problem *p = &table->problems[table->nr_problems];
	va_list ap;

	if (table->nr_problems == ACPI_PROBLEMS_MAX) {
		table->nr_problems_lost++;
		return;
	}
	p->at = at;
	p->kind = kind;
	va_start(ap, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
	table->nr_problems++;
}

bool acpi_sub(const struct acpi_part *part, uint64_t off, uint64_t len, struct acpi_part *out)
{
	out->table = part->table;
	out->at = part->at + MIN(off, part->bytes.len);
	return bytes_sub(part->bytes, MIN(off, SIZE_MAX), MIN(len, SIZE_MAX), &out->bytes);
}

void acpi_reserved(const struct acpi_part *part, size_t off, unsigned int width, uint64_t mask, const char *name)
{
	uint64_t v;

	if (bytes_get(part->bytes, off, width, &v) && (v & mask))
		acpi_problem(part->table, part->at + off, "reserved", "%s: reserved bits are set: 0x%0*" PRIx64, name,
			     (int)width * 2, v);
}

void acpi_reserved_bytes(const struct acpi_part *part, size_t off, size_t end, const char *name)
{
	for (size_t i = off; i < MIN(end, part->bytes.len); i++)
		if (part->bytes.data[i]) {
			acpi_problem(part->table, part->at + i, "reserved", "%s: reserved byte %zu is 0x%02x, not 0",
				     name, i - off, part->bytes.data[i]);
			return;
		}
}

bool acpi_string(const struct acpi_part *part, size_t off, char *buf, size_t len)
{
	size_t n = 0;
	uint64_t c = 1;

	while (bytes_get(part->bytes, off + n, 1, &c) && c && n + 1 < len)
		buf[n++] = isprint((int)c) ? (char)c : '?';
	buf[n] = '\0';
	return c == 0 && off + n < part->bytes.len;
}

int acpi_array_room(void *array, unsigned int nr, size_t size)
{
	char *a;

	memcpy(&a, array, sizeof(a));
	/* doubled at each power of two */
	if (!(nr & (nr - 1))) {
		a = reallocarray(a, nr ? (size_t)nr * 2 : 1, size);
		if (!a)
			return -ENOMEM;
		memcpy(array, &a, sizeof(a));
	}
	memset(a + nr * size, 0, size);
	return 0;
}

static void acpi_header_ids(struct acpi_table *t, const struct acpi_part *whole)
{
	struct acpi_part ids;

	acpi_sub(whole, 10, 6, &ids);
	acpi_string(&ids, 0, t->oem_id, sizeof(t->oem_id));
	text_chomp(t->oem_id); /* they are filled up with blanks */
	acpi_sub(whole, 16, 8, &ids);
	acpi_string(&ids, 0, t->oem_table_id, sizeof(t->oem_table_id));
	text_chomp(t->oem_table_id);
	t->revision = acpi_get(whole, 8, 1);
}

static void acpi_header_checksum(struct acpi_table *t, const struct acpi_part *whole)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < whole->bytes.len; i++)
		sum += whole->bytes.data[i];
	if (sum)
		acpi_problem(t, 9, "checksum", "the bytes of the table add up to 0x%02x, not 0", sum);
}

/* What header and bytes at hand agree on is @whole. The checksum is of the length that the header gives. */
static void acpi_header_length(struct acpi_table *t, struct acpi_part *whole)
{
	uint64_t said = acpi_get(whole, 4, 4);

	if (said < ACPI_HEADER_LEN) {
		acpi_problem(t, 4, "length", "the header gives a length of %" PRIu64 " bytes, less than its own 36",
			     said);
	} else if (said > t->len) {
		acpi_problem(t, 4, "truncated", "the header gives a length of %" PRIu64 " bytes, there are %zu", said,
			     t->len);
	} else {
		if (said < t->len)
			acpi_problem(t, 4, "length",
				     "the header gives a length of %" PRIu64
				     " bytes, there are %zu: the rest is ignored",
				     said, t->len);
		whole->bytes.len = said;
		acpi_header_checksum(t, whole);
	}
}

bool acpi_table_open(struct acpi_table *table, const char *signature, size_t fixed, struct acpi_part *whole)
{
	char found[5] = "";

	snprintf(table->signature, sizeof(table->signature), "%s", signature);
	*whole = (struct acpi_part){table, {table->data, table->len}, 0};
	if (table->len < ACPI_HEADER_LEN) {
		acpi_problem(table, 0, "truncated", "there are %zu bytes, less than a table's header of 36",
			     table->len);
		return false;
	}
	if (memcmp(table->data, signature, 4)) {
		acpi_string(whole, 0, found, sizeof(found));
		acpi_problem(table, 0, "signature", "the signature is '%s' (%02x %02x %02x %02x), not '%s'", found,
			     table->data[0], table->data[1], table->data[2], table->data[3], signature);
	}
	acpi_header_ids(table, whole);
	acpi_header_length(table, whole);
	if (whole->bytes.len < fixed) {
		acpi_problem(table, ACPI_HEADER_LEN, "truncated",
			     "there are %zu bytes, less than the %zu of an empty %s", whole->bytes.len, fixed,
			     signature);
		return false;
	}
	return true;
}

/*
 * The kernel numbers tables of one signature (DMAR1, DMAR2) where there are several (drivers/acpi/sysfs.c,
 * acpi_table_attr_init); drivers use the first.
 */
static void acpi_table_path(const struct host *host, const char *signature, struct acpi_table *table)
{
	bool several = !host_exists(host, ACPI_DIR "%s", signature) && host_exists(host, ACPI_DIR "%s1", signature);

	snprintf(table->path, sizeof(table->path), ACPI_DIR "%s%s", signature, several ? "1" : "");
	if (several && host_exists(host, ACPI_DIR "%s2", signature))
		acpi_problem(table, 0, "duplicate", "there is more than one %s: the first is used", signature);
}

int acpi_table_read(const struct host *host, const char *signature, struct acpi_table *table)
{
	char *data = NULL;
	int err;

	memset(table, 0, sizeof(*table));
	acpi_table_path(host, signature, table);
	err = host_read_bounded(host, ACPI_TABLE_MAX, &data, &table->len, "%s", table->path);
	if (err == -ENOENT || err == -ENOTDIR) {
		table->path[0] = '\0';
		return 0;
	}
	snprintf(table->signature, sizeof(table->signature), "%s", signature);
	if (err == -EFBIG)
		acpi_problem(table, 0, "too-many", "the file has more than %u MiB and is not looked at",
			     (unsigned int)(ACPI_TABLE_MAX >> 20));
	table->data = (uint8_t *)data;
	table->err = err == -EFBIG ? 0 : err;
	return err == -ENOMEM ? err : 0;
}
