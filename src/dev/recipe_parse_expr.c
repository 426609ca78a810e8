/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recipe's expressions, put into postfix order; what is constant is computed here. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "dev/recipe_parse.h"

/* Of parentheses and ~, so that a line full of them does not become our stack. */
#define EXPR_DEPTH_MAX 16

struct expr_parser {
	struct parser *p;
	struct recipe_expr *e;
	const char *what;
	unsigned int depth;
};

struct expr_operator {
	char text[3];
	unsigned int binds; /* the higher the tighter, in the order of C */
	enum recipe_op op;
};

static const struct expr_operator operators[] = {
	{"|", 1, RECIPE_OP_OR},	  {"^", 2, RECIPE_OP_XOR},  {"&", 3, RECIPE_OP_AND},
	{"<<", 4, RECIPE_OP_SHL}, {">>", 4, RECIPE_OP_SHR}, {"+", 5, RECIPE_OP_ADD},
	{"-", 5, RECIPE_OP_SUB},  {"*", 6, RECIPE_OP_MUL},  {"%", 6, RECIPE_OP_MOD},
};

static int expr_binary(struct expr_parser *x, unsigned int binds);

static int expr_emit(struct expr_parser *x, struct place at, enum recipe_op op, uint64_t value)
{
	if (x->e->n == RECIPE_EXPR_MAX) {
		parse_error(x->p, at, "the expression has more than %d operations", RECIPE_EXPR_MAX);
		return parse_hint(x->p, "set a variable to a part of it");
	}
	x->e->ops[x->e->n].op = op;
	x->e->ops[x->e->n++].value = value;
	return 0;
}

/* The value that the last @n operations are, when they are constants. */
static bool expr_constants(const struct recipe_expr *e, unsigned int n)
{
	for (unsigned int i = 1; i <= n; i++)
		if (e->n < i || e->ops[e->n - i].op != RECIPE_OP_CONST)
			return false;
	return true;
}

static int expr_apply(struct expr_parser *x, struct place at, enum recipe_op op)
{
	struct recipe_expr *e = x->e;
	unsigned int operands = op == RECIPE_OP_NOT ? 1 : 2;
	uint64_t a;

	if (op == RECIPE_OP_MOD && expr_constants(e, 1) && !e->ops[e->n - 1].value)
		return parse_error(x->p, at, "a remainder of a division by 0");
	if (!expr_constants(e, operands))
		return expr_emit(x, at, op, 0);
	a = e->ops[e->n - operands].value;
	recipe_op_apply(op, a, e->ops[e->n - 1].value, &a);
	e->n -= operands;
	return expr_emit(x, at, RECIPE_OP_CONST, a);
}

static bool expr_is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

/* A number or a name: what stands together, so that 0x1g is one mistake and not two words. */
static void expr_take(struct parser *p, struct word *w)
{
	unsigned int n = 0;

	w->place = parse_place(p);
	while (p->at < p->n && expr_is_word(p->line[p->at]))
		w->text[n++] = p->line[p->at++];
	w->text[n] = '\0';
}

static int expr_number(struct expr_parser *x, const struct word *w)
{
	uint64_t value;
	int ret = num_parse_size(w->text, &value);

	if (ret == -ERANGE)
		return parse_error(x->p, w->place, "%.40s does not fit in 64 bits", w->text);
	if (ret) {
		parse_error(x->p, w->place, "'%.40s' is no number", w->text);
		return parse_hint(x->p, "decimal or 0x hex, with K, M, G or T where wanted");
	}
	return expr_emit(x, w->place, RECIPE_OP_CONST, value);
}

static int expr_variable(struct expr_parser *x, const struct word *w)
{
	struct parser *p = x->p;
	int var = parse_find_variable(p, w->text);

	if (var < 0) {
		parse_error(p, w->place, "there is no variable '%.40s'", w->text);
		return parse_hint(p, "src, dst, len, and what the header calls a variable or a memory");
	}
	if (var < RECIPE_VAR_MEMORY && (p->which == RECIPE_INIT || p->which == RECIPE_STOP)) {
		parse_error(p, w->place, "'%s' is of a request, and '%s' has none", w->text,
			    recipe_section_name(p->which));
		return parse_hint(p, "src, dst and len are for read, write, copy and wait");
	}
	return expr_emit(x, w->place, RECIPE_OP_VAR, (uint64_t)var);
}

static int expr_inside(struct expr_parser *x, struct place at)
{
	if (expr_binary(x, 0))
		return -EINVAL;
	if (parse_at_end(x->p) || x->p->line[x->p->at] != ')')
		return parse_error(x->p, at, "the parenthesis is not closed");
	x->p->at++;
	return 0;
}

static int expr_operand(struct expr_parser *x)
{
	struct parser *p = x->p;
	struct place at = parse_place(p);
	char c = parse_at_end(p) ? '\0' : p->line[p->at];
	struct word w;
	int err;

	if (c == '(' || c == '~') {
		if (x->depth == EXPR_DEPTH_MAX)
			return parse_error(p, at, "parentheses and ~ nest deeper than %d", EXPR_DEPTH_MAX);
		x->depth++;
		p->at++;
		err = c == '(' ? expr_inside(x, at) : expr_operand(x);
		x->depth--;
		return err || c == '(' ? err : expr_apply(x, at, RECIPE_OP_NOT);
	}
	if (!c)
		return parse_error(p, at, "%s is missing", x->what);
	if (!expr_is_word(c))
		return parse_error(p, at, "'%c' stands in place of %s", c, x->what);
	expr_take(p, &w);
	return (c >= '0' && c <= '9') ? expr_number(x, &w) : expr_variable(x, &w);
}

/* The operator that comes next, not taken yet, or NULL. */
static const struct expr_operator *expr_peek(struct parser *p)
{
	if (parse_at_end(p))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		size_t n = strlen(operators[i].text);

		if (p->n - p->at >= n && !memcmp(p->line + p->at, operators[i].text, n))
			return &operators[i];
	}
	return NULL;
}

/* Those that bind tighter than @binds; equal ones from the left. */
static int expr_binary(struct expr_parser *x, unsigned int binds)
{
	const struct expr_operator *o;

	if (expr_operand(x))
		return -EINVAL;
	while ((o = expr_peek(x->p)) && o->binds > binds) {
		struct place at = parse_place(x->p);

		x->p->at += (unsigned int)strlen(o->text);
		if (expr_binary(x, o->binds) || expr_apply(x, at, o->op))
			return -EINVAL;
	}
	return 0;
}

int parse_expr(struct parser *p, struct recipe_expr *e, const char *what)
{
	struct expr_parser x = {.p = p, .e = e, .what = what};

	e->n = 0;
	return expr_binary(&x, 0);
}

int parse_constant(struct parser *p, const char *what, uint64_t *value)
{
	struct place at = parse_place(p);
	struct recipe_expr e;

	if (parse_expr(p, &e, what))
		return -EINVAL;
	if (!expr_constants(&e, 1))
		return parse_error(p, at, "%s is a constant: no variable can be in it", what);
	*value = e.ops[0].value;
	return 0;
}

int parse_find_variable(const struct parser *p, const char *name)
{
	for (unsigned int i = 0; i < p->r->nr_vars; i++)
		if (*name && !strcmp(p->r->var_names[i], name))
			return (int)i;
	return -1;
}

int parse_variable(struct parser *p, unsigned int *var)
{
	struct word w;
	int found;

	parse_at_end(p);
	expr_take(p, &w);
	if (!w.text[0])
		return parse_error(p, w.place, "a variable is missing");
	found = parse_find_variable(p, w.text);
	if (found >= 0 && found < RECIPE_BUILTINS)
		return parse_error(p, w.place, "'%s' cannot be set: its value is given", w.text);
	if (found < 0) {
		parse_error(p, w.place, "there is no variable '%.40s'", w.text);
		return parse_hint(p, "the header declares it: variable NAME");
	}
	*var = (unsigned int)found;
	return 0;
}

int parse_memory(struct parser *p, unsigned int *memory)
{
	struct word w;

	parse_at_end(p);
	expr_take(p, &w);
	if (!w.text[0])
		return parse_error(p, w.place, "a memory is missing");
	for (unsigned int i = 0; i < p->r->nr_memories; i++)
		if (!strcmp(p->r->memory_names[i], w.text)) {
			*memory = i;
			return 0;
		}
	parse_error(p, w.place, "there is no memory '%.40s'", w.text);
	return parse_hint(p, "the header declares it: memory NAME");
}
