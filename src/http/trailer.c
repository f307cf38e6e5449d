#include "http/trailer.h"

#include "base/text.h"

/* Names, or how names begin that are about the same. */
static const struct slice refused[] = {
    SLICE_INIT("Accept-"),
    SLICE_INIT("Access-Control-"),
    SLICE_INIT("Age"),
    SLICE_INIT("Allow"),
    SLICE_INIT("Alt-Svc"),
    SLICE_INIT("Authentication-"),
    SLICE_INIT("Authorization"),
    SLICE_INIT("Cache-Control"),
    SLICE_INIT("Clear-Site-"),
    SLICE_INIT("Connection"),
    SLICE_INIT("Content-"),
    SLICE_INIT("Cookie"),
    SLICE_INIT("Date"),
    SLICE_INIT("Expect"),
    SLICE_INIT("Expires"),
    SLICE_INIT("Forwarded"),
    SLICE_INIT("Host"),
    SLICE_INIT("If-"),
    SLICE_INIT("Keep-Alive"),
    SLICE_INIT("Location"),
    SLICE_INIT("Max-Forwards"),
    SLICE_INIT("Pragma"),
    SLICE_INIT("Proxy"),
    SLICE_INIT("Proxy-"),
    SLICE_INIT("Range"),
    SLICE_INIT("Retry-After"),
    SLICE_INIT("Sec-"),
    SLICE_INIT("Set-"),
    SLICE_INIT("Status"),
    SLICE_INIT("Strict-"),
    SLICE_INIT("TE"),
    SLICE_INIT("Trailer"),
    SLICE_INIT("Transfer-Encoding"),
    SLICE_INIT("Upgrade"),
    SLICE_INIT("Vary"),
    SLICE_INIT("Via"),
    SLICE_INIT("Warning"),
    SLICE_INIT("WWW-"),
    SLICE_INIT("X-Accel-"),
    SLICE_INIT("X-Forwarded-"),
    SLICE_INIT("X-Hiawatha-"),
    SLICE_INIT("X-Longhouse-"),
    SLICE_INIT("X-Real-IP"),
    SLICE_INIT("X-Sendfile"),
};

/* RFC 9530: made to stand behind the content. */
static const struct slice digest = SLICE_INIT("Content-Digest");

static bool is_refused_by(struct slice rule, struct slice name)
{
    const bool is_family = slice_ends(rule, SLICE("-"));

    return is_family ? slice_starts_nocase(name, rule) : slice_equal_nocase(name, rule);
}

bool trailer_is_allowed(struct slice name)
{
    if (slice_equal_nocase(name, digest))
        return true;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (is_refused_by(refused[i], name))
            return false;
    }
    return true;
}

bool trailer_is_about_bytes(struct slice name)
{
    return slice_equal_nocase(name, digest) || slice_equal_nocase(name, SLICE("Repr-Digest")) ||
           slice_equal_nocase(name, SLICE("Digest")) || slice_equal_nocase(name, SLICE("ETag"));
}

static size_t room_for(const struct fields *fields)
{
    size_t room = 1;

    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->at[i].id == FIELD_TRAILER)
            room += 2 * fields->at[i].value.len + 2; /* a blank behind each comma */
    }
    return room;
}

struct slice trailer_announced(const struct fields *fields, struct arena *arena)
{
    const size_t room = room_for(fields);
    struct text text = text_on(arena_bytes(arena, room), room);

    for (uint32_t i = 0; i < fields->count; i++) {
        struct slice rest = fields->at[i].value;
        struct slice name;

        if (fields->at[i].id != FIELD_TRAILER)
            continue;
        while (slice_next(&rest, ',', &name)) {
            if (!field_is_token(name) || !trailer_is_allowed(name))
                continue;
            text_add(&text, text_slice(&text).len > 0 ? SLICE(", ") : SLICE(""));
            text_add(&text, name);
        }
    }
    return text_slice(&text);
}
