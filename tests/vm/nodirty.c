/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On a kernel with the mock device: a page table that was made for dirty tracking takes no device whose IOMMU has none, and
 * neither does one PASID of such a device. A session's mock devices are all of one kind, so the other one is made here; TAP on
 * stdout.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/host.h"
#include "iommu/mock.h"

#define PASID 100

static struct iommu *iommu;
static struct iommu_device *idev;
static struct fail why;
static unsigned int points, failed;

static void answers(int err, int want, const char *name)
{
	printf("%sok %u - %s\n", err == want ? "" : "not ", ++points, name);
	if (err == want)
		return;
	printf("# got %s, want %s\n", strerror(-err), strerror(-want));
	failed++;
}

static void needs(int err, const char *what)
{
	if (!err)
		return;
	printf("Bail out! %s: %s (%s)\n", what, strerror(-err), why.text);
	exit(2);
}

/* A device of these flags, attached to @pt from the start. */
static int make(uint32_t pt, uint32_t flags, uint32_t *id)
{
	struct ic_mock_cmd cmd = {.id = pt, .domain.dev_flags = flags};
	int err = mock_cmd(to_mock(iommu), IC_MOCK_OP_DOMAIN_FLAGS, &cmd);

	*id = cmd.domain.out_stdev_id;
	return err;
}

static int pasid(uint32_t device, enum ic_mock_op op, uint32_t pt)
{
	struct ic_mock_cmd cmd = {.id = device, .pasid = {.pasid = PASID, .pt_id = pt}};

	return mock_cmd(to_mock(iommu), op, &cmd);
}

/* @pasids: a table whose devices may have some. */
static uint32_t table(bool pasids)
{
	struct iommu_hwpt_req req = {.idev = idev, .parent = iommu_space_id(iommu), .dirty = true, .pasid = pasids};
	uint32_t id;

	needs(iommu_hwpt_new(iommu, &req, &id, &why), "a page table for tracking");
	return id;
}

int main(void)
{
	static const struct host host;
	struct iommu_params params = {.spec = "mock", .host = &host};
	uint32_t plain, pasids, device;

	needs(iommu_open(&iommu, &params, &why), "open");
	needs(iommu_attach(iommu, "mock", &idev, &why), "attach");
	plain = table(false);
	pasids = table(true);
	answers(make(plain, 0, &device), 0, "a table for tracking takes a device that can");
	needs(iommufd_destroy(iommu, device), "destroy");
	answers(make(plain, IC_MOCK_DEVICE_NO_DIRTY, &device), -EINVAL, "and none that cannot");
	answers(make(pasids, IC_MOCK_DEVICE_PASID, &device), 0,
		"a table for tracking and PASIDs takes a device that has both");
	answers(pasid(device, IC_MOCK_OP_PASID_ATTACH, pasids), 0, "and one PASID of it");
	needs(pasid(device, IC_MOCK_OP_PASID_DETACH, 0), "detach");
	needs(iommufd_destroy(iommu, device), "destroy");
	needs(make(iommu_space_id(iommu), IC_MOCK_DEVICE_NO_DIRTY | IC_MOCK_DEVICE_PASID, &device),
	      "a device that cannot");
	answers(pasid(device, IC_MOCK_OP_PASID_ATTACH, pasids), -EINVAL, "but no PASID of a device that cannot");
	needs(iommufd_destroy(iommu, device), "destroy");
	iommu_close(iommu);
	printf("1..%u\n", points);
	return failed ? 1 : 0;
}
