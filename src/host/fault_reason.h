/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the numbers in IOMMU faults mean. */
#ifndef IC_HOST_FAULT_REASON_H
#define IC_HOST_FAULT_REASON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* VT-d's fault reason in own words; NULL for a number that is reserved, or not known here. */
const char *fault_vtd_reason(unsigned int code);
/* RISC-V's cause; NULL as above. */
const char *fault_riscv_cause(unsigned int cause);
/* An SMMUv3 event's name, "unknown event" for others. *has_addr: the third word is the input address. */
const char *fault_smmu_event(unsigned int id, bool *has_addr);
/* The flags of AMD's IO_PAGE_FAULT as ": page not present, ..." into @buf, "" for none worth a word. Returns @buf. */
const char *fault_amd_flag_words(uint64_t flags, char *buf, size_t len);

#endif
