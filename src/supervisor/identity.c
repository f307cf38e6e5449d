/* Who the server and the spawner run as. */
#include "supervisor_private.h"

#include "base/number.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#define NOBODY 65534u /* where there is no www-data */

static bool refuse(struct diags *diags, const struct server_conf *conf, struct slice why,
                   const char *hint)
{
    struct diag *diag =
        diag_add(diags, DIAG_ERROR, &conf->server_id_place, "%.*s", SLICE_ARGS(why));

    diag_hint(diags, diag, "%s", hint);
    return false;
}

/* Groups as the system has them for this user. */
static void own_groups(const struct passwd *entry, struct arena *arena, struct identity *identity)
{
    int count = 64;

    for (;;) {
        gid_t *groups = arena_array(arena, gid_t, (size_t)count);
        int room = count;
        if (getgrouplist(entry->pw_name, entry->pw_gid, groups, &count) >= 0) {
            identity->groups = groups;
            identity->group_count = (size_t)count;
            return;
        }
        count = count > room ? count : 2 * room;
    }
}

static bool find_group(struct slice word, struct arena *arena, gid_t *ret)
{
    uint64_t number;
    const struct group *entry;

    if (number_parse(word, UINT32_MAX - 1, &number)) {
        *ret = (gid_t)number;
        return true;
    }
    entry = getgrnam(arena_cstr(arena, word));
    if (entry)
        *ret = entry->gr_gid;
    return entry != NULL;
}

/* The groups that ServerId names; the first is the main one. */
static bool named_groups(const struct server_conf *conf, struct arena *arena, struct diags *diags,
                         struct identity *identity)
{
    size_t count = 0;

    for (const struct conf_word *word = conf->server_groups; word; word = word->next)
        count++;
    identity->groups = arena_array(arena, gid_t, count);
    identity->group_count = 0;
    for (const struct conf_word *word = conf->server_groups; word; word = word->next)
        if (!find_group(word->text, arena, &identity->groups[identity->group_count++]))
            return refuse(diags, conf,
                          arena_printf(arena, "there is no group '%.*s'", SLICE_ARGS(word->text)),
                          "make the group, or name another one");
    identity->group = identity->groups[0];
    return true;
}

static void lone_group(struct arena *arena, struct identity *identity)
{
    identity->groups = arena_new(arena, gid_t);
    identity->groups[0] = identity->group;
    identity->group_count = 1;
}

static void describe_self(struct arena *arena, struct identity *ret)
{
    const struct passwd *entry = getpwuid(geteuid());

    *ret = (struct identity){ .user = geteuid(), .group = getegid() };
    ret->name = entry ? arena_cstr(arena, slice_cstr(entry->pw_name))
                      : arena_printf(arena, "user %u", (unsigned)ret->user).at;
}

bool identity_find(const struct server_conf *conf, struct arena *arena, struct diags *diags,
                   struct identity *ret)
{
    struct slice word = conf->server_user;
    uint64_t number = 0;

    if (geteuid() != 0) {
        describe_self(arena, ret);
        return true;
    }
    bool is_number = number_parse(word, UINT32_MAX - 1, &number);
    const struct passwd *entry =
        is_number ? getpwuid((uid_t)number) : getpwnam(arena_cstr(arena, word));
    if (!entry && !is_number) {
        if (conf->server_id_place.file)
            return refuse(diags, conf,
                          arena_printf(arena, "there is no user '%.*s'", SLICE_ARGS(word)),
                          "make the account, or name another one");
        number = NOBODY;
        entry = getpwuid(NOBODY);
    }

    struct identity identity = {
        .switches = true,
        .user = entry ? entry->pw_uid : (uid_t)number,
        .group = entry ? entry->pw_gid : (gid_t)number,
    };
    identity.name = entry ? arena_cstr(arena, slice_cstr(entry->pw_name))
                          : arena_printf(arena, "user %u", (unsigned)identity.user).at;
    if (identity.user == 0)
        return refuse(diags, conf,
                      arena_printf(arena, "'%.*s' is the superuser: the server does not run as it",
                                   SLICE_ARGS(word)),
                      "name an account of its own, such as www-data");
    if (entry)
        own_groups(entry, arena, &identity);
    else
        lone_group(arena, &identity);
    if (conf->server_groups && !named_groups(conf, arena, diags, &identity))
        return false;
    *ret = identity;
    return true;
}
