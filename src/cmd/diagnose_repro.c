/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The script of a diagnosis: shrunk where it fails by itself, and saved. */
#include "cmd/diagnose.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/shrink_run.h"
#include "core/whole_file.h"

#define REPRO_LINES_MAX 256

/*
 * @text's lines in place: comments go to @head, all others to @lines. As often as a run of the experiment turns its loop is often enough:
 * @repeat is the line that says so. Returns how many.
 */
static unsigned int repro_split(char *text, FILE *head, char *repeat, char **lines)
{
	unsigned int nr = 0;
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")) && nr < REPRO_LINES_MAX) {
		if (line[0] == '#')
			fprintf(head, "%s\n", line);
		else if (line[0])
			lines[nr++] = strncmp(line, "repeat ", 7) ? line : repeat;
	}
	return nr;
}

static void repro_set(struct diagnose *d, const char *head, const struct shrink_result *res, unsigned int from)
{
	char how[160], *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return;
	fputs(head, to);
	for (unsigned int i = 0; i < res->nr; i++)
		fprintf(to, "%s\n", res->lines[i]);
	snprintf(how, sizeof(how), "shrunk from %u lines in %llu runs%s; failed in %u of %u runs", from,
		 (unsigned long long)res->runs, res->timed_out ? ", as far as there was time" : "", res->failed,
		 res->of);
	if (!fclose(to))
		diagnose_set_repro(d, text, how);
	free(text);
}

static void repro_shrink_lines(struct command_run *run, struct diagnose *d, char *const *lines, unsigned int nr,
			       const char *head, uint64_t time_ns)
{
	struct shrink_params sp = {.tries = SHRINK_TRIES, .until_ns = clock_ns() + time_ns};
	struct globals g = *run->globals;
	struct shrink_result res = {0};
	struct shrink_runner r = {0};
	struct fail why = {0};
	int err;

	if (diagnose_backend(d))
		g.session.backend = diagnose_backend(d);
	err = shrink_runner_open(&r, &g, diagnose_personality(d), &why);
	if (!err)
		err = shrink_runner_shrink(&r, lines, nr, &sp, &res, &why);
	if (res.nr && (!err || err == -EINTR))
		repro_set(d, head, &res, nr);
	else if (err == -ENOENT)
		diagnose_set_repro(d, NULL,
				   "which did not fail by itself: it needs what `compare` does with the options above");
	shrink_free(&res);
	shrink_runner_close(&r);
}

void diagnose_shrink(struct command_run *run, struct diagnose *d, uint64_t time_ns)
{
	CLEANUP_FREE char *text = diagnose_repro(d) ? strdup(diagnose_repro(d)) : NULL;
	CLEANUP_FREE char *head = NULL;
	char *lines[REPRO_LINES_MAX], repeat[40];
	unsigned int nr;
	size_t size;
	FILE *to;

	if (!text || !diagnose_is_scriptable(d))
		return;
	to = open_memstream(&head, &size);
	if (!to)
		return;
	snprintf(repeat, sizeof(repeat), "repeat %llu", (unsigned long long)diagnose_run_loops(d));
	nr = repro_split(text, to, repeat, lines);
	if (fclose(to) || !nr)
		return;
	repro_shrink_lines(run, d, lines, nr, head, time_ns);
}

int diagnose_save(struct command_run *run, const struct diagnose *d, const char *path)
{
	struct whole_file w;
	int err;

	if (!diagnose_repro(d)) {
		report_line(run->report, "not saved, for there is no failure: %s", path);
		return 0;
	}
	err = whole_file_open(&w, path, "the repro", &run->fail);
	if (err)
		return err;
	fputs(diagnose_repro(d), w.to);
	err = whole_file_close(&w, &run->fail);
	if (!err)
		report_line(run->report, "saved: %s", path);
	return err;
}
