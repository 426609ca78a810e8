/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzer of everything that reads a machine's text: a small machine whose files the input fills. It is made of sections: a
 * record separator (0x1e), the letter of a file below, its contents. What was read is audited.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/audit/audit.h"

#define SEPARATOR 0x1e
#define DEVICES "sys/devices/pci0000:00/"
#define UNITS "sys/devices/virtual/iommu/"
#define GROUPS "sys/kernel/iommu_groups/"
#define PARAMETERS "/parameters/"

/* By letter, from 'A'. */
static const char *const files[] = {
	UNITS "dmar0/intel-iommu/cap",
	UNITS "dmar0/intel-iommu/ecap",
	UNITS "dmar0/intel-iommu/version",
	UNITS "dmar0/intel-iommu/address",
	UNITS "dmar0/intel-iommu/domains_supported",
	UNITS "dmar0/intel-iommu/domains_used",
	UNITS "ivhd0/amd-iommu/cap",
	UNITS "ivhd0/amd-iommu/features",
	UNITS "virtio0/features",
	GROUPS "0/reserved_regions",
	GROUPS "1/reserved_regions",
	GROUPS "0/type",
	GROUPS "1/type",
	DEVICES "0000:00:01.0/0000:01:00.0/class",
	DEVICES "0000:00:01.0/0000:01:00.0/vendor",
	DEVICES "0000:00:01.0/0000:01:00.0/device",
	DEVICES "0000:00:01.0/0000:01:00.0/resource",
	DEVICES "0000:00:01.0/0000:01:00.0/reset_method",
	DEVICES "0000:00:01.0/0000:01:00.0/driver_override",
	DEVICES "0000:00:01.0/0000:01:00.0/dma_mask_bits",
	DEVICES "0000:00:01.0/class",
	DEVICES "0000:00:01.0/untrusted",
	DEVICES "0000:00:01.0/external_facing",
	DEVICES "0000:00:01.0/removable",
	"proc/cmdline",
	"proc/cpuinfo",
	"proc/meminfo",
	"proc/interrupts",
	"proc/iomem",
	"proc/sys/kernel/osrelease",
	"proc/sys/kernel/tainted",
	"proc/self/mountinfo",
	"proc/swaps",
	"sys/module/vfio_iommu_type1" PARAMETERS "allow_unsafe_interrupts",
	"sys/module/iommufd" PARAMETERS "allow_unsafe_interrupts",
	"sys/module/vfio" PARAMETERS "enable_unsafe_noiommu_mode",
	"iommuctl/ioctl.json",
	"iommuctl/kmsg",
	"iommuctl/nodes",
	"iommuctl/unreadable",
	DEVICES "0000:00:01.0/0000:01:00.0/config",
	DEVICES "0000:00:01.0/config",
};

/* What is there besides: links as sysfs has them. */
static const char *const links[][2] = {
	{"sys/class/iommu/dmar0", "../../devices/virtual/iommu/dmar0"},
	{"sys/class/iommu/ivhd0", "../../devices/virtual/iommu/ivhd0"},
	{"sys/class/iommu/virtio0", "../../devices/virtual/iommu/virtio0"},
	{"sys/bus/pci/devices/0000:00:01.0", "../../../devices/pci0000:00/0000:00:01.0"},
	{"sys/bus/pci/devices/0000:01:00.0", "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0"},
	{DEVICES "0000:00:01.0/iommu_group", "../../../kernel/iommu_groups/0"},
	{DEVICES "0000:00:01.0/0000:01:00.0/iommu_group", "../../../../kernel/iommu_groups/1"},
	{DEVICES "0000:00:01.0/0000:01:00.0/iommu", "../../../virtual/iommu/dmar0"},
	{DEVICES "0000:00:01.0/0000:01:00.0/driver", "../../../../bus/pci/drivers/vfio-pci"},
	{GROUPS "0/devices/0000:00:01.0", "../../../../devices/pci0000:00/0000:00:01.0"},
	{GROUPS "1/devices/0000:01:00.0", "../../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0"},
	{"sys/bus/pci/drivers/vfio-pci/.", ""},
};

static char root[64];
static bool written[ARRAY_SIZE(files)];

static void path_of(char *buf, size_t len, const char *below)
{
	FUZZ_HOLDS((size_t)snprintf(buf, len, "%s/%s", root, below) < len);
}

static void make_parents(const char *below)
{
	char path[256], *s;

	path_of(path, sizeof(path), below);
	for (s = path + strlen(root) + 1; (s = strchr(s, '/')); s++) {
		*s = '\0';
		mkdir(path, 0700);
		*s = '/';
	}
}

static void root_remove(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	if (system(command))
		fprintf(stderr, "cannot remove %s\n", root);
}

/* In memory where there is such a place. */
static void root_make(void)
{
	char path[256];

	snprintf(root, sizeof(root), "%s/iommuctl-fuzz.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	FUZZ_HOLDS(mkdtemp(root));
	atexit(root_remove);
	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		make_parents(files[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(links); i++) {
		make_parents(links[i][0]);
		path_of(path, sizeof(path), links[i][0]);
		FUZZ_HOLDS(!links[i][1][0] || symlink(links[i][1], path) == 0);
	}
}

static void file_put(unsigned int index, const uint8_t *data, size_t len)
{
	char path[256];
	int fd;

	path_of(path, sizeof(path), files[index]);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	FUZZ_HOLDS(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	close(fd);
	written[index] = true;
}

static void files_put(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size, *next;

	for (; data < end; data = next) {
		next = memchr(data + 1, SEPARATOR, end - data - 1);
		next = next ? next : end;
		if (*data == SEPARATOR && next - data >= 2)
			file_put((uint8_t)(data[1] - 'A') % ARRAY_SIZE(files), data + 2, next - data - 2);
	}
}

static void files_remove(void)
{
	char path[256];

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++) {
		if (!written[i])
			continue;
		path_of(path, sizeof(path), files[i]);
		unlink(path);
		written[i] = false;
	}
}

static void machine_holds(const struct machine *m)
{
	struct reg_fact facts[REG_FACTS_MAX];

	for (unsigned int i = 0; i < m->nr_units; i++) {
		FUZZ_ENDS(m->units[i].name);
		FUZZ_ENDS(m->units[i].problem);
		FUZZ_HOLDS(m->units[i].nr_regs <= UNIT_REGS_MAX);
		FUZZ_HOLDS(reg_facts(m->units[i].regs, m->units[i].nr_regs, facts) <= REG_FACTS_MAX);
	}
	for (unsigned int i = 0; i < m->kernel.nr_options; i++) {
		FUZZ_ENDS(m->kernel.options[i].key);
		FUZZ_ENDS(m->kernel.options[i].value);
	}
	for (unsigned int i = 0; i < m->ioctl.nr_devices; i++) {
		FUZZ_ENDS(m->ioctl.devices[i].id);
		FUZZ_HOLDS(m->ioctl.devices[i].nr_ranges <= ARRAY_SIZE(m->ioctl.devices[i].ranges));
		FUZZ_HOLDS(m->ioctl.devices[i].nr_regs <= ARRAY_SIZE(m->ioctl.devices[i].regs));
	}
	FUZZ_HOLDS(!m->log == !!m->log_err);
}

static void audit_holds(const struct machine *m)
{
	struct audit a = {.m = m};
	struct fail f = {0};

	FUZZ_HOLDS(audit_run(&a, &f) == 0);
	for (unsigned int i = 0; i < a.nr_findings; i++) {
		FUZZ_HOLDS(a.findings[i].rule && a.findings[i].nr_evidence);
		FUZZ_ENDS(a.findings[i].subject);
		FUZZ_ENDS(a.findings[i].summary);
		for (unsigned int k = 0; k < a.findings[i].nr_evidence; k++)
			FUZZ_ENDS(a.findings[i].evidence[k].text);
	}
	audit_free(&a);
}

/* What was read of the answers of ioctls and is written again reads the same. */
static void facts_hold(const struct ioctl_facts *facts)
{
	char *text = facts->asked ? ioctl_facts_text(facts) : NULL;

	FUZZ_HOLDS(!facts->asked || (text && text[0] == '{'));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine m;
	struct host host;
	struct fail f = {0};

	if (!root[0])
		root_make();
	files_put(data, size);
	if (host_init(&host, root, &f) == 0) {
		if (machine_read(&host, MACHINE_ALL, &m, &f) == 0) {
			machine_holds(&m);
			facts_hold(&m.ioctl);
			audit_holds(&m);
			machine_free(&m);
		}
		host_close(&host);
	}
	files_remove();
	return 0;
}
