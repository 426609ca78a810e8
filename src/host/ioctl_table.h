/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to ioctl_facts.c and ioctl_read.c: the members of the facts as keys of JSON, one table for both directions. */
#ifndef IC_HOST_IOCTL_TABLE_H
#define IC_HOST_IOCTL_TABLE_H

#include "host/ioctl_facts.h"

#define IOCTL_FILE "/iommuctl/ioctl.json"

enum fact_kind {
	FACT_STR,   /* char[size] */
	FACT_NUM,   /* unsigned of @size bytes; a number */
	FACT_HEX,   /* unsigned of @size bytes; "0x..." */
	FACT_INT,   /* int that is not negative */
	FACT_KNOWN, /* int; -1 = not known, then the key is not there */
	FACT_BOOL,
	FACT_REG, /* const struct reg *, by name */
};

struct fact {
	const char *key;
	enum fact_kind kind;
	size_t at, size;
	bool later; /* captures of older versions have no such key: the member stays zero */
};

/* Ended by a NULL key. */
extern const struct fact ioctl_top_facts[], ioctl_device_facts[], ioctl_port_facts[], ioctl_range_facts[],
	ioctl_extension_facts[], ioctl_reg_facts[];

/* A list of fixed size inside of an object: elements at @at, how many at @count. */
struct fact_list {
	const char *key;
	const struct fact *facts;
	size_t at, count, size;
	unsigned int max;
};
/* Ended by a NULL key. */
extern const struct fact_list ioctl_top_lists[], ioctl_device_lists[];

#endif
