#include "server/proofs.h"

#include "gateway/visitor.h"
#include "net/tls.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static struct proofs *proofs;
static bool is_answered;

static void start(struct exchange *x, const struct verdict *verdict)
{
    (void)verdict;
    is_answered = proofs_start(proofs, x);
    if (is_answered)
        return;
    x->response.status = 204;
    exchange_send_head(x);
    body_finish(&x->response.body, BODY_COMPLETE);
    exchange_handler_done(x);
}

static const struct handler_ops door = { .name = "door", .start = start };

/* The body; NULL: it is left to the others. */
static const char *ask(const char *method, const char *target)
{
    static char body[256];
    struct visitor *v = visitor_new();

    v->handler = &door;
    visitor_ask(v, method, target, VISITOR_NO_BODY, NULL);
    visitor_settle(v);
    snprintf(body, sizeof(body), "%.*s", (int)v->body_len, v->body);
    ck_assert_int_eq(v->status, is_answered ? 200 : 204);
    visitor_free(v);
    return is_answered ? body : NULL;
}

#define PLACE "/.well-known/acme-challenge/"

START_TEST(a_proof_is_answered_while_it_is_shown)
{
    proofs = proofs_new();
    ck_assert_ptr_null(ask("GET", PLACE "a"));
    proofs_show(proofs, SLICE("a.test"), SLICE("a"), SLICE("a.first"));
    proofs_show(proofs, SLICE("a.test"), SLICE("b"), SLICE("b.second"));
    ck_assert_str_eq(ask("GET", PLACE "a"), "a.first");
    ck_assert_str_eq(ask("GET", PLACE "b"), "b.second");
    ck_assert_str_eq(ask("HEAD", PLACE "b"), "");
    proofs_show(proofs, SLICE("a.test"), SLICE("a"), SLICE("a.third"));
    ck_assert_str_eq(ask("GET", PLACE "a"), "a.third");
    proofs_hide(proofs, SLICE("a"));
    proofs_hide(proofs, SLICE("unknown"));
    ck_assert_ptr_null(ask("GET", PLACE "a"));
    ck_assert_str_eq(ask("GET", PLACE "b"), "b.second");
    proofs_free(proofs);
}
END_TEST

static const struct {
    const char *method;
    const char *target;
} others[] = {
    { "GET", PLACE },      { "GET", PLACE "ab" },       { "GET", PLACE "A" }, { "GET", PLACE "a/" },
    { "POST", PLACE "a" }, { "GET", "/.well-known/a" }, { "GET", "/a" },
};

START_TEST(what_is_no_proof_is_left_to_the_host)
{
    proofs = proofs_new();
    proofs_show(proofs, SLICE("a.test"), SLICE("a"), SLICE("a.first"));
    ck_assert_ptr_null(ask(others[_i].method, others[_i].target));
    proofs_free(proofs);
}
END_TEST

START_TEST(beyond_the_most_the_oldest_is_given_up)
{
    char token[16];

    proofs = proofs_new();
    for (unsigned i = 0; i <= 64; i++) {
        snprintf(token, sizeof(token), "t%u", i);
        proofs_show(proofs, SLICE("a.test"), slice_cstr(token), SLICE("x"));
    }
    ck_assert_ptr_null(ask("GET", PLACE "t0"));
    ck_assert_str_eq(ask("GET", PLACE "t1"), "x");
    ck_assert_str_eq(ask("GET", PLACE "t64"), "x");
    proofs_free(proofs);
}
END_TEST

START_TEST(a_name_is_proven_by_a_certificate_while_that_is_shown)
{
    struct arena arena = { 0 };

    proofs = proofs_new();
    proofs_show(proofs, SLICE("b.test"), SLICE("b"), SLICE("b.second"));
    ck_assert_uint_eq(proofs_certificate(proofs, SLICE("a.test"), &arena).len, 0);
    const struct slice pem = proofs_certificate(proofs, SLICE("b.test"), &arena);
    const struct tls_identity identity = { .certificates = pem, .key = pem };
    ck_assert(tls_identity_covers(&identity, SLICE("b.test")));
    proofs_hide(proofs, SLICE("b"));
    ck_assert_uint_eq(proofs_certificate(proofs, SLICE("b.test"), &arena).len, 0);
    proofs_free(proofs);
    arena_done(&arena);
}
END_TEST

SUITE("proofs", TEST(a_proof_is_answered_while_it_is_shown),
      LOOP(what_is_no_proof_is_left_to_the_host, others),
      TEST(beyond_the_most_the_oldest_is_given_up),
      TEST(a_name_is_proven_by_a_certificate_while_that_is_shown))
