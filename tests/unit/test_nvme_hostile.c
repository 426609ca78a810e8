/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dev/nvme on controllers that lie, fail, hang or go: nothing is believed that was not seen, and the way out is found. */
#include "nvme_rig.h"

#include <pthread.h>

#include "base/clock.h"

/* What hangs, fails or lies ends in a stop that knows the controller quiet, and works again after it. */
static void check_recovers(struct model_rig *rig)
{
	struct nvme_model *chip = chip_of(rig);

	assert_int_equal(dev_stop(rig->dev), 0);
	assert_int_equal(rig->freed, rig->rings);
	rig_break(rig, MODEL_SOUND);
	chip->mangle = NULL;
	chip->twice = false;
	assert_int_equal(dev_start(rig->dev, &rig->fail), 0);
	many(rig, 8, 10);
	stop(rig);
	rig_close(rig);
}

static void bad_cid(struct nvme_model_completion *c)
{
	c->cid = 0xffff;
}

static void free_cid(struct nvme_model_completion *c)
{
	c->cid += 5;
}

static void old_cid(struct nvme_model_completion *c)
{
	c->cid -= 64;
}

static void other_queue(struct nvme_model_completion *c)
{
	c->sq_id++;
}

static void far_head(struct nvme_model_completion *c)
{
	c->sq_head = 64;
}

static void no_phase(struct nvme_model_completion *c)
{
	c->status ^= 1;
}

static void test_bogus_completions(void **state)
{
	static void (*const lies[])(struct nvme_model_completion *) = {
		bad_cid, free_cid, old_cid, other_queue, far_head, no_phase,
	};
	struct dev_req reqs[2];
	struct model_rig rig;

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		start(&rig, "scratch=0+64");
		many(&rig, 8, 3);
		chip_of(&rig)->mangle = lies[i];
		reqs[0] = reqs[1] = (struct dev_req){DEV_WRITE, 0, RIG_IOVA, 512, 99};
		assert_int_equal(dev_transfer(rig.dev, 0, reqs, 2, 30), -ETIMEDOUT);
		assert_int_equal(dev_transfer(rig.dev, 0, reqs, 2, 30), -EBUSY);
		check_recovers(&rig);
	}
	/* one too many is seen when the next is waited for */
	start(&rig, "scratch=0+64");
	chip_of(&rig)->twice = true;
	assert_int_equal(dev_transfer(rig.dev, 0, reqs, 1, 30), 0);
	assert_int_equal(dev_transfer(rig.dev, 0, reqs, 1, 30), -ETIMEDOUT);
	check_recovers(&rig);
	/* or at once */
	start(&rig, "scratch=0+64");
	chip_of(&rig)->twice = true;
	assert_int_equal(dev_transfer(rig.dev, 0, reqs, 2, 30), -ETIMEDOUT);
	check_recovers(&rig);
}

/* It has failed when its commands cannot be fetched: told at once, not after the time. */
static void test_failed(void **state)
{
	struct dev_req req = {DEV_WRITE, 0, RIG_IOVA, 512, 99};
	struct iommu_map_req again = {.size = 4096, .iova = rig_ring_iova(3), .prot = IOMMU_PROT_RW};
	struct model_rig rig;
	uint64_t begun;

	start(&rig, "scratch=0+64");
	assert_int_equal(chip_of(&rig)->sq[1].base, again.iova);
	assert_int_equal(iommu_unmap(rig.iommu, again.iova, 4096, NULL, NULL), 0);
	begun = clock_ns();
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 60000), -ETIMEDOUT);
	assert_true(clock_ns() - begun < 20000000000);
	assert_true(chip_of(&rig)->csts & NVME_CSTS_CFS);
	again.va = rig.ring[3].va;
	assert_int_equal(iommu_map(rig.iommu, &again, &rig.fail), 0);
	assert_int_equal(chip_of(&rig)->shutdowns, 0);
	check_recovers(&rig);
}

/* What memory refuses: reads are told, writes are not; a list that cannot be read is an error of its own. */
static void test_refused(void **state)
{
	const iova_t outside = RIG_IOVA + RIG_SIZE;
	struct dev_req reqs[3] = {
		{DEV_READ, outside, 0, 512, 99}, {DEV_WRITE, 0, outside, 512, 99}, {DEV_READ, RIG_IOVA, 0, 512, 99}};
	struct dev_req longer = {DEV_READ, RIG_IOVA, 0, 16384, 99};
	struct model_rig rig;

	start(&rig, "scratch=0+64");
	assert_int_equal(dev_transfer(rig.dev, 0, reqs, 3, 1000), 0);
	assert_int_equal(reqs[0].status, -EFAULT);
	assert_int_equal(reqs[1].status, 0);
	assert_int_equal(reqs[2].status, 0);
	assert_int_equal(iommu_unmap(rig.iommu, rig_ring_iova(5), 4096, NULL, NULL), 0);
	assert_int_equal(dev_transfer(rig.dev, 0, &longer, 1, 1000), 0);
	assert_int_equal(longer.status, -EFAULT);
	/* the rig gives back what is mapped */
	assert_int_equal(
		iommu_map(rig.iommu,
			  &(struct iommu_map_req){
				  .va = rig.ring[5].va, .size = 4096, .iova = rig_ring_iova(5), .prot = IOMMU_PROT_RW},
			  &rig.fail),
		0);
	stop(&rig);
	rig_close(&rig);
}

struct broken_case {
	enum model_broken broken;
	int start; /* broken from before it on */
	const char *text;
	int transfer, status; /* broken after it */
	int stop;
};

static void check_broken(const struct broken_case *c)
{
	struct dev_req req = {DEV_WRITE, 0, RIG_IOVA, 8192, 99};
	struct model_rig rig;
	char *mem;

	rig_open(&rig, "nvme", "nvme,scratch=0+64");
	nvme_of(rig.dev)->admin_ms = 30;
	rig_break(&rig, c->broken);
	assert_int_equal(dev_start(rig.dev, &rig.fail), c->start);
	assert_string_equal(c->start ? rig.fail.text : "", c->text);
	assert_int_equal(dev_stop(rig.dev), c->stop);
	rig_close(&rig);

	start(&rig, "scratch=0+64");
	mem = rig.mem.va;
	memset(chip_of(&rig)->media, 0x77, 8192);
	memset(mem, RIG_POISON, 8192);
	rig_break(&rig, c->broken);
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 30), c->transfer);
	if (!c->transfer)
		assert_int_equal(req.status, c->status);
	/* whatever it says: nothing came, or half of it */
	assert_int_equal(mem[0], c->broken == MODEL_BOGUS_LENGTH || c->broken == MODEL_NEVER_READY ? 0x77 : RIG_POISON);
	assert_int_equal(mem[8191], c->broken == MODEL_NEVER_READY ? 0x77 : RIG_POISON);
	nvme_of(rig.dev)->admin_ms = 30;
	assert_int_equal(dev_stop(rig.dev), c->stop);
	assert_int_equal(rig.freed, c->stop ? 0 : rig.rings);
	rig_close(&rig);
}

static void test_broken(void **state)
{
	static const struct broken_case cases[] = {
		{MODEL_NEVER_READY, -ETIMEDOUT, "nvme did not become ready within 500 ms", 0, 0, 0},
		{MODEL_STUCK_BUSY, -ETIMEDOUT, "nvme did not answer when it was asked to identify itself", -ETIMEDOUT,
		 0, 0},
		{MODEL_ERROR_STATUS, -EIO, "nvme refused to identify itself: status 0x4006", 0, -EIO, 0},
		{MODEL_BOGUS_LENGTH, 0, "", 0, 0, 0},
		{MODEL_GONE, -ENODEV, "nvme does not answer: its registers are all ones", -ETIMEDOUT, 0, -EBUSY},
		{MODEL_SILENT_ERROR, -EIO,
		 "nvme ended the command to identify itself well, but its data did not arrive in memory", 0, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_broken(&cases[i]);
}

/* EN must not be cleared before RDY is set: nothing but a reset of the function ends an enable that takes for ever. */
static void test_never_ready(void **state)
{
	struct model_rig rig;
	struct idev_ops without;

	rig_open(&rig, "nvme", "nvme,scratch=0+64");
	rig_break(&rig, MODEL_NEVER_READY);
	assert_int_equal(dev_start(rig.dev, &rig.fail), -ETIMEDOUT);
	assert_int_equal(chip_of(&rig)->asq, 0); /* only such a reset clears it */
	assert_int_equal(dev_stop(rig.dev), 0);
	assert_int_equal(rig.freed, rig.rings);
	rig_close(&rig);

	rig_open(&rig, "nvme", "nvme,scratch=0+64");
	without = *rig.idev->ops;
	without.has_reset = NULL;
	rig.idev->ops = &without;
	rig_break(&rig, MODEL_NEVER_READY);
	assert_int_equal(dev_start(rig.dev, &rig.fail), -ETIMEDOUT);
	assert_true(chip_of(&rig)->cc & NVME_CC_EN);
	assert_int_equal(dev_stop(rig.dev), -EBUSY);
	assert_int_equal(rig.freed, 0);
	assert_false(rig_masters(&rig));
	rig_close(&rig);
}

/* CSTS.RDY stays although CC.EN is gone: a reset of the function is what is left, and does it. */
static void test_stays_ready(void **state)
{
	struct model_rig rig;

	start(&rig, "scratch=0+64");
	many(&rig, 1, 1);
	chip_of(&rig)->stuck_ready = true;
	assert_int_equal(dev_stop(rig.dev), 0);
	assert_int_equal(chip_of(&rig)->csts, 0);
	assert_int_equal(rig.freed, rig.rings);
	rig_close(&rig);
}

static void *waits(void *arg)
{
	struct model_rig *rig = arg;
	struct dev_req req = {DEV_WRITE, 0, RIG_IOVA, 512, 99};

	assert_int_equal(dev_transfer(rig->dev, 1, &req, 1, 60000), -ETIMEDOUT);
	return NULL;
}

/* Threads that wait on other queues leave before what they look at is given back. */
static void test_stop_under_threads(void **state)
{
	struct dev_req req = {DEV_WRITE, 0, RIG_IOVA, 512, 99};
	struct model_rig rig;
	pthread_t thread;
	uint64_t begun;

	start(&rig, "scratch=0+64,queues=2");
	rig_break(&rig, MODEL_STUCK_BUSY);
	begun = clock_ns();
	assert_int_equal(pthread_create(&thread, NULL, waits, &rig), 0);
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 50), -ETIMEDOUT);
	assert_int_equal(dev_stop(rig.dev), 0);
	assert_int_equal(rig.freed, rig.rings);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(clock_ns() - begun < 30000000000);
	rig_close(&rig);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bogus_completions), cmocka_unit_test(test_failed),
		cmocka_unit_test(test_refused),		  cmocka_unit_test(test_broken),
		cmocka_unit_test(test_stays_ready),	  cmocka_unit_test(test_stop_under_threads),
		cmocka_unit_test(test_never_ready),
	};

	msg_set_level(MSG_QUIET);
	return cmocka_run_group_tests_name("nvme_hostile", tests, NULL, NULL);
}
