/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shadow of what is mapped: an ordered map from IOVA ranges to who mapped them. Writers (map, unmap) and readers (fault attribution,
 * IOVA choice, verifier and DMA threads) use it at once, without locks, under RCU. No writer may be inside of rcu_enter_books(), as a
 * callback of ledger_each() is.
 */
#ifndef IC_IOMMU_LEDGER_H
#define IC_IOMMU_LEDGER_H

#include "iommu/types.h"

struct ledger;

#define LEDGER_TAG 32

struct ledger_entry {
	struct iova_range range;
	void *va;
	enum iommu_prot prot;
	unsigned int owner;
	bool forgotten; /* the kernel was told to forget va (vaddr.h) */
	bool named;	/* a buffer of the user's; all others are the tool's own */
	char tag[LEDGER_TAG];
};

int ledger_new(struct ledger **out);
void ledger_free(struct ledger *ledger); /* NULL is fine */

/* -EEXIST when it overlaps an entry (nothing is added), -ENOMEM. */
int ledger_add(struct ledger *ledger, const struct ledger_entry *entry);
/* Put @entry in the place of the one with the same range: a reader finds the one or the other. -ENOENT: there is none, -ENOMEM. */
int ledger_replace(struct ledger *ledger, const struct ledger_entry *entry);
/*
 * Cut the entry that has just this @range in two behind @point, which lies in it before its end. ledger_find() meets it whole, or its parts. So does
 * ledger_each(), but of one that reaches over a border of regions (ledger.c), which it may then pass over. -ENOENT: there is
 * none, -ENOMEM; nothing has changed.
 */
int ledger_cut(struct ledger *ledger, struct iova_range range, iova_t point);
/* Remove the one entry that has just this range, and copy it out; false, and nothing is removed, if there is none. */
bool ledger_take(struct ledger *ledger, struct iova_range range, struct ledger_entry *out);
/* Remove all entries that lie inside @range; returns how many bytes they held. */
uint64_t ledger_remove(struct ledger *ledger, struct iova_range range);

/* The lowest entry that overlaps @range, copied out; false if none. */
bool ledger_find(const struct ledger *ledger, struct iova_range range, struct ledger_entry *out);
/* In IOVA order; stops when fn returns non-zero and returns that. fn runs under the RCU read lock. */
int ledger_each(const struct ledger *ledger, int (*fn)(const struct ledger_entry *entry, void *arg), void *arg);
uint64_t ledger_count(const struct ledger *ledger);
uint64_t ledger_bytes(const struct ledger *ledger);

/* A context's ledger (read-only for layers above iommu/). */
struct iommu;
const struct ledger *iommu_ledger(const struct iommu *iommu);

#endif
