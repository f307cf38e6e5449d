#ifndef SITE_RESOURCE_H
#define SITE_RESOURCE_H

/*
 * From the normalised path of a URL to what lies on disk: file, folder, script with path info,
 * start file.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "http/exchange.h"
#include "site/file_cache.h"
#include "site/mapping.h"
#include "site/snapshot.h"

#include <stdbool.h>

struct resource {
    struct cached_file *found;    /* held by the exchange's verdict; see verdict_done() */
    struct mapping mapping;       /* of the path that was asked for */
    const struct site_root *root; /* borrowed: below it lies `relative` */
    struct slice relative; /* below the root, no leading slash, NUL terminated; "" = the root */
    struct slice absolute; /* root + "/" + relative, NUL terminated */
    struct slice
        script_name; /* decoded URL path of the file (with the start file), without path info */
    struct slice path_info; /* decoded, begins with '/'; empty: none */
    struct slice extension; /* of the last component of the file, without dot; or NoExtensionAs; may
                               be empty */
    bool is_folder_without_slash; /* a folder named without its slash: redirect */
    bool start_file_missing;      /* a folder, but none of its start files is there */
};

/*
 * `path`: decoded and normalised, begins with '/'. With EnablePathInfo, and for the
 * FrontController: the first regular file on the way ends the script, the rest is path info.
 * `folder`: what holds for the path (site/folder_rules.h). Of the exchange its arena, time and
 * trace are used, nothing else. Pure but for the file cache.
 */
void resource_find(const struct host *host, const struct folder_conf *folder, struct slice path,
                   struct file_cache *cache, struct exchange *x, struct resource *ret);

/*
 * Makes the host's FrontController of what was found (there must be one): its script without path
 * info, whether it is there or not.
 */
void resource_front(const struct host *host, const struct folder_conf *folder,
                    struct file_cache *cache, struct exchange *x, struct resource *resource);

/* Gives `resource` the names that follow from `relative`: absolute, script_name and extension. */
void resource_name(const struct host *host, struct slice relative, struct arena *arena,
                   struct resource *resource);

/* The extension of a path's last component ("" without a dot; a leading dot counts as a name, not
 * as an extension). */
struct slice path_extension(struct slice path);

#endif
