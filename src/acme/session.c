/* Signed requests to one authority: where to, with which nonce, in whose name. */
#include "acme_private.h"

#include <stdio.h>
#include <stdlib.h>

#define NONCE_TRIES 8u /* how often it may say that a nonce is not good */

bool session_fail(struct session *session, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    session->why = arena_printf_v(session->arena, format, args);
    va_end(args);
    return false;
}

/* False: nobody answers, or not so that it could be understood. */
static bool ask(struct session *session, const struct web_request *request, struct web_answer *ret)
{
    *ret = (struct web_answer){ 0 };
    const char *why = session->world->ops->ask(session->world, request, session->arena, ret);
    if (why)
        return session_fail(session, "%.*s: %s", SLICE_ARGS(request->url), why);
    session->nonce = ret->nonce; /* each is good for one request */
    session->retry_after_s = ret->retry_after_s;
    return true;
}

static bool is_good(const struct web_answer *answer)
{
    return answer->status >= 200 && answer->status < 300;
}

static bool have_nonce(struct session *session)
{
    const struct web_request request = { .method = "HEAD", .url = session->directory.new_nonce };
    struct web_answer answer;

    if (session->nonce.len > 0)
        return true;
    if (!ask(session, &request, &answer))
        return false;
    if (!is_good(&answer) || session->nonce.len == 0)
        return session_fail(session, "%.*s: it gives no nonce (status %d)", SLICE_ARGS(request.url),
                            answer.status);
    return true;
}

static bool post_once(struct session *session, struct slice url, struct slice payload,
                      struct web_answer *ret)
{
    if (!have_nonce(session))
        return false;
    const struct jws jws = {
        .key = session->key,
        .account = session->account,
        .nonce = session->nonce,
        .url = url,
        .payload = payload,
    };
    const struct web_request request = {
        .method = "POST",
        .url = url,
        .body = jws_text(&jws, session->arena),
        .type = "application/jose+json",
    };
    return ask(session, &request, ret);
}

static bool complain(struct session *session, struct slice url, const struct web_answer *answer,
                     const struct problem *problem)
{
    if (problem->type.len > 0)
        return session_fail(session, "the authority says %.*s: %.*s", SLICE_ARGS(problem->type),
                            SLICE_ARGS(problem->detail));
    return session_fail(session, "%.*s: status %d", SLICE_ARGS(url), answer->status);
}

bool session_post(struct session *session, struct slice url, struct slice payload,
                  struct web_answer *ret, struct problem *ret_problem)
{
    for (unsigned i = 0; i < NONCE_TRIES; i++) {
        *ret_problem = (struct problem){ 0 };
        if (!post_once(session, url, payload, ret))
            return false;
        if (is_good(ret))
            return true;
        *ret_problem = read_problem(ret->body, session->arena);
        if (!slice_equal(ret_problem->type, SLICE("badNonce"))) /* RFC 8555 6.5: try again */
            break;
    }
    return complain(session, url, ret, ret_problem);
}

/* ---- the directory ---- */

static bool read_place(struct session *session)
{
    const struct web_request request = { .method = "GET", .url = session->tasks->directory };
    struct web_answer answer;

    if (!ask(session, &request, &answer))
        return false;
    if (!is_good(&answer))
        return session_fail(session, "%.*s: status %d", SLICE_ARGS(request.url), answer.status);
    const char *why = read_directory(answer.body, session->arena, &session->directory);
    if (why)
        return session_fail(session, "%.*s is no directory of ACME: %s", SLICE_ARGS(request.url),
                            why);
    if (session->directory.terms.len > 0 && session->tasks->agrees == 0)
        return session_fail(session,
                            "the authority wants its terms agreed to: read %.*s, then set "
                            "ACMEagree = yes",
                            SLICE_ARGS(session->directory.terms));
    return true;
}

/* ---- the account ---- */

static struct slice account_payload(const struct session *session)
{
    const struct slice contact = session->tasks->contact;
    const char *agrees = session->tasks->agrees ? "true" : "false";

    if (contact.len == 0)
        return arena_printf(session->arena, "{\"termsOfServiceAgreed\":%s}", agrees);
    const struct slice quoted = json_quoted(session->arena, contact);
    return arena_printf(session->arena, "{\"termsOfServiceAgreed\":%s,\"contact\":[%.*s]}", agrees,
                        SLICE_ARGS(quoted));
}

/* A key that has an account already finds it so (RFC 8555 7.3.1). */
static bool sign_on(struct session *session, struct problem *ret_problem)
{
    struct web_answer answer;

    session->account = (struct slice){ 0 };
    if (!session_post(session, session->directory.new_account, account_payload(session), &answer,
                      ret_problem))
        return false;
    if (!slice_starts(answer.location, SLICE("https://")))
        return session_fail(session, "%.*s: it does not say where the account is",
                            SLICE_ARGS(session->directory.new_account));
    session->account = answer.location;
    return true;
}

static bool take_new_key(struct session *session)
{
    EVP_PKEY_free(session->key);
    session->key = key_new();
    const char *why =
        session->world->ops->keep_account(session->world, key_pem(session->key, session->arena));
    return !why || session_fail(session, "the key of the account cannot be kept: %s", why);
}

/* Deactivated by us or by the authority (RFC 8555 7.3.6): this key will never do again. */
static bool is_closed(const struct problem *problem)
{
    return slice_equal(problem->type, SLICE("unauthorized")) ||
           slice_equal(problem->type, SLICE("accountDoesNotExist"));
}

bool session_open(struct session *session)
{
    struct problem problem;
    bool is_new = false;

    if (!read_place(session))
        return false;
    session->key = key_from_pem(session->tasks->account);
    if (!session->key) {
        is_new = true;
        if (!take_new_key(session))
            return false;
    }
    if (sign_on(session, &problem))
        return true;
    return !is_new && is_closed(&problem) && take_new_key(session) && sign_on(session, &problem);
}

void session_close(struct session *session)
{
    EVP_PKEY_free(session->key);
    session->key = NULL;
}
