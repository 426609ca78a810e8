/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `bench --json` printed, read back: every key's type is checked, every list bounded. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "core/bench/compare.h"
#include "out/json_read.h"

/* What is shown beside figures: a terminal is not to obey it, nor to turn it around. */
static void file_text(const struct value *from, const char *key, char out[BENCH_FILE_WORD])
{
	const char *text = "";
	char *to = out;
	size_t unsafe;

	json_read_str(json_get(from, key), &text);
	snprintf(out, BENCH_FILE_WORD, "%s", text);
	for (const char *c = out; *c; c += MAX(unsafe, (size_t)1)) {
		unsafe = utf8_unsafe(c);
		*to++ = unsafe ? '?' : *c;
	}
	*to = '\0';
}

#define FILE_WORD_MOST 40

/* What figures are told apart by. False: it is longer than any of ours, or has what no name has. */
static bool file_word(const struct value *from, const char *key, char out[BENCH_FILE_WORD])
{
	const char *text = "";

	out[0] = '\0';
	json_read_str(json_get(from, key), &text);
	if (strlen(text) > FILE_WORD_MOST)
		return false;
	for (const char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			return false;
	snprintf(out, BENCH_FILE_WORD, "%s", text);
	return true;
}

static const char file_word_bad[] = "a name, unit or backend is more than 40 bytes of printable ASCII";

/* What is measured lies far within these; quotients of it have to stay numbers. */
#define FILE_LEAST 1e-30
#define FILE_MOST 1e30

/* 0 where it is not there. False: it is no number, or none that was measured. */
static bool file_real(const struct value *from, const char *key, double *out)
{
	const struct value *v = json_get(from, key);

	*out = 0;
	if (!v)
		return true;
	return json_read_real(v, out) && (!*out || (*out >= FILE_LEAST && *out <= FILE_MOST));
}

static uint64_t file_num(const struct value *from, const char *key)
{
	uint64_t value = 0;

	json_read_num(json_get(from, key), &value);
	return value;
}

static const char *file_samples(const struct value *list, struct bench_file_row *row)
{
	static const char no_list[] = "samples of a result are no list of at most 256 numbers";
	double value;

	if (list && !json_is_list(list))
		return no_list;
	for (const struct value *v = json_first(list); v; v = json_next(v)) {
		if (!json_read_real(v, &value) || row->nr_samples == RANK_MAX)
			return no_list;
		if (!(value >= FILE_LEAST && value <= FILE_MOST))
			return "a sample is 0 or less, or more than anything is: nothing was measured in that round";
		row->samples[row->nr_samples++] = value;
	}
	return NULL;
}

static int file_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/*
 * A value is the median of its rounds, a rate the one of the median time: anywhere between the middle two. Some are the mean, or the median of all
 * single times.
 */
static bool file_value_fits(const struct bench_file_row *row, double p50)
{
	double sorted[RANK_MAX], sum = 0;
	unsigned int n = row->nr_samples;

	if (!n)
		return true;
	memcpy(sorted, row->samples, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), file_order);
	for (unsigned int i = 0; i < n; i++)
		sum += sorted[i] / n;
	return (row->value >= sorted[(n - 1) / 2] * 0.99 && row->value <= sorted[n / 2] * 1.01) ||
	       fabs(row->value - sum) <= 0.05 * sum || (p50 > 0 && fabs(row->value - p50) <= 0.05 * p50);
}

static const char *file_figures(const struct value *from, struct bench_file_row *row)
{
	const char *bad = file_samples(json_get(from, "samples"), row);
	double p50;

	if (bad)
		return bad;
	if (!file_real(from, "value", &row->value))
		return "a value is no number above 0";
	if (!file_real(from, "reference_value", &row->reference_value) || !file_real(from, "ratio", &row->ratio))
		return "a reference_value or ratio is no number above 0";
	if (!file_real(from, "ratio_interval", &row->ratio_interval) || !file_real(from, "p50", &p50))
		return "a ratio_interval or p50 is no number above 0";
	return file_value_fits(row, p50) ? NULL : "a value is not what its samples say";
}

/* The phrase of what is wrong, or NULL. */
static const char *file_row(const struct value *from, const struct bench_file *file, struct bench_file_row *row)
{
	*row = (struct bench_file_row){.nr_samples = 0};
	if (!file_word(from, "name", row->name) || !file_word(from, "unit", row->unit) ||
	    !file_word(from, "mem", row->mem) || !file_word(from, "backend", row->backend))
		return file_word_bad;
	row->of_many = row->backend[0];
	if (!row->of_many)
		memcpy(row->backend, file->backend, sizeof(row->backend));
	if (!row->name[0] || !row->unit[0])
		return "a result has no name or no unit";
	file_text(from, "reference", row->reference);
	row->size = file_num(from, "size");
	row->granule = file_num(from, "granule");
	row->page_size = file_num(from, "page_size");
	row->threads = file_num(from, "threads");
	row->depth = file_num(from, "depth");
	return file_figures(from, row);
}

/* The phrase of what is wrong, or NULL. */
static const char *file_rows(const struct value *list, struct bench_file *out)
{
	const char *bad = NULL;
	unsigned int n = 0;

	if (!json_is_list(list))
		return "it has no list of results";
	for (const struct value *v = json_first(list); v; v = json_next(v))
		n++;
	if (n > BENCH_FILE_ROWS)
		return "it has more than 4096 results";
	out->rows = calloc(MAX(n, 1u), sizeof(*out->rows));
	if (!out->rows)
		return "no memory";
	for (const struct value *v = json_first(list); v && !bad; v = json_next(v))
		bad = file_row(v, out, &out->rows[out->nr++]);
	return bad;
}

int bench_file_parse(const char *text, size_t len, struct bench_file *out, char *why, size_t why_len)
{
	const char *command = "", *bad;
	struct value *top = NULL;
	int err;

	*out = (struct bench_file){.nr = 0};
	err = json_parse(text, len, &top, why, why_len);
	if (err)
		return err;
	file_text(top, "version", out->version);
	file_text(top, "kernel", out->kernel);
	file_text(top, "result", out->result);
	file_text(top, "device", out->device);
	file_text(top, "driver", out->driver);
	file_text(top, "machine", out->machine);
	if (!file_word(top, "bench", out->bench) || !file_word(top, "backend", out->backend))
		bad = file_word_bad;
	else if (!json_read_str(json_get(top, "command"), &command) || strcmp(command, "bench") || !out->bench[0])
		bad = "it is not what `bench --json` prints";
	else
		bad = file_rows(json_get(top, "results"), out);
	json_free(top);
	if (bad)
		snprintf(why, why_len, "%s", bad);
	return bad ? -EBADMSG : 0;
}

/* Figures of a run that went wrong, or was cut short, are not those of the benchmark. */
static int file_went_well(const char *path, const struct bench_file *file, struct fail *f)
{
	if (!strcmp(file->result, "pass"))
		return 0;
	fail_complete(f, EBADMSG, "%s: the result of that run is %s, its figures say nothing", path,
		      file->result[0] ? file->result : "not known");
	fail_hint(f, "run `bench %s --json` again, until it passes", file->bench);
	return -EBADMSG;
}

int bench_file_read(const char *path, struct bench_file *out, struct fail *f)
{
	CLEANUP_FREE char *text = NULL;
	char why[120];
	size_t size;
	int err;

	*out = (struct bench_file){.nr = 0};
	err = json_read_file(path, &text, &size);
	if (err)
		return fail_set(f, err, "cannot read %s", path);
	if (bench_file_parse(text, size, out, why, sizeof(why)))
		return fail_complete(f, EBADMSG, "cannot read %s: %s", path, why);
	return file_went_well(path, out, f);
}

void bench_file_free(struct bench_file *file)
{
	free(file->rows);
	file->rows = NULL;
	file->nr = 0;
}
