/*
 * supervisor -c PATH [--daemon] [--quiet]
 * supervisor --config-fd N --config-name NAME [--quiet]      the front door hands in a text of its
 * own
 * supervisor -c PATH [--daemon] --estate N                   by the supervisor that it follows
 */
#include "base/number.h"
#include "os/fd.h"
#include "supervisor_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct wishes {
    struct plan_source from;
    bool daemon;
    bool quiet;
    int estate_fd; /* the channel to the supervisor that we follow; -1: none */
};

/* The end of a pipe on which the process that was started waits for one byte; -1: in the
 * foreground. */
static int waiting_fd = -1;

static bool wish_descriptor(const char *word, int *ret)
{
    uint64_t number;

    if (!number_parse(slice_cstr(word), INT_MAX, &number))
        return false;
    *ret = (int)number;
    return true;
}

static bool parse_words(int argc, char **argv, struct wishes *ret)
{
    *ret = (struct wishes){ .from.fd = -1, .estate_fd = -1 };
    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--daemon") == 0)
            ret->daemon = true;
        else if (strcmp(argv[i], "--quiet") == 0)
            ret->quiet = true;
        else if (strcmp(argv[i], "-c") == 0 && has_value)
            ret->from.path = argv[++i];
        else if (strcmp(argv[i], "--config-name") == 0 && has_value)
            ret->from.name = argv[++i];
        else if (strcmp(argv[i], "--estate") == 0 && has_value) {
            if (!wish_descriptor(argv[++i], &ret->estate_fd))
                return false;
        } else if (strcmp(argv[i], "--config-fd") != 0 || !has_value ||
                   !wish_descriptor(argv[++i], &ret->from.fd))
            return false;
    }
    bool handed_in = ret->from.fd >= 0 && ret->from.name;
    return (ret->from.path != NULL) != handed_in;
}

/* ---- the process ---- */

/* 0, 1, 2 are open, and nothing that we were started with reaches a child. */
static int settle_descriptors(int *ret_null)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0)
            return -errno;
        if (fd <= 2)
            fcntl(fd, F_SETFD, 0);
    } while (fd <= 2);
    *ret_null = fd;
    return close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0 && errno != ENOSYS ? -errno : 0;
}

/* Logs of many hosts need many descriptors; the children start with the former limit. */
static void raise_files(struct rlimit *ret_before)
{
    struct rlimit raised;

    if (getrlimit(RLIMIT_NOFILE, ret_before) < 0)
        return;
    raised = *ret_before;
    raised.rlim_cur = raised.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &raised); /* then fewer logs can be open, which is said */
}

/* The process that was started waits until the house is ready; the house goes on in a new one. */
static int go_behind(void)
{
    int ends[2];
    char byte = 1;
    ssize_t got;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0) {
        close(ends[0]);
        waiting_fd = ends[1];
        setsid();
        return 0;
    }
    close(ends[1]);
    do
        got = read(ends[0], &byte, 1);
    while (got < 0 && errno == EINTR);
    _exit(got == 1 && byte == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void let_go_of_terminal(struct house *house)
{
    static const char good = 0;

    for (int fd = 0; fd <= 2; fd++)
        if (dup2(house->null_fd, fd) < 0)
            return;
    if (chdir("/") <
        0) /* no file system is held; a folder that cannot be left is no reason to stop */
        log_warning(&house->journal.log, "cannot change to /: %s", strerror(errno));
    (void)fd_write_all(waiting_fd, &good, 1);
    fd_close(&waiting_fd);
}

/* People find us from now on, and the house before us may go. */
static void follow(struct house *house)
{
    int r = workers_take_names(&house->workers);

    if (r == 0)
        r = places_write_pid(&house->places, getpid());
    if (r < 0)
        log_error(&house->journal.log, "what the former house had is not all ours: %s",
                  strerror(-r));
    house->places.shared = false;
    estate_tell(&house->estate, true, (struct slice){ 0 });
    estate_close(&house->estate);
}

static void on_ready(struct house *house)
{
    if (house->estate.channel >= 0)
        follow(house);
    log_info(&house->journal.log, "%s is ready as pid %d", LONGHOUSE_VERSION, (int)getpid());
    if (!house->journal.quiet)
        banner_print(house, stdout);
    if (waiting_fd >= 0)
        let_go_of_terminal(house);
}

static char *folder_of_program(void)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (len <= 0)
        return NULL;
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
    return strdup(path);
}

/* ---- preparation: everything that can be wrong is said at once ---- */

/* `arena`: of what lives as long as the house; the generation has its own. */
static bool prepare(struct house *house, const struct wishes *wishes, struct arena *arena,
                    struct diags *diags)
{
    const bool beside = house->estate.channel >= 0;

    house->places = (struct places){ .pid_fd = -1, .control_fd = -1 };
    if (!plan_load(&wishes->from, &house->arena, diags, &house->plan))
        return false;
    const struct server_conf *conf = house->plan.conf;
    if (!identity_find(conf, arena, diags, &house->identity))
        return false;
    bool good = places_take_pid(conf, &house->estate, arena, diags, &house->places);
    house->places.shared = beside;
    if (!good)
        return false;
    good = ports_open(conf, &house->estate, diags, &house->ports);
    good &= logs_open(conf, &house->identity, house->behind, &house->arena, diags, &house->logs);
    good &= places_open(conf, &house->estate, &house->identity, arena, diags, &house->places);
    good = good && key_open(conf, arena, diags, house->key);
    good = good && acme_check_folder(conf, diags);
    good = good &&
           groups_open(conf, house->plan.spawners, &house->identity, arena, diags, &house->groups);
    good = good && sandboxes_open(conf, &house->identity, &house->arena, diags, &house->sandboxes);
    good = good &&
           workers_open(conf, beside, &house->sandboxes, &house->identity, diags, &house->workers);
    return good && diags->errors == 0;
}

static void open_journal(struct house *house)
{
    const struct conf_log *log = &house->plan.conf->system_log;

    if (log->kind == LOG_TO_FILE)
        house->journal.fd = logs_find(&house->logs, log);
    else if (log->kind != LOG_TO_NOWHERE)
        house->journal.fd = log->kind == LOG_TO_STDOUT ? STDOUT_FILENO : STDERR_FILENO;
    journal_tell_syslog(&house->journal, house->plan.conf);
}

/* The folder that a path begins in may be another one later. */
static void keep_source(struct house *house, const struct plan_source *from, struct arena *arena)
{
    char here[PATH_MAX];

    house->from = *from;
    if (!from->path || from->path[0] == '/' || !getcwd(here, sizeof(here)))
        return;
    house->from.path = arena_printf(arena, "%s/%s", here, from->path).at;
}

static void release(struct house *house)
{
    workers_close(&house->workers);
    places_close(&house->places);
    groups_close(&house->groups);
    sandboxes_close(&house->sandboxes);
    ports_close(&house->ports);
    logs_close(&house->logs);
    plan_done(&house->plan);
    arena_done(&house->arena);
    fd_close(&house->null_fd);
    free(house->folder);
}

static int run(struct house *house)
{
    const bool beside = house->estate.channel >= 0;

    open_journal(house);
    int r = beside ? 0 : places_write_pid(&house->places, getpid());
    if (r < 0) {
        log_error(&house->journal.log, "cannot write the PID file: %s", strerror(-r));
        return EXIT_FAILURE;
    }
    if (!house->identity.switches)
        log_notice(&house->journal.log, "not started as root: server and programs all run as %s",
                   house->identity.name);
    if (house->groups.path)
        log_info(&house->journal.log, "each program gets a control group below %s",
                 house->groups.path);
    else
        log_info(&house->journal.log, "programs go without control groups: %s", house->groups.why);
    r = house_open(house);
    if (r < 0) {
        log_error(&house->journal.log, "cannot start: %s", strerror(-r));
        return EXIT_FAILURE;
    }
    loop_run(&house->loop);
    house_close(house);
    log_notice(&house->journal.log, "stopped");
    house->places.shared |= house->upgrade.done;
    house->workers.left = house->upgrade.done;
    return house->exit_status;
}

/* Who started us in the foreground waits for this process; a service manager knows the other. */
static bool is_waited_for(const struct house *house)
{
    return house->upgrade.done && !house->behind && !getenv("NOTIFY_SOCKET");
}

static void tell_former_house(const struct house *house, const struct diags *diags)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    diags_print(diags, out, false);
    fclose(out);
    estate_tell(&house->estate, false, slice_of(text, len));
    free(text);
}

int main(int argc, char **argv)
{
    struct house house = { .null_fd = -1,
                           .policy_fd = -1,
                           .bundle_fd = -1,
                           .legacy_fd = -1,
                           .workers.pools_fd = -1,
                           .on_ready = on_ready };
    struct arena arena = { 0 };
    struct wishes wishes;
    struct diags diags;
    int status = EXIT_FAILURE;

    if (!parse_words(argc, argv, &wishes)) {
        fprintf(stderr, "usage: supervisor -c FILE|DIR [--daemon] [--quiet]\n"
                        "       supervisor --config-fd N --config-name NAME [--quiet]\n");
        return 2;
    }
    groups_init(&house.groups);
    estate_init(&house.estate);
    int r = settle_descriptors(&house.null_fd);
    if (r == 0 && wishes.estate_fd >= 0)
        r = estate_receive(&house.estate, wishes.estate_fd);
    else if (r == 0 && wishes.daemon)
        r = go_behind();
    if (r < 0) {
        fprintf(stderr, "longhouse: cannot start: %s\n", strerror(-r));
        return EXIT_FAILURE;
    }
    umask(022);
    raise_files(&house.files);
    house.behind = wishes.daemon;
    journal_init(&house.journal, wishes.quiet);
    house.folder = folder_of_program();
    diags_init(&diags, &arena);
    keep_source(&house, &wishes.from, &arena);
    bool good = house.folder && prepare(&house, &wishes, &arena, &diags);
    if (!good)
        tell_former_house(&house, &diags);
    if (!wishes.quiet || !good)
        diags_print(&diags, stderr, isatty(STDERR_FILENO));
    if (good)
        status = run(&house);
    else if (!house.folder)
        fprintf(stderr, "longhouse: /proc is needed and not there\n");
    release(&house);
    estate_close(&house.estate);
    arena_done(&arena);
    if (is_waited_for(&house)) {
        sigset_t signals;
        house_signals(&signals);
        status = upgrade_wait_for_heir(&house, &signals);
    }
    return status;
}
