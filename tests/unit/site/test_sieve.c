#include "site/sieve.h"

#include "site/conf.h"
#include "site/snapshot.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const char conf_text[] =
    "Hostname = a.test, *.b.test\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\n"
    "DenyBody = ^.*<bad.*$\nDenyBody = (x+x+)+[yz]\nPreventSQLi = block\n"
    "VirtualHost {\nHostname = c.test\nWebsiteRoot = /srv\n}\n";

static struct snapshot *snapshot;
static struct sieving sieving;
static char room[65536];

static void set_up(void)
{
    snapshot = conf_text_snapshot(conf_text);
    sieving =
        (struct sieving){ .sieve = snapshot->sieve, .host = snapshot->hosts[0].conf, .room = room };
}

static void tear_down(void)
{
    regex_scratch_done(&sieving.scratch);
    snapshot_drop(snapshot);
}

static const struct {
    const char *text;
    const char *pattern; /* NULL: none fits */
} bodies[] = {
    { "a=<BAD>", "^.*<bad.*$" },
    { "a=%3cbad%3e", "^.*<bad.*$" },
    { "a=%253cbad", "^.*<bad.*$" },
    { "{\"a\":\"\\u003cbad\"}", "^.*<bad.*$" },
    { "a=good", NULL },
    { "", NULL },
    /* what takes too long does not get through */
    { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "(x+x+)+[yz]" },
};

START_TEST(bodies_are_denied)
{
    struct slice pattern = SLICE("");

    set_up();
    const bool denied = sieve_denies(&sieving, slice_cstr(bodies[_i].text), &pattern);
    ck_assert_int_eq(denied, bodies[_i].pattern != NULL);
    if (denied)
        assert_slice(pattern, bodies[_i].pattern);
    sieving.host = snapshot->hosts[1].conf;
    ck_assert(!sieve_denies(&sieving, slice_cstr(bodies[_i].text), &pattern));
    tear_down();
}
END_TEST

static const char *const attacks[] = {
    "id=1' or '1'='1",
    "id=1%27%20OR%201=1--",
    "id=1'/**/or/**/1=1",
    "id=1'%0aor%0a1=1",
    "id=-1 union select 1,2,3",
    "id=1)+union+all+select(1)",
    "id=1 UNION/*x*/SELECT password FROM users",
    "id=1; drop table users",
    "id=1';insert into users values (1)",
    "id=1;exec xp_cmdshell('dir')",
    "name=admin'--",
    "name=admin'-- -&x=1",
    "name=admin')#",
    "name=x' or true",
    "name=x\" or \"a\"=\"a",
    "id=1 or 1=1",
    "id=1 and 2>1",
    "id=1 and sleep(5)",
    "id=1' || pg_sleep(5)",
    "id=1 and (select * from (select sleep(5))a)",
    "id=1'; waitfor delay '0:0:5'",
    "id=1 into outfile '/tmp/x'",
    "id=(select table_name from information_schema.tables)",
    "{\"id\":\"1\\u0027 or 1=1\"}",
};

START_TEST(sql_is_found)
{
    struct slice what;

    set_up();
    ck_assert_msg(sieve_finds_sql(&sieving, slice_cstr(attacks[_i]), &what), "%s", attacks[_i]);
    ck_assert_uint_gt(what.len, 0);
    tear_down();
}
END_TEST

/* What people write. */
static const char *const prose[] = {
    "q=select+a+room+from+our+list",
    "text=It's+fine+or+not",
    "text=Please+drop+the+table+at+5+or+6+o'clock;+update+me",
    "name=O'Brien",
    "text=rock+'n'+roll+and+more",
    "text=the+union+select+committee",
    "text=I+sleep+(8+hours)+and+eat",
    "text=he+said+'yes'+or+'no'",
    "text=Wer's+glaubt;+oder+auch+nicht",
    "price=10&max=20&sort=name--asc",
    "code=if+(a+==+1+||+b+==+2)+return;",
    "color=%23ff0000&title='%231+fan'+club",
    "date=2026-11-28&and=1&or=2",
    "text=100%25+sure,+1+or+2+pieces",
    "{\"text\":\"it's\",\"or\":1}",
    "url=https://a.test/x?y=1%26z=2",
    "",
};

START_TEST(what_people_write_is_not)
{
    struct slice what = SLICE("");

    set_up();
    const bool found = sieve_finds_sql(&sieving, slice_cstr(prose[_i]), &what);
    ck_assert_msg(!found, "%s: %.*s", prose[_i], SLICE_ARGS(what));
    tear_down();
}
END_TEST

static const struct {
    enum method method;
    const char *field; /* "Name: value"; NULL: none */
    bool foreign;
} origins[] = {
    { METHOD_POST, "Origin: https://a.test", false },
    { METHOD_POST, "Origin: https://A.test:8443", false },
    { METHOD_POST, "Origin: https://x.b.test", false },
    { METHOD_POST, "Origin: https://b.test", false },
    { METHOD_POST, "Origin: http://asked.test", false },
    { METHOD_POST, "Origin: http://a.test.evil.test", true },
    { METHOD_POST, "Origin: http://evilb.test", true },
    { METHOD_POST, "Origin: http://a.test@evil.test", true },
    { METHOD_POST, "Origin: null", true },
    { METHOD_POST, "Origin: ", true },
    { METHOD_POST, "Referer: https://a.test/page?x=https://evil.test/", false },
    { METHOD_POST, "Referer: https://evil.test/?https://a.test", true },
    { METHOD_POST, "Referer: https://evil.test#@a.test", true },
    { METHOD_POST, "Referer: http://[::1]:80/x", true },
    { METHOD_POST, "Sec-Fetch-Site: cross-site", true },
    { METHOD_POST, "Sec-Fetch-Site: same-origin", false },
    { METHOD_POST, NULL, false },
    { METHOD_DELETE, "Origin: http://evil.test", true },
    { METHOD_GET, "Origin: http://evil.test", false },
    { METHOD_OPTIONS, "Origin: http://evil.test", false },
};

START_TEST(who_comes_from_another_site)
{
    struct arena arena = { 0 };
    struct request request = { .method = origins[_i].method, .host = SLICE("asked.test") };
    struct slice name;
    struct slice value;
    struct slice what;

    set_up();
    if (origins[_i].field) {
        slice_cut(slice_cstr(origins[_i].field), ':', &name, &value);
        fields_add(&request.fields, &arena, name, slice_trim(value));
    }
    ck_assert_int_eq(sieve_is_foreign(snapshot->hosts[0].conf, &request, &what),
                     origins[_i].foreign);
    arena_done(&arena);
    tear_down();
}
END_TEST

START_TEST(texts_are_read_and_pictures_are_not)
{
    ck_assert(sieve_reads(SLICE("")));
    ck_assert(sieve_reads(SLICE("application/x-www-form-urlencoded")));
    ck_assert(sieve_reads(SLICE("multipart/form-data; boundary=x")));
    ck_assert(sieve_reads(SLICE("application/vnd.api+json")));
    ck_assert(!sieve_reads(SLICE("Image/PNG")));
    ck_assert(!sieve_reads(SLICE("application/octet-stream")));
}
END_TEST

SUITE("sieve", LOOP(bodies_are_denied, bodies), LOOP(sql_is_found, attacks),
      LOOP(what_people_write_is_not, prose), LOOP(who_comes_from_another_site, origins),
      TEST(texts_are_read_and_pictures_are_not))
