/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkmany N DIR: builds below DIR what a machine with N PCI devices shows, seven to a group (a root port, and six functions below
 * it without ACS), 1400 to a segment, with config spaces, VT-d units, a DMAR table and a log. It measures how time grows; what is
 * said of machines is tested on those of mkhost.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PER_GROUP 7
#define GROUPS_PER_SEGMENT 200
#define CONFIG_SIZE 4096
#define LOG_LINES 2000

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* All paths are relative to the root, which is the working directory. */
static void make_dirs(const char *path)
{
	char copy[512];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *s = strchr(copy, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		if (mkdir(copy, 0755) && errno != EEXIST)
			die(copy);
		*s = '/';
	}
}

static FILE *file_open(const char *path)
{
	FILE *fp = fopen(path, "w");

	if (!fp) {
		make_dirs(path);
		fp = fopen(path, "w");
	}
	if (!fp)
		die(path);
	return fp;
}

static void put(const char *dir, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void put(const char *dir, const char *name, const char *fmt, ...)
{
	char path[512];
	FILE *fp;
	va_list ap;

	snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "", name);
	fp = file_open(path);
	va_start(ap, fmt);
	vfprintf(fp, fmt, ap);
	va_end(ap);
	if (fclose(fp))
		die(path);
}

/* @from DIR/NAME, a link to @to, which lies below the root as well. */
static void put_link(const char *dir, const char *name, const char *to)
{
	char path[512], target[1024] = "";

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	make_dirs(path);
	for (const char *s = path; (s = strchr(s, '/')); s++)
		strcat(target, "../");
	strcat(target, to);
	if (symlink(target, path))
		die(path);
}

static void le(uint8_t *at, uint64_t value, unsigned int width)
{
	for (unsigned int i = 0; i < width; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

struct device {
	unsigned int segment, bus, device, function, group, secondary; /* @secondary 0: no bridge */
	char addr[16], path[128];
};

/* PM, MSI and PCI Express; AER, serial number, ACS (ports) or ATS (the others). */
static void config_fill(const struct device *d, uint8_t *c)
{
	memset(c, 0, CONFIG_SIZE);
	le(c, 0x8086, 2);
	le(c + 2, d->secondary ? 0xa110 : 0x1572, 2);
	le(c + 4, 6, 2);
	le(c + 6, 0x10, 2);
	c[10] = d->secondary ? 4 : 0;
	c[11] = d->secondary ? 6 : 2;
	c[14] = d->secondary ? 0x81 : 0x80;
	if (d->secondary) {
		c[0x19] = (uint8_t)d->secondary;
		c[0x1a] = (uint8_t)d->secondary;
	}
	c[0x34] = 0x40;
	le(c + 0x40, 0x00034801, 4);
	le(c + 0x48, 0x00806005, 4);
	le(c + 0x60, 0x10 | (2 | (d->secondary ? 4 << 4 : 0)) << 16, 4);
	le(c + 0x64, 0x10008001, 4);
	le(c + 0x68, 0x2810, 2);
	le(c + 0x100, 0x14820001, 4);
	le(c + 0x148, 0x15410003, 4);
	le(c + 0x14c, 0x1122334400000000 | d->group << 8 | d->function, 8);
	le(c + 0x154, d->secondary ? 0x0001000d : 0x0001000f, 4);
	le(c + 0x158, d->secondary ? 0x001d001f : 0x80000000, 4);
}

static void put_config(const struct device *d)
{
	uint8_t config[CONFIG_SIZE];
	char path[256];
	FILE *fp;

	config_fill(d, config);
	snprintf(path, sizeof(path), "%s/config", d->path);
	fp = file_open(path);
	if (fwrite(config, 1, sizeof(config), fp) != sizeof(config) || fclose(fp))
		die(path);
}

static void put_links(const struct device *d)
{
	const char *driver = d->secondary	? "pcieport"
			     : d->function == 0 ? "vfio-pci"
			     : d->function < 3	? "i40e"
						: NULL;
	char dir[96], to[64];

	put_link("sys/bus/pci/devices", d->addr, d->path);
	snprintf(to, sizeof(to), "sys/kernel/iommu_groups/%u", d->group);
	put_link(d->path, "iommu_group", to);
	snprintf(dir, sizeof(dir), "%s/devices", to);
	put_link(dir, d->addr, d->path);
	snprintf(to, sizeof(to), "sys/devices/virtual/iommu/dmar%u", d->segment);
	put_link(d->path, "iommu", to);
	snprintf(dir, sizeof(dir), "%s/devices", to);
	put_link(dir, d->addr, d->path);
	if (!driver)
		return;
	snprintf(to, sizeof(to), "sys/bus/pci/drivers/%s", driver);
	put(to, "bind", "%s", "");
	put_link(d->path, "driver", to);
}

static void put_device(const struct device *d)
{
	put(d->path, "vendor", "0x8086\n");
	put(d->path, "device", "0x%x\n", d->secondary ? 0xa110 : 0x1572);
	put(d->path, "subsystem_vendor", "0x8086\n");
	put(d->path, "subsystem_device", "0x0001\n");
	put(d->path, "class", "0x%06x\n", d->secondary ? 0x060400 : 0x020000);
	put(d->path, "revision", "0x01\n");
	put(d->path, "irq", "0\n");
	put(d->path, "resource", "0x0000000000000000 0x0000000000000000 0x0000000000000000\n");
	put(d->path, "driver_override", "(null)\n");
	put(d->path, "dma_mask_bits", "64\n");
	put(d->path, "reset_method", "flr bus\n");
	put_config(d);
	put_links(d);
}

/* The port (@n 0) or a function of the group. */
static struct device device_of(unsigned int group, unsigned int n)
{
	struct device d = {.segment = group / GROUPS_PER_SEGMENT, .group = group};
	unsigned int port = group % GROUPS_PER_SEGMENT;
	char above[16];

	snprintf(above, sizeof(above), "%04x:00:%02x.%u", d.segment, port / 8 + 1, port % 8);
	if (n == 0) {
		d.device = port / 8 + 1;
		d.function = port % 8;
		d.secondary = port + 1;
		memcpy(d.addr, above, sizeof(above));
		snprintf(d.path, sizeof(d.path), "sys/devices/pci%04x:00/%s", d.segment, above);
		return d;
	}
	d.bus = port + 1;
	d.function = n - 1;
	snprintf(d.addr, sizeof(d.addr), "%04x:%02x:00.%u", d.segment, d.bus, d.function);
	snprintf(d.path, sizeof(d.path), "sys/devices/pci%04x:00/%s/%s", d.segment, above, d.addr);
	return d;
}

static void put_groups(unsigned int devices)
{
	char dir[64];

	for (unsigned int i = 0; i < devices; i++) {
		struct device d = device_of(i / PER_GROUP, i % PER_GROUP);

		put_device(&d);
		if (i % PER_GROUP)
			continue;
		snprintf(dir, sizeof(dir), "sys/kernel/iommu_groups/%u", d.group);
		put(dir, "type", "DMA\n");
		put(dir, "reserved_regions", "0x00000000fee00000 0x00000000feefffff msi\n");
	}
}

/* One unit for each segment, with all that is in it. */
static void put_units(unsigned int segments)
{
	uint8_t table[48 + 16 * 64] = "DMAR", sum = 0;
	size_t len = 48 + 16 * segments;
	char dir[96], name[16];
	FILE *fp;

	table[8] = 1;
	le(table + 4, len, 4);
	memcpy(table + 10, "TESTEDMACHINE", 13);
	table[36] = 45;
	table[37] = 5;
	for (unsigned int i = 0; i < segments; i++) {
		uint8_t *drhd = table + 48 + 16 * i;

		le(drhd + 2, 16, 2);
		drhd[4] = 1;
		le(drhd + 6, i, 2);
		le(drhd + 8, 0xfed90000 + 0x1000 * i, 8);
		snprintf(name, sizeof(name), "dmar%u", i);
		snprintf(dir, sizeof(dir), "sys/devices/virtual/iommu/%s", name);
		put_link("sys/class/iommu", name, dir);
		strcat(dir, "/intel-iommu");
		put(dir, "address", "%x\n", 0xfed90000 + 0x1000 * i);
		put(dir, "cap", "d2008c40660462\n");
		put(dir, "ecap", "f050de\n");
		put(dir, "version", "1:0\n");
	}
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)-sum;
	fp = file_open("sys/firmware/acpi/tables/DMAR");
	if (fwrite(table, 1, len, fp) != len || fclose(fp))
		die("DMAR");
}

static void put_rest(void)
{
	FILE *fp;

	put("proc/sys/kernel", "osrelease", "6.12.9-amd64\n");
	put("proc", "cmdline", "quiet intel_iommu=on iommu.strict=1\n");
	put("proc", "cpuinfo", "vendor_id\t: GenuineIntel\naddress sizes\t: 39 bits physical, 48 bits virtual\n");
	put("proc", "interrupts", "  24:          0   IR-PCI-MSI  0-edge      device\n");
	put("sys/bus/pci", "drivers_probe", "%s", "");
	put("iommuctl", "nodes", "/dev/vfio/vfio 666 0 0\n");
	fp = file_open("iommuctl/kmsg");
	fprintf(fp, "DMAR-IR: Enabled IRQ remapping in x2apic mode\n");
	for (unsigned int i = 0; i < LOG_LINES; i++)
		fprintf(fp, "pci 0000:%02x:00.%u: Adding to iommu group %u\n", i % 256, i % 8, i / PER_GROUP);
	if (fclose(fp))
		die("kmsg");
}

int main(int argc, char **argv)
{
	unsigned int devices = argc == 3 ? (unsigned int)strtoul(argv[1], NULL, 10) : 0;
	unsigned int segments = (devices / PER_GROUP + GROUPS_PER_SEGMENT) / GROUPS_PER_SEGMENT;

	if (!devices || segments > 64) {
		fprintf(stderr, "usage: mkmany N DIR\n");
		return 64;
	}
	if ((mkdir(argv[2], 0755) && errno != EEXIST) || chdir(argv[2]))
		die(argv[2]);
	put_units(segments);
	put_groups(devices);
	put_rest();
	return 0;
}
