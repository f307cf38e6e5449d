#include "serve_php.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_WAIT_MS 5000
#define STEP_MS       20

/* Debian names it php-fpm8.2, others php-fpm. The last of the sorted names is the newest. */
static bool find_php_fpm(char *path, size_t room)
{
    static const char *const patterns[] = { "/usr/local/sbin/php-fpm*", "/usr/sbin/php-fpm*",
                                            "/usr/bin/php-fpm*" };

    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        glob_t found;
        bool has = glob(patterns[i], 0, NULL, &found) == 0 && found.gl_pathc > 0;

        if (has)
            snprintf(path, room, "%s", found.gl_pathv[found.gl_pathc - 1]);
        globfree(&found);
        if (has)
            return true;
    }
    return false;
}

static bool write_configuration(const struct serve_php *php, const char *path, const char *folder)
{
    FILE *file = fopen(path, "we");

    if (!file)
        return false;
    fprintf(file,
            "[global]\nerror_log = %s/php-fpm.log\ndaemonize = no\n"
            "[longhouse]\nlisten = %s\nlisten.mode = 0666\npm = dynamic\npm.max_children = 8\n"
            "pm.start_servers = 1\npm.min_spare_servers = 1\npm.max_spare_servers = 2\n"
            "catch_workers_output = no\n",
            folder, php->socket);
    if (geteuid() == 0)
        fprintf(file, "user = www-data\ngroup = www-data\n");
    return fclose(file) == 0;
}

static void exec_php_fpm(const struct serve_php *php, const char *conf)
{
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpgid(0, 0); /* a ^C in the terminal is for the house first */
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    execl(php->program, "php-fpm", "-F", "-y", conf, (char *)NULL);
    _exit(1);
}

/* Waits until the socket is there or the process is gone. */
static bool wait_for_socket(struct serve_php *php)
{
    for (int waited_ms = 0; waited_ms < START_WAIT_MS; waited_ms += STEP_MS) {
        struct stat stat_buf;

        if (stat(php->socket, &stat_buf) == 0 && S_ISSOCK(stat_buf.st_mode))
            return true;
        if (waitpid(php->pid, NULL, WNOHANG) == php->pid) {
            php->pid = 0;
            return false;
        }
        poll(NULL, 0, STEP_MS);
    }
    return false;
}

bool serve_php_start(struct serve_php *php, const char *folder)
{
    char conf[600];

    if (!find_php_fpm(php->program, sizeof(php->program)))
        return false;
    snprintf(php->socket, sizeof(php->socket), "%s/php.sock", folder);
    snprintf(conf, sizeof(conf), "%s/php-fpm.conf", folder);
    if (!write_configuration(php, conf, folder))
        return false;
    php->pid = fork();
    if (php->pid < 0) {
        php->pid = 0;
        return false;
    }
    if (php->pid == 0)
        exec_php_fpm(php, conf);
    if (wait_for_socket(php))
        return true;
    serve_php_stop(php);
    return false;
}

void serve_php_stop(struct serve_php *php)
{
    if (php->pid <= 0)
        return;
    kill(php->pid, SIGTERM);
    while (waitpid(php->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    php->pid = 0;
}
