#include "site/local.h"

#include "site/conf.h"
#include "site/question.h"
#include "site/router.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>

/*
 * .hiawatha in the root:  StartFile = root.html
 *                /deep:   AccessList = deny all
 *                /deep/open, with a Directory of the administrator over it: AccessList = deny all
 *                /bad:    a fault
 *                /alias (elsewhere): StartFile = alias.html
 * The Directory "strict" says AccessList = allow all for /deep/open.
 */
static const char configuration[] =
    "Hostname = a\nWebsiteRoot = %s/www\nUseLocalConfig = %s\nAlias = /alias:%s/other\n"
    "StartFile = host.html\nUseDirectory = strict\nBinding {\nPort = 80\n}\n"
    "Directory {\nDirectoryID = strict\nPath = /deep/open\nAccessList = allow all\n}\n";

struct fixture {
    struct tree tree;
    struct snapshot *snapshot;
    struct file_cache *cache;
    struct loop loop;
    struct visit visit;
    struct exchange x;
    struct verdict verdict;
};

static void set_up(struct fixture *f, bool counts)
{
    static const char *const files[] = { "www/root.html",        "www/host.html",
                                         "www/deep/a.txt",       "www/deep/below/a.txt",
                                         "www/deep/open/a.txt",  "www/bad/a.txt",
                                         "www/bad/deeper/a.txt", "www/plain/a.txt",
                                         "other/alias.html",     "other/a.txt" };
    char text[1024];

    *f = (struct fixture){ .loop.now_ms = 1000 };
    tree_make(&f->tree);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        tree_file(&f->tree, files[i], "x");
    tree_file(&f->tree, "www/.hiawatha", "StartFile = root.html\n");
    tree_file(&f->tree, "www/deep/.hiawatha", "AccessList = deny all\n");
    tree_file(&f->tree, "www/deep/open/.hiawatha", "AccessList = deny all\n");
    tree_file(&f->tree, "www/bad/.hiawatha", "Setenv LD_PRELOAD = /tmp/x\n");
    tree_file(&f->tree, "other/.hiawatha", "StartFile = alias.html\n");
    snprintf(text, sizeof(text), configuration, f->tree.root, counts ? "yes" : "no", f->tree.root);
    f->snapshot = conf_text_snapshot(text);
    f->cache = file_cache_new(100);
}

static void ask(struct fixture *f, const char *target)
{
    question_make(&f->x, &f->loop, &f->visit, METHOD_GET, target);
    router_judge(f->snapshot, &f->snapshot->hosts[0], &f->x, f->cache, &f->verdict);
}

static void forget(struct fixture *f)
{
    verdict_done(&f->verdict, f->cache);
    arena_done(&f->x.arena);
}

static int status_of(struct fixture *f, const char *target)
{
    ask(f, target);
    const int status = f->verdict.answer == ANSWER_FILE ? 200 : f->verdict.status;
    forget(f);
    return status;
}

static void tear_down(struct fixture *f)
{
    file_cache_free(f->cache);
    snapshot_drop(f->snapshot);
    tree_remove(&f->tree);
}

static const struct {
    const char *target;
    int status;
    int without; /* UseLocalConfig = no */
    const char *script;
} cases[] = {
    { "/", 200, 200, "/root.html" },
    { "/plain/a.txt", 200, 200, "/plain/a.txt" },
    { "/deep/a.txt", 403, 200, NULL },
    { "/deep/below/a.txt", 403, 200, NULL },
    { "/%64eep/below/../a.txt", 403, 200, NULL },
    { "/deep/absent/x/y.txt", 403, 404, NULL },
    { "/deep/a.txt/x", 403, 404, NULL },
    { "/deep/open/a.txt", 200, 200, "/deep/open/a.txt" }, /* a Directory counts more */
    { "/bad/a.txt", 500, 200, NULL },
    { "/bad/deeper/a.txt", 500, 200, NULL },
    { "/bad/absent.txt", 500, 404, NULL },
    { "/alias/", 200, 404, "/alias/alias.html" },
    { "/.hiawatha", 404, 404, NULL },
    { "/deep/.hiawatha", 404, 404, NULL },
};

START_TEST(those_on_the_way_count)
{
    struct fixture f;

    set_up(&f, true);
    ask(&f, cases[_i].target);
    const int status = f.verdict.answer == ANSWER_FILE ? 200 : f.verdict.status;
    ck_assert_int_eq(status, cases[_i].status);
    if (cases[_i].script)
        assert_slice(f.verdict.resource.script_name, cases[_i].script);
    forget(&f);
    tear_down(&f);

    set_up(&f, false);
    ck_assert_int_eq(status_of(&f, cases[_i].target), cases[_i].without);
    tear_down(&f);
}
END_TEST

START_TEST(a_fault_names_its_place)
{
    struct fixture f;

    set_up(&f, true);
    ask(&f, "/bad/a.txt");
    ck_assert_ptr_nonnull(
        strstr(f.verdict.why, "/www/bad/.hiawatha:1:1: 'Setenv' does not belong"));
    forget(&f);
    tear_down(&f);
}
END_TEST

START_TEST(a_change_counts)
{
    struct fixture f;

    set_up(&f, true);
    ck_assert_int_eq(status_of(&f, "/deep/a.txt"), 403);
    ck_assert_int_eq(status_of(&f, "/plain/a.txt"), 200);
    tree_file(&f.tree, "www/deep/.hiawatha", "AccessList = allow all\n# open\n");
    tree_file(&f.tree, "www/plain/.hiawatha", "AccessList = deny all\n");
    f.loop.now_ms += FILE_CACHE_BELIEVE_MS;
    ck_assert_int_eq(status_of(&f, "/deep/a.txt"), 200);
    ck_assert_int_eq(status_of(&f, "/plain/a.txt"), 403);
    tree_unlink(&f.tree, "www/plain/.hiawatha");
    f.loop.now_ms += FILE_CACHE_BELIEVE_MS;
    ck_assert_int_eq(status_of(&f, "/plain/a.txt"), 200);
    tear_down(&f);
}
END_TEST

/* What is held stays valid when the cache lets go of it. */
START_TEST(a_verdict_keeps_what_it_leans_on)
{
    struct fixture f;

    set_up(&f, true);
    ask(&f, "/deep/a.txt");
    file_cache_clear(f.cache);
    ck_assert_ptr_nonnull(f.verdict.folder->access_rules);
    ck_assert_int_eq(f.verdict.folder->access_rules->access, ACCESS_DENY);
    assert_slice(f.verdict.folder->start_files->text, "root.html");
    forget(&f);
    tear_down(&f);
}
END_TEST

/* It may be a protection: what cannot be read shuts. */
START_TEST(one_that_cannot_be_read_is_500)
{
    struct fixture f;
    char large[70000];

    memset(large, '#', sizeof(large));
    set_up(&f, true);
    tree_file(&f.tree, "www/plain/.hiawatha", "StartFile = x\n");
    tree_mode(&f.tree, "www/plain/.hiawatha", 0);
    tree_folder(&f.tree, "www/folder/.hiawatha");
    tree_bytes(&f.tree, "www/large/.hiawatha", slice_of(large, sizeof(large)));
    tree_bytes(&f.tree, "www/middle/.hiawatha", slice_of(large, 20000));
    tree_as_nobody();
    ck_assert_int_eq(status_of(&f, "/plain/a.txt"), 500);
    tree_as_before();
    ck_assert_int_eq(status_of(&f, "/folder/a.txt"), 500);
    ck_assert_int_eq(status_of(&f, "/large/a.txt"), 500);
    ck_assert_int_eq(status_of(&f, "/middle/a.txt"), 404);
    tear_down(&f);
}
END_TEST

SUITE("local", LOOP(those_on_the_way_count, cases), TEST(a_fault_names_its_place),
      TEST(a_change_counts), TEST(a_verdict_keeps_what_it_leans_on),
      TEST(one_that_cannot_be_read_is_500))
