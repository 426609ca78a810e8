/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl maps: what is mapped now. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/command.h"
#include "core/op/dirty.h"
#include "iommu/ledger.h"
#include "iommu/objects.h"

/* dirty: [{source, ioas, table, made, page_size, elapsed_s}] */
static void maps_dirty(struct report *r, const struct session *s)
{
	struct op_dirty_on on;

	report_list(r, "dirty");
	for (unsigned int i = 0; op_dirty_get(s, i, &on); i++) {
		double elapsed = (double)(clock_ns() - on.since) / 1e9;
		char where[64] = "";

		report_object(r, NULL);
		report_str(r, "source", dirty_source_name(on.at.source));
		report_num(r, "ioas", iommu_space_id(on.at.iommu));
		report_num(r, "table", on.at.table);
		report_bool(r, "made", on.made);
		report_num(r, "page_size", on.page_size);
		report_real(r, "elapsed_s", elapsed);
		report_close(r);
		if (on.at.table)
			snprintf(where, sizeof(where), ", page table %" PRIu32 "%s", on.at.table,
				 on.made ? " made for it" : "");
		else if (on.at.source == DIRTY_IOMMU)
			snprintf(where, sizeof(where), ", in ioas %" PRIu32, iommu_space_id(on.at.iommu));
		report_line(r, "dirty tracking by %s for %.1f s%s", dirty_source_name(on.at.source), elapsed, where);
	}
	report_close(r);
	report_text_hide(r, "dirty");
}

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
	maps_dirty(run->report, s);
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
