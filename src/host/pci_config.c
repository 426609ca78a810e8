/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Config space: what a device's capability chains say, from bytes nobody can be trusted for. */
#include "host/pci_config.h"

#include <errno.h>

int pci_configs_open(const struct host *host, struct pci_configs **out)
{
	*out = NULL;
	return -EOPNOTSUPP;
}

void pci_configs_close(struct pci_configs *configs)
{
}

void pci_config_read(struct pci_configs *configs, const char *addr, struct pci_config *out)
{
	memset(out, 0, sizeof(*out));
	out->err = EOPNOTSUPP;
}

void pci_config_parse(struct bytes config, const char *source, struct pci_config *out)
{
	memset(out, 0, sizeof(*out));
	out->len = config.len;
}

const struct pci_cap *pci_config_cap(const struct pci_config *config, bool extended, uint16_t id)
{
	for (unsigned int i = 0; i < config->nr_caps; i++)
		if (config->caps[i].extended == extended && config->caps[i].id == id)
			return &config->caps[i];
	return NULL;
}
