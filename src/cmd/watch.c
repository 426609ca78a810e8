/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl watch: IOMMU faults and changes of devices as they happen, decoded, with what was lost. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/msg.h"
#include "base/num.h"
#include "cmd/change.h"
#include "cmd/command.h"
#include "core/op/faults.h"
#include "core/watch.h"

/* A signal that comes between a look at it and the wait is seen after this long. */
#define WATCH_LOOK_MS 300
#define WATCH_KEPT 1000 /* entries that a script's result holds */

enum { OPT_SOURCE = 0x100, OPT_TIME, OPT_COUNT };

static const struct argp_option watch_options[] = {
	{"source", OPT_SOURCE, "LIST", 0, "only these: kmsg, trace, uevent, faultq (default: all that are of use here)",
	 0},
	{"time", OPT_TIME, "DUR", 0, "for this long, not until a signal", 0},
	{"count", OPT_COUNT, "N", 0, "until so many faults and changes were shown", 0},
	{0},
};

struct watch_command {
	unsigned int sources;
	uint64_t time_ns, count;
	const char **ids;
	unsigned int nr_ids;
};

struct watch_run {
	struct command_run *run;
	struct watch *watch;
	bool stream;
	uint64_t faults, traced, changes, lost, told;
};

static error_t watch_parse_source(struct watch_command *c, char *arg, struct argp_state *state)
{
	CLEANUP_FREE char *copy = strdup(arg);
	char *rest, *word;
	int n = 0;

	if (!copy)
		return ENOMEM;
	for (word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		error_t err = parse_choice(state, "--source", word, watch_sources, &n);

		if (err)
			return err;
		c->sources |= 1u << n;
	}
	return c->sources ? 0 : usage_error(state, "--source: which? kmsg, trace, uevent, faultq");
}

static error_t watch_add_id(struct watch_command *c, const char *id)
{
	const char **more = reallocarray(c->ids, c->nr_ids + 1, sizeof(*more));

	if (!more)
		return ENOMEM;
	c->ids = more;
	c->ids[c->nr_ids++] = id;
	return 0;
}

static error_t watch_parse(int key, char *arg, struct argp_state *state)
{
	struct watch_command *c = state->input;
	error_t err;

	switch (key) {
	case OPT_SOURCE:
		return watch_parse_source(c, arg, state);
	case OPT_TIME:
		return num_parse_duration(arg, &c->time_ns) || !c->time_ns
			       ? usage_error(state, "--time: '%s' is not a duration (such as 500ms, 30s, 5m)", arg)
			       : 0;
	case OPT_COUNT:
		err = parse_u64(state, "--count", arg, &c->count);
		return !err && !c->count ? usage_error(state, "--count: at least one") : err;
	case ARGP_KEY_ARG:
		return watch_add_id(c, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void watch_release(void *arg)
{
	struct watch_command *c = arg;

	free(c->ids);
}

/* Where the next entry's values go; NULL: a script's result is full. */
static struct report *watch_entry(struct watch_run *w)
{
	struct report *r = w->run->report;

	if (w->stream)
		return report_stream_entry(r);
	if (w->told == WATCH_KEPT)
		return NULL;
	report_object(r, NULL);
	return r;
}

static int watch_commit(struct watch_run *w, const char *line)
{
	w->told++;
	if (w->stream)
		return report_stream_commit(w->run->report, "%s", line);
	report_close(w->run->report);
	report_line(w->run->report, "%s", line);
	return 0;
}

/* "write 0x8000000", "0x8000000", "write", "" */
static void watch_access(const struct dma_fault *f, char *buf, size_t len)
{
	snprintf(buf, len, "%s%s", f->access_known ? f->write ? ", write" : ", read" : "",
		 f->iova_known ? f->access_known ? " " : ", " : "");
	if (f->iova_known)
		snprintf(buf + strlen(buf), len - strlen(buf), "0x%" PRIx64, f->iova);
}

static int watch_tell_fault(struct watch_run *w, const struct watch_event *e)
{
	const struct dma_fault *f = &e->fault;
	struct report *entry = watch_entry(w);
	char utc[48], wall[48], access[48], group[24] = "", line[512];

	w->faults++;
	w->traced += e->from == WATCH_TRACE;
	if (!entry)
		return 0;
	change_times(utc, sizeof(utc), wall, sizeof(wall));
	/* when the lines of a saved log were written is not known */
	if (!e->past)
		report_str(entry, "time", utc);
	report_str(entry, "kind", "fault");
	fault_report(entry, f);
	watch_access(f, access, sizeof(access));
	if (f->group_known)
		snprintf(group, sizeof(group), ", group %u", f->group);
	snprintf(line, sizeof(line), "%s%sfault   %-12s  %s%s%s%s%s: %s%s", e->past ? "" : wall, e->past ? "" : "  ",
		 f->device[0] ? f->device : "unknown", f->source, f->alias_of[0] ? ", the id of " : "", f->alias_of,
		 group, access, f->reason, f->tie == FAULT_TIE_TIME ? "; which device it was is not certain" : "");
	return watch_commit(w, line);
}

static int watch_tell_change(struct watch_run *w, const struct watch_event *e)
{
	struct report *entry = watch_entry(w);
	char line[512];

	w->changes++;
	if (!entry)
		return 0;
	report_str(entry, "source", watch_sources[WATCH_UEVENT]);
	change_report(entry, e->change, line, sizeof(line));
	return watch_commit(w, line);
}

static int watch_tell_lost(struct watch_run *w, const struct watch_event *e)
{
	struct report *entry = watch_entry(w);
	char utc[48], wall[48], line[160];

	w->lost += e->lost;
	if (!entry)
		return 0;
	change_times(utc, sizeof(utc), wall, sizeof(wall));
	if (!e->past)
		report_str(entry, "time", utc);
	report_str(entry, "kind", "lost");
	report_str(entry, "source", watch_sources[e->from]);
	report_num(entry, "lost", e->lost);
	snprintf(line, sizeof(line), "%s%slost    %" PRIu64 " %s or more were left out or came too fast: %s",
		 e->past ? "" : wall, e->past ? "" : "  ", e->lost, e->from == WATCH_UEVENT ? "changes" : "messages",
		 watch_sources[e->from]);
	return watch_commit(w, line);
}

static int watch_tell(struct watch_run *w, const struct watch_event *e)
{
	switch (e->kind) {
	case WATCH_FAULT:
		return watch_tell_fault(w, e);
	case WATCH_CHANGE:
		return watch_tell_change(w, e);
	default:
		return watch_tell_lost(w, e);
	}
}

/* "watching kmsg, uevent; not trace (why)" */
static void watch_sources_line(const struct watch *w, char *line, size_t len)
{
	const char *why, *sep = " ";
	FILE *to = fmemopen(line, len, "w");

	if (!to)
		return;
	fputs("watching", to);
	for (unsigned int i = 0; i < WATCH_SOURCES; i++)
		if (watch_has(w, i, &why)) {
			fprintf(to, "%s%s", sep, watch_sources[i]);
			sep = ", ";
		}
	for (unsigned int i = 0; i < WATCH_SOURCES; i++)
		if (!watch_has(w, i, &why) && why[0])
			fprintf(to, "; not %s (%s)", watch_sources[i], why);
	fclose(to);
}

/* Which sources are watched, and which cannot be: the first entry. */
static int watch_tell_sources(struct watch_run *w)
{
	struct report *entry = watch_entry(w);
	char utc[48], wall[48], line[1024] = "";
	const char *why;

	change_times(utc, sizeof(utc), wall, sizeof(wall));
	report_str(entry, "time", utc);
	report_str(entry, "kind", "start");
	report_list(entry, "sources");
	for (unsigned int i = 0; i < WATCH_SOURCES; i++) {
		bool has = watch_has(w->watch, i, &why);

		if (!has && !why[0])
			continue; /* nobody asked for it */
		report_object(entry, NULL);
		report_str(entry, "source", watch_sources[i]);
		report_bool(entry, "watched", has);
		report_str(entry, "why", why);
		report_close(entry);
	}
	report_close(entry);
	watch_sources_line(w->watch, line, sizeof(line));
	return watch_commit(w, line);
}

/* Until the end of the time, enough entries, a signal, or a reader that went away, which the report's end tells of. */
static int watch_loop(struct watch_run *w, const struct watch_command *c)
{
	uint64_t until = c->time_ns ? clock_ns() + c->time_ns : UINT64_MAX;
	struct watch_event event;
	int ret, written = 0;

	while (!session_signal && !written && (!c->count || w->faults + w->changes < c->count)) {
		uint64_t now = clock_ns();

		if (now >= until)
			return 0;
		ret = watch_next(w->watch, (int)MIN((until - now + 999999) / 1000000, WATCH_LOOK_MS), &event);
		if (!ret)
			written = watch_tell(w, &event);
		else if (ret == -ENODATA)
			return 0;
		else if (ret != -EINTR)
			return ret;
	}
	return 0;
}

static int watch_check(const struct command_run *run, const struct watch_command *c, struct fail *f)
{
	const char *backend = run->globals->session.backend;

	if (run->script_path && !c->time_ns && !c->count)
		return fail_usage(f, EINVAL, "in a script it needs an end: --time or --count");
	if (!run->script_path && backend && !strncmp(backend, "sim", 3) && (!backend[3] || backend[3] == ',')) {
		fail_set(f, EOPNOTSUPP, "the simulated IOMMU logs nothing where watch looks");
		fail_hint(f, "without --backend it shows what happens on this machine; commands tell the simulation's "
			     "faults themselves");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int watch_do(struct watch_run *w, const struct watch_command *c)
{
	struct report *r = w->run->report;
	int err = w->stream ? report_stream_begin(r) : 0;
	const char *why;

	if (!w->stream)
		report_list(r, "events");
	if (!err)
		err = watch_tell_sources(w);
	if (!err && w->stream && isatty(STDERR_FILENO))
		msg_note("watch: what happens is shown as it comes; Ctrl-C ends it");
	if (!err)
		err = watch_loop(w, c);
	if (!w->stream) {
		report_close(r);
		report_text_hide(r, "events");
	}
	report_num(r, "faults", w->faults);
	report_num(r, "faults_traced", w->traced);
	report_text_hide(r, "faults_traced");
	if (w->traced && watch_has(w->watch, WATCH_KMSG, &why))
		report_line(r,
			    "%" PRIu64
			    " of the faults are the tracepoint's: those that the log has as well were counted twice",
			    w->traced);
	report_num(r, "changes", w->changes);
	report_num(r, "lost", w->lost);
	return err ? fail_set(&w->run->fail, err, "cannot watch") : 0;
}

static int watch_execute(struct command_run *run, void *arg)
{
	const struct watch_command *c = arg;
	struct watch_params p = {.host = &run->globals->host,
				 .session = run->session,
				 .sources = c->sources,
				 .ids = c->ids,
				 .nr_ids = c->nr_ids};
	struct watch_run w = {.run = run, .stream = !run->script_path};
	int err = watch_check(run, c, &run->fail);

	if (!err)
		err = watch_open(&w.watch, &p, &run->fail);
	if (err)
		return err;
	run->shows = true;
	err = watch_do(&w, c);
	watch_close(w.watch);
	snprintf(run->detail, sizeof(run->detail), "%" PRIu64 " faults, %" PRIu64 " changes, %" PRIu64 " lost",
		 w.faults, w.changes, w.lost);
	return err;
}

const struct command command_watch = {
	.name = "watch",
	.summary = "show IOMMU faults and changes of devices as they happen, decoded",
	.args_doc = "[ID...]",
	.options = watch_options,
	.state_size = sizeof(struct watch_command),
	.parse = watch_parse,
	.execute = watch_execute,
	.release = watch_release,
	.scriptable = true,
};
