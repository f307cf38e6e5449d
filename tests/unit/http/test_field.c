#include "byte_class.h"
#include "http/field.h"
#include "suite.h"

#include <ctype.h>

START_TEST(every_name_finds_its_id_in_any_case)
{
    for (int id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
        struct slice name = field_name((enum field_id)id);
        char upper[32];
        char lower[32];

        ck_assert(name.len > 0 && name.len < sizeof(upper));
        for (size_t i = 0; i < name.len; i++) {
            upper[i] = (char)toupper(name.at[i]);
            lower[i] = (char)tolower(name.at[i]);
        }
        ck_assert_int_eq(field_id_of(name), id);
        ck_assert_int_eq(field_id_of(slice_of(upper, name.len)), id);
        ck_assert_int_eq(field_id_of(slice_of(lower, name.len)), id);
    }
}
END_TEST

START_TEST(a_name_with_one_bit_changed_is_another)
{
    for (int id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
        struct slice name = field_name((enum field_id)id);
        char copy[32];

        for (size_t bit = 0; bit < name.len * 8; bit++) {
            size_t at = bit / 8;

            memcpy(copy, name.at, name.len);
            copy[at] = (char)(copy[at] ^ (1 << bit % 8));
            bool same = ascii_lower(copy[at]) == ascii_lower(name.at[at]);
            ck_assert_int_eq(field_id_of(slice_of(copy, name.len)) == (enum field_id)id, same);
        }
        ck_assert_int_ne(field_id_of(slice_of(name.at, name.len - 1)), id);
    }
}
END_TEST

static const char *const unknown[] = {
    "", "X", "X-Requested-With", "Hosts", "DNT", "A-Name-That-Is-Longer-Than-All-That-Are-Known"
};

START_TEST(other_names_are_other)
{
    ck_assert_int_eq(field_id_of(slice_cstr(unknown[_i])), FIELD_OTHER);
}
END_TEST

static struct fields three_fields(struct arena *arena)
{
    struct fields fields = { 0 };

    fields_add(&fields, arena, SLICE("accept"), SLICE("a"));
    fields_add(&fields, arena, SLICE("X-Mine"), SLICE("b"));
    fields_add_id(&fields, arena, FIELD_ACCEPT, SLICE("c"));
    return fields;
}

START_TEST(fields_are_found_by_id_and_by_name)
{
    struct arena arena = { 0 };
    struct fields fields = three_fields(&arena);

    ck_assert_uint_eq(fields.count, 3);
    ck_assert_ptr_eq(fields_find(&fields, FIELD_ACCEPT), &fields.at[0]);
    ck_assert(slice_equal_cstr(fields.at[0].name, "accept"));
    ck_assert(slice_equal_cstr(fields.at[2].name, "Accept"));
    ck_assert_ptr_eq(fields_find_name(&fields, SLICE("x-mine")), &fields.at[1]);
    ck_assert_ptr_eq(fields_find_name(&fields, SLICE("ACCEPT")), &fields.at[0]);
    ck_assert_ptr_null(fields_find_name(&fields, SLICE("x-min")));
    ck_assert_ptr_null(fields_find(&fields, FIELD_HOST));
    ck_assert(slice_equal_cstr(fields_value(&fields, FIELD_ACCEPT), "a"));
    ck_assert_uint_eq(fields_value(&fields, FIELD_HOST).len, 0);
    ck_assert_uint_eq(fields_count_id(&fields, FIELD_ACCEPT), 2);
    arena_done(&arena);
}
END_TEST

START_TEST(removed_fields_leave_the_others_in_order)
{
    struct arena arena = { 0 };
    struct fields fields = three_fields(&arena);

    fields_remove(&fields, FIELD_ACCEPT);
    ck_assert_uint_eq(fields.count, 1);
    ck_assert(slice_equal_cstr(fields.at[0].name, "X-Mine"));
    fields_remove(&fields, FIELD_ACCEPT);
    ck_assert_uint_eq(fields.count, 1);
    arena_done(&arena);
}
END_TEST

START_TEST(many_fields_keep_their_order)
{
    struct arena arena = { 0 };
    struct fields fields = { 0 };

    for (unsigned i = 0; i < 100; i++)
        fields_add(&fields, &arena, SLICE("X-Number"), arena_printf(&arena, "%u", i));
    ck_assert_uint_eq(fields.count, 100);
    for (unsigned i = 0; i < 100; i++)
        ck_assert(slice_equal(fields.at[i].value, arena_printf(&arena, "%u", i)));
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *first;
    const char *second;
    bool has;
} lists[] = {
    { "close", "", true },
    { "keep-alive, Close", "", true },
    { "keep-alive", "x,CLOSE", true },
    { " ,\tclose ,", "", true },
    { "closed", "close;x", false },
    { "", "", false },
    { "clo se", "x-close", false },
};

START_TEST(a_token_is_found_in_any_of_the_lists)
{
    struct arena arena = { 0 };
    struct fields fields = { 0 };

    fields_add_id(&fields, &arena, FIELD_CONNECTION, slice_cstr(lists[_i].first));
    fields_add_id(&fields, &arena, FIELD_VARY, SLICE("close"));
    fields_add_id(&fields, &arena, FIELD_CONNECTION, slice_cstr(lists[_i].second));
    ck_assert_int_eq(fields_list_has(&fields, FIELD_CONNECTION, SLICE("close")), lists[_i].has);
    arena_done(&arena);
}
END_TEST

START_TEST(only_fields_of_one_connection_are_hop_by_hop)
{
    static const char *const names[] = { "Connection",
                                         "Keep-Alive",
                                         "Proxy-Authenticate",
                                         "Proxy-Authorization",
                                         "Proxy-Connection",
                                         "TE",
                                         "Trailer",
                                         "Transfer-Encoding",
                                         "Upgrade" };
    unsigned count = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert(field_is_hop_by_hop(field_id_of(slice_cstr(names[i]))));
    for (int id = 0; id < FIELD_COUNT; id++)
        count += field_is_hop_by_hop((enum field_id)id);
    ck_assert_uint_eq(count, sizeof(names) / sizeof(names[0]));
}
END_TEST

static bool is_alnum(int c)
{
    return ascii_is_alpha((char)c) || ascii_is_digit((char)c);
}

START_TEST(the_byte_table_says_what_the_rules_say)
{
    for (int c = 0; c < 256; c++) {
        bool high = c >= 0x80;
        bool visible = c > 0x20 && c < 0x7f;
        bool named = c != 0 && c < 0x80;

        ck_assert_int_eq(byte_is((char)c, BYTE_TOKEN),
                         named && (is_alnum(c) || strchr("!#$%&'*+-.^_`|~", c)));
        ck_assert_int_eq(byte_is((char)c, BYTE_VALUE), high || visible || c == ' ' || c == '\t');
        ck_assert_int_eq(byte_is((char)c, BYTE_TARGET), high || (visible && c != '#'));
        ck_assert_int_eq(byte_is((char)c, BYTE_HOST), named && (is_alnum(c) || strchr("-._~", c)));
        ck_assert_int_eq(byte_is((char)c, BYTE_ETAG), high || (visible && c != '"'));
    }
}
END_TEST

/* The walk of eight bytes at a time must see each byte at each place. */
START_TEST(a_bad_byte_is_seen_at_every_place_of_a_value)
{
    char text[40];

    for (size_t len = 0; len <= sizeof(text); len++) {
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                memset(text, at % 3 ? 'a' : '\xff', len);
                text[0] = '\t';
                text[at] = (char)c;
                size_t expect = byte_is((char)c, BYTE_VALUE) ? len : at;
                ck_assert_uint_eq(bytes_of_value(text, len), expect);
            }
        }
    }
    ck_assert(field_is_value(SLICE("")));
    ck_assert(!field_is_value(SLICE("a\r\nb")));
}
END_TEST

START_TEST(one_of_several_is_not_the_only_one)
{
    struct arena arena = { 0 };
    struct fields fields = { 0 };

    fields_add(&fields, &arena, SLICE("X-One"), SLICE("1"));
    fields_add(&fields, &arena, SLICE("X-Two"), SLICE("2"));
    fields_add(&fields, &arena, SLICE("x-two"), SLICE("2"));
    ck_assert(slice_equal(fields_only(&fields, SLICE("x-one")), SLICE("1")));
    ck_assert_uint_eq(fields_only(&fields, SLICE("X-Two")).len, 0);
    ck_assert_uint_eq(fields_only(&fields, SLICE("X-None")).len, 0);
    arena_done(&arena);
}
END_TEST

START_TEST(a_token_is_not_empty_and_holds_no_separators)
{
    ck_assert(field_is_token(SLICE("X-Mine_1~")));
    ck_assert(!field_is_token(SLICE("")));
    ck_assert(!field_is_token(SLICE("a b")));
    ck_assert(!field_is_token(SLICE("a:")));
    ck_assert(!field_is_token(SLICE("\xc3\xa4")));
}
END_TEST

SUITE("field", TEST(every_name_finds_its_id_in_any_case),
      TEST(a_name_with_one_bit_changed_is_another), LOOP(other_names_are_other, unknown),
      TEST(fields_are_found_by_id_and_by_name), TEST(removed_fields_leave_the_others_in_order),
      TEST(many_fields_keep_their_order), LOOP(a_token_is_found_in_any_of_the_lists, lists),
      TEST(only_fields_of_one_connection_are_hop_by_hop),
      TEST(the_byte_table_says_what_the_rules_say),
      TEST(a_bad_byte_is_seen_at_every_place_of_a_value), TEST(one_of_several_is_not_the_only_one),
      TEST(a_token_is_not_empty_and_holds_no_separators))
