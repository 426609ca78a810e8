/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures of benchmarks as comma-separated values. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bench/against.h"
#include "core/bench/out.h"
#include "iommu/mem.h"
#include "out/data.h"

/* RFC 4180: in quotes where it holds a comma, a quote or a line's end; quotes twice. */
static void csv_text(FILE *to, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, to);
		return;
	}
	fputc('"', to);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', to);
		fputc(*text, to);
	}
	fputc('"', to);
}

/* Enough digits to be read back as the same number, with a point in any locale. */
static void csv_real(FILE *to, bool there, double value)
{
	char text[40], *comma;

	fputc(',', to);
	if (!there || !isfinite(value))
		return;
	snprintf(text, sizeof(text), "%.15g", value);
	comma = strchr(text, ',');
	if (comma)
		*comma = '.';
	fputs(text, to);
}

static void csv_against(FILE *to, const struct bench_against *a)
{
	fputc(',', to);
	csv_text(to, a ? a->backend : "");
	csv_real(to, a && a->verdict != BENCH_UNKNOWN, a ? a->ratio : 0);
	fputc(',', to);
	csv_text(to, a ? bench_verdict_name(a->verdict) : "");
}

static void csv_row(FILE *to, const struct bench_origin *o, const struct bench_row *row)
{
	const struct bench_cell *cell = &row->cell;
	const double times[] = {row->p50, row->p90, row->p99, row->p999, row->max};
	const bool known[] = {row->has_percentiles, row->has_percentiles, bench_has_p99(row), bench_has_p999(row),
			      row->has_percentiles};

	csv_text(to, o->bench->name);
	fputc(',', to);
	csv_text(to, row->name);
	fputc(',', to);
	csv_text(to, row->unit);
	fprintf(to, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%s,%u,%u", cell->size, cell->granule, cell->page_size,
		mem_kind_name(cell->mem), cell->threads, cell->depth);
	csv_real(to, true, row->value);
	csv_real(to, bench_has_interval(row), row->interval);
	fprintf(to, ",%s,%" PRIu64 ",%u", !row->rounds ? "" : row->tight ? "true" : "false", row->count, row->rounds);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		csv_real(to, known[i], times[i]);
	fputc(',', to);
	csv_text(to, row->reference ? row->reference : "");
	csv_real(to, row->reference, row->reference_value);
	csv_real(to, row->reference, row->ratio);
	csv_real(to, row->reference && bench_has_interval(row) && row->ratio_interval > 0, row->ratio_interval);
	fputs("," PACKAGE_VERSION ",", to);
	csv_text(to, o->kernel);
	fputc(',', to);
	csv_text(to, row->backend ? row->backend : o->backend);
	fputc(',', to);
	csv_text(to, row->backend ? row->device : o->device);
	csv_against(to, row->against);
	fputc('\n', to);
}

int bench_csv_write(const char *path, const struct bench_origin *o, const struct bench_result *res, struct fail *f)
{
	CLEANUP_FREE char *data = NULL;
	size_t length = 0;
	FILE *to = open_memstream(&data, &length);
	bool bad;

	if (!to)
		return fail_set(f, ENOMEM, "cannot write %s", path);
	fputs("bench,name,unit,size,granule,page_size,mem,threads,depth,value,interval,tight,count,rounds,p50,p90,p99,"
	      "p999,max,reference,reference_value,ratio,ratio_interval,version,kernel,backend,device,against,against_"
	      "ratio,against_verdict\n",
	      to);
	for (unsigned int i = 0; i < res->nr_rows; i++)
		csv_row(to, o, &res->rows[i]);
	bad = ferror(to);
	if (fclose(to) || bad)
		return fail_set(f, ENOMEM, "cannot write %s", path);
	return data_write(path, data, length, f);
}
