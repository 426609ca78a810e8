/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process with the socket: it lets clients in, hands their commands to the worker one by one, and passes on their signals. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "core/server/front.h"

#define FRONT_BACKLOG 256
#define FRONT_TICK_MS 100
#define FRONT_LAST_WORDS_MS 2000

static void front_held(const struct front *fr, struct server_held *held)
{
	*held = fr->held;
	held->state = fr->ending ? SERVER_ENDING : fr->running ? SERVER_BUSY : SERVER_READY;
	snprintf(held->command, sizeof(held->command), "%s", fr->running ? fr->running->command : "");
	for (const struct front_client *c = fr->clients; c; c = c->next)
		held->waiting += c->state == CLIENT_QUEUED;
}

void front_answer_held(struct front *fr, struct front_client *c)
{
	struct server_held held;

	front_held(fr, &held);
	held_put(&c->wire, 0, &held);
	front_client_leave(c);
}

/* What runs is interrupted, which is told again while it lasts: it may look for signals before it waits, and miss one between. */
void front_end(struct front *fr)
{
	if (!fr->ending) {
		fr->ending = true;
		front_refuse_queued(fr, "it is ending");
	}
	if (!fr->gone)
		kill(fr->worker, SIGTERM);
}

/* What the worker's session is, for who starts it and for who finds it dead. */
static void front_ready(struct front *fr, const struct wire_message *m)
{
	char line[300];
	time_t now = time(NULL);
	struct tm tm;
	int n;

	if (held_get(m, &fr->held) || fr->ready)
		return;
	fr->ready = true;
	gmtime_r(&now, &tm);
	strftime(fr->since, sizeof(fr->since), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(fr->held.since, sizeof(fr->held.since), "%s", fr->since);
	n = snprintf(line, sizeof(line), "%d\t%s\t%s\t%s\t%s\n", fr->held.pid, fr->held.backend, fr->held.device,
		     fr->held.driver, fr->since);
	if (ftruncate(fr->s->lock, 0) || pwrite(fr->s->lock, line, (size_t)n, 0) != n ||
	    listen(fr->s->listener, FRONT_BACKLOG)) {
		fail_set(&fr->why, errno, "session '%s' cannot be announced", fr->s->name);
		front_end(fr);
		return;
	}
	server_to_log(fr->s);
	fr->used_ns = clock_ns();
	if (fr->ending)
		return;
	held_put(&fr->starter, 0, &fr->held);
	wire_flush_all(&fr->starter, FRONT_LAST_WORDS_MS);
	wire_close(&fr->starter);
}

/* A command has ended: its client gets the status, the next one its turn. */
static void front_done(struct front *fr, const struct wire_message *m)
{
	struct front_client *c = fr->running;

	if (!c || m->tag != fr->tag || m->nr < 2)
		return;
	fr->running = NULL;
	fr->used_ns = clock_ns();
	if (c->wire.fd < 0 || wire_say(&c->wire, WIRE_DONE, 0, m->words[0], m->words[1], NULL))
		front_client_drop(c);
	else
		front_client_leave(c);
}

static void front_worker_says(struct front *fr, const struct wire_message *m)
{
	switch (m->type) {
	case WIRE_HELD:
		if (!fr->ready) {
			front_ready(fr, m);
		} else if (!held_get(m, &fr->held)) {
			snprintf(fr->held.since, sizeof(fr->held.since), "%s", fr->since);
		}
		return;
	case WIRE_DONE:
		front_done(fr, m);
		return;
	case WIRE_REFUSED: /* it could not be opened */
	case WIRE_ENDED:
		wire_get_fail(m, &fr->why);
		fr->told = true;
		return;
	default:
		return;
	}
}

/* The worker has ended, or its stream is none any more. */
static void front_worker_gone(struct front *fr)
{
	int status = 0;

	wire_close(&fr->to);
	if (!fr->told)
		kill(fr->worker, SIGTERM);
	while (waitpid(fr->worker, &status, 0) < 0 && errno == EINTR)
		;
	fr->gone = true;
	if (fr->told)
		return;
	if (WIFSIGNALED(status))
		fail_complete(&fr->why, ECHILD, "session '%s' was killed by signal %d", fr->s->name, WTERMSIG(status));
	else
		fail_complete(&fr->why, ECHILD, "session '%s' ended by itself, with status %d", fr->s->name,
			      WEXITSTATUS(status));
}

static void front_from_worker(struct front *fr)
{
	struct wire_message m;
	int got = wire_read(&fr->to), ret = 0;

	if (got == -EAGAIN || got == -EINTR)
		return;
	while (got == 1 && (ret = wire_next(&fr->to, &m)) == 1) {
		front_worker_says(fr, &m);
		wire_message_free(&m);
	}
	if (got < 1 || ret < 0)
		front_worker_gone(fr);
}

static void front_dispatch(struct front *fr)
{
	struct front_client *c = fr->clients;

	if (fr->running || fr->ending || fr->gone)
		return;
	while (c && c->state != CLIENT_QUEUED)
		c = c->next;
	if (!c)
		return;
	fr->tag = fr->tag % FRONT_TAG_MAX + 1;
	if (wire_put(&fr->to, WIRE_RUN, fr->tag, (const char *const *)c->request.words, c->request.nr)) {
		front_client_refuse(c, ENOMEM, "the session has no memory for this command");
		return;
	}
	wire_put_fds(&fr->to, c->wire.fds);
	c->wire.nr_fds = 0;
	wire_message_free(&c->request);
	c->state = CLIENT_RUNNING;
	fr->running = c;
}

static void front_signal(struct front *fr, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			front_end(fr);
}

/* What has to be done without anybody's asking, and when to look again. */
static int front_tick(struct front *fr)
{
	uint64_t now = clock_ns(), left;
	bool soon = front_clients_tick(fr, now) || fr->ending;

	if (fr->running && fr->running->signal) {
		server_interrupt(fr->worker, fr->tag, fr->running->signal);
		soon = true;
	}
	if (fr->ending && fr->running)
		front_end(fr);
	if (soon)
		return FRONT_TICK_MS;
	if (!fr->s->idle_ns || !fr->ready || fr->running)
		return -1;
	left = fr->used_ns + fr->s->idle_ns;
	if (left <= now) {
		front_end(fr);
		return FRONT_TICK_MS;
	}
	return (int)MIN((left - now) / 1000000 + 1, 3600000);
}

static void front_poll(struct front *fr, int signals)
{
	struct pollfd p[3 + FRONT_CLIENTS_MAX];
	unsigned int n = 3;
	int timeout = front_tick(fr);

	p[0] = (struct pollfd){.fd = signals, .events = POLLIN};
	p[1] = (struct pollfd){.fd = fr->to.fd, .events = (short)(POLLIN | (wire_has_output(&fr->to) ? POLLOUT : 0))};
	p[2] = (struct pollfd){.fd = fr->ready && fr->nr < FRONT_CLIENTS_MAX ? fr->s->listener : -1, .events = POLLIN};
	for (struct front_client *c = fr->clients; c; c = c->next)
		p[n++] = (struct pollfd){.fd = c->wire.fd,
					 .events = (short)(POLLIN | (wire_has_output(&c->wire) ? POLLOUT : 0))};
	if (poll(p, n, timeout) < 0)
		return;
	if (p[0].revents)
		front_signal(fr, signals);
	n = 3;
	for (struct front_client *c = fr->clients; c; c = c->next)
		if (p[n++].revents)
			front_client_talk(fr, c);
	if (p[1].revents)
		front_from_worker(fr);
	if (p[2].revents)
		front_accept(fr);
	front_dispatch(fr);
	if (!fr->gone && wire_has_output(&fr->to)) {
		int err = wire_flush(&fr->to);

		if (err && err != -EAGAIN)
			front_worker_gone(fr);
	}
	front_reap(fr);
}

static int front_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGTSTP, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The name is free before anybody is told that the session has ended. */
static void front_finish(struct front *fr)
{
	uint64_t until = clock_ns() + FRONT_LAST_WORDS_MS * 1000000ull;

	server_unlink(fr->s->dir, fr->s->name, fr->s->lock, true);
	close(fr->s->lock);
	close(fr->s->listener);
	if (fr->starter.fd >= 0) {
		if (!fr->why.err)
			fail_set(&fr->why, EINTR, "session '%s' was ended before it was ready", fr->s->name);
		wire_put_fail(&fr->starter, WIRE_REFUSED, &fr->why);
		wire_flush_all(&fr->starter, FRONT_LAST_WORDS_MS);
	}
	front_tell_end(fr);
	while (fr->clients && clock_ns() < until) {
		front_clients_tick(fr, clock_ns());
		front_reap(fr);
		if (fr->clients)
			poll(NULL, 0, 10);
	}
	while (fr->clients) {
		front_client_drop(fr->clients);
		front_reap(fr);
	}
	wire_close(&fr->starter);
}

void server_front(struct server *s, int starter, pid_t worker, int worker_fd)
{
	struct front fr = {.s = s, .worker = worker};
	int signals = front_signals();

	prctl(PR_SET_NAME, "iommuctl:front");
	wire_init(&fr.starter, starter);
	wire_init(&fr.to, worker_fd);
	if (signals < 0)
		front_end(&fr);
	while (!fr.gone)
		front_poll(&fr, signals);
	front_finish(&fr);
	close(s->dir);
	close(signals);
	exit(0);
}
