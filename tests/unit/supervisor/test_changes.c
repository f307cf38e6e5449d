#include "supervisor_private.h"

#include "base/text.h"
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
    { "ab", "12", "  the same bindings, hosts and sections\n" },
    { "ba", "21", "  the same bindings, hosts and sections\n" },
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
    ck_assert_str_eq(text_cstr(&text), "  new sections: a b c d e f g h i j and 2 more\n");
}
END_TEST

SUITE("supervisor/changes", LOOP(what_differs_is_told_by_name, cases),
      TEST(websites_of_accounts_are_told_by_name), TEST(many_of_a_kind_are_counted))
