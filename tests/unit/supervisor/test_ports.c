#include "supervisor_private.h"

#include "os/fd.h"
#include "os/socket.h"
#include "suite.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

static struct estate nothing = { .channel = -1, .control.fd = -1, .pid_file.fd = -1 };
static const struct {
    const char *address;
    uint16_t port;
    bool tls;
    const char *url;
} urls[] = {
    { "127.0.0.1", 80, false, "http://127.0.0.1/" },
    { "127.0.0.1", 8080, false, "http://127.0.0.1:8080/" },
    { "::1", 8080, false, "http://[::1]:8080/" },
    { "127.0.0.1", 443, true, "https://127.0.0.1/" },
    { "127.0.0.1", 80, true, "https://127.0.0.1:80/" },
    { "127.0.0.1", 443, false, "http://127.0.0.1:443/" },
    { "0.0.0.0", 80, false, "http://localhost/  (every IPv4 address)" },
    { "::", 8080, false, "http://localhost:8080/  (every IPv6 address)" },
};

/* ListenBacklog, as the kernel has it. */
static unsigned backlog_of(int fd)
{
    struct tcp_info info = { 0 };
    socklen_t len = sizeof(info);

    ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    return info.tcpi_sacked;
}

START_TEST(a_binding_is_shown_as_a_url)
{
    struct arena arena = { 0 };
    union socket_address address;

    ck_assert(address_parse_ip(slice_cstr(urls[_i].address), urls[_i].port, &address));
    ck_assert_str_eq(banner_url(&address, urls[_i].tls, &arena), urls[_i].url);
    arena_done(&arena);
}
END_TEST

static struct binding_conf binding_of(union socket_address address)
{
    return (struct binding_conf){ .address = address, .port = address_port(&address) };
}

START_TEST(a_port_that_is_taken_is_named_with_a_cure)
{
    struct arena arena = { 0 };
    struct diags diags;
    struct ports first;
    struct ports second;
    union socket_address address;
    size_t before = fd_count_open();

    diags_init(&diags, &arena);
    ck_assert(address_parse_ip(SLICE("127.0.0.1"), 0, &address));
    struct binding_conf binding = binding_of(address);
    struct server_conf conf = { .bindings = &binding, .binding_count = 1, .listen_backlog = 16 };
    ck_assert(ports_open(&conf, &nothing, &diags, &first));
    ck_assert_int_eq(socket_local_address(first.fds[0], &binding.address), 0);
    binding.port = address_port(&binding.address);
    ck_assert(!ports_open(&conf, &nothing, &diags, &second));
    ck_assert_uint_eq(diags.errors, 1);
    ck_assert(slice_starts(diags.first->message, SLICE("cannot listen on 127.0.0.1:")));
    ck_assert(slice_starts(diags.first->hint, SLICE("another program listens there")));
    ports_close(&second);
    ports_close(&first);
    ck_assert_uint_eq(fd_count_open(), before);
    arena_done(&arena);
}
END_TEST

START_TEST(the_next_generation_has_the_same_socket_for_the_same_address)
{
    struct arena arena = { 0 };
    struct diags diags;
    struct ports now;
    struct ports next;
    union socket_address address;
    size_t before = fd_count_open();

    diags_init(&diags, &arena);
    ck_assert(address_parse_ip(SLICE("127.0.0.1"), 0, &address));
    struct binding_conf binding = binding_of(address);
    struct server_conf conf = { .bindings = &binding, .binding_count = 1, .listen_backlog = 16 };
    ck_assert(ports_open(&conf, &nothing, &diags, &now));
    ck_assert_int_eq(socket_local_address(now.fds[0], &binding.address), 0);
    binding.port = address_port(&binding.address);

    struct binding_conf same = binding;
    struct binding_conf other = binding_of(address);
    other.next = &same;
    same.index = 1;
    struct server_conf changed = { .bindings = &other, .binding_count = 2, .listen_backlog = 5 };
    ck_assert_uint_eq(backlog_of(now.fds[0]), 16);
    ck_assert(ports_renew(&changed, &conf, &now, &diags, &next));
    ports_close(&now);
    ck_assert_int_eq(socket_local_address(next.fds[1], &address), 0); /* it listens on */
    ck_assert_uint_eq(backlog_of(next.fds[1]), 5);
    ck_assert_uint_eq(address_port(&address), binding.port);
    ck_assert_int_eq(socket_local_address(next.fds[0], &address), 0);
    ck_assert_uint_ne(address_port(&address), binding.port);
    ports_close(&next);
    ck_assert_uint_eq(diags.errors, 0);
    ck_assert_uint_eq(fd_count_open(), before);
    arena_done(&arena);
}
END_TEST

static const int errors[] = { EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EMFILE, EINVAL };

START_TEST(every_failure_has_a_cure)
{
    ck_assert_uint_gt(strlen(ports_cure(errors[_i])), 10);
}
END_TEST

SUITE("supervisor/ports", LOOP(a_binding_is_shown_as_a_url, urls),
      TEST(a_port_that_is_taken_is_named_with_a_cure),
      TEST(the_next_generation_has_the_same_socket_for_the_same_address),
      LOOP(every_failure_has_a_cure, errors))
