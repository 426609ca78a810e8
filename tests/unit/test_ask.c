/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommu/ask: what a container of our own making answers, and each step that may refuse; nothing is left open. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "iommu/ask.h"
#include "iommu/iommufd_abi.h"
#include "iommu/vfio_abi.h"

enum { FD_CONTAINER = 5001, FD_GROUP, FD_IOMMUFD };

/* The kernel that is played. */
static struct {
	bool no_container, no_iommufd, by_iommufd;
	int group_errno, set_errno, info_errno;
	bool not_viable, in_container, has_iommu;
	unsigned int open, calls_after;
} fake;

int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_close(int fd);
int __real_close(int fd);

static int fake_open(bool refused, int err, int fd)
{
	if (refused) {
		errno = err;
		return -1;
	}
	fake.open++;
	return fd;
}

int __wrap_open(const char *path, int flags, ...)
{
	if (strcmp(path, "/dev/vfio/vfio") == 0)
		return fake_open(fake.no_container, ENOENT, FD_CONTAINER);
	if (strcmp(path, "/dev/vfio/7") == 0)
		return fake_open(fake.group_errno != 0, fake.group_errno, FD_GROUP);
	if (strcmp(path, "/dev/iommu") == 0)
		return fake_open(fake.no_iommufd, EACCES, FD_IOMMUFD);
	return __real_open(path, flags, 0600);
}

int __wrap_close(int fd)
{
	if (fd < FD_CONTAINER || fd > FD_IOMMUFD)
		return __real_close(fd);
	fake.open--;
	return 0;
}

static int fake_result(int err)
{
	errno = err;
	return err ? -1 : 0;
}

/* As vfio_iommu_type1: coherence is not known before there is an IOMMU. */
static int fake_extension(unsigned long nr)
{
	switch (nr) {
	case IC_VFIO_TYPE1:
	case IC_VFIO_TYPE1_V2:
	case IC_VFIO_EXT_UNMAP_ALL:
		return 1;
	case IC_VFIO_EXT_DMA_CC:
		return fake.has_iommu;
	default:
		return 0;
	}
}

static int fake_info(struct ic_vfio_type1_info *info)
{
	struct {
		struct ic_vfio_type1_info info;
		struct ic_vfio_cap_header header;
		uint32_t avail;
	} full = {{.argsz = sizeof(full),
		   .flags = IC_VFIO_INFO_PGSIZES | IC_VFIO_INFO_CAPS,
		   .iova_pgsizes = 0x40201000,
		   .cap_offset = sizeof(full.info)},
		  {.id = IC_VFIO_CAP_DMA_AVAIL},
		  65000};

	if (fake.info_errno)
		return fake_result(fake.info_errno);
	if (info->argsz < sizeof(full))
		info->argsz = sizeof(full);
	else
		memcpy(info, &full, sizeof(full));
	return 0;
}

static int fake_container(unsigned long request, void *arg)
{
	switch (request) {
	case IC_VFIO_GET_API_VERSION:
		return 0;
	case IC_VFIO_CHECK_EXTENSION:
		fake.calls_after += fake.has_iommu;
		return fake_extension((unsigned long)arg);
	case IC_VFIO_SET_IOMMU:
		assert_true(fake.in_container);
		fake.has_iommu = !fake.set_errno;
		return fake_result(fake.set_errno);
	case IC_VFIO_IOMMU_GET_INFO:
		return fake_info(arg);
	case IC_IOMMUFD_OPTION:
		return fake_result(fake.by_iommufd ? 0 : ENOTTY);
	default:
		return fake_result(ENOTTY);
	}
}

static int fake_group(unsigned long request, void *arg)
{
	struct ic_vfio_group_status *status = arg;

	switch (request) {
	case IC_VFIO_GROUP_GET_STATUS:
		status->flags = fake.not_viable ? 0 : IC_VFIO_GROUP_VIABLE;
		return 0;
	case IC_VFIO_GROUP_SET_CONTAINER:
		fake.in_container = true;
		return 0;
	case IC_VFIO_GROUP_UNSET_CONTAINER:
		fake.in_container = fake.has_iommu = false;
		return 0;
	default: /* in particular no device is taken */
		fail_msg("request 0x%lx on a group", request);
		return -1;
	}
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (fd == FD_CONTAINER)
		return fake_container(request, arg);
	if (fd == FD_GROUP)
		return fake_group(request, arg);
	return fake_result(fd == FD_IOMMUFD && request == IC_IOMMUFD_OPTION ? 0 : ENOTTY);
}

static struct ioctl_device ask(void)
{
	static const struct host here;
	struct pci_info pci = {.addr = "0000:00:04.0", .driver = "vfio-pci", .group = 7};
	struct ioctl_device d = {0};

	fake.open = fake.calls_after = 0;
	ask_group(&here, &pci, &d);
	assert_int_equal(fake.open, 0);
	assert_false(fake.in_container);
	return d;
}

static const struct vfio_extension *extension(const struct ioctl_device *d, const char *name)
{
	for (unsigned int i = 0; i < d->nr_extensions; i++)
		if (strcmp(d->extensions[i].name, name) == 0)
			return &d->extensions[i];
	fail_msg("%s was not asked", name);
	return NULL;
}

static void test_answers(void **state)
{
	struct ioctl_device d;

	memset(&fake, 0, sizeof(fake));
	d = ask();
	assert_int_equal(d.vfio_err, 0);
	assert_string_equal(d.vfio_why, "");
	assert_true(d.has_vfio);
	assert_int_equal(d.page_sizes, 0x40201000);
	assert_int_equal(d.nr_ranges, 0);
	assert_false(d.has_migration);
	assert_true(d.has_dma_avail);
	assert_int_equal(d.dma_avail, 65000);
	assert_int_equal(extension(&d, "VFIO_DMA_CC_IOMMU")->before, 0);
	assert_int_equal(extension(&d, "VFIO_DMA_CC_IOMMU")->after, 1);
	assert_int_equal(extension(&d, "VFIO_UNMAP_ALL")->before, 1);
	assert_int_equal(extension(&d, "VFIO_EEH")->after, 0);
	assert_int_equal(fake.calls_after, d.nr_extensions);
}

/* What refuses is said; what was answered before it is kept; what was not asked is not 0. */
static void test_refusals(void **state)
{
	struct ioctl_device d;

	memset(&fake, 0, sizeof(fake));
	fake.set_errno = EPERM;
	d = ask();
	assert_int_equal(d.vfio_err, EPERM);
	assert_non_null(strstr(d.vfio_why, "the kernel refuses the IOMMU for group 7"));
	assert_false(d.has_vfio);
	assert_int_equal(extension(&d, "VFIO_TYPE1_IOMMU")->before, 1);
	assert_int_equal(extension(&d, "VFIO_DMA_CC_IOMMU")->after, -1);
	memset(&fake, 0, sizeof(fake));
	fake.group_errno = EACCES;
	d = ask();
	assert_int_equal(d.vfio_err, EACCES);
	assert_non_null(strstr(d.vfio_why, "/dev/vfio/7"));
	assert_int_equal(d.nr_extensions, 0);
	memset(&fake, 0, sizeof(fake));
	fake.not_viable = true;
	d = ask();
	assert_int_equal(d.vfio_err, ENODEV);
	memset(&fake, 0, sizeof(fake));
	fake.info_errno = EFAULT;
	d = ask();
	assert_int_equal(d.vfio_err, EFAULT);
	assert_int_equal(extension(&d, "VFIO_DMA_CC_IOMMU")->after, 1);
	memset(&fake, 0, sizeof(fake));
	fake.no_container = true;
	d = ask();
	assert_int_equal(d.vfio_err, ENOENT);
}

/* iommufd in the container's place calls DMA coherent where no device is: that is no answer. */
static void test_compat(void **state)
{
	struct ioctl_device d;

	memset(&fake, 0, sizeof(fake));
	fake.by_iommufd = true;
	d = ask();
	assert_int_equal(d.vfio_err, EOPNOTSUPP);
	assert_non_null(strstr(d.vfio_why, "iommufd"));
	assert_int_equal(extension(&d, "VFIO_DMA_CC_IOMMU")->after, -1);
	assert_int_equal(fake.calls_after, 0);
}

static void test_interfaces(void **state)
{
	struct ioctl_facts facts = {0};

	memset(&fake, 0, sizeof(fake));
	ask_container(&facts);
	ask_iommufd(&facts);
	assert_int_equal(facts.vfio_api, 0);
	assert_int_equal(facts.nr_extensions, 10);
	assert_int_equal(facts.extensions[0].after, -1);
	assert_true(facts.has_iommufd);
	assert_int_equal(fake.open, 0);
	memset(&facts, 0, sizeof(facts));
	fake.no_container = fake.no_iommufd = true;
	ask_container(&facts);
	ask_iommufd(&facts);
	assert_int_equal(facts.vfio_api, -1);
	assert_int_equal(facts.vfio_err, ENOENT);
	assert_false(facts.has_iommufd);
	assert_int_equal(facts.iommufd_err, EACCES);
}

/* A device without a node of its own cannot be asked, which is said; nothing is opened for it that stays open. */
static void test_hw_info_refused(void **state)
{
	static const struct host here;
	struct pci_info pci = {.addr = "0000:00:04.0", .driver = "vfio-pci", .group = 7};
	struct ioctl_device d = {0};

	memset(&fake, 0, sizeof(fake));
	ask_hw_info(&here, &pci, &d);
	assert_int_equal(d.hw_err, ENODEV);
	assert_non_null(strstr(d.hw_why, "no node of its own"));
	assert_false(d.has_hw_info);
	fake.no_iommufd = true;
	ask_hw_info(&here, &pci, &d);
	assert_int_equal(d.hw_err, EACCES);
	assert_int_equal(fake.open, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_compat),		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_hw_info_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
