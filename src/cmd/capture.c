/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl capture: what list, caps and audit read of a machine, as a file for somebody else's --sysroot. */
#include "core/capture.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "cmd/capture_out.h"
#include "cmd/command.h"
#include "core/asked.h"
#include "core/audit/audit.h"

enum { OPT_RAW = 0x100, OPT_FORCE, OPT_NO_OPEN };

static const struct argp_option capture_options[] = {
	{"raw", OPT_RAW, NULL, 0, "keep serial numbers, MAC addresses and all of the kernel's command line", 0},
	{"force", OPT_FORCE, NULL, 0, "replace the file if it is there", 0},
	{"no-open", OPT_NO_OPEN, NULL, 0, "open no node of /dev: leave out what only VFIO and iommufd tell", 0},
	{0},
};

struct capture_command {
	bool raw, force, no_open;
	const char *file; /* into argv */
};

static error_t capture_parse(int key, char *arg, struct argp_state *state)
{
	struct capture_command *cc = state->input;

	switch (key) {
	case OPT_RAW:
		cc->raw = true;
		return 0;
	case OPT_FORCE:
		cc->force = true;
		return 0;
	case OPT_NO_OPEN:
		cc->no_open = true;
		return 0;
	case ARGP_KEY_ARG:
		if (cc->file)
			return usage_error(state, "it takes one file, %s, not also '%s'", cc->file, arg);
		if (!*arg)
			return usage_error(state, "the file's name is empty");
		cc->file = arg;
		return 0;
	case ARGP_KEY_END:
		return cc->file ? 0 : usage_error(state, "no file named (- is stdout)");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* `list` itself, so that all it reads is in the record; what it would say goes nowhere. */
static int capture_list(struct command_run *run)
{
	struct report_params params = {.command = "list"};
	struct command_run part = {.globals = run->globals};
	CLEANUP_FREE void *state = calloc(1, MAX(command_list.state_size, (size_t)1));
	int err = state ? report_open(&part.report, &params) : -ENOMEM;

	if (!err)
		err = command_list.execute(&part, state);
	if (err && part.fail.err)
		run->fail = part.fail;
	report_discard(part.report);
	return err;
}

static int capture_read(struct command_run *run, const struct capture_command *cc, struct machine *m)
{
	struct audit audit = {.m = m};
	int err = machine_read(&run->globals->host, MACHINE_ALL, m, &run->fail);

	if (!err)
		err = asked_fill(m, !cc->no_open && !run->globals->dry_run, &run->fail);
	if (!err)
		err = capture_list(run);
	if (!err)
		err = audit_run(&audit, &run->fail);
	audit_free(&audit);
	return err;
}

#define REFUSED_LINES 6

static void capture_report_refused(struct report *r, const struct record_set *refused)
{
	report_list(r, "unreadable");
	for (unsigned int i = 0; i < refused->nr_entries; i++) {
		report_object(r, NULL);
		report_str(r, "path", refused->entries[i].path);
		report_str(r, "why", strerror(refused->entries[i].err));
		report_close(r);
	}
	report_close(r);
	report_text_hide(r, "unreadable");
	for (unsigned int i = 0; i < MIN(refused->nr_entries, REFUSED_LINES); i++)
		report_line(r, "not readable, and kept as that: %s (%s)", refused->entries[i].path,
			    strerror(refused->entries[i].err));
	if (refused->nr_entries > REFUSED_LINES)
		report_line(r, "not readable, and kept as that: %u more", refused->nr_entries - REFUSED_LINES);
	if (refused->nr_entries && geteuid() != 0)
		report_line(r, "as root it would hold more");
}

static void capture_report(struct report *r, const struct capture *c, const struct capture_out *o, bool opened)
{
	char size[32];
	const struct mask *mask = &c->mask;

	report_str(r, "file", o->file);
	report_bool(r, "masked", !c->raw);
	report_num(r, "files", c->nr_files);
	report_num(r, "links", c->nr_links);
	report_num(r, "directories", c->nr_dirs);
	report_num(r, "log_lines", c->nr_lines);
	report_num(r, "bytes", c->bytes);
	report_object(r, "masks");
	report_num(r, "serial_numbers", mask->serials);
	report_num(r, "mac_addresses", mask->nr_macs);
	report_num(r, "parameters", mask->values);
	report_num(r, "mounts", mask->mounts);
	report_close(r);
	for (const char *const *key = (const char *const[]){"file", "masked", "files", "links", "directories",
							    "log_lines", "bytes", "masks", NULL};
	     *key; key++)
		report_text_hide(r, *key);
	report_line(r, "%s: %u files, %u links, %u lines of the kernel's log, %s",
		    strcmp(o->file, "-") ? o->file : "stdout", c->nr_files, c->nr_links, c->nr_lines,
		    num_format_human(size, sizeof(size), (double)c->bytes));
	if (c->raw)
		report_line(r, "nothing is masked: it holds serial numbers, MAC addresses and the kernel's command "
			       "line as they are");
	else
		report_line(r,
			    "masked: %u serial numbers, %u MAC addresses, %u values of kernel parameters; left out: %u "
			    "mounts",
			    mask->serials, mask->nr_macs, mask->values, mask->mounts);
	if (!c->m->log)
		report_line(r, "without the kernel's log: %s", strerror(c->m->log_err ? -c->m->log_err : ENOENT));
	if (!opened)
		report_line(r, "without what VFIO and iommufd answer: no node was opened");
	capture_report_refused(r, &c->record->refused);
	if (c->record->nr_outside)
		report_line(r, "links that lead out of the root were not followed");
}

static int capture_to_stdout(struct command_run *run, struct capture_out *o)
{
	if (run->globals->format != REPORT_TEXT)
		return fail_usage(&run->fail, EINVAL, "stdout cannot take both the capture and a report");
	report_redirect(run->report, stderr);
	return capture_out_stdout(o, &run->fail);
}

static int capture_execute(struct command_run *run, void *arg)
{
	const struct capture_command *cc = arg;
	struct capture_out o = {.file = cc->file, .force = cc->force, .fd = -1};
	struct host *host = &run->globals->host;
	struct capture *c = calloc(1, sizeof(*c));
	struct machine m = {0};
	int err;

	if (!c)
		return fail_set(&run->fail, ENOMEM, "cannot capture this machine");
	host->record = record_new();
	if (!host->record)
		err = fail_set(&run->fail, ENOMEM, "cannot capture this machine");
	else if (strcmp(cc->file, "-") == 0)
		err = capture_to_stdout(run, &o);
	else
		err = capture_out_open(&o, &run->fail);
	if (!err)
		err = capture_read(run, cc, &m);
	c->record = host->record;
	c->m = &m;
	c->raw = cc->raw;
	host->record = NULL;
	if (!err)
		err = capture_write(c, o.fd, &run->fail);
	if (!err)
		err = capture_out_commit(&o, &run->fail);
	if (!err)
		capture_report(run->report, c, &o, m.ioctl.asked);
	capture_out_close(&o);
	machine_free(&m);
	record_free(c->record);
	free(c);
	return err;
}

const struct command command_capture = {
	.name = "capture",
	.summary = "save what list, caps and audit read, for --sysroot elsewhere; secrets are masked",
	.args_doc = "FILE",
	.options = capture_options,
	.state_size = sizeof(struct capture_command),
	.parse = capture_parse,
	.execute = capture_execute,
};
