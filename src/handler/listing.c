/*
 * The index of a folder (ShowIndex). It is read, and written, in small steps, so that a folder of
 * a hundred thousand files holds nobody up; the sorting is spread over both.
 *
 *   READING ──the end of the folder──> WRITING ──the last row──> done
 */
#include "handler/registry.h"

#include "base/siphash.h"
#include "handler_private.h"
#include "http/conditional.h"
#include "index_page.h"
#include "os/beneath.h"
#include "os/fd.h"
#include "site/root.h"
#include "site/shown.h"
#include "transform.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_PER_STEP 256u
#define ROWS_PER_STEP  256u
#define ENTRIES_MOST   200000u /* of one index: it is bounded by memory */

enum listing_state { LISTING_READING, LISTING_WRITING };

struct listing {
    struct exchange *x; /* borrowed */
    const struct verdict *verdict;
    enum listing_state state;
    DIR *folder; /* owned; NULL: read to its end */
    struct arena scratch;
    struct index_list list;
    struct index_look look;
    struct spill *document; /* for the stylesheet that shows the index; NULL: there is none */
    uint64_t sum;           /* of all entries, in whatever order they came */
};

static void let_go(struct listing *listing)
{
    if (listing->folder)
        closedir(listing->folder);
    listing->folder = NULL;
    arena_done(&listing->scratch);
}

static void fail(struct listing *listing, const char *what, int error)
{
    struct exchange *x = listing->x;
    const bool is_short = error == EMFILE || error == ENFILE || error == ENOMEM;
    const int status = error == EACCES || error == EPERM ? 403 : is_short ? 503 : 500;

    let_go(listing);
    reply_status(
        x, status,
        arena_printf(&x->arena, "the folder cannot be %s for ShowIndex: %s", what, strerror(error))
            .at,
        2);
}

/* ---- reading ---- */

/* What the router would find, for a link: it may lead where nobody is let. */
static bool look_behind_link(struct listing *listing, struct slice relative,
                             struct index_entry *entry, struct slice *ret_link_name)
{
    const struct services *services = listing->x->services;
    struct cached_file *found = file_cache_get(services->files, listing->verdict->resource.root,
                                               relative, listing->x->loop->now_ms);
    const bool there = found->kind == FILE_FOLDER || (found->kind == FILE_REGULAR && found->file);

    entry->is_folder = found->kind == FILE_FOLDER;
    entry->size = found->size;
    entry->modified_s = found->modified_s;
    *ret_link_name = arena_copy(&listing->scratch, found->link_name);
    cached_file_drop(services->files, found);
    return there;
}

static bool look_at_file(const struct listing *listing, const char *name, const struct stat *info,
                         struct index_entry *entry, bool *ret_can_read)
{
    const int folder = dirfd(listing->folder);

    entry->is_folder = S_ISDIR(info->st_mode);
    entry->size = (uint64_t)info->st_size;
    entry->modified_s = info->st_mtim.tv_sec;
    *ret_can_read = faccessat(folder, name, entry->is_folder ? X_OK : R_OK, AT_EACCESS) == 0;
    return S_ISREG(info->st_mode) || (entry->is_folder && *ret_can_read);
}

static void note_sum(struct listing *listing, const struct index_entry *entry)
{
    const struct siphash_key key = siphash_process_key();
    const struct siphash_key own = {
        key.a ^ siphash(key, entry->name),
        key.b ^ (uint64_t)entry->is_folder,
    };
    const uint64_t facts[] = { entry->size, (uint64_t)entry->modified_s };

    listing->sum += siphash(own, slice_of(facts, sizeof(facts)));
}

static void look_at(struct listing *listing, const char *name)
{
    const struct services *services = listing->x->services;
    const struct visit *visit = listing->x->visit;
    const struct shown shown = {
        .snapshot = services->snapshot,
        .host = listing->verdict->host,
        .mapping = &listing->verdict->resource.mapping,
        .client = visit ? &visit->client : NULL,
        .scratch = &listing->scratch,
    };
    const struct slice below = listing->verdict->resource.relative;
    const struct slice parts[] = { below, below.len > 0 ? SLICE("/") : below, slice_cstr(name) };
    const struct slice relative = arena_join(&listing->scratch, parts, 3);
    struct index_entry entry = { .name = parts[2] };
    struct slice link_name = SLICE("");
    bool can_read = true;
    struct stat info;

    if (name[0] == '.' || fstatat(dirfd(listing->folder), name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return; /* hidden; or gone in this moment */
    const bool there = S_ISLNK(info.st_mode)
                           ? look_behind_link(listing, relative, &entry, &link_name)
                           : look_at_file(listing, name, &info, &entry, &can_read);
    if (!there || !(entry.is_folder ? shown_folder(&shown, relative)
                                    : shown_file(&shown, relative, link_name, can_read)))
        return;
    note_sum(listing, &entry);
    index_list_add(&listing->list, &entry);
}

static struct slice etag_of(struct listing *listing)
{
    return arena_printf(&listing->x->arena, "W/\"%016llx-%u%s%s\"",
                        (unsigned long long)listing->sum, (unsigned)listing->list.order,
                        listing->list.reversed ? "r" : "", listing->look.as_xml ? "x" : "");
}

/* False: it failed, and that is said. */
static bool put(struct listing *listing, const struct text *text)
{
    struct exchange *x = listing->x;
    int r = 0;

    assert(!text->cut);
    if (!listing->document)
        body_put_bytes(&x->response.body, text_slice(text));
    else
        r = spill_put(listing->document, text_slice(text));
    if (r < 0)
        fail(listing, "kept in WorkDirectory", -r);
    return r == 0;
}

static void finish(struct listing *listing)
{
    struct exchange *x = listing->x;
    const struct fields none = { 0 };

    let_go(listing);
    if (listing->document) {
        spill_finish(listing->document);
        transform_by_own(x, listing->verdict, listing->verdict->folder->show_index.stylesheet, 0,
                         &none);
        return;
    }
    body_finish(&x->response.body, BODY_COMPLETE);
    exchange_handler_done(x);
}

static void write_head(struct listing *listing)
{
    const size_t room = index_head_room(&listing->look);
    struct text text = text_on(arena_bytes(&listing->x->arena, room), room);

    index_add_head(&text, &listing->look, &listing->list);
    if (!put(listing, &text))
        return;
    listing->state = LISTING_WRITING;
    exchange_wake(listing->x);
}

static void begin_page(struct listing *listing)
{
    struct exchange *x = listing->x;

    x->response.status = 200;
    exchange_field_id(x, FIELD_CONTENT_TYPE,
                      listing->look.as_xml ? SLICE("application/xml; charset=utf-8")
                                           : SLICE("text/html; charset=utf-8"));
    exchange_send_head(x);
    if (x->request.method == METHOD_HEAD)
        finish(listing);
    else
        write_head(listing);
}

/* All is known now: is it news for the client? */
static void answer(struct listing *listing)
{
    struct exchange *x = listing->x;
    const struct validators validators = { .etag = etag_of(listing), .modified_s = -1 };

    index_list_close(&listing->list);
    if (listing->document) { /* its stylesheet may make another page of it any time */
        write_head(listing);
        return;
    }
    exchange_field(x, SLICE("Cache-Control"), SLICE("no-cache"));
    exchange_field_id(x, FIELD_ETAG, validators.etag);
    switch (conditional_judge(&x->request.fields, x->request.method, &validators,
                              x->record.begun_unix_ms / 1000)) {
    case CONDITION_GO:
        begin_page(listing);
        break;
    case CONDITION_NOT_MODIFIED:
        x->response.status = 304;
        exchange_send_head(x);
        finish(listing);
        break;
    case CONDITION_FAILED:
        let_go(listing);
        reply_status(x, 412, "the index is not what the request wants it to be", 0);
        break;
    }
}

static void read_some(struct listing *listing)
{
    const struct dirent *entry = NULL;
    int error;

    for (unsigned i = 0; i < NAMES_PER_STEP; i++) {
        errno = 0;
        entry = readdir(listing->folder);
        listing->look.is_cut = entry && listing->list.entries >= ENTRIES_MOST;
        if (!entry || listing->look.is_cut)
            break;
        look_at(listing, entry->d_name);
    }
    error = errno;
    arena_done(&listing->scratch);
    if (!entry && error != 0)
        fail(listing, "read", error);
    else if (!entry || listing->look.is_cut)
        answer(listing);
    else
        loop_wake_next_turn(listing->x->loop, &listing->x->wake);
}

/* ---- writing ---- */

static void write_end(struct listing *listing)
{
    const size_t room = index_head_room(&listing->look);
    struct text text = text_on(arena_bytes(&listing->x->arena, room), room);

    index_add_foot(&text, &listing->look, &listing->list);
    if (put(listing, &text))
        finish(listing);
}

static void write_some(struct listing *listing)
{
    struct exchange *x = listing->x;
    char room[INDEX_ROW_MOST];

    for (unsigned i = 0; body_room(&x->response.body) > 0; i++) {
        if (i == ROWS_PER_STEP) {
            loop_wake_next_turn(x->loop, &x->wake);
            return;
        }
        const struct index_entry *entry = index_list_next(&listing->list);
        struct text text = text_on(room, sizeof(room));

        if (!entry) {
            write_end(listing);
            return;
        }
        index_add_row(&text, &listing->look, entry);
        if (!put(listing, &text))
            return;
    }
}

/* ---- the handler ---- */

/* "sort=size", "sort=-date"; whatever else the query says. */
static void read_order(struct slice query, enum index_order *ret_order, bool *ret_reversed)
{
    static const char *const words[] = { "name", "size", "date" };
    struct slice item;

    *ret_order = INDEX_BY_NAME;
    *ret_reversed = false;
    while (slice_next(&query, '&', &item)) {
        if (!slice_starts(item, SLICE("sort=")))
            continue;
        item = slice_skip(item, SLICE("sort=").len);
        const bool reversed = slice_starts(item, SLICE("-"));
        item = slice_skip(item, reversed);
        for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (!slice_equal_cstr(item, words[i]))
                continue;
            *ret_order = (enum index_order)i;
            *ret_reversed = reversed;
        }
    }
}

/* The folder itself, not what the file cache knows of it: it is to be read. */
static int open_folder(struct listing *listing)
{
    const struct resource *resource = &listing->verdict->resource;
    struct stat info;
    int fd = -1;
    int r = site_root_open(resource->root, resource->relative.at, &fd, &info);

    if (r < 0)
        return r;
    listing->folder = fdopendir(fd);
    if (!listing->folder) {
        r = -errno;
        close(fd);
    }
    return r;
}

static void listing_start(struct exchange *x, const struct verdict *verdict)
{
    struct listing *listing = arena_new(&x->arena, struct listing);
    enum index_order order;
    bool reversed;

    *listing = (struct listing){
        .x = x,
        .verdict = verdict,
        .look = { .as_xml = verdict->folder->show_index.as == INDEX_XML,
                  .path = x->request.target.path,
                  .host = verdict->host->name },
    };
    x->handler_self = listing;
    if (verdict->folder->show_index.stylesheet.len > 0)
        listing->document = transform_document(x);
    arena_init(&listing->scratch);
    read_order(x->request.target.query, &order, &reversed);
    index_list_init(&listing->list, &x->arena, order, reversed);
    const int r = open_folder(listing);
    if (r < 0)
        fail(listing, "opened", -r);
    else
        read_some(listing);
}

static void listing_advance(struct exchange *x)
{
    struct listing *listing = x->handler_self;

    switch (listing->state) {
    case LISTING_READING:
        read_some(listing);
        break;
    case LISTING_WRITING:
        write_some(listing);
        break;
    }
}

static void listing_cancel(struct exchange *x, enum reset_reason reason)
{
    (void)reason;
    let_go(x->handler_self);
    exchange_handler_done(x);
}

const struct handler_ops handler_listing = {
    .name = "listing",
    .start = listing_start,
    .advance = listing_advance,
    .cancel = listing_cancel,
};
