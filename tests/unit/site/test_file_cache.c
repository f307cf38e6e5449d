#include "site/file_cache.h"

#include "os/fd.h"
#include "site/conf.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define LONG_AGO 1500000000 /* Fri, 14 Jul 2017 02:40:00 GMT */

struct fixture {
    struct tree tree;
    struct snapshot *snapshot;
    struct host *host;
    struct file_cache *cache;
};

static void set_up(struct fixture *f, unsigned entries_most)
{
    struct conf conf;

    tree_make(&f->tree);
    conf_make(&conf);
    conf_host(&conf, "a", f->tree.root);
    f->snapshot = conf_snapshot(&conf);
    f->host = &f->snapshot->hosts[0];
    f->cache = file_cache_new(entries_most);
}

static void tear_down(struct fixture *f)
{
    file_cache_free(f->cache);
    snapshot_drop(f->snapshot);
    tree_remove(&f->tree);
}

static struct cached_file *get(struct fixture *f, const char *path, uint64_t now_ms)
{
    return file_cache_get(f->cache, &f->host->root, slice_cstr(path), now_ms);
}

static void drop(struct fixture *f, struct cached_file *file)
{
    cached_file_drop(f->cache, file);
}

START_TEST(each_kind_is_told)
{
    static const struct {
        const char *path;
        enum file_kind kind;
        int error;
    } cases[] = {
        { "a.txt", FILE_REGULAR, 0 },
        { "", FILE_FOLDER, 0 },
        { "dir", FILE_FOLDER, 0 },
        { "fifo", FILE_SPECIAL, 0 },
        { "socket", FILE_SPECIAL, -ENXIO },
        { "none", FILE_ABSENT, -ENOENT },
        { "a.txt/x", FILE_ABSENT, -ENOTDIR },
        { "in", FILE_REGULAR, 0 },
        { "out", FILE_ABSENT, -EXDEV },
        { "round", FILE_ABSENT, -ELOOP },
    };
    struct fixture f;

    tree_as_nobody();
    set_up(&f, 100);
    tree_file(&f.tree, "a.txt", "hello");
    tree_folder(&f.tree, "dir");
    tree_fifo(&f.tree, "fifo");
    tree_socket(&f.tree, "socket");
    tree_link(&f.tree, "in", "a.txt");
    tree_link(&f.tree, "out", "/etc/passwd");
    tree_link(&f.tree, "round", "round");

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cached_file *file = get(&f, cases[i].path, 1);

        ck_assert_msg(file->kind == cases[i].kind && file->error == cases[i].error,
                      "%s: kind %d, error %d", cases[i].path, file->kind, file->error);
        drop(&f, file);
    }
    tear_down(&f);
    tree_as_before();
}
END_TEST

START_TEST(a_small_file_carries_its_bytes_and_no_descriptor)
{
    struct fixture f;

    set_up(&f, 100);
    tree_file(&f.tree, "small", "hello");
    tree_time(&f.tree, "small", LONG_AGO);
    tree_sparse(&f.tree, "large", FILE_CACHE_BYTES_MOST + 1);
    tree_file(&f.tree, "empty", "");

    struct cached_file *small = get(&f, "small", 1);
    assert_slice(small->file->bytes, "hello");
    ck_assert_int_eq(small->file->fd, -1);
    ck_assert_uint_eq(small->size, 5);
    ck_assert_int_eq(small->modified_s, LONG_AGO);
    assert_slice(small->last_modified, "Fri, 14 Jul 2017 02:40:00 GMT");
    ck_assert(small->etag.at[0] == '"' && small->etag.at[small->etag.len - 1] == '"');

    struct cached_file *large = get(&f, "large", 1);
    ck_assert_int_ge(large->file->fd, 0);
    ck_assert_uint_eq(large->file->bytes.len, 0);
    ck_assert(!slice_equal(large->etag, small->etag));

    struct cached_file *empty = get(&f, "empty", 1);
    ck_assert_uint_eq(empty->size, 0);
    ck_assert_ptr_nonnull(empty->file);

    drop(&f, small);
    drop(&f, large);
    drop(&f, empty);
    tear_down(&f);
}
END_TEST

START_TEST(an_entry_is_believed_for_a_second_and_then_looked_at)
{
    struct fixture f;

    set_up(&f, 100);
    tree_file(&f.tree, "page", "old");
    tree_time(&f.tree, "page", LONG_AGO);

    struct cached_file *old = get(&f, "page", 1000);
    tree_file(&f.tree, "page.new", "newer");
    char from[128];
    char to[128];
    snprintf(from, sizeof(from), "%s/page.new", f.tree.root);
    snprintf(to, sizeof(to), "%s/page", f.tree.root);
    ck_assert_int_eq(rename(from, to), 0);

    struct cached_file *still = get(&f, "page", 1999);
    ck_assert_ptr_eq(still, old);
    struct cached_file *fresh = get(&f, "page", 2000);
    ck_assert_ptr_ne(fresh, old);
    assert_slice(fresh->file->bytes, "newer");
    assert_slice(old->file->bytes, "old"); /* who holds it may finish */
    ck_assert(!slice_equal(fresh->etag, old->etag));

    drop(&f, old);
    drop(&f, still);
    drop(&f, fresh);
    tear_down(&f);
}
END_TEST

START_TEST(a_content_has_a_number_of_its_own)
{
    struct fixture f;

    set_up(&f, 100);
    tree_file(&f.tree, "page", "this");
    tree_time(&f.tree, "page", LONG_AGO);
    tree_file(&f.tree, "other", "that");
    tree_time(&f.tree, "other", LONG_AGO);
    tree_file(&f.tree, "new", "this");

    struct cached_file *page = get(&f, "page", 1000);
    struct cached_file *other = get(&f, "other", 1000);
    struct cached_file *new = get(&f, "new", 1000);
    ck_assert_uint_ne(page->content, 0);
    ck_assert_uint_ne(page->content, other->content);
    ck_assert_uint_eq(new->content, 0); /* it may be written to this moment */

    /* of the same length and the same time: only the kernel's own note tells */
    tree_file(&f.tree, "page", "that");
    tree_time(&f.tree, "page", LONG_AGO);
    struct cached_file *changed = get(&f, "page", 2000);
    ck_assert_uint_ne(changed->content, 0);
    ck_assert_uint_ne(changed->content, page->content);

    drop(&f, page);
    drop(&f, other);
    drop(&f, new);
    drop(&f, changed);
    tear_down(&f);
}
END_TEST

START_TEST(an_unchanged_file_keeps_its_descriptor)
{
    struct fixture f;

    set_up(&f, 100);
    tree_sparse(&f.tree, "big", 100000);
    tree_time(&f.tree, "big", LONG_AGO);

    struct cached_file *first = get(&f, "big", 1000);
    int fd = first->file->fd;
    drop(&f, first);
    size_t open_before = fd_count_open();
    for (uint64_t now = 2000; now < 20000; now += 1000) {
        struct cached_file *again = get(&f, "big", now);
        ck_assert_ptr_eq(again, first);
        ck_assert_int_eq(again->file->fd, fd);
        drop(&f, again);
    }
    ck_assert_uint_eq(fd_count_open(), open_before);
    tear_down(&f);
}
END_TEST

START_TEST(a_file_written_twice_within_a_tick_is_not_missed)
{
    struct fixture f;
    struct timespec now;

    set_up(&f, 100);
    clock_gettime(CLOCK_REALTIME, &now);
    tree_file(&f.tree, "page", "one");
    tree_time(&f.tree, "page", now.tv_sec);
    drop(&f, get(&f, "page", 1000));

    tree_file(&f.tree, "page", "two"); /* same size, same inode */
    tree_time(&f.tree, "page", now.tv_sec);
    struct cached_file *again = get(&f, "page", 2000);
    assert_slice(again->file->bytes, "two");
    drop(&f, again);
    tear_down(&f);
}
END_TEST

START_TEST(absences_are_believed_too)
{
    struct fixture f;

    set_up(&f, 100);
    drop(&f, get(&f, "late", 1000));
    tree_file(&f.tree, "late", "here");

    struct cached_file *hole = get(&f, "late", 1500);
    ck_assert_int_eq(hole->kind, FILE_ABSENT);
    struct cached_file *file = get(&f, "late", 2000);
    ck_assert_int_eq(file->kind, FILE_REGULAR);
    tree_unlink(&f.tree, "late");
    struct cached_file *gone = get(&f, "late", 3000);
    ck_assert_int_eq(gone->kind, FILE_ABSENT);

    drop(&f, hole);
    drop(&f, file);
    drop(&f, gone);
    tear_down(&f);
}
END_TEST

START_TEST(the_oldest_entries_go_first)
{
    struct fixture f;
    char name[16];

    set_up(&f, 4);
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        tree_sparse(&f.tree, name, 100000);
    }
    size_t open_before = fd_count_open();
    struct cached_file *held = get(&f, "f0", 1);
    for (int i = 1; i < 4; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        drop(&f, get(&f, name, 1));
    }
    drop(&f, get(&f, "f1", 1)); /* used again: now f0 is the oldest, then f2 */
    drop(&f, get(&f, "f4", 1));
    ck_assert_uint_eq(fd_count_open(), open_before + 5); /* f0 left the cache, but is held */

    struct cached_file *again = get(&f, "f0", 1);
    ck_assert_ptr_ne(again, held);
    ck_assert_uint_eq(fd_count_open(), open_before + 5); /* f2 made room */
    drop(&f, held);
    drop(&f, again);
    ck_assert_uint_eq(fd_count_open(), open_before + 4);

    file_cache_clear(f.cache);
    ck_assert_uint_eq(fd_count_open(), open_before);
    tear_down(&f);
}
END_TEST

START_TEST(a_search_for_holes_pushes_no_file_out)
{
    struct fixture f;
    char name[16];

    set_up(&f, 8);
    tree_file(&f.tree, "page", "x");
    struct cached_file *page = get(&f, "page", 1);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "hole%d", i);
        drop(&f, get(&f, name, 1));
    }
    struct cached_file *again = get(&f, "page", 1);
    ck_assert_ptr_eq(again, page);
    drop(&f, page);
    drop(&f, again);
    tear_down(&f);
}
END_TEST

START_TEST(idle_descriptors_make_room_when_none_are_left)
{
    struct fixture f;
    char name[16];
    struct rlimit limit;

    set_up(&f, 1000);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        tree_sparse(&f.tree, name, 100000);
    }
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 40;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);

    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        struct cached_file *file = get(&f, name, 1);
        ck_assert_msg(file->kind == FILE_REGULAR, "%s: error %d", name, file->error);
        drop(&f, file);
    }
    tear_down(&f);
}
END_TEST

START_TEST(a_shortage_is_told_but_not_remembered)
{
    struct fixture f;
    struct rlimit limit;
    struct rlimit none;

    set_up(&f, 1000);
    tree_sparse(&f.tree, "old", 100000);
    tree_sparse(&f.tree, "new", 100000);
    tree_time(&f.tree, "old", LONG_AGO);
    struct cached_file *old = get(&f, "old", 1000);

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct cached_file *failed = get(&f, "new", 1000);
    ck_assert_int_eq(failed->error, -EMFILE);
    struct cached_file *kept = get(&f, "old", 5000);
    ck_assert_ptr_eq(kept, old); /* better than an error */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);

    struct cached_file *found = get(&f, "new", 1000);
    ck_assert_int_eq(found->kind, FILE_REGULAR);
    drop(&f, old);
    drop(&f, kept);
    drop(&f, failed);
    drop(&f, found);
    tear_down(&f);
}
END_TEST

START_TEST(what_cannot_be_read_is_still_seen)
{
    struct fixture f;

    tree_as_nobody();
    set_up(&f, 100);
    tree_file(&f.tree, "program.cgi", "x");
    tree_mode(&f.tree, "program.cgi", 0111);
    tree_file(&f.tree, "walk/inside", "x");
    tree_mode(&f.tree, "walk", 0111);
    tree_file(&f.tree, "shut/inside", "x");
    tree_mode(&f.tree, "shut", 0);

    struct cached_file *program = get(&f, "program.cgi", 1);
    ck_assert_int_eq(program->kind, FILE_REGULAR);
    ck_assert_ptr_null(program->file);
    ck_assert_int_eq(program->error, -EACCES);
    ck_assert_uint_eq(program->size, 1);
    ck_assert_uint_eq(program->mode & 0777, 0111);
    struct cached_file *walk = get(&f, "walk", 1);
    ck_assert_int_eq(walk->kind, FILE_FOLDER);
    struct cached_file *inside = get(&f, "walk/inside", 1);
    ck_assert_int_eq(inside->kind, FILE_REGULAR);
    struct cached_file *shut = get(&f, "shut/inside", 1);
    ck_assert_int_eq(shut->kind, FILE_ABSENT);
    ck_assert_int_eq(shut->error, -EACCES);

    drop(&f, program);
    drop(&f, walk);
    drop(&f, inside);
    drop(&f, shut);
    tree_mode(&f.tree, "shut", 0700);
    tree_mode(&f.tree, "walk", 0700);
    tear_down(&f);
    tree_as_before();
}
END_TEST

START_TEST(neighbours_are_found_and_believed)
{
    struct fixture f;

    set_up(&f, 100);
    tree_file(&f.tree, "a.css", "x");
    tree_file(&f.tree, "a.css.gz", "z");
    tree_folder(&f.tree, "a.css.zst"); /* no file */
    tree_time(&f.tree, "a.css", LONG_AGO);

    struct cached_file *file = get(&f, "a.css", 1000);
    ck_assert_uint_eq(file_cache_codings(f.cache, &f.host->root, file, 1000), 1u << CODING_GZIP);
    tree_file(&f.tree, "a.css.br", "b");
    ck_assert_uint_eq(file_cache_codings(f.cache, &f.host->root, file, 1999), 1u << CODING_GZIP);
    ck_assert_uint_eq(file_cache_codings(f.cache, &f.host->root, file, 2000),
                      1u << CODING_GZIP | 1u << CODING_BR);
    drop(&f, file);
    tear_down(&f);
}
END_TEST

START_TEST(hosts_have_entries_of_their_own)
{
    struct fixture f;
    struct site_root rootless = { .fd = -1 };

    set_up(&f, 100);
    tree_file(&f.tree, "page", "x");
    struct cached_file *here = get(&f, "page", 1);
    struct cached_file *there = file_cache_get(f.cache, &rootless, SLICE("page"), 1);
    ck_assert_int_eq(here->kind, FILE_REGULAR);
    ck_assert_int_eq(there->error, -ENOENT);
    drop(&f, here);
    drop(&f, there);
    tear_down(&f);
}
END_TEST

SUITE("file_cache", TEST(each_kind_is_told), TEST(a_small_file_carries_its_bytes_and_no_descriptor),
      TEST(an_entry_is_believed_for_a_second_and_then_looked_at),
      TEST(a_content_has_a_number_of_its_own), TEST(an_unchanged_file_keeps_its_descriptor),
      TEST(a_file_written_twice_within_a_tick_is_not_missed), TEST(absences_are_believed_too),
      TEST(the_oldest_entries_go_first), TEST(a_search_for_holes_pushes_no_file_out),
      TEST(idle_descriptors_make_room_when_none_are_left),
      TEST(a_shortage_is_told_but_not_remembered), TEST(what_cannot_be_read_is_still_seen),
      TEST(neighbours_are_found_and_believed), TEST(hosts_have_entries_of_their_own))
