/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine around a diagnosis: what a bug report has to say of it, and nothing private. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/asked.h"
#include "core/diagnose/priv.h"
#include "core/mask.h"
#include "core/op/faults.h"

struct environment {
	struct machine machine;
	int device;		       /* index in machine.pci, -1 = none */
	const struct iommu_unit *unit; /* that owns it, NULL = none known */
	unsigned int nr_regs;
	struct reg_value regs[UNIT_REGS_MAX + 10]; /* of the unit, and those the kernel told of it */
	unsigned int nr_facts;
	struct reg_fact facts[REG_FACTS_MAX];
	char cmdline[1024];
	char setting[FACTORS][96], owner[160], snoop[300], ats[160];
};

static const char *env_or(const char *text, const char *otherwise)
{
	return text && text[0] ? text : otherwise;
}

/* Of the unit itself from sysfs, and of its device from the ioctls; a register is there once. */
static void env_registers(struct environment *env)
{
	const struct ioctl_device *asked = NULL;

	if (env->unit && !env->unit->order_unknown)
		for (unsigned int i = 0; i < env->unit->nr_regs; i++)
			env->regs[env->nr_regs++] = env->unit->regs[i];
	if (env->device >= 0)
		asked = ioctl_facts_device(&env->machine.ioctl, env->machine.pci[env->device].addr);
	for (unsigned int i = 0; asked && i < asked->nr_regs; i++)
		if (!reg_value_find(env->regs, env->nr_regs, asked->regs[i].reg->name))
			env->regs[env->nr_regs++] = asked->regs[i];
	env->nr_facts = reg_facts(env->regs, env->nr_regs, env->facts);
}

static const struct pci_config *env_config(const struct environment *env)
{
	const struct pci_config *all = env->machine.configs;

	return all && env->device >= 0 && all[env->device].len ? &all[env->device] : NULL;
}

static void env_superpages(struct environment *env)
{
	const struct kernel_settings *k = &env->machine.kernel;
	const char *param = kernel_param(k, "vfio_iommu_type1", "disable_hugepages");
	bool sp_off = kernel_option_has(k, "intel_iommu", "sp_off");

	snprintf(env->setting[FACTOR_SUPERPAGES], sizeof(env->setting[0]),
		 "disable_hugepages %.16s, intel_iommu=sp_off %s", param ? param : "not readable",
		 !k->has_cmdline ? "not readable"
		 : sp_off	 ? "given"
				 : "not given");
}

static void env_ats(struct environment *env)
{
	const struct kernel_settings *k = &env->machine.kernel;
	const struct pci_config *config = env_config(env);
	const struct reg_value *ats = config ? reg_value_find(config->regs, config->nr_regs, "pcie.ats") : NULL;
	bool noats = kernel_option_has(k, "pci", "noats");

	if (!config || config->len <= 256)
		snprintf(env->ats, sizeof(env->ats), "not readable in config space");
	else if (!ats)
		snprintf(env->ats, sizeof(env->ats), "the device has no ATS capability");
	else
		snprintf(env->ats, sizeof(env->ats), "%s (ATS control 0x%08" PRIx64 ")",
			 ats->raw >> 31 & 1 ? "enabled" : "disabled", ats->raw);
	snprintf(env->setting[FACTOR_ATS], sizeof(env->setting[0]), "%.60s, pci=noats %s", env->ats,
		 !k->has_cmdline ? "not readable"
		 : noats	 ? "given"
				 : "not given");
}

static void env_snoop(struct environment *env)
{
	const struct reg_fact *control = reg_fact_find(env->facts, env->nr_facts, "snoop-control");
	const struct pci_config *config = env_config(env);
	char express[64] = "config space not readable";

	if (config)
		snprintf(express, sizeof(express), "%s",
			 !config->has_pcie	       ? "no PCI Express capability"
			 : config->devctl & (1u << 11) ? "Enable No Snoop set"
						       : "Enable No Snoop clear");
	snprintf(env->snoop, sizeof(env->snoop), "snoop control: %.120s; %s", control ? control->text : "not known",
		 express);
}

static void env_owner(struct environment *env)
{
	const struct machine *m = &env->machine;
	const struct iommu_unit *u = env->unit;
	char address[48] = "";

	if (u && u->has_address)
		snprintf(address, sizeof(address), ", registers at 0x%" PRIx64, u->address);
	if (u)
		snprintf(env->owner, sizeof(env->owner), "%.32s%s", u->name, address);
	else if (env->device >= 0 && m->pci[env->device].iommu[0])
		snprintf(env->owner, sizeof(env->owner), "%.32s", m->pci[env->device].iommu);
}

static int env_ask(struct environment *env, struct fail *f)
{
	CLEANUP_FREE bool *wanted = calloc(env->machine.nr_devices + 1, sizeof(*wanted));

	if (!wanted)
		return fail_set(f, ENOMEM, "cannot ask VFIO and iommufd");
	wanted[env->device] = true;
	return asked_fill_some(&env->machine, true, wanted, f);
}

/* Parameters that change what an IOMMU does; secrets among them are masked. */
static void env_cmdline(struct environment *env)
{
	static const char *const matter[] = {
		"intel_iommu", "amd_iommu", "iommu",	 "iommu.passthrough", "iommu.strict",
		"pci",	       "vfio",	    "hugepages", "hugepagesz",	      "transparent_hugepage",
		"mem",	       "efi",	    "nokaslr",	 "iommu.forcedac",    "arm-smmu-v3"};
	const struct kernel_settings *k = &env->machine.kernel;
	char *line = env->cmdline;
	const size_t size = sizeof(env->cmdline);
	size_t used = 0;

	for (unsigned int i = 0; i < k->nr_options; i++) {
		const struct kernel_option *o = &k->options[i];
		bool wanted = !strncmp(o->key, "vfio", 4) || !strncmp(o->key, "iommufd", 7);

		for (size_t n = 0; n < ARRAY_SIZE(matter); n++)
			wanted |= !strcmp(o->key, matter[n]);
		if (wanted && used < size)
			used += (size_t)snprintf(line + used, size - used, "%s%s%s%s", used ? " " : "", o->key,
						 o->value[0] ? "=" : "", o->value);
	}
}

int environment_read(struct diagnose *d, struct fail *f)
{
	struct environment *env = d->env = calloc(1, sizeof(*env));
	char addr[16];
	int err;

	if (!env)
		return fail_set(f, ENOMEM, "cannot read this machine");
	env->device = -1;
	err = machine_read(d->host, MACHINE_CONFIG, &env->machine, f);
	if (err)
		return err;
	if (d->session.device && !pci_normalize(d->session.device, addr, sizeof(addr)))
		env->device = machine_device(&env->machine, addr);
	if (env->device >= 0) {
		env->unit = machine_unit(&env->machine, env->machine.pci[env->device].iommu);
		err = env_ask(env, f);
	}
	env_cmdline(env);
	env_registers(env);
	env_superpages(env);
	env_ats(env);
	env_snoop(env);
	env_owner(env);
	snprintf(env->setting[FACTOR_KERNEL], sizeof(env->setting[0]), "%.72s", env->machine.kernel.release);
	return err;
}

void environment_free(struct environment *env)
{
	if (env)
		machine_free(&env->machine);
	free(env);
}

const char *environment_setting(const struct diagnose *d, unsigned int factor)
{
	return env_or(d->env->setting[factor], "not known");
}

const char *environment_unit(const struct diagnose *d)
{
	return d->env->owner;
}

const char *environment_snoop(const struct diagnose *d)
{
	return d->env->snoop;
}

const char *environment_ats(const struct diagnose *d)
{
	return d->env->ats;
}

const char *environment_cmdline(const struct diagnose *d)
{
	return d->env->machine.kernel.has_cmdline ? d->env->cmdline : NULL;
}

static void env_report_registers(struct report *r, const struct environment *env)
{
	report_list(r, "registers");
	for (unsigned int i = 0; i < env->nr_regs; i++) {
		const struct reg_value *v = &env->regs[i];
		unsigned int cursor = 0;
		struct reg_part part;

		report_line(r, "  %s 0x%" PRIx64, v->reg->name, v->raw);
		report_object(r, NULL);
		report_str(r, "name", v->reg->name);
		report_hex(r, "value", v->raw);
		report_str(r, "source", v->source);
		report_list(r, "fields");
		while (reg_next(v->reg, v->raw, &cursor, &part)) {
			char bits[16], meaning[160];

			if (!part.field)
				continue;
			report_object(r, NULL);
			report_str(r, "name", part.field->name);
			report_str(r, "bits", reg_bits_text(part.high, part.low, bits, sizeof(bits)));
			report_hex(r, "raw", part.raw);
			report_str(r, "meaning", reg_meaning(v->reg, &part, meaning, sizeof(meaning)));
			report_close(r);
		}
		report_close(r);
		report_close(r);
	}
	report_close(r);
	report_object(r, "facts");
	for (unsigned int i = 0; i < env->nr_facts; i++) {
		report_str(r, env->facts[i].name, env->facts[i].text);
		report_line(r, "    %-22s %s", env->facts[i].name, env->facts[i].text);
	}
	report_close(r);
}

static void env_report_device(struct report *r, const struct environment *env)
{
	const struct pci_info *p = &env->machine.pci[env->device];
	char ids[16];

	snprintf(ids, sizeof(ids), "%04x:%04x", p->vendor, p->device);
	report_str(r, "ids", ids);
	report_str(r, "name", p->name);
	report_str(r, "kernel_driver", p->driver);
	report_line(r, "  device %s [%s] %s, kernel driver %s, group %d", p->addr, ids, p->name,
		    env_or(p->driver, "none"), p->group);
}

/* Apertures and extensions as the kernel answered after VFIO_SET_IOMMU. */
static void env_report_asked(struct report *r, const struct environment *env)
{
	const struct ioctl_device *asked = ioctl_facts_device(&env->machine.ioctl, env->machine.pci[env->device].addr);

	report_list(r, "apertures");
	for (unsigned int i = 0; asked && asked->has_vfio && i < asked->nr_ranges; i++) {
		report_object(r, NULL);
		report_hex(r, "start", asked->ranges[i].start);
		report_hex(r, "last", asked->ranges[i].last);
		report_close(r);
		report_line(r, "  aperture 0x%" PRIx64 "-0x%" PRIx64, asked->ranges[i].start, asked->ranges[i].last);
	}
	report_close(r);
	report_object(r, "extensions");
	for (unsigned int i = 0; asked && i < asked->nr_extensions; i++)
		if (asked->extensions[i].after >= 0)
			report_num(r, asked->extensions[i].name, (uint64_t)asked->extensions[i].after);
	report_close(r);
}

void environment_report(struct report *r, const struct diagnose *d)
{
	const struct environment *env = d->env;

	report_line(r, "%s", "");
	report_line(r, "environment:");
	report_object(r, "environment");
	report_str(r, "release", env->machine.kernel.release);
	report_line(r, "  kernel %s%s", env->machine.kernel.release,
		    d->simulated ? "; the IOMMU and the device are simulated: what follows is not about them" : "");
	report_str(r, "cmdline", environment_cmdline(d));
	report_line(r, "  command line (what concerns IOMMUs): %s",
		    environment_cmdline(d) ? env_or(environment_cmdline(d), "nothing") : "not readable");
	if (env->device >= 0)
		env_report_device(r, env);
	report_str(r, "iommu", env->owner);
	report_line(r, "  IOMMU unit of the device: %s", env_or(env->owner, "none known"));
	env_report_registers(r, env);
	if (env->device >= 0)
		env_report_asked(r, env);
	report_str(r, "dma_cc_after_set_iommu", d->coherent);
	report_line(r, "  VFIO_DMA_CC_IOMMU after SET_IOMMU: %s", env_or(d->coherent, "not asked"));
	report_str(r, "superpages", env->setting[FACTOR_SUPERPAGES]);
	report_line(r, "  superpages: %s", env->setting[FACTOR_SUPERPAGES]);
	report_str(r, "ats", env->setting[FACTOR_ATS]);
	report_line(r, "  ATS: %s", env->setting[FACTOR_ATS]);
	report_str(r, "snoop", env->snoop);
	report_line(r, "  %s", env->snoop);
	report_close(r);
	report_text_hide(r, "environment");
}
