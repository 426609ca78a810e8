/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that has the session: it runs one command after another, as its front hands them over. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/msg.h"
#include "core/server/priv.h"
#include "core/session/session.h"
#include "out/relay.h"

/* Written by the signal handlers, read by the loop. A command's signal is one with a value: which command, and what came to its client. */
static volatile sig_atomic_t worker_ending, worker_tag, worker_cancelled, worker_cancel_signal;
static int worker_wakeup = -1;

#define WORKER_CANCEL SIGRTMIN
#define WORKER_TAG_MASK 0xffffff

static void worker_wake(void)
{
	const uint64_t one = 1;
	int saved = errno;

	/* whichever thread took the signal, the loop sees it; it is full only where it was written to already */
	if (write(worker_wakeup, &one, sizeof(one)) < 0)
		errno = saved;
	errno = saved;
}

static void worker_on_end(int sig)
{
	worker_ending = sig;
	session_signal = sig;
	worker_wake();
}

static void worker_on_cancel(int sig, siginfo_t *info, void *context)
{
	int value = info->si_value.sival_int;

	(void)sig;
	(void)context;
	worker_cancel_signal = value & 0x7f;
	worker_cancelled = value >> 7;
	if (worker_cancelled == worker_tag)
		session_signal = worker_cancel_signal;
}

void server_interrupt(pid_t worker, uint32_t tag, int signal)
{
	union sigval value = {.sival_int = (int)((tag & WORKER_TAG_MASK) << 7 | (unsigned int)signal)};

	sigqueue(worker, WORKER_CANCEL, value);
}

/* No SA_RESTART, as everywhere: waits end. */
static void worker_signals(void)
{
	struct sigaction end = {.sa_handler = worker_on_end};
	struct sigaction cancel = {.sa_sigaction = worker_on_cancel, .sa_flags = SA_SIGINFO};

	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
	sigaction(WORKER_CANCEL, &cancel, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
}

static void worker_describe(struct server *s, struct server_held *held)
{
	*held = (struct server_held){.pid = getpid()};
	s->ops->describe(s->ctx, held);
}

/* From here on session_signal is what came for this command; one that came before it began counts too. */
static void worker_begin(uint32_t tag)
{
	session_signal = worker_ending;
	worker_tag = (sig_atomic_t)(tag & WORKER_TAG_MASK);
	if (worker_cancelled == worker_tag)
		session_signal = worker_cancel_signal;
}

static void worker_end_command(void)
{
	worker_tag = 0;
	session_signal = worker_ending;
}

static int worker_request(const struct wire_message *m, struct server_request *r)
{
	uint64_t mask, columns;

	if (m->nr <= RUN_ARGV || wire_number(m, RUN_MASK, &mask) || wire_number(m, RUN_COLUMNS, &columns))
		return -EPROTO;
	*r = (struct server_request){.argc = (int)(m->nr - RUN_ARGV),
				     .argv = m->words + RUN_ARGV,
				     .mask = (mode_t)(mask & 0777),
				     .color = m->words[RUN_COLOR][0] == '1',
				     .terminal = m->words[RUN_TERMINAL][0] == '1',
				     .columns = (unsigned int)columns};
	return 0;
}

static int worker_execute(struct server *s, struct wire *w, const struct wire_message *m)
{
	struct server_request request;
	int status = 2, err = worker_request(m, &request);

	if (!err && w->nr_fds != WIRE_FDS)
		err = -EPROTO;
	if (!err)
		err = relay_become(w->fds[RUN_STDIN], w->fds[RUN_STDOUT], w->fds[RUN_STDERR]);
	if (err)
		return status;
	if (fchdir(w->fds[RUN_CWD])) {
		msg_error("the session cannot work in this directory: %s", strerror(errno));
	} else {
		umask(request.mask);
		worker_begin(m->tag);
		status = s->ops->execute(s->ctx, &request);
		worker_end_command();
	}
	umask(077);
	if (chdir("/"))
		msg_error("cannot go to /: %s", strerror(errno));
	server_to_log(s);
	return status;
}

static int worker_run(struct server *s, struct wire *w, const struct wire_message *m)
{
	int status = worker_execute(s, w, m);
	struct server_held held;
	char text[16];

	for (unsigned int i = 0; i < w->nr_fds; i++)
		close(w->fds[i]);
	w->nr_fds = 0;
	worker_describe(s, &held);
	snprintf(text, sizeof(text), "%d", status);
	held_put(w, m->tag, &held);
	wire_say(w, WIRE_DONE, m->tag, text, "begun", NULL);
	return wire_flush_all(w, 60000);
}

/* Until the front ends, or this process is told to. */
static void worker_loop(struct server *s, struct wire *w)
{
	struct wire_message m;
	int ret = 0;

	while (!worker_ending && ret >= 0) {
		struct pollfd p[] = {{.fd = w->fd, .events = POLLIN}, {.fd = worker_wakeup, .events = POLLIN}};

		if (poll(p, ARRAY_SIZE(p), -1) < 0)
			continue;
		if (!p[0].revents)
			continue;
		ret = wire_read(w);
		if (ret == -EAGAIN || ret == -EINTR)
			ret = 0;
		else if (!ret)
			break;
		while (ret >= 0 && !worker_ending && (ret = wire_next(w, &m)) == 1) {
			ret = m.type == WIRE_RUN ? worker_run(s, w, &m) : -EPROTO;
			wire_message_free(&m);
		}
	}
}

/* 0: it is open and has to be closed, also where there is nobody any more who could be told so. */
static int worker_open(struct server *s, struct wire *w)
{
	struct server_held held;
	struct fail why = {0};
	int err = s->ops->open(s->ctx, &why);

	if (err) {
		if (!why.err)
			fail_set(&why, err, "the session cannot be opened");
		wire_put_fail(w, WIRE_REFUSED, &why);
		wire_flush_all(w, 10000);
		return err;
	}
	/* from now on nobody's terminal is held open, no directory, no umask of somebody's */
	server_to_log(s);
	umask(077);
	if (chdir("/"))
		msg_error("cannot go to /: %s", strerror(errno));
	worker_describe(s, &held);
	held_put(w, 0, &held);
	if (wire_flush_all(w, 10000))
		worker_ending = SIGTERM;
	return 0;
}

void server_worker(struct server *s, int fd)
{
	struct fail why = {0};
	struct wire w;
	char title[32];
	int err;

	wire_init(&w, fd);
	worker_wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	worker_signals();
	/* who else holds a device is told by this name */
	snprintf(title, sizeof(title), "iommuctl:%s", s->name);
	prctl(PR_SET_NAME, title);
	/* a front that is killed: the way out, all the same */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	err = worker_open(s, &w);
	if (!err) {
		worker_loop(s, &w);
		err = s->ops->close(s->ctx, &why);
		if (err)
			fail_print(&why, NULL);
		wire_put_fail(&w, WIRE_ENDED, &why);
		wire_flush_all(&w, 10000);
	}
	wire_close(&w);
	close(worker_wakeup);
	exit(err ? 1 : 0);
}
