/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's log from its beginning: of the running machine by /dev/kmsg, of a captured one by its file. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "host/machine.h"

#define KMSG_RECORD_MAX 8192 /* PRINTKRB_RECORD_MAX and before it CONSOLE_EXT_LOG_MAX */
#define KMSG_MAJOR 1
#define KMSG_MINOR 11
#define LOG_MAX ((size_t)64 << 20) /* the largest buffer log_buf_len= asks for in practice, and a bound for captures */

struct log_text {
	char *text;
	size_t used, room;
};

static int log_add(struct log_text *log, const char *text, size_t len)
{
	char *more;

	if (log->used + len + 1 > log->room) {
		log->room = MAX(log->room * 2, log->used + len + 65536);
		more = realloc(log->text, log->room);
		if (!more)
			return -ENOMEM;
		log->text = more;
	}
	memcpy(log->text + log->used, text, len);
	log->used += len;
	log->text[log->used] = '\0';
	return 0;
}

/*
 * "prio,seq,usec,flags[,...];text" (Documentation/ABI/testing/dev-kmsg): the text behind the semicolon; NULL when the line
 * is not of this form. *kernel false: written by a program, whose facility is not 0.
 */
static char *log_record(char *line, bool *kernel)
{
	unsigned long prio = 0;
	char *s = line;

	for (unsigned int field = 0; field < 3; field++) {
		char *start = s;

		while (isdigit((unsigned char)*s))
			s++;
		if (s == start || *s != ',')
			return NULL;
		if (field == 0)
			prio = strtoul(start, NULL, 10);
		s++;
	}
	s += strcspn(s, ";\n");
	if (*s != ';')
		return NULL;
	*kernel = prio >> 3 == 0;
	return s + 1;
}

void machine_clean_log(char *text)
{
	char *in = text, *out = text;
	bool records = false;

	while (*in) {
		size_t len = strcspn(in, "\n"), skip;
		bool kernel = true;
		char *s = log_record(in, &kernel);

		records = records || s;
		skip = s ? (size_t)(s - in) : 0;
		/* lines behind a record that begin with a blank are its dictionary: SUBSYSTEM=, DEVICE= */
		if (kernel && (s || !records || *in != ' ')) {
			memmove(out, in + skip, len - skip);
			out += len - skip;
			if (in[len])
				*out++ = '\n';
		}
		in += len + (in[len] == '\n');
	}
	*out = '\0';
}

static int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), err;
	struct stat st;

	if (fd < 0)
		return -errno;
	/* Some containers put a link to their console there. */
	if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(KMSG_MAJOR, KMSG_MINOR))
		return fd;
	err = -ENODEV;
	close(fd);
	return err;
}

/* A newly opened /dev/kmsg stands at the oldest record. What is overwritten meanwhile (EPIPE) is lost and no error. */
static int log_read_kernel(struct log_text *log)
{
	CLEANUP_FD int fd = log_open();
	char record[KMSG_RECORD_MAX + 1];
	int ret = fd < 0 ? fd : log_add(log, "", 0);
	ssize_t n;

	while (!ret && log->used < LOG_MAX) {
		n = read(fd, record, sizeof(record));
		if (n < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (n == 0)
			return 0;
		ret = log_add(log, record, (size_t)n);
	}
	return ret;
}

char *machine_read_log(const struct host *host, int *err)
{
	struct log_text log = {0};
	char *text = NULL;

	if (host_is_capture(host)) {
		*err = host_read_bounded(host, LOG_MAX, &text, NULL, "/iommuctl/kmsg");
	} else {
		*err = log_read_kernel(&log);
		text = log.text;
	}
	if (*err) {
		free(text);
		return NULL;
	}
	machine_clean_log(text);
	return text;
}
