/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of `dirty verify`: starting, stopping and starting again, and mappings that change meanwhile. */
#include "core/verify_priv.h"

const struct verify_case verify_state_cases[] = {
	{0},
};
