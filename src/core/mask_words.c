/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's command line and log: which parameters' values are harmless, and where the log repeats them. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/mask.h"
#include "host/text.h"

/*
 * Parameters whose values say something about the machine's set-up and nothing about its owner
 * (Documentation/admin-guide/kernel-parameters.txt). Those that end with '.' or '*' stand for all that begin so.
 */
static const char *const mask_harmless[] = {
	/* what the IOMMU and DMA depend on */
	"intel_iommu",
	"amd_iommu",
	"amd_iommu_dump",
	"amd_iommu_intr",
	"iommu",
	"iommu.",
	"intremap",
	"arm-smmu.",
	"arm_smmu_v3.",
	"arm-smmu-v3.",
	"vfio*",
	"iommufd.",
	"swiotlb",
	"cma",
	"coherent_pool",
	"pci",
	"pci.",
	"pcie_*",
	"pci-stub.ids",
	"pci_stub.ids",
	"no_x2apic_optout",
	"nox2apic",
	"x2apic_phys",
	"ivrs_*",
	"intel-ishtp",
	"efi",
	"thunderbolt.",
	"virtio_iommu.",
	"virtio_mmio.device",
	"dma_debug*",
	"dmar.",
	"sriov",
	/* memory */
	"mem",
	"memmap",
	"hugepages",
	"hugepagesz",
	"default_hugepagesz",
	"hugetlb_cma",
	"transparent_hugepage",
	"numa",
	"numa_balancing",
	"movable_node",
	"movablecore",
	"kernelcore",
	"crashkernel",
	"mem_encrypt",
	"slab_nomerge",
	"slub_debug",
	"page_owner",
	"page_poison",
	"init_on_alloc",
	"init_on_free",
	"mitigations",
	"spectre_v2",
	"pti",
	/* processors, time, power */
	"maxcpus",
	"nr_cpus",
	"possible_cpus",
	"isolcpus",
	"nohz",
	"nohz_full",
	"rcu_nocbs",
	"irqaffinity",
	"idle",
	"intel_idle.max_cstate",
	"processor.max_cstate",
	"intel_pstate",
	"amd_pstate",
	"cpuidle.off",
	"clocksource",
	"tsc",
	"hpet",
	"acpi",
	"acpi_osi",
	"acpi_enforce_resources",
	"apic",
	"lapic",
	"noapic",
	"nmi_watchdog",
	"watchdog",
	"kvm*",
	"kvm-intel.",
	"kvm-amd.",
	"threadirqs",
	"preempt",
	"skew_tick",
	"tsx",
	/* the rest of the kernel */
	"loglevel",
	"log_buf_len",
	"console",
	"consoleblank",
	"earlycon",
	"earlyprintk",
	"panic",
	"panic_on_warn",
	"reboot",
	"oops",
	"printk.",
	"debug",
	"initcall_debug",
	"lockdown",
	"selinux",
	"apparmor",
	"security",
	"lsm",
	"audit",
	"module.sig_enforce",
	"modprobe.blacklist",
	"module_blacklist",
	"rd.driver.blacklist",
	"rd.driver.pre",
	"fsck.mode",
	"fsck.repair",
	"rootwait",
	"rootfstype",
	"rootdelay",
	"raid",
	"net.ifnames",
	"biosdevname",
	"cgroup_disable",
	"cgroup_enable",
	"cgroup_no_v1",
	"systemd.unified_cgroup_hierarchy",
	"nomodeset",
	"vga",
	"video",
	"fbcon",
	"i915.",
	"xe.",
	"amdgpu.",
	"nouveau.",
	"nvidia.",
	"nvidia-drm.modeset",
	"usbcore.autosuspend",
	"nvme_core.default_ps_max_latency_us",
	"zswap.",
	"psi",
	"random.trust_cpu",
	"random.trust_bootloader",
	"kasan",
	"kmemleak",
	"ftrace",
	"noresume",
	"rcupdate.",
	"rcutree.",
};

/* The kernel takes '-' and '_' in names for the same (kernel/params.c, parameq()). */
static char mask_fold(char c)
{
	return c == '-' ? '_' : c;
}

static bool mask_key_is(const char *key, size_t len, const char *known)
{
	size_t i;

	for (i = 0; i < len && known[i] && known[i] != '*'; i++)
		if (mask_fold(key[i]) != mask_fold(known[i]))
			return false;
	if (known[i] == '*' || (i && !known[i] && known[i - 1] == '.'))
		return true;
	return i == len && !known[i];
}

static bool mask_is_harmless(const char *key, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(mask_harmless); i++)
		if (mask_key_is(key, len, mask_harmless[i]))
			return true;
	return false;
}

/* The length of the word at @s: it ends at a blank outside of quotes (lib/cmdline.c, next_arg()). */
static size_t mask_word_length(const char *s)
{
	bool quoted = false;
	size_t n;

	for (n = 0; s[n] && s[n] != '\n' && (quoted || !isspace((unsigned char)s[n])); n++)
		if (s[n] == '"')
			quoted = !quoted;
	return n;
}

static void mask_word(struct mask *mask, const char *word, size_t len, FILE *to)
{
	const char *equals = memchr(word, '=', len), *key = word + (*word == '"');
	size_t n = equals ? (size_t)(equals - key) : 0;

	if (!equals || equals < key || mask_is_harmless(key, n) ||
	    (len == n + 1 + strlen(MASK_WORD) && memcmp(equals + 1, MASK_WORD, strlen(MASK_WORD)) == 0)) {
		fwrite(word, 1, len, to);
		return;
	}
	fprintf(to, "%.*s=" MASK_WORD, (int)n, key);
	mask->values++;
}

/* Up to the end or the first line's end. Returns where it stopped. */
static const char *mask_words(struct mask *mask, const char *s, FILE *to)
{
	bool first = true;

	for (;;) {
		size_t blanks = strspn(s, " \t"), n;

		s += blanks;
		n = mask_word_length(s);
		if (!n)
			return s;
		if (!first)
			fputc(' ', to);
		first = false;
		if (n == 2 && memcmp(s, "--", 2) == 0) {
			fputs("--", to);
			s += n + strspn(s + n, " \t");
			if (*s && *s != '\n') {
				fputs(" " MASK_WORD, to);
				mask->values++;
			}
			return s + strcspn(s, "\n");
		}
		mask_word(mask, s, n, to);
		s += n;
	}
}

static char *mask_finish(FILE *to, char **out)
{
	if (fclose(to)) {
		free(*out);
		*out = NULL;
	}
	return *out;
}

char *mask_cmdline(struct mask *mask, const char *text)
{
	char *out = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&out, &size);

	if (!to)
		return NULL;
	while (*text) {
		text = mask_words(mask, text, to);
		if (*text == '\n') {
			fputc('\n', to);
			text++;
		}
	}
	return mask_finish(to, &out);
}

/* Where a value begins that the line tells behind @key; NULL. */
static const char *mask_after(const char *line, const char *key)
{
	const char *s = strcasestr(line, key);

	return s ? s + strlen(key) : NULL;
}

/*
 * What is cut off the line: the command line, which init/main.c and the boot code print ("Kernel command line: ...") and of which
 * they repeat what nobody took ("Unknown kernel command line parameters "A=1 B=2", will be ..."). Its words cannot be judged
 * here: newer kernels break long ones into lines, inside of quotes too. /proc/cmdline has those that are harmless.
 */
static const struct mask_tail {
	const char *key;
	bool words;
} mask_tails[] = {
	{"command line: ", true},
	{"command line parameters", true},
	{"serialnumber: ", false},
	{"serial number: ", false},
};

static void mask_line(struct mask *mask, const char *line, FILE *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(mask_tails); i++) {
		const char *s = mask_after(line, mask_tails[i].key);

		if (!s)
			continue;
		fprintf(to, "%.*s%s" MASK_WORD, (int)(s - line), line, s[-1] == ' ' ? "" : " ");
		mask->values += mask_tails[i].words;
		mask->serials += !mask_tails[i].words;
		return;
	}
	fputs(line, to);
}

char *mask_log_line(struct mask *mask, const char *line)
{
	char *out = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&out, &size);

	if (!to)
		return NULL;
	mask_line(mask, line, to);
	if (!mask_finish(to, &out))
		return NULL;
	mask_macs(mask, out, strlen(out));
	return out;
}
