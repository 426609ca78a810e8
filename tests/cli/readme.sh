# SPDX-License-Identifier: GPL-2.0-or-later
# The README's first screen shows what the tool finds: its commands are run, and what they print has the same key lines.
. "$(dirname "$0")/lib.sh"
readme=$top_srcdir/README.md

# The block between the markers: "$ iommuctl ..." and what it printed.
awk '/^<!-- shown: /{ on = 1; next } /^<!-- end -->/{ on = 0 } on && !/^```/' "$readme" >"$tmp/shown"
command=$(sed -n 's/^\$ iommuctl //p' "$tmp/shown")
is "$(grep -c '^\$ iommuctl ' "$tmp/shown")" 1 "the README shows one run"
eval "run $command"
is "$status" 1 "it finds the fault"

# What may differ between two runs of one seed: times, rates, the kernel.
key_lines() { grep -vE '^\$ |^iommuctl .*kernel|loops/s' | sed -E 's/[0-9.]+ (ms|s)\>/N s/g; s/[[:space:]]+/ /g; s/ $//' | grep -v '^$'; }
isnt "$(key_lines <"$tmp/shown" | wc -l)" 0 "it shows what was printed"
is "$(key_lines <"$tmp/stdout")" "$(key_lines <"$tmp/shown")" "what it shows is what is printed"

# The session: each line by itself, as typed; what is shown below one is among what it prints.
awk '/^<!-- session: /{ on = 1; next } /^<!-- end -->/{ on = 0 } on && !/^```/' "$readme" >"$tmp/session"
mkdir -m 700 "$tmp/bin" "$tmp/run"
# shellcheck disable=SC2016 # it is the script that has them
printf '#!/bin/sh\nexec $IOMMUCTL_WRAPPER "$IOMMUCTL" "$@"\n' >"$tmp/bin/iommuctl"
chmod +x "$tmp/bin/iommuctl"
export XDG_RUNTIME_DIR=$tmp/run
PATH=$tmp/bin:$PATH
while IFS= read -r line; do
	case $line in
	'$ '*)
		eval "${line#\$ }" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null
		status=$?
		lib_collect "$line"
		status_is 0 "the README's session: ${line#\$ }"
		;;
	*) ok "it prints $line" grep -qxF -- "$line" "$tmp/stdout" ;;
	esac
done <"$tmp/session"
is "$(grep -c -- '--session' "$tmp/session")" 5 "it shows five commands in a session"
is "$(ls "$tmp/run/iommuctl")" "" "and leaves nothing behind"

# Files and commands that it names are there.
for f in $(grep -oE '\]\([A-Za-z0-9_./-]+\)' "$readme" | tr -d '()]'); do ok "the README's link to $f leads somewhere" test -e "$top_srcdir/$f"; done
for c in $(awk '/^## /{ on = $2 == "Commands" } on' "$readme" | grep '^| `' | cut -d '|' -f 2 | tr -d '`,'); do
	ok "the README's command $c is one" grep -qxF "$c" <("$IOMMUCTL" --list-cmds | tr ' ' '\n')
done
for c in $("$IOMMUCTL" --list-cmds); do
	ok "the README has the command $c" grep -qE "^\| .*\`$c\`.* \|" <(awk '/^## /{ on = $2 == "Commands" } on' "$readme")
done
is "$(sed -n 's/^| misbehaviours of the simulation | \([0-9]*\), .*/\1/p' "$readme")" \
	"$("$IOMMUCTL" --backend sim,help | grep -c '^[a-z-]* ')" "the README counts the misbehaviours"
done_testing
