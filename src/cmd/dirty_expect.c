/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl dirty read, read-clear and unmap: --expect and --may. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/dirty.h"

int dirty_expect_begin(struct command_run *run, struct session *s, const struct dirty_state *d, struct dirty_expect *e)
{
	int err = 0;

	*e = (struct dirty_expect){0};
	if (d->expect)
		err = dirty_expect_parse(e, false, s, &d->on, "--expect", d->expect, &run->fail);
	if (!err && d->may)
		err = dirty_expect_parse(e, true, s, &d->on, "--may", d->may, &run->fail);
	return err;
}

static void expect_report_pages(struct report *r, const char *key, const iova_t *at, uint64_t nr, uint64_t page_size)
{
	report_list(r, key);
	for (uint64_t i = 0; i < MIN(nr, (uint64_t)EXPECT_KEPT); i++) {
		report_object(r, NULL);
		report_hex(r, "iova", at[i]);
		report_num(r, "page_size", page_size);
		report_close(r);
	}
	report_close(r);
	report_text_hide(r, key);
}

int dirty_expect_end(struct command_run *run, const struct dirty_state *d, const struct dirty_expect *e,
		     const struct dirty_bitmap *b)
{
	struct dirty_expect_result res;
	struct report *r = run->report;
	char why[160];
	int err = d->expect ? dirty_expect_judge(e, b, &res, &run->fail) : 0;

	if (err || !d->expect)
		return err;
	report_num(r, "missing_pages", res.missing);
	report_num(r, "spurious_pages", res.spurious);
	report_text_hide(r, "missing_pages");
	report_text_hide(r, "spurious_pages");
	expect_report_pages(r, "missing", res.missing_at, res.missing, b->page_size);
	expect_report_pages(r, "spurious", res.spurious_at, res.spurious, b->page_size);
	if (!res.missing && !res.spurious) {
		report_check(r, "just the pages that are due are dirty", RESULT_PASS, NULL);
		return 0;
	}
	if (res.missing)
		snprintf(why, sizeof(why),
			 "missing: no bit for the page at iova 0x%" PRIx64 ", which was written (%" PRIu64
			 " such, %" PRIu64 " spurious)",
			 res.missing_at[0], res.missing, res.spurious);
	else
		snprintf(why, sizeof(why),
			 "spurious: a bit for the page at iova 0x%" PRIx64 ", where nothing was written (%" PRIu64
			 " such)",
			 res.spurious_at[0], res.spurious);
	report_check(r, "just the pages that are due are dirty", RESULT_FAIL, why);
	snprintf(run->detail, sizeof(run->detail), "%s", why);
	return 0;
}
