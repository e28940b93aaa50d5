/* SPDX-License-Identifier: Apache-2.0 */
/* What every single question starts from: the cluster, the pods of -f, a plan; and what its answer
 * begins and ends with. */
#ifndef SY_PLANNER_EXPLAIN_QUESTION_H
#define SY_PLANNER_EXPLAIN_QUESTION_H

#include "planner/explain/form.h"
#include "planner/plan/plan.h"
#include "planner/plan/workload.h"

#define SY_QUESTION_PODS_MAX 100000u         /* pods of all -f together */
#define SY_QUESTION_MEMORY ((size_t)4 << 30) /* bytes of pods and lists */
#define SY_QUESTION_NOTES_MAX 64u            /* said of pods that are not modelled */
#define SY_QUESTION_WEIGHT 5                 /* of the extender, deploy/scheduler */

struct sy_question {
    struct sy_cli *cli;
    struct sy_state *state;
    struct sy_arena *arena;   /* what lives as long as the question */
    struct sy_arena *scratch; /* of one step: who uses it resets it first */
    struct sy_plan *plan;
    struct sy_workload_pods pods; /* of -f, or the cluster's pending ones */
    uint32_t *id;                 /* of each in the plan */
    bool from_file;               /* they are those of -f */
    json_t *notes;
    json_t *kept; /* what the pods of -f point into */
    struct sy_form form;
};

/* X: pods that a question is about */
enum sy_question_pods {
    SY_QUESTION_NONE,    /* takes no -f */
    SY_QUESTION_FILE,    /* -f must be given */
    SY_QUESTION_PENDING, /* -f, or without it the cluster's pending pods */
};

/* Read state and pods, make the plan. `options` NULL: the usual ones. Errors of state, files and
 * plan; SY_EINVAL: no node in the cluster; SY_EUSAGE without -f where it must be; SY_ENOENT:
 * nothing in the files. Release with sy_question_done, also after a failure. */
SY_NODISCARD enum sy_code sy_question_begin(struct sy_cli *cli, enum sy_question_pods pods,
                                            const struct sy_plan_options *options,
                                            struct sy_question *ret, struct sy_err *err);
void sy_question_done(struct sy_question *question);

/* A text to the notes of the answer. */
void sy_question_note(struct sy_question *question, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The head of the answer: kind, kubeSchedulerVersion, source, headroom. Borrowed: the result owns
 * it. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_question_answer(struct sy_question *question, const char *kind,
                                             json_t **ret, struct sy_err *err);
/* The notes go last, in JSON and below the tables; SY_ENOMEM when anything could not be built. */
SY_NODISCARD enum sy_code sy_question_end(struct sy_question *question, struct sy_err *err);
/* A command that takes nothing but options was given this. */
SY_NODISCARD enum sy_code sy_question_no_rest(const struct sy_cli *cli, struct sy_err *err);

/* "default/train-0", in the arena; NULL: out of memory. */
const char *sy_pod_text(const struct sy_state_pod *pod, struct sy_arena *arena);
static inline const char *sy_node_text(const struct sy_plan *plan, uint32_t node)
{
    return node == UINT32_MAX ? NULL : sy_plan_node(plan, node).object->name;
}
/* The plan's table of options that several questions have in common. */
#define SY_OPTION_FILE                                                                             \
    {                                                                                              \
        .name = "filename", .letter = 'f', .arg = "FILE|-", .repeats = true,                       \
        .help = "pods, or what makes pods (Job, Deployment, JobSet ...); may be repeated"          \
    }

#endif
