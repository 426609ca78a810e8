/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session: one IOMMU context, at most one device driver on it, named buffers, and the safety rules around them
 * (canary, addresses, the way out). Everything that touches a device goes through one.
 */
#ifndef IC_CORE_SESSION_H
#define IC_CORE_SESSION_H

#include <signal.h>

#include "base/fail.h"
#include "dev/dev.h"
#include "host/host.h"
#include "iommu/iommu.h"
#include "out/result.h"

enum canary_mode { CANARY_AUTO, CANARY_REQUIRE, CANARY_OFF };

struct session_params {
	const char *backend; /* spec or NULL = auto */
	const char *device;  /* id or NULL */
	const char *driver;  /* spec or NULL = match */
	const char *vf_token;
	uint64_t seed;
	enum canary_mode canary;
	bool unchecked;
	bool allow_p2p, allow_crash;
};

struct session;

int session_open(struct session **out, const struct session_params *params, const struct host *host, struct fail *f);
/* The way out, then everything undone. Returns 0, or -EBUSY when the device would not stop (memory is then kept). */
int session_close(struct session *s);

struct iommu *session_iommu(const struct session *s);
struct dev *session_dev(const struct session *s);
const struct session_params *session_params(const struct session *s);
/* "vfio", "0000:00:04.0", "lsi": for the report and the first line. */
const char *session_backend_name(const struct session *s);
const char *session_device_name(const struct session *s);
const char *session_driver_name(const struct session *s);

/* Set by the signal handlers main installs; every loop looks at it. 0 = none. */
extern volatile sig_atomic_t session_signal;

#endif
