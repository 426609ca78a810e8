/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which lines of the kernel log mean that the kernel itself is in trouble. Only forms that the kernel prints for that
 * are listed: a driver's "Warning: ..." or a "[Firmware Bug]: ..." says nothing about a run, and a false alarm would
 * send someone after a bug that is not there.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "host/faults.h"
#include "host/text.h"

/* At the start of the message. */
static const char *const complaint_starts[] = {
	"BUG: ",
	"kernel BUG at ",
	"Oops: ",
	"Oops - ",
	"Internal error: ", /* arm64, riscv: "Internal error: Oops: ..." */
	"Unable to handle kernel ",
	"general protection fault", /* a process's one begins with "traps: " */
	"Kernel panic - ",
	"KASAN: ",
	"UBSAN: ",
	"WARNING: CPU: ",
	"WARNING: possible ", /* lockdep */
	"WARNING: suspicious RCU usage",
	"WARNING: bad unlock balance",
	"WARNING: inconsistent lock state",
	"WARNING: held lock freed",
	"WARNING: lock held when returning to user space",
	"WARNING: locking bug",
	"WARNING: Nested lock was not taken",
	"WARNING: kernel stack",
	"watchdog: BUG: ",
	"DMAR: ERROR: DMA PTE for vPFN ",
	"ERROR: DMA PTE for vPFN ",
	"DMAR: VT-d detected Invalidation ",
	"AMD-Vi: Completion-Wait loop timed out",
	"AMD-Vi: Command buffer timeout",
};

/* "WARNING: drivers/iommu/x.c:12 at x_unmap+0x1/0x2, CPU#0: task/1", the form since 6.16. */
static bool complaint_is_warn_at(const char *s)
{
	const char *at;

	if (!text_starts(s, "WARNING: "))
		return false;
	at = strstr(s, " at ");
	return at && strstr(at, "CPU#") && at > s && isdigit((unsigned char)at[-1]) && memchr(s + 9, ':', at - s - 9);
}

/* "INFO: task sh:12 blocked for more than 120 seconds." */
static bool complaint_is_hung_task(const char *s)
{
	return text_starts(s, "INFO: task ") && strstr(s, " blocked for more than ");
}

/* "rcu: INFO: rcu_sched self-detected stall on CPU", "INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-... }" */
static bool complaint_is_rcu_stall(const char *s)
{
	if (text_starts(s, "rcu: "))
		s += strlen("rcu: ");
	return text_starts(s, "INFO: rcu_") && (strstr(s, "detected stall") || strstr(s, "detected expedited stall"));
}

static bool complaint_is_other(const char *s)
{
	return strstr(s, "Watchdog detected hard LOCKUP") ||
	       (strstr(s, "arm-smmu-v3 ") && (strstr(s, ": CMDQ timeout") || strstr(s, ": CMDQ error")));
}

bool fault_line_is_complaint(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(complaint_starts); i++)
		if (text_starts(line, complaint_starts[i]))
			return true;
	return complaint_is_warn_at(line) || complaint_is_hung_task(line) || complaint_is_rcu_stall(line) ||
	       complaint_is_other(line);
}
