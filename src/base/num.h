/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as users type them, checked: no trailing characters, no overflow, no sign, no silent wrap. */
#ifndef IC_BASE_NUM_H
#define IC_BASE_NUM_H

#include <stdbool.h>

#include "base/util.h"

/* All parsers return 0, -EINVAL (not a number, trailing characters, sign, empty) or -ERANGE (too large). */

/* Decimal or 0x hex; no suffix. */
int num_parse_u64(const char *s, uint64_t *out);
/* As num_parse_u64 with an optional suffix K, M, G or T (1024-based, upper or lower case). */
int num_parse_size(const char *s, uint64_t *out);
/* "4K" (min = max) or "MIN..MAX" with MIN <= MAX (else -EINVAL). */
int num_parse_size_range(const char *s, uint64_t *min, uint64_t *max);
/* "10us", "500ms", "30s", "5m", "1h"; a bare number is -EINVAL. Nanoseconds. */
int num_parse_duration(const char *s, uint64_t *ns);
/* A probability 0..1, as "0.01". */
int num_parse_prob(const char *s, double *out);

/* a + b into *sum; false when it does not fit in 64 bits. */
static inline bool num_add(uint64_t a, uint64_t b, uint64_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

static inline bool num_mul(uint64_t a, uint64_t b, uint64_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

/* "16K", "3M", "12345" (exact: a suffix is used only when nothing is lost). Returns buf. */
char *num_format_size(char *buf, size_t buflen, uint64_t size);
/* "1.5 GiB" for people, rounded. Returns buf. */
char *num_format_human(char *buf, size_t buflen, double bytes);
/* "0.3 s", "12 m 4 s". Returns buf. */
char *num_format_duration(char *buf, size_t buflen, uint64_t ns);

#endif
