#include "config/users.h"

#include "account_list.h"
#include "build.h"
#include "config/text_source.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "Hostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\nUserWebsites = yes\n"

static void load(struct loaded *loaded, const char *options, const char *accounts)
{
    static char text[1024];
    struct text_file files[] = { { "longhouse.conf", text }, { "\n\npublic_html", accounts } };

    snprintf(text, sizeof(text), HOST "%s\n", options);
    loaded_files(loaded, files, 2);
    loaded->source.files = NULL; /* was on this stack; the load is over */
    loaded->source.count = 0;
}

/* ---- lines ---- */

static const struct {
    const char *line;
    const char *name; /* NULL: it is none */
    const char *home;
} lines[] = {
    { "alice:1000:100:0:100,27:/home/alice", "alice", "/home/alice" },
    { "bob:1001:100:13:100:/home/b:ob", "bob", "/home/b:ob" },
    { "", NULL, NULL },
    { ":1000:100:0:100:/home/alice", NULL, NULL },
    { "alice:1000:100:0:/home/alice", NULL, NULL },
    { "alice:-1:100:0:100:/home/alice", NULL, NULL },
    { "alice:4294967295:100:0:100:/home/alice", NULL, NULL },
    { "alice:1000:x:0:100:/home/alice", NULL, NULL },
    { "alice:1000:100:0:100:home/alice", NULL, NULL },
    { "al ice:1000:100:0:100:/home/alice", NULL, NULL },
    { "al/ice:1000:100:0:100:/home/alice", NULL, NULL },
};

START_TEST(a_line_is_an_account_or_passed_over)
{
    char text[256];
    struct account_line line;

    snprintf(text, sizeof(text), "%s\nlast:1:1:0:1:/\n", lines[_i].line);
    struct slice rest = slice_cstr(text);
    if (lines[_i].name) {
        ck_assert(account_line_next(&rest, &line));
        assert_slice(line.name, lines[_i].name);
        assert_slice(line.home, lines[_i].home);
    }
    ck_assert(account_line_next(&rest, &line));
    assert_slice(line.name, "last");
    ck_assert(!account_line_next(&rest, &line));
}
END_TEST

START_TEST(what_the_system_says_can_be_read_back)
{
    struct arena arena = { 0 };
    struct account_line line;
    struct slice none = account_list("no-folder/of-this-name", &arena);
    struct slice all = account_list(".", &arena); /* the homes themselves */
    bool found = false;

    ck_assert_uint_eq(none.len, 0);
    while (account_line_next(&all, &line))
        found |= slice_equal_cstr(line.name, "root") && line.user == 0;
    ck_assert(found);
    arena_done(&arena);
}
END_TEST

/* ---- who has a website ---- */

static const struct {
    const char *line;
    const char *options;
    const char *why; /* NULL: it has one */
} accounts[] = {
    { "alice:1000:100:0:100:/home/alice", "", NULL },
    { "alice:1000:100:0:100:/home/alice", "MinUid = 500", NULL },
    { "alice:1000:100:0:100:/home/alice", "MinUid = 1001", "its number 1000 is below 1001" },
    { "root:0:0:0:0:/root", "MinUid = 1", "the superuser has no website" },
    { "www:999:100:0:100:/srv", "MinUid = 1", "its number 999 is below 1000" },
    { "nobody:65534:65534:0:65534:/srv", "", "it stands for nobody" },
    { "alice:1000:0:0:0:/home/alice", "", "it is in the group of the superuser" },
    { "alice:1000:100:0:100,0:/home/alice", "", "it is in the group of the superuser" },
    { "alice:1000:100:40:100:/home/alice", "",
      "a symbolic link leads to its folder, which must lie in the home itself" },
    { "alice:1000:100:1:100:/home/alice", "", "its folder belongs to somebody else" },
    { "alice:1000:100:13:100:/home/alice", "", "its home cannot be looked into" },
    { "alice:1000:100:20:100:/home/alice", "", "that is no folder" },
    { "alice:1000:100:5:100:/home/alice", "", "its folder cannot be opened" },
    { "web:1000:100:0:100:/home/web", "ServerId = web", NULL },
    { "web:1000:100:0:100:/home/web", "ServerId = web\nWrapUserCGI = yes",
      "it is the user of the server, which its programs could signal" },
    { "web:1000:100:0:100:/home/web", "ServerId = 1000:100\nWrapUserCGI = yes",
      "it is the user of the server, which its programs could signal" },
};

START_TEST(an_account_has_a_website_or_a_reason)
{
    struct loaded loaded;

    load(&loaded, accounts[_i].options, accounts[_i].line);
    ck_assert_ptr_nonnull(loaded.conf);
    const struct users_conf *users = &loaded.conf->users;
    ck_assert_uint_eq(users->count, accounts[_i].why ? 0 : 1);
    ck_assert_uint_eq(users->passed_over_count, accounts[_i].why ? 1 : 0);
    if (accounts[_i].why)
        ck_assert_str_eq(users->passed_over->why, accounts[_i].why);
    loaded_done(&loaded);
}
END_TEST

START_TEST(they_are_found_by_name_whatever_their_order)
{
    struct loaded loaded;
    uint32_t count;

    load(&loaded, "",
         "zoe:1003:100:0:100:/home/zoe\nal:1000:100:0:100,27,60:/home/al\n"
         "alice:1001:100:0:100:/home/alice\n");
    const struct users_conf *users = &loaded.conf->users;
    ck_assert_uint_eq(users->count, 3);
    const struct user_conf *al = users_find(users, SLICE("al"));
    ck_assert_ptr_eq(al, &users->sites[0]);
    assert_slice(al->path, "/home/al/public_html");
    ck_assert_str_eq(al->home, "/home/al");
    const uint32_t *groups = users_groups(al, &loaded.arena, &count);
    ck_assert_uint_eq(count, 3);
    ck_assert(groups[0] == 100 && groups[1] == 27 && groups[2] == 60);
    ck_assert_ptr_eq(users_find(users, SLICE("zoe")), &users->sites[2]);
    ck_assert_ptr_null(users_find(users, SLICE("bob")));
    ck_assert_ptr_null(users_find(users, SLICE("")));
    loaded_done(&loaded);
}
END_TEST

START_TEST(nobody_is_asked_when_no_host_wants_it)
{
    struct loaded loaded;

    loaded_text(&loaded, "Hostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\n");
    ck_assert_ptr_null(loaded.conf->users.place.file);
    ck_assert_ptr_null(users_find(&loaded.conf->users, SLICE("al")));
    loaded_done(&loaded);
}
END_TEST

/* ---- what the system lets be ---- */

static bool is_root;
static uint64_t rights;

static bool ask_root(struct load_ask *ask)
{
    (void)ask;
    return is_root;
}

static uint64_t ask_rights(struct load_ask *ask)
{
    (void)ask;
    return rights;
}

static const char *ask_account(struct load_ask *ask, struct slice user,
                               const struct conf_word *groups, struct arena *arena,
                               struct account *ret)
{
    (void)ask;
    (void)user;
    (void)groups;
    (void)arena;
    *ret = (struct account){ .user = 33 };
    return NULL;
}

static bool ask_may_pass(struct load_ask *ask, const char *path, const struct account *as)
{
    (void)ask;
    (void)as;
    return !strstr(path, "closed");
}

static const struct {
    const char *options;
    const char *accounts;
    bool is_root;
    uint64_t rights;
    const char *says; /* the first; NULL: nothing */
} checks[] = {
    { "", "al:1000:100:0:100:/home/al\n", true, UINT64_MAX, NULL },
    { "", "al:1000:100:0:100:/home/closed\n", true, UINT64_MAX,
      "note the server may not enter the websites of these accounts: al (chmod o+x)" },
    { "", "al:1000:100:0:100:/home/closed\n", false, UINT64_MAX,
      "note the server may not enter the websites of these accounts: al (chmod o+x)" },
    { "", "al:5:100:0:100:/home/al\nbo:6:1:0:1:/home/bo\n", true, UINT64_MAX,
      "note accounts with the folder, but without a website: bo (its number 6 is below 1000), al "
      "(its number 5 is below 1000)" },
    { "", "a:1:1:0:1:/\nb:1:1:0:1:/\nc:1:1:0:1:/\nd:1:1:0:1:/\ne:1:1:0:1:/\nf:1:1:0:1:/\n", true,
      UINT64_MAX,
      "note accounts with the folder, but without a website: f (its number 1 is below 1000), e "
      "(its number 1 is below 1000), d (its number 1 is below 1000), c (its number 1 is below "
      "1000), b (its number 1 is below 1000) and 1 more" },
    { "ExecuteCGI = yes", "", true, UINT64_MAX, NULL }, /* there are no programs */
    { "ExecuteCGI = yes\nCGIextension = cgi", "", true, UINT64_MAX,
      "warning CGI programs in the websites of accounts run as the user of the server, whoever "
      "wrote them" },
    { "ExecuteCGI = yes\nCGIextension = cgi\nRunAs = web", "", true, UINT64_MAX,
      "warning CGI programs in the websites of accounts run as web, whoever wrote them" },
    { "ExecuteCGI = yes\nCGIextension = cgi\nWrapUserCGI = yes", "", true, UINT64_MAX, NULL },
    { "ExecuteCGI = yes\nCGIextension = cgi\nWrapUserCGI = yes", "", false, UINT64_MAX,
      "error WrapUserCGI: it needs a house started by root" },
    { "ExecuteCGI = yes\nCGIextension = cgi\nWrapUserCGI = yes", "", true, 0,
      "error WrapUserCGI: this root has not all of CAP_SETUID, CAP_SETGID and CAP_KILL" },
    { "ExecuteCGI = yes\nCGIextension = cgi\nWrapUserCGI = yes\nSandbox = readonly", "", true,
      UINT64_MAX, "error Sandbox and programs in websites of accounts do not go together" },
    { "WrapUserCGI = yes", "", false, 0, NULL }, /* nothing runs */
};

START_TEST(what_the_system_does_not_let_be_is_told)
{
    static const char *const levels[] = { "note", "warning", "error" };
    struct load_ask ask = { .is_root = ask_root,
                            .capabilities = ask_rights,
                            .account = ask_account,
                            .may_pass = ask_may_pass };
    struct loaded loaded;
    struct diags diags;
    char said[1024] = "-";

    is_root = checks[_i].is_root;
    rights = checks[_i].rights;
    load(&loaded, checks[_i].options, checks[_i].accounts);
    ck_assert_ptr_nonnull(loaded.conf);
    diags_init(&diags, &loaded.arena);
    check_users(loaded.conf, &ask, &diags);
    if (diags.first)
        snprintf(said, sizeof(said), "%s %.*s", levels[diags.first->level],
                 SLICE_ARGS(diags.first->message));
    ck_assert_str_eq(said, checks[_i].says ? checks[_i].says : "-");
    loaded_done(&loaded);
}
END_TEST

/* ---- options ---- */

static const struct {
    const char *option;
    const char *directory; /* NULL: an error that says so */
    const char *says;
} folders[] = {
    { "", "public_html", NULL },
    { "UserDirectory = www", "www", NULL },
    { "UserDirectory = www/public/", "www/public", NULL },
    { "UserDirectory = /www", NULL, "must be a folder below each home" },
    { "UserDirectory = ..", NULL, "must be a folder below each home" },
    { "UserDirectory = a/../../b", NULL, "must be a folder below each home" },
    { "UserDirectory = .hidden", NULL, "must be a folder below each home" },
    { "UserDirectory = a//b", NULL, "must be a folder below each home" },
    { "UserDirectory = /", NULL, "must be a folder below each home" },
    { "WrapUserCGI = maybe", NULL, "must be yes or no" },
    { "UserWebsites = all", NULL, "must be yes or no" },
    { "Alias = /~al:/srv/al", "public_html", "this Alias is never reached: UserWebsites" },
};

START_TEST(a_folder_lies_below_the_homes)
{
    struct loaded loaded;

    load(&loaded, folders[_i].option, "");
    char *said = loaded_report(&loaded);
    ck_assert(!folders[_i].says || strstr(said, folders[_i].says));
    if (folders[_i].directory)
        assert_slice(loaded.conf->users.directory, folders[_i].directory);
    else
        ck_assert_ptr_null(loaded.conf);
    free(said);
    loaded_done(&loaded);
}
END_TEST

SUITE("users", LOOP(a_line_is_an_account_or_passed_over, lines),
      TEST(what_the_system_says_can_be_read_back),
      LOOP(an_account_has_a_website_or_a_reason, accounts),
      TEST(they_are_found_by_name_whatever_their_order),
      TEST(nobody_is_asked_when_no_host_wants_it),
      LOOP(what_the_system_does_not_let_be_is_told, checks),
      LOOP(a_folder_lies_below_the_homes, folders))
