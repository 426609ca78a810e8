# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Helpers for the tests of list, caps, audit and capture: the guests of tests/vm/audit.table are booted one after the other, and what
# the commands said in them is held against the guest's row, and against what sysfs and the registers themselves say.
audit_table=$vm/audit.table
. "$vm/ivrs.sh"
command -v jq >/dev/null || skip_all "jq is not installed"

# audit_names KERNEL-REGEX IOMMU-REGEX: the guests of the table that boot such a kernel with such an IOMMU.
audit_names() {
	awk -v kernel="^($1)$" -v iommu="^($2)$" '/^[^#\t]/ && $2 ~ kernel && $4 ~ iommu { print $1 }' "$audit_table"
}

# audit_row NAME KEY: the rest of that line in the guest's row.
audit_row() {
	awk -v name="$1" -v key="$2" '/^[^#\t]/ { on = $1 == name }
		on && /^\t/ && $1 == key { sub(/^[ \t]*[a-z]+[ \t]*/, ""); print }' "$audit_table"
}
audit_has() { [ -n "$(audit_row "$1" "$2")" ]; }

# audit_guests KERNEL-REGEX IOMMU-REGEX [NAME...]: these, or all of them.
audit_guests() {
	local name names
	names=$(audit_names "$1" "$2")
	for name in ${3:+"${@:3}"}; do ok "$name is in the table" grep -qxF -- "$name" <<<"$names"; done
	[ $# -eq 2 ] || names="${*:3}"
	for name in $names; do audit_guest "$name"; done
}

# audit_guest NAME: boots it and judges it. NAME-claim is NAME, which comes before it, with a table that claims more than it has.
audit_guest() {
	local name=$1 kernel options out=$tap_tmp/$1 like=$tap_tmp/${1%-claim} table= bind=
	read -r _ kernel options <<<"$(awk -v name="$name" '$1 == name' "$audit_table")"
	case $kernel in
	stock) kernel= ;;
	built) kernel=$(built_kernel) ;;
	*)
		kernel=$(fetched kernel "$kernel") || {
			skip "$name" "its kernel cannot be fetched: $(tail -n 1 "$tap_tmp/get.err")"
			return 0
		}
		;;
	esac
	! audit_has "$name" vfio || bind=bind
	! audit_has "$name" claims || table=$(ivrs_claims_dirty "$like/IVRS" "$(awk '$2 == "amd.efr" { print $3 }' "$like/registers")")
	# The guest looks at the registers by itself: IO_STRICT_DEVMEM would forbid it.
	# shellcheck disable=SC2086 # options are words
	"$vm/run" --binary "$IOMMUCTL" ${kernel:+--kernel "$kernel"} $options --append iomem=relaxed ${table:+--acpi "$table"} \
		--timeout 1200 --out "$out" --add "$vm/guest/audit.sh:/root/audit.sh" -- sh /root/audit.sh $bind \
		>"$tap_tmp/guest.out" 2>"$tap_tmp/guest.err" </dev/null
	is "$?" 0 "$name: the guest finished and its kernel did not complain" || {
		diag "$(tail -n 60 "$tap_tmp/guest.err")"
		return 1
	}
	audit_judge "$name" "$out"
}

audit_judge() {
	local name=$1 out=$2 free bound
	free=$(audit_row "$name" free)
	audit_lists "$name" "$out/free"
	! audit_has "$name" hint || is "$(jq -r --arg edu "$(cat "$out/edu")" '.devices[] | select(.id == $edu) | .hint' "$out/free/list")" \
		"$(audit_row "$name" hint)" "$name: list says what to do"
	audit_knows "$name" "$out"
	audit_finds "$name, as it booted" "$out/free/audit" "$free"
	audit_user "$name" "$out/free"
	audit_capture "$name" "$out"
	audit_has "$name" vfio || return 0
	bound=$(audit_sum "$free $(audit_row "$name" bound)")
	audit_lists "$name with edu on vfio-pci" "$out/bound"
	is "$(audit_answers "$out")" "$(audit_row "$name" vfio)" "$name: caps has what VFIO says of edu" ||
		diag "$(jq -c '.devices[] | select(.vfio) | .id, .vfio, .hw_info' "$out/bound/caps")"
	! audit_has "$name" info || is "$(audit_info "$out")" "$(audit_row "$name" info)" "$name: caps has what iommufd says of it" ||
		diag "$(jq -c '.devices[] | select(.hw_info) | .id, .hw_info' "$out/bound/caps")"
	audit_finds "$name with edu on vfio-pci" "$out/bound/audit" "$bound"
	audit_finds "$name where little memory can be locked" "$out/bound/memlock" "$bound memlock-small:low"
}

audit_words() { tr -s ' \n' '\n\n' <<<"$*" | grep . | sort -u | xargs; }
audit_hex() { while read -r a b value; do printf '%s %s 0x%x\n' "$a" "$b" "$value"; done | sort; }

# audit_sum "WORD... -WORD...": without those that go again.
audit_sum() {
	local word gone=
	for word in $1; do case $word in -*) gone="$gone ${word#-} $word" ;; esac; done
	for word in $1; do case " $gone " in *" $word "*) ;; *) echo "$word" ;; esac; done | xargs
}

# audit_finds NAME REPORT WANT: ID:SEVERITY... are the findings, no more and no fewer; with @SUBJECT that is one of its subjects.
audit_finds() {
	local name=$1 report=$2 want word status=0
	want=$(audit_words "$(sed 's/@[^ ]*//g' <<<"$3")")
	is "$(audit_words "$(jq -r '.findings[] | "\(.id):\(.severity)"' "$report")")" "$want" "$name: the findings" ||
		diag "$(jq -c '.findings[] | [.id, .severity, .subject, .summary, (.evidence[] | .source, .text)]' "$report")$(cat "$report.err")"
	for word in $3; do
		case $word in
		*@*) ok "$name: $word" test -n "$(jq --arg want "${word//_/ }" '.findings[] | select("\(.id):\(.severity)@\(.subject)" == $want)' "$report")" ;;
		esac
	done
	is "$(jq -c '[.findings[] | select(.summary == "" or .advice == "" or (.evidence | length == 0 or any(.source == "" or .text == "")))]' "$report")" \
		'[]' "$name: each has its evidence and advice"
	case $want in *:high*) status=1 ;; esac
	is "$(cat "$report.status")" $status "$name: the exit status tells whether one of them is high" || diag "$(cat "$report.err")"
}

# What an ordinary user cannot read is said, and never taken for what is not there.
audit_user() {
	local name=$1 folder=$2
	is "$(jq -r --slurpfile root "$folder/audit" '[$root[].findings[] | "\(.id):\(.severity)"] as $seen | .findings[] |
		"\(.id):\(.severity)" | select(. as $one | $seen | index($one) | not)' "$folder/user" | sort -u)" not-readable:info \
		"$name: a user finds no more than root, but what could not be looked at" ||
		diag "$(jq -c '.findings[] | [.id, .severity, .summary]' "$folder/user")$(cat "$folder/user.err")"
}

audit_lists() { # NAME FOLDER
	is "$(jq -r '.devices[] | "\(.id) \(.group // "") \(.iommu) \(.driver)"' "$2/list")" "$(cat "$2/devices")" "$1: list has the devices"
	is "$(jq -r '.groups[] | "\(.id) \(.type) \(.devices + [.reserved[] | "\(.start)-\(.last)-\(.type)"] | join(" "))"' "$2/list")" \
		"$(sed 's/0x0*\([0-9a-f]\)/0x\1/g' "$2/groups")" "$1: list has the groups"
	is "$(jq -c '[.devices[] | select(.ready == (.why != ""))]' "$2/list")" '[]' "$1: each device is ready or has a reason"
}

# audit_whole REPORT: the registers whose fields, put together, are not their value.
audit_whole() {
	local register value fields field sum low
	while IFS='|' read -r register value fields; do
		sum=0
		for field in $fields; do
			low=${field%=*}
			sum=$((sum | ${field#*=} << ${low#*:}))
		done
		[ "$(printf '0x%x' $sum)" = "$value" ] || echo "$register=$value"
	done < <(jq -r '.registers[] | "\(.name)|\(.value)|\([.fields[] | "\(.bits)=\(.raw)"] | join(" "))"' "$1")
}

# audit_facts WANT REPORT: what WANT asks of the unit's facts, as they are.
audit_facts() {
	local want
	for want in $1; do
		jq -r --arg want "$want" '($want | split("=")) as $w | .iommus[] | .facts[] | select(.name == $w[0]) |
			if $w[1] == "yes" or $w[1] == "no" then (if .has then "\(.name)=yes" else "\(.name)=no" end) else "\(.name) \(.value)" end' "$2"
	done | while read -r name value; do if [ -n "$value" ]; then echo "$name=$((value))"; else echo "$name"; fi; done
}

audit_knows() { # NAME FOLDER: caps
	local name=$1 out=$2 report=$2/free/caps
	is "$(cat "$report.status")" 0 "$name: caps" || diag "$(cat "$report.err")"
	audit_has "$name" claims || is "$(jq -r '.iommus[] | .name as $unit | .registers | to_entries[] | select(.key != "amd.cap") |
		"\($unit) \(.key) \(.value)"' "$report" | audit_hex)" "$(audit_hex <"$out/registers")" "$name: caps has the registers as the hardware has"
	is "$(audit_whole "$report")" "" "$name: the fields of each register are the whole of it"
	! audit_has "$name" facts || is "$(audit_words "$(audit_facts "$(audit_row "$name" facts)" "$report")")" \
		"$(audit_words "$(audit_row "$name" facts)")" "$name: caps has what follows from them" || diag "$(jq -c '.iommus[].facts[]' "$report")"
	! audit_has "$name" devices || is "$(audit_words "$(jq -r '.devices[] | .id as $id | .registers | to_entries[] | "\($id)/\(.key)=\(.value)"' "$report")")" \
		"$(audit_words "$(audit_row "$name" devices)")" "$name: caps has the capabilities of devices"
}

# audit_answers FOLDER: what VFIO said of edu, in the form of the row.
audit_answers() {
	jq -r --arg edu "$(cat "$1/edu")" '.devices[] | select(.id == $edu) | .vfio | if .errno != "" then .errno else
		"\(.extensions.VFIO_DMA_CC_IOMMU | "\(.before) \(.after)") \([.info.ranges[] | "\(.start)-\(.last)"] | join(","))" end' "$1/bound/caps" |
		sed 's/0x//g'
}

# audit_info FOLDER: what iommufd said of edu: its type, what it can, and registers that differ from the unit's.
audit_info() {
	jq -r --arg edu "$(cat "$1/edu")" '.iommus as $units | .devices[] | select(.id == $edu) | .iommu as $unit | .hw_info |
		"\(.type) \(.capabilities | join(" "))" + ($units[] | select(.name == $unit) | .disagree | map(" \(.)") | join(""))' "$1/bound/caps"
}

audit_lines() { jq -rc '.findings[] | [.id, .severity, .subject, .summary, (.evidence | sort_by(.source, .text))]' "$1"; }

# What the guest captured is read here, and has the findings that the guest had.
audit_capture() {
	local name=$1 out=$2 said=$2/free/audit
	[ ! -e "$2/bound/audit" ] || said=$2/bound/audit
	mkdir -p "$out/root" && tar -xf "$out/capture.tar" -C "$out/root" 2>/dev/null
	is "$? $(cat "$out/capture.status")" "0 0" "$name: there is a capture" || diag "$(cat "$out/capture.err")"
	"$IOMMUCTL" --sysroot "$out/root" --json audit >"$out/captured" 2>"$out/captured.err" </dev/null
	is "$(audit_lines "$out/captured")" "$(audit_lines "$said")" "$name: its capture has the same findings here" || diag "$(cat "$out/captured.err")"
}
