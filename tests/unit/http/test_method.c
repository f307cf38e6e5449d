#include "http/method.h"
#include "suite.h"

static const struct {
    const char *name;
    enum method method;
    bool safe;
    bool idempotent;
} cases[] = {
    { "GET", METHOD_GET, true, true },           { "HEAD", METHOD_HEAD, true, true },
    { "POST", METHOD_POST, false, false },       { "PUT", METHOD_PUT, false, true },
    { "DELETE", METHOD_DELETE, false, true },    { "OPTIONS", METHOD_OPTIONS, true, true },
    { "PATCH", METHOD_PATCH, false, false },     { "TRACE", METHOD_TRACE, true, true },
    { "CONNECT", METHOD_CONNECT, false, false }, { "get", METHOD_OTHER, false, false },
    { "GETS", METHOD_OTHER, false, false },      { "GE", METHOD_OTHER, false, false },
    { "FOO", METHOD_OTHER, false, false },       { "HEAT", METHOD_OTHER, false, false },
    { "PROPFIND", METHOD_OTHER, false, false },  { "REPORT", METHOD_OTHER, false, false },
    { "", METHOD_OTHER, false, false },
};

START_TEST(each_name_has_its_method_and_properties)
{
    enum method method = method_of(slice_cstr(cases[_i].name));

    ck_assert_int_eq(method, cases[_i].method);
    ck_assert_int_eq(method_is_safe(method), cases[_i].safe);
    ck_assert_int_eq(method_is_idempotent(method), cases[_i].idempotent);
}
END_TEST

SUITE("method", LOOP(each_name_has_its_method_and_properties, cases))
