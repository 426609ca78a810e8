# SPDX-License-Identifier: GPL-2.0-or-later
# Addresses of mapped memory, forgotten and renewed: what the interface takes and refuses, on the simulated IOMMU; and the
# limit on mappings.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"

good() { # NAME ARGS... <<EOT: every line is as it should be
	local name=$1
	shift
	cat >"$tmp/script"
	run -q --seed 7 "$@" run "$tmp/script" --json
	status_is 0 "$name" || diag "$(json '.results[] | select(.result != "pass")')"
}
detail() { json ".results[] | select(.line == $1) | .detail"; }

common=$(
	cat <<'EOT'
map b --size 128K --iova 0x100000 --mem memfd
fill b --stamp 1 --size 64K
vaddr forget b
dma copy b b+0x10000 --size 64K
check b --offset 64K --size 64K --stamp 1 --from 0
!EINVAL vaddr forget b
!EINVAL vaddr forget --all
!EINVAL vaddr forget --iova 0x100000 --size 100
!EINVAL vaddr renew b --size 64K
!EINVAL vaddr renew b --size 256K
!EINVAL vaddr renew --iova 0x101000 --size 4K
!ENOENT vaddr renew --iova 0x900000 --size 4K
map c --size 4K --iova 0x200000
vaddr renew b
!EINVAL vaddr renew b
vaddr forget --iova 0x100000 --size 0x101000
!EINVAL vaddr forget --all
vaddr renew c
vaddr renew --all
vaddr renew --all
vaddr forget --all
vaddr forget --iova 0x900000 --size 4K
unmap b
map b --size 128K --iova 0x100000
!EINVAL vaddr renew b
vaddr renew --all
fill b --stamp 2 --size 64K
dma copy b b+0x10000 --size 64K
check b --offset 64K --size 64K --stamp 2 --from 0
vaddr forget b
free b
check --pins
EOT
)
for p in type1-v2 type1-v1; do
	good "$p: forget and renew" --backend "sim,personality=$p" <<<"$common"
	is "$(detail 3)" "131072 bytes forgotten" "$p: forget says how much"
	is "$(detail 14)" "1 renewed, 0 at another address" "$p: renew says how many"
	is "$(detail 16)" "135168 bytes forgotten" "$p: a range takes all that lies in it"
	is "$(detail 20)" "0 renewed, 0 at another address" "$p: renewing what is not forgotten does nothing"
	is "$(detail 22)" "0 bytes forgotten" "$p: where nothing is there is nothing to forget"
done
good "v2: no mapping is bisected" <<'EOT'
map b --size 16K --iova 0x100000
!EINVAL vaddr forget --iova 0x101000 --size 4K
!EINVAL vaddr forget --iova 0x100000 --size 4K
vaddr forget b
EOT
good "v1: a range that begins inside forgets nothing, one that covers the start forgets all" --backend sim,personality=type1-v1 <<'EOT'
map b --size 16K --iova 0x100000
vaddr forget --iova 0x101000 --size 4K
!EINVAL vaddr renew b
vaddr forget --iova 0x100000 --size 4K
vaddr renew b
EOT
is "$(detail 2) / $(detail 4)" "0 bytes forgotten / 16384 bytes forgotten" "and says so"

printf 'map b --size 4K\nvaddr forget b\n' >"$tmp/script"
run -q --backend sim,personality=iommufd run "$tmp/script"
status_is 4 "iommufd has no such thing: skipped"
run -q vaddr renew --iova 0x100000 --size 4K --json
status_is 2 "alone there is nothing to renew"
like "$stderr" 'hint: nothing is mapped there' "and it says why"
for words in "" "lose b" "forget" "forget b c" "forget --all --size 4K" "forget b --all" "renew --iova 0x1000" "forget UPPER"; do
	# shellcheck disable=SC2086
	run vaddr $words
	status_is 64 "usage: vaddr $words"
done

# --- the limit on mappings
good "mappings up to the limit, then ENOSPC" --backend sim,dma_entry_limit=3 <<'EOT'
map a --size 4K --iova 0x100000
maps
map b --size 4K --iova 0x200000
map c --size 4K --iova 0x300000
!ENOSPC map d --size 4K --iova 0x400000
maps
unmap b
maps
map d --size 4K --iova 0x400000
EOT
like "$(detail 2)" '1 mappings, 4096 bytes, 2 more allowed' "maps counts down"
like "$(detail 6)" '3 mappings, 12288 bytes, 0 more allowed' "to nothing"
like "$(detail 8)" '2 mappings, 8192 bytes, 1 more allowed' "and an unmap gives one back"
run --backend sim,dma_entry_limit=0 map --size 4K --iova 0x100000 --hold 1ms
status_is 2 "no mapping at all is allowed"
like "$stderr" 'hint: all 0 mappings that .*dma_entry_limit allows are made' "the hint names the limit"
run -q --backend sim,dma_entry_limit=5 maps --json
json_is '.mappings_left' 5 "maps alone tells what is left"
done_testing
