/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommu/mig_vfio: what is asked of the kernel and what becomes of its answers, on a device whose ioctls are faked. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "iommu/vfio.h"

#define FAKE_FD 4711
#define INFO_BYTES 256

static struct {
	int feature_err; /* of every feature */
	uint32_t state;
	int32_t data_fd;
	int reset_err;
	unsigned int resets, regions;
	unsigned char info[12][INFO_BYTES]; /* by region: what follows the fixed part too */
	uint32_t info_len[12];
	int info_err[12];
	uint32_t precopy_argsz;
} fake;

static int fake_feature(struct ic_vfio_feature *head)
{
	uint32_t nr = head->flags & 0xffff;
	bool set = head->flags & IC_VFIO_FEATURE_SET;

	if (fake.feature_err)
		return fake.feature_err;
	if (nr == IC_VFIO_FEATURE_MIGRATION && !set) {
		assert_int_equal(head->argsz, sizeof(struct ic_vfio_feature_migration));
		((struct ic_vfio_feature_migration *)(void *)head)->flags = MIG_FLAG_STOP_COPY | MIG_FLAG_P2P;
		return 0;
	}
	if (nr == IC_VFIO_FEATURE_MIG_STATE) {
		struct ic_vfio_feature_mig_state *arg = (void *)head;

		assert_int_equal(head->argsz, sizeof(*arg));
		if (!set) {
			arg->device_state = fake.state;
			arg->data_fd = -1;
			return 0;
		}
		if (arg->device_state >= MIG_STATES)
			return -EINVAL;
		fake.state = arg->device_state;
		arg->data_fd = fake.data_fd;
		return 0;
	}
	if (nr == IC_VFIO_FEATURE_MIG_DATA_SIZE && !set) {
		((struct ic_vfio_feature_mig_data_size *)(void *)head)->stop_copy_length = UINT64_C(0x123456789);
		return 0;
	}
	return -ENOTTY;
}

static int fake_region(struct ic_vfio_region_info *info)
{
	uint32_t n = info->index, argsz = info->argsz;

	if (n >= fake.regions)
		return -EINVAL;
	if (fake.info_err[n])
		return fake.info_err[n];
	memcpy(info, fake.info[n], sizeof(*info) < argsz ? MIN(argsz, fake.info_len[n]) : sizeof(*info));
	info->argsz = fake.info_len[n];
	info->index = n;
	/* as the kernel: too small for the capabilities, and they are not told where they are */
	if (argsz < fake.info_len[n])
		info->cap_offset = 0;
	return 0;
}

int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	int ret = -ENOTTY;

	if (request == IC_VFIO_MIG_GET_PRECOPY_INFO) {
		struct ic_vfio_precopy_info *info = arg;

		fake.precopy_argsz = info->argsz;
		info->initial_bytes = 17;
		info->dirty_bytes = 4;
		return 0;
	}
	if (fd != FAKE_FD)
		return __real_ioctl(fd, request, arg);
	if (request == IC_VFIO_DEVICE_FEATURE)
		ret = fake_feature(arg);
	if (request == IC_VFIO_DEVICE_GET_REGION_INFO)
		ret = fake_region(arg);
	if (request == IC_VFIO_DEVICE_RESET) {
		fake.resets++;
		ret = fake.reset_err;
	}
	if (request == IC_VFIO_DEVICE_GET_INFO) {
		((struct ic_vfio_device_info *)arg)->num_regions = fake.regions;
		ret = 0;
	}
	if (ret < 0) {
		errno = -ret;
		return -1;
	}
	return ret;
}

static unsigned int other_resets;

static int fake_fd(const struct iommu_device *idev)
{
	return FAKE_FD;
}

static int fake_reset(struct iommu_device *idev)
{
	other_resets++;
	return 0;
}

static const struct idev_ops fake_ops = {.vfio_fd = fake_fd, .reset = fake_reset, .migration = &vfio_mig_ops};
static struct iommu_device device = {.ops = &fake_ops};

static int fresh(void **state)
{
	memset(&fake, 0, sizeof(fake));
	fake.state = MIG_RUNNING;
	fake.data_fd = -1;
	fake.regions = 9;
	for (unsigned int i = 0; i < 12; i++)
		fake.info_len[i] = sizeof(struct ic_vfio_region_info);
	other_resets = 0;
	return 0;
}

/* Region @n gets a capability @id with two words, behind @pad bytes; its link goes to @next. */
static void add_cap(unsigned int n, uint32_t at, uint16_t id, uint32_t next, uint32_t a, uint32_t b)
{
	struct ic_vfio_region_info *info = (void *)fake.info[n];
	struct ic_vfio_cap_header head = {.id = id, .version = 1, .next = next};
	uint32_t body[2] = {a, b};

	info->flags |= IC_VFIO_REGION_CAPS;
	if (!info->cap_offset)
		info->cap_offset = at;
	memcpy(fake.info[n] + at, &head, sizeof(head));
	memcpy(fake.info[n] + at + sizeof(head), body, sizeof(body));
	fake.info_len[n] = MAX(fake.info_len[n], at + 16);
}

static void test_states(void **state)
{
	struct mig_stream s;
	uint64_t flags, bytes;
	uint32_t raw;

	assert_int_equal(mig_flags(&device, &flags), 0);
	assert_int_equal(flags, 3);
	assert_int_equal(mig_get_state(&device, &raw), 0);
	assert_int_equal(raw, MIG_RUNNING);
	assert_int_equal(mig_set_state(&device, MIG_STOP, &s), 0);
	assert_true(s.fd == -1 && !s.priv);
	assert_int_equal(fake.state, MIG_STOP);
	assert_int_equal(mig_set_state(&device, UINT32_MAX, &s), -EINVAL);
	assert_int_equal(mig_data_size(&device, &bytes), 0);
	assert_int_equal(bytes, UINT64_C(0x123456789));
	fake.feature_err = -ENOTTY;
	assert_int_equal(mig_flags(&device, &flags), -ENOTTY);
	assert_int_equal(flags, 0);
	assert_int_equal(mig_get_state(&device, &raw), -ENOTTY);
	assert_int_equal(mig_data_size(&device, &bytes), -ENOTTY);
	assert_int_equal(bytes, 0);
}

/* A stream is a descriptor that does not block, and is closed once. */
static void test_stream(void **state)
{
	struct mig_precopy info;
	struct mig_stream s;
	char buf[8];
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fake.data_fd = fds[0];
	assert_int_equal(mig_set_state(&device, MIG_STOP_COPY, &s), 0);
	assert_int_equal(s.fd, fds[0]);
	assert_true(fcntl(s.fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(mig_read(&device, &s, buf, sizeof(buf)), -EAGAIN);
	assert_int_equal(write(fds[1], "abc", 3), 3);
	assert_int_equal(mig_read(&device, &s, buf, sizeof(buf)), 3);
	assert_int_equal(mig_precopy_info(&device, &s, &info), 0);
	assert_true(info.initial_bytes == 17 && info.dirty_bytes == 4);
	assert_int_equal(fake.precopy_argsz, 24);
	close(fds[1]);
	assert_int_equal(mig_read(&device, &s, buf, sizeof(buf)), 0);
	assert_int_equal(mig_write(&device, &s, "x", 1), -EBADF);
	mig_close(&device, &s);
	assert_true(s.fd == -1 && fcntl(fds[0], F_GETFD) == -1);
	mig_close(&device, &s);
}

/* The ioctl is tried whatever the device's flags say; what has none is reset by other means. */
static void test_reset(void **state)
{
	assert_int_equal(mig_reset(&device), 0);
	assert_true(fake.resets == 1 && other_resets == 0);
	fake.reset_err = -EINVAL;
	assert_int_equal(mig_reset(&device), 0);
	assert_true(fake.resets == 2 && other_resets == 1);
	fake.reset_err = -EIO;
	assert_int_equal(mig_reset(&device), -EIO);
	assert_int_equal(other_resets, 1);
}

static void test_v1(void **state)
{
	bool has = true;

	assert_int_equal(mig_has_v1_region(&device, &has), 0);
	assert_false(has);
	/* another driver's region, with another capability before the type */
	fake.regions = 11;
	add_cap(9, 32, 1, 48, 0, 0);
	add_cap(9, 48, IC_VFIO_CAP_TYPE, 0, 0x80008086, 1);
	assert_int_equal(mig_has_v1_region(&device, &has), 0);
	assert_false(has);
	add_cap(10, 32, 1, 48, 0, 0);
	add_cap(10, 48, IC_VFIO_CAP_TYPE, 0, 3, 2);
	assert_int_equal(mig_has_v1_region(&device, &has), 0);
	assert_false(has);
	add_cap(10, 48, IC_VFIO_CAP_TYPE, 0, 3, 1);
	assert_int_equal(mig_has_v1_region(&device, &has), 0);
	assert_true(has);
	/* regions that cannot be asked are not there */
	fake.info_err[0] = fake.info_err[9] = -EINVAL;
	assert_int_equal(mig_has_v1_region(&device, &has), 0);
	assert_true(has);
	fake.regions = 0;
	assert_int_equal(mig_has_v1_region(&device, &has), 0);
	assert_false(has);
	fake.regions = UINT32_MAX;
	assert_int_equal(mig_has_v1_region(&device, &has), 0);
	assert_true(has);
}

static void test_v1_malformed(void **state)
{
	struct ic_vfio_region_info *info = (void *)fake.info[9];
	bool has;

	fake.regions = 10;
	/* a circle that never comes to a type */
	add_cap(9, 32, 1, 48, 0, 0);
	add_cap(9, 48, 1, 32, 0, 0);
	assert_int_equal(mig_has_v1_region(&device, &has), -EBADMSG);
	assert_false(has);
	/* behind the end, and inside of the fixed part */
	info->cap_offset = 4096;
	assert_int_equal(mig_has_v1_region(&device, &has), -EBADMSG);
	info->cap_offset = 8;
	assert_int_equal(mig_has_v1_region(&device, &has), -EBADMSG);
	/* a type that is cut off */
	info->cap_offset = 48;
	add_cap(9, 48, IC_VFIO_CAP_TYPE, 0, 3, 1);
	fake.info_len[9] = 60;
	assert_int_equal(mig_has_v1_region(&device, &has), -EBADMSG);
	assert_false(has);
	fake.info_len[9] = 64;
	assert_int_equal(mig_has_v1_region(&device, &has), 0);
	assert_true(has);
	/* a size that nobody would believe is not allocated */
	fake.info_len[9] = 64;
	info->cap_offset = 0;
	assert_int_equal(mig_has_v1_region(&device, &has), 0);
	assert_false(has);
}

static void test_none(void **state)
{
	static const struct idev_ops no_ops = {.reset = fake_reset};
	struct iommu_device none = {.ops = &no_ops};
	struct mig_stream s = {.fd = -1};
	uint64_t flags;
	uint32_t raw;
	bool has;

	assert_int_equal(mig_flags(&none, &flags), -EOPNOTSUPP);
	assert_int_equal(mig_get_state(&none, &raw), -EOPNOTSUPP);
	assert_int_equal(mig_set_state(&none, MIG_STOP, &s), -EOPNOTSUPP);
	assert_int_equal(mig_has_v1_region(&none, &has), -EOPNOTSUPP);
	assert_int_equal(mig_reset(&none), -EOPNOTSUPP);
	assert_int_equal(mig_read(&none, &s, &raw, 1), -EOPNOTSUPP);
	mig_close(&none, &s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_states, fresh),	  cmocka_unit_test_setup(test_stream, fresh),
		cmocka_unit_test_setup(test_reset, fresh),	  cmocka_unit_test_setup(test_v1, fresh),
		cmocka_unit_test_setup(test_v1_malformed, fresh), cmocka_unit_test_setup(test_none, fresh),
	};

	return cmocka_run_group_tests_name("mig_vfio", tests, NULL, NULL);
}
