/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults of a session's device: which of the kernel's log are its own, and those that wait in queues of page faults. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/session/named.h"
#include "core/session/priv.h"
#include "iommu/objects.h"
#include "host/requester.h"

/* One look, however much of other devices' is logged. */
#define SESSION_LOOK_NS 20000000
#define PGFAULT_BATCH 16
#define SESSION_PGFAULTS 64
#define PGFAULT_READ 1 /* IOMMU_PGFAULT_PERM_READ, _WRITE, _EXEC */
#define PGFAULT_WRITE 2

/* One that was read to be told with the other faults; `faultq read` still gets it. */
struct session_pgfault {
	uint32_t queue;
	struct iommu_pgfault fault;
};

/*
 * __ratelimit() with DEFAULT_RATELIMIT_BURST in DEFAULT_RATELIMIT_INTERVAL. In intel/dmar.c the header, the record and the look that finds
 * no more of them each take one of the ten, and it is one limit for all devices; in amd/iommu.c each device has its own.
 */
#define LIMIT_US 5000000
static const struct {
	const char *source; /* NULL: every other */
	unsigned int burst;
	bool by_device;
} limits[SESSION_LIMITS] = {{"vt-d", 3, false}, {"amd-vi", 10, true}, {NULL, 10, false}};

static void session_limit_take(struct session *s, const struct dma_fault *fault, bool ours)
{
	unsigned int i = 0;

	while (limits[i].source && strcmp(limits[i].source, fault->source))
		i++;
	if (ours || !limits[i].by_device)
		s->limits[i].at_us[s->limits[i].nr++ % limits[i].burst] = fault->log_us;
}

bool session_fault_limit_spent(const struct session *s, char *why, size_t len)
{
	for (unsigned int i = 0; i < SESSION_LIMITS; i++) {
		const struct session_limit *l = &s->limits[i];
		unsigned int burst = limits[i].burst;

		/* the latest ones, as many as the limit lets pass: the oldest stands where the next would go */
		if (l->nr < burst || l->at_us[(l->nr - 1) % burst] - l->at_us[l->nr % burst] >= LIMIT_US)
			continue;
		snprintf(why, len,
			 "the kernel logs %u faults%s in 5 seconds, and so many were seen: more may have followed",
			 burst, limits[i].by_device ? " of a device" : "");
		return true;
	}
	return false;
}

/* Fills in what is known of the requester. False: another device's fault. */
static bool session_fault_is_ours(struct session *s, struct dma_fault *fault)
{
	/* its accesses are refused by their status, in no log; or it has none that an IOMMU could refuse */
	if (iommu_caps(s->iommu)->no_hardware)
		return false;
	if (!s->requesters)
		s->requesters = requesters_open(s->host);
	if (!s->requesters)
		return false;
	requesters_resolve(s->requesters, fault);
	fault->tie = requesters_match(s->requesters, fault, session_device_name(s), s->group);
	fault->alone = requesters_alone(s->requesters, fault, session_device_name(s));
	return fault->tie != FAULT_TIE_NONE;
}

static int session_log_faults(struct session *s, struct dma_fault *out, unsigned int max, unsigned int *count,
			      unsigned int *lost)
{
	char complaint[sizeof(s->complaint)] = "";
	uint64_t until = clock_ns() + SESSION_LOOK_NS;
	unsigned int kept = 0, asked, got, missed;
	int err;

	/* other devices' faults are left out; a batch full of them is not the end of the log */
	do {
		struct dma_fault *batch = out + kept;

		asked = max - kept;
		err = fault_log_read(s->faults, batch, asked, &got, &missed, complaint, sizeof(complaint));
		for (unsigned int i = 0; i < got; i++) {
			bool ours = session_fault_is_ours(s, &batch[i]);

			session_limit_take(s, &batch[i], ours);
			if (ours)
				out[kept++] = batch[i];
		}
		*lost += missed;
	} while (!err && got == asked && kept < max && clock_ns() < until);
	if (complaint[0] && !s->complaint[0])
		snprintf(s->complaint, sizeof(s->complaint), "%s", complaint);
	*count = kept;
	return err;
}

static void session_pgfault_tell(const struct session *s, const struct iommu_pgfault *from, struct dma_fault *out)
{
	*out = (struct dma_fault){
		.time_ns = clock_ns(),
		.iova = from->addr,
		.iova_known = true,
		.write = from->perm & PGFAULT_WRITE,
		.access_known = from->perm & (PGFAULT_READ | PGFAULT_WRITE),
		.has_pasid = from->has_pasid,
		.pasid = from->pasid,
		.source = "iopf",
		.reason = "page request",
		/* who asks for a queue of them asks for them */
		.expected = true,
	};
	snprintf(out->raw, sizeof(out->raw), "page request group %u of object %u, cookie %u%s", from->group,
		 from->dev_object, from->cookie, from->is_last ? ", the last of its group" : "");
	if (from->dev_object != iommu_device_object(s->idev))
		return;
	snprintf(out->device, sizeof(out->device), "%.31s", session_device_name(s));
	out->tie = FAULT_TIE_DEVICE;
	out->group_known = s->group >= 0;
	out->group = s->group >= 0 ? (unsigned int)s->group : 0;
}

/* What is read here is kept for `faultq read`; where there is no room it waits in its queue. */
static unsigned int session_queue_faults(struct session *s, uint32_t queue, struct dma_fault *out, unsigned int max)
{
	struct iommu_pgfault batch[PGFAULT_BATCH];
	unsigned int n = 0;

	max = MIN(MIN(max, SESSION_PGFAULTS - s->nr_pgfaults), PGFAULT_BATCH);
	if (!max || iommu_fault_queue_read(s->iommu, queue, batch, max, &n, NULL))
		return 0;
	for (unsigned int i = 0; i < n; i++) {
		s->pgfaults[s->nr_pgfaults++] = (struct session_pgfault){queue, batch[i]};
		session_pgfault_tell(s, &batch[i], &out[i]);
	}
	return n;
}

unsigned int session_page_faults(struct session *s, struct dma_fault *out, unsigned int max)
{
	unsigned int n = 0;

	for (const struct named *q = s->named; q && n < max; q = q->next) {
		if (q->kind != IOMMU_OBJECT_FAULT_QUEUE)
			continue;
		if (!s->pgfaults)
			s->pgfaults = calloc(SESSION_PGFAULTS, sizeof(*s->pgfaults));
		if (s->pgfaults)
			n += session_queue_faults(s, q->id, out + n, max - n);
	}
	return n;
}

unsigned int session_pgfaults_take(struct session *s, uint32_t queue, struct iommu_pgfault *out, unsigned int max)
{
	unsigned int kept = 0, n = 0;

	for (unsigned int i = 0; i < s->nr_pgfaults; i++)
		if (s->pgfaults[i].queue == queue && n < max)
			out[n++] = s->pgfaults[i].fault;
		else
			s->pgfaults[kept++] = s->pgfaults[i];
	s->nr_pgfaults = kept;
	return n;
}

void session_pgfaults_drop(struct session *s, uint32_t queue)
{
	struct iommu_pgfault unused[PGFAULT_BATCH];

	while (session_pgfaults_take(s, queue, unused, PGFAULT_BATCH))
		;
}

int session_faults(struct session *s, struct dma_fault *out, unsigned int max, unsigned int *count, bool *seen,
		   unsigned int *lost)
{
	int err = 0;

	*count = 0;
	*lost = 0;
	*seen = s->faults_seen;
	if (session_is_simulated(s)) {
		err = s->faults_seen ? iommu_faults(s->iommu, out, max, count, lost) : 0;
		for (unsigned int i = 0; i < *count; i++)
			out[i].tie = FAULT_TIE_DEVICE;
		return err;
	}
	if (s->faults_seen)
		err = session_log_faults(s, out, max, count, lost);
	/* a log that can no longer be read shows nothing, also when later looks succeed */
	if (err)
		s->faults_seen = false;
	else
		*count += session_page_faults(s, out + *count, max - *count);
	return err;
}

bool session_faults_behind(const struct session *s)
{
	return s->faults && s->faults_seen && fault_log_is_behind(s->faults);
}

void session_faults_skip(struct session *s)
{
	if (s->faults)
		fault_log_skip(s->faults);
}
