/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running steps of a script under the kernel's fault injection, and what they must leave behind: nothing. */
#include "core/inject.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/op/op.h"
#include "host/self.h"

#define INJECT_SETTLE_TRIES 10
#define INJECT_SETTLE_NS 20000000ull

int inject_open(struct inject *in, unsigned int n, const struct host *host, struct fail *f)
{
	*in = (struct inject){.n = n};
	return fail_nth_open(&in->nth, host, f);
}

void inject_close(struct inject *in)
{
	fail_nth_close(&in->nth);
}

void inject_begin(struct inject *in)
{
	int err = fail_nth_arm(&in->nth, in->n);

	if (err && !in->err)
		in->err = err;
}

void inject_end(struct inject *in, int err, struct inject_step *step)
{
	int off = fail_nth_disarm(&in->nth, &step->injected);

	if (off && !in->err)
		in->err = off;
	if (in->err)
		step->injected = false;
	step->err = step->injected && err < 0 ? -err : 0;
	in->total += step->injected;
}

/* The failed try must have left no page pinned that no mapping explains. True: it has, and @out says so. */
static bool inject_leaked(struct inject *in, int err, struct script_outcome *out)
{
	struct failures found;

	failures_init(&found);
	if (!in->session || op_check_pins(in->session, &found, NULL) || !found.total)
		return false;
	*out = (struct script_outcome){.result = RESULT_FAIL};
	snprintf(out->detail, sizeof(out->detail), "pin-leak: after an injected failure (%s) %.120s",
		 script_errno_name(err), found.list[0].text);
	return true;
}

/* Where the kernel plays the device (its test device), what the device reports is what the kernel could not do. */
static bool inject_is_kernel_device(const struct inject *in, const struct script_outcome *out)
{
	return in->session && iommu_caps(session_iommu(in->session))->checks_table &&
	       !strncmp(out->detail, "dma-error: ", 11);
}

static bool inject_is_error(const struct inject *in, const struct script_outcome *out)
{
	return out->err || (out->result == RESULT_FAIL && inject_is_kernel_device(in, out)) ||
	       out->result == RESULT_ERROR || out->result == RESULT_USAGE;
}

/* Again, with nothing failing. */
static void inject_retry(struct inject *in, const struct script_line *line, uint64_t op, int err,
			 struct script_outcome *out)
{
	char detail[sizeof(out->detail)];

	memset(in->why, 0, sizeof(*in->why));
	*out = (struct script_outcome){.result = RESULT_PASS};
	in->exec(in->ctx, line, op, out);
	if (line->negated || !inject_is_error(in, out))
		return;
	memcpy(detail, out->detail, sizeof(detail));
	snprintf(out->detail, sizeof(out->detail), "after an injected failure (%s): %.140s", script_errno_name(err),
		 detail);
}

void inject_exec(void *arg, const struct script_line *line, uint64_t op, struct script_outcome *out)
{
	struct inject *in = arg;
	struct inject_step step;
	int err;

	inject_begin(in);
	in->exec(in->ctx, line, op, out);
	err = out->err ? out->err : inject_is_kernel_device(in, out) ? EIO : 0;
	inject_end(in, 0, &step);
	/* an error that the line asks for is not the injected one */
	if (step.injected && inject_is_error(in, out) && !out->lost && !(line->want_err && err == line->want_err)) {
		if (!inject_leaked(in, err, out))
			inject_retry(in, line, op, err, out);
		step.err = err;
	}
	out->injected = step.injected;
	out->injected_err = step.err;
}

int inject_level_read(struct inject_level *level)
{
	int err = self_locked(&level->locked, &level->pinned);

	return err ? err : self_open_files(&level->files);
}

const char *inject_level_excess(const struct inject_level *before, const struct inject_level *after, char *buf,
				size_t len)
{
	if (after->locked > before->locked)
		snprintf(buf, len, "%" PRIu64 " bytes stay locked (VmLck)", after->locked - before->locked);
	else if (after->pinned > before->pinned)
		snprintf(buf, len, "%" PRIu64 " bytes stay pinned (VmPin)", after->pinned - before->pinned);
	else if (after->files > before->files)
		snprintf(buf, len, "%u files stay open", after->files - before->files);
	else
		buf[0] = '\0';
	return buf;
}

const char *inject_level_settle(const struct inject_level *before, char *buf, size_t len)
{
	for (unsigned int try = 0; try < INJECT_SETTLE_TRIES; try++) {
		struct inject_level now;

		if (try)
			clock_sleep_ns(INJECT_SETTLE_NS, NULL);
		if (inject_level_read(&now))
			snprintf(buf, len, "/proc/self cannot be read any more");
		else if (!inject_level_excess(before, &now, buf, len)[0])
			break;
	}
	return buf;
}
