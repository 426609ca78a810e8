/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a repro needs of IOMMU, device and user, and whether it is there. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/op/dirty.h"
#include "core/repro/repro.h"
#include "core/session/priv.h"
#include "iommu/dirty.h"

/* One word of `needs`, against one session. */
struct need {
	const char *value; /* behind the '=', NULL: none */
	struct session *s;
	const struct iommu_caps *caps;
	struct repro_judgement *out;
};

static bool IC_PRINTF(3, 4) need_missing(const struct need *n, enum repro_verdict verdict, const char *fmt, ...)
{
	va_list args;

	n->out->verdict = verdict;
	va_start(args, fmt);
	vsnprintf(n->out->why, sizeof(n->out->why), fmt, args);
	va_end(args);
	return false;
}

/* "a|b|c" has @name. */
static bool need_lists(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (!strncmp(at, name, n) && (!at[n] || at[n] == '|'))
			return true;
	}
	return false;
}

static bool need_check_list(const char *value, const char *const *names)
{
	char copy[128], *rest = copy, *one;

	snprintf(copy, sizeof(copy), "%s", value);
	while ((one = strsep(&rest, "|"))) {
		unsigned int i = 0;

		while (names[i] && strcmp(names[i], one))
			i++;
		if (!names[i])
			return false;
	}
	return true;
}

static bool check_personality(const char *value)
{
	static const char *const names[] = {"type1-v2", "type1-v1", "iommufd", "compat-v2", "compat-v1", NULL};

	return need_check_list(value, names);
}

/* What another --backend would have. */
static bool have_personality(const struct need *n)
{
	const char *here = iommu_personality_name(iommu_personality(session_iommu(n->s)));

	return need_lists(n->value, here) ||
	       need_missing(n, REPRO_SKIPPED, "it is about the interface %s, and backend %s has %s", n->value,
			    session_backend_name(n->s), here);
}

static const char *const iommu_kinds[] = {"vt-d", "amd-vi", "virtio", NULL};

static bool check_iommu(const char *value)
{
	return need_check_list(value, iommu_kinds);
}

/* /sys/class/iommu names units dmar0 (drivers/iommu/intel/dmar.c), ivhd0 (drivers/iommu/amd/init.c), else by the device they are. */
static const char *iommu_kind(const char *unit)
{
	if (!strncmp(unit, "dmar", 4))
		return "vt-d";
	if (!strncmp(unit, "ivhd", 4))
		return "amd-vi";
	return strncmp(unit, "virtio", 6) ? unit : "virtio";
}

static bool have_iommu(const struct need *n)
{
	struct pci_info pci = {0};

	/* the simulation can break as any of them does */
	if (n->caps->simulated)
		return true;
	if (n->caps->no_hardware)
		return need_missing(n, REPRO_NOT_APPLICABLE, "it is a bug of %s, and no IOMMU is behind %s", n->value,
				    session_device_name(n->s));
	if (pci_find(n->s->host, session_device_name(n->s), &pci, NULL) || !pci.iommu[0])
		return need_missing(n, REPRO_SKIPPED, "it is a bug of %s, and which IOMMU %s is behind is not known",
				    n->value, session_device_name(n->s));
	return need_lists(n->value, iommu_kind(pci.iommu)) ||
	       need_missing(n, REPRO_NOT_APPLICABLE, "it is a bug of %s, and %s is behind %s (%s)", n->value,
			    session_device_name(n->s), pci.iommu, iommu_kind(pci.iommu));
}

int repro_np_cache(const struct host *host, const char *unit)
{
	char text[32];
	uint64_t cap;
	int err = host_read_line(host, text, sizeof(text), "/sys/class/iommu/%s/amd-iommu/cap", unit);

	if (err)
		return err;
	return sscanf(text, "%" SCNx64, &cap) == 1 ? (int)(cap >> 26 & 1) : -EINVAL;
}

static bool have_np_cache(const struct need *n)
{
	struct pci_info pci = {0};
	int cached;

	if (n->caps->simulated)
		return true;
	cached = pci_find(n->s->host, session_device_name(n->s), &pci, NULL) ? -ENOENT
									     : repro_np_cache(n->s->host, pci.iommu);
	if (cached < 0)
		return need_missing(
			n, REPRO_SKIPPED,
			"whether the IOMMU caches entries that are not present (NpCache) cannot be told: %s",
			strerror(-cached));
	return cached || need_missing(n, REPRO_NOT_APPLICABLE,
				      "%s caches no entries that are not present (NpCache is 0)", pci.iommu);
}

static bool check_dma(const char *value)
{
	static const char *const names[] = {"copy", "read", "write", "any", NULL};

	return need_check_list(value, names) && !strchr(value, '|');
}

static bool have_dma(const struct need *n)
{
	const struct dev *dev = session_dev(n->s);
	unsigned int dirs = dev ? dev_limits(dev)->dirs : 0;
	bool both = dev && (dirs & DEV_COPY || dev_both_ways(dev_limits(dev)));

	if (!dev)
		return need_missing(n, REPRO_SKIPPED, "it takes DMA, and nobody here drives the device %s",
				    session_device_name(n->s));
	if (!strcmp(n->value, "copy")  ? both
	    : !strcmp(n->value, "any") ? dirs != 0
				       : both || dirs & (*n->value == 'r' ? DEV_READ : DEV_WRITE))
		return true;
	return need_missing(n, REPRO_SKIPPED, "it takes a device that can %s memory, and %s does not with driver %s",
			    n->value, session_device_name(n->s), session_driver_name(n->s));
}

static bool check_iova(const char *value)
{
	uint64_t start, last;
	const char *dots = strstr(value, "..");
	char first[32];

	if (!dots || (size_t)(dots - value) >= sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)(dots - value), value);
	return !num_parse_u64(first, &start) && !num_parse_u64(dots + 2, &last) && start < last;
}

/* The apertures, whatever the device itself can name: what it cannot, it is not asked to. */
static bool have_iova(const struct need *n)
{
	struct iova_range r;
	char first[32];

	snprintf(first, sizeof(first), "%.*s", (int)(strstr(n->value, "..") - n->value), n->value);
	num_parse_u64(first, &r.start);
	num_parse_u64(strstr(n->value, "..") + 2, &r.last);
	for (unsigned int i = 0; i < n->caps->nr_ranges; i++)
		if (iova_range_contains(n->caps->ranges[i], r))
			return true;
	return need_missing(n, REPRO_NOT_APPLICABLE, "the IOVAs %s are outside of what can be mapped here", n->value);
}

static bool check_size(const char *value)
{
	uint64_t size;

	return !num_parse_size(value, &size) && size;
}

static bool have_page(const struct need *n)
{
	uint64_t size = 0;

	num_parse_size(n->value, &size);
	return n->caps->page_sizes & size ||
	       need_missing(n, REPRO_NOT_APPLICABLE, "the IOMMU here has no pages of %s", n->value);
}

/* Where the kernel does not tell how many there may be, it is taken for the default. */
static bool have_mappings(const struct need *n)
{
	uint64_t most = 0;

	num_parse_u64(n->value, &most);
	return !n->caps->has_dma_avail || n->caps->dma_avail <= most ||
	       need_missing(n, REPRO_NOT_APPLICABLE,
			    "%u mappings are allowed here (dma_entry_limit), more than are made", n->caps->dma_avail);
}

/* -ERANGE: they are not contiguous; else what kept a page's address from being read. */
static int need_sample(struct iommu *iommu, const struct iommu_mem *mem, uint64_t size)
{
	uint64_t first, phys;
	int err = iommu_phys(iommu, mem->va, &first);

	for (uint64_t at = SESSION_PAGE; at < size && !err; at += SESSION_PAGE) {
		err = iommu_phys(iommu, (const char *)mem->va + at, &phys);
		if (!err && phys != first + at)
			err = -ERANGE;
	}
	return err;
}

/* Of a sample that is taken as the script takes its memory. */
static bool have_contiguous(const struct need *n)
{
	struct iommu *iommu = session_iommu(n->s);
	struct iommu_mem mem;
	struct fail why = {0};
	uint64_t size = 0;
	int err;

	if (n->caps->simulated)
		return true;
	num_parse_size(n->value, &size);
	if (iommu_mem_alloc(iommu, size, IOMMU_MEM_THP, &mem, &why))
		return need_missing(n, REPRO_NOT_APPLICABLE, "it takes contiguous memory: %.300s", why.text);
	err = need_sample(iommu, &mem, size);
	iommu_mem_free(iommu, &mem);
	if (err == -ERANGE)
		return need_missing(n, REPRO_NOT_APPLICABLE,
				    "the pages are not contiguous: of %s of memory (thp) that were taken to see",
				    n->value);
	return !err || need_missing(n, REPRO_SKIPPED, "whether %s of memory are contiguous cannot be told: %s",
				    n->value, strerror(-err));
}

static uint64_t need_host_number(const struct need *n, const char *file, const char *format)
{
	CLEANUP_FREE char *text = NULL;
	unsigned long long value = 0;
	const char *at;

	if (host_read_file(n->s->host, &text, NULL, "%s", file))
		return 0;
	at = strstr(text, format);
	return at && sscanf(at + strlen(format), "%llu", &value) == 1 ? value : 0;
}

static bool have_memory(const struct need *n)
{
	uint64_t size = 0, there = need_host_number(n, "/proc/meminfo", "MemAvailable:") * 1024;
	char human[32];

	num_parse_size(n->value, &size);
	return there >= size || need_missing(n, REPRO_SKIPPED, "it takes %s of memory, and %s are available", n->value,
					     num_format_human(human, sizeof(human), (double)there));
}

/* Reserved pages of 2M or 1G; the simulation makes its own. */
static bool need_hugepages(const struct need *n, unsigned int kib, const char *name)
{
	char file[80];
	uint64_t want = 0, there;

	if (n->caps->simulated)
		return true;
	snprintf(file, sizeof(file), "/sys/kernel/mm/hugepages/hugepages-%ukB/free_hugepages", kib);
	there = need_host_number(n, file, "");
	num_parse_u64(n->value, &want);
	return there >= want ||
	       need_missing(n, REPRO_SKIPPED,
			    "it takes %s free huge pages of %s, and there are %llu (vm.nr_hugepages, %s)", n->value,
			    name, (unsigned long long)there, file);
}

static bool have_hugepages_2m(const struct need *n)
{
	return need_hugepages(n, 2048, "2M");
}

static bool have_hugepages_1g(const struct need *n)
{
	return need_hugepages(n, 1048576, "1G");
}

static bool check_number(const char *value)
{
	uint64_t n;

	return !num_parse_u64(value, &n) && n;
}

static bool check_dirty(const char *value)
{
	static const char *const names[] = {"iommu", "type1", "device", NULL};

	return need_check_list(value, names) && !strchr(value, '|');
}

static bool have_dirty(const struct need *n)
{
	struct op_dirty op = {.source = DIRTY_IOMMU};
	struct dirty_caps caps;
	struct dirty_at at;
	struct fail why = {0};

	while (strcmp(n->value, dirty_source_name(op.source)))
		op.source++;
	return !op_dirty_find(n->s, &op, &at, &caps, &why) ||
	       need_missing(n, REPRO_NOT_APPLICABLE, "the dirty source %s is not there: %.300s", n->value, why.text);
}

static bool have_translation(const struct need *n)
{
	return !n->caps->bypasses_table ||
	       need_missing(n, REPRO_NOT_APPLICABLE,
			    "%s reaches memory through the pinned pages: no page table translates what it does",
			    session_device_name(n->s));
}

static bool have_mock(const struct need *n)
{
	return n->caps->simulated || n->caps->checks_table ||
	       need_missing(n, REPRO_SKIPPED, "it takes the kernel's mock device (--backend mock)");
}

static bool have_page_tables(const struct need *n)
{
	return n->caps->has_page_tables ||
	       need_missing(n, REPRO_SKIPPED, "backend %s has no page tables as objects of their own",
			    session_backend_name(n->s));
}

static bool have_pins(const struct need *n)
{
	return n->caps->has_pins || need_missing(n, REPRO_SKIPPED, "nobody here counts pinned pages");
}

static bool have_kernel_log(const struct need *n)
{
	return n->caps->simulated || session_kernel_watched(n->s) ||
	       need_missing(n, REPRO_SKIPPED, "only the kernel's log would tell, and it may not be read here");
}

static bool have_root(const struct need *n)
{
	return n->caps->simulated || !geteuid() || need_missing(n, REPRO_SKIPPED, "it takes root");
}

static const struct {
	const char *name;
	bool (*check)(const char *value); /* NULL: it has none */
	bool (*have)(const struct need *n);
	const char *valid;
} needs[] = {
	{"interface", check_personality, have_personality,
	 "type1-v2, type1-v1, iommufd, compat-v2, compat-v1 joined by |"},
	{"iommu", check_iommu, have_iommu, "vt-d, amd-vi, virtio joined by |"},
	{"np-cache", NULL, have_np_cache, NULL},
	{"dma", check_dma, have_dma, "copy, read, write, any"},
	{"iova", check_iova, have_iova, "START..LAST"},
	{"page", check_size, have_page, "a size"},
	{"memory", check_size, have_memory, "a size"},
	{"contiguous", check_size, have_contiguous, "a size"},
	{"hugepages-2M", check_number, have_hugepages_2m, "a number"},
	{"hugepages-1G", check_number, have_hugepages_1g, "a number"},
	{"mappings", check_number, have_mappings, "a number"},
	{"dirty", check_dirty, have_dirty, "iommu, type1, device"},
	{"translation", NULL, have_translation, NULL},
	{"mock", NULL, have_mock, NULL},
	{"page-tables", NULL, have_page_tables, NULL},
	{"pins", NULL, have_pins, NULL},
	{"kernel-log", NULL, have_kernel_log, NULL},
	{"root", NULL, have_root, NULL},
};

/* The entry of @word, whose '=' ends its name. NULL: none. */
static int need_find(const char *word, const char **value)
{
	size_t n = strcspn(word, "=");

	*value = word[n] ? word + n + 1 : NULL;
	for (unsigned int i = 0; i < ARRAY_SIZE(needs); i++)
		if (strlen(needs[i].name) == n && !strncmp(word, needs[i].name, n))
			return (int)i;
	return -1;
}

int repro_need_check(const char *word, char *why, size_t size)
{
	const char *value;
	int i = need_find(word, &value);
	size_t at;

	if (i >= 0 && !needs[i].check && value)
		snprintf(why, size, "'%s' takes no value", needs[i].name);
	else if (i >= 0 && needs[i].check && (!value || !needs[i].check(value)))
		snprintf(why, size, "'%s' takes %s", needs[i].name, needs[i].valid);
	else if (i >= 0)
		return 0;
	else
		for (at = (size_t)snprintf(why, size, "'%.40s' is none of", word), i = 0;
		     i < (int)ARRAY_SIZE(needs) && at < size; i++)
			at += (size_t)snprintf(why + at, size - at, " %s", needs[i].name);
	return -EINVAL;
}

bool repro_may_run(const struct repro *r, const struct session_params *params, struct repro_judgement *out)
{
	if (!strcmp(repro_text(r, REPRO_DANGER), "none") || params->allow_crash)
		return true;
	out->verdict = REPRO_SKIPPED;
	snprintf(out->why, sizeof(out->why), "danger: %s: it may harm an affected machine; --allow-crash runs it",
		 repro_text(r, REPRO_DANGER));
	return false;
}

bool repro_needs_met(const struct repro *r, struct session *s, struct repro_judgement *out)
{
	CLEANUP_FREE char *copy = strdup(repro_text(r, REPRO_NEEDS));
	struct need n = {.s = s, .caps = iommu_caps(session_iommu(s)), .out = out};
	char *rest = copy, *word;

	if (!copy) {
		out->verdict = REPRO_ERROR;
		snprintf(out->why, sizeof(out->why), "out of memory");
		return false;
	}
	while ((word = strsep(&rest, " "))) {
		int i = need_find(word, &n.value);

		if (i >= 0 && !needs[i].have(&n))
			return false;
	}
	return true;
}
