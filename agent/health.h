/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a device may take new pods, from looks at it one after the other; pure. It changes its
 * mind slowly in both directions: one odd reading takes no device out of service, and a device that
 * comes and goes does not come back at each of its good moments. */
#ifndef SY_AGENT_HEALTH_H
#define SY_AGENT_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

/* Looks come once per --poll (1 s). Three bad ones in a row take a device out: a driver that is
 * reloaded or a link that retrains is back within one or two. Six good ones bring it back: a driver
 * that fails again after each reset does so within a few seconds, and a device that is well is to
 * be usable within ten, of which noticing and writing take up to four. */
#define SY_HEALTH_BAD_LOOKS 3u
#define SY_HEALTH_GOOD_LOOKS 6u

/* Errors counted by PCIe AER (kernel: Documentation/ABI/testing/sysfs-bus-pci-devices-aer_stats).
 * A fatal one means that the link was reset below the driver, so its sign stays for five minutes;
 * of non-fatal ones a transaction was lost each time. Correctable ones cost only time: PCI Express
 * allows a bit error rate of 1e-12, on 16 lanes at 16 GT/s 15 a minute; a link that has forty times
 * as many is one that is about to fail. */
#define SY_HEALTH_FATAL_HOLD_S 300
#define SY_HEALTH_WINDOW_S 60
#define SY_HEALTH_NONFATAL_MAX 10u     /* in the window */
#define SY_HEALTH_CORRECTABLE_MAX 600u /* in the window */

/* X(id, text that lasts as long as the state) most serious first */
#define SY_AILMENTS(X)                                                                             \
    X(LOST, "lost: not on the bus")                                                                \
    X(GONE_AWAY, "bound to vfio-pci: given to a virtual machine")                                  \
    X(NO_DRIVER, "no driver is bound")                                                             \
    X(NOT_OFFERED, "not offered by its device plugin any more")                                    \
    X(FATAL, "fatal PCIe errors")                                                                  \
    X(LINK_DOWN, "PCIe link is down")                                                              \
    X(NONFATAL, "many non-fatal PCIe errors")                                                      \
    X(CORRECTABLE, "very many correctable PCIe errors")                                            \
    X(NONE, "")
enum sy_ailment {
#define X(id, text) SY_AILMENT_##id,
    SY_AILMENTS(X)
#undef X
        SY_AILMENT_COUNT
};

/* One look. Counts are totals since boot, -1 = not told. */
struct sy_look {
    bool present;
    bool driver_matters; /* false: virtual NICs are handed out with any driver */
    bool has_driver, is_vfio;
    bool was_offered, is_offered; /* by the kubelet: ever since our start, and now */
    int64_t fatal, nonfatal, correctable;
    uint16_t cur_width, max_width; /* lanes, 0 = unknown */
};

/* What is remembered of one device. Starts zeroed: healthy. */
struct sy_health {
    bool unhealthy;
    uint8_t ailment;    /* enum sy_ailment, when unhealthy */
    int64_t since_us;   /* Unix time at which `ailment` began */
    uint8_t seen;       /* ailment of the last look … */
    uint16_t same;      /* … and of how many looks in a row */
    uint16_t bad, good; /* looks in a row */
    bool had_link, counted;
    int64_t last_fatal_us; /* 0 = none */
    int64_t window_us;     /* begin of the window and the totals then */
    int64_t fatal, nonfatal, correctable;
    uint64_t nonfatal_before, correctable_before; /* errors of the window before */
};

/* Take in a look at `now_us` (Unix time). A lost device is unhealthy at once: whatever is placed on
 * it fails. True when `unhealthy` or `ailment` changed. */
bool sy_health_look(struct sy_health *health, const struct sy_look *look, int64_t now_us);
const char *sy_ailment_text(unsigned ailment); /* never NULL */

#endif
