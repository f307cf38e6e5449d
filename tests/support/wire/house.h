#ifndef TESTS_WIRE_HOUSE_H
#define TESTS_WIRE_HOUSE_H

/*
 * A house with one connection, whose client and whose handler are the test: the loop with the fake
 * driver, the memory transport, one conn. What the handler does when it starts and when it is woken
 * is a function of the test; without one it answers 200 "hello".
 */
#include "http/exchange.h"
#include "loop/driver_fake.h"
#include "net/transport_memory.h"
#include "wire/conn.h"

#include <stdbool.h>
#include <stddef.h>

struct house;
typedef void house_act_fn(struct house *house, struct exchange *x);

struct house {
    struct loop loop;
    struct driver *driver;
    struct transport_memory *client;
    struct conn *conn; /* NULL once closed */
    struct wire_limits limits;
    struct conn_owner owner;
    struct exchange_owner exchanges;

    house_act_fn *start;   /* by the test */
    house_act_fn *advance; /* by the test; NULL: nothing happens */
    bool keep_on_cancel;   /* the handler lets go later, by the test's hand */

    struct exchange *x; /* the one that was begun last; NULL once ended */
    unsigned begun;
    unsigned ended;
    unsigned cancels;
    enum reset_reason cancel_reason;
    unsigned closed;
    unsigned introduced;
    unsigned rested;  /* told that the connection has no exchange any more */
    char misled[128]; /* why the last introduction was none */
    char misbehaved[128];

    /* Of the exchange that ended last. */
    struct exchange_record record;
    char cause[128];
    char line[256];
    int failed;
    int status;

    char received[1 << 20]; /* of request bodies, by house_swallow() */
    size_t received_len;
    enum body_end received_end;
};

struct house *house_new(void); /* the connection is not open yet: limits can be changed */
void house_free(struct house *house);
void house_open(struct house *house);

void house_feed(struct house *house, const char *text); /* and settles */
void house_settle(struct house *house);
void house_pass(struct house *house, uint64_t ms);

/* All that was written since house_forget(), with the value of Date replaced by "now". NUL
 * terminated. */
const char *house_written(struct house *house);
void house_forget(struct house *house);

/* ---- what handlers do ---- */

void house_head(struct exchange *x, int status, int64_t length);
void house_put(struct exchange *x, const char *text);
void house_finish(struct exchange *x, enum body_end how); /* and lets go */

/* 200, the whole text, done. */
void house_answer(struct exchange *x, const char *text);

/* Takes all that waits in the request's body into house->received. */
void house_swallow(struct house *house, struct exchange *x);

#endif
