# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: what was reachable through a page table is not any more when the device is elsewhere and the table destroyed,
# nor when the device is detached. The canary is required, so that none of it is an IOMMU that does not translate.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi)
take "$lsi"

cat >"$tmp/script" <<'END'
map src --size 4K --iova 0x10000000
map dst --size 4K --iova 0x10004000
hwpt new table
attach table
fill src --byte 0x11
fill dst --byte 0x22
dma copy src dst --size 4K
check dst --byte 0x11
fill dst --byte 0x22
ioas new other
attach other
destroy table
! dma copy 0x10000000 0x10004000 --size 4K
check dst --byte 0x22
map elsewhere --size 4K --iova 0x10000000 --ioas other
fill elsewhere --byte 0x44
! dma copy 0x10000000 0x10004000 --size 4K
check dst --byte 0x22
attach main
dma copy src dst --size 4K
check dst --byte 0x11
fill dst --byte 0x22
detach
check dst --byte 0x22
attach main
dma copy src dst --size 4K
check dst --byte 0x11
END
run --json run --keep-going "$tmp/script" --backend iommufd --device "$lsi" --canary require
is "$(json '.results | length')" "$(grep -c . "$tmp/script")" "every line was run"
# Lines 13 and 17 go nowhere. lsi does not notice, and not every IOMMU's log comes in time: what counts is what memory holds.
is "$(json '.results | map(select(.result != "pass" and .line != 13 and .line != 17)) | map("\(.line) \(.command) \(.result) \(.detail)") | join("; ")')" \
	"" "memory holds what was reachable, and keeps what was not"
is "$(json '[.results[] | select(.line == 14 or .line == 18 or .line == 24) | "\(.command) \(.result)"] | unique | join("; ")')" \
	"check dst --byte 0x22 pass" "after the table is destroyed, in another space, and detached"
diag "$(json '.results[] | select(.line == 13 or .line == 17) | "line \(.line): \(.detail)"')"
left_nothing "$lsi" "nothing is left behind"
compare_passes "and the device still passes" 100 --backend iommufd --device "$lsi" --size 8K --canary require
done_testing
