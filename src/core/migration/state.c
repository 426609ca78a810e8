/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bringing a device into a migration state, and out of whatever state it is in. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/migration/priv.h"

int migration_set(struct migration *m, uint32_t to)
{
	struct mig_stream fresh;
	uint64_t before = clock_ns();
	int err = mig_set_state(m->idev, to, &fresh);

	m->took_ns = clock_ns() - before;
	m->handed = fresh.fd >= 0 || fresh.priv;
	if (m->handed) {
		mig_close(m->idev, &m->stream);
		m->stream = fresh;
	}
	return err;
}

uint32_t migration_get(struct migration *m)
{
	uint32_t raw;

	return mig_get_state(m->idev, &raw) ? MIG_ERROR : raw;
}

/* One try to come to RUNNING by a request, by way of @via first (RUNNING: straight on). */
static bool home_by(struct migration *m, enum mig_state via)
{
	if (via != MIG_RUNNING)
		migration_set(m, via);
	migration_set(m, MIG_RUNNING);
	mig_close(m->idev, &m->stream);
	return migration_get(m) == MIG_RUNNING;
}

int migration_home(struct migration *m)
{
	uint32_t at = migration_get(m);

	mig_close(m->idev, &m->stream);
	if (at == MIG_RUNNING)
		return 0;
	/* what was written to RESUMING may be anything: that is never made the device's state on the way out */
	if (at != MIG_RESUMING && at != MIG_ERROR && (home_by(m, MIG_RUNNING) || home_by(m, MIG_STOP)))
		return 0;
	mig_reset(m->idev);
	if (migration_get(m) == MIG_RUNNING || home_by(m, MIG_RUNNING))
		return 0;
	m->lost = true;
	return -EIO;
}

/* Half a stream makes a driver that checks what it loads fail, and some then go to ERROR. */
static int reach_error(struct migration *m, char *why, size_t len)
{
	int err;

	snprintf(why, len, "no way into it was found: a device goes there when it fails");
	if (m->no_error || !m->saved.len)
		return -ENOENT;
	err = migration_set(m, MIG_RESUMING);
	if (!err && m->handed)
		err = migration_feed(m, m->saved.bytes, m->saved.len / 2);
	if (!err)
		migration_set(m, MIG_STOP);
	if (migration_get(m) == MIG_ERROR) {
		mig_close(m->idev, &m->stream);
		return 0;
	}
	/* half a state is not to run, should it have been taken */
	mig_reset(m->idev);
	m->no_error = true;
	return -ENOENT;
}

static int reach_by_steps(struct migration *m, enum mig_state state)
{
	struct migration_path path;
	int err = migration_expect(m->flags, MIG_RUNNING, state, &path);

	for (unsigned int i = 0; i < path.n && !err; i++)
		err = migration_set(m, path.step[i]);
	return err;
}

int migration_reach(struct migration *m, enum mig_state state, char *why, size_t len)
{
	char text[16];
	uint32_t at;
	int err = migration_home(m);

	if (err) {
		snprintf(why, len, "the device cannot be brought to RUNNING first");
		return err;
	}
	if (state == MIG_ERROR)
		return reach_error(m, why, len);
	if (!migration_has_state(m->flags, state)) {
		snprintf(why, len, "the device has no such state");
		return -ENOENT;
	}
	err = state == MIG_RUNNING ? 0 : migration_set(m, state);
	if (err && !migration_home(m))
		err = reach_by_steps(m, state);
	at = migration_get(m);
	if (at != state && !err && !migration_home(m)) {
		err = reach_by_steps(m, state);
		at = migration_get(m);
	}
	if (err || at != state) {
		snprintf(why, len, "it was not reached: %s, state %s", err ? strerror(-err) : "no error",
			 migration_state_text(at, text, sizeof(text)));
		return err ? err : -EIO;
	}
	/* so that it can be left by other ways than a reset */
	if (state == MIG_RESUMING && m->stream.fd < 0 && !m->stream.priv)
		snprintf(why, len, "no stream was handed out to fill it");
	else if (state == MIG_RESUMING && !m->saved.len)
		snprintf(why, len, "no whole stream was saved to fill it with");
	else if (state != MIG_RESUMING || !migration_feed(m, m->saved.bytes, m->saved.len))
		return 0;
	else
		snprintf(why, len, "the saved stream could not be written to it");
	return -ENODATA;
}
