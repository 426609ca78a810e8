/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An op of stress in words. */
#ifndef IC_CORE_STRESS_WORDS_H
#define IC_CORE_STRESS_WORDS_H

#include "core/stress/op.h"

/* "thread 1, op 17: map slot 3, 0x4000 bytes at iova 0x12000, rw, anon: EEXIST"; cut short where it is too long. */
void stress_op_words(char *to, size_t len, const struct stress_op *op);

#endif
