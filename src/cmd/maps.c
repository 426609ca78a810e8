/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl maps: what is mapped now. */
#include <inttypes.h>

#include "cmd/command.h"
#include "iommu/ledger.h"

static int maps_execute(struct command_run *run, void *arg)
{
	struct session *s;
	bool own;
	int err = command_session(run, &s, &own);

	(void)arg;
	if (err)
		return err;
	report_line(run->report, "%s, device %s: %" PRIu64 " mappings, %" PRIu64 " bytes", session_backend_name(s),
		    session_device_name(s), ledger_count(iommu_ledger(session_iommu(s))),
		    ledger_bytes(iommu_ledger(session_iommu(s))));
	command_report_mappings(run, s);
	command_session_close(run, s, own);
	return 0;
}

const struct command command_maps = {
	.name = "maps",
	.summary = "show what is mapped",
	.execute = maps_execute,
	.opens_session = true,
	.scriptable = true,
};
