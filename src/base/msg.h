/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages for people, on stderr only. Data goes through out/report.h. */
#ifndef IC_BASE_MSG_H
#define IC_BASE_MSG_H

#include "base/util.h"

enum msg_level { MSG_SILENT = -2, MSG_QUIET = -1, MSG_NORMAL = 0, MSG_VERBOSE = 1 };

/* -q keeps errors and hints only; -v adds msg_info. Process-wide, set once by main; silent for runs whose words are nobody's. */
void msg_set_level(enum msg_level level);

/* Each prints one line "iommuctl: ..." and makes sure a live progress line is cleared first. */
void msg_error(const char *fmt, ...) IC_PRINTF(1, 2);
void msg_warn(const char *fmt, ...) IC_PRINTF(1, 2); /* "iommuctl: warning: ..." */
void msg_note(const char *fmt, ...) IC_PRINTF(1, 2); /* normal level */
void msg_info(const char *fmt, ...) IC_PRINTF(1, 2); /* verbose only */
void msg_hint(const char *fmt, ...) IC_PRINTF(1, 2); /* "hint: ..." */

/* Called before a message is printed; progress.c registers here to clear its line. NULL removes it. */
void msg_set_prepare(void (*fn)(void));

#endif
