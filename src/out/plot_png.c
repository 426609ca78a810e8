/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A canvas that becomes PNG, by cairo; nobody else calls it. It is loaded when a PNG is drawn: with it come fonts, X11 and a dozen
 * libraries more, which a program that works on devices as root, in small guests too, should not begin with.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "out/plot_priv.h"

#ifdef HAVE_CAIRO
#include <cairo.h>
#include <dlfcn.h>

#define PNG_LIBRARY "libcairo.so.2"
#define PNG_FUNCTIONS(X)               \
	X(image_surface_create)        \
	X(surface_destroy)             \
	X(surface_write_to_png_stream) \
	X(create)                      \
	X(destroy)                     \
	X(status)                      \
	X(save)                        \
	X(restore)                     \
	X(translate)                   \
	X(rotate)                      \
	X(set_antialias)               \
	X(set_source_rgb)              \
	X(set_line_join)               \
	X(set_line_width)              \
	X(rectangle)                   \
	X(move_to)                     \
	X(line_to)                     \
	X(new_path)                    \
	X(fill)                        \
	X(stroke)                      \
	X(select_font_face)            \
	X(set_font_size)               \
	X(text_extents)                \
	X(show_text)                   \
	X(debug_reset_static_data)

static struct {
#define PNG_POINTER(name) __typeof__(&cairo_##name) name;
	PNG_FUNCTIONS(PNG_POINTER)
} cairo;

static const struct {
	const char *name;
	size_t offset;
} png_functions[] = {
#define PNG_ENTRY(name) {"cairo_" #name, offsetof(__typeof__(cairo), name)},
	PNG_FUNCTIONS(PNG_ENTRY)};

static void *png_library;

/*
 * The fonts that cairo and fontconfig, which it brings along where it uses that, keep: found by offsets, which leak checkers do not
 * follow. Only where nothing of cairo's is in use any more; both begin anew when they are called again.
 */
static void png_forget_fonts(void)
{
	void *symbol = dlsym(png_library, "FcFini");
	void (*fini)(void);

	cairo.debug_reset_static_data();
	if (!symbol)
		return;
	memcpy(&fini, &symbol, sizeof(fini));
	fini();
}

/* Once; it stays. */
static int png_load(struct fail *f)
{
	void *found;

	if (png_library)
		return 0;
	found = dlopen(PNG_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; found && i < ARRAY_SIZE(png_functions); i++) {
		void *function = dlsym(found, png_functions[i].name);

		if (!function) {
			dlclose(found);
			found = NULL;
			break;
		}
		memcpy((char *)&cairo + png_functions[i].offset, &function, sizeof(function));
	}
	png_library = found;
	if (found)
		return 0;
	fail_set(f, EOPNOTSUPP, "cannot draw a PNG: there is no " PNG_LIBRARY " that can be used here");
	fail_hint(f, "install cairo, or name a file that ends in .svg: that needs no library");
	return -EOPNOTSUPP;
}

struct png {
	struct plot_canvas base;
	cairo_surface_t *surface;
	cairo_t *cr;
};

/* The file's bytes so far. */
struct png_bytes {
	char *data;
	size_t length, size;
};

static struct png *png_of(struct plot_canvas *c)
{
	return container_of(c, struct png, base);
}

static void png_color(cairo_t *cr, struct plot_color color)
{
	cairo.set_source_rgb(cr, color.r / 255., color.g / 255., color.b / 255.);
}

static void png_rect(struct plot_canvas *c, double x, double y, double w, double h, struct plot_color color)
{
	cairo_t *cr = png_of(c)->cr;

	/* edges of pixels: a blend of two colours would be a value that no cell has */
	cairo.set_antialias(cr, CAIRO_ANTIALIAS_NONE);
	png_color(cr, color);
	cairo.rectangle(cr, x, y, w, h);
	cairo.fill(cr);
}

static void png_path(struct plot_canvas *c, const struct plot_point *points, unsigned int nr, double width,
		     struct plot_color color)
{
	cairo_t *cr = png_of(c)->cr;

	cairo.set_antialias(cr, CAIRO_ANTIALIAS_DEFAULT);
	png_color(cr, color);
	for (unsigned int i = 0; i < nr; i++)
		cairo.line_to(cr, points[i].x, points[i].y);
	if (width > 0) {
		cairo.set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
		cairo.set_line_width(cr, width);
		cairo.stroke(cr);
	} else {
		cairo.fill(cr);
	}
}

static void png_text(struct plot_canvas *c, double x, double y, enum plot_anchor anchor, const struct plot_font *font,
		     struct plot_color color, const char *clean)
{
	cairo_t *cr = png_of(c)->cr;
	cairo_text_extents_t e;

	cairo.select_font_face(cr, font->mono ? "monospace" : "sans-serif", CAIRO_FONT_SLANT_NORMAL,
			       font->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
	cairo.set_font_size(cr, font->size);
	cairo.text_extents(cr, clean, &e);
	png_color(cr, color);
	cairo.save(cr);
	cairo.translate(cr, x, y);
	if (font->up)
		cairo.rotate(cr, -M_PI / 2);
	cairo.move_to(cr, anchor == PLOT_LEFT ? 0 : anchor == PLOT_MIDDLE ? -floor(e.x_advance / 2) : -e.x_advance, 0);
	cairo.show_text(cr, clean);
	cairo.restore(cr);
	cairo.new_path(cr);
}

static cairo_status_t png_write(void *arg, const unsigned char *data, unsigned int length)
{
	struct png_bytes *b = arg;

	if (b->size - b->length < length) {
		size_t size = 2 * b->size + length;
		char *more = realloc(b->data, size);

		if (!more)
			return CAIRO_STATUS_NO_MEMORY;
		b->data = more;
		b->size = size;
	}
	memcpy(b->data + b->length, data, length);
	b->length += length;
	return CAIRO_STATUS_SUCCESS;
}

static int png_errno(cairo_status_t status)
{
	return status == CAIRO_STATUS_SUCCESS ? 0 : status == CAIRO_STATUS_NO_MEMORY ? -ENOMEM : -EIO;
}

static int png_end(struct plot_canvas *c, char **data, size_t *length)
{
	struct png *png = png_of(c);
	struct png_bytes bytes = {0};
	int err = png_errno(cairo.status(png->cr));

	if (!err)
		err = png_errno(cairo.surface_write_to_png_stream(png->surface, png_write, &bytes));
	cairo.destroy(png->cr);
	cairo.surface_destroy(png->surface);
	png_forget_fonts();
	free(png);
	*data = bytes.data;
	*length = bytes.length;
	return err;
}

int plot_canvas_png(struct plot_canvas **out, unsigned int width, unsigned int height, struct fail *f)
{
	static const struct plot_canvas_ops ops = {
		.rect = png_rect, .path = png_path, .text = png_text, .end = png_end};
	int err = png_load(f);
	struct png *png = err ? NULL : calloc(1, sizeof(*png));

	if (err)
		return err;
	if (!png)
		return fail_set(f, ENOMEM, "cannot draw");
	png->base = (struct plot_canvas){.ops = &ops, .width = width, .height = height};
	png->surface = cairo.image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
	png->cr = cairo.create(png->surface);
	err = png_errno(cairo.status(png->cr));
	if (err) {
		cairo.destroy(png->cr);
		cairo.surface_destroy(png->surface);
		free(png);
		return fail_set(f, err, "cannot draw %u by %u pixels", width, height);
	}
	*out = &png->base;
	png_rect(*out, 0, 0, width, height, plot_white);
	return 0;
}

#else

int plot_canvas_png(struct plot_canvas **out, unsigned int width, unsigned int height, struct fail *f)
{
	fail_set(f, EOPNOTSUPP, "cannot draw a PNG: this iommuctl was built without cairo");
	fail_hint(f, "SVG needs no library: name a file that ends in .svg");
	return -EOPNOTSUPP;
}

#endif
