#include "os/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int sandbox_become(uid_t user, gid_t group, const gid_t *groups, size_t group_count)
{
    uid_t real_user, effective_user, saved_user;
    gid_t real_group, effective_group, saved_group;

    /* The user last: the others need its rights. */
    if (setgroups(group_count, groups) < 0 || setresgid(group, group, group) < 0 ||
        setresuid(user, user, user) < 0)
        return -errno;

    if (getresuid(&real_user, &effective_user, &saved_user) < 0 ||
        getresgid(&real_group, &effective_group, &saved_group) < 0)
        return -errno;
    if (real_user != user || effective_user != user || saved_user != user)
        return -EPERM;
    if (real_group != group || effective_group != group || saved_group != group)
        return -EPERM;
    if (user != 0 && (setuid(0) == 0 || seteuid(0) == 0))
        return -EPERM;
    return 0;
}

/* Without CAP_SETPCAP nothing can be dropped; no-new-privs then keeps the set from being used. */
static int drop_bounding_set(uint64_t kept)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        bool keep = cap < 64 && (kept >> cap & 1);
        if (!keep && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return errno == EPERM ? 0 : -errno;
    }
    return 0;
}

int sandbox_drop_bounding_set(void)
{
    return drop_bounding_set(0);
}

int sandbox_keep_capabilities(uint64_t kept)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct sets[2] = {
        { .effective = (uint32_t)kept, .permitted = (uint32_t)kept },
        { .effective = (uint32_t)(kept >> 32), .permitted = (uint32_t)(kept >> 32) },
    };
    struct __user_cap_data_struct now[2];

    int r = drop_bounding_set(kept);
    if (r < 0)
        return r;
    /* EINVAL: a kernel before 4.3 has no ambient set. */
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
        return -errno;
    if (syscall(SYS_capset, &head, sets) < 0)
        return -errno;
    if (syscall(SYS_capget, &head, now) < 0)
        return -errno;
    return memcmp(sets, now, sizeof(now)) == 0 ? 0 : -EPERM;
}

int sandbox_drop_capabilities(void)
{
    return sandbox_keep_capabilities(0);
}

int sandbox_keep_over_change(void)
{
    return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int sandbox_hand_down(uint64_t kept)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct sets[2];

    for (int i = 0; i < 2; i++) {
        uint32_t half = (uint32_t)(kept >> (32 * i));
        sets[i] = (struct __user_cap_data_struct){ half, half, half };
    }
    if (syscall(SYS_capset, &head, sets) < 0)
        return -errno;
    for (unsigned long cap = 0; cap < 64; cap++)
        if ((kept >> cap & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            return -errno;
    return 0;
}

int sandbox_capabilities(uint64_t *ret)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct now[2];

    if (syscall(SYS_capget, &head, now) < 0)
        return -errno;
    *ret = now[0].effective | (uint64_t)now[1].effective << 32;
    return 0;
}

int sandbox_no_new_privs(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int sandbox_die_with_parent(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return -errno;
    return getppid() == parent ? 0 : -ESRCH; /* it may have died before the wish was heard */
}

int sandbox_undumpable(void)
{
    const struct rlimit none = { 0, 0 };

    if (setrlimit(RLIMIT_CORE, &none) < 0)
        return -errno;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}
