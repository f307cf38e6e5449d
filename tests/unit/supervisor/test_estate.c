/* What a house leaves to the next one: sockets by address, files by path, and what cannot be read.
 */
#include "supervisor_private.h"

#include "os/fd.h"
#include "os/pass.h"
#include "os/socket.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>

static struct estate estate;
static int house; /* its end of the channel */
static int heir;

static void set_up(void)
{
    estate_init(&estate);
    ck_assert_int_eq(pass_pair(&house, &heir), 0);
}

static void tear_down(void)
{
    estate_close(&estate);
    fd_close(&house);
}

static void say(const struct handover *message, int fd)
{
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];
    int count = handover_encode(message, head, parts);

    ck_assert_int_eq(pass_send(house, parts, count, &fd, fd >= 0), 0);
}

static void say_that_is_all(void)
{
    say(&(struct handover){ .kind = HANDOVER_GO }, -1);
}

START_TEST(a_socket_is_found_by_its_address)
{
    struct arena arena = { 0 };
    struct diags diags;
    struct binding_conf binding = { 0 };
    struct server_conf conf = { .bindings = &binding, .binding_count = 1, .listen_backlog = 16 };
    struct ports ports;
    int listener = -1;

    set_up();
    diags_init(&diags, &arena);
    ck_assert(address_parse_ip(SLICE("127.0.0.1"), 0, &binding.address));
    ck_assert_int_eq(socket_listen(&binding.address, 16, &listener), 0);
    ck_assert_int_eq(socket_local_address(listener, &binding.address), 0);
    binding.port = address_port(&binding.address);
    say(&(struct handover){ .kind = HANDOVER_LISTENER }, listener);
    say_that_is_all();
    ck_assert_int_eq(estate_receive(&estate, heir), 0);

    ck_assert(ports_open(&conf, &estate, &diags, &ports)); /* though it is taken */
    ck_assert_int_ne(ports.fds[0], listener);
    ports_close(&ports);
    estate_close(&estate);
    ck_assert(!ports_open(&conf, &estate, &diags, &ports));
    ports_close(&ports);
    fd_close(&listener);
    arena_done(&arena);
    tear_down();
}
END_TEST

START_TEST(a_file_is_taken_once_and_by_its_path)
{
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    set_up();
    say(&(struct handover){ .kind = HANDOVER_CONTROL, .text = SLICE("/run/control") }, null_fd);
    say(&(struct handover){ .kind = HANDOVER_PID_FILE, .text = SLICE("/run/pid") }, null_fd);
    say_that_is_all();
    ck_assert_int_eq(estate_receive(&estate, heir), 0);
    fd_close(&null_fd);

    ck_assert_int_eq(estate_take(&estate.control, "/run/pid"), -1);
    int control = estate_take(&estate.control, "/run/control");
    ck_assert_int_ge(control, 0);
    ck_assert_int_eq(estate_take(&estate.control, "/run/control"), -1);
    fd_close(&control);
    tear_down();
}
END_TEST

START_TEST(what_a_later_version_sends_besides_is_let_go)
{
    set_up();
    const size_t before = fd_count_open();
    say(&(struct handover){ .kind = HANDOVER_LOG, .text = SLICE("/var/log/x") }, house);
    say_that_is_all();
    ck_assert_int_eq(estate_receive(&estate, heir), 0);
    ck_assert_uint_eq(estate.count, 0);
    ck_assert_uint_eq(fd_count_open(), before);
    tear_down();
}
END_TEST

static const int endings[] = { -ECONNRESET, -EBADMSG };

START_TEST(a_house_that_leaves_or_says_nonsense_is_an_error)
{

    set_up();
    if (_i == 0) {
        fd_close(&house);
    } else {
        struct iovec nonsense = { (void *)"nonsense", 8 };
        ck_assert_int_eq(pass_send(house, &nonsense, 1, NULL, 0), 0);
    }
    ck_assert_int_eq(estate_receive(&estate, heir), endings[_i]);
    tear_down();
}
END_TEST

START_TEST(the_house_hears_how_it_went)
{
    char bytes[HANDOVER_HEAD + HANDOVER_TEXT_MOST];
    struct handover message;
    int count;

    set_up();
    say_that_is_all();
    ck_assert_int_eq(estate_receive(&estate, heir), 0);
    estate_tell(&estate, false, SLICE("x.conf:1:1: error"));
    int len = pass_receive(house, bytes, sizeof(bytes), NULL, 0, &count);
    ck_assert_int_gt(len, 0);
    ck_assert(handover_decode(slice_of(bytes, (size_t)len), &message, NULL) == PARSE_DONE);
    ck_assert(message.kind == HANDOVER_FAILED);
    ck_assert(slice_equal(message.text, SLICE("x.conf:1:1: error")));
    tear_down();
}
END_TEST

SUITE("supervisor/estate", TEST(a_socket_is_found_by_its_address),
      TEST(a_file_is_taken_once_and_by_its_path),
      TEST(what_a_later_version_sends_besides_is_let_go),
      LOOP(a_house_that_leaves_or_says_nonsense_is_an_error, endings),
      TEST(the_house_hears_how_it_went))
