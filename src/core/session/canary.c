/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canary: proof that the device's addresses are translated, taken where a device that is not translated can only hit
 * pages of our own. Pages A and C are pinned; B is mapped at the IOVA that equals A's physical address, D at C's. The
 * device reads at the first and writes at the second. What reaches D tells where it read; where it lands tells where it
 * wrote.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "core/session/priv.h"
#include "core/stamp/stamp.h"

#define CANARY_BYTES 256u
#define CANARY_TIMEOUT_MS 5000
enum { CANARY_A, CANARY_B, CANARY_C, CANARY_D };

static const char canary_fill[4] = {0x11, 0x22, 0x33, 0x44};

/* Bytes of one canary: as few as the device can move. Its pages are judged over that length. */
static uint64_t canary_bytes(const struct session *s)
{
	return dev_length(dev_limits(s->dev), CANARY_BYTES);
}

static int canary_pair(struct session *s, unsigned int outer, struct fail *f)
{
	iova_t max = dev_limits(s->dev)->max_iova;
	struct session_page *out, *in;

	if (!(dev_limits(s->dev)->dirs & (DEV_WRITE | DEV_COPY)))
		return fail_set(f, EOPNOTSUPP, "a device that only reads shows no canary");
	if (canary_bytes(s) > SESSION_PAGE)
		return fail_set(f, ERANGE, "the device moves no less than %llu bytes, more than a canary's page has",
				(unsigned long long)canary_bytes(s));
	out = session_page_new(s, true, max, f);
	if (!out)
		return f->err ? -f->err : -ENOMEM;
	in = session_page_new(s, false, max, f);
	if (!in)
		return f->err ? -f->err : -ENOMEM;
	s->canary[outer] = out;
	s->canary[outer + 1] = in;
	return session_page_map(s, in, out->phys, f);
}

/* The device's accesses pass no IOMMU: a canary would pass as well where the page table was wrong. */
static int canary_bypassed(struct session *s, struct fail *f)
{
	snprintf(s->canary_why, sizeof(s->canary_why),
		 "not asked: the kernel makes the accesses of device %s itself, through pinned pages: no IOMMU "
		 "translates them",
		 idev_id(s->idev)->name);
	if (s->params.canary != CANARY_REQUIRE)
		return -EOPNOTSUPP;
	fail_set(f, EPERM, "the canary is required but cannot be had: %s", s->canary_why);
	fail_hint(f,
		  "maps and unmaps are held against what the kernel says its page table holds instead: --canary auto");
	return -EPERM;
}

int canary_setup(struct session *s, struct fail *f)
{
	struct fail local = {0};
	int err;

	if (s->canary_ready)
		return 0;
	if (s->params.canary == CANARY_OFF) {
		snprintf(s->canary_why, sizeof(s->canary_why), "switched off by --canary off");
		return -EOPNOTSUPP;
	}
	if (iommu_caps(s->iommu)->bypasses_table)
		return canary_bypassed(s, f);
	err = canary_pair(s, CANARY_A, &local);
	if (!err)
		err = canary_pair(s, CANARY_C, &local);
	if (!err) {
		s->canary_ready = true;
		return 0;
	}
	/* without the right to physical addresses, or without a page the device can name, there is none; the rest is an error */
	if (err != -EPERM && err != -EACCES && err != -EOPNOTSUPP && err != -ERANGE) {
		*f = local;
		return err;
	}
	snprintf(s->canary_why, sizeof(s->canary_why), "%.150s", local.text);
	if (s->params.canary == CANARY_REQUIRE) {
		fail_set(f, EPERM, "the canary is required but cannot be had: %s", s->canary_why);
		fail_hint(f, "run as root, or accept DMA without this proof: --canary auto");
		return -EPERM;
	}
	if (!s->canary_warned && !s->params.canary_told)
		msg_warn("no canary: %s; that the IOMMU translates is not proven", s->canary_why);
	s->canary_warned = true;
	return -EOPNOTSUPP;
}

static bool canary_holds(const struct session *s, unsigned int page, char byte)
{
	const char *p = s->canary[page]->mem.va;

	for (uint64_t i = 0, len = canary_bytes(s); i < len; i++)
		if (p[i] != byte)
			return false;
	return true;
}

/* Where did the device read and write? Only what was seen counts; neither page changed = no DMA seen. */
static int canary_judge(struct session *s, int status, struct fail *f)
{
	const struct session_page *a = s->canary[CANARY_A], *c = s->canary[CANARY_C];
	bool reads = dev_both_ways(dev_limits(s->dev)); /* and shows what */

	if (!canary_holds(s, CANARY_C, canary_fill[CANARY_C]))
		return fail_set(f, EREMOTEIO,
				"untranslated: the device wrote to physical address 0x%llx although that IOVA is "
				"mapped elsewhere",
				(unsigned long long)c->phys);
	if (reads && canary_holds(s, CANARY_D, canary_fill[CANARY_A]))
		return fail_set(
			f, EREMOTEIO,
			"untranslated: the device read physical address 0x%llx although that IOVA is mapped elsewhere",
			(unsigned long long)a->phys);
	if (canary_holds(s, CANARY_D, canary_fill[CANARY_D]))
		return fail_set(f, EIO, "the canary's DMA did not arrive anywhere we can see (device status %d)",
				status);
	if (reads && !canary_holds(s, CANARY_D, canary_fill[CANARY_B]))
		return fail_set(f, EIO, "the canary's DMA brought data that is in none of its pages (device status %d)",
				status);
	s->canary_passed = true;
	return 0;
}

void canary_reach(const struct session *s, struct iova_range *read, struct iova_range *written)
{
	*read = (struct iova_range){s->canary[CANARY_A]->phys, s->canary[CANARY_A]->phys + SESSION_PAGE - 1};
	*written = (struct iova_range){s->canary[CANARY_C]->phys, s->canary[CANARY_C]->phys + SESSION_PAGE - 1};
}

/* The pages' fillings are laid out, and the device reads at the first address and writes at the second, or writes only. */
static int canary_move(struct session *s, int *status, struct fail *f)
{
	iova_t from = s->canary[CANARY_A]->phys, to = s->canary[CANARY_C]->phys;
	const struct dev_limits *lim = dev_limits(s->dev);

	for (unsigned int i = 0; i < 4; i++)
		memset(s->canary[i]->mem.va, canary_fill[i], SESSION_PAGE);
	if (dev_both_ways(lim) && canary_bytes(s) <= SESSION_PAGE)
		return dev_roundtrip(s->dev, 0, from, to, canary_bytes(s), status);
	/* known only now of devices that tell their limits when they are started */
	if (canary_bytes(s) > SESSION_PAGE)
		return fail_set(f, EOPNOTSUPP,
				"the device moves no less than %llu bytes, more than a canary's page has",
				(unsigned long long)canary_bytes(s));
	return dev_oneway(s->dev, 0, DEV_WRITE, to, canary_bytes(s), CANARY_TIMEOUT_MS, status);
}

bool canary_was_submitted(int err)
{
	return err != -ENOMEM && err != -EAGAIN;
}

static int canary_failed(struct session *s, int err, const char *what, struct fail *f)
{
	fail_set(f, err, "%s %s", what, canary_was_submitted(err) ? "did not end" : "could not be started");
	return session_dma_failed(s, err, f);
}

int canary_run_detached(struct session *s, bool *reached, struct fail *f)
{
	int status = 0, err = canary_move(s, &status, f);

	if (err == -EOPNOTSUPP)
		return err;
	if (err)
		return canary_failed(s, err, "the detached device's DMA", f);
	if (!canary_holds(s, CANARY_C, canary_fill[CANARY_C]))
		return fail_set(f, EREMOTEIO, "untranslated: the detached device wrote to physical address 0x%llx",
				(unsigned long long)s->canary[CANARY_C]->phys);
	*reached = !canary_holds(s, CANARY_D, canary_fill[CANARY_D]);
	return 0;
}

int canary_run(struct session *s, struct fail *f)
{
	int status = 0, err = canary_move(s, &status, f);

	if (err == -EOPNOTSUPP)
		return err;
	if (err)
		return canary_failed(s, err, "the canary's DMA", f);
	return canary_judge(s, status, f);
}
