#include "os/landlock.h"

#include "os/fd.h"
#include "os/sandbox.h"
#include "suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/test_landlock_XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void put(const char *name)
{
    scoped_fd fd = open(in_folder(name), O_WRONLY | O_CREAT, 0644);

    ck_assert_int_ge(fd, 0);
}

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(mkdir(in_folder("open"), 0755), 0);
    ck_assert_int_eq(mkdir(in_folder("shut"), 0755), 0);
    put("open/file");
    put("shut/file");
    put("single");
}

static void remove_folder(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

enum act { ACT_READ, ACT_WRITE, ACT_TRUNCATE, ACT_MAKE, ACT_REMOVE, ACT_CONNECT };

/* 0 or an errno. */
static int do_act(enum act act, const char *name)
{
    const struct sockaddr_in nobody = { .sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const char *path = in_folder(name);
    int fd;

    switch (act) {
    case ACT_READ:
        return open(path, O_RDONLY) < 0 ? errno : 0;
    case ACT_WRITE:
        return open(path, O_WRONLY) < 0 ? errno : 0;
    case ACT_TRUNCATE:
        return truncate(path, 0) < 0 ? errno : 0;
    case ACT_MAKE:
        return mkdir(path, 0755) < 0 ? errno : 0;
    case ACT_REMOVE:
        return unlink(path) < 0 ? errno : 0;
    case ACT_CONNECT:
        fd = socket(AF_INET, SOCK_STREAM, 0);
        return connect(fd, (const struct sockaddr *)&nobody, sizeof(nobody)) < 0 ? errno : 0;
    }
    return -1;
}

/* In a child, closed in with "open" to be written, "single" and, if reads count, "shut" to be read.
 */
static int act_within(const struct landlock_scope *scope, enum act act, const char *name)
{
    int ruleset;
    int status;

    ck_assert_int_eq(landlock_open(scope, &ruleset), 0);
    ck_assert_int_eq(landlock_allow(ruleset, scope, in_folder("open"), LANDLOCK_WRITE), 0);
    ck_assert_int_eq(landlock_allow(ruleset, scope, in_folder("single"), LANDLOCK_WRITE), 0);
    ck_assert_int_eq(landlock_allow(ruleset, scope, in_folder("shut"), LANDLOCK_READ), 0);
    ck_assert_int_eq(landlock_allow(ruleset, scope, in_folder("gone"), LANDLOCK_READ), -ENOENT);
    pid_t pid = fork();
    if (pid == 0) {
        if (sandbox_no_new_privs() < 0 || landlock_enforce(ruleset) < 0)
            _exit(255);
        _exit(do_act(act, name));
    }
    fd_close(&ruleset);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

static const struct {
    bool reads;
    enum act act;
    const char *name;
    int error;
} acts[] = {
    { false, ACT_READ, "../../etc/passwd", 0 },
    { false, ACT_READ, "shut/file", 0 },
    { false, ACT_WRITE, "shut/file", EACCES },
    { false, ACT_REMOVE, "shut/file", EACCES },
    { false, ACT_MAKE, "shut/new", EACCES },
    { false, ACT_MAKE, "new", EACCES },
    { false, ACT_WRITE, "open/file", 0 },
    { false, ACT_MAKE, "open/new", 0 },
    { false, ACT_REMOVE, "open/file", 0 },
    { false, ACT_WRITE, "single", 0 },
    { false, ACT_REMOVE, "single", EACCES },
    { true, ACT_READ, "../../etc/passwd", EACCES },
    { true, ACT_READ, "shut/file", 0 },
    { true, ACT_WRITE, "shut/file", EACCES },
    { true, ACT_READ, "open/file", 0 },
    { true, ACT_MAKE, "open/new", 0 },
    { true, ACT_READ, "single", 0 },
};

START_TEST(only_what_is_allowed_can_be_done)
{
    const struct landlock_scope scope = { .reads = acts[_i].reads };

    if (landlock_abi() == 0)
        return;
    make_folder();
    ck_assert_int_eq(act_within(&scope, acts[_i].act, acts[_i].name), acts[_i].error);
    remove_folder();
}
END_TEST

START_TEST(truncating_is_writing)
{
    const struct landlock_scope scope = { 0 };

    if (landlock_abi() < 3)
        return;
    make_folder();
    ck_assert_int_eq(act_within(&scope, ACT_TRUNCATE, "shut/file"), EACCES);
    ck_assert_int_eq(act_within(&scope, ACT_TRUNCATE, "open/file"), 0);
    remove_folder();
}
END_TEST

START_TEST(the_network_is_shut_where_the_kernel_can)
{
    struct landlock_scope scope = { .network = true };
    int ruleset;

    if (landlock_abi() < 4) {
        ck_assert_int_eq(landlock_open(&scope, &ruleset), -EOPNOTSUPP);
        return;
    }
    make_folder();
    ck_assert_int_eq(act_within(&scope, ACT_CONNECT, ""), EACCES);
    scope.network = false;
    ck_assert_int_ne(act_within(&scope, ACT_CONNECT, ""), EACCES);
    remove_folder();
}
END_TEST

SUITE("landlock", LOOP(only_what_is_allowed_can_be_done, acts), TEST(truncating_is_writing),
      TEST(the_network_is_shut_where_the_kernel_can))
