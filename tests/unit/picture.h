/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures looked at again: the pixels of a PNG, the texts of an SVG. */
#ifndef IC_TESTS_PICTURE_H
#define IC_TESTS_PICTURE_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "unit.h"

/* A file whole, ended by NUL. */
static inline char *picture_read(const char *path, size_t *length)
{
	FILE *from = fopen(path, "rb");
	struct stat st;
	char *data;

	assert_non_null(from);
	assert_int_equal(fstat(fileno(from), &st), 0);
	data = calloc(1, (size_t)st.st_size + 1);
	assert_non_null(data);
	*length = fread(data, 1, (size_t)st.st_size, from);
	assert_int_equal(*length, st.st_size);
	fclose(from);
	return data;
}

#ifdef HAVE_CAIRO
#include <cairo.h>

struct pixels {
	cairo_surface_t *surface;
	const unsigned char *data;
	int width, height, stride;
};

/* 0xrrggbb */
static inline uint32_t pixels_at(const struct pixels *p, int x, int y)
{
	uint32_t word;

	assert_in_range(x, 0, p->width - 1);
	assert_in_range(y, 0, p->height - 1);
	memcpy(&word, p->data + (ptrdiff_t)y * p->stride + 4 * x, sizeof(word));
	return word & 0xffffff;
}

static inline void pixels_load(struct pixels *p, const char *path)
{
	size_t length;
	char *bytes = picture_read(path, &length);

	assert_true(length > 100);
	assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
	assert_memory_equal(bytes + length - 8, "IEND\xae\x42\x60\x82", 8);
	free(bytes);
	p->surface = cairo_image_surface_create_from_png(path);
	assert_int_equal(cairo_surface_status(p->surface), CAIRO_STATUS_SUCCESS);
	p->data = cairo_image_surface_get_data(p->surface);
	p->width = cairo_image_surface_get_width(p->surface);
	p->height = cairo_image_surface_get_height(p->surface);
	p->stride = cairo_image_surface_get_stride(p->surface);
}

static inline void pixels_free(struct pixels *p)
{
	cairo_surface_destroy(p->surface);
}

static inline unsigned int pixels_count(const struct pixels *p, uint32_t color)
{
	unsigned int n = 0;

	for (int y = 0; y < p->height; y++)
		for (int x = 0; x < p->width; x++)
			n += pixels_at(p, x, y) == color;
	return n;
}

/* Nothing is cut off: the outermost pixels are all white. */
static inline void pixels_assert_frame(const struct pixels *p)
{
	for (int x = 0; x < p->width; x++) {
		assert_int_equal(pixels_at(p, x, 0), 0xffffff);
		assert_int_equal(pixels_at(p, x, p->height - 1), 0xffffff);
	}
	for (int y = 0; y < p->height; y++) {
		assert_int_equal(pixels_at(p, 0, y), 0xffffff);
		assert_int_equal(pixels_at(p, p->width - 1, y), 0xffffff);
	}
}
#endif

/* One tag from its '<' on: pushed or popped. Behind its '>'. */
static inline const char *xml_tag(const char *s, char (*open)[32], unsigned int *depth)
{
	bool closes = s[1] == '/', quoted = false;
	size_t n = strcspn(s + 1 + closes, " />\n");
	const char *end;
	char name[32];

	assert_true(n > 0 && n < sizeof(name));
	snprintf(name, sizeof(name), "%.*s", (int)n, s + 1 + closes);
	for (end = s + 1; *end && (quoted || *end != '>'); end++) {
		assert_int_not_equal(*end, '<');
		quoted ^= *end == '"';
	}
	assert_int_equal(*end, '>');
	if (closes) {
		assert_true(*depth > 0);
		assert_string_equal(open[--*depth], name);
	} else if (end[-1] != '/') {
		assert_true(*depth < 8);
		memcpy(open[(*depth)++], name, sizeof(name));
	}
	return end + 1;
}

/* As much of XML 1.0's rules for well-formed documents as these pictures can break. */
static inline void xml_assert_well_formed(const char *text)
{
	char open[8][32];
	unsigned int depth = 0, roots = 0;
	const char *s = strstr(text, "?>");

	assert_int_equal(strncmp(text, "<?xml ", 6), 0);
	assert_non_null(s);
	for (s += 2; *s;) {
		assert_true((unsigned char)*s >= 0x20 || *s == '\n');
		if (*s == '&') {
			assert_true(!strncmp(s, "&lt;", 4) || !strncmp(s, "&gt;", 4) || !strncmp(s, "&amp;", 5) ||
				    !strncmp(s, "&quot;", 6));
			s++;
		} else if (*s == '<') {
			roots += !depth;
			s = xml_tag(s, open, &depth);
		} else {
			assert_true(depth || isspace((unsigned char)*s));
			s++;
		}
	}
	assert_int_equal(depth, 0);
	assert_int_equal(roots, 1);
}

static inline unsigned int text_count(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

#endif
