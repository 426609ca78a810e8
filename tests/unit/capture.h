/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading back what the code under test writes to stderr. */
#ifndef IC_TESTS_CAPTURE_H
#define IC_TESTS_CAPTURE_H

#include <fcntl.h>
#include <unistd.h>

#include "unit.h"

struct capture {
	int saved, fds[2];
	char text[65536];
};

static inline void capture_begin(struct capture *c)
{
	assert_int_equal(pipe2(c->fds, O_NONBLOCK | O_CLOEXEC), 0);
	c->saved = dup(STDERR_FILENO);
	assert_true(c->saved >= 0);
	dup2(c->fds[1], STDERR_FILENO);
}

/* What was written since capture_begin(). */
static inline const char *capture_end(struct capture *c)
{
	ssize_t n = read(c->fds[0], c->text, sizeof(c->text) - 1);

	c->text[n > 0 ? n : 0] = '\0';
	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	close(c->fds[0]);
	close(c->fds[1]);
	return c->text;
}

#endif
