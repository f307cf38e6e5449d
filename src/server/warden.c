#include "server/warden.h"

#include "base/number.h"
#include "base/text.h"
#include "server/bans.h"
#include "server/reactor.h"
#include "server/tally.h"
#include "site/mapping.h"

#include <stdlib.h>

#define PASSWORD_WINDOW_MS 300000u

static const struct bans_conf *bans_conf_of(const struct reactor *reactor)
{
    return &reading_current(reactor)->services.snapshot->conf->bans;
}

/* A trusted proxy is no client: it carries others. */
bool warden_may_ban(const struct reactor *reactor, const struct visit *visit)
{
    const union socket_address *client = &visit->client;

    if (client->any.sa_family != AF_INET && client->any.sa_family != AF_INET6)
        return false;
    if (visit->shared && address_equal_ip(client, &visit->peer))
        return false;
    return !conf_rules_deny(bans_conf_of(reactor)->spared, client);
}

/* ---- the client has to go ---- */

void warden_kick(const struct house *house, const union socket_address *client)
{
    for (unsigned i = 0; i < house->reactor_count; i++)
        if (house->reactors[i])
            reactor_kick(house->reactors[i], client);
}

struct kick_request {
    struct letter letter;
    const struct house *house;
    union socket_address client;
};

static void read_kick_request(struct letter *letter)
{
    struct kick_request *request = container_of(letter, struct kick_request, letter);

    warden_kick(request->house, &request->client);
    free(request);
}

/* The main thread knows which reactors there are. */
static void ask_for_kick(const struct reactor *reactor, const union socket_address *client)
{
    struct kick_request *request = malloc(sizeof(*request));

    if (!request)
        abort();
    *request = (struct kick_request){
        .letter.read = read_kick_request,
        .house = reactor->house,
        .client = *client,
    };
    mailbox_send(reactor->ended, &request->letter);
}

void warden_ban(struct reactor *reactor, const struct visit *visit, enum offence cause,
                uint64_t time_ms)
{
    char buffer[64];
    struct text how_long = text_on(buffer, sizeof(buffer));
    struct house *house = reactor->house;

    if (time_ms == 0 || !warden_may_ban(reactor, visit))
        return;
    if (!bans_add(house->bans, &visit->client, cause, time_ms, reactor->loop.now_ms))
        return;
    ban_time_add(&how_long, time_ms);
    log_notice(house->log, "%s is banned for %s: %s", visit->client_text, text_cstr(&how_long),
               offence_text(cause));
    if (bans_conf_of(reactor)->kick)
        ask_for_kick(reactor, &visit->client);
}

void warden_counts(struct reactor *reactor, const struct visit *visit)
{
    const struct bans_conf *conf = bans_conf_of(reactor);
    struct tally *tally = reactor->house->requests;

    if (conf->flood_requests == 0 || !warden_may_ban(reactor, visit) ||
        tally_count(tally, &visit->client, conf->flood_window_ms, reactor->loop.now_ms) <=
            conf->flood_requests)
        return;
    tally_forget(tally, &visit->client);
    warden_ban(reactor, visit, OFFENCE_FLOODING, conf->flood_ms);
}

static void count_password(struct reactor *reactor, const struct visit *visit)
{
    const struct bans_conf *conf = bans_conf_of(reactor);
    struct tally *tally = reactor->house->passwords;

    if (conf->wrong_passwords == 0 || !warden_may_ban(reactor, visit) ||
        tally_count(tally, &visit->client, PASSWORD_WINDOW_MS, reactor->loop.now_ms) <
            conf->wrong_passwords)
        return;
    tally_forget(tally, &visit->client);
    warden_ban(reactor, visit, OFFENCE_WRONG_PASSWORD, conf->wrong_password_ms);
}

/* ---- the wishes of programs ---- */

static bool take_wish(struct exchange *x, struct slice name, uint64_t *ret_s)
{
    struct fields *fields = &x->response.fields;
    bool found = false;

    for (uint32_t i = 0; i < fields->count;) {
        if (!slice_equal_nocase(fields->at[i].name, name)) {
            i++;
            continue;
        }
        found = number_parse(fields->at[i].value, UINT32_MAX, ret_s) || found;
        for (uint32_t j = i + 1; j < fields->count; j++)
            fields->at[j - 1] = fields->at[j];
        fields->count--;
    }
    return found;
}

void warden_reads_head(struct exchange *x)
{
    const struct host *host = x->host;
    uint64_t wish_s = 0;

    if (!x->record.handler || !host)
        return;
    const bool ours = take_wish(x, SLICE("X-Longhouse-Ban"), &wish_s);
    const bool former = take_wish(x, SLICE("X-Hiawatha-Ban"), &wish_s);
    if ((!ours && !former) || wish_s == 0 || host->conf->ban_by_cgi_ms == 0 ||
        mapping_is_user(host, x->request.target.path)) /* not everybody who has an account */
        return;
    const uint64_t most_ms = host->conf->ban_by_cgi_ms;
    exchange_blame(x, OFFENCE_PROGRAM, wish_s > most_ms / 1000 ? most_ms : wish_s * 1000);
}

/* ---- the end ---- */

/* What the wire refused speaks for itself. */
static enum offence offence_of(const struct exchange *x)
{
    if (x->visit->refuse != REFUSE_NOTHING || x->record.offence != OFFENCE_NONE)
        return x->record.offence;
    switch (x->request.failed) {
    case 400:
        return x->request.bad_target ? OFFENCE_INVALID_URL : OFFENCE_GARBAGE;
    case 408:
        return OFFENCE_TIMEOUT;
    case 413:
        return OFFENCE_REQUEST_SIZE;
    default:
        return OFFENCE_NONE;
    }
}

void warden_judge(struct reactor *reactor, struct exchange *x)
{
    const struct bans_conf *conf = bans_conf_of(reactor);
    const enum offence offence = offence_of(x);

    switch (offence) {
    case OFFENCE_NONE:
    case OFFENCE_FLOODING: /* these are judged when they are seen */
    case OFFENCE_MAX_PER_IP:
    case OFFENCE_ORDER:
        break;
    case OFFENCE_GARBAGE:
        warden_ban(reactor, x->visit, offence, conf->garbage_ms);
        break;
    case OFFENCE_INVALID_URL:
        warden_ban(reactor, x->visit, offence, conf->invalid_url_ms);
        break;
    case OFFENCE_REQUEST_SIZE:
        warden_ban(reactor, x->visit, offence, conf->request_size_ms);
        break;
    case OFFENCE_TIMEOUT:
        warden_ban(reactor, x->visit, offence, conf->timeout_ms);
        break;
    case OFFENCE_DENIED_BODY:
        warden_ban(reactor, x->visit, offence, conf->denied_body_ms);
        break;
    case OFFENCE_SQL:
        warden_ban(reactor, x->visit, offence, conf->sql_ms);
        break;
    case OFFENCE_WRONG_PASSWORD:
        count_password(reactor, x->visit);
        break;
    case OFFENCE_CHALLENGE:
    case OFFENCE_RULE:
    case OFFENCE_PROGRAM:
        warden_ban(reactor, x->visit, offence, x->record.ban_ms);
        break;
    }
    x->record.offence = OFFENCE_NONE; /* done */
}
