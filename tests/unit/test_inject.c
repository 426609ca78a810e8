/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/inject and host/fail_nth: what is asked of the kernel, what is tried again, and what counts as left behind. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/inject.h"
#include "core/op/op.h"
#include "core/session/priv.h"
#include "iommu/backend.h"

#define NTH "/proc/thread-self/fail-nth"
#define SLAB "/sys/kernel/debug/failslab/ignore-gfp-wait"
#define PAGES "/sys/kernel/debug/fail_page_alloc/"

static struct host fake; /* a root in which fail-nth is a plain file: the test plays the kernel */

static void put(const char *path, const char *text)
{
	char full[400];
	FILE *to;

	snprintf(full, sizeof(full), "%s%s", fake.root, path);
	for (char *slash = strchr(full + strlen(fake.root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	to = fopen(full, "w");
	assert_non_null(to);
	fputs(text, to);
	assert_int_equal(fclose(to), 0);
}

static void take(const char *path)
{
	char full[400];

	snprintf(full, sizeof(full), "%s%s", fake.root, path);
	unlink(full);
}

static int root_make(void **state)
{
	(void)state;
	strcpy(fake.root, "/tmp/iommuctl-inject.XXXXXX");
	assert_non_null(mkdtemp(fake.root));
	put(NTH, "0\n");
	put(SLAB, "N\n");
	put(PAGES "ignore-gfp-wait", "N\n");
	put(PAGES "ignore-gfp-highmem", "N\n");
	put(PAGES "min-order", "0\n");
	return 0;
}

static int root_remove(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", fake.root);
	return system(command);
}

static void missing(const char *what, const char *hint)
{
	struct fail_nth nth;
	struct fail f = {0};

	assert_int_equal(fail_nth_open(&nth, &fake, &f), -EOPNOTSUPP);
	if (!strstr(f.text, what) || !strstr(f.hint, hint))
		fail_msg("told as '%s', hint '%s'", f.text, f.hint);
	fail_nth_close(&nth);
}

static void test_missing(void **state)
{
	struct fail_nth nth;
	struct fail f = {0};

	(void)state;
	assert_int_equal(fail_nth_open(&nth, &fake, &f), 0);
	fail_nth_close(&nth);
	put(SLAB, "Y\n");
	missing("failslab spares", "echo N >" SLAB);
	take(SLAB);
	missing("cannot see", "debugfs");
	put(SLAB, "N\n");
	take(NTH);
	missing("no /proc/thread-self/fail-nth", "CONFIG_FAULT_INJECTION");
	put(NTH, "0\n");
}

static void test_spared(void **state)
{
	char text[160];

	(void)state;
	assert_string_equal(fail_nth_spared(&fake, text, sizeof(text)), "");
	put(PAGES "min-order", "1\n");
	assert_non_null(
		strstr(fail_nth_spared(&fake, text, sizeof(text)), "single pages, until: echo 0 >" PAGES "min-order"));
	put(PAGES "ignore-gfp-wait", "Y\n");
	assert_non_null(strstr(fail_nth_spared(&fake, text, sizeof(text)), "may sleep"));
	take(PAGES "ignore-gfp-wait");
	assert_non_null(strstr(fail_nth_spared(&fake, text, sizeof(text)), "cannot be read"));
	put(PAGES "min-order", "0\n");
	put(PAGES "ignore-gfp-wait", "N\n");
}

/* What a line does when it runs for the first and the second time, and whether the kernel gets to fail it. */
static struct {
	struct script_outcome first, second;
	bool reached; /* the first run makes as many allocations as are counted */
	unsigned int runs;
	struct session *session; /* the session; the first run leaves pages of it pinned */
	bool leaks;
} play;

static void play_exec(void *ctx, const struct script_line *line, uint64_t op, struct script_outcome *out)
{
	char value[16];

	(void)ctx;
	(void)line;
	(void)op;
	*out = play.runs ? play.second : play.first;
	assert_int_equal(host_read_line(&fake, value, sizeof(value), NTH), 0);
	assert_string_equal(value, play.runs ? "0" : "3");
	if (!play.runs && play.reached)
		put(NTH, "0\n");
	if (!play.runs && play.leaks) {
		struct op_map map = {.buf = "x", .size = 65536, .prot = IOMMU_PROT_RW, .where = OP_IOVA_RANDOM};
		struct op_unmap unmap = {.buf = "x"};
		struct failures found;
		uint64_t bytes;

		failures_init(&found);
		assert_int_equal(op_map(play.session, &map, NULL, &found, NULL), 0);
		assert_int_equal(op_unmap(play.session, &unmap, &bytes, &found, NULL), 0);
	}
	play.runs++;
}

/* The line's outcome, after @play. */
static struct script_outcome step(const struct script_line *line, unsigned int runs)
{
	struct script_outcome out = {.result = RESULT_PASS};
	struct fail why = {.err = EIO}, f = {0};
	struct inject in;

	put(NTH, "0\n");
	assert_int_equal(inject_open(&in, 3, &fake, &f), 0);
	in.exec = play_exec;
	in.why = &why;
	in.session = play.session;
	play.runs = 0;
	inject_exec(&in, line, 0, &out);
	assert_int_equal(in.err, 0);
	assert_int_equal(play.runs, runs);
	assert_int_equal(why.err, runs == 2 ? 0 : EIO);
	assert_int_equal(in.total, play.reached);
	assert_int_equal(out.injected, play.reached);
	inject_close(&in);
	return out;
}

static const struct script_outcome passes = {.result = RESULT_PASS},
				   no_memory = {.result = RESULT_ERROR, .err = ENOMEM, .detail = "cannot map"},
				   exists = {.result = RESULT_ERROR, .err = EEXIST, .detail = "in use"},
				   wrong = {.result = RESULT_FAIL, .detail = "torn"},
				   gone = {.result = RESULT_ERROR, .err = ETIMEDOUT, .lost = true};

static void test_not_reached(void **state)
{
	struct script_line line = {0};
	struct script_outcome out;

	(void)state;
	play.reached = false;
	play.first = no_memory; /* without an injection it is what it is */
	out = step(&line, 1);
	assert_int_equal(out.err, ENOMEM);
	assert_int_equal(out.injected_err, 0);
}

static void test_tried_again(void **state)
{
	struct script_line line = {0};
	struct script_outcome out;

	(void)state;
	play.reached = true;
	play.first = no_memory;
	play.second = passes;
	out = step(&line, 2);
	assert_int_equal(out.result, RESULT_PASS);
	assert_int_equal(out.err, 0);
	assert_int_equal(out.injected_err, ENOMEM);
	play.second = exists; /* the failed try left its mapping behind */
	out = step(&line, 2);
	assert_int_equal(out.err, EEXIST);
	assert_string_equal(out.detail, "after an injected failure (ENOMEM): in use");
	play.first = (struct script_outcome){.result = RESULT_USAGE}; /* options could not be parsed */
	play.second = passes;
	assert_int_equal(step(&line, 2).result, RESULT_PASS);
}

static void test_not_tried_again(void **state)
{
	struct script_line line = {0};
	struct script_outcome out;

	(void)state;
	play.reached = true;
	play.first = passes;
	out = step(&line, 1);
	assert_int_equal(out.result, RESULT_PASS);
	assert_int_equal(out.injected_err, 0);
	play.first = wrong; /* a failing allocation is no reason for wrong data */
	assert_int_equal(step(&line, 1).result, RESULT_FAIL);
	play.first = gone;
	assert_true(step(&line, 1).lost);
}

static void test_negated(void **state)
{
	struct script_line line = {.negated = true, .want_err = EEXIST};
	struct script_outcome out;

	(void)state;
	play.reached = true;
	play.first = exists;
	out = step(&line, 1);
	assert_int_equal(out.err, EEXIST);
	assert_int_equal(out.injected_err, 0);
	play.first = no_memory;
	play.second = exists;
	assert_int_equal(step(&line, 2).err, EEXIST);
	line.want_err = 0; /* any error would do, and the injected one is not the line's */
	play.second = passes;
	assert_int_equal(step(&line, 2).err, 0);
}

static void test_leak(void **state)
{
	static const char *const backends[] = {"sim", "sim,fault=pin-leak"};
	struct script_line line = {0};
	struct host here = {0};
	struct script_outcome out;
	struct fail f = {0};

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct session_params p = {.backend = backends[i], .seed = 5};

		assert_int_equal(session_open(&play.session, &p, &here, &f), 0);
		play.reached = true;
		play.first = no_memory;
		play.second = passes;
		play.leaks = true;
		out = step(&line, i ? 1 : 2);
		play.leaks = false;
		assert_int_equal(out.result, i ? RESULT_FAIL : RESULT_PASS);
		assert_int_equal(strncmp(out.detail, "pin-leak: after an injected failure (ENOMEM) 16 pages", 53) == 0,
				 i);
		session_close(play.session, &f);
		play.session = NULL;
	}
}

/* An error of a device that the kernel plays is the kernel's; of any other one it is a finding. */
static void test_device(void **state)
{
	struct session_params p = {.backend = "sim", .seed = 5};
	struct script_line line = {0};
	struct host here = {0};
	struct fail f = {0};

	(void)state;
	assert_int_equal(session_open(&play.session, &p, &here, &f), 0);
	play.reached = true;
	play.first = (struct script_outcome){.result = RESULT_FAIL, .detail = "dma-error: bad address"};
	play.second = passes;
	assert_int_equal(step(&line, 1).result, RESULT_FAIL);
	play.session->iommu->caps.checks_table = true;
	assert_int_equal(step(&line, 2).result, RESULT_PASS);
	play.first = wrong;
	assert_int_equal(step(&line, 1).result, RESULT_FAIL);
	session_close(play.session, &f);
	play.session = NULL;
}

static void test_levels(void **state)
{
	struct inject_level before, after;
	void *page = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char text[80];
	int fd;

	(void)state;
	assert_int_equal(inject_level_read(&before), 0);
	assert_string_equal(inject_level_settle(&before, text, sizeof(text)), "");
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_string_equal(inject_level_settle(&before, text, sizeof(text)), "1 files stay open");
	close(fd);
	assert_string_equal(inject_level_settle(&before, text, sizeof(text)), "");
	/* by number: AddressSanitizer makes nothing of mlock() and munlock() */
	assert_int_equal(syscall(SYS_mlock, page, (size_t)16384), 0);
	assert_string_equal(inject_level_settle(&before, text, sizeof(text)), "16384 bytes stay locked (VmLck)");
	assert_int_equal(syscall(SYS_munlock, page, (size_t)16384), 0);
	assert_string_equal(inject_level_settle(&before, text, sizeof(text)), "");
	after = before;
	after.pinned += 8192; /* no process can pin without a device or a ring */
	assert_string_equal(inject_level_excess(&before, &after, text, sizeof(text)), "8192 bytes stay pinned (VmPin)");
	munmap(page, 65536);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_spared),
		cmocka_unit_test(test_not_reached),
		cmocka_unit_test(test_tried_again),
		cmocka_unit_test(test_not_tried_again),
		cmocka_unit_test(test_negated),
		cmocka_unit_test(test_leak),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_levels),
	};

	return cmocka_run_group_tests(tests, root_make, root_remove);
}
