/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Composing and printing one failure. */
#include "base/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"

/* Through a buffer of its own, because callers wrap a failure with its own text: fail_set(f, e, "x: %s", f->text). */
static void fail_format(char *to, size_t size, const char *fmt, va_list ap)
{
	char text[sizeof(((struct fail *)0)->text)];

	vsnprintf(text, sizeof(text), fmt, ap);
	snprintf(to, size, "%s", text);
}

/* Returns -errno, whatever sign @err has. */
static int fail_vset(struct fail *f, int err, const char *fmt, va_list ap)
{
	int positive = err < 0 ? -err : err;

	if (!f)
		return -positive;
	fail_format(f->text, sizeof(f->text), fmt, ap);
	f->err = positive;
	f->hint[0] = '\0';
	f->usage = f->complete = false;
	return -positive;
}

int fail_set(struct fail *f, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err = fail_vset(f, err, fmt, ap);
	va_end(ap);
	return err;
}

int fail_usage(struct fail *f, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err = fail_vset(f, err, fmt, ap);
	va_end(ap);
	if (f)
		f->usage = true;
	return err;
}

int fail_complete(struct fail *f, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err = fail_vset(f, err, fmt, ap);
	va_end(ap);
	if (f)
		f->complete = true;
	return err;
}

void fail_hint(struct fail *f, const char *fmt, ...)
{
	va_list ap;

	if (!f)
		return;
	va_start(ap, fmt);
	fail_format(f->hint, sizeof(f->hint), fmt, ap);
	va_end(ap);
}

void fail_print(const struct fail *f, const char *where)
{
	const char *before = where ? where : "";
	const char *colon = where ? ": " : "";

	/* what is wrong with the user's words is in the text; an errno adds nothing to it */
	if (f->err && f->text[0] && !f->usage && !f->complete)
		msg_error("%s%s%s: %s", before, colon, f->text, strerror(f->err));
	else
		msg_error("%s%s%s", before, colon, f->text[0] ? f->text : strerror(f->err));
	if (f->hint[0])
		msg_hint("%s", f->hint);
}
