/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --session: a command line goes to a session, and what comes of it is shown as if it had run here. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/msg.h"
#include "cmd/command.h"
#include "core/server/server.h"

bool command_fits_session(const struct command *cmd, const void *state)
{
	return command_opens_session(cmd, state) && (cmd->scriptable || cmd == &command_run_script);
}

/*
 * Descriptors have other numbers there: /dev/fd/N, as a shell's <(...) is given, becomes this process's own. NULL without memory; else
 * the word or a longer one, to be freed.
 */
static char *send_word(const char *word)
{
	static const char *const own[] = {"/dev/fd/", "/proc/self/fd/"};
	char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		const char *at = strstr(word, own[i]);

		/* --option=/dev/fd/63 */
		if (!at || (at != word && at[-1] != '=' && at[-1] != ':'))
			continue;
		return asprintf(&text, "%.*s/proc/%d/fd/%s", (int)(at - word), word, getpid(), at + strlen(own[i])) < 0
			       ? NULL
			       : text;
	}
	return strdup(word);
}

static void send_free(char **words)
{
	for (char **w = words; w && *w; w++)
		free(*w);
	free(words);
}

/* The command first: global options mean the same behind it. */
static char **send_words(int argc, char **argv, const struct globals *g, int *nr)
{
	char **words = calloc((size_t)argc + (size_t)g->nr_before + 1, sizeof(*words));
	int n = 0, last = g->nr_before;

	if (!words)
		return NULL;
	/* it ended the options before the command only */
	if (last && !strcmp(g->before[last - 1], "--"))
		last--;
	for (int i = -1; i < last; i++, n++)
		if (!(words[n] = i < 0 ? strdup(argv[0]) : send_word(g->before[i])))
			goto out_free;
	for (int i = 1; i < argc; i++, n++)
		if (!(words[n] = send_word(argv[i])))
			goto out_free;
	*nr = n;
	return words;
out_free:
	send_free(words);
	return NULL;
}

static void send_facts(struct server_request *r, const struct globals *g)
{
	struct winsize size = {0};

	r->mask = umask(077);
	umask(r->mask);
	r->color = g->terminal_color;
	r->terminal = isatty(STDERR_FILENO);
	if (r->terminal && !ioctl(STDERR_FILENO, TIOCGWINSZ, &size))
		r->columns = size.ws_col;
}

/* The exit status where the result could not be written: worse than what went well, not than what was found. */
static int send_status(const struct command *cmd, const struct client_result *result)
{
	if (!result->out_err)
		return result->status;
	msg_error("%s: cannot write the result: %s", cmd->name, strerror(-result->out_err));
	return result->status && result->status != result_exit_status(RESULT_SKIP, 0)
		       ? result->status
		       : result_exit_status(RESULT_ERROR, 0);
}

int command_send(const struct command *cmd, int argc, char **argv, struct globals *g, const void *state)
{
	struct server_request request = {0};
	struct client_result result;
	struct fail why = {0};
	int err;

	if (g->sysroot)
		fail_usage(&why, EINVAL, "a session is of this machine: not with --sysroot");
	else if (!command_fits_session(cmd, state))
		fail_usage(&why, EINVAL, "it does not run inside of a session: leave out --session");
	if (why.err)
		return command_main_failed(cmd, g, &why);
	request.argv = send_words(argc, argv, g, &request.argc);
	if (!request.argv) {
		fail_set(&why, ENOMEM, "cannot send the command");
		return command_main_failed(cmd, g, &why);
	}
	send_facts(&request, g);
	err = client_run(g->session_name, &request, &result, &why);
	send_free(request.argv);
	if (err)
		return command_main_failed(cmd, g, &why);
	if (!result.begun) {
		session_signal = result.signal;
		return command_main_failed(cmd, g, NULL);
	}
	return send_status(cmd, &result);
}
