/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the facts of one family are put together. For host/reg_facts*.c only. */
#ifndef IC_HOST_REG_FACTS_H
#define IC_HOST_REG_FACTS_H

#include "host/reg_tables.h"

struct fact_list {
	struct reg_fact *facts; /* room for REG_FACTS_MAX */
	unsigned int n;
};

void fact_add(struct fact_list *list, const char *name, bool has, uint64_t value, const char *fmt, ...) IC_PRINTF(5, 6);
/*
 * A fact that holds when every flag of @flags (names separated by spaces) of @v is set. Text: @yes, or "no: " and the flags that
 * are clear, with their bits.
 */
void fact_flags(struct fact_list *list, const char *name, const struct reg_value *v, const char *flags,
		const char *yes);
bool fact_has_flags(const struct reg_value *v, const char *flags);
/* "4K, 2M, 1G" for a bit mask. Returns buf. */
char *fact_sizes(uint64_t mask, char *buf, size_t len);

/* Each takes what it knows from @values and adds nothing for registers that are not there. */
void facts_vtd(const struct reg_value *values, unsigned int n, struct fact_list *list);
void facts_amd(const struct reg_value *values, unsigned int n, struct fact_list *list);
void facts_smmuv3(const struct reg_value *values, unsigned int n, struct fact_list *list);
void facts_riscv(const struct reg_value *values, unsigned int n, struct fact_list *list);
void facts_virtio(const struct reg_value *values, unsigned int n, struct fact_list *list);

#endif
