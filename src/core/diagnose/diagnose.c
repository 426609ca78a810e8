/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One diagnosis from its first session to its verdict. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/diagnose/priv.h"

/* Fixed IOVAs begin at the largest of these from which a few threads, and a border beyond, fit into what may be used. */
static iova_t diagnose_base(const struct iova_space *space)
{
	for (unsigned int shift = 30; shift >= 16; shift--) {
		iova_t at = 1ull << shift;
		uint64_t room = MIN(at / 2, MiB(64));

		if (space_contains(space, (struct iova_range){at, at + room - 1}))
			return at;
	}
	return space->nr ? ALIGN_UP(space->r[0].start, MiB(1)) : 0;
}

/* What is known once a device is attached; no DMA yet. */
static int diagnose_look(struct diagnose *d, struct fail *f)
{
	struct fail why = {0};
	struct session *s;
	uint64_t sizes;
	int err = session_open(&s, &d->session, d->host, f);

	if (err)
		return err;
	snprintf(d->backend, sizeof(d->backend), "%s", session_backend_name(s));
	snprintf(d->device, sizeof(d->device), "%s", session_device_name(s));
	snprintf(d->driver, sizeof(d->driver), "%s", session_driver_name(s));
	d->simulated = session_is_simulated(s);
	d->personality = iommu_personality(session_iommu(s));
	if (!session_dev(s)) {
		err = session_dma_start(s, f); /* says why there is none */
		err = err ? err : fail_set(f, ENODEV, "no driver moves data with this device");
	} else {
		sizes = iommu_caps(session_iommu(s))->page_sizes;
		d->granule = MAX(KiB(4), sizes & -sizes);
		d->base = diagnose_base(session_space(s));
		snprintf(d->coherent, sizeof(d->coherent), "%s", iommu_caps(session_iommu(s))->coherent ? "1" : "0");
		factors_fill(d, s);
		d->opened = true;
	}
	if (session_close(s, &why) && !err) {
		*f = why;
		err = -EBUSY;
	}
	return err;
}

int diagnose_new(struct diagnose **out, const struct session_params *session, const struct host *host,
		 const struct diagnose_params *params, struct fail *f)
{
	struct diagnose *d = calloc(1, sizeof(*d));
	int err;

	*out = NULL;
	if (!d)
		return fail_set(f, ENOMEM, "cannot begin");
	d->session = *session;
	d->host = host;
	d->params = *params;
	if (!d->params.runs)
		d->params.runs = DIAGNOSE_RUNS;
	failures_init(&d->failures);
	for (unsigned int i = 0; i < FACTORS; i++)
		d->factor[i].explained = -1;
	err = with_open(d, f);
	if (err)
		diagnose_free(d);
	else
		*out = d;
	return err;
}

int diagnose_run(struct diagnose *d, struct fail *f)
{
	int err = environment_read(d, f);

	d->start_ns = clock_ns();
	if (!err)
		err = diagnose_look(d, f);
	if (err)
		return err;
	if (!d->params.time_ns)
		d->params.time_ns = d->simulated ? DIAGNOSE_TIME_SIM : DIAGNOSE_TIME_DEVICE;
	d->until_ns = d->start_ns + d->params.time_ns;
	err = with_load(d, f);
	if (err)
		return err;
	progress_start(&d->progress, d->doing, "runs", 0, 0);
	err = screen_run(d, f);
	if (!err && d->found && !d->untranslated)
		rounds_run(d);
	if (!err && d->found && !d->untranslated) {
		judge(d);
		rounds_combine(d);
	}
	progress_end(&d->progress);
	d->interrupted = session_signal;
	d->timed_out = d->found && d->rounds < d->params.runs && clock_ns() >= d->until_ns;
	if (!err && d->error[0] && !d->untranslated)
		err = fail_complete(f, EIO, "%s", d->error);
	return err;
}

const char *diagnose_repro(const struct diagnose *d)
{
	return d->repro;
}

int diagnose_set_repro(struct diagnose *d, const char *text, const char *how)
{
	char *copy = text ? strdup(text) : d->repro;

	if (!copy)
		return -ENOMEM;
	if (copy != d->repro)
		free(d->repro);
	d->repro = copy;
	snprintf(d->repro_how, sizeof(d->repro_how), "%s", how);
	return 0;
}

bool diagnose_is_scriptable(const struct diagnose *d)
{
	return d->repro && d->found && !d->untranslated && !d->error[0];
}

uint64_t diagnose_run_loops(const struct diagnose *d)
{
	return d->run_loops;
}

const char *diagnose_backend(const struct diagnose *d)
{
	return d->factor[FACTOR_BACKEND].level[d->baseline.at[FACTOR_BACKEND]].spec;
}

enum iommu_personality diagnose_personality(const struct diagnose *d)
{
	return d->personality;
}

void diagnose_free(struct diagnose *d)
{
	if (!d)
		return;
	for (unsigned int i = 0; i < LEVELS_MAX; i++)
		free(d->specs[i]);
	with_close(d);
	environment_free(d->env);
	free(d->repro);
	free(d);
}
