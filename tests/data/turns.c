/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * turns N FILE COMMAND... -- REFERENCE...: runs both in turns, N times after once to warm up, their output thrown away. Medians into
 * FILE, in microseconds: processor time of either and the one per thousand of the other; elapsed time of either and the difference;
 * then the command's peak memory in KiB. What ends with more than 1, which is a verdict, has not done what is measured: then there are
 * no figures.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define RUNS_MAX 2000

extern char **environ;

struct run {
	long cpu, wall, kib;
};

enum { CPU, CPU_REFERENCE, CPU_PERMILLE, WALL, WALL_REFERENCE, WALL_MORE, FIGURES };

static long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static long cpu_us(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000 + u->ru_utime.tv_usec + u->ru_stime.tv_usec;
}

static struct run run_once(char **argv, const posix_spawn_file_actions_t *actions)
{
	struct rusage usage;
	int status, err;
	long begin = now_us();
	struct run run;
	pid_t pid;

	err = posix_spawnp(&pid, argv[0], actions, NULL, argv, environ);
	if (err || wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) || WEXITSTATUS(status) > 1) {
		fprintf(stderr, "turns: %s: %s\n", argv[0], err ? strerror(err) : "it failed");
		exit(126);
	}
	run.wall = now_us() - begin;
	run.cpu = cpu_us(&usage);
	run.kib = usage.ru_maxrss;
	return run;
}

static int compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static long median(long *list, int n)
{
	qsort(list, (size_t)n, sizeof(*list), compare);
	return list[n / 2];
}

static void actions_fill(posix_spawn_file_actions_t *actions)
{
	posix_spawn_file_actions_init(actions);
	posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
}

static int turns(int n, char **ours, char **reference, FILE *out)
{
	static long lists[FIGURES][RUNS_MAX];
	posix_spawn_file_actions_t actions;
	long kib = 0;

	actions_fill(&actions);
	for (int i = -1; i < n; i++) {
		struct run a = run_once(ours, &actions), b = run_once(reference, &actions);

		if (i < 0)
			continue;
		kib = a.kib > kib ? a.kib : kib;
		lists[CPU][i] = a.cpu;
		lists[CPU_REFERENCE][i] = b.cpu;
		lists[CPU_PERMILLE][i] = 1000 * a.cpu / (b.cpu ? b.cpu : 1);
		lists[WALL][i] = a.wall;
		lists[WALL_REFERENCE][i] = b.wall;
		lists[WALL_MORE][i] = a.wall - b.wall;
	}
	posix_spawn_file_actions_destroy(&actions);
	for (int i = 0; i < FIGURES; i++)
		fprintf(out, "%ld ", median(lists[i], n));
	fprintf(out, "%ld\n", kib);
	return fclose(out) ? 126 : 0;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0, at = 3;
	FILE *out;

	while (at < argc && strcmp(argv[at], "--"))
		at++;
	if (n < 1 || n > RUNS_MAX || at == 3 || at + 1 >= argc) {
		fprintf(stderr, "usage: turns N FILE COMMAND... -- REFERENCE...\n");
		return 64;
	}
	out = fopen(argv[2], "w");
	if (!out) {
		perror(argv[2]);
		return 126;
	}
	argv[at] = NULL;
	return turns(n, argv + 3, argv + at + 1, out);
}
