#include "base/host_name.h"

#include "suite.h"

#include <string.h>

#define LABEL_63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
    const char *name;
    bool good;
} cases[] = {
    { "app.example.org", true },
    { "app.example.org.", true },
    { "localhost", true },
    { "_fcgi._tcp.example.org", true },
    { "10.example", true },
    { "xn--bcher-kva.example", true },
    { LABEL_63 ".org", true },
    { "", false },
    { ".", false },
    { "a..b", false },
    { ".a", false },
    { "-a.org", false },
    { "a-.org", false },
    { "127.0.0.300", false },
    { "a b", false },
    { "a/b", false },
    { "b\303\274cher.example", false },
    { LABEL_63 "x.org", false },
    { LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, false },
};

START_TEST(a_name_is_good_or_not)
{
    ck_assert_msg(host_name_is_good(slice_cstr(cases[_i].name)) == cases[_i].good, "%s",
                  cases[_i].name);
}
END_TEST

SUITE("host_name", LOOP(a_name_is_good_or_not, cases))
