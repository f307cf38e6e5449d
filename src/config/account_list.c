#include "account_list.h"

#include "base/number.h"
#include "base/table.h"
#include "os/beneath.h"
#include "os/fd.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>

struct group_link {
    struct group_link *next;
    gid_t group;
};

struct found {
    struct found *next;
    struct slice name;
    struct slice home;
    uid_t user;
    gid_t group;
    int error;
    struct group_link *groups;
};

struct listing {
    struct arena *arena;
    struct found *first;
    struct table by_name;
    size_t count;
};

/* ---- who ---- */

/* What can stand in a line, and behind "/~". */
static bool is_usable(struct slice name, struct slice home)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.at[i] <= ' ' || name.at[i] == ':' || name.at[i] == '/')
            return false;
    return name.len > 0 && slice_starts(home, SLICE("/")) && !slice_has(home, '\n');
}

/* 0 or an errno; ENOENT: there is no such folder. */
static int look(const char *home, const char *folder, uid_t owner)
{
    scoped_fd home_fd = -1;
    scoped_fd fd = -1;
    int r = beneath_root(home, &home_fd);

    if (r == -ENOTDIR) /* /dev/null is the home of some */
        return ENOENT;
    return r < 0 ? -r : -beneath_home(home, folder, owner, &fd);
}

static void add(struct listing *listing, const struct passwd *entry, int error)
{
    struct found *found = arena_new(listing->arena, struct found);

    *found = (struct found){
        .next = listing->first,
        .name = arena_copy(listing->arena, slice_cstr(entry->pw_name)),
        .home = arena_copy(listing->arena, slice_cstr(entry->pw_dir)),
        .user = entry->pw_uid,
        .group = entry->pw_gid,
        .error = error,
    };
    listing->first = found;
    listing->count++;
    table_put(&listing->by_name, found->name, found);
}

/* Of two entries with the same name the first counts, as for everybody else. */
static void list_users(struct listing *listing, const char *folder)
{
    const struct passwd *entry;

    setpwent();
    while ((entry = getpwent()) != NULL) {
        const struct slice name = slice_cstr(entry->pw_name);

        if (!is_usable(name, slice_cstr(entry->pw_dir)) || table_find(&listing->by_name, name))
            continue;
        const int error = look(entry->pw_dir, folder, entry->pw_uid);
        if (error != ENOENT)
            add(listing, entry, error);
    }
    endpwent();
}

/* All groups once: asking for each user would read them for each user. */
static void list_groups(struct listing *listing)
{
    const struct group *entry;

    setgrent();
    while ((entry = getgrent()) != NULL)
        for (char *const *member = entry->gr_mem; *member; member++) {
            struct found *found = table_find(&listing->by_name, slice_cstr(*member));

            if (!found || entry->gr_gid == found->group)
                continue;
            struct group_link *link = arena_new(listing->arena, struct group_link);
            *link = (struct group_link){ .next = found->groups, .group = entry->gr_gid };
            found->groups = link;
        }
    endgrent();
}

/* ---- the text ---- */

static struct slice line_of(const struct found *found, struct arena *arena)
{
    struct slice groups = arena_printf(arena, "%" PRIu32, (uint32_t)found->group);

    for (const struct group_link *link = found->groups; link; link = link->next)
        groups = arena_printf(arena, "%.*s,%" PRIu32, SLICE_ARGS(groups), (uint32_t)link->group);
    return arena_printf(arena, "%.*s:%" PRIu32 ":%" PRIu32 ":%d:%.*s:%.*s\n",
                        SLICE_ARGS(found->name), (uint32_t)found->user, (uint32_t)found->group,
                        found->error, SLICE_ARGS(groups), SLICE_ARGS(found->home));
}

struct slice account_list(const char *folder, struct arena *arena)
{
    struct arena scratch = { 0 };
    struct listing listing = { .arena = &scratch };

    list_users(&listing, folder);
    list_groups(&listing);
    struct slice *lines = arena_array(&scratch, struct slice, listing.count);
    size_t count = 0;
    for (const struct found *found = listing.first; found; found = found->next)
        lines[count++] = line_of(found, &scratch);
    struct slice text = arena_join(arena, lines, count);
    table_done(&listing.by_name);
    arena_done(&scratch);
    return text;
}

static bool parse_line(struct slice line, struct account_line *ret)
{
    struct slice part[6];
    uint64_t number[3];

    for (size_t i = 0; i < 5; i++)
        if (!slice_cut(line, ':', &part[i], &line))
            return false;
    part[5] = line;
    for (size_t i = 0; i < 3; i++)
        if (!number_parse(part[1 + i], i == 2 ? INT32_MAX : UINT32_MAX - 1, &number[i]))
            return false;
    *ret = (struct account_line){
        .name = part[0],
        .user = (uint32_t)number[0],
        .group = (uint32_t)number[1],
        .error = (int)number[2],
        .groups = part[4],
        .home = part[5],
    };
    return is_usable(ret->name, ret->home) && !slice_has(ret->home, '\0');
}

bool account_line_next(struct slice *rest, struct account_line *ret)
{
    struct slice line;

    while (rest->len > 0) {
        (void)slice_cut(*rest, '\n', &line, rest);
        if (parse_line(line, ret))
            return true;
    }
    return false;
}
