/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of the kernel log -> one IOMMU fault, for every driver's way of saying it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/fault_reason.h"
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
static bool fault_device(const char *s, struct dma_fault *out)
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
	/* one colon: bus, device and function alone */
	out->segment_lost = memchr(plain, ':', n) == memrchr(plain, ':', n);
	return text_copy(out->device, sizeof(out->device), addr);
}

/* A requester id as virtio-iommu and RISC-V number them: segment, bus, devfn. */
static void fault_device_rid(uint32_t rid, char *out, size_t len)
{
	snprintf(out, len, "%04x:%02x:%02x.%x", rid >> 16, rid >> 8 & 0xff, rid >> 3 & 0x1f, rid & 7);
}

/* "...: vfio-pci 0000:00:02.0: AMD-Vi: " -> the address before @mark. */
static void fault_device_before(const char *line, const char *mark, struct dma_fault *out)
{
	const char *s = mark;

	while (s > line && (s[-1] == ' ' || s[-1] == ':'))
		s--;
	while (s > line && s[-1] != ' ')
		s--;
	fault_device(s, out);
}

static void fault_set_access(struct dma_fault *out, bool write)
{
	out->access_known = true;
	out->write = write;
}

/* "[fault reason 0x26]", and before 5.11 "[fault reason 38]": without 0x it is decimal. */
static bool fault_vtd_code(const char *device, unsigned int *code, const char **text)
{
	const char *s = strstr(device, "[fault reason ");
	char *end;

	*text = "";
	if (!s)
		return false;
	s += strlen("[fault reason ");
	*code = (unsigned int)strtoul(s, &end, s[0] == '0' && s[1] == 'x' ? 16 : 10) & 0xff;
	if (end == s)
		return false;
	*text = *end == ']' ? end + 1 + strspn(end + 1, " ") : "";
	return true;
}

/* As the kernel says it; where it has no words for a number, or the line was cut, by our table. */
static void fault_vtd_say(struct dma_fault *out, const char *device, bool remap)
{
	unsigned int code = 0;
	const char *text, *known;

	if (!fault_vtd_code(device, &code, &text)) {
		text_copy(out->reason, sizeof(out->reason), "no reason given");
		return;
	}
	known = fault_vtd_reason(code);
	if (!*text || text_starts(text, "Unknown"))
		text = known ? known : "reserved, or not known here";
	snprintf(out->reason, sizeof(out->reason), "%s%.60s (0x%02x)", remap ? "interrupt remapping: " : "", text,
		 code);
}

/*
 * drivers/iommu/intel/dmar.c, dmar_fault_do_one():
 *   DMAR: [DMA Write NO_PASID] Request device [0000:00:01.0] fault addr 0x8000000 [fault reason 0x05] PTE Write access is not set
 *   DMAR: [DMA Read] Request device [01:00.0] PASID ffffffff fault addr 78a6c000 [fault reason 06] ...     (before 5.1x)
 *   DMAR: [INTR-REMAP] Request device [00:1f.7] fault index 0x8000 [fault reason 0x22] ...
 */
static bool fault_parse_vtd(const char *line, struct dma_fault *out)
{
	const char *head = strstr(line, "DMAR:");
	const char *device = strstr(line, "Request device [");
	uint64_t pasid;
	bool remap;

	if (!head || !device)
		return false;
	head += strlen("DMAR:") + strspn(head + strlen("DMAR:"), " ");
	remap = text_starts(head, "[INTR-REMAP]");
	if (!remap && !text_starts(head, "[DMA Read") && !text_starts(head, "[DMA Write"))
		return false;
	text_copy(out->source, sizeof(out->source), "vt-d");
	fault_device(device + strlen("Request device ["), out);
	if (!remap) {
		fault_set_access(out, text_starts(head, "[DMA Write"));
		out->iova_known = fault_hex_after(device, "fault addr ", &out->iova);
		if (fault_hex_after(head, " PASID ", &pasid) && pasid != UINT32_MAX) {
			out->has_pasid = true;
			out->pasid = (uint32_t)pasid;
		}
	}
	fault_vtd_say(out, device, remap);
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
	size_t used = strlen(out->reason);

	if (qemu) {
		out->iova_known = false;
		out->bus_lost = true;
		if ((flags & 3) != 3)
			fault_set_access(out, flags & 2);
		return;
	}
	if (!(flags & AMD_FLAG_INTERRUPT))
		fault_set_access(out, flags & AMD_FLAG_WRITE);
	fault_amd_flag_words(flags, out->reason + used, sizeof(out->reason) - used);
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
		fault_device(device + strlen("device="), out);
	else if (strncmp(name, "IO_PAGE_FAULT", 13) == 0 || strncmp(name, "RMP_", 4) == 0)
		fault_device_before(line, mark, out);
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

/* drivers/iommu/riscv/iommu.c: "...: Fault 15 devid: 0x8 iotval: 8000000 iotval2: 0" */
static bool fault_parse_riscv(const char *line, struct dma_fault *out)
{
	const char *s = strstr(line, "Fault "), *text;
	unsigned int cause, devid;
	uint64_t iotval;

	if (!s || sscanf(s, "Fault %u devid: 0x%x iotval: %" SCNx64, &cause, &devid, &iotval) != 3)
		return false;
	text_copy(out->source, sizeof(out->source), "riscv");
	fault_device_rid(devid, out->device, sizeof(out->device));
	out->iova = iotval;
	/* iotval is the IOVA for translation faults; for the table faults (256 and up) it need not be one. */
	out->iova_known = cause < 256;
	text = fault_riscv_cause(cause);
	text = text ? text : "unknown cause";
	snprintf(out->reason, sizeof(out->reason), "%s (%u)", text, cause);
	if (text_starts(text, "read ") || text_starts(text, "write "))
		fault_set_access(out, text_starts(text, "write "));
	return true;
}

/*
 * drivers/iommu/arm/arm-smmu/arm-smmu.c, SMMUv2: "arm-smmu 12600000.iommu: Unhandled context fault: fsr=0x402, iova=0x8000000,
 * fsynr=0x10001, cbfrsynra=0x8, cb=1"; before 5.2 without cbfrsynra. Which device has the stream is for the device tree to say.
 */
static bool fault_parse_smmu2(const char *line, struct dma_fault *out)
{
	const char *s = strstr(line, ": Unhandled context fault: ");
	uint64_t fsr, fsynr;

	if (!s || !strstr(line, "arm-smmu ") || !fault_hex_after(s, "fsr=", &fsr))
		return false;
	text_copy(out->source, sizeof(out->source), "smmu");
	out->iova_known = fault_hex_after(s, "iova=", &out->iova);
	/* FSYNR0.WNR; FSR.TF, AFF, PF (Arm SMMU architecture, SMMU_CBn_FSR) */
	if (fault_hex_after(s, "fsynr=", &fsynr))
		fault_set_access(out, fsynr & 0x10);
	snprintf(out->reason, sizeof(out->reason), "%s (fsr 0x%llx)",
		 fsr & 2   ? "translation fault"
		 : fsr & 4 ? "access flag fault"
		 : fsr & 8 ? "permission fault"
			   : "context fault",
		 (unsigned long long)fsr);
	return true;
}

const char *fault_tie_name(enum fault_tie tie)
{
	static const char *const names[] = {"none", "time", "device", "address"};

	return names[tie];
}

bool fault_parse_line(const char *line, struct dma_fault *out)
{
	static bool (*const parsers[])(const char *, struct dma_fault *) = {
		fault_parse_vtd,  fault_parse_amd,   fault_parse_virtio,
		fault_smmu_parse, fault_parse_smmu2, fault_parse_riscv,
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
