/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From words to a command's options: one argp parser per command with the global options as its child. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/num.h"
#include "cmd/command.h"

struct parse_input {
	const struct command *cmd;
	void *state;
	struct globals *globals;
	const char *script; /* "FILE:12", NULL on the command line */
	struct fail *fail;  /* where a script's usage errors go */
	bool said;
};

/* The parse under way, for usage_error: argp keeps a hook per parser, and the globals' one is not ours. One at a time. */
static struct parse_input *parse_current;

/* argp hands each parser its own input; commands get their state, the globals' parser the globals. */
static error_t parse_one(int key, char *arg, struct argp_state *state)
{
	struct parse_input *in = state->input;
	error_t err;

	if (key == ARGP_KEY_INIT) {
		state->child_inputs[0] = in->globals;
		return 0;
	}
	if (key == ARGP_KEY_ERROR && !in->said)
		return usage_bad_word(state, in->cmd->options);
	if (!in->cmd->parse)
		return ARGP_ERR_UNKNOWN;
	state->input = in->state;
	err = in->cmd->parse(key, arg, state);
	state->input = in;
	return err;
}

int command_parse(const struct command *cmd, int argc, char **argv, struct globals *globals, const char *script,
		  struct fail *f, void **out)
{
	struct argp_child children[] = {{&globals_argp, 0, "Global options:", 100}, {0}};
	struct argp argp = {.options = cmd->options,
			    .parser = parse_one,
			    .args_doc = cmd->args_doc,
			    .doc = cmd->summary,
			    .children = children};
	struct parse_input in = {.cmd = cmd, .globals = globals, .script = script, .fail = f};
	CLEANUP_FREE char *name = NULL;
	char *saved = argv[0];
	unsigned int flags = ARGP_NO_ERRS | ARGP_NO_HELP | (script ? ARGP_NO_EXIT : 0);
	error_t err;

	in.state = calloc(1, MAX(cmd->state_size, (size_t)1));
	if (!in.state || asprintf(&name, "iommuctl %s", cmd->name) < 0) {
		free(in.state);
		msg_error("%s: out of memory", cmd->name);
		return USAGE_STATUS;
	}
	if (cmd->defaults)
		cmd->defaults(in.state);
	argv[0] = name;
	parse_current = &in;
	err = argp_parse(&argp, argc, argv, flags, NULL, &in);
	parse_current = NULL;
	argv[0] = saved;
	if (err) {
		command_state_free(cmd, in.state);
		if (script && !in.said)
			fail_usage(f, EINVAL, "%s: %s: the line cannot be read", script, cmd->name);
		return USAGE_STATUS;
	}
	*out = in.state;
	return 0;
}

void command_state_free(const struct command *cmd, void *state)
{
	if (!state)
		return;
	if (cmd->release)
		cmd->release(state);
	free(state);
}

error_t usage_error(struct argp_state *state, const char *fmt, ...)
{
	char text[256];
	const char *name = state->name, *command;
	struct parse_input *in = parse_current;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* argp's name is "iommuctl compare"; messages say "compare: ...", hints name the command line */
	command = strchr(name, ' ');
	if (in && in->script) {
		in->said = true;
		fail_usage(in->fail, EINVAL, "%.80s: %s: %s", in->script, command ? command + 1 : "", text);
		fail_hint(in->fail, "see `%s --help`", name);
		return EINVAL;
	}
	msg_error("%s%s%s", command ? command + 1 : "", command ? ": " : "", text);
	msg_hint("see `%s --help`", command ? name : "iommuctl");
	exit(USAGE_STATUS);
}

/* The option that @word (--NAME or --NAME=VALUE) means; *count = how many it may mean. */
static const struct argp_option *parse_find_option(const struct argp_option *o, const char *word, unsigned int *count)
{
	size_t n = strcspn(word + 2, "=");
	const struct argp_option *found = NULL;

	for (; o && (o->name || o->key || o->doc); o++) {
		if (!o->name || strncmp(o->name, word + 2, n))
			continue;
		found = o;
		++*count;
		if (!o->name[n]) {
			*count = 1;
			break;
		}
	}
	return found;
}

error_t usage_bad_word(struct argp_state *state, const struct argp_option *own)
{
	const char *word = state->argv[state->next - 1], *next = state->argv[state->next];
	const struct argp_option *o, *global;
	unsigned int count = 0, globals = 0;

	if (word[0] == '-' && word[1] && word[1] != '-' && !word[2])
		for (o = own; o && (o->name || o->key || o->doc); o++)
			if (o->key == word[1] && o->arg)
				return usage_error(state, "option '%s' needs a value: %s", word, o->arg);
	if (word[0] == '-' && word[1] && word[1] != '-')
		return usage_error(state, "unknown option '%s'", word);
	if (word[0] != '-' || !word[1] || !word[2])
		return usage_error(state, "one word too many: '%s'", next ? next : word);
	o = parse_find_option(own, word, &count);
	global = parse_find_option(globals_argp.options, word, &globals);
	if (count + globals == 0)
		return usage_error(state, "unknown option '%s'", word);
	if (count + globals > 1)
		return usage_error(state, "option '%s' can mean several", word);
	o = o ? o : global;
	if (o->arg && !strchr(word, '='))
		return usage_error(state, "option '--%s' needs a value: %s", o->name, o->arg);
	if (!o->arg && strchr(word, '='))
		return usage_error(state, "option '--%s' takes no value", o->name);
	return usage_error(state, "one word too many: '%s'", next ? next : word);
}

error_t parse_size(struct argp_state *state, const char *option, const char *arg, uint64_t *out)
{
	int err = num_parse_size(arg, out);

	if (err == -ERANGE)
		return usage_error(state, "%s: '%s' does not fit in 64 bits", option, arg);
	if (err)
		return usage_error(state, "%s: '%s' is not a size (such as 4096, 0x1000, 64K, 2M)", option, arg);
	return 0;
}

error_t parse_u64(struct argp_state *state, const char *option, const char *arg, uint64_t *out)
{
	int err = num_parse_u64(arg, out);

	if (err == -ERANGE)
		return usage_error(state, "%s: '%s' does not fit in 64 bits", option, arg);
	if (err)
		return usage_error(state, "%s: '%s' is not a number (decimal or 0x hex)", option, arg);
	return 0;
}

error_t parse_choice(struct argp_state *state, const char *option, const char *arg, const char *const *names, int *out)
{
	char list[256] = "";
	size_t used = 0;

	for (int i = 0; names[i]; i++) {
		if (!strcmp(arg, names[i])) {
			*out = i;
			return 0;
		}
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", names[i]);
	}
	return usage_error(state, "%s: '%s' is none of %s", option, arg, list);
}
