/* `longhouse completion SHELL`: what shells and vim need to know, read out of the verbs' usage. */
#include "base/slice.h"
#include "config/manual.h"
#include "tool/tool.h"
#include "tool_private.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

enum usage_kind {
    USAGE_FLAG,       /* --json */
    USAGE_FLAG_VALUE, /* -c FILE */
    USAGE_WORD,       /* drain */
    USAGE_FILE,       /* FILE or DIR, where no flag stands before it */
};

/* Walks a usage: the verb itself is passed over. */
struct usage_walk {
    struct slice rest;
};

struct usage_word {
    enum usage_kind kind;
    struct slice text;
};

static bool ends_word(char c)
{
    return c == ' ' || c == '[' || c == ']' || c == '|';
}

static struct slice next_token(struct slice *rest)
{
    size_t len = 0;

    while (rest->len > 0 && ends_word(rest->at[0]))
        *rest = slice_skip(*rest, 1);
    while (len < rest->len && !ends_word(rest->at[len]))
        len++;
    struct slice token = slice_first(*rest, len);
    *rest = slice_skip(*rest, len);
    return token;
}

static bool is_file(struct slice token)
{
    return slice_equal_cstr(token, "FILE") || slice_equal_cstr(token, "DIR");
}

static struct usage_walk walk_usage(const struct verb *verb)
{
    struct usage_walk walk = { slice_cstr(verb->usage) };

    next_token(&walk.rest);
    return walk;
}

/* A flag whose bracket does not close behind it takes a value. */
static enum usage_kind flag_kind(struct usage_walk *walk)
{
    if (walk->rest.len < 2 || walk->rest.at[0] != ' ' || walk->rest.at[1] == '[')
        return USAGE_FLAG;
    size_t close = slice_find(walk->rest, ']');
    if (close != SLICE_NONE)
        walk->rest = slice_skip(walk->rest, close + 1);
    return USAGE_FLAG_VALUE;
}

static bool next_word(struct usage_walk *walk, struct usage_word *ret)
{
    for (;;) {
        struct slice token = next_token(&walk->rest);

        if (token.len == 0)
            return false;
        ret->text = token;
        if (token.at[0] == '-')
            ret->kind = flag_kind(walk);
        else if (is_file(token))
            ret->kind = USAGE_FILE;
        else if (token.at[0] >= 'a' && token.at[0] <= 'z')
            ret->kind = USAGE_WORD;
        else
            continue; /* NAME, ...: nobody knows them */
        return true;
    }
}

/* Words in an apostrophe each, as sh takes them. */
static void put_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
    putchar('\'');
}

/* ---- bash ---- */

static void bash_verb(const struct verb *verb)
{
    struct usage_walk walk = walk_usage(verb);
    struct usage_word word;
    bool files = false;

    printf("    %s) words='", verb->name);
    while (next_word(&walk, &word)) {
        files |= word.kind == USAGE_FILE;
        if (word.kind != USAGE_FILE)
            printf("%.*s ", SLICE_ARGS(word.text));
    }
    printf("'; files=%s ;;\n", files ? "yes" : "no");
}

static void write_bash(void)
{
    fputs("# bash completion for longhouse; written by `longhouse completion bash`\n"
          "_longhouse() {\n"
          "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
          "  local words= files=no\n"
          "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
          "    words='",
          stdout);
    for (const struct verb *verb = tool_verbs; verb->name; verb++)
        printf("%s%s", verb == tool_verbs ? "" : " ", verb->name);
    fputs("'\n"
          "  elif [ \"$before\" = -c ] || [ \"$before\" = -C ] || [ \"$before\" = -d ]; then\n"
          "    files=yes\n"
          "  else\n"
          "    case ${COMP_WORDS[1]} in\n",
          stdout);
    for (const struct verb *verb = tool_verbs; verb->name; verb++)
        bash_verb(verb);
    fputs("    esac\n"
          "  fi\n"
          "  COMPREPLY=()\n"
          "  while IFS= read -r word; do COMPREPLY+=(\"$word\"); done < <(\n"
          "    compgen -W \"$words\" -- \"$current\"\n"
          "    if [ $files = yes ]; then compgen -f -- \"$current\"; fi)\n"
          "}\n"
          "complete -o filenames -F _longhouse longhouse\n",
          stdout);
}

/* ---- zsh ---- */

static void zsh_verb(const struct verb *verb)
{
    struct usage_walk walk = walk_usage(verb);
    struct usage_word word;
    bool has_words = false;

    printf("  %s) _arguments", verb->name);
    while (next_word(&walk, &word)) {
        if (word.kind == USAGE_FLAG)
            printf(" '%.*s'", SLICE_ARGS(word.text));
        else if (word.kind == USAGE_FLAG_VALUE)
            printf(" '%.*s:value:_files'", SLICE_ARGS(word.text));
        has_words |= word.kind == USAGE_WORD;
    }
    if (has_words) {
        fputs(" '*:word:(", stdout);
        walk = walk_usage(verb);
        while (next_word(&walk, &word))
            if (word.kind == USAGE_WORD)
                printf(" %.*s", SLICE_ARGS(word.text));
        fputs(" )'", stdout);
    } else {
        fputs(" '*:file:_files'", stdout);
    }
    fputs(" ;;\n", stdout);
}

static void write_zsh(void)
{
    fputs("#compdef longhouse\n"
          "# zsh completion for longhouse; written by `longhouse completion zsh`\n"
          "local -a verbs\n"
          "verbs=(\n",
          stdout);
    for (const struct verb *verb = tool_verbs; verb->name; verb++) {
        printf("  %s:", verb->name);
        put_quoted(verb->text);
        putchar('\n');
    }
    fputs(")\n"
          "if (( CURRENT == 2 )); then\n"
          "  _describe verb verbs\n"
          "  return\n"
          "fi\n"
          "local verb=$words[2]\n"
          "shift words\n"
          "(( CURRENT-- ))\n"
          "case $verb in\n",
          stdout);
    for (const struct verb *verb = tool_verbs; verb->name; verb++)
        zsh_verb(verb);
    fputs("esac\n", stdout);
}

/* ---- fish ---- */

static void fish_verb(const struct verb *verb)
{
    struct usage_walk walk = walk_usage(verb);
    struct usage_word word;

    printf("complete -c longhouse -n __fish_use_subcommand -f -a %s -d ", verb->name);
    put_quoted(verb->text);
    putchar('\n');
    while (next_word(&walk, &word)) {
        if (word.kind == USAGE_FILE)
            continue;
        printf("complete -c longhouse -n '__fish_seen_subcommand_from %s'", verb->name);
        if (word.kind == USAGE_WORD)
            printf(" -a %.*s\n", SLICE_ARGS(word.text));
        else if (slice_starts(word.text, SLICE("--")))
            printf(" -l %.*s%s\n", SLICE_ARGS(slice_skip(word.text, 2)),
                   word.kind == USAGE_FLAG_VALUE ? " -r" : "");
        else
            printf(" -%c %.*s%s\n", word.text.len == 2 ? 's' : 'o',
                   SLICE_ARGS(slice_skip(word.text, 1)),
                   word.kind == USAGE_FLAG_VALUE ? " -r -F" : "");
    }
}

static void write_fish(void)
{
    fputs("# fish completion for longhouse; written by `longhouse completion fish`\n", stdout);
    for (const struct verb *verb = tool_verbs; verb->name; verb++)
        fish_verb(verb);
}

static void write_vim(void)
{
    manual_write_vim(stdout);
}

int tool_completion(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(void);
    } shells[] = {
        { "bash", write_bash }, { "zsh", write_zsh }, { "fish", write_fish }, { "vim", write_vim }
    };

    for (size_t i = 0; argc == 1 && i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(argv[0], shells[i].name) == 0) {
            shells[i].write();
            return 0;
        }
    }
    return usage("completion bash|zsh|fish|vim");
}
