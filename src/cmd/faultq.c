/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl faultq: I/O page faults as iommufd hands them out, and the answers to them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "cmd/words.h"
#include "core/op/queue.h"

enum { OPT_ADDR = 0x100, OPT_PASID, OPT_GROUP, OPT_PERM, OPT_INVALID, OPT_WAIT };

static const struct argp_option faultq_options[] = {
	{"addr", OPT_ADDR, "A", 0, "trigger: the address that faults", 0},
	{"pasid", OPT_PASID, "N", 0, "trigger: of which PASID", 0},
	{"group", OPT_GROUP, "N", 0, "trigger: page request group", 0},
	{"perm", OPT_PERM, "r|w|rw", 0, "trigger: what was tried (default rw)", 0},
	{"invalid", OPT_INVALID, NULL, 0, "answer: the page is not to be had (default: try again)", 0},
	{"wait", OPT_WAIT, "DURATION", 0, "read: until a fault comes (default: only what is there)", 0},
	{0},
};

enum { FAULTQ_NEW, FAULTQ_READ, FAULTQ_ANSWER, FAULTQ_TRIGGER };

static const struct verb faultq_verbs[] = {
	[FAULTQ_NEW] = {"new", 1, 1, "new NAME"},
	[FAULTQ_READ] = {"read", 1, 1, "read QUEUE"},
	[FAULTQ_ANSWER] = {"answer", 1, 2, "answer QUEUE [COOKIE]"},
	[FAULTQ_TRIGGER] = {"trigger", 0, 0, "trigger --addr A"},
	{0},
};

struct faultq_state {
	struct words words;
	int verb;
	struct iommu_pgfault fault;
	bool invalid, addr_given;
	uint64_t wait_ns, cookie;
};

static void faultq_defaults(void *arg)
{
	struct faultq_state *q = arg;

	q->fault.perm = IOMMU_PROT_RW;
}

static error_t faultq_u32(struct argp_state *state, const char *option, const char *arg, uint32_t *out)
{
	uint64_t n = 0;
	error_t err = parse_u64(state, option, arg, &n);

	*out = (uint32_t)n;
	return !err && n > UINT32_MAX ? usage_error(state, "%s: %s has more than 32 bits", option, arg) : err;
}

static error_t faultq_end(struct argp_state *state, struct faultq_state *q)
{
	if (q->verb == FAULTQ_TRIGGER && !q->addr_given)
		return usage_error(state, "--addr is needed");
	if (q->verb == FAULTQ_ANSWER && q->words.n == 3)
		return parse_u64(state, "cookie", q->words.at[2], &q->cookie);
	return 0;
}

static error_t faultq_parse(int key, char *arg, struct argp_state *state)
{
	static const char *const perms[] = {"r", "w", "rw", NULL};
	struct faultq_state *q = state->input;
	error_t err;
	int n = 0;

	switch (key) {
	case OPT_ADDR:
		q->addr_given = true;
		return parse_size(state, "--addr", arg, &q->fault.addr);
	case OPT_PASID:
		q->fault.has_pasid = true;
		return faultq_u32(state, "--pasid", arg, &q->fault.pasid);
	case OPT_GROUP:
		return faultq_u32(state, "--group", arg, &q->fault.group);
	case OPT_PERM:
		err = parse_choice(state, "--perm", arg, perms, &n);
		q->fault.perm = (uint32_t)n + 1;
		return err;
	case OPT_INVALID:
		q->invalid = true;
		return 0;
	case OPT_WAIT:
		return num_parse_duration(arg, &q->wait_ns)
			       ? usage_error(state, "--wait: '%s' is not a duration (such as 500ms, 30s)", arg)
			       : 0;
	default:
		err = words_parse(key, arg, state, &q->words, faultq_verbs, &q->verb);
		return !err && key == ARGP_KEY_END ? faultq_end(state, q) : err;
	}
}

static void faultq_row(struct report *r, const struct iommu_pgfault *fault)
{
	report_object(r, NULL);
	report_hex(r, "addr", fault->addr);
	report_str(r, "perm", fault->perm == 1 ? "r" : fault->perm == 2 ? "w" : "rw");
	report_num(r, "device", fault->dev_object);
	report_bool(r, "has_pasid", fault->has_pasid);
	report_num(r, "pasid", fault->has_pasid ? fault->pasid : 0);
	report_num(r, "group", fault->group);
	report_bool(r, "last", fault->is_last);
	report_num(r, "length", fault->length);
	report_num(r, "cookie", fault->cookie);
	report_close(r);
}

static int faultq_read(struct command_run *run, struct session *s, struct faultq_state *q)
{
	struct iommu_pgfault faults[OP_FAULTS_BATCH];
	uint64_t end = clock_ns() + q->wait_ns;
	unsigned int n = 0;
	int err;

	while (!(err = op_fault_read(s, q->words.at[1], run->unchecked, faults, &n, &run->fail)) && !n &&
	       clock_ns() < end && !session_signal)
		clock_sleep_ns(1000000, (const volatile int *)&session_signal);
	if (err)
		return err;
	report_list(run->report, "page_faults");
	for (unsigned int i = 0; i < n; i++)
		faultq_row(run->report, &faults[i]);
	report_close(run->report);
	run->shows = true;
	snprintf(run->detail, sizeof(run->detail), "%u faults", n);
	if (n)
		snprintf(run->detail, sizeof(run->detail), "%u faults, the first at 0x%" PRIx64 ", cookie %u", n,
			 faults[0].addr, faults[0].cookie);
	/* who asks for what waits, or waits for it, wants some */
	if (!n)
		return fail_set(&run->fail, EAGAIN, "no fault waits in queue %s", q->words.at[1]);
	return 0;
}

static int faultq_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct faultq_state *q = arg;
	struct named *n = NULL;
	unsigned int answered = 0;
	int err;

	switch (q->verb) {
	case FAULTQ_NEW:
		err = op_fault_queue_new(s, q->words.at[1], &n, &run->fail);
		if (err)
			return err;
		snprintf(run->detail, sizeof(run->detail), "fault queue %s is %u", n->name, n->id);
		report_num(run->report, "id", n->id);
		return 0;
	case FAULTQ_READ:
		return faultq_read(run, s, q);
	case FAULTQ_ANSWER:
		err = op_fault_answer(s, q->words.at[1], q->words.n == 3 ? &q->cookie : NULL, !q->invalid,
				      run->unchecked, &answered, &run->fail);
		report_num(run->report, "answered", answered);
		snprintf(run->detail, sizeof(run->detail), "%u answered", answered);
		return err;
	default:
		return iommu_test_fault(session_device(s), &q->fault, &run->fail);
	}
}

const struct command command_faultq = {
	.name = "faultq",
	.summary = "queues of I/O page faults: make, read, answer; trigger one (mock)",
	.args_doc = "new NAME\nread QUEUE\nanswer QUEUE [COOKIE]\ntrigger --addr A",
	.options = faultq_options,
	.state_size = sizeof(struct faultq_state),
	.defaults = faultq_defaults,
	.parse = faultq_parse,
	.in_session = faultq_in_session,
	.scriptable = true,
};
