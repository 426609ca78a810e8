/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of `dirty verify`: large page table entries, split and merged. */
#include "core/verify_priv.h"

const struct verify_case verify_leaf_cases[] = {
	{0},
};
