/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving a device to vfio-pci. The order makes a crash harmless at every point: the state file is complete before the
 * device is touched, and bind_restore() needs nothing but that file.
 */
#include "host/bind.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/msg.h"
#include "host/bind_step.h"
#include "host/groups.h"
#include "host/guards.h"
#include "host/module.h"
#include "host/text.h"
#include "host/uevent.h"

#define BIND_NODE_TIMEOUT_NS 5000000000ULL

/* Says what stands against it; refuses unless forced. A dry run lists everything. */
static int bind_guard(struct bind_job *job, struct fail *f)
{
	struct guard_reasons reasons;
	int ret;

	ret = guards_check(job->host, &job->dev, true, &reasons);
	if (ret)
		return fail_set(f, ret, "cannot find out what uses %s", job->dev.addr);
	if (!reasons.count)
		return 0;
	for (unsigned int i = 0; i < MIN(reasons.count, GUARD_MAX_REASONS); i++)
		if (job->params->dry_run || job->params->force || i > 0)
			msg_warn("%s is used by this machine: %s", job->dev.addr, reasons.text[i]);
	text_copy(job->used, sizeof(job->used), reasons.text[0]);
	if (job->params->force)
		return 0;
	fail_set(f, EBUSY, "%s is used by this machine: %s", job->dev.addr, reasons.text[0]);
	fail_hint(f, "stop that use first; --force takes the device away all the same");
	return -EBUSY;
}

static int bind_fail_group(const struct bind_job *job, struct fail *f)
{
	fail_set(f, ENODEV, "cannot bind %s: it has no IOMMU group", job->dev.addr);
	fail_hint(f,
		  "switch the IOMMU on in the firmware and on the kernel command line; iommuctl list shows the rest");
	return -ENODEV;
}

static int bind_check_device(const struct bind_job *job, struct fail *f)
{
	const struct pci_info *dev = &job->dev;

	if (pci_is_fabric(dev))
		return fail_set(f, EINVAL, "cannot bind %s: it is a bridge", dev->addr);
	if (dev->group < 0 && !group_may_appear(job->host, dev))
		return bind_fail_group(job, f);
	return 0;
}

int bind_check(const struct host *host, const char *id, const struct bind_params *params, struct fail *f)
{
	struct bind_result ignored;
	struct bind_job job;
	int ret;

	ret = bind_job_init(&job, host, id, params, &ignored, f);
	if (!ret)
		ret = bind_check_device(&job, f);
	/* what --force overrides is told when it is done */
	if (!ret && !params->force && !pci_is_vfio_driver(job.dev.driver))
		ret = bind_guard(&job, f);
	return ret;
}

static int bind_need_module(const struct bind_job *job, struct fail *f)
{
	if (host_exists(job->host, "/sys/bus/pci/drivers/vfio-pci"))
		return 0;
	bind_say(job, "load the module vfio-pci");
	if (job->params->dry_run)
		return 0;
	module_load(job->host, "vfio-pci");
	if (host_exists(job->host, "/sys/bus/pci/drivers/vfio-pci"))
		return 0;
	fail_set(f, ENOENT, "the driver vfio-pci is not there and cannot be loaded");
	fail_hint(f, "as root: modprobe vfio-pci; it is CONFIG_VFIO_PCI in the kernel's configuration");
	return -ENOENT;
}

/*
 * A state file that is already there was left by a run that died. It stands, unless the device has been given to some
 * driver since: then that one is what has to come back.
 */
static int bind_remember(const struct bind_job *job, struct fail *f)
{
	struct bind_state state = {0}, old;
	bool left = bind_state_read(job->host, job->dev.addr, &old) == 0;
	int ret;

	if (left && !job->dev.driver[0])
		return 0;
	text_copy(state.driver, sizeof(state.driver), job->dev.driver);
	text_copy(state.used, sizeof(state.used), job->used);
	bind_read_override(job, state.override, sizeof(state.override));
	if (strcmp(state.override, BIND_VFIO) == 0)
		text_copy(state.override, sizeof(state.override), left ? old.override : "");
	bind_say(job, "remember the driver '%s' in " BIND_STATE_DIR "/%s", state.driver, job->dev.addr);
	if (job->params->dry_run)
		return 0;
	ret = bind_state_write(job->host, job->dev.addr, &state);
	if (ret)
		return fail_set(f, ret, "cannot write " BIND_STATE_DIR "/%s", job->dev.addr);
	return 0;
}

/* The group's node, or the device's own on kernels without groups. */
static bool bind_node_is_there(const struct bind_job *job)
{
	CLEANUP_FREE char **cdevs = NULL;

	if (host_exists(job->host, "/dev/vfio/%d", job->dev.group))
		return true;
	if (host_list_dir(job->host, &cdevs, "/sys/bus/pci/devices/%s/vfio-dev", job->dev.addr) || !cdevs[0])
		return false;
	return host_exists(job->host, "/dev/vfio/devices/%s", cdevs[0]);
}

static int bind_wait_node(const struct bind_job *job, struct uevent_watch *watch, struct fail *f)
{
	uint64_t end = clock_ns() + BIND_NODE_TIMEOUT_NS, now;

	if (job->dev.group < 0)
		bind_say(job, "see which IOMMU group it gets, and wait for its node in /dev/vfio");
	else
		bind_say(job, "wait for /dev/vfio/%d", job->dev.group);
	if (job->params->dry_run)
		return 0;
	while (!bind_node_is_there(job)) {
		now = clock_ns();
		if (now >= end) {
			fail_set(f, ETIMEDOUT, "%s is bound, but /dev/vfio/%d did not appear within 5 s", job->dev.addr,
				 job->dev.group);
			fail_hint(f, "is /dev a devtmpfs, or udev running? iommuctl unbind %s takes it back",
				  job->dev.addr);
			return -ETIMEDOUT;
		}
		/* Looked at again now and then, should an announcement be lost. */
		uevent_wait(watch, (int)MIN((end - now) / 1000000 + 1, 250));
	}
	return 0;
}

/* The group that the probe gave the device; the kernel's stand-in for a device without an IOMMU is none. */
static int bind_read_group(struct bind_job *job, struct fail *f)
{
	char group[16], name[32];

	if (host_read_link(job->host, group, sizeof(group), "/sys/bus/pci/devices/%s/iommu_group", job->dev.addr) ||
	    (host_read_line(job->host, name, sizeof(name), "/sys/kernel/iommu_groups/%s/name", group) == 0 &&
	     strcmp(name, "vfio-noiommu") == 0))
		return bind_fail_group(job, f);
	job->dev.group = atoi(group);
	return 0;
}

static int bind_take(struct bind_job *job, struct fail *f)
{
	int ret = bind_write_driver(job, BIND_VFIO, "bind", f);

	/* without a group vfio-pci says EINVAL, or takes the device untranslated */
	if (!job->params->dry_run && job->dev.group < 0 && (!ret || ret == -EINVAL) && bind_read_group(job, f))
		return -ENODEV;
	return ret;
}

static int bind_move(struct bind_job *job, struct fail *f)
{
	int ret;

	ret = bind_write_override(job, BIND_VFIO, f);
	if (!ret && job->dev.driver[0])
		ret = bind_write_driver(job, job->dev.driver, "unbind", f);
	if (!ret)
		ret = bind_take(job, f);
	if (!ret && !job->params->dry_run && !bind_is_driver(job, BIND_VFIO))
		ret = fail_set(f, EIO, "%s did not go to vfio-pci", job->dev.addr);
	if (ret == -EINVAL)
		fail_hint(f, "vfio-pci takes no such device; the kernel log says why");
	return ret;
}

/* After a failed move, back to how it was; what cannot be undone now, `unbind` can later. */
static void bind_undo(const struct bind_job *job)
{
	struct bind_params quiet = *job->params;
	struct bind_result ignored;
	struct fail why = {0};

	if (bind_restore_locked(job->host, job->dev.addr, &quiet, &ignored, &why))
		msg_warn("%s could not be given back: %s; try iommuctl unbind %s", job->dev.addr, why.text,
			 job->dev.addr);
}

static int bind_do(struct bind_job *job, struct fail *f)
{
	struct uevent_watch *watch = NULL;
	int ret;

	if (!job->params->dry_run)
		uevent_open(&watch);
	ret = bind_move(job, f);
	if (ret)
		bind_undo(job);
	else
		ret = bind_wait_node(job, watch, f);
	uevent_close(watch);
	return ret;
}

static int bind_to_vfio_locked(const struct host *host, const char *id, const struct bind_params *params,
			       struct bind_result *out, struct fail *f)
{
	struct bind_job job;
	int ret;

	ret = bind_job_init(&job, host, id, params, out, f);
	if (!ret)
		ret = bind_check_device(&job, f);
	if (ret)
		return ret;
	if (pci_is_vfio_driver(job.dev.driver)) {
		text_copy(out->to, sizeof(out->to), job.dev.driver);
		return 0;
	}
	text_copy(out->to, sizeof(out->to), BIND_VFIO);
	ret = bind_guard(&job, f);
	if (!ret)
		ret = bind_may_change(&job, f);
	if (!ret)
		ret = bind_need_module(&job, f);
	if (!ret)
		ret = bind_remember(&job, f);
	if (!ret)
		ret = bind_do(&job, f);
	out->changed = !ret && !params->dry_run;
	return ret;
}

int bind_to_vfio(const struct host *host, const char *id, const struct bind_params *params, struct bind_result *out,
		 struct fail *f)
{
	CLEANUP_FD int lock = -1;
	int ret = bind_lock(host, id, params, &lock, f);

	return ret ? ret : bind_to_vfio_locked(host, id, params, out, f);
}
