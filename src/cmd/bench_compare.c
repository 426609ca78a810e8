/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl bench compare: what became of each figure from one run to another. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cmd/bench.h"
#include "core/bench/compare.h"
#include "core/bench/show.h"

/* --- for programs --- */

static void compare_report_file(struct report *r, const char *key, const char *path, const struct bench_file *file)
{
	report_object(r, key);
	report_str(r, "file", path);
	report_str(r, "version", file->version);
	report_str(r, "kernel", file->kernel);
	report_str(r, "machine", file->machine);
	report_str(r, "device", file->device);
	report_str(r, "driver", file->driver);
	report_str(r, "result", file->result);
	report_num(r, "results", file->nr);
	report_close(r);
	report_text_hide(r, key);
}

static void compare_report_key(struct report *r, const struct bench_file_row *row)
{
	report_str(r, "name", row->name);
	report_str(r, "unit", row->unit);
	report_str(r, "backend", row->backend);
	report_num(r, "size", row->size);
	report_num(r, "granule", row->granule);
	report_num(r, "page_size", row->page_size);
	report_str(r, "mem", row->mem);
	report_num(r, "threads", row->threads);
	report_num(r, "depth", row->depth);
}

static void compare_report_change(struct report *r, const struct bench_change *c)
{
	report_object(r, NULL);
	compare_report_key(r, c->a);
	report_real(r, "a", c->value_a);
	report_real(r, "b", c->value_b);
	report_str(r, "verdict", bench_verdict_name(c->verdict));
	if (c->why)
		report_str(r, "why", c->why);
	if (c->seen != BENCH_UNKNOWN) {
		report_real(r, "change", c->factor.median - 1);
		report_real(r, "change_low", c->factor.low - 1);
		report_real(r, "change_high", c->factor.high - 1);
		report_real(r, "p", c->p_adjusted);
		report_str(r, "value_verdict", bench_verdict_name(c->seen));
	}
	if (c->has_reference) {
		report_str(r, "reference", c->a->reference);
		report_real(r, "reference_change", c->reference_factor - 1);
		if (c->seen != BENCH_UNKNOWN)
			report_real(r, "beside_change", c->beside - 1);
		report_str(r, "reference_verdict", bench_verdict_name(c->by_reference));
		report_real(r, "ratio_a", c->a->ratio);
		report_real(r, "ratio_b", c->b->ratio);
	}
	report_close(r);
}

static void compare_report_only(struct report *r, const char *key, const struct bench_file *file)
{
	report_list(r, key);
	for (unsigned int i = 0; i < file->nr; i++) {
		if (file->rows[i].matched)
			continue;
		report_object(r, NULL);
		compare_report_key(r, &file->rows[i]);
		report_close(r);
	}
	report_close(r);
	report_text_hide(r, key);
}

/* --- for people --- */

enum {
	COL_SIZE,
	COL_WHERE,
	COL_NAME,
	COL_BACKEND,
	COL_A,
	COL_B,
	COL_CHANGE,
	COL_INTERVAL,
	COL_RATIO_A,
	COL_RATIO_B,
	COL_VERDICT,
	COLUMNS
};

static const struct bench_table_column compare_columns[COLUMNS] = {
	[COL_SIZE] = {.title = "size"},
	[COL_WHERE] = {.title = "with", .left = true},
	[COL_NAME] = {.title = "figure", .left = true},
	[COL_BACKEND] = {.title = "backend", .left = true},
	[COL_A] = {.title = "first"},
	[COL_B] = {.title = "second"},
	[COL_CHANGE] = {.title = "change"},
	[COL_INTERVAL] = {.title = "95 %"},
	[COL_RATIO_A] = {.title = "ratio"},
	[COL_RATIO_B] = {.title = "then"},
	[COL_VERDICT] = {.title = "verdict", .left = true},
};

/* "granule 64K, 2 threads": what is not as usual. */
static const char *compare_where(const struct bench_file_row *row, char *buf, size_t size)
{
	char number[32];
	int at = 0;

	buf[0] = '\0';
	if (row->granule)
		at += snprintf(buf + at, size - (size_t)at, "%sin %s", at ? ", " : "",
			       num_format_size(number, sizeof(number), row->granule));
	if (row->page_size)
		at += snprintf(buf + at, size - (size_t)at, "%spages of %s", at ? ", " : "",
			       num_format_size(number, sizeof(number), row->page_size));
	if (row->mem[0] && strcmp(row->mem, "anon"))
		at += snprintf(buf + at, size - (size_t)at, "%s%.12s", at ? ", " : "", row->mem);
	if (row->threads > 1)
		at += snprintf(buf + at, size - (size_t)at, "%s%" PRIu64 " threads", at ? ", " : "", row->threads);
	if (row->depth)
		snprintf(buf + at, size - (size_t)at, "%sdepth %" PRIu64, at ? ", " : "", row->depth);
	return buf;
}

/* In the same direction, by half as much or more: of a part of that nobody would say "too". */
static bool compare_reference_moved(const struct bench_change *c)
{
	double moved = log(c->reference_factor) / log(c->factor.median);

	return moved >= 0.5;
}

static void compare_row_verdict(struct bench_table *t, unsigned int i, const struct bench_change *c)
{
	const char *verdict = bench_verdict_name(c->verdict);

	if (c->why)
		bench_table_set(t, i, COL_VERDICT, "%s: %s", verdict, c->why);
	else if (c->verdict != c->seen && compare_reference_moved(c))
		bench_table_set(t, i, COL_VERDICT, "%s: %s is %s, too", verdict, c->a->reference,
				bench_verdict_name(c->seen));
	else if (c->verdict != c->seen)
		bench_table_set(t, i, COL_VERDICT, "%s: beside %s %s", verdict, c->a->reference,
				c->by_reference == BENCH_SAME ? "it did not change by so much"
							      : bench_verdict_name(c->by_reference));
	else if (c->has_reference && c->by_reference != c->verdict)
		bench_table_set(t, i, COL_VERDICT, "%s; beside %s %s", verdict, c->a->reference,
				bench_verdict_name(c->by_reference));
	else
		bench_table_set(t, i, COL_VERDICT, "%s", verdict);
}

static void compare_row(struct bench_table *t, unsigned int i, const struct bench_change *c)
{
	const struct bench_file_row *a = c->a;
	char text[BENCH_TABLE_CELL];

	if (a->size)
		bench_table_set(t, i, COL_SIZE, "%s", num_format_size(text, sizeof(text), a->size));
	bench_table_set(t, i, COL_WHERE, "%s", compare_where(a, text, sizeof(text)));
	bench_table_set(t, i, COL_NAME, "%s", a->name);
	if (a->of_many || c->b->of_many)
		bench_table_set(t, i, COL_BACKEND, "%s", a->backend);
	bench_table_set(t, i, COL_A, "%s", bench_format_value(c->value_a, a->unit, text, sizeof(text)));
	bench_table_set(t, i, COL_B, "%s", bench_format_value(c->value_b, a->unit, text, sizeof(text)));
	if (c->seen != BENCH_UNKNOWN) {
		bench_table_set(t, i, COL_CHANGE, "%+.1f %%", (c->factor.median - 1) * 100);
		bench_table_set(t, i, COL_INTERVAL, "%+.1f to %+.1f %%", (c->factor.low - 1) * 100,
				(c->factor.high - 1) * 100);
	}
	if (c->has_reference && a->ratio > 0 && c->b->ratio > 0) {
		bench_table_set(t, i, COL_RATIO_A, "%.3g", a->ratio);
		bench_table_set(t, i, COL_RATIO_B, "%.3g", c->b->ratio);
	}
	compare_row_verdict(t, i, c);
}

static void compare_table(struct report *r, const struct bench_comparison *cmp)
{
	struct bench_table table;
	char line[BENCH_TABLE_LINE];

	if (!cmp->nr)
		return;
	if (bench_table_begin(&table, compare_columns, COLUMNS, cmp->nr)) {
		report_line(r, "no memory for the table");
		return;
	}
	for (unsigned int i = 0; i < cmp->nr; i++)
		compare_row(&table, i, &cmp->changes[i]);
	for (unsigned int row = 0; bench_table_line(&table, row, line); row++)
		report_line(r, "%s", line);
	bench_table_free(&table);
}

static void compare_only_lines(struct report *r, const char *path, const struct bench_file *file)
{
	char size[32], where[BENCH_TABLE_CELL];

	for (unsigned int i = 0; i < file->nr; i++) {
		const struct bench_file_row *row = &file->rows[i];

		if (row->matched)
			continue;
		compare_where(row, where, sizeof(where));
		report_line(r, "only in %s: %s%s%s%s%s%s%s", path, row->name, row->size ? " " : "",
			    row->size ? num_format_size(size, sizeof(size), row->size) : "", where[0] ? ", " : "",
			    where, row->of_many ? ", on " : "", row->of_many ? row->backend : "");
	}
}

/* What differs beside the figures, which may be what changed them. */
static void compare_differences(struct report *r, const struct bench_file files[2])
{
	const struct {
		const char *what, *a, *b;
	} all[] = {{"machine", files[0].machine, files[1].machine},
		   {"kernel", files[0].kernel, files[1].kernel},
		   {"version", files[0].version, files[1].version},
		   {"device", files[0].device, files[1].device},
		   {"driver", files[0].driver, files[1].driver}};

	report_list(r, "differences");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (!strcmp(all[i].a, all[i].b))
			continue;
		report_object(r, NULL);
		report_str(r, "what", all[i].what);
		report_str(r, "a", all[i].a);
		report_str(r, "b", all[i].b);
		report_close(r);
		report_line(r, "another %s: %s, then %s", all[i].what, all[i].a[0] ? all[i].a : "not known",
			    all[i].b[0] ? all[i].b : "not known");
	}
	report_close(r);
	report_text_hide(r, "differences");
}

static void compare_check(struct command_run *run, const struct bench_comparison *cmp)
{
	static const char name[] = "no figure is slower beyond noise";
	const unsigned int *count = cmp->count;
	struct report *r = run->report;

	snprintf(run->detail, sizeof(run->detail), "of %u figures %u are slower, %u faster, %u the same, %u unknown",
		 cmp->nr, count[BENCH_SLOWER], count[BENCH_FASTER], count[BENCH_SAME], count[BENCH_UNKNOWN]);
	if (count[BENCH_SLOWER])
		report_check(r, name, RESULT_FAIL, run->detail);
	else if (count[BENCH_UNKNOWN] == cmp->nr)
		report_check(r, name, RESULT_SKIP, "there are too few rounds to tell");
	else
		report_check(r, name, RESULT_PASS, NULL);
	for (unsigned int i = 0; i < cmp->nr; i++)
		if (cmp->changes[i].verdict == BENCH_SLOWER)
			report_evidence(r, cmp->changes[i].a->name, "size %" PRIu64 ", threads %" PRIu64 ": %+.1f %%",
					cmp->changes[i].a->size, cmp->changes[i].a->threads,
					(cmp->changes[i].factor.median - 1) * 100);
	if (!count[BENCH_SLOWER])
		report_line(r, "%s", run->detail);
}

static void compare_report(struct command_run *run, const struct bench_state *b, const struct bench_file files[2],
			   const struct bench_comparison *cmp)
{
	struct report *r = run->report;

	report_str(r, "bench", files[0].bench);
	report_str(r, "backend", files[0].backend);
	compare_report_file(r, "a", b->files[0], &files[0]);
	compare_report_file(r, "b", b->files[1], &files[1]);
	report_real(r, "threshold", b->threshold);
	report_line(r, "bench %s on %s: %s, then %s", files[0].bench, files[0].backend, b->files[0], b->files[1]);
	compare_differences(r, files);
	report_list(r, "results");
	for (unsigned int i = 0; i < cmp->nr; i++)
		compare_report_change(r, &cmp->changes[i]);
	report_close(r);
	report_text_hide(r, "results");
	compare_report_only(r, "only_a", &files[0]);
	compare_report_only(r, "only_b", &files[1]);
	compare_table(r, cmp);
	compare_only_lines(r, b->files[0], &files[0]);
	compare_only_lines(r, b->files[1], &files[1]);
}

int bench_execute_compare(struct command_run *run, void *state)
{
	struct bench_state *b = state;
	struct bench_file files[2] = {{.nr = 0}, {.nr = 0}};
	struct bench_comparison cmp = {.nr = 0};
	int err = bench_file_read(b->files[0], &files[0], &run->fail);

	run->shows = true;
	if (!err)
		err = bench_file_read(b->files[1], &files[1], &run->fail);
	if (!err)
		err = bench_compare(&files[0], &files[1], b->threshold, &cmp, &run->fail);
	if (!err) {
		compare_report(run, b, files, &cmp);
		if (cmp.nr)
			compare_check(run, &cmp);
		else
			err = fail_complete(&run->fail, ENODATA, "the two files have no figure in common");
	}
	bench_comparison_free(&cmp);
	bench_file_free(&files[0]);
	bench_file_free(&files[1]);
	return err;
}
