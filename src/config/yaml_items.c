#include "yaml_items.h"

#include "base/text.h"

#include <stdlib.h>
#include <yaml.h>

/* A position in the text: libyaml counts characters, carets want bytes and lines. */
struct spot {
    size_t character;
    size_t byte;
    size_t line_start;
    unsigned line;
};

struct anchor {
    struct anchor *next;
    struct slice name;
    struct yaml_item *item;
};

/* A list or map whose entries are being read. */
struct level {
    struct yaml_item *item;
    struct yaml_item *key; /* of a map: its value comes next */
};

struct reader {
    const struct source_text *text;
    struct slice bytes; /* of the text, without a byte order mark */
    struct arena *arena;
    struct diags *diags;
    yaml_parser_t parser;
    struct spot spot;
    struct anchor *anchors;
    struct level levels[YAML_DEPTH_MOST];
    unsigned depth;
    struct yaml_item *root;
    bool failed;
};

/* ---- places ---- */

static void step(struct reader *reader)
{
    struct spot *spot = &reader->spot;
    struct slice rest = slice_skip(reader->bytes, spot->byte);
    size_t len = utf8_sequence(rest);

    spot->character++;
    spot->byte += len > 0 ? len : 1;
    if (rest.at[0] == '\n') {
        spot->line++;
        spot->line_start = spot->byte;
    }
}

/* Marks come in order, but for those of faults. */
static struct spot spot_at(struct reader *reader, size_t character)
{
    if (character < reader->spot.character)
        reader->spot = (struct spot){ .line = 1 };
    while (reader->spot.character < character && reader->spot.byte < reader->bytes.len)
        step(reader);
    return reader->spot;
}

static struct slice line_of(const struct reader *reader, const struct spot *spot)
{
    struct slice line;

    slice_cut(slice_skip(reader->bytes, spot->line_start), '\n', &line, &(struct slice){ 0 });
    if (slice_ends(line, SLICE("\r")))
        line.len--;
    return line;
}

/* From one mark to another, but not beyond the end of the line. */
static struct diag_place place_between(struct reader *reader, const yaml_mark_t *from,
                                       const yaml_mark_t *to, struct slice *ret_bytes)
{
    struct spot start = spot_at(reader, from->index);
    struct spot end = spot_at(reader, to->index);
    const struct slice line = line_of(reader, &start);
    const size_t most = start.line_start + line.len;
    const size_t from_byte = start.byte < most ? start.byte : most; /* not behind a CR */
    const size_t until = end.byte < most ? end.byte : most;
    struct diag_place place = {
        .file = reader->text->name,
        .line = start.line,
        .column = 1 + (unsigned)(from_byte - start.line_start),
        .text = line,
    };

    place.span = until > start.byte ? (unsigned)(until - start.byte) : 1;
    if (ret_bytes)
        *ret_bytes = slice_first(slice_skip(reader->bytes, start.byte), end.byte - start.byte);
    return place;
}

static struct diag *fault(struct reader *reader, const yaml_mark_t *mark, const char *what)
{
    struct diag_place place = place_between(reader, mark, mark, NULL);

    reader->failed = true;
    return diag_add(reader->diags, DIAG_ERROR, &place, "%s", what);
}

/* What libyaml itself refuses. */
static void fault_of_parser(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem ? parser->problem : "it cannot be read";
    struct slice what = arena_printf(reader->arena, "this is no YAML: %s", problem);
    yaml_mark_t mark = parser->problem_mark;

    if (parser->error == YAML_READER_ERROR) { /* it tells the offset in bytes */
        mark.index = 0;
        while (spot_at(reader, mark.index).byte < parser->problem_offset &&
               spot_at(reader, mark.index).byte < reader->bytes.len)
            mark.index++;
    }
    struct diag *diag = fault(reader, &mark, what.at);
    if (parser->context)
        diag_hint(reader->diags, diag, "%s, line %zu", parser->context,
                  parser->context_mark.line + 1);
}

/* ---- items ---- */

static void add_entry(struct reader *reader, struct yaml_item *parent, struct yaml_item *key,
                      struct yaml_item *value, bool is_alias)
{
    struct yaml_entry *entry = arena_new(reader->arena, struct yaml_entry);

    *entry = (struct yaml_entry){ .key = key, .value = value, .is_alias = is_alias };
    if (parent->last)
        parent->last->next = entry;
    else
        parent->first = entry;
    parent->last = entry;
}

/* Where the grammar wants an item now. */
static void place_item(struct reader *reader, struct yaml_item *item, bool is_alias)
{
    struct level *level = reader->depth > 0 ? &reader->levels[reader->depth - 1] : NULL;

    if (!level) {
        reader->root = item;
    } else if (level->item->kind == YAML_LIST) {
        add_entry(reader, level->item, NULL, item, is_alias);
    } else if (!level->key) {
        level->key = item;
    } else {
        add_entry(reader, level->item, level->key, item, is_alias);
        level->key = NULL;
    }
}

static struct slice copy(struct reader *reader, const yaml_char_t *bytes, size_t len)
{
    return arena_copy(reader->arena, slice_of((const char *)bytes, len));
}

static void note_anchor(struct reader *reader, const yaml_char_t *name, struct yaml_item *item)
{
    struct anchor *anchor;

    if (!name)
        return;
    anchor = arena_new(reader->arena, struct anchor);
    *anchor = (struct anchor){
        .next = reader->anchors, /* of one name the last counts */
        .name = copy(reader, name, strlen((const char *)name)),
        .item = item,
    };
    reader->anchors = anchor;
}

static struct yaml_item *new_item(struct reader *reader, enum yaml_kind kind,
                                  const yaml_event_t *event, const yaml_char_t *anchor,
                                  const yaml_char_t *tag)
{
    struct yaml_item *item = arena_new(reader->arena, struct yaml_item);

    *item = (struct yaml_item){
        .kind = kind,
        .place = place_between(reader, &event->start_mark, &event->start_mark, NULL),
        .is_open = kind != YAML_SCALAR,
    };
    if (tag)
        diag_hint(reader->diags, fault(reader, &event->start_mark, "tags are not read"),
                  "every value is a text here: leave '%s' out", (const char *)tag);
    note_anchor(reader, anchor, item);
    return item;
}

/* Bytes that stand in the text as they are have their own places. */
static void place_scalar(struct reader *reader, const yaml_event_t *event, struct yaml_item *item)
{
    struct tree_piece *piece = arena_new(reader->arena, struct tree_piece);
    struct slice raw;

    item->place = place_between(reader, &event->start_mark, &event->end_mark, &raw);
    if (raw.len == item->text.len + 2 &&
        slice_equal(slice_first(slice_skip(raw, 1), item->text.len), item->text) &&
        item->text.len > 0) {
        item->place.column++;
        item->place.span = (unsigned)item->text.len;
        raw = item->text;
    }
    *piece = (struct tree_piece){
        .len = item->text.len,
        .verbatim = slice_equal(raw, item->text),
        .place = item->place,
    };
    item->pieces = piece;
}

static void on_scalar(struct reader *reader, const yaml_event_t *event)
{
    struct yaml_item *item =
        new_item(reader, YAML_SCALAR, event, event->data.scalar.anchor, event->data.scalar.tag);

    item->text = copy(reader, event->data.scalar.value, event->data.scalar.length);
    item->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    place_scalar(reader, event, item);
    place_item(reader, item, false);
}

static void on_start(struct reader *reader, const yaml_event_t *event)
{
    bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
    struct yaml_item *item =
        is_list ? new_item(reader, YAML_LIST, event, event->data.sequence_start.anchor,
                           event->data.sequence_start.tag)
                : new_item(reader, YAML_MAP, event, event->data.mapping_start.anchor,
                           event->data.mapping_start.tag);

    if (reader->depth == YAML_DEPTH_MOST) {
        fault(reader, &event->start_mark, "this is nested too deep (at most 16 levels)");
        return;
    }
    place_item(reader, item, false);
    reader->levels[reader->depth++] = (struct level){ .item = item };
}

static void on_end(struct reader *reader)
{
    reader->levels[--reader->depth].item->is_open = false;
}

static void on_alias(struct reader *reader, const yaml_event_t *event)
{
    struct slice name = slice_cstr((const char *)event->data.alias.anchor);
    const struct anchor *anchor = reader->anchors;

    while (anchor && !slice_equal(anchor->name, name))
        anchor = anchor->next;
    if (!anchor)
        diag_hint(reader->diags, fault(reader, &event->start_mark, "this alias has no anchor"),
                  "an anchor stands before its aliases: &%.*s", SLICE_ARGS(name));
    else if (anchor->item->is_open)
        fault(reader, &event->start_mark, "this alias stands for what it is a part of");
    else
        place_item(reader, anchor->item, true);
}

static void on_document(struct reader *reader, const yaml_event_t *event)
{
    if (reader->root)
        diag_hint(reader->diags, fault(reader, &event->start_mark, "a second document begins here"),
                  "one text is one configuration: Include reads others");
}

/* False: it is over. */
static bool take_event(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        on_scalar(reader, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        on_start(reader, event);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_end(reader);
        break;
    case YAML_ALIAS_EVENT:
        on_alias(reader, event);
        break;
    case YAML_DOCUMENT_START_EVENT:
        on_document(reader, event);
        break;
    case YAML_STREAM_END_EVENT:
        return false;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return !reader->failed;
}

static void read_events(struct reader *reader)
{
    bool more = true;

    while (more) {
        yaml_event_t event;

        if (!yaml_parser_parse(&reader->parser, &event)) {
            fault_of_parser(reader);
            return;
        }
        more = take_event(reader, &event);
        yaml_event_delete(&event);
    }
}

struct yaml_item *yaml_items_read(const struct source_text *text, struct arena *arena,
                                  struct diags *diags)
{
    struct reader reader = {
        .text = text,
        .bytes = text->text,
        .arena = arena,
        .diags = diags,
        .spot = { .line = 1 },
    };

    if (slice_starts(reader.bytes, SLICE("\xef\xbb\xbf")))
        reader.bytes = slice_skip(reader.bytes, 3);
    if (!yaml_parser_initialize(&reader.parser))
        abort();
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)reader.bytes.at,
                                 reader.bytes.len);
    read_events(&reader);
    yaml_parser_delete(&reader.parser);
    return reader.failed ? NULL : reader.root;
}
