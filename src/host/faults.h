/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IOMMU faults and kernel complaints as the kernel log tells them (/dev/kmsg), parsed. */
#ifndef IC_HOST_FAULTS_H
#define IC_HOST_FAULTS_H

#include <stdbool.h>

#include "base/fail.h"

/* By what a fault was tied to an operation, or to a device: the stronger one counts. */
enum fault_tie {
	FAULT_TIE_NONE,	   /* to nothing */
	FAULT_TIE_TIME,	   /* it came at the time; neither address nor requester are known for certain */
	FAULT_TIE_DEVICE,  /* the requester is the device, or shares its group, or its requester id */
	FAULT_TIE_ADDRESS, /* the address is one that the operation used */
};

struct dma_fault {
	uint64_t time_ns; /* clock_ns() when it was read */
	uint64_t log_us;  /* when the kernel logged it, by its own clock; 0 = not known */
	uint64_t iova;
	bool iova_known; /* QEMU's AMD IOMMU logs address 0 for every fault */
	bool write;
	bool access_known;
	bool has_pasid;
	uint32_t pasid;
	char device[32];   /* requester as logged, normalised to 0000:00:04.0; "" = unknown */
	bool segment_lost; /* the kernel logged bus, device and function only: segment 0000 is a guess */
	bool bus_lost;	   /* device and function only (QEMU's AMD IOMMU): so is bus 00 */
	char source[16];   /* "vt-d", "amd-vi", "virtio", "smmuv3", "smmu", "riscv", "trace", "iopf", "sim" */
	char reason[96];
	char raw[256]; /* the kernel's line */

	/* What was found out about it; a parser leaves these alone. */
	bool group_known;
	unsigned int group; /* IOMMU group of the requester */
	char alias_of[16];  /* a device that uses this requester id, which is no device's own; "" = none */
	enum fault_tie tie;
	bool alone;	   /* no other device can be meant, although FAULT_TIE_TIME is all that ties it */
	bool expected;	   /* somebody caused it on purpose */
	unsigned int line; /* of a script: the operation it was tied to, 0 = none */
};

/* "none", "time", "device", "address". */
const char *fault_tie_name(enum fault_tie tie);

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
 * New faults since the last call, at most @max into @out. *suppressed counts lines the kernel says it left out, faults of which
 * it printed no more than that there was one, overflows of an IOMMU's own log, and overruns of the kernel's. The first
 * complaint since open is copied to @complaint (len bytes, "" if none). The work is bounded, whatever is being logged. 0 or
 * -errno.
 */
int fault_log_read(struct fault_log *log, struct dma_fault *out, unsigned int max, unsigned int *count,
		   unsigned int *suppressed, char *complaint, size_t complaint_len);
/* The last fault_log_read() ended at its bound, not at the end of the log. */
bool fault_log_is_behind(const struct fault_log *log);
/* Go to the end of the log: what is passed over counts as lost in the next reads. */
void fault_log_skip(struct fault_log *log);
/* Readable when there is something to read, for poll(2). */
int fault_log_fd(const struct fault_log *log);

/* /proc/sys/kernel/tainted; 0 when it cannot be read. */
uint64_t fault_kernel_taint(void);

#endif
