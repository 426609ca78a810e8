/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a mix from text. */
#ifndef IC_CORE_STRESS_MIX_H
#define IC_CORE_STRESS_MIX_H

#include "core/stress/stress.h"

/* Lines "KIND WEIGHT", `#` begins a comment. Kinds that are not named have no weight. -EINVAL (usage) names @path and the line. */
int stress_mix_parse(struct stress_mix *out, const char *path, const char *text, size_t len, struct fail *f);

#endif
