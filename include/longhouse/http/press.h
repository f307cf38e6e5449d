#ifndef HTTP_PRESS_H
#define HTTP_PRESS_H

/*
 * Between handler and wire: takes the bytes that the handler puts into response.body, and gives
 * them on in a content coding, in a body of its own that the wire reads instead (response.out).
 * Neither knows. Both bodies are bounded, so a slow client pauses the press, and the press the
 * handler.
 *
 * The head waits until the press has had its first look: of an answer that is whole by then the
 * length is known. When the handler pauses, all it has put so far goes out. A long answer is
 * pressed in portions, and others are served between them.
 *
 * How much work goes into a byte depends on how busy this reactor is with presses: those that began
 * in this turn of its loop (a busy reactor has many requests in one turn) and those that are open.
 * From PRESSES_MOST on there is none.
 */
#include "http/coder.h"
#include "http/exchange.h"
#include "http/press_shelf.h"

#include <stdbool.h>
#include <stdint.h>

#define PRESSES_HALF  8u   /* from so many on a byte is worth half the effort */
#define PRESSES_LEAST 32u  /* the least */
#define PRESSES_MOST  128u /* 150 MiB of coders at most */

#define PRESS_TURN_BYTES ((size_t)64 * 1024) /* of the handler's, in one turn */

struct press {
    struct exchange *x;   /* borrowed: the press lives in its arena */
    struct coder *coder;  /* owned; NULL: it has come to its end, or needs none */
    struct chunk *window; /* owned: what was read of a file; NULL: nothing */
    struct body out;
    struct task task;
    enum effort effort;
    enum coder_act act;     /* what is being done */
    unsigned patience;      /* looks since the handler paused */
    struct press_copy copy; /* for the next who ask for the same */
    bool is_dirty;          /* bytes were taken since the last flush */
    bool holds_head;
};

/* Puts a press into the exchange, before its head is sent. */
void press_start(struct exchange *x, enum coding coding, enum effort effort);

/* What this one makes is copied to the shelf, beginning with its first byte; long forms lie in
 * `folder`, which lives as long as the exchange. */
void press_copy_to(struct press *press, struct press_shelf *shelf, enum coding coding,
                   struct slice folder);

/* In place of press_start(): the form of the answer is there already. */
void press_repeat(struct exchange *x, struct file_ref *form);

/* By the exchange only: its head is final; it cannot wait any longer; nobody wants more; it dies.
 */
void press_hold_head(struct press *press);
void press_release_head(struct press *press);
void press_stop(struct press *press);
void press_done(struct press *press);

/* What a byte is worth now; false: there are too many presses. */
bool press_effort(const struct loop *loop, enum effort *ret);

#endif
