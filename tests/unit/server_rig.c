/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of core/server: sessions with commands of the test's own, and a client by hand. */
#include "server_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/num.h"
#include "core/server/front.h"
#include "core/session/session.h"
#include "out/relay.h"

char run_dir[] = "/tmp/test_server.XXXXXX";

static int said(const char *text)
{
	return write(STDOUT_FILENO, text, strlen(text)) < 0 ? 2 : 0;
}

static int do_wait(void)
{
	said("waiting\n");
	/* twice: who waits for something else sees that it did not come */
	for (int i = 0; i < 2 * RIG_PATIENCE_MS / RIG_STEP_MS && !session_signal; i++)
		clock_sleep_ns(RIG_STEP_MS * 1000000ull, (const volatile int *)&session_signal);
	return session_signal ? 128 + session_signal : 0;
}

static int do_execute(void *ctx, const struct server_request *r)
{
	char text[4400], cwd[4096];

	(void)ctx;
	if (!strcmp(r->argv[0], "echo"))
		return said(r->argc > 1 ? r->argv[1] : "");
	if (!strcmp(r->argv[0], "length")) {
		snprintf(text, sizeof(text), "%zu", strlen(r->argv[1]));
		return said(text);
	}
	if (!strcmp(r->argv[0], "where")) {
		snprintf(text, sizeof(text), "%s %03o %d %d %u", getcwd(cwd, sizeof(cwd)) ? cwd : "?", umask(077),
			 r->color, r->terminal, r->columns);
		return said(text);
	}
	if (!strcmp(r->argv[0], "die"))
		raise(SIGKILL);
	if (!strcmp(r->argv[0], "exit"))
		exit(3);
	return !strcmp(r->argv[0], "wait") ? do_wait() : 9;
}

static int do_open(void *ctx, struct fail *f)
{
	const char *how = ctx;

	if (how && !strcmp(how, "refuse")) {
		fail_usage(f, ENODEV, "no such device");
		fail_hint(f, "buy one");
		return -ENODEV;
	}
	if (how && !strcmp(how, "crash"))
		raise(SIGKILL);
	if (how && !strcmp(how, "orphan"))
		kill(getppid(), SIGKILL);
	return 0;
}

static void do_describe(void *ctx, struct server_held *held)
{
	(void)ctx;
	snprintf(held->backend, sizeof(held->backend), "test");
	snprintf(held->device, sizeof(held->device), "none");
	held->mappings = 42;
}

/* The way out is seen by a file. */
static int do_close(void *ctx, struct fail *f)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/closed", run_dir);
	close(creat(path, 0600));
	return ctx && !strcmp(ctx, "stuck") ? fail_complete(f, EBUSY, "it would not stop") : 0;
}

const struct server_ops ops = {do_open, do_execute, do_describe, do_close};

bool was_closed(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/closed", run_dir);
	return !unlink(path);
}

void raw_open(struct raw *r, const char *name)
{
	struct fail f = {0};
	int dir, fd;

	assert_int_equal(server_dir_open(false, &dir, &f), 0);
	assert_int_equal(server_connect(dir, name, &fd, &f), 0);
	close(dir);
	wire_init(&r->w, fd);
	r->out = -1;
}

void raw_close(struct raw *r)
{
	wire_close(&r->w);
	if (r->out >= 0)
		close(r->out);
}

void raw_send(struct raw *r, const char *command, const char *arg)
{
	const char *const words[] = {"18", "1", "1", "77", command, arg};
	int fds[] = {relay_file("in"), relay_file("out"), relay_file("err"), open("/tmp", O_PATH | O_DIRECTORY)};

	r->out = dup(fds[RUN_STDOUT]);
	wire_put_fds(&r->w, fds);
	assert_int_equal(wire_put(&r->w, WIRE_RUN, 0, words, arg ? 6 : 5), 0);
	assert_int_equal(wire_flush_all(&r->w, RIG_PATIENCE_MS), 0);
}

/* The next message but WIRE_WAIT. */
enum wire_type raw_answer(struct raw *r, struct wire_message *m)
{
	int ret;

	while ((ret = wire_await(&r->w, m, RIG_PATIENCE_MS)) == 1 && m->type == WIRE_WAIT)
		wire_message_free(m);
	return ret == 1 ? m->type : 0;
}

void raw_queued(struct raw *r)
{
	struct wire_message m = {0};

	assert_int_equal(wire_await(&r->w, &m, RIG_PATIENCE_MS), 1);
	assert_int_equal(m.type, WIRE_WAIT);
	wire_message_free(&m);
}

int raw_status(struct raw *r)
{
	struct wire_message m = {0};
	uint64_t status = 999;

	if (raw_answer(r, &m) == WIRE_DONE)
		wire_number(&m, 0, &status);
	wire_message_free(&m);
	return (int)status;
}

void raw_refused(struct raw *r, int err, const char *text)
{
	struct wire_message m = {0};
	struct fail f = {0};

	assert_int_equal(raw_answer(r, &m), WIRE_REFUSED);
	wire_get_fail(&m, &f);
	wire_message_free(&m);
	if (!strstr(f.text, text))
		print_message("says: %s\n", f.text);
	assert_non_null(strstr(f.text, text));
	assert_int_equal(f.err, err);
}

void raw_output(struct raw *r, const char *want)
{
	char text[4400] = "";

	assert_true(pread(r->out, text, sizeof(text) - 1, 0) >= 0);
	assert_string_equal(text, want);
}

void raw_begun(struct raw *r)
{
	char text[8];
	int tries = 0;

	while (pread(r->out, text, sizeof(text), 0) <= 0 && tries++ < RIG_PATIENCE_MS / RIG_STEP_MS)
		clock_sleep_ns(RIG_STEP_MS * 1000000ull, NULL);
	assert_true(tries < RIG_PATIENCE_MS / RIG_STEP_MS);
}

void raw_signal(struct raw *r, int sig)
{
	char text[8];

	snprintf(text, sizeof(text), "%d", sig);
	wire_say(&r->w, WIRE_SIGNAL, 0, text, NULL);
	assert_int_equal(wire_flush(&r->w), 0);
}

void serves(const char *name)
{
	struct raw r;

	raw_open(&r, name);
	raw_send(&r, "echo", "alive");
	assert_int_equal(raw_status(&r), 0);
	raw_output(&r, "alive");
	raw_close(&r);
}

struct server_held begun(const char *name)
{
	struct server_held held = {0};
	struct fail f = {0};
	int err = server_start(name, 0, &ops, NULL, &held, &f);

	if (err)
		print_message("%s\n", f.text);
	assert_int_equal(err, 0);
	return held;
}

/* The one with the socket is our child. Those of a test that failed are not waited for for ever. */
void reaped(void)
{
	int status = 0, ret = 0;

	for (int i = 0; i < RIG_PATIENCE_MS / RIG_STEP_MS && (ret = waitpid(-1, &status, WNOHANG)) >= 0; i++) {
		/* it ends well whatever its worker came to; a memory checker says otherwise by it */
		if (ret > 0 && WIFEXITED(status))
			assert_int_equal(WEXITSTATUS(status), 0);
		if (!ret)
			clock_sleep_ns(RIG_STEP_MS * 1000000ull, NULL);
	}
}

void ended(const char *name)
{
	struct server_held was;
	struct fail f = {0};

	assert_int_equal(client_stop(name, &was, &f), 0);
	assert_int_equal(was.mappings, 42);
	assert_true(was_closed());
	reaped();
}

int parent_of(int pid)
{
	char path[64], line[256];
	int parent = 0;
	FILE *from;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	from = fopen(path, "r");
	while (from && fgets(line, sizeof(line), from))
		sscanf(line, "PPid: %d", &parent);
	if (from)
		fclose(from);
	return parent;
}

int rig_setup(void **state)
{
	(void)state;
	if (!mkdtemp(run_dir))
		return -1;
	setenv("XDG_RUNTIME_DIR", run_dir, 1);
	umask(022);
	return 0;
}

int rig_teardown(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/iommuctl", run_dir);
	/* every test leaves it empty; the front of a session that was killed needs a moment to clean up */
	for (unsigned int i = 0; rmdir(path) && errno == ENOTEMPTY && i < RIG_PATIENCE_MS / RIG_STEP_MS; i++)
		usleep(RIG_STEP_MS * 1000);
	return rmdir(run_dir) ? -1 : 0;
}
