#include "wire/h1_parse.h"

#include "base/number.h"
#include "http/field_line.h"
#include "wire_private.h"

#define TLS_HANDSHAKE 0x16 /* RFC 8446 5.1: type of the record that a client begins with */

/* ---- what cannot become a head ---- */

/* "METHOD TARGET HTTP/1.1", roughly: the rest is for h1_parse_head(). */
static bool is_like_request_line(struct slice line)
{
    size_t blank = slice_find_last(slice_trim_space(line), ' ');

    return blank != SLICE_NONE && slice_starts_nocase(slice_skip(line, blank + 1), SLICE("HTTP/"));
}

const char *h1_find_nonsense(struct slice in)
{
    while (in.len > 0 && (in.at[0] == '\r' || in.at[0] == '\n'))
        in = slice_skip(in, 1);
    if (in.len == 0)
        return NULL;
    if (in.at[0] == TLS_HANDSHAKE)
        return "the client begins TLS, but this port speaks plain HTTP: is it https:// for "
               "http://?";
    if (!field_is_token(slice_first(in, 1)))
        return "this is no HTTP: a request begins with a method";

    size_t newline = slice_find(in, '\n');
    if (newline != SLICE_NONE && !is_like_request_line(slice_first(in, newline)))
        return "this is no HTTP/1.x: the first line does not end in a version";
    return NULL;
}

/* ---- reading it ---- */

struct head {
    struct slice text; /* all of it, for offsets */
    size_t at;         /* first byte not yet read */
    const struct h1_limits *limits;
    struct arena *arena;
    struct request *request;
    struct h1_framing *framing;
    struct parse_fault *reterr;

    /* What the fields that frame say; each is looked for once, while they are read. */
    unsigned hosts;
    unsigned lengths;
    unsigned codings;
    unsigned connections;
    unsigned expects;
    unsigned tes;
};

static enum parse refuse(struct head *head, size_t at, int status, const char *why)
{
    head->request->failed = status;
    head->request->failed_why = why;
    return parse_bad(head->reterr, at, why);
}

/* For parts that were read by another parser, which counted from `offset`. */
static enum parse refuse_part(struct head *head, size_t offset, struct parse_fault fault)
{
    return refuse(head, offset + fault.at, 400, fault.why);
}

static size_t offset_of(const struct head *head, struct slice part)
{
    return (size_t)(part.at - head->text.at);
}

/* ---- the request line: method SP target SP version (RFC 9112 3) ---- */

static enum parse read_version(struct head *head, struct slice text)
{
    size_t at = offset_of(head, text);

    if (slice_has(text, ' '))
        return refuse(head, at, 400, "more than three parts in the request line");
    if (text.len != 8 || !slice_starts(text, SLICE("HTTP/")) || !ascii_is_digit(text.at[5]) ||
        text.at[6] != '.' || !ascii_is_digit(text.at[7]))
        return refuse(head, at, 400, "malformed version");
    if (text.at[5] != '1' || text.at[7] > '1')
        return refuse(head, at, 505, "version is neither HTTP/1.0 nor HTTP/1.1");
    head->request->version = text.at[7] == '1' ? 11 : 10;
    return PARSE_DONE;
}

static enum parse read_target(struct head *head, struct slice text)
{
    struct request *request = head->request;
    struct parse_fault fault = { 0 };

    if (head->limits->target_bytes > 0 && text.len > head->limits->target_bytes)
        return refuse(head, offset_of(head, text), 414, "target is too long");
    if (target_parse(text, request->method == METHOD_CONNECT, request->method == METHOD_OPTIONS,
                     head->arena, &request->target, &fault) != PARSE_DONE) {
        request->bad_target = true;
        return refuse_part(head, offset_of(head, text), fault);
    }
    return PARSE_DONE;
}

static enum parse read_parts(struct head *head, struct slice line)
{
    struct request *request = head->request;
    struct slice target;
    struct slice version;

    if (!slice_cut(line, ' ', &request->method_name, &target) ||
        !slice_cut(target, ' ', &target, &version))
        return refuse(head, head->at, 400, "fewer than three parts in the request line");
    if (!field_is_token(request->method_name))
        return refuse(head, head->at, 400, "method is no token");
    request->method = method_of(request->method_name);

    /* The version first: a request that will be understood in no way is not worth a closer look. */
    if (read_version(head, version) != PARSE_DONE)
        return PARSE_BAD;
    return read_target(head, target);
}

static void skip_empty_lines(struct head *head)
{
    while (slice_starts(slice_skip(head->text, head->at), SLICE("\r\n")))
        head->at += 2;
}

static enum parse read_request_line(struct head *head)
{
    skip_empty_lines(head); /* RFC 9112 2.2 */

    struct slice rest = slice_skip(head->text, head->at);
    size_t newline = slice_find(rest, '\n');
    struct slice line = slice_first(rest, newline);
    bool ended = newline != SLICE_NONE && line.len > 0 && line.at[line.len - 1] == '\r';

    if (ended)
        line.len--;
    head->request->line = line;
    if (!ended)
        return refuse(head, head->at + line.len, 400, "request line does not end in CRLF");
    if (read_parts(head, line) != PARSE_DONE)
        return PARSE_BAD;
    head->at += line.len + 2;
    return PARSE_DONE;
}

/* ---- the field lines (RFC 9112 5) ---- */

static void note_field(struct head *head, enum field_id id)
{
    switch (id) {
    case FIELD_HOST:
        head->hosts++;
        break;
    case FIELD_CONTENT_LENGTH:
        head->lengths++;
        break;
    case FIELD_TRANSFER_ENCODING:
        head->codings++;
        break;
    case FIELD_CONNECTION:
        head->connections++;
        break;
    case FIELD_EXPECT:
        head->expects++;
        break;
    case FIELD_TE:
        head->tes++;
        break;
    default:
        break;
    }
}

static enum parse read_fields(struct head *head)
{
    struct fields *fields = &head->request->fields;

    for (;;) {
        struct field_line line;
        struct parse_fault fault = { 0 };
        size_t used = 0;

        switch (
            field_line_parse(slice_skip(head->text, head->at), LINE_CRLF, &line, &used, &fault)) {
        case PARSE_MORE:
            return refuse(head, head->text.len, 400, "head ends within a line");
        case PARSE_BAD:
            return refuse_part(head, head->at, fault);
        case PARSE_DONE:
            break;
        }
        if (line.name.len == 0) {
            head->at += used;
            break;
        }
        if (head->limits->fields > 0 && fields->count == head->limits->fields)
            return refuse(head, head->at, 431, "too many fields");
        fields_add(fields, head->arena, line.name, line.value);
        note_field(head, fields->at[fields->count - 1].id);
        head->at += used;
    }
    if (head->at < head->text.len)
        return refuse(head, head->at, 400, "empty line within the head");
    return PARSE_DONE;
}

/* ---- for whom (RFC 9112 3.2, RFC 9110 7.2) ---- */

static enum parse read_host(struct head *head)
{
    struct request *request = head->request;
    struct field *field = fields_find(&request->fields, FIELD_HOST);
    struct parse_fault fault = { 0 };

    if (head->hosts > 1)
        return refuse(head, 0, 400, "several Host fields");
    if (!field && request->version >= 11)
        return refuse(head, 0, 400, "no Host field");
    if (field && host_parse(field->value, head->arena, &request->host, &request->host_port,
                            &fault) != PARSE_DONE)
        return refuse_part(head, offset_of(head, field->value), fault);

    struct slice authority = request->target.authority;
    if (authority.len == 0)
        return PARSE_DONE;
    if (host_parse(authority, head->arena, &request->host, &request->host_port, &fault) !=
        PARSE_DONE)
        return refuse_part(head, offset_of(head, authority), fault);
    /* RFC 9112 3.2.2: the field does not count then. Programs look at it, so it is made to say the
     * same. */
    if (field)
        field->value = authority;
    return PARSE_DONE;
}

/* ---- how long (RFC 9112 6) ---- */

/* One Content-Length field; a list of equal numbers is as good as one (RFC 9110 8.6). */
static enum parse read_length(struct head *head, struct slice value, struct slice *ret_digits)
{
    struct request *request = head->request;
    size_t at = offset_of(head, value);

    for (bool more = true; more;) {
        struct slice digits;
        uint64_t length = 0;

        more = slice_cut(value, ',', &digits, &value);
        digits = slice_trim(digits);
        if (!number_parse(digits, INT64_MAX, &length))
            return refuse(head, at, 400, "Content-Length is no number of bytes");
        if (request->length >= 0 && (uint64_t)request->length != length)
            return refuse(head, at, 400, "differing Content-Lengths");
        request->length = (int64_t)length;
        *ret_digits = digits;
    }
    return PARSE_DONE;
}

static enum parse read_lengths(struct head *head)
{
    struct request *request = head->request;
    struct fields *fields = &request->fields;
    struct slice digits = { 0 };

    request->length = -1;
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->at[i].id == FIELD_CONTENT_LENGTH &&
            read_length(head, fields->at[i].value, &digits) != PARSE_DONE)
            return PARSE_BAD;
    }

    /* Whoever reads the field later finds one number. */
    fields_find(fields, FIELD_CONTENT_LENGTH)->value = digits;
    if (head->lengths > 1) {
        fields_remove(fields, FIELD_CONTENT_LENGTH);
        fields_add_id(fields, head->arena, FIELD_CONTENT_LENGTH, digits);
    }
    const uint64_t most =
        body_most(head->limits->body_bytes, head->limits->put_bytes, request->method);
    request->has_body = request->length > 0;
    if (most > 0 && (uint64_t)request->length > most)
        return refuse(head, offset_of(head, digits), 413, "Content-Length is over the limit");
    return PARSE_DONE;
}

/* RFC 9112 6.1: who would have to guess where the body ends, refuses. */
static enum parse read_codings(struct head *head)
{
    struct request *request = head->request;
    const struct fields *fields = &request->fields;
    unsigned chunked = 0;

    if (request->version < 11)
        return refuse(head, 0, 400, "Transfer-Encoding in HTTP/1.0");
    if (head->lengths > 0)
        return refuse(head, 0, 400, "Content-Length with Transfer-Encoding");

    for (uint32_t i = 0; i < fields->count; i++) {
        struct slice list = fields->at[i].value;
        struct slice item;

        if (fields->at[i].id != FIELD_TRANSFER_ENCODING)
            continue;
        if (list.len == 0) /* some take the last of several for all of them */
            return refuse(head, 0, 400, "Transfer-Encoding does not say chunked once");
        while (slice_next(&list, ',', &item)) {
            if (!slice_equal_nocase(item, SLICE("chunked")))
                return refuse(head, offset_of(head, fields->at[i].value), 501,
                              "transfer coding is not chunked");
            chunked++;
        }
    }
    if (chunked != 1)
        return refuse(head, 0, 400, "Transfer-Encoding does not say chunked once");
    head->framing->chunked = true;
    request->has_body = true;
    request->length = -1;
    return PARSE_DONE;
}

/* RFC 9110 9.3.6: what stands behind a CONNECT is for the other end of the tunnel. */
static enum parse read_framing(struct head *head)
{
    if (head->request->method == METHOD_CONNECT && head->codings + head->lengths > 0)
        return refuse(head, 0, 400, "CONNECT with a body");
    if (head->codings > 0)
        return read_codings(head);
    if (head->lengths > 0)
        return read_lengths(head);
    return PARSE_DONE; /* RFC 9112 6.3: no body */
}

/* ---- what else the wire must know ---- */

/* RFC 9110 10.1.1: *ret_continue: 100-continue is among them. */
const struct field *find_unknown_expectation(const struct fields *fields, bool *ret_continue)
{
    *ret_continue = false;
    for (uint32_t i = 0; i < fields->count; i++) {
        struct slice list = fields->at[i].value;
        struct slice item;

        if (fields->at[i].id != FIELD_EXPECT)
            continue;
        while (slice_next(&list, ',', &item)) {
            if (item.len == 0)
                continue;
            if (!slice_equal_nocase(item, SLICE("100-continue")))
                return &fields->at[i];
            *ret_continue = true;
        }
    }
    return NULL;
}

/* HTTP/1.0 knows no expectations. */
static enum parse read_expectations(struct head *head)
{
    struct request *request = head->request;
    bool wants_continue = false;

    if (request->version < 11 || head->expects == 0)
        return PARSE_DONE;
    const struct field *unknown = find_unknown_expectation(&request->fields, &wants_continue);
    if (unknown)
        return refuse(head, offset_of(head, unknown->value), 417,
                      "expectation is not 100-continue");
    request->expects_continue = wants_continue && request->has_body;
    return PARSE_DONE;
}

/* RFC 9112 9.3 */
static void read_persistence(struct head *head)
{
    const struct fields *fields = &head->request->fields;
    bool keeps = head->request->version >= 11;

    if (head->connections > 0) {
        keeps = keeps || fields_list_has(fields, FIELD_CONNECTION, SLICE("keep-alive"));
        keeps = keeps && !fields_list_has(fields, FIELD_CONNECTION, SLICE("close"));
    }
    head->framing->keep_alive = keeps;
}

static enum parse read_head(struct head *head)
{
    if (head->limits->head_bytes > 0 && head->text.len > head->limits->head_bytes) {
        head->request->line = slice_first(head->text, slice_find(head->text, '\r'));
        return refuse(head, head->limits->head_bytes, 431, "head is too long");
    }
    if (read_request_line(head) != PARSE_DONE || read_fields(head) != PARSE_DONE ||
        read_host(head) != PARSE_DONE || read_framing(head) != PARSE_DONE ||
        read_expectations(head) != PARSE_DONE)
        return PARSE_BAD;

    read_persistence(head);
    if (head->tes > 0)
        head->request->wants_trailers =
            fields_list_has(&head->request->fields, FIELD_TE, SLICE("trailers"));
    return PARSE_DONE;
}

enum parse h1_parse_head(struct slice text, const struct h1_limits *limits, struct arena *arena,
                         struct request *ret, struct h1_framing *ret_framing,
                         struct parse_fault *reterr)
{
    struct head head = {
        .text = text,
        .limits = limits,
        .arena = arena,
        .request = ret,
        .framing = ret_framing,
        .reterr = reterr,
    };

    ret->version = 11; /* what a refused request is answered in */
    ret->length = 0;
    ret->has_body = false;
    ret->expects_continue = false;
    ret->bad_target = false;
    ret->failed = 0;
    ret->failed_why = NULL;
    *ret_framing = (struct h1_framing){ 0 };
    return read_head(&head);
}
