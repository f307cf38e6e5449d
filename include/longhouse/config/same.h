#ifndef CONFIG_SAME_H
#define CONFIG_SAME_H

/*
 * Whether a section means the same in two generations of the configuration, so that what belongs to
 * it can live on as it is. Pure.
 */
#include "config/model.h"

#include <stdbool.h>

/* Name, targets and all options are the same; where it stands does not count. */
bool config_same_section(const struct fastcgi_conf *a, const struct fastcgi_conf *b);

#endif
