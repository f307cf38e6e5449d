#include "http/h1_head.h"

#include <string.h>

static bool line_is_empty(struct slice in, size_t at, size_t *ret_len)
{
    *ret_len = in.at[at] == '\r' ? 2 : 1;
    return at + *ret_len <= in.len && in.at[at + *ret_len - 1] == '\n';
}

/*
 * Lines that end in a bare LF are seen as lines here, so that whoever reads the head refuses them
 * at once and their sender is not left waiting for an end that it believes to have sent.
 *
 * *scanned stands behind the empty lines in front, or at the last LF (what follows that one is not
 * known yet), or behind the last byte of an unfinished line. As an LF behind an LF would be the
 * end, the byte in front of *scanned is an LF in the first case only.
 */
enum parse h1_find_head(struct slice in, size_t limit, size_t *scanned, size_t *ret_len)
{
    size_t at = *scanned;
    size_t empty;

    if (at == 0 || in.at[at - 1] == '\n') { /* RFC 9112 2.2: before the request line */
        while (at < in.len && line_is_empty(in, at, &empty))
            at += empty;
        *scanned = at;
        if (at == in.len || (at + 1 == in.len && in.at[at] == '\r'))
            return in.len > limit ? PARSE_BAD : PARSE_MORE;
    }

    for (;;) {
        const char *newline = memchr(in.at + at, '\n', in.len - at);

        at = newline ? (size_t)(newline - in.at) : in.len;
        if (at + 1 >= in.len)
            break;
        if (line_is_empty(in, at + 1, &empty)) {
            size_t len = at + 1 + empty;

            if (len > limit)
                return PARSE_BAD;
            *ret_len = len;
            return PARSE_DONE;
        }
        if (at + 2 == in.len && in.at[at + 1] == '\r')
            break;
        at++;
    }
    *scanned = at;
    return in.len >= limit ? PARSE_BAD : PARSE_MORE;
}
