#include "gateway/tunnel.h"

#include "base/arena.h"
#include "base/chunk.h"
#include "loop/driver_fake.h"
#include "os/fd.h"
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDLE_MS 60000u

static struct loop loop;
static struct arena arena;
static struct body up;
static struct body down;
static struct tunnel tunnel;
static struct task task;
static int backend; /* the other end of the connection */
static size_t open_before;

static void advance(struct task *woken)
{
    (void)woken;
    tunnel_advance(&tunnel);
}

static void begin(void)
{
    const struct tunnel_plan plan = {
        .loop = &loop, .task = &task, .up = &up, .down = &down, .idle_ms = IDLE_MS
    };
    int ends[2];

    signal(SIGPIPE, SIG_IGN);
    open_before = fd_count_open();
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    backend = ends[1];
    loop_init(&loop, driver_fake_new());
    task.run = advance;
    body_init(&up, &loop, &arena);
    up.reader = &task;
    body_init(&down, &loop, &arena);
    down.writer = &task;
    tunnel_open(&tunnel, &plan, fcgi_conn_new(&loop, ends[0], false));
    loop_wake(&loop, &task);
    loop_settle(&loop);
}

static void end(void)
{
    tunnel_close(&tunnel);
    body_done(&up);
    body_done(&down);
    if (backend >= 0)
        close(backend);
    loop_forget(&loop, &task);
    loop_done(&loop);
    arena_done(&arena);
    ck_assert_uint_eq(chunk_in_use(), 0);
    ck_assert_uint_eq(fd_count_open(), open_before);
}

/* ---- the two sides ---- */

static void client_says(const char *text)
{
    body_put_bytes(&up, slice_cstr(text));
    loop_settle(&loop);
}

static void client_ends(void)
{
    body_finish(&up, BODY_COMPLETE);
    loop_settle(&loop);
}

static void backend_says(const char *text)
{
    ck_assert_int_eq(send(backend, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    loop_settle(&loop);
}

static void backend_ends(void)
{
    ck_assert_int_eq(shutdown(backend, SHUT_WR), 0);
    loop_settle(&loop);
}

static void backend_leaves(void)
{
    close(backend);
    backend = -1;
    loop_settle(&loop);
}

/* All that has come there now; 0 at the end, -1: nothing. */
static ssize_t backend_hears(char *text, size_t room)
{
    const ssize_t got = recv(backend, text, room, 0);

    loop_settle(&loop);
    return got;
}

static void check_backend_hears(const char *text)
{
    char heard[64];
    const ssize_t got = backend_hears(heard, sizeof(heard));

    ck_assert_int_eq(got, (ssize_t)strlen(text));
    ck_assert_mem_eq(heard, text, (size_t)got);
}

static void check_client_hears(const char *text)
{
    struct iovec part;

    ck_assert_int_eq(body_peek(&down, &part, 1), 1);
    ck_assert_uint_eq(part.iov_len, strlen(text));
    ck_assert_mem_eq(part.iov_base, text, part.iov_len);
    body_take(&down, part.iov_len);
    loop_settle(&loop);
}

/* ---- tests ---- */

START_TEST(what_one_side_says_the_other_hears)
{
    char byte;

    begin();
    for (unsigned i = 0; i < 3; i++) {
        client_says("ping");
        check_backend_hears("ping");
        backend_says("pong");
        check_client_hears("pong");
    }
    ck_assert_int_eq(backend_hears(&byte, 1), -1);
    ck_assert_int_eq(tunnel.end, TUNNEL_OPEN);
    end();
}
END_TEST

START_TEST(bytes_that_came_early_are_there)
{
    begin();
    client_says("a");
    client_says("b");
    check_backend_hears("ab");
    backend_says("c");
    backend_says("d");
    check_client_hears("cd");
    end();
}
END_TEST

START_TEST(the_client_ends_first)
{
    char byte;

    begin();
    client_says("last");
    client_ends();
    check_backend_hears("last");
    ck_assert_int_eq(backend_hears(&byte, 1), 0);
    backend_says("still here");
    check_client_hears("still here");
    ck_assert_int_eq(tunnel.end, TUNNEL_OPEN);
    backend_ends();
    ck_assert_int_eq(down.end, BODY_COMPLETE);
    ck_assert_int_eq(tunnel.end, TUNNEL_OVER);
    end();
}
END_TEST

START_TEST(the_backend_ends_first)
{
    begin();
    backend_says("last");
    backend_ends();
    check_client_hears("last");
    ck_assert_int_eq(down.end, BODY_COMPLETE);
    ck_assert_int_eq(tunnel.end, TUNNEL_OPEN);
    client_says("still here");
    check_backend_hears("still here");
    client_ends();
    ck_assert_int_eq(tunnel.end, TUNNEL_OVER);
    end();
}
END_TEST

START_TEST(a_client_that_can_say_no_more_has_ended)
{
    begin();
    backend_ends();
    body_finish(&up, BODY_BROKEN);
    loop_settle(&loop);
    ck_assert_int_eq(tunnel.end, TUNNEL_OVER);
    end();
}
END_TEST

START_TEST(a_slow_client_slows_down_the_backend)
{
    char bytes[4096] = { 0 };
    ssize_t put;
    size_t sent = 0;
    size_t taken = 0;

    begin();
    while ((put = send(backend, bytes, sizeof(bytes), MSG_NOSIGNAL)) > 0) {
        sent += (size_t)put;
        loop_settle(&loop);
    }
    ck_assert_int_eq(errno, EAGAIN); /* it is full to the brim, and no fuller */
    ck_assert_uint_le(body_waiting(&down), BODY_HIGH);

    while (taken < sent) {
        const uint64_t waiting = body_waiting(&down);

        ck_assert_uint_gt(waiting, 0);
        ck_assert_uint_le(waiting, BODY_HIGH);
        body_take(&down, waiting);
        taken += waiting;
        loop_settle(&loop);
    }
    backend_says("and on");
    check_client_hears("and on");
    end();
}
END_TEST

START_TEST(a_slow_backend_slows_down_the_client)
{
    static char bytes[65536];
    size_t sent = 0;
    size_t heard = 0;
    ssize_t got;

    begin();
    while (body_room(&up) > 0) {
        body_put_bytes(&up, slice_of(bytes, sizeof(bytes)));
        sent += sizeof(bytes);
        loop_settle(&loop);
    }
    while (heard < sent && (got = backend_hears(bytes, sizeof(bytes))) > 0)
        heard += (size_t)got;
    ck_assert_uint_eq(heard, sent);
    ck_assert_uint_gt(body_room(&up), 0);
    end();
}
END_TEST

START_TEST(silence_ends_it)
{
    begin();
    loop_pass(&loop, IDLE_MS - 1);
    client_says("a");
    loop_pass(&loop, IDLE_MS - 1);
    backend_says("b");
    loop_pass(&loop, IDLE_MS - 1);
    ck_assert_int_eq(tunnel.end, TUNNEL_OPEN);
    loop_pass(&loop, 1);
    ck_assert_int_eq(tunnel.end, TUNNEL_IDLE);
    ck_assert_int_eq(down.end, BODY_OPEN); /* how that ends is not said here */
    end();
}
END_TEST

/* What was said before it left is heard, whatever it makes of what came then. */
START_TEST(a_backend_that_leaves_is_heard_to_the_end)
{
    begin();
    backend_says("bye");
    backend_leaves();
    client_says("nobody hears that");
    check_client_hears("bye");
    client_ends();
    ck_assert_int_ne(tunnel.end, TUNNEL_OPEN);
    end();
}
END_TEST

START_TEST(a_connection_that_breaks_is_no_end)
{
    const struct linger reset = { .l_onoff = 1 };

    begin();
    client_says("unread"); /* a unix socket that is closed with something unread is reset */
    ck_assert_int_eq(setsockopt(backend, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
    backend_leaves();
    ck_assert_int_eq(tunnel.end, TUNNEL_BROKEN);
    ck_assert_int_eq(tunnel.error, -ECONNRESET);
    ck_assert_int_eq(down.end, BODY_OPEN);
    end();
}
END_TEST

SUITE("tunnel", TEST(what_one_side_says_the_other_hears), TEST(bytes_that_came_early_are_there),
      TEST(the_client_ends_first), TEST(the_backend_ends_first),
      TEST(a_client_that_can_say_no_more_has_ended), TEST(a_slow_client_slows_down_the_backend),
      TEST(a_slow_backend_slows_down_the_client), TEST(silence_ends_it),
      TEST(a_backend_that_leaves_is_heard_to_the_end), TEST(a_connection_that_breaks_is_no_end))
