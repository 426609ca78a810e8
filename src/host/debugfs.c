/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The register files of the IOMMU drivers in debugfs; nothing else of it is touched. */
#include "host/debugfs.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/text.h"

#define DEBUGFS_DIR "/sys/kernel/debug/iommu"
#define DEBUGFS_REGSET DEBUGFS_DIR "/intel/iommu_regset"

struct debugfs_list {
	struct debugfs_reg *regs;
	unsigned int count;
};

static int debugfs_add(struct debugfs_list *list, const char *unit, const struct reg *reg, uint64_t raw,
		       const char *source)
{
	struct debugfs_reg *more, *to;

	if ((list->count & (list->count - 1)) == 0) {
		more = reallocarray(list->regs, list->count ? 2 * list->count : 8, sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->regs = more;
	}
	to = &list->regs[list->count++];
	text_copy(to->unit, sizeof(to->unit), unit);
	to->value = (struct reg_value){.reg = reg, .raw = raw};
	text_copy(to->value.source, sizeof(to->value.source), source);
	return 0;
}

/* "CAP" -> the table of vtd.cap; NULL for those without one. */
static const struct reg *debugfs_vtd_reg(const char *name)
{
	char lower[32] = "vtd.";
	size_t n = strlen(lower);

	for (; *name && n + 1 < sizeof(lower); name++)
		lower[n++] = (char)tolower((unsigned char)*name);
	lower[n] = '\0';
	return reg_find(lower);
}

/*
 * drivers/iommu/intel/debugfs.c, iommu_regset_show(): "IOMMU: dmar0 Register Base Address: fed90000", a header, then
 * "NAME  0xOFFSET  0xCONTENTS" for each.
 */
static int debugfs_vtd(char *text, struct debugfs_list *list)
{
	char unit[32] = "", name[32];
	uint64_t offset, raw;
	char *line, *rest;
	int ret = 0;

	for (line = strtok_r(text, "\n", &rest); line && !ret; line = strtok_r(NULL, "\n", &rest)) {
		const struct reg *reg;

		if (sscanf(line, "IOMMU: %31s Register", unit) == 1)
			continue;
		if (!unit[0] || sscanf(line, "%31s 0x%" SCNx64 " 0x%" SCNx64, name, &offset, &raw) != 3)
			continue;
		reg = debugfs_vtd_reg(name);
		if (reg)
			ret = debugfs_add(list, unit, reg, raw, DEBUGFS_REGSET);
	}
	return ret;
}

/* drivers/iommu/amd/debugfs.c, iommu_mmio_show(): "Offset:0x18 Value:0x000c22000003f48d". */
static int debugfs_amd_reg(const struct machine *m, bool may_write, const char *unit, unsigned int index,
			   uint64_t offset, const char *name, struct debugfs_list *list)
{
	const struct reg *reg = reg_find(name);
	char text[96], path[96];
	uint64_t at, raw;
	int ret;

	snprintf(path, sizeof(path), DEBUGFS_DIR "/amd/iommu%02u/mmio", index);
	snprintf(text, sizeof(text), "0x%" PRIx64, offset);
	/* a capture holds what was asked last: it may be this one */
	ret = may_write && host_may_change(m->host) ? host_write(m->host, text, "%s", path) : 0;
	if (!ret)
		ret = host_read_line(m->host, text, sizeof(text), "%s", path);
	if (ret)
		return ret;
	if (!reg || sscanf(text, "Offset:%" SCNx64 " Value:%" SCNx64, &at, &raw) != 2 || at != offset)
		return 0;
	return debugfs_add(list, unit, reg, raw, path);
}

static int debugfs_amd(const struct machine *m, bool may_write, struct debugfs_list *list)
{
	static const struct {
		uint64_t offset;
		const char *name;
	} wanted[] = {{0x18, "amd.ctrl"}, {0x30, "amd.efr"}, {0x1a0, "amd.efr2"}};
	int ret = 0;

	for (unsigned int u = 0; u < m->nr_units; u++) {
		unsigned int index;

		if (m->units[u].kind != UNIT_AMD || sscanf(m->units[u].name, "ivhd%3u", &index) != 1)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(wanted) && !ret; i++)
			ret = debugfs_amd_reg(m, may_write, m->units[u].name, index, wanted[i].offset, wanted[i].name,
					      list);
	}
	return ret;
}

int debugfs_registers(const struct machine *m, bool may_write, struct debugfs_reg **out, unsigned int *count, char *why,
		      size_t why_len)
{
	CLEANUP_FREE char *text = NULL;
	struct debugfs_list list = {0};
	int ret = host_read_bounded(m->host, MiB(4), &text, NULL, DEBUGFS_REGSET), amd;

	if (!ret)
		ret = debugfs_vtd(text, &list);
	amd = ret == -ENOMEM ? ret : debugfs_amd(m, may_write, &list);
	*out = list.regs;
	*count = list.count;
	if (ret == -ENOMEM || amd == -ENOMEM)
		return -ENOMEM;
	why[0] = '\0';
	if (list.count)
		return 0;
	ret = amd ? amd : ret;
	if (ret == -ENOENT)
		snprintf(why, why_len,
			 "there is no register file in " DEBUGFS_DIR
			 ": the kernel lacks CONFIG_IOMMU_DEBUGFS, or debugfs is not mounted");
	else
		snprintf(why, why_len, DEBUGFS_DIR ": %s", ret ? strerror(-ret) : "no register that is known");
	return 0;
}
