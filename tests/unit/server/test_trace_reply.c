#include "server/trace_reply.h"

#include "site/trace.h"
#include "slice_assert.h"
#include "suite.h"

#define ASKED SLICE("X-Longhouse-Trace")

struct bench {
    struct conf_net net;
    struct vhost_conf conf;
    struct host host;
    struct binding_conf binding;
    struct visit visit;
    struct exchange x;
};

static void bench_open(struct bench *bench, const char *net, const char *client, const char *asks)
{
    *bench = (struct bench){ .binding = { .port = 80 } };
    ck_assert(address_net_parse(slice_cstr(net), &bench->net.net));
    ck_assert(address_parse_ip(slice_cstr(client), 0, &bench->visit.client));
    bench->conf.trace_for = &bench->net;
    bench->host.conf = &bench->conf;
    bench->visit.binding = &bench->binding;
    bench->x.visit = &bench->visit;
    if (asks)
        fields_add(&bench->x.request.fields, &bench->x.arena, ASKED, slice_cstr(asks));
}

static void bench_close(struct bench *bench)
{
    arena_done(&bench->x.arena);
}

static const struct {
    const char *net;
    const char *client;
    const char *asks;
    bool is_told;
} cases[] = {
    { "192.0.2.0/24", "192.0.2.7", "yes", true },  { "192.0.2.0/24", "192.0.2.7", "Yes", true },
    { "192.0.2.0/24", "192.0.2.7", "no", false },  { "192.0.2.0/24", "192.0.2.7", NULL, false },
    { "192.0.2.0/24", "192.0.3.7", "yes", false }, { "2001:db8::/32", "2001:db8::1", "yes", true },
};

START_TEST(who_is_named_and_asks_is_told)
{
    struct bench bench;

    bench_open(&bench, cases[_i].net, cases[_i].client, cases[_i].asks);
    ck_assert_int_eq(trace_reply_begin(&bench.x, &bench.host), cases[_i].is_told);
    trace_reply_add(&bench.x);
    ck_assert_int_eq(bench.x.response.fields.count > 0, cases[_i].is_told);
    bench_close(&bench);
}
END_TEST

START_TEST(without_the_option_nobody_is_told)
{
    struct bench bench;

    bench_open(&bench, "192.0.2.0/24", "192.0.2.7", "yes");
    bench.conf.trace_for = NULL;
    ck_assert(!trace_reply_begin(&bench.x, &bench.host));
    ck_assert_ptr_null(bench.x.trace);
    bench_close(&bench);
}
END_TEST

START_TEST(fields_are_short_few_and_never_cached)
{
    static char longest[2000];
    struct fields *fields;
    struct bench bench;

    memset(longest, 'x', sizeof(longest));
    bench_open(&bench, "192.0.2.7", "192.0.2.7", "yes");
    fields = &bench.x.response.fields;
    fields_add_id(fields, &bench.x.arena, FIELD_CACHE_CONTROL, SLICE("max-age=9"));
    ck_assert(trace_reply_begin(&bench.x, &bench.host));
    for (unsigned i = 0; i < TRACE_REPLY_MOST; i++)
        trace_note(bench.x.trace, TRACE_DISK, TRACE_NO, "%.*s", (int)sizeof(longest), longest);
    trace_reply_add(&bench.x);
    ck_assert_uint_eq(fields->count, TRACE_REPLY_MOST + 2);
    for (uint32_t i = 0; i < fields->count; i++)
        ck_assert_uint_le(fields->at[i].value.len, TRACE_REPLY_BYTES_MOST);
    assert_slice(fields->at[TRACE_REPLY_MOST].value, "and 2 more");
    assert_slice(fields_value(fields, FIELD_CACHE_CONTROL), "no-store");
    ck_assert_uint_eq(fields_count_id(fields, FIELD_CACHE_CONTROL), 1);
    bench_close(&bench);
}
END_TEST

SUITE("trace_reply", LOOP(who_is_named_and_asks_is_told, cases),
      TEST(without_the_option_nobody_is_told), TEST(fields_are_short_few_and_never_cached))
