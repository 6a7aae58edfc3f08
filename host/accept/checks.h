/* checks.h - the table of checks: data. docs/connector-tests.md has a paragraph for each, by its name. */
#ifndef ABHOST_ACCEPT_CHECKS_H
#define ABHOST_ACCEPT_CHECKS_H
#include "accept/kit.h"

#define CHECKS_AFTER 4

struct check {
	const char *family, *name, *title; /* the title says what is so where it is ok */
	const char *after[CHECKS_AFTER];   /* these must not have failed */
	const char *why;		   /* why it matters, one sentence */
	check_fn *run;
};

extern const struct check checks[];
extern const unsigned checks_count;

/* binary.c */
check_fn check_binary_file, check_binary_table, check_binary_versions, check_binary_words,
    check_binary_functions, check_binary_exports, check_binary_hidden, check_binary_libraries,
    check_binary_textrel, check_binary_stack, check_binary_code;
/* spec.c */
check_fn check_spec_json, check_spec_schema, check_spec_required, check_spec_secrets,
    check_spec_defaults, check_spec_missing, check_spec_example;
/* open.c */
check_fn check_open, check_good, check_credential, check_unreachable;
/* streams.c */
check_fn check_streams_list, check_streams_names, check_streams_schema, check_streams_keys,
    check_streams_cursors, check_streams_modes, check_streams_same, check_streams_since;
/* read.c, disturb.c, resume.c */
check_fn check_read_tokens, check_read_update_io, check_read_full, check_read_json,
    check_read_schema, check_read_keys, check_read_unique, check_read_cursor, check_read_sorted,
    check_read_same, check_read_again, check_read_two, check_read_empty, check_read_cancel,
    check_read_state, check_read_token, check_read_update_same, check_read_update_monotone,
    check_read_quiet;
/* faults.c */
check_fn check_faults_401, check_faults_403, check_faults_404, check_faults_429, check_faults_500,
    check_faults_reset, check_faults_truncated, check_faults_html, check_faults_empty,
    check_faults_null, check_faults_types, check_faults_secrets;
/* strict.c */
check_fn check_strict_lent, check_strict_threads;
/* memory.c, valgrind.c */
check_fn check_memory_descriptors, check_memory_threads, check_memory_growth, check_memory_valgrind;
#endif
