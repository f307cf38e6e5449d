#include "server/admission.h"

#include "server/bans.h"
#include "server/load_watch.h"
#include "server/reactor.h"
#include "server/warden.h"
#include "site/origin.h"

#define RETRY_SOON_S   2u  /* a place may be free again */
#define RETRY_LOAD_S   30u /* a load of the last minute does not fall at once */
#define REFUSAL_MOST_S 86400u

static const struct bans_conf *bans_conf_of(const struct reactor *reactor)
{
    return &reading_current(reactor)->services.snapshot->conf->bans;
}

static uint32_t retry_after(uint64_t left_ms)
{
    const uint64_t left_s = (left_ms + 999) / 1000;

    return left_s < REFUSAL_MOST_S ? (uint32_t)left_s : REFUSAL_MOST_S;
}

/* ---- connections ---- */

static void refuse(struct visit *visit, enum refusal_cause cause, uint32_t retry_s)
{
    if (visit->refuse != REFUSE_NOTHING)
        return; /* the first reason counts */
    visit->refuse = cause;
    visit->refuse_s = retry_s;
}

/* Whom the guard counts the connection for; NULL: nobody. */
static const union socket_address *counted_for(const struct visit *visit)
{
    return visit->shared || visit->unlimited ? NULL : &visit->peer;
}

static bool enter_guard(struct reactor *reactor, struct visit *visit)
{
    const enum guard_word word =
        guard_enter(reactor->house->guard, counted_for(visit), reactor->loop.now_ms);

    switch (word) {
    case GUARD_WELCOME:
        return true;
    case GUARD_FULL:
        refuse(visit, REFUSE_TOTAL, RETRY_SOON_S);
        return true;
    case GUARD_TOO_MANY:
        refuse(visit, REFUSE_CLIENT, RETRY_SOON_S);
        warden_ban(reactor, visit, OFFENCE_MAX_PER_IP, bans_conf_of(reactor)->max_per_ip_ms);
        return true;
    case GUARD_DROP_CLIENT:
        warden_ban(reactor, visit, OFFENCE_MAX_PER_IP, bans_conf_of(reactor)->max_per_ip_ms);
        return false;
    case GUARD_DROP:
        break;
    }
    return false;
}

bool admission_of_connection(struct reactor *reactor, struct visit *visit)
{
    const struct bans_conf *conf = bans_conf_of(reactor);
    const uint64_t now_ms = reactor->loop.now_ms;
    bool silent = false;

    visit->unlimited = conf_rules_deny(conf->unlimited, &visit->peer);
    if (!visit->shared) {
        const uint64_t left_ms =
            bans_knock(reactor->house->bans, &visit->client, conf->restart, now_ms, &silent);

        if (silent)
            return false;
        if (left_ms > 0)
            refuse(visit, REFUSE_BANNED, retry_after(left_ms));
    }
    if (conf->load_percent > 0 && !visit->unlimited &&
        load_watch_percent(&reactor->house->load, now_ms) > conf->load_percent)
        refuse(visit, REFUSE_LOAD, RETRY_LOAD_S);
    return enter_guard(reactor, visit);
}

void admission_ends_connection(struct reactor *reactor, const struct visit *visit)
{
    guard_leave(reactor->house->guard, counted_for(visit), reactor->loop.now_ms);
}

/* ---- requests ---- */

/* The exchange's own copy, to be changed. */
static struct visit *own_visit(struct exchange *x)
{
    struct visit *visit = arena_new(&x->arena, struct visit);

    *visit = *x->visit;
    x->visit = visit;
    return visit;
}

static bool is_of_proxy(const struct visit *visit)
{
    return visit->shared && address_equal_ip(&visit->client, &visit->peer);
}

/* A request that came over a trusted proxy: who asks? Counted for that client. */
static void trace(struct reactor *reactor, struct exchange *x)
{
    const struct server_conf *conf = reading_of(x)->services.snapshot->conf;
    struct visit *visit = own_visit(x);

    if (visit->believed) {
        struct origin origin = origin_find(conf, visit->binding, &x->request.fields);

        origin_take(&origin, visit);
    }
    if (is_of_proxy(visit))
        return;
    visit->counted = guard_enter_request(reactor->house->guard, &visit->client,
                                         reactor->loop.now_ms) == GUARD_WELCOME;
    if (visit->counted)
        return;
    refuse(visit, REFUSE_CLIENT, RETRY_SOON_S);
    warden_ban(reactor, visit, OFFENCE_MAX_PER_IP, conf->bans.max_per_ip_ms);
}

/* It may have been banned on its way here, or by asking this. */
static void look_for_ban(struct reactor *reactor, struct exchange *x)
{
    warden_counts(reactor, x->visit);
    const uint64_t left_ms =
        bans_left(reactor->house->bans, &x->visit->client, reactor->loop.now_ms);

    if (left_ms > 0)
        refuse(own_visit(x), REFUSE_BANNED, retry_after(left_ms));
}

bool admission_of_request(struct reactor *reactor, struct exchange *x)
{
    const bool has_to_go = x->visit->refuse != REFUSE_NOTHING;

    if (x->visit->shared)
        trace(reactor, x);
    if (!is_of_proxy(x->visit) && !has_to_go)
        look_for_ban(reactor, x);
    if (x->visit->refuse == REFUSE_NOTHING)
        return true;
    /* no reason to end the connection of a proxy, which carries others as well */
    if (has_to_go || !x->visit->shared)
        x->response.close = true;
    return false;
}

void admission_ends_request(struct reactor *reactor, const struct exchange *x)
{
    if (x->visit->counted)
        guard_leave_request(reactor->house->guard, &x->visit->client, reactor->loop.now_ms);
}
