/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/iommu with its mock device as far as iommu/mock*.c asks for it, in place of open() and ioctl() (the linker's --wrap):
 * page tables by entries of 2 KiB, pins per page, the nested table's IOTLB; and ways in which it can be wrong.
 */
#ifndef IC_TESTS_FAKE_IOMMUFD_H
#define IC_TESTS_FAKE_IOMMUFD_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>

#include "iommu/mock.h"

#define FAKE_UNIT 2048u
#define FAKE_ENTRIES 4096
#define FAKE_IDS 64

struct fake_entry {
	uint32_t ioas;
	uint64_t iova, va;
};

struct fake_iommufd {
	bool absent, no_test; /* no /dev/iommu; no test commands */
	bool no_parent, no_nested, no_flags;
	/* misbehaviours */
	bool leave_last;      /* an unmap forgets its last entry */
	bool misplace;	      /* a map leads its first entry elsewhere */
	int extra_pins;	      /* counted per page beyond what there is */
	bool map_drops;	      /* a map changes the nested table's IOTLB */
	bool keep_entry;      /* an invalidation does nothing */
	bool drop_all;	      /* an invalidation of one entry takes all */
	uint32_t invalidated; /* entries that an invalidation says it handled: 1 */
	uint32_t hw_type;     /* GET_HW_INFO: what the IOMMU is, its registers, what the kernel says it can do */
	unsigned char hw_data[64];
	uint32_t hw_len;
	uint64_t hw_caps;
	bool no_hw_info, no_huge_pages; /* the latter by OPTION */
	/* another kernel interface on descriptors of its own; -ENOTTY: not that either */
	int (*other)(int fd, unsigned long request, void *arg);

	struct fake_entry entries[FAKE_ENTRIES];
	unsigned int nr;
	uint32_t next_id;
	uint32_t ioas_of[FAKE_IDS]; /* of page tables; 0: no page table, or gone */
	uint32_t iotlb[IC_MOCK_IOTLB_ENTRIES], nested;
	uint32_t destroyed[FAKE_IDS];
	unsigned int nr_destroyed;
	uint32_t dev_flags, attached, pasid, pasid_op;
	uint32_t access_ioas;
	struct {
		int fd;
		uint32_t ioas;
	} accesses[4];
	unsigned int nr_accesses, access_moves; /* how many were asked to go elsewhere */
	unsigned int access_fails;		/* which of those fails; 0: none */
	uint32_t dirty_table;			/* made for tracking, 0: none */
	bool tracked;
	unsigned int dirty_reads;			     /* that were asked for */
	struct ic_iommufd_hwpt_set_dirty_tracking dirty_set; /* the last of each */
	struct ic_iommufd_hwpt_get_dirty_bitmap dirty_get;
	struct ic_mock_cmd dirty_mark;
	struct ic_mock_cmd rw; /* the last access */
	int rw_err;
};

static struct fake_iommufd fake;

static inline bool fake_gone(uint32_t id)
{
	for (unsigned int i = 0; i < fake.nr_destroyed; i++)
		if (fake.destroyed[i] == id)
			return true;
	return false;
}

static inline struct fake_entry *fake_find(uint32_t ioas, uint64_t iova)
{
	for (unsigned int i = 0; i < fake.nr; i++)
		if (fake.entries[i].ioas == ioas && fake.entries[i].iova == iova)
			return &fake.entries[i];
	return NULL;
}

static inline void fake_drop(uint32_t ioas, uint64_t iova)
{
	struct fake_entry *e = fake_find(ioas, iova);

	if (e)
		*e = fake.entries[--fake.nr];
}

static inline int fake_map(struct ic_iommufd_ioas_map *arg)
{
	for (uint64_t at = 0; at < arg->length; at += FAKE_UNIT)
		fake.entries[fake.nr++] = (struct fake_entry){
			arg->ioas_id, arg->iova + at, arg->user_va + at + (fake.misplace && !at ? FAKE_UNIT : 0)};
	if (fake.map_drops)
		fake.iotlb[1] = 0;
	return 0;
}

static inline int fake_unmap(struct ic_iommufd_ioas_unmap *arg)
{
	uint64_t last = arg->iova + (arg->length - 1);

	for (unsigned int i = 0; i < fake.nr;) {
		const struct fake_entry *e = &fake.entries[i];
		bool inside = e->ioas == arg->ioas_id && e->iova >= arg->iova && e->iova <= last;

		if (inside && !(fake.leave_last && last - e->iova < FAKE_UNIT))
			fake.entries[i] = fake.entries[--fake.nr];
		else
			i++;
	}
	return 0;
}

static inline int fake_ranges(struct ic_iommufd_ioas_iova_ranges *arg)
{
	struct ic_iommufd_iova_range *ranges = (void *)(uintptr_t)arg->allowed_iovas;

	arg->num_iovas = 1;
	arg->out_iova_alignment = fake.no_huge_pages ? 4096 : FAKE_UNIT;
	ranges[0] = (struct ic_iommufd_iova_range){0x1000000, 0x7fffffff};
	return 0;
}

static inline int fake_option(struct ic_iommufd_option *arg)
{
	if (arg->option_id != IC_IOMMUFD_OPTION_HUGE_PAGES)
		return -EOPNOTSUPP;
	if (arg->op == IC_IOMMUFD_OPTION_OP_SET)
		fake.no_huge_pages = !arg->val64;
	arg->val64 = !fake.no_huge_pages;
	return 0;
}

static inline int fake_hwpt(struct ic_iommufd_hwpt_alloc *arg)
{
	const struct ic_mock_hwpt *data = (void *)(uintptr_t)arg->data_uptr;

	if (arg->data_type == IC_MOCK_HWPT_DATA) {
		if (fake.no_nested)
			return -EOPNOTSUPP;
		for (unsigned int i = 0; i < IC_MOCK_IOTLB_ENTRIES; i++)
			fake.iotlb[i] = data->iotlb;
		fake.nested = arg->out_hwpt_id = ++fake.next_id;
		return 0;
	}
	if (fake.no_parent)
		return -EOPNOTSUPP;
	arg->out_hwpt_id = ++fake.next_id;
	fake.ioas_of[arg->out_hwpt_id] = arg->pt_id;
	if (arg->flags & IC_IOMMUFD_HWPT_ALLOC_DIRTY_TRACKING)
		fake.dirty_table = arg->out_hwpt_id;
	return 0;
}

static inline int fake_hw_info(struct ic_iommufd_hw_info *arg)
{
	if (fake.no_hw_info)
		return -EOPNOTSUPP;
	memcpy((void *)(uintptr_t)arg->data_uptr, fake.hw_data,
	       arg->data_len < fake.hw_len ? arg->data_len : fake.hw_len);
	arg->data_type = fake.hw_type;
	arg->data_len = fake.hw_len;
	arg->out_capabilities = fake.hw_caps;
	return 0;
}

static inline int fake_dirty_table(uint32_t id)
{
	if (id >= FAKE_IDS || !fake.ioas_of[id])
		return -ENOENT;
	return id == fake.dirty_table ? 0 : -EOPNOTSUPP;
}

/* As iommufd_hwpt_set_dirty_tracking(). */
static inline int fake_dirty_set(const struct ic_iommufd_hwpt_set_dirty_tracking *arg)
{
	int err = arg->flags & ~IC_IOMMUFD_HWPT_DIRTY_TRACKING_ENABLE ? -EOPNOTSUPP : fake_dirty_table(arg->hwpt_id);

	fake.dirty_set = *arg;
	if (!err)
		fake.tracked = arg->flags;
	return err;
}

/* As iommufd_hwpt_get_dirty_bitmap(), and with the errors that it keeps to itself: a hole, no memory. The first page is dirty. */
static inline int fake_dirty_get(const struct ic_iommufd_hwpt_get_dirty_bitmap *arg)
{
	int err =
		arg->flags & ~IC_IOMMUFD_HWPT_GET_DIRTY_BITMAP_NO_CLEAR ? -EOPNOTSUPP : fake_dirty_table(arg->hwpt_id);

	fake.dirty_get = *arg;
	fake.dirty_reads++;
	if (err)
		return err;
	if (!arg->length || !arg->page_size)
		return -EINVAL;
	if (arg->iova + (arg->length - 1) < arg->iova)
		return -EOVERFLOW;
	if ((arg->iova | arg->length) % FAKE_UNIT || (arg->iova | arg->length) & (arg->page_size - 1))
		return -EINVAL;
	for (uint64_t at = 0; at < arg->length; at += FAKE_UNIT)
		if (!fake_find(fake.ioas_of[arg->hwpt_id], arg->iova + at))
			return -EINVAL;
	if (!arg->data)
		return -EFAULT;
	*(unsigned char *)(uintptr_t)arg->data |= 1;
	return 0;
}

/* As iommufd_test_dirty(). */
static inline int fake_dirty_mark(struct ic_mock_cmd *cmd)
{
	const uint64_t iova = cmd->dirty.iova, length = cmd->dirty.length, page = cmd->dirty.page_size;
	const unsigned char *bits = (void *)(uintptr_t)cmd->dirty.uptr;

	fake.dirty_mark = *cmd;
	if (!page || !length || iova % page || length % page || !bits)
		return -EINVAL;
	if (length / page > 16u << 20 << 3)
		return -EOVERFLOW;
	if (cmd->id >= FAKE_IDS || !fake.ioas_of[cmd->id])
		return -ENOENT;
	if (cmd->id != fake.dirty_table || !fake.tracked)
		return -EINVAL;
	cmd->dirty.out_nr_dirty = 0;
	for (uint64_t i = 0; i < length / page; i++)
		cmd->dirty.out_nr_dirty += bits[i / 8] >> i % 8 & 1;
	return 0;
}

static inline int fake_invalidate(struct ic_iommufd_hwpt_invalidate *arg)
{
	const struct ic_mock_invalidate *inv = (void *)(uintptr_t)arg->data_uptr;

	if (arg->data_type != IC_MOCK_INVALIDATE_DATA || arg->hwpt_id != fake.nested)
		return -EINVAL;
	for (unsigned int i = 0; i < IC_MOCK_IOTLB_ENTRIES; i++)
		if (!fake.keep_entry && (fake.drop_all || inv->flags & IC_MOCK_INVALIDATE_ALL || i == inv->entry))
			fake.iotlb[i] = 0;
	arg->entry_num = fake.invalidated;
	return 0;
}

static inline int fake_destroy(const struct ic_iommufd_destroy *arg)
{
	fake.destroyed[fake.nr_destroyed++] = arg->id;
	return 0;
}

/* As iommufd_test_md_check_pa(). */
static inline int fake_check_map(const struct ic_mock_cmd *cmd)
{
	uint32_t ioas = cmd->id < FAKE_IDS && !fake_gone(cmd->id) ? fake.ioas_of[cmd->id] : 0;

	if (!ioas)
		return -ENOENT;
	if ((cmd->check_map.iova | cmd->check_map.length | cmd->check_map.uptr) % FAKE_UNIT)
		return -EINVAL;
	for (uint64_t at = 0; at < cmd->check_map.length; at += FAKE_UNIT) {
		const struct fake_entry *e = fake_find(ioas, cmd->check_map.iova + at);

		if (!e || e->va != cmd->check_map.uptr + at)
			return -EINVAL;
	}
	return 0;
}

/* As iommufd_test_md_check_refs(); one pin per mapping of the page. */
static inline int fake_check_refs(const struct ic_mock_cmd *cmd)
{
	for (uint64_t at = 0; at < cmd->check_refs.length; at += 4096) {
		unsigned int pins = (unsigned int)fake.extra_pins;

		for (unsigned int i = 0; i < fake.nr; i++)
			pins += fake.entries[i].va == cmd->check_refs.uptr + at;
		if (pins != cmd->check_refs.refs)
			return -EIO;
	}
	return 0;
}

/* An attachment to a space makes a page table by itself. */
static inline uint32_t fake_attach(uint32_t pt)
{
	if (fake.ioas_of[pt])
		return pt;
	fake.ioas_of[++fake.next_id] = pt;
	return fake.next_id;
}

static inline int fake_domain(struct ic_mock_cmd *cmd)
{
	if (cmd->op == IC_MOCK_OP_DOMAIN_FLAGS && fake.no_flags)
		return -EOPNOTSUPP;
	fake.dev_flags = cmd->op == IC_MOCK_OP_DOMAIN_FLAGS ? cmd->domain.dev_flags : 0;
	fake.attached = cmd->domain.out_hwpt_id = fake_attach(cmd->id);
	cmd->domain.out_stdev_id = ++fake.next_id;
	cmd->domain.out_idev_id = ++fake.next_id;
	return 0;
}

static inline int fake_replace(struct ic_mock_cmd *cmd)
{
	uint32_t old = fake.attached;

	fake.attached = cmd->replace.pt_id = fake_attach(cmd->replace.pt_id);
	/* the first one was the kernel's own, and nobody has it any more */
	if (old == 2)
		fake.ioas_of[old] = 0;
	return 0;
}

static inline int fake_access(struct ic_mock_cmd *cmd)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	fake.accesses[fake.nr_accesses].fd = fd;
	fake.accesses[fake.nr_accesses++].ioas = fake.access_ioas = cmd->id;
	cmd->create_access.out_access_fd = (uint32_t)fd;
	return 0;
}

static inline int fake_access_move(const struct ic_mock_cmd *cmd)
{
	if (++fake.access_moves == fake.access_fails)
		return -ENOMEM;
	for (unsigned int i = 0; i < fake.nr_accesses; i++) {
		if (cmd->id != (uint32_t)fake.accesses[i].fd)
			continue;
		fake.accesses[i].ioas = fake.access_ioas = cmd->access_replace_ioas.ioas_id;
		return 0;
	}
	return -EBADFD;
}

static inline int fake_test(struct ic_mock_cmd *cmd)
{
	if (fake.no_test)
		return -ENOTTY;
	switch (cmd->op) {
	case IC_MOCK_OP_DOMAIN:
	case IC_MOCK_OP_DOMAIN_FLAGS:
		return fake_domain(cmd);
	case IC_MOCK_OP_DIRTY:
		return fake_dirty_mark(cmd);
	case IC_MOCK_OP_CHECK_MAP:
		return fake_check_map(cmd);
	case IC_MOCK_OP_CHECK_REFS:
		return fake_check_refs(cmd);
	case IC_MOCK_OP_CHECK_IOTLB:
		return cmd->id != fake.nested					      ? -ENOENT
		       : fake.iotlb[cmd->check_iotlb.entry] == cmd->check_iotlb.value ? 0
										      : -EINVAL;
	case IC_MOCK_OP_DOMAIN_REPLACE:
		return fake_replace(cmd);
	case IC_MOCK_OP_CREATE_ACCESS:
		return fake_access(cmd);
	case IC_MOCK_OP_ACCESS_REPLACE_IOAS:
		return fake_access_move(cmd);
	case IC_MOCK_OP_ACCESS_RW:
		fake.rw = *cmd;
		return fake.rw_err;
	case IC_MOCK_OP_PASID_ATTACH:
	case IC_MOCK_OP_PASID_REPLACE:
	case IC_MOCK_OP_PASID_DETACH:
		fake.pasid_op = cmd->op;
		fake.pasid = cmd->pasid.pasid;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static inline int fake_command(int fd, unsigned long request, void *arg)
{
	switch (request) {
	case IC_MOCK_CMD:
		return fake_test(arg);
	case IC_IOMMUFD_IOAS_ALLOC:
		((struct ic_iommufd_ioas_alloc *)arg)->out_ioas_id = ++fake.next_id;
		return 0;
	case IC_IOMMUFD_IOAS_IOVA_RANGES:
		return fake_ranges(arg);
	case IC_IOMMUFD_IOAS_MAP:
		return fake_map(arg);
	case IC_IOMMUFD_IOAS_UNMAP:
		return fake_unmap(arg);
	case IC_IOMMUFD_HWPT_ALLOC:
		return fake_hwpt(arg);
	case IC_IOMMUFD_HWPT_INVALIDATE:
		return fake_invalidate(arg);
	case IC_IOMMUFD_DESTROY:
		return fake_destroy(arg);
	case IC_IOMMUFD_OPTION:
		return fake_option(arg);
	case IC_IOMMUFD_GET_HW_INFO:
		return fake_hw_info(arg);
	case IC_IOMMUFD_HWPT_SET_DIRTY_TRACKING:
		return fake_dirty_set(arg);
	case IC_IOMMUFD_HWPT_GET_DIRTY_BITMAP:
		return fake_dirty_get(arg);
	default:
		return fake.other ? fake.other(fd, request, arg) : -ENOTTY;
	}
}

int __wrap_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	int err = fake_command(fd, request, arg);

	errno = -err;
	return err ? -1 : 0;
}

int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	(void)flags;
	if (!strcmp(path, IOMMUFD_NODE) && !fake.absent)
		return eventfd(0, EFD_CLOEXEC);
	errno = ENOENT;
	return -1;
}

#endif
