/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are whole or absent. */
#include "core/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int whole_file_check(const char *path, const char *what, struct fail *f)
{
	const char *slash = strrchr(path, '/');
	CLEANUP_FREE char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	struct stat st;

	if (!dir)
		return fail_set(f, ENOMEM, "cannot write %s %s", what, path);
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return fail_set(f, EISDIR, "cannot write %s %s", what, path);
	/* the file is put in place by a rename, which would make a file of /dev/null or of a pipe */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return fail_complete(f, EINVAL, "cannot write %s %s: not a regular file", what, path);
	return access(dir, W_OK | X_OK) ? fail_set(f, errno, "cannot write %s %s", what, path) : 0;
}

/* A file beside @path that nobody else has; its mode is what the umask leaves of 0666. *name is the caller's to free. */
static FILE *whole_file_new(const char *path, char **name)
{
	FILE *to = NULL;
	int fd, err;

	if (asprintf(name, "%s.%ld.new", path, (long)getpid()) < 0) {
		*name = NULL;
		errno = ENOMEM;
		return NULL;
	}
	fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd >= 0)
		to = fdopen(fd, "w");
	if (fd >= 0 && !to) {
		err = errno;
		close(fd);
		unlink(*name);
		errno = err;
	}
	return to;
}

int whole_file_open(struct whole_file *w, const char *path, const char *what, struct fail *f)
{
	int err;

	*w = (struct whole_file){.what = what};
	/* a symbolic link stays one: its target is replaced */
	w->path = realpath(path, NULL);
	if (!w->path)
		w->path = strdup(path);
	w->to = w->path ? whole_file_new(w->path, &w->name) : NULL;
	if (w->to)
		return 0;
	err = w->path ? errno : ENOMEM;
	free(w->path);
	free(w->name);
	return fail_set(f, err, "cannot write %s %s", what, path);
}

int whole_file_close(struct whole_file *w, struct fail *f)
{
	int err = 0;

	if (fflush(w->to) || ferror(w->to) || fsync(fileno(w->to)) || rename(w->name, w->path))
		err = fail_set(f, errno, "cannot write %s %s", w->what, w->path);
	if (fclose(w->to) && !err)
		err = fail_set(f, errno, "cannot write %s %s", w->what, w->path);
	if (err)
		unlink(w->name);
	free(w->path);
	free(w->name);
	return err;
}
