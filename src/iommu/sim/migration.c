/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated device's migration states. A state is what the device does (run, run without peers, halt) and which transfer is open
 * (none, saving, resuming); a request is carried out one step at a time, each of which changes one of the two. That this comes to the
 * table of vfio_mig_get_next_state() is for the tests of migration to see, which have it from the header's words.
 */
#include "iommu/sim/migration.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "iommu/sim/context.h"

#define SIM_MIG_SLOW_NS 100000000u

enum mig_does { DOES_RUN, DOES_P2P, DOES_HALT };
enum mig_open { OPEN_NONE, OPEN_SAVING, OPEN_RESUMING };

static const struct {
	enum mig_does does;
	enum mig_open open;
} sim_mig_states[MIG_STATES] = {
	[MIG_STOP] = {DOES_HALT, OPEN_NONE},	      [MIG_RUNNING] = {DOES_RUN, OPEN_NONE},
	[MIG_STOP_COPY] = {DOES_HALT, OPEN_SAVING},   [MIG_RESUMING] = {DOES_HALT, OPEN_RESUMING},
	[MIG_RUNNING_P2P] = {DOES_P2P, OPEN_NONE},    [MIG_PRE_COPY] = {DOES_RUN, OPEN_SAVING},
	[MIG_PRE_COPY_P2P] = {DOES_P2P, OPEN_SAVING},
};

static enum mig_state sim_mig_state_of(enum mig_does does, enum mig_open open)
{
	static const enum mig_state states[3][3] = {
		[OPEN_NONE] = {MIG_RUNNING, MIG_RUNNING_P2P, MIG_STOP},
		[OPEN_SAVING] = {MIG_PRE_COPY, MIG_PRE_COPY_P2P, MIG_STOP_COPY},
		[OPEN_RESUMING] = {MIG_ERROR, MIG_ERROR, MIG_RESUMING},
	};

	return states[open][does];
}

static const struct {
	const char *name;
	uint64_t flags;
	bool v1;
} sim_mig_words[] = {
	{"stop-copy", MIG_FLAG_STOP_COPY, false},
	{"p2p", MIG_FLAG_STOP_COPY | MIG_FLAG_P2P, false},
	{"pre-copy", MIG_FLAG_STOP_COPY | MIG_FLAG_PRE_COPY, false},
	{"none", 0, false},
	{"v1", 0, true},
};

static int sim_mig_parse_word(const char *word, struct sim_mig_choice *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(sim_mig_words); i++) {
		if (strcmp(word, sim_mig_words[i].name))
			continue;
		out->flags |= sim_mig_words[i].flags;
		out->v1 |= sim_mig_words[i].v1;
		return 0;
	}
	return -EINVAL;
}

int sim_mig_parse(const char *text, struct sim_mig_choice *out, struct fail *f)
{
	CLEANUP_FREE char *copy = strdup(text);
	char *rest = copy, *word;

	if (!copy)
		return fail_set(f, ENOMEM, "cannot read migration '%s'", text);
	*out = (struct sim_mig_choice){.given = true};
	while ((word = strsep(&rest, "+|"))) {
		bool alone = !strcmp(word, "none") || !strcmp(word, "v1");

		if (!sim_mig_parse_word(word, out) && (!alone || !strcmp(word, text)))
			continue;
		fail_set(f, EINVAL, "migration of the simulated device: '%s' is unknown, or stands alone", word);
		fail_hint(f, "migration=stop-copy, with +p2p and +pre-copy; or none, or v1");
		return -EINVAL;
	}
	return 0;
}

bool sim_mig_fires(struct sim_mig *m, enum sim_fault_id id)
{
	return sim_fault_fires(&m->sim->faults, id);
}

static bool sim_mig_has(uint64_t flags, enum mig_state state)
{
	switch (state) {
	case MIG_RUNNING_P2P:
		return flags & MIG_FLAG_P2P;
	case MIG_PRE_COPY:
		return flags & MIG_FLAG_PRE_COPY;
	case MIG_PRE_COPY_P2P:
		return (flags & MIG_FLAG_P2P) && (flags & MIG_FLAG_PRE_COPY);
	default:
		return state < MIG_STATES;
	}
}

/* mig-optional-state hides a flag, and the states of it can be entered all the same. */
static int sim_mig_flags(struct iommu_device *idev, uint64_t *flags)
{
	struct sim_mig *m = container_of(idev, struct sim_device, idev)->mig;

	if (!m->flags)
		return -ENOTTY;
	*flags = m->flags;
	if (sim_mig_fires(m, SIM_FAULT_MIG_OPTIONAL_STATE))
		*flags &= ~(uint64_t)(*flags & MIG_FLAG_PRE_COPY ? MIG_FLAG_PRE_COPY : MIG_FLAG_P2P);
	return 0;
}

static int sim_mig_get_state(struct iommu_device *idev, uint32_t *raw)
{
	struct sim_mig *m = container_of(idev, struct sim_device, idev)->mig;

	if (!m->flags)
		return -ENOTTY;
	*raw = m->state;
	return 0;
}

/* Whether the device's DMA may go on follows from the state; returns when what must not is over. */
static void sim_mig_set_gate(struct sim_mig *m, enum mig_state state)
{
	enum sim_gate gate = SIM_GATE_OPEN;

	if (sim_mig_is_stopped(state) && !sim_mig_fires(m, SIM_FAULT_MIG_STOPPED_DMA))
		gate = SIM_GATE_CLOSED;
	else if (sim_mig_states[state].does == DOES_P2P && !sim_mig_fires(m, SIM_FAULT_MIG_PEER_DMA))
		gate = SIM_GATE_NO_PEER;
	if (m->idle)
		gate = SIM_GATE_CLOSED;
	sim_engine_set_gate(m->engine, gate);
}

static enum mig_state sim_mig_next_does(const struct sim_mig *m, enum mig_state from, enum mig_does to)
{
	enum mig_does does = sim_mig_states[from].does;
	enum mig_open open = sim_mig_states[from].open;
	int way = to > does ? 1 : -1;
	enum mig_state next = sim_mig_state_of((enum mig_does)((int)does + way), open);

	/* what the device lacks is passed over */
	return sim_mig_has(m->flags, next) ? next : sim_mig_state_of((enum mig_does)((int)does + 2 * way), open);
}

/* The state after the next step from here to @to. */
static enum mig_state sim_mig_next(const struct sim_mig *m, enum mig_state from, enum mig_state to)
{
	enum mig_does does = sim_mig_states[from].does, want = sim_mig_states[to].does;
	enum mig_open open = sim_mig_states[from].open;

	if (open != OPEN_NONE && open != sim_mig_states[to].open)
		return sim_mig_state_of(does, OPEN_NONE);
	if (does != want)
		return sim_mig_next_does(m, from, want);
	return to;
}

static int sim_mig_begin(struct sim_mig *m, enum mig_state next)
{
	struct sim_mig_stream **at = next == MIG_RESUMING ? &m->resuming : &m->saving;
	int r = 0;

	*at = sim_mig_stream_new(next == MIG_RESUMING);
	if (!*at)
		return -ENOMEM;
	m->begun = *at;
	if (next == MIG_PRE_COPY || next == MIG_PRE_COPY_P2P)
		r = sim_mig_save_first(m, *at);
	else if (next == MIG_STOP_COPY)
		r = sim_mig_save_rest(m, *at);
	if (r) {
		m->begun = NULL;
		sim_mig_stream_end(at);
	}
	return r;
}

/* What a step does beside changing the state. */
static int sim_mig_act(struct sim_mig *m, enum mig_state from, enum mig_state next)
{
	enum mig_open before = sim_mig_states[from].open, after = sim_mig_states[next].open;
	int r = 0;

	if (before == OPEN_SAVING && after == OPEN_SAVING && next == MIG_STOP_COPY)
		return sim_mig_save_rest(m, m->saving);
	if (before == after)
		return 0;
	if (before == OPEN_RESUMING)
		r = sim_mig_load(m, m->resuming);
	sim_mig_stream_end(&m->saving);
	sim_mig_stream_end(&m->resuming);
	if (r)
		m->state = MIG_ERROR;
	else if (after != OPEN_NONE)
		r = sim_mig_begin(m, next);
	return r;
}

/* -EINVAL: the header has no way from the one to the other. */
static int sim_mig_check(struct sim_mig *m, uint32_t to)
{
	bool left = m->state == MIG_ERROR && to != MIG_ERROR && to < MIG_STATES && sim_mig_has(m->flags, to) &&
		    sim_mig_fires(m, SIM_FAULT_MIG_ERROR_LEFT);

	if (to >= MIG_STATES || !sim_mig_has(m->flags, to) || to == MIG_ERROR)
		return -EINVAL;
	if (left) {
		m->state = MIG_STOP;
		return 0;
	}
	if (m->state == MIG_ERROR)
		return -EINVAL;
	if (m->state == MIG_STOP_COPY && (to == MIG_PRE_COPY || to == MIG_PRE_COPY_P2P)) {
		if (!sim_mig_fires(m, SIM_FAULT_MIG_ARC_ACCEPTED))
			return -EINVAL;
		sim_mig_stream_end(&m->saving);
		m->state = MIG_STOP;
	}
	if (m->state == MIG_STOP_COPY && to == MIG_RUNNING && sim_mig_fires(m, SIM_FAULT_MIG_ARC_REFUSED))
		return -EINVAL;
	return 0;
}

static int sim_mig_walk(struct sim_mig *m, enum mig_state to)
{
	bool cut = m->state == MIG_STOP_COPY && sim_mig_states[to].open == OPEN_NONE && to != MIG_STOP &&
		   sim_mig_fires(m, SIM_FAULT_MIG_ARC_SHORT);
	int r = 0;

	if (!sim_mig_is_stopped(m->state) && sim_mig_is_stopped(to) && sim_mig_fires(m, SIM_FAULT_MIG_SLOW_STOP))
		clock_sleep_ns(SIM_MIG_SLOW_NS, NULL);
	while (m->state != to && !r) {
		enum mig_state next = sim_mig_next(m, m->state, to);

		if (cut && next == to)
			return 0;
		/* first, so that what the device was doing is over before its state is taken */
		sim_mig_set_gate(m, next);
		r = sim_mig_act(m, m->state, next);
		if (!r)
			m->state = next;
		else
			sim_mig_set_gate(m, m->state);
	}
	return r;
}

/* The stream that the walk has begun, if it has one. */
static int sim_mig_hand_out(struct sim_mig *m, struct mig_stream *out)
{
	struct sim_mig_stream *fresh = m->begun;

	if (fresh && sim_mig_fires(m, SIM_FAULT_MIG_NO_DATA_FD))
		fresh = NULL;
	if (!fresh && m->state == MIG_RUNNING && sim_mig_fires(m, SIM_FAULT_MIG_EXTRA_DATA_FD)) {
		fresh = sim_mig_stream_new(false);
		if (!fresh)
			return -ENOMEM;
		fresh->driver = false;
		fresh->ended = true;
	}
	if (fresh)
		fresh->user = true;
	*out = (struct mig_stream){.fd = -1, .priv = fresh};
	return 0;
}

static int sim_mig_refuse(struct sim_mig *m, int err)
{
	if (m->state == MIG_STOP_COPY && sim_mig_fires(m, SIM_FAULT_MIG_FAIL_ELSEWHERE)) {
		sim_mig_stream_end(&m->saving);
		m->state = MIG_STOP;
	}
	return err;
}

static int sim_mig_set_state(struct iommu_device *idev, uint32_t to, struct mig_stream *out)
{
	struct sim_mig *m = container_of(idev, struct sim_device, idev)->mig;
	bool was_stopped = sim_mig_is_stopped(m->state);
	int r;

	m->begun = NULL;
	if (!m->flags)
		return -ENOTTY;
	if (m->state != MIG_ERROR && to == m->state)
		return 0;
	r = sim_mig_check(m, to);
	if (r)
		return sim_mig_refuse(m, r);
	r = sim_mig_walk(m, (enum mig_state)to);
	if (!r && was_stopped && m->state == MIG_RUNNING && sim_mig_fires(m, SIM_FAULT_MIG_RUNNING_IDLE)) {
		m->idle = true;
		sim_mig_set_gate(m, m->state);
	}
	return r ? r : sim_mig_hand_out(m, out);
}

void sim_mig_reset(struct sim_mig *m)
{
	sim_mig_stream_end(&m->saving);
	sim_mig_stream_end(&m->resuming);
	m->idle = false;
	m->state = m->flags && sim_mig_fires(m, SIM_FAULT_MIG_RESET_STATE) ? MIG_STOP : MIG_RUNNING;
	sim_mig_set_gate(m, m->state);
}

static int sim_mig_do_reset(struct iommu_device *idev)
{
	return idev_reset(idev);
}

static int sim_mig_data_size(struct iommu_device *idev, uint64_t *bytes)
{
	struct sim_mig *m = container_of(idev, struct sim_device, idev)->mig;

	if (!m->flags)
		return -ENOTTY;
	*bytes = sim_mig_fires(m, SIM_FAULT_MIG_SIZE) ? sim_mig_size() / 64 : sim_mig_size();
	return 0;
}

static int sim_mig_has_v1_region(struct iommu_device *idev, bool *has)
{
	*has = container_of(idev, struct sim_device, idev)->mig->v1;
	return 0;
}

static ssize_t sim_mig_read(struct iommu_device *idev, struct mig_stream *s, void *buf, size_t len)
{
	return s->priv ? sim_mig_stream_read(container_of(idev, struct sim_device, idev)->mig, s->priv, buf, len)
		       : -EBADF;
}

static ssize_t sim_mig_write(struct iommu_device *idev, struct mig_stream *s, const void *buf, size_t len)
{
	return s->priv ? sim_mig_stream_write(s->priv, buf, len) : -EBADF;
}

static int sim_mig_precopy_info(struct iommu_device *idev, struct mig_stream *s, struct mig_precopy *out)
{
	return s->priv ? sim_mig_stream_info(container_of(idev, struct sim_device, idev)->mig, s->priv, out) : -EBADF;
}

static void sim_mig_close(struct iommu_device *idev, struct mig_stream *s)
{
	sim_mig_stream_close(s->priv);
}

const struct mig_ops sim_mig_ops = {
	.flags = sim_mig_flags,
	.get_state = sim_mig_get_state,
	.set_state = sim_mig_set_state,
	.reset = sim_mig_do_reset,
	.data_size = sim_mig_data_size,
	.has_v1_region = sim_mig_has_v1_region,
	.read = sim_mig_read,
	.write = sim_mig_write,
	.precopy_info = sim_mig_precopy_info,
	.close = sim_mig_close,
};

struct sim_mig *sim_mig_new(struct sim *sim, struct sim_engine *engine, const struct sim_mig_choice *choice)
{
	struct sim_mig *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->sim = sim;
	m->engine = engine;
	m->flags = choice->given ? choice->flags : MIG_FLAG_STOP_COPY | MIG_FLAG_P2P | MIG_FLAG_PRE_COPY;
	m->v1 = choice->v1;
	m->state = MIG_RUNNING;
	m->regs = malloc(SIM_MIG_REGS);
	if (!m->regs) {
		free(m);
		return NULL;
	}
	sim_mig_device_init(m);
	return m;
}

void sim_mig_free(struct sim_mig *m)
{
	if (!m)
		return;
	sim_mig_stream_end(&m->saving);
	sim_mig_stream_end(&m->resuming);
	sim_mig_device_exit(m);
	free(m);
}
