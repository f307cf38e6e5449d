#include "site/file_cache.h"

#include "base/container.h"
#include "base/list.h"
#include "base/siphash.h"
#include "base/text.h"
#include "http/date.h"
#include "os/beneath.h"
#include "os/fd.h"
#include "site/root.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* A file written in the last moments may be written again within the same tick of its clock. */
#define RACY_S 2

/* Descriptors given back at once when the process has run out of them. */
#define FREED_AT_ONCE 16u

struct entry {
    struct cached_file file; /* what users see; its refs count the cache as one */
    struct entry *next;      /* in its bucket */
    struct list_link recent; /* in cache->present or cache->absent; alone: out of the cache */
    const struct site_root *root;
    uint64_t hash;
    uint64_t believed_until_ms;
    uint64_t codings_until_ms;
    unsigned codings;
    unsigned epoch; /* of the last look at the disk */
    unsigned codings_epoch;
    dev_t device;
    ino_t inode;
    struct timespec modified;
    struct timespec changed;
    bool racy;          /* its times do not tell whether it is still the same */
    char link_text[64]; /* enough for any extension */
    char etag_text[FILE_ETAG_ROOM];
    char date_text[DATE_LEN + 1];
    size_t path_len;
    char path[]; /* below the root, with NUL */
};

struct file_cache {
    struct entry **buckets;
    size_t bucket_mask;
    struct list present; /* least recently used first */
    struct list absent;  /* apart, so that a search for holes does not push files out */
    unsigned present_count;
    unsigned absent_count;
    unsigned present_most;
    unsigned absent_most;
};

/* How often the house has altered files: what was seen before is to be looked at again. */
static _Atomic unsigned altered;

static unsigned epoch_now(void)
{
    return atomic_load_explicit(&altered, memory_order_acquire);
}

void file_cache_altered(void)
{
    atomic_fetch_add_explicit(&altered, 1, memory_order_release);
}

/* ---- memory and places ---- */

static void *take_memory(size_t size)
{
    void *memory = calloc(1, size);

    if (!memory)
        abort(); /* true exhaustion: the supervisor starts the next process */
    return memory;
}

struct file_cache *file_cache_new(unsigned entries_most)
{
    struct file_cache *cache = take_memory(sizeof(*cache));
    size_t buckets = 64;

    assert(entries_most > 0);
    while (buckets < entries_most && buckets < (SIZE_MAX >> 8))
        buckets *= 2;
    *cache = (struct file_cache){
        .buckets = take_memory(buckets * sizeof(struct entry *)),
        .bucket_mask = buckets - 1,
        .present_most = entries_most,
        .absent_most = entries_most / 4 + 1,
    };
    list_init(&cache->present);
    list_init(&cache->absent);
    return cache;
}

static uint64_t hash_of(const struct site_root *root, struct slice path)
{
    struct siphash_key key = siphash_process_key();

    key.a ^= (uint64_t)(uintptr_t)root;
    return siphash_quick(key, path);
}

static struct entry *find(struct file_cache *cache, const struct site_root *root, struct slice path,
                          uint64_t hash)
{
    struct entry *entry = cache->buckets[hash & cache->bucket_mask];

    for (; entry; entry = entry->next) {
        if (entry->hash == hash && entry->root == root &&
            slice_equal(slice_of(entry->path, entry->path_len), path))
            return entry;
    }
    return NULL;
}

static struct list *home_of(struct file_cache *cache, const struct entry *entry)
{
    return entry->file.kind == FILE_ABSENT ? &cache->absent : &cache->present;
}

static void count(struct file_cache *cache, const struct entry *entry, int change)
{
    unsigned *number =
        entry->file.kind == FILE_ABSENT ? &cache->absent_count : &cache->present_count;

    *number = (unsigned)((int)*number + change);
}

void cached_file_drop(struct file_cache *cache, struct cached_file *file)
{
    struct entry *entry = container_of(file, struct entry, file);

    (void)cache;
    assert(file->refs > 0);
    if (--file->refs > 0)
        return;
    assert(!list_linked(&entry->recent));
    file_ref_drop(file->file);
    if (file->derived)
        file->free_derived(file->derived);
    free(entry);
}

/* Out of the cache; who holds it may go on using it. */
static void evict(struct file_cache *cache, struct entry *entry)
{
    struct entry **place = &cache->buckets[entry->hash & cache->bucket_mask];

    while (*place != entry)
        place = &(*place)->next;
    *place = entry->next;
    list_remove(&entry->recent);
    count(cache, entry, -1);
    cached_file_drop(cache, &entry->file);
}

static void evict_beyond(struct file_cache *cache, struct list *list, const unsigned *number,
                         unsigned most)
{
    while (*number > most)
        evict(cache, container_of(list_first(list), struct entry, recent));
}

static void insert(struct file_cache *cache, struct entry *entry)
{
    struct entry **bucket = &cache->buckets[entry->hash & cache->bucket_mask];

    entry->next = *bucket;
    *bucket = entry;
    list_push_back(home_of(cache, entry), &entry->recent);
    entry->file.refs++;
    count(cache, entry, 1);
    evict_beyond(cache, &cache->present, &cache->present_count, cache->present_most);
    evict_beyond(cache, &cache->absent, &cache->absent_count, cache->absent_most);
}

static void touch(struct file_cache *cache, struct entry *entry)
{
    list_remove(&entry->recent);
    list_push_back(home_of(cache, entry), &entry->recent);
}

void file_cache_clear(struct file_cache *cache)
{
    evict_beyond(cache, &cache->present, &cache->present_count, 0);
    evict_beyond(cache, &cache->absent, &cache->absent_count, 0);
}

void file_cache_free(struct file_cache *cache)
{
    if (!cache)
        return;
    file_cache_clear(cache);
    free(cache->buckets);
    free(cache);
}

/* ---- the disk ---- */

static bool out_of_descriptors(int error)
{
    return error == -EMFILE || error == -ENFILE;
}

/* Gives back descriptors that nobody uses at the moment; false: there were none. */
static bool free_descriptors(struct file_cache *cache)
{
    struct list_link *link = list_first(&cache->present);
    unsigned freed = 0;

    while (link && link != &cache->present.head && freed < FREED_AT_ONCE) {
        struct entry *entry = container_of(link, struct entry, recent);
        struct file_ref *file = entry->file.file;

        link = link->next;
        if (entry->file.refs == 1 && file && file->fd >= 0 && file->refs == 1) {
            evict(cache, entry);
            freed++;
        }
    }
    return freed > 0;
}

/* One look below a root. */
struct glass {
    struct file_cache *cache;
    const struct site_root *root;
    int at; /* the root, or a negative errno */
};

/* *ret_own has to be closed, if it is not -1. */
static struct glass glass_open(struct file_cache *cache, const struct site_root *root, int *ret_own)
{
    struct glass glass = { .cache = cache, .root = root };

    do
        glass.at = site_root_at(root, ret_own);
    while (out_of_descriptors(glass.at) && free_descriptors(cache));
    return glass;
}

typedef int (*opener)(int root, const char *path, enum beneath_links links, int *ret_fd,
                      struct stat *ret_stat);

static int open_with(opener open, const struct glass *glass, const char *path, int *ret_fd,
                     struct stat *ret_stat)
{
    int r = open(glass->at, path, glass->root->links, ret_fd, ret_stat);

    while (out_of_descriptors(r) && free_descriptors(glass->cache))
        r = open(glass->at, path, glass->root->links, ret_fd, ret_stat);
    return r;
}

/* What is there, and a descriptor to read it if that is allowed (*ret_fd is -1 otherwise,
 * *ret_error says why). */
static int look(const struct glass *glass, const char *path, int *ret_fd, int *ret_error,
                struct stat *ret_stat)
{
    int fd = -1;

    *ret_fd = -1;
    *ret_error = 0;
    if (glass->at < 0)
        return glass->at;

    int r = open_with(beneath_open, glass, path, &fd, ret_stat);
    if (r == 0) {
        *ret_fd = fd;
        return 0;
    }
    if (r != -EACCES && r != -EPERM &&
        r != -ENXIO) /* ENXIO: a socket, or a device without driver */
        return r;

    /* It cannot be read, but it may be a program, or a folder that may be walked through. */
    *ret_error = r;
    r = open_with(beneath_find, glass, path, &fd, ret_stat);
    fd_close(&fd);
    return r;
}

static bool time_equal(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_racy(const struct stat *stat)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - stat->st_mtim.tv_sec < RACY_S;
}

static enum file_kind kind_of(mode_t mode)
{
    if (S_ISREG(mode))
        return FILE_REGULAR;
    return S_ISDIR(mode) ? FILE_FOLDER : FILE_SPECIAL;
}

/* Three numbers of at most 16 digits. */
size_t file_etag(const struct stat *stat, char out[FILE_ETAG_ROOM])
{
    struct text etag = text_on(out, FILE_ETAG_ROOM);
    uint64_t modified_ns =
        (uint64_t)stat->st_mtim.tv_sec * 1000000000u + (uint64_t)stat->st_mtim.tv_nsec;

    text_add_char(&etag, '"');
    text_add_hex(&etag, modified_ns, 1);
    text_add_char(&etag, '-');
    text_add_hex(&etag, (uint64_t)stat->st_size, 1);
    text_add_char(&etag, '-');
    text_add_hex(&etag, stat->st_ino, 1);
    text_add_char(&etag, '"');
    return etag.len;
}

/* By what changes whenever the content does. With a key: nobody can make two files that share it.
 */
static uint64_t content_of(const struct stat *stat)
{
    const uint64_t parts[] = {
        stat->st_dev,
        stat->st_ino,
        (uint64_t)stat->st_size,
        (uint64_t)stat->st_mtim.tv_sec,
        (uint64_t)stat->st_mtim.tv_nsec,
        (uint64_t)stat->st_ctim.tv_sec,
        (uint64_t)stat->st_ctim.tv_nsec,
    };

    return siphash(siphash_process_key(), slice_of((const char *)parts, sizeof(parts)));
}

static void describe(struct entry *entry, const struct stat *stat)
{
    entry->device = stat->st_dev;
    entry->inode = stat->st_ino;
    entry->modified = stat->st_mtim;
    entry->changed = stat->st_ctim;
    entry->racy = is_racy(stat);
    entry->file.kind = kind_of(stat->st_mode);
    entry->file.content = entry->racy ? 0 : content_of(stat);
    entry->file.size = (uint64_t)stat->st_size;
    entry->file.modified_s = stat->st_mtim.tv_sec;
    entry->file.mode = stat->st_mode;
    entry->file.etag = slice_of(entry->etag_text, file_etag(stat, entry->etag_text));
    date_write(stat->st_mtim.tv_sec, entry->date_text);
    entry->file.last_modified = slice_of(entry->date_text, DATE_LEN);
}

/* Trouble of the moment is not worth remembering. */
static bool is_lasting(int error)
{
    return error == -ENOENT || error == -ENOTDIR || error == -EACCES || error == -EPERM ||
           error == -ELOOP || error == -EXDEV || error == -ENAMETOOLONG;
}

static bool same_file(const struct entry *entry, const struct stat *stat)
{
    return entry->file.kind != FILE_ABSENT && !entry->racy && entry->device == stat->st_dev &&
           entry->inode == stat->st_ino && entry->file.mode == stat->st_mode &&
           entry->file.size == (uint64_t)stat->st_size &&
           time_equal(entry->modified, stat->st_mtim) && time_equal(entry->changed, stat->st_ctim);
}

/* The bytes of a small file; one that changes this very moment is sent from its descriptor instead.
 */
static void take_file(struct entry *entry, int fd)
{
    struct file_ref *file = file_ref_new(fd, entry->file.size);

    if (entry->file.size <= FILE_CACHE_BYTES_MOST)
        (void)file_ref_load(file, FILE_CACHE_BYTES_MOST);
    entry->file.file = file;
}

/* What the name stands for may be of another kind than it says. */
static void note_link(struct entry *entry, const struct glass *glass, const char *path)
{
    const size_t len =
        beneath_link_name(glass->at, path, entry->link_text, sizeof(entry->link_text));

    entry->file.link_name = slice_of(entry->link_text, len);
}

static struct entry *entry_new(const struct site_root *root, struct slice path, uint64_t hash)
{
    struct entry *entry = take_memory(sizeof(*entry) + path.len + 1);

    entry->file.refs = 1;
    entry->root = root;
    entry->hash = hash;
    entry->path_len = path.len;
    memcpy(entry->path, path.len ? path.at : "", path.len);
    return entry;
}

/* Looks at the disk. `known` is what was there a while ago (NULL: nothing known); if it is still
 * that, it is the answer. */
static struct entry *refresh(struct file_cache *cache, struct entry *known,
                             const struct site_root *root, struct slice path, uint64_t hash,
                             uint64_t now_ms)
{
    const unsigned epoch = epoch_now(); /* before the look: an alteration after it counts */
    struct stat stat;
    scoped_fd fd = -1;
    int error;
    scoped_fd own = -1;
    const struct glass glass = glass_open(cache, root, &own);
    int r = look(&glass, path.at, &fd, &error, &stat);

    bool unchanged = r == 0 && known && error == known->file.error && same_file(known, &stat);
    bool in_doubt = r < 0 && known && !is_lasting(r);
    if (unchanged || in_doubt) {
        known->believed_until_ms = now_ms + FILE_CACHE_BELIEVE_MS;
        known->epoch = epoch;
        known->file.refs++;
        if (list_linked(&known->recent))
            touch(cache, known);
        return known;
    }
    if (known && list_linked(&known->recent))
        evict(cache, known);

    struct entry *entry = entry_new(root, path, hash);
    entry->believed_until_ms = now_ms + FILE_CACHE_BELIEVE_MS;
    entry->epoch = epoch;
    entry->file.error = r < 0 ? r : error;
    if (r == 0)
        describe(entry, &stat);
    if (r == 0 && entry->file.kind == FILE_REGULAR)
        note_link(entry, &glass, path.at);
    if (r == 0 && fd >= 0 && entry->file.kind == FILE_REGULAR)
        take_file(entry, fd_take(&fd));
    if (r == 0 || is_lasting(r))
        insert(cache, entry);
    return entry;
}

struct cached_file *file_cache_get(struct file_cache *cache, const struct site_root *root,
                                   struct slice relative, uint64_t now_ms)
{
    if (relative.len == 0)
        relative = SLICE("");

    uint64_t hash = hash_of(root, relative);
    struct entry *entry = find(cache, root, relative, hash);

    if (entry && now_ms < entry->believed_until_ms && entry->epoch == epoch_now()) {
        entry->file.refs++;
        touch(cache, entry);
        return &entry->file;
    }
    if (entry)
        entry->file.refs++; /* looking may evict it */

    struct entry *fresh = refresh(cache, entry, root, relative, hash, now_ms);
    if (entry)
        cached_file_drop(cache, &entry->file);
    return &fresh->file;
}

unsigned file_cache_codings(struct file_cache *cache, const struct site_root *root,
                            struct cached_file *file, uint64_t now_ms)
{
    struct entry *entry = container_of(file, struct entry, file);

    if (now_ms < entry->codings_until_ms && entry->codings_epoch == epoch_now())
        return entry->codings;

    const unsigned epoch = epoch_now();
    struct arena arena = { 0 };
    unsigned codings = 0;
    for (unsigned i = 0; i < CODING_COUNT; i++) {
        const struct slice parts[] = { slice_of(entry->path, entry->path_len),
                                       coding_extension((enum coding)i) };
        struct cached_file *neighbour =
            file_cache_get(cache, root, arena_join(&arena, parts, 2), now_ms);

        if (neighbour->kind == FILE_REGULAR && neighbour->file &&
            neighbour->modified_s >= file->modified_s)
            codings |= 1u << i;
        cached_file_drop(cache, neighbour);
    }
    arena_done(&arena);

    entry->codings = codings;
    entry->codings_epoch = epoch;
    entry->codings_until_ms = now_ms + FILE_CACHE_BELIEVE_MS;
    return codings;
}
