/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of `dirty verify`: DMA from several threads against reads from others. */
#include "core/verify_priv.h"

const struct verify_case verify_race_cases[] = {
	{0},
};
