#include "config/option.h"

#include "build.h"

#include <assert.h>

/* clang-format off */
static const struct option_group *const groups[] = {
    &server_options,
    &ban_options,
    &log_options, &syslog_options,
    &cache_options,
    &throttle_options,
    &screen_options,
    &challenge_options,
    &binding_options,
    &http2_options,
    &host_options,
    &path_options,
    &file_options,
    &fastcgi_options,
    &session_options,
    &program_options,
    &sandbox_options,
    &worker_options,
    &directory_options,
    &access_options,
    &alter_options,
    &local_options,
    &hash_options,
    &index_options,
    &tls_options,
    &alias_options,
    &gate_options,
    &trace_options,
    &error_options,
    &toolkit_options,
    &user_options,
    &later_options,
};
/* clang-format on */

#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

static bool holds(const struct option_group *group, const struct option_row *row)
{
    return row >= group->rows && row < group->rows + group->count;
}

const struct option_row *option_next(const struct option_row *row)
{
    if (!row)
        return groups[0]->rows;

    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (!holds(groups[i], row))
            continue;
        if (holds(groups[i], row + 1))
            return row + 1;
        return i + 1 < GROUP_COUNT ? groups[i + 1]->rows : NULL;
    }
    assert(!"a row of the table");
    return NULL;
}

size_t option_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < GROUP_COUNT; i++)
        count += groups[i]->count;
    return count;
}

size_t option_index(const struct option_row *row)
{
    size_t before = 0;

    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (holds(groups[i], row))
            return before + (size_t)(row - groups[i]->rows);
        before += groups[i]->count;
    }
    assert(!"a row of the table");
    return 0;
}

static bool has_name(const struct option_row *row, struct slice name)
{
    struct slice rest = slice_cstr(row->former);
    struct slice former;

    if (slice_equal_nocase(name, slice_cstr(row->name)))
        return true;
    while (slice_next(&rest, ' ', &former)) {
        if (slice_equal_nocase(name, former))
            return true;
    }
    return false;
}

const struct option_row *option_find(struct slice name, unsigned scope)
{
    for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
        if ((row->scopes & scope) && has_name(row, name))
            return row;
    }
    return NULL;
}
