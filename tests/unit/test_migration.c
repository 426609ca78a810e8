/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sources of dirty pages a device has, and the reason given for each that it has not. */
#include "host/migration.h"

#include <string.h>

#include "unit.h"

static struct migration_fact facts[MIGRATION_WAYS];

static void is(enum migration_way way, enum migration_answer answer, const char *why)
{
	assert_string_equal(migration_answer_name(facts[way].answer), migration_answer_name(answer));
	assert_non_null(strstr(facts[way].why, why));
}

static void test_nobody_asked(void **state)
{
	struct pci_info pci = {.addr = "0000:00:03.0", .iommu = "dmar0", .driver = "e1000e"};
	struct reg_fact no = {.name = "dirty-tracking", .text = "no: SSADS (bit 45) is clear"};
	struct reg_fact yes = {.name = "dirty-tracking", .has = true, .text = "possible"};

	(void)state;
	migration_facts(&pci, &no, NULL, facts);
	is(MIGRATION_BY_IOMMU, MIGRATION_NO, "SSADS (bit 45) is clear");
	assert_null(strstr(facts[MIGRATION_BY_IOMMU].why, "no:"));
	is(MIGRATION_BY_DEVICE, MIGRATION_UNKNOWN, "not on a VFIO driver");
	is(MIGRATION_BY_TYPE1, MIGRATION_UNKNOWN, "no container was asked");
	is(MIGRATION_STATES, MIGRATION_UNKNOWN, "not on a VFIO driver");
	migration_facts(&pci, &yes, NULL, facts);
	is(MIGRATION_BY_IOMMU, MIGRATION_POSSIBLE, "iommufd was not asked");
	migration_facts(&pci, NULL, NULL, facts);
	is(MIGRATION_BY_IOMMU, MIGRATION_UNKNOWN, "no register");
	pci.iommu[0] = '\0';
	migration_facts(&pci, NULL, NULL, facts);
	is(MIGRATION_BY_IOMMU, MIGRATION_NO, "no IOMMU before it");
}

static void test_drivers(void **state)
{
	struct pci_info pci = {.iommu = "dmar0", .driver = "vfio-pci"};

	(void)state;
	migration_facts(&pci, NULL, NULL, facts);
	is(MIGRATION_BY_DEVICE, MIGRATION_NO, "vfio-pci has none");
	is(MIGRATION_STATES, MIGRATION_NO, "vfio-pci has none");
	strcpy(pci.driver, "mlx5_vfio_pci");
	migration_facts(&pci, NULL, NULL, facts);
	is(MIGRATION_BY_DEVICE, MIGRATION_UNKNOWN, "not opened");
}

static void test_answers(void **state)
{
	struct pci_info pci = {.iommu = "ivhd0", .driver = "mlx5_vfio_pci"};
	struct reg_fact no = {.name = "dirty-tracking", .text = "no: HDSup (bit 52) is clear"};
	struct ioctl_device asked = {.has_hw_info = true, .capabilities = 8, .has_vfio = true, .has_features = true};

	(void)state;
	migration_facts(&pci, &no, &asked, facts);
	is(MIGRATION_BY_IOMMU, MIGRATION_NO, "bit 0 is clear; HDSup (bit 52) is clear");
	is(MIGRATION_BY_DEVICE, MIGRATION_NO, "DMA_LOGGING_START");
	is(MIGRATION_BY_TYPE1, MIGRATION_NO, "before 5.8");
	is(MIGRATION_STATES, MIGRATION_NO, "no VFIO_DEVICE_FEATURE_MIGRATION");
	asked.capabilities = 1;
	asked.has_migration = asked.dma_logging = true;
	asked.migration_flags = 5;
	migration_facts(&pci, &no, &asked, facts);
	is(MIGRATION_BY_IOMMU, MIGRATION_YES, "out_capabilities bit 0");
	is(MIGRATION_BY_DEVICE, MIGRATION_YES, "is there");
	is(MIGRATION_BY_TYPE1, MIGRATION_YES, "every page");
	is(MIGRATION_STATES, MIGRATION_YES, "STOP_COPY PRE_COPY");
	assert_null(strstr(facts[MIGRATION_STATES].why, "P2P"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_asked),
		cmocka_unit_test(test_drivers),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
