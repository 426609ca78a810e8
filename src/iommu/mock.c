/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The backend mock: a context of /dev/iommu with the kernel's own test device, its options, its objects, its end. */
#include "iommu/mock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/spec.h"

struct mock *to_mock(const struct iommu *iommu)
{
	while (iommu->parent)
		iommu = iommu->parent;
	return container_of(to_iommufd(iommu), struct mock, ctx);
}

int mock_cmd(const struct mock *mock, enum ic_mock_op op, struct ic_mock_cmd *cmd)
{
	cmd->size = sizeof(*cmd);
	cmd->op = op;
	return iommufd_ioctl(&mock->ctx, IC_MOCK_CMD, cmd);
}

static int mock_options(struct mock *mock, const char *options, struct fail *f)
{
	struct spec_option option;
	int more;

	while ((more = spec_next(&options, &option)) > 0) {
		if (!strcmp(option.key, "no-dirty") && !option.has_value) {
			mock->device_flags |= IC_MOCK_DEVICE_NO_DIRTY;
		} else if (!strcmp(option.key, "pasid") && !option.has_value) {
			mock->device_flags |= IC_MOCK_DEVICE_PASID;
		} else {
			fail_set(f, EINVAL, "backend mock has no option '%s%s%s'", option.key,
				 option.has_value ? "=" : "", option.value);
			fail_hint(f, "valid options: no-dirty, pasid");
			return -EINVAL;
		}
	}
	return more ? fail_set(f, EINVAL, "backend mock: cannot read its options") : 0;
}

/* Does this kernel have the test commands? It answers ENOTTY without CONFIG_IOMMUFD_TEST, else that it has no such op. */
static int mock_probe(const struct mock *mock, struct fail *f)
{
	struct ic_mock_cmd cmd = {0};
	int err = mock_cmd(mock, IC_MOCK_OP_NONE, &cmd);

	if (err == -EOPNOTSUPP)
		return 0;
	if (err != -ENOTTY)
		return fail_set(f, err ? err : EPROTO, "cannot tell whether this kernel has a mock device");
	fail_set(f, ENODEV, "this kernel's iommufd has no mock device");
	fail_hint(f,
		  "it is built in with CONFIG_IOMMUFD_TEST, which kernels made for testing have; or use --backend sim");
	return -ENODEV;
}

static int mock_open_context(struct mock *mock, struct fail *f)
{
	int err = iommufd_ctx_open(&mock->ctx, f);

	if (err == -ENOENT)
		fail_hint(f, "the mock device is a part of iommufd, in kernels built with CONFIG_IOMMUFD and "
			     "CONFIG_IOMMUFD_TEST; or use --backend sim");
	if (err)
		return err;
	err = mock_probe(mock, f);
	if (err)
		iommufd_ctx_close(&mock->ctx);
	return err;
}

static int mock_open(const char *options, const struct iommu_params *params, struct iommu **out, struct fail *f)
{
	struct mock *mock;
	int err;

	if (params->vf_token)
		return fail_set(f, EINVAL, "backend mock has no virtual functions: --vf-token means nothing here");
	mock = calloc(1, sizeof(*mock));
	if (!mock)
		return fail_set(f, ENOMEM, "cannot open backend mock");
	err = mock_options(mock, options, f);
	if (!err)
		err = mock_open_context(mock, f);
	if (err) {
		free(mock);
		return err;
	}
	pthread_mutex_init(&mock->lock, NULL);
	*out = &mock->ctx.iommu;
	return 0;
}

static void mock_close(struct iommu *iommu)
{
	struct mock *mock;

	if (iommu->parent) {
		iommufd_close(iommu);
		return;
	}
	mock = to_mock(iommu);
	mock_iotlb_close(mock);
	if (mock->parent)
		iommufd_destroy(iommu, mock->parent);
	mock_tables_free(mock);
	pthread_mutex_destroy(&mock->lock);
	iommufd_close(iommu); /* frees the whole, of which it is the first member */
}

static void mock_caps(struct iommu_caps *caps)
{
	caps->no_hardware = caps->bypasses_table = caps->checks_table = true;
	/* mock_domain_capable(), Linux 6.2 and later: cache coherency is always there */
	caps->coherent = true;
}

/* A page table of our own in place of the kernel's automatic one, so that a nested one can stand on it. */
static void mock_make_parent(struct mock *mock, struct mock_device *d)
{
	/* a device takes PASIDs while it is itself attached to a table that is made for them (iommufd_hwpt_pasid_compat()) */
	struct iommu_hwpt_req req = {.idev = &d->idev,
				     .parent = mock->ctx.ioas,
				     .nest_parent = true,
				     .pasid = mock->device_flags & IC_MOCK_DEVICE_PASID};
	uint32_t id;

	if (iommufd_hwpt_new(&mock->ctx.iommu, &req, &id))
		return;
	if (mock_table_note(mock, id, mock->ctx.ioas, false, false)) {
		iommufd_destroy(&mock->ctx.iommu, id);
		return;
	}
	mock->parent = id;
	mock_iotlb_open(mock, d->object);
}

static int mock_new_device(struct mock *mock, struct mock_device *d, struct fail *f)
{
	struct ic_mock_cmd cmd = {.id = mock->ctx.ioas};
	int err;

	cmd.domain.dev_flags = mock->device_flags;
	err = mock_cmd(mock, mock->device_flags ? IC_MOCK_OP_DOMAIN_FLAGS : IC_MOCK_OP_DOMAIN, &cmd);
	if (err) {
		fail_set(f, err, "cannot make a mock device");
		if (mock->device_flags && (err == -EOPNOTSUPP || err == -EINVAL))
			fail_hint(f, "this kernel's mock device does not know the options no-dirty or pasid");
		return err;
	}
	d->stdev = cmd.domain.out_stdev_id;
	d->object = cmd.domain.out_idev_id;
	d->pt = d->ioas = mock->ctx.ioas;
	return mock_table_note(mock, cmd.domain.out_hwpt_id, d->ioas, false, true)
		       ? fail_set(f, ENOMEM, "cannot note down the mock device's page table")
		       : 0;
}

static int mock_set_up(struct mock *mock, struct mock_device *d, struct fail *f)
{
	int err = mock_new_device(mock, d, f);

	if (err)
		return err;
	if (!mock->parent)
		mock_make_parent(mock, d);
	if (mock->parent) {
		err = mock_device_attach(&d->idev, mock->parent, IOMMU_NO_PASID);
		if (err)
			return fail_set(f, err, "cannot attach the mock device to page table %u", mock->parent);
	}
	err = iommufd_read_caps(&mock->ctx);
	if (err)
		return fail_set(f, err, "cannot read what I/O address space %u takes", mock->ctx.ioas);
	mock->unit = mock_table_unit(mock, mock->parent ? mock->parent : mock->tables->id);
	mock_caps(&mock->ctx.iommu.caps);
	return 0;
}

static int mock_attach(struct iommu *iommu, const char *id, struct iommu_device **out, struct fail *f)
{
	struct mock_device *d;
	int err;

	if (strcmp(id, "mock")) {
		fail_set(f, ENOENT, "backend mock has no device '%s'", id);
		fail_hint(f, "it has one kind of device: --device mock");
		return -ENOENT;
	}
	d = calloc(1, sizeof(*d));
	if (!d)
		return fail_set(f, ENOMEM, "cannot make a mock device");
	d->mock = to_mock(iommu);
	d->idev.iommu = iommu;
	d->idev.ops = &mock_idev_ops;
	d->idev.id.no_bus = true;
	snprintf(d->idev.id.name, sizeof(d->idev.id.name), "mock");
	err = mock_set_up(d->mock, d, f);
	if (err) {
		mock_device_free(d);
		return err;
	}
	*out = &d->idev;
	return 0;
}

static void mock_detach(struct iommu_device *idev)
{
	mock_device_free(to_mock_device(idev));
}

static int mock_space_new(struct iommu *of, struct iommu **out)
{
	int err = iommufd_space_new(of, out);

	if (err)
		return err;
	mock_caps(&(*out)->caps);
	/* an automatic page table may have had this id before */
	mock_table_forget(to_mock(of), iommufd_space_id(*out));
	return 0;
}

static int mock_hwpt_new(struct iommu *iommu, const struct iommu_hwpt_req *req, uint32_t *id)
{
	struct mock *mock = to_mock(iommu);
	uint32_t ioas = mock_table_ioas(mock, req->parent);
	int err = iommufd_hwpt_new(iommu, req, id);

	if (!err && mock_table_note(mock, *id, ioas, req->parent != ioas, false)) {
		iommufd_destroy(iommu, *id);
		err = -ENOMEM;
	}
	return err;
}

static int mock_destroy(struct iommu *iommu, uint32_t id)
{
	int err = iommufd_destroy(iommu, id);

	if (!err)
		mock_table_forget(to_mock(iommu), id);
	return err;
}

static int mock_viommu_new(struct iommu *iommu, const struct iommu_viommu_req *req, uint32_t *id)
{
	struct mock *mock = to_mock(iommu);
	int err = iommufd_viommu_new(iommu, req, id);

	/* no table, but what stands on it translates the same space in the end */
	if (!err && mock_table_note(mock, *id, mock_table_ioas(mock, req->hwpt), true, false)) {
		iommufd_destroy(iommu, *id);
		err = -ENOMEM;
	}
	return err;
}

static const struct iommu_object_ops mock_object_ops = {
	.space_new = mock_space_new,
	.space_id = iommufd_space_id,
	.space_refresh = iommufd_space_refresh,
	.space_allow = iommufd_space_allow,
	.space_copy = iommufd_space_copy,
	.option = iommufd_option,
	.change_process = iommufd_change_process,
	.device_attach = mock_device_attach,
	.device_detach = mock_device_detach,
	.device_object = mock_device_object,
	.hw_info = iommufd_hw_info,
	.hwpt_new = mock_hwpt_new,
	.hwpt_invalidate = iommufd_hwpt_invalidate,
	.destroy = mock_destroy,
	.fault_queue_new = iommufd_fault_queue_new,
	.vfio_space = iommufd_vfio_space,
	.space_phys = iommufd_space_phys,
	.viommu_new = mock_viommu_new,
	.vdevice_new = iommufd_vdevice_new,
	.hw_queue_new = iommufd_hw_queue_new,
	.event_queue_new = iommufd_event_queue_new,
	.test_fault = mock_test_fault,
	.test_event = mock_test_event,
};

const struct iommu_ops iommu_mock_ops = {
	.name = "mock",
	.own_device = "mock",
	.node = IOMMUFD_NODE,
	.help = "the kernel's own iommufd test device (CONFIG_IOMMUFD_TEST); options no-dirty, pasid",
	.open = mock_open,
	.close = mock_close,
	.attach = mock_attach,
	.detach = mock_detach,
	.map = iommufd_map,
	.unmap = iommufd_unmap,
	.unmap_all = iommufd_unmap_all,
	.pins = iommufd_pins,
	.check_table = mock_check_table,
	.objects = &mock_object_ops,
	.dirty_iommu = &mock_dirty_ops,
};
