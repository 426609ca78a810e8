/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace of stress as the lines of a script, in the order in which the ops were done. A line says what is due by itself (`!EEXIST`,
 * contents); of the rest the commands judge: counts, pins, faults. So a line goes on being right when others are taken out.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/script.h"
#include "core/stress/script_priv.h"

void text_line(struct text *t, const char *fmt, ...)
{
	char *line = NULL, **grown;
	va_list ap;
	int n;

	if (t->err)
		return;
	if (t->nr == t->room) {
		grown = reallocarray(t->lines, MAX(2 * t->room, 1024u), sizeof(*grown));
		if (!grown) {
			t->err = fail_set(t->f, ENOMEM, "cannot make a script of %u ops", t->trace->nr);
			return;
		}
		t->lines = grown;
		t->room = MAX(2 * t->room, 1024u);
	}
	va_start(ap, fmt);
	n = vasprintf(&line, fmt, ap);
	va_end(ap);
	if (n < 0)
		t->err = fail_set(t->f, ENOMEM, "cannot make a script of %u ops", t->trace->nr);
	else
		t->lines[t->nr++] = line;
}

const char *text_due(const struct stress_op *op)
{
	static _Thread_local char text[24];
	int due = op->mismatch ? op->due : op->err;

	snprintf(text, sizeof(text), due ? "!%s " : "%.0s", script_errno_name(due));
	return text;
}

const char *text_size(char buf[32], uint64_t size)
{
	return num_format_size(buf, 32, size);
}

static int text_models(struct text *t)
{
	struct model_params p = {.caps = iommu_caps(session_iommu(t->s)),
				 .personality = iommu_personality(session_iommu(t->s)),
				 .refuses = session_is_simulated(t->s)};
	int err = 0;

	for (unsigned int i = 0; i <= STRESS_SPACES && !err; i++)
		err = model_new(&t->model[i], &p);
	return err ? fail_set(t->f, err, "cannot make a script of %u ops", t->trace->nr) : 0;
}

/* The end: what is still there is looked at, whatever the trace ended with. */
static void text_end(struct text *t)
{
	for (unsigned int i = 0; i < t->trace->threads; i++)
		text_check_all(t, i);
	if (iommu_caps(session_iommu(t->s))->has_pins || session_is_simulated(t->s))
		text_line(t, "check --pins");
}

static void text_release(struct text *t)
{
	for (unsigned int i = 0; i < t->nr_mems; i++)
		text_mem_free(t->mems[i]);
	free(t->mems);
	for (unsigned int i = 0; i <= STRESS_SPACES; i++)
		model_free(t->model[i]);
	free(t);
}

int stress_script(const struct session *s, const struct stress_trace *trace, char ***lines, unsigned int *nr,
		  struct fail *f)
{
	struct text *t = calloc(1, sizeof(*t));
	int err;

	*lines = NULL;
	*nr = 0;
	if (!t)
		return fail_set(f, ENOMEM, "cannot make a script of %u ops", trace->nr);
	t->s = s;
	t->trace = trace;
	t->f = f;
	for (unsigned int i = 0; i < trace->nr; i++)
		t->missing |= trace->ops[i].mismatch && strstr(trace->ops[i].text, "missing: 0x");
	t->err = text_models(t);
	for (unsigned int i = 0; i < trace->nr && !t->err; i++)
		if (trace->ops[i].done && trace->ops[i].thread < STRESS_THREADS_MAX)
			text_op(t, &trace->ops[i]);
	text_end(t);
	err = t->err;
	if (err) {
		stress_script_free(t->lines, t->nr);
	} else {
		*lines = t->lines;
		*nr = t->nr;
	}
	text_release(t);
	return err;
}

void stress_script_free(char **lines, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		free(lines[i]);
	free(lines);
}
