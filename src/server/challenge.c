#include "server/challenge.h"

#include "base/encode.h"
#include "base/log.h"
#include "base/text.h"
#include "handler/registry.h"
#include "http/clock.h"
#include "http/cookie.h"
#include "server/tally.h"
#include "site/toolkit.h"

#include <inttypes.h>

#define RETRY_AFTER_S "5"

/* ---- seals ---- */

struct challenge_key challenge_key_of(struct slice secret, struct slice key)
{
    const struct slice purpose = SLICE("ChallengeClient");
    struct challenge_key made = { 0 };

    hmac_sha256(secret.len > 0 ? secret : key, &purpose, 1, made.bytes);
    return made;
}

static void seal_of_hour(const struct challenge_key *key, const union socket_address *client,
                         int64_t hour, char out[CHALLENGE_SEAL_LEN + 1])
{
    unsigned char name[16];
    unsigned char seal[SHA256_LEN];
    char digits[24];
    struct text number = text_on(digits, sizeof(digits));
    struct text text = text_on(out, CHALLENGE_SEAL_LEN + 1);
    const unsigned len = address_client_key(client, name);

    text_add_u64(&number, (uint64_t)hour);
    const struct slice parts[] = { slice_of(name, len), text_slice(&number) };
    hmac_sha256(slice_of(key->bytes, sizeof(key->bytes)), parts, 2, seal);
    hex_encode(&text, slice_of(seal, CHALLENGE_SEAL_LEN / 2));
    out[CHALLENGE_SEAL_LEN] = '\0';
}

void challenge_seal(const struct challenge_key *key, const union socket_address *client,
                    int64_t now_s, char out[CHALLENGE_SEAL_LEN + 1])
{
    seal_of_hour(key, client, now_s / CHALLENGE_HOUR_S, out);
}

static bool is_seal_of(const struct challenge_key *key, const union socket_address *client,
                       int64_t hour, struct slice value)
{
    char seal[CHALLENGE_SEAL_LEN + 1];

    seal_of_hour(key, client, hour, seal);
    return slice_equal_secret(value, slice_of(seal, CHALLENGE_SEAL_LEN));
}

/* Of several cookies of this name (other paths have theirs) one is enough. */
bool challenge_is_answered(const struct challenge_key *key, const union socket_address *client,
                           const struct fields *fields, int64_t now_s)
{
    struct cookie_walk walk = { .fields = fields };
    const int64_t hour = now_s / CHALLENGE_HOUR_S;
    struct slice name;
    struct slice value;

    while (cookie_walk_next(&walk, &name, &value))
        if (slice_equal_cstr(name, CHALLENGE_COOKIE) && value.len == CHALLENGE_SEAL_LEN &&
            (is_seal_of(key, client, hour, value) || is_seal_of(key, client, hour - 1, value)))
            return true;
    return false;
}

/* ---- on and off ---- */

bool challenge_is_on(struct challenger *challenger, const struct challenge_conf *conf,
                     uint64_t connections, struct log *log)
{
    bool was_on = challenger->is_on;

    if (conf->threshold == 0)
        return false;
    if (!was_on && connections >= conf->threshold) {
        if (atomic_compare_exchange_strong(&challenger->is_on, &was_on, true))
            log_notice(log, "%" PRIu64 " connections: clients are challenged (ChallengeClient)",
                       connections);
    } else if (was_on && connections < conf->threshold - conf->threshold / 10) {
        if (atomic_compare_exchange_strong(&challenger->is_on, &was_on, false))
            log_notice(log, "%" PRIu64 " connections: clients are not challenged any more",
                       connections);
    }
    return challenger->is_on;
}

/* ---- answers ---- */

static const char script_page[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"robots\" content=\"noindex\"><title>One moment</title></head>\n"
    "<body><p id=\"p\">One moment, please: very many visitors are here.</p>\n"
    "<noscript><p>This website needs JavaScript just now.</p></noscript>\n"
    "<script>document.cookie=\"" CHALLENGE_COOKIE "=%s;path=/;max-age=%d;samesite=lax%s\";"
    "if(document.cookie.indexOf(\"" CHALLENGE_COOKIE "=\")<0)"
    "document.getElementById(\"p\").textContent=\"This website needs cookies just now.\";"
    "else location.reload();</script></body></html>\n";

static const char refusal_page[] =
    "Very many visitors are here just now, and your browser keeps no cookies. Please try again "
    "later.\n";

static void answer_with(struct exchange *x, int status, struct slice type, struct slice page)
{
    x->record.cause = "challenged (ChallengeClient)";
    x->response.status = status;
    x->response.length = (int64_t)page.len;
    exchange_field_id(x, FIELD_CONTENT_TYPE, type);
    exchange_field_id(x, FIELD_CACHE_CONTROL, SLICE("no-store"));
    if (status == 503)
        exchange_field_id(x, FIELD_RETRY_AFTER, SLICE(RETRY_AFTER_S));
    exchange_send_head(x);
    if (x->request.method != METHOD_HEAD)
        body_put_borrowed(&x->response.body, page);
    body_finish(&x->response.body, BODY_COMPLETE);
    exchange_handler_done(x);
}

static void refuse(struct exchange *x)
{
    answer_with(x, 503, SLICE("text/plain; charset=utf-8"), slice_cstr(refusal_page));
}

/* To where it came from, by its path alone. */
static void ask_by_header(struct exchange *x, const char *seal)
{
    struct slice location = toolkit_url(&x->request.target, &x->arena);

    while (slice_starts(location, SLICE("//")))
        location = slice_skip(location, 1);
    exchange_field_id(x, FIELD_LOCATION, location);
    exchange_field(x, SLICE("Set-Cookie"),
                   arena_printf(&x->arena,
                                CHALLENGE_COOKIE
                                "=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s",
                                seal, CHALLENGE_HOUR_S, x->visit->secure ? "; Secure" : ""));
    answer_with(x, 307, SLICE("text/plain; charset=utf-8"), SLICE("One moment, please.\n"));
}

static void ask_by_script(struct exchange *x, const char *seal)
{
    answer_with(x, 503, SLICE("text/html; charset=utf-8"),
                arena_printf(&x->arena, script_page, seal, CHALLENGE_HOUR_S,
                             x->visit->secure ? ";secure" : ""));
}

static bool can_be_asked(const struct request *request)
{
    return (request->method == METHOD_GET || request->method == METHOD_HEAD) &&
           request->target.form != TARGET_ASTERISK;
}

static const struct handler_ops handler_challenge = {
    .name = "challenge",
    .advance = handler_never_advances,
    .cancel = handler_never_cancelled,
};

void challenge_start(struct challenger *challenger, const struct challenge_conf *conf,
                     const struct challenge_key *key, struct exchange *x)
{
    const union socket_address *client = &x->visit->client;
    char seal[CHALLENGE_SEAL_LEN + 1];

    x->handler = &handler_challenge;
    if (tally_count(challenger->tries, client, CHALLENGE_WINDOW_MS, x->loop->now_ms) >
        CHALLENGE_TRIES_MOST) {
        tally_forget(challenger->tries, client);
        exchange_blame(x, OFFENCE_CHALLENGE, conf->ban_ms);
        refuse(x);
        return;
    }
    challenge_seal(key, client, clock_unix_ms() / 1000, seal);
    if (!can_be_asked(&x->request))
        refuse(x);
    else if (conf->kind == CHALLENGE_BY_HEADER)
        ask_by_header(x, seal);
    else
        ask_by_script(x, seal);
}
