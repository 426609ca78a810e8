/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the NVMe driver: what the controller is used for, and with how many commands and queues. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/num.h"
#include "base/spec.h"
#include "dev/nvme.h"

#define NVME_KNOWN                                                                                         \
	"log=LID, blocks=FIRST+COUNT, compare=FIRST+COUNT, scratch=FIRST+COUNT, ns=N, depth=N, queues=N, " \
	"max-transfer=SIZE, "                                                                              \
	"sgl"

/* Log pages that every controller has or that say so when it has not, and what there is of each (B 5.16.1). */
static const struct {
	uint8_t id;
	uint32_t bytes;
} nvme_logs[] = {
	{0x01, 64},   /* errors: the latest one */
	{0x02, 512},  /* SMART / health */
	{0x03, 512},  /* firmware slots */
	{0x05, 4096}, /* commands supported and their effects */
};

static int nvme_bad_value(const struct spec_option *o, const char *hint, struct fail *f)
{
	fail_set(f, EINVAL, "bad value \"%s\" for option %s of driver nvme", o->value, o->key);
	fail_hint(f, "%s", hint);
	return -EINVAL;
}

static int nvme_set_mode(struct nvme_options *opt, enum nvme_mode mode, const struct spec_option *o, struct fail *f)
{
	if (opt->mode == NVME_IDENTIFY) {
		opt->mode = mode;
		return 0;
	}
	fail_set(f, EINVAL, "driver nvme does one thing at a time: \"%s\" comes after another", o->key);
	fail_hint(f, "one of log=, blocks=, compare=, scratch=");
	return -EINVAL;
}

static int nvme_set_log(struct nvme_options *opt, const struct spec_option *o, struct fail *f)
{
	uint64_t id;

	if (!num_parse_u64(o->value, &id)) {
		for (size_t i = 0; i < ARRAY_SIZE(nvme_logs); i++) {
			if (nvme_logs[i].id != id)
				continue;
			opt->log = nvme_logs[i].id;
			opt->log_bytes = nvme_logs[i].bytes;
			return nvme_set_mode(opt, NVME_LOG, o, f);
		}
	}
	return nvme_bad_value(o, "log=LID: 1 errors, 2 health, 3 firmware slots, 5 supported commands", f);
}

/* FIRST+COUNT, in blocks. */
static int nvme_set_range(struct nvme_options *opt, enum nvme_mode mode, const struct spec_option *o, struct fail *f)
{
	static const char hint[] =
		"FIRST+COUNT: the number of the first block and how many, as 0+2048; decimal or 0x hex";
	char text[sizeof(o->value)], *plus;
	uint64_t last;

	memcpy(text, o->value, sizeof(text));
	plus = strchr(text, '+');
	if (!plus)
		return nvme_bad_value(o, hint, f);
	*plus = '\0';
	if (num_parse_u64(text, &opt->first) || num_parse_u64(plus + 1, &opt->count) || !opt->count ||
	    !num_add(opt->first, opt->count - 1, &last) || last > UINT64_MAX >> 17)
		return nvme_bad_value(o, hint, f);
	return nvme_set_mode(opt, mode, o, f);
}

static int nvme_set_number(const struct spec_option *o, uint64_t min, uint64_t max, uint64_t *out, struct fail *f)
{
	if (!num_parse_u64(o->value, out) && *out >= min && *out <= max)
		return 0;
	fail_set(f, EINVAL, "bad value \"%s\" for option %s of driver nvme", o->value, o->key);
	fail_hint(f, "%s=N, %" PRIu64 "..%" PRIu64, o->key, min, max);
	return -EINVAL;
}

static int nvme_set_transfer(struct nvme_options *opt, const struct spec_option *o, struct fail *f)
{
	if (num_parse_size(o->value, &opt->max_transfer) || opt->max_transfer < NVME_BLOCK_MIN ||
	    opt->max_transfer > NVME_TRANSFER_MAX || !IS_ALIGNED(opt->max_transfer, NVME_BLOCK_MIN))
		return nvme_bad_value(o, "max-transfer=SIZE, 512..8M, whole blocks", f);
	return 0;
}

static int nvme_option(struct dev *dev, struct nvme_options *opt, const struct spec_option *o, struct fail *f)
{
	static const struct {
		const char *key;
		enum nvme_mode mode;
	} ranges[] = {{"blocks", NVME_BLOCKS}, {"compare", NVME_COMPARE}, {"scratch", NVME_SCRATCH}};
	uint64_t n = 0;
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (!strcmp(o->key, ranges[i].key))
			return nvme_set_range(opt, ranges[i].mode, o, f);
	if (!strcmp(o->key, "log"))
		return nvme_set_log(opt, o, f);
	if (!strcmp(o->key, "max-transfer"))
		return nvme_set_transfer(opt, o, f);
	if (!strcmp(o->key, "sgl")) {
		opt->sgl = true;
		return o->has_value ? nvme_bad_value(o, "sgl takes no value", f) : 0;
	}
	if (!strcmp(o->key, "ns")) {
		err = nvme_set_number(o, 1, UINT32_MAX - 1, &n, f);
		opt->ns = (uint32_t)n;
		opt->ns_given = true;
	} else if (!strcmp(o->key, "depth")) {
		err = nvme_set_number(o, 1, NVME_RING - 1, &n, f);
		opt->depth = (unsigned int)n;
	} else if (!strcmp(o->key, "queues")) {
		err = nvme_set_number(o, 1, NVME_IO_QUEUES_MAX, &n, f);
		opt->queues = (unsigned int)n;
	} else {
		err = dev_bad_option(dev, o->key, NVME_KNOWN, f);
	}
	return err;
}

/* Options that only some uses have. */
static int nvme_options_fit(const struct nvme_options *opt, struct fail *f)
{
	if (opt->mode >= NVME_BLOCKS) {
		if (opt->count >= opt->queues)
			return 0;
		fail_set(f, EINVAL, "%" PRIu64 " blocks cannot be shared by %u queues", opt->count, opt->queues);
		fail_hint(f, "each queue works on a part of the blocks of its own");
		return -EINVAL;
	}
	if (opt->queues == 1 && !opt->sgl && !opt->max_transfer && !opt->ns_given)
		return 0;
	fail_set(f, EINVAL, "driver nvme takes ns=, queues=, max-transfer= and sgl for transfers of blocks only");
	fail_hint(f, "with blocks=, compare= or scratch=");
	return -EINVAL;
}

static void nvme_options_limit(struct dev *dev, const struct nvme_options *opt)
{
	struct dev_limits *l = &dev->limits;

	l->depth = opt->depth ? opt->depth : NVME_DEPTH_DEFAULT;
	switch (opt->mode) {
	case NVME_IDENTIFY:
		return;
	case NVME_LOG:
		l->min_len = l->align = 4;
		l->max_len = l->buffer = opt->log_bytes;
		return;
	case NVME_BLOCKS:
		break;
	case NVME_COMPARE:
		l->dirs = DEV_READ;
		break;
	case NVME_SCRATCH:
		l->dirs = DEV_READ | DEV_WRITE;
		l->destructive = true;
		break;
	}
	/* until the namespace has been asked: blocks as small, and transfers as large, as they can be */
	l->fixed = false;
	l->min_len = l->align = NVME_BLOCK_MIN;
	l->max_len = opt->max_transfer ? opt->max_transfer : NVME_TRANSFER_DEFAULT;
	l->queues = opt->queues;
	l->buffer = opt->count / opt->queues * NVME_BLOCK_MIN;
}

int nvme_options_parse(struct dev *dev, struct nvme_options *out, struct fail *f)
{
	const char *rest = dev->options;
	struct spec_option o;
	int ret;

	*out = (struct nvme_options){.ns = 1, .queues = 1};
	while ((ret = spec_next(&rest, &o)) > 0) {
		ret = nvme_option(dev, out, &o, f);
		if (ret)
			return ret;
	}
	if (ret < 0)
		return dev_bad_option(dev, rest, NVME_KNOWN, f);
	ret = nvme_options_fit(out, f);
	if (!ret)
		nvme_options_limit(dev, out);
	return ret;
}
