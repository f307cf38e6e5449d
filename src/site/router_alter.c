/* PUT and DELETE of files: whether a request may alter what lies there. */
#include "router_private.h"

#include "gate.h"
#include "rules.h"
#include "site/access.h"

#include <errno.h>

static const struct binding_conf *altering_binding(const struct judge *judge)
{
    const struct visit *visit = judge->x->visit;
    const struct binding_conf *binding = visit ? visit->binding : NULL;

    return binding && binding->enable_alter ? binding : NULL;
}

/* With WebDAVapp the program of the host alone writes. */
static bool files_may_be_altered(const struct judge *judge)
{
    return altering_binding(judge) && !judge->host->conf->webdav_app;
}

struct slice router_methods(const struct judge *judge)
{
    return files_may_be_altered(judge) && judge->verdict->folder->alter_rules
               ? SLICE("GET, HEAD, OPTIONS, PUT, DELETE")
               : ROUTER_FILE_METHODS;
}

bool router_say_not_allowed(const struct judge *judge, const char *why)
{
    judge->verdict->allow = ROUTER_FILE_METHODS;
    return say(judge, 405, why);
}

static bool alters(const struct judge *judge)
{
    const enum method method = judge->x->request.method;

    return (method == METHOD_PUT || method == METHOD_DELETE) && files_may_be_altered(judge);
}

bool router_may_alter(const struct judge *judge)
{
    return alters(judge) && judge->verdict->folder->alter_rules;
}

/* Whatever executes it here or on another host, today or when somebody says ExecuteCGI: what is
 * uploaded is data. */
static bool is_name_of_program(const struct judge *judge)
{
    const struct resource *resource = &judge->verdict->resource;

    return rules_is_program(&judge->snapshot->programs, resource->extension) ||
           rules_is_pattern(judge->host, slice_skip(resource->script_name, 1)) ||
           slice_equal(resource->relative, judge->host->conf->front_controller);
}

static bool say_alter(const struct judge *judge)
{
    judge->verdict->answer = ANSWER_ALTER;
    judge->verdict->why = "a file that may be altered";
    return true;
}

/* A new file needs its folder, and what is to be removed must be there. */
static bool judge_new(const struct judge *judge)
{
    const struct resource *resource = &judge->verdict->resource;
    const bool is_put = judge->x->request.method == METHOD_PUT;

    switch (-resource->found->error) {
    case ENOENT:
        if (!is_put || resource->root->fd < 0)
            break;
        return say_alter(judge); /* perhaps its folder is missing as well */
    case ENOTDIR:
        if (!is_put)
            break;
        return say(judge, 409, "a part of the path is a file");
    default:
        break;
    }
    return router_judge_absent(judge);
}

static bool judge_there(const struct judge *judge)
{
    const struct resource *resource = &judge->verdict->resource;
    const struct slice path = judge->x->request.target.path;

    if (resource->found->kind == FILE_FOLDER || path.at[path.len - 1] == '/')
        return router_say_not_allowed(judge, "only files are altered, and this is a folder");
    if (resource->found->kind == FILE_SPECIAL)
        return say(judge, 403, "neither a file nor a folder");
    if (resource->path_info.len > 0)
        return say(judge, judge->x->request.method == METHOD_PUT ? 409 : 404,
                   "a part of the path is a file");
    if (is_name_of_program(judge))
        return say(judge, 403, "it is the name of a program, and what is uploaded never is one");
    if (gate_blocks(judge->snapshot->conf->block_extensions, resource))
        return say(judge, 403, "its extension is one of BlockExtensions");
    return resource->found->kind == FILE_ABSENT ? judge_new(judge) : say_alter(judge);
}

/* What the server would make in a home is not its owner's. */
bool router_judge_alter(const struct judge *judge)
{
    if (!alters(judge) || judge->verdict->resource.mapping.is_user)
        return false;
    judge->verdict->alters = true;
    return judge_there(judge);
}

void router_judge_altering(const struct judge *judge)
{
    static const union socket_address nowhere;
    const struct folder_conf *folder = judge->verdict->folder;
    const struct visit *visit = judge->x->visit;

    if (!judge->verdict->alters)
        return;
    const enum access access =
        access_judge_alter(folder, visit ? &visit->client : &nowhere, judge->x->trace);
    if (judge->x->trace)
        router_tell_altering(judge, access);
    if (access == ACCESS_REFUSED) {
        router_forbid(judge, folder->alter_rules ? "AlterList does not let this client alter files"
                                                 : "no AlterList lets anybody alter files here");
    } else if (access == ACCESS_AFTER_LOGIN && folder->login.kind == LOGIN_NONE) {
        router_forbid(judge, "AlterList wants a password, and there is no PasswordFile");
    } else if (access == ACCESS_AFTER_LOGIN) {
        judge->verdict->wants_login = true;
        judge->verdict->alter_groups = folder->alter_groups;
    }
}

static bool is_for_program(const struct verdict *verdict)
{
    return verdict->answer == ANSWER_CGI || verdict->answer == ANSWER_FASTCGI;
}

void router_judge_length(const struct judge *judge)
{
    const struct binding_conf *binding = altering_binding(judge);
    struct request *request = &judge->x->request;

    if (!binding || request->method != METHOD_PUT || !is_for_program(judge->verdict) ||
        judge->x->visit->unlimited || request->body_most <= binding->max_request_bytes)
        return;
    request->body_most = binding->max_request_bytes;
    if (request->length > 0 && (uint64_t)request->length > binding->max_request_bytes)
        say(judge, 413, "the body is larger than MaxRequestSize allows");
}
