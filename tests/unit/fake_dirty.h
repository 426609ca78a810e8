/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources of dirty bits that note down what they are asked, on the simulation with page tables by number; one test program each. */
#ifndef IC_TESTS_FAKE_DIRTY_H
#define IC_TESTS_FAKE_DIRTY_H

#include <errno.h>
#include <string.h>

#include "core/op/dirty.h"
#include "core/op/op.h"
#include "core/session/priv.h"
#include "iommu/backend.h"

#define AT UINT64_C(0x40000000)
#define TABLE 77u

static struct host host;
static struct failures found;
static struct fail why;

/* What the sources of a test can do; by source. */
static struct {
	struct dirty_caps caps;
	bool there;
	int start_err;
} sources[DIRTY_SOURCES];

/* What they were asked. */
enum asked_kind { ASKED_START, ASKED_STOP, ASKED_READ, ASKED_UNMAP, ASKED_PLAIN_UNMAP };
static struct asked {
	enum asked_kind kind;
	enum dirty_source source;
	uint32_t table;
	iova_t iova;
	uint64_t length, page_size;
	bool keep;
	unsigned int nr;
	struct iova_range ranges[8];
} asked[64];
static unsigned int nr_asked;
static uint64_t tracks_by; /* what a device answers to its start */
static uint64_t unmap_short;
static iova_t breaks_at; /* a question from there on is answered by EIO */

static struct asked *note(enum asked_kind kind, const struct dirty_at *at)
{
	struct asked *a = &asked[nr_asked++];

	assert_in_range(nr_asked, 1, ARRAY_SIZE(asked));
	*a = (struct asked){.kind = kind};
	if (at) {
		a->source = at->source;
		a->table = at->table;
	}
	return a;
}

static int fake_caps(const struct dirty_at *at, struct dirty_caps *out, struct fail *f)
{
	if (!sources[at->source].there)
		return fail_set(f, EOPNOTSUPP, "no bit for %s", dirty_source_name(at->source));
	*out = sources[at->source].caps;
	return 0;
}

static int fake_start(const struct dirty_at *at, struct dirty_start *req)
{
	struct asked *a = note(ASKED_START, at);

	a->nr = req->nr;
	a->page_size = req->page_size;
	if (req->nr)
		memcpy(a->ranges, req->ranges,
		       sizeof(*req->ranges) * MIN(req->nr, (unsigned int)ARRAY_SIZE(a->ranges)));
	if (tracks_by)
		req->page_size = tracks_by;
	return sources[at->source].start_err;
}

static int fake_stop(const struct dirty_at *at)
{
	note(ASKED_STOP, at);
	return 0;
}

/* The first and the last page of every question are dirty. A kernel may write up to two pages of memory past the end. */
static int fake_answer(enum asked_kind kind, const struct dirty_at *at, const struct dirty_read *req)
{
	struct asked *a = note(kind, at);
	uint64_t unit = req->page_size ? req->page_size & -req->page_size : 1, last;
	unsigned char *bits = req->bits;

	a->iova = req->iova;
	a->length = req->length;
	a->page_size = req->page_size;
	a->keep = req->keep;
	if (breaks_at && req->iova == breaks_at)
		return -EIO;
	if (!req->length)
		return -EINVAL;
	assert_in_range((req->length - 1) / unit / 8, 0, req->bytes - 1);
	bits[req->bytes + 8191] |= 0;
	last = (req->length - 1) / unit;
	bits[0] |= 1;
	bits[last / 8] |= (unsigned char)(1u << last % 8);
	return 0;
}

static int fake_read(const struct dirty_at *at, const struct dirty_read *req)
{
	return fake_answer(ASKED_READ, at, req);
}

static int fake_unmap(const struct dirty_at *at, const struct dirty_read *req, uint64_t *unmapped)
{
	int err = fake_answer(ASKED_UNMAP, at, req);

	*unmapped = err ? 0 : req->length - unmap_short;
	return err;
}

static const struct dirty_ops fake = {
	.caps = fake_caps, .start = fake_start, .stop = fake_stop, .read = fake_read, .unmap = fake_unmap};

/* --- the simulation with those sources, and with page tables by number --- */

static struct iommu_ops ops;
static struct iommu_object_ops objects;
static struct idev_ops idev_ops;
static const struct iommu_ops *real;
static uint32_t attached_to;
static unsigned int tables;

static int fake_plain_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped)
{
	note(ASKED_PLAIN_UNMAP, NULL);
	return real->unmap(iommu, iova, size, unmapped);
}

static int fake_hwpt_new(struct iommu *iommu, const struct iommu_hwpt_req *req, uint32_t *id)
{
	assert_true(req->dirty);
	*id = TABLE + tables++;
	return 0;
}

static int fake_attach(struct iommu_device *idev, uint32_t pt_id, uint32_t pasid)
{
	attached_to = pt_id;
	return pt_id >= TABLE ? 0 : real->objects->device_attach(idev, pt_id, pasid);
}

static int fake_destroy(struct iommu *iommu, uint32_t id)
{
	assert_int_not_equal(id, attached_to);
	assert_in_range(id, TABLE, TABLE + 8);
	tables--;
	return 0;
}

static struct session *open_session(void)
{
	struct session_params p = {.backend = "sim,personality=iommufd", .seed = 5};
	struct op_map map = {.buf = "a", .size = MiB(1), .iova = AT, .prot = IOMMU_PROT_RW};
	struct session *s = NULL;

	failures_init(&found);
	memset(sources, 0, sizeof(sources));
	nr_asked = tables = 0;
	attached_to = 0;
	tracks_by = unmap_short = breaks_at = 0;
	why = (struct fail){0};
	assert_int_equal(session_open(&s, &p, &host, &why), 0);
	assert_int_equal(op_map(s, &map, NULL, &found, &why), 0);
	real = s->iommu->ops;
	ops = *real;
	objects = *real->objects;
	idev_ops = *s->idev->ops;
	ops.dirty_iommu = ops.dirty_type1 = idev_ops.dirty = &fake;
	ops.unmap = fake_plain_unmap;
	objects.hwpt_new = fake_hwpt_new;
	objects.device_attach = fake_attach;
	objects.destroy = fake_destroy;
	ops.objects = &objects;
	s->iommu->ops = &ops;
	s->idev->ops = &idev_ops;
	return s;
}

static struct dirty_caps *has(enum dirty_source source)
{
	sources[source].there = true;
	sources[source].caps = (struct dirty_caps){.page_sizes = UINT64_MAX << 12, .can_keep = true};
	return &sources[source].caps;
}

static const struct op_dirty best = {.source = DIRTY_SOURCES}, unchecked = {.source = DIRTY_SOURCES, .unchecked = true};

static struct dirty_bitmap read_ok(struct session *s, const struct op_dirty_read *op)
{
	struct dirty_bitmap b;

	if (op_dirty_read(s, op, &b, &why))
		fail_msg("%s", why.text);
	return b;
}

#endif
