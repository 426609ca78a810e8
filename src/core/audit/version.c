/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel versions out of release strings, and how far they can be trusted. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/audit/priv.h"

static bool version_numbers(const char *s, struct audit_version *v, const char **rest)
{
	int end = 0;

	memset(v, 0, sizeof(*v));
	if (!isdigit((unsigned char)*s) || sscanf(s, "%3u.%3u%n", &v->major, &v->minor, &end) != 2 || !end)
		return false;
	s += end;
	if (*s == '.' && isdigit((unsigned char)s[1]) && sscanf(s, ".%5u%n", &v->patch, &end) == 1)
		s += end;
	*rest = s;
	return true;
}

/* "Linux version 6.1.0-18-amd64 (...) #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)" */
static void version_from_banner(const char *banner, struct audit_version *v)
{
	const char *s = strstr(banner, " Debian "), *rest;
	struct audit_version built;

	if (!s || !version_numbers(s + strlen(" Debian "), &built, &rest) || built.major != v->major ||
	    built.minor != v->minor)
		return;
	v->patch = built.patch;
	v->patch_unknown = false;
}

bool audit_version_parse(const char *release, const char *banner, struct audit_version *out)
{
	const char *rest;

	if (!version_numbers(release, out, &rest))
		return false;
	if (sscanf(rest, "-rc%d", &out->rc) == 1) {
		rest += strlen("-rc");
		rest += strspn(rest, "0123456789");
	}
	out->distribution = *rest != '\0' && *rest != '+';
	/* a distribution counts its own changes elsewhere: its third number stays 0 for years */
	out->patch_unknown = out->distribution && !out->patch && !out->rc;
	version_from_banner(banner, out);
	return true;
}

int audit_version_compare(const struct audit_version *a, const struct audit_version *b, bool minor_only)
{
	/* a release candidate comes before the release, which has no number */
	int rc_a = a->rc ? a->rc : 1000, rc_b = b->rc ? b->rc : 1000;

	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	if (a->minor != b->minor)
		return a->minor < b->minor ? -1 : 1;
	if (minor_only)
		return 0;
	if (rc_a != rc_b)
		return rc_a < rc_b ? -1 : 1;
	return a->patch < b->patch ? -1 : a->patch > b->patch;
}
