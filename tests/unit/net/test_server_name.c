#include "server_name.h"

#include "suite.h"

static const struct {
    const char *bytes;
    size_t len;
    const char *name;
} extensions[] = {
    { "", 0, "" },
    { "\0\6\0\0\3a.b", 8, "a.b" },
    { "\0\13\1\0\2xy\0\0\3a.b", 13, "a.b" }, /* behind one of another kind */
    { "\0\14\0\0\3a.b\0\0\3c.d", 14, "a.b" },
    { "\0\3\0\0\0", 5, "" },
    { "\0\5\1\0\2xy", 7, "" },
    { "\0", 1, "" },
    { "\0\7\0\0\3a.b", 8, "" }, /* the list is longer than the extension */
    { "\0\6\0\0\4a.b", 8, "" }, /* the name is longer than the list */
    { "\0\1\0", 3, "" },
    { "\0\2\0\0", 4, "" },
};

START_TEST(the_first_name_of_a_host_counts)
{
    struct slice in = slice_of(extensions[_i].bytes, extensions[_i].len);

    ck_assert(slice_equal_cstr(server_name_first(in), extensions[_i].name));
}
END_TEST

SUITE("server_name", LOOP(the_first_name_of_a_host_counts, extensions))
