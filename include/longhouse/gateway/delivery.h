#ifndef GATEWAY_DELIVERY_H
#define GATEWAY_DELIVERY_H

/*
 * From the bytes a program says to the exchange's answer: the head first, then the body, never more
 * of it than the program announced, and an end that tells whether it was all there. The same for
 * CGI and FastCGI.
 */
#include "base/chunk.h"
#include "gateway/reply.h"
#include "gateway/session.h"
#include "http/exchange.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Who listens to what a program says: to its head, which is complete and may still be changed, and
 * to each piece of the body that is sent on.
 */
struct delivery_tap {
    void (*head)(struct delivery_tap *tap, struct reply *reply);
    void (*bytes)(struct delivery_tap *tap, struct slice bytes);
};

/* Where the answer comes from; what the head alone cannot tell. */
enum delivery_way {
    DELIVERY_UNKNOWN,    /* the head is not complete */
    DELIVERY_TO_CLIENT,  /* from the program: the head is with the exchange */
    DELIVERY_FROM_FILE,  /* X-Sendfile, X-Accel-Redirect: what follows is thrown away */
    DELIVERY_FROM_PATH,  /* a local redirect, unless a body follows: then it is for the client */
    DELIVERY_FROM_HOUSE, /* an error (TriggerOnCGIstatus): what follows is thrown away */
    DELIVERY_LETS_PASS,  /* an authorizer consents: what follows is thrown away */
};

struct delivery {
    struct exchange *x; /* borrowed */
    struct reply reply;
    struct delivery_tap *tap; /* borrowed; NULL: nobody listens */
    char *reserved;           /* by delivery_reserve(), for the tap */
    struct session *session;  /* borrowed: of which the head may tell news; NULL: none */
    enum delivery_way way;
    bool local_redirects;  /* they are wanted */
    bool leaves_errors;    /* by whoever uses it: the house has pages for them */
    bool judges;           /* by whoever uses it: the program is an authorizer */
    struct target path;    /* DELIVERY_FROM_PATH */
    uint64_t output_bytes; /* all that came of the program, the head included */
    uint64_t body_bytes;   /* of the program's body, surplus included */
    bool surplus;          /* there was more than Content-Length said; it was thrown away */
};

enum delivery_end {
    DELIVERY_DONE,      /* the answer is finished */
    DELIVERY_BAD,       /* there is no head to send: reply.why */
    DELIVERY_TOO_FEW,   /* less than Content-Length said; the answer is still open */
    DELIVERY_ELSEWHERE, /* the program is heard, the answer comes from somewhere else: `way` */
};

/* `local_redirects`: a local redirect (RFC 3875 6.2.2) is not for the client. */
void delivery_init(struct delivery *delivery, struct exchange *x, bool local_redirects);

/* Bytes of the output; the chunk is given away. False: the head is refused (reply.why), nothing was
 * sent. */
bool delivery_add(struct delivery *delivery, struct slice bytes);
bool delivery_add_chunk(struct delivery *delivery, struct chunk *chunk);

/* An answer of 1xx before the head, for the client if this is the answer to what it asked for. */
void delivery_inform(struct delivery *delivery, int status, const struct fields *fields);

/*
 * A head that was read by somebody else: status, phrase, fields and length are in the reply, which
 * nothing was fed to. False: it is refused (reply.why).
 */
bool delivery_take_head(struct delivery *delivery, size_t head_bytes);

/* The same for one that cannot be read: `why` is static text, `begins` what came of it. */
void delivery_refuse_head(struct delivery *delivery, const char *why, struct slice begins);

/*
 * Behind the head: room to read into without a copy, NULL when the client is behind.
 * delivery_commit() says how much was filled (0 is fine).
 */
char *delivery_reserve(struct delivery *delivery, size_t *ret_room);
void delivery_commit(struct delivery *delivery, size_t len);

/* The head is complete and with the exchange. */
static inline bool delivery_has_head(const struct delivery *delivery)
{
    return delivery->way == DELIVERY_TO_CLIENT;
}

/* The head is complete, whatever it means. */
static inline bool delivery_knows_head(const struct delivery *delivery)
{
    return delivery->way != DELIVERY_UNKNOWN;
}

/* True when all that was announced has come: an end now is no surprise, however it came about. */
bool delivery_is_satisfied(const struct delivery *delivery);

/* Fields behind the body, before delivery_finish(). */
void delivery_add_trailers(struct delivery *delivery, const struct fields *fields);

/* The output is over. Once. */
enum delivery_end delivery_finish(struct delivery *delivery);

#endif
