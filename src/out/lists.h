/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plain lists on stdout for completions and help: not reports of a run. */
#ifndef IC_OUT_LISTS_H
#define IC_OUT_LISTS_H

/* "--name" or, with an argument, "--name=ARG". */
void list_print(const char *name, const char *arg);
void list_print_word(const char *word);
/* "  name        help". */
void list_print_help(const char *name, const char *help);
/* Flush; 0, or 2 after a message when stdout could not be written. */
int list_end(void);

#endif
