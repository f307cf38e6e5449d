#include "os/socket.h"

#include "os/fd.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char folder[] = "/tmp/test-socket-XXXXXX";

static union socket_address unix_address(const char *name)
{
    union socket_address address = { .un.sun_family = AF_UNIX };

    snprintf(address.un.sun_path, sizeof(address.un.sun_path), "%s/%s", folder, name);
    return address;
}

static void open_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void close_folder(const union socket_address *address)
{
    unlink(address->un.sun_path);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* Waits until the connection is made; the peer is in this process. */
static void finish_connect(int fd, int result)
{
    struct pollfd one = { .fd = fd, .events = POLLOUT };

    if (result == -EINPROGRESS)
        ck_assert_int_eq(poll(&one, 1, 10000), 1);
    else
        ck_assert_int_eq(result, 0);
    ck_assert_int_eq(socket_error(fd), 0);
}

static int accept_waiting(int listener, union socket_address *ret_peer)
{
    struct pollfd one = { .fd = listener, .events = POLLIN };
    int fd;

    ck_assert_int_eq(poll(&one, 1, 10000), 1);
    ck_assert_int_eq(socket_accept(listener, ret_peer, &fd), 0);
    return fd;
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);

    ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

static const char *const loopbacks[] = { "127.0.0.1", "::1" };

START_TEST(a_client_comes_through_to_the_listener)
{
    union socket_address address, peer;
    int listener, client;

    ck_assert(address_parse_ip(slice_cstr(loopbacks[_i]), 0, &address));
    int r = socket_listen(&address, 16, &listener);
    if (r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT) /* a machine without IPv6 */
        return;
    ck_assert_int_eq(r, 0);
    ck_assert_int_eq(socket_local_address(listener, &address), 0);
    ck_assert_uint_ne(address_port(&address), 0);
    ck_assert_int_eq(socket_accept(listener, &peer, &client), -EAGAIN);

    r = socket_connect(&address, &client);
    ck_assert(r == 0 || r == -EINPROGRESS);
    finish_connect(client, r);
    int accepted = accept_waiting(listener, &peer);
    ck_assert(address_equal_ip(&peer, &address));
    ck_assert_int_eq(option(accepted, IPPROTO_TCP, TCP_NODELAY), 1);
    ck_assert_int_eq(option(client, IPPROTO_TCP, TCP_NODELAY), 1);
    ck_assert_int_ne(fcntl(accepted, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(accepted, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_ne(fcntl(client, F_GETFD) & FD_CLOEXEC, 0);

    ck_assert(!socket_has_input(accepted));
    ck_assert_int_eq(send(client, "x", 1, 0), 1);
    struct pollfd one = { .fd = accepted, .events = POLLIN };
    ck_assert_int_eq(poll(&one, 1, 10000), 1);
    ck_assert(socket_has_input(accepted));
    ck_assert(socket_has_input(accepted)); /* it only looked */
    fd_close(&client);
    fd_close(&accepted);
    fd_close(&listener);
}
END_TEST

START_TEST(an_address_in_use_is_told)
{
    union socket_address address;
    int listener, second;

    ck_assert(address_parse_ip(SLICE("127.0.0.1"), 0, &address));
    ck_assert_int_eq(socket_listen(&address, 16, &listener), 0);
    ck_assert_int_eq(socket_local_address(listener, &address), 0);
    ck_assert_int_eq(socket_listen(&address, 16, &second), -EADDRINUSE);
    fd_close(&listener);
    ck_assert_int_eq(socket_listen(&address, 16, &listener), 0);
    fd_close(&listener);
}
END_TEST

START_TEST(a_refused_connection_is_told)
{
    union socket_address address;
    int listener, client;

    ck_assert(address_parse_ip(SLICE("127.0.0.1"), 0, &address));
    ck_assert_int_eq(socket_listen(&address, 16, &listener), 0);
    ck_assert_int_eq(socket_local_address(listener, &address), 0);
    fd_close(&listener);

    int r = socket_connect(&address, &client);
    if (r == -EINPROGRESS) {
        struct pollfd one = { .fd = client, .events = POLLOUT };
        ck_assert_int_eq(poll(&one, 1, 10000), 1);
        r = socket_error(client);
        fd_close(&client);
    }
    ck_assert_int_eq(r, -ECONNREFUSED);
}
END_TEST

START_TEST(the_end_of_the_peer_counts_as_input)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert(!socket_has_input(ends[0]));
    fd_close(&ends[1]);
    ck_assert(socket_has_input(ends[0]));
    fd_close(&ends[0]);
}
END_TEST

START_TEST(a_unix_listener_takes_clients_and_replaces_a_stale_file)
{
    int listener, client, second;
    union socket_address peer;

    open_folder();
    union socket_address address = unix_address("sock");
    for (int i = 0; i < 2; i++) { /* the second time over the file of the first */
        ck_assert_int_eq(socket_listen(&address, 16, &listener), 0);
        ck_assert_int_eq(socket_listen(&address, 16, &second), -EADDRINUSE);
        int stranger = accept_waiting(listener, &peer); /* the question whether somebody listens */
        fd_close(&stranger);

        ck_assert_int_eq(socket_connect(&address, &client), 0);
        int accepted = accept_waiting(listener, &peer);
        ck_assert_int_eq(peer.any.sa_family, AF_UNIX);
        fd_close(&accepted);
        fd_close(&client);
        fd_close(&listener);
    }
    ck_assert_int_eq(socket_connect(&address, &client), -ECONNREFUSED);
    unlink(address.un.sun_path);
    ck_assert_int_eq(socket_connect(&address, &client), -ENOENT);
    close_folder(&address);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_left_alone)
{
    struct stat found;
    int listener;

    open_folder();
    union socket_address address = unix_address("file");
    scoped_fd file = open(address.un.sun_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(socket_listen(&address, 16, &listener), -EADDRINUSE);
    ck_assert_int_eq(stat(address.un.sun_path, &found), 0);
    ck_assert(S_ISREG(found.st_mode));
    close_folder(&address);
}
END_TEST

START_TEST(a_full_backlog_is_busy_and_not_down)
{
    enum { TRIES = 8 };
    int listener, clients[TRIES], count = 0, r = 0;

    open_folder();
    union socket_address address = unix_address("sock");
    ck_assert_int_eq(socket_listen(&address, 1, &listener), 0);
    while (count < TRIES && (r = socket_connect(&address, &clients[count])) == 0)
        count++;
    ck_assert_int_eq(r, -EAGAIN);
    ck_assert_int_ge(count, 1);
    /* And it still counts as one that listens. */
    int second;
    ck_assert_int_eq(socket_listen(&address, 1, &second), -EADDRINUSE);

    while (count > 0)
        fd_close(&clients[--count]);
    fd_close(&listener);
    close_folder(&address);
}
END_TEST

START_TEST(a_listener_handed_in_can_be_tuned)
{
    int unix_socket, tcp;

    unix_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(socket_tune_listener(unix_socket), 0);
    tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(socket_tune_listener(tcp), 0);
    ck_assert_int_eq(option(tcp, IPPROTO_TCP, TCP_NODELAY), 1);
    fd_close(&unix_socket);
    fd_close(&tcp);
    ck_assert_int_eq(socket_tune_listener(-1), -EBADF);
}
END_TEST

START_TEST(it_is_known_whether_the_peer_has_read)
{
    int ends[2];
    char bytes[8];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert(socket_is_read(ends[0]));
    ck_assert_int_eq(send(ends[0], "1234567", 8, 0), 8);
    ck_assert(!socket_is_read(ends[0]));
    ck_assert_int_eq(recv(ends[1], bytes, 8, MSG_PEEK), 8);
    ck_assert(!socket_is_read(ends[0]));
    ck_assert_int_eq(recv(ends[1], bytes, 8, 0), 8);
    ck_assert(socket_is_read(ends[0]));
    ck_assert_int_eq(send(ends[0], "1234567", 8, 0), 8);
    fd_close(&ends[1]); /* nobody will read it, and nobody can tell any more */
    ck_assert(socket_is_read(ends[0]));
    fd_close(&ends[0]);
}
END_TEST

SUITE("socket", LOOP(a_client_comes_through_to_the_listener, loopbacks),
      TEST(an_address_in_use_is_told), TEST(a_refused_connection_is_told),
      TEST(the_end_of_the_peer_counts_as_input),
      TEST(a_unix_listener_takes_clients_and_replaces_a_stale_file),
      TEST(a_file_that_is_no_socket_is_left_alone), TEST(a_full_backlog_is_busy_and_not_down),
      TEST(a_listener_handed_in_can_be_tuned), TEST(it_is_known_whether_the_peer_has_read))
