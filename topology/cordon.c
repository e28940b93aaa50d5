/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/cordon.h"

#include "base/str.h"

#include <string.h>

#define BLANKS " \t\r\n"

/* A piece of the annotation, not terminated. */
struct span {
    const char *text;
    size_t len;
};

/* One reading. */
struct reader {
    struct sy_arena *arena;
    struct sy_cordon *cordon;
    size_t n;
    const char *wrong; /* the first thing that is wrong … */
    size_t nwrong;     /* … of so many */
    struct sy_err *err;
};

static enum sy_code no_memory(struct reader *r)
{
    return sy_fail(r->err, SY_ENOMEM, "out of memory");
}

static struct span trimmed(struct span s)
{
    while (s.len > 0 && strchr(BLANKS, s.text[0]) != NULL)
        s = (struct span){s.text + 1, s.len - 1};
    while (s.len > 0 && strchr(BLANKS, s.text[s.len - 1]) != NULL)
        s.len--;
    return s;
}

/* Cut off what stands before `mark`, or all; false when there is no mark. */
static bool cut(struct span *rest, char mark, struct span *ret_before)
{
    const char *at = memchr(rest->text, mark, rest->len);
    size_t len = at != NULL ? (size_t)(at - rest->text) : rest->len;
    *ret_before = trimmed((struct span){rest->text, len});
    len += at != NULL;
    *rest = (struct span){rest->text + len, rest->len - len};
    return at != NULL;
}

/* `what` is not NULL unless memory ran out. */
static enum sy_code wrong(struct reader *r, const char *what)
{
    if (what == NULL)
        return no_memory(r);
    if (r->nwrong++ == 0)
        r->wrong = what;
    return SY_OK;
}

static bool parse_addr(struct span s, struct sy_pci_addr *ret)
{
    char text[SY_PCI_ADDR_TEXT];
    if (s.len >= sizeof text)
        return false;
    memcpy(text, s.text, s.len);
    text[s.len] = '\0';
    return sy_pci_addr_parse(text, ret, NULL) == SY_OK;
}

/* Printable in any case: what is no text is shown as \xNN. Quotes are text here. */
static const char *printable(struct sy_arena *arena, struct span s)
{
    char shown[4 * SY_CORDON_REASON_MAX + 1];
    const char *all = sy_arena_printf(arena, "%s", "");
    while (all != NULL && s.len > 0) {
        size_t plain = 0;
        while (plain < s.len && s.text[plain] != '\'' && s.text[plain] != '"')
            plain++;
        int mark = plain < s.len;
        all = sy_arena_printf(arena, "%s%s%.*s", all, sy_quote(shown, sizeof shown, s.text, plain),
                              mark, s.text + plain);
        plain += (size_t)mark;
        s = (struct span){s.text + plain, s.len - plain};
    }
    return all;
}

/* What is too long is cut between two characters, and that is said. */
static enum sy_code read_reason(struct reader *r, struct span reason, struct sy_cordon *ret)
{
    char addr[SY_PCI_ADDR_TEXT];
    struct span kept = reason;
    if (kept.len > SY_CORDON_REASON_MAX)
        kept.len = SY_CORDON_REASON_MAX;
    while (kept.len > 0 && kept.len < reason.len && (kept.text[kept.len] & 0xC0) == 0x80)
        kept.len--;
    ret->reason = printable(r->arena, kept);
    if (ret->reason == NULL)
        return no_memory(r);
    if (kept.len == reason.len)
        return SY_OK;
    return wrong(
        r, sy_arena_printf(r->arena, "the reason of %s has %zu bytes, of at most %u: it is cut",
                           sy_pci_addr_format(ret->addr, addr), reason.len, SY_CORDON_REASON_MAX));
}

static bool is_known(const struct reader *r, struct sy_pci_addr addr)
{
    for (size_t i = 0; i < r->n; i++) {
        if (sy_pci_addr_cmp(r->cordon[i].addr, addr) == 0)
            return true;
    }
    return false;
}

static enum sy_code read_entry(struct reader *r, struct span entry)
{
    struct span reason = entry, addr;
    struct sy_cordon cordon;
    char shown[64];
    (void)cut(&reason, '=', &addr);
    if (!parse_addr(addr, &cordon.addr))
        return wrong(r, sy_arena_printf(r->arena, "'%s' is no PCI address (dddd:bb:dd.f)",
                                        sy_quote(shown, sizeof shown, addr.text, addr.len)));
    if (is_known(r, cordon.addr))
        return SY_OK;
    if (r->n == SY_CORDON_MAX)
        return wrong(r, sy_arena_printf(r->arena, "more than %u devices: %s is passed over",
                                        SY_CORDON_MAX, sy_pci_addr_format(cordon.addr, shown)));
    enum sy_code code = read_reason(r, trimmed(reason), &cordon);
    if (code == SY_OK)
        r->cordon[r->n++] = cordon;
    return code;
}

enum sy_code sy_cordon_parse(const char *text, struct sy_arena *arena, struct sy_cordon **ret,
                             size_t *ret_n, const char **ret_wrong, struct sy_err *err)
{
    struct reader r = {.arena = arena, .err = err};
    struct span rest = {text, strlen(text)}, entry;
    enum sy_code code = SY_OK;
    r.cordon = sy_arena_calloc(arena, SY_CORDON_MAX, sizeof *r.cordon);
    if (r.cordon == NULL)
        return no_memory(&r);
    while (rest.len > 0 && code == SY_OK) {
        (void)cut(&rest, ';', &entry);
        if (entry.len > 0)
            code = read_entry(&r, entry);
    }
    if (code == SY_OK && r.nwrong > 1) {
        r.wrong = sy_arena_printf(arena, "%s (and %zu more)", r.wrong, r.nwrong - 1);
        if (r.wrong == NULL)
            code = no_memory(&r);
    }
    if (code != SY_OK)
        return code;
    *ret = r.cordon;
    *ret_n = r.n;
    *ret_wrong = r.wrong;
    return SY_OK;
}
