/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference for compare's speed on lsi53c895a through VFIO, and with "pairs" for that of `bench map`. */
#define RAW_NAME "raw-vfio-loop"

#include <fcntl.h>

#include "raw.h"

/* The VFIO ABI, as linux/vfio.h has it: _IO(';', 100 + n), argsz first. */
#define RAW_SET_IOMMU RAW_VFIO(2)
#define RAW_GROUP_SET_CONTAINER RAW_VFIO(4)
#define RAW_GROUP_GET_DEVICE_FD RAW_VFIO(6)
#define RAW_MAP_DMA RAW_VFIO(13)
#define RAW_UNMAP_DMA RAW_VFIO(14)
#define RAW_TYPE1V2 3
#define RAW_PROT_RW 3

struct raw_map {
	uint32_t argsz, flags;
	uint64_t vaddr, iova, size;
};

struct raw_unmap {
	uint32_t argsz, flags;
	uint64_t iova, size;
};

_Static_assert(sizeof(struct raw_map) == 32 && sizeof(struct raw_unmap) == 24, "the VFIO ABI");

struct raw {
	int container, group, device;
};

static void raw_map(struct raw *r, void *mem, uint64_t iova, uint64_t size)
{
	struct raw_map map = {
		.argsz = sizeof(map), .flags = RAW_PROT_RW, .vaddr = (uintptr_t)mem, .iova = iova, .size = size};

	if (ioctl(r->container, RAW_MAP_DMA, &map))
		raw_die("VFIO_IOMMU_MAP_DMA");
}

static void raw_unmap(struct raw *r, uint64_t iova, uint64_t size)
{
	struct raw_unmap unmap = {.argsz = sizeof(unmap), .iova = iova, .size = size};

	if (ioctl(r->container, RAW_UNMAP_DMA, &unmap) || unmap.size != size)
		raw_die("VFIO_IOMMU_UNMAP_DMA");
}

static void raw_open(struct raw *r, const char *group, const char *device)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%s", group);
	r->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	r->group = open(path, O_RDWR | O_CLOEXEC);
	if (r->container < 0 || r->group < 0)
		raw_die(path);
	if (ioctl(r->group, RAW_GROUP_SET_CONTAINER, &r->container) || ioctl(r->container, RAW_SET_IOMMU, RAW_TYPE1V2))
		raw_die("VFIO_SET_IOMMU");
	r->device = ioctl(r->group, RAW_GROUP_GET_DEVICE_FD, device);
	if (r->device < 0)
		raw_die(device);
}

int main(int argc, char **argv)
{
	struct rlimit lock = {RLIM_INFINITY, RLIM_INFINITY};
	unsigned long size, loops, iova;
	struct raw_lsi lsi;
	struct raw r = {0};

	if (argc != 6 && (argc != 7 || strcmp(argv[6], "pairs"))) {
		fputs("usage: raw-vfio-loop GROUP PCI-ADDRESS SIZE LOOPS IOVA [pairs]\n"
		      "an lsi53c895a bound to vfio-pci; SIZE in bytes, the mapping is twice that; prints loops/s\n"
		      "pairs: only map and unmap, SIZE bytes of one buffer\n",
		      stderr);
		return 64;
	}
	size = raw_number(argv[3], 4096, RAW_LSI_MOST);
	loops = raw_number(argv[4], 1, 1000000000);
	iova = raw_number(argv[5], 0x2000, 0xfffff000 - 2 * size);
	setrlimit(RLIMIT_MEMLOCK, &lock);
	raw_open(&r, argv[1], argv[2]);
	if (argc == 7)
		return raw_pairs(&r, iova, size, loops);
	raw_lsi_open(&lsi, r.device);
	return raw_loops(&r, &lsi, iova, size, loops);
}
