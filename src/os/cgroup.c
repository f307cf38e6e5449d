/* Where control groups are, and the folders of a house in them. */
#include "os/cgroup.h"

#include "base/number.h"
#include "os/fd.h"
#include "os_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NAME_START "longhouse-"
#define TRIES_MOST 8

/* ---- where ---- */

/* "0::/system.slice/longhouse.service"; an empty slice: no version 2. */
static struct slice own_path(struct slice membership)
{
    struct slice line;

    while (slice_next(&membership, '\n', &line))
        if (slice_starts(line, SLICE("0::/")))
            return slice_skip(line, 3);
    return (struct slice){ 0 };
}

static bool is_octal(struct slice text)
{
    for (size_t i = 0; i < 3; i++)
        if (text.len < 3 || text.at[i] < '0' || text.at[i] > '7')
            return false;
    return true;
}

/* Blanks and backslashes of a path are written as \040. False: no room. */
static bool unescape(struct slice text, char *ret, size_t room)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char byte = text.at[i];
        if (byte == '\\' && is_octal(slice_skip(text, i + 1))) {
            byte = (char)((text.at[i + 1] - '0') * 64 + (text.at[i + 2] - '0') * 8 +
                          (text.at[i + 3] - '0'));
            i += 3;
        }
        if (len + 1 >= room || byte == '\0')
            return false;
        ret[len++] = byte;
    }
    ret[len] = '\0';
    return true;
}

/* "31 23 0:28 ROOT POINT options - cgroup2 ..." */
static bool parse_mount(struct slice line, struct slice *ret_root, struct slice *ret_point)
{
    struct slice word;

    for (int i = 0; i < 3; i++)
        if (!slice_cut(line, ' ', &word, &line))
            return false;
    if (!slice_cut(line, ' ', ret_root, &line) || !slice_cut(line, ' ', ret_point, &line))
        return false;
    while (slice_cut(line, ' ', &word, &line))
        if (slice_equal(word, SLICE("-")))
            return slice_starts(line, SLICE("cgroup2 "));
    return false;
}

/* What of `path` lies below the root of the mount. */
static bool below_mount(struct slice path, struct slice root, struct slice *ret)
{
    if (slice_equal(root, SLICE("/"))) {
        *ret = path;
        return true;
    }
    *ret = slice_skip(path, root.len);
    return slice_starts(path, root) && (ret->len == 0 || ret->at[0] == '/');
}

bool cgroup_locate(struct slice membership, struct slice mounts, char *ret, size_t room)
{
    struct slice path = own_path(membership);
    struct slice line;
    struct slice root;
    struct slice point;
    struct slice rest;

    if (path.len == 0 || slice_has(path, '\0'))
        return false;
    while (slice_next(&mounts, '\n', &line)) {
        if (!parse_mount(line, &root, &point) || !below_mount(path, root, &rest) ||
            !unescape(point, ret, room))
            continue;
        size_t len = strlen(ret);
        if (slice_equal(rest, SLICE("/")))
            rest.len = 0;
        if (len + rest.len >= room)
            continue;
        memcpy(ret + len, rest.at, rest.len);
        ret[len + rest.len] = '\0';
        return true;
    }
    return false;
}

static int find_own(char *ret, size_t room)
{
    char *membership = NULL;
    char *mounts = NULL;
    size_t membership_len = 0;
    size_t mounts_len = 0;
    bool found = file_read(AT_FDCWD, "/proc/self/cgroup", &membership, &membership_len) == 0 &&
                 file_read(AT_FDCWD, "/proc/self/mountinfo", &mounts, &mounts_len) == 0 &&
                 cgroup_locate(slice_of(membership, membership_len), slice_of(mounts, mounts_len),
                               ret, room);

    free(membership);
    free(mounts);
    return found ? 0 : -ENOENT;
}

/* Commands of a unit (ExecStartPre) run in a folder beside its service. */
static void leave_control_folder(char *path)
{
    static const char name[] = "/.control";
    size_t len = strlen(path);

    if (len > sizeof(name) - 1 && strcmp(path + len - (sizeof(name) - 1), name) == 0)
        path[len - (sizeof(name) - 1)] = '\0';
}

/* The end of PATH/longhouse-PID-N/house, where the supervisor of a house is. NULL: it is no such
 * path. */
static char *find_house(char *path)
{
    char *name = strrchr(path, '/');

    if (!name || name == path || strcmp(name, "/house") != 0)
        return NULL;
    for (name--; name > path && *name != '/'; name--)
        ;
    return strncmp(name, "/" NAME_START, sizeof("/" NAME_START) - 1) == 0 ? name : NULL;
}

static bool has_mark(const char *path, const char *name)
{
    char value[8];

    return getxattr(path, name, value, sizeof(value)) == 1 && value[0] == '1';
}

/* systemd marks what it delegates; the first folder that we can see is nobody else's. */
static bool is_delegated(const char *path)
{
    char above[PATH_MAX];
    struct statfs system;
    struct stat owner;

    if (has_mark(path, "trusted.delegate") || has_mark(path, "user.delegate"))
        return true;
    if (geteuid() != 0 && stat(path, &owner) == 0 && owner.st_uid == geteuid())
        return true;
    if (snprintf(above, sizeof(above), "%s/..", path) >= (int)sizeof(above))
        return false;
    return statfs(above, &system) == 0 && system.f_type != CGROUP2_SUPER_MAGIC;
}

int cgroup_find_base(const char *wanted, char *ret, size_t room)
{
    struct statfs system;
    int r = 0;

    if (!wanted) {
        r = find_own(ret, room);
        if (r == 0)
            leave_control_folder(ret);
        char *house = r == 0 ? find_house(ret) : NULL;
        if (house)
            *house = '\0'; /* ours stands beside it */
    } else if (snprintf(ret, room, "%s", wanted) >= (int)room) {
        r = -ENAMETOOLONG;
    }
    if (r < 0)
        return r;
    if (statfs(ret, &system) < 0)
        return -errno;
    if (system.f_type != CGROUP2_SUPER_MAGIC)
        return -ENOTSUP;
    if (!wanted && !is_delegated(ret))
        return -EPERM;
    return faccessat(AT_FDCWD, ret, W_OK, AT_EACCESS) < 0 ? -errno : 0;
}

const char *cgroup_base_text(int error)
{
    switch (-error) {
    case ENOENT:
        return "there are no control groups of version 2";
    case ENOTSUP:
        return "that is no folder of control groups of version 2";
    case EPERM:
        return "the control group of this process was not delegated to it";
    case EBUSY:
        return "other processes are in that control group, beside which the kernel limits nothing";
    case ENOSYS:
        return "this kernel cannot kill a control group (Linux 5.14)";
    default:
        return strerror(-error);
    }
}

/* ---- what can be limited ---- */

static const struct {
    const char *name;
    unsigned bit;
} controllers_known[] = { { "cpu", CGROUP_CPU },
                          { "memory", CGROUP_MEMORY },
                          { "pids", CGROUP_PIDS } };

unsigned cgroup_controllers_parse(struct slice text)
{
    unsigned found = 0;
    struct slice word;

    text = slice_trim_space(text);
    while (slice_next(&text, ' ', &word))
        for (size_t i = 0; i < sizeof(controllers_known) / sizeof(controllers_known[0]); i++)
            if (slice_equal_cstr(word, controllers_known[i].name))
                found |= controllers_known[i].bit;
    return found;
}

int cgroup_controllers(int folder, unsigned *ret)
{
    char *text = NULL;
    size_t len = 0;
    int r = file_read(folder, "cgroup.controllers", &text, &len);

    if (r < 0)
        return r;
    *ret = cgroup_controllers_parse(slice_of(text, len));
    free(text);
    return 0;
}

/* ---- files and folders ---- */

static int write_file(int folder, const char *name, const char *text)
{
    scoped_fd fd = openat(folder, name, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int write_number(int folder, const char *name, uint64_t number)
{
    char text[24];

    if (number == 0)
        return 0;
    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    return write_file(folder, name, text);
}

static int open_folder(int parent, const char *name, int *ret)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    *ret = fd;
    return 0;
}

int cgroup_enter(int folder)
{
    return write_file(folder, "cgroup.procs", "0");
}

int cgroup_kill(int folder)
{
    return write_file(folder, "cgroup.kill", "1");
}

unsigned cgroup_limits_need(const struct cgroup_limits *limits)
{
    return (limits->memory_bytes ? CGROUP_MEMORY : 0u) | (limits->processes ? CGROUP_PIDS : 0u) |
           (limits->cpu_weight ? CGROUP_CPU : 0u);
}

int cgroup_limit(int folder, const struct cgroup_limits *limits)
{
    int r = write_number(folder, "memory.max", limits->memory_bytes);

    if (r == 0 && limits->memory_bytes > 0) /* half a family is of no use to anybody */
        r = write_file(folder, "memory.oom.group", "1");
    if (r == 0)
        r = write_number(folder, "pids.max", limits->processes);
    return r < 0 ? r : write_number(folder, "cpu.weight", limits->cpu_weight);
}

int cgroup_remove(int parent, const char *name)
{
    scoped_fd folder = -1;

    if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
        return 0;
    if (errno != EBUSY || open_folder(parent, name, &folder) < 0)
        return -errno;
    cgroup_remove_empty(folder);
    return unlinkat(parent, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

void cgroup_remove_empty(int parent)
{
    int copy = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);

    if (!folder) {
        fd_close(&copy);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            (void)cgroup_remove(parent, entry->d_name);
    closedir(folder);
}

/* ---- a house ---- */

/* Whoever can lock the folder of a house is alone with it: supervisor and spawner are gone. */
static void remove_if_dead(int base, const char *name)
{
    scoped_fd folder = -1;

    if (open_folder(base, name, &folder) < 0 || flock(folder, LOCK_EX | LOCK_NB) < 0)
        return;
    (void)cgroup_kill(folder);
    (void)cgroup_remove(base, name); /* what is still dying: the next house removes it */
}

static void remove_dead_houses(int base)
{
    int copy = openat(base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);

    if (!folder) {
        fd_close(&copy);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (strncmp(entry->d_name, NAME_START, sizeof(NAME_START) - 1) == 0)
            remove_if_dead(base, entry->d_name);
    closedir(folder);
}

/* A folder of our name may be another's, who sees other numbers of processes. */
static int make_locked(struct cgroup_house *house)
{
    struct stat made;

    for (int i = 1; i <= TRIES_MOST; i++) {
        snprintf(house->name, sizeof(house->name), NAME_START "%d-%d", (int)getpid(), i);
        if (mkdirat(house->base, house->name, 0755) < 0) {
            if (errno == EEXIST)
                continue;
            return -errno;
        }
        /* Between the two somebody may have taken it for that of a dead house. */
        if (open_folder(house->base, house->name, &house->folder) == 0 &&
            flock(house->folder, LOCK_EX | LOCK_NB) == 0 &&
            fstatat(house->base, house->name, &made, AT_SYMLINK_NOFOLLOW) == 0)
            return 0;
        fd_close(&house->folder);
    }
    return -EEXIST;
}

/* Each by itself; 0 or the first negative errno. */
static int switch_controllers(int folder, char sign, unsigned controllers)
{
    int first = 0;

    for (size_t i = 0; i < sizeof(controllers_known) / sizeof(controllers_known[0]); i++) {
        char text[16];
        if (!(controllers & controllers_known[i].bit))
            continue;
        snprintf(text, sizeof(text), "%c%s", sign, controllers_known[i].name);
        int r = write_file(folder, "cgroup.subtree_control", text);
        if (first == 0)
            first = r;
    }
    return first;
}

static int hand_down(int folder, unsigned controllers)
{
    return switch_controllers(folder, '+', controllers);
}

/* By whoever made the folder. */
static unsigned handed_down_before(int folder)
{
    char *text = NULL;
    size_t len = 0;

    if (file_read(folder, "cgroup.subtree_control", &text, &len) < 0)
        return 0;
    unsigned found = cgroup_controllers_parse(slice_of(text, len));
    free(text);
    return found;
}

/* We were started by the supervisor of another house, and must not end with it. */
static bool is_in_another_house(void)
{
    char path[PATH_MAX];

    return find_own(path, sizeof(path)) == 0 && find_house(path);
}

static int enter_house(struct cgroup_house *house, unsigned controllers)
{
    scoped_fd own = -1;

    if (controllers == 0 && !is_in_another_house())
        return 0;
    if (mkdirat(house->folder, "house", 0755) < 0)
        return -errno;
    int r = open_folder(house->folder, "house", &own);
    if (r == 0)
        r = cgroup_enter(own);
    if (r < 0)
        return r;
    house->entered = true;
    house->handed_down = controllers & ~handed_down_before(house->base);
    r = hand_down(house->base, controllers);
    return r < 0 ? r : hand_down(house->folder, controllers);
}

static int make_folder(struct cgroup_house *house, const char *name, int *ret)
{
    if (mkdirat(house->folder, name, 0755) < 0)
        return -errno;
    return open_folder(house->folder, name, ret);
}

/* The kernel wants who moves a process to be owner of the folder above both places. */
static int give_house(const struct cgroup_house *house, uid_t owner, gid_t group)
{
    if (owner == geteuid())
        return 0;
    return fchownat(house->folder, "cgroup.procs", owner, group, 0) < 0 ? -errno : 0;
}

/* Leaves are made in it, and processes moved there. */
static int give_programs(int programs, uid_t owner, gid_t group)
{
    if (owner == geteuid())
        return 0;
    if (fchown(programs, owner, group) < 0 ||
        fchownat(programs, "cgroup.procs", owner, group, 0) < 0)
        return -errno;
    return 0;
}

static int fill_house(struct cgroup_house *house, uid_t owner, gid_t group, unsigned controllers)
{
    int r = make_folder(house, "spawner", &house->spawner);

    if (r == 0)
        r = make_folder(house, "programs", &house->programs);
    if (r == 0 && faccessat(house->programs, "cgroup.kill", F_OK, 0) < 0) /* Linux before 5.14 */
        r = -errno == -ENOENT ? -ENOSYS : -errno;
    if (r == 0)
        r = enter_house(house, controllers);
    if (r == 0)
        r = hand_down(house->programs, controllers);
    if (r == 0)
        r = give_programs(house->programs, owner, group);
    return r < 0 ? r : give_house(house, owner, group);
}

int cgroup_programs_make(const struct cgroup_house *house, unsigned number, uid_t owner,
                         gid_t group, unsigned controllers, int *ret)
{
    scoped_fd folder = -1;
    char name[32];

    snprintf(name, sizeof(name), "programs-%u", number);
    if (mkdirat(house->folder, name, 0755) < 0)
        return -errno;
    int r = open_folder(house->folder, name, &folder);
    if (r == 0)
        r = hand_down(folder, controllers);
    if (r == 0)
        r = give_programs(folder, owner, group);
    if (r == 0)
        *ret = fd_take(&folder);
    return r;
}

int cgroup_house_make(const char *base, uid_t owner, gid_t group, unsigned controllers,
                      struct cgroup_house *ret)
{
    struct cgroup_house house = CGROUP_HOUSE_NONE;
    int r = open_folder(AT_FDCWD, base, &house.base);

    if (r == 0) {
        remove_dead_houses(house.base);
        r = make_locked(&house);
    }
    if (r == 0)
        r = fill_house(&house, owner, group, controllers);
    if (r < 0)
        cgroup_house_remove(&house);
    else
        *ret = house;
    return r;
}

/* Back where we were: the controllers first, which forbid processes there. */
static void leave_house(struct cgroup_house *house)
{
    (void)switch_controllers(house->base, '-', house->handed_down);
    if (cgroup_enter(house->base) == 0)
        house->entered = false;
}

void cgroup_house_remove(struct cgroup_house *house)
{
    if (house->programs >= 0)
        (void)cgroup_kill(house->programs);
    if (house->entered)
        leave_house(house);
    if (house->folder >= 0)
        (void)cgroup_remove(house->base, house->name);
    fd_close(&house->programs);
    fd_close(&house->spawner);
    fd_close(&house->folder);
    fd_close(&house->base);
}
