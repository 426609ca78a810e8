/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One live line on stderr with rate and ETA; silent unless stderr is a terminal or --progress=always. */
#ifndef IC_OUT_PROGRESS_H
#define IC_OUT_PROGRESS_H

#include <stdbool.h>

#include "base/util.h"

enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

/* Process-wide, set once by main. */
void progress_set_mode(enum progress_mode mode);
/* How wide the terminal is that the line will be shown on, where stderr leads elsewhere; 0 = ask stderr. */
void progress_set_columns(unsigned int columns);

struct progress {
	const char *label;
	const char *unit;  /* "loops" */
	uint64_t total;	   /* 0 = unknown */
	uint64_t until_ns; /* deadline instead of a total (clock_ns), 0 = none */
	uint64_t start_ns, last_ns;
	bool live, drawn;
};

/* One may start while another runs, and end first: the other's line stays unless the new one lasted long enough to draw its own. */
void progress_start(struct progress *p, const char *label, const char *unit, uint64_t total, uint64_t until_ns);
/* Cheap: looks at the clock, draws at most 10 times a second. */
void progress_update(struct progress *p, uint64_t done, uint64_t bytes);
void progress_end(struct progress *p);

#endif
