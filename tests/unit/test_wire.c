/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/server/wire: messages that are whole, in pieces, too long, of another version, or none; descriptors that come with them. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/server/wire.h"

static const char *const three[] = {"map", "", "a b"};

static void test_there_and_back(void **state)
{
	struct wire_message m;
	size_t length, used;
	char *data = wire_compose(WIRE_RUN, 7, three, 3, &length);

	(void)state;
	assert_non_null(data);
	assert_int_equal(wire_parse(data, length, &m, &used), 0);
	assert_int_equal(used, length);
	assert_int_equal(m.type, WIRE_RUN);
	assert_int_equal(m.tag, 7);
	assert_int_equal(m.nr, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_string_equal(m.words[i], three[i]);
	assert_null(m.words[3]);
	wire_message_free(&m);
	free(data);
}

static void test_no_word_is_a_message(void **state)
{
	struct wire_message m;
	size_t length, used;
	char *data = wire_compose(WIRE_LIST, 0, NULL, 0, &length);

	(void)state;
	assert_int_equal(length, sizeof(struct wire_header));
	assert_int_equal(wire_parse(data, length, &m, &used), 0);
	assert_int_equal(used, length);
	assert_int_equal(m.nr, 0);
	wire_message_free(&m);
	free(data);
}

/* Every piece of a message is none yet, and nothing else. */
static void test_pieces(void **state)
{
	struct wire_message m;
	size_t length, used;
	char *data = wire_compose(WIRE_RUN, 1, three, 3, &length);

	(void)state;
	for (size_t n = 0; n < length; n++) {
		assert_int_equal(wire_parse(data, n, &m, &used), 0);
		assert_int_equal(used, 0);
		assert_null(m.words);
	}
	free(data);
}

static int parse_header(struct wire_header h, const char *words)
{
	char data[64];
	struct wire_message m;
	size_t used, n = words ? h.length : 0;

	memcpy(data, &h, sizeof(h));
	if (words)
		memcpy(data + sizeof(h), words, n);
	return wire_parse(data, sizeof(h) + n, &m, &used);
}

static void test_what_is_none(void **state)
{
	const struct wire_header good = {.magic = WIRE_MAGIC, .version = WIRE_VERSION, .type = WIRE_RUN, .length = 2};
	struct wire_header h = good;
	struct wire_message m;
	size_t used;

	(void)state;
	h.magic++;
	assert_int_equal(parse_header(h, "a"), -EPROTO);
	h = good;
	h.version++;
	assert_int_equal(parse_header(h, "a"), -EPROTONOSUPPORT);
	h = good;
	h.type = WIRE_TYPES;
	assert_int_equal(parse_header(h, "a"), -EPROTO);
	h.type = 0;
	assert_int_equal(parse_header(h, "a"), -EPROTO);
	/* told before any of it has come */
	h = good;
	h.length = WIRE_MAX + 1;
	assert_int_equal(parse_header(h, NULL), -EMSGSIZE);
	/* the last word does not end */
	h = good;
	assert_int_equal(parse_header(h, "ab"), -EPROTO);
	/* garbage is told from its first byte */
	assert_int_equal(wire_parse("G", 1, &m, &used), -EPROTO);
	assert_int_equal(wire_parse("GET / HTTP/1.1\r\n", 16, &m, &used), -EPROTO);
}

static void test_limits(void **state)
{
	char *long_word = malloc(WIRE_MAX + 1);
	const char *words[] = {long_word};
	const char **many = calloc(WIRE_WORDS_MAX + 1, sizeof(*many));
	struct wire_message m;
	size_t length, used;
	char *data;

	(void)state;
	assert_true(long_word && many);
	memset(long_word, 'x', WIRE_MAX);
	long_word[WIRE_MAX] = '\0';
	assert_null(wire_compose(WIRE_RUN, 0, words, 1, &length));
	assert_int_equal(errno, EMSGSIZE);
	long_word[WIRE_MAX - 1] = '\0';
	data = wire_compose(WIRE_RUN, 0, words, 1, &length);
	assert_non_null(data);
	assert_int_equal(wire_parse(data, length, &m, &used), 0);
	assert_int_equal(strlen(m.words[0]), WIRE_MAX - 1);
	wire_message_free(&m);
	free(data);
	for (unsigned int i = 0; i <= WIRE_WORDS_MAX; i++)
		many[i] = "";
	assert_null(wire_compose(WIRE_RUN, 0, many, WIRE_WORDS_MAX + 1, &length));
	assert_int_equal(errno, EMSGSIZE);
	/* made by somebody else */
	data = wire_compose(WIRE_RUN, 0, many, WIRE_WORDS_MAX, &length);
	assert_non_null(data);
	data = realloc(data, length + 1);
	data[length] = '\0';
	((struct wire_header *)data)->length++;
	assert_int_equal(wire_parse(data, length + 1, &m, &used), -EMSGSIZE);
	free(data);
	free(many);
	free(long_word);
}

static void pair(struct wire *a, struct wire *b)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	wire_init(a, fds[0]);
	wire_init(b, fds[1]);
}

static unsigned int fds_open(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_two_in_one_read(void **state)
{
	struct wire a, b;
	struct wire_message m;

	(void)state;
	pair(&a, &b);
	assert_int_equal(wire_say(&a, WIRE_DONE, 1, "0", "begun", NULL), 0);
	assert_int_equal(wire_say(&a, WIRE_DONE, 2, "1", "not", NULL), 0);
	assert_int_equal(wire_flush(&a), 0);
	assert_false(wire_has_output(&a));
	assert_int_equal(wire_await(&b, &m, 1000), 1);
	assert_int_equal(m.tag, 1);
	wire_message_free(&m);
	assert_int_equal(wire_next(&b, &m), 1);
	assert_int_equal(m.tag, 2);
	assert_string_equal(m.words[1], "not");
	wire_message_free(&m);
	assert_int_equal(wire_next(&b, &m), 0);
	assert_int_equal(wire_await(&b, &m, 20), -ETIMEDOUT);
	wire_close(&a);
	assert_int_equal(wire_await(&b, &m, 1000), 0);
	wire_close(&b);
}

/* More than a socket takes at once: the rest waits, and nothing is lost. */
static void test_slow_reader(void **state)
{
	char *word = malloc(MiB(2));
	const char *const words[] = {word};
	struct wire a, b;
	struct wire_message m;
	int ret;

	(void)state;
	memset(word, 'y', MiB(2));
	word[MiB(2) - 1] = '\0';
	pair(&a, &b);
	assert_int_equal(wire_put(&a, WIRE_RUN, 0, words, 1), 0);
	assert_int_equal(wire_flush(&a), -EAGAIN);
	assert_int_equal(wire_flush_all(&a, 20), -ETIMEDOUT);
	while ((ret = wire_await(&b, &m, 20)) == -ETIMEDOUT)
		wire_flush(&a);
	assert_int_equal(ret, 1);
	assert_string_equal(m.words[0], word);
	wire_message_free(&m);
	wire_close(&a);
	wire_close(&b);
	free(word);
}

static void test_descriptors(void **state)
{
	unsigned int before = fds_open();
	struct wire a, b;
	struct wire_message m;
	int fds[WIRE_FDS];

	(void)state;
	pair(&a, &b);
	for (unsigned int i = 0; i < WIRE_FDS; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	wire_put_fds(&a, fds);
	wire_say(&a, WIRE_RUN, 0, "x", NULL);
	assert_int_equal(wire_flush(&a), 0);
	assert_int_equal(fds_open(), before + 2); /* those on the way are no longer ours */
	assert_int_equal(wire_await(&b, &m, 1000), 1);
	assert_int_equal(b.nr_fds, WIRE_FDS);
	for (unsigned int i = 0; i < WIRE_FDS; i++)
		assert_int_equal(fcntl(b.fds[i], F_GETFD), FD_CLOEXEC);
	wire_message_free(&m);
	/* four more are too many: refused, and none of them stays */
	for (unsigned int i = 0; i < WIRE_FDS; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	wire_put_fds(&a, fds);
	wire_say(&a, WIRE_RUN, 0, "x", NULL);
	assert_int_equal(wire_flush(&a), 0);
	assert_int_equal(wire_read(&b), -EPROTO);
	wire_close(&a);
	wire_close(&b);
	assert_int_equal(fds_open(), before);
}

/* What was to be sent and was not takes its descriptors along. */
static void test_descriptors_unsent(void **state)
{
	unsigned int before = fds_open();
	struct wire a, b;
	int fds[WIRE_FDS];

	(void)state;
	pair(&a, &b);
	for (unsigned int i = 0; i < WIRE_FDS; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	wire_put_fds(&a, fds);
	wire_close(&a);
	wire_close(&b);
	assert_int_equal(fds_open(), before);
}

static void test_failures_travel(void **state)
{
	struct wire a, b;
	struct wire_message m;
	struct fail f = {0}, got = {0};

	(void)state;
	pair(&a, &b);
	fail_usage(&f, EINVAL, "no");
	fail_hint(&f, "yes");
	wire_put_fail(&a, WIRE_REFUSED, &f);
	wire_put_fail(&a, WIRE_ENDED, &(struct fail){0});
	wire_say(&a, WIRE_REFUSED, 0, "x", NULL);
	assert_int_equal(wire_flush(&a), 0);
	assert_int_equal(wire_await(&b, &m, 1000), 1);
	wire_get_fail(&m, &got);
	wire_message_free(&m);
	assert_int_equal(got.err, EINVAL);
	assert_true(got.usage);
	assert_string_equal(got.text, "no");
	assert_string_equal(got.hint, "yes");
	assert_int_equal(wire_await(&b, &m, 1000), 1);
	wire_get_fail(&m, &got);
	wire_message_free(&m);
	assert_int_equal(got.err, 0);
	/* one that cannot be read is a failure, not none */
	assert_int_equal(wire_await(&b, &m, 1000), 1);
	wire_get_fail(&m, &got);
	wire_message_free(&m);
	assert_int_equal(got.err, EPROTO);
	wire_close(&a);
	wire_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_no_word_is_a_message),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_two_in_one_read),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_descriptors_unsent),
		cmocka_unit_test(test_failures_travel),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
