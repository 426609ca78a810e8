/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl maps: what is mapped now. */
#include <inttypes.h>

#include "cmd/command.h"
#include "iommu/ledger.h"

static int maps_in_session(struct command_run *run, struct session *s, void *arg)
{
	(void)arg;
	report_line(run->report, "%s, device %s: %" PRIu64 " mappings, %" PRIu64 " bytes", session_backend_name(s),
		    session_device_name(s), ledger_count(iommu_ledger(session_iommu(s))),
		    ledger_bytes(iommu_ledger(session_iommu(s))));
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
