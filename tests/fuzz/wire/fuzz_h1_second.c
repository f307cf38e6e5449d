/*
 * The head of a request, read by the house and by a second parser (http_parser of Node.js). What
 * both take they must read alike: who stands before or behind the house and reads another request
 * than it does can be led past its rules. Where only one of them takes it, the difference must be
 * in one of the two lists here, with its reason.
 */
#include "wire/h1_parse.h"

#include <assert.h>
#include <http_parser.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MOST 64u

static const struct h1_limits limits = { .head_bytes = 4096, .fields = FIELDS_MOST };

/* ---- the second parser ---- */

struct second {
    http_parser parser;
    struct slice target;
    struct field fields[FIELDS_MOST];
    unsigned count;
    bool in_value;
    bool whole;
    bool keeps;
    uint64_t length;
};

static void extend(struct slice *part, const char *at, size_t len)
{
    if (part->len == 0)
        part->at = at;
    part->len += len;
}

static int on_url(http_parser *parser, const char *at, size_t len)
{
    struct second *second = parser->data;

    extend(&second->target, at, len);
    return 0;
}

static int on_name(http_parser *parser, const char *at, size_t len)
{
    struct second *second = parser->data;

    if (second->in_value || second->count == 0) {
        if (second->count == FIELDS_MOST)
            return -1;
        second->fields[second->count++] = (struct field){ 0 };
        second->in_value = false;
    }
    extend(&second->fields[second->count - 1].name, at, len);
    return 0;
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
    struct second *second = parser->data;

    second->in_value = true;
    extend(&second->fields[second->count - 1].value, at, len);
    return 0;
}

static int on_head(http_parser *parser)
{
    struct second *second = parser->data;

    second->whole = true;
    second->length = parser->content_length;
    second->keeps = http_should_keep_alive(parser) != 0;
    return 0;
}

static int on_end(http_parser *parser)
{
    http_parser_pause(parser, 1); /* one request */
    return 0;
}

static const http_parser_settings settings = {
    .on_url = on_url,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
    .on_message_complete = on_end,
};

/* `head` is whole for it too, and no byte of it belongs to what follows. */
static enum http_errno read_second(struct second *second, struct slice head)
{
    http_parser_init(&second->parser, HTTP_REQUEST);
    second->parser.data = second;
    if (head.len > 0)
        http_parser_execute(&second->parser, &settings, head.at, head.len - 1);
    if (HTTP_PARSER_ERRNO(&second->parser) != HPE_OK)
        return HTTP_PARSER_ERRNO(&second->parser);
    if (second->whole)
        return HPE_UNKNOWN; /* ended before the end */
    http_parser_execute(&second->parser, &settings, head.at + head.len - 1, 1);
    return second->whole ? HPE_OK : HTTP_PARSER_ERRNO(&second->parser);
}

/* ---- what may differ ---- */

struct house {
    struct request request;
    struct h1_framing framing;
};

static void show(struct slice head, const char *what, const char *how)
{
    fprintf(stderr, "%s (%s):\n", what, how);
    fwrite(head.at, 1, head.len, stderr);
    abort();
}

static bool is_other_method(const struct house *house)
{
    for (unsigned i = 0; i <= HTTP_SOURCE; i++)
        if (slice_equal_cstr(house->request.method_name, http_method_str((enum http_method)i)))
            return false;
    return true;
}

static bool has_length(const struct house *house)
{
    return fields_find(&house->request.fields, FIELD_CONTENT_LENGTH) != NULL;
}

static bool is_chunked(const struct house *house)
{
    return house->framing.chunked;
}

/* The house takes what the second refuses. */
static const struct {
    enum http_errno error;
    bool (*is_so)(const struct house *house);
    const char *reason;
} taken[] = {
    { HPE_INVALID_METHOD, is_other_method,
      "it knows a list of methods, the house takes any token" },
    { HPE_INVALID_CONTENT_LENGTH, has_length, "RFC 9110 8.6: a list of equal lengths is one" },
    { HPE_UNEXPECTED_CONTENT_LENGTH, has_length, "RFC 9110 8.6: so are several equal fields" },
    { HPE_INVALID_TRANSFER_ENCODING, is_chunked,
      "RFC 9110 5.6.3: tabs beside 'chunked' are blanks" },
};

#define HOST   "RFC 9112 3.2: it does not look at the host"
#define TARGET "RFC 9112 3.2: it hands on targets as they are"
#define LENIENT                                                                                    \
    "RFC 9112 2.2, 5.1, 5.2: it forgives, the house refuses what others may read otherwise"
#define LINE   "RFC 9112 3: it forgives blanks and versions"
#define SERVED "it only reads, the house also serves"

/* The second takes what the house refuses. */
static const struct {
    const char *why; /* of the house */
    const char *reason;
} refused[] = {
    { "several Host fields", HOST },
    { "no Host field", HOST },
    { "byte that does not belong in a host", HOST },
    { "empty label in host", HOST },
    { "host is longer than 255 bytes", HOST },
    { "'[' without ']' in host", HOST },
    { "no IPv6 address between '[' and ']'", HOST },
    { "port without host", HOST },
    { "port is not between 1 and 65535", HOST },
    { "'%' without two hexadecimal digits", TARGET },
    { "NUL in path", TARGET },
    { "control byte in path", TARGET },
    { "byte that does not belong in a target", TARGET },
    { "empty target", TARGET },
    { "'..' leads above the root", TARGET },
    { "encoded slash in path", TARGET },
    { "path does not begin with '/'", TARGET },
    { "target '*' is only for OPTIONS", TARGET },
    { "target is neither a path nor an http URL", TARGET },
    { "target without host", TARGET },
    { "user information in target", TARGET },
    { "CONNECT needs a host and a port", TARGET },
    { "NUL in field value", LENIENT },
    { "control byte in field value", LENIENT },
    { "bare CR in field value", LENIENT },
    { "bare LF at the end of a line", LENIENT },
    { "request line does not end in CRLF", LENIENT },
    { "blank in field name", LENIENT },
    { "folded field line", LENIENT },
    { "fewer than three parts in the request line", LINE },
    { "more than three parts in the request line", LINE },
    { "malformed version", LINE },
    { "version is neither HTTP/1.0 nor HTTP/1.1", LINE },
    { "method is no token", LINE },
    { "CONNECT with a body", "RFC 9110 9.3.6: it looks for one behind the head" },
    { "expectation is not 100-continue", SERVED },
    { "transfer coding is not chunked", SERVED },
    { "Transfer-Encoding in HTTP/1.0",
      "RFC 9112 6.1: it trusts what a forwarder cannot have read" },
    { "Transfer-Encoding does not say chunked once", "RFC 9112 6.1: the last one counts for it" },
};

static void check_taken(const struct house *house, enum http_errno error, struct slice head)
{
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        if (taken[i].error == error && taken[i].is_so(house))
            return;
    show(head, "only the house takes this", http_errno_name(error));
}

static void check_refused(const struct house *house, struct slice head)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (strcmp(refused[i].why, house->request.failed_why) == 0)
            return;
    show(head, "only the second takes this", house->request.failed_why);
}

/* ---- what may not ---- */

/* The house tells one number for several equal ones, and the authority of an absolute target. */
static bool is_rewritten(const struct house *house, const struct field *field)
{
    return field->id == FIELD_CONTENT_LENGTH ||
           (field->id == FIELD_HOST && house->request.target.authority.len > 0);
}

static void compare_fields(const struct house *house, const struct second *second)
{
    const struct fields *fields = &house->request.fields;
    unsigned at = 0;

    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->at[i].id == FIELD_CONTENT_LENGTH)
            continue;
        while (at < second->count &&
               slice_equal_nocase(second->fields[at].name, SLICE("Content-Length")))
            at++;
        assert(at < second->count);
        assert(slice_equal(fields->at[i].name, second->fields[at].name));
        assert(is_rewritten(house, &fields->at[i]) ||
               slice_equal(fields->at[i].value, slice_trim(second->fields[at].value)));
        at++;
    }
}

static bool is_longer(struct slice name, struct slice begin)
{
    return name.len > begin.len && slice_starts_nocase(name, begin);
}

/*
 * RFC 9110 5.6.3: a tab is a blank. For the second it is a part of the word that it stands beside;
 * and it drops the coding that it has read at a name that only begins with Transfer-Encoding.
 */
static bool second_misreads(const struct second *second)
{
    static const struct slice read[] = { SLICE_INIT("Connection"), SLICE_INIT("Transfer-Encoding"),
                                         SLICE_INIT("Content-Length") };

    for (unsigned i = 0; i < second->count; i++)
        for (size_t n = 0; n < sizeof(read) / sizeof(read[0]); n++)
            if (is_longer(second->fields[i].name, read[n]) ||
                (slice_equal_nocase(second->fields[i].name, read[n]) &&
                 slice_has(second->fields[i].value, '\t')))
                return true;
    return false;
}

static void compare_framing(const struct house *house, const struct second *second)
{
    const http_parser *parser = &second->parser;

    assert(house->framing.chunked == ((parser->flags & F_CHUNKED) != 0));
    assert(has_length(house) == ((parser->flags & F_CONTENTLENGTH) != 0));
    assert(!has_length(house) || second->length == (uint64_t)house->request.length);
    assert(house->framing.keep_alive == second->keeps);
}

static void compare(const struct house *house, const struct second *second)
{
    const http_parser *parser = &second->parser;
    const struct request *request = &house->request;

    assert(
        slice_equal_cstr(request->method_name, http_method_str((enum http_method)parser->method)));
    assert(slice_equal(request->target.raw, second->target));
    assert(parser->http_major == 1 && parser->http_minor == (unsigned)request->version - 10);
    compare_fields(house, second);
    if (!second_misreads(second))
        compare_framing(house, second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice head = slice_of(data, size);
    struct arena arena = { 0 };
    struct house house = { 0 };
    struct second second = { 0 };
    struct parse_fault fault;
    size_t scanned = 0;

    if (h1_find_head(head, limits.head_bytes, &scanned, &head.len) != PARSE_DONE)
        return 0;
    const enum parse result =
        h1_parse_head(head, &limits, &arena, &house.request, &house.framing, &fault);
    const enum http_errno error = read_second(&second, head);
    if (result == PARSE_DONE && error == HPE_OK && second.whole)
        compare(&house, &second);
    else if (result == PARSE_DONE)
        check_taken(&house, error, head);
    else if (error == HPE_OK && second.whole)
        check_refused(&house, head);
    arena_done(&arena);
    return 0;
}
