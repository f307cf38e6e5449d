#include "http/conditional.h"

#include "byte_class.h"
#include "http/date.h"

struct entity_tag {
    bool weak;
    struct slice opaque; /* with its quotes */
};

/* Reads W/"..." or "..." from the front of *rest and takes it off; false: there is none. */
static bool tag_take(struct slice *rest, struct entity_tag *ret)
{
    bool weak = slice_starts(*rest, SLICE("W/")); /* case-sensitive (RFC 9110 8.8.3) */
    struct slice text = slice_skip(*rest, weak ? 2 : 0);

    if (text.len == 0 || text.at[0] != '"')
        return false;
    size_t len = 1 + bytes_of_class(text.at + 1, text.len - 1, BYTE_ETAG);
    if (len == text.len || text.at[len] != '"')
        return false;

    *ret = (struct entity_tag){ .weak = weak, .opaque = slice_first(text, len + 1) };
    *rest = slice_skip(text, len + 1);
    return true;
}

/* RFC 9110 8.8.3.2 */
static bool tags_match(struct entity_tag a, struct entity_tag b, bool strongly)
{
    if (strongly && (a.weak || b.weak))
        return false;
    return slice_equal(a.opaque, b.opaque);
}

/*
 * Does one of the list match? What is no entity-tag matches nothing: for If-Match that is the safe
 * side, for If-None-Match the whole answer is.
 */
static bool list_matches(struct slice list, const struct entity_tag *ours, bool strongly)
{
    while (list.len > 0) {
        struct entity_tag tag;
        struct slice ignored;

        list = slice_trim(list);
        if (tag_take(&list, &tag) && ours && tags_match(tag, *ours, strongly))
            return true;
        slice_cut(list, ',', &ignored, &list);
    }
    return false;
}

/* If-Match or If-None-Match over all its lines; '*' stands for any representation that exists. */
static bool any_matches(const struct fields *request, enum field_id id,
                        const struct validators *validators, bool strongly)
{
    struct slice etag = validators->etag;
    struct entity_tag ours;
    bool tagged = tag_take(&etag, &ours);

    for (uint32_t i = 0; i < request->count; i++) {
        const struct field *field = &request->at[i];

        if (field->id != id)
            continue;
        if (slice_equal(field->value, SLICE("*")) ||
            list_matches(field->value, tagged ? &ours : NULL, strongly))
            return true;
    }
    return false;
}

/* The date of a field; false when it is to be ignored: absent, repeated, malformed, nothing to
 * compare. */
static bool date_of(const struct fields *request, enum field_id id,
                    const struct validators *validators, int64_t now_s, int64_t *ret)
{
    const struct field *field = fields_find(request, id);

    return field && validators->modified_s >= 0 && fields_count_id(request, id) == 1 &&
           date_parse(field->value, now_s, ret);
}

static bool is_conditional(enum field_id id)
{
    return id == FIELD_IF_MATCH || id == FIELD_IF_NONE_MATCH || id == FIELD_IF_MODIFIED_SINCE ||
           id == FIELD_IF_UNMODIFIED_SINCE;
}

/* Most requests have none of the fields: one walk says so. */
static bool has_condition(const struct fields *request)
{
    for (uint32_t i = 0; i < request->count; i++) {
        if (is_conditional(request->at[i].id))
            return true;
    }
    return false;
}

enum condition conditional_judge(const struct fields *request, enum method method,
                                 const struct validators *validators, int64_t now_s)
{
    bool reads = method == METHOD_GET || method == METHOD_HEAD;
    int64_t date_s = 0;

    if (!has_condition(request))
        return CONDITION_GO;

    /* RFC 9110 13.2.2, steps 1 and 2. */
    if (fields_find(request, FIELD_IF_MATCH)) {
        if (!any_matches(request, FIELD_IF_MATCH, validators, true))
            return CONDITION_FAILED;
    } else if (date_of(request, FIELD_IF_UNMODIFIED_SINCE, validators, now_s, &date_s)) {
        if (validators->modified_s > date_s)
            return CONDITION_FAILED;
    }

    /* Steps 3 and 4. */
    if (fields_find(request, FIELD_IF_NONE_MATCH)) {
        if (any_matches(request, FIELD_IF_NONE_MATCH, validators, false))
            return reads ? CONDITION_NOT_MODIFIED : CONDITION_FAILED;
    } else if (reads && date_of(request, FIELD_IF_MODIFIED_SINCE, validators, now_s, &date_s)) {
        if (validators->modified_s <= date_s)
            return CONDITION_NOT_MODIFIED;
    }
    return CONDITION_GO;
}

bool conditional_if_range(const struct fields *request, const struct validators *validators,
                          int64_t now_s)
{
    const struct field *field = fields_find(request, FIELD_IF_RANGE);
    struct entity_tag theirs;
    struct entity_tag ours;
    int64_t date_s = 0;

    if (!field)
        return true;
    if (fields_count_id(request, FIELD_IF_RANGE) != 1)
        return false;

    struct slice value = field->value;
    struct slice etag = validators->etag;
    if (tag_take(&value, &theirs))
        return value.len == 0 && tag_take(&etag, &ours) && tags_match(theirs, ours, true);

    /* RFC 9110 13.1.5: exactly this date, and one that is a strong validator (8.8.2.2): what was
     * written within the running second may be written once more within it. */
    return date_of(request, FIELD_IF_RANGE, validators, now_s, &date_s) &&
           date_s == validators->modified_s && validators->modified_s < now_s;
}
