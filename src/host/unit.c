/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries of /sys/class/iommu: what kind each is, and the registers that its files tell. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "host/machine.h"
#include "host/text.h"

#define UNIT_DIR "/sys/class/iommu"
#define UNIT_TEXT 96

static void unit_add_reg(struct iommu_unit *u, const char *name, uint64_t raw, const char *file, const char *note)
{
	const struct reg *reg = reg_find(name);
	struct reg_value v = {.reg = reg, .raw = raw};

	if (!reg || u->nr_regs >= UNIT_REGS_MAX)
		return;
	snprintf(v.source, sizeof(v.source), UNIT_DIR "/%s/%s%s", u->name, file, note);
	u->regs[u->nr_regs++] = v;
}

/* The first problem is kept: one that follows is often its consequence. */
static void unit_problem(struct iommu_unit *u, const char *file, const char *text, const char *what)
{
	char problem[sizeof(u->problem)];

	if (u->problem[0])
		return;
	snprintf(problem, sizeof(problem), UNIT_DIR "/%s%s%s is \"%.40s\": %s", u->name, *file ? "/" : "", file, text,
		 what);
	text_copy(u->problem, sizeof(u->problem), problem);
}

/* A file of the unit, chomped. False: it is not there, or not for us. */
static bool unit_text(const struct host *host, const struct iommu_unit *u, const char *file, char text[UNIT_TEXT])
{
	if (host_read_line(host, text, UNIT_TEXT, UNIT_DIR "/%s/%s", u->name, file))
		return false;
	text_chomp(text);
	return true;
}

/* All of @text is one hexadecimal number of at most 64 bits, with or without 0x. */
static bool unit_parse_hex(const char *text, size_t len, uint64_t *out)
{
	char copy[24];
	bool prefixed = len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

	if (!len || len + 3 > sizeof(copy))
		return false;
	snprintf(copy, sizeof(copy), "%s%.*s", prefixed ? "" : "0x", (int)len, text);
	return num_parse_u64(copy, out) == 0;
}

static void unit_hex_reg(const struct host *host, struct iommu_unit *u, const char *file, const char *name)
{
	char text[UNIT_TEXT];
	uint64_t raw;

	if (!unit_text(host, u, file, text))
		return;
	if (unit_parse_hex(text, strlen(text), &raw))
		unit_add_reg(u, name, raw, file, "");
	else
		unit_problem(u, file, text, "not a hexadecimal number");
}

static void unit_number(const struct host *host, struct iommu_unit *u, const char *file, uint64_t *out)
{
	char text[UNIT_TEXT];

	if (!unit_text(host, u, file, text))
		return;
	if (num_parse_u64(text, out) == 0)
		u->has_domains = true;
	else
		unit_problem(u, file, text, "not a number");
}

/* "1:0" (drivers/iommu/intel/iommu.c, version_show()): the register has four bits for each. */
static void unit_vtd_version(const struct host *host, struct iommu_unit *u)
{
	char text[UNIT_TEXT];
	unsigned int major, minor;
	int end = 0;

	if (!unit_text(host, u, "intel-iommu/version", text))
		return;
	if (sscanf(text, "%2u:%2u%n", &major, &minor, &end) == 2 && !text[end] && major < 16 && minor < 16)
		unit_add_reg(u, "vtd.ver", major << 4 | minor, "intel-iommu/version", "");
	else
		unit_problem(u, "intel-iommu/version", text, "not MAJOR:MINOR");
}

static void unit_read_vtd(const struct host *host, struct iommu_unit *u)
{
	char text[UNIT_TEXT];

	unit_vtd_version(host, u);
	unit_hex_reg(host, u, "intel-iommu/cap", "vtd.cap");
	unit_hex_reg(host, u, "intel-iommu/ecap", "vtd.ecap");
	if (unit_text(host, u, "intel-iommu/address", text)) {
		u->has_address = unit_parse_hex(text, strlen(text), &u->address);
		if (!u->has_address)
			unit_problem(u, "intel-iommu/address", text, "not a hexadecimal number");
	}
	unit_number(host, u, "intel-iommu/domains_supported", &u->domains_supported);
	unit_number(host, u, "intel-iommu/domains_used", &u->domains_used);
}

/* "AMD-Vi: Extended features (0x58f77ef22294a5a, 0x0): ..." names both in this order, on every kernel that knows both. */
static bool unit_log_says(const char *log, uint64_t efr, uint64_t efr2)
{
	static const char key[] = "Extended features (";
	uint64_t a, b;

	for (const char *s = log ? strstr(log, key) : NULL; s; s = strstr(s + 1, key))
		if (sscanf(s + sizeof(key) - 1, "%" SCNx64 ", %" SCNx64 ")", &a, &b) == 2 && a == efr && b == efr2)
			return true;
	return false;
}

/*
 * EFR has bits from the first to the last, and is never 0 where there is a file of it; EFR2 has none above its 16th that
 * any machine sets.
 */
static bool unit_is_efr(uint64_t a, uint64_t b)
{
	return (a > 0xffff && b <= 0xffff) || (a && !b);
}

int unit_parse_features(const char *text, const char *log, uint64_t *efr, uint64_t *efr2, bool *known)
{
	const char *colon = strchr(text, ':');
	uint64_t a, b = 0;
	bool swapped;

	*efr = *efr2 = 0;
	*known = true;
	if (!unit_parse_hex(text, colon ? (size_t)(colon - text) : strlen(text), &a) ||
	    (colon && !unit_parse_hex(colon + 1, strlen(colon + 1), &b)))
		return -EINVAL;
	swapped = colon && unit_is_efr(b, a);
	if (colon && a != b && !swapped && !unit_is_efr(a, b)) {
		swapped = unit_log_says(log, b, a);
		*known = swapped != unit_log_says(log, a, b);
		swapped = swapped && *known;
	}
	*efr = swapped ? b : a;
	*efr2 = swapped ? a : b;
	return colon ? 2 : 1;
}

static void unit_read_amd(const struct host *host, const char *log, struct iommu_unit *u)
{
	static const char file[] = "amd-iommu/features";
	char text[UNIT_TEXT];
	uint64_t efr, efr2;
	const char *note;
	bool known;
	int n;

	unit_hex_reg(host, u, "amd-iommu/cap", "amd.cap");
	if (!unit_text(host, u, file, text))
		return;
	n = unit_parse_features(text, log, &efr, &efr2, &known);
	if (n < 0) {
		unit_problem(u, file, text, "not one or two hexadecimal numbers");
		return;
	}
	note = known ? "" : " (order not known)";
	u->order_unknown = !known;
	if (!known)
		unit_problem(u, file, text, "which is EFR and which EFR2 is not known");
	unit_add_reg(u, "amd.efr", efr, file, note);
	if (n == 2)
		unit_add_reg(u, "amd.efr2", efr2, file, note);
}

/* The virtio device behind the unit shows the features that were agreed on, bit 0 first (drivers/virtio/virtio.c). */
static void unit_read_virtio(const struct host *host, struct iommu_unit *u)
{
	char text[UNIT_TEXT];
	uint64_t raw = 0;
	size_t len;

	if (!unit_text(host, u, "device/features", text))
		return;
	len = strlen(text);
	if (!len || strspn(text, "01") != len) {
		unit_problem(u, "device/features", text, "not a string of bits");
		return;
	}
	for (size_t i = 0; i < MIN(len, 64); i++)
		raw |= (uint64_t)(text[i] == '1') << i;
	unit_add_reg(u, "virtio-iommu.features", raw, "device/features", "");
}

/* SMMUs have no files of their own: the register address is in the name ("smmu3.0x0000000009050000"). */
static void unit_read_name(struct iommu_unit *u)
{
	const char *dot = strchr(u->name, '.');

	u->has_address = dot && unit_parse_hex(dot + 1, strlen(dot + 1), &u->address);
	if (!u->has_address)
		unit_problem(u, "", u->name, "a name without the address of its registers");
}

static enum unit_kind unit_kind_of(const struct host *host, const char *name)
{
	char driver[32];

	if (text_starts(name, "dmar") || host_exists(host, UNIT_DIR "/%s/intel-iommu", name))
		return UNIT_VTD;
	if (text_starts(name, "ivhd") || host_exists(host, UNIT_DIR "/%s/amd-iommu", name))
		return UNIT_AMD;
	if (text_starts(name, "smmu3."))
		return UNIT_SMMUV3;
	if (text_starts(name, "smmu."))
		return UNIT_SMMU;
	if (text_starts(name, "riscv-iommu"))
		return UNIT_RISCV;
	/* named as its virtio device or as that one's PCI function, by the kernel's age */
	if (text_starts(name, "virtio") ||
	    (host_read_link(host, driver, sizeof(driver), UNIT_DIR "/%s/device/driver", name) == 0 &&
	     strcmp(driver, "virtio_iommu") == 0))
		return UNIT_VIRTIO;
	return UNIT_OTHER;
}

static int unit_count_devices(const struct host *host, struct iommu_unit *u)
{
	CLEANUP_FREE char **names = NULL;
	int ret = host_list_dir(host, &names, UNIT_DIR "/%s/devices", u->name);

	while (!ret && names[u->nr_devices])
		u->nr_devices++;
	return ret == -ENOMEM ? ret : 0;
}

static int unit_read(const struct host *host, const char *name, const char *log, struct iommu_unit *u)
{
	text_copy(u->name, sizeof(u->name), name);
	u->kind = unit_kind_of(host, name);
	switch (u->kind) {
	case UNIT_VTD:
		unit_read_vtd(host, u);
		break;
	case UNIT_AMD:
		unit_read_amd(host, log, u);
		break;
	case UNIT_SMMUV3:
	case UNIT_SMMU:
		unit_read_name(u);
		break;
	case UNIT_VIRTIO:
		unit_read_virtio(host, u);
		break;
	default:
		break;
	}
	return unit_count_devices(host, u);
}

int units_read(const struct host *host, const char *log, struct iommu_unit **out, unsigned int *count, struct fail *f)
{
	CLEANUP_FREE char **names = NULL;
	struct iommu_unit *units;
	unsigned int n = 0;
	int ret = iommu_units(host, &names);

	*out = NULL;
	*count = 0;
	if (ret)
		return fail_set(f, ret, "cannot list the IOMMU units in %s" UNIT_DIR, host->root);
	while (names[n])
		n++;
	units = calloc(n + 1, sizeof(*units));
	for (unsigned int i = 0; units && i < n && !ret; i++)
		ret = unit_read(host, names[i], log, &units[i]);
	if (!units || ret) {
		free(units);
		return fail_set(f, ENOMEM, "cannot list the IOMMU units");
	}
	*out = units;
	*count = n;
	return 0;
}
