#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shell scripts, whatever their name, pass shellcheck.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh" "$@"

command -v shellcheck >/dev/null || complain "no shellcheck"
while IFS= read -r file; do
    shellcheck -x "$file" || complain "$file: shellcheck complains"
done < <({
    files '*.sh'
    files '*' | grep -v '\.[a-z]*$' | xargs -r -d '\n' grep -lE '^#!.*\b(ba)?sh\b' || true
} | sort -u)
verdict
