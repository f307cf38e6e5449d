#include "source_cache.h"

struct source_cache *source_cache_new(struct arena *arena, struct slice folder,
                                      struct source_text *(*find)(struct source *, struct arena *,
                                                                  struct slice, const char **))
{
    struct source_cache *cache = arena_new(arena, struct source_cache);

    *cache = (struct source_cache){
        .source = { .find = find, .folder = folder },
        .arena = arena,
    };
    cache->end = &cache->answers;
    return cache;
}

struct source_cache *source_cache_of(struct source *source)
{
    return container_of(source, struct source_cache, source);
}

const struct source_answer *source_cache_answer(const struct source_cache *cache, struct slice path)
{
    for (const struct source_answer *answer = cache->answers; answer; answer = answer->next) {
        if (slice_equal(answer->path, path))
            return answer;
    }
    return NULL;
}

void source_cache_forget(struct source_cache *cache, struct slice path)
{
    for (struct source_answer **at = &cache->answers; *at;) {
        if (slice_equal((*at)->path, path))
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
    for (cache->end = &cache->answers; *cache->end;)
        cache->end = &(*cache->end)->next;
}

const struct source_answer *source_cache_add_answer(struct source_cache *cache, struct slice path,
                                                    struct source_text *texts, const char *why)
{
    struct source_answer *answer = arena_new(cache->arena, struct source_answer);

    *answer = (struct source_answer){
        .path = arena_copy(cache->arena, path),
        .texts = texts,
        .why = why,
    };
    *cache->end = answer;
    cache->end = &answer->next;
    return answer;
}

struct source_text *source_answer_copy(const struct source_answer *answer, struct arena *arena,
                                       const char **ret_why)
{
    struct source_text *first = NULL;
    struct source_text **end = &first;

    for (const struct source_text *text = answer->texts; text; text = text->next) {
        struct source_text *copy = arena_new(arena, struct source_text);

        *copy = (struct source_text){ .name = text->name, .text = text->text };
        *end = copy;
        end = &copy->next;
    }
    if (!first)
        *ret_why = answer->why;
    return first;
}

bool source_cache_find_file(const struct source_cache *cache, dev_t device, ino_t inode,
                            struct slice *ret)
{
    for (const struct source_file *file = cache->files; file; file = file->next) {
        if (file->device == device && file->inode == inode) {
            *ret = file->text;
            return true;
        }
    }
    return false;
}

void source_cache_add_file(struct source_cache *cache, dev_t device, ino_t inode, struct slice text)
{
    struct slice known;

    if (source_cache_find_file(cache, device, inode, &known))
        return;
    struct source_file *file = arena_new(cache->arena, struct source_file);
    *file = (struct source_file){
        .next = cache->files,
        .device = device,
        .inode = inode,
        .text = text,
    };
    cache->files = file;
}

struct source_text *source_find_file(struct source *source, struct arena *arena, struct slice path,
                                     const char **ret_why)
{
    *ret_why = "not found";
    struct source_text *text = source->find(source, arena, path, ret_why);

    if (!text || !text->next)
        return text;
    *ret_why = "it is a folder";
    return NULL;
}

struct slice source_accounts(struct source *source, struct arena *arena, struct slice folder)
{
    const struct slice parts[] = { SLICE("\n\n"), folder };
    const char *why;
    const struct source_text *text = source->find(source, arena, arena_join(arena, parts, 2), &why);

    return text ? text->text : SLICE("");
}

bool source_variable(struct source *source, struct arena *arena, struct slice name,
                     struct slice *ret)
{
    const struct slice parts[] = { SLICE("\n"), name };
    const char *why;
    const struct source_text *text = source->find(source, arena, arena_join(arena, parts, 2), &why);

    if (text)
        *ret = text->text;
    return text != NULL;
}
