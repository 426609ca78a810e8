/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device's migration held against the rules of include/uapi/linux/vfio.h: every ordered pair of states, the streams, what works in each
 * state, and the questions that migration v1 left open. Whatever happens, the device ends in RUNNING and no stream stays open.
 */
#ifndef IC_CORE_MIGRATION_H
#define IC_CORE_MIGRATION_H

#include "core/session/session.h"
#include "iommu/migration.h"

/* --- what is to be expected (table.c): pure, from the arcs and the rules that the header documents --- */

struct migration_path {
	unsigned int n; /* steps; 0: it is there already */
	enum mig_state step[MIG_STATES];
};
/* Does a device with these flags have the state? ERROR and RUNNING: always. */
bool migration_has_state(uint64_t flags, uint32_t state);
/* 0 and the states on the way, the last is @to; -EINVAL: it has to be refused. Both may be any number. */
int migration_expect(uint64_t flags, uint32_t from, uint32_t to, struct migration_path *out);
/* Is a new stream handed out on this way, which there is? */
bool migration_begins_stream(uint32_t from, uint32_t to);

/* --- the run --- */

struct migration_pair {
	enum mig_state from;
	uint32_t to;
};

#define MIGRATION_PAIRS 64
struct migration_params {
	uint64_t rounds;			     /* how often each arc is tried */
	struct migration_pair only[MIGRATION_PAIRS]; /* none: all of them, and every check */
	unsigned int nr_only;
	bool strict;		/* what the header only recommends is a rule */
	uint64_t stop_limit_ns; /* from RUNNING to STOP or STOP_COPY */
	uint64_t stream_ns;	/* how long one stream is read; 0: two minutes */
};

struct migration_arc {
	enum mig_state from;
	uint32_t to;
	enum result result;
	bool legal, tried;
	struct migration_path path;
	int err;	/* of the last try, 0 or -errno */
	uint32_t after; /* the state that was read then */
	uint64_t slowest_ns, bytes;
	char why[160]; /* what is wrong, or why it was not tried; "" */
};
/* Every pair, and from each state to two numbers that are none. */
#define MIGRATION_ARCS (MIG_STATES * (MIG_STATES + 2))

/* What works in one state: 0 or -errno; -EOPNOTSUPP: the device has none of it. */
struct migration_state_facts {
	bool reached;
	int config, irqs, reset;
	uint32_t after_reset;
	char irq[8];   /* which interrupt was set up, "msi" ... */
	char why[120]; /* why it was not reached */
};

struct migration_check {
	const char *name, *question;
	enum result result;
	bool asked;
	bool recommended; /* a pass, and why says what was seen against the header's advice */
	char why[240];
};
#define MIGRATION_CHECKS_MAX 48

struct migration_result {
	uint64_t flags;
	bool size_known;
	uint64_t stated, streamed; /* bytes: told beforehand, and what came */
	struct migration_arc arcs[MIGRATION_ARCS];
	unsigned int nr_arcs;
	struct migration_state_facts states[MIG_STATES];
	bool has_states; /* they were asked */
	struct migration_check checks[MIGRATION_CHECKS_MAX];
	unsigned int nr_checks;
};

/*
 * -EOPNOTSUPP with the reason: the device cannot be migrated, or only by the deprecated v1. Other errors: the device would not even be
 * asked. Interrupted by session_signal, the result has what was done until then.
 */
int migration_run(struct session *s, const struct migration_params *p, struct migration_result *res, struct fail *f);

/* Every check's name and question, as a check with nothing in it; NULL past the last. */
const struct migration_check *migration_check_help(unsigned int n);

/* "RUNNING", or a number that is no state: "8", "0xffffffff". */
const char *migration_state_text(uint32_t state, char *buf, size_t len);

#endif
