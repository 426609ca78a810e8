/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks devlink for its ports by generic netlink; with uevent.c the only user of libnl. */
#include "host/devlink.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "host/text.h"

#ifdef HAVE_LIBNL
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

/* include/uapi/linux/devlink.h */
enum {
	DEVLINK_VERSION = 1,
	DEVLINK_PORT_GET = 5, /* enum devlink_command */
	/* enum devlink_attr */
	DEVLINK_BUS_NAME = 1,
	DEVLINK_DEV_NAME = 2,
	DEVLINK_PORT_INDEX = 3,
	DEVLINK_PORT_FLAVOUR = 77,
	DEVLINK_PORT_PF = 127,
	DEVLINK_PORT_VF = 128,
	DEVLINK_PORT_FUNCTION = 145,
	DEVLINK_PORT_SF = 164,
	/* enum devlink_port_function_attr */
	DEVLINK_FN_STATE = 2,
	DEVLINK_FN_CAPS = 4,
	/* enum devlink_port_fn_attr_cap, a bit number */
	DEVLINK_CAP_MIGRATABLE = 1,
};

/* A kernel that is changed meanwhile asks to be asked again; not for ever. */
#define DEVLINK_TRIES 5

static const char *const devlink_flavours[] = {"physical", "cpu",     "dsa",	"pcipf",
					       "pcivf",	   "virtual", "unused", "pcisf"};
static const char *const devlink_states[] = {"inactive", "active"};

/* Attributes beyond the last one that is known are passed over. */
static struct nla_policy devlink_policy[DEVLINK_PORT_SF + 1] = {
	[DEVLINK_BUS_NAME] = {.type = NLA_STRING},	[DEVLINK_DEV_NAME] = {.type = NLA_STRING},
	[DEVLINK_PORT_INDEX] = {.type = NLA_U32},	[DEVLINK_PORT_FLAVOUR] = {.type = NLA_U16},
	[DEVLINK_PORT_PF] = {.type = NLA_U16},		[DEVLINK_PORT_VF] = {.type = NLA_U16},
	[DEVLINK_PORT_FUNCTION] = {.type = NLA_NESTED}, [DEVLINK_PORT_SF] = {.type = NLA_U32},
};
/* Capabilities are a struct nla_bitfield32: the value, and which of its bits mean anything. */
static struct nla_policy devlink_function_policy[DEVLINK_FN_CAPS + 1] = {
	[DEVLINK_FN_STATE] = {.type = NLA_U8},
	[DEVLINK_FN_CAPS] = {.minlen = 8},
};

/* The policy has seen to the 0 at the end. */
static bool devlink_text(struct nlattr *a, char *out, size_t len)
{
	return a && *nla_get_string(a) && text_copy(out, len, nla_get_string(a));
}

static int devlink_parse_function(struct nlattr *function, struct devlink_port *out)
{
	struct nlattr *tb[DEVLINK_FN_CAPS + 1];
	uint32_t caps[2];
	uint8_t state;

	if (nla_parse_nested(tb, DEVLINK_FN_CAPS, function, devlink_function_policy) < 0)
		return -EBADMSG;
	out->has_function = true;
	if (tb[DEVLINK_FN_STATE]) {
		state = nla_get_u8(tb[DEVLINK_FN_STATE]);
		text_copy(out->state, sizeof(out->state),
			  state < ARRAY_SIZE(devlink_states) ? devlink_states[state] : "unknown");
	}
	if (tb[DEVLINK_FN_CAPS]) {
		memcpy(caps, nla_data(tb[DEVLINK_FN_CAPS]), sizeof(caps));
		out->migratable_known = caps[1] >> DEVLINK_CAP_MIGRATABLE & 1;
		out->migratable = (caps[0] & caps[1]) >> DEVLINK_CAP_MIGRATABLE & 1;
	}
	return 0;
}

static void devlink_parse_flavour(struct nlattr *a, struct devlink_port *out)
{
	unsigned int flavour = nla_get_u16(a);

	if (flavour < ARRAY_SIZE(devlink_flavours))
		text_copy(out->flavour, sizeof(out->flavour), devlink_flavours[flavour]);
	else
		snprintf(out->flavour, sizeof(out->flavour), "flavour %u", flavour);
}

int devlink_port_parse(const void *attributes, size_t len, struct devlink_port *out)
{
	struct nlattr *tb[DEVLINK_PORT_SF + 1];

	memset(out, 0, sizeof(*out));
	if (len > INT_MAX || nla_parse(tb, DEVLINK_PORT_SF, (struct nlattr *)attributes, (int)len, devlink_policy) < 0)
		return -EBADMSG;
	if (!devlink_text(tb[DEVLINK_BUS_NAME], out->bus, sizeof(out->bus)) ||
	    !devlink_text(tb[DEVLINK_DEV_NAME], out->device, sizeof(out->device)) || !tb[DEVLINK_PORT_INDEX])
		return -EBADMSG;
	out->index = nla_get_u32(tb[DEVLINK_PORT_INDEX]);
	if (tb[DEVLINK_PORT_FLAVOUR])
		devlink_parse_flavour(tb[DEVLINK_PORT_FLAVOUR], out);
	if (tb[DEVLINK_PORT_PF])
		out->pf = nla_get_u16(tb[DEVLINK_PORT_PF]);
	if (tb[DEVLINK_PORT_VF])
		out->vf = nla_get_u16(tb[DEVLINK_PORT_VF]);
	else if (tb[DEVLINK_PORT_SF])
		out->vf = nla_get_u32(tb[DEVLINK_PORT_SF]);
	return tb[DEVLINK_PORT_FUNCTION] ? devlink_parse_function(tb[DEVLINK_PORT_FUNCTION], out) : 0;
}

struct devlink_list {
	struct devlink_port *ports;
	unsigned int count, room;
	int err;
};

/* What is no port is passed over: the kernel may say more in later versions. */
static int devlink_take(struct nl_msg *msg, void *arg)
{
	struct genlmsghdr *header = nlmsg_data(nlmsg_hdr(msg));
	struct devlink_list *list = arg;
	struct devlink_port port, *bigger;

	if (!genlmsg_valid_hdr(nlmsg_hdr(msg), 0) ||
	    devlink_port_parse(genlmsg_attrdata(header, 0), (size_t)genlmsg_attrlen(header, 0), &port))
		return NL_OK;
	if (list->count == list->room) {
		list->room = list->room ? list->room * 2 : 16;
		bigger = realloc(list->ports, list->room * sizeof(*bigger));
		if (!bigger) {
			list->err = -ENOMEM;
			return NL_STOP;
		}
		list->ports = bigger;
	}
	list->ports[list->count++] = port;
	return NL_OK;
}

/* 0 or a negative number of libnl's. */
static int devlink_dump(struct nl_sock *sock, int family, struct devlink_list *list)
{
	int ret = 0;

	for (int try = 0; try < DEVLINK_TRIES; try++) {
		list->count = 0;
		ret = genl_send_simple(sock, family, DEVLINK_PORT_GET, DEVLINK_VERSION, NLM_F_DUMP);
		if (ret >= 0)
			ret = nl_recvmsgs_default(sock);
		if (ret != -NLE_DUMP_INTR)
			break;
	}
	return MIN(ret, 0);
}

static int devlink_ask(struct nl_sock *sock, struct devlink_list *list, struct fail *f)
{
	int family, ret;

	ret = genl_connect(sock);
	if (ret < 0)
		return fail_set(f, EIO, "cannot open generic netlink (%s)", nl_geterror(ret));
	family = genl_ctrl_resolve(sock, "devlink");
	if (family == -NLE_OBJ_NOTFOUND)
		return fail_set(f, EOPNOTSUPP, "this kernel has no devlink");
	if (family < 0)
		return fail_set(f, EIO, "cannot find devlink (%s)", nl_geterror(family));
	ret = nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, devlink_take, list);
	if (ret >= 0)
		ret = devlink_dump(sock, family, list);
	if (list->err)
		return fail_set(f, ENOMEM, "cannot list the devlink ports");
	if (ret < 0)
		return fail_set(f, EIO, "cannot ask devlink for its ports (%s)", nl_geterror(ret));
	return 0;
}

int devlink_ports(struct devlink_port **out, unsigned int *count, struct fail *f)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct devlink_list list = {0};
	int ret;

	*out = NULL;
	*count = 0;
	if (!sock)
		return fail_set(f, ENOMEM, "cannot ask devlink");
	ret = devlink_ask(sock, &list, f);
	nl_socket_free(sock);
	if (ret) {
		free(list.ports);
		return ret;
	}
	*out = list.ports;
	*count = list.count;
	return 0;
}
#else
int devlink_port_parse(const void *attributes, size_t len, struct devlink_port *out)
{
	memset(out, 0, sizeof(*out));
	return -EOPNOTSUPP;
}

int devlink_ports(struct devlink_port **out, unsigned int *count, struct fail *f)
{
	*out = NULL;
	*count = 0;
	return fail_set(f, EOPNOTSUPP, "devlink is not asked: built without libnl");
}
#endif
