/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the numbers in IOMMU faults mean: VT-d's reasons, AMD's flags, SMMUv3's events, RISC-V's causes. */
#include "host/fault_reason.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"

struct fault_number {
	unsigned int number;
	const char *text;
};

/*
 * VT-d specification, "Fault Reason Encodings"; which number is what is confirmed by drivers/iommu/intel/dmar.c up to Linux 7.3, and
 * 0x0e and 0x91 by QEMU's hw/i386/intel_iommu_internal.h. 0x01-0x0e are legacy mode, 0x20-0x26 interrupt remapping, the rest
 * scalable mode.
 */
static const struct fault_number fault_vtd[] = {
	{0x00, "software"},
	{0x01, "root entry not present"},
	{0x02, "context entry not present"},
	{0x03, "context entry invalid"},
	{0x04, "address beyond the width of the domain"},
	{0x05, "no page for writing"},
	{0x06, "no page for reading"},
	{0x07, "page table cannot be read"},
	{0x08, "root table cannot be read"},
	{0x09, "context table cannot be read"},
	{0x0a, "reserved bits set in the root entry"},
	{0x0b, "reserved bits set in the context entry"},
	{0x0c, "reserved bits set in a page table entry"},
	{0x0d, "translated or translation request is blocked for this device"},
	{0x0e, "page table leads into the interrupt range"},
	{0x20, "reserved bits set in the interrupt request"},
	{0x21, "interrupt index beyond the remapping table"},
	{0x22, "interrupt entry not present"},
	{0x23, "interrupt remapping table cannot be read"},
	{0x24, "reserved bits set in the interrupt entry"},
	{0x25, "interrupt in compatibility format is blocked"},
	{0x26, "interrupt comes from another source than the entry allows"},
	{0x30, "root table address invalid"},
	{0x31, "table mode does not take requests with a PASID"},
	{0x32, "table mode does not take page requests"},
	{0x38, "root entry cannot be read"},
	{0x39, "root entry not present"},
	{0x3a, "reserved bits set in the root entry"},
	{0x40, "context entry cannot be read"},
	{0x41, "context entry not present"},
	{0x42, "reserved bits set in the context entry"},
	{0x43, "context entry invalid"},
	{0x44, "device TLB not enabled in the context entry"},
	{0x45, "PASIDs not enabled in the context entry"},
	{0x46, "PASID beyond the directory"},
	{0x47, "page requests not enabled in the context entry"},
	{0x48, "the context entry's own PASID is invalid"},
	{0x50, "PASID directory entry cannot be read"},
	{0x51, "PASID directory entry not present"},
	{0x52, "reserved bits set in the PASID directory entry"},
	{0x58, "PASID entry cannot be read"},
	{0x59, "PASID entry not present"},
	{0x5a, "reserved bits set in the PASID entry"},
	{0x5b, "PASID entry invalid"},
	{0x5c, "execute requests not enabled in the PASID entry"},
	{0x5d, "supervisor requests not enabled in the PASID entry"},
	{0x70, "first-stage entry cannot be read"},
	{0x71, "first-stage entry not present"},
	{0x72, "reserved bits set in a first-stage entry"},
	{0x73, "first-stage root entry cannot be read"},
	{0x74, "nested: first-stage entry's address beyond the width"},
	{0x75, "nested: first-stage root entry not readable in the second stage"},
	{0x76, "nested: first-stage entry not readable in the second stage"},
	{0x77, "nested: first-stage entry not writable in the second stage"},
	{0x78, "second-stage entry cannot be read"},
	{0x79, "second-stage entry without the permission to read or write"},
	{0x7a, "reserved bits set in a second-stage entry"},
	{0x7b, "second-stage table pointer invalid"},
	{0x7c, "second-stage accessed or dirty bit needs an update that no-snoop forbids"},
	{0x80, "address is not canonical"},
	{0x81, "page is the supervisor's, the request a user's"},
	{0x82, "page may not be executed"},
	{0x83, "address beyond what the hardware takes"},
	{0x84, "second-stage address beyond the width"},
	{0x85, "no permission to write"},
	{0x86, "no permission to read"},
	{0x87, "page table leads into the interrupt range"},
	{0x90, "first-stage accessed or dirty bit needs an update that no-snoop forbids"},
	{0x91, "first-stage accessed or dirty bit could not be set"},
};

/* RISC-V IOMMU specification, table 11; drivers/iommu/riscv/iommu-bits.h */
static const struct fault_number fault_riscv[] = {
	{1, "instruction access fault"},
	{4, "read address misaligned"},
	{5, "read access fault"},
	{6, "write address misaligned"},
	{7, "write access fault"},
	{12, "instruction page fault"},
	{13, "read page fault"},
	{15, "write page fault"},
	{20, "instruction guest page fault"},
	{21, "read guest page fault"},
	{23, "write guest page fault"},
	{256, "all inbound transactions disallowed"},
	{257, "DDT entry load access fault"},
	{258, "DDT entry not valid"},
	{259, "DDT entry misconfigured"},
	{260, "transaction type disallowed"},
	{261, "MSI PTE load access fault"},
	{262, "MSI PTE not valid"},
	{263, "MSI PTE misconfigured"},
	{264, "MRIF access fault"},
	{265, "PDT entry load access fault"},
	{266, "PDT entry not valid"},
	{267, "PDT entry misconfigured"},
	{268, "DDT data corruption"},
	{269, "PDT data corruption"},
	{270, "MSI page table data corruption"},
	{271, "MRIF data corruption"},
	{272, "internal data path error"},
	{273, "MSI write access fault"},
	{274, "page table data corruption"},
};

/* SMMUv3 specification 7.3; the numbers that drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h has. */
static const struct {
	unsigned int id;
	const char *name;
	bool has_addr;
} fault_smmu_events[] = {
	{0x02, "C_BAD_STREAMID", false},    {0x03, "F_STE_FETCH", false},	{0x04, "C_BAD_STE", false},
	{0x06, "F_STREAM_DISABLED", false}, {0x08, "C_BAD_SUBSTREAMID", false}, {0x09, "F_CD_FETCH", false},
	{0x0a, "C_BAD_CD", false},	    {0x10, "F_TRANSLATION", true},	{0x11, "F_ADDR_SIZE", true},
	{0x12, "F_ACCESS", true},	    {0x13, "F_PERMISSION", true},	{0x25, "F_VMS_FETCH", false},
};

static const char *fault_number(const struct fault_number *table, size_t n, unsigned int number)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].number == number)
			return table[i].text;
	return NULL;
}

const char *fault_vtd_reason(unsigned int code)
{
	return fault_number(fault_vtd, ARRAY_SIZE(fault_vtd), code);
}

const char *fault_riscv_cause(unsigned int cause)
{
	return fault_number(fault_riscv, ARRAY_SIZE(fault_riscv), cause);
}

const char *fault_smmu_event(unsigned int id, bool *has_addr)
{
	for (size_t i = 0; i < ARRAY_SIZE(fault_smmu_events); i++)
		if (fault_smmu_events[i].id == id) {
			*has_addr = fault_smmu_events[i].has_addr;
			return fault_smmu_events[i].name;
		}
	*has_addr = false;
	return "unknown event";
}

/* AMD I/O Virtualization specification, IO_PAGE_FAULT event: I 3, PR 4, RW 5, PE 6, RZ 7, TR 8. */
#define AMD_FLAG_I 0x008
#define AMD_FLAG_PR 0x010
#define AMD_FLAG_PE 0x040
#define AMD_FLAG_RZ 0x080
#define AMD_FLAG_TR 0x100

const char *fault_amd_flag_words(uint64_t flags, char *buf, size_t len)
{
	snprintf(buf, len, ": %s%s%s%s", flags & AMD_FLAG_I ? "interrupt, " : "",
		 flags & AMD_FLAG_PR ? "page present" : "page not present",
		 flags & AMD_FLAG_PE   ? ", no permission"
		 : flags & AMD_FLAG_RZ ? ", reserved bits set"
				       : "",
		 flags & AMD_FLAG_TR ? ", translation request" : "");
	return buf;
}
