/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A benchmark in a session of its own: what it measured is in res, and it has left nothing mapped. */
#ifndef IC_TESTS_BENCH_RIG_H
#define IC_TESTS_BENCH_RIG_H

#include "unit.h"

#include "core/bench/bench.h"
#include "iommu/ledger.h"

static struct host bench_rig_host;
static struct bench_result res;

/* @driver: NULL for the one that fits. */
static inline struct session *bench_rig_open(const char *backend, const char *driver)
{
	struct session_params sp = {.backend = backend, .driver = driver, .seed = 5};
	struct session *s = NULL;
	struct fail f = {0};

	if (session_open(&s, &sp, &bench_rig_host, &f))
		fail_msg("%s", f.text);
	return s;
}

/* DMA leaves the session's own pages mapped, for the canary. */
static inline int bench_rig_none_left(const struct ledger_entry *entry, void *arg)
{
	(void)arg;
	assert_string_not_equal(entry->tag, "bench");
	assert_string_not_equal(entry->tag, "graveyard");
	return 0;
}

/* What bench_run() answers, with its rows in res and its failure in @f. */
static inline int bench_rig_run(const struct bench *b, const char *backend, const char *driver,
				const struct bench_params *p, struct fail *f)
{
	struct session *s = bench_rig_open(backend, driver);
	int err;

	*f = (struct fail){0};
	bench_result_free(&res);
	err = bench_run(b, s, p, &res, f);
	ledger_each(iommu_ledger(session_iommu(s)), bench_rig_none_left, NULL);
	assert_int_equal(session_close(s, &(struct fail){0}), 0);
	return err;
}

#endif
