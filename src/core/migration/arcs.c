/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every ordered pair of states, tried and held against what the rules lead to. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/migration/priv.h"

static void arc_fail(struct migration *m, struct migration_arc *arc, enum migration_check_id id, const char *why)
{
	char to[16];

	arc->result = RESULT_FAIL;
	if (!arc->why[0])
		snprintf(arc->why, sizeof(arc->why), "%s", why);
	migration_say(m, id, RESULT_FAIL, "%s to %s: %s", mig_state_name(arc->from),
		      migration_state_text(arc->to, to, sizeof(to)), why);
}

static bool arc_is_on_path(const struct migration_arc *arc, uint32_t state)
{
	if (state == arc->from || state == MIG_ERROR)
		return true;
	for (unsigned int i = 0; i < arc->path.n; i++)
		if (state == arc->path.step[i])
			return true;
	return false;
}

/* A request that failed: where did it leave the device? */
static void arc_judge_failed(struct migration *m, struct migration_arc *arc)
{
	char text[16], why[64];

	if (arc->after == arc->from || (arc->legal && arc_is_on_path(arc, arc->after)))
		return;
	snprintf(why, sizeof(why), "refused, and the state is %s now",
		 migration_state_text(arc->after, text, sizeof(text)));
	arc_fail(m, arc, CHECK_ARC_FAILED, why);
}

static void arc_judge_legal(struct migration *m, struct migration_arc *arc)
{
	bool due = migration_begins_stream(arc->from, arc->to);
	char text[16], why[96];

	if (arc->err) {
		snprintf(why, sizeof(why), "refused: %s", strerror(-arc->err));
		arc_fail(m, arc, CHECK_ARCS_LEGAL, why);
		arc_judge_failed(m, arc);
		return;
	}
	if (arc->after != arc->to) {
		snprintf(why, sizeof(why), "no error, and the state is %s",
			 migration_state_text(arc->after, text, sizeof(text)));
		arc_fail(m, arc, CHECK_ARC_END, why);
	} else if (due && !m->handed) {
		arc_fail(m, arc, CHECK_FD_DUE, "no descriptor was handed out");
	}
	if (!due && m->handed)
		arc_fail(m, arc, CHECK_FD_UNDUE, "a descriptor was handed out");
}

/* Which rule would have refused it? */
static enum migration_check_id arc_rule(const struct migration *m, const struct migration_arc *arc)
{
	if (arc->to >= MIG_STATES)
		return CHECK_STATES_UNKNOWN;
	if (arc->from == MIG_ERROR)
		return CHECK_ERROR_LEFT;
	return migration_has_state(m->flags, arc->to) ? CHECK_ARCS_ILLEGAL : CHECK_STATES_OPTIONAL;
}

static void arc_judge_illegal(struct migration *m, struct migration_arc *arc)
{
	char text[16], why[96];

	if (arc->err) {
		arc_judge_failed(m, arc);
		if (arc->err != -EINVAL && arc->result == RESULT_PASS)
			snprintf(arc->why, sizeof(arc->why), "refused by %s, where the kernel's own answer is %s",
				 strerror(-arc->err), strerror(EINVAL));
		return;
	}
	/* drivers look for what they already have before they look at what is asked: nothing happens */
	if (arc->from == MIG_ERROR && arc->to == MIG_ERROR && arc->after == MIG_ERROR && !m->handed)
		return;
	snprintf(why, sizeof(why), "accepted, and the state is %s",
		 migration_state_text(arc->after, text, sizeof(text)));
	arc_fail(m, arc, arc_rule(m, arc), why);
}

/* What flows in the state that was reached. */
static void arc_transfer(struct migration *m, struct migration_arc *arc)
{
	uint64_t n = 0;
	int err;

	if (m->stream.fd < 0 && !m->stream.priv)
		return;
	if (arc->to == MIG_RESUMING && m->handed && m->saved.len)
		n = migration_feed(m, m->saved.bytes, m->saved.len) ? 0 : m->saved.len;
	else if (arc->to == MIG_STOP_COPY || arc->to == MIG_PRE_COPY || arc->to == MIG_PRE_COPY_P2P)
		migration_drain(m, NULL, &n, &err);
	arc->bytes = MAX(arc->bytes, n);
}

static void arc_judge(struct migration *m, struct migration_arc *arc)
{
	enum migration_check_id id = arc->legal ? CHECK_ARCS_LEGAL : arc_rule(m, arc);

	if (arc->legal)
		arc_judge_legal(m, arc);
	else
		arc_judge_illegal(m, arc);
	migration_pass(m, id);
	if (!arc->legal)
		migration_pass(m, CHECK_ARC_FAILED);
	else if (!arc->err)
		migration_pass(m, CHECK_ARC_END);
	if (arc->legal && !arc->err)
		migration_pass(m, migration_begins_stream(arc->from, arc->to) ? CHECK_FD_DUE : CHECK_FD_UNDUE);
}

static void arc_try(struct migration *m, struct migration_arc *arc)
{
	char why[160] = "";
	int err = migration_reach(m, arc->from, why, sizeof(why));

	/* an empty RESUMING cannot be left by what leads on; what has to be refused can be asked */
	if (err && !(err == -ENODATA && !arc->legal)) {
		if (!arc->tried) {
			arc->result = RESULT_SKIP;
			snprintf(arc->why, sizeof(arc->why), "%s", why);
		}
		return;
	}
	if (!arc->tried)
		arc->result = RESULT_PASS;
	arc->tried = true;
	arc->err = migration_set(m, arc->to);
	arc->slowest_ns = MAX(arc->slowest_ns, m->took_ns);
	arc->after = migration_get(m);
	arc_judge(m, arc);
	if (!arc->err && arc->after == arc->to)
		arc_transfer(m, arc);
}

static void arc_add(struct migration *m, enum mig_state from, uint32_t to)
{
	struct migration_result *res = m->res;
	struct migration_arc *arc = &res->arcs[res->nr_arcs];

	for (unsigned int i = 0; i < res->nr_arcs; i++)
		if (res->arcs[i].from == from && res->arcs[i].to == to)
			return;
	if (res->nr_arcs == ARRAY_SIZE(res->arcs))
		return;
	*arc = (struct migration_arc){.from = from, .to = to, .result = RESULT_SKIP};
	arc->legal = !migration_expect(m->flags, from, to, &arc->path);
	res->nr_arcs++;
}

static void arcs_list(struct migration *m)
{
	static const uint32_t none[] = {MIG_STATES, UINT32_MAX};

	for (unsigned int i = 0; i < m->p->nr_only; i++)
		arc_add(m, m->p->only[i].from, m->p->only[i].to);
	if (m->p->nr_only)
		return;
	for (unsigned int from = 0; from < MIG_STATES; from++) {
		for (uint32_t to = 0; to < MIG_STATES; to++)
			arc_add(m, (enum mig_state)from, to);
		for (size_t i = 0; i < ARRAY_SIZE(none); i++)
			arc_add(m, (enum mig_state)from, none[i]);
	}
}

static void arcs_judge_stop(struct migration *m)
{
	const struct migration_arc *slowest = NULL;
	double ms;

	for (unsigned int i = 0; i < m->res->nr_arcs; i++) {
		const struct migration_arc *arc = &m->res->arcs[i];

		if (arc->from == MIG_RUNNING && (arc->to == MIG_STOP || arc->to == MIG_STOP_COPY) && arc->tried &&
		    !arc->err && (!slowest || arc->slowest_ns > slowest->slowest_ns))
			slowest = arc;
	}
	if (!slowest)
		return;
	ms = (double)slowest->slowest_ns / 1e6;
	migration_say(m, CHECK_STOP_TIME, slowest->slowest_ns > m->p->stop_limit_ns ? RESULT_FAIL : RESULT_PASS,
		      "RUNNING to %s took %.3f ms at most, of %.0f allowed",
		      mig_state_name((enum mig_state)slowest->to), ms, (double)m->p->stop_limit_ns / 1e6);
}

static void arcs_skip(struct migration *m)
{
	if (m->flags == (MIG_FLAG_STOP_COPY | MIG_FLAG_P2P | MIG_FLAG_PRE_COPY))
		migration_say(m, CHECK_STATES_OPTIONAL, RESULT_SKIP, "the device has them all");
	migration_say(m, CHECK_ERROR_LEFT, RESULT_SKIP, "the device was never in ERROR");
}

void migration_arcs(struct migration *m)
{
	arcs_list(m);
	for (uint64_t round = 0; round < m->p->rounds; round++)
		for (unsigned int i = 0; i < m->res->nr_arcs && !session_signal && !m->lost; i++)
			arc_try(m, &m->res->arcs[i]);
	migration_home(m);
	arcs_judge_stop(m);
	if (!m->p->nr_only)
		arcs_skip(m);
}
