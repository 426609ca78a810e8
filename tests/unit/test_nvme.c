/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dev/nvme on its register model: every way to name memory, depth, queues, namespaces, controllers and options. */
#include "nvme_rig.h"

static void test_addresses(void **state)
{
	static const uint64_t lens[] = {512, 1024, 4096, 4608, 8192, 12288, 65536, 520192, 524288};
	static const uint64_t offsets[] = {0, 4, 512, 2052, 4092};
	struct model_rig rig;
	char *mem;

	start(&rig, "scratch=100+1024");
	assert_int_equal(dev_limits(rig.dev)->max_len, 524288);
	assert_int_equal(dev_limits(rig.dev)->align, 512);
	assert_int_equal(dev_limits(rig.dev)->addr_align, 4);
	assert_int_equal(dev_limits(rig.dev)->buffer, 524288);
	assert_int_equal(dev_limits(rig.dev)->depth, 32);
	assert_true(dev_limits(rig.dev)->destructive);
	assert_false(dev_limits(rig.dev)->fixed || dev_limits(rig.dev)->reports_faults);
	mem = big_map(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++)
		for (size_t k = 0; k < ARRAY_SIZE(offsets); k++)
			there_and_back(&rig, mem, offsets[k], offsets[(k + 2) % ARRAY_SIZE(offsets)], lens[i]);
	/* in the blocks that were named, and in no other */
	assert_memory_equal(chip_of(&rig)->media + 100 * 512, mem + 4092, 524288);
	assert_true(all((char *)chip_of(&rig)->media, 100 * 512, 0));
	assert_true(all((char *)chip_of(&rig)->media + 1124 * 512, MiB(8) - 1124 * 512, 0));
	stop(&rig);
	rig_close(&rig);
}

/* Lists of more than a page end with where they go on; at each border, and across two. */
static void test_chained_lists(void **state)
{
	static const uint64_t pages[] = {511, 512, 513, 514, 515, 900, 1022, 1023, 1024};
	struct model_rig rig;
	char *mem;

	rig_open(&rig, "nvme", "nvme,scratch=0+8192,max-transfer=4M,depth=2");
	chip_of(&rig)->mdts = 0;
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	assert_int_equal(dev_limits(rig.dev)->max_len, MiB(4));
	mem = big_map(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		there_and_back(&rig, mem, 0, 0, MIN(pages[i] * 4096, BIG_SIZE / 2 - 16384));
		there_and_back(&rig, mem, 4092, 4, MIN(pages[i] * 4096, BIG_SIZE / 2 - 16384));
	}
	stop(&rig);
	rig_close(&rig);
}

/* The same by themselves, without a controller: what is a list's and what is the next one's. */
static void test_list_capacity(void **state)
{
	assert_int_equal(nvme_prp_entries(512), 0);
	assert_int_equal(nvme_prp_entries(4096), 0);
	assert_int_equal(nvme_prp_entries(4608), 2);
	assert_int_equal(nvme_prp_entries(8192), 2);
	assert_int_equal(nvme_prp_entries(524288), 128);
	assert_int_equal(nvme_prp_entries(MiB(2)), 512);
	assert_int_equal(nvme_prp_entries(MiB(8)), 2048);
}

static void test_sgl(void **state)
{
	struct model_rig rig;
	char *mem;

	start(&rig, "scratch=0+1024,sgl");
	assert_int_equal(dev_limits(rig.dev)->addr_align, 1);
	mem = big_map(&rig);
	there_and_back(&rig, mem, 0, 0, 524288);
	there_and_back(&rig, mem, 4095, 3, 524288);
	there_and_back(&rig, mem, 1, 2047, 512);
	assert_int_equal(rig.rings, 5); /* no lists: identify, and two pairs of queues */
	stop(&rig);
	rig_close(&rig);

	rig_open(&rig, "nvme", "nvme,scratch=0+1024,sgl");
	chip_of(&rig)->sgls = 2;
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	assert_int_equal(dev_limits(rig.dev)->addr_align, 4);
	rig_close(&rig);

	rig_open(&rig, "nvme", "nvme,scratch=0+1024,sgl");
	chip_of(&rig)->sgls = 0;
	assert_int_equal(dev_start(rig.dev, &rig.fail), -EOPNOTSUPP);
	assert_string_equal(rig.fail.text, "nvme takes no SGLs");
	rig_close(&rig);
}

static void test_depth(void **state)
{
	struct dev_req reqs[33] = {{0}};
	struct model_rig rig;

	start(&rig, "scratch=0+64");
	many(&rig, 32, 40);
	assert_int_equal(chip_of(&rig)->most_at_once, 32);
	many(&rig, 7, 100);
	many(&rig, 1, 200);
	for (unsigned int i = 0; i < 33; i++)
		reqs[i] = (struct dev_req){DEV_WRITE, 0, RIG_IOVA, 512, 0};
	assert_int_equal(dev_transfer(rig.dev, 0, reqs, 33, 1000), -ERANGE);
	stop(&rig);
	rig_close(&rig);

	start(&rig, "scratch=0+64,depth=63");
	many(&rig, 63, 20);
	assert_int_equal(chip_of(&rig)->most_at_once, 63);
	stop(&rig);
	rig_close(&rig);
}

/* Identifiers come back after 1,023 submissions. */
static void test_identifiers(void **state)
{
	struct dev_req req = {DEV_WRITE, 0, RIG_IOVA, 512, 0};
	struct model_rig rig;

	start(&rig, "blocks=0+64");
	for (unsigned int i = 0; i < 2100; i++)
		assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 1000), 0);
	stop(&rig);
	rig_close(&rig);
}

/* A roundtrip of 32 pieces is 32 commands in flight each way; of one piece, one. */
static void test_roundtrip_in_depth(void **state)
{
	struct model_rig rig;
	int status = 99;
	char *mem;

	start(&rig, "scratch=0+2048,max-transfer=16K");
	mem = big_map(&rig);
	pattern(mem, 524288, 5);
	assert_int_equal(dev_roundtrip(rig.dev, 0, BIG_IOVA, BIG_DST, 524288, &status), 0);
	assert_int_equal(status, 0);
	assert_memory_equal(mem, mem + BIG_SIZE / 2, 524288);
	assert_int_equal(chip_of(&rig)->most_at_once, 32);
	stop(&rig);
	rig_close(&rig);
}

static void test_queues(void **state)
{
	struct dev_req req;
	struct model_rig rig;
	char *mem;

	start(&rig, "scratch=64+64,queues=4");
	mem = rig.mem.va;
	assert_int_equal(dev_limits(rig.dev)->queues, 4);
	assert_int_equal(dev_limits(rig.dev)->buffer, 16 * 512);
	for (unsigned int q = 0; q < 4; q++) {
		memset(mem, 'a' + (char)q, 8192);
		req = (struct dev_req){DEV_READ, RIG_IOVA, 0, 8192, 99};
		assert_int_equal(dev_transfer(rig.dev, q, &req, 1, 1000), 0);
		assert_int_equal(req.status, 0);
	}
	assert_int_equal(dev_transfer(rig.dev, 4, &req, 1, 1000), -EINVAL);
	for (unsigned int q = 0; q < 4; q++)
		assert_true(all((char *)chip_of(&rig)->media + (64 + 16 * q) * 512, 8192, 'a' + (char)q));
	req = (struct dev_req){DEV_READ, RIG_IOVA, 512, 8192, 99};
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 1000), -ERANGE); /* beyond its part */
	stop(&rig);
	assert_int_equal(chip_of(&rig)->shutdowns, 1);
	assert_int_equal(chip_of(&rig)->queues_left, 0);
	rig_close(&rig);

	rig_open(&rig, "nvme", "nvme,scratch=0+64,queues=4");
	chip_of(&rig)->pairs = 3;
	assert_int_equal(dev_start(rig.dev, &rig.fail), -ENOSPC);
	assert_string_equal(rig.fail.hint, "queues=3");
	rig_close(&rig);
}

static void test_harmless(void **state)
{
	static const struct {
		const char *options;
		uint64_t len;
		unsigned char first;
	} logs[] = {{"log=1", 64, 0x10}, {"log=2", 512, 0x20}, {"log=3", 512, 0x30}, {"log=5", 4096, 0x50}};
	struct dev_req reqs[32];
	struct model_rig rig;
	unsigned char *mem;

	start(&rig, "");
	mem = rig.mem.va;
	assert_true(dev_limits(rig.dev)->fixed);
	assert_int_equal(dev_limits(rig.dev)->dirs, DEV_WRITE);
	assert_false(dev_limits(rig.dev)->destructive);
	for (unsigned int i = 0; i < 8; i++)
		reqs[i] = (struct dev_req){DEV_WRITE, 0, RIG_IOVA + i * 4096 + i * 4, 4096, 99};
	assert_int_equal(dev_transfer(rig.dev, 0, reqs, 8, 1000), 0);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(reqs[i].status, 0);
	assert_memory_equal(mem + 4, "model    ", 9);
	assert_memory_equal(mem + 7 * 4096 + 28 + 4, "model    ", 9);
	assert_int_equal(chip_of(&rig)->most_at_once, 8);
	assert_int_equal(rig.rings, 3);
	stop(&rig);
	rig_close(&rig);

	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		start(&rig, logs[i].options);
		mem = rig.mem.va;
		assert_int_equal(dev_limits(rig.dev)->max_len, logs[i].len);
		memset(mem, RIG_POISON, 8192);
		reqs[0] = (struct dev_req){DEV_WRITE, 0, RIG_IOVA, logs[i].len, 99};
		assert_int_equal(dev_transfer(rig.dev, 0, reqs, 1, 1000), 0);
		assert_int_equal(reqs[0].status, 0);
		assert_int_equal(mem[0], logs[i].first);
		assert_int_equal(mem[logs[i].len - 1], (unsigned char)(logs[i].first + logs[i].len / 4 - 1));
		assert_true(all((char *)mem + logs[i].len, 4096, RIG_POISON));
		stop(&rig);
		rig_close(&rig);
	}
}

static void test_compare_blocks(void **state)
{
	struct dev_req req = {DEV_READ, RIG_IOVA, 0, 4096, 99};
	struct model_rig rig;

	start(&rig, "compare=8+8");
	assert_int_equal(dev_limits(rig.dev)->dirs, DEV_READ);
	assert_false(dev_limits(rig.dev)->destructive);
	pattern((char *)chip_of(&rig)->media + 8 * 512, 4096, 3);
	pattern(rig.mem.va, 4096, 3);
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 1000), 0);
	assert_int_equal(req.status, 0);
	((char *)rig.mem.va)[4095] ^= 1;
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 1000), 0);
	assert_int_equal(req.status, -EIO);
	stop(&rig);
	rig_close(&rig);
}

/* What is asked of a namespace that has none of it, and how that is told. */
static void test_namespace(void **state)
{
	static const struct {
		const char *options;
		int err;
		const char *text, *hint;
		uint16_t metadata;
		uint8_t nmic, nsattr;
		uint32_t namespaces; /* 0: one */
	} bad[] = {
		{.options = "scratch=0+16385",
		 .err = -ERANGE,
		 .text = "blocks 0+16385 are not all in namespace 1",
		 .hint = "it has 16384 blocks of 512"},
		{.options = "scratch=16384+1",
		 .err = -ERANGE,
		 .text = "blocks 16384+1 are not all in namespace 1",
		 .hint = "it has 16384 blocks of 512"},
		{.options = "blocks=0x100000000+1",
		 .err = -ERANGE,
		 .text = "blocks 4294967296+1 are not all in namespace 1",
		 .hint = "it has 16384 blocks of 512"},
		{.options = "scratch=0+8,ns=2",
		 .err = -ENXIO,
		 .text = "nvme has no active namespace 2",
		 .hint = "ns=N names another"},
		{.options = "scratch=0+8",
		 .err = -EINVAL,
		 .text = "there is more than one namespace, and scratch= does not say which",
		 .hint = "ns=1, ns=2 ...",
		 .namespaces = 3},
		{.options = "scratch=0+8",
		 .err = -EOPNOTSUPP,
		 .text = "namespace 1 has 8 bytes of metadata with each block",
		 .hint = "",
		 .metadata = 8},
		{.options = "scratch=0+8",
		 .err = -EBUSY,
		 .text = "namespace 1 may be used by another controller as well: nothing is written to it",
		 .hint = "scratch= takes a private namespace (NMIC 0), blocks= any",
		 .nmic = 1},
		{.options = "scratch=0+8",
		 .err = -EROFS,
		 .text = "namespace 1 is write protected",
		 .hint = "",
		 .nsattr = 1},
		{.options = "scratch=0+2048,max-transfer=1M",
		 .err = -ERANGE,
		 .text = "max-transfer=1M is not what nvme moves at once",
		 .hint = "up to 512K"},
	};
	struct model_rig rig;
	char driver[128];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(driver, sizeof(driver), "nvme,%s", bad[i].options);
		rig_open(&rig, "nvme", driver);
		chip_of(&rig)->metadata = bad[i].metadata;
		chip_of(&rig)->nmic = bad[i].nmic;
		chip_of(&rig)->nsattr = bad[i].nsattr;
		chip_of(&rig)->namespaces = bad[i].namespaces ? bad[i].namespaces : 1;
		assert_int_equal(dev_start(rig.dev, &rig.fail), bad[i].err);
		assert_string_equal(rig.fail.text, bad[i].text);
		assert_string_equal(rig.fail.hint, bad[i].hint);
		assert_int_equal(rig.freed, rig.rings);
		assert_false(chip_of(&rig)->cc & NVME_CC_EN);
		assert_true(all((char *)chip_of(&rig)->media, MiB(8), 0));
		rig_close(&rig);
	}
}

/* What is allowed at the borders of what is not. */
static void test_namespace_taken(void **state)
{
	struct model_rig rig;

	start(&rig, "scratch=16383+1"); /* the last one */
	stop(&rig);
	rig_close(&rig);
	/* one of several, by its number */
	rig_open(&rig, "nvme", "nvme,scratch=0+8,ns=1");
	chip_of(&rig)->namespaces = 3;
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	stop(&rig);
	rig_close(&rig);
	/* read, anybody's and protected ones are */
	rig_open(&rig, "nvme", "nvme,blocks=0+8");
	chip_of(&rig)->nmic = chip_of(&rig)->nsattr = 1;
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	stop(&rig);
	rig_close(&rig);
}

/* Blocks of 4096 bytes, and transfers as large as the controller's limit. */
static void test_geometry(void **state)
{
	struct model_rig rig;
	char *mem;

	rig_open(&rig, "nvme", "nvme,scratch=8+16");
	chip_of(&rig)->block_shift = 12;
	chip_of(&rig)->mdts = 1;
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	assert_int_equal(dev_limits(rig.dev)->align, 4096);
	assert_int_equal(dev_limits(rig.dev)->max_len, 8192);
	assert_int_equal(dev_limits(rig.dev)->buffer, 65536);
	mem = big_map(&rig);
	there_and_back(&rig, mem, 4, 2048, 8192);
	assert_memory_equal(chip_of(&rig)->media + 8 * 4096, mem + 4, 8192);
	stop(&rig);
	rig_close(&rig);

	/* no block fits into a transfer */
	rig_open(&rig, "nvme", "nvme,scratch=0+4");
	chip_of(&rig)->block_shift = 14;
	chip_of(&rig)->mdts = 1;
	assert_int_equal(dev_start(rig.dev, &rig.fail), -EIO);
	assert_non_null(strstr(rig.fail.text, "nvme moves 0x2000 bytes at the most, less than a block of 0x4000"));
	assert_int_equal(rig.freed, rig.rings);
	rig_close(&rig);
}

/* Registers of other controllers. */
static void test_controllers(void **state)
{
	const uint64_t plain = UINT64_C(1) << 37 | UINT64_C(1) << 24 | UINT64_C(1) << 16;
	struct model_rig rig;

	/* queues of 8 entries, doorbells 16 bytes apart, ready times by CRTO */
	rig_open(&rig, "nvme", "nvme,scratch=0+64,queues=3");
	chip_of(&rig)->cap = plain | UINT64_C(2) << 32 | UINT64_C(1) << 59 | 7;
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	assert_int_equal(dev_limits(rig.dev)->depth, 7);
	many(&rig, 7, 30);
	stop(&rig);
	rig_close(&rig);

	rig_open(&rig, "nvme", "nvme,scratch=0+64,depth=8");
	chip_of(&rig)->cap = plain | 7;
	assert_int_equal(dev_start(rig.dev, &rig.fail), -ERANGE);
	assert_string_equal(rig.fail.hint, "depth=7");
	rig_close(&rig);

	/* doorbells of 16 queues 1 KiB apart would lie behind the BAR */
	rig_open(&rig, "nvme", "nvme,scratch=0+64,queues=16");
	chip_of(&rig)->cap = plain | UINT64_C(8) << 32 | 63;
	assert_int_equal(dev_start(rig.dev, &rig.fail), -EOPNOTSUPP);
	assert_non_null(strstr(rig.fail.text, "no doorbells for 16 queues"));
	rig_close(&rig);

	rig_open(&rig, "nvme", NULL);
	chip_of(&rig)->cap = plain | UINT64_C(1) << 48 | 63;
	assert_int_equal(dev_start(rig.dev, &rig.fail), -EOPNOTSUPP);
	assert_string_equal(rig.fail.text, "nvme wants memory pages of at least 0x2000 bytes");
	rig_close(&rig);

	rig_open(&rig, "nvme", NULL);
	chip_of(&rig)->cap = UINT64_C(1) << 43 | UINT64_C(1) << 24 | 63;
	assert_int_equal(dev_start(rig.dev, &rig.fail), -EOPNOTSUPP);
	assert_non_null(strstr(rig.fail.text, "no NVM command set"));
	rig_close(&rig);
}

/* Left running by somebody who died: disabled first, and theirs no more. */
static void test_found_enabled(void **state)
{
	struct model_rig rig;

	rig_open(&rig, "nvme", "nvme,scratch=0+64");
	assert_int_equal(idev_bus_master(rig.idev, true), 0);
	assert_int_equal(idev_bar_write(rig.idev, 0, NVME_AQA, 4, 0x00030003), 0);
	assert_int_equal(idev_bar_write(rig.idev, 0, NVME_ASQ, 8, 0x4000), 0);
	assert_int_equal(idev_bar_write(rig.idev, 0, NVME_ACQ, 8, 0x5000), 0);
	assert_int_equal(idev_bar_write(rig.idev, 0, NVME_CC, 4, 0x460001), 0);
	assert_int_equal(chip_of(&rig)->csts, NVME_CSTS_RDY);
	/* before it may master the bus for us */
	assert_int_equal(rig.dev->ops->quiet(rig.dev, &rig.fail), 0);
	assert_int_equal(chip_of(&rig)->csts, 0);
	assert_int_equal(idev_bar_write(rig.idev, 0, NVME_CC, 4, 0x460001), 0);
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	assert_int_equal(chip_of(&rig)->sq[0].base, rig_ring_iova(1));
	many(&rig, 8, 3);
	stop(&rig);
	rig_close(&rig);
}

/* The recipe's way out does not enable what its init left disabled. */
static void test_recipe_disabled(void **state)
{
	const char *top = getenv("top_srcdir");
	struct model_rig rig;
	char driver[4096];

	snprintf(driver, sizeof(driver), "recipe:%s/recipes/nvme-identify.recipe", top ? top : "..");
	rig_open(&rig, "nvme", driver);
	chip_of(&rig)->cap |= UINT64_C(1) << 48; /* MPSMIN: pages of 8 KiB, which the recipe does not do */
	assert_int_equal(dev_start(rig.dev, &rig.fail), -EIO);
	assert_int_equal(chip_of(&rig)->shutdowns, 0);
	assert_int_equal(rig.freed, rig.rings);
	chip_of(&rig)->cap &= ~(UINT64_C(1) << 48);
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	assert_int_equal(dev_stop(rig.dev), 0);
	assert_int_equal(chip_of(&rig)->shutdowns, 1);
	assert_false(chip_of(&rig)->cc & NVME_CC_EN);
	rig_close(&rig);
}

static void test_options(void **state)
{
	static const struct {
		const char *options, *text, *hint;
	} bad[] = {
		{"fast", "driver nvme has no option \"fast\"", "options: log=LID, "},
		{"scratch=0+8,,", "driver nvme has no option", "options: "},
		{"scratch", "bad value \"\" for option scratch", "FIRST+COUNT"},
		{"scratch=8", "bad value \"8\" for option scratch", "FIRST+COUNT"},
		{"scratch=0+0", "bad value \"0+0\" for option scratch", "FIRST+COUNT"},
		{"scratch=-1+8", "bad value", "FIRST+COUNT"},
		{"scratch=0+8K", "bad value", "FIRST+COUNT"},
		{"scratch=0xffffffffffffffff+2", "bad value", "FIRST+COUNT"},
		{"blocks=0+8+8", "bad value \"0+8+8\" for option blocks", "FIRST+COUNT"},
		{"scratch=0+8,blocks=0+8", "driver nvme does one thing at a time: \"blocks\"", "one of log=, "},
		{"log=2,scratch=0+8", "driver nvme does one thing at a time: \"scratch\"", "one of log=, "},
		{"log=4", "bad value \"4\" for option log", "log=LID: 1 errors"},
		{"log=", "bad value \"\" for option log", "log=LID: 1 errors"},
		{"ns=0,scratch=0+8", "bad value \"0\" for option ns", "ns=N, 1..4294967294"},
		{"ns=4294967295,scratch=0+8", "bad value", "ns=N, 1..4294967294"},
		{"depth=0", "bad value \"0\" for option depth", "depth=N, 1..63"},
		{"depth=64", "bad value \"64\" for option depth", "depth=N, 1..63"},
		{"scratch=0+64,queues=17", "bad value", "queues=N, 1..16"},
		{"scratch=0+3,queues=4", "3 blocks cannot be shared by 4 queues", "each queue works on"},
		{"scratch=0+64,max-transfer=100", "bad value \"100\" for option max-transfer", "max-transfer=SIZE"},
		{"scratch=0+64,max-transfer=16M", "bad value", "max-transfer=SIZE, 512..8M"},
		{"scratch=0+64,sgl=yes", "bad value \"yes\" for option sgl", "sgl takes no value"},
		{"queues=2", "driver nvme takes ns=, queues=", "with blocks=, "},
		{"log=2,sgl", "driver nvme takes ns=, queues=", "with blocks=, "},
	};
	char driver[128];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct model_rig rig;

		rig_open(&rig, "nvme", NULL);
		dev_close(rig.dev);
		snprintf(driver, sizeof(driver), "nvme,%s", bad[i].options);
		if (dev_open(&rig.dev, rig.idev, driver, &rig.env, &rig.fail) != -EINVAL)
			fail_msg("accepted: %s", driver);
		if (strncmp(rig.fail.text, bad[i].text, strlen(bad[i].text)) ||
		    strncmp(rig.fail.hint, bad[i].hint, strlen(bad[i].hint)))
			fail_msg("%s: \"%s\", hint \"%s\"", driver, rig.fail.text, rig.fail.hint);
		assert_int_equal(rig.model->accesses, 0);
		rig_close(&rig);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_chained_lists),
		cmocka_unit_test(test_list_capacity),
		cmocka_unit_test(test_sgl),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_identifiers),
		cmocka_unit_test(test_roundtrip_in_depth),
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_harmless),
		cmocka_unit_test(test_compare_blocks),
		cmocka_unit_test(test_namespace),
		cmocka_unit_test(test_namespace_taken),
		cmocka_unit_test(test_geometry),
		cmocka_unit_test(test_controllers),
		cmocka_unit_test(test_found_enabled),
		cmocka_unit_test(test_recipe_disabled),
		cmocka_unit_test(test_options),
	};

	msg_set_level(MSG_QUIET);
	return cmocka_run_group_tests_name("nvme", tests, NULL, NULL);
}
