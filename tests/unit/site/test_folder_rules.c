#include "site/folder_rules.h"

#include "site/conf.h"
#include "site/question.h"
#include "site/router.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

#include <errno.h>

/*
 * One host that executes CGI, with start file run.cgi, the FrontController front.cgi and these
 * Directories in this order. Where one applies is seen by its mark: TimeForCGI in ms.
 *
 *   private   /private, /deep/below/here     ExecuteCGI = no                           mark 1
 *   inside    /private/open                  ExecuteCGI = yes, StartFile = other.cgi   mark 2
 *   texts     / for txt and md               ...                                       mark 3
 *   single    /run.cgi, /front.cgi           ...                                       mark 4
 *   mine      /path-info                     EnablePathInfo = yes                      mark 5
 */
struct fixture {
    struct tree tree;
    struct snapshot *snapshot;
    struct file_cache *cache;
    struct loop loop;
    struct visit visit;
    struct exchange x;
    struct verdict verdict;
};

static void plant(const struct tree *tree)
{
    static const char *const programs[] = { "run.cgi",
                                            "front.cgi",
                                            "private/run.cgi",
                                            "private/open/other.cgi",
                                            "public/run.cgi",
                                            "privateer/run.cgi",
                                            "path-info/a.cgi",
                                            "deep/below/here/run.cgi",
                                            "private/open/run.cgi" };
    static const char *const texts[] = { "a.txt", "b.MD", "c.html", "private/d.txt", "noext" };

    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        tree_file(tree, programs[i], "x");
        tree_mode(tree, programs[i], 0755);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        tree_file(tree, texts[i], "x");
}

static struct directory_conf *mark(struct conf *conf, struct vhost_conf *host, const char *paths,
                                   uint64_t ms)
{
    struct directory_conf *directory = conf_directory(conf, host, paths);

    CONF_GIVE(conf, directory, time_for_cgi_ms, ms);
    return directory;
}

static void direct(struct conf *conf, struct vhost_conf *host)
{
    struct directory_conf *private = mark(conf, host, "/private /deep/below/here", 1);
    struct directory_conf *inside = mark(conf, host, "/private/open", 2);

    CONF_GIVE(conf, private, execute_cgi, false);
    CONF_GIVE(conf, inside, execute_cgi, true);
    CONF_GIVE(conf, inside, start_files, conf_words(conf, "other.cgi"));
    mark(conf, host, "/", 3)->extensions = conf_words(conf, "txt md");
    mark(conf, host, "/run.cgi /front.cgi", 4);
    struct directory_conf *mine = mark(conf, host, "/path-info", 5);
    CONF_GIVE(conf, mine, enable_path_info, true);
}

static void set_up(struct fixture *f)
{
    struct conf conf;

    *f = (struct fixture){ .loop.now_ms = 1000 };
    tree_make(&f->tree);
    plant(&f->tree);
    conf_make(&conf);
    conf.server->cgi_extensions = conf_words(&conf, "cgi");
    struct vhost_conf *host = conf_host(&conf, "a", f->tree.root);
    host->folder.execute_cgi = true;
    host->folder.time_for_cgi_ms = 99;
    host->folder.start_files = conf_words(&conf, "run.cgi");
    host->front_controller = SLICE("front.cgi");
    direct(&conf, host);
    f->snapshot = conf_snapshot(&conf);
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

static void tear_down(struct fixture *f)
{
    file_cache_free(f->cache);
    snapshot_drop(f->snapshot);
    tree_remove(&f->tree);
}

static const struct {
    const char *target;
    uint64_t mark;
    int status; /* 0: the program runs, or the file is sent */
    const char *script;
} cases[] = {
    { "/public/run.cgi", 99, 0, "/public/run.cgi" },
    /* the folder itself and what is below, and nothing that only begins alike */
    { "/private/run.cgi", 1, 403, "/private/run.cgi" },
    { "/private/", 1, 403, "/private/run.cgi" },
    { "/private", 1, 301, NULL },
    { "/deep/below/here/", 1, 403, NULL },
    { "/deep/below/here", 1, 301, NULL },
    { "/deep/below", 99, 301, NULL },
    { "/privateer/run.cgi", 99, 0, "/privateer/run.cgi" },
    { "/privateer/", 99, 0, "/privateer/run.cgi" },
    /* every spelling is one path */
    { "/%70rivate/run.cgi", 1, 403, NULL },
    { "/%70%72%69%76%61%74%65/run.cgi", 1, 403, NULL },
    { "//private/run.cgi", 1, 403, NULL },
    { "/private//run.cgi", 1, 403, NULL },
    { "/./private/run.cgi", 1, 403, NULL },
    { "/public/../private/run.cgi", 1, 403, NULL },
    { "/public/%2e%2e/private/run.cgi", 1, 403, NULL },
    { "/%2e/private/./run.cgi", 1, 403, NULL },
    { "/private/../public/run.cgi", 99, 0, "/public/run.cgi" },
    { "/private/run.cgi?/public", 1, 403, NULL },
    { "http://a/private/run.cgi", 1, 403, NULL },
    /* later ones override: both apply */
    { "/private/open/other.cgi", 2, 0, "/private/open/other.cgi" },
    { "/private/open/", 2, 0, "/private/open/other.cgi" },
    { "/public/run.cgi/more", 99, 404, NULL },
    { "/path-info/a.cgi/more", 5, 0, "/path-info/a.cgi" },
    /* the file that answers counts too */
    { "/run.cgi", 4, 0, "/run.cgi" },
    { "/", 4, 0, "/run.cgi" },
    { "/front.cgi", 4, 0, "/front.cgi" },
    { "/none", 4, 0, "/front.cgi" },
    { "/private/none", 4, 403, "/front.cgi" },
    /* extensions of files, in any case; not of folders */
    { "/a.txt", 3, 0, "/a.txt" },
    { "/b.MD", 3, 0, "/b.MD" },
    { "/c.html", 99, 0, "/c.html" },
    { "/noext", 99, 0, "/noext" },
    { "/private/d.txt", 3, 0, "/private/d.txt" },
    { "/public", 99, 301, NULL },
};

START_TEST(each_request_gets_the_rules_of_its_folder)
{
    struct fixture f;

    set_up(&f);
    ask(&f, cases[_i].target);
    ck_assert_uint_eq(f.verdict.folder->time_for_cgi_ms, cases[_i].mark);
    ck_assert_int_eq(f.verdict.status, cases[_i].status);
    if (cases[_i].script)
        assert_slice(f.verdict.resource.script_name, cases[_i].script);
    forget(&f);
    tear_down(&f);
}
END_TEST

START_TEST(where_no_section_applies_the_record_is_the_hosts_own)
{
    struct fixture f;

    set_up(&f);
    ask(&f, "/public/run.cgi");
    ck_assert_ptr_eq(f.verdict.folder, &f.snapshot->hosts[0].conf->folder);
    forget(&f);
    tear_down(&f);
}
END_TEST

/* What is refused before anything is looked for has rules as well. */
START_TEST(a_refused_request_has_the_rules_of_the_host)
{
    struct fixture f;

    set_up(&f);
    ask(&f, "/private/.hidden");
    ck_assert_int_eq(f.verdict.status, 404);
    ck_assert_ptr_eq(f.verdict.folder, &f.snapshot->hosts[0].conf->folder);
    forget(&f);
    tear_down(&f);
}
END_TEST

SUITE("folder_rules", LOOP(each_request_gets_the_rules_of_its_folder, cases),
      TEST(where_no_section_applies_the_record_is_the_hosts_own),
      TEST(a_refused_request_has_the_rules_of_the_host))
