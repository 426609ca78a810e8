# SPDX-License-Identifier: GPL-2.0-or-later
# compare with every driver, through VFIO on the stock kernel, whose own drivers had the devices before. igb and iommu-testdev take a
# QEMU that is newer than Debian 12's. 20,000 loops each, 100 of edu's.
# Only with --long: k-drivers.sh has the drivers.
. "$(dirname "$0")/lib.sh"
qemu=$(fetched qemu trixie-backports) || skip_all "a newer QEMU cannot be fetched: $(tail -n 1 "$tap_tmp/get.err")"
loops=() timeout=1800
[ -z "${IOMMUCTL_LONG:-}" ] || loops=(20000 100) timeout=7200
guest drivers --qemu "$qemu" --iommu intel --memory 2G --timeout $timeout --device nvme --device e1000e --device igb --device lsi \
	--device iommu-testdev --device edu --device qemu-xhci -- drivers.sh vfio "${loops[@]}"
done_testing
