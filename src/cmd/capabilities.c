/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a backend says it can do, as report values: the members of struct iommu_caps under their own names. */
#include <stddef.h>

#include "cmd/command.h"

#define CAP(member)                                          \
	{                                                    \
#member, offsetof(struct iommu_caps, member) \
	}

static const struct {
	const char *name;
	size_t at;
} capabilities_flags[] = {
	CAP(ranges_known),   CAP(has_dma_avail), CAP(unmap_all),    CAP(unmap_bisects),
	CAP(kernel_iova),    CAP(coherent),	 CAP(simulated),    CAP(has_phys),
	CAP(has_pins),	     CAP(has_map_file),	 CAP(has_spaces),   CAP(has_page_tables),
	CAP(bypasses_table), CAP(checks_table),	 CAP(update_vaddr), CAP(no_hardware),
};

static void capabilities_ranges(struct report *r, const char *key, const struct iova_range *ranges, unsigned int n)
{
	report_list(r, key);
	for (unsigned int i = 0; i < n; i++) {
		report_object(r, NULL);
		report_hex(r, "start", ranges[i].start);
		report_hex(r, "last", ranges[i].last);
		report_close(r);
	}
	report_close(r);
}

void command_report_capabilities(struct command_run *run, struct session *s)
{
	const struct iommu_caps *caps = iommu_caps(session_iommu(s));
	struct report *r = run->report;

	report_object(r, "capabilities");
	report_str(r, "personality", iommu_personality_name(iommu_personality(session_iommu(s))));
	report_hex(r, "page_sizes", caps->page_sizes);
	capabilities_ranges(r, "ranges", caps->ranges, caps->nr_ranges);
	capabilities_ranges(r, "reserved", caps->reserved, caps->nr_reserved);
	report_num(r, "dma_avail", caps->dma_avail);
	for (size_t i = 0; i < ARRAY_SIZE(capabilities_flags); i++)
		report_bool(r, capabilities_flags[i].name,
			    *(const bool *)((const char *)caps + capabilities_flags[i].at));
	report_close(r);
	report_text_hide(r, "capabilities");
}
