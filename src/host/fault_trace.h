/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults as the tracepoint iommu:io_page_fault tells them, by libtracefs, in a tracing instance of our own. Only report_iommu_fault()
 * emits it, which on x86 is called by AMD's driver alone; there it has no rate limit, and each fault is in the kernel's log too.
 */
#ifndef IC_HOST_FAULT_TRACE_H
#define IC_HOST_FAULT_TRACE_H

#include "host/faults.h"
#include "host/host.h"

struct fault_trace;

/* From now on. Nothing else of the machine's tracing is touched. 0 or -errno with @f; -EOPNOTSUPP without libtracefs. */
int fault_trace_open(const struct host *host, struct fault_trace **out, struct fail *f);
/* Removes the instance. */
void fault_trace_close(struct fault_trace *trace);
/* New faults, at most @max; *lost: events that the kernel's buffer had no room for. Does not block. 0 or -errno. */
int fault_trace_read(struct fault_trace *trace, struct dma_fault *out, unsigned int max, unsigned int *count,
		     unsigned int *lost);
int fault_trace_fd(const struct fault_trace *trace);

/* For tests: what trace_pipe gives, from @fd, which must not block and is taken over. */
int fault_trace_adopt(struct fault_trace **out, int fd);
/* "...: io_page_fault: IOMMU:<driver> <device> iova=0x... flags=0x...". False for another line. Pure. */
bool fault_trace_parse(const char *line, struct dma_fault *out);
/* "CPU:1 [LOST 12 EVENTS]": how many; 0 for another line. Pure. */
unsigned int fault_trace_lost(const char *line);

#endif
