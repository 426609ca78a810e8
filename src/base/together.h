/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that several threads make at the same moment, as near as they come to it: for what goes wrong only then. */
#ifndef IC_BASE_TOGETHER_H
#define IC_BASE_TOGETHER_H

#define TOGETHER_MAX 16u

/*
 * @call(@ctx, i) for each i below @n (2 to TOGETHER_MAX), each in a thread of its own but the first, which is the caller's. None begins before
 * all are there, and all have returned at the end. 0, or the -errno of a thread that could not be had: then nothing was called.
 */
int together(unsigned int n, void (*call)(void *ctx, unsigned int i), void *ctx);

#endif
