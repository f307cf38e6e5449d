#include "config/read_yaml.h"

#include "including.h"
#include "section.h"
#include "yaml_items.h"

#define MERGES_MOST 16u /* a map that takes over another, which takes over a third ... */

struct reader {
    struct including *including;
    struct arena *arena; /* borrowed from it, as the following */
    struct diags *diags;
    unsigned aliases; /* how many of them the present item stands in */
    unsigned aliased; /* options made below them */
};

/* The maps whose own keys are stronger than those of the map that is taken over. */
struct shadow {
    const struct shadow *outer;
    const struct yaml_item *map;
    unsigned depth;
};

static struct diag *fault(struct reader *reader, const struct yaml_item *item, const char *what)
{
    return diag_add(reader->diags, DIAG_ERROR, &item->place, "%s", what);
}

/* ---- one option ---- */

/* False: aliases made too many already. */
static bool count(struct reader *reader, const struct yaml_item *item)
{
    if (reader->aliases == 0)
        return true;
    if (++reader->aliased == YAML_ALIASED_MOST)
        fault(reader, item, "the aliases make more than 100000 options");
    return reader->aliased < YAML_ALIASED_MOST;
}

static bool is_control(char c)
{
    unsigned char byte = (unsigned char)c;

    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

/* Why the text cannot be a value, or NULL. */
static const char *value_fault(struct slice value)
{
    if (value.len == 0)
        return "has no value";
    for (size_t i = 0; i < value.len; i++)
        if (is_control(value.at[i]))
            return value.at[i] == '\n' ? "has a value of several lines"
                                       : "has a control byte in its value";
    return NULL;
}

static void add_option(struct reader *reader, struct tree_node *parent, const struct yaml_item *key,
                       const struct yaml_item *item)
{
    struct slice value = slice_trim_space(item->text);
    const char *why = value_fault(value);
    struct tree_node *node;

    if (!count(reader, item))
        return;
    if (why) {
        diag_hint(reader->diags,
                  diag_add(reader->diags, DIAG_ERROR, value.len > 0 ? &item->place : &key->place,
                           "'%.*s' %s", SLICE_ARGS(key->text), why),
                  value.len > 0 ? "a value is one line of text"
                                : "write a value, or remove the line to keep the default");
        return;
    }
    size_t at = (size_t)(value.at - item->text.at);
    node = tree_add(reader->arena, parent, key->text);
    node->value = value;
    node->raw_value = value;
    node->name_place = key->place;
    node->pieces = tree_pieces_cut(reader->arena, item->pieces, at, value.len);
    node->value_place = tree_pieces_place(item->pieces, at, value.len);
}

static void read_option(struct reader *reader, struct tree_node *parent,
                        const struct yaml_item *key, const struct yaml_item *value)
{
    if (value->kind == YAML_SCALAR)
        add_option(reader, parent, key, value);
    for (const struct yaml_entry *entry = value->first; entry; entry = entry->next) {
        if (entry->value->kind == YAML_SCALAR)
            add_option(reader, parent, key, entry->value);
        else
            diag_hint(reader->diags,
                      diag_add(reader->diags, DIAG_ERROR, &entry->value->place,
                               "'%.*s' wants a text, or a list of texts", SLICE_ARGS(key->text)),
                      "write each as one line of text");
    }
}

/* ---- Include ---- */

static void read_include(struct reader *reader, const struct yaml_item *key,
                         const struct yaml_item *path)
{
    const char *refused = including_refused(reader->including);

    if (refused)
        fault(reader, key, refused);
    else if (value_fault(path->text))
        fault(reader, path, "Include wants the path of a file or folder");
    else
        including_find(reader->including, &path->place, path->text);
}

static void read_includes(struct reader *reader, const struct yaml_item *key,
                          const struct yaml_item *value)
{
    if (value->kind == YAML_SCALAR)
        read_include(reader, key, value);
    else if (value->kind == YAML_MAP)
        fault(reader, value, "Include wants the path of a file or folder");
    for (const struct yaml_entry *entry = value->first; entry && value->kind == YAML_LIST;
         entry = entry->next) {
        if (entry->value->kind == YAML_SCALAR)
            read_include(reader, key, entry->value);
        else
            fault(reader, entry->value, "Include wants the path of a file or folder");
    }
}

/* ---- maps ---- */

static void read_map(struct reader *reader, struct tree_node *parent, const struct yaml_item *map,
                     const struct shadow *outer);
static void read_section(struct reader *reader, const struct yaml_item *key,
                         const struct yaml_item *value);

static bool has_key(const struct yaml_item *map, struct slice name, const struct yaml_entry *until)
{
    for (const struct yaml_entry *entry = map->first; entry != until; entry = entry->next)
        if (entry->key->kind == YAML_SCALAR && slice_equal_nocase(entry->key->text, name))
            return true;
    return false;
}

static bool is_shadowed(const struct shadow *shadow, struct slice name)
{
    while (shadow && !has_key(shadow->map, name, NULL))
        shadow = shadow->outer;
    return shadow != NULL;
}

static bool is_merge(const struct yaml_item *key)
{
    return key->is_plain && slice_equal_cstr(key->text, "<<");
}

/* `<<`: the keys of another map, or of several, where this one has none of its own. */
static void read_merge(struct reader *reader, struct tree_node *parent, const struct yaml_item *map,
                       const struct yaml_item *value, const struct shadow *outer)
{
    const struct shadow shadow = { outer, map, outer ? outer->depth + 1 : 1 };

    if (shadow.depth > MERGES_MOST) {
        fault(reader, value, "'<<' leads through too many maps (at most 16)");
    } else if (value->kind == YAML_MAP) {
        read_map(reader, parent, value, &shadow);
    } else if (value->kind == YAML_LIST) {
        for (const struct yaml_entry *entry = value->first; entry; entry = entry->next) {
            if (entry->value->kind == YAML_MAP)
                read_map(reader, parent, entry->value, &shadow);
            else
                fault(reader, entry->value, "'<<' wants a map");
        }
    } else {
        fault(reader, value, "'<<' wants a map, as an alias: *NAME");
    }
}

/* False: nothing is to be read here; if that is wrong, it is said. */
static bool check_key(struct reader *reader, const struct yaml_item *map,
                      const struct yaml_entry *entry, const struct shadow *outer)
{
    const struct yaml_item *key = entry->key;

    if (key->kind != YAML_SCALAR || key->text.len == 0) {
        fault(reader, key, "the name of an option or section is a text");
        return false;
    }
    if (slice_starts(key->text, SLICE("x-")))
        return false;
    if (has_key(map, key->text, entry)) {
        diag_hint(reader->diags,
                  diag_add(reader->diags, DIAG_ERROR, &key->place, "'%.*s' is given twice here",
                           SLICE_ARGS(key->text)),
                  "write its values as a list");
        return false;
    }
    return is_merge(key) || !is_shadowed(outer, key->text);
}

/* By its name, or because of what it holds: then there is no such section, which is said later. */
static bool is_section(const struct yaml_item *key, const struct yaml_item *value)
{
    const struct yaml_entry *first = value->kind == YAML_LIST ? value->first : NULL;

    return section_kind_of(key->text) != SECTION_NONE || value->kind == YAML_MAP ||
           (first && first->value->kind != YAML_SCALAR);
}

static void read_entry(struct reader *reader, struct tree_node *parent,
                       const struct yaml_entry *entry)
{
    const struct yaml_item *key = entry->key;
    bool in_section = parent != &reader->including->tree->root;

    if (slice_equal_cstr(key->text, "set")) {
        diag_hint(reader->diags, fault(reader, key, "there is no 'set' in YAML"),
                  "an anchor takes its place: x-root: &root /srv/www, and later *root");
    } else if (slice_equal_nocase(key->text, SLICE("Include"))) {
        if (in_section)
            fault(reader, key, "Include stands outside sections only");
        else
            read_includes(reader, key, entry->value);
    } else if (!is_section(key, entry->value)) {
        read_option(reader, parent, key, entry->value);
    } else if (in_section) {
        diag_hint(reader->diags,
                  diag_add(reader->diags, DIAG_ERROR, &key->place,
                           "'%.*s' begins inside '%.*s': sections do not nest",
                           SLICE_ARGS(key->text), SLICE_ARGS(parent->name)),
                  "write it with less indentation");
    } else {
        read_section(reader, key, entry->value);
    }
}

static void read_map(struct reader *reader, struct tree_node *parent, const struct yaml_item *map,
                     const struct shadow *outer)
{
    for (const struct yaml_entry *entry = map->first; entry; entry = entry->next) {
        if (reader->aliased >= YAML_ALIASED_MOST)
            return;
        if (!check_key(reader, map, entry, outer))
            continue;
        reader->aliases += entry->is_alias;
        if (is_merge(entry->key))
            read_merge(reader, parent, map, entry->value, outer);
        else
            read_entry(reader, parent, entry);
        reader->aliases -= entry->is_alias;
    }
}

/* A map, or a list of maps where the order of the options counts. */
static void read_body(struct reader *reader, struct tree_node *parent, const struct yaml_item *body)
{
    if (body->kind == YAML_MAP) {
        read_map(reader, parent, body, NULL);
        return;
    }
    for (const struct yaml_entry *entry = body->first; entry; entry = entry->next) {
        reader->aliases += entry->is_alias;
        if (entry->value->kind == YAML_MAP)
            read_map(reader, parent, entry->value, NULL);
        else
            diag_hint(reader->diags, fault(reader, entry->value, "here stand NAME: VALUE pairs"),
                      "write: - NAME: VALUE");
        reader->aliases -= entry->is_alias;
    }
}

/* ---- sections ---- */

static bool is_nothing(const struct yaml_item *item)
{
    return item->kind == YAML_SCALAR && item->is_plain && item->text.len == 0;
}

static void add_section(struct reader *reader, const struct yaml_item *key,
                        const struct yaml_item *body)
{
    struct tree_node *section;

    if (body->kind == YAML_SCALAR && !is_nothing(body)) {
        diag_hint(reader->diags,
                  diag_add(reader->diags, DIAG_ERROR, &body->place,
                           "'%.*s' is a section, not an option", SLICE_ARGS(key->text)),
                  "write its options below it, each as NAME: VALUE");
        return;
    }
    if (!count(reader, body))
        return;
    section = tree_add(reader->arena, &reader->including->tree->root, key->text);
    section->is_section = true;
    section->name_place = is_nothing(body) ? key->place : body->place;
    section->value_place = section->name_place;
    read_body(reader, section, body);
}

/* One section is a map; several are a list. */
static void read_section(struct reader *reader, const struct yaml_item *key,
                         const struct yaml_item *value)
{
    if (value->kind != YAML_LIST) {
        add_section(reader, key, value);
        return;
    }
    for (const struct yaml_entry *entry = value->first; entry; entry = entry->next) {
        reader->aliases += entry->is_alias;
        add_section(reader, key, entry->value);
        reader->aliases -= entry->is_alias;
    }
}

/* ---- a text ---- */

bool yaml_read_text(struct including *including, const struct source_text *text)
{
    struct reader reader = {
        .including = including,
        .arena = including->arena,
        .diags = including->diags,
    };
    unsigned errors_before = including->diags->errors;
    const struct yaml_item *item = yaml_items_read(text, including->arena, including->diags);

    if (item && item->kind == YAML_SCALAR && !is_nothing(item))
        diag_hint(reader.diags, fault(&reader, item, "here stand NAME: VALUE pairs"),
                  "a ':' and a blank stand behind the name");
    else if (item)
        read_body(&reader, &including->tree->root, item);
    return item || including->diags->errors == errors_before;
}

bool read_yaml(const struct source_text *text, struct source *source, struct arena *arena,
               struct diags *diags, struct tree *ret)
{
    struct including including;

    including_init(&including, source, arena, diags, ret);
    return including_read_by(&including, text, yaml_read_text);
}

/* ---- whose form is it? ---- */

static bool is_key_byte(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_' || c == '-';
}

/* "KEY:" and its end or a blank. */
static bool begins_with_key(struct slice line)
{
    size_t len = 0;

    while (len < line.len && is_key_byte(line.at[len]))
        len++;
    if (len == 0 || len == line.len || line.at[len] != ':')
        return false;
    return len + 1 == line.len || line.at[len + 1] == ' ' || line.at[len + 1] == '\t';
}

bool yaml_recognise(const struct source_text *text)
{
    struct slice name = slice_cstr(text->name);
    struct slice rest = text->text;
    struct slice line;

    if (slice_ends_nocase(name, SLICE(".yaml")) || slice_ends_nocase(name, SLICE(".yml")))
        return true;
    if (slice_starts(rest, SLICE("\xef\xbb\xbf")))
        rest = slice_skip(rest, 3);
    while (rest.len > 0) {
        slice_cut(rest, '\n', &line, &rest);
        line = slice_trim_space(line);
        if (line.len == 0 || line.at[0] == '#')
            continue;
        if (slice_starts(line, SLICE("- ")))
            return begins_with_key(slice_trim_space(slice_skip(line, 2)));
        return slice_equal_cstr(line, "---") || slice_starts(line, SLICE("--- ")) ||
               slice_starts(line, SLICE("%YAML")) || begins_with_key(line);
    }
    return false;
}
