#include "http/freshness.h"

#include "base/number.h"
#include "http/date.h"

#define AGE_MOST UINT64_C(0x80000000) /* RFC 9111 1.2.2 */

/* ---- Cache-Control (RFC 9111 5.2) ---- */

static struct slice without_quotes(struct slice value)
{
    const bool is_quoted = value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"';

    return is_quoted ? slice_of(value.at + 1, value.len - 2) : value;
}

static bool find_in_list(struct slice list, struct slice directive, struct slice *ret_value)
{
    struct slice item;

    while (slice_next(&list, ',', &item)) {
        struct slice name;
        struct slice value = { 0 };

        slice_cut(item, '=', &name, &value);
        if (!slice_equal_nocase(slice_trim(name), directive))
            continue;
        *ret_value = without_quotes(slice_trim(value));
        return true;
    }
    return false;
}

static bool find_directive(const struct fields *fields, struct slice directive,
                           struct slice *ret_value)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->at[i];

        if (field->id == FIELD_CACHE_CONTROL && find_in_list(field->value, directive, ret_value))
            return true;
    }
    return false;
}

bool cache_control_has(const struct fields *fields, struct slice directive)
{
    struct slice value;

    return find_directive(fields, directive, &value);
}

/* One that says nonsense is over already (RFC 9111 4.2.1). */
static bool find_seconds(const struct fields *fields, struct slice directive, uint64_t *ret_s)
{
    struct slice value;

    if (!find_directive(fields, directive, &value))
        return false;
    if (!number_parse(value, AGE_MOST, ret_s))
        *ret_s = 0;
    return true;
}

/* Of times before Cache-Control, which goes before it (RFC 9111 5.4). */
static bool says_pragma_no_cache(const struct fields *fields)
{
    const struct field *pragma = fields_find_name(fields, SLICE("Pragma"));

    return pragma && !fields_find(fields, FIELD_CACHE_CONTROL) &&
           slice_equal_nocase(pragma->value, SLICE("no-cache"));
}

/* ---- answers ---- */

static bool is_forbidden(const struct fields *answer)
{
    return cache_control_has(answer, SLICE("no-store")) ||
           cache_control_has(answer, SLICE("private")) ||
           cache_control_has(answer, SLICE("no-cache")) || says_pragma_no_cache(answer);
}

/* "Expires: 0" and other dates that are none are long ago (RFC 9111 5.3). */
static bool find_expiry(const struct fields *answer, int64_t now_s, uint64_t *ret_s)
{
    const struct field *expires = fields_find(answer, FIELD_EXPIRES);
    int64_t at_s;

    if (!expires)
        return false;
    *ret_s =
        date_parse(expires->value, now_s, &at_s) && at_s > now_s ? (uint64_t)(at_s - now_s) : 0;
    return true;
}

static bool find_lifetime(const struct fields *answer, int64_t now_s, uint64_t *ret_s)
{
    uint64_t life_s;

    if (!find_seconds(answer, SLICE("s-maxage"), &life_s) &&
        !find_seconds(answer, SLICE("max-age"), &life_s))
        return find_expiry(answer, now_s, ret_s);
    const uint64_t age_s = freshness_age_s(answer);
    *ret_s = life_s > age_s ? life_s - age_s : 0;
    return true;
}

uint64_t freshness_s(const struct fields *answer, int64_t now_s, uint64_t most_s)
{
    uint64_t life_s;

    if (is_forbidden(answer))
        return 0;
    return find_lifetime(answer, now_s, &life_s) && life_s < most_s ? life_s : most_s;
}

uint64_t freshness_age_s(const struct fields *answer)
{
    const struct field *age = fields_find_name(answer, SLICE("Age"));
    uint64_t age_s;

    return age && number_parse(age->value, AGE_MOST, &age_s) ? age_s : 0;
}

/* ---- requests ---- */

bool freshness_is_wanted(const struct fields *request)
{
    uint64_t age_s;

    return cache_control_has(request, SLICE("no-cache")) || says_pragma_no_cache(request) ||
           (find_seconds(request, SLICE("max-age"), &age_s) && age_s == 0);
}
