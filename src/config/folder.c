#include "config/folder.h"

#include <string.h>

static struct conf_pair *join_pairs(const struct conf_pair *pair, struct conf_pair *rest,
                                    struct arena *arena)
{
    struct conf_pair *first = rest;
    struct conf_pair **end = &first;

    for (; pair; pair = pair->next) {
        struct conf_pair *copy = arena_new(arena, struct conf_pair);

        *copy = (struct conf_pair){ .next = rest, .name = pair->name, .value = pair->value };
        *end = copy;
        end = &copy->next;
    }
    return first;
}

void folder_lay_over(struct folder_conf *folder, const struct directory_conf *directory,
                     struct arena *arena)
{
    struct conf_pair *setenv = folder->setenv;

    for (const struct folder_given *given = directory->given; given; given = given->next)
        memcpy((char *)folder + given->offset, (const char *)&directory->folder + given->offset,
               given->size);
    folder->setenv = join_pairs(directory->folder.setenv, setenv, arena);
}

bool folder_any_executes(const struct vhost_conf *host)
{
    for (unsigned i = 0; i < host->directory_count; i++)
        if (host->directories[i]->folder.execute_cgi)
            return true;
    return host->folder.execute_cgi;
}

bool folder_any_asks(const struct vhost_conf *host, const struct fastcgi_conf *section)
{
    for (unsigned i = 0; i < host->directory_count; i++)
        if (host->directories[i]->folder.fastcgi_auth == section)
            return true;
    return host->folder.fastcgi_auth == section;
}

static bool gives(const struct directory_conf *directory, size_t offset)
{
    const struct folder_given *given = directory->given;

    while (given && given->offset != offset)
        given = given->next;
    return given != NULL;
}

bool folder_any_changes_links(const struct vhost_conf *host)
{
    for (unsigned i = 0; i < host->directory_count; i++) {
        const struct directory_conf *one = host->directories[i];

        if (gives(one, offsetof(struct folder_conf, follow_symlinks)) &&
            one->folder.follow_symlinks != host->folder.follow_symlinks)
            return true;
    }
    return false;
}
