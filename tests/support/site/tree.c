#include "site/tree.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH_ROOM 4096

static void full_path(const struct tree *tree, const char *path, char out[PATH_ROOM])
{
    int len = snprintf(out, PATH_ROOM, "%s/%s", tree->root, path);

    ck_assert_int_lt(len, PATH_ROOM);
}

/* The folders on the way to `full`. */
static void make_way(char *full, size_t from)
{
    for (char *slash = strchr(full + from, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0755); /* may be there: what follows tells */
        *slash = '/';
    }
}

static void place(const struct tree *tree, const char *path, char out[PATH_ROOM])
{
    full_path(tree, path, out);
    make_way(out, strlen(tree->root) + 1);
}

void tree_make(struct tree *tree)
{
    snprintf(tree->root, sizeof(tree->root), "/tmp/longhouse-tree-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(tree->root));
    ck_assert_int_eq(chmod(tree->root, 0755), 0);
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *where)
{
    (void)stat;
    (void)flag;
    (void)where;
    return remove(path);
}

void tree_remove(struct tree *tree)
{
    nftw(tree->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void tree_folder(const struct tree *tree, const char *path)
{
    char full[PATH_ROOM];

    place(tree, path, full);
    ck_assert_int_eq(mkdir(full, 0755), 0);
}

void tree_bytes(const struct tree *tree, const char *path, struct slice content)
{
    char full[PATH_ROOM];

    place(tree, path, full);
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content.at, content.len), (ssize_t)content.len);
    close(fd);
}

void tree_file(const struct tree *tree, const char *path, const char *content)
{
    tree_bytes(tree, path, slice_cstr(content));
}

void tree_sparse(const struct tree *tree, const char *path, off_t size)
{
    char full[PATH_ROOM];

    tree_file(tree, path, "");
    full_path(tree, path, full);
    ck_assert_int_eq(truncate(full, size), 0);
}

void tree_link(const struct tree *tree, const char *path, const char *to)
{
    char full[PATH_ROOM];

    place(tree, path, full);
    ck_assert_int_eq(symlink(to, full), 0);
}

void tree_fifo(const struct tree *tree, const char *path)
{
    char full[PATH_ROOM];

    place(tree, path, full);
    ck_assert_int_eq(mkfifo(full, 0644), 0);
}

void tree_socket(const struct tree *tree, const char *path)
{
    char full[PATH_ROOM];
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    place(tree, path, full);
    ck_assert_uint_lt(strlen(full), sizeof(address.sun_path));
    memcpy(address.sun_path, full, strlen(full));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
}

void tree_mode(const struct tree *tree, const char *path, mode_t mode)
{
    char full[PATH_ROOM];

    full_path(tree, path, full);
    ck_assert_int_eq(chmod(full, mode), 0);
}

void tree_unlink(const struct tree *tree, const char *path)
{
    char full[PATH_ROOM];

    full_path(tree, path, full);
    ck_assert_int_eq(remove(full), 0);
}

void tree_time(const struct tree *tree, const char *path, time_t modified_s)
{
    char full[PATH_ROOM];
    const struct timespec times[2] = { { .tv_sec = modified_s }, { .tv_sec = modified_s } };

    full_path(tree, path, full);
    ck_assert_int_eq(utimensat(AT_FDCWD, full, times, 0), 0);
}

#define NOBODY 65534

void tree_as_nobody(void)
{
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(NOBODY), 0);
}

void tree_as_before(void)
{
    if (geteuid() == getuid())
        return;
    ck_assert_int_eq(seteuid(getuid()), 0);
    ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0); /* the leak check looks at the process */
}
