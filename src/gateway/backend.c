#include "gateway/backend.h"

#include "gateway/sticky.h"

#include <inttypes.h>
#include <stdlib.h>

#define REST_FIRST_MS 1000u
#define REST_MOST_MS  30000u

struct backend_group *backend_group_new(const struct fastcgi_conf *conf)
{
    struct backend_group *group = calloc(1, sizeof(*group));
    struct backend *targets = calloc(conf->target_count ? conf->target_count : 1, sizeof(*targets));
    unsigned count = 0;

    if (!group || !targets)
        abort();
    for (const struct connect_conf *target = conf->targets; target; target = target->next)
        targets[count++].conf = target;
    group->conf = conf;
    group->targets = targets;
    group->count = count;
    if (count > 1 && conf->session_timeout_ms > 0)
        group->sticky = sticky_new(conf->session_timeout_ms);
    return group;
}

void backend_group_free(struct backend_group *group)
{
    sticky_free(group->sticky);
    free(group->targets);
    free(group);
}

/* ---- health ---- */

uint64_t backend_failed(struct backend *backend, uint64_t now_ms)
{
    uint64_t until_ms = atomic_load(&backend->rest_until_ms);

    if (until_ms > now_ms)
        return 0;

    unsigned failures = atomic_load(&backend->failures);
    uint64_t rest_ms = failures < 5 ? (uint64_t)REST_FIRST_MS << failures : REST_MOST_MS;
    if (!atomic_compare_exchange_strong(&backend->rest_until_ms, &until_ms, now_ms + rest_ms))
        return 0; /* another reactor was faster */
    atomic_fetch_add(&backend->failures, 1);
    return rest_ms;
}

/* Only looks in the usual case: a write would take the line away from the other reactors. */
void backend_reached(struct backend *backend)
{
    if (atomic_load_explicit(&backend->failures, memory_order_relaxed) > 0)
        atomic_store(&backend->failures, 0);
    if (atomic_load_explicit(&backend->rest_until_ms, memory_order_relaxed) > 0)
        atomic_store(&backend->rest_until_ms, 0);
}

/* ---- status ---- */

static const char *health_text(struct backend *backend)
{
    return atomic_load(&backend->failures) > 0 ? "down" : "up";
}

void backend_group_describe(struct backend_group *group, struct text *text)
{
    text_printf(text, "FastCGI %.*s%s\n", SLICE_ARGS(group->conf->id),
                group->sticky ? ", clients stay with their target" : "");
    for (unsigned i = 0; i < group->count; i++) {
        struct backend *backend = &group->targets[i];

        text_printf(text, "  %-4s %.*s: %u now, %" PRIu64 " requests, %" PRIu64 " failed\n",
                    health_text(backend), SLICE_ARGS(backend->conf->text),
                    atomic_load(&backend->now), atomic_load(&backend->requests),
                    atomic_load(&backend->failed_requests));
    }
}

void backend_group_describe_json(struct backend_group *group, struct text *text)
{
    text_add_cstr(text, "{\"id\":");
    text_add_json(text, group->conf->id);
    text_printf(text, ",\"sticky\":%s,\"targets\":[", group->sticky ? "true" : "false");
    for (unsigned i = 0; i < group->count; i++) {
        struct backend *backend = &group->targets[i];

        text_add_cstr(text, i > 0 ? ",{\"target\":" : "{\"target\":");
        text_add_json(text, backend->conf->text);
        text_printf(
            text, ",\"health\":\"%s\",\"now\":%u,\"requests\":%" PRIu64 ",\"failed\":%" PRIu64 "}",
            health_text(backend), atomic_load(&backend->now), atomic_load(&backend->requests),
            atomic_load(&backend->failed_requests));
    }
    text_add_cstr(text, "]}");
}
