/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The backend "sim": options, context, memory verbs and the device that can be attached. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "iommu/rcu.h"
#include "iommu/sim/context.h"
#include "iommu/sim/model.h"

/* The default of vfio_iommu_type1.dma_entry_limit. */
#define SIM_ENTRY_LIMIT 65535

static struct sim *sim_of(struct iommu *iommu)
{
	return sim_space_of(iommu)->sim;
}

static int sim_set_personality(struct sim *sim, const char *value, struct fail *f)
{
	for (enum iommu_personality p = IOMMU_TYPE1_V2; p <= IOMMU_COMPAT_V1; p++) {
		if (!strcmp(value, iommu_personality_name(p))) {
			sim->main.iommu.personality = p;
			return 0;
		}
	}
	fail_set(f, EINVAL, "unknown personality '%s' of the simulated IOMMU", value);
	fail_hint(f, "valid personalities: type1-v2, type1-v1, iommufd, compat-v2, compat-v1");
	return -EINVAL;
}

static int sim_set_limit(struct sim *sim, const char *value, struct fail *f)
{
	if (!num_parse_u64(value, &sim->entry_limit) && sim->entry_limit <= UINT32_MAX)
		return 0;
	fail_set(f, EINVAL, "dma_entry_limit takes a number of mappings, not '%s'", value);
	return -EINVAL;
}

static int sim_set_aperture(struct sim *sim, const char *value, struct fail *f)
{
	sim->wide = !strcmp(value, "64");
	if (sim->wide || !strcmp(value, "48"))
		return 0;
	return fail_set(f, EINVAL, "the simulated IOMMU's aperture has 48 or 64 bits, not '%s'", value);
}

static int sim_set_fault(struct sim *sim, const char *value, struct fail *f)
{
	return sim_faults_add(&sim->faults, value, f);
}

static int sim_set_model(struct sim *sim, const char *value, struct fail *f)
{
	if (sim->model.ops)
		return fail_set(f, EINVAL, "the simulated device is of one model: %s it is already, not %s",
				sim->model.ops->name, value);
	return model_parse(value, &sim->model, f);
}

static int sim_set_migration(struct sim *sim, const char *value, struct fail *f)
{
	return sim_mig_parse(value, &sim->migration, f);
}

static const struct {
	const char *key;
	int (*set)(struct sim *sim, const char *value, struct fail *f);
} sim_options[] = {
	{"fault", sim_set_fault}, {"personality", sim_set_personality}, {"dma_entry_limit", sim_set_limit},
	{"model", sim_set_model}, {"migration", sim_set_migration},	{"aperture", sim_set_aperture},
};

static int sim_set_option(struct sim *sim, const char *key, const char *value, struct fail *f)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(sim_options); i++) {
		if (strcmp(key, sim_options[i].key))
			continue;
		if (value && *value)
			return sim_options[i].set(sim, value, f);
		return fail_set(f, EINVAL, "option '%s' of the simulated IOMMU needs a value", key);
	}
	fail_set(f, EINVAL, "unknown option '%s' of the simulated IOMMU", key);
	fail_hint(f, "valid options: fault=NAME[:p=PROB][:after=N], personality=NAME, dma_entry_limit=N, "
		     "model=NAME[:broken=WHAT[:after=N]], migration=stop-copy[+p2p][+pre-copy], aperture=48|64; see "
		     "--backend sim,help");
	return -EINVAL;
}

static int sim_parse(struct sim *sim, const char *options, struct fail *f)
{
	CLEANUP_FREE char *copy = strdup(options ? options : "");
	char *rest = copy, *key, *value;
	int r;

	if (!copy)
		return fail_set(f, ENOMEM, "cannot read options '%s'", options);
	if (!*copy)
		return 0;
	while ((key = strsep(&rest, ","))) {
		value = strchr(key, '=');
		if (value)
			*value++ = '\0';
		r = sim_set_option(sim, key, value, f);
		if (r)
			return r;
	}
	return 0;
}

static void sim_close(struct iommu *iommu)
{
	struct sim *sim = sim_of(iommu);

	if (iommu != &sim->main.iommu) {
		sim_space_close(sim_space_of(iommu));
		return;
	}
	while (sim->retired) {
		struct sim_space *space = sim->retired;

		sim->retired = space->next;
		sim_space_exit(space);
		free(space);
	}
	sim_space_exit(&sim->main);
	sim_mem_exit(&sim->mem);
	pthread_mutex_destroy(&sim->records.lock);
	sim_lanes_exit(sim);
	free(sim);
}

static int sim_open(const char *options, const struct iommu_params *params, struct iommu **out, struct fail *f)
{
	struct sim *sim = aligned_alloc(_Alignof(struct sim), sizeof(*sim));
	int r;

	if (!sim)
		return fail_set(f, ENOMEM, "cannot open the simulated IOMMU");
	memset(sim, 0, sizeof(*sim));
	sim->main.iommu.ops = &iommu_sim_ops;
	sim->main.iommu.personality = IOMMU_TYPE1_V2;
	sim->entry_limit = SIM_ENTRY_LIMIT;
	sim->faults.seed = params->seed;
	r = sim_parse(sim, options, f);
	if (r)
		goto out_free;
	/* /dev/iommu knows no limit. */
	if (sim_is_iommufd(sim))
		sim->entry_limit = UINT64_MAX;
	r = sim_mem_init(&sim->mem, sim->faults.fault[SIM_FAULT_EARLY_UNPIN].on);
	if (!r) {
		r = sim_space_init(&sim->main, sim);
		if (r)
			sim_mem_exit(&sim->mem);
	}
	if (r) {
		fail_set(f, r, "cannot set up the simulated IOMMU's memory");
		goto out_free;
	}
	pthread_mutex_init(&sim->records.lock, NULL);
	sim_lanes_init(sim);
	sim->main.pt.small = sim->main.iommu.personality == IOMMU_COMPAT_V1;
	*out = &sim->main.iommu;
	return 0;
out_free:
	free(sim);
	return r;
}

static int sim_device_reset(struct iommu_device *idev)
{
	struct sim_device *dev = container_of(idev, struct sim_device, idev);

	sim_engine_reset(dev->engine);
	sim_mig_reset(dev->mig);
	return 0;
}

static bool sim_device_has_reset(const struct iommu_device *idev)
{
	return true;
}

static struct sim_engine *sim_device_engine(struct iommu_device *idev)
{
	return container_of(idev, struct sim_device, idev)->engine;
}

static const struct idev_ops sim_device_ops = {
	.reset = sim_device_reset,
	.has_reset = sim_device_has_reset,
	.sim_engine = sim_device_engine,
	.config_read = sim_mig_config_read,
	.config_write = sim_mig_config_write,
	.bar_map = sim_mig_bar_map,
	.irq_enable = sim_mig_irq_enable,
	.irq_disable = sim_mig_irq_disable,
	.irq_trigger = sim_mig_irq_trigger,
	.dirty = &sim_dirty_device_ops,
	.migration = &sim_mig_ops,
};

static int sim_device_mig(struct sim_device *dev)
{
	struct sim *sim = sim_of(dev->idev.iommu);

	dev->mig = sim_mig_new(sim, dev->engine, &sim->migration);
	return dev->mig ? 0 : -ENOMEM;
}

static int sim_attach(struct iommu *iommu, const char *id, struct iommu_device **out, struct fail *f)
{
	struct sim_device *dev;

	if (strcmp(id, "sim")) {
		fail_set(f, ENOENT, "no device '%s' behind the simulated IOMMU", id);
		fail_hint(f, "the simulated IOMMU has one kind of device: --device sim");
		return -ENOENT;
	}
	dev = calloc(1, sizeof(*dev));
	if (dev)
		dev->engine = sim_engine_new(sim_of(iommu));
	if (!dev || !dev->engine) {
		free(dev);
		return fail_set(f, ENOMEM, "cannot set up the simulated device");
	}
	dev->idev.iommu = iommu;
	dev->idev.ops = &sim_device_ops;
	dev->idev.id = (struct iommu_device_id){.name = "sim", .is_sim = true, .no_bus = true};
	if (sim_of(iommu)->model.ops ? sim_model_new(dev, &sim_of(iommu)->model) : sim_device_mig(dev)) {
		sim_engine_free(dev->engine);
		free(dev);
		return fail_set(f, ENOMEM, "cannot set up the simulated device");
	}
	dev->id = sim_new_id(sim_of(iommu));
	dev->at = &sim_of(iommu)->main;
	dev->at->users++;
	sim_space_caps(dev->at);
	dev->sim = sim_of(iommu);
	sim_lock(dev->sim);
	dev->next = dev->sim->devices;
	dev->sim->devices = dev;
	for (unsigned int i = 0; i < SIM_LANES; i++)
		sim_qi_add(&dev->sim->lane[i].qi, sim_engine_tlb(dev->engine));
	sim_unlock(dev->sim);
	*out = &dev->idev;
	return 0;
}

static void sim_detach(struct iommu_device *idev)
{
	struct sim_device *dev = container_of(idev, struct sim_device, idev);
	struct sim *sim = dev->sim;
	struct sim_device **at = &sim->devices;

	sim_lock(sim);
	while (*at != dev)
		at = &(*at)->next;
	*at = dev->next;
	sim_unlock(sim);
	sim_model_free(dev->model);
	/* as long as its DMA may go on, unmaps reach its IOTLB */
	sim_engine_reset(dev->engine);
	sim_lock(sim);
	for (unsigned int i = 0; i < SIM_LANES; i++)
		sim_qi_drop(&sim->lane[i].qi, sim_engine_tlb(dev->engine));
	sim_unlock(sim);
	sim_engine_free(dev->engine);
	sim_mig_free(dev->mig);
	if (dev->at)
		dev->at->users--;
	free(dev);
}

static int sim_mem_alloc(struct iommu *iommu, uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out)
{
	struct sim_buf *buf;
	int r = sim_buf_new(&sim_of(iommu)->mem, size, kind, &buf);

	if (r)
		return r;
	*out = (struct iommu_mem){
		.va = (void *)(uintptr_t)buf->node.start,
		.size = buf->frames << SIM_PAGE_SHIFT,
		.kind = kind,
		.fd = -1,
		.priv = buf,
	};
	return 0;
}

static void sim_mem_free(struct iommu *iommu, struct iommu_mem *mem)
{
	if (mem->priv)
		sim_buf_release(&sim_of(iommu)->mem, mem->priv);
	*mem = (struct iommu_mem){.fd = -1};
}

static void sim_mem_point(struct iommu_mem *mem, struct sim_buf *buf)
{
	mem->va = (void *)(uintptr_t)buf->node.start;
	mem->priv = buf;
}

/* Mappings hold the frames they have. */
static int sim_mem_change(struct iommu *iommu, struct iommu_mem *mem, enum mem_change how)
{
	struct sim_mem *of = &sim_of(iommu)->mem;
	struct sim_buf *fresh;
	int r = 0;

	if (how == MEM_DISCARD && (mem->kind == IOMMU_MEM_HUGETLB_2M || mem->kind == IOMMU_MEM_HUGETLB_1G))
		return -EOPNOTSUPP;
	if (how == MEM_MOVE) {
		r = sim_buf_move(of, mem->priv);
		sim_mem_point(mem, mem->priv);
		return r;
	}
	if (how == MEM_DISCARD)
		r = sim_buf_new(of, mem->size, mem->kind, &fresh);
	if (r)
		return r;
	sim_buf_release(of, mem->priv);
	if (how == MEM_DISCARD)
		sim_mem_point(mem, fresh);
	else
		mem->priv = NULL;
	return 0;
}

static int sim_mem_copy_in_child(struct iommu *iommu, const struct iommu_mem *mem)
{
	return sim_buf_copy_in_child(&sim_of(iommu)->mem, mem->priv);
}

static int sim_phys(struct iommu *iommu, const void *va, uint64_t *phys)
{
	struct sim *sim = sim_of(iommu);
	uint64_t offset, run;
	struct sim_buf *buf = sim_buf_get(&sim->mem, va, 1, &offset);

	if (!buf)
		return -EFAULT;
	*phys = sim_buf_frame(buf, offset >> SIM_PAGE_SHIFT, 1, &run) << SIM_PAGE_SHIFT | (offset & (SIM_PAGE - 1));
	sim_buf_put(&sim->mem, buf);
	return 0;
}

/* There is no such process here, and nothing is locked in it. */
static uint64_t sim_execed_locked(struct iommu *iommu, uint64_t unmapped)
{
	return sim_fault_fires(&sim_of(iommu)->faults, SIM_FAULT_EXEC_LOCKED) ? -unmapped : 0;
}

static int sim_pins(struct iommu *iommu, uint64_t *pages)
{
	*pages = sim_pins_count(sim_of(iommu));
	return 0;
}

static int sim_avail(struct iommu *iommu, uint32_t *mappings)
{
	struct sim *sim = sim_of(iommu);

	if (!iommu->caps.has_dma_avail)
		return -EOPNOTSUPP;
	sim_lock(sim);
	*mappings = (uint32_t)(sim->entry_limit - sim_space_count(&sim->main));
	sim_unlock(sim);
	return 0;
}

const struct iommu_ops iommu_sim_ops = {
	.name = "sim",
	.own_device = "sim",
	.help = "a simulated IOMMU and device in this process; options fault=, personality=, dma_entry_limit=, model=, "
		"migration=, aperture=",
	.open = sim_open,
	.close = sim_close,
	.attach = sim_attach,
	.detach = sim_detach,
	.map = sim_map,
	.unmap = sim_unmap,
	.unmap_all = sim_unmap_all,
	.mem_alloc = sim_mem_alloc,
	.mem_free = sim_mem_free,
	.mem_change = sim_mem_change,
	.mem_copy_in_child = sim_mem_copy_in_child,
	.phys = sim_phys,
	.pins = sim_pins,
	.execed_locked = sim_execed_locked,
	.avail = sim_avail,
	.vaddr_forget = sim_vaddr_forget,
	.vaddr_renew = sim_vaddr_renew,
	.faults = sim_record_read,
	.fresh = sim_fresh,
	.objects = &sim_object_ops,
	.dirty_iommu = &sim_dirty_ops,
	.dirty_type1 = &sim_dirty_type1_ops,
	.leaves = &sim_leaf_ops,
};
