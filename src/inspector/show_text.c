/* An explanation for people: a column of parts, one of verdicts, and the facts. */
#include "inspector_private.h"
#include "send.h"

#include <inttypes.h>

#define PART_WIDTH 11

struct page {
    FILE *out;
    bool colours;
};

static const char *colour(const struct page *page, const char *code)
{
    return page->colours ? code : "";
}

#define PLAIN "\033[0m"
#define BOLD  "\033[1m"
#define DIM   "\033[2m"
#define RED   "\033[31m"
#define GREEN "\033[32m"

/* What came from a client cannot steer the terminal. */
static void put(const struct page *page, struct slice bytes)
{
    const size_t room = bytes.len * 4 + 1;
    struct arena arena = { 0 };
    struct text text = text_on(arena_bytes(&arena, room), room);

    trace_add_plain(&text, bytes);
    fwrite(text.at, 1, text.len, page->out);
    arena_done(&arena);
}

static void put_mark(const struct page *page, enum trace_mark mark)
{
    static const char *const plain[] = { " ", "+", "-" };
    static const char *const coloured[] = { "·", GREEN "✓" PLAIN, RED "✗" PLAIN };

    fprintf(page->out, "%s ", page->colours ? coloured[mark] : plain[mark]);
}

static void put_note(const struct page *page, const struct trace_note *note, bool is_first)
{
    fprintf(page->out, "  %s%-*s%s ", colour(page, BOLD), PART_WIDTH,
            is_first ? trace_part_name(note->part) : "", colour(page, PLAIN));
    put_mark(page, note->mark);
    put(page, note->text);
    if (note->place.file)
        fprintf(page->out, "  %s(%s:%u)%s", colour(page, DIM), note->place.file, note->place.line,
                colour(page, PLAIN));
    fputc('\n', page->out);
}

static void put_notes(const struct page *page, const struct trace *trace)
{
    const struct trace_note *before = NULL;

    for (const struct trace_note *note = trace->first; note; before = note, note = note->next)
        put_note(page, note, !before || before->part != note->part);
}

/* One below the other, the empty ones left out. */
static void put_items(const struct page *page, const char *title, struct slice items, char end)
{
    struct slice item;

    while (slice_next(&items, end, &item)) {
        item = slice_trim_space(item);
        if (item.len == 0)
            continue;
        fprintf(page->out, "  %s%-*s%s   ", colour(page, BOLD), PART_WIDTH, title,
                colour(page, PLAIN));
        put(page, item);
        fputc('\n', page->out);
        title = "";
    }
}

static void put_end(const struct page *page, const struct stage_answer *answer)
{
    fprintf(page->out, "\n  %s", colour(page, BOLD));
    if (answer->status != 0)
        fprintf(page->out, "%d", answer->status);
    else
        fputs("what the program says", page->out);
    fprintf(page->out, ", %s%s", answer->handler, colour(page, PLAIN));
    if (answer->location.len > 0) {
        fputs(" -> ", page->out);
        put(page, answer->location);
    } else if (answer->path.len > 0) {
        fputs(" ", page->out);
        put(page, answer->path);
    }
    fputc('\n', page->out);
}

static void put_bar(const struct page *page, const char *what, uint64_t from_us, uint64_t until_us,
                    uint64_t end_us)
{
    const unsigned width = 40;
    const unsigned from = end_us > 0 ? (unsigned)(from_us * width / end_us) : 0;
    const unsigned until = end_us > 0 ? (unsigned)(until_us * width / end_us) : 0;

    fprintf(page->out, "    %-14s ", what);
    for (unsigned i = 0; i < width; i++)
        fputc(i < from ? ' ' : i < until || i == from ? '=' : ' ', page->out);
    fprintf(page->out, " %8.3f ms\n", (double)(until_us - from_us) / 1000);
}

static void put_trace(const struct page *page, struct slice trace)
{
    struct slice line;

    while (slice_next(&trace, '\n', &line)) {
        if (line.len == 0)
            continue;
        fputs("    ", page->out);
        put(page, line);
        fputc('\n', page->out);
    }
}

static void put_sent(const struct page *page, const struct sent *sent)
{
    if (sent->why) {
        fprintf(page->out, "\n  %ssent%s: %s\n", colour(page, BOLD), colour(page, PLAIN),
                sent->why);
        return;
    }
    fprintf(page->out, "\n  %ssent to %s: %d%s, %" PRIu64 " bytes\n", colour(page, BOLD),
            sent->address, sent->status, colour(page, PLAIN), sent->bytes);
    put_bar(page, "connect", 0, sent->connected_us, sent->end_us);
    if (sent->secured_us > sent->connected_us)
        put_bar(page, "TLS", sent->connected_us, sent->secured_us, sent->end_us);
    put_bar(page, "first byte", sent->secured_us, sent->first_us, sent->end_us);
    put_bar(page, "rest", sent->first_us, sent->end_us, sent->end_us);
    put_trace(page, sent->trace);
}

void show_text(FILE *out, bool colours, const struct stage_question *question,
               const struct stage_answer *answer, const struct sent *sent)
{
    const struct page page = { .out = out, .colours = colours };
    char bytes[8192];
    struct text text = text_on(bytes, sizeof(bytes));

    show_url(&text, question->url);
    fputs(colour(&page, BOLD), out);
    put(&page, question->method);
    fputc(' ', out);
    put(&page, text_slice(&text));
    fprintf(out, "%s\n\n", colour(&page, PLAIN));
    put_notes(&page, &answer->trace);
    put_items(&page, "variables", answer->trace.environment, '\0');
    put_items(&page, "is asked", answer->trace.head, '\n');
    put_end(&page, answer);
    if (sent)
        put_sent(&page, sent);
}
