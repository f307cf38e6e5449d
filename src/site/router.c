#include "site/router.h"

#include "base/encode.h"
#include "base/text.h"
#include "config/roots.h"
#include "gate.h"
#include "router_toolkit.h"
#include "rules.h"
#include "site/access.h"
#include "site/folder_rules.h"
#include "site/pattern.h"
#include "site/vhost_map.h"

#include <errno.h>
#include <string.h>

#define RETRY_AFTER_S 2u /* for a shortage that passes by itself */

static const struct slice file_methods = SLICE_INIT("GET, HEAD, OPTIONS");
static const struct slice all_methods = SLICE_INIT("GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE");

/* One judgement on its way. */
struct judge {
    const struct snapshot *snapshot;
    const struct host *host;
    struct exchange *x;
    struct file_cache *cache;
    struct verdict *verdict;
    struct slice asked;                /* the path before a rule rewrote it */
    const struct fastcgi_conf *forced; /* the section that a rule sends it to, or NULL */
};

const struct host *router_host(const struct snapshot *snapshot, const struct binding_conf *binding,
                               struct slice name)
{
    return &snapshot->hosts[vhost_map_find(snapshot->names, name, binding)];
}

void verdict_done(struct verdict *verdict, struct file_cache *cache)
{
    if (verdict->resource.found)
        cached_file_drop(cache, verdict->resource.found);
    verdict->resource.found = NULL;
}

/* ---- answers: each says "judged" ---- */

static bool say(const struct judge *judge, int status, const char *why)
{
    judge->verdict->answer = ANSWER_STATUS;
    judge->verdict->status = status;
    judge->verdict->why = why;
    return true;
}

static bool say_not_allowed(const struct judge *judge, const char *why)
{
    judge->verdict->allow = file_methods;
    return say(judge, 405, why);
}

static bool say_options(const struct judge *judge, struct slice allow)
{
    judge->verdict->allow = allow;
    return say(judge, 204, "OPTIONS is answered by the server");
}

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

/* ---- before the disk is asked ---- */

static bool trace_is_on(const struct exchange *x)
{
    const struct binding_conf *binding = x->visit ? x->visit->binding : NULL;

    return binding && binding->enable_trace;
}

static bool judge_method(const struct judge *judge)
{
    const struct request *request = &judge->x->request;

    if (request->method == METHOD_CONNECT)
        return say_not_allowed(judge, "CONNECT is for proxies");
    if (request->method == METHOD_TRACE) {
        if (!trace_is_on(judge->x))
            return say_not_allowed(judge, "EnableTRACE is off for this binding");
        return say(judge, 200, "TRACE is answered by the server");
    }
    if (request->target.form == TARGET_ASTERISK)
        return say_options(judge, all_methods);
    return false;
}

/* ---- by TLS only ---- */

/* Certificate authorities ask for it without TLS, as long as there is no certificate. */
static bool is_challenge(struct slice path)
{
    return slice_starts(path, SLICE("/.well-known/acme-challenge/"));
}

/* The name to come back by: one that this host has, never what somebody wrote into the request. */
static struct slice returning_name(const struct judge *judge)
{
    const struct slice asked = judge->x->request.host;
    const struct host *host = judge->host;

    if (host->conf->index != 0 && asked.len > 0)
        return asked; /* it was found by it */
    for (const struct conf_word *word = host->conf->hostnames; word; word = word->next)
        if (slice_equal(word->text, asked))
            return asked;
    return host->name;
}

static uint16_t secure_port(const struct server_conf *conf)
{
    uint16_t port = 443;
    bool found = false;

    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next) {
        if (!binding->tls.certificates)
            continue;
        if (binding->port == 443)
            return 443;
        port = found ? port : binding->port;
        found = true;
    }
    return port;
}

static bool judge_secrecy(const struct judge *judge)
{
    struct exchange *x = judge->x;
    const struct request *request = &x->request;

    if (!judge->host->conf->require_tls.is_on || x->visit->secure ||
        is_challenge(request->target.path))
        return false;

    bool reads = request->method == METHOD_GET || request->method == METHOD_HEAD;
    uint16_t port = secure_port(judge->snapshot->conf);
    struct slice at = port == 443 ? SLICE("") : arena_printf(&x->arena, ":%u", (unsigned)port);
    const struct slice parts[] = {
        SLICE("https://"),
        returning_name(judge),
        at,
        request->target.raw_path,
        request->target.has_query ? SLICE("?") : SLICE(""),
        request->target.query,
    };
    say(judge, reads ? 301 : 308, "the host wants TLS (RequireTLS)");
    judge->verdict->answer = ANSWER_REDIRECT;
    judge->verdict->location = arena_join(&x->arena, parts, sizeof(parts) / sizeof(parts[0]));
    return true;
}

/* ---- the gate ---- */

static bool judge_name(const struct judge *judge)
{
    const enum method method = judge->x->request.method;
    struct slice location = gate_other_name(judge->host, judge->x);

    if (location.len == 0)
        return false;
    say(judge, method == METHOD_GET || method == METHOD_HEAD ? 301 : 308,
        "the host has another first name (EnforceFirstHostname)");
    judge->verdict->answer = ANSWER_REDIRECT;
    judge->verdict->location = location;
    return true;
}

static bool judge_query(const struct judge *judge)
{
    if (!judge->host->conf->secure_url || !gate_query_is_foul(judge->x->request.target.query))
        return false;
    return say(judge, 403, "an encoded control byte in the query (SecureURL)");
}

static bool judge_dot_files(const struct judge *judge)
{
    if (!rules_hide(judge->x->request.target.path, judge->host->conf->allow_dot_files))
        return false;
    exchange_blame(judge->x, OFFENCE_INVALID_URL, 0);
    return say(judge, 404, "a name in it begins with a dot (AllowDotFiles)");
}

/* ---- programs ---- */

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

    for (size_t at = 1; at < path.len; at++) {
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

/* Nothing here has this name. What goes on behind a file is none of its business. */
static bool is_for_front_controller(const struct judge *judge)
{
    const struct resource *resource = &judge->verdict->resource;
    int error = resource->found->error;

    if (judge->forced)
        return false;
    if (judge->host->conf->front_controller.len == 0 || resource->mapping.alias)
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

static bool judge_fastcgi(const struct judge *judge)
{
    const struct fastcgi_conf *section = NULL;

    if (judge->host->conf->use_fastcgi_count > 0)
        section = choose_section(judge);
    return section && say_fastcgi(judge, section);
}

/* The file itself runs: the spawner's server identity need not be able to read it. */
static bool judge_executable(const struct judge *judge, const char *why)
{
    if ((judge->verdict->resource.found->mode & 0111) == 0)
        return say(judge, 403, "the program is not executable (chmod +x)");
    judge->verdict->answer = ANSWER_CGI;
    judge->verdict->rule =
        roots_rule_itself(judge->host->conf, judge->verdict->resource.root->number);
    judge->verdict->why = why;
    return true;
}

static bool judge_script(const struct judge *judge, unsigned handler)
{
    if (!judge->verdict->resource.found->file)
        return say(judge, 403, "the script may not be read by the server (file permissions)");
    judge->verdict->answer = ANSWER_CGI;
    judge->verdict->rule =
        roots_rule_handler(judge->host->conf, judge->verdict->resource.root->number, handler);
    judge->verdict->interpreter = judge->host->conf->handlers[handler];
    judge->verdict->why = "its extension belongs to a CGIhandler";
    return true;
}

/* Never the source: what is a program anywhere is not sent as text, in whatever case it is written.
 */
static bool judge_cgi(const struct judge *judge)
{
    const struct resource *resource = &judge->verdict->resource;

    if (resource->found->kind != FILE_REGULAR)
        return false;

    if (rules_is_program(&judge->snapshot->programs, path_extension(resource->found->link_name)) &&
        !rules_is_program(&judge->snapshot->programs, resource->extension))
        return say(judge, 403, "it is a link to a program; the source is not sent");

    struct slice name = slice_skip(resource->script_name, 1);
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

/* ---- files and folders ---- */

static bool judge_absent(const struct judge *judge)
{
    const struct site_root *root = judge->verdict->resource.root;
    const struct alias_conf *alias = judge->verdict->resource.mapping.alias;
    int error = judge->verdict->resource.found->error;

    switch (-error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        if (root->fd < 0)
            return say(judge, 404,
                       root->path.len == 0 ? "the host has no WebsiteRoot"
                       : alias             ? "the folder of the alias could not be opened"
                                           : "the WebsiteRoot of the host could not be opened");
        return say(
            judge, 404,
            arena_printf(&judge->x->arena, "no such file below %.*s", SLICE_ARGS(root->path)).at);
    case EACCES:
    case EPERM:
        return say(judge, 403, "the server may not look there (file permissions)");
    case ELOOP:
    case EXDEV:
        return say(judge, 403, "a symbolic link leads out of its root (FollowSymlinks)");
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
        judge->verdict->retry_after_s = RETRY_AFTER_S;
        break;
    default:
        break;
    }
    return say(judge, judge->verdict->retry_after_s > 0 ? 503 : 500,
               arena_printf(&judge->x->arena, "cannot open the file: %s", strerror(-error)).at);
}

/* The same place with a slash behind, encoded again; absolute, and never "//host". */
static struct slice slashed(const struct request *request, struct arena *arena)
{
    struct slice path = request->target.path;
    size_t room = path.len * 3 + request->target.query.len + 2;
    struct text text = text_on(arena_bytes(arena, room), room);

    while (slice_starts(path, SLICE("//")))
        path = slice_skip(path, 1);
    percent_encode_path(&text, path);
    text_add_char(&text, '/');
    if (request->target.has_query) {
        text_add_char(&text, '?');
        text_add(&text, request->target.query);
    }
    return text_slice(&text);
}

static bool judge_index(const struct judge *judge, bool reads)
{
    if (judge->verdict->folder->show_index == SHOW_INDEX_NO)
        return say(judge, 404, "a folder without any of the StartFile names (ShowIndex is off)");
    if (!reads)
        return say_not_allowed(judge, "the method is for programs, and this is a folder");
    judge->verdict->answer = ANSWER_LISTING;
    judge->verdict->why = "a folder without any of the StartFile names, with ShowIndex";
    return true;
}

static bool judge_folder(const struct judge *judge)
{
    const struct request *request = &judge->x->request;
    const bool reads = request->method == METHOD_GET || request->method == METHOD_HEAD;
    struct verdict *verdict = judge->verdict;

    if (request->method == METHOD_OPTIONS)
        return say_options(judge, file_methods);
    if (!verdict->resource.is_folder_without_slash)
        return judge_index(judge, reads);
    say(judge, reads ? 301 : 308, "a folder is named with a slash behind");
    verdict->answer = ANSWER_REDIRECT;
    verdict->location = slashed(request, &judge->x->arena);
    return true;
}

static bool judge_file(const struct judge *judge)
{
    const struct resource *resource = &judge->verdict->resource;
    enum method method = judge->x->request.method;

    if (resource->path_info.len > 0)
        return say(judge, 404, "the path goes on behind a file that is no program");
    if (method == METHOD_OPTIONS)
        return say_options(judge, file_methods);
    if (method != METHOD_GET && method != METHOD_HEAD)
        return say_not_allowed(judge, "the method is for programs, and this is a file");
    if (gate_blocks(judge->snapshot->conf->block_extensions, resource))
        return say(judge, 403, "its extension is one of BlockExtensions");
    if (!resource->found->file)
        return say(judge, 403, "the server may not read the file (file permissions)");
    judge->verdict->answer = ANSWER_FILE;
    judge->verdict->why = "a file";
    return true;
}

static bool judge_kind(const struct judge *judge)
{
    switch (judge->verdict->resource.found->kind) {
    case FILE_ABSENT:
        return judge_absent(judge);
    case FILE_REGULAR:
        return judge_file(judge);
    case FILE_FOLDER:
        return judge_folder(judge);
    case FILE_SPECIAL:
        break;
    }
    return say(judge, 403, "neither a file nor a folder");
}

/* ---- the whole ---- */

/* Where certificates are proven, nothing that rewrites may stand in the way. */
static bool is_exempted(const struct judge *judge)
{
    return judge->host->conf->toolkit_count > 0 && is_challenge(judge->asked);
}

static bool judge_toolkits(struct judge *judge)
{
    struct exchange *x = judge->x;

    judge->asked = x->request.target.path;
    if (judge->host->conf->toolkit_count == 0 || is_exempted(judge) ||
        x->request.error_status != 0) /* the page for a failure is the configuration's own choice */
        return false;
    return router_ask_toolkits(judge->snapshot, judge->host, x, judge->cache, judge->verdict,
                               &judge->forced);
}

/* What lies there, and the rules that hold for it. */
static void find(const struct judge *judge, struct file_cache *cache)
{
    const struct host *host = judge->host;
    struct verdict *verdict = judge->verdict;
    struct exchange *x = judge->x;
    struct slice path = x->request.target.path;
    const struct folder_names names = { .path = path, .asked = judge->asked };

    verdict->folder = folder_rules_for_path(host, &names, &x->arena);
    resource_find(host, verdict->folder, path, cache, &x->arena, x->loop->now_ms,
                  &verdict->resource);
    if (is_for_front_controller(judge))
        resource_front(host, verdict->folder, cache, &x->arena, x->loop->now_ms,
                       &verdict->resource);
    verdict->folder =
        folder_rules_for_found(host, &names, &verdict->resource, verdict->folder, &x->arena);
}

/* A rule chose the section: the path is a name for its program, whatever lies on disk. */
static bool judge_forced(const struct judge *judge)
{
    struct slice path = judge->x->request.target.path;
    struct verdict *verdict = judge->verdict;

    if (!judge->forced)
        return false;
    if (verdict->resource.found->kind != FILE_REGULAR || path.at[path.len - 1] == '/')
        resource_name(judge->host, slice_skip(path, 1), &judge->x->arena, &verdict->resource);
    verdict->answer = ANSWER_FASTCGI;
    verdict->fastcgi = judge->forced;
    verdict->why = "a toolkit rule says UseFastCGI";
    return true;
}

/* No rule was asked, so no program may be behind it. */
static bool judge_exempted(const struct judge *judge)
{
    if (!is_exempted(judge))
        return false;
    if (!judge_cgi(judge))
        return judge_kind(judge);
    if (judge->verdict->answer == ANSWER_CGI)
        say(judge, 403, "only files are sent from acme-challenge, past all toolkits");
    return true;
}

/* ---- who asks ---- */

/* Certificates are to be had for closed websites too: files, never programs. */
static bool is_open_to_all(const struct judge *judge)
{
    const enum answer answer = judge->verdict->answer;

    return slice_starts(judge->x->request.target.path, SLICE("/.well-known/acme-challenge/")) &&
           answer != ANSWER_CGI && answer != ANSWER_FASTCGI && answer != ANSWER_LISTING;
}

/* Nothing of what was judged is told. */
static void refuse(const struct judge *judge, const char *why)
{
    judge->verdict->allow = SLICE("");
    judge->verdict->retry_after_s = 0;
    say(judge, 403, why);
}

/* What was judged is for some only, or for nobody who comes from there. */
static void judge_access(const struct judge *judge)
{
    static const union socket_address nowhere;
    const struct folder_conf *folder = judge->verdict->folder;
    const struct visit *visit = judge->x->visit;
    const enum access access = access_judge(folder, visit ? &visit->client : &nowhere);

    if (access == ACCESS_FREE || is_open_to_all(judge))
        return;
    if (access == ACCESS_REFUSED)
        refuse(judge, "AccessList does not let this client in");
    else if (folder->login.kind == LOGIN_NONE)
        refuse(judge, "a password is wanted, and there is no PasswordFile");
    else
        judge->verdict->wants_login = true;
}

void router_judge(const struct snapshot *snapshot, const struct host *host, struct exchange *x,
                  struct file_cache *cache, struct verdict *ret)
{
    struct judge judge = {
        .snapshot = snapshot, .host = host, .x = x, .cache = cache, .verdict = ret
    };

    *ret = (struct verdict){ .host = host, .folder = &host->conf->folder };
    if (x->request.failed) {
        say(&judge, x->request.failed, x->request.failed_why);
        return;
    }
    if (judge_method(&judge) || judge_secrecy(&judge) || judge_name(&judge) ||
        judge_toolkits(&judge) || judge_query(&judge) || judge_dot_files(&judge))
        return;

    find(&judge, cache);
    if (ret->resource.found->kind == FILE_SPECIAL)
        judge_kind(&judge);
    else
        (void)(judge_forced(&judge) || judge_exempted(&judge) || judge_fastcgi(&judge) ||
               judge_cgi(&judge) || judge_kind(&judge));
    judge_access(&judge);
}
