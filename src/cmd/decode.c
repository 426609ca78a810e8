/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl decode: registers given as NAME=VALUE, bit by bit, and what follows from them. Asks no machine. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cmd/command.h"
#include "cmd/registers.h"

#define DECODE_MAX 32	     /* more than there are registers; none is given twice */
#define DECODE_VIOLATIONS 64 /* more than there are rules for one family */

enum { OPT_LIST = 0x100 };

static const struct argp_option decode_options[] = {
	{"list", OPT_LIST, NULL, 0, "list the registers that are known", 0},
	{0},
};

struct decode_state {
	bool list;
	unsigned int n;
	struct reg_value values[DECODE_MAX];
};

static size_t decode_family_length(const char *name)
{
	return strcspn(name, ".=");
}

/* Of an unknown name the registers of its family, else the families. */
static error_t decode_unknown(struct argp_state *state, const char *name, size_t len)
{
	size_t family = MIN(decode_family_length(name), len), used = 0;
	char known[200] = "";
	const char *last = "";

	for (size_t i = 0; registers[i] && used < sizeof(known); i++)
		if (decode_family_length(registers[i]->name) == family && !strncmp(registers[i]->name, name, family))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "",
						 registers[i]->name);
	if (used)
		return usage_error(state, "'%.*s' is no register; there is %s", (int)len, name, known);
	for (size_t i = 0; registers[i] && used < sizeof(known); i++) {
		const char *next = registers[i]->name;

		family = decode_family_length(next);
		if (strncmp(next, last, family + 1))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%.*s.*", used ? ", " : "",
						 (int)family, next);
		last = next;
	}
	return usage_error(state, "'%.*s' is no register; there is %s (--list tells all)", (int)len, name, known);
}

static error_t decode_parse_value(struct argp_state *state, const char *arg, const struct reg *reg, const char *text,
				  uint64_t *out)
{
	int err = num_parse_u64(text, out);

	if (err == -ERANGE || (!err && reg->width < 64 && *out >> reg->width))
		return usage_error(state, "%s: the register has %u bits", arg, reg->width);
	if (err && *text && !text[strspn(text, "0123456789abcdefABCDEF")])
		return usage_error(state, "%s: hexadecimal takes 0x: %s=0x%s", arg, reg->name, text);
	if (err)
		return usage_error(state, "%s: '%s' is not a number (decimal or 0x hex)", arg, text);
	return 0;
}

static error_t decode_parse_register(struct argp_state *state, const char *arg, struct decode_state *d)
{
	size_t len = strcspn(arg, "=");
	struct reg_value v = {.source = "command line"};
	char name[48];
	error_t err;

	snprintf(name, sizeof(name), "%.*s", (int)len, arg);
	v.reg = reg_find(name);
	if (!v.reg)
		return decode_unknown(state, arg, len);
	if (!arg[len])
		return usage_error(state, "'%s' has no value: %s=0x...", arg, arg);
	err = decode_parse_value(state, arg, v.reg, arg + len + 1, &v.raw);
	if (err)
		return err;
	if (reg_value_find(d->values, d->n, name))
		return usage_error(state, "%s is given twice", name);
	d->values[d->n++] = v;
	return 0;
}

static error_t decode_parse(int key, char *arg, struct argp_state *state)
{
	struct decode_state *d = state->input;

	switch (key) {
	case OPT_LIST:
		d->list = true;
		return 0;
	case ARGP_KEY_ARG:
		return decode_parse_register(state, arg, d);
	case ARGP_KEY_END:
		if (d->list && d->n)
			return usage_error(state, "--list takes no registers");
		if (!d->list && !d->n)
			return usage_error(state, "which register? for example vtd.cap=0xd2008c40660462");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void decode_list(struct report *r)
{
	report_list(r, "known");
	for (size_t i = 0; registers[i]; i++) {
		const struct reg *reg = registers[i];

		report_object(r, NULL);
		report_str(r, "name", reg->name);
		report_str(r, "title", reg->title);
		report_num(r, "width", reg->width);
		report_str(r, "spec", reg->spec);
		report_close(r);
		report_line(r, "%-22s %2u bits  %s", reg->name, reg->width, reg->title);
	}
	report_close(r);
	report_text_hide(r, "known");
}

/* Is it worth a line: not what is clear or reserved, unless asked. */
static bool decode_is_shown(const struct reg_part *part, bool all)
{
	const struct reg_field *f = part->field;

	return all || part->raw || (f && f->kind != REG_FLAG && (f->kind != REG_TEXT || f->format));
}

static int decode_name_width(const struct reg_value *v, bool all)
{
	unsigned int cursor = 0;
	struct reg_part part;
	int width = 8;

	while (reg_next(v->reg, v->raw, &cursor, &part))
		if (part.field && decode_is_shown(&part, all))
			width = MAX(width, (int)strlen(part.field->name));
	return width;
}

static void decode_text(struct report *r, const struct reg_value *v, bool all)
{
	char bits[8], meaning[200], raw[24];
	int width = decode_name_width(v, all);
	unsigned int cursor = 0, hidden = 0;
	struct reg_part part;

	report_line(r, "%s = 0x%0*" PRIx64 "  %s", v->reg->name, (int)v->reg->width / 4, v->raw, v->reg->title);
	while (reg_next(v->reg, v->raw, &cursor, &part)) {
		if (!decode_is_shown(&part, all)) {
			hidden += part.field != NULL;
			continue;
		}
		snprintf(raw, sizeof(raw), "0x%" PRIx64, part.raw);
		report_line(r, "  %5s  %-*s  %6s  %s", reg_bits_text(part.high, part.low, bits, sizeof(bits)), width,
			    part.field ? part.field->name : "reserved", raw,
			    part.field ? register_meaning(v, &part, meaning, sizeof(meaning))
				       : "reserved, or not known");
	}
	if (hidden)
		report_line(r, "  %u field%s clear (-v shows %s)", hidden, hidden > 1 ? "s are" : " is",
			    hidden > 1 ? "them" : "it");
	report_line(r, "%s", "");
}

static void decode_report_fact(struct report *r, const char *family, int len, const struct reg_fact *f)
{
	char name[24];

	snprintf(name, sizeof(name), "%.*s", len, family);
	report_object(r, NULL);
	report_str(r, "family", name);
	report_str(r, "name", f->name);
	report_bool(r, "has", f->has);
	report_num(r, "value", f->value);
	report_str(r, "text", f->text);
	report_close(r);
	report_line(r, "  %-20s  %s", f->name, f->text);
}

/* A family at a time: the rules are those of one IOMMU. Families in the order in which they were given. */
static void decode_facts(struct report *r, const struct decode_state *d)
{
	struct reg_fact facts[REG_FACTS_MAX];

	report_list(r, "facts");
	for (unsigned int i = 0; i < d->n; i++) {
		const char *name = d->values[i].reg->name;
		size_t len = decode_family_length(name);
		struct reg_value family[DECODE_MAX];
		unsigned int n = 0, count;
		bool seen = false;

		for (unsigned int j = 0; j < d->n; j++) {
			if (strncmp(d->values[j].reg->name, name, len + 1))
				continue;
			seen = seen || j < i;
			family[n++] = d->values[j];
		}
		count = seen ? 0 : reg_facts(family, n, facts);
		if (count)
			report_line(r, "what follows for %.*s:", (int)len, name);
		for (unsigned int f = 0; f < count; f++)
			decode_report_fact(r, name, (int)len, &facts[f]);
		if (count)
			report_line(r, "%s", "");
	}
	report_close(r);
}

static void decode_violations(struct report *r, const struct decode_state *d)
{
	struct reg_violation found[DECODE_VIOLATIONS];
	unsigned int n = reg_violations(d->values, d->n, found, DECODE_VIOLATIONS);

	report_list(r, "violations");
	if (n)
		report_line(r, "what the specification forbids:");
	for (unsigned int i = 0; i < n; i++) {
		report_object(r, NULL);
		report_str(r, "register", found[i].value->reg->name);
		report_str(r, "field", found[i].field);
		report_hex(r, "value", found[i].value->raw);
		report_str(r, "text", found[i].text);
		report_close(r);
		report_line(r, "  %s: %s", found[i].value->reg->name, found[i].text);
	}
	report_close(r);
}

static int decode_execute(struct command_run *run, void *arg)
{
	const struct decode_state *d = arg;
	struct report *r = run->report;

	run->shows = true;
	if (d->list) {
		decode_list(r);
		return 0;
	}
	report_list(r, "registers");
	for (unsigned int i = 0; i < d->n; i++) {
		register_report(r, &d->values[i]);
		report_close(r);
		decode_text(r, &d->values[i], run->globals->verbosity > 0);
	}
	report_close(r);
	decode_facts(r, d);
	decode_violations(r, d);
	report_text_hide(r, "registers");
	report_text_hide(r, "facts");
	report_text_hide(r, "violations");
	return 0;
}

const struct command command_decode = {
	.name = "decode",
	.summary = "decode register values, without a machine (-v: clear and reserved bits too)",
	.args_doc = "NAME=VALUE...",
	.options = decode_options,
	.state_size = sizeof(struct decode_state),
	.parse = decode_parse,
	.execute = decode_execute,
	.scriptable = true,
};
