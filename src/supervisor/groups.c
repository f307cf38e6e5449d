/* The control groups of the house: found, made, removed. */
#include "supervisor_private.h"

#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static unsigned controllers_of(const struct server_conf *conf)
{
    unsigned needs = 0;

    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        const struct cgroup_limits limits = {
            .memory_bytes = host->confine.group_memory_bytes,
            .processes = host->confine.group_processes,
            .cpu_weight = host->confine.cpu_share,
        };
        needs |= cgroup_limits_need(&limits);
    }
    return needs;
}

/* Somebody asked for it by name, or for a limit that is not to be had otherwise. */
static bool is_required(const struct server_conf *conf)
{
    return conf->cgroup.kind == CGROUP_AT_PATH || controllers_of(conf) != 0;
}

void groups_init(struct groups *groups)
{
    *groups = (struct groups){ .house = CGROUP_HOUSE_NONE };
    for (unsigned i = 0; i < SPAWNERS_MOST; i++)
        groups->programs[i] = -1;
}

/* The first spawner has the folder of the house, each further one a folder of its own: when one of
 * them dies, its programs end, and nobody else's. */
static int make_folders(struct groups *groups, unsigned spawners, const struct identity *identity,
                        unsigned controllers)
{
    int r = 0;

    groups->programs[0] = fcntl(groups->house.programs, F_DUPFD_CLOEXEC, 3);
    if (groups->programs[0] < 0)
        return -errno;
    for (unsigned i = 1; i < spawners && r == 0; i++)
        r = cgroup_programs_make(&groups->house, i + 1, identity->user, identity->group,
                                 controllers, &groups->programs[i]);
    return r;
}

bool groups_open(const struct server_conf *conf, unsigned spawners, const struct identity *identity,
                 struct arena *arena, struct diags *diags, struct groups *ret)
{
    const char *wanted = NULL;
    char base[4096];

    groups_init(ret);
    ret->why = "Cgroup = no";
    if (conf->cgroup.kind == CGROUP_NO)
        return true;
    if (conf->cgroup.kind == CGROUP_AT_PATH)
        wanted = arena_cstr(arena, conf->cgroup.path);
    ret->controllers = controllers_of(conf);
    int r = cgroup_find_base(wanted, base, sizeof(base));
    if (r == 0)
        r = cgroup_house_make(base, identity->user, identity->group, controllers_of(conf),
                              &ret->house);
    if (r == 0) {
        r = make_folders(ret, spawners, identity, controllers_of(conf));
        if (r < 0)
            groups_close(ret);
    }
    ret->why = r < 0 ? cgroup_base_text(r) : NULL;
    if (r == 0)
        ret->path = arena_printf(arena, "%s/%s", base, ret->house.name).at;
    if (r == 0 || !is_required(conf))
        return true;
    diag_hint(diags,
              diag_add(diags, DIAG_ERROR, &conf->cgroup.place,
                       "the control groups for programs cannot be made: %s", ret->why),
              "with systemd: Delegate=yes in the service; else name a folder that the house may "
              "write to: Cgroup = /sys/fs/cgroup/...");
    return false;
}

bool groups_lack(const struct groups *groups, const struct server_conf *next)
{
    return (controllers_of(next) & ~groups->controllers) != 0;
}

void groups_kill(const struct groups *groups, unsigned spawner)
{
    if (groups->programs[spawner] >= 0)
        (void)cgroup_kill(groups->programs[spawner]); /* the sweep finds what it does not reach */
}

void groups_close(struct groups *groups)
{
    for (unsigned i = 0; i < SPAWNERS_MOST; i++) {
        groups_kill(groups, i);
        fd_close(&groups->programs[i]);
    }
    cgroup_house_remove(&groups->house);
}
