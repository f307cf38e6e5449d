#include "site/snapshot.h"

#include "base/container.h"
#include "os/fd.h"
#include "site/conf.h"
#include "site/media.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

struct counting_log {
    struct log log;
    unsigned lines;
};

static void count_line(struct log *log, enum log_level level, struct slice line)
{
    (void)level;
    (void)line;
    container_of(log, struct counting_log, log)->lines++;
}

START_TEST(a_host_is_called_by_its_first_real_name)
{
    static const struct {
        const char *names;
        const char *expect;
    } cases[] = {
        { "a.org b.org", "a.org" },
        { "*.a.org www.a.org", "www.a.org" },
        { "*.a.org *.b.org", "a.org" },
    };
    struct conf conf;

    conf_make(&conf);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        conf_host(&conf, cases[i].names, NULL);
    struct snapshot *snapshot = conf_snapshot(&conf);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_slice(snapshot->hosts[i].name, cases[i].expect);
    snapshot_drop(snapshot);
}
END_TEST

START_TEST(roots_are_open_as_long_as_somebody_holds_it)
{
    struct tree tree;
    struct conf conf;
    size_t open_before = fd_count_open();

    tree_make(&tree);
    conf_make(&conf);
    conf_host(&conf, "a", tree.root);
    conf_host(&conf, "b", NULL);
    conf_host(&conf, "c", "/nowhere/at/all");
    conf_host(&conf, "d", tree.root)->folder.follow_symlinks = true;

    struct snapshot *snapshot = conf_snapshot(&conf);
    ck_assert_int_ge(snapshot->hosts[0].root.fd, 0);
    ck_assert_int_eq(snapshot->hosts[1].root.fd, -1);
    ck_assert_int_eq(snapshot->hosts[2].root.fd, -1);
    ck_assert_int_eq(snapshot->hosts[0].root.links, BENEATH_OWNED_LINKS);
    ck_assert_int_eq(snapshot->hosts[3].root.links, BENEATH_ANY_LINKS);
    assert_slice(media_type(snapshot->hosts[0].media, SLICE("png")), "image/png");

    ck_assert_ptr_eq(snapshot_hold(snapshot), snapshot);
    snapshot_drop(snapshot);
    ck_assert_uint_eq(fd_count_open(), open_before + 2);
    snapshot_drop(snapshot);
    ck_assert_uint_eq(fd_count_open(), open_before);
    tree_remove(&tree);
}
END_TEST

START_TEST(a_root_that_is_missing_is_said_once)
{
    struct counting_log log = { .log.write = count_line };
    struct conf conf;

    conf_make(&conf);
    conf_host(&conf, "a", NULL);
    conf_host(&conf, "b", "/nowhere/at/all");
    conf.server->host_count = 2;
    struct snapshot *snapshot = snapshot_build(conf.server, conf.arena, &log.log);
    ck_assert_uint_eq(log.lines, 1);
    snapshot_drop(snapshot);
}
END_TEST

START_TEST(without_php_its_other_names_are_files_as_it_is_itself)
{
    struct conf conf;

    conf_make(&conf);
    conf.server->cgi_extensions = conf_words(&conf, "cgi");
    conf_host(&conf, "a", NULL);
    struct snapshot *snapshot = conf_snapshot(&conf);
    ck_assert_ptr_nonnull(table_find(&snapshot->programs, SLICE("cgi")));
    ck_assert_ptr_null(table_find(&snapshot->programs, SLICE("php")));
    ck_assert_ptr_null(table_find(&snapshot->programs, SLICE("phtml")));
    snapshot_drop(snapshot);
}
END_TEST

START_TEST(hosts_with_the_same_rules_share_a_table)
{
    struct conf conf;

    conf_make(&conf);
    conf.server->cgi_extensions = conf_words(&conf, "cgi");
    struct fastcgi_conf *php = conf_section(&conf, "php", true);
    conf_use(&conf, conf_host(&conf, "a", NULL), php);
    conf_use(&conf, conf_host(&conf, "b", NULL), php);
    conf_host(&conf, "c", NULL);
    conf_host(&conf, "d", NULL)->cgi_extensions = conf_words(&conf, "exe");

    struct snapshot *snapshot = conf_snapshot(&conf);
    ck_assert(!snapshot->hosts[0].shares_extensions);
    ck_assert(snapshot->hosts[1].shares_extensions);
    ck_assert(!snapshot->hosts[2].shares_extensions);
    ck_assert(!snapshot->hosts[3].shares_extensions);
    ck_assert_ptr_nonnull(table_find(&snapshot->hosts[1].extensions, SLICE("php")));
    ck_assert_ptr_null(table_find(&snapshot->hosts[2].extensions, SLICE("php")));
    ck_assert_ptr_nonnull(table_find(&snapshot->programs, SLICE("exe")));
    ck_assert_ptr_nonnull(table_find(&snapshot->programs, SLICE("phtml"))); /* php is one */
    ck_assert_ptr_null(table_find(&snapshot->programs, SLICE("phar")));
    snapshot_drop(snapshot);
}
END_TEST

SUITE("snapshot", TEST(a_host_is_called_by_its_first_real_name),
      TEST(roots_are_open_as_long_as_somebody_holds_it), TEST(a_root_that_is_missing_is_said_once),
      TEST(without_php_its_other_names_are_files_as_it_is_itself),
      TEST(hosts_with_the_same_rules_share_a_table))
