/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl dirty plot: bitmap files as pictures. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/dirty.h"

/* stdout takes the picture; what is said of it goes beside. */
static int picture_stdout(struct command_run *run)
{
	if (run->script_path)
		return fail_usage(&run->fail, EINVAL, "in a script a picture needs a file of its own");
	if (run->globals->format != REPORT_TEXT)
		return fail_usage(&run->fail, EINVAL, "stdout cannot take both the picture and a report");
	if (isatty(STDOUT_FILENO)) {
		fail_usage(&run->fail, EINVAL, "a terminal is no place for a file's bytes");
		fail_hint(&run->fail, "name a file, or leave out -o to draw in the terminal");
		return -EINVAL;
	}
	report_redirect(run->report, stderr);
	return 0;
}

int dirty_do_plot(struct command_run *run, const struct dirty_state *d)
{
	struct dirty_bitmap *series = calloc(d->nr_files, sizeof(*series));
	const struct dirty_plot *plot = &d->plot;
	unsigned int n = 0;
	int err = series ? 0 : fail_set(&run->fail, ENOMEM, "cannot draw %u files", d->nr_files);

	run->shows = true;
	if (!err && plot->format != DIRTY_PLOT_TERMINAL && !strcmp(plot->path, "-"))
		err = picture_stdout(run);
	for (; !err && n < d->nr_files; n++)
		err = dirty_file_open(&series[n], d->files[n], &run->fail);
	if (!err && d->rate)
		err = dirty_plot_rate(series, d->files, d->nr_files, plot, run->report, &run->fail);
	else if (!err)
		err = dirty_plot_map(&series[0], d->files[0], plot, run->report, &run->fail);
	for (unsigned int i = 0; !err && i < n; i++)
		err = dirty_file_check_whole(&series[i], d->files[i], &run->fail);
	if (!err)
		snprintf(run->detail, sizeof(run->detail), "%s %s",
			 plot->format == DIRTY_PLOT_TERMINAL ? "drawn:" : "drawn to", plot->path ? plot->path : "text");
	while (series && n--)
		dirty_bitmap_free(&series[n]);
	free(series);
	return err;
}
