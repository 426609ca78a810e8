/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The feature bits of virtio-iommu (virtio 1.3, 5.13.3; Linux include/uapi/linux/virtio_iommu.h). */
#include "host/reg_tables.h"

#define FEATURES "virtio 1.3 5.13.3, Linux virtio_iommu.h"

static const struct reg_field features_fields[] = {
	REG_BIT("INPUT_RANGE", 0, "range of input addresses in the configuration", FEATURES),
	REG_BIT("DOMAIN_RANGE", 1, "range of domain ids in the configuration", FEATURES),
	REG_BIT("MAP_UNMAP", 2, "map and unmap requests", FEATURES),
	REG_BIT("BYPASS", 3, "bypass of endpoints without a domain", FEATURES),
	REG_BIT("PROBE", 4, "probe requests", FEATURES),
	REG_BIT("MMIO", 5, "MMIO mappings", FEATURES),
	REG_BIT("BYPASS_CONFIG", 6, "bypass switched by the configuration", FEATURES),
};
const struct reg reg_virtio_features = {"virtio-iommu.features", "virtio-iommu feature bits", 64, "virtio 1.3 5.13.3",
					features_fields,	 ARRAY_SIZE(features_fields)};
