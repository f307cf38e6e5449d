#ifndef GATEWAY_LAST_WORDS_H
#define GATEWAY_LAST_WORDS_H

/*
 * What a program says on stderr: one line of it is one line of the host's error log, with request
 * id, host and script, however the bytes were cut on their way. A program that floods is cut off:
 * after LAST_WORDS_LINES lines or LAST_WORDS_BYTES bytes the rest is only counted. The end of it
 * all is kept for the line that says why a request failed.
 *
 * Owns a chunk from the first byte on; most programs say nothing.
 */
#include "base/log.h"
#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>

#define LAST_WORDS_LINES 200u
#define LAST_WORDS_BYTES 65536u
#define LAST_WORDS_KEPT  8192u
#define LAST_WORDS_LINE  4096u /* longer lines are logged in pieces */

struct chunk;

struct last_words {
    struct log *log; /* borrowed, as all texts */
    const char *id;  /* of the request */
    struct slice host;
    struct slice script;
    struct chunk *memory; /* owned: ring of what was said last, then the unfinished line */
    uint64_t said_bytes;  /* all that ever came */
    size_t line_len;
    unsigned lines; /* logged */
    uint64_t logged_bytes;
    uint64_t suppressed_lines;
};

void last_words_init(struct last_words *words, struct log *log, const char *id, struct slice host,
                     struct slice script);

void last_words_add(struct last_words *words, struct slice bytes);

/* No more will come: logs the unfinished line and how many were suppressed. Harmless when repeated.
 */
void last_words_end(struct last_words *words);

/* For a request that failed: if lines were suppressed, the end of what was kept is logged after
 * all, so that its reason is not among them. Before last_words_end(). */
void last_words_repeat_end(struct last_words *words);

/* The end of what was said: at most `room` (and LAST_WORDS_KEPT) bytes, blanks trimmed. */
struct slice last_words_tail(const struct last_words *words, char *out, size_t room);

/* Frees the memory; what was not ended is lost. */
void last_words_done(struct last_words *words);

#endif
