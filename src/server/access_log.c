#include "server/access_log.h"

#include "server/log_clock.h"
#include "server/log_line.h"
#include "site/snapshot.h"

#include <stdlib.h>
#include <time.h>

#define LINE_MOST      4096u
#define LONG_LINE_MOST 16384u /* where the whole target is to be told */

/* Lines of one file that wait in a reactor. */
struct access_block {
    struct access_block *next_waiting;
    bool is_waiting;
    struct log_file *file;   /* borrowed */
    struct log_block *block; /* owned; NULL: none begun */
};

/* Secrets stay out of logs. */
static bool is_private(enum field_id id)
{
    return id == FIELD_AUTHORIZATION || id == FIELD_PROXY_AUTHORIZATION || id == FIELD_COOKIE;
}

static bool has_own_column(enum field_id id)
{
    return id == FIELD_REFERER || id == FIELD_USER_AGENT || id == FIELD_ORIGIN;
}

static void format_hiawatha(struct text *text, const struct exchange *x)
{
    struct slice referer = fields_value(&x->request.fields, FIELD_ORIGIN);

    if (referer.len == 0)
        referer = fields_value(&x->request.fields, FIELD_REFERER);
    text_add_cstr(text, exchange_client(x));
    text_add_char(text, '|');
    log_clock_add(text, LOG_CLOCK_HIAWATHA);
    text_add_char(text, '|');
    text_add_u64(text, (uint64_t)x->response.status);
    text_add_char(text, '|');
    text_add_u64(text, x->record.sent_bytes);
    text_add_char(text, '|');
    log_value_add(text, x->request.line, '|');
    text_add_char(text, '|');
    log_value_add(text, referer, '|');
    text_add_char(text, '|');
    log_value_add(text, fields_value(&x->request.fields, FIELD_USER_AGENT), '|');
    for (uint32_t i = 0; i < x->request.fields.count; i++) {
        const struct field *field = &x->request.fields.at[i];

        if (is_private(field->id) || has_own_column(field->id) || text->len > LINE_MOST / 2)
            continue;
        if (x->record.client && log_field_tells_client(field->id))
            continue;
        text_add_char(text, '|');
        log_value_add(text, field->name, '|');
        text_add_cstr(text, ": ");
        log_value_add(text, field->value, '|');
    }
}

/* ---- JSON ---- */

/*
 * An object is whole or it is nothing: each text that comes from outside gets only so much room
 * that all that follows still fits, and "cut" says so when it was too long.
 */
static void json_name(struct text *text, const char *name)
{
    text_add_cstr(text, ",\""); /* never the first: that is the time */
    text_add_cstr(text, name);
    text_add_cstr(text, "\":");
}

static void json_number(struct text *text, const char *name, uint64_t number)
{
    json_name(text, name);
    text_add_u64(text, number);
}

/* Numbers that are not known are left out. */
static void json_known(struct text *text, const char *name, uint64_t number)
{
    if (number > 0)
        json_number(text, name, number);
}

/* Of `value` what fits into `most` bytes of JSON; empty ones are left out. */
static void json_text(struct text *text, const char *name, struct slice value, size_t most,
                      bool *cut)
{
    if (value.len == 0)
        return;
    json_name(text, name);

    const size_t before = text->len;
    const size_t room = text->room;
    if (room - before > most)
        text->room = before + most;
    text_add_json(text, value);
    if (text->cut) {
        text->len = before;
        text->cut = false;
        text_add_json(text, slice_first(value, most / 6 - 2)); /* each byte is six at most */
        *cut = true;
    }
    text->room = room;
}

static void json_program(struct text *text, const struct exchange *x, bool *cut)
{
    const struct program_record *program = &x->record.program;

    json_text(text, "handler", slice_cstr(x->record.handler), 32, cut);
    if (program->exited && program->signal > 0)
        json_number(text, "signal", (uint64_t)program->signal);
    else if (program->exited)
        json_number(text, "exit", (uint64_t)program->exit_code);
    json_known(text, "cpu_us", program->cpu_us);
    json_known(text, "peak_kib", program->peak_kib);
    json_known(text, "queue_us", program->queue_us);
    json_known(text, program->attempts > 0 ? "connect_us" : "spawn_us", program->start_us);
    json_known(text, "first_byte_us", program->first_byte_us);
    json_text(text, "backend", program->backend, 256, cut);
    json_known(text, "attempts", program->attempts);
    json_text(text, "session", program->session, 32, cut);
}

static void format_json(struct text *text, const struct exchange *x)
{
    const struct host *host = x->host;
    const uint64_t now_ms = x->loop ? x->loop->now_ms : 0;
    bool cut = false;

    text_add_cstr(text, "{\"time\":\"");
    log_iso_add(text, x->record.begun_unix_ms);
    text_add_char(text, '"');
    json_text(text, "id", slice_cstr(x->id_text), 64, &cut);
    json_text(text, "host", host ? host->name : (struct slice){ 0 }, 512, &cut);
    json_text(text, "client", slice_cstr(exchange_client(x)), 128, &cut);
    json_text(text, "user", x->record.user, 512, &cut);
    json_text(text, "method", x->request.method_name, 128, &cut);
    json_number(text, "status", (uint64_t)x->response.status);
    json_number(text, "bytes", x->record.sent_bytes);
    json_number(text, "body_bytes", x->record.body_bytes);
    if (x->press)
        json_number(text, "plain_bytes", x->response.body.put_bytes);
    json_number(text, "duration_ms", now_ms > x->record.begun_ms ? now_ms - x->record.begun_ms : 0);
    if (x->record.handler)
        json_program(text, x, &cut);
    json_text(text, "cause", slice_cstr(x->record.cause ? x->record.cause : ""), 1024, &cut);
    json_text(text, "referer", fields_value(&x->request.fields, FIELD_REFERER), 1024, &cut);
    json_text(text, "agent", fields_value(&x->request.fields, FIELD_USER_AGENT), 1024, &cut);
    json_text(text, "target", x->request.target.raw,
              text->room > text->len + 64 ? text->room - text->len - 64 : 64, &cut);
    if (cut)
        text_add_cstr(text, ",\"cut\":true");
    text_add_char(text, '}');
}

/* For a person who watches a terminal. */
static void format_terminal(struct text *text, const struct exchange *x)
{
    static const char *const colours[6] = { "\033[31m", "\033[36m", "\033[32m",
                                            "\033[36m", "\033[33m", "\033[31m" };
    unsigned kind = (unsigned)x->response.status / 100;

    log_clock_add(text, LOG_CLOCK_ERROR);
    text_add_char(text, ' ');
    text_add_cstr(text, colours[kind < 6 ? kind : 0]);
    text_add_u64(text, (uint64_t)x->response.status);
    text_add_cstr(text, "\033[0m \033[1m");
    text_add_escaped(text, x->request.method_name);
    text_add_cstr(text, "\033[0m ");
    text_add_escaped(text, x->request.host);
    text_add_escaped(text, x->request.target.raw);
    text_printf(text, "\033[2m %llu bytes, %llu ms, from %s",
                (unsigned long long)x->record.sent_bytes,
                (unsigned long long)(x->loop->now_ms - x->record.begun_ms), exchange_client(x));
    if (x->record.cause) {
        text_add_cstr(text, ": ");
        text_add_escaped(text, slice_cstr(x->record.cause));
    }
    text_add_cstr(text, "\033[0m\n");
}

void access_log_format(struct text *text, const struct log_format *format, const struct exchange *x)
{
    size_t room = text->room;

    text->room--; /* the newline always fits */
    switch (format->kind) {
    case LOG_FORMAT_HIAWATHA:
        format_hiawatha(text, x);
        break;
    case LOG_FORMAT_JSON:
        format_json(text, x);
        break;
    case LOG_FORMAT_SEGMENTS:
        log_line_add(text, format, x);
        break;
    }
    text->room = room;
    text->cut = false; /* a cut line still ends */
    text_add_char(text, '\n');
}

/* ---- blocks ---- */

static size_t line_most(const struct access_log *log, const struct log_file *file)
{
    return log->format->kind != LOG_FORMAT_HIAWATHA && !file->colours ? LONG_LINE_MOST : LINE_MOST;
}

static size_t block_room(const struct access_log *log, const struct log_file *file)
{
    return file->colours ? LINE_MOST
                         : 4 * line_most(log, file); /* somebody is looking: no waiting */
}

static void access_block_flush(struct access_block *entry)
{
    if (entry->block && entry->block->len > 0) {
        log_file_put(entry->file, entry->block);
        entry->block = NULL;
    }
}

/* All that waits goes to the writer. */
void access_log_flush(struct access_log *log)
{
    while (log->waiting) {
        struct access_block *entry = log->waiting;

        log->waiting = entry->next_waiting;
        entry->is_waiting = false;
        access_block_flush(entry);
    }
}

static void access_log_on_flush(struct task *task)
{
    access_log_flush(container_of(task, struct access_log, flush));
}

void access_log_init(struct access_log *log, struct loop *loop)
{
    static const struct log_format hiawatha = { .kind = LOG_FORMAT_HIAWATHA };

    *log = (struct access_log){ .loop = loop, .format = &hiawatha };
    log->flush.run = access_log_on_flush;
    log->timer.task = &log->flush;
}

void access_log_done(struct access_log *log)
{
    access_log_flush(log);
    timer_stop(log->loop, &log->timer);
    loop_forget(log->loop, &log->flush);
    for (unsigned i = 0; i < log->file_room; i++) {
        if (log->by_file[i])
            free(log->by_file[i]->block);
        free(log->by_file[i]);
    }
    free(log->by_file);
    log->by_file = NULL;
    log->file_room = 0;
}

static void make_room_for(struct access_log *log, unsigned index)
{
    unsigned room = log->file_room > 0 ? log->file_room : 8;

    while (room <= index)
        room *= 2;
    struct access_block **by_file = realloc(log->by_file, room * sizeof(struct access_block *));
    if (!by_file)
        abort();
    for (unsigned i = log->file_room; i < room; i++)
        by_file[i] = NULL;
    log->by_file = by_file;
    log->file_room = room;
}

static struct access_block *access_block_for(struct access_log *log, struct log_file *file)
{
    if (file->index >= log->file_room)
        make_room_for(log, file->index);

    struct access_block **at = &log->by_file[file->index];
    if (!*at) {
        *at = calloc(1, sizeof(**at));
        if (!*at)
            abort();
        (*at)->file = file;
    }
    return *at;
}

/* The first that waits sets the time of the flush for all. */
static void begin_to_wait(struct access_log *log, struct access_block *entry)
{
    if (entry->is_waiting)
        return;
    if (!log->waiting)
        timer_set(log->loop, &log->timer, log->loop->now_ms + ACCESS_LOG_FLUSH_MS);
    entry->is_waiting = true;
    entry->next_waiting = log->waiting;
    log->waiting = entry;
}

void access_log_add(struct access_log *log, struct log_file *file, const struct exchange *x)
{
    if (x->omit_line)
        return;

    struct access_block *entry = access_block_for(log, file);
    const size_t most = line_most(log, file);

    if (entry->block && entry->block->room - entry->block->len < most)
        access_block_flush(entry);
    if (!entry->block) {
        entry->block = log_block_new(block_room(log, file));
        entry->block->source = LOG_OF_REQUESTS;
    }

    struct log_block *block = entry->block;
    struct text text = text_on(block->data + block->len, most);
    if (file->colours)
        format_terminal(&text, x);
    else
        access_log_format(&text, log->format, x);
    block->len += text.len;

    if (file->colours)
        access_block_flush(entry);
    else
        begin_to_wait(log, entry);
}
