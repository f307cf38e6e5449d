#include "http/field_line.h"

#include "byte_class.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* What is wrong at a byte that ended the name and is no colon. */
static const char *name_fault(struct slice line, size_t at)
{
    if (at == line.len)
        return "field line without colon";
    if (is_blank(line.at[at]))
        return at == 0 ? "folded field line" : "blank in field name";
    return "field name is no token";
}

static const char *value_fault(char c)
{
    if (c == '\r')
        return "bare CR in field value";
    return c == '\0' ? "NUL in field value" : "control byte in field value";
}

/* One line without its end; offsets count from its begin. */
static enum parse line_parse(struct slice line, struct field_line *ret, struct parse_fault *reterr)
{
    /* RFC 9112 5.1: nothing stands between name and colon; 5.2: a line that begins with a blank is
     * the continuation of the one before, which is no longer allowed. */
    size_t name_len = bytes_of_class(line.at, line.len, BYTE_TOKEN);
    if (name_len == line.len || line.at[name_len] != ':')
        return parse_bad(reterr, name_len, name_fault(line, name_len));
    if (name_len == 0)
        return parse_bad(reterr, 0, "field line without name");

    struct slice value = { line.at + name_len + 1, line.len - name_len - 1 };
    size_t good = bytes_of_value(value.at, value.len);
    if (good < value.len)
        return parse_bad(reterr, name_len + 1 + good, value_fault(value.at[good]));

    while (value.len > 0 && is_blank(value.at[0])) {
        value.at++;
        value.len--;
    }
    while (value.len > 0 && is_blank(value.at[value.len - 1]))
        value.len--;
    *ret = (struct field_line){ .name = { line.at, name_len }, .value = value };
    return PARSE_DONE;
}

enum parse field_line_parse(struct slice in, enum line_ends ends, struct field_line *ret,
                            size_t *ret_used, struct parse_fault *reterr)
{
    const char *newline = in.len > 0 ? memchr(in.at, '\n', in.len) : NULL;
    if (!newline)
        return PARSE_MORE;

    struct slice line = { in.at, (size_t)(newline - in.at) };

    *ret_used = line.len + 1;
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    else if (ends == LINE_CRLF)
        return parse_bad(reterr, line.len, "bare LF at the end of a line");

    if (line.len == 0) {
        *ret = (struct field_line){ .name = { in.at, 0 }, .value = { in.at, 0 } };
        return PARSE_DONE;
    }
    return line_parse(line, ret, reterr);
}
