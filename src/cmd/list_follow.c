/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `list --follow`: changes of binding and hotplug as they happen, until a signal or the end of a time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/msg.h"
#include "cmd/change.h"
#include "cmd/list.h"
#include "host/follow.h"

/* A signal that comes between a look at it and the wait is seen after this long. */
#define FOLLOW_LOOK_MS 300

static int follow_tell(struct report *r, const struct change *c)
{
	char line[512];

	change_report(report_stream_entry(r), c, line, sizeof(line));
	return report_stream_commit(r, "%s", line);
}

static int follow_tell_lost(struct report *r)
{
	struct report *entry = report_stream_entry(r);
	char utc[48], wall[48];

	change_times(utc, sizeof(utc), wall, sizeof(wall));
	report_str(entry, "time", utc);
	report_str(entry, "kind", "lost");
	return report_stream_commit(r,
				    "%s  some changes were lost: more came at once than the kernel kept; "
				    "iommuctl list shows what is now",
				    wall);
}

/* How long to wait for the next one; 0 when the time is over. */
static int follow_wait_ms(uint64_t until_ns)
{
	uint64_t now = clock_ns();

	if (!until_ns)
		return FOLLOW_LOOK_MS;
	return now >= until_ns ? 0 : (int)MIN((until_ns - now + 999999) / 1000000, FOLLOW_LOOK_MS);
}

struct follow_counts {
	uint64_t changes, lost;
};

/* Until the end of the time, a signal, or a reader that went away, which the report's end tells of. */
static int follow_loop(struct report *r, struct follow *follow, uint64_t until_ns, struct follow_counts *counts)
{
	struct change change;
	int wait, ret = 0, written = 0;

	while (!session_signal && !written && (wait = follow_wait_ms(until_ns))) {
		ret = follow_next(follow, wait, &change);
		if (ret == -ENOBUFS) {
			counts->lost++;
			written = follow_tell_lost(r);
		} else if (!ret) {
			counts->changes++;
			written = follow_tell(r, &change);
		} else if (ret != -ETIMEDOUT && ret != -EINTR) {
			return ret;
		}
	}
	return 0;
}

int list_follow(struct command_run *run, uint64_t time_ns)
{
	struct follow_counts counts = {0};
	struct follow *follow;
	uint64_t until_ns = time_ns ? clock_ns() + time_ns : 0;
	int err;

	if (run->script_path)
		return fail_usage(&run->fail, EINVAL, "--follow does not end by itself, so it is no line of a script");
	if (host_is_capture(&run->globals->host))
		return fail_usage(&run->fail, EINVAL, "--follow: nothing happens on a captured machine");
	err = follow_open(&run->globals->host, &follow, &run->fail);
	if (err)
		return err;
	err = report_stream_begin(run->report);
	if (!err && isatty(STDERR_FILENO))
		msg_note("list: changes are shown as they come; Ctrl-C ends it");
	if (!err)
		err = follow_loop(run->report, follow, until_ns, &counts);
	follow_close(follow);
	report_num(run->report, "changes", counts.changes);
	report_num(run->report, "lost", counts.lost);
	return err ? fail_set(&run->fail, err, "cannot follow changes") : 0;
}
