#ifndef SITE_TRACE_H
#define SITE_TRACE_H

/*
 * Why a request is answered as it is: each decision, written down by whoever takes it, in the order
 * they are taken. Of most requests nobody wants to know that: then exchange.trace is NULL, and a
 * decision costs one branch more.
 *
 * A rehearsal (`longhouse explain`) goes the same way through the house, but where a program would
 * be started or talked to it ends, with what the program would have been told.
 */
#include "base/address.h"
#include "base/arena.h"
#include "base/diag.h"
#include "base/slice.h"
#include "base/text.h"

#include <stdbool.h>

enum trace_part {
    TRACE_BINDING,
    TRACE_CLIENT,
    TRACE_HOST,
    TRACE_GATE, /* methods, RequireTLS, names, SecureURL, dot files */
    TRACE_TOOLKIT,
    TRACE_DIRECTORY,
    TRACE_DISK,
    TRACE_ACCESS,
    TRACE_LOGIN,
    TRACE_HANDLER,
    TRACE_PROGRAM, /* as whom, within which limits */
    TRACE_BACKEND,
    TRACE_ANSWER,
};
#define TRACE_PARTS (TRACE_ANSWER + 1u)

enum trace_mark {
    TRACE_FACT,
    TRACE_YES, /* it holds, is there, lets pass */
    TRACE_NO,
};

struct trace_note {
    struct trace_note *next;
    enum trace_part part;
    enum trace_mark mark;
    struct diag_place place; /* of what decided; file NULL: nowhere in particular */
    struct slice text;       /* one line; what a client wrote is in it as it came */
};

struct trace {
    struct arena *arena; /* borrowed: keeps the notes */
    struct trace_note *first;
    struct trace_note **end;
    bool rehearses;
    bool reached_program;     /* a rehearsal: it ended there */
    struct slice environment; /* then: "NAME=value\0" of each variable */
    struct slice head;        /* or, if it speaks HTTP, the head of its request */
};

void trace_init(struct trace *trace, struct arena *arena);

/* To be called by trace_note() and trace_note_at(). `place` may be NULL. */
void trace_add(struct trace *trace, enum trace_part part, enum trace_mark mark,
               const struct diag_place *place, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* `trace` may be NULL; then nothing behind it is evaluated. */
#define trace_note_at(trace, part, mark, place, ...)                                               \
    do {                                                                                           \
        if (trace)                                                                                 \
            trace_add((trace), (part), (mark), (place), __VA_ARGS__);                              \
    } while (0)
#define trace_note(trace, part, mark, ...) trace_note_at((trace), (part), (mark), NULL, __VA_ARGS__)

/* Nothing is to be started, changed or talked to. */
static inline bool trace_rehearses(const struct trace *trace)
{
    return trace && trace->rehearses;
}

static inline enum trace_mark trace_mark_of(bool holds)
{
    return holds ? TRACE_YES : TRACE_NO;
}

/* "toolkit" */
const char *trace_part_name(enum trace_part part);

/* The text for one line of a terminal or of a field: control bytes and what is no UTF-8 as \xHH. At
 * most four bytes for each. */
void trace_add_plain(struct text *text, struct slice bytes);

/* "192.0.2.0/24", in the arena of the trace. */
const char *trace_net(const struct trace *trace, const struct address_net *net);

#endif
