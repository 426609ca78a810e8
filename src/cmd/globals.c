/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The global options: before the command or after it, parsed by the same code. */
#include <ctype.h>
#include <string.h>

#include "base/msg.h"
#include "cmd/command.h"
#include "core/session/buffer.h"
#include "out/lists.h"

enum {
	OPT_BACKEND = 0x1000,
	OPT_DEVICE,
	OPT_DRIVER,
	OPT_VF_TOKEN,
	OPT_FORMAT,
	OPT_JSON,
	OPT_TAP,
	OPT_SEED,
	OPT_SYSROOT,
	OPT_UNCHECKED,
	OPT_DRY_RUN,
	OPT_CANARY,
	OPT_ALLOW_CRASH,
	OPT_ALLOW_P2P,
	OPT_COLOR,
	OPT_PROGRESS,
	OPT_SESSION,
	OPT_USAGE,
};

static const struct argp_option globals_options[] = {
	{"backend", OPT_BACKEND, "NAME[,KEY=VALUE...]", 0,
	 "sim, vfio, vfio-v1, iommufd, iommufd-compat, mock or auto; sim,help lists misbehaviours", 0},
	{"device", OPT_DEVICE, "ID", 0, "PCI address (0000:00:04.0 or 00:04.0), UUID of a mediated device, or sim", 0},
	{"driver", OPT_DRIVER, "NAME[,KEY=VALUE...]", 0, "who drives the device's DMA; default: matched by id", 0},
	{"vf-token", OPT_VF_TOKEN, "UUID", 0, "token of the physical function, for VFs", 0},
	{"session", OPT_SESSION, "NAME", 0, "run inside of that session, which `session start NAME` began", 0},
	{"format", OPT_FORMAT, "text|json|tap", 0, "output format", 0},
	{"json", OPT_JSON, NULL, 0, "short for --format json", 0},
	{"tap", OPT_TAP, NULL, 0, "short for --format tap", 0},
	{"seed", OPT_SEED, "N", 0, "seed of every random choice", 0},
	{"sysroot", OPT_SYSROOT, "DIR", 0, "read the machine captured below DIR", 0},
	{"unchecked", OPT_UNCHECKED, NULL, 0, "pass sizes, addresses and flags to the kernel as they are", 0},
	{"dry-run", OPT_DRY_RUN, NULL, 0, "say what would be done to devices and drivers", 0},
	{"canary", OPT_CANARY, "auto|require|off", 0, "proof of translation before the first DMA", 0},
	{"allow-crash", OPT_ALLOW_CRASH, NULL, 0, "also run what may crash an affected kernel", 0},
	{"allow-p2p", OPT_ALLOW_P2P, NULL, 0, "also use IOVAs inside PCI windows", 0},
	{"quiet", 'q', NULL, 0, "errors and results only", 0},
	{"verbose", 'v', NULL, 0, "say more", 0},
	{"color", OPT_COLOR, "auto|always|never", 0, "colors in text output", 0},
	{"progress", OPT_PROGRESS, "auto|always|never", 0, "progress line on stderr", 0},
	/* argp's own are off together with its messages, which have another form than ours */
	{"help", '?', NULL, OPTION_HIDDEN, NULL, 0},
	{"usage", OPT_USAGE, NULL, OPTION_HIDDEN, NULL, 0},
	{"version", 'V', NULL, OPTION_HIDDEN, NULL, 0},
	{0},
};

static error_t globals_parse_choice(int key, const char *arg, struct argp_state *state)
{
	static const char *const formats[] = {"text", "json", "tap", NULL};
	static const char *const canaries[] = {"auto", "require", "off", NULL};
	static const char *const when[] = {"auto", "always", "never", NULL};
	struct globals *g = state->input;
	error_t err;
	int n = 0;

	switch (key) {
	case OPT_FORMAT:
		err = parse_choice(state, "--format", arg, formats, &n);
		g->format = (enum report_format)n;
		return err;
	case OPT_CANARY:
		err = parse_choice(state, "--canary", arg, canaries, &n);
		g->session.canary = (enum canary_mode)n;
		return err;
	case OPT_COLOR:
		err = parse_choice(state, "--color", arg, when, &n);
		g->color_set = n != 0;
		g->color = n == 1;
		return err;
	case OPT_PROGRESS:
		err = parse_choice(state, "--progress", arg, when, &n);
		g->progress = (enum progress_mode)n;
		return err;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t globals_parse_flag(int key, struct globals *g)
{
	switch (key) {
	case OPT_JSON:
		g->format = REPORT_JSON;
		return 0;
	case OPT_TAP:
		g->format = REPORT_TAP;
		return 0;
	case OPT_UNCHECKED:
		g->session.unchecked = true;
		return 0;
	case OPT_DRY_RUN:
		g->dry_run = true;
		return 0;
	case OPT_ALLOW_CRASH:
		g->session.allow_crash = true;
		return 0;
	case OPT_ALLOW_P2P:
		g->session.allow_p2p = true;
		return 0;
	case 'q':
		g->verbosity = MSG_QUIET;
		return 0;
	case 'v':
		g->verbosity = MSG_VERBOSE;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t globals_parse_help(int key, struct argp_state *state)
{
	if (key != '?' && key != OPT_USAGE && key != 'V')
		return ARGP_ERR_UNKNOWN;
	if (state->flags & ARGP_NO_EXIT)
		return usage_error(state, "help cannot stand in a script");
	if (key == 'V') {
		list_print_word(argp_program_version);
		exit(list_end());
	}
	state->flags &= ~(unsigned int)ARGP_NO_ERRS;
	argp_state_help(state, state->out_stream,
			key == '?' ? ARGP_HELP_STD_HELP & ~(unsigned int)ARGP_HELP_EXIT_OK : ARGP_HELP_USAGE);
	exit(list_end());
}

/* "01234567-89ab-cdef-0123-456789abcdef" */
static bool globals_is_uuid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i = 0;

	while (form[i] && (form[i] == 'x' ? isxdigit((unsigned char)text[i]) != 0 : text[i] == form[i]))
		i++;
	return !form[i] && !text[i];
}

/* They choose the session or the report, which a script's lines share: only how a line treats its numbers is its own. */
static error_t globals_parse_in_script(int key, struct argp_state *state)
{
	for (const struct argp_option *o = globals_options; o->name; o++)
		if (o->key == key && key != OPT_UNCHECKED && !(o->flags & OPTION_HIDDEN))
			return usage_error(state, "--%s cannot stand in a script's line, only before its file",
					   o->name);
	return 0;
}

static error_t globals_parse(int key, char *arg, struct argp_state *state)
{
	struct globals *g = state->input;
	bool in_script = state->flags & ARGP_NO_EXIT && !g->of_client;
	error_t err = in_script ? globals_parse_in_script(key, state) : 0;

	if (err)
		return err;
	err = globals_parse_flag(key, g);
	if (err == ARGP_ERR_UNKNOWN)
		err = globals_parse_help(key, state);
	if (err != ARGP_ERR_UNKNOWN)
		return err;
	switch (key) {
	case OPT_BACKEND:
		g->session.backend = arg;
		return 0;
	case OPT_DEVICE:
		if (g->session.device)
			return usage_error(state, "--device: it takes one device, %s, not also '%s'", g->session.device,
					   arg);
		g->session.device = arg;
		return 0;
	case OPT_DRIVER:
		g->session.driver = arg;
		return 0;
	case OPT_VF_TOKEN:
		if (!globals_is_uuid(arg))
			return usage_error(state, "--vf-token: '%s' is not a UUID (8-4-4-4-12 hex digits)", arg);
		g->session.vf_token = arg;
		return 0;
	case OPT_SEED:
		return parse_u64(state, "--seed", arg, &g->session.seed);
	case OPT_SESSION:
		if (!buffer_name_is_valid(arg))
			return usage_error(state,
					   "--session: '%.64s' is not a session's name ([a-z][a-z0-9_-]*, at most %d)",
					   arg, BUFFER_NAME_MAX - 1);
		g->session_name = arg;
		return 0;
	case OPT_SYSROOT:
		g->sysroot = arg;
		return 0;
	default:
		return globals_parse_choice(key, arg, state);
	}
}

const struct argp globals_argp = {.options = globals_options, .parser = globals_parse};
