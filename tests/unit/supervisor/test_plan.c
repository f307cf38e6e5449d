#include "supervisor_private.h"

#include "config/roots.h"
#include "ipc/policy.h"
#include "ipc/pools.h"
#include "os/fd.h"
#include "suite.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct cgi_handler_conf perl = {
    .program = SLICE_INIT("/usr/bin/perl"),
    .arguments = &(struct conf_word){ .text = SLICE_INIT("-T") },
};
static struct cgi_handler_conf bare = { .program = SLICE_INIT("python3") };
static struct cgi_handler_conf *handlers[] = { &perl, &bare };
static struct conf_word cgi = { .text = SLICE_INIT("cgi") };

static struct vhost_conf hosts[4] = {
    { .next = &hosts[1],
      .website_root = SLICE_INIT("/srv/a"),
      .folder.execute_cgi = true,
      .cgi_extensions = &cgi,
      .handlers = handlers,
      .handler_count = 2,
      .rule_base = 0 },
    { .next = &hosts[2],
      .index = 1,
      .hostnames = &(struct conf_word){ .text = SLICE_INIT("b.example") },
      .website_root = SLICE_INIT("/srv/b"),
      .cgi_extensions = &cgi,
      .handlers = handlers,
      .handler_count = 1,
      .rule_base = 3 },
    { .next = &hosts[3],
      .index = 2,
      .website_root = SLICE_INIT("/srv/c"),
      .folder.execute_cgi = true,
      .folder.follow_symlinks = true,
      .handlers = handlers,
      .handler_count = 1,
      .rule_base = 5 },
    { .index = 3,
      .website_root = SLICE_INIT("/srv/d"),
      .folder.execute_cgi = true,
      .cgi_pattern = SLICE_INIT("/bin/**"),
      .rule_base = 7 },
};

static const struct {
    const char *root; /* "": runs nothing */
    const char *interpreter;
    uint32_t arguments;
    enum policy_links links;
} rules[] = {
    { "/srv/a", "", 0, POLICY_LINKS_OWNED },
    { "/srv/a", "/usr/bin/perl", 1, POLICY_LINKS_OWNED },
    { "", "", 0, POLICY_LINKS_OWNED }, /* never by a search path */
    { "", "", 0, POLICY_LINKS_OWNED }, /* ExecuteCGI = no */
    { "", "/usr/bin/perl", 1, POLICY_LINKS_OWNED },
    { "", "", 0, POLICY_LINKS_ANY }, /* no CGIextension anywhere */
    { "/srv/c", "/usr/bin/perl", 1, POLICY_LINKS_ANY },
    { "/srv/d", "", 0, POLICY_LINKS_OWNED }, /* a CGIpattern is enough */
};

START_TEST(rules_come_in_the_order_of_their_numbers)
{
    const struct server_conf conf = { .hosts = hosts, .host_count = 4, .kill_grace_ms = 1500 };
    struct arena arena = { 0 };
    struct policy policy;
    char *data;
    size_t len;

    plan_policy(&conf, &(struct sandboxes){ 0 }, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &policy, NULL), PARSE_DONE);
    ck_assert_uint_eq(policy.kill_grace_ms, 1500);
    ck_assert_uint_eq(policy.rule_count, sizeof(rules) / sizeof(rules[0]));
    const struct policy_rule *rule = &policy.rules[_i];
    ck_assert(slice_equal_cstr(rule->root, rules[_i].root));
    ck_assert(slice_equal_cstr(rule->interpreter, rules[_i].interpreter));
    ck_assert_uint_eq(rule->argument_count, rules[_i].arguments);
    ck_assert_int_eq(rule->links, rules[_i].links);
    arena_done(&arena);
    free(data);
}
END_TEST

/* With a Directory that treats links in another way all roots come again. */
static void check_links_otherwise(const struct vhost_conf *plain)
{
    struct folder_given given = { .offset = offsetof(struct folder_conf, follow_symlinks) };
    struct directory_conf directory = { .given = &given, .folder.follow_symlinks = true };
    struct directory_conf *directories[] = { &directory };
    struct vhost_conf host = *plain;
    const struct server_conf conf = { .hosts = &host, .host_count = 1, .cgi_extensions = &cgi };
    struct arena arena = { 0 };
    struct policy policy;
    char *data;
    size_t len;

    host.next = NULL;
    host.directories = directories;
    host.directory_count = 1;
    plan_policy(&conf, &(struct sandboxes){ 0 }, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &policy, NULL), PARSE_DONE);
    ck_assert_uint_eq(policy.rule_count, 12);
    for (uint32_t i = 0; i < 6; i++) {
        ck_assert_int_eq(policy.rules[i].links, POLICY_LINKS_OWNED);
        ck_assert_int_eq(policy.rules[6 + i].links, POLICY_LINKS_ANY);
        ck_assert(slice_equal(policy.rules[i].root, policy.rules[6 + i].root));
    }
    arena_done(&arena);
    free(data);
}

/* ---- WrapCGI of Directory sections ---- */

/* All rules come again for each identity, with its user and its interpreters. */
START_TEST(a_directory_has_rules_of_its_own)
{
    struct confine_conf wraps[] = {
        { .user = SLICE("games"), .wrap_id = SLICE("g"), .below = SLICE("/srv/a/g"), .files = 7 },
        { .user = SLICE("no-such-user"), .wrap_id = SLICE("n"), .below = SLICE("/srv/a/n") },
    };
    struct vhost_conf host = { .website_root = SLICE("/srv/a"),
                               .folder.execute_cgi = true,
                               .confine = { .files = 7 },
                               .wraps = wraps,
                               .wrap_count = 2,
                               .handlers = handlers,
                               .handler_count = 1 };
    struct server_conf conf = { .hosts = &host, .host_count = 1, .cgi_extensions = &cgi };
    struct arena arena = { 0 };
    struct policy policy;
    char *data;
    size_t len;

    plan_policy(&conf, &(struct sandboxes){ 0 }, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &policy, NULL), PARSE_DONE);
    ck_assert_uint_eq(policy.rule_count, 6);
    ck_assert(!policy.rules[0].confine.switches && policy.rules[0].confine.below.len == 0);
    ck_assert(slice_equal_cstr(policy.rules[1].interpreter, "/usr/bin/perl"));
    ck_assert(policy.rules[2].confine.switches);
    ck_assert_uint_eq(policy.rules[2].confine.user, 5);
    ck_assert_uint_eq(policy.rules[2].confine.limits[POLICY_FILES], 7);
    ck_assert(slice_equal_cstr(policy.rules[2].confine.below, "/srv/a/g"));
    ck_assert(slice_equal_cstr(policy.rules[2].root, "/srv/a"));
    ck_assert_uint_eq(policy.rules[3].interpreter.len, 0); /* not in cgi-wrapper.conf */
    ck_assert_uint_eq(policy.rules[4].root.len, 0);
    ck_assert(!policy.rules[4].confine.switches);
    arena_done(&arena);
    free(data);

    ck_assert(plan_rights(&conf) ==
              (UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID | UINT64_C(1) << CAP_KILL));
    wraps[0].chroot = SLICE("/srv");
    ck_assert(plan_rights(&conf) & UINT64_C(1) << CAP_SYS_CHROOT);
    host.folder.execute_cgi = false;
    ck_assert_uint_eq(plan_rights(&conf), 0);
}
END_TEST

/* ---- websites of accounts ---- */

static const struct {
    bool wrap;
    bool executes;
    const char *user;   /* RunAs of the host */
    const char *chroot; /* and its root directory */
    enum policy_accounts accounts;
    bool switches;
} users_cases[] = {
    { false, true, "", "", POLICY_ACCOUNTS_FOLDER, false },
    { true, true, "", "", POLICY_ACCOUNTS_OWNER, false },
    { true, false, "", "", POLICY_ACCOUNTS_NO, false },
    { true, true, "games", "", POLICY_ACCOUNTS_OWNER, false },
    { false, true, "games", "", POLICY_ACCOUNTS_FOLDER, true },
    { false, true, "games", "/srv", POLICY_ACCOUNTS_NO, false },
    { true, true, "no-such-user", "", POLICY_ACCOUNTS_NO, false },
    { false, true, "no-such-user", "", POLICY_ACCOUNTS_NO, false },
};

START_TEST(one_rule_is_for_all_accounts)
{
    struct user_conf sites[] = { { .name = SLICE("al"),
                                   .home = "/home/al",
                                   .user = 1000,
                                   .group = 100,
                                   .groups = SLICE("100,27") } };
    struct vhost_conf host = { .website_root = SLICE("/srv/a"),
                               .folder.execute_cgi = users_cases[_i].executes,
                               .user_websites = true,
                               .confine = { .user = slice_cstr(users_cases[_i].user),
                                            .chroot = slice_cstr(users_cases[_i].chroot),
                                            .files = 77 },
                               .handlers = handlers,
                               .handler_count = 1 };
    const struct server_conf conf = {
        .hosts = &host,
        .host_count = 1,
        .cgi_extensions = &cgi,
        .users = { .directory = SLICE("www"),
                   .wrap = users_cases[_i].wrap,
                   .sites = sites,
                   .count = 1 },
    };
    struct arena arena = { 0 };
    struct policy policy;
    char *data;
    size_t len;

    plan_policy(&conf, &(struct sandboxes){ 0 }, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &policy, NULL), PARSE_DONE);
    ck_assert_uint_eq(policy.rule_count, 4);
    ck_assert(slice_equal_cstr(policy.user_folder, "www"));
    ck_assert_uint_eq(policy.account_count, 1);
    ck_assert(slice_equal_cstr(policy.accounts[0].home, "/home/al"));
    ck_assert_uint_eq(policy.accounts[0].user, 1000);
    ck_assert_uint_eq(policy.accounts[0].group_count, 2);
    for (uint32_t i = 2; i < 4; i++) {
        const struct policy_rule *rule = &policy.rules[i];

        ck_assert_int_eq(rule->accounts, users_cases[_i].accounts);
        ck_assert_uint_eq(rule->root.len, 0);
        ck_assert(rule->confine.switches == users_cases[_i].switches);
        if (users_cases[_i].accounts != POLICY_ACCOUNTS_NO) {
            ck_assert_uint_eq(rule->confine.limits[POLICY_FILES], 77);
            ck_assert(slice_equal_cstr(rule->interpreter, i == 3 ? "/usr/bin/perl" : ""));
        }
    }
    const bool owns = users_cases[_i].wrap || host.confine.user.len > 0;
    ck_assert(((plan_rights(&conf) & UINT64_C(1) << CAP_SETUID) != 0) ==
              (owns && users_cases[_i].executes));
    arena_done(&arena);
    free(data);
}
END_TEST

/* Each root has its own rules; one outside of the root directory of the programs has none. */
START_TEST(scripts_below_an_alias_have_rules_of_their_own)
{
    static const char *const roots[] = { "/srv/a", "/srv/a", "/usr/lib/x", "/usr/lib/x",
                                         "/srv/y", "/srv/y", "/srv/b",     "/srv/b" };
    struct alias_conf script = { .number = 2, .folder = SLICE("/srv/y"), .file = SLICE("z.cgi") };
    struct alias_conf folder = { .number = 1, .folder = SLICE("/usr/lib/x"), .next = &script };
    struct vhost_conf next = { .website_root = SLICE("/srv/b"),
                               .folder.execute_cgi = true,
                               .handlers = handlers,
                               .handler_count = 1,
                               .rule_base = 6 };
    struct vhost_conf host = { .next = &next,
                               .website_root = SLICE("/srv/a"),
                               .folder.execute_cgi = true,
                               .aliases = &folder,
                               .alias_count = 2,
                               .handlers = handlers,
                               .handler_count = 1 };
    const struct server_conf conf = { .hosts = &host, .host_count = 2, .cgi_extensions = &cgi };
    struct arena arena = { 0 };
    struct policy policy;
    char *data;
    size_t len;

    plan_policy(&conf, &(struct sandboxes){ 0 }, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &policy, NULL), PARSE_DONE);
    ck_assert_uint_eq(policy.rule_count, sizeof(roots) / sizeof(roots[0]));
    for (uint32_t i = 0; i < policy.rule_count; i++) {
        ck_assert(slice_equal_cstr(policy.rules[i].root, roots[i]));
        ck_assert(slice_equal_cstr(policy.rules[i].interpreter, i % 2 ? "/usr/bin/perl" : ""));
    }
    arena_done(&arena);
    free(data);

    check_links_otherwise(&host);
    host.folder.execute_cgi = false;
    plan_policy(&conf, &(struct sandboxes){ 0 }, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &policy, NULL), PARSE_DONE);
    for (uint32_t i = 0; i < 6; i++)
        ck_assert_uint_eq(policy.rules[i].root.len, 0);
    arena_done(&arena);
    free(data);
}
END_TEST

/* ---- loading ---- */

static char folder[] = "/tmp/test_plan_XXXXXX";

static int text_fd(const char *text)
{
    int fd;

    ck_assert_int_eq(fd_sealed("text", text, strlen(text), &fd), 0);
    return fd;
}

START_TEST(a_text_that_was_handed_in_includes_from_the_current_folder)
{
    struct arena arena = { 0 };
    struct diags diags;
    struct plan plan;
    struct source *source;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    scoped_fd more = open("more.conf", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(fd_write_all(more, "Reactors = 3\n", 13), 0);
    scoped_fd fd = text_fd(
        "Include more.conf\nHostname = a\nWebsiteRoot = /tmp\nBinding {\n\tPort = 8080\n}\n");

    diags_init(&diags, &arena);
    bool good =
        plan_load(&(struct plan_source){ .fd = fd, .name = "serve" }, &arena, &diags, &plan);
    unlink("more.conf");
    rmdir(folder);
    if (!good)
        diags_print(&diags, stderr, false);
    ck_assert(good);
    ck_assert_uint_eq(plan.reactors, 3);

    struct arena second = { 0 };
    struct source_text *main =
        bundle_open(slice_of(plan.bundle, plan.bundle_len), &second, &source);
    ck_assert_ptr_nonnull(main);
    ck_assert_str_eq(main->name, "serve");
    arena_done(&second);
    plan_done(&plan);
    arena_done(&arena);
}
END_TEST

START_TEST(without_reactors_in_the_text_there_is_one_per_processor)
{
    struct arena arena = { 0 };
    struct diags diags;
    struct plan plan;
    scoped_fd fd = text_fd("Hostname = a\nWebsiteRoot = /tmp\nBinding {\n\tPort = 8080\n}\n");

    diags_init(&diags, &arena);
    ck_assert(plan_load(&(struct plan_source){ .fd = fd, .name = "x" }, &arena, &diags, &plan));
    ck_assert_uint_ge(plan.reactors, 1);
    plan_done(&plan);
    arena_done(&arena);
}
END_TEST

static const char own_workers[] =
    "Hostname = a\nWebsiteRoot = /tmp\nUseFastCGI = P\nWorkDirectory = /tmp\nDrainTime = 7\n"
    "Binding {\nPort = 8080\n}\n"
    "FastCGIserver {\nFastCGIid = P\nRun = /bin/sh -x\nMaxRequests = 5\nSetenv B = 2\n"
    "Setenv PATH = /x\nSetenv PHP_FCGI_CHILDREN = 3\nSetenv B = 3\nCGInice = 4\n}\n";

START_TEST(workers_are_a_pool_and_a_rule_that_runs_no_scripts)
{
    static const char environment[] = "B=2\0PATH=/x\0PHP_FCGI_CHILDREN=3\0PHP_FCGI_MAX_REQUESTS=5";
    struct arena arena = { 0 };
    struct diags diags;
    struct policy policy;
    struct pools pools;
    struct plan plan;
    char *data;
    size_t len;
    scoped_fd fd = text_fd(own_workers);

    diags_init(&diags, &arena);
    ck_assert(plan_load(&(struct plan_source){ .fd = fd, .name = "x" }, &arena, &diags, &plan));
    ck_assert_uint_eq(plan_rights(plan.conf), 0);

    plan_pools(plan.conf, &(struct sandboxes){ 0 }, &data, &len);
    ck_assert_int_eq(pools_decode(slice_of(data, len), &arena, &pools, NULL), PARSE_DONE);
    ck_assert_uint_eq(pools.count, 1);
    ck_assert_uint_eq(pools.patience_ms, 7000);
    ck_assert_uint_eq(pools.pools[0].capacity, 3);
    ck_assert_uint_eq(pools.pools[0].requests, 5);
    ck_assert_uint_eq(pools.pools[0].rule, 1);
    ck_assert(slice_equal(pools.pools[0].environment, slice_of(environment, sizeof(environment))));
    free(data);

    plan_policy(plan.conf, &(struct sandboxes){ 0 }, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &policy, NULL), PARSE_DONE);
    ck_assert_uint_eq(policy.rule_count, 2);
    ck_assert_uint_eq(policy.rules[1].root.len, 0);
    ck_assert(slice_equal_cstr(policy.rules[1].interpreter, "/bin/sh"));
    ck_assert(slice_equal_cstr(policy.rules[1].arguments[0], "-x"));
    ck_assert_uint_eq(policy.rules[1].confine.nice, 4);
    free(data);
    plan_done(&plan);
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *text;
    unsigned spawners;
} spawners[] = {
    { "", 1 },
    { "Reactors = 4\nSpawners = 3\n", 3 },
    { "Reactors = 4\nSpawners = 16\n", 4 },
};

START_TEST(there_are_as_many_spawners_as_asked_for_and_no_more_than_reactors)
{
    struct arena arena = { 0 };
    struct diags diags;
    struct plan plan;
    char text[256];

    snprintf(text, sizeof(text),
             "%sHostname = a\nWebsiteRoot = /tmp\nBinding {\n\tPort = 8080\n}\n",
             spawners[_i].text);
    scoped_fd fd = text_fd(text);
    diags_init(&diags, &arena);
    ck_assert(plan_load(&(struct plan_source){ .fd = fd, .name = "x" }, &arena, &diags, &plan));
    ck_assert_uint_eq(plan.spawners, spawners[_i].spawners);
    plan_done(&plan);
    arena_done(&arena);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    struct arena arena = { 0 };
    struct diags diags;
    struct plan plan;

    diags_init(&diags, &arena);
    ck_assert(!plan_load(&(struct plan_source){ .path = "/no/such/file" }, &arena, &diags, &plan));
    ck_assert_uint_eq(diags.errors, 1);
    ck_assert_int_ne((int)slice_find_slice(diags.first->message, SLICE("/no/such/file")), -1);
    arena_done(&arena);
}
END_TEST

START_TEST(the_rules_of_a_host_share_its_sandbox)
{
    const struct server_conf conf = { .hosts = hosts, .host_count = 4 };
    struct sandbox sandbox = { .confine = &hosts[2].confine, .number = 1, .tmp = "/tmp/x" };
    struct arena arena = { 0 };
    struct policy policy;
    char *data;
    size_t len;

    plan_policy(&conf, &(struct sandboxes){ .first = &sandbox, .count = 1 }, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &policy, NULL), PARSE_DONE);
    for (uint32_t i = 0; i < policy.rule_count; i++) {
        bool has = i == 5 || i == 6; /* of the third host */
        ck_assert_uint_eq(policy.rules[i].confine.sandbox, has ? 1 : 0);
        ck_assert(slice_equal_cstr(policy.rules[i].confine.tmp, has ? "/tmp/x" : ""));
    }
    arena_done(&arena);
    free(data);
}
END_TEST

START_TEST(the_spawner_has_the_rights_that_its_hosts_ask_for)
{
    const uint64_t users =
        UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID | UINT64_C(1) << CAP_KILL;
    struct vhost_conf host = { .folder.execute_cgi = true };
    const struct server_conf conf = { .hosts = &host, .host_count = 1 };

    ck_assert_uint_eq(plan_rights(&conf), 0);
    host.confine.user = SLICE("alice");
    ck_assert_uint_eq(plan_rights(&conf), users);
    host.confine.chroot = SLICE("/srv");
    ck_assert_uint_eq(plan_rights(&conf), users | UINT64_C(1) << CAP_SYS_CHROOT);
    host.folder.execute_cgi = false;
    ck_assert_uint_eq(plan_rights(&conf), 0);
}
END_TEST

/* ---- RunOnAlter, RunOnDownload ---- */

/* They have their rules although the host executes nothing else, and behind those of the roots. */
START_TEST(a_program_after_requests_has_a_rule_for_itself_alone)
{
    struct directory_conf plain = { 0 };
    struct directory_conf loads = { .folder.run_on_download = SLICE("/loaded") };
    struct directory_conf root = { .folder.run_on_download = SLICE("/") };
    struct directory_conf *directories[] = { &plain, &loads, &root };
    struct vhost_conf host = { .website_root = SLICE("/srv/a"),
                               .run_on_alter = SLICE("/opt/x/altered"),
                               .directories = directories,
                               .directory_count = 3,
                               .confine = { .user = SLICE("games"), .files = 9 },
                               .rule_base = 0 };
    const struct server_conf conf = { .hosts = &host, .host_count = 1 };
    struct arena arena = { 0 };
    struct policy policy;
    char *data;
    size_t len;

    ck_assert_uint_eq(roots_rule_hook(&host, SLICE("/opt/x/altered")), 1);
    ck_assert_uint_eq(roots_rule_hook(&host, SLICE("/loaded")), 3);
    ck_assert_uint_ne(plan_rights(&conf) & UINT64_C(1) << CAP_SETUID, 0);
    plan_policy(&conf, &(struct sandboxes){ 0 }, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &policy, NULL), PARSE_DONE);
    ck_assert_uint_eq(policy.rule_count, 5);
    ck_assert_uint_eq(policy.rules[0].root.len, 0);
    ck_assert(slice_equal_cstr(policy.rules[1].root, "/opt/x"));
    ck_assert(slice_equal_cstr(policy.rules[1].only, "altered"));
    ck_assert_uint_eq(policy.rules[1].confine.limits[POLICY_FILES], 9);
    ck_assert(policy.rules[1].confine.switches);
    ck_assert_uint_eq(policy.rules[2].root.len, 0);
    ck_assert(slice_equal_cstr(policy.rules[3].root, "/"));
    ck_assert(slice_equal_cstr(policy.rules[3].only, "loaded"));
    ck_assert_uint_eq(policy.rules[4].root.len, 0); /* a folder is no program */
    arena_done(&arena);
    free(data);

    host.confine.user = SLICE("no-such-user");
    plan_policy(&conf, &(struct sandboxes){ 0 }, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &policy, NULL), PARSE_DONE);
    for (uint32_t i = 0; i < policy.rule_count; i++)
        ck_assert_uint_eq(policy.rules[i].root.len, 0);
    arena_done(&arena);
    free(data);
}
END_TEST

/* Behind all others: one for each root, then the stylesheets that options name. */
START_TEST(stylesheets_have_rules_of_their_own)
{
    static struct alias_conf alias = { .number = 1, .folder = SLICE_INIT("/srv/shelf") };
    struct directory_conf lists = { .folder.show_index.stylesheet = SLICE("/list.xslt") };
    struct directory_conf *directories[] = { &lists };
    struct vhost_conf host = { .website_root = SLICE("/srv/a"),
                               .aliases = &alias,
                               .alias_count = 1,
                               .use_xslt = true,
                               .error_style = SLICE("/opt/x/error.xslt"),
                               .directories = directories,
                               .directory_count = 1,
                               .style_confine = { .user = SLICE("games"), .no_new_privs = true } };
    const struct server_conf conf = { .hosts = &host, .host_count = 1 };
    struct arena arena = { 0 };
    struct policy policy;
    char *data;
    size_t len;

    ck_assert_uint_eq(roots_rule_style(&host, 1), 3);
    ck_assert_uint_eq(roots_rule_own_style(&host, SLICE("/opt/x/error.xslt")), 4);
    ck_assert_uint_eq(roots_rule_own_style(&host, SLICE("/list.xslt")), 6);
    plan_policy(&conf, &(struct sandboxes){ 0 }, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &policy, NULL), PARSE_DONE);
    ck_assert_uint_eq(policy.rule_count, 7);
    static const struct {
        const char *root;
        const char *only;
    } wanted[] = { { "", "" },
                   { "", "" },
                   { "/srv/a", "" },
                   { "/srv/shelf", "" },
                   { "/opt/x", "error.xslt" },
                   { "", "" },
                   { "/", "list.xslt" } };
    for (unsigned i = 0; i < 7; i++) {
        const struct policy_rule *rule = &policy.rules[i];
        const bool runs = wanted[i].root[0] != '\0';

        ck_assert(slice_equal_cstr(rule->root, wanted[i].root));
        ck_assert(slice_equal_cstr(rule->only, wanted[i].only));
        ck_assert_int_eq(rule->reads_stdin, runs);
        ck_assert_int_eq(slice_equal_cstr(rule->interpreter, "/usr/bin/xsltproc"), runs);
        ck_assert_int_eq(rule->confine.switches && rule->confine.no_new_privs, runs);
    }
    arena_done(&arena);
    free(data);

    host.confine.chroot = SLICE("/srv"); /* check refuses it */
    plan_policy(&conf, &(struct sandboxes){ 0 }, &data, &len);
    ck_assert_int_eq(policy_decode(slice_of(data, len), &arena, &policy, NULL), PARSE_DONE);
    for (unsigned i = 0; i < 7; i++)
        ck_assert_uint_eq(policy.rules[i].root.len, 0);
    arena_done(&arena);
    free(data);
}
END_TEST

SUITE("supervisor/plan", TEST(stylesheets_have_rules_of_their_own),
      TEST(a_program_after_requests_has_a_rule_for_itself_alone),
      TEST(the_spawner_has_the_rights_that_its_hosts_ask_for),
      TEST(the_rules_of_a_host_share_its_sandbox),
      TEST(scripts_below_an_alias_have_rules_of_their_own),
      LOOP(rules_come_in_the_order_of_their_numbers, rules),
      LOOP(one_rule_is_for_all_accounts, users_cases), TEST(a_directory_has_rules_of_its_own),
      TEST(a_text_that_was_handed_in_includes_from_the_current_folder),
      LOOP(there_are_as_many_spawners_as_asked_for_and_no_more_than_reactors, spawners),
      TEST(without_reactors_in_the_text_there_is_one_per_processor), TEST(a_missing_file_is_named),
      TEST(workers_are_a_pool_and_a_rule_that_runs_no_scripts))
