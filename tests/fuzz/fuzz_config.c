/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzer of host/pci_config: the input is a device's config space. */
#include "fuzz.h"

#include "host/pci_config.h"

static void caps_hold(const struct pci_config *c)
{
	FUZZ_HOLDS(c->nr_caps <= PCI_CAPS_MAX);
	for (unsigned int i = 0; i < c->nr_caps; i++) {
		const struct pci_cap *cap = &c->caps[i], *found = pci_config_cap(c, cap->extended, cap->id);

		FUZZ_HOLDS(cap->at >= (cap->extended ? 0x100 : 0x40) && cap->at < 4096);
		FUZZ_HOLDS(found && found->id == cap->id && found->extended == cap->extended);
		pci_cap_name(cap->extended, cap->id);
	}
}

static void regs_hold(const struct pci_config *c)
{
	struct reg_violation violations[8];
	char meaning[160];

	FUZZ_HOLDS(c->nr_regs <= ARRAY_SIZE(c->regs));
	for (unsigned int i = 0; i < c->nr_regs; i++) {
		struct reg_part part;
		unsigned int cursor = 0;

		FUZZ_HOLDS(c->regs[i].reg);
		FUZZ_ENDS(c->regs[i].source);
		while (reg_next(c->regs[i].reg, c->regs[i].raw, &cursor, &part))
			FUZZ_HOLDS(strlen(reg_meaning(c->regs[i].reg, &part, meaning, sizeof(meaning))) <
				   sizeof(meaning));
	}
	FUZZ_HOLDS(reg_violations(c->regs, c->nr_regs, violations, ARRAY_SIZE(violations)) <= ARRAY_SIZE(violations));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(data, size, 0);
	static struct pci_config c;

	pci_config_parse((struct bytes){copy, size}, "a fuzzer's config space", &c);
	FUZZ_ENDS(c.broken);
	caps_hold(&c);
	regs_hold(&c);
	free(copy);
	return 0;
}
