#include "gateway/http_answer.h"

#include "base/number.h"
#include "http/field_line.h"
#include "http/h1_head.h"
#include "http/status.h"
#include "http/trailer.h"

#include <assert.h>
#include <string.h>

#define HEAD_FIRST_ROOM 1024u
#define HELD_MOST       16384u /* a line of the coding, limits of h1_chunk included */

static const struct slice accept_name = SLICE_INIT("Sec-WebSocket-Accept");

void http_answer_init(struct http_answer *answer, struct arena *arena, bool is_to_head)
{
    *answer = (struct http_answer){
        .arena = arena, .is_to_head = is_to_head, .length = -1, .chunk.arena = arena
    };
}

static enum parse refuse(struct http_answer *answer, const char *why)
{
    answer->why = why;
    return PARSE_BAD;
}

/* ---- the first line: version SP status [SP phrase] (RFC 9112 4) ---- */

static enum parse read_status_line(struct http_answer *answer, struct slice *head, bool *ret_is_11)
{
    struct slice line;
    uint64_t status;

    if (!slice_cut(*head, '\n', &line, head) || !slice_ends(line, SLICE("\r")))
        return refuse(answer, "its first line does not end in CR LF");
    line.len--;
    if (!slice_starts(line, SLICE("HTTP/")))
        return refuse(answer, "it does not begin with 'HTTP/'");
    if (!slice_starts(line, SLICE("HTTP/1.1 ")) && !slice_starts(line, SLICE("HTTP/1.0 ")))
        return refuse(answer, "its version is neither HTTP/1.0 nor HTTP/1.1");
    *ret_is_11 = line.at[7] == '1';

    line = slice_skip(line, 9);
    if (line.len < 3 || !number_parse(slice_first(line, 3), 599, &status) || status < 100 ||
        (line.len > 3 && line.at[3] != ' '))
        return refuse(answer, "its status is not a number from 100 to 599");
    if (status == 101 && answer->accept.len == 0)
        return refuse(answer, "it changes the protocol (101), which nobody asked for");
    answer->status = (int)status;
    answer->phrase = slice_trim(slice_skip(line, 3));
    return field_is_value(answer->phrase) ? PARSE_DONE
                                          : refuse(answer, "control bytes in its first line");
}

/* ---- fields ---- */

static enum parse read_fields(struct http_answer *answer, struct slice head, struct fields *all)
{
    for (;;) {
        struct field_line line;
        struct parse_fault fault = { 0 };
        size_t used = 0;

        if (field_line_parse(head, LINE_CRLF, &line, &used, &fault) != PARSE_DONE)
            return refuse(answer, fault.why ? fault.why : "its head ends within a line");
        head = slice_skip(head, used);
        if (line.name.len == 0)
            return head.len == 0 ? PARSE_DONE : refuse(answer, "an empty line within its head");
        if (all->count == HTTP_ANSWER_FIELDS_MOST)
            return refuse(answer, "its head has more than 100 fields");
        fields_add(all, answer->arena, line.name, line.value);
    }
}

static bool is_interim(const struct http_answer *answer)
{
    return answer->status < 200 && answer->status != 101;
}

/* Who is in front heeds these in an answer, and then takes them out. */
static bool is_for_who_answers(struct slice name)
{
    return slice_starts_nocase(name, SLICE("X-Longhouse-")) ||
           slice_starts_nocase(name, SLICE("X-Hiawatha-"));
}

/* RFC 9110 7.6.1, and what would speak to a server in front. */
static bool is_passed_on(const struct http_answer *answer, const struct fields *all,
                         const struct field *field)
{
    if (answer->state == HTTP_ANSWER_SWITCHED && slice_equal_nocase(field->name, accept_name))
        return false;
    if (is_interim(answer) && is_for_who_answers(field->name))
        return false;
    return !field_is_hop_by_hop(field->id) && field->id != FIELD_CONTENT_LENGTH &&
           field->id != FIELD_X_SENDFILE && !slice_starts_nocase(field->name, SLICE("X-Accel-")) &&
           !fields_list_has(all, FIELD_CONNECTION, field->name);
}

/* ---- how long (RFC 9112 6.3) ---- */

static enum parse read_length(struct http_answer *answer, struct slice list)
{
    for (bool more = true; more;) {
        struct slice digits;
        uint64_t length;

        more = slice_cut(list, ',', &digits, &list);
        if (!number_parse(slice_trim(digits), INT64_MAX, &length))
            return refuse(answer, "its Content-Length is not a number");
        if (answer->length >= 0 && (uint64_t)answer->length != length)
            return refuse(answer, "it has two different Content-Lengths");
        answer->length = (int64_t)length;
    }
    return PARSE_DONE;
}

static enum parse read_lengths(struct http_answer *answer, const struct fields *all)
{
    for (uint32_t i = 0; i < all->count; i++)
        if (all->at[i].id == FIELD_CONTENT_LENGTH &&
            read_length(answer, all->at[i].value) != PARSE_DONE)
            return PARSE_BAD;
    return PARSE_DONE;
}

static enum parse read_coding(struct http_answer *answer, const struct fields *all, bool is_11)
{
    if (!is_11)
        return refuse(answer, "it has Transfer-Encoding, and says HTTP/1.0");
    if (answer->length >= 0)
        return refuse(answer, "it has both Content-Length and Transfer-Encoding");
    if (fields_count_id(all, FIELD_TRANSFER_ENCODING) != 1 ||
        !slice_equal_nocase(fields_value(all, FIELD_TRANSFER_ENCODING), SLICE("chunked")))
        return refuse(answer, "its Transfer-Encoding is not 'chunked', once");
    answer->state = HTTP_ANSWER_CHUNKED;
    return PARSE_DONE;
}

static enum parse read_framing(struct http_answer *answer, const struct fields *all, bool is_11)
{
    if (read_lengths(answer, all) != PARSE_DONE)
        return PARSE_BAD;
    answer->state = answer->length >= 0 ? HTTP_ANSWER_LENGTH : HTTP_ANSWER_TO_END;
    if (fields_find(all, FIELD_TRANSFER_ENCODING) && read_coding(answer, all, is_11) != PARSE_DONE)
        return PARSE_BAD;
    if (answer->length > 0)
        answer->left = (uint64_t)answer->length;
    if (answer->is_to_head || status_has_no_content(answer->status) || answer->length == 0)
        answer->state = HTTP_ANSWER_OVER;
    answer->keeps = is_11 && answer->state != HTTP_ANSWER_TO_END &&
                    !fields_list_has(all, FIELD_CONNECTION, SLICE("close"));
    return PARSE_DONE;
}

/* ---- another protocol (RFC 6455 4.1, RFC 9110 15.2.2) ---- */

static enum parse read_switch(struct http_answer *answer, const struct fields *all, bool is_11)
{
    if (!is_11)
        return refuse(answer, "it changes the protocol (101), and says HTTP/1.0");
    if (!fields_list_has(all, FIELD_CONNECTION, SLICE("upgrade")) ||
        !slice_equal_nocase(fields_only(all, SLICE("Upgrade")), SLICE("websocket")))
        return refuse(answer, "it changes the protocol (101) to another than WebSocket");
    if (!slice_equal(fields_only(all, accept_name), answer->accept))
        return refuse(answer, "its Sec-WebSocket-Accept does not fit the key that was sent");
    if (fields_find(all, FIELD_CONTENT_LENGTH) || fields_find(all, FIELD_TRANSFER_ENCODING))
        return refuse(answer, "it changes the protocol (101), and announces a body");
    answer->state = HTTP_ANSWER_SWITCHED;
    return PARSE_DONE;
}

/* ---- the head ---- */

/* The next head follows. What was read of this one is pointed to. */
static void forget_interim(struct http_answer *answer, size_t len)
{
    answer->interim_bytes += len;
    answer->head = NULL;
    answer->head_len = 0;
    answer->head_room = 0;
    answer->scanned = 0;
}

/* RFC 9110 15.2. */
static enum parse count_interim(struct http_answer *answer)
{
    if (++answer->interims > HTTP_ANSWER_INTERIMS_MOST)
        return refuse(answer, "it has said 1xx more than 32 times, and no answer");
    return PARSE_DONE;
}

static enum parse read_meaning(struct http_answer *answer, const struct fields *all, bool is_11)
{
    if (is_interim(answer))
        return count_interim(answer);
    return answer->status == 101 ? read_switch(answer, all, is_11)
                                 : read_framing(answer, all, is_11);
}

static enum parse read_head(struct http_answer *answer, size_t len)
{
    struct slice head = slice_of(answer->head, len);
    struct fields all = { 0 };
    bool is_11 = false;

    if (read_status_line(answer, &head, &is_11) != PARSE_DONE ||
        read_fields(answer, head, &all) != PARSE_DONE)
        return PARSE_BAD;
    if (read_meaning(answer, &all, is_11) != PARSE_DONE)
        return PARSE_BAD;
    answer->all = all;
    if (answer->state == HTTP_ANSWER_CHUNKED)
        answer->announced = trailer_announced(&all, answer->arena);
    answer->fields = (struct fields){ 0 };
    for (uint32_t i = 0; i < all.count; i++)
        if (is_passed_on(answer, &all, &all.at[i]))
            fields_append(&answer->fields, answer->arena, all.at[i]);
    return PARSE_DONE;
}

static void keep(struct http_answer *answer, struct slice bytes)
{
    if (bytes.len > answer->head_room - answer->head_len) {
        size_t room = answer->head_room > 0 ? answer->head_room : HEAD_FIRST_ROOM;
        while (room < answer->head_len + bytes.len)
            room *= 2;

        char *at = arena_bytes(answer->arena, room);
        if (answer->head_len > 0)
            memcpy(at, answer->head, answer->head_len);
        answer->head = at;
        answer->head_room = room;
    }
    assert(answer->head);
    memcpy(answer->head + answer->head_len, bytes.at, bytes.len);
    answer->head_len += bytes.len;
}

enum parse http_answer_head(struct http_answer *answer, struct slice *bytes)
{
    assert(answer->state == HTTP_ANSWER_HEAD);
    while (bytes->len > 0) {
        const size_t limit = HTTP_ANSWER_HEAD_MOST - answer->interim_bytes;
        const size_t before = answer->head_len;
        const struct slice part = slice_first(*bytes, limit - before + 1);
        size_t len;

        keep(answer, part);
        switch (
            h1_find_head(slice_of(answer->head, answer->head_len), limit, &answer->scanned, &len)) {
        case PARSE_BAD:
            return refuse(answer, "its head is longer than 64 KiB");
        case PARSE_MORE:
            *bytes = slice_skip(*bytes, part.len);
            continue;
        case PARSE_DONE:
            break;
        }
        *bytes = slice_skip(*bytes, len - before);
        const enum parse parse = read_head(answer, len);
        if (parse == PARSE_DONE && answer->state == HTTP_ANSWER_HEAD)
            forget_interim(answer, len);
        else
            answer->head_len = len; /* what came behind it is for the next call */
        return parse;
    }
    return PARSE_MORE;
}

/* ---- the body ---- */

static enum parse take_all(struct slice *bytes, size_t len, struct slice *ret)
{
    *ret = slice_first(*bytes, len);
    *bytes = slice_skip(*bytes, len);
    return PARSE_DONE;
}

static enum parse take_length(struct http_answer *answer, struct slice *bytes, struct slice *ret)
{
    take_all(bytes, answer->left < bytes->len ? (size_t)answer->left : bytes->len, ret);
    answer->left -= ret->len;
    if (answer->left == 0)
        answer->state = HTTP_ANSWER_OVER;
    return PARSE_DONE;
}

static enum parse end_chunked(struct http_answer *answer)
{
    const struct fields *trailers = &answer->chunk.trailers;

    if (trailers->count > HTTP_ANSWER_FIELDS_MOST)
        return refuse(answer, "more than 100 fields stand behind its body");
    answer->state = HTTP_ANSWER_OVER;
    for (uint32_t i = 0; i < trailers->count; i++)
        if (is_passed_on(answer, &answer->all, &trailers->at[i]))
            fields_append(&answer->trailers, answer->arena, trailers->at[i]);
    return PARSE_DONE;
}

static enum parse decode(struct http_answer *answer, struct slice in, size_t *ret_used,
                         struct slice *ret)
{
    struct parse_fault fault = { 0 };
    const enum parse parse = h1_chunk_decode(&answer->chunk, in, ret_used, ret, &fault);

    if (parse == PARSE_BAD)
        return refuse(answer, fault.why);
    if (parse == PARSE_DONE && answer->chunk.state == H1_CHUNK_OVER)
        return end_chunked(answer);
    return parse;
}

/* A line of the coding that was cut: it grows byte by byte until it is whole. */
static enum parse complete_held(struct http_answer *answer, struct slice *bytes, struct slice *ret)
{
    enum parse parse = PARSE_MORE;
    size_t used;

    while (parse == PARSE_MORE && bytes->len > 0) {
        if (answer->held_len == HELD_MOST)
            return refuse(answer, "a line of its chunked coding is too long");
        answer->held[answer->held_len++] = bytes->at[0];
        *bytes = slice_skip(*bytes, 1);
        parse = decode(answer, slice_of(answer->held, answer->held_len), &used, ret);
    }
    if (parse == PARSE_DONE)
        answer->held_len = 0;
    return parse;
}

static enum parse take_chunked(struct http_answer *answer, struct slice *bytes, struct slice *ret)
{
    size_t used = 0;

    if (answer->held_len > 0)
        return complete_held(answer, bytes, ret);

    const enum parse parse = decode(answer, *bytes, &used, ret);
    if (parse == PARSE_DONE)
        *bytes = slice_skip(*bytes, used);
    if (parse != PARSE_MORE)
        return parse;
    if (bytes->len > HELD_MOST)
        return refuse(answer, "a line of its chunked coding is too long");
    if (!answer->held)
        answer->held = arena_bytes(answer->arena, HELD_MOST);
    memcpy(answer->held, bytes->at, bytes->len);
    answer->held_len = bytes->len;
    *bytes = slice_skip(*bytes, bytes->len);
    return PARSE_MORE;
}

enum parse http_answer_body(struct http_answer *answer, struct slice *bytes, struct slice *ret)
{
    if (bytes->len == 0)
        return PARSE_MORE;
    switch (answer->state) {
    case HTTP_ANSWER_LENGTH:
        return take_length(answer, bytes, ret);
    case HTTP_ANSWER_CHUNKED:
        return take_chunked(answer, bytes, ret);
    case HTTP_ANSWER_TO_END:
        return take_all(bytes, bytes->len, ret);
    case HTTP_ANSWER_HEAD:
    case HTTP_ANSWER_OVER:
    case HTTP_ANSWER_SWITCHED:
        break;
    }
    assert(false);
    return PARSE_BAD;
}
