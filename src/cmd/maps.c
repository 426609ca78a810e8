/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl maps: what is mapped now. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "iommu/ledger.h"

static int maps_in_session(struct command_run *run, struct session *s, void *arg)
{
	uint64_t count = ledger_count(iommu_ledger(session_iommu(s)));
	uint32_t left;
	bool told = iommu_avail(session_iommu(s), &left) == 0;

	(void)arg;
	snprintf(run->detail, sizeof(run->detail), "%" PRIu64 " mappings, %" PRIu64 " bytes", count,
		 ledger_bytes(iommu_ledger(session_iommu(s))));
	if (told) {
		size_t at = strlen(run->detail);

		report_num(run->report, "mappings_left", left);
		snprintf(run->detail + at, sizeof(run->detail) - at, ", %" PRIu32 " more allowed", left);
	}
	report_line(run->report, "%s, device %s: %s", session_backend_name(s), session_device_name(s), run->detail);
	command_report_mappings(run, s);
	command_report_capabilities(run, s);
	return 0;
}

const struct command command_maps = {
	.name = "maps",
	.summary = "show what is mapped",
	.in_session = maps_in_session,
	.scriptable = true,
};
