# SPDX-License-Identifier: GPL-2.0-or-later
# run --against: a script on two backends; every difference is told, those without a reason fail.
. "$(dirname "$0")/lib.sh"

against() { # BACKEND AGAINST ARGS... <<EOT
	cat >"$tmp/script"
	run -q --json --seed 7 --backend "$1" run "$tmp/script" --against "$2" "${@:3}"
}
fields() { json '[.differences[] | "\(.line) \(.field) \(.a)/\(.b) \(.known)"] | join("; ")'; }
json_fields() { if have_jq; then is "$(fields)" "$1" "$2"; else skip "$2" "jq is not installed"; fi; }

# --- the same backend twice ---
busy() {
	cat <<'EOT'
map a --size 64K
map b --size 64K --iova 0x40000000
repeat 5
fill a --stamp 1
dma copy a b --size 64K
dma copy a a+32K --size 32K
check a --offset 32K --size 32K --stamp 1 --from 0
unmap b
map b --size 64K --iova 0x40000000
end
!EEXIST map c --size 4K --iova 0x40001000
!map d --size 0 --iova 0x50000000
dma copy 0x60000000 a --size 4K --may-fault
map --size 8K --iova random
unmap --all
check --pins
EOT
}
for p in type1-v2 type1-v1 iommufd compat-v2 compat-v1; do
	against sim,personality=$p sim,personality=$p < <(busy)
	status_is 0 "$p against itself"
	json_fields "" "without any difference"
done
json_is '"\(.backend) \(.against.backend) \(.lines_compared)"' "sim (compat-v1) sim (compat-v1) 38" "both are named, and all lines counted"

# --- differences of the interfaces ---
parts() {
	cat <<'EOT'
map a --size 4K --iova 0x100000
map b --size 16K --iova 0x101000
!EINVAL unmap --iova 0x100000 --size 8K
map c --size 4K --iova 0x100000
unmap --all
unmap --iova 0x100000 --size 4K
EOT
}
against sim sim,personality=iommufd < <(parts)
status_is 0 "known differences do not fail"
json_fields "3 errno EINVAL/ENOENT unmap-partial; 3 mapped 0x5000 bytes in 2/0x4000 bytes in 1 unmap-partial-halfway; 3 pins +0 pages/-1 pages unmap-partial-halfway; 4 errno EEXIST/success follows; 4 mapped 0x5000 bytes in 2/0x5000 bytes in 2 follows; 4 pins +0 pages/+1 pages follows; 6 errno success/ENOENT unmap-hole" "type1 v2 against iommufd"
json_is '.differences[0] | [.why, .source] | map(length > 20) | all' true "with a sentence and a source"
json_is '"\(.known_differences) \(.unknown_differences)"' "7 0" "and counted"
against sim sim,personality=iommufd --strict < <(parts)
status_is 1 "--strict has known ones fail"
against sim,personality=iommufd sim < <(parts)
status_is 0 "the other way round they are known as well"
against sim,personality=type1-v1 sim < <(parts)
status_is 0 "v1 against v2"
json_is '[.differences[] | select(.line == 3) | .known] | unique | join(" ")' v1-unmap-partial "is known by the reason"
against sim,personality=type1-v1 sim,personality=compat-v1 < <(parts)
json_is '[.differences[] | select(.line == 3) | "\(.field) \(.a) \(.b)"] | .[0]' "unmapped_bytes 0x5000 0x2000" "the two v1 differ in what they take"

# --- lines that one side cannot do ---
against sim sim,personality=iommufd <<'EOT'
map k --size 64K --iova kernel
map a --size 4K --iova 0x40000000
EOT
status_is 0 "a capability that one side lacks"
json_is '[.results[] | "\(.line) \(.result) \(.detail)"] | join("; ")' "1 skip unsupported on sim (type1-v2); 2 pass " "is unsupported there, not equal"
json_fields "1 support no/yes unsupported" "and is listed"
against sim sim,personality=iommufd <<'EOT'
ioas new other
map a --size 8K --iova 0x40000000 --ioas other
attach other
attach main
map b --size 4K --iova 0x40000000
destroy other
EOT
status_is 0 "what a line would have made that one side does not support is missed there"
json_is '[.differences[] | select(.known != "unsupported") | "\(.line) \(.known)"] | unique | join("; ")' "2 follows; 3 follows; 6 follows" \
	"and what names it follows from that"
against sim sim,personality=iommufd <<'EOT'
map a --size 8K --iova 0x40000000 --ioas other
EOT
json_is '[.differences[].known] | unique | join(" ")' "" "two names of nothing are no difference"
against sim sim <<'EOT'
map k --size 64K --iova kernel
EOT
status_is 4 "what neither can do is no pass"
json_is '.results[0].detail' "unsupported on sim (type1-v2) and on sim (type1-v2)" "and is said of both"

# --- differences that are none of the interfaces' ---
against sim sim,fault=stale-iotlb <<'EOT'
map a --size 4K --iova 0x40000000
map s --size 4K --iova 0x40100000
fill s --byte 0x11
fill a --byte 0x22
dma copy s a --size 4K
unmap a
map b --size 4K --iova 0x40000000
dma copy s b --size 4K
check b --byte 0x11
EOT
status_is 1 "memory that differs fails"
json_fields "8 memory b: all 0x11/b: all 0x00 ; 9 class none/foreign " "and is told by what each side holds" ||
	diag "$(json .differences)"
against sim sim,fault=short-unmap <<'EOT'
map a --size 8K --iova 0x40000000
unmap a
EOT
status_is 1 "a byte count that differs fails"
json_is '.differences[] | select(.field == "unmapped_bytes") | "\(.a) \(.b) \(.known)"' "0x2000 0x1000 " "and is told"
against sim sim,fault=pin-leak <<'EOT'
map a --size 8K --iova 0x40000000
unmap a
EOT
status_is 1 "pins that differ fail"
json_fields "2 pins -2 pages/+0 pages " "and are told"
against sim sim,fault=overlap-ok <<'EOT'
map a --size 8K --iova 0x40000000
!EEXIST map b --size 4K --iova 0x40000000
EOT
status_is 1 "an answer that differs fails"
json_is '.differences[0] | "\(.line) \(.field) \(.a) \(.b) \(.known)"' "2 errno EEXIST success " "and is told"
against sim sim,fault=untranslated <<'EOT'
map a --size 4K --iova 0x40000000
dma copy a a --size 4K
unmap a
EOT
status_is 1 "a run that ends early fails"
json_is '[.differences[] | select(.field == "ran") | "\(.line) \(.a) \(.b)"] | join(";")' "3 yes no" "with the line from which on only one side ran"

# --- what is wrong on both sides is wrong ---
against sim,fault=stale-iotlb sim,personality=iommufd,fault=stale-iotlb <<'EOT'
map a --size 4K --iova 0x40000000
map s --size 4K --iova 0x40100000
fill s --byte 0x11
dma copy s a --size 4K
unmap a
map b --size 4K --iova 0x40000000
dma copy s b --size 4K
check b --byte 0x11
EOT
status_is 1 "a bug that both sides have fails"
json_is '"\(.unknown_differences) \(.results[] | select(.result == "fail") | "\(.line) \(.detail)")"' \
	"0 8 it fails on sim (type1-v2) and on sim (iommufd): foreign" "without any difference, by its class"
against sim,fault=untranslated sim,fault=untranslated <<'EOT'
map a --size 4K --iova 0x40000000
dma copy a a --size 4K
EOT
status_is 1 "two IOMMUs that do not translate fail"
against sim sim <<'EOT'
map a --size 4K --iova 0x40000000
fill a --byte 1
!check a --byte 2
EOT
status_is 0 "but not where the script wants it"

# --- expectations do not stop it, errors of opening do ---
against sim sim <<'EOT'
map a --size 4K --iova 0x40000000
!map b --size 4K --iova 0x50000000
map c --size 4K --iova 0x40000000
fill d --byte 1
unmap a
EOT
status_is 0 "lines that are not as the script wants them do not stop it"
json_is '"\(.lines_compared) \(.unmet_a) \(.unmet_b)"' "5 3 3" "and are counted"
against sim sim,personality=none <<<'map a --size 4K'
status_is 64 "a second backend that means nothing is a usage error"
against sim vfio <<<'map a --size 4K'
status_is 64 "and so is one without its device"
against sim sim <<<'map a --sizes 4K'
status_is 64 "and a line that cannot be read"
like "$stderr" 'script:1: map: unknown option' "which is named"
run run --strict /dev/null
status_is 64 "--strict alone"
printf 'map a --size 4K\n# danger: crash\n' >"$tmp/danger"
run run "$tmp/danger" --against sim
status_is 4 "a dangerous script is skipped here as well"

# --- for people and for TAP ---
parts >"$tmp/script"
run --seed 7 run "$tmp/script" --against sim,personality=iommufd
like "$stdout" 'script:3: .*: errno: EINVAL on sim \(type1-v2\), ENOENT on sim \(iommufd\); known: unmap-partial: ' "text says what, where and why"
like "$stdout" '6 lines on sim \(type1-v2\) and sim \(iommufd\): 7 differences, 7 of them known' "and how many"
run -q --tap run "$tmp/script" --against sim,personality=iommufd
like "$stdout" '^1\.\.6$' "one point for each line"
printf 'map a --size 8K --iova 0x40000000\nunmap a\n' >"$tmp/two"
run -q --tap run "$tmp/script" "$tmp/two" --against sim,fault=short-unmap
like "$stdout" 'not ok 8 .*two:2: unmap a' "a difference is a point that fails"
like "$stdout" 'unmapped_bytes: 0x2000 on sim' "with its evidence"

# --- the edge cases, between the interfaces that the simulation knows ---
edge=$top_srcdir/tests/edge
ok "there are at least 100 cases" test "$(cat "$edge"/*.iommu | grep -c '^# case: ')" -ge 100
for p in type1-v2 type1-v1 iommufd compat-v2 compat-v1; do
	run -q --json --seed 3 --allow-crash run "$edge"/*.iommu --against sim,personality=$p
	status_is 0 "type1 v2 against $p: nothing that is not known" ||
		diag "$(json '.differences[] | select(.known == "") | "\(.file):\(.line) \(.command): \(.field) \(.a) / \(.b)"')"
	json_is '.unknown_differences == 0 and .lines_compared > 1000' true "in all lines"
	[ $p != type1-v2 ] || json_is .known_differences 0 "and nothing at all between two of the same"
	[ $p = type1-v2 ] || json_is '.known_differences > 50' true "but much that is"
done
run -q --json --seed 3 --backend sim,dma_entry_limit=8 run "$edge/limit.iommu" --against sim,personality=iommufd
status_is 0 "type1's limit on mappings"
json_is '[.differences[] | select(.field == "errno") | .known] | unique | join(" ")' "map-limit" "is a known difference"

# --- the words that ask for what no ordinary map does ---
good() { cat >"$tmp/script"; run -q --json --backend "$1" run "$tmp/script"; status_is 0 "$2" || diag "$(json '.results[] | select(.result != "pass")')"; }
for p in type1-v2 compat-v2; do
	good sim,personality=$p "$p: protections, addresses and flags that mean nothing" <<'EOT'
!EINVAL map a --size 4K --iova 0x40000000 --prot none
!EINVAL map a --size 4K --iova 0x40000000 --skip 8
!EINVAL map a --size 4K --iova 0x40000000 --flags 0x100
map a --size 4K --iova 0x40000000 --skip 4K --unchecked
fill a --byte 1
dma copy a a --size 4K
unmap a
EOT
done
good sim,personality=iommufd "iommufd's own answer to flags" <<'EOT'
!EOPNOTSUPP map a --size 4K --iova 0x40000000 --flags 0x100
EOT
good sim "one memory under two names" <<'EOT'
map a --size 16K --iova 0x40000000
map b --size 8K --iova 0x50000000 --memory-of a+0x1000
fill a --byte 0x5a
fill b --byte 0xa5
check a --offset 4K --size 8K --byte 0xa5
check a --offset 12K --byte 0x5a
map s --size 4K --iova 0x60000000
dma copy a+0x3000 b --size 4K
check a --offset 4K --size 4K --byte 0x5a
!EBUSY free a
!ERANGE map c --size 16K --iova 0x70000000 --memory-of a+0x1000
!ENOENT map c --size 4K --iova 0x70000000 --memory-of z
unmap s
!EEXIST map s --size 4K --iova 0x70000000 --memory-of a
free b
free a
check --pins
EOT
for words in '--prot none' '--skip 8' '--flags 1'; do
	# shellcheck disable=SC2086
	run map a --size 4K --hold 0s $words
	status_is 64 "$words needs --unchecked"
done
run map a --size 4K --memory-of b --mem thp
status_is 64 "--mem with --memory-of"
done_testing
