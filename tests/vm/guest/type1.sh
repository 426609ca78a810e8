# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: what VFIO has beside map and unmap. Addresses of memory forgotten and renewed, the limit on mappings, BARs as
# memory for another device's DMA, and the device's own ioctls. Two lsi, an edu and an nvme, each behind a root port.
# $1: stock or built, the kernel, which says what has to be there.
. "$(dirname "$0")/lib.sh"
kernel=$1
read -r lsi peer <<<"$(pci 1000:0012 | xargs)"
edu=$(pci_edu) nvme=$(pci 1b36:0010)
take "$lsi" "$peer" "$edu" "$nvme"

# VT-d's faults are logged a few at a time, then none for five seconds: before a line that must see one, that time goes by.
faults_again() { sleep 6; }
detail() { json ".results[] | select(.line == $1) | .detail"; }

# --- addresses forgotten and renewed
for backend in vfio vfio-v1; do
	run --json --backend $backend --device "$lsi" maps
	is "$(json .capabilities.update_vaddr)" true "$backend: the kernel can update addresses, asked after SET_IOMMU"
	script_passes "$backend: DMA is right before an address is forgotten, while it is, and after" --backend $backend --device "$lsi" <<-END
		map b --size 128K --iova 0x10000000 --mem memfd
		fill b --stamp 1 --size 64K
		dma copy b b+0x10000 --size 64K
		check b --offset 64K --size 64K --stamp 1 --from 0
		vaddr forget b
		fill b --stamp 2 --size 64K
		dma copy b b+0x10000 --size 64K
		check b --offset 64K --size 64K --stamp 2 --from 0
		!EINVAL vaddr forget b
		!EINVAL vaddr forget --all
		!EINVAL vaddr forget --iova 0x10000000 --size 100
		!EINVAL vaddr renew b --size 64K
		!EINVAL vaddr renew b --size 256K
		!EINVAL vaddr renew --iova 0x10001000 --size 4K
		!ENOENT vaddr renew --iova 0x30000000 --size 4K
		!EBUSY device info $peer
		map c --size 4K
		unmap c
		vaddr renew b
		!EINVAL vaddr renew b
		fill b --stamp 3 --size 64K
		dma copy b b+0x10000 --size 64K
		check b --offset 64K --size 64K --stamp 3 --from 0
		vaddr forget --all
		!EINVAL vaddr forget b
		!EINVAL vaddr forget --all
		fill b --stamp 4 --size 64K
		dma copy b b+0x10000 --size 64K
		check b --offset 64K --size 64K --stamp 4 --from 0
		vaddr renew --all
		device info $peer
		dma copy b b+0x10000 --size 64K
		check b --offset 64K --size 64K --stamp 4 --from 0
		vaddr forget b
		unmap b
		map b --size 128K --iova 0x10000000
		!EINVAL vaddr renew b
		dma copy b b+0x10000 --size 64K
		check b --offset 64K --size 64K --stamp 4 --from 0
		vaddr forget b
		vaddr renew --all
		check --pins
	END
	is "$(detail 5) / $(detail 19)" "131072 bytes forgotten / 1 renewed, 1 at another address" "$backend: the memory had moved"
	like "$(detail 41)" '1 renewed, 1 at another address' "$backend: renew --all moves it as well"
done
script_passes "v2: no mapping is bisected" --device "$lsi" --backend vfio <<-END
	map b --size 16K --iova 0x10000000
	!EINVAL vaddr forget --iova 0x10001000 --size 4K
	!EINVAL vaddr forget --iova 0x10000000 --size 4K
END
script_passes "v1: a range that begins inside forgets nothing, one that covers the start forgets all" --device "$lsi" --backend vfio-v1 <<-END
	map b --size 16K --iova 0x10000000
	vaddr forget --iova 0x10001000 --size 4K
	!EINVAL vaddr renew b
	vaddr forget --iova 0x10000000 --size 4K
	vaddr renew b
END

script_passes "memory that others lie in as well stays where they know it" --device "$lsi" --backend vfio <<-END
	map b --size 16K --iova 0x10000000 --mem memfd
	map part --size 4K --iova 0x20000000 --memory-of b+4K
	vaddr forget --all
	vaddr renew part
	vaddr renew b
	vaddr renew --all
	fill part --stamp 1
	dma copy part b --size 4K
	free part
	vaddr forget b
	vaddr renew b
	check --pins
END
is "$(detail 4) / $(detail 5) / $(detail 11)" \
	"1 renewed, 0 at another address / 1 renewed, 0 at another address / 1 renewed, 1 at another address" "until they are gone"

# --- everything in one call
faults_again
script_passes "unmap --all takes everything, and what is mapped afterwards is right" --device "$lsi" --backend vfio <<-END
	map a --size 4K --iova 0x10000000
	map b --size 2M --iova 0x20000000
	dma copy b b+0x1000 --size 4K
	unmap --all
	check --pins
	!dma copy a a --size 64
	map c --size 16K --iova 0x10000000
	fill c --stamp 1
	dma copy c c+0x2000 --size 8K
	check c --offset 8K --stamp 1 --from 0
END

# --- the limit on mappings
limit=/sys/module/vfio_iommu_type1/parameters/dma_entry_limit
before=$(cat $limit)
echo 20 >$limit
script_passes "mappings up to the limit, then ENOSPC" --device "$lsi" --backend vfio <<-END
	maps
	repeat 19
	map --size 4K
	end
	maps
	map last --size 4K
	!ENOSPC map more --size 4K
	maps
	unmap b7
	maps
	map more --size 4K
	!ENOSPC map b7 --size 4K
	unmap --all
	maps
	check --pins
END
is "$(detail 1) / $(detail 5) / $(detail 8) / $(detail 10) / $(detail 14)" \
	"0 mappings, 0 bytes, 20 more allowed / 19 mappings, 77824 bytes, 1 more allowed / 20 mappings, 81920 bytes, 0 more allowed / 19 mappings, 77824 bytes, 1 more allowed / 0 mappings, 0 bytes, 20 more allowed" \
	"and maps counts them"
run --json --device "$lsi" --backend vfio maps
is "$(json .mappings_left)" 20 "maps alone tells what is left"
echo 0 >$limit
run --device "$lsi" --backend vfio map --size 4K --hold 1ms
refused 2 'No space left' "without any allowed a map is refused"
like "$stderr" '^hint: all 0 mappings that .*dma_entry_limit allows' "and the hint names the limit"
echo "$before" >$limit

# --- BARs as memory: from device to device
lsi_reads() { # KIND: a script that copies to the peer's RAM and back, by way of it
	cat <<-END
		map src --size 8K --iova 0x10000000
		map there --size 8K --mem $1:2@$peer --iova 0x20000000
		fill src --stamp 5
		fill there --byte 0x11
		check there --byte 0x11
		dma copy src there --size 8K
		maps
		fill src --byte 0
		dma copy there src --size 8K
		check src --stamp 5
		fill there --byte 0x66
		dma copy there src --size 8K
		check src --byte 0x66
		fill src --byte 0x77
		dma copy src there --size 8K
		check there --byte 0x77
		!EEXIST map other --size 4K --mem $1:2@$peer --iova 0x20001000
		map half --size 4K --mem $1:2+4K@$peer --iova 0x30000000
		fill half --byte 0x88
		dma copy there+0x1000 src --size 4K
		check src --size 4K --byte 0x88
		check --pins
		unmap there
		!dma copy there src --size 64
		map own --size 8K --mem $1:2 --iova 0x20000000
		fill own --byte 0x99
		dma copy own src --size 8K
		check src --byte 0x99
		dma copy half src --size 4K
		check src --size 4K --byte 0x88
		free half
		unmap --all
		check --pins
	END
}
for backend in vfio vfio-v1; do
	faults_again
	script_passes "$backend: data arrives in the other device's RAM, and comes back from there" --allow-p2p --device "$lsi" --backend $backend < <(lsi_reads bar)
	left_nothing "$lsi" "$backend: nothing is left behind"
	left_nothing "$peer" "$backend: nor on the other device"
done
run --device "$lsi" --backend vfio map --size 8K --mem "bar:2@$peer" --hold 1ms
refused 64 'lets DMA reach another device' "without --allow-p2p a BAR is refused"
like "$stderr" '^hint: --allow-p2p' "and the hint names it"
run --allow-p2p --device "$lsi" --backend vfio map --size 16K --mem "bar:2@$peer" --hold 1ms
refused 64 'not whole pages inside BAR 2 of 0x2000 bytes' "more than the BAR is refused"
run --allow-p2p --device "$lsi" --backend vfio map --size 4K --mem "bar:0@$peer" --hold 1ms
refused 4 'BAR 0 of .* cannot be mapped: it is ports' "ports are skipped"
run --allow-p2p --device "$lsi" --backend vfio map --size 8K --mem "dmabuf:2@$peer" --hold 1ms
refused 4 'maps by address' "a container takes no dma-buf"
run --allow-p2p --device "$lsi" --backend vfio map --size 8K --mem bar:2@0000:77:00.0 --hold 1ms
refused 2 '0000:77:00.0' "a device that is not there"

start --allow-p2p --device "$lsi" --backend vfio map --size 8K --mem "bar:2@$peer"
ok "a BAR is held" wait_for 20 grep -q 'is mapped at iova' "$tmp/stderr"
is "$(bus_master "$peer")" off "the device that is only reached may not master the bus"
kill -INT "$pid"
finish
is "$status" 130 "until a signal"
left_nothing "$lsi" "nothing is left behind"
left_nothing "$peer" "nor on the other device"

# What nothing answers: QEMU gives zeros and drops writes; type1 keeps the translation, so that no fault is due.
gone() { # HOW BACK
	cat <<-END
		map src --size 8K --iova 0x10000000
		map there --size 8K --mem bar:2@$peer --iova 0x20000000
		fill there --byte 0x77
		dma copy there src --size 8K
		$1
		!EIO check there --byte 0x77
		!EIO fill there --byte 0x77
		!EFAULT map other --size 8K --mem bar:2@$peer --iova 0x30000000
		fill src --byte 0x55
		dma copy src there --size 8K
		dma copy there src --size 4K
		check src --size 4K --byte 0
		$2
		check there --byte 0x77
		dma copy there src --size 8K
		check src --byte 0x77
		check --pins
	END
}
script_passes "type1 keeps a mapping of a BAR whose device does not answer" --allow-p2p --allow-crash --device "$lsi" --backend vfio \
	< <(gone "device memory off $peer" "device memory on $peer")
gone "device memory off $peer" "device memory on $peer" >"$tmp/script"
run --json --allow-p2p --device "$lsi" --backend vfio run "$tmp/script"
is "$(json '.results[] | select(.line == 5) | .result')" skip "which takes --allow-crash"
for what in "reset $peer" "low-power enter $peer"; do
	printf 'map there --size 8K --mem bar:2@%s\ndevice %s\n' "$peer" "$what" >"$tmp/script"
	run --json --allow-p2p --device "$lsi" --backend vfio run "$tmp/script"
	is "$status $(json '.results[1].result')" "4 skip" "and so does device $what"
done
script_passes "a reset under a mapping: it is there afterwards" --allow-p2p --allow-crash --device "$lsi" --backend vfio <<-END
	map src --size 8K
	map there --size 8K --mem bar:2@$peer
	device reset $peer
	fill there --byte 0x44
	dma copy there src --size 8K
	check src --byte 0x44
END

# --- the same through iommufd: by descriptor, and revoked.
if [ "$kernel" = built ]; then
	for backend in iommufd iommufd-compat; do
		script_passes "$backend: BARs are not taken by address" --allow-p2p --device "$lsi" --backend $backend <<-END
			!EFAULT map there --size 8K --mem bar:2@$peer
		END
	done
	faults_again
	script_passes "iommufd: data arrives in the other device's RAM, and comes back from there" --allow-p2p --device "$lsi" --backend iommufd < <(lsi_reads dmabuf)
	left_nothing "$lsi" "iommufd: nothing is left behind"
	left_nothing "$peer" "iommufd: nor on the other device"
	for how in memory reset; do
		if [ $how = memory ]; then
			away="device memory off $peer" back="device memory on $peer" errno=ENODEV
		else
			away="device reset $peer" back="maps" errno=
		fi
		faults_again
		script_passes "iommufd: revoked by $how, a mapping faults from then on" --allow-p2p --device "$lsi" --backend iommufd <<-END
			map src --size 8K --iova 0x10000000
			map there --size 8K --mem dmabuf:2@$peer --iova 0x20000000
			fill there --byte 0x77
			dma copy there src --size 8K
			check src --byte 0x77
			$away
			${errno:+!$errno map other --size 8K --mem dmabuf:2@$peer}
			fill src --byte 0x55
			!dma copy src there --size 64
			$back
			fill there --byte 0x33
			dma copy src there --size 8K --may-fault
			check there --byte 0x33
			!EEXIST map other --size 8K --mem dmabuf:2@$peer --iova 0x20000000
			free there
			map there --size 8K --mem dmabuf:2@$peer --iova 0x20000000
			fill src --byte 0x22
			dma copy src there --size 8K
			check there --byte 0x22
			check --pins
		END
	done
	for words in "forget b" "renew b"; do
		printf 'map b --size 4K\nvaddr %s\n' "$words" >"$tmp/script"
		run --json --device "$lsi" --backend iommufd-compat run "$tmp/script"
		is "$status $(json '.results[1].result')" "4 skip" "iommufd-compat: vaddr $words is skipped"
		run --json --device "$lsi" --backend iommufd run "$tmp/script"
		is "$status $(json '.results[1].result')" "4 skip" "iommufd: vaddr $words is skipped"
	done
	script_passes "iommufd-compat: its kernel does not know the flags" --device "$lsi" --backend iommufd-compat <<-END
		map b --size 4K
		!EINVAL vaddr forget b
		!EINVAL vaddr renew b
	END
fi

# --- the device's own ioctls
backends=vfio
[ "$kernel" = stock ] || backends="vfio iommufd"
for backend in $backends; do
	on=(--json --backend "$backend" --device)
	run "${on[@]}" "$lsi" device info
	is "$status $(json '[.regions[] | "\(.name) \(.size) \(.mmap)"] | join(", ")')" \
		"0 bar0 256 false, bar1 1024 true, bar2 8192 true, config 256 false" "$backend: lsi's regions"
	is "$(json '[.irqs[] | select(.name == "intx" or .name == "msi") | "\(.name) \(.count) \(.maskable)"] | join(", ")')" \
		"intx 1 true" "$backend: and interrupts"
	run "${on[@]}" "$nvme" device info
	is "$(json '[.irqs[] | select(.name == "intx" or .name == "msix") | "\(.name) \(.count)"] | join(", ")') $(json .function_reset)" \
		"intx 1, msix 65 true" "$backend: nvme's interrupts and reset"
	run "${on[@]}" "$edu" device features
	is "$(json '[.features[] | select(.set) | .nr] | join(" ")') $(json '.features | length')" "3 4 5 14" "$backend: low power is there"
	is "$(json '.features[] | select(.name == "DMA_BUF") | .get')" "$([ "$kernel" = built ] && echo true || echo false)" "$backend: dma-bufs are where they should be"
	for irq in "$lsi intx 0" "$edu msi 0" "$nvme msix 0" "$nvme msix 64" "$nvme err 0" "$lsi req 0"; do
		read -r id kind vector <<<"$irq"
		run "${on[@]}" "$id" device irq --kind "$kind" --vector "$vector"
		is "$status $(json .result)" "0 pass" "$backend: $kind $vector arrives"
	done
	run "${on[@]}" "$lsi" device irq --kind msi
	status_is 4 "$backend: an interrupt that the device has not is skipped"
	run "${on[@]}" "$nvme" device irq --kind msix --vector 65
	status_is 4 "$backend: and a vector past the last"
	for width in 1 2 4 8; do
		run "${on[@]}" "$lsi" device ioeventfd --bar 2 --offset 0x18 --width $width --value 0x1122334455667788
		is "$status $(json .result)" "0 pass" "$backend: an event writes $width bytes"
	done
	run "${on[@]}" "$lsi" device ioeventfd --bar 2 --offset 8K --value 1
	status_is 2 "$backend: but not past the BAR's end"
	run "${on[@]}" "$lsi" device hot-reset-info
	is "$status $(json '.devices[].id')" "0 $lsi" "$backend: a bus reset takes this device along"
	run "${on[@]}" "$lsi" device low-power wakeup
	is "$status" "$([ "$kernel" = stock ] && echo 0 || echo 4)" "$backend: a device that slept wakes, with an event; a kernel without CONFIG_PM has none sleep"
	script_passes "$backend: DMA goes on after a reset, memory off and on, and sleep" --backend "$backend" --device "$lsi" <<-END
		map b --size 16K
		fill b --stamp 1
		dma copy b b+0x2000 --size 8K
		device reset
		dma copy b b+0x2000 --size 8K
		check b --offset 8K --stamp 1 --from 0
		device memory off
		fill b --offset 8K --byte 0
		dma copy b b+0x2000 --size 8K
		check b --offset 8K --stamp 1 --from 0
		device low-power enter
		!EBUSY dma copy b b+0x2000 --size 8K
		device low-power exit
		fill b --offset 8K --byte 0
		dma copy b b+0x2000 --size 8K
		check b --offset 8K --stamp 1 --from 0
		device irq --kind intx
		device irq --kind msi $edu
		device ioeventfd --bar 2 --value 1
		dma copy b b+0x2000 --size 8K
		check --pins
	END
	left_nothing "$lsi" "$backend: nothing is left behind"
	left_nothing "$edu" "$backend: nor on the other device"
done
compare_passes "compare passes after all that" 200 --device "$lsi" --size 8K
done_testing
