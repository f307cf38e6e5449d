#include "gateway/owner.h"

#include "base/arena.h"
#include "os/fd.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NOT_US 54321u

/* A socket of ours that listens, and a connection to it. */
struct pair {
    char folder[64];
    struct sockaddr_un address;
    int listener;
    int fd;
};

static void pair_open(struct pair *pair)
{
    *pair = (struct pair){ .address.sun_family = AF_UNIX };
    strcpy(pair->folder, "/tmp/longhouse-owner-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(pair->folder));
    snprintf(pair->address.sun_path, sizeof(pair->address.sun_path), "%s/s", pair->folder);
    pair->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pair->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr *address = (const struct sockaddr *)&pair->address;
    ck_assert_int_eq(bind(pair->listener, address, sizeof(pair->address)), 0);
    ck_assert_int_eq(listen(pair->listener, 1), 0);
    ck_assert_int_eq(connect(pair->fd, address, sizeof(pair->address)), 0);
}

static void pair_close(struct pair *pair)
{
    close(pair->fd);
    close(pair->listener);
    unlink(pair->address.sun_path);
    rmdir(pair->folder);
}

START_TEST(only_the_owner_is_believed)
{
    struct pair pair;

    pair_open(&pair);
    const char *path = pair.address.sun_path;
    ck_assert_int_eq(owner_check(pair.fd, path, geteuid()), 0);
    ck_assert_int_eq(owner_check(pair.fd, path, OWNER_ANY), 0);
    ck_assert_int_eq(owner_check(pair.fd, path, NOT_US), OWNER_WRONG);
    ck_assert_int_eq(owner_check(pair.fd, path, OWNER_UNKNOWN), OWNER_WRONG);
    pair_close(&pair);
}
END_TEST

START_TEST(a_socket_that_is_gone_is_not_believed)
{
    struct pair pair;

    pair_open(&pair);
    unlink(pair.address.sun_path);
    ck_assert_int_eq(owner_check(pair.fd, pair.address.sun_path, geteuid()), -ENOENT);
    ck_assert_int_eq(owner_check(pair.fd, pair.address.sun_path, OWNER_ANY), 0);
    pair_close(&pair);
}
END_TEST

START_TEST(the_file_and_the_listener_must_both_be_good)
{
    struct pair pair;

    if (geteuid() != 0)
        return; /* only root can give a file away */
    pair_open(&pair);
    const char *path = pair.address.sun_path;
    ck_assert_int_eq(chown(path, NOT_US, (gid_t)-1), 0);
    ck_assert_int_eq(owner_check(pair.fd, path, NOT_US), 0); /* root listens for it: spawn-fcgi */
    ck_assert_int_eq(owner_check(pair.fd, path, 0), OWNER_WRONG);
    pair_close(&pair);
}
END_TEST

START_TEST(a_user_is_a_name_or_a_number)
{
    ck_assert_uint_eq(owner_find(SLICE("root")), 0);
    ck_assert_uint_eq(owner_find(SLICE("4711")), 4711);
    ck_assert_uint_eq(owner_find(SLICE("")), OWNER_ANY);
    ck_assert_uint_eq(owner_find(SLICE("nobody-has-this-name")), OWNER_UNKNOWN);
}
END_TEST

SUITE("owner", TEST(only_the_owner_is_believed), TEST(a_socket_that_is_gone_is_not_believed),
      TEST(the_file_and_the_listener_must_both_be_good), TEST(a_user_is_a_name_or_a_number))
