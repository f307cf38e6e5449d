/* Answers with a pace: they arrive whole, and no sooner than it says. */
#include "http/pace.h"

#include "suite.h"
#include "wire/house.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GET    "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET_10 "GET /a HTTP/1.0\r\n\r\n"
#define LENGTH 10000u

static struct rate rate;
static struct pace pace;
static struct file_ref *file;
static char text[LENGTH + 1];

static void slow_down(struct exchange *x)
{
    pace_init(&pace, x->loop);
    pace_add(&pace, &rate);
    x->response.body.pace = &pace;
}

static void open_house_with(struct house **ret, house_act_fn *start)
{
    FILE *scratch = tmpfile();

    for (unsigned i = 0; i < LENGTH; i++)
        text[i] = (char)('a' + i % 26);
    ck_assert_uint_eq(fwrite(text, 1, LENGTH, scratch), LENGTH);
    ck_assert_int_eq(fflush(scratch), 0);
    file = file_ref_new(dup(fileno(scratch)), LENGTH);
    fclose(scratch);
    rate = (struct rate){ .bytes_per_s = 1000 };
    *ret = house_new();
    (*ret)->start = start;
    house_open(*ret);
}

static void close_house(struct house *house)
{
    house_free(house);
    file_ref_drop(file);
}

static void put_file(struct house *house, struct exchange *x)
{
    (void)house;
    house_head(x, 200, LENGTH);
    slow_down(x);
    body_put_file(&x->response.body, file, 0, LENGTH);
    house_finish(x, BODY_COMPLETE);
}

static void put_text(struct house *house, struct exchange *x)
{
    (void)house;
    house_head(x, 200, -1);
    slow_down(x);
    body_put_bytes(&x->response.body, slice_of(text, LENGTH));
}

static size_t body_len(struct house *house)
{
    return strlen(strstr(house_written(house), "\r\n\r\n") + 4);
}

START_TEST(a_file_goes_out_by_and_by)
{
    struct house *house;

    open_house_with(&house, put_file);
    house_feed(house, GET);
    ck_assert_uint_eq(body_len(house), 1000);
    house_pass(house, 999);
    ck_assert_uint_eq(body_len(house), 1000);
    house_pass(house, 1);
    ck_assert_uint_eq(body_len(house), 2000);
    house_pass(house, 8000);
    ck_assert_uint_eq(body_len(house), LENGTH);
    ck_assert_str_eq(strstr(house_written(house), "\r\n\r\n") + 4, text);
    ck_assert_uint_eq(transport_memory_file_bytes(house->client), LENGTH);
    ck_assert_uint_eq(house->ended, 1);
    ck_assert_uint_eq(house->record.body_bytes, LENGTH);
    ck_assert_ptr_nonnull(house->conn); /* and the connection goes on */
    close_house(house);
}
END_TEST

START_TEST(what_is_chunked_is_so_to_its_end)
{
    struct house *house;

    open_house_with(&house, put_text);
    house_feed(house, GET);
    house_finish(house->x, BODY_COMPLETE);
    house_pass(house, 9000);
    const char *written = house_written(house);
    ck_assert_ptr_nonnull(strstr(written, "\r\n3e8\r\nabcdef"));
    ck_assert_str_eq(written + strlen(written) - 7, "\r\n0\r\n\r\n");
    ck_assert_uint_eq(house->ended, 1);
    ck_assert_uint_eq(house->record.body_bytes, LENGTH);
    close_house(house);
}
END_TEST

START_TEST(what_ends_with_the_connection_ends_with_its_last_byte)
{
    struct house *house;

    open_house_with(&house, put_text);
    house_feed(house, GET_10);
    house_finish(house->x, BODY_COMPLETE);
    house_pass(house, 8999);
    ck_assert_uint_eq(house->ended, 0);
    ck_assert(!transport_memory_finished(house->client));
    house_pass(house, 1);
    ck_assert_uint_eq(house->ended, 1);
    ck_assert_str_eq(strstr(house_written(house), "\r\n\r\n") + 4, text);
    close_house(house);
}
END_TEST

START_TEST(a_client_may_leave_meanwhile)
{
    struct house *house;

    open_house_with(&house, put_text);
    house_feed(house, GET);
    transport_memory_break(house->client, 104);
    house_pass(house, 1000);
    ck_assert_uint_eq(house->cancels, 1);
    ck_assert_int_eq(house->cancel_reason, RESET_CLIENT_GONE);
    ck_assert_uint_eq(house->closed, 1);
    house_pass(house, 5000); /* nobody is woken any more */
    close_house(house);
}
END_TEST

START_TEST(waiting_for_the_pace_is_not_the_clients_fault)
{
    struct house *house;

    open_house_with(&house, put_file);
    rate.bytes_per_s = 10;
    house->limits.send_ms = 500;
    house_feed(house, GET);
    house_pass(house, 20000);
    ck_assert_uint_eq(house->ended, 0);
    ck_assert_uint_eq(body_len(house), 210);
    close_house(house);
}
END_TEST

SUITE("h1_pace", TEST(a_file_goes_out_by_and_by), TEST(what_is_chunked_is_so_to_its_end),
      TEST(what_ends_with_the_connection_ends_with_its_last_byte),
      TEST(a_client_may_leave_meanwhile), TEST(waiting_for_the_pace_is_not_the_clients_fault))
