/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel announces of devices, by a netlink socket of libnl's: waited for, or taken apart. */
#include "host/uevent.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

#ifdef HAVE_LIBNL
#include <netlink/netlink.h>
#include <netlink/socket.h>
#endif

#include "base/clock.h"
#include "host/text.h"

/* Without uevents one looks again this often. */
#define UEVENT_POLL_MS 20

static const struct uevent_key {
	const char *key;
	size_t at, size;
} uevent_keys[] = {
#define UEVENT_KEY(key, member)                                                                \
	{                                                                                      \
		key "=", offsetof(struct uevent, member), sizeof(((struct uevent *)0)->member) \
	}
	UEVENT_KEY("ACTION", action), UEVENT_KEY("DEVPATH", devpath),	 UEVENT_KEY("SUBSYSTEM", subsystem),
	UEVENT_KEY("DRIVER", driver), UEVENT_KEY("PCI_SLOT_NAME", slot), UEVENT_KEY("DEVNAME", devname),
};

/* @text is ended by a 0. A value that does not fit is worse than none: it would name something else. */
static void uevent_take_pair(const char *text, struct uevent *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(uevent_keys); i++) {
		const struct uevent_key *k = &uevent_keys[i];
		char *member = (char *)out + k->at;

		if (!text_starts(text, k->key))
			continue;
		if (!text_copy(member, k->size, text + strlen(k->key)))
			member[0] = '\0';
	}
}

static void uevent_take_raw(const char *message, size_t len, struct uevent *out)
{
	size_t n = MIN(len, sizeof(out->raw) - 1);

	while (n && !message[n - 1])
		n--;
	for (size_t i = 0; i < n; i++)
		out->raw[i] = message[i] ? message[i] : ' ';
	out->raw[n] = '\0';
}

int uevent_parse(const void *message, size_t len, struct uevent *out)
{
	const char *text = message, *end = text + len, *next;
	size_t first = strnlen(text, len);

	memset(out, 0, sizeof(*out));
	/* udev's own messages begin with "libudev"; a string without its end is none of the kernel's */
	if (!len || text[len - 1] || !memchr(text, '@', first))
		return -EBADMSG;
	for (; text < end; text = next) {
		next = text + strlen(text) + 1;
		uevent_take_pair(text, out);
	}
	uevent_take_raw(message, len, out);
	return out->action[0] && out->devpath[0] && out->subsystem[0] ? 0 : -EBADMSG;
}

#ifdef HAVE_LIBNL
#define UEVENT_PROTOCOL 15 /* NETLINK_KOBJECT_UEVENT */
#define UEVENT_GROUP 1	   /* the kernel's own messages; udev sends to group 2 */
#define UEVENT_MESSAGE \
	16384 /* larger than any: the strings take 2048 bytes, the path comes twice (lib/kobject_uevent.c) */
#define UEVENT_BUFFER (1024 * 1024) /* of the socket: some thousand devices at once */

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
	nl_socket_set_msg_buf_size(watch->sock, UEVENT_MESSAGE);
	/* as much as this user may have; what then does not fit is told of */
	nl_socket_set_buffer_size(watch->sock, UEVENT_BUFFER, 0);
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

/* nl_recv() has one number for a full buffer and for no memory: messages are lost either way. */
static int uevent_receive(struct uevent_watch *watch, struct uevent *out)
{
	struct sockaddr_nl from = {0};
	unsigned char *buf = NULL;
	int n, ret;

	n = nl_recv(watch->sock, &from, &buf, NULL);
	if (n == -NLE_NOMEM)
		return -ENOBUFS;
	if (n == -NLE_AGAIN || n == -NLE_INTR)
		return -EINTR;
	if (n <= 0)
		return n ? -EIO : -EBADMSG;
	/* anybody may send to a group; only the kernel has no address */
	ret = from.nl_pid ? -EBADMSG : uevent_parse(buf, (size_t)n, out);
	free(buf);
	return ret;
}

int uevent_fd(const struct uevent_watch *watch)
{
	return watch ? nl_socket_get_fd(watch->sock) : -1;
}

int uevent_next(struct uevent_watch *watch, int timeout_ms, struct uevent *out)
{
	struct pollfd p = {.fd = nl_socket_get_fd(watch->sock), .events = POLLIN};
	int ret = poll(&p, 1, timeout_ms);

	memset(out, 0, sizeof(*out));
	if (ret < 0)
		return -errno;
	return ret ? uevent_receive(watch, out) : -ETIMEDOUT;
}
#else
int uevent_fd(const struct uevent_watch *watch)
{
	return -1;
}

int uevent_next(struct uevent_watch *watch, int timeout_ms, struct uevent *out)
{
	memset(out, 0, sizeof(*out));
	return -EOPNOTSUPP;
}

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
