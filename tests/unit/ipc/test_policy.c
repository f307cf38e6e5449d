#include "ipc/policy.h"

#include "suite.h"

static struct slice perl_arguments[] = { SLICE_INIT("-T"), SLICE_INIT("-w") };

static uint32_t alices[] = { 1000, 33 };

static struct policy_rule rules[] = {
    { .host = SLICE_INIT("a.example"),
      .root = SLICE_INIT("/srv/a"),
      .interpreter = SLICE_INIT("/usr/bin/perl"),
      .arguments = perl_arguments,
      .argument_count = 2,
      .links = POLICY_LINKS_ANY },
    { .host = SLICE_INIT("b.example"),
      .root = SLICE_INIT("/srv/b"),
      .confine = { .switches = true,
                   .user = 1000,
                   .group = 1000,
                   .groups = alices,
                   .group_count = 2,
                   .below = SLICE_INIT("/srv/b/cgi"),
                   .chroot = SLICE_INIT("/srv"),
                   .sandbox = 7,
                   .tmp = SLICE_INIT("/tmp/b"),
                   .limits = { 1u << 30, 20, 64, 5 },
                   .group_limits = { 1u << 29, 30, 10000 },
                   .nice = 19,
                   .has_umask = true,
                   .umask = 077,
                   .no_new_privs = true } },
    { .host = SLICE_INIT("runs nothing") },
    { .host = SLICE_INIT("users.example"),
      .accounts = POLICY_ACCOUNTS_OWNER,
      .interpreter = SLICE_INIT("/usr/bin/perl"),
      .confine = { .limits = { 1u << 30 } } },
    { .host = SLICE_INIT("users.example"),
      .accounts = POLICY_ACCOUNTS_FOLDER,
      .confine = { .switches = true, .user = 5, .group = 60 } },
    { .host = SLICE_INIT("c.example"),
      .root = SLICE_INIT("/usr/local/bin"),
      .only = SLICE_INIT("uploaded") },
    { .host = SLICE_INIT("c.example"),
      .root = SLICE_INIT("/srv/c"),
      .interpreter = SLICE_INIT("/usr/bin/xsltproc"),
      .reads_stdin = true },
};

static struct policy_account accounts[] = {
    { SLICE_INIT("/home/alice"), 1000, 1000, alices, 2 },
    { SLICE_INIT("/home/bob"), 1001, 100, NULL, 0 },
};

static const struct policy policies[] = {
    { rules, 7, 10, SLICE_INIT("www/public"), accounts, 2 },
    { .user_folder = SLICE_INIT("public_html"), .accounts = accounts, .account_count = 1 },
    { .rules = rules, .rule_count = 3, .kill_grace_ms = 2000 },
    { .rules = rules, .rule_count = 1 },
    { .rule_count = 0, .kill_grace_ms = 1 },
};

static void assert_same_rule(const struct policy_rule *a, const struct policy_rule *b)
{
    ck_assert(slice_equal(a->host, b->host));
    ck_assert(slice_equal(a->root, b->root));
    ck_assert(slice_equal(a->only, b->only));
    ck_assert(slice_equal(a->interpreter, b->interpreter));
    ck_assert_int_eq(a->reads_stdin, b->reads_stdin);
    ck_assert_int_eq(a->links, b->links);
    ck_assert_int_eq(a->accounts, b->accounts);
    ck_assert_uint_eq(a->argument_count, b->argument_count);
    for (uint32_t i = 0; i < a->argument_count; i++)
        ck_assert(slice_equal(a->arguments[i], b->arguments[i]));
    ck_assert_int_eq(a->confine.switches, b->confine.switches);
    ck_assert_uint_eq(a->confine.user, b->confine.user);
    ck_assert_uint_eq(a->confine.group, b->confine.group);
    ck_assert_uint_eq(a->confine.group_count, b->confine.group_count);
    for (uint32_t i = 0; i < a->confine.group_count; i++)
        ck_assert_uint_eq(a->confine.groups[i], b->confine.groups[i]);
    ck_assert(slice_equal(a->confine.below, b->confine.below));
    ck_assert(slice_equal(a->confine.chroot, b->confine.chroot));
    ck_assert(slice_equal(a->confine.tmp, b->confine.tmp));
    ck_assert_uint_eq(a->confine.sandbox, b->confine.sandbox);
    for (int i = 0; i < POLICY_LIMIT_COUNT; i++)
        ck_assert_uint_eq(a->confine.limits[i], b->confine.limits[i]);
    for (int i = 0; i < POLICY_GROUP_LIMIT_COUNT; i++)
        ck_assert_uint_eq(a->confine.group_limits[i], b->confine.group_limits[i]);
    ck_assert_uint_eq(a->confine.nice, b->confine.nice);
    ck_assert_int_eq(a->confine.has_umask, b->confine.has_umask);
    ck_assert_uint_eq(a->confine.umask, b->confine.umask);
    ck_assert_int_eq(a->confine.no_new_privs, b->confine.no_new_privs);
}

static void assert_same_accounts(const struct policy *a, const struct policy *b)
{
    ck_assert(slice_equal(a->user_folder, b->user_folder));
    ck_assert_uint_eq(a->account_count, b->account_count);
    for (uint32_t i = 0; i < a->account_count; i++) {
        ck_assert(slice_equal(a->accounts[i].home, b->accounts[i].home));
        ck_assert_uint_eq(a->accounts[i].user, b->accounts[i].user);
        ck_assert_uint_eq(a->accounts[i].group, b->accounts[i].group);
        ck_assert_uint_eq(a->accounts[i].group_count, b->accounts[i].group_count);
        for (uint32_t j = 0; j < a->accounts[i].group_count; j++)
            ck_assert_uint_eq(a->accounts[i].groups[j], b->accounts[i].groups[j]);
    }
}

START_TEST(what_was_encoded_is_decoded)
{
    struct arena arena = { 0 };
    struct policy back;
    char *data;
    size_t len;

    policy_encode(&policies[_i], &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &back, NULL), PARSE_DONE);
    ck_assert_uint_eq(back.kill_grace_ms, policies[_i].kill_grace_ms);
    ck_assert_uint_eq(back.rule_count, policies[_i].rule_count);
    for (uint32_t i = 0; i < back.rule_count; i++)
        assert_same_rule(&back.rules[i], &policies[_i].rules[i]);
    assert_same_accounts(&back, &policies[_i]);
    arena_done(&arena);
    free(data);
}
END_TEST

START_TEST(every_cut_and_every_added_byte_is_refused)
{
    struct arena arena = { 0 };
    struct policy back;
    struct parse_fault fault;
    char *data;
    size_t len;

    policy_encode(&policies[_i], &data, &len);
    for (size_t cut = 0; cut < len; cut++) {
        ck_assert_int_eq(policy_decode(slice_of(data, cut), &arena, &back, &fault), PARSE_BAD);
        ck_assert_uint_le(fault.at, cut);
    }
    data = realloc(data, len + 1);
    ck_assert_ptr_nonnull(data);
    data[len] = 'x';
    ck_assert_int_eq(policy_decode(slice_of(data, len + 1), &arena, &back, &fault), PARSE_BAD);
    arena_done(&arena);
    free(data);
}
END_TEST

static const struct {
    struct policy_rule rule;
    const char *why;
} bad_rules[] = {
    { { .root = SLICE_INIT("srv") }, "a path is not absolute" },
    { { .interpreter = SLICE_INIT("perl") }, "a path is not absolute" },
    { { .confine = { .tmp = SLICE_INIT("tmp") } }, "a path is not absolute" },
    { { .confine = { .chroot = SLICE_INIT("/a\0b") } }, "NUL in a path" },
    { { .only = SLICE_INIT("a") }, "a script of its own without a root of its own" },
    { { .accounts = POLICY_ACCOUNTS_FOLDER, .only = SLICE_INIT("a") },
      "a script of its own without a root of its own" },
    { { .root = SLICE_INIT("/bin"), .only = SLICE_INIT("a/b") },
      "a script that is no name in its root" },
    { { .root = SLICE_INIT("/bin"), .only = SLICE_INIT("a\0b") },
      "a script that is no name in its root" },
    { { .root = SLICE_INIT("/bin"), .only = SLICE_INIT(".") },
      "a script that is no name in its root" },
    { { .root = SLICE_INIT("/bin"), .only = SLICE_INIT("..") },
      "a script that is no name in its root" },
    { { .root = SLICE_INIT("/srvs"), .confine = { .chroot = SLICE_INIT("/srv") } },
      "a root outside of its root directory" },
    { { .root = SLICE_INIT("/a\0b") }, "NUL in a path" },
    { { .interpreter = SLICE_INIT("/a\0b") }, "NUL in a path" },
    { { .links = (enum policy_links)2 }, "unknown treatment of links" },
    { { .arguments = (struct slice[]){ SLICE_INIT("a\0") }, .argument_count = 1 },
      "NUL in an argument" },
    { { .confine = { .group_limits = { 0, 0, 10001 } } }, "a number out of range" },
    { { .confine = { .switches = true, .group = 1 } }, "a program of the superuser" },
    { { .confine = { .switches = true, .user = 1 } }, "a program of the superuser" },
    { { .confine = { .switches = true,
                     .user = 1,
                     .group = 1,
                     .groups = (uint32_t[]){ 1, 0 },
                     .group_count = 2 } },
      "a program of the superuser" },
    { { .root = SLICE_INIT("/srv"), .reads_stdin = true }, "stdin for no interpreter" },
    { { .confine = { .user = 1 } }, "a user without a change of user" },
    { { .confine = { .group_count = 1, .groups = (uint32_t[]){ 1 } } },
      "a user without a change of user" },
    { { .confine = { .nice = 20 } }, "a number out of range" },
    { { .confine = { .umask = 022 } }, "a number out of range" },
    { { .confine = { .has_umask = true, .umask = 01000 } }, "a number out of range" },
    { { .confine = { .below = SLICE_INIT("srv") } }, "a path is not absolute" },
    { { .confine = { .below = SLICE_INIT("/a\0") } }, "NUL in a path" },
    { { .accounts = (enum policy_accounts)3 }, "unknown treatment of accounts" },
    { { .accounts = POLICY_ACCOUNTS_OWNER, .root = SLICE_INIT("/srv") },
      "another place besides that of the account" },
    { { .accounts = POLICY_ACCOUNTS_FOLDER, .confine = { .below = SLICE_INIT("/srv") } },
      "another place besides that of the account" },
    { { .accounts = POLICY_ACCOUNTS_FOLDER, .confine = { .chroot = SLICE_INIT("/srv") } },
      "another place besides that of the account" },
    { { .accounts = POLICY_ACCOUNTS_OWNER, .confine = { .sandbox = 1 } },
      "another place besides that of the account" },
    { { .accounts = POLICY_ACCOUNTS_OWNER, .confine = { .switches = true, .user = 1, .group = 1 } },
      "another user besides the account" },
};

START_TEST(a_bad_rule_is_refused)
{
    struct policy_rule rule = bad_rules[_i].rule;
    struct policy policy = { .rules = &rule, .rule_count = 1 };
    struct arena arena = { 0 };
    struct policy back;
    struct parse_fault fault;
    char *data;
    size_t len;

    policy_encode(&policy, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &back, &fault), PARSE_BAD);
    ck_assert_str_eq(fault.why, bad_rules[_i].why);
    ck_assert_uint_eq(fault.at, 16);
    arena_done(&arena);
    free(data);
}
END_TEST

static uint32_t of_root[] = { 1000, 0 };

static const struct {
    struct policy_account account;
    const char *folder;
    const char *why;
} bad_accounts[] = {
    { { SLICE_INIT("/root"), 0, 1000, NULL, 0 }, "www", "a program of the superuser" },
    { { SLICE_INIT("/home/a"), 1000, 0, NULL, 0 }, "www", "a program of the superuser" },
    { { SLICE_INIT("/home/a"), 1000, 1000, of_root, 2 }, "www", "a program of the superuser" },
    { { SLICE_INIT("home/a"), 1000, 1000, NULL, 0 }, "www", "a path is not absolute" },
    { { SLICE_INIT(""), 1000, 1000, NULL, 0 }, "www", "a path is not absolute" },
    { { SLICE_INIT("/home\0"), 1000, 1000, NULL, 0 }, "www", "NUL in a path" },
    { { SLICE_INIT("/home/a"), 1000, 1000, NULL, 0 }, "", "no folder below a home" },
    { { SLICE_INIT("/home/a"), 1000, 1000, NULL, 0 }, "/www", "no folder below a home" },
    { { SLICE_INIT("/home/a"), 1000, 1000, NULL, 0 }, "www/", "no folder below a home" },
    { { SLICE_INIT("/home/a"), 1000, 1000, NULL, 0 }, "a/../..", "no folder below a home" },
};

START_TEST(a_bad_account_is_refused)
{
    struct policy_account account = bad_accounts[_i].account;
    struct policy policy = { .user_folder = slice_cstr(bad_accounts[_i].folder),
                             .accounts = &account,
                             .account_count = 1 };
    struct arena arena = { 0 };
    struct policy back;
    struct parse_fault fault;
    char *data;
    size_t len;

    policy_encode(&policy, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &back, &fault), PARSE_BAD);
    ck_assert_str_eq(fault.why, bad_accounts[_i].why);
    arena_done(&arena);
    free(data);
}
END_TEST

START_TEST(counts_beyond_the_bytes_allocate_nothing)
{
    static const char many_accounts[] = "HLP6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\377\377\377\377abcd";
    static const char many_rules[] = "HLP6\377\377\377\377\0\0\0\0\0\0\0";
    static char many_arguments[16 + 124 + 8] =
        "HLP6\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\377\377\377\377";
    static char many_groups[16 + 124 + 8] = "HLP6\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
                                            "\0\0\0\1\0\0\0\1\0\0\0\377\377\377\377";
    struct arena arena = { 0 };
    struct policy back;

    ck_assert_int_eq(policy_decode(slice_of(many_rules, sizeof(many_rules)), &arena, &back, NULL),
                     PARSE_BAD);
    ck_assert_int_eq(
        policy_decode(slice_of(many_accounts, sizeof(many_accounts)), &arena, &back, NULL),
        PARSE_BAD);
    ck_assert_uint_eq(arena.used_bytes, 0);
    ck_assert_int_eq(
        policy_decode(slice_of(many_arguments, sizeof(many_arguments)), &arena, &back, NULL),
        PARSE_BAD);
    ck_assert_int_eq(policy_decode(slice_of(many_groups, sizeof(many_groups)), &arena, &back, NULL),
                     PARSE_BAD);
    ck_assert_uint_lt(arena.used_bytes, 1024);
    arena_done(&arena);
}
END_TEST

SUITE("ipc/policy", LOOP(what_was_encoded_is_decoded, policies),
      LOOP(every_cut_and_every_added_byte_is_refused, policies),
      LOOP(a_bad_rule_is_refused, bad_rules), LOOP(a_bad_account_is_refused, bad_accounts),
      TEST(counts_beyond_the_bytes_allocate_nothing))
