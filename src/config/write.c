#include "config/write.h"

#include "base/text.h"
#include "config/option.h"

#include "section.h"

struct writer {
    struct diags *diags;
    FILE *out;
    bool good;
};

static void put(struct writer *writer, struct slice text)
{
    fwrite(text.at, 1, text.len, writer->out);
}

static void put_blanks(struct writer *writer, unsigned count)
{
    fprintf(writer->out, "%*s", (int)count, "");
}

static void put_remark(struct writer *writer, const struct tree_node *node, unsigned indent)
{
    put_blanks(writer, indent);
    put(writer, SLICE("# "));
    put(writer, node->value);
    put(writer, SLICE("\n"));
}

static bool is_word(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];

        if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '_' && c != '-' && c != '.')
            return false;
    }
    return name.len > 0;
}

/* False: the node cannot be written, which is said. */
static bool check(struct writer *writer, const struct tree_node *node, const char *why)
{
    if (!is_word(node->name))
        why = "its name is no word";
    if (!why)
        return true;
    diag_hint(writer->diags,
              diag_add(writer->diags, DIAG_ERROR, &node->name_place,
                       "'%.*s' cannot be written in this form: %s", SLICE_ARGS(node->name), why),
              "it is left out");
    writer->good = false;
    return false;
}

/* ---- the block form ---- */

static bool begins_comment(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] == '#' && (i == 0 || value.at[i - 1] == ' ' || value.at[i - 1] == '\t'))
            return true;
    return false;
}

/* Why the reader of blocks would not give this value back, or NULL. */
static const char *block_fault(struct slice value)
{
    if (value.len == 0)
        return "it has no value";
    if (value.at[0] == '=')
        return "its value begins with '='";
    if (begins_comment(value))
        return "its value has a '#' where a comment begins";
    if (slice_ends(value, SLICE("{")))
        return "its value ends in '{'";
    if (slice_ends(value, SLICE(" \\")) || slice_equal_cstr(value, "\\"))
        return "its value ends as a line that goes on";
    if (slice_find_slice(value, SLICE("CONFIG_DIR")) != SLICE_NONE)
        return "its value has CONFIG_DIR in it, which is a variable";
    return NULL;
}

static void block_option(struct writer *writer, const struct tree_node *node, unsigned indent)
{
    if (!check(writer, node, block_fault(node->value)))
        return;
    put_blanks(writer, indent);
    put(writer, node->name);
    put(writer, SLICE(" = "));
    put(writer, node->value);
    put(writer, SLICE("\n"));
}

static void block_section(struct writer *writer, const struct tree_node *section)
{
    if (!check(writer, section, NULL))
        return;
    fprintf(writer->out, "\n%.*s {\n", SLICE_ARGS(section->name));
    for (const struct tree_node *node = section->first_child; node; node = node->next) {
        if (node->is_remark)
            put_remark(writer, node, 4);
        else
            block_option(writer, node, 4);
    }
    put(writer, SLICE("}\n"));
}

/* A blank line parts sections from what follows. */
static void block_root(struct writer *writer, const struct tree_node *root)
{
    bool behind_section = false;

    for (const struct tree_node *node = root->first_child; node; node = node->next) {
        if (behind_section && !node->is_section)
            put(writer, SLICE("\n"));
        behind_section = node->is_section;
        if (node->is_remark)
            put_remark(writer, node, 0);
        else if (node->is_section)
            block_section(writer, node);
        else
            block_option(writer, node, 0);
    }
}

/* ---- YAML: scalars ---- */

static bool is_plain_byte(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || (c != '\0' && strchr("_./+-:=@,%^()", c));
}

/* May it stand without quotes? Blanks may stand between words that are no marks. */
static bool is_plain(struct slice value)
{
    if (!ascii_is_alpha(value.at[0]) && !ascii_is_digit(value.at[0]) && value.at[0] != '/')
        return false;
    for (size_t i = 1; i < value.len; i++) {
        char before = value.at[i - 1];

        if (value.at[i] == ' ' ? before == ':' || before == ' ' : !is_plain_byte(value.at[i]))
            return false;
    }
    return !slice_has(slice_skip(value, value.len - 1), ' ') && !slice_ends(value, SLICE(":"));
}

static uint32_t code_point(struct slice sequence)
{
    static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t point = (unsigned char)sequence.at[0] & masks[sequence.len];

    for (size_t i = 1; i < sequence.len; i++)
        point = point << 6 | ((unsigned char)sequence.at[i] & 0x3f);
    return point;
}

/* Not to be seen as itself in a YAML text: controls, further line ends, byte order marks. */
static bool needs_escape(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 ||
           point == 0xfeff || point == 0xfffe || point == 0xffff;
}

static void put_quoted(struct writer *writer, struct slice value)
{
    put(writer, SLICE("\""));
    while (value.len > 0) {
        struct slice character = slice_first(value, utf8_sequence(value));
        uint32_t point = code_point(character);

        if (point == '"' || point == '\\')
            put(writer, SLICE("\\"));
        if (needs_escape(point))
            fprintf(writer->out, "\\u%04x", (unsigned)point);
        else
            put(writer, character);
        value = slice_skip(value, character.len);
    }
    put(writer, SLICE("\""));
}

static void put_scalar(struct writer *writer, struct slice value)
{
    if (value.len > 0 && is_plain(value))
        put(writer, value);
    else
        put_quoted(writer, value);
    put(writer, SLICE("\n"));
}

static const char *yaml_fault(struct slice value)
{
    while (value.len > 0) {
        size_t len = utf8_sequence(value);

        if (len == 0)
            return "its value is no UTF-8";
        value = slice_skip(value, len);
    }
    return NULL;
}

/* ---- YAML: mappings ---- */

static bool same_name(const struct tree_node *a, const struct tree_node *b)
{
    return !b->is_remark && a->is_section == b->is_section && slice_equal_nocase(a->name, b->name);
}

static bool is_first_of_name(const struct tree_node *parent, const struct tree_node *node)
{
    const struct tree_node *other = parent->first_child;

    while (other != node && !same_name(node, other))
        other = other->next;
    return other == node;
}

static const struct tree_node *next_of_name(const struct tree_node *node)
{
    const struct tree_node *other = node->next;

    while (other && !same_name(node, other))
        other = other->next;
    return other;
}

/* Would a list of all options of one name move one of them past another option? */
static bool needs_order(const struct tree_node *parent)
{
    for (const struct tree_node *node = parent->first_child; node; node = node->next) {
        const struct tree_node *again =
            node->is_section || node->is_remark ? NULL : next_of_name(node);

        for (const struct tree_node *between = node->next; again && between != again;
             between = between->next)
            if (!between->is_section && !between->is_remark)
                return true;
    }
    return false;
}

static void yaml_option(struct writer *writer, const struct tree_node *node)
{
    if (!check(writer, node, yaml_fault(node->value)))
        return;
    put(writer, node->name);
    put(writer, SLICE(": "));
    put_scalar(writer, node->value);
}

static void yaml_options(struct writer *writer, const struct tree_node *first, unsigned indent)
{
    if (!next_of_name(first)) {
        yaml_option(writer, first);
        return;
    }
    if (!check(writer, first, NULL))
        return;
    put(writer, first->name);
    put(writer, SLICE(":\n"));
    for (const struct tree_node *node = first; node; node = next_of_name(node)) {
        if (!check(writer, node, yaml_fault(node->value)))
            continue;
        put_blanks(writer, indent + 2);
        put(writer, SLICE("- "));
        put_scalar(writer, node->value);
    }
}

/* The options of a section; the first line is begun already. */
static void yaml_body(struct writer *writer, const struct tree_node *section, unsigned indent)
{
    bool ordered = needs_order(section);
    bool begun = true;

    if (!section->first_child)
        put(writer, SLICE("{}\n"));
    for (const struct tree_node *node = section->first_child; node; node = node->next) {
        if (!node->is_remark && !ordered && !is_first_of_name(section, node))
            continue;
        if (!begun)
            put_blanks(writer, indent);
        if (node->is_remark) {
            put_remark(writer, node, 0);
        } else if (ordered) {
            put(writer, SLICE("- "));
            yaml_option(writer, node);
        } else {
            yaml_options(writer, node, indent);
        }
        begun = false;
    }
}

/* All sections of the name, as a list. */
static void yaml_sections(struct writer *writer, const struct tree_node *first, unsigned indent)
{
    if (!check(writer, first, NULL))
        return;
    put(writer, first->name);
    put(writer, SLICE(":\n"));
    for (const struct tree_node *node = first; node; node = next_of_name(node)) {
        put_blanks(writer, indent + 2);
        put(writer, SLICE("- "));
        yaml_body(writer, node, indent + 4);
    }
}

static void yaml_root(struct writer *writer, const struct tree_node *root)
{
    bool ordered = needs_order(root);

    for (const struct tree_node *node = root->first_child; node; node = node->next) {
        if (node->is_remark) {
            put_remark(writer, node, 0);
            continue;
        }
        if (ordered ? node->is_section && !is_first_of_name(root, node)
                    : !is_first_of_name(root, node))
            continue;
        if (ordered)
            put(writer, SLICE("- "));
        if (node->is_section)
            yaml_sections(writer, node, ordered ? 2 : 0);
        else if (ordered)
            yaml_option(writer, node);
        else
            yaml_options(writer, node, 0);
    }
    if (!root->first_child)
        put(writer, SLICE("{}\n"));
}

bool write_tree(const struct tree *tree, enum write_form form, struct diags *diags, FILE *out)
{
    struct writer writer = { .diags = diags, .out = out, .good = true };

    if (form == WRITE_BLOCK)
        block_root(&writer, &tree->root);
    else
        yaml_root(&writer, &tree->root);
    return writer.good;
}

/* ---- remarks ---- */

static unsigned scope_of(const struct tree_node *section)
{
    switch (section_kind_of(section->name)) {
    case SECTION_BINDING:
        return SCOPE_BINDING;
    case SECTION_FASTCGI:
        return SCOPE_FASTCGI;
    case SECTION_HOST:
        return SCOPE_HOST;
    case SECTION_DIRECTORY:
        return SCOPE_DIRECTORY;
    case SECTION_TOOLKIT:
        return SCOPE_TOOLKIT;
    case SECTION_NONE:
        break;
    }
    return 0;
}

static void annotate(struct tree_node *node, unsigned scope, struct arena *arena)
{
    const struct option_row *row = option_find(node->name, scope);
    struct slice why;

    if (row && option_has_effect(row)) {
        node->name = slice_cstr(row->name);
        return;
    }
    why = row ? slice_cstr(row->text) : SLICE("unknown here");
    node->value = arena_printf(arena, "%.*s = %.*s: %.*s", SLICE_ARGS(node->name),
                               SLICE_ARGS(node->value), SLICE_ARGS(why));
    node->is_remark = true;
}

void write_annotate(struct tree *tree, struct arena *arena)
{
    for (struct tree_node *node = tree->root.first_child; node; node = node->next) {
        unsigned scope = node->is_section ? scope_of(node) : 0;

        if (!node->is_section && !node->is_remark)
            annotate(node, SCOPE_SERVER | SCOPE_HOST, arena);
        for (struct tree_node *child = node->first_child; child && scope != 0; child = child->next)
            annotate(child, scope, arena);
    }
}
