/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/server: clients that behave as none should, signals and clients that are gone, and whose directory and socket it is. */
#include "server_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/num.h"
#include "core/session/session.h"
#include "out/relay.h"

static const char *const no_words[] = {NULL};

static void test_garbage(void **state)
{
	struct wire_header h = {.magic = WIRE_MAGIC, .version = WIRE_VERSION + 1, .type = WIRE_RUN};
	struct raw r;

	(void)state;
	begun("bad");
	raw_open(&r, "bad");
	assert_true(write(r.w.fd, "GET / HTTP/1.0\r\n\r\n", 18) == 18);
	raw_refused(&r, EPROTO, "no message");
	raw_close(&r);
	raw_open(&r, "bad");
	assert_true(write(r.w.fd, &h, sizeof(h)) == sizeof(h));
	raw_refused(&r, EPROTONOSUPPORT, "version 1");
	raw_close(&r);
	raw_open(&r, "bad");
	h.version = WIRE_VERSION;
	h.length = WIRE_MAX + 1;
	assert_true(write(r.w.fd, &h, sizeof(h)) == sizeof(h));
	raw_refused(&r, EMSGSIZE, "too long");
	raw_close(&r);
	raw_open(&r, "bad");
	wire_put(&r.w, WIRE_DONE, 0, no_words, 0);
	wire_flush(&r.w);
	raw_refused(&r, EPROTO, "no request");
	raw_close(&r);
	serves("bad");
	ended("bad");
}

/* What the worker would have to wait for is refused before it sees it. */
static void test_descriptors(void **state)
{
	const char *const words[] = {"18", "1", "1", "77", "echo", "x"};
	struct raw r;
	int ends[2], fds[WIRE_FDS];

	(void)state;
	begun("fds");
	raw_open(&r, "fds");
	wire_put(&r.w, WIRE_RUN, 0, words, 6);
	wire_flush(&r.w);
	raw_refused(&r, EPROTO, "no command");
	raw_close(&r);
	raw_open(&r, "fds");
	assert_int_equal(pipe(ends), 0);
	fds[RUN_STDIN] = relay_file("in");
	fds[RUN_STDOUT] = ends[1];
	fds[RUN_STDERR] = relay_file("err");
	fds[RUN_CWD] = open("/", O_PATH);
	wire_put_fds(&r.w, fds);
	wire_put(&r.w, WIRE_RUN, 0, words, 6);
	wire_flush(&r.w);
	raw_refused(&r, EPROTO, "no command");
	raw_close(&r);
	close(ends[0]);
	serves("fds");
	ended("fds");
}

/* serves() is under it, too */
#define HALF_PATIENCE_MS 5000

static void test_half_a_message(void **state)
{
	struct wire_header h = {
		.magic = WIRE_MAGIC, .version = WIRE_VERSION, .type = WIRE_RUN, .length = (uint32_t)MiB(3)};
	struct wire_message m;
	const uint64_t patience = server_patience_ns;
	struct raw half, none;

	(void)state;
	server_patience_ns = HALF_PATIENCE_MS * 1000000ull;
	begun("half");
	server_patience_ns = patience;
	raw_open(&half, "half");
	raw_open(&none, "half");
	assert_true(write(half.w.fd, &h, sizeof(h)) == sizeof(h));
	serves("half");
	/* both are shown the door, with time */
	assert_int_equal(wire_await(&half.w, &m, 20 * HALF_PATIENCE_MS), 0);
	assert_int_equal(wire_await(&none.w, &m, 20 * HALF_PATIENCE_MS), 0);
	raw_close(&half);
	raw_close(&none);
	serves("half");
	ended("half");
}

static void test_long_word(void **state)
{
	char *word = malloc(MiB(1) + 1), want[16];
	struct raw r;

	(void)state;
	memset(word, 'w', MiB(1));
	word[MiB(1)] = '\0';
	snprintf(want, sizeof(want), "%u", 1u << 20);
	begun("long");
	raw_open(&r, "long");
	raw_send(&r, "length", word);
	assert_int_equal(raw_status(&r), 0);
	raw_output(&r, want);
	raw_close(&r);
	ended("long");
	free(word);
}

/* Whoever gets the signal ends; the others go on. */
static void test_signals(void **state)
{
	struct wire_message m;
	struct raw running, queued, last;

	(void)state;
	begun("sig");
	raw_open(&running, "sig");
	raw_send(&running, "wait", NULL);
	raw_begun(&running);
	raw_open(&queued, "sig");
	raw_send(&queued, "echo", "never");
	raw_queued(&queued);
	raw_open(&last, "sig");
	raw_send(&last, "echo", "last");
	assert_int_equal(wire_await(&last.w, &m, RIG_PATIENCE_MS), 1);
	assert_int_equal(m.type, WIRE_WAIT);
	assert_string_equal(m.words[0], "wait");
	wire_message_free(&m);
	raw_signal(&queued, SIGTERM);
	assert_int_equal(raw_answer(&queued, &m), WIRE_DONE);
	assert_string_equal(m.words[1], "not");
	wire_message_free(&m);
	raw_output(&queued, "");
	raw_signal(&running, SIGTERM);
	assert_int_equal(raw_status(&running), 143);
	assert_int_equal(raw_status(&last), 0);
	raw_output(&last, "last");
	raw_close(&running);
	raw_close(&queued);
	raw_close(&last);
	/* it was the signal of that command alone */
	raw_open(&last, "sig");
	raw_send(&last, "wait", NULL);
	raw_begun(&last);
	raw_signal(&last, SIGINT);
	assert_int_equal(raw_status(&last), 130);
	raw_close(&last);
	ended("sig");
}

static void test_client_gone(void **state)
{
	struct raw running, queued;

	(void)state;
	begun("gone");
	raw_open(&running, "gone");
	raw_send(&running, "wait", NULL);
	raw_begun(&running);
	raw_open(&queued, "gone");
	raw_send(&queued, "wait", NULL);
	raw_close(&queued);
	raw_close(&running); /* as by kill -9: what it would wait for otherwise is longer than serves() is patient */
	serves("gone");
	ended("gone");
}

static void test_directories(void **state)
{
	char path[128], other[64];
	struct fail f = {0};
	int dir;

	(void)state;
	snprintf(other, sizeof(other), "%s/other", run_dir);
	assert_int_equal(mkdir(other, 0700), 0);
	setenv("XDG_RUNTIME_DIR", other, 1);
	assert_int_equal(server_dir_open(false, &dir, &f), -ENOENT);
	/* a link instead of the directory */
	snprintf(path, sizeof(path), "%s/iommuctl", other);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_int_equal(server_dir_open(true, &dir, &f), -ENOTDIR);
	unlink(path);
	/* open to others */
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0750), 0);
	assert_int_equal(server_dir_open(true, &dir, &f), -EPERM);
	assert_non_null(strstr(f.text, "others have access"));
	rmdir(path);
	assert_int_equal(chmod(other, 0777), 0);
	assert_int_equal(server_dir_open(true, &dir, &f), -EPERM);
	assert_non_null(strstr(f.text, "others may write"));
	rmdir(other);
	/* somebody else's: root's for others, and the other way around */
	setenv("XDG_RUNTIME_DIR", geteuid() ? "/etc" : other, 1);
	if (!geteuid()) {
		assert_int_equal(mkdir(other, 0700), 0);
		assert_int_equal(chown(other, 65534, 65534), 0);
	}
	assert_int_equal(server_dir_open(true, &dir, &f), -EPERM);
	assert_non_null(strstr(f.text, "belongs to user"));
	rmdir(other);
	setenv("XDG_RUNTIME_DIR", run_dir, 1);
}

/* Past the modes of directory and socket there is the peer's id: it takes root to become somebody else. */
static void test_other_user(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char path[64];
	int status;

	(void)state;
	begun("mine");
	if (geteuid()) {
		int fds[2], pid;
		unsigned int uid;

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		assert_true(server_peer_is_ours(fds[0], &pid, &uid));
		assert_int_equal(uid, geteuid());
		close(fds[0]);
		close(fds[1]);
		ended("mine");
		return;
	}
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/iommuctl/mine.sock", run_dir);
	snprintf(path, sizeof(path), "%s/iommuctl", run_dir);
	assert_int_equal(chmod(run_dir, 0711) | chmod(path, 0711) | chmod(at.sun_path, 0666), 0);
	if (!fork()) {
		struct raw r;
		int fd = socket(AF_UNIX, SOCK_STREAM, 0), pid;
		unsigned int uid;

		if (setgid(65534) || setuid(65534) || connect(fd, (struct sockaddr *)&at, sizeof(at)))
			_exit(1);
		if (server_peer_is_ours(fd, &pid, &uid) || uid)
			_exit(2);
		wire_init(&r.w, fd);
		raw_refused(&r, EPERM, "another user's");
		_exit(0);
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	assert_int_equal(chmod(run_dir, 0700) | chmod(path, 0700), 0);
	ended("mine");
}

/* A child holds the lock of @name for @ms, with @line in it, as `session list` does while it looks; then it is gone. */
static pid_t lock_held(const char *name, const char *line, unsigned int ms)
{
	int ends[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		struct fail f = {0};
		int dir, fd;

		if (server_dir_open(true, &dir, &f) || server_lock(dir, name, &fd, &f) || ftruncate(fd, 0) ||
		    write(fd, line, strlen(line)) < 0 || write(ends[1], "x", 1) != 1)
			_exit(1);
		clock_sleep_ns(ms * 1000000ull, NULL);
		server_unlink(dir, name, fd, false);
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return child;
}

static void lock_let_go(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Longer than any machine takes for what is under it, and held for longer than that. */
#define LOCK_NS 60000000000ull
#define LOCK_HELD_MS 120000

/* Who only looks is waited for, whether a dead session's line stands there or none; a live session is not. */
static void test_lock_for_a_moment(void **state)
{
	struct server_held held;
	struct fail f = {0};
	pid_t child, gone = fork();
	char line[32];
	const uint64_t lock_ns = server_lock_ns;
	uint64_t from;

	(void)state;
	server_lock_ns = LOCK_NS;
	if (!gone)
		_exit(0);
	lock_let_go(gone);
	child = lock_held("moment", "", 100);
	begun("moment");
	lock_let_go(child);
	ended("moment");
	snprintf(line, sizeof(line), "%d\tsim\n", gone);
	child = lock_held("moment", line, 100);
	begun("moment");
	lock_let_go(child);
	ended("moment");
	snprintf(line, sizeof(line), "%d\tsim\n", getpid());
	child = lock_held("moment", line, LOCK_HELD_MS);
	from = clock_ns();
	assert_int_equal(server_start("moment", 0, &ops, NULL, &held, &f), -EEXIST);
	assert_true(clock_ns() - from < LOCK_NS / 2);
	assert_non_null(strstr(f.text, "runs already"));
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	/* one that goes on starting is told as that */
	server_lock_ns = lock_ns;
	child = lock_held("moment", "", LOCK_HELD_MS);
	assert_int_equal(server_start("moment", 0, &ops, NULL, &held, &f), -EEXIST);
	assert_non_null(strstr(f.text, "just being started"));
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	/* and a lock that nobody holds is none */
	begun("moment");
	ended("moment");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_garbage),		  cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_half_a_message),	  cmocka_unit_test(test_long_word),
		cmocka_unit_test(test_signals),		  cmocka_unit_test(test_client_gone),
		cmocka_unit_test(test_directories),	  cmocka_unit_test(test_other_user),
		cmocka_unit_test(test_lock_for_a_moment),
	};

	return cmocka_run_group_tests_name("server_client", tests, rig_setup, rig_teardown);
}
