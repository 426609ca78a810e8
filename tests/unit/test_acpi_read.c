/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host/acpi: where tables are looked for, and what is said when they are not there, not readable, too big, or several. */
#include "acpi_image.h"

#include <errno.h>
#include <sys/stat.h>

#define TABLES "sys/firmware/acpi/tables"

static char root[64];
static struct host host;

static int setup(void **state)
{
	static const char dirs[] = TABLES "/";
	char path[128];
	struct fail f = {0};

	(void)state;
	snprintf(root, sizeof(root), "/tmp/iommuctl-acpi.XXXXXX");
	assert_non_null(mkdtemp(root));
	for (const char *p = dirs; (p = strchr(p, '/')); p++) {
		snprintf(path, sizeof(path), "%s/%.*s", root, (int)(p - dirs), dirs);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	assert_int_equal(host_init(&host, root, &f), 0);
	return 0;
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	host_close(&host);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void put(const char *name, const struct image *m)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/" TABLES "/%s", root, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(m->bytes, 1, m->len, f), m->len);
	assert_int_equal(fclose(f), 0);
}

static void image_empty(struct image *m, const char *signature)
{
	image_begin(m, signature, 1);
	image_add(m, 4, 38);
	m->len = 48;
	image_end(m);
}

static void test_none(void **state)
{
	struct dmar d;
	struct ivrs v;
	struct iort i;
	struct viot o;

	(void)state;
	assert_int_equal(dmar_read(&host, &d), 0);
	assert_int_equal(ivrs_read(&host, &v), 0);
	assert_int_equal(iort_read(&host, &i), 0);
	assert_int_equal(viot_read(&host, &o), 0);
	assert_string_equal(d.table.signature, "");
	assert_string_equal(d.table.path, "");
	assert_int_equal(d.table.err, 0);
	assert_int_equal(d.table.nr_problems, 0);
	assert_string_equal(v.table.signature, "");
	assert_string_equal(i.table.signature, "");
	assert_string_equal(o.table.signature, "");
}

static void test_each(void **state)
{
	struct image m;
	struct dmar d;
	struct ivrs v;
	struct iort i;
	struct viot o;

	(void)state;
	image_empty(&m, "DMAR");
	put("DMAR", &m);
	image_empty(&m, "IVRS");
	put("IVRS", &m);
	image_empty(&m, "IORT");
	put("IORT", &m);
	image_empty(&m, "VIOT");
	put("VIOT", &m);
	assert_int_equal(dmar_read(&host, &d), 0);
	assert_int_equal(ivrs_read(&host, &v), 0);
	assert_int_equal(iort_read(&host, &i), 0);
	assert_int_equal(viot_read(&host, &o), 0);
	assert_string_equal(d.table.path, "/" TABLES "/DMAR");
	assert_string_equal(d.table.signature, "DMAR");
	assert_int_equal(d.table.len, 48);
	assert_int_equal(d.width, 39);
	assert_string_equal(v.table.path, "/" TABLES "/IVRS");
	assert_string_equal(i.table.path, "/" TABLES "/IORT");
	assert_string_equal(o.table.path, "/" TABLES "/VIOT");
	dmar_free(&d);
	ivrs_free(&v);
	iort_free(&i);
	viot_free(&o);
}

/* A directory where a file should be: there, and not to be read, whoever asks. */
static void test_unreadable(void **state)
{
	char path[128];
	struct dmar d;

	(void)state;
	snprintf(path, sizeof(path), "%s/" TABLES "/DMAR", root);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(dmar_read(&host, &d), 0);
	assert_string_equal(d.table.signature, "DMAR");
	assert_int_equal(d.table.err, -EISDIR);
	assert_null(d.table.data);
	assert_int_equal(d.table.nr_problems, 0);
	dmar_free(&d);
}

static void test_too_big(void **state)
{
	char path[128];
	struct image m;
	struct dmar d;

	(void)state;
	image_empty(&m, "DMAR");
	put("DMAR", &m);
	snprintf(path, sizeof(path), "%s/" TABLES "/DMAR", root);
	assert_int_equal(truncate(path, MiB(16) + 1), 0);
	assert_int_equal(dmar_read(&host, &d), 0);
	assert_string_equal(d.table.signature, "DMAR");
	assert_int_equal(d.table.err, 0);
	assert_int_equal(d.table.nr_problems, 1);
	assert_non_null(table_problem(&d.table, "too-many", 0));
	dmar_free(&d);
	assert_int_equal(truncate(path, MiB(16)), 0);
	assert_int_equal(dmar_read(&host, &d), 0);
	assert_int_equal(d.table.len, MiB(16));
	assert_non_null(table_problem(&d.table, "length", 4));
	assert_int_equal(d.width, 39);
	dmar_free(&d);
}

/* The kernel numbers them, and uses the first. */
static void test_several(void **state)
{
	struct image m;
	struct dmar d;

	(void)state;
	image_empty(&m, "DMAR");
	put("DMAR1", &m);
	assert_int_equal(dmar_read(&host, &d), 0);
	assert_string_equal(d.table.path, "/" TABLES "/DMAR1");
	assert_null(table_problem(&d.table, "duplicate", 0));
	dmar_free(&d);
	put("DMAR2", &m);
	assert_int_equal(dmar_read(&host, &d), 0);
	assert_string_equal(d.table.path, "/" TABLES "/DMAR1");
	assert_non_null(table_problem(&d.table, "duplicate", 0));
	dmar_free(&d);
}

static void test_empty_file(void **state)
{
	struct image m = {0};
	struct viot o;

	(void)state;
	put("VIOT", &m);
	assert_int_equal(viot_read(&host, &o), 0);
	assert_string_equal(o.table.signature, "VIOT");
	assert_int_equal(o.table.nr_problems, 1);
	assert_non_null(table_problem(&o.table, "truncated", 0));
	viot_free(&o);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(dmar_type_name(DMAR_SIDP), "SIDP");
	assert_null(dmar_type_name(7));
	assert_string_equal(acpi_scope_type_name(3), "I/O APIC");
	assert_null(acpi_scope_type_name(0));
	assert_null(acpi_scope_type_name(6));
	assert_string_equal(ivrs_type_name(0x40), "IVHD 40h");
	assert_null(ivrs_type_name(5));
	assert_string_equal(iort_type_name(IORT_IWB), "IWB");
	assert_null(iort_type_name(8));
	assert_string_equal(viot_type_name(1), "PCI range");
	assert_null(viot_type_name(0));
	assert_null(viot_type_name(5));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_big, setup, teardown),
		cmocka_unit_test_setup_teardown(test_several, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_file, setup, teardown),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
