/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench --csv and --plot: where figures go beside the report. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/bench.h"
#include "core/bench/out.h"
#include "core/whole_file.h"
#include "host/self.h"

/* stdout takes the rows; what is said of them goes beside. */
static int files_stdout(struct command_run *run)
{
	if (run->script_path)
		return fail_usage(&run->fail, EINVAL, "in a script --csv needs a file: --csv=FILE");
	if (run->globals->format != REPORT_TEXT)
		return fail_usage(&run->fail, EINVAL, "stdout cannot take both rows and a report: --csv=FILE");
	report_redirect(run->report, stderr);
	return 0;
}

/* Before anything is measured. Devices and pipes are written to as they are. */
static int files_check(const char *path, const char *what, struct fail *f)
{
	struct stat st;

	if (!stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0;
	return whole_file_check(path, what, f);
}

int bench_files_begin(struct command_run *run, const struct bench_state *b)
{
	int err = 0;

	if (b->csv && !strcmp(b->csv, "-"))
		err = files_stdout(run);
	else if (b->csv)
		err = files_check(b->csv, "the rows", &run->fail);
	if (!err && b->plot && b->plot_format != PLOT_TERMINAL)
		err = files_check(b->plot, "the picture", &run->fail);
	return err;
}

int bench_files_end(struct command_run *run, const struct bench_state *b, const struct bench_result *res,
		    const char *backend, const char *device)
{
	struct bench_origin o = {b->bench, self_kernel(), backend, device};
	struct plot_to to = {.format = b->plot_format, .path = b->plot};
	int err = 0;

	if (b->csv)
		err = bench_csv_write(b->csv, &o, res, &run->fail);
	if (!err && b->plot)
		err = bench_plot(&o, res, &to, run->report, &run->fail);
	if (!err && b->csv && strcmp(b->csv, "-"))
		report_line(run->report, "%s: %u rows", b->csv, res->nr_rows);
	if (!err && b->plot && b->plot_format != PLOT_TERMINAL)
		report_line(run->report, "%s: drawn", b->plot);
	return err;
}
