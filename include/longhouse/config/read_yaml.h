#ifndef CONFIG_READ_YAML_H
#define CONFIG_READ_YAML_H

/*
 * YAML to a tree: the vocabulary of the block form, read by libyaml. Pure.
 *
 *   ServerId: www-data
 *   CGIhandler: [ "/usr/bin/perl:pl", "/bin/sh:sh" ]     # a list: the option several times
 *   Include: sites.d
 *   VirtualHost:
 *     - Hostname: a.example                              # a section: a map
 *       WebsiteRoot: /srv/a
 *     - - Hostname: b.example                            # or a list of maps, where order counts
 *       - WebsiteRoot: /srv/b
 *
 * Every value is one line of text. Anchors, aliases and `<<` are read, keys that begin with "x-"
 * hold anchors and mean nothing, tags and keys given twice are errors.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "config/read_block.h"
#include "config/tree.h"

#include <stdbool.h>

/* More options than this by aliases alone are a mistake that multiplies itself. */
#define YAML_ALIASED_MOST 100000u

/*
 * Is it in this form? By its name, ending in .yaml or .yml, or by its first line that is no
 * comment: "---", "%YAML", "- KEY:" or "KEY:".
 */
bool yaml_recognise(const struct source_text *text);

/* False: it is no YAML, which is said. */
bool read_yaml(const struct source_text *text, struct source *source, struct arena *arena,
               struct diags *diags, struct tree *ret);

#endif
