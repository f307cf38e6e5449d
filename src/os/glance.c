#include "os/glance.h"

#include "base/number.h"
#include "os_private.h"

#include <unistd.h>

#define COMMAND_MOST 120u
#define FRAMES_MOST  4u

/* Columns of /proc/PID/stat behind the name, counted from the state. */
enum { STAT_STATE, STAT_USER_TIME = 11, STAT_SYSTEM_TIME = 12, STAT_PAGES = 21 };

/* ---- one process ---- */

static bool number_at(struct slice columns, unsigned index, uint64_t *ret)
{
    struct slice word = { 0 };

    for (unsigned i = 0; i <= index; i++)
        if (!slice_next(&columns, ' ', &word))
            return false;
    return number_parse(slice_trim_space(word), UINT64_MAX, ret);
}

bool glance_parse_stat(struct slice stat, unsigned ticks_per_s, unsigned page_kib,
                       struct glance *ret)
{
    const size_t open = slice_find(stat, '(');
    const size_t shut = slice_find_last(stat, ')'); /* the name may hold anything */
    uint64_t user;
    uint64_t system;
    uint64_t pages;

    if (open == SLICE_NONE || shut == SLICE_NONE || shut < open || shut + 3 > stat.len)
        return false;
    struct slice columns = slice_skip(stat, shut + 2);
    if (!number_at(columns, STAT_USER_TIME, &user) ||
        !number_at(columns, STAT_SYSTEM_TIME, &system) || !number_at(columns, STAT_PAGES, &pages))
        return false;
    ret->state = columns.at[0];
    ret->name = slice_skip(slice_first(stat, shut), open + 1);
    ret->cpu_ms = (user + system) * 1000 / ticks_per_s;
    ret->memory_kib = pages * page_kib;
    return true;
}

static const char *state_text(char state)
{
    switch (state) {
    case 'R':
        return "running";
    case 'S':
        return "asleep";
    case 'D':
        return "waiting (uninterruptible)";
    case 'T':
        return "stopped";
    case 't':
        return "stopped by a tracer";
    case 'Z':
        return "dead, and not waited for";
    default:
        return "in an unknown state";
    }
}

static void put_command(struct text *text, const struct glance *glance)
{
    struct slice rest = slice_first(glance->command, COMMAND_MOST);
    struct slice word;

    text_add_char(text, '"');
    if (rest.len == 0)
        text_add_escaped(text, glance->name);
    for (bool first = true; slice_next(&rest, '\0', &word); first = false) {
        if (!first)
            text_add_char(text, ' ');
        text_add_escaped(text, word);
    }
    text_add_cstr(text, glance->command.len > COMMAND_MOST ? "...\"" : "\"");
}

/* "[<0>] pipe_read+0xb5/0x130": the name is enough. */
static void put_stack(struct text *text, struct slice stack)
{
    struct slice line;

    for (unsigned frames = 0; frames < FRAMES_MOST && slice_next(&stack, '\n', &line);) {
        size_t bracket = slice_find(line, ']');
        if (bracket == SLICE_NONE)
            continue;
        text_add_cstr(text, frames++ == 0 ? ", stack " : " < ");
        line = slice_trim(slice_skip(line, bracket + 1));
        text_add_escaped(text, slice_first(line, slice_find(line, '+')));
    }
}

void glance_put(struct text *text, pid_t pid, const struct glance *glance, bool whole)
{
    put_command(text, glance);
    text_printf(text, " (%d) %s", (int)pid, state_text(glance->state));
    if (glance->place.len > 0) {
        text_add_cstr(text, " in ");
        text_add_escaped(text, glance->place);
    }
    text_add_cstr(text, ", cpu ");
    text_add_u64(text, glance->cpu_ms);
    text_add_cstr(text, " ms");
    if (!whole)
        return;
    text_add_cstr(text, ", ");
    text_add_u64(text, glance->memory_kib);
    text_add_cstr(text, " kB");
    put_stack(text, glance->stack);
}

/* ---- real ones ---- */

/* Where it waits: "0" when it does not, or when we may not know. */
static struct slice read_place(pid_t pid, char *room, size_t size)
{
    struct slice place = slice_trim_space(proc_read_as_owner(pid, "wchan", room, size));

    if (slice_equal(place, SLICE("0")))
        return slice_first(place, 0);
    return place;
}

static bool look_at(pid_t pid, void *told)
{
    struct glance_report *report = told;
    const bool whole = report->shown == 0;
    char stat[1024];
    char command[COMMAND_MOST + 2];
    char place[64];
    char stack[1024];
    struct glance glance = { 0 };

    if (!glance_parse_stat(proc_read(pid, "stat", stat, sizeof(stat)),
                           (unsigned)sysconf(_SC_CLK_TCK), (unsigned)(sysconf(_SC_PAGESIZE) / 1024),
                           &glance))
        return true; /* gone meanwhile */
    if (report->shown == GLANCE_PROCESSES) {
        report->left_out++;
        return true;
    }
    glance.command = proc_read(pid, "cmdline", command, sizeof(command));
    glance.place = read_place(pid, place, sizeof(place));
    if (whole)
        glance.stack = proc_read_as_owner(pid, "stack", stack, sizeof(stack));
    if (!whole)
        text_add_cstr(&report->text, report->shown == 1 ? "; with it: " : "; ");
    glance_put(&report->text, pid, &glance, whole);
    report->shown++;
    return true;
}

void glance_at_family(struct glance_report *report, pid_t pid)
{
    proc_visit_family(pid, look_at, report);
}

void glance_end(struct glance_report *report)
{
    if (report->left_out > 0)
        text_printf(&report->text, "; and %u more", report->left_out);
}
