/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command table, the top-level parser, signals and the exit status. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/msg.h"
#include "base/rng.h"
#include "cmd/command.h"
#include "dev/dev.h"
#include "out/lists.h"

/* One in a line. */
/* clang-format off */
const struct command *const commands[] = {
	&command_list, /* in the order of --help */
	&command_caps,
	&command_decode,
	&command_audit,
	&command_watch,
	&command_capture,
	&command_bind,
	&command_unbind,
	&command_map,
	&command_unmap,
	&command_maps,
	&command_fill,
	&command_check,
	&command_dma,
	&command_free,
	&command_ioas,
	&command_hwpt,
	&command_attach,
	&command_detach,
	&command_destroy,
	&command_hwinfo,
	&command_faultq,
	&command_viommu,
	&command_replace,
	&command_vaddr,
	&command_memory,
	&command_limits,
	&command_device,
	&command_compare,
	&command_stress,
	&command_diagnose,
	&command_repro,
	&command_dirty,
	&command_bench,
	&command_recipe,
	&command_migration,
	&command_run_script,
	&command_sessions,
	NULL,
};
/* clang-format on */

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

enum { OPT_LIST_CMDS = 0x2000, OPT_LIST_OPTS };

static const struct argp_option main_options[] = {
	{"list-cmds", OPT_LIST_CMDS, NULL, 0, "print the commands, one per line", 0},
	{"list-opts", OPT_LIST_OPTS, "CMD", 0, "print the options of a command, one per line", 0},
	{0},
};

struct main_input {
	struct globals *globals;
	int command_at; /* index in argv, 0 = none */
	bool list_cmds;
	const char *list_opts;
};

static error_t main_parse(int key, char *arg, struct argp_state *state)
{
	struct main_input *in = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = in->globals;
		return 0;
	case OPT_LIST_CMDS:
		in->list_cmds = true;
		return 0;
	case OPT_LIST_OPTS:
		in->list_opts = arg;
		return 0;
	case ARGP_KEY_ERROR:
		return usage_bad_word(state, main_options);
	case ARGP_KEY_ARG:
		/* everything from here on belongs to the command's own parser */
		in->command_at = state->next - 1;
		state->next = state->argc;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The table of commands below the options, made from the table of commands. */
static char *main_help(int key, const char *text, void *input)
{
	char *out = NULL;
	size_t size = 0;
	FILE *to;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	to = open_memstream(&out, &size);
	if (!to)
		return (char *)text;
	fprintf(to, "Commands:\n");
	for (size_t i = 0; commands[i]; i++)
		fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(to, "\n`iommuctl COMMAND --help` tells of one command.");
	fclose(to);
	return out;
}

static void main_on_signal(int sig)
{
	session_signal = sig;
}

/* A device's descriptor must not become a standard stream; reading or writing these fails as it would where they are closed. */
static void main_streams(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
			exit(result_exit_status(RESULT_ERROR, 0));
}

static void main_signals(void)
{
	struct sigaction act = {.sa_handler = main_on_signal}, old;

	/* no SA_RESTART: waits end, loops see session_signal and undo everything */
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	/* nohup asked for it to be ignored */
	if (sigaction(SIGHUP, NULL, &old) || old.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* a file at its limit is an error like a full disk */
	signal(SIGXFSZ, SIG_IGN);
}

static void main_list_options(const struct argp_option *o)
{
	for (; o && (o->name || o->key || o->doc); o++)
		if (o->name && !(o->flags & OPTION_HIDDEN))
			list_print(o->name, o->arg);
}

static int main_list(const struct main_input *in)
{
	const struct command *cmd;

	if (in->list_cmds) {
		for (size_t i = 0; commands[i]; i++)
			list_print_word(commands[i]->name);
		return list_end();
	}
	cmd = command_find(in->list_opts);
	if (!cmd && strcmp(in->list_opts, "")) {
		msg_error("--list-opts: '%s' is no command", in->list_opts);
		return USAGE_STATUS;
	}
	if (cmd)
		main_list_options(cmd->options);
	main_list_options(globals_argp.options);
	return list_end();
}

static void main_print_help(const struct iommu_help *h)
{
	for (; h->name; h++)
		list_print_help(h->name, h->help);
}

/* The backends; the simulated one's misbehaviours and models, as `--backend sim,help` asks for them. */
static bool main_backend_help(const struct globals *g)
{
	const char *spec = g->session.backend;

	if (spec && !strcmp(spec, "help")) {
		main_print_help(iommu_backends_help());
		return true;
	}
	if (!spec || strcmp(spec, "sim,help"))
		return false;
	main_print_help(iommu_sim_faults_help());
	main_print_help(iommu_sim_models_help());
	return true;
}

static int main_command(int argc, char **argv, struct globals *g)
{
	const struct command *cmd = command_find(argv[0]);
	void *state = NULL;
	int status;

	if (!cmd) {
		msg_error("'%s' is no command", argv[0]);
		msg_hint("`iommuctl --help` lists the commands");
		return USAGE_STATUS;
	}
	status = command_parse(cmd, argc, argv, g, NULL, NULL, &state);
	if (status)
		return status;
	msg_set_level((enum msg_level)g->verbosity);
	progress_set_mode(g->verbosity == MSG_QUIET && g->progress == PROGRESS_AUTO ? PROGRESS_NEVER : g->progress);
	if (main_backend_help(g))
		status = list_end();
	else
		status = g->session_name ? command_send(cmd, argc, argv, g, state)
					 : command_main(cmd, g, state, NULL, 0);
	command_state_free(cmd, state);
	return status;
}

int main(int argc, char **argv)
{
	static const struct argp_child children[] = {{&globals_argp, 0, "Global options (also after the command):", 1},
						     {0}};
	static const struct argp argp = {
		.options = main_options,
		.parser = main_parse,
		.args_doc = "COMMAND [OPTION...] [ARG...]",
		.doc = "Audit and stress-test IOMMUs: map, drive a device's DMA, compare, judge.\v",
		.children = children,
		.help_filter = main_help};
	struct globals g = {.session = {.seed = rng_entropy()}};
	struct main_input in = {.globals = &g};
	const char *no_color = getenv("NO_COLOR");

	argp_program_version = "iommuctl " PACKAGE_VERSION;
	argp_err_exit_status = USAGE_STATUS;
	main_streams();
	main_signals();
	if (argc > 0)
		argv[0] = (char *)"iommuctl";
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &in);
	if (in.list_cmds || in.list_opts)
		return main_list(&in);
	g.before = argv + 1;
	g.nr_before = in.command_at - 1;
	g.terminal_color = isatty(STDOUT_FILENO) && !(no_color && *no_color);
	if (!in.command_at) {
		if (main_backend_help(&g))
			return list_end();
		msg_error("no command");
		msg_hint("`iommuctl --help` lists the commands; `iommuctl compare` runs on the simulated IOMMU");
		return USAGE_STATUS;
	}
	return main_command(argc - in.command_at, argv + in.command_at, &g);
}
