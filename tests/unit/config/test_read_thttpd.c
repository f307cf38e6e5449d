#include "config/read_thttpd.h"

#include "build.h"
#include "config/load.h"
#include "config/text_source.h"
#include "slice_assert.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- whose form is it? ---- */

static const struct {
    const char *text;
    bool thttpd;
} forms[] = {
    { "port=80", true },
    { "dir=/srv\nport=80\n", true },
    { "# a comment\n\nDIR=/srv # another\n", true },
    { "nochroot port=80 prot=1", true },
    { "chroot", true },
    { "", false },
    { "pidfile=/run/x.pid", false }, /* either has it */
    { "pidfile=/run/x.pid\nvhost\n", true },
    { "PIDfile = /run/x.pid\nHostname = a\n", false },
    { "Binding {\nPort=80\n}\n", false },
    { "Binding{\nPort=80\n}\n", false },
    { "set port = 80\n", false },
    { "user=x\nHostname=a\n", false },
    { "chroot=1", false },
    { "include=x", false },
};

START_TEST(the_words_tell_whose_form_it_is)
{
    const struct source_text text = { .name = "x.conf", .text = slice_cstr(forms[_i].text) };

    ck_assert_int_eq(thttpd_recognise(&text), forms[_i].thttpd);
}
END_TEST

START_TEST(the_name_tells_it_too)
{
    const struct source_text text = { .name = "/etc/thttpd/thttpd.conf", .text = SLICE("") };
    const struct source_text flags = { .name = THTTPD_FLAGS_NAME, .text = SLICE("") };

    ck_assert(thttpd_recognise(&text));
    ck_assert(thttpd_recognise(&flags));
}
END_TEST

/* ---- what it becomes ---- */

static void dump(const struct tree_node *parent, FILE *out)
{
    for (const struct tree_node *node = parent->first_child; node; node = node->next) {
        if (node->is_remark)
            continue;
        fprintf(out, "%.*s", SLICE_ARGS(node->name));
        if (node->is_section) {
            fputc('{', out);
            dump(node, out);
            fputc('}', out);
        } else {
            fprintf(out, "=%.*s;", SLICE_ARGS(node->value));
        }
    }
}

struct read {
    struct arena arena;
    struct diags diags;
    struct text_source source;
    struct tree tree;
    char *dumped;
};

static void read_files(struct read *read, const struct text_file *files, size_t count)
{
    const struct source_text text = { .name = files[0].path, .text = slice_cstr(files[0].text) };
    size_t len = 0;

    *read = (struct read){ 0 };
    arena_init(&read->arena);
    diags_init(&read->diags, &read->arena);
    text_source_init(&read->source, files, count);
    read_thttpd(&text, &read->source.source, &read->arena, &read->diags, &read->tree);
    FILE *out = open_memstream(&read->dumped, &len);
    dump(&read->tree.root, out);
    fclose(out);
}

static void read_done(struct read *read)
{
    free(read->dumped);
    arena_done(&read->arena);
}

START_TEST(the_file_of_the_howto_becomes_this)
{
    const struct text_file file = {
        "thttpd.conf",
        "host=127.0.0.1\n"
        "port=8000\n"
        "dir=/var/www  #change this to the $document_root from nginx config file\n"
        "user=www-data\n"
        "cgipat=**.cgi|**.pl\n"
        "logfile=/var/log/thttpd.log\n"
        "pidfile=/var/run/thttpd.pid\n",
    };
    struct read read;

    read_files(&read, &file, 1);
    ck_assert_str_eq(
        read.dumped,
        "ServerId=www-data;PIDfile=/var/run/thttpd.pid;ControlSocket=/var/run/thttpd.sock;"
        "Binding{Port=8000;Interface=127.0.0.1;MaxRequestSize=1G;}"
        "TrustedProxy=127.0.0.1, ::1;Hostname=127.0.0.1;WebsiteRoot=/var/www;"
        "AccessLogfile=/var/log/thttpd.log;ErrorLogfile=/var/log/thttpd-error.log;"
        "SystemLogfile=/var/log/thttpd-error.log;LogFormat=extended;"
        "StartFile=index.html, index.htm, index.xhtml, index.xht, Default.htm, index.cgi;"
        "NoExtensionAs=txt;ExecuteCGI=yes;CGIpattern=**.cgi|**.pl;ServerNameAs=request;TimeForCGI="
        "30;KillGrace=5;"
        "CGInice=10;");
    ck_assert_ptr_null(read.diags.first);
    read_done(&read);
}
END_TEST

/* Words, and a part of what they become. */
static const struct {
    const char *text;
    const char *has;
    const char *has_not;
} meanings[] = {
    { "dir=/srv", "Port=80;Interface=0.0.0.0;", NULL },
    { "dir=/srv", "ServerId=nobody;", "ExecuteCGI" },
    { "dir=/srv", "AccessLogfile=stdout;ErrorLogfile=stderr;SystemLogfile=stderr;", "PIDfile" },
    { "dir=/srv", "Hostname=localhost;", "FollowSymlinks" },
    { "dir=/srv logfile=/dev/null", "AccessLogfile=none;ErrorLogfile=stderr;", NULL },
    { "dir=/srv logfile=-", "AccessLogfile=stdout;", NULL },
    { "dir=/srv logfile=logs/x", "AccessLogfile=/etc/longhouse/logs/x;", NULL },
    { "dir=/srv logfile=logs/x", "ErrorLogfile=/etc/longhouse/logs/x-error.log;", NULL },
    { "DIR=/srv Port=81\tport=82\r\n", "Port=82;", "81" },
    { "dir=.", "WebsiteRoot=/etc/longhouse;", NULL },
    { "dir=./a//b/", "WebsiteRoot=/etc/longhouse/a/b;", NULL },
    { "dir=/srv/", "WebsiteRoot=/srv;", NULL },
    { "dir=/", "WebsiteRoot=/;", NULL },
    { "dir=/srv data_dir=www", "WebsiteRoot=/srv/www;", NULL },
    { "dir=/srv data_dir=/www", "WebsiteRoot=/www;", NULL },
    { "data_dir=/www", "WebsiteRoot=/www;", NULL },
    { "dir=/srv data_dir=/www chroot", "WebsiteRoot=/srv/www;", "Sandbox" },
    { "dir=/srv chroot cgipat=*", "Sandbox=strict;", NULL },
    { "dir=/srv chroot nochroot cgipat=*", "CGIpattern=*;", "Sandbox" },
    { "dir=/srv nosymlinkcheck", "FollowSymlinks=yes;", NULL },
    { "dir=/srv nosymlink", "FollowSymlinks=yes;", NULL },
    { "dir=/srv nosymlinks symlinks", "WebsiteRoot", "FollowSymlinks" },
    { "dir=/srv nosymlink chroot", "WebsiteRoot", "FollowSymlinks" },
    { "dir=/srv host=localhost", "Interface=127.0.0.1;", NULL },
    { "dir=/srv host=::1", "Interface=::1;", NULL },
    { "dir=/srv host=::1 host=", "Interface=0.0.0.0;", NULL },
    { "dir=/srv host=::1", "Hostname=localhost;", NULL },
    { "dir=/srv charset=iso-8859-1", "Charset=iso-8859-1;", NULL },
    { "dir=/srv max_age=3600", "MaxAge=3600;", NULL },
    { "dir=/srv p3p=CP=\"NOI\"", "CustomHeaderClient=P3P: CP=\"NOI\";", NULL },
    { "dir=/srv cgipat=* cgilimit=3", "MaxCGI=3;CGIqueue=0;", "MaxCGItotal" },
    { "dir=/srv cgipat=* cgilimit=100", "MaxCGI=100;CGIqueue=0;MaxCGItotal=100;", NULL },
    { "dir=/srv cgipat=* cgilimit=0", "CGIpattern", "MaxCGI" },
    { "dir=/srv debug", "WebsiteRoot", NULL },
    { "dir=/srv globalpasswd", "PasswordFile=basic:/srv/.htpasswd;", NULL },
    { "dir=/srv globalpasswd noglobalpasswd", "WebsiteRoot", "PasswordFile" },
};

START_TEST(each_word_has_its_meaning)
{
    const struct text_file file = { "thttpd.conf", meanings[_i].text };
    struct read read;

    read_files(&read, &file, 1);
    ck_assert_msg(strstr(read.dumped, meanings[_i].has), "%s", read.dumped);
    if (meanings[_i].has_not)
        ck_assert_msg(!strstr(read.dumped, meanings[_i].has_not), "%s", read.dumped);
    ck_assert_uint_eq(read.diags.errors, 0);
    read_done(&read);
}
END_TEST

START_TEST(flags_are_whole_lines_and_files_count_where_they_are_named)
{
    const struct text_file files[] = {
        { THTTPD_FLAGS_NAME, "dir=/srv/my site # 1\nport=81\nuser=a\ninclude=x.conf\nuser=c\n" },
        { "x.conf", "port=82 user=b # and no more\n" },
    };
    struct read read;

    read_files(&read, files, 2);
    ck_assert_ptr_nonnull(strstr(read.dumped, "WebsiteRoot=/srv/my site # 1;"));
    ck_assert_ptr_nonnull(strstr(read.dumped, "Port=82;"));
    ck_assert_ptr_nonnull(strstr(read.dumped, "ServerId=c;"));
    ck_assert_uint_eq(read.diags.errors, 0);
    read_done(&read);
}
END_TEST

START_TEST(the_throttle_file_becomes_lines)
{
    const struct text_file files[] = {
        { "thttpd.conf", "dir=/srv throttles=throttle.conf" },
        { "throttle.conf", "# pattern speed\n\n**.iso 100000 # slow\n  /a|b/**\t5000-20000\r\n"
                           "**\n**.x fast\n**.y 0\n**.z 9-8\n**.q 1 2" },
    };
    static const char *const whys[] = {
        "the line is left out: there is no speed behind the pattern",
        "the line is left out: the speed is no number of bytes per second, or LEAST-MOST",
        "the line is left out: the speed is no number of bytes per second, or LEAST-MOST",
        "the line is left out: the speed is no number of bytes per second, or LEAST-MOST",
        "the line is left out: there is something behind the speed",
    };
    struct read read;
    unsigned count = 0;

    read_files(&read, files, 2);
    ck_assert_ptr_nonnull(strstr(read.dumped, "ThrottlePattern=**.iso 100000B;"
                                              "ThrottlePattern=/a|b/** 5000B-20000B;"));
    for (const struct diag *diag = read.diags.first; diag; diag = diag->next, count++) {
        ck_assert_int_eq(diag->level, DIAG_WARNING);
        assert_slice(diag->message, whys[count]);
        ck_assert_str_eq(diag->place.file, "throttle.conf");
        ck_assert_uint_eq(diag->place.line, count + 5);
    }
    ck_assert_uint_eq(count, 5);
    read_done(&read);
}
END_TEST

START_TEST(the_model_has_its_throttles)
{
    const struct text_file files[] = {
        { "thttpd.conf", "dir=/srv throttles=t globalpasswd" },
        { "t", "**.iso 5000-20000" },
    };
    struct loaded loaded;

    loaded_files(&loaded, files, 2);
    ck_assert_ptr_nonnull(loaded.conf);
    ck_assert_uint_eq(loaded.conf->shared_speed_count, 1);
    assert_slice(loaded.conf->shared_speeds->pattern, "**.iso");
    ck_assert_uint_eq(loaded.conf->shared_speeds->bytes_per_s, 20000);
    ck_assert_uint_eq(loaded.conf->shared_speeds->least_per_s, 5000);
    assert_slice(loaded.conf->hosts->folder.login.file, "/srv/.htpasswd");
    loaded_done(&loaded);
}
END_TEST

/* ---- what is said ---- */

static const struct {
    const char *text;
    const char *says; /* first lines of the report */
} sayings[] = {
    { "dir=/srv prot=80", "thttpd.conf:1:10: error: thttpd has no option 'prot'\n"
                          "    1 | dir=/srv prot=80\n"
                          "      |          ^~~~\n"
                          "      = did you mean 'port'?\n" },
    { "port=80\n dir = /srv\n", "thttpd.conf:2:2: error: 'dir' wants a value\n"
                                "    2 |  dir = /srv\n"
                                "      |  ^~~\n"
                                "      = write dir=VALUE, without blanks\n" },
    { "dir=/srv\nchroot=yes", "thttpd.conf:2:1: error: 'chroot' takes no value\n"
                              "    2 | chroot=yes\n"
                              "      | ^~~~~~\n"
                              "      = write chroot alone\n" },
    { "port=80",
      "thttpd.conf: error: there is no 'dir'\n"
      "      = thttpd would serve whatever folder it is started in; write dir=/FOLDER\n" },
    { "dir=/srv port=70000",
      "thttpd.conf:1:15: error: 'Port' must be between 1 and 65535, not '70000'\n"
      "    1 | dir=/srv port=70000\n"
      "      |               ^~~~~\n" },
    { "dir=/srv host=www.example.org",
      "thttpd.conf:1:15: error: 'www.example.org' is a name, and a Binding wants an address\n"
      "    1 | dir=/srv host=www.example.org\n"
      "      |               ^~~~~~~~~~~~~~~\n" },
    { "dir=/srv charset=a;b",
      "thttpd.conf:1:18: error: 'Charset' must be the name of a character set, not 'a;b'\n" },
    { "dir=/srv max_age=never",
      "thttpd.conf:1:18: error: 'MaxAge' must be between 0 s and 365 days, not 'never'\n" },
    { "dir=/srv vhost globalpasswd",
      "thttpd.conf:1:16: error: 'globalpasswd' with vhost guards each folder by a file of its "
      "own\n" },
    { "dir=/srv throttles=/etc/t",
      "thttpd.conf:1:20: error: cannot read '/etc/t': No such file or directory\n" },
    { "dir=/srv urlpat=**.jpg",
      "thttpd.conf:1:10: warning: 'urlpat' is without effect: referrers are not looked at\n" },
    { "dir=/srv localpat=*", "thttpd.conf:1:10: warning: 'localpat' is without effect" },
    { "dir=/srv noemptyreferers",
      "thttpd.conf:1:10: warning: 'noemptyreferers' is without effect" },
    { "dir=/srv fastopen", "thttpd.conf:1:10: warning: 'fastopen' is without effect\n" },
    { "dir=/srv chroot", "thttpd.conf:1:10: note: 'chroot' is not needed\n" },
    { "dir=/srv\ncgipat=*\nchroot",
      "thttpd.conf:3:1: warning: 'chroot' becomes `Sandbox = strict`\n" },
    { "dir=/srv include=x", "thttpd.conf:1:10: error: thttpd has no option 'include'\n" },
    { "dir=/a\001b", "thttpd.conf:1:1: error: a control byte inside the word\n" },
};

START_TEST(each_fault_is_said_at_its_place)
{
    const struct text_file file = { "thttpd.conf", sayings[_i].text };
    struct loaded loaded;

    loaded_files(&loaded, &file, 1);
    char *report = loaded_report(&loaded);
    ck_assert_msg(strncmp(report, sayings[_i].says, strlen(sayings[_i].says)) == 0, "%s", report);
    ck_assert_int_eq(loaded.conf == NULL, strstr(sayings[_i].says, " error: ") != NULL);
    free(report);
    loaded_done(&loaded);
}
END_TEST

START_TEST(a_file_of_flags_that_is_not_there_is_an_error)
{
    const struct text_file file = { THTTPD_FLAGS_NAME, "dir=/srv\ninclude=x.conf\n" };
    struct read read;

    read_files(&read, &file, 1);
    ck_assert_uint_eq(read.diags.errors, 1);
    assert_slice(read.diags.first->message, "cannot read 'x.conf': No such file or directory");
    ck_assert_uint_eq(read.diags.first->place.line, 2);
    read_done(&read);
}
END_TEST

START_TEST(vhost_is_a_host_with_a_folder_for_each_name)
{
    const struct text_file file = { "thttpd.conf", "dir=/srv vhost" };
    struct loaded loaded;

    loaded_files(&loaded, &file, 1);
    ck_assert_ptr_nonnull(loaded.conf);
    ck_assert(loaded.conf->hosts->host_folders);
    assert_slice(loaded.conf->hosts->website_root, "/srv");
    ck_assert_int_eq(loaded.conf->log_format.kind, LOG_FORMAT_SEGMENTS);
    loaded_done(&loaded);
}
END_TEST

START_TEST(the_model_has_what_was_written)
{
    const struct text_file file = { "thttpd.conf",
                                    "dir=/srv port=81 cgipat=*.cgi charset=koi8-r max_age=60" };
    struct loaded loaded;

    loaded_files(&loaded, &file, 1);
    ck_assert_ptr_nonnull(loaded.conf);
    ck_assert(loaded.conf->from_thttpd);
    ck_assert_uint_eq(loaded.conf->bindings->port, 81);
    const struct vhost_conf *host = loaded.conf->hosts;
    assert_slice(host->cgi_pattern, "*.cgi");
    assert_slice(host->charset, "koi8-r");
    ck_assert(host->has_max_age);
    ck_assert_uint_eq(host->max_age_ms, 60000);
    ck_assert_uint_eq(host->folder.time_for_cgi_ms, 30000);
    assert_slice(host->folder.start_files->text, "index.html");
    loaded_done(&loaded);
}
END_TEST

/* ---- passwords ---- */

static char folder[64];

static void in_folder(const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", folder, name);
}

START_TEST(a_htpasswd_anywhere_below_is_found)
{
    char path[128];
    char found[4096];

    snprintf(folder, sizeof(folder), "/tmp/longhouse-htpasswd-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    in_folder("a", path);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    ck_assert(!htpasswd_find(NULL, folder, found, sizeof(found)));

    in_folder("a/.htpasswd", path);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert(htpasswd_find(NULL, folder, found, sizeof(found)));
    ck_assert_str_eq(found, path);

    unlink(path);
    in_folder("a", path);
    rmdir(path);
    rmdir(folder);
    ck_assert(!htpasswd_find(NULL, folder, found, sizeof(found)));
}
END_TEST

static bool always_found(struct load_ask *ask, const char *root, char *ret_path, size_t room)
{
    (void)ask;
    snprintf(ret_path, room, "%s/x/.htpasswd", root);
    return true;
}

START_TEST(a_folder_that_was_guarded_is_not_served)
{
    struct load_ask ask = { .find_htpasswd = always_found };
    struct loaded loaded;

    loaded_text(&loaded, "Hostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\n");
    ck_assert_ptr_nonnull(loaded.conf);
    check_htpasswd(loaded.conf, &ask, &loaded.diags);
    ck_assert_uint_eq(loaded.diags.errors, 0);
    loaded.conf->from_thttpd = true;
    check_htpasswd(loaded.conf, &ask, &loaded.diags);
    ck_assert_uint_eq(loaded.diags.errors, 1);
    assert_slice(loaded.diags.first->message,
                 "thttpd asks for a password where '/srv/x/.htpasswd' lies, and this would not");
    loaded_done(&loaded);
}
END_TEST

START_TEST(what_is_guarded_as_a_whole_is_served)
{
    const struct text_file file = { "thttpd.conf", "dir=/srv globalpasswd" };
    struct load_ask ask = { .find_htpasswd = always_found };
    struct loaded loaded;

    loaded_files(&loaded, &file, 1);
    ck_assert_ptr_nonnull(loaded.conf);
    check_htpasswd(loaded.conf, &ask, &loaded.diags);
    ck_assert_uint_eq(loaded.diags.errors, 0);
    loaded_done(&loaded);
}
END_TEST

SUITE("read_thttpd", LOOP(the_words_tell_whose_form_it_is, forms), TEST(the_name_tells_it_too),
      TEST(the_file_of_the_howto_becomes_this), LOOP(each_word_has_its_meaning, meanings),
      TEST(flags_are_whole_lines_and_files_count_where_they_are_named),
      LOOP(each_fault_is_said_at_its_place, sayings),
      TEST(a_file_of_flags_that_is_not_there_is_an_error),
      TEST(vhost_is_a_host_with_a_folder_for_each_name), TEST(the_model_has_what_was_written),
      TEST(a_htpasswd_anywhere_below_is_found), TEST(a_folder_that_was_guarded_is_not_served),
      TEST(what_is_guarded_as_a_whole_is_served), TEST(the_throttle_file_becomes_lines),
      TEST(the_model_has_its_throttles))
