#include "http/press_shelf.h"

#include "http/exchange.h"
#include "loop/driver_fake.h"
#include "suite.h"

#include <string.h>
#include <unistd.h>

#define CONTENT 4711u
#define KIB     1024u

static struct loop loop;
static struct press_shelf shelf;
static struct exchange *x;

static void owner_ended(struct exchange_owner *owner, struct exchange *exchange)
{
    (void)owner;
    (void)exchange;
}

static const struct exchange_owner_ops owner_ops = { .ended = owner_ended };
static struct exchange_owner owner = { &owner_ops };

static void begin(void)
{
    const struct visit visit = { .local_port = 80 };

    loop_init(&loop, driver_fake_new());
    press_shelf_init(&shelf);
    press_shelf_limit(&shelf, 1024 * KIB);
    x = exchange_new(&loop, &owner, &visit, NULL, NULL);
    x->response.content = CONTENT;
}

static void end(void)
{
    x->routed = true;
    exchange_wire_done(x);
    x->response.head_sent = true;
    exchange_handler_done(x);
    loop_settle(&loop);
    press_shelf_done(&shelf);
    loop_done(&loop);
    ck_assert_uint_eq(chunk_in_use(), 0);
}

/* A form of `len` bytes, all of them `byte`. */
static void make(enum coding coding, enum effort effort, char byte, size_t len)
{
    struct press_copy copy;
    char bytes[KIB];

    memset(bytes, byte, sizeof(bytes));
    press_copy_begin(&copy, &shelf, x, coding, effort, SLICE("/tmp"));
    for (; len > 0; len -= len < KIB ? len : KIB)
        press_copy_add(&copy, slice_of(bytes, len < KIB ? len : KIB));
    press_copy_keep(&copy);
}

static struct file_ref *find(enum effort effort)
{
    return press_shelf_find(&shelf, CONTENT, CODING_BR, effort);
}

/* The form has this length and ends with this byte. */
static bool is(const struct file_ref *form, size_t len, char byte)
{
    char last = 0;

    if (!form || form->size != len)
        return false;
    if (form->bytes.len > 0)
        return form->bytes.len == len && form->bytes.at[len - 1] == byte;
    return pread(form->fd, &last, 1, (off_t)len - 1) == 1 && last == byte;
}

START_TEST(a_form_is_found_by_what_it_was_made_of)
{
    begin();
    make(CODING_BR, EFFORT_FULL, 'a', 3000);
    ck_assert(is(find(EFFORT_FULL), 3000, 'a'));
    ck_assert_ptr_null(press_shelf_find(&shelf, CONTENT, CODING_GZIP, EFFORT_FULL));
    ck_assert_ptr_null(press_shelf_find(&shelf, CONTENT + 1, CODING_BR, EFFORT_FULL));
    end();
}
END_TEST

START_TEST(what_nobody_can_tell_apart_is_not_found)
{
    begin();
    x->response.content = 0;
    make(CODING_BR, EFFORT_FULL, 'a', 3000);
    ck_assert_ptr_null(press_shelf_find(&shelf, 0, CODING_BR, EFFORT_FULL));
    end();
}
END_TEST

START_TEST(more_effort_than_can_be_spared_is_as_good)
{
    begin();
    make(CODING_BR, EFFORT_HALF, 'h', 3000);
    ck_assert_ptr_null(find(EFFORT_FULL));
    ck_assert(is(find(EFFORT_HALF), 3000, 'h'));
    ck_assert(is(find(EFFORT_LEAST), 3000, 'h'));
    make(CODING_BR, EFFORT_FULL, 'f', 2000);
    ck_assert(is(find(EFFORT_LEAST), 2000, 'f'));
    end();
}
END_TEST

START_TEST(a_long_form_lies_in_a_file)
{
    begin();
    make(CODING_BR, EFFORT_FULL, 'l', 200 * KIB);
    ck_assert_int_ge(find(EFFORT_FULL)->fd, 0);
    ck_assert(is(find(EFFORT_FULL), 200 * KIB, 'l'));
    end();
}
END_TEST

START_TEST(one_that_would_fill_the_shelf_is_given_up)
{
    begin();
    make(CODING_BR, EFFORT_FULL, 'x', 257 * KIB);
    ck_assert_ptr_null(find(EFFORT_FULL));
    make(CODING_BR, EFFORT_FULL, 'x', 256 * KIB);
    ck_assert_ptr_nonnull(find(EFFORT_FULL));
    end();
}
END_TEST

START_TEST(one_that_is_not_whole_is_not_kept)
{
    struct press_copy copy;

    begin();
    press_copy_begin(&copy, &shelf, x, CODING_BR, EFFORT_FULL, SLICE("/tmp"));
    press_copy_add(&copy, SLICE("half of it"));
    press_copy_drop(&copy);
    press_copy_keep(&copy);
    ck_assert_ptr_null(find(EFFORT_FULL));
    end();
}
END_TEST

START_TEST(without_room_nothing_is_kept)
{
    begin();
    make(CODING_BR, EFFORT_FULL, 'a', 3000);
    press_shelf_limit(&shelf, 0);
    ck_assert_ptr_null(find(EFFORT_FULL));
    make(CODING_BR, EFFORT_FULL, 'a', 3000);
    ck_assert_ptr_null(find(EFFORT_FULL));
    end();
}
END_TEST

START_TEST(the_one_that_nobody_asks_for_goes_first)
{
    begin();
    for (unsigned i = 0; i < 6; i++) {
        x->response.content = CONTENT + i;
        make(CODING_BR, EFFORT_FULL, 'a', 200 * KIB);
        if (i < 5)
            ck_assert_ptr_nonnull(find(EFFORT_FULL));
    }
    ck_assert_ptr_nonnull(find(EFFORT_FULL));
    ck_assert_ptr_null(press_shelf_find(&shelf, CONTENT + 1, CODING_BR, EFFORT_FULL));
    ck_assert_ptr_nonnull(press_shelf_find(&shelf, CONTENT + 5, CODING_BR, EFFORT_FULL));
    end();
}
END_TEST

SUITE("press shelf", TEST(a_form_is_found_by_what_it_was_made_of),
      TEST(what_nobody_can_tell_apart_is_not_found),
      TEST(more_effort_than_can_be_spared_is_as_good), TEST(a_long_form_lies_in_a_file),
      TEST(one_that_would_fill_the_shelf_is_given_up), TEST(one_that_is_not_whole_is_not_kept),
      TEST(without_room_nothing_is_kept), TEST(the_one_that_nobody_asks_for_goes_first))
