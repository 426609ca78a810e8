/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has the nodes of VFIO open, by the descriptors of every process that may be looked at. */
#include "host/holders.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "host/host.h"
#include "host/text.h"

#define HOLDERS_DIR "/dev/vfio/"

static const struct host holders_host;

struct holder_list {
	struct holder *holders;
	unsigned int count;
};

static int holders_add(struct holder_list *list, const char *node, int pid)
{
	struct holder h = {.pid = pid};
	struct holder *more;

	if (!text_copy(h.node, sizeof(h.node), node))
		return 0;
	if (host_read_line(&holders_host, h.name, sizeof(h.name), "/proc/%d/comm", pid))
		text_copy(h.name, sizeof(h.name), "?");
	if ((list->count & (list->count - 1)) == 0) {
		more = reallocarray(list->holders, list->count ? 2 * list->count : 4, sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->holders = more;
	}
	list->holders[list->count++] = h;
	return 0;
}

/* A container's /dev may be elsewhere to us: only the end of the path counts. */
static int holders_of_process(struct holder_list *list, int pid)
{
	CLEANUP_FREE char **fds = NULL;
	char path[64], target[PATH_MAX];
	const char *node;
	ssize_t n;
	int ret = 0;

	if (host_list_dir(&holders_host, &fds, "/proc/%d/fd", pid))
		return 0;
	for (char **fd = fds; *fd && !ret; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%.20s", pid, *fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		node = strstr(target, HOLDERS_DIR);
		if (node)
			ret = holders_add(list, node, pid);
	}
	return ret;
}

static int holder_compare(const void *a, const void *b)
{
	return strcmp(((const struct holder *)a)->node, ((const struct holder *)b)->node);
}

int holders_find(struct holder **out, unsigned int *count)
{
	CLEANUP_FREE char **pids = NULL;
	struct holder_list list = {0};
	int ret = host_list_dir(&holders_host, &pids, "/proc");

	for (char **pid = pids; !ret && *pid; pid++)
		if (isdigit((unsigned char)**pid))
			ret = holders_of_process(&list, atoi(*pid));
	if (list.count)
		qsort(list.holders, list.count, sizeof(*list.holders), holder_compare);
	*out = list.holders;
	*count = list.count;
	return ret == -ENOMEM ? ret : 0;
}

const struct holder *holders_of(const struct holder *holders, unsigned int count, const char *node)
{
	struct holder key = {0};

	if (!count || !text_copy(key.node, sizeof(key.node), node))
		return NULL;
	return bsearch(&key, holders, count, sizeof(*holders), holder_compare);
}
