#include "index_page.h"

#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static char out[1 << 20];

static struct text fresh(void)
{
    return text_on(out, sizeof(out));
}

static const char *row(bool as_xml, const struct index_entry *entry)
{
    const struct index_look look = { .as_xml = as_xml, .path = SLICE("/") };
    struct text text = text_on(out, INDEX_ROW_MOST);

    index_add_row(&text, &look, entry);
    ck_assert(!text.cut);
    return text_cstr(&text);
}

static const struct {
    struct slice name;
    const char *href;
    const char *shown;
} names[] = {
    { SLICE_INIT("plain.txt"), "./plain.txt", "plain.txt" },
    { SLICE_INIT("a b"), "./a%20b", "a b" },
    { SLICE_INIT("<b>\"&'"), "./%3Cb%3E%22&amp;&#39;", "&lt;b&gt;&quot;&amp;&#39;" },
    { SLICE_INIT("javascript:x"), "./javascript:x", "javascript:x" },
    { SLICE_INIT("100%?#"), "./100%25%3F%23", "100%?#" },
    { SLICE_INIT("\xc3\xa4"), "./%C3%A4", "\xc3\xa4" },
    { SLICE_INIT("\xe4\xff"), "./%E4%FF", "\xef\xbf\xbd\xef\xbf\xbd" },
    { SLICE_INIT("a\nb\x1b"), "./a%0Ab%1B",
      "a\xef\xbf\xbd"
      "b\xef\xbf\xbd" },
    { SLICE_INIT("\xed\xa0\x80"), "./%ED%A0%80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { SLICE_INIT("\xef\xbf\xbf"), "./%EF%BF%BF", "\xef\xbf\xbd" },
    { SLICE_INIT("\xf0\x9f\x8f\xa0"), "./%F0%9F%8F%A0", "\xf0\x9f\x8f\xa0" },
    { SLICE_INIT("\xe2\x82"), "./%E2%82", "\xef\xbf\xbd\xef\xbf\xbd" },
    { SLICE_INIT("\xc0\xaf"), "./%C0%AF", "\xef\xbf\xbd\xef\xbf\xbd" },
};

START_TEST(every_name_is_a_link_and_a_text)
{
    const struct index_entry entry = { .name = names[_i].name, .size = 5 };
    char expect[600];

    snprintf(expect, sizeof(expect), "<a href=\"%s\"><bdi>%s</bdi></a>", names[_i].href,
             names[_i].shown);
    ck_assert_msg(strstr(row(false, &entry), expect) != NULL, "no '%s' in '%s'", expect, out);
    snprintf(expect, sizeof(expect), "  <file href=\"%s\" size=\"5\" changed=\"", names[_i].href);
    ck_assert_msg(strncmp(row(true, &entry), expect, strlen(expect)) == 0, "no '%s' in '%s'",
                  expect, out);
    snprintf(expect, sizeof(expect), "\">%s</file>\n", names[_i].shown);
    ck_assert(strstr(out, expect) != NULL);
}
END_TEST

START_TEST(the_longest_name_fits_into_a_row)
{
    char name[255];
    const struct index_entry entry = { .name = slice_of(name, sizeof(name)),
                                       .size = UINT64_MAX,
                                       .modified_s = INT64_MAX };

    memset(name, '"', sizeof(name));
    row(false, &entry);
    row(true, &entry);
    memset(name, '\'', sizeof(name));
    row(false, &entry);
    row(true, &entry);
}
END_TEST

static const struct {
    uint64_t size;
    const char *shown;
} sizes[] = {
    { 0, ">0 B<" },           { 1023, ">1023 B<" },        { 1024, ">1.0 KiB<" },
    { 1536, ">1.5 KiB<" },    { 10137, ">9.9 KiB<" },      { 10240, ">10 KiB<" },
    { 1048575, ">1.0 MiB<" }, { 5368709120, ">5.0 GiB<" }, { UINT64_MAX, ">16 EiB<" },
};

START_TEST(sizes_are_short)
{
    const struct index_entry entry = { .name = SLICE("a"), .size = sizes[_i].size };

    ck_assert_msg(strstr(row(false, &entry), sizes[_i].shown) != NULL, "no '%s' in '%s'",
                  sizes[_i].shown, out);
}
END_TEST

START_TEST(a_folder_has_a_slash_a_date_and_no_size)
{
    const struct index_entry entry = {
        .name = SLICE("pictures"), .size = 4096, .modified_s = 1500000000, .is_folder = true
    };

    ck_assert_str_eq(row(false, &entry),
                     "<tr class=\"d\"><td><a href=\"./pictures/\"><bdi>pictures</bdi>/</a></td>"
                     "<td class=\"n\"></td><td class=\"n t\">"
                     "<time datetime=\"2017-07-14T02:40:00Z\">2017-07-14 02:40</time></td></tr>\n");
    ck_assert_str_eq(row(true, &entry), "  <folder href=\"./pictures/\" "
                                        "changed=\"2017-07-14T02:40:00Z\">pictures</folder>\n");
}
END_TEST

static const char *head(const char *path, enum index_order order, bool reversed)
{
    const struct index_look look = { .path = slice_cstr(path), .host = SLICE("a.test") };
    const struct index_list list = { .order = order, .reversed = reversed };
    struct text text = text_on(out, index_head_room(&look));

    ck_assert_uint_le(index_head_room(&look), sizeof(out));
    index_add_head(&text, &look, &list);
    ck_assert(!text.cut);
    return text_cstr(&text);
}

START_TEST(each_folder_on_the_way_is_a_link)
{
    head("/a b/<c>/d/", INDEX_BY_NAME, false);
    ck_assert(strstr(out, "<title>/a b/&lt;c&gt;/d/</title>") != NULL);
    ck_assert(strstr(out, "<h1><a href=\"/\" aria-label=\"Top\">/</a>"
                          "<a href=\"../../\"><bdi>a b</bdi></a>/"
                          "<a href=\"../\"><bdi>&lt;c&gt;</bdi></a>/"
                          "<a href=\"./\"><bdi>d</bdi></a>/</h1>") != NULL);
    ck_assert(strstr(out, "<a href=\"../\">../</a>") != NULL);
    head("/", INDEX_BY_NAME, false);
    ck_assert(strstr(out, "Top\">/</a></h1>") != NULL);
    ck_assert(strstr(out, "../</a>") == NULL);
}
END_TEST

START_TEST(columns_sort_and_turn_round)
{
    head("/", INDEX_BY_NAME, false);
    ck_assert(strstr(out, "<th aria-sort=\"ascending\"><a href=\"?sort=-name\">Name</a>") != NULL);
    ck_assert(strstr(out, "<a href=\"?sort=size\">Size</a></th>") != NULL);
    ck_assert(strstr(out, "<a href=\"?sort=date\">Changed (UTC)</a></th>") != NULL);
    head("/", INDEX_BY_DATE, true);
    ck_assert(strstr(out, "aria-sort=\"descending\"><a href=\"?sort=date\">") != NULL);
    ck_assert(strstr(out, "<th><a href=\"?sort=name\">Name</a></th>") != NULL);
}
END_TEST

START_TEST(the_longest_path_fits)
{
    static char path[8001];

    for (size_t i = 0; i + 1 < sizeof(path); i++)
        path[i] = i % 250 == 0 ? '/' : '&';
    path[7999] = '/';
    head(path, INDEX_BY_NAME, false);
}
END_TEST

/* Every part is a folder of one letter. */
START_TEST(the_deepest_path_fits)
{
    static char path[401];

    for (size_t i = 0; i + 1 < sizeof(path); i++)
        path[i] = i % 2 == 0 ? '/' : '"';
    path[398] = '/';
    path[399] = '\0';
    head(path, INDEX_BY_NAME, false);
}
END_TEST

START_TEST(the_foot_counts)
{
    struct index_look look = { .path = SLICE("/"), .host = SLICE("a.test") };
    const struct index_list list = { .entries = 3, .folders = 1, .bytes = 2048 };
    struct text text = fresh();

    index_add_foot(&text, &look, &list);
    ck_assert(strstr(text_cstr(&text), "1 folder, 2 files, 2.0 KiB &middot; a.test<") != NULL);
    look.is_cut = true;
    text = fresh();
    index_add_foot(&text, &look, &list);
    ck_assert(strstr(text_cstr(&text), "there are more, which are not shown") != NULL);
}
END_TEST

START_TEST(xml_has_a_head_and_a_foot)
{
    const struct index_look look = { .as_xml = true, .path = SLICE("/a&b/") };
    const struct index_list list = { 0 };
    struct text text = fresh();

    index_add_head(&text, &look, &list);
    index_add_foot(&text, &look, &list);
    ck_assert_str_eq(text_cstr(&text), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                       "<index path=\"/a&amp;b/\" complete=\"yes\">\n</index>\n");
}
END_TEST

SUITE("index page", LOOP(every_name_is_a_link_and_a_text, names),
      TEST(the_longest_name_fits_into_a_row), LOOP(sizes_are_short, sizes),
      TEST(a_folder_has_a_slash_a_date_and_no_size), TEST(each_folder_on_the_way_is_a_link),
      TEST(columns_sort_and_turn_round), TEST(the_longest_path_fits), TEST(the_deepest_path_fits),
      TEST(the_foot_counts), TEST(xml_has_a_head_and_a_foot))
