/* UseXSLT: whether an XML file has a stylesheet, and which. */
#include "router_private.h"

#include "config/roots.h"
#include "site/root.h"
#include "site/trace.h"

#define OF_FOLDER SLICE("index.xslt")

static bool is_xml(const struct resource *resource)
{
    return slice_ends_nocase(resource->relative, SLICE(".xml"));
}

/* Takes the file of this name below the root, if it is one. */
static bool take(const struct judge *judge, struct slice folder, struct slice name)
{
    struct verdict *verdict = judge->verdict;
    const struct site_root *root = verdict->resource.root;
    const struct slice parts[] = { folder, name };
    const struct slice relative = arena_join(&judge->x->arena, parts, 2);
    const struct slice place[] = { root->path, SLICE("/"), relative };
    struct cached_file *found =
        file_cache_get(judge->cache, root, relative, judge->x->loop->now_ms);
    const bool is_there = found->kind == FILE_REGULAR;

    trace_note(judge->x->trace, TRACE_DISK, trace_mark_of(is_there), "UseXSLT: %.*s",
               SLICE_ARGS(relative));
    if (!is_there) {
        cached_file_drop(judge->cache, found);
        return false;
    }
    verdict->style = (struct file_style){
        .found = found,
        .relative = relative,
        .absolute = arena_join(&judge->x->arena, place, 3),
    };
    return true;
}

/* "x/y/a.xml": "x/y/" */
static struct slice folder_of(struct slice relative)
{
    const size_t slash = slice_find_last(relative, '/');

    return slash == SLICE_NONE ? SLICE("") : slice_first(relative, slash + 1);
}

/* Where the website begins below the root: with HostFolders in the folder of the name. */
static struct slice website_of(const struct mapping *mapping, struct arena *arena)
{
    const struct slice parts[] = { slice_skip(mapping->folder, 1), SLICE("/") };

    return mapping->folder.len > 0 ? arena_join(arena, parts, 2) : SLICE("");
}

static bool find_style(const struct judge *judge)
{
    const struct resource *resource = &judge->verdict->resource;
    const struct slice stem = slice_first(resource->relative, resource->relative.len - 4);
    const struct slice folder = folder_of(resource->relative);
    const struct slice website = website_of(&resource->mapping, &judge->x->arena);

    return take(judge, stem, SLICE(".xslt")) || take(judge, folder, OF_FOLDER) ||
           (!slice_equal(folder, website) && take(judge, website, OF_FOLDER));
}

bool router_judge_style(const struct judge *judge)
{
    struct verdict *verdict = judge->verdict;
    const struct resource *resource = &verdict->resource;

    if (!judge->host->conf->use_xslt || resource->mapping.is_user || !is_xml(resource) ||
        !find_style(judge))
        return false;
    verdict->answer = ANSWER_XSLT;
    verdict->rule =
        roots_rule_style(judge->host->conf, site_root_number(resource->root, judge->host));
    verdict->why = "an XML file with a stylesheet (UseXSLT)";
    return true;
}
