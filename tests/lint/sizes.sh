#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Nothing grows past what one reads at a sitting; and every file names its licence.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh" "$@"

max_file=600 max_header=120 max_function=60 max_readme=40

while IFS= read -r file; do
    lines=$(wc -l <"$file")
    [ "$lines" -le $max_file ] || complain "$file: $lines lines, at most $max_file"
done < <(files '*.c' '*.h' '*.sh' '*.py')

# Lines of a header that are neither blank nor comment.
while IFS= read -r file; do
    lines=$(perl -0777 -pe 's{/\*.*?\*/|//[^\n]*}{}gs' "$file" | grep -c '[^[:space:]]' || true)
    [ "$lines" -le $max_header ] ||
        complain "$file: $lines lines of declarations, at most $max_header"
done < <(files '*.h')

# A function's body stands between { and } in the first column.
while IFS= read -r file; do
    while read -r start length; do
        complain "$file:$start: function of $length lines, at most $max_function"
    done < <(awk -v max=$max_function '
        /^\{/ { start = NR }
        /^\}/ && start { if (NR - start - 1 > max) print start, NR - start - 1; start = 0 }' "$file")
done < <(files '*.c')

while IFS= read -r file; do
    lines=$(wc -l <"$file")
    [ "$file" = README.md ] || [ "$lines" -le $max_readme ] ||
        complain "$file: $lines lines, at most $max_readme"
done < <(files 'README.md')

while IFS= read -r file; do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
        complain "$file: no SPDX-License-Identifier in the first lines"
done < <(files '*.c' '*.h' '*.sh' '*.py' '*.go' '*.cmake' 'CMakeLists.txt')
verdict
