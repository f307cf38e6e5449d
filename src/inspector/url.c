#include "inspector/url.h"

#include "http/target.h"

static enum parse fault(struct parse_fault *reterr, const char *why)
{
    *reterr = (struct parse_fault){ .why = why };
    return PARSE_BAD;
}

static size_t authority_len(struct slice text)
{
    size_t len = 0;

    while (len < text.len && text.at[len] != '/' && text.at[len] != '?')
        len++;
    return len;
}

/* Takes "http://" or "https://" off the front. False: it begins with another scheme. */
static bool take_scheme(struct slice *rest, bool *ret_secure)
{
    *ret_secure = slice_starts_nocase(*rest, SLICE("https://"));
    if (*ret_secure || slice_starts_nocase(*rest, SLICE("http://"))) {
        *rest = slice_skip(*rest, *ret_secure ? 8 : 7);
        return true;
    }
    const size_t len = authority_len(*rest);
    return len == 0 || rest->at[len - 1] != ':' ||
           !slice_starts(slice_skip(*rest, len), SLICE("//"));
}

enum parse url_parse(struct slice text, struct arena *arena, struct url *ret,
                     struct parse_fault *reterr)
{
    struct slice rest;
    struct slice fragment;
    struct url url;

    (void)slice_cut(text, '#', &rest, &fragment);
    if (!take_scheme(&rest, &url.secure))
        return fault(reterr, "its scheme is neither http nor https");
    url.authority = slice_first(rest, authority_len(rest));
    rest = slice_skip(rest, url.authority.len);
    if (url.authority.len == 0)
        return fault(reterr, "it names no host");
    if (slice_has(url.authority, '@'))
        return fault(reterr, "it carries a user; give one as -H 'Authorization: Basic ...'");
    if (host_parse(url.authority, arena, &url.host, &url.port, reterr) != PARSE_DONE)
        return PARSE_BAD;
    if (url.host.len == 0)
        return fault(reterr, "it names no host");
    const struct slice parts[] = { SLICE("/"), rest };
    url.target = slice_starts(rest, SLICE("/")) ? rest : arena_join(arena, parts, 2);
    *ret = url;
    return PARSE_DONE;
}
