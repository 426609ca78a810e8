/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A context of /dev/iommu: opening it, mapping and unmapping in a space of it, what that takes and what it pins. */
#include "iommu/iommufd.h"

#include <errno.h>
#include <fcntl.h>

#include "host/self.h"

int iommufd_ioctl(const struct iommufd *ctx, unsigned long request, void *arg)
{
	return ioctl(ctx->fd, request, arg) < 0 ? -errno : 0;
}

static int iommufd_explain_open(int err, struct fail *f)
{
	fail_set(f, err, "cannot open " IOMMUFD_NODE);
	if (err == -ENOENT || err == -ENODEV || err == -ENXIO)
		fail_hint(f, "as root: modprobe iommufd (the kernel needs CONFIG_IOMMUFD); or use --backend vfio");
	else if (err == -EACCES || err == -EPERM)
		fail_hint(f, "as root: chmod 0666 " IOMMUFD_NODE " (it gives no rights by itself)");
	return err;
}

int iommufd_node_open(struct fail *f)
{
	int fd = open(IOMMUFD_NODE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? iommufd_explain_open(-errno, f) : fd;
}

int iommufd_ioas_new(const struct iommufd *ctx, uint32_t *id)
{
	struct ic_iommufd_ioas_alloc arg = {.size = sizeof(arg)};
	int err = iommufd_ioctl(ctx, IC_IOMMUFD_IOAS_ALLOC, &arg);

	*id = err ? 0 : arg.out_ioas_id;
	return err;
}

/* Only before the first object: iommufd_option_rlimit_mode(). */
static int iommufd_set_rlimit(struct iommufd *ctx, struct fail *f)
{
	uint64_t mode = ctx->rlimit == IOMMUFD_RLIMIT_PROCESS;
	int err;

	if (ctx->rlimit == IOMMUFD_RLIMIT_ANY)
		return 0;
	err = iommufd_option(&ctx->iommu, IOMMU_OPTION_RLIMIT_MODE, true, &mode);
	if (!err)
		return 0;
	fail_set(f, err, "cannot have pinned pages count against the %s", mode ? "process" : "user");
	if (err == -EPERM)
		fail_hint(f, "changing that takes CAP_SYS_RESOURCE: run as root, or leave the option rlimit out");
	return err;
}

int iommufd_ctx_open(struct iommufd *ctx, struct fail *f)
{
	int err;

	ctx->iommu.personality = IOMMU_IOMMUFD;
	ctx->ioas = 0;
	ctx->fd = iommufd_node_open(f);
	if (ctx->fd < 0)
		return ctx->fd;
	err = iommufd_set_rlimit(ctx, f);
	if (err) {
		iommufd_ctx_close(ctx);
		return err;
	}
	err = iommufd_ioas_new(ctx, &ctx->ioas);
	if (err)
		err = fail_set(f, err, "cannot allocate an I/O address space (IOAS)");
	else if ((err = iommufd_read_caps(ctx)))
		err = fail_set(f, err, "cannot read what I/O address space %u takes", ctx->ioas);
	if (err) {
		iommufd_ctx_close(ctx);
		return err;
	}
	self_memlock_take();
	return 0;
}

void iommufd_ctx_close(struct iommufd *ctx)
{
	if (ctx->fd < 0)
		return;
	if (ctx->ioas)
		iommufd_destroy(&ctx->iommu, ctx->ioas);
	if (!ctx->iommu.parent)
		close(ctx->fd);
	ctx->fd = -1;
	ctx->ioas = 0;
}

void iommufd_close(struct iommu *iommu)
{
	struct iommufd *ctx = to_iommufd(iommu);

	iommufd_ctx_close(ctx);
	free(ctx);
}

/* A command that a kernel does not know is ENOTTY before any argument is looked at; this one maps nothing. */
static bool iommufd_has_map_file(const struct iommufd *ctx)
{
	struct ic_iommufd_ioas_map_file arg = {.size = sizeof(arg), .fd = -1};

	return iommufd_ioctl(ctx, IC_IOMMUFD_IOAS_MAP_FILE, &arg) != -ENOTTY;
}

void iommufd_take_ranges(struct iommu_caps *caps, const struct ic_iommufd_ioas_iova_ranges *arg,
			 const struct ic_iommufd_iova_range *ranges)
{
	caps->nr_ranges = MIN(arg->num_iovas, IOMMU_MAX_RANGES);
	for (unsigned int i = 0; i < caps->nr_ranges; i++)
		caps->ranges[i] = (struct iova_range){ranges[i].start, ranges[i].last};
	caps->ranges_known = true;
	caps->page_sizes = arg->out_iova_alignment ? arg->out_iova_alignment : 4096;
}

int iommufd_read_caps(struct iommufd *ctx)
{
	struct ic_iommufd_iova_range ranges[IOMMU_MAX_RANGES];
	struct ic_iommufd_ioas_iova_ranges arg = {
		.size = sizeof(arg),
		.ioas_id = ctx->ioas,
		.num_iovas = ARRAY_SIZE(ranges),
		.allowed_iovas = (uintptr_t)ranges,
	};
	struct iommu_caps *caps = &ctx->iommu.caps;
	int err = iommufd_ioctl(ctx, IC_IOMMUFD_IOAS_IOVA_RANGES, &arg);

	/* EMSGSIZE: there are more, and as many as fit have been written (iommufd_ioas_iova_ranges()) */
	if (err && err != -EMSGSIZE)
		return err;
	iommufd_take_ranges(caps, &arg, ranges);
	caps->unmap_all = caps->kernel_iova = true;
	caps->has_phys = caps->has_pins = true;
	caps->has_spaces = caps->has_page_tables = true;
	caps->has_map_file = iommufd_has_map_file(ctx);
	return 0;
}

static uint32_t iommufd_map_flags(const struct iommu_map_req *req)
{
	return (req->kernel_iova ? 0 : IC_IOMMUFD_IOAS_MAP_FIXED_IOVA) | iommufd_prot_flags(req->prot) | req->flags;
}

uint32_t iommufd_prot_flags(enum iommu_prot prot)
{
	return (prot & IOMMU_PROT_READ ? IC_IOMMUFD_IOAS_MAP_READABLE : 0) |
	       (prot & IOMMU_PROT_WRITE ? IC_IOMMUFD_IOAS_MAP_WRITEABLE : 0);
}

static int iommufd_map_file(const struct iommufd *ctx, struct iommu_map_req *req)
{
	struct ic_iommufd_ioas_map_file arg = {
		.size = sizeof(arg),
		.flags = iommufd_map_flags(req),
		.ioas_id = ctx->ioas,
		.fd = req->file->fd,
		.start = (uintptr_t)req->va - (uintptr_t)req->file->va,
		.length = req->size,
		.iova = req->iova,
	};
	int err = iommufd_ioctl(ctx, IC_IOMMUFD_IOAS_MAP_FILE, &arg);

	if (!err)
		req->iova = arg.iova;
	return err;
}

int iommufd_map(struct iommu *iommu, struct iommu_map_req *req)
{
	const struct iommufd *ctx = to_iommufd(iommu);
	struct ic_iommufd_ioas_map arg = {
		.size = sizeof(arg),
		.flags = iommufd_map_flags(req),
		.ioas_id = ctx->ioas,
		.user_va = (uintptr_t)req->va,
		.length = req->size,
		.iova = req->iova,
	};
	int err;

	if (req->file && req->file->fd >= 0 && iommu->caps.has_map_file)
		return iommufd_map_file(ctx, req);
	err = iommufd_ioctl(ctx, IC_IOMMUFD_IOAS_MAP, &arg);
	if (!err)
		req->iova = arg.iova;
	return err;
}

/* Where the kernel answers an error it writes no count, though it may have removed mappings (iommufd_ioas_unmap()). */
int iommufd_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped)
{
	const struct iommufd *ctx = to_iommufd(iommu);
	struct ic_iommufd_ioas_unmap arg = {.size = sizeof(arg), .ioas_id = ctx->ioas, .iova = iova, .length = size};
	int err = iommufd_ioctl(ctx, IC_IOMMUFD_IOAS_UNMAP, &arg);

	*unmapped = err ? 0 : arg.length;
	return err;
}

int iommufd_unmap_all(struct iommu *iommu, uint64_t *unmapped)
{
	return iommufd_unmap(iommu, 0, UINT64_MAX, unmapped);
}

/* mm->pinned_vm is counted whatever the limit is held against (iopt_pages_update_pinned()). */
int iommufd_pins(struct iommu *iommu, uint64_t *pages)
{
	uint64_t locked, pinned;
	int err = self_locked(&locked, &pinned);

	(void)iommu;
	if (!err)
		*pages = pinned / 4096;
	return err;
}
