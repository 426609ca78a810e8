/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks of a device's migration: their names, the questions in plain words, and what was said to each. */
#include <stdarg.h>
#include <stdio.h>

#include "core/migration/priv.h"

static const struct migration_check check_table[CHECK_COUNT + 1] = {
	[CHECK_FLAGS] = {.name = "flags",
			 .question = "are the flags consistent: STOP_COPY always, no other without it?"},
	[CHECK_STARTS_RUNNING] = {.name = "starts-running", .question = "is a device that was just opened in RUNNING?"},
	[CHECK_ARCS_LEGAL] = {.name = "arcs-legal", .question = "is every state reached that the rules lead to?"},
	[CHECK_ARCS_ILLEGAL] = {.name = "arcs-illegal", .question = "is every way refused that the rules do not know?"},
	[CHECK_STATES_UNKNOWN] = {.name = "states-unknown", .question = "is a number refused that is no state?"},
	[CHECK_STATES_OPTIONAL] = {.name = "states-optional",
				   .question = "are states refused whose flag the device does not have?"},
	[CHECK_ARC_END] = {.name = "arc-end", .question = "is the device in the state that it was brought to?"},
	[CHECK_ARC_FAILED] = {.name = "arc-failed", .question = "does a refused request leave the state as it was?"},
	[CHECK_FD_DUE] = {.name = "fd-due", .question = "is a descriptor handed out wherever a transfer begins?"},
	[CHECK_FD_UNDUE] = {.name = "fd-undue", .question = "is none handed out anywhere else?"},
	[CHECK_ERROR_LEFT] = {.name = "error-left", .question = "is ERROR left by a reset only?"},
	[CHECK_ERROR_RESET] = {.name = "error-reset",
			       .question = "can errors be left: does a reset lead from ERROR to RUNNING?"},
	[CHECK_RESET_RUNNING] = {.name = "reset-running",
				 .question = "does a reset lead from every other state to RUNNING?"},
	[CHECK_STOP_TIME] = {.name = "stop-time", .question = "is the device stopped in bounded time?"},
	[CHECK_STREAM_END] = {.name = "stream-end",
			      .question = "does the stream of a stopped device end, and stay at its end?"},
	[CHECK_STREAM_REPEAT] = {.name = "stream-repeat",
				 .question = "does a stopped device give the same stream twice?"},
	[CHECK_SIZE_KNOWN] = {.name = "size-known", .question = "is the size known beforehand?"},
	[CHECK_SIZE_TRUE] = {.name = "size-true", .question = "does no more come than was told, by far?"},
	[CHECK_LOAD] = {.name = "load",
			.question =
				"is a stream accepted by the device that it came from, however it is cut into pieces?"},
	[CHECK_STATE_KEPT] = {.name = "state-kept",
			      .question = "is the device after that as it was when it was saved?"},
	[CHECK_LOAD_PART] = {.name = "load-part", .question = "is half a stream refused?"},
	[CHECK_LOAD_GARBAGE] = {.name = "load-garbage", .question = "is a stream with a damaged beginning refused?"},
	[CHECK_PRECOPY_INFO] = {.name = "precopy-info", .question = "is it told what pre-copy has to give?"},
	[CHECK_PRECOPY_SHRINKS] = {.name = "precopy-shrinks",
				   .question = "do the initial bytes become fewer while they are read?"},
	[CHECK_PRECOPY_END] = {.name = "precopy-end",
			       .question = "does reading say so when pre-copy has nothing more?"},
	[CHECK_PRECOPY_INFO_OVER] = {.name = "precopy-info-over",
				     .question = "is that information refused outside of pre-copy?"},
	[CHECK_PRECOPY_LOAD] = {.name = "precopy-load",
				.question = "is a stream that began in pre-copy loaded as a whole?"},
	[CHECK_CONFIG_STOPPED] = {.name = "config-stopped",
				  .question = "can configuration space be read and written while stopped?"},
	[CHECK_MMIO_STOPPED] = {.name = "mmio-stopped", .question = "can registers be read while stopped?"},
	[CHECK_IRQS_STOPPED] = {.name = "irqs-stopped", .question = "can interrupts be set up while stopped?"},
	[CHECK_IRQS_RESUMING] = {.name = "irqs-resuming", .question = "can interrupts be set up while resuming?"},
	[CHECK_DMA_RUNNING] = {.name = "dma-running",
			       .question = "does the device do DMA after it was stopped and runs again?"},
	[CHECK_DMA_STOPPED] = {.name = "dma-stopped", .question = "does a stopped device do no DMA?"},
	[CHECK_DMA_PEER] = {.name = "dma-peer", .question = "does it do no DMA to peers in the P2P states?"},
	[CHECK_P2P_APART] = {.name = "p2p-apart", .question = "is there a state in which only DMA to peers is quiet?"},
	[CHECK_DIRTY] = {.name = "dirty", .question = "can be told what memory the running device writes to?"},
	[CHECK_KERNEL] = {.name = "kernel", .question = "does the kernel not complain, and the IOMMU refuse nothing?"},
	[CHECK_WAY_OUT] = {.name = "way-out", .question = "is the device in RUNNING at the end?"},
};

const struct migration_check *migration_check_help(unsigned int n)
{
	return n < CHECK_COUNT ? &check_table[n] : NULL;
}

bool migration_is_clean(const struct migration *m, enum migration_check_id id)
{
	return m->res->checks[id].result != RESULT_FAIL;
}

/* Does what is there already weigh more? */
static bool check_stands(const struct migration_check *c, enum result result)
{
	if (!c->asked)
		return false;
	if (c->result == RESULT_FAIL)
		return true;
	return c->result == RESULT_PASS && (result == RESULT_SKIP || (result == RESULT_PASS && c->why[0]));
}

static void check_say(struct migration *m, enum migration_check_id id, enum result result, const char *fmt, va_list ap)
{
	struct migration_check *c = &m->res->checks[id];

	c->asked = true;
	c->result = result;
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
}

void migration_pass(struct migration *m, enum migration_check_id id)
{
	struct migration_check *c = &m->res->checks[id];

	if (check_stands(c, RESULT_PASS))
		return;
	c->asked = true;
	c->result = RESULT_PASS;
	c->why[0] = '\0';
}

void migration_say(struct migration *m, enum migration_check_id id, enum result result, const char *fmt, ...)
{
	va_list ap;

	/* what is waited for is cut short by a signal: what looks wrong since then need not be */
	if (session_signal && result == RESULT_FAIL && id != CHECK_KERNEL && id != CHECK_WAY_OUT) {
		result = RESULT_SKIP;
		fmt = "interrupted";
	}
	if (check_stands(&m->res->checks[id], result))
		return;
	va_start(ap, fmt);
	check_say(m, id, result, fmt, ap);
	va_end(ap);
}

void migration_recommend(struct migration *m, enum migration_check_id id, const char *fmt, ...)
{
	va_list ap;

	if (check_stands(&m->res->checks[id], RESULT_FAIL))
		return;
	va_start(ap, fmt);
	check_say(m, id, m->p->strict ? RESULT_FAIL : RESULT_PASS, fmt, ap);
	va_end(ap);
	m->res->checks[id].recommended = !m->p->strict;
}
