/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a capture does not pass on: serial numbers, MAC addresses, and the kernel's parameters that may hold secrets. */
#ifndef IC_CORE_MASK_H
#define IC_CORE_MASK_H

#include <stdbool.h>

#include "base/util.h"

#define MASK_WORD "masked" /* in place of a value */

#define MASK_MACS_MAX 4096
struct mask {
	unsigned int nr_macs; /* different ones */
	unsigned int serials, values, mounts;
	/*
	 * Each is replaced by 02:00:00:00:NN:NN, its place in this list, so that two names stay two. Beyond the end of the list
	 * all are the same.
	 */
	uint8_t macs[MASK_MACS_MAX][6];
};

/*
 * MAC addresses in @text: 6 pairs of hex digits with ':' or '-' between them, more than six (InfiniBand), and the names of
 * interfaces that are made of one (enx..., wlx..., wwx...). In place, lengths stay.
 */
void mask_macs(struct mask *mask, char *text, size_t len);

/* A kernel command line: values of parameters that are not known to be harmless, and what is for init. malloc'ed; NULL: no memory. */
char *mask_cmdline(struct mask *mask, const char *text);
/* One line of the kernel's log, without its end: the command line where it is repeated, serial numbers, MACs. malloc'ed. */
char *mask_log_line(struct mask *mask, const char *line);

/* Config space: the eight bytes of each device serial number capability (PCIe 7.9.3), the data register of VPD. In place. */
void mask_config(struct mask *mask, uint8_t *config, size_t len);
/* The serial number that some processors' /proc/cpuinfo tells. In place, lengths stay. */
void mask_cpuinfo(struct mask *mask, char *text);
/*
 * mountinfo without what is on no block device and nobody asks for here (network shares, containers' layers), and without the
 * file systems' own options. malloc'ed; NULL: no memory.
 */
char *mask_mounts(struct mask *mask, const char *text);

/* The file at @path as a capture has it. *@out is malloc'ed. 0 or -ENOMEM. */
int mask_file(struct mask *mask, const char *path, const char *data, size_t size, char **out, size_t *out_size);

#endif
