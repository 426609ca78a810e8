/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What works in each state: configuration space, setting up interrupts, a reset. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/migration/priv.h"
#include "iommu/idev_vfio.h"

#define CONFIG_IDS 0x00	 /* PCI 3.0, 6.2.1 */
#define CONFIG_LINE 0x3c /* the interrupt line, a note for software: 6.2.4 */

/* Ids read and not all ones, a register that does nothing written with what it has. */
static int facts_config(struct migration *m)
{
	uint32_t ids, line;
	int err = idev_config_read(m->idev, CONFIG_IDS, 4, &ids);

	if (!err && ids == UINT32_MAX)
		err = -ENODEV;
	if (!err)
		err = idev_config_read(m->idev, CONFIG_LINE, 1, &line);
	return err ? err : idev_config_write(m->idev, CONFIG_LINE, 1, line);
}

/* The first kind of interrupt that there is: set up and taken down again. */
static int facts_irqs(struct migration *m, char name[8])
{
	static const enum idev_irq kinds[] = {IDEV_IRQ_MSIX, IDEV_IRQ_MSI, IDEV_IRQ_INTX};
	int fd, err = -EOPNOTSUPP;

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && err == -EOPNOTSUPP; i++) {
		err = idev_irq_enable(m->idev, kinds[i], 0, &fd);
		snprintf(name, 8, "%s", idev_irq_name(kinds[i]));
		if (err)
			continue;
		err = idev_irq_disable(m->idev, kinds[i]);
		close(fd);
	}
	return err;
}

/* Reset from @state, as the last thing done there. */
static void facts_reset(struct migration *m, enum mig_state state, struct migration_state_facts *facts)
{
	enum migration_check_id id = state == MIG_ERROR ? CHECK_ERROR_RESET : CHECK_RESET_RUNNING;
	char text[16];

	facts->reset = mig_reset(m->idev);
	mig_close(m->idev, &m->stream);
	facts->after_reset = migration_get(m);
	if (facts->reset == -EOPNOTSUPP || facts->reset == -ENOTTY)
		migration_say(m, id, RESULT_SKIP, "the device has no reset");
	else if (facts->reset)
		migration_say(m, id, RESULT_FAIL, "from %s: %s", mig_state_name(state), strerror(-facts->reset));
	else if (facts->after_reset != MIG_RUNNING)
		migration_say(m, id, RESULT_FAIL, "from %s it leads to %s", mig_state_name(state),
			      migration_state_text(facts->after_reset, text, sizeof(text)));
	else
		migration_pass(m, id);
}

static void facts_judge(struct migration *m, enum migration_check_id id, enum mig_state state, int running, int here,
			const char *what)
{
	if (running == -EOPNOTSUPP)
		migration_say(m, id, RESULT_SKIP, "the device has no %s", what);
	else if (running)
		migration_say(m, id, RESULT_SKIP, "not even in RUNNING: %s", strerror(-running));
	else if (here)
		migration_say(m, id, RESULT_FAIL, "in %s: %s", mig_state_name(state), strerror(-here));
	else
		migration_pass(m, id);
}

/* The header names configuration space and MSI-X for STOP, and STOP_COPY is to be like it. Of RESUMING it says nothing. */
static void facts_judge_state(struct migration *m, enum mig_state state)
{
	const struct migration_state_facts *run = &m->res->states[MIG_RUNNING], *here = &m->res->states[state];

	if (!here->reached)
		return;
	if (state == MIG_STOP || state == MIG_STOP_COPY) {
		facts_judge(m, CHECK_CONFIG_STOPPED, state, run->config, here->config, "configuration space");
		facts_judge(m, CHECK_IRQS_STOPPED, state, run->irqs, here->irqs, "interrupts");
	}
	if (state == MIG_RESUMING && here->irqs == -EOPNOTSUPP)
		migration_say(m, CHECK_IRQS_RESUMING, RESULT_SKIP, "the device has no interrupts");
	else if (state == MIG_RESUMING)
		migration_say(m, CHECK_IRQS_RESUMING, RESULT_SKIP,
			      "a fact, no verdict: nobody agreed on it. Here setting up %s %s%s", here->irq,
			      here->irqs ? "fails: " : "works", here->irqs ? strerror(-here->irqs) : "");
}

void migration_states(struct migration *m)
{
	static const enum mig_state order[] = {MIG_RUNNING,  MIG_RUNNING_P2P,  MIG_STOP,     MIG_STOP_COPY,
					       MIG_PRE_COPY, MIG_PRE_COPY_P2P, MIG_RESUMING, MIG_ERROR};

	m->res->has_states = true;
	for (size_t i = 0; i < ARRAY_SIZE(order) && !session_signal && !m->lost; i++) {
		struct migration_state_facts *facts = &m->res->states[order[i]];
		int err = migration_reach(m, order[i], facts->why, sizeof(facts->why));

		/* a RESUMING that could not be filled is one all the same */
		facts->reached = !err || err == -ENODATA;
		if (!facts->reached)
			continue;
		facts->config = facts_config(m);
		facts->irqs = facts_irqs(m, facts->irq);
		facts_reset(m, order[i], facts);
		facts_judge_state(m, order[i]);
	}
	migration_say(
		m, CHECK_MMIO_STOPPED, RESULT_SKIP,
		"not asked: reading a register may change the device, and the header promises configuration space "
		"and MSI-X alone");
	if (!m->res->states[MIG_ERROR].reached)
		migration_say(m, CHECK_ERROR_RESET, RESULT_SKIP, "%s", m->res->states[MIG_ERROR].why);
	migration_home(m);
}
