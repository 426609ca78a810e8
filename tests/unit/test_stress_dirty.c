/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/stress with dirty tracking and objects on the simulated IOMMU: nothing found where nothing is wrong, each misbehaviour where one is. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "core/stress/stress.h"
#include "host/host.h"

/* Mismatches in the first @ops ops. */
static uint64_t mismatches(const char *backend, const char *mix, uint64_t ops, struct stress_result *res)
{
	struct session_params params = {.backend = backend, .seed = 5};
	struct stress_params p = {.ops = ops, .threads = 2, .shard = 1, .shards = 1, .tries = 1};
	struct host host;
	struct session *s;
	struct fail f = {0};
	uint64_t found;

	assert_int_equal(stress_mix_load(&p.mix, mix, &f), 0);
	assert_int_equal(host_init(&host, NULL, &f), 0);
	assert_int_equal(session_open(&s, &params, &host, &f), 0);
	if (stress_run(s, &p, res, &f))
		fail_msg("%s, %s: %s", backend, mix, f.text);
	found = res->mismatches_total;
	if (found)
		print_message("%s: %s, got %s\n", backend, res->mismatches[0].expected, res->mismatches[0].got);
	assert_int_equal(session_close(s, &f), 0);
	host_close(&host);
	return found;
}

static void test_healthy(void **state)
{
	static const char *const sides[] = {"type1-v2", "type1-v1", "iommufd", "compat-v2", "compat-v1"};
	static const char *const mixes[] = {"dirty", "lifecycle", "edges"};
	struct stress_result res;
	char backend[64];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sides); i++) {
		for (unsigned int k = 0; k < ARRAY_SIZE(mixes); k++) {
			snprintf(backend, sizeof(backend), "sim,personality=%s", sides[i]);
			assert_int_equal(mismatches(backend, mixes[k], 4000, &res), 0);
			assert_true(res.ops > 3000);
			/* the kinds that the mix is about were done */
			if (!k)
				assert_true(res.per_kind[STRESS_DIRTY_CLEAR] && res.per_kind[STRESS_DIRTY_UNMAP]);
			if (k == 1 && !strcmp(sides[i], "iommufd"))
				assert_true(res.per_kind[STRESS_COPY] && res.per_kind[STRESS_REPLACE]);
			stress_result_free(&res);
		}
	}
}

static void test_found(void **state)
{
	static const struct {
		const char *fault, *mix;
	} all[] = {
		{"dirty-lost-unmap", "dirty"},	{"dirty-no-clear", "dirty"},	{"dirty-shift", "dirty"},
		{"dirty-straddle", "dirty"},	{"dirty-huge-partial", "huge"}, {"dirty-no-flush", "dirty"},
		{"dirty-early-flush", "dirty"}, {"dirty-stale-start", "dirty"}, {"dirty-read-marks", "dirty"},
		{"stale-attach", "lifecycle"},
	};
	struct stress_result res;
	char backend[64];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
		snprintf(backend, sizeof(backend), "sim,personality=iommufd,fault=%s", all[i].fault);
		assert_int_not_equal(mismatches(backend, all[i].mix, 40000, &res), 0);
		stress_result_free(&res);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy),
		cmocka_unit_test(test_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
