/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Config space: what a device's registers and capability chains say, from bytes nobody can be trusted for. */
#include "host/pci_config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "host/inside.h"
#include "host/pci_access.h"
#include "host/record.h"
#include "host/refused.h"

/* PCI 3.0 6.1 and PCIe 7.5.1, 7.6; the kernel has them in include/uapi/linux/pci_regs.h. */
enum {
	CONFIG_COMMAND = 0x04,
	CONFIG_STATUS = 0x06,
	CONFIG_STATUS_CAPS = 0x10, /* there is a list of capabilities */
	CONFIG_HEADER_TYPE = 0x0e,
	CONFIG_SECONDARY = 0x19,
	CONFIG_SUBORDINATE = 0x1a,
	CONFIG_CAPS = 0x34,
	CONFIG_CARDBUS_CAPS = 0x14,
	CONFIG_HEADER = 0x40,	 /* bytes of the header, behind which capabilities may lie */
	CONFIG_STANDARD = 0x100, /* bytes without extended capabilities, and where these begin */
	CONFIG_FULL = 0x1000,
	CAP_EXPRESS = 0x10,
	CAP_AMD_IOMMU = 0x0f, /* "secure device"; AMD's IOMMU when its type is 3 (48882, 3.2.1) */
	CAP_AMD_IOMMU_TYPE = 3,
};

/* One walk: the bytes, where they came from, and which dwords were visited. */
struct config_walk {
	struct bytes bytes;
	const char *source;
	struct pci_config *out;
	bool seen[CONFIG_FULL / 4];
};

/* Registers that are shown: where in their capability, and how many bytes. */
static const struct config_reg {
	bool extended;
	uint16_t id;
	uint8_t at, width;
	const char *name;
} config_regs[] = {
	{true, 0x0f, 4, 4, "pcie.ats"}, {true, 0x13, 4, 4, "pcie.pri"},	  {true, 0x1b, 4, 4, "pcie.pasid"},
	{true, 0x0d, 4, 4, "pcie.acs"}, {true, 0x10, 4, 8, "pcie.sriov"}, {false, CAP_AMD_IOMMU, 0, 4, "amd.cap"},
};

static void config_broken(struct config_walk *w, const char *fmt, ...) IC_PRINTF(2, 3);

/* The first problem stands for those that follow from it. */
static void config_broken(struct config_walk *w, const char *fmt, ...)
{
	va_list ap;

	if (w->out->broken[0])
		return;
	va_start(ap, fmt);
	vsnprintf(w->out->broken, sizeof(w->out->broken), fmt, ap);
	va_end(ap);
}

/*
 * @width bytes at @at of the capability. False where its part of config space ends before them, which is the device's fault,
 * and where they were not read, which is not.
 */
static bool config_get(struct config_walk *w, const struct pci_cap *cap, unsigned int at, unsigned int width,
		       uint64_t *out)
{
	unsigned int end = cap->extended ? CONFIG_FULL : CONFIG_STANDARD;

	*out = 0;
	if (cap->at + at + width > end) {
		config_broken(w, "the capability at 0x%x does not fit before 0x%x", cap->at, end);
		return false;
	}
	return bytes_get(w->bytes, cap->at + at, width, out);
}

static void config_take_reg(struct config_walk *w, const struct config_reg *reg, const struct pci_cap *cap)
{
	struct reg_value *value = &w->out->regs[w->out->nr_regs];

	if (w->out->nr_regs == ARRAY_SIZE(w->out->regs) || reg_value_find(w->out->regs, w->out->nr_regs, reg->name))
		return;
	value->reg = reg_find(reg->name);
	if (!value->reg || !config_get(w, cap, reg->at, reg->width, &value->raw))
		return;
	if (!cap->extended && cap->id == CAP_AMD_IOMMU && (value->raw >> 16 & 7) != CAP_AMD_IOMMU_TYPE)
		return;
	snprintf(value->source, sizeof(value->source), "%.80s at 0x%x", w->source, cap->at + reg->at);
	w->out->nr_regs++;
}

/* PCIe 7.5.3: flags at 2, device capabilities at 4, device control at 8. */
static void config_take_express(struct config_walk *w, const struct pci_cap *cap)
{
	uint64_t flags, devcap, devctl;

	if (w->out->has_pcie)
		return;
	if (!config_get(w, cap, 2, 2, &flags) || !config_get(w, cap, 4, 4, &devcap) ||
	    !config_get(w, cap, 8, 2, &devctl))
		return;
	w->out->has_pcie = true;
	w->out->pcie_type = (enum pcie_type)(flags >> 4 & 0xf);
	w->out->devcap = devcap;
	w->out->devctl = devctl;
}

/* False when there is no room for another one. */
static bool config_take(struct config_walk *w, const struct pci_cap *cap)
{
	if (w->out->nr_caps == PCI_CAPS_MAX) {
		config_broken(w, "more than %d capabilities", PCI_CAPS_MAX);
		return false;
	}
	w->out->caps[w->out->nr_caps++] = *cap;
	for (size_t i = 0; i < ARRAY_SIZE(config_regs); i++)
		if (config_regs[i].extended == cap->extended && config_regs[i].id == cap->id)
			config_take_reg(w, &config_regs[i], cap);
	if (!cap->extended && cap->id == CAP_EXPRESS)
		config_take_express(w, cap);
	return true;
}

/* May the chain go on at @at, which stands at @from? Says why not. */
static bool config_step(struct config_walk *w, unsigned int from, unsigned int at, unsigned int first)
{
	if (at < first)
		config_broken(w, "the pointer at 0x%x leads to 0x%x, into the header", from, at);
	else if (w->seen[at / 4])
		config_broken(w, "the pointer at 0x%x leads back to 0x%x: a loop", from, at);
	else
		return w->seen[at / 4] = true;
	return false;
}

/* The bits 1:0 of a pointer are reserved, and to be masked by whoever follows it (PCI 3.0 6.7; Linux drivers/pci/pci.h). */
static unsigned int config_pointer(const struct config_walk *w, unsigned int from)
{
	return bytes_at(w->bytes, from, 1) & ~3U;
}

static void config_walk_standard(struct config_walk *w, unsigned int from)
{
	struct pci_cap cap = {0};
	uint64_t header;

	for (unsigned int at; (at = config_pointer(w, from)); from = at + 1) {
		if (!config_step(w, from, at, CONFIG_HEADER) || !bytes_get(w->bytes, at, 2, &header))
			return;
		if ((header & 0xff) == 0xff) {
			config_broken(w, "the capability at 0x%x reads as ones", at);
			return;
		}
		cap.id = header & 0xff;
		cap.at = at;
		if (!config_take(w, &cap))
			return;
	}
}

/* PCIe 7.6.3: id 15:0, version 19:16, next 31:20; a header of 0 ends a list that has nothing. */
static void config_walk_extended(struct config_walk *w)
{
	struct pci_cap cap = {.extended = true};
	unsigned int at = CONFIG_STANDARD, next;
	uint64_t header;

	w->seen[at / 4] = true;
	while (bytes_get(w->bytes, at, 4, &header)) {
		if (!header)
			return;
		if (header == UINT32_MAX) {
			config_broken(w, "the extended capability at 0x%x reads as ones", at);
			return;
		}
		cap.id = header & 0xffff;
		cap.version = header >> 16 & 0xf;
		cap.at = at;
		if (!config_take(w, &cap))
			return;
		next = header >> 20 & 0xffc;
		if (!next || !config_step(w, at, next, CONFIG_STANDARD))
			return;
		at = next;
	}
}

/* A device that has gone answers ones. Ids alone do not tell: virtual functions have none (PCIe 9.3.4.1). */
static bool config_is_gone(struct bytes config)
{
	for (size_t i = 0; i < MIN(config.len, CONFIG_HEADER); i++)
		if (config.data[i] != 0xff)
			return false;
	return config.len;
}

/* Where the first pointer stands; 0 where the header's type has none. */
static unsigned int config_parse_header(struct config_walk *w)
{
	struct pci_config *out = w->out;

	out->command = bytes_at(w->bytes, CONFIG_COMMAND, 2);
	out->header_type = bytes_at(w->bytes, CONFIG_HEADER_TYPE, 1);
	switch (out->header_type & 0x7f) {
	case 0:
		return CONFIG_CAPS;
	case 1:
	case 2:
		out->secondary = bytes_at(w->bytes, CONFIG_SECONDARY, 1);
		out->subordinate = bytes_at(w->bytes, CONFIG_SUBORDINATE, 1);
		return (out->header_type & 0x7f) == 1 ? CONFIG_CAPS : CONFIG_CARDBUS_CAPS;
	default:
		config_broken(w, "header type 0x%02x is not known", out->header_type);
		return 0;
	}
}

void pci_config_parse(struct bytes config, const char *source, struct pci_config *out)
{
	struct config_walk w = {.bytes = {config.data, MIN(config.len, CONFIG_FULL)}, .source = source, .out = out};
	unsigned int first;

	memset(out, 0, sizeof(*out));
	out->len = w.bytes.len;
	if (config_is_gone(w.bytes)) {
		out->gone = true;
		config_broken(&w, "the device does not answer: its header reads as ones");
		return;
	}
	if (w.bytes.len < CONFIG_HEADER) {
		config_broken(&w, "only %zu bytes of a header of %d", w.bytes.len, CONFIG_HEADER);
		return;
	}
	first = config_parse_header(&w);
	if (first && bytes_at(w.bytes, CONFIG_STATUS, 2) & CONFIG_STATUS_CAPS)
		config_walk_standard(&w, first);
	config_walk_extended(&w);
}

struct pci_configs {
	const struct host *host;
	struct pci_lib *lib;
	uint8_t bytes[CONFIG_FULL];
};

int pci_configs_open(const struct host *host, struct pci_configs **out)
{
#ifndef HAVE_LIBPCI
	*out = NULL;
	return -EOPNOTSUPP;
#endif
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->host = host;
	(*out)->lib = pci_lib_open(host);
	if ((*out)->lib)
		return 0;
	free(*out);
	*out = NULL;
	return -ENOMEM;
}

void pci_configs_close(struct pci_configs *configs)
{
	if (!configs)
		return;
	pci_lib_close(configs->lib);
	free(configs);
}

/*
 * libpci goes past host.c: what was refused when a capture was made is refused here, as are links that lead out of it, and a
 * capture in the making is told.
 */
static int config_read_bytes(struct pci_configs *configs, const char *addr, const char *path)
{
	int ret = -refused_find(configs->host->refused, path);

	if (!ret && host_is_capture(configs->host))
		ret = inside_check(configs->host, path);
	/* of what is not there, or no address, libpci says so itself */
	if (ret == -ENOENT)
		ret = 0;
	if (!ret)
		ret = pci_lib_config(configs->lib, addr, configs->bytes);
	if (ret > 0)
		record_file(configs->host, path, (const char *)configs->bytes, (size_t)ret);
	else
		record_refused(configs->host, path, ret);
	return ret;
}

void pci_config_read(struct pci_configs *configs, const char *addr, struct pci_config *out)
{
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.20s/config", addr);
	ret = configs ? config_read_bytes(configs, addr, path) : -EOPNOTSUPP;
	if (ret < 0) {
		memset(out, 0, sizeof(*out));
		out->err = ret;
		return;
	}
	pci_config_parse((struct bytes){configs->bytes, (size_t)ret}, path, out);
}

const struct pci_cap *pci_config_cap(const struct pci_config *config, bool extended, uint16_t id)
{
	for (unsigned int i = 0; i < config->nr_caps; i++)
		if (config->caps[i].extended == extended && config->caps[i].id == id)
			return &config->caps[i];
	return NULL;
}
