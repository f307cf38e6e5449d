#ifndef SITE_FILE_CACHE_H
#define SITE_FILE_CACHE_H

/*
 * What was found under a root a moment ago: open descriptors, stat results, absences. One per
 * reactor, no lock. An entry is believed for about a second; then the file is looked at again
 * (stat; a changed one is opened anew). Small files carry their bytes, so that a warm request for
 * one is a recv and a send.
 */
#include "base/slice.h"
#include "http/file_ref.h"
#include "http/negotiate.h"
#include "site/snapshot.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct file_cache;

enum file_kind { FILE_ABSENT, FILE_REGULAR, FILE_FOLDER, FILE_SPECIAL };

/* Read-only for users, but for `derived`; valid while held. */
struct cached_file {
    unsigned refs;
    enum file_kind kind;
    int error;             /* why it is absent (-ENOENT, -EXDEV ...) or cannot be read (-EACCES) */
    struct file_ref *file; /* FILE_REGULAR that may be read; else NULL */
    uint64_t size;
    int64_t modified_s;
    uint32_t mode;
    uint64_t content;           /* as in http/exchange.h, of `file`; 0: it may be changing */
    struct slice link_name;     /* where a link leads (the end of the name); empty: it is none */
    struct slice etag;          /* with quotes */
    struct slice last_modified; /* IMF-fixdate */
    void *derived; /* what a user has made of the content: kept as long as the file is known */
    void (*free_derived)(void *derived);
};

#define FILE_CACHE_BELIEVE_MS 1000
#define FILE_CACHE_BYTES_MOST 16384u /* files up to this size carry their bytes */

struct file_cache *file_cache_new(unsigned entries_most);
void file_cache_free(struct file_cache *cache);

/*
 * Looks up `relative` (no leading slash, NUL terminated behind len) under the root. Never NULL; the
 * caller owns a reference.
 */
struct cached_file *file_cache_get(struct file_cache *cache, const struct site_root *root,
                                   struct slice relative, uint64_t now_ms);
void cached_file_drop(struct file_cache *cache, struct cached_file *file);

/*
 * Which precompressed neighbours ("x.css.br" beside "x.css") exist as files that can be read: a bit
 * (1u << coding) for each. One that is older than the file was made of another one, and does not
 * count. `file` was got for this root; the answer is believed as long as the file
 * itself.
 */
unsigned file_cache_codings(struct file_cache *cache, const struct site_root *root,
                            struct cached_file *file, uint64_t now_ms);

/* A file was altered by the house itself: what any reactor believes is looked at again before it is
 * believed further. From any thread. */
void file_cache_altered(void);

/* The entity-tag of a file, with its quotes; returns its length. */
#define FILE_ETAG_ROOM 64u
size_t file_etag(const struct stat *stat, char out[FILE_ETAG_ROOM]);

/* Forgets everything. To be called when a snapshot was adopted: a root is known by its address,
 * which a later snapshot may use again. What is held stays valid. */
void file_cache_clear(struct file_cache *cache);

#endif
