/* `longhouse show` and `longhouse import`: a configuration written anew. */
#include "config/load.h"
#include "config/write.h"
#include "tool/tool.h"
#include "tool_private.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The tree of the texts at `path`; false: it cannot be read at all, which is said. */
static bool read_path(const char *path, struct arena *arena, struct diags *diags, struct tree *ret)
{
    struct source *source = NULL;
    const char *why = NULL;
    struct source_text *text = disk_source_open(path, arena, &source, &why);

    if (!text) {
        fprintf(stderr, "longhouse: %s: %s\n", path, why);
        return false;
    }
    const struct load load = { .arena = arena, .diags = diags, .source = source };
    return load_tree(&load, text, ret);
}

/* The exit status. `import`: for people who go on with what is written. */
static int write_path(const char *path, enum write_form form, bool import)
{
    struct arena arena = { 0 };
    struct diags diags;
    struct tree tree;

    diags_init(&diags, &arena);
    bool good = read_path(path, &arena, &diags, &tree);
    if (good && import) {
        write_annotate(&tree, &arena);
        printf("# Made by `longhouse import %s`. What has no equal stands as a comment.\n\n", path);
    }
    if (good)
        write_tree(&tree, form, &diags, stdout);
    fflush(stdout);
    diags_print(&diags, stderr, isatty(STDERR_FILENO));
    good = good && diags.errors == 0 && !ferror(stdout);
    arena_done(&arena);
    return good ? 0 : 1;
}

int tool_show(int argc, char **argv)
{
    const char *config = CONFIG_FOLDER;
    enum write_form form = WRITE_BLOCK;

    for (int i = 0; i < argc; i++) {
        const char *value = word_value("-c", argc, argv, &i);

        if (value)
            config = value;
        else if (strcmp(argv[i], "--yaml") == 0)
            form = WRITE_YAML;
        else if (strcmp(argv[i], "--block") != 0)
            return usage("show [-c FILE|DIR] [--block|--yaml]");
    }
    return write_path(config, form, false);
}

int tool_import(int argc, char **argv)
{
    const char *path = NULL;
    enum write_form form = WRITE_BLOCK;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--yaml") == 0)
            form = WRITE_YAML;
        else if (argv[i][0] == '-' || path)
            return usage("import FILE|DIR [--yaml]");
        else
            path = argv[i];
    }
    return path ? write_path(path, form, true) : usage("import FILE|DIR [--yaml]");
}
