#include "site/mapping.h"

#include "base/address.h"
#include "site/conf.h"
#include "site/router.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

/* ---- which folder a path lies in ---- */

static const struct {
    const char *path;
    bool path_info;
    const char *folder; /* of the alias; NULL: WebsiteRoot */
    const char *url;
    const char *below;
} cases[] = {
    { "/", false, NULL, "", "/" },
    { "/x", false, "/alias/x", "/x", "" },
    { "/x/", false, "/alias/x", "/x", "/" },
    { "/x/a/b", false, "/alias/x", "/x", "/a/b" },
    { "/xy/a", false, NULL, "", "/xy/a" },
    { "/X/a", false, NULL, "", "/X/a" },
    { "/y/x/a", false, NULL, "", "/y/x/a" },
    /* the longest, whatever the order */
    { "/x/deep/a", false, "/alias/deep", "/x/deep", "/a" },
    { "/x/deeper/a", false, "/alias/x", "/x", "/deeper/a" },
    /* the last one of the same path */
    { "/twice/a", false, "/alias/second", "/twice", "/a" },
    /* scripts: the path itself, and what is below with PATH_INFO; before folders */
    { "/run", false, "/alias/bin", "/run", "" },
    { "/run/more", false, NULL, "", "/run/more" },
    { "/run/more", true, "/alias/bin", "/run", "/more" },
    { "/run/", true, "/alias/bin", "/run", "/" },
    { "/runs", true, NULL, "", "/runs" },
    { "/both", false, "/alias/script", "/both", "" },
    { "/both/a", false, "/alias/folder", "/both", "/a" },
    { "/both/a", true, "/alias/script", "/both", "/a" },
};

static void add_aliases(struct conf *conf, struct vhost_conf *host)
{
    conf_alias(conf, host, "/x", "/alias/x", "");
    conf_alias(conf, host, "/x/deep", "/alias/deep", "");
    conf_alias(conf, host, "/twice", "/alias/first", "");
    conf_alias(conf, host, "/twice", "/alias/second", "");
    conf_alias(conf, host, "/run", "/alias/bin", "run.cgi");
    conf_alias(conf, host, "/both", "/alias/script", "s.cgi");
    conf_alias(conf, host, "/both", "/alias/folder", "");
}

static struct snapshot *make(bool whole)
{
    struct conf conf;

    conf_make(&conf);
    struct vhost_conf *host = conf_host(&conf, "a", "/srv");
    add_aliases(&conf, host);
    if (whole)
        conf_alias(&conf, host, "/", "/alias/app", "app.cgi");
    return conf_snapshot(&conf);
}

START_TEST(each_path_lies_in_its_folder)
{
    struct snapshot *snapshot = make(false);
    const struct folder_conf folder = { .enable_path_info = cases[_i].path_info };
    struct mapping mapping =
        mapping_find(&snapshot->hosts[0], &folder, slice_cstr(cases[_i].path), NULL);

    if (cases[_i].folder) {
        assert_slice(mapping.alias->folder, cases[_i].folder);
        assert_slice(mapping.root->path, cases[_i].folder);
        ck_assert_uint_eq(mapping.root->number, mapping.alias->number);
    } else {
        ck_assert_ptr_null(mapping.alias);
        ck_assert_ptr_eq(mapping.root, &snapshot->hosts[0].root);
    }
    assert_slice(mapping.url, cases[_i].url);
    assert_slice(mapping.below, cases[_i].below);
    snapshot_drop(snapshot);
}
END_TEST

/* ---- HostFolders ---- */

static const struct {
    const char *name; /* that is asked for */
    const char *path;
    const char *folder; /* NULL: there can be none */
    const char *below;
} named[] = {
    { "a.org", "/", "/a.org", "/a.org/" },
    { "www.a.org", "/x/y", "/www.a.org", "/www.a.org/x/y" },
    { "a_b-c", "/x", "/a_b-c", "/a_b-c/x" },
    { "::1", "/x", "/::1", "/::1/x" },
    { "a.org.", "/x", "/a.org.", "/a.org./x" },
    { "", "/x", "/127.0.0.9", "/127.0.0.9/x" }, /* our own address */
    { ".", "/x", NULL, "/x" },
    { "..", "/x", NULL, "/x" },
    { ".hidden", "/x", NULL, "/x" },
    { "a/b", "/x", NULL, "/x" },
    { "../b", "/x", NULL, "/x" },
    { "a%2fb", "/x", NULL, "/x" },
    { "a b", "/x", NULL, "/x" },
    { "\xc3\xa4.org", "/x", NULL, "/x" },
};

START_TEST(a_name_stands_for_one_folder_below_the_root)
{
    struct visit visit = { 0 };
    struct exchange x = { .visit = &visit, .request.host = slice_cstr(named[_i].name) };
    const struct folder_conf folder = { 0 };
    struct conf conf;

    ck_assert(address_parse_ip(SLICE("127.0.0.9"), 80, &visit.local));
    conf_make(&conf);
    conf_host(&conf, "a", "/srv")->host_folders = true;
    struct snapshot *snapshot = conf_snapshot(&conf);
    arena_init(&x.arena);
    struct mapping mapping =
        mapping_find(&snapshot->hosts[0], &folder, slice_cstr(named[_i].path), &x);
    const struct slice relative = slice_skip(mapping.below, 1);

    assert_slice(mapping.below, named[_i].below);
    assert_slice(mapping.folder, named[_i].folder ? named[_i].folder : "");
    if (named[_i].folder) {
        ck_assert_ptr_eq(mapping.root, &snapshot->hosts[0].root);
        assert_slice(mapping_url(&mapping, relative, &x.arena), named[_i].path);
        ck_assert_str_eq(mapping_place(&mapping, &x.arena).at + strlen("/srv"), named[_i].folder);
    } else {
        ck_assert_int_eq(mapping.root->fd, -1);
        assert_slice(mapping.root->path, "");
    }
    arena_done(&x.arena);
    snapshot_drop(snapshot);
}
END_TEST

static const struct {
    const char *path;
    bool path_info;
    bool by_script;
    const char *url;
    const char *below;
} whole[] = {
    { "/", false, true, "/", "" },
    { "/any", false, false, "", "/any" },
    { "/", true, true, "", "/" },
    { "/any/where", true, true, "", "/any/where" },
};

START_TEST(a_program_may_answer_the_whole_website)
{
    struct snapshot *snapshot = make(true);
    const struct folder_conf folder = { .enable_path_info = whole[_i].path_info };
    struct mapping mapping =
        mapping_find(&snapshot->hosts[0], &folder, slice_cstr(whole[_i].path), NULL);

    ck_assert(whole[_i].by_script == (mapping.alias != NULL));
    assert_slice(mapping.url, whole[_i].url);
    assert_slice(mapping.below, whole[_i].below);
    snapshot_drop(snapshot);
}
END_TEST

static const struct {
    const char *path;
    const char *place;
} places[] = {
    { "/a/b", "/srv/a/b" },         { "/x", "/alias/x" },
    { "/x/b", "/alias/x/b" },       { "/xy", "/srv/xy" },
    { "/x/deep/", "/alias/deep/" }, { "/run/b", "/srv/run/b" }, /* no file can be below a script */
};

START_TEST(path_info_is_translated_as_a_path_would_be)
{
    struct snapshot *snapshot = make(false);
    struct arena arena = { 0 };

    assert_slice(mapping_translate(&snapshot->hosts[0], slice_cstr(places[_i].path), &arena),
                 places[_i].place);
    arena_done(&arena);
    snapshot_drop(snapshot);
}
END_TEST

/* ---- what is found there ---- */

/*
 * /lib is an Alias of a tree of its own, /app a ScriptAlias of its run.cgi, /none an Alias of
 * nothing, /loose of the other tree again, with FollowSymlinks. CGIextension cgi, a CGIpattern for
 * /lib/bin, handlers: one (pl). Programs in /lib/sub are somebody else's (WrapCGI).
 */
struct fixture {
    struct tree tree;
    struct tree other;
    struct snapshot *snapshot;
    struct file_cache *cache;
    struct loop loop;
    struct visit visit;
    struct exchange x;
    struct verdict verdict;
};

static void plant(struct fixture *f)
{
    tree_file(&f->tree, "index.html", "x");
    tree_link(&f->tree, "linked", "/etc/hostname");
    tree_link(&f->tree, "linked2", "/etc/hostname");
    tree_file(&f->other, "index.html", "x");
    tree_file(&f->other, "run.cgi", "x");
    tree_mode(&f->other, "run.cgi", 0755);
    tree_file(&f->other, "bin/tool", "x");
    tree_mode(&f->other, "bin/tool", 0755);
    tree_file(&f->other, "a.pl", "x");
    tree_file(&f->other, "sub/x.cgi", "x");
    tree_mode(&f->other, "sub/x.cgi", 0755);
    tree_file(&f->other, "sub/x.pl", "x");
    tree_link(&f->other, "inside.html", "index.html");
    tree_link(&f->other, "outside.html", "/etc/hostname");
}

static void set_up(struct fixture *f, bool path_info)
{
    static struct confine_conf wrap = { .wrap_id = SLICE_INIT("shop") };
    struct conf conf;

    *f = (struct fixture){ .loop.now_ms = 1000 };
    tree_make(&f->tree);
    tree_make(&f->other);
    plant(f);
    conf_make(&conf);
    conf.server->cgi_extensions = conf_words(&conf, "cgi");
    conf_handler(&conf, &conf.server->cgi_handlers, "/usr/bin/perl", "pl");
    struct vhost_conf *host = conf_host(&conf, "a", f->tree.root);
    host->folder.execute_cgi = true;
    host->folder.enable_path_info = path_info;
    host->front_controller = SLICE("front.cgi");
    host->cgi_pattern = SLICE("/lib/bin/**");
    conf_alias(&conf, host, "/lib", f->other.root, "");
    conf_alias(&conf, host, "/app", f->other.root, "run.cgi");
    conf_alias(&conf, host, "/none", "/no/such/folder", "");
    conf_alias(&conf, host, "/loose", f->other.root, "");
    struct directory_conf *loose = conf_directory(&conf, host, "/loose /linked");
    CONF_GIVE(&conf, loose, follow_symlinks, true);
    struct directory_conf *wrapped = conf_directory(&conf, host, "/lib/sub");
    CONF_GIVE(&conf, wrapped, wrap_id, SLICE("shop"));
    host->wraps = &wrap;
    host->wrap_count = 1;
    f->snapshot = conf_snapshot(&conf);
    f->cache = file_cache_new(100);
}

static void tear_down(struct fixture *f)
{
    verdict_done(&f->verdict, f->cache);
    arena_done(&f->x.arena);
    file_cache_free(f->cache);
    snapshot_drop(f->snapshot);
    tree_remove(&f->tree);
    tree_remove(&f->other);
}

static const struct {
    const char *target;
    bool path_info_on;
    enum answer answer;
    int status;
    const char *script;
    const char *path_info;
    unsigned rule;
} answers[] = {
    { "/lib/", false, ANSWER_FILE, 0, "/lib/index.html", "", 0 },
    { "/lib", false, ANSWER_REDIRECT, 301, NULL, NULL, 0 },
    { "/lib/sub", false, ANSWER_REDIRECT, 301, NULL, NULL, 0 },
    { "/%6cib/index.html", false, ANSWER_FILE, 0, "/lib/index.html", "", 0 },
    { "/x/../lib/index.html", false, ANSWER_FILE, 0, "/lib/index.html", "", 0 },
    { "/lib/../index.html", false, ANSWER_FILE, 0, "/index.html", "", 0 },
    { "/lib/gone", false, ANSWER_STATUS, 404, NULL, NULL, 0 }, /* not for the FrontController */
    { "/lib/.hidden", false, ANSWER_STATUS, 404, NULL, NULL, 0 },
    { "/none/x", false, ANSWER_STATUS, 404, NULL, NULL, 0 },
    /* programs, by the rules of their root */
    { "/lib/run.cgi", false, ANSWER_CGI, 0, "/lib/run.cgi", "", 2 },
    { "/lib/a.pl", false, ANSWER_CGI, 0, "/lib/a.pl", "", 3 },
    { "/lib/bin/tool", false, ANSWER_CGI, 0, "/lib/bin/tool", "", 2 },
    { "/lib/bin/tool/more", false, ANSWER_CGI, 0, "/lib/bin/tool", "/more", 2 },
    { "/lib/run.cgi/more", false, ANSWER_STATUS, 404, NULL, NULL, 0 },
    { "/lib/run.cgi/more", true, ANSWER_CGI, 0, "/lib/run.cgi", "/more", 2 },
    { "/app", false, ANSWER_CGI, 0, "/app", "", 4 },
    { "/app/more", false, ANSWER_STATUS, 404, NULL, NULL, 0 },
    { "/app/more", true, ANSWER_CGI, 0, "/app", "/more", 4 },
    /* links: the folder of the alias is the root */
    { "/lib/inside.html", false, ANSWER_FILE, 0, NULL, NULL, 0 },
    { "/lib/outside.html", false, ANSWER_STATUS, 403, NULL, NULL, 0 },
    /* with FollowSymlinks of a Directory, and by rules for that */
    { "/loose/outside.html", false, ANSWER_FILE, 0, NULL, NULL, 0 },
    { "/linked", false, ANSWER_FILE, 0, NULL, NULL, 0 },
    { "/linked2", false, ANSWER_STATUS, 403, NULL, NULL, 0 },
    { "/loose/run.cgi", false, ANSWER_CGI, 0, "/loose/run.cgi", "", 18 },
    /* of another identity: all 20 rules come again for it */
    { "/lib/sub/x.cgi", false, ANSWER_CGI, 0, "/lib/sub/x.cgi", "", 22 },
    { "/lib/sub/x.pl", false, ANSWER_CGI, 0, "/lib/sub/x.pl", "", 23 },
    { "/%6cib/./sub/x.cgi", false, ANSWER_CGI, 0, "/lib/sub/x.cgi", "", 22 },
    { "/loose/sub/x.cgi", false, ANSWER_CGI, 0, "/loose/sub/x.cgi", "", 18 },
};

START_TEST(each_request_is_answered_from_its_root)
{
    struct fixture f;
    struct parse_fault fault;

    tree_as_nobody();
    set_up(&f, answers[_i].path_info_on);
    f.x = (struct exchange){ .loop = &f.loop, .visit = &f.visit };
    f.x.request.method = METHOD_GET;
    ck_assert_int_eq(target_parse(slice_cstr(answers[_i].target), false, false, &f.x.arena,
                                  &f.x.request.target, &fault),
                     PARSE_DONE);
    router_judge(f.snapshot, &f.snapshot->hosts[0], &f.x, f.cache, &f.verdict);

    ck_assert_int_eq(f.verdict.answer, answers[_i].answer);
    ck_assert_int_eq(f.verdict.status, answers[_i].status);
    ck_assert_uint_eq(f.verdict.rule, answers[_i].rule);
    if (answers[_i].script) {
        assert_slice(f.verdict.resource.script_name, answers[_i].script);
        assert_slice(f.verdict.resource.path_info, answers[_i].path_info);
    }
    tree_as_before();
    tear_down(&f);
}
END_TEST

SUITE("mapping", LOOP(each_path_lies_in_its_folder, cases),
      LOOP(a_name_stands_for_one_folder_below_the_root, named),
      LOOP(a_program_may_answer_the_whole_website, whole),
      LOOP(path_info_is_translated_as_a_path_would_be, places),
      LOOP(each_request_is_answered_from_its_root, answers))
