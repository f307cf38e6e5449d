/*
 * PUT and DELETE of files (RFC 9110 9.3.4, 9.3.5). The router has said that this client may.
 *
 *   RECEIVING ──all is there──> it takes its place: 201, 204
 *
 * What comes goes to a file without a name as it comes, so nothing of it lies in memory, and who
 * asks meanwhile gets the former file. Conditions are judged twice: before the body is wanted, and
 * once more when the file takes its place, together with that under one lock, so that of two who
 * have seen the same file (If-Match) only one replaces it.
 *
 * Links are never followed out of the root, but for those of root (BENEATH_OWNED_LINKS), whatever
 * FollowSymlinks says; a link of this name is replaced or removed itself.
 */
#include "handler/registry.h"

#include "handler_private.h"
#include "http/conditional.h"
#include "http/date.h"
#include "http/scratch.h"
#include "http/status.h"
#include "os/fd.h"
#include "os/replacement.h"
#include "site/file_cache.h"
#include "site/trace.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define PARTS_PER_TAKE 16
#define RETRY_AFTER_S  2u

struct alteration {
    struct exchange *x; /* borrowed */
    const struct verdict *verdict;
    struct replacement file; /* of a PUT */
    uint64_t bytes;
    uint64_t most;
};

/* Held while something takes its place or goes: a look at what is there, and a rename. */
static pthread_mutex_t placing = PTHREAD_MUTEX_INITIALIZER;

/* What is there now, whatever was believed a moment ago. */
struct present {
    bool exists;
    struct stat stat;
};

static int64_t now_s(const struct exchange *x)
{
    return x->record.begun_unix_ms / 1000;
}

/* ---- failures ---- */

static void release(struct alteration *self)
{
    replacement_drop(&self->file);
    body_abandon(&self->x->request.body);
}

static void fail(struct alteration *self, int status, const char *why)
{
    struct exchange *x = self->x;

    release(self);
    if (exchange_is_over(x))
        exchange_handler_done(x);
    else
        reply_status(x, status, why, RETRY_AFTER_S);
}

static int status_of(enum method method, int error)
{
    switch (-error) {
    case ENOENT:
    case ENOTDIR:
        return method == METHOD_PUT ? 409 : 404;
    case EISDIR:
        return 409;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
    case EXDEV:
        return 403;
    case ENAMETOOLONG:
        return 414;
    case ENOSPC:
    case EDQUOT:
        return 507;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return 503;
    default:
        return 500;
    }
}

static const char *cure_of(int status)
{
    switch (status) {
    case 403:
        return "; the user of the server must be able to write to the folder, and links must not "
               "lead out of the root";
    case 409:
        return "; the folder must be there before its files";
    case 507:
        return "; make room on the disk, or raise the quota of the user of the server";
    default:
        return "";
    }
}

static void fail_by(struct alteration *self, const char *what, int error)
{
    const int status = status_of(self->x->request.method, error);

    fail(self, status,
         arena_printf(&self->x->arena, "%s %.*s: %s%s", what,
                      SLICE_ARGS(self->verdict->resource.absolute), strerror(-error),
                      cure_of(status))
             .at);
}

/* ---- what is there ---- */

static enum beneath_links links_of(const struct site_root *root)
{
    return root->links == BENEATH_ANY_LINKS ? BENEATH_OWNED_LINKS : root->links;
}

/* 0 or negative errno; that nothing is there is an answer too. */
static int look(const struct alteration *self, struct present *ret)
{
    const struct resource *resource = &self->verdict->resource;
    scoped_fd fd = -1;
    int r = beneath_find(resource->root->fd, resource->relative.at, resource->root->links, &fd,
                         &ret->stat);

    ret->exists = r == 0;
    if (r == 0 && S_ISDIR(ret->stat.st_mode))
        return -EISDIR;
    if (r == 0 && !S_ISREG(ret->stat.st_mode))
        return -EPERM;
    return r == -ENOENT ? 0 : r;
}

static bool is_as_wished(const struct exchange *x, const struct present *present)
{
    char etag[FILE_ETAG_ROOM];

    if (!present->exists)
        return !fields_find(&x->request.fields, FIELD_IF_MATCH);
    const struct validators validators = {
        .etag = slice_of(etag, file_etag(&present->stat, etag)),
        .modified_s = present->stat.st_mtim.tv_sec,
    };
    return conditional_judge(&x->request.fields, x->request.method, &validators, now_s(x)) ==
           CONDITION_GO;
}

/* The folder that it lies in, and its name there. 0 or negative errno. */
static int open_folder(const struct alteration *self, const char **ret_name, int *ret_fd)
{
    const struct resource *resource = &self->verdict->resource;
    const struct slice path = resource->relative;
    const size_t slash = slice_find_last(path, '/');
    const struct slice folder = slash == SLICE_NONE ? SLICE("") : slice_first(path, slash);
    struct stat stat;

    *ret_name = slash == SLICE_NONE ? path.at : path.at + slash + 1;
    int r = beneath_find(resource->root->fd, arena_cstr(&self->x->arena, folder),
                         links_of(resource->root), ret_fd, &stat);
    if (r == 0 && !S_ISDIR(stat.st_mode)) {
        fd_close(ret_fd);
        return -ENOTDIR;
    }
    return r;
}

/* ---- answers ---- */

static void say_done(struct alteration *self, int status)
{
    struct exchange *x = self->x;

    x->response.status = status;
    if (!status_has_no_content(status))
        x->response.length = 0;
    exchange_send_head(x);
    body_finish(&x->response.body, BODY_COMPLETE);
    exchange_handler_done(x);
}

static void add_validators(struct exchange *x, const struct stat *stat)
{
    char *etag = arena_bytes(&x->arena, FILE_ETAG_ROOM);
    char *date = arena_bytes(&x->arena, DATE_LEN + 1);

    date_write(stat->st_mtim.tv_sec, date);
    exchange_field_id(x, FIELD_LAST_MODIFIED, slice_of(date, DATE_LEN));
    exchange_field_id(x, FIELD_ETAG, slice_of(etag, file_etag(stat, etag)));
}

#define NOT_AS_WISHED "the file is not what the request wants it to be"

/* ---- DELETE ---- */

/* 0, 1: not as it is wished to be, or negative errno. */
static int remove_file(const struct alteration *self)
{
    struct present present;
    scoped_fd folder = -1;
    const char *name;
    int r = look(self, &present);

    if (r < 0)
        return r;
    if (!is_as_wished(self->x, &present))
        return 1;
    r = open_folder(self, &name, &folder);
    if (r == 0 && unlinkat(folder, name, 0) < 0)
        r = -errno;
    return r;
}

static void delete_start(struct alteration *self)
{
    pthread_mutex_lock(&placing);
    int r = remove_file(self);
    pthread_mutex_unlock(&placing);

    if (r == 1) {
        fail(self, 412, NOT_AS_WISHED);
    } else if (r < 0) {
        fail_by(self, "cannot remove", r);
    } else {
        file_cache_altered();
        say_done(self, 204);
    }
}

/* ---- PUT ---- */

/* 0, 1: not as it is wished to be, or negative errno. */
static int place_file(struct alteration *self, bool *ret_is_new, struct stat *ret_stat)
{
    struct present present;
    const struct slice path = self->verdict->resource.relative;
    const size_t slash = slice_find_last(path, '/');
    int r = look(self, &present);

    if (r < 0)
        return r;
    if (!is_as_wished(self->x, &present))
        return 1;
    if (fstat(self->file.fd, ret_stat) < 0)
        return -errno;
    *ret_is_new = !present.exists;
    return replacement_place(&self->file, path.at + (slash == SLICE_NONE ? 0 : slash + 1));
}

static void put_finish(struct alteration *self)
{
    struct stat stat;
    bool is_new = false;

    pthread_mutex_lock(&placing);
    int r = place_file(self, &is_new, &stat);
    pthread_mutex_unlock(&placing);

    if (r == 1) {
        fail(self, 412, NOT_AS_WISHED);
    } else if (r < 0) {
        fail_by(self, "cannot replace", r);
    } else {
        file_cache_altered();
        add_validators(self->x, &stat);
        say_done(self, is_new ? 201 : 204);
    }
}

/* All that waits goes to the file. 0, 1: it is too much, or negative errno. */
static int take(struct alteration *self)
{
    struct body *body = &self->x->request.body;
    struct iovec parts[PARTS_PER_TAKE];
    int count;

    while ((count = body_peek(body, parts, PARTS_PER_TAKE)) > 0) {
        uint64_t taken = 0;

        for (int i = 0; i < count; i++) {
            if (parts[i].iov_len > self->most - self->bytes)
                return 1;
            int r = scratch_write(self->file.fd, slice_of(parts[i].iov_base, parts[i].iov_len),
                                  self->bytes);
            if (r < 0)
                return r;
            self->bytes += parts[i].iov_len;
            taken += parts[i].iov_len;
        }
        body_take(body, taken);
    }
    return 0;
}

static void put_advance(struct alteration *self)
{
    const struct request *request = &self->x->request;
    int r = take(self);

    if (r == 1)
        fail(self, 413, "the file is larger than MaxUploadSize allows");
    else if (r < 0)
        fail_by(self, "cannot write the new", r);
    else if (request->body.end == BODY_BROKEN)
        fail(self, request->failed != 0 ? request->failed : 400,
             request->failed_why ? request->failed_why : "the body ended before its end");
    else if (request->body.end == BODY_COMPLETE)
        put_finish(self);
}

/* RFC 9110 14.5: a part must not be taken for the whole; 8.4: nor what is in a coding for what it
 * stands for. */
static bool refuse_framing(struct alteration *self)
{
    const struct request *request = &self->x->request;
    const struct field *coding = fields_find(&request->fields, FIELD_CONTENT_ENCODING);

    if (fields_find(&request->fields, FIELD_CONTENT_RANGE))
        fail(self, 400, "Content-Range in a PUT: parts of files are not taken");
    else if (coding && !slice_equal_nocase(coding->value, SLICE("identity")))
        fail(self, 415, "Content-Encoding in a PUT: files are taken as they are");
    else if (!request->has_body && !fields_find(&request->fields, FIELD_CONTENT_LENGTH))
        fail(self, 411, "a PUT without Content-Length, which would empty the file");
    else if (request->length > 0 && (uint64_t)request->length > self->most)
        fail(self, 413, "the file is larger than MaxUploadSize allows");
    else
        return false;
    return true;
}

/* 0, 1: not as it is wished to be, or negative errno. */
static int open_file(struct alteration *self)
{
    struct present present;
    const char *name;
    int folder = -1;
    int r = look(self, &present);

    if (r == 0 && !is_as_wished(self->x, &present))
        return 1;
    if (r == 0)
        r = open_folder(self, &name, &folder);
    return r < 0 ? r
                 : replacement_open(folder, (mode_t)self->verdict->folder->alter_mode, &self->file);
}

static void put_start(struct alteration *self)
{
    struct exchange *x = self->x;

    if (refuse_framing(self))
        return;
    int r = open_file(self);
    if (r == 1) {
        fail(self, 412, NOT_AS_WISHED);
    } else if (r < 0) {
        fail_by(self, "cannot make", r);
    } else {
        x->request.body_most = self->most;
        x->request.body.reader = &x->wake;
        exchange_want_body(x);
        put_advance(self);
    }
}

/* ---- rehearsals ---- */

/* What would be answered; nothing is touched. */
static void rehearse(struct alteration *self)
{
    struct exchange *x = self->x;
    struct present present;
    const char *name;
    scoped_fd folder = -1;
    int r = look(self, &present);

    if (r == 0 && !is_as_wished(x, &present)) {
        fail(self, 412, NOT_AS_WISHED);
        return;
    }
    if (r == 0)
        r = open_folder(self, &name, &folder);
    if (r < 0) {
        fail_by(self, "cannot alter", r);
        return;
    }
    const bool is_new = x->request.method == METHOD_PUT && !present.exists;
    trace_note(x->trace, TRACE_ANSWER, TRACE_FACT, "the file would be %s",
               x->request.method == METHOD_DELETE ? "removed"
               : is_new                           ? "made"
                                                  : "replaced");
    say_done(self, is_new ? 201 : 204);
}

/* ---- the handler ---- */

/* For whom limits do not count (RequestLimitMask), those of the wire do. */
static uint64_t most_of(const struct exchange *x)
{
    const struct binding_conf *binding = x->visit->binding;

    if (!x->visit->unlimited)
        return binding->max_upload_bytes;
    return x->request.body_most > 0 ? x->request.body_most : UINT64_MAX;
}

static void alter_start(struct exchange *x, const struct verdict *verdict)
{
    struct alteration *self = arena_new(&x->arena, struct alteration);

    *self = (struct alteration){
        .x = x,
        .verdict = verdict,
        .file = { .folder = -1, .fd = -1 },
        .most = most_of(x),
    };
    x->handler_self = self;
    if (trace_rehearses(x->trace))
        rehearse(self);
    else if (x->request.method == METHOD_DELETE)
        delete_start(self);
    else
        put_start(self);
}

static void alter_advance(struct exchange *x)
{
    put_advance(x->handler_self);
}

static void alter_cancel(struct exchange *x, enum reset_reason reason)
{
    (void)reason;
    release(x->handler_self);
    exchange_handler_done(x);
}

const struct handler_ops handler_alter = {
    .name = "alter",
    .start = alter_start,
    .advance = alter_advance,
    .cancel = alter_cancel,
};
