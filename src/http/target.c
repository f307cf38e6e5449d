#include "http/target.h"

#include "base/encode.h"
#include "base/number.h"
#include "byte_class.h"

#include <arpa/inet.h>

#define HOST_MOST 255 /* RFC 1035 2.3.4 */

/* ---- the path ---- */

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/*
 * Decodes %HH once from `raw` into `out` (room for raw.len bytes). A slash that was encoded is
 * refused: programs and proxies disagree whether it separates, and what protects must not have to
 * guess.
 */
static enum parse decode_path(struct slice raw, char *out, size_t *ret_len,
                              struct parse_fault *reterr)
{
    size_t len = 0;

    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.at[i];
        size_t at = i;

        if (c == '%') {
            int high = i + 1 < raw.len ? hex_digit(raw.at[i + 1]) : -1;
            int low = i + 2 < raw.len ? hex_digit(raw.at[i + 2]) : -1;

            if (high < 0 || low < 0)
                return parse_bad(reterr, at, "'%' without two hexadecimal digits");
            c = (char)(high * 16 + low);
            i += 2;
            if (c == '/')
                return parse_bad(reterr, at, "encoded slash in path");
        }
        if (is_control(c))
            return parse_bad(reterr, at, c == '\0' ? "NUL in path" : "control byte in path");
        out[len++] = c;
    }
    *ret_len = len;
    return PARSE_DONE;
}

/*
 * Collapses slashes and resolves dot segments (RFC 3986 5.2.4) in place; path[0] is '/'. Writing
 * never overtakes reading. Returns the new length, or 0 when '..' leads above the root.
 */
static size_t resolve_segments(char *path, size_t len)
{
    size_t written = 1;
    size_t at = 1;

    while (at < len) {
        const char *slash = memchr(path + at, '/', len - at);
        size_t segment = slash ? (size_t)(slash - (path + at)) : len - at;

        if (segment == 2 && path[at] == '.' && path[at + 1] == '.') {
            if (written == 1)
                return 0;
            do
                written--;
            while (path[written - 1] != '/');
        } else if (segment > 0 && !(segment == 1 && path[at] == '.')) {
            memmove(path + written, path + at, segment);
            written += segment;
            if (slash)
                path[written++] = '/';
        }
        at += segment + 1;
    }
    return written;
}

enum parse target_normalise(struct slice raw_path, struct arena *arena, struct slice *ret,
                            struct parse_fault *reterr)
{
    if (raw_path.len == 0 || raw_path.at[0] != '/')
        return parse_bad(reterr, 0, "path does not begin with '/'");

    char *path = arena_bytes(arena, raw_path.len + 1);
    size_t len = 0;

    if (decode_path(raw_path, path, &len, reterr) != PARSE_DONE)
        return PARSE_BAD;
    len = resolve_segments(path, len);
    if (len == 0)
        return parse_bad(reterr, 0, "'..' leads above the root");

    path[len] = '\0';
    *ret = slice_of(path, len);
    return PARSE_DONE;
}

bool target_resolve(struct slice place, struct arena *arena, struct slice *ret)
{
    char *path = arena_bytes(arena, place.len + 1);

    memcpy(path, place.at, place.len);
    size_t len = resolve_segments(path, place.len);
    path[len] = '\0';
    *ret = slice_of(path, len);
    return len > 0;
}

/* What one walk over the bytes from the path on finds out. */
struct scan {
    size_t path_len; /* up to '?' or the end */
    bool plain;      /* no '%', no empty segment and none that begins with a dot: already normal */
};

static enum parse scan_path(struct slice text, struct scan *ret, struct parse_fault *reterr)
{
    bool plain = true;
    char before = 0;
    size_t i;

    for (i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (!byte_is(c, BYTE_TARGET))
            return parse_bad(reterr, i, "byte that does not belong in a target");
        if (c == '?')
            break;
        if (c == '%' || (before == '/' && (c == '/' || c == '.')))
            plain = false;
        before = c;
    }
    *ret = (struct scan){ .path_len = i, .plain = plain };

    i += bytes_of_class(text.at + i, text.len - i, BYTE_TARGET);
    if (i < text.len)
        return parse_bad(reterr, i, "byte that does not belong in a target");
    return PARSE_DONE;
}

static enum parse shift_fault(struct parse_fault *reterr, size_t by)
{
    if (reterr)
        reterr->at += by;
    return PARSE_BAD;
}

/* "/where?q=now", which stands at `offset` of ret->raw; may be empty or begin with '?' (absolute
 * form). */
static enum parse path_and_query(struct slice text, size_t offset, struct arena *arena,
                                 struct target *ret, struct parse_fault *reterr)
{
    struct scan scan;

    if (scan_path(text, &scan, reterr) != PARSE_DONE)
        return shift_fault(reterr, offset);

    ret->has_query = scan.path_len < text.len;
    if (ret->has_query)
        ret->query = slice_of(text.at + scan.path_len + 1, text.len - scan.path_len - 1);

    ret->raw_path = scan.path_len > 0 ? slice_of(text.at, scan.path_len) : SLICE("/");
    if (scan.plain) {
        ret->path = slice_of(arena_cstr(arena, ret->raw_path), ret->raw_path.len);
        return PARSE_DONE;
    }
    if (target_normalise(ret->raw_path, arena, &ret->path, reterr) != PARSE_DONE)
        return shift_fault(reterr, offset);
    return PARSE_DONE;
}

/* ---- the forms ---- */

/* Length of "http://" or "https://" at the front, 0 if there is neither. */
static size_t scheme_len(struct slice raw)
{
    if (slice_starts_nocase(raw, SLICE("http://")))
        return 7;
    return slice_starts_nocase(raw, SLICE("https://")) ? 8 : 0;
}

static enum parse parse_absolute(struct slice raw, struct arena *arena, struct target *ret,
                                 struct parse_fault *reterr)
{
    size_t begin = scheme_len(raw);
    size_t end = begin;

    if (begin == 0)
        return parse_bad(reterr, 0, "target is neither a path nor an http URL");
    while (end < raw.len && raw.at[end] != '/' && raw.at[end] != '?') {
        /* RFC 9110 4.2.4: a name and password in front of the host are used to mislead. */
        if (raw.at[end] == '@')
            return parse_bad(reterr, end, "user information in target");
        if (!byte_is(raw.at[end], BYTE_TARGET))
            return parse_bad(reterr, end, "byte that does not belong in a target");
        end++;
    }
    if (end == begin)
        return parse_bad(reterr, begin, "target without host"); /* RFC 9110 4.2.1 */

    ret->form = TARGET_ABSOLUTE;
    ret->authority = slice_of(raw.at + begin, end - begin);
    return path_and_query(slice_skip(raw, end), end, arena, ret, reterr);
}

/* CONNECT: host and port, nothing else (RFC 9112 3.2.3). There is no path; '/' stands for it. */
static enum parse parse_authority(struct slice raw, struct arena *arena, struct target *ret,
                                  struct parse_fault *reterr)
{
    struct slice host;
    unsigned port = 0;

    if (host_parse(raw, arena, &host, &port, reterr) != PARSE_DONE)
        return PARSE_BAD;
    if (host.len == 0 || port == 0)
        return parse_bad(reterr, 0, "CONNECT needs a host and a port");

    ret->form = TARGET_AUTHORITY;
    ret->authority = raw;
    ret->raw_path = raw;
    ret->path = SLICE("/");
    return PARSE_DONE;
}

enum parse target_parse(struct slice raw, bool is_connect, bool is_options, struct arena *arena,
                        struct target *ret, struct parse_fault *reterr)
{
    struct target target = { .form = TARGET_ORIGIN, .raw = raw };
    enum parse result;

    if (raw.len == 0)
        return parse_bad(reterr, 0, "empty target");

    if (is_connect) {
        result = parse_authority(raw, arena, &target, reterr);
    } else if (raw.at[0] == '/') {
        result = path_and_query(raw, 0, arena, &target, reterr);
    } else if (slice_equal(raw, SLICE("*"))) {
        if (!is_options)
            return parse_bad(reterr, 0, "target '*' is only for OPTIONS"); /* RFC 9112 3.2.4 */
        target.form = TARGET_ASTERISK;
        target.raw_path = raw;
        target.path = SLICE("/");
        result = PARSE_DONE;
    } else {
        result = parse_absolute(raw, arena, &target, reterr);
    }

    if (result == PARSE_DONE)
        *ret = target;
    return result;
}

/* ---- the host ---- */

/* "[::1]" with its brackets, which stand at the front of `text`; *ret_len counts them. */
static enum parse ip6_len(struct slice text, size_t *ret_len, struct parse_fault *reterr)
{
    char literal[INET6_ADDRSTRLEN] = "";
    struct in6_addr address;
    size_t close = slice_find(text, ']');

    if (close == SLICE_NONE)
        return parse_bad(reterr, 0, "'[' without ']' in host");

    struct slice inner = slice_of(text.at + 1, close - 1);
    if (inner.len < sizeof(literal)) {
        memcpy(literal, inner.at, inner.len);
        literal[inner.len] = '\0';
    }
    /* A NUL among the bytes would hide what follows it. */
    if (strlen(literal) != inner.len || inet_pton(AF_INET6, literal, &address) != 1)
        return parse_bad(reterr, 1, "no IPv6 address between '[' and ']'");
    *ret_len = close + 1;
    return PARSE_DONE;
}

/*
 * A name or an IPv4 address. Of RFC 3986's reg-name only what names of hosts are made of: a percent
 * escape or a '*' would be a second spelling, or look like a pattern, for those who compare names.
 */
static enum parse name_len(struct slice text, size_t *ret_len, struct parse_fault *reterr)
{
    bool behind_dot = true;
    size_t len = 0;

    for (; len < text.len && byte_is(text.at[len], BYTE_HOST); len++) {
        const bool is_dot = text.at[len] == '.';

        if (is_dot && behind_dot)
            return parse_bad(reterr, len, "empty label in host");
        behind_dot = is_dot;
    }
    *ret_len = len;
    return PARSE_DONE;
}

/* ":8080", ":" or nothing. */
static enum parse port_parse(struct slice text, size_t offset, unsigned *ret,
                             struct parse_fault *reterr)
{
    uint64_t port = 0;

    if (text.len == 0 || slice_equal(text, SLICE(":"))) { /* RFC 3986 3.2.3: may be empty */
        *ret = 0;
        return PARSE_DONE;
    }
    if (text.at[0] != ':')
        return parse_bad(reterr, offset, "byte that does not belong in a host");
    if (!number_parse(slice_skip(text, 1), 65535, &port) || port == 0)
        return parse_bad(reterr, offset + 1, "port is not between 1 and 65535");
    *ret = (unsigned)port;
    return PARSE_DONE;
}

enum parse host_parse(struct slice text, struct arena *arena, struct slice *ret_host,
                      unsigned *ret_port, struct parse_fault *reterr)
{
    bool literal = text.len > 0 && text.at[0] == '[';
    size_t len = 0;
    unsigned port = 0;

    if ((literal ? ip6_len(text, &len, reterr) : name_len(text, &len, reterr)) != PARSE_DONE)
        return PARSE_BAD;
    if (len > HOST_MOST)
        return parse_bad(reterr, HOST_MOST, "host is longer than 255 bytes");
    if (port_parse(slice_skip(text, len), len, &port, reterr) != PARSE_DONE)
        return PARSE_BAD;
    if (len == 0 && text.len > 0)
        return parse_bad(reterr, 0, "port without host");

    if (len > 0 && text.at[len - 1] == '.')
        len--;
    *ret_host = arena_lower(arena, slice_first(text, len));
    *ret_port = port;
    return PARSE_DONE;
}
