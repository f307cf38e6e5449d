/* Requests and answers over HTTP/2. */
#include "base/chunk.h"
#include "base/text.h"
#include "http/file_ref.h"
#include "http/pace.h"
#include "suite.h"
#include "wire/h2_client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct house *house;
static struct h2_client *client;
static struct exchange *asked[16]; /* as they were begun */

static void open_client(house_act_fn *start, house_act_fn *advance)
{
    house = house_new();
    house->start = start;
    house->advance = advance;
    client = h2_client_new(house);
}

static void close_client(void)
{
    h2_client_free(client);
    house_free(house);
    ck_assert_uint_eq(chunk_in_use(), 0);
}

static struct h2_reply *reply_to(int32_t id)
{
    h2_client_pump(client);
    return h2_client_reply(client, id);
}

static bool is_text(const struct h2_reply *reply, const char *text)
{
    return reply->body_len == strlen(text) && memcmp(reply->body, text, reply->body_len) == 0;
}

static void wait_for_test(struct house *self, struct exchange *x)
{
    asked[self->begun - 1] = x;
}

/* ---- requests ---- */

START_TEST(a_request_is_answered_and_the_connection_kept)
{
    open_client(NULL, NULL);
    struct h2_reply *reply = reply_to(h2_client_get(client, "/a?b"));

    ck_assert_int_eq(reply->status, 200);
    ck_assert(is_text(reply, "hello"));
    ck_assert(reply->ended);
    ck_assert_str_eq(h2_reply_field(reply, "server"), "test");
    ck_assert_str_eq(h2_reply_field(reply, "content-length"), "5");
    ck_assert_ptr_nonnull(h2_reply_field(reply, "date"));
    ck_assert_str_eq(house->line, "GET /a?b HTTP/2.0");
    ck_assert_uint_eq(house->ended, 1);
    ck_assert_uint_eq(house->record.body_bytes, 5);
    ck_assert_uint_gt(house->record.sent_bytes, 5 + 9 + 9);
    ck_assert_ptr_nonnull(house->conn);
    ck_assert(conn_is_idle(house->conn));
    ck_assert_uint_eq(chunk_in_use(), 0);
    close_client();
}
END_TEST

START_TEST(a_hundred_requests_at_once_are_one_write)
{
    open_client(NULL, NULL);
    for (int i = 0; i < 100; i++)
        h2_client_get(client, "/");
    const size_t before = transport_memory_writes(house->client);
    h2_client_pump(client);
    ck_assert_uint_eq(house->ended, 100);
    ck_assert_uint_eq(transport_memory_writes(house->client), before + 1);
    for (int32_t id = 1; id < 200; id += 2)
        ck_assert(is_text(h2_client_reply(client, id), "hello"));
    close_client();
}
END_TEST

START_TEST(bytes_one_by_one_are_the_same)
{
    open_client(NULL, NULL);
    transport_memory_read_step(house->client, 1);
    int32_t first = h2_client_get(client, "/");
    int32_t second = h2_client_upload(client, "/", "content-length: 3\n", "abc", 3);

    ck_assert(is_text(reply_to(first), "hello"));
    ck_assert(is_text(reply_to(second), "hello"));
    close_client();
}
END_TEST

static char seen[512];

static void see_request(struct house *self, struct exchange *x)
{
    struct text text = text_on(seen, sizeof(seen));

    (void)self;
    text_printf(&text, "%.*s %.*s %.*s:%u %lld", SLICE_ARGS(x->request.method_name),
                SLICE_ARGS(x->request.target.path), SLICE_ARGS(x->request.host),
                x->request.host_port, (long long)x->request.length);
    for (uint32_t i = 0; i < x->request.fields.count; i++)
        text_printf(&text, " %.*s=%.*s", SLICE_ARGS(x->request.fields.at[i].name),
                    SLICE_ARGS(x->request.fields.at[i].value));
    text_cstr(&text);
    house_answer(x, "seen");
}

static const struct {
    const char *fields;
    int status;
    const char *seen; /* or why it failed */
} heads[] = {
    { ":method: GET\n:scheme: http\n:authority: A.b:81\n:path: /x%20y/../z\n", 200,
      "GET /z a.b:81 0 Host=A.b:81" },
    { ":method: GET\n:scheme: https\n:path: /\nhost: a\n", 200, "GET / a:0 0 host=a" },
    { ":method: GET\n:scheme: https\n:authority: a\n:path: /\nhost: A\n", 200,
      "GET / a:0 0 host=A" },
    { ":method: GET\n:scheme: http\n:authority: a\n:path: /\ncookie: a=1\nx: y\ncookie: b=2\n"
      "cookie: c=3\n",
      200, "GET / a:0 0 x=y Cookie=a=1; b=2; c=3 Host=a" },
    { ":method: OPTIONS\n:scheme: http\n:authority: a\n:path: *\n", 200, "OPTIONS / a:0 0 Host=a" },
    { ":method: GET\n:scheme: http\n:authority: a\n:path: /\nhost: b\n", 400,
      "Host and :authority differ" },
    { ":method: GET\n:scheme: ftp\n:authority: a\n:path: /\n", 400,
      "scheme is neither http nor https" },
    { ":method: GET\n:scheme: ftp\n:authority: a\n:path: http://b/\n", 400,
      "scheme is neither http nor https" },
    { ":method: GET\n:scheme: http\n:authority: a\n:path: /%\n", 400, NULL },
    { ":method: GET\n:scheme: http\n:authority: a\n:path: /../x\n", 400, NULL },
    { ":method: GET\n:scheme: http\n:authority: a\n:path: /\nexpect: cake\n", 417,
      "expectation is not 100-continue" },
    { ":method: CONNECT\n:authority: a:443\n", 200, "CONNECT / a:443 0 Host=a:443" },
    { ":method: CONNECT\n:authority: a\n", 400, "CONNECT needs a host and a port" },
    { ":method: CONNECT\n:authority: a:443\ncontent-length: 0\n", 400,
      "a tunnel has no Content-Length" },
};

START_TEST(heads_are_read_as_those_of_http_1)
{
    open_client(see_request, NULL);
    struct h2_reply *reply = reply_to(h2_client_ask_raw(client, heads[_i].fields));

    ck_assert_int_eq(reply->status, heads[_i].status);
    if (heads[_i].status == 200)
        ck_assert_str_eq(seen, heads[_i].seen);
    else
        ck_assert_int_eq(house->failed, heads[_i].status);
    ck_assert_ptr_nonnull(house->conn);
    close_client();
}
END_TEST

/* RFC 9113 8.1.1: what nghttp2 finds malformed is reset, and no handler sees it. */
static const char *const malformed[] = {
    ":method: GET\n:scheme: http\n:authority: a b\n:path: /\n",
    ":method: GET\n:scheme: http\n:authority: a\n",                                 /* no path */
    ":method: GET\n:authority: a\n:path: /\n",                                      /* no scheme */
    ":scheme: http\n:authority: a\n:path: /\n",                                     /* no method */
    ":method: GET\n:scheme: http\n:path: /\n",                                      /* no host */
    ":method: GET\n:method: GET\n:scheme: http\n:authority: a\n:path: /\n",         /* twice */
    ":method: GET\n:scheme: http\n:authority: a\n:path: /\n:x: y\n",                /* unknown */
    ":method: GET\n:scheme: http\n:authority: a\nx: y\n:path: /\n",                 /* order */
    ":method: GET\n:scheme: http\n:authority: a\n:path: /\nconnection: close\n",    /* 8.2.2 */
    ":method: GET\n:scheme: http\n:authority: a\n:path: /\ntransfer-encoding: x\n", /* 8.2.2 */
    ":method: GET\n:scheme: http\n:authority: a\n:path: /\nte: gzip\n",             /* 8.2.2 */
    ":method: GET\n:scheme: http\n:authority: a\n:path: /\ncontent-length: 5\n",    /* no DATA */
};

START_TEST(malformed_heads_are_reset)
{
    open_client(NULL, NULL);
    struct h2_reply *reply = reply_to(h2_client_ask_raw(client, malformed[_i]));

    ck_assert(reply->closed);
    ck_assert_uint_eq(reply->error, NGHTTP2_PROTOCOL_ERROR);
    ck_assert_uint_eq(house->begun, 0);
    ck_assert_uint_eq(house->ended, 1);
    ck_assert(is_text(reply_to(h2_client_get(client, "/")), "hello"));
    close_client();
}
END_TEST

START_TEST(bytes_that_a_field_may_not_have_are_400)
{
    open_client(NULL, NULL);
    ck_assert_int_eq(reply_to(h2_client_ask(client, "GET", "/", "x: a\x01z\n"))->status, 400);
    ck_assert_str_eq(house->line, "GET / HTTP/2.0");
    close_client();
}
END_TEST

static const struct {
    unsigned target;
    unsigned fields;
    unsigned field_len;
    int status;
} sizes[] = {
    { 4096, 0, 0, 200 }, { 4097, 0, 0, 414 }, { 1, 49, 1, 200 },
    { 1, 51, 1, 431 },   { 1, 2, 4000, 200 }, { 1, 3, 4000, 431 },
};

START_TEST(heads_keep_to_the_limits)
{
    static char path[5000];
    static char more[60000];
    struct text text = text_on(more, sizeof(more));

    memset(path, 0, sizeof(path));
    memset(path, 'x', sizes[_i].target);
    path[0] = '/';
    for (unsigned i = 0; i < sizes[_i].fields; i++) {
        text_printf(&text, "f%u: ", i);
        for (unsigned j = 0; j < sizes[_i].field_len; j++)
            text_add_char(&text, 'v');
        text_add_char(&text, '\n');
    }
    open_client(NULL, NULL);
    ck_assert_int_eq(reply_to(h2_client_ask(client, "GET", path, text_cstr(&text)))->status,
                     sizes[_i].status);
    ck_assert_ptr_nonnull(house->conn);
    close_client();
}
END_TEST

/* ---- answers ---- */

START_TEST(an_answer_comes_as_it_is_made)
{
    open_client(wait_for_test, NULL);
    struct h2_reply *reply = reply_to(h2_client_get(client, "/"));

    house_head(asked[0], 200, -1);
    reply_to(1);
    ck_assert_int_eq(reply->status, 200);
    ck_assert_ptr_null(h2_reply_field(reply, "content-length"));
    ck_assert(!reply->ended);
    house_put(asked[0], "one ");
    ck_assert(is_text(reply_to(1), "one "));
    house_put(asked[0], "two");
    ck_assert(is_text(reply_to(1), "one two"));
    house_finish(asked[0], BODY_COMPLETE);
    reply_to(1);
    ck_assert(reply->ended && reply->closed);
    ck_assert_uint_eq(reply->error, NGHTTP2_NO_ERROR);
    close_client();
}
END_TEST

START_TEST(answers_come_in_the_order_they_are_ready)
{
    open_client(wait_for_test, NULL);
    int32_t first = h2_client_get(client, "/1");
    int32_t second = h2_client_get(client, "/2");

    h2_client_pump(client);
    house_answer(asked[1], "two");
    ck_assert(is_text(reply_to(second), "two"));
    ck_assert_int_eq(h2_client_reply(client, first)->status, 0);
    house_answer(asked[0], "one");
    ck_assert(is_text(reply_to(first), "one"));
    close_client();
}
END_TEST

static int bare_status;

static void answer_bare(struct house *self, struct exchange *x)
{
    (void)self;
    house_head(x, bare_status, x->request.method == METHOD_HEAD ? 7 : -1);
    house_put(x, "nothing");
    house_finish(x, BODY_COMPLETE);
}

static const struct {
    const char *method;
    int status;
    const char *length;
} bare[] = { { "HEAD", 200, "7" }, { "GET", 204, NULL }, { "GET", 304, NULL } };

START_TEST(no_body_where_none_may_be)
{
    bare_status = bare[_i].status;
    open_client(answer_bare, NULL);
    struct h2_reply *reply = reply_to(h2_client_ask(client, bare[_i].method, "/", NULL));

    ck_assert_int_eq(reply->status, bare[_i].status);
    ck_assert_uint_eq(reply->body_len, 0);
    ck_assert(reply->ended);
    if (bare[_i].length)
        ck_assert_str_eq(h2_reply_field(reply, "content-length"), bare[_i].length);
    else
        ck_assert_ptr_null(h2_reply_field(reply, "content-length"));
    close_client();
}
END_TEST

static void answer_with_fields(struct house *self, struct exchange *x)
{
    (void)self;
    exchange_field(x, SLICE("X-Upper"), SLICE("Kept"));
    exchange_field(x, SLICE("Connection"), SLICE("close"));
    exchange_field(x, SLICE("Keep-Alive"), SLICE("timeout=5"));
    exchange_field(x, SLICE("Upgrade"), SLICE("h2c"));
    exchange_field(x, SLICE("Transfer-Encoding"), SLICE("chunked"));
    exchange_field(x, SLICE("Content-Length"), SLICE("99"));
    exchange_field(x, SLICE("X split"), SLICE("a"));
    exchange_field(x, SLICE("X-Split"), SLICE("a\r\nb"));
    exchange_field(x, SLICE("X-Blank"), SLICE(" a "));
    exchange_field(x, SLICE("Date"), SLICE("today"));
    house_answer(x, "ok");
}

START_TEST(fields_are_written_as_http_2_wants_them)
{
    open_client(answer_with_fields, NULL);
    struct h2_reply *reply = reply_to(h2_client_get(client, "/"));

    ck_assert(is_text(reply, "ok"));
    ck_assert_str_eq(reply->fields, "\nx-upper: Kept\nx-blank: a\ndate: today\nserver: test"
                                    "\ncontent-length: 2");
    close_client();
}
END_TEST

static const struct {
    int64_t length;
    const char *text;
    enum body_end end;
    uint32_t error;
    size_t body;
    const char *cause;
} broken[] = {
    { -1, "abc", BODY_BROKEN, NGHTTP2_INTERNAL_ERROR, 3, "the answer broke off" },
    { 5, "abc", BODY_BROKEN, NGHTTP2_INTERNAL_ERROR, 3, "the answer broke off" },
    { 5, "abc", BODY_COMPLETE, NGHTTP2_INTERNAL_ERROR, 3,
      "the answer is shorter than its Content-Length" },
    { 2, "abc", BODY_COMPLETE, NGHTTP2_NO_ERROR, 2,
      "the answer is longer than its Content-Length" },
    { 0, "", BODY_COMPLETE, NGHTTP2_NO_ERROR, 0, "" },
};

static int broken_case;

static void answer_broken(struct house *self, struct exchange *x)
{
    (void)self;
    house_head(x, 200, broken[broken_case].length);
    house_put(x, broken[broken_case].text);
    house_finish(x, broken[broken_case].end);
}

START_TEST(what_is_not_whole_is_reset)
{
    broken_case = _i;
    open_client(answer_broken, NULL);
    struct h2_reply *reply = reply_to(h2_client_get(client, "/"));

    ck_assert_int_eq(reply->status, 200);
    ck_assert_uint_eq(reply->body_len, broken[_i].body);
    ck_assert_uint_eq(reply->error, broken[_i].error);
    ck_assert_int_eq(reply->ended, broken[_i].error == NGHTTP2_NO_ERROR);
    ck_assert_str_eq(house->cause, broken[_i].cause);
    ck_assert_ptr_nonnull(house->conn);
    close_client();
}
END_TEST

static void give_up(struct house *self, struct exchange *x)
{
    (void)self;
    exchange_reset(x, RESET_DEADLINE);
    exchange_handler_done(x);
}

START_TEST(a_handler_that_gives_up_resets_its_stream_only)
{
    open_client(give_up, NULL);
    struct h2_reply *reply = reply_to(h2_client_get(client, "/"));

    ck_assert_int_eq(reply->status, 0);
    ck_assert_uint_eq(reply->error, NGHTTP2_INTERNAL_ERROR);
    ck_assert_str_eq(house->cause, "the time limit was reached");
    house->start = NULL;
    ck_assert(is_text(reply_to(h2_client_get(client, "/")), "hello"));
    close_client();
}
END_TEST

START_TEST(a_client_that_resets_ends_the_handler)
{
    open_client(wait_for_test, NULL);
    int32_t id = h2_client_get(client, "/");
    int32_t other = h2_client_get(client, "/");

    h2_client_pump(client);
    nghttp2_submit_rst_stream(client->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    h2_client_pump(client);
    ck_assert_uint_eq(house->cancels, 1);
    ck_assert_int_eq(house->cancel_reason, RESET_CLIENT_GONE);
    ck_assert_uint_eq(house->ended, 1);
    house_answer(asked[1], "still here");
    ck_assert(is_text(reply_to(other), "still here"));
    close_client();
}
END_TEST

START_TEST(a_handler_may_let_go_long_after_the_client)
{
    open_client(wait_for_test, NULL);
    house->keep_on_cancel = true;
    int32_t id = h2_client_get(client, "/");

    h2_client_pump(client);
    nghttp2_submit_rst_stream(client->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    h2_client_pump(client);
    ck_assert_uint_eq(house->ended, 0);
    house_head(asked[0], 200, -1);
    house_put(asked[0], "for nobody");
    house_finish(asked[0], BODY_COMPLETE);
    h2_client_pump(client);
    ck_assert_uint_eq(house->ended, 1);
    close_client();
}
END_TEST

/* ---- files ---- */

static struct file_ref *shared_file;

static void make_file(size_t size)
{
    FILE *file = tmpfile();

    ck_assert_ptr_nonnull(file);
    for (size_t i = 0; i < size; i++)
        fputc('a' + (int)(i % 26), file);
    fflush(file);
    shared_file = file_ref_new(dup(fileno(file)), size);
    fclose(file);
}

static void send_file(struct house *self, struct exchange *x)
{
    (void)self;
    house_head(x, 200, (int64_t)shared_file->size);
    house_put(x, "");
    body_put_file(&x->response.body, shared_file, 0, shared_file->size);
    house_finish(x, BODY_COMPLETE);
}

START_TEST(a_file_is_read_in_pieces)
{
    open_client(send_file, NULL);
    make_file(300000);
    struct h2_reply *reply = reply_to(h2_client_get(client, "/"));

    ck_assert_uint_eq(reply->body_len, 300000);
    ck_assert(reply->ended);
    for (size_t i = 0; i < sizeof(reply->body); i++)
        ck_assert_int_eq(reply->body[i], 'a' + (int)(i % 26));
    ck_assert_uint_eq(shared_file->refs, 1);
    file_ref_drop(shared_file);
    close_client();
}
END_TEST

START_TEST(a_file_that_shrinks_resets_the_stream)
{
    open_client(send_file, NULL);
    make_file(100000);
    ck_assert_int_eq(ftruncate(shared_file->fd, 20000), 0);
    struct h2_reply *reply = reply_to(h2_client_get(client, "/"));

    ck_assert(!reply->ended);
    ck_assert_uint_eq(reply->error, NGHTTP2_INTERNAL_ERROR);
    ck_assert_str_eq(house->cause, "the file shrank while it was sent");
    file_ref_drop(shared_file);
    close_client();
}
END_TEST

START_TEST(memory_and_files_take_turns_in_one_answer)
{
    open_client(wait_for_test, NULL);
    make_file(26);
    int32_t id = h2_client_get(client, "/");

    h2_client_pump(client);
    house_head(asked[0], 200, -1);
    house_put(asked[0], "<");
    body_put_file(&asked[0]->response.body, shared_file, 0, 3);
    house_put(asked[0], "|");
    body_put_file(&asked[0]->response.body, shared_file, 23, 3);
    house_put(asked[0], ">");
    house_finish(asked[0], BODY_COMPLETE);
    ck_assert(is_text(reply_to(id), "<abc|xyz>"));
    file_ref_drop(shared_file);
    close_client();
}
END_TEST

/* ---- a pace ---- */

static struct rate rate = { .bytes_per_s = 1000 };
static struct pace pace;

static void send_slowly(struct house *self, struct exchange *x)
{
    pace_init(&pace, x->loop);
    pace_add(&pace, &rate);
    x->response.body.pace = &pace;
    send_file(self, x);
}

START_TEST(an_answer_with_a_pace_comes_by_and_by)
{
    open_client(send_slowly, NULL);
    house->limits.send_ms = 500; /* it is not the client that is slow */
    make_file(10000);
    int32_t id = h2_client_get(client, "/");

    ck_assert_uint_eq(reply_to(id)->body_len, 1000);
    for (size_t s = 1; s < 10; s++) {
        house_pass(house, 999);
        ck_assert_uint_eq(reply_to(id)->body_len, 1000 * s);
        house_pass(house, 1);
        ck_assert_uint_eq(reply_to(id)->body_len, 1000 * s + 1000);
    }
    ck_assert(h2_client_reply(client, id)->ended);
    file_ref_drop(shared_file);
    close_client();
}
END_TEST

/* ---- bodies of requests ---- */

static void swallow_all(struct house *self, struct exchange *x)
{
    house_swallow(self, x);
    if (x->request.body.end == BODY_OPEN)
        exchange_want_body(x);
    else if (!x->response.head_sent && x->request.failed == 0)
        house_answer(x, "read");
    else if (!x->response.head_sent) {
        house_head(x, x->request.failed, -1);
        house_finish(x, BODY_COMPLETE);
    }
}

static char content[400000];

static void make_content(void)
{
    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = (char)('a' + i % 23);
}

static const char *const lengths[] = { "content-length: 400000\n", NULL };

START_TEST(a_body_larger_than_the_window_goes_through)
{
    make_content();
    open_client(swallow_all, swallow_all);
    int32_t id = h2_client_upload(client, "/", lengths[_i], content, sizeof(content));

    ck_assert(is_text(reply_to(id), "read"));
    ck_assert_uint_eq(house->received_len, sizeof(content));
    ck_assert_mem_eq(house->received, content, sizeof(content));
    ck_assert_int_eq(house->received_end, BODY_COMPLETE);
    close_client();
}
END_TEST

static void swallow_second(struct house *self, struct exchange *x)
{
    if (x == asked[1])
        swallow_all(self, x);
}

static void start_second(struct house *self, struct exchange *x)
{
    wait_for_test(self, x);
    swallow_second(self, x);
}

START_TEST(a_slow_handler_closes_its_own_window_only)
{
    make_content();
    open_client(start_second, swallow_second);
    h2_client_upload(client, "/slow", NULL, content, sizeof(content));
    h2_client_pump(client);
    ck_assert_uint_eq(client->body_sent, 0x20000);
    ck_assert_uint_eq(asked[0]->request.body.held, 0x20000);

    int32_t other = h2_client_upload(client, "/", NULL, content, sizeof(content));
    ck_assert(is_text(reply_to(other), "read"));
    ck_assert_uint_eq(house->received_len, sizeof(content));
    ck_assert_uint_eq(asked[0]->request.body.held, 0x20000);
    close_client();
}
END_TEST

START_TEST(continue_is_said_when_the_body_is_wanted)
{
    make_content();
    open_client(wait_for_test, NULL);
    client->body_most = 0;
    int32_t id =
        h2_client_upload(client, "/", "content-length: 3\nexpect: 100-continue\n", content, 3);

    ck_assert_str_eq(reply_to(id)->interim, "");
    exchange_want_body(asked[0]);
    ck_assert_str_eq(reply_to(id)->interim, "100 ");
    house->advance = swallow_all;
    h2_client_let_go(client, id, 3);
    ck_assert(is_text(reply_to(id), "read"));
    ck_assert_str_eq(h2_client_reply(client, id)->interim, "100 ");
    close_client();
}
END_TEST

START_TEST(continue_is_not_said_when_the_body_came_unasked)
{
    make_content();
    open_client(swallow_all, swallow_all);
    int32_t id =
        h2_client_upload(client, "/", "content-length: 3\nexpect: 100-continue\n", content, 3);

    ck_assert(is_text(reply_to(id), "read"));
    ck_assert_str_eq(h2_client_reply(client, id)->interim, "");
    close_client();
}
END_TEST

static void hint(struct exchange *x)
{
    struct fields fields = { 0 };

    fields_add(&fields, &x->arena, SLICE("Link"), SLICE("</a>"));
    fields_add(&fields, &x->arena, SLICE("Upgrade"), SLICE("x"));
    exchange_inform(x, 103, &fields);
}

START_TEST(interim_answers_go_out_before_the_head)
{
    open_client(wait_for_test, NULL);
    const int32_t first = h2_client_get(client, "/1");
    const int32_t second = h2_client_get(client, "/2");

    h2_client_pump(client);
    hint(asked[0]);
    ck_assert_str_eq(reply_to(first)->interim, "103 ");
    ck_assert_str_eq(h2_reply_field(h2_client_reply(client, first), "link"), "</a>");
    ck_assert_ptr_null(h2_reply_field(h2_client_reply(client, first), "upgrade"));
    ck_assert_ptr_null(h2_reply_field(h2_client_reply(client, first), "date"));
    hint(asked[0]);
    house_answer(asked[0], "hello");
    ck_assert_str_eq(reply_to(first)->interim, "103 103 ");
    ck_assert_int_eq(h2_client_reply(client, first)->status, 200);
    ck_assert(is_text(h2_client_reply(client, first), "hello"));
    house_answer(asked[1], "hello");
    ck_assert_str_eq(reply_to(second)->interim, "");
    close_client();
}
END_TEST

START_TEST(a_client_that_takes_nothing_is_not_informed)
{
    open_client(wait_for_test, NULL);
    const int32_t id = h2_client_get(client, "/");

    h2_client_pump(client);
    transport_memory_room(house->client, 3);
    hint(asked[0]);
    house_settle(house);
    for (int i = 0; i < 20; i++)
        hint(asked[0]);
    transport_memory_room(house->client, TRANSPORT_MEMORY_UNLIMITED);
    house_answer(asked[0], "hello");
    ck_assert_str_eq(reply_to(id)->interim, "103 ");
    ck_assert(is_text(h2_client_reply(client, id), "hello"));
    close_client();
}
END_TEST

static void add_trailers(struct exchange *x)
{
    struct fields fields = { 0 };

    fields_add(&fields, &x->arena, SLICE("X-Sum"), SLICE("5"));
    fields_add(&fields, &x->arena, SLICE("grpc-status"), SLICE("0"));
    exchange_add_trailers(x, &fields);
}

static void answer_with_trailers(struct house *self, struct exchange *x)
{
    (void)self;
    house_head(x, 200, -1);
    if (!slice_equal_cstr(x->request.target.path, "/empty"))
        house_put(x, content);
    add_trailers(x);
    house_finish(x, BODY_COMPLETE);
}

START_TEST(fields_follow_the_body)
{
    static const char *const paths[] = { "/", "/empty", "/" };

    make_content();
    content[50000] = '\0'; /* more than a frame */
    open_client(answer_with_trailers, NULL);
    for (unsigned i = 0; i < 3; i++) {
        struct h2_reply *reply = reply_to(h2_client_get(client, paths[i]));

        ck_assert_int_eq(reply->status, 200);
        ck_assert_uint_eq(reply->body_len, i == 1 ? 0 : 50000);
        ck_assert_ptr_null(h2_reply_field(reply, "content-length"));
        ck_assert_str_eq(reply->trailers, "\nx-sum: 5\ngrpc-status: 0");
        ck_assert(reply->ended && reply->closed);
        ck_assert_uint_eq(reply->error, NGHTTP2_NO_ERROR);
    }
    ck_assert_uint_eq(house->ended, 3);
    close_client();
}
END_TEST

START_TEST(fields_follow_a_body_that_takes_its_time)
{
    open_client(wait_for_test, NULL);
    const int32_t id = h2_client_get(client, "/");

    h2_client_pump(client);
    house_head(asked[0], 200, -1);
    house_put(asked[0], "hello");
    ck_assert(is_text(reply_to(id), "hello"));
    add_trailers(asked[0]);
    house_finish(asked[0], BODY_COMPLETE);
    ck_assert_str_eq(reply_to(id)->trailers, "\nx-sum: 5\ngrpc-status: 0");
    ck_assert(h2_client_reply(client, id)->ended);
    close_client();
}
END_TEST

START_TEST(nothing_follows_an_answer_that_broke)
{
    open_client(wait_for_test, NULL);
    const int32_t id = h2_client_get(client, "/");

    h2_client_pump(client);
    house_head(asked[0], 200, -1);
    house_put(asked[0], "hello");
    add_trailers(asked[0]);
    house_finish(asked[0], BODY_BROKEN);
    ck_assert_str_eq(reply_to(id)->trailers, "");
    ck_assert_uint_eq(h2_client_reply(client, id)->error, NGHTTP2_INTERNAL_ERROR);
    close_client();
}
END_TEST

START_TEST(a_length_over_the_limit_is_413_at_once)
{
    make_content();
    open_client(NULL, NULL);
    house->limits.head.body_bytes = house->limits.body_bytes = 1000;
    client->body_most = 0;
    int32_t id = h2_client_upload(client, "/", "content-length: 1001\n", content, 1001);

    ck_assert_int_eq(reply_to(id)->status, 413);
    ck_assert(h2_client_reply(client, id)->ended);
    ck_assert(!h2_client_reply(client, id)->closed);
    house_pass(house, 2000); /* then it is told that the rest is in vain */
    h2_client_pump(client);
    ck_assert(h2_client_reply(client, id)->closed);
    ck_assert_uint_eq(h2_client_reply(client, id)->error, NGHTTP2_NO_ERROR);
    ck_assert_uint_eq(house->ended, 1);
    close_client();
}
END_TEST

/* MaxUploadSize, which may be more than MaxRequestSize. */
static const struct {
    const char *method;
    const char *length;
    size_t len;
    int status;
} uploads[] = {
    { "PUT", "content-length: 1500\n", 1500, 200 },  { "PUT", NULL, 1500, 200 },
    { "PUT", "content-length: 1501\n", 1501, 413 },  { "PUT", NULL, 1501, 413 },
    { "POST", "content-length: 1500\n", 1500, 413 },
};

START_TEST(a_put_has_a_limit_of_its_own)
{
    make_content();
    open_client(swallow_all, swallow_all);
    house->limits.head.body_bytes = house->limits.body_bytes = 1000;
    house->limits.head.put_bytes = house->limits.put_bytes = 1500;
    client->method = uploads[_i].method;
    client->body_most = uploads[_i].len;
    int32_t id = h2_client_upload(client, "/", uploads[_i].length, content, uploads[_i].len);

    ck_assert_int_eq(reply_to(id)->status, uploads[_i].status);
    close_client();
}
END_TEST

START_TEST(an_unknown_length_over_the_limit_is_413)
{
    make_content();
    open_client(swallow_all, swallow_all);
    house->limits.head.body_bytes = house->limits.body_bytes = 1000;
    client->body_most = 900;
    int32_t id = h2_client_upload(client, "/", NULL, content, 1001);

    ck_assert_int_eq(reply_to(id)->status, 0);
    h2_client_let_go(client, id, 1001);
    ck_assert_int_eq(reply_to(id)->status, 413);
    ck_assert_uint_eq(house->received_len, 900);
    ck_assert_int_eq(house->received_end, BODY_BROKEN);
    close_client();
}
END_TEST

START_TEST(a_body_that_comes_too_slowly_is_408)
{
    make_content();
    open_client(swallow_all, swallow_all);
    client->body_most = 10;
    int32_t id = h2_client_upload(client, "/", "content-length: 1000\n", content, 1000);

    h2_client_pump(client);
    house_pass(house, 2999);
    ck_assert_int_eq(reply_to(id)->status, 0);
    house_pass(house, 1);
    ck_assert_int_eq(reply_to(id)->status, 408);
    close_client();
}
END_TEST

START_TEST(our_own_pauses_are_not_held_against_the_client)
{
    make_content();
    open_client(wait_for_test, NULL);
    client->body_most = 10;
    int32_t id = h2_client_upload(client, "/", "content-length: 1000\n", content, 1000);

    h2_client_pump(client);
    house_pass(house, 60000); /* nobody took the ten bytes */
    ck_assert_int_eq(reply_to(id)->status, 0);
    house->advance = swallow_all;
    exchange_wake(asked[0]);
    h2_client_pump(client);
    house_pass(house, 2999);
    ck_assert_int_eq(reply_to(id)->status, 0);
    house_pass(house, 1);
    ck_assert_int_eq(reply_to(id)->status, 408);
    close_client();
}
END_TEST

START_TEST(an_answer_before_the_end_of_the_body_is_whole)
{
    make_content();
    open_client(NULL, NULL);
    client->body_most = 100;
    int32_t id = h2_client_upload(client, "/", NULL, content, 1000);

    ck_assert(is_text(reply_to(id), "hello"));
    h2_client_let_go(client, id, 1000); /* it goes on all the same */
    h2_client_pump(client);
    ck_assert(h2_client_reply(client, id)->closed);
    ck_assert_uint_eq(h2_client_reply(client, id)->error, NGHTTP2_NO_ERROR);
    ck_assert_uint_eq(house->ended, 1);
    close_client();
}
END_TEST

/* ---- windows and priorities ---- */

START_TEST(a_client_that_takes_nothing_loses_its_stream_not_the_connection)
{
    open_client(send_file, NULL);
    make_file(200000);
    client->hoards = true;
    int32_t id = h2_client_get(client, "/");

    ck_assert_uint_eq(reply_to(id)->body_len, 65535);
    house_pass(house, 3999);
    ck_assert(!reply_to(id)->closed);
    house_pass(house, 1);
    ck_assert(reply_to(id)->closed);
    ck_assert_uint_eq(h2_client_reply(client, id)->error, NGHTTP2_ENHANCE_YOUR_CALM);
    ck_assert_str_eq(house->cause, "the client was too slow");
    ck_assert_ptr_nonnull(house->conn);
    file_ref_drop(shared_file);
    close_client();
}
END_TEST

START_TEST(the_urgent_answer_comes_first)
{
    open_client(wait_for_test, NULL);
    make_file(100000);
    int32_t late = h2_client_ask(client, "GET", "/", "priority: u=5\n");
    int32_t soon = h2_client_ask(client, "GET", "/", "priority: u=1\n");

    h2_client_pump(client);
    send_file(house, asked[0]);
    send_file(house, asked[1]);
    h2_client_pump(client);
    ck_assert_uint_eq(h2_client_reply(client, late)->body_len, 100000);
    ck_assert_uint_lt(h2_client_reply(client, soon)->at, h2_client_reply(client, late)->at);
    ck_assert_int_eq(strncmp(client->order, "3 3 3 ", 6), 0);
    file_ref_drop(shared_file);
    close_client();
}
END_TEST

SUITE("h2_stream", TEST(a_request_is_answered_and_the_connection_kept),
      TEST(a_hundred_requests_at_once_are_one_write), TEST(bytes_one_by_one_are_the_same),
      LOOP(heads_are_read_as_those_of_http_1, heads), LOOP(malformed_heads_are_reset, malformed),
      TEST(bytes_that_a_field_may_not_have_are_400), LOOP(heads_keep_to_the_limits, sizes),
      TEST(an_answer_comes_as_it_is_made), TEST(answers_come_in_the_order_they_are_ready),
      LOOP(no_body_where_none_may_be, bare), TEST(fields_are_written_as_http_2_wants_them),
      LOOP(what_is_not_whole_is_reset, broken),
      TEST(a_handler_that_gives_up_resets_its_stream_only),
      TEST(a_client_that_resets_ends_the_handler), TEST(a_handler_may_let_go_long_after_the_client),
      TEST(a_file_is_read_in_pieces), TEST(a_file_that_shrinks_resets_the_stream),
      TEST(memory_and_files_take_turns_in_one_answer), TEST(an_answer_with_a_pace_comes_by_and_by),
      LOOP(a_body_larger_than_the_window_goes_through, lengths),
      TEST(a_slow_handler_closes_its_own_window_only),
      TEST(continue_is_said_when_the_body_is_wanted),
      TEST(continue_is_not_said_when_the_body_came_unasked),
      TEST(interim_answers_go_out_before_the_head),
      TEST(a_client_that_takes_nothing_is_not_informed), TEST(fields_follow_the_body),
      TEST(fields_follow_a_body_that_takes_its_time), TEST(nothing_follows_an_answer_that_broke),
      TEST(a_length_over_the_limit_is_413_at_once), LOOP(a_put_has_a_limit_of_its_own, uploads),
      TEST(an_unknown_length_over_the_limit_is_413), TEST(a_body_that_comes_too_slowly_is_408),
      TEST(our_own_pauses_are_not_held_against_the_client),
      TEST(an_answer_before_the_end_of_the_body_is_whole),
      TEST(a_client_that_takes_nothing_loses_its_stream_not_the_connection),
      TEST(the_urgent_answer_comes_first))
