/* The policy as it is adopted, and what a program is told beside what the server says. */
#include "spawner_private.h"

#include "os/fd.h"
#include "os/remove.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int adopt(uint32_t sandbox, struct sandboxes *sandboxes, struct rules **ret,
                 const char **why)
{
    struct policy_rule rule = { .host = SLICE("a"),
                                .root = SLICE("/tmp"),
                                .confine = { .sandbox = sandbox, .tmp = SLICE("/tmp/x") } };
    struct policy policy = { .rules = &rule, .rule_count = 1, .kill_grace_ms = 30 };
    char *data;
    size_t len;
    int fd;

    policy_encode(&policy, &data, &len);
    ck_assert_int_eq(fd_sealed("policy", data, len, &fd), 0);
    free(data);
    int r = rules_adopt(fd, sandboxes, ret, why);
    fd_close(&fd);
    return r;
}

START_TEST(sandboxes_come_in_order_and_are_known_by_number)
{
    struct sandboxes sandboxes = { 0 };
    struct rules *rules = NULL;
    const char *why = NULL;
    size_t before = fd_count_open();

    ck_assert_int_eq(adopt(1, &sandboxes, &rules, &why), -EBADMSG);
    ck_assert_str_eq(why, "a sandbox that was not handed over");
    ck_assert(!sandboxes_add(&sandboxes, 2, open("/dev/null", O_RDONLY | O_CLOEXEC)));
    ck_assert(sandboxes_add(&sandboxes, 1, open("/dev/null", O_RDONLY | O_CLOEXEC)));
    ck_assert(!sandboxes_add(&sandboxes, 1, open("/dev/null", O_RDONLY | O_CLOEXEC)));

    const int ruleset = sandboxes.fds[0];
    ck_assert_int_eq(adopt(1, &sandboxes, &rules, &why), 0);
    ck_assert_uint_eq(sandboxes.count, 0); /* they are those of the rules now */
    const struct rule *rule = rules_find(rules, 0, 0, NULL);
    ck_assert_int_eq(rule->confine.ruleset, ruleset);
    ck_assert(rule->confine.asks);
    ck_assert_str_eq(rule->confine.tmp, "/tmp/x");
    rules_free(rules);

    ck_assert_int_eq(adopt(0, &sandboxes, &rules, &why), 0);
    ck_assert_int_eq(rules_find(rules, 0, 0, NULL)->confine.ruleset, -1);
    ck_assert(!rules_find(rules, 0, 0, NULL)->confine.asks);
    rules_free(rules);
    ck_assert_uint_eq(fd_count_open(), before);
}
END_TEST

START_TEST(a_rule_is_that_of_its_generation)
{
    struct policies policies = { 0 };
    struct sandboxes none = { 0 };
    struct rules *rules[3];
    const char *why;

    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(adopt(0, &none, &rules[i], &why), 0);
        policies_add(&policies, rules[i], i + 1);
    }
    ck_assert_ptr_eq(policies.newest, rules[2]);
    ck_assert_ptr_eq(policies_find(&policies, 1), rules[0]);
    policies_forget(&policies, 2);
    ck_assert_ptr_null(policies_find(&policies, 2));
    ck_assert_ptr_null(rules_find(policies_find(&policies, 2), 0, 0, NULL));
    policies_forget(&policies, 3); /* it was not adopted: the former is the newest again */
    ck_assert_ptr_eq(policies.newest, rules[0]);
    policies_forget(&policies, 7);
    policies_free(&policies);
    ck_assert_ptr_null(policies.newest);
}
END_TEST

START_TEST(a_rule_for_one_program_lets_nothing_else_run)
{
    const struct rule one = { .only = SLICE("done") };
    const struct rule any = { 0 };
    const struct spawn_ask asks[] = {
        { .script = SLICE("done") },
        { .script = SLICE("done2") },
        { .script = SLICE("x/done") },
        { .script = SLICE("done"), .arguments = slice_of("a\0", 2) },
    };

    ck_assert(rule_lets(&one, &asks[0]));
    for (unsigned i = 1; i < 4; i++)
        ck_assert(!rule_lets(&one, &asks[i]));
    for (unsigned i = 0; i < 4; i++)
        ck_assert(rule_lets(&any, &asks[i]));
}
END_TEST

START_TEST(who_reads_a_document_from_stdin_is_told_and_nothing_else)
{
    const struct rule rule = { .interpreter = "/usr/bin/xsltproc",
                               .arguments = (const char *const[]){ "--nonet" },
                               .argument_count = 1,
                               .reads_stdin = true };
    const struct spawn_ask ask = { .script = SLICE("a.xslt") };
    const struct spawn_ask more = { .script = SLICE("a.xslt"), .arguments = slice_of("b\0", 2) };
    struct arena arena = { 0 };
    char *const *words = launch_arguments(&arena, &rule, "/srv/a.xslt", SLICE(""));
    const char *const wanted[] = { "/usr/bin/xsltproc", "--nonet", "/srv/a.xslt", "-" };

    for (unsigned i = 0; i < 4; i++)
        ck_assert_str_eq(words[i], wanted[i]);
    ck_assert_ptr_null(words[4]);
    ck_assert(rule_lets(&rule, &ask));
    ck_assert(!rule_lets(&rule, &more));
    arena_done(&arena);
}
END_TEST

/* ---- accounts ---- */

enum { RULE_FOLDER, RULE_OWNER, RULE_WEBSITE, RULE_COUNT };

static char home[] = "/tmp/test-rules-XXXXXX";

/* A script of ours, in the folder "www" of a home. */
static struct rules *rules_for_accounts(void)
{
    static uint32_t groups[] = { 1000, 27 };
    struct policy_rule rule[RULE_COUNT] = {
        [RULE_FOLDER] = { .host = SLICE("a"), .accounts = POLICY_ACCOUNTS_FOLDER },
        [RULE_OWNER] = { .host = SLICE("a"),
                         .accounts = POLICY_ACCOUNTS_OWNER,
                         .interpreter = SLICE("/bin/sh"),
                         .confine = { .nice = 3 } },
        [RULE_WEBSITE] = { .host = SLICE("a"), .root = SLICE("/tmp") },
    };
    struct policy_account accounts[] = {
        { slice_cstr(home), geteuid() > 0 ? geteuid() : 1000, 1000, groups, 2 },
        { SLICE("/no/such/home"), 1001, 1001, NULL, 0 },
    };
    struct policy policy = { rule, RULE_COUNT, 30, SLICE("www"), accounts, 2 };
    struct sandboxes none = { 0 };
    struct rules *rules;
    const char *why;
    char *data;
    size_t len;
    int fd;

    policy_encode(&policy, &data, &len);
    ck_assert_int_eq(fd_sealed("policy", data, len, &fd), 0);
    free(data);
    ck_assert_int_eq(rules_adopt(fd, &none, &rules, &why), 0);
    fd_close(&fd);
    return rules;
}

static void in_home(const char *name, char path[64])
{
    snprintf(path, 64, "%s/%s", home, name);
}

static void make_home(void)
{
    char path[64];

    ck_assert_ptr_nonnull(mkdtemp(home));
    in_home("www", path);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    in_home("www/a.cgi", path);
    scoped_fd fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
    ck_assert_int_ge(fd, 0);
}

static void remove_home(void)
{
    ck_assert_int_eq(remove_all(home), 0);
}

START_TEST(a_rule_for_accounts_is_that_of_one)
{
    struct rules *rules = rules_for_accounts();
    struct arena arena = { 0 };

    ck_assert_ptr_null(rules_find(rules, RULE_OWNER, 0, &arena));
    ck_assert_ptr_null(rules_find(rules, RULE_OWNER, 3, &arena));
    ck_assert_ptr_null(rules_find(rules, RULE_WEBSITE, 1, &arena));
    ck_assert_ptr_null(rules_find_service(rules, RULE_OWNER));
    ck_assert(!rules_gain_nothing(rules));

    const struct rule *rule = rules_find(rules, RULE_OWNER, 2, &arena);
    ck_assert_str_eq(rule->root->path, "/no/such/home/www");
    ck_assert(rule->confine.switches && rule->confine.asks);
    ck_assert_uint_eq(rule->confine.user, 1001);
    ck_assert_uint_eq(rule->confine.group, 1001);
    ck_assert_int_eq(rule->confine.nice, 3);
    rule = rules_find(rules, RULE_OWNER, 1, &arena);
    ck_assert_uint_eq(rule->confine.group_count, 2);
    ck_assert_uint_eq(rule->confine.groups[1], 27);
    rule = rules_find(rules, RULE_FOLDER, 2, &arena);
    ck_assert_str_eq(rule->root->path, "/no/such/home/www");
    ck_assert(!rule->confine.switches);
    arena_done(&arena);
    rules_free(rules);
}
END_TEST

static const struct {
    const char *script;
    uint32_t account;
    const char *moved; /* what "www" was renamed to, with a link in its place; NULL: nothing */
    int error;         /* 0: it is found */
} searches[] = {
    { "a.cgi", 1, NULL, 0 },
    { "b.cgi", 1, NULL, ENOENT },
    { "a.cgi", 2, NULL, ENOENT },
    { "a.cgi", 1, "other", ELOOP },
};

START_TEST(the_folder_of_an_account_is_opened_for_each_start)
{
    struct arena arena = { 0 };
    struct spawn_fault fault = { 0 };
    struct script script = { .own_folder = -1, .own_root = -1 };
    size_t before = fd_count_open();
    char from[64];
    char to[64];

    make_home();
    struct rules *rules = rules_for_accounts();
    const struct rule *rule = rules_find(rules, RULE_OWNER, searches[_i].account, &arena);
    if (searches[_i].moved) {
        in_home("www", from);
        in_home(searches[_i].moved, to);
        ck_assert_int_eq(rename(from, to), 0);
        ck_assert_int_eq(symlink(searches[_i].moved, from), 0);
    }
    bool found = rule_find_script(rule, slice_cstr(searches[_i].script), &arena, &script, &fault);
    ck_assert(found == (searches[_i].error == 0));
    ck_assert_int_eq(fault.error, searches[_i].error);
    fd_close(&script.own_folder);
    fd_close(&script.own_root);
    arena_done(&arena);
    rules_free(rules);
    remove_home();
    ck_assert_uint_eq(fd_count_open(), before);
}
END_TEST

static const struct {
    struct slice block;
    const char *tmp;
    const char *entries; /* each with a blank behind it */
} environments[] = {
    { SLICE_INIT("A=1\0"), NULL, "LONGHOUSE_PROGRAM=7 A=1 " },
    { SLICE_INIT("A=1\0"), "/tmp/x", "LONGHOUSE_PROGRAM=7 A=1 TMPDIR=/tmp/x " },
    { SLICE_INIT("TMPDIR=/mine\0"), "/tmp/x", "LONGHOUSE_PROGRAM=7 TMPDIR=/mine " },
    { SLICE_INIT("LONGHOUSE_PROGRAM=1\0"), NULL, "LONGHOUSE_PROGRAM=7 " },
    { SLICE_INIT(""), "/tmp/x", "LONGHOUSE_PROGRAM=7 TMPDIR=/tmp/x " },
};

START_TEST(a_program_has_its_mark_and_a_place_for_temporary_files)
{
    struct arena arena = { 0 };
    char all[256] = "";
    char *const *entry =
        launch_environment(&arena, environments[_i].block, 7, environments[_i].tmp);

    for (; *entry; entry++) {
        strcat(all, *entry);
        strcat(all, " ");
    }
    ck_assert_str_eq(all, environments[_i].entries);
    arena_done(&arena);
}
END_TEST

START_TEST(a_program_sees_its_script_below_its_root_directory)
{
    struct rule rule = { 0 };

    ck_assert_str_eq(rule_seen(&rule, "/srv/jail/htdocs/a.cgi"), "/srv/jail/htdocs/a.cgi");
    rule.confine.chroot = "/srv/jail";
    ck_assert_str_eq(rule_seen(&rule, "/srv/jail/htdocs/a.cgi"), "/htdocs/a.cgi");
}
END_TEST

SUITE("rules", TEST(a_program_sees_its_script_below_its_root_directory),
      TEST(sandboxes_come_in_order_and_are_known_by_number), TEST(a_rule_is_that_of_its_generation),
      TEST(a_rule_for_one_program_lets_nothing_else_run),
      TEST(who_reads_a_document_from_stdin_is_told_and_nothing_else),
      TEST(a_rule_for_accounts_is_that_of_one),
      LOOP(the_folder_of_an_account_is_opened_for_each_start, searches),
      LOOP(a_program_has_its_mark_and_a_place_for_temporary_files, environments))
