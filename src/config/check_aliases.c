/* Aliases that can never be reached, because another one takes all their paths. */
#include "build.h"

static const char *name_of(const struct alias_conf *alias)
{
    return alias->file.len > 0 ? "ScriptAlias" : "Alias";
}

/* Takes every path that `alias` covers: the same again and later, or a program that has PATH_INFO.
 */
static bool hides(const struct vhost_conf *host, const struct alias_conf *other,
                  const struct alias_conf *alias)
{
    bool is_script = alias->file.len > 0;
    bool by_script = other->file.len > 0;

    if (!slice_equal(other->url, alias->url))
        return false;
    if (is_script == by_script)
        return other->number > alias->number;
    return by_script && host->folder.enable_path_info;
}

/* "/~NAME" is an account's, whoever that is. */
static void check_tilde(struct build *build, const struct vhost_conf *host)
{
    for (const struct alias_conf *alias = host->aliases; alias; alias = alias->next)
        if (slice_starts(alias->url, SLICE("/~")))
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_WARNING, &alias->place,
                               "this %s is never reached: UserWebsites takes all paths that begin "
                               "with '/~'",
                               name_of(alias)),
                      "give it another path");
}

static void check_host(struct build *build, const struct vhost_conf *host)
{
    if (host->user_websites)
        check_tilde(build, host);
    for (const struct alias_conf *alias = host->aliases; alias; alias = alias->next) {
        const struct alias_conf *other = host->aliases;

        while (other && !hides(host, other, alias))
            other = other->next;
        if (other)
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_WARNING, &alias->place,
                               "this %s is never reached: the %s at %s:%u has the same path",
                               name_of(alias), name_of(other), other->place.file,
                               other->place.line),
                      "leave one of them out");
    }
}

void check_aliases(struct build *build)
{
    for (const struct vhost_conf *host = build->conf->hosts; host; host = host->next)
        check_host(build, host);
}
