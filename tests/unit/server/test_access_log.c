#include "server/access_log.h"

#include "base/text.h"
#include "suite.h"

static struct visit visit = { .client_text = "192.0.2.7" };

static void prepare(struct exchange *x, struct field *fields)
{
    *x = (struct exchange){
        .visit = &visit,
        .request.line = SLICE_INIT("GET /a?b=1 HTTP/1.1"),
        .request.fields = { .at = fields, .room = 8 },
        .response.status = 200,
        .record.sent_bytes = 1234,
    };
}

static void add(struct exchange *x, const char *name, const char *value)
{
    struct slice field = slice_cstr(name);

    x->request.fields.at[x->request.fields.count++] =
        (struct field){ .name = field, .value = slice_cstr(value), .id = field_id_of(field) };
}

static char line[8192];

static const char *format(enum conf_log_format how, const struct exchange *x)
{
    struct text text = text_on(line, 4096);

    access_log_format(&text, how, x);
    ck_assert_uint_gt(text.len, 0);
    ck_assert_int_eq(text.at[text.len - 1], '\n');
    ck_assert_ptr_null(memchr(text.at, '\n', text.len - 1));
    line[text.len] = '\0';
    return line;
}

START_TEST(hiawathas_line_has_its_columns)
{
    struct exchange x;
    struct field fields[8];

    prepare(&x, fields);
    add(&x, "Host", "a");
    add(&x, "User-Agent", "probe");
    add(&x, "Referer", "http://b/");
    add(&x, "Cookie", "secret=1");
    add(&x, "Authorization", "Basic secret");
    const char *text = format(LOG_FORMAT_HIAWATHA, &x);
    ck_assert_ptr_nonnull(strstr(text, "192.0.2.7|"));
    ck_assert_ptr_nonnull(strstr(text, "|200|1234|GET /a?b=1 HTTP/1.1|http://b/|probe|Host: a\n"));
    ck_assert_ptr_null(strstr(text, "secret"));
}
END_TEST

START_TEST(common_and_extended_lines_are_as_everywhere)
{
    struct exchange x;
    struct field fields[8];

    prepare(&x, fields);
    ck_assert_ptr_nonnull(
        strstr(format(LOG_FORMAT_COMMON, &x), "] \"GET /a?b=1 HTTP/1.1\" 200 1234\n"));
    ck_assert_ptr_nonnull(strstr(format(LOG_FORMAT_EXTENDED, &x), "\" 200 1234 \"-\" \"-\"\n"));
    x.record.user = SLICE("joe");
    ck_assert_ptr_nonnull(strstr(format(LOG_FORMAT_COMMON, &x), "192.0.2.7 - joe ["));
}
END_TEST

static const struct {
    const char *agent;
    enum conf_log_format how;
    const char *wanted;
} forgeries[] = {
    { "x\n1.2.3.4 - - forged", LOG_FORMAT_EXTENDED, "x\\x0a1.2.3.4" },
    { "x\" 200 1 \"y", LOG_FORMAT_EXTENDED, "x\\\" 200 1 \\\"y" },
    { "x|200|1", LOG_FORMAT_HIAWATHA, "x\\x7c200\\x7c1" },
    { "\033[31mred", LOG_FORMAT_EXTENDED, "\\x1b[31mred" },
    { "\r\nx", LOG_FORMAT_HIAWATHA, "\\x0d\\x0ax" },
    { "caf\xc3\xa9", LOG_FORMAT_EXTENDED, "caf\\xc3\\xa9" },
};

START_TEST(no_client_forges_a_line)
{
    struct exchange x;
    struct field fields[8];

    prepare(&x, fields);
    add(&x, "User-Agent", forgeries[_i].agent);
    ck_assert_ptr_nonnull(strstr(format(forgeries[_i].how, &x), forgeries[_i].wanted));
}
END_TEST

START_TEST(a_line_longer_than_its_room_still_ends)
{
    struct exchange x;
    struct field fields[8];
    static char agent[6000];

    memset(agent, 'a', sizeof(agent) - 1);
    prepare(&x, fields);
    add(&x, "User-Agent", agent);
    ck_assert_uint_le(strlen(format(LOG_FORMAT_EXTENDED, &x)), 4096);
}
END_TEST

SUITE("access_log", TEST(hiawathas_line_has_its_columns),
      TEST(common_and_extended_lines_are_as_everywhere), LOOP(no_client_forges_a_line, forgeries),
      TEST(a_line_longer_than_its_room_still_ends))
