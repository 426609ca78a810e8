/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMMUv3 events: a head line, four raw words, and in newer kernels the same decoded in two more lines. */
#include "host/fault_smmu.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/fault_reason.h"
#include "host/text.h"

#define SMMU_DWORDS 4
#define SMMU_RNW (1ULL << 35) /* of the second word; SMMUv3 specification 7.3 */

/* A stream id is the requester id where the root complex is wired plainly, which is what firmware describes by default. */
static void fault_smmu_device(uint32_t sid, char *out, size_t len)
{
	snprintf(out, len, "%04x:%02x:%02x.%x", sid >> 16, sid >> 8 & 0xff, sid >> 3 & 0x1f, sid & 7);
}

static bool fault_smmu_parse_head(const char *line, struct dma_fault *out)
{
	const char *s = strstr(line, ": event 0x");
	unsigned int id;
	bool has_addr;

	if (!s || sscanf(s, ": event 0x%x", &id) != 1 || !strstr(s, " received:"))
		return false;
	text_copy(out->source, sizeof(out->source), "smmuv3");
	snprintf(out->reason, sizeof(out->reason), "%s (0x%02x)", fault_smmu_event(id, &has_addr), id & 0xff);
	return true;
}

/* "event: F_TRANSLATION client: 0000:00:01.0 sid: 0x8 ssid: 0x0 iova: 0x8000000 ipa: 0x0" */
static bool fault_smmu_parse_decoded(const char *line, struct dma_fault *out)
{
	const char *s = strstr(line, ": event: "), *client, *iova;
	unsigned int sid = 0;
	char name[32];

	if (!s || sscanf(s, ": event: %31s", name) != 1)
		return false;
	client = strstr(s, " client: ");
	s = strstr(s, " sid: 0x");
	if (!client || !s || s < client || sscanf(s, " sid: 0x%x", &sid) != 1)
		return false;
	client += strlen(" client: ");
	text_copy(out->source, sizeof(out->source), "smmuv3");
	text_copy(out->reason, sizeof(out->reason), name);
	/* "(unassigned sid)" when no driver knows the stream. */
	if (*client == '(')
		fault_smmu_device(sid, out->device, sizeof(out->device));
	else
		snprintf(out->device, sizeof(out->device), "%.*s", (int)strcspn(client, " "), client);
	iova = strstr(s, " iova: 0x");
	if (iova)
		out->iova_known = sscanf(iova, " iova: 0x%" SCNx64, &out->iova) == 1;
	return true;
}

bool fault_smmu_parse(const char *line, struct dma_fault *out)
{
	return strstr(line, "arm-smmu-v3 ") &&
	       (fault_smmu_parse_head(line, out) || fault_smmu_parse_decoded(line, out));
}

/* The words have a tab before them, which /dev/kmsg shows as \x09. */
static bool fault_smmu_word(const char *line, uint64_t *word)
{
	const char *s = strstr(line, ": ");
	int used = 0;

	if (!strstr(line, "arm-smmu-v3 ") || !s)
		return false;
	s += 2;
	if (text_starts(s, "\\x09"))
		s += 4;
	s += strspn(s, "\t ");
	return sscanf(s, "0x%16" SCNx64 "%n", word, &used) == 1 && used == 18 && s[used] == '\0';
}

static void fault_smmu_take_word(struct fault_smmu *state, uint64_t word)
{
	struct dma_fault *e = &state->event;
	bool has_addr;
	unsigned int id;

	switch (state->dwords++) {
	case 0:
		fault_smmu_device(word >> 32, e->device, sizeof(e->device));
		break;
	case 1:
		e->write = !(word & SMMU_RNW);
		break;
	case 2:
		if (sscanf(strrchr(e->reason, '('), "(0x%x)", &id) != 1)
			break;
		fault_smmu_event(id, &has_addr);
		if (!has_addr)
			break;
		e->iova = word;
		e->iova_known = true;
		e->access_known = true;
		break;
	default:
		break;
	}
}

/* The decoded line of newer kernels: better device and name, the rest stays. */
static void fault_smmu_refine(struct dma_fault *e, const struct dma_fault *decoded)
{
	text_copy(e->device, sizeof(e->device), decoded->device);
	text_copy(e->reason, sizeof(e->reason), decoded->reason);
	text_copy(e->raw, sizeof(e->raw), decoded->raw);
	if (decoded->iova_known) {
		e->iova = decoded->iova;
		e->iova_known = true;
	}
}

/* 'unpriv data write s1 "Input address caused fault" stag: 0x0' */
static bool fault_smmu_take_access(const char *line, struct dma_fault *e)
{
	if (!strstr(line, "arm-smmu-v3 ") || !strstr(line, " stag: "))
		return false;
	if (strstr(line, " read ") || strstr(line, " write ")) {
		e->access_known = true;
		e->write = strstr(line, " write ") != NULL;
	}
	return true;
}

bool fault_smmu_flush(struct fault_smmu *state, struct dma_fault *done)
{
	bool was = state->open;

	if (was)
		*done = state->event;
	memset(state, 0, sizeof(*state));
	return was;
}

bool fault_smmu_feed(struct fault_smmu *state, const char *line, struct dma_fault *done, bool *complete)
{
	struct dma_fault first = {0};
	uint64_t word;

	*complete = false;
	if (state->open && !state->headless && state->dwords < SMMU_DWORDS && fault_smmu_word(line, &word)) {
		fault_smmu_take_word(state, word);
		return true;
	}
	if (state->open && fault_smmu_take_access(line, &state->event))
		return true;
	if (!fault_smmu_parse(line, &first)) {
		*complete = fault_smmu_flush(state, done);
		return false;
	}
	text_copy(first.raw, sizeof(first.raw), line);
	if (state->open && state->dwords == SMMU_DWORDS && strstr(line, ": event: ")) {
		fault_smmu_refine(&state->event, &first);
		return true;
	}
	*complete = fault_smmu_flush(state, done);
	state->open = true;
	state->headless = strstr(line, ": event: ") != NULL;
	state->event = first;
	return true;
}
