/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to iommu/: the backend mock's objects. One context of /dev/iommu, mock devices on it, their page tables. */
#ifndef IC_IOMMU_MOCK_H
#define IC_IOMMU_MOCK_H

#include <pthread.h>

#include "iommu/access.h"
#include "iommu/iommufd.h"
#include "iommu/mock_abi.h"

/* A page table, as far as we know of it. Those the kernel makes by itself for a space go with the last attachment. */
struct mock_table {
	uint32_t id, ioas;
	bool nested, automatic;
	struct mock_table *next;
};

/*
 * A nested page table over the first space's: nobody uses it, and the kernel's own note of its IOTLB must change by
 * invalidation alone. An entry that was invalidated reads 0.
 */
struct mock_iotlb {
	uint32_t hwpt; /* 0: this kernel has none */
	uint32_t dev;  /* iommufd device it was made for */
	uint32_t value[IC_MOCK_IOTLB_ENTRIES];
	unsigned int unmaps, turn;
};

struct mock {
	struct iommufd ctx;
	uint32_t device_flags;
	uint64_t unit; /* bytes of the smallest entry of a page table */
	pthread_mutex_t lock;
	struct mock_table *tables;
	uint32_t parent; /* the first space's page table, able to be a parent; 0: the kernel's automatic one */
	struct mock_iotlb iotlb;
};

struct mock_access {
	struct idev_access access;
	int fd;
	struct mock_access *next;
};

#define MOCK_PASIDS_MAX 64

struct mock_device {
	struct iommu_device idev;
	struct mock *mock;
	uint32_t stdev;	 /* the test object: attach and detach name this */
	uint32_t object; /* iommufd's own device */
	uint32_t pt;	 /* what it is attached to: a space or a page table */
	uint32_t ioas;	 /* the space that this translates, where the accesses go */
	struct mock_access *accesses;
	uint32_t pasids[MOCK_PASIDS_MAX];
	unsigned int nr_pasids;
};

/* The context that @iommu, perhaps a further space of it, belongs to. */
struct mock *to_mock(const struct iommu *iommu);

static inline struct mock_device *to_mock_device(const struct iommu_device *idev)
{
	return container_of(idev, struct mock_device, idev);
}

/* One test command on the context; fills in the size. */
int mock_cmd(const struct mock *mock, enum ic_mock_op op, struct ic_mock_cmd *cmd);

/* mock_device.c */
extern const struct idev_ops mock_idev_ops;
int mock_device_attach(struct iommu_device *idev, uint32_t pt_id, uint32_t pasid);
int mock_device_detach(struct iommu_device *idev, uint32_t pasid);
uint32_t mock_device_object(const struct iommu_device *idev);
/* As iommu_test_fault() and iommu_test_event(). */
int mock_test_fault(struct iommu_device *idev, const struct iommu_pgfault *fault);
int mock_test_event(struct iommu_device *idev);
/* Closes the accesses and destroys the device. */
void mock_device_free(struct mock_device *d);

/* mock_table.c */
int mock_table_note(struct mock *mock, uint32_t id, uint32_t ioas, bool nested, bool automatic);
void mock_table_forget(struct mock *mock, uint32_t id);
void mock_tables_free(struct mock *mock);
/* The space that page table @id translates; @id itself when it is no page table. */
uint32_t mock_table_ioas(const struct mock *mock, uint32_t id);
/* Bytes of the smallest entry of page table @id, found by asking. */
uint64_t mock_table_unit(const struct mock *mock, uint32_t id);
/* As iommu_check_table(). */
int mock_check_table(struct iommu *iommu, const void *va, iova_t iova, uint64_t size, bool mapped, int pins,
		     struct fail *f);

/* mock_dirty.c: pages are marked dirty by a test command, as no device writes. */
extern const struct dirty_ops mock_dirty_ops;

/* mock_iotlb.c: on behalf of mock_check_table(), with the lock held. */
void mock_iotlb_open(struct mock *mock, uint32_t dev);
void mock_iotlb_close(struct mock *mock);
/* -EILSEQ: an entry is not what it should be; every so many unmaps entries are invalidated first. */
int mock_iotlb_check(struct mock *mock, bool unmapped, struct fail *f);

#endif
