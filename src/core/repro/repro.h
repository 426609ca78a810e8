/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repros: a known bug of a kernel as a script, with a header that says what the bug is, what it takes, and which outcome of which
 * line means that this kernel has it. The verdict comes from what was seen, never from a version number; iommuctl-repro(5) is the language.
 */
#ifndef IC_CORE_REPRO_H
#define IC_CORE_REPRO_H

#include "core/failure.h"
#include "core/script.h"
#include "core/session/session.h"

#define REPRO_FILE_MAX 65536u
#define REPRO_RULES_MAX 24
#define REPRO_OUTCOMES_MAX 12
#define REPRO_SEGMENTS_MAX 32

/* The header's settings, in the order of the table in header.c. */
enum repro_key {
	REPRO_TITLE,
	REPRO_BUG,	/* what user space sees */
	REPRO_UPSTREAM, /* "fix 6012379ede6a", "introduced ...", "none" */
	REPRO_CVE,
	REPRO_AFFECTED, /* kernels, for people */
	REPRO_SOURCE,	/* who says so */
	REPRO_NEEDS,
	REPRO_DANGER,
	REPRO_SIM,	 /* options of the simulated IOMMU that make it say affected */
	REPRO_COMPLAINT, /* parts of what the kernel logs where it has this bug, "a | b" */
	REPRO_NOTE,	 /* what a pass does not show */
	REPRO_AFFECTED_IF,
	REPRO_NOT_AFFECTED_IF,
	REPRO_NOT_APPLICABLE_IF,
	REPRO_KEYS,
};
const char *repro_key_name(enum repro_key key);

/* A value of the header, and where in the file its parts were: lines that go on are joined by a space. */
struct repro_value {
	char *text; /* NULL: not given */
	unsigned int nr;
	struct repro_segment {
		size_t at; /* in text */
		unsigned int line, column;
	} segment[REPRO_SEGMENTS_MAX];
};

/* The first thing wrong with a file; lines and columns from 1. */
struct repro_error {
	unsigned int line, column;
	char text[200];
	char hint[200];
};

enum repro_outcome_kind { REPRO_FAIL, REPRO_SKIP, REPRO_CLASS, REPRO_ERRNO };

/* "affected-if: LABEL OUTCOME...: WORDS" */
struct repro_rule {
	enum repro_key kind; /* REPRO_AFFECTED_IF ... */
	char label[32];
	unsigned int line, column;
	unsigned int nr;
	struct {
		enum repro_outcome_kind kind;
		int value; /* enum failure_class, positive errno */
	} outcome[REPRO_OUTCOMES_MAX];
	char why[256];
};

struct repro {
	char *name; /* of the file, without folder and ending */
	char *path;
	struct repro_value value[REPRO_KEYS]; /* of the two kinds of rules: none */
	unsigned int nr_rules;
	struct repro_rule rule[REPRO_RULES_MAX];
	struct script *script;
	unsigned int script_line; /* the first behind the header */
};

/* The label of a script's line ("... #@label"), "" = none; -EINVAL: it is none, *column says where. */
int repro_label(const char *text, char *label, size_t size, unsigned int *column);

#define REPRO_COMPLAINT_MAX 80
/* The next of the words in `complaint` at *at, which is NULL behind the last. False: they are too short or too long. */
bool repro_complaint_next(const char **at, char *part, size_t size);

/* Header and rules of @len bytes at @text into @r, whose script is not looked at. -EINVAL with @error, -ENOMEM. */
int repro_parse_header(struct repro *r, const char *text, size_t len, struct repro_error *error);
/* Each rule's label stands at a line, each line's label in a rule. -EINVAL with @error. */
int repro_check_labels(const struct repro *r, struct repro_error *error);
/* Read a file. -EINVAL as "file:line:column: text" (a usage error), and what open and read say. */
int repro_load(struct repro **out, const char *path, struct fail *f);
void repro_free(struct repro *r);
const char *repro_text(const struct repro *r, enum repro_key key); /* "" where it was not given */

/* dir.c: those that came with the program: beside the binary in a build tree, else where they were installed. */
/* By name or, where @name has a '/' or ends in .iommu, by path. -ENOENT with a hint. */
int repro_find(struct repro **out, const char *name, struct fail *f);
/* All of them by name; free with repro_free_all(). -ENOENT where there is no folder of them. */
int repro_all(struct repro ***out, unsigned int *nr, struct fail *f);
void repro_free_all(struct repro **all, unsigned int nr);

enum repro_verdict {
	REPRO_NOT_AFFECTED,
	REPRO_AFFECTED_BY_IT,
	REPRO_NOT_APPLICABLE,
	REPRO_SKIPPED,
	REPRO_ERROR, /* it went wrong in a way that is not this bug's */
};
/* "affected", "not-affected", "not-applicable", "skipped", "error" */
const char *repro_verdict_name(enum repro_verdict verdict);
enum result repro_verdict_result(enum repro_verdict verdict);

struct repro_judgement {
	enum repro_verdict verdict;
	char why[400];
};

/* needs.c */
/* One word of the setting `needs`. -EINVAL with what is wrong. */
int repro_need_check(const char *word, char *why, size_t size);
/*
 * May it run at all, as far as that is known before a session is open: danger and rights. False: @out says why not.
 */
bool repro_may_run(const struct repro *r, const struct session_params *params, struct repro_judgement *out);
/* Has the session what it needs? False: @out says what is missing. */
bool repro_needs_met(const struct repro *r, struct session *s, struct repro_judgement *out);

/* Capability bit 26 of an AMD unit ("ivhd0"; drivers/iommu/amd/amd_iommu_types.h IOMMU_CAP_NPCACHE): 1, 0, or what kept it from being read. */
int repro_np_cache(const struct host *host, const char *unit);

/* judge.c */
/* A label that no line has: what the machine counts as pinned when all is over. */
#define REPRO_PINNED "pinned"
/* What was seen beside the lines. */
struct repro_seen {
	uint64_t leaked;       /* pages that the machine counts as pinned more than before */
	const char *uncounted; /* why nobody can tell that, NULL = it can be told */
	const char *complaint; /* of the kernel, "" = none */
	const char *fault;     /* of the IOMMU where none was due, "" = none */
	bool interrupted;
};
/* After the script has run: what its lines say. */
void repro_judge(const struct repro *r, const struct repro_seen *seen, struct repro_judgement *out);
/* What a line came to, in words, as evidence. False: it was not run, or is none that runs. */
bool repro_evidence(const struct script_line *line, char *text, size_t size);

#endif
