/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers as commands show them: raw and decoded, for machines and for people. */
#ifndef IC_CMD_REGISTERS_H
#define IC_CMD_REGISTERS_H

#include "host/registers.h"
#include "out/report.h"

/*
 * One member of the list registers[]: {name, source, value, fields: [{name, bits, raw, meaning, spec}]}, left open so that the
 * caller can add keys: report_close() it.
 */
void register_report(struct report *r, const struct reg_value *v);
/* "vtd.cap   0xd2008c40660462  SOURCE", and with @fields a line for each part below it. */
void register_text(struct report *r, const struct reg_value *v, bool fields);
/* As reg_meaning(); says of what may not be relied on that it is informational. */
char *register_meaning(const struct reg_value *v, const struct reg_part *part, char *buf, size_t len);

#endif
