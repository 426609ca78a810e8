/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `bench --against` tells: the figures of all backends, how each stands beside the first one's, and what became of each backend. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cmd/bench_against.h"
#include "core/bench/pool.h"
#include "core/bench/show.h"
#include "iommu/mem.h"

/* --- for programs --- */

static void against_report_backend(struct report *r, const struct against_side *side)
{
	report_object(r, NULL);
	report_str(r, "backend", side->label);
	report_str(r, "spec", side->params.backend);
	report_str(r, "name", side->name);
	report_str(r, "device", side->device);
	report_str(r, "driver", side->driver);
	report_str(r, "result", result_name(side->result));
	report_str(r, "why", side->why);
	report_num(r, "turns", side->turns);
	if (side->turns) {
		report_num(r, "loops", side->pool.loops);
		report_hex(r, "iova", side->pool.iova);
		report_num(r, "checked_bytes", side->pool.checked);
		report_str(r, "note", side->pool.note);
	}
	if (side->pool.again)
		report_num(r, "spurious_pages", side->pool.spurious);
	report_close(r);
}

static void against_report_one(struct report *r, const struct bench_row *row)
{
	const struct bench_against *at = row->against;

	report_object(r, NULL);
	report_str(r, "name", row->name);
	report_str(r, "unit", row->unit);
	bench_report_cell(r, &row->cell);
	report_str(r, "backend", row->backend);
	report_str(r, "against", at->backend);
	report_real(r, "value", row->value);
	report_real(r, "against_value", at->value);
	report_str(r, "verdict", bench_verdict_name(at->verdict));
	if (at->why)
		report_str(r, "why", at->why);
	if (at->verdict != BENCH_UNKNOWN) {
		report_real(r, "ratio", at->ratio);
		report_real(r, "ratio_low", at->low);
		report_real(r, "ratio_high", at->high);
		report_real(r, "p", at->p);
	}
	report_close(r);
}

static void against_report_data(struct report *r, const struct bench_state *b, const struct against *a,
				const struct bench_beside *beside)
{
	report_num(r, "turns", a->turns);
	report_real(r, "threshold", b->threshold);
	report_list(r, "backends");
	for (unsigned int i = 0; i < a->nr; i++)
		against_report_backend(r, &a->side[i]);
	report_close(r);
	report_list(r, "against");
	for (unsigned int i = 0; i < beside->all.nr_rows; i++)
		if (beside->all.rows[i].against)
			against_report_one(r, &beside->all.rows[i]);
	report_close(r);
	report_text_hide(r, "turns");
	report_text_hide(r, "threshold");
	report_text_hide(r, "backends");
	report_text_hide(r, "against");
}

/* As of any run: whose figures those of the others are held against. */
static void against_report_first(struct report *r, const struct against *a)
{
	const struct against_side *side = &a->side[0];

	for (unsigned int i = 0; i < a->nr && !side->opened; i++)
		side = &a->side[i];
	report_str(r, "backend", side->opened ? side->name : side->label);
	report_str(r, "device", side->opened ? side->device : "");
	report_str(r, "driver", side->opened ? side->driver : "");
	report_text_hide(r, "backend");
	report_text_hide(r, "device");
	report_text_hide(r, "driver");
}

/* --- for people --- */

enum {
	COL_SIZE,
	COL_WHERE,
	COL_NAME,
	COL_BACKEND,
	COL_FIRST,
	COL_VALUE,
	COL_RATIO,
	COL_INTERVAL,
	COL_VERDICT,
	COLUMNS
};

_Static_assert(COLUMNS <= BENCH_TABLE_COLUMNS, "a table has no room for all columns");

static const struct bench_table_column against_columns[COLUMNS] = {
	[COL_SIZE] = {.title = "size"},
	[COL_WHERE] = {.title = "with", .left = true},
	[COL_NAME] = {.title = "figure", .left = true},
	[COL_BACKEND] = {.title = "backend", .left = true},
	[COL_FIRST] = {.title = "first"},
	[COL_VALUE] = {.title = "here"},
	[COL_RATIO] = {.title = "times as fast"},
	[COL_INTERVAL] = {.title = "95 %"},
	[COL_VERDICT] = {.title = "verdict", .left = true},
};

/* "granule 64K, 2 threads": of what differs from row to row. */
static void against_where(const struct bench_cell *cell, unsigned int differ, char *buf, size_t size)
{
	char number[32];
	int at = 0;

	buf[0] = '\0';
	if (differ & BENCH_GRANULE)
		at += snprintf(buf + at, size - (size_t)at, "in %s, ",
			       cell->granule ? num_format_size(number, sizeof(number), cell->granule) : "one");
	if (differ & BENCH_PAGE_SIZE)
		at += snprintf(buf + at, size - (size_t)at, "pages of %s, ",
			       num_format_size(number, sizeof(number), cell->page_size));
	if (differ & BENCH_MEM)
		at += snprintf(buf + at, size - (size_t)at, "%s, ", mem_kind_name(cell->mem));
	if (differ & BENCH_THREADS)
		at += snprintf(buf + at, size - (size_t)at, "threads %u, ", cell->threads);
	if (differ & BENCH_DEPTH)
		at += snprintf(buf + at, size - (size_t)at, "depth %u, ", cell->depth);
	if (at)
		buf[at - 2] = '\0';
}

static void against_row(struct bench_table *t, unsigned int i, const struct bench_row *row, unsigned int differ)
{
	const struct bench_against *at = row->against;
	char text[160];

	if (differ & BENCH_SIZE)
		bench_table_set(t, i, COL_SIZE, "%s", num_format_size(text, sizeof(text), row->cell.size));
	against_where(&row->cell, differ, text, sizeof(text));
	bench_table_set(t, i, COL_WHERE, "%s", text);
	bench_table_set(t, i, COL_NAME, "%s", row->name);
	bench_table_set(t, i, COL_BACKEND, "%s", row->backend);
	bench_table_set(t, i, COL_FIRST, "%s", bench_format_value(at->value, row->unit, text, sizeof(text)));
	bench_table_set(t, i, COL_VALUE, "%s", bench_format_value(row->value, row->unit, text, sizeof(text)));
	if (at->verdict != BENCH_UNKNOWN) {
		bench_table_set(t, i, COL_RATIO, "%.3g", at->ratio);
		bench_table_set(t, i, COL_INTERVAL, "%.3g to %.3g", at->low, at->high);
	}
	bench_table_set(t, i, COL_VERDICT, "%s", bench_against_words(at, text, sizeof(text)));
}

static void against_table(struct report *r, const struct against *a, const struct bench_beside *beside)
{
	unsigned int differ = bench_differs(&beside->all), row = 0;
	char line[BENCH_TABLE_LINE];
	struct bench_table table;

	if (!beside->nr) {
		report_line(r, "nothing is beside %s: it was not measured, or nothing else was", a->side[0].label);
		return;
	}
	report_line(r, "beside %s, by the rounds of %u turns:", a->side[0].label, a->turns);
	if (bench_table_begin(&table, against_columns, COLUMNS, beside->nr)) {
		report_line(r, "no memory for the table");
		return;
	}
	for (unsigned int i = 0; i < beside->all.nr_rows; i++)
		if (beside->all.rows[i].against)
			against_row(&table, row++, &beside->all.rows[i], differ);
	for (row = 0; bench_table_line(&table, row, line); row++)
		report_line(r, "%s", line);
	bench_table_free(&table);
}

static void against_lines(struct report *r, const struct against *a)
{
	for (unsigned int i = 0; i < a->nr; i++) {
		const struct against_side *side = &a->side[i];

		if (side->opened)
			report_line(r, "backend %s: %s, device %s, driver %s, %u of %u turns", side->label, side->name,
				    side->device, side->driver, side->turns, a->turns);
		else if (side->why[0])
			report_line(r, "backend %s: %s", side->label, side->why);
	}
}

/* --- checks --- */

static void against_check(struct command_run *run, const struct bench_state *b, struct against_side *side)
{
	bool well = side->result == RESULT_PASS && side->turns;
	char name[AGAINST_LABEL + 48];

	if (side->result == RESULT_SKIP || side->result == RESULT_ERROR || well) {
		snprintf(name, sizeof(name), "%s: measured", side->label);
		report_check(run->report, name, side->result, well ? NULL : side->why);
		if (well)
			report_evidence(run->report, "turns", "%u", side->turns);
	}
	bench_checks(run, side->label, &side->pool, well && b->bench->maps);
	if (!side->faults_asked)
		return;
	snprintf(name, sizeof(name), "%s: no fault where none was due", side->label);
	report_check(run->report, name, side->faults,
		     side->faults == RESULT_PASS ? NULL
		     : side->faults_why[0]	 ? side->faults_why
						 : "they are not all seen");
}

static void against_failures(struct command_run *run, struct against *a)
{
	struct bench_result *all = calloc(1, sizeof(*all));

	if (!all)
		return;
	failures_init(&all->found);
	for (unsigned int i = 0; i < a->nr; i++) {
		bench_findings(&a->side[i].pool);
		bench_pool_failures(all, &a->side[i].pool);
	}
	failures_report(run->report, &all->found);
	free(all);
}

static void against_names(const struct against *a, char *buf, size_t size)
{
	size_t at = 0;

	for (unsigned int i = 0; i < a->nr && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s", i ? "; " : "", a->side[i].label);
}

int against_report(struct command_run *run, const struct bench_state *b, struct against *a)
{
	struct bench_side sides[AGAINST_SIDES];
	char names[AGAINST_SIDES * AGAINST_LABEL];
	struct bench_beside beside;
	int err;

	for (unsigned int i = 0; i < a->nr; i++)
		sides[i] = (struct bench_side){a->side[i].label, a->side[i].device, &a->side[i].pool};
	err = bench_beside(sides, a->nr, b->threshold, &beside, &run->fail);
	against_report_first(run->report, a);
	if (beside.all.nr_rows) {
		against_names(a, names, sizeof(names));
		report_line(run->report, "on %s, by turns, %u each", names, a->turns);
		bench_report(run, b, &beside.all);
		against_table(run->report, a, &beside);
	}
	against_report_data(run->report, b, a, &beside);
	if (beside.all.nr_rows && !err)
		err = bench_files_end(run, b, &beside.all, names, sides[0].device);
	against_lines(run->report, a);
	faults_report(run->report, a->faults, a->nr_faults);
	report_bool(run->report, "faults_seen", !a->faults_unseen);
	report_num(run->report, "faults_lost", a->faults_lost);
	report_text_hide(run->report, "faults_seen");
	report_text_hide(run->report, "faults_lost");
	against_failures(run, a);
	for (unsigned int i = 0; i < a->nr; i++)
		against_check(run, b, &a->side[i]);
	bench_beside_free(&beside);
	return err;
}
