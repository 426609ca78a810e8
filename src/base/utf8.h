/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings from the machine (sysfs, kernel log, file names) made safe to show. */
#ifndef IC_BASE_UTF8_H
#define IC_BASE_UTF8_H

#include <stdio.h>

#include "base/util.h"

/* A copy in which every byte that is no part of valid UTF-8 became U+FFFD. NULL: out of memory. The caller frees. */
char *utf8_dup(const char *s);

/* How many columns a valid string takes on a terminal, counting each code point as one. */
size_t utf8_width(const char *s);

/*
 * How many bytes at @s are a character that a terminal would obey, or that would turn around what follows: control characters (tab and line end
 * among them), and those that set the direction of text (Unicode 16, chapter 23.3). 0: it may be shown.
 */
size_t utf8_unsafe(const char *s);

/* Write a valid string on one line, without what is unsafe: it becomes '?', a line end a blank; a tab stays. */
void utf8_print(FILE *to, const char *s);

#endif
