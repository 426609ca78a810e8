/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of core/server: sessions whose commands are echo, length, where, wait, die and exit, and a client by hand. */
#ifndef IC_TESTS_SERVER_RIG_H
#define IC_TESTS_SERVER_RIG_H

#include "unit.h"

#include "core/server/front.h"

/* For an answer, and for the state that is waited for: long beside what a busy machine takes. */
#define RIG_PATIENCE_MS 60000
#define RIG_STEP_MS 5

struct raw {
	struct wire w;
	int out; /* the command's stdout */
};

extern char run_dir[];
/* ctx: NULL, or "refuse", "crash" or "orphan" when it is opened, "stuck" when it is closed. */
extern const struct server_ops ops;

/* Was a session closed since the last time? */
bool was_closed(void);
void raw_open(struct raw *r, const char *name);
void raw_close(struct raw *r);
void raw_send(struct raw *r, const char *command, const char *arg);
/* The next message but WIRE_WAIT. */
enum wire_type raw_answer(struct raw *r, struct wire_message *m);
/* Until it is told that another one's command runs. */
void raw_queued(struct raw *r);
int raw_status(struct raw *r);
void raw_refused(struct raw *r, int err, const char *text);
void raw_output(struct raw *r, const char *want);
/* Wait until its command has written something. */
void raw_begun(struct raw *r);
void raw_signal(struct raw *r, int sig);
/* A command of another client gets its answer. */
void serves(const char *name);
struct server_held begun(const char *name);
/* The one with the socket is our child. Those of a test that failed are not waited for for ever. */
void reaped(void);
/* Stop it, and see that it was closed. */
void ended(const char *name);
int parent_of(int pid);
int rig_setup(void **state);
int rig_teardown(void **state);

#endif
