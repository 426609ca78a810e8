/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bug report: verdict, table of factors, answers, environment, what was seen first, and the script. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/exact.h"
#include "base/num.h"
#include "core/diagnose/priv.h"
#include "core/mask.h"
#include "core/op/faults.h"

/* While nothing failed, everything that was tried counts; later only what the experiment has. */
static const struct tally *report_tally(const struct diagnose *d, const struct level *l)
{
	return d->found && !d->untranslated ? &l->runs : &l->tried;
}

static void report_classes(struct report *r, uint32_t classes, char *words, size_t len)
{
	words[0] = '\0';
	report_list(r, "classes");
	for (unsigned int i = 0; i < FAILURE_CLASSES; i++) {
		if (!(classes >> i & 1))
			continue;
		report_str(r, NULL, failure_name(i));
		snprintf(words + strlen(words), len - strlen(words), "%s%s", words[0] ? ", " : "", failure_name(i));
	}
	report_close(r);
}

/* The levels by name: with them another boot runs the same. */
static void report_baseline(struct report *r, const struct diagnose *d)
{
	static const char *const probes[] = {"none", "unmapped", "readonly"};
	char options[300], classes[200];

	if (!d->found || d->untranslated) {
		report_object(r, "baseline");
		report_close(r);
		return;
	}
	report_object(r, "baseline");
	report_str(r, "options", cell_options(d, &d->baseline, options, sizeof(options)));
	report_str(r, "probe", probes[d->baseline.probe]);
	report_object(r, "levels");
	for (unsigned int i = 0; i < FACTOR_CELL; i++)
		report_num(r, factor_texts[i].name, d->baseline.at[i]);
	report_close(r);
	report_num(r, "run_loops", d->run_loops);
	report_num(r, "runs", d->base_runs.runs);
	report_num(r, "failures", d->base_runs.failed);
	report_num(r, "loops", d->base_runs.loops);
	report_classes(r, d->base_runs.classes, classes, sizeof(classes));
	report_object(r, "boot");
	for (unsigned int i = FACTOR_CELL; i < FACTORS; i++)
		report_str(r, factor_texts[i].name, environment_setting(d, i));
	report_close(r);
	report_close(r);
	report_line(r, "baseline: compare %s", options);
	report_line(r, "  %u of %u runs of at most %" PRIu64 " loops failed%s%s%s", d->base_runs.failed,
		    d->base_runs.runs, d->run_loops, classes[0] ? " (" : "", classes, classes[0] ? ")" : "");
}

static void report_level(struct report *r, const struct diagnose *d, const struct level *l, const char *name,
			 const char *mark)
{
	const struct tally *t = report_tally(d, l);

	report_object(r, NULL);
	report_str(r, "value", l->value);
	report_num(r, "runs", t->runs);
	report_num(r, "loops", t->loops);
	report_num(r, "failures", t->failed);
	report_str(r, "why_not", l->usable ? "" : l->why);
	report_close(r);
	if (t->runs && (l->usable || t->runs > 1))
		report_line(r, "  %-12s %s %-32s %5u %7u %10" PRIu64, name, mark, l->value, t->runs, t->failed,
			    t->loops);
	else
		report_line(r, "  %-12s %s %-32s %5s %7s %10s  %s", name, mark, l->value, "-", "-", "-",
			    l->usable ? "" : l->why);
}

static void report_factor(struct report *r, const struct diagnose *d, unsigned int id)
{
	const struct factor *f = &d->factor[id];
	char words[700];

	report_object(r, NULL);
	report_str(r, "name", factor_texts[id].name);
	report_str(r, "what", factor_texts[id].what);
	report_list(r, "levels");
	for (unsigned int l = 0; l < f->nr; l++)
		report_level(r, d, &f->level[l], l ? "" : factor_texts[id].name,
			     d->found && id < FACTOR_CELL && d->baseline.at[id] == l ? "*" : " ");
	report_close(r);
	report_real(r, "p_value", f->tested ? f->p : 1);
	report_real(r, "p_corrected", f->tested ? f->adjusted : 1);
	report_bool(r, "tested", f->tested);
	report_bool(r, "matters", f->matters);
	report_str(r, "explained_by",
		   f->explained < 0	     ? ""
		   : f->explained == FACTORS ? "iova-reuse"
					     : factor_texts[f->explained].name);
	report_str(r, "verdict", !d->found && !f->why[0] ? "nothing failed" : judge_words(d, id, words, sizeof(words)));
	report_close(r);
}

static void report_factors(struct report *r, const struct diagnose *d)
{
	report_line(r, "%s", "");
	report_line(r, "  %-12s   %-32s %5s %7s %10s", "factor", d->found ? "level (* the baseline's)" : "level",
		    "runs", "failed", "loops");
	report_list(r, "factors");
	for (unsigned int i = 0; i < FACTORS; i++)
		report_factor(r, d, i);
	report_close(r);
	report_text_hide(r, "factors");
}

static void report_combinations(struct report *r, const struct diagnose *d)
{
	report_list(r, "combinations");
	for (unsigned int i = 0; i < d->nr_combinations; i++) {
		const struct combination *c = &d->combination[i];
		char text[300] = "";

		for (unsigned int k = 0; k < d->nr_combined; k++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s: %.48s", k ? "; " : "",
				 factor_texts[d->combined[k]].name,
				 d->factor[d->combined[k]].level[c->cell.at[d->combined[k]]].value);
		report_object(r, NULL);
		report_str(r, "levels", text);
		report_num(r, "runs", c->runs.runs);
		report_num(r, "failures", c->runs.failed);
		report_close(r);
		if (!i)
			report_line(r, "together:");
		report_line(r, "  %u of %u failed with %s", c->runs.failed, c->runs.runs, text);
	}
	report_close(r);
	report_text_hide(r, "combinations");
}

/* What was tried without a failure, and how often it could fail all the same. */
static void report_nothing(struct report *r, const struct diagnose *d)
{
	char bytes[32], took[32];

	num_format_human(bytes, sizeof(bytes), (double)d->all.bytes);
	num_format_duration(took, sizeof(took), d->elapsed_ns);
	report_line(r, "nothing failed: %u runs of %u combinations, %" PRIu64 " loops, %s by DMA in %s", d->all.runs,
		    d->screened, d->all.loops, bytes, took);
	if (d->all.loops)
		report_line(r, "with 95 %% confidence less than one loop of %" PRIu64 " fails (3 / loops); by level:",
			    (uint64_t)(1 / exact_upper_bound(d->all.loops)));
	for (unsigned int i = 0; i < FACTOR_CELL; i++)
		for (unsigned int l = 0; l < d->factor[i].nr; l++)
			if (d->factor[i].level[l].usable && !d->factor[i].level[l].tried.runs)
				report_line(r, "  not come to: %s %s", factor_texts[i].name,
					    d->factor[i].level[l].value);
}

/* Those without a difference share one sentence; the power told is that of the one with the least. */
static void report_same(struct report *r, const struct diagnose *d)
{
	const struct factor *least = NULL;
	char names[300] = "", power[200];

	for (unsigned int i = 0; i < FACTORS; i++) {
		const struct factor *f = &d->factor[i];

		if (!f->tested || f->matters || f->explained >= 0)
			continue;
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", names[0] ? ", " : "",
			 factor_texts[i].name);
		if (!least || f->seen_below < least->seen_below)
			least = f;
	}
	if (!least)
		return;
	judge_power_words(least, power, sizeof(power));
	report_line(r, "no dependence seen on %s", names);
	report_line(r, "  (%s)", power);
}

static void report_verdicts(struct report *r, const struct diagnose *d)
{
	char words[700];
	unsigned int named = 0;

	for (unsigned int i = 0; i < FACTORS; i++) {
		if (!d->factor[i].matters)
			continue;
		named++;
		report_line(r, "it depends on %s: %s", factor_texts[i].name,
			    judge_numbers(&d->factor[i], words, sizeof(words)));
	}
	if (!named && !d->base_runs.failed)
		report_line(r, "the failure did not come again in %u runs: nothing can be said of what it depends on",
			    d->base_runs.runs);
	else if (!named)
		report_line(r, "it fails alike with every level that could be compared");
	for (unsigned int i = 0; i < FACTORS; i++)
		if (!d->factor[i].matters && d->factor[i].explained >= 0)
			report_line(r, "%s: %s", factor_texts[i].name, judge_words(d, i, words, sizeof(words)));
	if (d->boots_differ[0]) {
		report_str(r, "boots_differ", d->boots_differ);
		report_text_hide(r, "boots_differ");
		report_line(r, "the boots also differ in: %s", d->boots_differ);
	}
	report_same(r, d);
	for (unsigned int i = 0; i < FACTORS; i++)
		if (!d->factor[i].tested)
			report_line(r, "%s: %s", factor_texts[i].name, judge_words(d, i, words, sizeof(words)));
}

static const char *report_verdict(const struct diagnose *d)
{
	if (d->untranslated)
		return "untranslated";
	if (!d->found)
		return "nothing-failed";
	for (unsigned int i = 0; i < FACTORS; i++)
		if (d->factor[i].matters)
			return "depends";
	if (d->base_runs.failed)
		return "no-factor";
	return d->nr_boots ? "nothing-failed" : "not-seen-again";
}

/* The kernel's lines since the start that are about it, with what is private masked. */
static void report_log(struct report *r, const struct diagnose *d)
{
	struct mask *mask = calloc(1, sizeof(*mask));

	report_list(r, "kernel_log");
	for (unsigned int i = 0; mask && i <= d->nr_faults; i++) {
		const char *raw = i < d->nr_faults ? d->faults[i].raw : d->complaint;
		CLEANUP_FREE char *line = raw[0] ? mask_log_line(mask, raw) : NULL;

		if (!line)
			continue;
		report_str(r, NULL, line);
		report_line(r, "  log: %s", line);
	}
	report_close(r);
	report_text_hide(r, "kernel_log");
	free(mask);
}

static void report_seen(struct report *r, const struct diagnose *d)
{
	struct failures *all = (struct failures *)&d->failures; /* nobody adds to them any more */

	failures_report(r, all);
	if (!d->has_failures)
		return;
	report_line(r, "%s", "");
	report_line(r, "what was seen first:");
	for (unsigned int i = 0; i < all->kept && i < 5; i++)
		report_line(r, "  %s in loop %" PRIu64 ": %s", failure_name(all->list[i].class), all->list[i].loop,
			    all->list[i].text);
}

static void report_repro(struct report *r, const struct diagnose *d)
{
	report_str(r, "repro", d->repro ? d->repro : "");
	report_text_hide(r, "repro");
	report_str(r, "repro_note", d->repro_how);
	report_text_hide(r, "repro_note");
	if (!d->repro)
		return;
	report_line(r, "%s", "");
	report_line(r, "a script for `iommuctl run`%s%s:", d->repro_how[0] ? ", " : "", d->repro_how);
	for (const char *at = d->repro; *at;) {
		const char *end = strchrnul(at, '\n');

		report_line(r, "    %.*s", (int)(end - at), at);
		at = *end ? end + 1 : end;
	}
}

static void report_check_of(struct report *r, const struct diagnose *d)
{
	char why[260];

	if (d->untranslated)
		snprintf(why, sizeof(why), "the IOMMU does not translate: %.190s",
			 d->failures.kept ? d->failures.list[0].text : "");
	else if (d->found)
		snprintf(why, sizeof(why), "%s", d->failures.kept ? d->failures.list[0].text : "a run failed");
	if (d->untranslated || (d->found && (!d->nr_boots || d->base_runs.failed)))
		report_check(r, "no run fails", RESULT_FAIL, why);
	else if (d->all.runs)
		report_check(r, "no run fails", RESULT_PASS, NULL);
}

static void report_numbers(struct report *r, const struct diagnose *d)
{
	report_str(r, "backend", d->backend);
	report_str(r, "device", d->device);
	report_str(r, "driver", d->driver);
	report_str(r, "verdict", report_verdict(d));
	report_num(r, "runs", d->all.runs);
	report_num(r, "loops", d->all.loops);
	report_num(r, "bytes", d->all.bytes);
	report_num(r, "combinations_tried", d->screened);
	report_num(r, "rounds", d->rounds);
	report_real(r, "elapsed_s", (double)(clock_ns() - d->start_ns) / 1e9);
	report_real(r, "rate_upper_bound", d->found ? 1 : exact_upper_bound(d->all.loops));
	for (size_t i = 0; i < 10; i++) {
		static const char *const hidden[] = {"backend",		"device", "driver",
						     "verdict",		"runs",	  "loops",
						     "bytes",		"rounds", "combinations_tried",
						     "rate_upper_bound"};

		report_text_hide(r, hidden[i]);
	}
	report_text_hide(r, "baseline");
	report_text_hide(r, "elapsed_s");
}

void diagnose_report(struct report *r, const struct diagnose *d)
{
	if (!d->opened)
		return;
	report_numbers(r, d);
	report_line(r, "%s, device %s, driver %s", d->backend, d->device, d->driver);
	if (d->untranslated)
		report_line(r, "the IOMMU does not translate this device's DMA: nothing more was tried");
	else if (!d->found)
		report_nothing(r, d);
	report_baseline(r, d);
	if (d->found && !d->untranslated)
		report_verdicts(r, d);
	if (d->timed_out)
		report_line(r, "the time was over after %u rounds of %u: --time gives it more", d->rounds,
			    d->params.runs);
	report_combinations(r, d);
	report_factors(r, d);
	report_seen(r, d);
	faults_report(r, d->faults, d->nr_faults);
	report_log(r, d);
	answers_report(r, d);
	environment_report(r, d);
	report_repro(r, d);
	report_check_of(r, d);
	if (d->interrupted)
		report_interrupted(r, session_signal);
}
