#include "config/log_format.h"

struct letter {
    const char *name; /* in braces before it; NULL: none */
    enum line_item item;
    char letter;
};

static const struct letter letters[] = {
    { NULL, LINE_CLIENT, 'a' },
    { NULL, LINE_CLIENT, 'h' },
    { NULL, LINE_NOBODY, 'l' },
    { NULL, LINE_USER, 'u' },
    { NULL, LINE_TIME, 't' },
    { "iso", LINE_BEGUN_ISO, 't' },
    { "sec", LINE_BEGUN_S, 't' },
    { "msec", LINE_BEGUN_MS, 't' },
    { NULL, LINE_REQUEST, 'r' },
    { NULL, LINE_METHOD, 'm' },
    { NULL, LINE_PATH, 'U' },
    { NULL, LINE_QUERY, 'q' },
    { NULL, LINE_PROTOCOL, 'H' },
    { NULL, LINE_STATUS, 's' },
    { NULL, LINE_BODY_BYTES_OR_DASH, 'b' },
    { NULL, LINE_BODY_BYTES, 'B' },
    { NULL, LINE_BYTES, 'O' },
    { NULL, LINE_DURATION_US, 'D' },
    { NULL, LINE_DURATION_S, 'T' },
    { "s", LINE_DURATION_S, 'T' },
    { "ms", LINE_DURATION_MS, 'T' },
    { "us", LINE_DURATION_US, 'T' },
    { NULL, LINE_HOST, 'v' },
    { NULL, LINE_HOST_ASKED, 'V' },
    { NULL, LINE_PORT, 'p' },
    { "local", LINE_PORT, 'p' },
    { "remote", LINE_CLIENT_PORT, 'p' },
    { NULL, LINE_ID, 'L' },
    { NULL, LINE_HANDLER, 'R' },
    { "SSL_PROTOCOL", LINE_TLS_VERSION, 'x' },
    { "SSL_CIPHER", LINE_TLS_CIPHER, 'x' },
    { "id", LINE_ID, 'n' },
    { "host", LINE_HOST, 'n' },
    { "handler", LINE_HANDLER, 'n' },
    { "cause", LINE_CAUSE, 'n' },
    { "exit", LINE_EXIT, 'n' },
    { "signal", LINE_SIGNAL, 'n' },
    { "cpu_us", LINE_CPU_US, 'n' },
    { "peak_kib", LINE_PEAK_KIB, 'n' },
    { "queue_us", LINE_QUEUE_US, 'n' },
    { "spawn_us", LINE_SPAWN_US, 'n' },
    { "connect_us", LINE_CONNECT_US, 'n' },
    { "first_byte_us", LINE_FIRST_BYTE_US, 'n' },
    { "backend", LINE_BACKEND, 'n' },
    { "attempts", LINE_ATTEMPTS, 'n' },
    { "session", LINE_SESSION, 'n' },
    { "duration_ms", LINE_DURATION_MS, 'n' },
    { "tls", LINE_TLS_VERSION, 'n' },
    { "cipher", LINE_TLS_CIPHER, 'n' },
};

/* Secrets stay out of logs. */
static const char *const secret_fields[] = { "Authorization", "Proxy-Authorization", "Cookie",
                                             "Set-Cookie" };

static const struct {
    const char *name;
    const char *text;
} known_texts[] = {
    { "common", "%h %l %u %t \"%r\" %>s %O" },
    { "extended", "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" },
};

struct reader {
    struct slice text;
    size_t at;
    size_t end;
    bool quoted;
    struct arena *arena;
    struct log_segment *segments;
    unsigned count;
    struct parse_fault *reterr;
};

static enum parse bad(const struct reader *reader, size_t at, const char *why)
{
    return parse_bad(reader->reterr, at, why);
}

static bool add(struct reader *reader, enum line_item item, struct slice text)
{
    if (reader->count == LOG_SEGMENTS_MOST)
        return false;
    reader->segments[reader->count++] = (struct log_segment){ .item = item, .text = text };
    return true;
}

/* ---- what stands for itself ---- */

/* The byte at reader->at, which is in no quotes what it is; false: an escape that is none. */
static bool take_byte(struct reader *reader, char *ret)
{
    char c = reader->text.at[reader->at++];

    if (!reader->quoted || c != '\\') {
        *ret = c;
        return true;
    }
    char next = '\0';

    if (reader->at < reader->end)
        next = reader->text.at[reader->at++];
    if (next != '"' && next != '\\' && next != 't')
        return false;
    *ret = next;
    if (next == 't')
        *ret = '\t';
    return true;
}

/* Up to the next letter; "%%" is a percent sign. */
static enum parse read_literal(struct reader *reader)
{
    char *bytes = arena_bytes(reader->arena, reader->end - reader->at);
    size_t len = 0;

    while (reader->at < reader->end) {
        const size_t from = reader->at;
        char c = reader->text.at[from];

        if (c == '%') {
            if (from + 1 == reader->end || reader->text.at[from + 1] != '%')
                break;
            reader->at++;
        } else if (reader->quoted && c == '"') {
            return bad(reader, from, "a quote inside of the quotes is written \\\"");
        }
        if (!take_byte(reader, &bytes[len]))
            return bad(reader, from, "after a backslash comes \", \\ or t");
        if ((unsigned char)bytes[len] < 0x20 && bytes[len] != '\t')
            return bad(reader, from, "a control byte would break the line");
        len++;
    }
    if (len > 0 && !add(reader, LINE_TEXT, slice_of(bytes, len)))
        return bad(reader, reader->at, "the format has too many parts");
    return PARSE_DONE;
}

/* ---- letters ---- */

static bool is_secret(struct slice name)
{
    for (size_t i = 0; i < sizeof(secret_fields) / sizeof(secret_fields[0]); i++)
        if (slice_equal_nocase(name, slice_cstr(secret_fields[i])))
            return true;
    return false;
}

static bool is_field_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alpha(name.at[i]) && !ascii_is_digit(name.at[i]) && name.at[i] != '-' &&
            name.at[i] != '_')
            return false;
    return name.len > 0;
}

static enum parse add_field(struct reader *reader, char letter, struct slice name, size_t at)
{
    if (!is_field_name(name))
        return bad(reader, at, "a field wants its name: %{User-Agent}i, %{Content-Type}o");
    if (is_secret(name))
        return bad(reader, at, "this field holds secrets, which stay out of logs");
    enum line_item item = letter == 'i' ? LINE_REQUEST_FIELD : LINE_ANSWER_FIELD;
    if (!add(reader, item, arena_copy(reader->arena, name)))
        return bad(reader, at, "the format has too many parts");
    return PARSE_DONE;
}

static const struct letter *find_letter(char letter, struct slice name, bool *ret_known)
{
    *ret_known = false;
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        const struct letter *known = &letters[i];

        if (known->letter != letter)
            continue;
        *ret_known = true;
        if (name.at ? known->name && slice_equal_cstr(name, known->name) : !known->name)
            return known;
    }
    return NULL;
}

/* "{name}" after the percent sign; ret->at NULL: there is none. */
static enum parse read_name(struct reader *reader, struct slice *ret)
{
    const struct slice rest =
        slice_first(slice_skip(reader->text, reader->at), reader->end - reader->at);

    *ret = (struct slice){ 0 };
    if (!slice_starts(rest, SLICE("{")))
        return PARSE_DONE;
    const size_t close = slice_find(rest, '}');
    if (close == SLICE_NONE)
        return bad(reader, reader->at, "the brace is not closed");
    *ret = slice_of(rest.at + 1, close - 1);
    reader->at += close + 1;
    return PARSE_DONE;
}

/* The percent sign is at reader->at. */
static enum parse read_letter(struct reader *reader)
{
    const size_t from = reader->at++;
    bool known;
    struct slice name;
    char mark = '\0';

    if (reader->at < reader->end)
        mark = reader->text.at[reader->at];
    if (mark == '<' || mark == '>')
        reader->at++;
    if (read_name(reader, &name) != PARSE_DONE)
        return PARSE_BAD;
    if (reader->at == reader->end)
        return bad(reader, from, "a letter is missing; a percent sign is written %%");
    const char letter = reader->text.at[reader->at++];
    if ((mark == '<' || mark == '>') && letter != 's')
        return bad(reader, from, "'<' and '>' are for %>s only");
    if (letter == 'i' || letter == 'o')
        return add_field(reader, letter, name, from);
    const struct letter *found = find_letter(letter, name, &known);
    if (!found && known)
        return bad(reader, from,
                   name.at ? "this letter has no such name in braces"
                           : "this letter wants a name in braces before it");
    if (!found)
        return bad(reader, from, "no such letter is known");
    if (!add(reader, found->item, (struct slice){ 0 }))
        return bad(reader, from, "the format has too many parts");
    return PARSE_DONE;
}

/* ---- the whole ---- */

/* What ends a value must not be in it. Letters and digits are in every value. */
static bool may_end(char c)
{
    return c >= ' ' && c < 0x7f && !ascii_is_alpha(c) && !ascii_is_digit(c);
}

static void mark_ends(struct log_segment *segments, unsigned count)
{
    for (unsigned i = 0; i + 1 < count; i++)
        if (segments[i + 1].item == LINE_TEXT && may_end(segments[i + 1].text.at[0]))
            segments[i].end = segments[i + 1].text.at[0];
}

static enum parse read_all(struct reader *reader)
{
    while (reader->at < reader->end) {
        if (read_literal(reader) != PARSE_DONE)
            return PARSE_BAD;
        if (reader->at < reader->end && read_letter(reader) != PARSE_DONE)
            return PARSE_BAD;
    }
    return PARSE_DONE;
}

enum parse log_format_parse(struct slice text, struct arena *arena, struct log_format *ret,
                            struct parse_fault *reterr)
{
    struct reader reader = { .text = text, .end = text.len, .arena = arena, .reterr = reterr };

    if (text.len > LOG_FORMAT_MOST)
        return bad(&reader, LOG_FORMAT_MOST, "the format is too long");
    if (slice_starts(text, SLICE("\""))) {
        if (text.len < 2 || !slice_ends(text, SLICE("\"")))
            return bad(&reader, 0, "the quote is not closed");
        reader.quoted = true;
        reader.at = 1;
        reader.end--;
    }
    if (reader.at == reader.end)
        return bad(&reader, 0, "the format is empty");
    reader.segments = arena_array(arena, struct log_segment, LOG_SEGMENTS_MOST);
    if (read_all(&reader) != PARSE_DONE)
        return PARSE_BAD;
    mark_ends(reader.segments, reader.count);
    *ret = (struct log_format){
        .kind = LOG_FORMAT_SEGMENTS,
        .segments = reader.segments,
        .count = reader.count,
    };
    return PARSE_DONE;
}

bool log_format_named(struct slice name, struct arena *arena, struct log_format *ret)
{
    if (slice_equal_cstr(name, "hiawatha")) {
        *ret = (struct log_format){ .kind = LOG_FORMAT_HIAWATHA };
        return true;
    }
    if (slice_equal_cstr(name, "json")) {
        *ret = (struct log_format){ .kind = LOG_FORMAT_JSON };
        return true;
    }
    for (size_t i = 0; i < sizeof(known_texts) / sizeof(known_texts[0]); i++)
        if (slice_equal_cstr(name, known_texts[i].name))
            return log_format_parse(slice_cstr(known_texts[i].text), arena, ret, NULL) ==
                   PARSE_DONE;
    return false;
}
