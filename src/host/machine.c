/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a machine as a whole, and finding things in what was read. */
#include "host/machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/pci_path.h"
#include "host/text.h"

static int machine_read_configs(struct machine *m)
{
	struct pci_configs *configs;
	int ret = pci_configs_open(m->host, &configs);

	if (ret == -ENOMEM)
		return ret;
	m->configs_err = ret;
	if (ret)
		return 0;
	m->configs = calloc(m->nr_devices + 1, sizeof(*m->configs));
	for (unsigned int i = 0; m->configs && i < m->nr_devices; i++)
		pci_config_read(configs, m->pci[i].addr, &m->configs[i]);
	pci_configs_close(configs);
	return m->configs ? 0 : -ENOMEM;
}

static int machine_read_tables(struct machine *m)
{
	int ret = dmar_read(m->host, &m->dmar);

	if (!ret)
		ret = ivrs_read(m->host, &m->ivrs);
	if (!ret)
		ret = iort_read(m->host, &m->iort);
	if (!ret)
		ret = viot_read(m->host, &m->viot);
	return ret;
}

/* On the running machine core/asked.c asks; a capture has the answers in a file. */
static int machine_read_ioctl(struct machine *m)
{
	struct fail f = {0};
	int ret;

	if (!host_is_capture(m->host))
		return 0;
	ret = ioctl_facts_load(m->host, &m->ioctl, &f);
	if (ret && ret != -ENOMEM)
		text_copy(m->ioctl_problem, sizeof(m->ioctl_problem), f.text);
	return ret == -ENOMEM ? ret : 0;
}

/* What belongs to the devices that were found. */
static int machine_read_rest(struct machine *m, unsigned int parts)
{
	int ret = parts & MACHINE_CONFIG ? machine_read_configs(m) : 0;

	if (!ret && parts & MACHINE_TABLES)
		ret = machine_read_tables(m);
	if (!ret)
		ret = machine_read_tree(m);
	if (!ret && m->dmar.table.signature[0])
		ret = machine_read_drhds(m);
	if (!ret)
		ret = kernel_settings_read(m->host, &m->kernel);
	if (!ret)
		ret = machine_read_nodes(m->host, &m->nodes, &m->nr_nodes);
	if (!ret)
		ret = machine_read_ioctl(m);
	return ret;
}

int machine_read(const struct host *host, unsigned int parts, struct machine *out, struct fail *f)
{
	int ret;

	memset(out, 0, sizeof(*out));
	out->host = host;
	if (parts & MACHINE_LOG)
		out->log = machine_read_log(host, &out->log_err);
	ret = pci_scan(host, &out->pci, &out->nr_devices, f);
	if (!ret)
		ret = groups_scan(host, &out->groups, &out->nr_groups, f);
	if (!ret)
		ret = units_read(host, out->log, &out->units, &out->nr_units, f);
	if (!ret) {
		ret = machine_read_rest(out, parts);
		if (ret)
			fail_set(f, ret, "cannot read this machine");
	}
	if (ret)
		machine_free(out);
	return ret;
}

void machine_free(struct machine *m)
{
	if (!m)
		return;
	free(m->units);
	groups_free(m->groups, m->nr_groups);
	free(m->pci);
	free(m->configs);
	free(m->parents);
	free(m->secondary);
	free(m->drhds);
	dmar_free(&m->dmar);
	ivrs_free(&m->ivrs);
	iort_free(&m->iort);
	viot_free(&m->viot);
	kernel_settings_free(&m->kernel);
	ioctl_facts_free(&m->ioctl);
	free(m->nodes);
	free(m->log);
	memset(m, 0, sizeof(*m));
}

int machine_device(const struct machine *m, const char *addr)
{
	unsigned int low = 0, high = m->nr_devices;
	uint64_t want = pci_path_number(addr);
	char full[16];

	/* groups hold what is on no PCI bus as well, and logs tell of "unknown device": its number is that of 0000:00:00.0 */
	if (!want && !pci_path_parse(addr, strlen(addr), full))
		return -1;
	while (low < high) {
		unsigned int mid = low + (high - low) / 2;
		uint64_t here = pci_path_number(m->pci[mid].addr);

		if (here == want)
			return (int)mid;
		if (here < want)
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

const struct group_info *machine_group(const struct machine *m, int id)
{
	unsigned int low = 0, high = m->nr_groups;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (m->groups[mid].id == id)
			return &m->groups[mid];
		if (m->groups[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct iommu_unit *machine_unit(const struct machine *m, const char *name)
{
	for (unsigned int i = 0; i < m->nr_units; i++)
		if (strcmp(m->units[i].name, name) == 0)
			return &m->units[i];
	return NULL;
}
