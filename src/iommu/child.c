/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ioctls of a child process, with the parent's ledger kept true beside them. */
#include "iommu/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/self.h"
#include "iommu/backend.h"
#include "iommu/explain.h"
#include "iommu/mapping.h"

/* What a child brings back, in memory that both have. */
struct child_answer {
	int err;
	iova_t iova;
	uint64_t bytes;
};

/* What it is to do; no locks and no allocation in there: the process may have had threads. */
struct child_task {
	struct iommu *iommu;
	struct iommu_map_req *map; /* NULL: unmap */
	iova_t iova;
	uint64_t size;
};

static void child_do(const struct child_task *t, struct child_answer *answer)
{
	if (t->map) {
		answer->err = t->iommu->ops->map(t->iommu, t->map);
		answer->iova = t->map->iova;
	} else {
		answer->err = t->iommu->ops->unmap(t->iommu, t->iova, t->size, &answer->bytes);
	}
}

static int child_wait(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

static int child_run(const struct child_task *t, struct child_answer *out)
{
	struct child_answer *answer =
		mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;
	int err;

	if (answer == MAP_FAILED)
		return -errno;
	child = fork();
	if (!child) {
		child_do(t, answer);
		_exit(0);
	}
	err = child < 0 ? -errno : child_wait(child);
	*out = *answer;
	munmap(answer, sizeof(*answer));
	return err ? err : out->err;
}

/* The simulated IOMMU is in this process, and a child's would be another one: what it does is done here, to a copy of the memory. */
static int child_map_simulated(struct iommu *iommu, struct iommu_map_req *req, const struct iommu_mem *mem)
{
	uint64_t offset = (uint64_t)((char *)req->va - (char *)mem->va);
	struct iommu_map_req as_child = *req;
	struct iommu_mem copy;
	int err;

	if (mem->kind == IOMMU_MEM_MEMFD || mem->released || offset > mem->size || req->size > mem->size - offset)
		return iommu->ops->map(iommu, req);
	err = iommu->ops->mem_alloc(iommu, mem->size, mem->kind, &copy);
	if (err)
		return err;
	memcpy(copy.va, mem->va, mem->size);
	as_child.va = (char *)copy.va + offset;
	err = iommu->ops->map(iommu, &as_child);
	req->iova = as_child.iova;
	iommu->ops->mem_free(iommu, &copy);
	return err;
}

int iommu_map_by_child(struct iommu *iommu, struct iommu_map_req *req, const struct iommu_mem *mem, struct fail *f)
{
	const struct child_task task = {.iommu = iommu, .map = req};
	struct child_answer answer = {0};
	int err;

	if (iommu->ops->mem_alloc) {
		err = child_map_simulated(iommu, req, mem);
	} else {
		err = child_run(&task, &answer);
		if (!err)
			req->iova = answer.iova;
	}
	return err ? explain_map(iommu, req, err, f) : mapping_note(iommu, req, f);
}

/* What it goes on as: the end of its input is the end of it. */
static void execed_exec(const int input[2], int failed)
{
	char *const argv[] = {(char *)"cat", NULL};
	int err;

	/* a Ctrl-C is for who waits for the unmap; and where the pipe is stdin already, it must not close */
	setpgid(0, 0);
	if (input[0] == STDIN_FILENO ? !fcntl(input[0], F_SETFD, 0) : dup2(input[0], STDIN_FILENO) >= 0) {
		execv("/bin/cat", argv);
		execv("/usr/bin/cat", argv);
	}
	err = errno;
	if (write(failed, &err, sizeof(err)) != sizeof(err))
		_exit(2);
}

/* In the child. */
static void execed_begin(const struct child_task *t, struct child_answer *answer, const int input[2], int failed)
{
	child_do(t, answer);
	if (!answer->err)
		execed_exec(input, failed);
	_exit(1);
}

void iommu_execed_end(struct iommu_execed *execed)
{
	if (!execed->pid)
		return;
	close(execed->fd);
	kill(execed->pid, SIGKILL);
	child_wait(execed->pid);
	execed->pid = 0;
}

static void execed_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* The end of a pipe that closes when it goes on as another program tells that it did, or why not. */
static int execed_wait(int failed)
{
	int why = 0;
	ssize_t n;

	do
		n = read(failed, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : -why;
}

/* *out is only there where it returns 0 and the child's answer is no error. */
static int execed_start(const struct child_task *t, struct child_answer *answer, struct iommu_execed *out)
{
	int input[2] = {-1, -1}, failed[2] = {-1, -1};
	int err = pipe2(input, O_CLOEXEC) || pipe2(failed, O_CLOEXEC) ? -errno : 0;

	if (!err) {
		out->pid = fork();
		if (!out->pid)
			execed_begin(t, answer, input, failed[1]);
		err = out->pid < 0 ? -errno : 0;
	}
	out->fd = input[1];
	execed_close(input[0]);
	execed_close(failed[1]);
	if (err) {
		execed_close(out->fd);
		out->pid = 0;
	} else {
		err = execed_wait(failed[0]);
		if (err || answer->err)
			iommu_execed_end(out);
	}
	execed_close(failed[0]);
	return err;
}

static int execed_map(struct iommu *iommu, struct iommu_map_req *req, struct iommu_execed *out)
{
	struct child_answer *answer =
		mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct child_task task = {.iommu = iommu, .map = req};
	uint64_t bytes;
	int err;

	if (answer == MAP_FAILED)
		return -errno;
	answer->err = -ECHILD; /* of one that ended before it asked */
	err = execed_start(&task, answer, out);
	/* mapped, and then nobody to show it */
	if (err && !answer->err)
		iommu->ops->unmap(iommu, answer->iova, req->size, &bytes);
	if (!answer->err)
		req->iova = answer->iova;
	err = err ? err : answer->err;
	munmap(answer, sizeof(*answer));
	return err;
}

int iommu_map_by_exec(struct iommu *iommu, struct iommu_map_req *req, const struct iommu_mem *mem,
		      struct iommu_execed *out, struct fail *f)
{
	int err;

	/* of an earlier map that was undone by its range */
	iommu_execed_end(out);
	err = iommu->ops->mem_alloc ? child_map_simulated(iommu, req, mem) : execed_map(iommu, req, out);
	if (err)
		return explain_map(iommu, req, err, f);
	err = mapping_note(iommu, req, f);
	if (err)
		iommu_execed_end(out);
	return err;
}

int iommu_execed_locked(struct iommu *iommu, const struct iommu_execed *execed, uint64_t unmapped, uint64_t *bytes)
{
	if (!iommu->ops->execed_locked)
		return self_locked_of(execed->pid, bytes);
	*bytes = iommu->ops->execed_locked(iommu, unmapped);
	return 0;
}

static int child_unmap(void *ctx, uint64_t *bytes)
{
	const struct child_task *task = ctx;
	struct child_answer answer = {0};
	int err;

	if (task->iommu->ops->mem_alloc) {
		child_do(task, &answer);
		err = answer.err;
	} else {
		err = child_run(task, &answer);
	}
	*bytes = answer.bytes;
	return err;
}

int iommu_unmap_by_child(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped, struct fail *f)
{
	struct child_task task = {.iommu = iommu, .iova = iova, .size = size};
	const struct mapping_call call = {.unmap = child_unmap, .ctx = &task};
	int err = mapping_unmap(iommu, iova, size, &call, unmapped);

	return err ? explain_unmap(iommu, iova, size, err, f) : 0;
}
