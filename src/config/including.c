#include "including.h"

#include "config/read_yaml.h"

#include <assert.h>

/* More included texts than this are a mistake that multiplies itself. */
#define TEXTS_MOST 10000u

void including_init(struct including *including, struct source *source, struct arena *arena,
                    struct diags *diags, struct tree *tree)
{
    *including = (struct including){
        .arena = arena,
        .diags = diags,
        .source = source,
        .tree = tree,
        .variables = { .arena = arena, .diags = diags },
    };
    tree_init(tree);
    variables_set(&including->variables, SLICE("CONFIG_DIR"), source->folder);
}

bool including_read_by(struct including *including, const struct source_text *text,
                       including_reader *reader)
{
    struct included included = { .outer = including->innermost, .text = text };

    including->innermost = &included;
    including->depth++;
    bool good = reader(including, text);
    including->depth--;
    including->innermost = included.outer;
    return good;
}

bool including_read(struct including *including, const struct source_text *text)
{
    return including_read_by(including, text,
                             yaml_recognise(text) ? yaml_read_text : block_read_text);
}

const char *including_refused(const struct including *including)
{
    static_assert(INCLUDE_DEPTH_MOST == 8, "the message names it");
    if (including->depth >= INCLUDE_DEPTH_MOST)
        return "Include is nested too deep (at most 8 levels)";
    return NULL;
}

static bool is_being_read(const struct including *including, const struct source_text *text)
{
    for (const struct included *outer = including->innermost; outer; outer = outer->outer) {
        bool same_bytes = text->text.len > 0 && outer->text->text.at == text->text.at;
        if (same_bytes || strcmp(outer->text->name, text->name) == 0)
            return true;
    }
    return false;
}

static void include_texts(struct including *including, const struct diag_place *place,
                          const struct source_text *texts)
{
    for (const struct source_text *text = texts; text; text = text->next) {
        if (is_being_read(including, text)) {
            diag_hint(including->diags,
                      diag_add(including->diags, DIAG_ERROR, place, "%s would include itself",
                               text->name),
                      "remove this Include or move the file out of the folder");
        } else if (++including->texts > TEXTS_MOST) {
            if (including->texts == TEXTS_MOST + 1)
                diag_add(including->diags, DIAG_ERROR, place,
                         "more than %u texts are included, counting repetitions", TEXTS_MOST);
        } else {
            including_read(including, text);
        }
    }
}

void including_find(struct including *including, const struct diag_place *place, struct slice path)
{
    const char *why = "not found";
    struct source_text *texts =
        including->source->find(including->source, including->arena, path, &why);

    if (texts) {
        include_texts(including, place, texts);
        return;
    }
    diag_hint(including->diags,
              diag_add(including->diags, DIAG_ERROR, place, "cannot include '%.*s': %s",
                       SLICE_ARGS(path), why),
              "relative paths begin at the configuration folder");
}
