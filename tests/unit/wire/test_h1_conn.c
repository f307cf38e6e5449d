#include "wire/conn.h"

#include "base/chunk.h"
#include "loop/loop.h"
#include "os/fd.h"
#include "suite.h"
#include "wire/house.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GET       "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET_CLOSE "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#define OK_HEAD   "HTTP/1.1 200 OK\r\nDate: now\r\nServer: test\r\n"
#define HELLO     OK_HEAD "Content-Length: 5\r\n\r\nhello"
#define HELLO_BYE OK_HEAD "Content-Length: 5\r\nConnection: close\r\n\r\nhello"

static struct house *open_house(house_act_fn *start, house_act_fn *advance)
{
    struct house *house = house_new();

    house->start = start;
    house->advance = advance;
    house_open(house);
    return house;
}

static void close_house(struct house *house)
{
    house_free(house);
    ck_assert_uint_eq(chunk_in_use(), 0);
}

static bool client_was_cut(const struct house *house)
{
    return transport_memory_closed(house->client) && transport_memory_aborted(house->client);
}

static bool closed_well(const struct house *house)
{
    return transport_memory_closed(house->client) && !transport_memory_aborted(house->client);
}

/* ---- requests one after another ---- */

START_TEST(a_request_is_answered_and_the_connection_kept)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, GET);
    ck_assert_str_eq(house_written(house), HELLO);
    ck_assert_uint_eq(transport_memory_writes(house->client), 1);
    ck_assert_uint_eq(house->ended, 1);
    ck_assert_ptr_nonnull(house->conn);
    ck_assert(conn_is_idle(house->conn));
    ck_assert_uint_eq(chunk_in_use(), 0);
    ck_assert_uint_eq(house->record.body_bytes, 5);
    ck_assert_uint_gt(house->record.sent_bytes, 80);

    house_forget(house);
    house_feed(house, GET);
    ck_assert_str_eq(house_written(house), HELLO);
    ck_assert_uint_eq(house->ended, 2);
    close_house(house);
}
END_TEST

START_TEST(a_request_that_is_there_at_once_needs_no_watching)
{
    struct house *house = house_new();

    house_open(house);
    transport_memory_feed(house->client, slice_cstr(GET_CLOSE));
    loop_turn(&house->loop, 0);
    ck_assert_str_eq(house_written(house), HELLO_BYE);
    ck_assert(closed_well(house));
    ck_assert_uint_eq(driver_fake_watched(house->driver), 0);
    ck_assert_uint_eq(house->closed, 1);
    close_house(house);
}
END_TEST

START_TEST(a_warm_request_moves_no_timer)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, GET);
    uint64_t key = heap_least(&house->loop.timers)->key;
    house_pass(house, 1000);
    house_feed(house, GET);
    ck_assert_uint_eq(house->loop.timers.count, 1);
    ck_assert_uint_eq(heap_least(&house->loop.timers)->key, key);
    ck_assert_uint_eq(driver_fake_watched(house->driver), 1);
    close_house(house);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, GET GET GET);
    ck_assert_str_eq(house_written(house), HELLO HELLO HELLO);
    ck_assert_uint_eq(house->ended, 3);
    ck_assert_uint_eq(chunk_in_use(), 0);
    close_house(house);
}
END_TEST

static void answer_nothing(struct house *house, struct exchange *x)
{
    (void)house;
    (void)x;
}

START_TEST(the_next_request_waits_for_the_former_answer)
{
    struct house *house = open_house(answer_nothing, NULL);

    house_feed(house, GET GET);
    ck_assert_uint_eq(house->begun, 1);
    house_answer(house->x, "one");
    house_settle(house);
    ck_assert_uint_eq(house->begun, 2);
    house_answer(house->x, "two");
    house_settle(house);
    ck_assert_str_eq(house_written(house),
                     OK_HEAD "Content-Length: 3\r\n\r\none" OK_HEAD "Content-Length: 3\r\n\r\ntwo");
    close_house(house);
}
END_TEST

START_TEST(many_pipelined_requests_leave_room_for_others)
{
    struct house *house = open_house(NULL, NULL);

    for (int i = 0; i < 40; i++)
        transport_memory_feed(house->client, slice_cstr(GET));
    loop_turn(&house->loop, 0);
    ck_assert_uint_eq(house->ended, 16);
    house_settle(house);
    ck_assert_uint_eq(house->ended, 40);
    close_house(house);
}
END_TEST

START_TEST(byte_by_byte_is_as_good)
{
    struct house *house = open_house(NULL, NULL);
    const char *text = GET GET_CLOSE;

    for (size_t i = 0; i < strlen(text); i++) {
        transport_memory_feed(house->client, slice_of(text + i, 1));
        house_settle(house);
    }
    ck_assert_str_eq(house_written(house), HELLO HELLO_BYE);
    ck_assert(closed_well(house));
    close_house(house);
}
END_TEST

START_TEST(writes_of_one_byte_are_as_good)
{
    struct house *house = open_house(NULL, NULL);

    transport_memory_room(house->client, 1);
    house_feed(house, GET);
    for (int i = 0; i < 200; i++) {
        transport_memory_room(house->client, 1);
        house_settle(house);
    }
    ck_assert_str_eq(house_written(house), HELLO);
    ck_assert_uint_eq(house->ended, 1);
    close_house(house);
}
END_TEST

static const struct {
    const char *request;
    unsigned keep_alive_most;
    bool kept;
    const char *connection; /* the line in the answer */
} keeping[] = {
    { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 9, true, NULL },
    { "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 9, false, "Connection: close" },
    { "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n", 9, false, "Connection: close" },
    { "GET / HTTP/1.0\r\n\r\n", 9, false, "Connection: close" },
    { "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 9, true, "Connection: keep-alive" },
    { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, false, "Connection: close" },
};

START_TEST(the_connection_is_kept_as_both_sides_want)
{
    struct house *house = house_new();

    house->limits.keep_alive_most = keeping[_i].keep_alive_most;
    house_open(house);
    house_feed(house, keeping[_i].request);
    ck_assert_ptr_nonnull(strstr(house_written(house), "200 OK"));
    ck_assert_int_eq(!transport_memory_finished(house->client) &&
                         !transport_memory_closed(house->client),
                     keeping[_i].kept);
    if (keeping[_i].connection)
        ck_assert_ptr_nonnull(strstr(house_written(house), keeping[_i].connection));
    else
        ck_assert_ptr_null(strstr(house_written(house), "Connection:"));
    close_house(house);
}
END_TEST

START_TEST(the_last_request_of_a_connection_says_so)
{
    struct house *house = house_new();

    house->limits.keep_alive_most = 2;
    house_open(house);
    house_feed(house, GET GET GET GET);
    ck_assert_uint_eq(house->ended, 3);
    ck_assert_str_eq(house_written(house), HELLO HELLO HELLO_BYE);
    ck_assert(transport_memory_finished(house->client)); /* it lingers: the client has sent more */
    close_house(house);
}
END_TEST

START_TEST(empty_lines_between_requests_are_nothing)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, "\r\n" GET "\r\n\r\n");
    ck_assert_str_eq(house_written(house), HELLO);
    ck_assert_uint_eq(chunk_in_use(), 0);
    house_pass(house, 5000);
    ck_assert(closed_well(house)); /* silently: no request had begun */
    ck_assert_uint_eq(house->begun, 1);
    close_house(house);
}
END_TEST

START_TEST(a_flood_of_empty_lines_leaves_room_for_others)
{
    struct house *house = open_house(NULL, NULL);
    static char flood[2 << 20];

    for (size_t i = 0; i < sizeof(flood); i += 2)
        memcpy(flood + i, "\r\n", 2);
    transport_memory_feed(house->client, slice_of(flood, sizeof(flood)));
    loop_turn(&house->loop, 0);
    ck_assert_uint_gt(transport_memory_unread(house->client), 1 << 20);
    house_settle(house);
    ck_assert_uint_eq(transport_memory_unread(house->client), 0);
    ck_assert_uint_eq(chunk_in_use(), 0);
    close_house(house);
}
END_TEST

/* ---- the shape of the answer ---- */

static void start_head_then_wait(struct house *house, struct exchange *x)
{
    (void)house;
    house_head(x, 200, -1);
    house_put(x, "first ");
}

START_TEST(an_answer_of_unknown_length_is_chunked_as_it_comes)
{
    struct house *house = open_house(start_head_then_wait, NULL);

    house_feed(house, GET);
    ck_assert_str_eq(house_written(house),
                     OK_HEAD "Transfer-Encoding: chunked\r\n\r\n6\r\nfirst \r\n");
    ck_assert_uint_eq(transport_memory_writes(house->client), 1);
    house_forget(house);
    house_put(house->x, "sec");
    house_put(house->x, "ond");
    house_settle(house);
    ck_assert_str_eq(house_written(house), "6\r\nsecond\r\n");
    house_forget(house);
    house_put(house->x, "last");
    house_finish(house->x, BODY_COMPLETE);
    house_settle(house);
    ck_assert_str_eq(house_written(house), "4\r\nlast\r\n0\r\n\r\n");
    ck_assert_uint_eq(transport_memory_writes(house->client), 3);
    ck_assert_uint_eq(house->record.body_bytes, 16);
    ck_assert_ptr_nonnull(house->conn);
    close_house(house);
}
END_TEST

START_TEST(a_chunked_answer_can_end_without_further_bytes)
{
    struct house *house = open_house(start_head_then_wait, NULL);

    house_feed(house, GET GET_CLOSE);
    house_forget(house);
    house_finish(house->x, BODY_COMPLETE);
    house->start = NULL;
    house_settle(house);
    ck_assert_str_eq(house_written(house), "0\r\n\r\n" HELLO_BYE);
    close_house(house);
}
END_TEST

/* ---- fields behind the body ---- */

#define GET_TE "GET /a HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n"

static void add_trailers(struct exchange *x)
{
    struct fields fields = { 0 };

    fields_add(&fields, &x->arena, SLICE("X-Sum"), SLICE("5"));
    fields_add(&fields, &x->arena, SLICE("Content-Length"), SLICE("5"));
    fields_add(&fields, &x->arena, SLICE("X-Took"), SLICE("7 ms"));
    exchange_add_trailers(x, &fields);
}

static void answer_with_trailers(struct house *house, struct exchange *x)
{
    (void)house;
    house_head(x, 200, -1);
    house_put(x, "hello");
    add_trailers(x);
    house_finish(x, BODY_COMPLETE);
}

#define BEHIND  "X-Sum: 5\r\nX-Took: 7 ms\r\n\r\n"
#define CHUNKED OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"

/* What is whole when its head is written would have had a length. */
START_TEST(fields_follow_the_body_of_who_wants_them)
{
    struct house *house = open_house(answer_with_trailers, NULL);

    house_feed(house, GET_TE GET_TE);
    ck_assert_str_eq(house_written(house),
                     CHUNKED "5\r\nhello\r\n0\r\n" BEHIND CHUNKED "5\r\nhello\r\n0\r\n" BEHIND);
    ck_assert_uint_eq(house->record.body_bytes, 5);
    house_forget(house);
    house_feed(house, GET);
    ck_assert_str_eq(house_written(house), HELLO);
    ck_assert_ptr_nonnull(house->conn);
    close_house(house);
}
END_TEST

START_TEST(fields_may_follow_when_nothing_else_does)
{
    struct house *house = open_house(start_head_then_wait, NULL);

    house_feed(house, GET_TE);
    house_forget(house);
    add_trailers(house->x);
    house_finish(house->x, BODY_COMPLETE);
    house_settle(house);
    ck_assert_str_eq(house_written(house), "0\r\n" BEHIND);
    close_house(house);
}
END_TEST

START_TEST(nothing_follows_an_answer_that_broke)
{
    struct house *house = open_house(start_head_then_wait, NULL);

    house_feed(house, GET_TE);
    house_forget(house);
    add_trailers(house->x);
    house_finish(house->x, BODY_BROKEN);
    house_settle(house);
    ck_assert_str_eq(house_written(house), "");
    ck_assert(client_was_cut(house));
    close_house(house);
}
END_TEST

START_TEST(http_1_0_has_no_fields_behind_the_body)
{
    struct house *house = open_house(answer_with_trailers, NULL);

    house_feed(house, "GET / HTTP/1.0\r\nTE: trailers\r\n\r\n");
    ck_assert_str_eq(house_written(house), HELLO_BYE);
    close_house(house);
}
END_TEST

START_TEST(to_http_1_0_the_end_is_the_close)
{
    struct house *house = open_house(start_head_then_wait, NULL);

    house_feed(house, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    house_put(house->x, "last");
    house_finish(house->x, BODY_COMPLETE);
    house_settle(house);
    ck_assert_str_eq(house_written(house), OK_HEAD "Connection: close\r\n\r\nfirst last");
    ck_assert(transport_memory_finished(house->client));
    ck_assert(!transport_memory_aborted(house->client));
    close_house(house);
}
END_TEST

static const struct {
    const char *request;
    int status;
    int64_t length;
    const char *body; /* NULL: none */
    const char *expect;
} shapes[] = {
    { GET, 200, 5, "hello", HELLO },
    { GET, 200, 0, NULL, OK_HEAD "Content-Length: 0\r\n\r\n" },
    { GET, 200, -1, NULL, OK_HEAD "Content-Length: 0\r\n\r\n" },
    { "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 200, 5, NULL, OK_HEAD "Content-Length: 5\r\n\r\n" },
    { "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 200, 5, "hello", OK_HEAD "Content-Length: 5\r\n\r\n" },
    { "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 200, -1, "hello", OK_HEAD "Content-Length: 5\r\n\r\n" },
    { "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 200, -1, NULL, OK_HEAD "\r\n" },
    { GET, 204, -1, "not to be sent",
      "HTTP/1.1 204 No Content\r\nDate: now\r\nServer: test\r\n\r\n" },
    { GET, 304, 77, "nor this", "HTTP/1.1 304 Not Modified\r\nDate: now\r\nServer: test\r\n\r\n" },
};

static size_t shape;

static void start_shape(struct house *house, struct exchange *x)
{
    (void)house;
    house_head(x, shapes[shape].status, shapes[shape].length);
    if (shapes[shape].body)
        house_put(x, shapes[shape].body);
    house_finish(x, BODY_COMPLETE);
}

START_TEST(the_answer_is_framed_by_what_is_known)
{
    struct house *house = open_house(start_shape, NULL);

    shape = (size_t)_i;
    house_feed(house, shapes[_i].request);
    ck_assert_str_eq(house_written(house), shapes[_i].expect);
    ck_assert_ptr_nonnull(house->conn);
    ck_assert_uint_eq(house->ended, 1);
    close_house(house);
}
END_TEST

static void start_too_much(struct house *house, struct exchange *x)
{
    (void)house;
    house_head(x, 200, 5);
    house_put(x, "hello and more");
    house_finish(x, BODY_COMPLETE);
}

START_TEST(more_than_announced_is_dropped_and_the_connection_ends)
{
    struct house *house = open_house(start_too_much, NULL);

    house_feed(house, GET);
    ck_assert_str_eq(house_written(house), HELLO);
    ck_assert(transport_memory_finished(house->client));
    ck_assert_str_eq(house->cause, "the answer is longer than its Content-Length");
    close_house(house);
}
END_TEST

static void start_too_little(struct house *house, struct exchange *x)
{
    (void)house;
    house_head(x, 200, 50);
    house_put(x, "hello");
    house_finish(x, BODY_COMPLETE);
}

START_TEST(less_than_announced_is_cut_visibly)
{
    struct house *house = open_house(start_too_little, NULL);

    house_feed(house, GET);
    ck_assert_str_eq(house_written(house), OK_HEAD "Content-Length: 50\r\n\r\nhello");
    ck_assert(client_was_cut(house));
    ck_assert_str_eq(house->cause, "the answer is shorter than its Content-Length");
    ck_assert_uint_eq(house->ended, 1);
    ck_assert_uint_eq(house->closed, 1);
    close_house(house);
}
END_TEST

static const struct {
    int64_t length;
    const char *request;
    const char *expect;
} breaks[] = {
    { 50, GET, "Content-Length: 50\r\n\r\nhalf" },
    { -1, GET, "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n" },
    { -1, "GET / HTTP/1.0\r\n\r\n", "Connection: close\r\n\r\nhalf" },
};

START_TEST(a_broken_body_is_cut_after_what_was_said)
{
    struct house *house = open_house(answer_nothing, NULL);

    house_feed(house, breaks[_i].request);
    house_head(house->x, 200, breaks[_i].length);
    house_put(house->x, "half");
    house_finish(house->x, BODY_BROKEN);
    house_settle(house);
    ck_assert_ptr_nonnull(strstr(house_written(house), breaks[_i].expect));
    ck_assert_ptr_null(strstr(strstr(house_written(house), "half"), "0\r\n\r\n"));
    ck_assert(client_was_cut(house));
    ck_assert_uint_eq(house->ended, 1);
    close_house(house);
}
END_TEST

START_TEST(a_reset_before_the_head_cuts_without_an_answer)
{
    struct house *house = open_house(answer_nothing, NULL);

    house_feed(house, GET);
    exchange_reset(house->x, RESET_BROKEN);
    exchange_handler_done(house->x);
    house_settle(house);
    ck_assert_str_eq(house_written(house), "");
    ck_assert(client_was_cut(house));
    ck_assert_uint_eq(house->ended, 1);
    close_house(house);
}
END_TEST

START_TEST(a_reset_after_the_head_cuts_and_tells_why)
{
    struct house *house = open_house(start_head_then_wait, NULL);

    house_feed(house, GET);
    house_put(house->x, "more");
    exchange_reset(house->x, RESET_DEADLINE);
    exchange_handler_done(house->x);
    house_settle(house);
    ck_assert_ptr_nonnull(strstr(house_written(house), "4\r\nmore\r\n"));
    ck_assert(client_was_cut(house));
    ck_assert_str_eq(house->cause, "the time limit was reached");
    close_house(house);
}
END_TEST

START_TEST(an_answer_can_ask_for_the_end_of_the_connection)
{
    struct house *house = open_house(answer_nothing, NULL);

    house_feed(house, GET);
    house->x->response.close = true;
    house_answer(house->x, "hello");
    house_settle(house);
    ck_assert_str_eq(house_written(house), HELLO_BYE);
    ck_assert(transport_memory_finished(house->client));
    close_house(house);
}
END_TEST

/* ---- files ---- */

static struct file_ref *shared_file;

static void make_file(size_t size)
{
    FILE *file = tmpfile();

    for (size_t i = 0; i < size; i++)
        fputc('a' + (int)(i % 26), file);
    fflush(file);
    shared_file = file_ref_new(dup(fileno(file)), size);
    fclose(file);
}

static void start_file(struct house *house, struct exchange *x)
{
    (void)house;
    house_head(x, 200, (int64_t)shared_file->size);
    body_put_file(&x->response.body, shared_file, 0, shared_file->size);
    house_finish(x, BODY_COMPLETE);
}

START_TEST(a_file_follows_its_head_without_a_copy)
{
    struct house *house = open_house(start_file, NULL);

    make_file(1000);
    house_feed(house, GET);
    ck_assert_uint_eq(transport_memory_file_bytes(house->client), 1000);
    ck_assert_uint_eq(transport_memory_writes(house->client), 2);
    ck_assert_ptr_nonnull(strstr(house_written(house), "Content-Length: 1000\r\n\r\nabcdef"));
    ck_assert_uint_eq(house->record.body_bytes, 1000);
    ck_assert_uint_eq(shared_file->refs, 1);
    ck_assert_ptr_nonnull(house->conn);
    file_ref_drop(shared_file);
    close_house(house);
}
END_TEST

START_TEST(the_head_before_a_file_announces_more)
{
    struct house *house = open_house(start_file, NULL);

    make_file(1000);
    transport_memory_room(house->client, 20);
    house_feed(house, GET);
    ck_assert(transport_memory_more(house->client));
    transport_memory_room(house->client, TRANSPORT_MEMORY_UNLIMITED);
    house_settle(house);
    ck_assert_uint_eq(house->ended, 1);
    file_ref_drop(shared_file);
    close_house(house);
}
END_TEST

START_TEST(a_loaded_file_leaves_with_its_head_in_one_write)
{
    struct house *house = open_house(start_file, NULL);

    make_file(1000);
    ck_assert_int_eq(file_ref_load(shared_file, 4096), 0);
    house_feed(house, GET);
    ck_assert_uint_eq(transport_memory_writes(house->client), 1);
    ck_assert_uint_eq(house->record.body_bytes, 1000);
    file_ref_drop(shared_file);
    close_house(house);
}
END_TEST

START_TEST(a_large_file_is_sent_in_slices)
{
    struct house *house = open_house(start_file, NULL);

    make_file(1 << 20);
    transport_memory_feed(house->client, slice_cstr(GET));
    loop_turn(&house->loop, 0);
    ck_assert_uint_le(transport_memory_file_bytes(house->client), 600 * 1024);
    ck_assert_uint_gt(transport_memory_file_bytes(house->client), 400 * 1024);
    house_settle(house);
    ck_assert_uint_eq(transport_memory_file_bytes(house->client), 1 << 20);
    ck_assert_uint_eq(house->ended, 1);
    file_ref_drop(shared_file);
    close_house(house);
}
END_TEST

START_TEST(a_file_that_shrinks_is_cut)
{
    struct house *house = open_house(start_file, NULL);

    make_file(1000);
    ck_assert_int_eq(ftruncate(shared_file->fd, 500), 0);
    house_feed(house, GET);
    ck_assert_uint_eq(transport_memory_file_bytes(house->client), 500);
    ck_assert(client_was_cut(house));
    ck_assert_str_eq(house->cause, "the file shrank while it was sent");
    file_ref_drop(shared_file);
    close_house(house);
}
END_TEST

static void start_parts(struct house *house, struct exchange *x)
{
    (void)house;
    house_head(x, 206, -1);
    house_put(x, "<");
    body_put_file(&x->response.body, shared_file, 0, 4);
    house_put(x, "|");
    body_put_file(&x->response.body, shared_file, 10, 4);
}

START_TEST(memory_and_files_make_one_chunk)
{
    struct house *house = open_house(start_parts, NULL);

    make_file(100);
    house_feed(house, GET);
    ck_assert_ptr_nonnull(strstr(house_written(house), "\r\n\r\na\r\n<abcd|klmn\r\n"));
    house_put(house->x, ">");
    house_finish(house->x, BODY_COMPLETE);
    house_settle(house);
    ck_assert_ptr_nonnull(strstr(house_written(house), "\r\n1\r\n>\r\n0\r\n\r\n"));
    ck_assert_uint_eq(house->ended, 1);
    file_ref_drop(shared_file);
    close_house(house);
}
END_TEST

/* ---- bodies of requests ---- */

static void advance_swallow_and_answer(struct house *house, struct exchange *x)
{
    house_swallow(house, x);
    if (x->request.body.end != BODY_OPEN)
        house_answer(x, "hello");
}

static void start_swallow(struct house *house, struct exchange *x)
{
    exchange_want_body(x);
    advance_swallow_and_answer(house, x);
}

static const struct {
    const char *request;
    const char *body;
} uploads[] = {
    { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world", "hello world" },
    { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "" },
    { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrail: er\r\n\r\n",
      "hello world" },
    { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "" },
};

START_TEST(a_body_arrives_whole)
{
    struct house *house = open_house(start_swallow, advance_swallow_and_answer);

    house_feed(house, uploads[_i].request);
    house_feed(house, GET);
    ck_assert_str_eq(house->received, uploads[_i].body);
    ck_assert_int_eq(house->received_end, BODY_COMPLETE);
    ck_assert_str_eq(house_written(house), HELLO HELLO);
    close_house(house);
}
END_TEST

START_TEST(a_body_arrives_byte_by_byte)
{
    struct house *house = open_house(start_swallow, advance_swallow_and_answer);
    const char *text = uploads[_i].request;

    for (size_t i = 0; i < strlen(text); i++) {
        transport_memory_feed(house->client, slice_of(text + i, 1));
        house_settle(house);
    }
    ck_assert_str_eq(house->received, uploads[_i].body);
    ck_assert_str_eq(house_written(house), HELLO);
    close_house(house);
}
END_TEST

static char big_body[600000];

static void feed_big_body(struct house *house)
{
    for (size_t i = 0; i < sizeof(big_body); i++)
        big_body[i] = (char)('a' + i % 23);
    transport_memory_feed(house->client, slice_of(big_body, sizeof(big_body)));
}

static void advance_nothing(struct house *house, struct exchange *x)
{
    (void)house;
    (void)x;
}

START_TEST(nothing_is_read_that_the_handler_does_not_take)
{
    struct house *house = open_house(advance_nothing, NULL);

    transport_memory_feed(house->client, slice_cstr("POST / HTTP/1.1\r\nHost: a\r\n"
                                                    "Content-Length: 600000\r\n\r\n"));
    feed_big_body(house);
    house_settle(house);
    ck_assert_uint_ge(transport_memory_unread(house->client), 600000 - BODY_HIGH - CHUNK_SIZE);

    /* Our own pause is not the client's slowness. */
    house_pass(house, 600000);
    ck_assert_int_eq(house->x->request.failed, 0);
    house->advance = advance_swallow_and_answer;
    exchange_wake(house->x);
    house_settle(house);
    ck_assert_uint_eq(house->received_len, sizeof(big_body));
    ck_assert_int_eq(memcmp(house->received, big_body, sizeof(big_body)), 0);
    ck_assert_str_eq(house_written(house), HELLO);
    close_house(house);
}
END_TEST

/* ---- the outlet: past our memory into a pipe ---- */

static struct io outlet;
static int outlet_reader;

/* What has come through the pipe. */
static void read_outlet(struct house *house)
{
    ssize_t got;

    while ((got = read(outlet_reader, house->received + house->received_len,
                       sizeof(house->received) - house->received_len)) > 0)
        house->received_len += (size_t)got;
}

/* What lies in memory first, as a handler has to. */
static void advance_with_outlet(struct house *house, struct exchange *x)
{
    house_swallow(house, x);
    if (x->request.body.end == BODY_COMPLETE)
        house_answer(x, "hello");
}

static void start_with_outlet(struct house *house, struct exchange *x)
{
    int ends[2];

    signal(SIGPIPE, SIG_IGN); /* as the server does */
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    outlet_reader = ends[0];
    io_init(&outlet, ends[1], &x->wake);
    body_open_outlet(&x->request.body, &outlet);
    exchange_want_body(x);
    advance_with_outlet(house, x);
}

static struct house *open_house_with_outlet(void)
{
    struct house *house = house_new();

    house->start = start_with_outlet;
    house->advance = advance_with_outlet;
    house_open(house);
    transport_memory_let_splice(house->client);
    return house;
}

static void close_house_with_outlet(struct house *house)
{
    fd_close(&outlet.fd);
    fd_close(&outlet_reader);
    close_house(house);
}

START_TEST(a_body_goes_through_the_outlet)
{
    struct house *house = open_house_with_outlet();

    house_feed(house, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n");
    feed_big_body(house);
    while (house->x) {
        const size_t before = house->received_len;

        house_settle(house);
        read_outlet(house);
        ck_assert(house->received_len > before || !house->x);
        if (house->x && !outlet.writable) { /* as the driver says */
            outlet.writable = true;
            body_outlet_has_room(&house->x->request.body);
        }
    }
    ck_assert_uint_eq(house->received_len, sizeof(big_body));
    ck_assert_int_eq(memcmp(house->received, big_body, sizeof(big_body)), 0);
    ck_assert_str_eq(house_written(house), HELLO);
    ck_assert_uint_eq(chunk_in_use(), 0);
    house_forget(house);
    house->start = NULL;
    house_feed(house, GET); /* the next request is not swallowed */
    ck_assert_str_eq(house_written(house), HELLO);
    close_house_with_outlet(house);
}
END_TEST

START_TEST(what_came_with_the_head_is_put_and_the_rest_goes_through_the_outlet)
{
    struct house *house = open_house_with_outlet();

    house_feed(house, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello ");
    ck_assert_str_eq(house->received, "hello ");
    house_feed(house, "worldGET / HTTP/1.1\r\n"); /* not a byte more than its length */
    read_outlet(house);
    ck_assert_str_eq(house->received, "hello world");
    ck_assert_str_eq(house_written(house), HELLO);
    close_house_with_outlet(house);
}
END_TEST

START_TEST(an_outlet_that_nobody_reads_leaves_the_bytes_to_the_queue)
{
    struct house *house = open_house_with_outlet();

    house_feed(house, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    fd_close(&outlet_reader);
    house_feed(house, "hello");
    ck_assert_str_eq(house->received, "hello");
    ck_assert_str_eq(house_written(house), HELLO);
    close_house_with_outlet(house);
}
END_TEST

START_TEST(a_full_outlet_is_not_the_clients_slowness)
{
    struct house *house = open_house_with_outlet();

    house_feed(house, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n");
    feed_big_body(house);
    house_settle(house);
    ck_assert(!outlet.writable);
    house_pass(house, 600000);
    ck_assert_int_eq(house->x->request.failed, 0);
    close_house_with_outlet(house);
}
END_TEST

START_TEST(a_client_that_leaves_within_an_outlet_ends_the_handler)
{
    struct house *house = open_house_with_outlet();

    house_feed(house, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n");
    house_feed(house, "hello");
    transport_memory_feed_end(house->client);
    house_settle(house);
    ck_assert_uint_eq(house->cancels, 1);
    ck_assert_int_eq(house->cancel_reason, RESET_CLIENT_GONE);
    close_house_with_outlet(house);
}
END_TEST

static const char *const without_outlet[] = {
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", /* but no splice */
};

START_TEST(chunks_and_enciphered_bytes_do_not_go_through_an_outlet)
{
    struct house *house = house_new();

    house->start = start_with_outlet;
    house->advance = advance_with_outlet;
    house_open(house);
    if (_i == 0)
        transport_memory_let_splice(house->client);
    house_feed(house, without_outlet[_i]);
    ck_assert_str_eq(house->received, "hello");
    ck_assert_str_eq(house_written(house), HELLO);
    close_house_with_outlet(house);
}
END_TEST

static const struct {
    const char *request;
    uint64_t body_bytes;
    int failed;
} bad_bodies[] = {
    { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 100, 400 },
    { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX", 100, 400 },
    { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\nabc\r\n", 5,
      413 },
    { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\n", 5, 413 },
    { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 5,
      413 },
    { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcabc", 5, 413 },
};

static void advance_say_failure(struct house *house, struct exchange *x)
{
    house_swallow(house, x);
    if (x->request.failed != 0) {
        house_head(x, x->request.failed, -1);
        house_put(x, "failed");
        house_finish(x, BODY_COMPLETE);
    }
}

START_TEST(a_bad_body_is_told_to_the_handler_and_ends_the_connection)
{
    struct house *house = house_new();

    house->start = advance_say_failure;
    house->advance = advance_say_failure;
    house->limits.body_bytes = bad_bodies[_i].body_bytes;
    house_open(house);
    house_feed(house, bad_bodies[_i].request);
    ck_assert_int_eq(house->failed, bad_bodies[_i].failed);
    ck_assert_int_eq(house->status, bad_bodies[_i].failed);
    ck_assert_ptr_nonnull(strstr(house_written(house), "Connection: close"));
    ck_assert(transport_memory_finished(house->client));
    ck_assert_uint_eq(house->ended, 1);
    close_house(house);
}
END_TEST

static const struct {
    const char *request;
    int failed;
} long_bodies[] = {
    { "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcabc", 0 },
    { "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabcabcabc", 413 },
    { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcabc", 413 },
    { "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcabc\r\n0\r\n\r\n",
      0 },
    { "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabcabcabc\r\n", 413 },
};

START_TEST(a_put_may_be_longer_than_other_bodies)
{
    struct house *house = house_new();

    house->start = advance_say_failure;
    house->advance = advance_say_failure;
    house->limits.body_bytes = house->limits.head.body_bytes = 5;
    house->limits.put_bytes = house->limits.head.put_bytes = 8;
    house_open(house);
    house_feed(house, long_bodies[_i].request);
    ck_assert_int_eq(house->failed, long_bodies[_i].failed);
    if (house->failed == 0)
        ck_assert_str_eq(house->received, "abcabc");
    close_house(house);
}
END_TEST

START_TEST(a_body_that_comes_too_slowly_is_408)
{
    struct house *house = open_house(advance_say_failure, advance_say_failure);

    house_feed(house, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n");
    for (int i = 0; i < 4; i++) { /* 100 bytes a second are enough */
        char part[151];

        memset(part, 'x', 150);
        part[150] = '\0';
        house_feed(house, part);
        house_pass(house, 1000);
    }
    ck_assert_int_eq(house->x->request.failed, 0);
    house_pass(house, 1900); /* 600 bytes are good for six seconds */
    ck_assert_ptr_nonnull(house->x);
    house_pass(house, 200);
    ck_assert_int_eq(house->failed, 408);
    ck_assert_ptr_nonnull(strstr(house_written(house), "HTTP/1.1 408 "));
    close_house(house);
}
END_TEST

START_TEST(a_small_rest_is_read_and_the_connection_kept)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\nsome");
    ck_assert_str_eq(house_written(house), HELLO);
    ck_assert_ptr_nonnull(house->conn);
    ck_assert(conn_is_idle(house->conn));
    transport_memory_feed(house->client, slice_of(big_body, 5996));
    house_feed(house, GET);
    ck_assert_str_eq(house_written(house), HELLO HELLO);
    close_house(house);
}
END_TEST

START_TEST(a_large_rest_ends_the_connection_after_the_answer)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\nsome");
    ck_assert_str_eq(house_written(house), HELLO_BYE);
    ck_assert(transport_memory_finished(house->client));
    ck_assert(!transport_memory_closed(house->client));
    feed_big_body(house);
    house_settle(house);
    ck_assert_uint_eq(transport_memory_unread(house->client), 0);
    ck_assert(
        !transport_memory_closed(house->client)); /* its sender may not have read the answer */
    house_pass(house, 2000);
    ck_assert(closed_well(house));
    close_house(house);
}
END_TEST

START_TEST(an_unread_chunked_body_that_is_there_is_dropped)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "5\r\nhello\r\n0\r\n\r\n" GET);
    ck_assert_str_eq(house_written(house), HELLO HELLO);
    close_house(house);
}
END_TEST

START_TEST(an_unread_chunked_body_that_goes_on_ends_the_connection)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
    ck_assert_str_eq(house_written(house), HELLO);
    ck_assert(transport_memory_finished(house->client));
    close_house(house);
}
END_TEST

/* ---- Expect: 100-continue ---- */

#define EXPECTING "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"

START_TEST(continue_is_said_when_the_body_is_wanted)
{
    struct house *house = open_house(answer_nothing, advance_swallow_and_answer);

    house_feed(house, EXPECTING);
    ck_assert_str_eq(house_written(house), "");
    exchange_want_body(house->x);
    house_settle(house);
    ck_assert_str_eq(house_written(house), "HTTP/1.1 100 Continue\r\n\r\n");
    house_forget(house);
    house_feed(house, "12345");
    ck_assert_str_eq(house->received, "12345");
    ck_assert_str_eq(house_written(house), HELLO);
    ck_assert_ptr_nonnull(house->conn);
    close_house(house);
}
END_TEST

START_TEST(continue_is_not_said_when_the_body_came_unasked)
{
    struct house *house = open_house(start_swallow, advance_swallow_and_answer);

    house_feed(house, EXPECTING "12345");
    ck_assert_str_eq(house_written(house), HELLO);
    ck_assert_str_eq(house->received, "12345");
    close_house(house);
}
END_TEST

START_TEST(a_client_may_grow_tired_of_waiting)
{
    struct house *house = open_house(answer_nothing, NULL);

    house_feed(house, EXPECTING);
    house_feed(house, "12345" GET);
    ck_assert_int_eq(house->x->request.body.end, BODY_COMPLETE);
    exchange_want_body(house->x);
    house_answer(house->x, "hello");
    house->start = NULL;
    house_settle(house);
    ck_assert_str_eq(house_written(house), HELLO HELLO);
    close_house(house);
}
END_TEST

START_TEST(a_final_answer_without_asking_ends_the_connection)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, EXPECTING);
    ck_assert_str_eq(house_written(house), HELLO_BYE);
    ck_assert(transport_memory_finished(house->client));
    close_house(house);
}
END_TEST

/* ---- interim answers ---- */

#define HINT "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"

static void hint(struct exchange *x)
{
    struct fields fields = { 0 };

    fields_add(&fields, &x->arena, SLICE("Link"), SLICE("</a>"));
    exchange_inform(x, 103, &fields);
}

static void hint_and_answer(struct house *house, struct exchange *x)
{
    (void)house;
    hint(x);
    hint(x);
    house_answer(x, "hello");
}

START_TEST(interim_answers_go_out_before_the_head)
{
    struct house *house = open_house(answer_nothing, NULL);

    house_feed(house, GET);
    hint(house->x);
    house_settle(house);
    ck_assert_str_eq(house_written(house), HINT);
    hint(house->x);
    house_answer(house->x, "hello");
    house_settle(house);
    ck_assert_str_eq(house_written(house), HINT HINT HELLO);
    ck_assert_uint_eq(house->record.body_bytes, 5);
    ck_assert_ptr_nonnull(house->conn);

    house_forget(house);
    house->start = hint_and_answer;
    house_feed(house, GET GET);
    ck_assert_str_eq(house_written(house), HINT HINT HELLO HINT HINT HELLO);
    close_house(house);
}
END_TEST

START_TEST(http_1_0_has_no_interim_answers)
{
    struct house *house = open_house(hint_and_answer, NULL);

    house_feed(house, "GET /a HTTP/1.0\r\n\r\n");
    ck_assert_str_eq(house_written(house), HELLO_BYE);
    close_house(house);
}
END_TEST

START_TEST(a_client_that_takes_nothing_is_not_informed)
{
    struct house *house = open_house(answer_nothing, NULL);

    house_feed(house, EXPECTING);
    transport_memory_room(house->client, 10);
    hint(house->x);
    house_settle(house);
    hint(house->x);
    hint(house->x);
    exchange_want_body(house->x); /* it waits for that */
    transport_memory_room(house->client, TRANSPORT_MEMORY_UNLIMITED);
    house_settle(house);
    ck_assert_str_eq(house_written(house), HINT "HTTP/1.1 100 Continue\r\n\r\n");
    close_house(house);
}
END_TEST

/* ---- heads that cannot be read ---- */

static const struct {
    const char *request;
    int status;
} bad_heads[] = {
    { "nonsense\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\n\r\n", 400 }, /* no Host */
    { "GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    { "GET / HTTP/3.7\r\nHost: a\r\n\r\n", 505 },
    /* What can be seen before a time limit: no end of a head is in these. */
    { "\x16\x03\x01\x02\x01\x01", 400 },
    { "SSH-2.0-OpenSSH_9.2\r\n", 400 },
    { "GET /\r\n", 400 },
};

START_TEST(a_bad_head_is_answered_logged_and_ends_the_connection)
{
    struct house *house = open_house(NULL, NULL);
    char expect[32];

    house_feed(house, bad_heads[_i].request);
    snprintf(expect, sizeof(expect), "HTTP/1.1 %d ", bad_heads[_i].status);
    ck_assert_int_eq(strncmp(house_written(house), expect, strlen(expect)), 0);
    ck_assert_ptr_nonnull(strstr(house_written(house), "Connection: close"));
    ck_assert_int_eq(house->failed, bad_heads[_i].status);
    ck_assert_uint_eq(house->ended, 1);
    ck_assert_uint_gt(strlen(house->line), 0);
    ck_assert(transport_memory_finished(house->client));
    transport_memory_feed_end(house->client);
    house_settle(house);
    ck_assert(closed_well(house));
    close_house(house);
}
END_TEST

static const struct {
    const char *begin;
    const char *fill; /* repeated until the limit is passed */
    int status;
} too_large[] = {
    { "GET /", "x", 414 },
    { "\r\nGET /", "x", 414 },
    { "GET / HTTP/1.1\r\nHost: a\r\nX: ", "y", 431 },
    { "GET / HTTP/1.1\r\nHost: a\r\n", "A: b\r\n", 431 },
};

START_TEST(a_head_beyond_the_limit_is_refused)
{
    struct house *house = open_house(NULL, NULL);

    transport_memory_feed(house->client, slice_cstr(too_large[_i].begin));
    for (size_t len = 0; len <= house->limits.head.head_bytes; len += strlen(too_large[_i].fill))
        transport_memory_feed(house->client, slice_cstr(too_large[_i].fill));
    house_settle(house);
    ck_assert_int_eq(house->failed, too_large[_i].status);
    close_house(house);
}
END_TEST

START_TEST(a_request_that_the_end_of_a_chunk_cuts_is_read_whole)
{
    struct house *house = open_house(NULL, NULL);
    char request[CHUNK_SIZE / 20];

    snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: a\r\nX: %0*d\r\n\r\n",
             (int)sizeof(request) - 40, 0);
    for (unsigned i = 0; i < 50; i++)
        transport_memory_feed(house->client, slice_cstr(request));
    house_settle(house);
    ck_assert_uint_eq(house->ended, 50);
    ck_assert_int_eq(house->failed, 0);
    close_house(house);
}
END_TEST

START_TEST(a_head_may_be_larger_than_a_chunk)
{
    struct house *house = house_new();

    house->limits.head.head_bytes = 100000;
    house_open(house);
    house_feed(house, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 40; i++) {
        char line[2100];

        memset(line, 'v', sizeof(line));
        memcpy(line, "Field: ", 7);
        memcpy(line + sizeof(line) - 3, "\r\n", 3);
        house_feed(house, line);
    }
    house_feed(house, "\r\n" GET);
    ck_assert_str_eq(house_written(house), HELLO HELLO);
    ck_assert_uint_eq(chunk_in_use(), 0);
    close_house(house);
}
END_TEST

/* ---- time ---- */

START_TEST(a_first_head_that_does_not_come_in_time_is_408)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, "GET / HT");
    house_pass(house, 9000);
    house_feed(house, "TP/1.1\r\nHo");
    house_pass(house, 999);
    ck_assert_uint_eq(house->begun, 0);
    house_pass(house, 1);
    ck_assert_int_eq(house->failed, 408);
    ck_assert_str_eq(house->line, "GET / HTTP/1.1");
    ck_assert_ptr_nonnull(strstr(house_written(house), "HTTP/1.1 408 "));
    close_house(house);
}
END_TEST

START_TEST(a_connection_that_says_nothing_is_closed_silently)
{
    struct house *house = open_house(NULL, NULL);

    house_pass(house, 9999);
    ck_assert_ptr_nonnull(house->conn);
    house_pass(house, 1);
    ck_assert(closed_well(house));
    ck_assert_str_eq(house_written(house), "");
    ck_assert_uint_eq(house->begun, 0);
    close_house(house);
}
END_TEST

START_TEST(an_idle_connection_is_closed_silently)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, GET);
    house_pass(house, 4000);
    house_feed(house, GET); /* moves the limit */
    house_pass(house, 4999);
    ck_assert_ptr_nonnull(house->conn);
    house_forget(house);
    house_pass(house, 1);
    ck_assert(closed_well(house));
    ck_assert_str_eq(house_written(house), "");
    close_house(house);
}
END_TEST

START_TEST(a_later_head_that_stays_half_is_408)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, GET "GET");
    house_pass(house, 5000);
    ck_assert_int_eq(house->failed, 408);
    close_house(house);
}
END_TEST

START_TEST(a_handler_may_take_its_time)
{
    struct house *house = open_house(answer_nothing, NULL);

    house_feed(house, GET);
    house_pass(house, 3600000);
    ck_assert_uint_eq(house->cancels, 0);
    house_answer(house->x, "hello");
    house_settle(house);
    ck_assert_str_eq(house_written(house), HELLO);
    house_pass(house, 4999);
    ck_assert_ptr_nonnull(house->conn);
    close_house(house);
}
END_TEST

START_TEST(a_client_that_takes_nothing_is_dropped)
{
    struct house *house = open_house(start_head_then_wait, NULL);

    transport_memory_room(house->client, 10);
    house_feed(house, GET);
    house_pass(house, 3999);
    transport_memory_room(house->client, 1); /* progress, however little */
    house_settle(house);
    house_pass(house, 3999);
    ck_assert_uint_eq(house->cancels, 0);
    house_pass(house, 1);
    ck_assert_uint_eq(house->cancels, 1);
    ck_assert_int_eq(house->cancel_reason, RESET_TOO_SLOW);
    ck_assert(client_was_cut(house));
    ck_assert_uint_eq(house->ended, 1);
    close_house(house);
}
END_TEST

START_TEST(a_slow_client_pauses_the_handler)
{
    struct house *house = open_house(start_head_then_wait, NULL);

    transport_memory_room(house->client, 10);
    house_feed(house, GET);
    while (body_room(&house->x->response.body) > 0)
        house_put(house->x, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    house->advance = NULL;
    house_settle(house);
    ck_assert_uint_eq(body_room(&house->x->response.body), 0);
    transport_memory_room(house->client, TRANSPORT_MEMORY_UNLIMITED);
    house_settle(house);
    ck_assert_uint_eq(body_room(&house->x->response.body), BODY_HIGH);
    house_finish(house->x, BODY_COMPLETE);
    close_house(house);
}
END_TEST

START_TEST(lingering_ends_with_the_client_or_after_two_seconds)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, "nonsense\r\n\r\n");
    house_feed(house, "more that nobody reads");
    ck_assert(!transport_memory_closed(house->client));
    ck_assert_uint_eq(transport_memory_unread(house->client), 0);
    house_pass(house, 2000);
    ck_assert(closed_well(house));
    close_house(house);
}
END_TEST

START_TEST(what_the_transport_holds_back_is_waited_for)
{
    struct house *house = open_house(NULL, NULL);

    transport_memory_lag(house->client, true);
    house_feed(house, GET_CLOSE);
    ck_assert_str_eq(house_written(house), HELLO_BYE);
    house_pass(house, 3900);
    ck_assert(!transport_memory_closed(house->client));
    transport_memory_lag(house->client, false);
    house_settle(house);
    house_pass(house, 1900);
    ck_assert(!transport_memory_closed(house->client));
    house_pass(house, 100);
    ck_assert(closed_well(house));
    close_house(house);
}
END_TEST

START_TEST(what_the_transport_holds_back_is_not_waited_for_in_vain)
{
    struct house *house = open_house(NULL, NULL);

    transport_memory_lag(house->client, true);
    house_feed(house, GET_CLOSE);
    house_pass(house, 4000);
    ck_assert(transport_memory_closed(house->client));
    close_house(house);
}
END_TEST

START_TEST(a_client_that_has_said_all_gets_what_is_held_back)
{
    struct house *house = open_house(NULL, NULL);

    transport_memory_lag(house->client, true);
    house_feed(house, GET);
    transport_memory_feed_end(house->client);
    house_settle(house);
    ck_assert(transport_memory_finished(house->client));
    ck_assert(!transport_memory_closed(house->client));
    transport_memory_lag(house->client, false);
    house_settle(house);
    ck_assert(closed_well(house));
    close_house(house);
}
END_TEST

START_TEST(a_kept_connection_is_not_closed_over_what_is_held_back)
{
    struct house *house = open_house(NULL, NULL);

    transport_memory_lag(house->client, true);
    house_feed(house, GET);
    house_pass(house, 5000);
    ck_assert(transport_memory_finished(house->client));
    ck_assert(!transport_memory_closed(house->client));
    transport_memory_break(house->client, ECONNRESET);
    house_settle(house);
    ck_assert(transport_memory_closed(house->client));
    close_house(house);
}
END_TEST

/* ---- clients that leave ---- */

START_TEST(a_client_that_leaves_between_requests_is_no_news)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, GET);
    transport_memory_feed_end(house->client);
    house_settle(house);
    ck_assert(closed_well(house));
    ck_assert_uint_eq(house->begun, 1);
    close_house(house);
}
END_TEST

START_TEST(a_client_that_leaves_within_a_head_is_no_news)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, "GET / HTTP");
    transport_memory_feed_end(house->client);
    house_settle(house);
    ck_assert(transport_memory_closed(house->client));
    ck_assert_uint_eq(house->begun, 0);
    close_house(house);
}
END_TEST

START_TEST(a_client_that_leaves_ends_the_handler)
{
    struct house *house = open_house(_i == 0 ? answer_nothing : start_head_then_wait, NULL);

    house_feed(house, GET GET); /* the second one waits, and hides nothing */
    transport_memory_feed_end(house->client);
    house_settle(house);
    ck_assert_uint_eq(house->cancels, 1);
    ck_assert_int_eq(house->cancel_reason, RESET_CLIENT_GONE);
    ck_assert_uint_eq(house->ended, 1);
    ck_assert_str_eq(house->cause, "the client left");
    ck_assert(transport_memory_closed(house->client));
    close_house(house);
}
END_TEST

START_TEST(a_connection_that_breaks_ends_the_handler)
{
    struct house *house = open_house(_i == 0 ? answer_nothing : start_head_then_wait, NULL);

    house_feed(house, GET);
    transport_memory_break(house->client, ECONNRESET);
    house_settle(house);
    ck_assert_uint_eq(house->cancels, 1);
    ck_assert_int_eq(house->cancel_reason, RESET_CLIENT_GONE);
    ck_assert_uint_eq(house->ended, 1);
    close_house(house);
}
END_TEST

START_TEST(a_client_that_only_stops_writing_gets_a_whole_answer)
{
    struct house *house = open_house(NULL, NULL);

    transport_memory_room(house->client, 10);
    transport_memory_feed(house->client, slice_cstr(GET));
    transport_memory_feed_end(house->client);
    house_settle(house);
    ck_assert_uint_eq(house->ended, 0);
    transport_memory_room(house->client, TRANSPORT_MEMORY_UNLIMITED);
    house_settle(house);
    ck_assert_str_eq(house_written(house), HELLO);
    ck_assert(closed_well(house));
    ck_assert_uint_eq(house->cancels, 0);
    close_house(house);
}
END_TEST

START_TEST(a_body_that_ends_early_ends_the_handler)
{
    struct house *house = open_house(start_swallow, advance_swallow_and_answer);

    house_feed(house, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n123");
    transport_memory_feed_end(house->client);
    house_settle(house);
    ck_assert_uint_eq(house->cancels, 1);
    ck_assert_int_eq(house->cancel_reason, RESET_CLIENT_GONE);
    ck_assert_str_eq(house_written(house), "");
    close_house(house);
}
END_TEST

START_TEST(a_handler_may_let_go_long_after_the_client)
{
    struct house *house = open_house(answer_nothing, NULL);

    house->keep_on_cancel = true;
    house_feed(house, GET);
    transport_memory_break(house->client, ECONNRESET);
    house_settle(house);
    ck_assert_uint_eq(house->closed, 1);
    ck_assert_uint_eq(house->ended, 0);
    exchange_handler_done(house->x);
    house_settle(house);
    ck_assert_uint_eq(house->ended, 1);
    close_house(house);
}
END_TEST

START_TEST(a_handler_may_finish_after_its_answer_is_out)
{
    struct house *house = open_house(answer_nothing, NULL);

    house_feed(house, GET);
    struct exchange *first = house->x;
    house_head(first, 200, 5);
    house_put(first, "hello");
    house_settle(house);
    ck_assert_str_eq(house_written(house), HELLO);
    house->start = NULL;
    house_feed(house, GET); /* the connection does not wait for the program */
    ck_assert_str_eq(house_written(house), HELLO HELLO);
    ck_assert_uint_eq(house->ended, 1);
    house_finish(first, BODY_COMPLETE);
    house_settle(house);
    ck_assert_uint_eq(house->ended, 2);
    close_house(house);
}
END_TEST

/* ---- drain, end ---- */

START_TEST(drain_closes_an_idle_connection)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, GET);
    conn_drain(house->conn);
    house_settle(house);
    ck_assert(closed_well(house));
    close_house(house);
}
END_TEST

static const bool both[] = { true, false };

START_TEST(drain_leaves_a_client_that_has_just_come_the_time_to_ask)
{
    const bool asks = both[_i];
    struct house *house = open_house(NULL, NULL);

    house_pass(house, 300);
    conn_drain(house->conn);
    house_settle(house);
    house_pass(house, 600);
    ck_assert_ptr_nonnull(house->conn);
    if (asks)
        house_feed(house, GET);
    else
        house_pass(house, 100);
    ck_assert_str_eq(house_written(house), asks ? HELLO_BYE : "");
    ck_assert(asks || !house->conn);
    close_house(house);
}
END_TEST

START_TEST(drain_lets_the_answer_in_progress_end)
{
    struct house *house = open_house(answer_nothing, NULL);

    house_feed(house, GET GET);
    conn_drain(house->conn);
    house_settle(house);
    ck_assert_ptr_nonnull(house->conn);
    house_answer(house->x, "hello");
    house_settle(house);
    ck_assert_str_eq(house_written(house), HELLO_BYE);
    ck_assert(transport_memory_finished(house->client));
    ck_assert_uint_eq(house->begun, 1);
    close_house(house);
}
END_TEST

START_TEST(drain_serves_a_request_that_is_there_already)
{
    struct house *house = open_house(NULL, NULL);

    transport_memory_feed(house->client, slice_cstr(GET));
    conn_drain(house->conn);
    house_settle(house);
    ck_assert_str_eq(house_written(house), HELLO_BYE);
    close_house(house);
}
END_TEST

START_TEST(the_end_cancels_with_its_reason)
{
    struct house *house = open_house(start_head_then_wait, NULL);

    house_feed(house, GET);
    conn_end(house->conn, RESET_DRAIN);
    ck_assert_uint_eq(house->closed, 1);
    house_settle(house);
    ck_assert_int_eq(house->cancel_reason, RESET_DRAIN);
    ck_assert(client_was_cut(house));
    ck_assert_uint_eq(house->ended, 1);
    close_house(house);
}
END_TEST

START_TEST(one_that_cannot_be_watched_is_closed)
{
    struct house *house = open_house(NULL, NULL);

    driver_fake_fail_watch(house->driver, -ENOSPC);
    house_feed(house, GET);
    ck_assert_str_eq(house_written(house), HELLO);
    ck_assert(transport_memory_closed(house->client));
    close_house(house);
}
END_TEST

START_TEST(the_owner_finds_its_connection_by_the_link)
{
    struct house *house = open_house(NULL, NULL);

    ck_assert_ptr_eq(conn_from_link(conn_link(house->conn)), house->conn);
    close_house(house);
}
END_TEST

static const char *const visitors[] = { "192.0.2.1", "2001:db8::1:2", "/run/longhouse/test.sock" };
static struct visit seen;

static void start_look_at_visit(struct house *house, struct exchange *x)
{
    (void)house;
    seen = *x->visit;
    house_answer(x, "hello");
}

START_TEST(a_visit_is_told_as_it_was_given)
{
    struct house *house = house_new();
    const int here = 0;
    struct visit visit = { .client_port = 1, .local_port = 2, .secure = true, .binding = &here };

    if (!address_parse_ip(slice_cstr(visitors[_i]), 77, &visit.client))
        ck_assert(address_parse_target(slice_cstr(visitors[_i]), &visit.client));
    ck_assert(address_parse_ip(SLICE("::1"), 80, &visit.local));
    strcpy(visit.client_text, visitors[_i]);
    house->start = start_look_at_visit;
    house->conn = conn_open(&house->loop, transport_memory_transport(house->client), &visit,
                            &house->limits, &house->exchanges, &house->owner);
    house_feed(house, GET);
    ck_assert_int_eq(memcmp(&seen, conn_visit(house->conn), sizeof(seen)), 0);
    ck_assert_int_eq(memcmp(&seen.client, &visit.client, address_size(&visit.client)), 0);
    ck_assert(address_equal_ip(&seen.local, &visit.local));
    ck_assert_int_eq(memcmp(&seen.peer, &seen.client, sizeof(seen.peer)), 0);
    ck_assert_str_eq(seen.client_text, visitors[_i]);
    ck_assert_uint_eq(seen.client_port, 1);
    ck_assert_uint_eq(seen.local_port, 2);
    ck_assert(seen.secure);
    ck_assert_ptr_eq(seen.binding, &here);
    close_house(house);
}
END_TEST

START_TEST(the_peer_of_a_visit_may_be_another_than_the_client)
{
    struct house *house = house_new();
    struct visit visit = { .client_text = "192.0.2.1" };

    ck_assert(address_parse_ip(SLICE("192.0.2.1"), 0, &visit.client));
    ck_assert(address_parse_ip(SLICE("2001:db8::7"), 4711, &visit.peer));
    house->start = start_look_at_visit;
    house->conn = conn_open(&house->loop, transport_memory_transport(house->client), &visit,
                            &house->limits, &house->exchanges, &house->owner);
    house_feed(house, GET);
    ck_assert(address_equal_ip(&seen.client, &visit.client));
    ck_assert(address_equal_ip(&seen.peer, &visit.peer));
    ck_assert_uint_eq(address_port(&seen.peer), 4711);
    ck_assert_str_eq(seen.client_text, "192.0.2.1");
    close_house(house);
}
END_TEST

START_TEST(a_connection_can_move_to_another_binding)
{
    struct house *house = open_house(NULL, NULL);
    struct wire_limits others = house->limits;
    int binding = 0;

    house_feed(house, GET);
    others.keep_alive_most = 1;
    conn_move(house->conn, &binding, &others);
    ck_assert_ptr_eq(conn_visit(house->conn)->binding, &binding);
    house_forget(house);
    house_feed(house, GET GET);
    ck_assert_str_eq(house_written(house), HELLO_BYE);
    close_house(house);
}
END_TEST

START_TEST(the_request_after_is_made_the_last)
{
    struct house *house = open_house(NULL, NULL);

    house_feed(house, GET);
    conn_make_last(house->conn);
    ck_assert_ptr_nonnull(house->conn); /* a request may be on its way */
    house_forget(house);
    house_feed(house, GET);
    ck_assert_str_eq(house_written(house), HELLO_BYE);
    close_house(house);
}
END_TEST

static void wait_for_test(struct house *house, struct exchange *x)
{
    (void)house;
    (void)x;
}

START_TEST(the_owner_hears_when_a_busy_connection_rests)
{
    struct house *house = open_house(wait_for_test, NULL);

    house_feed(house, GET);
    conn_ask_for_rest(house->conn);
    ck_assert_uint_eq(house->rested, 0);
    house_answer(house->x, "hello");
    house_settle(house);
    ck_assert_uint_eq(house->rested, 1);
    house->start = NULL;
    house_feed(house, GET);
    ck_assert_uint_eq(house->rested, 1); /* once */
    close_house(house);
}
END_TEST

SUITE(
    "wire/h1_conn", TEST(a_connection_can_move_to_another_binding),
    TEST(the_request_after_is_made_the_last), TEST(the_owner_hears_when_a_busy_connection_rests),
    TEST(the_peer_of_a_visit_may_be_another_than_the_client),
    TEST(a_request_is_answered_and_the_connection_kept),
    TEST(a_request_that_is_there_at_once_needs_no_watching), TEST(a_warm_request_moves_no_timer),
    TEST(pipelined_requests_are_answered_in_order),
    TEST(the_next_request_waits_for_the_former_answer),
    TEST(many_pipelined_requests_leave_room_for_others), TEST(byte_by_byte_is_as_good),
    TEST(writes_of_one_byte_are_as_good), LOOP(the_connection_is_kept_as_both_sides_want, keeping),
    TEST(the_last_request_of_a_connection_says_so), TEST(empty_lines_between_requests_are_nothing),
    TEST(a_flood_of_empty_lines_leaves_room_for_others),
    TEST(an_answer_of_unknown_length_is_chunked_as_it_comes),
    TEST(a_chunked_answer_can_end_without_further_bytes),
    TEST(fields_follow_the_body_of_who_wants_them), TEST(fields_may_follow_when_nothing_else_does),
    TEST(nothing_follows_an_answer_that_broke), TEST(http_1_0_has_no_fields_behind_the_body),
    TEST(to_http_1_0_the_end_is_the_close), LOOP(the_answer_is_framed_by_what_is_known, shapes),
    TEST(more_than_announced_is_dropped_and_the_connection_ends),
    TEST(less_than_announced_is_cut_visibly),
    LOOP(a_broken_body_is_cut_after_what_was_said, breaks),
    TEST(a_reset_before_the_head_cuts_without_an_answer),
    TEST(a_reset_after_the_head_cuts_and_tells_why),
    TEST(an_answer_can_ask_for_the_end_of_the_connection),
    TEST(a_file_follows_its_head_without_a_copy), TEST(the_head_before_a_file_announces_more),
    TEST(a_loaded_file_leaves_with_its_head_in_one_write), TEST(a_large_file_is_sent_in_slices),
    TEST(a_file_that_shrinks_is_cut), TEST(memory_and_files_make_one_chunk),
    LOOP(a_body_arrives_whole, uploads), LOOP(a_body_arrives_byte_by_byte, uploads),
    TEST(nothing_is_read_that_the_handler_does_not_take), TEST(a_body_goes_through_the_outlet),
    TEST(what_came_with_the_head_is_put_and_the_rest_goes_through_the_outlet),
    TEST(an_outlet_that_nobody_reads_leaves_the_bytes_to_the_queue),
    TEST(a_full_outlet_is_not_the_clients_slowness),
    TEST(a_client_that_leaves_within_an_outlet_ends_the_handler),
    LOOP(chunks_and_enciphered_bytes_do_not_go_through_an_outlet, without_outlet),
    LOOP(a_bad_body_is_told_to_the_handler_and_ends_the_connection, bad_bodies),
    LOOP(a_put_may_be_longer_than_other_bodies, long_bodies),
    TEST(a_body_that_comes_too_slowly_is_408), TEST(a_small_rest_is_read_and_the_connection_kept),
    TEST(a_large_rest_ends_the_connection_after_the_answer),
    TEST(an_unread_chunked_body_that_is_there_is_dropped),
    TEST(an_unread_chunked_body_that_goes_on_ends_the_connection),
    TEST(continue_is_said_when_the_body_is_wanted),
    TEST(continue_is_not_said_when_the_body_came_unasked), TEST(a_client_may_grow_tired_of_waiting),
    TEST(a_final_answer_without_asking_ends_the_connection),
    TEST(interim_answers_go_out_before_the_head), TEST(http_1_0_has_no_interim_answers),
    TEST(a_client_that_takes_nothing_is_not_informed),
    LOOP(a_bad_head_is_answered_logged_and_ends_the_connection, bad_heads),
    LOOP(a_head_beyond_the_limit_is_refused, too_large),
    TEST(a_request_that_the_end_of_a_chunk_cuts_is_read_whole),
    TEST(a_head_may_be_larger_than_a_chunk), TEST(a_first_head_that_does_not_come_in_time_is_408),
    TEST(a_connection_that_says_nothing_is_closed_silently),
    TEST(an_idle_connection_is_closed_silently), TEST(a_later_head_that_stays_half_is_408),
    TEST(a_handler_may_take_its_time), TEST(a_client_that_takes_nothing_is_dropped),
    TEST(a_slow_client_pauses_the_handler),
    TEST(lingering_ends_with_the_client_or_after_two_seconds),
    TEST(what_the_transport_holds_back_is_waited_for),
    TEST(what_the_transport_holds_back_is_not_waited_for_in_vain),
    TEST(a_client_that_has_said_all_gets_what_is_held_back),
    TEST(a_kept_connection_is_not_closed_over_what_is_held_back),
    TEST(a_client_that_leaves_between_requests_is_no_news),
    TEST(a_client_that_leaves_within_a_head_is_no_news),
    { a_client_that_leaves_ends_the_handler, 2 }, { a_connection_that_breaks_ends_the_handler, 2 },
    TEST(a_client_that_only_stops_writing_gets_a_whole_answer),
    TEST(a_body_that_ends_early_ends_the_handler), TEST(a_handler_may_let_go_long_after_the_client),
    TEST(a_handler_may_finish_after_its_answer_is_out), TEST(drain_closes_an_idle_connection),
    LOOP(drain_leaves_a_client_that_has_just_come_the_time_to_ask, both),
    TEST(drain_lets_the_answer_in_progress_end), TEST(drain_serves_a_request_that_is_there_already),
    TEST(the_end_cancels_with_its_reason), TEST(one_that_cannot_be_watched_is_closed),
    TEST(the_owner_finds_its_connection_by_the_link),
    LOOP(a_visit_is_told_as_it_was_given, visitors))
