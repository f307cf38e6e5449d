#include "http/range.h"

#include <stdbool.h>

enum spec {
    SPEC_BAD,   /* no range at all */
    SPEC_NOT,   /* a range, but nothing of the content lies in it */
    SPEC_SPAN,  /* *ret is set */
    SPEC_EMPTY, /* the last bytes of nothing: allowed, but no Content-Range can say so */
};

/* Decimal of any length; what is too great becomes the greatest: it lies behind the end anyway. */
static bool position_parse(struct slice text, uint64_t *ret)
{
    uint64_t number = 0;

    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_digit(text.at[i]))
            return false;
        unsigned digit = (unsigned)(text.at[i] - '0');
        number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
    }
    *ret = number;
    return true;
}

/* "-500": the last bytes. */
static enum spec suffix_parse(struct slice digits, uint64_t size, struct range *ret)
{
    uint64_t wanted = 0;

    if (!position_parse(digits, &wanted))
        return SPEC_BAD;
    if (wanted == 0)
        return SPEC_NOT;
    if (size == 0)
        return SPEC_EMPTY;
    *ret = (struct range){ .first = wanted < size ? size - wanted : 0, .last = size - 1 };
    return SPEC_SPAN;
}

/* "0-499", "500-", "-500" (RFC 9110 14.1.2). */
static enum spec spec_parse(struct slice text, uint64_t size, struct range *ret)
{
    struct slice head;
    struct slice tail;
    uint64_t first = 0;
    uint64_t last = UINT64_MAX;

    if (!slice_cut(text, '-', &head, &tail))
        return SPEC_BAD;
    if (head.len == 0)
        return suffix_parse(tail, size, ret);
    if (!position_parse(head, &first) || (tail.len > 0 && !position_parse(tail, &last)) ||
        last < first)
        return SPEC_BAD;
    if (first >= size)
        return SPEC_NOT;
    *ret = (struct range){ .first = first, .last = last < size ? last : size - 1 };
    return SPEC_SPAN;
}

/* Without a gap between them. `last` is below some size, so last + 1 does not overflow. */
static bool touches(const struct range *a, const struct range *b)
{
    return a->first <= b->last + 1 && b->first <= a->last + 1;
}

/* Adds a span; those it touches become one at the place of the first of them. */
static void span_add(struct range spans[RANGES_MOST], unsigned *count, struct range span)
{
    unsigned place = *count;
    unsigned kept = 0;

    for (unsigned i = 0; i < *count; i++) {
        if (!touches(&spans[i], &span)) {
            spans[kept++] = spans[i];
            continue;
        }
        if (spans[i].first < span.first)
            span.first = spans[i].first;
        if (spans[i].last > span.last)
            span.last = spans[i].last;
        if (place == *count)
            place = kept++; /* its place stays, whatever is joined later */
    }
    if (place == *count)
        place = kept++;
    spans[place] = span;
    *count = kept;
}

enum range_result range_parse(struct slice value, uint64_t size, struct range ret[RANGES_MOST],
                              unsigned *ret_count)
{
    struct slice unit;
    struct slice list;
    struct slice item;
    struct range spans[RANGES_MOST];
    unsigned specs = 0;
    unsigned count = 0;
    uint64_t asked = 0;

    if (!slice_cut(value, '=', &unit, &list) || !slice_equal_nocase(unit, SLICE("bytes")))
        return RANGE_IGNORE;

    while (slice_next(&list, ',', &item)) {
        struct range span = { 0 };

        if (item.len == 0) /* RFC 9110 5.6.1.2: empty items of a list are skipped */
            continue;
        if (++specs > RANGES_MOST)
            return RANGE_IGNORE;

        enum spec spec = spec_parse(item, size, &span);
        if (spec == SPEC_BAD || spec == SPEC_EMPTY)
            return RANGE_IGNORE;
        if (spec == SPEC_NOT)
            continue;

        uint64_t len = span.last - span.first + 1;
        if (len > size - asked)
            return RANGE_IGNORE;
        asked += len;
        span_add(spans, &count, span);
    }
    if (specs == 0)
        return RANGE_IGNORE;
    if (count == 0)
        return RANGE_NOT;

    memcpy(ret, spans, sizeof(*spans) * count);
    *ret_count = count;
    return RANGE_SATISFIABLE;
}
