/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report rendered into memory. */
#ifndef IC_TESTS_RENDER_H
#define IC_TESTS_RENDER_H

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "out/report.h"
#include "unit.h"

struct rendering {
	struct report *report;
	FILE *to;
	char *text;
	size_t length;
	int status;
};

static inline struct report *rendering_open(struct rendering *r, enum report_format format, bool color)
{
	struct report_params params = {.format = format, .color = color, .command = "compare", .seed = 0x2a};

	*r = (struct rendering){0};
	r->to = open_memstream(&r->text, &r->length);
	assert_non_null(r->to);
	params.to = r->to;
	assert_int_equal(report_open(&r->report, &params), 0);
	return r->report;
}

/* The text; valid until rendering_free(). */
static inline const char *rendering_end(struct rendering *r)
{
	r->status = report_end(r->report);
	fclose(r->to);
	assert_int_equal(strlen(r->text), r->length);
	return r->text;
}

static inline void rendering_free(struct rendering *r)
{
	free(r->text);
}

/* "iommuctl VERSION compare (kernel RELEASE, seed 0x2a)": what text and TAP begin with. */
static inline const char *rendering_banner(void)
{
	static char banner[256];
	struct utsname machine;

	assert_int_equal(uname(&machine), 0);
	snprintf(banner, sizeof(banner), "iommuctl " PACKAGE_VERSION " compare (kernel %s, seed 0x2a)",
		 machine.release);
	return banner;
}

#endif
