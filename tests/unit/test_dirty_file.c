/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bitmap files: what was written is what is read, and whatever is wrong with a file is said of it. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/rng.h"
#include "base/util.h"
#include "core/dirty/format.h"

static char folder[] = "/tmp/iommuctl-test-XXXXXX";
static char path[64], other[64];
static struct fail f;

static int setup(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/a", folder);
	snprintf(other, sizeof(other), "%s/b", folder);
	return 0;
}

static int teardown(void **state)
{
	char command[80];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) ? -1 : 0;
}

static int files_in_folder(void)
{
	char command[80];
	int n = -1;
	FILE *p;

	snprintf(command, sizeof(command), "ls -A %s | wc -l", folder);
	p = popen(command, "r");
	assert_non_null(p);
	assert_int_equal(fscanf(p, "%d", &n), 1);
	pclose(p);
	return n;
}

static struct dirty_bitmap make(uint64_t pages)
{
	struct dirty_bitmap b;

	assert_int_equal(dirty_bitmap_new(&b, DIRTY_TYPE1, 0x40000000, pages * 4096, 4096, &f), 0);
	return b;
}

/* A file of @pages, of which each third is dirty, with every field set. */
static void write_sample(uint64_t pages)
{
	struct dirty_bitmap b = make(pages);
	uint64_t *bits = dirty_bitmap_bits(&b);

	for (uint64_t i = 0; i < pages; i += 3)
		bitmap_set(bits, i, 1);
	b.simulated = b.over_reports = true;
	b.time_ns = 1234567890123456789;
	b.since_ns = 5000000000;
	strcpy(b.kernel, "7.3.4-test");
	strcpy(b.backend, "vfio");
	strcpy(b.device, "0000:00:04.0");
	unlink(path);
	assert_int_equal(dirty_file_write(&b, path, &f), 0);
	dirty_bitmap_free(&b);
}

static size_t load(uint8_t *data, size_t max)
{
	FILE *from = fopen(path, "r");
	size_t n;

	assert_non_null(from);
	n = fread(data, 1, max, from);
	fclose(from);
	return n;
}

static void save(const uint8_t *data, size_t len)
{
	FILE *to = fopen(other, "w");

	assert_non_null(to);
	assert_int_equal(fwrite(data, 1, len, to), len);
	assert_int_equal(fclose(to), 0);
}

/* It is refused by this errno, by name, with these words, and nothing is left of it. */
static void refused(const char *name, int err, const char *words)
{
	struct dirty_bitmap b = {.bits = 7};

	memset(&f, 0, sizeof(f));
	assert_int_equal(dirty_file_open(&b, name, &f), -err);
	assert_int_equal(f.err, err);
	assert_non_null(strstr(f.text, name));
	if (!strstr(f.text, words))
		fail_msg("'%s' does not say '%s'", f.text, words);
	assert_null(b.words);
	assert_null(b.map);
	assert_int_equal(b.bits, 0);
}

static void test_round_trip(void **state)
{
	static const uint64_t sizes[] = {1, 3, 63, 64, 65, 1000, 30720, 30784, 40000, 300001};
	struct dirty_bitmap b;

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		write_sample(sizes[s]);
		assert_int_equal(dirty_file_open(&b, path, &f), 0);
		assert_int_equal(b.source, DIRTY_TYPE1);
		assert_true(b.simulated && b.over_reports && !b.marked && !b.cleared);
		assert_int_equal(b.iova, 0x40000000);
		assert_int_equal(b.length, sizes[s] * 4096);
		assert_int_equal(b.page_size, 4096);
		assert_int_equal(b.bits, sizes[s]);
		assert_int_equal(b.time_ns, 1234567890123456789);
		assert_int_equal(b.since_ns, 5000000000);
		assert_string_equal(b.kernel, "7.3.4-test");
		assert_string_equal(b.backend, "vfio");
		assert_string_equal(b.device, "0000:00:04.0");
		for (uint64_t i = 0; i < sizes[s]; i++)
			assert_int_equal(bitmap_test(b.words, i), i % 3 == 0);
		assert_int_equal(dirty_file_check_whole(&b, path, &f), 0);
		dirty_bitmap_free(&b);
		dirty_bitmap_free(&b);
		assert_int_equal(files_in_folder(), 1);
	}
}

/* 4 TiB by 4 KiB: pages of zeros take no room, wherever the bits lie. */
static void test_sparse(void **state)
{
	static const uint64_t set[] = {0, 30719, 30720, 63487, 63488, 1 << 20, (1 << 29) + 12345, (1 << 30) - 1};
	struct dirty_bitmap b = make(1 << 30), got;
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(set); i++)
		bitmap_set(dirty_bitmap_bits(&b), set[i], 1);
	unlink(path);
	assert_int_equal(dirty_file_write(&b, path, &f), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 256 + (128 << 20));
	assert_true(st.st_blocks * 512 <= 16 * 65536);
	assert_int_equal(dirty_file_open(&got, path, &f), 0);
	assert_int_equal(bitmap_count(got.words, got.bits), ARRAY_SIZE(set));
	for (size_t i = 0; i < ARRAY_SIZE(set); i++)
		assert_true(bitmap_test(got.words, set[i]));
	dirty_bitmap_free(&got);
	dirty_bitmap_free(&b);
}

/* What lies behind the last bit in its word is nobody's. */
static void test_garbage_behind(void **state)
{
	struct dirty_bitmap b = make(70), got;

	memset(dirty_bitmap_bits(&b), 0xff, 16);
	unlink(path);
	assert_int_equal(dirty_file_write(&b, path, &f), 0);
	assert_int_equal(dirty_file_open(&got, path, &f), 0);
	assert_int_equal(got.words[1], 0x3f);
	dirty_bitmap_free(&got);
	dirty_bitmap_free(&b);
}

static void test_random(void **state)
{
	struct dirty_bitmap b = make(200000), got;
	uint64_t *bits = dirty_bitmap_bits(&b);

	for (uint64_t i = 0; i < 200000 / 64; i++)
		bits[i] = rng_draw(9, i / 300, 0) % 2 ? rng_draw(9, i, 1) : 0;
	unlink(path);
	assert_int_equal(dirty_file_write(&b, path, &f), 0);
	assert_int_equal(dirty_file_open(&got, path, &f), 0);
	assert_memory_equal(got.words, bits, 200000 / 8);
	dirty_bitmap_free(&got);
	dirty_bitmap_free(&b);
}

static void test_truncated(void **state)
{
	static uint8_t data[1024];
	size_t len;

	write_sample(300);
	len = load(data, sizeof(data));
	assert_int_equal(len, 256 + 40);
	for (size_t cut = 0; cut < len; cut++) {
		save(data, cut);
		refused(other, ENODATA, "is truncated");
	}
	save(data, len + 1);
	refused(other, EUCLEAN, "more behind");
	save(data, len + 8);
	refused(other, EUCLEAN, "more behind");
}

/* Any bit that is not as it was. */
static void test_flipped(void **state)
{
	static uint8_t data[1024];
	size_t len;

	write_sample(300);
	len = load(data, sizeof(data));
	for (size_t at = 0; at < len; at++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			data[at] ^= (uint8_t)(1u << bit);
			save(data, len);
			if (at < FIELD_VERSION)
				refused(other, EILSEQ, "is no dirty bitmap");
			else if (at < FIELD_HEADER && (at > FIELD_VERSION || bit))
				refused(other, EPROTO, "version");
			else
				refused(other, EUCLEAN, "is corrupt");
			data[at] ^= (uint8_t)(1u << bit);
		}
}

static void put(uint8_t *data, enum dirty_field field, unsigned int width, uint64_t v)
{
	for (unsigned int i = 0; i < width; i++)
		data[field + i] = (uint8_t)(v >> 8 * i);
}

/* With sums that fit, as if somebody had meant it. */
static void resum(uint8_t *data, size_t len)
{
	struct crc32c c;

	crc32c_begin(&c);
	crc32c_add(&c, data + DIRTY_HEADER, len - DIRTY_HEADER);
	put(data, FIELD_DATA_SUM, 4, crc32c_sum(&c));
	crc32c_begin(&c);
	crc32c_add(&c, data, FIELD_HEADER_SUM);
	put(data, FIELD_HEADER_SUM, 4, crc32c_sum(&c));
}

static void test_contradictions(void **state)
{
	static const struct {
		enum dirty_field field;
		unsigned int width;
		uint64_t value;
		int err;
		const char *words;
	} lies[] = {
		{FIELD_VERSION, 4, 0, EUCLEAN, "size or version"},
		{FIELD_VERSION, 4, 2, EPROTO, "version 2"},
		{FIELD_HEADER, 4, 255, EUCLEAN, "size or version"},
		{FIELD_PAGE_SIZE, 8, 0, EUCLEAN, "power of two"},
		{FIELD_PAGE_SIZE, 8, 4097, EUCLEAN, "power of two"},
		{FIELD_PAGE_SIZE, 8, 1ull << 63, EUCLEAN, "multiple"},
		{FIELD_PAGE_SIZE, 8, 1, ENODATA, "truncated"},
		{FIELD_PAGE_SIZE, 8, 8192, EUCLEAN, "multiple"},
		{FIELD_LENGTH, 8, 64 * 4096, EUCLEAN, "more behind"},
		{FIELD_LENGTH, 8, 0, EUCLEAN, "multiple"},
		{FIELD_LENGTH, 8, 4095, EUCLEAN, "multiple"},
		{FIELD_LENGTH, 8, 301 * 4096, EUCLEAN, "number of bits"}, /* 300 is dirty: each third */
		{FIELD_LENGTH, 8, 299 * 4096, EUCLEAN, "behind the last one"},
		{FIELD_LENGTH, 8, ~0ull << 12, EUCLEAN, "wraps"},
		{FIELD_IOVA, 8, ~0ull << 12, EUCLEAN, "wraps"},
		{FIELD_DIRTY, 8, 99, EUCLEAN, "number of bits"},
		{FIELD_SOURCE, 4, 3, EUCLEAN, "no such source"},
		{FIELD_FLAGS, 4, 16, EUCLEAN, "no such flags"},
		{FIELD_FLAGS, 4, 1u << 31, EUCLEAN, "no such flags"},
		{FIELD_KERNEL + 40, 1, 'x', EUCLEAN, "does not end"},
		{FIELD_BACKEND + 15, 1, 'x', EUCLEAN, "does not end"},
		{FIELD_DEVICE + 39, 1, 'x', EUCLEAN, "does not end"},
		{FIELD_ZEROS, 1, 1, EUCLEAN, "nothing should be"},
		{FIELD_DATA_SUM - 1, 1, 1, EUCLEAN, "nothing should be"},
	};
	uint8_t data[1024], changed[1024];
	struct dirty_bitmap b;
	size_t len;

	write_sample(299);
	len = load(data, sizeof(data));
	memcpy(changed, data, len);
	resum(changed, len);
	assert_memory_equal(changed, data, len);
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		memcpy(changed, data, len);
		/* bits 297 and 298 of 299: one set, and the last */
		if (lies[i].field == FIELD_LENGTH && lies[i].value == 299 * 4096) {
			put(changed, FIELD_DIRTY, 8, 101);
			changed[DIRTY_HEADER + 299 / 8] |= 1u << 299 % 8;
		} else if (lies[i].field == FIELD_LENGTH && lies[i].value == 301 * 4096) {
			changed[DIRTY_HEADER + 300 / 8] |= 1u << 300 % 8;
		}
		put(changed, lies[i].field, lies[i].width, lies[i].value);
		resum(changed, len);
		save(changed, len);
		refused(other, lies[i].err, lies[i].words);
	}
	/* what is no lie */
	memcpy(changed, data, len);
	put(changed, FIELD_SOURCE, 4, DIRTY_DEVICE);
	put(changed, FIELD_FLAGS, 4, DIRTY_FLAG_CLEARED | DIRTY_FLAG_MARKED);
	resum(changed, len);
	save(changed, len);
	assert_int_equal(dirty_file_open(&b, other, &f), 0);
	assert_true(b.cleared && b.marked && !b.simulated && b.source == DIRTY_DEVICE);
	dirty_bitmap_free(&b);
}

static void test_foreign(void **state)
{
	refused(folder, EISDIR, "cannot read");
	refused("/dev/null", EINVAL, "no regular file");
	refused("/proc/self/status", ENODATA, "is empty");
	unlink(other);
	refused(other, ENOENT, "cannot read");
	assert_int_equal(mkfifo(other, 0600), 0);
	refused(other, EINVAL, "no regular file");
	unlink(other);
	save((const uint8_t *)"\x7f"
			      "ELF, or something else that is much longer than a header",
	     8);
	refused(other, EILSEQ, "is no dirty bitmap");
	save((const uint8_t *)"x", 1);
	refused(other, EILSEQ, "is no dirty bitmap");
}

/* The file is cut when its bits were checked already: no signal ends us, and it is known. */
static void test_cut_while_mapped(void **state)
{
	struct dirty_bitmap b, whole;
	uint64_t dirty;

	write_sample(40000000); /* 5 MB */
	assert_int_equal(dirty_file_open(&b, path, &f), 0);
	dirty = bitmap_count(b.words, b.bits);
	assert_int_equal(dirty, 13333334);
	assert_int_equal(truncate(path, 1 << 20), 0);
	assert_true(bitmap_count(b.words, b.bits) < dirty);
	assert_int_equal(dirty_file_check_whole(&b, path, &f), -ENODATA);
	assert_non_null(strstr(f.text, "was cut"));
	/* others are as they were, and so is the next one */
	write_sample(1000);
	assert_int_equal(dirty_file_open(&whole, path, &f), 0);
	assert_int_equal(dirty_file_check_whole(&whole, path, &f), 0);
	assert_int_equal(dirty_file_check_whole(&b, path, &f), -ENODATA);
	dirty_bitmap_free(&b);
	dirty_bitmap_free(&whole);
	assert_int_equal(dirty_file_open(&b, path, &f), 0);
	assert_int_equal(dirty_file_check_whole(&b, path, &f), 0);
	dirty_bitmap_free(&b);
}

/* A SIGBUS of somebody else's stays deadly. */
static void test_other_sigbus(void **state)
{
	struct dirty_bitmap b;
	int status;
	pid_t pid;

	write_sample(1000);
	for (int sent = 0; sent < 2; sent++) {
		pid = fork();
		if (!pid) {
			struct rlimit none = {0};
			void *bus = mmap(NULL, 8192, PROT_READ, MAP_SHARED, open(path, O_RDONLY), 0);

			setrlimit(RLIMIT_CORE, &none);
			signal(SIGBUS, SIG_DFL);
			if (dirty_file_open(&b, path, &f))
				_exit(1);
			if (sent)
				raise(SIGBUS);
			else
				*(volatile char *)((char *)bus + 4096);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	}
}

static void test_replaces(void **state)
{
	struct dirty_bitmap b = make(10), got;
	char link[80];
	struct stat st;

	write_sample(1000);
	assert_int_equal(chmod(path, 0640), 0);
	snprintf(link, sizeof(link), "%s/link", folder);
	assert_int_equal(symlink("a", link), 0);
	assert_int_equal(dirty_file_write(&b, link, &f), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(dirty_file_open(&got, path, &f), 0);
	assert_int_equal(got.bits, 10);
	dirty_bitmap_free(&got);
	dirty_bitmap_free(&b);
	unlink(link);
}

static void test_cannot_write(void **state)
{
	struct dirty_bitmap b = make(10);
	struct stat st;
	char gone[80];

	snprintf(gone, sizeof(gone), "%s/none/a", folder);
	assert_int_equal(dirty_file_write(&b, gone, &f), -ENOENT);
	assert_non_null(strstr(f.text, gone));
	assert_int_equal(dirty_file_check_path(gone, &f), -ENOENT);
	assert_int_equal(dirty_file_write(&b, folder, &f), -EISDIR);
	assert_int_equal(dirty_file_check_path(folder, &f), -EISDIR);
	assert_int_equal(dirty_file_write(&b, "/dev/full", &f), -EINVAL);
	assert_non_null(strstr(f.text, "no regular file"));
	assert_int_equal(stat("/dev/full", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(dirty_file_check_path(path, &f), 0);
	dirty_bitmap_free(&b);
}

/* No room: what was there stays, and nothing lies beside it. */
static void test_no_room(void **state)
{
	struct rlimit small = {.rlim_cur = 4096}, before;
	struct dirty_bitmap b = make(1 << 20), got;
	int files;

	write_sample(1000);
	files = files_in_folder();
	bitmap_set(dirty_bitmap_bits(&b), 0, 1 << 20);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(dirty_file_write(&b, path, &f), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(strstr(f.text, path));
	assert_int_equal(files_in_folder(), files);
	assert_int_equal(dirty_file_open(&got, path, &f), 0);
	assert_int_equal(got.bits, 1000);
	dirty_bitmap_free(&got);
	dirty_bitmap_free(&b);
}

static void test_new(void **state)
{
	struct dirty_bitmap b;

	assert_int_equal(dirty_bitmap_new(&b, DIRTY_IOMMU, 0, 4096, 0, &f), -EINVAL);
	assert_int_equal(dirty_bitmap_new(&b, DIRTY_IOMMU, 0, 4096, 3, &f), -EINVAL);
	assert_int_equal(dirty_bitmap_new(&b, DIRTY_IOMMU, 0, 4097, 4096, &f), -EINVAL);
	assert_int_equal(dirty_bitmap_new(&b, DIRTY_IOMMU, 0, 0, 4096, &f), -EINVAL);
	assert_int_equal(dirty_bitmap_new(&b, DIRTY_IOMMU, ~0ull << 12, 8192, 4096, &f), -EOVERFLOW);
	assert_int_equal(dirty_bitmap_new(&b, DIRTY_IOMMU, 0, ~0ull << 12, 4096, &f), -ENOMEM);
	dirty_bitmap_free(&b);
	assert_int_equal(dirty_bitmap_new(&b, DIRTY_IOMMU, ~0ull << 12, 4096, 4096, &f), 0);
	assert_int_equal(b.bits, 1);
	assert_int_equal(b.words[0], 0);
	dirty_bitmap_free(&b);
	dirty_bitmap_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),	     cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_sparse),	     cmocka_unit_test(test_garbage_behind),
		cmocka_unit_test(test_random),	     cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_flipped),	     cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_foreign),	     cmocka_unit_test(test_cut_while_mapped),
		cmocka_unit_test(test_other_sigbus), cmocka_unit_test(test_replaces),
		cmocka_unit_test(test_cannot_write), cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
