/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel's log tells: faults by device, page tables that were not empty, complaints of the kernel. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/audit/priv.h"
#include "host/fault_smmu.h"
#include "host/faults.h"
#include "host/text.h"

#define LINE_MAX_BYTES 512
#define FAULT_DEVICES_MAX 64
#define FAULT_SAMPLES 3
#define FAULTS_MANY 100
#define LOG_SOURCE "kernel log"

/* One finding for all lines that @is_one takes, which are its evidence; none without such a line. */
static void log_find(struct audit *a, bool (*is_one)(const char *line), enum audit_severity severity,
		     const char *subject, const char *text)
{
	char line[LINE_MAX_BYTES];
	const char *at = a->m->log;
	bool found = false;

	while (audit_log_next(&at, line, sizeof(line))) {
		if (!is_one(line))
			continue;
		if (!found)
			audit_add(a, severity, subject, "%s", text);
		found = true;
		audit_show(a, LOG_SOURCE, "%s", line);
	}
}

/* --- kernel-faults --- */

struct fault_count {
	char device[32];
	unsigned int count, writes, interrupts, nr_samples;
	char samples[FAULT_SAMPLES][160];
};
struct fault_counts {
	unsigned int nr, elsewhere; /* @elsewhere: of devices beyond the room */
	struct fault_count devices[FAULT_DEVICES_MAX];
};

static void faults_count(struct fault_counts *counts, const struct dma_fault *fault)
{
	const char *device = fault->device[0] ? fault->device : "unknown device";
	struct fault_count *c = counts->devices;

	while (c < counts->devices + counts->nr && strcmp(c->device, device))
		c++;
	if (c == counts->devices + FAULT_DEVICES_MAX) {
		counts->elsewhere++;
		return;
	}
	if (c == counts->devices + counts->nr) {
		text_copy(c->device, sizeof(c->device), device);
		counts->nr++;
	}
	c->count++;
	c->writes += fault->access_known && fault->write;
	c->interrupts += text_starts(fault->reason, "interrupt remapping");
	if (c->nr_samples < FAULT_SAMPLES)
		text_copy(c->samples[c->nr_samples++], sizeof(c->samples[0]), fault->raw);
}

/* As the follower of /dev/kmsg does: SMMUv3 spreads an event over lines. */
static void faults_read(const char *log, struct fault_counts *counts)
{
	struct fault_smmu smmu = {0};
	struct dma_fault fault;
	char line[LINE_MAX_BYTES];
	bool complete, taken;

	while (audit_log_next(&log, line, sizeof(line))) {
		taken = fault_smmu_feed(&smmu, line, &fault, &complete);
		if (complete)
			faults_count(counts, &fault);
		if (!taken && fault_parse_line(line, &fault))
			faults_count(counts, &fault);
	}
	if (fault_smmu_flush(&smmu, &fault))
		faults_count(counts, &fault);
}

/* With a requester alias the fault is reported for a bridge: then the bridge's group is what counts. */
static bool fault_is_assigned(const struct audit *a, int i)
{
	const struct group_info *g = i >= 0 ? machine_group(a->m, a->m->pci[i].group) : NULL;

	return i >= 0 && (audit_is_assigned(&a->m->pci[i]) || (g && audit_group_assigned(a, g) >= 0));
}

static void faults_found(struct audit *a, const struct fault_count *c)
{
	int i = machine_device(a->m, c->device);
	bool assigned = fault_is_assigned(a, i);

	if (a->wanted && (i < 0 || !audit_wants_device(a, (unsigned int)i)))
		return;
	audit_add(a, assigned || c->count >= FAULTS_MANY ? AUDIT_HIGH : AUDIT_MEDIUM, c->device,
		  "the IOMMU has stopped %u request%s of %s%s%s", c->count, c->count == 1 ? "" : "s", c->device,
		  assigned ? ", which is assigned" : "",
		  i < 0 && c->device[0] != 'u' ? ", which is not there now" : "");
	if (c->interrupts == c->count)
		audit_advise(a, "find out what interrupts it sends that nobody set up; a reset of the device or a "
				"driver update may end it");
	for (unsigned int n = 0; n < c->nr_samples; n++)
		audit_show(a, LOG_SOURCE, "%s", c->samples[n]);
	if (c->count > c->nr_samples)
		audit_show(a, LOG_SOURCE, "and %u more like these; %u of all were writes", c->count - c->nr_samples,
			   c->writes);
}

static void kernel_faults_check(struct audit *a)
{
	CLEANUP_FREE struct fault_counts *counts = calloc(1, sizeof(*counts));

	if (!counts) {
		a->out_of_memory = true;
		return;
	}
	if (!audit_sees_log(a))
		return;
	faults_read(a->m->log, counts);
	for (unsigned int i = 0; i < counts->nr; i++)
		faults_found(a, &counts->devices[i]);
	if (counts->elsewhere && !a->wanted) {
		audit_add(a, AUDIT_HIGH, "kernel", "%u more faults were logged for further devices", counts->elsewhere);
		audit_show(a, LOG_SOURCE, "faults of more than %d devices", FAULT_DEVICES_MAX);
	}
}

const struct audit_rule audit_kernel_faults = {
	.id = "kernel-faults",
	.severity = AUDIT_MEDIUM,
	.title = "the kernel logged IOMMU faults",
	.explain = "A device made requests that the IOMMU stopped: to an address that is not mapped, without the "
		   "permission, or an interrupt nobody set up. That is the IOMMU doing its work; the question is "
		   "why the device did that. A driver that unmaps too early, a device that goes on after a reset, "
		   "firmware that uses memory it did not reserve, or somebody trying. The severity is high for a "
		   "device that is assigned, or shares its group with one, and for 100 faults and more of one "
		   "device. Faults of a device behind a bridge to conventional PCI are logged for the bridge. The "
		   "kernel limits how many it prints (VT-d: about three in five seconds), so that there were more; "
		   "and the log holds only what was not overwritten since boot. A run of iommuctl compare with "
		   "--probe-unmapped or --readonly leaves faults in the log by intention.",
	.advice = "look at what the device's driver logged at the same time; update driver and firmware; try the "
		  "device alone in a guest",
	.check = kernel_faults_check,
};

/* --- pte-already-set --- */

static bool pte_is_already_set(const char *line)
{
	return strstr(line, "DMA PTE for vPFN") && strstr(line, "already set");
}

static void pte_already_set_check(struct audit *a)
{
	if (audit_sees_log(a))
		log_find(a, pte_is_already_set, AUDIT_HIGH, "kernel",
			 "the VT-d driver found a mapping where it had unmapped everything");
}

const struct audit_rule audit_pte_already_set = {
	.id = "pte-already-set",
	.severity = AUDIT_HIGH,
	.title = "\"DMA PTE ... already set\" in the kernel's log",
	.explain = "The VT-d driver was to map an address and found an entry there. Either an unmap had left it, and "
		   "the device could reach memory that had long been given to somebody else; or two users mapped "
		   "the same address. The kernel overwrites the entry and goes on, and what was written through it "
		   "in the meantime is not known. Kernels 5.15 and 5.16-rc left entries behind after large unmaps.",
	.advice = "update the kernel; then iommuctl compare --iova adversarial --probe-unmapped on a device you can "
		  "spare",
	.check = pte_already_set_check,
};

/* --- kernel-complaint --- */

/* Words that files, functions and drivers of this area have in their lines. */
static bool complaint_is_ours(const char *line)
{
	static const char *const words[] = {"iommu", "dmar",	"DMAR",	     "vfio",   "AMD-Vi",
					    "smmu",  "dma_map", "dma-debug", "DMA-API"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

static bool complaint_is_pte(const char *line)
{
	return strstr(line, "DMA PTE for vPFN") != NULL;
}

static bool complaint_of_ours(const char *line)
{
	return fault_line_is_complaint(line) && !complaint_is_pte(line) && complaint_is_ours(line);
}

static bool complaint_of_others(const char *line)
{
	return fault_line_is_complaint(line) && !complaint_is_pte(line) && !complaint_is_ours(line);
}

#define TAINT_BAD_PAGE (1u << 5)
#define TAINT_DIED (1u << 7)
#define TAINT_WARNED (1u << 9)

static void complaint_by_taint(struct audit *a, unsigned int before)
{
	uint64_t taint = a->m->kernel.taint & (TAINT_BAD_PAGE | TAINT_DIED | TAINT_WARNED);

	/* where the log still has the reason, it has been told */
	if (!taint || a->nr_findings != before)
		return;
	audit_add(a, AUDIT_LOW, "kernel", "the kernel has complained since boot, and its log does not say of what");
	audit_show(a, "/proc/sys/kernel/tainted", "%" PRIu64 ":%s%s%s", a->m->kernel.taint,
		   taint & TAINT_WARNED ? " a warning was printed (bit 9)" : "",
		   taint & TAINT_DIED ? " it has oopsed (bit 7)" : "",
		   taint & TAINT_BAD_PAGE ? " a bad page was freed (bit 5)" : "");
}

static void kernel_complaint_check(struct audit *a)
{
	unsigned int before = a->nr_findings;

	if (audit_sees_log(a)) {
		log_find(a, complaint_of_ours, AUDIT_MEDIUM, "kernel",
			 "the kernel complained about itself in the IOMMU's or VFIO's code");
		log_find(a, complaint_of_others, AUDIT_LOW, "kernel",
			 "the kernel complained about itself, by the words in another part than the IOMMU's");
	}
	complaint_by_taint(a, before);
}

const struct audit_rule audit_kernel_complaint = {
	.id = "kernel-complaint",
	.severity = AUDIT_MEDIUM,
	.title = "the kernel complained about itself",
	.explain = "A WARNING, BUG, oops, stall or time-out of an invalidation queue is in the log. Where the line "
		   "names code of the IOMMU, of VFIO or of DMA mapping the severity is medium: what the kernel "
		   "believes of its mappings may be wrong from then on. Other complaints are of low severity: they "
		   "are no finding about the IOMMU, but a kernel that has oopsed is no ground for conclusions. "
		   "Where the log no longer holds it, the taint flags say that there was one.",
	.advice = "reboot before relying on isolation; update the kernel; report what stays",
	.check = kernel_complaint_check,
};

/* --- firmware-bug-logged --- */

/* Lines that blame a table without saying so: drivers/acpi/viot.c, drivers/iommu/intel/iommu.c (check_tylersburg_isoch). */
static bool firmware_is_blamed(const char *line)
{
	static const char *const lines[] = {"VIOT: Could not find PCI IOMMU", "VIOT: Could not find MMIO IOMMU",
					    "DMAR: Recommended TLB entries for ISOCH unit"};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (strstr(line, lines[i]))
			return true;
	return false;
}

static bool firmware_line(const char *line)
{
	if (firmware_is_blamed(line))
		return true;
	if (!strstr(line, "[Firmware Bug]") && !strstr(line, "[Firmware Warn]"))
		return false;
	return !strstr(line, "EFR mismatch") &&
	       (complaint_is_ours(line) || strstr(line, "ACPI: IORT:") || strstr(line, "ACPI: VIOT:"));
}

static void firmware_bug_check(struct audit *a)
{
	if (audit_sees_log(a))
		log_find(a, firmware_line, AUDIT_MEDIUM, "firmware",
			 "the kernel calls the firmware's description of the IOMMUs wrong");
}

const struct audit_rule audit_firmware_bug = {
	.id = "firmware-bug-logged",
	.severity = AUDIT_MEDIUM,
	.title = "the kernel calls the firmware's IOMMU tables wrong",
	.explain = "While it read the tables, the kernel found something that contradicts itself or the hardware, and "
		   "worked round it: an interrupt controller that no IOMMU remaps (which switches interrupt "
		   "remapping off on AMD), a shared memory region outside reserved memory, a device under the "
		   "wrong unit. The line tells what. A conflict of AMD's feature registers is told by "
		   "source-mismatch instead.",
	.advice = "update the firmware; search the maker's notes for DMAR or IVRS",
	.check = firmware_bug_check,
};
