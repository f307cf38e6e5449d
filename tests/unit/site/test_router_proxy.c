#include "site/conf.h"
#include "site/router.h"
#include "suite.h"

#include <string.h>

static const char conf_text[] = "Binding {\n  Port = 80\n}\n"
                                "VirtualHost {\n"
                                "  Hostname = a.example\n"
                                "  WebsiteRoot = /etc\n"
                                "  ReverseProxy = ^/app/ http://127.0.0.1:3000\n"
                                "  ReverseProxy = ^/(a+)+$ http://127.0.0.1:3001\n"
                                "  ReverseProxy = ^/\\?q= http://127.0.0.1:3002\n"
                                "  WebSocket = ws://127.0.0.1:4000 /chat, /live/*\n"
                                "  WebSocket = ws://127.0.0.1:4001 /app/ws*,/live/more\n"
                                "}\n";

#define AS "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
    const char *target;
    int rule; /* -1: none */
} cases[] = {
    { "/app/x?y", 0 },
    { "http://a.example/app/x?y", 0 }, /* however a client spells it */
    { "HTTPS://a.example:1/aa", 1 },
    { "http://a.example?q=1", 2 },
    { "http://app/x", -1 },
    { "/x?/app/", -1 },
};

/* The place of the rule among those of its kind; -1: none. */
static int number_of(const struct proxy_conf *rules, const struct proxy_conf *rule)
{
    int number = 0;

    for (const struct proxy_conf *one = rules; one; one = one->next) {
        if (one == rule)
            return number;
        number++;
    }
    return -1;
}

static struct snapshot *snapshot;
static struct file_cache *cache;
static struct loop loop;
static struct binding_conf binding;
static struct visit visit;
static struct exchange x;
static struct verdict verdict;
static int version = 11;

/* `key`: of a WebSocket that it asks for; empty: of none. */
static void judge(const char *target, const char *key)
{
    struct parse_fault fault;

    snapshot = conf_text_snapshot(conf_text);
    cache = file_cache_new(1000);
    visit = (struct visit){ .binding = &binding };
    x = (struct exchange){ .loop = &loop, .visit = &visit };
    x.request.method_name = SLICE("GET");
    x.request.method = METHOD_GET;
    x.request.version = version;
    x.request.websocket_key = slice_cstr(key);
    ck_assert_int_eq(
        target_parse(slice_cstr(target), false, false, &x.arena, &x.request.target, &fault),
        PARSE_DONE);
    router_judge(snapshot, &snapshot->hosts[0], &x, cache, &verdict);
}

static void end(void)
{
    verdict_done(&verdict, cache);
    arena_done(&x.arena);
    file_cache_free(cache);
    snapshot_drop(snapshot);
}

START_TEST(a_rule_takes_a_target_in_every_form)
{
    judge(cases[_i].target, "");
    ck_assert_int_eq(number_of(snapshot->hosts[0].conf->proxies, verdict.proxy), cases[_i].rule);
    ck_assert_int_eq(verdict.answer == ANSWER_FASTCGI, cases[_i].rule >= 0);
    end();
}
END_TEST

static const struct {
    const char *target;
    int rule; /* of WebSocket; -1: none */
    const char *why;
} sockets[] = {
    { "/chat", 0, "a WebSocket rule takes it" },
    { "/chat?room=5", 0, "a WebSocket rule takes it" },
    { "/./chat", 0, "a WebSocket rule takes it" }, /* by what is meant */
    { "/chat/", -1, NULL },
    { "/cha", -1, NULL }, /* the beginning of a path is not the path */
    { "/chats", -1, NULL },
    { "/live/", 0, "a WebSocket rule takes it" },
    { "/live/a/b", 0, "a WebSocket rule takes it" },
    { "/live/more", 0, "a WebSocket rule takes it" },
    { "/live", -1, NULL },
    { "/app/ws", 1, "a WebSocket rule takes it" }, /* before ReverseProxy */
    { "/app/x", -1, "a ReverseProxy rule takes it" },
};

START_TEST(a_websocket_goes_by_its_path)
{
    judge(sockets[_i].target, "KEY");
    ck_assert_int_eq(number_of(snapshot->hosts[0].conf->websockets, verdict.proxy),
                     sockets[_i].rule);
    if (sockets[_i].why)
        ck_assert_str_eq(verdict.why, sockets[_i].why);
    else
        ck_assert_int_ne(verdict.answer, ANSWER_FASTCGI);
    end();
}
END_TEST

START_TEST(what_asks_for_no_websocket_is_none_of_its_business)
{
    judge("/chat", "");
    ck_assert_ptr_null(verdict.proxy);
    end();
}
END_TEST

static const struct {
    const char *target;
    int status; /* 0: a backend is asked */
} over_http2[] = {
    { "/chat", 0 },
    { "/app/x", 0 },
    { "/passwd", 501 },
    { "/none", 404 },
};

/* Any success would be taken for a WebSocket. */
START_TEST(over_http2_nobody_else_answers)
{
    version = 20;
    judge(over_http2[_i].target, "KEY");
    ck_assert_int_eq(verdict.answer, over_http2[_i].status == 0 ? ANSWER_FASTCGI : ANSWER_STATUS);
    ck_assert_int_eq(verdict.status, over_http2[_i].status);
    end();
}
END_TEST

START_TEST(what_cannot_be_judged_is_refused)
{
    judge("/" AS AS AS AS "!", "");
    ck_assert_int_eq(verdict.answer, ANSWER_STATUS);
    ck_assert_int_eq(verdict.status, 500);
    ck_assert_ptr_null(verdict.proxy);
    ck_assert_ptr_nonnull(strstr(verdict.why, "the ReverseProxy rule at "));
    ck_assert_ptr_nonnull(strstr(verdict.why, ":8: its pattern takes too long"));
    end();
}
END_TEST

SUITE("router_proxy", LOOP(a_rule_takes_a_target_in_every_form, cases),
      LOOP(a_websocket_goes_by_its_path, sockets), LOOP(over_http2_nobody_else_answers, over_http2),
      TEST(what_asks_for_no_websocket_is_none_of_its_business),
      TEST(what_cannot_be_judged_is_refused))
