# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: compare on lsi by every interface that leads to the machine's IOMMU, as root and as an ordinary user; who has
# a device is named whichever way it is held. iommufd.sh [LOOPS]: more than 100 on every backend, else
# on two
. "$(dirname "$0")/lib.sh"
lsi=$(pci_lsi)
loops=${1:-100} backends="iommufd iommufd-compat"
[ "$loops" -le 100 ] || backends="vfio vfio-v1 iommufd iommufd-compat iommufd-compat,type=v1"

run --json list
is "$(json ".devices[] | select(.id == \"$lsi\") | .backends | join(\",\")")" "" "no backend can have a device that is not bound"
take "$lsi"
group=/dev/vfio/$(group_of "$lsi")
cdev=/dev/vfio/devices/$(basename "/sys/bus/pci/devices/$lsi/vfio-dev"/*)
run --json list
is "$(json ".devices[] | select(.id == \"$lsi\") | .backends | join(\",\")")" "iommufd,vfio" "both ways to the device are listed"

# on BACKEND WHAT LOOPS ARGS...
on() {
	compare_passes "root, $1, $2" "$3" --backend "$1" --device "$lsi" --canary require "${@:4}"
}

for backend in $backends; do
	for iova in fixed:0x10000000 random adversarial; do
		on $backend "${iova%:*}" "$loops" --size 8K..64K --iova $iova
		on $backend "${iova%:*}, 4K" 60 --size 4K --iova $iova
		on $backend "${iova%:*}, 2M pages of hugetlb" 20 --size 8K..2M --mem hugetlb-2M --iova $iova
		on $backend "${iova%:*}, a memory file" 40 --size 8K..64K --mem memfd --iova $iova
	done
	is "$(json '"\(.backend) \(.device) \(.driver) \(.directions | join(" "))"')" "${backend%,*} $lsi lsi read write" "the result says what was driven, and both ways"
	left_nothing "$lsi" "nothing is left behind by it"
	on $backend "page by page" 100 --size 8K..64K --map-granule page --unmap page
	on $backend "everything unmapped at once" 100 --size 8K..64K --unmap all
	on $backend "three threads" 300 --size 8K --threads 3
	on $backend "read-only and unmapped accesses" 100 --size 8K --readonly --probe-unmapped
	run compare --backend $backend --device "$lsi" --iova kernel --loops 10
	case $backend in
	iommufd) status_is 0 "$backend chooses an iova" ;;
	*) is "$status" 4 "$backend cannot choose an iova, and says so" ;;
	esac
done
on iommufd,rlimit=process "pages count against the process" 50 --size 8K
on iommufd "the kernel's iovas" "$loops" --size 8K..64K --iova kernel
on iommufd "the kernel's iovas, 4K" 60 --size 4K --iova kernel
on iommufd "the kernel's iovas, huge pages" 50 --size 8K..2M --iova kernel --mem hugetlb-2M
on iommufd "the kernel's iovas, a memory file" 100 --size 8K..64K --iova kernel --mem memfd
on iommufd "the kernel's iovas, three threads" 300 --size 8K --iova kernel --threads 3
run --json compare --device "$lsi" --loops 20
is "$status $(json .backend)" "0 iommufd" "auto takes the device's own node"
left_nothing "$lsi" "nothing is left behind by any of them"

# Who holds the device, by its own node or by the group's.
mid_loop "$lsi" --backend iommufd
run compare --backend iommufd --device "$lsi" --loops 1
refused 2 "$cdev is in use by .*\(pid $pid\)" "iommufd beside iommufd: who has the device is named"
run compare --backend vfio --device "$lsi" --loops 1
refused 2 "$group is in use" "vfio beside iommufd is refused"
run --json list
like "$(json ".devices[] | select(.id == \"$lsi\") | .why")" "in use by .*\(pid $pid\)" "list names the process too"
run unbind "$lsi"
refused 2 "\(pid $pid\)" "unbind names the process that has the device's own node"
is "$(driver_of "$lsi")" vfio-pci "and leaves the device"
kill -INT "$pid"
finish
is "$status" 130 "an interrupted compare says so"
left_nothing "$lsi" "and leaves nothing behind"
mid_loop "$lsi" --backend vfio
run compare --backend iommufd --device "$lsi" --loops 1
refused 2 "$group is in use by .*\(pid $pid\)" "iommufd beside vfio: who has the group is named"
kill -TERM "$pid"
finish
is "$status" 143 "a terminated compare says so"

IOMMUCTL_WRAPPER=as-user
run compare --backend iommufd --device "$lsi" --loops 1
refused 2 '/dev/iommu' "a user without rights to /dev/iommu"
chmod 666 /dev/iommu
run compare --backend iommufd --device "$lsi" --loops 1
refused 2 "$cdev" "a user without rights to the device's own node"
like "$stderr" "^hint:.*chown user $cdev" "is told what to do"
chown user "$cdev" "$group"
ulimit -l unlimited
for backend in iommufd iommufd-compat; do
	for iova in fixed:0x10000000 random adversarial; do
		compare_passes "user, $backend, ${iova%:*}" "$loops" --backend $backend --device "$lsi" --size 8K..64K --iova $iova
	done
done
compare_passes "user, iommufd, the kernel's iovas" "$loops" --backend iommufd --device "$lsi" --size 8K..64K --iova kernel
like "$stderr" 'canary|pagemap' "a user is told that there is no canary"
ulimit -l 8192
for backend in iommufd iommufd-compat; do
	compare_passes "user, $backend, Debian's default MEMLOCK is enough" 200 --backend $backend --device "$lsi" --size 8K
done
run compare --backend iommufd,rlimit=process --device "$lsi" --loops 1
refused 2 'count against the process: Operation not permitted' "a user cannot change what pages count against"
ulimit -l 64
for backend in iommufd iommufd-compat; do
	run compare --backend $backend --device "$lsi" --loops 10 --size 64K
	refused 2 '[Mm][Ee][Mm][Ll][Oo][Cc][Kk]|ulimit -l|locked' "user, $backend: MEMLOCK is too small"
	like "$stderr" '^hint:.*[0-9]' "and the number needed is said"
done
left_nothing "$lsi" "nothing is left behind by the user's runs"
done_testing
