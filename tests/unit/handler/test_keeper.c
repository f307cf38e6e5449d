#include "handler/keeper.h"

#include "base/container.h"
#include "base/encode.h"
#include "base/sum.h"
#include "base/text.h"
#include "gateway/visitor.h"
#include "os/fd.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* "secret" in all of them: kinds that take no time to speak of. */
#define BCRYPT "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
#define DES    "abNANd1rDfiNc"

static struct tree tree;
static struct visitor *v; /* its loop and log */
static struct mailbox mailbox;
static struct desk desk;
static struct keeper *keeper;
static size_t open_before;
static char users_path[100];
static char groups_path[100];
static struct conf_login conf;
static struct conf_word staff = { .text = SLICE_INIT("staff") };
static unsigned told;

static void begin_with(unsigned threads)
{
    open_before = fd_count_open();
    tree_make(&tree);
    v = visitor_new();
    ck_assert_int_eq(mailbox_open(&mailbox, &v->loop), 0);
    desk_open(&desk, &v->loop, &mailbox);
    keeper = keeper_new(threads, &v->log);
    snprintf(users_path, sizeof(users_path), "%s/users", tree.root);
    snprintf(groups_path, sizeof(groups_path), "%s/groups", tree.root);
    conf = (struct conf_login){ .kind = LOGIN_BASIC, .file = slice_cstr(users_path) };
    tree_file(&tree, "users", "joe:" BCRYPT "\nann:" DES "\neve:!\n");
    tree_file(&tree, "groups", "staff: joe\n");
    told = 0;
}

static void begin(void)
{
    begin_with(0);
}

static void end(void)
{
    keeper_free(keeper);
    desk_close(&desk);
    mailbox_close(&mailbox);
    visitor_free(v);
    tree_remove(&tree);
    ck_assert_uint_eq(fd_count_open(), open_before);
}

static void count_told(struct login *login)
{
    ck_assert_int_eq(login->state, LOGIN_IDLE);
    told++;
}

static const union socket_address somebody = { .in4 = { .sin_family = AF_INET,
                                                        .sin_addr.s_addr = 1 } };

static struct login question(const char *user, const char *password)
{
    return (struct login){
        .conf = &conf,
        .realm = SLICE("Private page"),
        .auth = { .scheme = AUTH_BASIC,
                  .user = slice_cstr(user),
                  .password = slice_cstr(password) },
        .method = SLICE("GET"),
        .client = &somebody,
        .desk = &desk,
        .told = count_told,
        .now_ms = v->loop.now_ms,
    };
}

/* The answer, however it comes. */
static enum login_answer answer_of(struct login *login)
{
    const enum login_answer answer = keeper_ask(keeper, login);

    if (answer != LOGIN_WAITS)
        return answer;
    const unsigned before = told;
    ck_assert(keeper_work(keeper));
    ck_assert_uint_eq(told, before);
    loop_settle(&v->loop);
    ck_assert_uint_eq(told, before + 1);
    return login->answer;
}

static enum login_answer ask(const char *user, const char *password)
{
    struct login login = question(user, password);

    return answer_of(&login);
}

/* True when the answer is there without a thread. */
static bool is_known(const char *user, const char *password)
{
    struct login login = question(user, password);

    if (keeper_ask(keeper, &login) != LOGIN_WAITS)
        return true;
    ck_assert(keeper_forget(&login));
    return false;
}

static void pass(uint64_t ms)
{
    driver_fake_pass(v->loop.driver, ms);
    loop_settle(&v->loop);
}

static const struct {
    const char *user;
    const char *password;
    enum login_answer answer;
} logins[] = {
    { "joe", "secret", LOGIN_GOOD },  { "ann", "secret", LOGIN_GOOD },
    { "joe", "Secret", LOGIN_WRONG }, { "joe", "", LOGIN_WRONG },
    { "jo", "secret", LOGIN_WRONG },  { "", "secret", LOGIN_WRONG },
    { "eve", "secret", LOGIN_WRONG }, { "eve", "", LOGIN_WRONG },
    { "joe", BCRYPT, LOGIN_WRONG },   { "joe:" BCRYPT, "secret", LOGIN_WRONG },
};

START_TEST(a_password_is_right_or_wrong)
{
    begin();
    ck_assert_int_eq(ask(logins[_i].user, logins[_i].password), logins[_i].answer);
    ck_assert(!keeper_work(keeper));
    end();
}
END_TEST

START_TEST(what_was_right_is_known_for_a_while_and_what_was_wrong_is_not)
{
    begin();
    ck_assert(!is_known("joe", "secret"));
    ck_assert_int_eq(ask("joe", "secret"), LOGIN_GOOD);
    ck_assert(is_known("joe", "secret"));
    ck_assert(!is_known("joe", "secret2"));
    ck_assert(!is_known("joes", "ecret"));
    ck_assert_int_eq(ask("joe", "wrong"), LOGIN_WRONG);
    ck_assert(!is_known("joe", "wrong"));
    ck_assert_int_eq(ask("nobody", "wrong"), LOGIN_WRONG);
    ck_assert(!is_known("nobody", "wrong"));
    pass(KEEPER_KNOWS_MS - 1);
    ck_assert(!is_known("joe", "secret")); /* the file is to be looked at first */
    ck_assert_int_eq(ask("nobody", "x"), LOGIN_WRONG);
    ck_assert(is_known("joe", "secret"));
    pass(1);
    ck_assert(!is_known("joe", "secret"));
    end();
}
END_TEST

START_TEST(a_changed_file_counts_a_second_later)
{
    begin();
    ck_assert_int_eq(ask("joe", "secret"), LOGIN_GOOD);
    tree_file(&tree, "users", "ann:" DES "\nbad line\n");
    ck_assert(is_known("joe", "secret"));
    pass(KEEPER_BELIEVE_MS);
    ck_assert_int_eq(ask("joe", "secret"), LOGIN_WRONG);
    ck_assert_int_eq(ask("ann", "secret"), LOGIN_GOOD);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_WARNING), 1);
    ck_assert(visitor_log_has(v, "users:2: there is no ':' in the line; the line does not count"));
    end();
}
END_TEST

/* What was known of the old text does not open the new one. */
START_TEST(a_changed_password_ends_what_was_known)
{
    begin();
    ck_assert_int_eq(ask("joe", "secret"), LOGIN_GOOD);
    tree_file(&tree, "users", "joe:$1$saltsalt$9xy1btjgzLYfb7hivXtC/.\n");
    pass(KEEPER_BELIEVE_MS);
    ck_assert_int_eq(ask("joe", "secret"), LOGIN_WRONG);
    end();
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_said)
{
    struct login login;

    begin();
    tree_unlink(&tree, "users");
    login = question("joe", "secret");
    ck_assert_int_eq(answer_of(&login), LOGIN_BROKEN);
    ck_assert_str_eq(login.broken, "PasswordFile");
    ck_assert_int_eq(login.error, -ENOENT);
    tree_folder(&tree, "users");
    pass(KEEPER_BELIEVE_MS);
    login = question("joe", "secret");
    ck_assert_int_eq(answer_of(&login), LOGIN_BROKEN);
    ck_assert_int_eq(login.error, -EISDIR);
    end();
}
END_TEST

START_TEST(a_file_that_comes_back_counts)
{
    begin();
    tree_unlink(&tree, "users");
    ck_assert_int_eq(ask("joe", "secret"), LOGIN_BROKEN);
    ck_assert_int_eq(ask("joe", "secret"), LOGIN_BROKEN); /* believed for a second */
    tree_file(&tree, "users", "joe:" BCRYPT);
    pass(KEEPER_BELIEVE_MS);
    ck_assert_int_eq(ask("joe", "secret"), LOGIN_GOOD);
    end();
}
END_TEST

START_TEST(a_pipe_does_not_hold_up_the_thread)
{
    struct login login;

    begin();
    tree_unlink(&tree, "users");
    tree_fifo(&tree, "users");
    login = question("joe", "secret");
    ck_assert_int_eq(answer_of(&login), LOGIN_BROKEN);
    ck_assert_int_eq(login.error, -EINVAL);
    end();
}
END_TEST

static enum login_answer ask_staff(const char *user, const char *password)
{
    struct login login = question(user, password);

    login.groups = &staff;
    return answer_of(&login);
}

START_TEST(groups_are_asked_for_when_the_password_is_right)
{
    begin();
    conf.group_file = slice_cstr(groups_path);
    ck_assert_int_eq(ask_staff("joe", "secret"), LOGIN_GOOD);
    ck_assert_int_eq(ask_staff("ann", "secret"), LOGIN_NO_MEMBER);
    ck_assert_int_eq(ask_staff("ann", "secret"), LOGIN_NO_MEMBER); /* known by now */
    ck_assert_int_eq(ask_staff("ann", "wrong"), LOGIN_WRONG); /* and nothing about her groups */
    ck_assert_int_eq(ask("ann", "secret"), LOGIN_GOOD);
    end();
}
END_TEST

START_TEST(a_changed_group_counts_a_second_later)
{
    struct login login;

    begin();
    conf.group_file = slice_cstr(groups_path);
    ck_assert_int_eq(ask_staff("ann", "secret"), LOGIN_NO_MEMBER);
    tree_file(&tree, "groups", "staff: joe ann\n");
    pass(KEEPER_BELIEVE_MS);
    ck_assert_int_eq(ask_staff("ann", "secret"), LOGIN_GOOD);
    tree_unlink(&tree, "groups");
    pass(KEEPER_BELIEVE_MS);
    login = question("ann", "secret");
    login.groups = &staff;
    ck_assert_int_eq(answer_of(&login), LOGIN_BROKEN);
    ck_assert_str_eq(login.broken, "group file");
    end();
}
END_TEST

START_TEST(without_a_group_file_nobody_is_a_member)
{
    begin();
    ck_assert_int_eq(ask_staff("joe", "secret"), LOGIN_NO_MEMBER);
    end();
}
END_TEST

START_TEST(who_is_proven_is_asked_for_groups_only)
{
    struct login login;

    begin();
    conf.group_file = slice_cstr(groups_path);
    login = question("joe", "");
    login.groups = &staff;
    login.is_proven = true;
    ck_assert_int_eq(answer_of(&login), LOGIN_GOOD);
    login = question("ann", "");
    login.groups = &staff;
    login.is_proven = true;
    ck_assert_int_eq(answer_of(&login), LOGIN_NO_MEMBER);
    end();
}
END_TEST

START_TEST(other_credentials_are_none)
{
    struct login login;

    begin();
    login = question("joe", "secret");
    login.auth.scheme = AUTH_NONE;
    ck_assert_int_eq(answer_of(&login), LOGIN_NEEDED);
    login = question("joe", "secret");
    login.auth.scheme = AUTH_DIGEST;
    ck_assert_int_eq(answer_of(&login), LOGIN_NEEDED);
    conf.kind = LOGIN_DIGEST;
    login = question("joe", "secret");
    ck_assert_int_eq(answer_of(&login), LOGIN_NEEDED);
    end();
}
END_TEST

/* ---- the line ---- */

#define MANY (KEEPER_LINE_MOST + 10)

static union socket_address client(unsigned number)
{
    return (
        union socket_address){ .in4 = { .sin_family = AF_INET, .sin_addr.s_addr = number + 2 } };
}

START_TEST(a_full_line_sends_away_whoever_has_most_in_it)
{
    static struct login greedy[MANY];
    const union socket_address from = client(0);
    struct login *guest = calloc(1, sizeof(*guest));

    begin();
    for (unsigned i = 0; i < MANY; i++) {
        greedy[i] = question("joe", "wrong");
        greedy[i].client = &from;
        ck_assert_int_eq(keeper_ask(keeper, &greedy[i]),
                         i < KEEPER_LINE_MOST ? LOGIN_WAITS : LOGIN_BUSY);
    }
    *guest = question("ann", "secret");
    ck_assert_int_eq(keeper_ask(keeper, guest), LOGIN_WAITS);
    loop_settle(&v->loop);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(greedy[KEEPER_LINE_MOST - 1].answer, LOGIN_BUSY);
    ck_assert(keeper_work(keeper));
    ck_assert(keeper_work(keeper)); /* the second turn is the guest's */
    loop_settle(&v->loop);
    ck_assert_int_eq(guest->answer, LOGIN_GOOD);
    while (keeper_work(keeper))
        continue;
    loop_settle(&v->loop);
    ck_assert_uint_eq(told, 1 + KEEPER_LINE_MOST);
    free(guest);
    end();
}
END_TEST

START_TEST(who_leaves_the_line_is_not_told)
{
    struct login gone;
    struct login stays;

    begin();
    gone = question("joe", "secret");
    stays = question("ann", "secret");
    ck_assert_int_eq(keeper_ask(keeper, &gone), LOGIN_WAITS);
    ck_assert_int_eq(keeper_ask(keeper, &stays), LOGIN_WAITS);
    ck_assert(keeper_forget(&gone));
    ck_assert(keeper_work(keeper));
    ck_assert(!keeper_work(keeper));
    ck_assert(!keeper_forget(&stays)); /* its letter is on the way */
    loop_settle(&v->loop);
    ck_assert_uint_eq(told, 1);
    end();
}
END_TEST

START_TEST(threads_do_the_work)
{
    static struct login logins_of_many[30];

    begin_with(2);
    for (unsigned i = 0; i < 30; i++) {
        logins_of_many[i] = question(i % 3 ? "joe" : "ann", i % 2 ? "secret" : "wrong");
        logins_of_many[i].answer = LOGIN_WAITS;
        const enum login_answer answer = keeper_ask(keeper, &logins_of_many[i]);
        if (answer != LOGIN_WAITS) { /* known, from one before */
            logins_of_many[i].answer = answer;
            told++;
        }
    }
    for (unsigned long turns = 0; told < 30; turns++) { /* as long as they take */
        loop_turn(&v->loop, 0);
        sched_yield();
    }
    for (unsigned i = 0; i < 30; i++)
        ck_assert_int_eq(logins_of_many[i].answer, i % 2 ? LOGIN_GOOD : LOGIN_WRONG);
    end();
}
END_TEST

/* ---- Digest ---- */

/* joe:Private page:secret, as MD5 */
#define HA1 "e83b1e1ee387cf511c3cb65d48a1ffbe"

static char nonce[DIGEST_NONCE_LEN];
static char response[32];

static void hash_md5(const char *text, char out[33])
{
    unsigned char sum[MD5_LEN];
    struct text hex = text_on(out, 32);
    const struct slice whole = slice_cstr(text);

    sum_of(SUM_MD5, &whole, 1, sum);
    hex_encode(&hex, slice_of(sum, sizeof(sum)));
    out[32] = '\0';
}

static struct login digest_question(const char *ha1, const char *nc)
{
    struct login login = question("joe", "");
    char a2[33];
    char all[300];
    char sum[33];

    hash_md5("GET:/a", a2);
    snprintf(all, sizeof(all), "%s:%.*s:%s:c:auth:%s", ha1, (int)sizeof(nonce), nonce, nc, a2);
    hash_md5(all, sum);
    memcpy(response, sum, sizeof(response));
    login.auth = (struct authorization){
        .scheme = AUTH_DIGEST,
        .user = SLICE("joe"),
        .realm = SLICE("Private page"),
        .nonce = slice_of(nonce, sizeof(nonce)),
        .uri = SLICE("/a"),
        .cnonce = SLICE("c"),
        .nc_text = slice_cstr(nc),
        .nc = (uint32_t)strtoul(nc, NULL, 16),
        .response = slice_of(response, sizeof(response)),
    };
    return login;
}

START_TEST(a_digest_is_good_once)
{
    struct login login;

    begin();
    conf.kind = LOGIN_DIGEST;
    tree_file(&tree, "users", "joe:Private page:" HA1 "\n");
    keeper_nonce(keeper, SLICE("Private page"), v->loop.now_ms, nonce);
    login = digest_question(HA1, "00000001");
    ck_assert_int_eq(answer_of(&login), LOGIN_GOOD);
    login = digest_question(HA1, "00000001");
    ck_assert_int_eq(answer_of(&login), LOGIN_STALE);
    ck_assert_uint_eq(login.algorithms, 1u << DIGEST_MD5);
    login = digest_question(HA1, "00000002");
    ck_assert_int_eq(answer_of(&login), LOGIN_GOOD);
    login = digest_question("00000000000000000000000000000000", "00000003");
    ck_assert_int_eq(answer_of(&login), LOGIN_WRONG); /* not stale: it was wrong */
    login = digest_question(HA1, "00000003");
    login.auth.realm = SLICE("Other");
    ck_assert_int_eq(answer_of(&login), LOGIN_WRONG);
    login = digest_question(HA1, "00000003");
    login.auth.algorithm = SLICE("SHA-256");
    ck_assert_int_eq(answer_of(&login), LOGIN_WRONG);
    pass(DIGEST_NONCE_AGE_MS + 1);
    login = digest_question(HA1, "00000003");
    ck_assert_int_eq(answer_of(&login), LOGIN_STALE);
    end();
}
END_TEST

/* PasswordFile of a .hiawatha: whoever writes there must not lead us elsewhere. */
START_TEST(a_file_in_a_website_is_not_reached_by_a_link_out_of_it)
{
    char inside[120];
    char target[120];

    begin();
    snprintf(inside, sizeof(inside), "%s/www", tree.root);
    tree_file(&tree, "www/.users", "joe:" BCRYPT "\n");
    tree_link(&tree, "www/.near", ".users");
    snprintf(target, sizeof(target), "%s/users", tree.root);
    tree_link(&tree, "www/.far", target);
    snprintf(users_path, sizeof(users_path), "%s/www/.far", tree.root);
    if (geteuid() == 0) /* those of root may lead anywhere */
        ck_assert_int_eq(lchown(users_path, 12345, 12345), 0);
    conf.file = slice_cstr(users_path);
    ck_assert_int_eq(ask("joe", "secret"), LOGIN_GOOD);
    conf.below = slice_cstr(inside);
    ck_assert_int_eq(ask("joe", "secret"), LOGIN_BROKEN);
    snprintf(users_path, sizeof(users_path), "%s/www/.near", tree.root);
    conf.file = slice_cstr(users_path);
    ck_assert_int_eq(ask("joe", "secret"), LOGIN_GOOD);
    end();
}
END_TEST

SUITE("keeper", TEST(a_file_in_a_website_is_not_reached_by_a_link_out_of_it),
      LOOP(a_password_is_right_or_wrong, logins),
      TEST(what_was_right_is_known_for_a_while_and_what_was_wrong_is_not),
      TEST(a_changed_file_counts_a_second_later), TEST(a_changed_password_ends_what_was_known),
      TEST(a_file_that_cannot_be_read_is_said), TEST(a_file_that_comes_back_counts),
      TEST(a_pipe_does_not_hold_up_the_thread),
      TEST(groups_are_asked_for_when_the_password_is_right),
      TEST(a_changed_group_counts_a_second_later), TEST(without_a_group_file_nobody_is_a_member),
      TEST(who_is_proven_is_asked_for_groups_only), TEST(other_credentials_are_none),
      TEST(a_full_line_sends_away_whoever_has_most_in_it), TEST(who_leaves_the_line_is_not_told),
      TEST(threads_do_the_work), TEST(a_digest_is_good_once))
