/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The facts of VFIO, iommufd and devlink: their names in JSON, written, looked up, and given back. */
#include "host/ioctl_facts.h"

#include <stdio.h>
#include <string.h>

#include "host/ioctl_table.h"
#include "out/report.h"

#define FACT(kind, type, member)                                                                         \
	{                                                                                                \
#member, FACT_##kind, offsetof(struct type, member), sizeof(((struct type *)0)->member), \
			.later = false                                                                   \
	}

/* The same, of a member that came later. */
#define FACT_LATER(kind, type, member)                                                                                 \
	{                                                                                                              \
#member, FACT_##kind, offsetof(struct type, member), sizeof(((struct type *)0)->member), .later = true \
	}

const struct fact ioctl_top_facts[] = {
	FACT(BOOL, ioctl_facts, asked),	     FACT(BOOL, ioctl_facts, has_iommufd),
	FACT(INT, ioctl_facts, iommufd_err), FACT(KNOWN, ioctl_facts, vfio_api),
	FACT(INT, ioctl_facts, vfio_err),    FACT(BOOL, ioctl_facts, devlink_asked),
	FACT(INT, ioctl_facts, devlink_err), {0},
};

const struct fact ioctl_device_facts[] = {
	FACT(STR, ioctl_device, id),
	FACT(INT, ioctl_device, vfio_err),
	FACT(STR, ioctl_device, vfio_why),
	FACT(INT, ioctl_device, hw_err),
	FACT(STR, ioctl_device, hw_why),
	FACT(BOOL, ioctl_device, has_vfio),
	FACT(HEX, ioctl_device, page_sizes),
	FACT(BOOL, ioctl_device, has_migration),
	FACT(HEX, ioctl_device, dirty_page_sizes),
	FACT(NUM, ioctl_device, max_dirty_bitmap),
	FACT(BOOL, ioctl_device, has_dma_avail),
	FACT(NUM, ioctl_device, dma_avail),
	FACT(BOOL, ioctl_device, has_hw_info),
	FACT(NUM, ioctl_device, hw_type),
	FACT(STR, ioctl_device, hw_type_name),
	FACT(HEX, ioctl_device, capabilities),
	FACT(NUM, ioctl_device, max_pasid_log2),
	FACT_LATER(BOOL, ioctl_device, has_features),
	FACT_LATER(BOOL, ioctl_device, dma_logging),
	FACT_LATER(NUM, ioctl_device, migration_flags),
	{0},
};

const struct fact ioctl_port_facts[] = {
	FACT(STR, devlink_port, bus),
	FACT(STR, devlink_port, device),
	FACT(NUM, devlink_port, index),
	FACT(STR, devlink_port, flavour),
	FACT(NUM, devlink_port, pf),
	FACT(NUM, devlink_port, vf),
	FACT(BOOL, devlink_port, has_function),
	FACT(BOOL, devlink_port, migratable_known),
	FACT(BOOL, devlink_port, migratable),
	FACT(STR, devlink_port, state),
	{0},
};

const struct fact ioctl_range_facts[] = {
	FACT(HEX, vfio_range, start),
	FACT(HEX, vfio_range, last),
	{0},
};

const struct fact ioctl_extension_facts[] = {
	FACT(STR, vfio_extension, name),
	FACT(NUM, vfio_extension, nr),
	FACT(KNOWN, vfio_extension, before),
	FACT(KNOWN, vfio_extension, after),
	{0},
};

const struct fact ioctl_reg_facts[] = {
	{"name", FACT_REG, offsetof(struct reg_value, reg), sizeof(const struct reg *), .later = false},
	{"value", FACT_HEX, offsetof(struct reg_value, raw), sizeof(uint64_t), .later = false},
	FACT(STR, reg_value, source),
	{0},
};

#define LIST(type, member, facts)                                                                     \
	{                                                                                             \
#member, facts, offsetof(struct type, member), offsetof(struct type, nr_##member),    \
			sizeof(((struct type *)0)->member[0]), ARRAY_SIZE(((struct type *)0)->member) \
	}

const struct fact_list ioctl_top_lists[] = {
	LIST(ioctl_facts, extensions, ioctl_extension_facts),
	{0},
};

const struct fact_list ioctl_device_lists[] = {
	LIST(ioctl_device, ranges, ioctl_range_facts),
	LIST(ioctl_device, extensions, ioctl_extension_facts),
	LIST(ioctl_device, regs, ioctl_reg_facts),
	{0},
};

static uint64_t fact_number(const void *at, size_t size)
{
	uint64_t v = 0;

	/* the width decides; the byte order is the machine's own */
	switch (size) {
	case 1:
		return *(const uint8_t *)at;
	case 4:
		return *(const uint32_t *)at;
	default:
		memcpy(&v, at, sizeof(v));
		return v;
	}
}

static void facts_write(struct report *r, const struct fact *fact, const void *from)
{
	for (; fact->key; fact++) {
		const void *at = (const char *)from + fact->at;

		switch (fact->kind) {
		case FACT_STR:
			report_str(r, fact->key, at);
			break;
		case FACT_NUM:
			report_num(r, fact->key, fact_number(at, fact->size));
			break;
		case FACT_HEX:
			report_hex(r, fact->key, fact_number(at, fact->size));
			break;
		case FACT_INT:
		case FACT_KNOWN:
			if (*(const int *)at >= 0)
				report_num(r, fact->key, (uint64_t) * (const int *)at);
			break;
		case FACT_BOOL:
			report_bool(r, fact->key, *(const bool *)at);
			break;
		case FACT_REG:
			report_str(r, fact->key, (*(const struct reg *const *)at)->name);
			break;
		}
	}
}

static void facts_write_lists(struct report *r, const struct fact_list *list, const void *from)
{
	for (; list->key; list++) {
		unsigned int n = *(const unsigned int *)((const char *)from + list->count);

		report_list(r, list->key);
		for (unsigned int i = 0; i < n; i++) {
			report_object(r, NULL);
			facts_write(r, list->facts, (const char *)from + list->at + i * list->size);
			report_close(r);
		}
		report_close(r);
	}
}

static void facts_write_all(struct report *r, const struct ioctl_facts *facts)
{
	facts_write(r, ioctl_top_facts, facts);
	facts_write_lists(r, ioctl_top_lists, facts);
	report_list(r, "devices");
	for (unsigned int i = 0; i < facts->nr_devices; i++) {
		report_object(r, NULL);
		facts_write(r, ioctl_device_facts, &facts->devices[i]);
		facts_write_lists(r, ioctl_device_lists, &facts->devices[i]);
		report_close(r);
	}
	report_close(r);
	report_list(r, "ports");
	for (unsigned int i = 0; i < facts->nr_ports; i++) {
		report_object(r, NULL);
		facts_write(r, ioctl_port_facts, &facts->ports[i]);
		report_close(r);
	}
	report_close(r);
}

char *ioctl_facts_text(const struct ioctl_facts *facts)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	struct report_params params = {.format = REPORT_JSON, .command = "capture", .to = to};
	struct report *r;
	bool failed;

	if (!to)
		return NULL;
	failed = report_open(&r, &params) != 0;
	if (!failed) {
		facts_write_all(r, facts);
		failed = report_end(r) != 0;
	}
	if (fclose(to) || failed) {
		free(text);
		return NULL;
	}
	return text;
}

void ioctl_facts_free(struct ioctl_facts *facts)
{
	if (!facts)
		return;
	free(facts->devices);
	free(facts->ports);
	memset(facts, 0, sizeof(*facts));
}

const struct ioctl_device *ioctl_facts_device(const struct ioctl_facts *facts, const char *id)
{
	for (unsigned int i = 0; i < facts->nr_devices; i++)
		if (strcmp(facts->devices[i].id, id) == 0)
			return &facts->devices[i];
	return NULL;
}
