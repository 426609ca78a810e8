/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree as JSON. The only file that knows the JSON library. */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "out/render.h"

/*
 * Lists of ranges are not given to the library: in their place stands a byte that no JSON text has, and where it comes they are written.
 * They come in the order in which they were met.
 */
#define JSON_RANGES '\1'
struct json_build {
	const struct value **ranges;
	size_t nr;
};

static int json_from_value(const struct value *v, struct json_build *b, struct json_object **out);

/* The shorter form where it reads back as the same number; always with a point, whatever the locale. */
static struct json_object *json_from_real(double real)
{
	char text[40], *comma;

	snprintf(text, sizeof(text), "%.15g", real);
	if (strtod(text, NULL) != real)
		snprintf(text, sizeof(text), "%.17g", real);
	comma = strchr(text, ',');
	if (comma)
		*comma = '.';
	return json_object_new_double_s(real, text);
}

static struct json_object *json_from_scalar(const struct value *v)
{
	char hex[24];

	switch (v->type) {
	case VALUE_NUM:
		return json_object_new_uint64(v->num);
	case VALUE_HEX:
		snprintf(hex, sizeof(hex), "0x%" PRIx64, v->num);
		return json_object_new_string(hex);
	case VALUE_REAL:
		return json_from_real(v->real);
	case VALUE_BOOL:
		return json_object_new_boolean(v->boolean);
	default:
		return json_object_new_string(v->str);
	}
}

/* Takes @child. */
static int json_add(struct json_object *parent, const char *key, struct json_object *child)
{
	int ret = key ? json_object_object_add(parent, key, child) : json_object_array_add(parent, child);

	if (ret)
		json_object_put(child);
	return ret ? -ENOMEM : 0;
}

static int json_put_mark(struct json_object *json, struct printbuf *to, int level, int flags)
{
	static const char mark[] = {JSON_RANGES};

	return printbuf_memappend(to, mark, 1);
}

static int json_from_ranges(const struct value *v, struct json_build *b, struct json_object **out)
{
	const struct value **grown = reallocarray(b->ranges, b->nr + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	b->ranges = grown;
	b->ranges[b->nr++] = v;
	*out = json_object_new_array();
	if (!*out)
		return -ENOMEM;
	json_object_set_serializer(*out, json_put_mark, NULL, NULL);
	return 0;
}

static int json_from_container(const struct value *v, struct json_build *b, struct json_object **out)
{
	struct json_object *json = v->type == VALUE_LIST ? json_object_new_array() : json_object_new_object();
	int ret = json ? 0 : -ENOMEM;

	for (const struct value *child = v->first; child && !ret; child = child->next) {
		struct json_object *member;

		ret = json_from_value(child, b, &member);
		if (!ret)
			ret = json_add(json, child->key, member);
	}
	if (ret)
		json_object_put(json);
	else
		*out = json;
	return ret;
}

/* NULL in *@out is JSON's null, as the library has it: so memory failures need a return value of their own. */
static int json_from_value(const struct value *v, struct json_build *b, struct json_object **out)
{
	*out = NULL;
	if (v->type == VALUE_RANGES)
		return json_from_ranges(v, b, out);
	if (value_is_container(v))
		return json_from_container(v, b, out);
	/* JSON has no word for what is not a number or has no end. */
	if (v->type == VALUE_NULL || (v->type == VALUE_REAL && !isfinite(v->real)))
		return 0;
	*out = json_from_scalar(v);
	return *out ? 0 : -ENOMEM;
}

static void json_write_ranges(const struct value *v, FILE *to)
{
	putc('[', to);
	for (size_t i = 0; i < v->nr_ranges; i++)
		fprintf(to, "%s{\"iova\":\"0x%" PRIx64 "\",\"length\":%" PRIu64 "}", i ? "," : "", v->ranges[i].iova,
			v->ranges[i].length);
	putc(']', to);
}

/* One line. 0 or -ENOMEM; a failed write shows in ferror(). */
static int json_write(const struct value *root, FILE *to)
{
	struct json_build b = {0};
	struct json_object *json = NULL;
	const char *text = NULL, *mark;
	int ret = json_from_value(root, &b, &json);
	size_t n = 0;

	if (!ret)
		text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!ret && !text)
		ret = -ENOMEM;
	for (; !ret && (mark = strchr(text, JSON_RANGES)); text = mark + 1) {
		fwrite(text, 1, (size_t)(mark - text), to);
		json_write_ranges(b.ranges[n++], to);
	}
	if (!ret)
		fprintf(to, "%s\n", text);
	json_object_put(json);
	free(b.ranges);
	return ret;
}

int json_line(const struct value *root, char **text, size_t *length)
{
	FILE *to = open_memstream(text, length);
	int ret = to ? json_write(root, to) : -ENOMEM;

	if (to && (fclose(to) || ret)) {
		free(*text);
		*text = NULL;
		ret = -ENOMEM;
	}
	return ret;
}

int render_json(const struct report *r, FILE *to)
{
	return json_write(&r->root, to);
}
