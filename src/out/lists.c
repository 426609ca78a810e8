/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printing words and help lines to stdout. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "out/lists.h"
#include "out/result.h"

void list_print(const char *name, const char *arg)
{
	printf(arg ? "--%s=%s\n" : "--%s\n", name, arg);
}

void list_print_word(const char *word)
{
	puts(word);
}

void list_print_help(const char *name, const char *help)
{
	printf("%-19s %s\n", name, help);
}

int list_end(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	msg_error("cannot write the list: %s", strerror(errno));
	return result_exit_status(RESULT_ERROR, 0);
}
