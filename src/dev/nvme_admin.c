/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that the NVMe driver gives for itself: what controller and namespace are (B 5.17, N 4.1.5), and the I/O queues (B 5.5, 5.6). */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/msg.h"
#include "base/num.h"
#include "dev/nvme.h"

#define NVME_NOTHING 0xa5 /* what the page holds before data is asked for */
#define NVME_SHUTDOWN_MS_MIN 1000u
#define NVME_SHUTDOWN_MS_MAX 10000u
#define NVME_ONCS_COMPARE 0x1
#define NVME_VERSION_ACTIVE 0x00010100
#define NVME_NMIC_SHARED 0x1
#define NVME_NSATTR_PROTECTED 0x1
#define NVME_BLOCK_SHIFT_MIN 9u
#define NVME_BLOCK_SHIFT_MAX 16u

static int nvme_admin_do(struct dev *dev, struct nvme_command *cmd, const char *what, uint32_t *result, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	struct nvme_slot *slot = nvme_queue_slot(&nvme->admin);
	int err;

	nvme_queue_add(&nvme->admin, cmd);
	nvme_queue_ring(dev, &nvme->admin);
	err = nvme_queue_wait(dev, &nvme->admin, nvme->admin_ms);
	if (err)
		return fail_set(f, err,
				nvme_control_is_dead(dev) ? "nvme failed, or went away, while it was asked to %s"
							  : "nvme did not answer when it was asked to %s",
				what);
	if (NVME_STATUS_CODE(slot->status) == NVME_STATUS_NAMESPACE) {
		fail_complete(f, ENXIO, "nvme has no active namespace %u", cmd->dw[1]);
		fail_hint(f, "ns=N names another");
		return -ENXIO;
	}
	if (slot->status)
		return fail_complete(f, EIO, "nvme refused to %s: status 0x%04x", what, slot->status);
	if (result)
		*result = slot->result;
	return 0;
}

/* A completion says little: QEMU gives status 0 for data that the IOMMU refused. What did not arrive is not looked at. */
static int nvme_identify(struct dev *dev, unsigned int cns, uint32_t ns, const char *what, uint8_t *out, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	struct nvme_command cmd = {.dw = {[0] = NVME_ADMIN_IDENTIFY, [1] = ns, [10] = cns}};
	unsigned int same = 0;
	int err;

	memset(nvme->page, NVME_NOTHING, NVME_PAGE);
	nvme_prp_set(&cmd, NULL, nvme->page_iova, NVME_PAGE);
	err = nvme_admin_do(dev, &cmd, what, NULL, f);
	if (err)
		return err;
	memcpy(out, nvme->page, NVME_PAGE);
	while (same < NVME_PAGE && out[same] == NVME_NOTHING)
		same++;
	if (same == NVME_PAGE)
		return fail_complete(f, EIO, "nvme ended the command to %s well, but its data did not arrive in memory",
				     what);
	return 0;
}

/* Of fixed length, ASCII, filled up with blanks (B 5.17.2.1): what is no text of a controller is not shown as one. */
static void nvme_text(char *to, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = from[i] > ' ' && from[i] < 0x7f ? (char)from[i] : ' ';
	while (len && to[len - 1] == ' ')
		len--;
	to[len] = '\0';
}

int nvme_admin_identify_controller(struct dev *dev, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	uint8_t data[NVME_PAGE];
	struct bytes b = {data, sizeof(data)};
	unsigned int mdts;
	uint64_t exit_us;
	int err = nvme_identify(dev, NVME_CNS_CONTROLLER, 0, "identify itself", data, f);

	if (err)
		return err;
	mdts = data[77];
	nvme->transfer_most = mdts && mdts < 40 ? (uint64_t)NVME_PAGE << mdts : 0;
	nvme_text(nvme->serial, data + 4, 20);
	nvme_text(nvme->model, data + 24, 40);
	nvme->version = (uint32_t)bytes_at(b, 80, 4);
	nvme->can_compare = bytes_at(b, 520, 2) & NVME_ONCS_COMPARE;
	nvme->sgls = (uint32_t)bytes_at(b, 536, 4);
	exit_us = bytes_at(b, 88, 4); /* RTD3E: how long a shutdown takes, 0: not said */
	nvme->shutdown_ms = (unsigned int)MAX(exit_us / 1000, NVME_SHUTDOWN_MS_MIN);
	nvme->shutdown_ms = MIN(nvme->shutdown_ms, NVME_SHUTDOWN_MS_MAX);
	return 0;
}

static int nvme_check_range(const struct nvme_options *opt, uint64_t blocks, unsigned int shift, struct fail *f)
{
	char size[32];

	if (opt->first < blocks && opt->count <= blocks - opt->first)
		return 0;
	fail_usage(f, ERANGE, "blocks %" PRIu64 "+%" PRIu64 " are not all in namespace %u", opt->first, opt->count,
		   opt->ns);
	fail_hint(f, "it has %" PRIu64 " blocks of %s", blocks,
		  num_format_size(size, sizeof(size), UINT64_C(1) << shift));
	return -ERANGE;
}

/*
 * N 4.1.5.1: what another controller's driver has mounted cannot be seen from here: nothing ties the two together any more once this
 * controller is VFIO's.
 */
static int nvme_check_writable(const struct nvme_options *opt, const uint8_t *data, struct fail *f)
{
	if (data[99] & NVME_NSATTR_PROTECTED)
		return fail_complete(f, EROFS, "namespace %u is write protected", opt->ns);
	if (!(data[30] & NVME_NMIC_SHARED))
		return 0;
	fail_complete(f, EBUSY, "namespace %u may be used by another controller as well: nothing is written to it",
		      opt->ns);
	fail_hint(f, "scratch= takes a private namespace (NMIC 0), blocks= any");
	return -EBUSY;
}

static int nvme_check_format(const struct nvme_options *opt, const uint8_t *data, unsigned int *shift, struct fail *f)
{
	struct bytes b = {data, NVME_PAGE};
	unsigned int format = data[26] & 15;
	uint64_t lbaf;

	/* N 4.1.5.1: the two upper bits count where there are more than 16 formats */
	if (data[25] > 15)
		format |= (data[26] >> 5 & 3) << 4;
	lbaf = bytes_at(b, 128 + 4 * format, 4);
	*shift = lbaf >> 16 & 0xff;
	if (lbaf & 0xffff)
		return fail_complete(f, EOPNOTSUPP, "namespace %u has %u bytes of metadata with each block", opt->ns,
				     (unsigned int)(lbaf & 0xffff));
	if (*shift < NVME_BLOCK_SHIFT_MIN || *shift > NVME_BLOCK_SHIFT_MAX)
		return fail_complete(f, EOPNOTSUPP, "namespace %u has blocks of 2^%u bytes", opt->ns, *shift);
	return opt->mode == NVME_SCRATCH ? nvme_check_writable(opt, data, f) : 0;
}

int nvme_admin_identify_namespace(struct dev *dev, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	uint8_t data[NVME_PAGE];
	struct bytes b = {data, sizeof(data)};
	uint64_t blocks;
	int err = nvme_identify(dev, NVME_CNS_NAMESPACE, nvme->opt.ns, "identify a namespace", data, f);

	if (err)
		return err;
	blocks = bytes_at(b, 0, 8);
	if (!blocks) {
		fail_complete(f, ENXIO, "nvme has no active namespace %u", nvme->opt.ns);
		fail_hint(f, "ns=N names another");
		return -ENXIO;
	}
	err = nvme_check_format(&nvme->opt, data, &nvme->block_shift, f);
	return err ? err : nvme_check_range(&nvme->opt, blocks, nvme->block_shift, f);
}

/* The N of nvme0nN is no namespace id: with several of them the first is a guess, and guesses are not written to (B 5.17.2.2). */
static int nvme_check_only(struct dev *dev, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	uint8_t data[NVME_PAGE];
	struct bytes b = {data, sizeof(data)};
	uint64_t second;
	int err;

	if (nvme->version < NVME_VERSION_ACTIVE)
		return fail_usage(f, EINVAL, "this NVMe controller cannot list its namespaces: say which with ns=");
	err = nvme_identify(dev, NVME_CNS_ACTIVE, 0, "list its namespaces", data, f);
	if (err)
		return err;
	second = bytes_at(b, 4, 4);
	if (!second)
		return 0;
	fail_usage(f, EINVAL, "there is more than one namespace, and scratch= does not say which");
	fail_hint(f, "ns=%" PRIu64 ", ns=%" PRIu64 " ...", bytes_at(b, 0, 4), second);
	return -EINVAL;
}

int nvme_admin_name_drive(struct dev *dev, struct fail *f)
{
	const struct nvme *nvme = nvme_of(dev);
	int err = nvme->opt.ns_given ? 0 : nvme_check_only(dev, f);

	if (!err)
		msg_note("nvme: blocks %" PRIu64 " to %" PRIu64
			 " of namespace %u of %s, serial number %s, are overwritten",
			 nvme->opt.first, nvme->opt.first + (nvme->opt.count - 1), nvme->opt.ns,
			 nvme->model[0] ? nvme->model : "a drive without a name",
			 nvme->serial[0] ? nvme->serial : "unknown");
	return err;
}

/* B 5.27.1.5: once after each reset, before the first I/O queue. */
static int nvme_ask_queues(struct dev *dev, unsigned int n, struct fail *f)
{
	struct nvme_command cmd = {
		.dw = {[0] = NVME_ADMIN_SET_FEATURES, [10] = NVME_FEATURE_QUEUES, [11] = (n - 1) << 16 | (n - 1)}};
	uint32_t got = 0;
	int err = nvme_admin_do(dev, &cmd, "set the number of queues", &got, f);

	if (err)
		return err;
	got = MIN(got & 0xffff, got >> 16) + 1;
	if (got >= n)
		return 0;
	fail_set(f, ENOSPC, "nvme has %u pairs of I/O queues, not %u", got, n);
	fail_hint(f, "queues=%u", got);
	return -ENOSPC;
}

/* No interrupt, contiguous; the completion queue first. */
static int nvme_make_queue(struct dev *dev, struct nvme_queue *q, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	uint32_t size = (q->entries - 1) << 16 | q->id;
	struct nvme_command cq = {
		.dw = {[0] = NVME_ADMIN_CREATE_CQ, [10] = size, [11] = NVME_QUEUE_CONTIGUOUS},
	};
	struct nvme_command sq = {
		.dw = {[0] = NVME_ADMIN_CREATE_SQ, [10] = size, [11] = (uint32_t)q->id << 16 | NVME_QUEUE_CONTIGUOUS},
	};
	int err;

	nvme_prp_set(&cq, NULL, q->cq_iova, NVME_PAGE);
	nvme_prp_set(&sq, NULL, q->sq_iova, NVME_PAGE);
	err = nvme_admin_do(dev, &cq, "create a completion queue", NULL, f);
	if (err)
		return err;
	nvme->made_cq = q->id;
	err = nvme_admin_do(dev, &sq, "create a submission queue", NULL, f);
	if (!err)
		nvme->made_sq = q->id;
	return err;
}

int nvme_admin_make_queues(struct dev *dev, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	unsigned int n = dev->limits.queues;
	int err = nvme_ask_queues(dev, n, f);

	for (unsigned int i = 0; i < n && !err; i++) {
		err = nvme_queue_init(dev, &nvme->io[i], (uint16_t)(i + 1), f);
		if (!err)
			err = nvme_make_queue(dev, &nvme->io[i], f);
	}
	return err;
}

/* B 3.6.1: all submission queues before the first completion queue. */
void nvme_admin_delete_queues(struct dev *dev)
{
	struct nvme *nvme = nvme_of(dev);
	int err = 0;

	for (; nvme->made_sq && !err; nvme->made_sq--) {
		struct nvme_command cmd = {.dw = {[0] = NVME_ADMIN_DELETE_SQ, [10] = nvme->made_sq}};

		err = nvme_admin_do(dev, &cmd, "delete a submission queue", NULL, NULL);
	}
	for (; nvme->made_cq && !err; nvme->made_cq--) {
		struct nvme_command cmd = {.dw = {[0] = NVME_ADMIN_DELETE_CQ, [10] = nvme->made_cq}};

		err = nvme_admin_do(dev, &cmd, "delete a completion queue", NULL, NULL);
	}
}
