/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops on what is in the buffers: fill, check, and the device's DMA between them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "core/op/flight.h"
#include "core/op/op.h"
#include "core/session/priv.h"
#include "iommu/ledger.h"

#define OP_DMA_TIMEOUT_MS 10000

/* The part of a buffer an op means; -ERANGE when it leaves the buffer. */
static int op_part(struct session *s, const struct op_pattern *op, struct buffer **out, uint64_t *size, struct fail *f)
{
	struct buffer *b = buffer_find(s, op->buf);
	uint64_t end;

	if (!b)
		return fail_set(f, ENOENT, "there is no buffer %s here", op->buf);
	*size = op->size ? op->size : b->size - MIN(op->offset, b->size);
	if (!num_add(op->offset, *size, &end) || end > b->size || end > b->mem.size || !*size)
		return fail_usage(f, ERANGE,
				  "offset 0x%" PRIx64 " and size 0x%" PRIx64 " leave buffer %s of 0x%" PRIx64 " bytes",
				  op->offset, *size, b->name, b->size);
	if (!op->is_byte && (op->offset | (op->from_given ? op->from : 0)) % STAMP_LINE)
		return fail_usage(f, EINVAL, "stamps start at multiples of %u, not at offset 0x%" PRIx64, STAMP_LINE,
				  op->offset);
	if (op->at_given && op->at % STAMP_LINE)
		return fail_usage(f, EINVAL, "stamps start at multiples of %u, not at iova 0x%" PRIx64, STAMP_LINE,
				  op->at);
	*out = b;
	return 0;
}

int op_fill(struct session *s, const struct op_pattern *op, struct fail *f)
{
	struct buffer *b;
	uint64_t size;
	void *view;
	int err = session_usable(s, f);

	facts_buffer(s, OP_FILL, op->buf);
	if (!err)
		err = op_part(s, op, &b, &size, f);
	if (!err)
		err = buffer_view(b, op->offset, size, &view, f);
	if (err)
		return err;
	if (op->is_byte) {
		memset(view, op->byte, size);
	} else {
		struct stamp stamp = {s->stamp_id, op->generation, b->iova + op->offset};

		stamp_fill(view, size, &stamp);
	}
	return buffer_unview(b, op->offset, size, view, true, f);
}

static void check_bytes(const struct buffer *b, const struct op_pattern *op, const void *view, uint64_t size,
			struct failures *found)
{
	const unsigned char *p = view;
	struct failure bad = {.class = FAILURE_FOREIGN};
	uint64_t at = 0, end = size;

	while (at < size && p[at] == op->byte)
		at++;
	if (at == size)
		return;
	while (p[end - 1] == op->byte)
		end--;
	bad.iova = b->iova + op->offset + at;
	bad.length = end - at;
	snprintf(bad.text, sizeof(bad.text),
		 "buffer %s changed between offset 0x%" PRIx64 " and 0x%" PRIx64 ": byte 0x%02x where 0x%02x was due",
		 b->name, op->offset + at, op->offset + end - 1, p[at], op->byte);
	failures_add(found, &bad);
}

static void check_stamps(const struct session *s, const struct buffer *b, const struct op_pattern *op, const void *view,
			 uint64_t size, struct failures *found)
{
	uint64_t from = op->from_given ? op->from : op->offset;
	struct stamp want = {s->stamp_id, op->generation, op->at_given ? op->at : b->iova + from};
	struct stamp_verdict v;
	size_t offset = 0;

	while (stamp_next_bad(view, size, &want, &offset, &v)) {
		struct failure bad = {0};

		failure_from_verdict(&bad, &v, b->iova + op->offset);
		failures_add(found, &bad);
	}
}

int op_check(struct session *s, const struct op_pattern *op, uint64_t *bytes, struct failures *found, struct fail *f)
{
	struct buffer *b;
	void *view;
	int err;

	facts_buffer(s, OP_CHECK, op->buf);
	err = op_part(s, op, &b, bytes, f);
	if (!err)
		err = buffer_view(b, op->offset, *bytes, &view, f);
	if (err)
		return err;
	if (op->is_byte)
		check_bytes(b, op, view, *bytes, found);
	else
		check_stamps(s, b, op, view, *bytes, found);
	facts_count(s, FACT_CHECKED, *bytes);
	facts_found(s, found);
	return buffer_unview(b, op->offset, *bytes, view, false, f);
}

int op_check_pins(struct session *s, struct failures *found, struct fail *f)
{
	struct failure bad = {.class = FAILURE_PIN_LEAK};
	int64_t excess = 0;
	int err;

	facts_buffer(s, OP_CHECK_PINS, NULL);
	for (unsigned int try = 0; try < 5; try++) {
		err = session_pin_excess(s, &excess);
		if (err)
			return fail_set(f, err, "nobody counts pinned pages here");
		if (!excess)
			return 0;
		clock_sleep_ns(10000000, NULL);
	}
	bad.length = (uint64_t)(excess > 0 ? excess : -excess) * 4096;
	snprintf(bad.text, sizeof(bad.text), "%" PRId64 " pages are pinned %s what is mapped explains",
		 excess > 0 ? excess : -excess, excess > 0 ? "beyond" : "short of");
	failures_add(found, &bad);
	facts_found(s, found);
	return 0;
}

int op_resolve_buffer(struct session *s, const char *text, struct buffer **out, uint64_t *offset, struct fail *f)
{
	const char *plus = strchr(text, '+');
	size_t n = plus ? (size_t)(plus - text) : strlen(text);
	char name[BUFFER_NAME_MAX];

	*offset = 0;
	if (n >= sizeof(name) || (plus && num_parse_size(plus + 1, offset)))
		return fail_usage(f, EINVAL, "'%s' is neither an address nor BUF or BUF+OFFSET", text);
	memcpy(name, text, n);
	name[n] = 0;
	if (!buffer_name_is_valid(name))
		return fail_usage(f, EINVAL, "'%s' is neither an address nor BUF or BUF+OFFSET", text);
	*out = buffer_find(s, name);
	return *out ? 0 : fail_set(f, ENOENT, "there is no buffer %s here", name);
}

int op_resolve(struct session *s, const char *text, iova_t *out, struct fail *f)
{
	struct ledger_entry entry;
	struct buffer *b;
	uint64_t offset;
	int err;

	if (text[0] >= '0' && text[0] <= '9') {
		if (num_parse_size(text, out))
			return fail_usage(f, EINVAL, "'%s' is not an address", text);
		return 0;
	}
	err = op_resolve_buffer(s, text, &b, &offset, f);
	if (err)
		return err;
	/* the device sees it where the space that translates for it has it, be it a copy */
	if (s->at && s->at != b->space && offset < b->mem.size &&
	    buffer_find_in(s->at, b, (char *)b->mem.va + offset, &entry)) {
		*out = entry.range.start + ((uintptr_t)b->mem.va + offset - (uintptr_t)entry.va);
		return 0;
	}
	if (!num_add(b->iova, offset, out) || offset >= b->size)
		return fail_usage(f, ERANGE, "offset 0x%" PRIx64 " leaves buffer %s of 0x%" PRIx64 " bytes", offset,
				  b->name, b->size);
	return 0;
}

/* What the device said, unless the op was meant to fault. */
static void dma_judge(const struct op_dma *op, iova_t at, int status, struct failures *found)
{
	struct failure bad = {.class = FAILURE_DMA_ERROR, .iova = at, .length = op->size};

	if (op->may_fault || !status)
		return;
	snprintf(bad.text, sizeof(bad.text), "the device reported an error: %.140s", strerror(-status));
	failures_add(found, &bad);
}

/* Can the device move that, at these addresses? @src, @dst: NULL for its own buffer. */
static int dma_check_limits(struct session *s, const struct op_dma *op, iova_t src, iova_t dst, struct fail *f)
{
	const struct dev_limits *lim = dev_limits(s->dev);
	int err;

	if (op->dir == DEV_COPY ? !dev_both_ways(lim) : !(lim->dirs & op->dir))
		return fail_set(f, EOPNOTSUPP,
				op->dir == DEV_COPY   ? "driver %s does not write what it read: it cannot copy"
				: op->dir == DEV_READ ? "driver %s cannot read memory alone, only copy"
						      : "driver %s cannot write memory alone, only copy",
				session_driver_name(s));
	err = dev_check_length(lim, "--size", op->size, f);
	if (!err && op->src)
		err = dev_check_address(lim, "iova", src, f);
	if (!err && op->dst)
		err = dev_check_address(lim, "iova", dst, f);
	return err;
}

/* One end of the transfer: where it is, and that the device may be pointed there. */
static int dma_end(struct session *s, const char *text, uint64_t size, iova_t *at, struct op_reach *reach,
		   struct fail *f)
{
	int err = text ? op_resolve(s, text, at, f) : 0;

	if (err || !text)
		return err;
	facts_range(s, s->at ? s->at : s->iommu, *at, size);
	err = session_check_dma(s, *at, size, f);
	if (!err)
		reach->ranges[reach->nr++] = (struct iova_range){*at, *at + (size - 1)};
	return err;
}

int op_dma_move(struct session *s, const struct op_dma *op, unsigned int queue, iova_t src, iova_t dst, int *status,
		struct fail *f)
{
	int err;

	if (op->dir != DEV_COPY) {
		iova_t at = op->dir == DEV_READ ? src : dst;

		err = dev_oneway(s->dev, queue, op->dir, at, op->size, OP_DMA_TIMEOUT_MS, status);
		if (err)
			fail_set(f, err, "the device did not do the DMA at iova 0x%" PRIx64, at);
	} else {
		err = dev_roundtrip(s->dev, queue, src, dst, op->size, status);
		if (err)
			fail_set(f, err, "the device did not copy 0x%" PRIx64 " bytes from iova 0x%" PRIx64, op->size,
				 src);
	}
	return session_dma_failed(s, err, f);
}

/*
 * A refusal was waited for and none was seen. Where the device does not report them, an access to what is not mapped proves
 * nothing by that: kernels limit how many faults they log, and some IOMMUs have them logged late.
 */
static int dma_unseen(const struct session *s, const struct op_reach *reach, bool to_first, struct fail *f)
{
	bool mapped = true;
	iova_t hole;

	if (dev_limits(s->dev)->reports_faults || iommu_caps(s->iommu)->no_hardware)
		return 0;
	for (unsigned int i = 0; i < reach->nr; i++)
		mapped &= session_maps(s, reach->ranges[i], i || to_first ? IOMMU_PROT_WRITE : IOMMU_PROT_READ, &hole);
	if (mapped)
		return 0;
	fail_set(f, EOPNOTSUPP,
		 "whether the DMA was refused was not seen: driver %s reports no refusal, and none was logged",
		 session_driver_name(s));
	fail_hint(f, "a kernel logs few faults in 5 s; --may-fault and a check of the memory tell without the log");
	return -EOPNOTSUPP;
}

int op_dma_prepare(struct session *s, const struct op_dma *op, iova_t *src, iova_t *dst, struct op_reach *reach,
		   struct fail *f)
{
	int err = session_usable(s, f);

	*src = *dst = 0;
	if (!err)
		err = session_dma_start(s, f);
	if (!err)
		err = dma_end(s, op->src, op->size, src, reach, f);
	if (!err)
		err = dma_end(s, op->dst, op->size, dst, reach, f);
	return err ? err : dma_check_limits(s, op, *src, *dst, f);
}

static int dma_do(struct session *s, const struct op_dma *op, uint64_t *bytes, struct failures *found, struct fail *f)
{
	struct op_reach reach = {.may_fault = op->may_fault, .must_fault = op->unchecked && !op->may_fault};
	iova_t src = 0, dst = 0;
	int status = 0, err = op_dma_prepare(s, op, &src, &dst, &reach, f);
	uint64_t before = failures_total(found);

	*bytes = 0;
	if (!err)
		err = flights_canary(s, f);
	if (err)
		return err;
	op_faults_before(s, &reach);
	s->transfers++;
	err = op_dma_move(s, op, 0, src, dst, &status, f);
	if (err) {
		op_faults_failed(s, &reach);
		return err;
	}
	*bytes = op->size;
	dma_judge(op, op->src ? src : dst, status, found);
	op_faults_after(s, &reach, found, before);
	if (reach.must_fault && failures_total(found) == before)
		err = dma_unseen(s, &reach, !op->src, f);
	if (err)
		return err;
	return s->transfers % SESSION_CANARY_EVERY ? 0 : session_canary(s, f);
}

int op_dma(struct session *s, const struct op_dma *op, uint64_t *bytes, struct failures *found, struct fail *f)
{
	int err;

	facts_buffer(s, OP_DMA, NULL);
	err = dma_do(s, op, bytes, found, f);
	if (!err)
		facts_count(s, FACT_MOVED, *bytes);
	facts_found(s, found);
	return err;
}
