/* SPDX-License-Identifier: Apache-2.0 */
/* Private to scenario*.c: reading a scenario file. */
#ifndef SY_PLANNER_WHATIF_SCENARIO_PRIVATE_H
#define SY_PLANNER_WHATIF_SCENARIO_PRIVATE_H

#include "base/yaml.h"
#include "planner/whatif/scenario.h"

#define SY_SCENARIO_TEXT_MAX 1024u /* bytes of a name, a path, a label */

struct sy_scenario_reader {
    const char *file;
    struct sy_arena *arena;
    struct sy_scenario *scenario;
    struct sy_err *err;
};

/* scenario_read.c: members of a map; what is absent leaves *ret as it is. */
SY_NODISCARD enum sy_code sy_scenario_text(struct sy_scenario_reader *r, const struct sy_yaml *map,
                                           const char *key, const char **ret);
SY_NODISCARD enum sy_code sy_scenario_path(struct sy_scenario_reader *r, const struct sy_yaml *map,
                                           const char *key, const char **ret);
SY_NODISCARD enum sy_code sy_scenario_watts(struct sy_scenario_reader *r, const struct sy_yaml *map,
                                            const char *key, int64_t *ret_mw);
SY_NODISCARD enum sy_code sy_scenario_price(struct sy_scenario_reader *r, const struct sy_yaml *map,
                                            struct sy_scenario_price *ret);
SY_NODISCARD enum sy_code sy_scenario_labels(struct sy_scenario_reader *r,
                                             const struct sy_yaml *map, struct sy_label_match **ret,
                                             size_t *ret_n);
/* scenario_steps.c: one step. */
SY_NODISCARD enum sy_code sy_scenario_step(struct sy_scenario_reader *r, const struct sy_yaml *map,
                                           struct sy_step *ret);
/* scenario_json.c: what stands in the file as JSON, as YAML 1.2's core schema reads it; owned by
 * the scenario. */
SY_NODISCARD enum sy_code sy_scenario_json(struct sy_scenario_reader *r, const struct sy_yaml *node,
                                           json_t **ret);

#endif
