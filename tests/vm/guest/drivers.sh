# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: compare with the driver of each device that is there, by every interface there is. drivers.sh [LOOPS [OF-EDU]]
. "$(dirname "$0")/lib.sh"
loops=${1:-} edu_loops=${2:-3}

# ids | driver (empty: by the ids) | loops | what else: as large and as deep as the device can
table='
1b36:0010 | nvme,scratch=1024+65536 | 300 | --size 8K..64K
1b36:0010 | nvme,scratch=1024+65536 | 60 | --size 512K --graveyard 4
1b36:0010 | nvme,scratch=1024+65536 | 20 | --size 4M --graveyard 2 --iova adversarial
1b36:0010 | nvme | 300 | --size 4K..64K
8086:10d3 | | 300 | --size 64..64K
8086:10d3 | | 100 | --iova adversarial
8086:10c9 | | 300 | --size 64..64K
8086:10c9 | | 100 | --iova adversarial
1000:0012 | | 300 | --size 64..64K
1b36:0005 | | 300 | --size 4K..64K
1b36:0005 | | 100 | --iova adversarial
1234:11e8 | | edu | --size 4K
'
backends=(vfio)
[ ! -e /dev/iommu ] || backends+=(iommufd)
taken=
while IFS='|' read -r id driver n options; do
	id=${id// /} driver=${driver// /} n=${n// /}
	[ -n "$id" ] || continue
	device=$(pci "$id")
	if [ -z "$device" ]; then
		fail "$id is there"
		continue
	fi
	case " $taken " in *" $device "*) ;; *) take "$device" && taken="$taken $device" ;; esac
	case $n in edu) n=$edu_loops ;; *) n=${loops:-$n} ;; esac
	for backend in "${backends[@]}"; do
		# shellcheck disable=SC2086 # options are words
		compare_passes "${driver:-$id}, $backend, ${options# }" "$n" --backend "$backend" --device "$device" ${driver:+--driver "$driver"} \
			--canary require $options
		is "$(json '.canary')" passed "its canary passed"
		left_nothing "$device" "nothing is left behind"
	done
done <<<"$table"
done_testing
