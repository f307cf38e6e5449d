/* `longhouse status`, `backend`, `acme`, `ban`, `unban`, `bans`, `reload`, `upgrade` and `stop`:
 * word with the running house. */
#include "base/address.h"
#include "base/number.h"
#include "os/fd.h"
#include "tool/tool.h"
#include "tool_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- status ---- */

/* To stdout, or to stderr when it is an error. */
static int copy_answer(int fd)
{
    char data[16384];
    FILE *out = NULL;
    ssize_t n;

    while ((n = read(fd, data, sizeof(data))) > 0) {
        if (!out)
            out = slice_starts(slice_of(data, (size_t)n), SLICE("error: ")) ? stderr : stdout;
        fwrite(data, 1, (size_t)n, out);
    }
    if (!out)
        fprintf(stderr, "longhouse: the house closed without an answer; its system log may say "
                        "why\n");
    return n < 0 || out != stdout ? 1 : 0;
}

typedef struct server_conf *load_face(const char *path, struct arena *arena);

/* For what changes the configuration of the house. */
static struct server_conf *load_and_tell(const char *path, struct arena *arena)
{
    return tool_load(path, false, arena, NULL);
}

/* Asks the house that runs with this configuration. The exit status. */
static int ask_house(load_face *load, const char *config, const char *question)
{
    struct arena arena = { 0 };
    const struct server_conf *conf = load(config, &arena);

    if (!conf) {
        arena_done(&arena);
        return 1;
    }
    char *path = arena_cstr(&arena, conf->control_socket);
    scoped_fd fd = control_connect(path);
    int status = 1;
    if (fd < 0)
        fprintf(stderr, "longhouse: nobody answers at %s: %s%s\n", path, strerror(-fd),
                fd == -EACCES ? " (try as root or as the user of the server)"
                              : "; is the house running with this configuration?");
    else if (fd_write_all(fd, question, strlen(question)) == 0)
        status = copy_answer(fd);
    arena_done(&arena);
    return status;
}

int tool_status(int argc, char **argv)
{
    const char *config = CONFIG_FOLDER;
    const char *question = "status\n";

    for (int i = 0; i < argc; i++) {
        const char *value = word_value("-c", argc, argv, &i);

        if (value)
            config = value;
        else if (strcmp(argv[i], "--json") == 0)
            question = "status json\n";
        else
            return usage("status [-c FILE|DIR] [--json]");
    }
    return ask_house(tool_load_of_house, config, question);
}

/* ---- backend ---- */

int tool_backend(int argc, char **argv)
{
    static const char how[] = "backend drain|enable NAME [-c FILE|DIR]";
    const char *config = CONFIG_FOLDER;
    const char *words[2] = { NULL, NULL };
    unsigned count = 0;
    char question[400];

    for (int i = 0; i < argc; i++) {
        const char *value = word_value("-c", argc, argv, &i);

        if (value)
            config = value;
        else if (argv[i][0] == '-' || count == 2)
            return usage(how);
        else
            words[count++] = argv[i];
    }
    if (count < 2 || (strcmp(words[0], "drain") != 0 && strcmp(words[0], "enable") != 0) ||
        strchr(words[1], '\n'))
        return usage(how);
    if (snprintf(question, sizeof(question), "backend %s %s\n", words[0], words[1]) >=
        (int)sizeof(question)) {
        fprintf(stderr, "longhouse: no target has such a long name\n");
        return 1;
    }
    return ask_house(tool_load_of_house, config, question);
}

/* ---- bans ---- */

/* `VERB WORD [WORD] [-c FILE|DIR]`: asks the house just that. */
static int ask_words(load_face *load, const char *verb, int argc, char **argv, unsigned least,
                     unsigned most, const char *how)
{
    const char *config = CONFIG_FOLDER;
    char question[256];
    unsigned count = 0;
    int len = snprintf(question, sizeof(question), "%s", verb);

    for (int i = 0; i < argc; i++) {
        const char *value = word_value("-c", argc, argv, &i);

        if (value) {
            config = value;
            continue;
        }
        if (argv[i][0] == '-' || strchr(argv[i], '\n') || count == most ||
            (size_t)len + strlen(argv[i]) + 3 > sizeof(question))
            return usage(how);
        len += snprintf(question + len, sizeof(question) - (size_t)len, " %s", argv[i]);
        count++;
    }
    if (count < least)
        return usage(how);
    question[len] = '\n';
    question[len + 1] = '\0';
    return ask_house(load, config, question);
}

int tool_ban(int argc, char **argv)
{
    return ask_words(tool_load_of_house, "ban", argc, argv, 1, 2,
                     "ban ADDRESS [TIME] [-c FILE|DIR]");
}

int tool_unban(int argc, char **argv)
{
    return ask_words(tool_load_of_house, "unban", argc, argv, 1, 1,
                     "unban ADDRESS|all [-c FILE|DIR]");
}

int tool_bans(int argc, char **argv)
{
    return ask_words(tool_load_of_house, "bans", argc, argv, 0, 0, "bans [-c FILE|DIR]");
}

/* ---- acme ---- */

int tool_acme(int argc, char **argv)
{
    return ask_words(tool_load_of_house, "acme", argc, argv, 1, 2,
                     "acme renew [HOST] [-c FILE|DIR]");
}

/* ---- reload ---- */

/* A faulty file is said here already, with all its faults; the house is then not asked. */
int tool_reload(int argc, char **argv)
{
    return ask_words(load_and_tell, "reload", argc, argv, 0, 0, "reload [-c FILE|DIR]");
}

/* ---- upgrade ---- */

int tool_upgrade(int argc, char **argv)
{
    return ask_words(load_and_tell, "upgrade", argc, argv, 0, 0, "upgrade [-c FILE|DIR]");
}

/* ---- stop ---- */

/*
 * The process id in the file, or 0 (said). A living house holds a lock on it: without that the
 * number is of a house that is gone, and may by now be that of anybody.
 */
static pid_t read_pid(const char *path)
{
    scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char text[32];
    uint64_t pid;

    if (fd < 0) {
        fprintf(stderr, "longhouse: cannot read the PID file %s: %s; is the house running?\n", path,
                strerror(errno));
        return 0;
    }
    if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
        fprintf(stderr, "longhouse: the PID file %s was left behind by a house that is gone\n",
                path);
        return 0;
    }
    ssize_t got = read(fd, text, sizeof(text));
    if (got <= 0 || !number_parse(slice_trim_space(slice_of(text, (size_t)got)), INT32_MAX, &pid) ||
        pid <= 1) {
        fprintf(stderr, "longhouse: %s holds no process id (yet)\n", path);
        return 0;
    }
    return (pid_t)pid;
}

static int wait_for_end(int pidfd, uint64_t wait_ms)
{
    struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

    return poll(&poll_fd, 1, (int)wait_ms) > 0;
}

int tool_stop(int argc, char **argv)
{
    const char *config = CONFIG_FOLDER;
    struct arena arena = { 0 };

    for (int i = 0; i < argc; i++) {
        const char *value = word_value("-c", argc, argv, &i);

        if (!value)
            return usage("stop [-c FILE|DIR]");
        config = value;
    }
    const struct server_conf *conf = tool_load_of_house(config, &arena);
    if (!conf)
        return 1;
    uint64_t wait_ms = conf->drain_time_ms + 15000;
    pid_t pid = read_pid(arena_cstr(&arena, conf->pid_file));
    arena_done(&arena);
    if (pid == 0)
        return 1;

    scoped_fd pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0 || kill(pid, SIGTERM) < 0) {
        fprintf(stderr, "longhouse: cannot stop process %d: %s\n", (int)pid, strerror(errno));
        return 1;
    }
    if (!wait_for_end(pidfd, wait_ms)) {
        fprintf(stderr, "longhouse: process %d was asked to stop and is still there\n", (int)pid);
        return 1;
    }
    printf("stopped\n");
    return 0;
}
