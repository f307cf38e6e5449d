/* The leaf of one program: made, watched, counted. */
#include "os/cgroup.h"

#include "base/number.h"
#include "os/fd.h"
#include "os_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read(int folder, const char *name, char **ret_data, size_t *ret_len)
{
    scoped_fd fd = openat(folder, name, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : fd_read_all(fd, 1u << 20, ret_data, ret_len);
}

static int open_leaf(int programs, const char *name, const struct cgroup_limits *limits,
                     int *ret_folder, int *ret_events)
{
    scoped_fd folder = openat(programs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return -errno;
    scoped_fd events = openat(folder, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (events < 0)
        return -errno;
    int r = limits ? cgroup_limit(folder, limits) : 0;
    if (r < 0)
        return r;
    *ret_folder = fd_take(&folder);
    *ret_events = fd_take(&events);
    return 0;
}

int cgroup_leaf_make(int programs, unsigned number, const struct cgroup_limits *limits,
                     int *ret_folder, int *ret_events)
{
    char name[16];

    snprintf(name, sizeof(name), "%u", number);
    if (mkdirat(programs, name, 0755) < 0)
        return -errno;
    int r = open_leaf(programs, name, limits, ret_folder, ret_events);
    if (r < 0)
        unlinkat(programs, name, AT_REMOVEDIR);
    return r;
}

/* The number behind `name` at the beginning of a line. */
static bool find_number(struct slice text, struct slice name, uint64_t *ret)
{
    struct slice line;
    struct slice word;

    while (slice_next(&text, '\n', &line))
        if (slice_cut(line, ' ', &word, &line) && slice_equal(word, name))
            return number_parse(line, UINT64_MAX, ret);
    return false;
}

bool cgroup_populated(int events)
{
    char text[256];
    ssize_t got = pread(events, text, sizeof(text), 0);
    uint64_t populated;

    return got <= 0 || !find_number(slice_of(text, (size_t)got), SLICE("populated"), &populated) ||
           populated != 0;
}

/* The first line of a file as a number; false: it is not there, or none. */
static bool read_number(int folder, const char *name, uint64_t *ret)
{
    char *text = NULL;
    size_t len = 0;

    if (file_read(folder, name, &text, &len) < 0)
        return false;
    bool known = number_parse(slice_trim_space(slice_of(text, len)), UINT64_MAX, ret);
    free(text);
    return known;
}

int cgroup_used(int folder, struct cgroup_use *ret)
{
    struct cgroup_use use = { 0 };
    uint64_t peak;
    char *text = NULL;
    size_t len = 0;

    int r = file_read(folder, "cpu.stat", &text, &len);
    if (r < 0)
        return r;
    bool known = find_number(slice_of(text, len), SLICE("usage_usec"), &use.cpu_us);
    free(text);
    if (!known)
        return -EBADMSG;
    if (read_number(folder, "memory.peak", &peak)) /* since Linux 5.19 */
        use.peak_kib = peak / 1024;
    *ret = use;
    return 0;
}

/* "programs", or "programs-2" of a further spawner. */
static bool is_for_programs(struct slice folder)
{
    return slice_equal(folder, SLICE("programs")) || slice_starts(folder, SLICE("programs-"));
}

/* ".../longhouse-PID-N/programs/LEAF", and what the program may have made below it: the last such
 * house, for one may run in the leaf of another. */
static bool leaf_in(struct slice path, unsigned *ret)
{
    bool found = false;
    struct slice word;
    struct slice folder;
    struct slice rest;
    uint64_t number;

    while (slice_next(&path, '/', &word)) {
        rest = path;
        if (!slice_starts(word, SLICE("longhouse-")) || !slice_next(&rest, '/', &folder) ||
            !is_for_programs(folder))
            continue;
        path = rest;
        found = slice_next(&path, '/', &word) && number_parse(word, UINT32_MAX, &number);
        if (found)
            *ret = (unsigned)number;
    }
    return found;
}

bool cgroup_leaf_of(pid_t pid, unsigned *ret)
{
    bool found = false;
    char name[64];
    struct slice rest;
    struct slice line;
    char *text = NULL;
    size_t len = 0;

    snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
    if (file_read(AT_FDCWD, name, &text, &len) < 0)
        return false;
    rest = slice_of(text, len);
    while (!found && slice_next(&rest, '\n', &line))
        found = slice_starts(line, SLICE("0::")) && leaf_in(line, ret);
    free(text);
    return found;
}
