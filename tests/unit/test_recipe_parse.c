/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dev/recipe_parse: what a text becomes, and each limit on both of its sides. The mistakes by name are in tests/data/recipes. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "dev/recipe.h"

#define HEADER                                                                                           \
	"iommuctl-recipe 1\nname x\ndevice 1234:11e8\nbar 2 4K\nmemory ring\nmemory other\nvariable a\n" \
	"variable b\ndirections copy\nmax-length 1M\n"
#define REST "copy\nwrite32 0 1\nend\nstop\nend\n"

/* A repeat is a step, its end one in each turn: 1 + 999 * (1 + 499 * 2 + 1), and 1 + 499 * 2 */
#define MILLION "repeat 999\nrepeat 499\nset a 1\nend\nend\nrepeat 499\nset a 1\nend\n"

static struct recipe_error told;

static struct recipe *parse(const char *text)
{
	return recipe_parse(text, strlen(text), &told);
}

/* HEADER, @more of it, and @steps in init. */
static struct recipe *with(const char *more, const char *steps)
{
	CLEANUP_FREE char *text = NULL;

	assert_true(asprintf(&text, HEADER "%sinit\n%send\n" REST, more, steps) > 0);
	return parse(text);
}

static struct recipe *good(const char *more, const char *steps)
{
	struct recipe *r = with(more, steps);

	if (!r)
		fail_msg("line %u, column %u: %s", told.line, told.column, told.text);
	return r;
}

static void bad(const char *more, const char *steps, const char *text)
{
	assert_null(with(more, steps));
	assert_non_null(strstr(told.text, text));
	assert_true(told.line > 0 && told.column > 0);
}

static const struct recipe_step *step(const struct recipe *r, unsigned int i)
{
	assert_true(i < r->sections[RECIPE_INIT].n);
	return &r->sections[RECIPE_INIT].steps[i];
}

static uint64_t eval(const struct recipe_expr *e, const uint64_t *vars)
{
	uint64_t stack[RECIPE_EXPR_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < e->n; i++) {
		enum recipe_op op = e->ops[i].op;

		if (op == RECIPE_OP_CONST || op == RECIPE_OP_VAR) {
			stack[n++] = op == RECIPE_OP_CONST ? e->ops[i].value : vars[e->ops[i].value];
			continue;
		}
		n -= op == RECIPE_OP_NOT ? 0 : 1;
		assert_true(n > 0);
		assert_true(recipe_op_apply(op, stack[n - 1], op == RECIPE_OP_NOT ? 0 : stack[n], &stack[n - 1]));
	}
	assert_int_equal(n, 1);
	return stack[0];
}

/* The text as a constant and, with a and b in the place of 5 and 3, as something that is only known when it runs. */
static void is_value(const char *text, uint64_t value)
{
	uint64_t vars[RECIPE_VARS_MAX] = {[RECIPE_BUILTINS] = 5, [RECIPE_BUILTINS + 1] = 3};
	CLEANUP_FREE char *constant = NULL, *steps = NULL;
	struct recipe *r;

	assert_true(asprintf(&constant, "%s", text) > 0);
	for (char *c = constant; *c; c++)
		*c = *c == 'a' ? '5' : *c == 'b' ? '3' : *c;
	assert_true(asprintf(&steps, "set a %s\nset b %s\n", constant, text) > 0);
	r = good("", steps);
	assert_int_equal(step(r, 0)->value.n, 1);
	assert_int_equal(step(r, 0)->value.ops[0].op, RECIPE_OP_CONST);
	assert_true(step(r, 0)->value.ops[0].value == value);
	assert_true(eval(&step(r, 1)->value, vars) == value);
	recipe_free(r);
}

/* What C makes of the same. */
static void test_expressions(void **state)
{
	const uint64_t a = 5, b = 3;

	is_value("a", a);
	is_value("a+b*2", a + b * 2);
	is_value("(a+b)*2", (a + b) * 2);
	is_value("a-b-1", a - b - 1);
	is_value("a - (b - 1)", a - (b - 1));
	is_value("b - a", b - a);
	is_value("a % b * 2", a % b * 2);
	is_value("a * b % 4", a * b % 4);
	is_value("1 << a + b", 1 << (a + b));
	is_value("1 << a >> b", 1 << a >> b);
	is_value("a & b << 1", a & b << 1);
	is_value("a | b ^ a & 6", a | (b ^ (a & 6)));
	is_value("a ^ b | 8", (a ^ b) | 8);
	is_value("~a", ~a);
	is_value("~~a + 1", a + 1);
	is_value("~(a | b) & 0xff", ~(a | b) & 0xff);
	is_value("1 << 63 << a", 0);
	is_value("1 << 64", 0);
	is_value("1 >> a * 100", 0);
	is_value("~0 * a", ~UINT64_C(0) * a);
	is_value("a\t+\tb", a + b);
	is_value("4K", 4096);
	is_value("0xffffffffffffffff", UINT64_MAX);
	is_value("18446744073709551615", UINT64_MAX);
}

static void test_header(void **state)
{
	struct recipe *r = good("title \"an # engine\" # that is all\ndevice ABCD:ef01\nmin-length 8\nalignment 4\n"
				"address-alignment 64\naddress-bits 32\n",
				"");

	assert_string_equal(r->name, "x");
	assert_string_equal(r->title, "an # engine");
	assert_int_equal(r->nr_ids, 2);
	assert_int_equal(r->ids[0].vendor, 0x1234);
	assert_int_equal(r->ids[0].device, 0x11e8);
	assert_int_equal(r->ids[1].vendor, 0xabcd);
	assert_int_equal(r->ids[1].device, 0xef01);
	assert_int_equal(r->bar, 2);
	assert_int_equal(r->bar_size, 4096);
	assert_int_equal(r->nr_memories, 2);
	assert_string_equal(r->memory_names[1], "other");
	assert_int_equal(r->nr_vars, RECIPE_BUILTINS + 2);
	assert_string_equal(r->var_names[RECIPE_VAR_LEN], "len");
	assert_string_equal(r->var_names[RECIPE_VAR_MEMORY + 1], "other");
	assert_string_equal(r->var_names[RECIPE_BUILTINS + 1], "b");
	assert_int_equal(r->limits.dirs, DEV_COPY);
	assert_int_equal(r->limits.min_len, 8);
	assert_int_equal(r->limits.max_len, 1 << 20);
	assert_int_equal(r->limits.align, 4);
	assert_int_equal(r->limits.addr_align, 64);
	assert_int_equal(r->limits.max_iova, UINT32_MAX);
	assert_int_equal(r->limits.depth, 1);
	assert_int_equal(r->limits.queues, 1);
	assert_int_equal(r->limits.buffer, 0);
	assert_false(r->limits.fixed);
	assert_false(r->limits.reports_faults);
	recipe_free(r);
}

static void test_defaults(void **state)
{
	struct recipe *r = good("alignment 16\n", "");

	assert_string_equal(r->title, "");
	assert_int_equal(r->limits.min_len, 16);
	assert_int_equal(r->limits.addr_align, 0);
	assert_true(r->limits.max_iova == UINT64_MAX);
	assert_true(r->sections[RECIPE_INIT].present);
	assert_true(r->sections[RECIPE_STOP].present);
	assert_false(r->sections[RECIPE_WAIT].present);
	assert_false(r->sections[RECIPE_READ].present);
	assert_int_equal(r->sections[RECIPE_INIT].line, 12);
	recipe_free(r);
}

static void test_verbs(void **state)
{
	struct recipe *r = good("", "write8 0x3 0x80\n"
				    "doorbell 0x10 a\n"
				    "read16 0x12 b\n"
				    "poll64 0x18 ~0 a 250ms\n"
				    "check32 0x20 0xf0 0x10\n"
				    "store64 other a * 8 ring + 4096\n"
				    "load8 ring 4095 a\n"
				    "pollmem32 other 0 1 1\n"
				    "checkmem16 ring 2 0xffff b\n"
				    "delay 7us\n"
				    "set a ~1\n"
				    "write16 0 ~1\n");
	const struct recipe_step *s = step(r, 0);

	assert_int_equal(r->sections[RECIPE_INIT].n, 12);
	assert_int_equal(r->sections[RECIPE_INIT].run, 12);
	assert_true(r->sections[RECIPE_INIT].ns == 250007000);
	assert_true(s->verb == RECIPE_WRITE_REG && s->width == 8 && s->at == 3 && s->line == 12);
	assert_true(s->value.ops[0].value == 0x80);
	assert_true(s[1].verb == RECIPE_WRITE_REG && s[1].width == 32 && s[1].at == 0x10 && s[1].line == 13);
	assert_true(s[1].value.ops[0].op == RECIPE_OP_VAR && s[1].value.ops[0].value == RECIPE_BUILTINS);
	assert_true(s[2].verb == RECIPE_READ_REG && s[2].width == 16 && s[2].var == RECIPE_BUILTINS + 1);
	assert_true(s[3].verb == RECIPE_POLL && s[3].width == 64 && s[3].ns == 250000000);
	assert_true(s[3].mask.ops[0].value == UINT64_MAX);
	assert_true(s[4].verb == RECIPE_CHECK && s[4].mask.ops[0].value == 0xf0 && s[4].value.ops[0].value == 0x10);
	assert_true(s[5].verb == RECIPE_STORE && s[5].memory == 1 && s[5].offset.n == 3 && s[5].value.n == 3);
	assert_true(s[5].value.ops[0].value == RECIPE_VAR_MEMORY);
	assert_true(s[6].verb == RECIPE_LOAD && s[6].memory == 0 && s[6].offset.ops[0].value == 4095);
	assert_true(s[7].verb == RECIPE_POLL_MEM && s[7].memory == 1 && s[7].ns == 0);
	assert_true(s[8].verb == RECIPE_CHECK_MEM && s[8].width == 16);
	assert_true(s[9].verb == RECIPE_DELAY && s[9].ns == 7000);
	/* a variable has 64 bits, a register of 16 takes as many of them */
	assert_true(s[10].verb == RECIPE_SET && s[10].value.ops[0].value == UINT64_MAX - 1);
	assert_true(s[11].value.ops[0].value == 0xfffe);
	recipe_free(r);
}

static void test_faults(void **state)
{
	struct recipe *r = parse(HEADER "reports-faults\ninit\nend\ncopy\nwrite8 0 len\nfault-if8 4 1 1\n"
					"fault-ifmem64 ring 8 1 1\nend\nstop\nend\n");

	assert_non_null(r);
	assert_true(r->limits.reports_faults);
	assert_int_equal(r->sections[RECIPE_COPY].steps[1].verb, RECIPE_FAULT_IF);
	assert_int_equal(r->sections[RECIPE_COPY].steps[2].verb, RECIPE_FAULT_IF_MEM);
	recipe_free(r);
}

static void test_loops(void **state)
{
	struct recipe *r = good("", "delay 1ms\nrepeat 3\nset a 1\nrepeat 5\ndelay 1ms\nend\nset a 2\nend\n");
	const struct recipe_step *s = step(r, 0);

	assert_int_equal(r->sections[RECIPE_INIT].n, 8);
	assert_true(s[1].verb == RECIPE_REPEAT && s[1].turns == 3 && s[1].target == 7);
	assert_true(s[3].verb == RECIPE_REPEAT && s[3].turns == 5 && s[3].target == 5);
	assert_true(s[5].verb == RECIPE_END && s[5].target == 3);
	assert_true(s[7].verb == RECIPE_END && s[7].target == 1);
	/* delay, repeat, and three times: set, repeat, five times delay and end, set, end */
	assert_int_equal(r->sections[RECIPE_INIT].run, 2 + 3 * (2 + 5 * 2 + 2));
	assert_true(r->sections[RECIPE_INIT].ns == 16000000);
	recipe_free(r);
}

/* @n times @line, with the line's number where it wants one. */
static char *lines(unsigned int n, const char *line)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	for (unsigned int i = 0; i < n; i++)
		/* NOLINTNEXTLINE: the formats are this file's */
		fprintf(to, line, i);
	assert_int_equal(fclose(to), 0);
	return text;
}

static void test_counts(void **state)
{
	static const struct {
		unsigned int most;
		bool header;
		const char *line, *text;
	} counts[] = {
		{RECIPE_IDS_MAX - 1, true, "device 8086:%04x\n", "more than 16 devices"},
		{RECIPE_MEMORIES_MAX - 2, true, "memory m%u\n", "more than 8 memories"},
		{RECIPE_VARS_MAX - RECIPE_BUILTINS - 2, true, "variable v%u\n", "more than 53 variables"},
		{RECIPE_STEPS_MAX, false, "set a 1\n", "more than 1024 steps"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		for (unsigned int more = 0; more < 2; more++) {
			CLEANUP_FREE char *text = lines(counts[i].most + more, counts[i].line);

			if (more)
				bad(counts[i].header ? text : "", counts[i].header ? "" : text, counts[i].text);
			else
				recipe_free(good(counts[i].header ? text : "", counts[i].header ? "" : text));
		}
}

static void test_edges(void **state)
{
	static const struct {
		bool header;
		const char *good, *bad, *text;
	} edges[] = {
		{false, "write32 0xffc 1\n", "write32 0x1000 1\n", "not inside the BAR"},
		{false, "write8 0xfff 1\n", "write16 0xfff 1\n", "not inside the BAR"},
		{false, "write64 0xff8 1\n", "write64 0xffc 1\n", "not inside the BAR"},
		{false, "write8 1 1\n", "write16 1 1\n", "not aligned"},
		{false, "write64 8 1\n", "write64 4 1\n", "not aligned"},
		{false, "store8 ring 4095 1\n", "store8 ring 4096 1\n", "not inside the memory"},
		{false, "store64 ring 4088 1\n", "store64 ring 4092 1\n", "not inside the memory"},
		{false, "load32 ring 4 a\n", "load32 ring 2 a\n", "not aligned"},
		{false, "write8 0 255\n", "write8 0 256\n", "does not fit in 8 bits"},
		{false, "write8 0 ~255\n", "write8 0 ~256\n", "does not fit in 8 bits"},
		{false, "write64 0 ~0\n", "write64 0 0x1ffffffffffffffff\n", "does not fit in 64 bits"},
		{false, "delay 60s\n", "delay 60001ms\n", "1us to 60s"},
		{false, "delay 1us\n", "delay 0us\n", "1us to 60s"},
		{false, "delay 1m\n", "delay 18446744073709552us\n", "1us to 60s"},
		{false, "repeat 65536\nset a 1\nend\n", "repeat 65537\nset a 1\nend\n", "1 to 65536 turns"},
		{false, "repeat 1\nset a 1\nend\n", "repeat 0\nset a 1\nend\n", "1 to 65536 turns"},
		{false, MILLION, MILLION "set a 1\n", "1000001 steps"},
		{false, MILLION, "repeat 1000\nrepeat 499\nset a 1\nend\nend\n", "1000001 steps"},
		{false, "repeat 5\ndelay 60s\nend\n", "repeat 5\ndelay 60s\nend\ndelay 1us\n", "no more than 300"},
		{true, "alignment 4K\n", "alignment 8K\n", "alignment is 1 to 4096"},
		{true, "address-alignment 2\n", "address-alignment 6\n", "power of two"},
		{true, "address-bits 20\n", "address-bits 19\n", "more than address-bits reach"},
		{true, "address-bits 64\n", "address-bits 65\n", "12 to 64"},
		{true, "min-length 1M\n", "min-length 1025K\n", "above max-length"},
		{true, "min-length 1\n", "min-length 0\n", "is 1 to"},
		{true, "variable abcdefghijklmnopqrstuvwxyz_1234\n", "variable abcdefghijklmnopqrstuvwxyz_12345\n",
		 "more than 31 characters"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		recipe_free(good(edges[i].header ? edges[i].good : "", edges[i].header ? "" : edges[i].good));
		bad(edges[i].header ? edges[i].bad : "", edges[i].header ? "" : edges[i].bad, edges[i].text);
	}
}

static void test_expression_edges(void **state)
{
	CLEANUP_FREE char *sum = lines(15, "a + "), *open = lines(16, "("), *close = lines(16, ")");
	CLEANUP_FREE char *many = NULL, *deep = NULL, *more = NULL, *deeper = NULL, *constants = NULL, *ones = NULL;
	struct recipe *r;

	/* 16 variables and 15 sums, one of them inverted: 32 */
	assert_true(asprintf(&many, "set a %s~a\n", sum) > 0);
	assert_true(asprintf(&more, "set a %s~~a\n", sum) > 0);
	assert_true(asprintf(&deep, "set a %sa%s\n", open, close) > 0);
	assert_true(asprintf(&deeper, "set a (%sa%s)\n", open, close) > 0);
	r = good("", many);
	assert_int_equal(step(r, 0)->value.n, RECIPE_EXPR_MAX);
	recipe_free(r);
	bad("", more, "more than 32 operations");
	recipe_free(good("", deep));
	bad("", deeper, "deeper than 16");
	/* what is computed at once needs no room */
	ones = lines(60, "1+");
	assert_true(asprintf(&constants, "set a %s0\n", ones) > 0);
	r = good("", constants);
	assert_int_equal(step(r, 0)->value.ops[0].value, 60);
	recipe_free(r);
}

static void test_sizes(void **state)
{
	CLEANUP_FREE char *text = malloc(RECIPE_FILE_MAX + 2), *title = lines(RECIPE_TITLE_MAX, "t"), *line = NULL;
	const char *all = HEADER "init\nend\n" REST;
	size_t n = strlen(all);

	assert_non_null(text);
	memcpy(text, all, n);
	memset(text + n, '\n', RECIPE_FILE_MAX + 2 - n);
	recipe_free(recipe_parse(text, RECIPE_FILE_MAX, &told));
	assert_string_equal(told.text, "");
	assert_null(recipe_parse(text, RECIPE_FILE_MAX + 1, &told));
	assert_int_equal(told.line, 0);
	assert_true(asprintf(&line, "title \"%s\"\n", title) > 0);
	recipe_free(good(line, ""));
	free(line);
	assert_true(asprintf(&line, "title \"%st\"\n", title) > 0);
	bad(line, "", "more than 120 bytes");
	free(line);
	assert_true(asprintf(&line, "#%*s\n", RECIPE_LINE_MAX - 1, "") > 0);
	recipe_free(good(line, ""));
	free(line);
	assert_true(asprintf(&line, "#%*s\n", RECIPE_LINE_MAX, "") > 0);
	bad(line, "", "more than 255 bytes");
	assert_int_equal(told.column, RECIPE_LINE_MAX + 1);
}

static void test_loops_nest(void **state)
{
	CLEANUP_FREE char *begin = lines(RECIPE_NEST_MAX, "repeat 2\n"), *end = lines(RECIPE_NEST_MAX, "end\n");
	CLEANUP_FREE char *most = NULL, *more = NULL;

	assert_true(asprintf(&most, "%sset a 1\n%s", begin, end) > 0);
	assert_true(asprintf(&more, "repeat 2\n%send\n", most) > 0);
	recipe_free(good("", most));
	bad("", more, "deeper than 4");
	/* the largest numbers that can be written do not wrap into small ones */
	bad("", "repeat 65536\nrepeat 65536\nrepeat 65536\nrepeat 65536\nset a 1\nend\nend\nend\nend\n",
	    "no more than");
	bad("", "repeat 65536\ndelay 60s\nend\n", "delays and time-outs come to 3932160 s");
}

/* Cut anywhere, a text is no recipe, and its last line or one before it is blamed. */
static void test_cut(void **state)
{
	const char *all = HEADER "init\nwrite32 0 a\nend\n" REST;
	size_t n = strlen(all) - 1;
	unsigned int line = 1;

	for (size_t i = 0; i < n; i++) {
		struct recipe *r = recipe_parse(all, i, &told);

		assert_null(r);
		assert_true(told.text[0] && told.line <= line && told.line > 0 && told.column > 0);
		line += all[i] == '\n';
	}
	recipe_free(parse(all));
	assert_string_equal(told.text, "");
}

static void test_load(void **state)
{
	char path[] = "/tmp/recipe-XXXXXX";
	int fd = mkstemp(path);
	struct fail f = {0};
	struct recipe *r;

	assert_true(fd >= 0);
	assert_int_equal(dprintf(fd, "iommuctl-recipe 1\n  colour red\n"), 31);
	assert_int_equal(recipe_load(&r, path, &f), -EINVAL);
	assert_null(r);
	assert_true(f.usage);
	assert_non_null(strstr(f.text, ":2:3: 'colour' is neither"));
	assert_true(strlen(f.hint) > 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, HEADER "init\nend\n" REST, strlen(HEADER "init\nend\n" REST), 0),
			 strlen(HEADER "init\nend\n" REST));
	assert_int_equal(recipe_load(&r, path, &f), 0);
	assert_string_equal(r->name, "x");
	recipe_free(r);
	assert_int_equal(ftruncate(fd, RECIPE_FILE_MAX + 1), 0);
	assert_int_equal(recipe_load(&r, path, &f), -EINVAL);
	assert_non_null(strstr(f.text, "more than 65536 bytes"));
	close(fd);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(recipe_load(&r, path, &f), -ENOENT);
	assert_false(f.usage);
	assert_int_equal(recipe_load(&r, "/", &f), -EISDIR);
	assert_int_equal(recipe_load(&r, "/dev/zero", &f), -EINVAL);
	recipe_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_expression_edges),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_loops_nest),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
