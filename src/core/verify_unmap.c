/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of `dirty verify`: reading and unmapping, with a write placed into every window between them. */
#include "core/verify_priv.h"

const struct verify_case verify_unmap_cases[] = {
	{0},
};
