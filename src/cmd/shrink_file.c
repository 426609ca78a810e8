/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run --shrink: a script of the user's that fails, as short as it still does. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/run_exec.h"
#include "cmd/shrink_run.h"
#include "core/whole_file.h"

/* The words as they were read, in quotes where they need them: comments at a line's end would be in the way. */
static char *file_line(const struct script_line *line)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	for (unsigned int i = 0; to && line->vector[i]; i++) {
		const char *word = line->vector[i], *quote = "";

		/* `!map`: the bang was cut off the word */
		if (!*word || strpbrk(word, " \t#\""))
			quote = strchr(word, '\'') ? "\"" : "'";
		else if (strchr(word, '\''))
			quote = "\"";
		fprintf(to, "%s%s%s%s%s", i ? " " : "", !i && line->negated && *word != '!' ? "!" : "", quote, word,
			quote);
	}
	return to && !fclose(to) ? text : NULL;
}

static void file_lines_free(char **lines, unsigned int nr)
{
	for (unsigned int i = 0; lines && i < nr; i++)
		free(lines[i]);
	free(lines);
}

static int file_lines(const struct script *script, char ***out, unsigned int *nr, struct fail *f)
{
	char **lines = calloc((size_t)script->nr + 1, sizeof(*lines));

	*nr = 0;
	for (; lines && *nr < script->nr; ++*nr) {
		lines[*nr] = file_line(&script->lines[*nr]);
		if (!lines[*nr])
			break;
	}
	if (lines && *nr == script->nr) {
		*out = lines;
		return 0;
	}
	file_lines_free(lines, *nr);
	return fail_set(f, ENOMEM, "cannot shrink %s", script->path);
}

/* Whose rules hold where it runs, and who says so in the report. */
static int file_look(struct command_run *run, enum iommu_personality *personality)
{
	struct session *s;
	bool own;
	int err = command_session(run, &s, &own);

	if (err)
		return err;
	*personality = iommu_personality(session_iommu(s));
	command_session_close(run, s, own);
	return 0;
}

static int file_shrink(struct command_run *run, const struct shrink_file *p, struct shrink_runner *r,
		       char *const *lines, unsigned int nr, const struct shrink_note *note)
{
	struct shrink_params params = {.tries = p->tries ? (unsigned int)p->tries : SHRINK_TRIES,
				       .until_ns = clock_ns() + (p->time_ns ? p->time_ns : SHRINK_TIME_NS)};
	struct shrink_result res = {0};
	int err = shrink_runner_shrink(r, lines, nr, &params, &res, &run->fail);

	if (err == -ENOENT && !r->due_known) {
		report_check(run->report, note->found_by, RESULT_PASS, NULL);
		report_line(run->report, "it did not fail in %u runs: there is nothing to shrink", params.tries);
		memset(&run->fail, 0, sizeof(run->fail));
		err = 0;
	} else if (res.nr) {
		report_check(run->report, note->found_by, RESULT_FAIL, r->due.detail);
		if (!err || err == -EINTR)
			err = shrink_save(r, &run->globals->session, note, &res, &run->fail);
		if (!err)
			shrink_report(run->report, note, &res);
	}
	shrink_free(&res);
	return err;
}

int shrink_file(struct command_run *run, const struct shrink_file *p, const char *path)
{
	struct shrink_note note = {.path = p->out};
	enum iommu_personality personality = IOMMU_TYPE1_V2;
	struct shrink_runner r = {0};
	struct script *script = NULL;
	CLEANUP_FREE char *by = NULL;
	char **lines = NULL;
	unsigned int nr = 0;
	int err = whole_file_check(p->out, "the repro", &run->fail);

	if (!err)
		err = script_load(&script, path, &run->fail);
	if (!err && script->danger[0] && !run->globals->session.allow_crash) {
		err = fail_set(&run->fail, EOPNOTSUPP, "%s is marked danger: %s", path, script->danger);
		fail_hint(&run->fail, "it may harm this machine; --allow-crash runs it all the same");
	}
	if (!err && asprintf(&by, "run %s", path) < 0)
		err = fail_set(&run->fail, ENOMEM, "cannot shrink %s", path);
	if (!err)
		err = file_lines(script, &lines, &nr, &run->fail);
	if (!err)
		err = file_look(run, &personality);
	if (!err) {
		note.found_by = by;
		note.from = nr;
		err = shrink_runner_open(&r, run->globals, personality, &run->fail);
		if (!err)
			err = file_shrink(run, p, &r, lines, nr, &note);
		shrink_runner_close(&r);
	}
	file_lines_free(lines, nr);
	script_free(script);
	return err;
}
