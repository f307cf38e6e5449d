/* One question whether a certificate still counts (OCSP over HTTP, RFC 6960 A.1). */
#include "acme_private.h"

#define STATUS_GOOD 200

static enum staple_verdict fail(struct responder_answer *ret, struct slice why)
{
    ret->why = why;
    return STAPLE_UNUSABLE;
}

enum staple_verdict responder_ask(struct world *world, struct slice certificates,
                                  struct arena *arena, struct responder_answer *ret)
{
    struct staple_question question;
    struct web_answer answer = { 0 };
    char sentence[STAPLE_WHY_MOST];

    *ret = (struct responder_answer){ 0 };
    const char *why = staple_ask(certificates, arena, &question);
    if (why)
        return fail(ret, slice_cstr(why));
    const struct web_request request = {
        .method = "POST",
        .url = question.url,
        .body = question.der,
        .type = "application/ocsp-request",
        .is_plain = true,
    };
    why = world->ops->ask(world, &request, arena, &answer);
    ret->retry_after_s = answer.retry_after_s;
    if (why)
        return fail(ret, arena_printf(arena, "%.*s: %s", SLICE_ARGS(request.url), why));
    if (answer.status != STATUS_GOOD)
        return fail(ret,
                    arena_printf(arena, "%.*s: status %d", SLICE_ARGS(request.url), answer.status));
    const enum staple_verdict verdict =
        staple_judge(certificates, answer.body, &ret->times, sentence);
    if (verdict == STAPLE_GOOD)
        ret->der = answer.body;
    else
        ret->why = arena_printf(arena, "%.*s: %s", SLICE_ARGS(request.url), sentence);
    return verdict;
}
