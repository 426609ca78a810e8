/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the server share. Private to core/server. */
#ifndef IC_CORE_SERVER_PRIV_H
#define IC_CORE_SERVER_PRIV_H

#include "core/server/server.h"
#include "core/server/wire.h"

/* WIRE_RUN: its words before the command line. */
enum { RUN_MASK, RUN_COLOR, RUN_TERMINAL, RUN_COLUMNS, RUN_ARGV };
/* WIRE_RUN: its descriptors. The first three are files in memory: nobody waits on them. */
enum { RUN_STDIN, RUN_STDOUT, RUN_STDERR, RUN_CWD };

struct server {
	const char *name;
	int dir, lock, listener;
	uint64_t idle_ns;
	const struct server_ops *ops;
	void *ctx;
};

/* How long who only looks may hold the lock of a session that is to start; tests set it. */
extern uint64_t server_lock_ns;

/* The process with the session; @fd leads to the one with the socket. Never returns. */
void server_worker(struct server *s, int fd) __attribute__((noreturn));
/* A command of the worker's is to end as if this signal had come; repeated until it has. */
void server_interrupt(pid_t worker, uint32_t tag, int signal);
/* The process with the socket; @starter leads to who waits for the session, @worker_fd to the worker. Never returns. */
void server_front(struct server *s, int starter, pid_t worker, int worker_fd) __attribute__((noreturn));
/* No descriptor beyond stderr but these. */
void server_close_others(const int *keep, unsigned int nr);
/* stdin is empty, stdout and stderr are the session's log. */
void server_to_log(const struct server *s);

/* struct server_held in the words of WIRE_HELD, without the name. */
int held_put(struct wire *w, uint32_t tag, const struct server_held *held);
int held_get(const struct wire_message *m, struct server_held *held);

#endif
