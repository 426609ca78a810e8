/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of `dirty verify`: what must be refused, or survived. */
#include "core/verify_priv.h"

const struct verify_case verify_lie_cases[] = {
	{0},
};
