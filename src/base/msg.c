/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages for people: one line each on stderr, whole even when several threads speak. */
#include "base/msg.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

static _Atomic int msg_level = MSG_NORMAL;
static void (*_Atomic msg_prepare)(void);

void msg_set_level(enum msg_level level)
{
	msg_level = level;
}

void msg_set_prepare(void (*fn)(void))
{
	msg_prepare = fn;
}

/* Names and texts of a capture, or of a device, may hold what a terminal takes for commands. */
static void msg_tame(char *line)
{
	size_t unsafe;
	char *to = line;

	while (*line) {
		unsafe = *line == '\n' || *line == '\t' ? 0 : utf8_unsafe(line);
		*to++ = unsafe ? '?' : *line;
		line += MAX(unsafe, (size_t)1);
	}
	*to = '\0';
}

/* The line goes out in one fprintf, which glibc turns into one write on an unbuffered stream. */
static void msg_print(const char *prefix, const char *fmt, va_list ap)
{
	void (*prepare)(void) = msg_prepare;
	char *line = NULL;

	if (vasprintf(&line, fmt, ap) < 0)
		line = NULL;
	if (line)
		msg_tame(line);
	/* Nobody may draw between the preparation and the message. */
	flockfile(stderr);
	if (prepare)
		prepare();
	if (line)
		fprintf(stderr, "%s%s\n", prefix, line);
	else
		fprintf(stderr, "%s%s (out of memory)\n", prefix, fmt);
	funlockfile(stderr);
	free(line);
}

#define MSG_FUNCTION(name, lowest, prefix)  \
	void name(const char *fmt, ...)     \
	{                                   \
		va_list ap;                 \
		if (msg_level < (lowest))   \
			return;             \
		va_start(ap, fmt);          \
		msg_print(prefix, fmt, ap); \
		va_end(ap);                 \
	}

MSG_FUNCTION(msg_error, MSG_QUIET, "iommuctl: ")
MSG_FUNCTION(msg_warn, MSG_NORMAL, "iommuctl: warning: ")
MSG_FUNCTION(msg_note, MSG_NORMAL, "iommuctl: ")
MSG_FUNCTION(msg_info, MSG_VERBOSE, "iommuctl: ")
MSG_FUNCTION(msg_hint, MSG_QUIET, "hint: ")
