#include "server/access_log.h"

#include "base/text.h"
#include "loop/driver_fake.h"
#include "suite.h"

#include <unistd.h>

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

static struct arena arena;

/* By the name of the format, or by a text with letters. */
static struct log_format format_of(const char *how)
{
    struct log_format ret;

    if (!log_format_named(slice_cstr(how), &arena, &ret))
        ck_assert_int_eq(log_format_parse(slice_cstr(how), &arena, &ret, NULL), PARSE_DONE);
    return ret;
}

static const char *format(const char *how, const struct exchange *x)
{
    struct text text = text_on(line, 4096);
    const struct log_format by = format_of(how);

    access_log_format(&text, &by, x);
    arena_done(&arena);
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
    const char *text = format("hiawatha", &x);
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
    ck_assert_ptr_nonnull(strstr(format("common", &x), "] \"GET /a?b=1 HTTP/1.1\" 200 1234\n"));
    ck_assert_ptr_nonnull(strstr(format("extended", &x), "\" 200 1234 \"-\" \"-\"\n"));
    x.record.user = SLICE("joe");
    ck_assert_ptr_nonnull(strstr(format("common", &x), "192.0.2.7 - joe ["));
}
END_TEST

static const struct {
    const char *agent;
    const char *how;
    const char *wanted;
} forgeries[] = {
    { "x\n1.2.3.4 - - forged", "extended", "x\\x0a1.2.3.4" },
    { "x\" 200 1 \"y", "extended", "x\\\" 200 1 \\\"y" },
    { "x|200|1", "hiawatha", "x\\x7c200\\x7c1" },
    { "\033[31mred", "extended", "\\x1b[31mred" },
    { "\r\nx", "hiawatha", "\\x0d\\x0ax" },
    { "caf\xc3\xa9", "extended", "caf\\xc3\\xa9" },
    { "x 200", "%{User-Agent}i %s", "x\\x20200 200" },
    { "x;y", "%{User-Agent}i;%s", "x\\x3by;200" },
    { "x]", "[%{User-Agent}i]", "[x\\x5d]" },
    { "x 1", "%{User-Agent}i", "x 1\n" },
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
    ck_assert_uint_le(strlen(format("extended", &x)), 4096);
}
END_TEST

static char json[20000];

static const char *format_json(const struct exchange *x)
{
    static const struct log_format by = { .kind = LOG_FORMAT_JSON };
    struct text text = text_on(json, 16384);

    access_log_format(&text, &by, x);
    ck_assert_uint_gt(text.len, 2);
    ck_assert_mem_eq(text.at + text.len - 2, "}\n", 2);
    ck_assert_ptr_null(memchr(text.at, '\n', text.len - 1));
    json[text.len] = '\0';
    return json;
}

START_TEST(json_tells_what_is_known)
{
    struct exchange x;
    struct field fields[8];

    prepare(&x, fields);
    x.request.method_name = SLICE("GET");
    x.request.target.raw = SLICE("/a?b=1");
    x.record.begun_unix_ms = INT64_C(1795440361123);
    add(&x, "User-Agent", "pro\"be");
    ck_assert_str_eq(format_json(&x),
                     "{\"time\":\"2026-11-23T13:26:01.123Z\",\"client\":\"192.0.2.7\","
                     "\"method\":\"GET\",\"status\":200,\"bytes\":1234,\"body_bytes\":0,"
                     "\"duration_ms\":0,\"agent\":\"pro\\\"be\",\"target\":\"/a?b=1\"}\n");
}
END_TEST

START_TEST(json_tells_what_a_program_took)
{
    struct exchange x;
    struct field fields[8];

    prepare(&x, fields);
    x.record.handler = "cgi";
    x.record.program = (struct program_record){
        .exited = true, .exit_code = 3, .cpu_us = 1500, .peak_kib = 2048, .start_us = 300
    };
    ck_assert_ptr_nonnull(strstr(format_json(&x), ",\"handler\":\"cgi\",\"exit\":3,\"cpu_us\":1500,"
                                                  "\"peak_kib\":2048,\"spawn_us\":300}"));
    x.record.program.signal = 9;
    ck_assert_ptr_nonnull(strstr(format_json(&x), "\"signal\":9"));
    x.record.handler = "fastcgi";
    x.record.program = (struct program_record){
        .backend = SLICE("/run/php.sock"), .attempts = 2, .start_us = 5, .first_byte_us = 7
    };
    ck_assert_ptr_nonnull(strstr(format_json(&x),
                                 "\"handler\":\"fastcgi\",\"connect_us\":5,\"first_byte_us\":7,"
                                 "\"backend\":\"/run/php.sock\",\"attempts\":2}"));
    x.record.program.session = SLICE("cookie");
    ck_assert_ptr_nonnull(strstr(format_json(&x), "\"attempts\":2,\"session\":\"cookie\"}"));
}
END_TEST

/* Bytes as clients like to send them. */
static const struct {
    int byte;
} bytes_of[] = { { 'a' }, { '"' }, { '\0' }, { 0xff }, { '\n' } };

START_TEST(a_json_object_is_whole_however_long_its_texts_are)
{
    static char bytes[60000];
    struct exchange x;
    struct field fields[8];

    memset(bytes, bytes_of[_i].byte, sizeof(bytes));
    prepare(&x, fields);
    x.request.target.raw = slice_of(bytes, sizeof(bytes));
    x.request.method_name = slice_of(bytes, 5000);
    x.record.user = slice_of(bytes, 5000);
    x.request.fields.at[x.request.fields.count++] =
        (struct field){ .value = slice_of(bytes, 5000), .id = FIELD_USER_AGENT };
    ck_assert_ptr_nonnull(strstr(format_json(&x), "\",\"cut\":true}\n"));
}
END_TEST

static const struct {
    const char *how;
    const char *wanted;
} letters[] = {
    { "%h %a %l %u", "192.0.2.7 192.0.2.7 - -" },
    { "%r|%m|%U|%q|%H", "GET /a?b=1 HTTP/1.1|GET|/a|?b=1|HTTP/1.1" },
    { "%s %>s %<s %b %B %O", "200 200 200 1000 1000 1234" },
    { "%D %T %{s}T %{ms}T %{us}T", "2500000 2 2 2500 2500000" },
    { "%{iso}t %{sec}t %{msec}t", "2026-11-23T13:26:01.123Z 1795440361 1795440361123" },
    { "%V:%p from %{remote}p, %{local}p", "asked.example:8080 from 4711, 8080" },
    { "%v", "-" },
    { "%L %{id}n", "4zk0c9m2r8hwx 4zk0c9m2r8hwx" },
    { "%R %{handler}n %{exit}n %{signal}n", "cgi cgi 3 -" },
    { "%{cpu_us}n %{peak_kib}n %{queue_us}n", "1500 2048 7" },
    { "%{spawn_us}n %{connect_us}n %{first_byte_us}n %{attempts}n", "300 - 900 -" },
    { "%{backend}n %{session}n %{cause}n", "- - it failed" },
    { "%{tls}n %{cipher}n %{SSL_PROTOCOL}x %{SSL_CIPHER}x", "TLSv1.3 AES TLSv1.3 AES" },
    { "%{accept}i %{X-None}i %{Content-Type}o", "text/html - image/png" },
    { "100%% \\ \"of\" it", "100% \\ \"of\" it" },
    { "\"%s \\\"%m\\\" \\\\ %u\\tx\"", "200 \"GET\" \\ -\tx" },
};

START_TEST(each_letter_has_its_value)
{
    static const struct visit by_tls = { .client_text = "192.0.2.7",
                                         .client_port = 4711,
                                         .local_port = 8080,
                                         .tls_version = "TLSv1.3",
                                         .tls_cipher = "AES" };
    struct exchange x;
    struct field fields[8];
    struct field type[1] = { { .name = SLICE_INIT("Content-Type"),
                               .value = SLICE_INIT("image/png"),
                               .id = FIELD_CONTENT_TYPE } };
    struct loop loop = { .now_ms = 12500 };
    char wanted[256];

    prepare(&x, fields);
    add(&x, "Accept", "text/html");
    x.visit = &by_tls;
    x.loop = &loop;
    x.request.version = 11;
    x.request.method_name = SLICE("GET");
    x.request.target.raw = SLICE("/a?b=1");
    x.request.host = SLICE("asked.example");
    x.response.fields = (struct fields){ .at = type, .count = 1 };
    memcpy(x.id_text, "4zk0c9m2r8hwx", sizeof("4zk0c9m2r8hwx"));
    x.record.begun_ms = 10000;
    x.record.begun_unix_ms = INT64_C(1795440361123);
    x.record.body_bytes = 1000;
    x.record.cause = "it failed";
    x.record.handler = "cgi";
    x.record.program = (struct program_record){
        .exited = true,
        .exit_code = 3,
        .cpu_us = 1500,
        .peak_kib = 2048,
        .queue_us = 7,
        .start_us = 300,
        .first_byte_us = 900,
    };
    snprintf(wanted, sizeof(wanted), "%s\n", letters[_i].wanted);
    ck_assert_str_eq(format(letters[_i].how, &x), wanted);
}
END_TEST

START_TEST(what_follows_a_long_target_is_in_the_line_too)
{
    static char bytes[60000];
    static char long_line[16384 + 1];
    struct exchange x;
    struct field fields[8];
    struct text text = text_on(long_line, 16384);
    const struct log_format by = format_of("extended");

    memset(bytes, '"', sizeof(bytes));
    prepare(&x, fields);
    x.request.line = slice_of(bytes, sizeof(bytes));
    access_log_format(&text, &by, &x);
    arena_done(&arena);
    ck_assert_ptr_nonnull(strstr(text_cstr(&text), "\\\"\" 200 1234 \"-\" \"-\"\n"));
}
END_TEST

START_TEST(every_file_gets_its_own_lines)
{
    enum { FILES = 40 };
    struct log_writer *writer = log_writer_start();
    struct log_file *files[FILES];
    int ends[FILES][2];
    struct access_log log;
    struct loop loop;
    struct exchange x;
    struct field fields[8];
    char bytes[4096];

    loop_init(&loop, driver_fake_new());
    const struct log_format by = format_of("common");

    access_log_init(&log, &loop);
    log.format = &by;
    for (unsigned i = 0; i < FILES; i++) {
        char name[16];

        snprintf(name, sizeof(name), "/log%u", i);
        ck_assert_int_eq(pipe(ends[i]), 0);
        files[i] = log_writer_add(writer, LOG_TO_FILE, slice_cstr(name), ends[i][1]);
    }
    prepare(&x, fields);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = FILES; i-- > 0;) {
            x.response.status = 200 + (int)i;
            access_log_add(&log, files[i], &x);
        }
        if (round == 0)
            loop_pass(&loop, ACCESS_LOG_FLUSH_MS);
    }
    access_log_done(&log);
    log_writer_stop(writer);
    for (unsigned i = 0; i < FILES; i++) {
        char wanted[16];
        ssize_t len = read(ends[i][0], bytes, sizeof(bytes) - 1);
        unsigned lines = 0;

        ck_assert_int_gt(len, 0);
        bytes[len] = '\0';
        snprintf(wanted, sizeof(wanted), "\" %u 1234\n", 200 + i);
        for (const char *at = bytes; (at = strstr(at, wanted)) != NULL; at++)
            lines++;
        ck_assert_uint_eq(lines, 3);
        close(ends[i][0]);
    }
    loop_done(&loop);
    arena_done(&arena);
}
END_TEST

START_TEST(a_hidden_client_is_nowhere_in_the_line)
{
    struct exchange x;
    struct field fields[8];

    prepare(&x, fields);
    x.record.client = "192.0.2.0";
    add(&x, "X-Forwarded-For", "192.0.2.7");
    add(&x, "Forwarded", "for=192.0.2.7");
    add(&x, "X-Real-IP", "192.0.2.7");
    static const char *const hows[] = {
        "hiawatha", "common", "extended", "json",
        "%h %{remote}p %{X-Forwarded-For}i %{Forwarded}i %{x-real-ip}i"
    };
    for (size_t how = 0; how < sizeof(hows) / sizeof(hows[0]); how++) {
        const char *text = format(hows[how], &x);
        ck_assert_ptr_nonnull(strstr(text, "192.0.2.0"));
        ck_assert_ptr_null(strstr(text, "192.0.2.7"));
    }
}
END_TEST

SUITE("access_log", LOOP(each_letter_has_its_value, letters),
      TEST(what_follows_a_long_target_is_in_the_line_too),
      TEST(a_hidden_client_is_nowhere_in_the_line), TEST(json_tells_what_is_known),
      TEST(json_tells_what_a_program_took),
      LOOP(a_json_object_is_whole_however_long_its_texts_are, bytes_of),
      TEST(every_file_gets_its_own_lines), TEST(hiawathas_line_has_its_columns),
      TEST(common_and_extended_lines_are_as_everywhere), LOOP(no_client_forges_a_line, forgeries),
      TEST(a_line_longer_than_its_room_still_ends))
