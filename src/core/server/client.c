/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other end of a session's socket: sending a command there and showing what comes back, stopping and listing sessions. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "core/server/priv.h"
#include "core/session/session.h"
#include "out/relay.h"

#define CLIENT_SEND_MS 10000
#define CLIENT_ANSWER_MS 5000 /* on a busy machine a session that is well may take seconds */
#define CLIENT_STEP_MS 50

struct client {
	const char *name;
	struct wire wire;
	struct relay out, err;
	struct client_result *result;
	bool done, told;
};

static int client_none(const char *name, struct fail *f)
{
	fail_complete(f, ESRCH, "session '%s' is not running", name);
	fail_hint(f, "`iommuctl session start %s` starts one, `iommuctl session list` tells which there are", name);
	return -ESRCH;
}

static int client_connect(const char *name, struct wire *w, struct fail *f)
{
	CLEANUP_FD int dir = -1;
	int fd = -1, err = server_dir_open(false, &dir, f);

	if (err == -ENOENT && dir < 0)
		return client_none(name, f);
	if (err)
		return err;
	err = server_connect(dir, name, &fd, f);
	if (err == -ENOENT || err == -ECONNREFUSED)
		return client_none(name, f);
	if (!err)
		wire_init(w, fd);
	return err;
}

/* What came is no answer: another version's, or nothing at all. */
static int client_lost(const char *name, const struct wire *w, int err, struct fail *f)
{
	unsigned int uid;
	int pid = 0;

	if (err == -EPROTONOSUPPORT) {
		server_peer_is_ours(w->fd, &pid, &uid);
		fail_complete(f, EPROTONOSUPPORT, "session '%s' runs another version of iommuctl", name);
		fail_hint(f, "`kill %d` ends it", pid);
		return -EPROTONOSUPPORT;
	}
	if (!err || err == -ECONNRESET || err == -EPIPE)
		return fail_complete(f, ECHILD, "session '%s' ended without an answer", name);
	return fail_set(f, err, "session '%s' cannot be understood", name);
}

static int client_refused(const char *name, const struct wire_message *m, struct fail *f)
{
	struct fail why = {0};

	wire_get_fail(m, &why);
	if (!why.err)
		return 0;
	if (strstr(why.text, name))
		*f = why;
	else
		fail_complete(f, why.err, "session '%s': %s", name, why.text);
	return -f->err;
}

/* Our stdin, all of it, where the command will read it: nobody in the session waits for a pipe of ours. */
static int client_stdin(int to, struct fail *f)
{
	char chunk[KiB(16)];
	ssize_t n;

	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
		if (write(to, chunk, (size_t)n) != n)
			return fail_set(f, errno, "cannot keep what stands on stdin");
	if (n < 0)
		return fail_set(f, errno, "cannot read stdin");
	return lseek(to, 0, SEEK_SET) < 0 ? -errno : 0;
}

static bool client_reads_stdin(const struct server_request *r)
{
	for (int i = 1; i < r->argc; i++)
		if (!strcmp(r->argv[i], "-"))
			return true;
	return false;
}

static int client_files(const struct server_request *r, int fds[WIRE_FDS], struct fail *f)
{
	fds[RUN_STDIN] = relay_file("stdin");
	fds[RUN_STDOUT] = relay_file("stdout");
	fds[RUN_STDERR] = relay_file("stderr");
	fds[RUN_CWD] = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (unsigned int i = 0; i < RUN_CWD; i++)
		if (fds[i] < 0)
			return fail_set(f, fds[i], "cannot make a file in memory");
	if (fds[RUN_CWD] < 0)
		return fail_set(f, errno, "cannot open the current directory");
	return client_reads_stdin(r) ? client_stdin(fds[RUN_STDIN], f) : 0;
}

static int client_send(struct client *c, const struct server_request *r, struct fail *f)
{
	int fds[WIRE_FDS] = {-1, -1, -1, -1}, err = client_files(r, fds, f);
	const char **words = calloc((size_t)r->argc + RUN_ARGV, sizeof(*words));
	char mask[16], columns[16];

	if (!err && !words)
		err = fail_set(f, ENOMEM, "cannot send the command");
	relay_init(&c->out, dup(fds[RUN_STDOUT]), false);
	relay_init(&c->err, dup(fds[RUN_STDERR]), true);
	wire_put_fds(&c->wire, fds); /* closes them in any case */
	if (err)
		goto out;
	snprintf(mask, sizeof(mask), "%u", (unsigned int)r->mask);
	snprintf(columns, sizeof(columns), "%u", r->columns);
	words[RUN_MASK] = mask;
	words[RUN_COLOR] = r->color ? "1" : "0";
	words[RUN_TERMINAL] = r->terminal ? "1" : "0";
	words[RUN_COLUMNS] = columns;
	memcpy(words + RUN_ARGV, r->argv, (size_t)r->argc * sizeof(*words));
	err = wire_put(&c->wire, WIRE_RUN, 0, words, (unsigned int)r->argc + RUN_ARGV);
	if (err == -EMSGSIZE)
		fail_usage(f, E2BIG, "the command line is too long for a session, more than %u MiB or %u words",
			   (unsigned int)(WIRE_MAX >> 20), WIRE_WORDS_MAX);
	else if (!err)
		err = wire_flush_all(&c->wire, CLIENT_SEND_MS);
	/* a refusal may be there already, to be read */
	if (err == -EPIPE || err == -ECONNRESET)
		err = 0;
	if (err && !f->err)
		fail_set(f, err, "cannot send the command to session '%s'", c->name);
out:
	free(words);
	return err;
}

/* What was added to the output; a stdout that takes no more is told once, and the command goes on. */
static void client_show(struct client *c)
{
	int err = c->result->out_err ? 0 : relay_step(&c->out);

	if (err && err != -EINTR)
		c->result->out_err = err;
	/* there is nowhere to tell what stderr does not take */
	relay_step(&c->err);
}

/* What it wrote before it answered is all there: a signal interrupts this only if it has not been passed on. */
static void client_show_rest(struct client *c)
{
	int err;

	while (relay_step(&c->err) == -EINTR && !session_signal)
		;
	while (!c->result->out_err && (err = relay_step(&c->out)))
		if (err != -EINTR || session_signal)
			c->result->out_err = err;
}

/* Once: it goes to the command. Twice: whoever typed it does not want to wait for that. */
static bool client_on_signal(struct client *c)
{
	char text[16];

	if (!session_signal)
		return true;
	if (c->result->signal)
		return false;
	c->result->signal = session_signal;
	session_signal = 0;
	snprintf(text, sizeof(text), "%d", c->result->signal);
	wire_say(&c->wire, WIRE_SIGNAL, 0, text, NULL);
	wire_flush_all(&c->wire, CLIENT_ANSWER_MS);
	return true;
}

static int client_hear(struct client *c, const struct wire_message *m, struct fail *f)
{
	uint64_t status = 0;

	switch (m->type) {
	case WIRE_WAIT:
		if (isatty(STDERR_FILENO) && m->nr)
			msg_note("session %s runs %s; waiting for it to end", c->name, m->words[0]);
		else if (m->nr)
			msg_info("session %s runs %s; waiting for it to end", c->name, m->words[0]);
		return 0;
	case WIRE_DONE:
		if (wire_number(m, 0, &status) || m->nr < 2 || status > 255)
			return client_lost(c->name, &c->wire, -EPROTO, f);
		c->result->status = (int)status;
		c->result->begun = !strcmp(m->words[1], "begun");
		c->done = true;
		return 0;
	case WIRE_REFUSED:
		return client_refused(c->name, m, f);
	default:
		return client_lost(c->name, &c->wire, -EPROTO, f);
	}
}

static int client_wait(struct client *c, struct fail *f)
{
	struct wire_message m;
	int ret, err = 0;

	while (!c->done && !err) {
		if (!client_on_signal(c))
			return fail_complete(f, EINTR, "left; what was begun ends in session '%s'", c->name);
		ret = wire_await(&c->wire, &m, CLIENT_STEP_MS);
		client_show(c);
		if (ret == -EINTR || ret == -ETIMEDOUT)
			continue;
		if (ret != 1)
			return client_lost(c->name, &c->wire, ret, f);
		err = client_hear(c, &m, f);
		wire_message_free(&m);
	}
	client_show_rest(c);
	return err;
}

int client_run(const char *name, const struct server_request *request, struct client_result *out, struct fail *f)
{
	struct client c = {.name = name, .result = out};
	int err;

	*out = (struct client_result){0};
	err = client_connect(name, &c.wire, f);
	if (err)
		return err;
	err = client_send(&c, request, f);
	if (!err)
		err = client_wait(&c, f);
	wire_close(&c.wire);
	close(c.out.from);
	close(c.err.from);
	return err;
}

static int client_ask(const char *name, struct server_held *held, struct fail *f)
{
	struct wire_message m = {0};
	struct wire w;
	int ret, err = client_connect(name, &w, f);

	if (err)
		return err;
	err = wire_say(&w, WIRE_LIST, 0, NULL);
	if (!err)
		err = wire_flush_all(&w, CLIENT_ANSWER_MS);
	while (!err && (ret = wire_await(&w, &m, CLIENT_ANSWER_MS)) == -EINTR && !session_signal)
		;
	if (err)
		err = client_lost(name, &w, err, f);
	else if (ret != 1)
		err = client_lost(name, &w, ret, f);
	else if (m.type == WIRE_REFUSED)
		err = client_refused(name, &m, f);
	else
		err = m.type == WIRE_HELD ? held_get(&m, held) : client_lost(name, &w, -EPROTO, f);
	wire_message_free(&m);
	wire_close(&w);
	return err;
}

int client_stop(const char *name, struct server_held *was, struct fail *f)
{
	struct wire_message m = {0};
	struct wire w;
	int ret, err;

	*was = (struct server_held){0};
	err = client_ask(name, was, f);
	snprintf(was->name, sizeof(was->name), "%s", name);
	if (!err)
		err = client_connect(name, &w, f);
	if (err)
		return err;
	err = wire_say(&w, WIRE_STOP, 0, NULL);
	if (!err)
		err = wire_flush_all(&w, CLIENT_ANSWER_MS);
	if (err)
		err = client_lost(name, &w, err, f);
	while (!err) {
		ret = wire_await(&w, &m, -1);
		if (ret == -EINTR && !session_signal)
			continue;
		if (ret == -EINTR)
			err = fail_complete(f, EINTR, "session '%s' is still ending", name);
		else
			err = ret == 1 ? client_refused(name, &m, f) : client_lost(name, &w, ret, f);
		break;
	}
	was->state = SERVER_ENDING;
	wire_message_free(&m);
	wire_close(&w);
	return err;
}

/* Nobody answers: is it dead, or just not that far? */
static void list_silent(int dir, struct server_held *held, bool keep)
{
	char line[256] = "";
	struct fail why = {0};
	int lock = -1, err = server_lock(dir, held->name, &lock, &why);

	if (!server_lock_read(dir, held->name, line, sizeof(line)))
		sscanf(line, "%d\t%63[^\t]\t%63[^\t]\t%63[^\t]\t%31[^\t]", &held->pid, held->backend, held->device,
		       held->driver, held->since);
	held->state = err ? SERVER_STARTING : SERVER_DEAD;
	if (err)
		return;
	if (!keep)
		server_unlink(dir, held->name, lock, false);
	close(lock);
}

static void list_one(int dir, struct server_held *held, bool keep)
{
	struct fail why = {0};
	int err = client_ask(held->name, held, &why);

	if (err == -ESRCH)
		list_silent(dir, held, keep);
	else if (err)
		held->state = err == -ESHUTDOWN ? SERVER_ENDING : SERVER_SILENT;
}

static int list_compare(const void *a, const void *b)
{
	return strcmp(((const struct server_held *)a)->name, ((const struct server_held *)b)->name);
}

/* "NAME.lock" */
static bool list_name(const char *file, char name[SERVER_NAME_MAX])
{
	const char *dot = strrchr(file, '.');

	if (!dot || strcmp(dot, ".lock") || dot - file >= SERVER_NAME_MAX)
		return false;
	snprintf(name, SERVER_NAME_MAX, "%.*s", (int)(dot - file), file);
	return buffer_name_is_valid(name);
}

static int list_names(int dir, struct server_held **out, unsigned int *nr)
{
	int copy = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct server_held *list = NULL, *more;
	struct dirent *e;
	char name[SERVER_NAME_MAX];

	*nr = 0;
	while (d && (e = readdir(d))) {
		if (!list_name(e->d_name, name))
			continue;
		more = reallocarray(list, *nr + 1, sizeof(*list));
		if (!more)
			break;
		list = more;
		list[*nr] = (struct server_held){0};
		snprintf(list[(*nr)++].name, sizeof(name), "%s", name);
	}
	if (d)
		closedir(d);
	if (*nr)
		qsort(list, *nr, sizeof(*list), list_compare);
	*out = list;
	return d ? 0 : -errno;
}

int client_list(struct server_held **out, unsigned int *nr, bool keep, struct fail *f)
{
	CLEANUP_FD int dir = -1;
	int err = server_dir_open(false, &dir, f);

	*out = NULL;
	*nr = 0;
	if (err)
		return err == -ENOENT ? 0 : err;
	err = list_names(dir, out, nr);
	if (err)
		return fail_set(f, err, "cannot read the directory of sessions");
	for (unsigned int i = 0; i < *nr && !session_signal; i++)
		list_one(dir, &(*out)[i], keep);
	return 0;
}
