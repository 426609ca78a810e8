/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The single steps that bind and unbind are made of. */
#include "host/bind_step.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "host/text.h"

#define BIND_DEV_DIR "/sys/bus/pci/devices"

int bind_job_init(struct bind_job *job, const struct host *host, const char *id, const struct bind_params *params,
		  struct bind_result *out, struct fail *f)
{
	int ret;

	memset(out, 0, sizeof(*out));
	job->used[0] = '\0';
	job->host = host;
	job->params = params;
	ret = pci_find(host, id, &job->dev, f);
	if (ret)
		return ret;
	text_copy(out->id, sizeof(out->id), job->dev.addr);
	text_copy(out->from, sizeof(out->from), job->dev.driver);
	return 0;
}

int bind_may_change(const struct bind_job *job, struct fail *f)
{
	char path[128];
	int ret;

	if (job->params->dry_run)
		return 0;
	if (!host_may_change(job->host)) {
		fail_set(f, EROFS, "cannot change %s: --sysroot shows a captured machine", job->dev.addr);
		fail_hint(f, "add --dry-run to see what would be done");
		return -EROFS;
	}
	snprintf(path, sizeof(path), BIND_DEV_DIR "/%s/driver_override", job->dev.addr);
	if (!job->host->kernel && access(path, W_OK) < 0) {
		ret = fail_set(f, errno, "cannot change the driver of %s", job->dev.addr);
		fail_hint(f, "run as root");
		return ret;
	}
	return 0;
}

int bind_lock(const struct host *host, const char *id, const struct bind_params *params, int *fd, struct fail *f)
{
	struct bind_job job = {.host = host, .params = params};
	int ret;

	*fd = -1;
	/* what is wrong here is told in its place: this only asks whether something may be changed */
	if (params->dry_run || pci_normalize(id, job.dev.addr, sizeof(job.dev.addr)) ||
	    !host_exists(host, BIND_DEV_DIR "/%s", job.dev.addr) || bind_may_change(&job, NULL))
		return 0;
	ret = bind_state_lock(host, job.dev.addr);
	if (ret >= 0) {
		*fd = ret;
		return 0;
	}
	if (ret == -EBUSY) {
		fail_set(f, ret, "another iommuctl is binding or unbinding %s", job.dev.addr);
		fail_hint(f, "try again when it has ended; fuser " BIND_STATE_DIR "/.%s.lock names it", job.dev.addr);
		return ret;
	}
	return fail_set(f, ret, "cannot lock " BIND_STATE_DIR "/.%s.lock", job.dev.addr);
}

void bind_say(const struct bind_job *job, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (job->params->dry_run)
		msg_note("%s: would %s", job->dev.addr, text);
	else
		msg_info("%s: %s", job->dev.addr, text);
}

static int bind_write(const struct bind_job *job, const char *path, const char *text, struct fail *f)
{
	int ret;

	if (job->params->dry_run)
		return 0;
	ret = host_write(job->host, text, "%s", path);
	if (!ret)
		return 0;
	fail_set(f, ret, "%s: cannot write to %s", job->dev.addr, path);
	if (ret == -EACCES || ret == -EPERM)
		fail_hint(f, "run as root");
	return ret;
}

void bind_read_override(const struct bind_job *job, char *out, size_t len)
{
	if (host_read_line(job->host, out, len, BIND_DEV_DIR "/%s/driver_override", job->dev.addr) ||
	    strcmp(out, "(null)") == 0)
		out[0] = '\0';
}

int bind_write_override(const struct bind_job *job, const char *driver, struct fail *f)
{
	char path[96], line[40];

	snprintf(path, sizeof(path), BIND_DEV_DIR "/%s/driver_override", job->dev.addr);
	/* An empty line takes the override away; an empty write would not reach the kernel. */
	snprintf(line, sizeof(line), "%.31s\n", driver);
	if (*driver)
		bind_say(job, "write %s to %s", driver, path);
	else
		bind_say(job, "clear %s", path);
	return bind_write(job, path, line, f);
}

int bind_write_driver(const struct bind_job *job, const char *driver, const char *verb, struct fail *f)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%.31s/%s", driver, verb);
	bind_say(job, "write %s to %s", job->dev.addr, path);
	return bind_write(job, path, job->dev.addr, f);
}

int bind_write_probe(const struct bind_job *job, struct fail *f)
{
	bind_say(job, "let the kernel look for a driver");
	return bind_write(job, "/sys/bus/pci/drivers_probe", job->dev.addr, f);
}

void bind_read_driver(const struct bind_job *job, char *out, size_t len)
{
	if (host_read_link(job->host, out, len, BIND_DEV_DIR "/%s/driver", job->dev.addr))
		out[0] = '\0';
}

bool bind_is_driver(const struct bind_job *job, const char *driver)
{
	char now[32];

	bind_read_driver(job, now, sizeof(now));
	return strcmp(now, driver) == 0;
}
