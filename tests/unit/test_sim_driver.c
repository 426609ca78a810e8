/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver of the simulated device through the public verbs of dev/: options, limits, directions, statuses. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/rng.h"
#include "dev/dev.h"
#include "iommu/iommu.h"
#include "iommu/sim/sim.h"

#define IOVA UINT64_C(0x100000)
#define SIZE (UINT64_C(4) << 20)

struct rig {
	struct iommu *iommu;
	struct iommu_device *idev;
	struct dev *dev;
	struct iommu_mem mem;
};

static const struct dev_env env;

static void rig_open(struct rig *rig, const char *spec)
{
	struct iommu_params params = {.spec = "sim", .seed = 1};
	struct fail f = {0};
	struct iommu_map_req req = {.size = SIZE, .iova = IOVA, .prot = IOMMU_PROT_RW};

	assert_int_equal(iommu_open(&rig->iommu, &params, &f), 0);
	assert_int_equal(iommu_attach(rig->iommu, "sim", &rig->idev, &f), 0);
	assert_int_equal(iommu_mem_alloc(rig->iommu, SIZE, IOMMU_MEM_ANON, &rig->mem, &f), 0);
	req.va = rig->mem.va;
	assert_int_equal(iommu_map(rig->iommu, &req, &f), 0);
	assert_int_equal(dev_open(&rig->dev, rig->idev, spec, &env, &f), 0);
	assert_int_equal(dev_start(rig->dev, &f), 0);
}

static void rig_close(struct rig *rig)
{
	assert_int_equal(dev_stop(rig->dev), 0);
	dev_close(rig->dev);
	iommu_mem_free(rig->iommu, &rig->mem);
	iommu_close(rig->iommu);
}

static void test_match(void **state)
{
	struct rig rig;

	rig_open(&rig, NULL);
	assert_string_equal(dev_name(rig.dev), "sim");
	assert_int_equal(dev_limits(rig.dev)->queues, SIM_QUEUES);
	assert_true(dev_limits(rig.dev)->reports_faults);
	assert_int_equal(dev_limits(rig.dev)->dirs, DEV_READ | DEV_WRITE | DEV_COPY);
	rig_close(&rig);
}

/* Both ways of getting data across, over the device's own buffer's size. */
static void test_roundtrip(void **state)
{
	static const char *const specs[] = {"sim", "sim,dirs=rw", "sim,dirs=copy"};

	for (unsigned int i = 0; i < ARRAY_SIZE(specs); i++) {
		const uint64_t len = (UINT64_C(3) << 19) + 12345;
		struct rig rig;
		char *va;
		int status = 1;

		rig_open(&rig, specs[i]);
		va = rig.mem.va;
		for (uint64_t k = 0; k < len; k++)
			va[k] = (char)rng_draw(i, k / 64, 0);
		assert_int_equal(dev_roundtrip(rig.dev, i, IOVA, IOVA + SIZE / 2, len, &status), 0);
		assert_int_equal(status, 0);
		assert_memory_equal(va, va + SIZE / 2, len);
		assert_int_equal(va[SIZE / 2 + len], 0);
		rig_close(&rig);
	}
}

static void test_one_way(void **state)
{
	struct dev_req req = {.dir = DEV_WRITE, .src = 0, .dst = IOVA, .len = 64};
	struct rig rig;
	int status;

	rig_open(&rig, "sim,dirs=write");
	memset(rig.mem.va, 0x11, 128);
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 1000), 0);
	assert_int_equal(req.status, 0);
	assert_int_equal(((char *)rig.mem.va)[63], 0);
	assert_int_equal(((char *)rig.mem.va)[64], 0x11);
	assert_int_equal(dev_roundtrip(rig.dev, 0, IOVA, IOVA + 4096, 64, &status), -EOPNOTSUPP);
	req.dir = DEV_READ;
	assert_true(dev_transfer(rig.dev, 0, &req, 1, 1000) < 0);
	rig_close(&rig);
}

static void test_fault_status(void **state)
{
	struct dev_req reqs[] = {
		{.dir = DEV_COPY, .src = IOVA, .dst = IOVA + 4096, .len = 64},
		{.dir = DEV_COPY, .src = IOVA + SIZE, .dst = IOVA + 4096, .len = 64},
		{.dir = DEV_COPY, .src = IOVA, .dst = IOVA + 8192, .len = 64},
	};
	struct rig rig;

	rig_open(&rig, "sim");
	assert_int_equal(dev_transfer(rig.dev, 7, reqs, 3, 1000), 0);
	assert_int_equal(reqs[0].status, 0);
	assert_int_equal(reqs[1].status, -EFAULT);
	assert_int_equal(reqs[2].status, 0);
	rig_close(&rig);
}

static void test_mask(void **state)
{
	struct dev_req req = {.dir = DEV_COPY, .src = IOVA, .dst = UINT64_C(1) << 32, .len = 64};
	struct rig rig;

	rig_open(&rig, "sim,mask=32");
	assert_int_equal(dev_limits(rig.dev)->max_iova, UINT32_MAX);
	assert_true(dev_transfer(rig.dev, 0, &req, 1, 1000) < 0);
	rig_close(&rig);
}

static void test_bad_options(void **state)
{
	static const char *const bad[] = {"sim,dirs=up", "sim,dirs",   "sim,mask=64",
					  "sim,mask=0",	 "sim,mask=x", "sim,speed=9"};
	struct rig rig;
	struct dev *dev;

	rig_open(&rig, "sim");
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fail f = {0};

		if (dev_open(&dev, rig.idev, bad[i], &env, &f) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
		assert_true(f.text[0]);
	}
	rig_close(&rig);
}

struct sharer {
	struct rig *rig;
	uint64_t at;
	unsigned int wrong;
};

static void *share_queue(void *arg)
{
	struct sharer *s = arg;
	char *va = (char *)s->rig->mem.va + s->at;
	int status;

	for (unsigned int i = 0; i < 500; i++) {
		memset(va, (int)(i + s->at / 65536), 4096);
		s->wrong += dev_roundtrip(s->rig->dev, 1, IOVA + s->at, IOVA + s->at + 4096, 4096, &status) || status;
		s->wrong += memcmp(va, va + 4096, 4096) != 0;
	}
	return NULL;
}

/* More threads than queues: they take turns and get their own data. */
static void test_shared_queue(void **state)
{
	struct sharer s[3];
	pthread_t thread[3];
	struct rig rig;

	rig_open(&rig, "sim");
	for (unsigned int i = 0; i < 3; i++) {
		s[i] = (struct sharer){&rig, i * 65536, 0};
		assert_int_equal(pthread_create(&thread[i], NULL, share_queue, &s[i]), 0);
	}
	for (unsigned int i = 0; i < 3; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(s[i].wrong, 0);
	}
	rig_close(&rig);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),	     cmocka_unit_test(test_roundtrip),
		cmocka_unit_test(test_one_way),	     cmocka_unit_test(test_fault_status),
		cmocka_unit_test(test_mask),	     cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_shared_queue),
	};

	return cmocka_run_group_tests_name("sim_driver", tests, NULL, NULL);
}
