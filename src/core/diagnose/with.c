/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reports of other boots: their baseline is run here, and what the boots differ in becomes a factor. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/diagnose/priv.h"
#include "out/json_read.h"

static int with_bad(struct fail *f, const char *path, const char *why)
{
	return fail_usage(f, EINVAL, "--with %s: %s", path, why);
}

static int with_read(const char *path, struct value **out, struct fail *f)
{
	CLEANUP_FREE char *text = NULL;
	char why[120];
	size_t size;
	int err = json_read_file(path, &text, &size);

	if (err)
		return fail_set(f, err, "cannot read --with %s", path);
	return json_parse(text, size, out, why, sizeof(why)) ? with_bad(f, path, why) : 0;
}

/* Its levels are numbers, which mean what the tables of the version that wrote them say. */
static int with_check_version(const struct value *v, const char *path, struct fail *f)
{
	const char *version = "";

	if (json_read_str(json_get(v, "version"), &version) && !strcmp(version, PACKAGE_VERSION))
		return 0;
	if (!version[0])
		return with_bad(f, path, "it does not say which version of iommuctl wrote it");
	fail_usage(f, EINVAL, "--with %s: version %.32s of iommuctl wrote it, and this is %s", path, version,
		   PACKAGE_VERSION);
	fail_hint(f, "diagnose that boot with the same version");
	return -EINVAL;
}

static bool with_counts(const struct value *base, struct tally *t, uint64_t *run_loops)
{
	uint64_t runs, failed, loops;

	if (!json_read_num(json_get(base, "runs"), &runs) || !json_read_num(json_get(base, "failures"), &failed) ||
	    !json_read_num(json_get(base, "loops"), &loops) || !json_read_num(json_get(base, "run_loops"), run_loops) ||
	    failed > runs || runs > 100000 || !*run_loops)
		return false;
	*t = (struct tally){.runs = (unsigned int)runs, .failed = (unsigned int)failed, .loops = loops};
	return true;
}

/* What can be said of it before anything is opened. */
static int with_check(const struct value *v, const char *path, struct fail *f)
{
	const struct value *base = json_get(v, "baseline");
	const char *command = "", *text;
	uint64_t n;
	struct tally t;
	int err;

	if (!json_read_str(json_get(v, "command"), &command) || strcmp(command, "diagnose"))
		return with_bad(f, path, "it is no report of diagnose in JSON");
	err = with_check_version(v, path, f);
	if (err)
		return err;
	if (!json_get(base, "levels"))
		return with_bad(f, path,
				"nothing failed in that boot: diagnose the one that fails first, then run the "
				"others with its report");
	for (unsigned int i = 0; i < FACTOR_CELL; i++)
		if (!json_read_num(json_get(json_get(base, "levels"), factor_texts[i].name), &n) || n >= LEVELS_MAX)
			return with_bad(f, path, "its baseline has a level that is not known here");
	if (!json_read_str(json_get(base, "probe"), &text) || !with_counts(base, &t, &n))
		return with_bad(f, path, "its baseline is not whole");
	return 0;
}

int with_open(struct diagnose *d, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < d->params.nr_with && !err; i++) {
		err = with_read(d->params.with[i], &d->with[i], f);
		if (!err)
			err = with_check(d->with[i], d->params.with[i], f);
	}
	return err;
}

void with_close(struct diagnose *d)
{
	for (unsigned int i = 0; i < DIAGNOSE_WITH_MAX; i++)
		json_free(d->with[i]);
}

/* Is it about this device and driver? */
static int with_check_device(const struct diagnose *d, const struct value *v, const char *path, struct fail *f)
{
	const char *device = "", *driver = "";

	if (json_read_str(json_get(v, "device"), &device) && !strcmp(device, d->device) &&
	    json_read_str(json_get(v, "driver"), &driver) && !strcmp(driver, d->driver))
		return 0;
	return fail_usage(f, EINVAL, "--with %s: it is about device %.40s with driver %.32s, not %s with %s", path,
			  device, driver, d->device, d->driver);
}

static int with_cell(const struct diagnose *d, const struct value *base, const char *path, struct cell *cell,
		     struct fail *f)
{
	static const char *const probes[] = {"none", "unmapped", "readonly"};
	const struct value *at = json_get(base, "levels");
	const char *probe = "";
	uint64_t n;

	memset(cell, 0, sizeof(*cell));
	for (unsigned int i = 0; i < FACTOR_CELL; i++) {
		if (!json_read_num(json_get(at, factor_texts[i].name), &n) || n >= d->factor[i].nr)
			return with_bad(f, path, "its baseline has a level that is not known here");
		if (!d->factor[i].level[n].usable)
			return fail_complete(f, EOPNOTSUPP, "--with %s: its baseline cannot be run here: %s", path,
					     d->factor[i].level[n].why);
		cell->at[i] = (uint8_t)n;
	}
	if (!json_read_str(json_get(base, "probe"), &probe))
		return with_bad(f, path, "its baseline is not whole");
	while (cell->probe < ARRAY_SIZE(probes) && strcmp(probes[cell->probe], probe))
		cell->probe++;
	return cell->probe < ARRAY_SIZE(probes) ? 0
						: with_bad(f, path, "its baseline has a probe that is not known here");
}

/* Words between blanks; "pci=a,b" as "pci=a" and "pci=b". */
static void with_split(const char *line, char *out, size_t len)
{
	const char *key = line;
	size_t used = (size_t)snprintf(out, len, " ");

	for (const char *at = line; *at && used < len;) {
		size_t n = strcspn(at, " ,"), name = strcspn(key, "= ,") + 1;

		if (at == key)
			used += (size_t)snprintf(out + used, len - used, "%.*s ", (int)n, at);
		else
			used += (size_t)snprintf(out + used, len - used, "%.*s%.*s ", (int)name, key, (int)n, at);
		at += n;
		if (*at++ == ' ')
			key = at;
		else if (!at[-1])
			break;
	}
}

/* What is in @words and not in @others, both split, and is no factor's setting, goes to the end of @buf. */
static void with_only_in(const char *words, const char *others, const char *where, char *buf, size_t len)
{
	static const char *const factors[] = {"intel_iommu=sp_off ", "pci=noats ",
					      "vfio_iommu_type1.disable_hugepages"};

	for (const char *at = words + 1; *at;) {
		size_t n = strcspn(at, " ") + 1, used = strlen(buf);
		char word[200];
		bool factor = n + 2 > sizeof(word);

		snprintf(word, sizeof(word), " %.*s", (int)n, at);
		for (size_t i = 0; i < ARRAY_SIZE(factors); i++)
			factor |= !strncmp(word + 1, factors[i], strlen(factors[i]));
		if (n > 1 && !factor && !strstr(others, word))
			snprintf(buf + used, len - used, "%s%.*s (%s)", used ? ", " : "", (int)n - 1, at, where);
		at += n;
	}
}

/* What else of the command lines differs; nothing where one of them was not read. */
static void with_cmdline(struct diagnose *d, const struct value *report, char *buf, size_t len)
{
	const char *here = environment_cmdline(d), *there;
	char a[2200], b[2200];

	buf[0] = '\0';
	if (!here || !json_read_str(json_get(json_get(report, "environment"), "cmdline"), &there))
		return;
	with_split(here, a, sizeof(a));
	with_split(there, b, sizeof(b));
	with_only_in(a, b, "here", buf, len);
	with_only_in(b, a, "there", buf, len);
}

/* The boot's counts as levels of what it differs in from this one. */
static void with_levels(struct diagnose *d, const struct value *report, const struct value *base, const struct tally *t)
{
	const struct value *boot = json_get(base, "boot");
	char also[sizeof(d->boots_differ)];
	unsigned int differ = 0;

	with_cmdline(d, report, also, sizeof(also));
	if (also[0]) {
		snprintf(d->boots_differ, sizeof(d->boots_differ), "%s", also);
		differ++;
	}
	for (unsigned int i = FACTOR_CELL; i < FACTORS; i++) {
		const char *value = "not known";

		json_read_str(json_get(boot, factor_texts[i].name), &value);
		differ += strcmp(value, environment_setting(d, i)) != 0;
	}
	for (unsigned int i = FACTOR_CELL; i < FACTORS; i++) {
		struct factor *f = &d->factor[i];
		const char *value = "not known";
		struct level *l;

		json_read_str(json_get(boot, factor_texts[i].name), &value);
		if (!strcmp(value, environment_setting(d, i)) || f->nr == LEVELS_MAX)
			continue;
		l = &f->level[f->nr++];
		snprintf(l->value, sizeof(l->value), "%.79s", value);
		l->usable = differ == 1;
		if (differ == 1)
			l->runs = *t;
		else
			level_unusable(l, "that boot differs in more than this: which of them it is cannot be told");
	}
}

static int with_one(struct diagnose *d, const struct value *v, const char *path, struct fail *f)
{
	const struct value *base = json_get(v, "baseline");
	uint64_t run_loops;
	struct cell cell;
	struct tally t;
	int err = with_check_device(d, v, path, f);

	if (!err)
		err = with_cell(d, base, path, &cell, f);
	if (!err && !with_counts(base, &t, &run_loops))
		err = with_bad(f, path, "its baseline is not whole");
	if (!err && d->nr_boots && (memcmp(&cell, &d->baseline, sizeof(cell)) || run_loops != d->run_loops))
		err = with_bad(f, path, "its baseline is not the one of the report before it");
	if (err)
		return err;
	d->baseline = cell;
	d->run_loops = run_loops;
	d->found = true;
	d->nr_boots++;
	with_levels(d, v, base, &t);
	return 0;
}

int with_load(struct diagnose *d, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < d->params.nr_with && !err; i++)
		err = with_one(d, d->with[i], d->params.with[i], f);
	return err;
}
