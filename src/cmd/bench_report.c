/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `bench` measured: keys for programs, and for people one table with a column for each thing that differs from row to row. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cmd/bench.h"
#include "core/bench/compare.h"
#include "core/bench/show.h"
#include "host/self.h"
#include "iommu/mem.h"

/* --- for programs --- */

static void report_histogram(struct report *r, const struct hist *h, double clock_ns)
{
	struct hist_step step = {0};

	report_list(r, "histogram");
	while (hist_step(h, &step)) {
		report_object(r, NULL);
		report_real(r, "ns", fmax((double)step.from - clock_ns, 0));
		report_num(r, "count", step.count);
		report_close(r);
	}
	report_close(r);
}

void bench_report_cell(struct report *r, const struct bench_cell *cell)
{
	report_num(r, "size", cell->size);
	report_num(r, "granule", cell->granule);
	report_num(r, "page_size", cell->page_size);
	report_str(r, "mem", mem_kind_name(cell->mem));
	report_num(r, "threads", cell->threads);
	report_num(r, "depth", cell->depth);
}

static void report_row(struct report *r, const struct bench_row *row, double clock_ns)
{
	report_object(r, NULL);
	report_str(r, "name", row->name);
	report_str(r, "unit", row->unit);
	if (row->backend)
		report_str(r, "backend", row->backend);
	bench_report_cell(r, &row->cell);
	report_real(r, "value", row->value);
	report_num(r, "count", row->count);
	report_num(r, "rounds", row->rounds);
	if (bench_has_interval(row))
		report_real(r, "interval", row->interval);
	report_bool(r, "tight", row->tight);
	if (row->has_percentiles) {
		report_real(r, "p50", row->p50);
		report_real(r, "p90", row->p90);
		if (bench_has_p99(row))
			report_real(r, "p99", row->p99);
		if (bench_has_p999(row))
			report_real(r, "p999", row->p999);
		report_real(r, "max", row->max);
	}
	if (row->reference) {
		report_str(r, "reference", row->reference);
		report_real(r, "reference_value", row->reference_value);
		report_real(r, "ratio", row->ratio);
		if (bench_has_interval(row))
			report_real(r, "ratio_interval", row->ratio_interval);
	}
	report_list(r, "samples");
	for (unsigned int i = 0; i < row->rounds && row->samples; i++)
		report_real(r, NULL, row->samples[i]);
	report_close(r);
	if (row->times)
		report_histogram(r, row->times, clock_ns);
	report_close(r);
}

static void report_rows(struct report *r, const struct bench_result *res)
{
	report_list(r, "results");
	for (unsigned int i = 0; i < res->nr_rows; i++)
		report_row(r, &res->rows[i], res->clock_ns);
	report_close(r);
	report_text_hide(r, "results");
}

/* --- for people --- */

static void report_table(struct report *r, const struct bench_result *res)
{
	struct bench_table table;
	char line[BENCH_TABLE_LINE];

	if (bench_table_make(&table, res)) {
		report_line(r, "no memory for the table");
		return;
	}
	for (unsigned int row = 0; bench_table_line(&table, row, line); row++)
		report_line(r, "%s", line);
	bench_table_free(&table);
}

/* What all rows have in common has no column. */
static void report_common(struct report *r, const struct bench_state *b, const struct bench_result *res)
{
	static const char *const said[] = {"bench",    "loops",		"warmup", "size",    "iova", "mem",
					   "clock_ns", "checked_bytes", "note",	  "machine", "load"};
	const struct bench_cell *first = &res->rows[0].cell;
	unsigned int differ = bench_differs(res);
	char text[256] = "", size[32];
	size_t at = 0;

	if (first->size && !(differ & BENCH_SIZE))
		at += (size_t)snprintf(text + at, sizeof(text) - at, ", size %s",
				       num_format_size(size, sizeof(size), first->size));
	if (first->granule && !(differ & BENCH_GRANULE))
		at += (size_t)snprintf(text + at, sizeof(text) - at, ", granule %s",
				       num_format_size(size, sizeof(size), first->granule));
	if (first->page_size && !(differ & BENCH_PAGE_SIZE))
		at += (size_t)snprintf(text + at, sizeof(text) - at, ", pages of %s",
				       num_format_size(size, sizeof(size), first->page_size));
	if (b->bench->varies & BENCH_MEM && !(differ & BENCH_MEM))
		at += (size_t)snprintf(text + at, sizeof(text) - at, ", memory %s", mem_kind_name(first->mem));
	if (b->bench->varies & BENCH_THREADS && !(differ & BENCH_THREADS))
		at += (size_t)snprintf(text + at, sizeof(text) - at, ", %u thread%s", first->threads,
				       first->threads == 1 ? "" : "s");
	if (b->bench->varies & BENCH_IOVA)
		snprintf(text + at, sizeof(text) - at, ", iova 0x%" PRIx64, res->iova);
	report_line(r, "bench %s%s", b->bench->name, text);
	for (size_t i = 0; i < ARRAY_SIZE(said); i++)
		report_text_hide(r, said[i]);
}

static void report_remarks(struct report *r, const struct bench_state *b, const struct bench_result *res)
{
	unsigned int loose = 0;
	double load = self_load();

	for (unsigned int i = 0; i < res->nr_rows; i++)
		loose += bench_is_loose(&res->rows[i]);
	if (res->fresh)
		report_line(r, "memory is fresh for %s",
			    res->remade == res->fresh
				    ? "each round"
				    : "each round, or where that takes longer than what is measured, every few rounds");
	report_line(r, "two looks at the clock cost %.0f ns, which is taken off each time; %s", res->clock_ns,
		    res->note[0] ? res->note : "no DMA was issued");
	if (loose)
		report_line(r,
			    "%u of %u figures did not become tight (%.4g %%): give them longer (--time), or a machine "
			    "with nothing else to do",
			    loose, res->nr_rows, b->p.until.precision * 100);
	if (loose && load > 0.5 * (double)sysconf(_SC_NPROCESSORS_ONLN))
		report_line(r,
			    "the machine is busy: %.1f processes wanted one of its %ld processors in the last minute",
			    load, sysconf(_SC_NPROCESSORS_ONLN));
}

void bench_report(struct command_run *run, const struct bench_state *b, const struct bench_result *res)
{
	const struct bench_cell *first = &res->rows[0].cell;
	struct report *r = run->report;
	char machine[BENCH_FILE_WORD];

	report_str(r, "bench", b->bench->name);
	report_str(r, "machine", self_machine(&bench_host, machine, sizeof(machine)));
	report_real(r, "load", self_load());
	report_num(r, "loops", res->loops);
	if (b->p.until.warmup != BENCH_AUTO)
		report_num(r, "warmup", b->p.until.warmup);
	report_num(r, "size", first->size);
	report_hex(r, "iova", res->iova);
	report_str(r, "mem", mem_kind_name(first->mem));
	report_real(r, "clock_ns", res->clock_ns);
	report_num(r, "checked_bytes", res->checked);
	if (res->note[0])
		report_str(r, "note", res->note);
	report_rows(r, res);
	report_common(r, b, res);
	report_table(r, res);
	report_remarks(r, b, res);
}
