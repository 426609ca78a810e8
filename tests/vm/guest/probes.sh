# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: accesses that must be refused are, as memory tells; their faults are seen in the log, decoded and attributed; what was
# not logged is no evidence, and a log that is flooded does not stall a run. probes.sh IOMMU: intel, amd or virtio
. "$(dirname "$0")/lib.sh"
iommu=$1
read -r lsi bridged <<<"$(pci 1000:0012 | xargs)"
testdev=$(pci 1b36:0005) nic=$(pci 8086:10d3) nvme=$(pci 1b36:0010)
case $iommu in intel) source=vt-d ;; amd) source=amd-vi ;; *) source=virtio ;; esac
backend=vfio
[ ! -e /dev/iommu ] || backend=iommufd
undue="no fault where none was due"

# Of VT-d's faults three are logged, of virtio's ten, of AMD's ten for each device, then none for five seconds. Before what has to
# see one, that time goes by.
faults_again() { sleep 5.2; }

# of_them FILTER: whether a fault matches, "yes", or what there was
of_them() { json "if any(.faults[]; $1) then \"yes\" else \"seen \\(.faults_seen), \\(.faults_lost) lost: \\(.faults[:2])\" end"; }

# probes NAME DEVICE LOOPS ARGS...: nothing gets through, and nobody is charged with the faults
probes() {
	compare_passes "$1: nothing gets through" "$3" --backend $backend --device "$2" --size 4K --canary require --probe-unmapped --readonly "${@:4}"
}

# faulted NAME DEVICE REQUESTER: a fault in the last output is decoded, and tied to what caused it as far as this IOMMU tells.
# QEMU's AMD logs address 0 and no bus.
faulted() {
	local want=".source == \"$source\" and .expected"
	case $iommu in
	amd) is "$(of_them "$want and .attribution == \"time\" and (has(\"iova\") | not)")" yes "$1: a fault is seen, tied by its time" ;;
	*)
		want="$want and .attribution == \"address\" and .device == \"$3\" and .group == $(group_of "$2")"
		is "$(of_them "$want and (.iova | test(\"^0x[0-9a-f]+000\$\")) and (.reason | length > 3)")" yes "$1: a fault is seen, decoded, tied by its address"
		[ "$iommu" = virtio ] || is "$(of_them '.access == "write" or .access == "read"')" yes "$1: with its access"
		;;
	esac
	is "$(json '[.faults[] | select(.expected | not)] | length')" 0 "$1: none is held against it"
}

for device in "$lsi" "$testdev" "$nic" "$nvme"; do
	take "$device"
	[ "$iommu" = amd ] || [ "$device" = "$lsi" ] || faults_again
	probes "$device" "$device" 2
	faulted "$device" "$device" "$device"
done
left_nothing "$lsi" "nothing is left behind"
if [ -n "$bridged" ]; then
	take "$bridged"
	faults_again
	probes "behind a bridge" "$bridged" 2
	faulted "behind a bridge" "$bridged" "${bridged%:*}:00.0"
	[ "${bridged##*:}" = 00.0 ] ||
		is "$(of_them ".alias_of == \"$bridged\"")" yes "behind a bridge: the id is the bridge's, and whose it is is told"
fi

# by a line of a script: one that may, one that must, and one that should not have
faults_again
script_passes "dma --may-fault: refused, and no failure" --backend $backend --device "$lsi" --canary require <<-END
	map b --size 16K --iova 0x10000000
	map r --size 4K --iova 0x10010000 --prot r
	fill b --stamp 1
	fill r --stamp 2
	dma copy b 0x20000000 --size 64 --may-fault
	dma copy b r --size 64 --may-fault
	dma copy r b+4K --size 64
	check b --size 4K --stamp 1
	check r --stamp 2
END
is "$(of_them '.expected and (.line == 5 or .line == 6)')" yes "its faults are tied to its lines"
faults_again
printf '%s\n' 'map b --size 16K --iova 0x10000000' 'dma copy b 0x20000000 --size 64' >"$tmp/script"
run --json --backend $backend --device "$lsi" --canary require run "$tmp/script"
is "$status $(of_them '.expected | not')" "1 yes" "without it a logged fault is a failure" || diag "$stdout"
script_passes "testdev: its own result is evidence, whatever is logged" --backend $backend --device "$testdev" --canary require <<-END
	map b --size 16K --iova 0x10000000
	dma write b --size 64
	dma write 0x20000000 --size 64 --may-fault
	! dma write 0x20000000 --size 64
END

# what was not logged is no evidence
run --backend $backend --device "$lsi" compare --size 4K --loops 40 --probe-unmapped --readonly
status_is 0 "more faults than a kernel logs"
like "$stdout" "^skip  $undue: [0-9]+ (faults|messages)" "leave the question open" || diag "$stdout"
like "$stdout" '^ok    unmapped memory is out of reach' "while memory has answered its own"
mount --bind /dev/null /dev/kmsg
run --backend $backend --device "$lsi" compare --size 4K --loops 20 --probe-unmapped
status_is 0 "a log that cannot be read"
like "$stdout" "^skip  $undue: the device is silent about faults and the kernel log may not be read" "leaves it open too"
run --backend $backend --device "$testdev" compare --size 4K --loops 20
like "$stdout" "^ok    $undue" "but not where the device itself answers" || diag "$stdout"
umount /dev/kmsg

# a flood, of others' lines and of faults
echo on >/proc/sys/kernel/printk_devkmsg
echo 1 >/proc/sys/kernel/printk
run --json compare --backend $backend --device "$lsi" --size 4K --loops 100
quiet=$(json '.rates.loops_per_s | round')
while :; do echo "a line of the flood that goes on and on"; done >/dev/kmsg &
flood=$!
before=$SECONDS
probes "in a flood" "$lsi" 100
diag "$(json '"\(.rates.loops_per_s | round) loops/s in a flood, \(.faults_expected) faults seen, \(.faults_lost) lost"'), $quiet loops/s without either"
ok "in a flood: the run ends in time" test $((SECONDS - before)) -lt 300
run --backend $backend --device "$lsi" compare --size 4K --loops 20 --probe-unmapped
like "$stdout" "^(skip|ok)  +$undue" "in a flood: no fault is made up" || diag "$stdout"
kill $flood
left_nothing "$lsi" "nothing is left behind by any of it"
done_testing
