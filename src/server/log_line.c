#include "server/log_line.h"

#include "server/log_clock.h"
#include "site/snapshot.h"

#include <time.h>

void log_value_add(struct text *text, struct slice value, char end)
{
    size_t at = end ? slice_find(value, end) : SLICE_NONE;

    while (at != SLICE_NONE) {
        text_add_escaped(text, slice_first(value, at));
        if (end == '"' || end == '\\')
            text_add_escaped(text, slice_of(&end, 1));
        else
            text_printf(text, "\\x%02x", (unsigned char)end);
        value = slice_skip(value, at + 1);
        at = slice_find(value, end);
    }
    text_add_escaped(text, value);
}

void log_iso_add(struct text *text, int64_t unix_ms)
{
    const time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    char stamp[40];

    gmtime_r(&seconds, &tm);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
    text_printf(text, "%s.%03dZ", stamp, (int)(unix_ms % 1000));
}

bool log_field_tells_client(enum field_id id)
{
    return id == FIELD_X_FORWARDED_FOR || id == FIELD_FORWARDED || id == FIELD_X_REAL_IP;
}

/* ---- numbers ---- */

static uint64_t duration_ms(const struct exchange *x)
{
    const uint64_t now_ms = x->loop ? x->loop->now_ms : 0;

    return now_ms > x->record.begun_ms ? now_ms - x->record.begun_ms : 0;
}

/* Those that are 0 when they are not known. */
static uint64_t program_number(const struct program_record *program, enum line_item item)
{
    switch (item) {
    case LINE_SIGNAL:
        return program->exited ? (uint64_t)program->signal : 0;
    case LINE_CPU_US:
        return program->cpu_us;
    case LINE_PEAK_KIB:
        return program->peak_kib;
    case LINE_QUEUE_US:
        return program->queue_us;
    case LINE_SPAWN_US:
        return program->attempts > 0 ? 0 : program->start_us;
    case LINE_CONNECT_US:
        return program->attempts > 0 ? program->start_us : 0;
    case LINE_FIRST_BYTE_US:
        return program->first_byte_us;
    default:
        return program->attempts;
    }
}

static bool exit_number(const struct program_record *program, uint64_t *ret)
{
    if (!program->exited || program->signal > 0)
        return false;
    *ret = (uint64_t)program->exit_code;
    return true;
}

/* False: it is not known. */
static bool number_of(const struct exchange *x, enum line_item item, uint64_t *ret)
{
    switch (item) {
    case LINE_STATUS:
        *ret = (uint64_t)x->response.status;
        return true;
    case LINE_BYTES:
        *ret = x->record.sent_bytes;
        return true;
    case LINE_BODY_BYTES:
        *ret = x->record.body_bytes;
        return true;
    case LINE_DURATION_US:
        *ret = duration_ms(x) * 1000;
        return true;
    case LINE_DURATION_MS:
        *ret = duration_ms(x);
        return true;
    case LINE_DURATION_S:
        *ret = duration_ms(x) / 1000;
        return true;
    case LINE_BEGUN_S:
        *ret = (uint64_t)x->record.begun_unix_ms / 1000;
        return true;
    case LINE_BEGUN_MS:
        *ret = (uint64_t)x->record.begun_unix_ms;
        return true;
    case LINE_EXIT:
        return exit_number(&x->record.program, ret);
    case LINE_BODY_BYTES_OR_DASH:
        *ret = x->record.body_bytes;
        break;
    case LINE_PORT:
        *ret = x->visit->local_port;
        break;
    case LINE_CLIENT_PORT:
        *ret = x->record.client ? 0 : x->visit->client_port;
        break;
    default:
        *ret = program_number(&x->record.program, item);
        break;
    }
    return *ret > 0;
}

/* ---- texts ---- */

static struct slice cstr(const char *text)
{
    return text ? slice_cstr(text) : (struct slice){ 0 };
}

static struct slice protocol(int version)
{
    switch (version) {
    case 10:
        return SLICE("HTTP/1.0");
    case 11:
        return SLICE("HTTP/1.1");
    case 20:
        return SLICE("HTTP/2.0");
    default:
        return (struct slice){ 0 };
    }
}

/* With its question mark. */
static struct slice query_of(struct slice target)
{
    size_t at = slice_find(target, '?');

    return at == SLICE_NONE ? SLICE("") : slice_skip(target, at);
}

static struct slice path_of(struct slice target)
{
    size_t at = slice_find(target, '?');

    return at == SLICE_NONE ? target : slice_first(target, at);
}

static struct slice field_of(const struct exchange *x, const struct log_segment *segment)
{
    const struct fields *fields =
        segment->item == LINE_REQUEST_FIELD ? &x->request.fields : &x->response.fields;
    const struct field *field = fields_find_name(fields, segment->text);

    if (!field || (x->record.client && log_field_tells_client(field->id)))
        return (struct slice){ 0 };
    return field->value;
}

static bool text_of(const struct exchange *x, const struct log_segment *segment, struct slice *ret)
{
    const struct host *host = x->host;

    switch (segment->item) {
    case LINE_NOBODY:
        *ret = (struct slice){ 0 };
        return true;
    case LINE_CLIENT:
        *ret = slice_cstr(exchange_client(x));
        return true;
    case LINE_USER:
        *ret = x->record.user;
        return true;
    case LINE_REQUEST:
        *ret = x->request.line;
        return true;
    case LINE_METHOD:
        *ret = x->request.method_name;
        return true;
    case LINE_PATH:
        *ret = path_of(x->request.target.raw);
        return true;
    case LINE_PROTOCOL:
        *ret = protocol(x->request.version);
        return true;
    case LINE_HOST:
        *ret = host ? host->name : (struct slice){ 0 };
        return true;
    case LINE_HOST_ASKED:
        *ret = x->request.host;
        return true;
    case LINE_ID:
        *ret = slice_cstr(x->id_text);
        return true;
    case LINE_HANDLER:
        *ret = cstr(x->record.handler);
        return true;
    case LINE_CAUSE:
        *ret = cstr(x->record.cause);
        return true;
    case LINE_BACKEND:
        *ret = x->record.program.backend;
        return true;
    case LINE_SESSION:
        *ret = x->record.program.session;
        return true;
    case LINE_TLS_VERSION:
        *ret = cstr(x->visit->tls_version);
        return true;
    case LINE_TLS_CIPHER:
        *ret = cstr(x->visit->tls_cipher);
        return true;
    case LINE_REQUEST_FIELD:
    case LINE_ANSWER_FIELD:
        *ret = field_of(x, segment);
        return true;
    default:
        return false;
    }
}

/* ---- the line ---- */

/* As much of it as one value may have: what follows in the line is to be read too. */
static void add_value(struct text *text, struct slice value, char end)
{
    const size_t room = text->room;

    if (room - text->len > LOG_VALUE_MOST)
        text->room = text->len + LOG_VALUE_MOST;
    log_value_add(text, value, end);
    if (text->room < room) {
        text->room = room;
        text->cut = false;
    }
}

/* What is not known, or empty, is a dash, which is not of the value. */
static void add_known(struct text *text, struct slice value, char end)
{
    if (value.len > 0)
        add_value(text, value, end);
    else
        text_add_char(text, '-');
}

static void add_number(struct text *text, const struct exchange *x, enum line_item item)
{
    uint64_t number;

    if (number_of(x, item, &number))
        text_add_u64(text, number);
    else
        text_add_char(text, '-');
}

static void add_segment(struct text *text, const struct log_segment *segment,
                        const struct exchange *x)
{
    struct slice value;

    if (segment->item == LINE_TEXT) {
        text_add(text, segment->text);
    } else if (segment->item == LINE_TIME) {
        text_add_char(text, '[');
        log_clock_add(text, LOG_CLOCK_COMMON);
        text_add_char(text, ']');
    } else if (segment->item == LINE_BEGUN_ISO) {
        log_iso_add(text, x->record.begun_unix_ms);
    } else if (segment->item == LINE_QUERY) {
        add_value(text, query_of(x->request.target.raw), segment->end); /* none is none */
    } else if (text_of(x, segment, &value)) {
        add_known(text, value, segment->end);
    } else {
        add_number(text, x, segment->item);
    }
}

void log_line_add(struct text *text, const struct log_format *format, const struct exchange *x)
{
    for (unsigned i = 0; i < format->count; i++)
        add_segment(text, &format->segments[i], x);
}
