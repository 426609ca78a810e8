/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON that somebody else wrote, as a tree: depth, size and types are checked. */
#ifndef IC_OUT_JSON_READ_H
#define IC_OUT_JSON_READ_H

#include <stdbool.h>

#include "base/util.h"

struct value;

#define JSON_READ_MAX MiB(16)
#define JSON_READ_DEPTH 16
#define JSON_READ_MEMBERS 256	 /* of one object */
#define JSON_READ_COMMAS 1000000 /* in all, so that memory is bounded */

/* @text must be one object. 0, -ENOMEM, or -EBADMSG with one phrase in @why. json_free() what comes out. */
int json_parse(const char *text, size_t len, struct value **out, char *why, size_t why_len);
void json_free(struct value *tree);

/* NULL when @object is none, or has no such member. */
const struct value *json_get(const struct value *object, const char *key);
bool json_is_list(const struct value *v);
/* Members of a list or object, NULL at the end. */
const struct value *json_first(const struct value *container);
const struct value *json_next(const struct value *v);
/* False when @v, which may be NULL, is of another type; *out is not touched then. */
bool json_read_str(const struct value *v, const char **out);
bool json_read_bool(const struct value *v, bool *out);
/* A whole number that is not negative. */
bool json_read_num(const struct value *v, uint64_t *out);
/* Any number that is finite. */
bool json_read_real(const struct value *v, double *out);
/* A string "0x...". */
bool json_read_hex(const struct value *v, uint64_t *out);

/*
 * What a file holds, for json_parse(): at most JSON_READ_MAX + 1 bytes, so that more is seen to be too much. free() *text in any case. 0,
 * -ENOMEM, -EIO, or -errno of opening it.
 */
int json_read_file(const char *path, char **text, size_t *size);

#endif
