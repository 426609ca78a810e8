/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run of the migration's checks: can the device be asked at all, then part by part, and the way out. */
#include "core/migration/migration.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/migration/priv.h"
#include "core/op/flight.h"
#include "core/op/faults.h"

static_assert(CHECK_COUNT <= MIGRATION_CHECKS_MAX, "room for every check");

#define FLAGS_KNOWN (MIG_FLAG_STOP_COPY | MIG_FLAG_P2P | MIG_FLAG_PRE_COPY)

/* Neither kernel nor driver knows it: is there at least what came before it? */
static int run_unsupported(struct iommu_device *idev, struct fail *f)
{
	const char *name = idev_id(idev)->name;
	bool v1;

	if (!mig_has_v1_region(idev, &v1) && v1) {
		fail_set(f, EOPNOTSUPP, "%s has only the region of the deprecated migration v1 (type 3, subtype 1)",
			 name);
		fail_hint(f, "Linux 5.18 and later have v2 in place of it: a newer kernel may migrate the device");
	} else {
		fail_set(f, EOPNOTSUPP, "%s cannot be migrated: its driver has no VFIO_DEVICE_FEATURE_MIGRATION", name);
		fail_hint(f,
			  "drivers made for a device have it (mlx5_vfio_pci, hisi_acc_vfio_pci, qat_vfio_pci ...), and "
			  "the kernel's sample mtty; `--backend sim` has all of it");
	}
	return -EOPNOTSUPP;
}

static int run_ask(struct session *s, struct migration *m, struct fail *f)
{
	int err = mig_flags(m->idev, &m->flags);

	m->res->flags = m->flags;
	if (err == -ENOTTY || err == -EINVAL || err == -EOPNOTSUPP)
		return run_unsupported(m->idev, f);
	return err ? fail_set(f, err, "cannot ask %s for its migration flags", session_device_name(s)) : 0;
}

static void run_flags(struct migration *m)
{
	char text[16];
	uint32_t at;

	if (!(m->flags & MIG_FLAG_STOP_COPY))
		migration_say(m, CHECK_FLAGS, RESULT_FAIL, "0x%" PRIx64 ": STOP_COPY is not among them", m->flags);
	else if (m->flags & ~(uint64_t)FLAGS_KNOWN)
		migration_say(m, CHECK_FLAGS, RESULT_PASS, "0x%" PRIx64 ": some are newer than what is known here",
			      m->flags);
	else
		migration_pass(m, CHECK_FLAGS);
	at = migration_get(m);
	if (at == MIG_RUNNING)
		migration_pass(m, CHECK_STARTS_RUNNING);
	else
		migration_say(m, CHECK_STARTS_RUNNING, RESULT_FAIL, "it is in %s",
			      migration_state_text(at, text, sizeof(text)));
	if (m->flags & MIG_FLAG_P2P)
		migration_say(m, CHECK_P2P_APART, RESULT_PASS, "RUNNING_P2P%s",
			      m->flags & MIG_FLAG_PRE_COPY ? " and PRE_COPY_P2P" : "");
	else
		migration_say(m, CHECK_P2P_APART, RESULT_SKIP,
			      "no: devices that reach each other cannot be stopped one by one");
}

static void run_parts(struct migration *m)
{
	static void (*const parts[])(struct migration * m) = {migration_load, migration_precopy, migration_dirty,
							      migration_states};

	run_flags(m);
	/* first: what its DMA does before it was ever stopped */
	if (!m->p->nr_only)
		migration_dma(m);
	migration_save(m);
	for (size_t i = 0; !m->p->nr_only && i < ARRAY_SIZE(parts) && !session_signal && !m->lost; i++)
		parts[i](m);
	migration_arcs(m);
}

static void run_way_out(struct migration *m)
{
	char text[16];

	struct fail why = {0};

	if (session_pause(m->s, &why))
		migration_say(m, CHECK_WAY_OUT, RESULT_FAIL, "its driver's engine would not stop: %.150s", why.text);
	else if (!session_is_quiet(m->s))
		migration_say(m, CHECK_WAY_OUT, RESULT_FAIL,
			      "its driver's engine would not stop: the device may still do DMA");
	if (!migration_home(m))
		migration_pass(m, CHECK_WAY_OUT);
	else
		migration_say(m, CHECK_WAY_OUT, RESULT_FAIL, "it is in %s, and neither requests nor a reset lead on",
			      migration_state_text(migration_get(m), text, sizeof(text)));
}

static void run_kernel(struct migration *m, const struct op_faults *before)
{
	const struct op_faults *now = op_faults(m->s);
	uint64_t strays, unclear;
	const char *complaint;

	/* the log is read up to here; all that the device was told to reach was mapped when it was */
	op_faults_late(m->s);
	complaint = session_kernel_complaint(m->s);
	strays = now->strays - before->strays;
	unclear = now->unclear - before->unclear;
	if (strays)
		migration_say(m, CHECK_KERNEL, RESULT_FAIL,
			      "the IOMMU refused %" PRIu64 " accesses of the device%s%.130s", strays,
			      before->strays ? "" : ", the first: ", before->strays ? "" : now->stray.raw);
	op_faults_judged(m->s, before);
	if (complaint[0])
		migration_say(m, CHECK_KERNEL, RESULT_FAIL, "%.200s", complaint);
	else if (unclear)
		migration_say(m, CHECK_KERNEL, RESULT_SKIP, "%" PRIu64 " IOMMU faults may be another device's",
			      unclear);
	else if (!session_kernel_watched(m->s))
		migration_say(m, CHECK_KERNEL, RESULT_SKIP, "nobody is looking: %s",
			      session_is_simulated(m->s) ? "there is none behind the simulation"
							 : "no right to read its log");
	else
		migration_pass(m, CHECK_KERNEL);
}

static void run_finish(struct migration *m)
{
	for (unsigned int i = 0; i < CHECK_COUNT; i++) {
		struct migration_check *c = &m->res->checks[i];

		if (c->asked || m->p->nr_only)
			continue;
		migration_say(m, (enum migration_check_id)i, RESULT_SKIP, "%s",
			      m->lost	       ? "the device could not be brought back to RUNNING before"
			      : session_signal ? "interrupted"
					       : "what it needs did not work");
	}
}

int migration_run(struct session *s, const struct migration_params *p, struct migration_result *res, struct fail *f)
{
	struct migration m = {
		.s = s, .idev = session_device(s), .p = p, .res = res, .stream = {.fd = -1, .priv = NULL}};
	struct op_faults before;
	int err;

	memset(res, 0, sizeof(*res));
	for (unsigned int i = 0; i < CHECK_COUNT; i++)
		res->checks[i] = *migration_check_help(i);
	res->nr_checks = CHECK_COUNT;
	err = session_usable(s, f);
	if (!err)
		err = session_idle(s, f);
	if (!err)
		err = session_pause(s, f);
	if (!err)
		err = run_ask(s, &m, f);
	if (err)
		return err;
	/* what earlier ops caused is theirs */
	op_faults_late(s);
	before = *op_faults(s);
	run_parts(&m);
	run_way_out(&m);
	run_kernel(&m, &before);
	run_finish(&m);
	migration_data_free(&m.saved);
	return 0;
}
