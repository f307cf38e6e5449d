#ifndef SERVER_THROTTLE_H
#define SERVER_THROTTLE_H

/*
 * Answers that may not be as fast as they could: Throttle for each of them, UploadSpeed and
 * thttpd's throttles for all that pass the same line together. The lines are shared by all
 * reactors, and live on from one edition to the next by their names, so that answers of both are
 * no faster together than one of them says.
 */
#include "http/exchange.h"
#include "http/pace.h"
#include "site/router.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What several answers share. Counted by editions, in the main thread. */
struct throttle_line {
    unsigned users;
    char *name; /* owned */
    struct rate rate;
    _Atomic uint64_t answers; /* that pass it now */
};

struct throttle_lines {
    struct throttle_line **at; /* by shared_speed_conf.index */
    unsigned count;
};

/* ---- in the main thread ---- */

/* Those of `former` (NULL: there is none) with the same names are taken over. */
struct throttle_lines *throttle_lines_new(const struct server_conf *conf,
                                          const struct throttle_lines *former);

/* From now on they are as fast as `conf` says, answers in progress too. */
void throttle_lines_settle(struct throttle_lines *lines, const struct server_conf *conf);

void throttle_lines_free(struct throttle_lines *lines);

/* ---- in the reactor of the exchange ---- */

/*
 * The exchange is about to be answered as `verdict` says. Where a line has no room for one more
 * answer, the verdict becomes a 503.
 */
void throttle_admit(struct exchange *x, const struct server_conf *conf,
                    const struct throttle_lines *lines, struct verdict *verdict);

/* The head of the answer is final: its body gets a pace, if anything holds it back. */
void throttle_slow_down(struct exchange *x, const struct server_conf *conf,
                        const struct verdict *verdict);

/* What holds the answer back, for x->trace. Of what a program says the type is known when it has
 * answered. */
void throttle_tell(const struct exchange *x, const struct server_conf *conf,
                   const struct verdict *verdict);

/* The exchange has ended. */
void throttle_leave(struct exchange *x);

#endif
