/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On a kernel with the mock device: that a disagreement between what was mapped and what is in the kernel's page table is
 * found out. What iommuctl does is undone, doubled or moved behind its back, by the same descriptor; TAP on stdout.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dev/dev.h"
#include "host/host.h"
#include "iommu/mem.h"
#include "iommu/mock.h"

#define AT UINT64_C(0x2000000)
#define ELSEWHERE UINT64_C(0x3000000)
#define SIZE UINT64_C(0x4000)

static struct iommu *iommu;
static struct iommu_device *idev;
static struct iommu_mem mem, other;
static struct fail why;
static unsigned int points, failed;

static void point(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++points, name);
	if (!good) {
		printf("# %s %s\n", why.text, why.hint);
		failed++;
	}
}

static void needs(int err, const char *what)
{
	if (!err)
		return;
	printf("Bail out! %s: %s (%s)\n", what, strerror(-err), why.text);
	exit(2);
}

static void map(void *va, iova_t iova, uint64_t size)
{
	struct iommu_map_req req = {.va = va, .size = size, .iova = iova, .prot = IOMMU_PROT_RW};

	needs(iommu_map(iommu, &req, &why), "map");
}

static void unmap(iova_t iova, uint64_t size)
{
	needs(iommu_unmap(iommu, iova, size, NULL, &why), "unmap");
}

/* The same calls, of which the ledger learns nothing. */
static void map_behind(void *va, iova_t iova, uint64_t size)
{
	struct iommu_map_req req = {.va = va, .size = size, .iova = iova, .prot = IOMMU_PROT_RW};

	needs(iommufd_map(iommu, &req), "map behind");
}

static void unmap_behind(iova_t iova, uint64_t size)
{
	uint64_t unmapped;

	needs(iommufd_unmap(iommu, iova, size, &unmapped), "unmap behind");
}

static int check(iova_t iova, uint64_t size, bool mapped, int pins)
{
	why = (struct fail){0};
	return iommu_check_table(iommu, mem.va, iova, size, mapped, pins, &why);
}

static void agrees(bool mapped, int pins, const char *name)
{
	point(check(AT, SIZE, mapped, pins) == 0, name);
}

static void found(bool mapped, int pins, const char *words, const char *name)
{
	int err = check(AT, SIZE, mapped, pins);

	point((err == -EILSEQ || err == -EUCLEAN) && strstr(why.text, words), name);
}

static void test_healthy(void)
{
	map(mem.va, AT, SIZE);
	agrees(true, 1, "a map is in the page table, its pages pinned once");
	unmap(AT, SIZE);
	agrees(false, 0, "an unmap is out of it, no page pinned");
}

static void test_missing(void)
{
	map(mem.va, AT, SIZE);
	unmap_behind(AT, SIZE);
	found(true, -1, "does not lead iova 0x2000000 ", "unmapped behind the back: the map is missed");
	map_behind(other.va, AT, SIZE);
	found(true, -1, "does not lead iova 0x2000000 ", "other memory mapped there behind the back: seen");
	unmap_behind(AT, SIZE);
	map_behind(mem.va, AT, SIZE / 2);
	found(true, -1, "does not lead iova 0x2002000 ", "half of it mapped behind the back: the other half is missed");
	unmap(AT, SIZE / 2);
}

static void test_left(void)
{
	map(mem.va, AT, SIZE);
	found(false, -1, "(8 of 8 entries", "an unmap that did nothing is seen");
	unmap(AT, SIZE);
	map_behind((char *)mem.va + SIZE - 4096, AT + SIZE - 4096, 4096);
	found(false, -1, "still leads iova 0x2003000 ", "one page that an unmap left is seen");
	unmap_behind(AT + SIZE - 4096, 4096);
	/* half a page, the smallest entry that the mock has */
	map_behind((char *)mem.va + SIZE - 2048, AT + SIZE - 2048, 2048);
	found(false, -1, "(1 of 8 entries", "half a page that an unmap left is seen");
	unmap_behind(AT + SIZE - 2048, 2048);
	agrees(false, 0, "and without it nothing is");
}

static void test_pins(void)
{
	map(mem.va, AT, SIZE);
	map_behind(mem.va, ELSEWHERE, SIZE);
	found(true, 1, "are 2, not 1", "a pin too many is seen");
	agrees(true, 2, "and agreed with where it is due");
	unmap(AT, SIZE);
	found(false, 0, "are 1, not 0", "a pin that an unmap left is seen");
	unmap_behind(ELSEWHERE, SIZE);
	agrees(false, 0, "and without it none is");
}

static void test_iotlb(void)
{
	const struct mock *mock = to_mock(iommu);
	struct ic_mock_invalidate inv = {.entry = 2};
	uint32_t done = 0;
	bool good = true;

	for (unsigned int i = 0; i < 200 && good; i++) {
		map(mem.va, AT, SIZE);
		good = !check(AT, SIZE, true, 1);
		unmap(AT, SIZE);
		good = good && !check(AT, SIZE, false, 0);
	}
	point(good && mock->iotlb.hwpt && mock->iotlb.unmaps >= 200,
	      "200 maps and unmaps, an invalidation after every 16th, do to the nested IOTLB what they should");
	map(mem.va, AT, SIZE);
	needs(iommufd_hwpt_invalidate(iommu, mock->iotlb.hwpt, IC_MOCK_INVALIDATE_DATA, &inv, sizeof(inv), 1, &done),
	      "invalidate behind");
	found(true, 1, "entry 2 of the IOTLB of nested page table", "an entry invalidated behind the back is seen");
	agrees(true, 1, "and told once");
	unmap(AT, SIZE);
}

/* The device in another space: that space's page table is asked, and the accesses see what is there. */
static void test_space(void)
{
	struct iommu_map_req req = {.va = other.va, .size = SIZE, .iova = AT, .prot = IOMMU_PROT_READ};
	struct idev_access *access;
	struct iommu *space;
	char data[16] = "";

	needs(idev_access_open(idev, &access, &why), "access");
	needs(iommu_space_new(iommu, &space, &why), "space");
	snprintf(other.va, 16, "other");
	point(idev_access_rw(access, AT, data, sizeof(data), 0) == -ENOENT,
	      "an access to what is not mapped is refused");
	needs(iommu_device_attach(idev, iommu_space_id(space), IOMMU_NO_PASID, &why), "attach");
	needs(iommu_map(space, &req, &why), "map in the other space");
	point(!iommu_check_table(space, other.va, AT, SIZE, true, 1, &why), "the other space's page table is asked");
	point(iommu_check_table(space, mem.va, AT, SIZE, true, -1, &why) == -EILSEQ, "and is no more trusted");
	point(!idev_access_rw(access, AT, data, sizeof(data), 0) && !strcmp(data, "other"),
	      "accesses follow the device to it");
	point(idev_access_rw(access, AT, data, sizeof(data), IDEV_ACCESS_WRITE) == -EPERM,
	      "a write to what is mapped read-only is refused");
	idev_access_close(access);
	needs(iommu_device_attach(idev, to_mock(iommu)->parent, IOMMU_NO_PASID, &why), "attach back");
	iommu_close(space);
}

int main(void)
{
	struct host host = {.root = ""};
	struct iommu_params params = {.spec = "mock", .host = &host};

	needs(iommu_open(&iommu, &params, &why), "open");
	needs(iommu_attach(iommu, "mock", &idev, &why), "attach");
	needs(iommu_mem_alloc(iommu, SIZE, IOMMU_MEM_ANON, &mem, &why), "memory");
	needs(iommu_mem_alloc(iommu, SIZE, IOMMU_MEM_ANON, &other, &why), "memory");
	test_healthy();
	test_missing();
	test_left();
	test_pins();
	test_space();
	test_iotlb();
	printf("1..%u\n", points);
	iommu_mem_free(iommu, &mem);
	iommu_mem_free(iommu, &other);
	iommu_close(iommu);
	return failed != 0;
}
