/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sources of dirty pages a device has, by its IOMMU's registers and the answers of VFIO and iommufd. */
#include "host/migration.h"

#include <stdio.h>
#include <string.h>

static const struct {
	uint32_t bit; /* VFIO_MIGRATION_* */
	const char *name;
} migration_flags[] = {{1, "STOP_COPY"}, {2, "P2P"}, {4, "PRE_COPY"}};

const char *migration_answer_name(enum migration_answer answer)
{
	static const char *const names[] = {"no", "yes", "possible", "unknown"};

	return names[answer];
}

const char *migration_way_name(enum migration_way way)
{
	static const char *const names[MIGRATION_WAYS] = {"iommu", "device", "type1", "states"};

	return names[way];
}

static void fact_say(struct migration_fact *fact, enum migration_answer answer, const char *why)
{
	fact->answer = answer;
	snprintf(fact->why, sizeof(fact->why), "%s", why);
}

static void migration_by_iommu(const struct pci_info *pci, const struct reg_fact *dirty,
			       const struct ioctl_device *asked, struct migration_fact *out)
{
	if (!pci->iommu[0]) {
		fact_say(out, MIGRATION_NO, "the device has no IOMMU before it");
	} else if (asked && asked->has_hw_info && asked->capabilities & IOCTL_HW_DIRTY_TRACKING) {
		fact_say(out, MIGRATION_YES,
			 "IOMMU_GET_HW_INFO says so (out_capabilities bit 0); whether it works, "
			 "`dirty verify` shows");
	} else if (asked && asked->has_hw_info) {
		out->answer = MIGRATION_NO;
		snprintf(out->why, sizeof(out->why), "IOMMU_GET_HW_INFO: out_capabilities bit 0 is clear%s%.100s",
			 dirty ? "; " : "",
			 !dirty	      ? ""
			 : dirty->has ? "though the registers have it"
				      : reg_fact_reason(dirty));
	} else if (dirty && !dirty->has) {
		fact_say(out, MIGRATION_NO, reg_fact_reason(dirty));
	} else if (dirty) {
		fact_say(out, MIGRATION_POSSIBLE, "the registers have it; iommufd was not asked");
	} else {
		fact_say(out, MIGRATION_UNKNOWN, "no register that tells could be read, and iommufd was not asked");
	}
}

/*
 * vfio-pci itself, and every driver that only adds quirks, has neither; drivers that know their device do (log_ops, mig_ops of struct
 * vfio_device). So its name alone is an answer, which no device need be opened for.
 */
static bool migration_is_plain(const struct pci_info *pci)
{
	return strcmp(pci->driver, "vfio-pci") == 0;
}

static void migration_by_feature(const struct pci_info *pci, const struct ioctl_device *asked, bool has,
				 const char *yes, const char *no, struct migration_fact *out)
{
	if (asked && asked->has_features)
		fact_say(out, has ? MIGRATION_YES : MIGRATION_NO, has ? yes : no);
	else if (migration_is_plain(pci))
		fact_say(out, MIGRATION_NO, "vfio-pci has none; drivers made for a device do (mlx5, pds, qat ...)");
	else if (pci_is_vfio_driver(pci->driver))
		fact_say(out, MIGRATION_UNKNOWN, "the device was not opened to ask its driver");
	else
		fact_say(out, MIGRATION_UNKNOWN, "the device is not on a VFIO driver, which could be asked");
}

static void migration_by_type1(const struct ioctl_device *asked, struct migration_fact *out)
{
	if (asked && asked->has_vfio && asked->has_migration)
		fact_say(out, MIGRATION_YES, "VFIO's container; it reports every page the device could write to");
	else if (asked && asked->has_vfio)
		fact_say(out, MIGRATION_NO, "the container has no migration capability (Linux before 5.8)");
	else
		fact_say(out, MIGRATION_UNKNOWN, "no container was asked with this device in it");
}

static void migration_states(const struct pci_info *pci, const struct ioctl_device *asked, struct migration_fact *out)
{
	char flags[64] = "VFIO_DEVICE_FEATURE_MIGRATION:";
	size_t used = strlen(flags);

	for (size_t i = 0; asked && i < ARRAY_SIZE(migration_flags); i++)
		if (asked->migration_flags & migration_flags[i].bit)
			used += (size_t)snprintf(flags + used, sizeof(flags) - used, " %s", migration_flags[i].name);
	migration_by_feature(pci, asked, asked && asked->migration_flags, flags,
			     "the driver has no VFIO_DEVICE_FEATURE_MIGRATION", out);
}

void migration_facts(const struct pci_info *pci, const struct reg_fact *dirty, const struct ioctl_device *asked,
		     struct migration_fact out[MIGRATION_WAYS])
{
	migration_by_iommu(pci, dirty, asked, &out[MIGRATION_BY_IOMMU]);
	migration_by_feature(pci, asked, asked && asked->dma_logging, "VFIO_DEVICE_FEATURE_DMA_LOGGING_START is there",
			     "the driver has no VFIO_DEVICE_FEATURE_DMA_LOGGING_START", &out[MIGRATION_BY_DEVICE]);
	migration_by_type1(asked, &out[MIGRATION_BY_TYPE1]);
	migration_states(pci, asked, &out[MIGRATION_STATES]);
}
