/* The control groups of the house: found, made, removed. */
#include "supervisor_private.h"

#include <errno.h>
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

bool groups_open(const struct server_conf *conf, const struct identity *identity,
                 struct arena *arena, struct diags *diags, struct groups *ret)
{
    const char *wanted = NULL;
    char base[4096];

    *ret = (struct groups){ .house = CGROUP_HOUSE_NONE, .why = "Cgroup = no" };
    if (conf->cgroup.kind == CGROUP_NO)
        return true;
    if (conf->cgroup.kind == CGROUP_AT_PATH)
        wanted = arena_cstr(arena, conf->cgroup.path);
    int r = cgroup_find_base(wanted, base, sizeof(base));
    if (r == 0)
        r = cgroup_house_make(base, identity->user, identity->group, controllers_of(conf),
                              &ret->house);
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

void groups_kill(const struct groups *groups)
{
    if (groups->house.programs >= 0)
        (void)cgroup_kill(groups->house.programs); /* the sweep finds what it does not reach */
}

void groups_close(struct groups *groups)
{
    cgroup_house_remove(&groups->house);
}
