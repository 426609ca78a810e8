# SPDX-License-Identifier: GPL-2.0-or-later
# Once the canary said that nothing is translated, no DMA follows in that session, whatever the script asks.
. "$(dirname "$0")/lib.sh"
printf '%s\n' 'map a --size 8K --iova 0x40000000' 'fill a --byte 0x11' 'dma copy a a+0x1000 --size 4096' \
	'dma copy a a+0x1000 --size 4096' >"$tmp/two.iommu"
run -q --json --backend sim,fault=untranslated run --keep-going "$tmp/two.iommu"
is "$status" 1 "a script on an IOMMU that does not translate fails"
is "$(json '[.results[] | select(.command | startswith("dma")) | .result] | unique | .[]')" fail "no transfer after the verdict is called passed"

run -q --json --backend sim,fault=untranslated compare --loops 50
is "$status" 1 "compare fails"
json_is '.classes | keys | join(" ")' untranslated "with that one verdict"
json_is .loops 0 "before the first loop"
isnt "$(json .canary)" passed "and does not say that the canary passed"

run -q --json --backend sim,fault=untranslated:after=100 --seed 5 compare --threads 4 --loops 3000
is "$status" 1 "an IOMMU switched off in the middle is found by several threads"
json_is '.classes | keys | join(" ")' untranslated "and every thread's failure of that moment has that name"

run -q --json compare --threads 4 --loops 200
is "$status" 0 "an IOMMU that translates passes"
json_is .canary passed "with its canary"

run -q --json --backend sim,fault=short-unmap compare --unmap all --graveyard 0 --loops 20
is "$status" 1 "the count of an unmap-all is looked at"
json_is '.classes | keys | join(" ")' short-unmap "and named"
run -q --json --backend sim,fault=unmap-skip-pte compare --unmap all --loops 20
is "$status" 1 "what an unmap-all leaves behind is a verdict, not an error"
json_is '.classes | keys | join(" ")' map-refused "and named"
run -q --json compare --unmap all --loops 50
is "$status" 0 "a sound unmap-all passes"
done_testing
