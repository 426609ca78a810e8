/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/diagnose/judge: verdicts on tables that are made up. What is named, what only differs as something else does, and what is not. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/diagnose/priv.h"
#include "iommu/backend.h"

static struct diagnose *made(void)
{
	struct diagnose *d = calloc(1, sizeof(*d));

	d->found = true;
	d->base_runs = (struct tally){.runs = 10, .failed = 10, .classes = 1u << FAILURE_STALE_WRITE};
	return d;
}

static void level(struct diagnose *d, unsigned int factor, const char *value, unsigned int runs, unsigned int failed)
{
	struct factor *f = &d->factor[factor];
	struct level *l = &f->level[f->nr++];

	l->usable = runs;
	snprintf(l->value, sizeof(l->value), "%s", value);
	l->runs.runs = runs;
	l->runs.failed = failed;
}

/* Which factors are named: "iova-mode size". */
static void assert_named(struct diagnose *d, const char *want)
{
	char got[300] = "";

	judge(d);
	for (unsigned int i = 0; i < FACTORS; i++)
		if (d->factor[i].matters)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", got[0] ? " " : "",
				 factor_texts[i].name);
	assert_string_equal(got, want);
}

static void add_iova(struct diagnose *d, unsigned int fixed, unsigned int random)
{
	level(d, FACTOR_IOVA, "fixed", 10, fixed);
	level(d, FACTOR_IOVA, "random", 10, random);
	level(d, FACTOR_IOVA, "sequential", 10, random);
	level(d, FACTOR_IOVA, "adversarial", 10, fixed);
}

static void test_names(void **state)
{
	unsigned int seen = 0;

	(void)state;
	for (unsigned int i = 0; i < FACTORS; i++) {
		assert_non_null(factor_texts[i].name);
		for (unsigned int k = 0; k < i; k++)
			assert_string_not_equal(factor_texts[i].name, factor_texts[k].name);
		seen++;
	}
	assert_int_equal(seen, FACTORS);
}

static void test_one(void **state)
{
	struct diagnose *d = made();
	char words[700];

	(void)state;
	add_iova(d, 10, 0);
	level(d, FACTOR_THREADS, "1", 10, 10);
	level(d, FACTOR_THREADS, "2", 10, 9);
	assert_named(d, "iova-mode");
	assert_non_null(
		strstr(judge_words(d, FACTOR_IOVA, words, sizeof(words)), "matters: fixed 10 of 10, random 0 of 10"));
	assert_non_null(strstr(judge_words(d, FACTOR_THREADS, words, sizeof(words)), "no dependence seen: 1 10 of 10"));
	assert_non_null(strstr(words, "would have been seen 4 times of 5"));
	assert_non_null(strstr(judge_words(d, FACTOR_FLUSH, words, sizeof(words)),
			       "not testable here: it did not come to that"));
	assert_int_equal(d->factor[FACTOR_IOVA].tests, 2);
	free(d);
}

/* Another factor decides as well: then that an IOVA is used again is what it takes to see it. */
static void test_sight(void **state)
{
	struct diagnose *d = made();

	(void)state;
	add_iova(d, 10, 0);
	level(d, FACTOR_DELAY, "none", 10, 10);
	level(d, FACTOR_DELAY, "1ms", 10, 0);
	assert_named(d, "delay");
	assert_int_equal(d->factor[FACTOR_IOVA].explained, FACTORS);
	/* but not where something else than a stale translation was seen */
	d->factor[FACTOR_IOVA].matters = d->factor[FACTOR_DELAY].matters = false;
	d->base_runs.classes |= 1u << FAILURE_SHORT_UNMAP;
	assert_named(d, "iova-mode delay");
	free(d);
}

static void test_alias(void **state)
{
	struct diagnose *d = made();

	(void)state;
	level(d, FACTOR_SIZE, "8K", 10, 10);
	level(d, FACTOR_SIZE, "2K", 10, 0);
	level(d, FACTOR_MAPS, "whole", 10, 10);
	level(d, FACTOR_MAPS, "page", 10, 0);
	level(d, FACTOR_MAPS, "random", 10, 10);
	level(d, FACTOR_UNMAP, "whole", 10, 10);
	level(d, FACTOR_UNMAP, "page", 10, 0);
	assert_named(d, "size");
	assert_int_equal(d->factor[FACTOR_MAPS].explained, FACTOR_SIZE);
	assert_int_equal(d->factor[FACTOR_UNMAP].explained, FACTOR_SIZE);
	free(d);

	/* pieces in general, not pages: nothing of the size explains that */
	d = made();
	level(d, FACTOR_SIZE, "8K", 10, 10);
	level(d, FACTOR_SIZE, "2K", 10, 0);
	level(d, FACTOR_MAPS, "whole", 10, 10);
	level(d, FACTOR_MAPS, "page", 10, 0);
	level(d, FACTOR_MAPS, "random", 10, 0);
	assert_named(d, "size map-granule");
	free(d);

	/* mappings of one page fail: then it is that there are many */
	d = made();
	level(d, FACTOR_SIZE, "8K", 10, 10);
	level(d, FACTOR_SIZE, "2K", 10, 10);
	level(d, FACTOR_MAPS, "whole", 10, 10);
	level(d, FACTOR_MAPS, "page", 10, 0);
	assert_named(d, "map-granule");
	free(d);
}

/* p = 0.0031 alone; not with nine others beside it. */
static void test_correction(void **state)
{
	struct diagnose *d = made();

	(void)state;
	d->base_runs.failed = 7;
	level(d, FACTOR_DELAY, "none", 10, 7);
	level(d, FACTOR_DELAY, "1ms", 10, 0);
	assert_named(d, "delay");
	d->factor[FACTOR_DELAY].matters = false;
	for (unsigned int i = FACTOR_FLUSH; i <= FACTOR_BACKEND; i++) {
		level(d, i, "a", 10, 7);
		level(d, i, "b", 10, 7);
	}
	assert_named(d, "");
	assert_true(d->factor[FACTOR_DELAY].p < 0.0032 && d->factor[FACTOR_DELAY].adjusted > 0.015);
	free(d);
}

/* A level that turned out not to work has no say; neither has a factor with one level. */
static void test_unusable(void **state)
{
	struct diagnose *d = made();
	char words[700];

	(void)state;
	level(d, FACTOR_PAGE, "anon", 10, 10);
	level(d, FACTOR_PAGE, "hugetlb-2M", 0, 0);
	level_unusable(&d->factor[FACTOR_PAGE].level[1], "no huge pages are reserved");
	level(d, FACTOR_SNOOP, "not there", 10, 10);
	assert_named(d, "");
	assert_false(d->factor[FACTOR_PAGE].tested);
	assert_string_equal(judge_words(d, FACTOR_PAGE, words, sizeof(words)),
			    "not testable here: no huge pages are reserved");
	free(d);
}

static void test_too_few(void **state)
{
	struct diagnose *d = made();
	char words[700];

	(void)state;
	d->base_runs.runs = d->base_runs.failed = 3;
	level(d, FACTOR_DELAY, "none", 3, 3);
	level(d, FACTOR_DELAY, "1ms", 3, 0);
	assert_named(d, "");
	assert_non_null(strstr(judge_words(d, FACTOR_DELAY, words, sizeof(words)),
			       "so few runs would not have shown any difference"));
	free(d);
}

/* Five levels with as many runs as there may be: too many tables for one test, and tested all the same. */
static void test_many(void **state)
{
	static const char *const modes[] = {"fixed", "random", "sequential", "adversarial", "kernel"};
	struct diagnose *d = made();

	(void)state;
	d->base_runs.runs = d->base_runs.failed = DIAGNOSE_RUNS_MAX;
	for (unsigned int l = 0; l < ARRAY_SIZE(modes); l++)
		level(d, FACTOR_IOVA, modes[l], DIAGNOSE_RUNS_MAX, l ? 50 : DIAGNOSE_RUNS_MAX);
	assert_named(d, "iova-mode");
	assert_true(d->factor[FACTOR_IOVA].tested);
	d->factor[FACTOR_IOVA].level[0].runs.failed = 52;
	d->base_runs.failed = 52;
	d->factor[FACTOR_IOVA].matters = false;
	assert_named(d, "");
	assert_true(d->factor[FACTOR_IOVA].tested);
	free(d);
}

/* A device's configuration space; bits of Device Control that do not change. */
struct config {
	struct iommu_device idev;
	uint8_t bytes[256];
	uint16_t fixed;
	unsigned int reads;
	bool silent; /* it cannot be read */
};

static int config_read(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t *value)
{
	struct config *c = container_of(idev, struct config, idev);

	assert_true(offset + width <= sizeof(c->bytes) && ++c->reads < 1000);
	if (c->silent)
		return -EIO;
	*value = c->bytes[offset] | (width > 1 ? (uint32_t)c->bytes[offset + 1] << 8 : 0);
	return 0;
}

static int config_write(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t value)
{
	struct config *c = container_of(idev, struct config, idev);
	uint32_t old;

	assert_int_equal(width, 2);
	assert_false(c->silent);
	assert_int_equal(config_read(idev, offset, width, &old), 0);
	value = (value & ~(uint32_t)c->fixed) | (old & c->fixed);
	c->bytes[offset] = (uint8_t)value;
	c->bytes[offset + 1] = (uint8_t)(value >> 8);
	return 0;
}

/* Power management at 40h, PCI Express at @express. */
static void config_init(struct config *c, uint8_t express)
{
	static const struct idev_ops ops = {.config_read = config_read, .config_write = config_write};

	*c = (struct config){.idev = {.ops = &ops}};
	c->bytes[0x06] = 0x10;
	c->bytes[0x34] = 0x40;
	c->bytes[0x40] = 0x01;
	c->bytes[0x41] = express;
	if (express >= 0x40)
		c->bytes[express] = 0x10;
}

static void test_snoop(void **state)
{
	struct fail why = {0};
	struct config c;
	uint32_t at, was;
	bool set = true;

	(void)state;
	config_init(&c, 0x60);
	c.bytes[0x68] = 0x37;
	c.bytes[0x69] = 0x20;
	at = snoop_find(&c.idev, &set);
	assert_int_equal(at, 0x68);
	assert_false(set);
	assert_int_equal(snoop_flip(&c.idev, at, &was, &why), 0);
	assert_int_equal(c.bytes[0x69], 0x28); /* bit 11, and nothing else */
	assert_int_equal(c.bytes[0x68], 0x37);
	assert_int_equal(snoop_give_back(&c.idev, at, was, &why), 0);
	assert_int_equal(c.bytes[0x69], 0x20);
	/* set before: it is cleared, and set again */
	c.bytes[0x69] = 0x28;
	assert_int_equal(snoop_find(&c.idev, &set), 0x68);
	assert_true(set);
	assert_int_equal(snoop_flip(&c.idev, at, &was, &why), 0);
	assert_int_equal(c.bytes[0x69], 0x20);
	c.fixed = 0xffff;
	assert_int_equal(snoop_give_back(&c.idev, at, was, &why), -EIO);
	c.fixed = 0;
	assert_int_equal(snoop_give_back(&c.idev, at, was, &why), 0);
	assert_int_equal(c.bytes[0x69], 0x28);
	/* hardwired */
	c.bytes[0x69] = 0;
	c.fixed = 1u << 11;
	assert_int_equal(snoop_flip(&c.idev, at, &was, &why), -EOPNOTSUPP);
	assert_non_null(strstr(why.text, "Enable No Snoop stays clear"));
	/* one that could not be read is not written, neither then nor to give it back */
	c.silent = true;
	was = 0;
	assert_int_equal(snoop_flip(&c.idev, at, &was, &why), -EIO);
	assert_int_equal(snoop_give_back(&c.idev, at, was, &why), 0);
}

static void test_snoop_absent(void **state)
{
	struct config c;
	bool set;

	(void)state;
	config_init(&c, 0); /* the list ends */
	assert_int_equal(snoop_find(&c.idev, &set), 0);
	config_init(&c, 0x40); /* it leads back to itself; and what is there is not PCI Express */
	c.bytes[0x40] = 0x01;
	assert_int_equal(snoop_find(&c.idev, &set), 0);
	config_init(&c, 0x20); /* into the header */
	assert_int_equal(snoop_find(&c.idev, &set), 0);
	config_init(&c, 0xfc); /* a capability that does not fit */
	assert_int_equal(snoop_find(&c.idev, &set), 0);
	config_init(&c, 0x60);
	c.bytes[0x60] = c.bytes[0x61] = 0xff; /* gone */
	assert_int_equal(snoop_find(&c.idev, &set), 0);
	config_init(&c, 0x60);
	c.bytes[0x06] = 0; /* no list at all */
	assert_int_equal(snoop_find(&c.idev, &set), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	     cmocka_unit_test(test_one),	cmocka_unit_test(test_sight),
		cmocka_unit_test(test_alias),	     cmocka_unit_test(test_correction), cmocka_unit_test(test_unusable),
		cmocka_unit_test(test_too_few),	     cmocka_unit_test(test_many),	cmocka_unit_test(test_snoop),
		cmocka_unit_test(test_snoop_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
