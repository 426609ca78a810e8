/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session: one IOMMU context, at most one device driver on it, named buffers, and the safety rules around them
 * (canary, addresses, the way out). Everything that touches a device goes through one.
 */
#ifndef IC_CORE_SESSION_H
#define IC_CORE_SESSION_H

#include <signal.h>

#include "base/fail.h"
#include "core/session/space.h"
#include "dev/dev.h"
#include "host/faults.h"
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
	bool canary_told; /* an earlier session of this run has said why there is none */
	bool unchecked;
	bool allow_p2p, allow_crash;
};

struct session;

/* The backend's spec: the one in @params, or for "auto" the best that the device has. Never sim for a named device. */
const char *session_backend_choice(const struct session_params *params, const struct host *host);

/*
 * Open the backend, attach the device, find its driver. No DMA and no bus mastering yet. Strings of @params must outlive
 * the session. Without a matching driver the session opens all the same; session_dma_start() then says why.
 */
int session_open(struct session **out, const struct session_params *params, const struct host *host, struct fail *f);
/* The way out, then everything undone. 0, or -EBUSY when the device would not stop (its memory is then kept until exit). */
int session_close(struct session *s, struct fail *f);

/*
 * A device of the session: its own (@id NULL), or another that joins its I/O address space now, reachable and without the right
 * to master the bus, until the session ends. Errors as iommu_attach().
 */
int session_idev(struct session *s, const char *id, struct iommu_device **out, struct fail *f);
/* Stop the device; the next DMA starts it anew. -EBUSY: it would not stop. */
int session_pause(struct session *s, struct fail *f);

struct iommu *session_iommu(const struct session *s);
struct dev *session_dev(const struct session *s); /* NULL without a driver */
struct iommu_device *session_device(const struct session *s);
const struct session_params *session_params(const struct session *s);
/* "vfio", "0000:00:04.0", "lsi": for the report and the first line. */
const char *session_backend_name(const struct session *s);
const char *session_device_name(const struct session *s);
const char *session_driver_name(const struct session *s);
bool session_is_simulated(const struct session *s);
/* Random bits that mark this session's stamps; follows from the seed. */
uint64_t session_stamp_id(const struct session *s);

/*
 * Attach the device to a space or page table of id @pt_id; @space is the one it translates (main too), NULL where only its own
 * data tells: no DMA is done then. Replaces what it was attached to. Rings and canaries are mapped there first, and the canary is
 * asked after it. -EEXIST: something else is mapped where they must be.
 */
int session_attach(struct session *s, uint32_t pt_id, struct iommu *space, struct fail *f);
/* From now on the device reaches nothing. */
int session_detach(struct session *s, struct fail *f);
/*
 * Prove that: let the detached device write to canary pages. *reached: it came through to the space it was in before.
 * -EREMOTEIO: to the physical address. -EOPNOTSUPP: it cannot be asked, with the reason.
 */
int session_ask_detached(struct session *s, bool *reached, struct fail *f);
/* The space that translates the device's DMA, NULL: none that is known. */
struct iommu *session_attached(const struct session *s);
/* -EBUSY where that is another than the session's own: what works in that one alone asks first. */
int session_at_home(const struct session *s, struct fail *f);

/* IOVAs for tests: legal for IOMMU and device, outside every window of the safety rules and outside the pin arena. */
const struct iova_space *session_space(const struct session *s);
/* A random IOVA from @space (or a part of it) where nothing is mapped now; @op numbers the draw. False: none found. */
bool session_pick(const struct session *s, const struct iova_space *space, uint64_t op, uint64_t size, uint64_t align,
		  iova_t *out);
/* The same, and nothing is mapped there in @in either. */
bool session_pick_in(const struct session *s, const struct iommu *in, const struct iova_space *space, uint64_t op,
		     uint64_t size, uint64_t align, iova_t *out);

/*
 * The kernel may choose IOVAs in @space from now on, and does so inside of session_space() (IOMMU_IOAS_ALLOW_IOVAS): by itself it knows
 * nothing of PCI windows and of what the device reaches. What the user allowed there stays. Idempotent; from one thread.
 */
int session_allow_choice(struct session *s, struct iommu *space, struct fail *f);
/* iommu_map() with req->kernel_iova. An answer that the safety rules forbid is undone: -ERANGE. Safe from several threads. */
int session_map_chosen(struct session *s, struct iommu *space, struct iommu_map_req *req, struct fail *f);
struct iommu_copy_req;
/* iommu_space_copy() with req->kernel_iova, by the same rules: session_allow_choice() is done here. From one thread. */
int session_copy_chosen(struct session *s, struct iommu *space, struct iommu_copy_req *req, struct fail *f);

/*
 * A test will map @ranges: rings, canaries and session_pick() choose other places from now on. A page whose place follows
 * from its physical address lies in it all the same where no other page is to be had. At most SESSION_KEEP_MAX ranges, instead of those
 * of the last call; 0: none any more.
 */
#define SESSION_KEEP_MAX 8
void session_keep_free(struct session *s, const struct iova_range *ranges, unsigned int nr);

/*
 * May the range be mapped without --unchecked? -EINVAL (zero size, misaligned) or -ERANGE (wraps, outside the apertures,
 * in a reserved region, a PCI window) with the offending value and the nearest legal range in @f. What lies where nothing may be
 * mapped here is told in the words SESSION_NOT_USABLE; everything else is wrong anywhere.
 */
#define SESSION_NOT_USABLE "is not usable here"
int session_check_map(const struct session *s, iova_t iova, uint64_t size, struct fail *f);
/* May the device be pointed there? Never into interrupt or PCI windows; unmapped IOVAs only once the canary has passed. */
int session_check_dma(struct session *s, iova_t iova, uint64_t size, struct fail *f);

/*
 * Before the first DMA: bus master on, engine up, canary. Idempotent. -EREMOTEIO: the canary was reached, the IOMMU does
 * not translate (verdict `untranslated`); -EPERM: canary required and impossible; -ENODEV: no driver.
 */
int session_dma_start(struct session *s, struct fail *f);
/* How many loops or transfers go by between two canaries (safety rule 1). */
#define SESSION_CANARY_EVERY 1000
/* The canary again (every 1,000 loops, after a miscompare). As session_dma_start(). */
int session_canary(struct session *s, struct fail *f);
/*
 * A transfer timed out, or a canary said no: stop the device at once and forbid all further DMA of this session. @why is
 * what every later attempt is told. Safe from several threads; the first reason stays.
 */
void session_forbid(struct session *s, const struct fail *why);
/*
 * For every transfer that ended with @err, after @f was filled: where it timed out, the device is stopped and DMA forbidden. Where
 * that was because it is gone, @f says so instead. Returns the error that is in @f.
 */
int session_dma_failed(struct session *s, int err, struct fail *f);
bool session_is_forbidden(const struct session *s);
/* False: the device would not stop, so no memory it was ever given may be unmapped, freed or reused before exit. */
bool session_is_quiet(const struct session *s);
/* Stop the device as session_close() will, so that a report can tell session_is_quiet(). It starts anew with the next DMA. */
void session_settle(struct session *s);
/* -EBUSY with the reason when session_is_quiet() is false: asked before every op on mappings and buffers. */
int session_usable(const struct session *s, struct fail *f);
/* Did a canary pass? False also means "could not be asked". */
bool session_canary_passed(const struct session *s);
/* Why there is no canary, or "". */
const char *session_canary_why(const struct session *s);

/*
 * A mapping elsewhere that only holds pages: in the pin arena, read-only, outside the device's reach where the aperture
 * allows. Slots are the caller's: 0 .. @slots - 1 of session_pin_setup(), each at most its @max_size.
 */
int session_pin_setup(struct session *s, uint64_t max_size, unsigned int slots, struct fail *f);
int session_pin(struct session *s, unsigned int slot, void *va, uint64_t size, struct fail *f);
int session_unpin(struct session *s, unsigned int slot, uint64_t size, uint64_t *unmapped, struct fail *f);

/*
 * One page of ours whose physical address is a legal IOVA for the device, kept pinned: IOVAs for probes of unmapped and
 * read-only memory come from here. -EOPNOTSUPP with the reason when physical addresses cannot be had. Where accesses
 * pass no IOMMU (caps.bypasses_table) and so reach nothing but what is mapped, phys is any free IOVA.
 */
struct canary_page {
	void *va;
	iova_t phys;
};
int session_canary_page(struct session *s, unsigned int n, struct canary_page *out, struct fail *f);
#define SESSION_CANARY_PAGES 16

/*
 * In one space (main or another): stop the engine, drop every mapping in one call, map rings and canary pages again, start. *mapped = bytes that were
 * mapped, *unmapped = bytes the backend reported. -EEXIST: something it said it removed is still there.
 */
int session_unmap_all(struct session *s, struct iommu *space, uint64_t *mapped, uint64_t *unmapped, struct fail *f);

/*
 * Hold a map or unmap that was just done against the kernel's own view of its page tables, where it tells that
 * (iommu_check_table()). 0: it agrees, or there is nothing to ask; -EILSEQ: it does not, -EUCLEAN: the pins do not, @f says how.
 */
int session_check_table(struct session *s, struct iommu *space, const void *va, iova_t iova, uint64_t size, bool mapped,
			int pins, struct fail *f);
/* How many maps and unmaps were held against it and agreed. */
uint64_t session_table_checks(const struct session *s);

/*
 * Faults on our device (or its group) since the last call, with group and what ties them to the device; page faults that wait in
 * queues of the session (source "iopf") are among them. *seen false: nobody is looking (no right to the kernel log). *lost:
 * messages that the kernel left out (rate limit) or that were overrun, or faults the simulation had no room for. The work is
 * bounded, whatever is being logged.
 */
int session_faults(struct session *s, struct dma_fault *out, unsigned int max, unsigned int *count, bool *seen,
		   unsigned int *lost);
/*
 * Faults after those that were seen may be in no log: so many came within its limit's time that the limit may have been spent, and only
 * a later fault would have the kernel tell how many it left out. @why: the limit in words.
 */
bool session_fault_limit_spent(const struct session *s, char *why, size_t len);
/* The log went on while session_faults() read it: there may be more. */
bool session_faults_behind(const struct session *s);
/* Leave out what is logged by now: it counts as lost. */
void session_faults_skip(struct session *s);
/* Is anybody looking for kernel complaints: the log, or a taint flag that was not set before? Never in the simulation. */
bool session_kernel_watched(const struct session *s);
/* A kernel WARNING or taint that appeared since the session was opened; "" if none. */
const char *session_kernel_complaint(struct session *s);
/* The next command of a session that stays: faults and complaints that the one before has told are not told again. */
void session_begin_command(struct session *s);

/* Pages pinned beyond what the ledger explains: 0 = none, negative = fewer. -EOPNOTSUPP when nobody counts. */
int session_pin_excess(struct session *s, int64_t *pages);

/* Set by the signal handlers main installs; every loop looks at it. 0 = none. */
extern volatile sig_atomic_t session_signal;

#endif
