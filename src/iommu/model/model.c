/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of register models and of the ways in which they can be broken, and how a user names them. */
#include "iommu/model/model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "iommu/iommu.h"
#include "iommu/sim/model.h"

static const struct model_ops *const models[] = {
	&model_ram_ops,	   &model_edu_ops, &model_lsi_ops,  &model_testdev_ops,
	&model_e1000e_ops, &model_igb_ops, &model_nvme_ops,
};

static const struct iommu_help model_broken_ways[] = {
	[MODEL_SOUND] = {"sound", "nothing is wrong"},
	[MODEL_NEVER_READY] = {"never-ready", "it does not come up"},
	[MODEL_STUCK_BUSY] = {"stuck-busy", "what was started never ends"},
	[MODEL_ERROR_STATUS] = {"error-status", "every request ends with the device's own error"},
	[MODEL_BOGUS_LENGTH] = {"bogus-length", "fewer bytes are moved than were asked for"},
	[MODEL_GONE] = {"gone", "off the bus: reads are all ones, writes are lost"},
	[MODEL_SILENT_ERROR] = {"silent-error", "requests end well, and nothing is moved"},
};
_Static_assert(ARRAY_SIZE(model_broken_ways) == MODEL_BROKEN_KINDS, "each has a name");

#define MODEL_NAME_SIZE 32

/* "model=NAME" and "broken=WHAT", as they are written. */
const struct iommu_help *iommu_sim_models_help(void)
{
	enum { ROWS = ARRAY_SIZE(models) + MODEL_BROKEN_KINDS - 1 };
	static char names[ROWS][MODEL_NAME_SIZE];
	static struct iommu_help help[ROWS + 1];
	unsigned int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(models); i++, n++) {
		snprintf(names[n], sizeof(names[n]), "model=%s", models[i]->name);
		help[n] = (struct iommu_help){names[n], models[i]->help};
	}
	for (enum model_broken b = MODEL_SOUND + 1; b < MODEL_BROKEN_KINDS; b++, n++) {
		snprintf(names[n], sizeof(names[n]), "broken=%s", model_broken_ways[b].name);
		help[n] = (struct iommu_help){names[n], model_broken_ways[b].help};
	}
	return help;
}

const char *model_broken_name(enum model_broken broken)
{
	return model_broken_ways[broken].name;
}

static const struct model_ops *model_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(models); i++)
		if (!strcmp(models[i]->name, name))
			return models[i];
	return NULL;
}

static int model_unknown(const char *name, struct fail *f)
{
	char known[sizeof(f->hint)] = "";

	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		size_t at = strlen(known);

		snprintf(known + at, sizeof(known) - at, "%s%s", i ? ", " : "", models[i]->name);
	}
	fail_set(f, EINVAL, "unknown model '%s' of the simulated device", name);
	fail_hint(f, "models: %s", known);
	return -EINVAL;
}

static bool model_can_be(const struct model_ops *ops, enum model_broken broken)
{
	return !(ops->lacks & MODEL_BIT(broken));
}

static int model_parse_broken(const struct model_ops *ops, const char *name, enum model_broken *out, struct fail *f)
{
	char known[sizeof(f->hint)] = "";

	for (enum model_broken b = MODEL_SOUND + 1; b < MODEL_BROKEN_KINDS; b++) {
		size_t at = strlen(known);

		if (!model_can_be(ops, b))
			continue;
		if (!strcmp(model_broken_ways[b].name, name)) {
			*out = b;
			return 0;
		}
		snprintf(known + at, sizeof(known) - at, "%s%s", at ? "|" : "", model_broken_ways[b].name);
	}
	fail_set(f, EINVAL, "model %s cannot be broken as '%s'", ops->name, name);
	fail_hint(f, "broken=%s[:after=N]", known);
	return -EINVAL;
}

static int model_parse_option(struct sim_model_choice *choice, const char *option, struct fail *f)
{
	enum model_broken broken;
	int err;

	if (!strncmp(option, "broken=", 7)) {
		err = model_parse_broken(choice->ops, option + 7, &broken, f);
		if (!err)
			choice->broken = broken;
		return err;
	}
	if (!strncmp(option, "after=", 6) && choice->broken != MODEL_SOUND &&
	    !num_parse_u64(option + 6, &choice->after))
		return 0;
	fail_set(f, EINVAL, "bad option '%s' of model %s", option, choice->ops->name);
	fail_hint(f, "model=%s[:broken=WHAT[:after=N]], N in accesses to registers", choice->ops->name);
	return -EINVAL;
}

int model_parse(const char *text, struct sim_model_choice *choice, struct fail *f)
{
	CLEANUP_FREE char *copy = strdup(text);
	char *rest = copy, *name, *option;
	int err = 0;

	if (!copy)
		return fail_set(f, ENOMEM, "cannot read model '%s'", text);
	name = strsep(&rest, ":");
	*choice = (struct sim_model_choice){.ops = model_find(name), .broken = MODEL_SOUND};
	if (!choice->ops)
		return model_unknown(name, f);
	while (!err && (option = strsep(&rest, ":")))
		err = model_parse_option(choice, option, f);
	return err;
}
