/* Whether a program answers, and which: by section, pattern and extension (reference 3.6). */
#include "router_private.h"

#include "config/roots.h"
#include "rules.h"
#include "site/pattern.h"
#include "site/root.h"

#include <errno.h>

static bool say_fastcgi(const struct judge *judge, const struct fastcgi_conf *section)
{
    if (!judge->verdict->folder->execute_cgi)
        return say(judge, 403, "ExecuteCGI is off here");
    judge->verdict->answer = ANSWER_FASTCGI;
    judge->verdict->fastcgi = section;
    judge->verdict->why = section->extensions ? "its extension belongs to a FastCGIserver"
                                              : "the FastCGIserver takes every request";
    return true;
}

/* A script that only the machine of the FastCGI program can see: a section with a list, not all
 * local. */
static const struct fastcgi_conf *remote_section(const struct host *host, struct slice extension)
{
    const struct extension_rule *rule = rules_find(host, extension);

    return rule && rule->fastcgi && !rule->fastcgi->all_local ? rule->fastcgi : NULL;
}

/* "/app.php/user/7": the first component with such an extension is the script. */
static const struct fastcgi_conf *split_remote(const struct judge *judge)
{
    struct resource *resource = &judge->verdict->resource;
    struct slice path = resource->mapping.below;

    for (size_t at = 1 + resource->mapping.folder.len; at < path.len; at++) {
        if (path.at[at] != '/')
            continue;

        struct slice relative = slice_of(path.at + 1, at - 1);
        const struct fastcgi_conf *section = remote_section(judge->host, path_extension(relative));
        if (section) {
            struct arena *arena = &judge->x->arena;
            resource_name(judge->host, slice_cstr(arena_cstr(arena, relative)), arena, resource);
            resource->path_info = slice_skip(path, at);
            return section;
        }
    }
    return NULL;
}

/* A folder that is not here, or has no start file here: the other machine may have one. */
static const struct fastcgi_conf *remote_start_file(const struct judge *judge)
{
    const struct conf_word *word = judge->verdict->folder->start_files;
    struct arena *arena = &judge->x->arena;

    for (; word; word = word->next) {
        const struct fastcgi_conf *section =
            remote_section(judge->host, path_extension(word->text));

        if (section) {
            const struct slice parts[] = { slice_skip(judge->verdict->resource.mapping.below, 1),
                                           word->text };
            resource_name(judge->host, arena_join(arena, parts, 2), arena,
                          &judge->verdict->resource);
            return section;
        }
    }
    return NULL;
}

static const struct fastcgi_conf *find_remote(const struct judge *judge)
{
    const struct resource *resource = &judge->verdict->resource;
    struct slice path = judge->x->request.target.path;
    const struct fastcgi_conf *section = NULL;

    if (resource->found->kind == FILE_ABSENT && judge->verdict->folder->enable_path_info)
        section = split_remote(judge);
    if (!section && resource->found->kind == FILE_ABSENT)
        section = remote_section(judge->host, resource->extension);
    if (!section && path.at[path.len - 1] == '/')
        section = remote_start_file(judge);
    return section;
}

/* A path that may be a script on another machine is not for the front controller here. */
static bool is_remote_script(const struct judge *judge)
{
    if (judge->verdict->folder->enable_path_info && split_remote(judge))
        return true;
    return remote_section(judge->host, judge->verdict->resource.extension) != NULL;
}

bool router_is_for_front_controller(const struct judge *judge)
{
    const struct resource *resource = &judge->verdict->resource;
    int error = resource->found->error;

    if (judge->forced)
        return false;
    if (judge->host->conf->front_controller.len == 0 || resource->mapping.alias ||
        resource->mapping.is_user)
        return false;
    if (resource->found->kind == FILE_FOLDER)
        return resource->start_file_missing;
    return resource->found->kind == FILE_ABSENT && (error == -ENOENT || error == -ENAMETOOLONG) &&
           !is_remote_script(judge);
}

/* Reference 3.6: the first section of UseFastCGI that lists the extension, or that has no list. */
static const struct fastcgi_conf *choose_section(const struct judge *judge)
{
    const struct resource *resource = &judge->verdict->resource;
    const struct fastcgi_conf *section;

    if (resource->found->kind == FILE_REGULAR)
        return rules_fastcgi(judge->host, resource->extension);
    if (resource->is_folder_without_slash)
        return judge->host->catch_all;

    section = find_remote(judge);
    if (!section)
        section = rules_fastcgi(judge->host, resource->extension);
    /* A section with a list and programs on this machine: what is not here is nowhere. */
    return section && section->extensions && section->all_local ? NULL : section;
}

bool router_judge_fastcgi(const struct judge *judge)
{
    const struct fastcgi_conf *section = NULL;

    if (judge->host->conf->use_fastcgi_count > 0)
        section = choose_section(judge);
    return section && say_fastcgi(judge, section);
}

/* Which rule the spawner has for it. A Directory does not say who the programs of accounts are. */
static void choose_rule(const struct judge *judge, int handler)
{
    const struct vhost_conf *conf = judge->host->conf;
    struct verdict *verdict = judge->verdict;
    const struct site_root *root = verdict->resource.root;
    const unsigned number = site_root_number(root, judge->host);
    const unsigned identity = root->user ? 0 : roots_identity(conf, verdict->folder);

    verdict->account = site_root_account(root, judge->host);
    verdict->confine = roots_confine(conf, identity);
    verdict->rule = handler == NO_HANDLER
                        ? roots_rule_itself(conf, identity, number)
                        : roots_rule_handler(conf, identity, number, (unsigned)handler);
}

/* The file itself runs: the spawner's server identity need not be able to read it. */
static bool judge_executable(const struct judge *judge, const char *why)
{
    if ((judge->verdict->resource.found->mode & 0111) == 0)
        return say(judge, 403, "the program is not executable (chmod +x)");
    judge->verdict->answer = ANSWER_CGI;
    choose_rule(judge, NO_HANDLER);
    judge->verdict->why = why;
    return true;
}

static bool judge_script(const struct judge *judge, unsigned handler)
{
    if (!judge->verdict->resource.found->file)
        return say(judge, 403, "the script may not be read by the server (file permissions)");
    judge->verdict->answer = ANSWER_CGI;
    choose_rule(judge, (int)handler);
    judge->verdict->interpreter = judge->host->conf->handlers[handler];
    judge->verdict->why = "its extension belongs to a CGIhandler";
    return true;
}

/* Never the source: what is a program anywhere is not sent as text, in whatever case it is written.
 */
bool router_judge_cgi(const struct judge *judge)
{
    const struct resource *resource = &judge->verdict->resource;

    if (resource->found->kind != FILE_REGULAR)
        return false;

    if (rules_is_program(&judge->snapshot->programs, path_extension(resource->found->link_name)) &&
        !rules_is_program(&judge->snapshot->programs, resource->extension))
        return say(judge, 403, "it is a link to a program; the source is not sent");

    struct slice name = resource->mapping.is_user || resource->mapping.folder.len > 0
                            ? resource->relative
                            : slice_skip(resource->script_name, 1);
    bool is_pattern = rules_is_pattern(judge->host, name);
    if (!is_pattern && !rules_is_program(&judge->snapshot->programs, resource->extension))
        return false;
    if (!judge->verdict->folder->execute_cgi)
        return say(judge, 403, "ExecuteCGI is off here");

    if (is_pattern && pattern_match(judge->host->conf->cgi_pattern, name))
        return judge_executable(judge, "its name fits CGIpattern");

    const struct extension_rule *rule = rules_find(judge->host, resource->extension);
    if (rule && rule->runs_itself)
        return judge_executable(judge, "its extension is a CGIextension");
    if (rule && rule->handler != NO_HANDLER)
        return judge_script(judge, (unsigned)rule->handler);
    return say(judge, 403, "programs of this type run elsewhere only; the source is not sent");
}
