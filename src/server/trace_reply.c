#include "server/trace_reply.h"

#include "site/trace.h"

#define FIELD_NAME SLICE("X-Longhouse-Trace")

static bool asks(const struct exchange *x)
{
    const struct field *field = fields_find_name(&x->request.fields, FIELD_NAME);

    return field && slice_equal_nocase(field->value, SLICE("yes"));
}

bool trace_reply_begin(struct exchange *x, const struct host *host)
{
    const struct binding_conf *binding = x->visit->binding;

    if (!conf_nets_hold(host->conf->trace_for, &x->visit->client) || !asks(x))
        return false;
    x->trace = arena_new(&x->arena, struct trace);
    trace_init(x->trace, &x->arena);
    trace_note_at(x->trace, TRACE_BINDING, TRACE_YES, &binding->place, "port %u", binding->port);
    trace_note(x->trace, TRACE_CLIENT, TRACE_FACT, "%s", x->visit->client_text);
    return true;
}

/* "toolkit + Match ^/a DenyAccess (longhouse.conf:12)" */
static struct slice line_of(struct arena *arena, const struct trace_note *note)
{
    static const char *const marks[] = { "", "+ ", "- " };
    struct text text = text_on(arena_bytes(arena, TRACE_REPLY_BYTES_MOST), TRACE_REPLY_BYTES_MOST);

    text_printf(&text, "%s %s", trace_part_name(note->part), marks[note->mark]);
    trace_add_plain(&text, note->text);
    if (note->place.file && !text.cut)
        text_printf(&text, " (%s:%u)", note->place.file, note->place.line);
    return text_slice(&text);
}

void trace_reply_add(struct exchange *x)
{
    unsigned count = 0;

    if (!x->trace)
        return;
    for (const struct trace_note *note = x->trace->first; note; note = note->next)
        if (count++ < TRACE_REPLY_MOST)
            exchange_field(x, FIELD_NAME, line_of(&x->arena, note));
    if (count > TRACE_REPLY_MOST)
        exchange_field(x, FIELD_NAME,
                       arena_printf(&x->arena, "and %u more", count - TRACE_REPLY_MOST));
    fields_remove(&x->response.fields, FIELD_CACHE_CONTROL);
    exchange_field_id(x, FIELD_CACHE_CONTROL, SLICE("no-store"));
}
