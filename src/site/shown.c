#include "site/shown.h"

#include "rules.h"
#include "site/access.h"
#include "site/folder_rules.h"
#include "site/pattern.h"
#include "site/resource.h"

static const struct folder_conf *rules_of(const struct shown *shown, struct slice relative)
{
    if (shown->host->conf->directory_count == 0)
        return &shown->host->conf->folder;
    const struct slice path = mapping_url(shown->mapping, relative, shown->scratch);
    const struct folder_names names = { .path = path, .asked = path };
    return folder_rules_for_path(shown->host, &names, shown->scratch);
}

static bool is_hidden(struct slice relative)
{
    const size_t slash = slice_find_last(relative, '/');
    const struct slice name = slash == SLICE_NONE ? relative : slice_skip(relative, slash + 1);

    return name.len == 0 || name.at[0] == '.';
}

static bool lets_in(const struct shown *shown, const struct folder_conf *folder)
{
    static const union socket_address nowhere;

    return access_judge(folder, shown->client ? shown->client : &nowhere, NULL) != ACCESS_REFUSED;
}

static bool is_program(const struct shown *shown, struct slice name)
{
    return rules_is_program(&shown->snapshot->programs, path_extension(name));
}

/* As CGIpattern has it: an account's website is one of its own. */
static struct slice pattern_name(const struct shown *shown, struct slice relative)
{
    const struct slice parts[] = { slice_skip(shown->mapping->url, 1), SLICE("/"), relative };

    return shown->mapping->alias ? arena_join(shown->scratch, parts, 3) : relative;
}

/* As judge_cgi() of the router has it. */
static bool runs_here(const struct shown *shown, const struct folder_conf *folder,
                      struct slice relative)
{
    const struct slice pattern = shown->host->conf->cgi_pattern;

    return folder->execute_cgi &&
           ((pattern.len > 0 && pattern_match(pattern, pattern_name(shown, relative))) ||
            rules_find(shown->host, path_extension(relative)));
}

bool shown_folder(const struct shown *shown, struct slice relative)
{
    return !is_hidden(relative) && lets_in(shown, rules_of(shown, relative));
}

bool shown_file(const struct shown *shown, struct slice relative, struct slice link_name,
                bool can_read)
{
    const struct folder_conf *folder = rules_of(shown, relative);

    if (is_hidden(relative) || !lets_in(shown, folder))
        return false;
    if (is_program(shown, relative) || rules_is_pattern(shown->host, pattern_name(shown, relative)))
        return runs_here(shown, folder, relative);
    return can_read && !is_program(shown, link_name);
}
