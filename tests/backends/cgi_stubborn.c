/*
 * Does not answer, ignores what asks it politely to end, and has a child that does the same: only
 * SIGKILL for the whole group gets rid of them.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    if (fork() < 0)
        return 1;
    alarm(60); /* not for ever, should a test itself be killed */
    for (;;)
        pause();
}
