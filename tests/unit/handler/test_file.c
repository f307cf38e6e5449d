#include "handler/probe.h"

#include "http/date.h"
#include "os/fd.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LONG_AGO      1500000000
#define LONG_AGO_DATE "Fri, 14 Jul 2017 02:40:00 GMT"
#define GIB           ((uint64_t)1 << 30)

/* small.txt "0123456789", large.bin of 40,000 bytes, empty.txt, huge.iso of 6 GiB, coded.css with
 * all neighbours. */
static struct probe *open_site(void)
{
    struct probe *probe = probe_new();
    struct conf conf;
    static char large[40000];
    static const char *const names[] = { "small.txt", "large.bin", "empty.txt", "coded.css",
                                         "only.js" };

    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = (char)('a' + i % 26);
    tree_file(&probe->tree, "small.txt", "0123456789");
    tree_bytes(&probe->tree, "large.bin", slice_of(large, sizeof(large)));
    tree_file(&probe->tree, "empty.txt", "");
    tree_sparse(&probe->tree, "huge.iso", (off_t)(6 * GIB));
    tree_file(&probe->tree, "coded.css", "plain");
    tree_file(&probe->tree, "coded.css.br", "brotli");
    tree_file(&probe->tree, "coded.css.zst", "zstandard");
    tree_file(&probe->tree, "coded.css.gz", "gzipped");
    tree_file(&probe->tree, "only.js", "plain");
    tree_file(&probe->tree, "only.js.gz", "gzipped");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        tree_time(&probe->tree, names[i], LONG_AGO);
    conf_make(&conf);
    probe_host(probe, &conf);
    probe_open(probe, &conf);
    return probe;
}

static void check_answer(struct probe *probe, int status, const char *body)
{
    ck_assert_int_eq(probe->status, status);
    ck_assert_uint_eq(probe->heads, 1);
    ck_assert_uint_eq(probe->resets, 0);
    ck_assert_int_eq(probe->end, BODY_COMPLETE);
    ck_assert_msg(probe->body_len == strlen(body) &&
                      memcmp(probe->body, body, probe->body_len) == 0,
                  "the body is '%.*s', not '%s'", (int)probe->body_len, probe->body, body);
}

static void check_field(struct probe *probe, const char *name, const char *expect)
{
    const char *value = probe_field(probe, name);

    if (!expect)
        ck_assert_msg(!value, "%s: %s", name, value);
    else
        ck_assert_msg(value && strcmp(value, expect) == 0, "%s: %s, not %s", name,
                      value ? value : "(none)", expect);
}

/* ---- whole files ---- */

START_TEST(a_file_comes_with_all_that_is_known_about_it)
{
    struct probe *probe = open_site();

    probe_ask(probe, "GET", "/small.txt", NULL);
    check_answer(probe, 200, "0123456789");
    ck_assert_int_eq(probe->length, 10);
    check_field(probe, "Content-Type", "text/plain; charset=utf-8");
    check_field(probe, "Last-Modified", LONG_AGO_DATE);
    check_field(probe, "Accept-Ranges", "bytes");
    check_field(probe, "Vary", NULL);
    check_field(probe, "Content-Encoding", NULL);
    ck_assert_int_eq(probe_field(probe, "ETag")[0], '"');
    ck_assert_uint_eq(probe->span_count, 0); /* from memory */

    probe_ask(probe, "GET", "/large.bin", NULL);
    ck_assert_int_eq(probe->status, 200);
    ck_assert_uint_eq(probe->body_len, 40000);
    ck_assert_int_eq(probe->body[39999], 'a' + 39999 % 26);
    ck_assert_uint_eq(probe->span_count, 1); /* from the file */

    probe_ask(probe, "GET", "/empty.txt", NULL);
    check_answer(probe, 200, "");
    ck_assert_int_eq(probe->length, 0);
    probe_free(probe);
}
END_TEST

START_TEST(head_tells_the_length_and_puts_nothing)
{
    struct probe *probe = open_site();

    probe_ask(probe, "HEAD", "/large.bin", "Range: bytes=0-9\n");
    check_answer(probe, 200, "");
    ck_assert_int_eq(probe->length, 40000);
    ck_assert_uint_eq(probe->put_bytes, 0);
    check_field(probe, "Content-Range", NULL);
    probe_free(probe);
}
END_TEST

START_TEST(offsets_pass_four_gib)
{
    struct probe *probe = open_site();

    probe_ask(probe, "GET", "/huge.iso", NULL);
    ck_assert_int_eq(probe->status, 200);
    ck_assert_int_eq(probe->length, (int64_t)(6 * GIB));
    ck_assert_uint_eq(probe->put_bytes, 6 * GIB);

    probe_ask(probe, "GET", "/huge.iso", "Range: bytes=5000000000-5000000009\n");
    ck_assert_int_eq(probe->status, 206);
    check_field(probe, "Content-Range", "bytes 5000000000-5000000009/6442450944");
    ck_assert_uint_eq(probe->spans[0].offset, 5000000000);
    ck_assert_uint_eq(probe->spans[0].len, 10);
    ck_assert_uint_eq(probe->body_len, 10);

    probe_ask(probe, "GET", "/huge.iso", "Range: bytes=-1\n");
    ck_assert_uint_eq(probe->spans[0].offset, 6 * GIB - 1);
    probe_free(probe);
}
END_TEST

/* ---- ranges ---- */

static const struct {
    const char *path;
    const char *range;
    int status;
    const char *body;
    const char *content_range;
} ranges[] = {
    { "/small.txt", "bytes=0-0", 206, "0", "bytes 0-0/10" },
    { "/small.txt", "bytes=2-4", 206, "234", "bytes 2-4/10" },
    { "/small.txt", "bytes=8-", 206, "89", "bytes 8-9/10" },
    { "/small.txt", "bytes=-3", 206, "789", "bytes 7-9/10" },
    { "/small.txt", "bytes=0-", 206, "0123456789", "bytes 0-9/10" },
    { "/small.txt", "bytes=5-100", 206, "56789", "bytes 5-9/10" },
    { "/small.txt", "bytes=2-3,4-5", 206, "2345", "bytes 2-5/10" },
    { "/small.txt", "bytes=4-2", 200, "0123456789", NULL },
    { "/small.txt", "lines=1-2", 200, "0123456789", NULL },
    { "/small.txt", "bytes=1-2\nRange: bytes=3-4", 200, "0123456789", NULL },
    { "/empty.txt", "bytes=-5", 200, "", NULL },
};

START_TEST(a_range_gives_its_bytes)
{
    struct probe *probe = open_site();
    char fields[128];

    snprintf(fields, sizeof(fields), "Range: %s\n", ranges[_i].range);
    probe_ask(probe, "GET", ranges[_i].path, fields);
    check_answer(probe, ranges[_i].status, ranges[_i].body);
    check_field(probe, "Content-Range", ranges[_i].content_range);
    ck_assert_int_eq(probe->length, (int64_t)strlen(ranges[_i].body));
    probe_free(probe);
}
END_TEST

START_TEST(a_range_behind_the_end_is_416)
{
    struct probe *probe = open_site();

    probe_ask(probe, "GET", "/small.txt", "Range: bytes=10-\n");
    ck_assert_int_eq(probe->status, 416);
    check_field(probe, "Content-Range", "bytes */10");
    check_field(probe, "Content-Type", "text/html; charset=utf-8");
    ck_assert_int_eq(probe->length, (int64_t)probe->body_len);
    ck_assert_uint_eq(probe->logged_lines, 0);

    probe_ask(probe, "GET", "/empty.txt", "Range: bytes=0-0\n");
    ck_assert_int_eq(probe->status, 416);
    check_field(probe, "Content-Range", "bytes */0");
    probe_free(probe);
}
END_TEST

START_TEST(several_ranges_come_in_parts)
{
    struct probe *probe = open_site();
    char boundary[64];
    char expect[1024];

    probe_ask(probe, "GET", "/small.txt", "Range: bytes=0-1, 4-5,-1\n");
    ck_assert_int_eq(probe->status, 206);
    check_field(probe, "Content-Range", NULL);
    ck_assert_int_eq(
        sscanf(probe_field(probe, "Content-Type"), "multipart/byteranges; boundary=%63s", boundary),
        1);
    snprintf(
        expect, sizeof(expect),
        "--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-1/10\r\n\r\n"
        "01\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Range: bytes 4-5/10\r\n\r\n"
        "45\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Range: bytes 9-9/10\r\n\r\n"
        "9\r\n--%s--\r\n",
        boundary, boundary, boundary, boundary);
    check_answer(probe, 206, expect);
    ck_assert_int_eq(probe->length, (int64_t)strlen(expect));

    probe_ask(probe, "GET", "/small.txt", "Range: bytes=0-1, 4-5\n");
    ck_assert_ptr_null(strstr(probe_field(probe, "Content-Type"), boundary)); /* never the same */

    probe_ask(probe, "GET", "/huge.iso", "Range: bytes=0-0,5000000000-5000000001\n");
    ck_assert_uint_eq(probe->span_count, 2);
    ck_assert_uint_eq(probe->spans[1].offset, 5000000000);
    ck_assert_int_eq(probe->length, (int64_t)probe->body_len);
    probe_free(probe);
}
END_TEST

/* ---- conditions: %s stands for the ETag ---- */

static const struct {
    const char *method;
    const char *fields;
    int status;
} conditions[] = {
    { "GET", "If-None-Match: %s\n", 304 },
    { "HEAD", "If-None-Match: %s\n", 304 },
    { "GET", "If-None-Match: \"a\", W/%s\n", 304 },
    { "GET", "If-None-Match: *\n", 304 },
    { "GET", "If-None-Match: \"other\"\n", 200 },
    { "GET", "If-Modified-Since: " LONG_AGO_DATE "\n", 304 },
    { "GET", "If-Modified-Since: Fri, 14 Jul 2017 02:39:59 GMT\n", 200 },
    { "GET", "If-None-Match: \"other\"\nIf-Modified-Since: " LONG_AGO_DATE "\n", 200 },
    { "GET", "If-Match: %s\n", 200 },
    { "GET", "If-Match: \"other\"\n", 412 },
    { "GET", "If-Match: W/%s\n", 412 },
    { "GET", "If-Unmodified-Since: Fri, 14 Jul 2017 02:39:59 GMT\n", 412 },
    { "GET", "If-Unmodified-Since: " LONG_AGO_DATE "\n", 200 },
    { "GET", "Range: bytes=1-2\nIf-Range: %s\n", 206 },
    { "GET", "Range: bytes=1-2\nIf-Range: " LONG_AGO_DATE "\n", 206 },
    { "GET", "Range: bytes=1-2\nIf-Range: \"other\"\n", 200 },
    { "GET", "Range: bytes=1-2\nIf-Range: W/%s\n", 200 },
    { "GET", "Range: bytes=1-2\nIf-None-Match: %s\n", 304 },
    { "GET", "Range: bytes=50-\nIf-Range: \"other\"\n", 200 },
};

START_TEST(a_condition_is_judged)
{
    struct probe *probe = open_site();
    char etag[128];
    char fields[512];

    probe_ask(probe, "GET", "/small.txt", NULL);
    snprintf(etag, sizeof(etag), "%s", probe_field(probe, "ETag"));
    const char *place = strstr(conditions[_i].fields, "%s");
    int before = place ? (int)(place - conditions[_i].fields) : (int)strlen(conditions[_i].fields);
    snprintf(fields, sizeof(fields), "%.*s%s%s", before, conditions[_i].fields, place ? etag : "",
             place ? place + 2 : "");
    probe_ask(probe, conditions[_i].method, "/small.txt", fields);

    ck_assert_int_eq(probe->status, conditions[_i].status);
    if (probe->status == 304) {
        check_answer(probe, 304, "");
        check_field(probe, "ETag", etag);
        check_field(probe, "Last-Modified", LONG_AGO_DATE);
        check_field(probe, "Content-Type", NULL);
        ck_assert_int_eq(probe->length, -1);
    }
    if (probe->status == 412)
        ck_assert_str_ne(probe->cause, "");
    probe_free(probe);
}
END_TEST

START_TEST(a_file_from_the_future_was_changed_now)
{
    struct probe *probe = open_site();
    int64_t date_s = 0;

    tree_time(&probe->tree, "small.txt", 4000000000);
    probe_ask(probe, "GET", "/small.txt", NULL);
    const char *value = probe_field(probe, "Last-Modified");
    ck_assert(date_parse(slice_cstr(value), time(NULL), &date_s));
    ck_assert_int_le(date_s, time(NULL));
    probe_free(probe);
}
END_TEST

/* ---- precompressed neighbours ---- */

static const struct {
    const char *path;
    const char *accept;
    const char *body;
    const char *coding;
} codings[] = {
    { "/coded.css", "gzip, deflate, br, zstd", "brotli", "br" },
    { "/coded.css", "gzip, zstd", "zstandard", "zstd" },
    { "/coded.css", "gzip", "gzipped", "gzip" },
    { "/coded.css", "br;q=0, gzip", "gzipped", "gzip" },
    { "/coded.css", "*", "brotli", "br" },
    { "/coded.css", "deflate", "plain", NULL },
    { "/coded.css", "", "plain", NULL },
    { "/only.js", "br, gzip", "gzipped", "gzip" },
    { "/only.js", "br", "plain", NULL },
};

START_TEST(a_neighbour_is_sent_to_those_who_take_it)
{
    struct probe *probe = open_site();
    char fields[128];

    snprintf(fields, sizeof(fields), "Accept-Encoding: %s\n", codings[_i].accept);
    probe_ask(probe, "GET", codings[_i].path, fields);
    check_answer(probe, 200, codings[_i].body);
    check_field(probe, "Content-Encoding", codings[_i].coding);
    check_field(probe, "Vary", "Accept-Encoding");
    check_field(probe, "Content-Type",
                strstr(codings[_i].path, "css") ? "text/css; charset=utf-8"
                                                : "text/javascript; charset=utf-8");
    probe_free(probe);
}
END_TEST

START_TEST(each_coding_is_a_representation_of_its_own)
{
    struct probe *probe = open_site();
    char plain[128];
    char fields[256];

    probe_ask(probe, "GET", "/coded.css", NULL);
    snprintf(plain, sizeof(plain), "%s", probe_field(probe, "ETag"));
    probe_ask(probe, "GET", "/coded.css", "Accept-Encoding: gzip\n");
    ck_assert_str_ne(probe_field(probe, "ETag"), plain);

    snprintf(fields, sizeof(fields), "Accept-Encoding: gzip\nIf-None-Match: %s\n",
             probe_field(probe, "ETag"));
    probe_ask(probe, "GET", "/coded.css", fields);
    check_answer(probe, 304, "");
    check_field(probe, "Vary", "Accept-Encoding");

    snprintf(fields, sizeof(fields), "Accept-Encoding: gzip\nIf-None-Match: %s\n", plain);
    probe_ask(probe, "GET", "/coded.css", fields);
    check_answer(probe, 200, "gzipped");

    probe_ask(probe, "GET", "/coded.css", "Accept-Encoding: gzip\nRange: bytes=0-3\n");
    check_answer(probe, 206, "gzip");
    check_field(probe, "Content-Range", "bytes 0-3/7");
    check_field(probe, "Content-Encoding", "gzip");
    probe_free(probe);
}
END_TEST

static struct probe *open_aged(uint64_t max_age_ms)
{
    struct probe *probe = probe_new();
    struct conf conf;

    tree_file(&probe->tree, "page.html", "<p>");
    tree_time(&probe->tree, "page.html", LONG_AGO);
    conf_make(&conf);
    struct vhost_conf *host = probe_host(probe, &conf);
    host->charset = SLICE("koi8-r");
    host->has_max_age = true;
    host->max_age_ms = max_age_ms;
    probe_open(probe, &conf);
    return probe;
}

START_TEST(max_age_and_charset_of_the_host_are_told)
{
    struct probe *probe = open_aged(60000);
    int64_t before_s = time(NULL);
    int64_t expires_s = 0;

    probe_ask(probe, "GET", "/page.html", NULL);
    check_answer(probe, 200, "<p>");
    check_field(probe, "Content-Type", "text/html; charset=koi8-r");
    check_field(probe, "Cache-Control", "max-age=60");
    const char *expires = probe_field(probe, "Expires");
    ck_assert(expires && date_parse(slice_cstr(expires), before_s, &expires_s));
    ck_assert_int_ge(expires_s, before_s + 59);
    ck_assert_int_le(expires_s, time(NULL) + 60);

    probe_ask(probe, "GET", "/page.html", "If-Modified-Since: " LONG_AGO_DATE "\n");
    check_answer(probe, 304, "");
    check_field(probe, "Cache-Control", "max-age=60");
    probe_ask(probe, "GET", "/absent.html", NULL);
    ck_assert_int_eq(probe->status, 404);
    check_field(probe, "Cache-Control", NULL);
    probe_free(probe);

    probe = open_aged(0);
    probe_ask(probe, "GET", "/page.html", NULL);
    check_field(probe, "Cache-Control", "no-cache");
    check_field(probe, "Expires", NULL);
    probe_free(probe);
}
END_TEST

/* Of the folder, in place of what the host says. */
START_TEST(the_expire_period_counts_before_max_age)
{
    static const struct {
        struct conf_expire expire;
        const char *says;
    } cases[] = {
        { { true, true, 3600 }, "public, max-age=3600" },
        { { true, false, 60 }, "private, max-age=60" },
        { { true, false, 0 }, "no-cache" },
        { { false, false, 0 }, "max-age=5" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct probe *probe = probe_new();
        struct conf conf;

        tree_file(&probe->tree, "page.html", "<p>");
        conf_make(&conf);
        struct vhost_conf *host = probe_host(probe, &conf);
        host->has_max_age = true;
        host->max_age_ms = 5000;
        host->folder.expire = cases[i].expire;
        probe_open(probe, &conf);
        probe_ask(probe, "GET", "/page.html", NULL);
        check_field(probe, "Cache-Control", cases[i].says);
        ck_assert_int_eq(probe_field(probe, "Expires") != NULL, cases[i].says[0] != 'n');
        probe_free(probe);
    }
}
END_TEST

START_TEST(nothing_is_left_open)
{
    struct probe *probe = open_site();
    size_t open_before = fd_count_open();

    for (int i = 0; i < 3; i++) {
        probe_ask(probe, "GET", "/coded.css", "Accept-Encoding: br\n");
        probe_ask(probe, "GET", "/coded.css", "Accept-Encoding: br\nIf-Match: \"x\"\n");
        probe_ask(probe, "GET", "/large.bin", "Range: bytes=0-1,5-6\n");
        probe_ask(probe, "HEAD", "/large.bin", NULL);
    }
    file_cache_clear(probe->services.files);
    ck_assert_uint_eq(fd_count_open(), open_before);
    probe_free(probe);
}
END_TEST

SUITE("handler file", TEST(a_file_comes_with_all_that_is_known_about_it),
      TEST(head_tells_the_length_and_puts_nothing), TEST(offsets_pass_four_gib),
      LOOP(a_range_gives_its_bytes, ranges), TEST(a_range_behind_the_end_is_416),
      TEST(several_ranges_come_in_parts), LOOP(a_condition_is_judged, conditions),
      TEST(a_file_from_the_future_was_changed_now),
      LOOP(a_neighbour_is_sent_to_those_who_take_it, codings),
      TEST(each_coding_is_a_representation_of_its_own),
      TEST(max_age_and_charset_of_the_host_are_told), TEST(the_expire_period_counts_before_max_age),
      TEST(nothing_is_left_open))
