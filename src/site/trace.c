#include "site/trace.h"

#include <stdarg.h>

void trace_init(struct trace *trace, struct arena *arena)
{
    *trace = (struct trace){ .arena = arena };
    trace->end = &trace->first;
}

void trace_add(struct trace *trace, enum trace_part part, enum trace_mark mark,
               const struct diag_place *place, const char *format, ...)
{
    struct trace_note *note = arena_new(trace->arena, struct trace_note);
    va_list args;

    *note = (struct trace_note){ .part = part, .mark = mark };
    if (place)
        note->place = *place;
    va_start(args, format);
    note->text = arena_printf_v(trace->arena, format, args);
    va_end(args);
    *trace->end = note;
    trace->end = &note->next;
}

const char *trace_part_name(enum trace_part part)
{
    static const char *const names[TRACE_PARTS] = {
        [TRACE_BINDING] = "binding", [TRACE_CLIENT] = "client",   [TRACE_HOST] = "host",
        [TRACE_GATE] = "gate",       [TRACE_TOOLKIT] = "toolkit", [TRACE_DIRECTORY] = "directory",
        [TRACE_DISK] = "disk",       [TRACE_ACCESS] = "access",   [TRACE_LOGIN] = "login",
        [TRACE_HANDLER] = "handler", [TRACE_PROGRAM] = "program", [TRACE_BACKEND] = "backend",
        [TRACE_ANSWER] = "answer",
    };

    return names[part];
}

const char *trace_net(const struct trace *trace, const struct address_net *net)
{
    char text[ADDRESS_TEXT_MOST];

    if (net->all)
        return "all";
    return arena_printf(trace->arena, "%s/%u", address_text(&net->base, text), net->bits).at;
}

/* C1 controls are two bytes of UTF-8, and some terminals obey them. */
static size_t plain_len(struct slice bytes)
{
    const size_t len = utf8_sequence(bytes);
    const unsigned char first = (unsigned char)bytes.at[0];

    if (len == 1 && (first < 0x20 || first == 0x7f))
        return 0;
    if (len == 2 && first == 0xc2 && (unsigned char)bytes.at[1] < 0xa0)
        return 0;
    return len;
}

void trace_add_plain(struct text *text, struct slice bytes)
{
    while (bytes.len > 0 && !text->cut) {
        const size_t len = plain_len(bytes);

        if (len > 0)
            text_add(text, slice_first(bytes, len));
        else
            text_printf(text, "\\x%02x", (unsigned char)bytes.at[0]);
        bytes = slice_skip(bytes, len > 0 ? len : 1);
    }
}
