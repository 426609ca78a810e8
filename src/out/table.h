/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of objects as an aligned table. Private to out/. */
#ifndef IC_OUT_TABLE_H
#define IC_OUT_TABLE_H

#include "out/value.h"

/* A list, not empty, of nothing but objects. */
bool table_fits(const struct value *list);
/* Header and rows, each after @indent spaces. Numbers to the right, all else to the left. 0 or -ENOMEM. */
int table_print(const struct value *list, unsigned indent, FILE *to);

#endif
