#include "config/local.h"

#include "config/option.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>

#define AT_PLACE "/srv/www/a/.hiawatha:"

static struct local_conf *read_text(const char *text, bool shows_dot_files)
{
    return local_conf_read(&(struct local_source){ .path = SLICE("/srv/www/a/.hiawatha"),
                                                   .root = SLICE("/srv/www"),
                                                   .shows_dot_files = shows_dot_files,
                                                   .text = slice_cstr(text) });
}

START_TEST(what_it_gives_is_known)
{
    struct local_conf *local = read_text("# for the staff\n"
                                         "AccessList = allow 10.0.0.0/8, deny all\n"
                                         "PasswordFile = basic:.users, /srv/www/.groups\n"
                                         "StartFile = a.html, b.html\nShowIndex = yes\n",
                                         false);
    const struct folder_conf *folder = &local->directory.folder;
    unsigned count = 0;

    assert_slice(local->fault, "");
    for (const struct folder_given *given = local->directory.given; given; given = given->next)
        count++;
    ck_assert_uint_eq(count, 4);
    assert_slice(folder->start_files->next->text, "b.html");
    ck_assert_int_eq(folder->show_index.as, INDEX_PAGE);
    ck_assert_int_eq(folder->access_rules->next->access, ACCESS_DENY);
    assert_slice(folder->login.file, "/srv/www/a/.users");
    assert_slice(folder->login.group_file, "/srv/www/.groups");
    assert_slice(folder->login.below, "/srv/www");
    local_conf_free(local);
}
END_TEST

static const struct {
    const char *text;
    const char *fault; /* the beginning, behind the path */
} cases[] = {
    { "", NULL },
    { "PasswordFile = none\n", NULL },
    { "AlterList = allow 10.0.0.1\nAlterMode = 644\nExpirePeriod = 1 day\nLoginMessage = x\n",
      NULL },
    { "StartFile = a.html\nUseToolkit = x\n",
      "2:1: 'UseToolkit' does not belong in .hiawatha; it belongs in VirtualHost sections or "
      "outside sections" },
    { "ShowIndex = /srv/www/a/index.xslt\n",
      "1:13: a .hiawatha names no stylesheet for ShowIndex; write yes or xml here, or the path in "
      "the configuration of the house" },
    { "Setenv A = b\n", "1:1: 'Setenv' does not belong in .hiawatha; " },
    { "ExecuteCGI = yes\n", "1:1: 'ExecuteCGI' does not belong in .hiawatha; " },
    { "FollowSymlinks = yes\n", "1:1: 'FollowSymlinks' does not belong in .hiawatha; " },
    { "WebsiteRoot = /etc\n", "1:1: 'WebsiteRoot' does not belong in .hiawatha; " },
    { "ServerId = root\n", "1:1: 'ServerId' does not belong in .hiawatha; " },
    { "Binding {\nPort = 80\n}\n", "1:1: " },
    { "Include /etc/passwd\n", "1:9: " },
    { "StartFile = a.html\nnonsense\n", "2:1: " },
    { "AccessList = may all\n", "1:14: 'AccessList' knows allow, deny and pwd, not 'may'; write " },
    { "PasswordFile = basic:/etc/shadow\n",
      "1:16: PasswordFile must not name '/etc/shadow' here: it must lie in the website" },
    { "PasswordFile = basic:/srv/www2/.users\n", "1:16: PasswordFile must not name" },
    { "PasswordFile = basic:../../../etc/.users\n", "1:16: PasswordFile must not name" },
    { "PasswordFile = basic:.users, /etc/group\n",
      "1:16: PasswordFile must not name '/etc/group' here" },
    { "PasswordFile = basic:/srv/www/.well-known/users\n",
      "1:16: PasswordFile must not name '/srv/www/.well-known/users' here: anybody could " },
    { "PasswordFile = basic:/srv/www/.well-known/.users\n", NULL },
    { "PasswordFile = basic:users\n",
      "1:16: PasswordFile must not name '/srv/www/a/users' here: anybody could ask for it" },
};

START_TEST(what_harms_is_refused_at_its_place)
{
    struct local_conf *local = read_text(cases[_i].text, false);

    if (cases[_i].fault) {
        char expect[300];

        snprintf(expect, sizeof(expect), AT_PLACE "%s", cases[_i].fault);
        ck_assert_msg(slice_starts(local->fault, slice_cstr(expect)), "'%.*s' not '%s'",
                      SLICE_ARGS(local->fault), expect);
    } else {
        assert_slice(local->fault, "");
    }
    local_conf_free(local);
}
END_TEST

/* AllowDotFiles: there is no name that nobody may ask for. */
START_TEST(passwords_do_not_lie_where_all_is_shown)
{
    struct local_conf *local = read_text("PasswordFile = basic:.users\n", true);

    ck_assert(slice_starts(local->fault, SLICE(AT_PLACE "1:16: PasswordFile")));
    local_conf_free(local);
}
END_TEST

/* A new option is not for them by chance. */
START_TEST(the_rows_for_it_are_these)
{
    static const char *const names[] = { "AccessList",   "PasswordFile", "RequiredGroup",
                                         "LoginMessage", "AlterList",    "AlterGroup",
                                         "AlterMode",    "ExpirePeriod", "ShowIndex",
                                         "StartFile",    "Compress" };
    unsigned count = 0;

    for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
        if (!(row->scopes & SCOPE_LOCAL))
            continue;
        ck_assert_uint_gt(row->folder_size, 0);
        count++;
    }
    ck_assert_uint_eq(count, sizeof(names) / sizeof(names[0]));
    for (unsigned i = 0; i < count; i++)
        ck_assert_ptr_nonnull(option_find(slice_cstr(names[i]), SCOPE_LOCAL));
}
END_TEST

SUITE("local", TEST(what_it_gives_is_known), LOOP(what_harms_is_refused_at_its_place, cases),
      TEST(passwords_do_not_lie_where_all_is_shown), TEST(the_rows_for_it_are_these))
