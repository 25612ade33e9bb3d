#!/usr/bin/env bash
# The book and the spelling of everything: scripts/book.sh fetch|check DIR. `fetch` puts mdBook and typos into DIR where they are not there;
# `check` does so too, builds the book into DIR/book, and fails on a warning of mdBook or a word that is misspelt. What pages show and
# link to is checked by tests/book.rs.
set -euo pipefail
tools=$(realpath -m "$2")
cd "$(dirname "$0")/.."
mkdir -p "$tools"
export PATH="$tools/bin:$tools/typos/bin:$PATH"
# Without the server of `mdbook serve`, which most of its dependencies are for, and unoptimised: 97 s of processor time in place of 224 s.
command -v mdbook >/dev/null || cargo install mdbook --locked --quiet --debug --no-default-features --features search --root "$tools"
command -v typos >/dev/null || { python3 -m venv "$tools/typos" && "$tools/typos/bin/pip" install -q typos; }
[ "$1" = check ] || exit 0
mdbook build docs --dest-dir "$tools/book" 2>&1 | tee "$tools/mdbook.log"
test -s "$tools/book/index.html"
if grep -qE 'WARN|ERROR' "$tools/mdbook.log"; then exit 1; fi
typos
