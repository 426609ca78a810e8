# SPDX-License-Identifier: GPL-2.0-or-later
# compare with the drivers e1000e and igb on the models of their devices: sound, broken, and behind an IOMMU that misbehaves.
. "$(dirname "$0")/lib.sh"

# judged NAME STATUS RESULT:CLASSES MODEL[,OPTION...] ARGS...
judged() {
	run --json --backend "sim,model=$4" compare "${@:5}"
	is "$status $(json '"\(.result):\(.classes | keys | join(" "))"')" "$2 $3" "$1" || diag "$stderr"
}

for nic in e1000e igb; do
	judged "$nic: nothing is wrong" 0 pass: $nic --loops 200 --size 64..64K
	is "$(json .driver)" $nic "$nic: it is matched by its ids"
	judged "$nic: 512 KiB" 0 pass: $nic --loops 10 --size 512K --iova fixed:0x10000000
	judged "$nic: unmapped and read-only accesses" 0 pass: $nic --loops 3 --size 8K --probe-unmapped --readonly
	judged "$nic: everything unmapped at once" 0 pass: $nic --loops 3 --size 8K --unmap all
	judged "$nic: by the MAC alone" 0 pass: $nic --loops 3 --driver $nic,loopback=mac
	judged "$nic: by the PHY alone" 0 pass: $nic --loops 3 --driver $nic,loopback=phy

	judged "$nic: a stale IOTLB" 1 fail:stale-write $nic,fault=stale-iotlb --loops 300 --size 8K --iova fixed:0x10000000
	judged "$nic: half an invalidation" 1 fail:stale-write $nic,fault=psi-mask --loops 100 --size 8K..64K --iova adversarial
	judged "$nic: an entry survives" 1 fail:unmapped-access $nic,fault=unmap-skip-pte --loops 10 --size 8K --probe-unmapped
	judged "$nic: read-only is not enforced" 1 fail:readonly-write $nic,fault=ro-writable --loops 10 --size 8K --readonly
	judged "$nic: no translation" 1 fail:untranslated $nic,fault=untranslated --loops 10 --size 8K

	judged "$nic: it does not come up" 2 error: $nic:broken=never-ready
	like "$stderr" "$nic does not answer to a reset" "$nic: and that is said"
	judged "$nic: it is not there" 2 error: $nic:broken=gone
	judged "$nic: the test packet does not come back" 2 error: $nic:broken=error-status
	like "$stderr" "^hint: .*--driver $nic,loopback=mac" "$nic: and what may help is said"
	judged "$nic: errors" 1 "fail:dma-error unwritten" $nic:broken=error-status:after=3000 --loops 3000 --size 8K
	judged "$nic: nothing is moved, and nothing said" 1 fail:unwritten $nic:broken=silent-error:after=3000 --loops 3000 --size 8K
	judged "$nic: it goes" 2 error: $nic:broken=gone:after=3000 --loops 3000 --size 8K
	like "$stderr" "would not stop; its buffers stay mapped" "$nic: and its buffers are kept"
	run --backend sim,model=$nic compare --driver $nic,loopback=wire
	is "$status" 64 "$nic: an unknown loopback is a usage error"
	like "$stderr" "driver $nic cannot loop back by .wire." "$nic: which is named"
	like "$stderr" "^hint: loopback=both\|mac\|phy" "$nic: and the known ones"
done
run --backend sim,model=igb compare --driver e1000e
is "$status" 2 "e1000e does not drive an igb"
done_testing
