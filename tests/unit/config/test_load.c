#include "config/load.h"

#include "config/manual.h"
#include "config/summary.h"
#include "config/text_source.h"
#include "os/cgroup.h"
#include "suite.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Golden texts are files of the source tree. With LONGHOUSE_WRITE_GOLDEN set they are written
 * instead of compared: look at the difference before it is committed.
 */

/* A file of the source tree, found from here. */
static const char *in_tree(const char *path)
{
    static char full[PATH_MAX];
    struct slice here = slice_cstr(__FILE__);
    size_t slash = slice_find_last(here, '/');

    snprintf(full, sizeof(full), "%.*s/%s", (int)slash, here.at, path);
    return full;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t len = 0;
    FILE *out;
    int c;

    if (!file)
        return NULL;
    out = open_memstream(&text, &len);
    while ((c = getc(file)) != EOF)
        putc(c, out);
    fclose(file);
    fclose(out);
    return text;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    fputs(text, file);
    fclose(file);
}

static void expect_golden(const char *path, const char *text)
{
    if (getenv("LONGHOUSE_WRITE_GOLDEN"))
        write_file(path, text);
    char *golden = read_file(path);
    ck_assert_msg(golden != NULL, "%s: %s", path, strerror(errno));
    ck_assert_str_eq(text, golden);
    free(golden);
}

/* ---- from the disk ---- */

struct disk_load {
    struct arena arena;
    struct diags diags;
    struct source *source;
    struct source_text *main;
    struct server_conf *conf;
};

static void load_disk(struct disk_load *load, const char *path)
{
    const char *why = NULL;

    *load = (struct disk_load){ 0 };
    arena_init(&load->arena);
    diags_init(&load->diags, &load->arena);
    load->main = disk_source_open(path, &load->arena, &load->source, &why);
    ck_assert_msg(load->main != NULL, "%s: %s", path, why);
    struct load with = { &load->arena, &load->diags, load->source, NULL };
    load->conf = load_config(&with, load->main);
}

static char *report(const struct diags *diags)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    diags_print(diags, out, false);
    fclose(out);
    return text;
}

static bool odd_ones_answer(const struct connect_conf *target, const char **ret_why)
{
    *ret_why = "Connection refused";
    return address_port(&target->address) % 2 == 1;
}

static char *summary(const struct server_conf *conf)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    summary_print(conf, out, odd_ones_answer);
    fclose(out);
    return text;
}

static const char *const broken[] = {
    "01-typo",     "02-range",    "03-fastcgi-id", "04-not-closed", "05-misplaced",
    "06-included", "07-needless", "08-twice",      "09-variables",  "10-nothing",
};

START_TEST(a_broken_file_is_explained)
{
    struct disk_load load;
    char name[64];

    ck_assert_int_eq(chdir(in_tree("broken")), 0); /* so that names are short in the texts */
    snprintf(name, sizeof(name), "%s.conf", broken[_i]);
    load_disk(&load, name);
    ck_assert_ptr_null(load.conf);
    ck_assert_uint_gt(load.diags.errors, 0);

    char *text = report(&load.diags);
    snprintf(name, sizeof(name), "%s.txt", broken[_i]);
    expect_golden(name, text);
    free(text);
    arena_done(&load.arena);
}
END_TEST

START_TEST(the_example_loads_without_a_word)
{
    struct disk_load load;

    load_disk(&load, in_tree("../../../config/longhouse.conf"));
    char *text = report(&load.diags);
    ck_assert_str_eq(text, "");
    ck_assert_ptr_nonnull(load.conf);
    free(text);
    arena_done(&load.arena);
}
END_TEST

/* The manual in docs is the one that the table writes. */
START_TEST(the_manual_is_up_to_date)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    manual_write(out);
    fclose(out);
    expect_golden(in_tree("../../../docs/reference.md"), text);
    free(text);
}
END_TEST

/* ---- a folder of one's own ---- */

static char folder[] = "/tmp/longhouse-test-XXXXXX";

static const char *in_folder(const char *path)
{
    static char full[PATH_MAX];

    snprintf(full, sizeof(full), "%s/%s", folder, path);
    return full;
}

static void make_folder(const char *path)
{
    ck_assert_int_eq(mkdir(in_folder(path), 0700), 0);
}

static void put(const char *path, const char *text)
{
    write_file(in_folder(path), text);
}

static void remove_folder(void)
{
    char command[PATH_MAX + 16];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void make_house(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    put("longhouse.conf", "Hostname = a\nWebsiteRoot = /srv\nInclude sites.d/\nInclude "
                          "bindings.conf\nCGIhandler = /usr/bin/perl -T:pl\n");
    put("hiawatha.conf", "this is not looked at");
    put("mimetype.conf", "text/x-house house\n");
    put("bindings.conf", "Binding {\nPort = 8080\nBindingId = one\n}\n");
    make_folder("sites.d");
    make_folder("sites.d/more");
    put("sites.d/b.conf", "set ROOT = CONFIG_DIR/b\nVirtualHost {\nHostname = b\nWebsiteRoot = "
                          "ROOT\n}\n");
    put("sites.d/A.conf", "VirtualHost {\nHostname = a2\nWebsiteRoot = /a2\nUseFastCGI = F\n}\n");
    put("sites.d/more/z.conf", "VirtualHost {\nHostname = z\nWebsiteRoot = /z\nRequiredBinding = "
                               "one\n}\n");
    put("sites.d/.hidden", "nonsense");
    put("sites.d/b.conf~", "nonsense");
    put("sites.d/b.conf.bak", "nonsense");
    put("sites.d/c", "FastCGIserver {\nFastCGIid = F\nConnectTo = 127.0.0.1:9001, "
                     "127.0.0.1:9002\nExtension = php\n}\n");
}

static void expect_hosts(const struct server_conf *conf, const char *expect)
{
    char names[128] = "";

    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        strncat(names, host->hostnames->text.at, host->hostnames->text.len);
        strcat(names, ";");
    }
    ck_assert_str_eq(names, expect);
}

START_TEST(a_folder_is_read_in_hiawathas_order)
{
    struct disk_load load;

    make_house();
    load_disk(&load, folder);
    char *text = report(&load.diags);
    ck_assert_str_eq(text, "");
    ck_assert_ptr_nonnull(load.conf);
    expect_hosts(load.conf, "a;z;a2;b;");
    ck_assert(slice_equal_cstr(load.conf->mimetype_text, "text/x-house house\n"));
    free(text);
    arena_done(&load.arena);
    remove_folder();
}
END_TEST

#define STICKY_HOUSE                                                                               \
    "Hostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\nSessionKeyFile = secrets/key\n"    \
    "FastCGIserver {\nFastCGIid = F\nConnectTo = 127.0.0.1:1, 127.0.0.1:2\nStickTo = cookie\n}\n"

START_TEST(the_key_of_sessions_is_read_from_its_file)
{
    struct disk_load load;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    put("longhouse.conf", STICKY_HOUSE);
    make_folder("secrets");
    put("secrets/key", "\n 0123456789abcdef \n");
    load_disk(&load, folder);
    ck_assert_ptr_nonnull(load.conf);
    ck_assert(slice_equal_cstr(load.conf->session_key, "0123456789abcdef"));
    arena_done(&load.arena);
    remove_folder();
}
END_TEST

static const struct {
    const char *file; /* NULL: not there */
    const char *says;
} bad_keys[] = {
    { NULL, "cannot read the key from 'secrets/key'" },
    { " 0123456789abcde\n\n\n", "the key of sessions has 15 bytes; it must have at least 16" },
    { "", "the key of sessions has 0 bytes" },
};

START_TEST(a_key_that_is_none_is_told)
{
    struct disk_load load;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    put("longhouse.conf", STICKY_HOUSE);
    make_folder("secrets");
    if (bad_keys[_i].file)
        put("secrets/key", bad_keys[_i].file);
    load_disk(&load, folder);
    char *text = report(&load.diags);
    ck_assert_ptr_null(load.conf);
    ck_assert_ptr_nonnull(strstr(text, bad_keys[_i].says));
    ck_assert_ptr_nonnull(strstr(text, "openssl rand -hex 32"));
    free(text);
    arena_done(&load.arena);
    remove_folder();
}
END_TEST

START_TEST(a_bundle_gives_the_same_model_without_the_disk)
{
    struct disk_load load;
    char *data;
    size_t len;

    make_house();
    load_disk(&load, folder);
    bundle_write(load.source, load.main, &data, &len);
    remove_folder();

    struct arena arena = { 0 };
    struct diags diags;
    struct source *source;
    struct source_text *main = bundle_open(slice_of(data, len), &arena, &source);
    ck_assert_ptr_nonnull(main);
    ck_assert_str_eq(main->name, load.main->name);
    diags_init(&diags, &arena);
    struct server_conf *conf = load_config(&(struct load){ &arena, &diags, source, NULL }, main);
    ck_assert_ptr_nonnull(conf);
    ck_assert_uint_eq(diags.errors + diags.warnings + diags.notes, 0);
    ck_assert(slice_equal(conf->mimetype_text, load.conf->mimetype_text));

    char *before = summary(load.conf);
    char *after = summary(conf);
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
    free(data);
    arena_done(&arena);
    arena_done(&load.arena);
}
END_TEST

START_TEST(a_variable_of_the_environment_is_in_the_bundle)
{
    struct arena arena = { 0 };
    struct source *disk = NULL;
    struct source *source = NULL;
    struct slice value;
    const char *why = NULL;
    char *data;
    size_t len;

    ck_assert_int_eq(setenv("LONGHOUSE_TEST", "a value", 1), 0);
    struct source_text *main =
        disk_source_with("longhouse.conf", SLICE("Hostname = a\n"), &arena, &disk, &why);
    ck_assert_ptr_nonnull(main);
    ck_assert(source_variable(disk, &arena, SLICE("LONGHOUSE_TEST"), &value));
    ck_assert(!source_variable(disk, &arena, SLICE("LONGHOUSE_NONE"), &value));
    bundle_write(disk, main, &data, &len);

    ck_assert_int_eq(unsetenv("LONGHOUSE_TEST"), 0);
    ck_assert_int_eq(setenv("LONGHOUSE_NONE", "too late", 1), 0);
    ck_assert_ptr_nonnull(bundle_open(slice_of(data, len), &arena, &source));
    ck_assert(source_variable(source, &arena, SLICE("LONGHOUSE_TEST"), &value));
    ck_assert(slice_equal_cstr(value, "a value"));
    ck_assert(!source_variable(source, &arena, SLICE("LONGHOUSE_NONE"), &value));
    unsetenv("LONGHOUSE_NONE");
    free(data);
    arena_done(&arena);
}
END_TEST

static struct slice text_in(struct source *source, struct arena *arena, const char *path)
{
    const char *why = NULL;
    struct source_text *text = source->find(source, arena, slice_cstr(path), &why);

    return text ? text->text : slice_cstr(why);
}

/* A certificate is renewed; what else has changed on the disk meanwhile is none of its business. */
START_TEST(only_the_files_named_are_read_anew)
{
    struct conf_file key = { .path = SLICE_INIT("site.key") };
    struct conf_file certificate = { .path = SLICE_INIT("site.crt") };
    const struct tls_conf anew = { .certificates = &certificate, .keys = &key };
    static const char *const names[] = { "site.crt", "site.key", "more.conf" };
    struct arena arena = { 0 };
    struct source *disk = NULL;
    struct source *source = NULL;
    const char *why = NULL;
    char *data;
    size_t len;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    write_file(in_folder("longhouse.conf"), "first");
    struct source_text *main = disk_source_open(folder, &arena, &disk, &why);
    for (int i = 0; i < 3; i++) {
        write_file(in_folder(names[i]), "first");
        ck_assert(slice_equal_cstr(text_in(disk, &arena, names[i]), "first"));
    }
    ck_assert(slice_equal_cstr(text_in(disk, &arena, "none.conf"), strerror(ENOENT)));
    bundle_write(disk, main, &data, &len);
    for (int i = 0; i < 3; i++)
        write_file(in_folder(names[i]), "second");
    write_file(in_folder("longhouse.conf"), "second");
    write_file(in_folder("none.conf"), "second");

    main = bundle_open_anew(slice_of(data, len), &anew, &arena, &source);
    ck_assert(slice_equal_cstr(main->text, "first"));
    ck_assert(slice_equal_cstr(text_in(source, &arena, "site.crt"), "second"));
    ck_assert(slice_equal_cstr(text_in(source, &arena, "site.key"), "second"));
    ck_assert(slice_equal_cstr(text_in(source, &arena, "more.conf"), "first"));
    ck_assert(slice_equal_cstr(text_in(source, &arena, "none.conf"), strerror(ENOENT)));
    free(data);
    remove_folder();
    arena_done(&arena);
}
END_TEST

/* However it is cut or changed, a bundle is refused or read, and never read beyond its end. */
START_TEST(a_damaged_bundle_is_refused)
{
    struct disk_load load;
    struct source *source;
    char *data;
    size_t len;

    make_house();
    load_disk(&load, folder);
    bundle_write(load.source, load.main, &data, &len);
    remove_folder();
    for (size_t cut = 0; cut < len; cut++) {
        struct arena arena = { 0 };
        char *exact = malloc(cut + 1);

        memcpy(exact, data, cut);
        ck_assert_ptr_null(bundle_open(slice_of(exact, cut), &arena, &source));
        free(exact);
        arena_done(&arena);
    }
    for (size_t at = 0; at < len; at++) {
        struct arena arena = { 0 };

        data[at] = (char)~data[at];
        bundle_open(slice_of(data, len), &arena, &source);
        data[at] = (char)~data[at];
        arena_done(&arena);
    }
    free(data);
    arena_done(&load.arena);
}
END_TEST

START_TEST(a_loop_of_links_is_told)
{
    struct disk_load load;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    put("longhouse.conf", "Hostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\nInclude d\n");
    make_folder("d");
    ck_assert_int_eq(symlink(".", in_folder("d/again")), 0);
    load_disk(&load, folder);
    ck_assert_uint_eq(load.diags.errors, 1);
    arena_done(&load.arena);
    remove_folder();
}
END_TEST

START_TEST(a_file_that_includes_itself_by_another_name_is_told)
{
    struct disk_load load;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    put("longhouse.conf", "Hostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\nInclude "
                          "./x/../longhouse.conf\n");
    make_folder("x");
    load_disk(&load, folder);
    ck_assert_uint_eq(load.diags.errors, 1);
    ck_assert(slice_ends(load.diags.first->message, SLICE("would include itself")));
    arena_done(&load.arena);
    remove_folder();
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
    struct arena arena = { 0 };
    struct source *source;
    const char *why = NULL;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_ptr_null(disk_source_open(folder, &arena, &source, &why));
    ck_assert_str_eq(why, "the folder holds no longhouse.conf, longhouse.yaml, hiawatha.conf or "
                          "thttpd.conf");
    ck_assert_ptr_null(disk_source_open(in_folder("none"), &arena, &source, &why));
    ck_assert_str_eq(why, strerror(ENOENT));
    ck_assert_int_eq(mkfifo(in_folder("longhouse.conf"), 0600), 0);
    ck_assert_ptr_null(disk_source_open(folder, &arena, &source, &why));
    ck_assert_str_eq(why, "it is no regular file");
    remove_folder();
    arena_done(&arena);
}
END_TEST

/* ---- what the disk has ---- */

struct fake_ask {
    struct load_ask ask;
    const char *missing;
};

static int fake_stat(struct load_ask *ask, const char *path, unsigned *ret_mode)
{
    struct fake_ask *self = (struct fake_ask *)ask;

    if (strcmp(path, self->missing) == 0)
        return -ENOENT;
    if (strncmp(path, "/bin/", 5) == 0)
        *ret_mode = S_IFREG | 0755;
    else if (strncmp(path, "/run/", 5) == 0)
        *ret_mode = S_IFSOCK | 0700;
    else
        *ret_mode = S_IFDIR | 0755;
    return 0;
}

static int fake_executable(struct load_ask *ask, const char *path)
{
    if (strcmp(path, ((struct fake_ask *)ask)->missing) == 0)
        return -ENOENT;
    return strcmp(path, "/bin/locked") == 0 ? -EACCES : 0;
}

/* /run/x.sock is what a program of the web server has, /run/root.sock nobody else may open, and
 * /run/alice.sock is alice's. */
static int fake_socket(struct load_ask *ask, const char *path, const struct account *as,
                       struct load_socket *ret)
{
    unsigned mode;
    int error = fake_stat(ask, path, &mode);

    *ret = (struct load_socket){
        .is_socket = S_ISSOCK(mode),
        .may_connect = strcmp(path, "/run/root.sock") != 0 || (as && as->user == 0),
        .owner = strcmp(path, "/run/alice.sock") == 0 ? 1000 : 33,
    };
    return error;
}

/* Nobody passes /locked but root and whoever asks without an account. */
static bool fake_may_pass(struct load_ask *ask, const char *path, const struct account *as)
{
    (void)ask;
    return strcmp(path, "/locked") != 0 || !as || as->user == 0;
}

static bool fake_user_known(struct load_ask *ask, const char *user)
{
    (void)ask;
    return strcmp(user, "www-data") == 0;
}

static bool fake_is_root(struct load_ask *ask)
{
    return strcmp(((struct fake_ask *)ask)->missing, "root") != 0;
}

/* All, or none. */
static uint64_t fake_capabilities(struct load_ask *ask)
{
    return strcmp(((struct fake_ask *)ask)->missing, "capabilities") == 0 ? 0 : UINT64_MAX;
}

static const char *fake_account(struct load_ask *ask, struct slice user,
                                const struct conf_word *groups, struct arena *arena,
                                struct account *ret)
{
    static const struct {
        const char *name;
        uint32_t user;
        uint32_t group;
    } accounts[] = {
        { "root", 0, 0 }, { "www-data", 33, 33 }, { "alice", 1000, 1000 }, { "games", 5, 60 }
    };

    (void)ask;
    (void)arena;
    for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++)
        if (slice_equal_cstr(user, accounts[i].name)) {
            uint32_t group =
                groups && slice_equal_cstr(groups->text, "root") ? 0 : accounts[i].group;
            *ret = (struct account){ .user = accounts[i].user, .group = group };
            return NULL;
        }
    return "there is no such user";
}

static struct load_ceilings fake_ceilings(struct load_ask *ask)
{
    (void)ask;
    return (struct load_ceilings){ UINT64_MAX, 100, 1024 };
}

/* Only /sys/fs/cgroup/ours is one that can be had; ours is not. */
static int fake_cgroup(struct load_ask *ask, const char *wanted, unsigned *ret_controllers)
{
    (void)ask;
    if (!wanted)
        return -EPERM;
    *ret_controllers = CGROUP_PIDS;
    return strcmp(wanted, "/sys/fs/cgroup/ours") == 0 ? 0 : -ENOTSUP;
}

/* Linux 5.13, and none without /proc. */
static int fake_landlock(struct load_ask *ask)
{
    return strcmp(((struct fake_ask *)ask)->missing, "/proc") == 0 ? 0 : 1;
}

static const struct asking_case {
    const char *line;
    const char *missing;
    const char *says;
} askings[] = {
    { "", "/", NULL },
    { "", "/srv", "warning the WebsiteRoot '/srv': No such file or directory" },
    { "WebsiteRoot = /locked", "/",
      "warning the user www-data may not enter the WebsiteRoot '/locked'" },
    { "WebsiteRoot = /locked", "root", NULL },
    { "WebsiteRoot = /bin/x", "/", "error the WebsiteRoot '/bin/x' is no folder" },
    { "Alias = /x:/usr\nScriptAlias = /y:/bin/perl", "/", NULL },
    { "Alias = /x:/gone", "/gone", "warning the Alias '/gone': No such file or directory" },
    { "Alias = /x:/bin/x", "/", "error the Alias '/bin/x' is no folder" },
    { "ScriptAlias = /x:/bin/gone", "/bin/gone",
      "warning the ScriptAlias '/bin/gone': No such file or directory" },
    { "ScriptAlias = /x:/srv/folder", "/",
      "warning the ScriptAlias '/srv/folder': Is a directory" },
    { "CGIhandler = /bin/perl:pl", "/", NULL },
    { "CGIhandler = /bin/perl:pl", "/bin/perl",
      "warning the interpreter '/bin/perl' cannot be run: No such file or directory" },
    { "CGIhandler = /bin/locked:pl", "/",
      "warning the interpreter '/bin/locked' cannot be run: Permission denied" },
    { "CGIhandler = /usr:pl", "/",
      "warning the interpreter '/usr' cannot be run: Permission denied" },
    { "AlterList = allow 192.0.2.1\nRunOnAlter = /bin/after", "/bin/after",
      "warning the program of RunOnAlter '/bin/after' cannot be run: No such file or directory" },
    { "Directory {\nDirectoryID = d\nPath = /d\nRunOnDownload = /bin/locked\n}\n"
      "UseDirectory = d",
      "/", "warning the program of RunOnDownload '/bin/locked' cannot be run: Permission denied" },
    { "WebsiteRoot = /bin\nFrontController = /sh.html", "/", NULL },
    { "WebsiteRoot = /bin\nFrontController = /sh.html", "/bin/sh.html",
      "warning the FrontController '/bin/sh.html': No such file or directory" },
    { "FrontController = /folder", "/",
      "warning the FrontController '/srv/folder': Is a directory" },
    { "FrontController = /x", "/srv", "warning the WebsiteRoot '/srv': No such file or directory" },
    { "FrontController = /x.php\nUseFastCGI = F\nFastCGIserver {\nFastCGIid = F\nConnectTo = "
      "1.2.3.4:5\nExtension = php\n}",
      "/srv/x.php", NULL }, /* on another machine */
    { "UseXSLT = yes\nErrorXSLTfile = /srv/e.xslt\nShowIndex = /srv/i.xslt", "/", NULL },
    { "UseXSLT = yes", "/usr/bin/xsltproc",
      "warning '/usr/bin/xsltproc', which applies the stylesheets of this host, cannot be run: No "
      "such file or directory" },
    { "UseXSLT = no", "/usr/bin/xsltproc", NULL },
    { "ErrorXSLTfile = /srv/e.xslt", "/srv/e.xslt",
      "warning the stylesheet '/srv/e.xslt': No such file or directory" },
    { "ShowIndex = /srv/i.xslt", "/srv/i.xslt",
      "warning the stylesheet '/srv/i.xslt': No such file or directory" },
    { "ShowIndex = /srv/i.xslt", "/proc",
      "warning this kernel has no Landlock: stylesheets and XML documents can read whatever the "
      "user of their programs can" },
    { "AccessLogfile = /logs/a.log", "/", NULL },
    { "AccessLogfile = /logs/a.log", "/logs",
      "error the log folder '/logs': No such file or directory" },
    { "ErrorLogfile = /logs/deep/a.log", "/logs/deep",
      "error the log folder '/logs/deep': No such file or directory" },
    { "SystemLogfile = /a.log", "/", "error the log folder '/': No such file or directory" },
    { "SystemLogfile = /var/log/longhouse/x", "/var/log/longhouse", NULL },
    { "AccessLogfile = none", "/logs", NULL },
    { "RunAs = alice", "/", NULL },
    { "RunAs = alice", "root", "error RunAs 'alice': it needs a house started by root" },
    { "RunAs = alice", "capabilities",
      "error RunAs 'alice': this root has not all of CAP_SETUID, CAP_SETGID and CAP_KILL" },
    { "RunAs = bob", "/", "error RunAs 'bob': there is no such user" },
    { "RunAs = root", "/", "error RunAs 'root': no program runs as the superuser" },
    { "RunAs = alice:root", "/",
      "error RunAs 'alice': no program runs with the group of the superuser" },
    { "RunAs = www-data", "/",
      "error RunAs 'www-data': that is the user of the server, which its programs could signal "
      "then" },
    { "RunAs = games", "/", "error RunAs 'games': its number 5 is below MinUid (100)" },
    { "RunAs = games\nMinUid = 5", "/", NULL },
    { "CGIfiles = 1025", "/",
      "error CGIfiles = 1025 is above what this process itself may have (1024)" },
    { "CGIfiles = 1024\nCGIprocesses = 100\nCGImemory = 4 GiB", "/", NULL },
    { "Sandbox = strict\nSandboxWrite = /srv/a, /srv/b\nSandboxRead = /x", "/", NULL },
    { "Sandbox = readonly", "/proc",
      "error Sandbox needs Landlock, which this kernel does not offer" },
    { "Sandbox = no", "/proc", NULL },
    { "SandboxWrite = /srv", "/",
      "error SandboxRead, SandboxWrite and SandboxNetwork do nothing without Sandbox" },
    { "SandboxNetwork = no\nSandbox = readonly", "/", "error SandboxNetwork = no takes Linux 6.7" },
    { "Sandbox = readonly\nNoNewPrivs = no", "/", "error Sandbox needs NoNewPrivs = yes" },
    { "Sandbox = readonly\nSandboxWrite = /srv/a", "/srv/a",
      "warning the SandboxWrite '/srv/a': No such file or directory" },
    { "FastCGIserver {\nFastCGIid = F\nRun = /bin/f\nSandbox = strict\nSandboxRead = /x\n}", "/",
      NULL },
    { "FastCGIserver {\nFastCGIid = F\nRun = /bin/f\nSandbox = strict\n}", "/proc",
      "error Sandbox needs Landlock, which this kernel does not offer" },
    { "FastCGIserver {\nFastCGIid = F\nRun = /bin/f\nSandboxNetwork = no\n}", "/",
      "error SandboxRead, SandboxWrite and SandboxNetwork do nothing without Sandbox" },
    { "RunAs = alice\nUseFastCGI = F\nFastCGIserver {\nFastCGIid = F\nRun = /bin/f\n"
      "Sandbox = readonly\nNoNewPrivs = no\n}",
      "/", "error Sandbox needs NoNewPrivs = yes" }, /* once, for two pools */
    { "FastCGIserver {\nFastCGIid = F\nConnectTo = 1.2.3.4:5\nSandbox = readonly\n}", "/",
      "error a Sandbox is for workers of the house, and this section has none" },
    { "Cgroup = auto", "/", NULL },
    { "Cgroup = no", "/", NULL },
    { "Cgroup = /sys/fs/cgroup/ours", "/", NULL },
    { "Cgroup = /srv", "/",
      "error Cgroup '/srv': that is no folder of control groups of version 2" },
    { "Cgroup = /sys/fs/cgroup/ours\nCGIgroupProcesses = 20", "/", NULL },
    { "Cgroup = /sys/fs/cgroup/ours\nCGIgroupMemory = 20M", "/",
      "error CGIgroupMemory, CGIgroupProcesses and CGIcpuShare need control groups: the controller "
      "'memory' is not to be had there" },
    { "Cgroup = /sys/fs/cgroup/ours\nCGIcpuShare = 20", "/",
      "error CGIgroupMemory, CGIgroupProcesses and CGIcpuShare need control groups: the controller "
      "'cpu' is not to be had there" },
    { "CGIcpuShare = 20", "/",
      "warning CGIgroupMemory, CGIgroupProcesses and CGIcpuShare need control groups: the control "
      "group of this process was not delegated to it" },
    { "CGIcpuShare = 20\nCgroup = no", "/",
      "error CGIgroupMemory, CGIgroupProcesses and CGIcpuShare need control groups: 'Cgroup = no' "
      "says that there shall be none" },
    { "ServerId = nobody-here", "/", "error there is no user 'nobody-here'" },
    { "ServerId = 4711", "/", NULL },
    { "ServerId = www-data", "/", NULL },
    { "FastCGIserver {\nFastCGIid = F\nConnectTo = /run/x\n}", "/", NULL },
    { "FastCGIserver {\nFastCGIid = F\nConnectTo = /run/x\n}", "/run/x",
      "warning the socket '/run/x': No such file or directory" },
    { "FastCGIserver {\nFastCGIid = F\nConnectTo = /tmp/x\n}", "/",
      "warning '/tmp/x' is no socket" },
    { "FastCGIserver {\nFastCGIid = F\nConnectTo = 1.2.3.4:5\n}", "/", NULL },
    { "FastCGIserver {\nFastCGIid = F\nConnectTo = /run/root.sock\n}", "/",
      "warning the user www-data may not open the socket '/run/root.sock'" },
    { "FastCGIserver {\nFastCGIid = F\nConnectTo = /run/root.sock\n}", "root",
      "warning the user running this may not open the socket '/run/root.sock'" },
    { "FastCGIserver {\nFastCGIid = F\nConnectTo = /run/x\nSocketOwner = www-data\n}", "/", NULL },
    { "FastCGIserver {\nFastCGIid = F\nConnectTo = /run/alice.sock\nSocketOwner = alice\n}", "/",
      NULL },
    { "FastCGIserver {\nFastCGIid = F\nConnectTo = /run/alice.sock\nSocketOwner = www-data\n}", "/",
      "warning the socket '/run/alice.sock' belongs to the user with the number 1000, and not to "
      "'www-data' (SocketOwner)" },
    { "FastCGIserver {\nFastCGIid = F\nConnectTo = /run/x\nSocketOwner = bob\n}", "/",
      "error SocketOwner: there is no user 'bob'" },
};

START_TEST(what_the_disk_lacks_is_told)
{
    static const char *const levels[] = { "note", "warning", "error" };
    const struct asking_case *it = &askings[_i];
    struct fake_ask ask = {
        .ask = { .stat = fake_stat,
                 .executable = fake_executable,
                 .user_known = fake_user_known,
                 .is_root = fake_is_root,
                 .capabilities = fake_capabilities,
                 .account = fake_account,
                 .ceilings = fake_ceilings,
                 .cgroup = fake_cgroup,
                 .landlock = fake_landlock,
                 .may_pass = fake_may_pass,
                 .socket = fake_socket },
        .missing = it->missing,
    };
    struct loaded loaded;
    struct diags diags;
    char text[512];
    char said[512] = "-";

    snprintf(text, sizeof(text), "Hostname = a\n%s%s\nBinding {\nPort = 80\n}\n",
             strstr(it->line, "WebsiteRoot") ? "" : "WebsiteRoot = /srv\n", it->line);
    loaded_text(&loaded, text);
    ck_assert_ptr_nonnull(loaded.conf);
    diags_init(&diags, &loaded.arena);
    load_check_disk(loaded.conf, &ask.ask, &diags);
    if (diags.first)
        snprintf(said, sizeof(said), "%s %.*s", levels[diags.first->level],
                 SLICE_ARGS(diags.first->message));
    ck_assert_str_eq(said, it->says ? it->says : "-");
    loaded_done(&loaded);
}
END_TEST

/* ---- the summary ---- */

START_TEST(the_summary_is_a_table)
{
    struct loaded loaded;

    loaded_text(&loaded, "Hostname = a\nWebsiteRoot = /srv/\xc3\xa4\nBinding {\nPort = 80\n}\n"
                         "VirtualHost {\nHostname = shop.example.org\nWebsiteRoot = "
                         "/srv/shop\nUseFastCGI = PHP\n}\nCGIhandler = /bin/perl -T:pl,pm\n"
                         "FastCGIserver {\nFastCGIid = PHP\nConnectTo = 127.0.0.1:9001, "
                         "127.0.0.1:9002\nExtension = php\n}\n");
    ck_assert_ptr_nonnull(loaded.conf);
    char *text = summary(loaded.conf);
    ck_assert_str_eq(
        text, "Bindings\n"
              "  ADDRESS     NAME  LARGEST BODY  FIRST REQUEST  NEXT REQUEST\n"
              "  0.0.0.0:80  -     10 MiB        10 s           30 s\n"
              "\n"
              "Hosts\n"
              "  HOST              ROOT       START FILE  PROGRAMS          BINDINGS  WHERE\n"
              "  a (default)       /srv/\xc3\xa4     index.html  -                 all       "
              "longhouse.conf:1\n"
              "  shop.example.org  /srv/shop  index.html  CGI, FastCGI PHP  all       "
              "longhouse.conf:6\n"
              "\n"
              "CGI programs, where ExecuteCGI = yes\n"
              "  EXTENSIONS  PROGRAM       FOR\n"
              "  .pl, .pm    /bin/perl -T  every host\n"
              "\n"
              "Backends\n"
              "  SECTION  EXTENSIONS  CLIENT STAYS  TARGET          ANSWERS NOW\n"
              "  PHP      .php        15 min        127.0.0.1:9001  yes\n"
              "                                     127.0.0.1:9002  no: Connection refused\n"
              "\n");
    free(text);
    loaded_done(&loaded);
}
END_TEST

SUITE("load", LOOP(a_broken_file_is_explained, broken), TEST(the_example_loads_without_a_word),
      TEST(the_manual_is_up_to_date), TEST(a_folder_is_read_in_hiawathas_order),
      TEST(the_key_of_sessions_is_read_from_its_file), LOOP(a_key_that_is_none_is_told, bad_keys),
      TEST(a_bundle_gives_the_same_model_without_the_disk),
      TEST(a_variable_of_the_environment_is_in_the_bundle),
      TEST(only_the_files_named_are_read_anew), TEST(a_damaged_bundle_is_refused),
      TEST(a_loop_of_links_is_told), TEST(a_file_that_includes_itself_by_another_name_is_told),
      TEST(what_is_no_file_is_refused), LOOP(what_the_disk_lacks_is_told, askings),
      TEST(the_summary_is_a_table))
