/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device's BARs as buffers, and the verbs on it that are no DMA, on a device made of arrays: what is seen, what is refused. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/util.h"
#include "core/op/device.h"
#include "core/op/op.h"
#include "core/session/priv.h"
#include "iommu/backend.h"
#include "iommu/idev_vfio.h"
#include "iommu/ledger.h"

#define BAR_SIZE 8192u

static struct host host;

/* What the fake device is and does. */
static struct {
	unsigned char bar[BAR_SIZE];
	uint32_t command;
	bool stuck;  /* the command register keeps what it has */
	bool silent; /* registers answer with EIO */
	bool no_reset;
	int fd, event, irq_err;
	unsigned int triggered, disabled, masked, unmasked, resets;
} fake;

static int fake_config_read(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t *value)
{
	assert_true(offset == 4 && width == 2);
	*value = fake.command;
	return 0;
}

static int fake_config_write(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t value)
{
	if (!fake.stuck)
		fake.command = value;
	return 0;
}

static int fake_bar_map(struct iommu_device *idev, unsigned int n, struct idev_bar *out, struct fail *f)
{
	if (n == 5)
		return fail_set(f, ENOENT, "no BAR 5");
	*out = (struct idev_bar){.base = n == 0 ? NULL : fake.bar, .size = BAR_SIZE, .is_io = n == 0};
	return 0;
}

static int fake_bar_read(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width,
			 uint64_t *value)
{
	if (fake.silent)
		return -EIO;
	assert_true(n == 2 && offset + width <= BAR_SIZE);
	memcpy(value, fake.bar + offset, width);
	return 0;
}

static int fake_bar_write(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width,
			  uint64_t value)
{
	if (fake.silent)
		return -EIO;
	assert_true(n == 2 && offset + width <= BAR_SIZE);
	memcpy(fake.bar + offset, &value, width);
	return 0;
}

static int fake_reset(struct iommu_device *idev)
{
	fake.resets++;
	return fake.no_reset ? -EOPNOTSUPP : 0;
}

static int fake_irq_enable(struct iommu_device *idev, enum idev_irq kind, unsigned int n, int *fd)
{
	*fd = fake.irq_err ? -1 : eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fake.event = *fd;
	return fake.irq_err;
}

static int fake_irq_disable(struct iommu_device *idev, enum idev_irq kind)
{
	fake.disabled++;
	return 0;
}

static int fake_irq_mask(struct iommu_device *idev, enum idev_irq kind)
{
	fake.masked++;
	return 0;
}

static int fake_irq_unmask(struct iommu_device *idev, enum idev_irq kind)
{
	fake.unmasked++;
	return 0;
}

/* Vector 1 is one whose interrupts never arrive. */
static int fake_irq_trigger(struct iommu_device *idev, enum idev_irq kind, unsigned int n)
{
	fake.triggered++;
	return n == 1 ? 0 : eventfd_write(fake.event, 1);
}

static int fake_fd(const struct iommu_device *idev)
{
	return fake.fd;
}

static const struct idev_ops fake_ops = {
	.config_read = fake_config_read,
	.config_write = fake_config_write,
	.bar_map = fake_bar_map,
	.bar_read = fake_bar_read,
	.bar_write = fake_bar_write,
	.reset = fake_reset,
	.irq_enable = fake_irq_enable,
	.irq_disable = fake_irq_disable,
	.irq_mask = fake_irq_mask,
	.irq_unmask = fake_irq_unmask,
	.irq_trigger = fake_irq_trigger,
	.vfio_fd = fake_fd,
};
static struct iommu_device fake_device = {.id = {.name = "0000:00:05.0"}, .ops = &fake_ops};
static const struct idev_ops no_ops;
static struct iommu_device bare_device = {.id = {.name = "bare"}, .ops = &no_ops};

static struct session *open_session(bool allow_crash)
{
	struct session_params p = {.backend = "sim", .seed = 5, .allow_crash = allow_crash};
	struct session *s;
	struct fail f = {0};

	memset(&fake, 0, sizeof(fake));
	fake.command = 7;
	assert_int_equal(session_open(&s, &p, &host, &f), 0);
	return s;
}

static void test_memory_decoding(void **state)
{
	memset(&fake, 0, sizeof(fake));
	fake.command = 0x0407;
	assert_int_equal(idev_memory(&fake_device, false), 0);
	assert_int_equal(fake.command, 0x0405); /* nothing else changes */
	assert_int_equal(idev_memory(&fake_device, true), 0);
	assert_int_equal(fake.command, 0x0407);
	fake.stuck = true;
	assert_int_equal(idev_memory(&fake_device, false), -EIO);
	assert_int_equal(idev_memory(&fake_device, true), 0);
	assert_int_equal(idev_memory(&bare_device, true), -EOPNOTSUPP);
}

static void check_bar_mem(unsigned int n, uint64_t offset, uint64_t size, int want)
{
	struct iommu_mem mem;
	struct fail f = {0};

	assert_int_equal(idev_bar_mem(&fake_device, n, offset, size, false, &mem, &f), want);
	if (want)
		assert_true(f.text[0]);
	else
		assert_ptr_equal(mem.va, fake.bar + offset);
}

static void test_bar_mem(void **state)
{
	check_bar_mem(2, 0, BAR_SIZE, 0);
	check_bar_mem(2, 4096, 4096, 0);
	check_bar_mem(2, 0, 0, -EINVAL);
	check_bar_mem(2, 0, 100, -EINVAL);
	check_bar_mem(2, 100, 4096, -EINVAL);
	check_bar_mem(2, 4096, 8192, -EINVAL);
	check_bar_mem(2, UINT64_MAX - 4095, 8192, -EINVAL);
	check_bar_mem(0, 0, 4096, -EOPNOTSUPP); /* ports */
	check_bar_mem(5, 0, 4096, -ENOENT);
}

/* A descriptor that is not VFIO's answers ENOTTY to everything: no feature, no dma-buf, and an error where one is asked for. */
static void test_no_feature(void **state)
{
	struct idev_vfio_info info;
	struct idev_feature feature;
	struct idev_hot_reset_info hot;
	struct iommu_mem mem;
	struct fail f = {0};
	unsigned int n = 0;

	memset(&fake, 0, sizeof(fake));
	fake.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_true(fake.fd >= 0);
	for (; idev_feature_probe(&fake_device, n, &feature) == 0; n++) {
		assert_false(feature.get || feature.set);
		assert_non_null(feature.name);
	}
	assert_int_equal(n, 14);
	assert_int_equal(idev_bar_mem(&fake_device, 2, 0, 4096, true, &mem, &f), -EOPNOTSUPP);
	assert_non_null(strstr(f.text, "dma-buf"));
	assert_int_equal(mem.fd, -1);
	assert_int_equal(idev_vfio_info(&fake_device, &info, &f), -ENOTTY);
	assert_int_equal(idev_low_power_enter(&fake_device, -1), -ENOTTY);
	assert_int_equal(idev_hot_reset_info(&fake_device, &hot), -ENOTTY);
	assert_int_equal(idev_ioeventfd(&fake_device, 6, 0, 4, 0, 1), -ENOENT);
	close(fake.fd);

	assert_int_equal(idev_feature_probe(&bare_device, 0, &feature), -EOPNOTSUPP);
	assert_int_equal(idev_vfio_info(&bare_device, &info, NULL), -EOPNOTSUPP);
	assert_int_equal(idev_low_power_exit(&bare_device), -EOPNOTSUPP);
	assert_int_equal(idev_irq_trigger(&bare_device, IDEV_IRQ_MSI, 0), -EOPNOTSUPP);
	assert_int_equal(idev_irq_mask(&bare_device, IDEV_IRQ_INTX), -EOPNOTSUPP);
	assert_null(idev_region_name(IDEV_REGIONS));
	assert_string_equal(idev_region_name(7), "config");
	assert_null(idev_irq_name(IDEV_IRQS));
	assert_string_equal(idev_irq_name(IDEV_IRQ_REQ), "req");
}

static struct buffer *bar_buffer(struct session *s, uint64_t offset, uint64_t size)
{
	struct buffer_bar bar = {.idev = &fake_device, .n = 2, .offset = offset};
	struct buffer *b = buffer_new_bar(s, "peer", size, &bar, NULL);

	assert_non_null(b);
	return b;
}

/* The processor's side goes through the registers, never through the mapping; what changed is found. */
static void test_fill_and_check(void **state)
{
	struct session *s = open_session(false);
	struct op_pattern stamp = {.buf = "peer", .generation = 3}, byte = {.buf = "peer", .is_byte = true, .byte = 9};
	struct failures found;
	struct fail f = {0};
	uint64_t bytes;

	failures_init(&found);
	assert_string_equal(bar_buffer(s, 4096, 4096)->source, "bar:2+0x1000@0000:00:05.0");
	assert_int_equal(op_fill(s, &byte, &f), 0);
	assert_int_equal(fake.bar[4095], 0);
	assert_int_equal(fake.bar[4096], 9);
	assert_int_equal(fake.bar[8191], 9);
	assert_int_equal(op_check(s, &byte, &bytes, &found, &f), 0);
	assert_int_equal(found.total, 0);
	fake.bar[5000] = 8;
	assert_int_equal(op_check(s, &byte, &bytes, &found, &f), 0);
	assert_int_equal(found.total, 1);
	assert_int_equal(op_fill(s, &stamp, &f), 0);
	failures_init(&found);
	assert_int_equal(op_check(s, &stamp, &bytes, &found, &f), 0);
	assert_int_equal(found.total, 0);
	memset(fake.bar + 4096 + 128, 0, 64);
	assert_int_equal(op_check(s, &stamp, &bytes, &found, &f), 0);
	assert_int_not_equal(found.total, 0);
	byte.offset = 2;
	assert_int_equal(op_fill(s, &byte, &f), -EINVAL);
	byte.offset = 0;
	fake.silent = true;
	assert_int_equal(op_fill(s, &byte, &f), -EIO);
	assert_int_equal(op_check(s, &byte, &bytes, &found, &f), -EIO);
	assert_int_equal(session_close(s, &f), 0);
}

/* A mapping of it in the ledger, as a container would have it: no pin of the host's, and a reason to keep the BAR there. */
static void map_bar(struct session *s, struct buffer *b, enum iommu_mem_kind kind)
{
	struct ledger_entry e = {.range = {0x40000000, 0x40000000 + BAR_SIZE - 1}, .va = b->mem.va, .named = true};

	snprintf(e.tag, sizeof(e.tag), "%s", b->name);
	b->mem.kind = kind;
	b->iova = e.range.start;
	b->space = s->iommu;
	assert_int_equal(ledger_add((struct ledger *)(uintptr_t)iommu_ledger(s->iommu), &e), 0);
}

static void unmap_bar(struct session *s, const struct buffer *b)
{
	ledger_remove((struct ledger *)(uintptr_t)iommu_ledger(s->iommu),
		      (struct iova_range){b->iova, b->iova + BAR_SIZE - 1});
}

static void check_guard(bool allow_crash, enum iommu_mem_kind kind, int want)
{
	struct session *s = open_session(allow_crash);
	struct buffer *b = bar_buffer(s, 0, BAR_SIZE);
	int64_t pages = 77;
	struct fail f = {0};

	map_bar(s, b, kind);
	assert_int_equal(buffers_uncounted_bytes(s), BAR_SIZE);
	assert_int_equal(session_pin_excess(s, &pages), 0);
	assert_int_equal(pages, 0);
	assert_int_equal(op_device_memory(s, &fake_device, false, &f), want);
	assert_int_equal(op_device_reset(s, &fake_device, &f), want);
	assert_int_equal(fake.resets, want ? 0 : 1);
	assert_int_equal(fake.command, want ? 7 : 5);
	assert_int_equal(op_device_memory(s, &fake_device, true, &f), 0);
	unmap_bar(s, b);
	assert_int_equal(buffers_uncounted_bytes(s), 0);
	assert_int_equal(op_device_memory(s, &fake_device, false, &f), 0);
	assert_int_equal(session_close(s, &f), 0);
}

static void test_guard(void **state)
{
	check_guard(false, IOMMU_MEM_BAR, -EOPNOTSUPP);
	check_guard(true, IOMMU_MEM_BAR, 0);
	/* the kernel revokes it */
	check_guard(false, IOMMU_MEM_DMABUF, 0);
}

static void test_irq(void **state)
{
	struct session *s = open_session(false);
	struct fail f = {0};
	bool came;

	assert_int_equal(op_device_irq(s, &fake_device, IDEV_IRQ_MSI, 0, &came, &f), 0);
	assert_true(came);
	assert_int_equal(fake.disabled, 1);
	assert_int_equal(fake.masked + fake.unmasked, 0);
	assert_int_equal(op_device_irq(s, &fake_device, IDEV_IRQ_MSI, 1, &came, &f), 0);
	assert_false(came);
	assert_int_equal(fake.disabled, 2);
	assert_int_equal(op_device_irq(s, &fake_device, IDEV_IRQ_INTX, 0, &came, &f), 0);
	assert_true(came);
	assert_true(fake.masked == 1 && fake.unmasked == 1);
	fake.irq_err = -EOPNOTSUPP;
	assert_int_equal(op_device_irq(s, &fake_device, IDEV_IRQ_MSIX, 9, &came, &f), -EOPNOTSUPP);
	assert_non_null(strstr(f.text, "no msix vector 9"));
	assert_int_equal(session_close(s, &f), 0);
}

static void test_refusals(void **state)
{
	struct session *s = open_session(false);
	struct op_map map = {.size = 4096, .mem = IOMMU_MEM_BAR, .prot = IOMMU_PROT_RW, .bar = 2};
	struct iommu_device *idev;
	struct failures found;
	struct fail f = {0};

	failures_init(&found);
	fake.no_reset = true;
	assert_int_equal(op_device_reset(s, &fake_device, &f), -EOPNOTSUPP);
	assert_int_equal(op_map(s, &map, NULL, &found, &f), -EOPNOTSUPP);
	assert_non_null(strstr(f.text, "no BARs"));
	assert_int_equal(session_idev(s, NULL, &idev, &f), 0);
	assert_ptr_equal(idev, s->idev);
	assert_int_equal(session_idev(s, "00:05.0", &idev, &f), -EOPNOTSUPP);
	/* what may sleep does no DMA */
	s->asleep = true;
	assert_int_equal(session_dma_start(s, &f), -EBUSY);
	s->asleep = false;
	assert_int_equal(session_dma_start(s, &f), 0);
	/* stopped, and started anew by the next */
	assert_int_equal(session_pause(s, &f), 0);
	assert_int_equal(session_pause(s, &f), 0);
	assert_int_equal(session_dma_start(s, &f), 0);
	assert_true(session_canary_passed(s));
	assert_int_equal(session_close(s, &f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_decoding), cmocka_unit_test(test_bar_mem),
		cmocka_unit_test(test_no_feature),	cmocka_unit_test(test_fill_and_check),
		cmocka_unit_test(test_guard),		cmocka_unit_test(test_irq),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
