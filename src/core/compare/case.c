/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The adversarial cases: IOVAs and sizes at known edges, each run a few times in a row, and those that could not be run. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/rng.h"
#include "core/compare/priv.h"
#include "iommu/ledger.h"

#define PAGE ((uint64_t)4096)

/* Half of the mapping, as far as the device can move that. */
static uint64_t case_payload(const struct compare *c, uint64_t size)
{
	uint64_t payload = size / 2 - size / 2 % c->unit;

	return payload < dev_limits(session_dev(c->s))->min_len ? 0 : payload;
}

static void case_skip(struct compare *c, const struct compare_case *k, const char *why)
{
	char what[96];

	snprintf(what, sizeof(what), "adversarial 0x%" PRIx64 "+0x%" PRIx64 ": %s", k->iova, k->size, k->why);
	compare_skip(c, what, why);
}

static void case_add(struct compare *c, iova_t iova, uint64_t pages, const char *why)
{
	struct iova_range r = {iova, 0};
	struct compare_case k = {.iova = iova, .size = pages * PAGE};

	if (!num_add(iova, pages * PAGE - 1, &r.last))
		return;
	snprintf(k.why, sizeof(k.why), "%s", why);
	if (!IS_ALIGNED(iova | k.size, compare_page_of(c))) {
		case_skip(c, &k, "not whole pages of this IOMMU");
		return;
	}
	if (!space_contains(session_space(c->s), r)) {
		case_skip(c, &k, "beyond the device's mask or in a range that must not be used");
		return;
	}
	/* type1 before 6.18 computes the end of the last page as 0 and never unpins it (fix 6012379ede6a): danger leak */
	if (r.last == UINT64_MAX && !session_is_simulated(c->s) && !session_params(c->s)->allow_crash) {
		case_skip(c, &k, "kernels before 6.18 leak the last page of a 64-bit space: needs --allow-crash");
		return;
	}
	if (!case_payload(c, k.size)) {
		case_skip(c, &k, "half of it is less than the device can move");
		return;
	}
	if (c->nr_cases == COMPARE_CASES_MAX)
		c->cases_dropped++;
	else
		c->cases[c->nr_cases++] = k;
}

/* Both sides of a border and across it, also unaligned. */
static void case_border(struct compare *c, iova_t border, const char *why)
{
	case_add(c, border - 2 * PAGE, 2, why);
	case_add(c, border, 2, why);
	case_add(c, border - PAGE, 2, why);
	case_add(c, border - 3 * PAGE, 5, why);
}

static void cases_borders(struct compare *c, uint64_t seed)
{
	static const struct {
		unsigned int shift;
		const char *why;
	} level[] = {{21, "2M border"}, {30, "1G border"}, {32, "4G border"}, {39, "512G border"}};
	const struct iova_space *space = session_space(c->s);
	iova_t top = space->r[space->nr - 1].last;

	for (unsigned int i = 0; i < ARRAY_SIZE(level); i++) {
		uint64_t unit = 1ull << level[i].shift, count = top / unit;

		case_border(c, unit, level[i].why);
		if (count < 2)
			continue;
		case_border(c, 2 * unit, level[i].why);
		if (count > 3)
			case_border(c, rng_between(rng_draw(seed, i, rng_place("border")), 3, count - 1) * unit,
				    level[i].why);
	}
}

static void cases_edges(struct compare *c)
{
	const struct iova_space space = *session_space(c->s);

	for (unsigned int i = 0; i < space.nr && i < 16; i++) {
		struct iova_range r = space.r[i];
		iova_t start = ALIGN_UP(r.start, PAGE), end = ALIGN_DOWN(r.last, PAGE);

		if (r.last - r.start < 8 * PAGE)
			continue;
		case_add(c, start, 2, "start of a usable range");
		case_add(c, start, 3, "start of a usable range");
		case_add(c, end - PAGE, 2, "end of a usable range");
		case_add(c, end - 2 * PAGE, 3, "end of a usable range");
	}
}

/*
 * A run of 2 or 3 pages across a 2^m page border needs an invalidation mask of m + 1 bits: one case for every mask order
 * (VT-d spec 6.5.2.3, address mask), so that a mask computed from the page count alone leaves something behind.
 */
static void cases_masks(struct compare *c)
{
	for (unsigned int m = 0; m < 36; m++) {
		iova_t border = PAGE << m;

		if (m)
			case_add(c, border - PAGE, 2, "unaligned run across a flush-mask border");
		case_add(c, m ? border + border / 2 - PAGE : border, 3, "unaligned run across a flush-mask border");
	}
}

int compare_cases_build(struct compare *c, struct fail *f)
{
	uint64_t seed = session_params(c->s)->seed;

	c->cases = calloc(COMPARE_CASES_MAX, sizeof(*c->cases));
	if (!c->cases)
		return fail_set(f, ENOMEM, "cannot allocate the adversarial cases");
	case_add(c, 0x17full * PAGE, 3, "3 pages at pfn 0x17f");
	case_add(c, 0x3fe00ull * PAGE, 1024, "4M at pfn 0x3fe00");
	for (unsigned int pages = 2; pages <= 4; pages++)
		case_add(c, 0x40000ull * PAGE / 4, pages, "sizes that grow at one iova");
	cases_borders(c, seed);
	cases_edges(c);
	cases_masks(c);
	if (!c->nr_cases)
		return fail_set(f, ENOSPC, "none of the adversarial cases fits this device");
	return 0;
}

static void compare_next_case(struct compare *c)
{
	c->case_at = (c->case_at + 1) % c->nr_cases;
	c->case_turns = 0;
}

/* A ring or canary of ours lies there, by the chance of its physical address, or something a script mapped. */
static bool case_is_taken(struct compare *c, struct compare_case *k)
{
	struct iova_range r = {k->iova, k->iova + k->size - 1};
	struct ledger_entry entry;

	if (!k->taken && ledger_find(iommu_ledger(session_iommu(c->s)), r, &entry)) {
		k->taken = true;
		case_skip(c, k, "a page that has to stay is mapped there");
	}
	return k->taken;
}

int compare_choose_case(struct compare_loop *l, struct fail *f)
{
	struct compare *c = l->c;
	struct compare_case *k;

	if (c->case_turns == COMPARE_CASE_REPEAT)
		compare_next_case(c);
	for (unsigned int n = 0; n < c->nr_cases; n++) {
		k = &c->cases[c->case_at];
		if (!case_is_taken(c, k)) {
			k->ran = true;
			c->case_turns++;
			l->iova = k->iova;
			l->size = k->size;
			l->payload = case_payload(c, k->size);
			return 0;
		}
		compare_next_case(c);
	}
	return fail_set(f, ENOSPC, "every adversarial case is taken by pages that have to stay");
}

void compare_tell_unreached(struct compare *c)
{
	unsigned int missed = 0, free = 0;
	char what[96], why[128];

	for (unsigned int i = 0; i < c->nr_cases; i++) {
		missed += !c->cases[i].ran && !c->cases[i].taken;
		free += !c->cases[i].taken;
	}
	if (missed) {
		snprintf(what, sizeof(what), "%u adversarial cases not reached", missed);
		snprintf(why, sizeof(why), "the run ended after %" PRIu64 " loops: needs --loops %u", c->res->loops,
			 free * COMPARE_CASE_REPEAT);
		compare_skip(c, what, why);
	}
	if (!c->cases_dropped)
		return;
	snprintf(what, sizeof(what), "%u adversarial cases", c->cases_dropped);
	snprintf(why, sizeof(why), "there is room for %u", COMPARE_CASES_MAX);
	compare_skip(c, what, why);
}
