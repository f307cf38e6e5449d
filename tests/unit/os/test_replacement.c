#include "os/replacement.h"

#include "os/fd.h"
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[] = "/tmp/test-replacement-XXXXXX";

static void begin(void)
{
    ck_assert_ptr_nonnull(mkdtemp(base));
}

static int open_base(void)
{
    int fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static const char *in_base(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", base, name);
    return path;
}

static void check_content(const char *name, const char *expect)
{
    char bytes[64] = "";
    scoped_fd fd = open(in_base(name), O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(read(fd, bytes, sizeof(bytes) - 1), (ssize_t)strlen(expect));
    ck_assert_str_eq(bytes, expect);
}

static unsigned count_names(void)
{
    DIR *dir = opendir(base);
    unsigned count = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2; /* . and .. */
}

static void end(void)
{
    unlink(in_base("file"));
    unlink(in_base("other"));
    rmdir(in_base("folder"));
    ck_assert_int_eq(rmdir(base), 0); /* nothing was left */
}

static struct replacement written(const char *content, mode_t mode)
{
    struct replacement replacement;

    ck_assert_int_eq(replacement_open(open_base(), mode, &replacement), 0);
    ck_assert_int_eq(fd_write_all(replacement.fd, content, strlen(content)), 0);
    return replacement;
}

START_TEST(nothing_is_seen_until_it_is_placed)
{
    begin();
    struct replacement replacement = written("new", 0640);

    ck_assert_uint_eq(count_names(), 0);
    ck_assert_int_eq(replacement_place(&replacement, "file"), 0);
    ck_assert_uint_eq(count_names(), 1);
    check_content("file", "new");
    replacement_drop(&replacement);
    check_content("file", "new");
    end();
}
END_TEST

START_TEST(who_has_the_former_file_open_keeps_it)
{
    begin();
    struct replacement first = written("former", 0640);
    struct replacement second = written("new", 0640);
    char bytes[16] = "";

    ck_assert_int_eq(replacement_place(&first, "file"), 0);
    scoped_fd reader = open(in_base("file"), O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(replacement_place(&second, "file"), 0);
    check_content("file", "new");
    ck_assert_int_eq(read(reader, bytes, sizeof(bytes)), 6);
    ck_assert_str_eq(bytes, "former");
    ck_assert_uint_eq(count_names(), 1);
    end();
}
END_TEST

START_TEST(the_mode_is_exact)
{
    begin();
    const mode_t before = umask(0077);
    struct replacement replacement = written("x", 0664);
    struct stat stat_now;

    umask(before);
    ck_assert_int_eq(replacement_place(&replacement, "file"), 0);
    ck_assert_int_eq(stat(in_base("file"), &stat_now), 0);
    ck_assert_uint_eq(stat_now.st_mode & 07777, 0664);
    end();
}
END_TEST

START_TEST(what_is_dropped_was_never_there)
{
    begin();
    struct replacement replacement = written("half of i", 0640);

    replacement_drop(&replacement);
    ck_assert_uint_eq(count_names(), 0);
    ck_assert_int_eq(replacement.fd, -1);
    replacement_drop(&replacement);
    end();
}
END_TEST

START_TEST(a_folder_is_not_replaced)
{
    begin();
    struct replacement replacement = written("x", 0640);

    ck_assert_int_eq(mkdir(in_base("folder"), 0755), 0);
    ck_assert_int_eq(replacement_place(&replacement, "folder"), -EISDIR);
    ck_assert_uint_eq(count_names(), 1);
    end();
}
END_TEST

/* The link goes, and what it leads to stays as it is. */
START_TEST(a_link_is_replaced_and_not_followed)
{
    begin();
    struct replacement other = written("other", 0640);
    struct replacement replacement = written("new", 0640);

    ck_assert_int_eq(replacement_place(&other, "other"), 0);
    ck_assert_int_eq(symlink("other", in_base("file")), 0);
    ck_assert_int_eq(replacement_place(&replacement, "file"), 0);
    check_content("other", "other");
    check_content("file", "new");
    end();
}
END_TEST

/* As on a file system without O_TMPFILE. */
START_TEST(one_with_a_hidden_name_is_placed_and_dropped_as_well)
{
    begin();
    struct replacement first = { .folder = open_base(), .fd = -1, .temporary = ".longhouse-1" };
    struct replacement second = { .folder = open_base(), .fd = -1, .temporary = ".longhouse-2" };

    first.fd = open(in_base(".longhouse-1"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    second.fd = open(in_base(".longhouse-2"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert_int_eq(replacement_place(&first, "file"), 0);
    replacement_drop(&second);
    check_content("file", "");
    ck_assert_uint_eq(count_names(), 1);
    end();
}
END_TEST

START_TEST(a_folder_that_is_gone_is_told)
{
    begin();
    struct replacement replacement = { .folder = -1, .fd = -1 };
    int folder = open_base();

    ck_assert_int_eq(rmdir(base), 0);
    ck_assert_int_lt(replacement_open(folder, 0640, &replacement), 0);
    ck_assert_int_lt(fcntl(folder, F_GETFD), 0); /* taken all the same */
    ck_assert_int_eq(mkdir(base, 0700), 0);
    end();
}
END_TEST

SUITE("replacement", TEST(nothing_is_seen_until_it_is_placed),
      TEST(who_has_the_former_file_open_keeps_it), TEST(the_mode_is_exact),
      TEST(what_is_dropped_was_never_there), TEST(a_folder_is_not_replaced),
      TEST(a_link_is_replaced_and_not_followed),
      TEST(one_with_a_hidden_name_is_placed_and_dropped_as_well),
      TEST(a_folder_that_is_gone_is_told))
