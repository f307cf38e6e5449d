#include "http/press.h"

#include "http/decoder.h"
#include "loop/driver_fake.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB        ((size_t)1024 * 1024)
#define CODED_MOST (2 * MIB)

/* One exchange whose answer is compressed, and the client that decodes it. */
struct bench {
    struct loop loop;
    struct exchange_owner owner;
    struct exchange *x;
    unsigned heads;
    bool whole_at_head;
    unsigned advances;
    unsigned resets;
    char cause[64];
    char *coded;
    size_t coded_len;
};

static struct bench *bench;
static struct file_ref *form_to_send; /* NULL: the answer is pressed */

static void handler_start(struct exchange *x, const struct verdict *verdict)
{
    (void)x;
    (void)verdict;
}

static void handler_advance(struct exchange *x)
{
    (void)x;
    bench->advances++;
}

static void handler_cancel(struct exchange *x, enum reset_reason reason)
{
    (void)reason;
    exchange_handler_done(x);
}

static const struct handler_ops handler = { "test", handler_start, handler_advance,
                                            handler_cancel };

static void wire_interim(struct exchange *x, int status, const struct fields *fields)
{
    (void)fields;
    (void)x;
    (void)status;
}

static void wire_head(struct exchange *x)
{
    bench->heads++;
    bench->whole_at_head = x->response.out->end == BODY_COMPLETE;
}

static void wire_reset(struct exchange *x, enum reset_reason reason)
{
    (void)x;
    (void)reason;
    ck_assert_uint_eq(bench->heads, 1);
    bench->resets++;
}

static const struct wire_ops wire = { "test", wire_interim, wire_head, wire_reset };

static void owner_route(struct exchange_owner *owner, struct exchange *x)
{
    (void)owner;
    x->handler = &handler;
}

static void owner_head(struct exchange_owner *owner, struct exchange *x)
{
    (void)owner;
    if (form_to_send)
        press_repeat(x, form_to_send);
    else
        press_start(x, CODING_GZIP, EFFORT_FULL);
}

static void owner_ended(struct exchange_owner *owner, struct exchange *x)
{
    (void)owner;
    snprintf(bench->cause, sizeof(bench->cause), "%s", x->record.cause ? x->record.cause : "");
}

static const struct exchange_owner_ops owner_ops = { owner_route, owner_head, owner_ended };

static struct exchange *bench_new(void)
{
    const struct visit visit = { .client_text = "192.0.2.7", .local_port = 80 };

    bench = calloc(1, sizeof(*bench));
    bench->coded = malloc(CODED_MOST);
    bench->owner.ops = &owner_ops;
    loop_init(&bench->loop, driver_fake_new());
    bench->x = exchange_new(&bench->loop, &bench->owner, &visit, &wire, bench);
    exchange_begin(bench->x);
    loop_settle(&bench->loop);
    bench->x->response.status = 200;
    exchange_send_head(bench->x);
    ck_assert_uint_eq(bench->heads, form_to_send ? 1 : 0);
    return bench->x;
}

static void bench_free(void)
{
    struct exchange *x = bench->x;

    if (!x->wire_finished)
        exchange_wire_done(x);
    if (!x->handler_finished)
        exchange_handler_done(x);
    loop_settle(&bench->loop);
    loop_done(&bench->loop);
    ck_assert_uint_eq(chunk_in_use(), 0);
    ck_assert_uint_eq(coders_in_use(), 0);
    coder_pool_drain();
    free(bench->coded);
    free(bench);
}

/* The wire takes all that is there. */
static size_t take_all(void)
{
    struct body *out = bench->x->response.out;
    struct iovec part;
    size_t taken = 0;

    while (body_peek(out, &part, 1) == 1) {
        ck_assert_uint_le(bench->coded_len + part.iov_len, CODED_MOST);
        memcpy(bench->coded + bench->coded_len, part.iov_base, part.iov_len);
        bench->coded_len += part.iov_len;
        taken += part.iov_len;
        body_take(out, part.iov_len);
    }
    return taken;
}

/* What the client reads so far is `plain`. */
static bool client_has(struct slice plain, bool whole)
{
    char *decoded = malloc(plain.len + 1);
    bool ended = false;
    const size_t len = decode(CODING_GZIP, slice_of(bench->coded, bench->coded_len), decoded,
                              plain.len + 1, &ended);
    const bool same = len == plain.len && memcmp(decoded, plain.at, len) == 0 && ended == whole;

    free(decoded);
    return same;
}

START_TEST(an_answer_that_is_whole_is_whole_before_its_head_goes)
{
    struct exchange *x = bench_new();

    body_put_borrowed(&x->response.body, SLICE("all of it"));
    body_finish(&x->response.body, BODY_COMPLETE);
    loop_settle(&bench->loop);
    ck_assert_uint_eq(bench->heads, 1);
    ck_assert(bench->whole_at_head);
    take_all();
    ck_assert(client_has(SLICE("all of it"), true));
    bench_free();
}
END_TEST

START_TEST(what_is_said_of_other_bytes_does_not_follow)
{
    struct exchange *x = bench_new();
    struct fields said = { 0 };

    fields_add(&said, &x->arena, SLICE("Repr-Digest"), SLICE("sha-256=:AA==:"));
    fields_add(&said, &x->arena, SLICE("X-Took"), SLICE("5"));
    exchange_add_trailers(x, &said);
    ck_assert_uint_eq(x->response.trailers.count, 1);
    ck_assert(slice_equal_cstr(x->response.trailers.at[0].name, "X-Took"));
    body_finish(&x->response.body, BODY_COMPLETE);
    bench_free();
}
END_TEST

START_TEST(the_head_of_an_answer_that_takes_its_time_goes_at_once)
{
    bench_new();
    loop_settle(&bench->loop);
    ck_assert_uint_eq(bench->heads, 1);
    ck_assert(!bench->whole_at_head);
    ck_assert_uint_eq(take_all(), 0);
    bench_free();
}
END_TEST

START_TEST(at_a_pause_the_client_has_all_that_was_put)
{
    struct exchange *x = bench_new();

    body_put_bytes(&x->response.body, SLICE("data: 1\n\n"));
    loop_settle(&bench->loop);
    take_all();
    ck_assert(client_has(SLICE("data: 1\n\n"), false));
    body_put_bytes(&x->response.body, SLICE("data: 2\n\n"));
    loop_settle(&bench->loop);
    take_all();
    ck_assert(client_has(SLICE("data: 1\n\ndata: 2\n\n"), false));
    loop_settle(&bench->loop);
    ck_assert_uint_eq(take_all(), 0);
    body_finish(&x->response.body, BODY_COMPLETE);
    loop_settle(&bench->loop);
    take_all();
    ck_assert(client_has(SLICE("data: 1\n\ndata: 2\n\n"), true));
    bench_free();
}
END_TEST

START_TEST(who_writes_in_each_turn_is_not_flushed)
{
    struct exchange *x = bench_new();

    for (unsigned i = 0; i < 100; i++) {
        body_put_bytes(&x->response.body, SLICE("a line of a long page\n"));
        loop_turn(&bench->loop, 0);
    }
    ck_assert_uint_lt(take_all(), 20); /* the head of gzip */
    bench_free();
}
END_TEST

START_TEST(a_file_goes_in_portions_and_waits_for_the_client)
{
    const size_t size = MIB;
    char *plain = malloc(size);
    const int fd = memfd_create("plain", MFD_CLOEXEC);
    struct file_ref *file = file_ref_new(fd, size);
    struct exchange *x = bench_new();

    srand(7); /* hardly to be compressed: the queue fills up */
    for (size_t i = 0; i < size; i++)
        plain[i] = (char)rand();
    ck_assert_int_eq(pwrite(fd, plain, size, 0), size);
    body_put_file(&x->response.body, file, 0, size);
    body_finish(&x->response.body, BODY_COMPLETE);
    loop_turn(&bench->loop, 0);
    ck_assert_uint_le(x->response.body.taken_bytes, PRESS_TURN_BYTES + CHUNK_SIZE);
    loop_settle(&bench->loop);
    ck_assert_uint_le(x->response.out->held, BODY_HIGH + CHUNK_SIZE);
    ck_assert_uint_lt(x->response.body.taken_bytes, size / 2);
    while (take_all() > 0)
        loop_settle(&bench->loop);
    ck_assert(client_has(slice_of(plain, size), true));
    file_ref_drop(file);
    free(plain);
    bench_free();
}
END_TEST

START_TEST(a_program_waits_while_the_client_does)
{
    struct exchange *x = bench_new();
    char noise[1024];

    srand(3);
    for (unsigned i = 0; i < 1024 && body_room(&x->response.body) > 0; i++) {
        for (size_t k = 0; k < sizeof(noise); k++)
            noise[k] = (char)rand();
        body_put_bytes(&x->response.body, slice_of(noise, sizeof(noise)));
        loop_settle(&bench->loop);
    }
    ck_assert_uint_eq(body_room(&x->response.body), 0);
    ck_assert_uint_lt(x->response.body.put_bytes, 256 * 1024);
    bench->advances = 0;
    while (take_all() > 0)
        loop_settle(&bench->loop);
    ck_assert_uint_gt(bench->advances, 0);
    bench_free();
}
END_TEST

START_TEST(a_file_that_shrank_breaks_the_answer)
{
    struct file_ref *file = file_ref_new(memfd_create("short", MFD_CLOEXEC), 1000);
    struct exchange *x = bench_new();

    body_put_file(&x->response.body, file, 0, 1000);
    body_finish(&x->response.body, BODY_COMPLETE);
    loop_settle(&bench->loop);
    ck_assert_int_eq(x->response.out->end, BODY_BROKEN);
    ck_assert_str_eq(x->record.cause, "the file shrank while it was sent");
    file_ref_drop(file);
    bench_free();
}
END_TEST

START_TEST(an_answer_that_breaks_is_broken_for_the_client)
{
    struct exchange *x = bench_new();

    body_put_bytes(&x->response.body, SLICE("half"));
    body_finish(&x->response.body, BODY_BROKEN);
    loop_settle(&bench->loop);
    ck_assert_int_eq(x->response.out->end, BODY_BROKEN);
    bench_free();
}
END_TEST

START_TEST(a_reset_lets_the_head_go_first)
{
    struct exchange *x = bench_new();

    exchange_reset(x, RESET_BROKEN);
    ck_assert_uint_eq(bench->heads, 1);
    ck_assert_uint_eq(bench->resets, 1);
    bench_free();
}
END_TEST

START_TEST(when_the_client_leaves_nothing_is_held)
{
    struct exchange *x = bench_new();

    body_put_bytes(&x->response.body, SLICE("never read"));
    loop_settle(&bench->loop);
    exchange_cancel(x, RESET_CLIENT_GONE);
    ck_assert_uint_eq(coders_in_use(), 0);
    ck_assert_uint_eq(chunk_in_use(), 0);
    body_put_bytes(&x->response.body, SLICE("into the void"));
    loop_settle(&bench->loop);
    bench_free();
}
END_TEST

START_TEST(what_was_made_is_there_for_the_next)
{
    struct press_shelf shelf;
    struct slice plain = SLICE("a text that two ask for");

    press_shelf_init(&shelf);
    press_shelf_limit(&shelf, MIB);
    struct exchange *x = bench_new();
    x->response.content = 1;
    press_copy_to(x->press, &shelf, CODING_GZIP, SLICE("/tmp"));
    body_put_borrowed(&x->response.body, plain);
    loop_turn(&bench->loop, 0);
    ck_assert_ptr_null(press_shelf_find(&shelf, 1, CODING_GZIP, EFFORT_FULL));
    body_finish(&x->response.body, BODY_COMPLETE);
    loop_settle(&bench->loop);
    bench_free();

    struct file_ref *form = press_shelf_find(&shelf, 1, CODING_GZIP, EFFORT_FULL);
    ck_assert_ptr_nonnull(form);
    form_to_send = form;
    x = bench_new();
    form_to_send = NULL;
    ck_assert(bench->whole_at_head);
    body_put_borrowed(&x->response.body, plain);
    body_finish(&x->response.body, BODY_COMPLETE);
    loop_settle(&bench->loop);
    take_all();
    ck_assert(client_has(plain, true));
    bench_free();
    press_shelf_done(&shelf);
}
END_TEST

START_TEST(what_breaks_is_not_kept)
{
    struct press_shelf shelf;

    press_shelf_init(&shelf);
    press_shelf_limit(&shelf, MIB);
    struct exchange *x = bench_new();
    x->response.content = 1;
    press_copy_to(x->press, &shelf, CODING_GZIP, SLICE("/tmp"));
    body_put_borrowed(&x->response.body, SLICE("half"));
    loop_settle(&bench->loop);
    exchange_cancel(x, RESET_CLIENT_GONE);
    bench_free();
    ck_assert_ptr_null(press_shelf_find(&shelf, 1, CODING_GZIP, EFFORT_FULL));
    press_shelf_done(&shelf);
}
END_TEST

START_TEST(a_byte_is_worth_less_when_the_reactor_is_busy)
{
    struct coder *coders[PRESSES_MOST];
    struct loop loop;
    enum effort effort = EFFORT_LEAST;

    loop_init(&loop, driver_fake_new());
    for (unsigned i = 0; i < PRESSES_MOST; i++) {
        ck_assert(press_effort(&loop, &effort));
        ck_assert_int_eq(effort, i < PRESSES_HALF    ? EFFORT_FULL
                                 : i < PRESSES_LEAST ? EFFORT_HALF
                                                     : EFFORT_LEAST);
        coders[i] = coder_open(CODING_GZIP, EFFORT_LEAST);
    }
    ck_assert(!press_effort(&loop, &effort));
    for (unsigned i = 0; i < PRESSES_MOST; i++)
        coder_close(coders[i]);
    coder_pool_drain();
    loop_done(&loop);
}
END_TEST

/* Answers that are whole at once leave no open coder behind: the turn counts. */
START_TEST(many_in_one_turn_are_busy_too)
{
    enum effort effort = EFFORT_LEAST;

    bench_new();
    for (unsigned i = 1; i < PRESSES_HALF; i++) {
        ck_assert(press_effort(&bench->loop, &effort) && effort == EFFORT_FULL);
        const struct visit visit = { .local_port = 80 };
        struct exchange *x = exchange_new(&bench->loop, &bench->owner, &visit, &wire, bench);

        press_start(x, CODING_GZIP, effort);
        press_stop(x->press);
        x->handler = &handler;
        x->routed = true;
        exchange_wire_done(x);
        exchange_handler_done(x);
    }
    ck_assert(press_effort(&bench->loop, &effort) && effort == EFFORT_HALF);
    loop_settle(&bench->loop);
    ck_assert(press_effort(&bench->loop, &effort) && effort == EFFORT_FULL);
    bench_free();
}
END_TEST

SUITE("press", TEST(an_answer_that_is_whole_is_whole_before_its_head_goes),
      TEST(what_is_said_of_other_bytes_does_not_follow),
      TEST(the_head_of_an_answer_that_takes_its_time_goes_at_once),
      TEST(at_a_pause_the_client_has_all_that_was_put),
      TEST(who_writes_in_each_turn_is_not_flushed),
      TEST(a_file_goes_in_portions_and_waits_for_the_client),
      TEST(a_program_waits_while_the_client_does), TEST(a_file_that_shrank_breaks_the_answer),
      TEST(an_answer_that_breaks_is_broken_for_the_client), TEST(a_reset_lets_the_head_go_first),
      TEST(when_the_client_leaves_nothing_is_held), TEST(what_was_made_is_there_for_the_next),
      TEST(what_breaks_is_not_kept), TEST(a_byte_is_worth_less_when_the_reactor_is_busy),
      TEST(many_in_one_turn_are_busy_too))
