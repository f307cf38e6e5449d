#include "h2_private.h"
#include "suite.h"

static struct h2_calm calm;

/* How many in one moment are too many; 0: none was. */
static unsigned flood(enum h2_deed deed, unsigned most)
{
    for (unsigned i = 1; i <= most; i++)
        if (h2_calm_note(&calm, deed, calm.at_ms))
            return i;
    return 0;
}

START_TEST(a_flood_of_either_kind_is_too_much)
{
    calm = (struct h2_calm){ 0 };
    ck_assert_uint_eq(flood(H2_DEED_IDLE_FRAME, 5000), 1001);
    calm = (struct h2_calm){ 0 };
    ck_assert_uint_eq(flood(H2_DEED_RESET, 5000), 201);
}
END_TEST

START_TEST(what_comes_slowly_is_forgotten)
{
    calm = (struct h2_calm){ 0 };
    for (uint64_t now_ms = 0; now_ms < 600000; now_ms += 10)
        ck_assert_ptr_null(h2_calm_note(&calm, H2_DEED_IDLE_FRAME, now_ms));
    for (uint64_t now_ms = 600000; now_ms < 1200000; now_ms += 50)
        ck_assert_ptr_null(h2_calm_note(&calm, H2_DEED_RESET, now_ms));
}
END_TEST

START_TEST(what_comes_faster_than_it_is_forgotten_is_too_much)
{
    uint64_t now_ms = 0;

    calm = (struct h2_calm){ 0 };
    while (!h2_calm_note(&calm, H2_DEED_IDLE_FRAME, now_ms))
        now_ms += 5;
    ck_assert_uint_ge(now_ms, 9000);
    ck_assert_uint_le(now_ms, 11000);
}
END_TEST

START_TEST(answers_pay_for_window_updates)
{
    calm = (struct h2_calm){ 0 };
    for (unsigned i = 0; i < 100000; i++) {
        ck_assert_ptr_null(h2_calm_note(&calm, H2_DEED_ANSWER, 0));
        ck_assert_ptr_null(h2_calm_note(&calm, H2_DEED_IDLE_FRAME, 0));
        ck_assert_ptr_null(h2_calm_note(&calm, H2_DEED_IDLE_FRAME, 0));
    }
}
END_TEST

SUITE("h2_calm", TEST(a_flood_of_either_kind_is_too_much), TEST(what_comes_slowly_is_forgotten),
      TEST(what_comes_faster_than_it_is_forgotten_is_too_much),
      TEST(answers_pay_for_window_updates))
