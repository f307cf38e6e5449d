#include "site/conf.h"
#include "site/question.h"
#include "site/router.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

#include <string.h>

/*
 * first   EnforceFirstHostname; also www.first and *.first
 * wild    *.wild before wild: EnforceFirstHostname has no name to send to
 * clean   SecureURL
 * members RequiredCA
 * All with the same tree, and BlockExtensions = sql, bak.
 */
struct fixture {
    struct tree tree;
    struct snapshot *snapshot;
    struct file_cache *cache;
    struct loop loop;
    struct binding_conf binding;
    struct visit visit;
    struct exchange x;
    struct verdict verdict;
};

static struct conf_file any_authority;

static void set_up(struct fixture *f)
{
    static const char *const files[] = { "a.txt", "dump.sql", "DUMP.SQL", "a.bak.txt", "sql" };
    struct conf conf;

    *f = (struct fixture){ .loop.now_ms = 1000 };
    tree_make(&f->tree);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        tree_file(&f->tree, files[i], "x");
    tree_link(&f->tree, "notes.txt", "dump.sql");
    conf_make(&conf);
    conf.server->block_extensions = conf_words(&conf, "sql bak");
    conf_host(&conf, "first www.first *.first", f->tree.root)->enforce_first_hostname = true;
    conf_host(&conf, "*.wild wild", f->tree.root)->enforce_first_hostname = true;
    conf_host(&conf, "clean", f->tree.root)->secure_url = true;
    struct vhost_conf *members = conf_host(&conf, "members", f->tree.root);
    members->tls.authorities = &any_authority;
    memset(members->tls.authority_id, 'm', sizeof(members->tls.authority_id));
    f->snapshot = conf_snapshot(&conf);
    f->cache = file_cache_new(100);
}

static void ask(struct fixture *f, enum method method, const char *host, unsigned port,
                const char *target)
{
    struct exchange *x = &f->x;

    f->visit.binding = &f->binding;
    question_make(x, &f->loop, &f->visit, method, target);
    x->request.host = slice_cstr(host);
    x->request.host_port = port;
    router_judge(f->snapshot, router_host(f->snapshot, &f->binding, x->request.host, NULL), x,
                 f->cache, &f->verdict);
}

static void tear_down(struct fixture *f)
{
    verdict_done(&f->verdict, f->cache);
    arena_done(&f->x.arena);
    file_cache_free(f->cache);
    snapshot_drop(f->snapshot);
    tree_remove(&f->tree);
}

static const struct {
    enum method method;
    const char *host;
    unsigned port;
    const char *target;
    bool secure;
    int status; /* 0: the file */
    const char *location;
} names[] = {
    { METHOD_GET, "first", 0, "/a.txt", false, 0, NULL },
    { METHOD_GET, "first", 8080, "/a.txt", false, 0, NULL },
    { METHOD_GET, "", 0, "/a.txt", false, 0, NULL }, /* HTTP/1.0 */
    { METHOD_GET, "www.first", 0, "/a.txt", false, 301, "http://first/a.txt" },
    { METHOD_HEAD, "x.first", 8080, "/n%41?a=%20&b", false, 301, "http://first:8080/n%41?a=%20&b" },
    { METHOD_GET, "www.first", 0, "//evil/x?", true, 301, "https://first//evil/x?" },
    { METHOD_GET, "www.first", 0, "http://www.first/a", false, 301, "http://first/a" },
    { METHOD_GET, "unknown", 0, "/", false, 301, "http://first/" }, /* the default host */
    { METHOD_POST, "www.first", 0, "/a.txt", false, 308, "http://first/a.txt" },
    { METHOD_GET, "www.first", 0, "/.hidden", false, 301, "http://first/.hidden" },
    { METHOD_OPTIONS, "www.first", 0, "*", false, 204, NULL },
    { METHOD_GET, "a.wild", 0, "/a.txt", false, 0, NULL },
    { METHOD_GET, "wild", 0, "/a.txt", false, 0, NULL },
};

START_TEST(visitors_are_sent_to_the_first_name)
{
    struct fixture f;

    set_up(&f);
    f.visit.secure = names[_i].secure;
    ask(&f, names[_i].method, names[_i].host, names[_i].port, names[_i].target);
    ck_assert_int_eq(f.verdict.status, names[_i].status);
    ck_assert_int_eq(f.verdict.answer == ANSWER_REDIRECT, names[_i].location != NULL);
    if (names[_i].location)
        assert_slice(f.verdict.location, names[_i].location);
    tear_down(&f);
}
END_TEST

static const struct {
    const char *host;
    const char *target;
    int status;
} targets[] = {
    { "clean", "/a.txt?%0a", 403 }, { "clean", "/a.txt?a=b%00", 403 },
    { "clean", "/a.txt?%1F", 403 }, { "clean", "/a.txt?%20%7f%80", 0 },
    { "clean", "/a.txt?%0", 0 },    { "clean", "/a.txt?0a%", 0 },
    { "clean", "/a.txt?%250a", 0 }, { "clean", "/a.txt?%0g", 0 },
    { "first", "/a.txt?%0a", 0 },   { "clean", "/dump.sql", 403 },
    { "clean", "/DUMP.SQL", 403 },  { "clean", "/notes.txt", 403 },
    { "clean", "/a.bak.txt", 0 },   { "clean", "/sql", 0 },
    { "clean", "/none.sql", 404 },
};

START_TEST(what_is_not_wanted_is_refused)
{
    struct fixture f;

    set_up(&f);
    ask(&f, METHOD_GET, targets[_i].host, 0, targets[_i].target);
    ck_assert_int_eq(f.verdict.status, targets[_i].status);
    tear_down(&f);
}
END_TEST

#define MEMBERS "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"
#define OTHERS  "oooooooooooooooooooooooooooooooo"

static const struct {
    const char *host;
    bool binding_wants_one;
    const char *tls;       /* NULL: none here */
    bool secure;           /* by TLS, or a trusted proxy says so */
    const char *authority; /* that vouched in the handshake; NULL: none was asked for */
    const char *target;
    int status; /* 0: the file */
} clients[] = {
    { "members", false, "TLSv1.3", true, MEMBERS, "/a.txt", 0 },
    { "members", false, "TLSv1.3", true, NULL, "/a.txt", 421 },
    { "members", false, "TLSv1.3", true, OTHERS, "/a.txt", 421 },
    { "members", false, NULL, true, NULL, "/a.txt", 403 },
    { "members", false, NULL, false, NULL, "/a.txt", 403 },
    { "members", false, NULL, false, NULL, "/.well-known/acme-challenge/x", 404 },
    { "members", false, "TLSv1.3", true, NULL, "/.well-known/acme-challenge/x", 421 },
    { "clean", false, "TLSv1.3", true, NULL, "/a.txt", 0 },
    { "clean", false, "TLSv1.3", true, MEMBERS, "/a.txt", 0 },
    { "clean", true, "TLSv1.3", true, OTHERS, "/a.txt", 0 },
    { "clean", true, "TLSv1.3", true, MEMBERS, "/a.txt", 421 },
    { "clean", true, "TLSv1.3", true, NULL, "/a.txt", 421 },
    { "members", true, "TLSv1.3", true, MEMBERS, "/a.txt", 0 },
    { "members", true, "TLSv1.3", true, OTHERS, "/a.txt", 421 },
};

START_TEST(a_request_counts_for_the_host_of_its_handshake)
{
    struct client_certificate shown = { 0 };
    struct fixture f;

    set_up(&f);
    if (clients[_i].binding_wants_one) {
        f.binding.tls.authorities = &any_authority;
        memset(f.binding.tls.authority_id, 'o', sizeof(f.binding.tls.authority_id));
    }
    f.visit.tls_version = clients[_i].tls;
    f.visit.secure = clients[_i].secure;
    if (clients[_i].authority) {
        shown.authority = slice_cstr(clients[_i].authority);
        f.visit.certificate = &shown;
    }
    ask(&f, METHOD_GET, clients[_i].host, 0, clients[_i].target);
    ck_assert_int_eq(f.verdict.status, clients[_i].status);
    tear_down(&f);
}
END_TEST

SUITE("gate", LOOP(a_request_counts_for_the_host_of_its_handshake, clients),
      LOOP(visitors_are_sent_to_the_first_name, names),
      LOOP(what_is_not_wanted_is_refused, targets))
