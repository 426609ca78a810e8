/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of values: adding, replacing, finding, freeing, and one-line text. */
#include "out/value.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"

struct value *value_find(const struct value *object, const char *key)
{
	for (struct value *v = object->first; v; v = v->next)
		if (v->key && strcmp(v->key, key) == 0)
			return v;
	return NULL;
}

void value_clear(struct value *v)
{
	if (v->type == VALUE_STR)
		free(v->str);
	if (v->type == VALUE_RANGES)
		free(v->ranges);
	while (value_is_container(v) && v->first) {
		struct value *child = v->first;

		v->first = child->next;
		value_clear(child);
		free(child->key);
		free(child);
	}
	v->type = VALUE_NULL;
}

struct value *value_add(struct value *parent, const char *key)
{
	struct value *v = parent->type == VALUE_OBJECT ? value_find(parent, key) : NULL;

	if (v) {
		value_clear(v);
		return v;
	}
	v = calloc(1, sizeof(*v));
	if (!v)
		return NULL;
	if (parent->type == VALUE_OBJECT) {
		v->key = utf8_dup(key);
		if (!v->key) {
			free(v);
			return NULL;
		}
	}
	v->parent = parent;
	if (parent->last)
		parent->last->next = v;
	else
		parent->first = v;
	parent->last = v;
	parent->count++;
	return v;
}

bool value_add_range(struct value *v, uint64_t iova, uint64_t length)
{
	size_t room = v->room ? 2 * v->room : 16;
	struct value_range *grown;

	if (v->nr_ranges == v->room) {
		grown = reallocarray(v->ranges, room, sizeof(*grown));
		if (!grown)
			return false;
		v->ranges = grown;
		v->room = room;
	}
	v->ranges[v->nr_ranges++] = (struct value_range){iova, length};
	return true;
}

static void value_print_ranges(FILE *to, const struct value *v)
{
	for (size_t i = 0; i < v->nr_ranges; i++)
		fprintf(to, "%siova=0x%" PRIx64 " length=%" PRIu64, i ? "; " : "", v->ranges[i].iova,
			v->ranges[i].length);
}

static void value_print_members(FILE *to, const struct value *v)
{
	for (const struct value *child = v->first; child; child = child->next) {
		if (child != v->first)
			fputs(child->type == VALUE_OBJECT ? "; " : v->type == VALUE_OBJECT ? " " : ",", to);
		if (child->key) {
			utf8_print(to, child->key);
			fputc('=', to);
		}
		value_print(to, child);
	}
}

/* Four digits are what a person reads; a rate in the thousands keeps all of its whole part. */
static void value_print_real(FILE *to, double real)
{
	if (fabs(real) >= 1000 && fabs(real) < 1e15)
		fprintf(to, "%.0f", real);
	else
		fprintf(to, "%.4g", real);
}

void value_print(FILE *to, const struct value *v)
{
	if (!v || v->type == VALUE_NULL || value_is_empty(v) || (v->type == VALUE_STR && !v->str[0])) {
		fputc('-', to);
		return;
	}
	switch (v->type) {
	case VALUE_STR:
		utf8_print(to, v->str);
		break;
	case VALUE_NUM:
		fprintf(to, "%" PRIu64, v->num);
		break;
	case VALUE_HEX:
		fprintf(to, "0x%" PRIx64, v->num);
		break;
	case VALUE_REAL:
		value_print_real(to, v->real);
		break;
	case VALUE_BOOL:
		fputs(v->boolean ? "yes" : "no", to);
		break;
	case VALUE_RANGES:
		value_print_ranges(to, v);
		break;
	default:
		value_print_members(to, v);
	}
}

char *value_text(const struct value *v)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	bool failed;

	if (!to)
		return NULL;
	value_print(to, v);
	failed = ferror(to);
	if (fclose(to) || failed) {
		free(text);
		return NULL;
	}
	return text;
}
