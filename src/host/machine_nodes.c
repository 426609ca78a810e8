/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may open the device nodes of VFIO and iommufd. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/machine.h"
#include "host/text.h"

#define NODES_FILE "/iommuctl/nodes"
#define NODES_FILE_MAX MiB(4)
#define NODES_MAX 65536

struct node_list {
	struct machine_node *nodes;
	unsigned int count;
};

static int nodes_add(struct node_list *list, const struct machine_node *node)
{
	struct machine_node *more;

	if (list->count >= NODES_MAX)
		return 0;
	if ((list->count & (list->count - 1)) == 0) {
		more = reallocarray(list->nodes, list->count ? 2 * list->count : 4, sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->nodes = more;
	}
	list->nodes[list->count++] = *node;
	return 0;
}

static int nodes_stat(const struct host *host, struct node_list *list, const char *path)
{
	struct machine_node node;
	struct stat st;

	if (!text_copy(node.path, sizeof(node.path), path) || host_stat(host, &st, "%s", path) || S_ISDIR(st.st_mode))
		return 0;
	node.mode = st.st_mode & 07777;
	node.uid = st.st_uid;
	node.gid = st.st_gid;
	return nodes_add(list, &node);
}

static int nodes_stat_all(const struct host *host, struct node_list *list, const char *dir)
{
	CLEANUP_FREE char **names = NULL;
	char path[PATH_MAX];
	int ret = 0;

	if (host_list_dir(host, &names, "%s", dir))
		return 0;
	for (char **name = names; *name && !ret; name++) {
		snprintf(path, sizeof(path), "%s/%s", dir, *name);
		ret = nodes_stat(host, list, path);
	}
	return ret;
}

/* A path that the kernel makes: it is shown in commands for a shell. */
static bool nodes_is_path(const char *path)
{
	for (const char *s = path; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("/-_.:", *s))
			return false;
	return text_starts(path, "/dev/");
}

static int nodes_parse(char *text, struct node_list *list)
{
	struct machine_node node;
	char *line, *rest;
	int ret = 0, end;

	for (line = strtok_r(text, "\n", &rest); line && !ret; line = strtok_r(NULL, "\n", &rest)) {
		end = 0;
		if (sscanf(line, "%47s %o %u %u%n", node.path, &node.mode, &node.uid, &node.gid, &end) != 4 ||
		    line[end] || !nodes_is_path(node.path))
			continue;
		node.mode &= 07777;
		ret = nodes_add(list, &node);
	}
	return ret;
}

int machine_read_nodes(const struct host *host, struct machine_node **out, unsigned int *count)
{
	CLEANUP_FREE char *text = NULL;
	struct node_list list = {0};
	int ret;

	if (host_is_capture(host) && host_read_bounded(host, NODES_FILE_MAX, &text, NULL, NODES_FILE) == 0) {
		ret = nodes_parse(text, &list);
	} else {
		ret = nodes_stat(host, &list, "/dev/iommu");
		if (!ret)
			ret = nodes_stat_all(host, &list, "/dev/vfio");
		if (!ret)
			ret = nodes_stat_all(host, &list, "/dev/vfio/devices");
	}
	*out = list.nodes;
	*count = list.count;
	return ret;
}
