/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzer of what comes in by a session's socket: messages one after another, as a stream, and what is made of their words. */
#include "fuzz.h"

#include <errno.h>

#include "core/server/priv.h"

static void look_at(const struct wire_message *m, size_t used)
{
	struct server_held held = {0};
	struct fail f = {0};
	uint64_t number;
	size_t bytes = sizeof(struct wire_header), length;
	char *again;

	FUZZ_HOLDS(m->type > 0 && m->type < WIRE_TYPES);
	FUZZ_HOLDS(m->nr <= WIRE_WORDS_MAX && m->words && !m->words[m->nr]);
	for (unsigned int i = 0; i < m->nr; i++)
		bytes += strlen(m->words[i]) + 1;
	/* not a byte more or less than the header says */
	FUZZ_HOLDS(bytes == used);
	/* what is understood is said again in the same bytes */
	again = wire_compose(m->type, m->tag, (const char *const *)m->words, m->nr, &length);
	FUZZ_HOLDS(again && length == used);
	free(again);
	wire_get_fail(m, &f);
	FUZZ_ENDS(f.text);
	FUZZ_ENDS(f.hint);
	if (!held_get(m, &held)) {
		FUZZ_ENDS(held.backend);
		FUZZ_ENDS(held.device);
		FUZZ_ENDS(held.driver);
		FUZZ_ENDS(held.since);
		FUZZ_ENDS(held.command);
		FUZZ_HOLDS(strlen(server_state_name(held.state)) > 0);
	}
	for (unsigned int i = 0; i <= MIN(m->nr, 4u); i++)
		if (!wire_number(m, i, &number))
			FUZZ_HOLDS(i < m->nr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = fuzz_copy(data, size, 0);
	size_t at = 0, used;
	struct wire_message m;
	int err;

	do {
		err = wire_parse(copy + at, size - at, &m, &used);
		FUZZ_HOLDS(err <= 0 && used <= size - at);
		FUZZ_HOLDS(!err || (!used && !m.words));
		if (used)
			look_at(&m, used);
		wire_message_free(&m);
		at += used;
	} while (!err && used);
	/* what is not whole has to be able to become it */
	FUZZ_HOLDS(err || size - at <= sizeof(struct wire_header) + WIRE_MAX);
	free(copy);
	return 0;
}
