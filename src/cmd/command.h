/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command is. One exported const instance per file in cmd/; the table is in main.c. */
#ifndef IC_CMD_COMMAND_H
#define IC_CMD_COMMAND_H

#include <argp.h>
#include <stdbool.h>

#include "base/fail.h"
#include "core/failure.h"
#include "core/session/session.h"
#include "host/host.h"
#include "out/progress.h"
#include "out/report.h"

#define USAGE_STATUS 64

/* The global options, filled by whichever parser saw them. */
struct globals {
	struct session_params session; /* backend, device, driver, seed, canary ... */
	const char *sysroot;
	enum report_format format;
	char **before; /* the words of the command line before the command */
	int nr_before;
	const char *session_name; /* --session, or NULL */
	bool of_client;		  /* these are a client's: this is the session's process */
	bool color_set, color;
	bool terminal_color; /* where no --color says otherwise */
	bool dry_run;
	bool help_backend; /* --backend sim,help */
	enum progress_mode progress;
	int verbosity;
	struct host host;
};

/* One execution of one command. */
struct command_run {
	struct globals *globals;
	struct session *session; /* a script's; NULL: the command opens its own when it needs one */
	struct report *report;	 /* open; the caller ends it */
	bool own_session;	 /* opened for this execution alone */
	uint64_t op;		 /* numbers the random choices of this execution */
	bool unchecked;		 /* --unchecked, or a script line that begins with '!' */
	const char *script_path; /* NULL outside a script */
	bool shows;		 /* set by the command: what it reports is shown where it is a script's line, too */
	bool partial;		 /* with shows: what it reports holds, although an error is returned */
	char detail[200];	 /* one sentence on what was found, for a script's result list */
	struct fail fail;	 /* set before returning a negative errno */
	struct fail closing;	 /* of the first session that could not be closed; its words are already on stderr */
};

struct command {
	const char *name;
	const char *summary;		   /* one line for --help and the man page */
	const char *args_doc;		   /* "ID..." or NULL */
	const struct argp_option *options; /* own options, ended by {0}; the globals are added to them; NULL: none */
	size_t state_size;		   /* zeroed storage for the options, one per execution */
	void (*defaults)(void *state);	   /* may be NULL */
	/* argp parser; state->input is the zeroed state. May be NULL when there are neither options nor arguments. */
	error_t (*parse)(int key, char *arg, struct argp_state *state);
	/*
	 * Do it. 0, or -errno with run->fail set: -EOPNOTSUPP becomes skip, fail.usage becomes usage, the rest error. A check that
	 * fails is no error: it goes to the report.
	 */
	int (*execute)(struct command_run *run, void *state);
	/* Instead of execute: the same in a session, the script's or one of its own that command_execute() opens and closes. */
	int (*in_session)(struct command_run *run, struct session *s, void *state);
	/* With both: false = this time it is execute that does it. NULL: a session wherever there is in_session. */
	bool (*needs_session)(const void *state);
	void (*release)(void *state); /* what parse allocated; may be NULL */
	bool scriptable;	      /* may stand in a script or session */
	bool opens_session;	      /* works on a device without in_session: --dry-run says so and does nothing */
};

extern const struct argp globals_argp;	       /* cmd/globals.c; input is struct globals */
extern const struct command *const commands[]; /* main.c, NULL-terminated, in help order */
const struct command *command_find(const char *name);

extern const struct command command_decode;
extern const struct command command_recipe;
extern const struct command command_migration;
extern const struct command command_memory, command_limits;
extern const struct command command_stress, command_sessions, command_repro, command_diagnose;
extern const struct command command_list, command_caps, command_bind, command_unbind, command_map, command_unmap,
	command_maps, command_fill, command_check, command_dma, command_free, command_vaddr, command_ioas, command_hwpt,
	command_attach, command_detach, command_destroy, command_hwinfo, command_faultq, command_viommu,
	command_replace, command_watch, command_device, command_compare, command_bench, command_audit, command_capture,
	command_run_script, command_dirty;

/* cmd/parse.c */
/*
 * Parse argv[0] = command name and what follows into *state (allocated, caller frees after release). 0, or USAGE_STATUS
 * after a message on stderr. @script: never exits and says nothing; the message is in @f and names @script ("FILE:12").
 */
int command_parse(const struct command *cmd, int argc, char **argv, struct globals *globals, const char *script,
		  struct fail *f, void **state);
void command_state_free(const struct command *cmd, void *state);
/*
 * A usage error out of a parse function: one line "iommuctl: CMD: ...", one hint; then exits with 64 or, in a script,
 * returns EINVAL for the parse function to return.
 */
error_t usage_error(struct argp_state *state, const char *fmt, ...) IC_PRINTF(2, 3);
/* The usage error of ARGP_KEY_ERROR: a word that is no option here (@own and the globals), lacks its value, or is too many. */
error_t usage_bad_word(struct argp_state *state, const struct argp_option *own);

/* Option values; each returns 0 or usage_error()'s EINVAL, naming @option and the value. */
error_t parse_size(struct argp_state *state, const char *option, const char *arg, uint64_t *out);
error_t parse_u64(struct argp_state *state, const char *option, const char *arg, uint64_t *out);
error_t parse_choice(struct argp_state *state, const char *option, const char *arg, const char *const *names, int *out);

/* cmd/common.c */
/* Will it open a session, or work on a device on its own? */
bool command_opens_session(const struct command *cmd, const void *state);
/* Execute, in a session where the command wants one. As execute. */
int command_execute(const struct command *cmd, struct command_run *run, void *state);
/* The script's session, or a new one that *own says to close with command_session_close(). */
int command_session(struct command_run *run, struct session **out, bool *own);
void command_session_close(struct command_run *run, struct session *s, bool own);
/*
 * Execute, and everything around it: the report, its failures, the exit status. With @held in that session, which @session_name is
 * the name of, with random choices numbered @op.
 */
int command_main(const struct command *cmd, struct globals *g, void *state, struct session *held, uint64_t op);
/* cmd/session_send.c: in the session of g->session_name, by another process. The exit status. */
int command_send(const struct command *cmd, int argc, char **argv, struct globals *g, const void *state);
/* May it run in a session that somebody holds? */
bool command_fits_session(const struct command *cmd, const void *state);
/* Instead, where it could not even be tried: @f (on stderr too) in a report of the user's format, or, without it, an interruption. */
int command_main_failed(const struct command *cmd, struct globals *g, const struct fail *f);
/* Failures of a one-op command: report keys, a FAIL check named @what or a PASS one, run->detail. */
void command_failures(struct command_run *run, const char *what, struct failures *found);
/* "self", "child": whose ioctl it is. NULL-terminated. */
extern const char *const by_names[];
/* mappings: [{buf, ioas, iova, size, prot, mem}] */
void command_report_mappings(struct command_run *run, struct session *s);

/* cmd/objects.c */
/* objects: [{kind, id, name, parent, has_pasid, pasid, fault_queue}], and the same as a tree for people */
void command_report_objects(struct command_run *run, struct session *s);

/* cmd/capabilities.c */
/* capabilities: {personality, page_sizes, ranges: [{start, last}] ...}, for machines: text leaves it out */
void command_report_capabilities(struct command_run *run, struct session *s);

#endif
