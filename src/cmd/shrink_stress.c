/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stress found, as a script: its trace in one order, shrunk. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/shrink_run.h"
#include "core/whole_file.h"

int stress_check_repro(struct command_run *run, const struct stress_params *p)
{
	if (p->repro_path && run->session)
		return fail_usage(&run->fail, EINVAL,
				  "--save-repro runs its candidates in sessions of their own, not inside of one: leave "
				  "it out here");
	return p->repro_path ? whole_file_check(p->repro_path, "the repro", &run->fail) : 0;
}

/* Nothing was done: where the IOMMU is off, any transfer shows it. */
static int save_lines(struct session *s, const struct stress_result *res, char ***lines, unsigned int *nr,
		      struct fail *f)
{
	static const char *const off[] = {"map a --size 8K", "dma copy a a+4K --size 4K"};
	int err = 0;

	if (res->trace.nr || !res->failures.count[FAILURE_UNTRANSLATED])
		return stress_script(s, &res->trace, lines, nr, f);
	*lines = calloc(ARRAY_SIZE(off), sizeof(**lines));
	*nr = 0;
	for (unsigned int i = 0; *lines && i < ARRAY_SIZE(off) && !err; i++) {
		(*lines)[i] = strdup(off[i]);
		err = (*lines)[i] ? 0 : -ENOMEM;
		*nr += !err;
	}
	return *lines && !err ? 0 : fail_set(f, ENOMEM, "cannot write the repro");
}

/* What seldom fails is asked more often; what never does has another cause than this order. */
static int save_shrink(const struct stress_params *p, struct shrink_runner *r, char *const *lines, unsigned int nr,
		       struct shrink_result *out, struct fail *f)
{
	struct shrink_params params = {.tries = p->tries ? p->tries : SHRINK_TRIES,
				       .until_ns = clock_ns() + (p->no_shrink ? 0 : SHRINK_TIME_NS)};
	int err;

	for (unsigned int round = 0;; round++) {
		err = shrink_runner_shrink(r, lines, nr, &params, out, f);
		if ((err && err != -ENOENT) || (!err && 2 * out->failed >= out->of) || round == 2 ||
		    clock_ns() >= params.until_ns)
			break;
		shrink_free(out);
		params.tries *= 4;
	}
	if (!err && !out->failed)
		err = fail_set(f, ENOENT, "what was left of the script did not fail again in %u runs", out->of);
	return err;
}

/* What was seen stays true; there is the way to see it again. */
static void save_nothing(struct command_run *run, const struct shrink_note *note)
{
	char why[sizeof(run->fail.text)];

	snprintf(why, sizeof(why), "%s", run->fail.text);
	fail_complete(&run->fail, ENOENT, "nothing was saved in %.120s: %.240s", note->path, why);
	fail_hint(&run->fail, "the episode again: iommuctl %.350s", note->found_by);
	report_line(run->report, "%s", run->fail.text);
}

static int save_script(struct command_run *run, const struct stress_params *p, uint64_t ops, struct shrink_runner *r,
		       char *const *lines, unsigned int nr, struct shrink_note *note)
{
	struct shrink_result out = {0};
	int err;

	note->from = nr;
	err = save_shrink(p, r, lines, nr, &out, &run->fail);
	if (err == -ENOENT) {
		shrink_free(&out);
		note->left_out = "the order of its operations: in one order, whichever, it does not fail";
		err = shrink_line(r, p, ops, p->tries ? p->tries : SHRINK_TRIES, &out, &run->fail);
	}
	if (out.nr && (!err || err == -EINTR))
		err = shrink_save(r, &run->globals->session, note, &out, &run->fail);
	if (!err)
		shrink_report(run->report, note, &out);
	else if (err == -ENOENT)
		save_nothing(run, note);
	shrink_free(&out);
	return err;
}

int stress_save_repro(struct command_run *run, struct session *s, const struct stress_params *p,
		      const struct stress_result *res)
{
	enum iommu_personality personality = iommu_personality(session_iommu(s));
	CLEANUP_FREE char *by = stress_again(s, p, res->trace.episode), *text = NULL;
	struct shrink_note note = {.path = p->repro_path, .found_by = by};
	struct shrink_runner r = {0};
	char **lines = NULL;
	unsigned int nr = 0;
	int err = save_lines(s, res, &lines, &nr, &run->fail);

	command_session_close(run, s, true);
	if (!err && (!by || (res->nr_mismatches &&
			     asprintf(&text, "%s: %s was due, got %s", stress_kinds[res->mismatches[0].op.kind].name,
				      res->mismatches[0].expected, res->mismatches[0].got) < 0)))
		err = fail_set(&run->fail, ENOMEM, "cannot write the repro %s", p->repro_path);
	note.text = text;
	if (!err)
		err = shrink_runner_open(&r, run->globals, personality, &run->fail);
	if (!err)
		err = save_script(run, p, res->ops, &r, lines, nr, &note);
	shrink_runner_close(&r);
	stress_script_free(lines, nr);
	return err;
}
