/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference for `bench dirty`: dirty bits read and cleared by plain ioctls, of the kernel's mock device or VFIO's container. */
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

/* The ABI, as linux/iommufd.h, linux/vfio.h and drivers/iommu/iommufd/iommufd_test.h have it: _IO(';', n). */
#define RAW_IO(n) (0x3b00 + (n))
#define RAW_IOAS_ALLOC RAW_IO(0x81)
#define RAW_IOAS_MAP RAW_IO(0x85)
#define RAW_HWPT_ALLOC RAW_IO(0x89)
#define RAW_SET_DIRTY RAW_IO(0x8b)
#define RAW_GET_DIRTY RAW_IO(0x8c)
#define RAW_TEST RAW_IO(0xa0)
#define RAW_SET_IOMMU RAW_IO(102)
#define RAW_SET_CONTAINER RAW_IO(104)
#define RAW_MAP_DMA RAW_IO(113)
#define RAW_DIRTY_PAGES RAW_IO(117)
#define RAW_PAGE 4096ul
#define RAW_IOVA 0x10000000ul

struct raw_ioas_alloc {
	uint32_t size, flags, out_ioas_id;
};

struct raw_ioas_map {
	uint32_t size, flags, ioas_id, reserved;
	uint64_t user_va, length, iova;
};

struct raw_hwpt_alloc {
	uint32_t size, flags, dev_id, pt_id, out_hwpt_id, reserved, data_type, data_len;
	uint64_t data_uptr;
	uint32_t fault_id, reserved2;
};

struct raw_set_dirty {
	uint32_t size, flags, hwpt_id, reserved;
};

struct raw_get_dirty {
	uint32_t size, hwpt_id, flags, reserved;
	uint64_t iova, length, page_size, data;
};

struct raw_test {
	uint32_t size, op, id, reserved;
	union {
		struct {
			uint32_t stdev, hwpt, idev, flags;
		} domain;
		struct {
			uint32_t flags, pad;
			uint64_t iova, length, page_size, uptr, count;
		} dirty;
		uint8_t room[112];
	};
};

struct raw_map_dma {
	uint32_t argsz, flags;
	uint64_t vaddr, iova, size;
};

struct raw_dirty_pages {
	uint32_t argsz, flags;
	uint64_t iova, size, pgsize, bytes, data;
};

_Static_assert(sizeof(struct raw_ioas_map) == 40 && sizeof(struct raw_hwpt_alloc) == 48 &&
		       sizeof(struct raw_set_dirty) == 16 && sizeof(struct raw_get_dirty) == 48 &&
		       sizeof(struct raw_test) == 128 && sizeof(struct raw_map_dma) == 32 &&
		       sizeof(struct raw_dirty_pages) == 48,
	       "the ABI");

struct raw {
	int fd;
	uint32_t hwpt; /* 0: the container */
	void *mem;
	uint64_t size, words, pages, marked;
	uint64_t *want, *got;
};

static void raw_die(const char *what)
{
	fprintf(stderr, "raw-dirty-loop: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void raw_do(int fd, unsigned long request, void *arg, const char *what)
{
	if (ioctl(fd, request, arg))
		raw_die(what);
}

static void raw_open_mock(struct raw *r)
{
	struct raw_ioas_alloc alloc = {.size = sizeof(alloc)};
	struct raw_test domain = {.size = sizeof(domain), .op = 2};
	struct raw_ioas_map map = {
		.size = sizeof(map), .flags = 7, .user_va = (uintptr_t)r->mem, .length = r->size, .iova = RAW_IOVA};
	struct raw_hwpt_alloc hwpt = {.size = sizeof(hwpt), .flags = 2};
	struct raw_set_dirty on = {.size = sizeof(on), .flags = 1};

	r->fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (r->fd < 0)
		raw_die("/dev/iommu");
	raw_do(r->fd, RAW_IOAS_ALLOC, &alloc, "IOMMU_IOAS_ALLOC");
	domain.id = map.ioas_id = hwpt.pt_id = alloc.out_ioas_id;
	raw_do(r->fd, RAW_TEST, &domain, "mock device");
	raw_do(r->fd, RAW_IOAS_MAP, &map, "IOMMU_IOAS_MAP");
	hwpt.dev_id = domain.domain.idev;
	raw_do(r->fd, RAW_HWPT_ALLOC, &hwpt, "IOMMU_HWPT_ALLOC");
	r->hwpt = on.hwpt_id = hwpt.out_hwpt_id;
	raw_do(r->fd, RAW_SET_DIRTY, &on, "IOMMU_HWPT_SET_DIRTY_TRACKING");
}

static void raw_open_type1(struct raw *r, const char *number)
{
	struct raw_map_dma map = {
		.argsz = sizeof(map), .flags = 3, .vaddr = (uintptr_t)r->mem, .iova = RAW_IOVA, .size = r->size};
	uint32_t start[2] = {8, 1};
	char path[64];
	int group;

	snprintf(path, sizeof(path), "/dev/vfio/%.32s", number);
	group = open(path, O_RDWR | O_CLOEXEC);
	r->fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (group < 0 || r->fd < 0)
		raw_die(path);
	raw_do(group, RAW_SET_CONTAINER, &r->fd, "VFIO_GROUP_SET_CONTAINER");
	if (ioctl(r->fd, RAW_SET_IOMMU, 3ul))
		raw_die("VFIO_SET_IOMMU");
	raw_do(r->fd, RAW_MAP_DMA, &map, "VFIO_IOMMU_MAP_DMA");
	raw_do(r->fd, RAW_DIRTY_PAGES, start, "VFIO_IOMMU_DIRTY_PAGES");
}

/* Every page at 100, and evenly spread ones below: the kernel walks all entries either way. */
static void raw_choose(struct raw *r, unsigned long percent)
{
	for (uint64_t i = 0; i < r->pages; i++)
		if (i * percent / 100 != (i + 1) * percent / 100) {
			r->want[i / 64] |= UINT64_C(1) << (i % 64);
			r->marked++;
		}
}

static void raw_mark(const struct raw *r)
{
	struct raw_test mark = {.size = sizeof(mark), .op = 13, .id = r->hwpt};

	mark.dirty.iova = RAW_IOVA;
	mark.dirty.length = r->size;
	mark.dirty.page_size = RAW_PAGE;
	mark.dirty.uptr = (uintptr_t)r->want;
	raw_do(r->fd, RAW_TEST, &mark, "marking");
}

static void raw_read(const struct raw *r)
{
	struct raw_get_dirty get = {.size = sizeof(get),
				    .hwpt_id = r->hwpt,
				    .iova = RAW_IOVA,
				    .length = r->size,
				    .page_size = RAW_PAGE,
				    .data = (uintptr_t)r->got};
	struct raw_dirty_pages pages = {.argsz = sizeof(pages),
					.flags = 4,
					.iova = RAW_IOVA,
					.size = r->size,
					.pgsize = RAW_PAGE,
					.bytes = r->words * 8,
					.data = (uintptr_t)r->got};

	if (r->hwpt)
		raw_do(r->fd, RAW_GET_DIRTY, &get, "IOMMU_HWPT_GET_DIRTY_BITMAP");
	else
		raw_do(r->fd, RAW_DIRTY_PAGES, &pages, "VFIO_IOMMU_DIRTY_PAGES");
}

static double raw_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double raw_loops(const struct raw *r, unsigned long loops)
{
	double spent = 0, start;

	for (unsigned long n = 0; n < loops; n++) {
		if (r->hwpt)
			raw_mark(r);
		memset(r->got, 0, r->words * 8);
		start = raw_now();
		raw_read(r);
		spent += raw_now() - start;
	}
	return spent;
}

static unsigned long raw_number(const char *text, unsigned long min, unsigned long max)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || *end || end == text || value < min || value > max) {
		fprintf(stderr, "raw-dirty-loop: bad number '%s'\n", text);
		exit(64);
	}
	return value;
}

int main(int argc, char **argv)
{
	struct rlimit lock = {RLIM_INFINITY, RLIM_INFINITY};
	unsigned long loops, percent;
	struct raw r = {0};
	double spent;

	if (argc != 5) {
		fputs("usage: raw-dirty-loop mock|GROUP SIZE LOOPS PERCENT\n"
		      "the kernel's mock device, or a group that is bound to vfio-pci; SIZE in bytes, whole pages of "
		      "4096; prints\n"
		      "how many GiB of memory have their dirty bits read and cleared in a second\n",
		      stderr);
		return 64;
	}
	r.size = raw_number(argv[2], RAW_PAGE, 1ul << 30) / RAW_PAGE * RAW_PAGE;
	loops = raw_number(argv[3], 1, 1000000);
	percent = raw_number(argv[4], 0, 100);
	r.pages = r.size / RAW_PAGE;
	r.words = (r.pages + 63) / 64;
	setrlimit(RLIMIT_MEMLOCK, &lock);
	r.mem = mmap(NULL, r.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r.mem == MAP_FAILED || madvise(r.mem, r.size, MADV_NOHUGEPAGE))
		raw_die("mmap");
	memset(r.mem, 0, r.size);
	r.want = calloc(r.words, 8);
	r.got = calloc(r.words, 8);
	if (!r.want || !r.got)
		raw_die("calloc");
	raw_choose(&r, percent);
	if (strcmp(argv[1], "mock") == 0)
		raw_open_mock(&r);
	else
		raw_open_type1(&r, argv[1]);
	raw_loops(&r, loops / 10 + 1);
	spent = raw_loops(&r, loops);
	printf("raw-dirty-loop: size %lu loops %lu marked %lu GiB/s %.3f\n", (unsigned long)r.size, loops,
	       (unsigned long)r.marked, (double)r.size * (double)loops / (double)(1ul << 30) / spent);
	return 0;
}
