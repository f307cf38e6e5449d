/* Options about files that clients may make, replace and remove (PUT and DELETE), and what runs
 * after that, or after a download. */
#include "build.h"

#define MIB     (UINT64_C(1024) * 1024)
#define MODE_X  0111u
#define MODE_OK 0666u

/* Three octal digits. */
static bool mode_parse(struct slice text, unsigned *ret)
{
    unsigned mode = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '7')
            return false;
        mode = mode * 8 + (unsigned)(text.at[i] - '0');
    }
    *ret = mode;
    return text.len == 3;
}

static void alter_mode_set(struct build *build, void *record, const struct tree_node *node,
                           const struct option_row *row)
{
    struct folder_conf *folder = record;
    unsigned mode;

    if (!mode_parse(node->value, &mode)) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'%s' must be three octal digits, not '%.*s'", row->name,
                              SLICE_ARGS(node->value)),
                  "for example: %s = 644, for files that everybody may read", row->name);
        return;
    }
    if (mode & MODE_X)
        diag_hint(build->diags,
                  build_fault(build, DIAG_WARNING, node, node->value,
                              "the right to execute is left out: what is uploaded never becomes a "
                              "program"),
                  "write: %s = %03o", row->name, mode & MODE_OK);
    folder->alter_mode = mode & MODE_OK;
}

static const struct option_row rows[] = {
    {
        .name = "EnableAlter",
        .type = OPT_YES_NO,
        .scopes = SCOPE_BINDING,
        AT(binding_conf, enable_alter),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether files may be made, replaced and removed through this binding (PUT, "
                "DELETE), by whom AlterList lets. PUT and DELETE for programs need no permission "
                "here.",
    },
    {
        .name = "MaxUploadSize",
        .type = OPT_SIZE,
        .scopes = SCOPE_BINDING,
        AT(binding_conf, max_upload_bytes),
        .fallback = "1M",
        .least = 1,
        .most = MIB * MIB,
        .unit = MIB,
        .grammar = "megabytes, or with a unit",
        .text = "Largest file that PUT makes; more is answered 413. It takes the place of "
                "MaxRequestSize for these requests.",
    },
    {
        .name = "AlterList",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY | SCOPE_LOCAL,
        .repeat = REPEAT_APPENDS,
        AT_FOLDER(alter_rules),
        .set = access_list_set,
        .grammar = "(allow | deny | pwd) (ADDRESS[/BITS] | all)[, ...]",
        .text = "Who may make, replace and remove files (PUT, DELETE), by the address of the "
                "client: the first rule that holds it decides, and whom none holds may not. "
                "`allow`: without a further password; `pwd`: with one of PasswordFile, and as a "
                "member of AlterGroup if there is one; `deny`: 403. What AccessList and "
                "PasswordFile ask for is asked for as well. May be repeated.",
    },
    {
        .name = "AlterGroup",
        .type = OPT_WORDS,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY | SCOPE_LOCAL,
        .repeat = REPEAT_APPENDS,
        AT_FOLDER(alter_groups),
        .grammar = "GROUP[, GROUP ...]",
        .text = "Whom AlterList lets in with a password must be in one of these groups of the "
                "GROUPFILE of PasswordFile, else the answer is 403. May be repeated.",
    },
    {
        .name = "AlterMode",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY | SCOPE_LOCAL,
        AT_FOLDER(alter_mode),
        .fallback = "640",
        .set = alter_mode_set,
        .grammar = "three octal digits",
        .text = "The mode of files that PUT makes, whatever the umask. They belong to the user of "
                "the server, and are never executable.",
    },
    {
        .name = "RunOnAlter",
        .type = OPT_PATH,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, run_on_alter),
        .grammar = "/PATH/OF/PROGRAM",
        .text = "A program that is run after a PUT or DELETE has made, replaced or removed a file, "
                "in its own folder, as the programs of the host are (RunAs, Sandbox, the limits, "
                "a seat of MaxCGI, TimeForCGI). It is told by its environment what happened: "
                "REQUEST_METHOD, REQUEST_URI, PATH_TRANSLATED (the file), DOCUMENT_ROOT, "
                "HTTP_RETURN_CODE, REMOTE_ADDR, REMOTE_USER, HTTP_ORIGIN, HTTP_RANGE, "
                "HTTP_REFERER and HTTP_USER_AGENT. The client does not wait for it, and its "
                "output is thrown away.",
    },
    {
        .name = "RunOnDownload",
        .type = OPT_PATH,
        .scopes = SCOPE_DIRECTORY,
        AT_FOLDER(run_on_download),
        .grammar = "/PATH/OF/PROGRAM",
        .text = "A program that is run after a file, or a part of it, was sent whole to a GET; as "
                "RunOnAlter.",
    },
};

const struct option_group alter_options = { rows, sizeof(rows) / sizeof(rows[0]) };
