/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stress on the simulated IOMMU with several threads: nothing is found where nothing is wrong, and what is found is told whole. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "core/stress/stress.h"
#include "core/stress/words.h"

static struct host host;
static struct stress_result res;
static struct fail why;

static void stress_on(const char *backend, uint64_t seed, const struct stress_params *with)
{
	struct session_params sp = {.backend = backend, .seed = seed};
	struct stress_params p = *with;
	struct session *s;

	why = (struct fail){0};
	p.shard = p.shard ? p.shard : 1;
	p.shards = p.shards ? p.shards : 1;
	assert_int_equal(host_init(&host, NULL, &why), 0);
	assert_int_equal(session_open(&s, &sp, &host, &why), 0);
	assert_int_equal(stress_run(s, &p, &res, &why), 0);
	assert_int_equal(session_close(s, &why), 0);
}

static struct stress_params mix_of(const char *name, uint64_t ops, unsigned int threads)
{
	struct stress_params p = {.ops = ops, .threads = threads, .mix_text = name};

	assert_int_equal(stress_mix_load(&p.mix, name, &why), 0);
	return p;
}

static void test_healthy(void **state)
{
	static const char *const backends[] = {"sim,personality=type1-v2", "sim,personality=type1-v1",
					       "sim,personality=iommufd", "sim,personality=compat-v2",
					       "sim,personality=compat-v1"};
	static const char *const mixes[] = {"churn", "lifecycle", "edges"};

	(void)state;
	for (unsigned int b = 0; b < ARRAY_SIZE(backends); b++)
		for (unsigned int m = 0; m < ARRAY_SIZE(mixes); m++) {
			struct stress_params p = mix_of(mixes[m], 1500, 2 + b % 3);

			stress_on(backends[b], 40 + b, &p);
			if (res.mismatches_total)
				print_error("%s, %s: %s\n", backends[b], mixes[m], res.mismatches[0].op.text);
			assert_int_equal(res.mismatches_total, 0);
			assert_int_equal(failures_total(&res.failures), 0);
			assert_true(res.ops >= 1500);
			assert_true(res.checks > res.episodes);
			assert_null(res.trace.ops);
			stress_result_free(&res);
		}
}

/* Where threads meet, too. */
static void test_collide(void **state)
{
	static const char *const backends[] = {"sim,personality=type1-v2", "sim,personality=iommufd"};

	(void)state;
	for (unsigned int b = 0; b < ARRAY_SIZE(backends); b++) {
		struct stress_params p = {.ops = 4000, .threads = 4, .mix_text = "collide"};

		snprintf(p.mix.name, sizeof(p.mix.name), "collide");
		p.mix.weight[STRESS_COLLIDE] = 1;
		stress_on(backends[b], 3, &p);
		assert_int_equal(res.mismatches_total, 0);
		assert_true(res.per_kind[STRESS_COLLIDE] >= 4000);
		/* some met others, and some did not */
		assert_true(res.refused[STRESS_COLLIDE] > 0);
		assert_true(res.refused[STRESS_COLLIDE] < res.per_kind[STRESS_COLLIDE]);
		stress_result_free(&res);
	}
}

static void test_trace(void **state)
{
	struct stress_params p = mix_of("churn", 20000, 2);
	unsigned int bad = 0;
	char words[200];

	(void)state;
	stress_on("sim,fault=overlap-ok", 8, &p);
	assert_true(res.mismatches_total > 0);
	assert_true(res.failures.count[FAILURE_OVERLAP_ACCEPTED] > 0);
	assert_non_null(res.trace.ops);
	assert_int_equal(res.trace.episode, res.mismatches[0].episode);
	assert_int_equal(res.trace.threads, 2);
	for (unsigned int i = 0; i < res.trace.nr; i++) {
		bad += res.trace.ops[i].mismatch;
		assert_true(!i || res.trace.ops[i].ticket > res.trace.ops[i - 1].ticket);
	}
	assert_true(bad > 0);
	assert_string_equal(res.mismatches[0].expected, "EEXIST");
	stress_op_words(words, sizeof(words), &res.mismatches[0].op);
	assert_non_null(strstr(words, "bad-map (overlap), 0x1000 bytes at iova 0x"));
	stress_result_free(&res);
	assert_null(res.trace.ops);
}

static void test_shards(void **state)
{
	struct stress_params p = mix_of("churn", 5000, 2);
	uint64_t episodes = 0, ops = 0;

	(void)state;
	stress_on("sim", 12, &p);
	for (p.shard = 1, p.shards = 3; p.shard <= 3; p.shard++) {
		struct stress_result whole = res;

		stress_on("sim", 12, &p);
		episodes += res.episodes;
		ops += res.ops;
		res = whole;
	}
	assert_int_equal(episodes, res.episodes);
	assert_int_equal(ops, res.ops);
}

static void test_keep_going(void **state)
{
	struct stress_params p = mix_of("churn", 8000, 2);

	(void)state;
	p.keep_going = true;
	stress_on("sim,fault=iova-reserved", 5, &p);
	assert_true(res.mismatches_total > 3);
	assert_true(res.episodes > 3);
	/* what one mismatch leaves is told no second time */
	assert_int_equal(res.failures.count[FAILURE_RESERVED_ACCEPTED], res.mismatches_total);
	stress_result_free(&res);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy), cmocka_unit_test(test_collide),	   cmocka_unit_test(test_trace),
		cmocka_unit_test(test_shards),	cmocka_unit_test(test_keep_going),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
