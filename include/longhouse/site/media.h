#ifndef SITE_MEDIA_H
#define SITE_MEDIA_H

/*
 * Extension to media type: a built-in table, or the file of MimetypeConfig ("type ext ext ...").
 * Text types carry the character set of the host.
 */
#include "base/arena.h"
#include "base/slice.h"

#include <stdbool.h>

struct media;

/* `text`: content of a mimetype file; empty: the built-in table. */
struct media *media_build(struct slice text, struct arena *arena);
void media_done(struct media *media);

/* The whole Content-Type value for an extension (any case, no dot), "; charset=utf-8" included;
 * "application/octet-stream" for an unknown one. */
struct slice media_type(const struct media *media, struct slice extension);

/* The same with another character set, or with none when `charset` is empty. */
struct slice media_type_in(const struct media *media, struct slice extension, struct slice charset,
                           struct arena *arena);

/* Both name the same kind of content, perhaps by an older name of it; parameters do not count. */
bool media_is_kin(struct slice type, struct slice other);

#endif
