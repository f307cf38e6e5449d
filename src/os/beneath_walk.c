/*
 * Files beneath a root, component by component: for kernels without openat2, and to judge links by
 * their owner.
 */
#include "os_private.h"

#include "os/fd.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define LINKS_MOST 40 /* as the kernel: path_resolution(7) */

/* A text still to be walked: the path itself, or what stood in a link. */
struct leg {
    char *text; /* owned; NULL for the path itself, which the caller keeps */
    const char *at;
    bool trusted; /* a link of root: may leave the root of the walk */
};

struct walk {
    enum beneath_links links;
    struct stat root;
    bool outside; /* a link of root led out of the root */

    struct leg legs[LINKS_MOST + 1];
    int leg_count;
    int link_count;

    /* The directories from the root (or from where we are outside) down to where we stand: ".."
     * takes one off, so no rename by others can lift us above the first. */
    int *trail; /* owned */
    size_t trail_len;
    size_t trail_room;
};

static void walk_done(struct walk *walk)
{
    for (int i = 0; i < walk->leg_count; i++)
        free(walk->legs[i].text);
    for (size_t i = 0; i < walk->trail_len; i++)
        fd_close(&walk->trail[i]);
    free(walk->trail);
}

static int trail_push(struct walk *walk, int *fd)
{
    if (walk->trail_len == walk->trail_room) {
        size_t room = walk->trail_room ? 2 * walk->trail_room : 16;
        int *trail = realloc(walk->trail, room * sizeof(*trail));
        if (!trail)
            return -ENOMEM;
        walk->trail = trail;
        walk->trail_room = room;
    }
    walk->trail[walk->trail_len++] = fd_take(fd);
    return 0;
}

/* Where we stand is all that is left: the way back is forgotten. */
static void trail_restart(struct walk *walk, int *fd)
{
    while (walk->trail_len > 0)
        fd_close(&walk->trail[--walk->trail_len]);
    walk->trail[walk->trail_len++] = fd_take(fd); /* had room for one */
}

static int here(const struct walk *walk)
{
    assert(walk->trail_len > 0);
    return walk->trail[walk->trail_len - 1];
}

static int leg_push(struct walk *walk, const char *text, bool trusted)
{
    assert(walk->leg_count <= LINKS_MOST); /* follow() counts */

    char *copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    walk->legs[walk->leg_count++] = (struct leg){ .text = copy, .at = copy, .trusted = trusted };
    return 0;
}

/* The next component, in `name`, and whether a link of root spoke it. 1, 0 at the end, or negative
 * errno. */
static int next_component(struct walk *walk, char name[NAME_MAX + 1], bool *ret_trusted)
{
    while (walk->leg_count > 0) {
        struct leg *leg = &walk->legs[walk->leg_count - 1];

        leg->at += strspn(leg->at, "/");
        size_t len = strcspn(leg->at, "/");
        if (len == 0) {
            free(leg->text);
            walk->leg_count--;
            continue;
        }
        if (len > NAME_MAX)
            return -ENAMETOOLONG;

        memcpy(name, leg->at, len);
        name[len] = '\0';
        leg->at += len;
        *ret_trusted = leg->trusted;
        return 1;
    }
    return 0;
}

/* No component follows; *ret_slash: but a slash does, so the last must be a directory. */
static bool at_end(const struct walk *walk, bool *ret_slash)
{
    bool slash = false;

    for (int i = 0; i < walk->leg_count; i++) {
        const char *rest = walk->legs[i].at;
        if (rest[strspn(rest, "/")] != '\0')
            return false;
        slash |= *rest == '/';
    }
    *ret_slash = slash;
    return true;
}

static int open_directory(int at, const char *name)
{
    int fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static int step_up(struct walk *walk, bool trusted)
{
    if (walk->outside && !trusted) /* outside, only root says where to go */
        return -EXDEV;
    if (walk->trail_len > 1) {
        fd_close(&walk->trail[--walk->trail_len]);
        return 0;
    }
    if (!trusted)
        return -EXDEV;

    scoped_fd parent = open_directory(here(walk), "..");
    if (parent < 0)
        return parent;
    walk->outside = true;
    trail_restart(walk, &parent);
    return 0;
}

static int step_into(struct walk *walk, int *fd, const struct stat *found)
{
    if (walk->outside && found->st_dev == walk->root.st_dev &&
        found->st_ino == walk->root.st_ino) { /* back home */
        walk->outside = false;
        trail_restart(walk, fd);
        return 0;
    }
    return trail_push(walk, fd);
}

static int follow(struct walk *walk, int link, uid_t owner)
{
    char target[PATH_MAX];
    bool trusted = owner == 0;

    if (walk->links == BENEATH_NO_LINKS || ++walk->link_count > LINKS_MOST)
        return -ELOOP;
    if (walk->outside && !trusted)
        return -EXDEV;

    ssize_t len = readlinkat(link, "", target, sizeof(target));
    if (len < 0)
        return -errno;
    if (len == 0)
        return -ENOENT;
    if (len == sizeof(target))
        return -ENAMETOOLONG;
    target[len] = '\0';

    if (target[0] == '/') {
        if (!trusted)
            return -EXDEV;
        scoped_fd top = open_directory(AT_FDCWD, "/");
        if (top < 0)
            return top;
        walk->outside = true;
        trail_restart(walk, &top);
    }
    return leg_push(walk, target, trusted);
}

/* Opens what `name` in the last directory is; nobody can slip a link in since it was looked at. */
static int open_last(const struct walk *walk, const char *name, int flags)
{
    int fd = openat(here(walk), name, flags | O_NOFOLLOW);

    return fd < 0 ? -errno : fd;
}

/* 0: go on. 1: *ret_fd is the file. */
static int step(struct walk *walk, const char *name, bool trusted, int flags, int *ret_fd)
{
    if (strcmp(name, ".") == 0)
        return 0;
    if (strcmp(name, "..") == 0)
        return step_up(walk, trusted);

    struct stat found;
    scoped_fd fd = openat(here(walk), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &found) < 0)
        return -errno;
    if (S_ISLNK(found.st_mode))
        return follow(walk, fd, found.st_uid);

    bool slash = false;
    bool last = at_end(walk, &slash);
    if (!S_ISDIR(found.st_mode) && (slash || !last))
        return -ENOTDIR;
    if (!last)
        return step_into(walk, &fd, &found);

    int opened = open_last(walk, name, flags | (slash ? O_DIRECTORY : 0));
    if (opened < 0)
        return opened;
    *ret_fd = opened;
    return 1;
}

static int walk_all(struct walk *walk, int flags, int *ret_fd)
{
    char name[NAME_MAX + 1];
    bool trusted;
    int r;

    while ((r = next_component(walk, name, &trusted)) > 0) {
        r = step(walk, name, trusted, flags, ret_fd);
        if (r != 0)
            return r < 0 ? r : 0;
    }
    if (r < 0)
        return r;

    int fd = open_last(walk, ".", flags); /* it ended with "." or "..": where we stand */
    if (fd < 0)
        return fd;
    *ret_fd = fd;
    return 0;
}

int beneath_walk(int root, const char *path, enum beneath_links links, int flags, int *ret_fd)
{
    struct walk walk = { .links = links };
    scoped_fd start = open_directory(root, ".");
    if (start < 0)
        return start;
    if (fstat(start, &walk.root) < 0)
        return -errno;

    walk.legs[walk.leg_count++] = (struct leg){ .at = path };

    int r = trail_push(&walk, &start);
    if (r == 0)
        r = walk_all(&walk, flags, ret_fd);
    walk_done(&walk);
    return r;
}
