#include "handler/registry.h"

#include "gateway/visitor.h"
#include "handler/services.h"
#include "os/fd.h"
#include "site/conf.h"
#include "site/trace.h"
#include "site/tree.h"
#include "suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/*
 * A website that everybody may alter, but for /closed, where AlterList says nothing, /secret, where
 * AccessList shuts, and /members, where AlterList wants a password. Its programs are *.php.
 */
static const char configuration[] =
    "Hostname = site.test\nWebsiteRoot = %s/www\nExecuteCGI = yes\nAlterList = allow all\n"
    "AlterMode = 604\nBlockExtensions = sql\nCGIhandler = /bin/sh:php\n"
    "UseDirectory = closed, secret, members\n"
    "Binding {\nPort = 80\nEnableAlter = yes\nMaxUploadSize = 100K\n}\n"
    "Binding {\nPort = 81\n}\n"
    "Directory {\nDirectoryID = closed\nPath = /closed\nAlterList = deny all\n}\n"
    "Directory {\nDirectoryID = secret\nPath = /secret\nAccessList = deny all\n}\n"
    "Directory {\nDirectoryID = members\nPath = /members\nAlterList = pwd all\n"
    "AlterGroup = staff\nPasswordFile = basic:/users, /groups\nAccessList = allow all\n}\n";

static struct tree tree;
static struct visitor *v;
static struct services services;
static struct verdict verdict;
static size_t open_before;

/* As the reactor has it, but for passwords. */
static void gate_start(struct exchange *x, const struct verdict *unused)
{
    (void)unused;
    router_judge(services.snapshot, x->host, x, services.files, &verdict);
    x->handler = handler_for(verdict.answer);
    x->handler->start(x, &verdict);
}

static const struct handler_ops gate = { .name = "gate", .start = gate_start };

static void begin(void)
{
    char text[2048];

    open_before = fd_count_open();
    tree_make(&tree);
    tree_file(&tree, "www/old.txt", "former");
    tree_file(&tree, "www/dir/in.txt", "inner");
    tree_file(&tree, "www/page.php", "<?php");
    tree_file(&tree, "www/dump.sql", "x");
    tree_file(&tree, "www/closed/a.txt", "x");
    tree_file(&tree, "www/secret/a.txt", "x");
    tree_file(&tree, "www/members/a.txt", "x");
    tree_file(&tree, "www/dir/index.html", "start");
    tree_fifo(&tree, "www/fifo.txt");
    tree_file(&tree, "outside/o.txt", "outside");
    v = visitor_new();
    snprintf(text, sizeof(text), configuration, tree.root);
    struct snapshot *snapshot = conf_text_snapshot(text);
    services = (struct services){
        .loop = &v->loop, .log = &v->log, .files = file_cache_new(100), .snapshot = snapshot
    };
    v->handler = &gate;
    v->host = &snapshot->hosts[0];
    v->services = &services;
    v->visit.binding = snapshot->conf->bindings;
}

static void end(void)
{
    ck_assert_ptr_null(v->x);
    verdict_done(&verdict, services.files);
    file_cache_free(services.files);
    snapshot_drop((struct snapshot *)services.snapshot);
    visitor_free(v);
    tree_remove(&tree);
    ck_assert_uint_eq(fd_count_open(), open_before);
}

/* ---- what is asked ---- */

static const char *const *wanted; /* pairs of name and value, NULL behind */

static struct trace *trace; /* NULL: it is meant seriously */

static void add_fields(struct exchange *x)
{
    x->trace = trace;
    for (const char *const *at = wanted; at && at[0]; at += 2)
        fields_add(&x->request.fields, &x->arena, slice_cstr(at[0]), slice_cstr(at[1]));
    x->request.expects_continue = x->request.has_body;
    if (x->request.has_body && x->request.length >= 0)
        fields_add_id(&x->request.fields, &x->arena, FIELD_CONTENT_LENGTH, SLICE("1"));
}

static void ask(const char *method, const char *target, int64_t len)
{
    verdict_done(&verdict, services.files);
    visitor_ask(v, method, target, len, add_fields);
}

/* Who is refused at once sends nothing. */
static void ask_with(const char *method, const char *target, const char *content)
{
    ask(method, target, (int64_t)strlen(content));
    if (v->x) {
        visitor_send(v, content);
        visitor_end_body(v, BODY_COMPLETE);
    }
    visitor_settle(v);
}

static void put(const char *target, const char *content)
{
    ask_with("PUT", target, content);
}

static void delete (const char *target)
{
    ask("DELETE", target, VISITOR_NO_BODY);
    visitor_settle(v);
}

/* ---- what is there then ---- */

static const char *path_of(const char *name)
{
    static char path[200];

    snprintf(path, sizeof(path), "%s/www/%s", tree.root, name);
    return path;
}

static void check_file(const char *name, const char *expect)
{
    char bytes[256] = "";
    scoped_fd fd = open(path_of(name), O_RDONLY | O_CLOEXEC);

    if (!expect) {
        ck_assert_int_lt(fd, 0);
        return;
    }
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(read(fd, bytes, sizeof(bytes) - 1), (ssize_t)strlen(expect));
    ck_assert_str_eq(bytes, expect);
}

static unsigned count_names(void)
{
    DIR *dir = opendir(path_of(""));
    unsigned count = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void check_status(int status)
{
    ck_assert_int_eq(v->status, status);
    ck_assert_int_eq(v->end, BODY_COMPLETE);
}

/* ---- PUT ---- */

START_TEST(a_file_is_made)
{
    struct stat now;
    char etag[FILE_ETAG_ROOM];
    char field[100];

    begin();
    put("/new.txt", "hello");
    check_status(201);
    check_file("new.txt", "hello");
    ck_assert_int_eq(stat(path_of("new.txt"), &now), 0);
    ck_assert_uint_eq(now.st_mode & 07777, 0604);
    snprintf(field, sizeof(field), "ETag: %.*s\n", (int)file_etag(&now, etag), etag);
    ck_assert_ptr_nonnull(strstr(v->fields, field));
    ck_assert_ptr_nonnull(strstr(v->fields, "Last-Modified: "));
    ck_assert_uint_eq(v->interims, 1);
    end();
}
END_TEST

START_TEST(a_file_is_replaced_when_all_is_there)
{
    begin();
    const unsigned names = count_names();
    ask("PUT", "/old.txt", 6);
    visitor_send(v, "ne");
    visitor_settle(v);
    check_file("old.txt", "former");
    ck_assert_uint_eq(count_names(), names);
    visitor_send(v, "w on");
    visitor_settle(v);
    check_file("old.txt", "former");
    visitor_end_body(v, BODY_COMPLETE);
    visitor_settle(v);
    check_status(204);
    check_file("old.txt", "new on");
    ck_assert_uint_eq(count_names(), names);
    end();
}
END_TEST

START_TEST(what_comes_does_not_stay_in_memory)
{
    struct stat now;

    begin();
    ask("PUT", "/large.bin", 100000);
    visitor_send_many(v, 50000);
    visitor_settle(v);
    ck_assert_uint_eq(v->x->request.body.held, 0);
    visitor_send_many(v, 50000);
    visitor_end_body(v, BODY_COMPLETE);
    visitor_settle(v);
    check_status(201);
    ck_assert_int_eq(stat(path_of("large.bin"), &now), 0);
    ck_assert_int_eq(now.st_size, 100000);
    end();
}
END_TEST

START_TEST(an_empty_file_is_made_when_its_length_is_told)
{
    static const char *const fields[] = { "Content-Length", "0", NULL };

    begin();
    wanted = fields;
    ask("PUT", "/empty.txt", VISITOR_NO_BODY);
    visitor_settle(v);
    check_status(201);
    check_file("empty.txt", "");
    wanted = NULL;
    ask("PUT", "/old.txt", VISITOR_NO_BODY);
    visitor_settle(v);
    check_status(411);
    check_file("old.txt", "former");
    end();
}
END_TEST

START_TEST(one_in_chunks_is_bounded_as_well)
{
    begin();
    ask("PUT", "/chunked.txt", VISITOR_CHUNKED);
    visitor_send(v, "some");
    visitor_end_body(v, BODY_COMPLETE);
    visitor_settle(v);
    check_status(201);
    check_file("chunked.txt", "some");

    ask("PUT", "/huge.txt", VISITOR_CHUNKED);
    visitor_send_many(v, 60000);
    visitor_settle(v);
    ck_assert_uint_eq(v->x->request.body_most, UINT64_C(100) * 1024);
    visitor_send_many(v, 60000);
    visitor_settle(v);
    check_status(413);
    check_file("huge.txt", NULL);
    end();
}
END_TEST

START_TEST(what_breaks_off_changes_nothing)
{
    begin();
    const unsigned names = count_names();
    ask("PUT", "/old.txt", 100);
    visitor_send(v, "half");
    visitor_settle(v);
    visitor_leave(v, RESET_CLIENT_GONE);
    visitor_settle(v);
    check_file("old.txt", "former");

    ask("PUT", "/old.txt", 100);
    visitor_send(v, "half");
    visitor_end_body(v, BODY_BROKEN);
    visitor_settle(v);
    check_status(400);
    check_file("old.txt", "former");
    ck_assert_uint_eq(count_names(), names);
    end();
}
END_TEST

static const struct {
    const char *method;
    const char *target;
    const char *fields[3];
    int status;
} refusals[] = {
    { "PUT", "/old.txt", { "Content-Range", "bytes 0-4/10" }, 400 },
    { "PUT", "/old.txt", { "Content-Encoding", "gzip" }, 415 },
    { "PUT", "/old.txt", { "If-None-Match", "*" }, 412 },
    { "PUT", "/old.txt", { "If-Match", "\"other\"" }, 412 },
    { "PUT", "/old.txt", { "If-Unmodified-Since", "Fri, 14 Jul 2017 02:40:00 GMT" }, 412 },
    { "PUT", "/absent.txt", { "If-Match", "*" }, 412 },
    { "PUT", "/", { NULL }, 405 },
    { "PUT", "/dir", { NULL }, 405 },
    { "PUT", "/dir/", { NULL }, 405 },
    { "PUT", "/new/", { NULL }, 405 },
    { "PUT", "/nowhere/a.txt", { NULL }, 409 },
    { "PUT", "/old.txt/a.txt", { NULL }, 409 },
    { "PUT", "/new.php", { NULL }, 403 },
    { "PUT", "/new.PHP", { NULL }, 403 },
    { "PUT", "/dump.sql", { NULL }, 403 },
    { "PUT", "/fifo.txt", { NULL }, 403 },
    { "PUT", "/.hidden", { NULL }, 404 },
    { "PUT", "/closed/a.txt", { NULL }, 403 },
    { "PUT", "/secret/a.txt", { NULL }, 403 },
    { "PUT", "/closed/absent/a.txt", { NULL }, 403 },
    { "PUT", "/link/o.txt", { NULL }, 403 },
    { "DELETE", "/absent.txt", { NULL }, 404 },
    { "DELETE", "/old.txt/a.txt", { NULL }, 404 },
    { "DELETE", "/dir/", { NULL }, 405 },
    { "DELETE", "/closed/a.txt", { NULL }, 403 },
    { "DELETE", "/closed/absent.txt", { NULL }, 403 },
    { "DELETE", "/link/o.txt", { NULL }, 403 },
    { "DELETE", "/fifo.txt", { NULL }, 403 },
    { "DELETE", "/old.txt", { "If-Match", "\"other\"" }, 412 },
    { "DELETE", "/old.txt", { "If-None-Match", "*" }, 412 },
    { "POST", "/old.txt", { NULL }, 405 },
};

START_TEST(what_may_not_be_is_refused_and_changes_nothing)
{
    char to[100];

    begin();
    snprintf(to, sizeof(to), "%s/outside", tree.root);
    tree_link(&tree, "www/link", to);
    if (geteuid() == 0) /* those of root may lead anywhere */
        ck_assert_int_eq(lchown(path_of("link"), 12345, 12345), 0);
    const unsigned names = count_names();
    wanted = refusals[_i].fields;
    ask_with(refusals[_i].method, refusals[_i].target, "fresh");
    check_status(refusals[_i].status);
    check_file("old.txt", "former");
    check_file("dir/index.html", "start");
    check_file("../outside/o.txt", "outside");
    ck_assert_uint_eq(count_names(), names);
    ck_assert_uint_eq(v->interims, 0); /* nobody was asked for a body */
    end();
}
END_TEST

START_TEST(a_binding_without_enable_alter_alters_nothing)
{
    begin();
    v->visit.binding = services.snapshot->conf->bindings->next;
    put("/old.txt", "new");
    check_status(405);
    delete ("/old.txt");
    check_status(405);
    ck_assert_ptr_nonnull(strstr(v->fields, "Allow: GET, HEAD, OPTIONS\n"));
    put("/new.txt", "new");
    check_status(404);
    check_file("old.txt", "former");
    end();
}
END_TEST

START_TEST(options_tells_what_may_be_done)
{
    begin();
    ask("OPTIONS", "/old.txt", VISITOR_NO_BODY);
    visitor_settle(v);
    check_status(204);
    ck_assert_ptr_nonnull(strstr(v->fields, "Allow: GET, HEAD, OPTIONS, PUT, DELETE\n"));
    v->visit.binding = services.snapshot->conf->bindings->next;
    ask("OPTIONS", "/old.txt", VISITOR_NO_BODY);
    visitor_settle(v);
    ck_assert_ptr_nonnull(strstr(v->fields, "Allow: GET, HEAD, OPTIONS\n"));
    end();
}
END_TEST

START_TEST(the_password_and_the_group_are_wanted)
{
    struct verdict judged;

    begin();
    ask("PUT", "/members/a.txt", 5);
    struct exchange *x = v->x;
    router_judge(services.snapshot, v->host, x, services.files, &judged);
    ck_assert_int_eq(judged.answer, ANSWER_ALTER);
    ck_assert(judged.wants_login);
    ck_assert_ptr_nonnull(judged.alter_groups);
    verdict_done(&judged, services.files);
    x->request.method = METHOD_GET;
    router_judge(services.snapshot, v->host, x, services.files, &judged);
    ck_assert(!judged.wants_login);
    verdict_done(&judged, services.files);
    visitor_leave(v, RESET_CLIENT_GONE);
    visitor_settle(v);
    end();
}
END_TEST

/* ---- conditions ---- */

static void etag_of(const char *name, char out[FILE_ETAG_ROOM + 1])
{
    struct stat now;

    ck_assert_int_eq(stat(path_of(name), &now), 0);
    out[file_etag(&now, out)] = '\0';
}

START_TEST(who_has_seen_the_file_may_replace_it_once)
{
    char etag[FILE_ETAG_ROOM + 1];
    const char *const fields[] = { "If-Match", etag, NULL };

    begin();
    etag_of("old.txt", etag);
    wanted = fields;
    put("/old.txt", "second");
    check_status(204);
    put("/old.txt", "third");
    check_status(412);
    check_file("old.txt", "second");
    etag_of("old.txt", etag);
    delete ("/old.txt");
    check_status(204);
    check_file("old.txt", NULL);
    end();
}
END_TEST

/* Both were let in when the file was still the same: the one that is complete first wins. */
START_TEST(the_condition_counts_when_the_file_takes_its_place)
{
    static const char *const fields[] = { "If-None-Match", "*", NULL };

    begin();
    const unsigned names = count_names();
    wanted = fields;
    ask("PUT", "/new.txt", 5);
    visitor_send(v, "slow ");
    visitor_settle(v);
    tree_file(&tree, "www/new.txt", "fast");
    visitor_end_body(v, BODY_COMPLETE);
    visitor_settle(v);
    check_status(412);
    check_file("new.txt", "fast");
    ck_assert_uint_eq(count_names(), names + 1);
    end();
}
END_TEST

/* ---- afterwards ---- */

/* Whatever was believed about the file a moment ago. */
START_TEST(the_new_file_is_seen_at_once)
{
    struct file_cache *other = file_cache_new(10);
    const struct site_root *root;
    struct cached_file *file;

    begin();
    root = &services.snapshot->hosts[0].root;
    file = file_cache_get(other, root, SLICE("old.txt"), 1000);
    ck_assert_uint_eq(file->size, 6);
    cached_file_drop(other, file);
    cached_file_drop(other, file_cache_get(other, root, SLICE("new.txt"), 1000));

    put("/old.txt", "longer than before");
    put("/new.txt", "x");
    file = file_cache_get(other, root, SLICE("old.txt"), 1000);
    ck_assert_uint_eq(file->size, 18);
    cached_file_drop(other, file);
    file = file_cache_get(other, root, SLICE("new.txt"), 1000);
    ck_assert_int_eq(file->kind, FILE_REGULAR);
    cached_file_drop(other, file);
    delete ("/new.txt");
    check_status(204);
    file = file_cache_get(other, root, SLICE("new.txt"), 1000);
    ck_assert_int_eq(file->kind, FILE_ABSENT);
    cached_file_drop(other, file);
    file_cache_free(other);
    end();
}
END_TEST

/* It was made of the former file. */
START_TEST(a_precompressed_neighbour_of_the_former_file_is_not_sent)
{
    const struct site_root *root;
    struct cached_file *file;

    begin();
    root = &services.snapshot->hosts[0].root;
    tree_file(&tree, "www/old.txt.gz", "gz");
    tree_time(&tree, "www/old.txt", 1500000000);
    tree_time(&tree, "www/old.txt.gz", 1500000000);
    file = file_cache_get(services.files, root, SLICE("old.txt"), 1000);
    ck_assert_uint_ne(file_cache_codings(services.files, root, file, 1000), 0);
    cached_file_drop(services.files, file);
    put("/old.txt", "new");
    file = file_cache_get(services.files, root, SLICE("old.txt"), 1000);
    ck_assert_uint_eq(file_cache_codings(services.files, root, file, 1000), 0);
    cached_file_drop(services.files, file);
    end();
}
END_TEST

/* longhouse explain: nothing is touched. */
START_TEST(a_rehearsal_changes_nothing)
{
    static const char *const fields[] = { "If-Match", "\"other\"", NULL };
    struct arena arena = { 0 };
    struct trace rehearsal;

    begin();
    trace_init(&rehearsal, &arena);
    rehearsal.rehearses = true;
    trace = &rehearsal;
    const unsigned names = count_names();
    put("/new.txt", "x");
    check_status(201);
    put("/old.txt", "x");
    check_status(204);
    delete ("/old.txt");
    check_status(204);
    put("/nowhere/a.txt", "x");
    check_status(409);
    wanted = fields;
    delete ("/old.txt");
    check_status(412);
    check_file("old.txt", "former");
    ck_assert_uint_eq(count_names(), names);
    trace = NULL;
    arena_done(&arena);
    end();
}
END_TEST

START_TEST(a_link_is_removed_itself)
{
    begin();
    tree_link(&tree, "www/alias.txt", "old.txt");
    delete ("/alias.txt");
    check_status(204);
    check_file("alias.txt", NULL);
    check_file("old.txt", "former");
    end();
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_to_is_told_with_its_cure)
{
    begin();
    tree_mode(&tree, "www/dir", 0555);
    tree_as_nobody();
    put("/dir/a.txt", "fresh");
    tree_as_before();
    check_status(403);
    ck_assert(visitor_log_has(v, "must be able to write to the folder"));
    tree_mode(&tree, "www/dir", 0755);
    end();
}
END_TEST

SUITE("alter", TEST(a_file_is_made), TEST(a_file_is_replaced_when_all_is_there),
      TEST(what_comes_does_not_stay_in_memory), TEST(an_empty_file_is_made_when_its_length_is_told),
      TEST(one_in_chunks_is_bounded_as_well), TEST(what_breaks_off_changes_nothing),
      LOOP(what_may_not_be_is_refused_and_changes_nothing, refusals),
      TEST(a_binding_without_enable_alter_alters_nothing), TEST(options_tells_what_may_be_done),
      TEST(the_password_and_the_group_are_wanted), TEST(who_has_seen_the_file_may_replace_it_once),
      TEST(the_condition_counts_when_the_file_takes_its_place), TEST(the_new_file_is_seen_at_once),
      TEST(a_precompressed_neighbour_of_the_former_file_is_not_sent),
      TEST(a_rehearsal_changes_nothing), TEST(a_link_is_removed_itself),
      TEST(a_folder_that_cannot_be_written_to_is_told_with_its_cure))
