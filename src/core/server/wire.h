/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a session and its clients say to each other over a Unix stream socket: a header, then words that end in NUL. Nothing that
 * comes in is trusted: lengths are bounded, and what is no message of this version is told from one that is not whole yet.
 */
#ifndef IC_CORE_WIRE_H
#define IC_CORE_WIRE_H

#include <stdbool.h>

#include "base/fail.h"

#define WIRE_MAGIC 0x53434931u /* in the byte order of the machine: nobody talks to another one here */
#define WIRE_VERSION 1
#define WIRE_MAX MiB(4) /* of a message's words; two thirds more than Linux lets a command line have by default */
#define WIRE_WORDS_MAX 131072
#define WIRE_FDS 4

enum wire_type {
	WIRE_RUN = 1, /* umask, facts of the terminal, the command line; with four descriptors */
	WIRE_LIST,    /* what is held? */
	WIRE_STOP,    /* end the session */
	WIRE_SIGNAL,  /* the number of the signal that the client got */
	WIRE_DONE,    /* exit status, "begun" or "not" */
	WIRE_REFUSED, /* errno, "usage" or "", text, hint */
	WIRE_HELD,  /* struct server_held in words; the answer to WIRE_LIST, and how a session tells that it is ready */
	WIRE_WAIT,  /* the command that runs before this one */
	WIRE_ENDED, /* the worker's last word: errno and text of what kept the session from being closed */
	WIRE_TYPES,
};

/* Of every version, so that two that differ can say so. */
struct wire_header {
	uint32_t magic;
	uint16_t version;
	uint16_t type;
	uint32_t length; /* of the words, with their NULs */
	uint32_t tag;	 /* which command it is about; 0 between a client and its session */
};

struct wire_message {
	enum wire_type type;
	uint32_t tag;
	unsigned int nr;
	char **words; /* NULL-terminated, one allocation together with what they point to */
};

/* A connection: what came and is no whole message yet, what is to be sent, descriptors on either way. */
struct wire {
	int fd; /* -1 = none */
	char *in, *out;
	size_t in_used, in_size, out_used, out_sent;
	int fds[WIRE_FDS]; /* came with the last WIRE_RUN; who takes one leaves -1 */
	int out_fds[WIRE_FDS];
	unsigned int nr_fds, nr_out_fds;
};

/*
 * The first message in @length bytes. *used = its bytes, 0 = more are needed (then @out is empty and 0 is returned). -EPROTO: that
 * is no message; -EPROTONOSUPPORT: of another version; -EMSGSIZE: too long; -ENOMEM. wire_message_free() afterwards.
 */
int wire_parse(const char *data, size_t length, struct wire_message *out, size_t *used);
void wire_message_free(struct wire_message *m);
/* The bytes that wire_parse() reads; NULL without memory, or (errno EMSGSIZE) where it would refuse them. */
char *wire_compose(enum wire_type type, uint32_t tag, const char *const *words, unsigned int nr, size_t *length);

/* Takes over @fd. */
void wire_init(struct wire *w, int fd);
/* Closes it and every descriptor that nobody took. */
void wire_close(struct wire *w);
/* One read. 1: something came; 0: the other side has ended; -EAGAIN; -EPROTO: more descriptors than there may be; else -errno. */
int wire_read(struct wire *w);
/* 1: @out is the next message that came; 0: none is whole yet; else as wire_parse(). */
int wire_next(struct wire *w, struct wire_message *out);
/* Append a message to what is to be sent. 0, -ENOMEM, -EMSGSIZE. */
int wire_put(struct wire *w, enum wire_type type, uint32_t tag, const char *const *words, unsigned int nr);
/* The same with words up to NULL. */
int wire_say(struct wire *w, enum wire_type type, uint32_t tag, ...) __attribute__((sentinel));
/* These travel with the next byte that is sent; closed then. Nothing may be waiting to be sent. */
void wire_put_fds(struct wire *w, const int fds[WIRE_FDS]);
bool wire_has_output(const struct wire *w);
/* Send what can be sent without waiting. 0: all; -EAGAIN: the rest waits; else -errno. */
int wire_flush(struct wire *w);
/* The same and wait, for @timeout_ms at most: -ETIMEDOUT. */
int wire_flush_all(struct wire *w, int timeout_ms);
/* Wait for a message of one's own accord: 1, or 0 (the other side has ended), -EINTR, -ETIMEDOUT (@timeout_ms < 0: none), else as wire_next(). */
int wire_await(struct wire *w, struct wire_message *out, int timeout_ms);

/* A number in a word: -EPROTO where it is none. */
int wire_number(const struct wire_message *m, unsigned int word, uint64_t *out);
/* A failure as the words of WIRE_REFUSED, and back. */
int wire_put_fail(struct wire *w, enum wire_type type, const struct fail *f);
void wire_get_fail(const struct wire_message *m, struct fail *f);

#endif
