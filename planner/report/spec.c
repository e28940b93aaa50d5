/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/report/spec.h"

#include <math.h>
#include <string.h>

/* X(heading, path of the member in a row, how it is shown, PLAIN | WIDE: in wide and csv alone |
 * KEY: rows of two reports are the same when these are). In csv, watts say so in the heading. */
#define DEVICE_COLUMNS(X)                                                                          \
    X("DELIVERED", "delivered", COUNT, PLAIN)                                                      \
    X("HEALTHY", "healthy", COUNT, PLAIN)                                                          \
    X("ALLOCATED", "allocated", COUNT, PLAIN)                                                      \
    X("FREE", "free", COUNT, PLAIN)                                                                \
    X("CLOSED", "closed", COUNT, PLAIN)                                                            \
    X("ALLOCATED %", "allocatedPercent", PERCENT, PLAIN)
#define OWNER_COLUMNS(X)                                                                           \
    X("PODS", "pods", COUNT, PLAIN)                                                                \
    X("DEVICES", "devices", COUNT, PLAIN)                                                          \
    X("OF KIND", "kinds", SUMS, PLAIN)                                                             \
    X("WATTS", "watts", WATTS, PLAIN)                                                              \
    X("PENDING", "pending", COUNT, PLAIN)                                                          \
    X("WANTED", "wanted", COUNT, PLAIN)
#define TOTALS_LIST(X)                                                                             \
    X("KIND", "kind", WORD, KEY)                                                                   \
    DEVICE_COLUMNS(X)                                                                              \
    X("PARTS", "parts", COUNT, WIDE)
#define MODELS_LIST(X)                                                                             \
    X("KIND", "kind", WORD, KEY)                                                                   \
    X("MODEL", "model", WORD, KEY)                                                                 \
    X("NODES", "nodes", COUNT, PLAIN)                                                              \
    DEVICE_COLUMNS(X)
#define RACKS_LIST(X)                                                                              \
    X("RACK", "rack", NAME, KEY)                                                                   \
    X("NODES", "nodes", COUNT, PLAIN)                                                              \
    DEVICE_COLUMNS(X)
#define NODES_LIST(X)                                                                              \
    X("NODE", "node", WORD, KEY)                                                                   \
    X("RACK", "rack", NAME, PLAIN)                                                                 \
    X("STATUS", "status", WORD, PLAIN)                                                             \
    X("KNOWN", "mode", WORD, PLAIN)                                                                \
    DEVICE_COLUMNS(X)                                                                              \
    X("OFFERED ONLY", "offered", SUMS, WIDE)
#define NAMESPACES_LIST(X)                                                                         \
    X("NAMESPACE", "namespace", WORD, KEY)                                                         \
    OWNER_COLUMNS(X)
#define OWNERS_LIST(X)                                                                             \
    X("NAMESPACE", "namespace", WORD, KEY)                                                         \
    X("OWNER KIND", "ownerKind", NAME, KEY)                                                        \
    X("OWNER", "owner", NAME, KEY)                                                                 \
    OWNER_COLUMNS(X)
#define PLACES_LIST(X)                                                                             \
    X("PLACE", "place", WORD, KEY)                                                                 \
    X("KIND", "kind", WORD, KEY)                                                                   \
    X("PLACES", "places", COUNT, PLAIN)                                                            \
    X("WHOLE", "whole", COUNT, PLAIN)                                                              \
    X("PARTLY", "partly", COUNT, PLAIN)                                                            \
    X("FULL", "full", COUNT, PLAIN)                                                                \
    X("SETS OF 1", "sets.1", COUNT, WIDE)                                                          \
    X("SETS OF 2", "sets.2", COUNT, PLAIN)                                                         \
    X("OF 4", "sets.4", COUNT, PLAIN)                                                              \
    X("OF 8", "sets.8", COUNT, PLAIN)                                                              \
    X("OF 16", "sets.16", COUNT, WIDE)                                                             \
    X("LARGEST SET", "largestSet", COUNT, PLAIN)                                                   \
    X("ON", "largestNode", NAME, PLAIN)
#define SHAPES_LIST(X)                                                                             \
    X("#", "number", COUNT, PLAIN)                                                                 \
    X("SHAPE", "shape", TEXT, KEY)                                                                 \
    X("RUNNING", "running", COUNT, PLAIN)                                                          \
    X("PENDING", "pending", COUNT, PLAIN)                                                          \
    X("SLOTS", "slots", COUNT, PLAIN)                                                              \
    X("AT LEAST", "atLeast", YES, WIDE)                                                            \
    X("NODES", "nodes", COUNT, WIDE)                                                               \
    X("FREE + CLOSED", "free", COUNT, PLAIN)                                                       \
    X("USABLE", "used", COUNT, PLAIN)                                                              \
    X("UNUSABLE %", "unusablePercent", PERCENT, PLAIN)                                             \
    X("BECAUSE", "left", SUMS, PLAIN)
#define STRANDED_LIST(X)                                                                           \
    X("REASON", "text", TEXT, KEY)                                                                 \
    X("DETAIL", "detail", NAME, KEY)                                                               \
    X("KIND", "kind", WORD, KEY)                                                                   \
    X("MODEL", "model", WORD, KEY)                                                                 \
    X("DEVICES", "devices", COUNT, PLAIN)                                                          \
    X("NODES", "nodes", COUNT, PLAIN)                                                              \
    X("WATTS", "watts", WATTS, PLAIN)
#define STRANDED_DEVICES_LIST(X)                                                                   \
    X("NODE", "node", WORD, KEY)                                                                   \
    X("PCI", "pci", WORD, KEY)                                                                     \
    X("KIND", "kind", WORD, PLAIN)                                                                 \
    X("MODEL", "model", WORD, PLAIN)                                                               \
    X("REASON", "reason", WORD, PLAIN)                                                             \
    X("DETAIL", "detail", NAME, PLAIN)
#define LINKS_LIST(X)                                                                              \
    X("LINKS", "link", WORD, KEY)                                                                  \
    X("TOTAL", "links", COUNT, PLAIN)                                                              \
    X("IDLE", "idle", COUNT, PLAIN)                                                                \
    X("WITHIN", "within", COUNT, PLAIN)                                                            \
    X("OVER", "over", COUNT, PLAIN)                                                                \
    X("UNKNOWN", "unknown", COUNT, PLAIN)                                                          \
    X("WORST", "worstRatio", REAL, PLAIN)
#define OVER_LIST(X)                                                                               \
    X("NODE", "node", WORD, KEY)                                                                   \
    X("LINK", "link", WORD, KEY)                                                                   \
    X("PCI", "pci", NAME, KEY)                                                                     \
    X("GB/S", "linkGBps", GBPS, PLAIN)                                                             \
    X("DEVICES", "devices", COUNT, PLAIN)                                                          \
    X("CROSSING", "crossing", COUNT, PLAIN)                                                        \
    X("GB/S EACH", "eachGBps", GBPS, PLAIN)                                                        \
    X("DEMAND/CAPACITY", "ratio", REAL, PLAIN)
#define POWER_LIST(X)                                                                              \
    X("ELEMENT", "element", WORD, KEY)                                                             \
    X("LEVEL", "level", WORD, KEY)                                                                 \
    X("PARENT", "parent", NAME, PLAIN)                                                             \
    X("LIMIT", "limitWatts", WATTS, PLAIN)                                                         \
    X("PROVISIONED", "provisionedWatts", WATTS, PLAIN)                                             \
    X("EMPTY", "emptyWatts", WATTS, WIDE)                                                          \
    X("OBSERVED", "observedWatts", WATTS, PLAIN)                                                   \
    X("HARD HEADROOM", "hardHeadroomWatts", WATTS, PLAIN)                                          \
    X("SOFT HEADROOM", "softHeadroomWatts", WATTS, PLAIN)                                          \
    X("DEMAND", "demandWatts", WATTS, PLAIN)                                                       \
    X("STRANDED", "strandedWatts", WATTS, PLAIN)                                                   \
    X("UNKNOWN NODES", "unknownNodes", COUNT, WIDE)                                                \
    X("BINDS FIRST", "bindsFirst", YES, PLAIN)
#define GROWTH_LIST(X)                                                                             \
    X("SHAPE", "shape", TEXT, KEY)                                                                 \
    X("PER DAY", "perDay", REAL, PLAIN)                                                            \
    X("±", "spread", REAL, PLAIN)                                                                  \
    X("STILL FIT", "fits", COUNT, PLAIN)                                                           \
    X("AT LEAST", "atLeast", YES, WIDE)                                                            \
    X("STOPS: EARLY", "early", DATE, PLAIN)                                                        \
    X("LATE", "late", DATE, PLAIN)                                                                 \
    X("FIRST", "stopsFirst", YES, PLAIN)
#define WAYS_LIST(X)                                                                               \
    X("WAY", "what", TEXT, KEY)                                                                    \
    X("SLOTS", "slots", COUNT, PLAIN)                                                              \
    X("GAINED", "gained", COUNT, PLAIN)                                                            \
    X("STOPS: EARLY", "early", DATE, PLAIN)                                                        \
    X("LATE", "late", DATE, PLAIN)                                                                 \
    X("KW", "kilowatts", KW, PLAIN)                                                                \
    X("NEW LIMIT W", "newLimitWatts", OPTION, PLAIN)                                               \
    X("COST", "price", MONEY, PLAIN)                                                               \
    X("PER SLOT", "pricePerSlot", MONEY, PLAIN)                                                    \
    X("CURRENCY", "currency", NAME, PLAIN)                                                         \
    X("RACK UNITS", "rackUnits", OPTION, PLAIN)                                                    \
    X("LEAD DAYS", "leadTimeDays", OPTION, PLAIN)                                                  \
    X("IN TIME", "inTime", NAME, PLAIN)
#define UNKNOWN_LIST(X)                                                                            \
    X("UNKNOWN", "what", TEXT, KEY)                                                                \
    X("COUNT", "count", COUNT, PLAIN)                                                              \
    X("OF", "of", WORD, PLAIN)                                                                     \
    X("FIRST", "first", NAME, PLAIN)

enum { PLAIN, WIDE, KEY };
#define UNIT_TEXT ""
#define UNIT_WORD ""
#define UNIT_NAME ""
#define UNIT_COUNT ""
#define UNIT_WATTS " W"
#define UNIT_KW ""
#define UNIT_GBPS ""
#define UNIT_PERCENT ""
#define UNIT_REAL ""
#define UNIT_MONEY ""
#define UNIT_OPTION ""
#define UNIT_DATE ""
#define UNIT_YES ""
#define UNIT_SUMS ""
#define AS_SPEC(heading, path, show, sort)                                                         \
    {heading, path, SY_SHOW_##show, (sort) == WIDE, (sort) == KEY},
#define AS_TABLE(heading, path, show, sort)                                                        \
    {heading, (sort) == WIDE, SY_SHOW_##show >= SY_SHOW_COUNT && SY_SHOW_##show <= SY_SHOW_OPTION},
#define AS_CSV(heading, path, show, sort) {heading UNIT_##show, false, false},
/* The same columns three times: for reading rows, for tables, for csv behind the section's name. */
#define COLUMNS(name, LIST)                                                                        \
    static const struct sy_spec_column name##_spec[] = {LIST(AS_SPEC)};                            \
    static const struct sy_column name##_table[] = {LIST(AS_TABLE)};                               \
    static const struct sy_column name##_csv[] = {{"SECTION", false, false}, LIST(AS_CSV)};

COLUMNS(totals, TOTALS_LIST)
COLUMNS(models, MODELS_LIST)
COLUMNS(racks, RACKS_LIST)
COLUMNS(nodes, NODES_LIST)
COLUMNS(namespaces, NAMESPACES_LIST)
COLUMNS(owners, OWNERS_LIST)
COLUMNS(places, PLACES_LIST)
COLUMNS(shapes, SHAPES_LIST)
COLUMNS(stranded, STRANDED_LIST)
COLUMNS(stranded_devices, STRANDED_DEVICES_LIST)
COLUMNS(links, LINKS_LIST)
COLUMNS(over, OVER_LIST)
COLUMNS(power, POWER_LIST)
COLUMNS(growth, GROWTH_LIST)
COLUMNS(ways, WAYS_LIST)
COLUMNS(unknown, UNKNOWN_LIST)

#define SPEC(name_, title_, rows_, columns, none_, is_long_, note_)                                \
    {                                                                                              \
        .name = (name_), .title = (title_), .rows = (rows_), .none = (none_), .note = (note_),     \
        .is_long = (is_long_), .column = columns##_spec, .table = columns##_table,                 \
        .csv = columns##_csv, .ncolumn = sizeof columns##_spec / sizeof columns##_spec[0]          \
    }
/* Said once below tables that share one. */
static const char sums_note[] =
    "Sums (*, racks, nodes, namespaces, owners) are without NICs, which have a row by kind and by "
    "model; CLOSED is healthy and nobody's, on nodes that take no pods";
static const char slots_note[] =
    "SLOTS are the best packing, each node filled to the end; `switchyard whatif how-many` follows "
    "kube-scheduler's choice of nodes, by which fewer may fit";
const struct sy_spec sy_specs[] = {
    SPEC("totals", "Devices by kind", "devices.totals", totals, "no devices", false, sums_note),
    SPEC("models", "Devices by model", "devices.models", models, "no devices", false, NULL),
    SPEC("racks", "Devices by rack", "devices.racks", racks, "no nodes", true, sums_note),
    SPEC("nodes", "Devices by node", "devices.nodes", nodes, "no nodes", true, sums_note),
    SPEC("namespaces", "Devices by namespace", "namespaces", namespaces, "no pod holds a device",
         true, sums_note),
    SPEC("owners", "Devices by owner", "owners", owners, "no pod holds a device", true, sums_note),
    SPEC("places", "What is still whole", "places", places, "no devices", false, NULL),
    SPEC("shapes", "Slots left per pod shape, each alone", "shapes", shapes,
         "no pod asks for a device", false, slots_note),
    SPEC("stranded", "Stranded devices: held by nobody, and no shape can use them",
         "stranded.reasons", stranded, "none", true, NULL),
    SPEC("stranded-devices", "Stranded devices, one by one", "stranded.devices", stranded_devices,
         "none", true, NULL),
    SPEC("links", "Links that devices share", "links.kinds", links, "none", false, NULL),
    SPEC("links-over", "Links with more demand than capacity", "links.over", over, "none", true,
         NULL),
    SPEC("power", "Power by level", "power.elements", power, "no limits", true, NULL),
    SPEC("growth", "Growth: when a shape stops fitting", "growth.arrivals", growth,
         "no arrivals given (--arrivals)", false, NULL),
    SPEC("ways", "Ways to more room for the shape that stops first", "growth.ways", ways,
         "none found, or no arrivals given (--arrivals)", false, NULL),
    SPEC("data", "What was not known", "data.unknown", unknown, "everything was told", false, NULL),
};
const size_t sy_nspec = sizeof sy_specs / sizeof sy_specs[0];

const struct sy_spec *sy_spec_find(const char *name)
{
    for (size_t i = 0; i < sy_nspec; i++)
        if (strcmp(sy_specs[i].name, name) == 0)
            return &sy_specs[i];
    return NULL;
}

/* A number with at most `decimals`, without needless zeros. */
static const char *number_text(double value, int decimals, char *buf, size_t size)
{
    (void)snprintf(buf, size, "%.*f", decimals, value);
    if (strchr(buf, '.') != NULL) {
        char *end = buf + strlen(buf);
        while (end[-1] == '0')
            *--end = '\0';
        if (end[-1] == '.')
            end[-1] = '\0';
    }
    return strcmp(buf, "-0") == 0 ? "0" : buf;
}

const char *sy_watts_text(double watts, char *buf, size_t size)
{
    char text[64];
    bool mega = fabs(watts) >= 999950, kilo = fabs(watts) >= 999.5;
    double value = mega ? watts / 1e6 : kilo ? watts / 1e3 : watts;
    (void)snprintf(buf, size, "%s %s",
                   number_text(value,
                               mega   ? 2
                               : kilo ? 1
                                      : 0,
                               text, sizeof text),
                   mega   ? "MW"
                   : kilo ? "kW"
                          : "W");
    return buf;
}

static void put_sums(struct sy_str *to, const json_t *sums)
{
    const char *key = NULL;
    json_t *value = NULL;
    size_t n = 0;
    json_object_foreach((json_t *)sums, key, value)
    {
        sy_str_printf(to, "%s%s %lld", n++ > 0 ? ", " : "", key,
                      (long long)json_integer_value(value));
    }
    if (n == 0)
        sy_str_append(to, "-");
}

static void put_null(const struct sy_spec_column *column, struct sy_str *to)
{
    switch ((enum sy_show)column->show) {
    case SY_SHOW_NAME:
    case SY_SHOW_MONEY:
    case SY_SHOW_OPTION:
    case SY_SHOW_SUMS:
        sy_str_append(to, "-");
        return;
    case SY_SHOW_DATE:
        sy_str_append(to, "later");
        return;
    case SY_SHOW_YES:
        return;
    case SY_SHOW_TEXT:
    case SY_SHOW_WORD:
    case SY_SHOW_COUNT:
    case SY_SHOW_WATTS:
    case SY_SHOW_KW:
    case SY_SHOW_GBPS:
    case SY_SHOW_PERCENT:
    case SY_SHOW_REAL:
        sy_str_append(to, "?");
        return;
    }
}

static int decimals_of(const struct sy_spec_column *column)
{
    switch ((enum sy_show)column->show) {
    case SY_SHOW_GBPS:
    case SY_SHOW_PERCENT:
        return 1;
    case SY_SHOW_KW:
    case SY_SHOW_REAL:
    case SY_SHOW_WATTS:
        return 2;
    case SY_SHOW_TEXT:
    case SY_SHOW_WORD:
    case SY_SHOW_NAME:
    case SY_SHOW_COUNT:
    case SY_SHOW_MONEY:
    case SY_SHOW_OPTION:
    case SY_SHOW_DATE:
    case SY_SHOW_YES:
    case SY_SHOW_SUMS:
        return 0;
    }
    return 0;
}

void sy_spec_show(const struct sy_spec_column *column, const json_t *row, bool plain,
                  struct sy_str *to)
{
    const json_t *value = sy_report_at(row, column->path);
    to->len = 0;
    sy_str_append(to, "");
    if (to->data != NULL)
        to->data[0] = '\0';
    char text[64];
    if (column->show == SY_SHOW_WATTS && json_is_number(value) && !plain)
        sy_str_append(to, sy_watts_text(json_number_value(value), text, sizeof text));
    else if (json_is_string(value))
        sy_str_append(to, json_string_value(value));
    else if (json_is_number(value))
        sy_str_append(
            to, number_text(json_number_value(value), decimals_of(column), text, sizeof text));
    else if (column->show == SY_SHOW_SUMS && json_is_object(value))
        put_sums(to, value);
    else if (json_is_true(value))
        sy_str_append(to, "yes");
    else if (!json_is_false(value))
        put_null(column, to);
}
