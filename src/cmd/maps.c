/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl maps: what is mapped now. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "iommu/ledger.h"
#include "iommu/objects.h"

static int maps_in_session(struct command_run *run, struct session *s, void *arg)
{
	uint64_t count = 0, bytes = 0;
	struct iommu_object o;
	uint32_t left;
	bool told = iommu_avail(session_iommu(s), &left) == 0;

	(void)arg;
	run->shows = true;
	for (unsigned int i = 0; iommu_object_get(session_iommu(s), i, &o); i++) {
		count += o.kind == IOMMU_OBJECT_IOAS ? ledger_count(iommu_ledger(o.space)) : 0;
		bytes += o.kind == IOMMU_OBJECT_IOAS ? ledger_bytes(iommu_ledger(o.space)) : 0;
	}
	snprintf(run->detail, sizeof(run->detail), "%" PRIu64 " mappings, %" PRIu64 " bytes", count, bytes);
	if (told) {
		size_t at = strlen(run->detail);

		report_num(run->report, "mappings_left", left);
		snprintf(run->detail + at, sizeof(run->detail) - at, ", %" PRIu32 " more allowed", left);
	}
	report_line(run->report, "%s, device %s: %s", session_backend_name(s), session_device_name(s), run->detail);
	command_report_objects(run, s);
	command_report_mappings(run, s);
	command_report_capabilities(run, s);
	return 0;
}

const struct command command_maps = {
	.name = "maps",
	.summary = "show what is mapped, in which space, and what is attached where",
	.in_session = maps_in_session,
	.scriptable = true,
};
