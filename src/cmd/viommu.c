/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl viommu: what nested translation is made of besides page tables. */
#include <errno.h>
#include <stdio.h>

#include "cmd/words.h"
#include "core/op/queue.h"

enum { OPT_PARENT = 0x100, OPT_DATA, OPT_TYPE, OPT_ID, OPT_DEPTH, OPT_INDEX, OPT_IOVA, OPT_SIZE };

static const struct argp_option viommu_options[] = {
	{"parent", OPT_PARENT, "PT", 0, "new: a page table made with --nest-parent", 0},
	{"data", OPT_DATA, "TYPE[,KEY=VALUE...]", 0, "new: arm-smmuv3, tegra241-cmdqv, mock", 0},
	{"id", OPT_ID, "N", 0, "device: the number by which the guest knows the device", 0},
	{"type", OPT_TYPE, "N", 0, "events, queue: the kernel's number of their type", 0},
	{"depth", OPT_DEPTH, "N", 0, "events: how many may wait (default 16)", 0},
	{"index", OPT_INDEX, "N", 0, "queue: which of the hardware's", 0},
	{"iova", OPT_IOVA, "A", 0, "queue: where its memory is in the nesting parent", 0},
	{"size", OPT_SIZE, "S", 0, "queue: bytes of that memory", 0},
	{0},
};

enum { VIOMMU_NEW, VIOMMU_DEVICE, VIOMMU_EVENTS, VIOMMU_READ, VIOMMU_QUEUE, VIOMMU_TRIGGER };

static const struct verb viommu_verbs[] = {
	[VIOMMU_NEW] = {"new", 1, 1, "new NAME --parent PT --data TYPE"},
	[VIOMMU_DEVICE] = {"device", 2, 2, "device NAME VIOMMU --id N"},
	[VIOMMU_EVENTS] = {"events", 2, 2, "events NAME VIOMMU --type N"},
	[VIOMMU_READ] = {"read", 1, 1, "read EVENTS"},
	[VIOMMU_QUEUE] = {"queue", 2, 2, "queue NAME VIOMMU --type N --iova A --size S"},
	[VIOMMU_TRIGGER] = {"trigger", 0, 0, "trigger"},
	{0},
};

struct viommu_state {
	struct words words;
	int verb;
	const char *parent, *data;
	uint64_t id, numbers[3]; /* type, depth, index */
	struct op_viommu_queue queue;
	bool id_given, type_given;
};

static void viommu_defaults(void *arg)
{
	struct viommu_state *v = arg;

	v->numbers[1] = 16;
}

static error_t viommu_end(struct argp_state *state, struct viommu_state *v)
{
	for (size_t i = 0; i < ARRAY_SIZE(v->numbers); i++)
		if (v->numbers[i] > UINT32_MAX)
			return usage_error(state, "--type, --depth and --index have 32 bits");
	if (v->verb == VIOMMU_NEW && !(v->parent && v->data))
		return usage_error(state, "--parent and --data are needed");
	if (v->verb == VIOMMU_DEVICE && !v->id_given)
		return usage_error(state, "--id is needed");
	if ((v->verb == VIOMMU_EVENTS || v->verb == VIOMMU_QUEUE) && !v->type_given)
		return usage_error(state, "--type is needed");
	v->queue.type = (uint32_t)v->numbers[0];
	v->queue.depth = (uint32_t)v->numbers[1];
	v->queue.index = (uint32_t)v->numbers[2];
	return 0;
}

static error_t viommu_parse(int key, char *arg, struct argp_state *state)
{
	struct viommu_state *v = state->input;
	error_t err;

	switch (key) {
	case OPT_PARENT:
		v->parent = arg;
		return 0;
	case OPT_DATA:
		v->data = arg;
		return 0;
	case OPT_ID:
		v->id_given = true;
		return parse_u64(state, "--id", arg, &v->id);
	case OPT_TYPE:
		v->type_given = true;
		return parse_u64(state, "--type", arg, &v->numbers[0]);
	case OPT_DEPTH:
		return parse_u64(state, "--depth", arg, &v->numbers[1]);
	case OPT_INDEX:
		return parse_u64(state, "--index", arg, &v->numbers[2]);
	case OPT_IOVA:
		return parse_size(state, "--iova", arg, &v->queue.iova);
	case OPT_SIZE:
		return parse_size(state, "--size", arg, &v->queue.size);
	default:
		err = words_parse(key, arg, state, &v->words, viommu_verbs, &v->verb);
		return !err && key == ARGP_KEY_END ? viommu_end(state, v) : err;
	}
}

static int viommu_read(struct command_run *run, struct session *s, struct viommu_state *v)
{
	struct iommu_event events[16];
	unsigned int n = 0;
	int err = op_event_read(s, v->words.at[1], run->unchecked, events, ARRAY_SIZE(events), &n, &run->fail);

	if (err)
		return err;
	run->shows = true;
	report_list(run->report, "events");
	for (unsigned int i = 0; i < n; i++) {
		char raw[2 * IOMMU_EVENT_MAX + 3] = "0x";

		for (uint32_t k = 0; k < events[i].len; k++)
			snprintf(raw + 2 + 2 * (size_t)k, 3, "%02x", events[i].data[k]);
		report_object(run->report, NULL);
		report_num(run->report, "sequence", events[i].sequence);
		report_bool(run->report, "lost", events[i].lost);
		report_str(run->report, "raw", raw);
		report_close(run->report);
	}
	report_close(run->report);
	snprintf(run->detail, sizeof(run->detail), "%u events", n);
	return n ? 0 : fail_set(&run->fail, EAGAIN, "no event waits in queue %s", v->words.at[1]);
}

static int viommu_made(struct command_run *run, const struct named *n)
{
	snprintf(run->detail, sizeof(run->detail), "%s is %u", n->name, n->id);
	report_num(run->report, "id", n->id);
	report_line(run->report, "%s", run->detail);
	return 0;
}

static int viommu_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct viommu_state *v = arg;
	const char *name = v->words.at[1], *on = v->words.n > 2 ? v->words.at[2] : NULL;
	struct named *n = NULL;
	int err;

	v->queue.name = name;
	v->queue.viommu = on;
	v->queue.unchecked = run->unchecked;
	switch (v->verb) {
	case VIOMMU_NEW:
		err = op_viommu_new(s, name, v->parent, v->data, run->unchecked, &n, &run->fail);
		break;
	case VIOMMU_DEVICE:
		err = op_vdevice_new(s, name, on, v->id, run->unchecked, &n, &run->fail);
		break;
	case VIOMMU_EVENTS:
		err = op_event_queue_new(s, &v->queue, &n, &run->fail);
		break;
	case VIOMMU_QUEUE:
		err = op_hw_queue_new(s, &v->queue, &n, &run->fail);
		break;
	case VIOMMU_READ:
		return viommu_read(run, s, v);
	default:
		return iommu_test_event(session_device(s), &run->fail);
	}
	return err ? err : viommu_made(run, n);
}

const struct command command_viommu = {
	.name = "viommu",
	.summary = "virtual IOMMUs: the device in them, their events and queues; trigger an event (mock)",
	.args_doc = "new NAME --parent PT --data TYPE\ndevice NAME VIOMMU --id N\nevents NAME VIOMMU --type N\n"
		    "read EVENTS\nqueue NAME VIOMMU --type N --iova A --size S\ntrigger",
	.options = viommu_options,
	.state_size = sizeof(struct viommu_state),
	.defaults = viommu_defaults,
	.parse = viommu_parse,
	.in_session = viommu_in_session,
	.scriptable = true,
};
