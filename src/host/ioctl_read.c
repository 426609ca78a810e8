/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A capture's facts of VFIO, iommufd and devlink, read back: every type, size and count is checked. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "host/ioctl_table.h"
#include "host/text.h"
#include "out/json_read.h"

#define FACTS_DEVICES_MAX 65536

/* Where a reader is, for the one message. */
struct fact_place {
	const char *list; /* "devices"; NULL at the top */
	unsigned int index;
	const char *inner; /* "ranges" */
	unsigned int inner_index;
};

static int fact_bad(const struct fact_place *p, const char *key, const char *what, struct fail *f)
{
	char where[64] = "", inner[64] = "";

	if (p->list)
		snprintf(where, sizeof(where), "%s[%u].", p->list, p->index);
	if (p->inner)
		snprintf(inner, sizeof(inner), "%s[%u].", p->inner, p->inner_index);
	return fail_set(f, EBADMSG, "cannot use %s: %s%s%s %s", IOCTL_FILE, where, inner, key, what);
}

static bool fact_store(uint64_t number, void *at, size_t size)
{
	switch (size) {
	case 1:
		*(uint8_t *)at = (uint8_t)number;
		return number <= UINT8_MAX;
	case 4:
		*(uint32_t *)at = (uint32_t)number;
		return number <= UINT32_MAX;
	default:
		memcpy(at, &number, sizeof(number));
		return true;
	}
}

/* NULL, or what is wrong with @v. */
static const char *fact_take(const struct fact *fact, const struct value *v, void *at)
{
	const char *text;
	uint64_t number;

	switch (fact->kind) {
	case FACT_STR:
		if (!json_read_str(v, &text))
			return "is no string";
		return text_copy(at, fact->size, text) ? NULL : "is too long";
	case FACT_NUM:
		if (!json_read_num(v, &number))
			return "is no number";
		return fact_store(number, at, fact->size) ? NULL : "is too large";
	case FACT_HEX:
		if (!json_read_hex(v, &number))
			return "is no \"0x...\" string";
		return fact_store(number, at, fact->size) ? NULL : "is too large";
	case FACT_INT:
	case FACT_KNOWN:
		if (!json_read_num(v, &number))
			return "is no number";
		*(int *)at = (int)MIN(number, INT_MAX);
		return number <= INT_MAX ? NULL : "is too large";
	case FACT_BOOL:
		return json_read_bool(v, at) ? NULL : "is neither true nor false";
	case FACT_REG:
		if (!json_read_str(v, &text))
			return "is no string";
		*(const struct reg **)at = reg_find(text);
		return NULL;
	}
	return "is of an unknown kind";
}

static int facts_take(const struct fact *fact, const struct value *object, void *to, const struct fact_place *p,
		      struct fail *f)
{
	for (; fact->key; fact++) {
		const struct value *v = json_get(object, fact->key);
		void *at = (char *)to + fact->at;
		const char *wrong;

		if (!v && fact->kind == FACT_KNOWN) {
			*(int *)at = -1;
			continue;
		}
		if (!v && fact->later)
			continue;
		wrong = v ? fact_take(fact, v, at) : "is missing";
		if (wrong)
			return fact_bad(p, fact->key, wrong, f);
	}
	return 0;
}

/* Registers that this version has no table for are left out. */
static bool facts_keep(const struct fact_list *list, const void *element)
{
	return list->facts != ioctl_reg_facts || ((const struct reg_value *)element)->reg;
}

static int facts_take_list(const struct fact_list *list, const struct value *object, void *to, struct fact_place *p,
			   struct fail *f)
{
	const struct value *v = json_get(object, list->key);
	unsigned int *count = (unsigned int *)((char *)to + list->count);
	int ret = 0;

	/* the first captures had no lists beside those of devices */
	if (!v && !p->list)
		return 0;
	if (!json_is_list(v))
		return fact_bad(p, list->key, "is no list", f);
	p->inner = list->key;
	p->inner_index = 0;
	for (v = json_first(v); v && !ret; v = json_next(v), p->inner_index++) {
		char *at = (char *)to + list->at + *count * list->size;

		if (*count == list->max)
			return fact_bad(p, "", "is more than there is room for", f);
		ret = facts_take(list->facts, v, at, p, f);
		*count += facts_keep(list, at);
	}
	p->inner = NULL;
	return ret;
}

static int facts_take_lists(const struct fact_list *list, const struct value *object, void *to, struct fact_place *p,
			    struct fail *f)
{
	int ret = 0;

	for (; list->key && !ret; list++)
		ret = facts_take_list(list, object, to, p, f);
	return ret;
}

static int facts_take_device(const struct value *v, struct ioctl_device *d, struct fact_place *p, struct fail *f)
{
	int ret = facts_take(ioctl_device_facts, v, d, p, f);

	return ret ? ret : facts_take_lists(ioctl_device_lists, v, d, p, f);
}

/* An array for the members of the list @key. 0, -ENOMEM, -EBADMSG. */
static int facts_room(const struct value *top, const char *key, size_t size, void **out, struct fail *f)
{
	const struct fact_place place = {0};
	const struct value *v = json_get(top, key);
	size_t n = 0;

	if (!json_is_list(v))
		return fact_bad(&place, key, "is no list", f);
	for (const struct value *m = json_first(v); m; m = json_next(m))
		n++;
	if (n > FACTS_DEVICES_MAX)
		return fact_bad(&place, key, "is too long", f);
	*out = calloc(n + 1, size);
	return *out ? 0 : -ENOMEM;
}

static int facts_take_all(const struct value *top, struct ioctl_facts *out, struct fail *f)
{
	struct fact_place place = {0};
	int ret = facts_take(ioctl_top_facts, top, out, &place, f);

	if (!ret)
		ret = facts_take_lists(ioctl_top_lists, top, out, &place, f);
	if (!ret)
		ret = facts_room(top, "devices", sizeof(*out->devices), (void **)&out->devices, f);
	if (!ret)
		ret = facts_room(top, "ports", sizeof(*out->ports), (void **)&out->ports, f);
	if (ret)
		return ret;
	place.list = "devices";
	for (const struct value *v = json_first(json_get(top, "devices")); v && !ret; v = json_next(v)) {
		place.index = out->nr_devices;
		ret = facts_take_device(v, &out->devices[out->nr_devices++], &place, f);
	}
	place.list = "ports";
	for (const struct value *v = json_first(json_get(top, "ports")); v && !ret; v = json_next(v)) {
		place.index = out->nr_ports;
		ret = facts_take(ioctl_port_facts, v, &out->ports[out->nr_ports++], &place, f);
	}
	return ret;
}

int ioctl_facts_parse(const char *text, size_t len, struct ioctl_facts *out, struct fail *f)
{
	struct value *top = NULL;
	char why[128];
	int ret = json_parse(text, len, &top, why, sizeof(why));

	memset(out, 0, sizeof(*out));
	if (ret == -EBADMSG)
		fail_set(f, EBADMSG, "cannot use %s: %s", IOCTL_FILE, why);
	if (!ret)
		ret = facts_take_all(top, out, f);
	json_free(top);
	if (ret) {
		ioctl_facts_free(out);
		out->vfio_api = -1;
	}
	return ret;
}

int ioctl_facts_load(const struct host *host, struct ioctl_facts *out, struct fail *f)
{
	CLEANUP_FREE char *text = NULL;
	size_t size;
	int ret = host_read_bounded(host, JSON_READ_MAX, &text, &size, IOCTL_FILE);

	memset(out, 0, sizeof(*out));
	out->vfio_api = -1;
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return fail_set(f, ret, "cannot read %s", IOCTL_FILE);
	return ioctl_facts_parse(text, size, out, f);
}
