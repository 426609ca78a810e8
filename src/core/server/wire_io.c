/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of a session's socket, received and sent; descriptors that travel with them. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "core/server/wire.h"

#define WIRE_CHUNK KiB(64)

void wire_init(struct wire *w, int fd)
{
	*w = (struct wire){.fd = fd};
	for (unsigned int i = 0; i < WIRE_FDS; i++)
		w->fds[i] = w->out_fds[i] = -1;
}

static void wire_drop_fds(int *fds, unsigned int *nr)
{
	for (unsigned int i = 0; i < *nr; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
	*nr = 0;
}

void wire_close(struct wire *w)
{
	wire_drop_fds(w->fds, &w->nr_fds);
	wire_drop_fds(w->out_fds, &w->nr_out_fds);
	if (w->fd >= 0)
		close(w->fd);
	free(w->in);
	free(w->out);
	wire_init(w, -1);
}

/* Every descriptor that came is taken or closed, whatever was meant by it. */
static int wire_take_fds(struct wire *w, struct msghdr *msg)
{
	int err = msg->msg_flags & MSG_CTRUNC ? -EPROTO : 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		unsigned int nr = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (unsigned int i = 0; i < nr; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (w->nr_fds < WIRE_FDS) {
				w->fds[w->nr_fds++] = fd;
				continue;
			}
			close(fd);
			err = -EPROTO;
		}
	}
	return err;
}

/* Room for more than what has come: no length that was only promised is allocated. */
static int wire_grow(struct wire *w)
{
	size_t size = MAX(2 * w->in_size, WIRE_CHUNK);
	char *more;

	if (w->in_size - w->in_used >= WIRE_CHUNK / 2)
		return 0;
	more = realloc(w->in, size);
	if (!more)
		return -ENOMEM;
	w->in = more;
	w->in_size = size;
	return 0;
}

int wire_read(struct wire *w)
{
	char control[CMSG_SPACE(sizeof(int) * WIRE_FDS)] __attribute__((aligned(__alignof__(struct cmsghdr))));
	struct iovec iov;
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t n;
	int err = wire_grow(w);

	if (err)
		return err;
	iov = (struct iovec){w->in + w->in_used, w->in_size - w->in_used};
	n = recvmsg(w->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	err = wire_take_fds(w, &msg);
	if (err)
		return err;
	w->in_used += (size_t)n;
	return n ? 1 : 0;
}

int wire_next(struct wire *w, struct wire_message *out)
{
	size_t used;
	int err = wire_parse(w->in, w->in_used, out, &used);

	if (err || !used)
		return err;
	w->in_used -= used;
	memmove(w->in, w->in + used, w->in_used);
	if (!w->in_used) { /* a large one's room is not kept */
		free(w->in);
		w->in = NULL;
		w->in_size = 0;
	}
	return 1;
}

int wire_put(struct wire *w, enum wire_type type, uint32_t tag, const char *const *words, unsigned int nr)
{
	size_t length = 0;
	char *data = wire_compose(type, tag, words, nr, &length), *more;

	if (!data)
		return errno == EMSGSIZE ? -EMSGSIZE : -ENOMEM;
	if (!w->out) {
		w->out = data;
		w->out_used = length;
		return 0;
	}
	more = realloc(w->out, w->out_used + length);
	if (more) {
		memcpy(more + w->out_used, data, length);
		w->out = more;
		w->out_used += length;
	}
	free(data);
	return more ? 0 : -ENOMEM;
}

void wire_put_fds(struct wire *w, const int fds[WIRE_FDS])
{
	memcpy(w->out_fds, fds, sizeof(w->out_fds));
	w->nr_out_fds = WIRE_FDS;
}

bool wire_has_output(const struct wire *w)
{
	return w->out_sent < w->out_used;
}

static ssize_t wire_send(struct wire *w)
{
	char control[CMSG_SPACE(sizeof(int) * WIRE_FDS)] __attribute__((aligned(__alignof__(struct cmsghdr)))) = {0};
	struct iovec iov = {w->out + w->out_sent, w->out_used - w->out_sent};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (w->nr_out_fds) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * w->nr_out_fds);
		memcpy(CMSG_DATA(c), w->out_fds, sizeof(int) * w->nr_out_fds);
	}
	return sendmsg(w->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int wire_flush(struct wire *w)
{
	while (wire_has_output(w)) {
		ssize_t n = wire_send(w);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		wire_drop_fds(w->out_fds, &w->nr_out_fds);
		w->out_sent += (size_t)n;
	}
	free(w->out);
	w->out = NULL;
	w->out_used = w->out_sent = 0;
	return 0;
}

static int wire_left_ms(uint64_t until_ns)
{
	uint64_t now = clock_ns();

	return until_ns > now ? (int)MIN((until_ns - now) / 1000000 + 1, 3600000) : 0;
}

int wire_flush_all(struct wire *w, int timeout_ms)
{
	uint64_t until = clock_ns() + (uint64_t)timeout_ms * 1000000;
	int err;

	while ((err = wire_flush(w)) == -EAGAIN) {
		struct pollfd p = {.fd = w->fd, .events = POLLOUT};
		int left = wire_left_ms(until);

		if (!left)
			return -ETIMEDOUT;
		if (poll(&p, 1, left) < 0 && errno != EINTR)
			return -errno;
	}
	return err;
}

int wire_await(struct wire *w, struct wire_message *out, int timeout_ms)
{
	uint64_t until = clock_ns() + (uint64_t)MAX(timeout_ms, 0) * 1000000;
	int ret;

	while (!(ret = wire_next(w, out))) {
		struct pollfd p = {.fd = w->fd, .events = POLLIN};
		int left = timeout_ms < 0 ? -1 : wire_left_ms(until);

		ret = poll(&p, 1, left);
		if (ret < 0)
			return -errno;
		if (!ret)
			return -ETIMEDOUT;
		ret = wire_read(w);
		if (ret <= 0 && ret != -EAGAIN)
			return ret;
	}
	return ret;
}
