#include "scene.h"

#include "config/folder.h"

static bool gives_one(const struct directory_conf *directory, const size_t *offsets, size_t count)
{
    for (const struct folder_given *given = directory->given; given; given = given->next)
        for (size_t i = 0; i < count; i++)
            if (given->offset == offsets[i])
                return true;
    return false;
}

static void visit_directory(struct build *build, const struct vhost_conf *host,
                            const struct directory_conf *directory,
                            void (*visit)(const struct scene *scene))
{
    struct folder_conf folder = host->folder;

    folder_lay_over(&folder, directory, build->arena);
    visit(&(struct scene){
        .build = build,
        .folder = &folder,
        .place = &directory->place,
        .name = arena_printf(build->arena, "Directory '%.*s'", SLICE_ARGS(directory->id)),
    });
}

void scenes_visit(struct build *build, const size_t *offsets, size_t count,
                  void (*visit)(const struct scene *scene))
{
    for (const struct vhost_conf *host = build->conf->hosts; host; host = host->next) {
        const struct slice name = host->hostnames ? host->hostnames->text : SLICE("this one");

        visit(&(struct scene){
            .build = build,
            .folder = &host->folder,
            .place = &host->place,
            .name = arena_printf(build->arena, "host '%.*s'", SLICE_ARGS(name)),
        });
        for (unsigned i = 0; i < host->directory_count; i++)
            if (gives_one(host->directories[i], offsets, count))
                visit_directory(build, host, host->directories[i], visit);
    }
}

void scene_tell(const struct scene *scene, enum diag_level level, const char *what,
                const char *cure)
{
    diag_hint(scene->build->diags,
              diag_add(scene->build->diags, level, scene->place, "%.*s: %s",
                       SLICE_ARGS(scene->name), what),
              "%s", cure);
}

bool scene_asks_password(const struct conf_access_rule *rules)
{
    for (; rules; rules = rules->next)
        if (rules->access == ACCESS_PASSWORD)
            return true;
    return false;
}
