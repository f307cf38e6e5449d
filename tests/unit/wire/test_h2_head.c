/* Heads that nghttp2 refuses itself: the house does not lean on that. */
#include "h2_private.h"

#include "suite.h"
#include "wire/house.h"

#include <string.h>

static const struct h1_limits limits = { .target_bytes = 100, .fields = 10 };

static const struct {
    const char *fields; /* "name: value\n" */
    int status;
    const char *why;
} refused[] = {
    { ":method: GET\n:scheme: http\n:authority: a\n:path: /\n:other: x\n", 400,
      "unknown pseudo-field" },
    { ":method: G T\n:scheme: http\n:authority: a\n:path: /\n", 400, "method is no token" },
    { ":scheme: http\n:authority: a\n:path: /\n", 400, "method is no token" },
    { ":method: GET\n:authority: a\n:path: /\n", 400, "scheme is neither http nor https" },
    { ":method: GET\n:scheme: http\n:authority: a\n:path: http://b/\n", 400,
      "target does not begin with '/'" },
    { ":method: GET\n:scheme: http\n:authority: a\n", 400, "target does not begin with '/'" },
    { ":method: GET\n:scheme: http\n:path: /\nhost: a\nhost: a\n", 400, "several Host fields" },
    { ":method: GET\n:scheme: http\n:path: /\n", 400, "neither :authority nor Host" },
    { ":method: GET\n:scheme: http\n:authority: a b\n:path: /\n", 400,
      "byte that does not belong in a host" },
    { ":method: PUT\n:scheme: http\n:authority: a\n:path: /\ncontent-length: 1x\n", 400,
      "Content-Length is no number of bytes" },
    { ":method: PUT\n:scheme: http\n:authority: a\n:path: /\ncontent-length: -1\n", 400,
      "Content-Length is no number of bytes" },
};

START_TEST(what_nghttp2_would_refuse_is_refused)
{
    struct exchange x = { 0 };
    struct h2_head head = { 0 };
    struct slice rest = slice_cstr(refused[_i].fields);
    struct slice line;

    while (slice_next(&rest, '\n', &line)) {
        const size_t colon = slice_find(slice_skip(line, 1), ':') + 1;

        if (line.len > 0)
            h2_head_add(&head, &x, &limits, slice_first(line, colon), slice_skip(line, colon + 2));
    }
    h2_head_finish(&head, &x, &limits, false);
    ck_assert_int_eq(x.request.failed, refused[_i].status);
    ck_assert_str_eq(x.request.failed_why, refused[_i].why);
    arena_done(&x.arena);
}
END_TEST

SUITE("h2_head", LOOP(what_nghttp2_would_refuse_is_refused, refused))
