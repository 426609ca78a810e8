# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: on a kernel with a bug put in, the repro that is about such a bug says affected. repro-mutant.sh MUTANT
. "$(dirname "$0")/lib.sh"
device=$(pci_lsi)
take "$device"
backend=vfio
case $1 in
stale-iotlb) names='dma-wrong-page vtd-flush-mask' ;;
psi-mask) names=vtd-flush-mask ;;
unmap-skip-pte) names=vtd-unmap-leaves-entries ;;
pin-leak) names=iommufd-batch-carry backend=iommufd ;;
esac
for name in $names; do
	run --json --backend $backend --device "$device" --seed 1 --allow-crash repro run "$name"
	is "$status $(json '.results[0].verdict' 2>&1)" "1 affected" "$1: $name says affected" || diag "$stdout $stderr"
	diag "$(json '.results[0].why')"
done
done_testing
