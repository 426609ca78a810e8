/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a stream of device state to one of its ends, and writing one: nothing here waits for ever. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/migration/priv.h"

#define DATA_PIECE (1u << 20)
#define DATA_SILENCE_NS UINT64_C(2000000000)
#define DATA_PAUSE_NS UINT64_C(2000000)
/* more than this, and eight times what was told, is a stream that does not end */
#define DATA_MOST (UINT64_C(64) << 20)
#define DATA_MOST_UNTOLD (UINT64_C(1) << 30)
/* what is kept of one, whatever size was told, and how long one may take that drips */
#define DATA_KEPT (UINT64_C(256) << 20)
#define DATA_WHOLE_NS UINT64_C(120000000000)

void migration_data_free(struct migration_data *d)
{
	free(d->bytes);
	*d = (struct migration_data){0};
}

int migration_data_add(struct migration_data *d, const char *piece, size_t n)
{
	char *grown = realloc(d->bytes, d->len + n);

	if (!grown)
		return -ENOMEM;
	memcpy(grown + d->len, piece, n);
	d->bytes = grown;
	d->len += n;
	return 0;
}

static uint64_t data_most(const struct migration *m)
{
	uint64_t stated = MIN(m->res->stated, UINT64_MAX / 16);

	return m->res->size_known ? DATA_MOST + 8 * stated : DATA_MOST_UNTOLD;
}

/* One read; waits while there is nothing. *got as read(). */
static bool data_read(struct migration *m, char *piece, ssize_t *got)
{
	uint64_t limit = m->silent ? 0 : DATA_SILENCE_NS, begin = clock_ns();

	for (;;) {
		*got = mig_read(m->idev, &m->stream, piece, DATA_PIECE);
		if (*got == -EINTR && !session_signal)
			continue;
		if (*got != -EAGAIN)
			return true;
		if (session_signal || clock_ns() - begin >= limit)
			return false;
		clock_sleep_ns(DATA_PAUSE_NS, NULL);
	}
}

/* What read() gave in place of data. */
static enum migration_end data_end(ssize_t got, int *err)
{
	if (got == 0)
		return END_EOF;
	if (got == -ENOMSG)
		return END_PRECOPY;
	*err = (int)got;
	return END_ERROR;
}

/* What is too large to be kept is counted alone: a size that a device claims is no reason to fill the memory. */
static int data_keep(struct migration_data *d, const char *piece, size_t n)
{
	if (d->len + n > DATA_KEPT)
		d->cut = true;
	if (!d->cut)
		return migration_data_add(d, piece, n);
	free(d->bytes);
	d->bytes = NULL;
	d->len = 0;
	return 0;
}

enum migration_end migration_drain(struct migration *m, struct migration_data *out, uint64_t *n, int *err)
{
	CLEANUP_FREE char *piece = malloc(DATA_PIECE);
	uint64_t most = m->endless ? 1 : data_most(m), begin = clock_ns();
	uint64_t whole = m->slow ? 0 : m->p->stream_ns ? m->p->stream_ns : DATA_WHOLE_NS;
	ssize_t got;

	*n = 0;
	*err = piece ? 0 : -ENOMEM;
	if (out)
		migration_data_free(out);
	while (!*err && *n < most) {
		if (!data_read(m, piece, &got)) {
			m->silent = true;
			return END_SILENT;
		}
		if (session_signal)
			got = -EINTR;
		if (got <= 0)
			return data_end(got, err);
		*n += (uint64_t)got;
		if (out)
			*err = data_keep(out, piece, (size_t)got);
		if (!*err && clock_ns() - begin > whole) {
			m->slow = true;
			return END_SLOW;
		}
	}
	if (*err)
		return END_ERROR;
	m->endless = true;
	return END_TOO_MUCH;
}

int migration_feed(struct migration *m, const char *bytes, size_t len)
{
	static const size_t pieces[] = {1, 7, 64, 4095, 65536};
	uint64_t begin = clock_ns();
	size_t at = 0;

	for (unsigned int i = 0; at < len; i++) {
		size_t want = i < ARRAY_SIZE(pieces) ? pieces[i] : DATA_PIECE;
		ssize_t put = mig_write(m->idev, &m->stream, bytes + at, MIN(want, len - at));

		if (put > 0) {
			at += (size_t)put;
			begin = clock_ns();
			continue;
		}
		if (put != -EAGAIN && put != -EINTR)
			return put < 0 ? (int)put : -EIO;
		if (session_signal || clock_ns() - begin >= DATA_SILENCE_NS)
			return -ETIMEDOUT;
		clock_sleep_ns(DATA_PAUSE_NS, NULL);
	}
	return 0;
}
