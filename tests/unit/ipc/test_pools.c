#include "ipc/pools.h"

#include "suite.h"

static struct pool_rule pools[] = {
    { .name = SLICE_INIT("PHP"),
      .environment = SLICE_INIT("PATH=/bin\0A=1\0"),
      .key = UINT64_MAX,
      .definition = 3,
      .rule = 7,
      .least = 1,
      .most = 8,
      .capacity = 4,
      .requests = 500,
      .age_ms = UINT64_C(1) << 40,
      .memory_bytes = 64 << 20,
      .idle_ms = 60000 },
    { .name = SLICE_INIT("bare"), .most = 1, .capacity = 1 },
};

static const struct pools all[] = {
    { .pools = pools, .count = 2, .memory_bytes = 1 << 30, .patience_ms = 10000 },
    { .count = 0 },
};

START_TEST(what_was_encoded_is_decoded)
{
    struct arena arena = { 0 };
    struct pools back;
    char *data;
    size_t len;

    pools_encode(&all[_i], &data, &len);
    ck_assert_int_eq(pools_decode(slice_of(data, len), &arena, &back, NULL), PARSE_DONE);
    ck_assert_uint_eq(back.count, all[_i].count);
    ck_assert_uint_eq(back.memory_bytes, all[_i].memory_bytes);
    ck_assert_uint_eq(back.patience_ms, all[_i].patience_ms);
    for (uint32_t i = 0; i < back.count; i++) {
        const struct pool_rule *pool = &back.pools[i];
        ck_assert(slice_equal(pool->name, pools[i].name));
        ck_assert(slice_equal(pool->environment, pools[i].environment));
        ck_assert_uint_eq(pool->key, pools[i].key);
        ck_assert_uint_eq(pool->definition, pools[i].definition);
        ck_assert_uint_eq(pool->rule, pools[i].rule);
        ck_assert_uint_eq(pool->least, pools[i].least);
        ck_assert_uint_eq(pool->most, pools[i].most);
        ck_assert_uint_eq(pool->capacity, pools[i].capacity);
        ck_assert_uint_eq(pool->requests, pools[i].requests);
        ck_assert_uint_eq(pool->age_ms, pools[i].age_ms);
        ck_assert_uint_eq(pool->memory_bytes, pools[i].memory_bytes);
        ck_assert_uint_eq(pool->idle_ms, pools[i].idle_ms);
    }
    arena_done(&arena);
    free(data);
}
END_TEST

START_TEST(every_cut_and_every_added_byte_is_refused)
{
    struct arena arena = { 0 };
    struct pools back;
    struct parse_fault fault;
    char *data;
    size_t len;

    pools_encode(&all[_i], &data, &len);
    for (size_t cut = 0; cut < len; cut++) {
        ck_assert_int_eq(pools_decode(slice_of(data, cut), &arena, &back, &fault), PARSE_BAD);
        ck_assert_uint_le(fault.at, cut);
    }
    data = realloc(data, len + 1);
    ck_assert_ptr_nonnull(data);
    data[len] = 'x';
    ck_assert_int_eq(pools_decode(slice_of(data, len + 1), &arena, &back, &fault), PARSE_BAD);
    arena_done(&arena);
    free(data);
}
END_TEST

static struct pool_rule wrong[] = {
    { .most = 0, .capacity = 1 },
    { .least = 2, .most = 1, .capacity = 1 },
    { .most = 1, .capacity = 0 },
    { .most = 1, .capacity = 1, .environment = SLICE_INIT("A=1") },
};

START_TEST(a_pool_that_cannot_be_is_refused)
{
    const struct pools one = { .pools = &wrong[_i], .count = 1 };
    struct arena arena = { 0 };
    struct pools back;
    struct parse_fault fault;
    char *data;
    size_t len;

    pools_encode(&one, &data, &len);
    ck_assert_int_eq(pools_decode(slice_of(data, len), &arena, &back, &fault), PARSE_BAD);
    ck_assert_uint_eq(fault.at, 24);
    arena_done(&arena);
    free(data);
}
END_TEST

SUITE("pools", LOOP(what_was_encoded_is_decoded, all),
      LOOP(every_cut_and_every_added_byte_is_refused, all),
      LOOP(a_pool_that_cannot_be_is_refused, wrong))
