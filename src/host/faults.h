/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IOMMU faults and kernel complaints as the kernel log tells them (/dev/kmsg), parsed. */
#ifndef IC_HOST_FAULTS_H
#define IC_HOST_FAULTS_H

#include <stdbool.h>

#include "base/fail.h"

struct dma_fault {
	uint64_t time_ns; /* clock_ns() when it was read */
	uint64_t iova;
	bool iova_known; /* QEMU's AMD IOMMU logs address 0 for every fault */
	bool write;
	bool access_known;
	char device[32]; /* requester as logged, normalised to 0000:00:04.0; "" = unknown */
	char source[16]; /* "vt-d", "amd-vi", "virtio", "smmuv3", "riscv", "sim" */
	char reason[96];
	char raw[256]; /* the kernel's line */
};

/* One line of kernel log text -> fault. False when the line is not an IOMMU fault. Pure; unit-tested on every format. */
bool fault_parse_line(const char *line, struct dma_fault *out);
/* True when the line tells of a kernel problem: WARNING:, BUG:, Oops, KASAN, "DMA PTE for vPFN", RCU stall, hung task. */
bool fault_line_is_complaint(const char *line);

struct fault_log;
/*
 * Follow /dev/kmsg from its end. -EACCES/-EPERM without the right (dmesg_restrict): the caller then says that faults are
 * not seen, and never "no faults".
 */
int fault_log_open(struct fault_log **out, struct fail *f);
void fault_log_close(struct fault_log *log);
/*
 * New faults since the last call, at most @max into @out. *suppressed counts lines the kernel says it left out and
 * overruns. The first complaint since open is copied to @complaint (len bytes, "" if none). 0 or -errno.
 */
int fault_log_read(struct fault_log *log, struct dma_fault *out, unsigned int max, unsigned int *count,
		   unsigned int *suppressed, char *complaint, size_t complaint_len);

/* /proc/sys/kernel/tainted; 0 when it cannot be read. */
uint64_t fault_kernel_taint(void);

#endif
