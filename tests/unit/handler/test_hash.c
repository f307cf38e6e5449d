#include "handler/registry.h"

#include "base/sum.h"
#include "gateway/visitor.h"
#include "handler/services.h"
#include "os/fd.h"
#include "site/conf.h"
#include "site/tree.h"
#include "suite.h"

#include <stdio.h>
#include <sys/stat.h>

/* The files of a website whose hashes were noted: small.txt, large.bin, script.cgi, and gone.txt,
 * which is not there. new.txt was not noted. */
static struct tree tree;
static struct visitor *v;
static struct services services;
static struct snapshot *snapshot;
static struct verdict verdict;
static struct conf_hash hashes[4];
static char paths[4][120];
static char large[300000];
static size_t open_before;
static bool was_hashing; /* the last request did not get its answer at once */
static bool leaves;      /* its client, while that is so */

/* As the reactor has it, but that no program is started. */
static void gate_start(struct exchange *x, const struct verdict *unused)
{
    (void)unused;
    router_judge(snapshot, x->host, x, services.files, &verdict);
    const struct verdict *first = login_first(x, &verdict);

    if (first->answer == ANSWER_CGI)
        reply_status(x, 418, "it would run", 0);
    else
        exchange_hand_over(x, handler_for(first->answer), first);
    was_hashing = x->handler == &handler_hash && !x->handler_finished;
    if (leaves)
        exchange_cancel(x, RESET_CLIENT_GONE);
}

static const struct handler_ops gate = { .name = "gate", .start = gate_start };

static void note(unsigned index, const char *name, struct slice content)
{
    snprintf(paths[index], sizeof(paths[index]), "%s/%s", tree.root, name);
    hashes[index].path = slice_cstr(paths[index]);
    sha256_of(content, hashes[index].sum);
}

static void begin(void)
{
    struct conf conf;

    open_before = fd_count_open();
    memset(large, 'x', sizeof(large));
    tree_make(&tree);
    tree_file(&tree, "small.txt", "small");
    tree_file(&tree, "small.txt.gz", "compressed");
    tree_file(&tree, "new.txt", "new");
    tree_bytes(&tree, "large.bin", slice_of(large, sizeof(large)));
    tree_file(&tree, "script.cgi", "#!/bin/sh");
    tree_mode(&tree, "script.cgi", 0755);
    tree_file(&tree, ".well-known/acme-challenge/t", "token");
    note(0, "small.txt", SLICE("small"));
    note(1, "large.bin", slice_of(large, sizeof(large)));
    note(2, "script.cgi", SLICE("#!/bin/sh"));
    note(3, "gone.txt", SLICE("x"));
    conf_make(&conf);
    conf.server->cgi_extensions = conf_words(&conf, "cgi");
    struct vhost_conf *host = conf_host(&conf, "a", tree.root);
    host->folder.execute_cgi = true;
    host->hashes = hashes;
    host->hash_count = 4;
    snapshot = conf_snapshot(&conf);
    v = visitor_new();
    services = (struct services){
        .loop = &v->loop, .log = &v->log, .files = file_cache_new(100), .snapshot = snapshot
    };
    v->handler = &gate;
    v->host = &snapshot->hosts[0];
    v->services = &services;
}

static void end(void)
{
    ck_assert_ptr_null(v->x);
    verdict_done(&verdict, services.files);
    file_cache_free(services.files);
    snapshot_drop(snapshot);
    visitor_free(v);
    tree_remove(&tree);
    ck_assert_uint_eq(fd_count_open(), open_before);
}

static void ask(const char *target)
{
    verdict_done(&verdict, services.files);
    visitor_ask(v, "GET", target, VISITOR_NO_BODY, NULL);
    for (unsigned i = 0; v->x && i < 100; i++)
        visitor_pass(v, 0);
}

static void pass_belief(void)
{
    visitor_pass(v, FILE_CACHE_BELIEVE_MS);
}

START_TEST(what_is_as_it_was_is_sent)
{
    begin();
    ask("/small.txt");
    ck_assert_int_eq(v->status, 200);
    ck_assert_uint_eq(v->body_len, 5);
    ask("/large.bin");
    ck_assert_int_eq(v->status, 200);
    ask("/script.cgi");
    ck_assert_int_eq(v->status, 418);
    ask("/gone.txt");
    ck_assert_int_eq(v->status, 404);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_WARNING), 0);
    end();
}
END_TEST

START_TEST(what_was_changed_is_not)
{
    static const char *const names[] = { "small.txt", "script.cgi", "large.bin" };

    begin();
    tree_file(&tree, "small.txt", "Small");
    tree_file(&tree, "script.cgi", "#!/bin/rc");
    large[299999] = 'y';
    tree_bytes(&tree, "large.bin", slice_of(large, sizeof(large)));
    for (unsigned i = 0; i < 3; i++) {
        char target[40];

        snprintf(target, sizeof(target), "/%s", names[i]);
        ask(target);
        ck_assert_int_eq(v->status, 403);
        ck_assert_uint_eq(visitor_lines(v, LEVEL_WARNING), i + 1);
    }
    ck_assert(visitor_log_has(v, "was changed, its SHA-256 is "));
    end();
}
END_TEST

START_TEST(what_was_never_noted_is_not_sent)
{
    begin();
    ask("/new.txt");
    ck_assert_int_eq(v->status, 403);
    ck_assert(visitor_log_has(v, "new.txt is not named there"));
    ask("/.well-known/acme-challenge/t");
    ck_assert_int_eq(v->status, 200);
    end();
}
END_TEST

START_TEST(a_change_is_seen_and_taken_back)
{
    begin();
    ask("/large.bin");
    ck_assert_int_eq(v->status, 200);
    tree_bytes(&tree, "large.bin", SLICE("other"));
    pass_belief();
    ask("/large.bin");
    ck_assert_int_eq(v->status, 403);
    tree_bytes(&tree, "large.bin", slice_of(large, sizeof(large)));
    pass_belief();
    ask("/large.bin");
    ck_assert_int_eq(v->status, 200);
    end();
}
END_TEST

/* Other requests of the reactor go on in between. */
START_TEST(a_large_file_takes_several_turns_once)
{
    begin();
    ask("/small.txt");
    ck_assert(!was_hashing);
    ask("/large.bin");
    ck_assert(was_hashing);
    ck_assert_int_eq(v->status, 200);
    ask("/large.bin");
    ck_assert(!was_hashing);
    ck_assert_ptr_nonnull(verdict.resource.found->derived);
    end();
}
END_TEST

START_TEST(a_client_that_leaves_meanwhile_is_let_go)
{
    begin();
    leaves = true;
    visitor_ask(v, "GET", "/large.bin", VISITOR_NO_BODY, NULL);
    ck_assert(was_hashing);
    ck_assert_int_eq(v->status, 0);
    exchange_wire_done(v->x);
    visitor_settle(v);
    end();
}
END_TEST

/* Nobody has noted what they are made of. */
START_TEST(compressed_neighbours_are_not_sent)
{
    begin();
    ask("/small.txt");
    ck_assert_ptr_null(strstr(v->fields, "Vary"));
    ask("/small.txt.gz");
    ck_assert_int_eq(v->status, 403);
    end();
}
END_TEST

SUITE("hash", TEST(what_is_as_it_was_is_sent), TEST(what_was_changed_is_not),
      TEST(what_was_never_noted_is_not_sent), TEST(a_change_is_seen_and_taken_back),
      TEST(a_large_file_takes_several_turns_once), TEST(a_client_that_leaves_meanwhile_is_let_go),
      TEST(compressed_neighbours_are_not_sent))
