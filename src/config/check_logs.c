/* Logs that several hosts write to begin anew for all of them at the same time. */
#include "build.h"

static const char *const periods[] = { "never", "daily", "weekly", "monthly" };

/* `firsts`: who said first when a file begins anew. */
static void check_log(struct build *build, struct table *firsts, struct conf_log *log)
{
    if (log->kind != LOG_TO_FILE || log->rotate == ROTATE_NEVER)
        return;
    const struct conf_log *first = table_find(firsts, log->path);
    if (!first)
        table_put(firsts, log->path, log);
    else if (first->rotate != log->rotate)
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_WARNING, &log->place,
                           "'%.*s' begins anew %s, as an earlier option says, not %s",
                           SLICE_ARGS(log->path), periods[first->rotate], periods[log->rotate]),
                  "a file has one period: write the same one, or name another file");
}

void check_logs(struct build *build)
{
    struct table firsts = { 0 };

    check_log(build, &firsts, &build->conf->system_log);
    check_log(build, &firsts, &build->conf->exploit_log);
    check_log(build, &firsts, &build->conf->garbage_log);
    for (struct vhost_conf *host = build->conf->hosts; host; host = host->next) {
        check_log(build, &firsts, &host->access_log);
        check_log(build, &firsts, &host->error_log);
    }
    table_done(&firsts);
}
