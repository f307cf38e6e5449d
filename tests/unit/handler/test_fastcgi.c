#include "gateway/backend.h"
#include "gateway/desk.h"
#include "gateway/fastcgi_fake.h"
#include "gateway/fcgi_record.h"
#include "gateway/place.h"
#include "gateway/visitor.h"
#include "handler/registry.h"
#include "handler/services.h"
#include "os/fd.h"
#include "os/shortage.h"
#include "os/socket.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIME_MS    5000u
#define SESSION_MS 60000u

/* ---- a house with one section of up to three targets ---- */

static struct visitor *v;
static struct fastcgi_fake *fakes; /* of the targets */
static struct connect_conf targets[3];
static struct fastcgi_conf section;
static struct server_conf conf;
static struct vhost_conf vhost;
static struct host host;
static struct snapshot snapshot;
static struct services services;
static struct mailbox mailbox;
static struct desk desk;
static struct backend_group *groups[1];
static struct verdict verdict;
static unsigned target_count;
static unsigned requests;
static size_t open_before;

static void begin_with(unsigned count, int backlog)
{
    open_before = fd_count_open();
    fakes = calloc(3, sizeof(*fakes));
    ck_assert_ptr_nonnull(fakes);
    for (unsigned i = 0; i < count; i++) {
        fastcgi_fake_open(&fakes[i], backlog);
        targets[i] = (struct connect_conf){ .next = i + 1 < count ? &targets[i + 1] : NULL,
                                            .address = fakes[i].address,
                                            .text = slice_cstr(fakes[i].path),
                                            .weight = 1 };
    }
    target_count = count;
    requests = 0;
    v = visitor_new();
    ck_assert_int_eq(mailbox_open(&mailbox, &v->loop), 0);
    desk_open(&desk, &v->loop, &mailbox);
    section = (struct fastcgi_conf){ .id = SLICE("PHP"),
                                     .targets = targets,
                                     .target_count = count,
                                     .session_timeout_ms = SESSION_MS,
                                     .connect_timeout_ms = 1000,
                                     .keep_ms = 10000,
                                     .queue_length = 256,
                                     .queue_ms = 2000 };
    groups[0] = backend_group_new(&section);
    conf = (struct server_conf){ .max_environment_bytes = 65536, .work_directory = SLICE("/tmp") };
    vhost =
        (struct vhost_conf){ .website_root = SLICE("/srv/www"), .folder.time_for_cgi_ms = TIME_MS };
    host = (struct host){ .conf = &vhost, .name = SLICE("a.example"), .error_log = &v->log };
    snapshot = (struct snapshot){ .conf = &conf };
    services = (struct services){ .loop = &v->loop,
                                  .log = &v->log,
                                  .snapshot = &snapshot,
                                  .desk = &desk,
                                  .backends = groups,
                                  .backend_count = 1 };
    verdict = (struct verdict){
        .answer = ANSWER_FASTCGI,
        .host = &host,
        .folder = &vhost.folder,
        .fastcgi = &section,
        .resource = { .relative = SLICE("a.php"),
                      .absolute = SLICE("/srv/www/a.php"),
                      .script_name = SLICE("/a.php") },
    };
    v->handler = &handler_fastcgi;
    v->verdict = &verdict;
    v->host = &host;
    v->services = &services;
}

static void begin(unsigned count)
{
    begin_with(count, 64);
}

/* Everything was given back. */
static void end(void)
{
    ck_assert_ptr_null(v->x);
    ck_assert_uint_eq(v->ended, requests);
    for (unsigned i = 0; i < target_count; i++) {
        ck_assert_uint_eq(atomic_load(&groups[0]->targets[i].now), 0);
        fastcgi_fake_close(&fakes[i]);
    }
    place_close_kept(groups[0], &desk);
    for (unsigned i = 0; i < target_count; i++)
        ck_assert_uint_eq(groups[0]->targets[i].open, 0);
    ck_assert_uint_eq(groups[0]->waiting, 0);
    backend_group_free(groups[0]);
    desk_close(&desk);
    mailbox_close(&mailbox);
    visitor_free(v);
    free(fakes);
    ck_assert_uint_eq(fd_count_open(), open_before);
}

static void ask(const char *method, int64_t body_len, void (*prepare)(struct exchange *x))
{
    requests++;
    visitor_ask(v, method, "/a.php?q", body_len, prepare);
}

static void get(void)
{
    ask("GET", VISITOR_NO_BODY, NULL);
}

/* The target that the request came to; fails when it came to none or to two. */
static struct fastcgi_fake *accept_one(void)
{
    struct fastcgi_fake *found = NULL;

    for (unsigned i = 0; i < target_count; i++) {
        if (!fastcgi_fake_accept(&fakes[i]))
            continue;
        ck_assert_ptr_null(found);
        found = &fakes[i];
    }
    ck_assert_ptr_nonnull(found);
    visitor_settle(v); /* what was greeted goes on */
    fastcgi_fake_read(found, SIZE_MAX);
    return found;
}

static void say(struct fastcgi_fake *fake, const char *text)
{
    fastcgi_fake_say(fake, FCGI_STDOUT, text);
    visitor_settle(v);
}

static void end_request(struct fastcgi_fake *fake)
{
    fastcgi_fake_end(fake, 0, FCGI_COMPLETE);
    visitor_settle(v);
}

static void hang_up(struct fastcgi_fake *fake)
{
    fastcgi_fake_hang_up(fake);
    visitor_settle(v);
}

static void answer(struct fastcgi_fake *fake)
{
    say(fake, "Content-Type: text/plain\r\n\r\nhello");
    end_request(fake);
    ck_assert_int_eq(v->status, 200);
    ck_assert_int_eq(v->end, BODY_COMPLETE);
}

static void check_body(const char *text)
{
    v->body[v->body_len] = '\0';
    ck_assert_str_eq(v->body, text);
}

static void check_failure(int status, const char *why)
{
    ck_assert_int_eq(v->status, status);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), status >= 500);
    ck_assert_msg(visitor_log_has(v, why), "'%s' is not in the log: '%s'", why,
                  v->lines[v->line_count ? v->line_count - 1 : 0]);
}

static void check_cut(enum reset_reason reason, const char *why)
{
    ck_assert_int_eq(v->reset, reason);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), 1);
    ck_assert_msg(visitor_log_has(v, why), "'%s' is not in the log: '%s'", why, v->lines[0]);
}

static bool is_closed(struct fastcgi_fake *fake)
{
    fastcgi_fake_read(fake, SIZE_MAX);
    return fake->closed;
}

/* ---- requests ---- */

static void add_authorization(struct exchange *x)
{
    fields_add(&x->request.fields, &x->arena, SLICE("Authorization"), SLICE("Basic x"));
}

START_TEST(a_get_comes_whole_in_one_go)
{
    begin(1);
    ask("GET", VISITOR_NO_BODY, add_authorization);
    struct fastcgi_fake *fake = accept_one();
    ck_assert_uint_eq(fake->begins, 1);
    ck_assert(fake->params_ended && fake->body_ended);
    ck_assert_str_eq(fastcgi_fake_param(fake, "SCRIPT_FILENAME"), "/srv/www/a.php");
    ck_assert_str_eq(fastcgi_fake_param(fake, "REQUEST_METHOD"), "GET");
    ck_assert_str_eq(fastcgi_fake_param(fake, "HTTP_AUTHORIZATION"), "Basic x");
    ck_assert_ptr_null(fastcgi_fake_param(fake, "CONTENT_LENGTH"));
    ck_assert_ptr_null(fastcgi_fake_param(fake, "PATH"));
    answer(fake);
    check_body("hello");
    ck_assert_str_eq(v->fields, "Content-Type: text/plain\n");
    ck_assert(is_closed(fake)); /* at once: its worker is free */
    ck_assert_uint_eq(v->line_count, 0);
    ck_assert_uint_eq(atomic_load(&groups[0]->targets[0].requests), 1);
    end();
}
END_TEST

START_TEST(the_root_of_a_program_in_a_chroot_is_taken_off)
{
    begin(1);
    section.server_root = SLICE("/srv/");
    get();
    struct fastcgi_fake *fake = accept_one();
    ck_assert_str_eq(fastcgi_fake_param(fake, "SCRIPT_FILENAME"), "/www/a.php");
    ck_assert_str_eq(fastcgi_fake_param(fake, "DOCUMENT_ROOT"), "/www");
    answer(fake);
    end();
}
END_TEST

START_TEST(a_body_of_known_length_is_streamed)
{
    begin(1);
    ask("POST", 11, NULL);
    struct fastcgi_fake *fake = accept_one();
    ck_assert_str_eq(fastcgi_fake_param(fake, "CONTENT_LENGTH"), "11");
    ck_assert_uint_eq(fake->body_len, 0);
    visitor_send(v, "hello ");
    visitor_send(v, "world");
    fastcgi_fake_read(fake, SIZE_MAX);
    ck_assert_uint_eq(fake->body_len, 11);
    ck_assert(!fake->body_ended);
    visitor_end_body(v, BODY_COMPLETE);
    fastcgi_fake_read(fake, SIZE_MAX);
    ck_assert(fake->body_ended);
    ck_assert(memcmp(fake->body, "hello world", 11) == 0);
    answer(fake);
    end();
}
END_TEST

START_TEST(a_long_body_passes_with_bounded_memory)
{
    const size_t len = 1 << 20;
    size_t sent = 0;

    begin(1);
    ask("POST", (int64_t)len, NULL);
    struct fastcgi_fake *fake = accept_one();
    while (sent < len) {
        size_t before = v->x->request.body.put_bytes;
        visitor_send_many(v, len - sent);
        sent += v->x->request.body.put_bytes - before;
        ck_assert_uint_le(v->x->request.body.held, BODY_HIGH + 4096);
        fastcgi_fake_read(fake, 10000);
        visitor_settle(v);
    }
    visitor_end_body(v, BODY_COMPLETE);
    for (unsigned i = 0; i < 100 && !fake->body_ended; i++) {
        fastcgi_fake_read(fake, SIZE_MAX);
        visitor_settle(v);
    }
    ck_assert_uint_eq(fake->body_len, len);
    ck_assert(fake->body_ended);
    answer(fake);
    end();
}
END_TEST

static const size_t collected_lens[] = { 11, 200000 }; /* in memory, in a file */

START_TEST(a_body_of_unknown_length_is_collected_first)
{
    const size_t len = collected_lens[_i];

    begin(1);
    ask("POST", VISITOR_CHUNKED, NULL);
    for (size_t sent = 0; sent < len; sent = v->x->request.body.put_bytes)
        visitor_send_many(v, len - sent);
    ck_assert(!fastcgi_fake_accept(&fakes[0]));
    visitor_end_body(v, BODY_COMPLETE);
    struct fastcgi_fake *fake = accept_one();
    for (unsigned i = 0; i < 100 && !fake->body_ended; i++) {
        visitor_settle(v);
        fastcgi_fake_read(fake, SIZE_MAX);
    }
    char digits[24];
    snprintf(digits, sizeof(digits), "%zu", len);
    ck_assert_str_eq(fastcgi_fake_param(fake, "CONTENT_LENGTH"), digits);
    ck_assert_uint_eq(fake->body_len, len);
    for (size_t i = 0; i < len; i++)
        ck_assert_int_eq(fake->body[i], 'b');
    answer(fake);
    end();
}
END_TEST

static void expect_continue(struct exchange *x)
{
    x->request.expects_continue = true;
}

START_TEST(the_body_is_wanted_only_once_a_target_is_there)
{
    begin_with(1, 0);
    fastcgi_fake_stop(&fakes[0], false);
    ask("POST", 5, expect_continue);
    ck_assert_uint_eq(v->interims, 0);
    ck_assert_int_eq(v->status, 503);
    end();

    begin(1);
    ask("POST", 5, expect_continue);
    ck_assert_uint_eq(v->interims, 0);
    struct fastcgi_fake *fake = accept_one();
    ck_assert_uint_eq(v->interims, 1);
    answer(fake);
    end();
}
END_TEST

START_TEST(an_early_answer_to_a_large_upload_is_heard)
{
    begin(1);
    ask("POST", 1 << 30, NULL);
    struct fastcgi_fake *fake = accept_one();
    for (unsigned i = 0; i < 40; i++)
        visitor_send_many(v, 65536);
    ck_assert_uint_eq(body_room(&v->x->request.body), 0); /* it does not read: the client waits */
    fastcgi_fake_say(fake, FCGI_STDOUT, "Status: 413 Too Much\r\n\r\nno");
    fastcgi_fake_end(fake, 0, FCGI_COMPLETE);
    fastcgi_fake_hang_up(fake);
    visitor_settle(v);
    ck_assert_int_eq(v->status, 413);
    check_body("no");
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(a_program_that_closes_its_ear_is_heard)
{
    begin(1);
    ask("POST", 1 << 30, NULL);
    struct fastcgi_fake *fake = accept_one();
    shutdown(fake->fd, SHUT_RD);
    for (unsigned i = 0; i < 10; i++)
        visitor_send_many(v, 65536);
    ck_assert_uint_gt(body_room(&v->x->request.body), 0); /* the rest is thrown away */
    answer(fake);
    end();
}
END_TEST

START_TEST(a_body_that_breaks_ends_the_request)
{
    begin(1);
    ask("POST", 100, NULL);
    struct fastcgi_fake *fake = accept_one();
    visitor_send(v, "half");
    visitor_end_body(v, BODY_BROKEN);
    ck_assert_int_eq(v->status, 400);
    ck_assert(is_closed(fake));
    ck_assert(!fake->body_ended);
    end();
}
END_TEST

/* ---- answers ---- */

START_TEST(an_answer_at_every_split)
{
    static const char bytes[] = "\x01\x06\x00\x01\x00\x0a\x06\x00Status: 20pppppp"
                                "\x01\x07\x00\x01\x00\x05\x00\x00oops\n"
                                "\x01\x06\x00\x01\x00\x0b\x00\x00"
                                "1\r\n\r\nhello\n"
                                "\x01\x06\x00\x01\x00\x00\x00\x00"
                                "\x01\x03\x00\x01\x00\x08\x00\x00\0\0\0\0\0\0\0\0";
    const size_t len = sizeof(bytes) - 1;

    begin(1);
    for (size_t cut = 1; cut < len; cut++) {
        get();
        struct fastcgi_fake *fake = accept_one();
        v->line_count = 0;
        fastcgi_fake_say_raw(fake, bytes, cut);
        visitor_settle(v);
        fastcgi_fake_say_raw(fake, bytes + cut, len - cut);
        visitor_settle(v);
        ck_assert_int_eq(v->status, 201);
        check_body("hello\n");
        ck_assert_uint_eq(v->line_count, 1);
        ck_assert_ptr_nonnull(strstr(v->lines[0], "a.example: /srv/www/a.php: oops"));
    }
    end();
}
END_TEST

START_TEST(an_answer_byte_by_byte)
{
    static const char bytes[] = "\x01\x06\x00\x01\x00\x0e\x02\x00Status: 201\n\nApp"
                                "\x01\x03\x00\x01\x00\x08\x00\x00\0\0\0\0\0\0\0\0";

    begin(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
        fastcgi_fake_say_raw(fake, bytes + i, 1);
        visitor_settle(v);
    }
    ck_assert_int_eq(v->status, 201);
    check_body("A");
    end();
}
END_TEST

START_TEST(what_was_said_is_on_its_way_at_once)
{
    begin(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    say(fake, "Content-Type: text/event-stream\r\n\r\n");
    ck_assert_int_eq(v->status, 200);
    say(fake, "data: 1\n\n");
    check_body("data: 1\n\n");
    say(fake, "data: 2\n\n");
    check_body("data: 1\n\ndata: 2\n\n");
    end_request(fake);
    end();
}
END_TEST

START_TEST(a_flood_on_stderr_before_the_head)
{
    begin(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    for (unsigned i = 0; i < 1000; i++) {
        fastcgi_fake_say(fake, FCGI_STDERR, "PHP Warning:  again and again");
        fastcgi_fake_say(fake, FCGI_STDERR, " and again\n");
        visitor_settle(v);
    }
    answer(fake);
    ck_assert_uint_eq(v->line_count, 201);
    ck_assert(visitor_log_has(v, "800 more lines suppressed"));
    end();
}
END_TEST

START_TEST(a_slow_client_makes_the_program_wait)
{
    static char record[8 + 32768];
    size_t said = 0;

    begin(1);
    v->stalled = true;
    get();
    struct fastcgi_fake *fake = accept_one();
    say(fake, "Content-Type: a/b\r\n\r\n");
    fcgi_head_encode(FCGI_STDOUT, 32768, (unsigned char *)record);
    memset(record + 8, 'm', 32768);
    for (;;) {
        ssize_t put = send(fake->fd, record, sizeof(record), MSG_NOSIGNAL);
        visitor_settle(v);
        if (put < 0)
            break;
        said += (size_t)put;
        if (put < (ssize_t)sizeof(record)) { /* the rest of the record, when there is room again */
            v->stalled = false;
            visitor_take_again(v);
            fastcgi_fake_say_raw(fake, record + put, sizeof(record) - (size_t)put);
            said += sizeof(record) - (size_t)put;
            v->stalled = true;
        }
        ck_assert_uint_lt(said, 1 << 21);
        if (said > 1 << 20)
            break;
    }
    ck_assert_uint_le(v->x->response.body.held, BODY_HIGH + 65536);
    visitor_take_again(v);
    end_request(fake);
    ck_assert_uint_eq(v->body_len, said / sizeof(record) * 32768);
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    end();
}
END_TEST

START_TEST(too_few_bytes_cut_the_answer)
{
    begin(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    say(fake, "Content-Length: 50\r\n\r\nhello");
    end_request(fake);
    check_cut(RESET_BROKEN, "5 of the 50 bytes");
    end();
}
END_TEST

START_TEST(surplus_is_cut_and_told)
{
    begin(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    say(fake, "Content-Length: 5\r\n\r\nhello world");
    end_request(fake);
    check_body("hello");
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert(visitor_log_has(v, "Content-Length"));
    end();
}
END_TEST

START_TEST(a_status_at_the_end_is_told)
{
    begin(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    say(fake, "Content-Type: a/b\r\n\r\n");
    fastcgi_fake_end(fake, 3, FCGI_COMPLETE);
    visitor_settle(v);
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert(visitor_log_has(v, "ended with status 3"));
    end();
}
END_TEST

START_TEST(unknown_records_are_skipped_and_told)
{
    begin(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    fastcgi_fake_say(fake, 11, "12345678");
    answer(fake);
    ck_assert(visitor_log_has(v, "skipped 1 records"));
    end();
}
END_TEST

/* ---- ends without END_REQUEST ---- */

static const struct {
    const char *method;
    const char *said;
    bool output_ended;
    bool good;
} ends[] = {
    { "GET", "Content-Length: 5\r\n\r\nhello", false, true },
    { "GET", "Content-Type: a/b\r\n\r\nhello", true, true },
    { "GET", "Status: 204\r\n\r\n", false, true },
    { "HEAD", "Content-Type: a/b\r\n\r\n", false, true },
    { "GET", "Content-Type: a/b\r\n\r\nhello", false, false },
    { "GET", "Content-Length: 6\r\n\r\nhello", true, false },
};

START_TEST(an_end_without_end_request_is_good_when_all_is_there)
{
    begin(1);
    ask(ends[_i].method, VISITOR_NO_BODY, NULL);
    struct fastcgi_fake *fake = accept_one();
    say(fake, ends[_i].said);
    if (ends[_i].output_ended)
        say(fake, "");
    hang_up(fake);
    if (ends[_i].good) {
        ck_assert_int_eq(v->end, BODY_COMPLETE);
        ck_assert_uint_eq(v->line_count, 0);
    } else {
        ck_assert_int_eq(v->reset, RESET_BROKEN);
        ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), 1);
    }
    end();
}
END_TEST

/* ---- failures: 502 ---- */

static const struct {
    struct slice said; /* raw */
    bool hang_up;
    const char *why;
} failures[] = {
    { SLICE_INIT(""), true, "closed before the head" },
    { SLICE_INIT("\x01\x06\0\1\0\4\0\0Stat"), true, "closed before the head" },
    { SLICE_INIT("\x01\x06\0\1\0\0\0\0\x01\x03\0\1\0\10\0\0\0\0\0\0\0\0\0\0"), false,
      "it gave no output" },
    { SLICE_INIT("\x01\x06\0\1\0\4\0\0<p>x\x01\x03\0\1\0\10\0\0\0\0\0\0\0\0\0\0"), false,
      "its output has no head; it begins with '<p>x'" },
    { SLICE_INIT("\x01\x06\0\1\0\14\0\0Status: 99\n\n"), false, "its Status is not a number" },
    { SLICE_INIT("\x01\x03\0\1\0\10\0\0\0\0\0\0\3\0\0\0"), false, "UNKNOWN_ROLE" },
    { SLICE_INIT("\x01\x03\0\1\0\10\0\0\0\0\0\0\x9\0\0\0"), false, "unknown status" },
    { SLICE_INIT("\x01\x06\0\2\0\0\0\0"), false, "a request that was not made" },
    { SLICE_INIT("HTTP/1.1 400 Bad Request\r\n\r\n"), false, "does it speak FastCGI?" },
};

START_TEST(an_answer_that_is_none_is_502)
{
    begin(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    fastcgi_fake_say(fake, FCGI_STDERR, "PHP Fatal error:  out of memory");
    fastcgi_fake_say_raw(fake, failures[_i].said.at, failures[_i].said.len);
    visitor_settle(v);
    if (failures[_i].hang_up)
        hang_up(fake);
    check_failure(502, failures[_i].why);
    ck_assert(visitor_log_has(v, "PHP Fatal error:  out of memory"));
    ck_assert_uint_eq(atomic_load(&groups[0]->targets[0].failed_requests), 1);
    end();
}
END_TEST

/* ---- failures: another target, 503 ---- */

START_TEST(a_refusal_leads_to_the_next_target)
{
    begin(3);
    fastcgi_fake_stop(&fakes[0], false);
    fastcgi_fake_stop(&fakes[1], true);
    get();
    struct fastcgi_fake *fake = accept_one();
    ck_assert_ptr_eq(fake, &fakes[2]);
    answer(fake);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), 0);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_WARNING), 2);
    ck_assert(visitor_log_has(v, "resting it for 1 s"));

    v->line_count = 0; /* they rest: nobody asks them now */
    get();
    answer(accept_one());
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(when_all_refuse_the_answer_is_503)
{
    begin(2);
    fastcgi_fake_stop(&fakes[0], true);
    fastcgi_fake_stop(&fakes[1], false);
    get();
    check_failure(503, "no target is left");
    ck_assert(visitor_log_has(v, "does the program run?"));
    ck_assert_ptr_nonnull(strstr(v->fields, "Retry-After: "));
    end();
}
END_TEST

START_TEST(a_target_that_comes_back_is_used_again)
{
    begin(1);
    int listener = fakes[0].listener;
    fakes[0].listener = -1;
    char hidden[sizeof(fakes[0].path) + 8];
    snprintf(hidden, sizeof(hidden), "%s.hidden", fakes[0].path);
    ck_assert_int_eq(rename(fakes[0].path, hidden), 0);
    get();
    check_failure(503, "the socket is not there");
    ck_assert_int_eq(rename(hidden, fakes[0].path), 0);
    fakes[0].listener = listener;
    get(); /* one target: it is asked each time */
    answer(accept_one());
    end();
}
END_TEST

START_TEST(an_overloaded_target_leads_to_the_next_with_the_whole_body)
{
    begin(2);
    ask("POST", 11, NULL);
    struct fastcgi_fake *first = accept_one();
    visitor_send(v, "hello world");
    visitor_end_body(v, BODY_COMPLETE);
    fastcgi_fake_end(first, 0, FCGI_OVERLOADED);
    visitor_settle(v);
    struct fastcgi_fake *second = accept_one();
    ck_assert_ptr_ne(first, second);
    ck_assert_uint_eq(second->body_len, 11);
    ck_assert(memcmp(second->body, "hello world", 11) == 0);
    ck_assert(second->body_ended);
    answer(second);
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(an_overloaded_target_that_has_eaten_a_long_body_is_503)
{
    begin(2);
    ask("POST", 1 << 20, NULL);
    struct fastcgi_fake *first = accept_one();
    visitor_send_many(v, 65536);
    fastcgi_fake_end(first, 0, FCGI_OVERLOADED);
    visitor_settle(v);
    check_failure(503, "overloaded");
    end();
}
END_TEST

START_TEST(a_busy_target_is_asked_again_for_a_while)
{
    begin(1);
    get();
    for (unsigned i = 0; i < 5; i++) {
        fastcgi_fake_end(accept_one(), 0, FCGI_OVERLOADED);
        visitor_settle(v);
        ck_assert_int_eq(v->status, 0);
        visitor_pass(v, 50);
    }
    answer(accept_one());
    end();
}
END_TEST

START_TEST(a_full_queue_is_busy_and_not_down)
{
    int filler[8];
    unsigned count = 0;

    begin_with(1, 0);
    while (count < 8 && socket_connect(&fakes[0].address, &filler[count]) == 0)
        count++;
    ck_assert_uint_lt(count, 8); /* the queue is full now: EAGAIN */
    get();
    visitor_pass(v, 1000);
    ck_assert_int_eq(v->status, 0);
    while (count > 0) {
        ck_assert(fastcgi_fake_accept(&fakes[0]));
        fd_close(&filler[--count]);
    }
    visitor_pass(v, 50);
    answer(accept_one());
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(a_queue_that_stays_full_is_503)
{
    int filler[8];
    unsigned count = 0;

    begin_with(1, 0);
    while (count < 8 && socket_connect(&fakes[0].address, &filler[count]) == 0)
        count++;
    get();
    visitor_pass(v, 1900);
    ck_assert_int_eq(v->status, 0);
    visitor_pass(v, 200);
    check_failure(503, "every target is busy");
    while (count > 0)
        fd_close(&filler[--count]);
    end();
}
END_TEST

START_TEST(a_get_that_was_closed_before_a_word_goes_to_one_other_target)
{
    begin(3);
    get();
    hang_up(accept_one());
    hang_up(accept_one());
    check_failure(502, "closed before the head");
    ck_assert(visitor_log_has(v, "trying another target"));
    end();
}
END_TEST

START_TEST(the_only_target_is_asked_once_more)
{
    begin(1);
    get();
    hang_up(accept_one());
    answer(accept_one());
    ck_assert(visitor_log_has(v, "trying once more"));
    get();
    hang_up(accept_one());
    hang_up(accept_one());
    check_failure(502, "closed before the head");
    v->line_count = 0;
    get();
    struct fastcgi_fake *fake = accept_one();
    fastcgi_fake_say(fake, FCGI_STDERR, "x"); /* it has begun to work */
    hang_up(fake);
    check_failure(502, "closed before the head");
    end();
}
END_TEST

START_TEST(a_post_that_may_have_been_executed_is_not_repeated)
{
    begin(2);
    ask("POST", 0, NULL);
    hang_up(accept_one());
    check_failure(502, "closed before the head");
    end();
}
END_TEST

START_TEST(a_get_that_was_reset_in_the_queue_waits_for_its_target)
{
    begin(1);
    section.restart_hold_ms = 3000;
    get();
    char hidden[sizeof(fakes[0].path) + 8];
    snprintf(hidden, sizeof(hidden), "%s.hidden", fakes[0].path);
    ck_assert_int_eq(rename(fakes[0].path, hidden), 0);
    fd_close(&fakes[0].listener); /* nobody had taken the connection */
    visitor_settle(v);
    visitor_pass(v, 500);
    ck_assert_int_eq(v->status, 0);
    ck_assert(visitor_log_has(v, "trying once more"));
    ck_assert(visitor_log_has(v, "is gone: No such file or directory; its requests wait"));
    ck_assert_int_eq(socket_listen(&fakes[0].address, 8, &fakes[0].listener), 0);
    visitor_pass(v, 100);
    answer(accept_one());
    ck_assert(visitor_log_has(v, "is there again, after"));
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), 0);
    unlink(hidden);
    end();
}
END_TEST

START_TEST(a_target_that_starts_anew_is_waited_for)
{
    begin(1);
    section.restart_hold_ms = 3000;
    section.queue_ms = 10000;
    fastcgi_fake_stop(&fakes[0], true);
    ask("POST", 0, NULL);
    visitor_pass(v, 1000);
    ck_assert_int_eq(v->status, 0);
    ck_assert_int_eq(socket_listen(&fakes[0].address, 8, &fakes[0].listener), 0);
    visitor_pass(v, 100);
    answer(accept_one());
    fastcgi_fake_stop(&fakes[0], true);
    v->line_count = 0;
    get();
    visitor_pass(v, 2500);
    ck_assert_int_eq(v->status, 0);
    visitor_pass(v, 500);
    check_failure(503, "no target is left");
    ck_assert(visitor_log_has(v, "resting it for 1 s"));
    v->line_count = 0;
    get(); /* known to be gone: nobody waits for it again */
    check_failure(503, "the socket is not there");
    end();
}
END_TEST

/* ---- kept connections ---- */

static void begin_kept(unsigned count)
{
    begin(count);
    section.keep_connections = 4;
}

START_TEST(a_kept_connection_serves_the_next_request)
{
    begin_kept(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    ck_assert(fake->keep);
    answer(fake);
    ck_assert(!is_closed(fake));
    for (unsigned i = 0; i < 3; i++) {
        ask("POST", 5, NULL);
        visitor_send(v, "hello");
        visitor_end_body(v, BODY_COMPLETE);
        ck_assert(!fastcgi_fake_accept(fake));
        fastcgi_fake_again(fake);
        visitor_settle(v);
        fastcgi_fake_read(fake, SIZE_MAX);
        ck_assert_uint_eq(fake->begins, 1);
        ck_assert(fake->body_ended);
        answer(fake);
        check_body("hello");
    }
    ck_assert_uint_eq(atomic_load(&groups[0]->targets[0].requests), 4);
    end();
}
END_TEST

START_TEST(a_connection_with_something_left_over_is_not_kept)
{
    begin_kept(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    say(fake, "Status: 200\r\n\r\nhello");
    fastcgi_fake_end(fake, 0, FCGI_COMPLETE);
    fastcgi_fake_say(fake, FCGI_STDOUT, "Status: 200\r\n\r\nfor the next one");
    visitor_settle(v);
    check_body("hello");
    ck_assert(is_closed(fake));
    end();
}
END_TEST

START_TEST(a_kept_connection_that_dies_with_a_get_is_replaced)
{
    begin_kept(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    answer(fake);
    get();
    hang_up(fake); /* it had the request already, but said nothing */
    answer(accept_one());
    check_body("hello");
    ck_assert_uint_eq(v->line_count, 0);
    ck_assert_uint_eq(atomic_load(&groups[0]->targets[0].failed_requests), 0);
    end();
}
END_TEST

START_TEST(a_kept_connection_that_dies_with_a_post_is_502)
{
    begin_kept(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    answer(fake);
    ask("POST", 0, NULL);
    fastcgi_fake_again(fake);
    visitor_settle(v);
    hang_up(fake);
    check_failure(502, "closed before the head");
    end();
}
END_TEST

START_TEST(a_kept_connection_that_died_before_is_not_used_for_a_post)
{
    begin_kept(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    answer(fake);
    fd_close(&fake->fd); /* the loop has not seen it yet */
    ask("POST", 0, NULL);
    answer(accept_one());
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

/* CollectBody */
START_TEST(a_body_that_fits_is_complete_before_a_target_is_asked)
{
    begin(1);
    section.collect_bytes = 16;
    ask("POST", 11, NULL);
    ck_assert(!fastcgi_fake_accept(&fakes[0]));
    visitor_send(v, "hello world");
    ck_assert(!fastcgi_fake_accept(&fakes[0]));
    visitor_end_body(v, BODY_COMPLETE);
    struct fastcgi_fake *fake = accept_one();
    ck_assert(fake->body_ended);
    ck_assert(memcmp(fake->body, "hello world", 11) == 0);
    answer(fake);
    ask("POST", 17, NULL); /* a longer one is passed on as it comes */
    answer(accept_one());
    end();
}
END_TEST

/* ---- sticky ---- */

START_TEST(a_client_stays_with_its_target)
{
    begin(3);
    get();
    struct fastcgi_fake *own = accept_one();
    answer(own);
    for (unsigned i = 0; i < 5; i++) {
        visitor_pass(v, SESSION_MS - 1);
        get();
        ck_assert_ptr_eq(accept_one(), own);
        answer(own);
    }
    visitor_pass(v, SESSION_MS);
    get();
    struct fastcgi_fake *other = accept_one();
    ck_assert_ptr_ne(other, own); /* its turn has passed on */
    answer(other);
    end();
}
END_TEST

START_TEST(a_client_whose_target_dies_moves_once)
{
    begin(2);
    get();
    struct fastcgi_fake *own = accept_one();
    answer(own);
    fastcgi_fake_stop(own, false);
    get();
    struct fastcgi_fake *other = accept_one();
    ck_assert_ptr_ne(other, own);
    answer(other);
    visitor_pass(v, 5000); /* the dead one does not rest any more, but the client has moved */
    get();
    ck_assert_ptr_eq(accept_one(), other);
    answer(other);
    end();
}
END_TEST

/* ---- time ---- */

START_TEST(a_silent_program_gets_504_and_its_connection_is_closed)
{
    begin(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    visitor_pass(v, TIME_MS - 1);
    ck_assert_int_eq(v->status, 0);
    visitor_pass(v, 1);
    check_failure(504, "TimeForCGI (5 s) is over");
    ck_assert(is_closed(fake));
    end();
}
END_TEST

START_TEST(output_does_not_prolong_the_time)
{
    begin(1);
    get();
    struct fastcgi_fake *fake = accept_one();
    say(fake, "Content-Type: a/b\r\n\r\n");
    for (unsigned i = 0; i < 5; i++) {
        say(fake, "dot");
        visitor_pass(v, TIME_MS / 5);
    }
    check_cut(RESET_DEADLINE, "TimeForCGI (5 s) is over");
    end();
}
END_TEST

START_TEST(a_slow_upload_is_not_the_programs_time)
{
    begin(1);
    ask("POST", 10, NULL);
    struct fastcgi_fake *fake = accept_one();
    for (unsigned i = 0; i < 10; i++) {
        visitor_pass(v, TIME_MS - 1);
        visitor_send(v, "b");
    }
    visitor_end_body(v, BODY_COMPLETE);
    ck_assert_int_eq(v->status, 0);
    visitor_pass(v, TIME_MS - 1);
    answer(fake);
    end();
}
END_TEST

START_TEST(a_connect_that_takes_too_long_leads_to_the_next_target)
{
    int listener;
    int filler[16];
    unsigned count = 0;
    union socket_address address = { .in4 = { .sin_family = AF_INET,
                                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };

    begin(2);
    ck_assert_int_eq(socket_listen(&address, 0, &listener), 0);
    ck_assert_int_eq(socket_local_address(listener, &groups[0]->targets[0].address), 0);
    targets[0].text = SLICE("127.0.0.1:0");
    for (; count < 16; count++) { /* a full queue drops what comes: connects hang */
        int r = socket_connect(&groups[0]->targets[0].address, &filler[count]);
        ck_assert(r == 0 || r == -EINPROGRESS);
    }
    get();
    ck_assert(!fastcgi_fake_accept(&fakes[1]));
    visitor_pass(v, 999);
    ck_assert(!fastcgi_fake_accept(&fakes[1]));
    visitor_pass(v, 1);
    answer(accept_one());
    ck_assert(visitor_log_has(v, "cannot reach 127.0.0.1:0: Connection timed out"));
    while (count > 0)
        fd_close(&filler[--count]);
    fd_close(&listener);
    end();
}
END_TEST

/* That says nothing about the target: the next request asks it at once. */
START_TEST(without_descriptors_of_ours_no_target_rests)
{
    begin(1);
    shortage_begin(0);
    get();
    shortage_end();
    check_failure(503, "Too many open files; raise the limit of open files");
    get();
    answer(accept_one());
    end();
}
END_TEST

START_TEST(a_target_on_tcp)
{
    int listener;
    int fd = -1;
    union socket_address peer;
    union socket_address address = { .in4 = { .sin_family = AF_INET,
                                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };

    begin(1);
    ck_assert_int_eq(socket_listen(&address, 8, &listener), 0);
    ck_assert_int_eq(socket_local_address(listener, &groups[0]->targets[0].address), 0);
    fd_close(&fakes[0].listener);
    get();
    while (socket_accept(listener, &peer, &fd) < 0)
        visitor_settle(v);
    fd_close(&fakes[0].fd);
    fakes[0].fd = fd;
    for (unsigned i = 0; i < 1000 && !fakes[0].body_ended; i++) {
        visitor_settle(v);
        fastcgi_fake_read(&fakes[0], SIZE_MAX);
    }
    ck_assert(fakes[0].body_ended);
    fastcgi_fake_say(&fakes[0], FCGI_STDOUT, "Status: 201\r\n\r\nhello");
    fastcgi_fake_end(&fakes[0], 0, FCGI_COMPLETE);
    for (unsigned i = 0; i < 1000 && v->end == BODY_OPEN; i++)
        visitor_settle(v);
    ck_assert_int_eq(v->status, 201);
    check_body("hello");
    fd_close(&listener);
    end();
}
END_TEST

/* ---- clients that leave ---- */

static const bool after_head[] = { false, true };

START_TEST(a_client_that_leaves_frees_the_program)
{
    begin(1);
    ask("POST", 100, NULL);
    struct fastcgi_fake *fake = accept_one();
    if (after_head[_i])
        say(fake, "Content-Type: a/b\r\n\r\nhalf");
    visitor_leave(v, RESET_CLIENT_GONE);
    ck_assert(is_closed(fake));
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(a_client_that_leaves_while_all_are_busy)
{
    begin(1);
    get();
    fastcgi_fake_end(accept_one(), 0, FCGI_OVERLOADED);
    visitor_settle(v);
    visitor_leave(v, RESET_CLIENT_GONE);
    visitor_pass(v, 5000);
    ck_assert(!fastcgi_fake_accept(&fakes[0]));
    end();
}
END_TEST

SUITE("fastcgi", TEST(a_get_comes_whole_in_one_go),
      TEST(the_root_of_a_program_in_a_chroot_is_taken_off),
      TEST(a_body_of_known_length_is_streamed), TEST(a_long_body_passes_with_bounded_memory),
      LOOP(a_body_of_unknown_length_is_collected_first, collected_lens),
      TEST(the_body_is_wanted_only_once_a_target_is_there),
      TEST(an_early_answer_to_a_large_upload_is_heard),
      TEST(a_program_that_closes_its_ear_is_heard), TEST(a_body_that_breaks_ends_the_request),
      TEST(an_answer_at_every_split), TEST(an_answer_byte_by_byte),
      TEST(what_was_said_is_on_its_way_at_once), TEST(a_flood_on_stderr_before_the_head),
      TEST(a_slow_client_makes_the_program_wait), TEST(too_few_bytes_cut_the_answer),
      TEST(surplus_is_cut_and_told), TEST(a_status_at_the_end_is_told),
      TEST(unknown_records_are_skipped_and_told),
      LOOP(an_end_without_end_request_is_good_when_all_is_there, ends),
      LOOP(an_answer_that_is_none_is_502, failures), TEST(a_refusal_leads_to_the_next_target),
      TEST(when_all_refuse_the_answer_is_503), TEST(a_target_that_comes_back_is_used_again),
      TEST(an_overloaded_target_leads_to_the_next_with_the_whole_body),
      TEST(an_overloaded_target_that_has_eaten_a_long_body_is_503),
      TEST(a_busy_target_is_asked_again_for_a_while), TEST(a_full_queue_is_busy_and_not_down),
      TEST(a_queue_that_stays_full_is_503),
      TEST(a_get_that_was_closed_before_a_word_goes_to_one_other_target),
      TEST(the_only_target_is_asked_once_more),
      TEST(a_post_that_may_have_been_executed_is_not_repeated),
      TEST(a_get_that_was_reset_in_the_queue_waits_for_its_target),
      TEST(a_target_that_starts_anew_is_waited_for),
      TEST(a_kept_connection_serves_the_next_request),
      TEST(a_connection_with_something_left_over_is_not_kept),
      TEST(a_kept_connection_that_dies_with_a_get_is_replaced),
      TEST(a_kept_connection_that_dies_with_a_post_is_502),
      TEST(a_kept_connection_that_died_before_is_not_used_for_a_post),
      TEST(a_body_that_fits_is_complete_before_a_target_is_asked),
      TEST(a_client_stays_with_its_target), TEST(a_client_whose_target_dies_moves_once),
      TEST(a_silent_program_gets_504_and_its_connection_is_closed),
      TEST(output_does_not_prolong_the_time), TEST(a_slow_upload_is_not_the_programs_time),
      TEST(a_connect_that_takes_too_long_leads_to_the_next_target),
      TEST(without_descriptors_of_ours_no_target_rests), TEST(a_target_on_tcp),
      LOOP(a_client_that_leaves_frees_the_program, after_head),
      TEST(a_client_that_leaves_while_all_are_busy))
