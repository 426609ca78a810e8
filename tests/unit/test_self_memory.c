/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/self_memory: the machine's memory, the groups' limits, and what is refused with its numbers. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "host/self.h"
#include "root.h"

#define INFO "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:    8388608 kB\nBuffers: 1 kB\n"

static uint64_t free_of(struct root *root)
{
	uint64_t bytes = 0;

	assert_int_equal(self_memory_free(&root->host, &bytes), 0);
	return bytes;
}

static void test_there_is(void **state)
{
	struct root at, *root = &at;
	uint64_t bytes;

	root_make(root);
	assert_true(self_memory_free(&root->host, &bytes) < 0);
	root_put(root, "/proc/meminfo", "MemTotal: 5 kB\nMemAvailable\n");
	assert_int_equal(self_memory_free(&root->host, &bytes), -ENODATA);
	root_put(root, "/proc/meminfo", INFO);
	assert_int_equal(free_of(root), GiB(8));
	/* of no group that is of version 2 */
	root_put(root, "/proc/self/cgroup", "5:memory:/old\n");
	assert_int_equal(free_of(root), GiB(8));
	root_put(root, "/proc/self/cgroup", "5:memory:/old\n0::/a/b\n");
	root_put(root, "/sys/fs/cgroup/a/b/memory.max", "max\n");
	root_put(root, "/sys/fs/cgroup/a/b/memory.current", "1000\n");
	assert_int_equal(free_of(root), GiB(8));
	/* one above it has a limit, and half of what it uses can be had back */
	root_put(root, "/sys/fs/cgroup/a/memory.max", "1073741824\n");
	root_put(root, "/sys/fs/cgroup/a/memory.current", "536870912\n");
	assert_int_equal(free_of(root), MiB(512));
	root_put(root, "/sys/fs/cgroup/a/memory.stat", "anon 5\nactive_file 67108864\ninactive_file 201326592\n");
	assert_int_equal(free_of(root), MiB(768));
	root_put(root, "/sys/fs/cgroup/a/memory.current", "2147483648\n");
	assert_int_equal(free_of(root), 0);
	root_remove(root);
}

static void test_enough(void **state)
{
	struct root at, *root = &at;
	struct fail f = {0};

	root_make(root);
	/* nobody tells */
	assert_int_equal(self_memory_enough(&root->host, UINT64_MAX, &f), 0);
	root_put(root, "/proc/meminfo", INFO);
	assert_int_equal(self_memory_enough(&root->host, GiB(7), &f), 0);
	assert_int_equal(self_memory_enough(&root->host, GiB(7) + 1, &f), -ENOMEM);
	assert_non_null(strstr(f.text, "7G may be taken"));
	assert_non_null(strstr(f.hint, "--size"));
	root_remove(root);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_is),
		cmocka_unit_test(test_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
