/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages had to be dirty, as a script says it, and which were not. */
#include "core/dirty/expect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

static int expect_add(struct dirty_expect *e, bool may, struct iova_range r, struct fail *f)
{
	struct iova_range **list = may ? &e->may : &e->must, *grown;
	unsigned int *nr = may ? &e->nr_may : &e->nr_must;

	grown = reallocarray(*list, *nr + 1, sizeof(**list));
	if (!grown)
		return fail_set(f, ENOMEM, "cannot note down which pages are due");
	*list = grown;
	grown[(*nr)++] = r;
	return 0;
}

/* @part is the caller's to change. */
static int expect_part(struct session *s, const struct op_dirty *op, const char *option, char *part,
		       struct iova_range *out, struct fail *f)
{
	char *plus = strrchr(part, '+');
	uint64_t size = 0, last;
	int err;

	if (!plus || plus == part || num_parse_size(plus + 1, &size) || !size)
		return fail_usage(f, EINVAL, "%s: '%s' is not A+S (such as 0x100000+4K, buf+4K or buf+0x2000+4K)",
				  option, part);
	*plus = '\0';
	if (part[0] >= '0' && part[0] <= '9')
		err = num_parse_size(part, &out->start)
			      ? fail_usage(f, EINVAL, "%s: '%s' is not an address", option, part)
			      : 0;
	else
		err = op_dirty_where(s, op, part, true, &out->start, &size, f);
	if (!err && !num_add(out->start, size - 1, &last))
		err = fail_usage(f, ERANGE, "%s: 0x%" PRIx64 " + 0x%" PRIx64 " wraps around the address space", option,
				 out->start, size);
	if (!err)
		out->last = last;
	return err;
}

int dirty_expect_parse(struct dirty_expect *out, bool may, struct session *s, const struct op_dirty *op,
		       const char *option, const char *text, struct fail *f)
{
	CLEANUP_FREE char *copy = strdup(text);
	char *rest = copy, *part;
	struct iova_range r;
	int err = 0;

	if (!copy)
		return fail_set(f, ENOMEM, "cannot note down which pages are due");
	if (!strcmp(text, "none"))
		return 0;
	while (!err && (part = strsep(&rest, ","))) {
		err = expect_part(s, op, option, part, &r, f);
		if (!err)
			err = expect_add(out, may, r, f);
	}
	return err;
}

void dirty_expect_free(struct dirty_expect *e)
{
	free(e->must);
	free(e->may);
	*e = (struct dirty_expect){0};
}

/* The pages of @list as bits of @as, which is as @b. What lies outside is left out; *outside tells. */
static void expect_set(struct dirty_bitmap *as, const struct iova_range *list, unsigned int nr,
		       const struct iova_range **outside)
{
	struct iova_range all = {as->iova, as->iova + (as->length - 1)};

	for (unsigned int i = 0; i < nr; i++) {
		iova_t start = MAX(list[i].start, all.start), last = MIN(list[i].last, all.last);
		uint64_t first;

		if (!iova_range_contains(all, list[i]))
			*outside = &list[i];
		if (start > last)
			continue;
		first = (start - all.start) / as->page_size;
		bitmap_set(dirty_bitmap_bits(as), first, (last - all.start) / as->page_size - first + 1);
	}
}

static void expect_note(const struct dirty_bitmap *b, uint64_t word, uint64_t bits, uint64_t *nr, iova_t *at)
{
	for (; bits; bits &= bits - 1) {
		if (*nr < EXPECT_KEPT)
			at[*nr] = b->iova + (word * 64 + (unsigned int)__builtin_ctzll(bits)) * b->page_size;
		++*nr;
	}
}

static void expect_compare(const struct dirty_bitmap *b, const struct dirty_bitmap *must,
			   const struct dirty_bitmap *may, struct dirty_expect_result *out)
{
	uint64_t words = bitmap_words(b->bits);

	for (uint64_t w = 0; w < words; w++) {
		/* past the end bits may be anything */
		uint64_t valid = w + 1 == words && b->bits % 64 ? (UINT64_C(1) << b->bits % 64) - 1 : UINT64_MAX;

		expect_note(b, w, must->words[w] & ~b->words[w] & valid, &out->missing, out->missing_at);
		if (!b->over_reports)
			expect_note(b, w, b->words[w] & ~must->words[w] & ~may->words[w] & valid, &out->spurious,
				    out->spurious_at);
	}
}

int dirty_expect_judge(const struct dirty_expect *e, const struct dirty_bitmap *b, struct dirty_expect_result *out,
		       struct fail *f)
{
	struct dirty_bitmap must = {0}, may = {0};
	const struct iova_range *outside = NULL, *unused;
	int err = 0;

	*out = (struct dirty_expect_result){0};
	if (!b->words)
		return fail_usage(f, EINVAL, "--expect: these bits are of no pages that could be due");
	err = dirty_bitmap_new(&must, b->source, b->iova, b->length, b->page_size, f);
	if (!err)
		err = dirty_bitmap_new(&may, b->source, b->iova, b->length, b->page_size, f);
	if (!err) {
		expect_set(&must, e->must, e->nr_must, &outside);
		expect_set(&may, e->may, e->nr_may, &unused);
		if (outside)
			err = fail_usage(f, ERANGE, "--expect: 0x%" PRIx64 "-0x%" PRIx64 " is not in what was read",
					 outside->start, outside->last);
	}
	if (!err)
		expect_compare(b, &must, &may, out);
	dirty_bitmap_free(&must);
	dirty_bitmap_free(&may);
	return err;
}
