# SPDX-License-Identifier: GPL-2.0-or-later
# iommuctl audit on fake machines: what people and programs read, what fails the run, what could not be looked at.
. "$(dirname "$0")/lib.sh"
for host in intel none; do bash "$top_srcdir/tests/data/mkhost" $host "$tmp/$host"; done

# A machine with something of each severity.
bad=$tmp/bad
cp -a "$tmp/intel" "$bad"
mkdir -p "$bad/iommuctl" "$bad/sys/module/vfio/parameters" "$bad/proc"
echo Y >"$bad/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"
echo /dev/vfio/7 666 0 0 >"$bad/iommuctl/nodes"
cat >"$bad/iommuctl/kmsg" <<'LOG'
DMAR: Host address width 39
DMAR: [DMA Read NO_PASID] Request device [0000:01:00.0] fault addr 0xdead0000 [fault reason 0x06] PTE Read access is not set
LOG

ids() { json '.findings[].id' | sort -u | tr '\n' ' '; }

run --sysroot "$bad" audit
status_is 1 "a finding of high severity fails the run"
like "$stdout" '^high: 2$' "findings stand below their severity"
like "$stdout" '^  noiommu-mode: VFIO gives devices away without any IOMMU' "an id and a sentence"
like "$stdout" '^      /sys/module/vfio/parameters/enable_unsafe_noiommu_mode: Y$' "evidence: the path, and what it holds"
like "$stdout" '^    do: as root: echo N > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode' "what to do, to be pasted"
like "$stdout" '^  open-permissions: every user may open /dev/vfio/7' "the node that is open"
like "$stdout" '^      kernel log: DMAR: \[DMA Read NO_PASID\] Request device \[0000:01:00.0\]' "the line of the log"
like "$stdout" '^2 high, [0-9]* medium, [0-9]* low, [0-9]* info; next: iommuctl audit --explain noiommu-mode$' "counts and the next step"
like "$stdout" 'rules could not look at everything: not-readable says at what' "and that not all was seen"
like "$stdout" '^audit: FAIL$' "the verdict"
unlike "$stdout" '^(ok|FAIL|skip)  ' "checks that the findings have told are not told again"

run --sysroot "$bad" audit --json
status_is 1 "JSON"
json_is '.findings[0] | keys | join(" ")' "advice evidence evidence_left_out id severity subject summary" "the keys of a finding"
json_is '.findings[] | select(.id == "open-permissions") | "\(.severity) \(.subject) \(.evidence[0].source) \(.evidence[0].text)"' \
	"high /dev/vfio/7 /dev/vfio/7 mode 0666, uid 0, gid 0" "a finding"
json_is '[.findings[].severity] | map({high: 3, medium: 2, low: 1, info: 0}[.]) | . == (sort | reverse)' true "the worst come first"
json_is '.counts as $c | [.findings[].severity] | group_by(.) | map($c[.[0]] == length) | all' true "the counts are theirs"
json_is '[.findings[] | .evidence | length > 0] | all' true "each has evidence"
json_is '[.not_looked[] | .id] | unique | index("acpi-overlap") != null' true "rules that could not look are named"
json_is '[.. | nulls] | length' 0 "no key is null"
json_is .result fail "the result"

for on in info low medium high; do
	run --sysroot "$bad" audit --fail-on $on
	status_is 1 "--fail-on $on"
done
run --sysroot "$bad" audit --fail-on none
status_is 0 "--fail-on none"
like "$stdout" '^  noiommu-mode: ' "still says what it found"
run --sysroot "$tmp/intel" audit
status_is 0 "no finding of high severity"
unlike "$stdout" '^high' "and none is told"
run --sysroot "$tmp/intel" audit --fail-on medium
status_is 1 "unless medium ones are to fail"

run --sysroot "$bad" audit --tap
status_is 1 "TAP"
is "$(grep -cE '^(not )?ok ' "$tmp/stdout")" "$("$IOMMUCTL" audit --list | grep -cE '^[a-z-]+ +(info|low|medium|high) ')" \
	"a point for each rule"
like "$stdout" '^not ok [0-9]+ - noiommu-mode$' "which fails"
like "$stdout" '^ok [0-9]+ - lazy-flush$' "one whose findings do not fail the run"
like "$stdout" '^ok [0-9]+ - acpi-overlap # SKIP the capture holds no ACPI tables$' "one that could not look"
like "$stdout" '^ok [0-9]+ - iommu-off # SKIP ' "one that found nothing and did not see all"
like "$stdout" '^ok [0-9]+ - unsafe-interrupts$' "one that found nothing"

run --sysroot "$bad" audit --json 00:14.0
json_is '[.findings[] | select(.id == "group-shared") | .subject] | join(" ")' "group 5" "of one device: its group"
json_is '[.findings[] | select(.id == "kernel-faults")] | length' 0 "not another device's faults"
json_is '[.findings[] | select(.id == "noiommu-mode")] | length' 1 "what is about all of the machine"
run --sysroot "$bad" audit --json 0000:01:00.0
json_is '[.findings[] | select(.id == "kernel-faults") | .subject] | join(" ")' "0000:01:00.0" "a device's faults"
run --sysroot "$bad" audit --json dmar1
json_is '[.findings[] | select(.id == "kernel-faults") | .subject] | join(" ")' "0000:01:00.0" "those of what is behind an IOMMU"
run --sysroot "$bad" audit 00:1d.7
status_is 2 "no such device"
like "$stderr" "there is no device and no IOMMU '00:1d.7'" "is told"
run --sysroot "$bad" audit $'0\e[31m'
like "$stderr" "no IOMMU '0\?\[31m'" "what is no text stays off the terminal"
run --sysroot "$bad" audit $'0\xe2\x80\xae\xe2\x81\xa8\xc2\x9b1'
like "$stderr" "no IOMMU '0\?\?\?1'" "and so does what turns text around"

run --sysroot "$tmp/none" audit --json
status_is 1 "a machine without an IOMMU"
like "$(ids)" '^iommu-absent not-readable $' "has that finding alone, beside what was not seen"
mkdir "$tmp/empty"
run --sysroot "$tmp/empty" audit
status_is 0 "nothing is said of an empty capture"
like "$stdout" '^0 high, 0 medium, 0 low, [1-9][0-9]* info' "but that nothing was seen"
like "$stdout" 'not-readable: the capture holds no /sys' "of it"

run audit --list
status_is 0 "the list"
like "$stdout" '^iommu-off +high +the machine has an IOMMU that the kernel does not use$' "has severity and title"
run --json audit --list
json_is '[.rules[] | .id] | (. == sort) and (. == unique) and (length > 35)' true "sorted, and none twice"
run audit --explain lazy-flush
status_is 0 "an explanation"
like "$stdout" '^lazy-flush \(medium\): lazy flushing while devices are assigned$' "with its title"
like "$stdout" '^  do: boot with iommu.strict=1' "and what to do"
is "$(awk 'length > 79 && !/^  do: /' "$tmp/stdout" | grep -v '^iommuctl ')" "" "in lines that fit"
run audit --explain all
is "$(grep -cE '^  do: ' "$tmp/stdout")" "$("$IOMMUCTL" audit --list | grep -cE '^[a-z-]+ +(info|low|medium|high) ')" "all of them"
run audit --explain no-such
status_is 64 "no such finding"
like "$stderr" "audit: --explain: 'no-such' is no finding; .iommuctl audit --list. lists them" "is told"
run audit --list 00:14.0
status_is 64 "a list of one device's there is not"
run audit --fail-on sometimes
status_is 64 "no such severity"
run audit --no-open
like "$stdout" '^[0-9]* high, [0-9]* medium, [0-9]* low, [0-9]* info' "this machine"
done_testing
