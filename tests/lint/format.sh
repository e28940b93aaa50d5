#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# C files are laid out as .clang-format says. To mend: clang-format -i FILE.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh" "$@"

formatter=$(command -v clang-format-14 || command -v clang-format) || complain "no clang-format"
while IFS= read -r file; do
    "$formatter" --dry-run -Werror "$file" >/dev/null 2>&1 ||
        complain "$file: $formatter -i would change it"
done < <(files '*.c' '*.h')
verdict
