#include "http/negotiate.h"

#include <assert.h>

#define ALL_CODINGS ((1u << CODING_COUNT) - 1)

static const struct coding_row {
    struct slice name;
    struct slice extension;
} codings[CODING_COUNT] = {
    [CODING_BR] = { SLICE_INIT("br"), SLICE_INIT(".br") },
    [CODING_ZSTD] = { SLICE_INIT("zstd"), SLICE_INIT(".zst") },
    [CODING_GZIP] = { SLICE_INIT("gzip"), SLICE_INIT(".gz") },
};

struct wishes {
    unsigned taken;   /* named with q > 0 */
    unsigned refused; /* named with q = 0 */
    unsigned rest;    /* all or none, by '*': for those not named */
};

/* RFC 9110 12.4.2: "0", "1", up to three digits behind the point. False if it is none. */
static bool quality_parse(struct slice text, bool *ret_positive)
{
    bool positive = false;

    if (text.len == 0 || text.len > 5 || (text.at[0] != '0' && text.at[0] != '1'))
        return false;
    if (text.len > 1 && text.at[1] != '.')
        return false;
    for (size_t i = 2; i < text.len; i++) {
        if (!ascii_is_digit(text.at[i]) || (text.at[0] == '1' && text.at[i] != '0'))
            return false;
        positive = positive || text.at[i] != '0';
    }
    *ret_positive = positive || text.at[0] == '1';
    return true;
}

/* " ; q=0.5" behind the name of a coding. False: malformed, or a parameter that is no weight. */
static bool weight_parse(struct slice text, bool *ret_positive)
{
    *ret_positive = true;
    text = slice_trim(text);
    if (text.len == 0)
        return true;
    if (!slice_starts_nocase(text, SLICE("q=")))
        return false;
    return quality_parse(slice_skip(text, 2), ret_positive);
}

/* The bit of a coding, 0 if it is none of ours. */
static unsigned coding_bit(struct slice name)
{
    if (slice_equal_nocase(name, SLICE("x-gzip"))) /* RFC 9110 8.4.1.3 */
        return 1u << CODING_GZIP;
    for (unsigned i = 0; i < CODING_COUNT; i++) {
        if (slice_equal_nocase(name, codings[i].name))
            return 1u << i;
    }
    return 0;
}

static void read_item(struct slice item, struct wishes *wishes)
{
    struct slice name;
    struct slice weight;
    bool positive;

    slice_cut(item, ';', &name, &weight);
    if (!weight_parse(weight, &positive))
        return;

    name = slice_trim(name);
    if (slice_equal(name, SLICE("*")))
        wishes->rest = positive ? ALL_CODINGS : 0;
    else if (positive)
        wishes->taken |= coding_bit(name);
    else
        wishes->refused |= coding_bit(name);
}

unsigned negotiate_codings(const struct fields *request)
{
    struct wishes wishes = { 0 };

    for (uint32_t i = 0; i < request->count; i++) {
        struct slice list = request->at[i].value;
        struct slice item;

        if (request->at[i].id != FIELD_ACCEPT_ENCODING)
            continue;
        while (slice_next(&list, ',', &item))
            read_item(item, &wishes);
    }
    /* Where a client contradicts itself, the identity is what it can read for sure. */
    return (wishes.taken | wishes.rest) & ~wishes.refused;
}

struct slice coding_name(enum coding coding)
{
    assert(coding < CODING_COUNT);
    return codings[coding].name;
}

struct slice coding_extension(enum coding coding)
{
    assert(coding < CODING_COUNT);
    return codings[coding].extension;
}
