/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving a device back to the driver it had, from wherever an earlier run left it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "host/bind.h"
#include "host/bind_step.h"
#include "host/module.h"
#include "host/self.h"
#include "host/text.h"

struct unbind {
	struct bind_job job;
	struct bind_state state;
	bool remembered;
};

static int unbind_refuse(const char *addr, const char *node, const char *name, int pid, struct fail *f)
{
	if (pid) {
		fail_set(f, EBUSY, "cannot unbind %s: %s (pid %d) holds %s", addr, name, pid, node);
		fail_hint(f, "end process %d first", pid);
	} else {
		fail_set(f, EBUSY, "cannot unbind %s: a process that cannot be seen from here holds %s", addr, node);
		fail_hint(f, "look for it as root and outside of containers: fuser %s", node);
	}
	return -EBUSY;
}

/*
 * The kernel would let the write to `unbind` sleep until the holder is gone. A group may be open once only, so that EBUSY
 * tells of holders that /proc does not show.
 */
static int unbind_check_node(const struct bind_job *job, const char *node, bool exclusive, struct fail *f)
{
	char path[PATH_MAX], name[32];
	int pid, fd;

	if (host_path(job->host, path, sizeof(path), "%s", node))
		return fail_set(f, ENAMETOOLONG, "cannot look at %s", node);
	pid = self_find_holder(path, name, sizeof(name));
	if (pid)
		return unbind_refuse(job->dev.addr, node, name, pid, f);
	if (!exclusive || host_is_capture(job->host))
		return 0; /* nothing is opened on a capture */
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	else if (errno == EBUSY)
		return unbind_refuse(job->dev.addr, node, NULL, 0, f);
	return 0;
}

/* The device's own node first: while that is in use the group's answers EBUSY too, and nobody is seen to hold it. */
static int unbind_check_holders(const struct bind_job *job, struct fail *f)
{
	char node[64];
	int ret = 0;

	if (job->dev.cdev[0]) {
		snprintf(node, sizeof(node), "/dev/vfio/devices/%s", job->dev.cdev);
		ret = unbind_check_node(job, node, false, f);
	}
	snprintf(node, sizeof(node), "/dev/vfio/%d", job->dev.group);
	return ret ? ret : unbind_check_node(job, node, true, f);
}

/* To the driver it had; when that one has been unloaded meanwhile, by way of its module. */
static int unbind_rebind(const struct unbind *u, struct fail *f)
{
	const struct bind_job *job = &u->job;
	char modalias[256];

	if (!u->remembered)
		return bind_write_probe(job, f);
	if (!u->state.driver[0] || bind_is_driver(job, u->state.driver))
		return 0;
	if (!host_exists(job->host, "/sys/bus/pci/drivers/%s", u->state.driver) &&
	    host_read_line(job->host, modalias, sizeof(modalias), "/sys/bus/pci/devices/%s/modalias", job->dev.addr) ==
		    0) {
		bind_say(job, "load the module for %s", u->state.driver);
		if (!job->params->dry_run)
			module_load(job->host, modalias);
		/* Loading it binds the device. */
		if (bind_is_driver(job, u->state.driver))
			return 0;
	}
	return bind_write_driver(job, u->state.driver, "bind", f);
}

static int unbind_do(const struct unbind *u, struct fail *f)
{
	const struct bind_job *job = &u->job;
	int ret;

	ret = bind_write_override(job, u->state.override, f);
	if (!ret && pci_is_vfio_driver(job->dev.driver))
		ret = bind_write_driver(job, job->dev.driver, "unbind", f);
	if (!ret)
		ret = unbind_rebind(u, f);
	if (ret || job->params->dry_run)
		return ret;
	if (u->remembered && !bind_is_driver(job, u->state.driver)) {
		fail_set(f, EIO, "%s did not go back to '%s'", job->dev.addr, u->state.driver);
		fail_hint(f, "the kernel log says why; what it had stays in " BIND_STATE_DIR "/%s", job->dev.addr);
		return -EIO;
	}
	ret = bind_state_remove(job->host, job->dev.addr);
	if (ret)
		return fail_set(f, ret, "cannot remove " BIND_STATE_DIR "/%s", job->dev.addr);
	return 0;
}

/* A damaged state file is as good as none, but not silently. */
static int unbind_recall(struct unbind *u, struct fail *f)
{
	int ret = bind_state_read(u->job.host, u->job.dev.addr, &u->state);

	if (ret && ret != -ENOENT) {
		fail_set(f, ret, "cannot read " BIND_STATE_DIR "/%s", u->job.dev.addr);
		fail_hint(f, "remove that file and try again: the kernel then chooses the driver");
		return ret;
	}
	u->remembered = ret == 0;
	return 0;
}

int bind_restore_locked(const struct host *host, const char *id, const struct bind_params *params,
			struct bind_result *out, struct fail *f)
{
	struct unbind u = {0};
	bool on_vfio;
	char override[32];
	int ret;

	ret = bind_job_init(&u.job, host, id, params, out, f);
	if (!ret)
		ret = unbind_recall(&u, f);
	if (ret)
		return ret;
	on_vfio = pci_is_vfio_driver(u.job.dev.driver);
	bind_read_override(&u.job, override, sizeof(override));
	/* Not ours, never was: nothing to give back. */
	if (!on_vfio && !u.remembered && strcmp(override, BIND_VFIO)) {
		text_copy(out->to, sizeof(out->to), out->from);
		return 0;
	}
	/* Someone gave it to another driver meanwhile: that stands, and our traces go. */
	if (!on_vfio && u.job.dev.driver[0] && u.remembered)
		text_copy(u.state.driver, sizeof(u.state.driver), u.job.dev.driver);
	if (on_vfio)
		ret = unbind_check_holders(&u.job, f);
	if (!ret)
		ret = bind_may_change(&u.job, f);
	if (!ret)
		ret = unbind_do(&u, f);
	if (params->dry_run)
		text_copy(out->to, sizeof(out->to), u.state.driver);
	else
		bind_read_driver(&u.job, out->to, sizeof(out->to));
	out->changed = !ret && !params->dry_run && strcmp(out->from, out->to);
	return ret;
}

int bind_restore(const struct host *host, const char *id, const struct bind_params *params, struct bind_result *out,
		 struct fail *f)
{
	CLEANUP_FD int lock = -1;
	int ret = bind_lock(host, id, params, &lock, f);

	return ret ? ret : bind_restore_locked(host, id, params, out, f);
}
