#include "index_page.h"

#include "base/encode.h"

#include <stdio.h>
#include <time.h>

#define ENTITY_MOST 6u /* "&quot;" */
#define OWN_TEXT    4096u
#define CRUMB_TEXT  64u /* around each part of the path */
#define CRUMBS_MOST 32u /* folders above that have a link */
#define NAME_MOST   255u

/* ---- names ---- */

/* Length of the well-formed UTF-8 sequence at the front (RFC 3629 4); 0: there is none. */
static size_t utf8_len(struct slice text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    const size_t len = at[0] < 0x80                    ? 1
                       : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                       : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                       : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                       : 0;

    if (len == 0 || len > text.len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] >= 0x90))
        return 0;
    return len;
}

/* U+FFFE and U+FFFF are no characters of XML; the C1 controls have no look. */
static bool is_no_character(struct slice one)
{
    const unsigned char *at = (const unsigned char *)one.at;

    return at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0) ||
           (at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe);
}

static void add_shown(struct text *text, struct slice name)
{
    while (name.len > 0) {
        const size_t len = utf8_len(name);
        const struct slice one = slice_first(name, len > 0 ? len : 1);

        if (len == 0 || is_no_character(one))
            text_add_cstr(text, "\xef\xbf\xbd");
        else
            text_add_html(text, one);
        name = slice_skip(name, one.len);
    }
}

/* "./" keeps a ':' in the name from being read as a scheme. */
static void add_href(struct text *text, struct slice name, bool is_folder)
{
    char encoded[3 * NAME_MOST];
    struct text part = text_on(encoded, sizeof(encoded));

    percent_encode_path(&part, name);
    text_add_cstr(text, "./");
    text_add_html(text, text_slice(&part));
    if (is_folder)
        text_add_char(text, '/');
}

/* ---- numbers ---- */

static void add_size(struct text *text, uint64_t bytes)
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    double size = (double)bytes / 1024;
    unsigned unit = 0;

    if (bytes < 1024) {
        text_printf(text, "%u B", (unsigned)bytes);
        return;
    }
    for (; size >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
        size /= 1024;
    text_printf(text, size < 9.95 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

/* For machines, or for people. */
static void add_time(struct text *text, int64_t unix_s, bool for_machines)
{
    const time_t time = (time_t)unix_s;
    struct tm parts;
    char out[40];

    if (!gmtime_r(&time, &parts))
        return;
    const size_t len = for_machines ? strftime(out, sizeof(out), "%Y-%m-%dT%H:%M:%SZ", &parts)
                                    : strftime(out, sizeof(out), "%Y-%m-%d %H:%M", &parts);
    text_add(text, slice_of(out, len));
}

static void add_count(struct text *text, uint64_t count, const char *one, const char *many)
{
    text_add_u64(text, count);
    text_add_char(text, ' ');
    text_add_cstr(text, count == 1 ? one : many);
}

/* ---- the page ---- */

static const char page_style[] =
    "</title>\n<style>"
    ":root{color-scheme:light dark}"
    "body{margin:0;font:1rem/1.5 system-ui,sans-serif;color:#23272e;background:#f7f7f5}"
    "main{max-width:60rem;margin:0 auto;padding:1.5rem}"
    "h1{font-size:1.25rem;font-weight:600;overflow-wrap:anywhere}"
    "table{width:100%;border-collapse:collapse}"
    "th,td{padding:.3rem .6rem;text-align:left;border-bottom:1px solid #dddfd9}"
    "th{font-weight:600}td:first-child{overflow-wrap:anywhere}"
    ".n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}"
    "tbody tr:hover{background:#ecece7}"
    "a{color:#1a56b0;text-decoration:none}a:hover,a:focus{text-decoration:underline}"
    ".d a{font-weight:600}footer,time{color:#66707d}footer{padding:.8rem .6rem}"
    "@media(max-width:36rem){.t{display:none}}"
    "@media(prefers-color-scheme:dark){body{color:#dcdfe4;background:#17191d}"
    "th,td{border-color:#30343b}tbody tr:hover{background:#22262c}"
    "a{color:#8ab4f8}footer,time{color:#949ca8}}"
    "</style></head>\n<body><main>\n<h1><a href=\"/\" aria-label=\"Top\">/</a>";

static unsigned count_parts(struct slice path)
{
    unsigned count = 0;

    for (size_t i = 0; i < path.len; i++)
        count += path.at[i] == '/';
    return count;
}

size_t index_head_room(const struct index_look *look)
{
    /* The path is in the title, as text in the crumbs, and before each of them as a link. */
    const size_t parts = count_parts(look->path);
    const size_t once = look->path.len * ENTITY_MOST + CRUMB_TEXT;

    return sizeof(page_style) + OWN_TEXT + 3 * once + parts * CRUMB_TEXT +
           (size_t)CRUMBS_MOST * CRUMBS_MOST * 3 + look->host.len * ENTITY_MOST;
}

/* By its distance from here: "../../" needs no escape. */
static void add_crumb(struct text *text, struct slice part, unsigned above)
{
    text_add_cstr(text, "<a href=\"");
    for (unsigned i = 0; i < above; i++)
        text_add_cstr(text, "../");
    text_add_cstr(text, above == 0 ? "./\"><bdi>" : "\"><bdi>");
    add_shown(text, part);
    text_add_cstr(text, "</bdi></a>/");
}

/* Each folder on the way; those far above are named only. */
static void add_crumbs(struct text *text, struct slice path)
{
    unsigned above = count_parts(path) - 1;
    struct slice rest = slice_skip(path, 1);
    struct slice part;

    while (slice_cut(rest, '/', &part, &rest)) {
        if (--above < CRUMBS_MOST) {
            add_crumb(text, part, above);
        } else {
            add_shown(text, part);
            text_add_char(text, '/');
        }
    }
}

/* A link that sorts by the column, or the other way round when that is done already. */
static void add_column(struct text *text, const struct index_list *list, enum index_order order,
                       const char *key, const char *title, const char *class)
{
    const bool is_this = list->order == order;
    const bool turn = is_this && !list->reversed;

    text_printf(text, "<th%s%s><a href=\"?sort=%s%s\">%s</a>%s</th>", class,
                !is_this         ? ""
                : list->reversed ? " aria-sort=\"descending\""
                                 : " aria-sort=\"ascending\"",
                turn ? "-" : "", key, title,
                !is_this         ? ""
                : list->reversed ? " &#9660;"
                                 : " &#9650;");
}

static void add_page_head(struct text *text, const struct index_look *look,
                          const struct index_list *list)
{
    text_add_cstr(text, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                        "<title>");
    add_shown(text, look->path);
    text_add_cstr(text, page_style);
    add_crumbs(text, look->path);
    text_add_cstr(text, "</h1>\n<table><thead><tr>");
    add_column(text, list, INDEX_BY_NAME, "name", "Name", "");
    add_column(text, list, INDEX_BY_SIZE, "size", "Size", " class=\"n\"");
    add_column(text, list, INDEX_BY_DATE, "date", "Changed (UTC)", " class=\"n t\"");
    text_add_cstr(text, "</tr></thead><tbody>\n");
    if (look->path.len > 1)
        text_add_cstr(text, "<tr class=\"d\"><td><a href=\"../\">../</a></td><td class=\"n\"></td>"
                            "<td class=\"n t\"></td></tr>\n");
}

static void add_page_row(struct text *text, const struct index_entry *entry)
{
    text_add_cstr(text, entry->is_folder ? "<tr class=\"d\"><td><a href=\"" : "<tr><td><a href=\"");
    add_href(text, entry->name, entry->is_folder);
    text_add_cstr(text, "\"><bdi>");
    add_shown(text, entry->name);
    text_add_cstr(text, entry->is_folder ? "</bdi>/</a></td><td class=\"n\">"
                                         : "</bdi></a></td><td class=\"n\"");
    if (!entry->is_folder) {
        text_printf(text, " title=\"%llu bytes\">", (unsigned long long)entry->size);
        add_size(text, entry->size);
    }
    text_add_cstr(text, "</td><td class=\"n t\"><time datetime=\"");
    add_time(text, entry->modified_s, true);
    text_add_cstr(text, "\">");
    add_time(text, entry->modified_s, false);
    text_add_cstr(text, "</time></td></tr>\n");
}

static void add_page_foot(struct text *text, const struct index_look *look,
                          const struct index_list *list)
{
    text_add_cstr(text, "</tbody></table>\n<footer>");
    add_count(text, list->folders, "folder", "folders");
    text_add_cstr(text, ", ");
    add_count(text, list->entries - list->folders, "file", "files");
    text_add_cstr(text, ", ");
    add_size(text, list->bytes);
    if (look->is_cut)
        text_add_cstr(text, "; there are more, which are not shown");
    text_add_cstr(text, " &middot; ");
    text_add_html(text, look->host);
    text_add_cstr(text, "</footer></main></body></html>\n");
}

/* ---- XML ---- */

static void add_xml_head(struct text *text, const struct index_look *look)
{
    text_add_cstr(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<index path=\"");
    add_shown(text, look->path);
    text_add_cstr(text, look->is_cut ? "\" complete=\"no\">\n" : "\" complete=\"yes\">\n");
}

static void add_xml_row(struct text *text, const struct index_entry *entry)
{
    text_add_cstr(text, entry->is_folder ? "  <folder href=\"" : "  <file href=\"");
    add_href(text, entry->name, entry->is_folder);
    text_add_char(text, '"');
    if (!entry->is_folder)
        text_printf(text, " size=\"%llu\"", (unsigned long long)entry->size);
    text_add_cstr(text, " changed=\"");
    add_time(text, entry->modified_s, true);
    text_add_cstr(text, "\">");
    add_shown(text, entry->name);
    text_add_cstr(text, entry->is_folder ? "</folder>\n" : "</file>\n");
}

/* ---- either ---- */

void index_add_head(struct text *text, const struct index_look *look, const struct index_list *list)
{
    if (look->as_xml)
        add_xml_head(text, look);
    else
        add_page_head(text, look, list);
}

void index_add_row(struct text *text, const struct index_look *look,
                   const struct index_entry *entry)
{
    if (look->as_xml)
        add_xml_row(text, entry);
    else
        add_page_row(text, entry);
}

void index_add_foot(struct text *text, const struct index_look *look, const struct index_list *list)
{
    if (look->as_xml)
        text_add_cstr(text, "</index>\n");
    else
        add_page_foot(text, look, list);
}
