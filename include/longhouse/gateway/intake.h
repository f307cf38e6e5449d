#ifndef GATEWAY_INTAKE_H
#define GATEWAY_INTAKE_H

/*
 * The body of a request on its way to a program. A body of known length is passed on as it comes;
 * one of unknown length (chunked) is collected first, because programs are told CONTENT_LENGTH
 * before they read.
 */
#include "http/exchange.h"
#include "http/spill.h"

#include <stdbool.h>
#include <stdint.h>

enum intake_state {
    INTAKE_COLLECTING,
    INTAKE_READY,  /* `source` and `length` hold */
    INTAKE_BROKEN, /* the client did not send all of it, or sent what is refused */
    INTAKE_FAILED, /* it could not be kept: `error` */
};

struct intake {
    struct exchange *x; /* borrowed */
    enum intake_state state;
    struct body *source; /* where the program's stdin is read from */
    int64_t length;      /* -1: no body */
    int error;           /* negative errno */
    struct spill spill;
};

/* `folder`: where a long body is collected (NUL terminated, may be empty). */
void intake_init(struct intake *intake, struct exchange *x, struct slice folder);

/* Looks at what came. */
enum intake_state intake_advance(struct intake *intake);

/* True while the program could only wait for the client: nothing of the body is there, more is to
 * come. */
bool intake_waits_for_client(const struct intake *intake);

/* The body is not wanted any more. */
void intake_abandon(struct intake *intake);

/* Lets go; the body is abandoned. Harmless when repeated. */
void intake_done(struct intake *intake);

#endif
