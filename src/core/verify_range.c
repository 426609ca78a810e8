/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of `dirty verify`: ranges and bitmaps that begin and end where it is awkward. */
#include "core/verify_priv.h"

const struct verify_case verify_range_cases[] = {
	{0},
};
