# SPDX-License-Identifier: GPL-2.0-or-later
# Drivers of real devices on register models: what the simulated IOMMU does wrong is found under each of them by the names it has
# with the simulation's own device, nothing is found where nothing is wrong, and hardware that is broken ends as it should.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"

# model | global options: a device of many address bits, that there be a canary
drivers='
lsi|
edu|--driver edu,mask=32
testdev|
e1000e|
igb|
nvme|'

# misbehaviour | options that show it | classes it may be told as
faults=$(grep -v '^#' "$top_srcdir/tests/misbehaviours")

is "$("$IOMMUCTL" --backend sim,help | sed -n 's/^model=\([a-z0-9]*\) .*/\1/p' | grep -vx ram | sort)" "$(grep -o '^[a-z0-9]*' <<<"$drivers" | sort)" \
	"every model that has a driver is here"

# Under a memory checker that is slow, each kind of thing once.
if is_slow; then
	drivers=$(grep -E '^(lsi|testdev|nvme)\|' <<<"$drivers")
	faults=$(grep -E '^(unmap-skip-pte|short-unmap|ro-writable)\|' <<<"$faults")
fi
each() { grep -F '|' <<<"$1"; }

found() { # MODEL GLOBAL OPTIONS FAULT CLASSES
	local model=$1 global=$2 options=$3 fault=$4 classes=$5 class
	# shellcheck disable=SC2086
	run -q --seed 1 $global --backend "sim,model=$model,fault=$fault:p=0.01" compare --loops 2000 $options --json
	status_is 1 "$model: $fault is found" || return
	json_is '[.driver, .result]' "[\"$model\",\"fail\"]" "$model: $fault: by its driver"
	isnt "$(json '.classes | keys[]')" "" "$model: $fault: and named"
	for class in $(json '.classes | keys[]'); do
		# two threads on one frame overwrite each other's poison as well
		[ "$fault/$class" != early-unpin/unwritten ] || continue
		like " $classes " " $class " "$model: $fault: $class is a right name for it"
	done
}

nothing() { # MODEL GLOBAL OPTIONS
	local loops
	loops=$(scaled 1000)
	# a network card that may not read a packet says nothing, and is waited for
	case $3 in *probe-unmapped*) loops=10 ;; esac
	# shellcheck disable=SC2086
	run -q --seed 2 $2 --backend "sim,model=$1" compare --loops "$loops" $3 --json
	status_is 0 "$1: sound: $3 finds nothing"
	json_is '[.driver, .result, .loops, .classes, .failures]' "[\"$1\",\"pass\",$loops,{},[]]" "$1: sound: nothing at all"
}

dirty() { # MODEL GLOBAL: what it writes is in the bits; most devices do not tell which of their writes were refused
	# shellcheck disable=SC2086
	run -q --seed 1 $2 --backend "sim,model=$1,personality=iommufd" dirty verify --strict --rounds 1 --json
	status_is 0 "$1: the bits of what it writes"
	json_is '[.driver, .missing, .spurious_pages]' "[\"$1\",[],0]" "$1: are neither too few nor too many"
	# shellcheck disable=SC2086
	run -q --seed 1 $2 --backend "sim,model=$1,personality=iommufd,fault=dirty-lost-unmap" dirty verify --rounds 1 --json
	status_is 1 "$1: dirty-lost-unmap is found"
	json_is '.missing | length > 0' true "$1: dirty-lost-unmap: as missing"
}

while IFS='|' read -r model global; do
	is_slow || dirty "$model" "$global"
	while IFS='|' read -r fault options classes; do found "$model" "$global" "$options" "$fault" "$classes"; done < <(each "$faults")
	while read -r options; do nothing "$model" "$global" "$options"; done < <(each "$faults" | cut -d'|' -f2 | sort -u)
done < <(each "$drivers")

# A repro has the whole of what it was made with on its first lines.
for model in lsi testdev; do
	fault="sim,model=$model,fault=ro-writable:p=0.05"
	run -q --seed 1 --driver "$model" --backend "$fault" compare --loops 500 --readonly --save-repro "$tmp/$model.iommu"
	status_is 1 "$model: a failure is saved"
	like "$(<"$tmp/$model.iommu")" "^# run: iommuctl --backend $fault --driver $model run " "$model: with its model and driver"
	run -q --seed 1 --backend "$fault" run "$tmp/$model.iommu"
	status_is 1 "$model: the script shows it again"
	sed -i 's/^repeat .*/repeat 20/' "$tmp/$model.iommu"
	run -q --backend "sim,model=$model" run "$tmp/$model.iommu"
	status_is 0 "$model: and passes on sound hardware behind a sound IOMMU"
done

# Broken hardware. Much of it is waiting for what never comes, so all of them run at once.
is_slow && { done_testing; exit; }

# models | how they are broken | from the first access on, or later, without a canary | exit status | is it known to be quiet, and
# everything unmapped? | the class it has, or what is said of it (MODEL: its name)
broken='
lsi e1000e igb|never-ready|first|2|no|MODEL does not answer to a reset: No such device
edu|never-ready|first|2|no|edu does not end an earlier transfer: Device or resource busy
testdev|never-ready|first|2|no|iommu-testdev does not become idle: its result is 0xfffffffe: No such device
nvme|never-ready|first|2|yes|nvme did not become ready within 500 ms: Connection timed out
lsi|gone|first|2|no|lsi does not answer to a reset: No such device
edu|gone|first|2|no|edu answers 0xffffffff as its id, not 0x010000ed: No such device
testdev|gone|first|2|no|iommu-testdev.s registers do not hold what is written: No such device
e1000e igb|gone|first|2|no|MODEL.s registers read as all ones: No such device
nvme|gone|first|2|no|nvme does not answer: its registers are all ones: No such device
lsi edu testdev e1000e igb nvme|gone|later|2|no|the device is gone: its configuration space reads as all ones: No such device
lsi|stuck-busy|first|2|yes|the canary.s DMA did not end: Connection timed out
edu testdev|stuck-busy|first|2|no|the canary.s DMA did not end: Connection timed out
e1000e igb|stuck-busy|first|2|yes|a packet that MODEL was to loop back did not come back: No such device
nvme|stuck-busy|first|2|yes|nvme did not answer when it was asked to identify itself: Connection timed out
lsi nvme|stuck-busy|later|2|yes|the device did not finish its DMA at iova 0x[0-9a-f]*: Connection timed out
edu testdev|stuck-busy|later|2|no|the device did not finish its DMA at iova 0x[0-9a-f]*: Connection timed out
e1000e igb|stuck-busy|later|1|yes|dma-error
lsi testdev|error-status|first|2|yes|the canary.s DMA did not arrive anywhere we can see .device status -5.: Input/output error
e1000e igb|error-status|first|2|yes|a packet that MODEL was to loop back did not come back: No such device
nvme|error-status|first|2|yes|nvme refused to identify itself: status 0x[0-9a-f]*
lsi testdev e1000e igb nvme|error-status|later|1|yes|dma-error
lsi edu|bogus-length|first|2|yes|the canary.s DMA brought data that is in none of its pages .device status 0.: Input/output error
e1000e igb|bogus-length|first|2|yes|the canary.s DMA brought data that is in none of its pages .device status -5.: Input/output error
testdev nvme|bogus-length|first|1|yes|unwritten
lsi edu testdev e1000e igb nvme|bogus-length|later|1|yes|unwritten
lsi edu testdev e1000e igb|silent-error|first|2|yes|the canary.s DMA did not arrive anywhere we can see .device status 0.: Input/output error
nvme|silent-error|first|2|yes|nvme ended the command to identify itself well, but its data did not arrive in memory
lsi edu testdev e1000e igb nvme|silent-error|later|1|yes|unwritten'

begin() { # NAME ARGS...
	timeout -k 5 120 "$IOMMUCTL" -q --seed 1 "${@:2}" </dev/null >"$tmp/$1.out" 2>"$tmp/$1.err"
	echo $? >"$tmp/$1.status"
}

while IFS='|' read -r model global; do
	for way in $("$IOMMUCTL" --backend sim,help | sed -n 's/^broken=\([a-z-]*\) .*/\1/p'); do
		"$IOMMUCTL" -q --backend "sim,model=$model:broken=$way" maps >"$tmp/none" 2>&1 || continue
		# shellcheck disable=SC2086
		begin "$model-$way-first" $global --backend "sim,model=$model:broken=$way" compare --loops 2000 --json &
		[ "$way" != never-ready ] || continue
		# shellcheck disable=SC2086
		begin "$model-$way-later" $global --backend "sim,model=$model:broken=$way:after=1000" --canary off compare --loops 2000 --json &
	done
done < <(each "$drivers")
wait

ended() { # NAME: as if it had just run
	mv "$tmp/$1.out" "$tmp/stdout"
	mv "$tmp/$1.err" "$tmp/stderr"
	status=$(<"$tmp/$1.status")
	rm "$tmp/$1.status"
	lib_collect "$1"
}

judge() { # MODEL WAY WHEN STATUS QUIET WHAT
	local name="$1, $2 from the $3 access on" still='would not stop; its buffers stay mapped until exit'
	[ "$3" = first ] || name="$1, $2 later"
	ended "$1-$2-$3"
	status_is "$4" "$name: exit status"
	case $6 in
	*' '*) like "$stderr" "^iommuctl: compare: ${6//MODEL/$1}\$" "$name: the message" ;;
	*) json_is ".classes | has(\"$6\")" true "$name: as $6" ;;
	esac
	if [ "$5" = yes ]; then
		unlike "$stderr" "$still" "$name: it is stopped, and everything unmapped"
	else
		like "$stderr" "$still" "$name: nobody says that it is quiet"
	fi
	json_is '[.buffers_kept, (.result == "error") == (.error != null)]' "[$([ "$5" = yes ] && echo false || echo true),true]" \
		"$name: the report has what was kept, and why it is an error"
	[ "$3" = first ] || json_is '.loops > 0 and .loops < 2000' true "$name: in the loop in which it begins, and no later"
}

while IFS='|' read -r models way when code quiet what; do
	for model in $models; do judge "$model" "$way" "$when" "$code" "$quiet" "$what"; done
done < <(each "$broken")

run --progress never --seed 1 --backend sim,model=lsi:broken=never-ready:after=2000 compare --loops 1000 --tap
status_is 2 "a device that works and then cannot be stopped: exit status"
like "$stdout" "^ok [0-9]* - pins return to their level # SKIP the device would not stop: its buffers are kept" "nobody says that pins return"
like "$stdout" 'message: "device sim would not stop; its buffers stay mapped until exit: ' "the close's failure is the report's"
unlike "$stderr" "was never broken" "it was broken"
run --progress never --seed 1 --backend sim,model=nvme:broken=gone:after=2000 compare --loops 10
status_is 0 "a breakage that is not reached"
like "$stderr" "model nvme was never broken .gone:after=2000.: it saw [0-9]* accesses to registers\$" "is told"
is "$(cd "$tmp" && echo ./*-*.status)" "./*-*.status" "each model is judged in each way it can be broken in"
done_testing
