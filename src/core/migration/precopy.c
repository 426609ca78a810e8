/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pre-copy phase: what is told of it, how it ends for the time being, and that what follows in STOP_COPY belongs to it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "core/migration/priv.h"

#define PRECOPY_PIECES 8 /* reads by which the initial bytes are taken */
#define PRECOPY_ROUNDS 10000

static void precopy_skip(struct migration *m, const char *why)
{
	static const enum migration_check_id ids[] = {CHECK_PRECOPY_INFO, CHECK_PRECOPY_SHRINKS, CHECK_PRECOPY_END,
						      CHECK_PRECOPY_INFO_OVER, CHECK_PRECOPY_LOAD};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		migration_say(m, ids[i], RESULT_SKIP, "%s", why);
}

static bool precopy_ask(struct migration *m, struct mig_precopy *info)
{
	int err = mig_precopy_info(m->idev, &m->stream, info);

	if (!err)
		return true;
	migration_say(m, CHECK_PRECOPY_INFO, RESULT_FAIL, "VFIO_MIG_GET_PRECOPY_INFO failed in PRE_COPY: %s",
		      strerror(-err));
	return false;
}

/* The next piece of at most @len bytes, as read(); -EAGAIN: nothing came for 2 seconds. */
static ssize_t precopy_read(struct migration *m, char *buf, size_t len)
{
	uint64_t begin = clock_ns();
	ssize_t got;

	while ((got = mig_read(m->idev, &m->stream, buf, len)) == -EAGAIN) {
		if (session_signal || m->silent || clock_ns() - begin >= UINT64_C(2000000000))
			return got;
		clock_sleep_ns(1000000, NULL);
	}
	return got;
}

static void precopy_judge_end(struct migration *m, ssize_t got, const struct mig_precopy *info)
{
	if (got == -ENOMSG && info->initial_bytes)
		migration_say(m, CHECK_PRECOPY_END, RESULT_FAIL,
			      "ENOMSG, though %" PRIu64 " initial bytes are said to be left", info->initial_bytes);
	else if (got == -ENOMSG)
		migration_pass(m, CHECK_PRECOPY_END);
	else if (got == 0)
		migration_recommend(m, CHECK_PRECOPY_END,
				    "read() gives 0, the end of the whole stream; ENOMSG is what the header asks for");
	else if (got == -EAGAIN)
		migration_say(m, CHECK_PRECOPY_END, RESULT_FAIL,
			      "neither data nor ENOMSG came for 2 seconds, with %" PRIu64 " and %" PRIu64
			      " bytes said to be left",
			      info->initial_bytes, info->dirty_bytes);
	else if (got < 0)
		migration_say(m, CHECK_PRECOPY_END, RESULT_FAIL, "read failed: %s", strerror((int)-got));
	else
		migration_say(m, CHECK_PRECOPY_END, RESULT_SKIP,
			      "it was not reached: the device goes on to change what it has sent");
	m->silent |= got == -EAGAIN;
}

/* Piece by piece, asking in between. */
static void precopy_take(struct migration *m, struct mig_precopy *info, struct migration_data *all)
{
	size_t piece = (size_t)MIN(info->initial_bytes / PRECOPY_PIECES + 1, UINT64_C(65536));
	bool initial = info->initial_bytes;
	char buf[65536];
	ssize_t got = 1;

	for (unsigned int i = 0; i < PRECOPY_ROUNDS && !session_signal; i++) {
		struct mig_precopy next;

		got = precopy_read(m, buf, piece);
		if (got <= 0 || migration_data_add(all, buf, (size_t)got))
			break;
		if (!precopy_ask(m, &next))
			return;
		if (next.initial_bytes > info->initial_bytes)
			migration_say(m, CHECK_PRECOPY_SHRINKS, RESULT_FAIL,
				      "%" PRIu64 " were left, and %" PRIu64 " after %zd bytes were read",
				      info->initial_bytes, next.initial_bytes, got);
		*info = next;
		piece = MIN(piece * (i % PRECOPY_PIECES ? 1 : 2), sizeof(buf));
	}
	if (initial && all->len)
		migration_pass(m, CHECK_PRECOPY_SHRINKS);
	else
		migration_say(m, CHECK_PRECOPY_SHRINKS, RESULT_SKIP, "%s",
			      initial ? "none of them were read" : "there are none");
	precopy_judge_end(m, got, info);
}

/* STOP_COPY goes on with the same stream; both parts together are what a device is loaded with. */
static void precopy_finish(struct migration *m, struct migration_data *all)
{
	struct migration_data rest = {0};
	struct mig_precopy info;
	enum migration_end end;
	uint64_t n;
	int err = migration_set(m, MIG_STOP_COPY);

	if (err || m->handed) {
		if (m->handed)
			migration_say(m, CHECK_FD_UNDUE, RESULT_FAIL,
				      "PRE_COPY to STOP_COPY goes on with its stream, and another was handed out");
		migration_say(m, CHECK_PRECOPY_LOAD, RESULT_FAIL, "PRE_COPY to STOP_COPY: %s",
			      err ? strerror(-err) : "another stream began");
		return;
	}
	err = mig_precopy_info(m->idev, &m->stream, &info);
	if (err)
		migration_say(m, CHECK_PRECOPY_INFO_OVER, RESULT_PASS, "in STOP_COPY: %s", strerror(-err));
	else
		migration_recommend(m, CHECK_PRECOPY_INFO_OVER, "it is still answered in STOP_COPY");
	end = migration_drain(m, &rest, &n, &err);
	if (end == END_SLOW)
		migration_say(m, CHECK_PRECOPY_LOAD, RESULT_SKIP, "its end was not waited for");
	else if (end != END_EOF)
		migration_say(m, CHECK_PRECOPY_LOAD, RESULT_FAIL, "the stream did not end in STOP_COPY");
	else if (rest.cut)
		migration_say(m, CHECK_PRECOPY_LOAD, RESULT_SKIP, "%" PRIu64 " bytes are more than is kept here", n);
	else if (rest.len && migration_data_add(all, rest.bytes, rest.len))
		migration_say(m, CHECK_PRECOPY_LOAD, RESULT_SKIP, "no memory for it");
	migration_data_free(&rest);
}

static void precopy_load(struct migration *m, const struct migration_data *all)
{
	int err;

	if (m->res->checks[CHECK_PRECOPY_LOAD].asked)
		return;
	err = migration_set(m, MIG_RESUMING);
	if (!err)
		err = m->handed ? migration_feed(m, all->bytes, all->len) : -EBADF;
	if (!err)
		err = migration_set(m, MIG_STOP);
	if (err || migration_get(m) != MIG_STOP)
		migration_say(m, CHECK_PRECOPY_LOAD, RESULT_FAIL, "%zu bytes of both phases are not loaded: %s",
			      all->len, strerror(err ? -err : EIO));
	else
		migration_say(m, CHECK_PRECOPY_LOAD, RESULT_PASS, "%zu bytes of both phases", all->len);
}

void migration_precopy(struct migration *m)
{
	struct migration_data all = {0};
	struct mig_precopy info;
	int err;

	if (!(m->flags & MIG_FLAG_PRE_COPY)) {
		precopy_skip(m, "the device has no PRE_COPY");
		return;
	}
	if (migration_home(m))
		return;
	err = migration_set(m, MIG_PRE_COPY);
	if (err || !m->handed) {
		precopy_skip(m, err ? "PRE_COPY was not entered" : "no stream was handed out");
	} else if (precopy_ask(m, &info)) {
		if (info.initial_bytes)
			migration_say(m, CHECK_PRECOPY_INFO, RESULT_PASS,
				      "%" PRIu64 " initial bytes, %" PRIu64 " dirty ones", info.initial_bytes,
				      info.dirty_bytes);
		else
			migration_recommend(m, CHECK_PRECOPY_INFO, "no initial bytes: the header asks for some");
		precopy_take(m, &info, &all);
		precopy_finish(m, &all);
		precopy_load(m, &all);
	}
	migration_data_free(&all);
	migration_home(m);
}
