#include "server/proofs.h"

#include "base/list.h"
#include "handler/registry.h"
#include "net/self_signed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define PROOFS_MOST 64u

struct shown_proof {
    struct list_link link;
    char *name;
    char *token;
    char *answer;
};

struct proofs {
    _Atomic unsigned count; /* written under the lock */
    pthread_mutex_t lock;   /* guards the rest */
    struct list oldest_first;
};

struct proofs *proofs_new(void)
{
    struct proofs *proofs = calloc(1, sizeof(*proofs));

    if (!proofs)
        abort();
    list_init(&proofs->oldest_first);
    pthread_mutex_init(&proofs->lock, NULL);
    return proofs;
}

/* ---- under the lock ---- */

static struct shown_proof *from_link(struct list_link *link)
{
    return container_of(link, struct shown_proof, link);
}

static void drop(struct proofs *proofs, struct shown_proof *proof)
{
    if (!proof)
        return;
    list_remove(&proof->link);
    proofs->count--;
    free(proof->name);
    free(proof->token);
    free(proof->answer);
    free(proof);
}

static struct shown_proof *find(const struct proofs *proofs, struct slice token)
{
    list_for_each (link, &proofs->oldest_first)
        if (slice_equal_cstr(token, from_link(link)->token))
            return from_link(link);
    return NULL;
}

static void add(struct proofs *proofs, struct slice name, struct slice token, struct slice answer)
{
    struct shown_proof *proof = calloc(1, sizeof(*proof));

    if (!proof)
        abort();
    proof->name = slice_dup(name);
    proof->token = slice_dup(token);
    proof->answer = slice_dup(answer);
    list_push_back(&proofs->oldest_first, &proof->link);
    proofs->count++;
}

/* ---- from outside ---- */

void proofs_free(struct proofs *proofs)
{
    if (!proofs)
        return;
    while (proofs->count > 0)
        drop(proofs, from_link(list_first(&proofs->oldest_first)));
    pthread_mutex_destroy(&proofs->lock);
    free(proofs);
}

void proofs_show(struct proofs *proofs, struct slice name, struct slice token, struct slice answer)
{
    pthread_mutex_lock(&proofs->lock);
    drop(proofs, find(proofs, token));
    if (proofs->count == PROOFS_MOST)
        drop(proofs, from_link(list_first(&proofs->oldest_first)));
    add(proofs, name, token, answer);
    pthread_mutex_unlock(&proofs->lock);
}

void proofs_hide(struct proofs *proofs, struct slice token)
{
    pthread_mutex_lock(&proofs->lock);
    drop(proofs, find(proofs, token));
    pthread_mutex_unlock(&proofs->lock);
}

/* Empty: there is no such proof. */
static struct slice answer_of(struct proofs *proofs, struct slice token, struct arena *arena)
{
    struct slice answer = { 0 };

    pthread_mutex_lock(&proofs->lock);
    const struct shown_proof *proof = find(proofs, token);
    if (proof)
        answer = arena_copy(arena, slice_cstr(proof->answer));
    pthread_mutex_unlock(&proofs->lock);
    return answer;
}

/* ---- the answer ---- */

static const struct handler_ops handler_proof = {
    .name = "proof",
    .advance = handler_never_advances,
    .cancel = handler_never_cancelled,
};

static void answer_with(struct exchange *x, struct slice text)
{
    x->handler = &handler_proof;
    x->response.status = 200;
    x->response.length = (int64_t)text.len;
    exchange_field_id(x, FIELD_CONTENT_TYPE, SLICE("application/octet-stream"));
    exchange_field_id(x, FIELD_CACHE_CONTROL, SLICE("no-store"));
    exchange_send_head(x);
    if (x->request.method != METHOD_HEAD)
        body_put_borrowed(&x->response.body, text);
    body_finish(&x->response.body, BODY_COMPLETE);
    exchange_handler_done(x);
}

bool proofs_start(struct proofs *proofs, struct exchange *x)
{
    static const struct slice folder = SLICE_INIT("/.well-known/acme-challenge/");
    const struct request *request = &x->request;
    struct slice answer;

    if (atomic_load_explicit(&proofs->count, memory_order_relaxed) == 0 || request->failed != 0 ||
        (request->method != METHOD_GET && request->method != METHOD_HEAD) ||
        !slice_starts(request->target.path, folder))
        return false;
    answer = answer_of(proofs, slice_skip(request->target.path, folder.len), &x->arena);
    if (answer.len == 0)
        return false;
    answer_with(x, answer);
    return true;
}

/* ---- the handshake ---- */

/* Of several for one name the last counts. */
static struct slice answer_for_name(struct proofs *proofs, struct slice name, struct arena *arena)
{
    struct slice answer = { 0 };

    pthread_mutex_lock(&proofs->lock);
    list_for_each (link, &proofs->oldest_first)
        if (slice_equal_cstr(name, from_link(link)->name))
            answer = arena_copy(arena, slice_cstr(from_link(link)->answer));
    pthread_mutex_unlock(&proofs->lock);
    return answer;
}

struct slice proofs_certificate(struct proofs *proofs, struct slice name, struct arena *arena)
{
    const struct slice answer = answer_for_name(proofs, name, arena);

    return answer.len > 0 ? self_signed_proof(name, answer, arena) : answer;
}
