/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of the cases of `dirty verify`: mapped, tracked, written by the device, and what is known about that. */
#include "core/verify_priv.h"

#include <errno.h>

uint64_t verify_draw(struct verify *v, uint64_t n)
{
	return 0;
}

int verify_map(struct verify *v, const struct verify_want *want, struct verify_area **out, struct fail *f)
{
	return -EOPNOTSUPP;
}

int verify_unmap(struct verify *v, struct verify_area *area, struct fail *f)
{
	return -EOPNOTSUPP;
}

int verify_start(struct verify *v, struct fail *f)
{
	return -EOPNOTSUPP;
}

int verify_stop(struct verify *v, struct fail *f)
{
	return -EOPNOTSUPP;
}

int verify_write(struct verify *v, struct verify_area *area, uint64_t off, uint64_t len, struct fail *f)
{
	return -EOPNOTSUPP;
}

int verify_write_quietly(struct verify *v, struct verify_area *area, uint64_t off, uint64_t len, struct fail *f)
{
	return -EOPNOTSUPP;
}

int verify_peek(struct verify *v, struct verify_area *area, uint64_t off, uint64_t len, struct fail *f)
{
	return -EOPNOTSUPP;
}

int verify_dma(struct verify *v, unsigned int queue, iova_t iova, uint64_t len, int *status, struct fail *f)
{
	return -EOPNOTSUPP;
}

unsigned int verify_queues(const struct verify *v)
{
	return 1;
}
