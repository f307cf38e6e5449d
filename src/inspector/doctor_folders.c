/* What the user of the server may do: enter websites, write in WorkDirectory. */
#include "doctor.h"

#include "os/hindrance.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char *hindrance_text(struct arena *arena, const char *path)
{
    struct hindrance it;

    if (!hindrance_find(path, &it))
        return "the user of the server needs the right to enter it";
    return arena_printf(arena, "'%s' (mode %04o, user %u, group %u): chmod o+x, or a group",
                        it.path, (unsigned)it.mode, (unsigned)it.owner, (unsigned)it.group)
        .at;
}

static void look_at_root(const struct visit_of_doctor *visit, const struct vhost_conf *host)
{
    struct arena *arena = visit->findings->arena;
    const char *path = arena_cstr(arena, host->website_root);

    if (host->website_root.len == 0)
        return;
    if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
        finding_add(visit->findings, FINDING_OK, "website", NULL, "%s can be entered", path);
    else
        finding_add(visit->findings, FINDING_FAIL, "website",
                    errno == EACCES ? hindrance_text(arena, path)
                                    : "make it, or correct WebsiteRoot",
                    "%s: %s", path, strerror(errno));
}

void doctor_folders(const struct visit_of_doctor *visit)
{
    const struct server_conf *conf = visit->conf;
    const char *work = arena_cstr(visit->findings->arena, conf->work_directory);

    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        if (doctor_looks_at(visit, host))
            look_at_root(visit, host);
    if (conf->work_directory.len == 0)
        return;
    if (faccessat(AT_FDCWD, work, W_OK | X_OK, AT_EACCESS) == 0)
        finding_add(visit->findings, FINDING_OK, "WorkDirectory", NULL, "%s can be written in",
                    work);
    else
        finding_add(visit->findings, FINDING_FAIL, "WorkDirectory",
                    "the user of the server must be able to write there (chown)", "%s: %s", work,
                    strerror(errno));
}
