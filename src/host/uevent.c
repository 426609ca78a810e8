/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for the kernel to announce a device; the only user of libnl's sockets. */
#include "host/uevent.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>

#ifdef HAVE_LIBNL
#include <netlink/netlink.h>
#include <netlink/socket.h>
#endif

#include "base/clock.h"

/* Without uevents one looks again this often. */
#define UEVENT_POLL_MS 20

#ifdef HAVE_LIBNL
#define UEVENT_PROTOCOL 15 /* NETLINK_KOBJECT_UEVENT */
#define UEVENT_GROUP 1	   /* the kernel's own messages; udev sends to group 2 */

struct uevent_watch {
	struct nl_sock *sock;
};

int uevent_open(struct uevent_watch **out)
{
	struct uevent_watch *watch = calloc(1, sizeof(*watch));
	int ret = -ENOMEM;

	*out = NULL;
	if (!watch)
		return ret;
	watch->sock = nl_socket_alloc();
	if (!watch->sock)
		goto out_free;
	nl_socket_disable_seq_check(watch->sock);
	nl_join_groups(watch->sock, UEVENT_GROUP);
	ret = -EPROTO;
	if (nl_connect(watch->sock, UEVENT_PROTOCOL) < 0 || nl_socket_set_nonblocking(watch->sock) < 0)
		goto out_free;
	*out = watch;
	return 0;
out_free:
	uevent_close(watch);
	return ret;
}

void uevent_close(struct uevent_watch *watch)
{
	if (!watch)
		return;
	nl_socket_free(watch->sock);
	free(watch);
}

/* A uevent is text, not netlink messages: nl_recv() takes it whole, nl_recvmsgs() would try to parse it. */
static bool uevent_take(struct uevent_watch *watch)
{
	struct sockaddr_nl from = {0};
	unsigned char *buf = NULL;
	bool kernel;
	int n;

	n = nl_recv(watch->sock, &from, &buf, NULL);
	kernel = n > 0 && from.nl_pid == 0;
	if (n > 0)
		free(buf);
	return kernel;
}

int uevent_wait(struct uevent_watch *watch, int timeout_ms)
{
	struct pollfd p = {.events = POLLIN};

	if (!watch) {
		clock_sleep_ns(MIN(timeout_ms, UEVENT_POLL_MS) * 1000000ULL, NULL);
		return -ETIMEDOUT;
	}
	p.fd = nl_socket_get_fd(watch->sock);
	if (poll(&p, 1, timeout_ms) <= 0)
		return -ETIMEDOUT;
	return uevent_take(watch) ? 0 : -ETIMEDOUT;
}
#else
int uevent_open(struct uevent_watch **out)
{
	*out = NULL;
	return -EOPNOTSUPP;
}

void uevent_close(struct uevent_watch *watch)
{
}

int uevent_wait(struct uevent_watch *watch, int timeout_ms)
{
	clock_sleep_ns(MIN(timeout_ms, UEVENT_POLL_MS) * 1000000ULL, NULL);
	return -ETIMEDOUT;
}
#endif
