/* log.h - lines for a person or a program, redacted, one write each.
 *
 * Every line passes through redact_text and has its control characters replaced, so that a
 * connector cannot draw on the terminal.  Where lines go is decided once, by the CLI.
 * Thread-safe. */
#ifndef ABHOST_LOG_H
#define ABHOST_LOG_H
#include <abhost/abi.h>

/* Receives one finished line, without a newline; level is AB_DEBUG ... AB_ERROR. */
typedef void log_sink(void *ctx, int level, const char *line);

/* Who gets the lines (NULL: standard error, "abhost: level: line"), and from which level on. */
void log_to(log_sink *sink, void *ctx);
void log_level(int least);
void log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Like log_line for a text of any origin; cut at 4 KiB. */
void log_text(int level, const char *who, const char *text);
const char *log_word(int level);
#endif
