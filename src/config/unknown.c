#include "unknown.h"

#include "section.h"

static const char *scope_name(unsigned scopes)
{
    if (scopes & SCOPE_SERVER)
        return "outside sections";
    if ((scopes & SCOPE_HOST) && (scopes & SCOPE_DIRECTORY))
        return "in VirtualHost or Directory sections, or outside sections";
    if (scopes & SCOPE_HOST)
        return "in VirtualHost sections or outside sections";
    if (scopes & SCOPE_BINDING)
        return "in Binding sections";
    if (scopes & SCOPE_FASTCGI)
        return "in FastCGIserver sections";
    if (scopes & SCOPE_DIRECTORY)
        return "in Directory sections";
    return "in UrlToolkit sections";
}

static const char *nearest_name(struct build *build, struct slice word, unsigned scopes)
{
    const char **names = arena_array(build->arena, const char *, option_count());
    size_t count = 0;

    for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
        if (row->scopes & scopes)
            names[count++] = row->name;
    }
    return diag_nearest(word, names, count);
}

static void hint_unknown(struct build *build, struct diag *diag, const struct tree_node *node,
                         unsigned scopes)
{
    const char *name = nearest_name(build, node->name, scopes);

    if (name) {
        diag_hint(build->diags, diag, "did you mean '%s'?", name);
        return;
    }
    name = nearest_name(build, node->name, ~0u);
    if (name) {
        const struct option_row *row = option_find(slice_cstr(name), ~0u);
        diag_hint(build->diags, diag, "did you mean '%s'? It belongs %s", name,
                  scope_name(row->scopes));
    } else {
        diag_hint(build->diags, diag, "`longhouse manual` lists all options");
    }
}

void unknown_fault(struct build *build, const struct tree_node *node, unsigned scopes)
{
    struct slice where = build->filling->where;
    const struct option_row *elsewhere = option_find(node->name, ~0u);
    enum section_kind kind = section_kind_of(node->name);

    if (kind != SECTION_NONE) {
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &node->name_place,
                           "'%.*s' is a section, not an option", SLICE_ARGS(node->name)),
                  "write: %s {", section_name(kind));
    } else if (elsewhere) {
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &node->name_place, "'%s' does not belong %.*s",
                           elsewhere->name, SLICE_ARGS(where)),
                  "it belongs %s", scope_name(elsewhere->scopes));
    } else {
        struct diag *diag =
            diag_add(build->diags, DIAG_ERROR, &node->name_place, "unknown option '%.*s' %.*s",
                     SLICE_ARGS(node->name), SLICE_ARGS(where));
        hint_unknown(build, diag, node, scopes);
    }
}
