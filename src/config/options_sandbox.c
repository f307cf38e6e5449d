/* Options about what the programs of a host, or the workers of a section, may see and write. */
#include "build.h"

void folders_set(struct build *build, void *record, const struct tree_node *node,
                 const struct option_row *row)
{
    struct conf_folder **end = (struct conf_folder **)(void *)((char *)record + row->offset);
    struct items items = items_of(build, node, row, node->value);
    struct slice item;
    struct slice path;

    while (*end)
        end = &(*end)->next;
    while (items_next(&items, &item)) {
        if (!path_clean(build, node, row, item, &path))
            continue;
        *end = arena_new(build->arena, struct conf_folder);
        **end = (struct conf_folder){ .path = path, .place = tree_place(node, item) };
        end = &(*end)->next;
    }
}

/* The option itself, or the first that needs it: where a fault is shown. */
static void note_place(struct confine_conf *confine, const struct tree_node *node)
{
    confine->sandbox_place = tree_place(node, node->value);
}

static void sandbox_set(struct build *build, void *record, const struct tree_node *node,
                        const struct option_row *row)
{
    static const char *const words[] = { "no", "readonly", "strict" };
    struct confine_conf *confine = confine_of(record, row);

    note_place(confine, node);
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (slice_equal_nocase(node->value, slice_cstr(words[i]))) {
            confine->sandbox = (enum conf_sandbox)i;
            return;
        }
    build_fault(build, DIAG_ERROR, node, node->value,
                "'%s' must be no, readonly or strict, not '%.*s'", row->name,
                SLICE_ARGS(node->value));
}

static void sandbox_folders_set(struct build *build, void *record, const struct tree_node *node,
                                const struct option_row *row)
{
    struct confine_conf *confine = confine_of(record, row);

    if (confine->sandbox == SANDBOX_NO)
        note_place(confine, node);
    folders_set(build, record, node, row);
}

static const struct option_row rows[] = {
    {
        .name = "Sandbox",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .set = sandbox_set,
        .grammar = "no | readonly | strict",
        .text = "What CGI programs of the host may do to the file system, whatever their user may "
                "(Landlock, Linux 5.13). `readonly`: they write below SandboxWrite and below a "
                "folder of the host that TMPDIR names, and nowhere else. `strict`: besides, they "
                "read and run only what lies in the system's own folders (/usr, /bin, /lib, /etc, "
                "/proc ...), in WebsiteRoot, and below SandboxRead and SandboxWrite; with Linux "
                "6.12 they signal and meet nobody but their own. Needs NoNewPrivs = yes.",
    },
    {
        .name = "SandboxRead",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        AT(vhost_conf, confine.sandbox_reads),
        .set = sandbox_folders_set,
        .grammar = "PATH[, PATH ...]",
        .text = "Folders and files that CGI programs may read and run as well with Sandbox = "
                "strict. May be repeated.",
    },
    {
        .name = "SandboxWrite",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        AT(vhost_conf, confine.sandbox_writes),
        .set = sandbox_folders_set,
        .grammar = "PATH[, PATH ...]",
        .text = "Folders and files that CGI programs with a Sandbox may read and write, as far as "
                "their user may. May be repeated.",
    },
    {
        .name = "SandboxNetwork",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, confine.sandbox_network),
        .fallback = "yes",
        .grammar = "yes | no",
        .text = "`no`: CGI programs with a Sandbox neither connect by TCP nor listen (Linux 6.7).",
    },
    {
        .name = "Sandbox",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .set = sandbox_set,
        .grammar = "no | readonly | strict",
        .text = "The same for the workers of the section (Run). With `strict` they also read the "
                "WebsiteRoot of each host that uses them.",
    },
    {
        .name = "SandboxRead",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .repeat = REPEAT_APPENDS,
        AT(fastcgi_conf, run.confine.sandbox_reads),
        .set = sandbox_folders_set,
        .grammar = "PATH[, PATH ...]",
        .text = "Folders and files that workers may read and run as well with Sandbox = strict. "
                "May be repeated.",
    },
    {
        .name = "SandboxWrite",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .repeat = REPEAT_APPENDS,
        AT(fastcgi_conf, run.confine.sandbox_writes),
        .set = sandbox_folders_set,
        .grammar = "PATH[, PATH ...]",
        .text = "Folders and files that workers with a Sandbox may read and write, as far as their "
                "user may (php-cgi: session.save_path, uploads). May be repeated.",
    },
    {
        .name = "SandboxNetwork",
        .type = OPT_YES_NO,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.confine.sandbox_network),
        .fallback = "yes",
        .grammar = "yes | no",
        .text = "`no`: workers with a Sandbox neither connect by TCP nor listen (Linux 6.7).",
    },
};

const struct option_group sandbox_options = { rows, sizeof(rows) / sizeof(rows[0]) };
