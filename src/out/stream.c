/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports that are told as they happen: each entry is written before the next one begins. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/utf8.h"
#include "out/render.h"
#include "out/sink.h"

static int stream_write(struct report *r, const char *text, size_t length)
{
	if (!r->stream_err)
		r->stream_err = sink_write_stream(r->to, text, length);
	return r->stream_err;
}

static int stream_banner(struct report *r)
{
	CLEANUP_FREE char *text = NULL;
	size_t length = 0;
	FILE *to = open_memstream(&text, &length);

	if (!to)
		return -ENOMEM;
	render_banner(r, to);
	if (fclose(to))
		return -ENOMEM;
	return stream_write(r, text, length);
}

int report_stream_begin(struct report *r)
{
	r->entry = calloc(1, sizeof(*r->entry));
	if (!r->entry)
		return -ENOMEM;
	report_init_tree(r->entry);
	return r->format == REPORT_TEXT ? stream_banner(r) : 0;
}

struct report *report_stream_entry(struct report *r)
{
	report_clear(r->entry);
	return r->entry;
}

static int stream_commit_json(struct report *r)
{
	CLEANUP_FREE char *line = NULL;
	size_t length = 0;
	int ret = r->entry->no_memory ? -ENOMEM : json_line(&r->entry->root, &line, &length);

	return ret ? ret : stream_write(r, line, length);
}

/* As report_line(): what is no UTF-8 or would move the cursor is made harmless. */
static int stream_commit_line(struct report *r, const char *raw)
{
	CLEANUP_FREE char *clean = utf8_dup(raw), *text = NULL;
	size_t length = 0;
	FILE *to;

	if (!clean)
		return -ENOMEM;
	to = open_memstream(&text, &length);
	if (!to)
		return -ENOMEM;
	utf8_print(to, clean);
	fputc('\n', to);
	if (fclose(to))
		return -ENOMEM;
	return stream_write(r, text, length);
}

static int stream_commit_text(struct report *r, const char *fmt, va_list ap)
{
	CLEANUP_FREE char *line = NULL;

	if (vasprintf(&line, fmt, ap) < 0) {
		line = NULL;
		return -ENOMEM;
	}
	if (r->format == REPORT_TEXT)
		return stream_commit_line(r, line);
	report_line(r, "%s", line);
	return 0;
}

int report_stream_commit(struct report *r, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = r->format == REPORT_JSON ? stream_commit_json(r) : stream_commit_text(r, fmt, ap);
	va_end(ap);
	report_clear(r->entry);
	/* something is missing: report_end() says so */
	if (!r->stream_err)
		r->stream_err = ret;
	return ret;
}
