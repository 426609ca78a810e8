/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The test commands of a kernel built with CONFIG_IOMMUFD_TEST as declared by us (drivers/iommu/iommufd/iommufd_test.h, Linux
 * 6.2 to 7.3). They belong to the kernel and may change: the kernel takes a longer argument whose tail is zero and refuses a
 * shorter one, so ours has room to grow; an op that it does not have is EOPNOTSUPP.
 */
#ifndef IC_IOMMU_MOCK_ABI_H
#define IC_IOMMU_MOCK_ABI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define IC_MOCK_CMD _IO(';', 0xa0)
static_assert(IC_MOCK_CMD == 0x3ba0, "ioctl number");

enum ic_mock_op {
	IC_MOCK_OP_NONE = 0, /* no kernel has it: EOPNOTSUPP says that the test commands are there */
	IC_MOCK_OP_DOMAIN = 2,
	IC_MOCK_OP_CHECK_MAP = 3,
	IC_MOCK_OP_CHECK_REFS = 4,
	IC_MOCK_OP_CREATE_ACCESS = 5,
	IC_MOCK_OP_ACCESS_RW = 8,
	IC_MOCK_OP_DOMAIN_REPLACE = 10,
	IC_MOCK_OP_ACCESS_REPLACE_IOAS = 11,
	IC_MOCK_OP_DOMAIN_FLAGS = 12,
	IC_MOCK_OP_DIRTY = 13,
	IC_MOCK_OP_CHECK_IOTLB = 14,
	IC_MOCK_OP_TRIGGER_IOPF = 15,
	IC_MOCK_OP_TRIGGER_VEVENT = 17,
	IC_MOCK_OP_PASID_ATTACH = 18,
	IC_MOCK_OP_PASID_REPLACE = 19,
	IC_MOCK_OP_PASID_DETACH = 20,
	IC_MOCK_OP_PASID_CHECK_HWPT = 21,
};

#define IC_MOCK_DEVICE_NO_DIRTY 0x1
#define IC_MOCK_DEVICE_PASID 0x4
#define IC_MOCK_RW_WRITE 0x1
#define IC_MOCK_RW_SLOW_PATH 0x4
#define IC_MOCK_RW_MAX (16u << 20) /* bytes of one access: more is ENOMEM */
#define IC_MOCK_IOTLB_ENTRIES 4u
#define IC_MOCK_HWPT_DATA 0xdead /* data type of page tables */
/* struct ic_mock_hwpt.pagetable_type: apertures of 2 GiB and entries of 2 KiB; 56 bits and entries of 1 MiB (since 6.19) */
#define IC_MOCK_TABLE_DEFAULT 0
#define IC_MOCK_TABLE_HUGE 1
#define IC_MOCK_INVALIDATE_DATA 0xdeadbeef /* data type of HWPT_INVALIDATE */
#define IC_MOCK_INVALIDATE_ALL 0x1
#define IC_MOCK_HW_INFO_TYPE 0xfeedbeef
#define IC_MOCK_VIOMMU_TYPE 0xdeadbeef
#define IC_MOCK_VIOMMU_INVALIDATE_DATA 0xdeadbeef /* data type of HWPT_INVALIDATE of a viommu */
#define IC_MOCK_VEVENT_QUEUE_TYPE 0xbeefbeef
#define IC_MOCK_HW_QUEUE_TYPE 0xdeadbeef

struct ic_mock_cmd {
	uint32_t size;
	uint32_t op;
	uint32_t id;
	uint32_t reserved;
	union {
		struct {
			uint32_t out_stdev_id;
			uint32_t out_hwpt_id;
			uint32_t out_idev_id;
			uint32_t dev_flags; /* DOMAIN_FLAGS */
		} domain;
		struct {
			uint32_t pt_id;
		} replace;
		struct {
			uint64_t iova;
			uint64_t length;
			uint64_t uptr;
		} check_map;
		struct {
			uint64_t length;
			uint64_t uptr;
			uint32_t refs;
		} check_refs;
		struct {
			uint32_t out_access_fd;
			uint32_t flags;
		} create_access;
		struct {
			uint64_t iova;
			uint64_t length;
			uint64_t uptr;
			uint32_t flags;
		} access_rw;
		struct {
			uint32_t ioas_id;
		} access_replace_ioas;
		struct {
			uint32_t flags, pad;
			uint64_t iova;
			uint64_t length;
			uint64_t page_size;
			uint64_t uptr; /* a bit per page, in whole bytes */
			uint64_t out_nr_dirty;
		} dirty;
		struct {
			uint32_t entry;
			uint32_t value;
		} check_iotlb;
		struct {
			uint32_t pasid;
			uint32_t pt_id;
		} pasid;
		struct {
			uint32_t dev_id;
			uint32_t pasid;
			uint32_t group;
			uint32_t perm;
			uint64_t addr;
		} trigger_iopf;
		struct {
			uint32_t dev_id;
		} trigger_vevent;
		uint8_t room[112];
	};
};
static_assert(sizeof(struct ic_mock_cmd) == 128, "layout");
static_assert(offsetof(struct ic_mock_cmd, domain.dev_flags) == 28 &&
		      offsetof(struct ic_mock_cmd, check_map.uptr) == 32 &&
		      offsetof(struct ic_mock_cmd, check_refs.refs) == 32 &&
		      offsetof(struct ic_mock_cmd, access_rw.flags) == 40 &&
		      offsetof(struct ic_mock_cmd, create_access.flags) == 20 &&
		      offsetof(struct ic_mock_cmd, dirty.iova) == 24 &&
		      offsetof(struct ic_mock_cmd, dirty.out_nr_dirty) == 56 &&
		      offsetof(struct ic_mock_cmd, check_iotlb.value) == 20 &&
		      offsetof(struct ic_mock_cmd, trigger_iopf.addr) == 32 &&
		      offsetof(struct ic_mock_cmd, pasid.pt_id) == 20,
	      "layout");

/* A page table of the mock's own kind: nested ones have four entries of an IOTLB, which begin with this value. */
struct ic_mock_hwpt {
	uint32_t iotlb;
	uint32_t pagetable_type;
};
static_assert(sizeof(struct ic_mock_hwpt) == 8, "layout");

struct ic_mock_invalidate {
	uint32_t flags;
	uint32_t entry;
};
static_assert(sizeof(struct ic_mock_invalidate) == 8, "layout");

/* A viommu of the mock's own kind: the kernel gives the number back, and a page that can be mapped. */
struct ic_mock_viommu {
	uint32_t in_data;
	uint32_t out_data;
	uint64_t out_mmap_offset;
	uint64_t out_mmap_length;
};
static_assert(sizeof(struct ic_mock_viommu) == 24, "layout");

struct ic_mock_vevent {
	uint32_t virt_id;
};
static_assert(sizeof(struct ic_mock_vevent) == 4, "layout");

/* Invalidation through a viommu: of one of the device's caches, by the virtual id that its vdevice was given. */
struct ic_mock_viommu_invalidate {
	uint32_t flags;
	uint32_t vdev_id;
	uint32_t cache_id;
};
static_assert(sizeof(struct ic_mock_viommu_invalidate) == 12, "layout");

struct ic_mock_hw_info {
	uint32_t flags;
	uint32_t test_reg;
};
static_assert(sizeof(struct ic_mock_hw_info) == 8, "layout");

#endif
