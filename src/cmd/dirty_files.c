/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl dirty show and diff: bitmap files, without a session. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/dirty.h"

static int files_show(struct command_run *run, const char *path)
{
	struct report *r = run->report;
	struct dirty_bitmap b;
	const char *caveat;
	int err = dirty_file_open(&b, path, &run->fail);

	if (err)
		return err;
	caveat = dirty_bitmap_caveat(&b);
	snprintf(run->detail, sizeof(run->detail),
		 "%" PRIu64 " of %" PRIu64 " pages of 0x%" PRIx64 " dirty, by %s%s%s%s", bitmap_count(b.words, b.bits),
		 b.bits, b.page_size, dirty_source_name(b.source), b.simulated ? ", simulated" : "", caveat ? ": " : "",
		 caveat ? caveat : "");
	report_str(r, "file", path);
	report_line(r, "%s: %s", path, run->detail);
	dirty_bitmap_report(r, &b);
	dirty_bitmap_describe(r, &b);
	err = dirty_file_check_whole(&b, path, &run->fail);
	dirty_bitmap_free(&b);
	return err;
}

int dirty_do_show(struct command_run *run, const struct dirty_state *d)
{
	struct report *r = run->report;
	int err = 0;

	if (d->nr_files > 1)
		report_list(r, "files");
	for (unsigned int i = 0; i < d->nr_files && !err && !session_signal; i++) {
		if (d->nr_files > 1)
			report_object(r, NULL);
		err = files_show(run, d->files[i]);
		if (d->nr_files > 1)
			report_close(r);
	}
	if (d->nr_files > 1) {
		report_close(r);
		report_text_hide(r, "files");
	}
	if (session_signal)
		report_interrupted(r, session_signal);
	return err;
}

static void files_report_only(struct report *r, const char *key, const char *path, const struct dirty_bitmap *b)
{
	struct bitmap_run runs[64];
	uint64_t at = 0, nr = 0;
	size_t n;

	report_ranges(r, key);
	report_text_hide(r, key);
	while ((n = bitmap_runs(b->words, b->bits, &at, runs, ARRAY_SIZE(runs))))
		for (size_t i = 0; i < n; i++, nr++) {
			iova_t iova = b->iova + runs[i].first * b->page_size;
			uint64_t length = runs[i].count * b->page_size;

			report_range(r, iova, length);
			if (nr < DIRTY_RANGES_SHOWN)
				report_line(r, "only %s: 0x%" PRIx64 "-0x%" PRIx64, path, iova, iova + (length - 1));
		}
	report_close(r);
	if (nr > DIRTY_RANGES_SHOWN)
		report_line(r, "only %s: and %" PRIu64 " more ranges", path, nr - DIRTY_RANGES_SHOWN);
}

static void files_report_diff(struct command_run *run, const struct dirty_state *d, const struct dirty_diff *diff,
			      const struct dirty_bitmap *both[2])
{
	uint64_t only_a = bitmap_count(diff->only_a.words, diff->only_a.bits);
	uint64_t only_b = bitmap_count(diff->only_b.words, diff->only_b.bits);
	struct report *r = run->report;
	const char *caveat;

	report_str(r, "a", d->files[0]);
	report_str(r, "b", d->files[1]);
	report_hex(r, "iova", diff->iova);
	report_num(r, "length", diff->length);
	report_num(r, "page_size", diff->only_a.page_size);
	report_num(r, "pages", diff->only_a.bits);
	report_bool(r, "part", diff->part);
	report_num(r, "both_pages", diff->both);
	report_num(r, "only_a_pages", only_a);
	report_num(r, "only_b_pages", only_b);
	if (diff->part)
		report_line(r, "compared where both are: 0x%" PRIx64 "-0x%" PRIx64, diff->iova,
			    diff->iova + (diff->length - 1));
	for (unsigned int i = 0; i < 2; i++) {
		caveat = dirty_bitmap_caveat(both[i]);
		if (caveat)
			report_line(r, "%s: %s", d->files[i], caveat);
	}
	files_report_only(r, "only_a", d->files[0], &diff->only_a);
	files_report_only(r, "only_b", d->files[1], &diff->only_b);
	snprintf(run->detail, sizeof(run->detail),
		 "%" PRIu64 " pages are dirty in the first only, %" PRIu64 " in the second only, %" PRIu64 " in both",
		 only_a, only_b, diff->both);
	report_check(r, "the same pages are dirty in both", only_a || only_b ? RESULT_FAIL : RESULT_PASS,
		     only_a || only_b ? run->detail : NULL);
}

int dirty_do_diff(struct command_run *run, const struct dirty_state *d)
{
	struct dirty_bitmap a = {0}, b = {0};
	const struct dirty_bitmap *both[2] = {&a, &b};
	struct dirty_diff diff = {0};
	int err = dirty_file_open(&a, d->files[0], &run->fail);

	if (!err)
		err = dirty_file_open(&b, d->files[1], &run->fail);
	if (!err)
		err = dirty_diff(&a, &b, &diff, &run->fail);
	if (!err)
		err = dirty_file_check_whole(&a, d->files[0], &run->fail);
	if (!err)
		err = dirty_file_check_whole(&b, d->files[1], &run->fail);
	if (!err)
		files_report_diff(run, d, &diff, both);
	dirty_diff_free(&diff);
	dirty_bitmap_free(&a);
	dirty_bitmap_free(&b);
	return err;
}
