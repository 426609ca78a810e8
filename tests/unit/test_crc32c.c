/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/crc32c: the sums that its standard gives as examples, and that words and long zeros make no other sum than bytes. */
#include "unit.h"

#include <string.h>

#include "base/crc32c.h"
#include "base/rng.h"

static struct crc32c c;

static uint32_t sum(const void *data, size_t len)
{
	crc32c_begin(&c);
	crc32c_add(&c, data, len);
	return crc32c_sum(&c);
}

/* RFC 3720, appendix B.4, and the check value that catalogues of such sums give. */
static void test_examples(void **state)
{
	uint8_t data[32] = {0};

	assert_int_equal(sum("", 0), 0);
	assert_int_equal(sum("123456789", 9), 0xe3069283);
	assert_int_equal(sum(data, 32), 0x8a9136aa);
	memset(data, 0xff, 32);
	assert_int_equal(sum(data, 32), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		data[i] = i;
	assert_int_equal(sum(data, 32), 0x46dd794e);
}

static void check_words(const uint64_t *words, uint64_t n)
{
	uint32_t want = sum(words, n * 8);

	crc32c_begin(&c);
	crc32c_add_words(&c, words, n);
	assert_int_equal(crc32c_sum(&c), want);
	/* in two parts */
	crc32c_begin(&c);
	crc32c_add_words(&c, words, n / 3);
	crc32c_add_words(&c, words + n / 3, n - n / 3);
	assert_int_equal(crc32c_sum(&c), want);
}

static void test_words(void **state)
{
	static uint64_t words[20000];

	for (uint64_t n = 0; n < 20; n++)
		check_words(words, n);
	check_words(words, 511);
	check_words(words, 512);
	check_words(words, 513);
	check_words(words, 20000);
	words[19999] = 1;
	check_words(words, 20000);
	/* islands between zeros, which begin and end anywhere */
	for (uint64_t i = 0; i < 20000; i++)
		words[i] = rng_draw(1, i / 900, 0) % 3 ? 0 : rng_draw(2, i, 0);
	check_words(words, 20000);
	for (uint64_t i = 0; i < 20000; i++)
		words[i] = rng_draw(3, i, 0);
	check_words(words, 20000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
