#ifndef HTTP_FIELD_H
#define HTTP_FIELD_H

/*
 * Fields: names (interned where the house cares), values, lists of them. Names and values are
 * slices into the arena of their exchange.
 */
#include "base/arena.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_id {
    FIELD_OTHER,
    FIELD_ACCEPT,
    FIELD_ACCEPT_ENCODING,
    FIELD_ACCEPT_RANGES,
    FIELD_ALLOW,
    FIELD_AUTHORIZATION,
    FIELD_CACHE_CONTROL,
    FIELD_CONNECTION,
    FIELD_CONTENT_ENCODING,
    FIELD_CONTENT_LENGTH,
    FIELD_CONTENT_RANGE,
    FIELD_CONTENT_TYPE,
    FIELD_COOKIE,
    FIELD_DATE,
    FIELD_ETAG,
    FIELD_EXPECT,
    FIELD_EXPIRES,
    FIELD_FORWARDED,
    FIELD_HOST,
    FIELD_IF_MATCH,
    FIELD_IF_MODIFIED_SINCE,
    FIELD_IF_NONE_MATCH,
    FIELD_IF_RANGE,
    FIELD_IF_UNMODIFIED_SINCE,
    FIELD_KEEP_ALIVE,
    FIELD_LAST_MODIFIED,
    FIELD_LOCATION,
    FIELD_ORIGIN,
    FIELD_PROXY,
    FIELD_PROXY_AUTHENTICATE,
    FIELD_PROXY_AUTHORIZATION,
    FIELD_PROXY_CONNECTION,
    FIELD_RANGE,
    FIELD_REFERER,
    FIELD_RETRY_AFTER,
    FIELD_SERVER,
    FIELD_SET_COOKIE,
    FIELD_STATUS,
    FIELD_TE,
    FIELD_TRAILER,
    FIELD_TRANSFER_ENCODING,
    FIELD_UPGRADE,
    FIELD_USER_AGENT,
    FIELD_VARY,
    FIELD_VIA,
    FIELD_X_ACCEL_BUFFERING,
    FIELD_X_ACCEL_REDIRECT,
    FIELD_X_FORWARDED_FOR,
    FIELD_X_REAL_IP,
    FIELD_X_SENDFILE,
    FIELD_COUNT
};

struct field {
    struct slice name;  /* as written */
    struct slice value; /* without blanks at the ends */
    enum field_id id;
};

struct fields {
    struct field *at; /* in the arena */
    uint32_t count;
    uint32_t room;
};

/* The id of a name, any case; FIELD_OTHER for one nobody asks for. Fast: by length, then by
 * compare. */
enum field_id field_id_of(struct slice name);
struct slice field_name(enum field_id id); /* canonical spelling */

/* Appends; name and value are not copied. fields_append(): whose id is known, as one of a list. */
void fields_add(struct fields *fields, struct arena *arena, struct slice name, struct slice value);
void fields_add_id(struct fields *fields, struct arena *arena, enum field_id id,
                   struct slice value);
void fields_append(struct fields *fields, struct arena *arena, struct field field);

/* The first with that id / name, or NULL. */
struct field *fields_find(const struct fields *fields, enum field_id id);
struct field *fields_find_name(const struct fields *fields, struct slice name);

/* The value of the first, or the empty slice. */
struct slice fields_value(const struct fields *fields, enum field_id id);

/* The value of the only one of that name; empty: there is none, or there are several. */
struct slice fields_only(const struct fields *fields, struct slice name);

unsigned fields_count_id(const struct fields *fields, enum field_id id);

/* Takes all with that id / name out. */
void fields_remove(struct fields *fields, enum field_id id);
void fields_remove_name(struct fields *fields, struct slice name);

/* True when the comma-separated list in any of the fields with that id holds `token` (any case). */
bool fields_list_has(const struct fields *fields, enum field_id id, struct slice token);

/*
 * Fields that speak about one connection and never cross to a program or back (RFC 9110 7.6.1):
 * Connection, Keep-Alive, Proxy-*, TE, Trailer, Transfer-Encoding, Upgrade.
 */
bool field_is_hop_by_hop(enum field_id id);

/* RFC 9110 5.6.2 token; RFC 9110 5.5 field value (no CTL except tab, no NUL, CR, LF). */
bool field_is_token(struct slice name);
bool field_is_value(struct slice value);

#endif
