/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the shrinker share: the script as it is now, and the one way to another. */
#ifndef IC_CORE_SHRINK_PRIV_H
#define IC_CORE_SHRINK_PRIV_H

#include <stdbool.h>

#include "core/shrink/shrink.h"
#include "out/progress.h"

struct shrinker {
	const struct shrink_params *params;
	struct shrink_target target;
	struct fail *f;
	char **line; /* the shortest script so far; its strings are the pool's */
	unsigned int nr;
	char **pool; /* every line there ever was, until the end */
	size_t nr_pool;
	uint64_t *seen; /* hashes of candidates that did not fail: a table of nr_slots, 0 = free */
	size_t nr_seen, nr_slots;
	uint64_t runs;
	bool steady;   /* the script failed in every run so far */
	bool repeated; /* by shrink_steady() */
	bool timed_out;
	int err; /* ends it all */
	struct progress progress;
};

/* In so many, at least, it has to fail to be told as failing always: three may be luck. */
#define SHRINK_STEADY_RUNS 10u

/* Nothing more is to be tried. */
bool shrink_ended(struct shrinker *s);
/* @text becomes the pool's, which frees it at the end. NULL: no memory, which ends it all. */
char *shrink_keep(struct shrinker *s, char *text);
/* Is it a failing script? Then it is the new one; true. Lines are the pool's, the array the caller's. */
bool shrink_try(struct shrinker *s, char *const *lines, unsigned int nr);
/* How often does the script fail in so many runs? Ends early once it is neither always nor never where @only_always. */
unsigned int shrink_count(struct shrinker *s, char *const *lines, unsigned int nr, unsigned int of, bool only_always);

/*
 * What can be taken out as one: items, in an order in which neighbours are likely to go together. A line goes with any of its items.
 * The `repeat` and `end` of a block are one item; without them the lines between run once.
 */
#define SHRINK_OF 4
#define SHRINK_NONE UINT32_MAX
struct shrink_items {
	unsigned int nr;
	uint32_t (*of)[SHRINK_OF]; /* of each line */
};
/* Delta debugging over items; frees items->of. True: something went. */
bool shrink_remove(struct shrinker *s, struct shrink_items *items);

/* group.c: items of the lines that begin with the same words, but for the last one; of the lines that name a buffer during one life of it (from one `map` of it to the next); of each line alone. */
int shrink_group_kinds(const struct shrinker *s, struct shrink_items *items);
int shrink_group_lives(const struct shrinker *s, struct shrink_items *items);
int shrink_group_lines(const struct shrinker *s, struct shrink_items *items);

/* words.c: a line as words. Lines with quotes or comments in them have none: they stay as they are. */
#define SHRINK_WORDS 64
struct shrink_words {
	char *copy;
	unsigned int nr;
	char *word[SHRINK_WORDS];
};
/* -ENOMEM. */
int shrink_words(struct shrink_words *out, const char *line);
void shrink_words_free(struct shrink_words *w);
/* The index of the command's word: behind a `!` that stands alone. @w->nr when there is none. */
unsigned int shrink_command(const struct shrink_words *w);
/* The buffer or object that the line makes, or NULL: `map NAME`, `ioas new NAME` ... */
const char *shrink_made(const struct shrink_words *w);
bool shrink_is_repeat(const char *line);
bool shrink_is_end(const char *line);
/* Is @word @name, or @name+OFFSET? */
bool shrink_names(const char *word, const char *name);

/*
 * The script with words replaced: @fn is asked for every word of every line and returns NULL (leave it), a word from
 * malloc, or "" (take it out). True: that was another script, and it fails.
 */
typedef char *(*shrink_word_fn)(void *ctx, unsigned int line, const struct shrink_words *w, unsigned int i);
bool shrink_rewrite(struct shrinker *s, shrink_word_fn fn, void *ctx);

/* Each: true when something became simpler. */
bool shrink_options(struct shrinker *s);   /* option.c: left out */
bool shrink_values(struct shrinker *s);	   /* value.c: sizes, offsets */
bool shrink_addresses(struct shrinker *s); /* address.c */
bool shrink_names_all(struct shrinker *s); /* name.c: buffers b1, b2 ..., generations 1, 2 ... */
/* value.c: fewer turns of each `repeat`; only of what fails always, because fewer turns make the rest fail less. */
void shrink_turns(struct shrinker *s);
/* steady.c: into a `repeat`, with the buffers given back at its end, or more turns of the one it is in: where that makes it fail always. */
bool shrink_steady(struct shrinker *s);
/* At the end, of what that repeats: twice as often as was enough in every run, so that it is in the next ones. */
void shrink_margin(struct shrinker *s);

#endif
