/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Config space: whole ones, every kind of broken chain, every length, and files that libpci reads below a root. */
#include "unit.h"

#include "host/pci_config.h"
#include "host/record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"

struct space {
	uint8_t b[4096];
};

static void space_put(struct space *s, unsigned int at, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		s->b[at + i] = value >> (8 * i);
}

/* A standard capability, and an extended one. */
static void space_cap(struct space *s, unsigned int at, uint8_t id, uint8_t next)
{
	space_put(s, at, 2, (uint64_t)next << 8 | id);
}

static void space_ext(struct space *s, unsigned int at, uint16_t id, uint8_t version, uint16_t next)
{
	space_put(s, at, 4, (uint64_t)next << 20 | (uint64_t)version << 16 | id);
}

/* An endpoint with everything that an IOMMU cares for. */
static void space_endpoint(struct space *s)
{
	memset(s, 0, sizeof(*s));
	space_put(s, 0, 4, 0x100e8086);
	space_put(s, 0x04, 2, 0x0506);
	space_put(s, 0x06, 2, 0x0010);
	space_put(s, 0x0e, 1, 0x80);
	space_put(s, 0x34, 1, 0x40);
	space_cap(s, 0x40, 0x01, 0x50);
	space_cap(s, 0x50, 0x05, 0xa0);
	space_cap(s, 0xa0, 0x10, 0x00);
	space_put(s, 0xa2, 2, 0x0002);
	space_put(s, 0xa4, 4, 0x10008fc2);
	space_put(s, 0xa8, 2, 0x2910);
	space_ext(s, 0x100, 0x01, 2, 0x148);
	space_ext(s, 0x148, 0x0f, 1, 0x160);
	space_put(s, 0x14c, 4, 0x80000020);
	space_ext(s, 0x160, 0x13, 1, 0x170);
	space_put(s, 0x164, 4, 0x01000001);
	space_ext(s, 0x170, 0x1b, 1, 0x180);
	space_put(s, 0x174, 4, 0x00011406);
	space_ext(s, 0x180, 0x0d, 1, 0x190);
	space_put(s, 0x184, 4, 0x001d005f);
	space_ext(s, 0x190, 0x10, 1, 0x000);
	space_put(s, 0x194, 4, 0x00000002);
	space_put(s, 0x198, 2, 0x0019);
	space_put(s, 0x19a, 2, 0x0001);
}

static void parse(const struct space *s, size_t len, struct pci_config *out)
{
	/* of exactly this size, so that a sanitizer sees one byte too many */
	uint8_t *copy = malloc(len + !len);

	assert_non_null(copy);
	memcpy(copy, s->b, len);
	pci_config_parse((struct bytes){copy, len}, "test", out);
	free(copy);
}

static void assert_reg(const struct pci_config *c, const char *name, uint64_t raw, const char *source)
{
	const struct reg_value *v = reg_value_find(c->regs, c->nr_regs, name);

	assert_non_null(v);
	assert_true(v->raw == raw);
	assert_string_equal(v->source, source);
}

static void test_endpoint(void **state)
{
	struct pci_config c;
	struct space s;

	space_endpoint(&s);
	parse(&s, sizeof(s.b), &c);
	assert_int_equal(c.len, 4096);
	assert_int_equal(c.err, 0);
	assert_string_equal(c.broken, "");
	assert_int_equal(c.command, 0x506);
	assert_int_equal(c.header_type, 0x80);
	assert_int_equal(c.nr_caps, 9);
	assert_true(c.has_pcie);
	assert_int_equal(c.pcie_type, PCIE_ENDPOINT);
	assert_int_equal(c.devcap, 0x10008fc2);
	assert_int_equal(c.devctl, 0x2910);
	assert_int_equal(c.nr_regs, 5);
	assert_reg(&c, "pcie.ats", 0x80000020, "test at 0x14c");
	assert_reg(&c, "pcie.pri", 0x01000001, "test at 0x164");
	assert_reg(&c, "pcie.pasid", 0x00011406, "test at 0x174");
	assert_reg(&c, "pcie.acs", 0x001d005f, "test at 0x184");
	assert_reg(&c, "pcie.sriov", 0x0001001900000002, "test at 0x194");
	assert_null(reg_value_find(c.regs, c.nr_regs, "amd.cap"));
	assert_int_equal(pci_config_cap(&c, false, 0x05)->at, 0x50);
	assert_int_equal(pci_config_cap(&c, true, 0x01)->version, 2);
	/* the same number is another thing in the other chain */
	assert_null(pci_config_cap(&c, true, 0x05));
	assert_null(pci_config_cap(&c, false, 0x0f));
}

static void test_bridge(void **state)
{
	struct pci_config c;
	struct space s = {0};

	space_put(&s, 0x06, 2, 0x10);
	space_put(&s, 0x0e, 1, 0x01);
	space_put(&s, 0x19, 1, 3);
	space_put(&s, 0x1a, 1, 7);
	space_put(&s, 0x34, 1, 0x40);
	space_cap(&s, 0x40, 0x10, 0);
	space_put(&s, 0x42, 2, 0x0172);
	parse(&s, 256, &c);
	assert_string_equal(c.broken, "");
	assert_int_equal(c.secondary, 3);
	assert_int_equal(c.subordinate, 7);
	assert_int_equal(c.pcie_type, PCIE_TO_PCI);
	/* CardBus has its first pointer elsewhere */
	space_put(&s, 0x0e, 1, 0x02);
	space_put(&s, 0x34, 1, 0x00);
	space_put(&s, 0x14, 1, 0x40);
	parse(&s, 256, &c);
	assert_true(c.has_pcie);
	assert_int_equal(c.subordinate, 7);
	space_put(&s, 0x0e, 1, 0x03);
	parse(&s, 256, &c);
	assert_false(c.has_pcie);
	assert_string_equal(c.broken, "header type 0x03 is not known");
}

static void test_amd_iommu(void **state)
{
	struct pci_config c;
	struct space s = {0};

	space_put(&s, 0x06, 2, 0x10);
	space_put(&s, 0x34, 1, 0x40);
	space_put(&s, 0x40, 4, 0x190b000f);
	parse(&s, 64, &c);
	assert_int_equal(c.nr_regs, 0);
	parse(&s, 256, &c);
	assert_reg(&c, "amd.cap", 0x190b000f, "test at 0x40");
	/* other secure devices are no IOMMU */
	space_put(&s, 0x40, 4, 0x190a000f);
	parse(&s, 256, &c);
	assert_int_equal(c.nr_caps, 1);
	assert_int_equal(c.nr_regs, 0);
}

/* Without the bit in STATUS the pointer means nothing. */
static void test_no_list(void **state)
{
	struct pci_config c;
	struct space s;

	space_endpoint(&s);
	space_put(&s, 0x06, 2, 0);
	parse(&s, 256, &c);
	assert_int_equal(c.nr_caps, 0);
	assert_string_equal(c.broken, "");
}

static const struct broken {
	const char *name;
	unsigned int at, width;
	uint32_t value;
	unsigned int caps, regs;
	const char *broken;
} broken[] = {
	{"into the header", 0x34, 1, 0x3c, 6, 5, "the pointer at 0x34 leads to 0x3c, into the header"},
	{"to itself", 0x41, 1, 0x40, 7, 5, "the pointer at 0x41 leads back to 0x40: a loop"},
	{"back", 0xa1, 1, 0x50, 9, 5, "the pointer at 0xa1 leads back to 0x50: a loop"},
	{"not aligned", 0x41, 1, 0x51, 9, 5, ""},
	{"to ones", 0x50, 2, 0xffff, 7, 5, "the capability at 0x50 reads as ones"},
	{"cut by the end", 0x51, 1, 0xfc, 9, 5, "the capability at 0xfc does not fit before 0x100"},
	{"extended, into the standard part", 0x148, 4, 0x0fc1000f, 5, 1,
	 "the pointer at 0x148 leads to 0xfc, into the header"},
	{"extended, to itself", 0x148, 4, 0x1481000f, 5, 1, "the pointer at 0x148 leads back to 0x148: a loop"},
	{"extended, back to the first", 0x160, 4, 0x10010013, 6, 2, "the pointer at 0x160 leads back to 0x100: a loop"},
	{"extended, not aligned", 0x148, 4, 0x1611000f, 9, 5, ""},
	{"extended, ones", 0x148, 4, 0xffffffff, 4, 0, "the extended capability at 0x148 reads as ones"},
	{"extended, cut by the end", 0x148, 4, 0xffc1000b, 6, 0, "the capability at 0xffc does not fit before 0x1000"},
	{"extended, none", 0x100, 4, 0, 3, 0, ""},
	{"extended, a null capability", 0x100, 4, 0x14800000, 9, 5, ""},
};

static void test_broken(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		const struct broken *t = &broken[i];
		struct pci_config c;
		struct space s;

		space_endpoint(&s);
		space_cap(&s, 0xfc, 0x10, 0x00);
		space_ext(&s, 0xffc, 0x0f, 1, 0x000);
		space_put(&s, t->at, t->width, t->value);
		parse(&s, sizeof(s.b), &c);
		print_message("# %s\n", t->name);
		assert_string_equal(c.broken, t->broken);
		assert_int_equal(c.nr_caps, t->caps);
		assert_int_equal(c.nr_regs, t->regs);
	}
}

/* More capabilities than there is room for; the chain itself is sound. */
static void test_too_many(void **state)
{
	struct pci_config c;
	struct space s;

	space_endpoint(&s);
	for (unsigned int at = 0x100; at < 0xffc; at += 4)
		space_ext(&s, at, 0x0b, 1, at + 4);
	parse(&s, sizeof(s.b), &c);
	assert_int_equal(c.nr_caps, PCI_CAPS_MAX);
	assert_string_equal(c.broken, "more than 64 capabilities");
}

/* The first of several capabilities of a kind is the one that counts; a register is never given twice. */
static void test_twice(void **state)
{
	struct pci_config c;
	struct space s;

	space_endpoint(&s);
	space_ext(&s, 0x160, 0x0f, 1, 0x170);
	parse(&s, sizeof(s.b), &c);
	assert_reg(&c, "pcie.ats", 0x80000020, "test at 0x14c");
	assert_int_equal(c.nr_regs, 4);
}

static void test_gone(void **state)
{
	struct pci_config c;
	struct space s;

	memset(&s, 0xff, sizeof(s));
	parse(&s, sizeof(s.b), &c);
	assert_string_equal(c.broken, "the device does not answer: its header reads as ones");
	assert_int_equal(c.nr_caps, 0);
	/* a virtual function has no ids of its own and is there all the same */
	space_endpoint(&s);
	space_put(&s, 0, 4, 0xffffffff);
	parse(&s, sizeof(s.b), &c);
	assert_string_equal(c.broken, "");
	assert_int_equal(c.nr_caps, 9);
}

/* Every length: nothing is read behind it, nothing is said of what was not read. */
static void test_lengths(void **state)
{
	struct pci_config c, whole;
	unsigned int caps = 0;
	struct space s;

	space_endpoint(&s);
	parse(&s, sizeof(s.b), &whole);
	for (size_t len = 0; len <= sizeof(s.b); len++) {
		parse(&s, len, &c);
		assert_int_equal(c.len, len);
		if (len < 64) {
			assert_int_equal(c.nr_caps, 0);
			assert_true(c.broken[0]);
			continue;
		}
		assert_string_equal(c.broken, "");
		assert_int_equal(c.command, 0x506);
		assert_in_range(c.nr_caps, caps, whole.nr_caps);
		caps = c.nr_caps;
		for (unsigned int i = 0; i < c.nr_regs; i++)
			assert_true(reg_value_find(whole.regs, whole.nr_regs, c.regs[i].reg->name)->raw ==
				    c.regs[i].raw);
		if (len == 64 || len == 256)
			assert_int_equal(c.nr_caps, len == 64 ? 0 : 3);
	}
	assert_int_equal(caps, whole.nr_caps);
}

/* Any bytes at all: it ends, and what it says fits what there is. */
static void test_noise(void **state)
{
	uint64_t x = 0x9e3779b97f4a7c15;
	struct pci_config c;
	struct space s;

	for (unsigned int round = 0; round < 2000; round++) {
		for (size_t i = 0; i < sizeof(s.b); i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			/* dense chains: most pointers lead somewhere */
			s.b[i] = round & 1 ? (x & 0xfc) : x;
		}
		parse(&s, round % 3 ? sizeof(s.b) : x % 4097, &c);
		assert_in_range(c.nr_caps, 0, PCI_CAPS_MAX);
		assert_in_range(c.nr_regs, 0, ARRAY_SIZE(c.regs));
		assert_true(strlen(c.broken) < sizeof(c.broken));
		for (unsigned int i = 0; i < c.nr_caps; i++)
			assert_true(c.caps[i].at >= 0x40 && c.caps[i].at + 2U <= c.len);
	}
}

static void test_names(void **state)
{
	assert_string_equal(pci_cap_name(true, 0x0d), "Access Control Services");
	assert_string_equal(pci_cap_name(false, 0x0d), "Subsystem ID of a bridge");
	assert_string_equal(pci_cap_name(false, 0x10), "PCI Express");
	assert_null(pci_cap_name(false, 0x15));
	assert_null(pci_cap_name(false, 0xffff));
	assert_null(pci_cap_name(true, 0x32));
	assert_null(pci_cap_name(true, 0x1c));
}

#ifdef HAVE_LIBPCI
static void put_config(struct machine *m, const char *addr, size_t len)
{
	char path[512];
	struct space s;
	FILE *to;

	space_endpoint(&s);
	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/config", m->dir, addr);
	to = fopen(path, "w");
	assert_non_null(to);
	assert_int_equal(fwrite(s.b, 1, len, to), len);
	assert_int_equal(fclose(to), 0);
}

/* A capture's files: a whole one, what a plain user sees, one cut at a strange place, none, and a device that is not there. */
static void test_read(void **state)
{
	static const struct {
		size_t file;
		unsigned int len;
		int err;
	} cases[] = {{4096, 4096, 0}, {256, 256, 0}, {64, 64, 0}, {300, 256, 0},
		     {100, 64, 0},    {63, 0, -EIO}, {0, 0, -EIO}};
	struct pci_configs *configs;
	struct pci_config c;
	struct machine m;

	machine_build(&m, "intel", false);
	assert_int_equal(pci_configs_open(&m.host, &configs), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put_config(&m, "0000:04:00.0", cases[i].file);
		pci_config_read(configs, "0000:04:00.0", &c);
		assert_int_equal(c.len, cases[i].len);
		assert_int_equal(c.err, cases[i].err);
		assert_string_equal(c.broken, "");
	}
	put_config(&m, "0000:04:00.0", 4096);
	pci_config_read(configs, "0000:04:00.0", &c);
	assert_reg(&c, "pcie.acs", 0x001d005f, "/sys/bus/pci/devices/0000:04:00.0/config at 0x184");
	pci_config_read(configs, "0000:05:00.0", &c);
	assert_int_equal(c.len, 0);
	assert_int_equal(c.err, -ENOENT);
	pci_config_read(configs, "10000:e1:00.0", &c);
	assert_int_equal(c.err, -ENOENT);
	pci_config_read(configs, "nonsense", &c);
	assert_int_equal(c.err, -EINVAL);
	/* what failed leaves the next one alone */
	pci_config_read(configs, "0000:04:00.0", &c);
	assert_int_equal(c.len, 4096);
	pci_configs_close(configs);
	machine_remove(&m);
}
/* A capture in the making is told of both, and a capture refuses what its machine refused. */
static void test_recorded(void **state)
{
	const struct record_entry *entry;
	struct pci_configs *configs;
	struct pci_config c;
	struct machine m;

	machine_build(&m, "intel", false);
	put_config(&m, "0000:04:00.0", 256);
	m.host.record = record_new();
	assert_int_equal(pci_configs_open(&m.host, &configs), 0);
	pci_config_read(configs, "0000:04:00.0", &c);
	/* as with other files, where it is and not by which link it was reached */
	entry = record_find(m.host.record, "/sys/devices/pci0000:00/0000:04:00.0/config");
	assert_non_null(entry);
	assert_int_equal(entry->size, 256);
	assert_int_equal((uint8_t)entry->data[0], 0x86);
	pci_configs_close(configs);
	record_free(m.host.record);
	m.host.record = NULL;

	machine_put(&m, "/iommuctl/unreadable", "/sys/bus/pci/devices/0000:05:00.0/config EACCES\n");
	assert_int_equal(host_init(&m.host, m.dir, NULL), 0);
	assert_int_equal(pci_configs_open(&m.host, &configs), 0);
	pci_config_read(configs, "0000:05:00.0", &c);
	assert_int_equal(c.err, -EACCES);
	pci_config_read(configs, "0000:06:00.0", &c);
	assert_int_equal(c.err, -ENOENT);
	pci_configs_close(configs);
	host_close(&m.host);
	machine_remove(&m);
}
#else
static void test_recorded(void **state)
{
	struct pci_config c;

	pci_config_read(NULL, "0000:04:00.0", &c);
	assert_int_equal(c.len, 0);
	assert_int_equal(c.err, -EOPNOTSUPP);
}

static void test_read(void **state)
{
	struct pci_configs *configs;
	struct pci_config c;
	struct host host = {0};

	assert_int_equal(pci_configs_open(&host, &configs), -EOPNOTSUPP);
	pci_config_read(configs, "0000:04:00.0", &c);
	assert_int_equal(c.err, -EOPNOTSUPP);
	pci_configs_close(configs);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoint), cmocka_unit_test(test_bridge), cmocka_unit_test(test_amd_iommu),
		cmocka_unit_test(test_no_list),	 cmocka_unit_test(test_broken), cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_twice),	 cmocka_unit_test(test_gone),	cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_noise),	 cmocka_unit_test(test_names),	cmocka_unit_test(test_read),
		cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests_name("pci_config", tests, NULL, machine_forget);
}
