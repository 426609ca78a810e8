/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of a session's socket: from bytes to words and back. */
#include "core/server/wire.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

#define WIRE_SAY_MAX 16

/* 0 where more than a header's bytes are needed to tell, or all is well. */
static int wire_check_header(const char *data, size_t length, struct wire_header *h)
{
	if (length < sizeof(*h)) {
		uint32_t magic = WIRE_MAGIC;

		/* garbage is told from its first byte on: nobody waits for the rest of it */
		return memcmp(data, &magic, MIN(length, sizeof(magic))) ? -EPROTO : 0;
	}
	memcpy(h, data, sizeof(*h));
	if (h->magic != WIRE_MAGIC)
		return -EPROTO;
	if (h->version != WIRE_VERSION)
		return -EPROTONOSUPPORT;
	if (h->length > WIRE_MAX)
		return -EMSGSIZE;
	return !h->type || h->type >= WIRE_TYPES ? -EPROTO : 0;
}

/* The words are @length bytes, the last of which is the last one's NUL. */
static int wire_split(const char *words, size_t length, struct wire_message *out)
{
	size_t nr = 0, at = 0;
	char *copy;

	if (length && words[length - 1])
		return -EPROTO;
	for (size_t i = 0; i < length; i++)
		nr += !words[i];
	if (nr > WIRE_WORDS_MAX)
		return -EMSGSIZE;
	out->words = malloc((nr + 1) * sizeof(*out->words) + length);
	if (!out->words)
		return -ENOMEM;
	copy = (char *)(out->words + nr + 1);
	memcpy(copy, words, length);
	for (size_t i = 0; i < nr; i++) {
		out->words[i] = copy + at;
		at += strlen(copy + at) + 1;
	}
	out->words[nr] = NULL;
	out->nr = (unsigned int)nr;
	return 0;
}

int wire_parse(const char *data, size_t length, struct wire_message *out, size_t *used)
{
	struct wire_header h = {0};
	int err;

	*out = (struct wire_message){0};
	*used = 0;
	if (!length)
		return 0;
	err = wire_check_header(data, length, &h);
	if (err || length < sizeof(h) || length - sizeof(h) < h.length)
		return err;
	err = wire_split(data + sizeof(h), h.length, out);
	if (err)
		return err;
	out->type = (enum wire_type)h.type;
	out->tag = h.tag;
	*used = sizeof(h) + h.length;
	return 0;
}

void wire_message_free(struct wire_message *m)
{
	free(m->words);
	*m = (struct wire_message){0};
}

char *wire_compose(enum wire_type type, uint32_t tag, const char *const *words, unsigned int nr, size_t *length)
{
	struct wire_header h = {.magic = WIRE_MAGIC, .version = WIRE_VERSION, .type = (uint16_t)type, .tag = tag};
	size_t all = 0, at = sizeof(h);
	char *data;

	for (unsigned int i = 0; i < nr; i++)
		all += strlen(words[i]) + 1;
	if (all > WIRE_MAX || nr > WIRE_WORDS_MAX) {
		errno = EMSGSIZE;
		return NULL;
	}
	data = malloc(sizeof(h) + all);
	if (!data)
		return NULL;
	h.length = (uint32_t)all;
	memcpy(data, &h, sizeof(h));
	for (unsigned int i = 0; i < nr; i++) {
		size_t n = strlen(words[i]) + 1;

		memcpy(data + at, words[i], n);
		at += n;
	}
	*length = at;
	return data;
}

int wire_say(struct wire *w, enum wire_type type, uint32_t tag, ...)
{
	const char *words[WIRE_SAY_MAX];
	unsigned int nr = 0;
	va_list ap;

	va_start(ap, tag);
	for (const char *word = va_arg(ap, const char *); word && nr < WIRE_SAY_MAX; word = va_arg(ap, const char *))
		words[nr++] = word;
	va_end(ap);
	return wire_put(w, type, tag, words, nr);
}

int wire_number(const struct wire_message *m, unsigned int word, uint64_t *out)
{
	*out = 0;
	return word < m->nr && !num_parse_u64(m->words[word], out) ? 0 : -EPROTO;
}

int wire_put_fail(struct wire *w, enum wire_type type, const struct fail *f)
{
	char err[16];

	snprintf(err, sizeof(err), "%d", f->err);
	return wire_say(w, type, 0, err, f->usage ? "usage" : f->complete ? "complete" : "", f->text, f->hint, NULL);
}

void wire_get_fail(const struct wire_message *m, struct fail *f)
{
	uint64_t err = 0;

	if (m->nr < 4 || wire_number(m, 0, &err) || err > 4095) {
		fail_set(f, EPROTO, "the session's answer cannot be read");
		return;
	}
	if (!err && !m->words[2][0]) {
		*f = (struct fail){0};
		return;
	}
	fail_set(f, (int)err, "%s", m->words[2]);
	fail_hint(f, "%s", m->words[3]);
	f->usage = !strcmp(m->words[1], "usage");
	f->complete = !strcmp(m->words[1], "complete");
}
