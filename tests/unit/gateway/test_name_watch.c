#include "gateway/name_watch.h"

#include "loop/driver_fake.h"
#include "os/fd.h"
#include "os/pass.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- a watch for one name, and the test as the resolver ---- */

static struct loop loop;
static struct log log_of_test;
static char lines[4096];
static unsigned line_count;
static struct connect_conf conf;
static struct name_watch *watch;
static int resolver;
static unsigned found_calls;
static unsigned missing_calls;
static unsigned found_count;
static size_t open_before;

static void on_line(struct log *log, enum log_level level, struct slice line)
{
    (void)log;
    (void)level;
    line_count++;
    snprintf(lines, sizeof(lines), "%.*s", SLICE_ARGS(line));
}

static void on_found(void *self, const struct connect_conf *name, const struct resolved *addresses,
                     unsigned count)
{
    (void)self;
    ck_assert_ptr_eq(name, &conf);
    ck_assert_int_ne(addresses[0].address.any.sa_family, AF_UNSPEC);
    found_calls++;
    found_count = count;
}

static void on_missing(void *self, const struct connect_conf *name)
{
    (void)self;
    ck_assert_ptr_eq(name, &conf);
    missing_calls++;
}

static void connect_resolver(void)
{
    int ours;

    ck_assert_int_eq(pass_pair(&ours, &resolver), 0);
    name_watch_connect(watch, ours);
    loop_settle(&loop);
}

static void begin(void)
{
    open_before = fd_count_open();
    loop_init(&loop, driver_fake_new());
    log_of_test = (struct log){ .write = on_line };
    conf = (struct connect_conf){
        .text = SLICE("app.test:9000"), .host = SLICE("app.test"), .port = 9000, .weight = 1
    };
    watch = name_watch_new(&loop, &log_of_test);
    name_watch_add(watch, &conf, (struct name_listener){ on_found, on_missing, NULL });
    connect_resolver();
}

static void end(void)
{
    name_watch_free(watch);
    fd_close(&resolver);
    loop_done(&loop);
    ck_assert_uint_eq(fd_count_open(), open_before);
}

/* The token of the question that has come; 0: none. */
static uint32_t question(void)
{
    static char bytes[RESOLVE_MESSAGE_MOST];
    struct resolve_message message;
    int fd_count;
    int len = pass_receive(resolver, bytes, sizeof(bytes), NULL, 0, &fd_count);

    if (len == -EAGAIN)
        return 0;
    ck_assert_int_gt(len, 0);
    ck_assert_int_eq(resolve_decode(slice_of(bytes, (size_t)len), &message, NULL), PARSE_DONE);
    ck_assert_int_eq(message.kind, RESOLVE_ASK);
    ck_assert(slice_equal(message.ask.name, SLICE("app.test")));
    ck_assert_uint_eq(message.ask.port, 9000);
    return message.ask.token;
}

static void answer(uint32_t token, unsigned count, uint32_t again_s)
{
    struct resolve_message message = { .kind = RESOLVE_ANSWER,
                                       .answer = { .token = token, .again_s = again_s } };
    char bytes[RESOLVE_MESSAGE_MOST];

    message.answer.count = count;
    if (count == 0)
        message.answer.error = SLICE("there is no such name");
    for (unsigned i = 0; i < count; i++)
        ck_assert(
            address_parse_target(SLICE("10.0.0.1:9000"), &message.answer.addresses[i].address));
    struct iovec part = { bytes, resolve_encode(&message, bytes) };
    ck_assert_int_eq(pass_send(resolver, &part, 1, NULL, 0), 0);
    loop_settle(&loop);
}

START_TEST(a_name_is_asked_for_when_its_answer_is_old)
{
    begin();
    answer(question(), 2, 30);
    ck_assert_uint_eq(found_calls, 1);
    ck_assert_uint_eq(found_count, 2);
    loop_pass(&loop, 29999);
    ck_assert_uint_eq(question(), 0);
    loop_pass(&loop, 1);
    ck_assert_uint_ne(question(), 0);
    ck_assert_uint_eq(line_count, 0);
    end();
}
END_TEST

START_TEST(a_failure_is_told_once_and_asked_again_later_and_later)
{
    begin();
    for (uint64_t wait_ms = 1000; wait_ms <= 32000; wait_ms *= 2) {
        answer(question(), 0, 1);
        loop_pass(&loop, wait_ms - 1);
        ck_assert_uint_eq(question(), 0);
        loop_pass(&loop, 1);
    }
    ck_assert_uint_eq(line_count, 1);
    ck_assert_ptr_nonnull(strstr(lines, "there is no such name; it is left out"));
    ck_assert_uint_eq(missing_calls, 6);
    answer(question(), 1, 30);
    ck_assert_uint_eq(found_calls, 1);
    ck_assert_ptr_nonnull(strstr(lines, "known again"));
    end();
}
END_TEST

START_TEST(a_name_that_vanishes_keeps_its_addresses)
{
    char room[512];
    struct text text = text_on(room, sizeof(room));

    begin();
    answer(question(), 1, 1);
    loop_pass(&loop, 1000);
    answer(question(), 0, 1);
    ck_assert_uint_eq(missing_calls, 0);
    ck_assert_ptr_nonnull(strstr(lines, "its last addresses stay"));
    name_watch_describe(watch, &text);
    ck_assert_str_eq(text_cstr(&text), "  app.test:9000: 10.0.0.1:9000; asked 1 time in vain; "
                                       "asked again in 1 s\n");
    end();
}
END_TEST

START_TEST(a_resolver_that_is_silent_is_not_waited_for)
{
    begin();
    const uint32_t token = question();
    loop_pass(&loop, 60000);
    ck_assert_ptr_nonnull(strstr(lines, "the resolver does not answer"));
    answer(token, 1, 30); /* too late */
    ck_assert_uint_eq(found_calls, 0);
    loop_pass(&loop, 1000);
    ck_assert_uint_ne(question(), 0);
    end();
}
END_TEST

START_TEST(a_resolver_that_is_started_anew_is_asked_what_the_former_was)
{
    begin();
    ck_assert_uint_ne(question(), 0);
    fd_close(&resolver);
    loop_settle(&loop);
    connect_resolver();
    answer(question(), 1, 30);
    ck_assert_uint_eq(found_calls, 1);
    ck_assert_uint_eq(line_count, 0);
    end();
}
END_TEST

START_TEST(a_resolver_that_talks_nonsense_is_not_heard_any_more)
{
    struct iovec part = { (char[]){ "nonsense" }, 8 };

    begin();
    ck_assert_int_eq(pass_send(resolver, &part, 1, NULL, 0), 0);
    loop_settle(&loop);
    ck_assert_ptr_nonnull(strstr(lines, "does not speak properly"));
    fd_close(&resolver);
    connect_resolver();
    ck_assert_uint_ne(question(), 0);
    end();
}
END_TEST

SUITE("name_watch", TEST(a_name_is_asked_for_when_its_answer_is_old),
      TEST(a_failure_is_told_once_and_asked_again_later_and_later),
      TEST(a_name_that_vanishes_keeps_its_addresses),
      TEST(a_resolver_that_is_silent_is_not_waited_for),
      TEST(a_resolver_that_is_started_anew_is_asked_what_the_former_was),
      TEST(a_resolver_that_talks_nonsense_is_not_heard_any_more))
