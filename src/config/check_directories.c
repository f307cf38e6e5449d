/* Directory sections: each has a name of its own, and those that hosts name are there. */
#include "build.h"

/* ---- names ---- */

static struct slice known_directories(struct build *build)
{
    struct slice list = { 0 };

    for (const struct directory_conf *one = build->conf->directories; one; one = one->next) {
        if (one->id.len > 0)
            list = arena_printf(build->arena, "%.*s%s%.*s", SLICE_ARGS(list),
                                list.len > 0 ? ", " : "", SLICE_ARGS(one->id));
    }
    return list.len > 0 ? list : SLICE("none");
}

static void note_ids(struct build *build, struct table *ids)
{
    for (struct directory_conf *one = build->conf->directories; one; one = one->next) {
        const struct directory_conf *former = one->id.len > 0 ? table_find(ids, one->id) : NULL;

        if (former)
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_ERROR, &one->place,
                               "a second Directory '%.*s' (the first is at %s:%u)",
                               SLICE_ARGS(one->id), former->place.file, former->place.line),
                      "give it another DirectoryID; a host may name both in UseDirectory");
        else if (one->id.len > 0)
            table_put(ids, one->id, one);
    }
}

static void resolve(struct build *build, struct table *ids, const struct mention *use)
{
    struct directory_conf *directory = table_find(ids, use->text);
    struct vhost_conf *host = use->owner;

    if (directory) {
        directory->is_used = true;
        host->directories[host->directory_count++] = directory;
        return;
    }
    struct slice known = known_directories(build);
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_ERROR, &use->place,
                       "UseDirectory names '%.*s', but no Directory has that DirectoryID",
                       SLICE_ARGS(use->text)),
              "known: %.*s", SLICE_ARGS(known));
}

static unsigned count_words(const struct conf_word *list)
{
    unsigned count = 0;

    for (; list; list = list->next)
        count++;
    return count;
}

/* ---- what a section says ---- */

/* Rows that decide which file a path means: the extension is known only when that is known. */
static const char *finding_option(const struct directory_conf *directory)
{
    for (const struct folder_given *given = directory->given; given; given = given->next) {
        if (given->offset == offsetof(struct folder_conf, start_files))
            return "StartFile";
        if (given->offset == offsetof(struct folder_conf, enable_path_info))
            return "EnablePathInfo";
        if (given->offset == offsetof(struct folder_conf, follow_symlinks))
            return "FollowSymlinks";
    }
    return NULL;
}

static void check_one(struct build *build, const struct directory_conf *directory)
{
    const char *finding = directory->extensions ? finding_option(directory) : NULL;

    if (finding)
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &directory->place,
                           "%s in the Directory '%.*s', which has Extensions", finding,
                           SLICE_ARGS(directory->id)),
                  "the extension is known only when the file is found: write a second Directory "
                  "without Extensions for it");
    if (!directory->is_used && directory->id.len > 0)
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_WARNING, &directory->place,
                           "no host uses the Directory '%.*s'", SLICE_ARGS(directory->id)),
                  "write in the host: UseDirectory = %.*s", SLICE_ARGS(directory->id));
}

void check_directories(struct build *build)
{
    struct table ids = { 0 };

    note_ids(build, &ids);
    for (struct vhost_conf *host = build->conf->hosts; host; host = host->next)
        host->directories = arena_array(build->arena, struct directory_conf *,
                                        count_words(host->use_directory_ids));
    for (const struct mention *use = build->use_directories.first; use; use = use->next)
        resolve(build, &ids, use);
    for (const struct directory_conf *one = build->conf->directories; one; one = one->next)
        check_one(build, one);
    table_done(&ids);
}
