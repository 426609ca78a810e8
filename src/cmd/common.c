/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several commands share: a session to work in, failures and mappings as report rows. */
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "cmd/command.h"
#include "core/op/op.h"
#include "iommu/ledger.h"
#include "iommu/mem.h"
#include "iommu/objects.h"

const char *const by_names[] = {"self", "child", NULL};

static const char *prot_name(enum iommu_prot prot)
{
	static const char *const names[] = {"none", "r", "w", "rw"};

	return names[prot & IOMMU_PROT_RW];
}

int command_session(struct command_run *run, struct session **out, bool *own)
{
	struct globals *g = run->globals;
	int err;

	*own = !run->session;
	if (run->session) {
		*out = run->session;
		return 0;
	}
	err = session_open(out, &g->session, &g->host, &run->fail);
	if (err)
		return err;
	/* who did it is part of every result */
	report_str(run->report, "backend", session_backend_name(*out));
	report_str(run->report, "device", session_device_name(*out));
	report_str(run->report, "driver", session_driver_name(*out));
	return 0;
}

void command_session_close(struct command_run *run, struct session *s, bool own)
{
	struct fail why = {0};

	if (!own || !session_close(s, &why))
		return;
	fail_print(&why, NULL);
	report_line(run->report, "%s", why.text);
	report_result(run->report, RESULT_ERROR);
	if (!run->closing.err)
		run->closing = why;
}

static bool command_is_in_session(const struct command *cmd, const void *state)
{
	return cmd->in_session && (!cmd->needs_session || cmd->needs_session(state));
}

bool command_opens_session(const struct command *cmd, const void *state)
{
	return cmd->opens_session || command_is_in_session(cmd, state);
}

int command_execute(const struct command *cmd, struct command_run *run, void *state)
{
	struct session *s;
	int err;

	if (!command_is_in_session(cmd, state))
		return cmd->execute(run, state);
	err = command_session(run, &s, &run->own_session);
	if (err)
		return err;
	err = cmd->in_session(run, s, state);
	command_session_close(run, s, run->own_session);
	return err;
}

void command_failures(struct command_run *run, const char *what, struct failures *found)
{
	failures_report(run->report, found);
	if (!found->total) {
		report_check(run->report, what, RESULT_PASS, NULL);
		return;
	}
	report_check(run->report, what, RESULT_FAIL, found->list[0].text);
	report_evidence(run->report, "class", "%s", failure_name(found->list[0].class));
	snprintf(run->detail, sizeof(run->detail), "%s: %.150s", failure_name(found->list[0].class),
		 found->list[0].text);
}

struct mappings_walk {
	struct report *report;
	struct session *session;
	uint32_t ioas;
};

static int mapping_row(const struct ledger_entry *entry, void *arg)
{
	struct mappings_walk *walk = arg;
	const struct buffer *b = entry->named ? buffer_find(walk->session, entry->tag) : NULL;
	struct report *r = walk->report;

	report_object(r, NULL);
	report_str(r, "buf", entry->tag);
	report_num(r, "ioas", walk->ioas);
	report_hex(r, "iova", entry->range.start);
	report_num(r, "size", entry->range.last - entry->range.start + 1);
	report_str(r, "prot", prot_name(entry->prot));
	report_str(r, "mem", b && b->source[0] ? b->source : mem_kind_name(b ? b->mem.kind : IOMMU_MEM_ANON));
	report_str(r, "vaddr", entry->forgotten ? "forgotten" : "known");
	report_close(r);
	return 0;
}

void command_report_mappings(struct command_run *run, struct session *s)
{
	struct mappings_walk walk = {run->report, s, 0};
	struct iommu_object o;

	report_list(run->report, "mappings");
	for (unsigned int i = 0; iommu_object_get(session_iommu(s), i, &o); i++) {
		if (o.kind != IOMMU_OBJECT_IOAS)
			continue;
		walk.ioas = o.id;
		ledger_each(iommu_ledger(o.space), mapping_row, &walk);
	}
	report_close(run->report);
}
