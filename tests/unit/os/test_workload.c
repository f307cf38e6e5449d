/* The table of sockets as text, and what /proc says of real processes of this test. */
#include "os/workload.h"

#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char table[] =
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "0000000031916f7c: 00000002 00000000 00010000 0001 01 20417228 /run/p.sock\n"
    "000000000cec3895: 00000003 00000000 00000000 0001 02     0 /run/p.sock\n"
    "000000004918cc00: 00000003 00000000 00000000 0001 03 20417232 /run/p.sock\n"
    "000000004918cc01: 00000003 00000000 00000000 0001 03    17 /run/p.sock\n"
    "000000007f043cf3: 00000002 00000000 00000000 0001 02     0 /run/p.sock\n"
    "000000002e862a52: 00000003 00000000 00000000 0005 03 20007785\n"
    "000000002e862a53: 00000003 00000000 00000000 0001 03 5 /other/run/p.sock\n"
    "000000002e862a54: 00000003 00000000 00000000 0001 03 6 /run/p.sock.old\n"
    "000000002e862a55: 00000003 00000000 zz 0001 03 7 /run/p.sock\n"
    "/run/p.sock\n"
    "000000002e862a56: 00000003 00000000 00000000 0001 03 8 /run/p.sock";

START_TEST(accepted_and_waiting_connections_of_one_socket_are_found)
{
    struct connections found = { 0 };

    for (int twice = 0; twice < 2; twice++) {
        connections_find(SLICE(table), SLICE("/run/p.sock"), &found);
        ck_assert_uint_eq(found.waiting, 2);
        ck_assert_uint_eq(found.count, 3);
        ck_assert_uint_eq(found.accepted[0], 20417232);
        ck_assert_uint_eq(found.accepted[1], 17);
        ck_assert_uint_eq(found.accepted[2], 8);
    }
    connections_find(SLICE(""), SLICE("/run/p.sock"), &found);
    ck_assert_uint_eq(found.waiting + found.count, 0);
    connections_free(&found);
}
END_TEST

static int listen_at(struct sockaddr_un *address)
{
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    snprintf(address->sun_path, sizeof(address->sun_path), "/tmp/test_workload_%d", (int)getpid());
    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)address, sizeof(*address)), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    return listener;
}

static int connect_to(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(connect(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
    return fd;
}

static struct connections look(const struct sockaddr_un *address)
{
    struct connections found = { 0 };
    char *text;
    size_t len;

    ck_assert_int_eq(connections_read(&text, &len), 0);
    connections_find(slice_of(text, len), slice_cstr(address->sun_path), &found);
    free(text);
    return found;
}

/* A child that waits for the end of a pipe; `holder` starts one more that holds `fd`. */
static pid_t start_child(int wait_for, int held, bool in_grandchild)
{
    pid_t pid = fork();
    char byte;

    if (pid != 0)
        return pid;
    if (in_grandchild && fork() != 0) {
        close(held);
        pause();
    }
    if (read(wait_for, &byte, 1) < 0)
        _exit(1);
    _exit(0);
}

static const bool by_descendant[] = { false, true };

START_TEST(who_holds_a_connection_is_seen_and_so_is_a_descendant_that_does)
{
    struct sockaddr_un address;
    int listener = listen_at(&address);
    int first = connect_to(&address);
    int second = connect_to(&address);
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    struct connections before = look(&address);
    ck_assert_uint_eq(before.waiting, 2);
    ck_assert(!workload_holds(getpid(), &before));

    int accepted = accept(listener, NULL, NULL);
    struct connections found = look(&address);
    ck_assert_uint_eq(found.waiting, 1);
    ck_assert_uint_eq(found.count, 1);
    ck_assert(workload_holds(getpid(), &found));

    pid_t child = start_child(ends[0], accepted, by_descendant[_i]);
    close(accepted);
    ck_assert(workload_holds(child, &found));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ends[1]);
    ck_assert(!workload_holds(getpid(), &found) || by_descendant[_i]);
    connections_free(&before);
    connections_free(&found);
    close(first);
    close(second);
    close(listener);
    unlink(address.sun_path);
}
END_TEST

START_TEST(memory_is_that_of_the_family_and_work_moves_its_clock)
{
    static char pages[8 << 20];
    struct workload before;
    struct workload after;

    ck_assert(workload_of(getpid(), &before));
    ck_assert_uint_eq(before.processes, 1);
    memset(pages, 1, sizeof(pages));
    ck_assert(workload_of(getpid(), &after));
    ck_assert_uint_ge(after.memory_bytes, before.memory_bytes + sizeof(pages) / 2);
    ck_assert_uint_gt(after.ran_ns, before.ran_ns);

    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    ck_assert(workload_of(getpid(), &after));
    ck_assert_uint_eq(after.processes, 2);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert(!workload_of(child, &after));
    ck_assert(workload_catches(child) == 0);
}
END_TEST

static void nothing(int signal)
{
    (void)signal;
}

START_TEST(signals_with_a_handler_are_told)
{
    ck_assert(!(workload_catches(getpid()) & 1u << (SIGUSR1 - 1)));
    signal(SIGUSR1, nothing);
    signal(SIGUSR2, SIG_IGN);
    uint64_t caught = workload_catches(getpid());
    ck_assert(caught & 1u << (SIGUSR1 - 1));
    ck_assert(!(caught & 1u << (SIGUSR2 - 1)));
}
END_TEST

SUITE("workload", TEST(accepted_and_waiting_connections_of_one_socket_are_found),
      LOOP(who_holds_a_connection_is_seen_and_so_is_a_descendant_that_does, by_descendant),
      TEST(memory_is_that_of_the_family_and_work_moves_its_clock),
      TEST(signals_with_a_handler_are_told))
