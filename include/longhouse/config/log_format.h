#ifndef CONFIG_LOG_FORMAT_H
#define CONFIG_LOG_FORMAT_H

/*
 * The form of a line of the access log. A text with Apache's letters (`%h %u "%r" %>s`) is read
 * once, when the configuration is loaded, into segments; who writes the line walks them. The words
 * `common` and `extended` are such texts that everybody knows.
 */
#include "base/arena.h"
#include "base/parse.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

#define LOG_FORMAT_MOST   ((size_t)2048) /* bytes of a text */
#define LOG_SEGMENTS_MOST 128u

enum log_format_kind { LOG_FORMAT_HIAWATHA, LOG_FORMAT_JSON, LOG_FORMAT_SEGMENTS };

/* What stands at one place of a line. */
enum line_item {
    LINE_TEXT, /* the text of the segment itself */
    LINE_NOBODY,
    LINE_CLIENT,
    LINE_CLIENT_PORT,
    LINE_USER,
    LINE_TIME, /* when the line is written, as in `common` */
    LINE_BEGUN_ISO,
    LINE_BEGUN_S,
    LINE_BEGUN_MS,
    LINE_REQUEST,
    LINE_METHOD,
    LINE_PATH,
    LINE_QUERY,
    LINE_PROTOCOL,
    LINE_STATUS,
    LINE_BYTES,
    LINE_BODY_BYTES,
    LINE_BODY_BYTES_OR_DASH,
    LINE_DURATION_US,
    LINE_DURATION_MS,
    LINE_DURATION_S,
    LINE_HOST,
    LINE_HOST_ASKED,
    LINE_PORT,
    LINE_ID,
    LINE_HANDLER,
    LINE_CAUSE,
    LINE_EXIT,
    LINE_SIGNAL,
    LINE_CPU_US,
    LINE_PEAK_KIB,
    LINE_QUEUE_US,
    LINE_SPAWN_US,
    LINE_CONNECT_US,
    LINE_FIRST_BYTE_US,
    LINE_BACKEND,
    LINE_ATTEMPTS,
    LINE_SESSION,
    LINE_TLS_VERSION,
    LINE_TLS_CIPHER,
    LINE_REQUEST_FIELD, /* the text is its name */
    LINE_ANSWER_FIELD,
};

struct log_segment {
    enum line_item item;
    struct slice text;
    char end; /* what follows in the text and must not be in the value; 0: nothing of that kind */
};

struct log_format {
    enum log_format_kind kind;
    const struct log_segment *segments; /* of LOG_FORMAT_SEGMENTS; in the arena */
    unsigned count;
};

/* A format by its name: hiawatha, common, extended, json. False: it is none of them. */
bool log_format_named(struct slice name, struct arena *arena, struct log_format *ret);

/*
 * A text with letters. It may stand in double quotes; then \" \\ and \t in it are a quote, a
 * backslash and a tab, and a bare quote is a fault. PARSE_BAD: the offset is one of `text`.
 */
enum parse log_format_parse(struct slice text, struct arena *arena, struct log_format *ret,
                            struct parse_fault *reterr);

#endif
