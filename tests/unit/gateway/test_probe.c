#include "gateway/probe.h"

#include "base/container.h"
#include "gateway/fastcgi_fake.h"
#include "gateway/fcgi_record.h"
#include "gateway/place.h"
#include "gateway/visitor.h"
#include "os/fd.h"
#include "os/socket.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a section of one target (and one that nobody asks) and its prober ---- */

static struct visitor *v; /* its loop and its log */
static struct fastcgi_fake *fake;
static struct connect_conf targets[2];
static struct fastcgi_conf conf;
static struct backend_group *group;
static struct mailbox mailbox;
static struct desk desk;
static struct prober *prober;
static size_t open_before;

static void begin(const char *path, int backlog)
{
    open_before = fd_count_open();
    v = visitor_new();
    fake = calloc(1, sizeof(*fake));
    ck_assert_ptr_nonnull(fake);
    fastcgi_fake_open(fake, backlog);
    targets[0] = (struct connect_conf){ .address = fake->address,
                                        .text = slice_cstr(fake->path),
                                        .weight = 1 };
    conf = (struct fastcgi_conf){ .id = SLICE("PHP"),
                                  .targets = targets,
                                  .target_count = 1,
                                  .probe = true,
                                  .probe_path = slice_cstr(path),
                                  .probe_every_ms = 10000,
                                  .probe_timeout_ms = 2000,
                                  .restart_hold_ms = 3000,
                                  .queue_length = 8,
                                  .queue_ms = 5000 };
    group = backend_group_new(&conf);
    ck_assert_int_eq(mailbox_open(&mailbox, &v->loop), 0);
    desk_open(&desk, &v->loop, &mailbox);
    prober = prober_new(&v->loop, &desk, &v->log, group);
    visitor_settle(v);
}

static void end(void)
{
    prober_free(prober);
    backend_group_free(group);
    desk_close(&desk);
    mailbox_close(&mailbox);
    fastcgi_fake_close(fake);
    free(fake);
    visitor_free(v);
    ck_assert_uint_eq(fd_count_open(), open_before);
}

static bool rests(void)
{
    return backend_is_resting(&group->targets[0], v->loop.now_ms);
}

static void say(const char *head)
{
    fastcgi_fake_say(fake, FCGI_STDOUT, head);
    visitor_settle(v);
}

START_TEST(a_target_that_can_be_connected_to_is_well)
{
    begin("", 8);
    ck_assert(fastcgi_fake_accept(fake));
    visitor_settle(v);
    fastcgi_fake_read(fake, SIZE_MAX);
    ck_assert(fake->closed); /* at once: it holds no worker */
    ck_assert(!rests());
    visitor_pass(v, 9999);
    ck_assert(!fastcgi_fake_accept(fake));
    visitor_pass(v, 1);
    ck_assert(fastcgi_fake_accept(fake));
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(one_that_is_gone_rests_until_a_probe_finds_it)
{
    begin("", 8);
    fastcgi_fake_stop(fake, true);
    visitor_pass(v, 10000);
    ck_assert(rests());
    ck_assert(visitor_log_has(v, "failed: No such file or directory; resting it for 1 s"));
    visitor_pass(v, 20000);
    ck_assert_uint_gt(group->targets[0].rests, 1);
    ck_assert_int_eq(socket_listen(&fake->address, 8, &fake->listener), 0);
    visitor_pass(v, 10000);
    ck_assert_uint_eq(group->targets[0].rests, 0);
    ck_assert(visitor_log_has(v, "is well again"));
    end();
}
END_TEST

START_TEST(a_page_is_asked_for)
{
    begin("/ping", 8);
    ck_assert(fastcgi_fake_accept(fake));
    ck_assert_str_eq(fastcgi_fake_param(fake, "SCRIPT_NAME"), "/ping");
    ck_assert_str_eq(fastcgi_fake_param(fake, "REQUEST_METHOD"), "GET");
    ck_assert(fake->params_ended && fake->body_ended && !fake->keep);
    say("Content-Type: text/plain\r\n\r\npong");
    fastcgi_fake_read(fake, SIZE_MAX);
    ck_assert(fake->closed);
    ck_assert(!rests());
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

/* ---- who wants to know ---- */

struct listener {
    struct probe_news news;
    enum probe_word word;
    char why[64];
    unsigned told;
};

static void listen_to(struct probe_news *news, const struct backend *backend, enum probe_word word,
                      const char *why)
{
    struct listener *listener = container_of(news, struct listener, news);

    ck_assert_ptr_eq(backend, &group->targets[0]);
    listener->word = word;
    snprintf(listener->why, sizeof(listener->why), "%s", why ? why : "");
    listener->told++;
}

START_TEST(each_end_of_a_probe_is_told)
{
    struct listener listener = { .news.told = listen_to };

    begin("", 8);
    prober_tell(prober, &listener.news);
    visitor_pass(v, 10000);
    ck_assert_uint_eq(listener.told, 1);
    ck_assert_int_eq(listener.word, PROBE_WELL);
    fastcgi_fake_stop(fake, true);
    visitor_pass(v, 10000);
    ck_assert_uint_eq(listener.told, 2);
    ck_assert_int_eq(listener.word, PROBE_ILL);
    ck_assert_str_eq(listener.why, "No such file or directory");
    end();
}
END_TEST

START_TEST(a_full_queue_says_nothing)
{
    struct listener listener = { .news.told = listen_to };
    int filler[8];
    unsigned count = 0;

    begin("", 0);
    prober_tell(prober, &listener.news);
    while (count < 8 && socket_connect(&fake->address, &filler[count]) == 0)
        count++;
    visitor_pass(v, 10000);
    ck_assert_int_eq(listener.word, PROBE_SAYS_NOTHING);
    while (count > 0)
        fd_close(&filler[--count]);
    end();
}
END_TEST

START_TEST(another_address_is_asked)
{
    struct fastcgi_fake status = { 0 };

    begin("/ping", 8);
    fastcgi_fake_open(&status, 8);
    ck_assert(fastcgi_fake_accept(fake));
    targets[0].probe_address = status.address;
    say("Content-Type: text/plain\r\n\r\npong");
    for (unsigned i = 0; i < 2; i++) { /* it answers though the target has no worker */
        visitor_pass(v, 10000);
        ck_assert(!fastcgi_fake_accept(fake));
        ck_assert(fastcgi_fake_accept(&status));
        ck_assert_str_eq(fastcgi_fake_param(&status, "SCRIPT_NAME"), "/ping");
        fastcgi_fake_say(&status, FCGI_STDOUT, "Content-Type: text/plain\r\n\r\npong");
        visitor_settle(v);
        ck_assert(!rests());
    }
    fastcgi_fake_close(&status);
    visitor_pass(v, 10000);
    ck_assert(rests());
    end();
}
END_TEST

START_TEST(another_port_is_asked_at_the_same_address)
{
    union socket_address address;
    int listener;

    begin("", 8);
    ck_assert(address_parse_ip(SLICE("127.0.0.1"), 0, &address));
    ck_assert_int_eq(socket_listen(&address, 8, &listener), 0);
    ck_assert_int_eq(socket_local_address(listener, &address), 0);
    ck_assert(fastcgi_fake_accept(fake));
    group->targets[0].address = address;
    address_set_port(&group->targets[0].address, 1);
    targets[0].probe_port = address_port(&address);
    visitor_pass(v, 10000);
    fd_close(&fake->fd);
    ck_assert_int_eq(socket_accept(listener, &address, &fake->fd), 0);
    ck_assert(!rests());
    fd_close(&listener);
    end();
}
END_TEST

static const struct {
    const char *said;
    bool ended;
    const char *why; /* NULL: it is well */
} answers[] = {
    { "Status: 404 Not Found\r\n\r\n", false, NULL },
    { "Status: 503 Busy\r\n\r\n", false, "a status of 500 or more" },
    { "nonsense\r\n\r\n", false, "its head has no field" },
    { "", true, "ended the request without an answer" },
};

START_TEST(an_answer_is_judged)
{
    begin("/ping", 8);
    ck_assert(fastcgi_fake_accept(fake));
    if (answers[_i].ended)
        fastcgi_fake_end(fake, 0, FCGI_COMPLETE);
    say(answers[_i].said);
    ck_assert_int_eq(rests(), answers[_i].why != NULL);
    if (answers[_i].why)
        ck_assert_msg(visitor_log_has(v, answers[_i].why), "'%s'", v->lines[0]);
    end();
}
END_TEST

START_TEST(busy_is_not_ill)
{
    begin("/ping", 8);
    ck_assert(fastcgi_fake_accept(fake));
    fastcgi_fake_end(fake, 0, FCGI_OVERLOADED);
    visitor_settle(v);
    ck_assert(!rests());
    visitor_pass(v, 10000);
    ck_assert(fastcgi_fake_accept(fake));
    visitor_pass(v, 500);
    group->targets[0].praised_ms = v->loop.now_ms; /* a visitor was answered meanwhile */
    visitor_pass(v, 1500);
    ck_assert(!rests());
    end();
}
END_TEST

START_TEST(a_full_queue_is_not_ill)
{
    int filler[8];
    unsigned count = 0;

    begin("", 0);
    while (count < 8 && socket_connect(&fake->address, &filler[count]) == 0)
        count++;
    visitor_pass(v, 10000);
    ck_assert(!rests());
    while (count > 0)
        fd_close(&filler[--count]);
    end();
}
END_TEST

START_TEST(no_answer_within_its_time_is_ill)
{
    begin("/ping", 8);
    ck_assert(fastcgi_fake_accept(fake));
    visitor_pass(v, 1999);
    ck_assert(!rests());
    visitor_pass(v, 1);
    ck_assert(rests());
    ck_assert(visitor_log_has(v, "no answer within ProbeTimeout"));
    end();
}
END_TEST

SUITE("probe", TEST(a_target_that_can_be_connected_to_is_well),
      TEST(one_that_is_gone_rests_until_a_probe_finds_it), TEST(a_page_is_asked_for),
      TEST(each_end_of_a_probe_is_told), TEST(a_full_queue_says_nothing),
      TEST(another_address_is_asked), TEST(another_port_is_asked_at_the_same_address),
      LOOP(an_answer_is_judged, answers), TEST(busy_is_not_ill), TEST(a_full_queue_is_not_ill),
      TEST(no_answer_within_its_time_is_ill))
