/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the kernel was started and set: release, processor, command line, module parameters, taint, limits. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "host/machine.h"
#include "host/text.h"

#define OPTIONS_MAX 4096
#define SETTINGS_MAX MiB(16) /* /proc/cpuinfo of thousands of processors */

static int option_add(struct kernel_settings *k, const char *key, const char *value)
{
	struct kernel_option *more;

	if (k->nr_options >= OPTIONS_MAX)
		return 0;
	if ((k->nr_options & (k->nr_options - 1)) == 0) {
		more = reallocarray(k->options, k->nr_options ? 2 * k->nr_options : 16, sizeof(*more));
		if (!more)
			return -ENOMEM;
		k->options = more;
	}
	text_copy(k->options[k->nr_options].key, sizeof(k->options->key), key);
	text_copy(k->options[k->nr_options].value, sizeof(k->options->value), value);
	k->nr_options++;
	return 0;
}

/* A quote at the word's or the value's beginning goes, and with it the one at the end (lib/cmdline.c, next_arg()). */
static char *option_unquote(char *s)
{
	size_t n;

	if (*s != '"')
		return s;
	s++;
	n = strlen(s);
	if (n && s[n - 1] == '"')
		s[n - 1] = '\0';
	return s;
}

static int option_word(struct kernel_settings *k, char *word)
{
	char *value;

	word = option_unquote(word);
	value = strchr(word, '=');
	if (value)
		*value++ = '\0';
	return option_add(k, word, value ? option_unquote(value) : "");
}

/* Words end at blanks outside of quotes; what follows "--" is for init. */
int kernel_options_parse(const char *text, struct kernel_settings *k)
{
	CLEANUP_FREE char *copy = strdup(text);
	char *s = copy;
	int ret = 0;

	if (!copy)
		return -ENOMEM;
	while (!ret) {
		bool quoted = false, last;
		char *word;

		s += strspn(s, " \t\n");
		if (!*s)
			break;
		for (word = s; *s && (quoted || !strchr(" \t\n", *s)); s++)
			if (*s == '"')
				quoted = !quoted;
		last = !*s;
		*s = '\0';
		if (strcmp(word, "--") == 0)
			break;
		ret = option_word(k, word);
		if (!last)
			s++;
	}
	return ret;
}

static int params_add(struct kernel_settings *k, const char *module, const char *name, const char *value)
{
	struct module_param *more;

	if ((k->nr_params & (k->nr_params - 1)) == 0) {
		more = reallocarray(k->params, k->nr_params ? 2 * k->nr_params : 16, sizeof(*more));
		if (!more)
			return -ENOMEM;
		k->params = more;
	}
	text_copy(k->params[k->nr_params].module, sizeof(k->params->module), module);
	text_copy(k->params[k->nr_params].name, sizeof(k->params->name), name);
	text_copy(k->params[k->nr_params].value, sizeof(k->params->value), value);
	k->nr_params++;
	return 0;
}

/* What can only be written, or only by root, is not there for us. */
static int params_read_module(const struct host *host, const char *module, struct kernel_settings *k)
{
	CLEANUP_FREE char **names = NULL;
	char value[64];
	int ret = 0;

	if (host_list_dir(host, &names, "/sys/module/%s/parameters", module))
		return 0;
	for (char **name = names; *name && !ret; name++)
		if (host_read_line(host, value, sizeof(value), "/sys/module/%s/parameters/%s", module, *name) == 0)
			ret = params_add(k, module, *name, value);
	return ret;
}

static int params_read(const struct host *host, struct kernel_settings *k)
{
	CLEANUP_FREE char **names = NULL;
	int ret = host_list_dir(host, &names, "/sys/module");

	if (ret)
		return ret == -ENOMEM ? ret : 0;
	for (char **name = names; *name && !ret; name++)
		if (text_starts(*name, "vfio") || strcmp(*name, "iommufd") == 0 || text_starts(*name, "arm_smmu"))
			ret = params_read_module(host, *name, k);
	return ret;
}

bool cpuinfo_value(const char *text, const char *key, char *out, size_t len)
{
	const char *line = text, *s;
	size_t n = strlen(key);

	for (; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		s = line + n;
		if (strncmp(line, key, n))
			continue;
		s += strspn(s, " \t");
		if (*s != ':')
			continue;
		s++;
		s += strspn(s, " \t");
		snprintf(out, len, "%.*s", (int)MIN(strcspn(s, "\n"), len), s);
		return true;
	}
	return false;
}

static int cpu_read(const struct host *host, struct kernel_settings *k)
{
	CLEANUP_FREE char *text = NULL;
	char isa[8];
	int ret = host_read_bounded(host, SETTINGS_MAX, &text, NULL, "/proc/cpuinfo");

	if (ret)
		return ret == -ENOMEM ? ret : 0;
	if (cpuinfo_value(text, "vendor_id", k->cpu_vendor, sizeof(k->cpu_vendor)))
		text_copy(k->arch, sizeof(k->arch), strcmp(k->cpu_vendor, "IBM/S390") ? "x86" : "s390");
	else if (cpuinfo_value(text, "CPU implementer", isa, sizeof(isa)))
		text_copy(k->arch, sizeof(k->arch), "arm64");
	else if (cpuinfo_value(text, "isa", isa, sizeof(isa)) && text_starts(isa, "rv"))
		text_copy(k->arch, sizeof(k->arch), "riscv");
	return 0;
}

static void memlock_read(const struct host *host, struct kernel_settings *k)
{
	struct rlimit limit;

	if (host_is_capture(host) || getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return;
	k->has_memlock = true;
	k->memlock = limit.rlim_max == RLIM_INFINITY ? UINT64_MAX : limit.rlim_max;
}

static int cmdline_read(const struct host *host, struct kernel_settings *k)
{
	CLEANUP_FREE char *text = NULL;
	int ret = host_read_bounded(host, SETTINGS_MAX, &text, NULL, "/proc/cmdline");

	if (ret)
		return ret == -ENOMEM ? ret : 0;
	k->has_cmdline = true;
	return kernel_options_parse(text, k);
}

int kernel_settings_read(const struct host *host, struct kernel_settings *out)
{
	char line[32];
	int ret;

	memset(out, 0, sizeof(*out));
	if (host_read_line(host, out->release, sizeof(out->release), "/proc/sys/kernel/osrelease"))
		out->release[0] = '\0';
	if (host_read_line(host, line, sizeof(line), "/proc/sys/kernel/tainted") == 0)
		out->taint = strtoull(line, NULL, 10);
	memlock_read(host, out);
	ret = cpu_read(host, out);
	if (!ret)
		ret = cmdline_read(host, out);
	if (!ret)
		ret = params_read(host, out);
	return ret;
}

void kernel_settings_free(struct kernel_settings *k)
{
	free(k->options);
	free(k->params);
	memset(k, 0, sizeof(*k));
}

/* The kernel takes '-' and '_' in names for the same (kernel/params.c, parameq()). */
static bool option_key_is(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return *a == *b;
}

const char *kernel_option(const struct kernel_settings *k, const char *key)
{
	for (unsigned int i = k->nr_options; i-- > 0;)
		if (option_key_is(k->options[i].key, key))
			return k->options[i].value;
	return NULL;
}

bool kernel_option_has(const struct kernel_settings *k, const char *key, const char *word)
{
	size_t n = strlen(word);

	for (unsigned int i = 0; i < k->nr_options; i++) {
		const char *s = k->options[i].value;

		if (!option_key_is(k->options[i].key, key))
			continue;
		for (;;) {
			size_t len = strcspn(s, ",");

			if (len == n && strncmp(s, word, n) == 0)
				return true;
			if (!s[len])
				break;
			s += len + 1;
		}
	}
	return false;
}

const char *kernel_param(const struct kernel_settings *k, const char *module, const char *name)
{
	for (unsigned int i = 0; i < k->nr_params; i++)
		if (strcmp(k->params[i].module, module) == 0 && strcmp(k->params[i].name, name) == 0)
			return k->params[i].value;
	return NULL;
}
