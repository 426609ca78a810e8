/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of the kernel log -> one IOMMU fault, for every driver's way of saying it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/fault_smmu.h"
#include "host/faults.h"
#include "host/pci_path.h"
#include "host/text.h"

/* The hex number behind @key, with or without 0x. @key ends where the number begins. */
static bool fault_hex_after(const char *text, const char *key, uint64_t *out)
{
	const char *s = strstr(text, key);
	char *end;

	if (!s)
		return false;
	s += strlen(key);
	*out = strtoull(s, &end, 16);
	return end != s;
}

/* "0000:00:04.0", "00:04.0", "0x00:0x04.0" (5.1x) up to the first of " ],\n:" that is no part of it. */
static bool fault_device(const char *s, char *out, size_t len)
{
	char plain[32], addr[16];
	size_t n = 0;

	while (*s && n < sizeof(plain) - 1 && strchr("0123456789abcdefABCDEFx:.", *s)) {
		if (s[0] == '0' && s[1] == 'x')
			s += 2;
		else
			plain[n++] = *s++;
	}
	while (n && plain[n - 1] == ':')
		n--;
	if (!pci_path_parse(plain, n, addr))
		return false;
	return text_copy(out, len, addr);
}

/* A requester id as virtio-iommu and RISC-V number them: segment, bus, devfn. */
static void fault_device_rid(uint32_t rid, char *out, size_t len)
{
	snprintf(out, len, "%04x:%02x:%02x.%x", rid >> 16, rid >> 8 & 0xff, rid >> 3 & 0x1f, rid & 7);
}

/* "...: vfio-pci 0000:00:02.0: AMD-Vi: " -> the address before @mark. */
static void fault_device_before(const char *line, const char *mark, char *out, size_t len)
{
	const char *s = mark;

	while (s > line && (s[-1] == ' ' || s[-1] == ':'))
		s--;
	while (s > line && s[-1] != ' ')
		s--;
	fault_device(s, out, len);
}

static void fault_set_access(struct dma_fault *out, bool write)
{
	out->access_known = true;
	out->write = write;
}

/*
 * drivers/iommu/intel/dmar.c, dmar_fault_do_one():
 *   DMAR: [DMA Write NO_PASID] Request device [0000:00:01.0] fault addr 0x8000000 [fault reason 0x05] PTE Write access is not set
 *   DMAR: [DMA Read] Request device [01:00.0] PASID ffffffff fault addr 78a6c000 [fault reason 06] ...     (before 5.1x)
 *   DMAR: [INTR-REMAP] Request device [00:1f.7] fault index 0x8000 [fault reason 0x22] ...
 */
static bool fault_parse_vtd(const char *line, struct dma_fault *out)
{
	const char *head = strstr(line, "DMAR:"), *s;
	const char *device = strstr(line, "Request device [");
	bool remap;
	uint64_t code = 0;

	if (!head || !device)
		return false;
	head += strlen("DMAR:") + strspn(head + strlen("DMAR:"), " ");
	remap = text_starts(head, "[INTR-REMAP]");
	if (!remap && !text_starts(head, "[DMA Read") && !text_starts(head, "[DMA Write"))
		return false;
	text_copy(out->source, sizeof(out->source), "vt-d");
	fault_device(device + strlen("Request device ["), out->device, sizeof(out->device));
	if (!remap) {
		fault_set_access(out, text_starts(head, "[DMA Write"));
		out->iova_known = fault_hex_after(device, "fault addr ", &out->iova);
	}
	fault_hex_after(device, "[fault reason ", &code);
	s = strstr(device, "[fault reason ");
	s = s ? strchr(s, ']') : NULL;
	s = s ? s + 1 + strspn(s + 1, " ") : "no reason given";
	snprintf(out->reason, sizeof(out->reason), "%s%.60s (0x%02x)", remap ? "interrupt remapping: " : "", s,
		 (unsigned int)code & 0xff);
	return true;
}

#define AMD_FLAG_INTERRUPT 0x08
#define AMD_FLAG_WRITE 0x20

/*
 * AMD I/O Virtualization specification 2.5.3: flag bit 3 marks an interrupt request, bit 5 a write. QEMU (7.2 to 11.1 looked
 * at) sets bit 3 always and bit 5 never, logs address 0 for every fault, and leaves its own permission in bits 1:0.
 */
static void fault_amd_flags(struct dma_fault *out, uint64_t flags)
{
	bool qemu = out->iova_known && out->iova == 0 && (flags & ~3ULL) == AMD_FLAG_INTERRUPT && (flags & 3);

	if (qemu) {
		out->iova_known = false;
		if ((flags & 3) != 3)
			fault_set_access(out, flags & 2);
	} else if (!(flags & AMD_FLAG_INTERRUPT)) {
		fault_set_access(out, flags & AMD_FLAG_WRITE);
	}
}

/* drivers/iommu/amd/iommu.c: "AMD-Vi: Event logged [NAME key=value ...]"; the device is a key, or stands before "AMD-Vi". */
static bool fault_parse_amd(const char *line, struct dma_fault *out)
{
	const char *mark = strstr(line, "AMD-Vi: Event logged ["), *name, *device;
	uint64_t flags;
	int len;

	if (!mark)
		return false;
	name = mark + strlen("AMD-Vi: Event logged [");
	len = text_starts(name, "Device not") ? (int)strcspn(name, "]") : (int)strcspn(name, " ]");
	text_copy(out->source, sizeof(out->source), "amd-vi");
	snprintf(out->reason, sizeof(out->reason), "%.*s", len, name);
	device = strstr(name, "device=");
	/* Before "AMD-Vi" stands the requester for page faults, the IOMMU itself for the other events. */
	if (device)
		fault_device(device + strlen("device="), out->device, sizeof(out->device));
	else if (strncmp(name, "IO_PAGE_FAULT", 13) == 0 || strncmp(name, "RMP_", 4) == 0)
		fault_device_before(line, mark, out->device, sizeof(out->device));
	out->iova_known = strstr(name, "COMMAND_") == NULL &&
			  (fault_hex_after(name, "address=", &out->iova) || fault_hex_after(name, "gpa=", &out->iova));
	if (text_starts(name, "IO_PAGE_FAULT") && fault_hex_after(name, " flags=", &flags))
		fault_amd_flags(out, flags);
	return true;
}

/* drivers/iommu/virtio-iommu.c: "virtio_iommu virtio0: page fault from EP 16 at 0x8000000 [W]"; the brackets may be empty. */
static bool fault_parse_virtio(const char *line, struct dma_fault *out)
{
	const char *s = strstr(line, " fault from EP "), *flags;
	unsigned int endpoint;

	if (!strstr(line, "virtio_iommu ") || !s || sscanf(s, " fault from EP %u", &endpoint) != 1)
		return false;
	text_copy(out->source, sizeof(out->source), "virtio");
	fault_device_rid(endpoint, out->device, sizeof(out->device));
	if (strstr(line, ": domain fault"))
		text_copy(out->reason, sizeof(out->reason), "domain: the endpoint is attached to none");
	else if (strstr(line, ": page fault"))
		text_copy(out->reason, sizeof(out->reason), "page: no mapping, or not for this access");
	else
		text_copy(out->reason, sizeof(out->reason), "unknown");
	out->iova_known = fault_hex_after(s, " at ", &out->iova);
	flags = strchr(s, '[');
	if (flags && (strchr(flags, 'R') || strchr(flags, 'W')))
		fault_set_access(out, strchr(flags, 'W') != NULL);
	return true;
}

/* RISC-V IOMMU specification, table of fault record causes. */
static const struct {
	unsigned int cause;
	const char *text;
} fault_riscv_causes[] = {
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
	{265, "PDT entry load access fault"},
	{266, "PDT entry not valid"},
	{267, "PDT entry misconfigured"},
};

/* drivers/iommu/riscv/iommu.c: "...: Fault 15 devid: 0x8 iotval: 8000000 iotval2: 0" */
static bool fault_parse_riscv(const char *line, struct dma_fault *out)
{
	const char *s = strstr(line, "Fault "), *text = "unknown cause";
	unsigned int cause, devid;
	uint64_t iotval;

	if (!s || sscanf(s, "Fault %u devid: 0x%x iotval: %" SCNx64, &cause, &devid, &iotval) != 3)
		return false;
	text_copy(out->source, sizeof(out->source), "riscv");
	fault_device_rid(devid, out->device, sizeof(out->device));
	out->iova = iotval;
	/* iotval is the IOVA for translation faults; for the table faults (256 and up) it need not be one. */
	out->iova_known = cause < 256;
	for (size_t i = 0; i < ARRAY_SIZE(fault_riscv_causes); i++)
		if (fault_riscv_causes[i].cause == cause)
			text = fault_riscv_causes[i].text;
	snprintf(out->reason, sizeof(out->reason), "%s (%u)", text, cause);
	if (text_starts(text, "read ") || text_starts(text, "write "))
		fault_set_access(out, text_starts(text, "write "));
	return true;
}

bool fault_parse_line(const char *line, struct dma_fault *out)
{
	static bool (*const parsers[])(const char *, struct dma_fault *) = {
		fault_parse_vtd, fault_parse_amd, fault_parse_virtio, fault_smmu_parse, fault_parse_riscv,
	};

	for (size_t i = 0; i < ARRAY_SIZE(parsers); i++) {
		memset(out, 0, sizeof(*out));
		if (parsers[i](line, out)) {
			text_copy(out->raw, sizeof(out->raw), line);
			return true;
		}
	}
	memset(out, 0, sizeof(*out));
	return false;
}
