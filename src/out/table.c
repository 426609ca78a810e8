/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables: the columns are the keys of the rows in the order they first appear. */
#include "out/table.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"

struct table_column {
	const char *key;
	size_t width;
	bool is_number; /* as long as every row that has the key says so */
};

struct table {
	struct table_column *columns;
	size_t count;
};

bool table_fits(const struct value *list)
{
	if (list->type != VALUE_LIST || !list->count)
		return false;
	for (const struct value *row = list->first; row; row = row->next)
		if (row->type != VALUE_OBJECT)
			return false;
	return true;
}

static struct table_column *table_column(struct table *t, const char *key)
{
	struct table_column *columns;

	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->columns[i].key, key) == 0)
			return &t->columns[i];
	columns = realloc(t->columns, (t->count + 1) * sizeof(*columns));
	if (!columns)
		return NULL;
	t->columns = columns;
	columns[t->count] = (struct table_column){.key = key, .width = MAX(utf8_width(key), 1), .is_number = true};
	return &columns[t->count++];
}

static int table_measure(struct table *t, const struct value *list)
{
	for (const struct value *row = list->first; row; row = row->next) {
		for (const struct value *v = row->first; v; v = v->next) {
			struct table_column *column = table_column(t, v->key);
			CLEANUP_FREE char *text = value_text(v);

			if (!column || !text)
				return -ENOMEM;
			column->width = MAX(column->width, utf8_width(text));
			if (v->type != VALUE_NUM && v->type != VALUE_REAL && v->type != VALUE_NULL)
				column->is_number = false;
		}
	}
	return 0;
}

/* No spaces after the last column: people paste this. */
static void table_cell(const struct table *t, size_t i, const char *text, FILE *to)
{
	const struct table_column *column = &t->columns[i];
	int padding = (int)(column->width - utf8_width(text));

	if (i)
		fputs("  ", to);
	if (column->is_number)
		fprintf(to, "%*s", padding, "");
	utf8_print(to, text);
	if (!column->is_number && i + 1 < t->count)
		fprintf(to, "%*s", padding, "");
}

static int table_row(const struct table *t, const struct value *row, FILE *to)
{
	for (size_t i = 0; i < t->count; i++) {
		CLEANUP_FREE char *text = value_text(value_find(row, t->columns[i].key));

		if (!text)
			return -ENOMEM;
		table_cell(t, i, text, to);
	}
	return 0;
}

int table_print(const struct value *list, unsigned indent, FILE *to)
{
	struct table t = {0};
	int ret = table_measure(&t, list);

	if (!ret && t.count) {
		fprintf(to, "%*s", (int)indent, "");
		for (size_t i = 0; i < t.count; i++)
			table_cell(&t, i, t.columns[i].key, to);
		fputc('\n', to);
	}
	for (const struct value *row = list->first; row && !ret; row = row->next) {
		fprintf(to, "%*s", (int)indent, "");
		ret = table_row(&t, row, to);
		fputc('\n', to);
	}
	free(t.columns);
	return ret;
}
