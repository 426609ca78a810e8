/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl bind and unbind: devices to vfio-pci, and back to the driver they had. */
#include "host/bind.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "cmd/command.h"
#include "host/groups.h"

enum { OPT_FORCE = 0x100 };

static const struct argp_option bind_options[] = {
	{"force", OPT_FORCE, NULL, 0, "also a device that this machine uses", 0},
	{0},
};

struct bind_command {
	bool force;
	char **ids; /* into argv */
	unsigned int count, room;
};

static error_t bind_add_id(struct bind_command *b, char *id)
{
	char **more;

	if (b->count == b->room) {
		b->room = b->room ? b->room * 2 : 8;
		more = realloc(b->ids, b->room * sizeof(*more));
		if (!more)
			return ENOMEM;
		b->ids = more;
	}
	b->ids[b->count++] = id;
	return 0;
}

static error_t bind_parse(int key, char *arg, struct argp_state *state)
{
	struct bind_command *b = state->input;
	char addr[16];

	switch (key) {
	case OPT_FORCE:
		b->force = true;
		return 0;
	case ARGP_KEY_ARG:
		if (pci_normalize(arg, addr, sizeof(addr)))
			return usage_error(state, "'%s' is not a PCI address (such as 0000:00:04.0 or 00:04.0)", arg);
		return bind_add_id(b, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void bind_release(void *arg)
{
	struct bind_command *b = arg;

	free(b->ids);
}

static void bind_report(struct report *r, const struct bind_result *res)
{
	report_object(r, NULL);
	report_str(r, "id", res->id);
	report_str(r, "from", res->from);
	report_str(r, "to", res->to);
	report_bool(r, "changed", res->changed);
	report_close(r);
}

/* A device alone is not enough: its group must be free of the host's drivers. */
static void bind_tell_blockers(const struct host *host, const char *id)
{
	struct pci_info dev, other;
	struct group_info group;
	char list[256] = "", bridge[16] = "";
	size_t used = 0;

	if (pci_find(host, id, &dev, NULL) || dev.group < 0 || group_find(host, dev.group, &group, NULL))
		return;
	for (unsigned int i = 0; i < group.nr_blockers && used < sizeof(list) - 20; i++)
		if (pci_find(host, group.blockers[i], &other, NULL) == 0 && pci_is_fabric(&other))
			snprintf(bridge, sizeof(bridge), "%s", other.addr);
		else if (strcmp(group.blockers[i], dev.addr))
			used += (size_t)snprintf(list + used, sizeof(list) - used, " %s", group.blockers[i]);
	if (used || *bridge)
		msg_warn("%s cannot be used yet: others of group %d are on host drivers", dev.addr, dev.group);
	if (*bridge)
		msg_hint("the bridge %s is one of them, and cannot be bound", bridge);
	else if (used)
		msg_hint("iommuctl bind%s", list);
	group_clear(&group);
}

typedef int bind_look_fn(const struct host *, const char *, const struct bind_params *, struct fail *);
typedef int bind_fn(const struct host *, const char *, const struct bind_params *, struct bind_result *, struct fail *);

/*
 * In the order given, after a look (if any) at all of them; the first failure ends it, and what was done before stays and is
 * reported.
 */
static int bind_each(struct command_run *run, struct bind_command *b, bind_look_fn *look, bind_fn *move)
{
	const struct host *host = &run->globals->host;
	const struct bind_params params = {.force = b->force, .dry_run = run->globals->dry_run};
	struct bind_result res;
	int err = 0;

	if (!b->count && run->globals->session.device)
		err = -bind_add_id(b, (char *)(uintptr_t)run->globals->session.device);
	if (err || !b->count) {
		fail_usage(&run->fail, EINVAL, "no device named");
		fail_hint(&run->fail, "iommuctl list shows them");
		return -EINVAL;
	}
	report_list(run->report, "devices");
	for (unsigned int i = 0; look && i < b->count && !err; i++)
		err = look(host, b->ids[i], &params, &run->fail);
	for (unsigned int i = 0; i < b->count && !err; i++) {
		err = move(host, b->ids[i], &params, &res, &run->fail);
		if (!err)
			bind_report(run->report, &res);
	}
	report_close(run->report);
	return err;
}

static int bind_execute(struct command_run *run, void *arg)
{
	struct bind_command *b = arg;
	int err = bind_each(run, b, bind_check, bind_to_vfio);

	for (unsigned int i = 0; !err && i < b->count; i++)
		bind_tell_blockers(&run->globals->host, b->ids[i]);
	return err;
}

static int unbind_execute(struct command_run *run, void *arg)
{
	return bind_each(run, arg, NULL, bind_restore);
}

const struct command command_bind = {
	.name = "bind",
	.summary = "give devices to vfio-pci; refuses what this machine uses",
	.args_doc = "ID...",
	.options = bind_options,
	.state_size = sizeof(struct bind_command),
	.parse = bind_parse,
	.execute = bind_execute,
	.release = bind_release,
};

const struct command command_unbind = {
	.name = "unbind",
	.summary = "give devices back to the driver they had",
	.args_doc = "ID...",
	.state_size = sizeof(struct bind_command),
	.parse = bind_parse,
	.execute = unbind_execute,
	.release = bind_release,
};
