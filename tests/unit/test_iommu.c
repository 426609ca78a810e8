/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommu/iommu, mapping, explain: the ledger beside a backend that can refuse, and the words for every refusal. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "iommu/backend.h"
#include "iommu/ledger.h"

/* A backend that accepts what does not overlap, and answers as it is told. It takes the place of the VFIO ones here. */
#define FAKE_SLOTS 64

static struct {
	struct iova_range slots[FAKE_SLOTS];
	bool used[FAKE_SLOTS];
	pthread_mutex_t lock;
	int map_err, unmap_err;
	bool accepts_overlap;
	unsigned int unmaps, detached, closed;
	uint64_t seen_by_all; /* ledger entries while unmap_all ran */
	char options[32];
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int fake_open(const char *options, const struct iommu_params *params, struct iommu **out, struct fail *f)
{
	snprintf(fake.options, sizeof(fake.options), "%s", options);
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static int fake_open_v1(const char *options, const struct iommu_params *params, struct iommu **out, struct fail *f)
{
	int err = fake_open(options, params, out, f);

	if (!err)
		(*out)->personality = IOMMU_TYPE1_V1;
	return err;
}

static int fake_open_iommufd(const char *options, const struct iommu_params *params, struct iommu **out, struct fail *f)
{
	int err = fake_open(options, params, out, f);

	if (!err)
		(*out)->personality = IOMMU_IOMMUFD;
	return err;
}

static void fake_close(struct iommu *iommu)
{
	fake.closed++;
	free(iommu);
}

static const struct idev_ops fake_idev_ops;

static int fake_attach(struct iommu *iommu, const char *id, struct iommu_device **out, struct fail *f)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->ops = &fake_idev_ops;
	return 0;
}

static void fake_detach(struct iommu_device *idev)
{
	fake.detached++;
	free(idev);
}

static int fake_map_locked(struct iova_range r)
{
	int unused = -1;

	for (int i = 0; i < FAKE_SLOTS; i++) {
		if (!fake.used[i])
			unused = i;
		else if (iova_range_overlaps(fake.slots[i], r) && !fake.accepts_overlap)
			return -EEXIST;
	}
	assert_true(unused >= 0);
	fake.slots[unused] = r;
	fake.used[unused] = true;
	return 0;
}

static int fake_map(struct iommu *iommu, struct iommu_map_req *req)
{
	int err;

	if (fake.map_err)
		return fake.map_err;
	pthread_mutex_lock(&fake.lock);
	err = fake_map_locked((struct iova_range){req->iova, req->iova + req->size - 1});
	pthread_mutex_unlock(&fake.lock);
	return err;
}

static int fake_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped)
{
	struct iova_range r = {iova, iova + size - 1};

	*unmapped = 0;
	if (fake.unmap_err)
		return fake.unmap_err;
	pthread_mutex_lock(&fake.lock);
	fake.unmaps++;
	for (int i = 0; i < FAKE_SLOTS; i++) {
		if (!fake.used[i] || !iova_range_contains(r, fake.slots[i]))
			continue;
		fake.used[i] = false;
		*unmapped += fake.slots[i].last - fake.slots[i].start + 1;
	}
	pthread_mutex_unlock(&fake.lock);
	return 0;
}

static int fake_unmap_all(struct iommu *iommu, uint64_t *unmapped)
{
	fake.seen_by_all = ledger_count(iommu->ledger);
	return fake_unmap(iommu, 0, 0, unmapped);
}

const struct iommu_ops iommu_vfio_ops = {.name = "vfio",
					 .help = "each by each",
					 .open = fake_open,
					 .close = fake_close,
					 .attach = fake_attach,
					 .detach = fake_detach,
					 .map = fake_map,
					 .unmap = fake_unmap};
const struct iommu_ops iommu_vfio_v1_ops = {.name = "vfio-v1",
					    .help = "all at once",
					    .open = fake_open_v1,
					    .close = fake_close,
					    .attach = fake_attach,
					    .detach = fake_detach,
					    .map = fake_map,
					    .unmap = fake_unmap,
					    .unmap_all = fake_unmap_all};
const struct iommu_ops iommu_iommufd_ops = {.name = "iommufd",
					    .help = "as /dev/iommu",
					    .open = fake_open_iommufd,
					    .close = fake_close,
					    .attach = fake_attach,
					    .detach = fake_detach,
					    .map = fake_map,
					    .unmap = fake_unmap};
/* not opened here; it keeps the real one out of this program */
const struct iommu_ops iommu_iommufd_compat_ops = {.name = "iommufd-compat", .help = "no device"};

static struct iommu *open_fake(const char *spec)
{
	struct iommu_params params = {.spec = spec};
	struct iommu *iommu;

	memset(fake.used, 0, sizeof(fake.used));
	fake.map_err = fake.unmap_err = 0;
	fake.accepts_overlap = false;
	fake.unmaps = fake.detached = fake.closed = 0;
	assert_int_equal(iommu_open(&iommu, &params, NULL), 0);
	iommu->caps = (struct iommu_caps){
		.page_sizes = 0x40201000,
		.ranges_known = true,
		.nr_ranges = 2,
		.ranges = {{0, 0xfedfffff}, {0xfef00000, 0x7fffffffff}},
		.nr_reserved = 1,
		.reserved = {{0xfee00000, 0xfeefffff}},
	};
	return iommu;
}

static int map(struct iommu *iommu, iova_t iova, uint64_t size, struct fail *f)
{
	struct iommu_map_req req = {
		.va = (void *)0x10000, .iova = iova, .size = size, .prot = 3, .tag = "a", .owner = 7};

	return iommu_map(iommu, &req, f);
}

static void test_open(void **state)
{
	static const char *const bad[] = {"", ",x", "nonsense", "vfio2",
					  "a-name-that-is-much-longer-than-any-backend,x"};
	struct iommu_params params = {0};
	const struct iommu_help *help = iommu_backends_help();
	struct fail f = {0};
	struct iommu *iommu;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		params.spec = bad[i];
		assert_int_equal(iommu_open(&iommu, &params, &f), -EINVAL);
		assert_null(iommu);
	}
	params.spec = "nonsense,a=1";
	assert_int_equal(iommu_open(&iommu, &params, &f), -EINVAL);
	assert_string_equal(f.text, "unknown backend \"nonsense\"");
	assert_string_equal(f.hint, "known backends: sim, vfio, vfio-v1, iommufd, iommufd-compat, mock");
	iommu = open_fake("vfio,a=1,b");
	assert_string_equal(fake.options, "a=1,b");
	assert_string_equal(iommu_name(iommu), "vfio");
	iommu_close(iommu);
	assert_int_equal(fake.closed, 1);
	iommu_close(NULL);
	assert_string_equal(help[0].name, "sim");
	assert_string_equal(help[2].name, "vfio-v1");
	assert_string_equal(help[4].name, "iommufd-compat");
	assert_string_equal(help[5].name, "mock");
	assert_null(help[6].name);
}

static void test_ledger(void **state)
{
	struct iommu *iommu = open_fake("vfio");
	struct ledger_entry e;
	uint64_t bytes = 1;

	assert_int_equal(map(iommu, 0x1000, 0x3000, NULL), 0);
	assert_true(ledger_find(iommu_ledger(iommu), (struct iova_range){0x3000, 0x3000}, &e));
	assert_int_equal(e.range.start, 0x1000);
	assert_int_equal(e.range.last, 0x3fff);
	assert_int_equal(e.owner, 7);
	assert_int_equal(e.prot, 3);
	assert_string_equal(e.tag, "a");
	assert_ptr_equal(e.va, (void *)0x10000);
	assert_int_equal(iommu_unmap(iommu, 0x2000, 0x1000, &bytes, NULL), 0); /* a hole to this backend */
	assert_int_equal(bytes, 0);
	assert_int_equal(ledger_count(iommu_ledger(iommu)), 1);
	assert_int_equal(iommu_unmap(iommu, 0, 0x10000, &bytes, NULL), 0);
	assert_int_equal(bytes, 0x3000);
	assert_int_equal(ledger_count(iommu_ledger(iommu)), 0);
	fake.map_err = -ENOSPC;
	assert_int_equal(map(iommu, 0x1000, 0x1000, NULL), -ENOSPC);
	assert_int_equal(ledger_count(iommu_ledger(iommu)), 0);
	iommu_close(iommu);
}

/* A backend that takes what it must refuse: the answer goes up as it is. */
static void test_wrong_accepts(void **state)
{
	struct iommu *iommu = open_fake("vfio");

	fake.accepts_overlap = true;
	assert_int_equal(map(iommu, 0x1000, 0x3000, NULL), 0);
	assert_int_equal(map(iommu, 0x2000, 0x1000, NULL), 0);
	assert_int_equal(map(iommu, 0x2000, 0, NULL), 0);
	assert_int_equal(map(iommu, ~0xfffULL, 0x2000, NULL), 0);
	assert_int_equal(ledger_count(iommu_ledger(iommu)), 1);
	iommu_close(iommu);
}

static void test_refused_unmap(void **state)
{
	struct iommu *iommu = open_fake("vfio");
	struct fail f = {0};
	struct ledger_entry e;

	for (uint64_t i = 0; i < 40; i++)
		assert_int_equal(map(iommu, 0x1000 * i, 0x1000, NULL), 0);
	fake.unmap_err = -EINVAL;
	assert_int_equal(iommu_unmap(iommu, 0, 0x28000, NULL, &f), -EINVAL);
	assert_string_equal(f.text, "cannot unmap 0x28000 bytes at iova 0x0");
	assert_int_equal(ledger_count(iommu_ledger(iommu)), 40);
	assert_int_equal(ledger_bytes(iommu_ledger(iommu)), 0x28000);
	assert_true(ledger_find(iommu_ledger(iommu), (struct iova_range){0x27fff, 0x27fff}, &e));
	assert_string_equal(e.tag, "a");
	fake.unmap_err = 0;
	assert_int_equal(iommu_unmap(iommu, 0, 0x28000, NULL, NULL), 0);
	assert_int_equal(ledger_count(iommu_ledger(iommu)), 0);
	iommu_close(iommu);
}

/* v1 removes whole what starts inside the range, and nothing at all when the range begins inside of one. */
static void test_unmap_v1(void **state)
{
	struct iommu *iommu = open_fake("vfio-v1");

	assert_int_equal(map(iommu, 0x1000, 0x2000, NULL), 0);
	assert_int_equal(map(iommu, 0x4000, 0x4000, NULL), 0);
	assert_int_equal(iommu_unmap(iommu, 0x2000, 0x3000, NULL, NULL), 0);
	assert_int_equal(ledger_count(iommu_ledger(iommu)), 2);
	assert_int_equal(iommu_unmap(iommu, 0x3000, 0x2000, NULL, NULL), 0);
	assert_int_equal(ledger_count(iommu_ledger(iommu)), 1);
	assert_int_equal(ledger_bytes(iommu_ledger(iommu)), 0x2000);
	iommu_close(iommu);
}

static void test_unmap_all(void **state)
{
	static const char *const specs[] = {"vfio", "vfio-v1"};

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		struct iommu *iommu = open_fake(specs[i]);
		uint64_t bytes = 0;

		assert_int_equal(map(iommu, 0x1000, 0x2000, NULL), 0);
		assert_int_equal(map(iommu, 0x8000, 0x1000, NULL), 0);
		assert_int_equal(map(iommu, ~0xfffULL, 0x1000, NULL), 0);
		fake.seen_by_all = 0;
		assert_int_equal(iommu_unmap_all(iommu, &bytes, NULL), 0);
		assert_int_equal(fake.seen_by_all, 0); /* they left before the kernel was asked */
		assert_int_equal(ledger_count(iommu_ledger(iommu)), 0);
		assert_int_equal(fake.unmaps, i == 0 ? 3 : 1);
		if (i == 0)
			assert_int_equal(bytes, 0x4000);
		fake.unmap_err = -EIO;
		assert_int_equal(map(iommu, 0x1000, 0x2000, NULL), 0);
		assert_int_equal(iommu_unmap_all(iommu, &bytes, NULL), -EIO);
		assert_int_equal(ledger_count(iommu_ledger(iommu)), 1);
		iommu_close(iommu);
	}
}

static void test_close(void **state)
{
	struct iommu *iommu = open_fake("vfio");
	struct iommu_device *a, *b, *c;

	assert_int_equal(iommu_attach(iommu, "a", &a, NULL), 0);
	assert_int_equal(iommu_attach(iommu, "b", &b, NULL), 0);
	assert_int_equal(iommu_attach(iommu, "c", &c, NULL), 0);
	assert_ptr_equal(idev_iommu(b), iommu);
	iommu_detach(b);
	assert_int_equal(fake.detached, 1);
	iommu_detach(NULL);
	assert_int_equal(map(iommu, 0x1000, 0x2000, NULL), 0);
	iommu_close(iommu);
	assert_int_equal(fake.unmaps, 1);
	assert_int_equal(fake.detached, 3);
	assert_int_equal(fake.closed, 1);
}

static void test_explain_map(void **state)
{
	static const struct {
		iova_t iova;
		uint64_t size, va;
		int err;
		const char *hint;
	} cases[] = {
		{0x1000, 0, 0, EINVAL, "at least 0x1000"},
		{~0xfffULL, 0x2000, 0, EINVAL, "past 2^64"},
		{0x1001, 0x1000, 0, EINVAL, "multiples of 0x1000"},
		{0x1000, 0x1001, 0, EINVAL, "multiples of 0x1000"},
		{0x1000, 0x1000, 1, EINVAL, "multiples of 0x1000"},
		{0xfee00000, 0x1000, 0, EINVAL, "0xfee00000-0xfeefffff is reserved"},
		{0xfedff000, 0x2000, 0, EINVAL, "0xfee00000-0xfeefffff is reserved"},
		{0x8000000000, 0x1000, 0, EINVAL, "iovas in 0x0-0xfedfffff, 0xfef00000-0x7fffffffff"},
		{0x7ffffff000, 0x2000, 0, EINVAL, "iovas in"},
		{0x2000, 0x1000, 0, EEXIST, "0x1000-0x3fff is mapped already as a"},
		{0x9000, 0x1000, 0, EEXIST, "this process did not map it"},
		{0x9000, 0x1000, 0, ENOSPC, "number of mappings may be limited"},
		{0x9000, 0x1000, 0, EFAULT, "cannot be pinned"},
	};
	struct iommu *iommu = open_fake("vfio");

	assert_int_equal(map(iommu, 0x1000, 0x3000, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct iommu_map_req req = {.va = (void *)(uintptr_t)(0x10000 + cases[i].va),
					    .iova = cases[i].iova,
					    .size = cases[i].size,
					    .prot = 3};
		struct fail f = {0};
		char text[96];

		fake.map_err = -cases[i].err;
		assert_int_equal(iommu_map(iommu, &req, &f), -cases[i].err);
		assert_int_equal(f.err, cases[i].err);
		snprintf(text, sizeof(text), "cannot map 0x%llx bytes at iova 0x%llx",
			 (unsigned long long)cases[i].size, (unsigned long long)cases[i].iova);
		assert_string_equal(f.text, text);
		if (!strstr(f.hint, cases[i].hint))
			fail_msg("case %zu: \"%s\" lacks \"%s\"", i, f.hint, cases[i].hint);
	}
	iommu_close(iommu);
}

/* Before 5.4 the kernel does not tell its ranges. */
static void test_explain_unknown(void **state)
{
	struct iommu *iommu = open_fake("vfio");
	struct fail f = {0};

	iommu->caps = (struct iommu_caps){0};
	fake.map_err = -EINVAL;
	assert_int_equal(map(iommu, 0xfee00000, 0x1000, &f), -EINVAL);
	assert_non_null(strstr(f.hint, "MSI window"));
	assert_int_equal(map(iommu, UINT64_C(1) << 50, 0x1000, &f), -EINVAL);
	assert_non_null(strstr(f.hint, "does not tell"));
	iommu_close(iommu);
}

static void test_explain_unmap(void **state)
{
	struct iommu *iommu = open_fake("vfio");
	struct fail f = {0};

	assert_int_equal(map(iommu, 0x1000, 0x3000, NULL), 0);
	fake.unmap_err = -EINVAL;
	assert_int_equal(iommu_unmap(iommu, 0x2000, 0x1000, NULL, &f), -EINVAL);
	assert_non_null(strstr(f.hint, "here is 0x1000-0x3fff"));
	assert_int_equal(iommu_unmap(iommu, 0x2000, 0, NULL, &f), -EINVAL);
	assert_non_null(strstr(f.hint, "at least"));
	assert_int_equal(iommu_unmap(iommu, ~0xfffULL, 0x2000, NULL, &f), -EINVAL);
	assert_non_null(strstr(f.hint, "past 2^64"));
	iommu_close(iommu);
}

/* What /dev/iommu answers where type1 answers otherwise. */
static void test_explain_iommufd(void **state)
{
	struct iommu *iommu = open_fake("iommufd");
	struct iommu_map_req chosen = {.va = (void *)0x10000, .size = 0x1000, .prot = 3, .kernel_iova = true};
	struct fail f = {0};

	assert_int_equal(map(iommu, 0x1000, 0x1000, NULL), 0);
	assert_int_equal(map(iommu, 0x4000, 0x3000, NULL), 0);
	fake.map_err = -EOVERFLOW;
	assert_int_equal(map(iommu, ~0xfffULL, 0x2000, &f), -EOVERFLOW);
	assert_non_null(strstr(f.hint, "past 2^64"));
	fake.map_err = -ENOSPC;
	assert_int_equal(iommu_map(iommu, &chosen, &f), -ENOSPC);
	assert_non_null(strstr(f.text, "kernel's choice"));
	assert_non_null(strstr(f.hint, "where the kernel may choose"));
	fake.unmap_err = -ENOENT;
	/* the one on the left is gone all the same */
	assert_int_equal(iommu_unmap(iommu, 0x1000, 0x4000, NULL, &f), -ENOENT);
	assert_non_null(strstr(f.hint, "here is 0x4000-0x6fff"));
	assert_int_equal(ledger_count(iommu_ledger(iommu)), 1);
	assert_int_equal(iommu_unmap(iommu, 0x1000, 0x1000, NULL, &f), -ENOENT);
	assert_string_equal(f.hint, "nothing is mapped there");
	fake.unmap_err = -EOVERFLOW;
	assert_int_equal(iommu_unmap(iommu, ~0xfffULL, 0x2000, NULL, &f), -EOVERFLOW);
	assert_non_null(strstr(f.hint, "past 2^64"));
	fake.unmap_err = -EBUSY;
	assert_int_equal(iommu_unmap(iommu, 0x4000, 0x3000, NULL, &f), -EBUSY);
	assert_non_null(strstr(f.hint, "at this moment"));
	assert_int_equal(ledger_count(iommu_ledger(iommu)), 1);
	iommu_close(iommu);
}

/*
 * Threads that fight for one IOVA: whoever maps it must find the ledger free and itself in it. Taking the entry out after
 * the backend's unmap would lose the next owner's entry here.
 */
static void *fight(void *arg)
{
	struct iommu *iommu = ((void **)arg)[0];
	unsigned int me = (unsigned int)(uintptr_t)((void **)arg)[1];
	struct ledger_entry e;

	for (unsigned int i = 0, won = 0; i < 200000 && won < 3000; i++) {
		struct iommu_map_req req = {.iova = 0x1000, .size = 0x1000, .prot = 3, .owner = me};

		if (iommu_map(iommu, &req, NULL))
			continue;
		won++;
		if (!ledger_find(iommu_ledger(iommu), (struct iova_range){0x1000, 0x1fff}, &e) || e.owner != me)
			return (void *)1;
		if (iommu_unmap(iommu, 0x1000, 0x1000, NULL, NULL))
			return (void *)2;
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct iommu *iommu = open_fake("vfio");
	void *args[3][2], *bad;
	pthread_t threads[3];

	for (uintptr_t i = 0; i < 3; i++) {
		args[i][0] = iommu;
		args[i][1] = (void *)(i + 1);
		assert_int_equal(pthread_create(&threads[i], NULL, fight, args[i]), 0);
	}
	for (size_t i = 0; i < 3; i++) {
		pthread_join(threads[i], &bad);
		assert_null(bad);
	}
	assert_int_equal(ledger_count(iommu_ledger(iommu)), 0);
	iommu_close(iommu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_wrong_accepts),
		cmocka_unit_test(test_refused_unmap),
		cmocka_unit_test(test_unmap_v1),
		cmocka_unit_test(test_unmap_all),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_explain_map),
		cmocka_unit_test(test_explain_unknown),
		cmocka_unit_test(test_explain_unmap),
		cmocka_unit_test(test_explain_iommufd),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
