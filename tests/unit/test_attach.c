/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/session/attach on the simulated IOMMU: what holds in a space that the device is moved to, also where a step fails. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/op/object.h"
#include "core/op/op.h"
#include "core/op/replace.h"
#include "core/op/space.h"
#include "core/session/named.h"
#include "core/session/priv.h"
#include "dev/driver.h"
#include "iommu/backend.h"
#include "iommu/ledger.h"

static struct host host;
static struct fail why;

/* The simulated backend's tables, with what a test makes of them. */
static struct iommu_ops ops;
static struct iommu_object_ops objects;
static int refresh_err, attaches_left;
static uint64_t moved_by;
static int (*real_attach)(struct iommu_device *idev, uint32_t pt_id, uint32_t pasid);
static int (*real_phys)(struct iommu *iommu, const void *va, uint64_t *phys);

static int sometimes_refresh(struct iommu *iommu)
{
	return refresh_err;
}

static int sometimes_attach(struct iommu_device *idev, uint32_t pt_id, uint32_t pasid)
{
	return attaches_left && !--attaches_left ? -ENOMEM : real_attach(idev, pt_id, pasid);
}

static int moved_phys(struct iommu *iommu, const void *va, uint64_t *phys)
{
	int err = real_phys(iommu, va, phys);

	*phys += moved_by;
	return err;
}

static int submit_no_memory(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n)
{
	return -ENOMEM;
}

static struct session *open_session(const char *driver)
{
	struct session_params p = {.backend = "sim,personality=iommufd", .driver = driver, .seed = 5};
	struct session *s = NULL;

	refresh_err = attaches_left = 0;
	moved_by = 0;
	why = (struct fail){0};
	if (session_open(&s, &p, &host, &why))
		fail_msg("%s", why.text);
	ops = *s->iommu->ops;
	objects = *ops.objects;
	real_attach = objects.device_attach;
	real_phys = ops.phys;
	objects.device_attach = sometimes_attach;
	objects.space_refresh = sometimes_refresh;
	ops.phys = moved_phys;
	ops.objects = &objects;
	s->iommu->ops = &ops;
	return s;
}

static struct named *new_space(struct session *s, const char *name)
{
	struct named *n = NULL;

	assert_int_equal(op_space_new(s, name, &n, &why), 0);
	return n;
}

/* No step between the move and the canary may fail and leave the device with the right to go on. */
static void test_no_canary_no_dma(void **state)
{
	struct session *s = open_session(NULL);
	struct named *b = new_space(s, "b");

	assert_int_equal(session_dma_start(s, &why), 0);
	assert_true(session_canary_passed(s));
	refresh_err = -ENOMEM;
	assert_int_equal(session_attach(s, b->id, b->space, &why), -ENOMEM);
	assert_ptr_equal(session_attached(s), b->space);
	assert_false(session_canary_passed(s));
	assert_false(s->started);
	refresh_err = 0;
	assert_int_equal(session_dma_start(s, &why), 0);
	assert_true(session_canary_passed(s));
	assert_int_equal(session_close(s, &why), 0);
}

/* A page that moved while its space was emptied has another physical address now: the canary would hit a stranger's. */
static void moved(bool in_main)
{
	struct session *s = open_session(NULL);
	struct named *b = new_space(s, "b");
	uint64_t mapped, unmapped;

	assert_int_equal(session_dma_start(s, &why), 0);
	if (!in_main)
		assert_int_equal(session_attach(s, b->id, b->space, &why), 0);
	assert_int_equal(session_unmap_all(s, in_main ? s->iommu : b->space, &mapped, &unmapped, &why), 0);
	assert_int_equal(session_canary(s, &why), 0);
	moved_by = 4096;
	assert_int_equal(session_unmap_all(s, in_main ? s->iommu : b->space, &mapped, &unmapped, &why), -ESTALE);
	assert_non_null(strstr(why.text, "moved"));
	moved_by = 0;
	assert_true(session_is_forbidden(s));
	assert_int_equal(session_dma_start(s, &why), -ESTALE);
	assert_int_equal(session_close(s, &why), 0);
}

static void test_moved(void **state)
{
	moved(true);
	moved(false);
}

static int copy_kernel(struct session *s, bool unchecked, iova_t *iova)
{
	struct op_copy copy = {.src = "a", .to = "b", .where = OP_IOVA_KERNEL, .prot = IOMMU_PROT_RW};
	struct failures found;
	int err;

	failures_init(&found);
	copy.unchecked = unchecked;
	err = op_space_copy(s, &copy, &found, &why);
	assert_int_equal(found.total, 0);
	*iova = copy.iova;
	return err;
}

/* A kernel knows nothing of what the safety rules keep free: it is told, and what it answers all the same is undone. */
static void test_copy_choice(void **state)
{
	struct session *s = open_session(NULL);
	struct iova_range window = {0, MiB(64) - 1}, everywhere = {MiB(1), MiB(128)};
	struct op_map map = {.buf = "a", .size = 8192, .where = OP_IOVA_RANDOM, .prot = IOMMU_PROT_RW};
	struct named *b = new_space(s, "b");
	struct failures found;
	iova_t iova;

	failures_init(&found);
	space_exclude(&s->space, window);
	space_exclude(&s->reach, window);
	assert_int_equal(op_map(s, &map, NULL, &found, &why), 0);
	assert_int_equal(copy_kernel(s, false, &iova), 0);
	assert_in_range(iova, window.last + 1, UINT64_MAX);
	assert_int_equal(op_space_allow(s, "b", &everywhere, 1, &why), 0);
	assert_int_equal(copy_kernel(s, false, &iova), -ERANGE);
	assert_non_null(strstr(why.text, "the kernel chose"));
	assert_int_equal(ledger_count(iommu_ledger(b->space)), 1);
	assert_int_equal(copy_kernel(s, true, &iova), 0);
	assert_in_range(iova, MiB(1), window.last);
	assert_int_equal(session_close(s, &why), 0);
}

/* Where the way back fails it is known where the device is. */
static void test_replace_back(void **state)
{
	struct session *s = open_session(NULL);
	struct replace_params p = {.a = "main", .b = "b", .rounds = 1, .size = 4096};
	struct named *b = new_space(s, "b");
	struct replace_result res;
	struct failures found;

	failures_init(&found);
	attaches_left = 3; /* to begin with, the one round, back */
	assert_int_equal(replace_run(s, &p, &res, &found, &why), -ENOMEM);
	assert_int_equal(res.rounds, 1);
	assert_ptr_equal(session_attached(s), b->space);
	assert_int_equal(session_attach(s, iommu_space_id(s->iommu), s->iommu, &why), 0);
	assert_ptr_equal(session_attached(s), s->iommu);
	assert_int_equal(replace_run(s, &p, &res, &found, &why), 0);
	assert_ptr_equal(session_attached(s), s->iommu);
	assert_int_equal(found.total, 0);
	assert_int_equal(session_close(s, &why), 0);
}

/* A canary that could not be started has not failed: nothing is proven, and nothing forbidden. */
static void test_detached_not_started(void **state)
{
	struct session *s = open_session(NULL);
	struct dev_ops no_memory;
	const struct dev_ops *real;
	bool reached = true;

	assert_int_equal(session_dma_start(s, &why), 0);
	real = s->dev->ops;
	no_memory = *real;
	no_memory.submit = submit_no_memory;
	assert_int_equal(session_detach(s, &why), 0);
	s->dev->ops = &no_memory;
	assert_int_equal(session_ask_detached(s, &reached, &why), -ENOMEM);
	assert_non_null(strstr(why.text, "could not be started"));
	assert_false(reached);
	assert_false(session_is_forbidden(s));
	assert_false(session_canary_passed(s));
	s->dev->ops = real;
	assert_int_equal(session_ask_detached(s, &reached, &why), 0);
	assert_false(reached);
	assert_true(session_canary_passed(s));
	assert_int_equal(session_close(s, &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_canary_no_dma),     cmocka_unit_test(test_moved),
		cmocka_unit_test(test_copy_choice),	     cmocka_unit_test(test_replace_back),
		cmocka_unit_test(test_detached_not_started),
	};

	return cmocka_run_group_tests_name("attach", tests, NULL, NULL);
}
