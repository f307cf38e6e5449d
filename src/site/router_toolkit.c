#include "router_toolkit.h"

#include "base/container.h"
#include "rules.h"
#include "site/toolkit.h"
#include "site/trace.h"

#include <errno.h>

struct asking {
    struct toolkit_ask ask;
    const struct host *host;
    struct exchange *x;
    struct file_cache *cache;
    struct slice noted; /* the URL behind the last rule that was told */
};

/* ---- what lies there ---- */

static enum toolkit_found kind_of(const struct resource *resource, bool slash_behind)
{
    switch (resource->found->kind) {
    case FILE_REGULAR:
        return slash_behind || resource->path_info.len > 0 ? FOUND_UNKNOWN : FOUND_FILE;
    case FILE_FOLDER:
        return FOUND_FOLDER;
    case FILE_ABSENT:
        return resource->found->error == -ENOENT ? FOUND_NOTHING : FOUND_UNKNOWN;
    case FILE_SPECIAL:
        break;
    }
    return FOUND_UNKNOWN;
}

/* `path` begins with '/'. A folder itself is meant, not its start file. */
static enum toolkit_found look(const struct asking *asking, struct slice path)
{
    struct exchange *x = asking->x;
    struct resource resource;
    bool slash_behind = path.len > 1 && path.at[path.len - 1] == '/';

    if (path.len == 1)
        return asking->host->root.fd < 0 ? FOUND_NOTHING : FOUND_FOLDER;
    if (slash_behind)
        path = slice_cstr(arena_cstr(&x->arena, slice_first(path, path.len - 1)));
    resource_find(asking->host, &asking->host->conf->folder, path, asking->cache, x, &resource);
    enum toolkit_found found = kind_of(&resource, slash_behind);
    cached_file_drop(asking->cache, resource.found);
    return found;
}

/* A name that is not served is none. */
static enum toolkit_found on_disk(struct toolkit_ask *ask, struct slice url)
{
    const struct asking *asking = container_of(ask, struct asking, ask);
    struct parse_fault fault;
    struct slice path;
    struct slice query;

    (void)slice_cut(url, '?', &path, &query);
    if (!slice_starts(path, SLICE("/")) ||
        target_normalise(path, ask->arena, &path, &fault) != PARSE_DONE ||
        rules_hide(path, asking->host->conf->allow_dot_files))
        return FOUND_UNKNOWN;
    return look(asking, path);
}

/* ---- for who wants to know ---- */

static void note_rule(struct toolkit_ask *ask, const struct toolkit_rule *rule, bool holds,
                      struct slice url)
{
    struct asking *asking = container_of(ask, struct asking, ask);
    const bool changed = !slice_equal(asking->noted, url);

    asking->noted = url;
    trace_add(asking->x->trace, TRACE_TOOLKIT, trace_mark_of(holds), &rule->place, "%.*s%s%.*s",
              SLICE_ARGS(rule->text), changed ? "  -> " : "",
              SLICE_ARGS(changed ? url : SLICE("")));
}

/* ---- what becomes of it ---- */

static bool answer(struct verdict *verdict, int status, const char *why)
{
    verdict->answer = ANSWER_STATUS;
    verdict->status = status;
    verdict->why = why;
    return true;
}

/* "the rule longhouse.conf:12 (Match ^/a DenyAccess)", and what it did. */
static const char *why_text(struct exchange *x, const struct toolkit_rule *rule, const char *what)
{
    if (!rule)
        return what;
    return arena_printf(&x->arena, "the toolkit rule at %s:%u (%.*s): %s", rule->place.file,
                        rule->place.line, SLICE_ARGS(slice_first(rule->text, 200)), what)
        .at;
}

static bool redirect(struct exchange *x, const struct toolkit_result *result,
                     struct verdict *verdict)
{
    answer(verdict, result->rule->status, why_text(x, result->rule, "a redirect"));
    verdict->answer = ANSWER_REDIRECT;
    verdict->location = result->url;
    return true;
}

/* Wherever the rules went behind it. */
static bool ban(struct exchange *x, const struct toolkit_rule *rule, struct verdict *verdict)
{
    exchange_blame(x, OFFENCE_RULE, rule->ban_ms);
    return answer(verdict, 403, why_text(x, rule, "access is denied, and the client banned"));
}

/* What the client asked for stays in target.raw, for logs and REQUEST_URI. */
static bool take_url(struct exchange *x, const struct toolkit_result *result,
                     struct verdict *verdict)
{
    struct target *target = &x->request.target;
    struct parse_fault fault;
    struct slice path;
    struct slice query;
    bool has_query = slice_cut(result->url, '?', &path, &query);

    if (!slice_starts(path, SLICE("/")))
        return answer(verdict, 500,
                      why_text(x, result->rule, "the new URL does not begin with '/'; correct it"));
    if (target_normalise(path, &x->arena, &path, &fault) != PARSE_DONE)
        return answer(verdict, 404, why_text(x, result->rule, fault.why));
    target->path = path;
    target->query = query;
    target->has_query = has_query;
    return false;
}

static const struct fastcgi_conf *section_of(const struct host *host,
                                             const struct fastcgi_conf *named)
{
    for (unsigned i = 0; i < host->conf->forced_count; i++)
        if (host->conf->forced[i].named == named)
            return host->conf->forced[i].used;
    return named;
}

static bool conclude(const struct host *host, struct exchange *x,
                     const struct toolkit_result *result, struct verdict *verdict,
                     const struct fastcgi_conf **ret_forced)
{
    switch (result->end) {
    case TOOLKIT_GOES_ON:
        break;
    case TOOLKIT_REDIRECTS:
        return redirect(x, result, verdict);
    case TOOLKIT_DENIES:
        return answer(verdict, 403, why_text(x, result->rule, "access is denied"));
    case TOOLKIT_FINDS_NOTHING:
        return answer(verdict, 404, why_text(x, result->rule, "nothing is to be found"));
    case TOOLKIT_FAILS:
        return answer(verdict, 500, why_text(x, result->rule, result->why));
    }
    if (result->fastcgi)
        *ret_forced = section_of(host, result->fastcgi);
    return result->rewritten && take_url(x, result, verdict);
}

bool router_ask_toolkits(const struct snapshot *snapshot, const struct host *host,
                         struct exchange *x, struct file_cache *cache, struct verdict *verdict,
                         const struct fastcgi_conf **ret_forced)
{
    const struct request *request = &x->request;
    struct toolkit_result result;
    struct asking asking = {
        .ask = { .url = toolkit_url(&request->target, &x->arena),
                 .method = request->method_name,
                 .fields = &request->fields,
                 .connections = x->connections,
                 .secure = x->visit && x->visit->secure,
                 .arena = &x->arena,
                 .on_disk = on_disk,
                 .note = x->trace ? note_rule : NULL },
        .host = host,
        .x = x,
        .cache = cache,
    };

    asking.noted = asking.ask.url;
    toolkit_run(snapshot->toolkits, host->conf, &asking.ask, &result);
    x->omit_line = x->omit_line || result.omit_log;
    if (result.ban && result.end != TOOLKIT_FAILS)
        return ban(x, result.ban, verdict);
    return conclude(host, x, &result, verdict, ret_forced);
}
