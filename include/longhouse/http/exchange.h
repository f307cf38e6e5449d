#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

/*
 * One request and its answer, protocol-neutral: where wires (HTTP/1, HTTP/2) and handlers (file,
 * CGI, FastCGI) meet. Neither side includes the other.
 *
 *   wire: reads a head -> exchange_new(), fills request, exchange_begin()
 *      owner: route (host, handler) -> handler->start
 *      handler: fills response.status and fields, exchange_send_head(), puts into response.body,
 * finishes it, exchange_handler_done() wire: writes, exchange_wire_done() when the answer is with
 * the kernel or cannot be finished owner: both legs done -> log, bury
 *
 * Rules: head before bytes; finish exactly once; after cancel silence; nobody keeps pointers into
 * the other side's memory. News travel by waking tasks: `wake` for handler and owner, the wire's
 * own task for the wire.
 */
#include "base/address.h"
#include "base/arena.h"
#include "base/client_certificate.h"
#include "base/slice.h"
#include "http/body.h"
#include "http/field.h"
#include "http/method.h"
#include "http/offence.h"
#include "http/target.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct exchange;
struct press;   /* http/press.h */
struct spill;   /* http/spill.h */
struct trace;   /* site/trace.h: why it is answered as it is */
struct verdict; /* site/router.h: what is to answer, and with what */

enum reset_reason {
    RESET_NONE,
    RESET_CLIENT_GONE, /* closed or reset by the client */
    RESET_TOO_SLOW,    /* the client took or sent nothing for too long */
    RESET_DRAIN,       /* the house stops and has waited long enough */
    RESET_BANNED,      /* the client was banned, and its connections end with that */
    RESET_DEADLINE,    /* the handler's own time is over and the head was out already */
    RESET_BROKEN,      /* the answer cannot be finished: program died, file shrank, backend lied */
};

/* What answers. All calls come from the exchange's task, never from the wire's. */
struct handler_ops {
    const char *name;
    void (*start)(struct exchange *, const struct verdict *);
    void (*advance)(
        struct exchange *); /* request bytes, room in the response, own events, deadline */
    void (*cancel)(struct exchange *,
                   enum reset_reason); /* let go; no call follows; the handler still
                                          says exchange_handler_done(), now or later */
};

/* What carries. Called by exchange_...() below; they only note and wake the wire's task. */
struct wire_ops {
    const char *name;
    void (*interim)(struct exchange *, int status, const struct fields *fields); /* 1xx but 101 */
    void (*head)(struct exchange *);                     /* status and fields are final */
    void (*reset)(struct exchange *, enum reset_reason); /* the answer cannot be finished */
};

/* Who owns exchanges: the reactor, or a test. */
struct exchange_owner {
    const struct exchange_owner_ops *ops;
};
struct exchange_owner_ops {
    /* Choose a handler and start it (sets x->handler, x->host ...). */
    void (*route)(struct exchange_owner *, struct exchange *);
    /* Last touch to the answer's head, whoever made it: fields of the host (CustomHeader, Server).
     */
    void (*head)(struct exchange_owner *, struct exchange *);
    /* Both legs are done: log it; afterwards the exchange is buried. */
    void (*ended)(struct exchange_owner *, struct exchange *);
};

/* Whether a proxy introduces its client by the PROXY protocol, before the first request. */
enum introduction { INTRODUCTION_NONE, INTRODUCTION_POSSIBLE, INTRODUCTION_REQUIRED };

/* Why a connection is answered, but not served. */
enum refusal_cause {
    REFUSE_NOTHING,
    REFUSE_TOTAL,  /* over ConnectionsTotal: 503 */
    REFUSE_CLIENT, /* over ConnectionsPerIP: 429 */
    REFUSE_LOAD,   /* over MaxServerLoad: 503 */
    REFUSE_BANNED, /* 429 */
};

/* Where the request came in: one per connection, outlives its exchanges. */
struct visit {
    union socket_address client; /* the peer, or whom a trusted proxy names */
    union socket_address peer;   /* who is connected to us */
    union socket_address local;  /* our side; the family is 0 until asked for by visit users */
    char client_text[64];        /* without port */
    uint16_t client_port;        /* 0: not known */
    uint16_t local_port;
    bool secure;   /* TLS here, or before the trusted proxy */
    bool shared;   /* a trusted proxy's connection: requests are counted, not connections */
    bool believed; /* what the fields of its requests say about the client counts */
    bool counted;  /* this request was counted for its client */
    enum introduction introduction;
    const char *tls_version; /* what was agreed on: constants; NULL: no TLS here */
    const char *tls_cipher;
    const struct client_certificate *certificate; /* that was shown; NULL: none was asked for */
    bool unlimited;            /* limits do not count for it (RequestLimitMask) */
    enum refusal_cause refuse; /* whatever is asked is refused */
    uint32_t refuse_s;         /* Retry-After of that */
    const void *binding;       /* borrowed from the snapshot: struct binding_conf */
};

/* Who the visitor is, proven to the house itself. */
struct proof {
    const void *by;      /* by which file: struct conf_login; NULL: nothing is proven */
    struct slice user;   /* in the arena */
    struct slice scheme; /* AUTH_TYPE: "Basic", "Digest" */
};

struct request {
    enum method method;
    struct slice method_name;
    int version; /* 10, 11, 20 */
    struct target target;
    struct slice host;  /* lower case, without port; empty: none given */
    unsigned host_port; /* 0: none given */
    struct fields fields;
    struct slice line; /* the request line as sent (for logs), perhaps cut */
    struct body body;
    bool has_body;
    struct spill *collected; /* the body, when somebody has read it before who takes it: complete
                                then, and given back with the exchange; NULL: nobody has */
    int64_t length;          /* of the body; -1: unknown until it is complete (chunked) */
    uint64_t body_most;    /* beyond it the wire refuses the body (413); 0: no limit. A handler may
                              change it before it wants the body */
    bool expects_continue; /* the client waits for 100; exchange_want_body() sends it */
    bool wants_trailers;   /* it says that it reads fields behind the content (TE) */
    struct slice websocket_key; /* it asks for a WebSocket, and who could give one has looked: to be
                                   sent on (http/websocket.h); empty: it does not */
    struct proof proof;
    struct fields granted; /* variables for programs, by the authorizer that let it pass */
    int error_status;      /* of a failure whose page this is now about (ErrorHandler); 0: none */
    bool bad_target;       /* `failed` is about the target */
    int failed; /* status the wire asks for (400, 408, 413, 414, 431, 501, 505): nothing else may
                   run */
    const char *failed_why; /* static text */
    struct slice unread;    /* as it came, perhaps cut, where it cannot be read; else empty */
};

/* What follows the answer, if it agrees, is a tunnel (exchange_open_tunnel()). */
static inline bool request_asks_tunnel(const struct request *request)
{
    return request->method == METHOD_CONNECT || request->websocket_key.len > 0;
}

struct response {
    int status;          /* 0: none yet */
    struct slice phrase; /* a program's own; empty: the registered one */
    struct fields fields;
    struct fields trailers; /* behind the body; final when that is finished */
    struct body body;
    struct body *out; /* what the wire reads: `body`, or what a press makes of it */
    int64_t length; /* announced Content-Length; -1: unknown (then the wire chunks, unless the body
                       is finished before the head is written: then the length is what is there) */
    uint64_t content; /* a number for what `body` holds that nothing else has; 0: not known */
    bool recoded; /* length is that of `body`: of what is sent nobody knows it before it is there */
    struct slice unsent_type; /* 304: Content-Type of what the client has; empty: not known */
    int64_t unsent_length;    /* with unsent_type: its length */
    bool head_sent;           /* exchange_send_head() was called */
    bool close;               /* the connection is not to be kept */
    bool is_tunnel;           /* see exchange_open_tunnel() */
};

/* What a program took, as CGI or behind FastCGI. Zero: not known, or there was none. */
struct program_record {
    bool exited; /* exit_code or signal holds */
    int64_t exit_code;
    int signal;
    uint64_t cpu_us; /* user and system, with the children it waited for */
    uint64_t peak_kib;
    uint64_t queue_us;      /* it waited for a seat */
    uint64_t start_us;      /* from the seat until it ran, or was connected to */
    uint64_t first_byte_us; /* from the seat to the first byte of its output */
    struct slice backend;   /* FastCGI: the target that answered, or was tried last */
    unsigned attempts;      /* FastCGI: targets that were tried */
    struct slice session; /* FastCGI: by what it was known to belong to a target; empty: to none */
};

/* What the access log and the error log tell about it. Times are the loop's clock. */
struct exchange_record {
    uint64_t begun_ms;
    int64_t begun_unix_ms;
    uint64_t sent_bytes; /* head and body on the wire */
    uint64_t body_bytes;
    const char *cause;    /* static or in the arena: why it failed; NULL */
    const char *client;   /* in place of its address (AnonymizeIP), in the arena; NULL: as it is */
    struct slice user;    /* authenticated; empty: none */
    enum offence offence; /* what the client may be banned for; the first counts */
    uint64_t ban_ms;      /* by OFFENCE_RULE and OFFENCE_PROGRAM: for so long */
    const char *exploit;  /* static: what it tried ("SQL injection"), for ExploitLogfile; or NULL */
    struct slice exploit_data; /* of it, in the arena */
    const char *handler;       /* "cgi", "fastcgi"; NULL: no program was to answer */
    struct program_record program;
};

struct exchange {
    struct arena arena;
    struct loop *loop;            /* borrowed */
    struct exchange_owner *owner; /* borrowed */
    const struct visit *visit;    /* a copy in the arena */
    uint64_t id;                  /* unique in this process */
    char id_text[20];             /* what users and logs see, from a-z and 0-9; NUL terminated */

    struct request request;
    struct response response;

    const struct wire_ops *wire;
    void *wire_self; /* NULL once the wire is done */
    const struct handler_ops *handler;
    void *handler_self;
    void *services;   /* the reactor's tools for handlers: struct services (handler/services.h) */
    const void *host; /* site: struct host, NULL before routing */
    void *hold;       /* site: the snapshot that is held for this exchange */
    struct press *press; /* between response.body and the wire; NULL: nothing is */
    void *throttle;      /* server: what slows its answer down; NULL: nothing */
    struct trace *trace; /* borrowed: each decision is written down there; NULL: nobody asks */

    struct task wake; /* runs exchange_run() */
    struct grave grave;
    struct list_link link; /* for the owner: all living exchanges */
    unsigned redirects;    /* local ones: how often the request became another one */
    uint64_t connections;  /* open to the server when it was routed */
    bool omit_line;        /* not for the access log */
    bool routed;
    bool wire_finished;
    bool handler_finished;
    enum reset_reason reset; /* set by the wire: the client's side is over */
    bool cancel_told;
    bool ended; /* the owner was told; the exchange lies in its grave */
    struct exchange_record record;
};

/* ---- the wire's side ---- */

/* An empty exchange with both bodies open; the visit is copied into its arena. */
struct exchange *exchange_new(struct loop *loop, struct exchange_owner *owner,
                              const struct visit *visit, const struct wire_ops *wire,
                              void *wire_self);

/* The request head is complete: the owner will route it in this turn. */
void exchange_begin(struct exchange *x);

/* The client's side is over before the answer was finished; the handler will be told once.
 * Idempotent. */
void exchange_cancel(struct exchange *x, enum reset_reason reason);

/* The wire is done with the exchange and forgets it: the answer is out, or cancelled. */
void exchange_wire_done(struct exchange *x);

/* ---- the handler's side ---- */

/* The body is wanted now: 100 Continue goes out if the client waits for it. */
void exchange_want_body(struct exchange *x);

/*
 * An answer of 1xx before the head, neither 100 nor 101 (RFC 9110 15.2), for a client that knows of
 * such answers. It is dropped if the client cannot take it now. The fields need not outlive the
 * call.
 */
void exchange_inform(struct exchange *x, int status, const struct fields *fields);

/* An answer field; name and value are not copied (literals or arena). */
void exchange_field(struct exchange *x, struct slice name, struct slice value);
void exchange_field_id(struct exchange *x, enum field_id id, struct slice value);

/* Fields behind the body, before that is finished: those that may stand there (http/trailer.h) and
 * still hold. The texts are in the arena. */
void exchange_add_trailers(struct exchange *x, const struct fields *fields);

/* Status and fields are final. Bytes may be put afterwards (or before; they wait). */
void exchange_send_head(struct exchange *x);

/*
 * Before the head of a request without body: what is behind that head is a tunnel. From there on
 * the request's body is whatever the client says, without a length and until it ends its side, and
 * the answer's is what the client hears. Each may be finished before the other; who has no use for
 * what the client says any more abandons the request's body.
 */
void exchange_open_tunnel(struct exchange *x);

/* The answer cannot be finished: after the head this cuts it so that the client sees it. */
void exchange_reset(struct exchange *x, enum reset_reason reason);

/* The handler let go of everything. Nobody calls it any more. */
void exchange_handler_done(struct exchange *x);

/* True when nothing the handler does can reach the client any more. */
static inline bool exchange_is_over(const struct exchange *x)
{
    return x->wire_finished || x->reset != RESET_NONE;
}

/* Fields behind the body reach the client: over HTTP/1.1 only who asks for them reads them
 * (RFC 9110 6.5.1). */
static inline bool exchange_takes_trailers(const struct exchange *x)
{
    return x->request.version == 20 || (x->request.version == 11 && x->request.wants_trailers);
}

/* The client may be banned for it (http/offence.h). The first one counts. `ban_ms`: for so long,
 * where the offence says so; else 0. */
static inline void exchange_blame(struct exchange *x, enum offence offence, uint64_t ban_ms)
{
    if (x->record.offence != OFFENCE_NONE)
        return;
    x->record.offence = offence;
    x->record.ban_ms = ban_ms;
}

/* The client as logs may name it. */
static inline const char *exchange_client(const struct exchange *x)
{
    return x->record.client ? x->record.client : x->visit->client_text;
}

/* ---- both ---- */

/* Looks again: route, advance, cancel or end. This is what `wake` runs. */
void exchange_run(struct exchange *x);

static inline void exchange_wake(struct exchange *x)
{
    loop_wake(x->loop, &x->wake);
}

/*
 * The request becomes a GET (a HEAD stays one) of another target of the same host, without a body:
 * a local redirect (RFC 3875 6.2.2). What it was stays in request.line, for the log. To be called
 * by a handler that has let go and is about to hand over.
 */
void exchange_redirect(struct exchange *x, const struct target *target);

/* The handler is replaced by another (an error page after a failed start, X-Sendfile). The former
 * one must have let go; response fields and status set so far are dropped. */
void exchange_hand_over(struct exchange *x, const struct handler_ops *handler,
                        const struct verdict *verdict);

#endif
