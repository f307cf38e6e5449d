#include "os/notify.h"

#include "os/fd.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char *const names[] = { "/", "@" }; /* a file, an abstract name */

START_TEST(the_state_reaches_the_manager)
{
    char folder[] = "/tmp/test-notify-XXXXXX";
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char name[100], data[32];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    int len = snprintf(name, sizeof(name), "%s%s/sock", names[_i][0] == '@' ? "@" : "", folder);
    memcpy(address.sun_path, name, (size_t)len);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    scoped_fd manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(
        bind(manager, (struct sockaddr *)&address, (socklen_t)(sizeof(sa_family_t) + (size_t)len)),
        0);

    ck_assert_int_eq(setenv("NOTIFY_SOCKET", name, 1), 0);
    ck_assert_int_eq(notify_send("READY=1"), 0);
    ck_assert_int_eq(recv(manager, data, sizeof(data), MSG_DONTWAIT), 7);
    ck_assert_int_eq(memcmp(data, "READY=1", 7), 0);
    if (name[0] == '/')
        unlink(name);
    rmdir(folder);
}
END_TEST

static const struct {
    const char *name; /* NULL: not set */
    int expect;
} managers[] = {
    { NULL, 0 },
    { "", 0 },
    { "vsock:2:1234", -EAFNOSUPPORT },
    { "relative", -EAFNOSUPPORT },
    { "/nonexistent/socket", -ENOENT },
    { "@nobody-listens-to-this-name", -ECONNREFUSED },
    { "/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
      "1234567890123456789",
      -ENAMETOOLONG },
};

START_TEST(a_missing_manager_is_told_and_none_is_fine)
{
    if (managers[_i].name)
        setenv("NOTIFY_SOCKET", managers[_i].name, 1);
    else
        unsetenv("NOTIFY_SOCKET");
    ck_assert_int_eq(notify_send("READY=1"), managers[_i].expect);
}
END_TEST

static const struct {
    const char *count; /* NULL: not set */
    bool ours;
    int expect;
} handed[] = {
    { NULL, true, 0 },
    { "2", true, 2 },
    { "1", true, 1 },
    { "0", true, 0 },
    { "2", false, 0 },
    { "-1", true, 0 },
    { "+2", true, 0 },
    { "2x", true, 0 },
    { "", true, 0 },
    { "9000", true, 0 },
    { "99999999999999999999", true, 0 },
};

START_TEST(sockets_handed_in_are_counted_if_meant_for_us)
{
    char pid[32];

    for (int fd = 3; fd <= 4; fd++) {
        scoped_fd file = open("/dev/null", O_RDONLY);
        ck_assert_int_ge(file, 0);
        if (file == fd)
            fd_take(&file);
        else
            ck_assert_int_eq(dup2(file, fd), fd);
        ck_assert_int_eq(fcntl(fd, F_SETFD, 0), 0);
    }
    snprintf(pid, sizeof(pid), "%d", handed[_i].ours ? (int)getpid() : (int)getppid());
    setenv("LISTEN_PID", pid, 1);
    if (handed[_i].count)
        setenv("LISTEN_FDS", handed[_i].count, 1);
    else
        unsetenv("LISTEN_FDS");
    ck_assert_int_eq(notify_listen_fds(), handed[_i].expect);
    ck_assert_int_eq(notify_listen_fds(), handed[_i].expect);
    if (handed[_i].expect > 0)
        ck_assert_int_eq(fcntl(3, F_GETFD), FD_CLOEXEC);
}
END_TEST

SUITE("notify", LOOP(the_state_reaches_the_manager, names),
      LOOP(a_missing_manager_is_told_and_none_is_fine, managers),
      LOOP(sockets_handed_in_are_counted_if_meant_for_us, handed))
