/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `audit` found, between finding it and showing it. */
#ifndef IC_CMD_AUDIT_H
#define IC_CMD_AUDIT_H

#include "core/audit/audit.h"
#include "out/report.h"

/* The lines for people: findings by severity, then counts and the next step. */
void audit_text(struct report *r, const struct audit *a);
/* One kind of finding for people, and as an object of the open list. */
void audit_text_rule(struct report *r, const struct audit_rule *rule, bool explain);
void audit_report_rule(struct report *r, const struct audit_rule *rule);
unsigned int audit_count(const struct audit *a, enum audit_severity severity);

#endif
