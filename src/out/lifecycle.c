/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The beginning and the end of a report: the keys that every run has, rendering, writing, the exit status. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/msg.h"
#include "out/render.h"
#include "out/sink.h"

static const char *const report_common_keys[] = {"command", "version", "kernel", "seed", "result", "error"};

bool report_is_common_key(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(report_common_keys); i++)
		if (strcmp(report_common_keys[i], key) == 0)
			return true;
	return false;
}

const char *report_common(const struct report *r, const char *key)
{
	const struct value *v = value_find(&r->root, key);

	return v && v->type == VALUE_STR ? v->str : "-";
}

bool report_is_hidden(const struct report *r, const char *key)
{
	for (const struct note *note = r->hidden.first; note; note = note->next)
		if (strcmp(note->text, key) == 0)
			return true;
	return false;
}

int report_open(struct report **out, const struct report_params *params)
{
	struct report *r = malloc(sizeof(*r));
	struct utsname machine;
	char seed[24];

	if (!r)
		return -ENOMEM;
	report_init_tree(r);
	r->format = params->format;
	r->color = params->color;
	r->to = params->to ? params->to : stdout;
	snprintf(seed, sizeof(seed), "%#llx", (unsigned long long)params->seed);
	report_str(r, "command", params->command ? params->command : PACKAGE_NAME);
	report_str(r, "version", PACKAGE_VERSION);
	if (params->kernel)
		report_str(r, "kernel", params->kernel);
	else
		report_str(r, "kernel", uname(&machine) ? "unknown" : machine.release);
	report_str(r, "seed", params->seed ? seed : "0x0");
	/* Holds the place; the value is known at the end. */
	report_str(r, "result", "error");
	*out = r;
	return 0;
}

void report_redirect(struct report *r, FILE *to)
{
	r->to = to;
}

static const char *report_errno_name(int err)
{
#ifdef HAVE_STRERRORNAME_NP
	const char *name = strerrorname_np(err);

	return name ? name : "unknown";
#else
	/* glibc before 2.32: the text beside it has to do */
	return err ? strerror(err) : "unknown";
#endif
}

/* Nothing that was asked could be looked at: that is no pass. */
static bool report_all_skipped(const struct report *r)
{
	for (const struct check *c = r->first_check; c; c = c->next)
		if (c->result != RESULT_SKIP)
			return false;
	return r->first_check;
}

/* Values that only the end knows go to the top, wherever the command stopped. */
static void report_finish(struct report *r)
{
	r->open = &r->root;
	r->lost = 0;
	if (r->no_memory)
		report_result(r, RESULT_ERROR);
	if (report_all_skipped(r))
		report_result(r, RESULT_SKIP);
	if (r->fail.err || r->fail.text[0]) {
		report_object(r, "error");
		report_str(r, "errno", report_errno_name(r->fail.err));
		report_str(r, "text", r->fail.text);
		report_str(r, "hint", r->fail.hint);
		report_close(r);
	}
	report_str(r, "result", result_name(r->result));
}

typedef int (*report_renderer)(const struct report *r, FILE *to);

static const report_renderer report_renderers[] = {
	[REPORT_TEXT] = render_text,
	[REPORT_JSON] = render_json,
	[REPORT_TAP] = render_tap,
};

/* Everything in memory first: what cannot be rendered whole is not begun. */
static int report_render(const struct report *r, char **text, size_t *length)
{
	FILE *to = open_memstream(text, length);
	int ret;

	if (!to)
		return -ENOMEM;
	ret = report_renderers[r->format](r, to);
	if (ferror(to) && !ret)
		ret = -ENOMEM;
	if (fclose(to) && !ret)
		ret = -ENOMEM;
	return ret;
}

int report_end(struct report *r)
{
	CLEANUP_FREE char *text = NULL;
	size_t length = 0;
	int ret, status;

	report_finish(r);
	ret = report_render(r, &text, &length);
	if (!ret)
		ret = r->stream_err ? r->stream_err : sink_write_stream(r->to, text, length);
	if (ret) {
		report_result(r, RESULT_ERROR);
		msg_error("%s: cannot write the result: %s", report_common(r, "command"), strerror(-ret));
	} else if (r->no_memory) {
		report_result(r, RESULT_ERROR);
		msg_error("%s: the result is incomplete: %s", report_common(r, "command"), strerror(ENOMEM));
	}
	status = result_exit_status(r->result, r->signal);
	report_clear(r);
	free(r);
	return status;
}

void report_discard(struct report *r)
{
	if (!r)
		return;
	report_clear(r);
	free(r);
}
