/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clients of a session: what they want, their turn, what is said to those that go wrong or are too slow. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "core/server/front.h"

uint64_t server_patience_ns = 10000000000ull;

static void client_enter(struct front_client *c, enum client_state state)
{
	c->state = state;
	c->since_ns = clock_ns();
}

void front_client_drop(struct front_client *c)
{
	client_enter(c, CLIENT_DROPPED);
}

void front_client_leave(struct front_client *c)
{
	client_enter(c, CLIENT_LEAVING);
}

static void client_refuse(struct front_client *c, const struct fail *why)
{
	if (wire_put_fail(&c->wire, WIRE_REFUSED, why))
		front_client_drop(c);
	else
		front_client_leave(c);
}

void front_client_refuse(struct front_client *c, int err, const char *why)
{
	struct fail f = {0};

	fail_complete(&f, err, "%s", why);
	client_refuse(c, &f);
}

void front_accept(struct front *fr)
{
	struct front_client *c, **last = &fr->clients;
	int fd = accept4(fr->s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), pid;
	unsigned int uid;

	if (fd < 0) {
		/* nothing is spare just now: do not turn in circles */
		poll(NULL, 0, 10);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return;
	}
	wire_init(&c->wire, fd);
	client_enter(c, CLIENT_NEW);
	while (*last)
		last = &(*last)->next;
	*last = c;
	fr->nr++;
	/* the directory and the socket's mode keep others away; root is let in nowhere but at its own */
	if (!server_peer_is_ours(fd, &pid, &uid))
		front_client_refuse(c, EPERM, "this session is another user's");
	else if (fr->ending)
		front_client_refuse(c, ESHUTDOWN, "it is ending");
}

/* What the worker will write to or read from must never make it wait for anybody. */
static bool client_fds_are_sound(const struct wire *w)
{
	struct stat st;

	if (w->nr_fds != WIRE_FDS || fstat(w->fds[RUN_CWD], &st) || !S_ISDIR(st.st_mode))
		return false;
	for (unsigned int i = 0; i < RUN_CWD; i++)
		if (fstat(w->fds[i], &st) || !S_ISREG(st.st_mode) || fcntl(w->fds[i], F_GET_SEALS) < 0)
			return false;
	return true;
}

static void client_wants_run(struct front *fr, struct front_client *c, struct wire_message *m)
{
	if (m->nr <= RUN_ARGV || !client_fds_are_sound(&c->wire)) {
		front_client_refuse(c, EPROTO, "that is no command");
		return;
	}
	if (fr->ending) {
		front_client_refuse(c, ESHUTDOWN, "it is ending");
		return;
	}
	snprintf(c->command, sizeof(c->command), "%.31s", m->words[RUN_ARGV]);
	c->request = *m;
	*m = (struct wire_message){0};
	client_enter(c, CLIENT_QUEUED);
	if (fr->running)
		wire_say(&c->wire, WIRE_WAIT, 0, fr->running->command, NULL);
}

/* Nobody is there any more who could wait for it: what runs is undone as by a Ctrl-C. */
static void client_gone(struct front *fr, struct front_client *c)
{
	if (c != fr->running) {
		front_client_drop(c);
		return;
	}
	wire_close(&c->wire);
	c->signal = c->signal ? c->signal : SIGINT;
}

/* While its command waits or runs; nothing else may come then. */
static void client_signals(struct front *fr, struct front_client *c, const struct wire_message *m)
{
	uint64_t n;

	if (m->type != WIRE_SIGNAL || wire_number(m, 0, &n) || (n != SIGINT && n != SIGTERM && n != SIGHUP)) {
		client_gone(fr, c);
		return;
	}
	c->signal = (int)n;
	if (c->state == CLIENT_RUNNING)
		return;
	/* it never began; the client knows what came */
	wire_say(&c->wire, WIRE_DONE, 0, "0", "not", NULL);
	front_client_leave(c);
}

static void client_says(struct front *fr, struct front_client *c, struct wire_message *m)
{
	if (c->state == CLIENT_QUEUED || c->state == CLIENT_RUNNING) {
		client_signals(fr, c, m);
	} else if (c->state != CLIENT_NEW) {
		return;
	} else if (m->type == WIRE_RUN) {
		client_wants_run(fr, c, m);
	} else if (m->type == WIRE_LIST) {
		front_answer_held(fr, c);
	} else if (m->type == WIRE_STOP) {
		client_enter(c, CLIENT_STOPPING);
		front_end(fr);
	} else {
		front_client_refuse(c, EPROTO, "that is no request");
	}
}

static void client_garbage(struct front *fr, struct front_client *c, int err)
{
	char text[120];

	if (c == fr->running) {
		client_gone(fr, c);
		return;
	}
	if (c->state == CLIENT_LEAVING)
		return;
	snprintf(text, sizeof(text), "the session of iommuctl %s speaks version %d of its protocol", PACKAGE_VERSION,
		 WIRE_VERSION);
	front_client_refuse(c, -err,
			    err == -EPROTONOSUPPORT ? text
			    : err == -EMSGSIZE	    ? "the message is too long"
			    : err == -ENOMEM	    ? "the session has no memory for this message"
						    : "that is no message of this protocol");
}

void front_client_talk(struct front *fr, struct front_client *c)
{
	struct wire_message m;
	int got, ret = 0;

	if (c->wire.fd < 0 || c->state == CLIENT_DROPPED)
		return;
	got = wire_read(&c->wire);
	if (got == -EAGAIN || got == -EINTR)
		return;
	while (got == 1 && c->wire.fd >= 0 && (ret = wire_next(&c->wire, &m)) == 1) {
		client_says(fr, c, &m);
		wire_message_free(&m);
	}
	if (got == -EPROTO || got == -ENOMEM || ret < 0)
		client_garbage(fr, c, got < 0 ? got : ret);
	else if (got < 1)
		client_gone(fr, c);
}

void front_refuse_queued(struct front *fr, const char *why)
{
	for (struct front_client *c = fr->clients; c; c = c->next)
		if (c->state == CLIENT_QUEUED)
			front_client_refuse(c, ESHUTDOWN, why);
}

bool front_clients_tick(struct front *fr, uint64_t now)
{
	bool soon = false;

	for (struct front_client *c = fr->clients; c; c = c->next) {
		int err = c->wire.fd >= 0 && wire_has_output(&c->wire) ? wire_flush(&c->wire) : 0;
		bool limited = c->state == CLIENT_NEW || c->state == CLIENT_LEAVING;

		if ((err && err != -EAGAIN) || (limited && now - c->since_ns > server_patience_ns))
			client_gone(fr, c);
		else if (c->state == CLIENT_LEAVING && !wire_has_output(&c->wire))
			front_client_drop(c);
		soon |= limited;
	}
	return soon;
}

void front_reap(struct front *fr)
{
	struct front_client **at = &fr->clients;

	while (*at) {
		struct front_client *c = *at;

		if (c->state != CLIENT_DROPPED) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		wire_message_free(&c->request);
		wire_close(&c->wire);
		free(c);
		fr->nr--;
	}
}

void front_tell_end(struct front *fr)
{
	struct fail died = fr->why;

	if (!died.err)
		fail_complete(&died, ESHUTDOWN, "session '%s' has ended", fr->s->name);
	for (struct front_client *c = fr->clients; c; c = c->next) {
		if (c->state == CLIENT_STOPPING)
			client_refuse(c, &fr->why); /* no failure where all went well */
		else if (c->state == CLIENT_RUNNING && c->wire.fd < 0)
			front_client_drop(c);
		else if (c->state < CLIENT_LEAVING)
			client_refuse(c, &died);
	}
	fr->running = NULL;
}
