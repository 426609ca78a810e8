/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `list --follow`: changes of binding and hotplug as they happen, until a signal or the end of a time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/msg.h"
#include "cmd/list.h"
#include "host/follow.h"

/* A signal that comes between a look at it and the wait is seen after this long. */
#define FOLLOW_LOOK_MS 300

/* "2026-11-21T10:35:21.123Z" for machines; people read a clock on the wall. */
static void follow_times(char *utc, size_t utc_len, char *wall, size_t wall_len)
{
	struct timespec now;
	struct tm tm;
	unsigned int ms;
	char date[32];

	clock_gettime(CLOCK_REALTIME, &now);
	ms = now.tv_nsec / 1000000 % 1000;
	gmtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(utc, utc_len, "%s.%03uZ", date, ms);
	localtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof(date), "%H:%M:%S", &tm);
	snprintf(wall, wall_len, "%s.%03u", date, ms);
}

/* Appends ", "-separated. */
static void follow_add(char *buf, size_t len, const char *word, const char *value)
{
	size_t used = strlen(buf);

	snprintf(buf + used, len - used, "%s%s%s", used ? ", " : "", word, value);
}

/* "to vfio-pci, group 3" */
static void follow_details(const struct change *c, char *buf, size_t len)
{
	char group[16];

	buf[0] = '\0';
	if (strcmp(c->subsystem, "iommu") == 0)
		follow_add(buf, len, "an IOMMU unit", "");
	if (strcmp(c->subsystem, "pci") == 0 && c->driver[0])
		follow_add(buf, len,
			   strcmp(c->action, "bind") == 0     ? "to "
			   : strcmp(c->action, "unbind") == 0 ? "from "
							      : "driver ",
			   c->driver);
	if (c->node[0])
		follow_add(buf, len, c->node, "");
	snprintf(group, sizeof(group), "%d", c->group);
	if (c->group >= 0)
		follow_add(buf, len, "group ", group);
}

static int follow_tell(struct report *r, const struct change *c)
{
	struct report *entry = report_stream_entry(r);
	char utc[48], wall[48], details[256];

	follow_times(utc, sizeof(utc), wall, sizeof(wall));
	follow_details(c, details, sizeof(details));
	report_str(entry, "time", utc);
	report_str(entry, "kind", "uevent");
	report_str(entry, "action", c->action);
	report_str(entry, "device", c->device);
	report_str(entry, "driver", c->driver);
	/* a number or not there at all, as in the list itself */
	if (c->group >= 0)
		report_num(entry, "group", (uint64_t)c->group);
	report_str(entry, "subsystem", c->subsystem);
	report_str(entry, "node", c->node);
	report_str(entry, "raw", c->raw);
	return report_stream_commit(r, "%s  %-7s %-12s  %s", wall, c->action, c->device, details);
}

static int follow_tell_lost(struct report *r)
{
	struct report *entry = report_stream_entry(r);
	char utc[48], wall[48];

	follow_times(utc, sizeof(utc), wall, sizeof(wall));
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
