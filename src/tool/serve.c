/*
 * `longhouse serve [DIR]`: writes the configuration that a person in a hurry would, says what it
 * found, and starts the house with it.
 */
#include "base/slice.h"
#include "os/fd.h"
#include "serve_php.h"
#include "tool/tool.h"
#include "tool_private.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What runs the scripts of an extension. A NULL program: the file itself is run. */
struct script_kind {
    const char *extension;
    const char *programs; /* names to look for, space separated */
};

static const struct script_kind kinds[] = {
    { "cgi", NULL },      { "pl", "perl" }, { "py", "python3 python" },
    { "sh", "sh" },       { "rb", "ruby" }, { "lua", "lua lua5.4 lua5.3" },
    { "tcl", "tclsh" },   { "js", NULL }, /* a file for browsers, unless asked for */
    { "php", "php-cgi" },
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

struct serve {
    char folder[PATH_MAX];
    unsigned port;
    const char *cgi; /* the list of --cgi */
    bool php;
    bool colours;
    char work[PATH_MAX]; /* pid file, control socket, php's things; removed at the end */
    struct serve_php fpm;
    char root[PATH_MAX + 8]; /* the folder as the configuration can name it */
    FILE *conf;
    bool runs_cgi;
    bool runs[KIND_COUNT];
};

static bool find_in_path(const char *names, char *path, size_t room)
{
    static const char *const folders[] = { "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin" };
    struct slice rest = slice_cstr(names);
    struct slice name;

    while (slice_next(&rest, ' ', &name)) {
        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
            snprintf(path, room, "%s/%.*s", folders[i], SLICE_ARGS(name));
            if (access(path, X_OK) == 0)
                return true;
        }
    }
    return false;
}

static void say(const struct serve *serve, const char *colour, const char *sign, const char *text)
{
    if (serve->colours)
        printf("  %s%s\033[0m %s\n", colour, sign, text);
    else
        printf("  %s %s\n", sign, text);
}

static void say_runs(const struct serve *serve, const char *text)
{
    say(serve, "\033[32m", "+", text);
}

static void say_not(const struct serve *serve, const char *text)
{
    say(serve, "\033[33m", "-", text);
}

/* True when --cgi names the extension (with or without its dot). */
static bool wants(const struct serve *serve, const char *extension)
{
    struct slice rest = slice_cstr(serve->cgi);
    struct slice item;

    while (slice_next(&rest, ',', &item)) {
        if (slice_starts(item, SLICE(".")))
            item = slice_skip(item, 1);
        if (slice_equal_cstr(item, extension))
            return true;
    }
    return false;
}

/* KIND_COUNT: one that nobody knows. */
static size_t kind_of(struct slice extension)
{
    size_t i = 0;

    while (i < KIND_COUNT && !slice_equal_cstr(extension, kinds[i].extension))
        i++;
    return i;
}

static void note_run(struct serve *serve, size_t kind)
{
    serve->runs_cgi = true;
    if (kind < KIND_COUNT)
        serve->runs[kind] = true;
}

/* ---- what is run ---- */

static void write_cgi_kind(struct serve *serve, struct slice extension)
{
    size_t kind = kind_of(extension);
    const char *programs = kind < KIND_COUNT ? kinds[kind].programs : NULL;
    char program[256];
    char text[512];

    if (programs) {
        if (!find_in_path(programs, program, sizeof(program))) {
            snprintf(text, sizeof(text), "*.%.*s is not run: none of these is installed: %s",
                     SLICE_ARGS(extension), programs);
            say_not(serve, text);
            return;
        }
        fprintf(serve->conf, "CGIhandler = %s:%.*s\n", program, SLICE_ARGS(extension));
        snprintf(text, sizeof(text), "*.%.*s is run by %s", SLICE_ARGS(extension), program);
    } else {
        fprintf(serve->conf, "CGIextension = %.*s\n", SLICE_ARGS(extension));
        snprintf(text, sizeof(text), "*.%.*s is run directly (it needs its x bit)",
                 SLICE_ARGS(extension));
    }
    note_run(serve, kind);
    say_runs(serve, text);
}

static void write_cgi(struct serve *serve)
{
    struct slice rest = slice_cstr(serve->cgi);
    struct slice item;

    while (slice_next(&rest, ',', &item)) {
        if (slice_starts(item, SLICE(".")))
            item = slice_skip(item, 1);
        if (item.len > 0 && !(serve->php && slice_equal(item, SLICE("php"))))
            write_cgi_kind(serve, item);
    }
}

static void write_php(struct serve *serve)
{
    char program[256];
    char text[512];

    if (!serve->php)
        return;
    if (serve_php_start(&serve->fpm, serve->work)) {
        fprintf(serve->conf,
                "FastCGIserver {\n\tFastCGIid = PHP\n\tConnectTo = %s\n\tExtension = php\n}\n"
                "UseFastCGI = PHP\n",
                serve->fpm.socket);
        snprintf(text, sizeof(text), "*.php is run by %s (started for this)", serve->fpm.program);
        say_runs(serve, text);
    } else if (find_in_path("php-cgi", program, sizeof(program))) {
        fprintf(serve->conf, "CGIhandler = %s:php\n", program);
        snprintf(text, sizeof(text), "*.php is run by %s", program);
        say_runs(serve, text);
    } else {
        say_not(serve, "*.php is not run: neither php-fpm nor php-cgi is installed "
                       "(apt-get install php-fpm)");
        return;
    }
    note_run(serve, kind_of(SLICE("php")));
}

/* ---- what is not run ---- */

static unsigned count_files(const char *folder, const char *extension)
{
    DIR *dir = opendir(folder);
    unsigned count = 0;

    if (!dir)
        return 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        const char *dot = strrchr(entry->d_name, '.');

        if (dot && dot != entry->d_name && strcmp(dot + 1, extension) == 0)
            count++;
    }
    closedir(dir);
    return count;
}

/*
 * Scripts that are not run are known as programs all the same, so that their source is never shown:
 * 403. A host without any file claims them.
 */
static void write_forbidden(struct serve *serve)
{
    fprintf(serve->conf,
            "VirtualHost {\n\tHostname = scripts.invalid\n\tWebsiteRoot = %s/empty\n"
            "\tExecuteCGI = yes\n",
            serve->work);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const char *extension = kinds[i].extension;
        bool was_asked_for =
            wants(serve, extension) || (serve->php && strcmp(extension, "php") == 0);
        char text[256];

        if (serve->runs[i] || (strcmp(extension, "js") == 0 && !was_asked_for))
            continue;
        fprintf(serve->conf, "\tCGIextension = %s\n", extension);
        unsigned count = was_asked_for ? 0 : count_files(serve->folder, extension);
        if (count == 0)
            continue; /* or the reason was said already */
        snprintf(text, sizeof(text), "*.%s (%u file%s) is not run and not shown: add %s", extension,
                 count, count == 1 ? "" : "s",
                 strcmp(extension, "php") == 0 ? "--php" : "it to --cgi");
        say_not(serve, text);
    }
    fprintf(serve->conf, "}\n");
}

/* Started by root, the server runs as the owner of the folder; files of root are served by
 * www-data. */
static void write_identity(struct serve *serve)
{
    struct stat stat_buf;
    const struct passwd *user = NULL;

    if (geteuid() != 0)
        return;
    if (stat(serve->folder, &stat_buf) == 0 && stat_buf.st_uid != 0)
        user = getpwuid(stat_buf.st_uid);
    fprintf(serve->conf, "ServerId = %s\n", user ? user->pw_name : "www-data");
}

static void write_configuration(struct serve *serve)
{
    fprintf(serve->conf,
            "PIDfile = %s/longhouse.pid\nControlSocket = %s/control\nWorkDirectory = %s/work\n"
            "SystemLogfile = stderr\nAccessLogfile = stdout\nErrorLogfile = stderr\n"
            "LogFormat = extended\nDrainTime = 2\n"
            "Hostname = localhost\nWebsiteRoot = %s\n"
            "StartFile = index.html, index.htm, index.php, index.cgi, index.pl, index.py\n"
            "EnablePathInfo = yes\nTimeForCGI = 60\n"
            "Binding {\n\tPort = %u\n\tInterface = 127.0.0.1\n\tMaxRequestSize = 1G\n}\n",
            serve->work, serve->work, serve->work, serve->root, serve->port);
    write_identity(serve);
    write_cgi(serve);
    write_php(serve);
    fprintf(serve->conf, "ExecuteCGI = %s\n", serve->runs_cgi ? "yes" : "no");
    write_forbidden(serve);
}

/* ---- the house behind it ---- */

static volatile sig_atomic_t child_pid;

/* Told to end, or the terminal was closed. */
static void end_house(int number)
{
    (void)number;
    if (child_pid > 0)
        kill(child_pid, SIGTERM);
}

static int run_supervisor(int config_fd)
{
    char path[PATH_MAX];
    char number[16];

    if (!find_program("supervisor", path, sizeof(path)))
        return 1;
    snprintf(number, sizeof(number), "%d", config_fd);
    fflush(stdout);

    struct sigaction action = { .sa_handler = end_house };
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGINT,
           SIG_IGN); /* ^C reaches the supervisor by the terminal; this process waits for it */

    child_pid = fork();
    if (child_pid < 0) {
        fprintf(stderr, "longhouse: no process for the supervisor: %s\n", strerror(errno));
        return 1;
    }
    if (child_pid == 0) {
        signal(SIGINT, SIG_DFL);
        execl(path, "longhouse supervisor", "--config-fd", number, "--config-name", "serve",
              "--quiet", (char *)NULL);
        fprintf(stderr, "longhouse: cannot start %s: %s\n", path, strerror(errno));
        _exit(1);
    }
    int status = 0;
    while (waitpid(child_pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* What can stand in the configuration as an extension. */
static bool check_extensions(const char *list)
{
    static const char good[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.,";

    if (list[strspn(list, good)] == '\0')
        return true;
    fprintf(stderr, "longhouse: '%s' is no list of extensions such as .cgi,.pl,.py\n", list);
    return false;
}

static bool check_folder(const char *folder)
{
    struct stat info;

    if (strcmp(folder, "/") == 0)
        fprintf(stderr, "longhouse: '/' is not served: it holds everybody's files\n");
    else if (stat(folder, &info) < 0)
        fprintf(stderr, "longhouse: %s: %s\n", folder, strerror(errno));
    else if (!S_ISDIR(info.st_mode))
        fprintf(stderr, "longhouse: %s is a file; name the folder that holds it\n", folder);
    else
        return true;
    return false;
}

static bool parse_words(struct serve *serve, int argc, char **argv)
{
    const char *folder = ".";

    serve->port = 8080;
    serve->cgi = "";
    for (int i = 0; i < argc; i++) {
        const char *value = NULL;

        if ((value = word_value("--port", argc, argv, &i)) != NULL) {
            char *end = NULL;

            serve->port = (unsigned)strtoul(value, &end, 10);
            if (*end != '\0' || serve->port == 0 || serve->port > 65535) {
                fprintf(stderr, "longhouse: '%s' is no port; it must be 1 to 65535\n", value);
                return false;
            }
        } else if ((value = word_value("--cgi", argc, argv, &i)) != NULL) {
            serve->cgi = value;
        } else if (strcmp(argv[i], "--php") == 0) {
            serve->php = true;
        } else if (argv[i][0] == '-') {
            usage("serve [DIR] [--port N] [--cgi .cgi,.pl,.py] [--php]");
            return false;
        } else {
            folder = argv[i];
        }
    }
    if (!realpath(folder, serve->folder)) {
        fprintf(stderr, "longhouse: %s: %s\n", folder, strerror(errno));
        return false;
    }
    return check_folder(serve->folder) && check_extensions(serve->cgi);
}

static bool make_work_folder(struct serve *serve)
{
    const char *temp = getenv("TMPDIR");

    snprintf(serve->work, sizeof(serve->work), "%s/longhouse.XXXXXX", temp ? temp : "/tmp");
    if (!mkdtemp(serve->work) || chmod(serve->work, 0755) < 0) {
        fprintf(stderr, "longhouse: cannot make %s: %s\n", serve->work, strerror(errno));
        return false;
    }
    return true;
}

/* A name that the configuration would read otherwise: as a comment, a variable, another line. */
static bool is_awkward(const char *path)
{
    size_t len = strlen(path);

    for (const char *at = path; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f || (*at == '#' && at[-1] == ' '))
            return true;
    }
    return strchr(" \\{", path[len - 1]) || strstr(path, "${") || strstr(path, "CONFIG_DIR");
}

/* An awkward folder gets a second name: a link in the folder of work. */
static bool name_root(struct serve *serve)
{
    char empty[PATH_MAX + 8];

    snprintf(serve->root, sizeof(serve->root), "%s", serve->folder);
    snprintf(empty, sizeof(empty), "%s/empty", serve->work);
    if (mkdir(empty, 0755) < 0) {
        fprintf(stderr, "longhouse: cannot make %s: %s\n", empty, strerror(errno));
        return false;
    }
    if (!is_awkward(serve->folder))
        return true;
    snprintf(serve->root, sizeof(serve->root), "%s/root", serve->work);
    if (symlink(serve->folder, serve->root) < 0) {
        fprintf(stderr, "longhouse: cannot make %s: %s\n", serve->root, strerror(errno));
        return false;
    }
    return true;
}

static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);

    if (dir) {
        for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
            char name[PATH_MAX];

            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                (size_t)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) >= sizeof(name))
                continue;
            if (unlink(name) < 0)
                remove_folder(name);
        }
        closedir(dir);
    }
    rmdir(path);
}

int tool_serve(int argc, char **argv)
{
    struct serve serve = { .colours = isatty(1) };

    if (!parse_words(&serve, argc, argv))
        return 2;
    if (!make_work_folder(&serve))
        return 1;

    scoped_fd fd = memfd_create("configuration", 0); /* inherited by the supervisor */
    int copy = fd < 0 ? -1 : dup(fd);
    serve.conf = copy < 0 ? NULL : fdopen(copy, "w");
    if (!serve.conf)
        fprintf(stderr, "longhouse: no memory file: %s\n", strerror(errno));
    if (!serve.conf || !name_root(&serve)) {
        remove_folder(serve.work);
        return 1;
    }
    printf("Serving %s at %shttp://localhost:%u/%s\n", serve.folder,
           serve.colours ? "\033[1;36m" : "", serve.port, serve.colours ? "\033[0m" : "");
    write_configuration(&serve);
    fclose(serve.conf);
    printf("  stop with ^C\n");
    lseek(fd, 0, SEEK_SET);

    int status = run_supervisor(fd);
    serve_php_stop(&serve.fpm);
    remove_folder(serve.work);
    return status;
}
