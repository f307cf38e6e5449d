/* What no single option can know: names that must exist elsewhere, and things that are there twice.
 */
#include "base/number.h"
#include "base/table.h"
#include "build.h"
#include "config/folder.h"
#include "config/model.h"

/* ---- bindings ---- */

static bool is_any_address(const struct binding_conf *binding)
{
    static const struct in6_addr any = IN6ADDR_ANY_INIT;

    if (binding->address.any.sa_family == AF_INET)
        return binding->address.in4.sin_addr.s_addr == INADDR_ANY;
    return memcmp(&binding->address.in6.sin6_addr, &any, sizeof(any)) == 0;
}

/* Could the kernel not open both? */
static bool collide(const struct binding_conf *a, const struct binding_conf *b)
{
    return a->port == b->port && a->port != 0 &&
           a->address.any.sa_family == b->address.any.sa_family &&
           (is_any_address(a) || is_any_address(b) || address_equal_ip(&a->address, &b->address));
}

static void check_bindings(struct build *build)
{
    struct diag_place file = { .file = build->file };

    if (!build->conf->bindings)
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &file,
                           "there is no Binding: the server would listen nowhere"),
                  "add: Binding {, Port = 80 and }, each on a line of its own");

    for (struct binding_conf *b = build->conf->bindings; b; b = b->next) {
        for (struct binding_conf *a = build->conf->bindings; a != b; a = a->next) {
            if (!collide(a, b))
                continue;
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_ERROR, &b->place,
                               "this Binding has the same address and port %u as the one of %s:%u",
                               (unsigned)b->port, a->place.file, a->place.line),
                      "give one of them another Port or Interface");
            break;
        }
    }
}

/* MaxKeepAlive outside sections, for the bindings that have none of their own. */
static void spread_keep_alive(struct build *build)
{
    const struct option_row *row = option_find(SLICE("MaxKeepAlive"), SCOPE_BINDING);
    const struct tree_node *node = build->keep_alive;
    uint64_t value;

    if (!node || !count_parse(build, node, row, node->value, &value))
        return;
    for (struct binding_conf *binding = build->conf->bindings; binding; binding = binding->next) {
        bool own = false;

        for (const struct mention *m = build->keep_alives.first; m; m = m->next)
            own |= m->owner == binding;
        if (!own)
            binding->max_keep_alive = value;
    }
}

/* ---- lists of known names, for cures ---- */

static struct slice known_fastcgi(struct build *build)
{
    struct slice list = { 0 };

    for (struct fastcgi_conf *f = build->conf->fastcgi; f; f = f->next) {
        if (f->id.len > 0)
            list = arena_printf(build->arena, "%.*s%s%.*s", SLICE_ARGS(list),
                                list.len > 0 ? ", " : "", SLICE_ARGS(f->id));
    }
    return list.len > 0 ? list : SLICE("none");
}

static struct slice known_bindings(struct build *build)
{
    struct slice list = { 0 };

    for (struct binding_conf *b = build->conf->bindings; b; b = b->next) {
        if (b->id.len > 0)
            list = arena_printf(build->arena, "%.*s%s%.*s", SLICE_ARGS(list),
                                list.len > 0 ? ", " : "", SLICE_ARGS(b->id));
    }
    return list.len > 0 ? list : SLICE("none");
}

/* ---- FastCGI ---- */

/* The last section of this name, as in Hiawatha. */
static struct fastcgi_conf *find_fastcgi(const struct build *build, struct slice id)
{
    return table_find(&build->fastcgi_ids, id);
}

static void warn_about_same_id(struct build *build, const struct fastcgi_conf *first,
                               const struct fastcgi_conf *again)
{
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_WARNING, &again->place,
                       "a second FastCGIserver '%.*s' (the first is at %s:%u)",
                       SLICE_ARGS(again->id), first->place.file, first->place.line),
              "the last one counts; to share the load, list all targets in one section");
}

static void note_fastcgi_ids(struct build *build)
{
    for (struct fastcgi_conf *f = build->conf->fastcgi; f; f = f->next) {
        const struct fastcgi_conf *former = NULL;

        if (f->id.len > 0)
            former = table_put(&build->fastcgi_ids, f->id, f);
        if (former)
            warn_about_same_id(build, former, f);
    }
}

/* The section that `option` names; NULL: there is none, and that is said. */
static struct fastcgi_conf *resolve_name(struct build *build, const struct mention *use,
                                         const char *option)
{
    struct fastcgi_conf *fastcgi = find_fastcgi(build, use->text);

    if (!fastcgi) {
        struct slice known = known_fastcgi(build);

        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &use->place,
                           "%s names '%.*s', but no FastCGIserver has that FastCGIid", option,
                           SLICE_ARGS(use->text)),
                  "known: %.*s", SLICE_ARGS(known));
    }
    return fastcgi;
}

static void resolve_use(struct build *build, const struct mention *use)
{
    struct fastcgi_conf *fastcgi = resolve_name(build, use, "UseFastCGI");
    struct vhost_conf *host = use->owner;

    if (fastcgi)
        host->use_fastcgi[host->use_fastcgi_count++] = fastcgi;
}

static const char *protocol_text(enum conf_protocol protocol)
{
    switch (protocol) {
    case PROTOCOL_FASTCGI:
        break;
    case PROTOCOL_SCGI:
        return "SCGI";
    case PROTOCOL_HTTP:
        return "HTTP";
    }
    return "FastCGI";
}

static void resolve_auth(struct build *build, const struct mention *use)
{
    struct fastcgi_conf *fastcgi = resolve_name(build, use, "FastCGIauth");
    struct folder_conf *folder = use->owner;

    if (fastcgi && fastcgi->protocol != PROTOCOL_FASTCGI)
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &use->place,
                           "FastCGIauth names '%.*s', which speaks %s", SLICE_ARGS(use->text),
                           protocol_text(fastcgi->protocol)),
                  "only FastCGI knows authorizers: the section needs Protocol = fastcgi");
    folder->fastcgi_auth = fastcgi;
}

static unsigned count_words(const struct conf_word *list)
{
    unsigned count = 0;

    for (; list; list = list->next)
        count++;
    return count;
}

static void resolve_fastcgi(struct build *build)
{
    for (struct vhost_conf *host = build->conf->hosts; host; host = host->next)
        host->use_fastcgi =
            arena_array(build->arena, struct fastcgi_conf *, count_words(host->use_fastcgi_ids));
    for (struct mention *use = build->use_fastcgi.first; use; use = use->next)
        resolve_use(build, use);
    for (struct mention *use = build->fastcgi_auth.first; use; use = use->next)
        resolve_auth(build, use);
}

static bool lies_inside(struct slice path, struct slice folder)
{
    return slice_starts(path, folder) && (path.len == folder.len || path.at[folder.len] == '/');
}

static void check_server_root(struct build *build, const struct mention *root)
{
    for (struct mention *use = build->use_fastcgi.first; use; use = use->next) {
        const struct vhost_conf *host = use->owner;

        if (find_fastcgi(build, use->text) != root->owner || host->website_root.len == 0 ||
            lies_inside(host->website_root, root->text))
            continue;
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &use->place,
                           "the WebsiteRoot '%.*s' is outside the ServerRoot '%.*s' of "
                           "FastCGIserver '%.*s'",
                           SLICE_ARGS(host->website_root), SLICE_ARGS(root->text),
                           SLICE_ARGS(use->text)),
                  "the program behind it sees only files below its ServerRoot");
    }
}

static void refuse_in_section(struct build *build, const struct fastcgi_conf *fastcgi,
                              const char *what, const char *cure)
{
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_ERROR, &fastcgi->place,
                       "%s in FastCGIserver '%.*s', which speaks %s", what, SLICE_ARGS(fastcgi->id),
                       protocol_text(fastcgi->protocol)),
              "%s", cure);
}

static void check_probe(struct build *build, const struct fastcgi_conf *fastcgi)
{
    for (const struct connect_conf *target = fastcgi->targets; target; target = target->next)
        if (!fastcgi->probe &&
            (target->probe_address.any.sa_family != AF_UNSPEC || target->probe_port > 0))
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_WARNING, &target->place,
                               "'%.*s' says where it is to be probed, but nothing is probed",
                               SLICE_ARGS(target->text)),
                      "add for example: Probe = /ping");
}

static void check_tls_targets(struct build *build, const struct fastcgi_conf *fastcgi)
{
    for (const struct connect_conf *target = fastcgi->targets; target; target = target->next)
        if (target->tls && fastcgi->protocol != PROTOCOL_HTTP)
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_ERROR, &target->place,
                               "'%.*s' is asked by TLS, and section '%.*s' speaks %s",
                               SLICE_ARGS(target->text), SLICE_ARGS(fastcgi->id),
                               protocol_text(fastcgi->protocol)),
                      "TLS is for backends of HTTP: the section needs Protocol = http");
}

static void check_protocol(struct build *build, const struct fastcgi_conf *fastcgi)
{
    check_tls_targets(build, fastcgi);
    if (fastcgi->protocol == PROTOCOL_FASTCGI)
        return;
    if (fastcgi->protocol == PROTOCOL_SCGI && fastcgi->keep_connections > 0)
        refuse_in_section(build, fastcgi, "KeepConnections",
                          "SCGI ends each connection with its answer: leave KeepConnections out");
    if (fastcgi->probe_path.len > 0)
        refuse_in_section(build, fastcgi, "a Probe that asks for a path",
                          "paths are asked by FastCGI only; write: Probe = connect");
    if (fastcgi->protocol == PROTOCOL_HTTP && fastcgi->run.program.len > 0)
        refuse_in_section(build, fastcgi, "Run",
                          "workers of the house speak FastCGI or SCGI on a socket that they are "
                          "given; start the program otherwise, and say ConnectTo");
}

/* ---- extensions claimed twice ---- */

static bool handlers_have(const struct cgi_handler_conf *handler, struct slice extension)
{
    for (; handler; handler = handler->next) {
        if (words_have(handler->extensions, extension))
            return true;
    }
    return false;
}

static const char *other_claim(const struct server_conf *conf, const struct vhost_conf *host,
                               struct slice extension)
{
    if (words_have(host->cgi_extensions, extension) || words_have(conf->cgi_extensions, extension))
        return "CGIextension";
    if (handlers_have(host->cgi_handlers, extension) ||
        handlers_have(conf->cgi_handlers, extension))
        return "CGIhandler";
    return NULL;
}

static void note_claims(struct build *build, const struct mention *use)
{
    const struct fastcgi_conf *fastcgi = find_fastcgi(build, use->text);

    if (!fastcgi)
        return;
    for (const struct conf_word *word = fastcgi->extensions; word; word = word->next) {
        const char *other = other_claim(build->conf, use->owner, word->text);

        if (other)
            diag_add(build->diags, DIAG_NOTE, &use->place,
                     "FastCGIserver '%.*s' overrules %s for '.%.*s' here", SLICE_ARGS(use->text),
                     other, SLICE_ARGS(word->text));
    }
}

/* ---- hosts ---- */

/* Does `first` take every request for the name before `second` sees it? */
static bool hides(const struct vhost_conf *first, const struct vhost_conf *second)
{
    if (!first->required_bindings)
        return true;
    for (const struct conf_word *id = second->required_bindings; id; id = id->next) {
        if (!words_have(first->required_bindings, id->text))
            return false;
    }
    return second->required_bindings != NULL;
}

/* Does a "*.domain" further up take what is meant for this name? The order of the text counts. */
static void check_wildcards(struct build *build, const struct table *seen,
                            const struct mention *name)
{
    bool wild = slice_starts(name->text, SLICE("*."));
    struct slice rest = slice_skip(name->text, wild ? 2 : 0);

    while (rest.len > 0) {
        struct slice pattern = arena_printf(build->arena, "*.%.*s", SLICE_ARGS(rest));
        const struct mention *first = table_find(seen, pattern);

        if (first && first->owner != name->owner && hides(first->owner, name->owner)) {
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_WARNING, &name->place,
                               "'%.*s' at %s:%u:%u already takes the requests for '%.*s'",
                               SLICE_ARGS(pattern), first->place.file, first->place.line,
                               first->place.column, SLICE_ARGS(name->text)),
                      "the host named first answers: move this one in front of it");
            return;
        }
        slice_cut(rest, '.', &(struct slice){ 0 }, &rest);
    }
}

static void check_hostnames(struct build *build)
{
    struct table seen = { 0 };

    for (struct mention *name = build->hostnames.first; name; name = name->next) {
        struct mention *first = table_find(&seen, name->text);

        if (!first)
            check_wildcards(build, &seen, name);
        if (!first)
            table_put(&seen, name->text, name);
        else if (hides(first->owner, name->owner))
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_WARNING, &name->place,
                               "the Hostname '%.*s' is also at %s:%u:%u", SLICE_ARGS(name->text),
                               first->place.file, first->place.line, first->place.column),
                      first->owner == name->owner ? "once is enough"
                                                  : "the host named first answers for it");
    }
    table_done(&seen);
}

static void check_required_bindings(struct build *build)
{
    for (struct mention *use = build->use_bindings.first; use; use = use->next) {
        struct binding_conf *binding = build->conf->bindings;
        struct vhost_conf *host = use->owner;

        if (host == build->conf->hosts)
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_ERROR, &use->place,
                               "the default host must answer on every binding"),
                      "use RequiredBinding in a VirtualHost that is not the default host");
        while (binding && !slice_equal(binding->id, use->text))
            binding = binding->next;
        if (binding)
            continue;

        struct slice known = known_bindings(build);
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &use->place,
                           "RequiredBinding names '%.*s', but no Binding has that BindingId",
                           SLICE_ARGS(use->text)),
                  "known: %.*s", SLICE_ARGS(known));
    }
}

static void check_proxy_protocol(struct build *build)
{
    for (const struct binding_conf *binding = build->conf->bindings; binding;
         binding = binding->next) {
        if (binding->proxy_protocol == PROXY_PROTOCOL_NO || binding->trusted_proxies ||
            build->conf->trusted_proxies)
            continue;
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &binding->place,
                           "ProxyProtocol is for trusted proxies, and this Binding has none"),
                  "add: TrustedProxy = ADDRESS of the proxy");
    }
}

static bool hands_over_everything(const struct vhost_conf *host)
{
    for (unsigned i = 0; i < host->use_fastcgi_count; i++) {
        if (!host->use_fastcgi[i]->extensions)
            return true;
    }
    return false;
}

static bool takes_extension(const struct server_conf *conf, const struct vhost_conf *host,
                            struct slice extension)
{
    for (unsigned i = 0; i < host->use_fastcgi_count; i++) {
        if (words_have(host->use_fastcgi[i]->extensions, extension))
            return true;
    }
    return hands_over_everything(host) || other_claim(conf, host, extension);
}

/* The extension as the router sees it, but for NoExtensionAs. */
static struct slice extension_of(struct slice path)
{
    size_t dot = slice_find_last(path, '.');
    size_t slash = slice_find_last(path, '/');

    return dot == SLICE_NONE || (slash != SLICE_NONE && slash > dot) ? SLICE("")
                                                                     : slice_skip(path, dot + 1);
}

/* A page is fine (one page that is a whole application), the text of a script is not. */
static void check_front_controller(struct build *build, const struct vhost_conf *host)
{
    struct slice extension = extension_of(host->front_controller);

    if (extension.len == 0 || slice_equal_cstr(extension, "html") ||
        slice_equal_cstr(extension, "htm") || takes_extension(build->conf, host, extension))
        return;
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_WARNING, &host->front_controller_place,
                       "the FrontController '/%.*s' is no program of this host: nothing takes "
                       "'.%.*s', and visitors would get its text",
                       SLICE_ARGS(host->front_controller), SLICE_ARGS(extension)),
              "add: UseFastCGI = ID of a FastCGIserver with Extension = %.*s, or a CGIhandler",
              SLICE_ARGS(extension));
}

static struct slice name_of(struct build *build, const struct vhost_conf *host)
{
    if (!host->hostnames)
        return SLICE("this host");
    return arena_printf(build->arena, "the host '%.*s'", SLICE_ARGS(host->hostnames->text));
}

static void check_first_hostname(struct build *build, const struct vhost_conf *host,
                                 struct slice name)
{
    if (host->enforce_first_hostname && host->hostnames &&
        slice_starts(host->hostnames->text, SLICE("*.")))
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_WARNING, &host->place,
                           "EnforceFirstHostname does nothing for %.*s: its first Hostname is a "
                           "wildcard",
                           SLICE_ARGS(name)),
                  "put the name that visitors shall see in front");
}

/* What leads out of the folder of a name, or to one file for all of them. */
static void check_host_folders(struct build *build, const struct vhost_conf *host,
                               struct slice name)
{
    const struct {
        const char *option;
        bool given;
    } others[] = { { "Alias or ScriptAlias", host->alias_count > 0 },
                   { "UserWebsites", host->user_websites },
                   { "FrontController", host->front_controller.len > 0 } };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (others[i].given)
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_ERROR, &host->place,
                               "%.*s has HostFolders and %s, which do not go together",
                               SLICE_ARGS(name), others[i].option),
                      "give the names that want it a VirtualHost of their own");
}

static void check_host(struct build *build, const struct vhost_conf *host)
{
    struct slice name = name_of(build, host);

    if (!host->website_root_place.file && !hands_over_everything(host))
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &host->place, "%.*s has no WebsiteRoot",
                           SLICE_ARGS(name)),
                  "add: WebsiteRoot = /path; only a host that uses a FastCGIserver without "
                  "Extension needs none");
    if (!folder_any_executes(host) &&
        (host->cgi_handlers || host->cgi_extensions || host->cgi_pattern.len > 0))
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_WARNING, &host->place,
                           "%.*s names CGI programs, but may not execute any", SLICE_ARGS(name)),
                  "add: ExecuteCGI = yes");
    if (host->host_folders)
        check_host_folders(build, host, name);
    check_first_hostname(build, host, name);
    check_front_controller(build, host);
}

void check_run(struct build *build)
{
    check_bindings(build);
    spread_keep_alive(build);
    note_fastcgi_ids(build);
    resolve_fastcgi(build);
    sessions_check_cookies(build);
    for (struct mention *root = build->server_roots.first; root; root = root->next)
        check_server_root(build, root);
    for (const struct fastcgi_conf *f = build->conf->fastcgi; f; f = f->next) {
        check_protocol(build, f);
        check_probe(build, f);
    }
    for (struct mention *use = build->use_fastcgi.first; use; use = use->next)
        note_claims(build, use);
    check_hostnames(build);
    check_required_bindings(build);
    check_directories(build);
    check_aliases(build);
    check_access(build);
    check_alter(build);
    check_toolkits(build);
    check_proxy_protocol(build);
    for (struct vhost_conf *host = build->conf->hosts; host; host = host->next)
        check_host(build, host);
    table_done(&build->fastcgi_ids);
}
