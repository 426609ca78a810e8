/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions that stay: a process in the background that holds a session, and one beside it that answers the socket. The first runs
 * one command after another, alone in its process as on a command line, whatever threads a command starts; the second never
 * does anything that can take long, so that it can always say what is held, keep a queue, and pass on a Ctrl-C. What a command is,
 * nobody here knows.
 */
#ifndef IC_CORE_SERVER_H
#define IC_CORE_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/server/dir.h"

/* What a command needs of the shell that it was typed into, beside the descriptors. */
struct server_request {
	int argc;
	char **argv; /* NULL-terminated; of the server's own copy, free to be permuted */
	mode_t mask;
	bool color;	      /* stdout is a terminal and NO_COLOR is not set */
	bool terminal;	      /* stderr is a terminal ... */
	unsigned int columns; /* ... this wide, 0 = not known */
};

enum server_state { SERVER_READY, SERVER_BUSY, SERVER_ENDING, SERVER_STARTING, SERVER_SILENT, SERVER_DEAD };

/* What a session holds, as `session list` tells. */
struct server_held {
	char name[SERVER_NAME_MAX];
	int pid; /* of the process that has the device open */
	char backend[64], device[64], driver[64];
	uint64_t mappings; /* after the last command that ended */
	char since[32];	   /* 2026-01-31T12:00:00Z */
	enum server_state state;
	char command[32]; /* that runs now, or "" */
	unsigned int waiting;
};

/* What the process with the session does. All is called there, never by two threads. */
struct server_ops {
	/* Open it. stdout and stderr are still those of who asked for it. 0 or -errno with @f. */
	int (*open)(void *ctx, struct fail *f);
	/* Run a command: cwd, umask and descriptors 0 to 2 are its own. The exit status. session_signal interrupts it. */
	int (*execute)(void *ctx, const struct server_request *request);
	/* backend, device, driver, mappings. */
	void (*describe)(void *ctx, struct server_held *held);
	/* 0 or -errno with @f; the process ends after it. */
	int (*close)(void *ctx, struct fail *f);
};

/*
 * Start a session and return when it is ready, or did not come about. Must be called before this process has threads. @idle_ns: end
 * when there was nothing to do for so long, 0 = never. -EEXIST: one of that name lives; else as ops->open.
 */
int server_start(const char *name, uint64_t idle_ns, const struct server_ops *ops, void *ctx, struct server_held *out,
		 struct fail *f);

/* core/server/client.c */
struct client_result {
	int status;  /* exit status */
	bool begun;  /* false: a signal came first */
	int signal;  /* that was passed on, 0 = none */
	int out_err; /* -errno: our stdout did not take what the command wrote */
};
/*
 * Run a command in a session: stdin (only where a word is "-"), cwd and umask go there, output comes from there, a signal
 * (session_signal) is passed on, a second one leaves at once. 0 or -errno with @f: -ESRCH: there is no such session.
 */
int client_run(const char *name, const struct server_request *request, struct client_result *out, struct fail *f);
/* End a session and wait until it has. -ESRCH; else what kept it from being closed. */
int client_stop(const char *name, struct server_held *was, struct fail *f);
/*
 * Every session of this user, sorted; free() it. Who does not answer is told by its state; what a dead one left behind is removed
 * (unless @keep).
 */
int client_list(struct server_held **out, unsigned int *nr, bool keep, struct fail *f);
/* The names of all, for completion: no session is asked. */
const char *server_state_name(enum server_state state);

#endif
