/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parsers of ACPI tables share: one structure at a time, checked access, problems, overlaps. Private to host/acpi*.c. */
#ifndef IC_HOST_ACPI_TABLE_H
#define IC_HOST_ACPI_TABLE_H

#include "host/acpi.h"

#define ACPI_TABLE_MAX MiB(16)
/* Structures, entries, mappings ... of one kind in one table: a lying table may not cost more memory than this. */
#define ACPI_ENTRIES_MAX 65536
#define ACPI_HEADER_LEN 36

/* A run of bytes in a table: the table, a structure of it, an entry of that. Offsets in it are relative, @at is absolute. */
struct acpi_part {
	struct acpi_table *table;
	struct bytes bytes;
	uint32_t at;
};

/*
 * Read @signature's table into @table. 0 also where there is none (signature "") or it cannot be read (err); only -ENOMEM is
 * an error. @table->data is NULL when there is nothing to parse.
 */
int acpi_table_read(const struct host *host, const char *signature, struct acpi_table *table);
/*
 * Take over @data and check the header all tables begin with (ACPI 5.2.6): length, signature, checksum. @fixed is how long the
 * fixed part of this table is; @whole becomes what the header's length and the bytes at hand have in common. False when
 * there is less than @fixed, and nothing to parse.
 */
bool acpi_table_open(struct acpi_table *table, const char *signature, size_t fixed, struct acpi_part *whole);

/* Record what is wrong at @at (absolute). The first ACPI_PROBLEMS_MAX are kept, the others are counted. */
void acpi_problem(struct acpi_table *table, uint32_t at, const char *kind, const char *fmt, ...) IC_PRINTF(4, 5);

/* @width bytes at @off of @part; 0 where nothing is. */
static inline uint64_t acpi_get(const struct acpi_part *part, size_t off, unsigned int width)
{
	return bytes_at(part->bytes, off, width);
}

/* @len bytes at @off of @part as a part of their own. False when they are not all there: @out has those that are. */
bool acpi_sub(const struct acpi_part *part, uint64_t off, uint64_t len, struct acpi_part *out);
/* Bits of @mask in the @width bytes at @off have to be 0. Bytes behind the end are not looked at. */
void acpi_reserved(const struct acpi_part *part, size_t off, unsigned int width, uint64_t mask, const char *name);
/* Bytes from @off to below @end have to be 0. */
void acpi_reserved_bytes(const struct acpi_part *part, size_t off, size_t end, const char *name);
/*
 * The text at @off, up to a NUL, into buf; bytes that are not printable become '?'. False when there is no NUL in @part, or it
 * had to be cut.
 */
bool acpi_string(const struct acpi_part *part, size_t off, char *buf, size_t len);

/* Room for one more element, zeroed, at the end of *@array with @nr elements. -ENOMEM. */
int acpi_array_room(void *array, unsigned int nr, size_t size);

/*
 * Ranges that may not meet. acpi_ranges_add() gives the offset of the one that [first, last] of @group meets, or -1 and keeps it;
 * in O(log n). What could not be kept for want of memory is remembered in @err.
 */
struct acpi_ranges {
	void *root;
	int err;
};
int64_t acpi_ranges_add(struct acpi_ranges *set, uint64_t group, uint64_t first, uint64_t last, uint32_t at);
void acpi_ranges_remove(struct acpi_ranges *set, uint64_t group, uint64_t first, uint64_t last);
/* The offset of the range of @group that holds @value; -1. */
int64_t acpi_ranges_find(const struct acpi_ranges *set, uint64_t group, uint64_t value);
/* Gives back the memory; returns err. */
int acpi_ranges_end(struct acpi_ranges *set);

/* 4K aligned? All the tables' addresses have to be. */
static inline bool acpi_is_page(uint64_t address)
{
	return IS_ALIGNED(address, 4096);
}

#endif
