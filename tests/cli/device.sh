# SPDX-License-Identifier: GPL-2.0-or-later
# device, and BARs as memory: the words they take, and what the simulation answers, which has neither.
. "$(dirname "$0")/lib.sh"

for words in info features hot-reset-info reset "memory on" "memory off" "low-power enter" "low-power wakeup" "low-power exit" \
	irq "irq --kind intx" "irq --kind msix --vector 2047" "ioeventfd --bar 2 --value 0x12"; do
	# shellcheck disable=SC2086
	run -q device $words
	status_is 4 "device $words: skipped on sim"
done
run -q device info 00:05.0
status_is 4 "another device: skipped on sim"
for words in "" "lose" "memory" "memory maybe" "low-power" "low-power off" "info 00:04.0 00:05.0" "irq --kind nmi" \
	"irq --vector 2048" "irq --vector x" "ioeventfd" "ioeventfd --bar 2" "ioeventfd --bar 6 --value 1" \
	"ioeventfd --bar 2 --value 1 --width 3"; do
	# shellcheck disable=SC2086
	run device $words
	status_is 64 "usage: device $words"
	like "$stderr" '^iommuctl: device: ' "and it is said"
done
for mem in bar:2 bar:0+4K bar:2@00:05.0 bar:0+0x1000@0000:00:05.0 dmabuf:2 dmabuf:5@00:05.0; do
	run -q map --size 4K --mem "$mem"
	status_is 4 "--mem $mem: skipped on sim"
	like "$stderr" 'has no BARs' "and why"
done
for mem in bar bar: bar:6 bar:22 bar:x bar:2+ bar:2+x bar:2@ bar:+4K bar:2x bar:-1 dmabuf dmabuf: "bar:2 " barr:2; do
	run map --size 4K --mem "$mem"
	status_is 64 "usage: --mem $mem"
	like "$stderr" '^iommuctl: map: --mem: ' "and it is said"
done
run compare --loops 1 --mem bar:2
status_is 64 "compare takes the host's memory only"
done_testing
