/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where sessions are found: the user's directory, its locks and sockets, and whose they are. */
#include "core/server/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/msg.h"

#define DIR_NAME "iommuctl"
#define DIR_CONNECT_S 5

/* The directory that ours is in, and ours in it; @base is open. */
static int dir_open_in(int base, const char *where, const char *name, bool make, int *dir, struct fail *f)
{
	struct stat st;
	int err;

	if (make && mkdirat(base, name, 0700) && errno != EEXIST)
		return fail_set(f, errno, "cannot make %s/%s for sessions", where, name);
	*dir = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	err = errno;
	if (*dir < 0 && err == ENOENT)
		return -ENOENT;
	/* O_DIRECTORY with O_NOFOLLOW says ENOTDIR of a symbolic link, too */
	if (*dir < 0)
		return fail_set(f, err, "cannot use %s/%s for sessions", where, name);
	if (!fstat(*dir, &st) && st.st_uid == geteuid() && !(st.st_mode & 077))
		return 0;
	close(*dir);
	*dir = -1;
	if (st.st_uid != geteuid())
		return fail_complete(f, EPERM, "%s/%s belongs to user %u, not to user %u who runs this", where, name,
				     st.st_uid, geteuid());
	fail_complete(f, EPERM, "others have access to %s/%s", where, name);
	fail_hint(f, "chmod 700 %s/%s", where, name);
	return -EPERM;
}

/* @where must be this user's alone; what is in /tmp need not. */
static int dir_open_runtime(const char *where, bool make, int *dir, struct fail *f)
{
	CLEANUP_FD int base = open(where, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (base < 0 || fstat(base, &st))
		return fail_set(f, errno, "cannot use %s, where sessions are found", where);
	if (st.st_uid == geteuid() && !(st.st_mode & 022))
		return dir_open_in(base, where, DIR_NAME, make, dir, f);
	if (st.st_uid != geteuid())
		fail_complete(f, EPERM, "%s belongs to user %u, not to user %u who runs this", where, st.st_uid,
			      geteuid());
	else
		fail_complete(f, EPERM, "others may write to %s", where);
	fail_hint(f, "unset XDG_RUNTIME_DIR, or let it name a directory of this user's alone");
	return -EPERM;
}

int server_dir_open(bool make, int *dir, struct fail *f)
{
	const char *set = getenv("XDG_RUNTIME_DIR");
	char name[64];
	struct stat st;
	CLEANUP_FD int tmp = -1;

	if (set && set[0] == '/')
		return dir_open_runtime(set, make, dir, f);
	snprintf(name, sizeof(name), "/run/user/%u", geteuid());
	if (!stat(name, &st) && S_ISDIR(st.st_mode))
		return dir_open_runtime(name, make, dir, f);
	tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (tmp < 0)
		return fail_set(f, errno, "cannot use /tmp, where sessions are found");
	snprintf(name, sizeof(name), DIR_NAME "-%u", geteuid());
	return dir_open_in(tmp, "/tmp", name, make, dir, f);
}

void server_file(char *buf, size_t len, const char *name, const char *suffix)
{
	snprintf(buf, len, "%.*s.%s", SERVER_NAME_MAX - 1, name, suffix);
}

/* Whoever cleans up removes the file while it holds it: a lock on what has no name any more is none. */
static bool lock_is_current(int dir, const char *file, int fd)
{
	struct stat ours, there;

	return !fstat(fd, &ours) && !fstatat(dir, file, &there, AT_SYMLINK_NOFOLLOW) && ours.st_ino == there.st_ino &&
	       ours.st_dev == there.st_dev;
}

int server_lock(int dir, const char *name, int *fd, struct fail *f)
{
	char file[SERVER_NAME_MAX + 8];
	int err;

	server_file(file, sizeof(file), name, "lock");
	for (;;) {
		*fd = openat(dir, file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (*fd < 0)
			return fail_set(f, errno, "cannot make the lock of session '%s'", name);
		err = flock(*fd, LOCK_EX | LOCK_NB) ? -errno : 0;
		if (!err && lock_is_current(dir, file, *fd))
			return 0;
		close(*fd);
		*fd = -1;
		if (err == -EWOULDBLOCK)
			return err;
		if (err)
			return fail_set(f, err, "cannot take the lock of session '%s'", name);
	}
}

int server_lock_read(int dir, const char *name, char *buf, size_t len)
{
	char file[SERVER_NAME_MAX + 8];
	ssize_t n;

	server_file(file, sizeof(file), name, "lock");
	CLEANUP_FD int fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, len - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

void server_unlink(int dir, const char *name, int lock, bool log)
{
	char file[SERVER_NAME_MAX + 8];
	struct stat st;

	/* it may be somebody else's by now */
	server_file(file, sizeof(file), name, "lock");
	if (!lock_is_current(dir, file, lock))
		return;
	server_file(file, sizeof(file), name, "sock");
	unlinkat(dir, file, 0);
	server_file(file, sizeof(file), name, "log");
	if (!log || (!fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) && !st.st_size))
		unlinkat(dir, file, 0);
	server_file(file, sizeof(file), name, "lock");
	unlinkat(dir, file, 0);
}

/* By way of the directory's descriptor: short enough for any directory, and it is the one that was checked. */
static void dir_address(int dir, const char *name, struct sockaddr_un *at)
{
	*at = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(at->sun_path, sizeof(at->sun_path), "/proc/self/fd/%d/%.*s.sock", dir, SERVER_NAME_MAX - 1, name);
}

int server_bind(int dir, const char *name, int *fd, struct fail *f)
{
	struct sockaddr_un at;
	mode_t mask = umask(0177);
	int err = 0;

	dir_address(dir, name, &at);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0 || bind(*fd, (struct sockaddr *)&at, sizeof(at)))
		err = errno;
	umask(mask);
	return err ? fail_set(f, err, "cannot make the socket of session '%s'", name) : 0;
}

bool server_peer_is_ours(int fd, int *pid, unsigned int *uid)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return false;
	*pid = peer.pid;
	*uid = peer.uid;
	return peer.uid == geteuid();
}

static int dir_not_ours(const char *name, unsigned int uid, struct fail *f)
{
	return fail_complete(f, EPERM, "the socket of session '%s' belongs to user %u, not to user %u who runs this",
			     name, uid, geteuid());
}

int server_connect(int dir, const char *name, int *fd, struct fail *f)
{
	const struct timeval limit = {.tv_sec = DIR_CONNECT_S};
	char file[SERVER_NAME_MAX + 8];
	struct sockaddr_un at;
	struct stat st;
	unsigned int uid = 0;
	int err, pid;

	server_file(file, sizeof(file), name, "sock");
	if (fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? -ENOENT
				       : fail_set(f, errno, "cannot look at the socket of session '%s'", name);
	if (!S_ISSOCK(st.st_mode))
		return fail_set(f, ENOTSOCK, "what stands for session '%s' is none", name);
	if (st.st_uid != geteuid())
		return dir_not_ours(name, st.st_uid, f);
	dir_address(dir, name, &at);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return fail_set(f, errno, "cannot make a socket");
	/* where hundreds wait to be let in */
	setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	err = connect(*fd, (struct sockaddr *)&at, sizeof(at)) ? -errno : 0;
	if (!err && server_peer_is_ours(*fd, &pid, &uid))
		return 0;
	close(*fd);
	*fd = -1;
	if (!err)
		return dir_not_ours(name, uid, f);
	if (err == -ENOENT || err == -ECONNREFUSED)
		return err;
	return fail_set(f, err == -EAGAIN ? -ETIMEDOUT : err, "cannot reach session '%s'", name);
}
