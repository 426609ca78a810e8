# SPDX-License-Identifier: GPL-2.0-or-later
# The manual page is whole: every command and option of the binary is in it, and nothing that the binary does not have.
. "$(dirname "$0")/lib.sh"
page=$top_srcdir/man/iommuctl.8

# section .Sh|.Ss NAME: the text of a section or subsection
section() {
	awk -v macro="$1" -v name="$2" '
		/^\.S[hs] / {
			title = $0; sub(/^\.S[hs] /, "", title)
			inside = ($1 == macro && title == name) || (inside && macro == ".Sh" && $1 == ".Ss")
			next
		}
		inside' "$page"
}

# documented: the option items of the text on stdin
documented() { grep '^\.It Fl' | grep -oE 'Fl Fl [a-z0-9-]+' | sed 's/^Fl Fl /--/' | sort -u; }
options() { "$IOMMUCTL" --list-opts "$1" | sed 's/=.*//' | sort -u; }

commands=$("$IOMMUCTL" --list-cmds | tr ' ' '\n' | sort)
isnt "$commands" "" "the binary lists its commands"
is "$(section .Sh COMMANDS >/dev/null; awk '/^\.Sh /{c = $2 == "COMMANDS"} c && /^\.Ss /{print $2}' "$page" | sort)" "$commands" \
	"the page has the binary's commands and no others"

# what every command has is global
common=
for c in $commands; do
	if [ -z "$common" ]; then common=$(options "$c"); else common=$(comm -12 <(echo "$common") <(options "$c")); fi
done
is "$(section .Sh 'GLOBAL OPTIONS' | documented)" "$common" "the global options are all there"
for c in $commands; do
	is "$(section .Ss "$c" | documented)" "$(comm -23 <(options "$c") <(echo "$common"))" \
		"the options of $c are all there"
	run "$c" --help
	is "$status" 0 "$c --help succeeds"
	for o in $(options "$c" | grep '^--'); do grep -q -- "$o" "$tmp/stdout" || echo "$o"; done >"$tmp/unsaid"
	is "$(<"$tmp/unsaid")" "" "and names each of its options"
done

# tables of the binary
faults=$("$IOMMUCTL" --backend sim,help | awk '$1 ~ /^[a-z]+(-[a-z]+)+$|^untranslated$/ { print $1 }' | sort)
isnt "$faults" "" "the binary lists misbehaviours"
is "$(section .Sh 'THE SIMULATED IOMMU' | sed -n 's/^\.It Cm //p' | sort)" "$faults" "the misbehaviours are all there"

if command -v mandoc >/dev/null; then
	is "$(mandoc -T lint "$page" | grep -v 'referenced manual not found')" "" "mandoc has nothing to say against it"
else
	skip "mandoc has nothing to say against it" "mandoc is not installed"
fi
done_testing
