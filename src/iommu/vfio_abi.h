/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's VFIO interface as declared by us: numbers and layouts of Linux 3.6 to 7.3, include/uapi/linux/vfio.h.
 * Own names, so that no system header, whatever its age, can get in the way.
 */
#ifndef IC_IOMMU_VFIO_ABI_H
#define IC_IOMMU_VFIO_ABI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define IC_VFIO_IO(n) _IO(';', 100 + (n))

#define IC_VFIO_API_VERSION 0
#define IC_VFIO_TYPE1 1
#define IC_VFIO_TYPE1_V2 3
#define IC_VFIO_EXT_DMA_CC 4
#define IC_VFIO_EXT_UNMAP_ALL 9
#define IC_VFIO_EXT_UPDATE_VADDR 10

#define IC_VFIO_GET_API_VERSION IC_VFIO_IO(0)
#define IC_VFIO_CHECK_EXTENSION IC_VFIO_IO(1)
#define IC_VFIO_SET_IOMMU IC_VFIO_IO(2)
#define IC_VFIO_GROUP_GET_STATUS IC_VFIO_IO(3)
#define IC_VFIO_GROUP_SET_CONTAINER IC_VFIO_IO(4)
#define IC_VFIO_GROUP_UNSET_CONTAINER IC_VFIO_IO(5)
#define IC_VFIO_GROUP_GET_DEVICE_FD IC_VFIO_IO(6)
#define IC_VFIO_DEVICE_GET_INFO IC_VFIO_IO(7)
#define IC_VFIO_DEVICE_GET_REGION_INFO IC_VFIO_IO(8)
#define IC_VFIO_DEVICE_GET_IRQ_INFO IC_VFIO_IO(9)
#define IC_VFIO_DEVICE_SET_IRQS IC_VFIO_IO(10)
#define IC_VFIO_DEVICE_RESET IC_VFIO_IO(11)
/* the numbers from 12 on mean one thing on a device and another on a container */
#define IC_VFIO_DEVICE_GET_PCI_HOT_RESET_INFO IC_VFIO_IO(12)
#define IC_VFIO_DEVICE_PCI_HOT_RESET IC_VFIO_IO(13)
#define IC_VFIO_DEVICE_IOEVENTFD IC_VFIO_IO(16) /* since 4.17 */
#define IC_VFIO_DEVICE_FEATURE IC_VFIO_IO(17)	/* since 5.7 */
#define IC_VFIO_IOMMU_GET_INFO IC_VFIO_IO(12)
#define IC_VFIO_IOMMU_MAP_DMA IC_VFIO_IO(13)
#define IC_VFIO_IOMMU_UNMAP_DMA IC_VFIO_IO(14)
#define IC_VFIO_IOMMU_DIRTY_PAGES IC_VFIO_IO(17) /* since 5.8 */

static_assert(IC_VFIO_GET_API_VERSION == 0x3b64, "ioctl number");
static_assert(IC_VFIO_DEVICE_RESET == 0x3b6f, "ioctl number");
static_assert(IC_VFIO_IOMMU_UNMAP_DMA == 0x3b72 && IC_VFIO_IOMMU_DIRTY_PAGES == 0x3b75, "ioctl number");

#define IC_VFIO_GROUP_VIABLE 0x1

struct ic_vfio_group_status {
	uint32_t argsz, flags;
};
static_assert(sizeof(struct ic_vfio_group_status) == 8, "layout");

/* Chained behind several info structs; next is an offset from the start of the struct, 0 = last. */
struct ic_vfio_cap_header {
	uint16_t id, version;
	uint32_t next;
};
static_assert(sizeof(struct ic_vfio_cap_header) == 8, "layout");

#define IC_VFIO_INFO_PGSIZES 0x1
#define IC_VFIO_INFO_CAPS 0x2

/* The kernels before 5.4 end it after iova_pgsizes. */
struct ic_vfio_type1_info {
	uint32_t argsz, flags;
	uint64_t iova_pgsizes;
	uint32_t cap_offset, pad;
};
static_assert(sizeof(struct ic_vfio_type1_info) == 24, "layout");

#define IC_VFIO_CAP_IOVA_RANGE 1 /* since 5.4 */
#define IC_VFIO_CAP_MIGRATION 2	 /* since 5.8 */
#define IC_VFIO_CAP_DMA_AVAIL 3	 /* since 5.10 */

/* What follows the header of each. */
struct ic_vfio_cap_iova_range {
	uint32_t nr_iovas, reserved;
};
static_assert(sizeof(struct ic_vfio_cap_iova_range) == 8, "layout");

struct ic_vfio_iova_range {
	uint64_t start, end; /* end is inclusive */
};
static_assert(sizeof(struct ic_vfio_iova_range) == 16, "layout");

struct ic_vfio_cap_migration {
	uint32_t flags, pad;
	uint64_t pgsize_bitmap, max_dirty_bitmap_size;
};
static_assert(sizeof(struct ic_vfio_cap_migration) == 24, "layout");

#define IC_VFIO_MAP_READ 0x1
#define IC_VFIO_MAP_WRITE 0x2
#define IC_VFIO_MAP_VADDR 0x4 /* since 5.12 */

struct ic_vfio_dma_map {
	uint32_t argsz, flags;
	uint64_t vaddr, iova, size;
};
static_assert(sizeof(struct ic_vfio_dma_map) == 32, "layout");

#define IC_VFIO_UNMAP_DIRTY 0x1 /* since 5.8 */
#define IC_VFIO_UNMAP_ALL 0x2	/* since 5.12 */
#define IC_VFIO_UNMAP_VADDR 0x4 /* since 5.12 */

struct ic_vfio_dma_unmap {
	uint32_t argsz, flags;
	uint64_t iova, size;
};
static_assert(sizeof(struct ic_vfio_dma_unmap) == 24, "layout");

struct ic_vfio_bitmap {
	uint64_t pgsize, size; /* size in bytes: whole 64-bit words */
	uint64_t data;
};
static_assert(sizeof(struct ic_vfio_bitmap) == 24 && offsetof(struct ic_vfio_bitmap, data) == 16, "layout");

/* With UNMAP_DIRTY the bitmap follows. */
struct ic_vfio_dma_unmap_dirty {
	struct ic_vfio_dma_unmap head;
	struct ic_vfio_bitmap bitmap;
};
static_assert(sizeof(struct ic_vfio_dma_unmap_dirty) == 48 && offsetof(struct ic_vfio_dma_unmap_dirty, bitmap) == 24,
	      "layout");

/* VFIO_IOMMU_DIRTY_PAGES: one of these at a time. */
#define IC_VFIO_DIRTY_START 0x1
#define IC_VFIO_DIRTY_STOP 0x2
#define IC_VFIO_DIRTY_GET 0x4

struct ic_vfio_dirty {
	uint32_t argsz, flags;
};
static_assert(sizeof(struct ic_vfio_dirty) == 8, "layout");

/* With DIRTY_GET the range and where its bits go follow. */
struct ic_vfio_dirty_get {
	struct ic_vfio_dirty head;
	uint64_t iova, size;
	struct ic_vfio_bitmap bitmap;
};
static_assert(sizeof(struct ic_vfio_dirty_get) == 48 && offsetof(struct ic_vfio_dirty_get, iova) == 8 &&
		      offsetof(struct ic_vfio_dirty_get, bitmap) == 24,
	      "layout");

#define IC_VFIO_DEVICE_FLAG_RESET 0x1
#define IC_VFIO_DEVICE_FLAG_PCI 0x2

struct ic_vfio_device_info {
	uint32_t argsz, flags, num_regions, num_irqs, cap_offset, pad;
};
static_assert(sizeof(struct ic_vfio_device_info) == 24, "layout");

#define IC_VFIO_REGION_READ 0x1
#define IC_VFIO_REGION_WRITE 0x2
#define IC_VFIO_REGION_MMAP 0x4
#define IC_VFIO_REGION_CAPS 0x8
#define IC_VFIO_REGION_CONFIG 7 /* 0..5 are the BARs, 6 the ROM, 8 VGA */

struct ic_vfio_region_info {
	uint32_t argsz, flags, index, cap_offset;
	uint64_t size, offset;
};
static_assert(sizeof(struct ic_vfio_region_info) == 32, "layout");

#define IC_VFIO_CAP_SPARSE_MMAP 1

struct ic_vfio_cap_sparse {
	uint32_t nr_areas, reserved;
};
static_assert(sizeof(struct ic_vfio_cap_sparse) == 8, "layout");

struct ic_vfio_sparse_area {
	uint64_t offset, size;
};
static_assert(sizeof(struct ic_vfio_sparse_area) == 16, "layout");

#define IC_VFIO_CAP_TYPE 2 /* of regions that a driver adds */
#define IC_VFIO_REGION_TYPE_MIGRATION_V1 3
#define IC_VFIO_REGION_SUBTYPE_MIGRATION_V1 1

struct ic_vfio_cap_type {
	uint32_t type, subtype;
};
static_assert(sizeof(struct ic_vfio_cap_type) == 8, "layout");

struct ic_vfio_irq_info {
	uint32_t argsz, flags, index, count;
};
static_assert(sizeof(struct ic_vfio_irq_info) == 16, "layout");

#define IC_VFIO_IRQ_INFO_EVENTFD 0x1
#define IC_VFIO_IRQ_INFO_MASKABLE 0x2
#define IC_VFIO_IRQ_INFO_AUTOMASKED 0x4
#define IC_VFIO_IRQ_INFO_NORESIZE 0x8

#define IC_VFIO_IRQ_DATA_NONE 0x1
#define IC_VFIO_IRQ_DATA_EVENTFD 0x4
#define IC_VFIO_IRQ_MASK 0x8
#define IC_VFIO_IRQ_UNMASK 0x10
#define IC_VFIO_IRQ_TRIGGER 0x20

struct ic_vfio_irq_set {
	uint32_t argsz, flags, index, start, count;
	int32_t fds[]; /* with DATA_EVENTFD: count of them, and argsz says so */
};
static_assert(sizeof(struct ic_vfio_irq_set) == 20, "layout");

#define IC_VFIO_HOT_RESET_DEV_ID 0x1	   /* of a cdev: ids instead of groups, since 6.6 */
#define IC_VFIO_HOT_RESET_DEV_ID_OWNED 0x2 /* all of them are ours */

struct ic_vfio_dependent_device {
	uint32_t group;
	uint16_t segment;
	uint8_t bus, devfn;
};
static_assert(sizeof(struct ic_vfio_dependent_device) == 8, "layout");

struct ic_vfio_hot_reset_info {
	uint32_t argsz, flags, count;
	struct ic_vfio_dependent_device devices[];
};
static_assert(sizeof(struct ic_vfio_hot_reset_info) == 12, "layout");

struct ic_vfio_hot_reset {
	uint32_t argsz, flags, count;
	int32_t group_fds[];
};
static_assert(sizeof(struct ic_vfio_hot_reset) == 12, "layout");

/* The device's own node (cdev), since 6.6. */
#define IC_VFIO_DEVICE_BIND_IOMMUFD IC_VFIO_IO(18)
#define IC_VFIO_DEVICE_ATTACH_IOMMUFD_PT IC_VFIO_IO(19)
#define IC_VFIO_DEVICE_DETACH_IOMMUFD_PT IC_VFIO_IO(20)
static_assert(IC_VFIO_DEVICE_BIND_IOMMUFD == 0x3b76 && IC_VFIO_DEVICE_DETACH_IOMMUFD_PT == 0x3b78, "ioctl number");

#define IC_VFIO_BIND_TOKEN 0x1 /* since 6.17 */

struct ic_vfio_bind_iommufd {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t out_devid;
	uint64_t token_uuid_ptr; /* 16 bytes in the order of the text */
};
static_assert(sizeof(struct ic_vfio_bind_iommufd) == 24 && offsetof(struct ic_vfio_bind_iommufd, token_uuid_ptr) == 16,
	      "layout");

#define IC_VFIO_PT_PASID 0x1 /* since 6.15 */

struct ic_vfio_attach_pt {
	uint32_t argsz, flags, pt_id, pasid;
};
static_assert(sizeof(struct ic_vfio_attach_pt) == 16, "layout");

struct ic_vfio_detach_pt {
	uint32_t argsz, flags, pasid;
};
static_assert(sizeof(struct ic_vfio_detach_pt) == 12, "layout");

#define IC_VFIO_IOEVENTFD_SIZES 0xf /* the flag is the width: 1, 2, 4 or 8 */

struct ic_vfio_ioeventfd {
	uint32_t argsz, flags;
	uint64_t offset, data;
	int32_t fd;
	uint32_t reserved;
};
static_assert(sizeof(struct ic_vfio_ioeventfd) == 32, "layout");

#define IC_VFIO_FEATURE_GET 0x10000
#define IC_VFIO_FEATURE_SET 0x20000
#define IC_VFIO_FEATURE_PROBE 0x40000

#define IC_VFIO_FEATURE_MIGRATION 1	  /* since 5.18 */
#define IC_VFIO_FEATURE_MIG_STATE 2	  /* since 5.18 */
#define IC_VFIO_FEATURE_LOW_POWER_ENTRY 3 /* since 6.1, as the next two */
#define IC_VFIO_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP 4
#define IC_VFIO_FEATURE_LOW_POWER_EXIT 5
#define IC_VFIO_FEATURE_LOG_START 6 /* DMA_LOGGING_*, since 6.1 */
#define IC_VFIO_FEATURE_LOG_STOP 7
#define IC_VFIO_FEATURE_LOG_REPORT 8
#define IC_VFIO_FEATURE_MIG_DATA_SIZE 9 /* since 6.2 */
#define IC_VFIO_FEATURE_DMA_BUF 11	/* since 6.19 */
#define IC_VFIO_FEATURE_NR 14		/* that we know names of */

struct ic_vfio_feature {
	uint32_t argsz, flags;
};
static_assert(sizeof(struct ic_vfio_feature) == 8, "layout");

struct ic_vfio_feature_migration {
	struct ic_vfio_feature head;
	uint64_t flags;
};
static_assert(sizeof(struct ic_vfio_feature_migration) == 16, "layout");

struct ic_vfio_feature_mig_state {
	struct ic_vfio_feature head;
	uint32_t device_state;
	int32_t data_fd; /* out: -1 none */
};
static_assert(sizeof(struct ic_vfio_feature_mig_state) == 16, "layout");

struct ic_vfio_feature_mig_data_size {
	struct ic_vfio_feature head;
	uint64_t stop_copy_length;
};
static_assert(sizeof(struct ic_vfio_feature_mig_data_size) == 16, "layout");

/* Of the descriptor that carries the stream, since 6.2. */
#define IC_VFIO_MIG_GET_PRECOPY_INFO IC_VFIO_IO(21)
static_assert(IC_VFIO_MIG_GET_PRECOPY_INFO == 0x3b79, "ioctl number");

struct ic_vfio_precopy_info {
	uint32_t argsz, flags;
	uint64_t initial_bytes, dirty_bytes;
};
static_assert(sizeof(struct ic_vfio_precopy_info) == 24, "layout");

struct ic_vfio_feature_low_power_wakeup {
	struct ic_vfio_feature head;
	int32_t wakeup_eventfd;
	uint32_t reserved;
};
static_assert(sizeof(struct ic_vfio_feature_low_power_wakeup) == 16, "layout");

struct ic_vfio_log_range {
	uint64_t iova, length;
};
static_assert(sizeof(struct ic_vfio_log_range) == 16, "layout");

struct ic_vfio_feature_log_start {
	struct ic_vfio_feature head;
	uint64_t page_size; /* in and out */
	uint32_t num_ranges, reserved;
	uint64_t ranges;
};
static_assert(sizeof(struct ic_vfio_feature_log_start) == 32 &&
		      offsetof(struct ic_vfio_feature_log_start, num_ranges) == 16 &&
		      offsetof(struct ic_vfio_feature_log_start, ranges) == 24,
	      "layout");

struct ic_vfio_feature_log_report {
	struct ic_vfio_feature head;
	uint64_t iova, length, page_size, bitmap;
};
static_assert(sizeof(struct ic_vfio_feature_log_report) == 40 &&
		      offsetof(struct ic_vfio_feature_log_report, bitmap) == 32,
	      "layout");

/* With one range; more follow in the same form. */
struct ic_vfio_feature_dma_buf {
	struct ic_vfio_feature head;
	uint32_t region_index, open_flags, flags, nr_ranges;
	uint64_t offset, length;
};
static_assert(sizeof(struct ic_vfio_feature_dma_buf) == 40, "layout");

#endif
