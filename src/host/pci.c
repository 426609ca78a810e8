/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI devices of a host: facts by sysfs, names by libpci. */
#include "host/pci.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "host/host_dir.h"
#include "host/pci_access.h"
#include "host/pci_disks.h"
#include "host/pci_path.h"
#include "host/text.h"

#define PCI_DIR "/sys/bus/pci/devices"
#define PCI_CLASS_BRIDGE_BASE 0x06
#define PCI_CANDIDATES 8

static uint32_t pci_read_hex(const struct host_dir *dir, const char *file)
{
	char line[32];

	return host_dir_line(dir, file, line, sizeof(line)) ? 0 : strtoul(line, NULL, 16);
}

static void pci_read_ids(const struct host_dir *dir, struct pci_info *dev)
{
	dev->vendor = pci_read_hex(dir, "vendor");
	dev->device = pci_read_hex(dir, "device");
	dev->subvendor = pci_read_hex(dir, "subsystem_vendor");
	dev->subdevice = pci_read_hex(dir, "subsystem_device");
	dev->class_code = pci_read_hex(dir, "class") & 0xffffff;
	dev->revision = pci_read_hex(dir, "revision");
	/* 0604 PCI-to-PCI, 0609 semi-transparent; a host bridge (0600) is an ordinary function with a type 0 header. */
	dev->is_bridge = dev->class_code >> 8 == (PCI_CLASS_BRIDGE_BASE << 8 | 0x04) ||
			 dev->class_code >> 8 == (PCI_CLASS_BRIDGE_BASE << 8 | 0x09);
}

/* Every device on the way of its place in sysfs, which is that of the wires. */
void pci_bridges_in(const struct host_dir *devices, const char *addr, char *out, size_t len)
{
	char target[PATH_MAX], bridge[16];
	const char *path = target;
	size_t used = 0;

	out[0] = '\0';
	if (host_dir_target(devices, addr, target, sizeof(target)))
		return;
	while (pci_path_next(&path, bridge) && strcmp(bridge, addr) && used + sizeof(bridge) + 1 < len)
		used += snprintf(out + used, len - used, "%s%s", used ? " " : "", bridge);
}

void pci_bridges(const struct host *host, const char *addr, char *out, size_t len)
{
	struct host_dir devices;

	host_dir_open(&devices, host, PCI_DIR);
	pci_bridges_in(&devices, addr, out, len);
	host_dir_close(&devices);
}

bool pci_is_vfio_driver(const char *driver)
{
	return strstr(driver, "vfio") != NULL;
}

bool pci_is_idle_driver(const char *driver)
{
	return !*driver || pci_is_vfio_driver(driver) || strcmp(driver, "pci-stub") == 0;
}

bool pci_is_fabric(const struct pci_info *dev)
{
	return dev->is_bridge || (dev->class_code >> 16 == PCI_CLASS_BRIDGE_BASE && !pci_is_vfio_driver(dev->driver));
}

/* First entry of a subdirectory of the device ("vfio-dev/vfio0", "net/eth0"). */
static void pci_read_child(const struct host_dir *dir, const char *name, char *out, size_t len)
{
	CLEANUP_FREE char **names = NULL;

	if (host_dir_list(dir, name, &names) == 0 && names[0])
		text_copy(out, len, names[0]);
}

static void pci_read_links(const struct host_dir *dir, struct pci_info *dev)
{
	char group[16];

	if (host_dir_link(dir, "driver", dev->driver, sizeof(dev->driver)))
		dev->driver[0] = '\0';
	dev->group = -1;
	if (host_dir_link(dir, "iommu_group", group, sizeof(group)) == 0)
		dev->group = atoi(group);
	if (host_dir_link(dir, "iommu", dev->iommu, sizeof(dev->iommu)))
		dev->iommu[0] = '\0';
	if (host_dir_link(dir, "physfn", dev->physfn, sizeof(dev->physfn)))
		dev->physfn[0] = '\0';
	if (host_dir_line(dir, "reset_method", dev->reset_methods, sizeof(dev->reset_methods)))
		dev->reset_methods[0] = '\0';
	text_chomp(dev->reset_methods);
	pci_read_child(dir, "vfio-dev", dev->cdev, sizeof(dev->cdev));
	pci_read_child(dir, "net", dev->devnode, sizeof(dev->devnode));
}

static void pci_read_device(const struct host *host, const struct pci_disks *disks, const char *addr,
			    struct pci_info *dev)
{
	const char *disk = pci_disks_of(disks, addr);
	struct host_dir dir;

	memset(dev, 0, sizeof(*dev));
	text_copy(dev->addr, sizeof(dev->addr), addr);
	host_dir_open(&dir, host, PCI_DIR "/%s", addr);
	pci_read_ids(&dir, dev);
	pci_read_links(&dir, dev);
	host_dir_close(&dir);
	if (!dev->devnode[0] && disk)
		text_copy(dev->devnode, sizeof(dev->devnode), disk);
}

void pci_names(const struct host *host, struct pci_info *list, unsigned int count)
{
	struct pci_lib *lib = pci_lib_open(host);

	for (unsigned int i = 0; i < count; i++) {
		struct pci_info *dev = &list[i];

		pci_lib_device_name(lib, dev->vendor, dev->device, dev->name, sizeof(dev->name));
		pci_lib_class_name(lib, dev->class_code >> 8, dev->class_name, sizeof(dev->class_name));
	}
	pci_lib_close(lib);
}

/* By number, not by text: domain 10000 (VMD) comes after domain 0fff. */
static int pci_compare(const void *a, const void *b)
{
	uint64_t x = pci_path_number(((const struct pci_info *)a)->addr);
	uint64_t y = pci_path_number(((const struct pci_info *)b)->addr);

	return (x > y) - (x < y);
}

int pci_normalize(const char *id, char *out, size_t len)
{
	char addr[16];

	if (!pci_path_parse(id, strlen(id), addr))
		return -EINVAL;
	return text_copy(out, len, addr) ? 0 : -EINVAL;
}

int pci_scan(const struct host *host, struct pci_info **out, unsigned int *count, struct fail *f)
{
	CLEANUP_FREE char **names = NULL;
	struct pci_disks *disks;
	struct pci_info *list;
	unsigned int n = 0;
	char addr[16];
	int ret;

	*out = NULL;
	*count = 0;
	ret = host_list_dir(host, &names, PCI_DIR);
	if (ret == -ENOENT)
		return 0; /* a machine without PCI */
	if (ret)
		return fail_set(f, ret, "cannot list the PCI devices in %s%s", host->root, PCI_DIR);
	while (names[n])
		n++;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return fail_set(f, ENOMEM, "cannot list the PCI devices");
	disks = pci_disks_read(host);
	for (char **name = names; *name; name++)
		if (pci_normalize(*name, addr, sizeof(addr)) == 0)
			pci_read_device(host, disks, *name, &list[(*count)++]);
	pci_disks_free(disks);
	qsort(list, *count, sizeof(*list), pci_compare);
	*out = list;
	return 0;
}

/* "candidates: 0000:00:03.0 (8086:100e e1000), ..."; bridges are nobody's wish. */
static void pci_hint_candidates(const struct host *host, struct fail *f)
{
	CLEANUP_FREE struct pci_info *list = NULL;
	unsigned int count, shown = 0;
	char text[320] = "";
	size_t used = 0;

	if (!f || pci_scan(host, &list, &count, NULL))
		return;
	for (unsigned int i = 0; i < count && shown < PCI_CANDIDATES && used < sizeof(text) - 64; i++) {
		if (list[i].is_bridge || list[i].class_code >> 16 == PCI_CLASS_BRIDGE_BASE)
			continue;
		used += snprintf(text + used, sizeof(text) - used, "%s%s %s", shown ? ", " : "", list[i].addr,
				 list[i].driver[0] ? list[i].driver : "(no driver)");
		shown++;
	}
	if (shown)
		fail_hint(f, "devices here: %s", text);
	else
		fail_hint(f, "this machine shows no PCI device that could be used");
}

int pci_find(const struct host *host, const char *id, struct pci_info *out, struct fail *f)
{
	struct pci_disks *disks;
	char addr[16];

	if (pci_normalize(id, addr, sizeof(addr))) {
		fail_set(f, EINVAL, "%s is not a PCI address", id);
		fail_hint(f, "write it as 0000:00:04.0 or 00:04.0; iommuctl list shows them");
		return -EINVAL;
	}
	if (!host_exists(host, PCI_DIR "/%s", addr)) {
		fail_set(f, ENOENT, "there is no PCI device %s", addr);
		pci_hint_candidates(host, f);
		return -ENOENT;
	}
	disks = pci_disks_read(host);
	pci_read_device(host, disks, addr, out);
	pci_disks_free(disks);
	return 0;
}
