#include "http/trailer.h"

#include "suite.h"

static const struct {
    const char *name;
    bool is_allowed;
} names[] = {
    { "Server-Timing", true },
    { "X-Checksum", true },
    { "grpc-status", true },
    { "ETag", true },
    { "content-digest", true },
    { "Repr-Digest", true },
    { "Agent", true },
    { "Hosting", true },
    { "Content-Length", false },
    { "content-type", false },
    { "Content-Encoding", false },
    { "Transfer-Encoding", false },
    { "Trailer", false },
    { "TE", false },
    { "Connection", false },
    { "Keep-Alive", false },
    { "Upgrade", false },
    { "Host", false },
    { "Set-Cookie", false },
    { "set-cookie2", false },
    { "Cookie", false },
    { "Authorization", false },
    { "WWW-Authenticate", false },
    { "Proxy-Authenticate", false },
    { "Proxy", false },
    { "If-Match", false },
    { "Range", false },
    { "Age", false },
    { "Cache-Control", false },
    { "Expires", false },
    { "Date", false },
    { "Location", false },
    { "Retry-After", false },
    { "Vary", false },
    { "Max-Forwards", false },
    { "X-Sendfile", false },
    { "X-Accel-Redirect", false },
    { "X-Hiawatha-Ban", false },
    { "X-Longhouse-Cache", false },
    { "X-Forwarded-For", false },
};

START_TEST(what_has_to_be_known_before_the_content_is_refused)
{
    ck_assert_int_eq(trailer_is_allowed(slice_cstr(names[_i].name)), names[_i].is_allowed);
}
END_TEST

static const struct {
    const char *first; /* values of Trailer */
    const char *second;
    const char *announced;
} lists[] = {
    { "X-Sum", NULL, "X-Sum" },
    { "X-Sum,Server-Timing", "ETag", "X-Sum, Server-Timing, ETag" },
    { " X-Sum ,, Content-Length,X-Two", "Set-Cookie", "X-Sum, X-Two" },
    { "Transfer-Encoding", NULL, "" },
    { "no token", "(x)", "" },
    { "", NULL, "" },
};

START_TEST(only_what_may_come_is_announced)
{
    struct arena arena = { 0 };
    struct fields fields = { 0 };

    fields_add(&fields, &arena, SLICE("X-Other"), SLICE("X-Not"));
    fields_add(&fields, &arena, SLICE("Trailer"), slice_cstr(lists[_i].first));
    if (lists[_i].second)
        fields_add(&fields, &arena, SLICE("trailer"), slice_cstr(lists[_i].second));
    const struct slice announced = trailer_announced(&fields, &arena);
    ck_assert_str_eq(arena_cstr(&arena, announced), lists[_i].announced);
    arena_done(&arena);
}
END_TEST

START_TEST(digests_hold_for_bytes)
{
    ck_assert(trailer_is_about_bytes(SLICE("content-digest")));
    ck_assert(trailer_is_about_bytes(SLICE("Repr-Digest")));
    ck_assert(trailer_is_about_bytes(SLICE("ETag")));
    ck_assert(!trailer_is_about_bytes(SLICE("Server-Timing")));
}
END_TEST

SUITE("trailer", LOOP(what_has_to_be_known_before_the_content_is_refused, names),
      LOOP(only_what_may_come_is_announced, lists), TEST(digests_hold_for_bytes))
