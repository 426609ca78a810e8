/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference for compare's speed on lsi53c895a: mmap, map, fill, DMA copy, memcmp, unmap, munmap; nothing else. And, with
 * "pairs", for `bench map` through VFIO: one buffer mapped and unmapped at one place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* The VFIO ABI, as linux/vfio.h has it: _IO(';', 100 + n), argsz first. */
#define RAW_VFIO(n) (0x3b64 + (n))
#define RAW_SET_IOMMU RAW_VFIO(2)
#define RAW_GROUP_SET_CONTAINER RAW_VFIO(4)
#define RAW_GROUP_GET_DEVICE_FD RAW_VFIO(6)
#define RAW_DEVICE_GET_REGION_INFO RAW_VFIO(8)
#define RAW_MAP_DMA RAW_VFIO(13)
#define RAW_UNMAP_DMA RAW_VFIO(14)
#define RAW_TYPE1V2 3
#define RAW_CONFIG_REGION 7
#define RAW_PROT_RW 3

struct raw_map {
	uint32_t argsz, flags;
	uint64_t vaddr, iova, size;
};

struct raw_unmap {
	uint32_t argsz, flags;
	uint64_t iova, size;
};

struct raw_region {
	uint32_t argsz, flags, index, cap_offset;
	uint64_t size, offset;
};

_Static_assert(sizeof(struct raw_map) == 32 && sizeof(struct raw_unmap) == 24 && sizeof(struct raw_region) == 32,
	       "the VFIO ABI");

/* lsi53c895a: BAR1; DSP starts a script, DSTAT tells and clears why it stopped (84: SCRIPTS interrupt, FIFO empty). */
#define RAW_LSI_BAR 1
#define RAW_LSI_DSTAT 0x0c
#define RAW_LSI_DSP 0x2c
#define RAW_LSI_DONE 0x84
#define RAW_LSI_MOVE 0xc0000000u
#define RAW_LSI_INT 0x98080000u

struct raw {
	int container, group, device;
	volatile uint8_t *bar;
	volatile uint32_t *script;
	uint64_t script_iova;
};

static void raw_die(const char *what)
{
	fprintf(stderr, "raw-vfio-loop: %s: %s\n", what, strerror(errno));
	exit(2);
}

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
	struct raw_region region = {.argsz = sizeof(region), .index = RAW_LSI_BAR};
	struct raw_region config = {.argsz = sizeof(config), .index = RAW_CONFIG_REGION};
	uint16_t command = 6; /* memory space, bus master */
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
	if (ioctl(r->device, RAW_DEVICE_GET_REGION_INFO, &region) ||
	    ioctl(r->device, RAW_DEVICE_GET_REGION_INFO, &config))
		raw_die("VFIO_DEVICE_GET_REGION_INFO");
	if (pwrite(r->device, &command, sizeof(command), (off_t)config.offset + 4) != sizeof(command))
		raw_die("the command register");
	r->bar = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_SHARED, r->device, (off_t)region.offset);
	if (r->bar == MAP_FAILED)
		raw_die("mmap of BAR1");
}

static void raw_script(struct raw *r, uint64_t iova, uint32_t size)
{
	r->script = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (r->script == MAP_FAILED)
		raw_die("mmap");
	r->script_iova = 0x1000;
	r->script[0] = RAW_LSI_MOVE | size;
	r->script[1] = (uint32_t)iova;
	r->script[2] = (uint32_t)(iova + size);
	r->script[3] = RAW_LSI_INT;
	r->script[4] = 0;
	raw_map(r, (void *)r->script, r->script_iova, 4096);
}

static void raw_copy(struct raw *r)
{
	unsigned long patience = 1000000;
	uint8_t status;

	*(volatile uint32_t *)(r->bar + RAW_LSI_DSP) = (uint32_t)r->script_iova;
	while (!((status = r->bar[RAW_LSI_DSTAT]) & 0x7f) && --patience)
		;
	if (status != RAW_LSI_DONE) {
		fprintf(stderr, "raw-vfio-loop: DSTAT is %#x\n", status);
		exit(2);
	}
}

/* One loop; returns whether the copy came out right. */
static int raw_loop(struct raw *r, uint64_t iova, size_t size, unsigned long n)
{
	uint8_t *mem = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t *word = (uint64_t *)mem;
	int same;

	if (mem == MAP_FAILED)
		raw_die("mmap");
	raw_map(r, mem, iova, 2 * size);
	for (size_t i = 0; i < size / 8; i++)
		word[i] = n << 32 | i;
	memset(mem + size, 0xa5, size);
	raw_copy(r);
	same = !memcmp(mem, mem + size, size);
	raw_unmap(r, iova, 2 * size);
	munmap(mem, 2 * size);
	return same;
}

static double raw_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static unsigned long raw_number(const char *text, unsigned long min, unsigned long max)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || *end || end == text || value < min || value > max) {
		fprintf(stderr, "raw-vfio-loop: bad number '%s'\n", text);
		exit(64);
	}
	return value;
}

/* Returns the time that map and unmap of one buffer took. */
static double raw_pairs(struct raw *r, uint64_t iova, size_t size, unsigned long loops)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	double start = 0;

	if (mem == MAP_FAILED)
		raw_die("mmap");
	for (unsigned long n = 0; n < 2 * loops; n++) {
		if (n == loops)
			start = raw_now();
		raw_map(r, mem, iova, size);
		raw_unmap(r, iova, size);
	}
	return raw_now() - start;
}

int main(int argc, char **argv)
{
	struct rlimit lock = {RLIM_INFINITY, RLIM_INFINITY};
	unsigned long size, loops, iova, bad = 0;
	struct raw r = {0};
	double start, elapsed;

	if (argc != 6 && (argc != 7 || strcmp(argv[6], "pairs"))) {
		fputs("usage: raw-vfio-loop GROUP PCI-ADDRESS SIZE LOOPS IOVA [pairs]\n"
		      "an lsi53c895a bound to vfio-pci; SIZE in bytes, the mapping is twice that; prints loops/s\n"
		      "pairs: only map and unmap, SIZE bytes of one buffer\n",
		      stderr);
		return 64;
	}
	size = raw_number(argv[3], 4096, 0xfff000);
	loops = raw_number(argv[4], 1, 1000000000);
	iova = raw_number(argv[5], 0x2000, 0xfffff000 - 2 * size);
	setrlimit(RLIMIT_MEMLOCK, &lock);
	raw_open(&r, argv[1], argv[2]);
	if (argc == 7) {
		elapsed = raw_pairs(&r, iova, size, loops);
		printf("raw-vfio-loop: size %lu loops %lu pairs/s %.1f\n", size, loops, (double)loops / elapsed);
		return 0;
	}
	raw_script(&r, iova, (uint32_t)size);
	start = raw_now();
	for (unsigned long n = 0; n < loops; n++)
		bad += !raw_loop(&r, iova, size, n);
	elapsed = raw_now() - start;
	printf("raw-vfio-loop: size %lu loops %lu miscompares %lu loops/s %.1f\n", size, loops, bad,
	       (double)loops / elapsed);
	return bad ? 1 : 0;
}
