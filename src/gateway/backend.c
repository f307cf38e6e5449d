#include "gateway/backend.h"

#include "gateway/dialect.h"
#include "gateway/owner.h"
#include "gateway/sticky.h"
#include "net/tls_remote.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define REST_FIRST_MS 1000u
#define REST_MOST_MS  30000u

static void backend_init(struct backend *backend, const struct connect_conf *conf)
{
    backend->conf = conf;
    backend->address = conf->address;
    backend->weight = (unsigned)conf->weight;
    backend->backup = conf->backup;
    backend->absent = conf->host.len > 0;
    list_init(&backend->kept);
    fair_line_init(&backend->line);
}

static unsigned targets_of(const struct connect_conf *conf)
{
    return conf->host.len > 0 ? BACKEND_ADDRESSES_MOST : 1;
}

static unsigned count_targets(const struct fastcgi_conf *conf)
{
    unsigned count = 0;

    for (const struct connect_conf *target = conf->targets; target; target = target->next)
        count += targets_of(target);
    return count;
}

struct backend_group *backend_group_new(const struct fastcgi_conf *conf)
{
    struct backend_group *group = calloc(1, sizeof(*group));
    const unsigned room = count_targets(conf);
    struct backend *targets = calloc(room ? room : 1, sizeof(*targets));
    unsigned count = 0;

    if (!group || !targets)
        abort();
    for (const struct connect_conf *target = conf->targets; target; target = target->next) {
        targets[count].expected = target->host.len > 0;
        for (unsigned i = targets_of(target); i > 0; i--)
            backend_init(&targets[count++], target);
    }
    group->conf = conf;
    group->targets = targets;
    group->count = count;
    group->socket_owner = owner_find(conf->socket_owner);
    pthread_mutex_init(&group->lock, NULL);
    fair_line_init(&group->line);
    group->has_sessions = count > 1 && conf->session_timeout_ms > 0;
    if (group->has_sessions && conf->stick_to != STICK_TO_COOKIE)
        group->sticky = sticky_new(conf->session_timeout_ms);
    backend_group_set_key(group, SLICE(""));
    return group;
}

void backend_group_set_key(struct backend_group *group, struct slice key)
{
    group->secret = sticky_secret_of(key);
}

bool backend_group_has_key(const struct backend_group *group, struct slice key)
{
    const struct sticky_secret secret = sticky_secret_of(key);

    return memcmp(&secret, &group->secret, sizeof(secret)) == 0;
}

/* The name that the certificate is to be for: the host, or the address without its port. */
static struct slice name_to_verify(const struct connect_conf *conf, char text[ADDRESS_TEXT_MOST])
{
    if (conf->host.len > 0)
        return conf->host;
    address_text(&conf->address, text);
    return slice_cstr(text);
}

void backend_group_set_trust(struct backend_group *group, struct tls_trust *trust)
{
    for (unsigned i = 0; i < group->count; i++) {
        struct backend *backend = &group->targets[i];
        char text[ADDRESS_TEXT_MOST];

        if (backend->conf->tls == CONNECT_PLAIN)
            continue;
        tls_remote_free(backend->remote);
        backend->remote = tls_remote_new(trust, name_to_verify(backend->conf, text),
                                         backend->conf->tls == CONNECT_TLS);
    }
}

/* ---- from one generation to the next ---- */

/* The n-th target of this name: a host has several. */
static struct backend *find_target(struct backend_group *group, struct slice name, unsigned n)
{
    for (unsigned i = 0; i < group->count; i++)
        if (slice_equal(group->targets[i].conf->text, name) && n-- == 0)
            return &group->targets[i];
    return NULL;
}

static unsigned same_before(const struct backend_group *group, unsigned index)
{
    unsigned count = 0;

    for (unsigned i = 0; i < index; i++)
        count += slice_equal(group->targets[i].conf->text, group->targets[index].conf->text);
    return count;
}

/* What is said about a target by its section, not by what happened, stays as it is now. */
static void inherit_target(struct backend *target, const struct backend *former)
{
    if (target->conf->host.len > 0) {
        target->address = former->address;
        target->absent = former->absent;
        target->expected = former->expected;
    }
    target->rest_until_ms = former->rest_until_ms;
    target->rests = former->rests;
    target->failures = former->failures;
    target->window_ms = former->window_ms;
    target->came_back_ms = former->came_back_ms;
    target->praised_ms = former->praised_ms;
    target->drained = former->drained;
    atomic_store(&target->requests, atomic_load(&former->requests));
    atomic_store(&target->failed_requests, atomic_load(&former->failed_requests));
}

bool backend_group_note(struct backend_group *group, unsigned index, uint64_t now_ms,
                        struct backend_note *ret)
{
    const struct backend *target = &group->targets[index];

    pthread_mutex_lock(&group->lock);
    const bool rests = backend_is_resting(target, now_ms);
    *ret = (struct backend_note){
        .name = target->conf->text,
        .nth = same_before(group, index),
        .drained = target->drained,
        .rests = rests ? target->rests : 0,
        .rest_until_ms = rests ? target->rest_until_ms : 0,
    };
    pthread_mutex_unlock(&group->lock);
    return rests || ret->drained;
}

void backend_group_recall(struct backend_group *group, const struct backend_note *note,
                          uint64_t now_ms)
{
    pthread_mutex_lock(&group->lock);
    struct backend *target = find_target(group, note->name, note->nth);
    if (target) {
        target->drained = note->drained;
        if (note->rest_until_ms > now_ms && note->rest_until_ms - now_ms <= REST_MOST_MS) {
            target->rests = note->rests;
            target->rest_until_ms = note->rest_until_ms;
        }
    }
    pthread_mutex_unlock(&group->lock);
}

void backend_group_inherit(struct backend_group *group, struct backend_group *former)
{
    unsigned *now_at = calloc((size_t)former->count + 1, sizeof(*now_at));

    if (!now_at)
        abort();
    pthread_mutex_lock(&former->lock);
    for (unsigned i = 0; i < former->count; i++)
        now_at[i] = STICKY_NOWHERE;
    for (unsigned i = 0; i < group->count; i++) {
        struct backend *target = &group->targets[i];
        const struct backend *same = find_target(former, target->conf->text, same_before(group, i));

        if (!same)
            continue;
        inherit_target(target, same);
        now_at[same - former->targets] = i;
    }
    group->waited = former->waited;
    group->refused = former->refused;
    pthread_mutex_unlock(&former->lock);
    if (group->sticky && former->sticky)
        sticky_inherit(group->sticky, former->sticky, now_at);
    free(now_at);
}

void backend_group_free(struct backend_group *group)
{
    for (unsigned i = 0; i < group->count; i++) {
        assert(list_empty(&group->targets[i].kept));
        fair_line_done(&group->targets[i].line);
        tls_remote_free(group->targets[i].remote);
    }
    fair_line_done(&group->line);
    pthread_mutex_destroy(&group->lock);
    sticky_free(group->sticky);
    free(group->targets);
    free(group);
}

/* ---- room ---- */

static uint64_t most_connections(const struct backend_group *group, const struct backend *backend)
{
    return backend->conf->max_connections > 0 ? backend->conf->max_connections
                                              : group->conf->max_connections;
}

bool backend_has_room(const struct backend_group *group, const struct backend *backend)
{
    const uint64_t most = most_connections(group, backend);

    return most == 0 || backend->open < most || backend->kept_count > 0;
}

unsigned backend_share(const struct backend_group *group, const struct backend *backend,
                       uint64_t now_ms)
{
    const uint64_t whole = (uint64_t)backend->weight * 100;
    const uint64_t slow_ms = group->conf->slow_start_ms;
    const uint64_t back_ms = backend->came_back_ms > 0 ? now_ms - backend->came_back_ms : slow_ms;

    if (back_ms >= slow_ms)
        return (unsigned)whole;
    return (unsigned)(whole * back_ms / slow_ms) + 1;
}

/* ---- health ---- */

uint64_t backend_rest(struct backend *backend, uint64_t now_ms)
{
    if (backend_is_resting(backend, now_ms))
        return 0;

    const uint64_t rest_ms =
        backend->rests < 5 ? (uint64_t)REST_FIRST_MS << backend->rests : REST_MOST_MS;
    backend->rest_until_ms = now_ms + rest_ms;
    backend->rests++;
    backend->failures = 0;
    return rest_ms;
}

uint64_t backend_blame(const struct backend_group *group, struct backend *backend, uint64_t now_ms)
{
    atomic_fetch_add_explicit(&backend->failed_requests, 1, memory_order_relaxed);
    if (group->conf->rest_failures == 0 || group->count < 2)
        return 0;
    if (now_ms - backend->window_ms >= group->conf->rest_window_ms) {
        backend->window_ms = now_ms;
        backend->failures = 0;
    }
    backend->failures++;
    return backend->failures >= group->conf->rest_failures ? backend_rest(backend, now_ms) : 0;
}

void backend_praise(struct backend *backend, uint64_t now_ms)
{
    backend->praised_ms = now_ms;
    if (backend->rests == 0)
        return;
    backend->rests = 0;
    backend->rest_until_ms = 0;
    backend->failures = 0;
    backend->came_back_ms = now_ms;
}

/* ---- from any thread ---- */

bool backend_group_drain(struct backend_group *group, struct slice name, bool drain)
{
    bool found = false;

    pthread_mutex_lock(&group->lock);
    for (unsigned i = 0; i < group->count; i++) {
        if (!slice_equal(group->targets[i].conf->text, name))
            continue;
        group->targets[i].drained = drain;
        found = true;
    }
    pthread_mutex_unlock(&group->lock);
    return found;
}

/* One whose address is gone is shown as long as it has work. */
static bool is_of_interest(const struct backend *backend)
{
    return !backend->absent || backend->open > 0;
}

const char *backend_name(const struct backend *backend, char out[BACKEND_NAME_MOST])
{
    char address[ADDRESS_TEXT_MOST];
    struct text text = text_on(out, BACKEND_NAME_MOST);

    text_add(&text, backend->conf->text);
    if (backend->conf->host.len > 0)
        text_printf(&text, " (%s)", address_text_port(&backend->address, address));
    return text_cstr(&text);
}

static const char *health_text(const struct backend *backend, uint64_t now_ms)
{
    if (backend->absent)
        return "leaving"; /* its host has this address no more */
    if (backend_is_resting(backend, now_ms))
        return "resting";
    switch (backend->trouble) {
    case TROUBLE_BUSY:
        return "busy";
    case TROUBLE_DOWN:
        return "down";
    case TROUBLE_NONE:
        break;
    }
    if (backend->rests > 0)
        return "down"; /* it has rested, and nobody has found it well since */
    return backend->drained ? "drained" : "up";
}

static void describe_target(const struct backend_group *group, struct backend *backend,
                            uint64_t now_ms, struct text *text)
{
    const uint64_t most = most_connections(group, backend);
    const unsigned tunnels = atomic_load(&backend->tunnels);
    char name[BACKEND_NAME_MOST];

    text_printf(text, "  %-7s %s: %u now, %" PRIu64 " requests, %" PRIu64 " failed; %u",
                health_text(backend, now_ms), backend_name(backend, name),
                atomic_load(&backend->now), atomic_load(&backend->requests),
                atomic_load(&backend->failed_requests), backend->open);
    if (most > 0)
        text_printf(text, " of %" PRIu64, most);
    text_add_cstr(text, backend->open == 1 ? " connection" : " connections");
    if (backend->kept_count > 0)
        text_printf(text, ", %u kept", backend->kept_count);
    if (tunnels > 0)
        text_printf(text, ", %u %s", tunnels, tunnels == 1 ? "WebSocket" : "WebSockets");
    text_add_cstr(text, backend->drained ? ", takes no new sessions\n" : "\n");
}

void backend_group_describe(struct backend_group *group, uint64_t now_ms, struct text *text)
{
    pthread_mutex_lock(&group->lock);
    text_printf(text, "%s %.*s%s\n", dialect_of(group->conf->protocol)->name,
                SLICE_ARGS(group->conf->id),
                group->has_sessions ? ", clients stay with their target" : "");
    if (group->waited + group->refused > 0)
        text_printf(text,
                    "  %u waiting now, %" PRIu64 " had to wait, %" PRIu64 " were turned away\n",
                    group->waiting, group->waited, group->refused);
    for (unsigned i = 0; i < group->count; i++)
        if (is_of_interest(&group->targets[i]))
            describe_target(group, &group->targets[i], now_ms, text);
    pthread_mutex_unlock(&group->lock);
}

static void describe_target_json(const struct backend_group *group, struct backend *backend,
                                 uint64_t now_ms, struct text *text)
{
    char address[ADDRESS_TEXT_MOST];

    text_add_cstr(text, "{\"target\":");
    text_add_json(text, backend->conf->text);
    if (backend->conf->host.len > 0) {
        text_add_cstr(text, ",\"address\":");
        text_add_json(text, slice_cstr(address_text_port(&backend->address, address)));
    }
    text_printf(text,
                ",\"health\":\"%s\",\"drained\":%s,\"now\":%u,\"requests\":%" PRIu64
                ",\"failed\":%" PRIu64
                ",\"connections\":%u,\"kept\":%u,\"websockets\":%u,\"most\":%" PRIu64 "}",
                health_text(backend, now_ms), backend->drained ? "true" : "false",
                atomic_load(&backend->now), atomic_load(&backend->requests),
                atomic_load(&backend->failed_requests), backend->open, backend->kept_count,
                atomic_load(&backend->tunnels), most_connections(group, backend));
}

void backend_group_describe_json(struct backend_group *group, uint64_t now_ms, struct text *text)
{
    pthread_mutex_lock(&group->lock);
    text_add_cstr(text, "{\"id\":");
    text_add_json(text, group->conf->id);
    text_printf(text,
                ",\"sticky\":%s,\"waiting\":%u,\"waited\":%" PRIu64 ",\"turned_away\":%" PRIu64
                ",\"targets\":[",
                group->has_sessions ? "true" : "false", group->waiting, group->waited,
                group->refused);
    for (unsigned i = 0, shown = 0; i < group->count; i++) {
        if (!is_of_interest(&group->targets[i]))
            continue;
        if (shown++ > 0)
            text_add_char(text, ',');
        describe_target_json(group, &group->targets[i], now_ms, text);
    }
    text_add_cstr(text, "]}");
    pthread_mutex_unlock(&group->lock);
}
