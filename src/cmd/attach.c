/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl attach, detach and hwinfo: what the device, or one PASID of it, is attached to. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cmd/command.h"
#include "core/op/object.h"

enum { OPT_PASID = 0x100, OPT_TYPE };

static const struct argp_option attach_options[] = {
	{"pasid", OPT_PASID, "N", 0, "one PASID of the device, not the device itself", 0},
	{0},
};

static error_t attach_parse_pasid(struct argp_state *state, const char *arg, struct op_attach *op)
{
	uint64_t n = 0;
	error_t err = parse_u64(state, "--pasid", arg, &n);

	op->has_pasid = true;
	op->pasid = (uint32_t)n;
	return !err && n >= IOMMU_NO_PASID ? usage_error(state, "--pasid: %s has more than 32 bits", arg) : err;
}

static error_t attach_parse(int key, char *arg, struct argp_state *state)
{
	struct op_attach *op = state->input;

	switch (key) {
	case OPT_PASID:
		return attach_parse_pasid(state, arg, op);
	case ARGP_KEY_ARG:
		if (op->pt)
			return usage_error(state, "one space or page table, not also '%s'", arg);
		op->pt = arg;
		return 0;
	case ARGP_KEY_END:
		return op->pt ? 0 : usage_error(state, "attach it to which space or page table?");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What the canary said there. Nothing was asked before the first DMA. */
static void attach_report(struct command_run *run, struct session *s, const struct op_attach *op)
{
	report_check(run->report, "the device is attached", RESULT_PASS, NULL);
	if (op->has_pasid)
		return;
	if (session_canary_passed(s))
		report_check(run->report, "there too the canary is not reached", RESULT_PASS, NULL);
	else
		report_check(run->report, "there too the canary is not reached", RESULT_SKIP,
			     !session_attached(s)     ? "what this page table translates is not known here"
			     : *session_canary_why(s) ? session_canary_why(s)
						      : "it is asked before the first DMA");
}

static int attach_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct op_attach *op = arg;
	struct failures found;
	int err;

	failures_init(&found);
	op->unchecked = run->unchecked;
	err = op_attach(s, op, &run->fail);
	if (err == -EREMOTEIO) {
		struct failure bad = {.class = FAILURE_UNTRANSLATED};

		snprintf(bad.text, sizeof(bad.text), "%.190s", run->fail.text);
		failures_add(&found, &bad);
		command_failures(run, "there too the canary is not reached", &found);
		return 0;
	}
	if (!err)
		attach_report(run, s, op);
	return err;
}

const struct command command_attach = {
	.name = "attach",
	.summary = "attach the device to a space or page table, in place of the one it is attached to",
	.args_doc = "WHAT",
	.options = attach_options,
	.state_size = sizeof(struct op_attach),
	.parse = attach_parse,
	.in_session = attach_in_session,
	.scriptable = true,
};

static error_t detach_parse(int key, char *arg, struct argp_state *state)
{
	return key == OPT_PASID ? attach_parse_pasid(state, arg, state->input) : ARGP_ERR_UNKNOWN;
}

static int detach_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct op_attach *op = arg;
	struct fail why = {0};
	struct failures found;
	bool asked = false;
	int err;

	failures_init(&found);
	err = op_detach(s, op, &asked, &found, &why, &run->fail);
	if (err == -EREMOTEIO) {
		struct failure bad = {.class = FAILURE_UNTRANSLATED};

		snprintf(bad.text, sizeof(bad.text), "%.190s", run->fail.text);
		failures_add(&found, &bad);
		err = 0;
	}
	if (err)
		return err;
	report_check(run->report, "the device is detached", RESULT_PASS, NULL);
	if (asked || found.total)
		command_failures(run, "detached it reaches no memory", &found);
	else if (!op->has_pasid)
		report_check(run->report, "detached it reaches no memory", RESULT_SKIP, why.text);
	return 0;
}

const struct command command_detach = {
	.name = "detach",
	.summary = "detach the device, or one PASID of it, from everything",
	.options = attach_options,
	.state_size = sizeof(struct op_attach),
	.parse = detach_parse,
	.in_session = detach_in_session,
	.scriptable = true,
};

static const struct argp_option hwinfo_options[] = {
	{"type", OPT_TYPE, "N", 0, "ask for this kind of information (default: the IOMMU's own)", 0},
	{0},
};

static error_t hwinfo_parse(int key, char *arg, struct argp_state *state)
{
	uint64_t *type = state->input;
	error_t err;

	if (key != OPT_TYPE)
		return ARGP_ERR_UNKNOWN;
	err = parse_u64(state, "--type", arg, type);
	return !err && *type > UINT32_MAX ? usage_error(state, "--type: %s has more than 32 bits", arg) : err;
}

static int hwinfo_in_session(struct command_run *run, struct session *s, void *arg)
{
	const uint64_t *type = arg;
	struct iommu_hw_info info = {.type = (uint32_t)*type};
	char raw[2 * IOMMU_HW_INFO_MAX + 3] = "0x";
	const char *name;
	uint64_t value;
	uint32_t len;
	int err = iommu_hw_info(session_device(s), &info, &run->fail);

	if (err)
		return err;
	run->shows = true;
	len = MIN(info.len, (uint32_t)IOMMU_HW_INFO_MAX);
	for (uint32_t i = 0; i < len; i++)
		snprintf(raw + 2 + 2 * (size_t)i, 3, "%02x", info.data[i]);
	report_str(run->report, "type_name", iommu_hw_info_name(info.type));
	report_hex(run->report, "type", info.type);
	report_num(run->report, "length", info.len);
	report_str(run->report, "raw", raw);
	report_list(run->report, "registers");
	for (unsigned int i = 0; iommu_hw_info_field(&info, i, &name, &value); i++) {
		report_object(run->report, NULL);
		report_str(run->report, "name", name);
		report_hex(run->report, "value", value);
		report_close(run->report);
	}
	report_close(run->report);
	report_hex(run->report, "capabilities_raw", info.capabilities);
	report_num(run->report, "max_pasid_log2", info.max_pasid_log2);
	snprintf(run->detail, sizeof(run->detail), "%s, %u bytes", iommu_hw_info_name(info.type), info.len);
	return 0;
}

const struct command command_hwinfo = {
	.name = "hwinfo",
	.summary = "what the IOMMU before the device tells of itself through iommufd",
	.options = hwinfo_options,
	.state_size = sizeof(uint64_t),
	.parse = hwinfo_parse,
	.in_session = hwinfo_in_session,
	.scriptable = true,
};
