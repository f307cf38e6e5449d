/* Connections that are kept occupy workers: of whom, and of how many. */
#include "build.h"

#include <inttypes.h>

static void warn_of_two(struct build *build, const struct connect_conf *target,
                        const struct fastcgi_conf *keeper, const struct fastcgi_conf *other)
{
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_WARNING, &target->place,
                       "'%.*s' is a target of FastCGIserver '%.*s' as well, whose idle connections "
                       "(KeepConnections) occupy workers that '%.*s' may need",
                       SLICE_ARGS(target->text), SLICE_ARGS(keeper->id), SLICE_ARGS(other->id)),
              "let one section serve both, or keep no connections to targets that are shared");
}

/* `users`: which section named a target first. Once is enough for two sections. */
static void check_section(struct build *build, struct table *users, struct fastcgi_conf *section)
{
    for (const struct connect_conf *target = section->targets; target; target = target->next) {
        struct fastcgi_conf *earlier = table_find(users, target->text);

        if (!earlier) {
            table_put(users, target->text, section);
        } else if (earlier != section &&
                   (earlier->keep_connections > 0 || section->keep_connections > 0)) {
            const bool earlier_keeps = earlier->keep_connections > 0;

            warn_of_two(build, target, earlier_keeps ? earlier : section,
                        earlier_keeps ? section : earlier);
            return;
        }
    }
}

static void check_bound(struct build *build, const struct fastcgi_conf *section)
{
    if (section->max_connections == 0 || section->keep_connections <= section->max_connections)
        return;
    diag_add(build->diags, DIAG_WARNING, &section->place,
             "FastCGIserver '%.*s': KeepConnections (%" PRIu64
             ") is more than MaxConnections (%" PRIu64 "); no more than those are ever kept",
             SLICE_ARGS(section->id), section->keep_connections, section->max_connections);
}

void check_kept(struct build *build)
{
    struct table users = { 0 };

    for (struct fastcgi_conf *section = build->conf->fastcgi; section; section = section->next) {
        check_section(build, &users, section);
        check_bound(build, section);
    }
    table_done(&users);
}
