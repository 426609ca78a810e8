/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources of faults and changes opened, looked at in turn, and what they tell held against the devices asked for. */
#include "core/watch.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/session/priv.h"
#include "host/fault_log.h"
#include "host/fault_trace.h"
#include "host/groups.h"
#include "host/machine.h"
#include "host/pci.h"
#include "host/requester.h"

#define WATCH_BATCH 64
#define WATCH_TURN_MS 100 /* the tracepoint and the queues are asked again after this long */

const char *const watch_sources[] = {"kmsg", "trace", "uevent", "faultq", NULL};

struct watch_id {
	char addr[16]; /* "" = a group */
	int group;     /* -1 = none */
};

struct watch {
	struct watch_params params;
	struct watch_id *ids;
	struct requesters *requesters;
	struct fault_log *log;
	char *text; /* of a captured log */
	struct fault_trace *trace;
	struct follow *follow;
	bool has[WATCH_SOURCES];
	char why[WATCH_SOURCES][160];
	struct dma_fault batch[WATCH_BATCH];
	unsigned int nr, at;
	uint64_t lost; /* of the source looked at last, not told yet */
	enum watch_source from;
	bool changes_first;
	struct change change;
};

static int watch_id(struct watch *w, const char *text, struct watch_id *id, struct fail *f)
{
	struct pci_info info;
	uint64_t group;
	int err;

	if (!num_parse_u64(text, &group) && group <= INT32_MAX && isdigit((unsigned char)text[0])) {
		id->group = (int)group;
		if (host_exists(w->params.host, "/sys/kernel/iommu_groups/%d", id->group))
			return 0;
		fail_set(f, ENOENT, "there is no IOMMU group %d", id->group);
		fail_hint(f, "iommuctl list shows them");
		return -ENOENT;
	}
	if (pci_normalize(text, id->addr, sizeof(id->addr)))
		return fail_usage(f, EINVAL, "'%s' is neither a PCI address nor the number of an IOMMU group", text);
	err = pci_find(w->params.host, id->addr, &info, f);
	id->group = err ? -1 : info.group;
	return err;
}

static int watch_ids(struct watch *w, struct fail *f)
{
	int err = 0;

	w->ids = calloc(w->params.nr_ids + 1, sizeof(*w->ids));
	if (!w->ids)
		return fail_set(f, ENOMEM, "cannot watch");
	for (unsigned int i = 0; !err && i < w->params.nr_ids; i++)
		err = watch_id(w, w->params.ids[i], &w->ids[i], f);
	return err;
}

/* --- sources --- */

static int watch_open_kmsg(struct watch *w, struct fail *f)
{
	int err;

	if (!host_is_capture(w->params.host))
		return fault_log_open(&w->log, f);
	w->text = machine_read_log(w->params.host, &err);
	if (!w->text)
		return fail_set(f, err, "cannot read the captured log");
	err = fault_log_of_text(&w->log, w->text);
	return err ? fail_set(f, err, "cannot read the captured log") : 0;
}

/* Where it cannot tell anything it is left alone, unless somebody asked for it. */
static int watch_open_trace(struct watch *w, struct fail *f)
{
	CLEANUP_FREE char **units = NULL;
	bool amd = w->params.sources;

	if (host_is_capture(w->params.host))
		return fail_set(f, EOPNOTSUPP, "nothing happens on a captured machine");
	if (!amd && !iommu_units(w->params.host, &units))
		for (char **unit = units; *unit; unit++)
			amd |= !strncmp(*unit, "ivhd", 4);
	if (!amd)
		return fail_set(f, ENODEV, "only AMD's driver reports there, and there is no AMD IOMMU");
	return fault_trace_open(w->params.host, &w->trace, f);
}

static int watch_open_uevent(struct watch *w, struct fail *f)
{
	if (host_is_capture(w->params.host))
		return fail_set(f, EOPNOTSUPP, "nothing happens on a captured machine");
	return follow_open(w->params.host, &w->follow, f);
}

static int watch_open_faultq(struct watch *w, struct fail *f)
{
	if (w->params.session)
		return 0;
	return fail_set(f, EOPNOTSUPP, "only the process that makes a queue reads it: in a script, after faultq new");
}

static int watch_open_sources(struct watch *w, struct fail *f)
{
	static int (*const openers[])(struct watch * w, struct fail * f) = {
		[WATCH_KMSG] = watch_open_kmsg,
		[WATCH_TRACE] = watch_open_trace,
		[WATCH_UEVENT] = watch_open_uevent,
		[WATCH_FAULTQ] = watch_open_faultq,
	};
	struct fail first = {0};
	bool any = false;

	for (unsigned int i = 0; i < WATCH_SOURCES; i++) {
		struct fail why = {0};

		if (w->params.sources && !(w->params.sources & 1u << i))
			continue;
		w->has[i] = !openers[i](w, &why);
		any |= w->has[i];
		snprintf(w->why[i], sizeof(w->why[i]), "%.150s", why.text);
		if (!w->has[i] && !first.err)
			first = why;
	}
	if (any)
		return 0;
	fail_set(f, ENODEV, "nothing can be watched: %.150s", first.text);
	if (first.hint[0])
		fail_hint(f, "%s", first.hint);
	return -ENODEV;
}

int watch_open(struct watch **out, const struct watch_params *params, struct fail *f)
{
	struct watch *w = calloc(1, sizeof(*w));
	int err;

	*out = NULL;
	if (!w)
		return fail_set(f, ENOMEM, "cannot watch");
	w->params = *params;
	w->requesters = requesters_open(params->host);
	err = w->requesters ? watch_ids(w, f) : fail_set(f, ENOMEM, "cannot watch");
	if (!err)
		err = watch_open_sources(w, f);
	if (err) {
		watch_close(w);
		return err;
	}
	*out = w;
	return 0;
}

void watch_close(struct watch *w)
{
	if (!w)
		return;
	fault_log_close(w->log);
	fault_trace_close(w->trace);
	follow_close(w->follow);
	requesters_close(w->requesters);
	free(w->text);
	free(w->ids);
	free(w);
}

bool watch_has(const struct watch *w, enum watch_source source, const char **why)
{
	*why = w->why[source];
	return w->has[source];
}

/* --- what is wanted --- */

/* No operation is in flight that is known here: a fault is tied to its device, or only to the time. */
static bool watch_wants_fault(struct watch *w, struct dma_fault *fault)
{
	enum fault_tie tie, best = FAULT_TIE_NONE;

	if (w->from != WATCH_FAULTQ) {
		requesters_resolve(w->requesters, fault);
		fault->tie = fault->bus_lost ? FAULT_TIE_TIME : fault->group_known ? FAULT_TIE_DEVICE : FAULT_TIE_NONE;
	}
	for (unsigned int i = 0; i < w->params.nr_ids; i++) {
		const struct watch_id *id = &w->ids[i];

		if (id->addr[0])
			tie = requesters_match(w->requesters, fault, id->addr, id->group);
		else if (fault->group_known)
			tie = (int)fault->group == id->group ? FAULT_TIE_DEVICE : FAULT_TIE_NONE;
		else
			tie = fault->bus_lost || !fault->device[0] ? FAULT_TIE_TIME : FAULT_TIE_NONE;
		best = MAX(best, tie);
	}
	if (w->params.nr_ids)
		fault->tie = best;
	return !w->params.nr_ids || best != FAULT_TIE_NONE;
}

static bool watch_wants_change(const struct watch *w, const struct change *change)
{
	for (unsigned int i = 0; i < w->params.nr_ids; i++) {
		const struct watch_id *id = &w->ids[i];

		if (id->addr[0] && !strcmp(id->addr, change->device))
			return true;
		if (id->group >= 0 && id->group == change->group)
			return true;
	}
	return !w->params.nr_ids;
}

/* --- looks --- */

static int watch_look_kmsg(struct watch *w)
{
	unsigned int lost = 0;
	int err = fault_log_read(w->log, w->batch, WATCH_BATCH, &w->nr, &lost, NULL, 0);

	w->lost = lost;
	return err;
}

static int watch_look_trace(struct watch *w)
{
	unsigned int lost = 0;
	int err = fault_trace_read(w->trace, w->batch, WATCH_BATCH, &w->nr, &lost);

	w->lost = lost;
	return err;
}

static int watch_look_faultq(struct watch *w)
{
	w->nr = session_page_faults(w->params.session, w->batch, WATCH_BATCH);
	return 0;
}

/* All that have faults once; stops at the first that tells anything. */
static int watch_look(struct watch *w)
{
	static int (*const looks[])(struct watch * w) = {
		[WATCH_KMSG] = watch_look_kmsg,
		[WATCH_TRACE] = watch_look_trace,
		[WATCH_UEVENT] = NULL,
		[WATCH_FAULTQ] = watch_look_faultq,
	};
	int err;

	for (unsigned int i = 1; i <= WATCH_SOURCES; i++) {
		/* in turn: whoever floods one source does not hide the others */
		enum watch_source next = (w->from + i) % WATCH_SOURCES;

		if (!looks[next] || !w->has[next])
			continue;
		w->nr = w->at = 0;
		w->from = next;
		err = looks[next](w);
		if (err || w->nr || w->lost)
			return err;
	}
	return 0;
}

static bool watch_take(struct watch *w, struct watch_event *out)
{
	out->from = w->from;
	out->past = w->text;
	while (w->at < w->nr) {
		out->fault = w->batch[w->at++];
		if (!watch_wants_fault(w, &out->fault))
			continue;
		out->kind = WATCH_FAULT;
		return true;
	}
	if (!w->lost)
		return false;
	out->kind = WATCH_LOST;
	out->lost = w->lost;
	w->lost = 0;
	return true;
}

static int watch_take_change(struct watch *w, struct watch_event *out)
{
	int err = w->follow ? follow_next(w->follow, 0, &w->change) : -ETIMEDOUT;

	out->from = WATCH_UEVENT;
	if (err == -ENOBUFS) {
		out->kind = WATCH_LOST;
		out->lost = 1;
		return 0;
	}
	if (err)
		return err;
	out->kind = WATCH_CHANGE;
	out->change = &w->change;
	return watch_wants_change(w, &w->change) ? 0 : -EINTR;
}

static void watch_wait(const struct watch *w, int timeout_ms)
{
	struct pollfd fds[] = {
		{.fd = w->log && !w->text ? fault_log_fd(w->log) : -1, .events = POLLIN},
		{.fd = w->trace ? fault_trace_fd(w->trace) : -1, .events = POLLIN},
		{.fd = w->follow ? follow_fd(w->follow) : -1, .events = POLLIN},
	};

	/* the log has to be asked again for what waits for a next line that never comes */
	poll(fds, ARRAY_SIZE(fds), MIN(timeout_ms, WATCH_TURN_MS));
}

int watch_next(struct watch *w, int timeout_ms, struct watch_event *out)
{
	int err;

	*out = (struct watch_event){0};
	if (watch_take(w, out))
		return 0;
	/* in turn, for the same reason as above */
	w->changes_first = !w->changes_first;
	err = w->changes_first ? watch_take_change(w, out) : -ETIMEDOUT;
	if (err != -ETIMEDOUT)
		return err;
	err = watch_look(w);
	if (err)
		return err;
	if (watch_take(w, out))
		return 0;
	err = w->changes_first ? -ETIMEDOUT : watch_take_change(w, out);
	if (err != -ETIMEDOUT || (w->log && fault_log_is_behind(w->log)))
		return err == -ETIMEDOUT ? -EINTR : err;
	if (w->text)
		return -ENODATA;
	watch_wait(w, timeout_ms);
	return -EINTR;
}
