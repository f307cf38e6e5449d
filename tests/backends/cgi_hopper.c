/*
 * A CGI program that leaves one behind which cannot be caught by its number: it has no mark, a
 * session of its own, and forks as soon as it is there, so that whoever is told to end it is gone
 * already. It stops by itself after 20 s.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static time_t now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static _Noreturn void hop(void)
{
    const time_t end_s = now_s() + 20;

    setsid();
    while (now_s() < end_s) {
        pid_t pid = fork();
        if (pid > 0)
            _exit(0);
        if (pid < 0)
            _exit(1);
        setsid();
        usleep(200);
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    if (argc > 1) { /* executed anew, with an empty environment */
        if (fork() == 0)
            hop();
        return 0;
    }
    char *const words[] = { argv[0], "hop", NULL };
    char *const nothing[] = { NULL };

    if (fork() == 0) {
        fclose(stdout);
        fclose(stderr);
        execve(argv[0], words, nothing);
        _exit(1);
    }
    usleep(100000);
    puts("Content-Type: text/plain\n\ngone");
    return 0;
}
