#ifndef GATEWAY_DIALECT_H
#define GATEWAY_DIALECT_H

/*
 * How a link (gateway/fcgi_link.h) talks with a program. The link connects, sends what is there and
 * reads what comes; a dialect says how a request is written, what stands around its body, and what
 * the bytes that come back mean.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "config/model.h"
#include "gateway/fcgi_record.h"
#include "gateway/meta.h"
#include "gateway/scgi_head.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fcgi_link;
struct fcgi_outgoing;

/* What is sent before the body, while it is written. */
union prelude {
    struct fcgi_params fastcgi;
    struct scgi_head scgi;
};

struct prelude_plan {
    struct arena *arena; /* borrowed */
    size_t most;         /* bytes of all variables */
    enum fcgi_role role; /* FastCGI */
    bool keep;           /* FastCGI: the program is asked to leave the connection open */
    int64_t body_length; /* -1: no body */
};

struct dialect {
    const char *name;    /* for the log: "FastCGI" */
    const char *handler; /* for the access log: "fastcgi" */
    const char *death;   /* what to look for when it closed before an answer */

    /* A kept connection is looked at before any request goes over it: what came unasked would be
     * taken for the answer, and clients may have a hand in what such a program says. */
    bool looks_first;

    /* The sink for the variables; then the bytes to send. NULL: it is told no variables, but the
     * request itself (gateway/http_request.h). */
    struct meta_sink *(*prelude_begin)(union prelude *prelude, const struct prelude_plan *plan);
    struct slice (*prelude_end)(union prelude *prelude);

    /* So much of the prelude can be sent ahead: a program that has read it takes the request, but
     * cannot execute it. 0: nothing can. */
    size_t greeting;

    /* What stands before and behind the next `len` bytes of the body; what follows its last. NULL:
     * nothing does. */
    void (*open_frame)(struct fcgi_outgoing *out, size_t len);
    void (*open_end)(struct fcgi_outgoing *out);

    /* Bytes that came. False: the link has ended by them. */
    bool (*take_bytes)(struct fcgi_link *link, struct slice bytes);

    /* No more will come (`error`: 0 or negative errno). Was that all of an answer? */
    bool (*is_whole)(const struct fcgi_link *link, int error);
};

extern const struct dialect dialect_fastcgi;
extern const struct dialect dialect_scgi;
extern const struct dialect dialect_http;

const struct dialect *dialect_of(enum conf_protocol protocol);

#endif
