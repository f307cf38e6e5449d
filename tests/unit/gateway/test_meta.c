#include "gateway/meta.h"

#include "suite.h"

#include <stdio.h>

static struct exchange exchange;
static struct visit visit;
static struct binding_conf binding;
static struct meta_source source;
static struct meta_block block;
static struct slice failed_name;

static void add_field(const char *name, const char *value)
{
    fields_add(&exchange.request.fields, &exchange.arena, slice_cstr(name), slice_cstr(value));
}

static void begin(void)
{
    binding = (struct binding_conf){ .interface = SLICE("0.0.0.0"), .port = 80 };
    visit = (struct visit){ .client_text = "192.0.2.7", .client_port = 4711, .binding = &binding };
    exchange = (struct exchange){ .visit = &visit, .id_text = "abc" };
    exchange.request.method_name = SLICE("GET");
    exchange.request.version = 11;
    exchange.request.target.raw = SLICE("/cgi/a.cgi/x%20y?q=1&r");
    exchange.request.target.query = SLICE("q=1&r");
    source = (struct meta_source){
        .exchange = &exchange,
        .script_name = SLICE("/cgi/a.cgi"),
        .path_info = SLICE("/x y"),
        .script_filename = SLICE("/www/cgi/a.cgi"),
        .document_root = SLICE("/www"),
        .path_translated = SLICE("/elsewhere/x y"),
        .alias_from = SLICE("/cgi"),
        .alias_to = SLICE("/www/cgi"),
        .server_name = SLICE("a.example"),
        .search_path = SLICE("/usr/bin:/bin"),
        .body_length = -1,
    };
}

static enum meta_end build(size_t most)
{
    meta_block_init(&block, &exchange.arena, most);
    return meta_build(&source, &block.sink, &failed_name);
}

/* The value, NULL when it is not told. Fails when it is told twice. */
static const char *value_of(const char *name)
{
    const char *found = NULL;
    struct slice all = meta_block_slice(&block);

    for (size_t at = 0; at < all.len; at += strlen(all.at + at) + 1) {
        size_t len = strlen(name);

        if (strncmp(all.at + at, name, len) == 0 && all.at[at + len] == '=') {
            ck_assert_ptr_null(found);
            found = all.at + at + len + 1;
        }
    }
    return found;
}

static void end(void)
{
    arena_done(&exchange.arena);
}

static const struct {
    const char *name;
    const char *value;
} expected[] = {
    { "GATEWAY_INTERFACE", "CGI/1.1" },
    { "REQUEST_METHOD", "GET" },
    { "REQUEST_URI", "/cgi/a.cgi/x%20y?q=1&r" },
    { "SCRIPT_NAME", "/cgi/a.cgi" },
    { "SCRIPT_FILENAME", "/www/cgi/a.cgi" },
    { "DOCUMENT_ROOT", "/www" },
    { "PATH_INFO", "/x y" },
    { "PATH_TRANSLATED", "/elsewhere/x y" },
    { "QUERY_STRING", "q=1&r" },
    { "REMOTE_ADDR", "192.0.2.7" },
    { "REMOTE_PORT", "4711" },
    { "REMOTE_USER", NULL },
    { "CONTENT_LENGTH", NULL },
    { "CONTENT_TYPE", NULL },
    { "SERVER_SOFTWARE", "Longhouse/" LONGHOUSE_VERSION },
    { "SERVER_NAME", "a.example" },
    { "SERVER_ADDR", "0.0.0.0" },
    { "SERVER_PORT", "80" },
    { "SERVER_PROTOCOL", "HTTP/1.1" },
    { "SERVER_BINDING", NULL },
    { "REDIRECT_STATUS", "200" },
    { "REQUEST_SCHEME", "http" },
    { "HTTP_SCHEME", "http" },
    { "HTTPS", NULL },
    { "ALIAS_FROM", "/cgi" },
    { "ALIAS_TO", "/www/cgi" },
    { "UNIQUE_ID", "abc" },
    { "PATH", "/usr/bin:/bin" },
    { "HOME", NULL },
};

START_TEST(the_house_tells_its_variables)
{
    begin();
    ck_assert_int_eq(build(65536), META_DONE);
    const char *value = value_of(expected[_i].name);
    if (expected[_i].value)
        ck_assert_str_eq(value, expected[_i].value);
    else
        ck_assert_ptr_null(value);
    end();
}
END_TEST

START_TEST(query_string_is_told_even_when_there_is_none)
{
    begin();
    exchange.request.target.query = (struct slice){ 0 };
    source.path_info = source.alias_from = source.alias_to = (struct slice){ 0 };
    build(65536);
    ck_assert_str_eq(value_of("QUERY_STRING"), "");
    ck_assert_ptr_null(value_of("ALIAS_FROM"));
    ck_assert_ptr_null(value_of("ALIAS_TO"));
    ck_assert_ptr_null(value_of("PATH_INFO"));
    ck_assert_ptr_null(value_of("PATH_TRANSLATED"));
    end();
}
END_TEST

START_TEST(a_body_has_length_and_type)
{
    begin();
    source.body_length = 0;
    add_field("Content-Type", "text/plain");
    add_field("Content-Length", "0");
    build(65536);
    ck_assert_str_eq(value_of("CONTENT_LENGTH"), "0");
    ck_assert_str_eq(value_of("CONTENT_TYPE"), "text/plain");
    ck_assert_ptr_null(value_of("HTTP_CONTENT_LENGTH"));
    ck_assert_ptr_null(value_of("HTTP_CONTENT_TYPE"));
    end();
}
END_TEST

START_TEST(a_secure_visit_says_https)
{
    static const struct client_certificate shown = {
        .subject = SLICE_INIT("CN=Ann"),
        .issuer = SLICE_INIT("CN=Us"),
        .serial = SLICE_INIT("01:FF"),
        .fingerprint = SLICE_INIT("ABCD"),
    };

    begin();
    visit.secure = true;
    visit.local.in4 =
        (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
    visit.local_port = 443;
    exchange.request.version = 20;
    binding.id = SLICE("tls");
    visit.certificate = &shown;
    build(65536);
    ck_assert_str_eq(value_of("TLS_SUBJECT_DN"), "CN=Ann");
    ck_assert_str_eq(value_of("TLS_ISSUER_DN"), "CN=Us");
    ck_assert_str_eq(value_of("TLS_CERT_SERIAL"), "01:FF");
    ck_assert_str_eq(value_of("TLS_CERT_FINGERPRINT"), "ABCD");
    ck_assert_str_eq(value_of("HTTPS"), "on");
    ck_assert_str_eq(value_of("REQUEST_SCHEME"), "https");
    ck_assert_str_eq(value_of("SERVER_ADDR"), "127.0.0.1");
    ck_assert_str_eq(value_of("SERVER_PORT"), "443");
    ck_assert_str_eq(value_of("SERVER_PROTOCOL"), "HTTP/2.0");
    ck_assert_str_eq(value_of("SERVER_BINDING"), "tls");
    end();
}
END_TEST

static const struct {
    const char *name; /* of the field, value "v" */
    const char *variable;
    bool told;
} fields[] = {
    { "Accept", "HTTP_ACCEPT", true },
    { "x-My-2nd-Field", "HTTP_X_MY_2ND_FIELD", true },
    { "Host", "HTTP_HOST", true },
    { "Cookie", "HTTP_COOKIE", true },
    { "X_Forwarded_For", "HTTP_X_FORWARDED_FOR", false },
    { "X.Y", "HTTP_X.Y", false },
    { "Proxy", "HTTP_PROXY", false },
    { "pROXY", "HTTP_PROXY", false },
    { "Proxy-Authorization", "HTTP_PROXY_AUTHORIZATION", false },
    { "Proxy-Connection", "HTTP_PROXY_CONNECTION", false },
    { "Authorization", "HTTP_AUTHORIZATION", false },
    { "Connection", "HTTP_CONNECTION", false },
    { "Keep-Alive", "HTTP_KEEP_ALIVE", false },
    { "TE", "HTTP_TE", false },
    { "Transfer-Encoding", "HTTP_TRANSFER_ENCODING", false },
    { "Upgrade", "HTTP_UPGRADE", false },
};

START_TEST(fields_become_variables_or_not)
{
    begin();
    add_field(fields[_i].name, "v");
    build(65536);
    if (fields[_i].told)
        ck_assert_str_eq(value_of(fields[_i].variable), "v");
    else
        ck_assert_ptr_null(value_of(fields[_i].variable));
    end();
}
END_TEST

START_TEST(a_field_cannot_take_the_place_of_a_variable)
{
    begin();
    add_field("Scheme", "gopher");
    add_field("Return-Code", "500");
    build(65536);
    ck_assert_str_eq(value_of("HTTP_SCHEME"), "http");
    ck_assert_str_eq(value_of("HTTP_RETURN_CODE"), "200");
    end();
}
END_TEST

START_TEST(authorization_is_told_when_asked_for)
{
    begin();
    source.tell_authorization = true;
    add_field("Authorization", "Basic x");
    build(65536);
    ck_assert_str_eq(value_of("HTTP_AUTHORIZATION"), "Basic x");
    end();
}
END_TEST

START_TEST(repeated_fields_are_joined)
{
    begin();
    add_field("Accept", "a/b");
    add_field("Cookie", "a=1");
    add_field("accept", "c/d");
    add_field("Cookie", "b=2");
    add_field("X-Own", "1");
    add_field("x-own", "2");
    build(65536);
    ck_assert_str_eq(value_of("HTTP_ACCEPT"), "a/b, c/d");
    ck_assert_str_eq(value_of("HTTP_COOKIE"), "a=1; b=2");
    ck_assert_str_eq(value_of("HTTP_X_OWN"), "1, 2");
    end();
}
END_TEST

START_TEST(the_host_keeps_its_port)
{
    begin();
    add_field("Host", "a.example:8080");
    build(65536);
    ck_assert_str_eq(value_of("HTTP_HOST"), "a.example:8080");
    end();
}
END_TEST

START_TEST(the_host_of_an_absolute_target_wins)
{
    begin();
    exchange.request.target.form = TARGET_ABSOLUTE;
    exchange.request.target.authority = SLICE("real.example:81");
    add_field("Host", "other.example");
    build(65536);
    ck_assert_str_eq(value_of("HTTP_HOST"), "real.example:81");
    end();
}
END_TEST

static const char *const grantable[] = {
    "AUTH_TYPE", "GROUPS", "X", "_y", "REMOTE_GROUP", "LDAP_DN"
};

START_TEST(an_authorizer_may_set_names_of_its_own)
{
    begin();
    ck_assert(meta_may_be_granted(slice_cstr(grantable[_i])));
    fields_add(&exchange.request.granted, &exchange.arena, slice_cstr(grantable[_i]), SLICE("v"));
    build(65536);
    ck_assert_str_eq(value_of(grantable[_i]), "v");
    end();
}
END_TEST

static const char *const not_grantable[] = { "",         "1A",          "A-B",       "A B",
                                             "A=B",      "REMOTE_USER", "PHP_VALUE", "LD_PRELOAD",
                                             "PERL5LIB", "HTTP_PROXY",  "SCGI" };

START_TEST(an_authorizer_may_not_set_others)
{
    ck_assert(!meta_may_be_granted(slice_cstr(not_grantable[_i])));
}
END_TEST

/* Whatever the house tells: nobody overwrites it. */
START_TEST(no_variable_of_the_house_may_be_granted)
{
    begin();
    visit.secure = true;
    source.body_length = 1;
    binding.id = SLICE("b");
    exchange.record.user = SLICE("joe");
    add_field("Content-Type", "text/plain");
    add_field("X-Any", "1");
    build(65536);

    struct slice all = meta_block_slice(&block);
    for (size_t at = 0; at < all.len; at += strlen(all.at + at) + 1) {
        struct slice name = slice_of(all.at + at, strcspn(all.at + at, "="));
        ck_assert_msg(!meta_may_be_granted(name), "%.*s", SLICE_ARGS(name));
    }
    end();
}
END_TEST

START_TEST(an_authorizer_is_not_told_the_name_of_the_script)
{
    begin();
    source.for_authorizer = true;
    source.path_info = source.script_filename = (struct slice){ 0 };
    build(65536);
    ck_assert_ptr_null(value_of("SCRIPT_NAME"));
    ck_assert_ptr_null(value_of("SCRIPT_FILENAME"));
    ck_assert_str_eq(value_of("REQUEST_URI"), "/cgi/a.cgi/x%20y?q=1&r");
    end();
}
END_TEST

START_TEST(setenv_has_the_last_word)
{
    struct conf_pair second = { .name = SLICE("REMOTE_ADDR"), .value = SLICE("10.0.0.2") };
    struct conf_pair own = { .next = &second, .name = SLICE("MODE"), .value = SLICE("test") };
    struct conf_pair first = { .next = &own,
                               .name = SLICE("REMOTE_ADDR"),
                               .value = SLICE("10.0.0.1") };

    begin();
    source.setenv = &first;
    build(65536);
    ck_assert_str_eq(value_of("REMOTE_ADDR"), "10.0.0.1"); /* the first of its name */
    ck_assert_str_eq(value_of("MODE"), "test");
    end();
}
END_TEST

START_TEST(too_much_is_refused_by_name)
{
    static char cookie[8000];
    struct conf_pair pair = { .name = SLICE("BIG"), .value = { cookie, sizeof(cookie) - 1 } };

    begin();
    memset(cookie, 'c', sizeof(cookie) - 1);
    add_field("Cookie", cookie);
    ck_assert_int_eq(build(16384), META_DONE);
    ck_assert_uint_le(meta_block_slice(&block).len, 16384);
    ck_assert_int_eq(build(4096), META_TOO_LONG_REQUEST);
    ck_assert(slice_equal_cstr(failed_name, "HTTP_COOKIE"));

    source.setenv = &pair;
    ck_assert_int_eq(build(10000), META_TOO_LONG_CONF);
    ck_assert(slice_equal_cstr(failed_name, "BIG"));
    end();
}
END_TEST

START_TEST(nul_never_reaches_an_environment)
{
    begin();
    source.path_info = SLICE("/a\0B=c");
    ck_assert_int_eq(build(65536), META_NOT_TEXT);
    ck_assert(slice_equal_cstr(failed_name, "PATH_INFO"));
    end();
}
END_TEST

SUITE("meta", LOOP(the_house_tells_its_variables, expected),
      TEST(query_string_is_told_even_when_there_is_none), TEST(a_body_has_length_and_type),
      TEST(a_secure_visit_says_https), LOOP(fields_become_variables_or_not, fields),
      TEST(a_field_cannot_take_the_place_of_a_variable), TEST(authorization_is_told_when_asked_for),
      TEST(repeated_fields_are_joined), TEST(the_host_keeps_its_port),
      TEST(the_host_of_an_absolute_target_wins), TEST(setenv_has_the_last_word),
      LOOP(an_authorizer_may_set_names_of_its_own, grantable),
      LOOP(an_authorizer_may_not_set_others, not_grantable),
      TEST(no_variable_of_the_house_may_be_granted),
      TEST(an_authorizer_is_not_told_the_name_of_the_script), TEST(too_much_is_refused_by_name),
      TEST(nul_never_reaches_an_environment))
