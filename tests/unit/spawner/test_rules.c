/* The policy as it is adopted, and what a program is told beside what the server says. */
#include "spawner_private.h"

#include "os/fd.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int adopt(uint32_t sandbox, struct sandboxes *sandboxes, struct rules **ret,
                 const char **why)
{
    struct policy_rule rule = { .host = SLICE("a"),
                                .root = SLICE("/tmp"),
                                .confine = { .sandbox = sandbox, .tmp = SLICE("/tmp/x") } };
    struct policy policy = { &rule, 1, 30 };
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
    const struct rule *rule = rules_find(rules, 0);
    ck_assert_int_eq(rule->confine.ruleset, ruleset);
    ck_assert(rule->confine.asks);
    ck_assert_str_eq(rule->confine.tmp, "/tmp/x");
    rules_free(rules);

    ck_assert_int_eq(adopt(0, &sandboxes, &rules, &why), 0);
    ck_assert_int_eq(rules_find(rules, 0)->confine.ruleset, -1);
    ck_assert(!rules_find(rules, 0)->confine.asks);
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
    ck_assert_ptr_null(rules_find(policies_find(&policies, 2), 0));
    policies_forget(&policies, 3); /* it was not adopted: the former is the newest again */
    ck_assert_ptr_eq(policies.newest, rules[0]);
    policies_forget(&policies, 7);
    policies_free(&policies);
    ck_assert_ptr_null(policies.newest);
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
      LOOP(a_program_has_its_mark_and_a_place_for_temporary_files, environments))
