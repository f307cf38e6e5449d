#include "config/roots.h"
#include "site/conf.h"
#include "site/router.h"
#include "site/trace.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static struct tree tree;
static struct snapshot *snapshot;
static struct file_cache *cache;
static struct loop loop;
static struct binding_conf binding;
static struct visit visit;
static struct exchange x;
static struct verdict verdict;

static void open_site(const char *options)
{
    char text[1000];

    tree_make(&tree);
    tree_file(&tree, "site/own.xml", "x");
    tree_file(&tree, "site/own.xslt", "x");
    tree_file(&tree, "site/OTHER.XML", "x");
    tree_file(&tree, "site/own.txt", "x");
    tree_file(&tree, "site/deep/a.xml", "x");
    tree_file(&tree, "site/deep/index.xslt", "x");
    tree_file(&tree, "site/deep/er/a.xml", "x");
    tree_folder(&tree, "site/deep/er/a.xslt");
    tree_file(&tree, "site/index.xslt", "x");
    tree_file(&tree, "shelf/a.xml", "x");
    tree_file(&tree, "shelf/b.xml", "x");
    tree_file(&tree, "shelf/b.xslt", "x");
    snprintf(text, sizeof(text),
             "Binding {\n  Port = 80\n}\nVirtualHost {\n  Hostname = a.example\n"
             "  WebsiteRoot = %s/site\n  Alias = /shelf:%s/shelf\n%s}\n",
             tree.root, tree.root, options);
    snapshot = conf_text_snapshot(text);
    cache = file_cache_new(1000);
    visit = (struct visit){ .binding = &binding };
}

static void close_site(void)
{
    file_cache_free(cache);
    snapshot_drop(snapshot);
    tree_remove(&tree);
}

static void judge(const char *target, enum method method)
{
    struct parse_fault fault;

    x = (struct exchange){ .loop = &loop, .visit = &visit };
    x.request.method_name = method == METHOD_GET ? SLICE("GET") : SLICE("POST");
    x.request.method = method;
    x.request.version = 11;
    ck_assert_int_eq(
        target_parse(slice_cstr(target), false, false, &x.arena, &x.request.target, &fault),
        PARSE_DONE);
    router_judge(snapshot, &snapshot->hosts[0], &x, cache, &verdict);
}

static void forget(void)
{
    verdict_done(&verdict, cache);
    arena_done(&x.arena);
}

static const struct {
    const char *target;
    const char *style; /* NULL: the file itself is sent */
    unsigned root;
} cases[] = {
    { "/own.xml", "own.xslt", 0 },
    { "/OTHER.XML", "index.xslt", 0 },
    { "/deep/a.xml", "deep/index.xslt", 0 },
    { "/deep/er/a.xml", "index.xslt", 0 }, /* a folder is no stylesheet */
    { "/own.txt", NULL, 0 },
    { "/own.xslt", NULL, 0 },
    { "/shelf/b.xml", "b.xslt", 1 },
    { "/shelf/a.xml", NULL, 0 }, /* another root, another website */
};

START_TEST(the_nearest_stylesheet_is_chosen)
{
    open_site("  UseXSLT = yes\n");
    judge(cases[_i].target, METHOD_GET);
    ck_assert_int_eq(verdict.answer, cases[_i].style ? ANSWER_XSLT : ANSWER_FILE);
    if (cases[_i].style) {
        assert_slice(verdict.style.relative, cases[_i].style);
        ck_assert_int_eq(verdict.style.absolute.at[0], '/');
        ck_assert_uint_eq(verdict.rule, roots_rule_style(snapshot->hosts[0].conf, cases[_i].root));
    }
    forget();
    close_site();
}
END_TEST

START_TEST(it_is_asked_for_and_read)
{
    open_site("");
    judge("/own.xml", METHOD_GET);
    ck_assert_int_eq(verdict.answer, ANSWER_FILE);
    forget();
    close_site();
    open_site("  UseXSLT = yes\n");
    judge("/own.xml", METHOD_POST);
    ck_assert_int_eq(verdict.status, 405);
    forget();
    close_site();
}
END_TEST

SUITE("router_xslt", LOOP(the_nearest_stylesheet_is_chosen, cases), TEST(it_is_asked_for_and_read))
