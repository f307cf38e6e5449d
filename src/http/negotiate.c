#include "http/negotiate.h"

#include <assert.h>

#define UNSAID     (-1)
#define WEIGHT_ONE 1000 /* q=1 */

static const struct coding_row {
    struct slice name;
    struct slice extension;
} codings[CODING_COUNT] = {
    [CODING_BR] = { SLICE_INIT("br"), SLICE_INIT(".br") },
    [CODING_ZSTD] = { SLICE_INIT("zstd"), SLICE_INIT(".zst") },
    [CODING_GZIP] = { SLICE_INIT("gzip"), SLICE_INIT(".gz") },
};

/* Weights in thousandths, or UNSAID; the last place is the identity's. */
struct wishes {
    int weight[CODING_COUNT + 1];
    int rest; /* by '*': for those not named */
};

/* RFC 9110 12.4.2: "0", "1", up to three digits behind the point. False if it is none. */
static bool quality_parse(struct slice text, int *ret_weight)
{
    int weight;

    if (text.len == 0 || text.len > 5 || (text.at[0] != '0' && text.at[0] != '1'))
        return false;
    if (text.len > 1 && text.at[1] != '.')
        return false;
    weight = (text.at[0] - '0') * WEIGHT_ONE;
    for (size_t i = 2, unit = WEIGHT_ONE / 10; i < text.len; i++, unit /= 10) {
        if (!ascii_is_digit(text.at[i]) || (text.at[0] == '1' && text.at[i] != '0'))
            return false;
        weight += (text.at[i] - '0') * (int)unit;
    }
    *ret_weight = weight;
    return true;
}

/* " ; q=0.5" behind the name of a coding. False: malformed, or a parameter that is no weight. */
static bool weight_parse(struct slice text, int *ret_weight)
{
    *ret_weight = WEIGHT_ONE;
    text = slice_trim(text);
    if (text.len == 0)
        return true;
    if (!slice_starts_nocase(text, SLICE("q=")))
        return false;
    return quality_parse(slice_skip(text, 2), ret_weight);
}

/* Where the weight of a coding is kept; NULL if it is none of ours. */
static int *place_of(struct wishes *wishes, struct slice name)
{
    if (slice_equal(name, SLICE("*")))
        return &wishes->rest;
    if (slice_equal_nocase(name, SLICE("identity")))
        return &wishes->weight[CODING_COUNT];
    if (slice_equal_nocase(name, SLICE("x-gzip"))) /* RFC 9110 8.4.1.3 */
        return &wishes->weight[CODING_GZIP];
    for (unsigned i = 0; i < CODING_COUNT; i++) {
        if (slice_equal_nocase(name, codings[i].name))
            return &wishes->weight[i];
    }
    return NULL;
}

/* Where a client contradicts itself, the identity is what it can read for sure: the least counts.
 */
static void read_item(struct slice item, struct wishes *wishes)
{
    struct slice name;
    struct slice text;
    int weight;
    int *place;

    slice_cut(item, ';', &name, &text);
    place = place_of(wishes, slice_trim(name));
    if (place && weight_parse(text, &weight) && (*place == UNSAID || weight < *place))
        *place = weight;
}

/* False: the client says nothing. */
static bool read_wishes(const struct fields *request, struct wishes *wishes)
{
    bool says = false;

    for (unsigned i = 0; i <= CODING_COUNT; i++)
        wishes->weight[i] = UNSAID;
    wishes->rest = UNSAID;
    for (uint32_t i = 0; i < request->count; i++) {
        struct slice list = request->at[i].value;
        struct slice item;

        if (request->at[i].id != FIELD_ACCEPT_ENCODING)
            continue;
        says = true;
        while (slice_next(&list, ',', &item))
            read_item(item, wishes);
    }
    return says;
}

enum coding negotiate_coding(const struct fields *request, const enum coding *offered,
                             unsigned count)
{
    struct wishes wishes;
    enum coding best = CODING_COUNT;
    int most;

    if (count == 0 || !read_wishes(request, &wishes))
        return CODING_COUNT;
    most = wishes.weight[CODING_COUNT] - 1; /* as good as the identity is good enough */
    if (most < 0)
        most = 0;
    for (unsigned i = 0; i < count; i++) {
        int weight = wishes.weight[offered[i]];

        if (weight == UNSAID)
            weight = wishes.rest;
        if (weight > most) {
            best = offered[i];
            most = weight;
        }
    }
    return best;
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
