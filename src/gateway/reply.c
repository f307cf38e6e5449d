#include "gateway/reply.h"

#include "base/number.h"
#include "http/field_line.h"

#include <assert.h>

#define PARTIAL_FIRST_ROOM 256u
#define STATUS_LEAST       200
#define STATUS_MOST        599

void reply_init(struct reply *reply, struct arena *arena)
{
    *reply = (struct reply){ .arena = arena, .state = PARSE_MORE, .length = -1 };
}

static void refuse(struct reply *reply, const char *why)
{
    reply->state = PARSE_BAD;
    reply->why = why;
}

/* ---- what single fields mean ---- */

/* "404", "404 Not Found": three digits, then the end or a blank. */
static bool status_parse(struct slice text, int *ret_status, struct slice *ret_phrase)
{
    uint64_t number;

    if (text.len < 3 || !number_parse(slice_first(text, 3), STATUS_MOST, &number) ||
        number < STATUS_LEAST)
        return false;
    if (text.len > 3 && text.at[3] != ' ' && text.at[3] != '\t')
        return false;
    *ret_status = (int)number;
    *ret_phrase = slice_trim(slice_skip(text, 3));
    return true;
}

static void take_status(struct reply *reply, struct slice value)
{
    struct slice phrase;

    if (!status_parse(value, &reply->status, &phrase)) {
        refuse(reply, "its Status is not a number from 200 to 599");
        return;
    }
    reply->phrase = arena_copy(reply->arena, phrase);
    reply->status_from_field = true;
}

static void take_length(struct reply *reply, struct slice value)
{
    uint64_t length;

    if (!number_parse(value, INT64_MAX, &length))
        refuse(reply, "its Content-Length is not a number");
    else if (reply->length >= 0 && (uint64_t)reply->length != length)
        refuse(reply, "it has two different Content-Length fields");
    else
        reply->length = (int64_t)length;
}

static bool is_for_the_house(enum field_id id, struct slice name)
{
    return field_is_hop_by_hop(id) || slice_starts_nocase(name, SLICE("X-Accel-"));
}

/* The first counts: a second one is a program that does not know what it says. */
static void take_file(struct reply *reply, struct slice *file, struct slice value)
{
    if (value.len == 0)
        return;
    if (file->len > 0 && !slice_equal(*file, value))
        refuse(reply, "it has two different X-Sendfile or X-Accel-Redirect fields");
    else
        *file = arena_copy(reply->arena, value);
}

static void take_field(struct reply *reply, const struct field_line *line)
{
    enum field_id id = field_id_of(line->name);

    if (++reply->good_lines > REPLY_FIELDS_MOST) {
        refuse(reply, "its head has more than 100 fields");
        return;
    }
    if (id == FIELD_STATUS)
        take_status(reply, line->value);
    else if (id == FIELD_CONTENT_LENGTH)
        take_length(reply, line->value);
    else if (id == FIELD_X_SENDFILE)
        take_file(reply, &reply->sendfile, line->value);
    else if (id == FIELD_X_ACCEL_REDIRECT)
        take_file(reply, &reply->accel, line->value);
    else if (id == FIELD_TRANSFER_ENCODING && reply->nph)
        refuse(reply, "it frames its body itself (Transfer-Encoding), which is for the house");
    else if (!is_for_the_house(id, line->name))
        fields_append(&reply->fields, reply->arena,
                      (struct field){ .name = arena_copy(reply->arena, line->name),
                                      .value = arena_copy(reply->arena, line->value),
                                      .id = id });
}

/* ---- lines ---- */

/* "HTTP/1.1 404 Not Found" as programs say it that think they speak to the client themselves. */
static bool take_http_line(struct reply *reply, struct slice line)
{
    struct slice version;
    struct slice rest;
    struct slice phrase;

    if (!slice_starts(line, SLICE("HTTP/")) || !slice_cut(line, ' ', &version, &rest))
        return false;
    if (!status_parse(slice_trim(rest), &reply->status, &phrase)) {
        refuse(reply, "the status of its first line is not a number from 200 to 599");
        return true;
    }
    reply->phrase = field_is_value(phrase) ? arena_copy(reply->arena, phrase) : (struct slice){ 0 };
    reply->good_lines++;
    return true;
}

static void drop_line(struct reply *reply, const char *why)
{
    if (reply->dropped_lines++ == 0)
        reply->dropped_why = why;
    if (reply->dropped_lines > REPLY_DROPPED_MOST)
        refuse(reply, "it does not begin with a head");
}

/* The empty line, or the end of the lines that were looked at. */
static void finish_head(struct reply *reply)
{
    if (reply->good_lines == 0)
        refuse(reply, "its head has no field");
    else
        reply->state = PARSE_DONE;
}

static void take_line(struct reply *reply, struct slice whole)
{
    struct slice line = slice_first(whole, whole.len - 1); /* without LF */
    struct field_line field;
    struct parse_fault fault;
    size_t used;

    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    if (slice_has(line, '\0')) {
        refuse(reply, "NUL in its head");
        return;
    }
    if (slice_has(line, '\r')) {
        refuse(reply, "bare CR in its head");
        return;
    }
    if (reply->good_lines == 0 && reply->dropped_lines == 0 && take_http_line(reply, line))
        return;
    if (field_line_parse(whole, LINE_ANY, &field, &used, &fault) != PARSE_DONE)
        drop_line(reply, fault.why);
    else if (field.name.len == 0)
        finish_head(reply);
    else
        take_field(reply, &field);
}

/* Keeps a piece of a line whose end is still to come. */
static void keep_partial(struct reply *reply, struct slice bytes)
{
    if (bytes.len > reply->partial_room - reply->partial_len) {
        size_t room = reply->partial_room > 0 ? reply->partial_room : PARTIAL_FIRST_ROOM;
        while (room < reply->partial_len + bytes.len)
            room *= 2;

        char *at = arena_bytes(reply->arena, room);
        if (reply->partial_len > 0)
            memcpy(at, reply->partial, reply->partial_len);
        reply->partial = at;
        reply->partial_room = room;
    }
    memcpy(reply->partial + reply->partial_len, bytes.at, bytes.len);
    reply->partial_len += bytes.len;
}

static void keep_sample(struct reply *reply, struct slice bytes)
{
    struct slice part = slice_first(bytes, REPLY_SAMPLE_MOST - reply->sample_len);

    if (part.len == 0)
        return;
    memcpy(reply->sample + reply->sample_len, part.at, part.len);
    reply->sample_len += part.len;
}

void reply_refuse(struct reply *reply, const char *why, struct slice begins)
{
    keep_sample(reply, begins);
    refuse(reply, why);
}

/* Takes one line, or the piece of it that is there. Returns the bytes taken. */
static size_t feed_line(struct reply *reply, struct slice bytes)
{
    const char *newline = memchr(bytes.at, '\n', bytes.len);
    struct slice piece = newline ? slice_of(bytes.at, (size_t)(newline - bytes.at) + 1) : bytes;

    keep_sample(reply, piece);
    reply->head_bytes += piece.len;
    if (reply->head_bytes > REPLY_HEAD_MOST) {
        refuse(reply, "its head is longer than 64 KiB");
    } else if (!newline) {
        keep_partial(reply, piece);
    } else if (reply->partial_len > 0) {
        keep_partial(reply, piece);
        struct slice line = slice_of(reply->partial, reply->partial_len);
        reply->partial_len = 0;
        take_line(reply, line);
    } else {
        take_line(reply, piece);
    }
    return piece.len;
}

void reply_give_head(struct reply *reply, int status, const struct fields *fields)
{
    reply->bare = true;
    reply->status = status;
    reply->fields = *fields;
}

enum parse reply_feed(struct reply *reply, struct slice bytes, size_t *ret_used)
{
    size_t used = 0;

    if (reply->bare && bytes.len > 0)
        reply->state = PARSE_DONE;
    while (used < bytes.len && reply->state == PARSE_MORE)
        used += feed_line(reply, slice_skip(bytes, used));
    *ret_used = used;
    return reply->state;
}

enum parse reply_end(struct reply *reply)
{
    if (reply->state == PARSE_MORE) {
        if (reply->head_bytes == 0)
            refuse(reply, "it gave no output");
        else if (reply->good_lines == 0)
            refuse(reply, "its output has no head");
        else
            refuse(reply, "its output ends before the empty line behind the head");
    }
    return reply->state;
}

bool reply_is_local_redirect(const struct reply *reply, struct slice *ret)
{
    const struct field *only = reply->fields.at;

    assert(reply->state == PARSE_DONE);
    if (reply->good_lines != 1 || reply->fields.count != 1 || only->id != FIELD_LOCATION)
        return false;
    if (!slice_starts(only->value, SLICE("/")) || slice_starts(only->value, SLICE("//")))
        return false; /* "//" begins the name of a host (RFC 3986 4.2) */
    *ret = only->value;
    return true;
}

void reply_apply(const struct reply *reply, struct response *response, struct arena *arena)
{
    assert(reply->state == PARSE_DONE);
    response->status = reply->status;
    if (response->status == 0)
        response->status = fields_find(&reply->fields, FIELD_LOCATION) ? 302 : 200;
    response->phrase = reply->phrase;
    response->length = reply->length;
    for (uint32_t i = 0; i < reply->fields.count; i++)
        fields_append(&response->fields, arena, reply->fields.at[i]);
}
