#ifndef CONFIG_SCENE_H
#define CONFIG_SCENE_H

/*
 * Where options of a host, or of a Directory of it, hold together: what a check of options that
 * belong to each other looks at, one after the other.
 */
#include "build.h"

struct scene {
    struct build *build;
    const struct folder_conf *folder; /* what holds there */
    const struct diag_place *place;
    struct slice name; /* for people */
};

/*
 * Each host, and each Directory of it that gives one of the options at these offsets of folder_conf
 * itself: so a fault that comes from the host is told once.
 */
void scenes_visit(struct build *build, const size_t *offsets, size_t count,
                  void (*visit)(const struct scene *scene));

void scene_tell(const struct scene *scene, enum diag_level level, const char *what,
                const char *cure);

/* One of the rules asks for a password. */
bool scene_asks_password(const struct conf_access_rule *rules);

#endif
