/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saving a stopped device and loading what was saved: where streams end, how large they are, and what is refused. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/migration/priv.h"

/* More than twice as much, and a page: who planned a pause with the number that was told would be far off. */
#define SIZE_SLACK 4096
#define GARBAGE_BYTES 8
#define LOAD_LINE 0x3c

static void save_size(struct migration *m)
{
	int err = mig_data_size(m->idev, &m->res->stated);

	m->res->size_known = !err;
	if (!err)
		migration_say(m, CHECK_SIZE_KNOWN, RESULT_PASS, "%" PRIu64 " bytes, told while it runs",
			      m->res->stated);
	else if (err == -ENOTTY || err == -EINVAL || err == -EOPNOTSUPP)
		migration_say(m, CHECK_SIZE_KNOWN, RESULT_SKIP,
			      "nobody tells: MIG_DATA_SIZE needs Linux 6.2 and a driver that has it");
	else
		migration_say(m, CHECK_SIZE_KNOWN, RESULT_FAIL, "MIG_DATA_SIZE failed: %s", strerror(-err));
}

static void save_judge_size(struct migration *m, uint64_t n, bool whole)
{
	const struct migration_result *res = m->res;

	if (!res->size_known)
		migration_say(m, CHECK_SIZE_TRUE, RESULT_SKIP, "no size is told");
	else if (n > SIZE_SLACK && (n - SIZE_SLACK) / 2 > res->stated)
		migration_say(m, CHECK_SIZE_TRUE, RESULT_FAIL, "%" PRIu64 " bytes were told, and %" PRIu64 " came%s",
			      res->stated, n, m->endless ? ", without an end" : "");
	else if (!whole)
		migration_say(m, CHECK_SIZE_TRUE, RESULT_SKIP, "its end was not seen: %" PRIu64 " bytes came before",
			      n);
	else
		migration_say(m, CHECK_SIZE_TRUE, RESULT_PASS, "%" PRIu64 " bytes were told, %" PRIu64 " came",
			      res->stated, n);
}

/* After its end a stream goes on to be at its end. */
static void save_stays_at_end(struct migration *m)
{
	char byte;
	ssize_t got = mig_read(m->idev, &m->stream, &byte, 1);

	if (got == 0)
		migration_pass(m, CHECK_STREAM_END);
	else
		migration_say(m, CHECK_STREAM_END, RESULT_FAIL, "after the end another read gives %s",
			      got > 0 ? "data" : strerror((int)-got));
}

/* The stream of a device that was brought to STOP_COPY: to its end, or what is wrong with it. True: it is whole. */
static bool save_read(struct migration *m, struct migration_data *out, uint64_t *n)
{
	int err;

	*n = 0;
	if (m->stream.fd < 0 && !m->stream.priv)
		return false; /* CHECK_FD_DUE has it */
	switch (migration_drain(m, out, n, &err)) {
	case END_EOF:
		save_stays_at_end(m);
		return true;
	case END_PRECOPY:
		migration_say(m, CHECK_STREAM_END, RESULT_FAIL, "STOP_COPY ends with ENOMSG, which pre-copy alone may");
		return false;
	case END_SILENT:
		migration_say(m, CHECK_STREAM_END, RESULT_FAIL,
			      "after %" PRIu64 " bytes neither data nor an end came for 2 seconds", *n);
		return false;
	case END_TOO_MUCH:
		migration_say(m, CHECK_STREAM_END, RESULT_FAIL, "no end after %" PRIu64 " bytes", *n);
		return false;
	case END_SLOW:
		migration_say(m, CHECK_STREAM_END, RESULT_SKIP,
			      "its end was not waited for: after %" PRIu64 " bytes and two minutes more came", *n);
		return false;
	default:
		migration_say(m, CHECK_STREAM_END, RESULT_FAIL, "read failed after %" PRIu64 " bytes: %s", *n,
			      strerror(-err));
		return false;
	}
}

/* @to through STOP, and its stream handed out. */
static int save_enter(struct migration *m, enum mig_state to)
{
	int err = migration_set(m, MIG_STOP);

	if (!err)
		err = migration_set(m, to);
	if (err)
		return err;
	if (m->handed)
		return 0;
	migration_say(m, CHECK_FD_DUE, RESULT_FAIL, "STOP to %s: none was handed out", mig_state_name(to));
	return -EBADF;
}

/* 0: they are the same. Else 1 + where they differ first. */
static uint64_t data_differs(const struct migration_data *a, const struct migration_data *b)
{
	size_t n = MIN(a->len, b->len);

	for (size_t i = 0; i < n; i++)
		if (a->bytes[i] != b->bytes[i])
			return i + 1;
	return a->len == b->len ? 0 : n + 1;
}

static void save_judge_repeat(struct migration *m, const struct migration_data *again)
{
	uint64_t at = data_differs(&m->saved, again);

	/* the stream is opaque, so that nothing forbids a time stamp in it; but a stopped device must not change */
	if (at)
		migration_recommend(m, CHECK_STREAM_REPEAT,
				    "%zu and %zu bytes, which differ from byte %" PRIu64
				    " on: the device changed while stopped, or streams are never alike",
				    m->saved.len, again->len, at - 1);
	else
		migration_pass(m, CHECK_STREAM_REPEAT);
	m->unlike = at;
}

void migration_save(struct migration *m)
{
	struct migration_data again = {0};
	uint64_t n;
	bool whole;

	if (migration_home(m))
		return;
	save_size(m);
	if (save_enter(m, MIG_STOP_COPY)) {
		migration_home(m);
		return;
	}
	whole = save_read(m, &m->saved, &n);
	m->res->streamed = n;
	save_judge_size(m, n, whole);
	if (m->saved.cut)
		migration_say(m, CHECK_STREAM_REPEAT, RESULT_SKIP, "%" PRIu64 " bytes are more than is kept here", n);
	else if (whole && !save_enter(m, MIG_STOP_COPY) && save_read(m, &again, &n) && !again.cut)
		save_judge_repeat(m, &again);
	if (!whole)
		migration_data_free(&m->saved);
	migration_data_free(&again);
	migration_home(m);
}

/* --- loading --- */

/* RESUMING is filled, and left to STOP. *fed: what writing said; returns what the request for STOP said. */
static int load_try(struct migration *m, const char *bytes, size_t len, int *fed)
{
	*fed = migration_feed(m, bytes, len);
	return migration_set(m, MIG_STOP);
}

/*
 * A load that does nothing looks as one that works where nothing changed since the device was saved. The interrupt line of configuration
 * space is a note for software (PCI 3.0, 6.2.4), which may be changed; whether it is a part of the state the next stream shows.
 */
static void load_disturb(struct migration *m, uint32_t line)
{
	struct migration_data now = {0};
	uint64_t n;

	m->disturbed = false;
	if (m->unlike || idev_config_write(m->idev, LOAD_LINE, 1, line ^ 1))
		return;
	if (!save_enter(m, MIG_STOP_COPY) && save_read(m, &now, &n))
		m->disturbed = data_differs(&m->saved, &now);
	migration_data_free(&now);
}

static void load_judge_kept(struct migration *m)
{
	struct migration_data now = {0};
	uint64_t n, at;

	if (m->unlike) {
		migration_say(m, CHECK_STATE_KEPT, RESULT_SKIP,
			      "two streams of one stopped device differ already, so that they tell nothing");
		return;
	}
	if (migration_set(m, MIG_STOP_COPY) || !m->handed || !save_read(m, &now, &n)) {
		migration_say(m, CHECK_STATE_KEPT, RESULT_FAIL, "after loading it cannot be saved again");
		migration_data_free(&now);
		return;
	}
	at = data_differs(&m->saved, &now);
	if (at)
		migration_say(m, CHECK_STATE_KEPT, RESULT_FAIL,
			      "%zu bytes were loaded, and %zu come that differ from byte %" PRIu64 " on", m->saved.len,
			      now.len, at - 1);
	else if (m->disturbed)
		migration_say(m, CHECK_STATE_KEPT, RESULT_PASS,
			      "its next stream is the same, %zu bytes; in between it was another", now.len);
	else
		migration_say(
			m, CHECK_STATE_KEPT, RESULT_SKIP,
			"its next stream is the same, %zu bytes, but nothing of it could be changed in between: a "
			"load that does nothing would look alike",
			now.len);
	migration_data_free(&now);
}

static void load_whole(struct migration *m)
{
	char text[16];
	int fed = 0, err = 0, entered = save_enter(m, MIG_RESUMING);
	uint32_t at;

	if (!entered)
		err = load_try(m, m->saved.bytes, m->saved.len, &fed);
	at = migration_get(m);
	if (entered)
		migration_say(m, CHECK_LOAD, RESULT_FAIL, "RESUMING cannot be filled: %s", strerror(-entered));
	else if (fed)
		migration_say(m, CHECK_LOAD, RESULT_FAIL, "writing what was read failed: %s", strerror(-fed));
	else if (err || at != MIG_STOP)
		migration_say(m, CHECK_LOAD, RESULT_FAIL, "RESUMING to STOP: %s, state %s",
			      err ? strerror(-err) : "no error", migration_state_text(at, text, sizeof(text)));
	else
		migration_pass(m, CHECK_LOAD);
	if (migration_is_clean(m, CHECK_LOAD))
		load_judge_kept(m);
	else
		migration_say(m, CHECK_STATE_KEPT, RESULT_SKIP, "nothing could be loaded");
}

/* What is no stream has to be refused when RESUMING is left, whatever write() said (RESUMING -> STOP in the header). */
static void load_bad(struct migration *m, enum migration_check_id id, const char *bytes, size_t len)
{
	char text[16];
	int fed, err;
	uint32_t at;

	if (migration_home(m))
		return;
	if (save_enter(m, MIG_RESUMING)) {
		migration_say(m, id, RESULT_SKIP, "RESUMING cannot be filled");
		return;
	}
	err = load_try(m, bytes, len, &fed);
	at = migration_get(m);
	if (!err)
		migration_say(m, id, RESULT_FAIL, "%s%s%s the device went to %s with it",
			      fed ? "write() refused it (" : "it was written, and", fed ? strerror(-fed) : "",
			      fed ? "), and all the same" : "", migration_state_text(at, text, sizeof(text)));
	else if (at != MIG_RESUMING && at != MIG_ERROR)
		migration_say(m, id, RESULT_FAIL, "it was refused, but the device is in %s, neither RESUMING nor ERROR",
			      migration_state_text(at, text, sizeof(text)));
	else
		migration_say(m, id, RESULT_PASS, "%s; state %s", strerror(-err),
			      migration_state_text(at, text, sizeof(text)));
	/* what was taken for its state is not to run */
	if (at != MIG_RESUMING && at != MIG_ERROR)
		mig_reset(m->idev);
}

static void load_garbage(struct migration *m)
{
	CLEANUP_FREE char *bytes = malloc(m->saved.len);

	if (!bytes)
		return;
	if (!session_is_simulated(m->s) && !session_params(m->s)->allow_crash) {
		migration_say(m, CHECK_LOAD_GARBAGE, RESULT_SKIP,
			      "a driver that does not check would load it into its device: --allow-crash tries it");
		return;
	}
	memcpy(bytes, m->saved.bytes, m->saved.len);
	for (size_t i = 0; i < MIN(m->saved.len, GARBAGE_BYTES); i++)
		bytes[i] = (char)~bytes[i];
	load_bad(m, CHECK_LOAD_GARBAGE, bytes, m->saved.len);
}

void migration_load(struct migration *m)
{
	static const enum migration_check_id ids[] = {CHECK_LOAD, CHECK_STATE_KEPT, CHECK_LOAD_PART,
						      CHECK_LOAD_GARBAGE};
	bool has_line;
	uint32_t line;

	if (!m->saved.len) {
		for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
			migration_say(m, ids[i], RESULT_SKIP, "%s",
				      m->saved.cut ? "its stream is more than is kept here"
						   : "no whole stream could be saved");
		return;
	}
	if (migration_home(m))
		return;
	has_line = !idev_config_read(m->idev, LOAD_LINE, 1, &line);
	if (has_line)
		load_disturb(m, line);
	if (!migration_home(m))
		load_whole(m);
	load_bad(m, CHECK_LOAD_PART, m->saved.bytes, m->saved.len / 2);
	load_garbage(m);
	migration_home(m);
	if (has_line)
		idev_config_write(m->idev, LOAD_LINE, 1, line);
}
