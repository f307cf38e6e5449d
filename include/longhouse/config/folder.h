#ifndef CONFIG_FOLDER_H
#define CONFIG_FOLDER_H

/*
 * The options of a Directory section over those of a host. What a section gives replaces what was
 * there; Setenv adds its variables in front, where they override others of their name.
 */
#include "base/arena.h"
#include "config/model.h"

#include <stdbool.h>

/* Lists that are joined are copied into the arena. */
void folder_lay_over(struct folder_conf *folder, const struct directory_conf *directory,
                     struct arena *arena);

/* Programs may run somewhere on this host: it says ExecuteCGI itself, or a Directory of it does. */
bool folder_any_executes(const struct vhost_conf *host);

/* Somewhere on this host the section is asked who may pass. */
bool folder_any_asks(const struct vhost_conf *host, const struct fastcgi_conf *section);

/* A Directory of this host treats links in another way than the host (FollowSymlinks). */
bool folder_any_changes_links(const struct vhost_conf *host);

#endif
