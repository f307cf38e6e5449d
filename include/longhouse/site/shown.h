#ifndef SITE_SHOWN_H
#define SITE_SHOWN_H

/*
 * What an index of a folder shows (ShowIndex): what the router would refuse anyway is not offered.
 * The one who asks sees neither dot files, nor the source of programs that do not run here, nor
 * what AccessList keeps from him.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "site/mapping.h"
#include "site/snapshot.h"

#include <stdbool.h>

struct shown {
    const struct snapshot *snapshot;
    const struct host *host;
    const struct mapping *mapping;      /* of the folder */
    const union socket_address *client; /* who asks; NULL: nobody knows */
    struct arena *scratch;              /* what one question takes, until the caller empties it */
};

/*
 * `relative`: below the root, without a leading slash, the name last. `link_name`: where it leads
 * if it is a link, else empty. `can_read`: the server can read the file.
 */
bool shown_file(const struct shown *shown, struct slice relative, struct slice link_name,
                bool can_read);
bool shown_folder(const struct shown *shown, struct slice relative);

#endif
