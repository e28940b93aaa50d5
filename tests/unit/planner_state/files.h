/* SPDX-License-Identifier: Apache-2.0 */
/* Small files of a test, in a folder of its own below the build folder. */
#ifndef SY_TESTS_UNIT_PLANNER_STATE_FILES_H
#define SY_TESTS_UNIT_PLANNER_STATE_FILES_H

/* Write the text (replacing what was there); the path lasts until the next eight calls. */
const char *files_write(const char *name, const char *text);
const char *files_folder(void);
/* Remove all of them; also at the end of the program. */
void files_clear(void);

#endif
