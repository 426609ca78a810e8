/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stream of the simulated device's state: records of {type, length} and their bytes. The first says whose it is, registers may come
 * several times (the last counts), the end carries the CRC32C of all that came before it.
 */
#include <errno.h>
#include <string.h>

#include "base/crc32c.h"
#include "iommu/sim/context.h"

#define STREAM_MAGIC UINT64_C(0x6d69676973696d31)
#define STREAM_MAX (64u << 10) /* that is taken when loading */

enum stream_type { STREAM_HEAD = 1, STREAM_REGS, STREAM_CONFIG, STREAM_END };

struct stream_record {
	uint32_t type, length;
};

struct stream_head {
	uint64_t magic, regs, config;
};

struct sim_mig_stream *sim_mig_stream_new(bool loading)
{
	struct sim_mig_stream *s = calloc(1, sizeof(*s));

	if (s) {
		s->loading = loading;
		s->driver = true;
	}
	return s;
}

static void sim_mig_stream_put(struct sim_mig_stream *s)
{
	if (s->user || s->driver)
		return;
	free(s->data);
	free(s);
}

void sim_mig_stream_end(struct sim_mig_stream **at)
{
	struct sim_mig_stream *s = *at;

	*at = NULL;
	if (!s)
		return;
	s->ended = true;
	s->driver = false;
	sim_mig_stream_put(s);
}

void sim_mig_stream_close(struct sim_mig_stream *s)
{
	if (!s)
		return;
	s->user = false;
	sim_mig_stream_put(s);
}

static int stream_append(struct sim_mig_stream *s, const void *data, size_t len)
{
	size_t room = s->room ? s->room : 4096;
	char *grown;

	while (room - s->len < len)
		room *= 2;
	if (room != s->room) {
		grown = realloc(s->data, room);
		if (!grown)
			return -ENOMEM;
		s->data = grown;
		s->room = room;
	}
	memcpy(s->data + s->len, data, len);
	s->len += len;
	return 0;
}

static int stream_record(struct sim_mig_stream *s, enum stream_type type, const void *data, size_t len)
{
	struct stream_record record = {type, (uint32_t)len};
	int r = stream_append(s, &record, sizeof(record));

	return r ? r : stream_append(s, data, len);
}

static uint32_t stream_sum(const char *data, size_t len)
{
	struct crc32c crc;

	crc32c_begin(&crc);
	crc32c_add(&crc, data, len);
	return crc32c_sum(&crc);
}

static int stream_begin(struct sim_mig_stream *s)
{
	struct stream_head head = {STREAM_MAGIC, SIM_MIG_REGS, SIM_MIG_CONFIG};

	return s->len ? 0 : stream_record(s, STREAM_HEAD, &head, sizeof(head));
}

static int stream_regs(struct sim_mig *m, struct sim_mig_stream *s)
{
	memcpy(m->streamed, m->regs, SIM_MIG_REGS);
	return stream_record(s, STREAM_REGS, m->streamed, SIM_MIG_REGS);
}

int sim_mig_save_first(struct sim_mig *m, struct sim_mig_stream *s)
{
	int r = stream_begin(s);

	if (!r)
		r = stream_regs(m, s);
	s->initial = s->len;
	return r;
}

int sim_mig_save_rest(struct sim_mig *m, struct sim_mig_stream *s)
{
	uint32_t sum;
	int r = stream_begin(s);

	m->saves++;
	if (sim_mig_fires(m, SIM_FAULT_MIG_UNSTABLE))
		memcpy(m->regs, &m->saves, sizeof(m->saves));
	if (!r)
		r = stream_regs(m, s);
	if (!r)
		r = stream_record(s, STREAM_CONFIG, m->config, SIM_MIG_CONFIG);
	if (r)
		return r;
	sum = stream_sum(s->data, s->len);
	s->final = true;
	return stream_record(s, STREAM_END, &sum, sizeof(sum));
}

size_t sim_mig_size(void)
{
	return 4 * sizeof(struct stream_record) + sizeof(struct stream_head) + SIM_MIG_REGS + SIM_MIG_CONFIG +
	       sizeof(uint32_t);
}

/* The record at @at, whole inside the stream. */
static int stream_next(const struct sim_mig_stream *s, size_t at, struct stream_record *out)
{
	if (s->len - at < sizeof(*out))
		return -EINVAL;
	memcpy(out, s->data + at, sizeof(*out));
	return out->length <= s->len - at - sizeof(*out) ? 0 : -EINVAL;
}

static bool stream_is_head(const struct sim_mig_stream *s)
{
	struct stream_head head;
	struct stream_record r;

	if (stream_next(s, 0, &r) || r.type != STREAM_HEAD || r.length != sizeof(head))
		return false;
	memcpy(&head, s->data + sizeof(r), sizeof(head));
	return head.magic == STREAM_MAGIC && head.regs == SIM_MIG_REGS && head.config == SIM_MIG_CONFIG;
}

/* Where the last record of registers and the configuration lie; 0 when all is well. */
static int stream_parse(const struct sim_mig_stream *s, const char **regs, const char **config)
{
	size_t at = 0;

	if (!stream_is_head(s))
		return -EINVAL;
	while (at < s->len) {
		struct stream_record r;
		const char *body = s->data + at + sizeof(r);
		uint32_t sum;

		if (stream_next(s, at, &r))
			return -EINVAL;
		if (r.type == STREAM_REGS && r.length == SIM_MIG_REGS)
			*regs = body;
		else if (r.type == STREAM_CONFIG && r.length == SIM_MIG_CONFIG)
			*config = body;
		else if (r.type == STREAM_END && r.length == sizeof(sum)) {
			memcpy(&sum, body, sizeof(sum));
			return *regs && *config && sum == stream_sum(s->data, at) &&
					       at + sizeof(r) + sizeof(sum) == s->len
				       ? 0
				       : -EINVAL;
		} else if (r.type != STREAM_HEAD) {
			return -EINVAL;
		}
		at += sizeof(r) + r.length;
	}
	return -EINVAL;
}

int sim_mig_load(struct sim_mig *m, struct sim_mig_stream *s)
{
	const char *regs = NULL, *config = NULL;
	int r = stream_parse(s, &regs, &config);

	if (r)
		return sim_mig_fires(m, SIM_FAULT_MIG_GARBAGE) ? 0 : r;
	if (sim_mig_fires(m, SIM_FAULT_MIG_STATE_LOST))
		return 0;
	memcpy(m->regs, regs, SIM_MIG_REGS);
	memcpy(m->config, config, SIM_MIG_CONFIG);
	return 0;
}

/* Registers that changed since they were sent are sent once more: the phase's dirty bytes. */
static int stream_catch_up(struct sim_mig *m, struct sim_mig_stream *s)
{
	return !s->final && s->pos == s->len && memcmp(m->streamed, m->regs, SIM_MIG_REGS) ? stream_regs(m, s) : 0;
}

ssize_t sim_mig_stream_read(struct sim_mig *m, struct sim_mig_stream *s, void *buf, size_t len)
{
	size_t n;

	if (s->loading)
		return -EBADF;
	if (s->ended)
		return -ENODEV;
	if (stream_catch_up(m, s))
		return -ENOMEM;
	n = MIN(len, s->len - s->pos);
	if (n) {
		memcpy(buf, s->data + s->pos, n);
		s->pos += n;
		return (ssize_t)n;
	}
	if (!s->final)
		return sim_mig_fires(m, SIM_FAULT_MIG_PRECOPY_BLOCKS) ? -EAGAIN : -ENOMSG;
	if (!sim_mig_fires(m, SIM_FAULT_MIG_ENDLESS))
		return 0;
	memset(buf, 0, len);
	return (ssize_t)len;
}

ssize_t sim_mig_stream_write(struct sim_mig_stream *s, const void *buf, size_t len)
{
	int r;

	if (!s->loading)
		return -EBADF;
	if (s->ended)
		return -ENODEV;
	if (len > STREAM_MAX - s->len)
		return -ENOSPC;
	r = stream_append(s, buf, len);
	return r ? r : (ssize_t)len;
}

int sim_mig_stream_info(struct sim_mig *m, struct sim_mig_stream *s, struct mig_precopy *out)
{
	if (s->loading)
		return -ENOTTY;
	if (m->state != MIG_PRE_COPY && m->state != MIG_PRE_COPY_P2P)
		return -EINVAL;
	if (s->ended)
		return -ENODEV;
	if (stream_catch_up(m, s))
		return -ENOMEM;
	out->initial_bytes = s->pos < s->initial ? s->initial - s->pos : 0;
	out->dirty_bytes = s->len - MAX(s->pos, s->initial);
	if (sim_mig_fires(m, SIM_FAULT_MIG_PRECOPY_GROWS))
		out->initial_bytes = s->initial + s->pos;
	return 0;
}
