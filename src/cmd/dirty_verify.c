/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl dirty verify: the report of it, and the list of its cases. */
#include "cmd/dirty.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "core/op/faults.h"

/* Pages shown below a case that failed; JSON has all that were kept. */
#define VERIFY_PAGES_SHOWN 5

static const char *const danger_names[] = {"none", "leak", "crash"};

static void verify_report_pages(struct report *r, const char *key, const struct verify_page *pages, unsigned int n)
{
	report_list(r, key);
	for (unsigned int i = 0; i < n; i++) {
		report_object(r, NULL);
		report_hex(r, "iova", pages[i].iova);
		report_num(r, "page_size", pages[i].page_size);
		report_str(r, "case", pages[i].name);
		report_num(r, "round", pages[i].round);
		report_str(r, "what", pages[i].what);
		report_close(r);
	}
	report_close(r);
	report_text_hide(r, key);
}

static void verify_report_cases(struct report *r, const struct verify_result *res)
{
	report_list(r, "cases");
	for (unsigned int i = 0; i < res->nr_cases; i++) {
		const struct verify_outcome *o = &res->cases[i];

		report_object(r, NULL);
		report_str(r, "name", o->name);
		report_str(r, "result", result_name(o->result));
		report_str(r, "why", o->why);
		report_num(r, "runs", o->runs);
		report_num(r, "writes", o->writes);
		report_num(r, "missing", o->missing);
		report_num(r, "spurious", o->spurious);
		report_close(r);
	}
	report_close(r);
	report_text_hide(r, "cases");
}

static void verify_report_leaves(struct report *r, const struct verify_result *res)
{
	report_list(r, "leaves");
	for (unsigned int i = 0; i < res->nr_leaves; i++) {
		const struct verify_leaf *l = &res->leaves[i];

		report_object(r, NULL);
		report_num(r, "size", l->size);
		report_num(r, "reads", l->reads);
		report_num(r, "reads_ns", l->reads ? l->read_ns / l->reads : 0);
		report_num(r, "written", l->written);
		report_num(r, "reported", l->reported);
		report_str(r, "why", l->why);
		report_close(r);
	}
	report_close(r);
	report_text_hide(r, "leaves");
	for (unsigned int i = 0; i < res->nr_leaves; i++) {
		const struct verify_leaf *l = &res->leaves[i];

		if (!l->reads)
			continue; /* the case says why */
		report_line(r,
			    "entries of 0x%" PRIx64 " bytes: %" PRIu64
			    " ns per read, %.1f pages reported for each written",
			    l->size, l->read_ns / l->reads, (double)l->reported / (double)MAX(l->written, 1u));
	}
}

static void verify_report_windows(struct report *r, const struct verify_result *res)
{
	report_list(r, "windows");
	for (unsigned int i = 0; i < res->nr_windows; i++) {
		const struct verify_window *w = &res->windows[i];

		report_object(r, NULL);
		report_str(r, "order", w->order);
		report_str(r, "window", w->window);
		report_str(r, "outcome", w->outcome);
		report_close(r);
		report_line(r, "%s, a write %s: %s", w->order, w->window, w->outcome);
	}
	report_close(r);
	report_text_hide(r, "windows");
}

static void verify_report_pages_of(struct report *r, const char *kind, const char *name,
				   const struct verify_page *pages, unsigned int n)
{
	unsigned int shown = 0;

	for (unsigned int i = 0; i < n && shown < VERIFY_PAGES_SHOWN; i++) {
		if (strcmp(pages[i].name, name))
			continue;
		report_evidence(r, kind, "0x%" PRIx64 " (0x%" PRIx64 " bytes), round %" PRIu64 ": %s", pages[i].iova,
				pages[i].page_size, pages[i].round, pages[i].what);
		shown++;
	}
}

static void verify_report_checks(struct report *r, const struct verify_result *res)
{
	for (unsigned int i = 0; i < res->nr_cases; i++) {
		const struct verify_outcome *o = &res->cases[i];

		report_check(r, o->name, o->result, o->why[0] ? o->why : NULL);
		if (o->result != RESULT_FAIL)
			continue;
		report_evidence(r, "case", "%s", o->title);
		verify_report_pages_of(r, "missing", o->name, res->missing, res->nr_missing);
		verify_report_pages_of(r, "spurious", o->name, res->spurious, res->nr_spurious);
	}
	if (res->complaint[0])
		report_check(r, "the kernel does not complain", RESULT_FAIL, res->complaint);
	if (res->untranslated[0])
		report_check(r, "the IOMMU translates", RESULT_FAIL, res->untranslated);
}

static void verify_report_run(struct report *r, struct session *s, const struct verify_params *p,
			      const struct verify_result *res)
{
	static const char *const hidden[] = {"backend",	      "device",		"driver", "source", "marked",
					     "over_reports",  "strict",		"rounds", "writes", "reported_pages",
					     "missing_pages", "spurious_pages", "leaf",	  "rates"};

	report_str(r, "backend", session_backend_name(s));
	report_str(r, "device", session_device_name(s));
	report_str(r, "driver", session_driver_name(s));
	report_str(r, "source", dirty_source_name(res->at.source));
	report_bool(r, "marked", res->caps.marks);
	report_bool(r, "over_reports", res->caps.over_reports);
	report_bool(r, "strict", p->strict);
	report_num(r, "rounds", res->rounds);
	report_num(r, "writes", res->writes);
	report_num(r, "reported_pages", res->reported_total);
	report_num(r, "missing_pages", res->missing_total);
	report_num(r, "spurious_pages", res->spurious_total);
	report_num(r, "leaf", res->leaf);
	report_object(r, "rates");
	if (res->read_clear_gib_s > 0)
		report_real(r, "read_clear_gib_s", res->read_clear_gib_s);
	report_close(r);
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		report_text_hide(r, hidden[i]);
}

static void verify_report_lines(struct report *r, const struct verify_result *res)
{
	report_line(r, "source %s; %" PRIu64 " round%s, %" PRIu64 " %s", dirty_source_name(res->at.source), res->rounds,
		    res->rounds == 1 ? "" : "s", res->writes,
		    res->caps.marks ? "marks: marked, not DMA" : "writes by DMA");
	if (res->caps.over_reports)
		report_line(r, "source %s reports every mapped page: not a measurement",
			    dirty_source_name(res->at.source));
	report_line(r, "%" PRIu64 " pages reported, %" PRIu64 " missing, %" PRIu64 " spurious", res->reported_total,
		    res->missing_total, res->spurious_total);
	if (res->leaf)
		report_line(r, "leaf in effect seen: 0x%" PRIx64 " bytes", res->leaf);
	if (res->read_clear_gib_s > 0)
		report_line(r, "read and clear: %.1f GiB/s of tracked memory", res->read_clear_gib_s);
}

static void verify_detail(struct command_run *run, const struct verify_result *res)
{
	snprintf(run->detail, sizeof(run->detail),
		 "%" PRIu64 " writes, %" PRIu64 " pages missing, %" PRIu64 " spurious%s", res->writes,
		 res->missing_total, res->spurious_total, res->caps.marks ? "; marked, not DMA" : "");
	for (unsigned int i = 0; i < res->nr_cases; i++) {
		if (res->cases[i].result != RESULT_FAIL)
			continue;
		snprintf(run->detail, sizeof(run->detail), "%s: %.150s", res->cases[i].name, res->cases[i].why);
		break;
	}
}

int dirty_do_verify(struct command_run *run, struct session *s, const struct dirty_state *d)
{
	static struct verify_result res; /* large, and there is one verify at a time */
	struct verify_params p = d->verify;
	int err;

	run->shows = true;
	if (run->own_session)
		msg_note("dirty verify: backend %s, device %s, driver %s, seed 0x%llx", session_backend_name(s),
			 session_device_name(s), session_driver_name(s),
			 (unsigned long long)run->globals->session.seed);
	err = verify_run(s, &p, &res, &run->fail);
	if (err && (run->fail.usage || !res.nr_cases))
		return err; /* nothing was done, so there is nothing to tell */
	verify_report_run(run->report, s, &p, &res);
	verify_report_pages(run->report, "missing", res.missing, res.nr_missing);
	verify_report_pages(run->report, "spurious", res.spurious, res.nr_spurious);
	verify_report_cases(run->report, &res);
	verify_report_lines(run->report, &res);
	verify_report_leaves(run->report, &res);
	verify_report_windows(run->report, &res);
	verify_report_checks(run->report, &res);
	/* bits that measure nothing prove nothing: that the kernel refused what it should does not make that a pass */
	if (res.caps.over_reports)
		report_result(run->report, RESULT_SKIP);
	verify_detail(run, &res);
	/* a script's line is told as what it is, too */
	if (session_signal)
		report_interrupted(run->report, session_signal);
	op_faults_forget(s); /* those that cases caused on purpose */
	op_faults_report(run->report, s);
	return err;
}

int dirty_do_list_cases(struct command_run *run)
{
	report_list(run->report, "cases");
	for (const struct verify_help *h = verify_help(); h->name; h++) {
		report_object(run->report, NULL);
		report_str(run->report, "name", h->name);
		report_str(run->report, "title", h->title);
		report_str(run->report, "danger", danger_names[h->danger]);
		report_bool(run->report, "beyond", h->beyond);
		report_close(run->report);
		report_line(run->report, "%-22s %s%s%s%s", h->name, h->title, h->danger ? "; danger: " : "",
			    h->danger ? danger_names[h->danger] : "", h->beyond ? "; with --beyond" : "");
	}
	report_close(run->report);
	report_text_hide(run->report, "cases");
	return 0;
}
