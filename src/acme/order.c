/* One certificate: order, proof of each name, request, chain (RFC 8555 7.4). */
#include "acme_private.h"

#include <stdlib.h>

#define POLLS_MOST   60u /* looks at something that the authority works on */
#define PAUSE_MS     1000u
#define PAUSE_MOST_S 30u

/* POST-as-GET. */
static bool get(struct session *session, struct slice url, struct web_answer *ret)
{
    struct problem problem;

    return session_post(session, url, SLICE(""), ret, &problem);
}

/* The authority works on it; it may say when to look again. */
static void wait_a_while(struct session *session, unsigned look)
{
    const uint64_t asked_s = session->retry_after_s;
    uint64_t pause_ms = look == 0 ? PAUSE_MS / 4 : PAUSE_MS;

    if (asked_s > 0)
        pause_ms = 1000 * (asked_s < PAUSE_MOST_S ? asked_s : PAUSE_MOST_S);
    session->retry_after_s = 0;
    session->world->ops->pause(session->world, pause_ms);
}

/* ---- one name ---- */

static bool look_at_name(struct session *session, struct slice url, struct authorization *ret)
{
    struct web_answer answer;

    if (!get(session, url, &answer))
        return false;
    const char *why = read_authorization(answer.body, session->tasks->proof, session->arena, ret);
    return !why || session_fail(session, "the authorization is not understood: %s", why);
}

static bool wait_for_name(struct session *session, struct slice url)
{
    struct authorization authorization;

    for (unsigned i = 0; i < POLLS_MOST; i++) {
        if (!look_at_name(session, url, &authorization))
            return false;
        if (authorization.status == ORDER_VALID)
            return true;
        if (authorization.status != ORDER_PENDING)
            return session_fail(session, "the proof for %.*s failed: %.*s",
                                SLICE_ARGS(authorization.name), SLICE_ARGS(authorization.error));
        wait_a_while(session, i);
    }
    return session_fail(session, "the authority does not come to look at %.*s",
                        SLICE_ARGS(authorization.name));
}

static bool prove(struct session *session, struct slice url, const struct authorization *what)
{
    const struct slice thumbprint = key_thumbprint(session->key, session->arena);
    const struct proof proof = {
        .name = what->name,
        .token = what->token,
        .answer = arena_printf(session->arena, "%.*s.%.*s", SLICE_ARGS(what->token),
                               SLICE_ARGS(thumbprint)),
    };
    struct web_answer answer;
    struct problem problem;

    if (!session->world->ops->show(session->world, &proof))
        return session_fail(session, "the server cannot show the proof for %.*s",
                            SLICE_ARGS(what->name));
    const bool good = session_post(session, what->challenge, SLICE("{}"), &answer, &problem) &&
                      wait_for_name(session, url);
    session->world->ops->hide(session->world, &proof);
    return good;
}

/* Only for what was ordered. */
static bool is_ordered(struct slice names, struct slice name)
{
    struct slice ordered;

    while (slice_next(&names, ' ', &ordered))
        if (slice_equal_nocase(ordered, name))
            return true;
    return false;
}

static bool authorize(struct session *session, struct slice names, struct slice url)
{
    struct authorization authorization;

    if (!look_at_name(session, url, &authorization))
        return false;
    if (!is_ordered(names, authorization.name))
        return session_fail(session, "the authority asks about %.*s, which was not ordered",
                            SLICE_ARGS(authorization.name));
    if (authorization.status == ORDER_VALID) /* from an earlier order */
        return true;
    if (authorization.status != ORDER_PENDING)
        return session_fail(session, "the authorization of %.*s is not open",
                            SLICE_ARGS(authorization.name));
    if (authorization.challenge.len == 0)
        return session_fail(session, "the authority does not offer %s for %.*s",
                            session->tasks->proof == ACME_PROOF_ALPN ? "tls-alpn-01" : "http-01",
                            SLICE_ARGS(authorization.name));
    return prove(session, url, &authorization);
}

/* ---- the order ---- */

static struct slice order_payload(const struct session *session, struct slice names)
{
    const size_t room = names.len * 64 + 64;
    struct text text = text_on(arena_bytes(session->arena, room), room);
    const char *before = "{\"identifiers\":[";
    struct slice name;

    while (slice_next(&names, ' ', &name)) {
        text_add_cstr(&text, before);
        text_add_cstr(&text, "{\"type\":\"dns\",\"value\":");
        text_add_json(&text, name);
        text_add_char(&text, '}');
        before = ",";
    }
    text_add_cstr(&text, "]}");
    return text_slice(&text);
}

static bool take_order(struct session *session, const struct web_answer *answer, struct order *ret)
{
    const char *why = read_order(answer->body, session->arena, ret);

    return !why || session_fail(session, "the order is not understood: %s", why);
}

static bool begin_order(struct session *session, struct slice names, struct slice *ret_url,
                        struct order *ret)
{
    struct web_answer answer;
    struct problem problem;

    if (!session_post(session, session->directory.new_order, order_payload(session, names), &answer,
                      &problem))
        return false;
    if (!slice_starts(answer.location, SLICE("https://")))
        return session_fail(session, "the authority does not say where the order is");
    *ret_url = answer.location;
    return take_order(session, &answer, ret);
}

/* Until the order is further than `from`. */
static bool wait_for_order(struct session *session, struct slice url, enum order_status from,
                           struct order *order)
{
    struct web_answer answer;

    for (unsigned i = 0; order->status <= from; i++) {
        if (i == POLLS_MOST)
            return session_fail(session, "the authority does not come to an end with the order");
        wait_a_while(session, i);
        if (!get(session, url, &answer) || !take_order(session, &answer, order))
            return false;
    }
    if (order->status == ORDER_INVALID)
        return session_fail(session, "the authority gave the order up: %.*s",
                            SLICE_ARGS(order->error));
    return true;
}

static bool finalize(struct session *session, struct slice names, EVP_PKEY *key,
                     struct order *order)
{
    const struct slice csr = csr_der(key, names, session->arena);
    const struct slice coded = base64url(session->arena, csr);
    struct web_answer answer;
    struct problem problem;

    if (csr.len == 0)
        return session_fail(session, "no request can be made for '%.*s'", SLICE_ARGS(names));
    return session_post(session, order->finalize,
                        arena_printf(session->arena, "{\"csr\":\"%.*s\"}", SLICE_ARGS(coded)),
                        &answer, &problem) &&
           take_order(session, &answer, order);
}

/* ---- the chain ---- */

static bool download(struct session *session, struct slice url, struct slice names,
                     struct slice key, struct slice *ret_pem)
{
    struct web_answer answer;

    if (!get(session, url, &answer))
        return false;
    const int64_t now_s = session->world->ops->now_unix_s(session->world);
    const char *fault = slice_has(answer.body, '\0')
                            ? "there is a NUL in it"
                            : certificate_fault(answer.body, key, names, now_s);
    if (fault)
        return session_fail(session, "what the authority sent cannot be used: %s", fault);
    const struct slice parts[] = { key, answer.body };
    *ret_pem = arena_join(session->arena, parts, 2);
    return true;
}

static bool fulfil(struct session *session, struct slice names, EVP_PKEY *key,
                   struct slice *ret_pem)
{
    struct order *order = arena_new(session->arena, struct order);
    struct slice url = { 0 };

    if (!begin_order(session, names, &url, order))
        return false;
    for (unsigned i = 0; order->status == ORDER_PENDING && i < order->authorization_count; i++)
        if (!authorize(session, names, order->authorizations[i]))
            return false;
    return wait_for_order(session, url, ORDER_PENDING, order) &&
           (order->status != ORDER_READY || finalize(session, names, key, order)) &&
           wait_for_order(session, url, ORDER_PROCESSING, order) &&
           download(session, order->certificate, names, key_pem(key, session->arena), ret_pem);
}

bool order_certificate(struct session *session, struct slice names, struct slice *ret_pem)
{
    EVP_PKEY *key = key_new(); /* another one each time */
    const bool good = fulfil(session, names, key, ret_pem);

    EVP_PKEY_free(key);
    return good;
}
