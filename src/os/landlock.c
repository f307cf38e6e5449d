#include "os/landlock.h"

#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What later headers have, by the number of the ABI that brought it. */
#define FS_REFER_2            (UINT64_C(1) << 13)
#define FS_TRUNCATE_3         (UINT64_C(1) << 14)
#define NET_BIND_TCP_4        (UINT64_C(1) << 0)
#define NET_CONNECT_TCP_4     (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX_6 (UINT64_C(1) << 0)
#define SCOPE_SIGNAL_6        (UINT64_C(1) << 1)

#define READ_RIGHTS                                                                                \
    ((uint64_t)LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |                         \
     LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_RIGHTS                                                                               \
    ((uint64_t)LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                     \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |   \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define FILE_RIGHTS /* the others make sense for folders only, and are refused for files */        \
    ((uint64_t)LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |                         \
     LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE_3)

/* As the kernel has it since ABI 6; older ones take the beginning. */
struct ruleset_attr {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};

int landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return abi < 0 ? 0 : (int)abi;
}

static uint64_t restricted_of(const struct landlock_scope *scope, int abi)
{
    return WRITE_RIGHTS | (abi >= 2 ? FS_REFER_2 : 0) | (abi >= 3 ? FS_TRUNCATE_3 : 0) |
           (scope->reads ? READ_RIGHTS : 0);
}

static size_t size_for(int abi)
{
    if (abi >= 6)
        return sizeof(struct ruleset_attr);
    return abi >= 4 ? offsetof(struct ruleset_attr, scoped) : offsetof(struct ruleset_attr, net);
}

int landlock_open(const struct landlock_scope *scope, int *ret_ruleset)
{
    const int abi = landlock_abi();
    struct ruleset_attr attr = { .fs = restricted_of(scope, abi) };

    if (abi == 0 || (scope->network && abi < 4))
        return -EOPNOTSUPP;
    if (scope->network)
        attr.net = NET_BIND_TCP_4 | NET_CONNECT_TCP_4;
    if (scope->reads)
        attr.scoped = SCOPE_ABSTRACT_UNIX_6 | SCOPE_SIGNAL_6;
    long fd = syscall(SYS_landlock_create_ruleset, &attr, size_for(abi), 0); /* close-on-exec */
    if (fd < 0)
        return -errno;
    *ret_ruleset = (int)fd;
    return 0;
}

int landlock_allow(int ruleset, const struct landlock_scope *scope, const char *path,
                   enum landlock_rights rights)
{
    uint64_t allowed = restricted_of(scope, landlock_abi());
    scoped_fd fd = open(path, O_PATH | O_CLOEXEC);
    struct stat info;

    if (rights == LANDLOCK_READ)
        allowed &= READ_RIGHTS;
    if (fd < 0 || fstat(fd, &info) < 0)
        return -errno;
    if (!S_ISDIR(info.st_mode))
        allowed &= FILE_RIGHTS;
    if (allowed == 0) /* reading is not restricted */
        return 0;
    const struct landlock_path_beneath_attr rule = { .allowed_access = allowed, .parent_fd = fd };
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0
               ? -errno
               : 0;
}

int landlock_enforce(int ruleset)
{
    return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}
