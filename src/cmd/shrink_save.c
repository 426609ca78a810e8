/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of a shrunk script: its header says what to expect of it, where, and how it was found. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/shrink_run.h"
#include "core/whole_file.h"
#include "host/self.h"

static void save_option(FILE *to, const char *option, const char *value)
{
	if (value)
		fprintf(to, " %s %s", option, value);
}

/* Each line of a text as a comment. */
static void save_comment(FILE *to, const char *what, const char *text)
{
	while (text && *text) {
		size_t n = strcspn(text, "\n");

		fprintf(to, "# %s%.*s\n", what, (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void save_where(FILE *to, const struct session_params *p)
{
	fprintf(to, "# run: iommuctl");
	save_option(to, "--backend", p->backend);
	save_option(to, "--device", p->device);
	save_option(to, "--driver", p->driver);
	fprintf(to, " run THIS-FILE\n");
}

static void save_verdict(FILE *to, const struct shrink_runner *r, const struct shrink_result *res)
{
	fprintf(to, "# expected: every line passes; here %s%s%s: %s\n", r->due.command[0] ? "`" : "",
		r->due.command[0] ? r->due.command : "it", r->due.command[0] ? "` failed" : " failed", r->due.what);
	if (r->due.detail[0])
		fprintf(to, "# seen: %s\n", r->due.detail);
	fprintf(to, "# failed in %u of %u runs\n", res->failed, res->of);
	if (r->has_reference)
		fprintf(to, "# passes on: --backend %s\n", r->reference_backend);
	else
		fprintf(to, "# passes on: not known; a simulated IOMMU with the same rules does not agree with all of "
			    "it\n");
}

int shrink_save(const struct shrink_runner *r, const struct session_params *params, const struct shrink_note *note,
		const struct shrink_result *res, struct fail *f)
{
	struct whole_file w;
	int err = whole_file_open(&w, note->path, "the repro", f);

	if (err)
		return err;
	fprintf(w.to, "# iommuctl %s repro\n# title: %s\n", PACKAGE_VERSION, note->text ? note->text : r->due.detail);
	save_comment(w.to, "found by: iommuctl ", note->found_by);
	fprintf(w.to, "# seed: 0x%" PRIx64 "\n# kernel: %s\n", r->seed, self_kernel());
	save_where(w.to, params);
	save_verdict(w.to, r, res);
	fprintf(w.to, "# shrunk: from %u lines to %u in %" PRIu64 " runs%s\n", note->from, res->nr, res->runs,
		res->timed_out ? ", which ended for lack of time" : "");
	save_comment(w.to, "not in this script: ", note->left_out);
	fprintf(w.to, "# danger: %s\n\n", strcmp(r->due.what, "kernel") ? "none" : "crash");
	for (unsigned int i = 0, depth = 0; i < res->nr; i++) {
		if (!strcmp(res->lines[i], "end") && depth)
			depth--;
		for (unsigned int d = 0; d < depth; d++)
			fprintf(w.to, "  ");
		fprintf(w.to, "%s\n", res->lines[i]);
		depth += !strncmp(res->lines[i], "repeat ", 7);
	}
	return whole_file_close(&w, f);
}

void shrink_report(struct report *r, const struct shrink_note *note, const struct shrink_result *res)
{
	report_str(r, "repro", note->path);
	report_object(r, "shrink");
	report_num(r, "from", note->from);
	report_num(r, "lines", res->nr);
	report_num(r, "runs", res->runs);
	report_num(r, "failed", res->failed);
	report_num(r, "of", res->of);
	report_bool(r, "timed_out", res->timed_out);
	report_close(r);
	report_text_hide(r, "repro");
	report_text_hide(r, "shrink");
	report_line(r, "%s: %u lines of %u, failed in %u of %u runs (%" PRIu64 " runs to get there%s)", note->path,
		    res->nr, note->from, res->failed, res->of, res->runs,
		    res->timed_out ? ", and there was no more time" : "");
	for (unsigned int i = 0; i < res->nr; i++)
		report_line(r, "    %s", res->lines[i]);
}
