# SPDX-License-Identifier: GPL-2.0-or-later
# iommuctl bind and unbind where nothing can be changed: what they refuse, and what a dry run tells. (The unit test moves
# devices on a model of the driver core, the VM tests on a real one.)
. "$(dirname "$0")/lib.sh"
for host in intel none; do bash "$top_srcdir/tests/data/mkhost" $host "$tmp/$host"; done
before=$(cd "$tmp/intel" && find . -printf '%p %l %s %T@\n' | sort)

refused() { # ID REASON NAME
	run --sysroot "$tmp/intel" bind "$1" --dry-run
	status_is 2 "$3: refused"
	like "$stderr" "$2" "$3: and why"
	run --sysroot "$tmp/intel" bind "$1" --dry-run --force
	status_is 0 "$3: --force overrides"
	like "$stderr" "warning: .*$2" "$3: but tells"
}
allowed() { # ID NAME
	run --sysroot "$tmp/intel" bind "$1" --dry-run --json
	status_is 0 "$2: not refused"
	json_is '.devices[0] | "\(.id) \(.to) \(.changed)"' "$1 vfio-pci false" "$2: nothing changed"
}
refused 0000:01:00.0 'nvme0n1p1 is mounted on /boot' "a mounted file system"
like "$stderr" 'nvme0n1p2 is part of dm-0 \(vg-root\)' "LVM: told as well"
allowed 0000:04:00.0 "an idle disk"
refused 0000:02:00.0 'network interface enp2s0 is up' "an interface that is up"
allowed 0000:05:00.0 "an interface that is down"
refused 0000:00:02.0 'it is the boot display' "the boot display"
allowed 0000:00:1f.3 "a sound card"
sed -i 's,/dev/dm-1 ,/dev/nvme1n1p1 ,' "$tmp/intel/proc/swaps"
refused 0000:04:00.0 'nvme1n1p1 is swap' "swap"
sed -i 's,/dev/nvme1n1p1 ,/dev/dm-1 ,' "$tmp/intel/proc/swaps"
touch -d @1 "$tmp/intel/proc" "$tmp/intel/proc/swaps" # sed -i made it anew

run --sysroot "$tmp/intel" bind 04:00.0 --dry-run
for step in "remember the driver 'nvme' in /run/iommuctl/bind/0000:04:00.0" \
	'write vfio-pci to /sys/bus/pci/devices/0000:04:00.0/driver_override' \
	'write 0000:04:00.0 to /sys/bus/pci/drivers/nvme/unbind' 'write 0000:04:00.0 to /sys/bus/pci/drivers/vfio-pci/bind' \
	'wait for /dev/vfio/8'; do
	like "$stderr" "0000:04:00.0: would $step" "the dry run tells: $step"
done
run --sysroot "$tmp/intel" unbind 03:00.0 --dry-run
status_is 0 "unbind has a dry run"
like "$stderr" 'would write 0000:03:00.0 to /sys/bus/pci/drivers/vfio-pci/unbind' "that tells"
run --sysroot "$tmp/intel" bind 03:00.0 --json
json_is '.devices[0] | "\(.from) \(.to) \(.changed)"' "vfio-pci vfio-pci false" "bound already: no change"
run --sysroot "$tmp/intel" bind 06:00.0 --json --dry-run
json_is '.devices[0] | "<\(.from)> \(.to)"' "<> vfio-pci" "no driver is an empty string, not another type"
run --sysroot "$tmp/intel" unbind 04:00.0 --json
json_is '.devices[0] | "\(.from) \(.to) \(.changed)"' "nvme nvme false" "not bound: no change"

run --sysroot "$tmp/intel" bind 04:00.0
status_is 2 "a capture cannot be changed"
like "$stderr" 'captured machine: Read-only' "and that is told"
is "$(cd "$tmp/intel" && find . -path ./proc -prune -o -printf '%p %l %s %T@\n' | sort)" \
	"$(grep -v '^./proc' <<<"$before")" "nothing was touched in all this"

run --sysroot "$tmp/none" bind 00:03.0
status_is 2 "no IOMMU"
like "$stderr" 'it has no IOMMU group: No such device' "is told"
run --sysroot "$tmp/intel" bind 00:06.0
like "$stderr" 'cannot bind 0000:00:06.0: it is a bridge' "a bridge"
for bridge in 00:1f.0 00:00.0; do
	run --sysroot "$tmp/intel" bind $bridge --dry-run --force
	status_is 2 "$bridge: an ISA or host bridge, forced or not"
	like "$stderr" "cannot bind 0000:$bridge: it is a bridge" "$bridge: told as such"
done
for bad in 00:1f.0 0f:00.0 01:00.0; do
	run --sysroot "$tmp/intel" bind 04:00.0 $bad --dry-run
	status_is 2 "one of two refused ($bad): both are"
	unlike "$stderr" '04:00.0: would' "and nothing is done to the first"
done
mkdir -p "$tmp/intel/sys/bus/pci/drivers/lpc_ich"
ln -s "$tmp/intel/sys/bus/pci/drivers/lpc_ich" "$tmp/intel/sys/bus/pci/devices/0000:00:1f.0/driver"
run --sysroot "$tmp/intel" bind 00:1f.3 --dry-run
like "$stderr" 'hint: the bridge 0000:00:1f.0 is one of them, and cannot be bound' "a bridge that blocks a group is not to be bound"
run --sysroot "$tmp/intel" list
like "$stdout" '0000:00:1f.3 .*; its group also holds the bridge 0000:00:1f.0, which cannot be bound' "nor does list say so"
rm "$tmp/intel/sys/bus/pci/devices/0000:00:1f.0/driver"
run --sysroot "$tmp/intel" bind 0f:00.0
status_is 2 "no such device"
like "$stderr" 'hint: devices here: .*0000:03:00.0' "lists what there is"
run bind four
status_is 64 "no address"
run bind
status_is 64 "no device named"
run unbind
status_is 64 "nor for unbind"
run unbind --force 00:03.0
status_is 64 "unbind cannot be forced"
run bind 04:00.0 0x:1 --dry-run
status_is 64 "one bad address among several"
done_testing
