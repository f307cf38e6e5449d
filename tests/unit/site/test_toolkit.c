#include "site/toolkit.h"

#include "base/container.h"
#include "config/text_source.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>

/* Each host is named like the toolkits that it uses; what they call stands beside them. */
#define HOST(name, toolkits)                                                                       \
    "VirtualHost {\nHostname = " name "\nWebsiteRoot = /srv\nUseToolkit = " toolkits "\n}\n"
#define TOOLKIT(id, rules) "UrlToolkit {\nToolkitID = " id "\n" rules "}\n"

static const char conf_text[] =
    "Binding {\nPort = 80\n}\nFastCGIserver {\nFastCGIid = PHP\nConnectTo = /php\n}\n" HOST(
        "clean", "clean") HOST("loop", "loop") HOST("main", "main") HOST("neg", "neg")
        HOST("row", "first, second") HOST("flow", "flow") HOST("facts", "facts") HOST("go", "go")
            HOST("redirects", "redirects") HOST("slow", "slow") HOST("grow", "grow")
                HOST("blog", "blog")
    /* the worked examples of the reference, section 11 */
    TOOLKIT("clean", "RequestURI isfile Return\n"
                     "Match ^/(css|js)(/|$) Return\n"
                     "Match ^/([^?]*)(\\?(.*))?$ Rewrite /index.php?p=$1&$3\n")
        TOOLKIT("loop", "Match a Rewrite b 3 Continue\nMatch c Rewrite d\nMatch b Rewrite e\n")
            TOOLKIT("main", "Method POST Return\n"
                            "Match ^/sub Call subr\n"
                            "Match ^/x Goto subr\n"
                            "Match ^/skip Skip 1\n"
                            "Match ^/ Rewrite /first Continue\n"
                            "Match ^/skip Rewrite /skipped\n")
                TOOLKIT(
                    "subr",
                    "Match ^/sub/(.*) Rewrite /s/$1 Return\nMatch ^/x/(.*) Rewrite /y/$1 Return\n")
                    TOOLKIT("neg", "Match !^/(a|b)/ Rewrite /c/$0\n"
                                   "Match ^/a/(.*)$ Redirect 307 https://h/$1\n"
                                   "MatchCI ^/B/ DenyAccess\n")
    /* several in a row */
    TOOLKIT("first",
            "Match ^/exit Exit\n"
            "Match ^/return Return\n"
            "Match ^/a Rewrite /b Return\n"
            "Match ^/call Call callee\n"
            "Match ^/goto Goto callee\n"
            "Do Call quiet\n"
            "Match ^/past Skip 9\n"
            "Match ^/past Rewrite /wrong\n") TOOLKIT("second", "Match ^/(.*) Rewrite /2-$1\n")
        TOOLKIT("callee", "Match ^/call/exit Exit\nMatch ^/call/deny DenyAccess\n"
                          "Match ^/(call|goto) Rewrite /called Return\n")
            TOOLKIT("quiet", "Match ^/quiet OmitRequestLog\n") TOOLKIT(
                "flow", "Match ^/deny DenyAccess\n"
                        "Match ^/none NotFound\n"
                        "Match ^/use/(.*) Call use\n"
                        "Match ^/php UseFastCGI php\n"
                        "Match ^/php Rewrite /wrong\n"
                        "Match (docs|doc) Rewrite D\n")
                TOOLKIT("use", "Match ^/use/log OmitRequestLog\nDo Use /used?$1\n") TOOLKIT(
                    "facts",
                    "UseSSL Skip 1\n"
                    "Match ^/tls Rewrite /plain\n"
                    "TotalConnections 5 OmitRequestLog\n"
                    "Header User-Agent ^curl Call curl\n"
                    "Header X-Key !. Call nokey\n"
                    "Header * \"bad word\" DenyAccess\n"
                    "Header X-Two ^b$ Call two\n"
                    "Method !GET NotFound\n") TOOLKIT("go", "RequestURI isfile Call file\n"
                                                            "RequestURI isdir Call folder\n"
                                                            "RequestURI exists Call there\n"
                                                            "RequestURI notfound Call gone\n")
                    TOOLKIT("file", "Match $ Rewrite .file Return\n")
                        TOOLKIT("folder", "Match $ Rewrite .dir Return\n") TOOLKIT(
                            "there", "Match $ Rewrite .there Return\n")
                            TOOLKIT("gone", "Match $ Rewrite .gone Return\n")
                                TOOLKIT("curl", "Match ^/ Rewrite /curl/ Return\n") TOOLKIT(
                                    "nokey", "Match ^/ Rewrite /nokey/ Return\n")
                                    TOOLKIT("two", "Match ^/ Rewrite /two/ Return\n") TOOLKIT(
                                        "redirects", "Match ^/1(.*) Redirect https://h$1\n"
                                                     "Match ^/2(.*) Redirect $1\n"
                                                     "Match ^/3 Redirect https://h\n"
                                                     "Match ^/4/(.*) Redirect 302 /$1\n"
                                                     "Match ^/5/(.*) Redirect 308 //h/$1\n"
                                                     "Match ^/6/(.*) Redirect https://h/?q=$1\n"
                                                     "Match !^/ok Redirect 303 /only$0\n"
                                                     "TotalConnections 5 Redirect /busy\n"
                                                     "Match k Redirect https://h/\n")
                                        TOOLKIT("slow",
                                                "Match ^/fine Return\nMatch ^(/|//)+$ DenyAccess\n")
                                            TOOLKIT("grow", "Match ^(/.*)$ Rewrite $1$1$1$1 20\n")
    /* WordPress, and what Drupal's users write */
    TOOLKIT("blog", "Match ^/sites/.*/private/ DenyAccess\n"
                    "RequestURI exists Return\n"
                    "Match ^/node/(.*)\\?(.*) Rewrite /index.php?q=node/$1&$2\n"
                    "Match .* Rewrite /index.php\n");

struct facts {
    struct toolkit_ask ask;
    struct fields fields;
};

/* "/f..." are files, "/d..." folders, "/x..." may not be looked at. */
static enum toolkit_found on_disk(struct toolkit_ask *ask, struct slice url)
{
    (void)ask;
    switch (url.len > 1 ? url.at[1] : '\0') {
    case 'f':
        return FOUND_FILE;
    case 'd':
        return FOUND_FOLDER;
    case 'x':
        return FOUND_UNKNOWN;
    default:
        return FOUND_NOTHING;
    }
}

static const struct vhost_conf *host_of(const struct server_conf *conf, const char *name)
{
    const struct vhost_conf *host = conf->hosts;

    while (!slice_equal_cstr(host->hostnames->text, name))
        host = host->next;
    return host;
}

static void show(const struct toolkit_result *result, char *out, size_t room)
{
    static const char *const ends[] = { [TOOLKIT_GOES_ON] = "",
                                        [TOOLKIT_DENIES] = "403",
                                        [TOOLKIT_FINDS_NOTHING] = "404",
                                        [TOOLKIT_FAILS] = "500 " };

    if (result->end == TOOLKIT_REDIRECTS)
        snprintf(out, room, "%d %.*s", result->rule->status, SLICE_ARGS(result->url));
    else
        snprintf(out, room, "%s%.*s%s%.*s%s%s", ends[result->end],
                 result->end == TOOLKIT_GOES_ON ? (int)result->url.len : 0, result->url.at,
                 result->fastcgi ? " by " : "", result->fastcgi ? (int)result->fastcgi->id.len : 0,
                 result->fastcgi ? result->fastcgi->id.at : "",
                 result->end == TOOLKIT_FAILS ? result->why : "",
                 result->omit_log ? " unlogged" : "");
}

static const struct {
    const char *host;
    const char *request; /* "[METHOD] URL" */
    const char *fields;  /* "Name: value\n..." */
    uint64_t connections;
    bool secure;
    const char *expect;
} cases[] = {
    { "clean", "/css/x", "", 0, false, "/css/x" },
    { "clean", "/f/x", "", 0, false, "/f/x" },
    { "clean", "/a/b", "", 0, false, "/index.php?p=a/b&" },
    { "clean", "/a?z=1", "", 0, false, "/index.php?p=a&z=1" },
    { "clean", "/", "", 0, false, "/index.php?p=&" },
    { "loop", "/aaaa/x", "", 0, false, "/ebba/x" },
    { "loop", "/aac", "", 0, false, "/bbd" },
    { "loop", "/xb", "", 0, false, "/xe" },
    { "main", "/sub/1", "", 0, false, "/firsts/1" },
    { "main", "/x/1", "", 0, false, "/y/1" },
    { "main", "/skip/2", "", 0, false, "/skipped/2" },
    { "main", "/other", "", 0, false, "/firstother" },
    { "main", "POST /other", "", 0, false, "/other" },
    { "neg", "/q/1", "", 0, false, "/c/$0" },
    { "neg", "/a/z", "", 0, false, "307 https://h/z" },
    { "neg", "/b/1", "", 0, false, "403" },

    { "row", "/exit", "", 0, false, "/exit" },
    { "row", "/return", "", 0, false, "/2-return" },
    { "row", "/a", "", 0, false, "/2-b" },
    { "row", "/call", "", 0, false, "/2-called" },
    { "row", "/call/exit", "", 0, false, "/call/exit" },
    { "row", "/call/deny", "", 0, false, "403" },
    { "row", "/goto", "", 0, false, "/called" },
    { "row", "/quiet", "", 0, false, "/2-quiet unlogged" },
    { "row", "/past", "", 0, false, "/2-past" },

    { "flow", "/deny", "", 0, false, "403" },
    { "flow", "/none", "", 0, false, "404" },
    { "flow", "/use/x", "", 0, false, "/used?$1" },
    { "flow", "/use/log", "", 0, false, "/used?$1 unlogged" },
    { "flow", "/php/x", "", 0, false, "/php/x by PHP" },
    { "flow", "/docs", "", 0, false, "/D" },
    { "flow", "/docsdoc", "", 0, false, "/Ddoc" },

    { "facts", "/tls", "X-Key: 1\n", 0, false, "/plain" },
    { "facts", "/tls", "X-Key: 1\n", 0, true, "/tls" },
    { "facts", "/", "X-Key: 1\n", 4, true, "/" },
    { "facts", "/", "X-Key: 1\n", 5, true, "/ unlogged" },
    { "facts", "/", "x-key: 1\nuser-agent: CURL/8\n", 0, true, "/curl/" },
    { "facts", "/", "X-Key: 1\nUser-Agent: a curl\n", 0, true, "/" },
    { "facts", "/", "", 0, true, "/nokey/" },
    { "facts", "/", "X-Key: 1\nReferer: some Bad Word\n", 0, true, "403" },
    { "facts", "/", "X-Key: 1\nX-Two: a\nX-Two: b\n", 0, true, "/two/" },
    { "facts", "POST /", "X-Key: 1\n", 0, true, "404" },

    { "go", "/f", "", 0, false, "/f.file.there" },
    { "go", "/d", "", 0, false, "/d.dir.there" },
    { "go", "/x", "", 0, false, "/x" },
    { "go", "/n", "", 0, false, "/n.gone" },

    /* no way out of the host that the configuration names */
    { "redirects", "/1/a?b=c", "", 0, false, "301 https://h/a?b=c" },
    { "redirects", "/1.evil/a", "", 0, false, "301 https://h/.evil/a" },
    { "redirects", "/1@evil/a", "", 0, false, "301 https://h/@evil/a" },
    { "redirects", "/1:80/a", "", 0, false, "301 https://h/:80/a" },
    { "redirects", "/1?q", "", 0, false, "301 https://h?q" },
    { "redirects", "/2//evil/", "", 0, false, "301 /evil/" },
    { "redirects", "/2https://evil/", "", 0, false, "301 /https://evil/" },
    { "redirects", "/2\\evil", "", 0, false, "301 /%5Cevil" },
    { "redirects", "/3.evil/", "", 0, false, "301 https://h/.evil/" },
    { "redirects", "/4//evil", "", 0, false, "302 /evil" },
    { "redirects", "/5/x", "", 0, false, "308 //h/x" },
    { "redirects", "/6/a\r\nSet-Cookie: b\xc3", "", 0, false,
      "301 https://h/?q=a%0D%0ASet-Cookie:%20b%C3" },
    { "redirects", "/7", "", 0, false, "303 /only$0" },
    { "redirects", "/ok", "", 9, false, "301 /busy" },
    { "redirects", "/ok", "", 0, false, "301 /ohttps://h/" },

    { "blog", "/about/", "", 0, false, "/index.php" },
    { "blog", "/about/?p=2", "", 0, false, "/index.php" },
    { "blog", "/f/wp-login.php?x=1", "", 0, false, "/f/wp-login.php?x=1" },
    { "blog", "/d/wp-admin/", "", 0, false, "/d/wp-admin/" },
    { "blog", "/node/7?page=2", "", 0, false, "/index.php?q=node/7&page=2" },
    { "blog", "/sites/default/private/f.txt", "", 0, false, "403" },

    { "slow", "/fine", "", 0, false, "/fine" },
    { "slow", "////////////////////////////////////////////////////////////////////////////////!",
      "", 0, false, "500 its pattern takes too long for this request" },
    { "grow", "/1234567890", "", 0, false, "500 the URL that it makes is too long" },
};

static void add_fields(struct facts *facts, const char *text)
{
    struct slice rest = slice_cstr(text);
    struct slice line;

    while (slice_next(&rest, '\n', &line)) {
        struct slice name;
        struct slice value;

        if (!slice_cut(line, ':', &name, &value))
            continue;
        fields_add(&facts->fields, facts->ask.arena, name, slice_trim(value));
    }
}

static void run(const struct server_conf *conf, size_t i, struct arena *arena,
                struct toolkit_result *ret)
{
    struct toolkits *toolkits = toolkits_build(conf, arena);
    struct facts facts = { .ask = { .method = SLICE("GET"),
                                    .url = slice_cstr(cases[i].request),
                                    .connections = cases[i].connections,
                                    .secure = cases[i].secure,
                                    .arena = arena,
                                    .on_disk = on_disk } };

    if (cases[i].request[0] != '/')
        slice_cut(slice_cstr(cases[i].request), ' ', &facts.ask.method, &facts.ask.url);
    facts.ask.fields = &facts.fields;
    add_fields(&facts, cases[i].fields);
    toolkit_run(toolkits, host_of(conf, cases[i].host), &facts.ask, ret);
    toolkits_done(toolkits);
}

START_TEST(each_request_becomes_what_its_rules_say)
{
    struct loaded loaded;
    struct toolkit_result result;
    char text[512];

    loaded_text(&loaded, conf_text);
    char *report = loaded_report(&loaded);
    ck_assert_msg(loaded.conf != NULL, "%s", report);
    free(report);
    run(loaded.conf, (size_t)_i, &loaded.arena, &result);
    show(&result, text, sizeof(text));
    ck_assert_str_eq(text, cases[_i].expect);
    loaded_done(&loaded);
}
END_TEST

/* ---- told rule by rule ---- */

struct listener {
    struct toolkit_ask ask;
    char told[1024];
};

static void hear(struct toolkit_ask *ask, const struct toolkit_rule *rule, bool holds,
                 struct slice url)
{
    struct listener *listener = container_of(ask, struct listener, ask);
    size_t len = strlen(listener->told);

    snprintf(listener->told + len, sizeof(listener->told) - len, "%s:%u %s %.*s;", rule->place.file,
             rule->place.line, holds ? "yes" : "no", SLICE_ARGS(url));
}

START_TEST(who_listens_is_told_each_rule_with_its_place)
{
    static const char text[] =
        "Binding {\nPort = 80\n}\nHostname = a\nWebsiteRoot = /srv\nUseToolkit = t\n"
        "UrlToolkit {\nToolkitID = t\nMatch ^/b Exit\nMatch a Rewrite b Continue\n"
        "Match b Call u\nDo Exit\n}\nUrlToolkit {\nToolkitID = u\nMethod GET Return\n}\n";
    struct fields none = { 0 };
    struct loaded loaded;
    struct toolkit_result result;

    loaded_text(&loaded, text);
    ck_assert_ptr_nonnull(loaded.conf);
    struct toolkits *toolkits = toolkits_build(loaded.conf, &loaded.arena);
    struct listener listener = { .ask = { .url = SLICE("/a"),
                                          .method = SLICE("GET"),
                                          .fields = &none,
                                          .arena = &loaded.arena,
                                          .on_disk = on_disk,
                                          .note = hear } };
    toolkit_run(toolkits, loaded.conf->hosts, &listener.ask, &result);
    ck_assert_str_eq(listener.told,
                     "longhouse.conf:9 no /a;longhouse.conf:10 yes /b;longhouse.conf:11 yes /b;"
                     "longhouse.conf:16 yes /b;longhouse.conf:12 yes /b;");
    toolkits_done(toolkits);
    loaded_done(&loaded);
}
END_TEST

/* Calls that double at each level would go on for a long time. */
START_TEST(too_many_rules_end_in_500)
{
    char text[4096] =
        "Binding {\nPort = 80\n}\nHostname = a\nWebsiteRoot = /srv\nUseToolkit = t0\n";
    struct fields none = { 0 };
    struct loaded loaded;
    struct toolkit_result result;

    for (int i = 0; i < 8; i++)
        sprintf(text + strlen(text),
                "UrlToolkit {\nToolkitID = t%d\nDo Call t%d\nDo Call t%d\nDo Call t%d\nDo Call "
                "t%d\n}\n",
                i, i + 1, i + 1, i + 1, i + 1);
    strcat(text, "UrlToolkit {\nToolkitID = t8\nDo Return\n}\n");
    loaded_text(&loaded, text);
    ck_assert_ptr_nonnull(loaded.conf);
    struct toolkits *toolkits = toolkits_build(loaded.conf, &loaded.arena);
    struct toolkit_ask ask = { .url = SLICE("/"),
                               .method = SLICE("GET"),
                               .fields = &none,
                               .arena = &loaded.arena,
                               .on_disk = on_disk };
    toolkit_run(toolkits, loaded.conf->hosts, &ask, &result);
    ck_assert_int_eq(result.end, TOOLKIT_FAILS);
    ck_assert_str_eq(result.why, "too many rules for one request");
    toolkits_done(toolkits);
    loaded_done(&loaded);
}
END_TEST

/* ---- the URL that rules see ---- */

static const struct {
    const char *target;
    const char *expect;
} urls[] = {
    { "/a", "/a" },
    { "/%61", "/a" },
    { "//a/./b/../c", "/a/c" },
    { "/a%20b?x=%20&y", "/a%20b?x=%20&y" },
    { "/a?", "/a?" },
    { "/a%3fb", "/a%3Fb" },
    { "http://h/a?b", "/a?b" },
};

START_TEST(every_spelling_is_one_url)
{
    struct arena arena = { 0 };
    struct parse_fault fault;
    struct target target;

    ck_assert_int_eq(
        target_parse(slice_cstr(urls[_i].target), false, false, &arena, &target, &fault),
        PARSE_DONE);
    assert_slice(toolkit_url(&target, &arena), urls[_i].expect);
    arena_done(&arena);
}
END_TEST

SUITE("toolkit", LOOP(each_request_becomes_what_its_rules_say, cases),
      TEST(who_listens_is_told_each_rule_with_its_place), TEST(too_many_rules_end_in_500),
      LOOP(every_spelling_is_one_url, urls))
