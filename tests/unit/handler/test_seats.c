/* How CGI and FastCGI requests wait for a seat; the turnstile itself has tests of its own. */
#include "gateway/backend.h"
#include "gateway/spawn_client.h"
#include "gateway/spawner_fake.h"
#include "gateway/visitor.h"
#include "handler/registry.h"
#include "handler/services.h"
#include "os/fd.h"
#include "suite.h"

#define WAIT_MS 3000u
#define TIME_MS 5000u

static struct visitor *v;
static struct mailbox mailbox;
static struct desk desk;
static struct turnstiles *all;
static struct ticket sitter; /* has the only seat */
static struct task sitter_task;
static struct spawner_fake spawner;
static struct server_conf conf = { .max_environment_bytes = 65536,
                                   .work_directory = SLICE_INIT("/tmp") };
static struct vhost_conf vhost = { .website_root = SLICE_INIT("/www"),
                                   .folder.time_for_cgi_ms = TIME_MS };
static struct host host;
static struct snapshot snapshot = { .conf = &conf };
static struct services services;
static struct verdict verdict;
static struct connect_conf target = { .text = SLICE_INIT("/no/such.sock") };
static struct fastcgi_conf section = { .id = SLICE_INIT("PHP"),
                                       .targets = &target,
                                       .target_count = 1 };
static struct backend_group *group;

static void sitter_run(struct task *task)
{
    (void)task;
}

static const struct kind {
    const struct handler_ops *handler;
    enum answer answer;
} kinds[] = { { &handler_cgi, ANSWER_CGI }, { &handler_fastcgi, ANSWER_FASTCGI } };

static void begin(struct kind kind)
{
    int fd;

    v = visitor_new();
    ck_assert_int_eq(mailbox_open(&mailbox, &v->loop), 0);
    desk_open(&desk, &v->loop, &mailbox);
    all = turnstiles_new(8, 1);
    turnstiles_set(all, 0,
                   (struct turnstile_rules){ .seats = 1, .line_most = 1, .wait_ms = WAIT_MS });
    host = (struct host){ .conf = &vhost, .name = SLICE("a.example"), .error_log = &v->log };
    target.address.un = (struct sockaddr_un){ .sun_family = AF_UNIX, .sun_path = "/no/such.sock" };
    vhost.max_cgi = 1;
    group = backend_group_new(&section);
    services = (struct services){ .loop = &v->loop,
                                  .log = &v->log,
                                  .snapshot = &snapshot,
                                  .spawner = spawn_client_new(&v->loop, &v->log),
                                  .turnstiles = all,
                                  .desk = &desk,
                                  .backends = &group,
                                  .backend_count = 1 };
    verdict = (struct verdict){ .answer = kind.answer,
                                .host = &host,
                                .folder = &vhost.folder,
                                .fastcgi = &section,
                                .resource = { .relative = SLICE("a.cgi"),
                                              .absolute = SLICE("/www/a.cgi"),
                                              .script_name = SLICE("/a.cgi") } };
    v->handler = kind.handler;
    v->verdict = &verdict;
    v->host = &host;
    v->services = &services;
    spawner_fake_open(&spawner, &fd);
    spawn_client_attach(services.spawner, fd);
    sitter = (struct ticket){ 0 };
    sitter_task.run = sitter_run;
    ck_assert_int_eq(
        ticket_take(&sitter, turnstiles_at(all, 0), &desk, &sitter_task, &v->visit.client),
        TICKET_SEATED);
    visitor_settle(v);
}

static void end(void)
{
    ck_assert_ptr_null(v->x);
    ticket_return(&sitter);
    spawn_client_free(services.spawner);
    ck_assert_uint_eq(turnstiles_taken(all), 0);
    ck_assert_uint_eq(turnstile_numbers(turnstiles_at(all, 0)).waiting, 0);
    spawner_fake_close(&spawner);
    backend_group_free(group);
    desk_close(&desk);
    turnstiles_free(all);
    mailbox_close(&mailbox);
    visitor_free(v);
}

static void get(void)
{
    visitor_ask(v, "GET", "/a.cgi", VISITOR_NO_BODY, NULL);
}

START_TEST(a_program_starts_when_the_seat_is_free)
{
    begin(kinds[0]);
    get();
    ck_assert(!spawner_fake_read(&spawner));
    visitor_pass(v, WAIT_MS - 1);
    ticket_return(&sitter);
    visitor_settle(v);
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.kind, SPAWN_ASK);
    visitor_pass(v, TIME_MS - 1); /* its time began with the seat */
    ck_assert_int_eq(v->status, 0);
    visitor_pass(v, 1);
    ck_assert_int_eq(v->status, 504);
    end();
}
END_TEST

START_TEST(a_seat_is_free_when_the_program_is_gone_not_when_the_client_is)
{
    struct program_fake program = { .in = -1, .out = -1, .err = -1 };

    begin(kinds[0]);
    get();
    ticket_return(&sitter);
    visitor_settle(v);
    ck_assert(spawner_fake_read(&spawner));
    spawner_fake_start(&spawner, &program);
    visitor_settle(v);
    visitor_leave(v, RESET_CLIENT_GONE);
    ck_assert_ptr_null(v->x);
    ck_assert_uint_eq(turnstiles_taken(all), 1);
    spawner_fake_exit(&spawner, &program, 15);
    visitor_settle(v);
    ck_assert_uint_eq(turnstiles_taken(all), 0);
    end();
}
END_TEST

START_TEST(a_seat_is_free_when_the_spawner_is_gone)
{
    begin(kinds[0]);
    get();
    ticket_return(&sitter);
    visitor_settle(v);
    visitor_leave(v, RESET_CLIENT_GONE); /* asked, but not started */
    ck_assert_uint_eq(turnstiles_taken(all), 1);
    spawner_fake_close(&spawner);
    visitor_settle(v);
    ck_assert_uint_eq(turnstiles_taken(all), 0);
    end();
}
END_TEST

/* 10 bytes are collected, more are passed on. */
START_TEST(a_body_that_is_collected_waits_for_no_seat)
{
    begin(kinds[0]);
    vhost.collect_bytes = 10;
    visitor_ask(v, "POST", "/a.cgi", 10, NULL);
    visitor_send(v, "half");
    visitor_settle(v);
    ck_assert_uint_eq(turnstile_numbers(turnstiles_at(all, 0)).waiting, 0);
    visitor_send(v, "a form");
    visitor_end_body(v, BODY_COMPLETE);
    visitor_settle(v);
    ck_assert_uint_eq(turnstile_numbers(turnstiles_at(all, 0)).waiting, 1);
    visitor_leave(v, RESET_CLIENT_GONE);

    visitor_ask(v, "POST", "/a.cgi", 11, NULL);
    visitor_settle(v);
    ck_assert_uint_eq(turnstile_numbers(turnstiles_at(all, 0)).waiting, 1);
    visitor_leave(v, RESET_CLIENT_GONE);
    vhost.collect_bytes = 0;
    end();
}
END_TEST

START_TEST(a_client_that_leaves_leaves_the_line)
{
    begin(kinds[_i]);
    get();
    ck_assert_uint_eq(turnstile_numbers(turnstiles_at(all, 0)).waiting, 1);
    visitor_leave(v, RESET_CLIENT_GONE);
    ck_assert_uint_eq(turnstile_numbers(turnstiles_at(all, 0)).waiting, 0);
    end();
}
END_TEST

START_TEST(who_waits_too_long_is_turned_away)
{
    begin(kinds[_i]);
    get();
    visitor_pass(v, WAIT_MS - 1);
    ck_assert_int_eq(v->status, 0);
    visitor_pass(v, 1);
    ck_assert_int_eq(v->status, 503);
    ck_assert_ptr_nonnull(strstr(v->fields, "Retry-After: "));
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), 1);
    ck_assert(visitor_log_has(v, "all 1 seats of the host are taken (MaxCGI), and it has waited "
                                 "3000 ms (CGIqueue)"));
    end();
}
END_TEST

START_TEST(a_full_line_turns_away)
{
    struct ticket waiter = { 0 };

    begin(kinds[_i]);
    ticket_take(&waiter, turnstiles_at(all, 0), &desk, &sitter_task, &v->visit.client);
    get();
    ck_assert_int_eq(v->status, 503);
    ck_assert_ptr_nonnull(strstr(v->fields, "Retry-After: "));
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), 1);
    ck_assert(visitor_log_has(v, "1 requests wait already (CGIqueue)"));
    ticket_return(&waiter);
    end();
}
END_TEST

START_TEST(fastcgi_asks_nobody_without_a_seat)
{
    begin(kinds[1]);
    get();
    ck_assert_uint_eq(group->targets[0].rests, 0);
    ticket_return(&sitter);
    visitor_settle(v);
    ck_assert_uint_eq(group->targets[0].rests, 1); /* it was not there */
    ck_assert_int_eq(v->status, 503);
    ck_assert_uint_eq(turnstiles_taken(all), 0);
    end();
}
END_TEST

START_TEST(without_maxcgi_fastcgi_needs_no_seat)
{
    begin(kinds[1]);
    vhost.max_cgi = 0;
    get();
    ck_assert_uint_eq(group->targets[0].rests, 1); /* asked at once */
    ck_assert_uint_eq(turnstile_numbers(turnstiles_at(all, 0)).waiting, 0);
    ticket_return(&sitter);
    end();
}
END_TEST

SUITE("seats", TEST(a_program_starts_when_the_seat_is_free),
      TEST(a_seat_is_free_when_the_program_is_gone_not_when_the_client_is),
      TEST(a_seat_is_free_when_the_spawner_is_gone),
      TEST(a_body_that_is_collected_waits_for_no_seat),
      LOOP(a_client_that_leaves_leaves_the_line, kinds),
      LOOP(who_waits_too_long_is_turned_away, kinds), LOOP(a_full_line_turns_away, kinds),
      TEST(fastcgi_asks_nobody_without_a_seat), TEST(without_maxcgi_fastcgi_needs_no_seat))
