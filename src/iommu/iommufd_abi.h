/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's iommufd interface as declared by us: numbers and layouts of Linux 6.2 to 7.3, include/uapi/linux/iommufd.h.
 * Own names, because the headers of the distributions the tool is built on are older, or lack it. Every ioctl's argument
 * begins with its own size: a kernel takes a longer one whose tail is zero, and answers E2BIG where the tail is not.
 */
#ifndef IC_IOMMU_IOMMUFD_ABI_H
#define IC_IOMMU_IOMMUFD_ABI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define IC_IOMMUFD_IO(n) _IO(';', n)

#define IC_IOMMUFD_DESTROY IC_IOMMUFD_IO(0x80)
#define IC_IOMMUFD_IOAS_ALLOC IC_IOMMUFD_IO(0x81)
#define IC_IOMMUFD_IOAS_ALLOW_IOVAS IC_IOMMUFD_IO(0x82)
#define IC_IOMMUFD_IOAS_COPY IC_IOMMUFD_IO(0x83)
#define IC_IOMMUFD_IOAS_IOVA_RANGES IC_IOMMUFD_IO(0x84)
#define IC_IOMMUFD_IOAS_MAP IC_IOMMUFD_IO(0x85)
#define IC_IOMMUFD_IOAS_UNMAP IC_IOMMUFD_IO(0x86)
#define IC_IOMMUFD_OPTION IC_IOMMUFD_IO(0x87)
#define IC_IOMMUFD_VFIO_IOAS IC_IOMMUFD_IO(0x88)
#define IC_IOMMUFD_HWPT_ALLOC IC_IOMMUFD_IO(0x89)
#define IC_IOMMUFD_GET_HW_INFO IC_IOMMUFD_IO(0x8a)
#define IC_IOMMUFD_HWPT_SET_DIRTY_TRACKING IC_IOMMUFD_IO(0x8b)
#define IC_IOMMUFD_HWPT_GET_DIRTY_BITMAP IC_IOMMUFD_IO(0x8c)
#define IC_IOMMUFD_HWPT_INVALIDATE IC_IOMMUFD_IO(0x8d)
#define IC_IOMMUFD_FAULT_QUEUE_ALLOC IC_IOMMUFD_IO(0x8e)
#define IC_IOMMUFD_IOAS_MAP_FILE IC_IOMMUFD_IO(0x8f)
#define IC_IOMMUFD_VIOMMU_ALLOC IC_IOMMUFD_IO(0x90)
#define IC_IOMMUFD_VDEVICE_ALLOC IC_IOMMUFD_IO(0x91)
#define IC_IOMMUFD_IOAS_CHANGE_PROCESS IC_IOMMUFD_IO(0x92)
#define IC_IOMMUFD_VEVENTQ_ALLOC IC_IOMMUFD_IO(0x93)
#define IC_IOMMUFD_HW_QUEUE_ALLOC IC_IOMMUFD_IO(0x94)
#define IC_IOMMUFD_IOAS_NOIOMMU_GET_PA IC_IOMMUFD_IO(0x95)

static_assert(IC_IOMMUFD_DESTROY == 0x3b80 && IC_IOMMUFD_IOAS_NOIOMMU_GET_PA == 0x3b95, "ioctl number");

#define IC_IOMMUFD_IOAS_MAP_FIXED_IOVA 0x1
#define IC_IOMMUFD_IOAS_MAP_WRITEABLE 0x2
#define IC_IOMMUFD_IOAS_MAP_READABLE 0x4
#define IC_IOMMUFD_OPTION_RLIMIT_MODE 0
#define IC_IOMMUFD_OPTION_HUGE_PAGES 0x1
#define IC_IOMMUFD_OPTION_OP_SET 0
#define IC_IOMMUFD_OPTION_OP_GET 0x1
#define IC_IOMMUFD_VFIO_IOAS_GET 0
#define IC_IOMMUFD_VFIO_IOAS_SET 0x1
#define IC_IOMMUFD_VFIO_IOAS_CLEAR 0x2
#define IC_IOMMUFD_HWPT_ALLOC_NEST_PARENT 0x1
#define IC_IOMMUFD_HWPT_ALLOC_DIRTY_TRACKING 0x2
#define IC_IOMMUFD_HWPT_FAULT_ID_VALID 0x4
#define IC_IOMMUFD_HWPT_ALLOC_PASID 0x8
#define IC_IOMMUFD_VTD_S1_SRE 0x1
#define IC_IOMMUFD_VTD_S1_EAFE 0x2
#define IC_IOMMUFD_VTD_S1_WPE 0x4
#define IC_IOMMUFD_HWPT_DATA_NONE 0
#define IC_IOMMUFD_HWPT_DATA_VTD_S1 0x1
#define IC_IOMMUFD_HWPT_DATA_ARM_SMMUV3 0x2
#define IC_IOMMUFD_HWPT_DATA_AMD_GUEST 0x3
#define IC_IOMMUFD_HW_INFO_VTD_ERRATA_772415_SPR17 0x1
#define IC_IOMMUFD_HW_INFO_ARM_SMMUV3_ERRATA_REPEAT_TLBI_CFGI 0x1
#define IC_IOMMUFD_HW_INFO_TYPE_NONE 0
#define IC_IOMMUFD_HW_INFO_TYPE_DEFAULT 0
#define IC_IOMMUFD_HW_INFO_TYPE_INTEL_VTD 0x1
#define IC_IOMMUFD_HW_INFO_TYPE_ARM_SMMUV3 0x2
#define IC_IOMMUFD_HW_INFO_TYPE_TEGRA241_CMDQV 0x3
#define IC_IOMMUFD_HW_INFO_TYPE_AMD 0x4
#define IC_IOMMUFD_HW_CAP_DIRTY_TRACKING 0x1
#define IC_IOMMUFD_HW_CAP_PCI_PASID_EXEC 0x2
#define IC_IOMMUFD_HW_CAP_PCI_PASID_PRIV 0x4
#define IC_IOMMUFD_HW_CAP_PCI_ATS_NOT_SUPPORTED 0x8
#define IC_IOMMUFD_HW_INFO_FLAG_INPUT_TYPE 0x1
#define IC_IOMMUFD_HWPT_DIRTY_TRACKING_ENABLE 0x1
#define IC_IOMMUFD_HWPT_GET_DIRTY_BITMAP_NO_CLEAR 0x1
#define IC_IOMMUFD_HWPT_INVALIDATE_DATA_VTD_S1 0
#define IC_IOMMUFD_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3 0x1
#define IC_IOMMUFD_VTD_INV_FLAGS_LEAF 0x1
#define IC_IOMMUFD_PGFAULT_FLAGS_PASID_VALID 0x1
#define IC_IOMMUFD_PGFAULT_FLAGS_LAST_PAGE 0x2
#define IC_IOMMUFD_PGFAULT_PERM_READ 0x1
#define IC_IOMMUFD_PGFAULT_PERM_WRITE 0x2
#define IC_IOMMUFD_PGFAULT_PERM_EXEC 0x4
#define IC_IOMMUFD_PGFAULT_PERM_PRIV 0x8
#define IC_IOMMUFD_VIOMMU_TYPE_DEFAULT 0
#define IC_IOMMUFD_VIOMMU_TYPE_ARM_SMMUV3 0x1
#define IC_IOMMUFD_VIOMMU_TYPE_TEGRA241_CMDQV 0x2
#define IC_IOMMUFD_VEVENTQ_FLAG_LOST_EVENTS 0x1
#define IC_IOMMUFD_VEVENTQ_TYPE_DEFAULT 0
#define IC_IOMMUFD_VEVENTQ_TYPE_ARM_SMMUV3 0x1
#define IC_IOMMUFD_VEVENTQ_TYPE_TEGRA241_CMDQV 0x2
#define IC_IOMMUFD_HW_QUEUE_TYPE_DEFAULT 0
#define IC_IOMMUFD_HW_QUEUE_TYPE_TEGRA241_CMDQV 0x1

struct ic_iommufd_destroy {
	uint32_t size;
	uint32_t id;
};
static_assert(sizeof(struct ic_iommufd_destroy) == 8 && offsetof(struct ic_iommufd_destroy, id) == 4, "layout");

struct ic_iommufd_fault_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t out_fault_id;
	int32_t out_fault_fd;
};
static_assert(sizeof(struct ic_iommufd_fault_alloc) == 16 &&
		      offsetof(struct ic_iommufd_fault_alloc, out_fault_fd) == 12,
	      "layout");

struct ic_iommufd_hw_info {
	uint32_t size;
	uint32_t flags;
	uint32_t dev_id;
	uint32_t data_len;
	uint64_t data_uptr;
	uint32_t data_type;
	uint8_t out_max_pasid_log2;
	uint8_t reserved[3];
	uint64_t out_capabilities;
};
static_assert(sizeof(struct ic_iommufd_hw_info) == 40 && offsetof(struct ic_iommufd_hw_info, out_capabilities) == 32,
	      "layout");

struct ic_iommufd_hw_info_amd {
	uint64_t efr;
	uint64_t efr2;
};
static_assert(sizeof(struct ic_iommufd_hw_info_amd) == 16 && offsetof(struct ic_iommufd_hw_info_amd, efr2) == 8,
	      "layout");

struct ic_iommufd_hw_info_arm_smmuv3 {
	uint32_t flags;
	uint32_t reserved;
	uint32_t idr[6];
	uint32_t iidr;
	uint32_t aidr;
};
static_assert(sizeof(struct ic_iommufd_hw_info_arm_smmuv3) == 40 &&
		      offsetof(struct ic_iommufd_hw_info_arm_smmuv3, aidr) == 36,
	      "layout");

struct ic_iommufd_hw_info_tegra241_cmdqv {
	uint32_t flags;
	uint8_t version;
	uint8_t log2vcmdqs;
	uint8_t log2vsids;
	uint8_t reserved;
};
static_assert(sizeof(struct ic_iommufd_hw_info_tegra241_cmdqv) == 8 &&
		      offsetof(struct ic_iommufd_hw_info_tegra241_cmdqv, reserved) == 7,
	      "layout");

struct ic_iommufd_hw_info_vtd {
	uint32_t flags;
	uint32_t reserved;
	uint64_t cap_reg;
	uint64_t ecap_reg;
};
static_assert(sizeof(struct ic_iommufd_hw_info_vtd) == 24 && offsetof(struct ic_iommufd_hw_info_vtd, ecap_reg) == 16,
	      "layout");

struct ic_iommufd_hw_queue_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t viommu_id;
	uint32_t type;
	uint32_t index;
	uint32_t out_hw_queue_id;
	uint64_t nesting_parent_iova;
	uint64_t length;
};
static_assert(sizeof(struct ic_iommufd_hw_queue_alloc) == 40 &&
		      offsetof(struct ic_iommufd_hw_queue_alloc, length) == 32,
	      "layout");

struct ic_iommufd_hwpt_amd_guest {
	uint64_t dte[4];
};
static_assert(sizeof(struct ic_iommufd_hwpt_amd_guest) == 32, "layout");

struct ic_iommufd_hwpt_arm_smmuv3 {
	uint64_t ste[2];
};
static_assert(sizeof(struct ic_iommufd_hwpt_arm_smmuv3) == 16, "layout");

struct ic_iommufd_hwpt_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t dev_id;
	uint32_t pt_id;
	uint32_t out_hwpt_id;
	uint32_t reserved;
	uint32_t data_type;
	uint32_t data_len;
	uint64_t data_uptr;
	uint32_t fault_id;
	uint32_t reserved2;
};
static_assert(sizeof(struct ic_iommufd_hwpt_alloc) == 48 && offsetof(struct ic_iommufd_hwpt_alloc, reserved2) == 44,
	      "layout");

struct ic_iommufd_hwpt_get_dirty_bitmap {
	uint32_t size;
	uint32_t hwpt_id;
	uint32_t flags;
	uint32_t reserved;
	uint64_t iova;
	uint64_t length;
	uint64_t page_size;
	uint64_t data;
};
static_assert(sizeof(struct ic_iommufd_hwpt_get_dirty_bitmap) == 48 &&
		      offsetof(struct ic_iommufd_hwpt_get_dirty_bitmap, data) == 40,
	      "layout");

struct ic_iommufd_hwpt_invalidate {
	uint32_t size;
	uint32_t hwpt_id;
	uint64_t data_uptr;
	uint32_t data_type;
	uint32_t entry_len;
	uint32_t entry_num;
	uint32_t reserved;
};
static_assert(sizeof(struct ic_iommufd_hwpt_invalidate) == 32 &&
		      offsetof(struct ic_iommufd_hwpt_invalidate, reserved) == 28,
	      "layout");

struct ic_iommufd_hwpt_page_response {
	uint32_t cookie;
	uint32_t code;
};
static_assert(sizeof(struct ic_iommufd_hwpt_page_response) == 8 &&
		      offsetof(struct ic_iommufd_hwpt_page_response, code) == 4,
	      "layout");

struct ic_iommufd_hwpt_pgfault {
	uint32_t flags;
	uint32_t dev_id;
	uint32_t pasid;
	uint32_t grpid;
	uint32_t perm;
	uint32_t reserved;
	uint64_t addr;
	uint32_t length;
	uint32_t cookie;
};
static_assert(sizeof(struct ic_iommufd_hwpt_pgfault) == 40 && offsetof(struct ic_iommufd_hwpt_pgfault, cookie) == 36,
	      "layout");

struct ic_iommufd_hwpt_set_dirty_tracking {
	uint32_t size;
	uint32_t flags;
	uint32_t hwpt_id;
	uint32_t reserved;
};
static_assert(sizeof(struct ic_iommufd_hwpt_set_dirty_tracking) == 16 &&
		      offsetof(struct ic_iommufd_hwpt_set_dirty_tracking, reserved) == 12,
	      "layout");

struct ic_iommufd_hwpt_vtd_s1 {
	uint64_t flags;
	uint64_t pgtbl_addr;
	uint32_t addr_width;
	uint32_t reserved;
};
static_assert(sizeof(struct ic_iommufd_hwpt_vtd_s1) == 24 && offsetof(struct ic_iommufd_hwpt_vtd_s1, reserved) == 20,
	      "layout");

struct ic_iommufd_hwpt_vtd_s1_invalidate {
	uint64_t addr;
	uint64_t npages;
	uint32_t flags;
	uint32_t reserved;
};
static_assert(sizeof(struct ic_iommufd_hwpt_vtd_s1_invalidate) == 24 &&
		      offsetof(struct ic_iommufd_hwpt_vtd_s1_invalidate, reserved) == 20,
	      "layout");

struct ic_iommufd_ioas_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t out_ioas_id;
};
static_assert(sizeof(struct ic_iommufd_ioas_alloc) == 12 && offsetof(struct ic_iommufd_ioas_alloc, out_ioas_id) == 8,
	      "layout");

struct ic_iommufd_ioas_allow_iovas {
	uint32_t size;
	uint32_t ioas_id;
	uint32_t num_iovas;
	uint32_t reserved;
	uint64_t allowed_iovas;
};
static_assert(sizeof(struct ic_iommufd_ioas_allow_iovas) == 24 &&
		      offsetof(struct ic_iommufd_ioas_allow_iovas, allowed_iovas) == 16,
	      "layout");

struct ic_iommufd_ioas_change_process {
	uint32_t size;
	uint32_t reserved;
};
static_assert(sizeof(struct ic_iommufd_ioas_change_process) == 8 &&
		      offsetof(struct ic_iommufd_ioas_change_process, reserved) == 4,
	      "layout");

struct ic_iommufd_ioas_copy {
	uint32_t size;
	uint32_t flags;
	uint32_t dst_ioas_id;
	uint32_t src_ioas_id;
	uint64_t length;
	uint64_t dst_iova;
	uint64_t src_iova;
};
static_assert(sizeof(struct ic_iommufd_ioas_copy) == 40 && offsetof(struct ic_iommufd_ioas_copy, src_iova) == 32,
	      "layout");

struct ic_iommufd_ioas_iova_ranges {
	uint32_t size;
	uint32_t ioas_id;
	uint32_t num_iovas;
	uint32_t reserved;
	uint64_t allowed_iovas;
	uint64_t out_iova_alignment;
};
static_assert(sizeof(struct ic_iommufd_ioas_iova_ranges) == 32 &&
		      offsetof(struct ic_iommufd_ioas_iova_ranges, out_iova_alignment) == 24,
	      "layout");

struct ic_iommufd_ioas_map {
	uint32_t size;
	uint32_t flags;
	uint32_t ioas_id;
	uint32_t reserved;
	uint64_t user_va;
	uint64_t length;
	uint64_t iova;
};
static_assert(sizeof(struct ic_iommufd_ioas_map) == 40 && offsetof(struct ic_iommufd_ioas_map, iova) == 32, "layout");

struct ic_iommufd_ioas_map_file {
	uint32_t size;
	uint32_t flags;
	uint32_t ioas_id;
	int32_t fd;
	uint64_t start;
	uint64_t length;
	uint64_t iova;
};
static_assert(sizeof(struct ic_iommufd_ioas_map_file) == 40 && offsetof(struct ic_iommufd_ioas_map_file, iova) == 32,
	      "layout");

struct ic_iommufd_ioas_noiommu_get_pa {
	uint32_t size;
	uint32_t flags;
	uint32_t ioas_id;
	uint32_t reserved;
	uint64_t iova;
	uint64_t length;
	uint64_t out_phys;
};
static_assert(sizeof(struct ic_iommufd_ioas_noiommu_get_pa) == 40 &&
		      offsetof(struct ic_iommufd_ioas_noiommu_get_pa, out_phys) == 32,
	      "layout");

struct ic_iommufd_ioas_unmap {
	uint32_t size;
	uint32_t ioas_id;
	uint64_t iova;
	uint64_t length;
};
static_assert(sizeof(struct ic_iommufd_ioas_unmap) == 24 && offsetof(struct ic_iommufd_ioas_unmap, length) == 16,
	      "layout");

struct ic_iommufd_iova_range {
	uint64_t start;
	uint64_t last;
};
static_assert(sizeof(struct ic_iommufd_iova_range) == 16 && offsetof(struct ic_iommufd_iova_range, last) == 8,
	      "layout");

struct ic_iommufd_option {
	uint32_t size;
	uint32_t option_id;
	uint16_t op;
	uint16_t reserved;
	uint32_t object_id;
	uint64_t val64;
};
static_assert(sizeof(struct ic_iommufd_option) == 24 && offsetof(struct ic_iommufd_option, val64) == 16, "layout");

struct ic_iommufd_vdevice_alloc {
	uint32_t size;
	uint32_t viommu_id;
	uint32_t dev_id;
	uint32_t out_vdevice_id;
	uint64_t virt_id;
};
static_assert(sizeof(struct ic_iommufd_vdevice_alloc) == 24 && offsetof(struct ic_iommufd_vdevice_alloc, virt_id) == 16,
	      "layout");

struct ic_iommufd_vevent_arm_smmuv3 {
	uint64_t evt[4];
};
static_assert(sizeof(struct ic_iommufd_vevent_arm_smmuv3) == 32 &&
		      offsetof(struct ic_iommufd_vevent_arm_smmuv3, evt) == 0,
	      "layout");

struct ic_iommufd_vevent_tegra241_cmdqv {
	uint64_t lvcmdq_err_map[2];
};
static_assert(sizeof(struct ic_iommufd_vevent_tegra241_cmdqv) == 16 &&
		      offsetof(struct ic_iommufd_vevent_tegra241_cmdqv, lvcmdq_err_map) == 0,
	      "layout");

struct ic_iommufd_veventq_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t viommu_id;
	uint32_t type;
	uint32_t veventq_depth;
	uint32_t out_veventq_id;
	int32_t out_veventq_fd;
	uint32_t reserved;
};
static_assert(sizeof(struct ic_iommufd_veventq_alloc) == 32 &&
		      offsetof(struct ic_iommufd_veventq_alloc, reserved) == 28,
	      "layout");

struct ic_iommufd_vfio_ioas {
	uint32_t size;
	uint32_t ioas_id;
	uint16_t op;
	uint16_t reserved;
};
static_assert(sizeof(struct ic_iommufd_vfio_ioas) == 12 && offsetof(struct ic_iommufd_vfio_ioas, reserved) == 10,
	      "layout");

struct ic_iommufd_viommu_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t type;
	uint32_t dev_id;
	uint32_t hwpt_id;
	uint32_t out_viommu_id;
	uint32_t data_len;
	uint32_t reserved;
	uint64_t data_uptr;
};
static_assert(sizeof(struct ic_iommufd_viommu_alloc) == 40 && offsetof(struct ic_iommufd_viommu_alloc, data_uptr) == 32,
	      "layout");

struct ic_iommufd_viommu_arm_smmuv3_invalidate {
	uint64_t cmd[2];
};
static_assert(sizeof(struct ic_iommufd_viommu_arm_smmuv3_invalidate) == 16 &&
		      offsetof(struct ic_iommufd_viommu_arm_smmuv3_invalidate, cmd) == 0,
	      "layout");

struct ic_iommufd_viommu_tegra241_cmdqv {
	uint64_t out_vintf_mmap_offset;
	uint64_t out_vintf_mmap_length;
};
static_assert(sizeof(struct ic_iommufd_viommu_tegra241_cmdqv) == 16 &&
		      offsetof(struct ic_iommufd_viommu_tegra241_cmdqv, out_vintf_mmap_length) == 8,
	      "layout");

struct ic_iommufd_vevent_header {
	uint32_t flags;
	uint32_t sequence;
};
static_assert(sizeof(struct ic_iommufd_vevent_header) == 8 && offsetof(struct ic_iommufd_vevent_header, sequence) == 4,
	      "layout");

#endif
