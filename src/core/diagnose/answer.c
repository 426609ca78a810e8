/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What maintainers asked of the first report of this kind ("VFIO map/unmap mem subject to race and DMA data goes to incorrect page", 2022),
 * each with its answer and what that rests on, or why there is none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/diagnose/priv.h"

struct question {
	const char *id, *text;
	int factor; /* whose verdict is the answer; -1: none */
	void (*answer)(const struct diagnose *d, char *answer, char *evidence, size_t len);
};

/* The verdict in a word, with its numbers as evidence. */
static void answer_by_factor(const struct diagnose *d, unsigned int factor, char *answer, char *evidence, size_t len)
{
	const struct factor *f = &d->factor[factor];

	if (!d->found && f->nr > 1)
		snprintf(answer, len, "nothing failed, whichever it was");
	else if (!f->tested)
		snprintf(answer, len, "%s", judge_words(d, factor, evidence, len));
	else if (f->matters)
		snprintf(answer, len, "yes, it depends on it");
	else if (f->explained >= 0)
		snprintf(answer, len, "only as far as %s does",
			 f->explained == FACTORS ? "the use of an iova once more" : factor_texts[f->explained].name);
	else
		snprintf(answer, len, "no dependence seen");
	if (f->tested) {
		judge_numbers(f, evidence, len);
		if (!f->matters && f->explained < 0) {
			snprintf(evidence + strlen(evidence), len - strlen(evidence), "; ");
			judge_power_words(f, evidence + strlen(evidence), len - strlen(evidence));
		}
		return;
	}
	evidence[0] = '\0';
	for (unsigned int l = 0; l < f->nr && strlen(evidence) + 120 < len; l++)
		if (f->level[l].tried.runs)
			snprintf(evidence + strlen(evidence), len - strlen(evidence),
				 "%s%s: %u runs, %" PRIu64 " loops", evidence[0] ? "; " : "", f->level[l].value,
				 f->level[l].tried.runs, f->level[l].tried.loops);
}

static void answer_superpages(const struct diagnose *d, char *answer, char *evidence, size_t len)
{
	const struct factor *f = &d->factor[FACTOR_SUPERPAGES];
	char page[700];

	answer_by_factor(d, FACTOR_PAGE, page, evidence, sizeof(page));
	snprintf(answer, len,
		 "here: %s; kind of memory: %s; with and without: ", environment_setting(d, FACTOR_SUPERPAGES), page);
	if (f->tested)
		judge_words(d, FACTOR_SUPERPAGES, answer + strlen(answer), len - strlen(answer));
	else
		snprintf(answer + strlen(answer), len - strlen(answer), "%s", f->why);
}

static void answer_unit(const struct diagnose *d, char *answer, char *evidence, size_t len)
{
	const char *unit = environment_unit(d);

	snprintf(answer, len, "%s",
		 unit[0]	? unit
		 : d->simulated ? "not testable here: the IOMMU is simulated"
				: "not testable here: sysfs names no IOMMU of the device");
	snprintf(evidence, len, "%s", unit[0] ? "the device's link in sysfs; its registers are under environment" : "");
}

static void answer_ats(const struct diagnose *d, char *answer, char *evidence, size_t len)
{
	const struct factor *f = &d->factor[FACTOR_ATS];

	snprintf(answer, len, "ATS: %s; ", d->simulated ? "the simulated device has none" : environment_ats(d));
	if (f->tested)
		judge_words(d, FACTOR_ATS, answer + strlen(answer), len - strlen(answer));
	else
		snprintf(answer + strlen(answer), len - strlen(answer), "with and without: %s", f->why);
	snprintf(evidence, len,
		 "config space and the kernel's command line; ATS is never switched behind the kernel's back");
}

static void answer_snoop(const struct diagnose *d, char *answer, char *evidence, size_t len)
{
	char by_bit[300];

	answer_by_factor(d, FACTOR_SNOOP, by_bit, evidence, MIN(len, sizeof(by_bit)));
	snprintf(answer, len, "%s; VFIO_DMA_CC_IOMMU after SET_IOMMU: %s; Enable No Snoop: %s",
		 d->simulated ? "simulated" : environment_snoop(d), d->coherent, by_bit);
}

/* A race shows by a pause that closes its window, or by threads that open it. */
static void answer_timing(const struct diagnose *d, char *answer, char *evidence, size_t len)
{
	char delay[300], threads[300], by_delay[420], by_threads[420];

	answer_by_factor(d, FACTOR_DELAY, delay, by_delay, sizeof(delay));
	answer_by_factor(d, FACTOR_THREADS, threads, by_threads, sizeof(threads));
	snprintf(answer, len, "a pause between unmap and reuse: %s; threads: %s", delay, threads);
	snprintf(evidence, len, "pause: %s; threads: %s", by_delay, by_threads);
}

static void answer_kernel(const struct diagnose *d, char *answer, char *evidence, size_t len)
{
	const struct factor *f = &d->factor[FACTOR_KERNEL];

	snprintf(answer, len, "%s; ", environment_setting(d, FACTOR_KERNEL));
	if (f->tested)
		judge_words(d, FACTOR_KERNEL, answer + strlen(answer), len - strlen(answer));
	else
		snprintf(answer + strlen(answer), len - strlen(answer), "whether another shows it: %s", f->why);
	snprintf(evidence, len, "uname");
}

/* The device is driven alike in all runs: what depends on how memory is mapped is not its programming. */
static void answer_device(const struct diagnose *d, char *answer, char *evidence, size_t len)
{
	const struct factor *size = &d->factor[FACTOR_SIZE];
	bool mapping = false;
	unsigned int right = d->all.runs - d->all.failed;

	for (unsigned int i = 0; i < FACTOR_SNOOP; i++)
		mapping |= d->factor[i].matters && i != FACTOR_SIZE;
	if (!d->found)
		snprintf(answer, len, "nothing failed: it moved every byte to its place");
	else if (d->untranslated)
		snprintf(answer, len,
			 "not its programming: an address that the device was given went out untranslated");
	else if (mapping)
		snprintf(answer, len,
			 "not likely: it is programmed alike in all runs, and whether they fail depends on how "
			 "memory is mapped");
	else if (size->matters)
		snprintf(answer, len,
			 "not excluded: it depends on the size, which the device is told as well; a second device "
			 "would tell");
	else
		snprintf(answer, len,
			 "not excluded by this: no factor of the mapping makes a difference; a second device would "
			 "tell");
	snprintf(evidence, len, "driver %s; %u of %u runs had every byte right", d->driver, right, d->all.runs);
}

static const struct question questions[] = {
	{"sizes", "sizes of the mmap and of the MAP and UNMAP calls: do they matter", FACTOR_SIZE, NULL},
	{"alignment", "does it matter how the range lies to its size (an invalidation one page short)",
	 FACTOR_ALIGNMENT, NULL},
	{"superpages", "superpages in play (disable_hugepages=1, intel_iommu=sp_off), and do they change the result",
	 -1, answer_superpages},
	{"map-per-page", "one MAP per page instead of one large one", FACTOR_MAPS, NULL},
	{"cpu-flush", "extra flushes of CPU caches", FACTOR_FLUSH, NULL},
	{"dmar-unit", "which DMAR unit owns the device", -1, answer_unit},
	{"ats", "ATS or another cache of translations in the device", -1, answer_ats},
	{"snoop", "snoop control (ecap bit 7), VFIO_DMA_CC_IOMMU after SET_IOMMU, PCIe Enable No Snoop", -1,
	 answer_snoop},
	{"kernel", "kernel version, and does upstream show it", -1, answer_kernel},
	{"iova", "IOVA fixed or random", FACTOR_IOVA, NULL},
	{"timing", "is it a race", -1, answer_timing},
	{"device", "is the device or its programming the source", -1, answer_device},
};

void answers_report(struct report *r, const struct diagnose *d)
{
	report_line(r, "%s", "");
	report_line(r, "what maintainers ask:");
	report_list(r, "answers");
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		const struct question *q = &questions[i];
		char answer[900] = "", evidence[900] = "";

		if (q->answer)
			q->answer(d, answer, evidence, sizeof(answer));
		else
			answer_by_factor(d, (unsigned int)q->factor, answer, evidence, sizeof(answer));
		report_object(r, NULL);
		report_str(r, "id", q->id);
		report_str(r, "question", q->text);
		report_str(r, "answer", answer);
		report_str(r, "evidence", evidence);
		report_close(r);
		report_line(r, "  %s?", q->text);
		report_line(r, "      %s", answer);
		if (evidence[0] && strcmp(evidence, answer))
			report_line(r, "      %s", evidence);
	}
	report_close(r);
	report_text_hide(r, "answers");
}
