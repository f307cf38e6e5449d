#ifndef TESTS_VISITOR_H
#define TESTS_VISITOR_H

/*
 * One exchange whose client, wire and owner are the test: it says what comes of the request, takes
 * the answer (or lets it wait), leaves. What goes to the log is kept.
 */
#include "base/log.h"
#include "http/exchange.h"
#include "loop/driver_fake.h"

#include <stdbool.h>
#include <stddef.h>

#define VISITOR_LINES_MOST 320

struct visitor {
    struct loop loop;
    struct log log;
    struct exchange_owner owner;
    struct visit visit;
    struct task task; /* takes the answer */

    /* By the test, before visitor_ask(). */
    const struct handler_ops *handler;
    const struct verdict *verdict;
    const void *host;
    void *services;

    struct exchange *x; /* NULL once ended */
    bool stalled;       /* by the test: takes nothing of the answer */

    /* What came of it. */
    int status;
    char fields[4096]; /* "name: value\n" */
    char trailers[1024];
    char body[1 << 21];
    size_t body_len;
    enum body_end end;
    enum reset_reason reset; /* by the handler */
    unsigned interims;
    char informed[1024]; /* of those that are not 100: "103 name: value\n" */
    unsigned ended;
    const char *cause;
    char lines[VISITOR_LINES_MOST][1024]; /* of the log */
    enum log_level levels[VISITOR_LINES_MOST];
    unsigned line_count;
};

struct visitor *visitor_new(void);
void visitor_free(struct visitor *visitor); /* the exchange must have ended */

/* Begins the exchange. `body_len`: -1 none, -2 of unknown length. Fields are added by `prepare`
 * (may be NULL). */
void visitor_ask(struct visitor *visitor, const char *method, const char *target, int64_t body_len,
                 void (*prepare)(struct exchange *x));
#define VISITOR_NO_BODY (-1)
#define VISITOR_CHUNKED (-2)

void visitor_send(struct visitor *visitor, const char *text); /* of the body */
void visitor_send_many(struct visitor *visitor,
                       size_t len); /* as much as there is room, at most len */
void visitor_end_body(struct visitor *visitor, enum body_end how);
void visitor_leave(struct visitor *visitor, enum reset_reason reason);
void visitor_take_again(struct visitor *visitor); /* after stalled */

void visitor_settle(struct visitor *visitor);
void visitor_pass(struct visitor *visitor, uint64_t ms);

/* Lines of the log from that level on; and whether one of them holds the text. */
unsigned visitor_lines(const struct visitor *visitor, enum log_level least);
bool visitor_log_has(const struct visitor *visitor, const char *text);

#endif
