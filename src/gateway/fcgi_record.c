#include "gateway/fcgi_record.h"

#include "base/container.h"

#define FCGI_VERSION      1
#define FLAG_KEEP_CONN    1
#define PARAMS_FIRST_ROOM 2048u
#define SHORT_LEN_MOST    127u
#define NO_RECORD         ((size_t)-1)

/* ---- writing ---- */

void fcgi_head_encode(enum fcgi_type type, size_t content_len, unsigned char out[FCGI_HEAD_LEN])
{
    out[0] = FCGI_VERSION;
    out[1] = (unsigned char)type;
    out[2] = 0;
    out[3] = FCGI_REQUEST_ID;
    out[4] = (unsigned char)(content_len >> 8);
    out[5] = (unsigned char)content_len;
    out[6] = (unsigned char)fcgi_padding(content_len);
    out[7] = 0;
}

static void params_grow(struct fcgi_params *params, size_t more)
{
    size_t room = params->room > 0 ? params->room : PARAMS_FIRST_ROOM;
    while (room < params->len + more)
        room *= 2;

    char *at = arena_bytes(params->arena, room);
    if (params->len > 0)
        memcpy(at, params->at, params->len);
    params->at = at;
    params->room = room;
}

/* `len` bytes at the end, to be filled. */
static char *params_claim(struct fcgi_params *params, size_t len)
{
    if (len > params->room - params->len)
        params_grow(params, len);

    char *at = params->at + params->len;
    params->len += len;
    return at;
}

static void params_add(struct fcgi_params *params, const void *bytes, size_t len)
{
    memcpy(params_claim(params, len), bytes, len);
}

/* Now that its content is known the record gets its head and its padding. */
static void params_close_record(struct fcgi_params *params)
{
    static const char zeros[8];

    if (params->record_at == NO_RECORD)
        return;
    fcgi_head_encode(FCGI_PARAMS, params->content_len,
                     (unsigned char *)params->at + params->record_at);
    params_add(params, zeros, fcgi_padding(params->content_len));
    params->record_at = NO_RECORD;
}

static void params_open_record(struct fcgi_params *params)
{
    static const unsigned char blank[FCGI_HEAD_LEN];

    params_close_record(params);
    params->record_at = params->len;
    params->content_len = 0;
    params_add(params, blank, sizeof(blank));
}

/* A length of the name-value format: one byte, or four with the highest bit set (FastCGI 1.0, 3.4).
 */
static size_t len_size(size_t len)
{
    return len <= SHORT_LEN_MOST ? 1 : 4;
}

static char *put_len(char *at, size_t len)
{
    if (len > SHORT_LEN_MOST) {
        *at++ = (char)(0x80 | len >> 24);
        *at++ = (char)(len >> 16);
        *at++ = (char)(len >> 8);
    }
    *at++ = (char)len;
    return at;
}

static char *put_text(char *at, struct slice text)
{
    return text.len > 0 ? mempcpy(at, text.at, text.len) : at;
}

static bool params_put(struct meta_sink *sink, struct slice name, struct slice value)
{
    struct fcgi_params *params = container_of(sink, struct fcgi_params, sink);

    if (name.len > FCGI_CONTENT_MOST || value.len > FCGI_CONTENT_MOST)
        return false;

    size_t pair_len = len_size(name.len) + len_size(value.len) + name.len + value.len;
    if (pair_len > FCGI_CONTENT_MOST || params->told_len + pair_len > params->most)
        return false;

    if (params->record_at == NO_RECORD || params->content_len + pair_len > FCGI_CONTENT_MOST)
        params_open_record(params);

    char *at = params_claim(params, pair_len);
    at = put_len(at, name.len);
    at = put_len(at, value.len);
    at = put_text(at, name);
    put_text(at, value);
    params->content_len += pair_len;
    params->told_len += pair_len;
    return true;
}

void fcgi_params_init(struct fcgi_params *params, struct arena *arena, size_t most,
                      enum fcgi_role role, bool keep)
{
    unsigned char head[FCGI_HEAD_LEN];
    const unsigned char begin[8] = { 0, (unsigned char)role, keep ? FLAG_KEEP_CONN : 0 };

    *params = (struct fcgi_params){
        .sink.put = params_put,
        .arena = arena,
        .record_at = NO_RECORD,
        .most = most,
    };
    fcgi_head_encode(FCGI_BEGIN_REQUEST, sizeof(begin), head);
    params_add(params, head, sizeof(head));
    params_add(params, begin, sizeof(begin));
}

struct slice fcgi_params_end(struct fcgi_params *params)
{
    unsigned char head[FCGI_HEAD_LEN];

    params_close_record(params);
    fcgi_head_encode(FCGI_PARAMS, 0, head);
    params_add(params, head, sizeof(head));
    return slice_of(params->at, params->len);
}

/* ---- reading ---- */

static size_t take(struct slice *bytes, void *out, size_t want)
{
    struct slice part = slice_first(*bytes, want);

    if (part.len > 0)
        memcpy(out, part.at, part.len);
    *bytes = slice_skip(*bytes, part.len);
    return part.len;
}

static size_t read_u16(const unsigned char *at)
{
    return (size_t)at[0] << 8 | at[1];
}

static unsigned request_id(const struct fcgi_reader *reader)
{
    return (unsigned)read_u16(reader->head + 2);
}

static bool is_of_request(unsigned type)
{
    return type == FCGI_STDOUT || type == FCGI_STDERR || type == FCGI_END_REQUEST;
}

/* The head is complete: what it announces. */
static enum parse begin_record(struct fcgi_reader *reader, struct parse_fault *reterr)
{
    unsigned type = reader->head[1];

    reader->content_left = read_u16(reader->head + 4);
    reader->padding_left = reader->head[6];
    reader->end_len = 0;
    if (reader->head[0] != FCGI_VERSION)
        return parse_bad(reterr, 0, "record version is not 1");
    if (is_of_request(type) && request_id(reader) != FCGI_REQUEST_ID)
        return parse_bad(reterr, 2, "record of a request that was not made");
    if (type == FCGI_END_REQUEST && reader->content_left != sizeof(reader->end))
        return parse_bad(reterr, 4, "END_REQUEST is not 8 bytes long");
    return PARSE_DONE;
}

static void finish_record(struct fcgi_reader *reader)
{
    reader->head_len = 0;
}

/* Padding, then the next head. True: something of it is still missing. */
static bool skip_padding(struct fcgi_reader *reader, struct slice *bytes)
{
    struct slice part = slice_first(*bytes, reader->padding_left);

    *bytes = slice_skip(*bytes, part.len);
    reader->padding_left -= part.len;
    return reader->padding_left > 0;
}

static void give_stream(struct fcgi_reader *reader, struct slice *bytes, struct fcgi_piece *ret)
{
    struct slice content = slice_first(*bytes, reader->content_left);

    *bytes = slice_skip(*bytes, content.len);
    reader->content_left -= content.len;
    *ret = (struct fcgi_piece){ .type = (enum fcgi_type)reader->head[1], .content = content };
    if (reader->content_left == 0)
        finish_record(reader);
}

static enum parse give_end(struct fcgi_reader *reader, struct slice *bytes, struct fcgi_piece *ret)
{
    size_t got = take(bytes, reader->end + reader->end_len, reader->content_left);

    reader->end_len += (unsigned)got;
    reader->content_left -= got;
    if (reader->content_left > 0)
        return PARSE_MORE;

    const unsigned char *end = reader->end;
    *ret = (struct fcgi_piece){
        .type = FCGI_END_REQUEST,
        .app_status = (uint32_t)end[0] << 24 | (uint32_t)end[1] << 16 | (uint32_t)end[2] << 8 |
                      (uint32_t)end[3],
        .status = end[4],
    };
    finish_record(reader);
    return PARSE_DONE;
}

/* A type that has no meaning here is told once, when all of it has gone by. */
static enum parse skip_record(struct fcgi_reader *reader, struct slice *bytes,
                              struct fcgi_piece *ret)
{
    struct slice part = slice_first(*bytes, reader->content_left);

    *bytes = slice_skip(*bytes, part.len);
    reader->content_left -= part.len;
    if (reader->content_left > 0)
        return PARSE_MORE;
    *ret = (struct fcgi_piece){ .type = (enum fcgi_type)reader->head[1] };
    finish_record(reader);
    return PARSE_DONE;
}

enum parse fcgi_reader_next(struct fcgi_reader *reader, struct slice *bytes, struct fcgi_piece *ret,
                            struct parse_fault *reterr)
{
    if (reader->head_len < FCGI_HEAD_LEN) {
        if (skip_padding(reader, bytes))
            return PARSE_MORE;
        reader->head_len += (unsigned)take(bytes, reader->head + reader->head_len,
                                           FCGI_HEAD_LEN - reader->head_len);
        if (reader->head_len < FCGI_HEAD_LEN)
            return PARSE_MORE;
        if (begin_record(reader, reterr) != PARSE_DONE)
            return PARSE_BAD;
    }
    switch (reader->head[1]) {
    case FCGI_STDOUT:
    case FCGI_STDERR:
        if (bytes->len == 0 && reader->content_left > 0)
            return PARSE_MORE;
        give_stream(reader, bytes, ret);
        return PARSE_DONE;
    case FCGI_END_REQUEST:
        return give_end(reader, bytes, ret);
    default:
        return skip_record(reader, bytes, ret);
    }
}
