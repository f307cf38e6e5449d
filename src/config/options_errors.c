/* ErrorHandler: what answers instead of the small page of an error. */
#include "base/number.h"
#include "build.h"

static bool fault(struct build *build, const struct tree_node *node, struct slice part,
                  const char *why)
{
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, part,
                          "'ErrorHandler' wants CODE:/PATH, not '%.*s'", SLICE_ARGS(node->value)),
              "%s; for example: ErrorHandler = 404:/errors/404.html", why);
    return false;
}

static bool parse(struct build *build, const struct tree_node *node, struct error_handler_conf *ret)
{
    struct slice code;
    struct slice path;
    uint64_t status;

    if (!slice_cut(node->value, ':', &code, &path))
        return fault(build, node, node->value, "a status code, ':' and the path of a page");
    code = slice_trim(code);
    if (!number_parse(code, 599, &status) || status < 400)
        return fault(build, node, code, "status codes of errors are 400 to 599");
    ret->has_query = slice_cut(slice_trim(path), '?', &path, &ret->query);
    const char *why = url_path_fault(path);
    if (why)
        return fault(build, node, path, why);
    ret->status = (int)status;
    ret->path = slice_cstr(arena_cstr(build->arena, path));
    return true;
}

static void error_handler_set(struct build *build, void *record, const struct tree_node *node,
                              const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct error_handler_conf *handler = arena_new(build->arena, struct error_handler_conf);

    (void)row;
    if (!parse(build, node, handler))
        return;
    handler->next = host->error_handlers;
    host->error_handlers = handler;
}

static const struct option_row rows[] = {
    {
        .name = "ErrorHandler",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .set = error_handler_set,
        .grammar = "CODE:/PATH[?QUERY]",
        .text =
            "A page or a program of the website that answers instead of the small page for "
            "errors of that code, 400 to 599. The code stays, unless a program says another. "
            "The program is asked by GET, with the URL of the failed request as REQUEST_URI "
            "and the code as HTTP_GENERATED_ERROR. When it fails itself, the small page comes. "
            "Who is shown the reason (DebugCGI) sees that page, and FastCGIauth is not asked for "
            "an error. What the connection refuses before there is a request (a head that is too "
            "long) "
            "has the small page always, and for 429 no program runs. May be repeated; the last "
            "one for a code counts.",
    },
    {
        .name = "TriggerOnCGIstatus",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, trigger_on_cgi_status),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether an error that a program answers with (400 to 599) is thrown away, and the "
                "ErrorHandler for that code or the small page comes instead. Of its fields "
                "WWW-Authenticate, Allow and Retry-After are kept.",
    },
};

const struct option_group error_options = { rows, sizeof(rows) / sizeof(rows[0]) };
