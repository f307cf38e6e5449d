#include "os/fd.h"

#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

START_TEST(a_scoped_descriptor_closes_itself_unless_taken)
{
    size_t open_before = fd_count_open();
    int kept;

    {
        scoped_fd closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
        scoped_fd taken = open("/dev/null", O_RDONLY | O_CLOEXEC);
        scoped_fd none = -1;

        ck_assert_int_ge(closed, 0);
        ck_assert_int_eq(none, -1);
        kept = fd_take(&taken);
        ck_assert_int_eq(taken, -1);
        ck_assert_uint_eq(fd_count_open(), open_before + 2);
    }
    ck_assert_uint_eq(fd_count_open(), open_before + 1);
    fd_close(&kept);
    fd_close(&kept);
    ck_assert_uint_eq(fd_count_open(), open_before);
}
END_TEST

START_TEST(close_keeps_errno)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    errno = EXDEV;
    fd_close(&fd);
    ck_assert_int_eq(errno, EXDEV);
}
END_TEST

START_TEST(both_ends_of_a_pipe_are_nonblocking_and_close_on_exec)
{
    int ends[2];

    ck_assert_int_eq(fd_pipe(&ends[0], &ends[1]), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_ne(fcntl(ends[i], F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_ne(fcntl(ends[i], F_GETFD) & FD_CLOEXEC, 0);
        fd_close(&ends[i]);
    }
}
END_TEST

START_TEST(set_nonblocking_sets_it)
{
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(fd_set_nonblocking(ends[0]), 0);
    ck_assert_int_eq(fd_set_nonblocking(ends[0]), 0);
    ck_assert_int_ne(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq(fd_set_nonblocking(-1), -EBADF);
    fd_close(&ends[0]);
    fd_close(&ends[1]);
}
END_TEST

START_TEST(a_sealed_file_holds_its_bytes_and_no_others)
{
    char *data;
    size_t len;
    int fd;

    ck_assert_int_eq(fd_sealed("test", "some bytes", 10, &fd), 0);
    ck_assert_int_lt(write(fd, "x", 1), 0);
    ck_assert_int_lt(ftruncate(fd, 1), 0);
    ck_assert_int_lt(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);

    ck_assert_int_ge(lseek(fd, 5, SEEK_SET), 0); /* the position is shared: it must not matter */
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(fd_read_all(fd, 10, &data, &len), 0);
        ck_assert_uint_eq(len, 10);
        ck_assert_str_eq(data, "some bytes");
        free(data);
    }
    ck_assert_int_eq(fd_read_all(fd, 9, &data, &len), -EFBIG);
    fd_close(&fd);
}
END_TEST

START_TEST(an_empty_file_reads_as_an_empty_text)
{
    char *data;
    size_t len;
    int fd;

    ck_assert_int_eq(fd_sealed("test", "", 0, &fd), 0);
    ck_assert_int_eq(fd_read_all(fd, 0, &data, &len), 0);
    ck_assert_uint_eq(len, 0);
    ck_assert_str_eq(data, "");
    free(data);
    fd_close(&fd);
    ck_assert_int_eq(fd_read_all(-1, 10, &data, &len), -EBADF);
}
END_TEST

START_TEST(a_file_that_is_written_anew_holds_nothing_else)
{
    char *data;
    size_t len;
    int fd;

    ck_assert_int_eq(fd_memory("test", &fd), 0);
    ck_assert_int_eq(fd_rewrite(fd, "a long text", 11), 0);
    ck_assert_int_eq(fd_rewrite(fd, "short", 5), 0);
    ck_assert_int_eq(fd_read_all(fd, 100, &data, &len), 0);
    ck_assert_str_eq(data, "short");
    free(data);
    fd_close(&fd);
    ck_assert_int_eq(fd_rewrite(-1, "x", 1), -EBADF);
}
END_TEST

enum { MUCH = 1 << 20 };

static void *write_much(void *argument)
{
    int *fd = argument;
    char *data = malloc(MUCH);

    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < MUCH; i++)
        data[i] = (char)(i * 31 >> 3);
    ck_assert_int_eq(fd_write_all(*fd, data, MUCH), 0);
    free(data);
    fd_close(fd);
    return NULL;
}

START_TEST(more_than_a_pipe_holds_goes_through_it)
{
    pthread_t writer;
    char *data;
    size_t len;
    int ends[2];

    ck_assert_int_eq(fd_pipe(&ends[0], &ends[1]), 0);
    ck_assert_int_eq(pthread_create(&writer, NULL, write_much, &ends[1]), 0);
    ck_assert_int_eq(fd_read_all(ends[0], MUCH, &data, &len), 0);
    ck_assert_int_eq(pthread_join(writer, NULL), 0);
    ck_assert_uint_eq(len, MUCH);
    for (size_t i = 0; i < MUCH; i++)
        ck_assert(data[i] == (char)(i * 31 >> 3));
    free(data);
    fd_close(&ends[0]);
}
END_TEST

static unsigned descriptor_table_size(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    unsigned size = 0;

    ck_assert_ptr_nonnull(status);
    while (size == 0 && fgets(line, sizeof(line), status))
        (void)sscanf(line, "FDSize: %u", &size);
    fclose(status);
    return size;
}

START_TEST(room_is_made_for_many_descriptors_and_none_stays_open)
{
    const size_t open_before = fd_count_open();

    ck_assert_uint_lt(descriptor_table_size(), 900);
    fd_make_room(900);
    ck_assert_uint_ge(descriptor_table_size(), 900);
    ck_assert_uint_eq(fd_count_open(), open_before);
    fd_make_room(INT_MAX); /* more than anybody may have */
    ck_assert_uint_eq(fd_count_open(), open_before);
}
END_TEST

SUITE("fd", TEST(a_scoped_descriptor_closes_itself_unless_taken), TEST(close_keeps_errno),
      TEST(both_ends_of_a_pipe_are_nonblocking_and_close_on_exec), TEST(set_nonblocking_sets_it),
      TEST(a_sealed_file_holds_its_bytes_and_no_others), TEST(an_empty_file_reads_as_an_empty_text),
      TEST(a_file_that_is_written_anew_holds_nothing_else),
      TEST(more_than_a_pipe_holds_goes_through_it),
      TEST(room_is_made_for_many_descriptors_and_none_stays_open))
