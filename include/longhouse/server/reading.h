#ifndef SERVER_READING_H
#define SERVER_READING_H

/*
 * What a reactor has of one edition: the tools that it lends to handlers, and the connections and
 * exchanges that began under it. The reactor has one reading that is current, and former ones until
 * the last of their exchanges has ended.
 *
 *   main ──adopt──> current ──a newer one──> former ──last user gone──> left ──> main frees it
 *
 * A connection at rest moves to the current reading at once, a busy one when its answer is out. One
 * whose binding is gone stays: what it asks next is still answered, then it is closed.
 */
#include "base/list.h"
#include "handler/services.h"
#include "loop/mailbox.h"
#include "server/edition.h"

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct exchange;
struct prober;
struct reactor;

struct reading {
    struct list_link link; /* of the reactor: the current one first */
    struct reactor *reactor;
    struct edition *edition; /* borrowed: the main thread keeps it until this is left */
    struct services services;
    struct list conns;
    uint64_t exchanges;
    struct prober **probers; /* by fastcgi_conf.index: of the first reactor; NULL: none */
    struct letter letter;    /* to the reactor: adopt it */
    struct letter adopted;   /* to the main thread */
    struct letter left;      /* likewise, the last word of it */
};

/* Whom the main thread wants to be told by. */
struct reading_news {
    void (*adopted)(struct letter *); /* of reading.adopted */
    void (*left)(struct letter *);    /* of reading.left: free it by reading_free() */
};

/* Before the thread of the reactor starts. */
void reading_first(struct reactor *reactor, struct edition *edition);

/* From the main thread: the reactor is to go over to this edition. */
void reading_send(struct reactor *reactor, struct edition *edition, struct reading_news news);
void reading_free(struct reading *reading);

/* ---- in the thread of the reactor ---- */

struct reading *reading_current(const struct reactor *reactor);

/* The one that has this binding; it must be one that is in use. */
struct reading *reading_with(const struct reactor *reactor, const struct binding_conf *binding);

/* The one of an exchange that was routed. */
struct reading *reading_of(const struct exchange *x);

/* A connection of a former reading rests. */
void reading_move(struct reading *reading, struct conn *conn);

/* Something that used it has ended. */
void reading_look(struct reading *reading);

/* Programs that run after an exchange are ended. */
void readings_cut_afterwards(struct reactor *reactor);

/* The thread has begun; it ends, and nothing is in progress. */
void readings_open(struct reactor *reactor);
void readings_close(struct reactor *reactor);

#endif
