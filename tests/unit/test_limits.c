/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lengths within a device's limits: what fits, how more is cut, and what is refused by which name. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "dev/dev.h"

#define BOTH (DEV_READ | DEV_WRITE)

static const struct dev_limits any = {.min_len = 1, .max_len = 1000, .align = 1, .dirs = DEV_COPY},
			       blocks = {.min_len = 512,
					 .max_len = 4096 + 100,
					 .align = 512,
					 .dirs = BOTH,
					 .buffer = 65536},
			       page = {.min_len = 4096, .max_len = 4096, .align = 1, .dirs = DEV_WRITE, .buffer = 4096},
			       packet = {.min_len = 60, .max_len = 1514, .align = 1, .dirs = DEV_COPY},
			       tight = {.min_len = 3, .max_len = 4, .align = 1, .dirs = DEV_COPY},
			       words = {.min_len = 4, .max_len = 4096, .align = 4, .addr_align = 1, .dirs = DEV_COPY};

static void test_lengths(void **state)
{
	assert_int_equal(dev_length(&any, 1), 1);
	assert_int_equal(dev_length(&blocks, 1), 512);
	assert_int_equal(dev_length(&blocks, 513), 1024);
	assert_int_equal(dev_length(&page, 64), 4096);
	assert_int_equal(dev_length(&page, 4097), 8192);
	assert_int_equal(dev_length(&packet, 64), 64);
	assert_int_equal(dev_length(&packet, 1), 60);
	assert_int_equal(dev_unit(&page), 4096);
	assert_int_equal(dev_unit(&packet), 1);
	assert_int_equal(dev_unit(&tight), 3);
	assert_int_equal(dev_addr_unit(&words), 1);
	assert_int_equal(dev_addr_unit(&blocks), 512);
	assert_int_equal(dev_most(&blocks, DEV_READ), 4096);
	assert_int_equal(dev_most(&page, DEV_WRITE), 4096);
}

/* Whatever can be moved is cut into requests that may be made, and into no more of them than needed. */
static void test_pieces(void **state)
{
	static const struct dev_limits *const all[] = {&any, &blocks, &page, &packet, &tight, &words};

	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
		const struct dev_limits *l = all[i];
		uint64_t unit = dev_unit(l), most = l->max_len - l->max_len % l->align;

		for (uint64_t len = dev_length(l, 1); len < 20000; len += unit) {
			uint64_t n = 0, piece;

			for (uint64_t done = 0; done < len; done += piece, n++) {
				piece = dev_piece(l, l->max_len, len - done);
				if (piece < l->min_len || piece > l->max_len || piece % l->align)
					fail_msg("limits %u: %u of %u bytes", i, (unsigned int)piece,
						 (unsigned int)len);
			}
			assert_int_equal(n, (len + most - 1) / most);
		}
	}
}

static void test_refused(void **state)
{
	struct fail f = {0};

	assert_int_equal(dev_check_length(&blocks, "--size", 1024, &f), 0);
	assert_int_equal(dev_check_length(&blocks, "--size", 256, &f), -EINVAL);
	assert_true(f.usage);
	assert_non_null(strstr(f.text, "--size 0x100: the device moves no less than 0x200"));
	assert_int_equal(dev_check_length(&blocks, "--size", 1000, &f), -EINVAL);
	assert_non_null(strstr(f.text, "multiples of 0x200"));
	assert_non_null(strstr(f.hint, "0x400"));
	assert_int_equal(dev_check_length(&page, "--size", 6144, &f), -EINVAL);
	assert_int_equal(dev_check_address(&blocks, "iova", 0x1200, &f), 0);
	assert_int_equal(dev_check_address(&blocks, "iova", 0x1201, &f), -EINVAL);
	assert_non_null(strstr(f.text, "iova 0x1201"));
	assert_int_equal(dev_check_address(&words, "iova", 0x1201, &f), 0);
}

static void test_ways(void **state)
{
	struct dev_limits l = {.dirs = BOTH};

	assert_true(dev_both_ways(&l));
	l.fixed = true;
	assert_false(dev_both_ways(&l));
	l.dirs = BOTH | DEV_COPY;
	assert_true(dev_both_ways(&l));
	l = (struct dev_limits){.dirs = DEV_WRITE};
	assert_false(dev_both_ways(&l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
