/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compare's probes: what an answer, a read and a fault mean, and that nothing stays mapped behind a probe that failed. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/compare/priv.h"
#include "iommu/ledger.h"
#include "iommu/model/model.h"
#include "iommu/sim/context.h"

#define PROBE_BYTES 64

static void test_answers(void **state)
{
	static const struct {
		enum failure_class class;
		int err;
		enum map_answer want;
	} of[] = {
		{FAILURE_OVERLAP_ACCEPTED, 0, MAP_ACCEPTED},
		{FAILURE_OVERLAP_ACCEPTED, -EEXIST, MAP_REFUSED},
		{FAILURE_OVERLAP_ACCEPTED, -EADDRINUSE, MAP_REFUSED},
		{FAILURE_OVERLAP_ACCEPTED, -EINVAL, MAP_NOT_ASKED},
		{FAILURE_OVERLAP_ACCEPTED, -ENOMEM, MAP_NOT_ASKED},
		{FAILURE_RESERVED_ACCEPTED, 0, MAP_ACCEPTED},
		{FAILURE_RESERVED_ACCEPTED, -EINVAL, MAP_REFUSED},
		{FAILURE_RESERVED_ACCEPTED, -EEXIST, MAP_NOT_ASKED},
		{FAILURE_RESERVED_ACCEPTED, -ENOSPC, MAP_NOT_ASKED},
		{FAILURE_RESERVED_ACCEPTED, -ENOMEM, MAP_NOT_ASKED},
		{FAILURE_RESERVED_ACCEPTED, -EFAULT, MAP_NOT_ASKED},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(of); i++)
		assert_int_equal(compare_answer_of(of[i].class, of[i].err), of[i].want);
}

static void test_faults(void **state)
{
	static const struct {
		struct dma_fault fault;
		bool unmapped, readonly;
		enum fault_origin want;
	} of[] = {
		/* nobody probes: nothing is due */
		{{.iova = 0x1000, .iova_known = true, .write = true, .access_known = true}, false, false, FAULT_UNDUE},
		{{.write = true, .access_known = true}, false, false, FAULT_UNDUE},
		/* the unmapped page, any access; not when only the other is asked for */
		{{.iova = 0x1010, .iova_known = true, .write = true, .access_known = true}, true, false, FAULT_DUE},
		{{.iova = 0x1000, .iova_known = true, .access_known = true}, true, true, FAULT_DUE},
		{{.iova = 0x1000, .iova_known = true, .access_known = true}, false, true, FAULT_UNDUE},
		/* the read-only page: writes alone */
		{{.iova = 0x2000, .iova_known = true, .write = true, .access_known = true}, false, true, FAULT_DUE},
		{{.iova = 0x2000, .iova_known = true, .access_known = true}, true, true, FAULT_UNDUE},
		{{.iova = 0x2000, .iova_known = true}, false, true, FAULT_UNCLEAR},
		{{.iova = 0x2000, .iova_known = true, .write = true, .access_known = true}, true, false, FAULT_UNDUE},
		/* elsewhere, and nobody knows where */
		{{.iova = 0x3000, .iova_known = true, .write = true, .access_known = true}, true, true, FAULT_UNDUE},
		{{.iova = 0, .iova_known = true, .write = true, .access_known = true}, true, true, FAULT_UNDUE},
		{{.write = true, .access_known = true}, true, true, FAULT_UNCLEAR},
	};
	struct compare_params p = {.threads = 2};
	struct compare c = {.p = &p};
	char page;

	(void)state;
	c.probes[0].at[0] = (struct canary_page){&page, 0x1000};
	c.probes[0].at[1] = (struct canary_page){&page, 0x2000};
	for (unsigned int i = 0; i < ARRAY_SIZE(of); i++) {
		p.probe_unmapped = of[i].unmapped;
		p.readonly = of[i].readonly;
		if (compare_fault_of(&c, &of[i].fault) != of[i].want)
			fail_msg("fault %u", i);
	}
}

static void test_reads(void **state)
{
	static _Alignas(8) char sink[PROBE_BYTES];
	struct stamp stamp = {1, 2, 0x5000};

	(void)state;
	stamp_poison(sink, sizeof(sink));
	assert_int_equal(compare_probe_read_of(sink, sizeof(sink), &stamp), PROBE_READ_NOTHING);
	memset(sink, 0xff, sizeof(sink));
	assert_int_equal(compare_probe_read_of(sink, sizeof(sink), &stamp), PROBE_READ_NOTHING);
	stamp_fill(sink, sizeof(sink), &stamp);
	assert_int_equal(compare_probe_read_of(sink, sizeof(sink), &stamp), PROBE_READ_VICTIM);
	stamp.generation++;
	assert_int_equal(compare_probe_read_of(sink, sizeof(sink), &stamp), PROBE_READ_NOTHING);
}

struct probe_run {
	struct compare c;
	struct compare_params p;
	struct compare_result res;
	struct compare_thread t;
	struct compare_loop l;
};

static void run_open(struct probe_run *r, const struct host *host, const char *backend)
{
	struct session_params sp = {.backend = backend, .seed = 5, .canary = CANARY_REQUIRE};
	struct fail f = {0};

	memset(r, 0, sizeof(*r));
	r->p = (struct compare_params){.size_min = 4096,
				       .size_max = 4096,
				       .iova_mode = COMPARE_RANDOM,
				       .threads = 1,
				       .probe_unmapped = true,
				       .readonly = true};
	assert_int_equal(session_open(&r->c.s, &sp, host, &f), 0);
	r->c.p = &r->p;
	r->c.res = &r->res;
	r->c.threads = &r->t;
	r->t.c = &r->c;
	r->l = (struct compare_loop){.c = &r->c, .t = &r->t, .found = r->t.found, .stamp = {1, 2, 3}};
	assert_int_equal(session_dma_start(r->c.s, &f), 0);
	assert_int_equal(compare_ranges(&r->c, &f), 0);
	assert_int_equal(session_pin_setup(r->c.s, slab_largest(&r->c), 32, &f), 0);
	assert_int_equal(compare_probe_setup(&r->c, &f), 0);
}

static bool run_is_mapped(const struct probe_run *r, iova_t iova)
{
	struct ledger_entry entry;

	return ledger_find(iommu_ledger(session_iommu(r->c.s)), (struct iova_range){iova, iova}, &entry);
}

static void run_close(struct probe_run *r)
{
	compare_probe_free(&r->c);
	session_close(r->c.s, NULL);
}

/* What lies at the probe's IOVA as a physical address differs from what the sink is cleared to. */
static void test_patterns(void **state)
{
	static struct probe_run r;
	struct fail f = {0};
	struct host host = {0};
	struct stamp stamp = {0};

	(void)state;
	run_open(&r, &host, "sim");
	assert_int_equal(compare_probe_unmapped(&r.l, &f), 0);
	assert_int_equal(compare_probe_readonly(&r.l, &f), 0);
	assert_int_equal(r.l.nr, 0);
	for (unsigned int i = 0; i < 2; i++) {
		assert_false(stamp_is_poison(r.c.probes[0].at[i].va, PROBE_BYTES));
		assert_int_equal(compare_probe_read_of(r.c.probes[0].at[i].va, PROBE_BYTES, &stamp), PROBE_READ_CANARY);
		assert_false(run_is_mapped(&r, r.c.probes[0].at[i].phys));
	}
	run_close(&r);
}

/*
 * A device that reports what is refused: what it reports as done, where nothing may be written, is told even if no page that is looked at
 * has it.
 */
static void test_reported(void **state)
{
	static struct probe_run r;
	struct fail f = {0};
	struct host host = {0};
	struct model *model;

	(void)state;
	run_open(&r, &host, "sim,model=testdev");
	assert_int_equal(compare_payloads(&r.c, &f), 0);
	assert_int_equal(compare_reference(&r.c, &f), 0);
	assert_int_equal(compare_probe_unmapped(&r.l, &f), 0);
	assert_int_equal(compare_probe_readonly(&r.l, &f), 0);
	assert_int_equal(r.l.nr, 0);
	model = container_of(session_device(r.c.s), struct sim_device, idev)->model;
	model->broken = MODEL_SILENT_ERROR;
	assert_int_equal(compare_probe_unmapped(&r.l, &f), 0);
	assert_int_equal(r.l.nr, 1);
	assert_int_equal(r.l.found[0].class, FAILURE_UNMAPPED_ACCESS);
	assert_non_null(strstr(r.l.found[0].text, "which was unmapped before, was done"));
	r.l.nr = 0;
	assert_int_equal(compare_probe_readonly(&r.l, &f), 0);
	assert_int_equal(r.l.nr, 1);
	assert_int_equal(r.l.found[0].class, FAILURE_READONLY_WRITE);
	compare_reference_free(&r.c);
	run_close(&r);
}

/* The device refuses the probe's transfer: an error, and the page is not left mapped. */
static void test_failed_transfer(void **state)
{
	static struct probe_run r;
	struct fail f = {0};
	struct host host = {0};

	(void)state;
	run_open(&r, &host, "sim");
	assert_int_equal(dev_stop(session_dev(r.c.s)), 0);
	assert_true(compare_probe_unmapped(&r.l, &f) < 0);
	assert_false(run_is_mapped(&r, r.c.probes[0].at[0].phys));
	assert_true(compare_probe_readonly(&r.l, &f) < 0);
	assert_false(run_is_mapped(&r, r.c.probes[0].at[1].phys));
	run_close(&r);
}

/* Counted as what they are; only what was not due is a failure. */
static void test_fault_counts(void **state)
{
	static struct compare_result res;
	struct compare_params p = {.threads = 1, .probe_unmapped = true};
	struct compare_thread t = {0};
	struct compare c = {.p = &p, .res = &res, .threads = &t};
	struct dma_fault nowhere = {.write = true, .access_known = true},
			 elsewhere = {.iova = 0x9000, .iova_known = true, .raw = "raw"};

	(void)state;
	failures_init(&res.failures);
	compare_fault_judge(&c, &nowhere);
	compare_fault_judge(&c, &nowhere);
	assert_int_equal(res.faults_unclear, 2);
	assert_int_equal(failures_total(&res.failures), 0);
	compare_fault_judge(&c, &elsewhere);
	assert_int_equal(failures_total(&res.failures), 1);
	assert_int_equal(res.faults_expected, 0);
	assert_int_equal(res.nr_faults, 3);
	/* the time alone ties it: another device's, unless none can be meant */
	p.probe_unmapped = false;
	nowhere.tie = FAULT_TIE_TIME;
	compare_fault_judge(&c, &nowhere);
	assert_int_equal(res.faults_unclear, 3);
	assert_int_equal(failures_total(&res.failures), 1);
	assert_false(res.faults[3].expected);
	nowhere.alone = true;
	compare_fault_judge(&c, &nowhere);
	assert_int_equal(failures_total(&res.failures), 2);
}

/* The line of the report that answers for faults. */
static char *run_report(struct probe_run *r)
{
	struct report_params rp = {.format = REPORT_TEXT, .command = "compare"};
	struct report *out;
	char *text = NULL;
	size_t len;

	r->p.iova_text = "random";
	r->res.loops = 1;
	rp.to = open_memstream(&text, &len);
	assert_non_null(rp.to);
	assert_int_equal(report_open(&out, &rp), 0);
	compare_report(out, r->c.s, &r->p, &r->res);
	report_end(out);
	fclose(rp.to);
	return text;
}

static void report_has(struct probe_run *r, const char *want)
{
	char *text = run_report(r);

	if (!strstr(text, want))
		fail_msg("no '%s' in:\n%s", want, text);
	free(text);
}

static void test_fault_check(void **state)
{
	static struct probe_run r;
	struct dma_fault elsewhere = {.iova = 0x9000, .iova_known = true, .raw = "raw"};
	struct host host = {0};

	(void)state;
	run_open(&r, &host, "sim");
	failures_init(&r.res.failures);
	r.res.faults_seen = true;
	report_has(&r, "ok    no fault where none was due");
	r.res.unmapped_probes = 4;
	r.res.readonly_probes = 2;
	r.res.faults_expected = 6;
	report_has(&r, "ok    no fault where none was due");
	r.res.faults_expected = 5;
	report_has(&r, "skip  no fault where none was due: 5 faults were seen where probes caused at least 6");
	r.res.faults_lost = 17;
	report_has(&r, "skip  no fault where none was due: 17 faults of the simulation were lost");
	r.res.faults_unclear = 3;
	report_has(&r, "skip  no fault where none was due: 3 faults");
	compare_fault_judge(&r.c, &elsewhere);
	report_has(&r, "FAIL  no fault where none was due");
	run_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),	     cmocka_unit_test(test_faults),
		cmocka_unit_test(test_reads),	     cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_reported),     cmocka_unit_test(test_failed_transfer),
		cmocka_unit_test(test_fault_counts), cmocka_unit_test(test_fault_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
