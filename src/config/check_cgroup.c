/* Whether this system has the control groups that the configuration asks for. */
#include "build.h"
#include "config/load.h"
#include "os/cgroup.h"

#include <errno.h>

#define CURE                                                                                       \
    "with systemd: Delegate=yes in the service; else name a folder that the house may write to: "  \
    "Cgroup = /sys/fs/cgroup/..."

static unsigned needs_of(const struct confine_conf *confine)
{
    const struct cgroup_limits limits = {
        .memory_bytes = confine->group_memory_bytes,
        .processes = confine->group_processes,
        .cpu_weight = confine->cpu_share,
    };

    return cgroup_limits_need(&limits);
}

static void refuse(const struct confine_conf *confine, enum diag_level level, const char *why,
                   const char *cure, struct diags *diags)
{
    diag_hint(diags,
              diag_add(diags, level, &confine->group_place,
                       "CGIgroupMemory, CGIgroupProcesses and CGIcpuShare need control groups: %s",
                       why),
              "%s", cure);
}

static void check_needs(const struct server_conf *conf, const struct confine_conf *confine, int r,
                        unsigned controllers, struct diags *diags)
{
    unsigned missing = needs_of(confine) & ~controllers;

    if (needs_of(confine) == 0)
        return;
    if (conf->cgroup.kind == CGROUP_NO)
        refuse(confine, DIAG_ERROR, "'Cgroup = no' says that there shall be none",
               "leave one of the two out", diags);
    else if (r == -EPERM) /* that of a shell tells nothing about that of a service */
        refuse(confine, DIAG_WARNING, cgroup_base_text(r),
               "a house that is started as this command was does not start; " CURE, diags);
    else if (r < 0)
        refuse(confine, DIAG_ERROR, cgroup_base_text(r), CURE, diags);
    else if (missing)
        refuse(confine, DIAG_ERROR,
               missing & CGROUP_MEMORY ? "the controller 'memory' is not to be had there"
               : missing & CGROUP_PIDS ? "the controller 'pids' is not to be had there"
                                       : "the controller 'cpu' is not to be had there",
               "see cgroup.controllers there; a controller that is mounted as version 1 is not in "
               "version 2 (systemd.unified_cgroup_hierarchy=1 on the kernel's command line)",
               diags);
}

static const char *asked_path(const struct conf_cgroup *cgroup, struct arena *arena)
{
    return cgroup->kind == CGROUP_AT_PATH ? arena_cstr(arena, cgroup->path) : NULL;
}

void check_cgroup(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    const struct conf_cgroup *cgroup = &conf->cgroup;
    unsigned controllers = 0;
    bool asked = cgroup->kind == CGROUP_AT_PATH;
    int r = 0;

    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        asked = asked || needs_of(&host->confine) != 0;
    for (unsigned i = 0; i < conf->pool_count; i++)
        asked = asked || needs_of(&conf->pools[i]->run.confine) != 0;
    if (asked && cgroup->kind != CGROUP_NO)
        r = ask->cgroup(ask, asked_path(cgroup, diags->arena), &controllers);
    if (r < 0 && cgroup->kind == CGROUP_AT_PATH) {
        diag_hint(diags,
                  diag_add(diags, DIAG_ERROR, &cgroup->place, "Cgroup '%.*s': %s",
                           SLICE_ARGS(cgroup->path), cgroup_base_text(r)),
                  "make the folder for the user that starts the house, or write auto");
        return;
    }
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        check_needs(conf, &host->confine, r, controllers, diags);
    for (unsigned i = 0; i < conf->pool_count; i++)
        check_needs(conf, &conf->pools[i]->run.confine, r, controllers, diags);
}
