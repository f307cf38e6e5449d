#include "gateway/scgi_head.h"

#include "suite.h"

#include <string.h>

static struct arena arena;

static void begin(void)
{
    arena_init(&arena);
}

/* NUL as '|', so that it can be read. */
static const char *readable(struct slice bytes)
{
    char *text = arena_cstr(&arena, bytes);

    for (size_t i = 0; i < bytes.len; i++)
        if (text[i] == '\0')
            text[i] = '|';
    return text;
}

static const struct {
    uint64_t body_length;
    struct {
        struct slice name;
        struct slice value;
    } pairs[3];
    const char *bytes;
} cases[] = {
    { 0, { { { 0 }, { 0 } } }, "24:CONTENT_LENGTH|0|SCGI|1|," },
    { 27,
      { { SLICE_INIT("REQUEST_METHOD"), SLICE_INIT("POST") },
        { SLICE_INIT("REQUEST_URI"), SLICE_INIT("/deepthought") } },
      "70:CONTENT_LENGTH|27|SCGI|1|REQUEST_METHOD|POST|REQUEST_URI|/deepthought|," },
    { 5, { { SLICE_INIT("EMPTY"), SLICE_INIT("") } }, "31:CONTENT_LENGTH|5|SCGI|1|EMPTY||," },
    { UINT64_MAX,
      { { SLICE_INIT("A"), SLICE_INIT("1,2:3") } },
      "51:CONTENT_LENGTH|18446744073709551615|SCGI|1|A|1,2:3|," },
    /* what says where the request ends is said by one only */
    { 3,
      { { SLICE_INIT("CONTENT_LENGTH"), SLICE_INIT("9") },
        { SLICE_INIT("SCGI"), SLICE_INIT("2") } },
      "24:CONTENT_LENGTH|3|SCGI|1|," },
};

START_TEST(a_head_is_a_netstring_with_the_length_first)
{
    struct scgi_head head;

    begin();
    scgi_head_init(&head, &arena, 1000, cases[_i].body_length);
    for (unsigned i = 0; i < 3 && cases[_i].pairs[i].name.len > 0; i++)
        ck_assert(head.sink.put(&head.sink, cases[_i].pairs[i].name, cases[_i].pairs[i].value));
    ck_assert_str_eq(readable(scgi_head_end(&head)), cases[_i].bytes);
    arena_done(&arena);
}
END_TEST

START_TEST(many_variables_grow_it)
{
    static const struct slice name = SLICE_INIT("HTTP_X_SOMETHING_LONG");
    char value[200];
    struct scgi_head head;

    begin();
    memset(value, 'v', sizeof(value));
    scgi_head_init(&head, &arena, 1 << 20, 1);
    for (unsigned i = 0; i < 1000; i++)
        ck_assert(head.sink.put(&head.sink, name, slice_of(value, sizeof(value))));

    const size_t len = 24 + 1000 * (name.len + sizeof(value) + 2);
    struct slice bytes = scgi_head_end(&head);
    struct slice prefix = arena_printf(&arena, "%zu:", len);
    ck_assert_uint_eq(bytes.len, prefix.len + len + 1);
    ck_assert(slice_starts(bytes, prefix));
    ck_assert_int_eq(bytes.at[bytes.len - 1], ',');
    arena_done(&arena);
}
END_TEST

START_TEST(what_does_not_fit_is_refused_and_the_rest_stays_whole)
{
    char value[100];
    struct scgi_head head;

    begin();
    memset(value, 'v', sizeof(value));
    scgi_head_init(&head, &arena, 60, 0);
    ck_assert(!head.sink.put(&head.sink, SLICE("BIG"), slice_of(value, sizeof(value))));
    ck_assert(head.sink.put(&head.sink, SLICE("A"), SLICE("b")));
    ck_assert_str_eq(readable(scgi_head_end(&head)), "28:CONTENT_LENGTH|0|SCGI|1|A|b|,");
    arena_done(&arena);
}
END_TEST

SUITE("scgi_head", LOOP(a_head_is_a_netstring_with_the_length_first, cases),
      TEST(many_variables_grow_it), TEST(what_does_not_fit_is_refused_and_the_rest_stays_whole))
