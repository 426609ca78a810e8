/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own settings, for `caps`: command line and module parameters that concern IOMMUs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/caps.h"

/* Beginnings of keys (Documentation/admin-guide/kernel-parameters.txt); a word that ends a key ends with '='. */
static const char *const kernel_keys[] = {
	"intel_iommu=", "amd_iommu", "iommu=",	   "iommu.", "arm-smmu",  "arm_smmu",	 "vfio",
	"iommufd",	"intremap=", "nox2apic=",  "x2apic", "pci=",	  "pcie_ports=", "pcie_acs_override=",
	"swiotlb=",	"efi=",	     "dma_debug=", "ivrs_",  "lockdown=", "iomem=",
};

static bool kernel_concerns(const struct kernel_option *o)
{
	char key[sizeof(o->key) + 1];

	snprintf(key, sizeof(key), "%s=", o->key);
	for (size_t i = 0; i < ARRAY_SIZE(kernel_keys); i++)
		if (strncmp(key, kernel_keys[i], strlen(kernel_keys[i])) == 0)
			return true;
	return false;
}

/* A line for each module; they come sorted. */
static void kernel_text_params(struct report *r, const struct kernel_settings *k)
{
	char line[512];

	for (unsigned int i = 0, next; i < k->nr_params; i = next) {
		size_t used = 0;

		for (next = i; next < k->nr_params && !strcmp(k->params[next].module, k->params[i].module); next++)
			if (used < sizeof(line))
				used += (size_t)snprintf(line + used, sizeof(line) - used, " %s=%s",
							 k->params[next].name, k->params[next].value);
		report_line(r, "  module %s:%s", k->params[i].module, line);
	}
}

static void kernel_text(struct report *r, const struct kernel_settings *k)
{
	bool any = false;

	report_line(r, "kernel: %s%s%s%s%s", k->release[0] ? k->release : "of unknown release", k->arch[0] ? ", " : "",
		    k->arch, k->cpu_vendor[0] ? ", " : "", k->cpu_vendor);
	if (!k->has_cmdline)
		report_line(r, "  its command line could not be read");
	for (unsigned int i = 0; i < k->nr_options; i++) {
		const struct kernel_option *o = &k->options[i];

		if (!kernel_concerns(o))
			continue;
		report_line(r, "  %s%s%s", o->key, o->value[0] ? "=" : "", o->value);
		any = true;
	}
	if (k->has_cmdline && !any)
		report_line(r, "  nothing on its command line concerns IOMMUs");
	kernel_text_params(r, k);
}

void caps_report_kernel(struct report *r, const struct caps *c)
{
	const struct kernel_settings *k = &c->machine.kernel;

	report_object(r, "kernel_settings");
	report_str(r, "release", k->release);
	report_str(r, "arch", k->arch);
	report_str(r, "cpu_vendor", k->cpu_vendor);
	report_hex(r, "taint", k->taint);
	report_bool(r, "command_line_read", k->has_cmdline);
	report_list(r, "options");
	for (unsigned int i = 0; i < k->nr_options; i++) {
		if (!kernel_concerns(&k->options[i]))
			continue;
		report_object(r, NULL);
		report_str(r, "key", k->options[i].key);
		report_str(r, "value", k->options[i].value);
		report_close(r);
	}
	report_close(r);
	report_list(r, "module_parameters");
	for (unsigned int i = 0; i < k->nr_params; i++) {
		report_object(r, NULL);
		report_str(r, "module", k->params[i].module);
		report_str(r, "name", k->params[i].name);
		report_str(r, "value", k->params[i].value);
		report_close(r);
	}
	report_close(r);
	report_close(r);
	report_text_hide(r, "kernel_settings");
	if (c->all)
		kernel_text(r, k);
}
