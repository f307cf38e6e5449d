#include "ipc/pools.h"

#include "ipc_private.h"

#include <stdlib.h>
#include <string.h>

/*
 * mark u32, pools u32, memory u64, patience u64; for each pool: key, definition u64, rule, least,
 * most, capacity u32 each, requests, age, memory, idle u64 each, then name and environment, each as
 * length u32 and bytes.
 */
#define POOLS_MARK   0x32574c48u /* "HLW2" */
#define POOLS_HEAD   24u
#define POOL_NUMBERS (4u * 4 + 6u * 8)
#define POOL_LEAST   (POOL_NUMBERS + 8u) /* bytes of a pool of empty texts */

static unsigned char *put_text(unsigned char *at, struct slice text)
{
    at = put_u32(at, (uint32_t)text.len);
    if (text.len > 0)
        memcpy(at, text.at, text.len);
    return at + text.len;
}

static unsigned char *put_pool(unsigned char *at, const struct pool_rule *pool)
{
    at = put_u64(at, pool->key);
    at = put_u64(at, pool->definition);
    at = put_u32(at, pool->rule);
    at = put_u32(at, pool->least);
    at = put_u32(at, pool->most);
    at = put_u32(at, pool->capacity);
    at = put_u64(at, pool->requests);
    at = put_u64(at, pool->age_ms);
    at = put_u64(at, pool->memory_bytes);
    at = put_u64(at, pool->idle_ms);
    at = put_text(at, pool->name);
    return put_text(at, pool->environment);
}

void pools_encode(const struct pools *pools, char **ret_data, size_t *ret_len)
{
    size_t size = POOLS_HEAD;

    for (uint32_t i = 0; i < pools->count; i++)
        size += POOL_LEAST + pools->pools[i].name.len + pools->pools[i].environment.len;

    unsigned char *data = malloc(size);
    if (!data)
        abort();
    unsigned char *at = put_u32(data, POOLS_MARK);
    at = put_u32(at, pools->count);
    at = put_u64(at, pools->memory_bytes);
    at = put_u64(at, pools->patience_ms);
    for (uint32_t i = 0; i < pools->count; i++)
        at = put_pool(at, &pools->pools[i]);

    *ret_data = (char *)data;
    *ret_len = size;
}

static struct slice take_text(struct cursor *cursor)
{
    return take_bytes(cursor, take_u32(cursor));
}

/* NULL, or the rule that it breaks. */
static const char *take_pool(struct cursor *cursor, struct pool_rule *pool)
{
    pool->key = take_u64(cursor);
    pool->definition = take_u64(cursor);
    pool->rule = take_u32(cursor);
    pool->least = take_u32(cursor);
    pool->most = take_u32(cursor);
    pool->capacity = take_u32(cursor);
    pool->requests = take_u64(cursor);
    pool->age_ms = take_u64(cursor);
    pool->memory_bytes = take_u64(cursor);
    pool->idle_ms = take_u64(cursor);
    pool->name = take_text(cursor);
    pool->environment = take_text(cursor);
    if (cursor->short_of)
        return "the pools are too short";
    if (pool->most == 0 || pool->least > pool->most || pool->capacity == 0)
        return "a number of workers out of range";
    if (pool->environment.len > 0 && pool->environment.at[pool->environment.len - 1] != '\0')
        return "an environment without an end";
    return NULL;
}

enum parse pools_decode(struct slice data, struct arena *arena, struct pools *ret,
                        struct parse_fault *reterr)
{
    struct cursor cursor = { .rest = data };
    struct pools pools = { 0 };

    if (take_u32(&cursor) != POOLS_MARK)
        return parse_bad(reterr, 0, "these are no pools");
    pools.count = take_u32(&cursor);
    pools.memory_bytes = take_u64(&cursor);
    pools.patience_ms = take_u64(&cursor);
    if (cursor.short_of || pools.count > cursor.rest.len / POOL_LEAST)
        return parse_bad(reterr, data.len, "the pools are too short");

    pools.pools = arena_array(arena, struct pool_rule, pools.count);
    for (uint32_t i = 0; i < pools.count; i++) {
        size_t at = data.len - cursor.rest.len;
        const char *why = take_pool(&cursor, &pools.pools[i]);
        if (why)
            return parse_bad(reterr, at, why);
    }
    if (cursor.rest.len > 0)
        return parse_bad(reterr, data.len - cursor.rest.len, "bytes behind the pools");
    *ret = pools;
    return PARSE_DONE;
}
