/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening and closing a session, and what it knows of its backend, device and driver. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/rng.h"
#include "core/op/dirty.h"
#include "core/op/flight.h"
#include "core/session/buffer.h"
#include "core/session/named.h"
#include "core/session/priv.h"
#include "host/groups.h"
#include "host/guards.h"
#include "host/mdev.h"
#include "host/pci.h"
#include "host/requester.h"
#include "host/self.h"
#include "iommu/ledger.h"

#define SESSION_TAINT_WARN (1u << 9) /* Documentation/admin-guide/tainted-kernels.rst */

volatile sig_atomic_t session_signal;

static int session_check_device(const char *spec, const char *device, struct fail *f)
{
	const char *own = iommu_own_device(spec);
	char name[16];

	if (own && device && strcmp(device, own))
		return fail_usage(f, EINVAL, "backend %s has no device %s, only %s", spec, device, own);
	if (!own && device && iommu_own_device(device)) {
		fail_usage(f, EINVAL, "backend %s has no device %s", spec, device);
		fail_hint(f, "--backend %s has it", device);
		return -EINVAL;
	}
	if (!own && device && pci_normalize(device, name, sizeof(name)) && !mdev_is_uuid(device)) {
		fail_usage(f, EINVAL, "'%.64s' is neither a PCI address nor the UUID of a mediated device", device);
		fail_hint(f, "write 0000:00:04.0 or 00:04.0, or a UUID in full; `iommuctl list` shows both");
		return -EINVAL;
	}
	if (own || device || !iommu_is_backend(spec))
		return 0;
	fail_usage(f, EDESTADDRREQ, "backend %s needs a device", spec);
	fail_hint(f, "name one with --device; `iommuctl list` shows which are ready");
	return -EDESTADDRREQ;
}

static int session_open_backend(struct session *s, struct fail *f)
{
	struct iommu_params ip = {.vf_token = s->params.vf_token, .seed = s->params.seed, .host = s->host};
	const char *device = s->params.device, *own;
	int err;

	ip.spec = session_backend_choice(&s->params, s->host);
	own = iommu_own_device(ip.spec);
	if ((!own || strcmp(own, "sim")) && host_is_capture(s->host))
		return fail_set(f, EROFS, "a captured machine has no devices to open");
	err = session_check_device(ip.spec, device, f);
	if (err)
		return err;
	err = iommu_open(&s->iommu, &ip, f);
	/* a name, key or value in --backend that means nothing */
	if (err == -EINVAL)
		f->usage = true;
	return err ? err : iommu_attach(s->iommu, device ? device : own, &s->idev, f);
}

static void session_exclude_windows(struct session *s, struct iova_space *space)
{
	for (unsigned int i = 0; i < s->nr_windows; i++)
		space_exclude(space, (struct iova_range){s->windows[i].start, s->windows[i].last});
}

int session_load_windows(struct session *s, struct fail *f)
{
	bool estimated;
	int err;

	if (iommu_caps(s->iommu)->no_hardware || s->params.allow_p2p)
		return 0;
	err = pci_windows(s->host, &s->windows, &s->nr_windows, &estimated);
	if (err) {
		fail_set(f, err, "cannot tell which addresses belong to other PCI devices");
		fail_hint(f, "is /sys mounted and readable? --allow-p2p goes on without knowing");
		return err;
	}
	if (estimated)
		msg_warn(
			"/proc/iomem hides the PCI windows from this user: iovas keep off wide estimates of them; root "
			"sees the true ones");
	return 0;
}

/* The arena: a stretch of IOVA for pins only, beyond the device's reach where the aperture is wider than the device. */
static int session_make_arena(struct session *s, iova_t max_iova, struct fail *f)
{
	const struct iommu_caps *caps = iommu_caps(s->iommu);
	struct iova_space all;
	struct iova_range best = {1, 0};
	uint64_t size;

	space_init(&all, caps, UINT64_MAX);
	session_exclude_windows(s, &all);
	for (unsigned int i = 0; i < all.nr; i++) {
		struct iova_range r = all.r[i];

		/* never the last page of a 64-bit space, which kernels before 6.18 do not unpin */
		r.last = MIN(r.last, UINT64_MAX - MiB(2));
		if (r.last > max_iova && r.start <= max_iova)
			r.start = max_iova + 1;
		if (r.last < r.start)
			continue;
		if (r.last - r.start >= best.last - best.start || best.last < best.start)
			best = r;
	}
	if (best.last < best.start)
		return fail_set(f, ENOSPC, "no IOVA aperture is left to map in");
	size = MIN((best.last - best.start) / 4 + 1, TiB(1));
	size = ALIGN_DOWN(size, MiB(2));
	if (!size)
		return fail_set(f, ENOSPC, "the IOVA apertures are too small: 8M in one piece are needed");
	s->arena.start = ALIGN_DOWN(best.last - size + 1, MiB(2));
	s->arena.last = s->arena.start + size - 1;
	s->arena_next = s->arena.start;
	s->slots_base = s->arena.start + MIN(SESSION_PAGE * (uint64_t)SESSION_PAGES_MAX * 4, size / 2);
	return 0;
}

static int session_make_space(struct session *s, struct fail *f)
{
	iova_t max_iova = s->dev ? dev_limits(s->dev)->max_iova : UINT64_MAX;
	int err = session_load_windows(s, f);

	if (!err)
		err = session_make_arena(s, max_iova, f);
	if (err)
		return err;
	space_init(&s->space, iommu_caps(s->iommu), max_iova);
	session_exclude_windows(s, &s->space);
	s->reach = s->space;
	space_exclude(&s->space, s->arena);
	if (!s->space.nr)
		return fail_set(f, ENOSPC, "no IOVA is left that both the IOMMU and the device can use");
	return 0;
}

static int session_ring_alloc(void *ctx, iova_t max_iova, void **va, iova_t *iova, struct fail *f)
{
	struct session *s = ctx;
	struct session_page *page = NULL;
	iova_t at;
	int err;

	/* with a canary the ring sits where an untranslated fetch finds the same bytes */
	if (s->canary_ready) {
		page = session_page_new(s, true, max_iova, f);
		if (!page)
			return f->err ? -f->err : -ENOMEM;
	}
	if (page) {
		at = page->phys;
	} else {
		struct iova_space low = s->space;

		for (unsigned int i = 0; i < s->nr_keep; i++)
			space_exclude(&low, s->keep[i]);
		if (max_iova != UINT64_MAX)
			space_exclude(&low, (struct iova_range){max_iova + 1, UINT64_MAX});
		if (!space_pick(&low, rng_draw(s->params.seed, s->nr_pages, rng_place("ring")), SESSION_PAGE,
				SESSION_PAGE, &at))
			return fail_set(f, ENOSPC, "no IOVA for a ring below 0x%llx", (unsigned long long)max_iova);
		page = session_page_new(s, false, max_iova, f);
		if (!page)
			return -ENOMEM;
	}
	err = session_page_map(s, page, at, f);
	if (err) {
		session_page_free(s, page);
		return err;
	}
	s->nr_rings++;
	*va = page->mem.va;
	*iova = at;
	return 0;
}

static void session_ring_free(void *ctx, void *va)
{
	struct session *s = ctx;

	for (unsigned int i = 0; i < s->nr_pages; i++) {
		if (s->pages[i]->mem.va != va)
			continue;
		session_page_free(s, s->pages[i]);
		s->nr_rings--;
		return;
	}
}

static int session_open_dev(struct session *s)
{
	s->env = (struct dev_env){.ctx = s, .ring_alloc = session_ring_alloc, .ring_free = session_ring_free};
	return dev_open(&s->dev, s->idev, s->params.driver, &s->env, &s->dev_why);
}

/* What writes to media must not do so while anything of the host's is on them, by whichever way the device came here. */
static int session_check_media(struct session *s, struct fail *f)
{
	struct guard_reasons reasons;
	struct pci_info dev;
	int err;

	if (!s->dev || !dev_limits(s->dev)->destructive || iommu_caps(s->iommu)->no_hardware)
		return 0;
	err = pci_find(s->host, session_device_name(s), &dev, f);
	if (err)
		return err;
	err = guards_check_taken(s->host, &dev, &reasons);
	if (err)
		return fail_set(f, err, "cannot find out whether this machine still uses what is on %s", dev.addr);
	if (!reasons.count)
		return 0;
	fail_set(f, EBUSY, "driver %s is not let write to %s: %s", session_driver_name(s), dev.addr, reasons.text[0]);
	fail_hint(f, "give it back (iommuctl unbind %s), end that use, and bind it without --force", dev.addr);
	return -EBUSY;
}

static void session_watch_kernel(struct session *s)
{
	struct pci_info info;
	struct fail why = {0};

	s->group = -1;
	s->taint = fault_kernel_taint();
	if (session_is_simulated(s)) {
		s->faults_seen = true;
		return;
	}
	/* a WARNING sets a flag that a kernel which warned before already has */
	s->taint_watched = host_exists(s->host, "/proc/sys/kernel/tainted") && !(s->taint & SESSION_TAINT_WARN);
	if (!iommu_caps(s->iommu)->no_hardware && !pci_find(s->host, s->params.device, &info, NULL))
		s->group = info.group;
	s->faults_seen = !fault_log_open(&s->faults, &why);
	if (!s->faults_seen)
		msg_info("IOMMU faults are not seen: %s", why.text);
}

void session_begin_command(struct session *s)
{
	op_faults_begin(s);
	if (!s->complaint_told)
		return;
	s->complaint[0] = '\0';
	s->complaint_told = false;
	if (session_is_simulated(s))
		return;
	s->taint = fault_kernel_taint();
	s->taint_watched = s->taint_watched && !(s->taint & SESSION_TAINT_WARN);
}

int session_open(struct session **out, const struct session_params *params, const struct host *host, struct fail *f)
{
	struct session *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return fail_set(f, ENOMEM, "cannot allocate a session");
	pthread_mutex_init(&s->stop_lock, NULL);
	s->params = *params;
	s->host = host;
	s->stamp_id = rng_draw(params->seed, 0, rng_place("stamp"));
	err = session_open_backend(s, f);
	if (err)
		goto out_close;
	err = session_open_dev(s);
	/* no driver is fine until somebody wants DMA; a wrong --driver is not */
	if (err && s->params.driver) {
		*f = s->dev_why;
		f->usage = err == -EINVAL;
		goto out_close;
	}
	err = session_check_media(s, f);
	if (err)
		goto out_close;
	s->quarantines = !session_is_simulated(s);
	s->at = s->iommu;
	s->at_pt = iommu_space_id(s->iommu);
	s->granule = iommu_caps(s->iommu)->page_sizes & -iommu_caps(s->iommu)->page_sizes;
	s->has_pins = !iommu_pins(s->iommu, &s->pins_base);
	err = session_make_space(s, f);
	if (err)
		goto out_close;
	session_watch_kernel(s);
	*out = s;
	return 0;
out_close:
	session_close(s, NULL);
	return err;
}

/* Until the process ends: devices that may still write to what these hold. */
static struct session *session_kept;

int session_close(struct session *s, struct fail *f)
{
	if (!s)
		return 0;
	flights_halt(s);
	/* also when it was never started as far as we know: an init that failed half way may have left it running */
	if (s->dev && dev_stop(s->dev))
		s->not_quiet = true;
	if (s->not_quiet) {
		/* mappings, pages and descriptors stay */
		s->kept = session_kept;
		session_kept = s;
		fail_set(f, EBUSY, "device %s would not stop; its buffers stay mapped until exit",
			 session_device_name(s));
		return -EBUSY;
	}
	flights_free(s);
	dev_close(s->dev);
	s->dev = NULL;
	op_dirty_close(s);
	if (s->iommu) {
		session_buffers_free(s);
		session_pages_free_all(s);
	}
	fault_log_close(s->faults);
	requesters_close(s->requesters);
	free(s->pgfaults);
	named_free_all(s);
	if (s->iommu)
		iommu_memlock(s->iommu, UINT64_MAX, NULL);
	iommu_close(s->iommu);
	free(s->windows);
	pthread_mutex_destroy(&s->stop_lock);
	free(s);
	return 0;
}

struct iommu *session_iommu(const struct session *s)
{
	return s->iommu;
}

struct dev *session_dev(const struct session *s)
{
	return s->dev;
}

struct iommu_device *session_device(const struct session *s)
{
	return s->idev;
}

const struct session_params *session_params(const struct session *s)
{
	return &s->params;
}

const char *session_backend_name(const struct session *s)
{
	return iommu_name(s->iommu);
}

const char *session_device_name(const struct session *s)
{
	return s->idev ? idev_id(s->idev)->name : "none";
}

const char *session_driver_name(const struct session *s)
{
	return s->dev ? dev_name(s->dev) : "none";
}

bool session_is_simulated(const struct session *s)
{
	return iommu_caps(s->iommu)->simulated;
}

uint64_t session_stamp_id(const struct session *s)
{
	return s->stamp_id;
}

const struct iova_space *session_space(const struct session *s)
{
	return &s->space;
}

bool session_pick(const struct session *s, const struct iova_space *space, uint64_t op, uint64_t size, uint64_t align,
		  iova_t *out)
{
	return session_pick_in(s, s->iommu, space, op, size, align, out);
}

bool session_pick_in(const struct session *s, const struct iommu *in, const struct iova_space *space, uint64_t op,
		     uint64_t size, uint64_t align, iova_t *out)
{
	struct ledger_entry entry;
	struct iova_space rest;

	if (s->nr_keep) {
		rest = *space;
		for (unsigned int i = 0; i < s->nr_keep; i++)
			space_exclude(&rest, s->keep[i]);
		space = &rest;
	}
	for (unsigned int try = 0; try < 256; try++) {
		if (!space_pick(space, rng_draw(s->params.seed, op, rng_place("iova") + try), size, align, out))
			return false;
		if (!ledger_find(iommu_ledger(s->iommu), (struct iova_range){*out, *out + size - 1}, &entry) &&
		    !ledger_find(iommu_ledger(in), (struct iova_range){*out, *out + size - 1}, &entry))
			return true;
	}
	return false;
}

void session_keep_free(struct session *s, const struct iova_range *ranges, unsigned int nr)
{
	s->nr_keep = MIN(nr, SESSION_KEEP_MAX);
	for (unsigned int i = 0; i < s->nr_keep; i++)
		s->keep[i] = ranges[i];
}

bool session_canary_passed(const struct session *s)
{
	return s->canary_passed;
}

const char *session_canary_why(const struct session *s)
{
	return s->canary_why;
}
