#ifndef HTTP_BODY_H
#define HTTP_BODY_H

/*
 * The carrier of every body: a bounded queue of bytes with one writer and one reader, both in the
 * same loop. A full queue is a pause that travels back to the producer; that is all the
 * back-pressure there is.
 *
 * The writer puts while body_room() > 0 and finishes exactly once. The reader peeks and takes. Each
 * side is woken through its task: the reader whenever something was put or the body finished, the
 * writer when the held bytes fall below `low` after it met a full queue (or when the reader is
 * gone).
 *
 * Bytes are memory chunks (copied in, or read in place with body_reserve), borrowed memory that
 * lives as long as the exchange, and spans of files, which hold no memory and do not count as held.
 *
 * A body with a spool takes more than memory allows while its reader is stuck: what comes then goes
 * to a file without a name, so that the writer is not held by a slow reader. A reader that keeps up
 * costs no file. When all of the file was read it is given back.
 *
 * A body may have an outlet: a pipe of the reader, into which the writer moves bytes from its
 * socket without a copy through our memory (splice). The writer offers it, the reader opens it, and
 * either may close it at any time: then the bytes come by the queue again. What lies in the queue
 * goes first: there is no room for more, and nothing goes through the outlet, until the reader has
 * taken it.
 *
 * A body with a pace (http/pace.h) is read no faster than that says.
 */
#include "base/arena.h"
#include "base/chunk.h"
#include "base/list.h"
#include "base/slice.h"
#include "http/file_ref.h"
#include "loop/task.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct io;
struct loop;
struct pace;

enum body_end {
    BODY_OPEN,     /* more may come */
    BODY_COMPLETE, /* all is there */
    BODY_BROKEN,   /* it ended before its end: the reader must make that visible */
};

/* What is put aside while the reader is stuck. */
struct spool {
    struct slice folder;   /* borrowed: where files are made first; may be empty */
    uint64_t most;         /* bytes of one file; 0: there is no spool */
    struct file_ref *file; /* one reference is ours; NULL: nothing is put aside */
    uint64_t end;          /* bytes that were written to it */
    int error; /* negative errno: it failed, from there on the writer waits for the reader */
};

struct body {
    struct loop *loop;   /* borrowed */
    struct arena *arena; /* borrowed: small records of pieces */
    struct task *reader; /* borrowed; NULL: nobody waits */
    struct task *writer;
    struct list pieces;
    struct list spare;      /* records of pieces that were taken, for the next ones */
    struct chunk *reserved; /* owned: between body_reserve() and body_commit() */
    size_t held;            /* bytes of memory in the queue */
    size_t high;
    size_t low;
    uint64_t put_bytes;   /* all that was ever put, files included */
    uint64_t taken_bytes; /* all that the reader ever took; what was dropped is not counted */
    enum body_end end;
    bool writer_waits; /* met a full queue */
    bool reader_stuck; /* it said so, and has taken nothing since */
    struct spool spool;
    struct io *outlet; /* borrowed; NULL: none is open */
    bool outlet_offered;
    struct pace *pace; /* borrowed: how fast the reader may take; NULL: as it likes */
    bool reader_gone;  /* what is put is thrown away: body_room() stays > 0 */
};

#define BODY_HIGH ((size_t)64 * 1024)
#define BODY_LOW  ((size_t)16 * 1024)

void body_init(struct body *body, struct loop *loop, struct arena *arena);
void body_done(struct body *body); /* frees what is held */

/* Gives the body a spool of `most` bytes; 0: none. */
void body_spool(struct body *body, struct slice folder, uint64_t most);

/* ---- the writer's side ---- */

/* Bytes that may still be put; 0: wait to be woken. (A put of more than that is taken
 * too.) */
size_t body_room(struct body *body);

/* Copies bytes into chunks. */
void body_put_bytes(struct body *body, struct slice bytes);

/* Gives a filled chunk away. */
void body_put_chunk(struct body *body, struct chunk *chunk);

/* Bytes that live at least as long as the body: not copied. */
void body_put_borrowed(struct body *body, struct slice bytes);

/* A span of a file; takes a reference of its own. */
void body_put_file(struct body *body, struct file_ref *file, uint64_t offset, uint64_t len);

/*
 * Room to read into without a copy: at least 1 byte, at most what body_room() says; NULL when full.
 * body_commit() says how much was filled (0 is fine).
 */
char *body_reserve(struct body *body, size_t *ret_room);
void body_commit(struct body *body, size_t len);

/* The bytes could go through an outlet as well. */
static inline void body_offer_outlet(struct body *body)
{
    body->outlet_offered = true;
}

/* When body_room() says that there is room: the pipe to move bytes into, or -1: put them. */
int body_outlet(const struct body *body);

/* So many bytes went through it / it is full: body_room() is 0 until the reader says otherwise. */
void body_passed(struct body *body, uint64_t len);
void body_outlet_full(struct body *body);

/* It cannot be used (its other end was closed, or the kernel does not know how). The reader finds
 * out the ordinary way, if it has to. */
void body_outlet_break(struct body *body);

/* Exactly once; later puts are a broken invariant. */
void body_finish(struct body *body, enum body_end how);

/* ---- the reader's side ---- */

/* The first pieces that are memory (a file that carries its bytes counts as memory), at most
 * `most`. */
int body_peek(const struct body *body, struct iovec *ret, int most);

/* When the first piece is a file without bytes in memory: its span. */
bool body_peek_file(const struct body *body, struct file_ref **ret_file, uint64_t *ret_offset,
                    uint64_t *ret_len);

/*
 * How many of the waiting bytes may be taken now: all of them, unless the body has a pace. 0 while
 * some wait: the reader is woken when there are more. A reader of answers asks this before it
 * peeks.
 */
uint64_t body_ready(struct body *body);

/* `len` bytes from the front are done with. */
void body_take(struct body *body, uint64_t len);

/* The reader cannot go on for now (its socket is full): time to put aside what comes. */
void body_reader_stuck(struct body *body);

/*
 * Opens the outlet, if one is offered: the io stays the reader's. The writer clears its `writable`
 * and wakes the reader when the pipe is full; the reader, which watches it, says when it has room
 * again.
 */
void body_open_outlet(struct body *body, struct io *pipe);
void body_outlet_has_room(struct body *body);
void body_close_outlet(struct body *body); /* before the io goes; harmless when none is open */

/* Bytes waiting, files included. */
uint64_t body_waiting(const struct body *body);

/* The reader needs no more: everything held and everything to come is dropped. */
void body_abandon(struct body *body);

static inline bool body_empty(const struct body *body)
{
    return list_empty(&body->pieces);
}

/* All was put and all was taken. */
static inline bool body_is_over(const struct body *body)
{
    return body->end == BODY_COMPLETE && list_empty(&body->pieces);
}

#endif
