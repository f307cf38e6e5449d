#include "site/compression.h"

#include "http/press.h"
#include "loop/driver_fake.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *types; /* CompressTypes, one of them; NULL: the usual ones */
    const char *type;
    bool expect;
} types[] = {
    { NULL, "text/html", true },
    { NULL, "text/html; charset=utf-8", true },
    { NULL, "TEXT/CSS", true },
    { NULL, "text/event-stream", true },
    { NULL, "application/json", true },
    { NULL, "application/ld+json;x=y", true },
    { NULL, "image/svg+xml", true },
    { NULL, "application/wasm", true },
    { NULL, "", false },
    { NULL, "+xml", false },
    { NULL, "texts/html", false },
    { NULL, "image/png", false },
    { NULL, "application/zip", false },
    { NULL, "font/woff2", false },
    { NULL, "application/jsonx", false },
    { NULL, "multipart/byteranges; boundary=text/html", false },
    { "application/x-own", "application/x-own", true },
    { "application/x-own", "text/html", false },
    { "*+xml", "image/svg+xml", true },
    { "*+xml", "text/xml", false },
    { "image/*", "image/png", true },
};

START_TEST(types_are_told_apart)
{
    struct conf_word word = { .text = SLICE("") };
    struct vhost_conf host = { 0 };

    if (types[_i].types) {
        word.text = slice_cstr(types[_i].types);
        host.compress_types = &word;
    }
    ck_assert_int_eq(compression_is_for(&host, slice_cstr(types[_i].type)), types[_i].expect);
}
END_TEST

/* ---- answers ---- */

static void nothing(struct exchange_owner *owner, struct exchange *x)
{
    (void)owner;
    (void)x;
}

static const struct exchange_owner_ops owner_ops = { nothing, nothing, nothing };

#define DIGESTS "Content-Digest: sha-256=:x:\nRepr-Digest: sha-256=:x:\nDigest: SHA-256=x"

static const struct {
    const char *request; /* "Name: value" lines */
    int status;
    int64_t length;
    const char *answer; /* likewise */
    const char *expect; /* "coding vary etag", "-" for none */
    bool is_program;
} cases[] = {
    { "Accept-Encoding: gzip", 200, 5000, "Content-Type: text/html\nETag: \"a\"",
      "gzip Accept-Encoding W/\"a\"", false },
    { "Accept-Encoding: gzip", 200, -1, "Content-Type: text/html", "gzip Accept-Encoding -", true },
    { "Accept-Encoding: gzip", 404, 5000, "Content-Type: text/html", "gzip Accept-Encoding -",
      false },
    { "Accept-Encoding: gzip, br, zstd", 200, 5000, "Content-Type: text/html\nETag: W/\"a\"",
      "br Accept-Encoding W/\"a\"", false },
    { "", 200, 5000, "Content-Type: text/html\nETag: \"a\"", "- Accept-Encoding \"a\"", false },
    { "Accept-Encoding: gzip", 200, 5000, "Content-Type: text/html\nVary: Accept-Encoding",
      "gzip Accept-Encoding -", false },
    { "Accept-Encoding: gzip", 200, 5000, "Content-Type: text/html\nVary: *", "gzip * -", false },
    { "Accept-Encoding: gzip", 200, COMPRESSION_LEAST - 1, "Content-Type: text/html", "- - -",
      false },
    { "Accept-Encoding: gzip", 200, COMPRESSION_LEAST, "Content-Type: text/html",
      "gzip Accept-Encoding -", false },
    { "Accept-Encoding: gzip", 200, 5000, "Content-Type: image/png\nETag: \"a\"", "- - \"a\"",
      false },
    { "Accept-Encoding: gzip", 200, 5000, "", "- - -", false },
    { "Accept-Encoding: gzip", 200, 5000, "Content-Type: text/html\nContent-Encoding: br", "br - -",
      true },
    { "Accept-Encoding: gzip", 200, 5000,
      "Content-Type: text/html\nCache-Control: public, no-transform", "- - -", true },
    { "Accept-Encoding: gzip", 206, 5000, "Content-Type: text/html\nETag: \"a\"", "- - \"a\"",
      false },
    { "Accept-Encoding: gzip", 204, -1, "Content-Type: text/html", "- - -", true },
    { "Accept-Encoding: gzip", 304, -1, "ETag: \"a\"", "- Accept-Encoding W/\"a\"", false },
    { "", 304, -1, "ETag: \"a\"", "- Accept-Encoding \"a\"", false },
    { "Accept-Encoding: gzip\nSec-Fetch-Site: cross-site\nCookie: a=b", 200, 5000,
      "Content-Type: text/html", "- Accept-Encoding -", true },
    { "Accept-Encoding: gzip\nSec-Fetch-Site: cross-site\nAuthorization: Basic eA==", 200, 5000,
      "Content-Type: text/html", "- Accept-Encoding -", true },
    { "Accept-Encoding: gzip\nSec-Fetch-Site: same-origin\nCookie: a=b", 200, 5000,
      "Content-Type: text/html", "gzip Accept-Encoding -", true },
    { "Accept-Encoding: gzip\nSec-Fetch-Site: cross-site", 200, 5000, "Content-Type: text/html",
      "gzip Accept-Encoding -", true },
    { "Accept-Encoding: gzip", 200, 5000, "Content-Type: text/html\n" DIGESTS,
      "gzip Accept-Encoding -", true },
    { "", 200, 5000, "Content-Type: text/html\n" DIGESTS, "- Accept-Encoding -", true },
    { "Accept-Encoding: gzip", 200, 5000, "Content-Type: image/png\n" DIGESTS, "- - -", true },
};

/* They hold for the bytes as they were. */
static bool has_digest(const struct exchange *x)
{
    return fields_find_name(&x->response.fields, SLICE("Content-Digest")) ||
           fields_find_name(&x->response.fields, SLICE("Repr-Digest")) ||
           fields_find_name(&x->response.fields, SLICE("Digest"));
}

static void add_fields(struct fields *fields, struct arena *arena, const char *text)
{
    struct slice rest = slice_cstr(text);
    struct slice line;

    while (slice_next(&rest, '\n', &line)) {
        struct slice name;
        struct slice value;

        if (slice_cut(line, ':', &name, &value))
            fields_add(fields, arena, name, slice_trim(value));
    }
}

static const char *value_of(const struct exchange *x, enum field_id id, char *room, size_t size)
{
    const struct field *field = fields_find(&x->response.fields, id);

    if (!field)
        return "-";
    snprintf(room, size, "%.*s", SLICE_ARGS(field->value));
    return room;
}

START_TEST(heads_say_how_it_is_sent)
{
    const struct visit visit = { .local_port = 80 };
    struct exchange_owner owner = { &owner_ops };
    struct vhost_conf host_conf = { 0 };
    const struct host host = { .conf = &host_conf };
    const struct folder_conf folder = {
        .compress = { { CONF_CODING_BR, CONF_CODING_GZIP }, 2 },
    };
    const struct verdict verdict = { .host = &host, .folder = &folder };
    struct loop loop;
    char said[3][64];
    char all[256];

    loop_init(&loop, driver_fake_new());
    struct exchange *x = exchange_new(&loop, &owner, &visit, NULL, NULL);
    add_fields(&x->request.fields, &x->arena, cases[_i].request);
    add_fields(&x->response.fields, &x->arena, cases[_i].answer);
    x->request.method = METHOD_GET;
    x->response.status = cases[_i].status;
    x->response.length = cases[_i].length;
    x->response.unsent_type = SLICE("text/html");
    x->response.unsent_length = 5000;
    x->record.handler = cases[_i].is_program ? "cgi" : NULL;

    const bool had_digest = has_digest(x);
    compression_apply(x, &verdict, NULL, SLICE(""));
    snprintf(all, sizeof(all), "%s %s %s",
             value_of(x, FIELD_CONTENT_ENCODING, said[0], sizeof(said[0])),
             value_of(x, FIELD_VARY, said[1], sizeof(said[1])),
             value_of(x, FIELD_ETAG, said[2], sizeof(said[2])));
    ck_assert_str_eq(all, cases[_i].expect);
    ck_assert_int_eq(x->press != NULL, x->response.recoded);
    ck_assert_int_eq(has_digest(x), had_digest && !x->response.recoded);

    exchange_wire_done(x);
    x->response.head_sent = true;
    exchange_handler_done(x);
    x->routed = true;
    loop_settle(&loop);
    loop_done(&loop);
    coder_pool_drain();
}
END_TEST

SUITE("compression", LOOP(types_are_told_apart, types), LOOP(heads_say_how_it_is_sent, cases))
