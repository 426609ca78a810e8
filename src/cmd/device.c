/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl device: what VFIO tells of a device, and what it lets one do to it beside DMA. */
#include "cmd/device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/op/device.h"

enum { OPT_KIND = 0x100, OPT_VECTOR, OPT_BAR, OPT_OFFSET, OPT_WIDTH, OPT_VALUE };

static const struct argp_option device_options[] = {
	{"kind", OPT_KIND, "intx|msi|msix|err|req", 0, "irq: which interrupt (default msi)", 0},
	{"vector", OPT_VECTOR, "N", 0, "irq: which of them (default 0)", 0},
	{"bar", OPT_BAR, "N", 0, "ioeventfd: which BAR", 0},
	{"offset", OPT_OFFSET, "O", 0, "ioeventfd: where in it (default 0)", 0},
	{"width", OPT_WIDTH, "1|2|4|8", 0, "ioeventfd: how many bytes (default 4)", 0},
	{"value", OPT_VALUE, "V", 0, "ioeventfd: what is written", 0},
	{0},
};

enum device_verb {
	DEVICE_INFO,
	DEVICE_FEATURES,
	DEVICE_HOT_RESET_INFO,
	DEVICE_RESET,
	DEVICE_MEMORY,
	DEVICE_LOW_POWER,
	DEVICE_IRQ,
	DEVICE_IOEVENTFD,
};
static const char *const device_verbs[] = {"info",	"features", "hot-reset-info", "reset", "memory",
					   "low-power", "irq",	    "ioeventfd",      NULL};
static const char *const device_memory_states[] = {"off", "on", NULL};
static const char *const device_power_states[] = {"exit", "enter", "wakeup", NULL};

struct device_state {
	int verb, state, kind;
	unsigned int words;
	const char *id;
	uint64_t vector, bar;
	struct op_ioeventfd event;
	bool bar_given, value_given;
};

static void device_defaults(void *arg)
{
	struct device_state *d = arg;

	d->kind = IDEV_IRQ_MSI;
	d->event.width = 4;
}

static bool device_has_state(const struct device_state *d)
{
	return d->verb == DEVICE_MEMORY || d->verb == DEVICE_LOW_POWER;
}

static error_t device_word(struct argp_state *state, struct device_state *d, char *arg)
{
	if (d->words++ == 0)
		return parse_choice(state, "what to do", arg, device_verbs, &d->verb);
	if (d->words == 2 && device_has_state(d))
		return parse_choice(state, device_verbs[d->verb], arg,
				    d->verb == DEVICE_MEMORY ? device_memory_states : device_power_states, &d->state);
	if (d->id)
		return usage_error(state, "one device at a time, not also '%s'", arg);
	d->id = arg;
	return 0;
}

static error_t device_end(struct argp_state *state, const struct device_state *d)
{
	if (!d->words)
		return usage_error(state, "it takes info, features, reset ...");
	if (device_has_state(d) && d->words < 2)
		return usage_error(state,
				   d->verb == DEVICE_MEMORY ? "memory on or off?" : "low-power enter, wakeup or exit?");
	if (d->verb == DEVICE_IOEVENTFD && !(d->bar_given && d->value_given))
		return usage_error(state, "ioeventfd needs --bar and --value");
	return 0;
}

static error_t device_parse(int key, char *arg, struct argp_state *state)
{
	static const char *const kinds[] = {"intx", "msi", "msix", "err", "req", NULL};
	static const char *const widths[] = {"1", "2", "4", "8", NULL};
	struct device_state *d = state->input;
	error_t err;
	int n = 0;

	switch (key) {
	case OPT_KIND:
		return parse_choice(state, "--kind", arg, kinds, &d->kind);
	case OPT_VECTOR:
		err = parse_u64(state, "--vector", arg, &d->vector);
		return !err && d->vector > 2047 ? usage_error(state, "--vector: no device has vector %s", arg) : err;
	case OPT_BAR:
		d->bar_given = true;
		err = parse_u64(state, "--bar", arg, &d->bar);
		return !err && d->bar > 5 ? usage_error(state, "--bar: '%s' is not 0 to 5", arg) : err;
	case OPT_OFFSET:
		return parse_size(state, "--offset", arg, &d->event.offset);
	case OPT_WIDTH:
		err = parse_choice(state, "--width", arg, widths, &n);
		d->event.width = 1u << n;
		return err;
	case OPT_VALUE:
		d->value_given = true;
		return parse_u64(state, "--value", arg, &d->event.value);
	case ARGP_KEY_ARG:
		return device_word(state, d, arg);
	case ARGP_KEY_END:
		return device_end(state, d);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Something was to be seen within a second: a check of its own. */
static int device_seen(struct command_run *run, const char *what, int err, bool seen)
{
	if (err)
		return err;
	report_check(run->report, what, seen ? RESULT_PASS : RESULT_FAIL, seen ? NULL : "not within a second");
	snprintf(run->detail, sizeof(run->detail), "%s: %s", what, seen ? "seen" : "not within a second");
	return 0;
}

static int device_low_power(struct command_run *run, struct session *s, struct iommu_device *idev, int state)
{
	bool seen = false;
	int err;

	if (state != 2)
		return op_device_sleep(s, idev, state == 1, &run->fail);
	err = op_device_wakeup(s, idev, &seen, &run->fail);
	if (!err && !seen)
		return fail_set(&run->fail, EOPNOTSUPP, "%s never slept: no wake-up was signalled within a second",
				idev_id(idev)->name);
	return device_seen(run, "an access wakes the device, and the kernel says so", err, seen);
}

static int device_do(struct command_run *run, struct session *s, struct iommu_device *idev, struct device_state *d)
{
	bool seen = false;
	int err;

	switch ((enum device_verb)d->verb) {
	case DEVICE_INFO:
		return device_report_info(run, idev);
	case DEVICE_FEATURES:
		return device_report_features(run, idev);
	case DEVICE_HOT_RESET_INFO:
		return device_report_hot_reset(run, idev);
	case DEVICE_RESET:
		return op_device_reset(s, idev, &run->fail);
	case DEVICE_MEMORY:
		return op_device_memory(s, idev, d->state, &run->fail);
	case DEVICE_LOW_POWER:
		return device_low_power(run, s, idev, d->state);
	case DEVICE_IRQ:
		err = op_device_irq(s, idev, (enum idev_irq)d->kind, (unsigned int)d->vector, &seen, &run->fail);
		return device_seen(run, "the triggered interrupt arrives", err, seen);
	case DEVICE_IOEVENTFD:
		d->event.bar = (unsigned int)d->bar;
		err = op_device_ioeventfd(s, idev, &d->event, &seen, &run->fail);
		return device_seen(run, "the event writes to the BAR", err, seen);
	}
	return -EINVAL;
}

static int device_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct device_state *d = arg;
	struct iommu_device *idev;
	int err = session_idev(s, d->id, &idev, &run->fail);

	if (!err && session_is_simulated(s))
		err = fail_set(&run->fail, EOPNOTSUPP, "the simulated device is not VFIO's");
	if (err)
		return err;
	run->shows = d->verb == DEVICE_INFO || d->verb == DEVICE_FEATURES || d->verb == DEVICE_HOT_RESET_INFO;
	report_str(run->report, "id", idev_id(idev)->name);
	return device_do(run, s, idev, d);
}

const struct command command_device = {
	.name = "device",
	.summary = "what VFIO tells of a device and does to it: resets, interrupts, low power, features",
	.args_doc = "info|features|hot-reset-info|reset [ID]\nmemory on|off [ID]\nlow-power enter|wakeup|exit [ID]\n"
		    "irq|ioeventfd [ID]",
	.options = device_options,
	.state_size = sizeof(struct device_state),
	.defaults = device_defaults,
	.parse = device_parse,
	.in_session = device_in_session,
	.scriptable = true,
};
