/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzer of `bench compare`: two files, one a line, read and held against each other, and each against itself. */
#include "fuzz.h"

#include <math.h>

#include "core/bench/compare.h"

static void look_at(const struct bench_file *file)
{
	FUZZ_ENDS(file->bench);
	FUZZ_ENDS(file->machine);
	FUZZ_HOLDS(file->nr <= BENCH_FILE_ROWS);
	for (unsigned int i = 0; i < file->nr; i++) {
		const struct bench_file_row *row = &file->rows[i];

		FUZZ_ENDS(row->name);
		FUZZ_ENDS(row->unit);
		FUZZ_ENDS(row->mem);
		FUZZ_ENDS(row->reference);
		FUZZ_HOLDS(row->nr_samples <= RANK_MAX);
		FUZZ_HOLDS(row->value >= 0 && isfinite(row->value) && isfinite(row->ratio));
		for (unsigned int k = 0; k < row->nr_samples; k++)
			FUZZ_HOLDS(row->samples[k] > 0 && isfinite(row->samples[k]));
	}
}

static void hold_against(struct bench_file *a, struct bench_file *b)
{
	struct bench_comparison c;
	struct fail f = {0};
	int err = bench_compare(a, b, 0.02, &c, &f);

	FUZZ_HOLDS(!err || f.text[0]);
	if (!err)
		FUZZ_HOLDS(c.count[0] + c.count[1] + c.count[2] + c.count[3] == c.nr);
	for (unsigned int i = 0; i < c.nr && !err; i++) {
		const struct bench_change *change = &c.changes[i];

		FUZZ_HOLDS(change->p_adjusted >= 0 && change->p_adjusted <= 1);
		FUZZ_HOLDS(change->verdict == BENCH_UNKNOWN ||
			   (change->factor.low > 0 && change->factor.low <= change->factor.median &&
			    change->factor.median <= change->factor.high && isfinite(change->factor.high)));
		FUZZ_HOLDS((change->verdict == BENCH_UNKNOWN) == (change->why != NULL));
		/* nothing differs from itself */
		if (a == b)
			FUZZ_HOLDS(change->verdict != BENCH_SLOWER && change->verdict != BENCH_FASTER);
	}
	bench_comparison_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = fuzz_copy(data, size, 0), why[120] = "";
	char *end = memchr(copy, '\n', size);
	size_t first = end ? (size_t)(end - copy) : size;
	struct bench_file a, b;
	int err_a = bench_file_parse(copy, first, &a, why, sizeof(why));
	int err_b;

	FUZZ_ENDS(why);
	FUZZ_HOLDS(!err_a || why[0]);
	err_b = bench_file_parse(end ? end + 1 : copy, end ? size - first - 1 : 0, &b, why, sizeof(why));
	if (!err_a)
		look_at(&a);
	if (!err_b)
		look_at(&b);
	if (!err_a && !err_b)
		hold_against(&a, &b);
	if (!err_a)
		hold_against(&a, &a);
	bench_file_free(&a);
	bench_file_free(&b);
	free(copy);
	return 0;
}
