/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a benchmark found wrong on its way, as checks. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/bench.h"

/* As `compare` names them. They are told where they fail; the last one has what is looked at in any case. */
static const struct failure_question bench_questions[] = {
	{"the IOMMU translates", {FAILURE_UNTRANSLATED}, 1},
	{"legal maps are accepted", {FAILURE_MAP_REFUSED}, 1},
	{"no fault where none was due", {FAILURE_DMA_ERROR}, 1},
	{"every unmap reports what was mapped, and no page stays pinned", {FAILURE_SHORT_UNMAP, FAILURE_PIN_LEAK}, 2},
};

static bool bench_is_asked(enum failure_class class)
{
	for (size_t k = 0; k < ARRAY_SIZE(bench_questions); k++)
		for (unsigned int i = 0; i < bench_questions[k].nr; i++)
			if (bench_questions[k].classes[i] == class)
				return true;
	return false;
}

/* The first of those that no question asks for. */
static const struct failure *bench_first_unasked(const struct failures *found)
{
	for (unsigned int i = 0; i < found->kept; i++)
		if (!bench_is_asked(found->list[i].class))
			return &found->list[i];
	return NULL;
}

/* Of one backend of several its name comes first. */
static void bench_check(struct command_run *run, const char *on, const char *name, enum result result, const char *why)
{
	char text[200];

	snprintf(text, sizeof(text), "%s%s%s", on ? on : "", on ? ": " : "", name);
	report_check(run->report, text, result, why);
}

static bool bench_check_failed(struct command_run *run, const char *on, const char *name, const struct failure *bad)
{
	if (!bad)
		return false;
	bench_check(run, on, name, RESULT_FAIL, bad->text);
	report_evidence(run->report, "class", "%s", failure_name(bad->class));
	return true;
}

static void bench_checks_classes(struct command_run *run, const char *on, const struct bench_result *res, bool maps)
{
	const struct failure_question *last = &bench_questions[ARRAY_SIZE(bench_questions) - 1];
	const struct failure *first = &res->found.list[0];
	bool bad = false;

	bad |= bench_check_failed(run, on, "what DMA moved is right", bench_first_unasked(&res->found));
	for (size_t i = 0; i < ARRAY_SIZE(bench_questions); i++)
		bad |= bench_check_failed(run, on, bench_questions[i].name,
					  failures_first(&res->found, &bench_questions[i]));
	if (bad)
		snprintf(run->detail, sizeof(run->detail), "%s: %.150s", failure_name(first->class), first->text);
	else if (maps && res->checked)
		bench_check(run, on,
			    "what DMA moved is right, every unmap reports what was mapped, and no page stays pinned",
			    RESULT_PASS, NULL);
	else if (maps)
		bench_check(run, on, last->name, RESULT_PASS, NULL);
}

void bench_findings(struct bench_result *res)
{
	struct failure bad = {.class = FAILURE_SHORT_UNMAP, .iova = res->iova, .length = res->wrong_size};

	if (res->wrong) {
		snprintf(bad.text, sizeof(bad.text),
			 "%" PRIu64 " unmaps of 0x%" PRIx64 " mapped bytes reported another count, first 0x%" PRIx64,
			 res->wrong, res->wrong_size, res->wrong_got);
		failures_add(&res->found, &bad);
	}
	if (res->pins_counted && res->pins_left) {
		bad.class = FAILURE_PIN_LEAK;
		snprintf(bad.text, sizeof(bad.text), "%" PRId64 " pages are pinned beyond what is mapped",
			 res->pins_left);
		failures_add(&res->found, &bad);
	}
}

void bench_checks(struct command_run *run, const char *on, struct bench_result *res, bool maps)
{
	char why[160];

	if (res->missed) {
		snprintf(why, sizeof(why), "%" PRIu64 " reads lacked pages that were written", res->missed);
		bench_check(run, on, "every page that was written is reported", RESULT_FAIL, why);
	}
	if (res->spurious) {
		snprintf(why, sizeof(why),
			 "spurious: a bit for the page at iova 0x%" PRIx64
			 ": a second read, with nothing written since the first (%" PRIu64 " such)",
			 res->spurious_at, res->spurious);
		bench_check(run, on, "reading clears what it reports", RESULT_FAIL, why);
	}
	if (!maps && !failures_total(&res->found))
		return;
	bench_checks_classes(run, on, res, maps);
	if (maps && !res->pins_counted)
		bench_check(run, on, "pinned pages", RESULT_SKIP, "nobody counts them here");
}
