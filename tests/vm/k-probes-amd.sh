# SPDX-License-Identifier: GPL-2.0-or-later
# Accesses that must be refused, by each driver's device, with --iommu amd: the faults in the kernel's log, and their absence.
# Only with --long: k-probes-intel.sh is this on another IOMMU.
. "$(dirname "$0")/lib.sh"
qemu=$(fetched qemu trixie-backports) || skip_all "a newer QEMU cannot be fetched: $(tail -n 1 "$tap_tmp/get.err")"
guest_built probes --qemu "$qemu" --iommu amd --memory 1G --drivers none --device lsi --device iommu-testdev --device e1000e --device nvme \
	-- probes.sh amd
done_testing
