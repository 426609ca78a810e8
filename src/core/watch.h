/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `watch` shows: faults and changes of devices, live, from every source there is, with what was lost. */
#ifndef IC_CORE_WATCH_H
#define IC_CORE_WATCH_H

#include "host/faults.h"
#include "host/follow.h"
#include "host/host.h"

struct session;

enum watch_source { WATCH_KMSG, WATCH_TRACE, WATCH_UEVENT, WATCH_FAULTQ, WATCH_SOURCES };
/* "kmsg", "trace", "uevent", "faultq"; NULL-terminated. */
extern const char *const watch_sources[];

struct watch_params {
	const struct host *host;
	struct session *session; /* a script's: its queues of page faults are a source; or NULL */
	unsigned int sources;	 /* bits 1 << WATCH_*; 0 = all that are of use here */
	const char *const *ids;	 /* PCI addresses and numbers of groups; none = everything */
	unsigned int nr_ids;
};

enum watch_kind { WATCH_FAULT, WATCH_CHANGE, WATCH_LOST };
struct watch_event {
	enum watch_kind kind;
	enum watch_source from;
	struct dma_fault fault;	     /* WATCH_FAULT: with group, alias and what ties it to them */
	const struct change *change; /* WATCH_CHANGE; until the next call */
	uint64_t lost;		     /* WATCH_LOST: how many at least */
	bool past;		     /* of a captured log: it happened at some time before */
};

struct watch;

/*
 * -EINVAL (usage): an id that is none; -ENOENT: a device or group that is not there; -ENODEV: none of the sources can be watched,
 * with the first reason in @f.
 */
int watch_open(struct watch **out, const struct watch_params *params, struct fail *f);
void watch_close(struct watch *w);
/* Is it watched? @why: else the reason, "" where nobody asked for it. */
bool watch_has(const struct watch *w, enum watch_source source, const char **why);
/*
 * The next event, waiting at most @timeout_ms. 0; -EINTR: none yet; -ENODATA: a captured log has ended, and nothing else can come.
 * Another -errno is the end.
 */
int watch_next(struct watch *w, int timeout_ms, struct watch_event *out);

#endif
