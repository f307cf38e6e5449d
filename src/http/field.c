#include "http/field.h"

#include "base/word.h"
#include "byte_class.h"

#include <assert.h>

static const struct slice names[FIELD_COUNT] = {
    [FIELD_OTHER] = SLICE_INIT(""),
    [FIELD_ACCEPT] = SLICE_INIT("Accept"),
    [FIELD_ACCEPT_ENCODING] = SLICE_INIT("Accept-Encoding"),
    [FIELD_ACCEPT_RANGES] = SLICE_INIT("Accept-Ranges"),
    [FIELD_ALLOW] = SLICE_INIT("Allow"),
    [FIELD_AUTHORIZATION] = SLICE_INIT("Authorization"),
    [FIELD_CACHE_CONTROL] = SLICE_INIT("Cache-Control"),
    [FIELD_CONNECTION] = SLICE_INIT("Connection"),
    [FIELD_CONTENT_ENCODING] = SLICE_INIT("Content-Encoding"),
    [FIELD_CONTENT_LENGTH] = SLICE_INIT("Content-Length"),
    [FIELD_CONTENT_RANGE] = SLICE_INIT("Content-Range"),
    [FIELD_CONTENT_TYPE] = SLICE_INIT("Content-Type"),
    [FIELD_COOKIE] = SLICE_INIT("Cookie"),
    [FIELD_DATE] = SLICE_INIT("Date"),
    [FIELD_ETAG] = SLICE_INIT("ETag"),
    [FIELD_EXPECT] = SLICE_INIT("Expect"),
    [FIELD_EXPIRES] = SLICE_INIT("Expires"),
    [FIELD_FORWARDED] = SLICE_INIT("Forwarded"),
    [FIELD_HOST] = SLICE_INIT("Host"),
    [FIELD_IF_MATCH] = SLICE_INIT("If-Match"),
    [FIELD_IF_MODIFIED_SINCE] = SLICE_INIT("If-Modified-Since"),
    [FIELD_IF_NONE_MATCH] = SLICE_INIT("If-None-Match"),
    [FIELD_IF_RANGE] = SLICE_INIT("If-Range"),
    [FIELD_IF_UNMODIFIED_SINCE] = SLICE_INIT("If-Unmodified-Since"),
    [FIELD_KEEP_ALIVE] = SLICE_INIT("Keep-Alive"),
    [FIELD_LAST_MODIFIED] = SLICE_INIT("Last-Modified"),
    [FIELD_LOCATION] = SLICE_INIT("Location"),
    [FIELD_ORIGIN] = SLICE_INIT("Origin"),
    [FIELD_PROXY] = SLICE_INIT("Proxy"),
    [FIELD_PROXY_AUTHENTICATE] = SLICE_INIT("Proxy-Authenticate"),
    [FIELD_PROXY_AUTHORIZATION] = SLICE_INIT("Proxy-Authorization"),
    [FIELD_PROXY_CONNECTION] = SLICE_INIT("Proxy-Connection"),
    [FIELD_RANGE] = SLICE_INIT("Range"),
    [FIELD_REFERER] = SLICE_INIT("Referer"),
    [FIELD_RETRY_AFTER] = SLICE_INIT("Retry-After"),
    [FIELD_SERVER] = SLICE_INIT("Server"),
    [FIELD_SET_COOKIE] = SLICE_INIT("Set-Cookie"),
    [FIELD_STATUS] = SLICE_INIT("Status"),
    [FIELD_TE] = SLICE_INIT("TE"),
    [FIELD_TRAILER] = SLICE_INIT("Trailer"),
    [FIELD_TRANSFER_ENCODING] = SLICE_INIT("Transfer-Encoding"),
    [FIELD_UPGRADE] = SLICE_INIT("Upgrade"),
    [FIELD_USER_AGENT] = SLICE_INIT("User-Agent"),
    [FIELD_VARY] = SLICE_INIT("Vary"),
    [FIELD_VIA] = SLICE_INIT("Via"),
    [FIELD_X_ACCEL_BUFFERING] = SLICE_INIT("X-Accel-Buffering"),
    [FIELD_X_ACCEL_REDIRECT] = SLICE_INIT("X-Accel-Redirect"),
    [FIELD_X_FORWARDED_FOR] = SLICE_INIT("X-Forwarded-For"),
    [FIELD_X_REAL_IP] = SLICE_INIT("X-Real-IP"),
    [FIELD_X_SENDFILE] = SLICE_INIT("X-Sendfile"),
};

#define LONGEST_NAME       19
#define MOST_OF_ONE_LENGTH 6

/* The names of each length, the frequent ones first; FIELD_OTHER fills up. */
static const uint8_t by_length[LONGEST_NAME + 1][MOST_OF_ONE_LENGTH] = {
    [2] = { FIELD_TE },
    [3] = { FIELD_VIA },
    [4] = { FIELD_HOST, FIELD_DATE, FIELD_ETAG, FIELD_VARY },
    [5] = { FIELD_RANGE, FIELD_ALLOW, FIELD_PROXY },
    [6] = { FIELD_ACCEPT, FIELD_COOKIE, FIELD_ORIGIN, FIELD_SERVER, FIELD_STATUS, FIELD_EXPECT },
    [7] = { FIELD_REFERER, FIELD_EXPIRES, FIELD_UPGRADE, FIELD_TRAILER },
    [8] = { FIELD_LOCATION, FIELD_IF_RANGE, FIELD_IF_MATCH },
    [9] = { FIELD_X_REAL_IP, FIELD_FORWARDED },
    [10] = { FIELD_USER_AGENT, FIELD_CONNECTION, FIELD_SET_COOKIE, FIELD_KEEP_ALIVE,
             FIELD_X_SENDFILE },
    [11] = { FIELD_RETRY_AFTER },
    [12] = { FIELD_CONTENT_TYPE },
    [13] = { FIELD_CACHE_CONTROL, FIELD_IF_NONE_MATCH, FIELD_LAST_MODIFIED, FIELD_ACCEPT_RANGES,
             FIELD_AUTHORIZATION, FIELD_CONTENT_RANGE },
    [14] = { FIELD_CONTENT_LENGTH },
    [15] = { FIELD_ACCEPT_ENCODING, FIELD_X_FORWARDED_FOR },
    [16] = { FIELD_CONTENT_ENCODING, FIELD_PROXY_CONNECTION, FIELD_X_ACCEL_REDIRECT },
    [17] = { FIELD_IF_MODIFIED_SINCE, FIELD_TRANSFER_ENCODING, FIELD_X_ACCEL_BUFFERING },
    [18] = { FIELD_PROXY_AUTHENTICATE },
    [19] = { FIELD_IF_UNMODIFIED_SINCE, FIELD_PROXY_AUTHORIZATION },
};

/*
 * Bits in which `word` differs from the canonical spelling `canon`, without those that are only the
 * case of a letter. The bytes of the names are letters and '-': 0x40 is set in a letter and clear
 * in '-', and shifted once it is the case bit.
 */
static uint64_t differs(uint64_t word, uint64_t canon)
{
    uint64_t case_bits = (canon & EACH_BYTE(0x40)) >> 1;

    return (word ^ canon) & ~case_bits;
}

static bool name_matches(const char *at, const char *canon, size_t len)
{
    if (len < sizeof(uint32_t)) {
        for (size_t i = 0; i < len; i++) {
            if (differs((unsigned char)at[i], (unsigned char)canon[i]) != 0)
                return false;
        }
        return true;
    }
    if (len < sizeof(uint64_t))
        return differs(word_load_few(at, len), word_load_few(canon, len)) == 0;

    size_t last = len - sizeof(uint64_t); /* the last word may overlap the one before */

    for (size_t i = 0; i < last; i += sizeof(uint64_t)) {
        if (differs(word_load(at + i), word_load(canon + i)) != 0)
            return false;
    }
    return differs(word_load(at + last), word_load(canon + last)) == 0;
}

enum field_id field_id_of(struct slice name)
{
    if (name.len > LONGEST_NAME)
        return FIELD_OTHER;

    const uint8_t *candidates = by_length[name.len];

    for (size_t i = 0; i < MOST_OF_ONE_LENGTH && candidates[i] != FIELD_OTHER; i++) {
        if (name_matches(name.at, names[candidates[i]].at, name.len))
            return (enum field_id)candidates[i];
    }
    return FIELD_OTHER;
}

struct slice field_name(enum field_id id)
{
    assert(id < FIELD_COUNT);
    return names[id];
}

void fields_append(struct fields *fields, struct arena *arena, struct field field)
{
    if (fields->count == fields->room) {
        uint32_t room = fields->room ? fields->room * 2 : 8;
        struct field *at = arena_room(arena, sizeof(*at) * room);

        if (fields->count > 0)
            memcpy(at, fields->at, sizeof(*at) * fields->count);
        fields->at = at;
        fields->room = room;
    }
    fields->at[fields->count++] = field;
}

void fields_add(struct fields *fields, struct arena *arena, struct slice name, struct slice value)
{
    fields_append(fields, arena,
                  (struct field){ .name = name, .value = value, .id = field_id_of(name) });
}

void fields_add_id(struct fields *fields, struct arena *arena, enum field_id id, struct slice value)
{
    assert(id != FIELD_OTHER);
    fields_append(fields, arena,
                  (struct field){ .name = field_name(id), .value = value, .id = id });
}

struct field *fields_find(const struct fields *fields, enum field_id id)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->at[i].id == id)
            return &fields->at[i];
    }
    return NULL;
}

struct field *fields_find_name(const struct fields *fields, struct slice name)
{
    enum field_id id = field_id_of(name);

    if (id != FIELD_OTHER)
        return fields_find(fields, id);

    for (uint32_t i = 0; i < fields->count; i++) {
        if (slice_equal_nocase(fields->at[i].name, name))
            return &fields->at[i];
    }
    return NULL;
}

struct slice fields_value(const struct fields *fields, enum field_id id)
{
    const struct field *field = fields_find(fields, id);

    return field ? field->value : (struct slice){ 0 };
}

struct slice fields_only(const struct fields *fields, struct slice name)
{
    const struct field *found = NULL;

    for (uint32_t i = 0; i < fields->count; i++) {
        if (!slice_equal_nocase(fields->at[i].name, name))
            continue;
        if (found)
            return SLICE("");
        found = &fields->at[i];
    }
    return found ? found->value : SLICE("");
}

unsigned fields_count_id(const struct fields *fields, enum field_id id)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < fields->count; i++)
        count += fields->at[i].id == id;
    return count;
}

void fields_remove(struct fields *fields, enum field_id id)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->at[i].id != id)
            fields->at[kept++] = fields->at[i];
    }
    fields->count = kept;
}

void fields_remove_name(struct fields *fields, struct slice name)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < fields->count; i++) {
        if (!slice_equal_nocase(fields->at[i].name, name))
            fields->at[kept++] = fields->at[i];
    }
    fields->count = kept;
}

static bool list_has(struct slice list, struct slice token)
{
    struct slice item;

    while (slice_next(&list, ',', &item)) {
        if (slice_equal_nocase(item, token))
            return true;
    }
    return false;
}

bool fields_list_has(const struct fields *fields, enum field_id id, struct slice token)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->at[i].id == id && list_has(fields->at[i].value, token))
            return true;
    }
    return false;
}

bool field_is_hop_by_hop(enum field_id id)
{
    switch (id) {
    case FIELD_CONNECTION:
    case FIELD_KEEP_ALIVE:
    case FIELD_PROXY_AUTHENTICATE:
    case FIELD_PROXY_AUTHORIZATION:
    case FIELD_PROXY_CONNECTION:
    case FIELD_TE:
    case FIELD_TRAILER:
    case FIELD_TRANSFER_ENCODING:
    case FIELD_UPGRADE:
        return true;
    default:
        return false;
    }
}

bool field_is_token(struct slice name)
{
    return name.len > 0 && bytes_of_class(name.at, name.len, BYTE_TOKEN) == name.len;
}

bool field_is_value(struct slice value)
{
    return bytes_of_value(value.at, value.len) == value.len;
}
