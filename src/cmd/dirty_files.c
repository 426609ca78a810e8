/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl dirty show and diff: bitmap files, without a session. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/dirty.h"

/* *left: ranges that there is room for still. */
static int files_show(struct command_run *run, const char *path, uint64_t most, uint64_t *left)
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
	*left -= dirty_bitmap_report(r, &b, most);
	dirty_bitmap_describe(r, &b);
	err = dirty_file_check_whole(&b, path, &run->fail);
	dirty_bitmap_free(&b);
	return err;
}

int dirty_do_show(struct command_run *run, const struct dirty_state *d)
{
	struct report *r = run->report;
	uint64_t left = DIRTY_RANGES_MAX;
	int err = 0;

	if (d->nr_files > 1)
		report_list(r, "files");
	for (unsigned int i = 0; i < d->nr_files && !err && !session_signal; i++) {
		if (d->nr_files > 1)
			report_object(r, NULL);
		err = files_show(run, d->files[i], left / (d->nr_files - i), &left);
		if (d->nr_files > 1)
			report_close(r);
	}
	if (d->nr_files > 1) {
		report_close(r);
		report_text_hide(r, "files");
	}
	return err;
}

/* Both lists of a difference together take no more than that of one file. */
static void files_report_only(struct report *r, const char *const paths[2], const struct dirty_diff *diff)
{
	static const char *const keys[2][3] = {{"only_a", "only_a_total", "only_a_cut"},
					       {"only_b", "only_b_total", "only_b_cut"}};
	const struct dirty_bitmap *only[2] = {&diff->only_a, &diff->only_b};
	uint64_t left = DIRTY_RANGES_MAX;

	for (unsigned int i = 0; i < 2; i++) {
		CLEANUP_FREE char *line = NULL;
		struct dirty_ranges how = {keys[i][0], keys[i][1], keys[i][2], .most = left / (2 - i)};

		if (asprintf(&line, "only %s: ", paths[i]) < 0)
			line = NULL;
		how.line = how.rest = line ? line : "";
		left -= dirty_ranges_report(r, only[i], &how);
	}
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
	report_num(r, "pages", diff->length / diff->only_a.page_size);
	report_bool(r, "part", diff->part);
	report_num(r, "both_pages", diff->both);
	report_num(r, "only_a_pages", only_a);
	report_num(r, "only_b_pages", only_b);
	report_num(r, "outside_a_pages", diff->outside_a);
	report_num(r, "outside_b_pages", diff->outside_b);
	if (diff->part)
		report_line(r,
			    "both cover 0x%" PRIx64 "-0x%" PRIx64
			    "; a page that one of them does not cover counts as clean in it",
			    diff->iova, diff->iova + (diff->length - 1));
	for (unsigned int i = 0; i < 2; i++) {
		caveat = dirty_bitmap_caveat(both[i]);
		if (caveat)
			report_line(r, "%s: %s", d->files[i], caveat);
	}
	files_report_only(r, d->files, diff);
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
