/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts the system calls of a program's first thread from its first ioctl that maps for DMA on, in a guest without tracers:
 * preloaded, it has the kernel send every call back as a signal (prctl(2), PR_SET_SYSCALL_USER_DISPATCH), counts it and makes it. x86-64 only.
 * $COUNT_CALLS names the file that gets "NUMBER COUNT" of each call in the end.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH /* Linux 5.11, include/uapi/linux/prctl.h */
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#define DISPATCH_ON 1
#define CALLS 512

static unsigned long calls[CALLS];
static int calls_armed;
static volatile char blocked; /* the selector: 0 lets every call through, 1 none */

/* The calls that go through in any case are made from here: between the two labels. */
long calls_make(long n, long a, long b, long c, long d, long e, long f);
void calls_restore(void);
extern const char calls_begin[], calls_end[];
__asm__(".text\n"
	".globl calls_begin\ncalls_begin:\n"
	".globl calls_make\n.type calls_make,@function\ncalls_make:\n"
	"	mov %rdi, %rax\n	mov %rsi, %rdi\n	mov %rdx, %rsi\n	mov %rcx, %rdx\n"
	"	mov %r8, %r10\n	mov %r9, %r8\n	mov 8(%rsp), %r9\n	syscall\n	ret\n"
	".globl calls_restore\n.type calls_restore,@function\ncalls_restore:\n"
	"	mov $15, %eax\n	syscall\n	ud2\n" /* rt_sigreturn; it is the address behind a call that is looked at */
	".globl calls_end\ncalls_end:\n");

static void calls_count(int sig, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	long n = info->si_syscall;

	(void)sig;
	if (n >= 0 && n < CALLS)
		calls[n]++;
	/* a child that begins on a stack of its own cannot begin here: from then on nothing is counted */
	if (n == SYS_clone || n == SYS_clone3 || n == SYS_fork || n == SYS_vfork) {
		blocked = 0;
		r[REG_RIP] -= 2;
		r[REG_RAX] = n;
		return;
	}
	r[REG_RAX] = calls_make(n, r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]);
}

/* The kernel's own struct, for the C library's sigaction() has signals return through a call that would be sent back. */
static void calls_arm(void)
{
	struct {
		void (*handler)(int, siginfo_t *, void *);
		unsigned long flags;
		void (*restorer)(void);
		uint64_t mask;
	} act = {calls_count, SA_SIGINFO | 0x04000000 /* SA_RESTORER */, calls_restore, ~(uint64_t)0};

	if (calls_make(SYS_rt_sigaction, SIGSYS, (long)&act, 0, sizeof(act.mask), 0, 0) ||
	    prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ON, calls_begin, (unsigned long)(calls_end - calls_begin),
		  &blocked)) {
		fputs("count-calls: this kernel cannot send system calls back\n", stderr);
		_exit(125);
	}
	blocked = 1;
}

/* In place of the C library's. */
int ioctl(int fd, unsigned long request, void *arg)
{
	long r;

	/* VFIO_IOMMU_MAP_DMA, IOMMU_IOAS_MAP */
	if (!calls_armed && (request == 0x3b71 || request == 0x3b85)) {
		calls_armed = 1;
		calls_arm();
	}
	r = syscall(SYS_ioctl, fd, request, arg);
	return (int)r;
}

__attribute__((destructor)) static void calls_tell(void)
{
	const char *path = getenv("COUNT_CALLS");
	FILE *out;

	blocked = 0;
	/* a program that never got there, as one that only starts another, leaves the file alone */
	out = path && calls_armed ? fopen(path, "we") : NULL;
	for (unsigned int i = 0; out && i < CALLS; i++)
		if (calls[i])
			fprintf(out, "%u %lu\n", i, calls[i]);
	if (out)
		fclose(out);
}
