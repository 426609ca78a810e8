/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes "NAME[,KEY=VALUE...]" apart. */
#include "base/spec.h"

#include <errno.h>
#include <string.h>

static int spec_copy(char *out, size_t len, const char *from, size_t n)
{
	if (n >= len)
		return -ENAMETOOLONG;
	memcpy(out, from, n);
	out[n] = '\0';
	return 0;
}

int spec_split(const char *spec, char *name, size_t len, const char **options)
{
	size_t n = strcspn(spec, ",");

	if (n == 0)
		return -EINVAL;
	*options = spec[n] ? spec + n + 1 : spec + n;
	return spec_copy(name, len, spec, n);
}

int spec_next(const char **cursor, struct spec_option *out)
{
	const char *s = *cursor;
	size_t n = strcspn(s, ","), key = strcspn(s, ",=");
	int err;

	if (*s == '\0')
		return 0;
	if (key == 0 || (s[n] == ',' && s[n + 1] == '\0'))
		return -EINVAL;
	err = spec_copy(out->key, sizeof(out->key), s, key);
	if (err)
		return err;
	out->has_value = key < n;
	err = spec_copy(out->value, sizeof(out->value), s + key + out->has_value, n - key - out->has_value);
	if (err)
		return err;
	*cursor = s[n] ? s + n + 1 : s + n;
	return 1;
}
