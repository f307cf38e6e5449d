/* What the administrator and the kernel tell the supervisor by signals. */
#include "supervisor_private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

void house_reopen_logs(struct house *house)
{
    logs_reopen(&house->logs, &house->journal.log);
    if (house->plan.conf->system_log.kind == LOG_TO_FILE)
        house->journal.fd = logs_find(&house->logs, &house->plan.conf->system_log);
    house_hand_over_logs(house);
    child_send(&house->server, &(struct handover){ .kind = HANDOVER_LOGS_AGAIN }, -1);
    log_notice(&house->journal.log, "log files are open again");
}

static void on_signal(struct house *house, int number)
{
    if (house->upgrade.done && house->upgrade.heir.pid > 0 && number != SIGCHLD) {
        kill(house->upgrade.heir.pid, number);
        return;
    }
    switch (number) {
    case SIGCHLD:
        house_reap(house);
        break;
    case SIGINT:
    case SIGTERM:
        if (number == SIGINT && house->phase >= PHASE_DRAINING) {
            house_stop_at_once(house);
            break;
        }
        log_notice(&house->journal.log, "stopping");
        house_stop(house);
        break;
    case SIGHUP:
        reload_ask(house, 0);
        break;
    case SIGUSR1:
        house_reopen_logs(house);
        break;
    case SIGUSR2:
        upgrade_ask(house, 0);
        break;
    }
}

static void on_signals(struct task *task)
{
    struct house *house = container_of(task, struct house, signals_task);
    struct signalfd_siginfo info;

    while (read(house->signals.fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        on_signal(house, (int)info.ssi_signo);
    house->signals.readable = false;
}

void house_signals(sigset_t *ret)
{
    static const int watched[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };

    sigemptyset(ret);
    for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
        sigaddset(ret, watched[i]);
}

int signals_watch(struct house *house)
{
    sigset_t set;

    house->signals_task.run = on_signals;
    house_signals(&set);
    signal(SIGPIPE, SIG_IGN); /* a reader of our terminal lines may leave */
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    io_init(&house->signals, fd, &house->signals_task);
    loop_wake(&house->loop, &house->signals_task);
    return io_wait(&house->loop, &house->signals);
}
