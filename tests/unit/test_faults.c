/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/faults: every driver's fault lines, what is a complaint and what only looks like one. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "host/fault_reason.h"
#include "host/faults.h"

enum access { READ, WRITE, UNKNOWN };

static const struct {
	const char *line, *source, *device, *reason;
	bool iova_known;
	uint64_t iova;
	enum access access;
} faults[] = {
	{"DMAR: [DMA Write NO_PASID] Request device [0000:00:01.0] fault addr 0x8000000 [fault reason 0x05] PTE Write "
	 "access is not set",
	 "vt-d", "0000:00:01.0", "PTE Write access is not set (0x05)", true, 0x8000000, WRITE},
	{"DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x7fffff000 [fault reason 0x06] PTE Read "
	 "access is "
	 "not set",
	 "vt-d", "0000:00:02.0", "PTE Read access is not set (0x06)", true, 0x7fffff000, READ},
	{"DMAR: [DMA Read PASID 0x1] Request device [0001:3a:00.7] fault addr 0xffffffffff000 [fault reason 0x71] SM: "
	 "Present "
	 "bit in first-level paging entry is clear",
	 "vt-d", "0001:3a:00.7", "SM: Present bit in first-level paging entry is clear (0x71)", true, 0xffffffffff000,
	 READ},
	{"DMAR: [DMA Write NO_PASID] Request device [0x00:0x1f.0] fault addr 0xcd000 [fault reason 0x05] PTE Write "
	 "access is "
	 "not set",
	 "vt-d", "0000:00:1f.0", "PTE Write access is not set (0x05)", true, 0xcd000, WRITE},
	{"DMAR: [DMA Read] Request device [00:02.0] PASID ffffffff fault addr 9c0000000 [fault reason 06] PTE Read "
	 "access is "
	 "not set",
	 "vt-d", "0000:00:02.0", "PTE Read access is not set (0x06)", true, 0x9c0000000, READ},
	{"DMAR: [DMA Write] Request device [03:00.0] fault addr ffffe000 [fault reason 05] PTE Write access is not set",
	 "vt-d", "0000:03:00.0", "PTE Write access is not set (0x05)", true, 0xffffe000, WRITE},
	/* Before 5.11 the reason is decimal, and before 4.11 on a line of its own in the same record. */
	{"DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 0 [fault reason 37] Blocked a compatibility format "
	 "interrupt request",
	 "vt-d", "0000:f0:1f.0", "interrupt remapping: Blocked a compatibility format interrupt request (0x25)", false,
	 0, UNKNOWN},
	{"DMAR:[DMA Write] Request device [02:00.0] fault addr ffffe000 \\x0aDMAR:[fault reason 12] non-zero reserved "
	 "fields in PTE",
	 "vt-d", "0000:02:00.0", "non-zero reserved fields in PTE (0x0c)", true, 0xffffe000, WRITE},
	/* A number that the kernel has no words for, one that nobody has, and a line that was cut. */
	{"DMAR: [DMA Write NO_PASID] Request device [0000:00:01.0] fault addr 0x8000000 [fault reason 0x91] Unknown",
	 "vt-d", "0000:00:01.0", "first-stage accessed or dirty bit could not be set (0x91)", true, 0x8000000, WRITE},
	{"DMAR: [DMA Write NO_PASID] Request device [0000:00:01.0] fault addr 0x8000000 [fault reason 0x60] Unknown",
	 "vt-d", "0000:00:01.0", "reserved, or not known here (0x60)", true, 0x8000000, WRITE},
	{"DMAR: [DMA Read NO_PASID] Request device [0000:00:01.0] fault addr 0x8000000 [fault reason 0x85]", "vt-d",
	 "0000:00:01.0", "no permission to write (0x85)", true, 0x8000000, READ},
	{"DMAR: [DMA Read NO_PASID] Request device [0000:00:01.0] fault addr 0x8000000", "vt-d", "0000:00:01.0",
	 "no reason given", true, 0x8000000, READ},
	{"DMAR: [INTR-REMAP] Request device [0000:ff:1f.7] fault index 0x8000 [fault reason 0x22] Present field in the "
	 "IRTE "
	 "entry is clear",
	 "vt-d", "0000:ff:1f.7", "interrupt remapping: Present field in the IRTE entry is clear (0x22)", false, 0,
	 UNKNOWN},

	{"vfio-pci 0000:00:02.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0000 address=0x0 flags=0x000a]", "amd-vi",
	 "0000:00:02.0", "IO_PAGE_FAULT", false, 0, WRITE},
	{"vfio-pci 0000:00:02.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0000 address=0x0 flags=0x0009]", "amd-vi",
	 "0000:00:02.0", "IO_PAGE_FAULT", false, 0, READ},
	/* A real machine's fault at address 0 keeps its address. */
	{"vfio-pci 0000:00:02.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000d address=0x0 flags=0x0020]", "amd-vi",
	 "0000:00:02.0", "IO_PAGE_FAULT: page not present", true, 0, WRITE},
	{"AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:00:02.0 domain=0x000d address=0xfd00001000 flags=0x0000]",
	 "amd-vi", "0000:00:02.0", "IO_PAGE_FAULT: page not present", true, 0xfd00001000, READ},
	/* The page is there, but not for writing; a translation request; an interrupt's. */
	{"vfio-pci 0000:41:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000d address=0x1000 flags=0x0070]",
	 "amd-vi", "0000:41:00.0", "IO_PAGE_FAULT: page present, no permission", true, 0x1000, WRITE},
	{"vfio-pci 0000:41:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000d address=0x1000 flags=0x0190]",
	 "amd-vi", "0000:41:00.0", "IO_PAGE_FAULT: page present, reserved bits set, translation request", true, 0x1000,
	 READ},
	{"nvme 0000:41:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000d address=0xfee00000 flags=0x0028]",
	 "amd-vi", "0000:41:00.0", "IO_PAGE_FAULT: interrupt, page not present", true, 0xfee00000, UNKNOWN},
	{"AMD-Vi: Event logged [IO_PAGE_FAULT device=01:00.0 domain=0x000d address=0x1000 flags=0x0020]", "amd-vi",
	 "0000:01:00.0", "IO_PAGE_FAULT: page not present", true, 0x1000, WRITE},
	{"pci 0000:00:00.2: AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=0000:21:00.0 pasid=0x00000 "
	 "address=0xfffffffdf8000000 flags=0x0a00]",
	 "amd-vi", "0000:21:00.0", "ILLEGAL_DEV_TABLE_ENTRY", true, 0xfffffffdf8000000, UNKNOWN},
	{"pci 0000:00:00.2: AMD-Vi: Event logged [IOTLB_INV_TIMEOUT device=0000:0b:00.0 address=0x100200300]", "amd-vi",
	 "0000:0b:00.0", "IOTLB_INV_TIMEOUT", true, 0x100200300, UNKNOWN},
	/* The IOMMU's own address, and the IOMMU is not a requester. */
	{"pci 0000:00:00.2: AMD-Vi: Event logged [ILLEGAL_COMMAND_ERROR address=0x1009f0]", "amd-vi", "",
	 "ILLEGAL_COMMAND_ERROR", false, 0, UNKNOWN},
	{"AMD-Vi: Event logged [RMP_PAGE_FAULT device=0000:00:02.0, vmg_tag=0x0000, gpa=0x4000, flags_rmp=0x0001, "
	 "flags=0x0020]",
	 "amd-vi", "0000:00:02.0", "RMP_PAGE_FAULT", true, 0x4000, UNKNOWN},
	{"AMD-Vi: Event logged [Device not attached to domain properly]", "amd-vi", "",
	 "Device not attached to domain properly", false, 0, UNKNOWN},

	{"virtio_iommu virtio0: page fault from EP 16 at 0x8000000 []", "virtio", "0000:00:02.0",
	 "page: no mapping, or not for this access", true, 0x8000000, UNKNOWN},
	{"virtio_iommu virtio0: page fault from EP 256 at 0x8000000 [W]", "virtio", "0000:01:00.0",
	 "page: no mapping, or not for this access", true, 0x8000000, WRITE},
	{"virtio_iommu virtio1: domain fault from EP 24", "virtio", "0000:00:03.0",
	 "domain: the endpoint is attached to none", false, 0, UNKNOWN},

	{"arm-smmu-v3 arm-smmu-v3.0.auto: event 0x10 received:", "smmuv3", "", "F_TRANSLATION (0x10)", false, 0,
	 UNKNOWN},
	{"arm-smmu-v3 arm-smmu-v3.0.auto: event: F_TRANSLATION client: 0000:00:01.0 sid: 0x8 ssid: 0x0 iova: 0x8000000 "
	 "ipa: "
	 "0x0",
	 "smmuv3", "0000:00:01.0", "F_TRANSLATION", true, 0x8000000, UNKNOWN},

	{"arm-smmu-v3 arm-smmu-v3.0.auto: event: C_BAD_STREAMID client: (unassigned sid) sid: 0x108 ssid: 0x0",
	 "smmuv3", "0000:01:01.0", "C_BAD_STREAMID", false, 0, UNKNOWN},
	{"arm-smmu-v3 arm-smmu-v3.0.auto: event: F_STE_FETCH client: fe310000.dma sid: 0x8 ssid: 0x0 fetch_addr: "
	 "0x12340",
	 "smmuv3", "fe310000.dma", "F_STE_FETCH", false, 0, UNKNOWN},
	{"arm-smmu 12600000.iommu: Unhandled context fault: fsr=0x402, iova=0x8000000, fsynr=0x10011, cbfrsynra=0x8, "
	 "cb=1",
	 "smmu", "", "translation fault (fsr 0x402)", true, 0x8000000, WRITE},
	{"arm-smmu d00d0000.smmu: Unhandled context fault: fsr=0x8, iova=0xfffe1000, fsynr=0x1, cb=4", "smmu", "",
	 "permission fault (fsr 0x8)", true, 0xfffe1000, READ},

	{"riscv,iommu 3010000.iommu: Fault 274 devid: 0x10 iotval: 8000000 iotval2: 0", "riscv", "0000:00:02.0",
	 "page table data corruption (274)", false, 0, UNKNOWN},
	{"riscv-iommu-pci 0000:00:01.0: Fault 15 devid: 0x10 iotval: 8000000 iotval2: 0", "riscv", "0000:00:02.0",
	 "write page fault (15)", true, 0x8000000, WRITE},
	{"riscv,iommu 3010000.iommu: Fault 13 devid: 0x108 iotval: fffff000 iotval2: 0", "riscv", "0000:01:01.0",
	 "read page fault (13)", true, 0xfffff000, READ},
	{"riscv,iommu 3010000.iommu: Fault 258 devid: 0x10 iotval: 0 iotval2: 0", "riscv", "0000:00:02.0",
	 "DDT entry not valid (258)", false, 0, UNKNOWN},
};

static void test_fault_lines(void **state)
{
	struct dma_fault f;

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		print_message("# %s\n", faults[i].line);
		assert_true(fault_parse_line(faults[i].line, &f));
		assert_string_equal(f.source, faults[i].source);
		assert_string_equal(f.device, faults[i].device);
		assert_string_equal(f.reason, faults[i].reason);
		assert_int_equal(f.iova_known, faults[i].iova_known);
		if (f.iova_known)
			assert_int_equal(f.iova, faults[i].iova);
		assert_int_equal(f.access_known, faults[i].access != UNKNOWN);
		if (f.access_known)
			assert_int_equal(f.write, faults[i].access == WRITE);
		assert_int_equal(strncmp(f.raw, faults[i].line, sizeof(f.raw) - 1), 0);
	}
}

/* What is missing in a requester, and the PASID. */
static void test_fault_parts(void **state)
{
	static const struct {
		const char *line;
		bool segment_lost, bus_lost, has_pasid;
		uint32_t pasid;
	} of[] = {
		{"DMAR: [DMA Read PASID 0x1f] Request device [0000:00:01.0] fault addr 0x1000 [fault reason 0x71] x",
		 false, false, true, 0x1f},
		{"DMAR: [DMA Read NO_PASID] Request device [0001:00:01.0] fault addr 0x1000 [fault reason 0x06] x",
		 false, false, false, 0},
		{"DMAR: [DMA Read] Request device [00:02.0] PASID ffffffff fault addr 1000 [fault reason 06] x", true,
		 false, false, 0},
		{"DMAR: [DMA Read] Request device [00:02.0] PASID 2a fault addr 1000 [fault reason 06] x", true, false,
		 true, 0x2a},
		{"DMAR: [DMA Read NO_PASID] Request device [0x00:0x02.0] fault addr 0x1000 [fault reason 0x06] x", true,
		 false, false, 0},
		{"vfio-pci 0000:00:02.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0000 address=0x0 flags=0x000a]",
		 false, true, false, 0},
		{"vfio-pci 0000:00:02.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0000 address=0x0 flags=0x0020]",
		 false, false, false, 0},
		{"AMD-Vi: Event logged [IO_PAGE_FAULT device=01:00.0 domain=0x000d address=0x1000 flags=0x0020]", true,
		 false, false, 0},
		{"virtio_iommu virtio0: page fault from EP 16 at 0x8000000 []", false, false, false, 0},
	};
	struct dma_fault f;

	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		print_message("# %s\n", of[i].line);
		assert_true(fault_parse_line(of[i].line, &f));
		assert_int_equal(f.segment_lost, of[i].segment_lost);
		assert_int_equal(f.bus_lost, of[i].bus_lost);
		assert_int_equal(f.has_pasid, of[i].has_pasid);
		assert_int_equal(f.pasid, of[i].pasid);
		assert_int_equal(f.tie, FAULT_TIE_NONE);
	}
}

/* Each number that drivers/iommu/intel/dmar.c has words for has ours, and no other but the two it lacks. */
static void test_vtd_numbers(void **state)
{
	static const struct {
		unsigned int first, last;
	} known[] = {{0, 0xe},	   {0x20, 0x26}, {0x30, 0x32}, {0x38, 0x3a}, {0x40, 0x48},
		     {0x50, 0x52}, {0x58, 0x5d}, {0x70, 0x7c}, {0x80, 0x87}, {0x90, 0x91}};
	bool due;

	for (unsigned int code = 0; code < 0x100; code++) {
		due = false;
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			due |= code >= known[i].first && code <= known[i].last;
		if (due != (fault_vtd_reason(code) != NULL))
			fail_msg("reason 0x%02x is %s", code, due ? "not known" : "made up");
	}
}

static void test_other_lines(void **state)
{
	static const char *const lines[] = {
		"",
		"DMAR: DRHD: handling fault status reg 2",
		"DMAR: Host address width 39",
		"DMAR: Dump dmar0 table entries for IOVA 0x8000000",
		"DMAR: [Firmware Bug]: Your BIOS is broken; DMAR reported at address 0!",
		"DMAR-IR: Enabled IRQ remapping in x2apic mode",
		"AMD-Vi: Interrupt remapping enabled",
		"AMD-Vi: Extended features (0x58f77ef22294a5a, 0x0): PPR NX GT IA GA PC GA_vAPIC",
		"virtio_iommu virtio0: input address: 64 bits",
		"arm-smmu-v3 arm-smmu-v3.0.auto: ias 44-bit, oas 44-bit (features 0x00000305)",
		"arm-smmu-v3 arm-smmu-v3.0.auto: EVTQ overflow detected -- events lost",
		"nvme nvme0: I/O 12 QID 1 timeout, aborting",
		"Fault injection is ready",
		"vfio-pci 0000:00:02.0: enabling device (0000 -> 0003)",
	};
	struct dma_fault f;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (fault_parse_line(lines[i], &f))
			fail_msg("taken for a fault: %s", lines[i]);
}

static void test_complaints(void **state)
{
	static const char *const lines[] = {
		"WARNING: CPU: 0 PID: 132 at drivers/vfio/vfio_iommu_type1.c:1021 vfio_remove_dma+0x2b/0x30 "
		"[vfio_iommu_type1]",
		"WARNING: drivers/iommu/iommu.c:2512 at __iommu_unmap+0x11/0x20, CPU#1: iommuctl/77",
		"WARNING: possible circular locking dependency detected",
		"WARNING: suspicious RCU usage",
		"BUG: kernel NULL pointer dereference, address: 0000000000000008",
		"BUG: KASAN: slab-use-after-free in vfio_unmap_unpin+0x1/0x2",
		"BUG: Bad page state in process iommuctl  pfn:12345",
		"kernel BUG at mm/gup.c:100!",
		"watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [iommuctl:77]",
		"Oops: 0000 [#1] PREEMPT SMP NOPTI",
		"Internal error: Oops: 96000004 [#1] SMP",
		"general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP",
		"DMAR: ERROR: DMA PTE for vPFN 0x3fe00 already set (to 12345003 not 6789003)",
		"INFO: task iommuctl:77 blocked for more than 120 seconds.",
		"rcu: INFO: rcu_preempt self-detected stall on CPU",
		"rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
		"rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-... } 26 jiffies s: 137 root: "
		"0x2/.",
		"INFO: rcu_sched self-detected stall on CPU",
		"UBSAN: shift-out-of-bounds in drivers/iommu/amd/iommu.c:10:20",
		"Kernel panic - not syncing: Fatal exception",
		"DMAR: VT-d detected Invalidation Time-out Error: SID 0",
		"arm-smmu-v3 arm-smmu-v3.0.auto: CMDQ timeout",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (!fault_line_is_complaint(lines[i]))
			fail_msg("no complaint: %s", lines[i]);
}

static void test_no_complaints(void **state)
{
	static const char *const lines[] = {
		"",
		"Warning: PCIe ACS overrides enabled; This may allow non-IOMMU protected peer-to-peer DMA",
		"ACPI: [Firmware Warn]: GHES: Failed to enable APEI firmware first mode.",
		"[Firmware Bug]: AMD-Vi: IOAPIC[4] not in IVRS table",
		"DMAR: [Firmware Bug]: No firmware reserved region can cover this RMRR",
		"AMD-Vi: [Firmware Bug]: : No southbridge IOAPIC found",
		"Spectre V2 : WARNING: Spectre v2 mitigation leaves CPU vulnerable to RETBleed attacks, data leaks "
		"possible!",
		"WARNING! power/level is deprecated; use power/control instead",
		"MDS CPU bug present and SMT on, data leak possible.",
		"traps: a.out[812] general protection fault ip:401136 sp:7ffd error:0 in a.out[401000+1000]",
		"a.out[812]: segfault at 8 ip 0000000000401136 sp 00007ffd error 4 in a.out",
		"rcu: Hierarchical RCU implementation.",
		"rcu: \tRCU calculated value of scheduler-enlistment delay is 25 jiffies.",
		"kasan: KernelAddressSanitizer initialized",
		"DMAR: DRHD: handling fault status reg 2",
		"DMAR: [DMA Write NO_PASID] Request device [00:01.0] fault addr 0x8000000 [fault reason 0x05] PTE "
		"Write access is "
		"not set",
		"vfio-pci 0000:00:02.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0000 address=0x0 flags=0x000a]",
		"INFO: lockdep is turned off.",
		"systemd[1]: WARNING: something a unit said",
		"NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.",
		"ERST: Error Record Serialization Table (ERST) support is initialized.",
		"WARNING: a driver's own remark",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (fault_line_is_complaint(lines[i]))
			fail_msg("a complaint: %s", lines[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fault_lines), cmocka_unit_test(test_fault_parts),
		cmocka_unit_test(test_vtd_numbers), cmocka_unit_test(test_other_lines),
		cmocka_unit_test(test_complaints),  cmocka_unit_test(test_no_complaints),
	};

	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
