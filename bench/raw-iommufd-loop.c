/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference for compare's speed on lsi53c895a through iommufd, and with "pairs" for that of `bench map` on any device. */
#define RAW_NAME "raw-iommufd-loop"

#include <dirent.h>
#include <fcntl.h>

#include "raw.h"

/* The ABI, as linux/iommufd.h and linux/vfio.h have it: _IO(';', n), size first. */
#define RAW_IO(n) (0x3b00 + (n))
#define RAW_IOAS_ALLOC RAW_IO(0x81)
#define RAW_IOAS_MAP RAW_IO(0x85)
#define RAW_IOAS_UNMAP RAW_IO(0x86)
#define RAW_BIND_IOMMUFD RAW_IO(100 + 18)
#define RAW_ATTACH_PT RAW_IO(100 + 19)
/* fixed iova, writeable, readable */
#define RAW_MAP_FLAGS 7

struct raw_ioas_alloc {
	uint32_t size, flags, out_ioas_id;
};

struct raw_ioas_map {
	uint32_t size, flags, ioas_id, reserved;
	uint64_t user_va, length, iova;
};

struct raw_ioas_unmap {
	uint32_t size, ioas_id;
	uint64_t iova, length;
};

struct raw_bind {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t out_devid;
};

struct raw_attach {
	uint32_t argsz, flags, pt_id;
};

_Static_assert(sizeof(struct raw_ioas_alloc) == 12 && sizeof(struct raw_ioas_map) == 40 &&
		       sizeof(struct raw_ioas_unmap) == 24 && sizeof(struct raw_bind) == 16 &&
		       sizeof(struct raw_attach) == 12,
	       "the iommufd ABI");

struct raw {
	int iommufd, device;
	uint32_t ioas;
};

/* The device's own node: /dev/vfio/devices/vfioN, N told by sysfs. */
static int raw_open_device(const char *address)
{
	char path[512];
	struct dirent *entry;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.64s/vfio-dev", address);
	dir = opendir(path);
	if (!dir)
		raw_die(path);
	while ((entry = readdir(dir)) && strncmp(entry->d_name, "vfio", 4))
		;
	if (!entry)
		raw_die("no vfio-dev");
	snprintf(path, sizeof(path), "/dev/vfio/devices/%.255s", entry->d_name);
	closedir(dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		raw_die(path);
	return fd;
}

static void raw_open(struct raw *r, const char *address)
{
	struct raw_ioas_alloc alloc = {.size = sizeof(alloc)};
	struct raw_bind bind = {.argsz = sizeof(bind)};
	struct raw_attach attach = {.argsz = sizeof(attach)};

	r->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (r->iommufd < 0)
		raw_die("/dev/iommu");
	r->device = raw_open_device(address);
	bind.iommufd = r->iommufd;
	if (ioctl(r->device, RAW_BIND_IOMMUFD, &bind))
		raw_die("VFIO_DEVICE_BIND_IOMMUFD");
	if (ioctl(r->iommufd, RAW_IOAS_ALLOC, &alloc))
		raw_die("IOMMU_IOAS_ALLOC");
	r->ioas = attach.pt_id = alloc.out_ioas_id;
	if (ioctl(r->device, RAW_ATTACH_PT, &attach))
		raw_die("VFIO_DEVICE_ATTACH_IOMMUFD_PT");
}

static void raw_map(struct raw *r, void *mem, uint64_t iova, uint64_t size)
{
	struct raw_ioas_map map = {.size = sizeof(map),
				   .flags = RAW_MAP_FLAGS,
				   .ioas_id = r->ioas,
				   .user_va = (uintptr_t)mem,
				   .length = size,
				   .iova = iova};

	if (ioctl(r->iommufd, RAW_IOAS_MAP, &map))
		raw_die("IOMMU_IOAS_MAP");
}

static void raw_unmap(struct raw *r, uint64_t iova, uint64_t size)
{
	struct raw_ioas_unmap unmap = {.size = sizeof(unmap), .ioas_id = r->ioas, .iova = iova, .length = size};

	if (ioctl(r->iommufd, RAW_IOAS_UNMAP, &unmap) || unmap.length != size)
		raw_die("IOMMU_IOAS_UNMAP");
}

int main(int argc, char **argv)
{
	struct rlimit lock = {RLIM_INFINITY, RLIM_INFINITY};
	unsigned long size, loops, iova;
	struct raw_lsi lsi;
	struct raw r = {0};
	int pairs;

	if (argc != 5 && (argc != 6 || strcmp(argv[5], "pairs"))) {
		fputs("usage: raw-iommufd-loop PCI-ADDRESS SIZE LOOPS IOVA [pairs]\n"
		      "an lsi53c895a bound to vfio-pci; SIZE in bytes, the mapping is twice that; prints loops/s\n"
		      "pairs: any device, only map and unmap, SIZE bytes of one buffer\n",
		      stderr);
		return 64;
	}
	pairs = argc == 6;
	size = raw_number(argv[2], 4096, pairs ? 1ul << 30 : RAW_LSI_MOST);
	loops = raw_number(argv[3], 1, 1000000000);
	iova = raw_number(argv[4], pairs ? 0 : 0x2000, pairs ? 1ul << 48 : 0xfffff000 - 2 * size);
	setrlimit(RLIMIT_MEMLOCK, &lock);
	raw_open(&r, argv[1]);
	if (pairs)
		return raw_pairs(&r, iova, size, loops);
	raw_lsi_open(&lsi, r.device);
	return raw_loops(&r, &lsi, iova, size, loops);
}
