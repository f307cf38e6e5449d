#include "site/resource.h"

#include "site/conf.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>

static const struct {
    const char *path;
    const char *expect;
} extensions[] = {
    { "/a.txt", "txt" }, { "/a", "" },       { "/a.tar.gz", "gz" },
    { "/.profile", "" }, { "/x.d/a", "" },   { "/a.", "" },
    { "", "" },          { "a.php", "php" }, { "/.hidden.txt", "txt" },
};

START_TEST(the_last_dot_of_the_last_name_begins_the_extension)
{
    assert_slice(path_extension(slice_cstr(extensions[_i].path)), extensions[_i].expect);
}
END_TEST

/* What lies in the tree: see plant(). `kind` and the names are what resource_find() is to say. */
static const struct {
    const char *path;
    bool path_info_on;
    enum file_kind kind;
    const char *relative;
    const char *script;
    const char *path_info;
    const char *extension;
} cases[] = {
    { "/a.txt", false, FILE_REGULAR, "a.txt", "/a.txt", "", "txt" },
    { "/sub/b.cgi", false, FILE_REGULAR, "sub/b.cgi", "/sub/b.cgi", "", "cgi" },
    { "/none", false, FILE_ABSENT, "none", "/none", "", "own" },
    { "/plain", false, FILE_REGULAR, "plain", "/plain", "", "own" },
    /* folders */
    { "/", false, FILE_REGULAR, "index.html", "/index.html", "", "html" },
    { "/sub/", false, FILE_REGULAR, "sub/index.cgi", "/sub/index.cgi", "", "cgi" },
    { "/empty/", false, FILE_FOLDER, "empty", "/empty/", "", "" },
    { "/sub", false, FILE_FOLDER, "sub", "/sub", "", "own" },
    { "/none/", false, FILE_ABSENT, "none", "/none/", "", "" },
    { "/tricky/", false, FILE_REGULAR, "tricky/index.cgi", "/tricky/index.cgi", "", "cgi" },
    /* path info */
    { "/sub/b.cgi/more/x.txt", true, FILE_REGULAR, "sub/b.cgi", "/sub/b.cgi", "/more/x.txt",
      "cgi" },
    { "/sub/b.cgi/", true, FILE_REGULAR, "sub/b.cgi", "/sub/b.cgi", "/", "cgi" },
    { "/a.txt/x", true, FILE_REGULAR, "a.txt", "/a.txt", "/x", "txt" },
    { "/sub/none/x", true, FILE_ABSENT, "sub/none/x", "/sub/none/x", "", "own" },
    { "/sub/b.cgi/more", false, FILE_ABSENT, "sub/b.cgi/more", "/sub/b.cgi/more", "", "own" },
    { "/sub/b.cgi/", false, FILE_ABSENT, "sub/b.cgi", "/sub/b.cgi/", "", "" },
    { "/fifo/x", true, FILE_ABSENT, "fifo/x", "/fifo/x", "", "own" },
    { "/fifo", false, FILE_SPECIAL, "fifo", "/fifo", "", "own" },
};

static void plant(const struct tree *tree)
{
    tree_file(tree, "a.txt", "x");
    tree_file(tree, "plain", "x");
    tree_file(tree, "index.html", "x");
    tree_file(tree, "sub/b.cgi", "x");
    tree_file(tree, "sub/index.cgi", "x");
    tree_folder(tree, "empty");
    tree_folder(tree, "tricky");
    tree_folder(tree, "tricky/index.html"); /* a folder is no start file */
    tree_file(tree, "tricky/index.cgi", "x");
    tree_fifo(tree, "fifo");
}

struct fixture {
    struct tree tree;
    struct snapshot *snapshot;
    struct file_cache *cache;
    struct loop loop;
    struct exchange x;
};

static void set_up(struct fixture *f, bool path_info_on)
{
    struct conf conf;

    *f = (struct fixture){ 0 };
    tree_make(&f->tree);
    plant(&f->tree);
    conf_make(&conf);
    struct vhost_conf *host = conf_host(&conf, "a", f->tree.root);
    host->folder.start_files = conf_words(&conf, "index.html index.cgi");
    host->folder.enable_path_info = path_info_on;
    host->no_extension_as = SLICE("own");
    f->snapshot = conf_snapshot(&conf);
    f->cache = file_cache_new(100);
    f->loop.now_ms = 1;
    f->x.loop = &f->loop;
}

static void tear_down(struct fixture *f)
{
    arena_done(&f->x.arena);
    file_cache_free(f->cache);
    snapshot_drop(f->snapshot);
    tree_remove(&f->tree);
}

static void look_for(struct fixture *f, struct slice path, struct resource *ret)
{
    const struct host *host = &f->snapshot->hosts[0];

    resource_find(host, &host->conf->folder, path, f->cache, &f->x, ret);
}

START_TEST(each_path_finds_its_resource)
{
    struct fixture f;
    struct resource r;
    char absolute[256];

    set_up(&f, cases[_i].path_info_on);
    look_for(&f, slice_cstr(cases[_i].path), &r);

    ck_assert_int_eq(r.found->kind, cases[_i].kind);
    assert_slice(r.relative, cases[_i].relative);
    ck_assert_int_eq(r.relative.at[r.relative.len], '\0');
    assert_slice(r.script_name, cases[_i].script);
    assert_slice(r.path_info, cases[_i].path_info);
    assert_slice(r.extension, cases[_i].extension);
    snprintf(absolute, sizeof(absolute), "%s/%s", f.tree.root, cases[_i].relative);
    assert_slice(r.absolute, absolute);
    ck_assert_int_eq(r.absolute.at[r.absolute.len], '\0');
    ck_assert(r.is_folder_without_slash == slice_equal_cstr(r.script_name, "/sub"));
    ck_assert(r.start_file_missing == slice_equal_cstr(r.script_name, "/empty/"));

    cached_file_drop(f.cache, r.found);
    tear_down(&f);
}
END_TEST

START_TEST(a_path_longer_than_the_kernel_takes_has_path_info_too)
{
    struct fixture f;
    struct resource r;
    static char path[6000];

    set_up(&f, true);
    memset(path, 'x', sizeof(path) - 1);
    memcpy(path, "/sub/b.cgi/", 11);
    look_for(&f, slice_cstr(path), &r);
    ck_assert_int_eq(r.found->kind, FILE_REGULAR);
    ck_assert_uint_eq(r.path_info.len, sizeof(path) - 1 - 10);
    cached_file_drop(f.cache, r.found);
    tear_down(&f);
}
END_TEST

START_TEST(a_folder_that_may_not_be_entered_says_so)
{
    struct fixture f;
    struct resource r;

    tree_as_nobody();
    set_up(&f, false);
    tree_mode(&f.tree, "sub", 0444);
    look_for(&f, SLICE("/sub/"), &r);
    ck_assert_int_eq(r.found->kind, FILE_ABSENT);
    ck_assert_int_eq(r.found->error, -EACCES);
    cached_file_drop(f.cache, r.found);
    tree_mode(&f.tree, "sub", 0755);
    tear_down(&f);
    tree_as_before();
}
END_TEST

SUITE("resource", LOOP(the_last_dot_of_the_last_name_begins_the_extension, extensions),
      LOOP(each_path_finds_its_resource, cases),
      TEST(a_path_longer_than_the_kernel_takes_has_path_info_too),
      TEST(a_folder_that_may_not_be_entered_says_so))
