/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device was before iommuctl bound it, in a file that a crash cannot lose or tear. */
#include "host/bind_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "host/text.h"

#define BIND_LOCK_STEP_MS 20

static int bind_state_mkdirs(const struct host *host)
{
	static const char *const dirs[] = {"/run", "/run/iommuctl", BIND_STATE_DIR};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (host_path(host, path, sizeof(path), "%s", dirs[i]) || (mkdir(path, 0755) < 0 && errno != EEXIST))
			return -errno;
	return 0;
}

static int bind_state_sync_dir(const struct host *host)
{
	CLEANUP_FD int fd = -1;
	char path[PATH_MAX];

	if (host_path(host, path, sizeof(path), "%s", BIND_STATE_DIR))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int bind_state_write_fd(int fd, const struct bind_state *state)
{
	char text[320], used[sizeof(state->used)];
	ssize_t n;
	int len;

	/* names of mount points and volumes are anybody's: one line they stay */
	text_copy(used, sizeof(used), state->used);
	for (char *s = used; *s; s++)
		if ((unsigned char)*s < ' ')
			*s = '?';
	len = snprintf(text, sizeof(text), "driver=%s\noverride=%s\nused=%s\n", state->driver, state->override, used);
	n = write(fd, text, len);
	if (n < 0)
		return -errno;
	if (n != len)
		return -ENOSPC;
	return fsync(fd) < 0 ? -errno : 0;
}

int bind_state_write(const struct host *host, const char *addr, const struct bind_state *state)
{
	char path[PATH_MAX], tmp[PATH_MAX];
	int fd, ret;

	if (!host_may_change(host))
		return -EROFS;
	ret = bind_state_mkdirs(host);
	if (ret)
		return ret;
	if (host_path(host, path, sizeof(path), BIND_STATE_DIR "/%s", addr) ||
	    host_path(host, tmp, sizeof(tmp), BIND_STATE_DIR "/.%s.tmp", addr))
		return -ENAMETOOLONG;
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	ret = bind_state_write_fd(fd, state);
	if (close(fd) < 0 && !ret)
		ret = -errno;
	if (!ret && rename(tmp, path) < 0)
		ret = -errno;
	if (ret) {
		unlink(tmp);
		return ret;
	}
	return bind_state_sync_dir(host);
}

static bool bind_state_value(const char *text, const char *key, char *out, size_t len)
{
	const char *s = strstr(text, key);
	size_t n;

	if (!s || (s != text && s[-1] != '\n'))
		return false;
	s += strlen(key);
	n = strcspn(s, "\n");
	if (s[n] != '\n' || n >= len)
		return false;
	memcpy(out, s, n);
	out[n] = '\0';
	return true;
}

/* A name goes into paths. */
static bool bind_state_name(const char *text, const char *key, char *out, size_t len)
{
	return bind_state_value(text, key, out, len) && !strchr(out, '/');
}

int bind_state_read(const struct host *host, const char *addr, struct bind_state *state)
{
	CLEANUP_FREE char *text = NULL;
	int ret;

	memset(state, 0, sizeof(*state));
	ret = host_read_file(host, &text, NULL, BIND_STATE_DIR "/%s", addr);
	if (ret)
		return ret;
	if (!bind_state_name(text, "driver=", state->driver, sizeof(state->driver)) ||
	    !bind_state_name(text, "override=", state->override, sizeof(state->override)))
		return -EINVAL;
	/* files of earlier versions have no such line; one that cannot be read means that there was something */
	if (strstr(text, "\nused=") && !bind_state_value(text, "used=", state->used, sizeof(state->used)))
		text_copy(state->used, sizeof(state->used), "something was in use");
	return 0;
}

int bind_state_remove(const struct host *host, const char *addr)
{
	char path[PATH_MAX];

	if (!host_may_change(host))
		return -EROFS;
	if (host_path(host, path, sizeof(path), BIND_STATE_DIR "/%s", addr))
		return -ENAMETOOLONG;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* The file stays when it is let go: who removed it could remove it under somebody who waits for it. */
int bind_state_lock(const struct host *host, const char *addr)
{
	char path[PATH_MAX];
	int fd, ret;

	if (!host_may_change(host))
		return -EROFS;
	ret = bind_state_mkdirs(host);
	if (ret)
		return ret;
	if (host_path(host, path, sizeof(path), BIND_STATE_DIR "/.%s.lock", addr))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	for (unsigned int ms = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; ms += BIND_LOCK_STEP_MS) {
		ret = errno == EWOULDBLOCK ? -EBUSY : -errno;
		if (ret != -EBUSY || ms >= BIND_LOCK_TIMEOUT_MS) {
			close(fd);
			return ret;
		}
		clock_sleep_ns(BIND_LOCK_STEP_MS * 1000000ull, NULL);
	}
	return fd;
}
