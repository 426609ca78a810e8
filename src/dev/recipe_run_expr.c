/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions of a recipe: checked, constants folded, evaluated on a stack that cannot overflow. */
#include <errno.h>
#include <string.h>

#include "dev/recipe_run.h"

/* How many values an operation takes; it leaves one. -1: there is no such operation. */
static int recipe_op_takes(enum recipe_op op)
{
	switch (op) {
	case RECIPE_OP_CONST:
	case RECIPE_OP_VAR:
		return 0;
	case RECIPE_OP_NOT:
		return 1;
	case RECIPE_OP_ADD:
	case RECIPE_OP_SUB:
	case RECIPE_OP_MUL:
	case RECIPE_OP_AND:
	case RECIPE_OP_OR:
	case RECIPE_OP_XOR:
	case RECIPE_OP_SHL:
	case RECIPE_OP_SHR:
	case RECIPE_OP_MOD:
		return 2;
	}
	return -1;
}

static bool recipe_expr_is_sound(const struct recipe_expr *e, unsigned int nr_vars)
{
	unsigned int depth = 0;

	if (e->n == 0 || e->n > RECIPE_EXPR_MAX)
		return false;
	for (unsigned int i = 0; i < e->n; i++) {
		int takes = recipe_op_takes(e->ops[i].op);

		if (takes < 0 || depth < (unsigned int)takes ||
		    (e->ops[i].op == RECIPE_OP_VAR && e->ops[i].value >= nr_vars))
			return false;
		depth += 1 - (unsigned int)takes;
	}
	return depth == 1;
}

/* Operations on constants become their result. False: a division by a constant 0. */
static bool recipe_expr_fold(struct recipe_expr *out, const struct recipe_expr *e)
{
	out->n = 0;
	for (unsigned int i = 0; i < e->n; i++) {
		enum recipe_op op = e->ops[i].op;
		unsigned int takes = (unsigned int)recipe_op_takes(op), n = out->n;
		bool last = n >= 1 && out->ops[n - 1].op == RECIPE_OP_CONST;

		if (op == RECIPE_OP_MOD && last && out->ops[n - 1].value == 0)
			return false;
		if (takes == 1 && last) {
			out->ops[n - 1].value = ~out->ops[n - 1].value;
		} else if (takes == 2 && last && n >= 2 && out->ops[n - 2].op == RECIPE_OP_CONST) {
			recipe_op_apply(op, out->ops[n - 2].value, out->ops[n - 1].value, &out->ops[n - 2].value);
			out->n--;
		} else {
			out->ops[out->n++] = e->ops[i];
		}
	}
	return true;
}

int recipe_value_init(struct recipe_value *v, const struct recipe_expr *e, unsigned int nr_vars, bool optional,
		      uint64_t absent)
{
	struct recipe_expr folded;

	*v = (struct recipe_value){.constant = absent};
	if (optional && e->n == 0)
		return 0;
	if (!recipe_expr_is_sound(e, nr_vars) || !recipe_expr_fold(&folded, e))
		return -EINVAL;
	if (folded.n == 1 && folded.ops[0].op == RECIPE_OP_CONST) {
		v->constant = folded.ops[0].value;
	} else if (folded.n == 1) {
		v->kind = RECIPE_IS_VAR;
		v->var = (unsigned int)folded.ops[0].value;
	} else {
		v->kind = RECIPE_IS_EXPR;
		v->expr = malloc(sizeof(*v->expr));
		if (!v->expr)
			return -ENOMEM;
		*v->expr = folded;
	}
	return 0;
}

void recipe_value_free(struct recipe_value *v)
{
	free(v->expr);
	v->expr = NULL;
}

uint64_t recipe_expr_eval(struct recipe_run *run, const struct recipe_expr *e)
{
	uint64_t stack[RECIPE_EXPR_MAX + 1];
	unsigned int n = 0;

	for (unsigned int i = 0; i < e->n; i++) {
		switch (e->ops[i].op) {
		case RECIPE_OP_CONST:
			stack[n++] = e->ops[i].value;
			break;
		case RECIPE_OP_VAR:
			stack[n++] = run->vars[e->ops[i].value];
			break;
		case RECIPE_OP_NOT:
			stack[n - 1] = ~stack[n - 1];
			break;
		default:
			if (!recipe_op_apply(e->ops[i].op, stack[n - 2], stack[n - 1], &stack[n - 2]))
				run->modulo_zero = true;
			n--;
			break;
		}
	}
	return stack[0];
}
