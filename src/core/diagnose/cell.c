/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run: a combination of levels as options of compare, in a session of its own. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/msg.h"
#include "base/num.h"
#include "base/rng.h"
#include "core/diagnose/priv.h"
#include "iommu/mem.h"

#define GRAVEYARD_DEVICE 16
#define GRAVEYARD_SIM 4
/* Pages from the fixed base to a border of 32, which is what the largest mapping of 4K..64K takes; and not a border of 64. */
#define BORDER_PAGES 96

static const char *const iova_names[] = {"fixed", "random", "sequential", "adversarial", "kernel"};

/* The page in play: what lies across a border in pages of 2M has to be as many of those. */
static uint64_t cell_page(const struct diagnose *d, const struct cell *cell)
{
	return cell->at[FACTOR_PAGE] == PAGE_HUGE && cell->at[FACTOR_ALIGNMENT] == ACROSS ? MiB(2) : d->granule;
}

static void cell_sizes(const struct diagnose *d, const struct cell *cell, struct compare_params *p)
{
	static const uint64_t sizes[][2] = {{KiB(8), KiB(8)},  {KiB(2), KiB(2)}, {KiB(12), KiB(12)},
					    {KiB(4), KiB(64)}, {512, 512},	 {KiB(1), KiB(1)}};
	uint64_t scale = cell_page(d, cell) / d->granule;

	p->size_min = sizes[cell->at[FACTOR_SIZE]][0] * scale;
	p->size_max = sizes[cell->at[FACTOR_SIZE]][1] * scale;
}

static void cell_place(const struct diagnose *d, const struct cell *cell, struct compare_params *p, char *text,
		       size_t len)
{
	static const enum compare_iova modes[] = {COMPARE_FIXED, COMPARE_RANDOM, COMPARE_SEQUENTIAL,
						  COMPARE_ADVERSARIAL, COMPARE_KERNEL};
	bool across = cell->at[FACTOR_ALIGNMENT] == ACROSS;

	p->iova_mode = modes[cell->at[FACTOR_IOVA]];
	snprintf(text, len, "%s", iova_names[cell->at[FACTOR_IOVA]]);
	p->iova_text = text;
	if (p->iova_mode == COMPARE_FIXED) {
		p->iova = d->base + (across ? (BORDER_PAGES - 1) * cell_page(d, cell) : 0);
		snprintf(text, len, "fixed:0x%" PRIx64, p->iova);
	}
	if (p->iova_mode == COMPARE_RANDOM || p->iova_mode == COMPARE_SEQUENTIAL)
		p->align = across ? COMPARE_ALIGN_ACROSS : COMPARE_ALIGN_SIZE;
}

static void cell_params(const struct diagnose *d, const struct cell *cell, struct compare_params *p, char *text,
			size_t len)
{
	static const enum iommu_mem_kind kinds[] = {IOMMU_MEM_ANON, IOMMU_MEM_THP, IOMMU_MEM_HUGETLB_2M};
	static const enum compare_granule granules[] = {COMPARE_MAP_WHOLE, COMPARE_MAP_PAGE, COMPARE_MAP_RANDOM};
	static const enum compare_unmap unmaps[] = {COMPARE_UNMAP_WHOLE, COMPARE_UNMAP_PAGE, COMPARE_UNMAP_ALL};

	memset(p, 0, sizeof(*p));
	cell_sizes(d, cell, p);
	cell_place(d, cell, p, text, len);
	p->mem = kinds[cell->at[FACTOR_PAGE]];
	p->granule = granules[cell->at[FACTOR_MAPS]];
	p->unmap = unmaps[cell->at[FACTOR_UNMAP]];
	if (p->unmap == COMPARE_UNMAP_PAGE)
		p->granule = COMPARE_MAP_PAGE; /* a mapping cannot be bisected */
	p->delay_ns = cell->at[FACTOR_DELAY] ? d->delay_ns : 0;
	p->flush_cpu = cell->at[FACTOR_FLUSH];
	p->threads = cell->at[FACTOR_THREADS] + 1u;
	p->graveyard = d->simulated ? GRAVEYARD_SIM : GRAVEYARD_DEVICE;
	if (cell->at[FACTOR_BUFFERS] == BUFFERS_FEW)
		p->graveyard = 1;
	p->reuse = cell->at[FACTOR_BUFFERS] == BUFFERS_REUSED;
	p->graveyard_given = true;
	p->probe_unmapped = cell->probe == PROBE_UNMAPPED;
	p->readonly = cell->probe == PROBE_READONLY;
}

static void options_add(char *buf, size_t len, const char *fmt, ...) IC_PRINTF(3, 4);

static void options_add(char *buf, size_t len, const char *fmt, ...)
{
	size_t used = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + used, len - used, fmt, ap);
	va_end(ap);
}

char *cell_options(const struct diagnose *d, const struct cell *cell, char *buf, size_t len)
{
	char iova[40], min[24], max[24];
	struct compare_params p;

	cell_params(d, cell, &p, iova, sizeof(iova));
	num_format_size(min, sizeof(min), p.size_min);
	num_format_size(max, sizeof(max), p.size_max);
	snprintf(buf, len, "--iova %s", iova);
	if (p.iova_mode != COMPARE_ADVERSARIAL)
		options_add(buf, len, p.size_min == p.size_max ? " --size %s" : " --size %s..%s", min, max);
	if (p.align)
		options_add(buf, len, " --align %s", compare_align_names[p.align]);
	if (p.mem)
		options_add(buf, len, " --mem %s", mem_kind_name(p.mem));
	if (p.granule)
		options_add(buf, len, " --map-granule %s", compare_granule_names[p.granule]);
	if (p.unmap)
		options_add(buf, len, " --unmap %s", compare_unmap_names[p.unmap]);
	if (p.delay_ns)
		options_add(buf, len, " --delay %" PRIu64 "us", p.delay_ns / 1000);
	if (p.threads > 1)
		options_add(buf, len, " --threads %u", p.threads);
	if (cell->at[FACTOR_BUFFERS] == BUFFERS_FEW)
		options_add(buf, len, " --graveyard 1");
	options_add(buf, len, "%s%s%s%s", p.flush_cpu ? " --flush cpu" : "", p.reuse ? " --reuse" : "",
		    p.probe_unmapped ? " --probe-unmapped" : "", p.readonly ? " --readonly" : "");
	return buf;
}

bool diagnose_is_over(const struct diagnose *d)
{
	return session_signal || d->untranslated || d->error[0] || clock_ns() >= d->until_ns;
}

static void tally_add(struct tally *t, const struct compare_result *res, bool failed)
{
	t->runs++;
	t->failed += failed;
	t->loops += res->loops;
	t->bytes += res->bytes;
	for (unsigned int i = 0; i < FAILURE_CLASSES; i++)
		if (res->failures.count[i])
			t->classes |= 1u << i;
}

/* What the diagnosis tells of its failure: of one run, in one piece. */
static void cell_keep(struct diagnose *d, struct session *s, const struct compare_params *p, struct compare_result *res)
{
	size_t size = 0;
	FILE *to;

	if (d->has_failures)
		return;
	d->has_failures = true;
	d->failures = res->failures;
	pthread_mutex_init(&d->failures.lock, NULL);
	d->nr_faults = res->nr_faults;
	memcpy(d->faults, res->faults, sizeof(d->faults));
	snprintf(d->complaint, sizeof(d->complaint), "%.190s", session_kernel_complaint(s));
	to = open_memstream(&d->repro, &size);
	if (!to)
		return;
	compare_print_repro(to, s, p, res);
	if (fclose(to)) {
		free(d->repro);
		d->repro = NULL;
	}
}

static int cell_compare(struct diagnose *d, const struct cell *cell, struct session *s, struct compare_params *p,
			struct compare_result *res, struct fail *f)
{
	struct fail why = {0};
	uint32_t was = 0;
	int err;

	if (!cell->at[FACTOR_SNOOP])
		return compare_run(s, p, res, f);
	/* what opening and starting the device resets is done by then */
	err = session_dma_start(s, f);
	if (err)
		return err;
	err = snoop_flip(session_device(s), d->snoop_at, &was, f);
	if (!err)
		err = compare_run(s, p, res, f);
	if (snoop_give_back(session_device(s), d->snoop_at, was, &why))
		snprintf(d->error, sizeof(d->error), "%.190s", why.text);
	return err;
}

/* A run that a signal or the end of the time cut short without a failure says nothing of its combination. */
static void cell_count(struct diagnose *d, const struct cell *cell, const struct compare_result *res, bool failed,
		       uint64_t loops, struct tally *t)
{
	if (failed || res->loops >= loops)
		tally_add(t, res, failed);
	tally_add(&d->all, res, failed);
	for (unsigned int i = 0; i < FACTOR_CELL; i++)
		tally_add(&d->factor[i].level[cell->at[i]].tried, res, failed);
}

static int cell_in_session(struct diagnose *d, const struct cell *cell, struct session *s,
			   const struct cell_limit *limit, bool keep, struct tally *t, struct fail *f)
{
	static struct compare_result res; /* large, and there is one run at a time */
	struct compare_params p;
	char iova[40];
	bool failed;
	int err;

	cell_params(d, cell, &p, iova, sizeof(iova));
	p.loops = limit->loops;
	p.label = d->doing;
	/* a run that is under way when the time is over may end, within reason */
	p.time_ns = d->until_ns > clock_ns() ? d->until_ns - clock_ns() + 1000000000 : 1000000000;
	if (limit->time_ns)
		p.time_ns = MIN(p.time_ns, limit->time_ns);
	memset(&res, 0, sizeof(res));
	err = cell_compare(d, cell, s, &p, &res, f);
	failed = failures_total(&res.failures);
	if (!err || failed)
		cell_count(d, cell, &res, failed, limit->loops, t);
	d->elapsed_ns += res.elapsed_ns;
	d->untranslated |= res.untranslated;
	if (failed && (keep || res.untranslated))
		cell_keep(d, s, &p, &res);
	return failed ? 1 : err;
}

int cell_run(struct diagnose *d, const struct cell *cell, const struct cell_limit *limit, bool keep, struct tally *t,
	     struct fail *f)
{
	const struct level *backend = &d->factor[FACTOR_BACKEND].level[cell->at[FACTOR_BACKEND]];
	struct session_params sp = d->session;
	struct fail why = {0};
	struct session *s;
	int err;

	if (backend->spec)
		sp.backend = backend->spec;
	sp.seed = rng_draw(d->session.seed, d->run_seq++, rng_place("diagnose"));
	err = session_open(&s, &sp, d->host, f);
	if (err)
		return err;
	err = cell_in_session(d, cell, s, limit, keep, t, f);
	d->session.canary_told = true;
	if (session_close(s, &why))
		snprintf(d->error, sizeof(d->error), "%.190s", why.text);
	progress_update(&d->progress, d->all.runs, d->all.bytes);
	return err;
}
