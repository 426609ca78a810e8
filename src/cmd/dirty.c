/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl dirty: those of its verbs that work in a session. */
#include "cmd/dirty.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/session/named.h"

/* The range that a buffer's name or --iova with --size means. */
static int dirty_where(struct command_run *run, struct session *s, const struct dirty_state *d, iova_t *iova,
		       uint64_t *size)
{
	*iova = d->iova;
	*size = d->size;
	return d->buf ? op_dirty_where(s, &d->on, d->buf, d->size_given, iova, size, &run->fail) : 0;
}

/* What a device is to log: the buffers that are named, or each --iova with its --size. @out has room for all of them. */
static int dirty_ranges(struct command_run *run, struct session *s, const struct dirty_state *d, struct iova_range *out,
			unsigned int nr)
{
	int err = 0;

	for (unsigned int i = 0; i < nr && !err; i++) {
		uint64_t size = d->nr_files ? d->size : d->sizes[i];

		if (!d->nr_files)
			out[i].start = d->iovas[i];
		else
			err = op_dirty_where(s, &d->on, d->files[i], d->size_given, &out[i].start, &size, &run->fail);
		out[i].last = out[i].start + (size - 1);
		if (!err && !d->on.unchecked && (!size || out[i].last < out[i].start))
			err = fail_usage(&run->fail, EINVAL, "iova 0x%" PRIx64 " with size 0x%" PRIx64 " is no range",
					 out[i].start, size);
	}
	return err;
}

static int dirty_start(struct command_run *run, struct session *s, const struct dirty_state *d)
{
	unsigned int nr = d->nr_files ? d->nr_files : d->nr_iovas;
	CLEANUP_FREE struct iova_range *ranges = calloc(nr + 1, sizeof(*ranges));
	struct op_dirty_on on;
	int err =
		ranges ? dirty_ranges(run, s, d, ranges, nr) : fail_set(&run->fail, ENOMEM, "cannot note down ranges");

	if (!err)
		err = op_dirty_start(s, &d->on, ranges, nr, d->page_size, &run->fail);
	if (err)
		return err;
	if (op_dirty_get(s, 0, &on)) {
		report_str(run->report, "source", dirty_source_name(on.at.source));
		if (on.at.table)
			report_num(run->report, "table", on.at.table);
		if (on.page_size)
			report_num(run->report, "page_size", on.page_size);
		snprintf(run->detail, sizeof(run->detail), "dirty tracking by %s%s", dirty_source_name(on.at.source),
			 on.made ? ", on a page table made for it" : "");
	}
	report_line(run->report, "%s", run->detail);
	if (run->own_session)
		report_line(run->report, "it ends with this command: `iommuctl run` tracks, reads and stops in one go");
	return 0;
}

static int dirty_stop(struct command_run *run, struct session *s, const struct dirty_state *d)
{
	struct dirty_caps caps;
	struct dirty_at at;
	int err = op_dirty_find(s, &d->on, &at, &caps, &run->fail);

	if (!err)
		err = op_dirty_stop(s, &d->on, &run->fail);
	if (err)
		return err;
	report_str(run->report, "source", dirty_source_name(at.source));
	snprintf(run->detail, sizeof(run->detail), "no more dirty tracking by %s", dirty_source_name(at.source));
	report_line(run->report, "%s", run->detail);
	return 0;
}

/* What one should know of the bits; @cut: of op_dirty_is_cut(), before anything was unmapped. */
static void dirty_warn(struct report *r, struct session *s, const struct dirty_state *d, bool cut)
{
	bool away = op_dirty_is_away(s, &d->on);

	report_bool(r, "cut", cut);
	if (cut)
		report_line(r, "the range begins inside of a mapping: the bit of a large entry there may be lost");
	report_bool(r, "away", away);
	if (away)
		report_line(r, "the device is not attached to this page table: what it writes now is not noted there");
}

/* Of a file that cannot be written the error is returned, once everything is in the report. @gone: the bits cannot be read again. */
static int dirty_output(struct command_run *run, const struct dirty_bitmap *b, const char *path, bool gone)
{
	const char *caveat = dirty_bitmap_caveat(b);
	uint64_t pages = b->words ? bitmap_count(b->words, b->bits) : 0;
	int err;

	run->shows = true;
	if (b->words)
		snprintf(run->detail, sizeof(run->detail),
			 "%" PRIu64 " of %" PRIu64 " pages of 0x%" PRIx64 " dirty, by %s%s%s", pages, b->bits,
			 b->page_size, dirty_source_name(b->source), caveat ? ": " : "", caveat ? caveat : "");
	else
		snprintf(run->detail, sizeof(run->detail), "accepted by %s: what its bits stand for nobody says",
			 dirty_source_name(b->source));
	report_line(run->report, "%s", run->detail);
	dirty_bitmap_report(run->report, b, DIRTY_RANGES_MAX);
	if (path && !b->words)
		return fail_usage(&run->fail, EINVAL, "-o: these bits are of no pages that a file could name");
	err = path ? dirty_file_write(b, path, &run->fail) : 0;
	/* what is in the report is all there is of them */
	if (err && gone)
		fail_hint(&run->fail,
			  "the bits were cleared and are in no file: what this run reports of them is all there is");
	run->partial = err;
	report_str(run->report, "file", path && !err ? path : "");
	if (!path || err)
		report_text_hide(run->report, "file");
	return err;
}

/*
 * The file to write, NULL: none. The first %n in its name counts up, for a series of reads in a loop. Bits that were cleared cannot be read
 * again: where they go is looked at before.
 */
static int dirty_path(struct command_run *run, struct session *s, const struct dirty_state *d, char **path)
{
	const char *n = d->output ? strstr(d->output, "%n") : NULL;
	int len;

	*path = NULL;
	if (!d->output)
		return 0;
	if (n)
		len = asprintf(path, "%.*s%04u%s", (int)(n - d->output), d->output, op_dirty_number(s), n + 2);
	else
		len = asprintf(path, "%s", d->output);
	if (len < 0) {
		*path = NULL;
		return fail_set(&run->fail, ENOMEM, "cannot write %s", d->output);
	}
	return dirty_file_check_path(*path, &run->fail);
}

static void dirty_request(const struct dirty_state *d, struct op_dirty_read *op)
{
	op->on = d->on;
	op->page_size = d->page_size;
	op->page_size_given = d->page_size_given;
	op->keep = d->verb == VERB_READ;
	op->bitmap_readonly = d->bitmap_readonly;
	op->bitmap_nowhere = d->bitmap_nowhere;
}

/* Alone, nothing is mapped and nothing tracked that could be read: what else would help, helps in a script only. */
static int dirty_alone(struct command_run *run, int err)
{
	/* unchecked, it is the kernel's own answer that is asked for, and that has its own words */
	if (run->own_session && !run->unchecked && (err == -ENOENT || err == -EINVAL))
		fail_hint(&run->fail,
			  "tracking lives in a session: map, start, write and read in a script, `iommuctl run`");
	return err;
}

static int dirty_read(struct command_run *run, struct session *s, const struct dirty_state *d)
{
	struct op_dirty_read op = {0};
	struct dirty_bitmap b = {0};
	CLEANUP_FREE char *path = NULL;
	struct dirty_expect expect;
	int err;

	dirty_request(d, &op);
	err = dirty_expect_begin(run, s, d, &expect);
	if (!err)
		err = dirty_path(run, s, d, &path);
	if (!err)
		err = dirty_where(run, s, d, &op.iova, &op.size);
	if (!err)
		err = dirty_alone(run, op_dirty_read(s, &op, &b, &run->fail));
	if (!err) {
		err = dirty_output(run, &b, path, d->verb == VERB_READ_CLEAR);
		dirty_warn(run->report, s, d, op_dirty_is_cut(s, &op));
	}
	if (!err)
		err = dirty_expect_end(run, d, &expect, &b);
	dirty_expect_free(&expect);
	dirty_bitmap_free(&b);
	return err;
}

static int dirty_unmap(struct command_run *run, struct session *s, const struct dirty_state *d)
{
	struct op_dirty_read op = {0};
	struct dirty_bitmap b = {0};
	CLEANUP_FREE char *path = NULL;
	struct dirty_expect expect;
	struct failures found;
	uint64_t bytes = 0;
	enum dirty_order order;
	bool cut;
	int err;

	failures_init(&found);
	dirty_request(d, &op);
	err = dirty_expect_begin(run, s, d, &expect);
	if (!err)
		err = dirty_path(run, s, d, &path);
	if (!err)
		err = dirty_where(run, s, d, &op.iova, &op.size);
	cut = !err && op_dirty_is_cut(s, &op);
	if (!err)
		err = dirty_alone(run, op_dirty_unmap(s, &op, &b, &bytes, &order, &found, &run->fail));
	if (!err) {
		err = dirty_output(run, &b, path, true);
		dirty_warn(run->report, s, d, cut);
		report_num(run->report, "unmapped_bytes", bytes);
		report_str(run->report, "order", dirty_order_name(order));
		report_bool(run->report, "window", order == DIRTY_READ_UNMAP);
		if (order == DIRTY_READ_UNMAP)
			report_line(run->report, "read, then unmapped: a write between the two is lost");
		command_failures(run, "unmap reports what was mapped", &found);
	}
	if (!err)
		err = dirty_expect_end(run, d, &expect, &b);
	dirty_expect_free(&expect);
	dirty_bitmap_free(&b);
	return err;
}

/* --table by name or id, as the session knows it. */
static int dirty_table(struct command_run *run, struct session *s, struct dirty_state *d)
{
	struct iommu *space;

	d->on.unchecked = run->unchecked;
	return d->table ? named_resolve(s, d->table, run->unchecked, &d->on.table, &space, &run->fail) : 0;
}

/* The canary was reached where the device was attached to a table that tracks, or back. */
static int dirty_untranslated(struct command_run *run)
{
	struct failure bad = {.class = FAILURE_UNTRANSLATED};
	struct failures found;

	failures_init(&found);
	snprintf(bad.text, sizeof(bad.text), "%.190s", run->fail.text);
	failures_add(&found, &bad);
	command_failures(run, "there too the canary is not reached", &found);
	return 0;
}

static int dirty_do(struct command_run *run, struct session *s, struct dirty_state *d)
{
	switch ((enum dirty_verb)d->verb) {
	case VERB_START:
		return dirty_start(run, s, d);
	case VERB_STOP:
		return dirty_stop(run, s, d);
	case VERB_READ:
	case VERB_READ_CLEAR:
		return dirty_read(run, s, d);
	case VERB_UNMAP:
		return dirty_unmap(run, s, d);
	default:
		d->verify.on = d->on;
		d->verify.op = run->op;
		return dirty_do_verify(run, s, d);
	}
}

static int dirty_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct dirty_state *d = arg;
	int err = dirty_table(run, s, d);

	if (!err)
		err = dirty_do(run, s, d);
	return err == -EREMOTEIO ? dirty_untranslated(run) : err;
}

static bool dirty_needs_session(const void *arg)
{
	const struct dirty_state *d = arg;

	return d->verb < VERB_SHOW || (d->verb == VERB_VERIFY && !d->list_cases);
}

static int dirty_execute(struct command_run *run, void *arg)
{
	const struct dirty_state *d = arg;
	int err;

	run->shows = true;
	switch ((enum dirty_verb)d->verb) {
	case VERB_SHOW:
		err = dirty_do_show(run, d);
		break;
	case VERB_DIFF:
		err = dirty_do_diff(run, d);
		break;
	case VERB_PLOT:
		err = dirty_do_plot(run, d);
		break;
	default:
		return dirty_do_list_cases(run);
	}
	if (session_signal)
		report_interrupted(run->report, session_signal);
	return session_signal && err == -EINTR ? 0 : err;
}

const struct command command_dirty = {
	.name = "dirty",
	.summary = "which pages a device has written to: track, read, keep in files, draw, and prove every bit",
	.args_doc = "start [BUF...]\nstop\nread|read-clear|unmap BUF\nshow FILE...\ndiff A B\nplot FILE...\nverify",
	.options = dirty_options,
	.state_size = sizeof(struct dirty_state),
	.defaults = dirty_defaults,
	.parse = dirty_parse,
	.execute = dirty_execute,
	.in_session = dirty_in_session,
	.needs_session = dirty_needs_session,
	.release = dirty_release,
	.scriptable = true,
};
