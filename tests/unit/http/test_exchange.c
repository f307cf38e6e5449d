#include "http/exchange.h"

#include "loop/driver_fake.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Both sides of one exchange; `story` notes every call in order. */
struct bench {
    struct loop loop;
    struct exchange_owner owner;
    struct exchange *x;
    bool route_nobody;
    bool done_on_cancel;
    char story[256];
    char cause[64];
};

static struct bench *bench;

static void note(const char *what)
{
    size_t len = strlen(bench->story);

    snprintf(bench->story + len, sizeof(bench->story) - len, "%s%s", len ? " " : "", what);
}

static const char *told(void)
{
    static char copy[sizeof(bench->story)];

    loop_settle(&bench->loop);
    memcpy(copy, bench->story, sizeof(copy));
    bench->story[0] = '\0';
    return copy;
}

static void handler_start(struct exchange *x, const struct verdict *verdict)
{
    (void)x;
    (void)verdict;
    note("start");
}

static void handler_advance(struct exchange *x)
{
    (void)x;
    note("advance");
}

static void handler_cancel(struct exchange *x, enum reset_reason reason)
{
    note(reason == RESET_CLIENT_GONE ? "cancel:gone" : "cancel:other");
    if (bench->done_on_cancel)
        exchange_handler_done(x);
}

static const struct handler_ops handler = { "test", handler_start, handler_advance,
                                            handler_cancel };

static void second_start(struct exchange *x, const struct verdict *verdict)
{
    (void)x;
    (void)verdict;
    note("second");
}

static const struct handler_ops second = { "second", second_start, handler_advance,
                                           handler_cancel };

static void wire_interim(struct exchange *x, int status, const struct fields *fields)
{
    (void)x;
    (void)fields;
    note(status == 100 ? "100" : "interim");
}

static void wire_head(struct exchange *x)
{
    (void)x;
    note("head");
}

static void wire_reset(struct exchange *x, enum reset_reason reason)
{
    (void)x;
    note(reason == RESET_DEADLINE ? "reset:deadline" : "reset");
}

static const struct wire_ops wire = { "test", wire_interim, wire_head, wire_reset };

static void owner_route(struct exchange_owner *owner, struct exchange *x)
{
    (void)owner;
    note("route");
    if (bench->route_nobody)
        return;
    x->handler = &handler;
    handler.start(x, NULL);
}

static void owner_head(struct exchange_owner *owner, struct exchange *x)
{
    (void)owner;
    exchange_field(x, SLICE("X-House"), SLICE("yes"));
}

static void owner_ended(struct exchange_owner *owner, struct exchange *x)
{
    (void)owner;
    snprintf(bench->cause, sizeof(bench->cause), "%s", x->record.cause ? x->record.cause : "");
    note("ended");
}

static const struct exchange_owner_ops owner_ops = { owner_route, owner_head, owner_ended };

static struct exchange *bench_new(void)
{
    const struct visit visit = { .client_text = "192.0.2.7", .local_port = 80 };

    bench = calloc(1, sizeof(*bench));
    bench->owner.ops = &owner_ops;
    loop_init(&bench->loop, driver_fake_new());
    bench->x = exchange_new(&bench->loop, &bench->owner, &visit, &wire, bench);
    return bench->x;
}

static void bench_free(void)
{
    loop_settle(&bench->loop);
    loop_done(&bench->loop);
    ck_assert_uint_eq(chunk_in_use(), 0);
    free(bench);
}

/* Lets both legs end, whatever was said so far. */
static void bench_end(struct exchange *x)
{
    if (!x->wire_finished)
        exchange_wire_done(x);
    if (!x->handler_finished)
        exchange_handler_done(x);
    bench_free();
}

START_TEST(an_exchange_is_routed_once_and_advanced_after_that)
{
    struct exchange *x = bench_new();

    exchange_begin(x);
    ck_assert_str_eq(told(), "route start");
    exchange_wake(x);
    exchange_wake(x);
    ck_assert_str_eq(told(), "advance");
    body_put_bytes(&x->request.body, SLICE("news"));
    ck_assert_str_eq(told(), "advance");
    bench_end(x);
}
END_TEST

START_TEST(it_ends_when_both_legs_are_done)
{
    struct exchange *x = bench_new();

    exchange_begin(x);
    told();
    x->response.status = 200;
    exchange_send_head(x);
    ck_assert_str_eq(told(), "head");
    body_put_bytes(&x->response.body, SLICE("held until the end"));
    body_finish(&x->response.body, BODY_COMPLETE);
    exchange_handler_done(x);
    ck_assert_str_eq(told(), "");
    exchange_wire_done(x);
    ck_assert_str_eq(told(), "ended");
    ck_assert_str_eq(bench->cause, "");
    bench_free();
}
END_TEST

START_TEST(the_handler_may_end_after_the_wire)
{
    struct exchange *x = bench_new();

    exchange_begin(x);
    x->response.status = 204;
    exchange_send_head(x);
    told();
    exchange_wire_done(x);
    ck_assert_str_eq(told(), "advance");
    ck_assert(exchange_is_over(x));
    ck_assert_int_eq(x->request.body.end,
                     BODY_BROKEN); /* nobody waits for bytes that cannot come */
    body_put_bytes(&x->response.body, SLICE("into the void"));
    exchange_handler_done(x);
    ck_assert_str_eq(told(), "ended");
    bench_free();
}
END_TEST

START_TEST(cancel_is_told_once_and_silence_follows)
{
    struct exchange *x = bench_new();

    exchange_begin(x);
    told();
    exchange_cancel(x, RESET_CLIENT_GONE);
    exchange_cancel(x, RESET_DRAIN);
    ck_assert_str_eq(told(), "cancel:gone");
    exchange_wire_done(x);
    exchange_wake(x);
    ck_assert_str_eq(told(), "");
    ck_assert_int_eq(x->reset, RESET_CLIENT_GONE);
    exchange_handler_done(x);
    ck_assert_str_eq(told(), "ended");
    ck_assert_str_eq(bench->cause, "the client left");
    bench_free();
}
END_TEST

START_TEST(a_handler_may_let_go_within_cancel)
{
    struct exchange *x = bench_new();

    bench->done_on_cancel = true;
    exchange_begin(x);
    told();
    exchange_cancel(x, RESET_TOO_SLOW);
    exchange_wire_done(x);
    ck_assert_str_eq(told(), "cancel:other ended");
    bench_free();
}
END_TEST

START_TEST(a_handler_that_is_done_is_not_called_any_more)
{
    struct exchange *x = bench_new();

    exchange_begin(x);
    x->response.status = 200;
    exchange_send_head(x);
    body_finish(&x->response.body, BODY_COMPLETE);
    told();
    exchange_handler_done(x);
    body_put_bytes(&x->request.body, SLICE("late"));
    exchange_cancel(x, RESET_CLIENT_GONE);
    ck_assert_str_eq(told(), "");
    bench_end(x);
}
END_TEST

START_TEST(one_that_is_cancelled_before_it_was_routed_asks_nobody)
{
    struct exchange *x = bench_new();

    exchange_begin(x);
    exchange_cancel(x, RESET_CLIENT_GONE);
    exchange_wire_done(x);
    ck_assert_str_eq(told(), "ended");
    bench_free();
}
END_TEST

START_TEST(one_without_a_handler_ends_with_its_client)
{
    struct exchange *x = bench_new();

    bench->route_nobody = true;
    exchange_begin(x);
    ck_assert_str_eq(told(), "route");
    exchange_wake(x);
    ck_assert_str_eq(told(), "");
    exchange_cancel(x, RESET_CLIENT_GONE);
    exchange_wire_done(x);
    ck_assert_str_eq(told(), "ended");
    bench_free();
}
END_TEST

START_TEST(the_body_is_asked_for_only_when_the_client_waits)
{
    struct exchange *x = bench_new();

    exchange_want_body(x);
    ck_assert_str_eq(told(), "");
    x->request.expects_continue = true;
    exchange_want_body(x);
    exchange_want_body(x);
    ck_assert_str_eq(told(), "100");

    x->request.expects_continue = true;
    x->response.status = 413;
    exchange_send_head(x);
    exchange_want_body(x); /* too late: the answer is on its way */
    ck_assert_str_eq(told(), "head");
    exchange_begin(x);
    bench_end(x);
}
END_TEST

START_TEST(who_knows_of_interim_answers_is_told)
{
    const struct fields none = { 0 };
    struct exchange *x = bench_new();
    struct visit *visit = (struct visit *)x->visit; /* a copy */

    x->request.version = 10;
    exchange_inform(x, 103, &none);
    x->request.version = 11;
    visit->shared = true; /* a proxy may not know */
    exchange_inform(x, 103, &none);
    ck_assert_str_eq(told(), "");
    x->request.version = 20;
    exchange_inform(x, 103, &none);
    x->request.version = 11;
    visit->shared = false;
    exchange_inform(x, 102, &none);
    ck_assert_str_eq(told(), "interim interim");

    x->response.status = 200;
    exchange_send_head(x);
    exchange_inform(x, 103, &none);
    ck_assert_str_eq(told(), "head");
    exchange_begin(x);
    bench_end(x);
}
END_TEST

START_TEST(who_left_is_told_nothing)
{
    const struct fields none = { 0 };
    struct exchange *x = bench_new();

    x->request.version = 20;
    exchange_begin(x);
    exchange_cancel(x, RESET_CLIENT_GONE);
    told();
    exchange_inform(x, 103, &none);
    ck_assert_str_eq(told(), "");
    bench_end(x);
}
END_TEST

START_TEST(only_some_fields_stand_behind_the_body)
{
    struct exchange *x = bench_new();
    struct fields said = { 0 };

    exchange_begin(x);
    fields_add(&said, &x->arena, SLICE("Repr-Digest"), SLICE("sha-256=:AA==:"));
    fields_add(&said, &x->arena, SLICE("Set-Cookie"), SLICE("a=b"));
    exchange_add_trailers(x, &said);
    ck_assert_uint_eq(x->response.trailers.count, 1);

    x->request.version = 20;
    ck_assert(exchange_takes_trailers(x));
    x->request.version = 11;
    ck_assert(!exchange_takes_trailers(x));
    x->request.wants_trailers = true;
    ck_assert(exchange_takes_trailers(x));
    x->request.version = 10;
    ck_assert(!exchange_takes_trailers(x));
    bench_end(x);
}
END_TEST

START_TEST(the_owner_has_the_last_touch_at_the_head)
{
    struct exchange *x = bench_new();

    exchange_begin(x);
    x->response.status = 200;
    exchange_field_id(x, FIELD_CONTENT_TYPE, SLICE("text/plain"));
    exchange_send_head(x);
    ck_assert_uint_eq(x->response.fields.count, 2);
    ck_assert(fields_find_name(&x->response.fields, SLICE("x-house")) != NULL);
    bench_end(x);
}
END_TEST

START_TEST(a_reset_breaks_the_body_and_is_told_to_the_wire)
{
    struct exchange *x = bench_new();

    exchange_begin(x);
    x->response.status = 200;
    exchange_send_head(x);
    told();
    exchange_reset(x, RESET_DEADLINE);
    ck_assert_int_eq(x->response.body.end, BODY_BROKEN);
    exchange_handler_done(x);
    ck_assert_str_eq(told(), "reset:deadline");
    exchange_wire_done(x);
    ck_assert_str_eq(told(), "ended");
    ck_assert_str_eq(bench->cause, "the time limit was reached");
    bench_free();
}
END_TEST

START_TEST(a_handler_that_lets_go_without_an_answer_resets)
{
    struct exchange *x = bench_new();

    exchange_begin(x);
    told();
    exchange_handler_done(x);
    ck_assert_str_eq(told(), "reset");
    ck_assert_int_eq(x->response.body.end, BODY_BROKEN);
    exchange_wire_done(x);
    ck_assert_str_eq(told(), "ended");
    bench_free();
}
END_TEST

START_TEST(after_cancel_a_reset_is_not_told)
{
    struct exchange *x = bench_new();

    exchange_begin(x);
    exchange_cancel(x, RESET_CLIENT_GONE);
    told();
    exchange_reset(x, RESET_BROKEN);
    ck_assert_str_eq(told(), "");
    ck_assert_str_eq(x->record.cause, "the client left");
    bench_end(x);
}
END_TEST

START_TEST(another_handler_begins_with_a_clean_answer)
{
    struct exchange *x = bench_new();
    struct task reader = { .run = NULL };

    x->response.body.reader = &reader;
    exchange_begin(x);
    told();
    x->response.status = 200;
    x->response.length = 5;
    exchange_field(x, SLICE("X-Old"), SLICE("1"));
    body_put_borrowed(&x->response.body, SLICE("never"));
    loop_forget(&bench->loop, &reader);
    exchange_hand_over(x, &second, NULL);
    ck_assert_str_eq(told(), "second");
    ck_assert_int_eq(x->response.status, 0);
    ck_assert_int_eq(x->response.length, -1);
    ck_assert_uint_eq(x->response.fields.count, 0);
    ck_assert_uint_eq(body_waiting(&x->response.body), 0);
    ck_assert_ptr_eq(x->response.body.reader, &reader);
    ck_assert_ptr_eq(x->response.body.writer, &x->wake);
    x->response.body.reader = NULL;
    bench_end(x);
}
END_TEST

START_TEST(a_redirected_request_is_a_get_without_a_body)
{
    struct exchange *x = bench_new();
    struct target target = { .raw = SLICE("/there?a") };

    x->request.method = METHOD_POST;
    x->request.method_name = SLICE("POST");
    x->request.has_body = true;
    x->request.length = 5;
    fields_add_id(&x->request.fields, &x->arena, FIELD_CONTENT_TYPE, SLICE("a/b"));
    fields_add_id(&x->request.fields, &x->arena, FIELD_COOKIE, SLICE("a=1"));
    exchange_begin(x);
    told();
    exchange_redirect(x, &target);
    ck_assert_int_eq(x->request.method, METHOD_GET);
    ck_assert(slice_equal_cstr(x->request.method_name, "GET"));
    ck_assert(slice_equal_cstr(x->request.target.raw, "/there?a"));
    ck_assert(!x->request.has_body);
    ck_assert_int_eq(x->request.length, -1);
    ck_assert(x->request.body.reader_gone);
    ck_assert_uint_eq(x->request.fields.count, 1);
    ck_assert_uint_eq(x->redirects, 1);

    x->request.method = METHOD_HEAD;
    exchange_redirect(x, &target);
    ck_assert_int_eq(x->request.method, METHOD_HEAD);
    ck_assert_uint_eq(x->redirects, 2);
    bench_end(x);
}
END_TEST

START_TEST(names_are_short_and_never_the_same)
{
    static char names[500][20];

    for (int i = 0; i < 500; i++) {
        struct exchange *x = bench_new();

        memcpy(names[i], x->id_text, sizeof(names[i]));
        ck_assert_uint_eq(strlen(names[i]), 13);
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(names[i], names[k]);
        exchange_begin(x);
        bench_end(x);
    }
}
END_TEST

START_TEST(the_visit_is_copied)
{
    struct exchange *x = bench_new();

    ck_assert_str_eq(x->visit->client_text, "192.0.2.7");
    ck_assert_uint_eq(x->visit->local_port, 80);
    ck_assert_uint_eq(x->record.begun_ms, bench->loop.now_ms);
    ck_assert_int_gt(x->record.begun_unix_ms, 1000000000000);
    exchange_begin(x);
    bench_end(x);
}
END_TEST

SUITE("http/exchange", TEST(an_exchange_is_routed_once_and_advanced_after_that),
      TEST(it_ends_when_both_legs_are_done), TEST(the_handler_may_end_after_the_wire),
      TEST(cancel_is_told_once_and_silence_follows), TEST(a_handler_may_let_go_within_cancel),
      TEST(a_handler_that_is_done_is_not_called_any_more),
      TEST(one_that_is_cancelled_before_it_was_routed_asks_nobody),
      TEST(one_without_a_handler_ends_with_its_client),
      TEST(the_body_is_asked_for_only_when_the_client_waits),
      TEST(who_knows_of_interim_answers_is_told), TEST(who_left_is_told_nothing),
      TEST(only_some_fields_stand_behind_the_body), TEST(the_owner_has_the_last_touch_at_the_head),
      TEST(a_reset_breaks_the_body_and_is_told_to_the_wire),
      TEST(a_handler_that_lets_go_without_an_answer_resets), TEST(after_cancel_a_reset_is_not_told),
      TEST(another_handler_begins_with_a_clean_answer),
      TEST(a_redirected_request_is_a_get_without_a_body), TEST(names_are_short_and_never_the_same),
      TEST(the_visit_is_copied))
