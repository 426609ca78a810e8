/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting a session that stays: its name, its two processes, and what is said to who started it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/num.h"
#include "core/server/priv.h"
#include "core/session/session.h"
#include "out/relay.h"

#define SERVER_LOCK_STEP_MS 5

uint64_t server_lock_ns = 1000000000ull;

static const char *const state_names[] = {"ready", "busy", "ending", "starting", "silent", "dead"};

const char *server_state_name(enum server_state state)
{
	return state_names[state];
}

int held_put(struct wire *w, uint32_t tag, const struct server_held *held)
{
	char pid[16], mappings[24], waiting[16], state[16];

	snprintf(pid, sizeof(pid), "%d", held->pid);
	snprintf(mappings, sizeof(mappings), "%llu", (unsigned long long)held->mappings);
	snprintf(waiting, sizeof(waiting), "%u", held->waiting);
	snprintf(state, sizeof(state), "%d", (int)held->state);
	return wire_say(w, WIRE_HELD, tag, pid, held->backend, held->device, held->driver, mappings, held->since, state,
			held->command, waiting, NULL);
}

int held_get(const struct wire_message *m, struct server_held *held)
{
	uint64_t pid, mappings, state, waiting;

	if (m->nr < 9 || wire_number(m, 0, &pid) || wire_number(m, 4, &mappings) || wire_number(m, 6, &state) ||
	    wire_number(m, 8, &waiting) || state >= ARRAY_SIZE(state_names))
		return -EPROTO;
	held->pid = (int)pid;
	held->mappings = mappings;
	held->state = (enum server_state)state;
	held->waiting = (unsigned int)waiting;
	snprintf(held->backend, sizeof(held->backend), "%s", m->words[1]);
	snprintf(held->device, sizeof(held->device), "%s", m->words[2]);
	snprintf(held->driver, sizeof(held->driver), "%s", m->words[3]);
	snprintf(held->since, sizeof(held->since), "%s", m->words[5]);
	snprintf(held->command, sizeof(held->command), "%s", m->words[7]);
	return 0;
}

static bool server_is_kept(int fd, const int *keep, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (keep[i] == fd)
			return true;
	return fd <= STDERR_FILENO;
}

/* Whatever the shell had open, a pipe that somebody waits for the end of, is not kept open for days. */
void server_close_others(const int *keep, unsigned int nr)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		int fd = atoi(e->d_name);

		/* those beyond the limit are a memory checker's own */
		if (e->d_name[0] != '.' && fd != dirfd(d) && fd < sysconf(_SC_OPEN_MAX) &&
		    !server_is_kept(fd, keep, nr))
			close(fd);
	}
	if (d)
		closedir(d);
}

void server_to_log(const struct server *s)
{
	char file[SERVER_NAME_MAX + 8];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), log;

	server_file(file, sizeof(file), s->name, "log");
	log = openat(s->dir, file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (log < 0 || lseek(log, 0, SEEK_END) > (off_t)KiB(64)) /* a session's own problems are few */
		log = null;
	relay_become(null, log, log);
	if (log != null)
		close(log);
	close(null);
}

/* In a session of its own, so that no terminal's Ctrl-C and no hangup reaches it. */
static void server_child(struct server *s, int starter) __attribute__((noreturn));
static void server_child(struct server *s, int starter)
{
	const int keep[] = {s->dir, s->lock, s->listener, starter};
	int pair[2];
	pid_t worker;

	setsid();
	server_close_others(keep, ARRAY_SIZE(keep));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		_exit(1);
	worker = fork();
	if (worker < 0)
		_exit(1);
	if (!worker) {
		close(pair[0]);
		close(starter);
		close(s->listener);
		server_worker(s, pair[1]);
	}
	close(pair[1]);
	server_front(s, starter, worker, pair[0]);
}

/* What the new session says first, and last if it did not come about. */
static int server_wait_ready(const char *name, pid_t child, int fd, struct server_held *out, struct fail *f)
{
	struct wire_message m = {0};
	struct wire w;
	int ret;

	wire_init(&w, fd);
	while ((ret = wire_await(&w, &m, 200)) == -EINTR || ret == -ETIMEDOUT)
		if (session_signal)
			kill(child, SIGTERM);
	if (ret == 1 && m.type == WIRE_HELD) {
		ret = held_get(&m, out);
		snprintf(out->name, sizeof(out->name), "%s", name);
		if (ret)
			fail_set(f, ret, "session '%s' says what cannot be read", name);
	} else if (ret == 1) {
		wire_get_fail(&m, f);
		ret = f->err ? -f->err : fail_set(f, EPROTO, "session '%s' says what cannot be read", name);
	} else {
		ret = fail_set(f, ECHILD, "session '%s' ended before it was ready", name);
	}
	wire_message_free(&m);
	wire_close(&w);
	/* one that failed has ended, its name is free again */
	if (ret)
		waitpid(child, NULL, 0);
	return ret;
}

static int server_fork(struct server *s, struct server_held *out, struct fail *f)
{
	int pair[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return fail_set(f, errno, "cannot start session '%s'", s->name);
	child = fork();
	if (child < 0) {
		fail_set(f, errno, "cannot start session '%s'", s->name);
		close(pair[0]);
		close(pair[1]);
		return -f->err;
	}
	if (!child) {
		close(pair[0]);
		server_child(s, pair[1]);
	}
	close(pair[1]);
	return server_wait_ready(s->name, child, pair[0], out, f);
}

/* Does a live process stand in the lock? One without a line is just starting, or its lock is held by who clears away a dead one. */
static bool server_is_held(int dir, const char *name)
{
	char line[256] = "";
	int pid = 0;

	if (!server_lock_read(dir, name, line, sizeof(line)))
		pid = atoi(line);
	return pid > 0 && (!kill(pid, 0) || errno == EPERM);
}

/*
 * `session list` takes the lock of what does not answer, for a moment, to see whether it is dead: that is no session in the way. Waited
 * for is as long as no live one is known to be.
 */
static int server_lock_patiently(struct server *s, struct fail *f)
{
	uint64_t until = clock_ns() + server_lock_ns;
	int err;

	while ((err = server_lock(s->dir, s->name, &s->lock, f)) == -EWOULDBLOCK && !server_is_held(s->dir, s->name) &&
	       clock_ns() < until && !session_signal)
		clock_sleep_ns(SERVER_LOCK_STEP_MS * 1000000ull, (const volatile int *)&session_signal);
	return err;
}

static int server_taken(int dir, const char *name, struct fail *f)
{
	char line[256] = "";
	int pid = 0;

	if (!server_lock_read(dir, name, line, sizeof(line)))
		pid = atoi(line);
	if (pid)
		fail_complete(f, EEXIST, "session '%s' runs already, process %d", name, pid);
	else
		fail_complete(f, EEXIST, "session '%s' is just being started", name);
	fail_hint(f, "`iommuctl session stop %s` ends it; or take another name", name);
	return -EEXIST;
}

/* What a dead one of that name left is in the way. The lock is ours. */
static int server_clear(struct server *s, struct fail *f)
{
	char file[SERVER_NAME_MAX + 8];

	server_file(file, sizeof(file), s->name, "sock");
	unlinkat(s->dir, file, 0);
	server_file(file, sizeof(file), s->name, "log");
	unlinkat(s->dir, file, 0);
	if (ftruncate(s->lock, 0))
		return fail_set(f, errno, "cannot write the lock of session '%s'", s->name);
	return server_bind(s->dir, s->name, &s->listener, f);
}

int server_start(const char *name, uint64_t idle_ns, const struct server_ops *ops, void *ctx, struct server_held *out,
		 struct fail *f)
{
	struct server s = {
		.name = name, .dir = -1, .lock = -1, .listener = -1, .idle_ns = idle_ns, .ops = ops, .ctx = ctx};
	int err = server_dir_open(true, &s.dir, f);

	if (err)
		return err;
	err = server_lock_patiently(&s, f);
	if (err == -EWOULDBLOCK) {
		err = server_taken(s.dir, name, f);
	} else if (!err) {
		err = server_clear(&s, f);
		if (!err)
			err = server_fork(&s, out, f);
		if (err)
			server_unlink(s.dir, name, s.lock, true);
	}
	if (s.listener >= 0)
		close(s.listener);
	if (s.lock >= 0)
		close(s.lock);
	close(s.dir);
	return err;
}
