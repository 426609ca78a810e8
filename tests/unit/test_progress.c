/* SPDX-License-Identifier: GPL-2.0-or-later */
/* out/progress: when it speaks, what it says, how often, how wide, and that it leaves the line clean; by a clock of its own. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/clock.h"
#include "base/msg.h"
#include "capture.h"
#include "out/progress.h"

#define SECOND 1000000000ull

static struct capture capture;

static uint64_t now_ns = 1000 * SECOND;

uint64_t __wrap_clock_ns(void);
uint64_t __wrap_clock_ns(void)
{
	return now_ns;
}

static void pass_time(uint64_t seconds)
{
	now_ns += seconds * SECOND;
}

/* What a terminal would show after @text: the last line, trailing blanks gone. */
static const char *screen(const char *text)
{
	static char line[512];
	size_t column = 0, used = 0;

	memset(line, ' ', sizeof(line));
	for (; *text; text++) {
		if (*text == '\r') {
			column = 0;
		} else if (*text == '\n') {
			memset(line, ' ', sizeof(line));
			column = 0;
		} else {
			assert_true(column < sizeof(line));
			line[column++] = *text;
		}
	}
	for (size_t i = 0; i < sizeof(line); i++)
		if (line[i] != ' ')
			used = i + 1;
	line[used] = '\0';
	return line;
}

static void test_quiet(void **state)
{
	static const enum progress_mode modes[] = {PROGRESS_AUTO, PROGRESS_NEVER};
	struct progress p;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		progress_set_mode(modes[i]);
		capture_begin(&capture);
		progress_start(&p, "compare", "loops", 100, 0);
		pass_time(10);
		progress_update(&p, 50, 4096);
		progress_end(&p);
		assert_string_equal(capture_end(&capture), "");
	}
}

/* The line after @seconds of a run. */
static const char *line_at(uint64_t total, uint64_t seconds, uint64_t until, uint64_t done, uint64_t bytes)
{
	static struct capture erasing;
	struct progress p;

	progress_set_mode(PROGRESS_ALWAYS);
	capture_begin(&capture);
	progress_start(&p, "compare", "loops", total, until ? clock_ns() + until * SECOND : 0);
	pass_time(seconds);
	progress_update(&p, done, bytes);
	capture_end(&capture);
	capture_begin(&erasing);
	progress_end(&p);
	capture_end(&erasing);
	return screen(capture.text);
}

static void test_lines(void **state)
{
	assert_string_equal(line_at(10000, 10, 0, 2500, 0), "compare: 2500/10000 loops  25%  250 loops/s  ETA 30 s");
	assert_string_equal(line_at(10000, 10, 0, 2500, 10ull << 30),
			    "compare: 2500/10000 loops  25%  250 loops/s  1.0 GiB/s  ETA 30 s");
	assert_string_equal(line_at(0, 10, 0, 25, 0), "compare: 25 loops  2.5 loops/s");
	assert_string_equal(line_at(0, 10, 40, 25, 0), "compare: 25 loops  25%  2.5 loops/s  ETA 30 s");
	/* past the deadline, and past the total */
	assert_string_equal(line_at(0, 10, 5, 25, 0), "compare: 25 loops  100%  2.5 loops/s  ETA 0 s");
	assert_string_equal(line_at(100, 10, 0, 200, 0), "compare: 200/100 loops  100%  20 loops/s  ETA 0 s");
	assert_string_equal(line_at(1000, 10, 0, 10, 0), "compare: 10/1000 loops  1%  1.0 loops/s  ETA 16 m 30 s");
	/* too early to say */
	assert_string_equal(line_at(100000, 10, 0, 10, 0), "compare: 10/100000 loops  0%  1.0 loops/s");
	assert_string_equal(line_at(UINT64_MAX, 1, 0, 0, 0), "compare: 0/18446744073709551615 loops  0%  0.0 loops/s");
}

static void test_rate_limit(void **state)
{
	struct progress p;
	unsigned draws = 0;

	progress_set_mode(PROGRESS_ALWAYS);
	capture_begin(&capture);
	progress_start(&p, "x", "loops", 0, 0);
	pass_time(1);
	for (unsigned i = 0; i < 1000; i++) {
		/* all within the tenth of a second after a draw */
		now_ns += 99000;
		progress_update(&p, i, 0);
	}
	for (const char *s = capture_end(&capture); *s; s++)
		draws += *s == '\r';
	assert_int_equal(draws, 1);
	capture_begin(&capture);
	for (unsigned i = 0; i < 3; i++) {
		pass_time(1);
		progress_update(&p, i, 0);
	}
	draws = 0;
	for (const char *s = capture_end(&capture); *s; s++)
		draws += *s == '\r';
	assert_int_equal(draws, 3);
	progress_end(&p);
}

static void test_shrinking_and_erasing(void **state)
{
	struct progress p;
	const char *text;
	size_t length;

	progress_set_mode(PROGRESS_ALWAYS);
	capture_begin(&capture);
	progress_start(&p, "compare", "loops", 0, 0);
	pass_time(1);
	progress_update(&p, 1000000, 0);
	pass_time(999999);
	progress_update(&p, 5, 0);
	text = capture_end(&capture);
	assert_string_equal(screen(text), "compare: 5 loops  0.0 loops/s");
	capture_begin(&capture);
	progress_end(&p);
	text = capture_end(&capture);
	length = strlen(text);
	assert_true(length > 20);
	assert_int_equal(text[0], '\r');
	assert_int_equal(text[length - 1], '\r');
	assert_string_equal(screen(text), "");
	/* once is enough */
	capture_begin(&capture);
	progress_end(&p);
	assert_string_equal(capture_end(&capture), "");
}

static void test_message_clears(void **state)
{
	struct progress p;

	progress_set_mode(PROGRESS_ALWAYS);
	capture_begin(&capture);
	progress_start(&p, "compare", "loops", 0, 0);
	pass_time(1);
	progress_update(&p, 7, 0);
	msg_error("oops");
	capture_end(&capture);
	/* only the message stands on its line: blanks, then a carriage return, then it */
	assert_string_equal(strrchr(capture.text, '\r') + 1, "iommuctl: oops\n");
	assert_string_equal(screen(capture.text), "");
	capture_begin(&capture);
	pass_time(1);
	progress_update(&p, 8, 0);
	assert_string_equal(screen(capture_end(&capture)), "compare: 8 loops  4.0 loops/s");
	progress_end(&p);
	capture_begin(&capture);
	msg_error("after");
	assert_string_equal(capture_end(&capture), "iommuctl: after\n");
}

#define SPOKEN 200

static void *speak(void *unused)
{
	for (unsigned i = 0; i < SPOKEN; i++)
		msg_error("oops");
	return NULL;
}

/* One thread draws, another speaks: no message may begin on a line that still shows the progress. */
static void test_threads(void **state)
{
	const char *text, *message;
	unsigned messages = 0;
	struct progress p;
	pthread_t speaker;

	progress_set_mode(PROGRESS_ALWAYS);
	capture_begin(&capture);
	progress_start(&p, "compare", "loops", 0, 0);
	assert_int_equal(pthread_create(&speaker, NULL, speak, NULL), 0);
	for (unsigned i = 0; i < SPOKEN; i++) {
		p.last_ns = 0;
		progress_update(&p, i, 0);
	}
	pthread_join(speaker, NULL);
	progress_end(&p);
	text = capture_end(&capture);
	for (const char *s = text; (message = strstr(s, "iommuctl: oops")); s = message + 1, messages++)
		assert_true(message == text || message[-1] == '\n' || message[-1] == '\r');
	assert_int_equal(messages, SPOKEN);
	assert_non_null(strstr(text, "compare: "));
	assert_string_equal(screen(text), "");
}

/* On a terminal of 24 columns: spoken by default, cut to 23, not within a character. */
static void test_terminal(void **state)
{
	struct winsize size = {.ws_row = 10, .ws_col = 24};
	int saved, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	char text[512] = "";
	struct termios t;
	struct progress p;
	ssize_t n;

	/* no devpts, or all of its terminals taken: then there is none to try it on */
	if (master < 0 && (errno == ENOENT || errno == ENODEV || errno == EACCES || errno == ENOSPC))
		skip();
	assert_true(master >= 0 && unlockpt(master) == 0);
	/* by the descriptor, which needs no /dev/pts; by its name on kernels before 4.13 */
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 && ptsname(master))
		slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0) {
		close(master);
		skip();
	}
	saved = dup(STDERR_FILENO);
	tcgetattr(slave, &t);
	cfmakeraw(&t);
	tcsetattr(slave, TCSANOW, &t);
	ioctl(slave, TIOCSWINSZ, &size);
	dup2(slave, STDERR_FILENO);
	progress_set_mode(PROGRESS_AUTO);
	progress_start(&p, "caf\xc3\xa9-r\xc3\xa9sum\xc3\xa9-and-some-mor\xc3\xa9", "loops", 0, 0);
	pass_time(1);
	progress_update(&p, 7, 0);
	n = read(master, text, sizeof(text) - 1);
	progress_end(&p);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(slave);
	close(master);
	assert_true(n > 0);
	assert_string_equal(text, "\rcaf\xc3\xa9-r\xc3\xa9sum\xc3\xa9-and-some-mo");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quiet),	       cmocka_unit_test(test_lines),
		cmocka_unit_test(test_rate_limit),     cmocka_unit_test(test_shrinking_and_erasing),
		cmocka_unit_test(test_message_clears), cmocka_unit_test(test_threads),
		cmocka_unit_test(test_terminal),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
