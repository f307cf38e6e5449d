#include "site/router.h"

#include "base/encode.h"
#include "base/text.h"
#include "gate.h"
#include "router_private.h"
#include "router_toolkit.h"
#include "rules.h"
#include "site/access.h"
#include "site/folder_rules.h"
#include "site/root.h"
#include "site/trace.h"
#include "site/vhost_map.h"

#include <errno.h>
#include <string.h>

#define RETRY_AFTER_S 2u /* for a shortage that passes by itself */

static const struct slice all_methods = SLICE_INIT("GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE");

const struct host *router_host(const struct snapshot *snapshot, const struct binding_conf *binding,
                               struct slice name, struct trace *trace)
{
    return &snapshot->hosts[vhost_map_find(snapshot->names, name, binding, trace)];
}

void router_refuse(const struct exchange *x, const struct host *host, struct verdict *ret)
{
    static const struct {
        int status;
        const char *why;
    } answers[] = {
        [REFUSE_NOTHING] = { 500, "refused for no reason" },
        [REFUSE_TOTAL] = { 503, "over ConnectionsTotal" },
        [REFUSE_CLIENT] = { 429, "over ConnectionsPerIP" },
        [REFUSE_LOAD] = { 503, "over MaxServerLoad" },
        [REFUSE_BANNED] = { 429, "the client is banned" },
    };
    const enum refusal_cause cause = x->visit->refuse;

    *ret = (struct verdict){
        .answer = ANSWER_STATUS,
        .status = answers[cause].status,
        .why = answers[cause].why,
        .retry_after_s = x->visit->refuse_s,
        .host = host,
    };
    trace_note(x->trace, TRACE_CLIENT, TRACE_NO, "%d: %s", ret->status, ret->why);
}

void verdict_done(struct verdict *verdict, struct file_cache *cache)
{
    if (verdict->resource.found)
        cached_file_drop(cache, verdict->resource.found);
    verdict->resource.found = NULL;
    if (verdict->style.found)
        cached_file_drop(cache, verdict->style.found);
    verdict->style.found = NULL;
    locals_drop(&verdict->locals, cache);
}

/* ---- answers: each says "judged" ---- */

static bool say_options(const struct judge *judge, struct slice allow)
{
    judge->verdict->allow = allow;
    return say(judge, 204, "OPTIONS is answered by the server");
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
        return router_judge_connect(judge);
    if (request->method == METHOD_TRACE) {
        if (!trace_is_on(judge->x))
            return router_say_not_allowed(judge, "EnableTRACE is off for this binding");
        return say(judge, 200, "TRACE is answered by the server");
    }
    if (request->target.form == TARGET_ASTERISK)
        return say_options(judge, all_methods);
    return false;
}

/* ---- by TLS only ---- */

bool router_is_challenge(struct slice path)
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
        router_is_challenge(request->target.path))
        return false;

    bool reads = request->method == METHOD_GET || request->method == METHOD_HEAD;
    uint16_t port = secure_port(judge->snapshot->conf);
    say(judge, reads ? 301 : 308, "the host wants TLS (RequireTLS)");
    judge->verdict->answer = ANSWER_REDIRECT;
    judge->verdict->location =
        gate_same_place(x, true, returning_name(judge), port == 443 ? 0 : port);
    return true;
}

/* ---- for clients with a certificate only ---- */

/* NULL: anybody may come. */
static const struct tls_conf *required_of(const struct vhost_conf *host,
                                          const struct binding_conf *binding)
{
    if (host->tls.authorities)
        return &host->tls;
    return binding && binding->tls.authorities ? &binding->tls : NULL;
}

/* A connection brings along what was proven in its handshake, which may have been for another
 * host. */
static bool judge_client(const struct judge *judge)
{
    const struct visit *visit = judge->x->visit;
    const struct tls_conf *required = visit ? required_of(judge->host->conf, visit->binding) : NULL;

    if (!required || (!visit->secure && router_is_challenge(judge->x->request.target.path)))
        return false;
    if (!visit->tls_version)
        return say(judge, 403, "the host wants a certificate, which TLS alone brings (RequiredCA)");
    if (visit->certificate &&
        slice_equal(visit->certificate->authority,
                    slice_of((const char *)required->authority_id, sizeof(required->authority_id))))
        return false;
    return say(
        judge, 421,
        "the handshake was for a host that wants no certificate, or another one (RequiredCA)");
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
    judge->x->record.exploit = "invalid URL";
    return say(judge, 404, "a name in it begins with a dot (AllowDotFiles)");
}

/* ---- files and folders ---- */

bool router_judge_absent(const struct judge *judge)
{
    const struct site_root *root = judge->verdict->resource.root;
    const struct alias_conf *alias = judge->verdict->resource.mapping.alias;
    int error = judge->verdict->resource.found->error;

    switch (-error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        if (judge->verdict->resource.mapping.is_user && !root->user)
            return say(judge, 404,
                       "no account of this name has a website (UserWebsites; a new one counts "
                       "from the next reload on)");
        if (!site_root_is_there(root))
            return say(judge, 404,
                       judge->host->conf->host_folders && root->path.len == 0
                           ? "the name of the host can be that of no folder (HostFolders)"
                       : root->path.len == 0 ? "the host has no WebsiteRoot"
                       : alias               ? "the folder of the alias could not be opened"
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
    if (judge->verdict->folder->show_index.as == INDEX_NO)
        return say(judge, 404, "a folder without any of the StartFile names (ShowIndex is off)");
    if (!reads)
        return router_say_not_allowed(judge, "the method is for programs, and this is a folder");
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
        return say_options(judge, ROUTER_FILE_METHODS);
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
        return say_options(judge, router_methods(judge));
    if (method != METHOD_GET && method != METHOD_HEAD)
        return router_say_not_allowed(judge, "the method is for programs, and this is a file");
    if (gate_blocks(judge->snapshot->conf->block_extensions, resource))
        return say(judge, 403, "its extension is one of BlockExtensions");
    if (!resource->found->file)
        return say(judge, 403, "the server may not read the file (file permissions)");
    if (router_judge_style(judge))
        return true;
    judge->verdict->answer = ANSWER_FILE;
    judge->verdict->why = "a file";
    return true;
}

static bool judge_kind(const struct judge *judge)
{
    if (router_judge_alter(judge))
        return true;
    switch (judge->verdict->resource.found->kind) {
    case FILE_ABSENT:
        return router_judge_absent(judge);
    case FILE_REGULAR:
        return judge_file(judge);
    case FILE_FOLDER:
        return judge_folder(judge);
    case FILE_SPECIAL:
        break;
    }
    return say(judge, 403, "neither a file nor a folder");
}

/* Not even a program on another machine. */
static bool judge_nobody(const struct judge *judge)
{
    const struct mapping *mapping = &judge->verdict->resource.mapping;

    return mapping->is_user && !mapping->root->user && judge_kind(judge);
}

/* ---- the whole ---- */

/* Where certificates are proven, nothing that rewrites may stand in the way. */
static bool is_exempted(const struct judge *judge)
{
    return judge->host->conf->toolkit_count > 0 && router_is_challenge(judge->asked);
}

static bool judge_toolkits(struct judge *judge)
{
    struct exchange *x = judge->x;

    judge->asked = x->request.target.path;
    if (judge->host->conf->toolkit_count == 0 || judge->verdict->proxy || is_exempted(judge) ||
        x->request.error_status != 0) /* the page for a failure is the configuration's own choice */
        return false;
    return router_ask_toolkits(judge->snapshot, judge->host, x, judge->cache, judge->verdict,
                               &judge->forced);
}

/* The .hiawatha files on the way, where they count. */
static void find_locals(const struct judge *judge, struct folder_names *names)
{
    struct verdict *verdict = judge->verdict;

    if (!judge->host->conf->use_local_config)
        return;
    const struct mapping mapping =
        mapping_find(judge->host, verdict->folder, names->path, judge->x);
    locals_find(judge->host, &mapping, judge->cache, judge->x, &verdict->locals);
    if (verdict->locals.count == 0)
        return;
    names->locals = &verdict->locals;
    verdict->folder = folder_rules_for_path(judge->host, names, &judge->x->arena);
}

/* What lies there, and the rules that hold for it. */
static void find(const struct judge *judge, struct file_cache *cache)
{
    const struct host *host = judge->host;
    struct verdict *verdict = judge->verdict;
    struct exchange *x = judge->x;
    struct slice path = x->request.target.path;
    struct folder_names names = { .path = path, .asked = judge->asked };

    verdict->folder = folder_rules_for_path(host, &names, &x->arena);
    find_locals(judge, &names);
    resource_find(host, verdict->folder, path, cache, x, &verdict->resource);
    if (!router_may_alter(judge) && router_is_for_front_controller(judge))
        resource_front(host, verdict->folder, cache, x, &verdict->resource);
    verdict->folder =
        folder_rules_for_found(host, &names, &verdict->resource, verdict->folder, &x->arena);
    if (x->trace)
        folder_rules_tell(host, &names, &verdict->resource, x->trace);
}

/* What it says may be a protection. */
static bool judge_locals(const struct judge *judge)
{
    const struct slice fault = judge->verdict->locals.fault;

    if (fault.len == 0)
        return false;
    return say(judge, 500,
               arena_printf(&judge->x->arena, "UseLocalConfig: %.*s", SLICE_ARGS(fault)).at);
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
    if (!router_judge_cgi(judge))
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

    return router_is_challenge(judge->x->request.target.path) && !judge->verdict->alters &&
           answer != ANSWER_CGI && answer != ANSWER_FASTCGI && answer != ANSWER_XSLT &&
           answer != ANSWER_LISTING;
}

void router_forbid(const struct judge *judge, const char *why)
{
    judge->verdict->allow = SLICE("");
    judge->verdict->retry_after_s = 0;
    say(judge, 403, why);
}

/* What was judged is for some only, or for nobody who comes from there. False: it is refused. */
static bool judge_access(const struct judge *judge)
{
    static const union socket_address nowhere;
    const struct folder_conf *folder = judge->verdict->folder;
    const struct visit *visit = judge->x->visit;
    const enum access access =
        access_judge(folder, visit ? &visit->client : &nowhere, judge->x->trace);

    if (judge->x->trace)
        router_tell_access(judge, access, is_open_to_all(judge));
    if (access == ACCESS_FREE || is_open_to_all(judge))
        return true;
    if (access == ACCESS_AFTER_LOGIN && folder->login.kind != LOGIN_NONE) {
        judge->verdict->wants_login = true;
        return true;
    }
    router_forbid(judge, access == ACCESS_REFUSED
                             ? "AccessList does not let this client in"
                             : "a password is wanted, and there is no PasswordFile");
    return false;
}

/* ---- the gates, one behind the other ---- */

/* What the host does not have is not worth a note. */
static bool ends_at(const struct judge *judge, const char *name, bool is_there, bool judged)
{
    if (is_there)
        trace_note(judge->x->trace, TRACE_GATE,
                   trace_mark_of(!judged || judge->verdict->answer == ANSWER_SSH), "%s%s%s", name,
                   judged ? ": " : "", judged ? judge->verdict->why : "");
    return judged;
}

static bool judge_gates(struct judge *judge)
{
    const struct vhost_conf *conf = judge->host->conf;

    return ends_at(judge, "method", true, judge_method(judge)) ||
           ends_at(judge, "RequireTLS", conf->require_tls.is_on, judge_secrecy(judge)) ||
           ends_at(judge, "RequiredCA", conf->tls.authorities != NULL, judge_client(judge)) ||
           ends_at(judge, "EnforceFirstHostname", conf->enforce_first_hostname,
                   judge_name(judge)) ||
           ends_at(judge, "WebSocket", conf->websockets != NULL, router_judge_websockets(judge)) ||
           ends_at(judge, "ReverseProxy", conf->proxies != NULL, router_judge_proxies(judge)) ||
           ends_at(judge, "UseToolkit", conf->toolkit_count > 0, judge_toolkits(judge)) ||
           ends_at(judge, "SecureURL", conf->secure_url, judge_query(judge)) ||
           ends_at(judge, "AllowDotFiles", !conf->allow_dot_files, judge_dot_files(judge));
}

/* Whoever answers, and with what. False: nobody may. */
static bool judge_answer(struct judge *judge)
{
    if (judge->verdict->proxy) {
        router_judge_proxied(judge);
        return true;
    }
    find(judge, judge->cache);
    if (judge_locals(judge))
        return false;
    if (judge->verdict->resource.found->kind == FILE_SPECIAL)
        judge_kind(judge);
    else
        (void)(judge_nobody(judge) || judge_forced(judge) || judge_exempted(judge) ||
               router_judge_fastcgi(judge) || router_judge_cgi(judge) || judge_kind(judge));
    return true;
}

/* A WebSocket that was asked for over HTTP/2 takes every success for one (RFC 8441 5). */
static void judge_tunnel(const struct judge *judge)
{
    const struct request *request = &judge->x->request;
    const struct verdict *verdict = judge->verdict;

    if (request->version != 20 || request->websocket_key.len == 0 || request->error_status != 0 ||
        verdict->answer == ANSWER_STATUS || verdict->answer == ANSWER_REDIRECT ||
        (verdict->answer == ANSWER_FASTCGI && verdict->fastcgi->protocol == PROTOCOL_HTTP))
        return;
    say(judge, 501, "nobody here speaks WebSocket");
}

static void judge_place(struct judge *judge)
{
    if (!judge_answer(judge))
        return;
    judge_tunnel(judge);
    if (judge->x->trace)
        router_tell_answer(judge);
    if (judge_access(judge))
        router_judge_altering(judge);
    router_judge_length(judge);
    if (judge->x->trace)
        router_tell_afterwards(judge);
}

void router_judge(const struct snapshot *snapshot, const struct host *host, struct exchange *x,
                  struct file_cache *cache, struct verdict *ret)
{
    struct judge judge = {
        .snapshot = snapshot, .host = host, .x = x, .cache = cache, .verdict = ret
    };

    *ret = (struct verdict){ .host = host, .folder = &host->conf->folder };
    if (x->request.failed)
        ends_at(&judge, "request", true, say(&judge, x->request.failed, x->request.failed_why));
    else if (!judge_gates(&judge))
        judge_place(&judge);
    else if (x->trace)
        router_tell_answer(&judge);
}
