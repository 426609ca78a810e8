/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/audit: each rule fires where it must and is silent elsewhere; order, selection, what could not be looked at. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "audit_machine.h"
#include "core/audit/priv.h"

static const struct audit_case *const all_cases[] = {
	audit_cases_config, audit_cases_groups, audit_cases_devices, audit_cases_tables, audit_cases_log,
};

/* The first, that is worst, finding of the id; the one about @subject where that is given. */
static const struct audit_finding *found(const struct audit *a, const char *id, const char *subject)
{
	for (unsigned int i = 0; i < a->nr_findings; i++)
		if (strcmp(a->findings[i].rule->id, id) == 0 &&
		    (!subject || strcmp(a->findings[i].subject, subject) == 0))
			return &a->findings[i];
	return NULL;
}

static void print_findings(const struct audit *a)
{
	for (unsigned int i = 0; i < a->nr_findings; i++)
		print_message("  %s %s [%s] %s\n", audit_severity_name(a->findings[i].severity),
			      a->findings[i].rule->id, a->findings[i].subject, a->findings[i].summary);
}

static void test_healthy(void **state)
{
	struct audit_machine t;

	audit_machine_begin(&t);
	audit_machine_run(&t);
	print_findings(&t.audit);
	assert_int_equal(t.audit.nr_findings, 0);
	assert_int_equal(t.audit.nr_blind, 0);
	assert_int_equal(t.audit.nr_assigned, 1);
	audit_machine_end(&t);
}

static bool has_evidence(const struct audit_finding *f, const char *text)
{
	for (unsigned int i = 0; i < f->nr_evidence; i++)
		if (!text || strstr(f->evidence[i].text, text) || strstr(f->evidence[i].source, text))
			return true;
	return false;
}

static bool case_holds(const struct audit_case *c, const struct audit_machine *t)
{
	const struct audit_rule *rule = audit_rule_find(c->id);
	const struct audit_finding *f = found(&t->audit, c->id, c->subject);

	if (!rule)
		return false;
	if (c->severity == NOT_FOUND)
		return !f;
	if (c->severity == BLIND)
		return !f && audit_blind_of(&t->audit, rule) && found(&t->audit, "not-readable", NULL);
	return f && f->severity == (enum audit_severity)c->severity && has_evidence(f, c->evidence);
}

/* Every finding of every case: what a reader and a program rely on. */
static void check_form(const struct audit *a)
{
	for (unsigned int i = 0; i < a->nr_findings; i++) {
		const struct audit_finding *f = &a->findings[i];
		size_t n = strlen(f->summary);

		assert_true(f->nr_evidence > 0);
		assert_true(n > 10 && n < sizeof(f->summary) - 1);
		assert_true(f->summary[n - 1] != '.' && f->summary[n - 1] != ' ');
		assert_true(f->subject[0] != '\0');
		assert_true(f->advice[0] != '\0' && strlen(f->advice) < sizeof(f->advice) - 1);
		for (unsigned int e = 0; e < f->nr_evidence; e++)
			assert_true(f->evidence[e].source[0] && f->evidence[e].text[0]);
		if (i)
			assert_true(f[-1].severity >= f->severity);
	}
}

static void run_case(const struct audit_case *c, unsigned int *failed)
{
	struct audit_machine t;

	audit_machine_begin(&t);
	c->change(&t);
	audit_machine_run(&t);
	check_form(&t.audit);
	if (!case_holds(c, &t)) {
		print_message("%s: %s: expected %d about %s with '%s'; found:\n", c->id, c->name, c->severity,
			      c->subject ? c->subject : "-", c->evidence ? c->evidence : "");
		print_findings(&t.audit);
		++*failed;
	}
	audit_machine_end(&t);
}

static void test_cases(void **state)
{
	unsigned int failed = 0;

	for (size_t n = 0; n < ARRAY_SIZE(all_cases); n++)
		for (const struct audit_case *c = all_cases[n]; c->id; c++)
			run_case(c, &failed);
	assert_int_equal(failed, 0);
}

static unsigned int cases_of(const char *id, bool fires)
{
	unsigned int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all_cases); i++)
		for (const struct audit_case *c = all_cases[i]; c->id; c++)
			n += strcmp(c->id, id) == 0 && (fires ? c->severity >= 0 : c->severity == NOT_FOUND);
	return n;
}

/* Nobody adds a rule without a machine in which it fires and one in which it does not. */
static void test_every_rule_has_both(void **state)
{
	for (size_t i = 0; audit_rules[i]; i++) {
		if (strcmp(audit_rules[i]->id, "not-readable") == 0)
			continue;
		if (!cases_of(audit_rules[i]->id, true) || !cases_of(audit_rules[i]->id, false))
			fail_msg("%s lacks a case", audit_rules[i]->id);
	}
}

static void test_table(void **state)
{
	for (size_t i = 0; audit_rules[i]; i++) {
		const struct audit_rule *rule = audit_rules[i];
		size_t n = strlen(rule->explain);

		assert_ptr_equal(audit_rule_find(rule->id), rule);
		assert_true(strspn(rule->id, "abcdefghijklmnopqrstuvwxyz-") == strlen(rule->id));
		assert_true(!i || strcmp(audit_rules[i - 1]->id, rule->id) < 0);
		assert_true(n > 100 && rule->explain[n - 1] == '.');
		assert_null(strstr(rule->explain, "  "));
		assert_true(strlen(rule->advice) < sizeof(((struct audit_finding *)0)->advice));
		assert_true(rule->title[strlen(rule->title) - 1] != '.');
	}
	assert_null(audit_rule_find("no-such"));
	assert_string_equal(audit_severity_name(AUDIT_INFO), "info");
	assert_string_equal(audit_severity_name(AUDIT_HIGH), "high");
}

/* By severity, then id, then subject with numbers as numbers. */
static void test_order(void **state)
{
	struct audit_machine t;
	const struct audit *a = &t.audit;

	audit_machine_begin(&t);
	audit_machine_option(&t, "intel_iommu", "off,sp_off");
	t.nodes[1].mode = 0666;
	audit_machine_node(&t, "/dev/vfio/10", 0666);
	t.m.dmar.flags = 1;
	audit_machine_run(&t);
	assert_int_equal(a->nr_findings, 4);
	assert_string_equal(a->findings[0].subject, "/dev/vfio/2");
	assert_string_equal(a->findings[1].subject, "/dev/vfio/10");
	assert_string_equal(a->findings[2].rule->id, "preboot-dma");
	assert_string_equal(a->findings[3].rule->id, "superpages-off");
	audit_machine_end(&t);
}

static void test_only(void **state)
{
	static const char *const vfio[] = {"0000:00:03.0"}, *const nvme[] = {"0000:01:00.0"}, *const unit[] = {"dmar0"};
	struct audit_machine t;

	audit_machine_begin(&t);
	audit_machine_option(&t, "intel_iommu", "sp_off");
	audit_machine_put(&t, "/sys/bus/pci/devices/0000:01:00.0/dma_mask_bits", "24\n");
	audit_machine_add(&t, "0000:01:00.1", 0x040300, GROUP_NVME, DEV_PORT);
	t.audit.nr_only = 1;
	t.audit.only = vfio;
	audit_machine_run(&t);
	assert_null(found(&t.audit, "dma-mask", NULL));
	assert_null(found(&t.audit, "group-shared", NULL));
	assert_non_null(found(&t.audit, "superpages-off", "kernel"));
	t.audit.only = nvme;
	audit_machine_run(&t);
	assert_non_null(found(&t.audit, "dma-mask", "0000:01:00.0"));
	assert_non_null(found(&t.audit, "group-shared", "group 1"));
	t.audit.only = unit;
	audit_machine_run(&t);
	assert_non_null(found(&t.audit, "dma-mask", "0000:01:00.0"));
	audit_machine_end(&t);
}

/* One finding for each wall, with the rules that met it. */
static void test_not_readable(void **state)
{
	struct audit_machine t;
	unsigned int n = 0;

	audit_machine_begin(&t);
	free(t.m.log);
	t.m.log = NULL;
	t.m.log_err = -1;
	audit_machine_run(&t);
	for (unsigned int i = 0; i < t.audit.nr_findings; i++)
		n += strcmp(t.audit.findings[i].rule->id, "not-readable") == 0;
	assert_int_equal(n, 1);
	assert_true(has_evidence(found(&t.audit, "not-readable", "machine"), "kernel-faults, pte-already-set"));
	assert_string_equal(audit_blind_of(&t.audit, audit_rule_find("kernel-faults"))->what,
			    "the kernel's log cannot be read: Operation not permitted");
	audit_machine_end(&t);
}

/* More evidence than is kept is counted. */
static void test_evidence_is_bounded(void **state)
{
	struct audit_machine t;
	const struct audit_finding *f;
	char log[40 * 80] = "";

	for (int i = 0; i < 40; i++)
		strcat(log, "DMAR: ERROR: DMA PTE for vPFN 0x1 already set (to 2 not 3)\n");
	audit_machine_begin(&t);
	free(t.m.log);
	t.m.log = strdup(log);
	audit_machine_run(&t);
	f = found(&t.audit, "pte-already-set", NULL);
	assert_int_equal(f->nr_evidence, AUDIT_EVIDENCE_MAX);
	assert_int_equal(f->nr_more, 40 - AUDIT_EVIDENCE_MAX);
	audit_machine_end(&t);
}

static void test_debugfs(void **state)
{
	static const char regset[] = "IOMMU: dmar0 Register Base Address: fed90000\nName\t\t\tOffset\t\tContents\n"
				     "GSTS            \t0x1c\t\t0x%016llx\n\n";
	struct audit_machine t;

	audit_machine_begin(&t);
	audit_machine_drop(&t, "/proc/interrupts");
	t.audit.debugfs = true;
	audit_machine_put(&t, "/sys/kernel/debug/iommu/intel/iommu_regset", regset, 0xc7000000ULL);
	audit_machine_run(&t);
	assert_null(found(&t.audit, "iommu-off", NULL));
	assert_null(found(&t.audit, "interrupt-remapping-off", NULL));
	assert_null(found(&t.audit, "not-readable", NULL));
	audit_machine_put(&t, "/sys/kernel/debug/iommu/intel/iommu_regset", regset, 0x44000000ULL);
	audit_machine_run(&t);
	assert_non_null(found(&t.audit, "iommu-off", "dmar0"));
	assert_non_null(found(&t.audit, "interrupt-remapping-off", "kernel"));
	audit_machine_drop(&t, "/sys/kernel/debug/iommu/intel/iommu_regset");
	audit_machine_run(&t);
	assert_non_null(found(&t.audit, "not-readable", NULL));
	audit_machine_end(&t);
}

static void test_versions(void **state)
{
	static const struct {
		const char *release, *banner;
		unsigned int major, minor, patch;
		int rc;
		bool patch_unknown, distribution;
	} cases[] = {
		{"6.1.0-18-amd64", "", 6, 1, 0, 0, true, true},
		{"6.1.0-18-amd64", "Linux version 6.1.0-18-amd64 (x) #1 SMP Debian 6.1.76-1 (2024-02-01)", 6, 1, 76, 0,
		 false, true},
		{"6.1.0-18-amd64", "#1 SMP Debian 5.10.3-1", 6, 1, 0, 0, true, true},
		{"5.15.0-91-generic", "", 5, 15, 0, 0, true, true},
		{"6.6.8-arch1-1", "", 6, 6, 8, 0, false, true},
		{"6.18.0-rc4", "", 6, 18, 0, 4, false, false},
		{"6.18.0-rc4-00012-gabc", "", 6, 18, 0, 4, false, true},
		{"7.3.4", "", 7, 3, 4, 0, false, false},
		{"7.3.4+", "", 7, 3, 4, 0, false, false},
		{"6.12", "", 6, 12, 0, 0, false, false},
	};
	static const char *const none[] = {"", "custom", "6", "6.", "-6.1", "v6.1"};
	struct audit_version v;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(audit_version_parse(cases[i].release, cases[i].banner, &v));
		assert_int_equal(v.major, cases[i].major);
		assert_int_equal(v.minor, cases[i].minor);
		assert_int_equal(v.patch, cases[i].patch);
		assert_int_equal(v.rc, cases[i].rc);
		assert_int_equal(v.patch_unknown, cases[i].patch_unknown);
		assert_int_equal(v.distribution, cases[i].distribution);
	}
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_false(audit_version_parse(none[i], "", &v));
}

static void test_version_order(void **state)
{
	/* ascending */
	static const char *const order[] = {"5.15.2", "5.16.0-rc1", "5.16.0-rc9", "5.16.0-rc10",
					    "5.16",   "5.16.3",	    "6.1",	  "6.10"};
	struct audit_version a, b;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		for (size_t j = 0; j < ARRAY_SIZE(order); j++) {
			int want = i < j ? -1 : i > j;

			assert_true(audit_version_parse(order[i], "", &a) && audit_version_parse(order[j], "", &b));
			assert_int_equal(audit_version_compare(&a, &b, false), want);
		}
	audit_version_parse("5.16.0-rc1", "", &a);
	audit_version_parse("5.16.3", "", &b);
	assert_int_equal(audit_version_compare(&a, &b, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_every_rule_has_both),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_only),
		cmocka_unit_test(test_not_readable),
		cmocka_unit_test(test_evidence_is_bounded),
		cmocka_unit_test(test_debugfs),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_version_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
