/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tar writer, read back by tar(1). */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "out/tar.h"

struct archive {
	char dir[64], file[80];
	int fd;
	struct tar *tar;
};

static int archive_open(void **state)
{
	struct archive *a = calloc(1, sizeof(*a));

	strcpy(a->dir, "/tmp/iommuctl-tar-XXXXXX");
	assert_non_null(mkdtemp(a->dir));
	snprintf(a->file, sizeof(a->file), "%s/a.tar", a->dir);
	a->fd = open(a->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(a->fd >= 0);
	a->tar = tar_open(a->fd, 86400);
	assert_non_null(a->tar);
	*state = a;
	return 0;
}

static int archive_remove(void **state)
{
	struct archive *a = *state;
	char cmd[128];

	tar_close(a->tar, NULL);
	close(a->fd);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", a->dir);
	assert_int_equal(system(cmd), 0);
	free(a);
	return 0;
}

/* What tar(1) says to it; it must be content. @out is NUL-terminated. */
static void archive_ask(struct archive *a, const char *options, char *out, size_t len)
{
	char cmd[256];
	FILE *fp;
	size_t n;

	assert_int_equal(tar_close(a->tar, NULL), 0);
	a->tar = NULL;
	snprintf(cmd, sizeof(cmd), "cd %s && LC_ALL=C TZ=UTC tar %s a.tar 2>&1", a->dir, options);
	fp = popen(cmd, "r");
	assert_non_null(fp);
	n = fread(out, 1, len - 1, fp);
	out[n] = '\0';
	if (pclose(fp) != 0)
		fail_msg("%s: %s", cmd, out);
}

/* A name of @len bytes with a slash at every @step-th place. */
static void fill_name(char *name, size_t len, size_t step)
{
	for (size_t i = 0; i < len; i++)
		name[i] = step && i % step == step - 1 && i + 1 < len ? '/' : (char)('a' + i % 26);
	name[len] = '\0';
}

static const size_t name_lengths[] = {1, 99, 100, 101, 154, 155, 156, 255, 256, 257, 300, 1000, 3000};

static void test_names(void **state)
{
	static char listing[65536], want[65536];
	struct archive *a = *state;
	char name[4096], *at = want;

	for (size_t step = 0; step <= 60; step += 12)
		for (size_t i = 0; i < ARRAY_SIZE(name_lengths); i++) {
			/* tar(1) would say something about each */
			if (name_lengths[i] > 250 && step == 0)
				continue;
			fill_name(name, name_lengths[i], step);
			assert_int_equal(tar_file(a->tar, name, "x", 1), 0);
			at += sprintf(at, "%s\n", name);
			assert_true(at < want + sizeof(want) - 4096);
		}
	archive_ask(a, "-tf", listing, sizeof(listing));
	assert_string_equal(listing, want);
}

/* Divided at the one slash there is: prefixes of 154 to 156 bytes, names of 99 to 101. */
static void test_splits(void **state)
{
	static char listing[65536], want[65536];
	struct archive *a = *state;
	char name[512], *at = want;

	for (size_t prefix = 1; prefix <= 157; prefix += prefix == 1 ? 152 : 1)
		for (size_t rest = 98; rest <= 102; rest++) {
			memset(name, 'p', prefix);
			memset(name + prefix, 'n', rest + 1);
			name[prefix] = '/';
			name[prefix + 1 + rest] = '\0';
			assert_int_equal(tar_file(a->tar, name, "", 0), 0);
			at += sprintf(at, "%s\n", name);
		}
	archive_ask(a, "-tf", listing, sizeof(listing));
	assert_string_equal(listing, want);
}

static void test_sizes(void **state)
{
	static const size_t sizes[] = {0, 1, 511, 512, 513, 1024, 10239, 10240, 10241, 100000};
	struct archive *a = *state;
	char name[32], out[256], *data = malloc(100000);

	assert_non_null(data);
	for (size_t i = 0; i < 100000; i++)
		data[i] = (char)(i * 7 + i / 512);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		sprintf(name, "f%zu", sizes[i]);
		assert_int_equal(tar_file(a->tar, name, data, sizes[i]), 0);
	}
	archive_ask(a, "-xf", out, sizeof(out));
	assert_string_equal(out, "");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char path[128], *back = malloc(100001);
		FILE *fp;

		assert_non_null(back);
		snprintf(path, sizeof(path), "%s/f%zu", a->dir, sizes[i]);
		fp = fopen(path, "r");
		assert_non_null(fp);
		assert_int_equal(fread(back, 1, 100001, fp), sizes[i]);
		assert_memory_equal(back, data, sizes[i]);
		fclose(fp);
		free(back);
	}
	free(data);
}

static void test_links(void **state)
{
	static const size_t lengths[] = {1, 99, 100, 101, 255, 1000};
	struct archive *a = *state;
	char name[32], target[1100], got[1100], path[128], out[256];
	ssize_t n;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		sprintf(name, "l%zu", lengths[i]);
		fill_name(target, lengths[i], 7);
		assert_int_equal(tar_link(a->tar, name, target), 0);
	}
	archive_ask(a, "-xf", out, sizeof(out));
	assert_string_equal(out, "");
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		snprintf(path, sizeof(path), "%s/l%zu", a->dir, lengths[i]);
		fill_name(target, lengths[i], 7);
		n = readlink(path, got, sizeof(got) - 1);
		assert_true(n > 0);
		got[n] = '\0';
		assert_string_equal(got, target);
	}
}

static void test_listing(void **state)
{
	struct archive *a = *state;
	char out[1024];
	struct stat st;

	assert_int_equal(tar_dir(a->tar, "sys"), 0);
	assert_int_equal(tar_file(a->tar, "sys/f", "abc", 3), 0);
	assert_int_equal(tar_link(a->tar, "sys/l", "../f"), 0);
	archive_ask(a, "--numeric-owner -tvf", out, sizeof(out));
	assert_non_null(strstr(out, "drwxr-xr-x 0/0               0 1970-01-02 00:00 sys\n"));
	assert_non_null(strstr(out, "-rw-r--r-- 0/0               3 1970-01-02 00:00 sys/f\n"));
	assert_non_null(strstr(out, "lrwxrwxrwx 0/0               0 1970-01-02 00:00 sys/l -> ../f\n"));
	assert_int_equal(fstat(a->fd, &st), 0);
	assert_int_equal(st.st_size % 10240, 0);
}

static void test_bad(void **state)
{
	struct archive *a = *state;

	assert_int_equal(tar_file(a->tar, "/etc/passwd", "", 0), -EINVAL);
	assert_int_equal(tar_file(a->tar, "fine", "", 0), -EINVAL); /* the archive is of no use any more */
	assert_int_equal(tar_close(a->tar, NULL), -EINVAL);
	a->tar = tar_open(a->fd, 0);
	assert_non_null(a->tar);
	assert_int_equal(tar_file(a->tar, "", "", 0), -EINVAL);
	assert_int_equal(tar_close(NULL, NULL), 0);
}

static void test_size(void **state)
{
	struct archive *a = *state;
	struct stat st;
	uint64_t size;

	assert_int_equal(tar_file(a->tar, "f", "abc", 3), 0);
	assert_int_equal(tar_close(a->tar, &size), 0);
	a->tar = NULL;
	assert_int_equal(fstat(a->fd, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_int_equal(size, 10240);
}

/* /dev/full: what cannot be written is an error, at the latest at the end. */
static void test_full(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct tar *tar = tar_open(fd, 0);

	(void)state;
	assert_non_null(tar);
	assert_int_equal(tar_file(tar, "f", "x", 1), 0); /* still in the buffer */
	assert_int_equal(tar_close(tar, NULL), -ENOSPC);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, archive_open, archive_remove),
		cmocka_unit_test_setup_teardown(test_splits, archive_open, archive_remove),
		cmocka_unit_test_setup_teardown(test_sizes, archive_open, archive_remove),
		cmocka_unit_test_setup_teardown(test_links, archive_open, archive_remove),
		cmocka_unit_test_setup_teardown(test_listing, archive_open, archive_remove),
		cmocka_unit_test_setup_teardown(test_bad, archive_open, archive_remove),
		cmocka_unit_test_setup_teardown(test_size, archive_open, archive_remove),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
