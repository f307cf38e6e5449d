#include "base/container.h"
#include "base/text.h"
#include "gateway/desk.h"
#include "gateway/visitor.h"
#include "handler/keeper.h"
#include "handler/registry.h"
#include "handler/services.h"
#include "os/fd.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>

/* "secret" */
#define BCRYPT "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"

#define JOE       "Basic am9lOnNlY3JldA=="
#define JOE_WRONG "Basic am9lOndyb25n"

static struct tree tree;
static struct visitor *v;
static struct mailbox mailbox;
static struct desk desk;
static struct services services;
static struct snapshot snapshot;
static struct server_conf server;
static struct vhost_conf vhost;
static struct host host;
static struct verdict guarded;
static struct conf_word staff = { .text = SLICE_INIT("staff") };
static char users_path[100];
static char groups_path[100];
static size_t open_before;

/* As the reactor has it. */
static void gate_start(struct exchange *x, const struct verdict *verdict)
{
    const struct verdict *first = login_first(x, verdict);

    x->handler = handler_for(first->answer);
    x->handler->start(x, first);
}

static const struct handler_ops gate = { .name = "gate", .start = gate_start };

static void begin(void)
{
    open_before = fd_count_open();
    tree_make(&tree);
    v = visitor_new();
    ck_assert_int_eq(mailbox_open(&mailbox, &v->loop), 0);
    desk_open(&desk, &v->loop, &mailbox);
    snprintf(users_path, sizeof(users_path), "%s/users", tree.root);
    snprintf(groups_path, sizeof(groups_path), "%s/groups", tree.root);
    tree_file(&tree, "users", "joe:" BCRYPT "\nann:" BCRYPT "\n");
    tree_file(&tree, "groups", "staff: joe\n");
    vhost = (struct vhost_conf){ .folder = { .login = { .kind = LOGIN_BASIC,
                                                        .file = slice_cstr(users_path),
                                                        .group_file = slice_cstr(groups_path) },
                                             .login_message = SLICE("The \"shop\"") } };
    server = (struct server_conf){ .hosts = &vhost };
    snapshot = (struct snapshot){ .conf = &server };
    host = (struct host){ .conf = &vhost, .name = SLICE("a.example"), .error_log = &v->log };
    guarded = (struct verdict){ .answer = ANSWER_STATUS,
                                .status = 410,
                                .why = "it was let in",
                                .host = &host,
                                .folder = &vhost.folder,
                                .wants_login = true };
    services = (struct services){ .loop = &v->loop,
                                  .log = &v->log,
                                  .snapshot = &snapshot,
                                  .desk = &desk,
                                  .keeper = keeper_new(0, &v->log) };
    v->handler = &gate;
    v->verdict = &guarded;
    v->host = &host;
    v->services = &services;
}

static void end(void)
{
    ck_assert_ptr_null(v->x);
    keeper_free(services.keeper);
    desk_close(&desk);
    mailbox_close(&mailbox);
    visitor_free(v);
    tree_remove(&tree);
    ck_assert_uint_eq(fd_count_open(), open_before);
}

static const char *authorization;

static void authorize(struct exchange *x)
{
    x->request.target.raw_path = SLICE("/a");
    x->request.target.query = SLICE("b");
    x->request.target.has_query = true;
    if (authorization)
        fields_add_id(&x->request.fields, &x->arena, FIELD_AUTHORIZATION,
                      slice_cstr(authorization));
}

static void ask(const char *value)
{
    authorization = value;
    visitor_ask(v, "GET", "/a?b", VISITOR_NO_BODY, authorize);
}

/* Asks, and the keeper's thread does what there is to do. */
static void ask_and_work(const char *value)
{
    ask(value);
    visitor_settle(v);
    keeper_work(services.keeper);
    visitor_settle(v);
}

static void check_unauthorized(void)
{
    ck_assert_int_eq(v->status, 401);
    ck_assert(strstr(v->fields, "WWW-Authenticate: Basic realm=\"The \\\"shop\\\"\", "
                                "charset=\"UTF-8\"\n") != NULL);
}

/* The answer is on its way: who got it? */
static void check_came(const char *user, const char *scheme)
{
    ck_assert_int_eq(v->status, 410);
    ck_assert_ptr_nonnull(v->x);
    const struct field *type = fields_find_name(&v->x->request.granted, SLICE("AUTH_TYPE"));
    ck_assert_ptr_nonnull(type);
    assert_slice(v->x->record.user, user);
    assert_slice(type->value, scheme);
    visitor_take_again(v);
    visitor_settle(v);
}

START_TEST(whoever_says_nothing_is_asked)
{
    begin();
    ask_and_work(NULL);
    check_unauthorized();
    end();
}
END_TEST

START_TEST(the_right_password_opens)
{
    begin();
    v->stalled = true;
    ask_and_work(JOE);
    check_came("joe", "Basic");
    end();
}
END_TEST

START_TEST(the_answer_waits_for_the_thread)
{
    begin();
    ask(JOE);
    visitor_settle(v);
    ck_assert_int_eq(v->status, 0);
    ck_assert(keeper_work(services.keeper));
    visitor_settle(v);
    ck_assert_int_eq(v->status, 410);
    ask(JOE); /* known by now */
    visitor_settle(v);
    ck_assert_int_eq(v->status, 410);
    ck_assert(!keeper_work(services.keeper));
    end();
}
END_TEST

static const char *const bad[] = { JOE_WRONG, "Basic", "Basic !", "Bearer abc",
                                   "Basic bm9ib2R5OnNlY3JldA==" };

START_TEST(a_wrong_password_does_not)
{
    begin();
    ask_and_work(bad[_i]);
    check_unauthorized();
    ck_assert_uint_eq(visitor_lines(v, LEVEL_WARNING), 0);
    end();
}
END_TEST

static void authorize_twice(struct exchange *x)
{
    authorize(x);
    authorize(x);
}

START_TEST(two_opinions_are_none)
{
    begin();
    authorization = JOE;
    visitor_ask(v, "GET", "/", VISITOR_NO_BODY, authorize_twice);
    visitor_settle(v);
    check_unauthorized();
    end();
}
END_TEST

START_TEST(who_is_in_no_group_is_refused_with_a_line)
{
    begin();
    vhost.folder.required_groups = &staff;
    ask_and_work(JOE);
    ck_assert_int_eq(v->status, 410);
    ask_and_work("Basic YW5uOnNlY3JldA==");
    ck_assert_int_eq(v->status, 403);
    ck_assert(visitor_log_has(v, "the user 'ann' is in none of the groups of RequiredGroup"));
    end();
}
END_TEST

START_TEST(who_alters_must_be_in_a_second_group)
{
    static struct conf_word editors = { .text = SLICE_INIT("editors") };

    begin();
    tree_file(&tree, "groups", "staff: joe ann\neditors: joe\n");
    vhost.folder.required_groups = &staff;
    guarded.alter_groups = &editors;
    ask_and_work("Basic YW5uOnNlY3JldA==");
    ck_assert_int_eq(v->status, 403);
    ck_assert(visitor_log_has(v, "the user 'ann' is in none of the groups of AlterGroup"));
    ask_and_work(JOE);
    ck_assert_int_eq(v->status, 410);
    end();
}
END_TEST

START_TEST(a_missing_file_is_our_fault)
{
    begin();
    tree_unlink(&tree, "users");
    ask_and_work(JOE);
    ck_assert_int_eq(v->status, 500);
    ck_assert(visitor_log_has(v, "the PasswordFile '"));
    ck_assert(visitor_log_has(v, "/users' cannot be read: No such file or directory; the user of "
                                 "the server must be able to; answering 500"));
    end();
}
END_TEST

START_TEST(a_client_that_leaves_in_the_line_is_gone_at_once)
{
    begin();
    ask(JOE);
    visitor_settle(v);
    visitor_leave(v, RESET_CLIENT_GONE);
    visitor_settle(v);
    ck_assert_ptr_null(v->x);
    ck_assert(!keeper_work(services.keeper));
    end();
}
END_TEST

START_TEST(a_client_that_leaves_while_a_thread_works_is_gone_when_it_is_done)
{
    begin();
    ask(JOE);
    visitor_settle(v);
    ck_assert(keeper_work(services.keeper)); /* its letter is not read yet */
    visitor_leave(v, RESET_CLIENT_GONE);
    visitor_settle(v);
    ck_assert_ptr_null(v->x);
    end();
}
END_TEST

START_TEST(too_many_are_sent_away_for_a_while)
{
    static struct login crowd[KEEPER_LINE_MOST];

    begin();
    for (unsigned i = 0; i < KEEPER_LINE_MOST; i++) {
        crowd[i] = (struct login){ .conf = &vhost.folder.login,
                                   .auth.scheme = AUTH_BASIC,
                                   .client = &v->visit.client,
                                   .desk = &desk };
        ck_assert_int_eq(keeper_ask(services.keeper, &crowd[i]), LOGIN_WAITS);
    }
    ask(JOE);
    visitor_settle(v);
    ck_assert_int_eq(v->status, 503);
    ck_assert(strstr(v->fields, "Retry-After: 2\n") != NULL);
    ck_assert(visitor_log_has(v, "too many passwords wait to be checked"));
    for (unsigned i = 0; i < KEEPER_LINE_MOST; i++)
        ck_assert(keeper_forget(&crowd[i]));
    end();
}
END_TEST

START_TEST(digest_offers_both_sums_the_better_one_first)
{
    begin();
    vhost.folder.login.kind = LOGIN_DIGEST;
    tree_file(&tree, "users", "");
    ask_and_work(NULL);
    ck_assert_int_eq(v->status, 401);
    const char *sha = strstr(v->fields, "WWW-Authenticate: Digest realm=\"The \\\"shop\\\"\", "
                                        "qop=\"auth\", algorithm=SHA-256, nonce=\"");
    ck_assert_ptr_nonnull(sha);
    ck_assert_ptr_nonnull(strstr(sha, "\", charset=UTF-8\nWWW-Authenticate: Digest "));
    ck_assert_ptr_nonnull(strstr(sha, "algorithm=MD5, nonce=\""));
    ck_assert_ptr_null(strstr(v->fields, "stale"));
    ck_assert_ptr_null(strstr(v->fields, "Basic"));
    end();
}
END_TEST

static const char *const other_uris[] = { "/b", "/a", "/a?c", "/a?b&c", "" };

START_TEST(a_digest_for_another_request_is_none)
{
    char value[300];

    begin();
    vhost.folder.login.kind = LOGIN_DIGEST;
    snprintf(value, sizeof(value),
             "Digest username=joe, realm=r, nonce=n, uri=\"%s\", nc=00000001, cnonce=c, qop=auth, "
             "response=d",
             other_uris[_i]);
    ask(value);
    visitor_settle(v);
    ck_assert_int_eq(v->status, 401);
    ck_assert(!keeper_work(services.keeper));
    end();
}
END_TEST

static void prove(struct exchange *x)
{
    x->request.proof =
        (struct proof){ .by = &vhost.folder.login, .user = SLICE("ann"), .scheme = SLICE("Basic") };
}

/* A path that led here was guarded by the same file. */
START_TEST(who_was_proven_is_not_asked_again)
{
    begin();
    v->stalled = true;
    visitor_ask(v, "GET", "/", VISITOR_NO_BODY, prove);
    visitor_settle(v);
    keeper_work(services.keeper);
    visitor_settle(v);
    check_came("ann", "Basic");
    vhost.folder.required_groups = &staff;
    visitor_ask(v, "GET", "/", VISITOR_NO_BODY, prove);
    visitor_settle(v);
    keeper_work(services.keeper);
    visitor_settle(v);
    ck_assert_int_eq(v->status, 403);
    end();
}
END_TEST

SUITE("login", TEST(whoever_says_nothing_is_asked), TEST(the_right_password_opens),
      TEST(the_answer_waits_for_the_thread), LOOP(a_wrong_password_does_not, bad),
      TEST(two_opinions_are_none), TEST(who_is_in_no_group_is_refused_with_a_line),
      TEST(who_alters_must_be_in_a_second_group), TEST(a_missing_file_is_our_fault),
      TEST(a_client_that_leaves_in_the_line_is_gone_at_once),
      TEST(a_client_that_leaves_while_a_thread_works_is_gone_when_it_is_done),
      TEST(too_many_are_sent_away_for_a_while), TEST(digest_offers_both_sums_the_better_one_first),
      LOOP(a_digest_for_another_request_is_none, other_uris),
      TEST(who_was_proven_is_not_asked_again))
