#include "site/router.h"

#include "site/conf.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>
#include <sys/resource.h>

/*
 * One house for all cases. Rule numbers: see conf_snapshot().
 *
 *   plain   static files, ExecuteCGI off
 *   cgi     CGIextension cgi, own handler "own", the server's handlers pl and py
 *   fast    UseFastCGI: local php, remote far; PATH_INFO on
 *   all     UseFastCGI: local php, then one without Extension
 *   both    all of FastCGI, CGIextension and CGIhandler claim the same extensions
 *   loose   FollowSymlinks, AllowDotFiles, NoExtensionAs = cgi, ExecuteCGI
 *   bare    no WebsiteRoot, remote "far"
 *   wild    CGIpattern, besides the CGIextensions and CGIhandlers of the server; PATH_INFO off
 */
struct house {
    struct tree tree;
    struct tree outside;
    struct snapshot *snapshot;
    struct file_cache *cache;
    struct loop loop;
    struct binding_conf binding;
    struct fastcgi_conf *php;
    struct fastcgi_conf *far;
    struct fastcgi_conf *everything;
};

static void plant(struct house *h)
{
    static const char *const files[] = {
        "index.html",    "a.txt",
        "b.cgi",         "c.pl",
        "d.py",          "e.php",
        "f.own",         "g.far",
        "h.PHP",         "noext",
        "i.phtml",       "j.PHP5",
        ".secret",       ".secret.txt",
        "dir/x.txt",     "php/x.txt",
        "php/index.php", "sp ace/%x",
        "é/x",           "both.b1",
        "both.b2",       "both.b3",
        "both.b4",       "back\\x/y",
        "sub.src",       ".well-known/acme/t",
        ".hiawatha",     ".well-known/.hidden",
    };

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        tree_file(&h->tree, files[i], "content");
    tree_file(&h->outside, "out.txt", "content");
    tree_file(&h->tree, "exec.cgi", "content");
    tree_mode(&h->tree, "exec.cgi", 0755);
    tree_mode(&h->tree, "both.b2", 0755);
    tree_mode(&h->tree, "both.b1", 0755);
    tree_mode(&h->tree, "both.b4", 0755);
    tree_mode(&h->tree, "noext", 0755);
    tree_file(&h->tree, "blind.cgi", "x");
    tree_mode(&h->tree, "blind.cgi", 0111);
    tree_file(&h->tree, "blind.txt", "x");
    tree_mode(&h->tree, "blind.txt", 0);
    tree_file(&h->tree, "blind.pl", "x");
    tree_mode(&h->tree, "blind.pl", 0);
    tree_file(&h->tree, "bin/tool", "x");
    tree_mode(&h->tree, "bin/tool", 0755);
    tree_file(&h->tree, "bin/deep/tool.txt", "x");
    tree_mode(&h->tree, "bin/deep/tool.txt", 0755);
    tree_file(&h->tree, "bin/data", "x");
    tree_folder(&h->tree, "empty");
    tree_fifo(&h->tree, "fifo.cgi");
    tree_fifo(&h->tree, "fifo.txt");
    tree_link(&h->tree, "inside", "a.txt");
    char to[128];
    snprintf(to, sizeof(to), "%s/out.txt", h->outside.root);
    tree_link(&h->tree, "outside.txt", to);
}

static void set_up(struct house *h)
{
    struct conf conf;

    *h = (struct house){ .loop.now_ms = 1000 };
    tree_make(&h->tree);
    tree_make(&h->outside);
    plant(h);
    conf_make(&conf);
    conf.server->cgi_extensions = conf_words(&conf, "cgi b4 b2 b1");
    conf_handler(&conf, &conf.server->cgi_handlers, "/usr/bin/perl", "pl b1 b3");
    conf_handler(&conf, &conf.server->cgi_handlers, "/usr/bin/python3", "py b2");
    h->php = conf_section(&conf, "php b1 b3", true);
    h->far = conf_section(&conf, "far", false);
    h->everything = conf_section(&conf, NULL, false);

    const char *root = h->tree.root;
    conf_host(&conf, "plain", root);

    struct vhost_conf *cgi = conf_host(&conf, "cgi", root);
    cgi->folder.execute_cgi = true;
    conf_handler(&conf, &cgi->cgi_handlers, "/usr/bin/own", "own");

    struct vhost_conf *fast = conf_host(&conf, "fast", root);
    fast->folder.execute_cgi = true;
    fast->folder.enable_path_info = true;
    fast->folder.start_files = conf_words(&conf, "index.html index.php index.far");
    conf_use(&conf, fast, h->php);
    conf_use(&conf, fast, h->far);

    struct vhost_conf *all = conf_host(&conf, "all", root);
    all->folder.execute_cgi = true;
    conf_use(&conf, all, h->php);
    conf_use(&conf, all, h->everything);
    conf_use(&conf, all, h->far); /* never reached */

    struct vhost_conf *both = conf_host(&conf, "both", root);
    both->folder.execute_cgi = true;
    conf_use(&conf, both, h->php);

    struct vhost_conf *loose = conf_host(&conf, "loose", root);
    loose->folder.execute_cgi = true;
    loose->folder.follow_symlinks = true;
    loose->allow_dot_files = true;
    loose->no_extension_as = SLICE("cgi");

    struct vhost_conf *bare = conf_host(&conf, "bare", NULL);
    bare->folder.execute_cgi = true;
    bare->folder.start_files = conf_words(&conf, "index.html index.far");
    conf_use(&conf, bare, h->far);

    struct vhost_conf *wild = conf_host(&conf, "wild", root);
    wild->folder.execute_cgi = true;
    wild->cgi_pattern = SLICE("/bin/**|exec.*|both.b3|*.src");
    wild->folder.start_files = conf_words(&conf, "exec.cgi");

    struct vhost_conf *front = conf_host(&conf, "front", root);
    front->folder.execute_cgi = true;
    front->front_controller = SLICE("php/index.php");
    front->folder.start_files = conf_words(&conf, "a.txt");
    conf_use(&conf, front, h->php);
    conf_use(&conf, front, h->far);

    struct vhost_conf *info = conf_host(&conf, "info", root);
    info->folder.execute_cgi = true;
    info->folder.enable_path_info = true;
    info->front_controller = SLICE("e.php");
    conf_use(&conf, info, h->php);
    conf_use(&conf, info, h->far);

    struct vhost_conf *page = conf_host(&conf, "page", root);
    page->front_controller = SLICE("dir/x.txt");

    struct vhost_conf *gone = conf_host(&conf, "gone", root);
    gone->folder.execute_cgi = true;
    gone->front_controller = SLICE("none.php");
    conf_use(&conf, gone, h->php);

    struct vhost_conf *distant = conf_host(&conf, "distant", NULL);
    distant->folder.execute_cgi = true;
    distant->folder.enable_path_info = true;
    distant->front_controller = SLICE("index.far");
    distant->folder.start_files = conf_words(&conf, "index.far");
    conf_use(&conf, distant, h->far);

    h->snapshot = conf_snapshot(&conf);
    h->cache = file_cache_new(1000);
}

static void tear_down(struct house *h)
{
    file_cache_free(h->cache);
    snapshot_drop(h->snapshot);
    tree_remove(&h->tree);
    tree_remove(&h->outside);
}

struct question {
    struct visit visit;
    struct exchange x;
    struct verdict verdict;
};

static void ask(struct house *h, struct question *q, const char *method, const char *host,
                const char *target)
{
    struct parse_fault fault;

    *q = (struct question){ .visit.binding = &h->binding };
    q->x.loop = &h->loop;
    q->x.visit = &q->visit;
    q->x.request.method_name = slice_cstr(method);
    q->x.request.method = method_of(q->x.request.method_name);
    q->x.request.version = 11;
    enum parse parse = target_parse(slice_cstr(target), q->x.request.method == METHOD_CONNECT,
                                    q->x.request.method == METHOD_OPTIONS, &q->x.arena,
                                    &q->x.request.target, &fault);
    ck_assert_msg(parse == PARSE_DONE, "%s is no target: %s", target,
                  parse == PARSE_BAD ? fault.why : "too short");
    router_judge(h->snapshot, router_host(h->snapshot, &h->binding, slice_cstr(host), NULL), &q->x,
                 h->cache, &q->verdict);
}

static void forget(struct house *h, struct question *q)
{
    verdict_done(&q->verdict, h->cache);
    arena_done(&q->x.arena);
}

enum section { NO_SECTION, PHP, FAR, EVERYTHING };

static const struct fastcgi_conf *section_of(const struct house *h, enum section section)
{
    const struct fastcgi_conf *all[] = { NULL, h->php, h->far, h->everything };

    return all[section];
}

struct route {
    const char *host;
    const char *method;
    const char *target;
    enum answer answer;
    int status;         /* 0: none */
    const char *detail; /* location, interpreter ("" = itself), script name */
    enum section section;
    const char *path_info;
};

#define FILE_AT(host, target)                                                                      \
    {                                                                                              \
        host, "GET", target, ANSWER_FILE, 0, NULL, NO_SECTION, NULL                                \
    }
#define STATUS(host, method, target, no)                                                           \
    {                                                                                              \
        host, method, target, ANSWER_STATUS, no, NULL, NO_SECTION, NULL                            \
    }
#define MOVED(host, method, target, no, to)                                                        \
    {                                                                                              \
        host, method, target, ANSWER_REDIRECT, no, to, NO_SECTION, NULL                            \
    }
#define CGI(host, method, target, program)                                                         \
    {                                                                                              \
        host, method, target, ANSWER_CGI, 0, program, NO_SECTION, NULL                             \
    }
#define FAST(host, target, section, script, info)                                                  \
    {                                                                                              \
        host, "GET", target, ANSWER_FASTCGI, 0, script, section, info                              \
    }

#define WILD(target, info)                                                                         \
    {                                                                                              \
        "wild", "GET", target, ANSWER_CGI, 0, "", NO_SECTION, info                                 \
    }

static const struct route routes[] = {
    /* files */
    FILE_AT("plain", "/a.txt"),
    FILE_AT("plain", "/"),
    FILE_AT("plain", "/%61.txt?q=1"),
    FILE_AT("plain", "//a.txt"),
    FILE_AT("plain", "/dir/../a.txt"),
    FILE_AT("plain", "/sp%20ace/%25x"),
    FILE_AT("plain", "/%c3%a9/x"),
    FILE_AT("plain", "/dir/x.txt"),
    FILE_AT("plain", "/noext"),
    { "plain", "HEAD", "/a.txt", ANSWER_FILE, 0, NULL, NO_SECTION, NULL },
    STATUS("plain", "GET", "/none", 404),
    STATUS("plain", "GET", "/A.TXT", 404),
    STATUS("plain", "GET", "/a.txt/x", 404),
    STATUS("plain", "GET", "/a.txt/", 404),
    STATUS("plain", "GET", "/blind.txt", 403),
    STATUS("fast", "GET", "/a.txt/x", 404),
    STATUS("plain", "GET", "/fifo.txt", 403),
    /* methods */
    STATUS("plain", "POST", "/a.txt", 405),
    STATUS("plain", "DELETE", "/a.txt", 405),
    STATUS("plain", "BREW", "/a.txt", 405),
    STATUS("plain", "OPTIONS", "/a.txt", 204),
    STATUS("plain", "OPTIONS", "/dir", 204),
    STATUS("plain", "OPTIONS", "*", 204),
    STATUS("plain", "OPTIONS", "/none", 404),
    STATUS("plain", "TRACE", "/a.txt", 405),
    STATUS("plain", "CONNECT", "a.example:443", 405),
    STATUS("plain", "PUT", "/none", 404),
    STATUS("cgi", "TRACE", "/exec.cgi", 405),
    CGI("cgi", "POST", "/exec.cgi", ""),
    CGI("cgi", "OPTIONS", "/exec.cgi", ""),
    CGI("cgi", "BREW", "/exec.cgi", ""),
    /* folders */
    MOVED("plain", "GET", "/dir", 301, "/dir/"),
    MOVED("plain", "GET", "/dir?a=%20&b=//", 301, "/dir/?a=%20&b=//"),
    MOVED("plain", "GET", "/dir?", 301, "/dir/?"),
    MOVED("plain", "GET", "/sp%20ace", 301, "/sp%20ace/"),
    MOVED("plain", "GET", "/%c3%a9", 301, "/%C3%A9/"),
    MOVED("plain", "GET", "//dir", 301, "/dir/"),
    MOVED("plain", "GET", "/back%5cx", 301, "/back%5Cx/"),
    MOVED("plain", "HEAD", "/dir", 301, "/dir/"),
    MOVED("plain", "POST", "/dir", 308, "/dir/"),
    STATUS("plain", "GET", "/empty/", 404),
    STATUS("plain", "GET", "/none/", 404),
    /* dot files */
    STATUS("plain", "GET", "/.secret", 404),
    STATUS("plain", "GET", "/%2esecret", 404),
    STATUS("plain", "GET", "/dir/.x/y", 404),
    FILE_AT("loose", "/.secret.txt"),
    FILE_AT("plain", "/.well-known/acme/t"),
    STATUS("plain", "GET", "/.well-known/.hidden", 404),
    STATUS("plain", "GET", "/dir/.well-known/x", 404),
    STATUS("loose", "GET", "/.hiawatha", 404),
    STATUS("cgi", "GET", "/exec.cgi/.x", 404),
    /* links */
    FILE_AT("plain", "/inside"),
    STATUS("plain", "GET", "/outside.txt", 403),
    FILE_AT("loose", "/outside.txt"),
    /* CGI */
    CGI("cgi", "GET", "/exec.cgi", ""),
    CGI("cgi", "GET", "/blind.cgi", ""),
    CGI("cgi", "GET", "/c.pl", "/usr/bin/perl"),
    CGI("cgi", "GET", "/d.py", "/usr/bin/python3"),
    CGI("cgi", "GET", "/f.own", "/usr/bin/own"),
    CGI("loose", "GET", "/noext", ""),
    STATUS("cgi", "GET", "/b.cgi", 403), /* not executable */
    STATUS("cgi", "GET", "/blind.pl", 403),
    STATUS("cgi", "GET", "/none.cgi", 404),
    STATUS("cgi", "GET", "/exec.cgi/info", 404), /* EnablePathInfo is off */
    STATUS("cgi", "GET", "/fifo.cgi", 403),
    /* never the source */
    STATUS("plain", "GET", "/exec.cgi", 403),
    STATUS("plain", "GET", "/c.pl", 403),
    STATUS("plain", "GET", "/e.php", 403),
    STATUS("plain", "GET", "/g.far", 403),
    STATUS("plain", "GET", "/f.own", 403),
    STATUS("plain", "GET", "/h.PHP", 403),
    STATUS("fast", "GET", "/h.PHP", 403),
    STATUS("plain", "GET", "/i.phtml", 403),
    STATUS("fast", "GET", "/i.phtml", 403),
    STATUS("fast", "GET", "/j.PHP5", 403),
    STATUS("cgi", "GET", "/e.php", 403),
    STATUS("fast", "GET", "/f.own", 403),
    STATUS("plain", "GET", "/none.php", 404),
    /* CGIpattern */
    WILD("/bin/tool", ""),
    WILD("/bin/tool/", "/"),
    WILD("/bin/tool/more/x.txt", "/more/x.txt"),
    WILD("/bin/deep/tool.txt/more", "/more"),
    WILD("/exec.cgi", ""),
    WILD("/exec.cgi/x", "/x"),
    WILD("/", ""),
    STATUS("wild", "GET", "/bin/data", 403), /* not executable, and never the source */
    STATUS("wild", "GET", "/bin/data/x", 403),
    STATUS("wild", "GET", "/bin/none", 404),
    MOVED("wild", "GET", "/bin", 301, "/bin/"),
    MOVED("wild", "GET", "/bin/deep", 301, "/bin/deep/"),
    STATUS("wild", "GET", "/both.b3", 403), /* comes before the CGIhandler */
    CGI("wild", "GET", "/c.pl", "/usr/bin/perl"),
    STATUS("wild", "GET", "/c.pl/x", 404), /* EnablePathInfo is off, and no pattern fits */
    FILE_AT("wild", "/a.txt"),
    STATUS("wild", "GET", "/a.txt/", 404),
    STATUS("wild", "GET", "/a.txt/x", 404),
    STATUS("plain", "GET", "/sub.src", 403), /* of another host: no source here */
    STATUS("plain", "GET", "/bin/tool", 403),
    STATUS("loose", "GET", "/bin/data", 403),
    FILE_AT("plain", "/dir/x.txt"),
    /* FastCGI by extension */
    FAST("fast", "/e.php", PHP, "/e.php", ""),
    FAST("fast", "/e.php/user/7", PHP, "/e.php", "/user/7"),
    FAST("fast", "/e.php/user.php", PHP, "/e.php", "/user.php"),
    FAST("fast", "/php/", PHP, "/php/index.php", ""),
    STATUS("fast", "GET", "/none.php", 404),
    STATUS("fast", "GET", "/none.php/x", 404),
    FAST("fast", "/g.far", FAR, "/g.far", ""),
    FAST("fast", "/none.far", FAR, "/none.far", ""),
    FAST("fast", "/none.far/x/y.far", FAR, "/none.far", "/x/y.far"),
    FAST("fast", "/empty/", FAR, "/empty/index.far", ""),
    FAST("fast", "/none/", FAR, "/none/index.far", ""),
    FAST("bare", "/", FAR, "/index.far", ""),
    FAST("bare", "/x.far", FAR, "/x.far", ""),
    STATUS("bare", "GET", "/x.far/y", 404),
    STATUS("bare", "GET", "/x", 404),
    FILE_AT("fast", "/a.txt"),
    MOVED("fast", "GET", "/php", 301, "/php/"),
    /* FastCGI for everything */
    FAST("all", "/e.php", PHP, "/e.php", ""),
    FAST("all", "/a.txt", EVERYTHING, "/a.txt", ""),
    FAST("all", "/none/at/all", EVERYTHING, "/none/at/all", ""),
    FAST("all", "/g.far", EVERYTHING, "/g.far", ""),
    FAST("all", "/exec.cgi", EVERYTHING, "/exec.cgi", ""),
    FAST("all", "/", EVERYTHING, "/index.html", ""),
    FAST("all", "/dir", EVERYTHING, "/dir", ""),
    FAST("all", "/dir/", EVERYTHING, "/dir/", ""),
    STATUS("all", "GET", "/none.php", 404), /* local: what is not here is nowhere */
    STATUS("all", "GET", "/.secret", 404),
    STATUS("all", "GET", "/fifo.txt", 403),
    /* FrontController: files and folders first, then it answers for everything */
    FILE_AT("front", "/a.txt"),
    FILE_AT("front", "/"), /* a StartFile comes first */
    FILE_AT("front", "/dir/x.txt"),
    FAST("front", "/e.php", PHP, "/e.php", ""),
    FAST("front", "/g.far", FAR, "/g.far", ""),
    FAST("front", "/none.far", FAR, "/none.far", ""), /* another machine may have it */
    MOVED("front", "GET", "/dir", 301, "/dir/"),
    MOVED("front", "GET", "/php?a=%2f", 301, "/php/?a=%2f"),
    FAST("front", "/php/", PHP, "/php/index.php", ""), /* its name is a start file */
    FAST("front", "/empty/", PHP, "/php/index.php", ""),
    FAST("front", "/none", PHP, "/php/index.php", ""),
    FAST("front", "/none/", PHP, "/php/index.php", ""),
    FAST("front", "/none/at/all", PHP, "/php/index.php", ""),
    FAST("front", "/v1.2/john.doe", PHP, "/php/index.php", ""),
    FAST("front", "/wiki/Node.js", PHP, "/php/index.php", ""),
    FAST("front", "/none.php", PHP, "/php/index.php", ""),
    FAST("front", "/none.cgi", PHP, "/php/index.php", ""),
    FAST("front", "/none.php/x", PHP, "/php/index.php", ""),
    FAST("front", "/%c4%b0.php/x", PHP, "/php/index.php", ""),
    FAST("front", "/php/index.php/user/7", PHP, "/php/index.php", "/user/7"),
    FAST("front", "/php/index.php/", PHP, "/php/index.php", "/"),
    STATUS("front", "GET", "/e.php/user", 404), /* EnablePathInfo is off */
    STATUS("front", "GET", "/a.txt/x.php", 404),
    STATUS("front", "GET", "/a.txt/", 404),
    STATUS("front", "GET", "/.secret", 404),
    STATUS("front", "GET", "/.git/config", 404),
    STATUS("front", "GET", "/outside.txt", 403),
    STATUS("front", "GET", "/fifo.txt", 403),
    STATUS("front", "POST", "/a.txt", 405),
    STATUS("front", "OPTIONS", "*", 204),
    { "front", "POST", "/none", ANSWER_FASTCGI, 0, "/php/index.php", PHP, "" },
    { "front", "OPTIONS", "/none", ANSWER_FASTCGI, 0, "/php/index.php", PHP, "" },
    FAST("info", "/e.php/x", PHP, "/e.php", "/x"),
    FAST("info", "/none/x", PHP, "/e.php", ""),
    FAST("info", "/none.far/x", FAR, "/none.far", "/x"),
    FAST("info", "/php/index.php/x.php", PHP, "/php/index.php", "/x.php"),
    STATUS("info", "GET", "/a.txt/x.php", 404),
    FILE_AT("page", "/none/at/all"), /* an application that is one page */
    FILE_AT("page", "/a.txt"),
    STATUS("page", "POST", "/none", 405),
    STATUS("gone", "GET", "/none/at/all", 404),
    FAST("distant", "/", FAR, "/index.far", ""),
    FAST("distant", "/blog/post/", FAR, "/index.far", ""),
    FAST("distant", "/blog/post", FAR, "/index.far", ""),
    FAST("distant", "/admin.far", FAR, "/admin.far", ""),
    FAST("distant", "/admin.far/x", FAR, "/admin.far", "/x"),
    /* FastCGI overrules CGIextension overrules CGIhandler overrules the file */
    FAST("both", "/both.b1", PHP, "/both.b1", ""),  /* all three */
    FAST("both", "/both.b3", PHP, "/both.b3", ""),  /* FastCGI and handler */
    CGI("cgi", "GET", "/both.b1", ""),              /* extension and handler */
    CGI("both", "GET", "/both.b2", ""),             /* extension and handler */
    CGI("both", "GET", "/both.b4", ""),             /* extension alone */
    CGI("cgi", "GET", "/both.b3", "/usr/bin/perl"), /* handler alone */
};

START_TEST(each_request_gets_its_verdict)
{
    const struct route *route = &routes[_i];
    struct house h;
    struct question q;

    tree_as_nobody();
    set_up(&h);
    ask(&h, &q, route->method, route->host, route->target);
    const struct verdict *v = &q.verdict;

    ck_assert_msg(v->answer == route->answer && v->status == route->status,
                  "%s %s on %s: answer %d, status %d: %s", route->method, route->target,
                  route->host, v->answer, v->status, v->why);
    ck_assert_ptr_nonnull(v->why);
    ck_assert_ptr_eq(v->fastcgi, section_of(&h, route->section));
    ck_assert_uint_eq(v->retry_after_s, 0);
    if (v->status == 405 || v->status == 204)
        ck_assert(slice_starts(v->allow, SLICE("GET, HEAD, OPTIONS")));
    if (route->answer == ANSWER_REDIRECT)
        assert_slice(v->location, route->detail);
    if (route->answer == ANSWER_FASTCGI) {
        assert_slice(v->resource.script_name, route->detail);
        assert_slice(v->resource.path_info, route->path_info);
    }
    if (route->answer == ANSWER_CGI && route->path_info)
        assert_slice(v->resource.path_info, route->path_info);
    if (route->answer == ANSWER_CGI && route->detail) {
        struct slice program = v->interpreter ? v->interpreter->program : SLICE("");
        assert_slice(program, route->detail);
    }
    forget(&h, &q);
    tear_down(&h);
    tree_as_before();
}
END_TEST

START_TEST(rules_are_numbered_as_the_supervisor_numbers_them)
{
    static const struct {
        const char *host;
        const char *target;
        uint32_t rule;
    } cases[] = {
        /* plain has rules 0-2; cgi: 3 itself, 4 own, 5 python (newest first), 6 perl */
        { "cgi", "/exec.cgi", 3 },
        { "cgi", "/f.own", 4 },
        { "cgi", "/d.py", 5 },
        { "cgi", "/c.pl", 6 },
        /* fast 7-9, all 10-12, both 13-15 */
        { "both", "/both.b4", 13 },
        { "both", "/d.py", 14 },
        { "both", "/c.pl", 15 },
    };
    struct house h;
    struct question q;

    set_up(&h);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(&h, &q, "GET", cases[i].host, cases[i].target);
        ck_assert_int_eq(q.verdict.answer, ANSWER_CGI);
        ck_assert_uint_eq(q.verdict.rule, cases[i].rule);
        forget(&h, &q);
    }
    tear_down(&h);
}
END_TEST

START_TEST(execute_cgi_off_stops_fastcgi_too)
{
    struct house h;
    struct question q;

    set_up(&h);
    for (struct vhost_conf *host = h.snapshot->conf->hosts; host; host = host->next)
        host->folder.execute_cgi = false;
    ask(&h, &q, "GET", "fast", "/e.php");
    ck_assert_int_eq(q.verdict.status, 403);
    forget(&h, &q);
    ask(&h, &q, "GET", "all", "/a.txt");
    ck_assert_int_eq(q.verdict.status, 403);
    forget(&h, &q);
    tear_down(&h);
}
END_TEST

START_TEST(trace_is_answered_where_the_binding_allows_it)
{
    struct house h;
    struct question q;

    set_up(&h);
    h.binding.enable_trace = true;
    ask(&h, &q, "TRACE", "plain", "/none");
    ck_assert_int_eq(q.verdict.answer, ANSWER_STATUS);
    ck_assert_int_eq(q.verdict.status, 200);
    forget(&h, &q);
    tear_down(&h);
}
END_TEST

START_TEST(what_the_wire_refused_is_refused)
{
    struct house h;
    struct question q = { .x.request = { .failed = 431, .failed_why = "too many fields" } };

    set_up(&h);
    q.x.loop = &h.loop;
    router_judge(h.snapshot, &h.snapshot->hosts[0], &q.x, h.cache, &q.verdict);
    ck_assert_int_eq(q.verdict.answer, ANSWER_STATUS);
    ck_assert_int_eq(q.verdict.status, 431);
    ck_assert_str_eq(q.verdict.why, "too many fields");
    forget(&h, &q);
    tear_down(&h);
}
END_TEST

START_TEST(a_shortage_of_descriptors_is_503)
{
    struct house h;
    struct question q;
    struct rlimit limit;
    struct rlimit none;

    set_up(&h);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ask(&h, &q, "GET", "plain", "/a.txt");
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(q.verdict.status, 503);
    ck_assert_uint_gt(q.verdict.retry_after_s, 0);
    forget(&h, &q);
    tear_down(&h);
}
END_TEST

SUITE("router", LOOP(each_request_gets_its_verdict, routes),
      TEST(rules_are_numbered_as_the_supervisor_numbers_them),
      TEST(execute_cgi_off_stops_fastcgi_too), TEST(trace_is_answered_where_the_binding_allows_it),
      TEST(what_the_wire_refused_is_refused), TEST(a_shortage_of_descriptors_is_503))
