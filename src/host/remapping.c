/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do the interrupts of x86 devices go through the IOMMU, and may VFIO do without? */
#include "host/remapping.h"

#include <stdio.h>
#include <string.h>

#include "host/machine.h"

/* "IR-PCI-MSI 512000-edge nvme0q0": from @at to the end of the line. */
static void remapping_line(const char *at, char *line, size_t len)
{
	snprintf(line, len, "%.*s", (int)MIN(strcspn(at, "\n"), len), at);
}

enum remapping remapping_by_chips(const struct host *host, char *line, size_t len)
{
	CLEANUP_FREE char *text = NULL;
	const char *chip;

	line[0] = '\0';
	if (host_read_file(host, &text, NULL, "/proc/interrupts"))
		return REMAPPING_UNKNOWN;
	chip = strstr(text, " IR-");
	if (chip) {
		remapping_line(chip + 1, line, len);
		return REMAPPING_ON;
	}
	chip = strstr(text, " IO-APIC");
	/* machines without one; on others than x86 there are chips of this name that nothing has to remap */
	if (!chip && strstr(text, "Non-maskable interrupts"))
		chip = strstr(text, " PCI-MSI");
	if (!chip)
		return REMAPPING_UNKNOWN;
	remapping_line(chip + 1, line, MIN(len, (size_t)160));
	strncat(line, ", and no line with IR-", len - strlen(line) - 1);
	return REMAPPING_OFF;
}

static bool remapping_is_yes(const char *value)
{
	return value[0] && strchr("yY1", value[0]);
}

bool remapping_is_waived(const struct host *host)
{
	static const char *const modules[] = {"vfio_iommu_type1", "iommufd"};
	struct kernel_settings k;
	bool waived = false;

	if (kernel_settings_read(host, &k))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(modules) && !waived; i++) {
		const char *param = kernel_param(&k, modules[i], "allow_unsafe_interrupts"), *option;
		char key[64];

		snprintf(key, sizeof(key), "%s.allow_unsafe_interrupts", modules[i]);
		option = kernel_option(&k, key);
		if (param)
			waived = remapping_is_yes(param);
		else if (option) /* not loaded yet: it will come up so */
			waived = !*option || remapping_is_yes(option);
	}
	kernel_settings_free(&k);
	return waived;
}
