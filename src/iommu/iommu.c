/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public verbs on an IOMMU context: picks the backend, calls its ops, composes failure texts, keeps the ledger. */
#include "iommu/iommu.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/spec.h"
#include "host/self.h"
#include "iommu/backend.h"
#include "iommu/explain.h"
#include "iommu/ledger.h"
#include "iommu/mem.h"

static const struct iommu_ops *const iommu_backends[] = {
	&iommu_sim_ops,	    &iommu_vfio_ops,	       &iommu_vfio_v1_ops,
	&iommu_iommufd_ops, &iommu_iommufd_compat_ops, &iommu_mock_ops,
};

const struct iommu_help *iommu_backends_help(void)
{
	static struct iommu_help help[ARRAY_SIZE(iommu_backends) + 1];

	for (size_t i = 0; i < ARRAY_SIZE(iommu_backends); i++)
		help[i] = (struct iommu_help){iommu_backends[i]->name, iommu_backends[i]->help};
	return help;
}

static const struct iommu_ops *iommu_find_backend(const char *name, struct fail *f)
{
	char known[128] = "";
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(iommu_backends); i++) {
		if (strcmp(iommu_backends[i]->name, name) == 0)
			return iommu_backends[i];
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", i ? ", " : "", iommu_backends[i]->name);
	}
	fail_set(f, EINVAL, "unknown backend \"%s\"", name);
	fail_hint(f, "known backends: %s", known);
	return NULL;
}

static const struct iommu_ops *iommu_ops_of(const char *spec)
{
	const char *options;
	char name[32];

	return spec_split(spec, name, sizeof(name), &options) ? NULL : iommu_find_backend(name, NULL);
}

bool iommu_is_backend(const char *spec)
{
	return iommu_ops_of(spec);
}

const char *iommu_own_device(const char *spec)
{
	const struct iommu_ops *ops = iommu_ops_of(spec);

	return ops ? ops->own_device : NULL;
}

const char *iommu_missing_node(const char *spec)
{
	const struct iommu_ops *ops = iommu_ops_of(spec);

	return ops && ops->node && access(ops->node, F_OK) ? ops->node : NULL;
}

int iommu_open(struct iommu **out, const struct iommu_params *params, struct fail *f)
{
	const struct iommu_ops *ops;
	struct iommu *iommu = NULL;
	const char *options;
	char name[32];
	int err = spec_split(params->spec, name, sizeof(name), &options);

	*out = NULL;
	if (err)
		return fail_set(f, EINVAL, "bad backend \"%s\"", params->spec);
	ops = iommu_find_backend(name, f);
	if (!ops)
		return -EINVAL;
	err = ops->open(options, params, &iommu, f);
	if (err)
		return err;
	iommu->ops = ops;
	iommu->host = params->host;
	iommu->seed = params->seed;
	err = ledger_new(&iommu->ledger);
	if (!err)
		err = objects_new(iommu);
	if (!err && params->vf_token) {
		iommu->vf_token = strdup(params->vf_token);
		err = iommu->vf_token ? 0 : -ENOMEM;
	}
	if (err) {
		iommu_close(iommu);
		return fail_set(f, err, "cannot open backend %s", name);
	}
	*out = iommu;
	return 0;
}

void iommu_close(struct iommu *iommu)
{
	struct ledger *ledger;
	struct mapping_list *undo;
	char *vf_token;

	if (!iommu)
		return;
	if (iommu->ledger && ledger_count(iommu->ledger))
		iommu_unmap_all(iommu, NULL, NULL);
	while (iommu->devices)
		iommu_detach(iommu->devices);
	if (iommu->parent)
		objects_drop_space(iommu);
	else
		objects_free(iommu);
	ledger = iommu->ledger;
	vf_token = iommu->vf_token;
	undo = atomic_load(&iommu->undo);
	iommu->ops->close(iommu);
	ledger_free(ledger);
	free(vf_token);
	free(undo);
}

const char *iommu_name(const struct iommu *iommu)
{
	return iommu->ops->name;
}

const struct iommu_caps *iommu_caps(const struct iommu *iommu)
{
	return &iommu->caps;
}

enum iommu_personality iommu_personality(const struct iommu *iommu)
{
	return iommu->personality;
}

const char *iommu_personality_name(enum iommu_personality personality)
{
	static const char *const names[] = {
		[IOMMU_TYPE1_V2] = "type1-v2",	 [IOMMU_TYPE1_V1] = "type1-v1",	  [IOMMU_IOMMUFD] = "iommufd",
		[IOMMU_COMPAT_V2] = "compat-v2", [IOMMU_COMPAT_V1] = "compat-v1",
	};

	return names[personality];
}

const struct ledger *iommu_ledger(const struct iommu *iommu)
{
	return iommu->ledger;
}

int iommu_attach(struct iommu *iommu, const char *id, struct iommu_device **out, struct fail *f)
{
	struct iommu_device *idev;
	int err = iommu->ops->attach(iommu, id, &idev, f);

	*out = NULL;
	if (err)
		return err;
	idev->iommu = iommu;
	idev->next = iommu->devices;
	iommu->devices = idev;
	err = objects_add_device(idev);
	if (err) {
		iommu_detach(idev);
		return fail_set(f, err, "cannot note down device %s", id);
	}
	*out = idev;
	return 0;
}

void iommu_detach(struct iommu_device *idev)
{
	struct iommu_device **at;

	if (!idev)
		return;
	objects_drop_device(idev);
	for (at = &idev->iommu->devices; *at; at = &(*at)->next) {
		if (*at == idev) {
			*at = idev->next;
			break;
		}
	}
	idev->iommu->ops->detach(idev);
}

int iommu_mem_alloc(struct iommu *iommu, uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out, struct fail *f)
{
	int err;

	if (!iommu->ops->mem_alloc)
		return mem_alloc(size, kind, out, f);
	*out = (struct iommu_mem){.kind = kind, .fd = -1};
	err = iommu->ops->mem_alloc(iommu, size, kind, out);
	if (err)
		fail_set(f, err, "cannot allocate 0x%llx bytes of %s memory", (unsigned long long)size,
			 mem_kind_name(kind));
	return err;
}

int iommu_mem_alloc_untouched(struct iommu *iommu, uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out,
			      struct fail *f)
{
	if (iommu->ops->mem_alloc)
		return iommu_mem_alloc(iommu, size, kind, out, f);
	return mem_alloc_untouched(size, kind, out, f);
}

int iommu_mem_alloc_guarded(struct iommu *iommu, uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out,
			    struct fail *f)
{
	/* a backend with memory of its own knows where that ends */
	if (iommu->ops->mem_alloc)
		return iommu_mem_alloc(iommu, size, kind, out, f);
	return mem_alloc_guarded(size, kind, out, f);
}

void iommu_mem_free(struct iommu *iommu, struct iommu_mem *mem)
{
	if (!mem->va)
		return;
	/* a BAR stays where the device has it; only the dma-buf is ours to give back */
	if (iommu_mem_is_device(mem)) {
		if (mem->fd >= 0)
			close(mem->fd);
		mem->fd = -1;
	} else if (iommu->ops->mem_free)
		iommu->ops->mem_free(iommu, mem);
	else
		mem_free(mem);
	mem->va = NULL;
}

int iommu_check_table(struct iommu *iommu, const void *va, iova_t iova, uint64_t size, bool mapped, int pins,
		      struct fail *f)
{
	if (!iommu->ops->check_table)
		return fail_set(f, EOPNOTSUPP, "backend %s does not tell what its page table holds", iommu_name(iommu));
	return iommu->ops->check_table(iommu, va, iova, size, mapped, pins, f);
}

int iommu_phys(struct iommu *iommu, const void *va, uint64_t *phys)
{
	return iommu->ops->phys ? iommu->ops->phys(iommu, va, phys) : self_phys(va, phys);
}

int iommu_pins(struct iommu *iommu, uint64_t *pages)
{
	return iommu->ops->pins && iommu->caps.has_pins ? iommu->ops->pins(iommu, pages) : -EOPNOTSUPP;
}

static bool iommu_counts_all(const struct iommu *iommu)
{
	return iommu->caps.simulated || iommu->personality == IOMMU_TYPE1_V2 || iommu->personality == IOMMU_TYPE1_V1 ||
	       !self_may_lock_all();
}

int iommu_memlock_counted(struct iommu *iommu, uint64_t *bytes)
{
	struct iommu *context = iommu->parent ? iommu->parent : iommu;
	uint64_t pages = 0;
	int err = iommu_pins(iommu, &pages);

	if (!context->memlock)
		context->uncounted = iommu_counts_all(iommu) ? 0 : pages * 4096;
	*bytes = pages * 4096 - MIN(context->uncounted, pages * 4096);
	return err;
}

int iommu_memlock(struct iommu *iommu, uint64_t bytes, struct fail *f)
{
	struct iommu *context = iommu->parent ? iommu->parent : iommu;
	uint64_t unused;
	int err = 0;

	iommu_memlock_counted(iommu, &unused);
	if (bytes == UINT64_MAX)
		self_memlock_back();
	else if (!iommu->caps.simulated)
		err = self_memlock_lower(bytes);
	/* a page less than one is as good as none, which 0 is not */
	context->memlock = bytes == UINT64_MAX ? 0 : MAX(bytes, 1u);
	return err ? fail_set(f, err, "cannot lower the limit on locked memory to 0x%llx", (unsigned long long)bytes)
		   : 0;
}

int iommu_avail(struct iommu *iommu, uint32_t *mappings)
{
	return iommu->ops->avail ? iommu->ops->avail(iommu, mappings) : -EOPNOTSUPP;
}

int iommu_faults(struct iommu *iommu, struct dma_fault *out, unsigned int max, unsigned int *count,
		 unsigned int *dropped)
{
	*count = *dropped = 0;
	return iommu->ops->faults ? iommu->ops->faults(iommu, out, max, count, dropped) : -EOPNOTSUPP;
}

int iommu_fresh(struct iommu *iommu, uint64_t seed)
{
	return iommu->ops->fresh ? iommu->ops->fresh(iommu, seed) : -EOPNOTSUPP;
}
