#include "os/workload.h"

#include "base/number.h"
#include "os/fd.h"
#include "os_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TABLE_MOST (64u << 20)

/* ---- the table of unix sockets ---- */

int connections_read(char **ret_table, size_t *ret_len)
{
    scoped_fd fd = open("/proc/net/unix", O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : fd_read_all(fd, TABLE_MOST, ret_table, ret_len);
}

static void add(struct connections *connections, uint64_t socket)
{
    if (connections->count == connections->room) {
        size_t room = connections->room ? 2 * connections->room : 16;
        uint64_t *more = realloc(connections->accepted, room * sizeof(*more));

        if (!more)
            abort();
        connections->accepted = more;
        connections->room = room;
    }
    connections->accepted[connections->count++] = socket;
}

/* The next word of a line whose columns are filled up with blanks. */
static struct slice take_word(struct slice *rest)
{
    *rest = slice_trim(*rest);
    size_t len = slice_find(*rest, ' ');
    struct slice word = slice_first(*rest, len);

    *rest = slice_skip(*rest, len);
    return word;
}

/* "ADDRESS: COUNT PROTOCOL FLAGS TYPE STATE INODE PATH". A connection that nobody has accepted has
 * no socket yet: its number is 0. */
static void take_line(struct slice line, struct slice path, struct connections *ret)
{
    uint64_t flags;
    uint64_t socket;
    struct slice rest = line;

    if (!slice_ends(line, path))
        return;
    take_word(&rest);
    take_word(&rest);
    take_word(&rest);
    struct slice flag_word = take_word(&rest);
    take_word(&rest);
    take_word(&rest);
    struct slice number = take_word(&rest);
    if (!slice_equal(slice_skip(rest, 1), path) || !number_parse_hex(flag_word, &flags) ||
        !number_parse(number, UINT64_MAX, &socket))
        return;
    if (flags & 0x10000) /* the listener itself */
        return;
    if (socket == 0)
        ret->waiting++;
    else
        add(ret, socket);
}

void connections_find(struct slice table, struct slice path, struct connections *ret)
{
    struct slice line;

    ret->count = 0;
    ret->waiting = 0;
    while (table.len > 0) {
        slice_cut(table, '\n', &line, &table);
        take_line(line, path, ret);
    }
}

void connections_free(struct connections *connections)
{
    free(connections->accepted);
    *connections = (struct connections){ 0 };
}

static bool number_at(struct slice text, unsigned column, uint64_t *ret)
{
    struct slice word = take_word(&text);

    for (; column > 0; column--)
        word = take_word(&text);
    return number_parse(slice_trim_space(word), UINT64_MAX, ret);
}

/* ---- families ---- */

static bool add_use(pid_t pid, void *told)
{
    struct workload *sum = told;
    char text[256];
    uint64_t pages;
    uint64_t ran_ns;

    if (!number_at(proc_read(pid, "statm", text, sizeof(text)), 1, &pages))
        return true; /* gone meanwhile */
    sum->memory_bytes += pages * (uint64_t)sysconf(_SC_PAGESIZE);
    if (number_at(proc_read(pid, "schedstat", text, sizeof(text)), 0, &ran_ns))
        sum->ran_ns += ran_ns;
    sum->processes++;
    return true;
}

bool workload_of(pid_t pid, struct workload *ret)
{
    *ret = (struct workload){ 0 };
    proc_visit_family(pid, add_use, ret);
    return ret->processes > 0;
}

/* ---- who holds a connection ---- */

static bool is_one_of(const struct connections *connections, uint64_t socket)
{
    for (size_t i = 0; i < connections->count; i++)
        if (connections->accepted[i] == socket)
            return true;
    return false;
}

static bool is_connection(int folder, const char *name, const struct connections *connections)
{
    char target[64];
    ssize_t len = readlinkat(folder, name, target, sizeof(target));
    struct slice text = slice_of(target, len > 0 ? (size_t)len : 0);
    uint64_t socket;

    return slice_starts(text, SLICE("socket:[")) &&
           number_parse(slice_skip(slice_first(text, text.len - 1), 8), UINT64_MAX, &socket) &&
           is_one_of(connections, socket);
}

/* 1, 0, or a negative errno. */
static int holds(pid_t pid, const struct connections *connections)
{
    char path[64];
    int found = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    if (!folder)
        return -errno;
    for (const struct dirent *entry; found == 0 && (entry = readdir(folder)) != NULL;)
        found = is_connection(dirfd(folder), entry->d_name, connections);
    closedir(folder);
    return found;
}

static int holds_as_owner(pid_t pid, const struct connections *connections)
{
    struct eyes eyes;

    int r = eyes_borrow(pid, &eyes);
    if (r < 0)
        return r;
    r = holds(pid, connections);
    eyes_return(&eyes);
    return r;
}

static bool holds_none(pid_t pid, void *told)
{
    const struct connections *connections = told;
    int r = holds(pid, connections);

    if (r == -EACCES)
        r = holds_as_owner(pid, connections);
    return r == 0 || r == -ENOENT || r == -ESRCH;
}

bool workload_holds(pid_t pid, const struct connections *connections)
{
    return connections->count > 0 && !proc_visit_family(pid, holds_none, (void *)connections);
}

/* ---- signals ---- */

uint64_t workload_catches(pid_t pid)
{
    char text[4096];
    struct slice rest = proc_read(pid, "status", text, sizeof(text));
    struct slice line;
    uint64_t mask = 0;

    while (slice_next(&rest, '\n', &line))
        if (slice_starts(line, SLICE("SigCgt:")))
            number_parse_hex(slice_trim(slice_skip(line, 7)), &mask);
    return mask;
}
