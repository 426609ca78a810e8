/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading a kernel module by the machine's modprobe, without a shell in between. */
#include "host/module.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "base/msg.h"

static int module_run(const char *modprobe, const char *name)
{
	char *argv[] = {(char *)"modprobe", (char *)name, NULL};
	char *envp[] = {(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	int status, ret;
	pid_t pid;

	ret = posix_spawn(&pid, modprobe, NULL, NULL, argv, envp);
	if (ret)
		return -ret;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ENOENT;
}

int module_load(const struct host *host, const char *name)
{
	/* The kernel's own idea of modprobe first; an initramfs may have it in one place only. */
	const char *paths[] = {NULL, "/sbin/modprobe", "/usr/sbin/modprobe", "/bin/modprobe"};
	char line[256];
	int ret = -ENOENT;

	if (host->kernel)
		return host->kernel->load_module(host, name);
	if (host_is_capture(host))
		return -EROFS;
	if (host_read_line(host, line, sizeof(line), "/proc/sys/kernel/modprobe") == 0 && line[0] == '/')
		paths[0] = line;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (paths[i] && access(paths[i], X_OK) == 0) {
			msg_info("running %s %s", paths[i], name);
			ret = module_run(paths[i], name);
			break;
		}
	return ret;
}
