#include "config/run_as.h"

#include "base/number.h"

#include <grp.h>
#include <pwd.h>
#include <sys/types.h>

static const struct passwd *find_user(struct slice word, struct arena *arena)
{
    uint64_t number;

    return number_parse(word, UINT32_MAX - 1, &number) ? getpwuid((uid_t)number)
                                                       : getpwnam(arena_cstr(arena, word));
}

static bool find_group(struct slice word, struct arena *arena, uint32_t *ret)
{
    uint64_t number;
    const struct group *entry;

    if (number_parse(word, UINT32_MAX - 1, &number)) {
        *ret = (uint32_t)number;
        return true;
    }
    entry = getgrnam(arena_cstr(arena, word));
    if (entry)
        *ret = entry->gr_gid;
    return entry != NULL;
}

/* As the system has them for this user. */
static void own_groups(const struct passwd *entry, struct arena *arena, struct account *account)
{
    int count = 32;
    gid_t *groups = NULL;

    do
        groups = arena_array(arena, gid_t, (size_t)count);
    while (getgrouplist(entry->pw_name, entry->pw_gid, groups, &count) < 0);
    account->groups = arena_array(arena, uint32_t, (size_t)count);
    for (int i = 0; i < count; i++)
        account->groups[account->group_count++] = groups[i];
}

static const char *named_groups(const struct conf_word *words, struct arena *arena,
                                struct account *account)
{
    uint32_t count = 0;

    for (const struct conf_word *word = words; word; word = word->next)
        count++;
    account->groups = arena_array(arena, uint32_t, count);
    for (const struct conf_word *word = words; word; word = word->next)
        if (!find_group(word->text, arena, &account->groups[account->group_count++]))
            return arena_printf(arena, "there is no group '%.*s'", SLICE_ARGS(word->text)).at;
    account->group = account->groups[0];
    return NULL;
}

bool account_user(struct slice user, struct arena *arena, uint32_t *ret)
{
    const struct passwd *entry = find_user(user, arena);
    uint64_t number;

    if (!entry && !number_parse(user, UINT32_MAX - 1, &number))
        return false;
    *ret = entry ? entry->pw_uid : (uint32_t)number;
    return true;
}

const char *account_find(struct slice user, const struct conf_word *groups, struct arena *arena,
                         struct account *ret)
{
    const struct passwd *entry = find_user(user, arena);
    uint64_t number;

    *ret = (struct account){ 0 };
    if (entry) {
        ret->user = entry->pw_uid;
        ret->group = entry->pw_gid;
    } else if (!number_parse(user, UINT32_MAX - 1, &number)) {
        return arena_printf(arena, "there is no user '%.*s'", SLICE_ARGS(user)).at;
    } else {
        ret->user = (uint32_t)number;
        if (!groups)
            return arena_printf(arena, "the user %.*s has no entry, so its group must be named",
                                SLICE_ARGS(user))
                .at;
    }
    if (groups)
        return named_groups(groups, arena, ret);
    own_groups(entry, arena, ret);
    return NULL;
}
