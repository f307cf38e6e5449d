#include "os/remove.h"

#include "os/fd.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/test_remove_XXXXXX";

START_TEST(all_is_removed_and_no_link_is_followed)
{
    struct stat info;
    char path[128];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/kept", folder);
    scoped_fd kept = open(path, O_WRONLY | O_CREAT, 0644);
    ck_assert_int_ge(kept, 0);
    snprintf(path, sizeof(path), "%s/gone", folder);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    scoped_fd gone = open(path, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(mkdirat(gone, "deep", 0755), 0);
    ck_assert_int_eq(mkdirat(gone, "deep/er", 0755), 0);
    ck_assert_int_eq(mkfifoat(gone, "deep/er/fifo", 0644), 0);
    ck_assert_int_eq(symlinkat("../..", gone, "deep/up"), 0);
    ck_assert_int_eq(symlinkat("../kept", gone, "link"), 0);
    ck_assert_int_eq(remove_all(path), 0);
    ck_assert_int_eq(lstat(path, &info), -1);
    ck_assert_int_eq(remove_all(path), -ENOENT);
    snprintf(path, sizeof(path), "%s/kept", folder);
    ck_assert_int_eq(lstat(path, &info), 0);
    ck_assert_int_eq(remove_all(folder), 0);
}
END_TEST

START_TEST(what_lies_too_deep_is_told_and_left)
{
    char command[256];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    scoped_fd at = open(folder, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 80; i++) {
        ck_assert_int_eq(mkdirat(at, "d", 0755), 0);
        int next = openat(at, "d", O_RDONLY | O_DIRECTORY);
        fd_close(&at);
        at = next;
    }
    ck_assert_int_eq(remove_all(folder), -ELOOP);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

SUITE("remove", TEST(all_is_removed_and_no_link_is_followed),
      TEST(what_lies_too_deep_is_told_and_left))
