/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failing allocations: a script's lines, and the opening and closing of its session, each run while the kernel fails the Nth
 * allocation it makes for them. What failed is tried again without, and must then do what it should.
 */
#ifndef IC_CORE_INJECT_H
#define IC_CORE_INJECT_H

#include "core/script.h"
#include "core/session/session.h"
#include "host/fail_nth.h"

/* What came of one step under injection. */
struct inject_step {
	bool injected;
	int err; /* positive errno it reported, 0: it did its work all the same */
};

/* What this process holds that a session must give back. */
struct inject_level {
	uint64_t locked, pinned; /* VmLck and VmPin, bytes */
	unsigned int files;	 /* open descriptors */
};

struct inject {
	struct fail_nth nth;
	unsigned int n;
	uint64_t total; /* allocations that failed */
	int err;	/* the injection itself could not be done: -errno of its file */
	/* the script being run */
	script_exec exec;
	void *ctx;
	struct session *session;
	struct fail *why; /* what exec says of a failure; cleared before a line is tried again */
};

/* @n > 0. As fail_nth_open(). */
int inject_open(struct inject *in, unsigned int n, const struct host *host, struct fail *f);
void inject_close(struct inject *in);

/* From here to the end of the step the Nth allocation fails; @err is what the step returned (0 or -errno). */
void inject_begin(struct inject *in);
void inject_end(struct inject *in, int err, struct inject_step *step);

/*
 * A script_exec; @in is a struct inject. An error of an injected line is no outcome: what is pinned must be what is mapped
 * (else the outcome is a failure), and the line runs again without. outcome.injected and .injected_err tell of it.
 */
void inject_exec(void *in, const struct script_line *line, uint64_t op, struct script_outcome *out);

/* 0 or -errno of reading /proc/self. */
int inject_level_read(struct inject_level *level);
/* What is more than before, "4096 bytes locked (VmLck)", or "". Returns @buf. */
const char *inject_level_excess(const struct inject_level *before, const struct inject_level *after, char *buf,
				size_t len);
/* Read until nothing is more than @before, for a moment: the kernel may release late. As inject_level_excess(). */
const char *inject_level_settle(const struct inject_level *before, char *buf, size_t len);

#endif
