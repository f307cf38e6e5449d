#include "handler/output_cache.h"

#include "gateway/fcgi_record.h"
#include "handler/registry.h"
#include "handler/two_programs.h"
#include "site/media.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define CACHED "Content-Type: text/plain\r\nX-Hiawatha-Cache: 60\r\n"

static struct two_programs *two;
static struct forgotten *forgotten;
static struct output_cache *caches[2]; /* of two reactors; the first one is in use */

static void begin(void)
{
    two = two_programs_open();
    forgotten = forgotten_new();
    for (unsigned i = 0; i < 2; i++)
        caches[i] = output_cache_new(1 << 20, 10000, forgotten);
    two->services.outputs = caches[0];
    two->v->handler = &handler_fastcgi;
}

static void end(void)
{
    for (unsigned i = 0; i < 2; i++)
        output_cache_free(caches[i]);
    forgotten_free(forgotten);
    two->services.outputs = NULL;
    two_programs_close(two);
}

static void forget_last(void)
{
    struct visitor *v = two->v;

    v->status = 0;
    v->fields[0] = '\0';
    memset(v->body, 0, v->body_len + 1);
    v->body_len = 0;
}

/* The fields of the next requests: name and value. */
static const char *asked[4];

static void add_fields(struct exchange *x)
{
    for (unsigned i = 0; i < 4 && asked[i]; i += 2) {
        struct slice name = slice_cstr(asked[i]);

        fields_add(&x->request.fields, &x->arena, name, slice_cstr(asked[i + 1]));
    }
}

static void ask(const char *method, const char *target)
{
    forget_last();
    visitor_ask(two->v, method, target, VISITOR_NO_BODY, add_fields);
    visitor_settle(two->v);
}

/* It is asked, and says this. */
static void program_says(const char *head, const char *content)
{
    struct fastcgi_fake *fake = two_programs_accept(two, 0);
    char text[20000];

    snprintf(text, sizeof(text), "%s\r\n%s", head, content);
    fastcgi_fake_say(fake, FCGI_STDOUT, text);
    fastcgi_fake_end(fake, 0, FCGI_COMPLETE);
    visitor_settle(two->v);
    ck_assert_ptr_null(two->v->x);
}

static bool is_kept(void)
{
    return two->v->x == NULL;
}

/* The program is asked, which is left unanswered. */
static bool is_asked(void)
{
    if (is_kept())
        return false;
    two_programs_accept(two, 0);
    visitor_leave(two->v, RESET_CLIENT_GONE);
    visitor_settle(two->v);
    return true;
}

static bool has_field(const char *line)
{
    return strstr(two->v->fields, line) != NULL;
}

START_TEST(what_a_program_wants_kept_is_given_again)
{
    begin();
    ask("GET", "/a.php?x=1");
    program_says(CACHED "ETag: \"1\"\r\n", "hello");
    ck_assert_str_eq(two->v->body, "hello");
    ck_assert(!has_field("X-Hiawatha-Cache"));
    ck_assert(!has_field("Age"));
    visitor_pass(two->v, 5000);
    ask("GET", "/a.php?x=1");
    ck_assert(is_kept());
    ck_assert_int_eq(two->v->status, 200);
    ck_assert_str_eq(two->v->body, "hello");
    ck_assert(has_field("Age: 5\n"));
    ck_assert(has_field("Content-Type: text/plain\n"));
    ask("GET", "/a.php?x=2");
    ck_assert(is_asked());
    visitor_pass(two->v, 55000);
    ask("GET", "/a.php?x=1");
    ck_assert(is_asked());
    end();
}
END_TEST

START_TEST(who_has_it_already_gets_no_content)
{
    begin();
    ask("GET", "/a.php");
    program_says(CACHED "ETag: \"1\"\r\nLast-Modified: Sun, 22 Nov 2026 13:26:01 GMT\r\n", "hello");
    asked[0] = "If-None-Match";
    asked[1] = "\"1\"";
    ask("GET", "/a.php");
    ck_assert(is_kept());
    ck_assert_int_eq(two->v->status, 304);
    ck_assert_uint_eq(two->v->body_len, 0);
    ck_assert(has_field("ETag: \"1\"\n"));
    ck_assert(!has_field("Content-Type"));
    asked[1] = "\"2\"";
    ask("GET", "/a.php");
    ck_assert_int_eq(two->v->status, 200);
    asked[0] = "If-Modified-Since";
    asked[1] = "Sun, 22 Nov 2026 13:26:01 GMT";
    ask("GET", "/a.php");
    ck_assert_int_eq(two->v->status, 304);
    asked[0] = NULL;
    ask("HEAD", "/a.php");
    ck_assert(is_kept());
    ck_assert_int_eq(two->v->status, 200);
    ck_assert_uint_eq(two->v->body_len, 0);
    end();
}
END_TEST

/* Answers that belong to one visitor, or are no whole answers. */
static const char *const heads[] = {
    "Content-Type: text/plain\r\n",
    CACHED "Set-Cookie: session=1\r\n",
    CACHED "Cache-Control: private\r\n",
    CACHED "Cache-Control: max-age=5, no-store\r\n",
    CACHED "Vary: *\r\n",
    CACHED "Status: 404\r\n",
    CACHED "Location: http://b.example/\r\n",
    CACHED "Content-Length: 20000\r\n",
    "Content-Type: text/plain\r\nX-Hiawatha-Cache: 1\r\n",
    "Content-Type: text/plain\r\nX-Hiawatha-Cache: -5\r\n",
    "Content-Type: text/plain\r\nX-Hiawatha-Cache: long\r\n",
};

START_TEST(what_is_not_for_everybody_is_not_kept)
{
    begin();
    ask("GET", "/a.php");
    struct fastcgi_fake *fake = two_programs_accept(two, 0);
    char text[20100];
    snprintf(text, sizeof(text), "%s\r\n", heads[_i]);
    const size_t head_len = strlen(text);
    memset(text + head_len, 'x', 20000 < sizeof(text) - head_len ? 5 : 0);
    text[head_len + 5] = '\0';
    fastcgi_fake_say(fake, FCGI_STDOUT, text);
    fastcgi_fake_end(fake, 0, FCGI_COMPLETE);
    visitor_settle(two->v);
    ask("GET", "/a.php");
    ck_assert(is_asked());
    end();
}
END_TEST

/* Requests that are somebody's, or want something else. */
static const struct {
    const char *method;
    const char *name;
    const char *value;
} requests[] = {
    { "GET", "Authorization", "Basic eDp5" },
    { "GET", "Cookie", "a=1; login=x" },
    { "GET", "Range", "bytes=0-1" },
    { "GET", "If-Match", "\"1\"" },
    { "POST", "X-Any", "1" },
};

START_TEST(who_is_known_neither_gets_nor_gives)
{
    struct conf_word login = { .text = SLICE_INIT("login") };

    begin();
    two->vhost.skip_cache_cookies = &login;
    asked[0] = requests[_i].name;
    asked[1] = requests[_i].value;
    ask(requests[_i].method, "/a.php");
    program_says(CACHED, "for one");
    asked[0] = NULL;
    ask("GET", "/a.php");
    if (strcmp(requests[_i].name, "If-Match") != 0) {
        ck_assert(!is_kept());
        program_says(CACHED, "for all");
    }
    asked[0] = requests[_i].name;
    ask(requests[_i].method, "/a.php");
    ck_assert(is_asked());
    asked[0] = "Cookie";
    asked[1] = "a=1";
    ask("GET", "/a.php");
    ck_assert(is_kept());
    end();
}
END_TEST

START_TEST(an_answer_varies_as_it_says)
{
    begin();
    asked[0] = "Accept-Language";
    asked[1] = "de";
    ask("GET", "/a.php");
    program_says(CACHED "Vary: Accept-Language\r\n", "hallo");
    asked[1] = "en";
    ask("GET", "/a.php");
    ck_assert(!is_kept());
    program_says(CACHED "Vary: Accept-Language\r\n", "hello");
    ask("GET", "/a.php");
    ck_assert_str_eq(two->v->body, "hello");
    asked[1] = "de";
    ask("GET", "/a.php");
    ck_assert_str_eq(two->v->body, "hallo");
    end();
}
END_TEST

START_TEST(what_is_encoded_varies_by_what_is_accepted)
{
    begin();
    asked[0] = "Accept-Encoding";
    asked[1] = "gzip";
    ask("GET", "/a.php");
    program_says(CACHED "Content-Encoding: gzip\r\n", "packed");
    asked[0] = NULL;
    ask("GET", "/a.php");
    ck_assert(is_asked());
    end();
}
END_TEST

START_TEST(each_host_and_each_script_has_its_own)
{
    begin();
    ask("GET", "/a.php");
    program_says(CACHED, "hello");
    two->host.name = SLICE("other.example");
    ask("GET", "/a.php");
    ck_assert(is_asked());
    two->host.name = SLICE("a.example");
    two->verdict.resource.absolute = SLICE("/srv/www/rewritten.php");
    ask("GET", "/a.php");
    ck_assert(is_asked());
    end();
}
END_TEST

/* The path of a ReverseProxy request is that of a script, letter by letter. */
START_TEST(a_backend_behind_reverseproxy_has_its_own)
{
    static const struct proxy_conf rule;

    begin();
    ask("GET", "/a.php");
    program_says(CACHED, "hello");
    two->verdict.proxy = &rule;
    ask("GET", "/a.php");
    ck_assert(is_asked());
    two->verdict.proxy = NULL;
    ask("GET", "/a.php");
    ck_assert(is_kept());
    end();
}
END_TEST

static void ask_for_websocket(struct exchange *x)
{
    x->request.version = 20;
    x->request.websocket_key = SLICE("KEY");
}

START_TEST(a_websocket_is_no_page)
{
    begin();
    two->sections[0].protocol = PROTOCOL_HTTP;
    two->fakes[0].raw = true;
    ask("GET", "/a.php");
    raw_say(two, two_programs_accept(two, 0),
            "HTTP/1.1 200 OK\r\n" CACHED "Content-Length: 5\r\n\r\nhello");
    ask("GET", "/a.php");
    ck_assert(is_kept());
    visitor_ask(two->v, "GET", "/a.php", VISITOR_NO_BODY, ask_for_websocket);
    ck_assert(is_asked());
    end();
}
END_TEST

static void want_trailers(struct exchange *x)
{
    x->request.wants_trailers = true;
}

START_TEST(fields_behind_the_body_are_not_kept)
{
    begin();
    two->sections[0].protocol = PROTOCOL_HTTP;
    two->fakes[0].raw = true;
    for (unsigned i = 0; i < 2; i++) {
        forget_last();
        visitor_ask(two->v, "GET", "/a.php", VISITOR_NO_BODY, want_trailers);
        if (i == 0)
            raw_say(two, two_programs_accept(two, 0),
                    "HTTP/1.1 200 OK\r\n" CACHED "Transfer-Encoding: chunked\r\n"
                    "Trailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n");
        ck_assert(is_kept());
        ck_assert_str_eq(two->v->body, "hello");
        ck_assert_int_eq(has_field("Trailer: X-Sum\n"), i == 0);
        ck_assert_str_eq(two->v->trailers, i == 0 ? "X-Sum: 5\n" : "");
    }
    end();
}
END_TEST

/* ---- CacheRProxyExtensions ---- */

static struct arena media_arena;
static struct media *media;

static void begin_proxy(void)
{
    static struct conf_word odd = { .text = SLICE_INIT("odd") };
    static struct conf_word css = { .next = &odd, .text = SLICE_INIT("css") };
    static const struct proxy_conf rule;

    begin();
    media = media_build(SLICE(""), &media_arena);
    two->host.media = media;
    two->conf.cache_proxy_extensions = &css;
    two->verdict.proxy = &rule;
    two->sections[0].protocol = PROTOCOL_HTTP;
    two->fakes[0].raw = true;
}

static void end_proxy(void)
{
    end();
    media_done(media);
    arena_done(&media_arena);
}

static void backend_says(const char *head, const char *rest)
{
    struct fastcgi_fake *fake = two_programs_accept(two, 0);
    char text[512];

    snprintf(text, sizeof(text), "%s\r\n%s", head, rest);
    raw_say(two, fake, text);
    raw_hang_up(two, fake);
    ck_assert_ptr_null(two->v->x);
}

#define OK_CSS  "HTTP/1.1 200 OK\r\nContent-Type: text/css\r\n"
#define STYLE   OK_CSS "Content-Length: 5\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

static const struct {
    const char *target;
    const char *head;
    const char *rest;
    unsigned kept_s; /* 0: not at all */
} proxied[] = {
    { "/a.css", STYLE, "hello", 60 },
    { "/b/A.CSS", STYLE, "hello", 60 },
    { "/a.css", OK_CSS CHUNKED, "5\r\nhello\r\n0\r\n\r\n", 60 },
    { "/a.odd", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", "hello", 60 },
    { "/a.css", STYLE "Cache-Control: max-age=7\r\n", "hello", 7 },
    { "/a.css", STYLE "Cache-Control: max-age=700\r\n", "hello", 60 },
    { "/a.css", STYLE "Cache-Control: max-age=700\r\nAge: 690\r\n", "hello", 10 },
    { "/a.css", STYLE "X-Longhouse-Cache: 100\r\nCache-Control: max-age=7\r\n", "hello", 100 },
    /* another path */
    { "/a.png", STYLE, "hello", 0 },
    { "/css", STYLE, "hello", 0 },
    { "/a.css/b", STYLE, "hello", 0 },
    /* another kind of answer */
    { "/a.css", "HTTP/1.1 404 No\r\nContent-Type: text/css\r\nContent-Length: 5\r\n", "hello", 0 },
    { "/a.css", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n", "hello", 0 },
    { "/a.css", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", "hello", 0 },
    /* not for everybody, or not for long */
    { "/a.css", STYLE "Set-Cookie: a=b\r\n", "hello", 0 },
    { "/a.css", STYLE "Cache-Control: private\r\n", "hello", 0 },
    { "/a.css", STYLE "Cache-Control: no-store\r\n", "hello", 0 },
    { "/a.css", STYLE "Cache-Control: no-cache\r\n", "hello", 0 },
    { "/a.css", STYLE "Cache-Control: max-age=0\r\n", "hello", 0 },
    { "/a.css", STYLE "Expires: 0\r\n", "hello", 0 },
    { "/a.css", STYLE "Vary: *\r\n", "hello", 0 },
    { "/a.css", STYLE "X-Longhouse-Cache: 0\r\n", "hello", 0 },
    /* not whole, or nobody knows */
    { "/a.css", OK_CSS, "hello", 0 },
    { "/a.css", OK_CSS "Content-Length: 9\r\n", "hello", 0 },
    { "/a.css", OK_CSS CHUNKED, "5\r\nhello\r\n", 0 },
};

START_TEST(answers_of_reverseproxy_are_kept_by_extension)
{
    begin_proxy();
    ask("GET", proxied[_i].target);
    backend_says(proxied[_i].head, proxied[_i].rest);
    if (proxied[_i].kept_s > 0) {
        visitor_pass(two->v, 1000 * proxied[_i].kept_s - 1);
        ask("GET", proxied[_i].target);
        ck_assert(is_kept());
        ck_assert_str_eq(two->v->body, "hello");
        visitor_pass(two->v, 1);
    }
    ask("GET", proxied[_i].target);
    ck_assert(is_asked());
    end_proxy();
}
END_TEST

START_TEST(an_answer_goes_on_ageing)
{
    begin_proxy();
    ask("GET", "/a.css");
    backend_says(STYLE "Age: 5\r\n", "hello");
    ck_assert(has_field("Age: 5\n"));
    visitor_pass(two->v, 2000);
    ask("GET", "/a.css");
    ck_assert(is_kept());
    ck_assert(has_field("Age: 7\n"));
    ck_assert(!has_field("Age: 5\n"));
    end_proxy();
}
END_TEST

static const struct {
    const char *name;
    const char *value;
    bool is_kept_of; /* its answer is given to others */
} owners[] = {
    { "Cache-Control", "no-cache", true },  { "Cache-Control", "max-age=0", true },
    { "Pragma", "no-cache", true },         { "Authorization", "Basic eDp5", false },
    { "Cookie", "a=1; login=x", false },    { "Range", "bytes=0-1", false },
    { "Cache-Control", "no-store", false },
};

START_TEST(who_wants_it_from_the_backend_gets_it_from_there)
{
    struct conf_word login = { .text = SLICE_INIT("login") };

    begin_proxy();
    two->vhost.skip_cache_cookies = &login;
    asked[0] = owners[_i].name;
    asked[1] = owners[_i].value;
    ask("GET", "/a.css");
    backend_says(STYLE, "first");
    asked[0] = NULL;
    ask("GET", "/a.css");
    ck_assert_int_eq(is_kept(), owners[_i].is_kept_of);
    if (!owners[_i].is_kept_of)
        backend_says(STYLE, "for all");
    asked[0] = owners[_i].name;
    ask("GET", "/a.css");
    if (strcmp(owners[_i].value, "no-store") != 0) /* is about what comes of it only */
        ck_assert(is_asked());
    end_proxy();
}
END_TEST

/* The same path by the same rule: what else the backend is told. */
static void ask_another_port(struct exchange *x)
{
    x->request.host_port = 8080;
}

static void ask_by_tls(struct exchange *x)
{
    ((struct visit *)x->visit)->secure = true;
}

static void ask_another_name(struct exchange *x)
{
    x->request.host = SLICE("b.example");
}

static void ask_through_a_proxy(struct exchange *x)
{
    ((struct visit *)x->visit)->believed = true;
    fields_add(&x->request.fields, &x->arena, SLICE("X-Forwarded-Host"), SLICE("evil"));
}

static void ask_from_elsewhere(struct exchange *x)
{
    fields_add(&x->request.fields, &x->arena, SLICE("Origin"), SLICE("https://b.example"));
}

static void (*const different[])(struct exchange *) = { ask_another_port, ask_by_tls,
                                                        ask_another_name, ask_through_a_proxy,
                                                        ask_from_elsewhere };

START_TEST(what_the_backend_would_be_told_otherwise_is_another_answer)
{
    begin_proxy();
    ask("GET", "/a.css");
    backend_says(STYLE "Access-Control-Allow-Origin: https://a.example\r\n", "hello");
    forget_last();
    visitor_ask(two->v, "GET", "/a.css", VISITOR_NO_BODY, different[_i]);
    ck_assert(is_asked());
    ask("GET", "/a.css?x");
    ck_assert(is_asked());
    ask("GET", "/a.css");
    ck_assert(is_kept());
    end_proxy();
}
END_TEST

static const struct {
    const char *removal;
    bool forgets;
} removals[] = {
    { "X-Hiawatha-Cache-Remove: /a.php?x=1\r\n", true },
    { "X-Longhouse-Cache-Remove: all\r\n", true },
    { "X-Hiawatha-Cache-Remove: /a.php\r\n", false },
};

START_TEST(a_program_can_take_it_back_in_all_reactors)
{
    begin();
    for (unsigned i = 0; i < 2; i++) {
        two->services.outputs = caches[i];
        ask("GET", "/a.php?x=1");
        program_says(CACHED, "hello");
    }
    asked[0] = NULL;
    ask("POST", "/edit.php");
    char head[128];
    snprintf(head, sizeof(head), "Content-Type: text/plain\r\n%s", removals[_i].removal);
    program_says(head, "saved");
    ck_assert(!has_field("Cache-Remove"));
    for (unsigned i = 0; i < 2; i++) {
        two->services.outputs = caches[i];
        ask("GET", "/a.php?x=1");
        ck_assert_int_eq(is_asked(), removals[_i].forgets);
    }
    end();
}
END_TEST

START_TEST(who_is_far_behind_forgets_everything)
{
    begin();
    ask("GET", "/a.php");
    program_says(CACHED, "hello");
    two->services.outputs = caches[1];
    for (unsigned i = 0; i < 70; i++) {
        ask("POST", "/edit.php");
        program_says("Content-Type: text/plain\r\nX-Hiawatha-Cache-Remove: /other\r\n", "saved");
    }
    two->services.outputs = caches[0];
    ask("GET", "/a.php");
    ck_assert(is_asked());
    end();
}
END_TEST

/* The program looked before the change, and speaks after it. */
START_TEST(what_was_taken_back_meanwhile_is_not_kept)
{
    begin();
    ask("GET", "/a.php");
    struct fastcgi_fake *fake = two_programs_accept(two, 0);
    output_cache_forget(forgotten, SLICE("a.example"), SLICE("/a.php"));
    fastcgi_fake_say(fake, FCGI_STDOUT, CACHED "\r\nold");
    fastcgi_fake_end(fake, 0, FCGI_COMPLETE);
    visitor_settle(two->v);
    ask("GET", "/a.php");
    ck_assert(is_asked());
    end();
}
END_TEST

START_TEST(an_answer_that_broke_off_is_not_kept)
{
    begin();
    ask("GET", "/a.php");
    struct fastcgi_fake *fake = two_programs_accept(two, 0);
    fastcgi_fake_say(fake, FCGI_STDOUT, CACHED "\r\nhalf");
    fastcgi_fake_hang_up(fake);
    visitor_settle(two->v);
    ask("GET", "/a.php");
    ck_assert(is_asked());
    ask("GET", "/a.php");
    fake = two_programs_accept(two, 0);
    fastcgi_fake_say(fake, FCGI_STDOUT, CACHED "\r\nfailed");
    fastcgi_fake_end(fake, 1, FCGI_COMPLETE);
    visitor_settle(two->v);
    ask("GET", "/a.php");
    ck_assert(is_asked());
    end();
}
END_TEST

START_TEST(a_long_answer_is_sent_but_not_kept)
{
    static char content[10002];

    memset(content, 'x', sizeof(content) - 1);
    begin();
    ask("GET", "/a.php");
    program_says(CACHED, content);
    ck_assert_uint_eq(two->v->body_len, 10001);
    ask("GET", "/a.php");
    ck_assert(!is_kept());
    content[10000] = '\0';
    program_says(CACHED, content);
    ask("GET", "/a.php");
    ck_assert(is_kept());
    ck_assert_uint_eq(two->v->body_len, 10000);
    end();
}
END_TEST

SUITE("handler/output_cache", TEST(what_a_program_wants_kept_is_given_again),
      TEST(who_has_it_already_gets_no_content), LOOP(what_is_not_for_everybody_is_not_kept, heads),
      LOOP(who_is_known_neither_gets_nor_gives, requests), TEST(an_answer_varies_as_it_says),
      TEST(what_is_encoded_varies_by_what_is_accepted), TEST(each_host_and_each_script_has_its_own),
      TEST(a_backend_behind_reverseproxy_has_its_own), TEST(a_websocket_is_no_page),
      TEST(fields_behind_the_body_are_not_kept),
      LOOP(answers_of_reverseproxy_are_kept_by_extension, proxied), TEST(an_answer_goes_on_ageing),
      LOOP(who_wants_it_from_the_backend_gets_it_from_there, owners),
      LOOP(what_the_backend_would_be_told_otherwise_is_another_answer, different),
      LOOP(a_program_can_take_it_back_in_all_reactors, removals),
      TEST(who_is_far_behind_forgets_everything), TEST(what_was_taken_back_meanwhile_is_not_kept),
      TEST(an_answer_that_broke_off_is_not_kept), TEST(a_long_answer_is_sent_but_not_kept))
