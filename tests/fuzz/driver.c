/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A main for fuzzers where there is no libFuzzer: runs the files that are given, and then, with --runs, changed copies of
 * them. The same seed makes the same changes. What ends a run is kept in a file.
 */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "base/num.h"
#include "base/rng.h"

struct input {
	uint8_t *data;
	size_t size;
};

static struct {
	struct input *inputs;
	size_t count;
	uint64_t runs, seed, max_len, seconds;
	const char *keep; /* where what ends a run goes */
	struct input now;
	uint64_t run;
} fuzz = {.max_len = 8192, .keep = "crash"};

/* Of ASan, where there is one. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

static void keep_input(void)
{
	int fd = open(fuzz.keep, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd >= 0 && write(fd, fuzz.now.data, fuzz.now.size) == (ssize_t)fuzz.now.size)
		fprintf(stderr, "run %llu of seed 0x%llx: the input is in %s\n", (unsigned long long)fuzz.run,
			(unsigned long long)fuzz.seed, fuzz.keep);
	if (fd >= 0)
		close(fd);
}

static void on_signal(int sig)
{
	signal(sig, SIG_DFL);
	keep_input();
	raise(sig);
}

static void catch_deaths(void)
{
	static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGALRM};

	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(keep_input);
	for (unsigned int i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], on_signal);
}

static void add_file(const char *path)
{
	struct input in = {0};
	FILE *f = fopen(path, "rb");
	long size = -1;

	if (f && fseek(f, 0, SEEK_END) == 0)
		size = ftell(f);
	if (size < 0 || fseek(f, 0, SEEK_SET)) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(2);
	}
	in.size = (size_t)size;
	in.data = malloc(in.size + 1);
	fuzz.inputs = reallocarray(fuzz.inputs, fuzz.count + 1, sizeof(in));
	if (!in.data || !fuzz.inputs || fread(in.data, 1, in.size, f) != in.size) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(2);
	}
	fclose(f);
	fuzz.inputs[fuzz.count++] = in;
}

static int is_file(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void add(const char *path)
{
	struct dirent **names;
	struct stat st;
	char file[512];
	int n;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		add_file(path);
		return;
	}
	n = scandir(path, &names, is_file, alphasort);
	if (n < 0) {
		perror(path);
		exit(2);
	}
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		add_file(file);
		free(names[i]);
	}
	free(names);
}

static void run(const uint8_t *data, size_t size)
{
	fuzz.now = (struct input){(uint8_t *)data, size};
	/* what takes longer is taken for endless */
	alarm(30);
	LLVMFuzzerTestOneInput(data, size);
	alarm(0);
	fuzz.run++;
}

/* --- changes --------------------------------------------------------------------------------------------------------- */

/* Draws of one run, one after the other. */
struct draws {
	uint64_t run, place;
};

static uint64_t draw(struct draws *d, uint64_t below)
{
	return rng_below(rng_draw(fuzz.seed, d->run, d->place++), below);
}

/* A number that lengths, counts and offsets go wrong at, 1 to 8 bytes wide. */
static void change_number(struct draws *d, struct input *in)
{
	static const uint64_t numbers[] = {
		0,	   1,	   2,	       3,	   4,	       7,	   8,
		15,	   16,	   0x7f,       0x80,	   0xff,       0x100,	   0x7fff,
		0x8000,	   0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, UINT64_MAX / 2,
		UINT64_MAX};
	uint64_t v = numbers[draw(d, ARRAY_SIZE(numbers))];
	size_t width = (size_t)1 << draw(d, 4), at;

	if (in->size < width)
		return;
	at = draw(d, in->size - width + 1);
	for (size_t i = 0; i < width; i++)
		in->data[at + i] = v >> (8 * i);
}

static void change_bit(struct draws *d, struct input *in)
{
	if (in->size)
		in->data[draw(d, in->size)] ^= 1 << draw(d, 8);
}

static void change_byte(struct draws *d, struct input *in)
{
	if (in->size)
		in->data[draw(d, in->size)] = draw(d, 256);
}

static void change_cut(struct draws *d, struct input *in)
{
	in->size = draw(d, in->size + 1);
}

static void change_remove(struct draws *d, struct input *in)
{
	size_t at, len;

	if (!in->size)
		return;
	at = draw(d, in->size);
	len = 1 + draw(d, MIN(in->size - at, 32));
	memmove(in->data + at, in->data + at + len, in->size - at - len);
	in->size -= len;
}

/* Some bytes of another input, or of this one, in between. */
static void change_insert(struct draws *d, struct input *in)
{
	const struct input *from = &fuzz.inputs[draw(d, fuzz.count)];
	size_t at = draw(d, in->size + 1), off, len;

	if (!from->size)
		return;
	off = draw(d, from->size);
	len = 1 + draw(d, MIN(from->size - off, 128));
	len = MIN(len, fuzz.max_len - in->size);
	memmove(in->data + at + len, in->data + at, in->size - at);
	memcpy(in->data + at, from->data + off, len);
	in->size += len;
}

/* Some bytes of the same input over others. */
static void change_move(struct draws *d, struct input *in)
{
	size_t to, from, len;

	if (in->size < 2)
		return;
	to = draw(d, in->size);
	from = draw(d, in->size);
	len = 1 + draw(d, in->size - MAX(to, from));
	memmove(in->data + to, in->data + from, len);
}

static void (*const changes[])(struct draws *d, struct input *in) = {
	change_number, change_number, change_bit, change_byte, change_cut, change_remove, change_insert, change_move,
};

static void run_changed(uint64_t number)
{
	struct draws d = {.run = number};
	const struct input *from = &fuzz.inputs[draw(&d, fuzz.count)];
	struct input in = {malloc(fuzz.max_len + 1), MIN(from->size, fuzz.max_len)};
	uint64_t n;

	FUZZ_HOLDS(in.data);
	memcpy(in.data, from->data, in.size);
	for (n = 1 + draw(&d, 6); n; n--)
		changes[draw(&d, ARRAY_SIZE(changes))](&d, &in);
	run(in.data, in.size);
	free(in.data);
}

/* --- main ------------------------------------------------------------------------------------------------------------ */

static const struct option options[] = {
	{"runs", required_argument, NULL, 'r'},	   {"seed", required_argument, NULL, 's'},
	{"seconds", required_argument, NULL, 't'}, {"max-len", required_argument, NULL, 'm'},
	{"keep", required_argument, NULL, 'k'},	   {0},
};

static void usage(const char *name)
{
	fprintf(stderr, "usage: %s [--runs N | --seconds N] [--seed N] [--max-len N] [--keep FILE] FILE|FOLDER...\n",
		name);
	exit(64);
}

static void take_option(int c, char **argv)
{
	uint64_t *to = c == 'r' ? &fuzz.runs : c == 's' ? &fuzz.seed : c == 't' ? &fuzz.seconds : &fuzz.max_len;

	if (c == 'k')
		fuzz.keep = optarg;
	else if (!strchr("rstm", c) || num_parse_u64(optarg, to))
		usage(argv[0]);
}

static bool goes_on(uint64_t done, time_t end)
{
	return fuzz.seconds ? time(NULL) < end : done < fuzz.runs;
}

int main(int argc, char **argv)
{
	time_t end;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(c, argv);
	if (optind == argc)
		usage(argv[0]);
	for (int i = optind; i < argc; i++)
		add(argv[i]);
	catch_deaths();
	for (size_t i = 0; i < fuzz.count; i++)
		run(fuzz.inputs[i].data, fuzz.inputs[i].size);
	end = time(NULL) + (time_t)fuzz.seconds;
	for (uint64_t i = 0; fuzz.count && goes_on(i, end); i++)
		run_changed(i);
	printf("%zu inputs, %llu runs\n", fuzz.count, (unsigned long long)fuzz.run);
	for (size_t i = 0; i < fuzz.count; i++)
		free(fuzz.inputs[i].data);
	free(fuzz.inputs);
	return fuzz.count ? 0 : 1;
}
