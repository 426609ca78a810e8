# SPDX-License-Identifier: GPL-2.0-or-later
# The manual page's EXAMPLES do what the page says.
. "$(dirname "$0")/lib.sh"
page=$top_srcdir/man/iommuctl.8

mkdir "$tmp/bin" "$tmp/examples" "$tmp/cwd"
# shellcheck disable=SC2016
printf '#!/bin/sh\nexec $IOMMUCTL_WRAPPER "$IOMMUCTL" "$@"\n' >"$tmp/bin/iommuctl"
chmod +x "$tmp/bin/iommuctl"

# One file NN.STATUS per example; NN.unmarked where the page does not say how it ends.
awk -v dir="$tmp/examples" '
	/^\.Sh / { inside = $0 == ".Sh EXAMPLES" }
	!inside { next }
	/^\.\\" example: / { mark = $3 == "exit" ? $4 : "not-run"; next }
	/^\.Bd / { file = sprintf("%s/%02d.%s", dir, ++n, mark == "" ? "unmarked" : mark); printf "" > file; display = 1; next }
	/^\.Ed/ { display = 0; mark = ""; close(file); next }
	display { gsub(/\\-/, "-"); gsub(/\\e/, "\\"); print > file }' "$page"

is "$(find "$tmp/examples" -name '*.unmarked' | wc -l)" 0 "every example says how it ends"
isnt "$(find "$tmp/examples" -name '*.[0-9]*' | wc -l)" 0 "there are examples to run"
cd "$tmp/cwd" || exit 1
for example in "$tmp"/examples/*.[0-9]*; do
	name="example ${example##*/}: $(head -n 1 "$example")"
	PATH=$tmp/bin:$PATH timeout 600 bash "$example" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null
	status=$?
	lib_collect "$name"
	status_is "${example##*.}" "$name"
done
done_testing
