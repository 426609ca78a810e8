/* SPDX-License-Identifier: GPL-2.0-or-later */
/* measure FILE COMMAND...: runs it, its output thrown away; "MILLISECONDS KIB" (processor time, peak memory) into FILE. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long milliseconds(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000 + (u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1000;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int status, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	FILE *out;
	pid_t pid;

	if (argc < 3 || null < 0)
		return 64;
	pid = fork();
	if (pid == 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 126;
	out = fopen(argv[1], "w");
	if (!out || fprintf(out, "%ld %ld\n", milliseconds(&usage), usage.ru_maxrss) < 0 || fclose(out))
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
