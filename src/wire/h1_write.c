#include "wire/h1_write.h"

#include "http/status.h"
#include "wire_private.h"

#include <assert.h>

#define LENGTH_DIGITS_MOST 20

/*
 * Heads are written by their exact size: one walk adds up, one walk copies. Nothing is checked
 * twice, and a head that does not fit leaves nothing behind.
 */

/* ---- what goes out ---- */

/* The phrase of a program, unless it would break the line. */
static struct slice phrase_of(const struct response *response)
{
    if (response->phrase.len > 0 && field_is_value(response->phrase))
        return response->phrase;
    return status_phrase(response->status);
}

bool answer_field_goes_out(const struct field *field)
{
    if (field->id == FIELD_CONTENT_LENGTH || field->id == FIELD_TRANSFER_ENCODING ||
        field->id == FIELD_CONNECTION)
        return false;
    /* A name that has an id is one of ours in some case: nothing to fear from its bytes. */
    return (field->id != FIELD_OTHER || field_is_value(field->name)) &&
           field_is_value(field->value);
}

/* The line that says where the body ends; `digits` has room for a length. */
struct framing_line {
    struct slice name_and_colon;
    struct slice value;
    char digits[LENGTH_DIGITS_MOST];
};

static struct slice write_digits(uint64_t number, char digits[LENGTH_DIGITS_MOST])
{
    size_t at = LENGTH_DIGITS_MOST;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return slice_of(digits + at, LENGTH_DIGITS_MOST - at);
}

/* RFC 9110 8.6: neither 1xx nor 204 has a length; 304 and the answer to HEAD may tell that of the
 * content. */
static bool may_tell_length(int status, const struct h1_head *head)
{
    if (head->length < 0 || head->body == H1_BODY_CHUNKED || head->body == H1_BODY_CLOSE ||
        head->body == H1_BODY_TUNNEL)
        return false;
    return status == 304 || !status_has_no_content(status);
}

static void framing_make(struct framing_line *line, int status, const struct h1_head *head)
{
    if (head->body == H1_BODY_CHUNKED) {
        line->name_and_colon = SLICE("Transfer-Encoding: ");
        line->value = SLICE("chunked");
    } else if (may_tell_length(status, head)) {
        line->name_and_colon = SLICE("Content-Length: ");
        line->value = write_digits((uint64_t)head->length, line->digits);
    }
}

/* RFC 9112 9.3: what is not said follows from the version of the client. */
static struct slice connection_line(int status, const struct h1_head *head)
{
    if (head->body == H1_BODY_TUNNEL)
        return status == 101 ? SLICE("Connection: Upgrade\r\n") : SLICE("");
    if (!head->keep_alive)
        return SLICE("Connection: close\r\n");
    return head->version < 11 ? SLICE("Connection: keep-alive\r\n") : SLICE("");
}

/* ---- the two walks ---- */

static char *put(char *at, struct slice text)
{
    memcpy(at, text.at, text.len);
    return at + text.len;
}

static size_t status_line_len(struct slice phrase)
{
    return sizeof("HTTP/1.1 200 \r\n") - 1 + phrase.len;
}

static char *put_status_line(char *at, int status, struct slice phrase)
{
    at = put(at, SLICE("HTTP/1.1 "));
    *at++ = (char)('0' + status / 100 % 10);
    *at++ = (char)('0' + status / 10 % 10);
    *at++ = (char)('0' + status % 10);
    *at++ = ' ';
    if (phrase.len > 0)
        at = put(at, phrase);
    return put(at, SLICE("\r\n"));
}

static size_t field_line_len(const struct field *field)
{
    return field->name.len + field->value.len + 4;
}

static char *put_field(char *at, const struct field *field)
{
    if (field->name.len > 0)
        at = put(at, field->name);
    at = put(at, SLICE(": "));
    if (field->value.len > 0)
        at = put(at, field->value);
    return put(at, SLICE("\r\n"));
}

/* `len` bytes at the end of the text to be filled, or NULL: then text->cut is set. */
static char *claim(struct text *text, size_t len)
{
    if (text->cut || len > text->room - text->len) {
        text->cut = true;
        return NULL;
    }
    char *at = text->at + text->len;
    text->len += len;
    return at;
}

/* What the first walk finds out. */
struct plan {
    struct slice phrase;
    struct slice date; /* empty: the fields hold one */
    struct slice connection;
    struct framing_line framing;
    bool all_go_out; /* no field is left out: the second walk need not ask again */
    size_t len;
};

static void plan_make(struct plan *plan, const struct response *response,
                      const struct h1_head *head)
{
    const struct fields *fields = &response->fields;

    plan->phrase = phrase_of(response);
    plan->date = head->date;
    plan->connection = connection_line(response->status, head);
    plan->all_go_out = true;
    framing_make(&plan->framing, response->status, head);

    size_t len = status_line_len(plan->phrase) + plan->connection.len + 2;
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->at[i];

        if (!answer_field_goes_out(field)) {
            plan->all_go_out = false;
            continue;
        }
        if (field->id == FIELD_DATE)
            plan->date.len = 0;
        len += field_line_len(field);
    }
    if (plan->date.len > 0)
        len += sizeof("Date: \r\n") - 1 + plan->date.len;
    if (plan->framing.value.len > 0)
        len += plan->framing.name_and_colon.len + plan->framing.value.len + 2;
    plan->len = len;
}

static char *put_head(char *at, const struct response *response, const struct plan *plan)
{
    const struct fields *fields = &response->fields;

    at = put_status_line(at, response->status, plan->phrase);
    if (plan->date.len > 0) {
        at = put(at, SLICE("Date: "));
        at = put(at, plan->date);
        at = put(at, SLICE("\r\n"));
    }
    for (uint32_t i = 0; i < fields->count; i++) {
        if (plan->all_go_out || answer_field_goes_out(&fields->at[i]))
            at = put_field(at, &fields->at[i]);
    }
    if (plan->framing.value.len > 0) {
        at = put(at, plan->framing.name_and_colon);
        at = put(at, plan->framing.value);
        at = put(at, SLICE("\r\n"));
    }
    at = put(at, plan->connection);
    return put(at, SLICE("\r\n"));
}

void h1_write_head(struct text *text, const struct response *response, const struct h1_head *head)
{
    struct plan plan = { 0 };

    assert(head->body != H1_BODY_LENGTH || head->length >= 0);
    plan_make(&plan, response, head);

    char *at = claim(text, plan.len);
    if (!at)
        return;
    char *end = put_head(at, response, &plan);
    assert(end == at + plan.len); /* both walks saw the same */
}

/* Of the fields that go out, with the empty line. */
static size_t fields_len(const struct fields *fields)
{
    size_t len = 2;

    for (uint32_t i = 0; i < fields->count; i++) {
        if (answer_field_goes_out(&fields->at[i]))
            len += field_line_len(&fields->at[i]);
    }
    return len;
}

static void put_fields(char *at, const struct fields *fields)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        if (answer_field_goes_out(&fields->at[i]))
            at = put_field(at, &fields->at[i]);
    }
    put(at, SLICE("\r\n"));
}

void h1_write_interim(struct text *text, int status, const struct fields *fields)
{
    const struct slice phrase = status_phrase(status);
    char *at = claim(text, status_line_len(phrase) + fields_len(fields));

    if (at)
        put_fields(put_status_line(at, status, phrase), fields);
}

void h1_write_trailers(struct text *text, const struct fields *fields)
{
    char *at = claim(text, fields_len(fields));

    if (at)
        put_fields(at, fields);
}
