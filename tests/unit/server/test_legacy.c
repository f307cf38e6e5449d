#include "server/legacy.h"

#include "loop/driver_fake.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "os/fd.h"
#include "server/edition.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

/* ---- lines ---- */

static const struct {
    const char *line;
    enum legacy_kind kind;
} lines[] = {
    { "ban 192.0.2.7 4 300000 5000 12", LEGACY_BAN },
    { "ban 2001:db8:: 13 1000 5000 0", LEGACY_BAN },
    { "target 1 0 0 0 /run/x.sock PHP", LEGACY_TARGET },
    { "target 0 3 9000 2 app.test:9000 The section with blanks", LEGACY_TARGET },
    { "", LEGACY_NOTHING },
    { "ban", LEGACY_NOTHING },
    { "ban nobody 4 300000 5000 12", LEGACY_NOTHING },
    { "ban 192.0.2.7 0 300000 5000 12", LEGACY_NOTHING },
    { "ban 192.0.2.7 99 300000 5000 12", LEGACY_NOTHING },
    { "ban 192.0.2.7 4 300000 5000", LEGACY_NOTHING },
    { "ban 192.0.2.7 4 300000 5000 12 more", LEGACY_NOTHING },
    { "ban 192.0.2.7 4 300000 -5000 12", LEGACY_NOTHING },
    { "target 2 0 0 0 /run/x.sock PHP", LEGACY_NOTHING },
    { "target 1 0 0 0 /run/x.sock", LEGACY_NOTHING },
    { "target 1 0 0 0  PHP", LEGACY_NOTHING },
    { "statistics 4711", LEGACY_NOTHING },
};

START_TEST(a_line_is_ours_or_nothing)
{
    ck_assert_int_eq(legacy_parse(slice_cstr(lines[_i].line)).kind, lines[_i].kind);
}
END_TEST

/* ---- from one server to the next ---- */

struct server {
    struct driver *driver;
    struct loop loop;
    struct mailbox mailbox;
    struct bans *bans;
    struct backend_group *group;
    struct edition whole;
    struct edition *edition;
    struct legacy *legacy;
};

static struct connect_conf targets[2] = {
    { .next = &targets[1], .text = SLICE_INIT("/run/x.sock"), .weight = 1 },
    { .text = SLICE_INIT("/run/y.sock"), .weight = 1 },
};
static const struct fastcgi_conf section = { .id = SLICE_INIT("The section"),
                                             .targets = targets,
                                             .target_count = 2 };
static struct log quiet;
static int file;

static void say_nothing(struct log *log, enum log_level level, struct slice line)
{
    (void)log;
    (void)level;
    (void)line;
}

static void begin(struct server *server)
{
    *server = (struct server){ .driver = driver_fake_new(), .bans = bans_new() };
    loop_init(&server->loop, server->driver);
    ck_assert_int_eq(mailbox_open(&server->mailbox, &server->loop), 0);
    server->group = backend_group_new(&section);
    server->edition = &server->whole;
    server->whole.backends = &server->group;
    server->whole.backend_count = 1;
    quiet.write = say_nothing;
    server->legacy =
        legacy_open(&server->loop, &server->mailbox,
                    (struct legacy_estate){ server->bans, &server->edition }, dup(file), &quiet);
}

static void end(struct server *server)
{
    legacy_close(server->legacy);
    bans_free(server->bans);
    backend_group_free(server->group);
    mailbox_close(&server->mailbox);
    loop_done(&server->loop);
}

static union socket_address client(const char *text)
{
    union socket_address address;

    ck_assert(address_parse_ip(slice_cstr(text), 0, &address));
    return address;
}

static uint64_t left(struct server *server, const char *text)
{
    const union socket_address address = client(text);

    return bans_left(server->bans, &address, server->loop.now_ms);
}

static void ban(struct server *server, const char *text, uint64_t ms)
{
    const union socket_address address = client(text);

    bans_add(server->bans, &address, OFFENCE_ORDER, ms, server->loop.now_ms);
}

START_TEST(the_next_server_knows_what_was_written_before_an_upgrade)
{
    struct server old;
    struct server next;

    ck_assert_int_eq(fd_memory("test", &file), 0);
    begin(&old);
    ban(&old, "192.0.2.7", 60000);
    ban(&old, "2001:db8:1:2:3::4", 70000);
    backend_group_drain(old.group, SLICE("/run/y.sock"), true);
    ck_assert_uint_eq(backend_rest(&old.group->targets[0], old.loop.now_ms), 1000);
    legacy_write(old.legacy);
    legacy_rest(old.legacy);
    bans_lift_all(old.bans, old.loop.now_ms); /* which is not the next one's affair any more */
    legacy_write(old.legacy);

    begin(&next);
    ck_assert_uint_eq(left(&next, "192.0.2.7"), 60000);
    ck_assert_uint_eq(left(&next, "2001:db8:1:2::1"), 70000);
    ck_assert_uint_eq(left(&next, "192.0.2.8"), 0);
    ck_assert(next.group->targets[1].drained && !next.group->targets[0].drained);
    ck_assert(backend_is_resting(&next.group->targets[0], next.loop.now_ms));
    ck_assert(!backend_is_resting(&next.group->targets[1], next.loop.now_ms));
    ck_assert_uint_eq(backend_rest(&next.group->targets[0], next.loop.now_ms + 1000), 2000);
    end(&next);
    end(&old);
    fd_close(&file);
}
END_TEST

START_TEST(changes_are_written_together_a_second_later)
{
    struct server old;
    struct server next;
    char *text;
    size_t len;

    ck_assert_int_eq(fd_memory("test", &file), 0);
    begin(&old);
    ban(&old, "192.0.2.7", 60000);
    loop_settle(&old.loop);
    driver_fake_pass(old.driver, 999);
    ban(&old, "192.0.2.8", 60000);
    loop_settle(&old.loop);
    ck_assert_int_eq(fd_read_all(file, 1000, &text, &len), 0);
    free(text);
    ck_assert_uint_eq(len, 0);
    driver_fake_pass(old.driver, 1);
    loop_settle(&old.loop);
    bans_lift_all(old.bans, old.loop.now_ms); /* it dies before this is written */

    begin(&next);
    ck_assert_uint_gt(left(&next, "192.0.2.7"), 0);
    ck_assert_uint_gt(left(&next, "192.0.2.8"), 0);
    ban(&next, "192.0.2.9", 60000);
    loop_settle(&next.loop);
    driver_fake_pass(next.driver, 1000);
    loop_settle(&next.loop); /* and again */
    ck_assert_int_eq(fd_read_all(file, 1000, &text, &len), 0);
    ck_assert_ptr_nonnull(strstr(text, "ban 192.0.2.9 "));
    free(text);
    end(&next);
    end(&old);
    fd_close(&file);
}
END_TEST

static const struct {
    unsigned at;
    bool longer;
} tears[] = { { 0, false }, { 70, false }, { 90, false }, { 90, true } };

START_TEST(what_is_torn_is_let_go)
{
    struct server old;
    struct server next;
    char *text;
    size_t len;

    ck_assert_int_eq(fd_memory("test", &file), 0);
    begin(&old);
    ban(&old, "192.0.2.7", 60000);
    legacy_write(old.legacy);
    ck_assert_int_eq(fd_read_all(file, 1000, &text, &len), 0);
    text[tears[_i].at] = 'x';
    ck_assert_int_eq(fd_rewrite(file, text, tears[_i].longer ? len : len - 1), 0);
    free(text);

    begin(&next);
    ck_assert_uint_eq(bans_count(next.bans, next.loop.now_ms), 0);
    end(&next);
    end(&old);
    fd_close(&file);
}
END_TEST

START_TEST(what_has_ended_or_is_too_good_to_be_true_is_let_go)
{
    struct server server;
    const struct ban_note ended = { client("192.0.2.7"), OFFENCE_ORDER, 5000, 900, 0 };
    const struct ban_note longer = { client("192.0.2.8"), OFFENCE_ORDER, 5000, 90000, 0 };
    const struct backend_note gone = { .name = SLICE("/run/z.sock"), .drained = true };
    const struct backend_note late = { .name = SLICE("/run/x.sock"), .rest_until_ms = 90000 };

    ck_assert_int_eq(fd_memory("test", &file), 0);
    begin(&server);
    bans_recall(server.bans, &ended, server.loop.now_ms);
    bans_recall(server.bans, &longer, server.loop.now_ms);
    ck_assert_uint_eq(bans_count(server.bans, server.loop.now_ms), 0);
    backend_group_recall(server.group, &gone, server.loop.now_ms);
    backend_group_recall(server.group, &late, server.loop.now_ms);
    ck_assert(!backend_is_resting(&server.group->targets[0], server.loop.now_ms));
    end(&server);
    fd_close(&file);
}
END_TEST

START_TEST(without_a_file_nothing_is_kept)
{
    ck_assert_ptr_null(legacy_open(NULL, NULL, (struct legacy_estate){ 0 }, -1, NULL));
    legacy_touch(NULL);
    legacy_write(NULL);
    legacy_rest(NULL);
    legacy_close(NULL);
}
END_TEST

SUITE("legacy", LOOP(a_line_is_ours_or_nothing, lines),
      TEST(the_next_server_knows_what_was_written_before_an_upgrade),
      TEST(changes_are_written_together_a_second_later), LOOP(what_is_torn_is_let_go, tears),
      TEST(what_has_ended_or_is_too_good_to_be_true_is_let_go),
      TEST(without_a_file_nothing_is_kept))
