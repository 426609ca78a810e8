/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks of a device's migration: their names, the questions in plain words, and what was said to each. */
#include <stdarg.h>
#include <stdio.h>

#include "core/migration_priv.h"

static const struct migration_check check_table[CHECK_COUNT + 1] = {
	[CHECK_FLAGS] = {"flags", "are the flags consistent: STOP_COPY always, no other without it?"},
	[CHECK_STARTS_RUNNING] = {"starts-running", "is a device that was just opened in RUNNING?"},
	[CHECK_ARCS_LEGAL] = {"arcs-legal", "is every state reached that the rules lead to?"},
	[CHECK_ARCS_ILLEGAL] = {"arcs-illegal", "is every way refused that the rules do not know?"},
	[CHECK_STATES_UNKNOWN] = {"states-unknown", "is a number refused that is no state?"},
	[CHECK_STATES_OPTIONAL] = {"states-optional", "are states refused whose flag the device does not have?"},
	[CHECK_ARC_END] = {"arc-end", "is the device in the state that it was brought to?"},
	[CHECK_ARC_FAILED] = {"arc-failed", "does a refused request leave the state as it was?"},
	[CHECK_FD_DUE] = {"fd-due", "is a descriptor handed out wherever a transfer begins?"},
	[CHECK_FD_UNDUE] = {"fd-undue", "is none handed out anywhere else?"},
	[CHECK_ERROR_LEFT] = {"error-left", "is ERROR left by a reset only?"},
	[CHECK_ERROR_RESET] = {"error-reset", "can errors be left: does a reset lead from ERROR to RUNNING?"},
	[CHECK_RESET_RUNNING] = {"reset-running", "does a reset lead from every other state to RUNNING?"},
	[CHECK_STOP_TIME] = {"stop-time", "is the device stopped in bounded time?"},
	[CHECK_STREAM_END] = {"stream-end", "does the stream of a stopped device end, and stay at its end?"},
	[CHECK_STREAM_REPEAT] = {"stream-repeat", "does a stopped device give the same stream twice?"},
	[CHECK_SIZE_KNOWN] = {"size-known", "is the size known beforehand?"},
	[CHECK_SIZE_TRUE] = {"size-true", "does no more come than was told, by far?"},
	[CHECK_LOAD] = {"load", "is a stream accepted by the device that it came from, however it is cut into pieces?"},
	[CHECK_STATE_KEPT] = {"state-kept", "is the device after that as it was when it was saved?"},
	[CHECK_LOAD_PART] = {"load-part", "is half a stream refused?"},
	[CHECK_LOAD_GARBAGE] = {"load-garbage", "is a stream with a damaged beginning refused?"},
	[CHECK_PRECOPY_INFO] = {"precopy-info", "is it told what pre-copy has to give?"},
	[CHECK_PRECOPY_SHRINKS] = {"precopy-shrinks", "do the initial bytes become fewer while they are read?"},
	[CHECK_PRECOPY_END] = {"precopy-end", "does reading say so when pre-copy has nothing more?"},
	[CHECK_PRECOPY_INFO_OVER] = {"precopy-info-over", "is that information refused outside of pre-copy?"},
	[CHECK_PRECOPY_LOAD] = {"precopy-load", "is a stream that began in pre-copy loaded as a whole?"},
	[CHECK_CONFIG_STOPPED] = {"config-stopped", "can configuration space be read and written while stopped?"},
	[CHECK_MMIO_STOPPED] = {"mmio-stopped", "can registers be read while stopped?"},
	[CHECK_IRQS_STOPPED] = {"irqs-stopped", "can interrupts be set up while stopped?"},
	[CHECK_IRQS_RESUMING] = {"irqs-resuming", "can interrupts be set up while resuming?"},
	[CHECK_DMA_RUNNING] = {"dma-running", "does the device do DMA after it was stopped and runs again?"},
	[CHECK_DMA_STOPPED] = {"dma-stopped", "does a stopped device do no DMA?"},
	[CHECK_DMA_PEER] = {"dma-peer", "does it do no DMA to peers in the P2P states?"},
	[CHECK_P2P_APART] = {"p2p-apart", "is there a state in which only DMA to peers is quiet?"},
	[CHECK_DIRTY] = {"dirty", "can be told what memory the running device writes to?"},
	[CHECK_KERNEL] = {"kernel", "does the kernel not complain?"},
	[CHECK_WAY_OUT] = {"way-out", "is the device in RUNNING at the end?"},
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
