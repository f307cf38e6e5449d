/* The same explanation for programs: one object in one line. */
#include "inspector_private.h"
#include "send.h"

#include <inttypes.h>

static void put(FILE *out, struct slice bytes)
{
    const size_t room = bytes.len * 6 + 3;
    struct arena arena = { 0 };
    struct text text = text_on(arena_bytes(&arena, room), room);

    text_add_json(&text, bytes);
    fwrite(text.at, 1, text.len, out);
    arena_done(&arena);
}

static void put_member(FILE *out, const char *name, struct slice value)
{
    fprintf(out, ",\"%s\":", name);
    if (value.len > 0)
        put(out, value);
    else
        fputs("null", out);
}

static void put_note(FILE *out, const struct trace_note *note)
{
    static const char *const marks[] = { "null", "true", "false" };

    fprintf(out, "{\"part\":\"%s\",\"holds\":%s,\"text\":", trace_part_name(note->part),
            marks[note->mark]);
    put(out, note->text);
    if (note->place.file) {
        fputs(",\"file\":", out);
        put(out, slice_cstr(note->place.file));
        fprintf(out, ",\"line\":%u", note->place.line);
    }
    fputc('}', out);
}

static void put_notes(FILE *out, const struct trace *trace)
{
    fputs(",\"facts\":[", out);
    for (const struct trace_note *note = trace->first; note; note = note->next) {
        put_note(out, note);
        if (note->next)
            fputc(',', out);
    }
    fputc(']', out);
}

static void put_environment(FILE *out, struct slice environment)
{
    struct slice variable;
    bool is_first = true;

    fputs(",\"environment\":{", out);
    while (slice_next(&environment, '\0', &variable)) {
        struct slice name;
        struct slice value;

        if (!slice_cut(variable, '=', &name, &value))
            continue;
        if (!is_first)
            fputc(',', out);
        put(out, name);
        fputc(':', out);
        put(out, value);
        is_first = false;
    }
    fputc('}', out);
}

static void put_trace(FILE *out, struct slice trace)
{
    struct slice line;
    bool is_first = true;

    fputs(",\"trace\":[", out);
    while (slice_next(&trace, '\n', &line)) {
        if (line.len == 0)
            continue;
        if (!is_first)
            fputc(',', out);
        put(out, line);
        is_first = false;
    }
    fputc(']', out);
}

static void put_sent(FILE *out, const struct sent *sent)
{
    fputs(",\"sent\":{", out);
    if (sent->why) {
        fputs("\"error\":", out);
        put(out, slice_cstr(sent->why));
    } else {
        fprintf(out,
                "\"address\":\"%s\",\"status\":%d,\"bytes\":%" PRIu64 ",\"connect_us\":%" PRIu64
                ",\"secured_us\":%" PRIu64 ",\"first_byte_us\":%" PRIu64 ",\"end_us\":%" PRIu64,
                sent->address, sent->status, sent->bytes, sent->connected_us, sent->secured_us,
                sent->first_us, sent->end_us);
        put_trace(out, sent->trace);
    }
    fputc('}', out);
}

void show_json(FILE *out, const struct stage_question *question, const struct stage_answer *answer,
               const struct sent *sent)
{
    char bytes[8192];
    struct text text = text_on(bytes, sizeof(bytes));

    show_url(&text, question->url);
    fputs("{\"url\":", out);
    put(out, text_slice(&text));
    put_member(out, "method", question->method);
    if (answer->status != 0)
        fprintf(out, ",\"status\":%d", answer->status);
    else
        fputs(",\"status\":null", out);
    put_member(out, "handler", slice_cstr(answer->handler));
    put_member(out, "host", answer->host);
    put_member(out, "path", answer->path);
    put_member(out, "location", answer->location);
    put_notes(out, &answer->trace);
    if (answer->trace.head.len > 0)
        put_member(out, "request", answer->trace.head);
    else if (answer->trace.reached_program)
        put_environment(out, answer->trace.environment);
    if (sent)
        put_sent(out, sent);
    fputs("}\n", out);
}
