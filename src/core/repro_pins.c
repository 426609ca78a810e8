/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a repro leaves pinned, by the machine's own count. */
#include "core/compare_priv.h"
#include "core/repro.h"

void repro_pins_before(struct repro_pins *pins)
{
	struct compare_pins now;

	pins_before(&now);
	*pins = (struct repro_pins){.known = now.known, .pinned = now.pinned, .others = now.others};
}

const char *repro_pins_after(const struct repro_pins *pins, uint64_t *leaked)
{
	const struct compare_pins before = {.known = pins->known, .pinned = pins->pinned, .others = pins->others};

	return pins_after(&before, leaked);
}
