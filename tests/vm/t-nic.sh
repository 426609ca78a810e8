# SPDX-License-Identifier: GPL-2.0-or-later
# Intel's gigabit controllers on the stock kernel: 82574L on the QEMU that is installed, 82576 on a newer one; what they send is kept.
# Only with --long: k-nic.sh has the drivers.
. "$(dirname "$0")/lib.sh"

# sent_by FILE ADDRESS: how often the address is in the packets, as bytes.
sent_by() { LC_ALL=C grep -aoP "$2" "$1" | wc -l; }
ours='\x02\x49\x4f\x4d\x55\x55' host='\x52\x54\x00\x12\x34\x56'

# kept_in NAME FILE: nothing of ours was sent, and what the host's driver sent afterwards is there to be seen.
kept_in() {
	is "$(sent_by "$2" "$ours")" 0 "$1: no packet of ours reached the network"
	isnt "$(sent_by "$2" "$host")" 0 "$1: where the host's packets are seen"
}

guest e1000e --iommu intel --memory 1G --device e1000e --packets "$tap_tmp/e1000e" -- nic.sh host vfio
kept_in e1000e "$tap_tmp/e1000e.0"
if qemu=$(fetched qemu trixie-backports); then
	guest igb --qemu "$qemu" --iommu intel --memory 1G --device igb --packets "$tap_tmp/igb" -- nic.sh host vfio
	kept_in igb "$tap_tmp/igb.0"
else
	skip "igb" "a newer QEMU cannot be fetched: $(tail -n 1 "$tap_tmp/get.err")"
fi
done_testing
