/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LSI 53C895A: its SCRIPTS processor copies memory. A page of instructions, one memory move per request and an interrupt
 * at the end, is kicked by writing its address. Registers and instructions: LSI53C895A technical manual, chapters 4, 5.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "dev/driver.h"

#define LSI_DSTAT 0x0c
#define LSI_DSTAT_ILLEGAL 0x01
#define LSI_DSTAT_SIR 0x04 /* the script's own interrupt: our end mark */
#define LSI_DSTAT_ABORTED 0x10
#define LSI_DSTAT_BUS_FAULT 0x20
#define LSI_DSTAT_PARITY 0x40
#define LSI_DSTAT_BAD (LSI_DSTAT_ILLEGAL | LSI_DSTAT_ABORTED | LSI_DSTAT_BUS_FAULT | LSI_DSTAT_PARITY)
#define LSI_ISTAT 0x14
#define LSI_ISTAT_DIP 0x01 /* DSTAT has something */
#define LSI_ISTAT_SIP 0x02 /* the SCSI side has */
#define LSI_ISTAT_RESET 0x40
#define LSI_ISTAT_ABORT 0x80
#define LSI_DSP 0x2c
#define LSI_SCRATCHA 0x34
#define LSI_DMODE 0x38
#define LSI_DIEN 0x39
#define LSI_DCNTL 0x3b
#define LSI_SIEN0 0x40
#define LSI_SIEN1 0x41
#define LSI_SIST0 0x42
#define LSI_SIST1 0x43

#define LSI_MOVE 0xc0000000u	  /* | count; source; destination */
#define LSI_INTERRUPT 0x98080000u /* unconditionally; then one dword of our choice */
#define LSI_JUMP 0x80880000u /* unconditionally, relative; then the distance in 24 bits, of which 8 more are ignored */
#define LSI_NOP 0x80000000u  /* a jump on no condition; then a dword that is ignored */
#define LSI_RESERVED 0xa0080000u /* no instruction: the chip stops, with LSI_DSTAT_ILLEGAL */
#define LSI_MOVE_DWORDS 3
#define LSI_DEPTH 300
#define LSI_PAGE_DWORDS 1024
#define LSI_PROGRAM 120 /* dwords from the start of the page */
#define LSI_MAX_LEN 0xfffff8u
#define LSI_MS 1000000ull
#define LSI_SETTLE_MS 100 /* for a script that a SCSI interrupt came into, then again for its abort */
/* A script hangs that takes longer than this and its bytes at 1 MB/s, a small part of what the slowest PCI bus does. */
#define LSI_HANG_MS 2000
#define LSI_BYTES_PER_MS 1000

_Static_assert(LSI_PROGRAM + LSI_DEPTH * LSI_MOVE_DWORDS + 2 <= LSI_PAGE_DWORDS, "a full script fits the page");

struct lsi {
	volatile uint32_t *page; /* from the ring */
	iova_t page_iova;
	unsigned int end; /* of the program in it, in dwords */
};

/*
 * A fetch that the IOMMU refuses need not stop the chip: QEMU's reads zeros, which it skips by the dword, on through the page
 * and whatever is mapped behind it, until fetches get through again. So what is not the program is made of dwords that stop the
 * chip wherever it comes upon them, and the program is far from where it is started: a jump leads there, whose second dword
 * taken for the first does nothing and leads to such dwords.
 */
static void lsi_lay_out(struct lsi *lsi)
{
	lsi->page[0] = LSI_JUMP;
	lsi->page[1] = LSI_NOP | (LSI_PROGRAM - 2) * (uint32_t)sizeof(uint32_t);
	for (unsigned int i = 2; i < LSI_PAGE_DWORDS; i++)
		lsi->page[i] = LSI_RESERVED;
	lsi->end = LSI_PROGRAM;
}

static bool lsi_match(const struct iommu_device_id *id)
{
	return id->vendor == 0x1000 && id->device == 0x0012;
}

static int lsi_probe(struct dev *dev, struct fail *f)
{
	if (dev->options[0])
		return dev_bad_option(dev, dev->options, "", f);
	dev->priv = calloc(1, sizeof(struct lsi));
	return dev->priv ? dev_map_bar(dev, 1, f) : fail_set(f, ENOMEM, "cannot open driver lsi");
}

/* A reset ends a script at once. True when the chip is idle and still there. */
static bool lsi_soft_reset(const struct dev *dev)
{
	mmio_write8(&dev->mmio, LSI_ISTAT, LSI_ISTAT_RESET);
	(void)mmio_read8(&dev->mmio, LSI_ISTAT); /* the write has arrived */
	clock_sleep_ns(1000, NULL);
	mmio_write8(&dev->mmio, LSI_ISTAT, 0);
	return mmio_read8(&dev->mmio, LSI_ISTAT) == 0;
}

/* Memory to memory, no interrupt line: everything is polled. The reset values, but for those that firmware may keep. */
static void lsi_configure(const struct dev *dev)
{
	mmio_write8(&dev->mmio, LSI_DMODE, 0);
	mmio_write8(&dev->mmio, LSI_DIEN, 0);
	mmio_write8(&dev->mmio, LSI_DCNTL, 0);
	mmio_write8(&dev->mmio, LSI_SIEN0, 0);
	mmio_write8(&dev->mmio, LSI_SIEN1, 0);
}

static int lsi_quiet(struct dev *dev, struct fail *f)
{
	return lsi_soft_reset(dev) ? 0 : fail_set(f, ENODEV, "lsi does not answer to a reset");
}

static int lsi_init(struct dev *dev, struct fail *f)
{
	const uint32_t mark = 0x5ca1ab1e;
	struct lsi *lsi = dev->priv;
	void *page;
	int err = lsi_quiet(dev, f);

	if (err)
		return err;
	lsi_configure(dev);
	mmio_write32(&dev->mmio, LSI_SCRATCHA, mark);
	if (mmio_read32(&dev->mmio, LSI_SCRATCHA) != mark)
		return fail_set(f, ENODEV, "lsi's registers do not hold what is written");
	err = dev->env->ring_alloc(dev->env->ctx, dev->limits.max_iova, &page, &lsi->page_iova, f);
	if (err)
		return err;
	lsi->page = page;
	lsi_lay_out(lsi);
	return 0;
}

static int lsi_stop(struct dev *dev)
{
	struct lsi *lsi = dev->priv;

	if (!lsi_soft_reset(dev))
		return -ETIMEDOUT;
	if (lsi->page)
		dev->env->ring_free(dev->env->ctx, (void *)lsi->page);
	lsi->page = NULL;
	return 0;
}

static void lsi_remove(struct dev *dev)
{
	free(dev->priv);
}

static int lsi_submit(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n)
{
	struct lsi *lsi = dev->priv;
	volatile uint32_t *at = lsi->page + LSI_PROGRAM, *was = lsi->page + lsi->end;

	for (unsigned int i = 0; i < n; i++) {
		*at++ = LSI_MOVE | (uint32_t)reqs[i].len;
		*at++ = (uint32_t)reqs[i].src;
		*at++ = (uint32_t)reqs[i].dst;
	}
	*at++ = LSI_INTERRUPT;
	*at++ = 0;
	lsi->end = (unsigned int)(at - lsi->page);
	while (at < was)
		*at++ = LSI_RESERVED;
	mmio_write32(&dev->mmio, LSI_DSP, (uint32_t)lsi->page_iova);
	return 0;
}

/* DSP is behind the instruction that failed: what came before it was done, what comes after was not. */
static void lsi_blame(const struct dev *dev, struct dev_req *reqs, unsigned int n)
{
	const struct lsi *lsi = dev->priv;
	uint64_t program = lsi->page_iova + LSI_PROGRAM * sizeof(uint32_t);
	uint64_t done = (uint64_t)mmio_read32(&dev->mmio, LSI_DSP) - program;
	uint64_t failed = done / (LSI_MOVE_DWORDS * sizeof(uint32_t));

	/* an address outside the program tells nothing: then none counts as done */
	if (failed > n || failed == 0)
		failed = 1;
	for (unsigned int i = 0; i < n; i++)
		reqs[i].status = i < failed - 1 ? 0 : -EIO;
}

/* Reading takes SCSI interrupts back: left alone, they would look like the end of the next script. */
static void lsi_clear_scsi(const struct dev *dev)
{
	(void)mmio_read8(&dev->mmio, LSI_SIST0);
	(void)mmio_read8(&dev->mmio, LSI_SIST1);
}

/*
 * ISTAT, the one register that may be read while a script runs, until it has one of @bits; 0: it never did. The last look is
 * taken after the time is over: we may have slept for all of it.
 */
static uint8_t lsi_poll(const struct dev *dev, uint8_t bits, uint64_t ms)
{
	uint64_t end = 0;
	bool over = false;
	uint8_t istat;

	while (!((istat = mmio_read8(&dev->mmio, LSI_ISTAT)) & bits)) {
		if (over)
			return 0;
		if (!end)
			end = clock_ns() + ms * LSI_MS;
		else
			over = clock_ns() >= end;
	}
	return istat;
}

/* As that, for the end only. SCSI interrupts are taken back: the chip holds its others back behind them. */
static uint8_t lsi_poll_end(const struct dev *dev, uint64_t ms)
{
	uint64_t end = clock_ns() + ms * LSI_MS;
	bool over = false;
	uint8_t istat;

	while (!((istat = mmio_read8(&dev->mmio, LSI_ISTAT)) & LSI_ISTAT_DIP)) {
		if (istat & LSI_ISTAT_SIP)
			lsi_clear_scsi(dev);
		if (over)
			return 0;
		over = clock_ns() >= end;
	}
	return istat;
}

/* ISTAT once the chip says that the script was aborted, 0 if it does not. */
static uint8_t lsi_abort(const struct dev *dev)
{
	uint8_t istat;

	mmio_write8(&dev->mmio, LSI_ISTAT, LSI_ISTAT_ABORT);
	istat = lsi_poll_end(dev, LSI_SETTLE_MS);
	/* taken away before DSTAT is read, or the abort would interrupt again and again */
	mmio_write8(&dev->mmio, LSI_ISTAT, 0);
	return istat;
}

/*
 * A SCSI interrupt alone ends nothing: it may have halted the script, or the script may still be moving memory. So the
 * script gets a moment to end by itself, then it is aborted. ISTAT once it has ended, 0 if that is not known.
 */
static uint8_t lsi_settle(const struct dev *dev, uint64_t ms)
{
	uint8_t istat = lsi_poll_end(dev, MIN(ms, LSI_SETTLE_MS));

	return istat ? istat : lsi_abort(dev);
}

/*
 * After a script that did not end well: what the chip took for instructions may have changed any of its registers, and QEMU
 * goes on by a timer with one that was aborted. A reset ends all of it.
 */
static int lsi_restart(const struct dev *dev)
{
	if (!lsi_soft_reset(dev))
		return -ETIMEDOUT;
	lsi_configure(dev);
	return 0;
}

/*
 * No interrupt at all: what was read instead of a script that could not be fetched may have the chip wait for a SCSI phase
 * that never comes (lsi_do_dma() of QEMU), or run on and on. It has ended if the chip says that it was aborted.
 */
static int lsi_hung(const struct dev *dev, struct dev_req *reqs, unsigned int n)
{
	if (!lsi_abort(dev))
		return -ETIMEDOUT;
	for (unsigned int i = 0; i < n; i++)
		reqs[i].status = -EIO;
	return lsi_restart(dev);
}

static uint64_t lsi_patience(const struct dev_req *reqs, unsigned int n, unsigned int timeout_ms)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < n; i++)
		bytes += reqs[i].len;
	return MIN((uint64_t)timeout_ms, LSI_HANG_MS + bytes / LSI_BYTES_PER_MS);
}

/*
 * DSTAT must not be read while a script runs. QEMU has run up to 100 instructions before the kick returns; since 9.0 and 7.2.11
 * it then waits for 0.5 ms before each 100 more.
 */
static int lsi_wait(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n, unsigned int timeout_ms)
{
	uint64_t ms = lsi_patience(reqs, n, timeout_ms);
	uint8_t istat = lsi_poll(dev, LSI_ISTAT_DIP | LSI_ISTAT_SIP, ms), dstat;

	if (!istat)
		return lsi_hung(dev, reqs, n);
	if (!(istat & LSI_ISTAT_DIP))
		istat = lsi_settle(dev, ms);
	if (!istat)
		return -ETIMEDOUT;
	dstat = mmio_read8(&dev->mmio, LSI_DSTAT);
	if (istat == 0xff && dstat == 0xff)
		return -ETIMEDOUT; /* gone from the bus: whether the DMA ended is not known */
	if (istat & LSI_ISTAT_SIP)
		lsi_clear_scsi(dev);
	if ((dstat & LSI_DSTAT_BAD) || !(dstat & LSI_DSTAT_SIR)) {
		lsi_blame(dev, reqs, n);
		return lsi_restart(dev);
	}
	for (unsigned int i = 0; i < n; i++)
		reqs[i].status = 0;
	return 0;
}

const struct dev_ops dev_lsi_ops = {
	.name = "lsi",
	.help = "LSI 53C895A SCSI controller, SCRIPTS memory moves below 4 GiB",
	.limits =
		{
			.min_len = 1,
			.max_len = LSI_MAX_LEN,
			.align = 1,
			.max_iova = UINT32_MAX,
			.depth = LSI_DEPTH,
			.queues = 1,
			.dirs = DEV_COPY,
		},
	.match = lsi_match,
	.probe = lsi_probe,
	.quiet = lsi_quiet,
	.init = lsi_init,
	.stop = lsi_stop,
	.remove = lsi_remove,
	.submit = lsi_submit,
	.wait = lsi_wait,
};
