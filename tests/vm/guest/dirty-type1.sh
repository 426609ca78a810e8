# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: dirty tracking by VFIO's container with lsi in it. With hardware behind an IOMMU every mapped page is reported, whatever
# was written, and that is said wherever bits are shown; what the kernel refuses is explained.
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi)
take "$lsi"
on=(--device "$lsi" --backend vfio)

# explained ERROR HINT NAME <<EOT: the script on stdin fails in its last line, and stderr says why
explained() {
	cat >"$tmp/script"
	run "${on[@]}" --unchecked run "$tmp/script"
	refused 2 "script:$(wc -l <"$tmp/script"): $1" "$3"
	like "$stderr" "^hint: .*$2" "$3: why"
}

# --- start, read, read again, read and unmap, stop; one page of 16 is written
script_passes "start, reads, read and unmap, stop" "${on[@]}" <<-END
	map from --size 64K --iova 0x10000000
	map to --size 64K --iova 0x20000000
	!EINVAL dirty read-clear to
	dirty start
	dirty start
	fill from --byte 0x11
	fill to --byte 0x55
	dma copy from to+8K --size 4K
	dirty read-clear to -o $tmp/one.dirty
	dirty read-clear to
	check to --offset 8K --size 4K --byte 0x11
	check to --size 8K --byte 0x55
	dirty read-clear from
	dirty read-clear --iova 0x10000000 --size 0x10010000
	dirty read-clear --iova 0x20010000 --size 64K
	maps
	!EINVAL dirty read-clear to --page-size 64K
	!EINVAL dirty read-clear to --page-size 2048
	!EINVAL dirty read-clear to --page-size 3000
	!EINVAL dirty read-clear to --size 4K
	!EINVAL dirty read-clear to+4K --size 60K
	!EINVAL dirty read-clear --iova 0x1000f000 --size 0x10001000
	!EINVAL dirty read-clear --iova 0x20000800 --size 64K
	!EINVAL dirty read-clear to --size 0
	! dirty read-clear --iova 0xfffffffffffff000 --size 8K
	!EINVAL dirty unmap to --page-size 64K
	!EINVAL dirty unmap to --size 4K
	dma copy from to --size 4K
	dirty unmap to -o $tmp/last.dirty
	dirty read-clear --iova 0x20000000 --size 64K
	map to2 --size 64K --iova 0x20000000
	dirty read-clear to2
	dirty unmap --iova 0x10000000 --size 0x10010000
	check --pins
	dirty stop
	dirty stop
	map again --size 16K --iova 0x10000000
	!EINVAL dirty read-clear again
	!EINVAL dirty unmap again
	unmap again
	check --pins
END
is "$(dirty_read_bits)" "16/16! 16/16! 16/16! 32/65552! 0/16! 16/16! 0/16! 16/16! 32/65552!" \
	"every page that is mapped is reported, each time, and each time as no measurement"
is "$(json '[.results[] | select(.command | startswith("dirty unmap")) | select(.data) | .data | "\(.unmapped_bytes) \(.order)"] | join(", ")')" \
	"65536 at-once, 131072 at-once" "one call reads and unmaps, also of two mappings and the hole between"
is "$(json '.results[8].data | "\(.source) \(.page_size) \(.caveat)"')" \
	"type1 4096 every mapped page is reported: not a measurement of what was written" "the caveat in words, in JSON"
is "$(json '.results[13].data.ranges | map("\(.iova)+\(.length)") | join(" ")')" "0x10000000+65536 0x20000000+65536" "what is set is what is mapped"
like "$(json '.results[24].errno')" '^(EINVAL|EOVERFLOW)$' "a range that wraps around: one or the other, as the kernel's age has it"
is "$(json '.results[15].data.dirty | map(.source) | join(" ")')" type1 "maps tells that tracking is on"
printf '%s\n' 'map b --size 64K' 'dirty start' 'dirty read-clear b' >"$tmp/script"
run "${on[@]}" run "$tmp/script"
like "$stdout" 'read-clear b: 16 of 16 pages of 0x1000 dirty, by type1: .*not a measurement' "and in text"

run --json dirty show "$tmp/one.dirty"
is "$status $(json '"\(.source) \(.backend) \(.device) \(.iova) \(.length) \(.dirty_pages) \(.over_reports) \(.caveat)"')" \
	"0 type1 vfio $lsi 0x20000000 65536 16 true every mapped page is reported: not a measurement of what was written" "so does the file"
run dirty show "$tmp/one.dirty"
like "$stdout" 'not a measurement' "also to people"
run dirty diff "$tmp/one.dirty" "$tmp/last.dirty"
status_is 0 "the last read is no different from the first"

# --- refusals are explained
explained 'cannot read the dirty bits .*: Invalid argument' 'may not have been started' "a read without a start" <<-END
	map b --size 64K --iova 0x10000000
	dirty read-clear b
END
explained 'cannot read .* by pages of 0x10000: Invalid argument' 'in pages of 0x1000 only, not 0x10000' "another page size" <<-END
	map b --size 64K --iova 0x10000000
	dirty start
	dirty read-clear b --page-size 64K
END
explained 'cannot read .* at iova 0x10000000 .*: Invalid argument' 'cuts the mapping 0x10000000-0x1000ffff' "a range that cuts a mapping" <<-END
	map b --size 64K --iova 0x10000000
	dirty start
	dirty read-clear b --size 4K
END
explained 'cannot read .* at iova 0x10000800 .*: Invalid argument' 'multiples of the page size, 0x1000' "a range of no whole pages" <<-END
	map b --size 64K --iova 0x10000000
	dirty start
	dirty read-clear --iova 0x10000800 --size 64K
END
run "${on[@]}" dirty read --iova 0x10000000 --size 4K
refused 4 'source type1 clears what it reports, it cannot read without that' "bits cannot be kept"
like "$stderr" '^hint: .*dirty read-clear' "bits cannot be kept: what can be done"
run "${on[@]}" dirty start --source iommu
refused 4 'backend vfio has no dirty source iommu' "no page table is to be had"
run "${on[@]}" dirty start --source device
refused 4 "the driver of $lsi has no DMA log" "lsi has no log"

# --- type1 v1
script_passes "v1 refuses all of it" --device "$lsi" --backend vfio-v1 <<-END
	map b --size 64K
	!EACCES dirty start --source type1
	!EACCES dirty read-clear b --source type1
	!EACCES dirty stop --source type1
	dma copy b b+8K --size 4K
	unmap b
	check --pins
END
run --device "$lsi" --backend vfio-v1 --unchecked dirty start --source type1
refused 2 'cannot start dirty tracking by type1: Permission denied' "EACCES by v1"
like "$stderr" '^hint: .*type1 v1 has no dirty tracking' "EACCES by v1: why"
run --device "$lsi" --backend vfio-v1 dirty start
refused 4 'type1: type1 v1 has no dirty tracking' "v1, not asked"
left_nothing "$lsi" "nothing is left behind"

# --- verify holds nothing against bits that are no measurement, and does not call that a pass
run --json "${on[@]}" dirty verify
is "$status $(json '"\(.result) \(.over_reports) \(.missing_pages) \(.spurious_pages)"')" "4 skip true 0 0" "verify is skipped"
is "$(json '[.cases[] | select(.result != "skip" and (.name | test("^lie-|^read-unstarted") | not)) | "\(.name): \(.result): \(.why)"] | join(", ")')" "" \
	"so is each case that looks at bits"
is "$(json '[.cases[] | select(.name | test("^lie-(range|flags|page-size)$|^read-unstarted")) | .result] | join(" ")')" "pass pass pass pass" \
	"the kernel refuses what is no request all the same"
ok "and most of them for that reason" [ "$(json '[.cases[] | select(.why | contains("not a measurement"))] | length')" -gt 20 ]
run --json "${on[@]}" dirty verify --strict --case random
is "$status $(json '.cases[] | "\(.name) \(.result) \(.why)"')" "4 random skip source type1 reports every mapped page: not a measurement" "also --strict"
left_nothing "$lsi" "nothing is left behind by it"
done_testing
