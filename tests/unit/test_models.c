/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drivers on the register models of their devices, sound and broken in each way; and what models have in common. */
#include "model_rig.h"

#define LEN 2048

/* What the driver makes of hardware that is broken in this way, from before its start on or when it had been started. */
struct broken_case {
	const char *model, *driver;
	enum model_broken broken;
	bool started;
	int start; /* of dev_start */
	const char *text;
	int transfer, status; /* of the first transfer */
	uint64_t arrived;
	int stop;	    /* of dev_stop: is it known to be quiet? */
	unsigned int rings; /* pages that were not given back */
};

static const struct broken_case broken_cases[] = {
	{.model = "lsi",
	 .broken = MODEL_NEVER_READY,
	 .start = -ENODEV,
	 .text = "lsi does not answer to a reset",
	 .stop = -EBUSY},
	{.model = "lsi",
	 .broken = MODEL_GONE,
	 .start = -ENODEV,
	 .text = "lsi does not answer to a reset",
	 .stop = -EBUSY},
	/* it works, until it is to be stopped */
	{.model = "lsi", .broken = MODEL_NEVER_READY, .started = true, .arrived = LEN, .stop = -EBUSY, .rings = 1},
	{.model = "lsi", .broken = MODEL_STUCK_BUSY, .started = true, .transfer = -ETIMEDOUT},
	{.model = "lsi", .broken = MODEL_ERROR_STATUS, .started = true, .status = -EIO},
	{.model = "lsi", .broken = MODEL_BOGUS_LENGTH, .started = true, .arrived = LEN / 2},
	{.model = "lsi", .broken = MODEL_GONE, .started = true, .transfer = -ETIMEDOUT, .stop = -EBUSY, .rings = 1},
	{.model = "lsi", .broken = MODEL_SILENT_ERROR, .started = true},

	{.model = "edu",
	 .broken = MODEL_NEVER_READY,
	 .start = -EBUSY,
	 .text = "edu does not end an earlier transfer",
	 .stop = -EBUSY},
	{.model = "edu",
	 .broken = MODEL_GONE,
	 .start = -ENODEV,
	 .text = "edu answers 0xffffffff as its id, not 0x010000ed",
	 .stop = -EBUSY},
	{.model = "edu", .broken = MODEL_STUCK_BUSY, .started = true, .transfer = -ETIMEDOUT, .stop = -EBUSY},
	{.model = "edu", .broken = MODEL_BOGUS_LENGTH, .started = true, .arrived = LEN / 2},
	{.model = "edu", .broken = MODEL_GONE, .started = true, .transfer = -ETIMEDOUT, .stop = -EBUSY},
	{.model = "edu", .broken = MODEL_SILENT_ERROR, .started = true},

	{.model = "testdev",
	 .broken = MODEL_NEVER_READY,
	 .start = -ENODEV,
	 .text = "iommu-testdev does not become idle: its result is 0xfffffffe",
	 .stop = -EBUSY},
	{.model = "testdev",
	 .broken = MODEL_GONE,
	 .start = -ENODEV,
	 .text = "iommu-testdev's registers do not hold what is written",
	 .stop = -EBUSY},
	{.model = "testdev", .broken = MODEL_STUCK_BUSY, .started = true, .transfer = -ETIMEDOUT, .stop = -EBUSY},
	{.model = "testdev", .broken = MODEL_ERROR_STATUS, .started = true, .status = -EIO},
	{.model = "testdev", .broken = MODEL_BOGUS_LENGTH, .started = true, .arrived = LEN / 2},
	{.model = "testdev", .broken = MODEL_GONE, .started = true, .transfer = -ETIMEDOUT, .stop = -EBUSY},
	{.model = "testdev", .broken = MODEL_SILENT_ERROR, .started = true},

	{.model = "e1000e",
	 .broken = MODEL_NEVER_READY,
	 .start = -ENODEV,
	 .text = "e1000e does not answer to a reset",
	 .stop = -EBUSY},
	{.model = "e1000e",
	 .broken = MODEL_GONE,
	 .start = -ENODEV,
	 .text = "e1000e's registers read as all ones",
	 .stop = -EBUSY},
	/* the packet that tests it fails */
	{.model = "e1000e",
	 .broken = MODEL_STUCK_BUSY,
	 .start = -ENODEV,
	 .text = "a packet that e1000e was to loop back did not come back"},
	{.model = "e1000e", .broken = MODEL_NEVER_READY, .started = true, .arrived = LEN, .stop = -EBUSY, .rings = 3},
	{.model = "e1000e", .broken = MODEL_STUCK_BUSY, .started = true, .status = -EIO},
	{.model = "e1000e", .broken = MODEL_ERROR_STATUS, .started = true, .status = -EIO},
	{.model = "e1000e", .broken = MODEL_BOGUS_LENGTH, .started = true, .status = -EIO, .arrived = LEN / 2},
	{.model = "e1000e", .broken = MODEL_GONE, .started = true, .transfer = -ETIMEDOUT, .stop = -EBUSY, .rings = 3},
	{.model = "e1000e", .broken = MODEL_SILENT_ERROR, .started = true},

	{.model = "igb",
	 .broken = MODEL_NEVER_READY,
	 .start = -ENODEV,
	 .text = "igb does not answer to a reset",
	 .stop = -EBUSY},
	{.model = "igb",
	 .broken = MODEL_GONE,
	 .start = -ENODEV,
	 .text = "igb's registers read as all ones",
	 .stop = -EBUSY},
	/* the packet that tests it fails */
	{.model = "igb",
	 .broken = MODEL_STUCK_BUSY,
	 .start = -ENODEV,
	 .text = "a packet that igb was to loop back did not come back"},
	{.model = "igb", .broken = MODEL_NEVER_READY, .started = true, .arrived = LEN, .stop = -EBUSY, .rings = 3},
	{.model = "igb", .broken = MODEL_STUCK_BUSY, .started = true, .status = -EIO},
	{.model = "igb", .broken = MODEL_ERROR_STATUS, .started = true, .status = -EIO},
	{.model = "igb", .broken = MODEL_BOGUS_LENGTH, .started = true, .status = -EIO, .arrived = LEN / 2},
	{.model = "igb", .broken = MODEL_GONE, .started = true, .transfer = -ETIMEDOUT, .stop = -EBUSY, .rings = 3},
	{.model = "igb", .broken = MODEL_SILENT_ERROR, .started = true},
};

/* The device in order again: it works if it had been quiet, and is left alone if not. */
static void check_after(struct model_rig *rig, const struct broken_case *c)
{
	uint64_t arrived;
	int status;

	rig_break(rig, MODEL_SOUND);
	if (c->stop) {
		assert_int_equal(dev_start(rig->dev, &rig->fail), -EBUSY);
		return;
	}
	assert_int_equal(dev_start(rig->dev, &rig->fail), 0);
	assert_int_equal(rig_move(rig, LEN, 1000, &status, &arrived), 0);
	assert_int_equal(status, 0);
	assert_int_equal(arrived, LEN);
	assert_int_equal(dev_stop(rig->dev), 0);
	assert_int_equal(rig->rings - rig->freed, 0);
}

static void check_broken(const struct broken_case *c)
{
	struct model_rig rig;
	uint64_t arrived;
	int status;

	rig_open(&rig, c->model, c->driver);
	if (c->started)
		assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	rig_break(&rig, c->broken);
	if (!c->started) {
		assert_int_equal(dev_start(rig.dev, &rig.fail), c->start);
		assert_string_equal(c->start ? rig.fail.text : "", c->text ? c->text : "");
	}
	if (!c->start) {
		assert_int_equal(rig_move(&rig, LEN, 5, &status, &arrived), c->transfer);
		assert_int_equal(status, c->status);
		assert_int_equal(arrived, c->arrived);
		/* what hangs is not given more */
		if (c->transfer == -ETIMEDOUT)
			assert_int_equal(rig_move(&rig, LEN, 5, &status, &arrived), -EBUSY);
	}
	assert_int_equal(dev_stop(rig.dev), c->stop);
	assert_int_equal(rig.rings - rig.freed, c->rings);
	/* where it can still be asked, the right to master the bus is gone whatever the engine says */
	if (c->broken != MODEL_GONE)
		assert_false(rig_masters(&rig));
	check_after(&rig, c);
	rig_close(&rig);
}

static void test_broken(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(broken_cases); i++) {
		const struct broken_case *c = &broken_cases[i];

		print_message("%s %s %s\n", c->model, model_broken_name(c->broken), c->started ? "when started" : "");
		check_broken(c);
	}
}

static void test_sound(void **state)
{
	static const char *const models[] = {"lsi", "edu", "testdev"};

	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		struct model_rig rig;
		uint64_t arrived;
		int status;

		rig_open(&rig, models[i], NULL);
		assert_string_equal(dev_name(rig.dev), models[i]);
		assert_false(rig_masters(&rig));
		assert_false(idev_has_reset(rig.idev));
		assert_int_equal(idev_reset(rig.idev), -EOPNOTSUPP);
		assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
		assert_true(rig_masters(&rig));
		for (uint64_t len = 1; len <= dev_limits(rig.dev)->max_len && len <= RIG_DST; len = len * 3 + 1) {
			assert_int_equal(rig_move(&rig, len, 1000, &status, &arrived), 0);
			assert_int_equal(status, 0);
			assert_int_equal(arrived, len);
			if (!dev_limits(rig.dev)->fixed)
				assert_memory_equal(rig.mem.va, (char *)rig.mem.va + RIG_DST, len);
		}
		assert_int_equal(dev_stop(rig.dev), 0);
		assert_int_equal(rig.rings - rig.freed, 0);
		assert_false(rig_masters(&rig));
		rig_close(&rig);
	}
}

/* Bus mastering that somebody took away: the device's DMA goes nowhere, but for the one that does not ask. */
static void test_master(void **state)
{
	struct model_rig rig;
	uint64_t arrived;
	int status;

	rig_open(&rig, "lsi", NULL);
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	assert_int_equal(idev_bus_master(rig.idev, false), 0);
	/* the script cannot be fetched: all ones are no instruction */
	assert_int_equal(rig_move(&rig, LEN, 100, &status, &arrived), 0);
	assert_int_equal(status, -EIO);
	assert_int_equal(arrived, 0);
	assert_int_equal(idev_bus_master(rig.idev, true), 0);
	assert_int_equal(rig_move(&rig, LEN, 100, &status, &arrived), 0);
	assert_int_equal(status, 0);
	assert_int_equal(arrived, LEN);
	rig_close(&rig);

	rig_open(&rig, "testdev", NULL);
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	assert_int_equal(idev_bus_master(rig.idev, false), 0);
	assert_int_equal(rig_move(&rig, LEN, 100, &status, &arrived), 0);
	assert_int_equal(status, 0);
	assert_int_equal(arrived, LEN);
	rig_close(&rig);
}

/* A script's page that is unmapped below the chip: stopped, told as an error, and as good as new afterwards. */
static void test_lsi_unfetched(void **state)
{
	struct iommu_map_req req = {.size = 4096, .iova = rig_ring_iova(0), .prot = IOMMU_PROT_RW};
	struct model_rig rig;
	uint64_t bytes, arrived;
	int status;

	rig_open(&rig, "lsi", NULL);
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	assert_int_equal(iommu_unmap(rig.iommu, req.iova, 4096, &bytes, &rig.fail), 0);
	assert_int_equal(rig_move(&rig, LEN, 100, &status, &arrived), 0);
	assert_int_equal(status, -EIO);
	assert_int_equal(arrived, 0);
	req.va = rig.ring[0].va;
	assert_int_equal(iommu_map(rig.iommu, &req, &rig.fail), 0);
	assert_int_equal(rig_move(&rig, LEN, 100, &status, &arrived), 0);
	assert_int_equal(status, 0);
	assert_int_equal(arrived, LEN);
	assert_int_equal(dev_stop(rig.dev), 0);
	rig_close(&rig);
}

/* What memory refuses: lsi and edu say nothing of it, and read all ones; testdev does. */
static void test_refused(void **state)
{
	const iova_t outside = RIG_IOVA + RIG_SIZE;
	struct dev_req req = {DEV_COPY, outside, RIG_IOVA, LEN, 99};
	struct model_rig rig;
	const unsigned char *bytes;

	rig_open(&rig, "lsi", NULL);
	bytes = rig.mem.va;
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 100), 0);
	assert_int_equal(req.status, 0);
	assert_int_equal(bytes[LEN - 1], 0xff);
	assert_int_equal(bytes[LEN], 0);
	req = (struct dev_req){DEV_COPY, RIG_IOVA, outside, LEN, 99};
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 100), 0);
	assert_int_equal(req.status, 0);
	rig_close(&rig);

	rig_open(&rig, "testdev", NULL);
	bytes = rig.mem.va;
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	req = (struct dev_req){DEV_WRITE, 0, outside, LEN, 99};
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 100), 0);
	assert_int_equal(req.status, -EFAULT);
	/* in part: the part that may be written is */
	req = (struct dev_req){DEV_WRITE, 0, outside - 4, LEN, 99};
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 100), 0);
	assert_int_equal(req.status, -EFAULT);
	assert_memory_equal(bytes + RIG_SIZE - 4, "\x78\x56\x34\x12", 4);
	req = (struct dev_req){DEV_WRITE, 0, RIG_IOVA, 6, 99};
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 100), 0);
	assert_int_equal(req.status, 0);
	assert_memory_equal(bytes, "\x78\x56\x34\x12\x78\x56\x00\x00", 8);
	rig_close(&rig);
}

/* Limits are the driver's: beyond them nothing reaches the model. */
static void test_limits(void **state)
{
	struct dev_req req = {DEV_WRITE, 0, RIG_IOVA, 65537, 0};
	struct model_rig rig;
	uint64_t accesses;

	rig_open(&rig, "testdev", NULL);
	assert_true(dev_limits(rig.dev)->fixed && dev_limits(rig.dev)->reports_faults);
	assert_int_equal(dev_limits(rig.dev)->dirs, DEV_WRITE);
	assert_int_equal(dev_start(rig.dev, &rig.fail), 0);
	accesses = rig.model->accesses;
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 100), -ERANGE);
	req = (struct dev_req){DEV_READ, RIG_IOVA, 0, 64, 0};
	assert_int_equal(dev_transfer(rig.dev, 0, &req, 1, 100), -EINVAL);
	assert_int_equal(rig.model->accesses, accesses);
	dev_close(rig.dev);
	assert_int_equal(dev_open(&rig.dev, rig.idev, "testdev,fast=1", &rig.env, &rig.fail), -EINVAL);
	rig_close(&rig);
}

/* What all models have in common: where registers are, when they answer, and when a device is gone. */
static void test_registers(void **state)
{
	struct iommu_params params = {.spec = "sim,model=ram:broken=gone:after=4", .seed = 1};
	struct iommu_device *idev;
	struct idev_bar bar;
	struct iommu *iommu;
	struct fail f = {0};
	uint64_t value;
	uint32_t word;

	assert_int_equal(iommu_open(&iommu, &params, &f), 0);
	assert_int_equal(iommu_attach(iommu, "sim", &idev, &f), 0);
	assert_int_equal(idev_bar_map(idev, 1, &bar, &f), -ENOENT);
	assert_int_equal(idev_bar_map(idev, 0, &bar, &f), 0);
	assert_null((void *)bar.base);
	assert_int_equal(bar.size, 4096);
	assert_int_equal(idev_bar_read(idev, 1, 0, 4, &value), -ENOENT);
	assert_int_equal(idev_bar_read(idev, 0, 4096, 4, &value), -EINVAL);
	assert_int_equal(idev_bar_write(idev, 0, 4092, 8, 0), -EINVAL);
	assert_int_equal(idev_bar_write(idev, 0, 6, 4, 0), -EINVAL);
	assert_int_equal(idev_config_read(idev, 0, 4, &word), 0);
	assert_int_equal(word, 0xfffe1b36);
	assert_int_equal(idev_config_read(idev, 2, 2, &word), 0);
	assert_int_equal(word, 0xfffe);
	assert_int_equal(idev_config_read(idev, 256, 4, &word), -EINVAL);
	assert_int_equal(idev_config_write(idev, 256, 4, 0), -EINVAL);

	assert_int_equal(idev_bar_write(idev, 0, 8, 8, UINT64_C(0x1122334455667788)), 0);
	assert_int_equal(idev_config_write(idev, 4, 2, 0), 0);
	assert_int_equal(idev_bar_read(idev, 0, 12, 4, &value), 0);
	assert_int_equal(value, 0xffffffff); /* without COMMAND's memory bit nobody answers */
	assert_int_equal(idev_config_write(idev, 4, 2, 2), 0);
	assert_int_equal(idev_bar_read(idev, 0, 12, 4, &value), 0);
	assert_int_equal(value, 0x11223344);
	assert_true(idev_has_reset(idev));
	assert_int_equal(idev_reset(idev), 0);
	assert_int_equal(idev_bar_read(idev, 0, 8, 8, &value), 0);
	assert_int_equal(value, 0);
	/* from the fifth on */
	assert_int_equal(idev_bar_read(idev, 0, 8, 1, &value), 0);
	assert_int_equal(value, 0xff);
	assert_int_equal(idev_config_read(idev, 0, 4, &word), 0);
	assert_int_equal(word, UINT32_MAX);
	assert_int_equal(idev_bus_master(idev, false), -EIO);
	assert_int_equal(idev_reset(idev), -EIO);
	iommu_close(iommu);
}

static void test_parse(void **state)
{
	static const struct {
		const char *spec, *hint;
	} bad[] = {
		{"sim,model", ""},
		{"sim,model=", ""},
		{"sim,model=chip", "models: ram, "},
		{"sim,model=edu:broken=error-status",
		 "broken=never-ready|stuck-busy|bogus-length|gone|silent-error[:after=N]"},
		{"sim,model=ram:broken=sound", "broken=gone[:after=N]"},
		{"sim,model=lsi:broken=", "broken=never-ready|"},
		{"sim,model=lsi:after=3", "model=lsi[:broken=WHAT[:after=N]]"},
		{"sim,model=lsi:broken=gone:after=-1", "model=lsi["},
		{"sim,model=lsi:broken=gone:after=3x", "model=lsi["},
		{"sim,model=lsi:broken=gone:", "model=lsi["},
		{"sim,model=lsi:p=1", "model=lsi["},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct iommu_params params = {.spec = bad[i].spec};
		struct fail f = {0};
		struct iommu *iommu;

		if (iommu_open(&iommu, &params, &f) != -EINVAL)
			fail_msg("accepted: %s", bad[i].spec);
		assert_true(f.text[0]);
		if (strncmp(f.hint, bad[i].hint, strlen(bad[i].hint)))
			fail_msg("%s: hint \"%s\"", bad[i].spec, f.hint);
	}
}

/* pci-testdev has the ids of iommu-testdev, and a second BAR. Nothing is written to it. */
static int two_bars(struct iommu_device *idev, unsigned int n, struct idev_bar *out, struct fail *f)
{
	*out = (struct idev_bar){.size = n ? 256 : 4096, .is_io = n == 1};
	return n < 2 ? 0 : fail_set(f, ENOENT, "no BAR %u", n);
}

static void test_pci_testdev(void **state)
{
	static const struct idev_ops ops = {.bar_map = two_bars};
	struct iommu_device idev = {.ops = &ops, .id = {.name = "0000:00:04.0", .vendor = 0x1b36, .device = 0x0005}};
	const struct dev_env env = {0};
	struct fail f = {0};
	struct dev *dev;

	assert_int_equal(dev_open(&dev, &idev, NULL, &env, &f), -ENODEV);
	assert_string_equal(f.text, "0000:00:04.0 has a BAR 1: it is pci-testdev, which does no DMA");
	assert_null(dev);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),	      cmocka_unit_test(test_broken),
		cmocka_unit_test(test_master),	      cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lsi_unfetched), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_registers),     cmocka_unit_test(test_parse),
		cmocka_unit_test(test_pci_testdev),
	};

	return cmocka_run_group_tests_name("models", tests, NULL, NULL);
}
