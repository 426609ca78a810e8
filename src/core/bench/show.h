/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures of benchmarks as people read them: one table, with a column for each thing that differs from row to row. */
#ifndef IC_CORE_BENCH_SHOW_H
#define IC_CORE_BENCH_SHOW_H

#include "core/bench/bench.h"

#define BENCH_TABLE_COLUMNS 19
#define BENCH_TABLE_CELL 48
#define BENCH_TABLE_LINE (BENCH_TABLE_COLUMNS * BENCH_TABLE_CELL)

struct bench_table_column {
	const char *title;
	bool left; /* words; numbers stand to the right */
	int width;
};

/* Words in rows and columns; a column without any is left out. */
struct bench_table {
	struct bench_table_column columns[BENCH_TABLE_COLUMNS];
	char (*cells)[BENCH_TABLE_CELL]; /* row by row */
	unsigned int nr_columns, nr_rows;
};

/* What differs between rows, of enum bench_vary. */
unsigned int bench_differs(const struct bench_result *res);
/* It was measured in rounds, and they did not agree as well as was asked for. */
bool bench_is_loose(const struct bench_row *row);
/* "1.235 us"; "12.35M" with @unit after it. Returns buf. */
const char *bench_format_ns(double ns, char *buf, size_t size);
const char *bench_format_value(double value, const char *unit, char *buf, size_t size);
/* "0.25 %", "14 %" */
const char *bench_format_percent(double part, char *buf, size_t size);

/* 0 or -ENOMEM. bench_table_free() it. */
int bench_table_make(struct bench_table *t, const struct bench_result *res);
/* Row 0 has the titles. False: there is no such row. */
bool bench_table_line(const struct bench_table *t, unsigned int row, char line[BENCH_TABLE_LINE]);
void bench_table_free(struct bench_table *t);

/* For other tables of the kind: columns first, then the words of each row in turn. */
int bench_table_begin(struct bench_table *t, const struct bench_table_column *columns, unsigned int nr_columns,
		      unsigned int nr_rows);
void bench_table_set(struct bench_table *t, unsigned int row, unsigned int column, const char *fmt, ...)
	IC_PRINTF(4, 5);

#endif
