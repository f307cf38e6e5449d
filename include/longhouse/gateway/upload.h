#ifndef GATEWAY_UPLOAD_H
#define GATEWAY_UPLOAD_H

/*
 * The body of a request on its way to a program. A body of known length is passed on as it comes,
 * or collected first, as its user likes; one of unknown length (chunked) is always collected,
 * because programs are told CONTENT_LENGTH before they read. What was collected by somebody before
 * (request.collected) is read from there.
 */
#include "http/exchange.h"
#include "http/spill.h"

#include <stdbool.h>
#include <stdint.h>

enum upload_state {
    UPLOAD_COLLECTING,
    UPLOAD_READY,  /* `source` and `length` hold */
    UPLOAD_BROKEN, /* the client did not send all of it, or sent what is refused */
    UPLOAD_FAILED, /* it could not be kept: `error` */
};

struct upload {
    struct exchange *x; /* borrowed */
    enum upload_state state;
    struct body *source; /* where the program's stdin is read from */
    int64_t length;      /* -1: no body */
    int error;           /* negative errno */
    bool leaves;         /* the body of the request is another's, and stays as it is */
    struct spill spill;
};

/*
 * `folder`: where a long body is collected (may be empty). Bodies of known length up to
 * `collect_most` are collected, unless their client waits for 100 Continue: that is for whoever
 * takes the body.
 */
void upload_init(struct upload *upload, struct exchange *x, struct slice folder,
                 uint64_t collect_most);

/* No body for this program, whatever the request has: that is left to who comes behind it. */
void upload_init_none(struct upload *upload, struct exchange *x);

/* In place of the body: what request.collected holds, whatever that is. */
void upload_init_document(struct upload *upload, struct exchange *x);

/* Looks at what came. */
enum upload_state upload_advance(struct upload *upload);

/* True while the program could only wait for the client: nothing of the body is there, more is to
 * come. */
bool upload_waits_for_client(const struct upload *upload);

/* The body is not wanted any more. */
void upload_abandon(struct upload *upload);

/* Lets go; the body is abandoned. Harmless when repeated. */
void upload_done(struct upload *upload);

#endif
