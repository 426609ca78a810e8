/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of bits into a bitmap of any alignment; the misbehaviours that make them the wrong bits. */
#include "iommu/sim/bits.h"

#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Byte n holds bits 8n..8n+7: 64-bit words of a little-endian machine, wherever they begin. */
static void sim_bits_set(unsigned char *data, uint64_t first, uint64_t end)
{
	uint64_t byte = first / 8, last = (end - 1) / 8;
	unsigned char head = (unsigned char)(0xff << (first % 8)), tail = (unsigned char)(0xff >> (7 - (end - 1) % 8));

	if (byte == last) {
		data[byte] |= head & tail;
		return;
	}
	data[byte] |= head;
	memset(data + byte + 1, 0xff, last - byte - 1);
	data[last] |= tail;
}

/*
 * A run that goes on behind a border loses that part: so did iova_bitmap_set() where a large entry went on behind the part of
 * the bitmap that was pinned (Linux 6.7). The windows here are of one word each, so that little memory is enough to see it.
 */
static void sim_bits_straddle(struct sim_bits *bits)
{
	uint64_t border = (bits->first / 64 + 1) * 64;

	if (bits->end > border && sim_fault_fires(bits->faults, SIM_FAULT_DIRTY_STRADDLE))
		bits->end = border;
}

static void sim_bits_shift(struct sim_bits *bits)
{
	uint64_t total = ((bits->range.last - bits->range.start) >> bits->shift) + 1;

	if (!sim_fault_fires(bits->faults, SIM_FAULT_DIRTY_SHIFT))
		return;
	bits->first++;
	bits->end = MIN(bits->end + 1, total);
}

/* As if the bitmap began where its 64-bit word does. */
static void sim_bits_misalign(struct sim_bits *bits)
{
	uint64_t total = ((bits->range.last - bits->range.start) >> bits->shift) + 1;
	uint64_t off = (uintptr_t)bits->data % 8 * 8;

	if (!off || !sim_fault_fires(bits->faults, SIM_FAULT_DIRTY_UNALIGNED))
		return;
	bits->first = MIN(bits->first + off, total);
	bits->end = MIN(bits->end + off, total);
}

/* As the kernel does it: by trying. Each byte goes through a pipe and comes back as it was; without a pipe it is taken for granted. */
bool sim_bits_writable(const struct dirty_read *req)
{
	unsigned char *data = req->bits;
	uint64_t bits = ((req->length - 1) >> __builtin_ctzll(req->page_size)) + 1;
	struct iovec ends[2] = {{data, 1}, {data + (bits - 1) / 8, 1}};
	bool writable;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK))
		return true;
	writable = writev(fd[1], ends, ARRAY_SIZE(ends)) == ARRAY_SIZE(ends) &&
		   readv(fd[0], ends, ARRAY_SIZE(ends)) == ARRAY_SIZE(ends);
	close(fd[0]);
	close(fd[1]);
	return writable;
}

void sim_bits_finish(struct sim_bits *bits)
{
	if (bits->first < bits->end) {
		sim_bits_straddle(bits);
		sim_bits_shift(bits);
		sim_bits_misalign(bits);
	}
	if (bits->first < bits->end)
		sim_bits_set(bits->data, bits->first, bits->end);
	bits->first = bits->end = 0;
}
