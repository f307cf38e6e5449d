/*
 * Whatever fields say, the client found is the one that a plain walk from the right finds; and what
 * a visitor puts in front of an honest proxy's address changes nothing.
 */
#include "site/origin.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct conf_net trusted[2];
static struct server_conf conf;

static void prepare(void)
{
    assert(address_net_parse(SLICE("10.0.0.0/8"), &trusted[0].net));
    assert(address_net_parse(SLICE("2001:db8::/32"), &trusted[1].net));
    trusted[0].next = &trusted[1];
    conf.trusted_proxies = trusted;
}

/* The rule as it is told, from the right, over one line of X-Forwarded-For. */
static struct origin walk_from_the_right(struct slice list)
{
    struct origin origin = { 0 };

    while (list.len > 0) {
        size_t comma = slice_find_last(list, ',');
        struct slice node = slice_trim(comma == SLICE_NONE ? list : slice_skip(list, comma + 1));
        union socket_address address;

        list = comma == SLICE_NONE ? SLICE("") : slice_first(list, comma);
        if (node.len == 0)
            continue;
        if (!origin_parse_node(node, &address))
            break;
        origin.found = true;
        origin.client = address;
        if (!origin_trusts(&conf, NULL, &address))
            break;
    }
    return origin;
}

static void same(const struct origin *a, const struct origin *b)
{
    assert(a->found == b->found);
    assert(!a->found || address_equal_ip(&a->client, &b->client));
}

static struct origin find(struct arena *arena, const char *name, struct slice value,
                          const char *more)
{
    struct fields fields = { 0 };

    fields_add(&fields, arena, slice_cstr(name), slice_trim(value));
    if (more)
        fields_add(&fields, arena, slice_cstr(name), slice_cstr(more));
    return origin_find(&conf, NULL, &fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice value = slice_of(data, size);
    struct arena arena = { 0 };
    union socket_address honest;

    prepare();
    assert(address_parse_ip(SLICE("203.0.113.9"), 0, &honest));
    struct origin walked = walk_from_the_right(slice_trim(value));
    struct origin found = find(&arena, "X-Forwarded-For", value, NULL);
    same(&found, &walked);
    (void)find(&arena, "Forwarded", value, NULL);

    struct origin behind = find(&arena, "X-Forwarded-For", value, "203.0.113.9");
    assert(behind.found && address_equal_ip(&behind.client, &honest));
    behind = find(&arena, "Forwarded", value, "for=203.0.113.9");
    assert(behind.found && address_equal_ip(&behind.client, &honest));
    arena_done(&arena);
    return 0;
}
