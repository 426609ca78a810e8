/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree as JSON. The only file that knows the JSON library. */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "out/render.h"

static int json_from_value(const struct value *v, struct json_object **out);

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

static int json_from_container(const struct value *v, struct json_object **out)
{
	struct json_object *json = v->type == VALUE_LIST ? json_object_new_array() : json_object_new_object();
	int ret = json ? 0 : -ENOMEM;

	for (const struct value *child = v->first; child && !ret; child = child->next) {
		struct json_object *member;

		ret = json_from_value(child, &member);
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
static int json_from_value(const struct value *v, struct json_object **out)
{
	*out = NULL;
	if (value_is_container(v))
		return json_from_container(v, out);
	/* JSON has no word for what is not a number or has no end. */
	if (v->type == VALUE_NULL || (v->type == VALUE_REAL && !isfinite(v->real)))
		return 0;
	*out = json_from_scalar(v);
	return *out ? 0 : -ENOMEM;
}

int json_line(const struct value *root, char **text, size_t *length)
{
	struct json_object *json;
	const char *string;
	int ret = json_from_value(root, &json);

	if (ret)
		return ret;
	string = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	*length = string ? strlen(string) + 1 : 0;
	*text = string ? malloc(*length) : NULL;
	if (*text) {
		memcpy(*text, string, *length - 1);
		(*text)[*length - 1] = '\n';
	}
	json_object_put(json);
	return *text ? 0 : -ENOMEM;
}

int render_json(const struct report *r, FILE *to)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	int ret = json_line(&r->root, &text, &length);

	if (!ret)
		fwrite(text, 1, length, to);
	return ret;
}
