/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `dirty verify`: which cases there are, the turns they take, and what becomes of each. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/verify/priv.h"
#include "iommu/objects.h"
#include "out/progress.h"

static const struct verify_case *const verify_tables[] = {
	verify_pattern_cases, verify_range_cases, verify_leaf_cases, verify_state_cases,  verify_remap_cases,
	verify_unmap_cases,   verify_race_cases,  verify_lie_cases,  verify_beyond_cases,
};

/* The @i-th case of all tables, NULL past the last. */
static const struct verify_case *verify_case_at(unsigned int i)
{
	for (size_t t = 0; t < ARRAY_SIZE(verify_tables); t++) {
		unsigned int n = 0;

		while (verify_tables[t][n].name)
			n++;
		if (i < n)
			return &verify_tables[t][i];
		i -= n;
	}
	return NULL;
}

const struct verify_help *verify_help(void)
{
	static struct verify_help help[VERIFY_CASES_MAX + 1];
	const struct verify_case *c;

	for (unsigned int i = 0; i < VERIFY_CASES_MAX && (c = verify_case_at(i)); i++)
		help[i] = (struct verify_help){c->name, c->title, c->danger, c->beyond};
	return help;
}

/* The first reason for the worst that came of a case is the one that is told. */
static void verify_becomes(struct verify_outcome *o, enum result result, const char *fmt, va_list ap)
{
	if (o->why[0] && result_worst(o->result, result) == o->result)
		return;
	vsnprintf(o->why, sizeof(o->why), fmt, ap);
	o->result = result_worst(o->result, result);
}

static void IC_PRINTF(3, 4) verify_is(struct verify_outcome *o, enum result result, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verify_becomes(o, result, fmt, ap);
	va_end(ap);
}

void verify_fail(struct verify *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verify_becomes(v->now, RESULT_FAIL, fmt, ap);
	va_end(ap);
}

void verify_error(struct verify *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verify_becomes(v->now, RESULT_ERROR, fmt, ap);
	va_end(ap);
}

void verify_note(struct verify *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verify_becomes(v->now, RESULT_PASS, fmt, ap);
	va_end(ap);
}

int verify_skip(struct verify *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verify_becomes(v->now, RESULT_SKIP, fmt, ap);
	va_end(ap);
	return 0;
}

/* The first of each case. */
static void verify_keep(struct verify *v, struct verify_page *list, unsigned int *nr, uint64_t of_case, iova_t iova,
			uint64_t page_size, const char *what)
{
	struct verify_page *page;

	if (*nr == VERIFY_PAGES_KEPT || of_case >= VERIFY_PAGES_OF_CASE)
		return;
	page = &list[(*nr)++];
	*page = (struct verify_page){.iova = iova, .page_size = page_size, .round = v->round, .name = v->c->name};
	snprintf(page->what, sizeof(page->what), "%s", what);
}

void verify_missing(struct verify *v, iova_t iova, uint64_t page_size, const char *fmt, ...)
{
	struct verify_result *res = v->res;
	char what[sizeof(res->missing->what)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	verify_keep(v, res->missing, &res->nr_missing, v->now->missing, iova, page_size, what);
	res->missing_total++;
	v->now->missing++;
	verify_fail(v, "missing: no bit for the page at iova 0x%llx: %s", (unsigned long long)iova, what);
}

void verify_spurious(struct verify *v, iova_t iova, uint64_t page_size, const char *fmt, ...)
{
	struct verify_result *res = v->res;
	char what[sizeof(res->spurious->what)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	verify_keep(v, res->spurious, &res->nr_spurious, v->now->spurious, iova, page_size, what);
	res->spurious_total++;
	v->now->spurious++;
	verify_is(v->now, v->p->strict ? RESULT_FAIL : RESULT_PASS, "spurious: a bit for the page at iova 0x%llx: %s",
		  (unsigned long long)iova, what);
}

/* Is it to be run at all? Cases that ask for more than is promised are when they are asked for. */
static bool verify_wants(const struct verify_params *p, const struct verify_case *c)
{
	if (!p->cases)
		return p->beyond || !c->beyond;
	for (unsigned int i = 0; i < p->nr_cases; i++)
		if (!strcmp(p->cases[i], c->name))
			return true;
	return false;
}

static int verify_check_names(const struct verify_params *p, struct fail *f)
{
	for (unsigned int i = 0; p->cases && i < p->nr_cases; i++) {
		const struct verify_help *h = verify_help();

		while (h->name && strcmp(h->name, p->cases[i]))
			h++;
		if (h->name)
			continue;
		fail_usage(f, EINVAL, "there is no case '%s'", p->cases[i]);
		fail_hint(f, "`dirty verify --list` names all cases");
		return -EINVAL;
	}
	return 0;
}

static bool verify_may(struct verify *v)
{
	static const char *const dangers[] = {"", "lose memory of the kernel's", "crash the kernel"};
	const struct verify_case *c = v->c;
	const char *why = "";

	if (c->danger != VERIFY_SAFE && !session_params(v->s)->allow_crash) {
		verify_is(v->now, RESULT_SKIP, "may %s where it has a known bug: needs --allow-crash",
			  dangers[c->danger]);
		return false;
	}
	if (c->can && !c->can(v, &why)) {
		verify_is(v->now, RESULT_SKIP, "%s", why);
		return false;
	}
	return true;
}

/* Nothing of the case is left: tracking is off, its areas are gone, unless the device would not stop. */
static int verify_undo(struct verify *v, struct fail *f)
{
	struct fail ignored = {0};
	int err = 0, e;

	if (!session_is_quiet(v->s))
		return 0;
	if (v->on)
		err = verify_stop(v, f);
	while (v->areas) {
		struct verify_area *area = v->areas;

		e = verify_unmap(v, area, err ? &ignored : f);
		err = err ? err : e;
		if (v->areas == area)
			break; /* it could not be unmapped: its memory stays until the end */
	}
	if (v->large_again)
		iommu_option_set(session_iommu(v->s), IOMMU_OPTION_HUGE_PAGES, 1, NULL);
	v->small_pages = v->large_again = false;
	return err;
}

static void verify_one(struct verify *v)
{
	struct fail why = {0};
	int err, undo;

	if (!verify_may(v))
		return;
	v->draws = v->case_writes = 0;
	err = v->c->run(v, &why);
	undo = verify_undo(v, err ? NULL : &why);
	v->now->runs++;
	v->now->writes += v->case_writes;
	if (err || undo)
		verify_is(v->now, RESULT_ERROR, "%.150s: %s", why.text, strerror(-(err ? err : undo)));
	else if (v->caps.over_reports && !v->c->answers && v->now->result == RESULT_PASS)
		verify_is(v->now, RESULT_SKIP, "source %s reports every mapped page: not a measurement",
			  dirty_source_name(v->at.source));
}

static bool verify_goes_on(const struct verify *v)
{
	return !session_signal && !session_is_forbidden(v->s);
}

static void verify_rounds(struct verify *v)
{
	struct verify_result *res = v->res;
	struct progress progress;
	uint64_t done = 0;

	progress_start(&progress, "dirty verify", "cases", v->p->rounds * res->nr_cases, 0);
	for (; v->round < v->p->rounds && verify_goes_on(v); v->round++) {
		v->now = res->cases;
		for (unsigned int i = 0; (v->c = verify_case_at(i)) && verify_goes_on(v); i++) {
			if (!verify_wants(v->p, v->c) || v->now == res->cases + res->nr_cases)
				continue;
			verify_one(v);
			v->now++;
			progress_update(&progress, ++done, 0);
		}
	}
	progress_end(&progress);
	res->rounds = v->round;
}

static void verify_list_cases(struct verify *v)
{
	const struct verify_case *c;

	for (unsigned int i = 0; (c = verify_case_at(i)) && v->res->nr_cases < VERIFY_CASES_MAX; i++)
		if (verify_wants(v->p, c))
			v->res->cases[v->res->nr_cases++] = (struct verify_outcome){.name = c->name, .title = c->title};
}

/* What was not reached did not pass. */
static void verify_tell_unreached(struct verify *v)
{
	for (unsigned int i = 0; i < v->res->nr_cases; i++) {
		struct verify_outcome *o = &v->res->cases[i];

		if (!o->runs && o->result == RESULT_PASS)
			verify_is(o, RESULT_SKIP,
				  session_signal ? "not reached: the run was interrupted"
						 : "not reached: no more DMA was allowed");
	}
}

/* Marks need no device that is up. */
static int verify_ready(struct verify *v, struct fail *f)
{
	struct dirty_at on;
	int err = session_at_home(v->s, f);

	if (err)
		return err;
	if (op_dirty_is_on(v->s, &on)) {
		fail_usage(f, EBUSY, "dirty tracking is on already, by %s", dirty_source_name(on.source));
		fail_hint(f, "`dirty stop` comes first");
		return -EBUSY;
	}
	/* page tables made since may have changed by what steps can be mapped */
	iommu_space_refresh(session_iommu(v->s), NULL);
	err = op_dirty_find(v->s, &v->p->on, &v->at, &v->caps, f);
	if (err)
		return err;
	if (!v->caps.page_sizes)
		return fail_set(f, EPROTO, "source %s offers no page size", dirty_source_name(v->at.source));
	v->unit = v->caps.page_sizes & -v->caps.page_sizes;
	v->res->at = v->at;
	v->res->caps = v->caps;
	if (v->caps.marks)
		return 0;
	err = session_dma_start(v->s, f);
	if (!err && !(dev_limits(session_dev(v->s))->dirs & (DEV_WRITE | DEV_COPY)))
		err = fail_set(f, EOPNOTSUPP, "driver %s cannot write to memory", session_driver_name(v->s));
	return err;
}

/* The canary's verdict is a failure of the run, not an error of the tool. */
static int verify_verdict_of(struct verify *v, int err, const struct fail *f)
{
	if (err != -EREMOTEIO)
		return err;
	snprintf(v->res->untranslated, sizeof(v->res->untranslated), "%.150s", f->text);
	return 0;
}

int verify_run(struct session *s, const struct verify_params *p, struct verify_result *res, struct fail *f)
{
	struct verify v = {.s = s, .p = p, .res = res};
	int err = verify_check_names(p, f);

	memset(res, 0, sizeof(*res));
	if (!err)
		err = verify_ready(&v, f);
	if (err && err != -EREMOTEIO)
		return err;
	verify_list_cases(&v);
	if (!err)
		verify_rounds(&v);
	verify_tell_unreached(&v);
	verify_forget_areas(&v);
	if (v.read_ns)
		res->read_clear_gib_s = (double)v.read_bytes / (double)GiB(1) / ((double)v.read_ns / 1e9);
	snprintf(res->complaint, sizeof(res->complaint), "%.150s", session_kernel_complaint(s));
	/* the reason why it is forbidden */
	if (session_is_forbidden(s))
		err = session_canary(s, f);
	return verify_verdict_of(&v, err, f);
}
