/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checked parsing of numbers, sizes, ranges, durations and probabilities, and the way back to text. */
#include "base/num.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct num_unit {
	const char *name;
	uint64_t factor;
};

/* -1 where @c is no digit of @base. Not isdigit and friends: those follow the locale. */
static int num_digit(char c, unsigned base)
{
	int digit = -1;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if (c >= 'a' && c <= 'f')
		digit = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		digit = c - 'A' + 10;
	return digit < (int)base ? digit : -1;
}

/*
 * The number at the start of @s; *@end is what follows it. All digits are consumed even after an overflow, so that the
 * caller can tell a typing error from a number that is merely too large.
 */
static int num_scan(const char *s, uint64_t *out, const char **end)
{
	unsigned base = 10;
	uint64_t value = 0;
	bool fits = true;
	int digit;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (num_digit(*s, base) < 0)
		return -EINVAL;
	for (; (digit = num_digit(*s, base)) >= 0; s++)
		fits = fits && num_mul(value, base, &value) && num_add(value, (uint64_t)digit, &value);
	*end = s;
	*out = value;
	return fits ? 0 : -ERANGE;
}

static uint64_t num_unit_factor(const struct num_unit *units, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(units[i].name, name) == 0)
			return units[i].factor;
	return 0;
}

/* A number and one unit of the table, which must be all that is left. *@out is written on success only. */
static int num_parse_units(const char *s, const struct num_unit *units, size_t count, uint64_t *out)
{
	uint64_t value, factor;
	const char *unit;
	int ret;

	if (!s)
		return -EINVAL;
	ret = num_scan(s, &value, &unit);
	if (ret == -EINVAL)
		return ret;
	factor = num_unit_factor(units, count, unit);
	if (!factor)
		return -EINVAL;
	if (ret || !num_mul(value, factor, &value))
		return -ERANGE;
	*out = value;
	return 0;
}

int num_parse_u64(const char *s, uint64_t *out)
{
	static const struct num_unit units[] = {{"", 1}};

	return num_parse_units(s, units, ARRAY_SIZE(units), out);
}

int num_parse_size(const char *s, uint64_t *out)
{
	static const struct num_unit units[] = {
		{"", 1}, {"K", KiB(1)}, {"M", MiB(1)}, {"G", GiB(1)}, {"T", TiB(1)},
	};

	return num_parse_units(s, units, ARRAY_SIZE(units), out);
}

int num_parse_duration(const char *s, uint64_t *ns)
{
	static const struct num_unit units[] = {
		{"us", 1000ull},	   {"ms", 1000000ull},		{"s", 1000000000ull},
		{"m", 60 * 1000000000ull}, {"h", 3600 * 1000000000ull},
	};

	return num_parse_units(s, units, ARRAY_SIZE(units), ns);
}

int num_parse_size_range(const char *s, uint64_t *min, uint64_t *max)
{
	const char *dots = s ? strstr(s, "..") : NULL;
	CLEANUP_FREE char *first = NULL;
	uint64_t lo, hi;
	int ret, ret2;

	if (!s)
		return -EINVAL;
	first = dots ? strndup(s, (size_t)(dots - s)) : strdup(s);
	if (!first)
		return -ENOMEM;
	ret = num_parse_size(first, &lo);
	ret2 = dots ? num_parse_size(dots + 2, &hi) : 0;
	if (ret == -EINVAL || ret2 == -EINVAL)
		return -EINVAL;
	if (ret || ret2)
		return -ERANGE;
	if (!dots)
		hi = lo;
	if (lo > hi)
		return -EINVAL;
	*min = lo;
	*max = hi;
	return 0;
}

/* By hand: strtod takes signs, spaces, "nan", "inf" and hex, and reads the decimal point that the locale has. */
int num_parse_prob(const char *s, double *out)
{
	uint64_t value = 0, scale = 1;
	bool point = false, digits = false;

	if (!s)
		return -EINVAL;
	for (; *s; s++) {
		int digit = num_digit(*s, 10);

		if (digit < 0 && (*s != '.' || point))
			return -EINVAL;
		digits = digits || digit >= 0;
		if (digit < 0) {
			point = true;
		} else if (!point) {
			value = MIN(value * 10 + (uint64_t)digit, 2);
		} else if (scale < 1000000000000000ull) {
			/* a double has 15 certain digits: what comes after is read but not kept */
			value = value * 10 + (uint64_t)digit;
			scale *= 10;
		}
	}
	if (!digits)
		return -EINVAL;
	if (value > scale)
		return -ERANGE;
	*out = (double)value / (double)scale;
	return 0;
}

char *num_format_size(char *buf, size_t buflen, uint64_t size)
{
	static const char suffix[] = "KMGT";
	char unit[2] = "";

	for (size_t i = 0; suffix[i] && size && size % 1024 == 0; i++) {
		size /= 1024;
		unit[0] = suffix[i];
	}
	snprintf(buf, buflen, "%llu%s", (unsigned long long)size, unit);
	return buf;
}

char *num_format_human(char *buf, size_t buflen, double bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	size_t i = 0;

	/* 1023.95 would be printed as 1024.0: the next unit says it better */
	for (; i + 1 < ARRAY_SIZE(units) && bytes >= (i ? 1023.95 : 1023.5); i++)
		bytes /= 1024;
	snprintf(buf, buflen, i ? "%.1f %s" : "%.0f %s", bytes, units[i]);
	return buf;
}

char *num_format_duration(char *buf, size_t buflen, uint64_t ns)
{
	uint64_t seconds = ns / 1000000000ull + (ns % 1000000000ull >= 500000000ull);

	if (ns == 0)
		snprintf(buf, buflen, "0 s");
	else if (ns < 999500ull)
		snprintf(buf, buflen, "%.0f us", (double)ns / 1e3);
	else if (ns < 99950000ull)
		snprintf(buf, buflen, "%.1f ms", (double)ns / 1e6);
	else if (ns < 59950000000ull)
		snprintf(buf, buflen, "%.1f s", (double)ns / 1e9);
	else if (seconds < 3600)
		snprintf(buf, buflen, "%u m %u s", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
	else
		snprintf(buf, buflen, "%llu h %u m", (unsigned long long)(seconds / 3600),
			 (unsigned)(seconds % 3600 / 60));
	return buf;
}
