/* UseLocalConfig: options that whoever may write to a folder gives for it. */
#include "build.h"

static const struct option_row rows[] = {
    {
        .name = "UseLocalConfig",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, use_local_config),
        .fallback = "no",
        .grammar = "yes | no",
        .text =
            "Whether files named `.hiawatha` in the folders of the website count: those from "
            "the root of a path (WebsiteRoot, the folder of an Alias or of an account) down to its "
            "folder, "
            "the deeper one over the higher one, all of them over the host, and each Directory "
            "section over them. They may hold "
            "AccessList, AlterGroup, AlterList, AlterMode, "
            "ExpirePeriod, LoginMessage, PasswordFile, RequiredGroup, ShowIndex and StartFile. "
            "One that holds anything else, "
            "or cannot be read, makes every answer from its folder down a 500, with a line in "
            "the ErrorLogfile that names the fault. A change counts within a second.",
    },
};

const struct option_group local_options = { rows, sizeof(rows) / sizeof(rows[0]) };
