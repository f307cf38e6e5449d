/* Toolkits on the way of a request: from the text of the configuration to the verdict. */
#include "site/question.h"
#include "site/router.h"

#include "site/conf.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>

static const char conf_text[] =
    "set ROOT = %s\n"
    "Binding {\nPort = 80\n}\nHostname = a\nWebsiteRoot = ROOT\nUseToolkit = t\nExecuteCGI = yes\n"
    "CGIextension = cgi\nUseDirectory = d, e\nEnablePathInfo = yes\n"
    "FastCGIserver {\nFastCGIid = App\nConnectTo = /app\n}\n"
    "FastCGIserver {\nFastCGIid = PHP\nConnectTo = /php\nExtension = php\n}\n"
    "Directory {\nDirectoryID = d\nPath = /asked\nTimeForCGI = 1\n}\n"
    "Directory {\nDirectoryID = e\nPath = /made\nTimeForCGI = 2\n}\n"
    "UrlToolkit {\nToolkitID = t\n"
    "Match ^/acme Rewrite /.well-known/acme-challenge\n"
    "Match ^/\\.well-known DenyAccess\n"
    "Match ^/deny DenyAccess\n"
    "Match ^/none NotFound\n"
    "Match ^/go/(.*) Redirect 302 /to/$1\n"
    "Match ^/dot Rewrite /.secret\n"
    "Match ^/relative/(.*) Rewrite $1\n"
    "Match ^/up\\?(.*) Rewrite /$1\n"
    "Match ^/slow/(/|//)+$ Rewrite /\n"
    "Match ^/slow\\?(=|==)+$ Exit\n"
    "Match ^/app UseFastCGI APP\n"
    "Match ^/log OmitRequestLog\n"
    "Match ^/(slow/)*ban Ban 90\n"
    "Match ^/ban/longer Ban 2m\n"
    "Match ^/ban/away Redirect /\n"
    "Match ^/asked/(.*) Rewrite /made/$1\n"
    "Match ^/only/(.*) Rewrite /$1\n"
    "Match ^/p/([^?]*)\\?*(.*)$ Rewrite /run.cgi/x%%20$1?q=$1&$2\n"
    "Match ^/connections Call busy\n"
    "RequestURI isfile Exit\n"
    "RequestURI isdir Exit\n"
    "RequestURI notfound Use /run.cgi\n"
    "}\n"
    "UrlToolkit {\nToolkitID = busy\nTotalConnections 7 NotFound\n}\n";

struct fixture {
    struct tree tree;
    struct snapshot *snapshot;
    struct file_cache *cache;
    struct loop loop;
    struct visit visit;
    struct exchange x;
    struct verdict verdict;
};

static void set_up(struct fixture *f)
{
    *f = (struct fixture){ .loop.now_ms = 1000 };
    tree_make(&f->tree);
    tree_file(&f->tree, "run.cgi", "x");
    tree_mode(&f->tree, "run.cgi", 0755);
    tree_file(&f->tree, "made/run.cgi", "x");
    tree_mode(&f->tree, "made/run.cgi", 0755);
    tree_file(&f->tree, "a b.txt", "x");
    tree_file(&f->tree, "folder/index.html", "x");
    tree_file(&f->tree, "s.php", "x");
    tree_file(&f->tree, ".secret", "x");
    tree_file(&f->tree, ".well-known/acme-challenge/token", "x");
    tree_file(&f->tree, ".well-known/acme-challenge/run.cgi", "x");
    tree_mode(&f->tree, ".well-known/acme-challenge/run.cgi", 0755);
    char text[4096];
    snprintf(text, sizeof(text), conf_text, f->tree.root);
    f->snapshot = conf_text_snapshot(text);
    f->cache = file_cache_new(100);
}

static void ask_after(struct fixture *f, int error_status, const char *target)
{
    struct exchange *x = &f->x;

    question_make(x, &f->loop, &f->visit, METHOD_GET, target);
    x->connections = 7;
    x->request.error_status = error_status;
    x->request.method_name = SLICE("GET");
    router_judge(f->snapshot, &f->snapshot->hosts[0], x, f->cache, &f->verdict);
}

static void ask(struct fixture *f, const char *target)
{
    ask_after(f, 0, target);
}

static void tear_down(struct fixture *f)
{
    verdict_done(&f->verdict, f->cache);
    arena_done(&f->x.arena);
    file_cache_free(f->cache);
    snapshot_drop(f->snapshot);
    tree_remove(&f->tree);
}

static void show(const struct fixture *f, char *out, size_t room)
{
    const struct verdict *verdict = &f->verdict;
    const struct target *target = &f->x.request.target;

    switch (verdict->answer) {
    case ANSWER_STATUS:
        snprintf(out, room, "%d", verdict->status);
        break;
    case ANSWER_REDIRECT:
        snprintf(out, room, "%d %.*s", verdict->status, SLICE_ARGS(verdict->location));
        break;
    case ANSWER_FILE:
        snprintf(out, room, "file %.*s", SLICE_ARGS(verdict->resource.relative));
        break;
    case ANSWER_XSLT:
        snprintf(out, room, "xslt %.*s", SLICE_ARGS(verdict->style.relative));
        break;
    case ANSWER_ALTER:
        snprintf(out, room, "alter");
        break;
    case ANSWER_LISTING:
        snprintf(out, room, "listing");
        break;
    case ANSWER_LOGIN:
    case ANSWER_SCREEN:
    case ANSWER_HASH:
        snprintf(out, room, "login");
        break;
    case ANSWER_SSH:
        snprintf(out, room, "ssh");
        break;
    case ANSWER_CGI:
    case ANSWER_FASTCGI:
        snprintf(out, room, "%.*s script %.*s info %.*s query %.*s",
                 verdict->fastcgi ? (int)verdict->fastcgi->id.len : 3,
                 verdict->fastcgi ? verdict->fastcgi->id.at : "cgi",
                 SLICE_ARGS(verdict->resource.script_name), SLICE_ARGS(verdict->resource.path_info),
                 SLICE_ARGS(target->query));
        break;
    }
}

static const struct {
    const char *target;
    const char *expect;
} cases[] = {
    { "/deny", "403" },
    { "/%64eny", "403" },
    { "//deny", "403" },
    { "/x/../deny", "403" },
    { "/none", "404" },
    { "/go/x?y=z", "302 /to/x?y=z" },
    { "/go//evil/", "302 /to/evil/" },
    /* what a rule makes is looked at like what a client sends */
    { "/dot", "404" },
    { "/relative/x", "500" },
    { "/up?../x", "404" },
    { "/up?%00", "404" },
    { "/up?a%20b.txt", "file a b.txt" },
    { "/only/a%20b.txt", "file a b.txt" },
    { "/p/a%20b?c=d", "cgi script /run.cgi info /x a b query q=a%20b&c=d" },
    { "/slow?====================================================================!", "500" },
    /* whatever lies there, and whatever ExecuteCGI says */
    { "/app", "App script /app info  query " },
    { "/app/x.txt?q", "App script /app/x.txt info  query q" },
    { "/app/", "App script /app/ info  query " },
    { "/connections", "404" },
    /* the disk, cleaned and decoded; a folder is not its start file */
    { "/a%20b.txt", "file a b.txt" },
    { "/folder/", "file folder/index.html" },
    { "/folder", "301 /folder/" },
    { "/", "404" },
    { "/nowhere", "cgi script /run.cgi info  query " },
    { "/nowhere?q=1", "cgi script /run.cgi info  query " },
    { "/.secret", "404" },
    { "/a%20b.txt/", "404" },
    { "/run.cgi/x", "cgi script /run.cgi info /x query " },
    /* certificates: past all rules, and no programs */
    { "/.well-known/acme-challenge/token", "file .well-known/acme-challenge/token" },
    { "/.well-known/acme-challenge/run.cgi", "403" },
    { "/.well-known/acme-challenge/x.php", "404" },
    { "/.well-known/other", "403" },
    { "/.well-known/acme-challenge/../other", "403" },
    { "/acme/run.cgi", "cgi script /.well-known/acme-challenge/run.cgi info  query " },
};

START_TEST(each_request_is_judged_behind_its_rules)
{
    struct fixture f;
    char text[256];

    set_up(&f);
    ask(&f, cases[_i].target);
    show(&f, text, sizeof(text));
    ck_assert_msg(strcmp(text, cases[_i].expect) == 0, "%s: '%s', not '%s' (%s)", cases[_i].target,
                  text, cases[_i].expect, f.verdict.why);
    assert_slice(f.x.request.target.raw, cases[_i].target);
    tear_down(&f);
}
END_TEST

/* A Directory holds for the name that was asked for, and for the one that a rule made of it. */
START_TEST(folders_cover_both_names)
{
    struct fixture f;

    set_up(&f);
    ask(&f, "/asked/run.cgi");
    assert_slice(f.verdict.resource.script_name, "/made/run.cgi");
    ck_assert_uint_eq(f.verdict.folder->time_for_cgi_ms, 2000); /* e is over d */
    tear_down(&f);

    set_up(&f);
    ask(&f, "/only/run.cgi");
    ck_assert_uint_ne(f.verdict.folder->time_for_cgi_ms, 1000);
    tear_down(&f);
}
END_TEST

START_TEST(a_rule_that_fails_is_named)
{
    struct fixture f;

    set_up(&f);
    ask(&f, "/relative/x");
    ck_assert_ptr_nonnull(strstr(f.verdict.why, "the toolkit rule at longhouse.conf:"));
    ck_assert_ptr_nonnull(strstr(f.verdict.why, "(Match ^/relative/(.*) Rewrite $1): the new URL "
                                                "does not begin with '/'"));
    tear_down(&f);
}
END_TEST

START_TEST(the_page_for_a_failure_goes_past_all_rules)
{
    struct fixture f;

    set_up(&f);
    ask_after(&f, 403, "/made/run.cgi");
    ck_assert_int_eq(f.verdict.answer, ANSWER_CGI);
    tear_down(&f);
    set_up(&f);
    ask_after(&f, 404, "/none");
    ck_assert_int_eq(f.verdict.status, 404);
    ck_assert_ptr_null(strstr(f.verdict.why, "toolkit"));
    tear_down(&f);
}
END_TEST

START_TEST(a_request_may_be_left_out_of_the_log)
{
    struct fixture f;

    set_up(&f);
    ask(&f, "/log");
    ck_assert(f.x.omit_line);
    tear_down(&f);
    set_up(&f);
    ask(&f, "/folder/");
    ck_assert(!f.x.omit_line);
    tear_down(&f);
}
END_TEST

static const struct {
    const char *target;
    int expect;
    uint64_t ban_ms; /* 0: none */
} banning[] = {
    { "/ban", 403, 90000 },
    { "/ban/longer", 403, 120000 }, /* the last rule that says so */
    { "/ban/away", 403, 90000 },    /* wherever the rules went */
    { "/slow/slow/ban", 403, 90000 },
    { "/deny", 403, 0 },
    { "/ban/../folder/", 0, 0 },
};

START_TEST(a_rule_has_the_client_banned)
{
    struct fixture f;

    set_up(&f);
    ask(&f, banning[_i].target);
    ck_assert_int_eq(f.verdict.answer == ANSWER_STATUS ? f.verdict.status : 0, banning[_i].expect);
    ck_assert_uint_eq(f.x.record.ban_ms, banning[_i].ban_ms);
    ck_assert_int_eq(f.x.record.offence, banning[_i].ban_ms ? OFFENCE_RULE : OFFENCE_NONE);
    if (banning[_i].ban_ms)
        ck_assert_ptr_nonnull(strstr(f.verdict.why, "Ban "));
    tear_down(&f);
}
END_TEST

SUITE("router_toolkit", LOOP(a_rule_has_the_client_banned, banning),
      LOOP(each_request_is_judged_behind_its_rules, cases), TEST(folders_cover_both_names),
      TEST(a_rule_that_fails_is_named), TEST(the_page_for_a_failure_goes_past_all_rules),
      TEST(a_request_may_be_left_out_of_the_log))
