/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a report as data: where their rows are in the JSON, and how each member is shown.
 * Tables, CSV, HTML and the comparison are drawn from this one list. */
#ifndef SY_PLANNER_REPORT_SPEC_H
#define SY_PLANNER_REPORT_SPEC_H

#include "planner/cli/output.h"
#include "planner/report/write.h"

/* X(id): how a member is shown; null is "?" where it is unknown, "-" where there is none */
enum sy_show {
    SY_SHOW_TEXT, /* may be long: it is wrapped on the page */
    SY_SHOW_WORD,
    SY_SHOW_NAME,  /* null: "-" */
    SY_SHOW_COUNT, /* null: "?" */
    SY_SHOW_WATTS, /* "12.3 kW" for people, watts in csv */
    SY_SHOW_KW,    /* kilowatts; null: "?" */
    SY_SHOW_GBPS,
    SY_SHOW_PERCENT,
    SY_SHOW_REAL,
    SY_SHOW_MONEY,  /* null: "-" */
    SY_SHOW_OPTION, /* a count; null: "-" */
    SY_SHOW_DATE,   /* null: "later" */
    SY_SHOW_YES,    /* true: "yes", else "" */
    SY_SHOW_SUMS,   /* {"GPU": 3, "NIC": 1} → "GPU 3, NIC 1"; {} → "-" */
};

struct sy_spec_column {
    const char *heading; /* in capitals */
    const char *path;    /* of the member in a row, "sets.4"; "" = the row itself */
    uint8_t show;        /* enum sy_show */
    bool wide;           /* in wide and csv alone */
    bool key;            /* rows of two reports are the same when these are */
};
struct sy_spec {
    const char *name;                    /* of --section */
    const char *title;                   /* above the table */
    const char *rows;                    /* path of the array */
    const char *none;                    /* said when it is empty */
    const char *note;                    /* said below it; NULL */
    bool is_long;                        /* it grows with the cluster: people see its first rows */
    const struct sy_spec_column *column; /* [ncolumn] */
    const struct sy_column *table;       /* the same */
    const struct sy_column *csv;         /* [ncolumn + 1]: the section's name stands first */
    size_t ncolumn;
};
extern const struct sy_spec sy_specs[];
extern const size_t sy_nspec;

/* The table of that name; NULL. */
const struct sy_spec *sy_spec_find(const char *name);
/* A member as text: for people, or plain for csv. `to` is emptied first. */
void sy_spec_show(const struct sy_spec_column *column, const json_t *row, bool plain,
                  struct sy_str *to);
/* "12.3 kW", into buf; returned. */
const char *sy_watts_text(double watts, char *buf, size_t size);
static inline bool sy_spec_is_right(const struct sy_spec_column *column)
{
    return (column->show >= SY_SHOW_COUNT && column->show <= SY_SHOW_OPTION);
}

#endif
