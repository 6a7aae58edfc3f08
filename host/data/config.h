/* config.h - configuration: reading it, ${NAME}, checking it against a connector's spec, its secrets.
 *
 * Nothing else interprets the user's configuration.  No message ever holds a value of
 * the configuration: any of them may be a secret.  Not thread-safe. */
#ifndef ABHOST_CONFIG_H
#define ABHOST_CONFIG_H
#include <jansson.h>

#include "base/error.h"

#define CONFIG_MAX_BYTES (16u << 20)

/* Reads a JSON object from a file, or from standard input for "-". A mistake is AB_ECONFIG with file, line
 * and column.  *out is the caller's (json_decref). */
ab_status config_read(const char *path, json_t **out, struct error *e);
/* The same for a text; `name` stands for the file in messages, `wrong` is the status of a mistake in the text. */
ab_status config_parse(
    const char *text, size_t len, const char *name, ab_status wrong, json_t **out, struct error *e);
/* Replaces ${NAME} in every string by the environment's value ("$${" stands for "${"); a NAME that is not set is
 * AB_ECONFIG; all of them are named.  A string that is nothing but one ${NAME} stays a string. */
ab_status config_expand(json_t *config, struct error *e);
/* Checks the config against a connectionSpecification (JSON Schema draft 7: type, required, properties,
 * additionalProperties, enum, const, pattern, format, minimum, maximum, exclusive*, multipleOf, min/maxLength, items,
 * min/maxItems, uniqueItems, oneOf, anyOf, allOf, not, if/then/else, $ref into the same document; others are ignored, and
 * so is a pattern that POSIX cannot express) and fills in defaults first. All faults are told at once, one a line, each
 * with its JSON pointer; a value never.  A key that looks like a slip for one of the spec's is a warning in the log. */
ab_status config_check(const json_t *spec, json_t *config, struct error *e);
/* The same by another schema, which `by` names in messages ("the connector's spec"); a slip is no warning. */
ab_status config_check_by(const json_t *schema, const char *by, json_t *config, struct error *e);
/* Whether a schema is one: known types, keywords of the right form and without slips, patterns, $ref.  AB_EBUG, all faults
 * as in config_check; `what` names it ("its spec"). */
ab_status config_check_schema(const json_t *schema, const char *what, struct error *e);
/* Whether what a schema says by "default" and "examples" fits it.  AB_EBUG. */
ab_status config_check_defaults(const json_t *schema, struct error *e);
/* Registers every value whose spec says airbyte_secret with redact_add, in whatever branch of a oneOf it says so. */
ab_status config_redact(const json_t *spec, const json_t *config, struct error *e);
/* A deep copy in which each secret is "****" (unless its spec also says "ab_reveal": true); NULL: no memory. */
json_t *config_masked(const json_t *spec, const json_t *config);
/* The value at a dotted path ("credentials.api_key") as borrowed text, or NULL where it is not a string. */
const char *config_string(const json_t *config, const char *path);
#endif
