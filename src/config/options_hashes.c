/* FileHashes: files that are sent only as they once were. */
#include "build.h"

static void file_hashes_set(struct build *build, void *record, const struct tree_node *node,
                            const struct option_row *row)
{
    struct vhost_conf *host = record;

    (void)row;
    host->file_hashes = arena_copy(build->arena, node->value);
    host->file_hashes_place = tree_place(node, node->value);
}

static const struct option_row rows[] = {
    {
        .name = "FileHashes",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .set = file_hashes_set,
        .grammar = "path; a relative one begins at the configuration folder",
        .text = "A file with a line `HASH:FILE` or `HASH  FILE` (as sha256sum writes it) for each "
                "file of the website; FILE is absolute or begins at the WebsiteRoot. A file that "
                "is not named, or whose SHA-256 is another one, is 403 with a line in the "
                "ErrorLogfile: whoever managed to change a file has changed nothing for visitors. "
                "That counts for files, for scripts of CGI, and for those of FastCGI programs on "
                "this machine; not below `/.well-known/acme-challenge/`. Compressed neighbours are "
                "not sent. The file is read when the configuration is.",
    },
};

const struct option_group hash_options = { rows, sizeof(rows) / sizeof(rows[0]) };
