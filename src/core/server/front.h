/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process with the socket: its state, and that of its clients. Private to core/server. */
#ifndef IC_CORE_SERVER_FRONT_H
#define IC_CORE_SERVER_FRONT_H

#include "core/server/priv.h"

#define FRONT_CLIENTS_MAX 200 /* four descriptors each while they wait, of the 1,024 that a process has by default */
#define FRONT_TAG_MAX 0x7fffff

enum client_state {
	CLIENT_NEW,	 /* has not said what it wants */
	CLIENT_QUEUED,	 /* its command waits for its turn */
	CLIENT_RUNNING,	 /* ... is with the worker */
	CLIENT_STOPPING, /* waits for the end of the session */
	CLIENT_LEAVING,	 /* has been answered */
	CLIENT_DROPPED,	 /* to be freed */
};

struct front_client {
	struct front_client *next; /* in the order in which they came */
	struct wire wire;	   /* closed where the client is gone while its command runs */
	enum client_state state;
	uint64_t since_ns; /* of the state */
	struct wire_message request;
	int signal; /* to be passed on to its command, 0 = none */
	char command[32];
};

struct front {
	struct server *s;
	pid_t worker;
	struct wire starter, to; /* who waits for the session to be ready, and the worker */
	struct front_client *clients, *running;
	unsigned int nr;
	uint32_t tag; /* of what runs */
	bool ready, ending;
	bool told, gone; /* the worker said how it ended; it has */
	struct fail why; /* how */
	struct server_held held;
	char since[32];
	uint64_t used_ns; /* when there last was something to do */
};

/* For the rest of a message that has begun, and for an answer to be taken; tests make it short. */
extern uint64_t server_patience_ns;

void front_accept(struct front *fr);
/* Read what it says, send what waits for it. */
void front_client_talk(struct front *fr, struct front_client *c);
/* It has been answered: it goes as soon as that is sent. */
void front_client_leave(struct front_client *c);
/* It goes now. */
void front_client_drop(struct front_client *c);
void front_client_refuse(struct front_client *c, int err, const char *why);
void front_refuse_queued(struct front *fr, const char *why);
/* Send what waits, drop who is too slow. Is there anybody whose time can run out? */
bool front_clients_tick(struct front *fr, uint64_t now);
/* Free who was dropped. */
void front_reap(struct front *fr);
/* The session has ended: everybody is told how. */
void front_tell_end(struct front *fr);

/* core/server/front.c */
void front_end(struct front *fr);
void front_answer_held(struct front *fr, struct front_client *c);

#endif
