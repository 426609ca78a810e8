/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A failure as a script: the few ops that bring out this class, at the IOVA and size where it was seen, often enough that
 * a rare fault shows. Two buffers take turns at one IOVA: what reaches the first while the second is mapped is the proof.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compare/compare.h"
#include "core/whole_file.h"
#include "host/self.h"
#include "iommu/mem.h"

#define REPRO_REPEAT_MIN 2000
#define REPRO_PROBE UINT64_C(64) /* bytes where the device must not get through */

const char *const compare_granule_names[] = {"whole", "page", "random", NULL};
const char *const compare_unmap_names[] = {"whole", "page", "all", NULL};
const char *const compare_align_names[] = {"page", "size", "across", NULL};

/*
 * Threads, and mappings in pieces, are for a line of compare to repeat. What is told of one map or one access needs neither: a few ops
 * show it.
 */
static bool repro_is_compare(const struct compare_params *p, const struct failure *bad)
{
	if (p->threads == 1 && p->granule == COMPARE_MAP_WHOLE && p->unmap != COMPARE_UNMAP_PAGE)
		return false;
	return bad->class != FAILURE_UNMAPPED_ACCESS && bad->class != FAILURE_READONLY_WRITE &&
	       bad->class != FAILURE_OVERLAP_ACCEPTED && bad->class != FAILURE_RESERVED_ACCEPTED &&
	       bad->class != FAILURE_UNTRANSLATED;
}

static void repro_align(FILE *to, const struct compare_params *p)
{
	if (p->align)
		fprintf(to, " --align %s", compare_align_names[p->align]);
}

/* The options that it was seen with, but for those that say what is so anyway. */
static void repro_compare(FILE *to, const struct compare_params *p, const struct failure *bad)
{
	fprintf(to, "compare --size %" PRIu64, p->size_min);
	if (p->size_max != p->size_min)
		fprintf(to, "..%" PRIu64, p->size_max);
	fprintf(to, " --iova %s --loops %" PRIu64 " --graveyard %u", p->iova_text,
		MAX((uint64_t)REPRO_REPEAT_MIN, 2 * bad->loop), p->graveyard);
	if (p->granule)
		fprintf(to, " --map-granule %s", compare_granule_names[p->granule]);
	if (p->unmap)
		fprintf(to, " --unmap %s", compare_unmap_names[p->unmap]);
	repro_align(to, p);
	if (p->threads > 1)
		fprintf(to, " --threads %u", p->threads);
	if (p->mem != IOMMU_MEM_ANON)
		fprintf(to, " --mem %s", mem_kind_name(p->mem));
	if (p->delay_ns)
		fprintf(to, " --delay %" PRIu64 "us", p->delay_ns / 1000);
	fprintf(to, "%s%s\n", p->reuse ? " --reuse" : "", p->flush_cpu ? " --flush cpu" : "");
}

/* The run's options, and those that a script has no words for: one buffer is one mapping, and lines follow each other. */
static void repro_options(FILE *to, const struct compare_params *p, const struct failure *bad)
{
	fprintf(to,
		"# options: --size %" PRIu64 "..%" PRIu64
		" --iova %s --mem %s --map-granule %s --unmap %s --graveyard %u --threads %u",
		p->size_min, p->size_max, p->iova_text, mem_kind_name(p->mem), compare_granule_names[p->granule],
		compare_unmap_names[p->unmap], p->graveyard, p->threads);
	repro_align(to, p);
	fprintf(to, "%s%s%s%s", p->reuse ? " --reuse" : "", p->flush_cpu ? " --flush cpu" : "",
		p->probe_unmapped ? " --probe-unmapped" : "", p->readonly ? " --readonly" : "");
	if (p->delay_ns)
		fprintf(to, " --delay %" PRIu64 "us", p->delay_ns / 1000);
	fprintf(to, "\n");
	if (repro_is_compare(p, bad))
		return;
	fprintf(to, "# not in this script: --graveyard (two buffers take turns)");
	if (p->threads > 1)
		fprintf(to, ", --threads %u", p->threads);
	if (p->granule != COMPARE_MAP_WHOLE)
		fprintf(to, ", --map-granule %s (a buffer is one mapping)", compare_granule_names[p->granule]);
	if (p->unmap == COMPARE_UNMAP_PAGE)
		fprintf(to, ", --unmap page");
	if (p->reuse)
		fprintf(to, ", --reuse");
	if (p->flush_cpu)
		fprintf(to, ", --flush cpu");
	if (p->delay_ns)
		fprintf(to, ", --delay");
	fprintf(to, "\n");
}

/* The one direction that the device has, "copy" where it has both. */
static const char *repro_direction(const struct dev_limits *lim)
{
	unsigned int dirs = lim->dirs;

	if (dirs & DEV_COPY || (dirs & (DEV_READ | DEV_WRITE)) == (DEV_READ | DEV_WRITE))
		return "copy";
	return dirs & DEV_WRITE ? "write" : "read";
}

static void repro_header(FILE *to, const struct session *s, const struct compare_params *p, const struct failure *bad)
{
	const struct session_params *sp = session_params(s);

	fprintf(to, "# iommuctl %s repro: %s\n", PACKAGE_VERSION, failure_name(bad->class));
	fprintf(to, "# %s\n", bad->text);
	fprintf(to, "# seen in loop %" PRIu64 " by compare, seed 0x%" PRIx64 ", kernel %s\n", bad->loop, sp->seed,
		self_kernel());
	fprintf(to, "# device %s, driver %s\n", session_device_name(s), session_driver_name(s));
	fprintf(to, "# run: iommuctl --backend %s%s%s%s%s run THIS-FILE\n",
		sp->backend ? sp->backend : session_backend_name(s), session_is_simulated(s) ? "" : " --device ",
		session_is_simulated(s) ? "" : session_device_name(s), sp->driver ? " --driver " : "",
		sp->driver ? sp->driver : "");
	repro_options(to, p, bad);
	if (strcmp(repro_direction(dev_limits(session_dev(s))), "copy"))
		fprintf(to, "# not in this script: what arrives by the one direction that the device has\n");
	fprintf(to, "# danger: none\n");
}

/* Where: as it was seen, or anywhere when the verdict came before the first loop. */
static void repro_map(FILE *to, const struct compare_params *p, const struct failure *bad, const char *buf)
{
	fprintf(to, "  map %s --size 0x%" PRIx64 " --iova ", buf, bad->map_size);
	if (bad->has_map)
		fprintf(to, "0x%" PRIx64, bad->map_iova);
	else
		fprintf(to, "random");
	fprintf(to, " --mem %s\n", mem_kind_name(p->mem));
}

/* From the first half to the second, which is checked. What a device reads or writes alone, only it knows. */
static void repro_move(FILE *to, const struct dev_limits *lim, const struct failure *bad, const char *buf,
		       unsigned int gen)
{
	const char *direction = repro_direction(lim);

	if (!strcmp(direction, "read"))
		fprintf(to, "  dma read %s --size 0x%" PRIx64 "\n", buf, bad->payload);
	if (!strcmp(direction, "write"))
		fprintf(to, "  dma write %s+0x%" PRIx64 " --size 0x%" PRIx64 "\n", buf, bad->payload, bad->payload);
	if (strcmp(direction, "copy"))
		return;
	fprintf(to, "  dma copy %s %s+0x%" PRIx64 " --size 0x%" PRIx64 "\n", buf, buf, bad->payload, bad->payload);
	fprintf(to, "  check %s --offset 0x%" PRIx64 " --size 0x%" PRIx64 " --stamp %u --from 0\n", buf, bad->payload,
		bad->payload, gen);
}

/* map, stamp, move, check one buffer; @gen tells its stamps from the other buffer's. */
static void repro_turn(FILE *to, const struct dev_limits *lim, const struct compare_params *p,
		       const struct failure *bad, const char *buf, unsigned int gen)
{
	repro_map(to, p, bad, buf);
	fprintf(to, "  fill %s --size 0x%" PRIx64 " --stamp %u\n", buf, bad->payload, gen);
	fprintf(to, "  fill %s --offset 0x%" PRIx64 " --size 0x%" PRIx64 " --byte 0x5a\n", buf, bad->payload,
		bad->payload);
	repro_move(to, lim, bad, buf, gen);
	fprintf(to, "  check %s --size 0x%" PRIx64 " --stamp %u\n", buf, bad->payload, gen);
	/* from here on the second half is watched for late writes */
	fprintf(to, "  fill %s --offset 0x%" PRIx64 " --size 0x%" PRIx64 " --byte 0x5a\n", buf, bad->payload,
		bad->payload);
	fprintf(to, "  unmap %s\n", p->unmap == COMPARE_UNMAP_ALL ? "--all" : buf);
}

static void repro_watch(FILE *to, const struct failure *bad, const char *buf, unsigned int gen)
{
	fprintf(to, "  check %s --size 0x%" PRIx64 " --stamp %u\n", buf, bad->payload, gen);
	fprintf(to, "  check %s --offset 0x%" PRIx64 " --size 0x%" PRIx64 " --byte 0x5a\n", buf, bad->payload,
		bad->payload);
}

static void repro_turns(FILE *to, const struct dev_limits *lim, const struct compare_params *p,
			const struct failure *bad)
{
	repro_turn(to, lim, p, bad, "a", 1);
	repro_turn(to, lim, p, bad, "b", 2);
	repro_watch(to, bad, "a", 1);
	repro_turn(to, lim, p, bad, "a", 3);
	repro_watch(to, bad, "b", 2);
	fprintf(to, "  free a\n  free b\n");
}

/* The device is pointed where nothing is mapped any more (or nothing writable): at a page whose stamps must survive. */
static void repro_forbidden(FILE *to, const struct dev_limits *lim, bool readonly)
{
	uint64_t len = ALIGN_UP(MAX(REPRO_PROBE, lim->min_len), MAX(lim->align, 1));
	const char *direction = repro_direction(lim);
	bool copies = !strcmp(direction, "copy");
	const char *src = copies ? "src " : "";

	if (copies)
		fprintf(to, "  map src --size 4K --iova random\n  fill src --byte 0xee\n");
	fprintf(to, "  map v --size 4K --iova canary%s\n", readonly ? " --prot r" : "");
	if (!readonly)
		fprintf(to, "  dma %s %sv --size %" PRIu64 "\n  unmap v\n", direction, src, len);
	fprintf(to, "  fill v --stamp 1\n");
	fprintf(to, "  dma %s %sv --size %" PRIu64 " --may-fault\n", direction, src, len);
	fprintf(to, "  check v --stamp 1\n");
	if (readonly)
		fprintf(to, "  unmap v\n");
	if (copies)
		fprintf(to, "  unmap src\n  free src\n");
	fprintf(to, "  free v\n");
}

static void repro_body(FILE *to, const struct dev_limits *lim, const struct compare_params *p,
		       const struct failure *bad)
{
	switch (bad->class) {
	case FAILURE_UNMAPPED_ACCESS:
		repro_forbidden(to, lim, false);
		break;
	case FAILURE_READONLY_WRITE:
		repro_forbidden(to, lim, true);
		break;
	case FAILURE_OVERLAP_ACCEPTED:
		fprintf(to, "  map a --size 0x%" PRIx64 " --iova 0x%" PRIx64 "\n", bad->map_size, bad->map_iova);
		fprintf(to, "  !EEXIST map b --size 4K --iova 0x%" PRIx64 "\n", bad->iova);
		fprintf(to, "  unmap a\n  free a\n");
		break;
	case FAILURE_RESERVED_ACCEPTED:
		fprintf(to, "  !EINVAL map b --size 4K --iova 0x%" PRIx64 "\n", bad->iova);
		break;
	default:
		/* also short-unmap and pin-leak: unmap compares what it is told, and the pins are checked at the end */
		repro_turns(to, lim, p, bad);
		break;
	}
}

int compare_check_repro(const char *path, struct fail *f)
{
	return whole_file_check(path, "the repro", f);
}

void compare_print_repro(FILE *to, const struct session *s, const struct compare_params *p,
			 const struct compare_result *res)
{
	struct failure bad = res->failures.list[0];

	if (!bad.map_size) {
		bad.payload = p->size_max;
		bad.map_size = ALIGN_UP(2 * p->size_max, 4096);
	}
	repro_header(to, s, p, &bad);
	if (repro_is_compare(p, &bad)) {
		repro_compare(to, p, &bad);
		return;
	}
	fprintf(to, "repeat %" PRIu64 "\n", MAX((uint64_t)REPRO_REPEAT_MIN, 2 * bad.loop));
	repro_body(to, dev_limits(session_dev(s)), p, &bad);
	fprintf(to, "end\ncheck --pins\n");
}

int compare_save_repro(const struct session *s, const struct compare_params *p, const struct compare_result *res,
		       const char *path, struct fail *f)
{
	struct whole_file w;
	int err;

	if (!res->failures.kept)
		return fail_set(f, ENOENT, "there is no failure to save");
	err = whole_file_open(&w, path, "the repro", f);
	if (err)
		return err;
	compare_print_repro(w.to, s, p, res);
	return whole_file_close(&w, f);
}
