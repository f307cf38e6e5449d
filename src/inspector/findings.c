#include "findings.h"

#include "base/text.h"
#include "site/trace.h"

#include <stdarg.h>

#define AREA_WIDTH 13

void findings_init(struct findings *findings, struct arena *arena)
{
    *findings = (struct findings){ .arena = arena };
    findings->end = &findings->first;
}

void finding_add(struct findings *findings, enum finding_level level, const char *area,
                 const char *cure, const char *format, ...)
{
    struct finding *finding = arena_new(findings->arena, struct finding);
    va_list args;

    *finding = (struct finding){ .level = level, .area = area };
    if (cure)
        finding->cure = slice_cstr(cure);
    va_start(args, format);
    finding->text = arena_printf_v(findings->arena, format, args);
    va_end(args);
    *findings->end = finding;
    findings->end = &finding->next;
    findings->counts[level]++;
}

static enum finding_level level_of(enum diag_level level)
{
    switch (level) {
    case DIAG_NOTE:
        return FINDING_NOTE;
    case DIAG_WARNING:
        return FINDING_WARN;
    case DIAG_ERROR:
        break;
    }
    return FINDING_FAIL;
}

void findings_take_diags(struct findings *findings, const struct diags *diags)
{
    for (const struct diag *diag = diags->first; diag; diag = diag->next) {
        const char *cure = diag->hint.len > 0 ? arena_cstr(findings->arena, diag->hint) : NULL;

        if (diag->place.file)
            finding_add(findings, level_of(diag->level), "configuration", cure, "%s:%u: %.*s",
                        diag->place.file, diag->place.line, SLICE_ARGS(diag->message));
        else
            finding_add(findings, level_of(diag->level), "configuration", cure, "%.*s",
                        SLICE_ARGS(diag->message));
    }
}

/* ---- for people ---- */

static void put_plain(FILE *out, struct slice bytes)
{
    const size_t room = bytes.len * 4 + 1;
    struct arena arena = { 0 };
    struct text text = text_on(arena_bytes(&arena, room), room);

    trace_add_plain(&text, bytes);
    fwrite(text.at, 1, text.len, out);
    arena_done(&arena);
}

static void put_finding(const struct finding *finding, FILE *out, bool colours)
{
    static const char *const words[] = { "ok  ", "    ", "warn", "FAIL" };
    static const char *const codes[] = { "\033[32m", "", "\033[33m", "\033[31m" };

    fprintf(out, "%s%s%s  %-*s ", colours ? codes[finding->level] : "", words[finding->level],
            colours ? "\033[0m" : "", AREA_WIDTH, finding->area);
    put_plain(out, finding->text);
    fputc('\n', out);
    if (finding->cure.len == 0)
        return;
    fprintf(out, "      %-*s = ", AREA_WIDTH, "");
    put_plain(out, finding->cure);
    fputc('\n', out);
}

void findings_print(const struct findings *findings, FILE *out, bool colours)
{
    for (const struct finding *finding = findings->first; finding; finding = finding->next)
        put_finding(finding, out, colours);
    fprintf(out, "\n%u ok, %u warning%s, %u failure%s\n", findings->counts[FINDING_OK],
            findings->counts[FINDING_WARN], findings->counts[FINDING_WARN] == 1 ? "" : "s",
            findings->counts[FINDING_FAIL], findings->counts[FINDING_FAIL] == 1 ? "" : "s");
}

/* ---- for programs ---- */

static void put_json(FILE *out, struct slice bytes)
{
    const size_t room = bytes.len * 6 + 3;
    struct arena arena = { 0 };
    struct text text = text_on(arena_bytes(&arena, room), room);

    text_add_json(&text, bytes);
    fwrite(text.at, 1, text.len, out);
    arena_done(&arena);
}

void findings_print_json(const struct findings *findings, FILE *out)
{
    static const char *const words[] = { "ok", "note", "warn", "fail" };

    fputs("{\"findings\":[", out);
    for (const struct finding *finding = findings->first; finding; finding = finding->next) {
        fprintf(out, "%s{\"level\":\"%s\",\"area\":\"%s\",\"text\":",
                finding == findings->first ? "" : ",", words[finding->level], finding->area);
        put_json(out, finding->text);
        fputs(",\"cure\":", out);
        if (finding->cure.len > 0)
            put_json(out, finding->cure);
        else
            fputs("null", out);
        fputc('}', out);
    }
    fprintf(out, "],\"ok\":%u,\"warnings\":%u,\"failures\":%u}\n", findings->counts[FINDING_OK],
            findings->counts[FINDING_WARN], findings->counts[FINDING_FAIL]);
}
