/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mock device: what it is attached to, and the accesses that stand for its DMA. */
#include <errno.h>
#include <unistd.h>

#include "iommu/mock.h"

static int mock_access_open(struct iommu_device *idev, struct idev_access **out)
{
	struct mock_device *d = to_mock_device(idev);
	struct mock_access *a = calloc(1, sizeof(*a));
	struct ic_mock_cmd cmd = {.id = d->ioas};
	int err;

	if (!a)
		return -ENOMEM;
	err = mock_cmd(d->mock, IC_MOCK_OP_CREATE_ACCESS, &cmd);
	if (err) {
		free(a);
		return err;
	}
	a->fd = (int)cmd.create_access.out_access_fd;
	a->next = d->accesses;
	d->accesses = a;
	*out = &a->access;
	return 0;
}

/* The access ends with its descriptor. */
static void mock_access_close(struct idev_access *access)
{
	struct mock_access *a = container_of(access, struct mock_access, access);
	struct mock_access **at = &to_mock_device(access->idev)->accesses;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	close(a->fd);
	free(a);
}

static int mock_access_rw(struct idev_access *access, iova_t iova, void *buf, uint64_t len, unsigned int flags)
{
	const struct mock_access *a = container_of(access, struct mock_access, access);
	struct ic_mock_cmd cmd = {.id = (uint32_t)a->fd};

	cmd.access_rw.iova = iova;
	cmd.access_rw.length = len;
	cmd.access_rw.uptr = (uintptr_t)buf;
	cmd.access_rw.flags = (flags & IDEV_ACCESS_WRITE ? IC_MOCK_RW_WRITE : 0) |
			      (flags & IDEV_ACCESS_SLOW ? IC_MOCK_RW_SLOW_PATH : 0);
	return mock_cmd(to_mock_device(access->idev)->mock, IC_MOCK_OP_ACCESS_RW, &cmd);
}

const struct idev_ops mock_idev_ops = {
	.access_open = mock_access_open,
	.access_close = mock_access_close,
	.access_rw = mock_access_rw,
};

static int mock_access_move(const struct mock_device *d, const struct mock_access *a, uint32_t ioas)
{
	struct ic_mock_cmd cmd = {.id = (uint32_t)a->fd};

	cmd.access_replace_ioas.ioas_id = ioas;
	return mock_cmd(d->mock, IC_MOCK_OP_ACCESS_REPLACE_IOAS, &cmd);
}

/* All of them or none. */
static int mock_accesses_follow(struct mock_device *d, uint32_t ioas)
{
	struct mock_access *a;
	int err = 0;

	for (a = d->accesses; a && ioas != d->ioas; a = a->next) {
		err = mock_access_move(d, a, ioas);
		if (err)
			break;
	}
	for (struct mock_access *moved = d->accesses; err && moved != a; moved = moved->next)
		mock_access_move(d, moved, d->ioas);
	return err;
}

/* The kernel answers with the page table that it found or made. */
static int mock_replace_table(struct mock_device *d, uint32_t pt_id, uint32_t ioas)
{
	struct ic_mock_cmd cmd = {.id = d->stdev};
	int err;

	cmd.replace.pt_id = pt_id;
	err = mock_cmd(d->mock, IC_MOCK_OP_DOMAIN_REPLACE, &cmd);
	return err || ioas != pt_id ? err : mock_table_note(d->mock, cmd.replace.pt_id, ioas, false, true);
}

/* The device's table and its accesses go together, or stay. */
static int mock_replace(struct mock_device *d, uint32_t pt_id)
{
	uint32_t ioas = mock_table_ioas(d->mock, pt_id);
	int err = mock_replace_table(d, pt_id, ioas);

	if (err)
		return err;
	err = mock_accesses_follow(d, ioas);
	if (err) {
		mock_replace_table(d, d->pt, d->ioas);
		return err;
	}
	d->ioas = ioas;
	d->pt = pt_id;
	return 0;
}

static unsigned int mock_pasid_find(const struct mock_device *d, uint32_t pasid)
{
	unsigned int i = 0;

	while (i < d->nr_pasids && d->pasids[i] != pasid)
		i++;
	return i;
}

int mock_device_attach(struct iommu_device *idev, uint32_t pt_id, uint32_t pasid)
{
	struct mock_device *d = to_mock_device(idev);
	struct ic_mock_cmd cmd = {.id = d->stdev};
	bool has = mock_pasid_find(d, pasid) < d->nr_pasids;
	int err;

	if (pasid == IOMMU_NO_PASID)
		return mock_replace(d, pt_id);
	if (!has && d->nr_pasids == MOCK_PASIDS_MAX)
		return -ENOSPC;
	cmd.pasid.pasid = pasid;
	cmd.pasid.pt_id = pt_id;
	err = mock_cmd(d->mock, has ? IC_MOCK_OP_PASID_REPLACE : IC_MOCK_OP_PASID_ATTACH, &cmd);
	if (err)
		return err;
	if (!has)
		d->pasids[d->nr_pasids++] = pasid;
	return cmd.pasid.pt_id == pt_id ? 0 : mock_table_note(d->mock, cmd.pasid.pt_id, pt_id, false, true);
}

/* The kernel has no command that leaves the device itself attached to nothing. */
int mock_device_detach(struct iommu_device *idev, uint32_t pasid)
{
	struct mock_device *d = to_mock_device(idev);
	unsigned int i = mock_pasid_find(d, pasid);
	struct ic_mock_cmd cmd = {.id = d->stdev};
	int err;

	if (pasid == IOMMU_NO_PASID)
		return -EOPNOTSUPP;
	/* the kernel warns where nothing is attached (iommufd_device_detach()) */
	if (i == d->nr_pasids)
		return -ENOENT;
	cmd.pasid.pasid = pasid;
	err = mock_cmd(d->mock, IC_MOCK_OP_PASID_DETACH, &cmd);
	if (!err)
		d->pasids[i] = d->pasids[--d->nr_pasids];
	return err;
}

int mock_test_fault(struct iommu_device *idev, const struct iommu_pgfault *fault)
{
	const struct mock_device *d = to_mock_device(idev);
	struct ic_mock_cmd cmd = {0};

	cmd.trigger_iopf.dev_id = d->object;
	/* the kernel's own IOMMU_NO_PASID */
	cmd.trigger_iopf.pasid = fault->has_pasid ? fault->pasid : 0;
	cmd.trigger_iopf.group = fault->group;
	cmd.trigger_iopf.perm = fault->perm;
	cmd.trigger_iopf.addr = fault->addr;
	return mock_cmd(d->mock, IC_MOCK_OP_TRIGGER_IOPF, &cmd);
}

int mock_test_event(struct iommu_device *idev)
{
	const struct mock_device *d = to_mock_device(idev);
	struct ic_mock_cmd cmd = {0};

	cmd.trigger_vevent.dev_id = d->object;
	return mock_cmd(d->mock, IC_MOCK_OP_TRIGGER_VEVENT, &cmd);
}

uint32_t mock_device_object(const struct iommu_device *idev)
{
	return to_mock_device(idev)->object;
}

void mock_device_free(struct mock_device *d)
{
	while (d->accesses)
		mock_access_close(&d->accesses->access);
	while (d->nr_pasids && !mock_device_detach(&d->idev, d->pasids[0]))
		;
	if (d->stdev)
		iommufd_destroy(&d->mock->ctx.iommu, d->stdev);
	free(d);
}
