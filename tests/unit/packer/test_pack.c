#include "packer_private.h"

#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static int file_with(const char *bytes, size_t len)
{
    char path[] = "/tmp/longhouse-pack-XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    unlink(path);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static const struct {
    size_t len;
    const char *unit;
} texts[] = {
    { 0, "" },
    { 1, "x" },
    { 300000, "127.0.0.1 - - [28/Nov/2026:00:00:01 +0000] \"GET / HTTP/1.1\" 200 5\n" },
};

static char *text_of(size_t len, const char *unit)
{
    char *bytes = malloc(len + 1);

    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = unit[i % strlen(unit)];
    return bytes;
}

START_TEST(what_is_packed_is_the_same_when_it_is_unpacked)
{
    const size_t len = texts[_i].len;
    char *bytes = text_of(len, texts[_i].unit);
    char *back = malloc(len + 100);
    int from = file_with(bytes, len);
    int to = file_with("", 0);

    ck_assert_int_eq(pack_file(from, to), 0);
    if (len > 1000)
        ck_assert_int_lt(lseek(to, 0, SEEK_END), (off_t)len / 10);
    lseek(to, 0, SEEK_SET);
    gzFile file = gzdopen(to, "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(gzread(file, back, (unsigned)len + 100), (int)len);
    ck_assert_mem_eq(back, bytes, len);
    ck_assert_int_eq(gzdirect(file), 0);
    ck_assert_int_eq(gzclose(file), Z_OK);
    close(from);
    free(bytes);
    free(back);
}
END_TEST

/* Nothing that is random gets smaller, so that a full disk shows. */
START_TEST(a_full_disk_is_an_error)
{
    enum { LEN = 1000000 };
    char *bytes = malloc(LEN);
    unsigned state = 1;

    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < LEN; i++) {
        state = state * 1103515245u + 12345u;
        bytes[i] = (char)(state >> 16);
    }
    int from = file_with(bytes, LEN);
    int full = open("/dev/full", O_WRONLY);
    ck_assert_int_ge(full, 0);
    ck_assert_int_eq(pack_file(from, full), -ENOSPC);
    ck_assert_int_eq(pack_file(full, full), -EBADF);
    close(from);
    close(full);
    free(bytes);
}
END_TEST

SUITE("packer/pack", LOOP(what_is_packed_is_the_same_when_it_is_unpacked, texts),
      TEST(a_full_disk_is_an_error))
