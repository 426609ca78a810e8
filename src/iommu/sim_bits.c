/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of bits into a bitmap of any alignment; the misbehaviours that make them the wrong bits. */
#include "iommu/sim_bits.h"

#include <errno.h>
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

/* As the kernel does it: by trying. Each byte is written as it was. Where that is forbidden (seccomp) it is taken for granted. */
bool sim_bits_writable(const struct dirty_read *req)
{
	unsigned char *data = req->bits, byte[2];
	uint64_t bits = ((req->length - 1) >> __builtin_ctzll(req->page_size)) + 1;
	struct iovec here = {byte, sizeof(byte)}, there[2] = {{data, 1}, {data + (bits - 1) / 8, 1}};
	pid_t self = getpid();
	ssize_t n = process_vm_readv(self, &here, 1, there, ARRAY_SIZE(there), 0);

	if (n == sizeof(byte))
		n = process_vm_writev(self, &here, 1, there, ARRAY_SIZE(there), 0);
	return n == sizeof(byte) || (n < 0 && errno != EFAULT);
}

void sim_bits_finish(struct sim_bits *bits)
{
	if (bits->first < bits->end) {
		sim_bits_straddle(bits);
		sim_bits_shift(bits);
	}
	if (bits->first < bits->end)
		sim_bits_set(bits->data, bits->first, bits->end);
	bits->first = bits->end = 0;
}
