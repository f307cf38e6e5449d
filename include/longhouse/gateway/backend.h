#ifndef GATEWAY_BACKEND_H
#define GATEWAY_BACKEND_H

/*
 * The targets of one FastCGIserver section, shared by all reactors without a lock: numbers are
 * atomic, nothing else changes after the start.
 *
 * A target that could not be reached rests: it is left out while another is there, for 1 s, then 2
 * s ... 30 s as long as it fails again, and is tried again afterwards by the first request that
 * comes. With all targets resting all are tried.
 */
#include "base/text.h"
#include "config/model.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sticky;

struct backend {
    const struct connect_conf *conf; /* borrowed */
    _Atomic uint64_t rest_until_ms;  /* of the loops' clock; 0: not resting */
    _Atomic unsigned failures;       /* to connect, in a row */
    _Atomic unsigned now;            /* requests in progress */
    _Atomic uint64_t requests;
    _Atomic uint64_t failed_requests; /* 502, 503, 504 and cut answers */
};

struct backend_group {
    const struct fastcgi_conf *conf; /* borrowed; outlives the group */
    struct backend *targets;         /* owned; conf->target_count */
    unsigned count;
    struct sticky *sticky; /* owned; NULL: one target only, or no SessionTimeout */
    _Atomic unsigned next; /* where the next client without a session goes */
};

struct backend_group *backend_group_new(const struct fastcgi_conf *conf);
void backend_group_free(struct backend_group *group); /* no request is in progress any more */

static inline bool backend_is_resting(struct backend *backend, uint64_t now_ms)
{
    return atomic_load_explicit(&backend->rest_until_ms, memory_order_relaxed) > now_ms;
}

/* It could not be reached: begins to rest. Returns for how many ms; 0: it does already. */
uint64_t backend_failed(struct backend *backend, uint64_t now_ms);

/* It was reached. */
void backend_reached(struct backend *backend);

/* For `longhouse status`: lines of text, or one JSON object. */
void backend_group_describe(struct backend_group *group, struct text *text);
void backend_group_describe_json(struct backend_group *group, struct text *text);

#endif
