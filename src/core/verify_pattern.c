/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of `dirty verify`: what is written in which pattern, by every page size. */
#include "core/verify_priv.h"

const struct verify_case verify_pattern_cases[] = {
	{0},
};
