/* Options of FastCGIserver sections, and what CGIhandler and CGIextension mean. */
#include "build.h"

/* ---- extensions and interpreters ---- */

bool extension_clean(struct build *build, const struct tree_node *node, struct slice item,
                     struct slice *ret)
{
    struct slice extension = item;

    if (slice_starts(extension, SLICE(".")) && extension.len > 1) {
        extension = slice_skip(extension, 1);
        build_fault(build, DIAG_WARNING, node, item,
                    "an extension is written without its dot; '%.*s' is taken",
                    SLICE_ARGS(extension));
    }
    for (size_t i = 0; i < extension.len; i++) {
        char c = extension.at[i];
        if (c == '/' || c == ' ' || c == '\t' || c == ':' || c == '*') {
            diag_hint(build->diags,
                      build_fault(build, DIAG_ERROR, node, item, "'%.*s' is no extension",
                                  SLICE_ARGS(item)),
                      "write what follows the last dot of the file names: php, pl, py");
            return false;
        }
    }
    *ret = extension;
    return true;
}

void extensions_set(struct build *build, void *record, const struct tree_node *node,
                    const struct option_row *row)
{
    struct conf_word **list = (struct conf_word **)((char *)record + row->offset);
    struct items items = items_of(build, node, row, node->value);
    struct slice item;
    struct slice extension;

    while (items_next(&items, &item)) {
        if (extension_clean(build, node, item, &extension) && !words_have(*list, extension))
            words_add(build->arena, list, extension);
    }
}

/* Does this text look like "pl,pm": items of letters, digits and a few marks, none of them empty?
 */
static bool is_extension_list(struct slice text)
{
    struct slice item;

    text = slice_trim(text);
    if (text.len == 0)
        return false;
    while (slice_next(&text, ',', &item)) {
        if (item.len == 0)
            return false;
        for (size_t i = 0; i < item.len; i++) {
            char c = item.at[i];
            if (!ascii_is_alpha(c) && !ascii_is_digit(c) && !strchr("_-+.", c) &&
                (unsigned char)c < 0x80)
                return false;
        }
    }
    return true;
}

/* Program with arguments, and extensions. */
static bool cut_handler(struct slice value, struct slice *ret_command, struct slice *ret_list)
{
    size_t colon = slice_find_last(value, ':');

    if (colon == SLICE_NONE || !is_extension_list(slice_skip(value, colon + 1)))
        return false;
    *ret_command = slice_trim(slice_first(value, colon));
    *ret_list = slice_trim(slice_skip(value, colon + 1));
    return ret_command->len > 0;
}

/* Takes the next word of a command line off *rest. */
static bool next_word(struct slice *rest, struct slice *ret)
{
    *rest = slice_trim(*rest);
    size_t len = 0;

    while (len < rest->len && rest->at[len] != ' ' && rest->at[len] != '\t')
        len++;
    *ret = slice_first(*rest, len);
    *rest = slice_skip(*rest, len);
    return len > 0;
}

static bool find_program(struct build *build, const struct tree_node *node, struct slice written,
                         struct slice *ret)
{
    if (slice_starts(written, SLICE("/"))) {
        *ret = written;
        return true;
    }
    if (slice_has(written, '/')) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, written,
                              "'CGIhandler' wants an absolute path, not '%.*s'",
                              SLICE_ARGS(written)),
                  "for example /usr/bin/perl");
        return false;
    }
    *ret = arena_printf(build->arena, "/usr/bin/%.*s", SLICE_ARGS(written));
    build_fault(build, DIAG_NOTE, node, written, "'%.*s' is taken as %.*s", SLICE_ARGS(written),
                SLICE_ARGS(*ret));
    return true;
}

void cgi_handler_set(struct build *build, void *record, const struct tree_node *node,
                     const struct option_row *row)
{
    struct cgi_handler_conf **list = (struct cgi_handler_conf **)((char *)record + row->offset);
    struct slice command;
    struct slice extensions;
    struct slice item;

    if (!cut_handler(node->value, &command, &extensions)) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'CGIhandler' wants a program, ':' and extensions"),
                  "for example: CGIhandler = /usr/bin/perl:pl,pm");
        return;
    }

    struct cgi_handler_conf *handler = arena_new(build->arena, struct cgi_handler_conf);
    handler->place = tree_place(node, command);
    if (!next_word(&command, &item) || !find_program(build, node, item, &handler->program))
        return;
    while (next_word(&command, &item))
        words_add(build->arena, &handler->arguments, item);

    struct items items = items_of(build, node, row, extensions);
    while (items_next(&items, &item)) {
        if (extension_clean(build, node, item, &item))
            words_add(build->arena, &handler->extensions, item);
    }
    handler->next = *list;
    *list = handler;
}

/* ---- FastCGIserver ---- */

static void id_set(struct build *build, void *record, const struct tree_node *node,
                   const struct option_row *row)
{
    struct fastcgi_conf *fastcgi = record;

    (void)row;
    if (slice_has(node->value, ',')) {
        build_fault(build, DIAG_ERROR, node, node->value,
                    "'FastCGIid' must be one name without commas");
        return;
    }
    fastcgi->id = node->value;
}

static void hint_target(struct build *build, struct diag *diag, struct slice target)
{
    if (slice_starts(target, SLICE("unix:/")))
        diag_hint(build->diags, diag, "write the path alone: %.*s",
                  SLICE_ARGS(slice_skip(target, 5)));
    else if (slice_has(target, '/'))
        diag_hint(build->diags, diag,
                  "the path of a unix socket begins with '/' and has at most 107 bytes");
    else if (slice_starts_nocase(target, SLICE("localhost:")))
        diag_hint(build->diags, diag, "names are not looked up; write 127.0.0.1%.*s",
                  SLICE_ARGS(slice_skip(target, 9)));
    else
        diag_hint(
            build->diags, diag,
            "write 127.0.0.1:9000, [::1]:9000 or /run/php/php-fpm.sock; names are not looked up");
}

static void connect_to_set(struct build *build, void *record, const struct tree_node *node,
                           const struct option_row *row)
{
    struct fastcgi_conf *fastcgi = record;
    struct items items = items_of(build, node, row, node->value);
    struct connect_conf **end = &fastcgi->targets;
    struct slice item;

    while (*end)
        end = &(*end)->next;
    while (items_next(&items, &item)) {
        union socket_address address;

        if (!address_parse_target(item, &address)) {
            hint_target(build,
                        build_fault(build, DIAG_ERROR, node, item,
                                    "'ConnectTo' must be an address with a port or a unix socket, "
                                    "not '%.*s'",
                                    SLICE_ARGS(item)),
                        item);
            continue;
        }
        struct connect_conf *target = arena_new(build->arena, struct connect_conf);
        *target = (struct connect_conf){
            .address = address,
            .text = item,
            .place = tree_place(node, item),
        };
        *end = target;
        end = &target->next;
        fastcgi->target_count++;
    }
}

static void server_root_set(struct build *build, void *record, const struct tree_node *node,
                            const struct option_row *row)
{
    struct fastcgi_conf *fastcgi = record;

    if (path_clean(build, node, row, node->value, &fastcgi->server_root))
        build_mention(build, &build->server_roots, fastcgi->server_root,
                      tree_place(node, node->value), fastcgi);
}

static const struct option_row rows[] = {
    {
        .name = "FastCGIid",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .repeat = REPEAT_REFUSED,
        .former = "FCGIserverId",
        .required = true,
        .set = id_set,
        .grammar = "name",
        .text = "Name of the section for UseFastCGI. Capitals count.",
    },
    {
        .name = "ConnectTo",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .repeat = REPEAT_APPENDS,
        .required = true,
        .set = connect_to_set,
        .grammar = "TARGET[, TARGET ...]; TARGET = IPv4:PORT | [IPv6]:PORT | /UNIXSOCKET",
        .text = "Where the FastCGI program listens. Several targets, listed or repeated, share the "
                "load; "
                "one that refuses is passed over. Host names are not looked up.",
    },
    {
        .name = "Extension",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .repeat = REPEAT_APPENDS,
        AT(fastcgi_conf, extensions),
        .set = extensions_set,
        .grammar = "EXT[, EXT ...]",
        .text = "Extensions that go to this program. Without it the section takes every request of "
                "the hosts that "
                "use it, also those without an extension (Hiawatha leaves those out).",
    },
    {
        .name = "SessionTimeout",
        .type = OPT_DURATION,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, session_timeout_ms),
        .fallback = "15",
        .least = 0,
        .most = UINT64_C(365) * 24 * 3600 * 1000,
        .unit = 60000,
        .grammar = "minutes, or with a unit; 0 = none",
        .text = "How long a client stays with its target after its last request, when there are "
                "several. "
                "0: each request goes to the next one.",
    },
    {
        .name = "ServerRoot",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .set = server_root_set,
        .grammar = "absolute path",
        .text = "The folder that the FastCGI program sees as `/`: taken off the front of the paths "
                "it is told. The "
                "WebsiteRoot of each host that uses the section must lie inside it.",
    },
    {
        .name = "ConnectTimeout",
        .type = OPT_DURATION,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, connect_timeout_ms),
        .fallback = "5",
        .least = 1,
        .most = 300000,
        .unit = 1000,
        .grammar = "seconds, or with a unit",
        .text = "How long a connection to a target may take to come about before the next one is "
                "tried.",
    },
};

const struct option_group fastcgi_options = { rows, sizeof(rows) / sizeof(rows[0]) };
