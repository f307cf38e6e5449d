#include "http/field.h"
#include "http/status.h"
#include "suite.h"

static const struct {
    int status;
    const char *phrase;
    bool no_content;
} cases[] = {
    { 100, "Continue", true },
    { 103, "Early Hints", true },
    { 199, "Informational", true },
    { 200, "OK", false },
    { 204, "No Content", true },
    { 205, "Reset Content", false },
    { 206, "Partial Content", false },
    { 299, "Success", false },
    { 301, "Moved Permanently", false },
    { 304, "Not Modified", true },
    { 399, "Redirection", false },
    { 400, "Bad Request", false },
    { 404, "Not Found", false },
    { 413, "Content Too Large", false },
    { 418, "Client Error", false },
    { 431, "Request Header Fields Too Large", false },
    { 440, "Client Certificate Required", false },
    { 444, "Banned", false },
    { 500, "Internal Server Error", false },
    { 505, "HTTP Version Not Supported", false },
    { 511, "Network Authentication Required", false },
    { 599, "Server Error", false },
    { 600, "Unknown", false },
    { 0, "Unknown", false },
    { -1, "Unknown", false },
};

START_TEST(each_status_has_its_phrase)
{
    ck_assert(slice_equal_cstr(status_phrase(cases[_i].status), cases[_i].phrase));
    ck_assert_int_eq(status_has_no_content(cases[_i].status), cases[_i].no_content);
}
END_TEST

/* This finds a table that is not sorted, too: each registered status is then missing from the
 * search. */
START_TEST(every_status_has_texts_that_can_be_sent)
{
    unsigned registered = 0;

    for (int status = 0; status < 1000; status++) {
        struct slice phrase = status_phrase(status);
        struct slice of_class = status_phrase(status / 100 * 100 + 99);
        struct slice explanation = status_explanation(status);

        ck_assert(phrase.len > 0 && field_is_value(phrase));
        ck_assert(explanation.len > 0 && explanation.at[explanation.len - 1] == '.');
        registered += !slice_equal(phrase, of_class);
    }
    ck_assert_uint_eq(registered, 66);
}
END_TEST

SUITE("status", LOOP(each_status_has_its_phrase, cases),
      TEST(every_status_has_texts_that_can_be_sent))
