/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/log.h"

#include "base/hash.h"

#include <string.h>
#include <unistd.h>

void sy_agent_log(enum sy_level level, const char *msg, const struct sy_agent_pair *pairs)
{
    struct sy_log_line line;
    sy_log_line_begin(&line, SY_LOG_TEXT, level, msg);
    for (; pairs != NULL && pairs->key != NULL; pairs++)
        sy_log_str(&line, pairs->key, pairs->value);
    sy_log_line_end(&line);
    ssize_t written = write(STDERR_FILENO, line.text, line.len);
    (void)written; /* nobody to tell */
}

void sy_agent_say(struct sy_agent_said *said, enum sy_level level, const char *msg, const char *why,
                  const char *well)
{
    uint64_t text = why != NULL ? sy_hash_name(why, strlen(why)) | 1 : 0;
    if (text == said->text)
        return;
    said->text = text;
    if (why != NULL)
        sy_agent_log(level, msg, SY_AGENT_PAIRS({"error", why}));
    else if (well != NULL)
        sy_agent_log(SY_LEVEL_INFO, well, NULL);
}
