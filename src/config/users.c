#include "config/users.h"

#include "account_list.h"
#include "base/number.h"
#include "build.h"
#include "config/load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define UID_NOBODY 65534u /* whose files nobody's are */

static int compare(const void *a, const void *b)
{
    return slice_compare(((const struct user_conf *)a)->name, ((const struct user_conf *)b)->name);
}

const struct user_conf *users_find(const struct users_conf *users, struct slice name)
{
    const struct user_conf wanted = { .name = name };

    if (users->count == 0)
        return NULL;
    return bsearch(&wanted, users->sites, users->count, sizeof(wanted), compare);
}

uint32_t *users_groups(const struct user_conf *user, struct arena *arena, uint32_t *ret_count)
{
    uint32_t *groups = arena_array(arena, uint32_t, user->groups.len / 2 + 1);
    struct slice rest = user->groups;
    struct slice item;
    uint64_t number;

    *ret_count = 0;
    while (slice_next(&rest, ',', &item))
        if (number_parse(item, UINT32_MAX - 1, &number))
            groups[(*ret_count)++] = (uint32_t)number;
    return groups;
}

/* ---- who has one ---- */

static bool is_in_root_group(const struct account_line *line)
{
    struct slice rest = line->groups;
    struct slice item;
    uint64_t number;

    while (slice_next(&rest, ',', &item))
        if (number_parse(item, UINT32_MAX - 1, &number) && number == 0)
            return true;
    return line->group == 0;
}

static bool is_server(const struct server_conf *conf, const struct account_line *line)
{
    uint64_t number;

    return slice_equal(conf->server_user, line->name) ||
           (number_parse(conf->server_user, UINT32_MAX - 1, &number) && number == line->user);
}

static const char *error_text(int error)
{
    switch (error) {
    case ELOOP:
        return "a symbolic link leads to its folder, which must lie in the home itself";
    case EPERM:
        return "its folder belongs to somebody else";
    case ENOTDIR:
        return "that is no folder";
    case EACCES:
        return "its home cannot be looked into";
    default:
        return "its folder cannot be opened";
    }
}

/* NULL, or why the account has no website. */
static const char *fault_of(const struct server_conf *conf, const struct account_line *line,
                            struct arena *arena)
{
    const uint64_t least = conf->min_uid > USERS_LEAST_UID ? conf->min_uid : USERS_LEAST_UID;

    if (line->user == 0)
        return "the superuser has no website";
    if (line->user < least)
        return arena_printf(arena, "its number %" PRIu32 " is below %" PRIu64, line->user, least)
            .at;
    if (line->user == UID_NOBODY)
        return "it stands for nobody";
    if (is_in_root_group(line))
        return "it is in the group of the superuser";
    if (conf->users.wrap && is_server(conf, line))
        return "it is the user of the server, which its programs could signal";
    return line->error != 0 ? error_text(line->error) : NULL;
}

static void pass_over(struct users_conf *users, struct slice name, const char *why,
                      struct arena *arena)
{
    struct user_passed_over *one = arena_new(arena, struct user_passed_over);

    *one = (struct user_passed_over){ .next = users->passed_over, .name = name, .why = why };
    users->passed_over = one;
    users->passed_over_count++;
}

static void add(struct users_conf *users, const struct account_line *line, struct arena *arena)
{
    const struct slice parts[] = { line->home, SLICE("/"), users->directory };

    users->sites[users->count++] = (struct user_conf){
        .name = line->name,
        .path = arena_join(arena, parts, 3),
        .home = arena_cstr(arena, line->home),
        .user = line->user,
        .group = line->group,
        .groups = line->groups,
    };
}

static size_t count_lines(struct slice text)
{
    struct account_line line;
    size_t count = 0;

    while (account_line_next(&text, &line))
        count++;
    return count;
}

void users_load(const struct load *load, struct server_conf *conf)
{
    struct users_conf *users = &conf->users;
    struct account_line line;

    if (!users->place.file || users->directory.len == 0)
        return;
    struct slice text = source_accounts(load->source, load->arena, users->directory);
    users->sites = arena_array(load->arena, struct user_conf, count_lines(text));
    while (account_line_next(&text, &line)) {
        const char *why = fault_of(conf, &line, load->arena);

        if (why)
            pass_over(users, line.name, why, load->arena);
        else
            add(users, &line, load->arena);
    }
    if (users->count > 1)
        qsort(users->sites, users->count, sizeof(*users->sites), compare);
}
