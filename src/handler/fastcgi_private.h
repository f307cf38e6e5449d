#ifndef FASTCGI_PRIVATE_H
#define FASTCGI_PRIVATE_H

/*
 * A FastCGI request: what fastcgi.c (its way to a target and the talk), fastcgi_end.c (what became
 * of the talk) and fastcgi_tunnel.c (what a talk in HTTP may become) share.
 */
#include "errand.h"
#include "gateway/dialect.h"
#include "gateway/fcgi_link.h"
#include "gateway/place.h"
#include "gateway/session.h"
#include "gateway/tunnel.h"

/*
 *  COLLECTING ──> WAITING ──> CHOOSING ──> TALKING ──> ENDED     any ── failure, cancel ──> ENDED
 *                              ^    │         │
 *                              │    v         ├──> TUNNELING ──> ENDED
 *                              │  QUEUED      │
 *                              └────┴─────────┘
 */
enum fastcgi_state {
    FASTCGI_COLLECTING, /* a body is kept until all of it is there */
    FASTCGI_WAITING,    /* for a seat of its host */
    FASTCGI_CHOOSING,
    FASTCGI_QUEUED, /* all targets that could be asked are busy or starting anew */
    FASTCGI_TALKING,
    FASTCGI_TUNNELING, /* client and target speak WebSocket through us */
    FASTCGI_ENDED,
};

struct fastcgi {
    struct errand errand;
    enum fastcgi_state state;
    struct backend_group *group;   /* borrowed */
    const struct dialect *dialect; /* of the section */
    struct session session;
    struct place place;
    struct fcgi_link link;
    struct tunnel tunnel;
    struct slice prelude;     /* what is sent before the body */
    bool settled;             /* the target was reached, and the client stays with it */
    bool tried_again;         /* after a connection that closed before a word */
    bool tried_fresh;         /* after a kept one that was closed meanwhile */
    struct slice last_target; /* that could not be reached, and how */
    int last_error;
    const char *last_why; /* of a TLS handshake; NULL: last_error tells */
};

static inline struct slice fastcgi_section(const struct fastcgi *self)
{
    return self->group->conf->id;
}

static inline struct slice fastcgi_target(const struct fastcgi *self)
{
    const struct backend *backend = self->place.backend;
    char name[BACKEND_NAME_MOST];

    if (backend->conf->host.len == 0)
        return backend->conf->text;
    return arena_copy(&self->errand.x->arena, slice_cstr(backend_name(backend, name)));
}

/* "FastCGI PHP: what it is", answered with the status. The text is made before the target is left.
 */
void fastcgi_fail(struct fastcgi *self, int status, enum reset_reason reason, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/* Lets go of everything but the errand. */
void fastcgi_let_go(struct fastcgi *self, struct fcgi_conn *conn);

/* A failure that the target is to be blamed for. */
void fastcgi_blame(struct fastcgi *self);

/* Asks the target of the place, on a connection of its own. */
void fastcgi_connect(struct fastcgi *self);

/* What an administrator can do about a target that cannot be reached. */
const char *fastcgi_connect_cure(const struct fastcgi *self, int error);

/* The link has ended. */
enum step fastcgi_conclude(struct fastcgi *self);

/* The target speaks WebSocket from here on. */
enum step fastcgi_begin_tunnel(struct fastcgi *self);
enum step fastcgi_tunnel(struct fastcgi *self);
void fastcgi_end_tunnel(struct fastcgi *self);

#endif
