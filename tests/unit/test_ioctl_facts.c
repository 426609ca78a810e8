/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The facts of VFIO, iommufd and devlink as text: there and back, and everything that is not what was written refused. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/ioctl_facts.h"
#include "out/json_read.h"

static struct ioctl_device sample_device(void)
{
	struct ioctl_device d = {
		.id = "0000:00:04.0",
		.has_vfio = true,
		.page_sizes = 0x40201000,
		.nr_ranges = 2,
		.ranges = {{0, 0xfedfffff}, {0xfef00000, UINT64_MAX}},
		.has_migration = true,
		.dirty_page_sizes = 0x1000,
		.max_dirty_bitmap = 0x10000000,
		.has_dma_avail = true,
		.dma_avail = 65535,
		.nr_extensions = 2,
		.extensions = {{"VFIO_TYPE1v2_IOMMU", 3, 1, 1}, {"VFIO_DMA_CC_IOMMU", 4, 0, -1}},
		.hw_err = ENOTTY,
		.has_hw_info = true,
		.hw_type = 1,
		.hw_type_name = "intel-vtd",
		.capabilities = 1,
		.max_pasid_log2 = 20,
		.has_features = true,
		.dma_logging = true,
		.migration_flags = 3,
		.nr_regs = 1,
	};

	snprintf(d.hw_why, sizeof(d.hw_why), "a \"quoted\" reason");
	d.regs[0] = (struct reg_value){.reg = reg_find("vtd.cap"), .raw = 0xd2008c40660462};
	snprintf(d.regs[0].source, sizeof(d.regs[0].source), "IOMMU_GET_HW_INFO of 0000:00:04.0");
	return d;
}

/* The facts of one device and one port as text; free() it. */
static char *sample_text(void)
{
	struct ioctl_device device = sample_device();
	struct devlink_port port = {.bus = "pci",
				    .device = "0000:03:00.0",
				    .index = 65537,
				    .flavour = "pcivf",
				    .vf = 1,
				    .has_function = true,
				    .migratable_known = true,
				    .migratable = true};
	struct ioctl_facts facts = {.asked = true,
				    .has_iommufd = true,
				    .vfio_api = 0,
				    .nr_extensions = 1,
				    .extensions = {{"VFIO_UNMAP_ALL", 9, 1, -1}},
				    .devlink_asked = true,
				    .devlink_err = EOPNOTSUPP,
				    .nr_devices = 1,
				    .devices = &device,
				    .nr_ports = 1,
				    .ports = &port};
	char *text = ioctl_facts_text(&facts);

	assert_non_null(text);
	return text;
}

static void test_roundtrip(void **state)
{
	struct ioctl_device want = sample_device();
	const struct ioctl_device *d;
	struct ioctl_facts facts;
	struct fail f = {0};
	char *text = sample_text(), *again;

	assert_int_equal(ioctl_facts_parse(text, strlen(text), &facts, &f), 0);
	assert_true(facts.asked && facts.has_iommufd && facts.devlink_asked);
	assert_int_equal(facts.vfio_api, 0);
	assert_int_equal(facts.nr_extensions, 1);
	assert_int_equal(facts.extensions[0].nr, 9);
	assert_int_equal(facts.devlink_err, EOPNOTSUPP);
	d = ioctl_facts_device(&facts, "0000:00:04.0");
	assert_non_null(d);
	assert_null(ioctl_facts_device(&facts, "0000:00:05.0"));
	assert_memory_equal(d->ranges, want.ranges, sizeof(want.ranges));
	assert_int_equal(d->nr_extensions, 2);
	assert_string_equal(d->extensions[1].name, "VFIO_DMA_CC_IOMMU");
	assert_int_equal(d->extensions[1].before, 0);
	assert_int_equal(d->extensions[1].after, -1);
	assert_int_equal(d->nr_regs, 1);
	assert_ptr_equal(d->regs[0].reg, want.regs[0].reg);
	assert_int_equal(d->regs[0].raw, 0xd2008c40660462);
	assert_string_equal(d->hw_why, "a \"quoted\" reason");
	assert_int_equal(d->max_pasid_log2, 20);
	assert_true(d->has_features && d->dma_logging);
	assert_int_equal(d->migration_flags, 3);
	assert_int_equal(facts.ports[0].index, 65537);
	again = ioctl_facts_text(&facts);
	assert_string_equal(text, again);
	free(again);
	free(text);
	ioctl_facts_free(&facts);
	assert_int_equal(facts.nr_devices, 0);
}

/* Refused, with one message that names the file. */
static void refuse(const char *text, size_t len, const char *what)
{
	struct ioctl_facts facts;
	struct fail f = {0};
	int ret = ioctl_facts_parse(text, len, &facts, &f);

	if (ret != -EBADMSG)
		print_error("%s was answered %d: %.*s\n", what, ret, (int)len, text);
	assert_int_equal(ret, -EBADMSG);
	assert_non_null(strstr(f.text, "/iommuctl/ioctl.json"));
	assert_null(facts.devices);
	assert_null(facts.ports);
}

static void test_truncated(void **state)
{
	char *text = sample_text();
	size_t len = strlen(text);

	while (text[len - 1] != '}')
		len--;
	for (size_t cut = 0; cut < len; cut++)
		refuse(text, cut, "a text that was cut");
	free(text);
}

/* The value at @at ends here. */
static const char *value_end(const char *at)
{
	bool quoted = false;
	int depth = 0;

	for (; *at; at++) {
		if (*at == '"' && at[-1] != '\\')
			quoted = !quoted;
		if (quoted)
			continue;
		if (!depth && strchr(",}]", *at))
			break;
		depth += strchr("[{", *at) ? 1 : strchr("]}", *at) ? -1 : 0;
	}
	return at;
}

/* What a reader makes of a value: 'x' "0x...", 's' string, 'b', 'n' number, '-' negative or broken, '[', '{', '0' null. */
static char value_class(const char *at)
{
	if (strncmp(at, "\"0x", 3) == 0)
		return 'x';
	switch (*at) {
	case '"':
		return 's';
	case 't':
	case 'f':
		return 'b';
	case 'n':
		return '0';
	case '-':
		return '-';
	case '[':
	case '{':
		return *at;
	default:
		return 'n';
	}
}

/* @text with the bytes from @at to @end replaced by @by. */
static char *spliced(const char *text, const char *at, const char *end, const char *by)
{
	char *out = malloc(strlen(text) + strlen(by) + 1);

	assert_non_null(out);
	memcpy(out, text, (size_t)(at - text));
	strcpy(out + (at - text), by);
	strcat(out, end);
	return out;
}

static bool is_accepted(const char *text)
{
	struct ioctl_facts facts;
	struct fail f = {0};
	int ret = ioctl_facts_parse(text, strlen(text), &facts, &f);

	ioctl_facts_free(&facts);
	assert_true(ret == 0 || ret == -EBADMSG);
	return ret == 0;
}

static void test_wrong_types(void **state)
{
	static const char *const others[] = {
		"\"zz\"", "\"0x1\"",   "\"0xfffffffffffffffff\"", "true", "7", "-1", "1.5", "null", "[1]",
		"{}",	  "{\"id\":1}"};
	char *text = sample_text();
	unsigned int tried = 0;

	/* every key from the first that is ours */
	for (const char *at = strstr(text, "\"asked\""); (at = strstr(at, "\":")); at += 2) {
		const char *value = at + 2, *end = value_end(value);
		char class = value_class(value);

		for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
			bool same = value_class(others[i]) == class || (class == 's' && value_class(others[i]) == 'x');
			char *wrong = spliced(text, value, end, others[i]);

			/* no number of 64 bits; as a string it may or may not fit */
			if (strlen(others[i]) > 20 && class == 's') {
				free(wrong);
				continue;
			}
			if (!strcmp(others[i], "1.5") || !strcmp(others[i], "[1]") || strlen(others[i]) > 20)
				same = false;
			if (is_accepted(wrong) != same)
				print_error("%.30s as %s\n", value, others[i]);
			assert_int_equal(is_accepted(wrong), same);
			free(wrong);
			tried++;
		}
	}
	assert_true(tried > 400);
	free(text);
}

static void test_missing_keys(void **state)
{
	/* not known: the key is not there; and those that captures of earlier versions lack */
	static const char *const optional[] = {"vfio_api",     "before",      "after",
					       "has_features", "dma_logging", "migration_flags"};
	char *text = sample_text();

	for (const char *at = strstr(text, "\"asked\""); (at = strstr(at, "\":")); at += 2) {
		const char *key = at;
		bool may = false;
		char *wrong;

		while (*--key != '"')
			;
		for (size_t i = 0; i < ARRAY_SIZE(optional); i++)
			may = may || strncmp(key + 1, optional[i], strlen(optional[i])) == 0;
		/* and the list that the first captures did not have */
		may = may || (strncmp(key, "\"extensions", 11) == 0 && key < strstr(text, "\"devices"));
		wrong = spliced(text, key + 1, at, "elsewhere");
		assert_int_equal(is_accepted(wrong), may);
		free(wrong);
	}
	free(text);
}

static void test_bounds(void **state)
{
	char *text = sample_text(), *list = strstr(text, "\"ranges\":["), *many;
	size_t used;

	many = malloc(strlen(text) + 40 * 64);
	assert_non_null(many);
	used = (size_t)sprintf(many, "%.*s", (int)(list + strlen("\"ranges\":[") - text), text);
	for (unsigned int i = 0; i < 40; i++)
		used += (size_t)sprintf(many + used, "{\"start\":\"0x0\",\"last\":\"0x1\"},");
	strcpy(many + used, list + strlen("\"ranges\":["));
	refuse(many, strlen(many), "more ranges than there is room for");
	free(many);
	many = spliced(text, strstr(text, "\"0000:00:04.0\""), strstr(text, "\",\"vfio_err\""),
		       "\"0000:00:04.0-and-more-than-fits");
	refuse(many, strlen(many), "a string that is too long");
	free(many);
	many = spliced(text, strstr(text, "\"vtd.cap\""), strstr(text, ",\"value\""), "\"no.such\"");
	assert_true(is_accepted(many));
	free(many);
	free(text);
}

static void test_hostile(void **state)
{
	char deep[4096], *large = malloc(JSON_READ_MAX + 2);

	memset(deep, '[', sizeof(deep));
	refuse(deep, sizeof(deep), "nothing but brackets");
	deep[0] = '{';
	refuse(deep, sizeof(deep), "no key");
	refuse("", 0, "nothing");
	refuse("[]", 2, "a list");
	refuse("{} {}", 5, "two objects");
	refuse("{\"a\":\"\\u0000\"}", 14, "a zero byte in a string");
	refuse("{\0}", 3, "a zero byte");
	refuse("{'asked':true}", 14, "single quotes");
	assert_non_null(large);
	memset(large, ' ', JSON_READ_MAX + 2);
	refuse(large, JSON_READ_MAX + 2, "a text that is too large");
	memset(large, ',', JSON_READ_COMMAS + 2);
	refuse(large, JSON_READ_COMMAS + 2, "a text with too many members");
	free(large);
}

static void test_many_members(void **state)
{
	char text[JSON_READ_MEMBERS * 16 + 64];
	size_t used = (size_t)sprintf(text, "{\"k\":0");

	for (unsigned int i = 0; i < JSON_READ_MEMBERS; i++)
		used += (size_t)sprintf(text + used, ",\"k%u\":0", i);
	text[used++] = '}';
	refuse(text, used, "an object with too many members");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roundtrip),    cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_wrong_types),  cmocka_unit_test(test_missing_keys),
		cmocka_unit_test(test_bounds),	     cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_many_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
