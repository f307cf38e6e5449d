#include "http/spill.h"

#include "loop/driver_fake.h"
#include "loop/loop.h"
#include "suite.h"

#include <string.h>
#include <unistd.h>

static struct loop loop;
static struct arena arena;
static struct body from;
static struct spill spill;

static void begin(void)
{
    loop_init(&loop, driver_fake_new());
    arena = (struct arena){ 0 };
    body_init(&from, &loop, &arena);
    spill_init(&spill, &loop, &arena, SLICE("/tmp"));
}

static void end(void)
{
    spill_done(&spill);
    body_done(&from);
    arena_done(&arena);
    loop_done(&loop);
}

/* Puts `len` bytes that tell their place, and lets the spill take them. */
static void pass(size_t len)
{
    static uint64_t place;
    char bytes[1000];

    if (from.put_bytes == 0)
        place = 0;
    while (len > 0) {
        size_t part = len < sizeof(bytes) ? len : sizeof(bytes);
        for (size_t i = 0; i < part; i++)
            bytes[i] = (char)(place++ % 251);
        body_put_bytes(&from, slice_of(bytes, part));
        len -= part;
        if (body_room(&from) == 0)
            ck_assert_int_eq(spill_take(&spill, &from), 0);
    }
    ck_assert_int_eq(spill_take(&spill, &from), 0);
    ck_assert(body_empty(&from));
}

static void check_bytes(const char *at, size_t len, uint64_t place)
{
    for (size_t i = 0; i < len; i++)
        ck_assert_int_eq((unsigned char)at[i], (int)((place + i) % 251));
}

START_TEST(a_small_body_stays_in_memory)
{
    struct iovec parts[16];
    uint64_t place = 0;

    begin();
    pass(1);
    pass(SPILL_MEMORY_MOST - 1);
    spill_finish(&spill);
    ck_assert_ptr_null(spill.file);
    ck_assert_uint_eq(spill.bytes, SPILL_MEMORY_MOST);
    ck_assert_int_eq(spill.body.end, BODY_COMPLETE);
    int count = body_peek(&spill.body, parts, 16);
    for (int i = 0; i < count; i++) {
        check_bytes(parts[i].iov_base, parts[i].iov_len, place);
        place += parts[i].iov_len;
    }
    ck_assert_uint_eq(place, SPILL_MEMORY_MOST);
    end();
}
END_TEST

START_TEST(a_long_body_goes_to_a_file_that_is_read_from_its_beginning)
{
    static char bytes[300000];
    struct file_ref *file;
    uint64_t offset;
    uint64_t len;

    begin();
    pass(60000);
    pass(10000);
    pass(200000);
    spill_finish(&spill);
    ck_assert_ptr_nonnull(spill.file);
    ck_assert(body_peek_file(&spill.body, &file, &offset, &len));
    ck_assert_uint_eq(offset, 0);
    ck_assert_uint_eq(len, 270000);
    ck_assert_uint_eq(file->size, 270000);
    ck_assert_int_eq(read(file->fd, bytes, sizeof(bytes)), 270000); /* as a program would */
    check_bytes(bytes, 270000, 0);
    end();
}
END_TEST

START_TEST(an_empty_body_is_complete)
{
    begin();
    spill_finish(&spill);
    ck_assert_uint_eq(spill.bytes, 0);
    ck_assert(body_is_over(&spill.body));
    end();
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_replaced_by_tmp)
{
    begin();
    spill.folder = SLICE("/nonexistent/folder");
    pass(SPILL_MEMORY_MOST + 1);
    spill_finish(&spill);
    ck_assert_ptr_nonnull(spill.file);
    end();
}
END_TEST

static const size_t lengths[] = { 0, 1, 1000, SPILL_MEMORY_MOST, SPILL_MEMORY_MOST + 5000 };

START_TEST(what_was_collected_is_read_anywhere_and_written_over)
{
    static char bytes[SPILL_MEMORY_MOST + 6000];
    struct spill copy;
    const size_t len = lengths[_i];

    begin();
    pass(len);
    spill_finish(&spill);
    ck_assert_int_eq(spill_read(&spill, 0, bytes, sizeof(bytes)), (ssize_t)len);
    check_bytes(bytes, len, 0);
    ck_assert_int_eq(spill_read(&spill, len / 3, bytes, 100),
                     len - len / 3 < 100 ? len - len / 3 : 100);
    check_bytes(bytes, len - len / 3 < 100 ? len - len / 3 : 100, len / 3);
    ck_assert_int_eq(spill_read(&spill, len, bytes, 10), 0);

    if (len >= 1000) {
        ck_assert_int_eq(spill_overwrite(&spill, len / 2, SLICE("changed")), 0);
        ck_assert_int_eq(spill_read(&spill, len / 2 - 1, bytes, 9), 9);
        ck_assert_int_eq(memcmp(bytes + 1, "changed", 7), 0);
        check_bytes(bytes + 8, 1, len / 2 + 7);
    }

    spill_repeat(&copy, &spill, &loop, &arena);
    ck_assert_uint_eq(copy.bytes, len);
    ck_assert_int_eq(copy.body.end, BODY_COMPLETE);
    ck_assert_uint_eq(body_waiting(&copy.body), len);
    ck_assert_ptr_eq(copy.file, spill.file);
    body_take(&copy.body, len);
    spill_done(&copy);
    ck_assert_int_eq(spill_read(&spill, 0, bytes, 1), len > 0); /* it goes on without it */
    end();
}
END_TEST

SUITE("spill", LOOP(what_was_collected_is_read_anywhere_and_written_over, lengths),
      TEST(a_small_body_stays_in_memory),
      TEST(a_long_body_goes_to_a_file_that_is_read_from_its_beginning),
      TEST(an_empty_body_is_complete), TEST(a_folder_that_is_not_there_is_replaced_by_tmp))
