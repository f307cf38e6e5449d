#include "server/access_log.h"

#include "server/log_clock.h"

#include <stdlib.h>

#define BLOCK_ROOM (16u * 1024)
#define LINE_MOST  4096u

/* Lines of one file that wait in a reactor. */
struct access_block {
    struct access_block *next;
    struct log_file *file;
    struct log_block *block;
};

static struct slice or_dash(struct slice text)
{
    return text.len > 0 ? text : SLICE("-");
}

/* A value between bars: the bar itself must not split the line. */
static void add_bar_text(struct text *text, struct slice value)
{
    size_t bar = slice_find(value, '|');

    while (bar != SLICE_NONE) {
        text_add_escaped(text, slice_first(value, bar));
        text_add_cstr(text, "\\x7c");
        value = slice_skip(value, bar + 1);
        bar = slice_find(value, '|');
    }
    text_add_escaped(text, value);
}

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
    text_add_cstr(text, x->visit->client_text);
    text_add_char(text, '|');
    log_clock_add(text, LOG_CLOCK_HIAWATHA);
    text_add_char(text, '|');
    text_add_u64(text, (uint64_t)x->response.status);
    text_add_char(text, '|');
    text_add_u64(text, x->record.sent_bytes);
    text_add_char(text, '|');
    add_bar_text(text, x->request.line);
    text_add_char(text, '|');
    add_bar_text(text, referer);
    text_add_char(text, '|');
    add_bar_text(text, fields_value(&x->request.fields, FIELD_USER_AGENT));
    for (uint32_t i = 0; i < x->request.fields.count; i++) {
        const struct field *field = &x->request.fields.at[i];

        if (is_private(field->id) || has_own_column(field->id) || text->len > LINE_MOST / 2)
            continue;
        text_add_char(text, '|');
        add_bar_text(text, field->name);
        text_add_cstr(text, ": ");
        add_bar_text(text, field->value);
    }
}

static void format_common(struct text *text, const struct exchange *x)
{
    text_add_cstr(text, x->visit->client_text);
    text_add_cstr(text, " - ");
    text_add_escaped(text, or_dash(x->record.user));
    text_add_cstr(text, " [");
    log_clock_add(text, LOG_CLOCK_COMMON);
    text_add_cstr(text, "] \"");
    text_add_escaped(text, x->request.line);
    text_add_cstr(text, "\" ");
    text_add_u64(text, (uint64_t)x->response.status);
    text_add_char(text, ' ');
    text_add_u64(text, x->record.sent_bytes);
}

static void format_extended(struct text *text, const struct exchange *x)
{
    format_common(text, x);
    text_add_cstr(text, " \"");
    text_add_escaped(text, or_dash(fields_value(&x->request.fields, FIELD_REFERER)));
    text_add_cstr(text, "\" \"");
    text_add_escaped(text, or_dash(fields_value(&x->request.fields, FIELD_USER_AGENT)));
    text_add_char(text, '"');
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
                (unsigned long long)(x->loop->now_ms - x->record.begun_ms), x->visit->client_text);
    if (x->record.cause) {
        text_add_cstr(text, ": ");
        text_add_escaped(text, slice_cstr(x->record.cause));
    }
    text_add_cstr(text, "\033[0m\n");
}

void access_log_format(struct text *text, enum conf_log_format format, const struct exchange *x)
{
    size_t room = text->room;

    text->room--; /* the newline always fits */
    switch (format) {
    case LOG_FORMAT_HIAWATHA:
        format_hiawatha(text, x);
        break;
    case LOG_FORMAT_COMMON:
        format_common(text, x);
        break;
    case LOG_FORMAT_EXTENDED:
        format_extended(text, x);
        break;
    }
    text->room = room;
    text->cut = false; /* a cut line still ends */
    text_add_char(text, '\n');
}

static void access_block_flush(struct access_block *entry)
{
    if (entry->block && entry->block->len > 0) {
        log_file_put(entry->file, entry->block);
        entry->block = NULL;
    }
}

/* All that waits goes to the writer; the entries become spare. */
static void access_log_flush(struct access_log *log)
{
    while (log->blocks) {
        struct access_block *entry = log->blocks;

        log->blocks = entry->next;
        access_block_flush(entry);
        free(entry->block);
        entry->block = NULL;
        entry->next = log->spare;
        log->spare = entry;
    }
}

static void access_log_on_flush(struct task *task)
{
    access_log_flush(container_of(task, struct access_log, flush));
}

void access_log_init(struct access_log *log, struct loop *loop, enum conf_log_format format)
{
    *log = (struct access_log){ .loop = loop, .format = format };
    log->flush.run = access_log_on_flush;
    log->timer.task = &log->flush;
}

void access_log_done(struct access_log *log)
{
    access_log_flush(log);
    timer_stop(log->loop, &log->timer);
    loop_forget(log->loop, &log->flush);
    while (log->spare) {
        struct access_block *entry = log->spare;

        log->spare = entry->next;
        free(entry);
    }
}

static struct access_block *access_block_for(struct access_log *log, struct log_file *file)
{
    struct access_block **at = &log->blocks;

    while (*at && (*at)->file != file)
        at = &(*at)->next;

    struct access_block *entry = *at;
    if (entry) {
        *at = entry->next; /* to the front: the busy ones are found first */
    } else {
        entry = log->spare;
        if (entry)
            log->spare = entry->next;
        else
            entry = malloc(sizeof(*entry));
        if (!entry)
            abort();
        *entry = (struct access_block){ .file = file };
    }
    entry->next = log->blocks;
    log->blocks = entry;
    return entry;
}

void access_log_add(struct access_log *log, struct log_file *file, const struct exchange *x)
{
    bool was_empty = log->blocks == NULL;
    struct access_block *entry = access_block_for(log, file);

    if (entry->block && entry->block->room - entry->block->len < LINE_MOST)
        access_block_flush(entry);
    if (!entry->block)
        entry->block = log_block_new(file->colours ? LINE_MOST : BLOCK_ROOM);

    struct log_block *block = entry->block;
    struct text text = text_on(block->data + block->len, LINE_MOST);
    if (file->colours)
        format_terminal(&text, x);
    else
        access_log_format(&text, log->format, x);
    block->len += text.len;

    if (file->colours) /* somebody is looking */
        access_block_flush(entry);
    if (was_empty)
        timer_set(log->loop, &log->timer, log->loop->now_ms + ACCESS_LOG_FLUSH_MS);
}
