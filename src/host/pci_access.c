/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only file that includes libpci: its errors neither end the process nor reach the terminal. */
#include "host/pci_access.h"

#include <errno.h>

#ifdef HAVE_LIBPCI
#include <limits.h>
#include <setjmp.h>
#include <stdio.h>

#include <pci/pci.h>

#include "host/text.h"

/* libpci's error function must not return, and its own one exits: a broken pci.ids would end the run. */
static jmp_buf pci_lib_jump;
static int pci_lib_errno; /* of the last warning: libpci says by text what open(2) said */

struct pci_lib {
	struct pci_access *acc;
	struct pci_dev *dev; /* whose config space is being read */
};

static void PCI_NONRET pci_lib_error(char *msg, ...)
{
	longjmp(pci_lib_jump, 1);
}

static void pci_lib_warning(char *msg, ...)
{
	pci_lib_errno = errno;
}

static void pci_lib_quiet(char *msg, ...)
{
}

/* Config space by sysfs and nothing else: other ways lead to the running machine's ports, whatever the root is. */
static bool pci_lib_init(struct pci_access *acc, const struct host *host)
{
	char path[PATH_MAX];

	acc->error = pci_lib_error;
	acc->warning = pci_lib_warning;
	acc->debug = pci_lib_quiet;
	acc->method = PCI_ACCESS_SYS_BUS_PCI;
	if (host_path(host, path, sizeof(path), "/sys/bus/pci") || setjmp(pci_lib_jump))
		return false;
	if (pci_set_param(acc, "sysfs.path", path))
		return false;
	pci_init(acc);
	return true;
}

struct pci_lib *pci_lib_open(const struct host *host)
{
	struct pci_lib *lib = calloc(1, sizeof(*lib));

	if (!lib)
		return NULL;
	lib->acc = pci_alloc();
	if (lib->acc && pci_lib_init(lib->acc, host))
		return lib;
	pci_lib_close(lib);
	return NULL;
}

void pci_lib_close(struct pci_lib *lib)
{
	if (!lib)
		return;
	if (lib->acc && !setjmp(pci_lib_jump))
		pci_cleanup(lib->acc);
	free(lib);
}

/* udev's database is left out: libpci 3.9 leaks a handle per lookup where that database is absent. */
#define PCI_LIB_FLAGS (PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB)

void pci_lib_device_name(struct pci_lib *lib, uint16_t vendor, uint16_t device, char *out, size_t len)
{
	char buf[160];
	const char *name;

	if (!lib || setjmp(pci_lib_jump))
		return;
	name = pci_lookup_name(lib->acc, buf, sizeof(buf), PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE | PCI_LIB_FLAGS,
			       vendor, device);
	if (!name)
		name = pci_lookup_name(lib->acc, buf, sizeof(buf), PCI_LOOKUP_VENDOR | PCI_LIB_FLAGS, vendor);
	if (name)
		text_copy(out, len, name);
}

void pci_lib_class_name(struct pci_lib *lib, uint16_t class, char *out, size_t len)
{
	char buf[160];
	const char *name;

	if (!lib || setjmp(pci_lib_jump))
		return;
	name = pci_lookup_name(lib->acc, buf, sizeof(buf), PCI_LOOKUP_CLASS | PCI_LIB_FLAGS, class);
	if (name)
		text_copy(out, len, name);
}

/* The kernel gives all of a step or a part that is worth nothing here: 64 bytes to everyone, the rest to root. */
static int pci_lib_read(struct pci_dev *dev, uint8_t *buf)
{
	static const int steps[] = {64, 256, 4096};
	int done = 0;

	/* what root sees of PCI Express, at once */
	if (pci_read_block(dev, 0, buf, 4096))
		return 4096;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (!pci_read_block(dev, done, buf + done, steps[i] - done))
			break;
		done = steps[i];
	}
	return done;
}

/* The device is kept in @lib: a variable of this function would be lost when libpci jumps. 0: nothing could be read. */
static int pci_lib_open_and_read(struct pci_lib *lib, const int bdf[4], uint8_t *buf)
{
	if (setjmp(pci_lib_jump))
		return 0;
	lib->dev = pci_get_dev(lib->acc, bdf[0], bdf[1], bdf[2], bdf[3]);
	return pci_lib_read(lib->dev, buf);
}

static void pci_lib_close_dev(struct pci_lib *lib)
{
	if (lib->dev && !setjmp(pci_lib_jump))
		pci_free_dev(lib->dev);
	lib->dev = NULL;
}

int pci_lib_config(struct pci_lib *lib, const char *addr, uint8_t *buf)
{
	unsigned int domain, bus, slot, fn;
	int ret;

	if (!lib)
		return -EOPNOTSUPP;
	if (sscanf(addr, "%x:%x:%x.%x", &domain, &bus, &slot, &fn) != 4)
		return -EINVAL;
	pci_lib_errno = EIO;
	ret = pci_lib_open_and_read(lib, (const int[]){(int)domain, (int)bus, (int)slot, (int)fn}, buf);
	pci_lib_close_dev(lib);
	return ret ? ret : -pci_lib_errno;
}
#else
struct pci_lib *pci_lib_open(const struct host *host)
{
	return NULL;
}

void pci_lib_close(struct pci_lib *lib)
{
}

void pci_lib_device_name(struct pci_lib *lib, uint16_t vendor, uint16_t device, char *out, size_t len)
{
}

void pci_lib_class_name(struct pci_lib *lib, uint16_t class, char *out, size_t len)
{
}

int pci_lib_config(struct pci_lib *lib, const char *addr, uint8_t *buf)
{
	return -EOPNOTSUPP;
}
#endif
