#include "config/summary.h"

#include "base/arena.h"
#include "base/text.h"
#include "config/folder.h"

#include <string.h>

#define COLUMNS_MOST 6u
#define USERS_SHOWN  20u

/* ---- aligned tables ---- */

struct row {
    struct row *next;
    struct slice cells[COLUMNS_MOST];
};

struct sheet {
    struct arena *arena; /* borrowed */
    unsigned columns;
    struct row *first;
    struct row **end;
};

static struct row *sheet_add(struct sheet *sheet)
{
    struct row *row = arena_new(sheet->arena, struct row);

    *sheet->end = row;
    sheet->end = &row->next;
    return row;
}

static void sheet_init(struct sheet *sheet, struct arena *arena, const char *const *heads,
                       unsigned columns)
{
    *sheet = (struct sheet){ .arena = arena, .columns = columns };
    sheet->end = &sheet->first;

    struct row *row = sheet_add(sheet);
    for (unsigned i = 0; i < columns; i++)
        row->cells[i] = slice_cstr(heads[i]);
}

/* Characters, not bytes: paths may hold UTF-8. */
static size_t width_of(struct slice text)
{
    size_t width = 0;

    for (size_t i = 0; i < text.len; i++)
        width += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    return width;
}

static void print_row(const struct row *row, const size_t *widths, unsigned columns, FILE *out)
{
    unsigned last = columns;

    while (last > 0 && row->cells[last - 1].len == 0)
        last--;
    fputs("  ", out);
    for (unsigned i = 0; i < last; i++) {
        struct slice cell = row->cells[i];

        fwrite(cell.at ? cell.at : "", 1, cell.len, out);
        if (i + 1 < last)
            fprintf(out, "%*s", (int)(widths[i] - width_of(cell)) + 2, "");
    }
    fputc('\n', out);
}

static void sheet_print(const struct sheet *sheet, const char *title, FILE *out)
{
    size_t widths[COLUMNS_MOST] = { 0 };

    for (const struct row *row = sheet->first; row; row = row->next) {
        for (unsigned i = 0; i < sheet->columns; i++) {
            size_t width = width_of(row->cells[i]);
            if (width > widths[i])
                widths[i] = width;
        }
    }
    fprintf(out, "%s\n", title);
    for (const struct row *row = sheet->first; row; row = row->next)
        print_row(row, widths, sheet->columns, out);
    fputc('\n', out);
}

/* ---- cells ---- */

/* In one piece: a host may have thousands of names. */
static struct slice join_words(struct arena *arena, const struct conf_word *list, const char *mark)
{
    size_t room = 0;

    for (const struct conf_word *word = list; word; word = word->next)
        room += strlen(mark) + word->text.len + 2;

    struct text text = text_on(arena_bytes(arena, room), room);
    for (const struct conf_word *word = list; word; word = word->next) {
        text_add_cstr(&text, word == list ? mark : ", ");
        if (word != list)
            text_add_cstr(&text, mark);
        text_add(&text, word->text);
    }
    return text_slice(&text);
}

static struct slice or_dash(struct slice text)
{
    return text.len > 0 ? text : SLICE("-");
}

static struct slice show_bytes(struct arena *arena, uint64_t bytes)
{
    static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
    unsigned unit = 0;

    while (bytes >= 1024 && bytes % 1024 == 0 && unit < 4) {
        bytes /= 1024;
        unit++;
    }
    return arena_printf(arena, "%llu %s", (unsigned long long)bytes, units[unit]);
}

static struct slice show_time(struct arena *arena, uint64_t ms)
{
    if (ms >= 120000 && ms % 60000 == 0)
        return arena_printf(arena, "%llu min", (unsigned long long)(ms / 60000));
    if (ms % 1000 == 0)
        return arena_printf(arena, "%llu s", (unsigned long long)(ms / 1000));
    return arena_printf(arena, "%llu ms", (unsigned long long)ms);
}

/* ---- the tables ---- */

static void print_bindings(const struct server_conf *conf, struct arena *arena, FILE *out)
{
    static const char *const heads[] = { "ADDRESS", "NAME", "LARGEST BODY", "FIRST REQUEST",
                                         "NEXT REQUEST" };
    char text[ADDRESS_TEXT_MOST];
    struct sheet sheet;

    sheet_init(&sheet, arena, heads, 5);
    for (const struct binding_conf *b = conf->bindings; b; b = b->next) {
        struct row *row = sheet_add(&sheet);

        row->cells[0] = arena_printf(arena, "%s", address_text_port(&b->address, text));
        row->cells[1] = or_dash(b->id);
        row->cells[2] = show_bytes(arena, b->max_request_bytes);
        row->cells[3] = show_time(arena, b->first_request_ms);
        row->cells[4] = show_time(arena, b->next_request_ms);
    }
    sheet_print(&sheet, "Bindings", out);
}

static struct slice programs_of(struct arena *arena, const struct vhost_conf *host)
{
    struct slice fastcgi = { 0 };

    for (unsigned i = 0; i < host->use_fastcgi_count; i++)
        fastcgi = arena_printf(arena, "%.*s%s%.*s", SLICE_ARGS(fastcgi), i > 0 ? ", " : "",
                               SLICE_ARGS(host->use_fastcgi[i]->id));
    if (!folder_any_executes(host))
        return SLICE("-");
    if (fastcgi.len > 0)
        return arena_printf(arena, "CGI, FastCGI %.*s", SLICE_ARGS(fastcgi));
    return SLICE("CGI");
}

static void print_hosts(const struct server_conf *conf, struct arena *arena, FILE *out)
{
    static const char *const heads[] = { "HOST",     "ROOT",     "START FILE",
                                         "PROGRAMS", "BINDINGS", "WHERE" };
    struct sheet sheet;

    sheet_init(&sheet, arena, heads, 6);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        struct row *row = sheet_add(&sheet);
        struct slice names = join_words(arena, host->hostnames, "");

        row->cells[0] =
            host->index == 0 ? arena_printf(arena, "%.*s (default)", SLICE_ARGS(names)) : names;
        row->cells[1] = or_dash(host->website_root);
        row->cells[2] = or_dash(join_words(arena, host->folder.start_files, ""));
        row->cells[3] = programs_of(arena, host);
        if (host->folder.fastcgi_auth)
            row->cells[3] = arena_printf(arena, "%.*s; logins by %.*s", SLICE_ARGS(row->cells[3]),
                                         SLICE_ARGS(host->folder.fastcgi_auth->id));
        row->cells[4] =
            host->required_bindings ? join_words(arena, host->required_bindings, "") : SLICE("all");
        row->cells[5] = arena_printf(arena, "%s:%u", host->place.file, host->place.line);
    }
    sheet_print(&sheet, "Hosts", out);
}

static void print_users(const struct users_conf *users, struct arena *arena, FILE *out)
{
    static const char *const heads[] = { "USER", "WEBSITE", "PROGRAMS RUN AS" };
    struct sheet sheet;

    if (!users->place.file)
        return;
    sheet_init(&sheet, arena, heads, 3);
    for (unsigned i = 0; i < users->count && i < USERS_SHOWN; i++) {
        const struct user_conf *user = &users->sites[i];
        struct row *row = sheet_add(&sheet);

        row->cells[0] = arena_printf(arena, "/~%.*s/", SLICE_ARGS(user->name));
        row->cells[1] = user->path;
        row->cells[2] = users->wrap ? user->name : SLICE("those of the host");
    }
    if (users->count > USERS_SHOWN)
        sheet_add(&sheet)->cells[0] =
            arena_printf(arena, "and %u more", users->count - USERS_SHOWN);
    sheet_print(
        &sheet,
        arena_printf(arena, "Websites of accounts, where UserWebsites = yes: %u", users->count).at,
        out);
}

static struct slice command_of(struct arena *arena, const struct cgi_handler_conf *handler)
{
    struct slice command = handler->program;

    for (const struct conf_word *word = handler->arguments; word; word = word->next)
        command = arena_printf(arena, "%.*s %.*s", SLICE_ARGS(command), SLICE_ARGS(word->text));
    return command;
}

static void add_handlers(struct sheet *sheet, const struct cgi_handler_conf *handler,
                         const struct conf_word *extensions, struct slice where)
{
    for (; handler; handler = handler->next) {
        struct row *row = sheet_add(sheet);

        row->cells[0] = join_words(sheet->arena, handler->extensions, ".");
        row->cells[1] = command_of(sheet->arena, handler);
        row->cells[2] = where;
    }
    if (extensions) {
        struct row *row = sheet_add(sheet);

        row->cells[0] = join_words(sheet->arena, extensions, ".");
        row->cells[1] = SLICE("run directly");
        row->cells[2] = where;
    }
}

static void add_pattern(struct sheet *sheet, struct slice pattern, struct slice where)
{
    if (pattern.len == 0)
        return;

    struct row *row = sheet_add(sheet);
    row->cells[0] = pattern;
    row->cells[1] = SLICE("run directly (CGIpattern)");
    row->cells[2] = where;
}

static void print_handlers(const struct server_conf *conf, struct arena *arena, FILE *out)
{
    static const char *const heads[] = { "EXTENSIONS", "PROGRAM", "FOR" };
    struct sheet sheet;

    sheet_init(&sheet, arena, heads, 3);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        add_pattern(&sheet, host->cgi_pattern, host->hostnames->text);
        add_handlers(&sheet, host->cgi_handlers, host->cgi_extensions, host->hostnames->text);
    }
    add_handlers(&sheet, conf->cgi_handlers, conf->cgi_extensions, SLICE("every host"));
    if (sheet.first->next)
        sheet_print(&sheet, "CGI programs, where ExecuteCGI = yes", out);
}

typedef bool answers_now(const struct connect_conf *target, const char **ret_why);

static struct slice answer_cell(struct arena *arena, const struct connect_conf *target,
                                answers_now *answers)
{
    const char *why = "no answer";

    if (!answers)
        return (struct slice){ 0 };
    if (target->host.len > 0)
        return SLICE("see the names below");
    if (answers(target, &why))
        return SLICE("yes");
    return arena_printf(arena, "no: %s", why);
}

static struct slice workers_of(struct arena *arena, const struct run_conf *run)
{
    struct slice command = run->program;

    for (const struct conf_word *word = run->arguments; word; word = word->next)
        command = arena_printf(arena, "%.*s %.*s", SLICE_ARGS(command), SLICE_ARGS(word->text));
    return arena_printf(arena, "%u to %u workers: %.*s%s%.*s", (unsigned)run->min_workers,
                        (unsigned)run->max_workers, SLICE_ARGS(command),
                        run->confine.user.len > 0 ? " as " : "", SLICE_ARGS(run->confine.user));
}

static void print_backends(const struct server_conf *conf, struct arena *arena, FILE *out,
                           answers_now *answers)
{
    static const char *const heads[] = { "SECTION", "EXTENSIONS", "CLIENT STAYS", "TARGET",
                                         "ANSWERS NOW" };
    struct sheet sheet;

    sheet_init(&sheet, arena, heads, answers ? 5 : 4);
    for (const struct fastcgi_conf *f = conf->fastcgi; f; f = f->next) {
        for (const struct connect_conf *target = f->targets; target; target = target->next) {
            struct row *row = sheet_add(&sheet);

            if (target == f->targets) {
                row->cells[0] = f->id;
                row->cells[1] =
                    f->extensions ? join_words(arena, f->extensions, ".") : SLICE("all requests");
                row->cells[2] =
                    f->target_count > 1 ? show_time(arena, f->session_timeout_ms) : SLICE("-");
            }
            row->cells[3] = f->run.program.len > 0 ? workers_of(arena, &f->run) : target->text;
            row->cells[4] = answer_cell(arena, target, f->run.program.len > 0 ? NULL : answers);
        }
    }
    if (sheet.first->next)
        sheet_print(&sheet, "Backends", out);
}

void summary_print(const struct server_conf *conf, FILE *out, answers_now *answers)
{
    struct arena arena;

    arena_init(&arena);
    print_bindings(conf, &arena, out);
    print_hosts(conf, &arena, out);
    print_users(&conf->users, &arena, out);
    print_handlers(conf, &arena, out);
    print_backends(conf, &arena, out, answers);
    arena_done(&arena);
}
