/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The single steps that bind and unbind are made of; each says what it does, and in a dry run does only that. */
#ifndef IC_HOST_BIND_STEP_H
#define IC_HOST_BIND_STEP_H

#include "host/bind.h"
#include "host/bind_state.h"
#include "host/pci.h"

#define BIND_VFIO "vfio-pci"

struct bind_job {
	const struct host *host;
	const struct bind_params *params;
	struct pci_info dev; /* as it was at the start */
	char used[160];	     /* by the host, which --force overrode */
};

/* Finds the device. Fills out->id and out->from. */
int bind_job_init(struct bind_job *job, const struct host *host, const char *id, const struct bind_params *params,
		  struct bind_result *out, struct fail *f);

/* -EROFS for captures, which can only be looked at; -EACCES without the right. Always 0 in a dry run. */
int bind_may_change(const struct bind_job *job, struct fail *f);

/*
 * Keeps other runs off the device until *fd is closed; *fd is -1 where nothing is going to be changed (a dry run, a capture,
 * an ordinary user, no such device). -EBUSY: another run has it. To be called before the device is looked at.
 */
int bind_lock(const struct host *host, const char *id, const struct bind_params *params, int *fd, struct fail *f);
/* bind_restore() for who has the lock. */
int bind_restore_locked(const struct host *host, const char *id, const struct bind_params *params,
			struct bind_result *out, struct fail *f);

/* "would ..." in a dry run, else at -v. */
void bind_say(const struct bind_job *job, const char *fmt, ...) IC_PRINTF(2, 3);

/* The device's driver_override, "" for none. */
void bind_read_override(const struct bind_job *job, char *out, size_t len);
/* @driver "" removes it. */
int bind_write_override(const struct bind_job *job, const char *driver, struct fail *f);
/* @verb: "bind" or "unbind". */
int bind_write_driver(const struct bind_job *job, const char *driver, const char *verb, struct fail *f);
/* Let the kernel look for a driver. */
int bind_write_probe(const struct bind_job *job, struct fail *f);

/* The driver the device has now, "" for none. */
void bind_read_driver(const struct bind_job *job, char *out, size_t len);
bool bind_is_driver(const struct bind_job *job, const char *driver);

#endif
