/* SPDX-License-Identifier: Apache-2.0 */
/* Why a node passes or not: few, constant texts. kube-scheduler counts equal texts, and a text that
 * changes between attempts wakes the pod at once: no text holds a number or a name. MALFORMED alone
 * is said in the pod's own words (sy_verdict.detail), which no attempt changes. */
#ifndef SY_SCORING_REASON_H
#define SY_SCORING_REASON_H

/* What a verdict means for the pod: fits now; busy: could fit once something is freed; never. */
#define SY_VERDICTS(X) X(FITS, "fits") X(BUSY, "busy") X(NEVER, "never")
enum sy_verdict_kind {
#define X(id, name) SY_VERDICT_##id,
    SY_VERDICTS(X)
#undef X
        SY_VERDICT_KIND_COUNT
};

/* X(id, verdict, id in metrics and JSON, text on the wire) */
#define SY_REASONS(X)                                                                              \
    X(FITS, FITS, "fits", "switchyard: fits")                                                      \
    X(UNKNOWN_NODE, FITS, "unknown-node", "switchyard: fits as far as is known")                   \
    X(NO_RESOURCE, NEVER, "no-resource", "switchyard never: no such device")                       \
    X(TOO_FEW, NEVER, "too-few", "switchyard never: fewer devices than asked for")                 \
    X(UNHEALTHY, BUSY, "unhealthy", "switchyard busy: too few healthy devices")                    \
    X(HELD, BUSY, "held", "switchyard busy: too few free devices")                                 \
    X(REQUIRE_NEVER, NEVER, "require-never", "switchyard never: no devices meet require")          \
    X(REQUIRE_BUSY, BUSY, "require-busy", "switchyard busy: no free devices meet require")         \
    X(REQUIRE_UNKNOWN, BUSY, "require-unknown",                                                    \
      "switchyard busy: require cannot be shown, the node's topology is unknown")                  \
    X(BANDWIDTH_NEVER, NEVER, "bandwidth-never",                                                   \
      "switchyard never: no devices reach min-bandwidth")                                          \
    X(BANDWIDTH_BUSY, BUSY, "bandwidth-busy",                                                      \
      "switchyard busy: no free devices reach min-bandwidth")                                      \
    X(NOT_GUARANTEED_NEVER, NEVER, "not-guaranteed-never",                                         \
      "switchyard never: require cannot be guaranteed")                                            \
    X(NOT_GUARANTEED_BUSY, BUSY, "not-guaranteed-busy",                                            \
      "switchyard busy: require cannot be guaranteed now")                                         \
    X(AFFINITY_NEVER, NEVER, "affinity-never",                                                     \
      "switchyard never: the kubelet's Topology Manager would refuse any devices")                 \
    X(AFFINITY_BUSY, BUSY, "affinity-busy",                                                        \
      "switchyard busy: the kubelet's Topology Manager would refuse the free devices")             \
    X(POWER_NEVER, NEVER, "power-never", "switchyard never: over the power cap")                   \
    X(POWER_BUSY, BUSY, "power-busy", "switchyard busy: no power headroom")                        \
    X(MALFORMED, NEVER, "malformed", "switchyard never: malformed pod annotation")
enum sy_reason {
#define X(id, verdict, name, text) SY_REASON_##id,
    SY_REASONS(X)
#undef X
        SY_REASON_COUNT
};

enum sy_verdict_kind sy_reason_verdict(enum sy_reason reason);
const char *sy_reason_name(enum sy_reason reason);
const char *sy_reason_text(enum sy_reason reason);
const char *sy_verdict_name(enum sy_verdict_kind kind);

#endif
