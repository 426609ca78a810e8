/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl map: memory of ours at an IOVA. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/msg.h"
#include "base/num.h"
#include "cmd/command.h"
#include "core/op/op.h"
#include "iommu/mem.h"

enum { OPT_SIZE = 0x100, OPT_IOVA, OPT_PROT, OPT_MEM, OPT_IOAS, OPT_HOLD, OPT_MEMORY_OF, OPT_SKIP, OPT_FLAGS, OPT_BY };

static const struct argp_option map_options[] = {
	{"size", OPT_SIZE, "S", 0, "bytes to map", 0},
	{"iova", OPT_IOVA, "ADDR|random|kernel|canary", 0,
	 "where (default random); canary: the physical address of a page of ours", 0},
	{"prot", OPT_PROT, "r|w|rw|none", 0, "what the device may do (default rw); none only with --unchecked", 0},
	{"mem", OPT_MEM, "anon|thp|hugetlb-2M|hugetlb-1G|memfd|bar:N|dmabuf:N", 0,
	 "kind of memory (default anon); bar:N[+OFFSET][@ID] is a device's BAR by address, dmabuf: by descriptor", 0},
	{"memory-of", OPT_MEMORY_OF, "BUF[+OFFSET]", 0, "no memory of its own, but that of another buffer", 0},
	{"skip", OPT_SKIP, "BYTES", 0, "with --unchecked: leave out these bytes at the memory's start", 0},
	{"flags", OPT_FLAGS, "BITS", 0, "with --unchecked: further bits in the flags of the kernel's interface", 0},
	{"ioas", OPT_IOAS, "SPACE", 0, "I/O address space, by name or id (default main)", 0},
	{"by", OPT_BY, "self|child|exec", 0,
	 "who issues the ioctl: a child pins its own copy (default self), and may become another program", 0},
	{"hold", OPT_HOLD, "DURATION", 0, "how long to keep it outside a script (default: until a signal)", 0},
	{0},
};

struct map_state {
	struct op_map op;
	bool size_given, hold_given;
	uint64_t hold_ns;
};

static void map_defaults(void *arg)
{
	struct map_state *m = arg;

	m->op.where = OP_IOVA_RANDOM;
	m->op.prot = IOMMU_PROT_RW;
}

static error_t map_parse_iova(struct argp_state *state, const char *arg, struct op_map *op)
{
	if (!strcmp(arg, "random")) {
		op->where = OP_IOVA_RANDOM;
	} else if (!strcmp(arg, "kernel")) {
		op->where = OP_IOVA_KERNEL;
	} else if (!strcmp(arg, "canary")) {
		op->where = OP_IOVA_CANARY;
	} else {
		op->where = OP_IOVA_ADDR;
		if (num_parse_size(arg, &op->iova))
			return usage_error(state, "--iova: '%s' is neither an address nor random, kernel or canary",
					   arg);
	}
	return 0;
}

/* "bar:2", "bar:0+0x1000@00:05.0", "dmabuf:..."; else a kind of the host's memory. @arg stays as it is. */
static error_t map_parse_mem(struct argp_state *state, char *arg, struct op_map *op)
{
	const char *colon = strchr(arg, ':'), *at = strchr(arg, '@'), *plus = strchr(arg, '+');
	bool is_bar = !strncmp(arg, "bar:", 4), is_dmabuf = !strncmp(arg, "dmabuf:", 7);
	char number[32], *end = NULL;
	error_t err;
	int n = 0;

	if (!is_bar && !is_dmabuf) {
		err = parse_choice(state, "--mem", arg, mem_kind_names, &n);
		op->mem = (enum iommu_mem_kind)n;
		return err;
	}
	op->mem = is_bar ? IOMMU_MEM_BAR : IOMMU_MEM_DMABUF;
	op->bar_device = at ? at + 1 : NULL;
	snprintf(number, sizeof(number), "%.*s", at ? (int)MIN(at - colon - 1, 31) : 31, colon + 1);
	if (plus && (!at || plus < at)) {
		end = strchr(number, '+');
		if (!end || num_parse_size(end + 1, &op->bar_offset))
			return usage_error(state, "--mem: '%s' has no offset behind '+'", arg);
		*end = '\0';
	}
	if (strlen(number) != 1 || number[0] < '0' || number[0] > '5' || (at && !at[1]))
		return usage_error(state, "--mem: '%s' is not bar:N, N from 0 to 5 (such as bar:2, bar:0+4K@00:05.0)",
				   arg);
	op->bar = (unsigned int)(number[0] - '0');
	return 0;
}

static error_t map_parse_flags(struct argp_state *state, const char *arg, struct op_map *op)
{
	uint64_t bits = 0;
	error_t err = parse_u64(state, "--flags", arg, &bits);

	if (!err && bits > UINT32_MAX)
		return usage_error(state, "--flags: '%s' does not fit in 32 bits", arg);
	op->flags = (uint32_t)bits;
	return err;
}

static error_t map_parse_end(struct argp_state *state, const struct map_state *m)
{
	if (!m->size_given)
		return usage_error(state, "--size is needed");
	return m->op.of && m->op.mem ? usage_error(state, "--mem: the memory is that of --memory-of") : 0;
}

static const char *const map_by_names[] = {"self", "child", "exec", NULL};

static error_t map_parse(int key, char *arg, struct argp_state *state)
{
	static const char *const prots[] = {"r", "w", "rw", "none", NULL};
	struct map_state *m = state->input;
	error_t err;
	int n = 0;

	switch (key) {
	case OPT_SIZE:
		m->size_given = true;
		return parse_size(state, "--size", arg, &m->op.size);
	case OPT_IOVA:
		return map_parse_iova(state, arg, &m->op);
	case OPT_PROT:
		err = parse_choice(state, "--prot", arg, prots, &n);
		m->op.prot = (enum iommu_prot)((n + 1) & IOMMU_PROT_RW);
		return err;
	case OPT_MEM:
		return map_parse_mem(state, arg, &m->op);
	case OPT_MEMORY_OF:
		m->op.of = arg;
		return 0;
	case OPT_SKIP:
		return parse_size(state, "--skip", arg, &m->op.skip);
	case OPT_FLAGS:
		return map_parse_flags(state, arg, &m->op);
	case OPT_BY:
		err = parse_choice(state, "--by", arg, map_by_names, &n);
		m->op.by_child = n >= 1;
		m->op.by_exec = n == 2;
		return err;
	case OPT_IOAS:
		m->op.ioas = arg;
		return 0;
	case OPT_HOLD:
		m->hold_given = true;
		return num_parse_duration(arg, &m->hold_ns)
			       ? usage_error(state, "--hold: '%s' is not a duration (such as 500ms, 30s, 5m)", arg)
			       : 0;
	case ARGP_KEY_ARG:
		if (m->op.buf || !buffer_name_is_valid(arg))
			return usage_error(
				state, m->op.buf ? "one buffer at a time, not also '%s'" : "'%s' is not a buffer name",
				arg);
		m->op.buf = arg;
		return 0;
	case ARGP_KEY_END:
		return map_parse_end(state, m);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Outside a script the mapping lives as long as this process. */
static void map_hold(struct command_run *run, const struct buffer *b, const struct map_state *m)
{
	msg_note("%s is mapped at iova 0x%llx; holding%s", b->name, (unsigned long long)b->iova,
		 m->hold_given ? "" : " until interrupted");
	do
		clock_sleep_ns(m->hold_given ? m->hold_ns : 3600000000000ull, (const volatile int *)&session_signal);
	while (!m->hold_given && !session_signal);
}

static int map_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct map_state *m = arg;
	struct failures found;
	struct buffer *b = NULL;
	int err;

	m->op.op = run->op;
	m->op.unchecked = run->unchecked;
	failures_init(&found);
	err = op_map(s, &m->op, &b, &found, &run->fail);
	if (!err)
		command_failures(run, "legal maps are accepted", &found);
	if (!err && !run->script_path)
		command_report_mappings(run, s);
	if (b && run->own_session)
		map_hold(run, b, m);
	return err;
}

const struct command command_map = {
	.name = "map",
	.summary = "map a buffer for the device",
	.args_doc = "[BUF]",
	.options = map_options,
	.state_size = sizeof(struct map_state),
	.defaults = map_defaults,
	.parse = map_parse,
	.in_session = map_in_session,
	.scriptable = true,
};
