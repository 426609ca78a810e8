/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a compare tells: the JSON keys of the contract, one check per question, lines for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/op/faults.h"
#include "core/compare/compare.h"

static double compare_per_second(uint64_t n, uint64_t ns)
{
	return ns ? (double)n * 1e9 / (double)ns : 0;
}

/* Was it translation that brought the data? And what the page table itself was held against. */
static void report_page_table(struct report *r, const struct session *s, const struct compare_result *res)
{
	const struct iommu_caps *caps = iommu_caps(session_iommu(s));

	report_str(r, "page_table",
		   !caps->checks_table ? "not asked: the backend does not tell what it holds"
		   : res->table_checks ? "checked"
				       : "not asked: nothing was mapped that could be");
	report_num(r, "page_table_checks", res->table_checks);
	report_bool(r, "translated", !caps->bypasses_table);
	report_text_hide(r, "page_table");
	report_text_hide(r, "page_table_checks");
	report_text_hide(r, "translated");
}

static void report_run(struct report *r, const struct session *s, const struct compare_result *res)
{
	report_str(r, "backend", session_backend_name(s));
	report_str(r, "device", session_device_name(s));
	report_str(r, "driver", session_driver_name(s));
	report_num(r, "loops", res->loops);
	report_num(r, "bytes", res->bytes);
	report_real(r, "elapsed_s", (double)res->elapsed_ns / 1e9);
	report_list(r, "directions");
	if (res->read)
		report_str(r, NULL, "read");
	if (res->write)
		report_str(r, NULL, "write");
	report_close(r);
	report_object(r, "rates");
	report_real(r, "loops_per_s", compare_per_second(res->loops, res->elapsed_ns));
	report_real(r, "bytes_per_s", compare_per_second(res->bytes, res->elapsed_ns));
	report_close(r);
	report_str(r, "canary", session_canary_passed(s) ? "passed" : session_canary_why(s));
	report_num(r, "canaries", res->canaries);
	report_str(r, "foll_pin",
		   session_is_simulated(s) ? "not asked: simulated"
		   : res->foll_pin_judged  ? "judged"
					   : res->foll_pin_why);
	report_text_hide(r, "foll_pin");
	report_bool(r, "buffers_kept", !session_is_quiet(s));
	report_text_hide(r, "buffers_kept");
	report_page_table(r, s, res);
	for (unsigned int i = 0; i < 9; i++) {
		static const char *const hidden[] = {"backend",	  "device",	"driver", "loops", "bytes",
						     "elapsed_s", "directions", "rates",  "canary"};

		report_text_hide(r, hidden[i]);
	}
	report_text_hide(r, "canaries");
}

static void report_faults(struct report *r, const struct compare_result *res)
{
	faults_report(r, res->faults, res->nr_faults);
	report_bool(r, "faults_seen", res->faults_seen);
	report_text_hide(r, "faults_seen");
	report_num(r, "faults_expected", res->faults_expected);
	report_text_hide(r, "faults_expected");
	report_num(r, "faults_unclear", res->faults_unclear);
	report_text_hide(r, "faults_unclear");
	report_num(r, "faults_lost", res->faults_lost);
	report_text_hide(r, "faults_lost");
}

static void report_skipped(struct report *r, const struct compare_result *res)
{
	report_list(r, "skipped");
	for (unsigned int i = 0; i < res->nr_skipped; i++) {
		report_object(r, NULL);
		report_str(r, "what", res->skipped[i].what);
		report_str(r, "why", res->skipped[i].why);
		report_close(r);
	}
	report_close(r);
	report_text_hide(r, "skipped");
}

/* One check for each thing that was really looked at; what nobody looked at is a skip with its reason. */
static const struct failure_question compare_questions[] = {
	{"data arrives where it belongs",
	 {FAILURE_STALE_READ, FAILURE_MISPLACED, FAILURE_UNWRITTEN, FAILURE_TORN, FAILURE_FOREIGN},
	 5},
	{"old pages stay untouched", {FAILURE_STALE_WRITE}, 1},
	{"the IOMMU translates", {FAILURE_UNTRANSLATED}, 1},
	{"unmapped memory is out of reach", {FAILURE_UNMAPPED_ACCESS}, 1},
	{"read-only memory is not written", {FAILURE_READONLY_WRITE}, 1},
	{"unmap reports what was mapped", {FAILURE_SHORT_UNMAP}, 1},
	{"legal maps are accepted", {FAILURE_MAP_REFUSED}, 1},
	{"illegal maps are refused", {FAILURE_OVERLAP_ACCEPTED, FAILURE_RESERVED_ACCEPTED}, 2},
	{"pins return to their level", {FAILURE_PIN_LEAK}, 1},
	{"no fault where none was due", {FAILURE_DMA_ERROR}, 1},
	{"the page table holds what is mapped, no more", {FAILURE_PAGE_TABLE}, 1},
	{"the kernel does not complain", {FAILURE_KERNEL}, 1},
};

/* Was it asked for at all? What was not asked is not told. */
static bool question_is_wanted(const struct failure_question *q, const struct session *s,
			       const struct compare_params *p)
{
	switch (q->classes[0]) {
	case FAILURE_STALE_WRITE:
		return p->graveyard;
	case FAILURE_UNMAPPED_ACCESS:
		return p->probe_unmapped;
	case FAILURE_READONLY_WRITE:
		return p->readonly;
	case FAILURE_OVERLAP_ACCEPTED:
		return p->iova_mode == COMPARE_ADVERSARIAL;
	case FAILURE_PAGE_TABLE:
		return iommu_caps(session_iommu(s))->checks_table;
	case FAILURE_KERNEL:
		return !session_is_simulated(s); /* which asks no kernel */
	default:
		return true;
	}
}

/* Faults that were seen and not due are failures; these are reasons why there may be some that nobody saw. */
static const char *faults_unseen(const struct session *s, const struct compare_result *res, char *why, size_t len)
{
	uint64_t due = res->faults_expected;

	/* every access has its own answer then, and each was judged */
	if (iommu_caps(session_iommu(s))->bypasses_table && dev_limits(session_dev(s))->reports_faults)
		return NULL;
	if (!res->faults_seen && !dev_limits(session_dev(s))->reports_faults)
		return "the device is silent about faults and the kernel log may not be read";
	if (res->faults_unclear) {
		snprintf(why, len, "%" PRIu64 " faults cannot be told from the probes' or another device's",
			 res->faults_unclear);
		return why;
	}
	if (res->faults_lost) {
		snprintf(why, len, "%" PRIu64 " %s were lost", res->faults_lost,
			 session_is_simulated(s) ? "faults of the simulation" : "messages of the kernel log");
		return why;
	}
	/* each probe faults: where fewer were told (the kernel limits the rate), others may be missing as well */
	if (due < res->unmapped_probes + res->readonly_probes) {
		snprintf(why, len, "%" PRIu64 " faults were seen where probes caused at least %" PRIu64, due,
			 res->unmapped_probes + res->readonly_probes);
		return why;
	}
	return NULL;
}

/* NULL: it was looked at. Else why nobody could; @why is room for a text with a number. */
static const char *question_unseen(const struct failure_question *q, const struct session *s,
				   const struct compare_result *res, char *why, size_t len)
{
	int64_t pages;

	if (!res->loops && q->classes[0] != FAILURE_UNTRANSLATED)
		return "no loop was completed";
	switch (q->classes[0]) {
	case FAILURE_UNTRANSLATED:
		if (session_canary_passed(s))
			return NULL;
		return session_canary_why(s)[0] ? session_canary_why(s) : "the device was not started";
	case FAILURE_PIN_LEAK:
		if (!session_is_quiet(s))
			return "the device would not stop: its buffers are kept, mapped and pinned until exit";
		return session_pin_excess((struct session *)s, &pages) ? "nobody counts pinned pages here" : NULL;
	case FAILURE_DMA_ERROR:
		return faults_unseen(s, res, why, len);
	case FAILURE_KERNEL:
		return session_kernel_watched(s) ? NULL : "neither its log nor a new taint could be seen";
	case FAILURE_PAGE_TABLE:
		return res->table_checks ? NULL : "the kernel could not be asked";
	case FAILURE_OVERLAP_ACCEPTED:
		return res->negative_probes ? NULL : "each met another error first: see skipped";
	default:
		return NULL;
	}
}

static void report_question(struct report *r, const struct failure_question *q, const char *unseen,
			    const struct failures *all)
{
	const struct failure *first = failures_check(r, all, q, unseen);

	if (!first)
		return;
	report_evidence(r, "loop", "%" PRIu64, first->loop);
	report_evidence(r, "mapping", "0x%" PRIx64 " bytes at iova 0x%" PRIx64, first->map_size, first->map_iova);
}

static void report_headline(struct report *r, const struct session *s, const struct compare_params *p,
			    struct compare_result *res)
{
	char bytes[32], took[32];

	num_format_human(bytes, sizeof(bytes), (double)res->bytes);
	num_format_duration(took, sizeof(took), res->elapsed_ns);
	report_line(r, "%s, device %s, driver %s, iova %s", session_backend_name(s), session_device_name(s),
		    session_driver_name(s), p->iova_text);
	report_line(r, "%" PRIu64 " loops, %s by DMA in %s, %.0f loops/s", res->loops, bytes, took,
		    compare_per_second(res->loops, res->elapsed_ns));
	if (iommu_caps(session_iommu(s))->bypasses_table)
		report_line(r,
			    "no IOMMU translated this data, the kernel made the accesses itself; %" PRIu64
			    " maps and unmaps were held against what it says its page table holds",
			    res->table_checks);
	/* the checks below tell the first failure of their kind; this is for runs that went on */
	for (unsigned int i = 0; res->failures.total > 1 && i < res->failures.kept && i < 5; i++)
		report_line(r, "  %s in loop %" PRIu64 ": %s", failure_name(res->failures.list[i].class),
			    res->failures.list[i].loop, res->failures.list[i].text);
	if (res->failures.total > 5)
		report_line(r, "  and %" PRIu64 " more", res->failures.total - 5);
	if (res->skipped_total)
		report_line(r, "%" PRIu64 " case%s skipped: %s (%s)%s", res->skipped_total,
			    res->skipped_total == 1 ? "" : "s", res->skipped[0].what, res->skipped[0].why,
			    res->skipped_total > 1 ? " ..." : "");
}

void compare_report(struct report *r, const struct session *s, const struct compare_params *p,
		    struct compare_result *res)
{
	report_run(r, s, res);
	failures_report(r, &res->failures);
	report_faults(r, res);
	report_skipped(r, res);
	report_headline(r, s, p, res);
	for (unsigned int i = 0; i < ARRAY_SIZE(compare_questions); i++) {
		const struct failure_question *q = &compare_questions[i];
		char why[96];

		if (question_is_wanted(q, s, p))
			report_question(r, q, question_unseen(q, s, res, why, sizeof(why)), &res->failures);
	}
}
