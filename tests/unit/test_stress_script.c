/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/stress/script: what a healthy stress did, as a script, passes on the same backend: on all personalities, of all mixes. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "cmd/shrink_run.h"
#include "core/stress/stress.h"
#include "iommu/dirty.h"

/* main.c's, as far as scripts of stress have them. */
const struct command *const commands[] = {&command_map,	   &command_unmap,
					  &command_fill,   &command_check,
					  &command_dma,	   &command_free,
					  &command_memory, &command_ioas,
					  &command_attach, &command_detach,
					  &command_device, &command_destroy,
					  &command_dirty,  NULL};

const struct command *command_find(const char *name)
{
	for (unsigned int i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static const char *const personalities[] = {"type1-v2", "type1-v1", "iommufd", "compat-v2", "compat-v1"};

/* More by hand: IOMMUCTL_LONG=1. */
static unsigned int seeds(void)
{
	const char *is_long = getenv("IOMMUCTL_LONG");

	return is_long && *is_long ? 40 : 2;
}

static void report_lines(char *const *lines, unsigned int nr, const struct shrink_why *why)
{
	for (unsigned int i = 0; i < nr; i++)
		if (i + 12 > why->line && i <= why->line + 1)
			print_message("%s %4u %s\n", i == why->line ? "->" : "  ", i, lines[i]);
}

/* One episode, its script, and the script in a session of its own. Returns how many lines it has. */
static unsigned int one(const char *personality, const struct stress_mix *mix, uint64_t seed, unsigned int threads)
{
	static struct stress_result res;
	struct stress_params p = {.mix = *mix,
				  .episode_given = true,
				  .episode = seed % 7,
				  .ops = 300,
				  .episode_ops = 300,
				  .threads = threads,
				  .shard = 1,
				  .shards = 1,
				  .keep_trace = true};
	struct globals g = {.session = {.seed = seed}};
	struct shrink_runner r = {0};
	struct shrink_why why;
	struct session *s;
	struct fail f = {0};
	char backend[64], **lines;
	unsigned int nr = 0;

	snprintf(backend, sizeof(backend), "sim,personality=%s", personality);
	g.session.backend = backend;
	assert_int_equal(host_init(&g.host, NULL, &f), 0);
	memset(&res, 0, sizeof(res));
	assert_int_equal(session_open(&s, &g.session, &g.host, &f), 0);
	if (stress_run(s, &p, &res, &f))
		fail_msg("%s, %s, seed %lu: %s", personality, mix->name, (unsigned long)seed, f.text);
	assert_int_equal(res.mismatches_total, 0);
	assert_true(res.trace.nr > 100);
	assert_int_equal(stress_script(s, &res.trace, &lines, &nr, &f), 0);
	assert_int_equal(session_close(s, &f), 0);
	assert_true(nr > 100);
	assert_int_equal(shrink_runner_open(&r, &g, IOMMU_TYPE1_V2, &f), 0);
	assert_int_equal(shrink_runner_once(&r, &r.own, lines, nr, &why, &f), 0);
	if (why.result != RESULT_PASS && why.result != RESULT_SKIP) {
		report_lines(lines, nr, &why);
		fail_msg("%s, %s, seed %lu: line %u: %s: %s", personality, mix->name, (unsigned long)seed, why.line,
			 why.what, why.detail);
	}
	shrink_runner_close(&r);
	stress_script_free(lines, nr);
	stress_result_free(&res);
	host_close(&g.host);
	return nr;
}

static void test_healthy(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(personalities); i++)
		for (const struct stress_mix *m = stress_mixes; m->name[0]; m++)
			for (uint64_t seed = 1; seed <= seeds(); seed++)
				one(personalities[i], m, seed, 1 + seed % 2);
}

static unsigned int words_of(const char *line)
{
	unsigned int n = 0;

	for (; *line; line += strcspn(line, " ")) {
		line += strspn(line, " ");
		n += *line != '\0';
	}
	return n;
}

/* One op has mappings logged that lie far apart. */
static void far_apart(const struct session *s, struct stress_op *ops, unsigned int nr_ops)
{
	struct stress_trace trace = {.ops = ops, .nr = nr_ops, .threads = 2};
	unsigned int nr = 0, logged = 0;
	struct fail f = {0};
	char **lines;

	assert_int_equal(stress_script(s, &trace, &lines, &nr, &f), 0);
	for (unsigned int i = 0; i < nr; i++) {
		assert_in_range(words_of(lines[i]), 1, 64);
		logged += strstr(lines[i], "dirty start --source device --iova") != NULL;
	}
	assert_int_equal(logged, 1);
	stress_script_free(lines, nr);
}

/* However many there are, the line is one that a script may have: of 64 words. */
static void test_far_apart(void **state)
{
	struct stress_op ops[20] = {
		{.kind = STRESS_DIRTY_START, .done = true, .err = -ENODEV, .variant = DIRTY_DEVICE}};
	struct session_params sp = {.backend = "sim", .seed = 1};
	static struct host host;
	struct session *s;
	struct fail f = {0};

	(void)state;
	for (unsigned int i = 1; i < ARRAY_SIZE(ops); i++)
		ops[i] = (struct stress_op){.kind = STRESS_MAP,
					    .done = true,
					    .thread = i / STRESS_SLOTS,
					    .slot = i % STRESS_SLOTS,
					    .iova = (uint64_t)i << 42,
					    .size = 4096,
					    .prot = IOMMU_PROT_RW};
	assert_int_equal(host_init(&host, NULL, &f), 0);
	assert_int_equal(session_open(&s, &sp, &host, &f), 0);
	for (unsigned int nr = 2; nr <= ARRAY_SIZE(ops); nr++)
		far_apart(s, ops, nr);
	assert_int_equal(session_close(s, &f), 0);
	host_close(&host);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy),
		cmocka_unit_test(test_far_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
