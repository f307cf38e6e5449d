#include "http/file_ref.h"
#include "os/fd.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

static int file_with(const char *text)
{
    int fd = memfd_create("file_ref", MFD_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    return fd;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(the_last_reference_closes_the_file)
{
    int fd = file_with("abc");
    struct file_ref *file = file_ref_new(fd, 3);

    ck_assert_ptr_eq(file_ref_hold(file), file);
    ck_assert_uint_eq(file->refs, 2);
    file_ref_drop(file);
    ck_assert(is_open(fd));
    file_ref_drop(file);
    ck_assert(!is_open(fd));
    file_ref_drop(NULL);
}
END_TEST

static const struct {
    const char *text;
    uint64_t size;
    uint64_t most;
    int expect;
} loads[] = {
    { "abc", 3, 3, 0 },
    { "", 0, 10, 0 },
    { "abc", 3, 2, -EFBIG },
    { "abc", 4, 10, -ESTALE },
    { "abcd", 3, 10, -ESTALE },
    { "", 1, 10, -ESTALE },
    { "abc", UINT64_MAX, UINT64_MAX, -EFBIG },
};

START_TEST(loading_takes_the_whole_content_or_nothing)
{
    int fd = file_with(loads[_i].text);
    struct file_ref *file = file_ref_new(fd, loads[_i].size);

    ck_assert_int_eq(file_ref_load(file, loads[_i].most), loads[_i].expect);
    if (loads[_i].expect == 0) {
        ck_assert(slice_equal_cstr(file->bytes, loads[_i].text));
        ck_assert_ptr_nonnull(file->bytes.at);
        ck_assert_int_eq(file->fd, -1);
        ck_assert(!is_open(fd));
    } else {
        ck_assert_ptr_null(file->bytes.at);
        ck_assert_int_eq(file->fd, fd);
        ck_assert(is_open(fd));
    }
    file_ref_drop(file);
    ck_assert(!is_open(fd));
}
END_TEST

START_TEST(a_failed_read_is_told)
{
    int ends[2];

    ck_assert_int_eq(fd_pipe(&ends[0], &ends[1]), 0);
    struct file_ref *file = file_ref_new(ends[0], 1);
    ck_assert_int_eq(file_ref_load(file, 10), -ESPIPE);
    ck_assert_int_eq(file->fd, ends[0]);
    file_ref_drop(file);
    fd_close(&ends[1]);
}
END_TEST

SUITE("file_ref", TEST(the_last_reference_closes_the_file),
      LOOP(loading_takes_the_whole_content_or_nothing, loads), TEST(a_failed_read_is_told))
