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
models=$("$IOMMUCTL" --backend sim,help | awk '$1 ~ /=/ { print $1 }' | sort)
isnt "$models" "" "the binary lists models"
is "$(section .Sh 'REGISTER MODELS' | sed -n 's/^\.It Cm //p' | sed 's/ , /\n/g' | sort)" "$models" "the models are all there, and how they break"
for name in $("$IOMMUCTL" --driver nosuch compare 2>&1 | sed -n 's/^hint: known drivers: //p' | tr -d ,); do
	ok "the driver $name is there" grep -qx "${name%%:*}" <(section .Sh DRIVERS | sed -n 's/^\.It Cm //p' | sed 's/ , /\n/g' | sed 's/[: ].*//')
done

# iommuctl-registers(7) is made from the tables that decode prints from: both hold the same registers and fields
registers=$top_builddir/man/iommuctl-registers.7
[ -e "$registers" ] || registers=$top_srcdir/man/iommuctl-registers.7
names=$("$IOMMUCTL" -q decode --list | awk '$3 == "bits" { print $1 }')
isnt "$names" "" "the binary lists registers"
is "$(sed -n 's/^\.Ss //p' "$registers")" "$names" "the registers are all there"
if have_jq; then
	for name in $names; do
		run -q --json decode "$name=0"
		is "$(awk -v name="$name" '/^\.S[hs] /{ inside = $2 == name } inside && sub(/^\.It Cm /, "")' "$registers" |
			sed -E 's/^(.*) Pq ([0-9:]+)$/\2 \1/')" \
			"$(json '.registers[0].fields[] | select(.name != "reserved") | "\(.bits) \(.name)"')" "the fields of $name are all there"
	done
	run -q --json decode vtd.cap=0x638ff0000000e00 vtd.ecap=0x1e80000000002
	for fact in $(json '.facts[].name'); do
		is "$(grep -cx "\.It Cm $fact" "$registers")" 1 "the fact $fact is there"
	done
else
	skip "the fields of the registers are all there" "jq is not installed"
fi

# iommuctl-audit(7) is made from the rules: it has what audit --list lists, each with its text
audit=$top_builddir/man/iommuctl-audit.7
[ -e "$audit" ] || audit=$top_srcdir/man/iommuctl-audit.7
run audit --list
findings=$(awk '$2 ~ /^(info|low|medium|high)$/ { print $1 }' "$tmp/stdout")
isnt "$findings" "" "the binary lists findings"
is "$(sed -n 's/^\.Ss //p' "$audit")" "$findings" "the findings are all there"
is "$(grep -c '^\.Em What to do :$' "$audit")" "$(wc -l <<<"$findings")" "and what to do about each"

if command -v mandoc >/dev/null; then
	for p in "$page" "$registers" "$audit" "$top_srcdir"/man/*.5; do
		is "$(mandoc -T lint "$p" | grep -v 'referenced manual not found')" "" "mandoc has nothing to say against ${p##*/}"
	done
else
	skip "mandoc has nothing to say against the pages" "mandoc is not installed"
fi
done_testing
