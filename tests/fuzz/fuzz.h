/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every fuzzer includes: libFuzzer's entry, which driver.c calls too, and what has to hold whatever comes in. */
#ifndef IC_TESTS_FUZZ_H
#define IC_TESTS_FUZZ_H

#include <stdio.h>
#include <string.h>

#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both libFuzzer and driver.c keep the input of a run that ends in abort(). */
#define FUZZ_HOLDS(what)                                                                          \
	do {                                                                                      \
		if (!(what)) {                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what); \
			abort();                                                                  \
		}                                                                                 \
	} while (0)

/* A text in an array ends in it. */
#define FUZZ_ENDS(array) FUZZ_HOLDS(memchr(array, 0, sizeof(array)) != NULL)

/* A copy of its own size, so that a byte too many is seen; never NULL. */
static inline void *fuzz_copy(const uint8_t *data, size_t size, size_t more)
{
	char *copy = malloc(size + more ? size + more : 1);

	FUZZ_HOLDS(copy);
	memcpy(copy, data, size);
	memset(copy + size, 0, more);
	return copy;
}

#endif
