#include "suite.h"
#include "wire/h1_write.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static struct response response_of(struct arena *arena, int status)
{
    struct response response = { .status = status };

    fields_add_id(&response.fields, arena, FIELD_CONTENT_TYPE, SLICE("text/html"));
    fields_add_id(&response.fields, arena, FIELD_CONTENT_LENGTH, SLICE("99"));
    fields_add_id(&response.fields, arena, FIELD_CONNECTION, SLICE("upgrade"));
    fields_add_id(&response.fields, arena, FIELD_TRANSFER_ENCODING, SLICE("gzip"));
    fields_add(&response.fields, arena, SLICE("X-Mine"), SLICE(""));
    return response;
}

#define FIELDS "Content-Type: text/html\r\nX-Mine: \r\n"

static const struct {
    int status;
    int version;
    enum h1_body body;
    int64_t length;
    bool keep_alive;
    const char *expect;
} cases[] = {
    { 200, 11, H1_BODY_LENGTH, 5, true,
      "HTTP/1.1 200 OK\r\nDate: " DATE "\r\n" FIELDS "Content-Length: 5\r\n\r\n" },
    { 200, 11, H1_BODY_LENGTH, 0, true,
      "HTTP/1.1 200 OK\r\nDate: " DATE "\r\n" FIELDS "Content-Length: 0\r\n\r\n" },
    { 200, 11, H1_BODY_LENGTH, INT64_MAX, false,
      "HTTP/1.1 200 OK\r\nDate: " DATE "\r\n" FIELDS
      "Content-Length: 9223372036854775807\r\nConnection: close\r\n\r\n" },
    { 200, 11, H1_BODY_CHUNKED, -1, true,
      "HTTP/1.1 200 OK\r\nDate: " DATE "\r\n" FIELDS "Transfer-Encoding: chunked\r\n\r\n" },
    { 200, 10, H1_BODY_LENGTH, 10, true,
      "HTTP/1.1 200 OK\r\nDate: " DATE "\r\n" FIELDS
      "Content-Length: 10\r\nConnection: keep-alive\r\n\r\n" },
    { 200, 10, H1_BODY_CLOSE, -1, false,
      "HTTP/1.1 200 OK\r\nDate: " DATE "\r\n" FIELDS "Connection: close\r\n\r\n" },
    { 200, 11, H1_BODY_NONE, 1234567890, true,
      "HTTP/1.1 200 OK\r\nDate: " DATE "\r\n" FIELDS "Content-Length: 1234567890\r\n\r\n" },
    { 200, 11, H1_BODY_NONE, -1, true, "HTTP/1.1 200 OK\r\nDate: " DATE "\r\n" FIELDS "\r\n" },
    { 304, 11, H1_BODY_NONE, 7, true,
      "HTTP/1.1 304 Not Modified\r\nDate: " DATE "\r\n" FIELDS "Content-Length: 7\r\n\r\n" },
    { 204, 11, H1_BODY_NONE, 0, true,
      "HTTP/1.1 204 No Content\r\nDate: " DATE "\r\n" FIELDS "\r\n" },
    { 204, 11, H1_BODY_LENGTH, 0, true,
      "HTTP/1.1 204 No Content\r\nDate: " DATE "\r\n" FIELDS "\r\n" },
    { 101, 11, H1_BODY_NONE, 0, true,
      "HTTP/1.1 101 Switching Protocols\r\nDate: " DATE "\r\n" FIELDS "\r\n" },
    { 799, 11, H1_BODY_LENGTH, 1, true,
      "HTTP/1.1 799 Unknown\r\nDate: " DATE "\r\n" FIELDS "Content-Length: 1\r\n\r\n" },
};

START_TEST(each_head_is_written_exactly)
{
    struct arena arena = { 0 };
    struct response response = response_of(&arena, cases[_i].status);
    struct h1_head head = { .version = cases[_i].version,
                            .body = cases[_i].body,
                            .length = cases[_i].length,
                            .keep_alive = cases[_i].keep_alive,
                            .date = SLICE_INIT(DATE) };
    char room[512];
    struct text text = text_on(room, sizeof(room));

    h1_write_head(&text, &response, &head);
    ck_assert(!text.cut);
    ck_assert_str_eq(text_cstr(&text), cases[_i].expect);
    arena_done(&arena);
}
END_TEST

START_TEST(a_head_that_does_not_fit_leaves_nothing_behind)
{
    struct arena arena = { 0 };
    struct response response = response_of(&arena, cases[_i].status);
    struct h1_head head = { .version = cases[_i].version,
                            .body = cases[_i].body,
                            .length = cases[_i].length,
                            .keep_alive = cases[_i].keep_alive,
                            .date = SLICE_INIT(DATE) };
    size_t len = strlen(cases[_i].expect);
    char room[512];

    for (size_t size = 0; size < len; size++) {
        struct text text = text_on(room, size);

        h1_write_head(&text, &response, &head);
        ck_assert(text.cut);
        ck_assert_uint_eq(text.len, 0);
    }
    struct text text = text_on(room, len);
    h1_write_head(&text, &response, &head);
    ck_assert(!text.cut);
    ck_assert_uint_eq(text.len, len);
    arena_done(&arena);
}
END_TEST

START_TEST(the_date_of_the_fields_goes_before_ours)
{
    struct arena arena = { 0 };
    struct response response = { .status = 200 };
    struct h1_head head = { .version = 11, .keep_alive = true, .length = -1, .body = H1_BODY_NONE };
    char room[512];
    struct text text = text_on(room, sizeof(room));

    h1_write_head(&text, &response, &head); /* no date at all */
    head.date = SLICE("ours");
    fields_add_id(&response.fields, &arena, FIELD_DATE, SLICE("theirs"));
    h1_write_head(&text, &response, &head);
    ck_assert_str_eq(text_cstr(&text), "HTTP/1.1 200 OK\r\n\r\n"
                                       "HTTP/1.1 200 OK\r\nDate: theirs\r\n\r\n");
    arena_done(&arena);
}
END_TEST

START_TEST(a_phrase_of_a_program_is_kept)
{
    struct response response = { .status = 200, .phrase = SLICE_INIT("Fine by me") };
    struct h1_head head = { .version = 11, .keep_alive = true, .length = -1, .body = H1_BODY_NONE };
    char room[512];
    struct text text = text_on(room, sizeof(room));

    h1_write_head(&text, &response, &head);
    ck_assert_str_eq(text_cstr(&text), "HTTP/1.1 200 Fine by me\r\n\r\n");
}
END_TEST

START_TEST(nothing_splits_an_answer)
{
    struct arena arena = { 0 };
    struct response response = { .status = 200, .phrase = SLICE_INIT("OK\r\nEvil: yes") };
    struct h1_head head = { .version = 11, .keep_alive = true, .length = -1, .body = H1_BODY_NONE };
    char room[512];
    struct text text = text_on(room, sizeof(room));

    fields_add(&response.fields, &arena, SLICE("A"), SLICE("b\r\nEvil: yes"));
    fields_add(&response.fields, &arena, SLICE("A:\nEvil"), SLICE("yes"));
    fields_add(&response.fields, &arena, SLICE("A"), SLICE("b\0c"));
    fields_add(&response.fields, &arena, SLICE("Good"), SLICE("\t\xc3\xa4"));
    h1_write_head(&text, &response, &head);
    ck_assert_str_eq(text_cstr(&text), "HTTP/1.1 200 OK\r\nGood: \t\xc3\xa4\r\n\r\n");
    arena_done(&arena);
}
END_TEST

START_TEST(interim_answers_have_nothing_but_their_fields)
{
    const struct fields none = { 0 };
    struct fields fields = { 0 };
    struct arena arena = { 0 };
    char room[128];
    struct text text = text_on(room, sizeof(room));

    fields_add(&fields, &arena, SLICE("Link"), SLICE("</a>"));
    fields_add(&fields, &arena, SLICE("Content-Length"), SLICE("5"));
    fields_add(&fields, &arena, SLICE("X-Split"), SLICE("a\r\nb"));
    h1_write_interim(&text, 100, &none);
    h1_write_interim(&text, 103, &fields);
    ck_assert_str_eq(text_cstr(&text), "HTTP/1.1 100 Continue\r\n\r\n"
                                       "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");

    text = text_on(room, 24);
    h1_write_interim(&text, 100, &none);
    ck_assert(text.cut);
    ck_assert_uint_eq(text.len, 0);
    arena_done(&arena);
}
END_TEST

SUITE("h1_write", LOOP(each_head_is_written_exactly, cases),
      LOOP(a_head_that_does_not_fit_leaves_nothing_behind, cases),
      TEST(the_date_of_the_fields_goes_before_ours), TEST(a_phrase_of_a_program_is_kept),
      TEST(nothing_splits_an_answer), TEST(interim_answers_have_nothing_but_their_fields))
