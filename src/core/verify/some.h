/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shorthands of cases that look at states, orders and races more than at patterns: a little memory, some writes, a switch. */
#ifndef IC_CORE_VERIFY_SOME_H
#define IC_CORE_VERIFY_SOME_H

#include "core/verify/priv.h"

/* An area of @grains times verify_small() bytes, anywhere. */
int verify_some(struct verify *v, uint64_t grains, struct verify_area **out, struct fail *f);
/* Bytes of a small write that the device can do and that stays in one page of v->unit. */
uint64_t verify_write_len(const struct verify *v);
/* A random page of v->unit of the area: its offset. */
uint64_t verify_draw_page(struct verify *v, const struct verify_area *area);
/* @n small writes into random pages of the area; @quietly: not noted in the truth. */
int verify_scatter(struct verify *v, struct verify_area *area, unsigned int n, bool quietly, struct fail *f);
/* All of the area is read and held against the truth. */
int verify_hold_all(struct verify *v, struct verify_area *area, bool keep, const char *what, struct fail *f);

/*
 * Tracking off and on again on the page table it is on, and nothing else: no table is made or left. To be used between verify_start() and
 * verify_stop(); the truth is the caller's business. As iommu_dirty_start() and iommu_dirty_stop() answer.
 */
int verify_switch(struct verify *v, bool on, struct fail *f);

/* can() of cases that need DMA where nothing marks in its stead. */
bool verify_can_dma(struct verify *v, const char **why);
/* can() of cases that map and unmap: not for a device's own log, which knows nothing of mappings and logs the ranges named at the start. */
bool verify_can_map(struct verify *v, const char **why);

#endif
