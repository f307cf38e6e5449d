#ifndef GATEWAY_BACKEND_H
#define GATEWAY_BACKEND_H

/*
 * The targets of one FastCGIserver section, shared by all reactors: how they are, who is connected
 * to them, who waits for them. One lock per section, taken for a moment when a request gets its
 * place (gateway/place.h) and when it leaves it.
 *
 * A target that cannot be reached is in trouble: while it may be starting anew (RestartHold) or is
 * only busy, one of those who wait for it asks again and again for all of them. When that lasts too
 * long, or requests fail too often (RestAfter), it rests: for 1 s, then 2 s ... 30 s as long as it
 * fails again. A resting target is asked only when no other is left.
 *
 * A host in ConnectTo has a fixed number of targets, one for each address that it may have
 * (gateway/named.h). Those without an address are `absent`: nothing is asked of them.
 */
#include "base/list.h"
#include "base/text.h"
#include "config/model.h"
#include "gateway/fair_line.h"
#include "gateway/sticky_cookie.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct place;
struct sticky;
struct tls_remote; /* net/tls_remote.h */
struct tls_trust;

#define BACKEND_ADDRESSES_MOST 16 /* of one host */

enum backend_trouble {
    TROUBLE_NONE,
    TROUBLE_BUSY, /* its queue is full, or it says OVERLOADED */
    TROUBLE_DOWN, /* its socket is missing or refuses */
};

struct backend {
    const struct connect_conf *conf; /* borrowed */
    union socket_address address;    /* stays as long as a connection is open */
    struct tls_remote *remote;       /* owned; NULL: it is asked without TLS */

    /* Under the lock of the group. */
    bool absent;   /* it has no address, or its host has it no more */
    bool expected; /* absent: the first answer of the resolver is waited for */
    unsigned weight;
    bool backup;
    unsigned open;    /* connections: in use, kept, on their way */
    struct list kept; /* struct fcgi_conn: idle, the youngest first */
    unsigned kept_count;
    struct fair_line line; /* who waits for this target and no other */
    enum backend_trouble trouble;
    uint64_t trouble_since_ms;
    bool overloaded;        /* BUSY: it lets us in and says so */
    uint64_t retry_ms;      /* in trouble: when it is asked again */
    uint64_t pause_ms;      /* before the time after that */
    struct place *prober;   /* borrowed: asks for all who wait; NULL: the next who comes does */
    bool is_asked;          /* the prober is at it */
    uint64_t rest_until_ms; /* 0: does not rest */
    unsigned rests;         /* in a row */
    unsigned failures;      /* of requests, since window_ms */
    uint64_t window_ms;
    uint64_t came_back_ms; /* 0: was always there */
    uint64_t praised_ms;   /* it last answered a request well */
    bool drained;          /* takes no new sessions */
    int64_t turn;          /* round robin: what it is owed */
    bool line_is_next;     /* its own line, not the common one, is served next */

    _Atomic unsigned now;     /* requests in progress */
    _Atomic unsigned tunnels; /* of them, those that became one */
    _Atomic uint64_t requests;
    _Atomic uint64_t failed_requests; /* 502, 503, 504 and cut answers */
};

struct backend_group {
    const struct fastcgi_conf *conf; /* borrowed; outlives the group */
    struct backend *targets;         /* owned */
    unsigned count;
    uint32_t socket_owner; /* see gateway/owner.h */
    bool has_sessions;     /* several targets, and a SessionTimeout */
    struct sticky *sticky; /* owned; NULL: visitors carry a cookie of ours, or have no sessions */
    struct sticky_secret secret; /* for cookies of ours, and for sessions of the application */
    pthread_mutex_t lock;  /* guards what is said to be under it, here and in targets and places */
    struct fair_line line; /* who waits for any target */
    unsigned waiting;      /* in all lines, and those who probe */
    uint64_t waited;       /* ever */
    uint64_t refused;      /* ever: the line was full, or the time was over */
    unsigned rotation;     /* where ties are broken next */
};

struct backend_group *backend_group_new(const struct fastcgi_conf *conf);

/* Before the first request: the key that all front servers share (SessionKey), or one of this
 * house. */
void backend_group_set_key(struct backend_group *group, struct slice key);

bool backend_group_has_key(const struct backend_group *group, struct slice key);

/* Before the first request, where a target is asked by TLS: who vouches for it. */
void backend_group_set_trust(struct backend_group *group, struct tls_trust *trust);

/*
 * Before the first request: what is known of the targets that `former`, the section of the same
 * name in the generation before, has too: their health, their addresses, whether they are drained,
 * what they were asked. Sessions go on where their targets are still there.
 */
void backend_group_inherit(struct backend_group *group, struct backend_group *former);

void backend_group_free(struct backend_group *group); /* nobody has a place any more */

/* ---- under the lock ---- */

static inline bool backend_is_resting(const struct backend *backend, uint64_t now_ms)
{
    return backend->rest_until_ms > now_ms;
}

/* Another connection may be opened, or one that is kept is there. */
bool backend_has_room(const struct backend_group *group, const struct backend *backend);

/* It rests from now on. Returns for how many ms; 0: it does already. */
uint64_t backend_rest(struct backend *backend, uint64_t now_ms);

/*
 * A request failed by its fault. Returns for how many ms it rests because of that, 0: it does not.
 */
uint64_t backend_blame(const struct backend_group *group, struct backend *backend, uint64_t now_ms);

/* It has answered: it is well. */
void backend_praise(struct backend *backend, uint64_t now_ms);

/* Its share in hundredths: the weight, less while it starts slowly; at least 1. */
unsigned backend_share(const struct backend_group *group, const struct backend *backend,
                       uint64_t now_ms);

/* As written in ConnectTo, with the address if that is a host. Returns `out`. */
#define BACKEND_NAME_MOST 512
const char *backend_name(const struct backend *backend, char out[BACKEND_NAME_MOST]);

/* ---- from any thread ---- */

/*
 * Takes no new sessions from now on, or does again. `name`: the target as written in ConnectTo.
 * False: the section has no such target.
 */
bool backend_group_drain(struct backend_group *group, struct slice name, bool drain);

/* How a target is, for the next server (server/legacy.h). */
struct backend_note {
    struct slice name; /* as written in ConnectTo */
    unsigned nth;      /* of the targets of this name */
    bool drained;
    unsigned rests;
    uint64_t rest_until_ms;
};

/* False: it is well, and takes sessions. */
bool backend_group_note(struct backend_group *group, unsigned index, uint64_t now_ms,
                        struct backend_note *ret);

/* Before the first request. What the section has no more is let go. */
void backend_group_recall(struct backend_group *group, const struct backend_note *note,
                          uint64_t now_ms);

/* For `longhouse status`: lines of text, or one JSON object. */
void backend_group_describe(struct backend_group *group, uint64_t now_ms, struct text *text);
void backend_group_describe_json(struct backend_group *group, uint64_t now_ms, struct text *text);

#endif
