#include "supervisor_private.h"

#include "base/text.h"
#include "config/toolkit.h"
#include "suite.h"

static struct conf_word names[] = { { .text = SLICE_INIT("a") },
                                    { .text = SLICE_INIT("b") },
                                    { .text = SLICE_INIT("c") } };
static struct vhost_conf hosts[3];

/* Hosts by their letters, each with what it says. */
static struct server_conf conf_of(struct vhost_conf *at, const char *letters, const char *says)
{
    struct server_conf conf = { 0 };

    for (unsigned i = 0; letters[i]; i++) {
        at[i] = (struct vhost_conf){ .hostnames = &names[letters[i] - 'a'],
                                     .written = slice_of(says + i, 1),
                                     .next = letters[i + 1] ? &at[i + 1] : NULL };
        conf.host_count++;
    }
    conf.hosts = at;
    return conf;
}

static const struct {
    const char *letters;
    const char *says;
    const char *told;
} cases[] = {
    { "ab", "12", "  the same options and sections\n" },
    { "ba", "21", "  the same options and sections\n" },
    { "abc", "123", "  new hosts: c\n" },
    { "a", "1", "  gone hosts: b\n" },
    { "ac", "93", "  new hosts: c\n  gone hosts: b\n  changed hosts: a\n" },
};

START_TEST(what_differs_is_told_by_name)
{
    struct vhost_conf before_hosts[2];
    const struct server_conf before = conf_of(before_hosts, "ab", "12");
    const struct server_conf after = conf_of(hosts, cases[_i].letters, cases[_i].says);
    char room[256];
    struct text text = text_on(room, sizeof(room));

    changes_describe(&before, &after, &text);
    ck_assert_str_eq(text_cstr(&text), cases[_i].told);
}
END_TEST

START_TEST(websites_of_accounts_are_told_by_name)
{
    struct user_conf sites[] = { { .name = SLICE("al"), .path = SLICE("/home/al/www") },
                                 { .name = SLICE("bo"), .path = SLICE("/home/bo/www") },
                                 { .name = SLICE("cy"), .path = SLICE("/home/cy/www") } };
    const struct server_conf before = { .users = { .sites = sites, .count = 2 } };
    const struct server_conf after = { .users = { .sites = sites + 1, .count = 2 } };
    char room[256];
    struct text text = text_on(room, sizeof(room));

    changes_describe(&before, &after, &text);
    ck_assert_str_eq(text_cstr(&text),
                     "  new websites of accounts: cy\n  gone websites of accounts: al\n");
}
END_TEST

START_TEST(many_of_a_kind_are_counted)
{
    struct fastcgi_conf sections[12] = { 0 };
    struct server_conf before = { 0 };
    struct server_conf after = { .fastcgi = sections, .fastcgi_count = 12 };
    static const char ids[] = "abcdefghijkl";
    char room[256];
    struct text text = text_on(room, sizeof(room));

    for (unsigned i = 0; i < 12; i++) {
        sections[i].id = slice_of(ids + i, 1);
        sections[i].next = i < 11 ? &sections[i + 1] : NULL;
    }
    changes_describe(&before, &after, &text);
    ck_assert_str_eq(text_cstr(&text), "  new FastCGI sections: a b c d e f g h i j and 2 more\n");
}
END_TEST

START_TEST(options_are_told_by_name_however_often_they_are_given)
{
    const struct server_conf before = {
        .written = SLICE("Timeout=1\nTrustedProxy=10.0.0.1\nTrustedProxy=10.0.0.2\nSame=x=y\n"),
    };
    const struct server_conf after = {
        .written = SLICE("Same=x=y\nTrustedProxy=10.0.0.1\ntrustedproxy=10.0.0.3\nReactors=2\n"),
    };
    char room[256];
    struct text text = text_on(room, sizeof(room));

    changes_describe(&before, &after, &text);
    ck_assert_str_eq(text_cstr(&text), "  new options outside sections: Reactors\n"
                                       "  gone options outside sections: Timeout\n"
                                       "  changed options outside sections: TrustedProxy\n");
}
END_TEST

START_TEST(rules_and_folders_are_told_by_name)
{
    struct toolkit_conf toolkits[] = { { .id = SLICE("cms"), .written = SLICE("Match=a") },
                                       { .id = SLICE("cms"), .written = SLICE("Match=b") } };
    struct directory_conf directories[] = { { .id = SLICE("img"), .written = SLICE("Path=/i") } };
    const struct server_conf before = { .toolkits = &toolkits[0], .toolkit_count = 1 };
    const struct server_conf after = { .toolkits = &toolkits[1],
                                       .toolkit_count = 1,
                                       .directories = directories };
    char room[256];
    struct text text = text_on(room, sizeof(room));

    changes_describe(&before, &after, &text);
    ck_assert_str_eq(text_cstr(&text), "  new directories: img\n  changed toolkits: cms\n");
}
END_TEST

SUITE("supervisor/changes", LOOP(what_differs_is_told_by_name, cases),
      TEST(websites_of_accounts_are_told_by_name), TEST(many_of_a_kind_are_counted),
      TEST(options_are_told_by_name_however_often_they_are_given),
      TEST(rules_and_folders_are_told_by_name))
