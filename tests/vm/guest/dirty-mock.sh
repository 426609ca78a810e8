# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: every bit of the mock device's dirty tracking, all that it cannot do, and the twins of the kernel's own dirty tests.
. "$(dirname "$0")/lib.sh"

# What needs a device that writes, entries that can be reached, or more room than 2 GiB; each with its reason.
never='chunks: no aperture is that large here
device-reads: what is marked is marked: there is no device that reads through the page table
leaf-1G: no entries of 1G here
leaf-merge: page table entries are out of reach here
leaf-split-1G: page table entries are out of reach here
leaf-split: page table entries are out of reach here
lie-bitmap-size: no limit to a bitmap is known here
lie-page-size-huge: may crash the kernel where it has a known bug: needs --allow-crash
race-leaves: nobody splits or merges the kernel'\''s page table entries from here
race-unmap: no call reads and unmaps here
stop-in-flight: marked, not DMA: nothing is ever in flight here
window-clear-unmap: nobody can place a write into the kernel'\''s windows
window-one-call: nobody can place a write into the kernel'\''s windows
window-read-clear: nobody can place a write into the kernel'\''s windows
window-read-unmap: nobody can place a write into the kernel'\''s windows
window-unmap: nobody can place a write into the kernel'\''s windows
writes-before-start: marked, not DMA: nothing is ever in flight here'

for seed in 1 2 3; do
	run -q --seed $seed --backend mock dirty verify --strict --rounds 2 --json
	status_is 0 "seed $seed: every bit is right" || diag "$(json '[.cases[] | select(.result == "fail" or .result == "error")]' | head -c 2000)"
	is "$(json '"\(.rounds) \(.missing_pages) \(.spurious_pages) \(.source) \(.marked)"')" "2 0 0 iommu true" "seed $seed: marked, none missing, none spurious"
	is "$(json '.cases[] | select(.result == "skip") | "\(.name): \(.why)"' | sort)" "$never" "seed $seed: what cannot be done here is skipped, with its reason"
	is "$(json '[.cases[] | select(.result == "pass" and .writes == 0) | .name] - ["none", "lie-table", "lie-unmapped"] | join(" ")')" "" \
		"seed $seed: nothing passes that marked nothing"
done
is "$(json '[.leaves[].size] | map(. == 2048 or . >= 2097152) | all')" true "entries of 2K and of 2M are measured"
is "$(json '.leaf >= 2097152')" true "and large ones were seen in effect"

run --seed 1 --backend mock --allow-crash dirty verify --strict --case lie-page-size-huge --case whole
status_is 0 "a page size of 2^63 harms nothing here"
like "$stdout" 'marks: marked, not DMA' "text: that nothing was written by DMA is said"
like "$stdout" '^ok +whole' "text: a line for each case"

run -q --backend mock,no-dirty dirty verify --strict
refused 4 'the mock device was made without dirty tracking' "a device without dirty tracking: skipped, with the reason"
run -q --backend mock dirty verify --source device
refused 4 'no dirty source device' "so is a source that is not there"

# The kernel's own dirty tests.
run -q --seed 1 --backend mock run /t/tests/vm/scripts/dirty-mock.iommu --json
status_is 0 "the twins of the kernel's dirty tests pass" || diag "$(json '.results[] | select(.result != "pass")')"
is "$(json '[.results[] | select(.command == "hwinfo") | .data.capabilities_raw] | join(" ")')" 0x9 "device_dirty_capability: bit 0 is there"
cat >"$tmp/script" <<'END'
hwinfo
!EOPNOTSUPP hwpt new pt --dirty
END
run -q --backend mock,no-dirty run "$tmp/script" --json
status_is 0 "enforce_dirty: a device without it gets no table for it"
is "$(json '.results[0].data.capabilities_raw')" 0x8 "device_dirty_capability: and no bit 0"
cat >"$tmp/script" <<'END'
hwpt new pt --dirty --pasid
attach pt
attach pt --pasid 100
dirty start --table pt
dirty stop --table pt
detach --pasid 100
END
run -q --backend mock,pasid run "$tmp/script" --json
status_is 0 "pasid_set_dirty_tracking: on and off with a PASID attached"
nodirty >"$tmp/twin"
is $? 0 "enforce_dirty, pasid_set_dirty_tracking: neither such a device nor its PASID is taken by a table for it" || diag "$(cat "$tmp/twin")"
is "$(grep -c '^ok' "$tmp/twin")" 5 "by five answers of the kernel's"

# The page table that start makes: the device goes there and comes back, whatever else is done meanwhile.
cat >"$tmp/script" <<'END'
map a --size 64K --iova 0x2000000
!ENOENT dirty read a
dirty start
maps
dirty read a+0x1000
dirty start
dirty unmap a
dirty stop
maps
hwpt new t --dirty
attach t
dirty start
maps
attach main
destroy t
maps
dirty start
attach main
maps
dirty start
maps
dirty stop
ioas new other
map c --size 64K --iova 0x2000000 --ioas other
attach other
dirty start
dirty read c
!EBUSY destroy other
dirty stop
END
run -q --backend mock run "$tmp/script" --json
status_is 0 "start makes a table where the device is in none that can track" || diag "$(json '.results[] | select(.result != "pass")')"
at() { json "[.results[] | select(.line == $1)][0].data | $2"; } # LINE FILTER
attached='(.objects[] | select(.kind == "device") | .parent) as $p | .objects[] | select(.id == $p) | .kind'
is "$(at 4 "$attached") $(at 4 '.dirty[0] | "\(.source) \(.made)"')" "hwpt iommu true" "the device is attached to it"
is "$(at 5 '"\(.cut) \(.page_size) \(.caveat)"')" "true 2048 marked, not DMA" "a range inside of a mapping, and what the bits are worth, are told"
is "$(at 7 '"\(.order) \(.window) \(.unmapped_bytes)"')" "read-unmap true 65536" "read and unmapped one after the other: the window is told"
is "$(at 9 "$attached") $(at 9 '.dirty | length') $(at 9 '[.objects[] | select(.kind == "hwpt")] | length')" "ioas 0 0" "stop brings the device back, and the table is gone"
is "$(at 13 '.dirty[0].made')" false "the user's own table is taken as it is"
is "$(at 16 '.dirty | length')" 0 "destroyed, it is tracked no more"
is "$(at 19 "$attached") $(at 19 '.dirty | length')" "ioas 1" "a device that was taken elsewhere leaves its table behind"
is "$(at 21 "$attached") $(at 21 '.dirty | length') $(at 21 '[.objects[] | select(.kind == "hwpt")] | length')" "hwpt 1 1" "a second start brings it back to one that tracks"
done_testing
