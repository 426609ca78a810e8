/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops on the addresses of mapped memory: forgotten for a live update, renewed at another place (iommu/vaddr.h). */
#ifndef IC_CORE_OP_VADDR_H
#define IC_CORE_OP_VADDR_H

#include "core/op/op.h"

struct op_vaddr {
	const char *buf; /* or range, or all */
	iova_t iova;
	uint64_t size;
	bool all, unchecked;
};

/* *bytes = what the kernel reported. A count that differs from what the ledger has there adds a short-unmap failure. */
int op_vaddr_forget(struct session *s, const struct op_vaddr *op, uint64_t *bytes, struct failures *found,
		    struct fail *f);
/*
 * A buffer of memfd memory has another address afterwards, all else keeps the one it has. *renewed = mappings, *moved = how many of
 * them got another address. @all: those that are forgotten.
 */
int op_vaddr_renew(struct session *s, const struct op_vaddr *op, uint64_t *renewed, uint64_t *moved, struct fail *f);

#endif
