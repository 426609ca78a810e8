/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/server: sessions that stay, are listed and stopped, end by themselves, by a signal, or because they are killed. */
#include "server_rig.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "core/session/session.h"
#include "out/relay.h"

static unsigned int count_fds(int pid)
{
	char path[64];
	unsigned int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static unsigned long memory_of(int pid)
{
	char path[64];
	unsigned long size = 0, resident = 0;
	FILE *from;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	from = fopen(path, "r");
	if (from) {
		assert_int_equal(fscanf(from, "%lu %lu", &size, &resident), 2);
		fclose(from);
	}
	return resident;
}

static void many(const char *name, unsigned int n)
{
	while (n--)
		serves(name);
}

static void test_a_command(void **state)
{
	struct raw r;

	(void)state;
	begun("one");
	raw_open(&r, "one");
	raw_send(&r, "where", NULL);
	assert_int_equal(raw_status(&r), 0);
	raw_output(&r, "/tmp 022 1 1 77");
	raw_close(&r);
	raw_open(&r, "one");
	raw_send(&r, "nonsense", NULL);
	assert_int_equal(raw_status(&r), 9);
	raw_close(&r);
	ended("one");
}

static void test_not_ready(void **state)
{
	struct server_held held;
	struct fail f = {0};

	(void)state;
	assert_int_equal(server_start("two", 0, &ops, (void *)"refuse", &held, &f), -ENODEV);
	assert_true(f.usage);
	assert_string_equal(f.text, "no such device");
	assert_string_equal(f.hint, "buy one");
	assert_int_equal(server_start("two", 0, &ops, (void *)"crash", &held, &f), -ECHILD);
	assert_non_null(strstr(f.text, "killed by signal 9"));
	assert_false(was_closed());
	begun("two"); /* the name is free all the same */
	ended("two");
}

/* The one with the socket is killed while the other opens the device: what was opened is closed all the same. */
static void test_orphan(void **state)
{
	struct server_held held;
	struct fail f = {0};
	bool closed = false;

	(void)state;
	assert_int_equal(server_start("orphan", 0, &ops, (void *)"orphan", &held, &f), -ECHILD);
	for (int i = 0; i < RIG_PATIENCE_MS / RIG_STEP_MS && !closed; i++) {
		closed = was_closed();
		clock_sleep_ns(closed ? 0 : RIG_STEP_MS * 1000000ull, NULL);
	}
	assert_true(closed);
	reaped();
}

static void test_stuck(void **state)
{
	struct server_held held;
	struct fail f = {0};
	char path[64];
	struct stat st;

	(void)state;
	assert_int_equal(server_start("stuck", 0, &ops, (void *)"stuck", &held, &f), 0);
	assert_int_equal(client_stop("stuck", &held, &f), -EBUSY);
	assert_non_null(strstr(f.text, "it would not stop"));
	assert_true(was_closed());
	reaped();
	assert_int_equal(client_stop("stuck", &held, &f), -ESRCH);
	/* it is in the log, for the case that nobody asked */
	snprintf(path, sizeof(path), "%s/iommuctl/stuck.log", run_dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_not_equal(st.st_size, 0);
	assert_int_equal(unlink(path), 0);
}

static void test_list_while_busy(void **state)
{
	struct server_held *list;
	struct fail f = {0};
	struct raw running, queued;
	unsigned int nr;

	(void)state;
	begun("busy");
	begun("idle");
	raw_open(&running, "busy");
	raw_send(&running, "wait", NULL);
	raw_begun(&running);
	raw_open(&queued, "busy");
	raw_send(&queued, "echo", NULL);
	raw_queued(&queued);
	assert_int_equal(client_list(&list, &nr, false, &f), 0);
	assert_int_equal(nr, 2);
	assert_string_equal(list[0].name, "busy");
	assert_int_equal(list[0].state, SERVER_BUSY);
	assert_string_equal(list[0].command, "wait");
	assert_int_equal(list[0].waiting, 1);
	assert_string_equal(list[1].name, "idle");
	assert_int_equal(list[1].state, SERVER_READY);
	assert_int_equal(list[1].mappings, 42);
	free(list);
	/* a stop does not wait for it */
	assert_int_equal(client_stop("busy", &(struct server_held){0}, &f), 0);
	assert_int_equal(raw_status(&running), 143);
	raw_refused(&queued, ESHUTDOWN, "ending");
	raw_close(&running);
	raw_close(&queued);
	assert_true(was_closed());
	ended("idle");
}

static void test_killed(void **state)
{
	struct server_held *list, held = begun("dead");
	struct pollfd worker = {.events = POLLIN};
	struct fail f = {0};
	struct raw r, other;
	unsigned int nr;

	(void)state;
	raw_open(&r, "dead");
	raw_send(&r, "wait", NULL);
	raw_begun(&r);
	raw_open(&other, "dead");
	raw_send(&other, "echo", "x");
	raw_queued(&other);
	kill(held.pid, SIGKILL);
	raw_refused(&r, ECHILD, "killed by signal 9");
	raw_refused(&other, ECHILD, "killed by signal 9");
	raw_close(&r);
	raw_close(&other);
	assert_int_equal(client_stop("dead", &held, &f), -ESRCH);
	reaped();
	/* by what it executes */
	begun("dead");
	raw_open(&r, "dead");
	raw_send(&r, "die", NULL);
	raw_refused(&r, ECHILD, "killed by signal 9");
	raw_close(&r);
	reaped();
	/* both at once: nobody is left to clean up */
	held = begun("dead");
	worker.fd = (int)syscall(SYS_pidfd_open, held.pid, 0);
	kill(parent_of(held.pid), SIGSTOP);
	kill(held.pid, SIGKILL);
	kill(parent_of(held.pid), SIGKILL);
	reaped();
	/* the worker is no child of ours; kernels before 5.3 do not tell when it is gone */
	if (worker.fd < 0)
		clock_sleep_ns(500000000, NULL);
	else
		assert_int_equal(poll(&worker, 1, RIG_PATIENCE_MS), 1);
	close(worker.fd);
	assert_int_equal(client_stop("dead", &held, &f), -ESRCH);
	assert_int_equal(client_list(&list, &nr, true, &f), 0);
	assert_int_equal(nr, 1);
	assert_int_equal(list[0].state, SERVER_DEAD);
	assert_string_equal(list[0].backend, "test");
	free(list);
	begun("dead"); /* what is left is no obstacle */
	serves("dead");
	ended("dead");
	assert_int_equal(client_list(&list, &nr, false, &f), 0);
	assert_int_equal(nr, 0);
	free(list);
}

/* The one with the socket is killed: the other takes the way out. */
static void test_front_killed(void **state)
{
	struct server_held held = begun("front");
	struct raw r;

	(void)state;
	raw_open(&r, "front");
	raw_send(&r, "wait", NULL);
	raw_begun(&r);
	kill(parent_of(held.pid), SIGKILL);
	assert_int_equal(raw_status(&r), 999);
	raw_close(&r);
	for (int i = 0; i < RIG_PATIENCE_MS / RIG_STEP_MS && !kill(held.pid, 0); i++)
		clock_sleep_ns(RIG_STEP_MS * 1000000ull, NULL);
	assert_true(was_closed());
	reaped();
	begun("front");
	ended("front");
}

static void test_terminated(void **state)
{
	struct server_held held = begun("term");
	struct raw r;

	(void)state;
	raw_open(&r, "term");
	raw_send(&r, "wait", NULL);
	raw_begun(&r);
	kill(held.pid, SIGTERM);
	assert_int_equal(raw_status(&r), 143);
	raw_close(&r);
	reaped();
	assert_true(was_closed());
	/* one that does nothing hears it as well, and by way of the other process */
	held = begun("term");
	kill(parent_of(held.pid), SIGTERM);
	reaped();
	assert_true(was_closed());
}

static void test_same_name(void **state)
{
	struct server_held held;
	struct fail f = {0};
	unsigned int won = 0, lost = 0;
	int status;

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		if (!fork())
			_exit(-server_start("twin", 0, &ops, NULL, &held, &f));
	for (unsigned int i = 0; i < 8; i++) {
		assert_true(wait(&status) > 0);
		won += WEXITSTATUS(status) == 0;
		lost += WEXITSTATUS(status) == EEXIST;
	}
	assert_int_equal(won, 1);
	assert_int_equal(lost, 7);
	serves("twin");
	ended("twin");
}

/* Time enough for the command to be there before it ends for want of one. */
#define IDLE_NS 5000000000ull

static void test_idle(void **state)
{
	struct server_held held;
	struct fail f = {0};
	struct raw r;

	(void)state;
	assert_int_equal(server_start("idle", IDLE_NS, &ops, NULL, &held, &f), 0);
	raw_open(&r, "idle");
	raw_send(&r, "wait", NULL);
	raw_begun(&r);
	/* while something runs, it is not idle */
	clock_sleep_ns(IDLE_NS + 1000000000ull, NULL);
	raw_signal(&r, SIGINT);
	assert_int_equal(raw_status(&r), 130);
	raw_close(&r);
	reaped();
	assert_true(was_closed());
	assert_int_equal(client_stop("idle", &held, &f), -ESRCH);
}

/* A sanitizer keeps what was freed for a while. */
static bool keeps_freed(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#else
	return false;
#endif
}

static void test_a_thousand(void **state)
{
	struct server_held held = begun("many");
	int pids[] = {held.pid, parent_of(held.pid)};
	unsigned int fds[2];
	unsigned long memory[2];

	(void)state;
	many("many", 50);
	clock_sleep_ns(200000000, NULL);
	for (unsigned int i = 0; i < 2; i++) {
		fds[i] = count_fds(pids[i]);
		memory[i] = memory_of(pids[i]);
	}
	many("many", 1000);
	for (unsigned int i = 0; i < 2; i++) {
		/* the one that serves may still hold the last client's */
		for (unsigned int tries = 0; tries < 1000 && count_fds(pids[i]) > fds[i]; tries++)
			clock_sleep_ns(10000000, NULL);
		assert_in_range(count_fds(pids[i]), 1, fds[i]);
		if (!keeps_freed() && !getenv("IOMMUCTL_WRAPPER"))
			assert_true(memory_of(pids[i]) < memory[i] + 64);
	}
	ended("many");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_command),  cmocka_unit_test(test_not_ready),
		cmocka_unit_test(test_stuck),	   cmocka_unit_test(test_list_while_busy),
		cmocka_unit_test(test_killed),	   cmocka_unit_test(test_front_killed),
		cmocka_unit_test(test_terminated), cmocka_unit_test(test_same_name),
		cmocka_unit_test(test_idle),	   cmocka_unit_test(test_a_thousand),
		cmocka_unit_test(test_orphan),
	};

	return cmocka_run_group_tests_name("server", tests, rig_setup, rig_teardown);
}
