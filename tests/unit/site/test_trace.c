#include "site/trace.h"

#include "slice_assert.h"
#include "suite.h"

START_TEST(notes_stand_in_the_order_in_which_they_came)
{
    const struct diag_place place = { .file = "a.conf", .line = 7 };
    struct arena arena = { 0 };
    struct trace trace;

    trace_init(&trace, &arena);
    ck_assert_ptr_null(trace.first);
    struct trace *some = &trace;
    trace_note(some, TRACE_HOST, TRACE_YES, "%s %d", "one", 1);
    trace_note_at(some, TRACE_GATE, TRACE_NO, &place, "two");
    assert_slice(trace.first->text, "one 1");
    ck_assert_int_eq(trace.first->part, TRACE_HOST);
    ck_assert_ptr_null(trace.first->place.file);
    assert_slice(trace.first->next->text, "two");
    ck_assert_int_eq(trace.first->next->mark, TRACE_NO);
    ck_assert_uint_eq(trace.first->next->place.line, 7);
    ck_assert_ptr_null(trace.first->next->next);
    arena_done(&arena);
}
END_TEST

static int asked;

static const char *ask(void)
{
    asked++;
    return "x";
}

START_TEST(without_a_trace_nothing_is_evaluated)
{
    struct trace *none = NULL;

    trace_note(none, TRACE_HOST, TRACE_YES, "%s", ask());
    ck_assert_int_eq(asked, 0);
}
END_TEST

static const struct {
    const char *bytes;
    const char *plain;
} texts[] = {
    { "a \"b\" \\c", "a \"b\" \\c" },
    { "\x1b[1m", "\\x1b[1m" },
    { "a\r\nb\x7f", "a\\x0d\\x0ab\\x7f" },
    { "\xe2\x82\xac", "\xe2\x82\xac" },
    { "\xff\xc3", "\\xff\\xc3" },
    { "\xc2\x9b"
      "1m",
      "\\xc2\\x9b1m" },
};

START_TEST(nothing_in_a_text_steers_a_terminal_or_ends_a_field)
{
    char room[64];
    struct text text = text_on(room, sizeof(room));

    trace_add_plain(&text, slice_cstr(texts[_i].bytes));
    assert_slice(text_slice(&text), texts[_i].plain);
}
END_TEST

START_TEST(each_part_has_a_name_and_each_net_a_text)
{
    struct arena arena = { 0 };
    struct address_net net;
    struct trace trace;

    trace_init(&trace, &arena);
    for (unsigned part = 0; part < TRACE_PARTS; part++)
        ck_assert_ptr_nonnull(trace_part_name((enum trace_part)part));
    ck_assert(address_net_parse(SLICE("10.0.0.0/8"), &net));
    ck_assert_str_eq(trace_net(&trace, &net), "10.0.0.0/8");
    ck_assert(address_net_parse(SLICE("all"), &net));
    ck_assert_str_eq(trace_net(&trace, &net), "all");
    arena_done(&arena);
}
END_TEST

SUITE("trace", TEST(notes_stand_in_the_order_in_which_they_came),
      TEST(without_a_trace_nothing_is_evaluated),
      LOOP(nothing_in_a_text_steers_a_terminal_or_ends_a_field, texts),
      TEST(each_part_has_a_name_and_each_net_a_text))
