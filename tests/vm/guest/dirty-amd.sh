# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: dirty tracking by an amd-iommu that has no dirty bits. dirty-amd.sh without|with a table that claims them.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi)
take "$lsi"
on=(--backend iommufd --device "$lsi")

if [ "$1" = without ]; then
	run "${on[@]}" dirty verify --source iommu
	status_is 4 "verify has nothing to do"
	like "$stdout$stderr" 'HDSup \(bit 52\)' "and says which bit is missing"
	run --json caps "$lsi"
	json_is ".devices[] | select(.id == \"$lsi\") | .migration.iommu.answer" no "caps: no dirty bits"
	like "$(json ".devices[] | select(.id == \"$lsi\") | .migration.iommu.why")" 'HDSup' "caps: which bit is missing"
	left_nothing "$lsi" "nothing is left behind"
	done_testing
	exit
fi

run --json caps "$lsi"
json_is ".devices[] | select(.id == \"$lsi\") | .migration.iommu.answer" yes "the kernel believes the table"

# The device's writes arrive, and nothing is said of them.
cat >"$tmp/script" <<'E2'
map a --size 1M --iova 0x40000000
dirty start --source iommu
fill a --offset 0 --size 64K --stamp 7
dma copy a a+0x80000 --size 64K
check a --offset 0x80000 --size 64K --stamp 7 --from 0
dirty read-clear a -o bits
dirty stop
E2
run "${on[@]}" run "$tmp/script" --json
status_is 0 "a script that copies 64K by DMA and reads the bits" || diag "$stdout$stderr"
json_is '[.results[] | select(.command | startswith("check")) | .result] | join(" ")' pass "what was copied arrived"
run dirty show bits --json
json_is .dirty_pages 0 "no page is reported"
json_is .source iommu "by the page tables' bits"

run "${on[@]}" --seed 1 --json dirty verify
status_is 1 "verify fails" || diag "$stderr"
json_is .marked false "after real DMA"
ok "verify: there are writes" test "$(json .writes)" -gt 1000
is "$(json '.missing | length > 0')" true "verify: pages are missing"
json_is .reported_pages 0 "verify: not one page was ever reported"
json_is .spurious_pages 0 "verify: none is spurious"
is "$(json '[.cases[] | select(.name == "random" or .name == "strided" or .name == "straddling" or .name == "page-ends" or .name == "repeated" or .name == "whole" or .name == "race-read-clear" or .name == "unmap-with-bits") | .result] | unique | join(" ")')" fail \
	"verify: every case that writes and looks fails"
json_is '.cases[] | select(.name == "none") | .result' pass "verify: the one that writes nothing does not"
run "${on[@]}" compare --loops 200
status_is 0 "and the data itself is where it belongs" || diag "$stdout"
left_nothing "$lsi" "nothing is left behind"
done_testing
