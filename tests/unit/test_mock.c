/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The backend mock and its driver on a /dev/iommu that is faked: what is asked of it, and each way in which it can be wrong. */
#include "unit.h"

#include <stdio.h>

#include "dev/dev.h"
#include "fake_iommufd.h"
#include "host/host.h"

#define AT UINT64_C(0x2000000)
#define SIZE UINT64_C(0x4000)

static char memory[SIZE] __attribute__((aligned(4096)));
static struct host host;
static struct fail why;

static struct iommu *open_mock(const char *spec, int want)
{
	struct iommu_params params = {.spec = spec, .host = &host};
	struct iommu *iommu = NULL;

	fake.next_id = 0;
	fake.invalidated = 1;
	why = (struct fail){0};
	assert_int_equal(iommu_open(&iommu, &params, &why), want);
	return iommu;
}

static struct iommu *attach(const char *spec, struct iommu_device **idev)
{
	struct iommu_device *unused;
	struct iommu *iommu = open_mock(spec, 0);

	assert_int_equal(iommu_attach(iommu, "mock", idev ? idev : &unused, &why), 0);
	return iommu;
}

static int fresh(void **state)
{
	(void)state;
	fake = (struct fake_iommufd){0};
	return 0;
}

static void map_at(struct iommu *iommu, iova_t iova)
{
	struct iommu_map_req req = {.va = memory, .size = SIZE, .iova = iova, .prot = IOMMU_PROT_RW};

	assert_int_equal(iommu_map(iommu, &req, NULL), 0);
}

static int check(struct iommu *iommu, bool mapped, int pins)
{
	why = (struct fail){0};
	return iommu_check_table(iommu, memory, AT, SIZE, mapped, pins, &why);
}

static void says(const char *part)
{
	if (!strstr(why.text, part) && !strstr(why.hint, part))
		fail_msg("\"%s\" (%s) lacks \"%s\"", why.text, why.hint, part);
}

/* A map and an unmap of the kind @wrong, then: which of the two was found out, and by which words? */
static void found_out(void (*wrong)(void), bool at_map, int err, const char *words)
{
	struct iommu *iommu = attach("mock", NULL);

	wrong();
	map_at(iommu, AT);
	assert_int_equal(check(iommu, true, 1), at_map ? err : 0);
	if (!at_map) {
		assert_int_equal(iommu_unmap(iommu, AT, SIZE, NULL, NULL), 0);
		assert_int_equal(check(iommu, false, 0), err);
	}
	says(words);
	fake.leave_last = false;
	iommu_close(iommu);
	fresh(NULL);
}

static void wrong_misplace(void)
{
	fake.misplace = true;
}

static void wrong_leave(void)
{
	fake.leave_last = true;
}

static void wrong_pins(void)
{
	fake.extra_pins = 1;
}

static void wrong_drops(void)
{
	fake.map_drops = true;
}

static void test_found_out(void **state)
{
	(void)state;
	found_out(wrong_misplace, true, -EILSEQ, "does not lead iova 0x2000000 to the memory that is mapped there");
	found_out(wrong_leave, false, -EILSEQ,
		  "still leads iova 0x2003800 to memory that was unmapped (1 of 8 entries");
	found_out(wrong_pins, true, -EUCLEAN, "the pins of the page at offset 0x0 of the memory are 2, not 1");
	found_out(wrong_drops, true, -EILSEQ, "entry 1 of the IOTLB");
	says("after a map in its parent");
}

/* Each entry by itself: missing, and left behind. */
static void test_every_entry(void **state)
{
	struct iommu *iommu = attach("mock", NULL);
	char where[64];

	(void)state;
	for (uint64_t at = 0; at < SIZE; at += FAKE_UNIT) {
		snprintf(where, sizeof(where), "iova 0x%llx ", (unsigned long long)(AT + at));
		map_at(iommu, AT);
		assert_int_equal(check(iommu, true, 1), 0);
		fake_drop(fake.ioas_of[fake.attached], AT + at);
		assert_int_equal(check(iommu, true, -1), -EILSEQ);
		says(where);
		assert_int_equal(iommu_unmap(iommu, AT, SIZE, NULL, NULL), 0);
		assert_int_equal(check(iommu, false, 0), 0);
		fake.entries[fake.nr++] =
			(struct fake_entry){fake.ioas_of[fake.attached], AT + at, (uintptr_t)memory + at};
		assert_int_equal(check(iommu, false, -1), -EILSEQ);
		says(where);
		fake_drop(fake.ioas_of[fake.attached], AT + at);
	}
	iommu_close(iommu);
}

static void test_pins(void **state)
{
	struct iommu *iommu = attach("mock", NULL);

	(void)state;
	map_at(iommu, AT);
	assert_int_equal(check(iommu, true, 1), 0);
	map_at(iommu, AT + MiB(1));
	assert_int_equal(check(iommu, true, 1), -EUCLEAN);
	says("are 2, not 1");
	assert_int_equal(check(iommu, true, 2), 0);
	assert_int_equal(check(iommu, true, 3), -EUCLEAN);
	assert_int_equal(check(iommu, true, -1), 0);
	assert_int_equal(iommu_unmap(iommu, AT, SIZE, NULL, NULL), 0);
	assert_int_equal(check(iommu, false, 0), -EUCLEAN);
	assert_int_equal(check(iommu, false, 1), 0);
	iommu_close(iommu);
}

/* Every 16th unmap invalidates one entry, the fifth time all of a new table: 80 of them come round. */
static void unmaps(struct iommu *iommu, unsigned int n, int last)
{
	for (unsigned int i = 1; i <= n; i++)
		assert_int_equal(check(iommu, false, 0), i == n ? last : 0);
}

static void test_invalidation(void **state)
{
	struct iommu *iommu = attach("mock", NULL);
	uint32_t first = fake.nested;

	(void)state;
	unmaps(iommu, 16, 0);
	assert_int_not_equal(fake.nested, first);
	assert_int_equal(fake.iotlb[0], 0);
	assert_int_not_equal(fake.iotlb[1], 0);
	unmaps(iommu, 48, 0);
	for (unsigned int i = 0; i < IC_MOCK_IOTLB_ENTRIES; i++)
		assert_int_equal(fake.iotlb[i], 0);
	unmaps(iommu, 16, 0);
	fake.keep_entry = true;
	unmaps(iommu, 16, -EILSEQ);
	says("does not hold 0x0 after an invalidation");
	iommu_close(iommu);
	fresh(NULL);
	iommu = attach("mock", NULL);
	fake.drop_all = true;
	unmaps(iommu, 16, -EILSEQ);
	says("entry 1 of the IOTLB");
	iommu_close(iommu);
	fresh(NULL);
	iommu = attach("mock", NULL);
	fake.invalidated = 0;
	unmaps(iommu, 16, -EILSEQ);
	says("handled 0");
	iommu_close(iommu);
}

/* What cannot be asked is not answered. */
static void test_not_asked(void **state)
{
	struct iommu *iommu = attach("mock", NULL);

	(void)state;
	assert_int_equal(iommu_check_table(iommu, memory + 1, AT, SIZE, true, -1, &why), -EDOM);
	assert_int_equal(iommu_check_table(iommu, memory, AT, SIZE + 1024, true, -1, &why), -EDOM);
	assert_int_equal(iommu_check_table(iommu, memory, AT, 0, true, -1, &why), -EDOM);
	fake.ioas_of[fake.attached] = 0;
	assert_int_equal(check(iommu, true, -1), -ENOENT);
	assert_int_equal(check(iommu, false, -1), -ENOENT);
	iommu_close(iommu);
}

/* Kernels that have less: without a table that can be a parent the automatic one is asked, and goes unasked once it is gone. */
static void test_older(void **state)
{
	struct iommu *iommu;

	(void)state;
	fake.no_parent = true;
	iommu = attach("mock", NULL);
	map_at(iommu, AT);
	assert_int_equal(check(iommu, true, 1), 0);
	assert_int_equal(check(iommu, false, 1), -EILSEQ);
	fake.ioas_of[fake.attached] = 0;
	assert_int_equal(check(iommu, true, 1), -ENODATA);
	iommu_close(iommu);
	fresh(NULL);
	fake.no_nested = true;
	iommu = attach("mock", NULL);
	unmaps(iommu, 40, 0);
	iommu_close(iommu);
}

static void test_open(void **state)
{
	struct iommu_device *idev;
	struct iommu *iommu;

	(void)state;
	fake.absent = true;
	open_mock("mock", -ENOENT);
	says("CONFIG_IOMMUFD_TEST");
	fake.absent = false;
	fake.no_test = true;
	open_mock("mock", -ENODEV);
	says("this kernel's iommufd has no mock device");
	fake.no_test = false;
	open_mock("mock,dirty=1", -EINVAL);
	says("no option 'dirty=1'");
	iommu = attach("mock,no-dirty,pasid", NULL);
	assert_int_equal(fake.dev_flags, IC_MOCK_DEVICE_NO_DIRTY | IC_MOCK_DEVICE_PASID);
	iommu_close(iommu);
	fresh(NULL);
	fake.no_flags = true;
	iommu = open_mock("mock,pasid", 0);
	assert_int_equal(iommu_attach(iommu, "mock", &idev, &why), -EOPNOTSUPP);
	says("does not know the options");
	assert_int_equal(iommu_attach(iommu, "0000:00:04.0", &idev, &why), -ENOENT);
	iommu_close(iommu);
}

/* The end: nested before its parent, the device before the table it is attached to, the space last. */
static void test_close(void **state)
{
	struct iommu *iommu = attach("mock", NULL);
	uint32_t nested = fake.nested, parent = fake.attached;

	(void)state;
	assert_true(iommu_caps(iommu)->bypasses_table && iommu_caps(iommu)->checks_table);
	assert_false(iommu_caps(iommu)->simulated);
	assert_int_equal(iommu_caps(iommu)->page_sizes, FAKE_UNIT);
	iommu_close(iommu);
	assert_int_equal(fake.nr_destroyed, 4);
	assert_int_equal(fake.destroyed[1], nested);
	assert_int_equal(fake.destroyed[2], parent);
	assert_int_equal(fake.destroyed[3], 1);
}

/* Another space: its own automatic table is asked, and the access goes along. */
static void test_spaces(void **state)
{
	struct iommu_device *idev;
	struct idev_access *access;
	struct iommu *iommu = attach("mock", &idev), *other;
	uint32_t first = fake.attached;

	(void)state;
	assert_int_equal(idev_access_open(idev, &access, &why), 0);
	assert_int_equal(fake.access_ioas, iommu_space_id(iommu));
	assert_int_equal(iommu_space_new(iommu, &other, &why), 0);
	assert_int_equal(check(other, false, 0), -ENODATA);
	assert_int_equal(iommu_device_attach(idev, iommu_space_id(other), IOMMU_NO_PASID, &why), 0);
	assert_int_equal(fake.access_ioas, iommu_space_id(other));
	map_at(other, AT);
	assert_int_equal(check(other, true, 1), 0);
	assert_int_equal(check(iommu, true, 1), -EILSEQ);
	/* back to a page table, not to a space */
	assert_int_equal(iommu_device_attach(idev, first, IOMMU_NO_PASID, &why), 0);
	assert_int_equal(fake.access_ioas, iommu_space_id(iommu));
	idev_access_close(access);
	iommu_close(other);
	iommu_close(iommu);
}

/* Where an access cannot go along the device stays where it was, and all of its accesses with it. */
static void test_half_way(void **state)
{
	struct idev_access *first, *second;
	struct iommu_device *idev;
	struct iommu *iommu = attach("mock", &idev), *other;
	uint32_t before = fake.attached;

	(void)state;
	assert_int_equal(idev_access_open(idev, &first, &why), 0);
	assert_int_equal(idev_access_open(idev, &second, &why), 0);
	assert_int_equal(iommu_space_new(iommu, &other, &why), 0);
	fake.access_fails = 2;
	assert_int_equal(iommu_device_attach(idev, iommu_space_id(other), IOMMU_NO_PASID, &why), -ENOMEM);
	assert_int_equal(fake.attached, before);
	assert_int_equal(fake.access_moves, 3); /* there, not there, back */
	for (unsigned int i = 0; i < fake.nr_accesses; i++)
		assert_int_equal(fake.accesses[i].ioas, iommu_space_id(iommu));
	map_at(iommu, AT);
	assert_int_equal(check(iommu, true, 1), 0);
	assert_int_equal(iommu_unmap(iommu, AT, SIZE, NULL, NULL), 0);
	assert_int_equal(iommu_device_attach(idev, iommu_space_id(other), IOMMU_NO_PASID, &why), 0);
	for (unsigned int i = 0; i < fake.nr_accesses; i++)
		assert_int_equal(fake.accesses[i].ioas, iommu_space_id(other));
	idev_access_close(second);
	idev_access_close(first);
	iommu_close(other);
	iommu_close(iommu);
}

static void test_pasids(void **state)
{
	struct iommu_device *idev;
	struct iommu *iommu = attach("mock,pasid", &idev);

	(void)state;
	assert_int_equal(iommu_device_attach(idev, iommu_space_id(iommu), 7, &why), 0);
	assert_int_equal(fake.pasid_op, IC_MOCK_OP_PASID_ATTACH);
	assert_int_equal(iommu_device_attach(idev, iommu_space_id(iommu), 7, &why), 0);
	assert_int_equal(fake.pasid_op, IC_MOCK_OP_PASID_REPLACE);
	assert_int_equal(iommu_device_detach(idev, 8, &why), -ENOENT);
	assert_int_equal(iommu_device_detach(idev, IOMMU_NO_PASID, &why), -EOPNOTSUPP);
	assert_int_equal(iommu_device_detach(idev, 7, &why), 0);
	assert_int_equal(fake.pasid_op, IC_MOCK_OP_PASID_DETACH);
	assert_int_equal(fake.pasid, 7);
	iommu_close(iommu);
}

static const struct {
	int answer, status;
} statuses[] = {{0, 0}, {-ENOENT, -EFAULT}, {-EPERM, -EFAULT}, {-EFAULT, -EFAULT}, {-EBADFD, -EIO}};

static void driver_run(const char *spec, uint32_t more)
{
	struct dev_req req[] = {{DEV_READ, AT, 64, 128, 1}, {DEV_WRITE, 64, AT + SIZE, 256, 1}};
	struct iommu_device *idev;
	struct iommu *iommu = attach("mock", &idev);
	struct dev_env env = {0};
	uint64_t buffer;
	struct dev *dev;

	assert_int_equal(dev_open(&dev, idev, spec, &env, &why), 0);
	assert_string_equal(dev_name(dev), "mock");
	assert_int_equal(dev_start(dev, &why), 0);
	assert_int_equal(dev_transfer(dev, 1, req, 1, 1000), 0);
	assert_int_equal(fake.rw.access_rw.iova, AT);
	assert_int_equal(fake.rw.access_rw.length, 128);
	assert_int_equal(fake.rw.access_rw.flags, more);
	buffer = fake.rw.access_rw.uptr;
	assert_int_equal(dev_transfer(dev, 1, req + 1, 1, 1000), 0);
	assert_int_equal(fake.rw.access_rw.iova, AT + SIZE);
	assert_int_equal(fake.rw.access_rw.flags, more | IC_MOCK_RW_WRITE);
	assert_int_equal(fake.rw.access_rw.uptr, buffer);
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		fake.rw_err = statuses[i].answer;
		assert_int_equal(dev_transfer(dev, 0, req, 1, 1000), 0);
		assert_int_equal(req[0].status, statuses[i].status);
	}
	/* no memory is no answer of the device's */
	fake.rw_err = -ENOMEM;
	assert_int_equal(dev_transfer(dev, 0, req, 1, 1000), -ENOMEM);
	fake.rw_err = 0;
	assert_int_equal(dev_transfer(dev, 0, req, 1, 1000), 0);
	assert_int_equal(dev_stop(dev), 0);
	assert_int_equal(dev_transfer(dev, 0, req, 1, 1000), -ENODEV);
	dev_close(dev);
	iommu_close(iommu);
}

static void test_driver(void **state)
{
	struct iommu_device *idev;
	struct iommu *iommu;
	struct dev *dev;

	(void)state;
	driver_run(NULL, 0);
	fresh(NULL);
	driver_run("mock,slow-path", IC_MOCK_RW_SLOW_PATH);
	fresh(NULL);
	iommu = attach("mock", &idev);
	assert_int_equal(dev_open(&dev, idev, "mock,fast", &(struct dev_env){0}, &why), -EINVAL);
	says("slow-path");
	iommu_close(iommu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_found_out, fresh), cmocka_unit_test_setup(test_every_entry, fresh),
		cmocka_unit_test_setup(test_pins, fresh),      cmocka_unit_test_setup(test_invalidation, fresh),
		cmocka_unit_test_setup(test_not_asked, fresh), cmocka_unit_test_setup(test_older, fresh),
		cmocka_unit_test_setup(test_open, fresh),      cmocka_unit_test_setup(test_close, fresh),
		cmocka_unit_test_setup(test_spaces, fresh),    cmocka_unit_test_setup(test_pasids, fresh),
		cmocka_unit_test_setup(test_half_way, fresh),  cmocka_unit_test_setup(test_driver, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
