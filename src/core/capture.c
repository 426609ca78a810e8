/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing a capture: the files that were read, under their own paths, and below iommuctl/ what is in no file. */
#include "core/capture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/faults.h"
#include "host/refused.h"
#include "host/text.h"
#include "out/tar.h"

#define OWN_DIR "/iommuctl"
#define LOG_FILE OWN_DIR "/kmsg"

/* What a line must hold to be about an IOMMU, its tables or its users. */
static const char *const capture_words[] = {
	"dmar", "amd-vi", "iommu", "smmu", "ivrs", "iort", "viot", "vfio", "remapping", "x2apic", "dma domain",
};

bool capture_wants_line(const char *line)
{
	struct dma_fault fault;

	for (size_t i = 0; i < ARRAY_SIZE(capture_words); i++)
		if (strcasestr(line, capture_words[i]))
			return true;
	return fault_line_is_complaint(line) || fault_parse_line(line, &fault);
}

struct capture_tar {
	struct capture *c;
	struct tar *tar;
};

/* Masked, unless everything is to stay as it is. */
static int capture_data(struct capture_tar *t, const char *name, const char *path, const char *data, size_t size)
{
	CLEANUP_FREE char *masked = NULL;
	size_t len;
	int ret;

	t->c->nr_files++;
	if (t->c->raw || !size)
		return tar_file(t->tar, name, data, size);
	ret = mask_file(&t->c->mask, path, data, size, &masked, &len);
	return ret ? ret : tar_file(t->tar, name, masked, len);
}

/* A path or a link's target may hold a MAC address as well: names of network interfaces. malloc'ed. */
static char *capture_name(struct capture_tar *t, const char *path)
{
	char *name = strdup(path);

	if (name && !t->c->raw)
		mask_macs(&t->c->mask, name, strlen(name));
	return name;
}

static int capture_entry(struct capture_tar *t, const struct record_entry *e)
{
	CLEANUP_FREE char *name = capture_name(t, e->path), *target = NULL;

	if (!name)
		return -ENOMEM;
	switch (e->kind) {
	case RECORD_DIR:
		t->c->nr_dirs++;
		return tar_dir(t->tar, name + 1);
	case RECORD_LINK:
		target = e->data ? capture_name(t, e->data) : NULL;
		if (!target)
			return -ENOMEM;
		t->c->nr_links++;
		return tar_link(t->tar, name + 1, target);
	default:
		return capture_data(t, name + 1, e->path, e->data ? e->data : "", e->size);
	}
}

/* A capture's own files are made anew; of what a capture of a capture has, those that it can only hand on are taken as they are. */
static bool capture_is_own(const char *path)
{
	return strcmp(path, OWN_DIR) == 0 || text_starts(path, OWN_DIR "/");
}

static const struct record_entry *capture_handed_on(const struct capture *c, const char *path)
{
	const struct record_set *seen = &c->record->seen;

	for (unsigned int i = 0; host_is_capture(c->m->host) && i < seen->nr_entries; i++)
		if (strcmp(seen->entries[i].path, path) == 0 && seen->entries[i].data)
			return &seen->entries[i];
	return NULL;
}

static int capture_files(struct capture_tar *t)
{
	const struct record_set *seen = &t->c->record->seen;
	int ret = 0;

	for (unsigned int i = 0; i < seen->nr_entries && !ret; i++)
		if (!capture_is_own(seen->entries[i].path))
			ret = capture_entry(t, &seen->entries[i]);
	return ret;
}

/* A stream in memory that becomes a file: the kernel's log, lists. */
struct capture_stream {
	FILE *to;
	char *text;
	size_t size;
};

static int stream_open(struct capture_stream *s)
{
	memset(s, 0, sizeof(*s));
	s->to = open_memstream(&s->text, &s->size);
	return s->to ? 0 : -ENOMEM;
}

/* Ends the stream; into the archive as @name where @ret is 0. */
static int stream_file(struct capture_stream *s, struct capture_tar *t, const char *name, int ret)
{
	if (fclose(s->to))
		ret = -ENOMEM;
	if (!ret) {
		ret = tar_file(t->tar, name, s->text, s->size);
		t->c->nr_files++;
	}
	free(s->text);
	return ret;
}

static int capture_line(struct capture *c, const char *line, FILE *to)
{
	CLEANUP_FREE char *masked = NULL;

	if (!capture_wants_line(line))
		return 0;
	c->nr_lines++;
	if (c->raw) {
		fprintf(to, "%s\n", line);
		return 0;
	}
	masked = mask_log_line(&c->mask, line);
	if (!masked)
		return -ENOMEM;
	fprintf(to, "%s\n", masked);
	return 0;
}

static int capture_log(struct capture_tar *t)
{
	CLEANUP_FREE char *copy = NULL;
	struct capture_stream s;
	int ret;

	if (!t->c->m->log)
		return 0;
	copy = strdup(t->c->m->log);
	ret = copy ? stream_open(&s) : -ENOMEM;
	if (ret)
		return ret;
	for (char *line = copy, *end; *line && !ret; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		ret = capture_line(t->c, line, s.to);
	}
	return stream_file(&s, t, &LOG_FILE[1], ret);
}

static int capture_nodes(struct capture_tar *t)
{
	const struct record_entry *old = capture_handed_on(t->c, OWN_DIR "/nodes");
	const struct machine *m = t->c->m;
	struct capture_stream s;
	int ret;

	if (old)
		return capture_data(t, old->path + 1, old->path, old->data, old->size);
	ret = stream_open(&s);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < m->nr_nodes; i++)
		fprintf(s.to, "%s %o %u %u\n", m->nodes[i].path, m->nodes[i].mode, m->nodes[i].uid, m->nodes[i].gid);
	return stream_file(&s, t, &(OWN_DIR "/nodes")[1], 0);
}

static int capture_ioctl(struct capture_tar *t)
{
	const struct record_entry *old = capture_handed_on(t->c, OWN_DIR "/ioctl.json");
	CLEANUP_FREE char *text = NULL;

	if (old)
		return capture_data(t, old->path + 1, old->path, old->data, old->size);
	if (host_is_capture(t->c->m->host))
		return 0;
	text = ioctl_facts_text(&t->c->m->ioctl);
	if (!text)
		return -ENOMEM;
	t->c->nr_files++;
	return tar_file(t->tar, &(OWN_DIR "/ioctl.json")[1], text, strlen(text));
}

static void capture_refusal(struct capture_tar *t, const char *path, int err, FILE *to)
{
	CLEANUP_FREE char *name = capture_name(t, path);
	const char *errname = strerrorname_np(err);

	if (name && errname)
		fprintf(to, "%s %s\n", name, errname);
	else if (!name)
		t->c->record->no_memory = true;
}

static int capture_refused(struct capture_tar *t)
{
	const struct record_set *refused = &t->c->record->refused;
	const struct machine *m = t->c->m;
	struct capture_stream s;
	bool known = false;
	int ret = stream_open(&s);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < refused->nr_entries; i++) {
		capture_refusal(t, refused->entries[i].path, refused->entries[i].err, s.to);
		known = known || strcmp(refused->entries[i].path, LOG_FILE) == 0;
	}
	/* on the running machine the log is no file that host.c reads */
	if (!m->log && m->log_err && m->log_err != -ENOENT && !known)
		capture_refusal(t, LOG_FILE, -m->log_err, s.to);
	return stream_file(&s, t, REFUSED_FILE, 0);
}

static int capture_about(struct capture_tar *t, time_t now)
{
	struct capture_stream s;
	struct tm utc;
	char when[32];
	int ret = stream_open(&s);

	if (ret)
		return ret;
	if (!gmtime_r(&now, &utc) || !strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc))
		when[0] = '\0';
	fprintf(s.to, "version: %s\ntime: %s\nmasked: %s\n", PACKAGE_VERSION, when, t->c->raw ? "no" : "yes");
	return stream_file(&s, t, &(OWN_DIR "/capture.txt")[1], 0);
}

static int capture_own(struct capture_tar *t, time_t now)
{
	int ret = tar_dir(t->tar, &OWN_DIR[1]);

	t->c->nr_dirs++;
	if (!ret)
		ret = capture_about(t, now);
	if (!ret)
		ret = capture_ioctl(t);
	if (!ret)
		ret = capture_log(t);
	if (!ret)
		ret = capture_nodes(t);
	if (!ret)
		ret = capture_refused(t);
	return ret;
}

int capture_write(struct capture *c, int fd, struct fail *f)
{
	time_t now = time(NULL);
	struct capture_tar t = {.c = c, .tar = tar_open(fd, (uint64_t)now)};
	int ret = t.tar ? 0 : -ENOMEM, err;

	record_sort(c->record);
	if (!ret)
		ret = capture_own(&t, now);
	if (!ret)
		ret = capture_files(&t);
	if (!ret && c->record->no_memory)
		ret = -ENOMEM;
	err = tar_close(t.tar, &c->bytes);
	ret = ret ? ret : err;
	return ret ? fail_set(f, ret, "cannot write the capture") : 0;
}
