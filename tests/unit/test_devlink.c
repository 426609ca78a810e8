/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of devlink, well formed and not; and the kernel that runs this, asked once. */
#include "unit.h"

#include "host/devlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LIBNL
struct message {
	uint8_t b[512];
	size_t len;
};

/* A netlink attribute: u16 length with this header, u16 type, the value, filled up to a multiple of 4. */
static void put(struct message *m, uint16_t type, const void *value, size_t len)
{
	uint16_t header[2] = {(uint16_t)(len + 4), type};

	assert_true(m->len + 4 + ((len + 3) & ~3UL) <= sizeof(m->b));
	memcpy(m->b + m->len, header, 4);
	memcpy(m->b + m->len + 4, value, len);
	m->len += 4 + ((len + 3) & ~3UL);
}

static void put_str(struct message *m, uint16_t type, const char *s)
{
	put(m, type, s, strlen(s) + 1);
}

static void put_u16(struct message *m, uint16_t type, uint16_t v)
{
	put(m, type, &v, sizeof(v));
}

static void put_u32(struct message *m, uint16_t type, uint32_t v)
{
	put(m, type, &v, sizeof(v));
}

/* The port of a virtual function as drivers/net/ethernet/mellanox/mlx5 shows it. */
static void put_vf(struct message *m, uint32_t caps, uint32_t known)
{
	struct message function = {0};
	uint32_t field[2] = {caps, known};

	put_str(m, 1, "pci");
	put_str(m, 2, "0000:08:00.0");
	put_u32(m, 3, 32769);
	put_u16(m, 77, 4);
	put_u16(m, 127, 1);
	put_u16(m, 128, 7);
	put(&function, 1, "\0\0\0\0\0\0", 6);
	put(&function, 2, "\1", 1);
	put(&function, 4, field, sizeof(field));
	put(m, 145 | 0x8000, function.b, function.len);
	/* newer than anything known here */
	put_u32(m, 700, 1);
}

static int parse(const struct message *m, size_t len, struct devlink_port *out)
{
	uint8_t *copy = malloc(len + !len);
	int ret;

	assert_non_null(copy);
	memcpy(copy, m->b, len);
	ret = devlink_port_parse(copy, len, out);
	free(copy);
	return ret;
}

static void test_vf(void **state)
{
	struct message m = {0};
	struct devlink_port p;

	put_vf(&m, 0x2, 0x3);
	assert_int_equal(parse(&m, m.len, &p), 0);
	assert_string_equal(p.bus, "pci");
	assert_string_equal(p.device, "0000:08:00.0");
	assert_int_equal(p.index, 32769);
	assert_string_equal(p.flavour, "pcivf");
	assert_int_equal(p.pf, 1);
	assert_int_equal(p.vf, 7);
	assert_true(p.has_function && p.migratable_known && p.migratable);
	assert_string_equal(p.state, "active");
	/* a value that is not marked as known says nothing */
	m.len = 0;
	put_vf(&m, 0x2, 0x1);
	assert_int_equal(parse(&m, m.len, &p), 0);
	assert_true(p.has_function && !p.migratable_known && !p.migratable);
	m.len = 0;
	put_vf(&m, 0x1, 0x3);
	assert_int_equal(parse(&m, m.len, &p), 0);
	assert_true(p.migratable_known && !p.migratable);
}

static void test_physical(void **state)
{
	struct message m = {0};
	struct devlink_port p;

	put_str(&m, 1, "netdevsim");
	put_str(&m, 2, "netdevsim1");
	put_u32(&m, 3, 0);
	put_u16(&m, 77, 0);
	assert_int_equal(parse(&m, m.len, &p), 0);
	assert_string_equal(p.device, "netdevsim1");
	assert_string_equal(p.flavour, "physical");
	assert_false(p.has_function);
	assert_string_equal(p.state, "");
	put_u32(&m, 164, 88);
	put_u16(&m, 77, 7);
	assert_int_equal(parse(&m, m.len, &p), 0);
	assert_string_equal(p.flavour, "pcisf");
	assert_int_equal(p.vf, 88);
	put_u16(&m, 77, 999);
	assert_int_equal(parse(&m, m.len, &p), 0);
	assert_string_equal(p.flavour, "flavour 999");
}

/* What names no port is none. */
static void test_refused(void **state)
{
	struct message m = {0};
	struct devlink_port p;

	assert_int_equal(parse(&m, 0, &p), -EBADMSG);
	put_str(&m, 1, "pci");
	put_u32(&m, 3, 1);
	assert_int_equal(parse(&m, m.len, &p), -EBADMSG);
	put_str(&m, 2, "");
	assert_int_equal(parse(&m, m.len, &p), -EBADMSG);
	put_str(&m, 2, "a name that is longer than any device's name may be");
	assert_int_equal(parse(&m, m.len, &p), -EBADMSG);
	put_str(&m, 2, "0000:08:00.0");
	assert_int_equal(parse(&m, m.len, &p), 0);
	/* a name that is not ended by a 0, and numbers too short for what they are */
	put(&m, 2, "0000:08:00.0", 12);
	assert_int_equal(parse(&m, m.len, &p), -EBADMSG);
	m.len -= 16;
	put(&m, 77, "\4", 1);
	assert_int_equal(parse(&m, m.len, &p), -EBADMSG);
	m.len -= 8;
	put(&m, 145, "\x0c\0\4\0\1\0\0\0", 8);
	assert_int_equal(parse(&m, m.len, &p), 0);
	assert_true(p.has_function && !p.migratable_known);
	m.len -= 12;
	put(&m, 145, "\x08\0\4\0\1\0\0\0", 8);
	assert_int_equal(parse(&m, m.len, &p), -EBADMSG);
}

/* Cut anywhere, and any byte changed: an answer or a refusal, within the bytes. */
static void test_hostile(void **state)
{
	struct message whole = {0}, m;
	struct devlink_port p;
	unsigned int refused = 0;

	put_vf(&whole, 2, 3);
	for (size_t len = 0; len < whole.len; len++)
		refused += parse(&whole, len, &p) != 0;
	assert_in_range(refused, 1, whole.len);
	for (size_t at = 0; at < whole.len; at++)
		for (unsigned int v = 0; v < 256; v++) {
			m = whole;
			m.b[at] = v;
			parse(&m, m.len, &p);
			assert_true(memchr(p.bus, 0, sizeof(p.bus)) && memchr(p.device, 0, sizeof(p.device)));
		}
}
#endif

/* Whatever kernel this is: a list, or one sentence on why there is none. */
static void test_ask(void **state)
{
	struct devlink_port *ports;
	struct fail f = {0};
	unsigned int count;
	int ret = devlink_ports(&ports, &count, &f);

	if (ret) {
		assert_true(ret < 0 && f.err == -ret && f.text[0]);
		assert_int_equal(count, 0);
		assert_null(ports);
	}
	for (unsigned int i = 0; i < count; i++)
		assert_true(ports[i].bus[0] && ports[i].device[0]);
	free(ports);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef HAVE_LIBNL
		cmocka_unit_test(test_vf),	cmocka_unit_test(test_physical),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_hostile),
#endif
		cmocka_unit_test(test_ask),
	};

	return cmocka_run_group_tests_name("devlink", tests, NULL, NULL);
}
