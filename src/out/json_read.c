/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON in: text that nobody can be trusted for becomes a tree of values, or one phrase on what is wrong. */
#include "out/json_read.h"

#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "out/value.h"

static int json_take(struct json_object *from, struct value *to, const char **why);

static int json_take_str(struct json_object *from, struct value *to, const char **why)
{
	const char *s = json_object_get_string(from);

	if (strlen(s) != (size_t)json_object_get_string_len(from)) {
		*why = "a string holds a zero byte";
		return -EBADMSG;
	}
	to->str = utf8_dup(s);
	if (!to->str)
		return -ENOMEM;
	to->type = VALUE_STR;
	return 0;
}

static void json_take_int(struct json_object *from, struct value *to)
{
	int64_t number = json_object_get_int64(from);

	if (number < 0) {
		to->type = VALUE_REAL;
		to->real = (double)number;
	} else {
		to->type = VALUE_NUM;
		to->num = json_object_get_uint64(from);
	}
}

static int json_take_list(struct json_object *from, struct value *to, const char **why)
{
	size_t n = json_object_array_length(from);
	int ret = 0;

	to->type = VALUE_LIST;
	for (size_t i = 0; i < n && !ret; i++) {
		struct value *member = value_add(to, NULL);

		ret = member ? json_take(json_object_array_get_idx(from, i), member, why) : -ENOMEM;
	}
	return ret;
}

static int json_take_object(struct json_object *from, struct value *to, const char **why)
{
	int ret = 0;

	if (json_object_object_length(from) > JSON_READ_MEMBERS) {
		*why = "an object has too many members";
		return -EBADMSG;
	}
	to->type = VALUE_OBJECT;
	json_object_object_foreach(from, key, child)
	{
		struct value *member = ret ? NULL : value_add(to, key);

		if (!ret)
			ret = member ? json_take(child, member, why) : -ENOMEM;
	}
	return ret;
}

/* Deep only as far as the tokener let it. */
static int json_take(struct json_object *from, struct value *to, const char **why)
{
	switch (json_object_get_type(from)) {
	case json_type_object:
		return json_take_object(from, to, why);
	case json_type_array:
		return json_take_list(from, to, why);
	case json_type_string:
		return json_take_str(from, to, why);
	case json_type_int:
		json_take_int(from, to);
		return 0;
	case json_type_double:
		to->type = VALUE_REAL;
		to->real = json_object_get_double(from);
		return 0;
	case json_type_boolean:
		to->type = VALUE_BOOL;
		to->boolean = json_object_get_boolean(from);
		return 0;
	default:
		to->type = VALUE_NULL;
		return 0;
	}
}

/* Text has no end of its own: it is read from files as it is. */
static bool json_is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r\n", text[i]) || !text[i])
			return false;
	return true;
}

static struct json_object *json_tokens(const char *text, size_t len, const char **why)
{
	struct json_tokener *tok = json_tokener_new_ex(JSON_READ_DEPTH);
	struct json_object *json;
	enum json_tokener_error err;
	size_t end;

	*why = "out of memory";
	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	json = json_tokener_parse_ex(tok, text, (int)len);
	err = json_tokener_get_error(tok);
	end = json_tokener_get_parse_end(tok);
	json_tokener_free(tok);
	*why = err == json_tokener_continue ? "it ends in the middle" : json_tokener_error_desc(err);
	if (json && json_is_blank(text + end, len - end) && json_object_is_type(json, json_type_object))
		return json;
	if (json)
		*why = "it is not one object";
	json_object_put(json);
	return NULL;
}

static bool json_fits(const char *text, size_t len)
{
	size_t commas = 0;

	for (size_t i = 0; i < len && len <= JSON_READ_MAX; i++)
		commas += text[i] == ',';
	return len <= JSON_READ_MAX && commas <= JSON_READ_COMMAS;
}

int json_parse(const char *text, size_t len, struct value **out, char *why, size_t why_len)
{
	const char *what = "it is too large";
	struct json_object *json = json_fits(text, len) ? json_tokens(text, len, &what) : NULL;
	int ret = -EBADMSG;

	*out = NULL;
	if (json) {
		*out = calloc(1, sizeof(**out));
		ret = *out ? json_take(json, *out, &what) : -ENOMEM;
		json_object_put(json);
	}
	if (!ret)
		return 0;
	snprintf(why, why_len, "%s", what);
	json_free(*out);
	*out = NULL;
	return ret;
}

void json_free(struct value *tree)
{
	if (!tree)
		return;
	value_clear(tree);
	free(tree);
}

const struct value *json_get(const struct value *object, const char *key)
{
	return object && object->type == VALUE_OBJECT ? value_find(object, key) : NULL;
}

bool json_is_list(const struct value *v)
{
	return v && v->type == VALUE_LIST;
}

const struct value *json_first(const struct value *container)
{
	return container && value_is_container(container) ? container->first : NULL;
}

const struct value *json_next(const struct value *v)
{
	return v->next;
}

bool json_read_str(const struct value *v, const char **out)
{
	if (!v || v->type != VALUE_STR)
		return false;
	*out = v->str;
	return true;
}

bool json_read_bool(const struct value *v, bool *out)
{
	if (!v || v->type != VALUE_BOOL)
		return false;
	*out = v->boolean;
	return true;
}

bool json_read_num(const struct value *v, uint64_t *out)
{
	if (!v || v->type != VALUE_NUM)
		return false;
	*out = v->num;
	return true;
}

bool json_read_real(const struct value *v, double *out)
{
	if (!v || (v->type != VALUE_NUM && (v->type != VALUE_REAL || !isfinite(v->real))))
		return false;
	*out = v->type == VALUE_NUM ? (double)v->num : v->real;
	return true;
}

bool json_read_hex(const struct value *v, uint64_t *out)
{
	const char *text;
	uint64_t number;

	if (!json_read_str(v, &text) || text[0] != '0' || text[1] != 'x' || num_parse_u64(text, &number))
		return false;
	*out = number;
	return true;
}

int json_read_file(const char *path, char **text, size_t *size)
{
	FILE *from = fopen(path, "re");
	size_t got;
	int err = 0;

	*text = NULL;
	*size = 0;
	if (!from)
		return -errno;
	*text = malloc(JSON_READ_MAX + 1);
	if (*text)
		while (*size <= JSON_READ_MAX && (got = fread(*text + *size, 1, JSON_READ_MAX + 1 - *size, from)))
			*size += got;
	if (!*text || ferror(from))
		err = *text ? -EIO : -ENOMEM;
	fclose(from);
	return err;
}
