/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests as packets that Intel's gigabit controllers loop back. Each packet begins with a header that fills the first receive buffer,
 * a page of ours: so what is behind it, which goes from and to memory, may be of any length and contents, and is never taken for pause
 * frames, tags or protocols. The station the header names is ours alone: other packets are not received.
 */
#include "dev/intel_nic.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/spec.h"
#include "dev/intel_regs.h"

#define NIC_MS 1000000ull
#define NIC_PAGE 4096u
#define NIC_VENDOR 0x8086
#define NIC_HEADER_TX 0u /* places in the frame's page */
#define NIC_HEADER_RX NIC_BUFFER
#define NIC_HEADER_KICK 16u /* a number of ours, after addresses and type */
#define NIC_HEADER_CHECKED 24u
#define NIC_HANG_MS 1000 /* what is not sent by then never will be: 64 packets take 3.2 ms at 1 Gb/s */
#define NIC_LOST_MS 100	 /* what was sent and is not received by then is lost */
#define NIC_TEST_MS 200	 /* for one packet */

/* Worst case: a request that touches two pages, after the header. */
_Static_assert(NIC_DEPTH *(1 + NIC_MAX_LEN / NIC_BUFFER) < NIC_DESCS, "receive descriptors for a full submission");
_Static_assert(NIC_DEPTH *(1 + NIC_MAX_LEN / NIC_PAGE + 1) < NIC_DESCS, "transmit descriptors for a full submission");

static const uint8_t nic_header[14] = {
	0x02, 'I',  'O', 'M', 'U', 'U', /* to: the station that nic_filter() lets in, locally administered */
	0x02, 'I',  'O', 'M', 'U', 'U', /* from */
	0x88, 0xb5,			/* IEEE 802's type for experiments */
};

static int nic_option(struct nic *nic, const struct spec_option *o)
{
	static const struct {
		const char *name;
		unsigned int loopback;
	} kinds[] = {{"both", NIC_LOOP_MAC | NIC_LOOP_PHY}, {"mac", NIC_LOOP_MAC}, {"phy", NIC_LOOP_PHY}};

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(o->value, kinds[i].name)) {
			nic->loopback = kinds[i].loopback;
			return 0;
		}
	}
	return -EINVAL;
}

static int nic_options(struct dev *dev, struct fail *f)
{
	static const char known[] = "loopback=both|mac|phy";
	const char *rest = dev->options;
	struct spec_option o;
	int ret;

	while ((ret = spec_next(&rest, &o)) > 0) {
		if (strcmp(o.key, "loopback"))
			return dev_bad_option(dev, o.key, known, f);
		if (nic_option(nic_of(dev), &o)) {
			fail_set(f, EINVAL, "driver %s cannot loop back by \"%s\"", dev->ops->name, o.value);
			fail_hint(f, "%s", known);
			return -EINVAL;
		}
	}
	return ret < 0 ? dev_bad_option(dev, rest, known, f) : 0;
}

const struct nic_chip *nic_find(const struct nic_id *ids, const struct iommu_device_id *id)
{
	for (; id->vendor == NIC_VENDOR && ids->chip; ids++)
		if (ids->device == id->device)
			return ids->chip;
	return NULL;
}

int nic_probe(struct dev *dev, const struct nic_id *ids, struct fail *f)
{
	struct nic *nic = calloc(1, sizeof(*nic));
	int err;

	if (!nic)
		return fail_set(f, ENOMEM, "cannot open driver %s", dev->ops->name);
	*nic = (struct nic){.chip = nic_find(ids, idev_id(dev->idev)), .loopback = NIC_LOOP_MAC | NIC_LOOP_PHY};
	dev->priv = nic;
	err = nic_options(dev, f);
	if (!err)
		err = dev_map_bar(dev, 0, f);
	if (!err && dev->mmio.size < NIC_BAR_SIZE)
		err = fail_set(f, ENODEV, "BAR 0 is too small for %s: %llu bytes", dev->ops->name,
			       (unsigned long long)dev->mmio.size);
	return err;
}

void nic_rings_clear(struct nic *nic)
{
	for (unsigned int i = 0; i < NIC_DESCS; i++) {
		nic->tx[i] = (struct nic_desc){0};
		nic->rx[i] = (struct nic_desc){0};
	}
	nic->tx_next = nic->rx_next = 0;
}

static int nic_page(struct dev *dev, void **va, iova_t *iova, struct fail *f)
{
	return dev->env->ring_alloc(dev->env->ctx, dev->limits.max_iova, va, iova, f);
}

/* A stop that finds the controller quiet gives them back. */
static int nic_pages(struct dev *dev, struct fail *f)
{
	struct nic *nic = nic_of(dev);
	void *va;
	int err = nic_page(dev, &va, &nic->tx_iova, f);

	if (err)
		return err;
	nic->tx = va;
	err = nic_page(dev, &va, &nic->rx_iova, f);
	if (err)
		return err;
	nic->rx = va;
	err = nic_page(dev, &va, &nic->frame_iova, f);
	if (err)
		return err;
	nic->frame = va;
	memcpy(nic->frame + NIC_HEADER_TX, nic_header, sizeof(nic_header));
	return 0;
}

static void nic_free_page(const struct dev *dev, volatile void *va)
{
	if (va)
		dev->env->ring_free(dev->env->ctx, (void *)va);
}

static int nic_up(struct dev *dev, struct fail *f)
{
	int err = nic_mac_up(dev, f);

	if (err)
		return err;
	err = nic_self_test(dev);
	if (err) {
		fail_set(f, ENODEV, "a packet that %s was to loop back did not come back", dev->ops->name);
		fail_hint(f, "another way to loop back may do: --driver %s,loopback=mac or loopback=phy",
			  dev->ops->name);
		return -ENODEV;
	}
	nic_of(dev)->up = true;
	return 0;
}

static int nic_there(const struct dev *dev, struct fail *f)
{
	return nic_is_gone(dev) ? fail_set(f, ENODEV, "%s's registers read as all ones", dev->ops->name) : 0;
}

int nic_quiet(struct dev *dev, struct fail *f)
{
	int err = nic_there(dev, f);

	if (err)
		return err;
	nic_of(dev)->touched = true;
	return nic_mac_quiesce(dev) ? fail_set(f, ENODEV, "%s does not answer to a reset", dev->ops->name) : 0;
}

int nic_init(struct dev *dev, struct fail *f)
{
	int err = nic_there(dev, f);

	if (err)
		return err;
	err = nic_pages(dev, f);
	return err ? err : nic_up(dev, f);
}

int nic_stop(struct dev *dev)
{
	struct nic *nic = nic_of(dev);

	if (nic->touched) {
		if (nic_mac_quiesce(dev))
			return -ETIMEDOUT;
		mmio_write32(&dev->mmio, NIC_CTRL_EXT, mmio_read32(&dev->mmio, NIC_CTRL_EXT) & ~NIC_CTRL_EXT_DRV_LOAD);
	}
	nic->touched = false;
	nic_free_page(dev, nic->tx);
	nic_free_page(dev, nic->rx);
	nic_free_page(dev, nic->frame);
	nic->tx = nic->rx = NULL;
	nic->frame = NULL;
	return 0;
}

/* A PHY that negotiates again takes half a second and more to have a link: not between stop and start. */
void nic_remove(struct dev *dev)
{
	const struct nic *nic = nic_of(dev);

	if (nic && nic->phy_saved && !nic->touched && !nic_is_gone(dev))
		nic_phy_restore(dev);
	free(dev->priv);
}

static void nic_post_rx(struct nic *nic, iova_t address)
{
	volatile struct nic_desc *d = &nic->rx[nic->rx_next];

	d->address = address;
	d->word = 0;
	nic->rx_next = (nic->rx_next + 1) % NIC_DESCS;
}

static void nic_post_tx(struct nic *nic, iova_t address, unsigned int len, unsigned int packet, bool last)
{
	volatile struct nic_desc *d = &nic->tx[nic->tx_next];

	d->address = address;
	d->word = nic->chip->tx_word(len, packet, last);
	nic->tx_next = (nic->tx_next + 1) % NIC_DESCS;
}

/* Cut at pages: QEMU drops a packet when a piece of it is not one range of its own memory. */
static void nic_post(struct nic *nic, const struct dev_req *r)
{
	unsigned int packet = NIC_BUFFER + (unsigned int)r->len;
	uint64_t piece;

	nic_post_rx(nic, nic->frame_iova + NIC_HEADER_RX);
	for (uint64_t at = 0; at < r->len; at += NIC_BUFFER)
		nic_post_rx(nic, r->dst + at);
	nic_post_tx(nic, nic->frame_iova + NIC_HEADER_TX, NIC_BUFFER, packet, r->len == 0);
	for (uint64_t at = 0; at < r->len; at += piece) {
		piece = MIN(r->len - at, NIC_PAGE - (r->src + at) % NIC_PAGE);
		nic_post_tx(nic, r->src + at, (unsigned int)piece, packet, at + piece == r->len);
	}
}

static uint64_t nic_word(volatile struct nic_desc *ring, unsigned int next, unsigned int back)
{
	return __atomic_load_n(&ring[(next + NIC_DESCS - back) % NIC_DESCS].word, __ATOMIC_ACQUIRE);
}

/* DD: bit 0 of the last dword in every kind of transmit descriptor. */
static bool nic_is_sent(const struct nic *nic)
{
	return nic_word(nic->tx, nic->tx_next, 1) >> 32 & 1;
}

static bool nic_is_received(const struct nic *nic)
{
	return nic->chip->rx_read(nic_word(nic->rx, nic->rx_next, 1)).done;
}

/* Descriptors are used in order, so the last ones tell. 0 all is over; -EIO it will not be; -ETIMEDOUT the controller is gone. */
static int nic_poll_end(const struct dev *dev, uint64_t deadline)
{
	const struct nic *nic = nic_of(dev);
	uint64_t now, end = deadline;
	bool sent = false;

	while (!nic_is_sent(nic) || !nic_is_received(nic)) {
		now = clock_ns();
		if (!sent && nic_is_sent(nic)) {
			sent = true;
			end = MIN(deadline, now + NIC_LOST_MS * NIC_MS);
		}
		if (now < end)
			continue;
		if (nic_is_gone(dev))
			return -ETIMEDOUT;
		/* once more: all of the time may have been spent elsewhere */
		return nic_is_sent(nic) && nic_is_received(nic) ? 0 : -EIO;
	}
	return 0;
}

/* @back descriptors before the end: is it what a buffer of @len bytes is to look like? */
static bool nic_is_right(const struct nic *nic, unsigned int back, unsigned int len, bool end)
{
	struct nic_rx rx = nic->chip->rx_read(nic_word(nic->rx, nic->rx_next, back));

	return rx.done && !rx.bad && rx.end == end && rx.len == len;
}

/* What was received has the lengths that were sent, and the last header is this kick's: then all of it is. */
static bool nic_verify(const struct nic *nic, uint64_t len, unsigned int n)
{
	unsigned int each = 1 + (unsigned int)((len + NIC_BUFFER - 1) / NIC_BUFFER), back = n * each;
	unsigned int tail = (unsigned int)(len - (each > 1 ? (each - 2) * NIC_BUFFER : 0));

	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int k = 0; k < each; k++, back--) {
			bool end = k == each - 1;

			if (!nic_is_right(nic, back, end && k ? tail : NIC_BUFFER, end))
				return false;
		}
	}
	return !memcmp(nic->frame + NIC_HEADER_RX, nic->frame + NIC_HEADER_TX, NIC_HEADER_CHECKED);
}

/*
 * @n requests of one length: were a packet lost, each that follows would land one place further to the front, and a longer one beyond
 * the end of a place for a shorter one. 0: all are done; -EIO: not, or not as they should; -ETIMEDOUT: gone.
 */
static int nic_kick(struct dev *dev, const struct dev_req *reqs, unsigned int n, uint64_t deadline)
{
	struct nic *nic = nic_of(dev);
	int err;

	nic->kick++;
	memcpy(nic->frame + NIC_HEADER_TX + NIC_HEADER_KICK, &nic->kick, sizeof(nic->kick));
	for (unsigned int i = 0; i < n; i++)
		nic_post(nic, &reqs[i]);
	mmio_write32(&dev->mmio, NIC_RDT, nic->rx_next);
	mmio_write32(&dev->mmio, NIC_TDT, nic->tx_next);
	err = nic_poll_end(dev, MIN(deadline, clock_ns() + NIC_HANG_MS * NIC_MS));
	return !err && !nic_verify(nic, reqs->len, n) ? -EIO : err;
}

static int nic_recover(struct dev *dev);

/*
 * A receiver may lose a packet when its host is busy, and no translation is to blame for that: what was sent and is not there is sent
 * once more.
 */
static int nic_kick_twice(struct dev *dev, const struct dev_req *reqs, unsigned int n, uint64_t deadline)
{
	const struct nic *nic = nic_of(dev);
	int err = nic_kick(dev, reqs, n, deadline);

	if (err != -EIO || !nic_is_sent(nic) || nic_is_received(nic) || clock_ns() >= deadline)
		return err;
	err = nic_recover(dev);
	if (err)
		return err;
	return nic->up ? nic_kick(dev, reqs, n, deadline) : -EIO;
}

int nic_self_test(struct dev *dev)
{
	const struct dev_req none = {.dir = DEV_COPY};

	return nic_kick(dev, &none, 1, clock_ns() + NIC_TEST_MS * NIC_MS);
}

/*
 * After packets that did not come back. A real 82576 whose reads were refused needs more than its own reset: when the test packet does
 * not pass after that, the function is reset as a whole. 0: nothing is under way any more, whether or not the controller is up again.
 */
static int nic_recover(struct dev *dev)
{
	struct fail why = {0};

	if (nic_mac_quiesce(dev))
		return -ETIMEDOUT;
	if (!nic_up(dev, &why))
		return 0;
	if (idev_has_reset(dev->idev) && !idev_reset(dev->idev) && !nic_up(dev, &why))
		return 0;
	return nic_mac_quiesce(dev);
}

/* Everything is done in wait: requests of different lengths are different kicks. */
int nic_submit(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		reqs[i].status = -EIO;
	return 0;
}

int nic_wait(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n, unsigned int timeout_ms)
{
	uint64_t deadline = clock_ns() + timeout_ms * NIC_MS;
	unsigned int done = 0, end;
	int err = 0;

	if (!nic_of(dev)->up)
		err = nic_recover(dev);
	if (err || !nic_of(dev)->up)
		return err;
	for (; !err && done < n; done = end) {
		for (end = done + 1; end < n && reqs[end].len == reqs[done].len;)
			end++;
		err = nic_kick_twice(dev, &reqs[done], end - done, deadline);
		for (unsigned int i = done; !err && i < end; i++)
			reqs[i].status = 0;
	}
	return err == -EIO ? nic_recover(dev) : err;
}
