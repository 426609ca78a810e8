/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The factors a failure may depend on, their levels, and which of those can be run here. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/diagnose/priv.h"

const struct factor_text factor_texts[FACTORS] = {
	[FACTOR_IOVA] = {"iova-mode", "where each loop maps"},
	[FACTOR_SIZE] = {"size", "bytes that are moved; a mapping is twice that"},
	[FACTOR_ALIGNMENT] = {"alignment", "of the mapping's first address to its size"},
	[FACTOR_PAGE] = {"page-size", "the kind of memory"},
	[FACTOR_MAPS] = {"map-granule", "one map call for a buffer, or many"},
	[FACTOR_UNMAP] = {"unmap-mode", "how it is undone"},
	[FACTOR_DELAY] = {"delay", "from an unmap to the next map"},
	[FACTOR_FLUSH] = {"cpu-flush", "of the processor's caches around each transfer"},
	[FACTOR_THREADS] = {"threads", "loops in parallel"},
	[FACTOR_BUFFERS] = {"old-buffers", "what becomes of memory after its loop"},
	[FACTOR_BACKEND] = {"backend", "the kernel's interface"},
	[FACTOR_SNOOP] = {"no-snoop", "Enable No Snoop in the device's PCI Express Device Control"},
	[FACTOR_SUPERPAGES] = {"superpages", "disable_hugepages of vfio_iommu_type1, intel_iommu=sp_off"},
	[FACTOR_ATS] = {"ats", "the device's own cache of translations; pci=noats"},
	[FACTOR_KERNEL] = {"kernel", "its release"},
};

static const char *const levels[FACTOR_CELL][LEVELS_MAX] = {
	[FACTOR_IOVA] = {"fixed", "random", "sequential", "adversarial", "kernel"},
	[FACTOR_SIZE] = {"8K", "2K (mappings of one page)", "12K", "4K..64K", "512", "1K"},
	[FACTOR_ALIGNMENT] = {"to its size", "across a border of its size"},
	[FACTOR_PAGE] = {"anon", "thp", "hugetlb-2M"},
	[FACTOR_MAPS] = {"whole", "page", "random"},
	[FACTOR_UNMAP] = {"whole", "page", "all"},
	[FACTOR_DELAY] = {"none", "1ms"},
	[FACTOR_FLUSH] = {"none", "cpu"},
	[FACTOR_THREADS] = {"1", "2"},
	[FACTOR_BUFFERS] = {"fresh, the last ones watched", "fresh, one watched", "reused"},
};

void level_unusable(struct level *l, const char *fmt, ...)
{
	va_list ap;

	l->usable = false;
	va_start(ap, fmt);
	vsnprintf(l->why, sizeof(l->why), fmt, ap);
	va_end(ap);
}

char *factor_level_text(const struct diagnose *d, unsigned int factor, unsigned int level, char *buf, size_t len)
{
	snprintf(buf, len, "%s %s", factor_texts[factor].name, d->factor[factor].level[level].value);
	return buf;
}

static struct level *factor_add(struct factor *f, const char *fmt, ...) IC_PRINTF(2, 3);

static struct level *factor_add(struct factor *f, const char *fmt, ...)
{
	struct level *l = &f->level[f->nr++];
	va_list ap;

	l->usable = true;
	va_start(ap, fmt);
	vsnprintf(l->value, sizeof(l->value), fmt, ap);
	va_end(ap);
	return l;
}

void factors_set_delay(struct diagnose *d, uint64_t loops)
{
	static const uint64_t steps[] = {10000000, 5000000, 2000000, 1000000, 500000, 200000, 100000, 50000};
	unsigned int i = 0;

	while (i + 1 < ARRAY_SIZE(steps) && steps[i] * loops > 200000000)
		i++;
	d->delay_ns = steps[i];
	snprintf(d->factor[FACTOR_DELAY].level[1].value, sizeof(d->factor[FACTOR_DELAY].level[1].value),
		 "%" PRIu64 "us", d->delay_ns / 1000);
}

/* Sizes that the device cannot move are told by the limit they break. */
static void factor_fill_sizes(struct factor *f, struct dev *dev)
{
	static const uint64_t bytes[][2] = {{KiB(8), KiB(8)},  {KiB(2), KiB(2)}, {KiB(12), KiB(12)},
					    {KiB(4), KiB(64)}, {512, 512},	 {KiB(1), KiB(1)}};
	struct fail why = {0};

	for (unsigned int i = 0; i < f->nr; i++)
		if (dev_check_length(dev_limits(dev), "it", bytes[i][0], &why) ||
		    dev_check_length(dev_limits(dev), "it", bytes[i][1], &why))
			level_unusable(&f->level[i], "%.190s", why.text);
	/* small ones are for devices that can do no more */
	for (unsigned int i = SIZE_512; i < f->nr; i++)
		if (f->level[SIZE_8K].usable || f->level[SIZE_ONE_PAGE].usable)
			level_unusable(&f->level[i], "2K is a mapping of one page as well");
}

static void factor_add_backend(struct diagnose *d, const char *name, const char *spec)
{
	struct factor *f = &d->factor[FACTOR_BACKEND];

	if (f->nr < LEVELS_MAX)
		factor_add(f, "%s", name)->spec = spec;
}

static void factor_fill_sim(struct diagnose *d, enum iommu_personality own)
{
	const char *spec = d->session.backend ? d->session.backend : "sim";

	for (enum iommu_personality p = IOMMU_TYPE1_V2; p <= IOMMU_IOMMUFD; p++) {
		const char *name = iommu_personality_name(p);
		char **own_spec = &d->specs[d->factor[FACTOR_BACKEND].nr], value[48];

		if (p == own || asprintf(own_spec, "%s,personality=%s", spec, name) < 0)
			continue;
		snprintf(value, sizeof(value), "sim as %s", name);
		factor_add_backend(d, value, *own_spec);
	}
}

/* The first is the one that was asked for; whether the others work here shows when they are opened. */
static void factor_fill_backends(struct diagnose *d, struct session *s)
{
	static const char *const others[] = {"vfio", "iommufd", "vfio-v1", "iommufd-compat"};
	enum iommu_personality own = iommu_personality(session_iommu(s));
	char value[48];

	snprintf(value, sizeof(value), "sim as %s", iommu_personality_name(own));
	factor_add_backend(d, d->simulated ? value : d->backend, NULL);
	if (d->simulated) {
		factor_fill_sim(d, own);
		return;
	}
	if (session_device(s) && idev_id(session_device(s))->no_bus)
		return; /* what is no device of VFIO's has one interface */
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++)
		if (strcmp(others[i], d->backend))
			factor_add_backend(d, others[i], others[i]);
}

static void factor_fill_snoop(struct diagnose *d, struct session *s)
{
	struct factor *f = &d->factor[FACTOR_SNOOP];
	bool set = false;

	d->snoop_at = session_device(s) ? snoop_find(session_device(s), &set) : 0;
	if (!d->snoop_at) {
		factor_add(f, "not there");
		snprintf(f->why, sizeof(f->why), "the device has no PCI Express capability that could be read");
		return;
	}
	factor_add(f, "%s, as found", set ? "set" : "clear");
	factor_add(f, "%s", set ? "clear" : "set");
}

static void factor_fill_boots(struct diagnose *d)
{
	for (unsigned int i = FACTOR_CELL; i < FACTORS; i++) {
		struct factor *f = &d->factor[i];

		factor_add(f, "%s", environment_setting(d, i));
		snprintf(f->why, sizeof(f->why),
			 "not testable in this boot: run it in another with --with and this one's report");
	}
}

void factors_fill(struct diagnose *d, struct session *s)
{
	const struct iommu_caps *caps = iommu_caps(session_iommu(s));

	for (unsigned int i = 0; i < FACTOR_CELL; i++)
		for (unsigned int n = 0; n < LEVELS_MAX && levels[i][n]; n++)
			factor_add(&d->factor[i], "%s", levels[i][n]);
	if (!caps->kernel_iova)
		level_unusable(&d->factor[FACTOR_IOVA].level[IOVA_KERNEL], "backend %s cannot choose an iova itself",
			       d->backend);
	factor_fill_sizes(&d->factor[FACTOR_SIZE], session_dev(s));
	factor_fill_backends(d, s);
	factor_fill_snoop(d, s);
	factor_fill_boots(d);
	factors_set_delay(d, 200);
}
