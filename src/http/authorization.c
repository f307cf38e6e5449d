#include "http/authorization.h"

#include "base/encode.h"

#define NC_DIGITS 8u

static bool refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return false;
}

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
            return false;
    return true;
}

/* ---- Basic (RFC 7617 2) ---- */

static bool parse_basic(struct slice credentials, struct arena *arena, struct authorization *ret,
                        const char **ret_why)
{
    char *decoded = arena_bytes(arena, credentials.len / 4 * 3 + 3);
    size_t len;

    if (!base64_decode(credentials, decoded, &len))
        return refuse(ret_why, "the Basic credentials are not base64");
    if (!slice_cut(slice_of(decoded, len), ':', &ret->user, &ret->password))
        return refuse(ret_why, "the Basic credentials have no ':' behind the user");
    if (!is_printable(ret->user) || !is_printable(ret->password))
        return refuse(ret_why, "the Basic credentials have control bytes");
    ret->scheme = AUTH_BASIC;
    return true;
}

/* ---- parameters (RFC 9110 11.2) ---- */

static bool is_end_of_token(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == '=' || c == '"';
}

static struct slice take_token(struct slice *rest)
{
    size_t len = 0;

    while (len < rest->len && !is_end_of_token(rest->at[len]))
        len++;
    struct slice token = slice_first(*rest, len);
    *rest = slice_skip(*rest, len);
    return token;
}

/* *rest begins behind the opening quote. */
static bool take_quoted(struct slice *rest, struct arena *arena, struct slice *ret)
{
    char *out = arena_bytes(arena, rest->len);
    size_t len = 0;
    size_t i = 0;

    for (; i < rest->len && rest->at[i] != '"'; i++) {
        if (rest->at[i] == '\\' && ++i == rest->len)
            return false;
        out[len++] = rest->at[i];
    }
    if (i == rest->len)
        return false;
    *ret = slice_of(out, len);
    *rest = slice_skip(*rest, i + 1);
    return true;
}

static struct slice skip_blanks(struct slice rest)
{
    while (rest.len > 0 && (rest.at[0] == ' ' || rest.at[0] == '\t'))
        rest = slice_skip(rest, 1);
    return rest;
}

/* Takes NAME "=" VALUE and the comma behind it off *rest. */
static bool take_parameter(struct slice *rest, struct arena *arena, struct slice *ret_name,
                           struct slice *ret_value)
{
    *ret_name = take_token(rest);
    *rest = skip_blanks(*rest);
    if (ret_name->len == 0 || !slice_starts(*rest, SLICE("=")))
        return false;
    *rest = skip_blanks(slice_skip(*rest, 1));
    if (slice_starts(*rest, SLICE("\""))) {
        *rest = slice_skip(*rest, 1);
        if (!take_quoted(rest, arena, ret_value))
            return false;
    } else {
        *ret_value = take_token(rest);
        if (ret_value->len == 0)
            return false;
    }
    *rest = skip_blanks(*rest);
    return rest->len == 0 || rest->at[0] == ',';
}

static struct slice skip_commas(struct slice rest)
{
    while (rest.len > 0 && (rest.at[0] == ',' || rest.at[0] == ' ' || rest.at[0] == '\t'))
        rest = slice_skip(rest, 1);
    return rest;
}

/* ---- Digest (RFC 7616 3.4) ---- */

enum part {
    PART_USERNAME,
    PART_USERNAME_EXT,
    PART_REALM,
    PART_NONCE,
    PART_URI,
    PART_RESPONSE,
    PART_ALGORITHM,
    PART_CNONCE,
    PART_QOP,
    PART_NC,
    PART_USERHASH,
    PART_COUNT,
};

static const struct slice part_names[PART_COUNT] = {
    SLICE_INIT("username"), SLICE_INIT("username*"), SLICE_INIT("realm"),     SLICE_INIT("nonce"),
    SLICE_INIT("uri"),      SLICE_INIT("response"),  SLICE_INIT("algorithm"), SLICE_INIT("cnonce"),
    SLICE_INIT("qop"),      SLICE_INIT("nc"),        SLICE_INIT("userhash"),
};

struct digest_parts {
    struct slice at[PART_COUNT]; /* at NULL: not given */
};

/* False: it was given before. Parameters that mean nothing here are passed over. */
static bool note_part(struct digest_parts *parts, struct slice name, struct slice value)
{
    for (unsigned i = 0; i < PART_COUNT; i++) {
        if (!slice_equal_nocase(name, part_names[i]))
            continue;
        if (parts->at[i].at)
            return false;
        parts->at[i] = value;
    }
    return true;
}

static bool take_parts(struct slice rest, struct arena *arena, struct digest_parts *ret,
                       const char **ret_why)
{
    struct slice name;
    struct slice value;

    for (rest = skip_commas(rest); rest.len > 0; rest = skip_commas(rest)) {
        if (!take_parameter(&rest, arena, &name, &value))
            return refuse(ret_why, "the Digest parameters are malformed");
        if (!note_part(ret, name, value))
            return refuse(ret_why, "a Digest parameter is given twice");
    }
    return true;
}

/* RFC 8187: UTF-8''percent-encoded */
static bool take_user(const struct digest_parts *parts, struct arena *arena, struct slice *ret)
{
    const struct slice plain = parts->at[PART_USERNAME];
    struct slice rest = parts->at[PART_USERNAME_EXT];

    if ((plain.at != NULL) == (rest.at != NULL))
        return false;
    if (plain.at) {
        *ret = plain;
        return true;
    }
    if (!slice_starts_nocase(rest, SLICE("UTF-8'")))
        return false;
    rest = slice_skip(rest, SLICE("UTF-8'").len);
    if (!slice_cut(rest, '\'', &(struct slice){ 0 }, &rest))
        return false;

    char *out = arena_bytes(arena, rest.len);
    size_t len;
    if (!percent_decode(rest, out, &len))
        return false;
    *ret = slice_of(out, len);
    return true;
}

static bool take_count(struct slice text, uint32_t *ret)
{
    uint32_t count = 0;

    for (size_t i = 0; i < text.len; i++) {
        const int digit = hex_digit(text.at[i]);

        if (digit < 0)
            return false;
        count = count << 4 | (uint32_t)digit;
    }
    *ret = count;
    return text.len == NC_DIGITS;
}

static bool is_complete(const struct digest_parts *parts)
{
    return parts->at[PART_REALM].at && parts->at[PART_NONCE].at && parts->at[PART_URI].at &&
           parts->at[PART_RESPONSE].at && parts->at[PART_CNONCE].at && parts->at[PART_NC].at;
}

static bool parse_digest(struct slice credentials, struct arena *arena, struct authorization *ret,
                         const char **ret_why)
{
    struct digest_parts parts = { 0 };

    if (!take_parts(credentials, arena, &parts, ret_why))
        return false;
    if (!slice_equal_nocase(parts.at[PART_QOP], SLICE("auth")))
        return refuse(ret_why, "Digest without qop=auth is not safe from replay");
    if (!is_complete(&parts))
        return refuse(ret_why, "a Digest parameter is missing");
    if (slice_equal_nocase(parts.at[PART_USERHASH], SLICE("true")))
        return refuse(ret_why, "Digest with userhash was not offered");
    if (!take_user(&parts, arena, &ret->user) || !is_printable(ret->user))
        return refuse(ret_why, "the user name of the Digest cannot be read");
    if (!take_count(parts.at[PART_NC], &ret->nc))
        return refuse(ret_why, "the nc of the Digest is no number of 8 digits");
    ret->scheme = AUTH_DIGEST;
    ret->realm = parts.at[PART_REALM];
    ret->nonce = parts.at[PART_NONCE];
    ret->uri = parts.at[PART_URI];
    ret->algorithm = parts.at[PART_ALGORITHM];
    ret->cnonce = parts.at[PART_CNONCE];
    ret->nc_text = parts.at[PART_NC];
    ret->response = parts.at[PART_RESPONSE];
    return true;
}

bool authorization_parse(struct slice value, struct arena *arena, struct authorization *ret,
                         const char **ret_why)
{
    struct authorization found = { 0 };
    struct slice scheme;
    struct slice rest;
    bool good = true;

    slice_cut(slice_trim(value), ' ', &scheme, &rest);
    rest = slice_trim(rest);
    if (slice_equal_nocase(scheme, SLICE("Basic")))
        good = parse_basic(rest, arena, &found, ret_why);
    else if (slice_equal_nocase(scheme, SLICE("Digest")))
        good = parse_digest(rest, arena, &found, ret_why);
    else
        found.scheme = scheme.len > 0 ? AUTH_OTHER : AUTH_NONE;
    if (good)
        *ret = found;
    return good;
}
