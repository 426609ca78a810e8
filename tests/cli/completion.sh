# SPDX-License-Identifier: GPL-2.0-or-later
# The completion, in a bash that runs it as readline would: it offers what the binary itself lists.
. "$(dirname "$0")/lib.sh"

mkdir "$tmp/bin" "$tmp/pci"
ln -s "$IOMMUCTL" "$tmp/bin/iommuctl"
PATH=$tmp/bin:$PATH
mkdir "$tmp/pci/0000:00:04.0" "$tmp/pci/0000:00:1f.2"
export IOMMUCTL_SYSFS_PCI=$tmp/pci

framework=
for f in /usr/share/bash-completion/bash_completion /etc/bash_completion; do
	[ -r $f ] && framework=$f && break
done

# offers WORD...: what is offered for the last word, one per line, sorted
offers() {
	bash --norc -c '
		[ -z "$1" ] || . "$1"
		. "$2"
		shift 2
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		COMP_LINE="$*"
		COMP_POINT=${#COMP_LINE}
		COMP_TYPE=9
		_iommuctl
		printf "%s\n" "${COMPREPLY[@]}"' bash "$framework" "$top_srcdir/completions/iommuctl.bash" "$@" 2>"$tmp/err" | sort
	if [ -s "$tmp/err" ]; then cat "$tmp/err"; fi
}

listed() { "$IOMMUCTL" "$@" | tr ' ' '\n' | sort; }

isnt "$(listed --list-cmds)" "" "the binary lists its commands"
is "$(offers iommuctl '')" "$(listed --list-cmds)" "every command is offered"
is "$(offers iommuctl comp)" compare "a command is completed"
is "$(offers iommuctl --backend sim comp)" compare "also after a global option"
is "$(offers iommuctl --json --device sim comp)" compare "and after several"
for c in $("$IOMMUCTL" --list-cmds); do
	is "$(offers iommuctl "$c" --)" "$(listed --list-opts "$c" | sed 's/=.*//' | sort)" "every option of $c is offered"
done
is "$(offers iommuctl compare --save)" --save-repro "an option is completed"
like "$(offers iommuctl --ca)" '^--canary$' "a global option is completed before any command"
like "$(offers iommuctl --backend '')" '^sim$' "backends are offered"
like "$(offers iommuctl --backend '')" '^vfio$' "all of them"
is "$(offers iommuctl --backend vfio-)" vfio-v1 "a backend is completed"
like "$(offers iommuctl --backend sim,model=l)" 'lsi$' "a model of the simulation's is completed"
like "$(offers iommuctl --backend sim,model=lsi:broken=g)" 'gone$' "and what is broken of it"
is "$(offers iommuctl compare --iova adv)" adversarial "a choice is completed"
is "$(offers iommuctl compare --iova f)" fixed: "also one with a parameter"
is "$(offers iommuctl compare --mem h)" "$(printf 'hugetlb-1G\nhugetlb-2M')" "a capital at a choice's end belongs to it"
is "$(offers iommuctl --format j)" json "a format is completed"
is "$(offers iommuctl --device s)" sim "sim is a device"
is "$(offers iommuctl bind 0000:00:0 | sed 's/^0*://; s/^0*://')" "$(printf '04.0')" "a device is completed"
is "$(offers iommuctl dma r)" read "dma's directions are offered"
is "$(offers iommuctl dirty read)" "$(printf 'read\nread-clear')" "dirty's verbs are offered"
is "$(offers iommuctl dirty verify --case '' | wc -l)" "$("$IOMMUCTL" -q --json dirty verify --list | jq '.cases | length')" "and verify's cases"
is "$(cd "$top_srcdir/tests" && offers iommuctl dirty show ta)" tap.sh "files are offered where dirty takes them"
is "$(cd "$top_srcdir/tests" && offers iommuctl dirty read a -o ta)" tap.sh "also behind -o"
is "$(offers iommuctl session st)" "$(printf 'start\nstop')" "what is done to a session is offered"
mkdir -p "$tmp/run/iommuctl"
touch "$tmp/run/iommuctl/lab.lock"
is "$(XDG_RUNTIME_DIR=$tmp/run offers iommuctl --session '')" lab "the sessions that are there are offered"
is "$(XDG_RUNTIME_DIR=$tmp/run offers iommuctl session stop '')" lab "and to be stopped"
is "$(offers iommuctl recipe '')" "$(printf 'check\ndry-run')" "what is done to a recipe is offered"
is "$(cd "$top_srcdir/tests" && offers iommuctl recipe check ta)" tap.sh "and files behind it"
is "$(offers iommuctl decode vtd.e)" "vtd.ecap=" "a register is completed"
is "$(offers iommuctl decode '' | wc -l)" "$("$IOMMUCTL" -q decode --list | grep -c bits)" "all registers are offered"
is "$(offers iommuctl bench '')" "$("$IOMMUCTL" bench nosuch 2>&1 | sed -n 's/.* there is //p' | tr -d ' ' | tr ',' '\n' | cat - <(echo compare) | sort)" \
	"the benchmarks are offered"
is "$(offers iommuctl audit --explain lazy)" lazy-flush "a finding is completed"
is "$(offers iommuctl audit --explain '' | wc -l)" "$(("$("$IOMMUCTL" audit --list | grep -cE '^[a-z-]+ +(info|low|medium|high) ')" + 1))" \
	"all findings are offered"
is "$(offers iommuctl audit --fail-on m)" medium "a severity is completed"
is "$(offers iommuctl nosuch --)" "" "an unknown command has no options"
done_testing
