/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the plain loops share: the lsi53c895a as a copying engine, and the loop that compare is held against. Included by programs
 * of one file each, so that a guest test can build them with nothing but a compiler.
 */
#ifndef IC_BENCH_RAW_H
#define IC_BENCH_RAW_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* VFIO_DEVICE_GET_REGION_INFO, as linux/vfio.h has it: _IO(';', 100 + n), argsz first. */
#define RAW_VFIO(n) (0x3b64 + (n))
#define RAW_DEVICE_GET_REGION_INFO RAW_VFIO(8)
#define RAW_CONFIG_REGION 7

struct raw_region {
	uint32_t argsz, flags, index, cap_offset;
	uint64_t size, offset;
};

_Static_assert(sizeof(struct raw_region) == 32, "the VFIO ABI");

/* lsi53c895a: BAR1; DSP starts a script, DSTAT tells and clears why it stopped (84: SCRIPTS interrupt, FIFO empty). */
#define RAW_LSI_BAR 1
#define RAW_LSI_DSTAT 0x0c
#define RAW_LSI_DSP 0x2c
#define RAW_LSI_DONE 0x84
#define RAW_LSI_MOVE 0xc0000000u
#define RAW_LSI_INT 0x98080000u
#define RAW_LSI_MOST 0xfff000
#define RAW_SCRIPT_IOVA 0x1000

struct raw_lsi {
	volatile uint8_t *bar;
	volatile uint32_t *script;
};

static void raw_die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", RAW_NAME, what, strerror(errno));
	exit(2);
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
		fprintf(stderr, "%s: bad number '%s'\n", RAW_NAME, text);
		exit(64);
	}
	return value;
}

static void *raw_memory(size_t size, int flags)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (mem == MAP_FAILED)
		raw_die("mmap");
	return mem;
}

/* Memory space and bus mastering on, the registers mapped, and a page for the script: whoever calls maps it at RAW_SCRIPT_IOVA. */
static void raw_lsi_open(struct raw_lsi *lsi, int device)
{
	struct raw_region region = {.argsz = sizeof(region), .index = RAW_LSI_BAR};
	struct raw_region config = {.argsz = sizeof(config), .index = RAW_CONFIG_REGION};
	uint16_t command = 6;

	if (ioctl(device, RAW_DEVICE_GET_REGION_INFO, &region) || ioctl(device, RAW_DEVICE_GET_REGION_INFO, &config))
		raw_die("VFIO_DEVICE_GET_REGION_INFO");
	if (pwrite(device, &command, sizeof(command), (off_t)config.offset + 4) != sizeof(command))
		raw_die("the command register");
	lsi->bar = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, (off_t)region.offset);
	if (lsi->bar == MAP_FAILED)
		raw_die("mmap of BAR1");
	lsi->script = raw_memory(4096, MAP_POPULATE);
}

/* From @iova on, @size bytes to what lies behind them. */
static void raw_lsi_script(struct raw_lsi *lsi, uint64_t iova, uint32_t size)
{
	lsi->script[0] = RAW_LSI_MOVE | size;
	lsi->script[1] = (uint32_t)iova;
	lsi->script[2] = (uint32_t)(iova + size);
	lsi->script[3] = RAW_LSI_INT;
	lsi->script[4] = 0;
}

static void raw_lsi_copy(struct raw_lsi *lsi)
{
	unsigned long patience = 1000000;
	uint8_t status;

	*(volatile uint32_t *)(lsi->bar + RAW_LSI_DSP) = RAW_SCRIPT_IOVA;
	while (!((status = lsi->bar[RAW_LSI_DSTAT]) & 0x7f) && --patience)
		;
	if (status != RAW_LSI_DONE) {
		fprintf(stderr, "%s: DSTAT is %#x\n", RAW_NAME, status);
		exit(2);
	}
}

struct raw;
static void raw_map(struct raw *r, void *mem, uint64_t iova, uint64_t size);
static void raw_unmap(struct raw *r, uint64_t iova, uint64_t size);

/*
 * What compare does in a loop at the least: fresh memory, map, a pattern, the device's read and write, the comparison, unmap, memory
 * given back. Nothing is kept from loop to loop: of the work that a graveyard makes (its buffers pinned elsewhere, written over and
 * looked at in every loop) this has none. Returns whether the copy came out right.
 */
static int raw_loop(struct raw *r, struct raw_lsi *lsi, uint64_t iova, size_t size, unsigned long n)
{
	uint8_t *mem = raw_memory(2 * size, 0);
	uint64_t *word = (uint64_t *)(void *)mem;
	int same;

	raw_map(r, mem, iova, 2 * size);
	for (size_t i = 0; i < size / 8; i++)
		word[i] = n << 32 | i;
	memset(mem + size, 0xa5, size);
	raw_lsi_copy(lsi);
	same = !memcmp(mem, mem + size, size);
	raw_unmap(r, iova, 2 * size);
	munmap(mem, 2 * size);
	return same;
}

/* Returns the exit status. */
static int raw_loops(struct raw *r, struct raw_lsi *lsi, uint64_t iova, size_t size, unsigned long loops)
{
	unsigned long bad = 0;
	double elapsed, start;

	raw_lsi_script(lsi, iova, (uint32_t)size);
	raw_map(r, (void *)(uintptr_t)lsi->script, RAW_SCRIPT_IOVA, 4096);
	start = raw_now();
	for (unsigned long n = 0; n < loops; n++)
		bad += !raw_loop(r, lsi, iova, size, n);
	elapsed = raw_now() - start;
	printf("%s: size %zu loops %lu miscompares %lu loops/s %.1f\n", RAW_NAME, size, loops, bad,
	       (double)loops / elapsed);
	return bad ? 1 : 0;
}

static int raw_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double raw_median(double *v, unsigned long n)
{
	qsort(v, n, sizeof(*v), raw_order);
	return v[n / 2];
}

/* In ns, what looking at the clock twice costs taken off. */
static void raw_times(struct raw *r, void *mem, uint64_t iova, size_t size, unsigned long loops)
{
	double *look = raw_memory(3 * loops * sizeof(double), MAP_POPULATE), *map = look + loops, *unmap = map + loops;
	double cost;

	for (unsigned long n = 0; n < loops; n++) {
		double start = raw_now(), middle, end;

		look[n] = raw_now() - start;
		start = raw_now();
		raw_map(r, mem, iova, size);
		middle = raw_now();
		raw_unmap(r, iova, size);
		end = raw_now();
		map[n] = middle - start;
		unmap[n] = end - middle;
	}
	cost = raw_median(look, loops);
	printf(" map-ns %.0f unmap-ns %.0f\n", (raw_median(map, loops) - cost) * 1e9,
	       (raw_median(unmap, loops) - cost) * 1e9);
}

/* One buffer mapped and unmapped at one place: a round to warm up, one that counts, and one of which each call counts. */
static int raw_pairs(struct raw *r, uint64_t iova, size_t size, unsigned long loops)
{
	void *mem = raw_memory(size, MAP_POPULATE);
	double start = 0;

	for (unsigned long n = 0; n < 2 * loops; n++) {
		if (n == loops)
			start = raw_now();
		raw_map(r, mem, iova, size);
		raw_unmap(r, iova, size);
	}
	printf("%s: size %zu loops %lu pairs/s %.1f", RAW_NAME, size, loops, (double)loops / (raw_now() - start));
	raw_times(r, mem, iova, size, loops);
	return 0;
}

#endif
